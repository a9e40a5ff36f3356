"""The rules of online bidding: by table, and against a simple model of the same sentence."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from techmarket.kernel.canonical import canonical_json
from techmarket.trading import rules
from techmarket.trading.rules import (
    LEADING,
    NOT_QUALIFIED,
    OFF_STEP,
    OVER,
    TOO_LOW,
    Backed,
    Bid,
    BookLine,
    LotState,
    LotTerms,
)

LOT = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
T0 = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FREE, LIMITED, HARD = timedelta(minutes=60), timedelta(seconds=180), timedelta(minutes=1440)


def a_lot(*, start: int = 50_000_000, increment: int = 1_000_000, leading: int | None = None) -> LotState:
    periods = rules.periods_from(T0, free_seconds=3600, limited_seconds=180, hard_stop_seconds=86_400)
    return LotState(
        LotTerms(LOT, start, increment, LIMITED, periods.free_ends_at, periods.hard_end),
        periods.effective_end,
        0 if leading is None else 1,
        rules.first_chain(LOT, "0" * 64),
        None if leading is None else 1,
        None if leading is None else 9,
        leading,
    )


@pytest.mark.parametrize(
    "leading, minor, verdict",
    [
        (None, 49_999_999, TOO_LOW),
        (None, 50_000_000, LEADING),
        (None, 50_000_001, OFF_STEP),
        (None, 51_000_000, LEADING),
        (60_000_000, 60_000_000, TOO_LOW),
        (60_000_000, 60_999_999, TOO_LOW),
        (60_000_000, 61_000_000, LEADING),
        (60_000_000, 61_500_000, OFF_STEP),
        (60_000_000, 99_000_000, LEADING),
        (60_000_000, 1, TOO_LOW),
    ],
)
def test_a_bid_must_beat_the_highest_by_the_increment_and_the_first_must_reach_the_start_price(
    leading: int | None, minor: int, verdict: str
) -> None:
    """A bid must beat the highest by the increment; the first must reach the start price."""
    lot = a_lot(leading=leading)
    decision = rules.decide(lot, Bid(7, minor), now=T0)
    assert decision.entry.verdict == verdict
    assert decision.least_minor == (50_000_000 if leading is None else 61_000_000)
    assert decision.lot.leading_minor == (minor if verdict == LEADING else leading)
    assert decision.lot.leading_bidder == (7 if verdict == LEADING else lot.leading_bidder)


def test_a_refused_bid_takes_a_number_and_a_link_but_moves_neither_price_nor_end() -> None:
    lot = a_lot(leading=60_000_000)
    late = lot.effective_end - timedelta(seconds=1)
    decision = rules.decide(lot, Bid(7, 60_000_000), now=late)
    after = decision.lot
    assert (after.seq, after.leading_minor, after.effective_end) == (2, 60_000_000, lot.effective_end)
    body = canonical_json(
        {
            "lot": str(LOT),
            "seq": 2,
            "bidder": 7,
            "amount_minor": 60_000_000,
            "verdict": TOO_LOW,
            "at": "2026-03-02T02:02:59.000000+00:00",
        }
    )
    assert after.chain == hashlib.sha256(lot.chain + body).digest()


@pytest.mark.parametrize(
    "at, end",
    [
        (timedelta(0), FREE + LIMITED),
        (FREE - timedelta(seconds=1), FREE + LIMITED),
        (FREE, FREE + LIMITED),
        (FREE + timedelta(seconds=179), FREE + timedelta(seconds=179) + LIMITED),
    ],
)
def test_a_leading_bid_restarts_the_limited_period_and_changes_nothing_in_the_free_period(
    at: timedelta, end: timedelta
) -> None:
    decision = rules.decide(a_lot(), Bid(7, 50_000_000), now=T0 + at)
    assert decision.entry.verdict == LEADING
    assert decision.lot.effective_end == T0 + end


def test_no_bid_extends_the_lot_past_the_hard_stop() -> None:
    lot, now = a_lot(), T0
    amount = 50_000_000
    while now < lot.terms.hard_end:
        decision = rules.decide(lot, Bid(7, amount), now=now)
        assert decision.entry.verdict == LEADING
        lot, amount, now = decision.lot, amount + 1_000_000, now + timedelta(seconds=179)
    assert lot.effective_end == lot.terms.hard_end == T0 + FREE + HARD
    assert rules.decide(lot, Bid(7, amount), now=lot.terms.hard_end).entry.verdict == OVER


def test_the_instant_of_the_end_is_too_late_and_one_microsecond_before_is_not() -> None:
    lot = a_lot()
    assert rules.decide(lot, Bid(7, 50_000_000), now=lot.effective_end).entry.verdict == OVER
    assert (
        rules.decide(lot, Bid(7, 50_000_000), now=lot.effective_end - timedelta(microseconds=1)).entry.verdict
        == LEADING
    )


def test_who_is_not_qualified_is_refused_on_record_even_with_the_highest_bid() -> None:
    decision = rules.decide(a_lot(), Bid(7, 99_000_000, is_qualified=False), now=T0)
    assert (decision.entry.verdict, decision.entry.seq, decision.lot.leading_minor) == (NOT_QUALIFIED, 1, None)


@pytest.mark.parametrize("minor, above", [(30, False), (31, True)])
def test_a_deposit_is_at_most_the_customary_part_of_the_floor_price(minor: int, above: bool) -> None:
    assert rules.deposit_is_above_custom(minor, floor_minor=100, ratio_max=Decimal("0.30")) is above


@pytest.mark.parametrize(
    "floor, band",
    [
        (100_000_000, "floor_price_low"),
        (100_000_001, "floor_price_middle"),
        (999_999_999, "floor_price_middle"),
        (1_000_000_000, "floor_price_high"),
    ],
)
def test_the_floor_price_band_includes_its_limits_as_the_rows_say(floor: int, band: str) -> None:
    assert rules.floor_price_band(floor, low_max_minor=100_000_000, high_min_minor=1_000_000_000) == band


def test_the_hard_stop_bounds_even_the_first_limited_period() -> None:
    periods = rules.periods_from(T0, free_seconds=60, limited_seconds=600, hard_stop_seconds=300)
    assert periods.effective_end == periods.hard_end == T0 + timedelta(seconds=360)


@given(
    seq=st.integers(1, 2**53 - 1),
    bidder=st.integers(1, 9999),
    minor=st.integers(1, 10**14),
    verdict=st.sampled_from([LEADING, TOO_LOW, OFF_STEP, OVER, NOT_QUALIFIED]),
    at=st.datetimes(timezones=st.just(UTC)),
)
def test_the_bytes_of_an_entry_are_canonical_json(
    seq: int, bidder: int, minor: int, verdict: str, at: datetime
) -> None:
    body = rules.canonical_decision(lot_id=LOT, seq=seq, bidder=bidder, minor=minor, verdict=verdict, at=at)
    again = {
        "lot": str(LOT),
        "seq": seq,
        "bidder": bidder,
        "amount_minor": minor,
        "verdict": verdict,
        "at": at.isoformat(timespec="microseconds"),
    }
    assert body == canonical_json(again)


def _line(decision: rules.Decision) -> BookLine:
    entry = decision.entry
    return BookLine(entry.seq, entry.bidder, entry.minor, entry.verdict, entry.at, entry.chain)


def test_the_public_record_replays_to_the_same_winner_and_a_changed_line_does_not() -> None:
    lot, lines = a_lot(), []
    for bidder, minor in ((1, 50_000_000), (2, 50_500_000), (2, 52_000_000), (1, 51_000_000)):
        decision = rules.decide(lot, Bid(bidder, minor), now=T0)
        lines.append(_line(decision))
        lot = decision.lot
    replayed = rules.replay(a_lot(), lines)
    assert replayed == lot
    assert (lot.leading_bidder, lot.leading_minor, lot.seq) == (2, 52_000_000, 4)
    forged = BookLine(3, 2, 53_000_000, LEADING, T0, lines[2].chain)
    assert rules.replay(a_lot(), [*lines[:2], forged, *lines[3:]]) is None
    assert rules.replay(a_lot(), [lines[0], *lines[2:]]) is None


class AgainstASimpleModel(RuleBasedStateMachine):
    """The book against a list of accepted amounts and a clock in whole seconds, written without looking at it."""

    def __init__(self) -> None:
        super().__init__()
        self.lot = a_lot(start=1_000, increment=100)
        self.second = 0
        self.accepted: list[tuple[int, int]] = []
        self.end = 3600 + 180
        self.entries = 0

    @rule(seconds=st.one_of(st.integers(0, 200), st.integers(0, 40_000)))
    def time_passes(self, seconds: int) -> None:
        self.second += seconds

    @rule(bidder=st.integers(1, 3), steps=st.integers(-2, 4), off=st.sampled_from([0, 0, 0, 1, 50]))
    def someone_bids(self, bidder: int, steps: int, off: int) -> None:
        highest = self.accepted[-1][1] if self.accepted else None
        amount = max(1, (900 if highest is None else highest) + 100 * steps + off)
        decision = rules.decide(self.lot, Bid(bidder, amount), now=T0 + timedelta(seconds=self.second))
        self.lot = decision.lot
        self.entries += 1
        if self.second >= self.end:
            assert decision.entry.verdict == OVER
        elif amount < (1_000 if highest is None else highest + 100):
            assert decision.entry.verdict == TOO_LOW
        elif amount % 100:
            assert decision.entry.verdict == OFF_STEP
        else:
            assert decision.entry.verdict == LEADING
            self.accepted.append((bidder, amount))
            if self.second > 3600:
                self.end = min(self.second + 180, 3600 + 86_400)

    @invariant()
    def book_and_model_agree(self) -> None:
        winner, price = self.accepted[-1] if self.accepted else (None, None)
        assert (self.lot.leading_bidder, self.lot.leading_minor) == (winner, price)
        assert self.lot.effective_end == T0 + timedelta(seconds=self.end)
        assert self.lot.seq == self.entries


AgainstASimpleModel.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAgainstASimpleModel = AgainstASimpleModel.TestCase


def test_what_a_state_asks_for_next_is_the_start_price_and_then_a_step_above_the_highest() -> None:
    assert a_lot().least_next_bid() == 50_000_000
    assert a_lot(leading=60_000_000).least_next_bid() == 61_000_000
    assert a_lot().lot_id == LOT


@pytest.mark.parametrize(
    ("named", "verdict", "charges_least", "told"),
    [
        (90, LEADING, False, 90),
        (90, TOO_LOW, False, 90),
        (90, LEADING, True, 70),  # what would have been enough, and not what he would have given
        (60, NOT_QUALIFIED, True, 69),
        (60, TOO_LOW, True, 60),
    ],
)
def test_of_a_falling_price_the_book_tells_no_amount_that_was_named_beyond_it(
    named: int, verdict: str, charges_least: bool, told: int
) -> None:
    assert rules.told_minor(named, 70, verdict, charges_least=charges_least) == told


@given(st.lists(st.builds(Backed, st.booleans(), st.booleans(), st.booleans()), max_size=4))
def test_a_deposit_goes_back_once_every_lot_it_backs_is_done_with(lots: list[Backed]) -> None:
    one_by_one = [rules.is_idle([lot]) for lot in lots]
    assert rules.is_idle(lots) is all(one_by_one)
    for lot, is_idle in zip(lots, one_by_one, strict=True):
        if lot.has_standing_award:
            assert not is_idle
        elif not lot.is_seated:
            assert is_idle
        else:
            assert is_idle is not lot.is_undecided
