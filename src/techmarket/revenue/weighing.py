"""What other rules would have made of a distribution (规则影响): it stays as it is; the difference is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from techmarket.kernel.refusals import Refusal
from techmarket.revenue import norming, rules
from techmarket.revenue.case import Case, Earlier, Norm, Receipt
from techmarket.revenue.computation import Computation
from techmarket.rulebook.rules import Rule, overlap

THING = ("key", "jurisdiction", "scope", "mode", "applies_to", "base")


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the rules that was used, and what stands in its place; either may be missing."""

    key: str
    jurisdiction: str
    was: Norm | None
    would_be: Norm | None


@dataclass(frozen=True, slots=True)
class Effect:
    """`would_be` is None where the other rules refuse such a split; `refused` says by which code."""

    changes: tuple[Change, ...]
    was: Computation
    would_be: Computation | None
    refused: str | None
    lines_changed: int


def rows_with(rows: Sequence[Rule], added: Sequence[Rule]) -> tuple[Rule, ...]:
    """The book as if these rows had stood in it: where one speaks of the same thing on the same day, it goes first."""

    def thing(row: Rule) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in THING)

    def gives_way(row: Rule) -> bool:
        return any(
            thing(row) == thing(new)
            and overlap(row.effective_from, row.effective_to, new.effective_from, new.effective_to)
            for new in added
        )

    return (*(row for row in rows if not gives_way(row)), *added)


def weigh(
    case: Case, rows: Sequence[Rule], *, on: date, jurisdiction: str, unit: UUID, is_pilot: bool
) -> Effect | None:
    """What these rows would have made of a case that was distributed; None where nothing would have been different."""
    norms = norming.choose_norms(
        rows,
        on=on,
        jurisdiction=jurisdiction,
        mode=case.mode,
        is_government=case.is_government,
        unit=unit,
        is_pilot=is_pilot,
    )
    changes = changed(case.norms, norms)
    if not changes:
        return None
    was = rules.compute(case)
    try:
        done = rules.compute(replace(case, norms=norms, earlier=_earlier(case, norms)))
    except Refusal as refused:
        return Effect(changes, was, None, refused.code, len(was.lines))
    moved = sum(one != other for one, other in zip(was.lines, done.lines, strict=True))
    return Effect(changes, was, done, None, moved) if _told(was) != _told(done) else None


def changed(was: Sequence[Norm], would_be: Sequence[Norm]) -> tuple[Change, ...]:
    """The rows that are others now. A row that only has another id, or ends later, is the same rule."""

    def place(norm: Norm) -> tuple[Any, ...]:
        return norm.key, norm.jurisdiction, norm.scope, norm.mode, norm.applies_to, norm.base

    old, new = {place(norm): norm for norm in was}, {place(norm): norm for norm in would_be}
    found = []
    for where in dict.fromkeys((*old, *new)):
        one, other = old.get(where), new.get(where)
        if one is None or other is None or _says(one) != _says(other):
            found.append(Change(where[0], where[1], one, other))
    return tuple(found)


def _says(norm: Norm) -> tuple[Any, ...]:
    return norm.value, norm.unit, norm.binding, norm.evidence


def _earlier(case: Case, norms: tuple[Norm, ...]) -> Earlier | None:
    """What earlier income would have come to under the same rules: taken as one event, for the sums are cumulative."""
    if case.earlier is None or case.earlier.base_minor <= 0:
        return case.earlier
    first = min(receipt.received_on for receipt in case.receipts)
    before = (Receipt("earlier", case.earlier.base_minor, first),)
    return rules.compute(replace(case, norms=norms, receipts=before, costs=(), earlier=None)).so_far()


def _told(done: Computation) -> tuple[Any, ...]:
    """What somebody would notice: amounts, what counts as wage, tax flags and terms."""
    flags = [(flag.tax, flag.value, flag.needs_confirmation) for flag in done.flags]
    return done.reward_minor, done.parts, done.lines, flags, [(term.name, term.ends_on) for term in done.terms]
