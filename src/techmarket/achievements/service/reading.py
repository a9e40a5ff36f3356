"""One achievement or many, cut to whom they concern."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from itertools import zip_longest
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import codes, history, policy, repository
from techmarket.achievements.cautions import CodeLists, cautions_of
from techmarket.achievements.lifecycle import AchievementState, ConsentState
from techmarket.achievements.repository import Parts
from techmarket.achievements.rights import is_in_force
from techmarket.achievements.rules import PLAIN_FIELDS
from techmarket.achievements.tables import (
    Achievement,
    AchievementVersion,
    Attestation,
    Encumbrance,
    Evaluation,
    IntellectualRight,
    SaleConsent,
    Vesting,
)
from techmarket.achievements.views import AchievementView, BurdenView, OwnerView, RightView, VersionView
from techmarket.db import clock, texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import Page, decode_cursor, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound


async def get_achievement(tx: Tx, actor: Actor, achievement_id: UUID) -> AchievementView:
    """For its unit, its co-owners, its completers and the market; for everyone else it does not exist."""
    async with tx.read() as db:
        view = await require_known(db, actor, achievement_id)
        require(actor, policy.SEE, parties=_parties(view))
        return view


async def list_achievements(
    tx: Tx, actor: Actor, *, idle: bool = False, cursor: str | None, limit: int
) -> Page[AchievementView]:
    """What concerns me: my unit's, those we co-own, those I completed; newest first. The market sees all.

    With `idle` only those of which nothing was sold within the year that the law gives (ZJR art. 38).
    """
    require(actor, policy.LIST)
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_concerning(
            db,
            org_id=actor.org,
            person_id=actor.person,
            everything=actor.is_market,
            idle_on=shanghai_day(await clock.market_now(db)) if idle else None,
            before=before,
            limit=limit + 1,
        )
        page = page_of(rows, limit, lambda row: (str(row.id),))
        views = await _views(db, [row.id for row in page.items])
        return page.map(lambda row: views[row.id])


async def list_versions(
    tx: Tx, actor: Actor, achievement_id: UUID, *, cursor: str | None, limit: int
) -> Page[VersionView]:
    """How it came to say what it says, newest first: each change with the names of the fields it changed."""
    before = decode_cursor(cursor, int)[0] if cursor is not None else None
    async with tx.read() as db:
        view = await require_known(db, actor, achievement_id)
        require(actor, policy.SEE, parties=_parties(view))
        rows = await repository.list_versions(db, achievement_id, before=before, limit=limit + 1)
        said = await texts.get_many(db, [row.sha256 for row in rows])
        page = page_of(rows, limit, lambda row: (row.n,))
        older = dict(zip_longest([row.n for row in page.items], list(rows)[1:]))
        return page.map(lambda row: _version(row, said, older[row.n]))


def _version(row: AchievementVersion, said: dict[str, dict[str, Any]], older: AchievementVersion | None) -> VersionView:
    changed = history.changed_fields(said[older.sha256] if older else None, said[row.sha256])
    return VersionView(row.n, row.act, row.at, row.sha256, changed)


async def require_known(db: AsyncSession, actor: Actor, achievement_id: UUID) -> AchievementView:
    """The loading door: whoever the achievement does not concern hears that it does not exist."""
    return await view_of(db, await known(db, actor, Achievement, achievement_id))


async def lock_known(
    db: AsyncSession,
    actor: Actor,
    thing_id: UUID,
    thing: type[Achievement | Encumbrance | Evaluation | Vesting] = Achievement,
) -> Achievement:
    """The same door for acts, on an achievement or what hangs on it: whom it does not concern locks nothing."""
    return await repository.lock(db, await known(db, actor, thing, thing_id))


async def known(
    db: AsyncSession, actor: Actor, thing: type[Achievement | Encumbrance | Evaluation | Vesting], thing_id: UUID
) -> UUID:
    """The achievement behind an id, for whom it concerns; absent and forbidden are the same single question."""
    found = await repository.find_known(
        db, thing, thing_id, org_id=actor.org, person_id=actor.person, everything=actor.is_market
    )
    if found is None:
        raise NotFound()
    return found


def _parties(view: AchievementView) -> set[UUID | None]:
    owners = {owner.organisation_id or owner.person_id for owner in view.owners}
    return {view.organisation_id, *view.completers, *owners}


async def view_of(db: AsyncSession, achievement_id: UUID) -> AchievementView:
    return (await _views(db, [achievement_id]))[achievement_id]


async def _views(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, AchievementView]:
    rows = await repository.get_many(db, ids)
    parts = await repository.parts_of(db, rows)
    burdens = await repository.burdens_of(db, rows)
    consents = await repository.consents_of(db, rows)
    pending = await repository.pending_attestations(db, [one.id for held in burdens.values() for one in held])
    today = shanghai_day(await clock.market_now(db))
    return {
        row.id: _view_of(row, parts, burdens.get(row.id, []), consents.get(row.id, []), pending, today)
        for row in rows.values()
    }


def _view_of(
    row: Achievement,
    parts: Parts,
    burdens: Sequence[Encumbrance],
    consents: Sequence[SaleConsent],
    pending: Sequence[Attestation],
    today: date,
) -> AchievementView:
    stated = history.draft_of(row, parts)
    rights = parts.rights.get(row.id, [])
    terms = {n: right.term_ends_on for n, right in enumerate(rights) if right.term_ends_on is not None}
    agreed = {(one.org_id, one.person_id) for one in consents if one.state is ConsentState.GIVEN}
    made = parts.completers.get(row.id, [])
    is_idle = (
        row.state is AchievementState.RECORDED
        and row.first_agreement_on is None
        and row.idle_from is not None
        and row.idle_from <= today
    )
    return AchievementView(
        id=row.id,
        organisation_id=row.org_id,
        state=row.state,
        revision=row.revision,
        **{name: getattr(stated, name) for name in PLAIN_FIELDS},
        external=row.external,
        rights=tuple(_right(right, today) for right in rights),
        owners=tuple(
            OwnerView(o.org_id, o.person_id, o.share, o.org_id == row.org_id or (o.org_id, o.person_id) in agreed)
            for o in parts.owners.get(row.id, [])
        ),
        completers=stated.completers,
        confirmed_by=tuple(one.person_id for one in made if one.confirmed_at is not None),
        encumbrances=tuple(
            BurdenView(
                b.id,
                b.kind,
                b.territory,
                b.field,
                b.manner,
                b.valid_from,
                b.valid_until,
                b.holder,
                b.registration_number,
                b.evidence_sha256,
                b.holder_consented_at is not None,
                b.terms,
                b.by,
                b.holder_org_id,
                tuple(sorted(one.act for one in pending if one.encumbrance_id == b.id)),
            )
            for b in burdens
        ),
        idle_since=row.idle_from if is_idle else None,
        warnings=cautions_of(stated, lists=_lists(), terms=terms),
    )


def _right(row: IntellectualRight, today: date) -> RightView:
    return RightView(
        row.kind,
        row.number,
        row.valid_until,
        row.status,
        row.filed_on,
        row.granted_on,
        row.fees_paid_until,
        row.term_ends_on,
        is_in_force(row.status, row.expires_on, today),
    )


@cache
def _lists() -> CodeLists:
    return CodeLists(codes.industries(), codes.patent_subclasses(), codes.maturity_standards())
