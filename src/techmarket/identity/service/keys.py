"""Keys of programs (接口密钥): issued, rotated with overlap, listed, revoked; and when each was last used.

A key's time is real time: the market clock of a sandbox never revives one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import errors, policy, repository
from techmarket.identity.actor import Actor, Role, Scope, Via
from techmarket.identity.events import KeyIssued, KeyRevoked, KeyRotated
from techmarket.identity.permissions import ScopeMissing, require
from techmarket.identity.rules import rotated_until
from techmarket.identity.service.logins import require_proven
from techmarket.identity.service.seeing import require_known_org
from techmarket.identity.tables import ApiKey
from techmarket.identity.views import IssuedKeyView, KeyView
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound


async def issue_key(
    tx: Tx,
    keys: Keys,
    actor: Actor,
    org_id: UUID,
    person_id: UUID,
    *,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
    name: str | None = None,
    proven: str | None = None,
) -> IssuedKeyView:
    """A further key for oneself, so that keys can be rotated with overlap; a key gives no scope it lacks itself, and
    none that ends later than it does. In a session it takes more than the session (`proven`, see `logins.prove`).

    Nobody, not the administrator either, is given the key of another person: signatures rest on it.
    """
    require_known_org(actor, org_id)
    require(actor, policy.ISSUE_KEY, parties=[person_id])
    _require_scopes(actor, scopes)
    async with tx.begin() as db:
        found = await repository.find_membership(db, person_id, org_id)
        if found is None:
            raise NotFound()
        _require_no_program(found[0].is_machine)
        await require_proven(db, actor, proven)
        now = await repository.real_now(db)
        _require_ahead(expires_at, now)
        if actor.via is Via.KEY and actor.key_id:
            expires_at = _within(await repository.lock_key(db, actor.key_id), expires_at, now=now)
        return issue(db, keys, actor, person_id, org_id, scopes=tuple(scopes), expires_at=expires_at, name=name)


async def rotate_key(
    tx: Tx,
    keys: Keys,
    actor: Actor,
    key_id: UUID,
    *,
    overlap: timedelta,
    expires_at: datetime | None,
    proven: str | None = None,
) -> IssuedKeyView:
    """Another key in the place of one's own, with the same scopes; the old one works on until the overlap is over.

    A key is rotated once: two who try at the same time get one successor between them. By a key no other is prolonged:
    that takes a session and more (`proven`, see `logins.prove`).
    """
    async with tx.begin() as db:
        key = await repository.lock_key(db, key_id)
        if key.person_id != actor.person_id and not _oversees(actor, key.org_id):
            raise NotFound()
        require(actor, policy.ROTATE_KEY, parties=[key.person_id])
        _require_scopes(actor, [Scope(scope) for scope in key.scopes])
        _require_no_program((await repository.get_person(db, key.person_id)).is_machine)
        now = await repository.real_now(db)
        if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            raise errors.KeyEnded()
        if await repository.find_successor(db, key.id) is not None:
            raise errors.KeyRotatedAlready()
        await require_proven(db, actor, proven)
        _require_ahead(expires_at, now)
        if actor.via is Via.KEY and actor.key_id:
            own = key if actor.key_id == key.id else await repository.get_key(db, actor.key_id)
            expires_at = _within(own, expires_at, now=now)
        key.expires_at = rotated_until(key.expires_at, now=now, overlap=overlap)
        scopes = tuple(Scope(scope) for scope in key.scopes)
        issued = issue(
            db,
            keys,
            actor,
            key.person_id,
            key.org_id,
            scopes=scopes,
            expires_at=expires_at,
            name=key.name,
            replaces_id=key.id,
        )
        journal.record(db, KeyRotated(key.id, issued.id), actor=actor)
        return issued


async def list_keys(
    tx: Tx, actor: Actor, org_id: UUID, *, person_id: UUID | None, cursor: str | None, limit: int
) -> Page[KeyView]:
    """The keys of an organisation, oldest first, without their secrets: all of them for its administrators and for
    the market's, one's own for everybody else."""
    require_known_org(actor, org_id)
    require(actor, policy.LIST_KEYS, parties=[org_id])
    if not _oversees(actor, org_id):
        if person_id not in (None, actor.person_id):
            return Page([])
        person_id = actor.person_id
    async with tx.read() as db:
        rows = await repository.list_keys(db, org_id, person_id=person_id, after=last_id(cursor), limit=limit + 1)
        return page_of(rows, limit, lambda view: (str(view.id),))


async def revoke_key(tx: Tx, actor: Actor, key_id: UUID) -> None:
    """A revoked key fails from the next request on. Revoking twice is harmless.

    Its holder revokes it, or an administrator of the organisation or of the market.
    """
    async with tx.begin() as db:
        key = await repository.lock_key(db, key_id)
        require_known_org(actor, key.org_id)
        if key.person_id == actor.person_id:
            require(actor, policy.REVOKE_OWN_KEY, parties=[key.person_id])
        else:
            require(actor, policy.REVOKE_KEY, parties=[key.org_id])
        if key.revoked_at is None:
            key.revoked_at = await repository.real_now(db)
            journal.record(db, KeyRevoked(key.id), actor=actor)


async def note_uses(tx: Tx, seen: Mapping[UUID, datetime]) -> None:
    """When keys, clients and sessions were last used: written for many at once, and an older time never wins."""
    if not seen:
        return
    async with tx.begin() as db:
        await repository.put_uses(db, seen)


def issue(
    db: AsyncSession,
    keys: Keys,
    actor: Actor,
    person_id: UUID,
    org_id: UUID,
    *,
    scopes: tuple[Scope, ...],
    expires_at: datetime | None,
    name: str | None = None,
    replaces_id: UUID | None = None,
) -> IssuedKeyView:
    """The row of a new key, inside the caller's transaction."""
    prefix = secrets.token_hex(6)
    raw = f"tmk_{'test_' if keys.is_sandbox else ''}{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=new_id(),
        prefix=prefix,
        name=name,
        secret_hash=keys.hash_secret(raw),
        person_id=person_id,
        org_id=org_id,
        scopes=sorted(scopes),
        expires_at=expires_at,
        replaces_id=replaces_id,
    )
    db.add(key)
    is_further = actor.key_id is not None and actor.person_id == person_id
    journal.record(db, KeyIssued(key.id, person_id, org_id, is_further), actor=actor)
    return IssuedKeyView(key.id, prefix, raw, scopes, expires_at)


def _oversees(actor: Actor, org_id: UUID) -> bool:
    return Role.ADMINISTRATOR in actor.roles and (actor.is_market or actor.org_id == org_id)


def _within(own: ApiKey, expires_at: datetime | None, *, now: datetime) -> datetime | None:
    """When a key ends that was asked for by another: no later than that one, which must still be in force."""
    if own.revoked_at is not None or (own.expires_at is not None and own.expires_at <= now):
        raise errors.KeyEnded()
    return min((at for at in (expires_at, own.expires_at) if at is not None), default=None)


def _require_no_program(is_machine: bool) -> None:
    """A program lives by tokens of minutes: a key of its own would outlive its revocation."""
    if is_machine:
        raise errors.SessionOnly()


def _require_scopes(actor: Actor, scopes: Sequence[Scope]) -> None:
    beyond = sorted(set(scopes) - actor.scopes)
    if beyond:
        raise ScopeMissing(needs=beyond[0], pointer="/body/scopes")


def _require_ahead(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise errors.ExpiryNotAhead(now=now, pointer="/body/expires_at")
