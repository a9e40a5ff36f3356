"""Changes signed by all, the end by agreement, and a breach that was not cured in time."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from techmarket.contracts import errors, service, steps
from techmarket.contracts.lifecycle import BreachState, ChangeState, ContractState, LineState
from techmarket.contracts.plans import PlanTerms, RoyaltyPlan, YearRate
from techmarket.contracts.rules import ChangeKind, LineKind
from techmarket.contracts.service.changing import NewTerms
from techmarket.contracts.text import Clause
from techmarket.identity.permissions import PERMISSIONS
from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.kernel.periods import Length, Unit
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.settlement import steps as settlement
from techmarket.signing import errors as signing_errors
from tests.contracts.make import Deal, awake, in_force, pay
from tests.identity.make import a_market, an_organisation
from tests.notices.make import a_sandbox, an_evidence, move_to

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ROYALTY = RoyaltyPlan("net_sales", (YearRate(1, Decimal("0.03")),), 30)
PLAN = (
    PlanTerms(LineKind.INSTALMENT, 400, "一期"),
    PlanTerms(LineKind.INSTALMENT, 600, "二期", within=Length(6, Unit.MONTHS)),
    PlanTerms(LineKind.ROYALTY, royalty=ROYALTY),
)


async def a_deal(tx, keys) -> Deal:
    await a_sandbox(tx, START)
    return await in_force(tx, keys, entry_fee_minor=None, royalty=None, plan=PLAN)


async def propose(tx, deal: Deal, by: Any, effective_on: date, kind=ChangeKind.AMENDMENT, **terms: Any):
    return await service.propose_change(
        tx, by, deal.id, kind=kind, effective_on=effective_on, reasons="Sample", terms=NewTerms(**terms)
    )


async def test_a_change_is_signed_by_all_and_touches_only_what_is_not_due_yet(tx, keys):
    deal = await a_deal(tx, keys)
    await pay(tx, keys, deal.id)  # both instalments: what is paid stays whatever is agreed
    seller, buyer = deal.seller.actor, deal.buyer.actor
    dearer = PlanTerms(LineKind.ROYALTY, royalty=RoyaltyPlan("net_sales", (YearRate(1, Decimal("0.04")),), 30))
    later = PlanTerms(LineKind.INSTALMENT, 700, "三期", due_on=date(2026, 12, 1))
    change = await propose(tx, deal, buyer, date(2026, 7, 1), plan=(later, dearer))
    assert change.document["amends"] == {"version": 1, "sha256": deal.sha256, "effective_on": "2026-07-01"}
    with pytest.raises(errors.ChangePending):
        await propose(tx, deal, seller, date(2026, 7, 1), clauses=(Clause("a", "b"),))
    with pytest.raises(signing_errors.WrongDocument):
        await service.sign_change(tx, seller, change.id, document_sha256="0" * 64)
    one = await service.sign_change(tx, buyer, change.id, document_sha256=change.document_sha256)
    assert (one.state, one.version) == (ChangeState.PROPOSED, None)
    assert (await service.get_contract(tx, buyer, deal.id)).document_sha256 == deal.sha256
    both = await service.sign_change(tx, seller, change.id, document_sha256=change.document_sha256)
    assert (both.state, both.version) == (ChangeState.AGREED, 2)
    view = await service.get_contract(tx, buyer, deal.id)
    assert [(one.n, one.effective_on) for one in view.versions] == [(1, None), (2, date(2026, 7, 1))]
    assert view.document_sha256 == change.document_sha256
    assert [(one.n, one.kind, one.state, one.valid_from, one.valid_until) for one in view.plan] == [
        (1, LineKind.INSTALMENT, LineState.PAID, None, None),
        (2, LineKind.INSTALMENT, LineState.PAID, None, None),
        (3, LineKind.ROYALTY, LineState.PLANNED, None, date(2026, 6, 30)),
        (4, LineKind.INSTALMENT, LineState.DUE, date(2026, 7, 1), None),
        (5, LineKind.ROYALTY, LineState.PLANNED, date(2026, 7, 1), None),
    ]
    assert (await service.get_document(tx, seller, deal.id, n=1)).sha256 == deal.sha256
    await move_to(tx, datetime(2026, 10, 5, 2, 0, tzinfo=UTC))
    with pytest.raises(errors.PeriodCrossesYear) as refused:
        await report(tx, deal, date(2026, 6, 1), date(2026, 7, 31))
    assert refused.value.facts == {"split_on": date(2026, 7, 1)}
    assert (await report(tx, deal, date(2026, 3, 2), date(2026, 6, 30))).royalty == Money(3_000)
    assert (await report(tx, deal, date(2026, 7, 1), date(2026, 9, 30))).royalty == Money(4_000)
    with pytest.raises(errors.ChangeTooEarly):
        await propose(tx, deal, seller, date(2026, 10, 4), clauses=())


async def report(tx, deal: Deal, first: date, last: date):
    return await service.report_royalty(
        tx, deal.buyer.actor, deal.id, period_from=first, period_to=last, base_minor=100_000
    )


async def test_an_instalment_not_due_yet_gives_way_and_one_that_is_due_stays(tx, keys):
    deal = await a_deal(tx, keys)
    await move_to(tx, datetime(2026, 4, 1, 2, 0, tzinfo=UTC))  # the first part is late, the second due in September
    change = await propose(
        tx,
        deal,
        deal.seller.actor,
        date(2026, 4, 1),
        plan=(PlanTerms(LineKind.INSTALMENT, 500, "新二期", due_on=date(2026, 8, 1)), PLAN[2]),
    )
    for who in (deal.seller.actor, deal.buyer.actor):
        await service.sign_change(tx, who, change.id, document_sha256=change.document_sha256)
    view = await service.get_contract(tx, deal.buyer.actor, deal.id)
    assert [(one.amount, one.state) for one in view.plan if one.amount] == [
        (Money(400), LineState.DUE),
        (Money(600), LineState.REPLACED),
        (Money(500), LineState.DUE),
    ]
    async with tx.read() as db:
        assert (await steps.get_contract(db, deal.id)).price_minor == 900
        owed = [due.minor for due in await settlement.dues_of(db, Ref("contract", deal.id)) if due.state == "OPEN"]
    assert owed == [400, 500]


async def test_two_last_signatures_of_a_change_at_once_make_one_version(tx, keys):
    deal = await a_deal(tx, keys)
    change = await propose(tx, deal, deal.seller.actor, date(2026, 3, 2), clauses=(Clause("保密", "五年"),))
    await service.sign_change(tx, deal.seller.actor, change.id, document_sha256=change.document_sha256)
    await awake(tx, 5)
    outcomes = await asyncio.gather(
        *[
            service.sign_change(tx, deal.buyer.actor, change.id, document_sha256=change.document_sha256)
            for _ in range(5)
        ],
        return_exceptions=True,
    )
    assert len([one for one in outcomes if not isinstance(one, BaseException)]) == 1
    assert all(isinstance(one, Refusal) for one in outcomes if isinstance(one, BaseException))
    assert len((await service.get_contract(tx, deal.buyer.actor, deal.id)).versions) == 2


async def test_the_other_side_turns_a_change_down_and_its_author_takes_it_back(tx, keys):
    deal, stranger = await a_deal(tx, keys), await an_organisation(tx, keys=keys)
    terms = {"clauses": (Clause("a", "b"),)}
    change = await propose(tx, deal, deal.seller.actor, date(2026, 3, 2), **terms)
    with pytest.raises(NotFound):
        await service.sign_change(tx, stranger.actor, change.id, document_sha256=change.document_sha256)
    with pytest.raises(errors.NotYourChange):
        await service.refuse_change(tx, deal.seller.actor, change.id)
    with pytest.raises(errors.NotYourChange):
        await service.withdraw_change(tx, deal.buyer.actor, change.id)
    assert (await service.refuse_change(tx, deal.buyer.actor, change.id)).state is ChangeState.REJECTED
    again = await propose(tx, deal, deal.seller.actor, date(2026, 3, 2), **terms)
    assert (await service.withdraw_change(tx, deal.seller.actor, again.id)).state is ChangeState.WITHDRAWN
    with pytest.raises(errors.ChangeChangesNothing):
        await propose(tx, deal, deal.seller.actor, date(2026, 3, 2))
    assert len((await service.get_contract(tx, deal.buyer.actor, deal.id)).versions) == 1


async def test_a_contract_ends_by_agreement_and_what_was_used_until_then_is_still_reported(tx, keys):
    deal = await a_deal(tx, keys)
    await move_to(tx, datetime(2026, 6, 30, 2, 0, tzinfo=UTC))
    change = await propose(tx, deal, deal.buyer.actor, date(2026, 6, 30), kind=ChangeKind.TERMINATION)
    for who in (deal.seller.actor, deal.buyer.actor):
        await service.sign_change(tx, who, change.id, document_sha256=change.document_sha256)
    view = await service.get_contract(tx, deal.buyer.actor, deal.id)
    assert (view.state, view.term_until) == (ContractState.TERMINATED, date(2026, 6, 30))
    await move_to(tx, datetime(2026, 7, 2, 2, 0, tzinfo=UTC))
    assert (await report(tx, deal, date(2026, 3, 2), date(2026, 6, 30))).charged == Money(3_000)


# --- breach ---


async def test_a_breach_ends_the_contract_only_when_the_days_to_cure_are_over_and_nothing_was_paid(tx, keys):
    deal = await a_deal(tx, keys)
    async with tx.read() as db:
        due, _ = await settlement.dues_of(db, Ref("contract", deal.id))
    seller = deal.seller.actor
    with pytest.raises(errors.NothingLate):
        await service.demand_cure(tx, seller, deal.id, grounds="Sample", due_id=due.id)
    await move_to(tx, datetime(2026, 3, 10, 2, 0, tzinfo=UTC))
    breach = await service.demand_cure(tx, seller, deal.id, grounds="Sample", due_id=due.id)
    # Thirty days from 10 March end with Thursday 9 April.
    assert breach.cure_ends_at == datetime(2026, 4, 9, 16, 0, tzinfo=UTC)
    with pytest.raises(errors.CureRunning):
        await service.end_for_breach(tx, seller, breach.id, closing="x")
    await move_to(tx, breach.cure_ends_at)
    with pytest.raises(Refusal):
        await service.end_for_breach(tx, deal.buyer.actor, breach.id, closing="x")
    ended = await service.end_for_breach(tx, seller, breach.id, closing="Sample")
    assert ended.state is BreachState.ENDED_CONTRACT
    view = await service.get_contract(tx, seller, deal.id)
    assert (view.state, view.plan[0].state) == (ContractState.TERMINATED, LineState.DUE)


async def test_a_breach_that_was_paid_in_time_ends_nothing(tx, keys):
    deal = await a_deal(tx, keys)
    async with tx.read() as db:
        due, _ = await settlement.dues_of(db, Ref("contract", deal.id))
    await move_to(tx, datetime(2026, 3, 10, 2, 0, tzinfo=UTC))
    breach = await service.demand_cure(tx, deal.seller.actor, deal.id, grounds="Sample", due_id=due.id)
    await pay(tx, keys, deal.id)
    await move_to(tx, breach.cure_ends_at)
    with pytest.raises(errors.BreachCured):
        await service.end_for_breach(tx, deal.seller.actor, breach.id, closing="x")
    closed = await service.close_breach(tx, deal.seller.actor, breach.id, cured=True, closing="Paid")
    assert closed.state is BreachState.CURED
    assert (await service.get_contract(tx, deal.seller.actor, deal.id)).state is ContractState.IN_FORCE


async def test_a_demand_without_a_late_due_rests_on_a_file_and_ends_nothing_while_the_other_side_disputes_it(tx, keys):
    deal, market = await a_deal(tx, keys), await a_market(tx, keys)
    seller, buyer, ref = deal.seller.actor, deal.buyer.actor, Ref("contract", deal.id)
    with pytest.raises(errors.BreachUnproven):
        await service.demand_cure(tx, seller, deal.id, grounds="Because I say so")
    await an_evidence(tx, seller, "5c" * 32)
    breach = await service.demand_cure(tx, seller, deal.id, grounds="Sample", evidence_sha256="5c" * 32)
    await service.dispute(tx, buyer, deal.id, reasons="Sample")
    await move_to(tx, breach.cure_ends_at)
    with pytest.raises(errors.NotInForce):
        await service.end_for_breach(tx, seller, breach.id, closing="x")
    async with tx.read() as db:
        assert await settlement.is_held(db, ref)
    await service.terminate(tx, market["operator"].actor, deal.id, reasons="Sample")  # decided by neither party
    async with tx.read() as db:
        assert not await settlement.is_held(db, ref)


async def test_a_change_asks_for_what_a_signature_asks_for_and_not_after_its_day(tx, keys):
    assert PERMISSIONS["contracts.change"].consequential
    deal = await a_deal(tx, keys)
    change = await propose(tx, deal, deal.seller.actor, date(2026, 3, 2), clauses=(Clause("保密", "五年"),))
    await service.sign_change(tx, deal.seller.actor, change.id, document_sha256=change.document_sha256)
    await move_to(tx, datetime(2026, 3, 3, 2, 0, tzinfo=UTC))
    with pytest.raises(errors.ChangeTooEarly):
        await service.sign_change(tx, deal.buyer.actor, change.id, document_sha256=change.document_sha256)


async def test_what_was_charged_too_much_under_the_earlier_royalty_counts_towards_the_later_one(tx, keys):
    deal = await a_deal(tx, keys)
    dearer = PlanTerms(LineKind.ROYALTY, royalty=RoyaltyPlan("net_sales", (YearRate(1, Decimal("0.04")),), 30))
    change = await propose(tx, deal, deal.buyer.actor, date(2026, 7, 1), plan=(dearer,))
    for who in (deal.seller.actor, deal.buyer.actor):
        await service.sign_change(tx, who, change.id, document_sha256=change.document_sha256)
    await move_to(tx, datetime(2026, 10, 5, 2, 0, tzinfo=UTC))
    first = await report(tx, deal, date(2026, 3, 2), date(2026, 6, 30))
    assert first.charged == Money(3_000)
    await service.correct_report(tx, deal.buyer.actor, first.id, base_minor=30_000, reasons="Sample")  # 900 are owed
    second = await report(tx, deal, date(2026, 7, 1), date(2026, 9, 30))
    assert (second.royalty, second.charged) == (Money(4_000), Money(1_900))
