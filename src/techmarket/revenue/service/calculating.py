"""The dry run: anybody computes a split before anything is signed, by the rules of a day, and nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.revenue import policy, rules
from techmarket.revenue.case import Case, Cost, Mode, Receipt, Table
from techmarket.revenue.service.standing import norms_of
from techmarket.revenue.service.stating import rolled
from techmarket.rulebook import steps as rulebook


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


async def calculate(tx: Tx, actor: Actor, question: Question) -> dict[str, Any]:
    """A whole split with every step, rule and source. Changes nothing."""
    require(actor, policy.CALCULATE)
    async with tx.read() as db:
        norms = await norms_of(
            db,
            on=question.rule_date,
            jurisdiction=question.jurisdiction,
            mode=question.mode,
            is_government=question.is_government,
            unit=None,
        )
        calendar = await rulebook.work_calendar(db)
    case = Case(
        mode=question.mode,
        is_government=question.is_government,
        receipts=tuple(question.receipts),
        costs=tuple(question.costs),
        table=question.table,
        norms=norms,
        pay_on=question.pay_on,
        is_registered=question.is_registered,
        term_years=question.term_years,
        capital_minor=question.capital.minor if question.capital else None,
    )
    document = rules.compute(case).document()
    for term in document["outcome"]["terms"]:
        term["moved_to"] = rolled(date.fromisoformat(term["ends_on"]), calendar)
    return document
