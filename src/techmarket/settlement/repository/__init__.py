"""Every query of settlement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound
from techmarket.settlement.lifecycle import BANK_LINE, DueState, LineState
from techmarket.settlement.rules import BankMessage, Channel
from techmarket.settlement.tables import BankLine, Due, Payout

_FRESH = {"populate_existing": True}
_IDS = ARRAY(Uuid())


async def next_reference(db: AsyncSession, year: int) -> str:
    """A reference a payer can type; gaps are harmless, two alike are not."""
    serial = (await db.execute(text("SELECT nextval('due_reference')"))).scalar_one()
    return f"D{year:04d}{serial:06d}"


async def lock_due(db: AsyncSession, due_id: UUID) -> Due:
    query = select(Due).where(Due.id == due_id).with_for_update().execution_options(**_FRESH)
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_due_by_reference(db: AsyncSession, reference: str) -> Due | None:
    query = select(Due).where(Due.reference == reference).with_for_update().execution_options(**_FRESH)
    return (await db.execute(query)).scalar_one_or_none()


async def get_due(db: AsyncSession, due_id: UUID) -> Due:
    row = (await db.execute(select(Due).where(Due.id == due_id))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def dues_of(db: AsyncSession, subject: str) -> Sequence[Due]:
    return (await db.execute(select(Due).where(Due.subject == subject).order_by(Due.id))).scalars().all()


async def lock_dues_of(db: AsyncSession, subject: str) -> Sequence[Due]:
    """Every due of a subject, locked in the order of their ids."""
    query = select(Due).where(Due.subject == subject).order_by(Due.id).with_for_update().execution_options(**_FRESH)
    return (await db.execute(query)).scalars().all()


async def due_refunded_by(db: AsyncSession, refund_due_id: UUID) -> UUID | None:
    """The due that a due of purpose REFUND gives back."""
    return (await db.execute(select(Due.id).where(Due.refund_due_id == refund_due_id))).scalar_one_or_none()


async def routes_of(db: AsyncSession, due_ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """(account, name) by which each of these dues was paid, where all of its money came from one account."""
    if not due_ids:
        return {}
    query = (
        select(BankLine.due_id, func.min(BankLine.payer_account), func.min(BankLine.payer_name))
        .where(BankLine.due_id.in_(due_ids), BankLine.state == LineState.MATCHED, BankLine.payer_account != "")
        .group_by(BankLine.due_id)
        .having(func.count(BankLine.payer_account.distinct()) == 1)
    )
    return {due_id: (account, name) for due_id, account, name in await db.execute(query) if due_id is not None}


async def list_dues(
    db: AsyncSession,
    *,
    org_id: UUID | None,
    state: DueState | None,
    subject: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Due]:
    query = select(Due).order_by(Due.id.desc()).limit(limit)
    if org_id is not None:
        query = query.where(or_(Due.payer_org == org_id, Due.payee_org == org_id))
    if state is not None:
        query = query.where(Due.state == state)
    if subject is not None:
        query = query.where(Due.subject == subject)
    if after is not None:
        query = query.where(Due.id < after)
    return (await db.execute(query)).scalars().all()


async def lock_overdue(db: AsyncSession, today: date, limit: int) -> Sequence[Due]:
    """Open dues whose day has passed and that nobody was told of; another worker's are left to him."""
    query = (
        select(Due)
        .where(Due.state == DueState.OPEN, Due.overdue_at.is_(None), Due.due_on < today)
        .order_by(Due.due_on, Due.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(**_FRESH)
    )
    return (await db.execute(query)).scalars().all()


async def put_line(db: AsyncSession, message: BankMessage, body_sha256: bytes) -> UUID | None:
    """The new line's id, or None when a message of this id is there already, also when it came this very moment."""
    query = (
        insert(BankLine)
        .values(
            id=new_id(),
            message_id=message.message_id,
            body_sha256=body_sha256,
            payer_account=message.payer_account,
            payer_name=message.payer_name,
            minor=message.minor,
            reference=message.reference,
            booked_at=message.booked_at,
            state=BANK_LINE.initial,
        )
        .on_conflict_do_nothing(index_elements=["message_id"])
        .returning(BankLine.id)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def line_by_message(db: AsyncSession, message_id: str) -> BankLine:
    return (await db.execute(select(BankLine).where(BankLine.message_id == message_id))).scalar_one()


async def lock_line(db: AsyncSession, line_id: UUID) -> BankLine:
    query = select(BankLine).where(BankLine.id == line_id).with_for_update().execution_options(**_FRESH)
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_lines_of_payouts(db: AsyncSession, payout_ids: Collection[UUID]) -> Sequence[BankLine]:
    query = select(BankLine).where(BankLine.payout_id == any_(literal(list(payout_ids), _IDS))).order_by(BankLine.id)
    return (await db.execute(query.with_for_update().execution_options(**_FRESH))).scalars().all()


async def list_lines(
    db: AsyncSession, *, state: LineState | None, after: UUID | None, limit: int
) -> Sequence[BankLine]:
    query = select(BankLine).order_by(BankLine.id).limit(limit)
    if state is not None:
        query = query.where(BankLine.state == state)
    if after is not None:
        query = query.where(BankLine.id > after)
    return (await db.execute(query)).scalars().all()


async def get_payout(db: AsyncSession, payout_id: UUID) -> Payout:
    row = (await db.execute(select(Payout).where(Payout.id == payout_id))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_payout(db: AsyncSession, payout_id: UUID) -> Payout:
    return (await lock_payouts(db, [payout_id]))[0]


async def lock_payouts(db: AsyncSession, payout_ids: Collection[UUID]) -> Sequence[Payout]:
    """Locked in the order of their ids."""
    query = select(Payout).where(Payout.id == any_(literal(list(payout_ids), _IDS))).order_by(Payout.id)
    rows = (await db.execute(query.with_for_update().execution_options(**_FRESH))).scalars().all()
    if len(rows) != len(payout_ids):
        raise NotFound()
    return rows


async def list_payouts(
    db: AsyncSession, *, org_id: UUID | None, state: str | None, after: UUID | None, limit: int
) -> Sequence[Payout]:
    query = select(Payout).order_by(Payout.id.desc()).limit(limit)
    if org_id is not None:
        query = query.where(Payout.org_id == org_id)
    if state is not None:
        query = query.where(Payout.state == state)
    if after is not None:
        query = query.where(Payout.id < after)
    return (await db.execute(query)).scalars().all()


async def lock_last_payout_of(db: AsyncSession, *, why: str, org_id: UUID) -> Payout | None:
    """The payout of the bank for this reason: the one that lives, or the last that failed."""
    query = (
        select(Payout)
        .where(Payout.why == why, Payout.org_id == org_id, Payout.channel == Channel.ESCROW)
        .order_by(Payout.state == "FAILED", Payout.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(**_FRESH)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def has_live_payout(db: AsyncSession, *, why: str, org_id: UUID, channel: str) -> bool:
    query = select(Payout.id).where(
        Payout.why == why, Payout.org_id == org_id, Payout.channel == channel, Payout.state != "FAILED"
    )
    return (await db.execute(query.limit(1))).scalar_one_or_none() is not None


async def live_payout_minor(db: AsyncSession, *, why: str, org_id: UUID, channel: str) -> int:
    query = select(func.coalesce(func.sum(Payout.minor), 0)).where(
        Payout.why == why, Payout.org_id == org_id, Payout.channel == channel, Payout.state != "FAILED"
    )
    return int((await db.execute(query)).scalar_one())


async def dues_by_ids(db: AsyncSession, ids: Collection[UUID]) -> Sequence[Due]:
    return (await db.execute(select(Due).where(Due.id.in_(ids)))).scalars().all()


async def unshared_fees(db: AsyncSession, *, but: UUID | None = None) -> int:
    """What nodes have in fees at most that were not shared yet; without that of one due."""
    query = select(func.coalesce(func.sum(Due.unshared_minor), 0)).where(Due.unshared_minor > 0)
    if but is not None:
        query = query.where(Due.id != but)
    return int((await db.execute(query)).scalar_one())


async def mark_shared(db: AsyncSession, due_id: UUID) -> None:
    await db.execute(update(Due).where(Due.id == due_id).values(unshared_minor=0))
