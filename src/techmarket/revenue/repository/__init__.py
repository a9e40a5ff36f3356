"""Every query of revenue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.revenue.case import Group, Mode
from techmarket.revenue.incomes import Subject
from techmarket.revenue.lifecycle import DISTRIBUTION_LINE, DistributionState, LineState, TableState
from techmarket.revenue.tables import (
    Cost,
    Distribution,
    DistributionLine,
    DistributionProof,
    Income,
    ShareTable,
    ShareTablePerson,
)

OPEN_TABLES = (TableState.DRAFT, TableState.SIGNING)


# --- share tables ---------------------------------------------------------------------------------------------------


async def get_table(db: AsyncSession, table_id: UUID) -> ShareTable:
    row = await db.get(ShareTable, table_id)
    if row is None:
        raise NotFound()
    return row


async def lock_table(db: AsyncSession, table_id: UUID) -> ShareTable:
    query = (
        select(ShareTable).where(ShareTable.id == table_id).with_for_update().execution_options(populate_existing=True)
    )
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_tables_of(
    db: AsyncSession, subject: str, unit_id: UUID, states: Collection[TableState]
) -> Sequence[ShareTable]:
    query = (
        select(ShareTable)
        .where(ShareTable.subject == subject, ShareTable.unit_id == unit_id, ShareTable.state.in_(states))
        .order_by(ShareTable.n)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await db.execute(query)).scalars().all()


async def last_n(db: AsyncSession, subject: str, unit_id: UUID) -> int:
    query = select(func.max(ShareTable.n)).where(ShareTable.subject == subject, ShareTable.unit_id == unit_id)
    return (await db.execute(query)).scalar_one() or 0


async def find_table(db: AsyncSession, subjects: Sequence[str], unit_id: UUID) -> ShareTable | None:
    """The unit's table for the first of these subjects that has one: the signed one before the one on its way."""
    for subject in subjects:
        query = select(ShareTable).where(
            ShareTable.subject == subject, ShareTable.unit_id == unit_id, ShareTable.state != TableState.REPLACED
        )
        rows = (await db.execute(query)).scalars().all()
        standing = sorted(rows, key=lambda row: (row.state is not TableState.SIGNED, -row.n))
        if standing:
            return standing[0]
    return None


async def list_people(db: AsyncSession, table_id: UUID) -> Sequence[ShareTablePerson]:
    query = select(ShareTablePerson).where(ShareTablePerson.share_table_id == table_id)
    return (await db.execute(query)).scalars().all()


async def list_signers(db: AsyncSession, subjects: Sequence[str], unit_id: UUID) -> Sequence[UUID]:
    """Who had to sign the unit's tables that stand for these subjects, each table in its order."""
    query = (
        select(ShareTablePerson.person_id)
        .join(ShareTable, ShareTable.id == ShareTablePerson.share_table_id)
        .where(
            ShareTable.subject.in_(subjects),
            ShareTable.unit_id == unit_id,
            ShareTable.state == TableState.SIGNED,
            ShareTablePerson.position.is_not(None),
        )
        .order_by(ShareTable.id, ShareTablePerson.position)
    )
    return (await db.execute(query)).scalars().all()


async def find_person(db: AsyncSession, table_id: UUID, person_id: UUID) -> ShareTablePerson | None:
    return await db.get(ShareTablePerson, (table_id, person_id))


