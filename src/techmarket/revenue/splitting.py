"""From the reward to groups and from groups to people: largest remainder, floors kept, ties by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from techmarket.kernel.money import Money, Rounding, apply_rate, largest_remainder
from techmarket.revenue import errors
from techmarket.revenue.case import Basis, Case, Group, Mode, Norm, Share, plain
from techmarket.revenue.computation import Line, Step, yuan
from techmarket.revenue.cumulating import due_by_weight, share_out
from techmarket.revenue.norming import SUB_FLOORS, mandatory
from techmarket.revenue.reliefs import half_counts_as_wage, wage_bases
from techmarket.revenue.schemes import check_sub_floors


def split_with_floors(
    total_minor: int, weights: Sequence[Decimal], least_minor: Sequence[int], had: Sequence[int] = ()
) -> list[int]:
    """Parts by largest remainder; where rounding breaks a floor, cents move there from the largest that can spare.

    With what each had before, floors and weights are of all events together, and the parts are what is given now.
    """
    parts, before = _by_weight(total_minor, weights, had), list(had) or [0] * len(weights)
    missing = [max(0, least - one) for least, one in zip(least_minor, before, strict=True)]
    for position, least in enumerate(missing):
        while parts[position] < least:
            spare = [other for other in range(len(parts)) if other != position and parts[other] > missing[other]]
            if not spare:
                raise errors.TooSmallToSplit(amount=Money(total_minor), parts=len(parts))
            giver = max(spare, key=lambda other: (parts[other], -other))
            moved = min(least - parts[position], parts[giver] - missing[giver])
            parts[position] += moved
            parts[giver] -= moved
    return parts


def split_people(total_minor: int, people: Sequence[Share], had: Sequence[int] = ()) -> list[int]:
    """People share by largest remainder, ties by position in the signed table; nobody with a weight gets nothing."""
    parts = _by_weight(total_minor, [person.weight for person in people], had)
    if any(person.weight > 0 and part == 0 for person, part in zip(people, parts, strict=True)):
        raise errors.TooSmallToSplit(amount=Money(total_minor), parts=len(people))
    return parts


def _by_weight(total_minor: int, weights: Sequence[Decimal], had: Sequence[int]) -> list[int]:
    if not any(had):
        return largest_remainder(total_minor, weights)
    return share_out(total_minor, due_by_weight(sum(had) + total_minor, weights), had)


def groups_of(case: Case, reward: int, steps: list[Step]) -> dict[Group, int]:
    norms: Sequence[Norm] = case.norms if case.table.basis is Basis.REWARD else ()
    check_sub_floors(case.table, norms)
    least, before = dict.fromkeys(Group, 0), case.before
    shared = sum(before.of(share.group) for share in case.table.groups)
    of_all = f"({yuan(shared)} + {yuan(reward)})" if case.earlier else yuan(reward)
    for group, key in SUB_FLOORS.items():
        for norm in mandatory(norms, key):
            floor = apply_rate(shared + reward, norm.rate, Rounding.UP)
            least[group] = max(least[group], floor)
            steps.append(Step(f"sub_floor.{group.value}", f"{of_all} x {norm.value}", floor, norm))
    shares = case.table.groups
    had = [before.of(s.group) for s in shares] if case.earlier else ()
    parts = split_with_floors(reward, [s.weight for s in shares], [least[s.group] for s in shares], had)
    if not all(parts):
        raise errors.TooSmallToSplit(amount=Money(reward), parts=len(parts))
    whole = sum((share.weight for share in shares), Decimal(0))
    for share, part in zip(shares, parts, strict=True):
        says = f"{yuan(reward)} x {plain(share.weight)} / {plain(whole)}"
        steps.append(Step(f"group.{share.group.value}", says, part))
    return {share.group: part for share, part in zip(shares, parts, strict=True)}


def lines_of(case: Case, groups: Mapping[Group, int], steps: list[Step]) -> tuple[Line, ...]:
    is_wage = case.table.basis is Basis.REWARD and case.mode is not Mode.EQUITY
    half = half_counts_as_wage(case)
    lines: list[Line] = []
    for share in case.table.groups:
        total = groups[share.group]
        had = case.before.lines.get(share.group, ())
        parts = split_people(total, share.people, had) if share.people else [total]
        keys: list[str | None] = [person.key for person in share.people] or [None]
        wages: Sequence[int | None] = wage_bases(parts, half) if is_wage else [None] * len(parts)
        lines += [
            Line(share.group, position, key, minor, wage)
            for position, (key, minor, wage) in enumerate(zip(keys, parts, wages, strict=True), start=1)
        ]
        if share.people:
            whole = sum((person.weight for person in share.people), Decimal(0))
            weights = " / ".join(plain(person.weight) for person in share.people[:20])
            more = " / ..." if len(share.people) > 20 else ""
            says = f"{yuan(total)} in {weights}{more} of {plain(whole)}"
            steps.append(Step(f"people.{share.group.value}", says, total))
    if is_wage:
        says = "x 1" if half is None else f"x {half.value}"
        steps.append(Step("wage_base", says, None, half, "full" if half is None else "half"))
    return tuple(lines)
