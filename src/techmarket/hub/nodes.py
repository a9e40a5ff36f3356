"""The rules of nodes (节点, 分中心): which regions are theirs, and what they get of the market's fee. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from techmarket.kernel.money import largest_remainder


class Side(StrEnum):
    """For whose sake a node gets a share: the one who received the price, or the one who paid it."""

    SELLER = "SELLER"
    BUYER = "BUYER"


@dataclass(frozen=True, slots=True)
class Claim:
    """A node's claim to a part of a fee: for which side, by which row, at which rate of the fee."""

    side: Side
    node_id: UUID
    org_id: UUID
    rule_id: UUID
    rate: Decimal


def split_fee(fee_minor: int, claims: Sequence[Claim]) -> list[int]:
    """A fee is split between the nodes and the hub to the fen by largest remainder; the hub gets what is left.

    Ties go to the hub first, then to the claims in their order. The rates together are at most one.
    """
    left = Decimal(1) - sum((claim.rate for claim in claims), Decimal(0))
    if left < 0:
        raise ValueError("the shares of the nodes are more than the fee")
    if fee_minor == 0:
        return [0 for _ in claims]
    return largest_remainder(fee_minor, [left, *(claim.rate for claim in claims)])[1:]


def node_of_region(region: str | None, nodes: Mapping[str, UUID]) -> UUID | None:
    """The node that looks after a place: that of its own code, else of its city's, else of its province's."""
    if region is None:
        return None
    return next((nodes[code] for code in places_above(region) if code in nodes), None)


def places_above(region: str) -> tuple[str, ...]:
    """A six-digit code and those of the places it lies in: 330203, 330200, 330000."""
    return tuple(dict.fromkeys((region, f"{region[:4]}00", f"{region[:2]}0000")))
