from __future__ import annotations

import operator
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.kernel.money import (
    AmountMalformed,
    CurrenciesDiffer,
    Money,
    RateMalformed,
    RateTooHigh,
    Rounding,
    amount_text,
    apply_rate,
    apply_rate_to_each,
    largest_remainder,
    parse_rate,
)


@pytest.mark.parametrize(
    "text, minor",
    [
        ("600000.00", 60000000),
        ("0.00", 0),
        ("0.01", 1),
        ("-0.01", -1),
        ("-12.30", -1230),
        ("999999999999999.99", 99999999999999999),
    ],
)
def test_an_amount_is_read_and_written_back_the_same(text: str, minor: int) -> None:
    assert Money.parse(text) == Money(minor, "CNY")
    assert Money(minor).amount == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "600000",
        "600000.0",
        "600000.000",
        "600000.",
        ".50",
        "+1.00",
        " 1.00",
        "1.00 ",
        "1.00\n",
        "1e5",
        "1E5.00",
        "1,000.00",
        "1_0.00",
        "--1.00",
        "-0.00",
        "007.00",
        "0x1.00",
        "NaN",
        "Infinity",
        "１.00",  # a full-width digit is a digit to int(), not to us
        "١.00",
        "1000000000000000.00",
        "1。00",
    ],
)
def test_an_amount_with_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(AmountMalformed) as refused:
        Money.parse(text, pointer="/price/amount")
    assert refused.value.code == "money.malformed"
    assert refused.value.facts == {"given": text}
    assert refused.value.pointer == "/price/amount"


def test_a_refusal_repeats_no_more_than_the_beginning_of_a_long_text() -> None:
    with pytest.raises(AmountMalformed) as refused:
        Money.parse("9" * 100_000)
    assert refused.value.facts == {"given": "9" * 40}


