"""How people prove who they are: name and password, a second factor, codes for the day it is lost.

A session may be stolen, and what it left behind would go on: so whoever gives in it what outlives it (a linked account,
a second factor, a key) proves himself beyond the session (`prove`, `require_proven`).
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity import errors, one_time, passwords, policy
from techmarket.identity import repository_people as repository
from techmarket.identity.actor import Actor, Via
from techmarket.identity.events import LoginSet, SecondFactorSet
from techmarket.identity.permissions import SecondFactorNeeded, require
from techmarket.identity.rules import PASSWORD_MAX, PASSWORD_MIN, login_name_of, password_is_fit
from techmarket.identity.service.sessions import recovery_text, session_of
from techmarket.identity.service.trying import count_try, forgive, must_wait, trying
from techmarket.identity.tables import PersonLogin, Session
from techmarket.identity.views import SecondFactorView

FRESH = timedelta(minutes=10)


async def set_login(
    tx: Tx, keys: Keys, actor: Actor, *, name: str, password: str, current: str | None, source: str
) -> None:
    """Set my name and password; who has one already gives it. My other sessions end.

    Whoever has only a key sets a first password, unless the organisation asks for a second factor: then an
    administrator invites him.
    """
    require(actor, policy.SET_LOGIN)
    require_fit(name, password)
    by = trying(keys, f"password of {actor.person}", source)
    async with tx.begin() as db:
        if await repository.is_machine(db, actor.person):
            raise errors.SessionOnly()
        wait = await count_try(db, by)
        login = await repository.get_login_of(db, actor.person)
    if wait:
        raise must_wait(wait)
    if login is not None and not await passwords.password_fits(current or "", login.password_phc):
        raise errors.SignInFailed(pointer="/body/current")
    phc = await passwords.hash_password(password)
    async with tx.begin() as db:
        await forgive(db, by)
        held = await repository.lock_login(db, actor.person)
        if (held and held.password_phc) != (login and login.password_phc):
            raise errors.SignInFailed(pointer="/body/current")
        await put_login(db, actor.person, name=name, phc=phc, held=held, actor=actor)
        await repository.end_sessions(db, actor.person, but=actor.key_id)


def require_fit(name: str, password: str) -> None:
    if not password_is_fit(password, login_name_of(name)):
        raise errors.PasswordTooWeak(length_min=PASSWORD_MIN, length_max=PASSWORD_MAX, pointer="/body/password")


async def put_login(
    db: AsyncSession, person_id: UUID, *, name: str, phc: str, held: PersonLogin | None, actor: Actor | None
) -> PersonLogin:
    """The row of a login, made or changed, inside the caller's transaction; `held` is the locked one."""
    wanted = login_name_of(name)
    await lock_name(db, f"identity.login:{wanted}")
    other = await repository.find_login(db, wanted)
    if other is not None and other.person_id != person_id:
        raise errors.LoginNameTaken(pointer="/body/name")
    if held is None:
        held = PersonLogin(person_id=person_id, name=wanted, password_phc=phc, totp_step=0)
        db.add(held)
    else:
        held.name, held.password_phc = wanted, phc
    held.changed_at = await repository.real_now(db)
    journal.record(db, LoginSet(person_id), actor=actor)
    return held


async def begin_second_factor(tx: Tx, keys: Keys, actor: Actor, *, market: str, proven: str | None) -> SecondFactorView:
    """A new secret for my authenticator app; it counts once a code of it was given.

    Who has one gives that first, anybody else his password (`proven`, see `prove`): it is what proves him from
    then on, and keeps out whoever does not hold it.
    """
    require(actor, policy.SET_SECOND_FACTOR)
    session_id = session_of(actor)
    async with tx.begin() as db:
        await require_proven(db, actor, proven)
        login = await _my_login(db, actor, session_id)
        secret = one_time.new_secret()
        login.totp_waiting = keys.wrap(secret, about=login.person_id.bytes)
        return SecondFactorView(one_time.spelled(secret), one_time.address_of(secret, market=market, name=login.name))