async def list_tables(
    db: AsyncSession,
    *,
    person_id: UUID | None,
    unit_id: UUID | None,
    subject: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[ShareTable]:
    """Tables that name the person or belong to the unit; neither given means all of them."""
    query = select(ShareTable).order_by(ShareTable.id.desc()).limit(limit)
    reach: list[ColumnElement[bool]] = []
    if person_id is not None:
        named = select(ShareTablePerson.share_table_id).where(ShareTablePerson.person_id == person_id)
        reach.append(ShareTable.id.in_(named))
    if unit_id is not None:
        reach.append(ShareTable.unit_id == unit_id)
    if reach:
        query = query.where(or_(*reach))
    if subject is not None:
        query = query.where(ShareTable.subject == subject)
    if before is not None:
        query = query.where(ShareTable.id < before)
    return (await db.execute(query)).scalars().all()


# --- income and costs -----------------------------------------------------------------------------------------------


async def has_income(db: AsyncSession, due_id: UUID) -> bool:
    return (await db.execute(select(Income.id).where(Income.due_id == due_id).limit(1))).first() is not None


async def lock_cost(db: AsyncSession, cost_id: UUID) -> Cost:
    row = (await db.execute(select(Cost).where(Cost.id == cost_id).with_for_update())).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def free_books(db: AsyncSession, distribution_id: UUID) -> None:
    """What a reversed distribution took up is open again."""
    await db.execute(update(Income).where(Income.distribution_id == distribution_id).values(distribution_id=None))
    await db.execute(update(Cost).where(Cost.distribution_id == distribution_id).values(distribution_id=None))


# --- distributions --------------------------------------------------------------------------------------------------


async def get_distribution(db: AsyncSession, distribution_id: UUID) -> Distribution:
    row = await db.get(Distribution, distribution_id)
    if row is None:
        raise NotFound()
    return row


async def lock_distribution(db: AsyncSession, distribution_id: UUID) -> Distribution:
    query = (
        select(Distribution)
        .where(Distribution.id == distribution_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


_INSERT_LINES = text("""
INSERT INTO distribution_line
       (id, distribution_id, n, "group", position, person_id, minor, wage_base_minor, state, rework_id,
        in_shares)
SELECT line.id, cast(:distribution_id AS uuid), line.n, line.of, line.position, line.person_id, line.minor,
       line.wage_base_minor, cast(:state AS text), line.rework_id, cast(:in_shares AS boolean)
FROM unnest(cast(:ids AS uuid[]), cast(:n AS bigint[]), cast(:of AS text[]), cast(:position AS bigint[]),
            cast(:people AS uuid[]), cast(:minor AS bigint[]), cast(:wage_base AS bigint[]), cast(:reworks AS uuid[]))
     AS line(id, n, of, position, person_id, minor, wage_base_minor, rework_id)
""")


class NewRow(NamedTuple):
    """A line as it is written first; there may be ten thousand. A person may still be named by the text of his id."""

    id: UUID
    n: int
    group: Group
    position: int
    person_id: UUID | str | None
    minor: int
    wage_base_minor: int | None
    rework_id: UUID | None = None


_COLUMNS = ("ids", "n", "of", "position", "people", "minor", "wage_base", "reworks")


async def insert_lines(
    db: AsyncSession, distribution_id: UUID, rows: Sequence[NewRow], *, in_shares: bool = False
) -> None:
    """All lines of a distribution in one statement, however many people share."""
    values: dict[str, Any] = {
        name: list(column) for name, column in zip(_COLUMNS, zip(*rows, strict=True), strict=True)
    }
    values |= {"distribution_id": distribution_id, "state": DISTRIBUTION_LINE.initial.value, "in_shares": in_shares}
    await db.execute(_INSERT_LINES, values)


async def find_proof(db: AsyncSession, distribution_id: UUID) -> DistributionProof | None:
    return await db.get(DistributionProof, distribution_id)


async def list_standing(db: AsyncSession, subject: Subject, mode: Mode) -> Sequence[Distribution]:
    """A unit's distributions of money that were not taken back, in the order they were made."""
    query = select(Distribution).where(
        Distribution.contract_id == subject.contract_id
        if subject.contract_id is not None
        else Distribution.achievement_id == subject.achievement_id,
        Distribution.unit_id == subject.unit_id,
        Distribution.mode == mode,
        ~Distribution.in_shares,
        Distribution.state != DistributionState.REVERSED,
    )
    return (await db.execute(query.order_by(Distribution.id))).scalars().all()


async def sums_by_place(db: AsyncSession, distributions: Collection[UUID]) -> dict[tuple[Group, int], int]:
    """What each place of the table was given by these splits together, whatever became of a line afterwards."""
    query = (
        select(DistributionLine.group, DistributionLine.position, func.sum(DistributionLine.minor))
        .where(DistributionLine.distribution_id.in_(distributions), DistributionLine.rework_id.is_(None))
        .group_by(DistributionLine.group, DistributionLine.position)
    )
    return {(group, position): int(minor) for group, position, minor in await db.execute(query)}


async def list_lines(
    db: AsyncSession, distribution_id: UUID, *, person_id: UUID | None = None
) -> Sequence[DistributionLine]:
    query = select(DistributionLine).where(DistributionLine.distribution_id == distribution_id)
    if person_id is not None:
        query = query.where(DistributionLine.person_id == person_id)
    return (await db.execute(query.order_by(DistributionLine.n))).scalars().all()


async def get_line(db: AsyncSession, line_id: UUID) -> DistributionLine:
    row = await db.get(DistributionLine, line_id, populate_existing=True)
    if row is None:
        raise NotFound()
    return row


async def find_line_by_payout(db: AsyncSession, payout_id: UUID) -> DistributionLine | None:
    query = select(DistributionLine).where(DistributionLine.payout_id == payout_id)
    return (await db.execute(query)).scalar_one_or_none()


async def count_unpaid(db: AsyncSession, distribution_id: UUID) -> int:
    query = select(func.count()).where(
        DistributionLine.distribution_id == distribution_id,
        DistributionLine.state.not_in([LineState.PAID, LineState.CANCELLED]),
    )
    return (await db.execute(query)).scalar_one()


async def count_gone(db: AsyncSession, distribution_id: UUID) -> int:
    """Lines instructed or paid: they are not taken back without a claim, or an answer of whoever pays."""
    query = select(func.count()).where(
        DistributionLine.distribution_id == distribution_id,
        DistributionLine.state.in_([LineState.INSTRUCTED, LineState.PAID]),
    )
    return (await db.execute(query)).scalar_one()


async def list_distributions(
    db: AsyncSession,
    *,
    unit_id: UUID | None,
    contract_id: UUID | None,
    before: UUID | None,
    limit: int,
    standing: bool = False,
) -> Sequence[Distribution]:
    """The newest first; with `standing` none that was taken back."""
    query = select(Distribution).order_by(Distribution.id.desc()).limit(limit)
    if standing:
        query = query.where(Distribution.state != DistributionState.REVERSED)
    if unit_id is not None:
        query = query.where(Distribution.unit_id == unit_id)
    if contract_id is not None:
        query = query.where(Distribution.contract_id == contract_id)
    if before is not None:
        query = query.where(Distribution.id < before)
    return (await db.execute(query)).scalars().all()


GONE = (LineState.CANCELLED, LineState.RECLAIMED)
"""What such a line says is nobody's in the end."""


async def list_own(
    db: AsyncSession, person_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[tuple[Distribution, int]]:
    """The distributions that name the person, with the sum of her lines that stand; from their publication on, for
    good."""
    hers = func.sum(DistributionLine.minor).filter(DistributionLine.state.not_in(GONE))
    query = (
        select(Distribution, func.coalesce(hers, 0))
        .join(DistributionLine, DistributionLine.distribution_id == Distribution.id)
        .where(DistributionLine.person_id == person_id, Distribution.notice_id.is_not(None))
        .group_by(Distribution.id)
        .order_by(Distribution.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Distribution.id < before)
    return [(row[0], int(row[1])) for row in await db.execute(query)]


async def find_by_notice(db: AsyncSession, notice_id: UUID) -> UUID | None:
    query = select(Distribution.id).where(Distribution.notice_id == notice_id)
    return (await db.execute(query)).scalar_one_or_none()


async def people_of(db: AsyncSession, ids: Collection[UUID]) -> dict[UUID, tuple[UUID, frozenset[UUID]]]:
    query = (
        select(Distribution.id, Distribution.unit_id, func.array_agg(DistributionLine.person_id.distinct()))
        .join(DistributionLine, DistributionLine.distribution_id == Distribution.id)
        .where(Distribution.id.in_(set(ids)), DistributionLine.person_id.is_not(None))
        .group_by(Distribution.id)
    )
    return {row[0]: (row[1], frozenset(one for one in row[2] if one)) for row in await db.execute(query)}


async def person_of_lines(db: AsyncSession, ids: Collection[UUID]) -> dict[UUID, tuple[UUID, UUID]]:
    query = (
        select(DistributionLine.id, Distribution.unit_id, DistributionLine.person_id)
        .join(Distribution, Distribution.id == DistributionLine.distribution_id)
        .where(DistributionLine.id.in_(set(ids)), DistributionLine.person_id.is_not(None))
    )
    return {row[0]: (row[1], row[2]) for row in await db.execute(query) if row[2] is not None}