def test_money_is_never_a_float_a_bool_or_a_decimal() -> None:
    for wrong in (1.0, True, Decimal(1), "1"):
        with pytest.raises(TypeError):
            Money(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            apply_rate(wrong, Decimal("0.5"), Rounding.HALF_UP)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            largest_remainder(wrong, [1])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money.parse(1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        parse_rate(0.03)  # type: ignore[arg-type]
    for wrong in (0.5, True, "0.5", None):
        with pytest.raises(TypeError):
            apply_rate(100, wrong, Rounding.HALF_UP)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            largest_remainder(100, [1, wrong])  # type: ignore[list-item]
    for act in (operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge):
        for other in (1, 1.0, Decimal(1), None):
            with pytest.raises(TypeError):
                act(Money(1), other)


def test_a_currency_is_three_capital_letters() -> None:
    for wrong in ("cny", "CN", "RMB1", "", "人民币"):
        with pytest.raises(ValueError, match="currency"):
            Money(1, wrong)


def test_amounts_of_one_currency_add_subtract_and_compare() -> None:
    assert Money(150) + Money(50) == Money(200)
    assert Money(150) - Money(200) == Money(-50)
    assert -Money(150) == Money(-150)
    assert Money(1) < Money(2) <= Money(2)
    assert Money(2) > Money(1) >= Money(1)
    assert max(Money(3), Money(7), Money(5)) == Money(7)
    assert str(Money(60000000)) == "600000.00 CNY"
    assert [amount_text(minor) for minor in (0, 5, -5, 100, -12_345)] == ["0.00", "0.05", "-0.05", "1.00", "-123.45"]


def test_amounts_of_different_currencies_do_not_mix() -> None:
    yuan, euro = Money(100, "CNY"), Money(100, "EUR")
    assert yuan != euro
    for mix in (
        lambda: yuan + euro,
        lambda: yuan - euro,
        lambda: yuan < euro,
        lambda: yuan <= euro,
        lambda: yuan > euro,
        lambda: yuan >= euro,
    ):
        with pytest.raises(CurrenciesDiffer) as refused:
            mix()
        assert refused.value.code == "money.currencies_differ"
        assert set(refused.value.facts.values()) == {"CNY", "EUR"}


@pytest.mark.parametrize(
    "minor, rate, half_up, up",
    [
        (10000, "0.03", 300, 300),
        (1, "0.5", 1, 1),
        (3, "0.5", 2, 2),
        (1, "0.499999999999", 0, 1),
        (1, "0.000000000001", 0, 1),
        (0, "0.7", 0, 0),
        (-1, "0.5", -1, 0),
        (-3, "0.5", -2, -1),
        (-10000, "0.03", -300, -300),
        (99999999999999999, "0.333333333333", 33333333333300000, 33333333333300000),
        (99999999999999999, "0.999999999999", 99999999999899999, 99999999999900000),
    ],
)
def test_not_less_than_rounds_up_and_the_rest_half_up(minor: int, rate: str, half_up: int, up: int) -> None:
    assert apply_rate(minor, Decimal(rate), Rounding.HALF_UP) == half_up
    assert apply_rate(minor, Decimal(rate), Rounding.UP) == up


def test_a_rate_is_applied_exactly_whatever_the_decimal_context_says() -> None:
    with localcontext() as context:
        context.prec = 3
        assert apply_rate(12345678901, Decimal("0.5"), Rounding.HALF_UP) == 6172839451
        assert largest_remainder(12345678901, [Decimal("0.123456789"), Decimal("0.876543211")]) == [
            1524157875,
            10821521026,
        ]
    assert apply_rate(100, Fraction(1, 3), Rounding.UP) == 34


def test_a_rate_that_is_not_a_number_is_an_error() -> None:
    for wrong in ("NaN", "Infinity", "-Infinity"):
        with pytest.raises(ValueError, match="finite"):
            apply_rate(1, Decimal(wrong), Rounding.UP)


@given(minor=st.integers(-(10**17), 10**17), millionths=st.integers(0, 10**6))
@settings(max_examples=300, deadline=None)
def test_a_rounded_amount_is_within_its_bound(minor: int, millionths: int) -> None:
    rate = Decimal(millionths).scaleb(-6)
    exact = minor * Fraction(millionths, 10**6)
    assert abs(apply_rate(minor, rate, Rounding.HALF_UP) - exact) <= Fraction(1, 2)
    assert 0 <= apply_rate(minor, rate, Rounding.UP) - exact < 1
    assert apply_rate(-minor, rate, Rounding.HALF_UP) == -apply_rate(minor, rate, Rounding.HALF_UP)


@pytest.mark.parametrize(
    "total, weights, shares",
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (1, [1, 1], [1, 0]),
        (1, [1, 2], [0, 1]),
        (7, [0, 1, 0, 1], [0, 4, 0, 3]),
        (0, [3, 4], [0, 0]),
        (5, [Decimal("0.5")], [5]),
        (10, [Decimal("0.5"), Fraction(1, 4), Fraction(1, 4)], [5, 3, 2]),
        # remainders .1 .2 .7: the single cent goes to the largest, not to the first
        (100, [Decimal("0.331"), Decimal("0.332"), Decimal("0.337")], [33, 33, 34]),
    ],
)
def test_cents_left_over_go_to_the_largest_remainder_then_to_the_earlier_position(
    total: int, weights: list[Decimal | Fraction | int], shares: list[int]
) -> None:
    assert largest_remainder(total, weights) == shares


def test_a_split_without_any_weight_or_with_a_negative_one_is_an_error() -> None:
    for nothing in ([], [0], [0, Decimal("0.00")]):
        with pytest.raises(ValueError, match="above zero"):
            largest_remainder(100, nothing)
    with pytest.raises(ValueError, match="negative"):
        largest_remainder(100, [2, -1])


weight = st.one_of(
    st.integers(0, 10**6),
    st.decimals(0, 1, places=6, allow_nan=False, allow_infinity=False),
    st.fractions(0, 1, max_denominator=997),
)


@given(st.integers(-(10**17), 10**17), st.lists(weight, min_size=1, max_size=40).filter(any))
@settings(max_examples=300, deadline=None)
def test_a_split_always_sums_and_no_share_is_a_cent_or_more_away(
    total: int, weights: list[Decimal | Fraction | int]
) -> None:
    shares = largest_remainder(total, weights)
    all_weights = sum(map(Fraction, weights))
    assert sum(shares) == total
    for share, one in zip(shares, weights, strict=True):
        assert abs(share - total * Fraction(one) / all_weights) < 1
        assert one != 0 or share == 0
    assert largest_remainder(-total, weights) == [-share for share in shares]


def test_a_split_among_ten_thousand_people_sums() -> None:
    weights = [Decimal(1 + position % 97) for position in range(10_000)]
    shares = largest_remainder(66_352_206, weights)
    assert (len(shares), sum(shares)) == (10_000, 66_352_206)


@pytest.mark.parametrize("text", ["0", "1", "0.03", "0.7", "1.000000000000", "0.000000000001"])
def test_a_rate_is_read_exactly(text: str) -> None:
    assert parse_rate(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-0.1",
        "+0.1",
        ".5",
        "0.",
        "1e-3",
        "NaN",
        "Infinity",
        " 0.1",
        "0.1\n",
        "00.1",
        "0,1",
        "3%",
        "0.0000000000001",
        "０.1",
    ],
)
def test_a_rate_with_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(RateMalformed) as refused:
        parse_rate(text)
    assert refused.value.code == "money.rate_malformed"


def test_a_rate_stays_under_its_highest() -> None:
    with pytest.raises(RateTooHigh) as refused:
        parse_rate("1.000000000001")
    assert refused.value.facts == {"given": "1.000000000001", "highest": Decimal(1)}
    assert parse_rate("1.5", highest=None) == Decimal("1.5")
    with pytest.raises(RateTooHigh):
        parse_rate("0.31", highest=Decimal("0.3"))


@given(st.lists(st.integers(-(10**14), 10**14), max_size=5), st.integers(0, 2_000_000), st.sampled_from(Rounding))
def test_a_rate_applied_to_each_of_many_is_the_rate_applied_to_one(
    minors: list[int], millionths: int, rounding: Rounding
) -> None:
    rate = Fraction(millionths, 1_000_000)
    assert apply_rate_to_each(minors, rate, rounding) == [apply_rate(minor, rate, rounding) for minor in minors]
