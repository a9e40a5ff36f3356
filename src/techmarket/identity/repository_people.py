"""The queries about how people sign in: logins, second factors, sessions, tries, invitations, memberships."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import any_, delete, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.identity.actor import OrgKind, Role
from techmarket.identity.lifecycle import Ground
from techmarket.identity.repository import real_now
from techmarket.identity.tables import (
    ApiKey,
    CredentialUse,
    Invitation,
    Membership,
    Organisation,
    OutsideIdentity,
    OutsideSignIn,
    Person,
    PersonLogin,
    RecoveryCode,
    Session,
    SignInTries,
)
from techmarket.identity.views import MemberView
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound

__all__ = ["real_now"]


async def lock_tries(db: AsyncSession, hashes: Collection[bytes]) -> dict[bytes, SignInTries]:
    """The counts under these hashes, made where there are none, locked in one order."""
    fresh = [{"key_hash": one, "failures": 0, "tried_at": func.clock_timestamp()} for one in sorted(hashes)]
    for row in fresh:
        await db.execute(upsert(SignInTries).values(**row).on_conflict_do_nothing())
    query = select(SignInTries).where(SignInTries.key_hash.in_(hashes)).order_by(SignInTries.key_hash).with_for_update()
    rows = (await db.execute(query, execution_options={"populate_existing": True})).scalars()
    return {row.key_hash: row for row in rows}


async def forget_tries(db: AsyncSession, *, counted: timedelta, known: timedelta) -> int:
    """Drop what was last tried so long ago that it no longer counts, and knows nobody any more."""
    now = func.clock_timestamp()
    old = (SignInTries.tried_at < now - counted) & (SignInTries.good_at.is_(None) | (SignInTries.good_at < now - known))
    done = await db.execute(delete(SignInTries).where(old))
    return int(getattr(done, "rowcount", 0))


async def find_login(db: AsyncSession, name: str) -> PersonLogin | None:
    return (await db.execute(select(PersonLogin).where(PersonLogin.name == name))).scalar_one_or_none()


async def get_login_of(db: AsyncSession, person_id: UUID) -> PersonLogin | None:
    return await db.get(PersonLogin, person_id)


async def lock_login(db: AsyncSession, person_id: UUID) -> PersonLogin | None:
    query = select(PersonLogin).where(PersonLogin.person_id == person_id).with_for_update()
    return (await db.execute(query, execution_options={"populate_existing": True})).scalar_one_or_none()


async def is_machine(db: AsyncSession, person_id: UUID) -> bool:
    return bool((await db.execute(select(Person.is_machine).where(Person.id == person_id))).scalar_one())


async def spend_recovery_code(db: AsyncSession, person_id: UUID, hashes: Collection[bytes]) -> bool:
    query = (
        update(RecoveryCode)
        .where(RecoveryCode.person_id == person_id, RecoveryCode.code_hash.in_(hashes), RecoveryCode.used_at.is_(None))
        .values(used_at=func.clock_timestamp())
        .returning(RecoveryCode.id)
    )
    return (await db.execute(query)).scalar_one_or_none() is not None


async def replace_recovery_codes(db: AsyncSession, person_id: UUID, hashes: Sequence[bytes]) -> None:
    await db.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    db.add_all(RecoveryCode(id=new_id(), person_id=person_id, code_hash=one) for one in hashes)


async def memberships_of(
    db: AsyncSession, person_id: UUID, *, anew: bool = False
) -> Sequence[tuple[Membership, Organisation]]:
    """Where a person belongs today; `anew` as the database has it, whatever this transaction has read before."""
    query = (
        select(Membership, Organisation)
        .join(Organisation, Organisation.id == Membership.org_id)
        .where(Membership.person_id == person_id, Membership.ended_at.is_(None))
        .order_by(Membership.org_id)
        .execution_options(populate_existing=anew)
    )
    return [(row[0], row[1]) for row in (await db.execute(query)).all()]


async def find_session(
    db: AsyncSession, token_hashes: Collection[bytes]
) -> tuple[Session, Organisation, Membership, datetime | None, datetime] | None:
    """A session, whom it acts for, when it was last used, and the database's real time."""
    query = (
        select(Session, Organisation, Membership, CredentialUse.used_at, func.clock_timestamp())
        .join(Organisation, Organisation.id == Session.org_id)
        .join(Membership, (Membership.person_id == Session.person_id) & (Membership.org_id == Session.org_id))
        .outerjoin(CredentialUse, CredentialUse.credential_id == Session.id)
        .where(Session.token_hash.in_(token_hashes), Session.ended_at.is_(None), Membership.ended_at.is_(None))
    )
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1], row[2], row[3], row[4]) if row else None


