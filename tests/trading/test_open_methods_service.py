"""Fixed and falling prices as they are traded: drafted, opened by the clock, taken by one, awarded; and over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from techmarket.app import create_app
from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import Refusal
from techmarket.trading import errors, rules, service
from techmarket.trading.bidbook import Answer, BidBook
from techmarket.trading.lifecycle import LotState, Method, PauseCause, TradeState
from techmarket.trading.methods import BOOKED
from techmarket.trading.rules import BELOW_FLOOR, LEADING, NOT_REACHED, NOT_THE_PRICE, OVER, TOO_LOW, BookLine
from techmarket.trading.service import LotDraft
from techmarket.trading.service.showing import state_of
from techmarket.trading.tables import Lot
from techmarket.trading.views import LotView, TradeView
from tests.achievements.make import an_achievement
from tests.client import Api
from tests.follow import following, served
from tests.identity.make import Keyed, an_organisation
from tests.listings.make import an_offer
from tests.notices.make import move_to
from tests.trading.make import Market, a_draft, a_market_at_work, a_qualified, an_announced_trade, an_open_trade

PRICE, STEP, FLOOR = 90_000_000, 10_000_000, 55_000_000
PACE = timedelta(seconds=600)
FALLING: dict[str, Any] = {
    "method": Method.DESCENDING,
    "deposit_minor": 0,
    "lots": [LotDraft(start_price_minor=PRICE, increment_minor=STEP, floor_minor=FLOOR)],
    "terms": {"step_seconds": 600, "hard_stop_seconds": 86_400},
}
FIXED: dict[str, Any] = {
    "method": Method.FIXED_PRICE,
    "deposit_minor": 0,
    "lots": [LotDraft(start_price_minor=50_000_000, increment_minor=1_000_000)],
    "terms": {"acceptance_seconds": 86_400, "free_seconds": 600, "limited_seconds": 180, "hard_stop_seconds": 3_600},
}


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def lot_of(market: Market, trade: TradeView) -> LotView:
    return await service.get_lot(market.tx, market.operator, trade.lot.id)


async def bid(market: Market, book: BidBook, n: int, trade: TradeView, minor: int, key: str = "k") -> Answer:
    return await service.place_bid(book, market.buyers[n], trade.lot.id, minor=minor, key=key)


async def lines_of(market: Market, trade: TradeView) -> list[BookLine]:
    page = await service.list_bids(market.tx, market.operator, trade.lot.id, cursor=None, limit=100)
    return [
        BookLine(one.seq, one.bidder, one.amount.minor, one.verdict, one.at, bytes.fromhex(one.chain))
        for one in page.items
        if one.amount is not None
    ]


async def replayed(market: Market, trade: TradeView, *, holders: Collection[int] = ()) -> rules.LotState | None:
    """The public lines decided again from an untouched lot, by the method the lot was opened with."""
    async with market.tx.read() as db:
        row = await db.get_one(Lot, trade.lot.id)
        terms = state_of(row).terms
    opened = rules.LotState(terms, terms.hard_end, 0, rules.first_chain(trade.lot.id, trade.terms_sha256))
    if row.method is Method.ONLINE_BIDDING:
        opened = opened._replace(effective_end=min(terms.free_ends_at + terms.limited, terms.hard_end))
    return rules.replay(opened, await lines_of(market, trade), BOOKED[row.method].decide, holders=holders)


# --- a falling price ------------------------------------------------------------------------------------------------


async def test_a_falling_price_is_taken_at_the_price_of_the_moment_and_awarded_at_it(
    tx: Tx, keys: Keys, book: BidBook
) -> None:
    market = await a_market_at_work(tx, keys, buyers=2)
    trade = await an_open_trade(market, **FALLING)
    opened = trade.lot.opened_at
    assert opened is not None
    assert (trade.lot.floor, trade.lot.step_seconds, trade.lot.least_next_bid) == (Money(FLOOR), 600, Money(PRICE))
    assert trade.lot.price_falls_at == opened + PACE
    early = await bid(market, book, 0, trade, PRICE - STEP + 34_500)
    assert (early.entry.verdict, early.least_minor, early.reached_at) == (NOT_REACHED, PRICE, opened + PACE)
    never = await bid(market, book, 0, trade, FLOOR - 1, "never")
    assert (never.entry.verdict, never.least_minor, never.reached_at) == (BELOW_FLOOR, FLOOR, None)
    # While it falls nobody is told at which price the others would buy.
    page = await service.list_bids(tx, market.operator, trade.lot.id, cursor=None, limit=100)
    assert [(one.verdict, one.amount) for one in page.items] == [(NOT_REACHED, None), (BELOW_FLOOR, None)]
    # Nor does anybody find it by trying: the chain is over one fen less than the price, whatever was named.
    start = rules.first_chain(trade.lot.id, trade.terms_sha256)
    line, least = page.items[0], PRICE - 1
    body = rules.canonical_decision(
        lot_id=trade.lot.id, seq=1, bidder=line.bidder, minor=least, verdict=line.verdict, at=line.at
    )
    assert rules.next_chain(start, body).hex() == line.chain
    await move_to(tx, opened + PACE)
    now = await lot_of(market, trade)
    assert (now.least_next_bid, now.price_falls_at) == (Money(PRICE - STEP), opened + 2 * PACE)
    taken = await bid(market, book, 1, trade, PRICE, "more than the price")
    assert (taken.entry.verdict, taken.entry.minor) == (LEADING, PRICE - STEP)
    assert taken.effective_end == taken.entry.at
    # What he named above the price is told to nobody; it is kept, for his key means what he named.
    again = await bid(market, book, 1, trade, PRICE, "more than the price")
    assert (again.is_repeated, again.entry) == (True, taken.entry)
    with pytest.raises(errors.BidKeyReused):
        await bid(market, book, 1, trade, PRICE - STEP, "more than the price")
    assert [line.minor for line in await lines_of(market, trade)] == [PRICE - 1, FLOOR - 1, PRICE - STEP]
    late = await bid(market, book, 0, trade, PRICE, "late")
    assert late.entry.verdict == OVER
    sold = await lot_of(market, trade)
    assert (sold.leading, sold.leading_bidder) == (Money(PRICE - STEP), taken.entry.bidder)
    assert (sold.least_next_bid, sold.price_falls_at) == (None, None)
    after = await replayed(market, trade)
    assert after is not None
    assert (after.leading_bidder, after.leading_minor) == (taken.entry.bidder, PRICE - STEP)
    assert await service.close_due(tx) == 1
    ended = await service.get_trade(tx, market.operator, trade.id)
    (award,) = await service.list_awards(tx, market.operator, trade.id)
    assert (ended.state, award.price) == (TradeState.AWARDED, Money(PRICE - STEP))
    assert award.buyer_organisation_id == market.buyers[1].org


async def test_of_many_who_take_a_falling_price_at_once_the_first_has_it_and_all_others_are_told_it_is_over(
    tx: Tx, keys: Keys, book: BidBook
) -> None:
    market = await a_market_at_work(tx, keys, buyers=6)
    trade = await an_open_trade(market, **FALLING)
    assert trade.lot.opened_at is not None
    await move_to(tx, trade.lot.opened_at + 4 * PACE)
    async with BidBook(tx.engine, keys.receipts) as second:
        answers = await asyncio.gather(
            *(bid(market, (book, second)[n % 2], n, trade, FLOOR + n) for n in range(len(market.buyers)))
        )
    first = min(answers, key=lambda one: one.entry.seq)
    assert [one.entry.verdict for one in sorted(answers, key=lambda one: one.entry.seq)] == [LEADING] + [OVER] * 5
    sold = await lot_of(market, trade)
    assert (sold.leading_bidder, sold.leading, sold.seq) == (first.entry.bidder, Money(FLOOR), 6)
    assert await replayed(market, trade) is not None


async def test_a_price_stands_still_in_a_pause_and_falls_on_from_there(tx: Tx, keys: Keys, book: BidBook) -> None:
    market = await a_market_at_work(tx, keys, buyers=1)
    trade = await an_open_trade(market, **FALLING)
    assert trade.lot.opened_at is not None
    await move_to(tx, trade.lot.opened_at + PACE + PACE / 2)
    await service.pause_lot(tx, market.operator, trade.lot.id, cause=PauseCause.SYSTEM_FAULT, reason="示例 sample")
    paused = await lot_of(market, trade)
    await move_to(tx, trade.lot.opened_at + 10 * PACE)
    stood = await lot_of(market, trade)
    assert paused.least_next_bid == stood.least_next_bid == Money(PRICE - STEP)
    assert stood.price_falls_at is None
    with pytest.raises(errors.BiddingPaused):
        await bid(market, book, 0, trade, PRICE)
    await service.resume_lot(tx, market.operator, trade.lot.id)
    resumed = await lot_of(market, trade)
    assert resumed.least_next_bid == Money(PRICE - STEP)
    assert resumed.price_falls_at is not None
    assert resumed.now < resumed.price_falls_at < resumed.now + PACE / 2
    taken = await bid(market, book, 0, trade, PRICE - STEP)
    assert (taken.entry.verdict, taken.entry.minor) == (LEADING, PRICE - STEP)
    assert await replayed(market, trade) is not None


async def test_what_nobody_takes_before_the_end_is_unsold(tx: Tx, keys: Keys, book: BidBook) -> None:
    market = await a_market_at_work(tx, keys, buyers=1)
    trade = await an_open_trade(market, **FALLING)
    assert trade.lot.effective_end is not None
    await move_to(tx, trade.lot.effective_end - timedelta(seconds=30))
    last = await lot_of(market, trade)
    assert (last.least_next_bid, last.price_falls_at) == (Money(FLOOR), None)
    assert await service.close_due(tx) == 0
    await move_to(tx, trade.lot.effective_end)
    over = await bid(market, book, 0, trade, PRICE)
    assert (over.entry.verdict, over.effective_end) == (OVER, trade.lot.effective_end)
    assert await service.close_due(tx) == 1
    ended = await service.get_trade(tx, market.operator, trade.id)
    assert (ended.state, ended.lot.state) == (TradeState.UNSOLD, LotState.UNSOLD)


@pytest.mark.parametrize(
    "lot, refusal, pointer",
    [
        ({"floor_minor": None}, errors.TermMissing, "/body/lots/0/floor"),
        ({"increment_minor": None}, errors.TermMissing, "/body/lots/0/increment"),
        ({"floor_minor": PRICE}, errors.FloorNotBelowStart, "/body/lots/0/floor"),
        ({"floor_minor": 49_999_999}, errors.FallsBelowFloor, "/body/lots/0/floor"),
        ({"start_price_minor": None}, errors.FloorNotBelowStart, "/body/lots/0/floor"),
    ],
)
async def test_a_price_falls_to_a_floor_below_its_start_and_not_below_the_listings(
    tx: Tx, keys: Keys, lot: dict[str, Any], refusal: type[Refusal], pointer: str
) -> None:
    market = await a_market_at_work(tx, keys, buyers=0)
    said = {"start_price_minor": PRICE, "increment_minor": STEP, "floor_minor": FLOOR}
    with pytest.raises(refusal) as refused:
        await a_draft(market, **(FALLING | {"lots": [LotDraft(**(said | lot))]}))
    assert refused.value.pointer == pointer
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM trade"))).scalar_one() == 0


async def test_a_floor_means_nothing_to_another_method_and_a_deposit_is_a_part_of_the_floor(tx: Tx, keys: Keys) -> None:
    market = await a_market_at_work(tx, keys, buyers=0)
    listing = (await an_offer(tx, market.seller, market.operator)).id
    with pytest.raises(errors.TermUnknown) as refused:
        await a_draft(market, listing_id=listing, lots=[LotDraft(increment_minor=STEP, floor_minor=FLOOR)])
    assert refused.value.pointer == "/body/lots/0/floor"
    third = FLOOR * 3 // 10
    for deposit, warned in ((third, []), (third + 1, ["trading.deposit_above_custom"])):
        drafted = await a_draft(market, listing_id=listing, **(FALLING | {"deposit_minor": deposit}))
        assert drafted.terms["warnings"] == warned


# --- a fixed price --------------------------------------------------------------------------------------------------


async def test_a_fixed_price_that_nobody_may_take_is_unsold_when_registration_closes(tx: Tx, keys: Keys) -> None:
    market = await a_market_at_work(tx, keys, buyers=0)
    trade = await an_open_trade(market, **FIXED)
    assert (trade.state, trade.lot.state, trade.lot.method) == (TradeState.UNSOLD, LotState.UNSOLD, Method.FIXED_PRICE)


async def test_one_who_is_alone_takes_the_fixed_price_and_nothing_else(tx: Tx, keys: Keys, book: BidBook) -> None:
    market = await a_market_at_work(tx, keys, buyers=1)
    trade = await an_open_trade(market, **FIXED)
    assert (trade.lot.method, trade.lot.least_next_bid) == (Method.FIXED_PRICE, Money(50_000_000))
    assert trade.lot.opened_at is not None
    assert trade.lot.effective_end == trade.lot.opened_at + timedelta(seconds=86_400)
    for n, minor in enumerate((49_999_999, 51_000_000)):
        other = await bid(market, book, 0, trade, minor, f"no {n}")
        assert (other.entry.verdict, other.least_minor) == (NOT_THE_PRICE, 50_000_000)
    taken = await bid(market, book, 0, trade, 50_000_000)
    again = await bid(market, book, 0, trade, 50_000_000)
    assert (taken.entry.verdict, taken.effective_end, again.is_repeated) == (LEADING, taken.entry.at, True)
    assert (await bid(market, book, 0, trade, 50_000_000, "twice")).entry.verdict == OVER
    assert await replayed(market, trade) is not None
    assert await service.close_due(tx) == 1
    (award,) = await service.list_awards(tx, market.operator, trade.id)
    assert (award.price, award.buyer_organisation_id) == (Money(50_000_000), market.buyers[0].org)


async def test_two_who_are_ready_compete_from_the_fixed_price_by_online_bidding(
    tx: Tx, keys: Keys, book: BidBook
) -> None:
    market = await a_market_at_work(tx, keys, buyers=2)
    trade = await an_open_trade(market, **FIXED)
    assert (trade.method, trade.lot.method) == (Method.FIXED_PRICE, Method.ONLINE_BIDDING)
    assert trade.lot.opened_at is not None
    assert trade.lot.effective_end == trade.lot.opened_at + timedelta(seconds=780)
    assert trade.rules["turns_into"] == {"method": "ONLINE_BIDDING", "when_ready_at_opening": 2, "from": "the_price"}
    assert (await bid(market, book, 0, trade, 50_000_000)).entry.verdict == LEADING
    low = await bid(market, book, 1, trade, 50_000_000)
    assert (low.entry.verdict, low.least_minor) == (TOO_LOW, 51_000_000)
    assert (await bid(market, book, 1, trade, 51_000_000, "raise")).entry.verdict == LEADING
    assert await replayed(market, trade) is not None
    await move_to(tx, trade.lot.effective_end)
    assert await service.close_due(tx) == 1
    best, second = await service.list_awards(tx, market.operator, trade.id)
    assert [(one.rank, one.price) for one in (best, second)] == [(1, Money(51_000_000)), (2, Money(50_000_000))]
    async with tx.read() as db:
        said = "SELECT facts ->> 'method' FROM journal_entry WHERE kind = 'trading.bidding_opened'"
        assert (await db.execute(text(said))).scalars().all() == ["ONLINE_BIDDING"]


async def test_each_lot_of_a_fixed_price_trade_turns_for_itself_and_who_is_not_ready_does_not_count(
    tx: Tx, keys: Keys
) -> None:
    market = await a_market_at_work(tx, keys, buyers=3)
    ones = [(await an_achievement(tx, market.seller)).id for _ in range(2)]
    listing = await an_offer(tx, market.seller, market.operator, achievement_ids=tuple(ones))
    lots = [LotDraft(achievement_ids=(one,), start_price_minor=50_000_000, increment_minor=1_000_000) for one in ones]
    trade = await an_announced_trade(market, listing_id=listing.id, **(FIXED | {"lots": lots}))
    await a_qualified(market, trade, market.buyers[0])
    alone = await service.register_intent(tx, market.buyers[1], trade.id, lot_ids=[trade.lots[0].id])
    await service.admit(tx, market.operator, alone.id)
    await service.confirm(tx, market.seller, alone.id)
    await service.register_intent(tx, market.buyers[2], trade.id)  # never admitted
    assert trade.bidding_opens_at is not None
    await move_to(tx, trade.bidding_opens_at)
    assert await service.open_due(tx) == 1
    opened = await service.get_trade(tx, market.operator, trade.id)
    assert [one.method for one in opened.lots] == [Method.ONLINE_BIDDING, Method.FIXED_PRICE]


# --- a first refusal, in the session --------------------------------------------------------------------------------


@pytest.mark.parametrize("announced", [True, False])
async def test_whose_person_made_it_leads_with_an_equal_bid_only_where_the_trade_announced_it(
    tx: Tx, keys: Keys, book: BidBook, announced: bool
) -> None:
    market = await a_market_at_work(tx, keys, buyers=2)
    stranger, partner = market.buyers
    one = await an_achievement(tx, market.seller, completers=(partner.person,))
    listing = await an_offer(
        tx, market.seller, market.operator, achievement_ids=(one.id,), mode="TRANSFER", licence_kind=None
    )
    said = {"first_refusal": "in_session"} if announced else {}
    trade = await an_open_trade(market, listing_id=listing.id, terms=said, deposit_minor=0)
    assert trade.rules.get("first_refusal") == said.get("first_refusal")
    (mine,) = await service.list_participants(tx, partner, trade.id)
    assert [seat.first_refusal for seat in mine.seats] == [announced]
    assert (await bid(market, book, 0, trade, 50_000_000)).entry.verdict == LEADING
    equal = await bid(market, book, 1, trade, 50_000_000)
    assert equal.entry.verdict == (LEADING if announced else TOO_LOW)
    assert (await bid(market, book, 1, trade, 50_000_000, "again")).entry.verdict == TOO_LOW
    again = await bid(market, book, 0, trade, 50_000_000, "again")
    assert (again.entry.verdict, again.least_minor) == (TOO_LOW, 51_000_000)
    holders = {mine.number} if announced else set()
    assert (await replayed(market, trade, holders=holders)) is not None
    assert trade.lot.effective_end is not None
    await move_to(tx, trade.lot.effective_end)
    assert await service.close_due(tx) == 1
    awards = await service.list_awards(tx, market.operator, trade.id)
    ranked = [partner.org, stranger.org] if announced else [stranger.org]
    assert [one.buyer_organisation_id for one in awards] == ranked


# --- over HTTP and on the stream ------------------------------------------------------------------------------------


async def an_open_trade_with_a_key(market: Market, keys: Keys, **terms: Any) -> tuple[TradeView, Keyed]:
    buyer = await an_organisation(market.tx, keys=keys)
    trade = await an_announced_trade(market, **terms)
    await a_qualified(market, trade, buyer.actor)
    assert trade.bidding_opens_at is not None
    await move_to(market.tx, trade.bidding_opens_at)
    assert await service.open_due(market.tx) == 1
    return await service.get_trade(market.tx, market.operator, trade.id), buyer


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


async def test_over_http_who_accepts_too_early_is_told_when_and_who_accepts_more_pays_the_price(
    tx: Tx, keys: Keys, api: Api
) -> None:
    market = await a_market_at_work(tx, keys, buyers=0)
    trade, buyer = await an_open_trade_with_a_key(market, keys, **FALLING)
    path = f"/v1/lots/{trade.lot.id}/bids"
    shown = (await api.get(f"/v1/lots/{trade.lot.id}")).json()
    assert (shown["method"], shown["floor"], shown["step_seconds"]) == ("DESCENDING", yuan("550000.00"), 600)
    assert shown["least_next_bid"] == yuan("900000.00")
    for language, words in (("en", "reaches your amount at"), ("zh-CN", "降至贵方所报金额")):
        early = await api.post(
            path, json={"amount": yuan("800000.00")}, key=buyer.key, headers={"Accept-Language": language}
        )
        said = early.json()
        assert (early.status_code, said["code"], said["pointer"]) == (409, "trading.price_not_reached", "/body/amount")
        assert (said["least"], said["reached_at"]) == (yuan("900000.00"), shown["price_falls_at"])
        assert words in said["detail"]
        assert said["receipt"]["verdict"] == "trading.price_not_reached"
    never = (await api.post(path, json={"amount": yuan("1.00")}, key=buyer.key)).json()
    assert (never["code"], never["least"]) == ("trading.bid_below_floor", yuan("550000.00"))
    assert "reached_at" not in never
    taken = await api.post(path, json={"amount": yuan("950000.00")}, key=buyer.key)
    assert (taken.status_code, taken.json()["amount"]) == (201, yuan("900000.00"))
    assert taken.json()["price"] == yuan("900000.00")
    assert taken.json()["effective_end"] == taken.json()["at"]


async def test_over_http_a_falling_price_is_drafted_with_its_floor_and_a_fixed_price_taken_by_exactly_it(
    tx: Tx, keys: Keys, api: Api
) -> None:
    market = await a_market_at_work(tx, keys, buyers=0)
    seller = await an_organisation(tx, kind=market.seller.org_kind, keys=keys)
    offer = await an_offer(tx, seller.actor, market.operator)
    lot = {"start_price": yuan("900000.00"), "increment": yuan("100000.00"), "floor": yuan("499999.99")}
    body = {
        "listing_id": str(offer.id),
        "deposit": yuan("0.00"),
        "method": "DESCENDING",
        "rules": {"step_seconds": 600},
        "lots": [lot],
    }
    low = await api.post("/v1/trades", json=body, key=seller.key)
    assert (low.status_code, low.json()["code"]) == (422, "trading.falls_below_floor")
    assert (low.json()["floor"], low.json()["pointer"]) == (yuan("500000.00"), "/body/lots/0/floor")
    drafted = await api.post("/v1/trades", json=body | {"lots": [lot | {"floor": yuan("500000.00")}]}, key=seller.key)
    assert (drafted.status_code, drafted.json()["lot"]["floor"]) == (201, yuan("500000.00"))
    assert drafted.json()["rules"]["hard_stop_seconds"] == 86_400
    trade, buyer = await an_open_trade_with_a_key(market, keys, **FIXED)
    other = await api.post(f"/v1/lots/{trade.lot.id}/bids", json={"amount": yuan("500000.01")}, key=buyer.key)
    assert (other.status_code, other.json()["code"]) == (409, "trading.not_the_price")
    assert other.json()["least"] == yuan("500000.00")
    taken = await api.post(f"/v1/lots/{trade.lot.id}/bids", json={"amount": yuan("500000.00")}, key=buyer.key)
    assert (taken.status_code, taken.json()["price"]) == (201, yuan("500000.00"))


async def test_watchers_see_a_falling_price_when_it_falls_next_and_at_which_price_it_was_taken(
    tx: Tx, keys: Keys, means: Means
) -> None:
    market = await a_market_at_work(tx, keys, buyers=1)
    trade = await an_open_trade(market, **FALLING)
    opened = trade.lot.opened_at
    assert opened is not None
    await move_to(tx, opened + 2 * PACE)
    async with served(create_app(means)) as (base, _), following(base, trade.id) as reader:
        first = await reader.next()
        assert first is not None
        falling = first.body["falling"]
        assert falling["price"] == yuan("700000.00")
        assert (falling["falls_by"], falling["every_seconds"], falling["floor"]) == (
            yuan("100000.00"),
            600,
            yuan("550000.00"),
        )
        assert datetime.fromisoformat(falling["falls_at"]) == opened + 3 * PACE
        await service.pause_lot(tx, market.operator, trade.lot.id, cause=PauseCause.SYSTEM_FAULT, reason="sample")
        paused = await reader.until("state", what="paused")
        assert (paused.body["falling"]["price"], paused.body["falling"]["falls_at"]) == (yuan("700000.00"), None)
        await service.resume_lot(tx, market.operator, trade.lot.id)
        await reader.until("state", what="resumed")
        async with BidBook(tx.engine, keys.receipts) as book:
            assert (await bid(market, book, 0, trade, PRICE)).is_accepted
        taken = await reader.until("price", seq=1)
        assert (taken.body["leading"], taken.body["least_next_bid"]) == (yuan("700000.00"), None)
        await service.close_due(tx)
        closed = await reader.until("state", what="closed")
        assert closed.body["falling"] is None
