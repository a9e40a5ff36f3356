"""A bid goes into the book of its lot."""

from __future__ import annotations

from uuid import UUID

from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.trading import policy
from techmarket.trading.bidbook import Answer, BidBook


async def place_bid(book: BidBook, actor: Actor, lot_id: UUID, *, minor: int, key: str) -> Answer:
    """A bid goes to the book. The decision is returned, refusals included: each has a number and a receipt."""
    require(actor, policy.BID)
    return await book.place(lot_id, org_id=actor.org, minor=minor, key=key)
