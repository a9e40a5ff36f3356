"""What people do with achievements."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import errors, policy, repository
from techmarket.achievements.events import (
    AchievementRecorded,
    AchievementRetired,
    CoOwnerConsented,
)
from techmarket.achievements.lifecycle import ACHIEVEMENT, AchievementState
from techmarket.achievements.rules import PLAIN_FIELDS, AchievementDraft, Owner, Right, check_co_owners_kept
from techmarket.achievements.steps import writing
from techmarket.achievements.tables import Achievement
from techmarket.achievements.views import AchievementView, BurdenView, OwnerView, RightView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import allows, require
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound


async def create_achievement(tx: Tx, actor: Actor, draft: AchievementDraft) -> AchievementView:
    """A unit writes down what its people achieved; a draft until it is recorded."""
    require(actor, policy.CREATE)
    async with tx.begin() as db:
        (achievement_id,) = await writing.create_many(db, actor.org, [draft], actor, state=AchievementState.DRAFT)
        return await _view(db, achievement_id)


async def amend_achievement(
    tx: Tx, actor: Actor, achievement_id: UUID, draft: AchievementDraft, *, sent: frozenset[str], if_match: str
) -> AchievementView:
    """The unit corrects what it wrote. A co-owner whose share changes is asked for his consent again."""
    async with tx.begin() as db:
        row = await repository.lock(db, achievement_id)
        before = await _door(db, actor, achievement_id)
        require(actor, policy.AMEND, parties=[row.org_id])
        if if_match != before.etag:
            raise errors.Changed()
        merged = _merged(before, draft, sent)
        if row.state is AchievementState.RECORDED:
            _check_recordable(merged.abstract_zh, merged.abstract_en)
            stood = [Owner(o.share, o.organisation_id, o.person_id) for o in before.owners]
            check_co_owners_kept(stood, merged.owners, own_org=row.org_id)
        await writing.replace(db, achievement_id, merged, actor)
        return await _view(db, achievement_id)


def _merged(before: AchievementView, draft: AchievementDraft, sent: frozenset[str]) -> AchievementDraft:
    """What was sent replaces what stood; what was left out stays."""
    stood = {
        "external": before.external,
        "rights": tuple(Right(r.kind, r.number, r.valid_until, r.status) for r in before.rights),
        "owners": tuple(Owner(o.share, o.organisation_id, o.person_id) for o in before.owners),
        "completers": before.completers,
        **{name: getattr(before, name) for name in PLAIN_FIELDS},
    }
    return AchievementDraft(**{name: getattr(draft, name) if name in sent else stood[name] for name in stood})


async def record_achievement(tx: Tx, actor: Actor, achievement_id: UUID) -> AchievementView:
    """The unit puts its achievement on record; from now on it may be offered."""
    async with tx.begin() as db:
        row = await repository.lock(db, achievement_id)
        await _door(db, actor, achievement_id)
        require(actor, policy.RECORD, parties=[row.org_id])
        row.state = ACHIEVEMENT.move(row.state, "record")
        _check_recordable(row.abstract_zh, row.abstract_en)
        row.revision += 1
        journal.record(db, AchievementRecorded(row.id, row.org_id), actor=actor)
        await db.flush()
        return await _view(db, achievement_id)


async def retire_achievement(tx: Tx, actor: Actor, achievement_id: UUID) -> AchievementView:
    """The unit takes an achievement out of use; nothing new is sold of it."""
    async with tx.begin() as db:
        row = await repository.lock(db, achievement_id)
        await _door(db, actor, achievement_id)
        require(actor, policy.RETIRE, parties=[row.org_id])
        row.state = ACHIEVEMENT.move(row.state, "retire")
        row.revision += 1
        journal.record(db, AchievementRetired(row.id), actor=actor)
        await db.flush()
        return await _view(db, achievement_id)


async def consent(tx: Tx, actor: Actor, achievement_id: UUID) -> AchievementView:
    """A co-owner agrees that the achievement may be sold or licensed exclusively. Agreeing twice is harmless.

    A person speaks for his own share; for the share of an organisation, whoever may bind it.
    """
    async with tx.begin() as db:
        await repository.lock(db, achievement_id)
        await _door(db, actor, achievement_id)
        owners = (await repository.owners_of(db, [achievement_id])).get(achievement_id, [])
        own = [owner for owner in owners if owner.person_id == actor.person]
        orgs = [owner.org_id for owner in owners if owner.org_id is not None]
        if own:
            require(actor, policy.CONSENT_PERSON, parties=[actor.person_id])
        else:
            require(actor, policy.CONSENT, parties=orgs)
        if allows(actor, policy.CONSENT, parties=orgs):
            own += [owner for owner in owners if owner.org_id == actor.org]
        now = await clock.market_now(db)
        if any(owner.consented_at is None for owner in own):
            for owner in own:
                owner.consented_at = owner.consented_at or now
            journal.record(db, CoOwnerConsented(achievement_id), actor=actor)
        await db.flush()
        return await _view(db, achievement_id)


async def get_achievement(tx: Tx, actor: Actor, achievement_id: UUID) -> AchievementView:
    """For its unit, its co-owners, its completers and the market; for everyone else it does not exist."""
    async with tx.read() as db:
        view = await _door(db, actor, achievement_id)
        require(actor, policy.SEE, parties=_parties(view))
        return view


async def list_achievements(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[AchievementView]:
    """What concerns me: my unit's, those we co-own, those I completed; newest first. The market sees all."""
    require(actor, policy.LIST)
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_concerning(
            db,
            org_id=actor.org,
            person_id=actor.person,
            everything=actor.is_market,
            before=before,
            limit=limit + 1,
        )
        page = page_of(rows, limit, lambda row: (str(row.id),))
        views = await _views(db, [row.id for row in page.items])
        return page.map(lambda row: views[row.id])


