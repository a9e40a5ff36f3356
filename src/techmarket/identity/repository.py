"""Every query of identity."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, case, func, insert, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx
from techmarket.identity.actor import OrgKind, Role, Scope
from techmarket.identity.lifecycle import ORGANISATION, OrgState
from techmarket.identity.tables import (
    ApiKey,
    ClientSecret,
    CredentialUse,
    MachineClient,
    Membership,
    NodeTenure,
    Organisation,
    Person,
    Qualification,
)
from techmarket.identity.views import ClientView, KeyStanding, KeyView
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound


async def lock_organisation(db: AsyncSession, org_id: UUID) -> Organisation:
    row = (
        await db.execute(select(Organisation).where(Organisation.id == org_id).with_for_update())
    ).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_organisation(db: AsyncSession, org_id: UUID) -> Organisation:
    row = await db.get(Organisation, org_id)
    if row is None:
        raise NotFound()
    return row


async def get_organisations(db: AsyncSession, org_ids: Collection[UUID]) -> Sequence[Organisation]:
    return (await db.execute(select(Organisation).where(Organisation.id.in_(org_ids)))).scalars().all()


async def find_by_uscc(db: AsyncSession, uscc: str) -> Organisation | None:
    """The verified organisation of this code. Others may claim it; nothing is ever found by their word."""
    query = select(Organisation).where(Organisation.uscc == uscc, Organisation.state == OrgState.VERIFIED)
    return (await db.execute(query)).scalar_one_or_none()


async def claimed_by_several(db: AsyncSession, codes: Collection[str]) -> frozenset[str]:
    """Those of these codes that more than one organisation says is its own, verified or not."""
    query = select(Organisation.uscc).where(Organisation.uscc.in_(codes)).group_by(Organisation.uscc)
    return frozenset(code for code in (await db.execute(query.having(func.count() > 1))).scalars() if code)


async def set_verified(db: AsyncSession, org: Organisation, *, by: UUID) -> bool:
    """False when another one is verified with its code, also at the same moment: nothing is changed then."""
    state = org.state
    try:
        async with db.begin_nested():
            org.state, org.verified_by = ORGANISATION.move(state, "verify"), by
            await db.flush()
    except IntegrityError as error:
        if "uq_organisation_verified_uscc" not in str(error.orig):
            raise
        await db.refresh(org)
        return False
    return True


async def get_person(db: AsyncSession, person_id: UUID) -> Person:
    return await db.get_one(Person, person_id)


async def who_vouched(db: AsyncSession, person_id: UUID) -> frozenset[UUID]:
    """The person, who vouched for him, who for that one, and so on; a ring of people comes to an end too."""
    chain: set[UUID] = set()
    at: UUID | None = person_id
    while at is not None and at not in chain:
        chain.add(at)
        at = (await db.execute(select(Person.vouched_by).where(Person.id == at))).scalar_one_or_none()
    return frozenset(chain)


async def of_one_hand(db: AsyncSession, person_id: UUID, others: Collection[UUID]) -> frozenset[UUID]:
    """Those of the others who have a hand in common with a person, each with all who vouched for him, on and on."""
    if not others:
        return frozenset()
    hands = await who_vouched(db, person_id)
    query = text(
        "WITH RECURSIVE hand(other, id) AS (SELECT one, one FROM unnest(cast(:others AS uuid[])) one UNION"
        " SELECT h.other, p.vouched_by FROM hand h JOIN person p ON p.id = h.id WHERE p.vouched_by IS NOT NULL)"
        " SELECT DISTINCT other FROM hand WHERE id = ANY(cast(:hands AS uuid[]))"
    )
    given = {"others": [str(one) for one in others], "hands": [str(one) for one in hands]}
    return frozenset((await db.execute(query, given)).scalars())


async def find_membership(db: AsyncSession, person_id: UUID, org_id: UUID) -> tuple[Person, Membership] | None:
    query = (
        select(Person, Membership)
        .join(Membership, Membership.person_id == Person.id)
        .where(Person.id == person_id, Membership.org_id == org_id, Membership.ended_at.is_(None))
    )
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


async def list_organisations(
    db: AsyncSession, *, node: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Organisation]:
    query = select(Organisation).order_by(Organisation.created_at, Organisation.id).limit(limit)
    if node is not None:
        query = query.where(Organisation.node_id == node)
    if after is not None:
        query = query.where(tuple_(Organisation.created_at, Organisation.id) > after)
    return (await db.execute(query)).scalars().all()


FIND_KEY = """
SELECT k.id, k.secret_hash, k.scopes, m.person_id, m.roles,
       k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()),
       extract(epoch FROM k.expires_at - clock_timestamp())::double precision,
       o.id, o.kind, o.state, o.is_node, o.by_two, o.second_factor_seconds
  FROM api_key k
  JOIN organisation o ON o.id = k.org_id
  JOIN membership m ON m.person_id = k.person_id AND m.org_id = k.org_id AND m.ended_at IS NULL
  JOIN person s ON s.id = k.person_id AND NOT s.is_machine
 WHERE k.prefix = $1
