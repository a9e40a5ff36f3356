"""Receipts (报价回执): every answer of the bid book stands under one signature per batch, and anyone can check it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from techmarket.kernel.money import AmountMalformed, Money, amount_text
from techmarket.kernel.seals import Seal, SealKey
from techmarket.trading.rules import Entry, canonical_decision, instant
from techmarket.transparency.rules import leaf_hash, node_hash, verify_inclusion

Node = TypeVar("Node", bytes, str)
Levels = list[list[bytes]]
"""A tree over the entries of a batch, its leaves first."""
_SIGNED = b"techmarket bid batch 1\n"


@dataclass(frozen=True)
class SealedBatch:
    """What all receipts of one batch have in common: the tree over its entries and the signature under the root."""

    levels: Levels
    kid: str
    signature: bytes

    @cached_property
    def texts(self) -> tuple[str, str, list[list[str]]]:
        """Root, signature and levels as receipts spell them: written once for all who stand in the batch."""
        return self.root.hex(), self.signature.hex(), [[node.hex() for node in level] for level in self.levels]

    @property
    def root(self) -> bytes:
        return self.levels[-1][0]

    @property
    def size(self) -> int:
        return len(self.levels[0])


class Receipt(NamedTuple):
    """An entry and its place in a sealed batch. The path to the root is made when it is shown, not before."""

    entry: Entry
    place: int
    batch: SealedBatch

    def shown(self) -> dict[str, Any]:
        """The receipt as the bidder keeps it: JSON without floats or binary."""
        entry, batch = self.entry, self.batch
        root, signature, levels = batch.texts
        return {
            "lot": str(entry.lot_id),
            "seq": entry.seq,
            "at": instant(entry.at),
            "bidder": entry.bidder,
            "amount": {"amount": amount_text(entry.minor), "currency": "CNY"},
            "verdict": entry.verdict,
            "chain": entry.chain.hex(),
            "batch": {
                "root": root,
                "index": self.place,
                "size": batch.size,
                "path": path_of(levels, self.place),
            },
            "kid": batch.kid,
            "signature": signature,
        }


def leaf_of(body: bytes, chain: bytes) -> bytes:
    """A batch's leaf commits to the canonical decision and to the chain after it."""
    return leaf_hash(body + b"\n" + chain)


def tree_of(leaves: Sequence[bytes]) -> Levels:
    """All levels of the tree of RFC 9162, leaves first; an odd last node goes up as it is."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [node_hash(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            above.append(below[-1])
        levels.append(above)
    return levels


def path_of(levels: Sequence[Sequence[Node]], index: int) -> list[Node]:
    path = []
    for level in levels[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        index //= 2
    return path


def tree_over(entries: Sequence[Entry]) -> Levels:
    """One tree for all these entries."""
    return tree_of([leaf_of(entry.body, entry.chain) for entry in entries])


def seal_tree(levels: Levels, seal: Seal) -> SealedBatch:
    """One signature for all that stand in a tree."""
    return SealedBatch(levels, seal.kid, seal.sign(_SIGNED + levels[-1][0]))


def verify_receipt(shown: Mapping[str, Any], key: SealKey) -> bool:
    """Whether this market's key signed a batch that holds exactly this entry. Needs no network and no market."""
    try:
        body = canonical_decision(
            lot_id=UUID(shown["lot"]),
            seq=int(shown["seq"]),
            bidder=int(shown["bidder"]),
            minor=Money.parse(shown["amount"]["amount"]).minor,
            verdict=shown["verdict"],
            at=datetime.fromisoformat(shown["at"]),
        )
        batch = shown["batch"]
        root = bytes.fromhex(batch["root"])
        path = [bytes.fromhex(step) for step in batch["path"]]
        signature = bytes.fromhex(shown["signature"])
        leaf = leaf_of(body, bytes.fromhex(shown["chain"]))
        proven = verify_inclusion(leaf, int(batch["index"]), int(batch["size"]), path, root)
    except (KeyError, TypeError, ValueError, AmountMalformed):
        return False
    return proven and key.verify(signature, _SIGNED + root)
