"""Completers confirm their order."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from techmarket.achievements import errors, policy, repository
from techmarket.achievements.events import CompleterConfirmed
from techmarket.achievements.service.reading import lock_known, view_of
from techmarket.achievements.views import AchievementView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require


async def confirm_completer(
    tx: Tx, actor: Actor, achievement_id: UUID, *, completers: Sequence[UUID]
) -> AchievementView:
    """A completer confirms that he made it, with these people in this order. Confirming twice is harmless."""
    async with tx.begin() as db:
        row = await lock_known(db, actor, achievement_id)
        before = await view_of(db, row.id)
        require(actor, policy.CONFIRM, parties=before.completers)
        if tuple(completers) != before.completers:
            raise errors.OtherCompleters(pointer="/body/completers")
        for completer in (await repository.completers_of(db, [row.id])).get(row.id, []):
            if completer.person_id == actor.person and completer.confirmed_at is None:
                completer.confirmed_at = await clock.market_now(db)
                event = CompleterConfirmed(row.id, completer.person_id, completer.position + 1)
                journal.record(db, event, actor=actor)
        await db.flush()
        return await view_of(db, achievement_id)
