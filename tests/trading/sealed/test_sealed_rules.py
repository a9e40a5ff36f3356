"""What counts at an opening, who comes first, at which price, within which budget."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.trading.sealed import rules
from techmarket.trading.sealed.envelopes import Binding, cover, new_key, public_half, seal, write
from techmarket.trading.sealed.rules import Charge, Direction, Judged, Offer, Placed, Quote, Slot, Verdict

LOT = UUID("0190c0de-0000-7000-8000-000000000001")
TERMS = hashlib.sha256(b"terms").hexdigest()
KEY = new_key()
PUBLIC = public_half(KEY)
OTHER = public_half(new_key())


def bound(number: int) -> Binding:
    return Binding(LOT, number, TERMS)


def quote(number: int, amount: str, *, public: bytes = PUBLIC, as_number: int | None = None) -> Slot:
    binding = bound(as_number or number)
    content = {"amount": {"amount": amount, "currency": "CNY"}}
    return Slot(number, seal(write(content, binding), binding, public))


def judge(*slots: Slot, floor: int = 500_000_00) -> list[Judged]:
    return rules.judge(
        slots,
        lot_id=LOT,
        terms_sha256=TERMS,
        private_key=KEY,
        read=rules.amount_in,
        is_in_bounds=lambda minor: minor >= floor,
    )


def verdicts(judged: list[Judged]) -> dict[int, Verdict]:
    return {one.number: one.verdict for one in judged}


def test_quotes_count_and_covers_are_no_quotes():
    judged = judge(quote(2, "600000.00"), Slot(1, cover(bound(1), PUBLIC)), quote(3, "500000.00"))
    assert verdicts(judged) == {1: Verdict.NO_QUOTE, 2: Verdict.COUNTED, 3: Verdict.COUNTED}
    assert [one.minor for one in judged] == [None, 600_000_00, 500_000_00]


def test_a_quote_below_the_floor_is_out_of_bounds_and_keeps_its_content():
    (one,) = judge(quote(1, "499999.99"))
    assert (one.verdict, one.minor) == (Verdict.OUT_OF_BOUNDS, 499_999_99)
    assert one.letter is not None


def test_an_envelope_to_another_key_does_not_open():
    assert verdicts(judge(quote(1, "600000.00", public=OTHER))) == {1: Verdict.WILL_NOT_OPEN}


def test_a_rivals_envelope_in_ones_own_slot_is_a_copy_and_says_whose():
    original = quote(1, "600000.00")
    judged = judge(original, Slot(2, original.envelope), quote(3, "700000.00"))
    assert verdicts(judged) == {1: Verdict.COUNTED, 2: Verdict.COPIED, 3: Verdict.COUNTED}
    assert judged[1] == Judged(2, Verdict.COPIED, copied_from=1)


def test_a_quote_written_under_the_wrong_number_is_not_ones_own():
    assert verdicts(judge(quote(1, "600000.00", as_number=9))) == {1: Verdict.WILL_NOT_OPEN}


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"amount": "600000.00"},
        {"amount": {"amount": "600000", "currency": "CNY"}},
        {"amount": {"amount": "600000.00", "currency": "USD"}},
        {"amount": {"amount": 600000, "currency": "CNY"}},
        {"amount": {"amount": "-600000.00", "currency": "CNY"}},
        {"amount": {"amount": "0.00", "currency": "CNY"}},
        {"amount": {"amount": "600000.00", "currency": "CNY", "if": "nobody bids more"}},
        {"amount": {"amount": "600000.00", "currency": "CNY"}, "condition": "payable next year"},
        {"amount": {"amount": "9999999999999999.00", "currency": "CNY"}},
    ],
)
def test_a_letter_that_is_no_plain_amount_is_malformed(content):
    slot = Slot(1, seal(write(content, bound(1)), bound(1), PUBLIC))
    assert verdicts(judge(slot)) == {1: Verdict.MALFORMED}


def test_a_broken_envelope_disturbs_no_other():
    broken = replace(quote(2, "900000.00"), envelope=bytes(4144))
    assert verdicts(judge(quote(1, "600000.00"), broken)) == {1: Verdict.COUNTED, 2: Verdict.WILL_NOT_OPEN}


def test_what_opens_and_is_no_letter_or_breaks_its_commitment_is_told_apart():
    binding = bound(1)
    letter = write({"amount": {"amount": "500000.00", "currency": "CNY"}}, binding)
    slots = [
        Slot(1, seal(replace(letter, nonce=bytes(32)), binding, PUBLIC)),
        Slot(2, seal(replace(letter, nonce=b"short"), bound(2), PUBLIC)),
        quote(3, "500000.00"),
    ]
    assert verdicts(judge(*slots)) == {1: Verdict.COMMITMENT_BROKEN, 2: Verdict.MALFORMED, 3: Verdict.COUNTED}


def test_the_digest_of_the_slots_changes_with_any_slot_number_or_lot_and_not_with_their_order():
    one, two = quote(1, "600000.00"), quote(2, "600000.00")
    whole = rules.slots_digest(LOT, [one, two])
    assert rules.slots_digest(LOT, [two, one]) == whole
    others = [
        rules.slots_digest(LOT, [one]),
        rules.slots_digest(LOT, [replace(one, number=2), replace(two, number=1)]),
        rules.slots_digest(LOT, [one, replace(two, envelope=two.envelope[:-1] + bytes([two.envelope[-1] ^ 1]))]),
        rules.slots_digest(UUID(int=1), [one, two]),
    ]
    assert len({whole, *others}) == 5


def test_the_draw_is_fixed_by_the_key_and_the_slots_and_by_nothing_else():
    digest = hashlib.sha256(b"slots").digest()
    drawn = rules.draw(bytes(32), digest, [1, 2, 3, 4])
    assert sorted(drawn) == [1, 2, 3, 4]
    assert rules.draw(bytes(32), digest, [4, 3, 2, 1]) == drawn
    orders = {tuple(rules.draw(bytes([n]) * 32, digest, [1, 2, 3, 4])) for n in range(24)}
    assert len(orders) > 8


FLOOR = 500_000_00


def placed(*quotes: tuple[int, int], charge: Charge, **more) -> list[tuple[int, int]]:
    """Number and price of each place; quotes are given in the order drawn."""
    made = [Quote(number, minor, drawn) for drawn, (number, minor) in enumerate(quotes, start=1)]
    ranked = rules.rank(made, charge=charge, **{"limit_minor": FLOOR, **more})
    return [(one.number, one.price_minor) for one in ranked]


def test_under_first_price_each_pays_his_own_quote():
    quotes = [(1, 560_000_00), (2, 640_000_00), (3, 600_000_00)]
    assert placed(*quotes, charge=Charge.FIRST_PRICE) == [(2, 640_000_00), (3, 600_000_00), (1, 560_000_00)]


def test_under_second_price_each_pays_what_the_next_quoted_and_the_last_the_floor():
    quotes = [(1, 560_000_00), (2, 640_000_00), (3, 600_000_00)]
    assert placed(*quotes, charge=Charge.SECOND_PRICE) == [(2, 600_000_00), (3, 560_000_00), (1, FLOOR)]


def test_a_single_bidder_under_second_price_pays_the_floor_or_the_higher_reserve():
    assert placed((1, 640_000_00), charge=Charge.SECOND_PRICE) == [(1, FLOOR)]
    assert placed((1, 640_000_00), charge=Charge.SECOND_PRICE, limit_minor=620_000_00) == [(1, 620_000_00)]


@pytest.mark.parametrize("charge", list(Charge))
def test_of_equal_quotes_the_one_drawn_first_wins_and_pays_that_quote(charge):
    quotes = [(3, 640_000_00), (1, 640_000_00), (2, 500_000_00)]
    assert placed(*quotes, charge=charge)[0] == (3, 640_000_00)
    assert placed(quotes[1], quotes[0], quotes[2], charge=charge)[0] == (1, 640_000_00)


def test_a_quote_below_the_reserve_neither_wins_nor_sets_the_price():
    quotes = [(1, 640_000_00), (2, 610_000_00)]
    assert placed(*quotes, charge=Charge.SECOND_PRICE, limit_minor=620_000_00) == [(1, 620_000_00)]
    assert placed(*quotes, charge=Charge.FIRST_PRICE, limit_minor=650_000_00) == []


def test_where_one_buys_the_lowest_wins_and_second_price_is_the_next_higher_or_the_ceiling():
    quotes = [(1, 560_000_00), (2, 640_000_00), (3, 600_000_00), (4, 700_000_01)]
    low = {"direction": Direction.LOWEST, "limit_minor": 700_000_00}
    assert placed(*quotes, charge=Charge.FIRST_PRICE, **low) == [(1, 560_000_00), (3, 600_000_00), (2, 640_000_00)]
    assert placed(*quotes, charge=Charge.SECOND_PRICE, **low) == [(1, 600_000_00), (3, 640_000_00), (2, 700_000_00)]


def plainly(quotes: list[Quote], charge: Charge, limit: int, direction: Direction) -> list[tuple[int, int]]:
    """The same rule said another way: take the best out again and again, then look who is left."""
    left = [q for q in quotes if (q.minor >= limit if direction is Direction.HIGHEST else q.minor <= limit)]
    order = []
    while left:
        amounts = [q.minor for q in left]
        best = max(amounts) if direction is Direction.HIGHEST else min(amounts)
        first = min((q for q in left if q.minor == best), key=lambda q: q.drawn)
        left.remove(first)
        rest = [q.minor for q in left]
        beaten = (max(rest) if direction is Direction.HIGHEST else min(rest)) if rest else limit
        order.append((first.number, first.minor if charge is Charge.FIRST_PRICE else beaten))
    return order


AMOUNTS = st.lists(st.integers(1, 30), max_size=8)


@settings(max_examples=200)
@given(AMOUNTS, st.sampled_from(Charge), st.sampled_from(Direction), st.integers(1, 30), st.randoms())
def test_the_ranking_agrees_with_the_rule_said_another_way(amounts, charge, direction, limit, shuffle):
    drawn = list(range(len(amounts)))
    shuffle.shuffle(drawn)
    quotes = [Quote(n, minor, place) for n, (minor, place) in enumerate(zip(amounts, drawn, strict=True), start=1)]
    ranked = rules.rank(quotes, charge=charge, limit_minor=limit, direction=direction)
    assert [(one.number, one.price_minor) for one in ranked] == plainly(quotes, charge, limit, direction)
    shuffle.shuffle(quotes)
    assert rules.rank(quotes, charge=charge, limit_minor=limit, direction=direction) == ranked


@settings(max_examples=100)
@given(AMOUNTS.filter(bool), st.integers(1, 30), st.sampled_from(Direction))
def test_nobody_pays_worse_than_he_quoted_or_the_seller_less_than_the_limit(amounts, limit, direction):
    quotes = [Quote(n, minor, n) for n, minor in enumerate(amounts, start=1)]
    for one in rules.rank(quotes, charge=Charge.SECOND_PRICE, limit_minor=limit, direction=direction):
        low, high = sorted((one.quote_minor, limit))
        assert low <= one.price_minor <= high


@settings(max_examples=100)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(1, 40), st.integers(1, 30))
def test_under_second_price_quoting_anything_but_ones_worth_never_pays(others, worth, limit):
    """The winner's own quote decides whether he wins and never what he pays."""

    def gain(mine: int) -> int:
        quotes = [Quote(0, mine, 0), *(Quote(n, minor, n) for n, minor in enumerate(others, start=1))]
        ranked = rules.rank(quotes, charge=Charge.SECOND_PRICE, limit_minor=limit)
        return worth - ranked[0].price_minor if ranked and ranked[0].number == 0 else 0

    assert all(gain(worth) >= gain(other) for other in range(1, 45))


