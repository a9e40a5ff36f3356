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
from techmarket.identity.actor import AUTHORITY_ROLES, MARKET_ROLES, Actor, OrgKind, Role, Scope
from techmarket.identity.events import (
    PersonAdded,
    QualificationGranted,
)
from techmarket.identity.permissions import require
from techmarket.identity.service.keys import issue
from techmarket.identity.service.seeing import require_known_org
from techmarket.identity.service.showing import view_of
from techmarket.identity.tables import Membership, Organisation, Person
from techmarket.identity.views import (
    IssuedKeyView,
    PersonView,
    QualificationView,
    SelfView,
)
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound


async def add_person(
    tx: Tx, keys: Keys, actor: Actor, org_id: UUID, *, name: str, roles: Sequence[Role]
) -> tuple[PersonView, IssuedKeyView]:
    """An administrator adds a person with roles; the person's first key is shown once."""
    require_known_org(actor, org_id)
    require(actor, policy.ADD_PERSON, parties=[org_id])
    async with tx.begin() as db:
        org = await repository.lock_organisation(db, org_id)
        _check_roles(org, roles)
        return await add_member(db, keys, actor, org.id, name=name, roles=roles)


async def add_member(
    db: AsyncSession, keys: Keys, actor: Actor, org_id: UUID, *, name: str, roles: Sequence[Role]
) -> tuple[PersonView, IssuedKeyView]:
    """The rows of a new member with a first key, inside the caller's transaction."""
    held = tuple(sorted(set(roles)))
    person = Person(id=new_id(), name=name)
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


def _check_roles(org: Organisation, roles: Sequence[Role]) -> None:
    reserved = MARKET_ROLES if org.kind in (OrgKind.MARKET, OrgKind.AUTHORITY) else MARKET_ROLES | AUTHORITY_ROLES
    if org.kind is OrgKind.MARKET:
        reserved = frozenset()
    wrong = sorted(set(roles) & reserved)
    if wrong:
        raise errors.RoleNotYours(roles=wrong, pointer="/body/roles")
