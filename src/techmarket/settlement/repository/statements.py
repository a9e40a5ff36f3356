"""Every query of the bank's statements and of the days closed by them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.refusals import NotFound
from techmarket.settlement.lifecycle import EntryState, LineState, PayoutState
from techmarket.settlement.rules import Channel, Finding
from techmarket.settlement.tables import BankDay, BankLine, BankStatement, Due, Payout, StatementEntry

_FRESH = {"populate_existing": True}


_STANDS = BankStatement.voided_at.is_(None)
"""Of the statements, those that were not voided."""


async def find_statement(db: AsyncSession, number: str) -> BankStatement | None:
    return (await db.execute(select(BankStatement).where(BankStatement.number == number, _STANDS))).scalar_one_or_none()


async def get_statement(db: AsyncSession, statement_id: UUID) -> BankStatement:
    row = (await db.execute(select(BankStatement).where(BankStatement.id == statement_id))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def last_statement(db: AsyncSession) -> BankStatement | None:
    query = select(BankStatement).where(_STANDS).order_by(BankStatement.last_day.desc()).limit(1)
    return (await db.execute(query)).scalar_one_or_none()


async def statement_ending(db: AsyncSession, day: date) -> BankStatement | None:
    return (await db.execute(select(BankStatement).where(BankStatement.last_day == day, _STANDS))).scalar_one_or_none()


async def list_statements(db: AsyncSession, *, before: UUID | None, limit: int) -> Sequence[BankStatement]:
    query = select(BankStatement).order_by(BankStatement.id.desc()).limit(limit)
    if before is not None:
        query = query.where(BankStatement.id < before)
    return (await db.execute(query)).scalars().all()


async def count_entries(db: AsyncSession, statement_id: UUID) -> dict[tuple[Finding, EntryState], int]:
    query = (
        select(StatementEntry.finding, StatementEntry.state, func.count())
        .where(StatementEntry.statement_id == statement_id)
        .group_by(StatementEntry.finding, StatementEntry.state)
    )
    return {(finding, state): n for finding, state, n in await db.execute(query)}


async def list_entries(
    db: AsyncSession, statement_id: UUID, *, state: EntryState | None, after: int, limit: int
) -> Sequence[StatementEntry]:
    query = (
        select(StatementEntry)
        .where(StatementEntry.statement_id == statement_id, StatementEntry.n > after)
        .order_by(StatementEntry.n)
        .limit(limit)
    )
    if state is not None:
        query = query.where(StatementEntry.state == state)
    return (await db.execute(query)).scalars().all()


async def lock_entries(db: AsyncSession, statement_id: UUID) -> Sequence[StatementEntry]:
    query = (
        select(StatementEntry)
        .where(StatementEntry.statement_id == statement_id)
        .order_by(StatementEntry.n)
        .with_for_update()
        .execution_options(**_FRESH)
    )
    return (await db.execute(query)).scalars().all()


async def is_closed_by(db: AsyncSession, statement_id: UUID) -> bool:
    query = select(BankDay.day).where(BankDay.statement_id == statement_id)
    return (await db.execute(query)).scalar_one_or_none() is not None


async def lock_entry(db: AsyncSession, statement_id: UUID, n: int) -> StatementEntry:
    query = (
        select(StatementEntry)
        .where(StatementEntry.statement_id == statement_id, StatementEntry.n == n)
        .with_for_update()
        .execution_options(**_FRESH)
    )
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_dues_by_reference(db: AsyncSession, references: Collection[str]) -> dict[str, Due]:
    """By reference, locked in the order of their ids."""
    query = (
        select(Due)
        .where(Due.reference.in_(sorted(references)))
        .order_by(Due.id)
        .with_for_update()
        .execution_options(**_FRESH)
    )
    return {due.reference: due for due in (await db.execute(query)).scalars()}


async def lock_payout_told(
    db: AsyncSession, payout_id: UUID | None, bank_reference: str | None, minor: int
) -> Payout | None:
    """The payout a booking names by our id; else one of this amount whose bank reference was entered by hand.

    What people type may be typed twice: of several the first is taken that no statement shows yet.
    """
    stated = select(StatementEntry.n).where(StatementEntry.payout_id == Payout.id, ~StatementEntry.is_void)
    typed = and_(
        Payout.bank_reference == bank_reference,
        Payout.minor == minor,
        Payout.state == PayoutState.CONFIRMED,
        ~stated.exists(),
    )
    query = (
        select(Payout)
        .where(or_(Payout.id == payout_id, typed), Payout.channel == Channel.ESCROW)
        .order_by(case((Payout.id == payout_id, 0), else_=1), Payout.id)
        .limit(1)
        .with_for_update()
        .execution_options(**_FRESH)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def stated_before(db: AsyncSession, references: Collection[str]) -> set[str]:
    """Those of the bank's references that stand on a statement already."""
    query = select(StatementEntry.bank_reference).where(
        StatementEntry.bank_reference.in_(sorted(references)), ~StatementEntry.is_void
    )
    return set((await db.execute(query)).scalars())


async def told_before(db: AsyncSession, references: Collection[str]) -> set[str]:
    """Those of the bank's references whose money stands in the books already."""
    query = select(BankLine.message_id).where(
        BankLine.message_id.in_(sorted(references)), BankLine.state != LineState.VOIDED
    )
    return set((await db.execute(query)).scalars())


async def payouts_named(db: AsyncSession, payout_ids: Collection[UUID]) -> set[UUID]:
    """Those of these ids that are payouts of ours."""
    return set((await db.execute(select(Payout.id).where(Payout.id.in_(sorted(payout_ids))))).scalars())


