"""Co-owners agree to a sale or take it back; completers confirm their order."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import errors, policy, repository
from techmarket.achievements.events import CompleterConfirmed, ConsentWithdrawn, CoOwnerConsented
from techmarket.achievements.service.reading import require_known, view_of
from techmarket.achievements.tables import OwnerShare
from techmarket.achievements.views import AchievementView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import allows, require


async def consent(tx: Tx, actor: Actor, achievement_id: UUID) -> AchievementView:
    """A co-owner agrees that the achievement may be sold or licensed exclusively. Agreeing twice is harmless.

    A person speaks for his own share; for the share of an organisation, whoever may bind it.
    """
    async with tx.begin() as db:
        await repository.lock(db, achievement_id)
        await require_known(db, actor, achievement_id)
        own = await _own_shares(db, actor, achievement_id)
        now = await clock.market_now(db)
        if any(owner.consented_at is None for owner in own):
            for owner in own:
                owner.consented_at = owner.consented_at or now
            journal.record(db, CoOwnerConsented(achievement_id), actor=actor)
        await db.flush()
        return await view_of(db, achievement_id)


async def withdraw_consent(tx: Tx, actor: Actor, achievement_id: UUID) -> AchievementView:
    """A co-owner takes back what he agreed to; what was signed meanwhile stays. Twice is harmless."""
    async with tx.begin() as db:
        await repository.lock(db, achievement_id)
        await require_known(db, actor, achievement_id)
        own = await _own_shares(db, actor, achievement_id)
        if any(owner.consented_at is not None for owner in own):
            for owner in own:
                owner.consented_at = None
            journal.record(db, ConsentWithdrawn(achievement_id), actor=actor)
        await db.flush()
        return await view_of(db, achievement_id)


async def _own_shares(db: AsyncSession, actor: Actor, achievement_id: UUID) -> list[OwnerShare]:
    owners = (await repository.owners_of(db, [achievement_id])).get(achievement_id, [])
    own = [owner for owner in owners if owner.person_id == actor.person]
    orgs = [owner.org_id for owner in owners if owner.org_id is not None]
    if own:
        require(actor, policy.CONSENT_PERSON, parties=[actor.person_id])
    else:
        require(actor, policy.CONSENT, parties=orgs)
    if allows(actor, policy.CONSENT, parties=orgs):
        own += [owner for owner in owners if owner.org_id == actor.org]
    return own


async def confirm_completer(
    tx: Tx, actor: Actor, achievement_id: UUID, *, completers: Sequence[UUID]
) -> AchievementView:
    """A completer confirms that he made it, with these people in this order. Confirming twice is harmless."""
    async with tx.begin() as db:
        row = await repository.lock(db, achievement_id)
        before = await require_known(db, actor, achievement_id)
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
