"""People of an organisation: added with roles, qualified, told whom they act for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import errors, policy, repository
from techmarket.identity import repository_people as people
from techmarket.identity.actor import AUTHORITY_ROLES, MACHINE_ROLES, MARKET_ROLES, Actor, OrgKind, Role, Scope
from techmarket.identity.events import (
    ContactSet,
    InvitationWithdrawn,
    MembershipEnded,
    PersonAdded,
    QualificationGranted,
    RolesChanged,
    SecondFactorAsked,
)
from techmarket.identity.permissions import require
from techmarket.identity.service.keys import issue
from techmarket.identity.service.logins import require_fresh_session
from techmarket.identity.service.seeing import require_known_org
from techmarket.identity.service.showing import view_of
from techmarket.identity.tables import Membership, Organisation, Person
from techmarket.identity.views import (
    IssuedKeyView,
    MemberView,
    PersonView,
    QualificationView,
    SelfView,
)
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound


async def add_person(
    tx: Tx, keys: Keys, actor: Actor, org_id: UUID, *, name: str, roles: Sequence[Role]
) -> tuple[PersonView, IssuedKeyView]:
    """An administrator adds a person with roles; the person's first key is shown once."""
    require_known_org(actor, org_id)
    require(actor, policy.ADD_PERSON, parties=[org_id])
    async with tx.begin() as db:
        org = await repository.lock_organisation(db, org_id)
        check_roles(org, roles)
        return await add_member(db, keys, actor, org.id, name=name, roles=roles, vouched_by=actor.person)


async def add_member(
    db: AsyncSession,
    keys: Keys,
    actor: Actor,
    org_id: UUID,
    *,
    name: str,
    roles: Sequence[Role],
    vouched_by: UUID | None = None,
) -> tuple[PersonView, IssuedKeyView]:
    """The rows of a new member with a first key, inside the caller's transaction."""
    held = tuple(sorted(set(roles)))
    person = Person(id=new_id(), name=name, vouched_by=vouched_by)
    db.add(person)
    await db.flush()
    db.add(Membership(person_id=person.id, org_id=org_id, roles=list(held)))
    await db.flush()
    journal.record(db, PersonAdded(person.id, org_id, held), actor=actor)
    return PersonView(person.id, person.name, org_id, held), issue(
        db, keys, actor, person.id, org_id, scopes=tuple(Scope), expires_at=None
    )


async def grant_qualification(
    tx: Tx, actor: Actor, person_id: UUID, *, kind: str, level: str, valid_until: date | None = None
) -> QualificationView:
    """The market enters that a person is qualified (技术经理人, 专家); entering it again sets until when."""
    require(actor, policy.QUALIFY)
    async with tx.begin() as db:
        if await db.get(Person, person_id) is None:
            raise NotFound()
        row = await repository.put_qualification(db, person_id, kind=kind, level=level, valid_until=valid_until)
        journal.record(db, QualificationGranted(person_id, kind, level), actor=actor)
        return QualificationView(row.id, person_id, kind, level, row.valid_until)


async def get_self(tx: Tx, actor: Actor) -> SelfView:
    """Whom my key acts for."""
    require(actor, policy.SEE_SELF)
    async with tx.read() as db:
        found = await repository.find_membership(db, actor.person, actor.org)
        if found is None:
            raise NotFound()
        org = await repository.get_organisation(db, actor.org)
        return SelfView(
            actor.person, found[0].name, view_of(org), tuple(sorted(actor.roles)), tuple(sorted(actor.scopes))
        )


def check_roles(org: Organisation, roles: Sequence[Role]) -> None:
    reserved = MARKET_ROLES if org.kind in (OrgKind.MARKET, OrgKind.AUTHORITY) else MARKET_ROLES | AUTHORITY_ROLES
    if org.kind is OrgKind.MARKET:
        reserved = frozenset()
    if org.is_node:
        reserved -= {Role.OPERATOR}
    wrong = sorted(set(roles) & reserved)
    if wrong:
        raise errors.RoleNotYours(roles=wrong, pointer="/body/roles")


