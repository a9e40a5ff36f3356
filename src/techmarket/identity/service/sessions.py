"""Sessions of people (会话): signed in by password and second factor, confirmed again for grave acts, ended.

A session's token is opaque, shown once and stored hashed; it is another one after each proof. Hashing a password takes
a thread of its own and no transaction waits for it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import errors, one_time, passwords, policy
from techmarket.identity import repository_people as repository
from techmarket.identity.actor import Actor, Via
from techmarket.identity.events import RecoveryCodeUsed, SessionEnded, SessionStarted
from techmarket.identity.lifecycle import OrgState
from techmarket.identity.permissions import require
from techmarket.identity.rules import SessionLimits, login_name_of
from techmarket.identity.service.trying import count_try, forgive, must_wait, trying
from techmarket.identity.tables import PersonLogin, Session
from techmarket.identity.views import SessionView, SignedInView
from techmarket.kernel.ids import new_id

TOKEN_FORM = re.compile(r"tms_[A-Za-z0-9_-]{43}")


async def sign_in(
    tx: Tx,
    keys: Keys,
    *,
    name: str,
    password: str,
    code: str | None,
    source: str,
    org_id: UUID | None = None,
    replaces: str | None = None,
    limits: SessionLimits,
) -> SignedInView:
    """A session for whoever knows the password, and holds the second factor where there is one.

    A name nobody has costs the same queries, the same work and the same answer as a wrong password. `replaces` is the
    session the caller came with: it ends, so that nobody goes on with a token that somebody else planted.
    """
    by = trying(keys, login_name_of(name), source)
    async with tx.begin() as db:
        wait = await count_try(db, by)
        login = await repository.find_login(db, login_name_of(name))
    if wait:
        raise must_wait(wait)
    if not await passwords.password_fits(password, login.password_phc if login else None):
        raise errors.SignInFailed()
    assert login is not None  # no password fits a login that is none
    async with tx.begin() as db:
        now_login = await repository.lock_login(db, login.person_id)
        if now_login is None or now_login.password_phc != login.password_phc:
            raise errors.SignInFailed()
        confirmed = await second_factor(db, keys, now_login, code)
        acting = await acting_for(db, login.person_id, org_id)
        await forgive(db, by)
        if replaces is not None:
            await end_replaced(db, keys.hashes_of(replaces))
        at = await repository.real_now(db) if confirmed else None
        return await start(db, keys, login.person_id, acting, second_factor_at=at, limits=limits)


async def confirm_session(tx: Tx, keys: Keys, actor: Actor, *, code: str, source: str) -> SignedInView:
    """The second factor once more, for acts with consequences; the session goes on under another token."""
    require(actor, policy.END_SESSION)
    session_id = session_of(actor)
    by = trying(keys, f"second factor of {actor.person}", source)
    async with tx.begin() as db:
        wait = await count_try(db, by)
    if wait:
        raise must_wait(wait)
    async with tx.begin() as db:
        login = await repository.lock_login(db, actor.person)
        if login is None or login.totp_secret is None:
            raise errors.SecondFactorNotBegun()
        await second_factor(db, keys, login, code)
        session = await repository.lock_session(db, session_id, actor.person)
        await forgive(db, by)
        token = _new_token()
        session.token_hash = keys.hash_secret(token)
        session.second_factor_at = await repository.real_now(db)
        await db.flush()
        return SignedInView(_view(session, None, session.id), token)


async def list_sessions(tx: Tx, actor: Actor) -> Sequence[SessionView]:
    """My own sessions that have not ended, newest first."""
    require(actor, policy.SEE_SESSIONS)
    async with tx.read() as db:
        return [_view(row, used, actor.key_id) for row, used in await repository.list_sessions(db, actor.person)]


async def end_session(tx: Tx, actor: Actor, session_id: UUID) -> None:
    """End a session of mine, this one or another; it fails from the next request on. Twice is harmless."""
    require(actor, policy.END_SESSION)
    async with tx.begin() as db:
        session = await repository.lock_session(db, session_id, actor.person)
        if session.ended_at is None:
            session.ended_at = await repository.real_now(db)
            journal.record(db, SessionEnded(session.id), actor=actor)


def session_of(actor: Actor) -> UUID:
    """The session the actor came with; a key or a token is not enough where a person is asked for."""
    if actor.via is not Via.SESSION or actor.key_id is None:
        raise errors.SessionOnly()
    return actor.key_id


def ends_of(session: Session, used_at: datetime | None) -> datetime:
    """When a session ends if it is not used again."""
    last = max(session.started_at, used_at or session.started_at)
    return min(session.ends_at, last + timedelta(seconds=session.idle_seconds))


async def second_factor(db: AsyncSession, keys: Keys, login: PersonLogin, code: str | None) -> bool:
    """Whether a second factor was given; refused where there is one and this is not it."""
    if login.totp_secret is None:
        return False
    if code is None:
        raise errors.SecondFactorMissing()
    plain = one_time.plain(code)
    secret = keys.unwrap(login.totp_secret, about=login.person_id.bytes)
    at = int((await repository.real_now(db)).timestamp())
    step = one_time.step_of(secret, plain, at=at, after=login.totp_step)
    login.totp_secret = keys.rewrapped(login.totp_secret, about=login.person_id.bytes) or login.totp_secret
    if step is not None:
        login.totp_step = step
        return True
    hashes = keys.hashes_of(recovery_text(login.person_id, plain))
    if not await repository.spend_recovery_code(db, login.person_id, hashes):
        raise errors.SignInFailed()
    journal.record(db, RecoveryCodeUsed(login.person_id), actor=None)
    return True


def recovery_text(person_id: UUID, plain: str) -> str:
    """What the keyed hash of a recovery code is of: the same code of another person has another."""
    return f"recovery\n{person_id}\n{plain}"


async def acting_for(db: AsyncSession, person_id: UUID, org_id: UUID | None) -> UUID:
    """The organisation a person signs in for: the one he names, or the first of his that is not suspended."""
    possible = await repository.memberships_of(db, person_id)
    chosen = [org for _, org in possible if org_id in (None, org.id)]
    if not chosen:
        raise errors.SignInFailed()
    open_to_him = [org for org in chosen if org.state is not OrgState.SUSPENDED]
    if not open_to_him:
        raise errors.OrganisationSuspended()
    return open_to_him[0].id


async def end_replaced(db: AsyncSession, token_hashes: Collection[bytes]) -> None:
    """The session the caller came with ends with his next one."""
    found = await repository.find_session(db, token_hashes)
    if found is not None:
        found[0].ended_at = found[4]


async def start(
    db: AsyncSession,
    keys: Keys,
    person_id: UUID,
    org_id: UUID,
    *,
    second_factor_at: datetime | None,
    limits: SessionLimits,
    identity_id: UUID | None = None,
) -> SignedInView:
    """The row of a new session, inside the caller's transaction; `identity_id` is the linked account it rests on."""
    now, token = await repository.real_now(db), _new_token()
    session = Session(
        id=new_id(),
        token_hash=keys.hash_secret(token),
        person_id=person_id,
        org_id=org_id,
        started_at=now,
        ends_at=now + timedelta(seconds=limits.absolute_seconds),
        idle_seconds=limits.idle_seconds,
        second_factor_at=second_factor_at,
        identity_id=identity_id,
    )
    db.add(session)
    started = SessionStarted(session.id, person_id, org_id, second_factor_at is not None, identity_id)
    journal.record(db, started, actor=Actor(person_id, org_id, key_id=session.id, via=Via.SESSION))
    return SignedInView(_view(session, None, session.id), token)


def _new_token() -> str:
    return f"tms_{secrets.token_urlsafe(32)}"


def _view(session: Session, used_at: datetime | None, current: UUID | None) -> SessionView:
    return SessionView(
        session.id,
        session.org_id,
        session.started_at,
        session.ends_at,
        session.idle_seconds,
        session.second_factor_at,
        used_at,
        session.id == current,
    )
