"""What comes between the session and the award: final bids, and who may buy at the winner's terms. Rules alone."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from itertools import permutations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from techmarket.trading import final_bids, first_refusal
from techmarket.trading.first_refusal import ClaimState, Holder
from techmarket.trading.methods import Standing

LOT = UUID("0190c0de-0000-7000-8000-000000000001")
RANKED = [Standing(1, 900, 7), Standing(2, 800, 5), Standing(3, 700, 6)]


def holder(number: int, share: str = "0", claimed: int = 0, state: ClaimState = ClaimState.HELD) -> Holder:
    return Holder(number, Decimal(share), claimed, state)


def test_only_leaders_of_a_session_that_announced_it_name_a_final_bid_and_never_one_alone() -> None:
    terms = {"final_bid": final_bids.published(hours=24, leaders=2)}
    assert final_bids.hours_of(terms) == 24
    assert final_bids.hours_of({}) is None
    assert final_bids.invited(RANKED, terms) == RANKED[:2]
    assert final_bids.invited(RANKED[:1], terms) == []
    assert final_bids.invited(RANKED, {}) == []


def test_silence_keeps_the_last_bid_and_of_equal_prices_the_earlier_standing_wins() -> None:
    assert final_bids.rank(RANKED, {}) == RANKED
    ranked = final_bids.rank(RANKED, {3: 1000, 2: 900})
    assert [(one.number, one.price_minor, one.seq) for one in ranked] == [(3, 1000, 6), (1, 900, 7), (2, 900, 5)]


@given(st.dictionaries(st.integers(1, 3), st.integers(901, 10_000)))
def test_nobody_stands_behind_a_lower_price_and_everybody_still_stands(finals: dict[int, int]) -> None:
    ranked = final_bids.rank(RANKED, finals)
    prices = [one.price_minor for one in ranked]
    assert prices == sorted(prices, reverse=True)
    assert {one.number: one.price_minor for one in ranked} == {1: 900, 2: 800, 3: 700} | finals


def test_a_commitment_is_the_hash_of_what_is_shown_later() -> None:
    said = b"techmarket final bid 1\n0190c0de-0000-7000-8000-000000000001\n3\n100\nabc\n"
    assert final_bids.commitment(lot_id=LOT, bidder=3, minor=100, nonce="abc") == hashlib.sha256(said).hexdigest()


def test_holders_are_asked_after_the_session_alone_and_for_as_long_as_announced() -> None:
    assert first_refusal.hours_of({"first_refusal": first_refusal.published(48)}) == 48
    for terms in ({}, {"first_refusal": None}, {"first_refusal": {"when": "in_session", "hours": 48}}):
        assert first_refusal.hours_of(terms) is None


def test_the_larger_share_of_the_title_comes_first_then_the_earlier_claim() -> None:
    holders = [holder(4, "0.2", 1), holder(5, "0.5", 3), holder(6, "0.5", 2), holder(7, "0", 0)]
    for order in permutations(holders):
        assert [one.number for one in first_refusal.in_order(order)] == [6, 5, 4, 7]


def test_against_a_winner_who_holds_one_himself_nobody_is_asked() -> None:
    held = [holder(2), holder(3, state=ClaimState.REFUSED), holder(4, state=ClaimState.CLAIMED)]
    assert [one.number for one in first_refusal.who_is_asked(held, RANKED)] == [2]
    assert first_refusal.who_is_asked(held, []) == []
    assert first_refusal.who_is_asked([*held, holder(1)], RANKED) == []
    # A claim of the winner that the seller refused stops nobody.
    refused = [*held, holder(1, state=ClaimState.REFUSED)]
    assert [one.number for one in first_refusal.who_is_asked(refused, RANKED)] == [2]


def test_it_is_settled_once_somebody_exercised_and_all_before_him_waived() -> None:
    first, second = holder(4, "0.5", state=ClaimState.ASKED), holder(5, "0.2", state=ClaimState.EXERCISED)
    assert not first_refusal.is_settled([first, second])
    assert first_refusal.is_settled([holder(4, "0.5", state=ClaimState.WAIVED), second])
    assert first_refusal.is_settled([])
    assert not first_refusal.is_settled([first])


def test_who_exercises_takes_the_lot_at_the_winners_price_and_the_winner_waits() -> None:
    outsider = holder(9, "0.1", state=ClaimState.EXERCISED)
    assert first_refusal.prefer(RANKED, [outsider]) == [Standing(9, 900), *RANKED]
    third = holder(3, "0.5", state=ClaimState.EXERCISED)
    assert first_refusal.prefer(RANKED, [outsider, third]) == [Standing(3, 900), RANKED[0], RANKED[1]]
    assert first_refusal.prefer(RANKED, [holder(3)]) == RANKED
    assert first_refusal.prefer([], [third]) == []
