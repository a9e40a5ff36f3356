"""Makers of trades: a lot whose book is open, with bidders who may bid, as the services would leave it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from techmarket.db import texts
from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor, OrgKind
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import shanghai_day
from techmarket.settlement import steps as settlement
from techmarket.trading import rules, service, steps
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import DepositScope, LotState, Method, ParticipantState, SeatState, TradeState
from techmarket.trading.methods import METHODS
from techmarket.trading.service import LotDraft
from techmarket.trading.tables import Lot, Participant, Seat, Trade
from techmarket.trading.views import ParticipantView, TradeView
from tests.identity.make import a_market, an_organisation
from tests.listings.make import an_offer
from tests.notices.make import a_sandbox, move_to
from tests.settlement.make import a_message, from_the_bank

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
    state: SeatState = SeatState.READY,
    seller: Actor | None = None,
) -> OpenLot:
    """A lot under bidding, without the way there: for tests of the book alone."""
    held = seller or (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor
    listing = await an_offer(tx, held)
    async with tx.begin() as db:
        now = await market_now(db) - opened_ago
        method_terms = {
            "free_seconds": free_seconds,
            "limited_seconds": limited_seconds,
            "hard_stop_seconds": 86_400,
        }
        terms = await texts.put(
            db, {"sample": next(_numbers), "rules": METHODS[Method.ONLINE_BIDDING].published(method_terms)}
        )
        trade = Trade(
            id=new_id(),
            number=f"JY-2026-{next(_numbers):06d}",
            listing_id=listing.id,
            listing_n=1,
            listing_sha256="0" * 64,
            title_zh="示例成果",
            title_en="Sample result",
            seller_org_id=held.org,
            method=Method.ONLINE_BIDDING,
            rule_date=shanghai_day(now),
            state=TradeState.DECIDING,
            terms_sha256=terms,
            deposit_minor=0,
            deposit_scope=DepositScope.TRADE,
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
            n=1,
            title_zh=trade.title_zh,
            title_en=trade.title_en,
            method=Method.ONLINE_BIDDING,
            state=LotState.OPEN,
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
        participants = [
            Participant(
                id=new_id(),
                trade_id=trade.id,
                org_id=actor.org,
                person_id=actor.person,
                number=number,
                related=False,
                state=ParticipantState.QUALIFIED,
            )
            for number, actor in enumerate(who, start=1001)
        ]
        db.add_all(participants)
        await db.flush()
        db.add_all(
            Seat(lot_id=lot_id, org_id=one.org_id, participant_id=one.id, number=one.number, state=state)
            for one in participants
        )
        await db.flush()
        return OpenLot(lot_id, trade.id, held)


async def end_now(tx: Tx, lot_id: UUID) -> None:
    """Let the lot's time run out without waiting for it."""
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE lot SET free_ends_at = opened_at, effective_end = market_now() WHERE id = :id"), {"id": lot_id}
        )


# --- a trade by its use cases ---------------------------------------------------------------------------------------

OPENS = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Monday 2 March 2026, 09:00 in Shanghai: ten working days on is Monday 16 March."""
DEPOSIT = 15_000_000


@dataclass(frozen=True)
class Market:
    """A sandbox market with its operator, a seller and as many enterprises as a test needs."""

    tx: Tx
    keys: Keys
    operator: Actor
    seller: Actor
    buyers: tuple[Actor, ...]


async def a_market_at_work(tx: Tx, keys: Keys, *, buyers: int = 3) -> Market:
    await a_sandbox(tx, OPENS)
    operator = (await a_market(tx, keys))["operator"].actor
    seller = (await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)).actor
    return Market(tx, keys, operator, seller, tuple(await bidders(tx, buyers)))


PERIODS = ("free_seconds", "limited_seconds", "hard_stop_seconds")
ONE_LOT = ("start_price_minor", "increment_minor")


async def a_draft(market: Market, *, listing_id: UUID | None = None, **terms: Any) -> TradeView:
    """One lot by online bidding, unless said otherwise; its periods and its prices may be given plainly."""
    listing = listing_id or (await an_offer(market.tx, market.seller, market.operator)).id
    wanted = {"increment_minor": 1_000_000, "deposit_minor": DEPOSIT, "free_seconds": 3600, "limited_seconds": 180}
    return await draft(market.tx, market.seller, listing, **(wanted | terms))


async def draft(tx: Tx, seller: Actor, listing_id: UUID, **terms: Any) -> TradeView:
    lot = LotDraft(**{name: terms.pop(name) for name in ONE_LOT if name in terms})
    periods = {name: terms.pop(name) for name in PERIODS if name in terms}
    wanted = {"lots": [lot], "terms": periods} | terms
    return await service.draft_trade(tx, seller, listing_id=listing_id, **wanted)


async def an_announced_trade(market: Market, **terms: Any) -> TradeView:
    draft = await a_draft(market, **terms)
    await service.submit_trade(market.tx, market.seller, draft.id)
    return await service.announce(market.tx, market.operator, draft.id)


async def a_qualified(market: Market, trade: TradeView, buyer: Actor) -> ParticipantView:
    mine = await service.register_intent(market.tx, buyer, trade.id)
    await service.admit(market.tx, market.operator, mine.id)
    return await service.confirm(market.tx, market.seller, mine.id)


async def pay_deposit(market: Market, participant: ParticipantView) -> None:
    """The bank tells of the transfer, and trading hears of it."""
    for deposit in participant.deposits:
        async with market.tx.read() as db:
            due = await settlement.get_due(db, deposit.due_id)
        await from_the_bank(market.tx, market.keys, await a_message(market.tx, due))
        await service.hold_deposit(market.tx, deposit.due_id)


async def an_open_trade(market: Market, **terms: Any) -> TradeView:
    """All buyers are ready, the announcement has ended, the book is open."""
    trade = await an_announced_trade(market, **terms)
    for buyer in market.buyers:
        await pay_deposit(market, await a_qualified(market, trade, buyer))
    assert trade.bidding_opens_at is not None
    await move_to(market.tx, trade.bidding_opens_at)
    assert await service.open_due(market.tx) == 1
    return await service.get_trade(market.tx, market.operator, trade.id)


async def the_seller_signs(market: Market, award_id: UUID) -> None:
    """From now on the buyer is waited for; contracts says so with the seller's signature."""
    async with market.tx.begin() as db:
        await steps.note_buyers_turn(db, award_id, now=await market_now(db), actor=market.seller)


async def an_awarded_trade(market: Market, book: BidBook, *yuan: int, **terms: Any) -> TradeView:
    """The buyers bid these amounts in turn, lowest first as given, and the book is closed."""
    trade = await an_open_trade(market, **terms)
    for n, amount in enumerate(yuan):
        buyer = market.buyers[n % len(market.buyers)]
        answer = await service.place_bid(book, buyer, trade.lot.id, minor=amount * 100, key=f"bid {n}")
        assert answer.is_accepted
    lot = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert lot.effective_end is not None
    await move_to(market.tx, lot.effective_end)
    assert await service.close_due(market.tx) == 1
    return await service.get_trade(market.tx, market.operator, trade.id)
