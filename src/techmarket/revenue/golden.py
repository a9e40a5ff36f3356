"""Golden cases (算例): what a pack promises for a deal, computed by the rules that pay and compared to the cent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid5

from techmarket.kernel.money import Money, apply_rate
from techmarket.kernel.refusals import Refusal
from techmarket.revenue import norming, rules
from techmarket.revenue.case import Basis, Case, Cost, Group, GroupShare, Mode, Receipt, Share, Table, plain
from techmarket.revenue.computation import Computation
from techmarket.rulebook.packs import Document, Finding
from techmarket.rulebook.rules import Binding, Evidence, Rule, RuleUnit

_PACKS = UUID("5b0f1f6e-4c0f-5a53-9a4c-6d6a5f0e2a11")
_INPUTS = ("receipts", "table", "mode", "on")


class CaseBroken(Exception):
    """A golden case that says two things at once, or too little to compute."""

    def __init__(self, field: str, says: str) -> None:
        super().__init__(says)
        self.field = field


def rules_of(packs: Sequence[Document]) -> tuple[Rule, ...]:
    """The rows of these packs as the rules see them; the same pack gives the same ids."""
    return tuple(
        Rule(
            id=uuid5(_PACKS, "|".join(str(value) for value in row.values())),
            key=row["key"],
            jurisdiction=row["jurisdiction"],
            scope=row["scope"],
            mode=row["mode"],
            applies_to=row["applies_to"],
            binding=Binding(row["binding"]),
            base=row["base"],
            value=row["value"],
            unit=RuleUnit(row["unit"]),
            source=row["source"],
            evidence=Evidence(row["evidence"]),
            effective_from=date.fromisoformat(row["effective_from"]),
            effective_to=date.fromisoformat(row["effective_to"]) if row["effective_to"] else None,
        )
        for pack in packs
        for row in pack.rows()
    )


def check_cases(pack: Document, beside: Sequence[Document]) -> list[Finding]:
    """Each golden case is computed under this pack and those beside it; what differs is named with its line."""
    rows = rules_of([*beside, pack])
    wrong: list[Finding] = []
    for n, case in enumerate(pack.cases()):
        for path, says in differences(case, pack, rows):
            code = "golden_differs" if path[:1] == ("expect",) else "golden_broken"
            wrong.append(Finding(pack.file, pack.line(["golden", n, *path]), code, f"“{case['name']}”: {says}"))
    return wrong


def differences(case: Mapping[str, Any], pack: Document, rows: Sequence[Rule]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where the computation is not what the case expects, and what it is instead."""
    expect = case["expect"]
    try:
        done = computed(case, pack, rows)
    except CaseBroken as broken:
        yield (broken.field,), str(broken)
        return
    except Refusal as refused:
        if expect != {"refused": refused.code}:
            yield ("expect",), f"refused: {refused.code}: {refused.detail('en')}"
        return
    if "refused" in expect:
        yield ("expect", "refused"), f"it is not refused; the reward is {Money(done.reward_minor).amount}"
        return
    found = facts_of(done)
    for name, wanted in expect.items():
        if isinstance(wanted, Mapping):
            for part, value in wanted.items():
                is_there = found[name].get(part)
                if is_there != value:
                    yield ("expect", name, part), f"{name} {part} is {is_there}, not {value}"
        elif found[name] != wanted:
            yield ("expect", name), f"{name} is {found[name]}, not {wanted}"


def computed(case: Mapping[str, Any], pack: Document, rows: Sequence[Rule]) -> Computation:
    """The last event of the case, after the events before it."""
    last = case_of(case, pack, rows)
    earlier = None
    for event in _whole(case, pack).get("before", ()):
        receipts = _receipts(event["receipts"])
        costs = _costs(event.get("costs", ()), sum(receipt.minor for receipt in receipts))
        earlier = rules.compute(replace(last, receipts=receipts, costs=costs, earlier=earlier)).so_far()
    return rules.compute(replace(last, earlier=earlier))


# --- from a pack's words to a case ----------------------------------------------------------------------------------


def case_of(case: Mapping[str, Any], pack: Document, rows: Sequence[Rule]) -> Case:
    """The deal a golden case describes, under the rows in force on its day."""
    asked = _whole(case, pack)
    for name in _INPUTS:
        if name not in asked:
            raise CaseBroken("name", f"it does not say its {name}, and is like no case that does")
    unit = asked.get("unit", "government_unit")
    mode = Mode(asked["mode"])
    is_local = asked.get("applies_local_rules", "true") == "true"
    norms = norming.choose_norms(
        rows,
        on=date.fromisoformat(asked["on"]),
        jurisdiction=asked.get("jurisdiction", pack.jurisdiction) if is_local else "CN",
        mode=mode,
        is_government=unit != "enterprise",
        is_pilot=unit == "pilot_unit",
        unit=None,
    )
    receipts = _receipts(asked["receipts"])
    return Case(
        mode=mode,
        is_government=unit != "enterprise",
        receipts=receipts,
        costs=_costs(asked.get("costs", ()), sum(receipt.minor for receipt in receipts)),
        table=_table(asked["table"]),
        norms=norms,
        pay_on=date.fromisoformat(asked.get("pay_on") or max(r.received_on for r in receipts).isoformat()),
        is_registered=asked.get("registered", "false") == "true",
        term_years=int(asked["term_years"]) if "term_years" in asked else None,
        capital_minor=_minor(asked["capital"]) if "capital" in asked else None,
    )


