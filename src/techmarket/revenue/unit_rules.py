"""A unit's own rule on sharing (单位收益分配规定): rates by mode, weights of groups, published, staff heard. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from techmarket.kernel.money import Money
from techmarket.revenue import errors
from techmarket.revenue.case import SALE_MODES, Group, GroupShare, Mode, Norm, Table, plain
from techmarket.revenue.cumulating import Tier
from techmarket.revenue.norming import INVENTORS
from techmarket.revenue.schemes import check_sub_floors, check_table_against, choose_rate

FORMAT = "techmarket.revenue.unit_rule/1"
BASES = {
    Mode.TRANSFER: "net_income",
    Mode.LICENCE: "net_income",
    Mode.EQUITY: "shares_obtained",
    Mode.SELF_IMPLEMENTATION: "operating_profit",
    Mode.JOINT_IMPLEMENTATION: "operating_profit",
    Mode.OTHER: "net_income",
}


@dataclass(frozen=True, slots=True)
class Publication:
    """Where and when the rule was made public in the unit, when its staff was heard, and the files that show both."""

    published_on: date
    place: str
    publication_sha256: str
    heard_on: date
    hearing_sha256: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Parts by cumulative net income (按累计净收入分段): of the inventors, and of department and laboratory out of the
    unit's part."""

    modes: tuple[Mode, ...]
    tiers: Mapping[str, Sequence[Tier]]


@dataclass(frozen=True, slots=True)
class UnitRuleDraft:
    title: str
    rates: Mapping[Mode, Decimal]
    groups: Mapping[Group, Decimal]
    effective_from: date
    publication: Publication
    scale: Scale | None = None

    @property
    def modes(self) -> list[Mode]:
        return [*self.rates, *(self.scale.modes if self.scale else ())]


def check_rule(draft: UnitRuleDraft, norms: Mapping[Mode, Sequence[Norm]], *, is_government: bool) -> None:
    """The staff is heard before the rule is made public, and it holds from then on (PSTA art. 44); a
    government-established unit stays above the floors of each mode. A rule that speaks of development income speaks of
    every other mode too, for a rate without a mode would be taken for all.
    """
    known = draft.publication
    if not known.heard_on <= known.published_on <= draft.effective_from:
        raise errors.UnitRuleMalformed(reason="heard_then_published_then_effective", pointer="/body/published_on")
    if not draft.modes:
        raise errors.UnitRuleMalformed(reason="no_rate", pointer="/body/rates")
    if draft.scale is not None:
        check_scale(draft.scale, draft.rates, norms, is_government=is_government)
        for mode in draft.scale.modes if draft.groups else ():
            shares = tuple(GroupShare(group, weight) for group, weight in draft.groups.items())
            check_sub_floors(Table(shares), norms[mode])
    if Mode.OTHER in draft.rates and set(draft.modes) != set(Mode):
        raise errors.UnitRuleMalformed(reason="other_needs_every_mode", pointer="/body/rates")
    groups = draft.groups or {Group.MAIN: Decimal(1)}
    for mode, rate in draft.rates.items():
        table = Table(tuple(GroupShare(group, weight) for group, weight in groups.items()), rate=rate)
        held = list(norms[mode]) if draft.groups else [one for one in norms[mode] if ".floor." not in one.key]
        check_table_against(table, mode=mode, is_government=is_government, norms=held)


def check_scale(
    scale: Scale, rates: Mapping[Mode, Decimal], norms: Mapping[Mode, Sequence[Norm]], *, is_government: bool
) -> None:
    """It begins with the first fen for the inventors, gives nobody two parts of one tier and all together no more than
    there is; whether the reward of all income so far keeps the floor is looked at with every distribution, and the
    first tier alone must keep it already."""
    where = "/body/scale"
    if not scale.modes or not set(scale.modes) <= SALE_MODES or len(set(scale.modes)) != len(scale.modes):
        raise errors.UnitRuleMalformed(reason="scale_is_for_transfer_and_licence", pointer=f"{where}/modes")
    if set(scale.modes) & set(rates):
        raise errors.UnitRuleMalformed(reason="rate_or_scale_not_both", pointer=f"{where}/modes")
    for tiers in scale.tiers.values():
        begins = [tier.above_minor for tier in tiers]
        if len(set(begins)) != len(begins):
            raise errors.UnitRuleMalformed(reason="tier_twice", pointer=f"{where}/tiers")
    if 0 not in [tier.above_minor for tier in scale.tiers.get(INVENTORS, ())]:
        raise errors.UnitRuleMalformed(reason="inventors_from_the_first_fen", pointer=f"{where}/tiers")
    for begin in {tier.above_minor for tiers in scale.tiers.values() for tier in tiers}:
        if sum(_ratio_at(tiers, begin) for tiers in scale.tiers.values()) > 1:
            raise errors.UnitRuleMalformed(reason="more_than_the_whole", pointer=f"{where}/tiers")
    first = _ratio_at(scale.tiers[INVENTORS], 0)
    for mode in scale.modes if is_government else ():
        choose_rate(Table((), rate=first), mode=mode, is_government=True, norms=norms[mode])


def _ratio_at(tiers: Sequence[Tier], begin: int) -> Decimal:
    below = [tier for tier in tiers if tier.above_minor <= begin]
    return max(below, key=lambda tier: tier.above_minor).ratio if below else Decimal(0)


def check_follows(table: Table, rule: Mapping[str, Any]) -> None:
    """A table by the unit's rule leaves the rate to it, and gives the groups the weights that it names."""
    if table.rate is not None:
        raise errors.NotTheUnitRule(part="rate", pointer="/body/table/rate")
    named = {Group(group): Decimal(weight) for group, weight in rule["groups"].items()}
    given = {share.group: share.weight for share in table.groups}
    if named and given != named:
        raise errors.NotTheUnitRule(part="groups", pointer="/body/table/groups")


def document_of(draft: UnitRuleDraft, unit: str, n: int) -> dict[str, Any]:
    known = draft.publication
    return {
        "format": FORMAT,
        "unit": unit,
        "n": n,
        "title": draft.title,
        "rates": {mode.value: plain(rate) for mode, rate in draft.rates.items()},
        "groups": {group.value: plain(weight) for group, weight in draft.groups.items()},
        **({"scale": _scale_document(draft.scale)} if draft.scale else {}),
        "effective_from": draft.effective_from.isoformat(),
        "published_on": known.published_on.isoformat(),
        "place": known.place,
        "publication_sha256": known.publication_sha256,
        "heard_on": known.heard_on.isoformat(),
        "hearing_sha256": known.hearing_sha256,
    }


def _scale_document(scale: Scale) -> dict[str, Any]:
    tiers = [
        {"who": who, "above": Money(tier.above_minor).amount, "ratio": plain(tier.ratio)}
        for who, steps in scale.tiers.items()
        for tier in sorted(steps, key=lambda one: one.above_minor)
    ]
    return {"modes": [mode.value for mode in scale.modes], "tiers": tiers}
