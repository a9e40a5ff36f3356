"""Deputies (授权代理): one person acts for another of the same organisation, with some of her roles, for a time.

Who acts stays who acts: the deputy by his own credential, named in each request, and the record says for whom. A
deputyship gives no more than its principal has at that moment, and no power over people. Its time is real time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.session import Tx
from techmarket.identity import errors, policy
from techmarket.identity import repository_powers as repository
from techmarket.identity.actor import DEPUTY_ROLES, Actor, OrgKind, Role, Scope
from techmarket.identity.events import DeputyAppointed, DeputyRevoked
from techmarket.identity.permissions import require
from techmarket.identity.repository import find_membership, lock_organisation, real_now
from techmarket.identity.service.seeing import require_known_org
from techmarket.identity.tables import Deputyship, Organisation
from techmarket.identity.views import DeputyshipView
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound

DAYS_MAX = 90
SCOPES = frozenset({Scope.READ, Scope.WRITE})


async def appoint_deputy(
    tx: Tx,
    actor: Actor,
    org_id: UUID,
    principal_id: UUID,
    *,
    deputy_id: UUID,
    roles: Collection[Role],
    scopes: Collection[Scope],
    begins_at: datetime | None,
    ends_at: datetime,
) -> DeputyshipView:
    """She appoints somebody to act for her, or an administrator does in her absence."""
    require_known_org(actor, org_id)
    if actor.person_id == principal_id and actor.org_id == org_id:
        require(actor, policy.APPOINT_OWN_DEPUTY, parties=[principal_id])
    else:
        require(actor, policy.APPOINT_DEPUTY, parties=[org_id])
    async with tx.begin() as db:
        org = await lock_organisation(db, org_id)
        now = await real_now(db)
        begins_at = begins_at or now
        if not (now - timedelta(minutes=1) <= begins_at < ends_at <= now + timedelta(days=DAYS_MAX)):
            raise _unfit("time", "/body/ends_at")
        await _require_fit(db, org, principal_id, deputy_id, roles)
        row = Deputyship(
            id=new_id(),
            org_id=org_id,
            principal_id=principal_id,
            deputy_id=deputy_id,
            roles=sorted(set(roles)),
            scopes=sorted(set(scopes) & SCOPES),
            begins_at=begins_at,
            ends_at=ends_at,
            appointed_by=actor.person,
        )
        db.add(row)
        journal.record(
            db,
            DeputyAppointed(
                row.id, deputy_id, principal_id, org_id, tuple(row.roles), tuple(row.scopes), begins_at, ends_at
            ),
            actor=actor,
        )
        return _view(row)


async def revoke_deputy(tx: Tx, actor: Actor, deputyship_id: UUID) -> None:
    """She, her deputy or an administrator ends it, from the next request on. Twice is harmless."""
    async with tx.begin() as db:
        row = await repository.lock_deputyship(db, deputyship_id)
        if row is None or actor.org_id != row.org_id:
            raise NotFound()
        if actor.person_id in (row.principal_id, row.deputy_id):
            require(actor, policy.REVOKE_OWN_DEPUTY, parties=[actor.person_id])
        else:
            require(actor, policy.REVOKE_DEPUTY, parties=[row.org_id])
        if row.revoked_at is None:
            row.revoked_at = await real_now(db)
            journal.record(db, DeputyRevoked(row.id, row.org_id), actor=actor)


async def list_deputies(tx: Tx, actor: Actor, org_id: UUID, *, cursor: str | None, limit: int) -> Page[DeputyshipView]:
    """The deputyships of an organisation, oldest first: all for its administrators, for others those they are in."""
    if not actor.is_anonymous and actor.org_id != org_id:
        raise NotFound()
    require(actor, policy.SEE_DEPUTIES, parties=[org_id])
    person_id = None if Role.ADMINISTRATOR in actor.roles else actor.person
    async with tx.read() as db:
        rows = await repository.list_deputyships(
            db, org_id, person_id=person_id, after=last_id(cursor), limit=limit + 1
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(_view)


async def as_deputy(tx: Tx, actor: Actor, deputyship_id: UUID) -> Actor:
    """The actor as the deputy he says he is, with what his principal has of it today."""
    if actor.person_id is None or actor.org_id is None:
        raise errors.DeputyshipOver()
    async with tx.begin() as db:
        found = await repository.find_deputyship(db, deputyship_id, deputy_id=actor.person, org_id=actor.org)
    if found is None:
        raise errors.DeputyshipOver()
    row, membership = found
    return replace(
        actor,
        roles=frozenset(Role(role) for role in row.roles if role in membership.roles) & DEPUTY_ROLES,
        scopes=actor.scopes & frozenset(Scope(scope) for scope in row.scopes),
        stands_in_for=row.principal_id,
        deputyship_id=row.id,
    )


async def _require_fit(
    db: AsyncSession, org: Organisation, principal_id: UUID, deputy_id: UUID, roles: Collection[Role]
) -> None:
    if org.kind is OrgKind.MARKET:
        raise _unfit("the_market", "/body/roles")
    if principal_id == deputy_id:
        raise _unfit("same_person", "/body/deputy_id")
    principal = await find_membership(db, principal_id, org.id)
    if principal is None:
        raise NotFound()
    deputy = await find_membership(db, deputy_id, org.id)
    if deputy is None:
        raise _unfit("not_a_member", "/body/deputy_id")
    if deputy[0].is_machine or principal[0].is_machine:
        raise _unfit("a_machine", "/body/deputy_id")
    if not set(roles) <= DEPUTY_ROLES & {Role(role) for role in principal[1].roles}:
        raise _unfit("roles", "/body/roles")


def _unfit(reason: str, pointer: str) -> errors.DeputyUnfit:
    return errors.DeputyUnfit(reason=reason, possible=sorted(DEPUTY_ROLES), days_max=DAYS_MAX, pointer=pointer)


def _view(row: Deputyship) -> DeputyshipView:
    return DeputyshipView(
        row.id,
        row.org_id,
        row.principal_id,
        row.deputy_id,
        tuple(Role(role) for role in row.roles),
        tuple(Scope(scope) for scope in row.scopes),
        row.begins_at,
        row.ends_at,
        row.appointed_by,
        row.revoked_at,
    )
