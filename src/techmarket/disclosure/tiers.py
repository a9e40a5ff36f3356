"""The four tiers and the one cut: what a reader sees at the tier he reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any


class Tier(IntEnum):
    """Who sees it: everyone, verified organisations, those with a grant for this subject, the parties of the deal."""

    PUBLIC = 0
    REGISTERED = 1
    NDA = 2
    DEAL = 3


def visible(fields: Mapping[str, Any], field_tier: Mapping[str, Tier], reach: Tier) -> dict[str, Any]:
    """A reader sees the fields of the tier he reaches; a field without a tier is seen by nobody."""
    return {name: value for name, value in fields.items() if name in field_tier and field_tier[name] <= reach}


def reach_of(
    *, is_owner: bool, is_market: bool, is_verified: bool, grants: Iterable[tuple[Tier, datetime | None]], now: datetime
) -> Tier:
    """The owner and the market see all; others the highest grant in force, else what their standing opens."""
    if is_owner or is_market:
        return Tier.DEAL
    standing = Tier.REGISTERED if is_verified else Tier.PUBLIC
    return max([standing, *(tier for tier, until in grants if until is None or now < until)])
