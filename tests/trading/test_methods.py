"""Each method of the register: its terms within bounds, its rules in machine form, its ranking."""

from __future__ import annotations

from typing import Any

import pytest

from techmarket.kernel.refusals import Refusal
from techmarket.trading import errors, methods
from techmarket.trading.lifecycle import Method
from techmarket.trading.methods import METHODS, Candidate, Standing, method_rules, rules_of

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