def _whole(case: Mapping[str, Any], pack: Document) -> dict[str, Any]:
    """A case that is like another has the other's deal, but for what it says itself."""
    if "like" not in case:
        return dict(case)
    other = next((one for one in pack.cases() if one["name"] == case["like"]), None)
    if other is None or "like" in other:
        raise CaseBroken("like", f"“{case['like']}” is no case of this pack that stands by itself")
    return {**other, **case}


def _receipts(asked: Sequence[Mapping[str, str]]) -> tuple[Receipt, ...]:
    return tuple(
        Receipt(str(n), _amount(one, 0, "receipts"), date.fromisoformat(one["on"]), one.get("purpose", "PRICE"))
        for n, one in enumerate(asked, start=1)
    )


def _costs(asked: Sequence[Mapping[str, str]], received: int) -> tuple[Cost, ...]:
    return tuple(
        Cost(str(n), one["kind"], _amount(one, received, "costs"), one.get("evidence"))
        for n, one in enumerate(asked, start=1)
    )


def _amount(one: Mapping[str, str], received: int, field: str) -> int:
    """An amount is given, or computed half-up from what it is a part of and then compared with what the case says."""
    if "amount" in one:
        return _minor(one["amount"])
    whole = received if one["of"] == "receipts" else _minor(one["of"])
    found = apply_rate(whole, Fraction(one["rate"]))
    if found != _minor(one["is"]):
        says = f"{one['of']} x {one['rate']} is {Money(found).amount}, not {one['is']}"
        raise CaseBroken(field, says)
    return found


def _table(asked: Mapping[str, Any]) -> Table:
    groups = []
    for name, share in asked["groups"].items():
        people = share.get("people", {}) if isinstance(share, Mapping) else {}
        weight = share["weight"] if isinstance(share, Mapping) else share
        named = tuple(Share(key, Decimal(part)) for key, part in people.items())
        groups.append(GroupShare(Group(name), Decimal(weight), named))
    return Table(
        tuple(groups),
        Basis(asked.get("basis", "REWARD")),
        Decimal(asked["rate"]) if "rate" in asked else None,
        Decimal(asked["title_share"]) if "title_share" in asked else None,
    )


def _minor(amount: str) -> int:
    return Money.parse(amount).minor


# --- from a computation to a pack's words ---------------------------------------------------------------------------


def facts_of(done: Computation) -> dict[str, Any]:
    """What a case may expect, in the words of a pack."""
    named = {line.key or line.group.value: line for line in done.lines}
    terms = {term.name: term.ends_on.isoformat() for term in done.terms}
    sub_floors = [step for step in done.steps if step.name.startswith("sub_floor.")]
    return {
        "receipts": _yuan(done.receipts_minor),
        "costs": _yuan(done.costs_minor),
        "base": _yuan(done.base_minor),
        "rate": None if done.rate is None else plain(done.rate),
        "rate_from": None if done.rate_norm is None else done.rate_norm.source,
        "reward": _yuan(done.reward_minor),
        "unit": _yuan(done.unit_minor),
        "deducted": {verdict.cost.kind: _yuan(verdict.deducted_minor) for verdict in done.verdicts},
        "floors": {s.norm.jurisdiction: _yuan(s.minor) for s in done.steps if s.name == "floor" and s.norm},
        # The highest of each group is the one that counts.
        "sub_floors": {
            group.value: _yuan(max(s.minor or 0 for s in sub_floors if s.name == f"sub_floor.{group.value}"))
            for group in {Group(s.name.removeprefix("sub_floor.")) for s in sub_floors}
        },
        "groups": {group.value: _yuan(minor) for group, minor in done.groups.items()},
        "lines": {key: _yuan(line.minor) for key, line in named.items()},
        "wage_base": {key: _yuan(line.wage_base_minor) for key, line in named.items()},
        "parts": {name: _yuan(minor) for name, minor in done.parts.items()},
        "of_the_company": _of_the_company(done, sub_floors),
        "flags": {flag.tax: flag.value for flag in done.flags},
        "needs_confirmation": [flag.tax for flag in done.flags if flag.needs_confirmation],
        "reward_due": terms.get("reward_due"),
        "iit_window": terms.get("iit_window"),
    }


def _of_the_company(done: Computation, sub_floors: Sequence[Any]) -> dict[str, str]:
    """The parts of a contribution as parts of the company, where its capital is known."""
    capital = done.case.capital_minor
    if capital is None:
        return {}
    parts = {"base": done.base_minor, "reward": done.reward_minor, "unit": done.unit_minor}
    main = [step.minor or 0 for step in sub_floors if step.name == "sub_floor.MAIN"]
    if main:
        parts["main_floor"] = max(main)
    return {name: plain(rules.of_the_company(minor, capital)) for name, minor in parts.items()}


def _yuan(minor: int | None) -> str | None:
    return None if minor is None else Money(minor).amount
