"""The open methods, each against a model of its own: written in whole seconds without looking at the rule."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from techmarket.kernel.money import Money
from techmarket.kernel.refusals import Refusal
from techmarket.trading import errors, rules
from techmarket.trading.lifecycle import Method
from techmarket.trading.methods import METHODS, Candidate, Standing
from techmarket.trading.methods.descending import Descending, price_at, reached_at
from techmarket.trading.methods.fixed_price import FixedPrice, method_at_opening
from techmarket.trading.methods.online_bidding import OnlineBidding
from techmarket.trading.rules import (
    BELOW_FLOOR,
    LEADING,
    NOT_QUALIFIED,
    NOT_REACHED,
    NOT_THE_PRICE,
    OFF_STEP,
    OVER,
    TOO_LOW,
    Bid,
    BookLine,
    Decision,
    LotState,
    LotTerms,
)

LOT = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
T0 = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def a_falling_lot(
    *, start: int = 1_000, step: int = 100, floor: int = 450, pace: int = 60, stop: int = 1_000
) -> LotState:
    terms = LotTerms(LOT, start, step, timedelta(0), T0, at(stop), floor, timedelta(seconds=pace))
    return LotState(terms, at(stop), 0, rules.first_chain(LOT, "0" * 64))


def a_fixed_lot(*, price: int = 1_000, stop: int = 1_000) -> LotState:
    terms = LotTerms(LOT, price, 100, timedelta(seconds=10), at(stop), at(stop))
    return LotState(terms, at(stop), 0, rules.first_chain(LOT, "0" * 64))


def a_rising_lot(*, free: int = 100, limited: int = 30, stop: int = 200) -> LotState:
    periods = rules.periods_from(T0, free_seconds=free, limited_seconds=limited, hard_stop_seconds=stop)
    terms = LotTerms(LOT, 1_000, 100, timedelta(seconds=limited), periods.free_ends_at, periods.hard_end)
    return LotState(terms, periods.effective_end, 0, rules.first_chain(LOT, "0" * 64))


# --- descending -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "seconds, price",
    [(0, 1_000), (59.999999, 1_000), (60, 900), (119, 900), (120, 800), (330, 500), (360, 450), (999, 450)],
)
def test_the_price_falls_by_one_step_each_whole_pace_and_never_below_the_floor(seconds: float, price: int) -> None:
    lot = a_falling_lot()
    assert price_at(lot.terms, at(seconds)) == price
    assert Descending().least(lot, at(seconds)) == price


@pytest.mark.parametrize(
    "minor, seconds, verdict, least",
    [
        (1_000, 0, LEADING, 1_000),
        (1_500, 0, LEADING, 1_000),
        (999, 0, NOT_REACHED, 1_000),
        (900, 59.999999, NOT_REACHED, 1_000),
        (900, 60, LEADING, 900),
        (950, 60, LEADING, 900),
        (450, 330, NOT_REACHED, 500),
        (450, 360, LEADING, 450),
        (449, 360, BELOW_FLOOR, 450),
        (1, 0, BELOW_FLOOR, 450),
        (1_000, 1_000, OVER, 450),
    ],
)
def test_the_first_acceptance_at_or_above_the_price_of_the_moment_wins_at_the_price_of_the_moment(
    minor: int, seconds: float, verdict: str, least: int
) -> None:
    decision = Descending().decide(a_falling_lot(), Bid(7, minor), now=at(seconds))
    told = {LEADING: least, OVER: minor}.get(verdict, least - 1)  # of who named too little, only that it was
    assert (decision.entry.verdict, decision.entry.minor, decision.least_minor) == (verdict, told, least)
    assert decision.lot.leading_minor == (least if verdict == LEADING else None)
    assert decision.lot.effective_end == (at(seconds) if verdict == LEADING else at(1_000))


def test_an_acceptance_ends_the_lot_for_everyone_of_the_same_instant_too() -> None:
    first = Descending().decide(a_falling_lot(), Bid(1, 900), now=at(60))
    second = Descending().decide(first.lot, Bid(2, 1_000), now=at(60))
    assert [d.entry.verdict for d in (first, second)] == [LEADING, OVER]
    assert (second.lot.leading_bidder, second.lot.leading_minor) == (1, 900)


def test_who_is_not_qualified_takes_no_falling_price() -> None:
    decision = Descending().decide(a_falling_lot(), Bid(1, 1_000, is_qualified=False), now=at(0))
    assert (decision.entry.verdict, decision.lot.leading_minor) == (NOT_QUALIFIED, None)


@given(
    start=st.integers(1, 10**6),
    step=st.integers(1, 10**4),
    floor=st.integers(1, 10**6),
    pace=st.integers(1, 600),
    stop=st.integers(60, 10**5),
    minor=st.integers(1, 10**6),
)
def test_the_instant_a_refusal_names_is_the_first_at_which_the_same_amount_wins(
    start: int, step: int, floor: int, pace: int, stop: int, minor: int
) -> None:
    lot = a_falling_lot(start=max(start, floor), step=step, floor=floor, pace=pace, stop=stop)
    now = reached_at(lot.terms, minor)
    if now is None:
        assert minor < floor or price_at(lot.terms, at(stop) - TICK) > minor
        return
    assert Descending().decide(lot, Bid(1, minor), now=now).entry.verdict == LEADING
    if now > T0:
        assert Descending().decide(lot, Bid(1, minor), now=now - TICK).entry.verdict == NOT_REACHED


class FallingAgainstAModel(RuleBasedStateMachine):
    """A price board of whole seconds, and at most one sale."""

    def __init__(self) -> None:
        super().__init__()
        self.lot = a_falling_lot()
        self.second = 0
        self.sold: tuple[int, int] | None = None
        self.entries = 0

    @rule(seconds=st.one_of(st.integers(0, 70), st.integers(0, 400)))
    def time_passes(self, seconds: int) -> None:
        self.second += seconds

    @rule(bidder=st.integers(1, 3), minor=st.integers(300, 1_100), qualified=st.sampled_from([True, True, True, False]))
    def someone_accepts(self, bidder: int, minor: int, qualified: bool) -> None:
        board = 1_000
        for _ in range(self.second // 60):
            board = max(board - 100, 450)
        decision = Descending().decide(self.lot, Bid(bidder, minor, qualified), now=at(self.second))
        self.lot = decision.lot
        self.entries += 1
        if self.sold or self.second >= 1_000:
            assert decision.entry.verdict == OVER
        elif not qualified:
            assert decision.entry.verdict == NOT_QUALIFIED
        elif minor < board:
            assert decision.entry.verdict == (NOT_REACHED if minor >= 450 else BELOW_FLOOR)
        else:
            assert decision.entry.verdict == LEADING
            self.sold = (bidder, board)

    @invariant()
    def at_most_one_sale(self) -> None:
        assert (self.lot.leading_bidder, self.lot.leading_minor) == (self.sold or (None, None))
        assert self.lot.seq == self.entries


FallingAgainstAModel.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestFallingAgainstAModel = FallingAgainstAModel.TestCase


# --- fixed price ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "minor, seconds, verdict",
    [
        (1_000, 0, LEADING),
        (999, 0, NOT_THE_PRICE),
        (1_001, 0, NOT_THE_PRICE),
        (1_000, 999, LEADING),
        (1_000, 1_000, OVER),
    ],
)
def test_only_exactly_the_price_is_an_acceptance(minor: int, seconds: float, verdict: str) -> None:
    decision = FixedPrice().decide(a_fixed_lot(), Bid(7, minor), now=at(seconds))
    assert (decision.entry.verdict, decision.least_minor) == (verdict, 1_000)
    assert decision.lot.leading_minor == (1_000 if verdict == LEADING else None)


@pytest.mark.parametrize(
    "ready, method", [(1, Method.FIXED_PRICE), (2, Method.ONLINE_BIDDING), (9, Method.ONLINE_BIDDING)]
)
def test_two_or_more_who_are_ready_when_registration_closes_compete(ready: int, method: Method) -> None:
    assert method_at_opening(ready) is method


class FixedAgainstAModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.lot = a_fixed_lot()
        self.second = 0
        self.taken_by: int | None = None

    @rule(seconds=st.integers(0, 300))
    def time_passes(self, seconds: int) -> None:
        self.second += seconds

    @rule(bidder=st.integers(1, 3), minor=st.sampled_from([999, 1_000, 1_000, 1_001]), qualified=st.booleans())
    def someone_accepts(self, bidder: int, minor: int, qualified: bool) -> None:
        decision = FixedPrice().decide(self.lot, Bid(bidder, minor, qualified), now=at(self.second))
        self.lot = decision.lot
        if self.taken_by is not None or self.second >= 1_000:
            expected = OVER
        elif not qualified:
            expected = NOT_QUALIFIED
        else:
            expected = LEADING if minor == 1_000 else NOT_THE_PRICE
        assert decision.entry.verdict == expected
        if expected == LEADING:
            self.taken_by = bidder

    @invariant()
    def one_buyer_at_the_price(self) -> None:
        price = None if self.taken_by is None else 1_000
        assert (self.lot.leading_bidder, self.lot.leading_minor) == (self.taken_by, price)


FixedAgainstAModel.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestFixedAgainstAModel = FixedAgainstAModel.TestCase


# --- a first refusal in the session ---------------------------------------------------------------------------------


def test_who_has_a_first_refusal_leads_with_an_equal_bid_and_others_must_beat_it_by_the_increment() -> None:
    lot = a_rising_lot()
    acts = [
        (Bid(1, 1_000), LEADING),
        (Bid(9, 1_000, may_match=True), LEADING),  # equal, and leads
        (Bid(9, 1_000, may_match=True), TOO_LOW),  # once only
        (Bid(8, 1_000, may_match=True), TOO_LOW),  # a second holder must beat the first
        (Bid(2, 1_000), TOO_LOW),
        (Bid(2, 1_050), TOO_LOW),
        (Bid(2, 1_100), LEADING),
        (Bid(9, 1_150, may_match=True), OFF_STEP),
        (Bid(8, 1_100, may_match=True), LEADING),
    ]
    for bid, verdict in acts:
        decision = OnlineBidding().decide(lot, bid, now=T0)
        assert decision.entry.verdict == verdict, bid
        lot = decision.lot
    assert (lot.leading_bidder, lot.leading_minor) == (8, 1_100)


def test_before_anybody_has_bid_a_first_refusal_matches_nothing() -> None:
    decision = OnlineBidding().decide(a_rising_lot(), Bid(9, 900, may_match=True), now=T0)
    assert (decision.entry.verdict, decision.least_minor) == (TOO_LOW, 1_000)


def test_of_equal_prices_the_holders_wins_as_the_one_that_leads() -> None:
    ranked = OnlineBidding().rank([Candidate(1, 1_000, 1), Candidate(9, 1_000, 2, first_refusal=True)], {})
    assert ranked == [Standing(9, 1_000, 2), Standing(1, 1_000, 1)]


class RisingWithHoldersAgainstAModel(RuleBasedStateMachine):
    """Two with a first refusal, two without; the model is a list of (bidder, amount) and a clock in seconds."""

    HOLDERS = frozenset({8, 9})

    def __init__(self) -> None:
        super().__init__()
        self.start = self.lot = a_rising_lot()
        self.second, self.end = 0, 130
        self.led: list[tuple[int, int]] = []
        self.lines: list[BookLine] = []

    @rule(seconds=st.one_of(st.integers(0, 5), st.integers(0, 40)))
    def time_passes(self, seconds: int) -> None:
        self.second += seconds

    @rule(bidder=st.sampled_from([1, 2, 8, 9]), steps=st.integers(-1, 2), off=st.sampled_from([0, 0, 0, 50]))
    def someone_bids(self, bidder: int, steps: int, off: int) -> None:
        top = self.led[-1] if self.led else None
        minor = (1_000 if top is None else top[1]) + 100 * steps + off
        decision = OnlineBidding().decide(
            self.lot, Bid(bidder, minor, may_match=bidder in self.HOLDERS), now=at(self.second)
        )
        self.lot, entry = decision.lot, decision.entry
        self.lines.append(BookLine(entry.seq, bidder, minor, entry.verdict, entry.at, entry.chain))
        if self.second >= self.end:
            assert entry.verdict == OVER
            return
        matches = top is not None and bidder in self.HOLDERS and top[0] not in self.HOLDERS and minor == top[1]
        enough = minor >= (1_000 if top is None else top[1] + 100)
        if matches or (enough and minor % 100 == 0):
            assert entry.verdict == LEADING
            self.led.append((bidder, minor))
            if self.second > 100:
                self.end = min(max(self.end, self.second + 30), 300)
        else:
            assert entry.verdict in (TOO_LOW, OFF_STEP)

    @invariant()
    def book_and_model_agree(self) -> None:
        assert (self.lot.leading_bidder, self.lot.leading_minor) == (self.led[-1] if self.led else (None, None))
        assert self.lot.effective_end == at(self.end)

    def teardown(self) -> None:
        assert rules.replay(self.start, self.lines, OnlineBidding().decide, holders=self.HOLDERS) == self.lot


RisingWithHoldersAgainstAModel.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestRisingWithHoldersAgainstAModel = RisingWithHoldersAgainstAModel.TestCase


# --- the end of a period, in every order ----------------------------------------------------------------------------

ACTS = (Bid(1, 1_000), Bid(2, 1_000), Bid(3, 1_100), Bid(4, 1_150), Bid(5, 1_200, is_qualified=False))


@pytest.mark.parametrize("before_the_end", range(len(ACTS) + 1))
def test_in_every_order_of_near_simultaneous_acts_the_end_divides_those_in_time_from_those_too_late(
    before_the_end: int,
) -> None:
    """All permutations, the first so many one microsecond before the end and the rest at its very instant."""
    for order in itertools.permutations(ACTS):
        lot = a_rising_lot(stop=30)  # the first end is the hard stop, so no bid moves it
        end = lot.effective_end
        best = None
        for n, bid in enumerate(order):
            decision = OnlineBidding().decide(lot, bid, now=end - TICK if n < before_the_end else end)
            lot = decision.lot
            verdict = decision.entry.verdict
            if n >= before_the_end:
                assert verdict == OVER
            elif not bid.is_qualified:
                assert verdict == NOT_QUALIFIED
            elif bid.minor % 100 == 0 and (best is None or bid.minor >= best[1] + 100):
                assert verdict == LEADING
                best = (bid.bidder, bid.minor)
            else:
                assert verdict in (TOO_LOW, OFF_STEP)
        assert (lot.leading_bidder, lot.leading_minor, lot.effective_end) == (*(best or (None, None)), end)


def test_a_bid_in_the_last_instant_of_the_limited_period_moves_the_end_for_whoever_comes_after_it() -> None:
    for order in itertools.permutations((Bid(1, 1_000), Bid(2, 1_100), Bid(3, 1_200))):
        lot = a_rising_lot()
        last = lot.effective_end - TICK
        first = OnlineBidding().decide(lot, order[0], now=last)
        later = [first]
        for bid in order[1:]:
            later.append(OnlineBidding().decide(later[-1].lot, bid, now=last + TICK))
        assert first.lot.effective_end == last + timedelta(seconds=30)
        assert all(decision.entry.verdict != OVER for decision in later)


# --- every way a bid can be wrong -----------------------------------------------------------------------------------

WRONG: dict[str, tuple[Decision, str]] = {
    TOO_LOW: (OnlineBidding().decide(a_rising_lot(), Bid(1, 900), now=T0), "10.00 CNY"),
    OFF_STEP: (OnlineBidding().decide(a_rising_lot(), Bid(1, 1_050), now=T0), "10.00 CNY"),
    OVER: (OnlineBidding().decide(a_rising_lot(), Bid(1, 1_000), now=at(130)), "2026-03-02T01:02:10Z"),
    NOT_QUALIFIED: (OnlineBidding().decide(a_rising_lot(), Bid(1, 1_000, False), now=T0), ""),
    NOT_REACHED: (Descending().decide(a_falling_lot(), Bid(1, 900), now=T0), "2026-03-02T01:01:00Z"),
    BELOW_FLOOR: (Descending().decide(a_falling_lot(), Bid(1, 100), now=T0), "4.50 CNY"),
    NOT_THE_PRICE: (FixedPrice().decide(a_fixed_lot(), Bid(1, 900), now=T0), "10.00 CNY"),
}


def test_every_way_a_bid_can_be_wrong_is_here() -> None:
    verdicts = {value for name, value in vars(rules).items() if name.isupper() and str(value).startswith("trading.")}
    assert set(WRONG) == set(errors.VERDICTS) == verdicts


@pytest.mark.parametrize("verdict", sorted(WRONG))
def test_a_refused_bid_is_told_in_both_languages_what_would_be_enough_or_when(verdict: str) -> None:
    decision, told = WRONG[verdict]
    assert decision.entry.verdict == verdict
    refusal: Refusal = errors.VERDICTS[verdict](
        least=Money(decision.least_minor),
        increment=Money(decision.lot.terms.increment_minor),
        effective_end=decision.lot.effective_end,
        reached_at=reached_at(decision.lot.terms, decision.entry.minor) if verdict == NOT_REACHED else None,
    )
    chinese, english = refusal.detail("zh-CN"), refusal.detail("en")
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert not re.search(r"[\u4e00-\u9fff]", english)
    for sentence in (chinese, english):
        assert "?" not in sentence
        assert told in sentence


# --- what is published ----------------------------------------------------------------------------------------------

GIVEN = {
    Method.ONLINE_BIDDING: {"free_seconds": 60, "limited_seconds": 10, "hard_stop_seconds": 60},
    Method.DESCENDING: {"step_seconds": 60, "hard_stop_seconds": 3_600},
    Method.FIXED_PRICE: {
        "acceptance_seconds": 3_600,
        "free_seconds": 60,
        "limited_seconds": 10,
        "hard_stop_seconds": 60,
    },
}


@pytest.mark.parametrize("method", sorted(GIVEN))
def test_every_term_of_an_open_method_is_in_its_machine_form_and_an_unknown_one_is_refused(method: Method) -> None:
    way = METHODS[method]
    published = way.published(way.terms(GIVEN[method], {}))
    assert published["method"] == method.value
    assert GIVEN[method].items() <= published.items()
    assert published["bids_can_be_withdrawn"] is False
    with pytest.raises(errors.TermUnknown) as unknown:
        way.terms({**GIVEN[method], "colour": "red"}, {})
    assert unknown.value.pointer == "/body/rules/colour"
    for name in GIVEN[method]:
        with pytest.raises(errors.TermsOutOfRange) as out:
            way.terms({**GIVEN[method], name: 10**9}, {})
        assert out.value.pointer == f"/body/rules/{name}"


@pytest.mark.parametrize("method", [Method.ONLINE_BIDDING, Method.FIXED_PRICE])
def test_a_first_refusal_is_exercised_in_the_session_only_where_that_is_published(method: Method) -> None:
    way = METHODS[method]
    assert "first_refusal" not in way.published(way.terms(GIVEN[method], {}))
    said = way.published(way.terms({**GIVEN[method], "first_refusal": "in_session"}, {}))
    assert (said["first_refusal"], said["holders_equal_bid"]) == ("in_session", "leads_until_beaten")
    with pytest.raises(errors.TermMalformed):
        way.terms({**GIVEN[method], "first_refusal": "whenever"}, {})
