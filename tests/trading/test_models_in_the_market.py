"""The methods as they are really traded, through services and database, against the models of `models.py`.

Each example is a whole trade: announced, opened by the clock, acted on in batches, paused, closed, awarded. The model
is told when the market says that each act happened, and must have said the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from techmarket.db import keys as market_keys
from techmarket.db.clock import ClockOnlyForward
from techmarket.db.keys import Keys
from techmarket.db.session import Tx, make_engine
from techmarket.identity.actor import Actor
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import Refusal
from techmarket.trading import service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.consortium import ConsortiumDraft, MemberDraft
from techmarket.trading.lifecycle import AwardState, Method, PauseCause, TradeState
from techmarket.trading.service import ConsortiumTerms, LotDraft
from techmarket.trading.views import LotView, ParticipantView, TradeView
from tests.client import Api
from tests.identity.make import an_organisation
from tests.notices.make import market_now, move_to
from tests.trading import models
from tests.trading.make import Market, a_market_at_work, a_qualified, an_announced_trade, an_open_lot, bidders, end_now
from tests.trading.models import LEADS, OVER, SECOND, Book, Falling, Fixed, Rising, Talks
from tests.trading.sealed_make import a_sealed_lot

ZERO = datetime(2026, 1, 1, tzinfo=UTC)
START, STEP = 60_000_000, 1_000_000
FEW = settings(
    max_examples=4,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],  # the town's clock only runs forward: a failed trade is told as it was, not made smaller
    suppress_health_check=list(HealthCheck),
)


def micros(at: datetime | None) -> int:
    assert at is not None
    return (at - ZERO) // timedelta(microseconds=1)


async def forward(tx: Tx, to: datetime) -> None:
    """To that moment, if it has not gone by; the clock runs on meanwhile, and never back."""
    with contextlib.suppress(ClockOnlyForward):
        await move_to(tx, to)


class Town:
    """A market at work that a test without an event loop of its own can act in."""

    def __init__(self, database_url: str, keys: Keys) -> None:
        self.runner = asyncio.Runner()
        self.tx = Tx(make_engine(database_url, pool_size=10, application="test"))
        self.keys = keys
        self.market: Market = self.run(a_market_at_work(self.tx, keys, buyers=4))
        self.member, self.principal = self.run(bidders(self.tx, 2))
        self.book: BidBook = self.run(self._opened_book())

    async def _opened_book(self) -> BidBook:
        return BidBook(self.tx.engine, self.keys.receipts)

    def run(self, act: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(act)

    def close(self) -> None:
        self.run(self.book.aclose())
        self.run(self.tx.dispose())
        self.runner.close()


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    made = Town(database_url, market_keys.for_tests())
    yield made
    made.close()


# --- the books ------------------------------------------------------------------------------------------------------

TERMS: dict[Method, tuple[LotDraft, dict[str, Any], int]] = {
    Method.ONLINE_BIDDING: (
        LotDraft(start_price_minor=START, increment_minor=STEP),
        {"free_seconds": 60, "limited_seconds": 30, "hard_stop_seconds": 90},
        3,
    ),
    Method.DESCENDING: (
        LotDraft(start_price_minor=START, increment_minor=STEP, floor_minor=START - 7 * STEP - 1),
        {"step_seconds": 20, "hard_stop_seconds": 200},
        3,
    ),
    Method.FIXED_PRICE: (
        LotDraft(start_price_minor=START, increment_minor=STEP),
        {"acceptance_seconds": 120, "free_seconds": 60, "limited_seconds": 30, "hard_stop_seconds": 60},
        1,
    ),
}
BIDS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-3, 2), st.sampled_from([0, 0, 0, 0, 1])), min_size=1, max_size=5
)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("bids"), BIDS),
        st.tuples(st.just("bids"), BIDS),
        st.tuples(st.just("wait"), st.integers(1, 45)),
        st.tuples(st.just("pause"), st.integers(1, 100)),
        st.tuples(st.just("to the end"), st.integers(0, 1)),
    ),
    min_size=4,
    max_size=12,
)


def model_of(lot: LotView, holders: frozenset[int]) -> Book:
    assert lot.start_price is not None
    assert lot.increment is not None
    opened, end, stop = micros(lot.opened_at), micros(lot.effective_end), micros(lot.hard_end)
    if lot.method is Method.ONLINE_BIDDING:
        return Rising(lot.start_price.minor, lot.increment.minor, opened + 60 * SECOND, 30 * SECOND, stop, holders)
    if lot.method is Method.DESCENDING:
        assert lot.floor is not None
        return Falling(lot.start_price.minor, lot.increment.minor, lot.floor.minor, 20 * SECOND, opened, stop)
    return Fixed(lot.start_price.minor, end)


class Play:
    """One trade from its announcement to its award, beside its model.

    The first bids for a consortium, the second by mandate, the others for themselves: to the model a seat is a seat.
    """

    def __init__(self, town: Town, method: Method) -> None:
        self.town, self.market, self.method = town, town.market, method
        self.keys = iter(range(10_000))

    async def open(self) -> None:
        lot, terms, ready = TERMS[self.method]
        trade = await an_announced_trade(
            self.market, method=self.method, lots=[lot], terms=terms, deposit_minor=0, consortium=ConsortiumTerms(2)
        )
        self.ready = set(range(ready))
        self.numbers = []
        for n, buyer in enumerate(self.market.buyers):
            mine = await self.registered(trade, n, buyer)
            if n in self.ready:
                await service.admit(self.market.tx, self.market.operator, mine.id)
                await service.confirm(self.market.tx, self.market.seller, mine.id)
            self.numbers.append(mine.number)
        holders: frozenset[int] = frozenset()
        if self.method is Method.ONLINE_BIDDING:
            holders = frozenset({self.numbers[2]})
            async with self.market.tx.begin() as db:
                query = text("UPDATE seat SET first_refusal = true WHERE lot_id = :lot AND number = :number")
                await db.execute(query, {"lot": trade.lot.id, "number": self.numbers[2]})
        assert trade.bidding_opens_at is not None
        await move_to(self.market.tx, trade.bidding_opens_at)
        assert await service.open_due(self.market.tx) == 1
        self.trade: TradeView = await service.get_trade(self.market.tx, self.market.operator, trade.id)
        self.model = model_of(self.trade.lot, holders)

    async def registered(self, trade: TradeView, n: int, buyer: Actor) -> ParticipantView:
        tx, town = self.market.tx, self.town
        if n == 0:
            joined = ConsortiumDraft("Sample part", (MemberDraft(town.member.org, "Sample part"),))
            mine = await service.register_intent(tx, buyer, trade.id, consortium=joined)
            assert mine.consortium is not None
            for who in (buyer, town.member):
                await service.sign_consortium(tx, who, mine.id, document_sha256=mine.consortium.document_sha256)
            return mine
        if n == 1:
            mine = await service.register_intent(tx, buyer, trade.id, principal_org=town.principal.org)
            assert mine.mandate is not None
            await service.sign_mandate(tx, town.principal, mine.id, document_sha256=mine.mandate.document_sha256)
            return mine
        return await service.register_intent(tx, buyer, trade.id)

    async def lot(self) -> LotView:
        return await service.get_lot(self.market.tx, self.market.operator, self.trade.lot.id)

    async def act(self, what: str, value: Any) -> None:
        now = await market_now(self.market.tx)
        if what == "wait":
            await move_to(self.market.tx, now + timedelta(seconds=value))
        elif what == "to the end":
            end = (await self.lot()).effective_end
            assert end is not None
            await forward(self.market.tx, end - timedelta(milliseconds=400 * value))
        elif what == "pause" and micros(now) + 2 * SECOND < self.model.end:
            await self.pause(value)
        elif what == "bids":
            await self.bids(value)
        await self.check()

    async def pause(self, seconds: int) -> None:
        tx, lot_id = self.market.tx, self.trade.lot.id
        before = await self.lot()
        cause = PauseCause.SYSTEM_FAULT
        await service.pause_lot(tx, self.market.operator, lot_id, cause=cause, reason="示例 sample")
        await move_to(tx, await market_now(tx) + timedelta(seconds=seconds))
        await service.resume_lot(tx, self.market.operator, lot_id)
        self.model.paused(micros((await self.lot()).hard_end) - micros(before.hard_end))

    async def bids(self, wanted: list[tuple[int, int, int]]) -> None:
        """Bids of one moment: the book decides them together, in the order of its entries."""
        shown = await self.lot()
        least = shown.least_next_bid or shown.leading or shown.start_price
        assert least is not None
        answers = await asyncio.gather(
            *(
                service.place_bid(
                    self.town.book,
                    self.market.buyers[who],
                    self.trade.lot.id,
                    minor=least.minor + steps * STEP + off,
                    key=f"bid {next(self.keys)}",
                )
                for who, steps, off in wanted
            )
        )
        for answer in sorted(answers, key=lambda one: one.entry.seq):
            entry, before = answer.entry, self.model.end
            is_ready = self.numbers.index(entry.bidder) in self.ready
            verdict, enough = self.model.act(entry.bidder, entry.minor, micros(entry.at), is_ready)
            assert entry.verdict == verdict
            if verdict != OVER:
                assert answer.least_minor == enough
            if verdict == models.EARLY:
                assert isinstance(self.model, Falling)
                assert micros(answer.reached_at) == self.model.shows_by(entry.minor)
            if verdict != LEADS:
                assert self.model.end == before

    async def check(self) -> None:
        shown = await self.lot()
        leads = None if shown.leading is None else (shown.leading_bidder, shown.leading.minor)
        assert leads == self.model.winner
        assert micros(shown.effective_end) == self.model.end

    async def end(self) -> None:
        """The clock closes it, several workers at once; who wins, at which price, and who waits, is the model's."""
        end = (await self.lot()).effective_end
        assert end is not None
        await forward(self.market.tx, end)
        assert sum(await asyncio.gather(*(service.close_due(self.market.tx) for _ in range(2)))) == 1
        ended = await service.get_trade(self.market.tx, self.market.operator, self.trade.id)
        awards = await service.list_awards(self.market.tx, self.market.operator, self.trade.id)
        number_of = {b.org: n for b, n in zip(self.market.buyers, self.numbers, strict=True)}
        number_of[self.town.principal.org] = number_of.pop(self.market.buyers[1].org)
        found = [(number_of[one.buyer_organisation_id], one.price.minor) for one in awards]
        assert found == self.model.ranking[:2]
        joint = [
            one.member_organisation_ids for one in awards if one.buyer_organisation_id == self.market.buyers[0].org
        ]
        assert joint in ([], [(self.town.member.org,)])
        assert [one.state for one in awards] == [AwardState.OFFERED, AwardState.WAITING][: len(found)]
        assert ended.state is (TradeState.AWARDED if found else TradeState.UNSOLD)


