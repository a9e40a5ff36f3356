"""A co-owner signs his consent to one version of an offer, or to a scope; takes it back until a sale is announced."""

from __future__ import annotations

import asyncio
import runpy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from techmarket.achievements import consents, errors, service, steps
from techmarket.achievements.consents import Consent, ConsentScope, Wanted
from techmarket.achievements.licences import BurdenKind, Scope
from techmarket.achievements.rules import Owner
from techmarket.identity.actor import OrgKind, Role
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings import errors as listing_errors
from techmarket.listings import service as listings
from techmarket.listings import steps as listing_steps
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.signing.errors import NotASignatory, WrongDocument
from tests.achievements.make import a_draft, an_achievement
from tests.identity.make import a_market, a_member, an_organisation
from tests.listings.make import an_offer, offer_terms

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
TODAY = date(2026, 3, 2)
A, B = uuid4(), uuid4()
HALF, THIRD = Decimal("0.5"), Decimal("0.3")
CHINA = ConsentScope(("LICENCE", "TRANSFER"), ("EXCLUSIVE",), "CN", "ANY", date(2026, 3, 31))
TITLE = Wanted("TRANSFER", None, Scope("WORLD", "ANY", TODAY))
EXCLUSIVE = Wanted("LICENCE", BurdenKind.LICENCE_EXCLUSIVE, Scope("CN-33", "C35", TODAY))
ANYTHING = ConsentScope(("EQUITY", "LICENCE", "OPEN_LICENCE", "TRANSFER"), ("EXCLUSIVE", "ORDINARY", "SOLE"))


@pytest.mark.parametrize(
    "wanted, today, reaches",
    [
        (TITLE, TODAY, True),
        (EXCLUSIVE, TODAY, True),
        (EXCLUSIVE, date(2026, 3, 31), True),
        (EXCLUSIVE, date(2026, 4, 1), False),
        (replace(TITLE, mode="EQUITY"), TODAY, False),
        (replace(EXCLUSIVE, licence=BurdenKind.LICENCE_SOLE), TODAY, False),
        (replace(EXCLUSIVE, scope=Scope("WORLD", "C35", TODAY)), TODAY, False),
    ],
)
def test_a_standing_consent_reaches_what_lies_within_its_scope(wanted, today, reaches):
    assert consents.reaches(Consent(A, HALF, None, CHINA), wanted, today) is reaches


def test_a_consent_to_one_version_reaches_that_version_alone():
    one = Consent(A, HALF, "aa" * 32, CHINA)
    assert consents.reaches(one, replace(EXCLUSIVE, terms_sha256="aa" * 32), TODAY)
    assert not consents.reaches(one, replace(EXCLUSIVE, terms_sha256="bb" * 32), TODAY)
    assert not consents.reaches(one, EXCLUSIVE, TODAY)


def test_every_co_owner_is_counted_and_with_the_share_he_has():
    given = [Consent(A, HALF, None, CHINA), Consent(B, THIRD, None, CHINA)]
    assert consents.missing([(A, HALF), (B, THIRD)], given, TITLE, TODAY) == ()
    assert consents.missing([(A, HALF), (B, HALF)], given, TITLE, TODAY) == (B,)
    assert consents.missing([(A, HALF), (B, THIRD)], [], TITLE, TODAY) == (A, B)


@pytest.mark.parametrize(
    "scope, refusal",
    [
        (ConsentScope(()), errors.ConsentScopeUnclear),
        (ConsentScope(("BARTER",)), errors.ConsentScopeUnclear),
        (ConsentScope(("LICENCE",)), errors.ConsentScopeUnclear),
        (ConsentScope(("TRANSFER",), ("SOLE",)), errors.ConsentScopeUnclear),
        (ConsentScope(("TRANSFER",), valid_until=date(2026, 3, 1)), errors.ConsentOverAlready),
    ],
)
def test_a_scope_names_its_ways_its_licences_and_a_day_to_come(scope, refusal):
    with pytest.raises(refusal):
        consents.checked_scope(scope, TODAY)
    assert consents.checked_scope(CHINA, TODAY) == CHINA