async def lock_session(db: AsyncSession, session_id: UUID, person_id: UUID) -> Session:
    query = select(Session).where(Session.id == session_id, Session.person_id == person_id).with_for_update()
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def list_sessions(
    db: AsyncSession, person_id: UUID, *, only: UUID | None = None
) -> Sequence[tuple[Session, datetime | None]]:
    """A person's sessions that have not ended, newest first."""
    query = (
        select(Session, CredentialUse.used_at)
        .outerjoin(CredentialUse, CredentialUse.credential_id == Session.id)
        .where(Session.person_id == person_id, Session.ended_at.is_(None), Session.ends_at > func.clock_timestamp())
        .order_by(Session.id.desc())
        .limit(100)
    )
    if only is not None:
        query = query.where(Session.id == only)
    return [(row[0], row[1]) for row in (await db.execute(query)).all()]


async def end_sessions(
    db: AsyncSession, person_id: UUID, *, but: UUID | None = None, org_id: UUID | None = None
) -> None:
    query = update(Session).where(Session.person_id == person_id, Session.ended_at.is_(None))
    if but is not None:
        query = query.where(Session.id != but)
    if org_id is not None:
        query = query.where(Session.org_id == org_id)
    await db.execute(query.values(ended_at=func.clock_timestamp()))


async def lock_invitation(
    db: AsyncSession, *, token_hashes: Collection[bytes] = (), by_id: UUID | None = None
) -> Invitation | None:
    query = select(Invitation).with_for_update()
    query = query.where(Invitation.id == by_id) if by_id else query.where(Invitation.token_hash.in_(token_hashes))
    return (await db.execute(query)).scalar_one_or_none()


async def close_invitations_of(db: AsyncSession, person_id: UUID, org_id: UUID) -> Sequence[UUID]:
    """The open invitations to the organisation that a person gave, closed."""
    query = (
        update(Invitation)
        .where(Invitation.invited_by == person_id, Invitation.org_id == org_id, Invitation.closed_at.is_(None))
        .values(closed_at=func.clock_timestamp())
        .returning(Invitation.id)
    )
    return sorted((await db.execute(query)).scalars())


async def close_invitations_on(db: AsyncSession, org_id: UUID, ground: Ground) -> None:
    """The open invitations to an organisation on a ground: another one takes their place. Lock the organisation."""
    if ground is Ground.MEMBER:
        return
    open_ones = (Invitation.org_id == org_id, Invitation.ground == ground, Invitation.closed_at.is_(None))
    await db.execute(update(Invitation).where(*open_ones).values(closed_at=func.clock_timestamp()))


async def find_ground(db: AsyncSession, token_hashes: Collection[bytes]) -> tuple[UUID, Ground] | None:
    """To which organisation an open invitation is, and on which ground."""
    query = select(Invitation.org_id, Invitation.ground).where(
        Invitation.token_hash.in_(token_hashes),
        Invitation.closed_at.is_(None),
        Invitation.expires_at > func.clock_timestamp(),
    )
    row = (await db.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1])


