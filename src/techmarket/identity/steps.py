"""What later rooms may ask of identity inside their own transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, String, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.identity import errors, repository
from techmarket.identity import repository_people as people
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.identity.events import OrganisationRegistered, PersonInvited
from techmarket.identity.lifecycle import ORGANISATION, Ground, OrgState
from techmarket.identity.rules import INVITATION_OPEN_FOR
from techmarket.identity.tables import Invitation, Membership, Organisation, Person, Qualification
from techmarket.identity.views import QualificationHeld
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import end_of_day
from techmarket.kernel.refusals import NotAllowed


@dataclass(frozen=True, slots=True)
class OrganisationFacts:
    id: UUID
    kind: OrgKind
    name: str
    name_en: str | None
    uscc: str | None
    region: str | None
    is_verified: bool
    government_established: bool
    applies_local_rules: bool
    is_node: bool = False
    node_id: UUID | None = None

    @property
    def jurisdiction(self) -> str:
        """The province whose rules bind it, as `CN-33`; `CN` when its region is unknown."""
        return f"CN-{self.region[:2]}" if self.region else "CN"


@dataclass(frozen=True, slots=True)
class PersonFacts:
    id: UUID
    name: str
    org_ids: tuple[UUID, ...]


async def get_organisation(db: AsyncSession, org_id: UUID) -> OrganisationFacts:
    return _facts(await repository.get_organisation(db, org_id))


async def get_organisations(db: AsyncSession, org_ids: Iterable[UUID]) -> dict[UUID, OrganisationFacts]:
    rows = await db.execute(select(Organisation).where(Organisation.id.in_(set(org_ids))))
    return {org.id: _facts(org) for org in rows.scalars()}


async def require_verified(db: AsyncSession, org_id: UUID) -> OrganisationFacts:
    """Only an organisation that the market has verified can take part."""
    facts = await get_organisation(db, org_id)
    if not facts.is_verified:
        raise errors.OrganisationNotVerified(organisation=org_id)
    return facts


async def actor_of(db: AsyncSession, person_id: UUID, org_id: UUID) -> Actor | None:
    """Who this person is today for an organisation, for a job that goes on in his name; None once he is nobody."""
    found = await repository.find_membership(db, person_id, org_id)
    org = await repository.get_organisation(db, org_id)
    if found is None or org.state is OrgState.SUSPENDED:
        return None
    roles = frozenset(Role(role) for role in found[1].roles)
    return Actor(person_id, org.id, org.kind, org.state is OrgState.VERIFIED, roles, is_of_node=org.is_node)


@dataclass(frozen=True, slots=True)
class Registered:
    """What is registered of an organisation."""

    kind: OrgKind
    name: str
    name_en: str | None
    uscc: str | None
    region: str | None
    government_established: bool
    applies_local_rules: bool


async def register(
    db: AsyncSession, said: Registered, *, node_id: UUID | None = None, actor: Actor, is_verified: bool = False
) -> UUID:
    """Register an organisation for others, without people: it can act once it was verified and somebody was invited.

    One that is verified under the same 统一社会信用代码 is that one, whoever registered it; what others claim is not
    asked. `is_verified`: an operator enters it, who knows it.
    """
    if said.uscc is not None:
        known = await repository.find_by_uscc(db, said.uscc)
        if known is not None:
            return known.id
    org = Organisation(
        id=new_id(),
        **{name: getattr(said, name) for name in Registered.__dataclass_fields__},
        state=OrgState.VERIFIED if is_verified else ORGANISATION.initial,
        entered_by=[actor.person],
    )
    db.add(org)
    await db.flush()
    await repository.set_node(db, org, node_id)
    journal.record(db, OrganisationRegistered(org.id, org.kind), actor=actor)
    return org.id


async def verified_by_code(db: AsyncSession, codes: Iterable[str]) -> dict[str, OrganisationFacts]:
    """By 统一社会信用代码 the organisations that are verified with it; what others claim finds nobody."""
    query = select(Organisation).where(Organisation.uscc.in_(set(codes)), Organisation.state == OrgState.VERIFIED)
    return {org.uscc or "": _facts(org) for org in (await db.execute(query)).scalars()}


async def claimants_of(db: AsyncSession, uscc: str) -> list[UUID]:
    """Who says that this code is its own and was not verified yet; it is for the caller to say whose word counts."""
    query = select(Organisation.id).where(Organisation.uscc == uscc, Organisation.state == ORGANISATION.initial)
    return list((await db.execute(query.order_by(Organisation.id))).scalars())


async def correct(db: AsyncSession, org_id: UUID, said: Registered, *, actor: Actor) -> bool:
    """What is registered of an organisation that was not verified yet is corrected; False once it was."""
    org = await repository.lock_organisation(db, org_id)
    if org.state is not ORGANISATION.initial:
        return False
    if said.uscc is not None and said.uscc != org.uscc and await repository.find_by_uscc(db, said.uscc) is not None:
        raise errors.UsccTaken(pointer="/body/uscc")
    for name in Registered.__dataclass_fields__:
        setattr(org, name, getattr(said, name))
    _note_hand(org, actor.person)
    await db.flush()
    return True


def _note_hand(org: Organisation, person_id: UUID) -> None:
    if person_id not in org.entered_by:
        org.entered_by = [*org.entered_by, person_id]


async def invite_administrator(
    db: AsyncSession, keys: Keys, actor: Actor, org_id: UUID, *, name: str, ground: Ground, token: str
) -> InvitedFacts:
    """Operators let somebody administer an organisation that has nobody who could invite him.

    The first one of an organisation that was registered for others is invited by one operator, and it is verified by
    another; so both are needed until it can act. `token` is what the invited person shows.
    """
    org = await repository.lock_organisation(db, org_id)
    if ground is Ground.FIRST:
        if await people.had_people(db, org_id):
            raise errors.HasPeople()
        if org.state is OrgState.VERIFIED:
            behind = org.entered_by if org.verified_by is None else [org.verified_by]
            for person_id in behind:
                await require_two_people(db, person_id, actor.person)
        _note_hand(org, actor.person)
    await people.close_invitations_on(db, org_id, ground)
    invitation = Invitation(
        id=new_id(),
        org_id=org_id,
        name=name,
        roles=[Role.ADMINISTRATOR.value],
        ground=ground,
        token_hash=keys.hash_secret(token),
        invited_by=actor.person,
        expires_at=await repository.real_now(db) + INVITATION_OPEN_FOR,
    )
    db.add(invitation)
    await db.flush()
    journal.record(db, PersonInvited(invitation.id, org_id, tuple(invitation.roles)), actor=actor)
    return InvitedFacts(invitation.id, invitation.expires_at)


@dataclass(frozen=True, slots=True)
class InvitedFacts:
    invitation_id: UUID
    expires_at: datetime


async def invitations_of(db: AsyncSession, person_id: UUID) -> list[UUID]:
    """The invitations by which a person joined or was asked to begin anew."""
    query = select(Invitation.id).where(Invitation.person_id == person_id).order_by(Invitation.id)
    return list((await db.execute(query)).scalars())


async def may_object_for(db: AsyncSession, person_id: UUID, org_id: UUID) -> bool:
    """Whether he speaks for an organisation about who administers it: its administrators and its contact; where it has
    neither any more, everybody of it."""
    return await people.may_object(db, person_id, org_id)


async def entered_by(db: AsyncSession, org_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Who registered these organisations for others, or had a part in it."""
    query = select(Organisation.id, Organisation.entered_by).where(Organisation.id.in_(set(org_ids)))
    return {row[0]: list(row[1]) for row in (await db.execute(query)).all()}


