"""Money is whole fen (分), rates are decimals, nothing is ever a float; what must sum, sums to the cent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import lcm

from techmarket.kernel.refusals import Kind, Refusal

# One amount has one spelling: no leading zeros and no minus zero, so equal amounts are equal texts in signed bytes.
_AMOUNT = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{2}")
_RATE = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,12})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


class AmountMalformed(Refusal):
    code, kind = "money.malformed", Kind.INVALID
    zh = "金额“{given}”格式不正确；应为带两位小数的数字，例如 600000.00。"
    en = "“{given}” is not an amount; write digits with exactly two decimals, for example 600000.00."


class CurrenciesDiffer(Refusal):
    code, kind = "money.currencies_differ", Kind.INVALID
    zh = "不同币种（{left}、{right}）的金额不能相加、相减或比较。"
    en = "Amounts in different currencies ({left}, {right}) cannot be added, subtracted or compared."


class RateMalformed(Refusal):
    code, kind = "money.rate_malformed", Kind.INVALID
    zh = "比率“{given}”格式不正确；应为最多十二位小数的数字，例如 0.03。"
    en = "“{given}” is not a rate; write digits with at most twelve decimals, for example 0.03."


class RateTooHigh(Refusal):
    code, kind = "money.rate_too_high", Kind.INVALID
    zh = "比率 {given} 超过上限 {highest}。"
    en = "The rate {given} is above the highest possible, {highest}."


class Rounding(Enum):
    HALF_UP = "half_up"
    """To the nearest cent, halves away from zero, so that a reversal is the exact mirror of what it reverses."""
    UP = "up"
    """Toward plus infinity: for amounts that the law or a contract calls "not less than"."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units of one currency."""

    minor: int
    currency: str = "CNY"

    def __post_init__(self) -> None:
        _require_int(self.minor)
        if self.currency != "CNY" and not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"not a currency code: {self.currency!r}")

    @classmethod
    def parse(cls, text: str, currency: str = "CNY", *, pointer: str | None = None) -> Money:
        """An amount on the wire is a decimal string with exactly two decimals."""
        if not isinstance(text, str):
            raise TypeError("an amount is parsed from text")
        if not _AMOUNT.fullmatch(text) or text == "-0.00":
            raise AmountMalformed(pointer=pointer, given=text[:40])
        return cls(int(text.replace(".", "")), currency)

    @property
    def amount(self) -> str:
        return amount_text(self.minor)

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrenciesDiffer(left=self.currency, right=other.currency)

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._same_currency(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._same_currency(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return other < self

    def __ge__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return other <= self

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def amount_text(minor: int) -> str:
    """Minor units as they are written on the wire."""
    whole, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{whole}.{cents:02d}"


def apply_rate(minor: int, rate: Decimal | Fraction | int, rounding: Rounding = Rounding.HALF_UP) -> int:
    """ "Not less than" rounds up to the cent, everything else half up; the product itself is exact."""
    _require_int(minor)
    times, of = _ratio(rate)
    return _rounded(minor * times, of, rounding)


def apply_rate_to_each(
    minors: Sequence[int], rate: Decimal | Fraction | int, rounding: Rounding = Rounding.HALF_UP
) -> list[int]:
    """As `apply_rate`, of many amounts."""
    times, of = _ratio(rate)
    return [_rounded(minor * times, of, rounding) for minor in minors]


def _rounded(product: int, of: int, rounding: Rounding) -> int:
    if rounding is Rounding.UP:
        return -(-product // of)
    nearest = (2 * abs(product) + of) // (2 * of)
    return -nearest if product < 0 else nearest


def largest_remainder(total_minor: int, weights: Sequence[Decimal | Fraction | int]) -> list[int]:
    """Shares sum to the total exactly: the cents left over go to the largest remainders, ties to the earlier position.

    A negative total splits as the mirror of the positive one. A weight of zero gets nothing.
    """
    _require_int(total_minor)
    exact = [_ratio(weight) for weight in weights]
    scale = lcm(*{below for _, below in exact})
    whole = [above * (scale // below) for above, below in exact]
    if min(whole, default=0) < 0:
        raise ValueError("a weight is negative")
    whole_sum = sum(whole)
    if whole_sum == 0:
        raise ValueError("at least one weight must be above zero")
    total = abs(total_minor)
    split = [divmod(total * weight, whole_sum) for weight in whole]
    shares = [share for share, _ in split]
    left_over = total - sum(shares)
    remainders = [rest for _, rest in split]
    # A sort keeps the order of equals, also in reverse.
    by_remainder = sorted(range(len(split)), key=remainders.__getitem__, reverse=True)
    for position in by_remainder[:left_over]:
        shares[position] += 1
    return shares if total_minor >= 0 else [-share for share in shares]


def parse_rate(text: str, *, highest: Decimal | None = Decimal(1), pointer: str | None = None) -> Decimal:
    """A rate on the wire is a plain decimal string, from 0 to the highest possible (1 unless said otherwise)."""
    if not isinstance(text, str):
        raise TypeError("a rate is parsed from text")
    if not _RATE.fullmatch(text):
        raise RateMalformed(pointer=pointer, given=text[:40])
    rate = Decimal(text)
    if highest is not None and rate > highest:
        raise RateTooHigh(pointer=pointer, given=text, highest=highest)
    return rate


def _require_int(minor: int) -> None:
    # bool is an int to Python and True would be one fen.
    if not isinstance(minor, int) or isinstance(minor, bool):
        raise TypeError(f"minor units are whole numbers, not {type(minor).__name__}")


def _ratio(number: Decimal | Fraction | int) -> tuple[int, int]:
    """Exactly, as whole numbers: ten thousand people are shared out without a Fraction for each."""
    if isinstance(number, bool) or not isinstance(number, Decimal | Fraction | int):
        raise TypeError(f"a rate or weight is a Decimal, a Fraction or an int, not {type(number).__name__}")
    if isinstance(number, Decimal) and not number.is_finite():
        raise ValueError("a rate or weight must be finite")
    return number.as_integer_ratio()