"""


class FoundKey(NamedTuple):
    """A key, whom it acts for, whether it is in force by the database's real clock, and for how many seconds yet."""

    id: UUID
    secret_hash: bytes
    scopes: Sequence[str]
    person_id: UUID
    roles: Sequence[str]
    is_in_force: bool
    seconds_left: float | None


class FoundOrganisation(NamedTuple):
    """What of an organisation decides about those who act for it."""

    id: UUID
    kind: OrgKind
    state: OrgState
    is_node: bool
    by_two: Sequence[str]
    second_factor_seconds: int | None


async def find_key(tx: Tx, prefix: str) -> tuple[FoundKey, FoundOrganisation] | None:
    """Nearly every request asks this first, so the driver is asked itself; and always at the primary: a key that was
    revoked a moment ago must fail there too."""
    rows = await tx.look(FIND_KEY, prefix)
    if not rows:
        return None
    org_id, kind, state, *rest = rows[0][7:]
    return FoundKey(*rows[0][:7]), FoundOrganisation(org_id, OrgKind(kind), OrgState(state), *rest)


async def renew_key_hash(db: AsyncSession, key_id: UUID, *, was: bytes, now: bytes) -> None:
    """The key rests on the pepper of today from now on; harmless when another process was first."""
    await db.execute(update(ApiKey).where(ApiKey.id == key_id, ApiKey.secret_hash == was).values(secret_hash=now))


async def renew_secret_hash(db: AsyncSession, secret_id: UUID, *, was: bytes, now: bytes) -> None:
    """The same for a secret of a client."""
    renewed = update(ClientSecret).where(ClientSecret.id == secret_id, ClientSecret.secret_hash == was)
    await db.execute(renewed.values(secret_hash=now))


async def get_key(db: AsyncSession, key_id: UUID) -> ApiKey:
    return await db.get_one(ApiKey, key_id)


async def lock_key(db: AsyncSession, key_id: UUID) -> ApiKey:
    row = (await db.execute(select(ApiKey).where(ApiKey.id == key_id).with_for_update())).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def real_now(db: AsyncSession) -> datetime:
    """The database's real time, at this statement."""
    now: datetime = (await db.execute(select(func.clock_timestamp()))).scalar_one()
    return now.astimezone(UTC)


async def find_successor(db: AsyncSession, key_id: UUID) -> UUID | None:
    return (await db.execute(select(ApiKey.id).where(ApiKey.replaces_id == key_id))).scalar_one_or_none()


async def list_keys(
    db: AsyncSession, org_id: UUID, *, person_id: UUID | None, after: UUID | None, limit: int
) -> list[KeyView]:
    standing = case(
        (ApiKey.revoked_at.is_not(None), KeyStanding.REVOKED.value),
        (ApiKey.expires_at <= func.clock_timestamp(), KeyStanding.EXPIRED.value),
        else_=KeyStanding.ACTIVE.value,
    )
    query = (
        select(ApiKey, Person.name, standing, CredentialUse.used_at)
        .join(Person, Person.id == ApiKey.person_id)
        .outerjoin(CredentialUse, CredentialUse.credential_id == ApiKey.id)
        .where(ApiKey.org_id == org_id)
        .order_by(ApiKey.id)
        .limit(limit)
    )
    if person_id is not None:
        query = query.where(ApiKey.person_id == person_id)
    if after is not None:
        query = query.where(ApiKey.id > after)
    return [
        KeyView(
            key.id,
            key.prefix,
            key.name,
            key.person_id,
            person_name,
            tuple(Scope(scope) for scope in key.scopes),
            KeyStanding(stands),
            key.created_at,
            key.expires_at,
            key.revoked_at,
            used_at,
            key.replaces_id,
        )
        for key, person_name, stands, used_at in (await db.execute(query)).all()
    ]


async def put_uses(db: AsyncSession, seen: Mapping[UUID, datetime]) -> None:
    rows = [{"credential_id": one, "used_at": at} for one, at in sorted(seen.items())]
    put = upsert(CredentialUse)
    newer = put.on_conflict_do_update(
        index_elements=[CredentialUse.credential_id],
        set_={"used_at": put.excluded.used_at},
        where=CredentialUse.used_at < put.excluded.used_at,
    )
    await db.execute(newer, rows)


