"""Makers of trades: a lot whose book is open, with bidders who may bid, as the services would leave it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from techmarket.db import texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor, OrgKind
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import shanghai_day
from techmarket.trading import rules
from techmarket.trading.lifecycle import BookState, Method, ParticipantState, TradeState
from techmarket.trading.tables import Lot, Participant, Trade
from tests.identity.make import an_organisation

_numbers = itertools.count(1)


@dataclass(frozen=True)
class OpenLot:
    id: UUID
    trade_id: UUID
    seller: Actor


async def bidders(tx: Tx, count: int) -> list[Actor]:
    """Verified enterprises whose one person holds every ordinary role."""
    return [(await an_organisation(tx)).actor for _ in range(count)]


async def an_open_lot(
    tx: Tx,
    who: Sequence[Actor],
    *,
    start_price_minor: int = 50_000_000,
    increment_minor: int = 1_000_000,
    free_seconds: int = 3600,
    limited_seconds: int = 180,
    opened_ago: timedelta = timedelta(0),
    state: ParticipantState = ParticipantState.READY,
    seller: Actor | None = None,
) -> OpenLot:
    """A lot under bidding, without the way there: for tests of the book alone."""
    held = seller or (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor
    async with tx.begin() as db:
        now = await market_now(db) - opened_ago
        terms = await texts.put(db, {"sample": next(_numbers)})
        listing_id = new_id()
        trade = Trade(
            id=new_id(),
            number=f"JY-2026-{next(_numbers):06d}",
            listing_id=listing_id,
            listing_n=1,
            listing_sha256="0" * 64,
            title_zh="示例成果",
            title_en="Sample result",
            seller_org_id=held.org,
            method=Method.ONLINE_BIDDING,
            rule_date=shanghai_day(now),
            state=TradeState.DECIDING,
            terms_sha256=terms,
            start_price_minor=start_price_minor,
            increment_minor=increment_minor,
            deposit_minor=1_000,
            free_seconds=free_seconds,
            limited_seconds=limited_seconds,
            hard_stop_seconds=86_400,
            signing_n=30,
            signing_unit="days",
        )
        db.add(trade)
        await db.flush()
        periods = rules.periods_from(
            now, free_seconds=free_seconds, limited_seconds=limited_seconds, hard_stop_seconds=86_400
        )
        lot_id = new_id()
        lot = Lot(
            id=lot_id,
            trade_id=trade.id,
            state=BookState.OPEN,
            start_price_minor=start_price_minor,
            increment_minor=increment_minor,
            limited_seconds=limited_seconds,
            opened_at=now,
            free_ends_at=periods.free_ends_at,
            effective_end=periods.effective_end,
            hard_end=periods.hard_end,
            seq=0,
            chain=rules.first_chain(lot_id, terms),
        )
        db.add(lot)
        for number, actor in enumerate(who, start=1001):
            db.add(
                Participant(
                    id=new_id(),
                    trade_id=trade.id,
                    org_id=actor.org,
                    person_id=actor.person,
                    number=number,
                    related=False,
                    state=state,
                )
            )
        await db.flush()
        return OpenLot(lot_id, trade.id, held)


async def end_now(tx: Tx, lot_id: UUID) -> None:
    """Let the lot's time run out without waiting for it."""
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE lot SET free_ends_at = opened_at, effective_end = market_now() WHERE id = :id"), {"id": lot_id}
        )
