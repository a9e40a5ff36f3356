"""Every kind of contract, what its text must state, and what it waits for before it has effect."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from techmarket.achievements import steps as achievements
from techmarket.achievements.rights import Right, RightKind, RightStatus
from techmarket.contracts import errors, screening, service, steps, templates
from techmarket.contracts.borders import Category, ClearanceKind, Crossing, Direction
from techmarket.contracts.lifecycle import ContractState, LineState
from techmarket.contracts.plans import PlanTerms, RoyaltyPlan, YearRate
from techmarket.contracts.rules import ContractType, DeadlineKind, LineKind, TitleMoves
from techmarket.contracts.templates import Form
from techmarket.contracts.text import Clause
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.periods import Length, Unit
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices.errors import EvidenceMissing
from techmarket.settlement import service as bank
from techmarket.settlement import steps as settlement
from techmarket.settlement.errors import DuesOpen, ReleaseOnHold
from tests.achievements.make import an_achievement_id
from tests.contracts.make import Deal, a_draft, a_signing, awake, in_force, pay
from tests.identity.make import a_market, an_organisation
from tests.notices.make import a_sandbox, an_evidence, move_to

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LUMP = (PlanTerms(LineKind.LUMP, 1_000_000),)
WORK: dict[str, Any] = {"licence_kind": None, "entry_fee_minor": None, "royalty": None, "scope": None}
TASK = {"task": "示例任务", "schedule": "六个月", "acceptance": "按附件验收"}
GIVEN: dict[ContractType, dict[str, str]] = {
    ContractType.DEVELOPMENT: TASK,
    ContractType.CONSULTING: {k: TASK[k] for k in ("task", "acceptance")},
    ContractType.SERVICE: TASK,
    ContractType.TRAINING: {k: TASK[k] for k in ("task", "schedule")},
    ContractType.INTERMEDIARY: {"deal": "示例技术交易"},
}


async def work(tx, keys, contract_type: ContractType, **changes: Any) -> Deal:
    """A contract that orders work, negotiated between two enterprises."""
    seller, buyer = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    form = Form.COMMISSIONED if contract_type is ContractType.DEVELOPMENT else None
    terms = {"type": contract_type, "form": form, "plan": LUMP, "facts": GIVEN[contract_type], **changes}
    view = await service.draft_directly(tx, seller.actor, buyer_org=buyer.actor.org, **terms)
    return Deal(seller, buyer, seller.actor.org, view)


async def signed(tx, deal: Deal) -> Any:
    await service.open_signing(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    await service.sign(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    return await service.sign(tx, deal.buyer.actor, deal.id, document_sha256=deal.sha256)


# --- what the text must state ---


def test_each_kind_of_contract_asks_by_name_for_what_no_law_fills():
    for contract_type, given in GIVEN.items():
        form = Form.COMMISSIONED if contract_type is ContractType.DEVELOPMENT else None
        stated = templates.filled(contract_type, form, given)
        assert {fact["code"] for fact in stated if fact["by"] == "parties"} == set(given)
        for code in given:
            with pytest.raises(errors.FactsMissing) as refused:
                templates.filled(contract_type, form, {k: v for k, v in given.items() if k != code})
            assert refused.value.facts == {"missing": [code]}
    with pytest.raises(errors.FactsMissing) as refused:
        templates.filled(ContractType.DEVELOPMENT, Form.COOPERATIVE, TASK)
    assert refused.value.facts == {"missing": ["contributions"]}
    with pytest.raises(errors.FactsUnknown):
        templates.filled(ContractType.LICENCE, None, {"task": "x"})


def test_where_the_parties_are_silent_the_text_states_the_law_and_says_that_it_is_the_law():
    silent = {fact["code"]: fact for fact in templates.filled(ContractType.LICENCE, None, {})}
    assert (silent["improvement"]["by"], silent["improvement"]["source"]) == ("law", "art. 875")
    assert "SPC-T art. 26" in silent["maintenance"]["source"]
    given = {fact["code"]: fact for fact in templates.filled(ContractType.LICENCE, None, {"improvement": "共有"})}
    assert (given["improvement"]["by"], given["improvement"]["text"]) == ("parties", "共有")


PATENT = Right(RightKind.INVENTION_PATENT, "ZL202310123456.6", status=RightStatus.GRANTED, filed_on=date(2023, 3, 1))


async def test_signing_opens_only_when_every_fact_of_a_patent_is_on_record(tx, keys):
    await a_sandbox(tx, START)
    seller = await an_organisation(tx, keys=keys)
    bare = Right(RightKind.INVENTION_PATENT, "ZL202310123456.6", status=RightStatus.GRANTED)
    poor = await an_achievement_id(tx, seller.actor, rights=(bare,))
    deal = await a_draft(tx, keys, seller=seller, achievement_id=poor)
    with pytest.raises(errors.PatentFactsMissing) as refused:
        await service.open_signing(tx, seller.actor, deal.id, document_sha256=deal.sha256)
    assert refused.value.facts["missing"] == [
        "202310123456.6: filed_on",
        "202310123456.6: expires_on",
    ]
    assert (await service.get_contract(tx, seller.actor, deal.id)).state is ContractState.DRAFT
    whole = await an_achievement_id(tx, seller.actor, rights=(PATENT,))
    deal = await a_signing(tx, keys, seller=seller, achievement_id=whole)
    right = (await service.get_document(tx, seller.actor, deal.id)).document["objects"][0]["rights"][0]
    assert right == {
        "kind": "INVENTION_PATENT",
        "number": "202310123456.6",
        "application_number": "202310123456.6",
        "filed_on": "2023-03-01",
        "expires_on": "2043-02-28",
    }


def test_a_patent_that_has_run_out_or_fallen_is_not_contracted():
    stands = templates.PatentFacts("N", ("O",), "ZL1", "1", date(2003, 1, 1), date(2023, 1, 1), False, False)
    with pytest.raises(errors.PatentOver):
        templates.require_patents([stands], today=date(2023, 1, 2))
    templates.require_patents([stands], today=date(2023, 1, 1))
    fallen = templates.PatentFacts("N", ("O",), "ZL1", "1", date(2013, 1, 1), date(2033, 1, 1), False, True)
    with pytest.raises(errors.PatentOver):
        templates.require_patents([fallen], today=date(2023, 1, 1))


# --- clauses to look at twice ---

BAD = {
    "GRANT_BACK": ("被许可人的改进成果无偿归许可人所有", "Any improvements shall be assigned to the Licensor."),
    "COMPETING_TECHNOLOGY": ("被许可人不得使用竞争性技术", "The licensee shall not use any competing technology."),
    "EXPLOITATION": ("产品不得出口", "The products shall not be exported: no export outside China."),
    "TIE_IN": ("被许可人必须一并购买许可人的设备", "The licensee must also purchase the spare parts."),
    "SOURCING": ("被许可人只能向许可人采购原材料", "Raw material is bought only from the Licensor."),
    "NO_CHALLENGE": (
        "被许可人不得对专利的有效性提出异议",
        "The licensee shall not challenge the validity of the patent.",
    ),
}
GOOD = (
    "双方各自的改进归各自所有，可以互惠许可。",
    "被许可人应当按期付款，并保存账簿备查。",
    "许可人应当向被许可人提供技术资料。",
    "The licensee pays the royalty within thirty days and keeps books.",
    "Each party owns its own improvements.",
    "The licensor warrants that the patent is valid and pays its fees.",
)


@pytest.mark.parametrize("code", BAD)
def test_every_clause_the_court_names_is_flagged_in_chinese_and_english_and_none_other(code):
    for words in BAD[code]:
        found = [flag.code.value for flag in screening.screen([("条款", words)])]
        assert code in found, words
    assert [flag for words in GOOD for flag in screening.screen([("t", words)])] == []


async def test_a_flagged_clause_is_pointed_out_and_refuses_nothing(tx, keys):
    clause = Clause("回授", "被许可人的改进成果无偿归许可人所有。")
    deal = await a_draft(tx, keys, clauses=(clause,))
    [flag] = deal.contract.findings["clauses"]
    assert (flag["code"], flag["clause"], flag["source"]) == ("GRANT_BACK", "回授", "SPC-T art. 10(1)")
    assert (await signed(tx, deal)).state is ContractState.IN_FORCE


# --- kinds and prices ---


@pytest.mark.parametrize("contract_type", [ContractType.DEVELOPMENT, ContractType.INTERMEDIARY])
async def test_a_contract_that_orders_work_goes_from_draft_to_force_and_its_price_falls_due(tx, keys, contract_type):
    await a_sandbox(tx, START)
    deal = await work(tx, keys, contract_type)
    view = await signed(tx, deal)
    assert (view.type, view.state, view.achievement_ids) == (contract_type, ContractState.IN_FORCE, ())
    async with tx.read() as db:
        [due] = await settlement.dues_of(db, Ref("contract", deal.id))
        facts = await steps.get_contract(db, deal.id)
    assert (due.minor, due.purpose.value, due.due_on) == (1_000_000, "PRICE", date(2026, 3, 9))
    assert facts.price_minor == 1_000_000


async def test_terms_that_do_not_belong_to_the_kind_are_refused_by_name(tx, keys):
    seller = await an_organisation(tx, keys=keys)
    one = await an_achievement_id(tx, seller.actor)
    cases: list[tuple[type[Exception], dict[str, Any]]] = [
        (errors.LicenceKindMissing, {"licence_kind": None}),
        (errors.AchievementsUnfit, {"type": ContractType.SERVICE, "licence_kind": None, "facts": TASK}),
        (errors.FormUnfit, {"form": Form.COMMISSIONED}),
        (errors.TitleNotMoving, {"title_moves": TitleMoves.ON_EFFECT}),
        (errors.TrialUnfit, {"type": ContractType.TRANSFER, "licence_kind": None, "trial_months": 3}),
        (errors.TechnologyProhibited, {"crossing": Crossing(Direction.EXPORT, Category.PROHIBITED)}),
    ]
    for refusal, changes in cases:
        with pytest.raises(refusal):
            await a_draft(tx, keys, seller=seller, achievement_id=one, **changes)


async def test_instalments_of_a_state_owned_asset_keep_the_law_and_of_others_are_only_pointed_out(tx, keys):
    await a_sandbox(tx, START)
    seller = await an_organisation(tx, keys=keys)
    one = await an_achievement_id(tx, seller.actor)
    plan = (
        PlanTerms(LineKind.INSTALMENT, 20, "首付"),
        PlanTerms(LineKind.INSTALMENT, 80, "余款", within=Length(10, Unit.MONTHS)),
    )
    terms: dict[str, Any] = {"type": ContractType.TRANSFER, **WORK, "plan": plan, "seller": seller}
    deal = await a_draft(tx, keys, achievement_id=one, **terms)
    assert deal.contract.findings["plan"] == ["first_part_too_small"]
    with pytest.raises(errors.InstalmentsUnfit) as refused:
        await a_draft(tx, keys, achievement_id=one, state_asset=True, **terms)
    assert refused.value.facts["first_ratio_min"] == Decimal("0.30")
    fair = (PlanTerms(LineKind.INSTALMENT, 30, "首付"), replace(plan[1], minor=70))
    other = await a_draft(tx, keys, achievement_id=one, state_asset=True, **(terms | {"plan": fair}))
    # Security and interest are recalled, not read: they are pointed out and refuse nothing.
    assert other.contract.findings["plan"] == ["rest_not_secured", "rest_without_interest"]


async def test_a_transfer_moves_the_title_once_it_is_paid_with_the_registers_paper(tx, keys):
    await a_sandbox(tx, START)
    equity = PlanTerms(LineKind.EQUITY, 300, "Sample Co. / 示例公司", share=Decimal("0.3"))
    deal = await a_draft(tx, keys, type=ContractType.TRANSFER, **WORK, plan=(*LUMP, equity))
    view = await signed(tx, deal)
    assert [(one.kind, one.state) for one in view.plan] == [
        (LineKind.LUMP, LineState.DUE),
        (LineKind.EQUITY, LineState.CONTRIBUTED),
    ]
    async with tx.read() as db:
        assert (await steps.get_contract(db, deal.id)).price_minor == 1_000_000
    paper = await an_evidence(tx, deal.seller.actor)
    with pytest.raises(DuesOpen):
        await service.hand_over_title(tx, deal.seller.actor, deal.id, evidence_sha256=paper)
    await pay(tx, keys, deal.id)
    moved = await service.hand_over_title(tx, deal.seller.actor, deal.id, evidence_sha256=paper)
    assert moved.title_moved_at is not None
    async with tx.read() as db:
        facts = (await achievements.get_facts(db, [deal.achievement_id]))[deal.achievement_id]
    assert [(one.org_id, one.share) for one in facts.owners] == [(deal.buyer.actor.org, Decimal(1))]
    with pytest.raises(errors.TitleNotMoving):
        await service.hand_over_title(tx, deal.seller.actor, deal.id, evidence_sha256=paper)
    # While the contract stands nothing goes back; once it was ended the buyer gives back what it moved, once.
    theirs, operator = await an_evidence(tx, deal.buyer.actor), (await a_market(tx, keys))["operator"].actor
    with pytest.raises(errors.NoTitleToRestore):
        await service.restore_title(tx, deal.buyer.actor, deal.id, evidence_sha256=theirs)
    await service.terminate(tx, operator, deal.id, reasons="Sample: void")
    with pytest.raises(NotAllowed):
        await service.restore_title(tx, deal.seller.actor, deal.id, evidence_sha256=paper)
    with pytest.raises(EvidenceMissing):
        await service.restore_title(tx, deal.buyer.actor, deal.id, evidence_sha256="0" * 64)
    await awake(tx, 4)
    tries = [service.restore_title(tx, deal.buyer.actor, deal.id, evidence_sha256=theirs) for _ in range(4)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["ContractView"] + ["NoTitleToRestore"] * 3
    async with tx.read() as db:
        facts = (await achievements.get_facts(db, [deal.achievement_id]))[deal.achievement_id]
    assert [(one.org_id, one.share) for one in facts.owners] == [(deal.seller.actor.org, Decimal(1))]


# --- try before you buy ---


async def test_a_trial_is_free_and_lapses_by_itself_when_nobody_accepts(tx, keys):
    await a_sandbox(tx, START)
    deal = await a_draft(tx, keys, trial_months=3)
    view = await signed(tx, deal)
    assert (view.state, view.trial_until, view.in_force_at) == (ContractState.TRIAL, date(2026, 6, 2), None)
    async with tx.read() as db:
        assert await settlement.dues_of(db, Ref("contract", deal.id)) == []
    await move_to(tx, datetime(2026, 6, 2, 15, 59, tzinfo=UTC))
    assert await service.lapse_trials(tx) == 0
    await move_to(tx, datetime(2026, 6, 2, 16, 0, tzinfo=UTC))
    with pytest.raises(errors.TrialNotRunning):
        await service.accept_trial(tx, deal.buyer.actor, deal.id)
    assert (await service.lapse_trials(tx), await service.lapse_trials(tx)) == (1, 0)
    gone = await service.get_contract(tx, deal.buyer.actor, deal.id)
    assert (gone.state, gone.plan[0].state) == (ContractState.CANCELLED, LineState.CANCELLED)


async def test_a_trial_that_is_accepted_takes_effect_on_the_terms_signed_before_it_and_only_by_the_buyer(tx, keys):
    await a_sandbox(tx, START)
    deal = await a_draft(tx, keys, trial_months=3)
    await signed(tx, deal)
    await move_to(tx, datetime(2026, 5, 4, 2, 0, tzinfo=UTC))
    with pytest.raises(errors.NotInForce):
        await service.report_royalty(
            tx, deal.buyer.actor, deal.id, period_from=date(2026, 3, 2), period_to=date(2026, 4, 1), base_minor=1
        )
    taken = await service.accept_trial(tx, deal.buyer.actor, deal.id)
    assert (taken.state, taken.term_from, taken.document_sha256) == (
        ContractState.IN_FORCE,
        date(2026, 5, 4),
        deal.sha256,
    )
    assert taken.plan[0].state is LineState.DUE
    with pytest.raises(NotInThisState):
        await service.decline_trial(tx, deal.buyer.actor, deal.id, reasons="x")


# --- across the border ---

PAPER: dict[str, Any] = {"number": "SAMPLE-1", "issued_by": "示例主管部门", "issued_on": date(2026, 3, 1)}


async def test_a_contract_about_restricted_technology_has_no_effect_before_its_licence_is_recorded(tx, keys):
    await a_sandbox(tx, START)
    deal = await a_draft(tx, keys, crossing=Crossing(Direction.EXPORT, Category.RESTRICTED))
    view = await signed(tx, deal)
    assert (view.state, view.in_force_at) == (ContractState.AWAITING_CLEARANCE, None)
    async with tx.read() as db:
        assert await settlement.dues_of(db, Ref("contract", deal.id)) == []
        assert (await steps.get_contract(db, deal.id)).open_clearances == (ClearanceKind.LICENCE,)
    paper = await an_evidence(tx, deal.seller.actor)
    record = {**PAPER, "evidence_sha256": paper}
    with pytest.raises(errors.ClearanceNotNeeded):
        await service.record_clearance(tx, deal.seller.actor, deal.id, kind=ClearanceKind.REGISTRATION, **record)
    with pytest.raises(errors.NotYetIssued):
        await service.record_clearance(
            tx, deal.seller.actor, deal.id, kind=ClearanceKind.LICENCE, **(record | {"issued_on": date(2026, 3, 3)})
        )
    done = await service.record_clearance(tx, deal.seller.actor, deal.id, kind=ClearanceKind.LICENCE, **record)
    assert (done.state, done.plan[0].state) == (ContractState.IN_FORCE, LineState.DUE)


async def test_free_technology_holds_at_once_and_waits_for_its_registration_before_it_is_certified(tx, keys):
    deal = await in_force(tx, keys, crossing=Crossing(Direction.IMPORT, Category.FREE))
    assert deal.contract.state is ContractState.IN_FORCE
    async with tx.begin() as db:
        assert (await steps.get_contract(db, deal.id)).open_clearances == (ClearanceKind.REGISTRATION,)
        with pytest.raises(errors.ClearancesOpen):
            await steps.require_in_force(db, deal.id)


async def test_what_the_state_paid_for_leaves_exclusively_only_with_the_project_bodys_approval(tx, keys):
    await a_sandbox(tx, START)
    leaves = Crossing(Direction.EXPORT, Category.FREE, "示例专项 2020")
    ordinary = await a_signing(tx, keys, crossing=leaves)
    assert ordinary.contract.state is ContractState.SIGNING
    deal = await a_draft(tx, keys, crossing=leaves, licence_kind="EXCLUSIVE")
    with pytest.raises(errors.ClearanceMissing) as refused:
        await service.open_signing(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    assert refused.value.facts == {"missing": [ClearanceKind.PROJECT_APPROVAL]}
    paper = await an_evidence(tx, deal.seller.actor)
    await service.record_clearance(
        tx, deal.seller.actor, deal.id, kind=ClearanceKind.PROJECT_APPROVAL, **PAPER, evidence_sha256=paper
    )
    assert (await signed(tx, deal)).state is ContractState.IN_FORCE


# --- a dispute holds the money ---


async def test_money_of_a_contract_in_dispute_is_not_released_until_it_is_settled(tx, keys):
    market, deal = await a_market(tx, keys), await in_force(tx, keys)
    await pay(tx, keys, deal.id)
    async with tx.read() as db:
        [due] = await settlement.dues_of(db, Ref("contract", deal.id))
    await service.dispute(tx, deal.buyer.actor, deal.id, reasons="Sample")
    with pytest.raises(ReleaseOnHold):
        await bank.release_due(tx, market["finance"].actor, due.id)
    await service.settle_dispute(tx, market["operator"].actor, deal.id)
    await bank.release_due(tx, market["finance"].actor, due.id)
    async with tx.read() as db:
        assert (await settlement.get_due(db, due.id)).released_at is not None


# --- royalties with years, minimum, corrections and interest ---

STEPPED = RoyaltyPlan(
    "net_sales",
    (YearRate(1, Decimal("0.02")), YearRate(2, Decimal("0.05"))),
    30,
    report_months=6,
    minimum_year_minor=100_000,
    late_daily_rate=Decimal("0.0005"),
    audit=True,
)


async def test_a_wrong_report_is_corrected_beside_it_and_the_difference_falls_due_or_is_a_credit(tx, keys):
    await a_sandbox(tx, START)
    deal = await in_force(
        tx, keys, entry_fee_minor=None, royalty=None, plan=(PlanTerms(LineKind.ROYALTY, royalty=STEPPED),)
    )
    await move_to(tx, datetime(2027, 3, 10, 2, 0, tzinfo=UTC))
    buyer, stranger = deal.buyer.actor, (await an_organisation(tx, keys=keys)).actor
    first = await service.report_royalty(
        tx, buyer, deal.id, period_from=date(2026, 3, 2), period_to=date(2026, 9, 1), base_minor=10_000_000
    )
    with pytest.raises(errors.PeriodCrossesYear):
        await service.report_royalty(
            tx, buyer, deal.id, period_from=date(2026, 9, 2), period_to=date(2027, 3, 5), base_minor=1
        )
    # The year is full with this report: 200,000 of royalty are above the minimum of 1,000.00 yuan already.
    second = await service.report_royalty(
        tx, buyer, deal.id, period_from=date(2026, 9, 2), period_to=date(2027, 3, 1), base_minor=0
    )
    assert (first.charged, second.charged, second.due_id) == (Money(200_000), Money(0), None)
    down = await service.correct_report(tx, buyer, first.id, base_minor=1_000_000, reasons="示例：多报")
    assert (down.base, down.charged, down.credit) == (Money(10_000_000), Money(200_000), Money(100_000))
    up = await service.correct_report(tx, buyer, first.id, base_minor=12_000_000, reasons="示例：漏报")
    assert [(one.n, one.was, one.base, one.charged) for one in up.corrections] == [
        (1, Money(10_000_000), Money(1_000_000), Money(0)),
        (2, Money(1_000_000), Money(12_000_000), Money(40_000)),
    ]
    with pytest.raises(errors.NothingCorrected):
        await service.correct_report(tx, buyer, first.id, base_minor=12_000_000, reasons="again")
    with pytest.raises(NotFound):
        await service.correct_report(tx, stranger, first.id, base_minor=1, reasons="x")
    async with tx.read() as db:
        dues = await settlement.dues_of(db, Ref("contract", deal.id))
    assert [due.minor for due in dues] == [200_000, 40_000]
    # Ten days late: 0.05 % a day of each.
    await move_to(tx, datetime(2027, 4, 19, 2, 0, tzinfo=UTC))
    await pay(tx, keys, deal.id)
    async with tx.read() as db:
        late = [
            due for due in await settlement.dues_of(db, Ref("contract", deal.id)) if due.purpose.value == "INTEREST"
        ]
        assert [await steps.contract_of_due(db, due.id) for due in late] == [deal.id, deal.id]
    assert sorted(due.minor for due in late) == [200, 1_000]


# --- deadlines ---


async def test_what_is_due_stands_in_a_list_and_what_goes_by_is_told_once(tx, keys):
    await a_sandbox(tx, START)
    seller = await an_organisation(tx, keys=keys)
    patented = await an_achievement_id(tx, seller.actor, rights=(PATENT,))
    deal = await in_force(
        tx,
        keys,
        seller=seller,
        achievement_id=patented,
        entry_fee_minor=None,
        royalty=None,
        plan=(PlanTerms(LineKind.ENTRY_FEE, 500), PlanTerms(LineKind.ROYALTY, royalty=STEPPED)),
    )

    async def due(open_only: bool = True) -> list[tuple[DeadlineKind, date]]:
        page = await service.list_deadlines(
            tx, deal.buyer.actor, contract_id=deal.id, open_only=open_only, cursor=None, limit=20
        )
        return [(one.kind, one.last_day) for one in page.items]

    assert await due() == [
        (DeadlineKind.PAYMENT, date(2026, 3, 9)),
        (DeadlineKind.LICENCE_FILING, date(2026, 6, 2)),
        (DeadlineKind.ROYALTY_REPORT, date(2026, 10, 1)),
    ]
    await pay(tx, keys, deal.id)
    paper = await an_evidence(tx, seller.actor)
    await service.file_licence(tx, seller.actor, deal.id, number="SAMPLE-2026", evidence_sha256=paper)
    with pytest.raises(errors.NothingToFile):
        await service.file_licence(tx, seller.actor, deal.id, number="SAMPLE-2026", evidence_sha256=paper)
    await move_to(tx, datetime(2026, 10, 1, 16, 0, tzinfo=UTC) + timedelta(seconds=1))
    assert (await service.announce_passed(tx), await service.announce_passed(tx)) == (1, 0)
    await service.report_royalty(
        tx, deal.buyer.actor, deal.id, period_from=date(2026, 3, 2), period_to=date(2026, 9, 1), base_minor=0
    )
    assert await due() == [(DeadlineKind.ROYALTY_REPORT, date(2027, 3, 31))]