@pytest.mark.parametrize("method", sorted(TERMS))
def test_a_trade_through_the_market_goes_as_its_model_says(town: Town, method: Method) -> None:
    @FEW
    @given(acts=ACTS)
    def play(acts: list[tuple[str, Any]]) -> None:
        one = Play(town, method)
        town.run(one.open())
        for what, value in acts:
            town.run(one.act(what, value))
        town.run(one.end())

    play()


# --- talks ----------------------------------------------------------------------------------------------------------

HOUR = 3600
TALK_ACTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("offer"),
            st.integers(0, 1),
            st.booleans(),
            st.sampled_from([49_999_999, 50_000_000, 60_000_000]),
            st.sampled_from([-60, HOUR, 24 * HOUR, 40 * 24 * HOUR]),
        ),
        st.tuples(st.just("answer"), st.integers(0, 9), st.booleans(), st.sampled_from([False, False, True])),
        st.tuples(st.just("wait"), st.sampled_from([60, HOUR, 25 * HOUR])),
    ),
    min_size=6,
    max_size=14,
)


async def talks(town: Town, acts: list[tuple[Any, ...]]) -> None:
    market, tx = town.market, town.tx
    trade = await an_announced_trade(
        market,
        method=Method.NEGOTIATION,
        lots=[LotDraft(start_price_minor=50_000_000)],
        terms={"talk_days": 30},
        deposit_minor=0,
    )
    both = market.buyers[:2]
    ids = [(await a_qualified(market, trade, buyer)).id for buyer in both]
    assert trade.bidding_opens_at is not None
    await move_to(tx, trade.bidding_opens_at)
    assert await service.open_due(tx) == 1
    lot = await service.get_lot(tx, market.operator, trade.lot.id)
    model = Talks(micros(lot.effective_end), floor=50_000_000)
    made: list[tuple[int, int, UUID, str]] = []
    for act in acts:
        now = await market_now(tx)
        at = micros(now)
        if act[0] == "wait":
            await move_to(tx, now + timedelta(seconds=act[1]))
        elif act[0] == "offer":
            _, buyer, by_seller, price, lasts = act
            until = now + timedelta(seconds=lasts)
            expected = model.offer(buyer, by_seller, price, micros(until), at)
            who, to = (market.seller, ids[buyer]) if by_seller else (both[buyer], None)
            offer = service.make_offer(tx, who, lot.id, minor=price, valid_until=until, participant_id=to)
            said, view = await said_of(offer)
            assert said == expected, act
            if view is not None:
                made.append((buyer, len(model.tables[buyer]) - 1, view.id, view.document_sha256))
        elif made:
            _, which, by_seller, accept = act
            buyer, n, offer_id, sha256 = made[-1 - which % len(made)]
            expected = model.answer(buyer, n, by_seller, at, accept)
            who = market.seller if by_seller else both[buyer]
            answer = (
                service.accept_offer(tx, who, offer_id, document_sha256=sha256)
                if accept
                else service.decline_offer(tx, who, offer_id)
            )
            said, _ = await said_of(answer)
            assert said == expected, act
    if model.sold is None:
        await forward(tx, lot.effective_end or ZERO)
        assert await service.close_due(tx) == 1
    awards = await service.list_awards(tx, market.operator, trade.id)
    found = [
        (both.index(next(b for b in both if b.org == one.buyer_organisation_id)), one.price.minor) for one in awards
    ]
    assert found == ([] if model.sold is None else [model.sold])


