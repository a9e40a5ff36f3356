"""The published formula of scored methods (综合评分): from what was offered and what the panel says to one number.

Every step is exact in decimals and rounded where the formula says so, so that any bidder computes the same number from
the public record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from techmarket.kernel.money import AmountMalformed, Money
from techmarket.kernel.refusals import Refusal
from techmarket.trading import errors
from techmarket.trading.sealed.rules import BOUND_MINOR

POINT = Decimal("0.0001")
FULL = Decimal(100)
CRITERIA_MAX = 20
NAME_MAX = 60
TRIMMED_FROM = 5
"""From so many experts on, the highest and the lowest mark of each proposal are left out."""


class Measure(StrEnum):
    """What a criterion looks at: a part of the offer, or the panel's marks (评委评分)."""

    UPFRONT = "UPFRONT"
    ROYALTY_RATE = "ROYALTY_RATE"
    MINIMUM_ROYALTY = "MINIMUM_ROYALTY"
    MILESTONES = "MILESTONES"
    ASKED = "ASKED"
    PANEL = "PANEL"


LOWEST_IS_BEST = frozenset({Measure.ASKED})
_MONEY = frozenset({Measure.UPFRONT, Measure.MINIMUM_ROYALTY, Measure.ASKED})
_FIELD = {
    Measure.UPFRONT: "upfront",
    Measure.ROYALTY_RATE: "royalty_rate",
    Measure.MINIMUM_ROYALTY: "minimum_royalty",
    Measure.MILESTONES: "milestones",
    Measure.ASKED: "asked",
}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the formula. An offer below `least` (for `ASKED`, above it) is out, whatever else it says."""

    name: str
    measure: Measure
    weight: Decimal
    least: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A proposal's points by criterion and its score, or why it is out."""

    number: int
    points: Mapping[str, Decimal]
    score: Decimal
    out_by: str | None = None


def criteria_in(given: Any, allowed: frozenset[Measure]) -> list[Criterion]:
    """The formula as the seller words it: named criteria of known measures whose weights sum to 1."""
    at = "/body/rules/criteria"
    if not isinstance(given, Sequence) or isinstance(given, str) or not 1 <= len(given) <= CRITERIA_MAX:
        raise _malformed(f"a list of 1 to {CRITERIA_MAX} criteria", f"1 至 {CRITERIA_MAX} 项评分标准", at)
    found = [_criterion(one, allowed, f"{at}/{n}") for n, one in enumerate(given)]
    if len({one.name for one in found}) < len(found):
        raise _malformed("criteria with names of their own", "名称各不相同的评分标准", at)
    measured = [one.measure for one in found if one.measure is not Measure.PANEL]
    if len(set(measured)) < len(measured):
        raise _malformed("each part of the offer once", "每项要约内容只出现一次", at)
    total = sum((one.weight for one in found), Decimal(0))
    if total != 1:
        raise errors.WeightsDoNotSum(sum=str(total), pointer=at)
    return found


def criteria_lack(measure: Measure) -> Refusal:
    """The formula must look at the price that is paid in the end."""
    return _malformed(f"a criterion of the measure {measure}", f"含 {measure} 的评分标准", "/body/rules/criteria")


def _criterion(given: Any, allowed: frozenset[Measure], at: str) -> Criterion:
    if not isinstance(given, Mapping) or not {"name", "measure", "weight"} <= set(given) <= {
        "name",
        "measure",
        "weight",
        "least",
    }:
        raise _malformed("name, measure, weight and perhaps least", "name、measure、weight，可有 least", at)
    name, measure = given["name"], given["measure"]
    if not isinstance(name, str) or not 1 <= len(name) <= NAME_MAX or not name.isprintable():
        raise _malformed(f"a name of at most {NAME_MAX} characters", f"最多 {NAME_MAX} 个字符的名称", f"{at}/name")
    if measure not in {one.value for one in allowed}:
        known = ", ".join(sorted(allowed))
        raise _malformed(known, known, f"{at}/measure")
    weight = _decimal(given["weight"], places=4)
    if weight is None or not 0 < weight <= 1:
        raise _malformed("a decimal string above 0, at most 1", "大于 0 且不超过 1 的小数字符串", f"{at}/weight")
    least = None
    if given.get("least") is not None:
        least = _decimal(given["least"], places=12)
        if least is None:
            raise _malformed("a decimal string", "小数字符串", f"{at}/least")
    return Criterion(name, Measure(measure), weight, least)


def _malformed(wanted: str, wanted_zh: str, pointer: str) -> Refusal:
    return errors.TermMalformed(field="criteria", wanted=wanted, wanted_zh=wanted_zh, pointer=pointer)


def _decimal(value: Any, *, places: int) -> Decimal | None:
    """A plain decimal string: digits and at most one point, nothing that a float or an exponent could smuggle in."""
    if not isinstance(value, str) or len(value) > 32:
        return None
    whole, dot, part = value.partition(".")
    if not (whole.isascii() and whole.isdigit()) or (dot and not (part.isascii() and part.isdigit())):
        return None
    return None if len(part) > places else Decimal(value)


