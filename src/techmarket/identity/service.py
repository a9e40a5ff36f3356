"""What people do in identity: register, verify, add people, issue and revoke keys, sign in."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.keys import Keys
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity import errors, policy, repository, rules
from techmarket.identity.actor import ANONYMOUS, AUTHORITY_ROLES, MARKET_ROLES, Actor, OrgKind, Role, Scope
from techmarket.identity.events import (
    ClockMoved,
    KeyIssued,
    KeyRevoked,
    OrganisationRegistered,
    OrganisationSuspendedEvent,
    OrganisationVerified,
    PersonAdded,
    QualificationGranted,
)
from techmarket.identity.lifecycle import ORGANISATION, OrgState
from techmarket.identity.permissions import ScopeMissing, require
from techmarket.identity.tables import ApiKey, Membership, Organisation, Person
from techmarket.identity.views import (
    IssuedKeyView,
    OrganisationView,
    PersonView,
    QualificationView,
    RegistrationView,
    SelfView,
)
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.refusals import NotFound

OPEN_KINDS = (OrgKind.UNIVERSITY, OrgKind.INSTITUTE, OrgKind.ENTERPRISE, OrgKind.AGENCY, OrgKind.BANK)
KEY_FORM = re.compile(r"tmk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")


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
) -> RegistrationView:
    """An organisation registers itself and its first administrator; it can act once an operator has verified it."""
    require(actor, policy.REGISTER)
    if kind not in OPEN_KINDS:
        raise errors.KindNotOpen(open_kinds=list(OPEN_KINDS), pointer="/body/kind")
    async with tx.begin() as db:
        return await found_organisation(
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
        await lock_name(db, f"identity.uscc:{uscc}")
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
    issued = _issue(db, keys, actor, person.id, org.id, scopes=tuple(Scope), expires_at=None)
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
    """An operator has checked the papers of an organisation; from now on it may trade."""
    require(actor, policy.VERIFY)
    async with tx.begin() as db:
        org = await repository.lock_organisation(db, org_id)
        org.state = ORGANISATION.move(org.state, "verify")
        journal.record(db, OrganisationVerified(org.id), actor=actor)
        return view_of(org)


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


async def add_person(
    tx: Tx, keys: Keys, actor: Actor, org_id: UUID, *, name: str, roles: Sequence[Role]
) -> tuple[PersonView, IssuedKeyView]:
    """An administrator adds a person with roles; the person's first key is shown once."""
    _see_org(actor, org_id)
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
    return PersonView(person.id, person.name, org_id, held), _issue(
        db, keys, actor, person.id, org_id, scopes=tuple(Scope), expires_at=None
    )


async def issue_key(
    tx: Tx,
    keys: Keys,
    actor: Actor,
    org_id: UUID,
    person_id: UUID,
    *,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
) -> IssuedKeyView:
    """A further key for oneself, so that keys can be rotated with overlap; a key gives no scope it lacks itself.

    Nobody, not the administrator either, is given the key of another person: signatures rest on it.
    """
    _see_org(actor, org_id)
    require(actor, policy.ISSUE_KEY, parties=[person_id])
    beyond = sorted(set(scopes) - actor.scopes)
    if beyond:
        raise ScopeMissing(needs=beyond[0], pointer="/body/scopes")
    async with tx.begin() as db:
        if await repository.find_membership(db, person_id, org_id) is None:
            raise NotFound()
        return _issue(db, keys, actor, person_id, org_id, scopes=tuple(scopes), expires_at=expires_at)


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


async def revoke_key(tx: Tx, actor: Actor, key_id: UUID) -> None:
    """A revoked key fails from the next request on. Revoking twice is harmless."""
    async with tx.begin() as db:
        key = await repository.lock_key(db, key_id)
        _see_org(actor, key.org_id)
        require(actor, policy.REVOKE_KEY, parties=[key.org_id])
        if key.revoked_at is None:
            key.revoked_at = (await db.execute(func.clock_timestamp().select())).scalar_one()
            journal.record(db, KeyRevoked(key.id), actor=actor)


async def authenticate(tx: Tx, keys: Keys, raw_key: str) -> Actor:
    """Who holds this key. Every way a key can be wrong is the same refusal."""
    actor, _ = await authenticate_for(tx, keys, raw_key)
    return actor