async def a_unit(tx):
    return (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor


async def owned_with(tx, unit, partner, share="0.4"):
    owners = (Owner(1 - Decimal(share), unit.org), Owner(Decimal(share), partner.org))
    return await an_achievement(tx, unit, owners=owners)


async def sell(tx, unit, achievement_id, mode="TRANSFER", **sale):
    async with tx.read() as db:
        await steps.require_sellable(db, [achievement_id], mode=mode, seller=unit.org, **sale)


async def agree(tx, partner, unit, achievement_id, scope=ANYTHING):
    (asked,) = await service.ask_consents(tx, unit, achievement_id, scope)
    return await service.sign_consent(tx, partner, asked.id, document_sha256=asked.document_sha256)


async def test_a_consent_counts_when_its_exact_text_is_signed_and_again_only_after_the_share_changes(tx):
    unit, partner = await a_unit(tx), await a_unit(tx)
    view = await owned_with(tx, unit, partner)
    (asked,) = await service.ask_consents(tx, unit, view.id, ANYTHING)
    (again,) = await service.ask_consents(tx, unit, view.id, ANYTHING)
    assert (again.id, again.state) == (asked.id, "ASKED")
    assert asked.text["owner"] == {"organisation": str(partner.org), "share": "0.4"}
    with pytest.raises(errors.ConsentMissing):
        await sell(tx, unit, view.id)
    with pytest.raises(errors.ConsentMissing):
        await sell(tx, unit, view.id, mode="OPEN_LICENCE")
    await sell(tx, unit, view.id, mode="LICENCE", licence_kind="ORDINARY")
    with pytest.raises(WrongDocument):
        await service.sign_consent(tx, partner, asked.id, document_sha256="0" * 64)
    signed = await service.sign_consent(tx, partner, asked.id, document_sha256=asked.document_sha256)
    assert (signed.state, signed.signing_id) == ("GIVEN", asked.signing_id)
    await sell(tx, unit, view.id)
    with pytest.raises(NotInThisState):
        await service.sign_consent(tx, partner, asked.id, document_sha256=asked.document_sha256)
    seen = await service.get_achievement(tx, unit, view.id)
    assert [o.has_consented for o in seen.owners] == [True, True]
    raised = a_draft(owners=(Owner(HALF, unit.org), Owner(HALF, partner.org)))
    await service.amend_achievement(tx, unit, view.id, raised, sent=frozenset({"owners"}), if_match=seen.etag)
    with pytest.raises(errors.ConsentMissing):
        await sell(tx, unit, view.id)
    async with tx.read() as db:
        kinds = "SELECT kind FROM journal_entry WHERE kind ~ 'consent' ORDER BY seq"
        told = list((await db.execute(text(kinds))).scalars())
    assert told == ["achievements.consent_asked", "achievements.co_owner_consented"]


async def test_for_an_organisation_signs_whoever_may_bind_it_and_for_a_person_himself(tx):
    unit, partner, stranger = await a_unit(tx), await a_unit(tx), await a_unit(tx)
    inventor, signatory = [(await a_member(tx, partner, role)).actor for role in (Role.INVENTOR, Role.SIGNATORY)]
    owners = (
        Owner(Decimal("0.6"), unit.org),
        Owner(Decimal("0.3"), partner.org),
        Owner(Decimal("0.1"), person_id=inventor.person_id),
    )
    view = await an_achievement(tx, unit, owners=owners)
    with pytest.raises(NotAllowed):
        await service.ask_consents(tx, signatory, view.id, ANYTHING)
    of_org, of_person = await service.ask_consents(tx, unit, view.id, ANYTHING)
    with pytest.raises(NotFound):
        await service.sign_consent(tx, stranger, of_org.id, document_sha256=of_org.document_sha256)
    with pytest.raises(NotFound):
        await service.get_consent(tx, stranger, of_org.id)
    with pytest.raises(NotASignatory):
        await service.sign_consent(tx, inventor, of_org.id, document_sha256=of_org.document_sha256)
    with pytest.raises(NotFound):
        await service.get_consent(tx, signatory, of_person.id)
    await service.sign_consent(tx, signatory, of_org.id, document_sha256=of_org.document_sha256)
    with pytest.raises(errors.ConsentMissing):
        await sell(tx, unit, view.id)
    await service.sign_consent(tx, inventor, of_person.id, document_sha256=of_person.document_sha256)
    await sell(tx, unit, view.id)
    listed = await service.list_consents(tx, inventor, achievement_id=view.id, cursor=None, limit=10)
    assert [one.id for one in listed.items] == [of_person.id, of_org.id]
    async with tx.read() as db:
        shown = await steps.consents_shown(db, [of_org.id, of_person.id])
    assert [(one.organisation_id, one.is_standing) for one in shown] == [(partner.org, True), (None, True)]
    assert str(inventor.person_id) not in repr(shown)


async def test_a_consent_to_one_version_lets_that_version_be_submitted_and_no_other(tx, keys):
    unit, partner = await a_unit(tx), await a_unit(tx)
    view = await owned_with(tx, unit, partner)
    offer = await an_offer(tx, unit, achievement_ids=(view.id,), mode="TRANSFER", licence_kind=None)
    with pytest.raises(errors.ConsentMissing):
        await listings.submit(tx, unit, offer.id)
    (first,) = await listings.ask_consents(tx, unit, offer.id)
    assert await listings.ask_consents(tx, unit, offer.id) == [first]
    cheaper = ListingDraft(
        offer_terms(mode="TRANSFER", licence_kind=None, price={"amount": "1.00", "currency": "CNY"}), {}, (view.id,)
    )
    await listings.update_draft(tx, unit, offer.id, ListingKind.OFFER, cheaper, if_match=offer.etag)
    (second,) = await listings.ask_consents(tx, unit, offer.id)
    stale = await service.get_consent(tx, partner, first)
    assert stale.state == "WITHDRAWN"
    with pytest.raises(NotInThisState):
        await service.sign_consent(tx, partner, first, document_sha256=stale.document_sha256)
    asked = await service.get_consent(tx, partner, second)
    assert asked.text["consents_to"]["terms"]["price"] == {"amount": "1.00", "currency": "CNY"}
    await service.sign_consent(tx, partner, second, document_sha256=asked.document_sha256)
    assert (await listings.submit(tx, unit, offer.id)).state == "SUBMITTED"
    alone = await an_offer(tx, unit)
    with pytest.raises(listing_errors.NobodyToAsk):
        await listings.ask_consents(tx, unit, alone.id)
    with pytest.raises(NotFound):
        await listings.ask_consents(tx, partner, alone.id)


async def test_a_consent_is_taken_back_until_a_sale_that_needs_it_is_announced(tx, keys):
    unit, partner = await a_unit(tx), await a_unit(tx)
    operator = (await a_market(tx, keys))["operator"].actor
    view = await owned_with(tx, unit, partner)
    given = await agree(tx, partner, unit, view.id)
    with pytest.raises(NotInThisState):
        await service.withdraw_consent(tx, unit, given.id)
    offer = await an_offer(tx, unit, operator, achievement_ids=(view.id,), licence_kind="EXCLUSIVE")
    await engage(tx, unit, offer.id)
    with pytest.raises(errors.ConsentReliedOn):
        await service.withdraw_consent(tx, partner, given.id)
    assert (await service.get_consent(tx, partner, given.id)).state == "GIVEN"
    async with tx.begin() as db:
        await listing_steps.disengage(db, offer.id, unit)
    assert (await service.withdraw_consent(tx, partner, given.id)).state == "WITHDRAWN"
    with pytest.raises(errors.ConsentMissing):
        await engage(tx, unit, offer.id)
    with pytest.raises(NotInThisState):
        await service.withdraw_consent(tx, partner, given.id)


async def test_what_is_not_signed_yet_the_unit_takes_back_and_the_co_owner_declines(tx):
    unit, partner = await a_unit(tx), await a_unit(tx)
    view = await owned_with(tx, unit, partner)
    for who in (unit, partner):
        (asked,) = await service.ask_consents(tx, unit, view.id, ANYTHING)
        assert (await service.withdraw_consent(tx, who, asked.id)).state == "WITHDRAWN"
        with pytest.raises(NotInThisState):
            await service.sign_consent(tx, partner, asked.id, document_sha256=asked.document_sha256)
    with pytest.raises(errors.NoCoOwners):
        await service.ask_consents(tx, unit, (await an_achievement(tx, unit)).id, ANYTHING)


async def engage(tx, unit, listing_id: UUID):
    async with tx.begin() as db:
        await listing_steps.engage(db, listing_id, by=Ref("trade", uuid4()), actor=unit)


async def test_an_announcement_and_a_withdrawal_at_once_never_both_succeed(tx, keys):
    unit, partner = await a_unit(tx), await a_unit(tx)
    operator = (await a_market(tx, keys))["operator"].actor
    for _ in range(4):
        view = await owned_with(tx, unit, partner)
        given = await agree(tx, partner, unit, view.id)
        offer = await an_offer(tx, unit, operator, achievement_ids=(view.id,), mode="TRANSFER", licence_kind=None)
        outcomes = await asyncio.gather(
            engage(tx, unit, offer.id), service.withdraw_consent(tx, partner, given.id), return_exceptions=True
        )
        refused = [type(one) for one in outcomes if isinstance(one, Exception)]
        assert refused in ([errors.ConsentMissing], [errors.ConsentReliedOn])


async def test_consents_from_before_they_were_signed_still_count_after_the_migration(tx):
    unit, partner = await a_unit(tx), await a_unit(tx)
    view = await owned_with(tx, unit, partner)
    moved = runpy.run_path(str(next(VERSIONS.glob("2026_11_24_*_consents.py"))))
    async with tx.begin() as db:
        await db.execute(text("ALTER TABLE owner_share ADD COLUMN consented_at timestamptz"))
        await db.execute(text("UPDATE owner_share SET consented_at = market_now()"))
        await db.execute(text(moved["CARRY"]))
        await db.execute(text("UPDATE owner_share SET consented_at = NULL"))
        await db.execute(text(moved["BACK"]))
        missing = "SELECT count(*) FROM owner_share WHERE consented_at IS NULL"
        assert (await db.execute(text(missing))).scalar_one() == 0
    await sell(tx, unit, view.id)
    (kept,) = (await service.list_consents(tx, partner, achievement_id=None, cursor=None, limit=10)).items
    assert (kept.state, kept.document_sha256, kept.signing_id) == ("GIVEN", None, None)
    assert (await service.withdraw_consent(tx, partner, kept.id)).state == "WITHDRAWN"
