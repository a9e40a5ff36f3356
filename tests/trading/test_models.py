"""Every method's rule against its model (`models.py`), decision by decision, without a database."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from techmarket.trading import rules
from techmarket.trading.lifecycle import Method
from techmarket.trading.methods import BOOKED, METHODS, Candidate
from techmarket.trading.methods.descending import falls_at
from techmarket.trading.rules import Bid, BookLine, LotState, LotTerms, Periods
from tests.trading import models
from tests.trading.models import LEADS, OVER, SECOND, Book, Falling, Fixed, Line, Rising

LOT = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
T0 = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HOLDERS = frozenset({8, 9})


def when(at: int) -> datetime:
    return T0 + timedelta(microseconds=at)


def lot_like(model: Book) -> LotState:
    """The lot as the announcement fixed it, which a model is the counterpart of."""
    if isinstance(model, Rising):
        terms = LotTerms(
            LOT,
            model.start,
            model.step,
            timedelta(microseconds=model.limited),
            when(model.free_until),
            when(model.stop),
        )
    elif isinstance(model, Falling):
        pace = timedelta(microseconds=model.pace)
        terms = LotTerms(
            LOT, model.start, model.step, timedelta(0), when(model.opened), when(model.stop), model.floor, pace
        )
    else:
        terms = LotTerms(LOT, model.price, 100, timedelta(seconds=30), when(model.end), when(model.end))
    return LotState(terms, when(model.end), 0, rules.first_chain(LOT, "0" * 64))


def method_of(model: Book) -> str:
    known: dict[type, Method] = {
        Rising: Method.ONLINE_BIDDING,
        Falling: Method.DESCENDING,
        Fixed: Method.FIXED_PRICE,
    }
    return known[type(model)]


def a_rising() -> Rising:
    return Rising(1_000, 100, 100 * SECOND, 30 * SECOND, 220 * SECOND, HOLDERS)


def a_falling() -> Falling:
    return Falling(1_000, 70, 420, 20 * SECOND, 0, 300 * SECOND)


def a_slow_falling() -> Falling:
    """The lot ends before the floor is reached."""
    return Falling(1_000, 70, 420, 90 * SECOND, 0, 300 * SECOND)


def a_fixed() -> Fixed:
    return Fixed(1_000, 300 * SECOND)


BOOKS: tuple[Callable[[], Book], ...] = (a_rising, a_falling, a_slow_falling, a_fixed)


class Compared:
    """A lot under its rule and its model side by side: each act is told to both, and they must say the same."""

    def __init__(self, model: Book) -> None:
        self.model = model
        self.rules = BOOKED[method_of(model)]
        self.opened = self.lot = lot_like(model)
        self.lines: list[BookLine] = []
        self.said: list[str] = []

    def act(self, who: int, amount: int, at: int, ready: bool = True) -> str:
        end, led = self.lot.effective_end, self.lot.leading_minor
        verdict, enough = self.model.act(who, amount, at, ready)
        decision = self.rules.decide(self.lot, Bid(who, amount, ready, who in HOLDERS), now=when(at))
        entry = decision.entry
        hidden = {LEADS: enough, OVER: amount}.get(verdict, enough - 1)
        told = hidden if self.rules.charges_least else amount
        assert (entry.verdict, entry.minor, entry.seq) == (verdict, told, len(self.lines) + 1)
        if verdict != OVER:
            assert decision.least_minor == enough
        self.lot = decision.lot
        if verdict != LEADS:
            assert (self.lot.effective_end, self.lot.leading_minor) == (end, led), "a refused bid moves nothing"
        elif isinstance(self.model, Rising):
            assert self.lot.effective_end >= end, "a bid never brings the end nearer"
        self.lines.append(BookLine(entry.seq, who, entry.minor, entry.verdict, entry.at, entry.chain))
        self.said.append(verdict)
        self.check()
        return verdict

    def check(self) -> None:
        leads = (self.lot.leading_bidder, self.lot.leading_minor)
        assert leads == (self.model.winner or (None, None))
        assert self.lot.effective_end == when(self.model.end)
        assert self.lot.effective_end <= self.lot.terms.hard_end

    def pause(self, length: int) -> None:
        """The times move, as a resumption moves them; the book stays."""
        terms, paused = self.lot.terms, timedelta(microseconds=length)
        given = rules.give_back(Periods(terms.free_ends_at, self.lot.effective_end, terms.hard_end), paused)
        moved = terms._replace(free_ends_at=given.free_ends_at, hard_end=given.hard_end)
        self.lot = self.lot._replace(terms=moved, effective_end=given.effective_end)
        self.model.paused(length)
        self.check()

    def ranked(self) -> list[tuple[int, int]]:
        """Who gets it, from the book's own lines, as the award reads them."""
        said = [
            Candidate(line.bidder, line.minor, line.seq, None, None, may_match)
            for line in self.lines
            if line.verdict == LEADS
            for may_match in [line.bidder in HOLDERS]
        ]
        return [(one.number, one.price_minor) for one in self.rules.rank(said, {})]


