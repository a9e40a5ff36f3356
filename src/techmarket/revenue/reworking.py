"""A line that an upheld objection named is written anew alone (单份改正): what it may become. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from techmarket.kernel.money import Money, Rounding, apply_rate
from techmarket.revenue import errors
from techmarket.revenue.case import Basis, Case, Group
from techmarket.revenue.norming import FLOOR, SUB_FLOORS, mandatory

FORMAT = "techmarket.revenue.line_rework/1"


@dataclass(frozen=True, slots=True)
class NewLine:
    """Who gets what in the place of the old line; `key` names the person, None a group without named people."""

    group: Group
    key: str | None
    minor: int

    def document(self) -> dict[str, Any]:
        return {"group": self.group.value, "person": self.key, "amount": Money(self.minor).amount}


def check_rework(
    case: Case,
    *,
    old: NewLine,
    new: Sequence[NewLine],
    unit_minor: int,
    base_minor: int,
    by_group: Mapping[Group, int],
    pointer: str | None = "/body/lines",
) -> int:
    """What the new lines come to more is borne by the unit's own part; nothing falls below a mandatory floor.

    `by_group` is what the groups have now. Sub-floors are parts of the reward that was split: what the unit adds to one
    line out of its own part owes the other groups nothing. Returns the difference.
    """
    if len({line.key for line in new}) != len(new) or any(line.minor <= 0 for line in new):
        raise errors.TableMalformed(reason="each_once_above_zero", pointer=pointer)
    more = sum(line.minor for line in new) - old.minor
    if more > unit_minor:
        raise errors.ReworkTooLarge(more=Money(more), left=Money(unit_minor), pointer=pointer)
    if case.table.basis is Basis.TITLE:
        return more
    after = dict(by_group)
    after[old.group] = after.get(old.group, 0) - old.minor
    for line in new:
        after[line.group] = after.get(line.group, 0) + line.minor
    reward = sum(after.values())
    split = min(reward, sum(by_group.values()))
    if case.is_government:
        for norm in mandatory(case.norms, FLOOR):
            _not_below("reward", reward, apply_rate(base_minor, norm.rate, Rounding.UP), norm.source, pointer)
    for group, key in SUB_FLOORS.items():
        for norm in mandatory(case.norms, key):
            least = apply_rate(split, norm.rate, Rounding.UP)
            _not_below(group.value, after.get(group, 0), least, norm.source, pointer)
    return more


def _not_below(part: str, given: int, least: int, source: str, pointer: str | None) -> None:
    if given < least:
        raise errors.ReworkBelowFloor(part=part, given=Money(given), least=Money(least), source=source, pointer=pointer)
