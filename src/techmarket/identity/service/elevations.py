"""Break-glass (紧急授权): one of the market's operators acts for an organisation, for a reason, for an hour at most.

It takes a session with a second factor of the last minutes. It is told at once to the organisation and to the market's
staff by the journal; every act under it carries its mark; another, independent person reviews it afterwards, and until
then its holder takes no other one for that organisation. It reads, and does what an administrator of the organisation
does; bids, seals, money, signatures and certificates are out of its reach.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from techmarket.db import journal
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity import errors, policy, steps
from techmarket.identity import repository_powers as repository
from techmarket.identity.actor import Actor, OrgKind, Role, Scope, Via
from techmarket.identity.events import ElevationEnded, ElevationReviewed, ElevationTaken, LookedUnderElevation
from techmarket.identity.lifecycle import OrgState
from techmarket.identity.permissions import require
from techmarket.identity.repository import get_organisation, get_person, real_now
from techmarket.identity.service.logins import require_fresh_session
from techmarket.identity.tables import Elevation
from techmarket.identity.views import ElevationView
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound

MINUTES_MAX = 60


async def take_elevation(tx: Tx, actor: Actor, org_id: UUID, *, reasons: str, minutes: int) -> ElevationView:
    """An operator takes an elevation for one organisation."""
    require(actor, policy.TAKE_ELEVATION)
    async with tx.begin() as db:
        session = await require_fresh_session(db, actor)
        org = await get_organisation(db, org_id)
        if org.kind is OrgKind.MARKET:
            raise errors.ElevationNeedless(pointer="/body/organisation_id")
        await lock_name(db, f"identity.elevation:{actor.person}:{org_id}")
        waiting = await repository.find_unreviewed(db, actor.person, org_id)
        if waiting is not None:
            raise errors.ElevationUnreviewed(elevation_id=waiting.id)
        now = await real_now(db)
        row = Elevation(
            id=new_id(),
            person_id=actor.person,
            org_id=org_id,
            session_id=session.id,
            reasons=reasons,
            taken_at=now,
            ends_at=now + timedelta(minutes=minutes),
        )
        db.add(row)
        journal.record(db, ElevationTaken(row.id, actor.person, org_id, row.ends_at), actor=actor)
        return _view(row, (await get_person(db, actor.person)).name)


async def end_elevation(tx: Tx, actor: Actor, elevation_id: UUID) -> None:
    """Its holder, or any other operator, ends it; it reaches nothing from the next request on. Twice is harmless."""
    require(actor, policy.END_ELEVATION)
    async with tx.begin() as db:
        row = await repository.lock_elevation(db, elevation_id)
        if row is None:
            raise NotFound()
        if row.ended_at is None:
            row.ended_at = await real_now(db)
            journal.record(db, ElevationEnded(row.id, row.org_id), actor=actor)


async def review_elevation(
    tx: Tx, actor: Actor, elevation_id: UUID, *, was_justified: bool, finding: str
) -> ElevationView:
    """Another, independent person of the market says whether it was justified; `GET /v1/audit` shows what was done."""
    require(actor, policy.REVIEW_ELEVATION)
    async with tx.begin() as db:
        row = await repository.lock_elevation(db, elevation_id)
        if row is None:
            raise NotFound()
        now = await real_now(db)
        if row.ended_at is None and row.ends_at > now:
            raise errors.ElevationStillRuns()
        if row.reviewed_at is not None:
            raise errors.ElevationReviewed()
        if row.person_id == actor.person:
            raise errors.ElevationOwnReview()
        await steps.require_two_people(db, row.person_id, actor.person)
        row.reviewed_by, row.reviewed_at, row.was_justified, row.finding = actor.person, now, was_justified, finding
        journal.record(db, ElevationReviewed(row.id, row.org_id, was_justified), actor=actor)
        return _view(row, (await get_person(db, row.person_id)).name)


async def list_elevations(
    tx: Tx, actor: Actor, *, org_id: UUID | None, unreviewed: bool, cursor: str | None, limit: int
) -> Page[ElevationView]:
    """All elevations for the market's staff, those for one organisation for its administrators; newest first."""
    if org_id is None:
        require(actor, policy.SEE_ELEVATIONS)
    else:
        if not actor.is_anonymous and not actor.is_market and actor.org_id != org_id:
            raise NotFound()
        require(actor, policy.SEE_ELEVATIONS_OF, parties=[org_id])
    async with tx.read() as db:
        rows = await repository.list_elevations(
            db, org_id=org_id, unreviewed=unreviewed, before=last_id(cursor), limit=limit + 1
        )
        page = page_of(rows, limit, lambda row: (str(row[0].id),))
        return page.map(lambda row: _view(*row))


async def under_elevation(tx: Tx, actor: Actor, elevation_id: UUID, *, looks_at: str | None) -> Actor:
    """The actor as an administrator of the organisation his elevation is for.

    `looks_at` is the address he reads, if he reads: a look is on record like an act, whatever it finds.
    """
    if actor.via is not Via.SESSION or actor.key_id is None or Role.OPERATOR not in actor.roles:
        raise errors.ElevationOver()
    async with tx.begin() as db:
        found = await repository.find_elevation(db, elevation_id, person_id=actor.person, session_id=actor.key_id)
    if found is None:
        raise errors.ElevationOver()
    row, org = found
    under = replace(
        actor,
        org_id=org.id,
        org_kind=org.kind,
        org_verified=org.state is OrgState.VERIFIED,
        roles=frozenset({Role.ADMINISTRATOR}),
        scopes=actor.scopes & {Scope.READ, Scope.WRITE},
        lacks_second_factor=False,
        elevation_id=row.id,
        by_two=frozenset(),
    )
    if looks_at is not None:
        async with tx.begin() as db:
            journal.record(db, LookedUnderElevation(row.id, org.id, looks_at), actor=under)
    return under


def _view(row: Elevation, name: str) -> ElevationView:
    return ElevationView(
        row.id,
        row.org_id,
        row.person_id,
        name,
        row.reasons,
        row.taken_at,
        row.ends_at,
        row.ended_at,
        row.reviewed_by,
        row.reviewed_at,
        row.was_justified,
        row.finding,
    )
