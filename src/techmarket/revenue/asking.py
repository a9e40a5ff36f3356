"""What-if questions (试算): what would come of these terms, under these rules; side by side, and nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from techmarket.kernel.money import Money
from techmarket.kernel.refusals import Refusal
from techmarket.kernel.workdays import CalendarYearMissing, WorkCalendar
from techmarket.revenue import errors, norming, rules
from techmarket.revenue.case import Case, Cost, Mode, Norm, Receipt, Table
from techmarket.revenue.computation import Computation
from techmarket.revenue.explaining import explain
from techmarket.revenue.golden import rules_of
from techmarket.rulebook.packs import carried_packs
from techmarket.rulebook.rules import Rule

PEOPLE_MAX = 20_000
"""So many people in all questions that are answered at once."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know: under which rules, from what, by which table."""

    mode: Mode
    rule_date: date
    jurisdiction: str
    is_government: bool
    receipts: Sequence[Receipt]
    costs: Sequence[Cost]
    table: Table
    pay_on: date
    is_registered: bool = False
    term_years: int | None = None
    capital: Money | None = None
    is_pilot: bool = False

    @property
    def place(self) -> tuple[date, str, Mode, bool, bool]:
        """What the choice of the rules hangs on."""
        return self.rule_date, self.jurisdiction, self.mode, self.is_government, self.is_pilot


def norms_of(question: Question, rows: Sequence[Rule]) -> tuple[Norm, ...]:
    """The rows that such a deal would be split by."""
    return norming.choose_norms(
        rows,
        on=question.rule_date,
        jurisdiction=question.jurisdiction,
        mode=question.mode,
        is_government=question.is_government,
        unit=None,
        is_pilot=question.is_pilot,
    )


@cache
def sample_rows() -> tuple[Rule, ...]:
    """Rules shaped like those of universities elsewhere; no market's book holds them, so they serve questions alone."""
    return rules_of([pack for pack in carried_packs() if pack.is_sample])


def require_bounded(questions: Sequence[Question]) -> None:
    people = sum(len(share.people) for one in questions for share in one.table.groups)
    if people > PEOPLE_MAX:
        raise errors.TooManyAsked(people=people, people_max=PEOPLE_MAX, pointer="/body/scenarios")


def case_of(question: Question, norms: Sequence[Norm]) -> Case:
    return Case(
        mode=question.mode,
        is_government=question.is_government,
        receipts=tuple(question.receipts),
        costs=tuple(question.costs),
        table=question.table,
        norms=tuple(norms),
        pay_on=question.pay_on,
        is_registered=question.is_registered,
        term_years=question.term_years,
        capital_minor=question.capital.minor if question.capital else None,
    )


def answered(question: Question, norms: Sequence[Norm], calendar: WorkCalendar) -> dict[str, Any]:
    """A whole split with every step, rule and source, and why; a refusal is raised."""
    done = rules.compute(case_of(question, norms))
    return {**_document(done, calendar), "explanation": explain(done)}


def compared(name: str, question: Question, norms: Sequence[Norm], calendar: WorkCalendar) -> dict[str, Any]:
    """One of several questions: its outcome, or why it has none. What one is refused for does not stop the others."""
    try:
        done = rules.compute(case_of(question, norms))
    except Refusal as refused:
        said = {"code": refused.code, "zh": refused.detail("zh-CN"), "en": refused.detail("en")}
        return {"name": name, "outcome": None, "explanation": None, "refused": said}
    outcome = _document(done, calendar)["outcome"]
    return {"name": name, "outcome": outcome, "explanation": explain(done), "refused": None}


def side_by_side(answers: Mapping[str, Mapping[str, Any] | None]) -> list[tuple[str, list[int | None]]]:
    """Base, reward, the unit's part and each line, with what each answer says of it; None where it says nothing."""
    columns = [_amounts(outcome) if outcome is not None else {} for outcome in answers.values()]
    names = dict.fromkeys(name for column in columns for name in column)
    return [(name, [column.get(name) for column in columns]) for name in names]


def _amounts(outcome: Mapping[str, Any]) -> dict[str, int]:
    lines = {f"{line['group']} {line['key'] or ''}".strip(): line["minor"] for line in outcome["lines"]}
    totals = {"base": outcome["base_minor"], "reward": outcome["reward_minor"], "unit": outcome["unit_minor"]}
    return {**totals, **outcome.get("parts", {}), **lines}


def _document(done: Computation, calendar: WorkCalendar) -> dict[str, Any]:
    document = done.document()
    for term in document["outcome"]["terms"]:
        term["moved_to"] = rolled(date.fromisoformat(term["ends_on"]), calendar)
    return document


def rolled(day: date, calendar: WorkCalendar) -> str | None:
    """A last day on a holiday moves to the next working day, once that year's calendar is known; until then None."""
    try:
        return calendar.next_working_day_on_or_after(day).isoformat()
    except CalendarYearMissing:
        return None