async def apart_of(db: AsyncSession, person_id: UUID, others: Collection[UUID]) -> frozenset[UUID]:
    """Those of the others with whom he is not two people: himself, and all with one hand behind both."""
    return await repository.of_one_hand(db, person_id, others)


async def make_node(db: AsyncSession, org_id: UUID, *, is_node: bool) -> OrganisationFacts:
    """A verified organisation becomes a node of the hub, or is one no more; a node belongs to no other."""
    org = await repository.lock_organisation(db, org_id)
    if org.state is not OrgState.VERIFIED:
        raise errors.OrganisationNotVerified(organisation=org_id)
    if is_node:
        await repository.set_node(db, org, None)
    org.is_node = is_node
    await db.flush()
    return _facts(org)


async def move_to_node(db: AsyncSession, org_id: UUID, node_id: UUID | None) -> None:
    """The organisation is of this node from now on, or of none."""
    await repository.set_node(db, await repository.lock_organisation(db, org_id), node_id)


async def node_on(db: AsyncSession, org_id: UUID, day: date) -> UUID | None:
    """The node of which an organisation was when this day began, or, registered on that day, was first.

    So whoever moves it on the day of a deal, or later, changes nothing about that deal.
    """
    return await repository.node_at(db, org_id, at=end_of_day(day - timedelta(days=1)), until=end_of_day(day))


