"""Who sits on the panel of a lot before its proposals are opened: as many as were announced, and nobody of a bidder."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.trading import errors, repository
from techmarket.trading.events import ExpertRecused
from techmarket.trading.lifecycle import PANEL_SEAT, PanelSeatState
from techmarket.trading.tables import Lot, Trade


async def require_complete(db: AsyncSession, lot: Lot, *, announced: int) -> None:
    """Nobody is chosen for the panel once proposals can be read, but in place of an expert who had to leave."""
    seated = await repository.count_seated(db, lot.id)
    if seated < announced:
        raise errors.PanelIncomplete(seated=seated, experts=announced, due_at=lot.step_due_at)


async def recuse_members(db: AsyncSession, trade: Trade, orgs: Collection[UUID], *, actor: Actor) -> None:
    """By rule, the experts who belong to an organisation that takes part from now on; the market appoints others.

    The trade is locked. It is the expert who leaves, not the bidder: else the market could keep anybody out by its
    choice of experts.
    """
    for lot in await repository.lots_of(db, trade.id):
        if not await repository.panel_of(db, lot.id):
            continue
        await repository.lock_lot(db, lot.id)
        panel = [one for one in await repository.panel_of(db, lot.id) if one.state is not PanelSeatState.RECUSED]
        people = await identity.get_people(db, {one.person_id for one in panel})
        for seat in panel:
            if {seat.org_id, *people[seat.person_id].org_ids} & set(orgs):
                seat.state = PANEL_SEAT.move(seat.state, "recuse")
                journal.record(db, ExpertRecused(lot.id, seat.n), actor=actor)
    await db.flush()