async def lock_client(db: AsyncSession, client_id: UUID) -> MachineClient:
    query = select(MachineClient).where(MachineClient.id == client_id).with_for_update()
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def list_clients(
    db: AsyncSession, org_id: UUID, *, only: UUID | None = None, after: UUID | None = None, limit: int
) -> list[ClientView]:
    query = (
        select(MachineClient, Person.name, Membership.roles, CredentialUse.used_at)
        .join(Person, Person.id == MachineClient.person_id)
        .join(Membership, (Membership.person_id == Person.id) & (Membership.org_id == MachineClient.org_id))
        .outerjoin(CredentialUse, CredentialUse.credential_id == MachineClient.id)
        .where(MachineClient.org_id == org_id)
        .order_by(MachineClient.id)
        .limit(limit)
    )
    if only is not None:
        query = query.where(MachineClient.id == only)
    if after is not None:
        query = query.where(MachineClient.id > after)
    return [
        ClientView(
            client.id,
            name,
            client.org_id,
            tuple(Role(role) for role in roles),
            tuple(Scope(scope) for scope in client.scopes),
            client.token_seconds,
            client.created_by,
            client.created_at,
            client.revoked_at,
            used_at,
        )
        for client, name, roles, used_at in (await db.execute(query)).all()
    ]


async def list_secrets_in_force(db: AsyncSession, client_id: UUID) -> Sequence[ClientSecret]:
    query = (
        select(ClientSecret)
        .where(
            ClientSecret.client_id == client_id,
            or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > func.clock_timestamp()),
        )
        .order_by(ClientSecret.id)
    )
    return (await db.execute(query)).scalars().all()


async def find_client(
    db: AsyncSession, client_id: UUID
) -> tuple[MachineClient, Organisation, Membership, datetime] | None:
    """A client that was not revoked, whom it acts for, and the database's real time."""
    query = (
        select(MachineClient, Organisation, Membership, func.clock_timestamp())
        .join(Organisation, Organisation.id == MachineClient.org_id)
        .join(
            Membership,
            (Membership.person_id == MachineClient.person_id) & (Membership.org_id == MachineClient.org_id),
        )
        .where(MachineClient.id == client_id, MachineClient.revoked_at.is_(None), Membership.ended_at.is_(None))
    )
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1], row[2], row[3]) if row else None


async def find_market(db: AsyncSession) -> Organisation | None:
    query = select(Organisation).where(Organisation.kind == OrgKind.MARKET).order_by(Organisation.created_at).limit(1)
    return (await db.execute(query)).scalar_one_or_none()


async def put_qualification(
    db: AsyncSession, person_id: UUID, *, kind: str, level: str, valid_until: date | None
) -> Qualification:
    query = (
        upsert(Qualification)
        .values(id=new_id(), person_id=person_id, kind=kind, level=level, valid_until=valid_until)
        .on_conflict_do_update(
            index_elements=[Qualification.person_id, Qualification.kind, Qualification.level],
            set_={"valid_until": valid_until},
        )
        .returning(Qualification)
    )
    return (await db.execute(query, execution_options={"populate_existing": True})).scalar_one()


async def set_node(db: AsyncSession, org: Organisation, node_id: UUID | None) -> None:
    """A locked organisation is of this node from now on; of which it was, and when, is kept."""
    if org.node_id == node_id:
        return
    open_one = update(NodeTenure).where(NodeTenure.org_id == org.id, NodeTenure.until.is_(None))
    await db.execute(open_one.values(until=func.market_now()))
    org.node_id = node_id
    await db.flush()
    if node_id is not None:
        new = {"id": new_id(), "org_id": org.id, "node_id": node_id, "since": func.market_now()}
        await db.execute(insert(NodeTenure).values(**new))


async def node_at(db: AsyncSession, org_id: UUID, *, at: datetime, until: datetime) -> UUID | None:
    """The node that it was of at this moment; where it was registered later, the first one before `until`."""
    begun = (
        select(NodeTenure.node_id)
        .join(Organisation, Organisation.id == NodeTenure.org_id)
        .where(
            NodeTenure.org_id == org_id,
            or_(
                and_(NodeTenure.since <= at, or_(NodeTenure.until.is_(None), NodeTenure.until > at)),
                and_(Organisation.created_at > at, NodeTenure.since < until),
            ),
        )
        .order_by(NodeTenure.since, NodeTenure.id)
        .limit(1)
    )
    return (await db.execute(begun)).scalar_one_or_none()
