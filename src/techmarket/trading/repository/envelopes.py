"""The queries of sealed lots: keys, officers, slots, and what the opening found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.trading.lifecycle import LotState, LotStep, SeatState
from techmarket.trading.methods import Candidate
from techmarket.trading.sealed.rules import Verdict
from techmarket.trading.tables import Envelope, Lot, LotSealing, OpenedEnvelope, OpeningOfficer, Seat
from techmarket.trading.views import DutiesView


async def find_sealing(db: AsyncSession, lot_id: UUID) -> LotSealing | None:
    return await db.get(LotSealing, lot_id, populate_existing=True)


async def find_sealing_by_key(db: AsyncSession, public_key: bytes) -> LotSealing | None:
    return (await db.execute(select(LotSealing).where(LotSealing.public_key == public_key))).scalar_one_or_none()


async def count_sealed(db: AsyncSession, lot_ids: Sequence[UUID]) -> int:
    query = select(func.count()).select_from(LotSealing).where(LotSealing.lot_id.in_(lot_ids))
    return (await db.execute(query)).scalar_one()


async def officers_of(db: AsyncSession, lot_id: UUID) -> Sequence[OpeningOfficer]:
    query = select(OpeningOfficer).where(OpeningOfficer.lot_id == lot_id).order_by(OpeningOfficer.n)
    return (await db.execute(query.execution_options(populate_existing=True))).scalars().all()


async def duties_of_officers(db: AsyncSession) -> dict[UUID, DutiesView]:
    """What became of the shares of every officer. One that was never asked for is neither awaited nor missed."""
    given = OpeningOfficer.share.is_not(None)
    awaited = ~given & LotSealing.opened_at.is_(None) & (Lot.step == LotStep.OPENING)
    missed = ~given & or_(LotSealing.opened_at.is_not(None), Lot.state == LotState.UNSOLD)
    count = func.count
    query = (
        select(
            OpeningOfficer.person_id, count(), count().filter(given), count().filter(awaited), count().filter(missed)
        )
        .join(LotSealing, LotSealing.lot_id == OpeningOfficer.lot_id)
        .join(Lot, Lot.id == OpeningOfficer.lot_id)
        .group_by(OpeningOfficer.person_id)
    )
    return {row[0]: DutiesView(row[1], row[2], row[3], row[4]) for row in await db.execute(query)}


async def drop_sealing(db: AsyncSession, lot_id: UUID) -> None:
    for table in (OpeningOfficer, LotSealing):
        await db.execute(delete(table).where(table.lot_id == lot_id))


async def ready_seats(db: AsyncSession, lot_id: UUID) -> Sequence[Seat]:
    query = select(Seat).where(Seat.lot_id == lot_id, Seat.state == SeatState.READY).order_by(Seat.number)
    return (await db.execute(query.execution_options(populate_existing=True))).scalars().all()


async def find_seat(db: AsyncSession, lot_id: UUID, org_id: UUID) -> Seat | None:
    return await db.get(Seat, (lot_id, org_id), populate_existing=True)


async def stored_slots(db: AsyncSession, lot_id: UUID) -> list[tuple[UUID, int, bytes]]:
    """Every slot of a lot by its bidder's number: organisation, number, and the envelope as it stands wrapped."""
    query = (
        select(Envelope.org_id, Seat.number, Envelope.wrapped)
        .join(Seat, (Seat.lot_id == Envelope.lot_id) & (Seat.org_id == Envelope.org_id))
        .where(Envelope.lot_id == lot_id)
        .order_by(Seat.number)
    )
    return [(row[0], row[1], row[2]) for row in (await db.execute(query)).all()]


async def write_slots(db: AsyncSession, lot_id: UUID, wrapped: Mapping[UUID, bytes]) -> None:
    """Every slot of a lot at once, as new rows: no row keeps its place, and none is older than another."""
    await db.execute(delete(Envelope).where(Envelope.lot_id == lot_id))
    if wrapped:
        rows = [{"lot_id": lot_id, "org_id": org_id, "wrapped": body} for org_id, body in wrapped.items()]
        await db.execute(insert(Envelope), rows)


async def drop_slots(db: AsyncSession, lot_id: UUID) -> None:
    await db.execute(delete(Envelope).where(Envelope.lot_id == lot_id))


async def list_open_sealed(db: AsyncSession, limit: int) -> Sequence[UUID]:
    query = (
        select(Lot.id)
        .join(LotSealing, LotSealing.lot_id == Lot.id)
        .where(Lot.state == LotState.OPEN, Lot.effective_end > func.market_now())
        .order_by(Lot.id)
        .limit(limit)
    )
    return (await db.execute(query)).scalars().all()


async def list_slots_to_close(db: AsyncSession, limit: int) -> Sequence[UUID]:
    """Lots past their deadline whose slots stand in no log yet."""
    query = (
        select(Lot.id)
        .join(LotSealing, LotSealing.lot_id == Lot.id)
        .where(Lot.state == LotState.EVALUATING, Lot.step == LotStep.OPENING, LotSealing.slots_sha256.is_(None))
        .order_by(Lot.closed_at)
        .limit(limit)
    )
    return (await db.execute(query)).scalars().all()


async def list_opened(db: AsyncSession, lot_id: UUID) -> Sequence[OpenedEnvelope]:
    query = select(OpenedEnvelope).where(OpenedEnvelope.lot_id == lot_id).order_by(OpenedEnvelope.drawn)
    return (await db.execute(query)).scalars().all()


async def opened_quotes(db: AsyncSession, lot_id: UUID) -> list[Candidate]:
    """The counted quotes of an opened lot, of bidders who still have their seat; `seq` is the place in the draw."""
    query = (
        select(OpenedEnvelope, Seat.first_refusal)
        .join(Seat, (Seat.lot_id == OpenedEnvelope.lot_id) & (Seat.number == OpenedEnvelope.number))
        .where(
            OpenedEnvelope.lot_id == lot_id,
            OpenedEnvelope.verdict == Verdict.COUNTED,
            Seat.state == SeatState.READY,
        )
        .order_by(OpenedEnvelope.drawn)
    )
    return [
        Candidate(one.number, one.minor, one.drawn, offer=one.content, first_refusal=first)
        for one, first in (await db.execute(query)).all()
    ]
