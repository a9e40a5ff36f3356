"""Organisations: who registers, who is verified, who is suspended; and how the market itself is founded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity import errors, policy, repository, rules, steps
from techmarket.identity.actor import Actor, OrgKind, Role, Scope
from techmarket.identity.events import (
    OrganisationRegistered,
    OrganisationSuspendedEvent,
    OrganisationVerified,
)
from techmarket.identity.lifecycle import ORGANISATION, OrgState
from techmarket.identity.permissions import allows, require
from techmarket.identity.service.founding import Founding, count_founding
from techmarket.identity.service.keys import issue
from techmarket.identity.service.members import add_member
from techmarket.identity.service.showing import view_of
from techmarket.identity.tables import Membership, Organisation, Person
from techmarket.identity.views import (
    OrganisationView,
    PersonView,
    RegistrationView,
)
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.refusals import NotFound

OPEN_KINDS = (OrgKind.UNIVERSITY, OrgKind.INSTITUTE, OrgKind.ENTERPRISE, OrgKind.AGENCY, OrgKind.BANK)


async def register_organisation(
    tx: Tx,
    keys: Keys,
    actor: Actor,
    *,
    kind: OrgKind,
    name: str,
    name_en: str | None,
    uscc: str | None,
    region: str | None,
    government_established: bool,
    applies_local_rules: bool,
    administrator: str,
    founding: Founding = Founding(),
) -> RegistrationView:
    """An organisation registers itself and its first administrator; it can act once an operator has verified it."""
    require(actor, policy.REGISTER)
    if kind not in OPEN_KINDS:
        raise errors.KindNotOpen(open_kinds=list(OPEN_KINDS), pointer="/body/kind")
    async with tx.begin() as db:
        await count_founding(db, keys, actor, founding)
        founded = await found_organisation(
            db,
            keys,
            kind=kind,
            name=name,
            name_en=name_en,
            uscc=uscc,
            region=region,
            government_established=government_established,
            applies_local_rules=applies_local_rules,
            administrator=administrator,
            roles=(Role.ADMINISTRATOR,),
            state=ORGANISATION.initial,
        )
        if actor.person_id is not None:  # somebody of another organisation registers it
            (await repository.get_organisation(db, founded.organisation.id)).entered_by = [actor.person_id]
        return founded


async def found_organisation(
    db: AsyncSession,
    keys: Keys,
    *,
    kind: OrgKind,
    name: str,
    name_en: str | None,
    uscc: str | None,
    region: str | None,
    government_established: bool,
    applies_local_rules: bool,
    administrator: str,
    roles: Sequence[Role],
    state: OrgState,
) -> RegistrationView:
    """The rows of a new organisation with its first person and key; also used to found the market itself."""
    if uscc is not None:
        if not rules.uscc_form_is_right(uscc):
            raise errors.UsccMalformed(pointer="/body/uscc")
        if await repository.find_by_uscc(db, uscc) is not None:
            raise errors.UsccTaken(pointer="/body/uscc")
    org = Organisation(
        id=new_id(),
        kind=kind,
        name=name,
        name_en=name_en,
        uscc=uscc,
        region=region,
        government_established=government_established,
        applies_local_rules=applies_local_rules,
        state=state,
    )
    db.add(org)
    person = Person(id=new_id(), name=administrator)
    db.add(person)
    await db.flush()
    actor = Actor(person.id, org.id, org.kind, state is OrgState.VERIFIED, frozenset(roles))
    db.add(Membership(person_id=person.id, org_id=org.id, roles=sorted(roles)))
    await db.flush()
    journal.record(db, OrganisationRegistered(org.id, org.kind), actor=actor)
    issued = issue(db, keys, actor, person.id, org.id, scopes=tuple(Scope), expires_at=None)
    return RegistrationView(view_of(org), PersonView(person.id, person.name, org.id, tuple(sorted(roles))), issued)


MARKET_STAFF: dict[str, tuple[Role, ...]] = {
    "administrator": (Role.ADMINISTRATOR,),
    "operator": (Role.OPERATOR,),
    "certifier_1": (Role.CERTIFIER,),
    "certifier_2": (Role.CERTIFIER,),
    "registrar": (Role.REGISTRAR,),
    "finance": (Role.FINANCE,),
}


async def found_market(tx: Tx, keys: Keys, *, name: str) -> dict[str, str]:
    """The market's own organisation and its first staff; returns each one's key, once. Empty when it exists already."""
    async with tx.begin() as db:
        await lock_name(db, "identity.found_market")
        if await repository.find_market(db) is not None:
            return {}
        founded = await found_organisation(
            db,
            keys,
            kind=OrgKind.MARKET,
            name=name,
            name_en=None,
            uscc=None,
            region="330100",
            government_established=False,
            applies_local_rules=True,
            administrator="Sample administrator / 示例管理员",
            roles=MARKET_STAFF["administrator"],
            state=OrgState.VERIFIED,
        )
        org_id = founded.organisation.id
        actor = Actor(founded.administrator.id, org_id, OrgKind.MARKET, True, frozenset({Role.ADMINISTRATOR}))
        shown = {"administrator": founded.key.key}
        for title, roles in MARKET_STAFF.items():
            if title not in shown:
                _, issued = await add_member(db, keys, actor, org_id, name=f"Sample {title}", roles=roles)
                shown[title] = issued.key
        return shown


async def verify_organisation(tx: Tx, actor: Actor, org_id: UUID) -> OrganisationView:
    """An operator has checked the papers of an organisation; from now on it may trade, and its code is its own.

    One who registered it for others, or whose hand is behind whoever did, is not the second pair of eyes.
    """
    require(actor, policy.VERIFY, node=actor.node)
    async with tx.begin() as db:
        org = await repository.lock_organisation(db, org_id)
        _require_known(actor, org)
        require(actor, policy.VERIFY, node=org.node_id)
        # Whoever wrote down what is to be verified, or chose who confirms it, does not verify it.
        for person_id in org.entered_by:
            await steps.require_two_people(db, person_id, actor.person)
        ORGANISATION.move(org.state, "verify")
        if not await repository.set_verified(db, org, by=actor.person):
            other = await repository.find_by_uscc(db, org.uscc or "")
            named = {"organisation": other.id, "name": other.name} if other else {"organisation": None, "name": "—"}
            raise errors.UsccOfAnother(pointer="/path/organisation_id", **named)
        journal.record(db, OrganisationVerified(org.id), actor=actor)
        return await _desk_view(db, org)


async def suspend_organisation(tx: Tx, actor: Actor, org_id: UUID) -> OrganisationView:
    """An operator stops an organisation from acting; its keys answer with a refusal from the next request on."""
    require(actor, policy.SUSPEND)
    async with tx.begin() as db:
        org = await repository.lock_organisation(db, org_id)
        if org.kind is OrgKind.MARKET:
            raise errors.MarketStays()
        org.state = ORGANISATION.move(org.state, "suspend")
        journal.record(db, OrganisationSuspendedEvent(org.id), actor=actor)
        return view_of(org)


async def get_organisation(tx: Tx, actor: Actor, org_id: UUID) -> OrganisationView:
    """An organisation's public card: for its own people and for the market in every state, for others once verified."""
    async with tx.read() as db:
        org = await repository.get_organisation(db, org_id)
        _require_known(actor, org)
        return await _desk_view(db, org) if allows(actor, policy.VERIFY, node=org.node_id) else view_of(org)


