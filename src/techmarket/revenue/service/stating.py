"""Statements: each person reads her own part with every step, rule and number, and nobody else's."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from techmarket.contracts import steps as contracts
from techmarket.db import texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.kernel.workdays import CalendarYearMissing, WorkCalendar
from techmarket.revenue import policy, repository
from techmarket.revenue.service.distributing import line_view
from techmarket.revenue.service.paying import case_of
from techmarket.revenue.views import StatementCard, StatementView
from techmarket.rulebook import steps as rulebook


async def get_statement(tx: Tx, actor: Actor, distribution_id: UUID, person_id: UUID) -> StatementView:
    """One's own statement, from the publication of the reward list on; anybody else's is not found."""
    require(actor, policy.SEE_STATEMENTS)
    if actor.person_id != person_id:
        raise NotFound()
    async with tx.read() as db:
        row = await repository.get_distribution(db, distribution_id)
        lines = await repository.list_lines(db, row.id, person_id=person_id)
        if not lines or row.state not in repository.SHOWN_TO_PEOPLE:
            raise NotFound()
        contract = await contracts.get_contract(db, row.contract_id)
        table = await repository.get_table(db, row.share_table_id)
        sha256 = lines[0].computation_sha256 or row.computation_sha256
        document = await texts.get(db, sha256)
        case = (await case_of(db, sha256, table.sha256)).cut_to(str(person_id))
        hers = {f"people.{line.group.value}" for line in lines}
        calendar = await rulebook.work_calendar(db)
        return StatementView(
            row.id,
            row.contract_id,
            contract.number,
            row.unit_id,
            person_id,
            row.state,
            row.rule_date,
            table.id,
            table.sha256,
            row.notice_id,
            Money(sum(line.minor for line in lines)),
            tuple(line_view(line) for line in lines),
            case.document(),
            tuple(s for s in document["steps"] if not s["name"].startswith("people.") or s["name"] in hers),
            tuple(document["outcome"]["flags"]),
            tuple(_rolled(term, calendar) for term in document["outcome"]["terms"]),
        )


async def list_statements(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[StatementCard]:
    """The distributions one gets something from, newest first."""
    require(actor, policy.SEE_STATEMENTS)
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_own(db, actor.person, before=before, limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row[0].id),)).map(
            lambda row: StatementCard(row[0].id, row[0].contract_id, row[0].state, Money(row[1]), row[0].created_at)
        )


def _rolled(term: dict[str, Any], calendar: WorkCalendar) -> dict[str, Any]:
    """A last day on a holiday moves to the next working day, once that year's calendar is known; until then null."""
    return {**term, "moved_to": rolled(date.fromisoformat(term["ends_on"]), calendar)}


def rolled(day: date, calendar: WorkCalendar) -> str | None:
    try:
        return calendar.next_working_day_on_or_after(day).isoformat()
    except CalendarYearMissing:
        return None
