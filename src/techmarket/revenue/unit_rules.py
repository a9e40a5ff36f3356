"""A unit's own rule on sharing (单位收益分配规定): rates by mode, weights of groups, published, staff heard. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from techmarket.revenue import errors
from techmarket.revenue.case import Group, GroupShare, Mode, Norm, Table, plain
from techmarket.revenue.schemes import check_table_against

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
class UnitRuleDraft:
    title: str
    rates: Mapping[Mode, Decimal]
    groups: Mapping[Group, Decimal]
    effective_from: date
    publication: Publication


def check_rule(draft: UnitRuleDraft, norms: Mapping[Mode, Sequence[Norm]], *, is_government: bool) -> None:
    """The staff is heard before the rule is made public, and it holds from then on (PSTA art. 44); a
    government-established unit stays above the floors of each mode. A rule that speaks of development income speaks of
    every other mode too, for a rate without a mode would be taken for all.
    """
    known = draft.publication
    if not known.heard_on <= known.published_on <= draft.effective_from:
        raise errors.UnitRuleMalformed(reason="heard_then_published_then_effective", pointer="/body/published_on")
    if not draft.rates:
        raise errors.UnitRuleMalformed(reason="no_rate", pointer="/body/rates")
    if Mode.OTHER in draft.rates and set(draft.rates) != set(Mode):
        raise errors.UnitRuleMalformed(reason="other_needs_every_mode", pointer="/body/rates")
    groups = draft.groups or {Group.MAIN: Decimal(1)}
    for mode, rate in draft.rates.items():
        table = Table(tuple(GroupShare(group, weight) for group, weight in groups.items()), rate=rate)
        held = list(norms[mode]) if draft.groups else [one for one in norms[mode] if ".floor." not in one.key]
        check_table_against(table, mode=mode, is_government=is_government, norms=held)


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
        "effective_from": draft.effective_from.isoformat(),
        "published_on": known.published_on.isoformat(),
        "place": known.place,
        "publication_sha256": known.publication_sha256,
        "heard_on": known.heard_on.isoformat(),
        "hearing_sha256": known.hearing_sha256,
    }
