"""Whom a key or a token acts for: every way it can be wrong is the same refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import errors, repository, repository_people, tokens
from techmarket.identity.actor import Actor, Role, Scope, Via
from techmarket.identity.lifecycle import OrgState
from techmarket.identity.repository import FoundKey, FoundOrganisation
from techmarket.identity.service.sessions import TOKEN_FORM, ends_of
from techmarket.identity.tables import Membership, Organisation

KEY_FORM = re.compile(r"tmk_(test_)?([a-z0-9]{12})_([A-Za-z0-9_-]{43})")


async def authenticate(tx: Tx, keys: Keys, raw: str, *, issuer: str = "") -> Actor:
    """Who holds this key or token. `issuer` is this market's own address, which its tokens name."""
    actor, _ = await authenticate_for(tx, keys, raw, issuer=issuer)
    return actor


async def authenticate_for(tx: Tx, keys: Keys, raw: str, *, issuer: str = "") -> tuple[Actor, float | None]:
    """Who holds this, and in how many seconds it ends, if it does: for whoever remembers the answer."""
    if (parts := KEY_FORM.fullmatch(raw)) is not None:
        # Said before anything is looked up: a key of the other world is in no table of this one.
        if (parts[1] is not None) != keys.is_sandbox:
            raise errors.LiveKeyInSandbox() if keys.is_sandbox else errors.TestKeyOnLiveMarket()
        return await _by_key(tx, keys, raw, parts[2])
    if TOKEN_FORM.fullmatch(raw) is not None:
        return await _by_session(tx, keys, raw)
    if tokens.looks_like_a_token(raw):
        return await _by_token(tx, keys, raw, issuer)
    raise errors.BadKey()


async def _by_key(tx: Tx, keys: Keys, raw: str, prefix: str) -> tuple[Actor, float | None]:
    found = await repository.find_key(tx, prefix)
    fits = keys.fits(found[0].secret_hash if found is not None else b"", raw)
    if found is None or not fits or not found[0].is_in_force:
        raise errors.BadKey()
    key, org = found
    if key.secret_hash != keys.hash_secret(raw):
        async with tx.begin() as db:
            await repository.renew_key_hash(db, key.id, was=key.secret_hash, now=keys.hash_secret(raw))
    return _actor(org, key, key.scopes, key.id, Via.KEY), key.seconds_left


async def _by_token(tx: Tx, keys: Keys, raw: str, issuer: str) -> tuple[Actor, float | None]:
    async with tx.begin() as db:
        now = await repository.real_now(db)
        read = [tokens.read_token(seal, raw, issuer=issuer, now=int(now.timestamp())) for seal in keys.token_seals]
        granted = next((one for one in read if one is not None), None)
        found = await repository.find_client(db, granted.client_id) if granted and issuer else None
    if granted is None or found is None:
        raise errors.BadKey()
    client, org, membership, now = found
    # Whatever the token says, it gives no more than the client has today.
    scopes = granted.scopes & {Scope(scope) for scope in client.scopes}
    return _actor(org, membership, scopes, client.id, Via.CLIENT), granted.ends_at - now.timestamp()


async def _by_session(tx: Tx, keys: Keys, raw: str) -> tuple[Actor, float | None]:
    async with tx.begin() as db:
        found = await repository_people.find_session(db, keys.hashes_of(raw))
    if found is None:
        raise errors.BadKey()
    session, org, membership, used_at, now = found
    ends_at = ends_of(session, used_at)
    if ends_at <= now:
        raise errors.BadKey()
    actor = _actor(org, membership, tuple(Scope), session.id, Via.SESSION)
    if org.second_factor_seconds is not None and session.second_factor_at is not None:
        stale_at = session.second_factor_at + timedelta(seconds=org.second_factor_seconds)
        if now < stale_at:
            actor = replace(actor, lacks_second_factor=False)
            ends_at = min(ends_at, stale_at)
    return actor, (ends_at - now).total_seconds()


def _actor(
    org: Organisation | FoundOrganisation,
    member: Membership | FoundKey,
    scopes: Iterable[str],
    key_id: UUID,
    via: Via,
) -> Actor:
    if org.state is OrgState.SUSPENDED:
        raise errors.OrganisationSuspended()
    return Actor(
        member.person_id,
        org.id,
        org.kind,
        org.state is OrgState.VERIFIED,
        frozenset(Role(role) for role in member.roles),
        frozenset(Scope(scope) for scope in scopes),
        key_id,
        via,
        lacks_second_factor=org.second_factor_seconds is not None,
        by_two=frozenset(org.by_two),
        is_of_node=org.is_node,
    )
