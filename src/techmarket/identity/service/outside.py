"""People sign in by an account of another house (OpenID Connect), which they linked to themselves before.

A sign-in leaves a browser and comes back into it once: its state is known by hash, its nonce and verifier are made anew
from state, browser secret and pepper. Nobody is found by an address or a name that the other house tells: only who has
signed in here links an account. No transaction is open while the other house is asked.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity import errors, policy
from techmarket.identity import repository_people as repository
from techmarket.identity.actor import Actor, Via
from techmarket.identity.events import OutsideIdentityLinked, OutsideIdentityUnlinked
from techmarket.identity.oidc import Metadata, Word, address_to_ask, read_id_token, require_answer_from
from techmarket.identity.permissions import require
from techmarket.identity.providers import House
from techmarket.identity.rules import SessionLimits
from techmarket.identity.service.logins import prove, require_proven
from techmarket.identity.service.sessions import acting_for, end_replaced, second_factor, session_of, start
from techmarket.identity.service.trying import count_try, forgive, must_wait, trying
from techmarket.identity.tables import OutsideIdentity, OutsideSignIn
from techmarket.identity.views import BegunView, Came, OutsideIdentityView, ReturnedView, SignedInView
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound

OPEN_FOR = timedelta(minutes=10)
CODE_WITHIN = timedelta(minutes=5)
REASON = re.compile(r"[a-z_]{1,60}")


async def begin_sign_in(
    tx: Tx,
    keys: Keys,
    house: House,
    *,
    public_url: str,
    return_to: str,
    org_id: UUID | None = None,
    replaces: str | None = None,
) -> BegunView:
    """Send a browser to another house to sign in. `replaces` is the session it came with, which ends with the next."""
    metadata = await house.metadata()
    row = _row(house, return_to)
    row.org_id = org_id
    row.replaced_hash = keys.hash_secret(replaces) if replaces is not None else None
    async with tx.begin() as db:
        return await _begun(db, keys, house, metadata, row, public_url)


async def begin_linking(
    tx: Tx,
    keys: Keys,
    actor: Actor,
    house: House,
    *,
    public_url: str,
    return_to: str,
    current: str | None,
    source: str,
) -> BegunView:
    """Send my browser to another house, to link my account there to me.

    A session alone is not enough, for the link outlives it: whoever has a second factor has given it within the last
    minutes, anybody else gives the password he has now (`current`), as for another password. A session that rests on a
    linked account links no other one without a second factor.
    """
    require(actor, policy.LINK_IDENTITY)
    session_id = session_of(actor)
    proven = await prove(tx, keys, actor, current=current, source=source, by_linked_account=False)
    metadata = await house.metadata()
    row = _row(house, return_to)
    async with tx.begin() as db:
        await require_proven(db, actor, proven)
        row.person_id, row.session_id = actor.person, session_id
        return await _begun(db, keys, house, metadata, row, public_url)


async def return_from(
    tx: Tx,
    keys: Keys,
    house: House,
    *,
    browser_secret: str,
    state: str,
    code: str | None,
    iss: str | None,
    error: str | None,
    public_url: str,
    limits: SessionLimits,
) -> ReturnedView:
    """The browser comes back with the other house's answer, once; what it says is believed only after every check."""
    async with tx.begin() as db:
        row = await repository.spend_outside_sign_in(
            db, keys.hash_secret(f"state\n{state}"), keys.hash_secret(f"browser\n{browser_secret}")
        )
    if row is None:
        raise errors.OutsideSignInOver()
    if row.provider != house.name:
        # The answer of one house at the door of another: what it was meant for is spent.
        raise errors.OutsideWordNotGood(check="iss")
    require_answer_from(house.provider, await house.metadata(), iss)
    if error is not None or code is None:
        raise errors.OutsideDeclined(reason=error if error and REASON.fullmatch(error) else "invalid_answer")
    verifier, nonce = _made(keys, "verifier", state, browser_secret), _made(keys, "nonce", state, browser_secret)
    raw = await house.id_token(code, verifier=verifier, redirect_uri=_redirect_uri(house, public_url))
    published = await house.keys_for(raw)
    async with tx.begin() as db:
        now = await repository.real_now(db)
        word = read_id_token(house.provider, published, raw, nonce=nonce, now=int(now.timestamp()))
        row = await repository.lock_outside_sign_in(db, row.id)
        if row.person_id is not None:
            await _link(db, keys, house, row, word, now)
            return ReturnedView(Came.LINKED, row.return_to)
        return await _enter(db, keys, house, row, word, now, limits)


