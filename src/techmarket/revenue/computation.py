"""What a split comes to: each step named, each line to the cent, and the whole as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from techmarket.kernel.money import Money
from techmarket.revenue.case import Case, Cost, Earlier, Group, Norm, plain


@dataclass(frozen=True, slots=True)
class Step:
    """One named step: its formula in numbers, its result, the rule it rests on, and a code for what is special."""

    name: str
    says: str
    minor: int | None = None
    norm: Norm | None = None
    note: str | None = None

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "says": self.says,
            "minor": self.minor,
            "note": self.note,
            "rule": None if self.norm is None else self.norm.document(),
        }


@dataclass(frozen=True, slots=True)
class CostVerdict:
    cost: Cost
    deducted_minor: int
    reason: str
    norm: Norm | None


class Line(NamedTuple):
    """What one person, or one group without named people, gets; `wage_base_minor` counts as wage, None if no wage."""

    # A tuple, for there may be ten thousand.

    group: Group
    position: int
    key: str | None
    minor: int
    wage_base_minor: int | None

    def document(self) -> dict[str, Any]:
        return {
            "group": self.group.value,
            "position": self.position,
            "key": self.key,
            "minor": self.minor,
            "wage_base_minor": self.wage_base_minor,
        }


@dataclass(frozen=True, slots=True)
class Flag:
    """A tax consequence a person must act on; the market computes no tax."""

    tax: str
    value: str
    norm: Norm | None = None
    needs_confirmation: bool = False
    note: str | None = None

    def document(self) -> dict[str, Any]:
        return {
            "tax": self.tax,
            "value": self.value,
            "needs_confirmation": self.needs_confirmation,
            "note": self.note,
            "rule": None if self.norm is None else self.norm.document(),
        }


@dataclass(frozen=True, slots=True)
class Term:
    """A term of months from a receipt, as the law writes it: not yet moved for a holiday."""

    name: str
    counted_from: date
    ends_on: date
    norm: Norm

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "counted_from": self.counted_from.isoformat(),
            "ends_on": self.ends_on.isoformat(),
            "rule": self.norm.document(),
        }


@dataclass(frozen=True, slots=True)
class Computation:
    """A split with every step; `unit_minor + reward_minor == base_minor`, and the lines sum to `reward_minor`."""

    case: Case
    receipts_minor: int
    verdicts: tuple[CostVerdict, ...]
    base_minor: int
    rate: Decimal | None
    rate_norm: Norm | None
    reward_minor: int
    unit_minor: int
    groups: Mapping[Group, int]
    lines: tuple[Line, ...]
    flags: tuple[Flag, ...]
    terms: tuple[Term, ...]
    steps: tuple[Step, ...]
    parts: Mapping[str, int] = field(default_factory=dict)
    """What of the unit's part goes on by its rule, as to the department or the laboratory; the unit keeps the rest."""

    def so_far(self) -> Earlier:
        """This event and those before it, as the next one counts them."""
        before = self.case.before
        lines: dict[Group, tuple[int, ...]] = {}
        for group in self.groups:
            now = [line.minor for line in self.lines if line.group is group]
            had = before.lines.get(group) or (0,) * len(now)
            lines[group] = tuple(one + other for one, other in zip(had, now, strict=True))
        return Earlier(
            before.base_minor + self.base_minor,
            before.reward_minor + self.reward_minor,
            lines,
            {name: before.parts.get(name, 0) + minor for name, minor in self.parts.items()},
        )

    @property
    def costs_minor(self) -> int:
        return sum(verdict.deducted_minor for verdict in self.verdicts)

    def flag(self, tax: str) -> Flag | None:
        return next((flag for flag in self.flags if flag.tax == tax), None)

    def document(self, *, table: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The split as JSON: the inputs, every step, and the outcome. With what stands for the table, no single line:
        whoever has both finds them again."""
        lines = {"lines": [line.document() for line in self.lines]} if table is None else {}
        return {
            "format": "techmarket.revenue.computation/1",
            "inputs": self.case.document(table),
            "steps": [step.document() for step in self.steps],
            "outcome": self._sums() | lines,
        }

    def outcome(self) -> dict[str, Any]:
        return self._sums() | {"lines": [line.document() for line in self.lines]}

    def _sums(self) -> dict[str, Any]:
        return {
            "receipts_minor": self.receipts_minor,
            "costs_minor": self.costs_minor,
            "base_minor": self.base_minor,
            "rate": None if self.rate is None else plain(self.rate),
            "reward_minor": self.reward_minor,
            "unit_minor": self.unit_minor,
            **({"parts": dict(self.parts)} if self.parts else {}),
            "groups": {group.value: minor for group, minor in self.groups.items()},
            "flags": [flag.document() for flag in self.flags],
            "terms": [term.document() for term in self.terms],
        }


def yuan(minor: int) -> str:
    """An amount as a step says it."""
    return Money(minor).amount
