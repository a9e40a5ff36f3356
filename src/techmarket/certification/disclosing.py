"""What of a certificate its holder may hide (选择性披露): SD-JWT, RFC 9901. Pure.

The issuer signs salted digests of the values that may be hidden, and hands the values over beside the signed part. A
holder who leaves one out shows a certificate that still verifies and tells nothing of what is missing.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from techmarket.kernel.canonical import NotCanonical, canonical_json
from techmarket.transparency.evidence import Unproven
from techmarket.transparency.keyset import decode_base64url

DIGESTS, ALGORITHM = "_sd", "_sd_alg"
DISCLOSURES_MAX = 64

_FACTS = ("credentialSubject", "transaction")
HIDEABLE: Mapping[str, Sequence[tuple[str, ...]]] = {
    "price": (
        (*_FACTS, "price"),
        (*_FACTS, "trade", "price"),
        (*_FACTS, "payments"),
        (*_FACTS, "trade", "number"),
        (*_FACTS, "notices"),
    ),
    "payments": ((*_FACTS, "payments"),),
}
"""By what a holder wants to hide: all places that would tell it. Whoever hides the price hides what was paid, too, and
the number of the trade and its notices: their public pages name the price."""

PATHS = tuple(dict.fromkeys(path for paths in HIDEABLE.values() for path in paths))


def conceal(document: Mapping[str, Any], salts: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The document with digests where values may be hidden, and the disclosures that bring them back.

    One salt of at least 128 bits for each of `PATHS`: without it a price could be guessed from its digest.
    """
    signed, disclosures = copy.deepcopy(dict(document)), []
    for path, salt in zip(PATHS, salts, strict=True):
        parent = _at(signed, path[:-1])
        if parent is None or path[-1] not in parent:
            continue
        disclosure = _encode(canonical_json([salt, path[-1], parent.pop(path[-1])]))
        disclosures.append(disclosure)
        # Sorted, so that the order does not tell which digest belongs to which name.
        parent[DIGESTS] = sorted([*parent.get(DIGESTS, []), digest_of(disclosure)])
    signed[ALGORITHM] = "sha-256"
    return signed, disclosures


def join(token: str, disclosures: Sequence[str]) -> str:
    """The signed part and the disclosures as one string."""
    return "~".join([token, *disclosures, ""])


def split(credential: str) -> tuple[str, list[str]]:
    """The signed part, and the disclosures that came with it."""
    token, *rest = credential.split("~")
    if rest and rest[-1]:
        raise Unproven("disclosures")  # a key binding of somebody: we issue none
    return token, rest[:-1] if rest else []


def reveal(signed: Mapping[str, Any], disclosures: Sequence[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The document with the disclosed values in their places, and the names of those that are hidden.

    Every disclosure belongs to one place and is used once; else somebody has put the file together.
    """
    if len(disclosures) > DISCLOSURES_MAX:
        raise Unproven("disclosures")
    given = {digest_of(one): _decode(one) for one in disclosures}
    document, used = copy.deepcopy(dict(signed)), set[str]()
    if len(given) < len(disclosures) or (given and document.get(ALGORITHM) != "sha-256"):
        raise Unproven("disclosures")
    for path in PATHS:
        parent = _at(document, path[:-1])
        for digest in _digests(parent):
            name, value = given.get(digest, (None, None))
            if name == path[-1] and digest not in used and parent is not None and name not in parent:
                parent[name] = value
                used.add(digest)
    if used != set(given):
        raise Unproven("disclosures")
    missing = tuple(".".join(path[len(_FACTS) :]) for path in PATHS if _is_hidden(document, path, used))
    for path in PATHS:
        parent = _at(document, path[:-1])
        if parent is not None:
            parent.pop(DIGESTS, None)
    document.pop(ALGORITHM, None)
    return document, missing


def _is_hidden(document: Mapping[str, Any], path: Sequence[str], used: Collection[str]) -> bool:
    parent = _at(document, path[:-1])
    return parent is not None and path[-1] not in parent and not set(_digests(parent)) <= set(used)


def without(credential: str, signed: Mapping[str, Any], names: Collection[str]) -> str:
    """The credential less the disclosures of what its holder hides; what was hidden before stays so."""
    token, disclosures = split(credential)
    gone = {path for name in names for path in HIDEABLE[name]}
    kept = []
    for disclosure in disclosures:
        digest = digest_of(disclosure)
        places = [path for path in PATHS if digest in _digests(_at(signed, path[:-1]))]
        if not any(path in gone and path[-1] == _decode(disclosure)[0] for path in places):
            kept.append(disclosure)
    return join(token, kept)


def digest_of(disclosure: str) -> str:
    return _encode(hashlib.sha256(disclosure.encode()).digest())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(disclosure: str) -> tuple[str, Any]:
    try:
        raw = decode_base64url(disclosure)
        read = json.loads(raw)
        spelled = canonical_json(read)
    except (ValueError, RecursionError, NotCanonical) as error:
        raise Unproven("disclosures") from error
    if spelled != raw or not isinstance(read, list) or len(read) != 3 or not isinstance(read[1], str):
        raise Unproven("disclosures")
    return read[1], read[2]


def _digests(parent: Mapping[str, Any] | None) -> list[str]:
    found = parent.get(DIGESTS) if parent is not None else None
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _at(document: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any] | None:
    here: Any = document
    for name in path:
        here = here.get(name) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else None
