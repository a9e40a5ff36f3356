"""A unit writes down what its people achieved, corrects it, puts it on record, takes it out of use."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from techmarket.achievements import errors, history, policy, repository
from techmarket.achievements.events import AchievementRecorded, AchievementRetired
from techmarket.achievements.lifecycle import ACHIEVEMENT, AchievementState
from techmarket.achievements.rules import AchievementDraft, check_co_owners_kept, check_recordable
from techmarket.achievements.service.reading import lock_known, view_of
from techmarket.achievements.steps import writing
from techmarket.achievements.tables import VersionAct
from techmarket.achievements.views import AchievementView
from techmarket.db import journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require


async def create_achievement(tx: Tx, actor: Actor, draft: AchievementDraft) -> AchievementView:
    """A unit writes down what its people achieved; a draft until it is recorded."""
    require(actor, policy.CREATE)
    async with tx.begin() as db:
        (achievement_id,) = await writing.create_many(db, actor.org, [draft], actor, state=AchievementState.DRAFT)
        return await view_of(db, achievement_id)


async def amend_achievement(
    tx: Tx, actor: Actor, achievement_id: UUID, draft: AchievementDraft, *, sent: frozenset[str], if_match: str
) -> AchievementView:
    """The unit corrects what it wrote. A co-owner whose share changes is asked for his consent again."""
    async with tx.begin() as db:
        row = await lock_known(db, actor, achievement_id)
        before = await view_of(db, row.id)
        require(actor, policy.AMEND, parties=[row.org_id])
        if if_match != before.etag:
            raise errors.Changed()
        stood = (await history.stated(db, [row]))[row.id]
        merged = _merged(stood, draft, sent)
        if row.state is AchievementState.RECORDED:
            check_recordable(merged.abstract_zh, merged.abstract_en)
            check_co_owners_kept(stood.owners, merged.owners, own_org=row.org_id)
        await writing.replace(db, achievement_id, merged, actor)
        return await view_of(db, achievement_id)


def _merged(stood: AchievementDraft, draft: AchievementDraft, sent: frozenset[str]) -> AchievementDraft:
    """What was sent replaces what stood; what was left out stays."""
    return replace(stood, **{name: getattr(draft, name) for name in sent})


async def record_achievement(tx: Tx, actor: Actor, achievement_id: UUID) -> AchievementView:
    """The unit puts its achievement on record; from now on it may be offered."""
    async with tx.begin() as db:
        row = await lock_known(db, actor, achievement_id)
        require(actor, policy.RECORD, parties=[row.org_id])
        state = ACHIEVEMENT.move(row.state, "record")
        check_recordable(row.abstract_zh, row.abstract_en)
        await history.carry(db, row)
        row.state = state
        sha256 = await history.turn(db, row, VersionAct.RECORDED, actor)
        journal.record(db, AchievementRecorded(row.id, row.org_id, sha256), actor=actor)
        await db.flush()
        return await view_of(db, achievement_id)


async def retire_achievement(tx: Tx, actor: Actor, achievement_id: UUID) -> AchievementView:
    """The unit takes an achievement out of use; nothing new is sold of it."""
    async with tx.begin() as db:
        row = await lock_known(db, actor, achievement_id)
        require(actor, policy.RETIRE, parties=[row.org_id])
        state = ACHIEVEMENT.move(row.state, "retire")
        if await repository.claims_on(db, [row.id]):
            raise errors.UnderWay(achievement=row.id)
        await history.carry(db, row)
        row.state = state
        await history.turn(db, row, VersionAct.RETIRED, actor)
        journal.record(db, AchievementRetired(row.id), actor=actor)
        await db.flush()
        return await view_of(db, achievement_id)