def _check_recordable(abstract_zh: str | None, abstract_en: str | None) -> None:
    if not abstract_zh and not abstract_en:
        raise errors.AbstractMissing(pointer="/body/abstract_zh")


async def _door(db: AsyncSession, actor: Actor, achievement_id: UUID) -> AchievementView:
    """The loading door: whoever the achievement does not concern hears that it does not exist."""
    view = (await _views(db, [achievement_id])).get(achievement_id)
    if view is None:
        raise NotFound()
    if not actor.is_market and not {actor.org_id, actor.person_id} & _parties(view):
        raise NotFound()
    return view


def _parties(view: AchievementView) -> set[UUID | None]:
    owners = {owner.organisation_id or owner.person_id for owner in view.owners}
    return {view.organisation_id, *view.completers, *owners}


async def _view(db: AsyncSession, achievement_id: UUID) -> AchievementView:
    return (await _views(db, [achievement_id]))[achievement_id]


async def _views(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, AchievementView]:
    rows = await repository.get_many(db, ids)
    rights = await repository.rights_of(db, rows)
    owners = await repository.owners_of(db, rows)
    completers = await repository.completers_of(db, rows)
    burdens = await repository.burdens_of(db, rows)
    return {
        row.id: _view_of(
            row,
            tuple(RightView(r.kind, r.number, r.valid_until, r.status) for r in rights.get(row.id, [])),
            tuple(
                OwnerView(o.org_id, o.person_id, o.share, o.consented_at is not None) for o in owners.get(row.id, [])
            ),
            tuple(c.person_id for c in completers.get(row.id, [])),
            tuple(
                BurdenView(b.id, b.kind, b.territory, b.field, b.manner, b.valid_from, b.valid_until)
                for b in burdens.get(row.id, [])
            ),
        )
        for row in rows.values()
    }


def _view_of(
    row: Achievement,
    rights: tuple[RightView, ...],
    owners: tuple[OwnerView, ...],
    completers: tuple[UUID, ...],
    burdens: tuple[BurdenView, ...],
) -> AchievementView:
    return AchievementView(
        id=row.id,
        organisation_id=row.org_id,
        state=row.state,
        revision=row.revision,
        title_zh=row.title_zh,
        title_en=row.title_en,
        abstract_zh=row.abstract_zh,
        abstract_en=row.abstract_en,
        keywords=tuple(row.keywords),
        technology_field=row.technology_field,
        industry=row.industry,
        ipc=tuple(row.ipc),
        trl=row.trl,
        trl_standard=row.trl_standard,
        trl_year=row.trl_year,
        funding_source=row.funding_source,
        external=row.external,
        rights=rights,
        owners=owners,
        completers=completers,
        encumbrances=burdens,
    )