async def not_confirmed(db: AsyncSession, payout_ids: Collection[UUID]) -> set[UUID]:
    """Those of these payouts that have not left the books yet."""
    query = select(Payout.id).where(
        Payout.id.in_(sorted(payout_ids)), Payout.state.in_([PayoutState.INSTRUCTED, PayoutState.SENT])
    )
    return set((await db.execute(query)).scalars())


async def is_stated(db: AsyncSession, payout_id: UUID) -> bool:
    query = select(StatementEntry.n).where(StatementEntry.payout_id == payout_id, ~StatementEntry.is_void)
    return (await db.execute(query)).scalar_one_or_none() is not None


async def lock_debit_of(db: AsyncSession, payout_id: UUID) -> StatementEntry | None:
    """The booking by which a payout left, of a statement that stands."""
    query = (
        select(StatementEntry)
        .where(StatementEntry.payout_id == payout_id, ~StatementEntry.is_void)
        .with_for_update()
        .execution_options(**_FRESH)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def is_missing(db: AsyncSession, why: str) -> bool:
    """Whether money left for this reason by a payout that had been entered as failed, and has not come back."""
    query = (
        select(StatementEntry.n)
        .join(Payout, Payout.id == StatementEntry.payout_id)
        .where(
            Payout.why == why,
            StatementEntry.finding == Finding.RETURNED,
            StatementEntry.state != EntryState.KNOWN,
            ~StatementEntry.is_void,
        )
    )
    return (await db.execute(query.limit(1))).scalar_one_or_none() is not None


# --- the end of a day -------------------------------------------------------------------------------------------------


async def last_closed_day(db: AsyncSession) -> date | None:
    return (await db.execute(select(func.max(BankDay.day)))).scalar_one()


async def list_days(db: AsyncSession, *, before: date | None, limit: int) -> Sequence[BankDay]:
    query = select(BankDay).order_by(BankDay.day.desc()).limit(limit)
    if before is not None:
        query = query.where(BankDay.day < before)
    return (await db.execute(query)).scalars().all()


async def count_open(db: AsyncSession, day: date) -> int:
    """Bookings up to this day that nobody has explained."""
    query = (
        select(func.count())
        .select_from(StatementEntry)
        .join(BankStatement, BankStatement.id == StatementEntry.statement_id)
        .where(StatementEntry.state == EntryState.OPEN, BankStatement.last_day <= day, ~StatementEntry.is_void)
    )
    return (await db.execute(query)).scalar_one()


async def paid_though_failed(db: AsyncSession, day: date) -> Sequence[str]:
    """The bank's references of what it paid up to this day although it was entered as failed, and has not sent back."""
    query = (
        select(StatementEntry.bank_reference)
        .join(BankStatement, BankStatement.id == StatementEntry.statement_id)
        .where(
            StatementEntry.finding == Finding.RETURNED,
            StatementEntry.state == EntryState.OPEN,
            BankStatement.last_day <= day,
            ~StatementEntry.is_void,
        )
        .order_by(StatementEntry.bank_reference)
        .limit(10)
    )
    return (await db.execute(query)).scalars().all()


async def incoming_after(db: AsyncSession, day: date) -> int:
    """Money the books have that no statement up to this day shows, in fen."""
    stated = (
        select(StatementEntry.n)
        .join(BankStatement, BankStatement.id == StatementEntry.statement_id)
        .where(StatementEntry.bank_line_id == BankLine.id, BankStatement.last_day <= day, ~StatementEntry.is_void)
    )
    query = select(func.coalesce(func.sum(BankLine.minor), 0)).where(
        ~stated.exists(), BankLine.state != LineState.VOIDED
    )
    # A payout that came back is no movement of the books: between its two bookings it is missing at the bank. One that
    # has not come back is open, and no day is closed over it.
    away = (
        select(
            func.coalesce(
                func.sum(case((StatementEntry.is_credit, -StatementEntry.minor), else_=StatementEntry.minor)), 0
            )
        )
        .join(BankStatement, BankStatement.id == StatementEntry.statement_id)
        .outerjoin(Payout, Payout.id == StatementEntry.payout_id)
        .where(
            BankStatement.last_day <= day,
            ~StatementEntry.is_void,
            or_(
                and_(Payout.state == PayoutState.FAILED, StatementEntry.state == EntryState.KNOWN),
                and_(StatementEntry.is_credit, StatementEntry.finding == Finding.RETURNED),
            ),
        )
    )
    return int((await db.execute(query)).scalar_one()) + int((await db.execute(away)).scalar_one())


async def outgoing_after(db: AsyncSession, day: date) -> int:
    """Money that left the books and no statement up to this day: payouts, and charges of later statements, in fen."""
    stated = (
        select(StatementEntry.n)
        .join(BankStatement, BankStatement.id == StatementEntry.statement_id)
        .where(StatementEntry.payout_id == Payout.id, BankStatement.last_day <= day, ~StatementEntry.is_void)
    )
    paid = select(func.coalesce(func.sum(Payout.minor), 0)).where(
        and_(Payout.state == PayoutState.CONFIRMED, Payout.channel == Channel.ESCROW, ~stated.exists())
    )
    charged = (
        select(func.coalesce(func.sum(StatementEntry.minor), 0))
        .join(BankStatement, BankStatement.id == StatementEntry.statement_id)
        .where(StatementEntry.state == EntryState.EXPLAINED, BankStatement.last_day > day, ~StatementEntry.is_void)
    )
    return int((await db.execute(paid)).scalar_one()) + int((await db.execute(charged)).scalar_one())
