"""The certificate as signed bytes: a W3C Verifiable Credential 2.0 secured as an SD-JWT, and its signed status.

Of the signed part the holder may hide some values (`disclosing.py`); the log and the status name the signed part alone.

A status is a small statement of its own (`techmarket-status+jwt`): it is made anew at each download, so a file can say
how old what it knows about suspension and revocation is.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from techmarket.certification import disclosing
from techmarket.certification.spelling import instant
from techmarket.certification.statuslist import Place, entries_of
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import Seal
from techmarket.transparency.keyset import encode_base64url

CONTEXT = ("https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/undefined-terms/v2")
CREDENTIAL_HEADER = {"alg": "Ed25519", "cty": "vc", "typ": "vc+sd-jwt"}
PLAIN_HEADER = {"alg": "Ed25519", "cty": "vc", "typ": "vc+jwt"}
"""Of certificates from before values could be hidden: they stay what they are."""
SAMPLE = "SandboxSample"
"""The type of what a sandbox certifies: it looks like a certificate, and proves nothing."""
STATUS_HEADER = {"alg": "Ed25519", "typ": "techmarket-status+jwt"}


def compose(
    *,
    certificate_id: UUID,
    number: str,
    issuer_id: UUID,
    issuer_name: str,
    issued_at: datetime,
    facts: Mapping[str, Any],
    place: Place | None = None,
    public_url: str = "",
    replaces: Mapping[str, str] | None = None,
    sandbox: bool = False,
) -> dict[str, Any]:
    """The credential a holder shows: who says it, since when, the facts of the transaction, where its standing is
    listed, and which certificate it stands in for. One of a sandbox says that it is a sample."""
    status = {} if place is None else {"credentialStatus": entries_of(place, public_url)}
    instead = {} if replaces is None else {"replaces": dict(replaces)}
    return {
        **status,
        "@context": list(CONTEXT),
        "id": f"urn:uuid:{certificate_id}",
        "type": ["VerifiableCredential", "TransactionCertificate", *([SAMPLE] if sandbox else [])],
        "issuer": {"id": f"urn:uuid:{issuer_id}", "name": issuer_name},
        "validFrom": instant(issued_at),
        "credentialSubject": {
            "id": f"urn:uuid:{facts['contract']['id']}",
            **instead,
            "certificateNumber": number,
            "transaction": dict(facts),
        },
    }


def status_of(
    *,
    number: str,
    credential_sha256: str,
    state: str,
    since: datetime,
    why: str | None,
    as_of: datetime,
    paper_sha256: str | None = None,
) -> dict[str, Any]:
    """What the market knows about the certificate's standing at this moment.

    Inside a PDF it also names the certificate of the seal that the PDF has to bear.
    """
    paper = {} if paper_sha256 is None else {"paper_sha256": paper_sha256}
    return {
        **paper,
        "number": number,
        "credential_sha256": credential_sha256,
        "state": state,
        "since": instant(since),
        "why": why,
        "as_of": instant(as_of),
    }


def issue(seal: Seal, document: Mapping[str, Any]) -> str:
    """The credential as its holder gets it: the signed part and every disclosure."""
    signed, disclosures = disclosing.conceal(document, [secrets.token_urlsafe(16) for _ in disclosing.PATHS])
    return disclosing.join(sign(seal, CREDENTIAL_HEADER, signed), disclosures)


def sign(seal: Seal, header: Mapping[str, str], payload: Mapping[str, Any]) -> str:
    """The payload as a compact JWS of this seal, with `kid` in its header."""
    parts = (canonical_json({**header, "kid": seal.kid}), canonical_json(payload))
    said = ".".join(encode_base64url(part) for part in parts)
    return f"{said}.{encode_base64url(seal.sign(said.encode('ascii')))}"


def jwt_sha256(credential: str) -> str:
    """The hash by which the log and the status name a credential: of its signed part's own characters."""
    return hashlib.sha256(credential.partition("~")[0].encode("ascii")).hexdigest()
