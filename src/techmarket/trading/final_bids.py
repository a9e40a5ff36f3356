"""The best final bid (最终报价): after the session the leaders may each name one last price, unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from techmarket.trading.methods.protocol import Standing

HOURS = (1, 7 * 24)
LEADERS = (2, 20)


def published(*, hours: int, leaders: int) -> dict[str, Any]:
    """What the announced terms say of it."""
    return {
        "hours": hours,
        "leaders": leaders,
        "least": "above_own_last_bid",
        "each": "once",
        "ranking": ["price", "earlier_standing"],
        "silence": "keeps_last_bid",
        "read_by_others": "after_the_step",
    }


def hours_of(terms: Mapping[str, Any]) -> int | None:
    said = terms.get("final_bid")
    return int(said["hours"]) if isinstance(said, Mapping) else None


def invited(ranked: Sequence[Standing], terms: Mapping[str, Any]) -> list[Standing]:
    """The first of the ranking, as many as were announced. One alone has nobody to bid against."""
    said = terms.get("final_bid")
    leaders = list(ranked[: int(said["leaders"])]) if isinstance(said, Mapping) else []
    return leaders if len(leaders) > 1 else []


def rank(ranked: Sequence[Standing], finals: Mapping[int, int]) -> list[Standing]:
    """By final price, then by the earlier standing; who was silent keeps the last bid.

    Where nobody named one the ranking stays the method's own, which need not be by price.
    """
    if not finals:
        return list(ranked)
    named = [replace(one, price_minor=finals.get(one.number, one.price_minor)) for one in ranked]
    return sorted(named, key=lambda one: -one.price_minor)


def commitment(*, lot_id: UUID, bidder: int, minor: int, nonce: str) -> str:
    """What the log tells at once of a final bid; amount and nonce follow when all are read."""
    return hashlib.sha256(f"techmarket final bid 1\n{lot_id}\n{bidder}\n{minor}\n{nonce}\n".encode()).hexdigest()
