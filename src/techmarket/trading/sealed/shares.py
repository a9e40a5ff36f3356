"""Shares (密钥份额): the lot's private key split among officers, so that any `needed` of them open it and fewer cannot.

Shamir's scheme over GF(2^128) as pycryptodome has it: the 32 bytes of the key are split as two halves of 16, and an
officer's share is both his halves. Fewer shares than needed say nothing at all about the key, whatever the computer.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from Crypto.Protocol.SecretSharing import Shamir

from techmarket.trading.sealed.envelopes import public_half

NEEDED_LEAST = 2
OFFICERS_MOST = 9
SHARE_BYTES = 32
_HALF = 16
_DIGESTED = b"techmarket sealed share 1\n"


class BadSplit(ValueError):
    """So many officers, or so few, cannot guard a key: at least two are needed, and one may be lost."""


@dataclass(frozen=True, slots=True)
class Share:
    """One officer's part, by its number from 1."""

    index: int
    body: bytes

    def __repr__(self) -> str:
        return f"Share(index={self.index})"

    def digest(self, lot_id: UUID) -> bytes:
        """The share's name in public: it tells a wrong share and nothing about a right one (256 random bits)."""
        return hashlib.sha256(_DIGESTED + lot_id.bytes + bytes([self.index]) + self.body).digest()


def require_split(*, needed: int, officers: int) -> None:
    """At least two officers open a lot together, and one more holds a share, so that one lost share loses no bid."""
    if not NEEDED_LEAST <= needed < officers <= OFFICERS_MOST:
        raise BadSplit(f"{needed} of {officers}")


def split(private_key: bytes, *, needed: int, officers: int) -> list[Share]:
    """A share for each officer; every one of them has been tried before it is handed out."""
    require_split(needed=needed, officers=officers)
    halves = [Shamir.split(needed, officers, private_key[start : start + _HALF]) for start in (0, _HALF)]
    shares = [Share(index, left + right) for (index, left), (_, right) in zip(*halves, strict=True)]
    public_key = public_half(private_key)
    for start in range(officers):
        tried = [shares[(start + step) % officers] for step in range(needed)]
        if combine(tried, needed=needed, public_key=public_key) != private_key:
            raise RuntimeError("the shares do not give the key back")
    return shares


def combine(shares: Sequence[Share], *, needed: int, public_key: bytes) -> bytes | None:
    """The private key, if any `needed` of these shares give it; None while none do.

    Every choice is tried, so that a dealer who gave somebody a false share cannot keep the others from opening.
    """
    by_index = {share.index: share for share in shares}
    for chosen in combinations(sorted(by_index.values(), key=lambda share: share.index), needed):
        key = b"".join(
            Shamir.combine([(share.index, share.body[start : start + _HALF]) for share in chosen])
            for start in (0, _HALF)
        )
        if secrets.compare_digest(public_half(key), public_key):
            return key
    return None


def is_genuine(share: Share, digests: Mapping[int, bytes], lot_id: UUID) -> bool:
    """A share is the one its officer was dealt: its digest was registered before the lot opened for quotes."""
    known = digests.get(share.index)
    return known is not None and len(share.body) == SHARE_BYTES and secrets.compare_digest(share.digest(lot_id), known)