async def is_operator_for(db: AsyncSession, person_id: UUID, org: Organisation) -> bool:
    """Whether he is an operator of the market, or of the node that an organisation is of, today."""
    query = (
        select(Membership.person_id)
        .join(Organisation, Organisation.id == Membership.org_id)
        .where(
            Membership.person_id == person_id,
            Membership.ended_at.is_(None),
            literal(Role.OPERATOR.value) == any_(Membership.roles),
            or_(Organisation.kind == OrgKind.MARKET, Organisation.id == org.node_id),
        )
    )
    return (await db.execute(query.limit(1))).scalar_one_or_none() is not None


async def had_people(db: AsyncSession, org_id: UUID) -> bool:
    """Whether anybody belongs to an organisation, or once did."""
    query = select(Membership.person_id).where(Membership.org_id == org_id)
    return (await db.execute(query.limit(1))).scalar_one_or_none() is not None


async def may_object(db: AsyncSession, person_id: UUID, org_id: UUID) -> bool:
    """Its living administrators and its contact speak for it; where there is neither, all its people do."""
    query = (
        select(Membership.person_id, Membership.roles, Organisation.contact_id)
        .join(Organisation, Organisation.id == Membership.org_id)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.org_id == org_id, Membership.ended_at.is_(None), Person.is_machine.is_(False))
    )
    rows = (await db.execute(query)).all()
    speak = {row.person_id for row in rows if Role.ADMINISTRATOR in row.roles or row.person_id == row.contact_id}
    return person_id in (speak or {row.person_id for row in rows})


async def revoke_keys_of(db: AsyncSession, person_id: UUID) -> Sequence[UUID]:
    """All API keys of a person, for whichever organisation, revoked."""
    query = (
        update(ApiKey)
        .where(ApiKey.person_id == person_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=func.clock_timestamp())
        .returning(ApiKey.id)
    )
    return sorted((await db.execute(query)).scalars())


async def list_people(db: AsyncSession, org_id: UUID, *, after: UUID | None, limit: int) -> list[MemberView]:
    query = (
        select(Person, Membership, PersonLogin, Organisation.contact_id)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organisation, Organisation.id == Membership.org_id)
        .outerjoin(PersonLogin, PersonLogin.person_id == Person.id)
        .where(Membership.org_id == org_id)
        .order_by(Person.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Person.id > after)
    return [
        MemberView(
            person.id,
            person.name,
            tuple(Role(role) for role in membership.roles),
            person.is_machine,
            login is not None,
            login is not None and login.totp_confirmed_at is not None,
            membership.ended_at,
            person.id == contact_id,
        )
        for person, membership, login, contact_id in (await db.execute(query)).all()
    ]


async def has_other_administrator(db: AsyncSession, org_id: UUID, but: UUID) -> bool:
    query = select(Membership.person_id).where(
        Membership.org_id == org_id,
        Membership.person_id != but,
        Membership.ended_at.is_(None),
        literal(Role.ADMINISTRATOR.value) == any_(Membership.roles),
    )
    return (await db.execute(query.limit(1))).scalar_one_or_none() is not None