async def set_second_factor(tx: Tx, keys: Keys, actor: Actor, *, code: str) -> tuple[str, ...]:
    """My app shows the right code: from now on it is asked for. Returns the recovery codes, shown once."""
    require(actor, policy.SET_SECOND_FACTOR)
    session_id = session_of(actor)
    async with tx.begin() as db:
        login = await _my_login(db, actor, session_id)
        if login.totp_waiting is None:
            raise errors.SecondFactorNotBegun()
        now = await repository.real_now(db)
        secret = keys.unwrap(login.totp_waiting, about=login.person_id.bytes)
        step = one_time.step_of(secret, one_time.plain(code), at=int(now.timestamp()), after=0)
        if step is None:
            raise errors.SignInFailed(pointer="/body/code")
        login.totp_secret, login.totp_waiting, login.totp_step = login.totp_waiting, None, step
        login.totp_confirmed_at = now
        codes = one_time.new_recovery_codes()
        hashes = [keys.hash_secret(recovery_text(actor.person, one_time.plain(one))) for one in codes]
        await repository.replace_recovery_codes(db, actor.person, hashes)
        (await repository.lock_session(db, session_id, actor.person)).second_factor_at = now
        await repository.end_sessions(db, actor.person, but=session_id)
        journal.record(db, SecondFactorSet(actor.person), actor=actor)
        return codes


async def require_fresh_session(db: AsyncSession, actor: Actor) -> Session:
    """The actor has signed in and given a second factor within the last minutes."""
    session = await repository.lock_session(db, session_of(actor), actor.person)
    if not await is_fresh(db, session):
        raise SecondFactorNeeded()
    return session


async def is_fresh(db: AsyncSession, session: Session) -> bool:
    """Whether a second factor was given in it within the last minutes."""
    return session.second_factor_at is not None and await repository.real_now(db) - session.second_factor_at <= FRESH


async def prove(
    tx: Tx, keys: Keys, actor: Actor, *, current: str | None, source: str, by_linked_account: bool = True
) -> str | None:
    """The hash that the password given fits, or None where a fresh second factor, or a key, does instead.

    A wrong password counts with those given to change it. Without `by_linked_account` a session that rests on an
    account of another house takes a second factor. What it returns is held to once more by `require_proven`, in the
    transaction of the act: hashing takes a thread of its own, and no transaction waits for it.
    """
    if actor.via is not Via.SESSION:
        return None
    by = trying(keys, f"password of {actor.person}", source)
    async with tx.begin() as db:
        login = await repository.get_login_of(db, actor.person)
        session = await repository.lock_session(db, session_of(actor), actor.person)
        if await is_fresh(db, session):
            return None
        if login is None or login.totp_secret is not None or not (by_linked_account or session.identity_id is None):
            await require_fresh_session(db, actor)
        if current is None:
            raise errors.SignInFailed(pointer="/body/current")
        wait = await count_try(db, by)
    if wait:
        raise must_wait(wait)
    assert login is not None
    if not await passwords.password_fits(current, login.password_phc):
        raise errors.SignInFailed(pointer="/body/current")
    async with tx.begin() as db:
        await forgive(db, by)
    return login.password_phc


async def require_proven(db: AsyncSession, actor: Actor, proven: str | None) -> None:
    """Refuse a session unless its second factor is fresh, or the password that was proven is still the person's."""
    if actor.via is not Via.SESSION:
        return
    held = await repository.lock_login(db, actor.person)
    if proven is None or (held is not None and held.totp_secret is not None):
        await require_fresh_session(db, actor)
    elif held is None or held.password_phc != proven:
        raise errors.SignInFailed(pointer="/body/current")


async def _my_login(db: AsyncSession, actor: Actor, session_id: UUID) -> PersonLogin:
    assert actor.via is Via.SESSION, session_id
    login = await repository.lock_login(db, actor.person)
    if login is None:
        raise errors.SessionOnly()
    if login.totp_secret is not None:
        await require_fresh_session(db, actor)
    return login