async def authenticate_for(tx: Tx, keys: Keys, raw_key: str) -> tuple[Actor, float | None]:
    """Who holds this key, and in how many seconds it ends, if it does: for whoever remembers the answer."""
    parts = KEY_FORM.fullmatch(raw_key)
    if parts is None:
        raise errors.BadKey()
    # Never from a standby: a key that was revoked a moment ago must fail there too.
    async with tx.begin() as db:
        found = await repository.find_key(db, parts[1])
    digest = keys.hash_secret(raw_key)
    if found is None or not hmac.compare_digest(found[0].secret_hash, digest) or not found[3]:
        raise errors.BadKey()
    key, org, membership, _, seconds_left = found
    if org.state is OrgState.SUSPENDED:
        raise errors.OrganisationSuspended()
    actor = Actor(
        key.person_id,
        org.id,
        org.kind,
        org.state is OrgState.VERIFIED,
        frozenset(Role(role) for role in membership.roles),
        frozenset(Scope(scope) for scope in key.scopes),
        key.id,
    )
    return actor, seconds_left


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


async def get_organisation(tx: Tx, actor: Actor, org_id: UUID) -> OrganisationView:
    """An organisation's public card: for its own people and for the market in every state, for others once verified."""
    async with tx.read() as db:
        org = await repository.get_organisation(db, org_id)
        if org.state is not OrgState.VERIFIED and not actor.is_market and actor.org_id != org.id:
            raise NotFound()
        return view_of(org)


async def list_organisations(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[OrganisationView]:
    """All organisations, oldest first, for the operator's desk."""
    require(actor, policy.LIST_ORGANISATIONS)
    after = None
    if cursor is not None:
        at, last = decode_cursor(cursor, datetime, UUID)
        after = (at, last)
    async with tx.read() as db:
        rows = await repository.list_organisations(db, after=after, limit=limit + 1)
        page = page_of(rows, limit, lambda org: (org.created_at.isoformat(), str(org.id)))
        return page.map(view_of)


async def move_clock(tx: Tx, actor: Actor, to: datetime) -> datetime:
    """A sandbox's operator runs the market clock ahead, so that periods of law can pass; returns the new time."""
    require(actor, policy.MOVE_CLOCK)
    async with tx.begin() as db:
        now = await clock.move_to(db, to)
        journal.record(db, ClockMoved(now), actor=actor)
        return now


async def read_clock(tx: Tx) -> tuple[datetime, bool]:
    """The market's time, and whether this market is a sandbox."""
    async with tx.read() as db:
        return await clock.market_now(db), await clock.is_sandbox(db)


def view_of(org: Organisation) -> OrganisationView:
    warned = org.uscc is not None and not rules.uscc_checksum_is_right(org.uscc)
    return OrganisationView(
        org.id,
        org.kind,
        org.name,
        org.name_en,
        org.uscc,
        org.region,
        org.state,
        org.government_established,
        org.applies_local_rules,
        ("identity.uscc_checksum",) if warned else (),
    )


def _see_org(actor: Actor, org_id: UUID) -> None:
    if actor is not ANONYMOUS and not actor.is_market and actor.org_id != org_id:
        raise NotFound()


def _check_roles(org: Organisation, roles: Sequence[Role]) -> None:
    reserved = MARKET_ROLES if org.kind in (OrgKind.MARKET, OrgKind.AUTHORITY) else MARKET_ROLES | AUTHORITY_ROLES
    if org.kind is OrgKind.MARKET:
        reserved = frozenset()
    wrong = sorted(set(roles) & reserved)
    if wrong:
        raise errors.RoleNotYours(roles=wrong, pointer="/body/roles")


def _issue(
    db: AsyncSession,
    keys: Keys,
    actor: Actor,
    person_id: UUID,
    org_id: UUID,
    *,
    scopes: tuple[Scope, ...],
    expires_at: datetime | None,
) -> IssuedKeyView:
    prefix = secrets.token_hex(6)
    raw = f"tmk_{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=new_id(),
        prefix=prefix,
        secret_hash=keys.hash_secret(raw),
        person_id=person_id,
        org_id=org_id,
        scopes=sorted(scopes),
        expires_at=expires_at,
    )
    db.add(key)
    journal.record(db, KeyIssued(key.id, person_id, org_id), actor=actor)
    return IssuedKeyView(key.id, prefix, raw, scopes, expires_at)
