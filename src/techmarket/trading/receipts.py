"""Receipts (报价回执): every answer of the bid book stands under one signature per batch, and anyone can check it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from techmarket.kernel.money import AmountMalformed, Money
from techmarket.kernel.seals import Seal, SealKey
from techmarket.trading.rules import canonical_decision, instant
from techmarket.transparency.rules import leaf_hash, node_hash, verify_inclusion

_SIGNED = b"techmarket bid batch 1\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the book as its receipt tells it."""

    lot_id: UUID
    seq: int
    bidder: int
    minor: int
    verdict: str
    at: datetime
    chain: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry, its place in the batch, and the signature under the batch's root."""

    entry: Entry
    root: bytes
    index: int
    size: int
    path: tuple[bytes, ...]
    kid: str
    signature: bytes

    def shown(self) -> dict[str, Any]:
        """The receipt as the bidder keeps it: JSON without floats or binary."""
        entry = self.entry
        return {
            "lot": str(entry.lot_id),
            "seq": entry.seq,
            "at": instant(entry.at),
            "bidder": entry.bidder,
            "amount": {"amount": Money(entry.minor).amount, "currency": "CNY"},
            "verdict": entry.verdict,
            "chain": entry.chain.hex(),
            "batch": {
                "root": self.root.hex(),
                "index": self.index,
                "size": self.size,
                "path": [step.hex() for step in self.path],
            },
            "kid": self.kid,
            "signature": self.signature.hex(),
        }


def leaf_of(entry: Entry) -> bytes:
    """A batch's leaf commits to the canonical decision and to the chain after it."""
    body = canonical_decision(
        lot_id=entry.lot_id,
        seq=entry.seq,
        bidder=entry.bidder,
        minor=entry.minor,
        verdict=entry.verdict,
        at=entry.at,
    )
    return leaf_hash(body + b"\n" + entry.chain)


def tree_of(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """All levels of the tree of RFC 9162, leaves first; an odd last node goes up as it is."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [node_hash(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            above.append(below[-1])
        levels.append(above)
    return levels


def path_of(levels: Sequence[Sequence[bytes]], index: int) -> tuple[bytes, ...]:
    path = []
    for level in levels[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        index //= 2
    return tuple(path)


def seal_batch(entries: Sequence[Entry], seal: Seal) -> tuple[bytes, list[Receipt]]:
    """The root of these entries and a receipt for each, all under one signature."""
    levels = tree_of([leaf_of(entry) for entry in entries])
    root = levels[-1][0]
    signature = seal.sign(_SIGNED + root)
    size = len(entries)
    receipts = [
        Receipt(entry, root, n, size, path_of(levels, n), seal.kid, signature) for n, entry in enumerate(entries)
    ]
    return root, receipts


def verify_receipt(shown: Mapping[str, Any], key: SealKey) -> bool:
    """Whether this market's key signed a batch that holds exactly this entry. Needs no network and no market."""
    try:
        entry = Entry(
            UUID(shown["lot"]),
            int(shown["seq"]),
            int(shown["bidder"]),
            Money.parse(shown["amount"]["amount"]).minor,
            shown["verdict"],
            datetime.fromisoformat(shown["at"]),
            bytes.fromhex(shown["chain"]),
        )
        batch = shown["batch"]
        root = bytes.fromhex(batch["root"])
        path = [bytes.fromhex(step) for step in batch["path"]]
        signature = bytes.fromhex(shown["signature"])
        proven = verify_inclusion(leaf_of(entry), int(batch["index"]), int(batch["size"]), path, root)
    except (KeyError, TypeError, ValueError, AmountMalformed):
        return False
    return proven and key.verify(signature, _SIGNED + root)
