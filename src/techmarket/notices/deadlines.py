"""Until when an objection is acknowledged and decided, and how often the same grounds are heard: rulebook rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.periods import end_of_period
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.notices.tables import Notice, Objection
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.steps import Rule

ACKNOWLEDGEMENT = "notice.objection.acknowledgement.length"
DECISION = "notice.objection.decision.length"
PER_PARTY_MAX = "notice.objection.per_party_max"
BY_OWNER_MAX = "notice.replacement.by_owner_max"
SAME_GROUNDS_MAX = "notice.objection.same_grounds_max"


async def set_deadlines(
    db: AsyncSession, notice: Notice, objection: Objection, *, since: datetime | None = None
) -> None:
    """Both are counted from the filing, or from when it was taken up again. While the operator has not entered the
    holidays of a year they fall into, there is no deadline; an objection is taken all the same."""
    begins = since or objection.filed_at
    objection.acknowledge_by = await _counted(db, notice, ACKNOWLEDGEMENT, begins)
    objection.decide_by = await _counted(db, notice, DECISION, begins)


async def same_grounds_max(db: AsyncSession, notice: Notice) -> int | None:
    rule = await _rule(db, notice, SAME_GROUNDS_MAX)
    return rule.int if rule is not None else None


async def per_party_max(db: AsyncSession, notice: Notice) -> int | None:
    rule = await _rule(db, notice, PER_PARTY_MAX)
    return rule.int if rule is not None else None


async def by_owner_max(db: AsyncSession, notice: Notice) -> int | None:
    rule = await _rule(db, notice, BY_OWNER_MAX)
    return rule.int if rule is not None else None


async def _counted(db: AsyncSession, notice: Notice, key: str, since: datetime) -> datetime | None:
    rule = await _rule(db, notice, key)
    if rule is None:
        return None
    try:
        return end_of_period(since, rule.length, calendar=await rulebook.work_calendar(db))
    except CalendarYearMissing:
        return None


async def _rule(db: AsyncSession, notice: Notice, key: str) -> Rule | None:
    return await rulebook.find_rule(
        db, key, on=notice.rule_date, jurisdiction=notice.jurisdiction, applies_to=tuple(notice.owner_kinds)
    )