async def give_code(
    tx: Tx, keys: Keys, *, browser_secret: str, code: str, source: str, limits: SessionLimits
) -> SignedInView:
    """The second factor of somebody whom the other house vouched for, but who has one of his own here."""
    browser_hash = keys.hash_secret(f"browser\n{browser_secret}")
    async with tx.begin() as db:
        row = await repository.lock_proven_sign_in(db, browser_hash)
        if row is None or row.person_id is None:
            raise errors.OutsideSignInOver()
        by = trying(keys, f"second factor of {row.person_id}", source)
        wait = await count_try(db, by)
    if wait:
        raise must_wait(wait)
    async with tx.begin() as db:
        row = await repository.lock_proven_sign_in(db, browser_hash)
        if row is None or row.person_id is None or row.identity_id is None:
            raise errors.OutsideSignInOver()
        linked = await repository.lock_identity(db, row.identity_id)
        login = await repository.lock_login(db, row.person_id)
        if linked is None or linked.ended_at is not None or login is None or login.totp_secret is None:
            raise errors.OutsideSignInOver()
        await second_factor(db, keys, login, code)
        await forgive(db, by)
        now = await repository.real_now(db)
        row.ended_at = now
        return await _start(db, keys, row, linked, at=now, limits=limits)


async def list_identities(tx: Tx, actor: Actor) -> Sequence[OutsideIdentityView]:
    """The accounts at other houses that I have linked."""
    require(actor, policy.SEE_IDENTITIES)
    async with tx.read() as db:
        rows = await repository.list_identities(db, actor.person)
        return [OutsideIdentityView(row.id, row.provider, row.issuer, row.linked_at) for row in rows]


async def unlink_identity(tx: Tx, actor: Actor, identity_id: UUID) -> None:
    """That account signs me in no longer, and the sessions it began end. Twice is harmless."""
    require(actor, policy.UNLINK_IDENTITY)
    async with tx.begin() as db:
        row = await repository.lock_identity(db, identity_id)
        if row is None or row.person_id != actor.person:
            raise NotFound()
        await end_identity(db, row, actor=actor)


async def end_identity(db: AsyncSession, row: OutsideIdentity, *, actor: Actor | None) -> None:
    """A link that ends, inside the caller's transaction."""
    if row.ended_at is not None:
        return
    row.ended_at = await repository.real_now(db)
    await repository.end_sessions_by(db, row.id)
    journal.record(db, OutsideIdentityUnlinked(row.id, row.person_id), actor=actor)


def _row(house: House, return_to: str) -> OutsideSignIn:
    return OutsideSignIn(id=new_id(), provider=house.name, return_to=return_to)


async def _begun(
    db: AsyncSession, keys: Keys, house: House, metadata: Metadata, row: OutsideSignIn, public_url: str
) -> BegunView:
    state, browser_secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    row.state_hash = keys.hash_secret(f"state\n{state}")
    row.browser_hash = keys.hash_secret(f"browser\n{browser_secret}")
    row.expires_at = await repository.real_now(db) + OPEN_FOR
    db.add(row)
    address = address_to_ask(
        house.provider,
        metadata,
        redirect_uri=_redirect_uri(house, public_url),
        state=state,
        nonce=_made(keys, "nonce", state, browser_secret),
        verifier=_made(keys, "verifier", state, browser_secret),
    )
    return BegunView(address, browser_secret, row.expires_at)