async def said_of(act: Coroutine[Any, Any, Any]) -> tuple[str, Any]:
    try:
        return "ok", await act
    except NotInThisState:
        return "not_in_this_state", None
    except Refusal as refused:
        return refused.code, None


def test_talks_through_the_market_go_as_their_model_says(town: Town) -> None:
    @FEW
    @given(acts=TALK_ACTS)
    def play(acts: list[tuple[Any, ...]]) -> None:
        town.run(talks(town, acts))

    play()


# --- sealed quotes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("charge", ["FIRST_PRICE", "SECOND_PRICE"])
async def test_sealed_quotes_through_the_market_are_ranked_and_charged_as_the_model_says(
    tx: Tx, keys: Keys, charge: str
) -> None:
    dice = random.Random(charge)
    lot = await a_sealed_lot(tx, keys, buyers=4, charge=charge)
    top = dice.randint(50_000_000, 90_000_000)
    quotes = [top, top, dice.randint(50_000_000, top), 49_999_999]
    dice.shuffle(quotes)
    numbers = {}
    for buyer, minor in zip(lot.market.buyers, quotes, strict=True):
        await lot.put(buyer, "510000.00")
        await lot.put(buyer, f"{minor // 100}.{minor % 100:02d}")
        numbers[buyer.org] = await lot.number_of(buyer)
    await lot.end()
    await lot.open()
    async with tx.read() as db:
        query = text("SELECT number, drawn FROM opened_envelope WHERE lot_id = :lot AND drawn IS NOT NULL")
        drawn = {row.number: row.drawn for row in (await db.execute(query, {"lot": lot.id})).all()}
    told = [(number, minor, drawn.get(number, 99)) for number, minor in zip(numbers.values(), quotes, strict=True)]
    expected = models.sealed_ranking(told, second_price=charge == "SECOND_PRICE", limit=50_000_000)
    awards = await service.list_awards(tx, lot.market.operator, lot.trade.id)
    assert [(numbers[one.buyer_organisation_id], one.price.minor) for one in awards] == expected[:2]


