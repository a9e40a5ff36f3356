"""The dry run: anybody computes a split before anything is signed, by the rules of a day, and nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.revenue import asking, policy
from techmarket.revenue.asking import Question
from techmarket.revenue.case import Norm
from techmarket.revenue.service.standing import rows_of
from techmarket.rulebook import steps as rulebook


async def calculate(
    tx: Tx, actor: Actor, question: Question, scenarios: Mapping[str, Question] | None = None
) -> dict[str, Any]:
    """A whole split with every step, rule and source, and beside it what would come of other terms. Changes nothing."""
    require(actor, policy.CALCULATE)
    others = scenarios or {}
    asking.require_bounded([question, *others.values()])
    norms: dict[object, tuple[Norm, ...]] = {}
    async with tx.read() as db:
        for one in (question, *others.values()):
            if one.place not in norms:
                book = await rows_of(db, on=one.rule_date, jurisdiction=one.jurisdiction)
                norms[one.place] = asking.norms_of(one, (*book, *asking.sample_rows()))
        calendar = await rulebook.work_calendar(db)
    answer = asking.answered(question, norms[question.place], calendar)
    compared = [asking.compared(name, one, norms[one.place], calendar) for name, one in others.items()]
    return {**answer, "scenarios": compared}
