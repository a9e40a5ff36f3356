"""Proof that a line is in the logged distribution (分配存证), without showing what others get.

Every line becomes a salted digest, a leaf of an RFC 9162 tree whose root stands in the journal. A statement carries the
salt of its own line and the path up; without the salt nobody can try out amounts against a digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from uuid import UUID

from techmarket.revenue.case import Group
from techmarket.revenue.computation import Line
from techmarket.transparency.rules import inclusion_proof, leaf_hash, root_of, verify_inclusion

SECRET_SIZE = 32
SALT_SIZE = 16
HASH_SIZE = 32
BLOCK_SIZE = 64
_DOMAIN = "techmarket.revenue.line/1"


def salt_of(secret: bytes, n: int) -> bytes:
    """The salt of the line with this number; one secret gives all of them, and none of them gives the secret."""
    return salts_of(secret, [n])[0]


def salts_of(secret: bytes, numbers: Iterable[int]) -> list[bytes]:
    """HMAC-SHA-256 of each number (RFC 2104), cut; the padded key is made once, for there may be ten thousand."""
    padded = secret.ljust(BLOCK_SIZE, b"\x00")
    inside, outside = bytes(byte ^ 0x36 for byte in padded), bytes(byte ^ 0x5C for byte in padded)
    sha256 = hashlib.sha256
    return [sha256(outside + sha256(inside + n.to_bytes(8, "big")).digest()).digest()[:SALT_SIZE] for n in numbers]


def said_of(distribution_id: UUID | str, n: int, group: str, position: int, person: str | None, minor: int) -> bytes:
    """What a leaf commits to: which line of which distribution, whose, and how many fen."""
    return f"{_DOMAIN}\n{distribution_id}\n{n}\n{group}\n{position}\n{person or '-'}\n{minor}".encode()


def leaves_of(distribution_id: UUID, lines: Sequence[Line], secret: bytes, first: int = 1) -> list[bytes]:
    """One leaf for each line of the split in its order, those of nought too: leaf `n - 1` is line `n`."""
    named, group_of = str(distribution_id), {group: group.value for group in Group}
    salts = salts_of(secret, range(first, first + len(lines)))
    return [
        leaf_hash(salt + said_of(named, n, group_of[group], position, key, minor))
        for n, (salt, (group, position, key, minor, _)) in enumerate(zip(salts, lines, strict=True), start=first)
    ]


def joined(leaves: Sequence[bytes]) -> bytes:
    return b"".join(leaves)


def parted(leaves: bytes) -> list[bytes]:
    return [leaves[at : at + HASH_SIZE] for at in range(0, len(leaves), HASH_SIZE)]


def root(leaves: Sequence[bytes]) -> str:
    return root_of(leaves).hex()


def path_of(leaves: Sequence[bytes], n: int) -> list[str]:
    return [step.hex() for step in inclusion_proof(n - 1, leaves)]


def is_included(said: bytes, salt: bytes, *, n: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the line that says this, under its salt, is line `n` of the tree of `size` lines with this root."""
    fits = len(salt) == SALT_SIZE and 1 <= n <= size
    return fits and verify_inclusion(leaf_hash(salt + said), n - 1, size, path, root)
