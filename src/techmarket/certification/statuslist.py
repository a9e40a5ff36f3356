"""The standing of all certificates as two signed lists of bits (W3C Bitstring Status List 1.0). Pure.

A certificate names its place in both; whoever holds a list that is still fresh knows how it stands without telling
anybody which certificate he asks about. The lists are of revocation and of suspension, each a credential of its own.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.certification.spelling import instant
from techmarket.transparency.evidence import Unproven

BITS = 131_072
"""The least a list may have, so that a place in it tells nothing; a second list begins when the first is half full."""
ENCODED_MAX = 64 * 1024
CONTEXT = ("https://www.w3.org/ns/credentials/v2",)
HEADER = {"alg": "Ed25519", "cty": "vc", "typ": "vc+jwt"}


class StatusPurpose(StrEnum):
    REVOCATION = "revocation"
    SUSPENSION = "suspension"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a certificate stands in the lists; the same place in both."""

    n: int
    index: int


@dataclass(frozen=True, slots=True)
class Listed:
    """What a fresh list says of one place."""

    purpose: StatusPurpose
    is_set: bool
    as_of: str


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def url_of(public_url: str, purpose: StatusPurpose, n: int) -> str:
    return f"{public_url.rstrip('/')}/v1/status-lists/{purpose.value}/{n}"


def entries_of(place: Place, public_url: str) -> list[dict[str, str]]:
    """The `credentialStatus` of a certificate."""
    return [
        {
            "id": f"{url_of(public_url, purpose, place.n)}#{place.index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose.value,
            "statusListIndex": str(place.index),
            "statusListCredential": url_of(public_url, purpose, place.n),
        }
        for purpose in (StatusPurpose.REVOCATION, StatusPurpose.SUSPENSION)
    ]


def encode(set_bits: Collection[int]) -> str:
    """The bits, the first one leftmost, compressed and in multibase base64url."""
    bits = bytearray(BITS // 8)
    for index in set_bits:
        bits[index // 8] |= 0x80 >> (index % 8)
    packed = gzip.compress(bytes(bits), mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode(encoded: str) -> bytes:
    """The bits of a list; refuses what is not one, and what would unpack to more."""
    if not encoded.startswith("u") or len(encoded) > ENCODED_MAX:
        raise Unproven("status_list")
    try:
        packed = base64.b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4), altchars=b"-_", validate=True)
        bits = zlib.decompressobj(wbits=31).decompress(packed, BITS // 8 + 1)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise Unproven("status_list") from error
    if len(bits) != BITS // 8:
        raise Unproven("status_list")
    return bits


def is_set(bits: bytes, index: int) -> bool:
    return bool(bits[index // 8] & (0x80 >> (index % 8)))


def compose(
    *,
    issuer_id: UUID,
    issuer_name: str,
    url: str,
    purpose: StatusPurpose,
    set_bits: Collection[int],
    now: datetime,
    fresh_for: timedelta,
) -> dict[str, Any]:
    """A list as the credential it is, valid from now for as long as it may be relied on."""
    return {
        "@context": list(CONTEXT),
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": {"id": f"urn:uuid:{issuer_id}", "name": issuer_name},
        "validFrom": instant(now),
        "validUntil": instant(now + fresh_for),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose.value,
            "ttl": int(fresh_for.total_seconds() * 1000),
            "encodedList": encode(set_bits),
        },
    }


def look_up(document: Mapping[str, Any], credential: Mapping[str, Any], *, now: datetime) -> Listed:
    """What a list, whose signature was checked, says of this certificate. `status_list` if it is not a list of it,
    `status_list_stale` if it has run out or begins later."""
    subject, claimed = document.get("credentialSubject"), credential.get("credentialStatus")
    if not isinstance(subject, Mapping) or not isinstance(claimed, list):
        raise Unproven("status_list")
    mine = [
        one
        for one in claimed
        if isinstance(one, Mapping)
        and one.get("statusListCredential") == document.get("id")
        and one.get("statusPurpose") == subject.get("statusPurpose")
    ]
    if len(mine) != 1 or document.get("issuer") != credential.get("issuer"):
        raise Unproven("status_list")
    index, encoded = str(mine[0].get("statusListIndex")), subject.get("encodedList")
    if not re.fullmatch("[0-9]{1,9}", index) or int(index) >= BITS or not isinstance(encoded, str):
        raise Unproven("status_list")
    begins, ends = (_moment(document.get(name)) for name in ("validFrom", "validUntil"))
    if not begins <= now < ends:
        raise Unproven("status_list_stale")
    return Listed(
        StatusPurpose(str(subject["statusPurpose"])), is_set(decode(encoded), int(index)), str(document["validFrom"])
    )


def _moment(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Unproven("status_list")
    return found
