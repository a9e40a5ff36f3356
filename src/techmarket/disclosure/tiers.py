"""The four tiers and the one cut: what a reader sees at the tier he reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any


class Tier(IntEnum):
    """Who sees it: everyone, verified organisations, those under an agreement, the parties of the deal."""

    PUBLIC = 0
    REGISTERED = 1
    NDA = 2
    DEAL = 3


@dataclass(frozen=True, slots=True)
class Reach:
    """The highest tier that is open to a reader. A deal opens nothing that takes an agreement: who is a party to the
    deal and to no agreement sees what is below that and what is the deal's."""

    highest: Tier
    under_nda: bool

    def opens(self, tier: Tier) -> bool:
        return tier <= self.highest and (tier is not Tier.NDA or self.under_nda)


ALL = Reach(Tier.DEAL, under_nda=True)


def as_far_as(tier: Tier) -> Reach:
    """Everything up to this tier."""
    return Reach(tier, under_nda=tier >= Tier.NDA)


def visible(fields: Mapping[str, Any], field_tier: Mapping[str, Tier], reach: Reach) -> dict[str, Any]:
    """A reader sees the fields of the tiers that are open to him; a field without a tier is seen by nobody."""
    return {name: value for name, value in fields.items() if name in field_tier and reach.opens(field_tier[name])}


def reach_of(
    *, is_owner: bool, is_market: bool, is_verified: bool, grants: Iterable[tuple[Tier, datetime | None]], now: datetime
) -> Reach:
    """The owner and the market see all; others what the grants in force open, else what their standing does."""
    if is_owner or is_market:
        return ALL
    held = [tier for tier, until in grants if until is None or now < until]
    standing = Tier.REGISTERED if is_verified else Tier.PUBLIC
    return Reach(max([standing, *held]), under_nda=Tier.NDA in held)
