"""Contracts made elsewhere, attested by two; and what a registration holds beside its number."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text as sql

from techmarket.contracts import errors, service, steps
from techmarket.contracts.borders import Category, Crossing, Direction
from techmarket.contracts.lifecycle import ContractState, LineState, RegistrationState
from techmarket.contracts.plans import PlanTerms
from techmarket.contracts.rules import ContractType, LineKind, Origin
from techmarket.contracts.service.registering import PartyCodes
from techmarket.contracts.service.writing import Draft
from techmarket.identity.actor import OrgKind, Role
from techmarket.identity.errors import OneHandBehindBoth
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices import errors as notice_errors
from techmarket.settlement import steps as settlement
from tests.achievements.make import an_achievement_id
from tests.api.test_evidence import PDF
from tests.contracts.make import Deal, a_draft, awake, in_force
from tests.identity.make import a_market, a_member, an_organisation, vouch
from tests.notices.make import a_sandbox, an_evidence

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
SIGNED = date(2025, 11, 20)
SCAN, PAID = "5c" * 32, "9a" * 32


async def recorded(tx, keys, *, paid: bool = True, seller_kind: OrgKind = OrgKind.ENTERPRISE, **changes: Any) -> Deal:
    """A licence signed on paper in November, recorded with its scan in March."""
    await a_sandbox(tx, START)
    seller, buyer = await an_organisation(tx, kind=seller_kind, keys=keys), await an_organisation(tx, keys=keys)
    one = await an_achievement_id(tx, seller.actor)
    await an_evidence(tx, seller.actor, SCAN)
    await an_evidence(tx, seller.actor, PAID)
    terms: dict[str, Any] = {
        "plan": (PlanTerms(LineKind.LUMP, 60_000_000),),
        "achievement_ids": (one,),
        "licence_kind": "ORDINARY",
        "origin": Origin.PAPER,
    }
    draft = Draft(seller_org=seller.actor.org, buyer_org=buyer.actor.org, **(terms | changes))
    view = await service.record_elsewhere(
        tx, seller.actor, draft, signed_on=SIGNED, scan_sha256=SCAN, paid_sha256=PAID if paid else None
    )
    return Deal(seller, buyer, one, view)


async def test_two_whom_one_administrator_added_are_not_two_who_attest(tx, keys):
    deal, market = await recorded(tx, keys), await a_market(tx, keys)
    one, two = market["operator"].actor, market["certifier_1"].actor
    for each in (one, two):
        await vouch(tx, each, by=market["administrator"].actor)
    await service.attest(tx, one, deal.id, document_sha256=deal.sha256)
    with pytest.raises(OneHandBehindBoth):
        await service.attest(tx, two, deal.id, document_sha256=deal.sha256)
    with pytest.raises(errors.PartyNotConfirmed):  # the next question, to one of another hand
        await service.attest(tx, market["certifier_2"].actor, deal.id, document_sha256=deal.sha256)


async def test_a_contract_on_paper_takes_effect_when_two_people_of_the_market_have_attested_it(tx, keys):
    deal = await recorded(tx, keys)
    market = await a_market(tx, keys)
    one = market["operator"].actor
    two = (await a_member(tx, one, Role.OPERATOR, keys=keys)).actor
    assert (deal.contract.state, deal.contract.origin, deal.contract.scan_sha256) == (
        ContractState.DRAFT,
        Origin.PAPER,
        SCAN,
    )
    with pytest.raises(errors.MadeElsewhere):
        await service.open_signing(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    with pytest.raises(NotAllowed):
        await service.attest(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    with pytest.raises(NotAllowed):
        await service.attest(tx, deal.buyer.actor, deal.id, document_sha256=deal.sha256)
    with pytest.raises(errors.WrongText):
        await service.attest(tx, one, deal.id, document_sha256="0" * 64)
    first = await service.attest(tx, one, deal.id, document_sha256=deal.sha256)
    assert (first.state, len(first.attestations)) == (ContractState.DRAFT, 1)
    with pytest.raises(errors.AttestedAlready):
        await service.attest(tx, one, deal.id, document_sha256=deal.sha256)
    with pytest.raises(errors.PartyNotConfirmed) as refused:
        await service.attest(tx, two, deal.id, document_sha256=deal.sha256)
    assert refused.value.facts == {"missing": 1}
    await confirmed_by_the_buyer(tx, keys, deal)
    await awake(tx, 4)
    tries = [service.attest(tx, two, deal.id, document_sha256=deal.sha256) for _ in range(4)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert len([o for o in outcomes if not isinstance(o, BaseException)]) == 1
    view = await service.get_contract(tx, deal.buyer.actor, deal.id)
    assert (view.state, view.term_from, view.signed_on) == (ContractState.IN_FORCE, SIGNED, SIGNED)
    assert {one.person_id for one in view.attestations} == {one.person, two.person}
    assert [one.organisation_id for one in view.confirmations] == [deal.buyer.actor.org]
    assert [(line.state, line.due_id, line.accepted_sha256) for line in view.plan] == [(LineState.PAID, None, PAID)]
    document = (await service.get_document(tx, deal.buyer.actor, deal.id)).document
    assert (document["origin"], document["made_elsewhere"]["scan_sha256"]) == ("PAPER", SCAN)
    assert [card.origin for card in (await service.list_contracts(tx, one, cursor=None, limit=5)).items] == [
        Origin.PAPER
    ]
    async with tx.read() as db:
        facts = await steps.get_contract(db, deal.id)
        assert await settlement.dues_of(db, Ref("contract", deal.id)) == []
    assert (facts.origin, facts.price_minor) == (Origin.PAPER, 60_000_000)
    with pytest.raises(NotInThisState):
        await service.attest(tx, one, deal.id, document_sha256=deal.sha256)


async def test_a_party_reads_the_scan_and_refuses_the_record_of_what_it_never_signed(tx, keys, api):
    seller, buyer, stranger = [await an_organisation(tx, keys=keys) for _ in range(3)]
    one, market = await an_achievement_id(tx, seller.actor), await a_market(tx, keys)
    kept = await api.post("/v1/evidence", key=seller.key, content=PDF, headers={"Content-Type": "application/pdf"})
    scan = kept.json()["sha256"]
    draft = Draft(
        seller_org=seller.actor.org,
        buyer_org=buyer.actor.org,
        plan=(PlanTerms(LineKind.LUMP, 60_000_000),),
        achievement_ids=(one,),
        licence_kind="EXCLUSIVE",
        origin=Origin.PAPER,
    )
    view = await service.record_elsewhere(tx, seller.actor, draft, signed_on=SIGNED, scan_sha256=scan)
    at = f"/v1/contracts/{view.id}"
    for key, status in ((buyer.key, 200), (seller.key, 200), (market["operator"].key, 200), (stranger.key, 404)):
        read = await api.get(f"{at}/record-files/{scan}", key=key)
        assert (read.status_code, read.content == PDF) == (status, status == 200)
    assert (await api.get(f"{at}/record-files/{PAID}", key=buyer.key)).status_code == 404
    said = {"reasons": "Sample: we never signed this"}
    for key, code in ((stranger.key, "not_found"), (seller.key, "contracts.confirmed_already")):
        assert (await api.post(f"{at}/record-refusal", key=key, json=said)).json()["code"] == code
    await service.attest(tx, market["operator"].actor, view.id, document_sha256=view.document_sha256)
    refused = await api.post(f"{at}/record-refusal", key=buyer.key, json=said)
    assert (refused.status_code, refused.json()["state"], refused.json()["reasons"]) == (
        200,
        "CANCELLED",
        said["reasons"],
    )
    for act in (
        service.attest(tx, market["certifier_1"].actor, view.id, document_sha256=view.document_sha256),
        service.confirm(tx, buyer.actor, view.id, document_sha256=view.document_sha256),
    ):
        with pytest.raises(NotInThisState):
            await act
    # What the false record held is free: another may be recorded.
    await service.record_elsewhere(tx, seller.actor, draft, signed_on=SIGNED, scan_sha256=scan)


async def test_a_record_that_has_taken_effect_is_disputed_and_no_longer_refused(tx, keys):
    deal, market = await recorded(tx, keys), await a_market(tx, keys)
    await service.confirm(tx, deal.buyer.actor, deal.id, document_sha256=deal.sha256)
    for title in ("operator", "certifier_1"):
        await service.attest(tx, market[title].actor, deal.id, document_sha256=deal.sha256)
    with pytest.raises(NotInThisState):
        await service.refuse_record(tx, deal.buyer.actor, deal.id, reasons="Sample")
    made_here = await a_draft(tx, keys)
    with pytest.raises(errors.OriginUnfit):
        await service.refuse_record(tx, made_here.seller.actor, made_here.id, reasons="Sample")


async def confirmed_by_the_buyer(tx, keys, deal: Deal) -> None:
    """The buyer reads the record while it is a draft, and says once that this is what it signed."""
    buyer, stranger = deal.buyer.actor, await an_organisation(tx, keys=keys)
    assert (await service.get_document(tx, buyer, deal.id)).document["made_elsewhere"]["scan_sha256"] == SCAN
    assert [card.id for card in (await service.list_contracts(tx, buyer, cursor=None, limit=5)).items] == [deal.id]
    with pytest.raises(NotFound):
        await service.confirm(tx, stranger.actor, deal.id, document_sha256=deal.sha256)
    with pytest.raises(errors.ConfirmedAlready):
        await service.confirm(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    with pytest.raises(errors.WrongText):
        await service.confirm(tx, buyer, deal.id, document_sha256="0" * 64)
    await service.confirm(tx, buyer, deal.id, document_sha256=deal.sha256)
    with pytest.raises(errors.ConfirmedAlready):
        await service.confirm(tx, buyer, deal.id, document_sha256=deal.sha256)


async def test_what_was_not_paid_elsewhere_falls_due_here(tx, keys):
    deal = await recorded(tx, keys, paid=False)
    await service.confirm(tx, deal.buyer.actor, deal.id, document_sha256=deal.sha256)
    one = (await a_market(tx, keys))["operator"].actor
    two = (await a_member(tx, one, Role.OPERATOR, keys=keys)).actor
    for who in (one, two):
        view = await service.attest(tx, who, deal.id, document_sha256=deal.sha256)
    assert [line.state for line in view.plan] == [LineState.DUE]


async def test_who_belongs_to_a_party_attests_nothing_and_a_unit_of_the_government_publishes_the_price_first(tx, keys):
    deal = await recorded(tx, keys, seller_kind=OrgKind.UNIVERSITY)
    one = (await a_market(tx, keys))["operator"].actor
    two = (await a_member(tx, one, Role.OPERATOR, keys=keys)).actor
    await service.attest(tx, one, deal.id, document_sha256=deal.sha256)
    with pytest.raises(notice_errors.NotStarted):
        await service.attest(tx, two, deal.id, document_sha256=deal.sha256)
    view = await service.get_contract(tx, deal.seller.actor, deal.id)
    assert (view.state, len(view.attestations), view.notice_id is not None) == (ContractState.DRAFT, 1, True)
    async with tx.begin() as db:
        await db.execute(
            sql("INSERT INTO membership (person_id, org_id, roles) VALUES (:p, :o, '{INVENTOR}')"),
            {"p": two.person_id, "o": deal.buyer.actor.org_id},
        )
    with pytest.raises(errors.AttesterBelongsToParty):
        await service.attest(tx, two, deal.id, document_sha256=deal.sha256)


# --- registration ---


async def filed(tx, deal: Deal, **changes: Any):
    terms: dict[str, Any] = {
        "contract_class": ContractType.LICENCE,
        "whole_minor": 60_000_000,
        "technology_minor": 50_000_000,
        "non_technical": [("示例试验装置 sample test device", 10_000_000)],
    }
    return await service.file_registration(tx, deal.seller.actor, deal.id, **(terms | changes))


async def test_what_is_not_technology_is_itemised_to_the_fen_and_parties_are_named_by_the_forms_codes(tx, keys):
    deal = await in_force(tx, keys)
    with pytest.raises(errors.NonTechnicalNotItemised) as refused:
        await filed(tx, deal, non_technical=[("x", 9_999_999)])
    assert refused.value.facts == {"non_technical": Money(10_000_000), "itemised": Money(9_999_999)}
    with pytest.raises(errors.PartyCodeUnknown):
        await filed(tx, deal, codes=PartyCodes(seller="999"))
    view = await filed(tx, deal, codes=PartyCodes(buyer="150", buyer_place="330108"))
    assert [(one.title, one.amount) for one in view.non_technical] == [
        ("示例试验装置 sample test device", Money(10_000_000))
    ]
    assert (view.seller_code, view.buyer_code, view.buyer_place) == ("100", "150", "330108")


async def test_an_estimate_is_corrected_with_a_trail_and_a_firm_amount_is_not(tx, keys):
    market, deal = await a_market(tx, keys), await in_force(tx, keys)
    registrar = market["registrar"].actor
    view = await filed(tx, deal, is_estimate=True)
    with pytest.raises(errors.NumberIsACertificates):
        await service.decide_registration(tx, registrar, view.id, number="ZJ-2026-000001")
    await service.decide_registration(tx, registrar, view.id, number="26330106000123")
    amounts: dict[str, Any] = {"whole_minor": 70_000_000, "technology_minor": 60_000_000, "reasons": "示例：提成实收"}
    items = [("示例试验装置", 10_000_000)]
    with pytest.raises(NotAllowed):
        await service.correct_registration(tx, deal.seller.actor, view.id, **amounts, non_technical=items)
    with pytest.raises(errors.NonTechnicalNotItemised):
        await service.correct_registration(tx, registrar, view.id, **amounts, non_technical=[])
    right = await service.correct_registration(tx, registrar, view.id, **amounts, non_technical=items)
    assert (right.state, right.whole_amount) == (RegistrationState.REGISTERED, Money(70_000_000))
    assert [(one.n, one.was_whole, one.whole) for one in right.corrections] == [
        (1, Money(60_000_000), Money(70_000_000))
    ]
    other = await in_force(tx, keys)
    firm = await filed(tx, other)
    await service.decide_registration(tx, registrar, firm.id, number="26330106000124")
    with pytest.raises(errors.NothingEstimated):
        await service.correct_registration(tx, registrar, firm.id, **amounts, non_technical=items)


async def test_a_contract_across_the_border_is_filed_once_its_papers_are_recorded(tx, keys):
    deal = await in_force(tx, keys, crossing=Crossing(Direction.IMPORT, Category.FREE))
    with pytest.raises(errors.ClearancesOpen):
        await filed(tx, deal)