class AgainstItsModel(RuleBasedStateMachine):
    """Time passes, people bid and accept around what would be enough, the operator pauses."""

    made: Callable[[], Book]

    @initialize()
    def opens(self) -> None:
        self.now = 0
        self.both = Compared(type(self).made())
        self.was_paused = False

    @rule(seconds=st.integers(0, 40), more=st.sampled_from([0, 0, 1, SECOND - 1]))
    def time_passes(self, seconds: int, more: int) -> None:
        """Mostly not beyond the end, after which nothing happens any more."""
        later = self.now + seconds * SECOND + more
        self.now = later if later < self.both.model.end or seconds == 40 else max(self.now, self.both.model.end - 1)

    @rule(before=st.integers(0, 1))
    def the_end_is_near(self, before: int) -> None:
        """To the very end, or a microsecond before it."""
        self.now = max(self.now, self.both.model.end - before)

    @rule(length=st.integers(1, 50 * SECOND))
    def paused(self, length: int) -> None:
        if self.now < self.both.model.end:
            self.both.pause(length)
            self.now += length
            self.was_paused = True

    @rule(
        who=st.sampled_from([1, 2, 8, 9]),
        steps=st.one_of(st.integers(-8, 0), st.integers(-2, 3)),
        off=st.sampled_from([0, 0, 0, 1, -1, 50]),
        ready=st.sampled_from([True, True, True, True, False]),
    )
    def someone_bids(self, who: int, steps: int, off: int, ready: bool) -> None:
        lot = self.both.lot
        near = self.both.rules.least(lot, when(self.now)) or lot.leading_minor or 1_000
        if isinstance(self.both.model, Rising):
            steps = max(steps, -1)
        self.both.act(who, max(near + steps * lot.terms.increment_minor + off, 1), self.now, ready)

    @invariant()
    def the_ranking_is_the_models(self) -> None:
        if hasattr(self, "both"):
            assert self.both.ranked() == self.both.model.ranking

    def teardown(self) -> None:
        if hasattr(self, "both") and not self.was_paused:
            replayed = rules.replay(self.both.opened, self.both.lines, self.both.rules.decide, holders=HOLDERS)
            assert replayed == self.both.lot


def machine(made: Callable[[], Book]) -> type:
    found = type(f"Machine_{made.__name__}", (AgainstItsModel,), {"made": staticmethod(made)})
    found.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)  # type: ignore[attr-defined]
    case: type = found.TestCase  # type: ignore[attr-defined]
    return case


TestOnlineBiddingAgainstItsModel = machine(a_rising)
TestDescendingAgainstItsModel = machine(a_falling)
TestDescendingThatEndsAboveItsFloorAgainstItsModel = machine(a_slow_falling)
TestFixedPriceAgainstItsModel = machine(a_fixed)


# --- the end of a period, in every order ----------------------------------------------------------------------------


def in_every_order(times: tuple[int, ...], amounts: tuple[int, ...]) -> Iterator[Compared]:
    """Five acts whose order nobody knows beforehand, at these instants around the end, with every book."""
    acts = list(zip((1, 2, 3, 8, 4), amounts, (True, True, True, True, False), strict=True))
    for made in BOOKS:
        for order in itertools.permutations(acts):
            both = Compared(made())
            end = both.model.end
            for (who, amount, ready), off in zip(order, times, strict=True):
                both.act(who, amount, end + off, ready)
            yield both


