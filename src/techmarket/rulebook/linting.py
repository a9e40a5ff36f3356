"""Whether a policy pack holds together: each fault with its line, before a number of it reaches the book."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from techmarket.rulebook.packs import LOCAL_SWITCH, Document, Finding, listed
from techmarket.rulebook.rules import (
    ABOVE,
    ENFORCEABLE,
    Binding,
    Evidence,
    RuleUnit,
    overlap,
    threshold_of,
    value_is_right,
)

_LENGTHS = frozenset({"days", "working_days", "months", "years"})
_MEASURES: Mapping[str, frozenset[str]] = {
    "reward.floor": frozenset({"ratio"}),
    "reward.tier": frozenset({"ratio"}),
    "reward.transfer_office_bonus": frozenset({"ratio"}),
    "reward.years_min": frozenset({"years"}),
    "reward.years_max": frozenset({"years"}),
    "reward.years_start": frozenset({"text"}),
    "reward.deadline": _LENGTHS | {"text"},
    "reward.rounding": frozenset({"text"}),
    "reward.channel": frozenset({"text"}),
    "unit.pilot": frozenset({"flag"}),
    "grant.ownership_share": frozenset({"ratio"}),
    "net_income.deductible": frozenset({"flag"}),
    "notice": _LENGTHS,
    "iit.publicity.length": _LENGTHS,
    "iit.cash_half.ratio": frozenset({"ratio"}),
    "iit.cash_half.window": frozenset({"months"}),
    "iit.equity.deferral": frozenset({"flag"}),
    "iit.equity.rate": frozenset({"ratio"}),
    "cit.transfer.exempt_band": frozenset({"fen"}),
    "cit.transfer.half_above.ratio": frozenset({"ratio"}),
    "cit.licence.years_min": frozenset({"years"}),
    "stamp.technology_contract.ratio": frozenset({"ratio"}),
    "vat.rate": frozenset({"ratio"}),
    "vat.transfer.exempt": frozenset({"flag"}),
    "vat.needs_confirmation.from": frozenset({"text"}),
}
"""What a pack may speak of, and in which measures; a longer key belongs to the longest beginning listed here."""

_WORDS: Mapping[str, frozenset[str]] = {
    "reward.rounding.floor": frozenset({"ceiling"}),
    "reward.rounding.other": frozenset({"half_up"}),
    "reward.rounding.split": frozenset({"largest_remainder"}),
    "reward.channel": frozenset({"payroll", "escrow"}),
    "reward.deadline": frozenset({"share_registration"}),
    "reward.years_start": frozenset({"successful_production", "first_profit_year"}),
}
"""Where a value is a word, those that the rules know how to follow: a pack promises nothing else."""

FLOOR, SUB_FLOOR, TIER = "reward.floor", "reward.floor.", "reward.tier."
_THING = ("key", "jurisdiction", "scope", "mode", "applies_to", "base")
_CODES = {"required": "missing", "additionalProperties": "unknown_field", "enum": "unknown_word"}
_FIELDS = {"jurisdiction": "unknown_jurisdiction", "unit": "unknown_unit", "applies_to": "unknown_unit", "key": "key"}


def lint(pack: Document, beside: Sequence[Document] = ()) -> list[Finding]:
    """Every fault of the pack alone, and where it says again what a pack beside it says. Golden cases come after."""
    wrong = list(_by_schema(pack)) or list(_by_row(pack))
    if wrong:
        return wrong
    return [*_by_pack(pack), *_overlaps(pack, beside), *_gaps(pack), *_wholes(pack)]


# --- its shape ------------------------------------------------------------------------------------------------------


@cache
def _validator() -> Draft202012Validator:
    text = resources.files("techmarket.rulebook").joinpath("packs/policy_pack.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))


def _by_schema(pack: Document) -> Iterator[Finding]:
    for error in sorted(_validator().iter_errors(pack.content), key=lambda one: [str(step) for step in one.path]):
        path = list(error.absolute_path)
        code, says = _told(error)
        yield Finding(pack.file, pack.line(path), code, says)


def _told(error: ValidationError) -> tuple[str, str]:
    path = [step for step in error.absolute_path if isinstance(step, str)]
    where = path[-1] if path else "pack"
    if error.validator == "required":
        name = next(n for n in error.validator_value if n not in error.instance)
        return f"missing_{name}" if name in ("source", "golden") else "missing", f"`{name}` is missing here"
    if where in _FIELDS:
        return _FIELDS[where], f"`{str(error.instance)[:60]}` is no {where} that is known"
    if where == "source":
        return "missing_source", "every number names its source"
    return _CODES.get(str(error.validator), "shape"), error.message[:200]


# --- each row -------------------------------------------------------------------------------------------------------


def _by_row(pack: Document) -> Iterator[Finding]:
    for n, entry in enumerate(pack.entries()):
        at: tuple[str | int, ...] = ("rules", n)

        def found(field: str, code: str, says: str, at: Sequence[str | int] = at) -> Finding:
            return Finding(pack.file, pack.line([*at, field]), code, says)

        for key in listed(entry["key"]):
            measures = measures_of(key)
            if measures is None:
                yield found("key", "unknown_key", f"nothing that shares income reads `{key}`")
            elif entry["unit"] not in measures:
                yield found("unit", "unknown_unit", f"`{key}` is measured in {', '.join(sorted(measures))}")
            elif entry["unit"] == RuleUnit.TEXT and entry["value"] not in _WORDS.get(key, {entry["value"]}):
                words = ", ".join(sorted(_WORDS[key]))
                yield found("value", "unknown_word", f"`{entry['value'][:40]}` is nothing the rules follow; {words} is")
        unit = RuleUnit(entry["unit"])
        if unit is RuleUnit.RATIO and _above_one(entry["value"]):
            yield found("value", "ratio_over_1", f"{entry['value']} is more than the whole; write 0.70 for 70 percent")
        elif not value_is_right(unit, entry["value"]):
            yield found("value", "value", f"`{entry['value'][:40]}` is no value in {unit.value}")
        if entry["binding"] == Binding.MANDATORY and Evidence(entry["evidence"]) not in ENFORCEABLE:
            says = f"a number known as {entry['evidence']} never refuses: its binding is default or permissive"
            yield found("binding", "recalled_never_refuses", says)
        if pack.content["scope"] == "law" and entry["evidence"] in (Evidence.DESIGN_CHOICE, Evidence.SAMPLE):
            yield found("evidence", "not_law", f"what is known as {entry['evidence']} is no law")
        if pack.is_sample and entry["evidence"] != Evidence.SAMPLE:
            yield found("evidence", "not_a_sample", "in a sample everything is a sample")
        if any(key.startswith(TIER) for key in listed(entry["key"])) and threshold_of(entry.get("base")) is None:
            yield found("base", "tier", f"a tier begins above an amount in fen: base {ABOVE}0")
        yield from _by_date(pack, n, entry)


def _by_date(pack: Document, n: int, entry: Mapping[str, Any]) -> Iterator[Finding]:
    days = {}
    for field in ("from", "to"):
        if field in entry:
            try:
                days[field] = date.fromisoformat(entry[field])
            except ValueError:
                yield Finding(pack.file, pack.line(["rules", n, field]), "no_day", f"{entry[field]} is no day")
    if len(days) == 2 and days["to"] <= days["from"]:
        says = f"it ends on {days['to']}, not after it begins on {days['from']}; the last day is not part of it"
        yield Finding(pack.file, pack.line(["rules", n, "to"]), "dates_reversed", says)


def measures_of(key: str) -> frozenset[str] | None:
    """In which measures a key is written, None where nothing reads such a key."""
    at = key
    while at:
        if at in _MEASURES:
            return _MEASURES[at]
        at = at.rpartition(".")[0]
    return None


def _above_one(value: str) -> bool:
    try:
        return Decimal(value) > 1
    except ArithmeticError:
        return False


# --- the rows together ----------------------------------------------------------------------------------------------


def _by_pack(pack: Document) -> Iterator[Finding]:
    is_local, says = pack.jurisdiction.startswith("CN-"), pack.content[LOCAL_SWITCH] == "true"
    if is_local != says:
        why = "rules of a place bind a central unit only by its switch; those of the country bind every unit"
        yield Finding(pack.file, pack.line([LOCAL_SWITCH]), "local_switch", why)
    names = [case["name"] for case in pack.cases()]
    for n, name in enumerate(names):
        if name in names[:n]:
            yield Finding(pack.file, pack.line(["golden", n, "name"]), "case_twice", f"two cases are called “{name}”")


def _things(pack: Document) -> dict[tuple[Any, ...], list[tuple[date, date | None, int]]]:
    """For each thing the pack speaks of, when its rows hold and from which entry they come, in order of time."""
    found: dict[tuple[Any, ...], list[tuple[date, date | None, int]]] = {}
    for n in range(len(pack.entries())):
        for row in pack.rows_of(n):
            ends = date.fromisoformat(row["effective_to"]) if row["effective_to"] else None
            spans = found.setdefault(tuple(row[name] for name in _THING), [])
            spans.append((date.fromisoformat(row["effective_from"]), ends, n))
    return {thing: sorted(spans, key=lambda span: span[0]) for thing, spans in found.items()}


def _overlaps(pack: Document, beside: Sequence[Document]) -> Iterator[Finding]:
    """Two rows for one thing may follow each other, never hold on one day; not in two packs either."""
    told: set[tuple[int, str]] = set()
    others = [(other, _things(other)) for other in beside]
    for thing, spans in _things(pack).items():
        rivals = [(one, two, pack) for one, two in pairwise(spans)]
        rivals += [(two, one, other) for other, said in others for two in said.get(thing, ()) for one in spans]
        for first, second, where in rivals:
            mine = second[2]
            if not overlap(first[0], first[1], second[0], second[1]) or (mine, where.file) in told:
                continue
            told.add((mine, where.file))
            there = f"{where.file}:{where.line(['rules', first[2]])}"
            says = f"{thing[0]} ({thing[3] or 'every mode'}) holds from {first[0]} by {there}; end that entry first"
            yield Finding(pack.file, pack.line(["rules", mine, "from"]), "overlap", says)


def _gaps(pack: Document) -> Iterator[Finding]:
    """A rule that is succeeded is succeeded on the day it ends: between the two would be days without a number."""
    told: set[int] = set()
    for thing, spans in _things(pack).items():
        for one, two in pairwise(spans):
            if one[1] is not None and one[1] < two[0] and two[2] not in told:
                told.add(two[2])
                says = f"{thing[0]} ({thing[3] or 'every mode'}) has no number from {one[1]} until {two[0]}"
                yield Finding(pack.file, pack.line(["rules", two[2], "from"]), "gap", says)


def _wholes(pack: Document) -> Iterator[Finding]:
    """On every day: sub-floors fit into the reward, none is above its floor; tiers begin at nought and fit into 1."""
    rows = [(row, n) for n in range(len(pack.entries())) for row in pack.rows_of(n)]
    told: set[tuple[str, int]] = set()
    for day in sorted({date.fromisoformat(row["effective_from"]) for row, _ in rows}):
        held = [(row, n) for row, n in rows if _holds(row, day)]
        for who in sorted({row["applies_to"] for row, _ in held}):
            ours = [(row, n) for row, n in held if row["applies_to"] in (who, "any")]
            for code, n, says in (*_sub_floors(ours), *_tiers(ours)):
                if (code, n) not in told:
                    told.add((code, n))
                    yield Finding(pack.file, pack.line(["rules", n, "value"]), code, f"from {day}: {says}")


def _holds(row: Mapping[str, Any], day: date) -> bool:
    ends = row["effective_to"]
    return date.fromisoformat(row["effective_from"]) <= day and (ends is None or day < date.fromisoformat(ends))


def _sub_floors(rows: Sequence[tuple[Mapping[str, Any], int]]) -> Iterator[tuple[str, int, str]]:
    subs = [(row, n) for row, n in rows if row["key"].startswith(SUB_FLOOR)]
    of_reward = [(row, n) for row, n in subs if row["base"] == "reward" and row["mode"] is None]
    whole = sum((Decimal(row["value"]) for row, _ in of_reward), Decimal(0))
    if whole > 1:
        yield "sub_floors_over_1", of_reward[-1][1], f"the sub-floors together are {whole} of the reward"
    for row, n in subs:
        for floor, _ in rows:
            fits = floor["key"] == FLOOR and floor["base"] == row["base"] and row["mode"] in (None, floor["mode"])
            if fits and Decimal(row["value"]) > Decimal(floor["value"]):
                says = f"{row['key']} is {row['value']} of {row['base']}, its floor only {floor['value']}"
                yield "sub_floor_above_floor", n, says


def _tiers(rows: Sequence[tuple[Mapping[str, Any], int]]) -> Iterator[tuple[str, int, str]]:
    tiers = [(row, n) for row, n in rows if row["key"].startswith(TIER)]
    for key in sorted({row["key"] for row, _ in tiers}):
        mine = [(threshold_of(row["base"]) or 0, n) for row, n in tiers if row["key"] == key]
        if min(mine)[0] > 0:
            yield "gap", min(mine)[1], f"{key} says nothing about the first yuan; its lowest tier begins above 0"
    for mode in sorted({row["mode"] for row, _ in tiers}, key=str):
        own = [(row, n) for row, n in tiers if row["mode"] in (mode, None)]
        for start in sorted({threshold_of(row["base"]) or 0 for row, _ in own}):
            parts: dict[str, tuple[int, Decimal, int]] = {}
            for row, n in own:
                begins = threshold_of(row["base"]) or 0
                if begins <= start and (row["key"] not in parts or parts[row["key"]][0] < begins):
                    parts[row["key"]] = (begins, Decimal(row["value"]), n)
            whole = sum((part for _, part, _ in parts.values()), Decimal(0))
            if whole > 1:
                last = max(parts.values())[2]
                yield "ratio_over_1", last, f"above {start} fen the parts together are {whole}"