def offer(lot: str, number: int, rate: str, minor: int, drawn: int = 0) -> Offer:
    return Offer(lot, number, Decimal(rate), minor, drawn)


def test_a_budget_goes_to_the_lowest_rates_one_award_a_lot():
    offers = [offer("b", 1, "3", 30), offer("a", 1, "2", 20), offer("a", 2, "1", 15), offer("c", 3, "9", 50)]
    assert rules.award_within(60, offers) == [offers[2], offers[0]]


def test_what_no_longer_fits_is_passed_over_and_a_smaller_one_after_it_may_still_fit():
    offers = [offer("a", 1, "1", 40), offer("b", 2, "2", 30), offer("c", 3, "3", 20)]
    assert rules.award_within(60, offers) == [offers[0], offers[2]]


def test_a_lot_passed_over_may_go_to_a_dearer_rate_that_fits():
    offers = [offer("a", 1, "1", 40), offer("b", 2, "2", 30), offer("b", 3, "3", 20)]
    assert rules.award_within(60, offers) == [offers[0], offers[2]]


def test_equal_rates_go_as_drawn():
    offers = [offer("a", 1, "1.0", 40, drawn=2), offer("a", 2, "1.00", 40, drawn=1)]
    assert rules.award_within(60, offers) == [offers[1]]


def test_placed_tells_quote_and_price_apart():
    ranked = rules.rank([Quote(1, 7, 1), Quote(2, 9, 2)], charge=Charge.SECOND_PRICE, limit_minor=5)
    assert ranked == [Placed(2, 9, 7, 2), Placed(1, 7, 5, 1)]