@pytest.mark.parametrize("amounts", [(1_000, 1_000, 1_000, 1_000, 1_000), (1_000, 1_100, 1_200, 1_150, 1_300)])
@pytest.mark.parametrize(
    "times",
    [
        (-1, -1, -1, -1, -1),
        (0, 0, 0, 0, 0),
        (-2, -1, 0, 1, 2),
        (-1, 0, 0, 0, 1),
        (-1, -1, 0, 29 * SECOND, 30 * SECOND - 1),
        (-2, -2, -2, 30 * SECOND - 2, 30 * SECOND),
    ],
)
def test_in_every_order_of_five_acts_around_the_end_the_outcome_is_the_models(
    times: tuple[int, ...], amounts: tuple[int, ...]
) -> None:
    for both in in_every_order(times, amounts):
        prices = [line.minor for line in both.lines if line.verdict == LEADS]
        assert prices == sorted(prices), "each leader beat or matched the one before"
        if not isinstance(both.model, Rising):
            assert len(prices) <= 1
        if times[0] >= 0:
            assert both.said == [OVER] * 5
        assert both.ranked() == both.model.ranking


def test_the_hard_stop_ends_what_bids_at_every_last_instant_would_carry_on() -> None:
    both = Compared(a_rising())
    ends = [both.model.end]
    for n in range(6):
        both.act(1 + n % 2, 1_000 + 100 * n, both.model.end - 1)
        ends.append(both.model.end)
    grown = [160 * SECOND - 1, 190 * SECOND - 2, 220 * SECOND - 3]
    assert ends == [130 * SECOND, *grown, *[220 * SECOND] * 3]


def test_a_bid_in_the_free_period_and_one_early_in_the_limited_leave_the_end_where_it_was() -> None:
    both = Compared(a_rising())
    for who, amount, at, end in (
        (1, 1_000, 1, 130 * SECOND),
        (2, 1_100, 100 * SECOND, 130 * SECOND),
        (1, 1_200, 100 * SECOND + 1, 130 * SECOND + 1),
    ):
        assert both.act(who, amount, at) == LEADS
        assert both.lot.effective_end == when(end)


@pytest.mark.parametrize(
    "amount, at, verdict, enough",
    [
        (420, 0, models.EARLY, 1_000),
        (419, 0, models.NEVER, 420),
        (420, 180 * SECOND, LEADS, 420),
    ],
)
def test_who_names_less_than_the_floor_hears_the_least_it_comes_to(
    amount: int, at: int, verdict: str, enough: int
) -> None:
    both = Compared(a_falling())
    assert both.act(1, amount, at) == verdict
    assert both.rules.decide(lot_like(a_falling()), Bid(1, amount), now=when(at)).least_minor == enough


def test_of_a_price_that_cannot_reach_its_floor_in_time_the_least_it_comes_to_is_told() -> None:
    slow = lot_like(a_slow_falling())
    decision = BOOKED["DESCENDING"].decide(slow, Bid(1, 720), now=T0)
    assert (decision.entry.verdict, decision.least_minor) == (models.NEVER, 790)
    assert BOOKED["DESCENDING"].reached_at(slow, 720) is None
    assert BOOKED["DESCENDING"].reached_at(slow, 790) == when(270 * SECOND)
    assert falls_at(slow.terms, when(269 * SECOND)) == when(270 * SECOND)
    assert falls_at(slow.terms, when(270 * SECOND)) is None, "the lot ends before it would fall again"


def test_a_refused_bid_at_the_last_instant_gives_nobody_more_time() -> None:
    for low in (900, 1_050):
        both = Compared(a_rising())
        end = both.model.end
        both.act(1, low, end - 1)
        assert both.lot.effective_end == when(end)
        assert both.act(2, 1_000, end) == OVER


# --- sealed quotes, first and second price --------------------------------------------------------------------------