async def organisations_of_node(db: AsyncSession, node_id: UUID) -> list[UUID]:
    query = select(Organisation.id).where(Organisation.node_id == node_id).order_by(Organisation.id)
    return list((await db.execute(query)).scalars())


async def get_people(db: AsyncSession, person_ids: Iterable[UUID]) -> dict[UUID, PersonFacts]:
    wanted = set(person_ids)
    rows = (await db.execute(select(Person).where(Person.id.in_(wanted)))).scalars().all()
    memberships = (
        await db.execute(
            select(Membership.person_id, Membership.org_id).where(
                Membership.person_id.in_(wanted), Membership.ended_at.is_(None)
            )
        )
    ).all()
    orgs: dict[UUID, list[UUID]] = {}
    for person_id, org_id in memberships:
        orgs.setdefault(person_id, []).append(org_id)
    return {p.id: PersonFacts(p.id, p.name, tuple(sorted(orgs.get(p.id, [])))) for p in rows}


async def share_people(db: AsyncSession, one_org: UUID, other_org: UUID) -> bool:
    """Whether somebody acts for both organisations today."""
    query = (
        select(Membership.person_id)
        .where(Membership.org_id.in_([one_org, other_org]), Membership.ended_at.is_(None))
        .group_by(Membership.person_id)
        .having(func.count() > 1)
        .limit(1)
    )
    return (await db.execute(query)).first() is not None


async def require_member(db: AsyncSession, person_id: UUID, org_id: UUID, *, pointer: str | None = None) -> PersonFacts:
    """The person belongs to the organisation today."""
    found = await repository.find_membership(db, person_id, org_id)
    if found is None:
        raise errors.NotAMember(person=person_id, pointer=pointer)
    return PersonFacts(person_id, found[0].name, (org_id,))


async def require_two_people(db: AsyncSession, first: UUID, second: UUID) -> None:
    """Where two people are needed: neither gave the other his credentials, nor did one third person give both theirs.

    An administrator who adds a colleague may have kept his key, and one who resets a password may have set it.
    """
    if await repository.who_vouched(db, first) & await repository.who_vouched(db, second):
        raise errors.OneHandBehindBoth()


async def require_outside(
    db: AsyncSession, person_id: UUID, parties: Collection[UUID | None], *, operation: str
) -> None:
    """Nobody decides about a thing of an organisation that he belongs to, whichever he acts for."""
    person = (await get_people(db, [person_id])).get(person_id)
    if person is not None and set(person.org_ids) & set(parties):
        raise NotAllowed(needs="somebody who belongs to no party", operation=operation)