async def list_people(tx: Tx, actor: Actor, org_id: UUID, *, cursor: str | None, limit: int) -> Page[MemberView]:
    """The people and programs of an organisation, those who left too, for its administrators and the market's."""
    require_known_org(actor, org_id)
    require(actor, policy.LIST_PEOPLE, parties=[org_id])
    async with tx.read() as db:
        rows = await people.list_people(db, org_id, after=last_id(cursor), limit=limit + 1)
        return page_of(rows, limit, lambda view: (str(view.person_id),))


async def change_roles(tx: Tx, actor: Actor, org_id: UUID, person_id: UUID, *, roles: Sequence[Role]) -> PersonView:
    """An administrator gives and takes roles; what a key or a session may do follows from the next request on."""
    require_known_org(actor, org_id)
    require(actor, policy.CHANGE_ROLES, parties=[org_id])
    held = tuple(sorted(set(roles)))
    async with tx.begin() as db:
        org = await repository.lock_organisation(db, org_id)
        check_roles(org, held)
        person, membership = await _member(db, person_id, org_id)
        if person.is_machine and set(held) - MACHINE_ROLES:
            unfit = sorted(set(held) - MACHINE_ROLES)
            raise errors.NotForMachines(roles=unfit, possible=sorted(MACHINE_ROLES), pointer="/body/roles")
        if Role.ADMINISTRATOR not in held:
            await _require_other_administrator(db, membership)
            await _close_invitations(db, actor, membership)
        membership.roles = list(held)
        journal.record(db, RolesChanged(person_id, org_id, held), actor=actor)
        return PersonView(person.id, person.name, org_id, held)


async def end_membership(tx: Tx, actor: Actor, org_id: UUID, person_id: UUID) -> None:
    """A person leaves an organisation: his keys and sessions for it fail from the next request on."""
    require_known_org(actor, org_id)
    require(actor, policy.END_MEMBERSHIP, parties=[org_id])
    async with tx.begin() as db:
        await repository.lock_organisation(db, org_id)
        _, membership = await _member(db, person_id, org_id)
        await _require_other_administrator(db, membership)
        membership.ended_at = await repository.real_now(db)
        await people.end_sessions(db, person_id, org_id=org_id)
        await _close_invitations(db, actor, membership)
        journal.record(db, MembershipEnded(person_id, org_id), actor=actor)


async def set_contact(tx: Tx, actor: Actor, org_id: UUID, *, person_id: UUID | None) -> None:
    """An administrator names the person who speaks for the organisation, should it lose its administrators."""
    require_known_org(actor, org_id)
    require(actor, policy.SET_CONTACT, parties=[org_id])
    async with tx.begin() as db:
        org = await repository.lock_organisation(db, org_id)
        if person_id is not None:
            person, _ = await _member(db, person_id, org_id)
            if person.is_machine:
                raise errors.NotForMachines(roles=[], possible=sorted(MACHINE_ROLES), pointer="/body/person_id")
        org.contact_id = person_id
        journal.record(db, ContactSet(org_id, person_id), actor=actor)


async def ask_second_factor(tx: Tx, actor: Actor, org_id: UUID, *, seconds: int | None) -> int | None:
    """An administrator decides how old a second factor may be at acts with consequences; None asks for none.

    He gives one himself first, so that nobody shuts out the whole organisation, and a stolen key lowers nothing.
    """
    require_known_org(actor, org_id)
    require(actor, policy.ASK_SECOND_FACTOR, parties=[org_id])
    async with tx.begin() as db:
        org = await repository.lock_organisation(db, org_id)
        await require_fresh_session(db, actor)
        org.second_factor_seconds = seconds
        journal.record(db, SecondFactorAsked(org_id, seconds), actor=actor)
        return seconds


async def _member(db: AsyncSession, person_id: UUID, org_id: UUID) -> tuple[Person, Membership]:
    found = await repository.find_membership(db, person_id, org_id)
    if found is None:
        raise NotFound()
    return found


async def _close_invitations(db: AsyncSession, actor: Actor, membership: Membership) -> None:
    """Nobody joins by the word of one who no longer administers."""
    for invitation_id in await people.close_invitations_of(db, membership.person_id, membership.org_id):
        journal.record(db, InvitationWithdrawn(invitation_id), actor=actor)


async def _require_other_administrator(db: AsyncSession, membership: Membership) -> None:
    if Role.ADMINISTRATOR not in membership.roles:
        return
    if not await people.has_other_administrator(db, membership.org_id, membership.person_id):
        raise errors.LastAdministrator()
