"""Every query of the rulebook."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.rulebook.lifecycle import ProposalState
from techmarket.rulebook.rules import Rule, RuleUnit
from techmarket.rulebook.tables import RuleProposal, RuleRow, WorkDay, WorkYear


def rule_of(row: RuleRow) -> Rule:
    return Rule(
        row.id,
        row.key,
        row.jurisdiction,
        row.scope,
        row.mode,
        row.applies_to,
        row.binding,
        row.base,
        row.value,
        row.unit,
        row.source,
        row.evidence,
        row.effective_from,
        row.effective_to,
    )


def _in_force(on: date) -> ColumnElement[bool]:
    return (RuleRow.effective_from <= on) & or_(RuleRow.effective_to.is_(None), RuleRow.effective_to > on)


async def list_in_force(
    db: AsyncSession, *keys: str, on: date, jurisdictions: Sequence[str], scopes: Sequence[str] | None = None
) -> list[Rule]:
    query = select(RuleRow).where(RuleRow.key.in_(keys), RuleRow.jurisdiction.in_(jurisdictions), _in_force(on))
    if scopes is not None:
        query = query.where(RuleRow.scope.in_(scopes))
    rows = await db.execute(query.order_by(RuleRow.effective_from, RuleRow.id))
    return [rule_of(row) for row in rows.scalars()]


async def get_row(db: AsyncSession, rule_id: UUID) -> RuleRow:
    row = await db.get(RuleRow, rule_id)
    if row is None:
        raise NotFound()
    return row


async def list_rows(
    db: AsyncSession,
    *,
    key: str | None,
    prefix: str | None,
    jurisdiction: str | None,
    on: date | None,
    unit_id: UUID | None,
    all_units: bool,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[RuleRow]:
    query = select(RuleRow).order_by(RuleRow.key, RuleRow.id).limit(limit)
    if key is not None:
        query = query.where(RuleRow.key == key)
    if prefix is not None:
        query = query.where(RuleRow.key.startswith(prefix, autoescape=True))
    if jurisdiction is not None:
        query = query.where(RuleRow.jurisdiction == jurisdiction)
    if on is not None:
        query = query.where(_in_force(on))
    if not all_units:
        query = query.where(or_(RuleRow.unit_id.is_(None), RuleRow.unit_id == unit_id))
    if after is not None:
        query = query.where(tuple_(RuleRow.key, RuleRow.id) > after)
    return (await db.execute(query)).scalars().all()


async def list_keys(
    db: AsyncSession, *, on: date, prefix: str | None, after: str | None, limit: int
) -> Sequence[tuple[str, int, int, date | None]]:
    """Keys of law and market, with how many rows each has, how many hold on the day, when the next one begins."""
    query = (
        select(
            RuleRow.key,
            func.count(),
            func.count().filter(_in_force(on)),
            func.min(RuleRow.effective_from).filter(RuleRow.effective_from > on),
        )
        .where(RuleRow.unit_id.is_(None))
        .group_by(RuleRow.key)
        .order_by(RuleRow.key)
        .limit(limit)
    )
    if prefix is not None:
        query = query.where(RuleRow.key.startswith(prefix, autoescape=True))
    if after is not None:
        query = query.where(RuleRow.key > after)
    return [(row[0], row[1], row[2], row[3]) for row in await db.execute(query)]


async def waiting_by_key(db: AsyncSession) -> dict[str, int]:
    query = select(RuleProposal.key, func.count()).where(RuleProposal.state == ProposalState.WAITING)
    return {row[0]: row[1] for row in await db.execute(query.group_by(RuleProposal.key))}


async def list_sources(db: AsyncSession, year: int) -> dict[date, str]:
    """By whose word each day of a year that the operator entered is what it is."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    rows = (await db.execute(select(WorkDay).where(WorkDay.day.between(first, last)))).scalars()
    return {row.day: row.source for row in rows}


async def lock_key(db: AsyncSession, key: str) -> None:
    """One writer at a time for the rows of a key; readers are not disturbed."""
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"rulebook:{key}", 0))))


async def lock_loading(db: AsyncSession) -> None:
    await db.execute(text("LOCK TABLE rule IN SHARE ROW EXCLUSIVE MODE"))


async def rows_of_key(db: AsyncSession, key: str) -> Sequence[RuleRow]:
    return (await db.execute(select(RuleRow).where(RuleRow.key == key))).scalars().all()


async def all_rows(db: AsyncSession) -> Sequence[RuleRow]:
    return (await db.execute(select(RuleRow))).scalars().all()


def units_of(rows: Sequence[RuleRow]) -> list[RuleUnit]:
    return sorted({row.unit for row in rows})


async def list_work_days(db: AsyncSession) -> dict[date, bool]:
    rows = (await db.execute(select(WorkDay))).scalars()
    return {row.day: row.is_working for row in rows}


async def list_work_years(db: AsyncSession) -> list[int]:
    return list((await db.execute(select(WorkYear.year).order_by(WorkYear.year))).scalars())


async def put_work_days(db: AsyncSession, days: Sequence[dict[str, Any]]) -> None:
    put = insert(WorkDay)
    await db.execute(
        put.on_conflict_do_update(
            index_elements=["day"], set_={"is_working": put.excluded.is_working, "source": put.excluded.source}
        ),
        list(days),
    )


async def put_work_year(db: AsyncSession, year: int, source: str) -> None:
    await db.execute(insert(WorkYear).values(year=year, source=source).on_conflict_do_nothing())


# --- rows that wait for a second operator -----------------------------------------------------------------------------

_FRESH = {"populate_existing": True}


async def find_proposal(db: AsyncSession, row_sha256: str) -> RuleProposal | None:
    """The proposal of this very row that waits, locked."""
    query = select(RuleProposal).where(
        RuleProposal.row_sha256 == row_sha256, RuleProposal.state == ProposalState.WAITING
    )
    return (await db.execute(query.with_for_update().execution_options(**_FRESH))).scalar_one_or_none()


async def lock_proposal(db: AsyncSession, proposal_id: UUID) -> RuleProposal:
    query = select(RuleProposal).where(RuleProposal.id == proposal_id).with_for_update()
    row = (await db.execute(query.execution_options(**_FRESH))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def list_proposals(
    db: AsyncSession, *, state: ProposalState | None, before: UUID | None, limit: int
) -> Sequence[RuleProposal]:
    query = select(RuleProposal).order_by(RuleProposal.id.desc()).limit(limit)
    if state is not None:
        query = query.where(RuleProposal.state == state)
    if before is not None:
        query = query.where(RuleProposal.id < before)
    return (await db.execute(query)).scalars().all()
