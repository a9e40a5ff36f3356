"""Contracts: drafted, signed in order after the notice, in force in one commit, performed, registered."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text as sql

from techmarket.achievements import service as achievements
from techmarket.achievements.errors import LicenceOverlaps, UnderWay
from techmarket.achievements.licences import BurdenKind, Scope
from techmarket.achievements.rules import AchievementDraft
from techmarket.contracts import errors, service, steps
from techmarket.contracts.lifecycle import ContractState, LineState, RegistrationState
from techmarket.contracts.rules import ContractType, LineKind, PartyRole, Relief, Tax
from techmarket.contracts.text import ScopeTerms
from techmarket.contracts.views import ContractView
from techmarket.db import texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.identity.errors import OrganisationNotVerified
from techmarket.identity.tables import Membership
from techmarket.kernel.canonical import canonical_json, sha256_hex
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotAllowed, NotFound, Refusal
from techmarket.notices import errors as notice_errors
from techmarket.notices import service as notices
from techmarket.notices import steps as notice_steps
from techmarket.settlement import steps as settlement
from techmarket.settlement.errors import DuesOpen
from techmarket.signing import errors as signing_errors
from tests.achievements.make import an_achievement
from tests.contracts.make import SCOPE, Deal, a_draft, a_registration, a_signing, awake, half, in_force, pay
from tests.identity.make import a_market, a_member, an_organisation
from tests.notices.make import a_sandbox, hang, move_to

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


async def rows(tx: Tx, table: str) -> int:
    async with tx.read() as db:
        return int((await db.execute(sql(f"SELECT count(*) FROM {table}"))).scalar_one())


async def dues(tx: Tx, deal: Deal) -> list[Any]:
    async with tx.read() as db:
        return await settlement.dues_of(db, Ref("contract", deal.id))


async def sign(tx: Tx, actor: Actor, deal: Deal, sha256: str | None = None):
    return await service.sign(tx, actor, deal.id, document_sha256=sha256 or deal.sha256)


# --- drafting ---


async def test_a_direct_contract_is_drafted_by_the_seller_with_its_plan_and_its_text(tx, keys):
    await a_sandbox(tx, START)
    deal = await a_draft(tx, keys)
    view = deal.contract
    assert (view.number, view.state, view.award_id) == ("HT-2026-000001", ContractState.DRAFT, None)
    assert [(p.role, p.organisation_id) for p in view.parties] == [
        (PartyRole.PAYEE, deal.seller.actor.org),
        (PartyRole.PAYER, deal.buyer.actor.org),
    ]
    assert [(one.kind, one.amount, one.rate, one.state) for one in view.plan] == [
        (LineKind.ENTRY_FEE, Money(60_000_000), None, LineState.PLANNED),
        (LineKind.ROYALTY, None, Decimal("0.03"), LineState.PLANNED),
    ]
    document = await service.get_document(tx, deal.seller.actor, deal.id)
    assert sha256_hex(canonical_json(document.document)) == document.sha256 == view.document_sha256
    assert document.document["price"]["entry_fee"]["within"] == {"n": 5, "unit": "working_days"}
    assert document.document["licence"]["term_years"] == 6


async def test_a_contract_is_for_two_verified_organisations_and_the_sellers_own_achievements(tx, keys):
    seller, other = await an_organisation(tx, keys=keys), await a_draft(tx, keys)
    unknown = await an_organisation(tx, keys=keys, verified=False)
    with pytest.raises(errors.SameParty):
        await direct(tx, seller.actor, buyer=seller.actor, achievement=other.achievement_id)
    with pytest.raises(OrganisationNotVerified):
        await direct(tx, other.seller.actor, buyer=unknown.actor, achievement=other.achievement_id)
    with pytest.raises(Refusal) as refused:
        await direct(tx, seller.actor, buyer=other.buyer.actor, achievement=other.achievement_id)
    assert refused.value.code == "achievements.not_the_sellers"
    assert await rows(tx, "contract") == 1


async def direct(tx: Tx, seller: Actor, *, buyer: Actor, achievement: Any, **changes: Any):
    terms: dict[str, Any] = {"licence_kind": "ORDINARY", "scope": SCOPE, "entry_fee_minor": 1, "royalty": None}
    return await service.draft_directly(
        tx, seller, buyer_org=buyer.org, achievement_ids=[achievement], **(terms | changes)
    )


async def test_a_contract_without_fee_and_royalty_is_refused(tx, keys):
    with pytest.raises(errors.NothingToPay):
        await a_draft(tx, keys, entry_fee_minor=None, royalty=None)
    assert await rows(tx, "contract") == 0


async def test_numbers_have_no_gap_when_ten_are_drafted_at_once_and_one_fails(tx, keys):
    deal = await a_draft(tx, keys)
    await awake(tx)
    outcomes = await asyncio.gather(
        *[direct(tx, deal.seller.actor, buyer=deal.buyer.actor, achievement=deal.achievement_id) for _ in range(10)],
        direct(tx, deal.seller.actor, buyer=deal.buyer.actor, achievement=uuid4()),
        return_exceptions=True,
    )
    made = sorted(one.number[-6:] for one in outcomes if not isinstance(one, BaseException))
    assert made == [f"{n:06d}" for n in range(2, 12)]


# --- who knows of it, who may act ---


async def test_a_stranger_does_not_learn_that_a_contract_exists(tx, keys):
    deal, stranger = await a_signing(tx, keys), await an_organisation(tx, keys=keys)
    acts = [
        service.get_contract(tx, stranger.actor, deal.id),
        service.get_document(tx, stranger.actor, deal.id),
        sign(tx, stranger.actor, deal),
        service.cancel(tx, stranger.actor, deal.id),
        service.dispute(tx, stranger.actor, deal.id, reasons="x"),
        service.report_royalty(tx, stranger.actor, deal.id, **half(2026), base_minor=1),
        a_registration(tx, Deal(stranger, deal.buyer, deal.achievement_id, deal.contract)),
        service.get_contract(tx, stranger.actor, uuid4()),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            await act
    assert (await service.list_contracts(tx, stranger.actor, cursor=None, limit=20)).items == []
    assert len((await service.list_contracts(tx, deal.buyer.actor, cursor=None, limit=20)).items) == 1


async def test_only_the_right_side_and_role_acts_on_a_contract(tx, keys):
    deal = await a_draft(tx, keys)
    trader = await a_member(tx, deal.seller.actor, Role.TRADER, keys=keys)
    with pytest.raises(NotFound):
        await service.open_signing(tx, deal.buyer.actor, deal.id, document_sha256=deal.sha256)
    with pytest.raises(NotAllowed):
        await service.open_signing(tx, trader.actor, deal.id, document_sha256=deal.sha256)
    with pytest.raises(NotFound):
        await service.cancel(tx, deal.buyer.actor, deal.id)
    await service.open_signing(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    with pytest.raises(NotAllowed):
        await sign(tx, trader.actor, deal)
    await sign(tx, deal.seller.actor, deal)
    await sign(tx, deal.buyer.actor, deal)
    with pytest.raises(NotAllowed):
        await service.report_royalty(tx, deal.seller.actor, deal.id, **half(2026), base_minor=1)
    with pytest.raises(NotAllowed):
        await a_registration(tx, Deal(deal.buyer, deal.seller, deal.achievement_id, deal.contract))
    with pytest.raises(NotAllowed):
        await service.terminate(tx, deal.seller.actor, deal.id, reasons="x")


# --- signing ---


async def test_signing_is_opened_for_the_text_that_was_read(tx, keys):
    deal = await a_draft(tx, keys)
    with pytest.raises(errors.WrongText) as refused:
        await service.open_signing(tx, deal.seller.actor, deal.id, document_sha256="0" * 64)
    assert refused.value.facts["document_sha256"] == deal.sha256
    assert (await service.get_contract(tx, deal.seller.actor, deal.id)).state is ContractState.DRAFT


async def test_parties_sign_in_order_and_the_last_signature_does_everything_at_once(tx, keys):
    await a_sandbox(tx, datetime(2026, 4, 20, 2, 0, tzinfo=UTC))
    deal = await a_signing(tx, keys)
    with pytest.raises(signing_errors.NotYourTurn):
        await sign(tx, deal.buyer.actor, deal)
    with pytest.raises(signing_errors.WrongDocument):
        await sign(tx, deal.seller.actor, deal, "0" * 64)
    first = await sign(tx, deal.seller.actor, deal)
    assert (first.state, first.in_force_at) == (ContractState.SIGNING, None)
    assert (await rows(tx, "encumbrance"), await rows(tx, "due")) == (0, 0)
    with pytest.raises(signing_errors.SignedAlready):
        await sign(tx, deal.seller.actor, deal)
    last = await sign(tx, deal.buyer.actor, deal)
    assert (last.state, last.term_from, last.term_until) == (
        ContractState.IN_FORCE,
        date(2026, 4, 20),
        date(2032, 4, 20),
    )
    assert [(one.kind, one.state) for one in last.plan] == [
        (LineKind.ENTRY_FEE, LineState.DUE),
        (LineKind.ROYALTY, LineState.PLANNED),
    ]
    [due] = await dues(tx, deal)
    # Five working days after Monday 20 April 2026, the day itself not counted.
    assert (due.minor, due.due_on, due.id) == (60_000_000, date(2026, 4, 27), last.plan[0].due_id)
    assert await rows(tx, "encumbrance") == 1
    with pytest.raises(NotInThisState):
        await sign(tx, deal.buyer.actor, deal)


async def test_two_last_signatures_at_once_make_one_contract_in_force_with_one_due(tx, keys):
    deal = await a_signing(tx, keys)
    second = await a_member(tx, deal.buyer.actor, Role.SIGNATORY, keys=keys)
    await sign(tx, deal.seller.actor, deal)
    await awake(tx)
    outcomes = await asyncio.gather(
        *[sign(tx, one, deal) for one in (deal.buyer.actor, second.actor) for _ in range(4)], return_exceptions=True
    )
    assert [getattr(one, "state", None) for one in outcomes].count(ContractState.IN_FORCE) == 1
    assert {type(one) for one in outcomes if isinstance(one, Exception)} == {NotInThisState}
    assert (await rows(tx, "due"), await rows(tx, "signature")) == (1, 2)


async def test_a_university_that_sells_by_agreement_signs_only_after_its_price_notice(tx, keys):
    await a_sandbox(tx, START)
    deal = await a_signing(tx, keys, seller_kind=OrgKind.UNIVERSITY)
    notice_id = deal.contract.notice_id
    assert notice_id is not None
    with pytest.raises(notice_errors.NotStarted):
        await sign(tx, deal.seller.actor, deal)
    await hang(tx, deal.seller.actor, notice_id)
    with pytest.raises(notice_errors.StillRunning) as refused:
        await sign(tx, deal.seller.actor, deal)
    # Fifteen days from 2 March, the day itself not counted, end with 17 March.
    assert refused.value.facts["ends_at"] == datetime(2026, 3, 17, 16, 0, tzinfo=UTC)
    assert (await rows(tx, "signature"), await rows(tx, "due"), await rows(tx, "encumbrance")) == (0, 0, 0)
    assert (await service.get_contract(tx, deal.seller.actor, deal.id)).state is ContractState.SIGNING
    await move_to(tx, datetime(2026, 3, 17, 16, 0, 1, tzinfo=UTC))
    await sign(tx, deal.seller.actor, deal)
    assert (await sign(tx, deal.buyer.actor, deal)).state is ContractState.IN_FORCE


async def published(tx: Tx, notice_id: UUID) -> dict[str, Any]:
    async with tx.read() as db:
        return await texts.get(db, (await notice_steps.get_facts(db, notice_id)).document_sha256)


async def name_completers(tx: Tx, deal: Deal, *people: UUID) -> None:
    seen = await achievements.get_achievement(tx, deal.seller.actor, deal.achievement_id)
    said, sent = AchievementDraft(completers=people), frozenset({"completers"})
    await achievements.amend_achievement(tx, deal.seller.actor, seen.id, said, sent=sent, if_match=seen.etag)


async def test_a_text_about_what_was_recorded_otherwise_since_is_not_signed_and_drafted_again_it_is(tx, keys):
    deal = await a_draft(tx, keys)
    seen = await achievements.get_achievement(tx, deal.seller.actor, deal.achievement_id)
    said, sent = AchievementDraft(title_en="Something else"), frozenset({"title_en"})
    await achievements.amend_achievement(tx, deal.seller.actor, seen.id, said, sent=sent, if_match=seen.etag)
    with pytest.raises(errors.ObjectsChanged):
        await service.open_signing(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    assert (await rows(tx, "signing"), await rows(tx, "achievement_claim")) == (0, 0)
    anew = await a_signing(tx, keys, seller=deal.seller, achievement_id=deal.achievement_id)
    assert anew.contract.state is ContractState.SIGNING


async def test_a_buyer_whose_person_was_a_completer_yesterday_is_a_related_party_today(tx, keys):
    deal = await a_draft(tx, keys, seller_kind=OrgKind.UNIVERSITY)
    await name_completers(tx, deal, deal.buyer.actor.person)
    await name_completers(tx, deal)
    called = await service.open_signing(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    assert (await published(tx, called.notice_id))["related_party"] is True


async def test_nobody_signs_at_a_price_published_before_the_buyer_became_a_related_party(tx, keys):
    await a_sandbox(tx, START)
    seller = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
    maker = (await a_member(tx, seller.actor, Role.INVENTOR)).actor
    view = await an_achievement(tx, seller.actor, completers=(maker.person,))
    deal = await a_signing(tx, keys, seller=seller, achievement_id=view.id)
    assert (await published(tx, deal.contract.notice_id))["related_party"] is False
    await hang(tx, seller.actor, deal.contract.notice_id)
    async with tx.begin() as db:
        db.add(Membership(person_id=maker.person, org_id=deal.buyer.actor.org, roles=[Role.INVENTOR]))
    await move_to(tx, datetime(2026, 3, 17, 16, 0, 1, tzinfo=UTC))
    with pytest.raises(errors.KinshipUnpublished):
        await sign(tx, seller.actor, deal)
    assert await rows(tx, "signature") == 0


async def test_an_open_objection_to_the_price_stops_the_signing(tx, keys):
    await a_sandbox(tx, START)
    deal = await a_signing(tx, keys, seller_kind=OrgKind.UNIVERSITY)
    rival = await an_organisation(tx, keys=keys)
    assert deal.contract.notice_id is not None
    await hang(tx, deal.seller.actor, deal.contract.notice_id)
    await notices.file_objection(tx, rival.actor, deal.contract.notice_id, grounds="Sample grounds")
    await move_to(tx, START + timedelta(days=60))
    with pytest.raises(notice_errors.Paused):
        await sign(tx, deal.seller.actor, deal)
    assert await rows(tx, "signature") == 0


async def test_a_contract_drafted_again_for_the_same_buyer_takes_the_objection_to_its_price_along(tx, keys):
    await a_sandbox(tx, START)
    deal = await a_signing(tx, keys, seller_kind=OrgKind.UNIVERSITY)
    seller, rival = deal.seller.actor, (await an_organisation(tx, keys=keys)).actor
    operator = (await a_market(tx))["operator"].actor

    async def called_again(former: UUID, minor: int = 60_000_000) -> ContractView:
        await service.cancel(tx, seller, former)
        terms = {"licence_kind": "ORDINARY", "scope": SCOPE, "entry_fee_minor": minor}
        sold = [deal.achievement_id]
        drafted = await service.draft_directly(
            tx, seller, buyer_org=deal.buyer.actor.org, achievement_ids=sold, **terms
        )
        return await service.open_signing(tx, seller, drafted.id, document_sha256=drafted.document_sha256)

    await hang(tx, seller, deal.contract.notice_id)
    filed = await notices.file_objection(tx, rival, deal.contract.notice_id, grounds="a tenth of its worth")
    second = await called_again(deal.id)
    await hang(tx, seller, second.notice_id)
    assert (await notices.get_objection(tx, rival, filed.id)).notice_id == second.notice_id
    await notices.decide_objection(tx, operator, filed.id, upheld=True, reasons="Sample reasons")
    with pytest.raises(notice_errors.PriceUpheldBefore):
        await called_again(second.id)
    newest = (await service.list_contracts(tx, seller, cursor=None, limit=1)).items[0]
    assert (newest.state, await rows(tx, "notice")) == (ContractState.DRAFT, 2)
    assert (await called_again(newest.id, 60_000_100)).state is ContractState.SIGNING


async def test_while_an_exclusive_licence_waits_for_signatures_a_second_contract_is_not_called_to_sign(tx, keys):
    first = await a_signing(tx, keys, licence_kind="EXCLUSIVE")
    second = await a_draft(tx, keys, seller=first.seller, achievement_id=first.achievement_id)
    with pytest.raises(UnderWay):
        await service.open_signing(tx, second.seller.actor, second.id, document_sha256=second.sha256)
    assert (await service.get_contract(tx, second.seller.actor, second.id)).state is ContractState.DRAFT
    assert (await rows(tx, "signing"), await rows(tx, "signature")) == (1, 0)
    await service.cancel(tx, first.seller.actor, first.id)
    await service.open_signing(tx, second.seller.actor, second.id, document_sha256=second.sha256)
    for actor in (second.seller.actor, second.buyer.actor):
        await sign(tx, actor, second)
    assert (await rows(tx, "encumbrance"), await rows(tx, "achievement_claim")) == (1, 0)


async def test_an_exclusive_licence_recorded_meanwhile_stops_a_contract_at_its_last_signature(tx, keys):
    deal = await a_signing(tx, keys, licence_kind="EXCLUSIVE")
    await sign(tx, deal.seller.actor, deal)
    everything = Scope("WORLD", "ANY", date(2020, 1, 1))
    from_before = achievements.BurdenDraft(BurdenKind.LICENCE_EXCLUSIVE, everything, "Sample licensee")
    await achievements.record_burden(tx, deal.seller.actor, deal.achievement_id, from_before)
    with pytest.raises(LicenceOverlaps):
        await sign(tx, deal.buyer.actor, deal)
    seen = await service.get_contract(tx, deal.buyer.actor, deal.id)
    assert (seen.state, seen.plan[0].state) == (ContractState.SIGNING, LineState.PLANNED)
    assert (await rows(tx, "due"), await rows(tx, "signature")) == (0, 1)


async def test_of_two_exclusive_contracts_called_to_sign_at_the_same_moment_one_is(tx, keys):
    first = await a_draft(tx, keys, licence_kind="EXCLUSIVE")
    second = await a_draft(tx, keys, seller=first.seller, achievement_id=first.achievement_id, licence_kind="EXCLUSIVE")
    await awake(tx)
    outcomes = await asyncio.gather(
        *[
            service.open_signing(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
            for deal in (first, second)
        ],
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["ContractView", "UnderWay"]
    assert (await rows(tx, "achievement_claim"), await rows(tx, "signing")) == (1, 1)


async def test_the_seller_takes_back_a_contract_that_is_not_in_force_and_its_signing_ends(tx, keys):
    await a_sandbox(tx, START)
    deal = await a_signing(tx, keys, seller_kind=OrgKind.UNIVERSITY)
    view = await service.cancel(tx, deal.seller.actor, deal.id)
    assert (view.state, {one.state for one in view.plan}) == (ContractState.CANCELLED, {LineState.CANCELLED})
    with pytest.raises(NotInThisState):
        await sign(tx, deal.seller.actor, deal)
    async with tx.read() as db:
        states = (await db.execute(sql("SELECT (SELECT state FROM signing), (SELECT state FROM notice)"))).one()
    assert tuple(states) == ("VOID", "WITHDRAWN")


async def test_the_text_that_was_signed_cannot_be_exchanged(tx, keys):
    deal = await a_signing(tx, keys)
    for statement in ("UPDATE contract_version SET n = 2", "DELETE FROM contract_version"):
        with pytest.raises(Exception, match="never changed"):
            async with tx.begin() as db:
                await db.execute(sql(statement))
    assert (await service.get_document(tx, deal.buyer.actor, deal.id)).sha256 == deal.sha256


# --- performing ---


async def test_a_paid_due_marks_the_plan_line_once(tx, keys):
    deal = await in_force(tx, keys)
    assert await pay(tx, keys, deal.id) == 1
    view = await service.get_contract(tx, deal.buyer.actor, deal.id)
    assert (view.plan[0].state, view.state) == (LineState.PAID, ContractState.IN_FORCE)
    due_id = view.plan[0].due_id
    assert due_id is not None
    assert await service.mark_paid(tx, due_id) is False
    assert await service.mark_paid(tx, uuid4()) is False
    async with tx.read() as db:
        assert await steps.contract_of_due(db, due_id) == deal.id


async def test_the_licensee_reports_once_a_period_and_the_royalty_falls_due(tx, keys):
    await a_sandbox(tx, START)
    deal = await in_force(tx, keys)
    period = {"period_from": date(2026, 3, 2), "period_to": date(2026, 12, 31)}
    with pytest.raises(errors.PeriodNotOver):
        await service.report_royalty(tx, deal.buyer.actor, deal.id, **period, base_minor=1)
    await move_to(tx, datetime(2027, 1, 10, 2, 0, tzinfo=UTC))
    report = await service.report_royalty(tx, deal.buyer.actor, deal.id, **period, base_minor=1_845_678_912)
    assert (report.royalty, report.paid_at) == (Money(55_370_367), None)
    assert [(d.purpose.value, d.minor, d.due_on) for d in await dues(tx, deal)][1:] == [
        ("ROYALTY", 55_370_367, date(2027, 2, 9))
    ]
    with pytest.raises(errors.PeriodReported):
        await service.report_royalty(tx, deal.buyer.actor, deal.id, **period, base_minor=1)
    assert await pay(tx, keys, deal.id) == 2
    view = await service.get_contract(tx, deal.seller.actor, deal.id)
    assert [one.paid_at is not None for one in view.royalty_reports] == [True]


async def test_twenty_reports_of_one_period_at_once_are_one_report(tx, keys):
    await a_sandbox(tx, START)
    deal = await in_force(tx, keys)
    await move_to(tx, datetime(2027, 1, 10, 2, 0, tzinfo=UTC))
    period = {"period_from": date(2026, 3, 2), "period_to": date(2026, 12, 31)}
    await awake(tx)
    outcomes = await asyncio.gather(
        *[service.report_royalty(tx, deal.buyer.actor, deal.id, **period, base_minor=10_000) for _ in range(20)],
        return_exceptions=True,
    )
    assert [type(one).__name__ for one in outcomes].count("RoyaltyReportView") == 1
    assert {type(one) for one in outcomes if isinstance(one, Exception)} == {errors.PeriodReported}
    assert (await rows(tx, "royalty_report"), await rows(tx, "due")) == (1, 2)


async def test_a_report_of_nothing_is_kept_and_owes_nothing(tx, keys):
    await a_sandbox(tx, START)
    deal = await in_force(tx, keys)
    await move_to(tx, datetime(2027, 1, 10, 2, 0, tzinfo=UTC))
    report = await service.report_royalty(
        tx, deal.buyer.actor, deal.id, period_from=date(2026, 3, 2), period_to=date(2026, 12, 31), base_minor=0
    )
    assert (report.royalty, report.due_id, await rows(tx, "due")) == (Money(0), None, 1)


async def test_no_royalty_is_reported_where_none_was_agreed(tx, keys):
    await a_sandbox(tx, START)
    deal = await in_force(tx, keys, royalty=None)
    with pytest.raises(errors.NoRoyalty):
        await service.report_royalty(tx, deal.buyer.actor, deal.id, **half(2026), base_minor=1)


async def test_a_dispute_stops_reports_and_registration_until_an_operator_settles_it(tx, keys):
    market, deal = await a_market(tx, keys), await in_force(tx, keys)
    assert (await service.dispute(tx, deal.buyer.actor, deal.id, reasons="Sample")).state is ContractState.DISPUTED
    with pytest.raises(errors.NotInForce):
        await service.report_royalty(tx, deal.buyer.actor, deal.id, **half(2026), base_minor=1)
    with pytest.raises(errors.NotInForce):
        await a_registration(tx, deal)
    with pytest.raises(NotAllowed):
        await service.settle_dispute(tx, deal.seller.actor, deal.id)
    view = await service.settle_dispute(tx, market["operator"].actor, deal.id)
    assert view.state is ContractState.IN_FORCE
    ended = await service.terminate(tx, market["operator"].actor, deal.id, reasons="Sample")
    assert (ended.state, ended.reasons) == (ContractState.TERMINATED, "Sample")


async def test_a_contract_is_performed_when_its_term_is_over_and_everything_is_paid(tx, keys):
    await a_sandbox(tx, START)
    deal = await in_force(tx, keys, scope=ScopeTerms("CN", "ANY", "ANY", 1), royalty=None)
    with pytest.raises(errors.TermNotOver):
        await service.perform(tx, deal.seller.actor, deal.id)
    await move_to(tx, datetime(2027, 3, 3, 2, 0, tzinfo=UTC))
    with pytest.raises(DuesOpen):
        await service.perform(tx, deal.seller.actor, deal.id)
    await pay(tx, keys, deal.id)
    assert (await service.perform(tx, deal.seller.actor, deal.id)).state is ContractState.PERFORMED


# --- registration ---


async def test_the_sellers_side_files_once_and_the_registrar_has_the_days_of_the_province(tx, keys):
    await a_sandbox(tx, START)
    deal = await in_force(tx, keys)
    await awake(tx)
    outcomes = await asyncio.gather(*[a_registration(tx, deal) for _ in range(5)], return_exceptions=True)
    filed = [one for one in outcomes if not isinstance(one, BaseException)]
    assert [one.state for one in filed] == [RegistrationState.FILED]
    assert {type(one) for one in outcomes if isinstance(one, Exception)} == {errors.RegistrationExists}
    # Ten days in Zhejiang from 2 March end with 12 March.
    assert filed[0].decide_by == datetime(2026, 3, 12, 16, 0, tzinfo=UTC)


async def test_where_no_rule_gives_a_period_none_is_invented(tx, keys):
    await a_sandbox(tx, START)
    seller = await an_organisation(tx, keys=keys, region="310000")
    deal = await in_force(tx, keys, seller=seller)
    assert (await a_registration(tx, deal)).decide_by is None


async def test_a_registrar_registers_under_a_number_and_the_flags_are_set(tx, keys):
    await a_sandbox(tx, START)
    market, deal = await a_market(tx, keys), await in_force(tx, keys)
    filed = await a_registration(tx, deal)
    view = await service.decide_registration(
        tx,
        market["registrar"].actor,
        filed.id,
        number="2633010600012",
        technology_minor=50_000_000,
        non_technical=[("示例设备", 10_000_000)],
    )
    assert (view.state, view.technology_amount) == (RegistrationState.REGISTERED, Money(50_000_000))
    assert view.warnings == ("contracts.registration_number_form",)
    assert {(one.tax, one.relief, one.needs_confirmation) for one in view.reliefs} == {
        (Tax.VAT, Relief.EXEMPT, True),
        (Tax.CIT, Relief.EXEMPT_BAND, False),
        (Tax.IIT, Relief.NO_RELIEF, False),
        (Tax.STAMP, Relief.DUE, True),
    }
    with pytest.raises(NotInThisState):
        await service.decide_registration(tx, market["registrar"].actor, filed.id, number="26330106000123")
    revoked = await service.revoke_registration(tx, market["registrar"].actor, filed.id, reasons="Sample: sham")
    assert revoked.state is RegistrationState.REVOKED
    async with tx.read() as db:
        facts = await steps.registration_of(db, deal.id)
    assert facts is not None
    assert facts.state is RegistrationState.REVOKED


async def test_a_registration_is_refused_with_reasons_and_may_be_filed_again(tx, keys):
    market, deal = await a_market(tx, keys), await in_force(tx, keys)
    filed = await a_registration(tx, deal)
    with pytest.raises(errors.ReasonsMissing):
        await service.decide_registration(tx, market["registrar"].actor, filed.id, number=None)
    refused = await service.decide_registration(
        tx, market["registrar"].actor, filed.id, number=None, reasons="Sample: not a technology contract"
    )
    assert refused.state is RegistrationState.REFUSED
    assert (await a_registration(tx, deal)).state is RegistrationState.FILED


async def test_amounts_that_do_not_fit_are_refused_at_filing_and_at_the_decision(tx, keys):
    market, deal = await a_market(tx, keys), await in_force(tx, keys)
    with pytest.raises(errors.TechnologyAboveWhole):
        await service.file_registration(
            tx, deal.seller.actor, deal.id, contract_class=ContractType.LICENCE, whole_minor=1, technology_minor=2
        )
    filed = await a_registration(tx, deal)
    with pytest.raises(errors.TechnologyAboveWhole):
        await service.decide_registration(
            tx, market["registrar"].actor, filed.id, number="26330106000123", whole_minor=1
        )
    view = await service.get_contract(tx, deal.seller.actor, deal.id)
    assert view.registration is not None
    assert view.registration.state is RegistrationState.FILED
    assert await rows(tx, "relief_flag") == 0


async def test_neither_a_party_nor_its_person_nor_another_role_decides_a_registration(tx, keys):
    market, deal = await a_market(tx, keys), await in_force(tx, keys)
    filed = await a_registration(tx, deal)
    with pytest.raises(NotAllowed):
        await service.decide_registration(tx, deal.seller.actor, filed.id, number="26330106000123")
    with pytest.raises(NotAllowed):
        await service.decide_registration(tx, market["operator"].actor, filed.id, number="26330106000123")
    registrar = market["registrar"].actor
    async with tx.begin() as db:
        await db.execute(
            sql("INSERT INTO membership (person_id, org_id, roles) VALUES (:p, :o, '{INVENTOR}')"),
            {"p": registrar.person_id, "o": deal.buyer.actor.org_id},
        )
    with pytest.raises(errors.RegistrarBelongsToParty):
        await service.decide_registration(tx, registrar, filed.id, number="26330106000123")
    assert (await service.get_contract(tx, deal.seller.actor, deal.id)).registration.state is RegistrationState.FILED


async def test_a_line_whose_money_went_back_is_paid_no_longer_and_stays_so(tx, keys):
    deal = await in_force(tx, keys)
    await pay(tx, keys, deal.id)
    (due,) = await dues(tx, deal)
    async with tx.begin() as db:
        await settlement.refund_due(db, due.id, actor=None)
    assert [await service.mark_refunded(tx, due.id) for _ in range(2)] == [True, False]
    assert not await service.mark_paid(tx, due.id)
    assert (await service.get_contract(tx, deal.buyer.actor, deal.id)).plan[0].state is LineState.REFUNDED
