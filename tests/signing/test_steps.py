"""Signatures in the database: once each, in order, and one completion."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from techmarket.identity.actor import Role
from techmarket.identity.permissions import NotVerified
from techmarket.kernel.ids import new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.signing import errors, service, steps
from techmarket.signing.lifecycle import SigningState
from techmarket.signing.steps import Signatory
from tests.identity.make import a_market, a_member, an_organisation
from tests.signing.make import DOCUMENT, a_signing, sign


async def kinds(tx) -> list[str]:
    async with tx.read() as db:
        rows = await db.execute(text("SELECT kind FROM journal_entry WHERE kind LIKE 'signing.%' ORDER BY seq"))
        return list(rows.scalars())


async def counted(tx, signing_id) -> int:
    async with tx.read() as db:
        return len(await steps.signatures_of(db, signing_id))


async def test_two_parties_sign_in_order_and_the_second_completes(tx):
    seller, buyer = await an_organisation(tx), await an_organisation(tx)
    signing = await a_signing(tx, Signatory(seller.actor.org), Signatory(buyer.actor.org))
    with pytest.raises(errors.NotYourTurn):
        await sign(tx, signing, buyer.actor)
    assert await counted(tx, signing) == 0
    first = await sign(tx, signing, seller.actor)
    assert (first.signed, first.required, first.is_complete) == (1, 2, False)
    last = await sign(tx, signing, buyer.actor)
    assert (last.signed, last.required, last.is_complete) == (2, 2, True)
    assert await kinds(tx) == [
        "signing.opened",
        "signing.signature_put",
        "signing.signature_put",
        "signing.completed",
    ]
    with pytest.raises(errors.SignedAlready):
        await sign(tx, signing, seller.actor)
    async with tx.read() as db:
        assert (await steps.state_of(db, signing)).state is SigningState.COMPLETE
        put = await steps.signatures_of(db, signing)
    assert [(s.position, s.person_id, s.organisation_id, s.method, s.document_sha256) for s in put] == [
        (1, seller.actor.person, seller.actor.org, "api_key", DOCUMENT),
        (2, buyer.actor.person, buyer.actor.org, "api_key", DOCUMENT),
    ]


async def test_a_signature_under_another_document_is_refused_and_leaves_nothing(tx):
    seller = await an_organisation(tx)
    signing = await a_signing(tx, Signatory(seller.actor.org))
    with pytest.raises(errors.WrongDocument) as refused:
        await sign(tx, signing, seller.actor, "bb" * 32)
    assert refused.value.facts == {"document_sha256": DOCUMENT}
    assert await counted(tx, signing) == 0
    assert await kinds(tx) == ["signing.opened"]


async def test_only_the_person_named_or_one_with_the_role_signs(tx):
    seller = await an_organisation(tx)
    named = await a_member(tx, seller.actor, Role.INVENTOR)
    clerk = await a_member(tx, seller.actor, Role.FINANCE)
    signing = await a_signing(
        tx, Signatory(seller.actor.org, named.actor.person_id), Signatory(seller.actor.org), in_order=False
    )
    with pytest.raises(errors.NotASignatory):
        await sign(tx, signing, clerk.actor)
    assert (await sign(tx, signing, seller.actor)).signed == 1
    assert (await sign(tx, signing, named.actor)).is_complete


async def test_a_stranger_does_not_learn_that_a_signing_exists(tx):
    seller, stranger = await an_organisation(tx), await an_organisation(tx)
    signing = await a_signing(tx, Signatory(seller.actor.org))
    for missing in (signing, new_id()):
        with pytest.raises(NotFound):
            await sign(tx, missing, stranger.actor)
        with pytest.raises(NotFound):
            await service.get_signing(tx, stranger.actor, missing)
    market = await a_market(tx)
    for reader in (seller.actor, market["operator"].actor):
        assert (await service.get_signing(tx, reader, signing)).id == signing


async def test_an_organisation_that_is_not_verified_does_not_sign(tx):
    seller = await an_organisation(tx, verified=False)
    signing = await a_signing(tx, Signatory(seller.actor.org))
    with pytest.raises(NotVerified):
        await sign(tx, signing, seller.actor)
    assert await counted(tx, signing) == 0


async def test_a_void_signing_takes_no_signature_and_a_complete_one_is_never_void(tx):
    seller = await an_organisation(tx)
    signing = await a_signing(tx, Signatory(seller.actor.org))
    async with tx.begin() as db:
        await steps.void(db, signing, seller.actor)
    with pytest.raises(errors.SigningNotOpen) as refused:
        await sign(tx, signing, seller.actor)
    assert refused.value.facts == {"state": SigningState.VOID}
    complete = await a_signing(tx, Signatory(seller.actor.org))
    await sign(tx, complete, seller.actor)
    with pytest.raises(NotInThisState):
        async with tx.begin() as db:
            await steps.void(db, complete, seller.actor)


async def test_twenty_signers_at_once_each_sign_once_and_exactly_one_completes(tx):
    unit = await an_organisation(tx)
    people = [await a_member(tx, unit.actor, Role.INVENTOR) for _ in range(20)]
    signing = await a_signing(
        tx, *[Signatory(unit.actor.org, person.actor.person_id) for person in people], in_order=False
    )
    tries = [sign(tx, signing, person.actor) for person in people for _ in range(2)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    signed = [o for o in outcomes if isinstance(o, steps.SigningProgress)]
    assert sorted(o.signed for o in signed) == list(range(1, 21))
    assert [o.is_complete for o in signed].count(True) == 1
    assert [type(o) for o in outcomes].count(errors.SignedAlready) == 20
    assert (await kinds(tx)).count("signing.completed") == 1
    assert await counted(tx, signing) == 20


async def test_two_last_signatures_at_once_give_exactly_one_completion(tx):
    seller, buyer = await an_organisation(tx), await an_organisation(tx)
    for _ in range(5):
        signing = await a_signing(tx, Signatory(seller.actor.org), Signatory(buyer.actor.org), in_order=False)
        outcomes = await asyncio.gather(*[sign(tx, signing, who.actor) for who in (seller, buyer)])
        assert sorted(o.is_complete for o in outcomes) == [False, True]
    assert (await kinds(tx)).count("signing.completed") == 5


async def test_a_signature_is_never_changed_or_removed(tx):
    seller = await an_organisation(tx)
    signing = await a_signing(tx, Signatory(seller.actor.org))
    await sign(tx, signing, seller.actor)
    for statement in ("UPDATE signature SET method = 'other'", "DELETE FROM signature", "DELETE FROM signatory"):
        with pytest.raises(DBAPIError, match="never changed"):
            async with tx.begin() as db:
                await db.execute(text(statement))
    assert await counted(tx, signing) == 1