@given(
    amounts=st.lists(st.integers(400, 620), max_size=6),
    second=st.booleans(),
    limit=st.integers(450, 600),
    shuffle=st.randoms(use_true_random=False),
)
def test_sealed_quotes_are_ranked_and_charged_as_the_model_says(
    amounts: list[int], second: bool, limit: int, shuffle: object
) -> None:
    drawn = list(range(len(amounts)))
    shuffle.shuffle(drawn)  # type: ignore[attr-defined]
    quotes = [(1001 + n, amount, drawn[n]) for n, amount in enumerate(amounts)]
    terms = {"charge": "SECOND_PRICE" if second else "FIRST_PRICE", "limit_minor": limit}
    ranked = METHODS[Method.SEALED].rank([Candidate(*quote) for quote in quotes], terms)
    expected = models.sealed_ranking(quotes, second_price=second, limit=limit)
    assert [(one.number, one.price_minor) for one in ranked] == expected


# --- scored offers and the selection of proposals -------------------------------------------------------------------


FORMULAS = {
    Method.SCORED: ("UPFRONT", "ROYALTY_RATE", "MILESTONES", "PANEL"),
    Method.SELECTION: ("ASKED", "PANEL"),
}
FIELD = {"UPFRONT": "upfront", "ROYALTY_RATE": "royalty_rate", "MILESTONES": "milestones", "ASKED": "asked"}


def money(minor: int) -> dict[str, str]:
    return {"amount": f"{minor // 100}.{minor % 100:02d}", "currency": "CNY"}


def said_of(measure: str, value: int) -> object:
    """A value as an offer words it: fen, or millionths of a rate."""
    if measure == "ROYALTY_RATE":
        return f"{Decimal(value) / 1_000_000:.6f}"
    return [money(value // 2), money(value - value // 2)] if measure == "MILESTONES" else money(value)


@st.composite
def a_contest(draw: st.DrawFn, method: Method) -> tuple[list[Line], dict[int, list[int]], dict[int, int]]:
    measures = FORMULAS[method]
    cuts = sorted(draw(st.sets(st.integers(1, 9_999), min_size=len(measures) - 1, max_size=len(measures) - 1)))
    weights = [after - before for before, after in itertools.pairwise([0, *cuts, 10_000])]
    bound = draw(st.one_of(st.none(), st.integers(300, 500)))
    lines = [
        Line(measure, weight, bound if measure in ("UPFRONT", "ASKED") else None)
        for measure, weight in zip(measures, weights, strict=True)
    ]
    most = {"PANEL": 1_000_000, "ROYALTY_RATE": 1_000_000}
    # Few values, so that scores are equal often enough and the better price or the draw must decide.
    some = st.sampled_from([1, 2, 3, 300, 400, 600])
    value = {m: st.one_of(some, st.integers(1, most.get(m, 600))) for m in measures}
    count = draw(st.integers(1, 5))
    offers = {1001 + n: [draw(value[measure]) for measure in measures] for n in range(count)}
    order = draw(st.permutations(range(count)))
    return lines, offers, {1001 + n: place for n, place in enumerate(order)}


@pytest.mark.parametrize("method", sorted(FORMULAS))
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_scores_rank_as_the_model_counts_them_in_fractions(method: Method, data: st.DataObject) -> None:
    lines, offers, drawn = data.draw(a_contest(method))
    criteria = [
        {
            "name": line.measure.lower(),
            "measure": line.measure,
            "weight": f"{Decimal(line.weight) / 10_000}",
            "least": None if line.bound is None else f"{Decimal(line.bound) / 100}",
        }
        for line in lines
    ]
    candidates = []
    for who, said in offers.items():
        worded = {
            FIELD[line.measure]: said_of(line.measure, value)
            for line, value in zip(lines, said, strict=True)
            if line.measure != "PANEL"
        }
        price = next(value for line, value in zip(lines, said, strict=True) if line.measure in ("UPFRONT", "ASKED"))
        points = {"panel": Decimal(said[-1]) / 10_000}
        candidates.append(Candidate(who, price, drawn[who], {"terms": worded}, points=points))
    ranked = METHODS[method].rank(candidates, {"criteria": criteria})
    assert [one.number for one in ranked] == models.score_ranking(offers, lines, drawn)
    by_number = {one.number: one.minor for one in candidates}
    assert all(one.price_minor == by_number[one.number] for one in ranked)