def published(criteria: Sequence[Criterion]) -> list[dict[str, Any]]:
    """The formula in machine form, beside the words of `rules` that say how it is computed."""
    return [
        {
            "name": one.name,
            "measure": one.measure.value,
            "weight": str(one.weight),
            "least": None if one.least is None else str(one.least),
        }
        for one in criteria
    ]


def read_criteria(terms: Sequence[Mapping[str, Any]]) -> list[Criterion]:
    """The formula out of published terms."""
    return [
        Criterion(
            one["name"],
            Measure(one["measure"]),
            Decimal(one["weight"]),
            None if one.get("least") is None else Decimal(one["least"]),
        )
        for one in terms
    ]


def values_in(content: Mapping[str, Any], criteria: Sequence[Criterion]) -> dict[str, Decimal]:
    """What an opened offer says of each criterion that does not wait for the panel: yuan, or a rate.

    An offer says exactly what the formula asks for. Raises ValueError for any other.
    """
    said = content.get("terms")
    if set(content) - {"documents"} != {"terms"} or not isinstance(said, Mapping):
        raise ValueError("not an offer")
    _check_documents(content.get("documents", ()))
    asked = {_FIELD[one.measure]: one for one in criteria if one.measure is not Measure.PANEL}
    if set(said) != set(asked):
        raise ValueError("not what the formula asks for")
    return {one.name: _value(one.measure, said[field]) for field, one in asked.items()}


def _check_documents(named: Any) -> None:
    fits = isinstance(named, Sequence) and not isinstance(named, str) and len(named) <= 20
    if not fits or any(not _is_sha256(one) for one in named):
        raise ValueError("documents are named by their SHA-256")


def _is_sha256(one: Any) -> bool:
    return isinstance(one, str) and len(one) == 64 and set(one) <= set("0123456789abcdef")


def _value(measure: Measure, said: Any) -> Decimal:
    if measure is Measure.ROYALTY_RATE:
        rate = _decimal(said, places=6)
        if rate is None or rate > 1:
            raise ValueError("not a rate")
        return rate
    if measure is Measure.MILESTONES:
        if not isinstance(said, Sequence) or isinstance(said, str) or not 1 <= len(said) <= 20:
            raise ValueError("not milestones")
        return sum((_yuan(one) for one in said), Decimal(0))
    return _yuan(said)


def _yuan(said: Any) -> Decimal:
    if not isinstance(said, Mapping) or set(said) != {"amount", "currency"} or said["currency"] != "CNY":
        raise ValueError("not an amount")
    if not isinstance(said["amount"], str):
        raise ValueError("not an amount")
    try:
        minor = Money.parse(said["amount"]).minor
    except AmountMalformed as error:
        raise ValueError("not an amount") from error
    if not 0 <= minor < BOUND_MINOR:
        raise ValueError("not an amount an offer can have")
    return Decimal(minor) / 100


def panel_points(marks: Sequence[Decimal]) -> Decimal:
    """The panel's points are the mean of the experts' marks; from five on, the highest and the lowest are left out."""
    counted = sorted(marks)
    if len(counted) >= TRIMMED_FROM:
        counted = counted[1:-1]
    return (sum(counted, Decimal(0)) / len(counted)).quantize(POINT, ROUND_HALF_UP)


def score(values: Mapping[int, Mapping[str, Decimal]], criteria: Sequence[Criterion]) -> dict[int, Scored]:
    """Points are a hundred times the part of the best value among those not out; the score is their weighted sum.

    `values` holds for each proposal the value of every criterion; a panel criterion's value is its points already.
    """
    out = {number: _out_by(said, criteria) for number, said in values.items()}
    standing = [said for number, said in values.items() if out[number] is None]
    best = {one.name: _best(one, standing) for one in criteria}
    scored = {}
    for number, said in values.items():
        points = {one.name: _points(one, said[one.name], best[one.name]) for one in criteria}
        total = sum((one.weight * points[one.name] for one in criteria), Decimal(0))
        scored[number] = Scored(number, points, Decimal(0) if out[number] else total, out[number])
    return scored


def _out_by(said: Mapping[str, Decimal], criteria: Sequence[Criterion]) -> str | None:
    for one in criteria:
        if one.least is None:
            continue
        value = said[one.name]
        if value > one.least if one.measure in LOWEST_IS_BEST else value < one.least:
            return one.name
    return None


def _best(criterion: Criterion, standing: Sequence[Mapping[str, Decimal]]) -> Decimal:
    said = [one[criterion.name] for one in standing]
    if not said:
        return Decimal(0)
    return min(said) if criterion.measure in LOWEST_IS_BEST else max(said)


def _points(criterion: Criterion, value: Decimal, best: Decimal) -> Decimal:
    if criterion.measure is Measure.PANEL:
        return value
    part, whole = (best, value) if criterion.measure in LOWEST_IS_BEST else (value, best)
    if whole == 0:
        # Nobody offered anything here, or somebody asks for nothing: all who did the same have the full points.
        return FULL if part == whole else Decimal(0)
    return min(FULL, FULL * part / whole).quantize(POINT, ROUND_HALF_UP)