async def has_role(db: AsyncSession, person_id: UUID, org_id: UUID, role: Role) -> bool:
    found = await repository.find_membership(db, person_id, org_id)
    return found is not None and role in found[1].roles


async def is_qualified(db: AsyncSession, person_id: UUID, kind: str, on: date) -> bool:
    """Whether the person holds a qualification of this kind on this day, at any level."""
    query = select(Qualification.id).where(
        Qualification.person_id == person_id,
        Qualification.kind == kind,
        or_(Qualification.valid_until.is_(None), Qualification.valid_until >= on),
    )
    return (await db.execute(query.limit(1))).first() is not None


async def qualified_people(db: AsyncSession, kinds: Sequence[str], on: date) -> dict[UUID, list[QualificationHeld]]:
    """Everybody who holds a qualification of one of these kinds on this day, with all that he holds of them."""
    query = (
        select(Qualification)
        .where(
            Qualification.kind.in_(kinds),
            or_(Qualification.valid_until.is_(None), Qualification.valid_until >= on),
        )
        .order_by(Qualification.person_id, Qualification.kind, Qualification.level)
    )
    held: dict[UUID, list[QualificationHeld]] = {}
    for row in (await db.execute(query)).scalars():
        held.setdefault(row.person_id, []).append(QualificationHeld(row.kind, row.level, row.valid_until))
    return held


async def find_market(db: AsyncSession) -> OrganisationFacts | None:
    """The market's own organisation."""
    org = await repository.find_market(db)
    return _facts(org) if org else None


def _facts(org: Organisation) -> OrganisationFacts:
    return OrganisationFacts(
        org.id,
        org.kind,
        org.name,
        org.name_en,
        org.uscc,
        org.region,
        org.state is OrgState.VERIFIED,
        org.government_established,
        org.applies_local_rules,
        org.is_node,
        org.node_id,
    )


async def hands_behind(db: AsyncSession, person_id: UUID) -> frozenset[UUID]:
    """The person and everyone who vouched for him, on and on: none of these may be behind the second of two people."""
    return await repository.who_vouched(db, person_id)


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """A person in an organisation today, as far as it depends on that who he is to be told something."""

    person_id: UUID
    org_id: UUID
    org_kind: OrgKind
    org_verified: bool
    roles: frozenset[Role]


async def members_of(db: AsyncSession, org_ids: Iterable[UUID]) -> list[MemberFacts]:
    """The people of these organisations; programs are not among them."""
    return await _members(db, Membership.org_id.in_(set(org_ids)))


async def staff_with(db: AsyncSession, roles: Iterable[Role]) -> list[MemberFacts]:
    """The people of the market, and of authorities, who hold one of these roles there."""
    wanted = [str(role) for role in roles]
    kinds = (OrgKind.MARKET, OrgKind.AUTHORITY)
    held = Membership.roles.op("&&", is_comparison=True)(cast(wanted, ARRAY(String(32))))
    return await _members(db, Organisation.kind.in_(kinds) & held)


async def memberships_of(db: AsyncSession, person_ids: Iterable[UUID]) -> list[MemberFacts]:
    """These people in every organisation they belong to today."""
    return await _members(db, Membership.person_id.in_(set(person_ids)))


async def _members(db: AsyncSession, where: ColumnElement[bool]) -> list[MemberFacts]:
    query = (
        select(Membership.person_id, Membership.org_id, Membership.roles, Organisation.kind, Organisation.state)
        .join(Organisation, Organisation.id == Membership.org_id)
        .join(Person, Person.id == Membership.person_id)
        .where(where, Membership.ended_at.is_(None), Person.is_machine.is_(False))
        .order_by(Membership.person_id, Membership.org_id)
    )
    return [
        MemberFacts(
            row.person_id,
            row.org_id,
            row.kind,
            row.state is OrgState.VERIFIED,
            frozenset(Role(role) for role in row.roles),
        )
        for row in await db.execute(query)
    ]
