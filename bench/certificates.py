"""What a certificate costs: signing the credential, drawing and sealing the PDF, and checking both as a stranger does.

One process, one thread, no database: the pieces a request adds to its reads. The reference of each rate is one Ed25519
signature of the same library in the same round, so that a busy machine slows both.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from bench.harness import Findings, Rounds, rounded, say
from techmarket.certification import credential, paper, verify
from techmarket.db import keys as market_keys
from techmarket.db.keys import Keys
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import SealKey
from techmarket.transparency import offline, rules

AT = datetime(2026, 4, 20, 8, tzinfo=UTC)
NUMBER = "ZJ-2026-000001"
PRICE = {"amount": "600000.00", "currency": "CNY"}
LIMITS = (
    "A credential is one Ed25519 signature over canonical JSON and the salted digests of three values; a PDF is typst "
    "drawing the page, segno the QR code in Python, and one P-256 signature put into the file by pyHanko, which "
    "is Python and takes most of the time. All of it is processor time of one core; processes add up."
)


async def measure(*, quick: bool) -> Findings:
    return await asyncio.to_thread(_measure, quick)


def _measure(quick: bool) -> Findings:
    keys, rounds = market_keys.for_tests(), 2 if quick else 9
    trusted = {seal.kid: seal.public for seal in (keys.issuer, keys.log, keys.receipts)}
    token = credential.issue(keys.issuer, document())
    file = a_file(keys, token)
    sealed = _paper(keys, file, trusted)
    assert verify.verify_file(file, trusted).is_valid
    sides: dict[str, tuple[Callable[[], object], int]] = {
        "signature": (lambda: keys.issuer.sign(file), 2_000),
        "credential": (lambda: credential.issue(keys.issuer, document()), 1_000),
        "file_verified": (lambda: verify.verify_file(file, trusted), 300),
        "price_hidden": (lambda: verify.present(file, ["price"], trusted), 300),
        "pdf": (lambda: _paper(keys, file, trusted), 15),
    }
    found = Rounds()
    for turn in range(rounds):
        for side, (act, times) in sides.items():
            times = max(3, times // 10) if quick else times
            started = time.process_time()
            for _ in range(times):
                act()
            found.add(side, times / (time.process_time() - started))
        said = [found.values[side][-1] for side in ("credential", "pdf")]
        say(f"round {turn + 1}: {said[0]:.0f} credentials and {said[1]:.1f} PDFs a second")
    rate = {side: found.median(side) for side in sides}
    figures: dict[str, Any] = {
        "credentials_per_s": rate["credential"],
        "pdfs_per_s": rate["pdf"],
        "files_verified_per_s": rate["file_verified"],
        "prices_hidden_per_s": rate["price_hidden"],
        "signatures_per_s": rate["signature"],
        "file_bytes": len(file),
        "pdf_bytes": len(sealed),
        "rounds": rounds,
        "quick": quick,
    }
    ratios = {name: figures[name] for name in ("credentials_per_s", "pdfs_per_s")}
    return Findings(figures, {name: rounded(value) for name, value in ratios.items()}, LIMITS)


def document() -> dict[str, Any]:
    """The credential of an ordinary deal."""
    facts = {
        "contract": {
            "id": str(UUID(int=2)),
            "number": "HT-2026-000001",
            "type": "TRANSFER",
            "document_sha256": "0" * 64,
            "in_force_at": "2026-03-24T02:00:00Z",
        },
        "trade": {"number": "XM-2026-000001", "method": "ONLINE_BIDDING", "price": PRICE},
        "parties": [
            {"role": "PAYEE", "organisation": str(UUID(int=8)), "name": "示例大学一", "uscc": "12330000000000000X"},
            {"role": "PAYER", "organisation": str(UUID(int=9)), "name": "示例企业一", "uscc": "91330000000000000X"},
        ],
        "objects": [
            {
                "name_zh": "一种示例电池隔膜",
                "name_en": "A sample separator",
                "rights": [{"kind": "INVENTION_PATENT", "number": "202310123456.6"}],
            }
        ],
        "licence": {"kind": "EXCLUSIVE", "territory": "CN", "field": None, "from": "2026-04-01", "until": "2036-03-31"},
        "price": {"entry_fee": PRICE, "royalty": None},
        "payments": {
            "dues": [{"purpose": "ENTRY_FEE", "amount": PRICE, "due_on": "2026-04-10", "state": "PAID"}],
            "royalty_reports": [],
        },
        "notices": [{"kind": "RESULT", "started_at": "2026-03-02T00:00:00Z", "ended_at": "2026-03-23T16:00:00Z"}],
        "registration": None,
    }
    return credential.compose(
        certificate_id=UUID(int=1),
        number=NUMBER,
        issuer_id=UUID(int=3),
        issuer_name="Sample market",
        issued_at=AT,
        facts=facts,
    )


def a_file(keys: Keys, token: str) -> bytes:
    """The file of a certificate whose issue stands in the log under a path of ten steps."""
    digest = credential.jwt_sha256(token)
    row = canonical_json(
        {
            "facts": {"credential_sha256": digest, "number": NUMBER},
            "id": str(UUID(int=4)),
            "kind": verify.ISSUED_KIND,
            "salted": True,
        }
    )
    salt, log_id = bytes(range(16)), str(UUID(int=5))
    leaves = [bytes([n % 256]) * 32 for n in range(1_024)]
    leaves[700] = hashlib.sha256(b"\x00" + salt + row).digest()
    checkpoint = offline.Checkpoint(offline.origin_of(log_id), len(leaves), rules.root_of(leaves))
    proof = {
        "log_id": log_id,
        "entry_id": str(UUID(int=4)),
        "position": 700,
        "row": row.decode(),
        "salt": salt.hex(),
        "path": [step.hex() for step in rules.inclusion_proof(700, leaves)],
        "checkpoint": offline.sign_checkpoint(checkpoint, keys.log),
        "kid": keys.log.kid,
    }
    said = credential.status_of(
        number=NUMBER,
        credential_sha256=digest,
        state="ISSUED",
        since=AT,
        why=None,
        as_of=AT + timedelta(days=1),
        paper_sha256=paper.fingerprint(keys.paper),
    )
    status = credential.sign(keys.issuer, credential.STATUS_HEADER, said)
    return verify.file_bytes(credential=token, status=status, log={"proof": proof})


def _paper(keys: Keys, file: bytes, trusted: dict[str, SealKey]) -> bytes:
    verdict = verify.verify_file(file, trusted)
    assert verdict.credential is not None
    page = paper.draw(
        file,
        verdict.credential,
        standing="ISSUED",
        as_of=AT,
        credential_sha256="0" * 64,
        url=f"http://127.0.0.1:8000/certificates/{NUMBER}",
    )
    return paper.seal(page, keys.paper)