async def spend_outside_sign_in(db: AsyncSession, state_hash: bytes, browser_hash: bytes) -> OutsideSignIn | None:
    """The sign-in that comes back with this state into this browser; nobody finds it a second time."""
    query = (
        update(OutsideSignIn)
        .where(
            OutsideSignIn.state_hash == state_hash,
            OutsideSignIn.browser_hash == browser_hash,
            OutsideSignIn.returned_at.is_(None),
            OutsideSignIn.expires_at > func.clock_timestamp(),
        )
        .values(returned_at=func.clock_timestamp())
        .returning(OutsideSignIn)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def lock_outside_sign_in(db: AsyncSession, sign_in_id: UUID) -> OutsideSignIn:
    query = select(OutsideSignIn).where(OutsideSignIn.id == sign_in_id).with_for_update()
    return (await db.execute(query, execution_options={"populate_existing": True})).scalar_one()


async def lock_proven_sign_in(db: AsyncSession, browser_hash: bytes) -> OutsideSignIn | None:
    """The sign-in of this browser that only lacks a code."""
    query = (
        select(OutsideSignIn)
        .where(
            OutsideSignIn.browser_hash == browser_hash,
            OutsideSignIn.proven_at.is_not(None),
            OutsideSignIn.ended_at.is_(None),
            OutsideSignIn.expires_at > func.clock_timestamp(),
        )
        .with_for_update()
    )
    return (await db.execute(query, execution_options={"populate_existing": True})).scalar_one_or_none()


async def find_identity(db: AsyncSession, subject_hashes: Collection[bytes]) -> OutsideIdentity | None:
    query = select(OutsideIdentity).where(
        OutsideIdentity.subject_hash.in_(subject_hashes), OutsideIdentity.ended_at.is_(None)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def lock_identity(db: AsyncSession, identity_id: UUID) -> OutsideIdentity | None:
    query = select(OutsideIdentity).where(OutsideIdentity.id == identity_id).with_for_update()
    return (await db.execute(query, execution_options={"populate_existing": True})).scalar_one_or_none()


async def list_identities(db: AsyncSession, person_id: UUID) -> Sequence[OutsideIdentity]:
    query = (
        select(OutsideIdentity)
        .where(OutsideIdentity.person_id == person_id, OutsideIdentity.ended_at.is_(None))
        .order_by(OutsideIdentity.id)
    )
    return (await db.execute(query)).scalars().all()


async def end_sessions_by(db: AsyncSession, identity_id: UUID) -> None:
    query = update(Session).where(Session.identity_id == identity_id, Session.ended_at.is_(None))
    await db.execute(query.values(ended_at=func.clock_timestamp()))


async def forget_outside_sign_ins(db: AsyncSession, *, after: timedelta) -> int:
    """Drop sign-ins at another house that are over for so long."""
    done = await db.execute(delete(OutsideSignIn).where(OutsideSignIn.expires_at < func.clock_timestamp() - after))
    return int(getattr(done, "rowcount", 0))


async def lock_person(db: AsyncSession, person_id: UUID) -> Person | None:
    return (await db.execute(select(Person).where(Person.id == person_id).with_for_update())).scalar_one_or_none()


async def forget_person(db: AsyncSession, person_id: UUID) -> None:
    """The login with its second factor, the recovery codes, linked accounts, and names in invitations and of keys."""
    for table in (RecoveryCode, PersonLogin, OutsideSignIn, OutsideIdentity):
        await db.execute(delete(table).where(table.person_id == person_id))
    await db.execute(update(Invitation).where(Invitation.person_id == person_id).values(name=""))
    await db.execute(update(ApiKey).where(ApiKey.person_id == person_id).values(name=None))


async def erased_since(db: AsyncSession, kind: str, after: int) -> tuple[set[UUID], int]:
    """The persons whom entries of this kind name, behind a position or without one; and the last position there is."""
    query = text(
        "SELECT e.refs FROM journal_position p JOIN journal_entry e USING (seq) WHERE p.n > :after AND e.kind = :kind"
        " UNION ALL SELECT e.refs FROM journal_waiting w JOIN journal_entry e USING (seq) WHERE e.kind = :kind"
    )
    refs = (await db.execute(query.columns(refs=JSONB), {"after": after, "kind": kind})).scalars().all()
    last = (await db.execute(text("SELECT coalesce(max(n), -1) FROM journal_position"))).scalar_one()
    return {UUID(ref.removeprefix("person:")) for (ref,) in refs}, int(last)


async def forget_ended(db: AsyncSession, *, sessions: timedelta, invitations: timedelta) -> int:
    """Drop sessions that ended long ago, and the names in invitations that were closed or ran out long ago."""
    now = func.clock_timestamp()
    gone = await db.execute(delete(Session).where(func.least(Session.ended_at, Session.ends_at) < now - sessions))
    over = func.least(Invitation.closed_at, Invitation.expires_at) < now - invitations
    blanked = await db.execute(update(Invitation).where(over, Invitation.name != "").values(name=""))
    return int(getattr(gone, "rowcount", 0)) + int(getattr(blanked, "rowcount", 0))
