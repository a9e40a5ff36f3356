"""Identity: who may register, who may act, and what a key is worth."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from techmarket.db.keys import Keys
from techmarket.db.session import Tx, make_engine
from techmarket.identity import errors, service
from techmarket.identity.actor import ANONYMOUS, Actor, OrgKind, Role, Scope
from techmarket.identity.lifecycle import OrgState
from techmarket.identity.permissions import ScopeMissing
from techmarket.identity.views import OrganisationView
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor, encode_cursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from tests.identity.make import a_market, a_member, an_organisation

USCC = "91330100799655058B"


async def register(tx: Tx, keys: Keys, by: Actor = ANONYMOUS, **changes: object):
    facts = {
        "kind": OrgKind.ENTERPRISE,
        "name": "Sample enterprise",
        "name_en": None,
        "uscc": USCC,
        "region": "330100",
        "government_established": False,
        "applies_local_rules": True,
        "administrator": "Sample person",
    }
    return await service.register_organisation(tx, keys, by, **(facts | changes))


async def test_a_registered_organisation_acts_only_after_an_operator_verified_it(tx, keys):
    market = await a_market(tx, keys)
    view = await register(tx, keys)
    before = await service.authenticate(tx, keys, view.key.key)
    assert (view.organisation.state, before.org_verified) == (OrgState.REGISTERED, False)
    await service.verify_organisation(tx, market["operator"].actor, view.organisation.id)
    assert (await service.authenticate(tx, keys, view.key.key)).org_verified is True
    with pytest.raises(NotInThisState):
        await service.verify_organisation(tx, market["operator"].actor, view.organisation.id)


async def test_of_many_who_claim_one_code_one_alone_is_verified_also_when_all_are_at_once(tx, keys):
    operator = (await a_market(tx, keys))["operator"].actor
    claims = [(await register(tx, keys)).organisation.id for _ in range(10)]
    outcomes = await asyncio.gather(
        *[service.verify_organisation(tx, operator, one) for one in claims], return_exceptions=True
    )
    (won,) = [one for one in outcomes if isinstance(one, OrganisationView)]
    assert won.warnings == ("identity.uscc_shared",)
    refused = [one for one in outcomes if one is not won]
    assert {type(one) for one in refused} == {errors.UsccOfAnother}
    assert {one.facts["organisation"] for one in refused if isinstance(one, errors.UsccOfAnother)} == {won.id}
    states = [(await service.get_organisation(tx, operator, one)).state for one in claims]
    assert sorted(states) == [OrgState.REGISTERED] * 9 + [OrgState.VERIFIED]


async def test_whoever_claims_a_code_first_keeps_its_owner_out_neither_before_nor_after_he_is_suspended(tx, keys):
    operator = (await a_market(tx, keys))["operator"].actor
    squatter = (await register(tx, keys)).organisation.id
    owner = (await register(tx, keys)).organisation.id
    assert (await service.verify_organisation(tx, operator, owner)).warnings == ("identity.uscc_shared",)
    with pytest.raises(errors.UsccTaken):  # now it is known whose it is
        await register(tx, keys)
    with pytest.raises(errors.UsccOfAnother) as held:
        await service.verify_organisation(tx, operator, squatter)
    assert (held.value.facts["organisation"], held.value.facts["name"]) == (owner, "Sample enterprise")
    # One that was verified by mistake is suspended, and its code is free.
    await service.suspend_organisation(tx, operator, owner)
    assert (await service.verify_organisation(tx, operator, squatter)).state is OrgState.VERIFIED
    with pytest.raises(errors.UsccOfAnother):
        await service.verify_organisation(tx, operator, owner)


async def test_one_address_registers_so_many_organisations_a_day_and_what_was_refused_does_not_count(tx, keys):
    here, there = service.Founding("192.0.2.1", 2), service.Founding("192.0.2.2", 2)
    with pytest.raises(errors.UsccMalformed):
        await register(tx, keys, uscc="x", founding=here)
    outcomes = await asyncio.gather(
        *[register(tx, keys, uscc=None, founding=here) for _ in range(4)], return_exceptions=True
    )
    full = [one for one in outcomes if isinstance(one, errors.TooManyFounded)]
    assert len(full) == 2
    assert {one.facts["organisations_max"] for one in full} == {2}
    assert all(0 < one.retry_after <= 86_401 for one in full)
    mine = await register(tx, keys, uscc=None, founding=there)
    # Whoever has a key is counted by his organisation once it is verified, and the market is not counted.
    market = await a_market(tx, keys)
    stranger = await service.authenticate(tx, keys, mine.key.key)
    with pytest.raises(errors.TooManyFounded):
        await register(tx, keys, by=stranger, uscc=None, founding=here)
    await register(tx, keys, by=replace(stranger, org_verified=True), uscc=None, founding=here)
    for _ in range(3):
        await register(tx, keys, by=market["operator"].actor, uscc=None, founding=here)
    async with tx.begin() as db:
        await db.execute(text("UPDATE sign_in_tries SET tried_at = tried_at - interval '1 day'"))
    await register(tx, keys, uscc=None, founding=here)


async def test_cards_are_found_of_those_whom_the_reader_may_know(tx, keys):
    known, hidden = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys, verified=False)
    ids = {known.actor.org, hidden.actor.org}
    assert set(await service.find_organisations(tx, ANONYMOUS, ids)) == {known.actor.org}
    assert set(await service.find_organisations(tx, hidden.actor, ids)) == ids


async def test_a_code_of_the_wrong_form_is_refused_and_a_wrong_checksum_only_warns(tx, keys):
    with pytest.raises(errors.UsccMalformed):
        await register(tx, keys, uscc="91330100799655058I")
    early = await register(tx, keys, uscc="91350100M0001TGQXM")
    assert early.organisation.warnings == ("identity.uscc_checksum",)


async def test_a_market_cannot_be_registered_from_outside(tx, keys):
    with pytest.raises(errors.KindNotOpen):
        await register(tx, keys, kind=OrgKind.MARKET)


async def test_a_revoked_an_expired_and_an_invented_key_fail_alike(tx, keys):
    org = await an_organisation(tx, keys=keys)
    await service.revoke_key(tx, org.actor, org.actor.key_id)
    invented = "tmk_0123456789ab_" + "x" * 43
    for raw in (org.key, invented, "nonsense", org.key + "x"):
        with pytest.raises(errors.BadKey):
            await service.authenticate(tx, keys, raw)


async def test_a_suspended_organisation_is_told_so(tx, keys):
    market = await a_market(tx, keys)
    org = await an_organisation(tx, keys=keys)
    await service.suspend_organisation(tx, market["operator"].actor, org.actor.org)
    with pytest.raises(errors.OrganisationSuspended):
        await service.authenticate(tx, keys, org.key)


async def test_an_enterprise_cannot_make_a_certifier_and_a_stranger_is_not_told_of_it(tx, keys):
    org, stranger = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    with pytest.raises(errors.RoleNotYours):
        await service.add_person(tx, keys, org.actor, org.actor.org, name="X", roles=[Role.CERTIFIER])
    with pytest.raises(NotFound):
        await service.add_person(tx, keys, stranger.actor, org.actor.org, name="X", roles=[Role.TRADER])
    trader = await a_member(tx, org.actor, Role.TRADER, keys=keys)
    with pytest.raises(NotAllowed):
        await service.add_person(tx, keys, trader.actor, org.actor.org, name="X", roles=[Role.TRADER])


async def test_a_reading_key_cannot_write(tx, keys):
    org = await an_organisation(tx, keys=keys)
    issued = await service.issue_key(
        tx, keys, org.actor, org.actor.org, org.actor.person, scopes=[Scope.READ], expires_at=None
    )
    reader = await service.authenticate(tx, keys, issued.key)
    with pytest.raises(ScopeMissing):
        await service.add_person(tx, keys, reader, org.actor.org, name="X", roles=[Role.TRADER])


async def test_a_key_gives_no_scope_that_it_lacks_itself(tx, keys):
    org = await an_organisation(tx, keys=keys)
    writer = replace(org.actor, scopes=frozenset({Scope.READ, Scope.WRITE}))
    with pytest.raises(ScopeMissing):
        await service.issue_key(tx, keys, writer, org.actor.org, org.actor.person, scopes=[Scope.BID], expires_at=None)
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM api_key"))).scalar_one() == 1


async def test_a_key_is_never_judged_by_a_standby_that_may_be_behind(tx, keys):
    org = await an_organisation(tx, keys=keys)
    behind = make_engine("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1)
    apart = Tx(tx.engine, behind)
    assert (await service.authenticate(apart, keys, org.key)).person_id == org.actor.person_id
    await behind.dispose()


async def test_a_forged_cursor_in_the_list_of_organisations_is_refused(tx, keys):
    market = await a_market(tx, keys)
    operator = market["operator"].actor
    for at, last in (("yesterday", str(operator.org)), ("2026-03-01T09:00:00", str(operator.org)), ("x", "y")):
        with pytest.raises(BadCursor):
            await service.list_organisations(tx, operator, cursor=encode_cursor(at, last), limit=5)


async def test_nobody_is_given_the_key_of_another_person_and_the_market_adds_nobody_elsewhere(tx, keys):
    market, org = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    trader = await a_member(tx, org.actor, Role.TRADER, keys=keys)
    for taker in (org.actor, market["administrator"].actor):
        with pytest.raises(NotAllowed):
            await service.issue_key(
                tx, keys, taker, org.actor.org, trader.actor.person, scopes=[Scope.READ], expires_at=None
            )
    with pytest.raises(NotAllowed):
        await service.add_person(
            tx, keys, market["administrator"].actor, org.actor.org, name="X", roles=[Role.SIGNATORY]
        )


async def test_the_market_itself_is_not_suspended(tx, keys):
    market = await a_market(tx, keys)
    with pytest.raises(errors.MarketStays):
        await service.suspend_organisation(tx, market["operator"].actor, market["operator"].actor.org)
