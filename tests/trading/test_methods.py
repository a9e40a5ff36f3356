"""Each method of the register: its terms within bounds, its rules in machine form, its ranking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from techmarket.kernel.refusals import Refusal
from techmarket.trading import errors, methods
from techmarket.trading.lifecycle import Method
from techmarket.trading.methods import BOOKED, METHODS, Candidate, Standing, method_rules, rules_of
from techmarket.trading.methods.negotiation import stands_until
from techmarket.trading.rules import LotState, LotTerms

ONLINE = METHODS[Method.ONLINE_BIDDING]
DEFAULTS = {"free_seconds": 3600, "limited_seconds": 180, "hard_stop_seconds": 86_400}


def test_a_method_that_is_not_offered_is_refused_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "METHODS", {Method.ONLINE_BIDDING: ONLINE})
    with pytest.raises(errors.MethodNotOffered) as refused:
        method_rules(Method.NEGOTIATION)
    assert (refused.value.facts["offered"], refused.value.pointer) == (["ONLINE_BIDDING"], "/body/method")


def test_what_is_not_said_of_an_online_bidding_is_the_rulebooks() -> None:
    assert ONLINE.terms({"free_seconds": 60}, DEFAULTS) == DEFAULTS | {"free_seconds": 60}


@pytest.mark.parametrize(
    ("given", "refusal", "field"),
    [
        ({"free_seconds": 59}, errors.TermsOutOfRange, "free_seconds"),
        ({"free_seconds": 30 * 86_400 + 1}, errors.TermsOutOfRange, "free_seconds"),
        ({"limited_seconds": 9}, errors.TermsOutOfRange, "limited_seconds"),
        ({"hard_stop_seconds": 59}, errors.TermsOutOfRange, "hard_stop_seconds"),
        ({"free_seconds": True}, errors.TermMalformed, "free_seconds"),
        ({"free_seconds": 60.0}, errors.TermMalformed, "free_seconds"),
        ({"free_seconds": "60"}, errors.TermMalformed, "free_seconds"),
        ({"free_second": 60}, errors.TermUnknown, "free_second"),
    ],
)
def test_terms_out_of_bounds_or_unknown_are_refused_at_their_field(
    given: dict[str, Any], refusal: type[Refusal], field: str
) -> None:
    with pytest.raises(refusal) as refused:
        ONLINE.terms(given, DEFAULTS)
    assert (refused.value.facts["field"], refused.value.pointer) == (field, f"/body/rules/{field}")


def test_the_rules_in_machine_form_hold_every_term() -> None:
    published = ONLINE.published(DEFAULTS)
    assert published.items() >= DEFAULTS.items()
    assert (published["priority"], published["bids_can_be_withdrawn"]) == (["price", "time"], False)


def test_the_first_trades_said_their_terms_beside_all_the_others() -> None:
    old = {"method": "ONLINE_BIDDING", "rules": [{"key": "trading.free_period"}], **DEFAULTS}
    assert rules_of(old) == ONLINE.published(DEFAULTS)
    assert rules_of({"rules": {"free_seconds": 60}}) == {"free_seconds": 60}


def test_price_then_time_ranks_and_each_bidder_counts_once() -> None:
    bids = [(1, 100, 1), (2, 300, 2), (1, 300, 3), (3, 200, 4), (2, 250, 5)]
    ranked = ONLINE.rank([Candidate(*bid) for bid in bids], ONLINE.published(DEFAULTS))
    assert ranked == [Standing(2, 300, 2), Standing(1, 300, 3), Standing(3, 200, 4)]


LOT = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
T0 = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TERMS: dict[Method, dict[str, Any]] = {
    Method.ONLINE_BIDDING: DEFAULTS,
    Method.DESCENDING: {"step_seconds": 60, "hard_stop_seconds": 86_400},
    Method.FIXED_PRICE: {"acceptance_seconds": 7200},
    Method.NEGOTIATION: {"talk_days": 30},
    Method.SEALED: {"quoting_seconds": 86_400, "charge": "FIRST_PRICE", "limit_minor": 500},
}


@pytest.mark.parametrize(
    ("method", "free", "end", "hard"),
    [
        (Method.ONLINE_BIDDING, 3600, 3780, 90_000),
        (Method.DESCENDING, 0, 86_400, 86_400),
        (Method.FIXED_PRICE, 7200, 7200, 7200),
        (Method.NEGOTIATION, 30 * 86_400, 30 * 86_400, 30 * 86_400),
        (Method.SEALED, 86_400, 86_400, 86_400),
    ],
)
def test_each_method_has_its_own_clock_from_the_opening_on(method: Method, free: int, end: int, hard: int) -> None:
    found = METHODS[method].periods(T0, TERMS[method])
    ends = (found.free_ends_at, found.effective_end, found.hard_end)
    assert [int((one - T0).total_seconds()) for one in ends] == [free, end, hard]


def test_talks_last_as_long_as_was_said_and_end_with_the_one_offer_that_was_accepted() -> None:
    talks = METHODS[Method.NEGOTIATION]
    assert talks.terms({}, {"talk_days": 30}) == {"talk_days": 30}
    assert talks.terms({"talk_days": 180}, {"talk_days": 30}) == {"talk_days": 180}
    for wrong in (0, 181):
        with pytest.raises(errors.TermsOutOfRange):
            talks.terms({"talk_days": wrong}, {})
    published = talks.published({"talk_days": 30})
    assert (published["talk_days"], published["charge"]) == (30, "accepted_offer")
    assert published["price_notice"] == ["MARKET", "UNIT"]
    assert talks.rank([Candidate(1, None), Candidate(2, 700), Candidate(3, 800)], {}) == [Standing(2, 700)]
    assert talks.rank([Candidate(1, None)], {}) == []


def test_an_offer_binds_until_its_hour_and_no_longer_than_the_talks_last() -> None:
    hour = timedelta(hours=1)
    assert stands_until(valid_until=T0, talks_end=T0 + hour) == T0
    assert stands_until(valid_until=T0 + hour, talks_end=T0) == T0


@pytest.mark.parametrize("method", [Method.DESCENDING, Method.FIXED_PRICE])
def test_where_the_first_acceptance_takes_the_lot_the_earlier_one_stands_first(method: Method) -> None:
    taken = [Candidate(3, 500, 9), Candidate(1, 500, 4), Candidate(2, None, 1)]
    assert METHODS[method].rank(taken, {}) == [Standing(1, 500, 4), Standing(3, 500, 9)]


@pytest.mark.parametrize(("charge", "prices"), [("FIRST_PRICE", [900, 700]), ("SECOND_PRICE", [700, 500])])
def test_sealed_quotes_rank_by_amount_and_charge_as_announced(charge: str, prices: list[int]) -> None:
    terms = TERMS[Method.SEALED] | {"charge": charge}
    quotes = [
        Candidate(1, 700, 2),
        Candidate(2, 900, 1),
        Candidate(3, 499, 3),
        Candidate(4, None, 4),
        Candidate(5, 999),
    ]
    ranked = METHODS[Method.SEALED].rank(quotes, terms)
    assert [(one.number, one.price_minor) for one in ranked] == [(2, prices[0]), (1, prices[1])]


def test_where_the_price_does_not_fall_no_moment_is_told_at_which_less_will_do() -> None:
    periods = ONLINE.periods(T0, DEFAULTS)
    terms = LotTerms(LOT, 500, 10, timedelta(seconds=180), periods.free_ends_at, periods.hard_end)
    lot = LotState(terms, periods.effective_end, 0, b"")
    for method in (Method.ONLINE_BIDDING, Method.FIXED_PRICE):
        rules = BOOKED[method.value]
        assert rules.least(lot, T0) == 500
        assert rules.reached_at(lot, 400) is None
