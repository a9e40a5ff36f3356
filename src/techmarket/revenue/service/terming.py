"""Deadlines of rewards (兑现期限): counted when income comes in, told before they pass, listed while they are open."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.periods import shanghai_day, term_date
from techmarket.kernel.workdays import CalendarYearMissing, WorkCalendar
from techmarket.revenue import policy
from techmarket.revenue.case import SALE_MODES
from techmarket.revenue.events import RewardDueSoon, RewardOverdue
from techmarket.revenue.incomes import Subject
from techmarket.revenue.norming import DEADLINE, IIT_WINDOW
from techmarket.revenue.repository import terming
from techmarket.revenue.service.standing import standing_of_subject
from techmarket.revenue.tables import Income, RewardTerm
from techmarket.revenue.views import TermView
from techmarket.rulebook import steps as rulebook

ALERT = "reward.alert.before"
BATCH = 200


async def set_terms(db: AsyncSession, income: Income) -> None:
    """By when the reward of this income is due, and how long the wage relief can be used (6 and 36 months)."""
    subject = Subject(income.contract_id, income.achievement_id, income.unit_id)
    standing = await standing_of_subject(db, subject, mode=income.mode, on=income.received_on)
    before = await rulebook.get_rule(db, ALERT, on=income.received_on, jurisdiction=standing.jurisdiction)
    for name, key in (("reward_due", DEADLINE), ("iit_window", IIT_WINDOW)):
        norm = next((one for one in standing.norms if one.key == key), None)
        if norm is None or norm.unit != "months" or (key == IIT_WINDOW and income.mode not in SALE_MODES):
            continue
        ends_on = term_date(income.received_on, int(norm.value))
        db.add(
            RewardTerm(
                income_id=income.id,
                name=name,
                unit_id=income.unit_id,
                ends_on=ends_on,
                alert_on=ends_on - timedelta(days=before.int),
            )
        )
    await db.flush()


async def watch_terms(tx: Tx) -> int:
    """Tell of each open term once before its day, and once when the day has passed. Returns how many were told."""
    async with tx.begin() as db:
        now = await clock.market_now(db)
        today = shanghai_day(now)
        calendar = await rulebook.work_calendar(db)
        told = 0
        for term in await terming.lock_due(db, today, limit=BATCH):
            last = moved(term.ends_on, calendar)
            if term.alerted_at is None and today <= last:
                term.alerted_at = now
                journal.record(db, RewardDueSoon(term.income_id, term.name, last), actor=None)
                told += 1
            elif today > last:
                # What was never told in time, for the worker stood still, is told as passed only.
                term.alerted_at, term.passed_at = term.alerted_at or now, now
                journal.record(db, RewardOverdue(term.income_id, term.name, last), actor=None)
                told += 1
        await db.flush()
        return told


async def list_terms(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[TermView]:
    """The open terms of my unit's income, the nearest first; the market sees all. What is paid is not in it."""
    require(actor, policy.SEE_TERMS, parties=[actor.org_id])
    if not policy.sees_money_of(actor, actor.org_id):
        return Page([])
    after: tuple[date, UUID] | None = None
    if cursor is not None:
        day, income_id = decode_cursor(cursor, date, UUID)
        after = (day, income_id)
    async with tx.read() as db:
        calendar = await rulebook.work_calendar(db)
        today = shanghai_day(await clock.market_now(db))
        rows = await terming.list_open(
            db, unit_id=None if actor.is_market else actor.org_id, after=after, limit=limit + 1
        )
        return page_of(rows, limit, lambda row: (row[0].ends_on.isoformat(), str(row[0].income_id))).map(
            lambda row: _view(row[0], row[1], calendar, today)
        )


def moved(day: date, calendar: WorkCalendar) -> date:
    """A last day on a holiday moves to the next working day, as soon as that year's calendar is known."""
    try:
        return calendar.next_working_day_on_or_after(day)
    except CalendarYearMissing:
        return day


def _view(term: RewardTerm, income: Income, calendar: WorkCalendar, today: date) -> TermView:
    last = moved(term.ends_on, calendar)
    standing = "OVERDUE" if today > last else "DUE_SOON" if today >= term.alert_on else "OPEN"
    return TermView(
        income.id,
        income.contract_id,
        income.achievement_id,
        income.unit_id,
        term.name,
        Money(income.minor),
        income.received_on,
        term.ends_on,
        last,
        standing,
        income.distribution_id,
    )
