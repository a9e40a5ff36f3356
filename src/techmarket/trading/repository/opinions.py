"""The queries of views on participants: who waits for one, and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.trading.lifecycle import ParticipantState, TradeState
from techmarket.trading.repository.floor import NEVER
from techmarket.trading.repository.trades import Due, due_by
from techmarket.trading.tables import Participant, ParticipantOpinion, Trade

ASKED = (ParticipantState.REGISTERED, ParticipantState.ADMITTED)


class AskedRow(NamedTuple):
    participant: Participant
    trade: Trade
    due: datetime


async def opinions_on(db: AsyncSession, participant_ids: Sequence[UUID]) -> Sequence[ParticipantOpinion]:
    query = (
        select(ParticipantOpinion)
        .where(ParticipantOpinion.participant_id.in_(participant_ids))
        .order_by(ParticipantOpinion.participant_id, ParticipantOpinion.by)
    )
    return (await db.execute(query)).scalars().all()


async def asked_now(db: AsyncSession, participant_ids: Sequence[UUID]) -> set[UUID]:
    """Of these, who waits for a view: nobody does once the registration is over."""
    query = (
        select(Participant.id)
        .join(Trade, Trade.id == Participant.trade_id)
        .where(Participant.id.in_(participant_ids), _is_asked(Participant.state.in_(ASKED)))
    )
    return set((await db.execute(query)).scalars())


async def list_silent(db: AsyncSession, *, after: Due | None, limit: int) -> Sequence[Due]:
    """Admitted participants whose seller has let the time to answer pass."""
    running = select(Trade.id).where(Trade.state == TradeState.ANNOUNCED, Trade.suspended_at.is_(None))
    return await due_by(
        db,
        Participant.due_at,
        Participant.state == ParticipantState.ADMITTED,
        Participant.trade_id.in_(running),
        after=after,
        limit=limit,
    )


async def list_due_opinions(
    db: AsyncSession, *, seller_org: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AskedRow]:
    """Who waits for this seller's answer, or without one for the market's view; what has no deadline comes last."""
    due = func.coalesce(Participant.due_at, NEVER)
    mine = (
        Participant.state == ParticipantState.REGISTERED
        if seller_org is None
        else (Participant.state == ParticipantState.ADMITTED) & (Trade.seller_org_id == seller_org)
    )
    query = (
        select(Participant, Trade, due)
        .join(Trade, Trade.id == Participant.trade_id)
        .where(_is_asked(mine))
        .order_by(due, Participant.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(due, Participant.id) > after)
    return [AskedRow(*row) for row in (await db.execute(query)).all()]


async def put_off_opinions(db: AsyncSession, trade_id: UUID, by: timedelta) -> None:
    """A suspension takes time from nobody: whoever is asked has as much longer."""
    await db.execute(
        update(Participant)
        .where(Participant.trade_id == trade_id, Participant.state.in_(ASKED), Participant.due_at.is_not(None))
        .values(due_at=Participant.due_at + by)
    )


def _is_asked(state: ColumnElement[bool]) -> ColumnElement[bool]:
    return state & (Trade.state == TradeState.ANNOUNCED)
