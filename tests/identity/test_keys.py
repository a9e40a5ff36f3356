"""Keys of programs: rotated with overlap, listed without their secrets, revoked by whom they concern."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from techmarket.identity import errors, service
from techmarket.identity.actor import Role, Scope, Via
from techmarket.identity.permissions import ScopeMissing
from techmarket.identity.rules import rotated_until
from techmarket.identity.views import KeyStanding
from techmarket.kernel.refusals import NotAllowed, NotFound
from tests.identity.make import a_market, a_member, an_organisation

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("expires_at", "overlap", "ends"),
    [(None, HOUR, NOON + HOUR), (NOON + 2 * HOUR, HOUR, NOON + HOUR), (NOON + HOUR / 2, HOUR, NOON + HOUR / 2)],
)
def test_a_rotated_key_works_on_for_the_overlap_and_never_longer_than_it_would_have(expires_at, overlap, ends):
    assert rotated_until(expires_at, now=NOON, overlap=overlap) == ends


async def test_a_key_is_rotated_once_with_its_scopes_and_both_work_until_the_overlap_is_over(tx, keys):
    org = await an_organisation(tx, keys=keys)
    lesser = await service.issue_key(
        tx, keys, org.actor, org.actor.org, org.actor.person, scopes=[Scope.READ, Scope.WRITE], expires_at=None
    )
    holder = await service.authenticate(tx, keys, lesser.key)
    outcomes = await asyncio.gather(
        *[service.rotate_key(tx, keys, holder, lesser.id, overlap=HOUR, expires_at=None) for _ in range(8)],
        return_exceptions=True,
    )
    (successor,) = [one for one in outcomes if not isinstance(one, Exception)]
    assert {type(one) for one in outcomes if isinstance(one, Exception)} == {errors.KeyRotatedAlready}
    assert successor.scopes == (Scope.READ, Scope.WRITE)
    for raw in (lesser.key, successor.key):
        assert (await service.authenticate(tx, keys, raw)).person_id == org.actor.person_id
    async with tx.begin() as db:
        query = text("UPDATE api_key SET expires_at = expires_at - interval '1 hour' WHERE id = :id RETURNING 1")
        assert (await db.execute(query, {"id": lesser.id})).scalar_one() == 1
    with pytest.raises(errors.BadKey):
        await service.authenticate(tx, keys, lesser.key)
    with pytest.raises(errors.KeyEnded):
        await service.rotate_key(tx, keys, holder, lesser.id, overlap=HOUR, expires_at=None)


async def test_a_key_gives_no_other_that_ends_later_than_itself_and_none_once_it_is_over(tx, keys):
    org = await an_organisation(tx, keys=keys)
    soon = (datetime.now(UTC) + HOUR).replace(microsecond=0)

    async def ask(by, at):
        scopes = [Scope.READ, Scope.WRITE]
        return await service.issue_key(tx, keys, by, org.actor.org, org.actor.person, scopes=scopes, expires_at=at)

    async def rotate(by, key):
        return await service.rotate_key(tx, keys, by, key.id, overlap=HOUR / 4, expires_at=None)

    short, endless, spare = await ask(org.actor, soon), await ask(org.actor, None), await ask(org.actor, None)
    by_short = await service.authenticate(tx, keys, short.key)
    asked = (None, soon + HOUR, soon - HOUR / 2)
    assert [(await ask(by_short, at)).expires_at for at in asked] == [soon, soon, soon - HOUR / 2]
    assert (await rotate(by_short, short)).expires_at == soon
    # From here on it is in its overlap, and gives nothing beyond that.
    for given in (await ask(by_short, None), await rotate(by_short, endless)):
        assert given.expires_at < soon - HOUR / 2
    assert (await rotate(org.actor, spare)).expires_at is None
    await service.revoke_key(tx, org.actor, short.id)
    other = await ask(org.actor, None)
    for act in (ask(by_short, None), rotate(by_short, other)):
        with pytest.raises(errors.KeyEnded):
            await act


async def test_nobody_rotates_the_key_of_another_nor_one_that_is_wider_than_his_own(tx, keys):
    org, stranger = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    trader = await a_member(tx, org.actor, Role.TRADER, keys=keys)
    for taker, refused in ((org.actor, NotAllowed), (trader.actor, NotFound), (stranger.actor, NotFound)):
        of = org.actor if taker is not org.actor else (await service.authenticate(tx, keys, trader.key))
        with pytest.raises(refused):
            await service.rotate_key(tx, keys, taker, of.key_id, overlap=HOUR, expires_at=None)
    reading = await service.issue_key(
        tx, keys, org.actor, org.actor.org, org.actor.person, scopes=[Scope.READ, Scope.WRITE], expires_at=None
    )
    lesser = await service.authenticate(tx, keys, reading.key)
    with pytest.raises(ScopeMissing):
        await service.rotate_key(tx, keys, lesser, org.actor.key_id, overlap=HOUR, expires_at=None)


async def test_a_key_never_expires_in_the_past(tx, keys):
    org = await an_organisation(tx, keys=keys)
    past = datetime.now(UTC) - HOUR
    with pytest.raises(errors.ExpiryNotAhead):
        await service.issue_key(
            tx, keys, org.actor, org.actor.org, org.actor.person, scopes=[Scope.READ], expires_at=past
        )


async def test_an_administrator_sees_and_revokes_every_key_and_a_member_his_own(tx, keys):
    market, org = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    trader = await a_member(tx, org.actor, Role.TRADER, keys=keys)
    trading = await service.authenticate(tx, keys, trader.key)
    lists = {
        who: [
            view.id
            for view in (await service.list_keys(tx, actor, org.actor.org, person_id=None, cursor=None, limit=9)).items
        ]
        for who, actor in (("own", org.actor), ("market", market["administrator"].actor), ("member", trading))
    }
    assert lists == {
        "own": [org.actor.key_id, trading.key_id],
        "market": [org.actor.key_id, trading.key_id],
        "member": [trading.key_id],
    }
    with pytest.raises(NotAllowed):
        await service.revoke_key(tx, trading, org.actor.key_id)
    await service.revoke_key(tx, trading, trading.key_id)
    page = await service.list_keys(tx, org.actor, org.actor.org, person_id=trading.person, cursor=None, limit=9)
    assert [(view.standing, view.person_id) for view in page.items] == [(KeyStanding.REVOKED, trading.person_id)]
    stranger = await an_organisation(tx, keys=keys)
    with pytest.raises(NotFound):
        await service.list_keys(tx, stranger.actor, org.actor.org, person_id=None, cursor=None, limit=9)


async def test_the_time_of_last_use_only_moves_forward_and_tells_nobody_of_a_change(tx, keys):
    org = await an_organisation(tx, keys=keys)
    for at in (NOON, NOON + HOUR, NOON - HOUR):
        await service.note_uses(tx, {org.actor.key_id: at})
    (view,) = (await service.list_keys(tx, org.actor, org.actor.org, person_id=None, cursor=None, limit=9)).items
    assert view.last_used_at == NOON + HOUR
    async with tx.read() as db:
        query = text("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'credential_use'::regclass")
        assert (await db.execute(query)).scalar_one() == 0


async def test_a_key_is_for_the_organisation_one_acts_for_and_is_a_member_of(tx, keys):
    market, org, other = await a_market(tx, keys), await an_organisation(tx, keys=keys), await an_organisation(tx)

    async def ask(actor, org_id):
        await service.issue_key(tx, keys, actor, org_id, actor.person, scopes=[Scope.READ], expires_at=None)

    with pytest.raises(NotFound):
        await ask(market["administrator"].actor, org.actor.org)
    async with tx.begin() as db:
        moved = text("UPDATE membership SET org_id = :other WHERE person_id = :person")
        await db.execute(moved, {"other": other.actor.org, "person": org.actor.person})
    with pytest.raises(NotFound):  # he may be a member there: here he acts for another
        await ask(org.actor, other.actor.org)


async def test_a_program_and_a_session_that_proves_nothing_get_no_key_and_rotate_none(tx, keys):
    org = await an_organisation(tx, keys=keys)
    scopes = [Scope.READ]

    async def both(actor, refusal):
        with pytest.raises(refusal):
            await service.issue_key(
                tx, keys, actor, actor.org, actor.person, scopes=scopes, expires_at=None, proven="another"
            )
        with pytest.raises(refusal):
            await service.rotate_key(tx, keys, actor, org.actor.key_id, overlap=HOUR, expires_at=None, proven="another")

    await both(replace(org.actor, via=Via.SESSION), errors.SignInFailed)
    async with tx.begin() as db:
        await db.execute(text("UPDATE person SET is_machine = true WHERE id = :id"), {"id": org.actor.person})
    await both(org.actor, errors.SessionOnly)


async def test_a_key_that_was_revoked_is_not_rotated_and_no_key_begins_in_the_past_or_by_one_that_is_over(tx, keys):
    org = await an_organisation(tx, keys=keys)
    ask = {"scopes": [Scope.READ], "expires_at": None}
    first, second = [
        await service.issue_key(tx, keys, org.actor, org.actor.org, org.actor.person, **ask) for _ in range(2)
    ]
    with pytest.raises(errors.ExpiryNotAhead):
        await service.rotate_key(tx, keys, org.actor, first.id, overlap=HOUR, expires_at=NOON - 9000 * HOUR)
    await service.revoke_key(tx, org.actor, first.id)
    with pytest.raises(errors.KeyEnded):
        await service.rotate_key(tx, keys, org.actor, first.id, overlap=HOUR, expires_at=None)
    async with tx.begin() as db:
        ended = text("UPDATE api_key SET expires_at = clock_timestamp() - interval '1 second' WHERE id = :id")
        await db.execute(ended, {"id": org.actor.key_id})
    with pytest.raises(errors.KeyEnded):
        await service.issue_key(tx, keys, org.actor, org.actor.org, org.actor.person, **ask)
    with pytest.raises(errors.KeyEnded):
        await service.rotate_key(tx, keys, org.actor, second.id, overlap=HOUR, expires_at=None)


async def test_keys_are_seen_and_revoked_within_ones_scopes_and_unknown_to_strangers(tx, keys):
    org, stranger = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    with pytest.raises(NotFound):
        await service.revoke_key(tx, stranger.actor, org.actor.key_id)
    with pytest.raises(ScopeMissing):
        await service.revoke_key(tx, replace(org.actor, scopes=frozenset({Scope.READ})), org.actor.key_id)
    blind = replace(org.actor, scopes=frozenset())
    with pytest.raises(ScopeMissing):
        await service.list_keys(tx, blind, org.actor.org, person_id=None, cursor=None, limit=9)
