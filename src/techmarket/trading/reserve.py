"""A secret reserve price (保留价): its salted digest stands in the announced terms, the amount is told after the close.

Pure: the seller's own machine computes the digest. A salt of 32 random bytes keeps the few likely amounts from being
tried one by one.
"""

from __future__ import annotations

import hashlib

_DOMAIN = b"techmarket reserve price 1\n"


def reserve_digest(minor: int, salt: str) -> str:
    """SHA-256 of the form's name, the salt in hexadecimal and the amount in fen, a line each."""
    return hashlib.sha256(_DOMAIN + f"{salt}\n{minor}".encode()).hexdigest()


def opens(digest: str, *, minor: int, salt: str) -> bool:
    """Only the amount and the salt that were committed to open the digest."""
    return reserve_digest(minor, salt) == digest