# --- a clock that goes backwards ------------------------------------------------------------------------------------

REAL_TIME, REAL_NS = time.time, time.time_ns
YEAR = timedelta(days=365)


class _IsADatetime(type):
    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, datetime)


class LastYear(datetime, metaclass=_IsADatetime):
    """What a machine reads whose clock was set back a year."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) - YEAR


def set_back(monkeypatch: pytest.MonkeyPatch) -> int:
    """Every clock that the market's code in this process could read; returns how many rooms' clocks these were."""
    monkeypatch.setattr(time, "time", lambda: REAL_TIME() - YEAR.total_seconds())
    monkeypatch.setattr(time, "time_ns", lambda: REAL_NS() - int(YEAR.total_seconds()) * 10**9)
    moved = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("techmarket.") and getattr(module, "datetime", None) is datetime
    ]
    for module in moved:
        monkeypatch.setattr(module, "datetime", LastYear)
    return len(moved)


def yuan(minor: int) -> dict[str, str]:
    return {"amount": f"{minor // 100}.{minor % 100:02d}", "currency": "CNY"}


async def test_a_clock_that_goes_backwards_on_the_machine_changes_no_decision(
    tx: Tx, keys: Keys, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    # The free period is over: every leading bid moves the end, counted from the time of the bid.
    lot = await an_open_lot(tx, [one.actor, two.actor], free_seconds=60, opened_ago=timedelta(seconds=61))
    start = await service.get_lot(tx, one.actor, lot.id)
    model = Rising(50_000_000, 1_000_000, micros(start.free_ends_at), 180 * SECOND, micros(start.hard_end))
    steps: tuple[tuple[str, int], ...] = ((one.key, 0), (two.key, 1), (one.key, 1), (one.key, 2), (two.key, 3))
    times: list[datetime] = []

    async def bid(key: str, step: int) -> str:
        before = await market_now(tx)
        answer = await api.post(
            f"/v1/lots/{lot.id}/bids", json={"amount": yuan(50_000_000 + step * 1_000_000)}, key=key
        )
        said = answer.json()
        receipt = said["receipt"]
        at = datetime.fromisoformat(receipt["at"])
        assert before <= at <= await market_now(tx)
        verdict, _ = model.act(receipt["bidder"], 50_000_000 + step * 1_000_000, micros(at))
        assert receipt["verdict"] == verdict
        if verdict == LEADS:
            assert micros(datetime.fromisoformat(said["effective_end"])) == model.end
        times.append(at)
        return verdict

    said = [await bid(*steps[0])]
    assert set_back(monkeypatch) > 20
    assert REAL_TIME() - time.time() > 360 * 86_400
    said += [await bid(*step) for step in steps[1:]]
    assert said == [LEADS, LEADS, models.LOW, LEADS, LEADS]
    assert await service.close_due(tx) == 0
    await end_now(tx, lot.id)
    shown = await service.get_lot(tx, one.actor, lot.id)
    model.end = micros(shown.effective_end)
    assert await bid(one.key, 9) == OVER
    monkeypatch.undo()
    assert await bid(two.key, 10) == OVER
    assert times == sorted(times)
    assert (await service.get_lot(tx, one.actor, lot.id)).seq == 7