async def _desk_view(db: AsyncSession, org: Organisation) -> OrganisationView:
    """As whoever verifies sees it: also that others claim the same code."""
    shared = await repository.claimed_by_several(db, [org.uscc]) if org.uscc is not None else frozenset()
    return view_of(org, is_code_shared=org.uscc in shared)


async def find_organisations(tx: Tx, actor: Actor, org_ids: Collection[UUID]) -> dict[UUID, OrganisationView]:
    """The cards of those among these organisations that this reader may know."""
    async with tx.read() as db:
        rows = await repository.get_organisations(db, org_ids)
        return {org.id: view_of(org) for org in rows if _is_known(actor, org)}


def _require_known(actor: Actor, org: Organisation) -> None:
    if not _is_known(actor, org):
        raise NotFound()


def _is_known(actor: Actor, org: Organisation) -> bool:
    is_of_mine = actor.node is not None and actor.node == org.node_id
    return org.state is OrgState.VERIFIED or actor.is_market or is_of_mine or actor.org_id == org.id


async def list_organisations(
    tx: Tx, actor: Actor, *, node: UUID | None = None, cursor: str | None, limit: int
) -> Page[OrganisationView]:
    """All organisations, oldest first, for the operator's desk; an operator of a node sees those of his node."""
    require(actor, policy.LIST_ORGANISATIONS, node=actor.node if node in (None, actor.node) else None)
    wanted = node or actor.node
    after = None
    if cursor is not None:
        at, last = decode_cursor(cursor, datetime, UUID)
        after = (at, last)
    async with tx.read() as db:
        rows = await repository.list_organisations(db, node=wanted, after=after, limit=limit + 1)
        page = page_of(rows, limit, lambda org: (org.created_at.isoformat(), str(org.id)))
        shared = await repository.claimed_by_several(db, [org.uscc for org in page.items if org.uscc is not None])
        return page.map(lambda org: view_of(org, is_code_shared=org.uscc in shared))
