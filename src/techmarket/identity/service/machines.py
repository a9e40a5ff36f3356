"""Programs that act in their own name (OAuth 2 clients, RFC 6749 section 4.4): registered, given tokens, revoked.

A client has an account of its own with roles an administrator gives it. It holds a secret, of which two are in force
together while it is rotated, and changes it for short-lived tokens. No token is wider than its client is today.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import errors, policy, repository, tokens
from techmarket.identity.actor import MACHINE_ROLES, Actor, Role, Scope
from techmarket.identity.events import ClientRegistered, ClientRevoked, ClientSecretRotated, KeyRevoked
from techmarket.identity.lifecycle import OrgState
from techmarket.identity.permissions import ScopeMissing, require
from techmarket.identity.repository_people import revoke_keys_of
from techmarket.identity.rules import rotated_until
from techmarket.identity.service.seeing import require_known_org
from techmarket.identity.tables import ClientSecret, MachineClient, Membership, Person
from techmarket.identity.views import ClientSecretView, ClientView, TokenView
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of

SECRETS_MAX = 2


async def register_client(
    tx: Tx,
    keys: Keys,
    actor: Actor,
    org_id: UUID,
    *,
    name: str,
    roles: Collection[Role],
    scopes: Collection[Scope],
    token_seconds: int,
) -> ClientSecretView:
    """An administrator registers a program of his organisation; its secret is shown once.

    Its scopes are among those of the key that registers it, and its roles among those a program may take.
    """
    require_known_org(actor, org_id)
    require(actor, policy.REGISTER_CLIENT, parties=[org_id])
    beyond = sorted(set(scopes) - actor.scopes)
    if beyond:
        raise ScopeMissing(needs=beyond[0], pointer="/body/scopes")
    unfit = sorted(set(roles) - MACHINE_ROLES)
    if unfit:
        raise errors.NotForMachines(roles=unfit, possible=sorted(MACHINE_ROLES), pointer="/body/roles")
    held, granted = tuple(sorted(set(roles))), tuple(sorted(set(scopes)))
    async with tx.begin() as db:
        await repository.lock_organisation(db, org_id)
        person = Person(id=new_id(), name=name, is_machine=True, vouched_by=actor.person)
        db.add(person)
        await db.flush()
        db.add(Membership(person_id=person.id, org_id=org_id, roles=list(held)))
        client = MachineClient(
            id=new_id(),
            person_id=person.id,
            org_id=org_id,
            scopes=list(granted),
            token_seconds=token_seconds,
            created_by=actor.person,
        )
        db.add(client)
        await db.flush()
        secret = _add_secret(db, keys, client.id)
        journal.record(db, ClientRegistered(client.id, person.id, org_id, held, granted), actor=actor)
        return ClientSecretView(await _view(db, client), secret, None)


async def list_clients(tx: Tx, actor: Actor, org_id: UUID, *, cursor: str | None, limit: int) -> Page[ClientView]:
    """The programs of an organisation, oldest first."""
    require_known_org(actor, org_id)
    require(actor, policy.LIST_CLIENTS, parties=[org_id])
    async with tx.read() as db:
        rows = await repository.list_clients(db, org_id, after=last_id(cursor), limit=limit + 1)
        return page_of(rows, limit, lambda view: (str(view.id),))


async def rotate_client_secret(
    tx: Tx, keys: Keys, actor: Actor, client_id: UUID, *, overlap: timedelta
) -> ClientSecretView:
    """Another secret for a client, shown once; the newest of the older ones works on for the overlap, no other does."""
    async with tx.begin() as db:
        client = await repository.lock_client(db, client_id)
        require_known_org(actor, client.org_id)
        require(actor, policy.ROTATE_SECRET, parties=[client.org_id])
        if client.revoked_at is not None:
            raise errors.ClientIsRevoked()
        (await repository.get_person(db, client.person_id)).vouched_by = actor.person
        now = await repository.real_now(db)
        *oldest, newest = await repository.list_secrets_in_force(db, client_id)
        for one in oldest:
            one.expires_at = now
        newest.expires_at = rotated_until(newest.expires_at, now=now, overlap=overlap)
        secret = _add_secret(db, keys, client.id)
        journal.record(db, ClientSecretRotated(client.id), actor=actor)
        return ClientSecretView(await _view(db, client), secret, newest.expires_at)


async def revoke_client(tx: Tx, actor: Actor, client_id: UUID) -> None:
    """A revoked client gets no more tokens, and those it has fail from the next request on; so does a key of it, of
    the time when programs could have any. Twice is harmless."""
    async with tx.begin() as db:
        client = await repository.lock_client(db, client_id)
        require_known_org(actor, client.org_id)
        require(actor, policy.REVOKE_CLIENT, parties=[client.org_id])
        if client.revoked_at is None:
            client.revoked_at = await repository.real_now(db)
            journal.record(db, ClientRevoked(client.id), actor=actor)
            for key_id in await revoke_keys_of(db, client.person_id):
                journal.record(db, KeyRevoked(key_id), actor=actor)


async def give_token(
    tx: Tx, keys: Keys, *, issuer: str, client_id: UUID | None, secret: str, scopes: Collection[str] | None
) -> TokenView | str:
    """A token for who holds a client's secret, or the error of RFC 6749 section 5.2 that says why there is none.

    Without `scopes` it has all of the client's. A wrong secret and an unknown client are the same error.
    """
    async with tx.begin() as db:
        found = await repository.find_client(db, client_id) if client_id is not None else None
        held: Sequence[ClientSecret] = await repository.list_secrets_in_force(db, found[0].id) if found else ()
    fitting = [one for one in held if keys.fits(one.secret_hash, secret)]
    if found is None or not fitting:
        return "invalid_client"
    if fitting[0].secret_hash != keys.hash_secret(secret):
        async with tx.begin() as db:
            renewed = keys.hash_secret(secret)
            await repository.renew_secret_hash(db, fitting[0].id, was=fitting[0].secret_hash, now=renewed)
    client, org, _, now = found
    if org.state is OrgState.SUSPENDED:
        return "unauthorized_client"
    granted = frozenset(Scope(scope) for scope in client.scopes)
    if scopes is not None:
        if not scopes or not set(scopes) <= granted:
            return "invalid_scope"
        granted = frozenset(Scope(scope) for scope in scopes)
    token = tokens.give_token(
        keys.tokens,
        issuer=issuer,
        client_id=client.id,
        org_id=client.org_id,
        scopes=granted,
        now=int(now.timestamp()),
        seconds=client.token_seconds,
    )
    return TokenView(token, client.token_seconds, tuple(sorted(granted)))


def _add_secret(db: AsyncSession, keys: Keys, client_id: UUID) -> str:
    secret = f"tmc_{secrets.token_urlsafe(32)}"
    db.add(ClientSecret(id=new_id(), client_id=client_id, secret_hash=keys.hash_secret(secret)))
    return secret


async def _view(db: AsyncSession, client: MachineClient) -> ClientView:
    (view,) = await repository.list_clients(db, client.org_id, only=client.id, limit=1)
    return view