def _redirect_uri(house: House, public_url: str) -> str:
    """An address of its own for each house (RFC 9700 section 4.4): no house's answer comes in at another's."""
    return f"{public_url}/v1/sign-in/{house.name}/return"


def _made(keys: Keys, what: str, state: str, browser_secret: str) -> str:
    """43 signs that nobody can make who lacks any of the three: the state, the browser's secret, the pepper."""
    digest = keys.hash_secret(f"outside {what}\n{state}\n{browser_secret}")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _subject_hashes(keys: Keys, house: House, word: Word) -> tuple[bytes, ...]:
    return keys.hashes_of(f"outside subject\n{house.provider.issuer}\n{word.subject}")


async def _link(db: AsyncSession, keys: Keys, house: House, row: OutsideSignIn, word: Word, now: datetime) -> None:
    """The person whose session sent the browser out is the one it is linked to; that session must still hold."""
    assert row.person_id is not None
    assert row.session_id is not None
    session = await repository.lock_session(db, row.session_id, row.person_id)
    row.ended_at = now
    if session.ended_at is not None or session.ends_at <= now:
        raise errors.OutsideSignInOver()
    digest, *former = _subject_hashes(keys, house, word)
    await lock_name(db, f"identity.outside:{digest.hex()}")
    await lock_name(db, f"identity.outside:{row.person_id}")
    held = await repository.find_identity(db, [digest, *former])
    mine = [one for one in await repository.list_identities(db, row.person_id) if one.issuer == house.provider.issuer]
    if held is not None and held.person_id == row.person_id:
        return
    if held is not None or mine:
        raise errors.OutsideIdentityTaken()
    linked = OutsideIdentity(
        id=new_id(), person_id=row.person_id, provider=house.name, issuer=house.provider.issuer, subject_hash=digest
    )
    db.add(linked)
    actor = Actor(session.person_id, session.org_id, key_id=session.id, via=Via.SESSION)
    journal.record(db, OutsideIdentityLinked(linked.id, row.person_id, house.name), actor=actor)


async def _enter(
    db: AsyncSession,
    keys: Keys,
    house: House,
    row: OutsideSignIn,
    word: Word,
    now: datetime,
    limits: SessionLimits,
) -> ReturnedView:
    hashes = _subject_hashes(keys, house, word)
    found = await repository.find_identity(db, hashes)
    linked = await repository.lock_identity(db, found.id) if found is not None else None
    if linked is None or linked.ended_at is not None:
        raise errors.OutsideIdentityUnknown()
    linked.subject_hash = hashes[0]
    login = await repository.lock_login(db, linked.person_id)
    if login is not None and login.totp_secret is not None and word.second_factor_at is None:
        row.person_id, row.identity_id, row.proven_at = linked.person_id, linked.id, now
        row.expires_at = now + CODE_WITHIN
        return ReturnedView(Came.CODE_NEEDED, row.return_to)
    row.person_id, row.identity_id, row.ended_at = linked.person_id, linked.id, now
    at = datetime.fromtimestamp(word.second_factor_at, UTC) if word.second_factor_at is not None else None
    signed = await _start(db, keys, row, linked, at=at, limits=limits)
    return ReturnedView(Came.SIGNED_IN, row.return_to, signed)


async def _start(
    db: AsyncSession,
    keys: Keys,
    row: OutsideSignIn,
    linked: OutsideIdentity,
    *,
    at: datetime | None,
    limits: SessionLimits,
) -> SignedInView:
    acting = await acting_for(db, linked.person_id, row.org_id)
    if row.replaced_hash is not None:
        await end_replaced(db, [row.replaced_hash])
    return await start(db, keys, linked.person_id, acting, second_factor_at=at, limits=limits, identity_id=linked.id)
