"""Performing: royalties are reported and paid, plan lines are marked, quarrels are put on record."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from techmarket.achievements import steps as achievements
from techmarket.contracts import errors, policy, repository, rules
from techmarket.contracts.events import (
    ContractDefaulted,
    ContractDisputed,
    ContractPerformed,
    ContractSettled,
    ContractTerminated,
    PlanLinePaid,
    RoyaltyPaid,
    RoyaltyReported,
)
from techmarket.contracts.lifecycle import CONTRACT, PLAN_LINE, ContractState, LineState
from techmarket.contracts.rules import LineKind, PartyRole, Period
from techmarket.contracts.service.reading import known_parties, report_view, side_orgs, view_of
from techmarket.contracts.tables import RoyaltyReport
from techmarket.contracts.views import ContractView, RoyaltyReportView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import shanghai_day
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import Purpose
from techmarket.trading import steps as trading


async def report_royalty(
    tx: Tx, actor: Actor, contract_id: UUID, *, period_from: date, period_to: date, base_minor: int
) -> RoyaltyReportView:
    """The licensee reports the base of a period that is over; the royalty on it falls due."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.REPORT_ROYALTY, parties=[parties[PartyRole.PAYER]])
        if contract.state is not ContractState.IN_FORCE or contract.term_from is None:
            raise errors.NotInForce(state=contract.state)
        contract.state = CONTRACT.move(contract.state, "report_royalty")
        line = next((one for one in await repository.plan_of(db, contract.id) if one.kind is LineKind.ROYALTY), None)
        if line is None or line.rate is None:
            raise errors.NoRoyalty()
        now = await clock.market_now(db)
        today = shanghai_day(now)
        rules.require_reportable(
            Period(period_from, period_to),
            term_from=contract.term_from,
            term_until=contract.term_until,
            reported=[Period(r.period_from, r.period_to) for r in await repository.reports_of(db, contract.id)],
            today=today,
        )
        royalty_minor = rules.royalty_of(base_minor, line.rate)
        due_id = None
        if royalty_minor > 0:
            due = await settlement.raise_due(
                db,
                payer=parties[PartyRole.PAYER],
                payee=parties[PartyRole.PAYEE],
                minor=royalty_minor,
                due_on=rules.royalty_due_on(today, line.due_n),
                subject=Ref("contract", contract.id),
                purpose=Purpose.ROYALTY,
                rule_date=contract.rule_date,
                actor=actor,
            )
            due_id = due.id
        report = RoyaltyReport(
            id=new_id(),
            contract_id=contract.id,
            plan_line_id=line.id,
            period_from=period_from,
            period_to=period_to,
            base_minor=base_minor,
            royalty_minor=royalty_minor,
            due_id=due_id,
            reported_by=actor.person,
            reported_at=now,
        )
        db.add(report)
        journal.record(db, RoyaltyReported(contract.id, report.id), actor=actor)
        await db.flush()
        return report_view(report)


async def mark_paid(tx: Tx, due_id: UUID) -> bool:
    """A paid due marks its plan line or royalty report. Twice is harmless; says whether it changed anything."""
    async with tx.begin() as db:
        line = await repository.find_line_by_due(db, due_id)
        report = await repository.find_report_by_due(db, due_id) if line is None else None
        found = line or report
        if found is None:
            return False
        await repository.lock_contract(db, found.contract_id)
        await db.refresh(found)
        if line is not None and line.state is LineState.DUE:
            line.state = PLAN_LINE.move(line.state, "pay")
            journal.record(db, PlanLinePaid(line.contract_id, line.id), actor=None)
            return True
        if report is not None and report.paid_at is None:
            report.paid_at = await clock.market_now(db)
            journal.record(db, RoyaltyPaid(report.contract_id, report.id), actor=None)
            return True
        return False


async def dispute(tx: Tx, actor: Actor, contract_id: UUID, *, reasons: str) -> ContractView:
    """A party puts a dispute on record; the contract is not certified or registered while it lasts."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        await known_parties(db, actor, contract)
        sides = await side_orgs(db, contract)
        require(actor, policy.DISPUTE, parties=[org for side in sides.values() for org in side])
        contract.state = CONTRACT.move(contract.state, "dispute")
        contract.reasons = reasons
        journal.record(db, ContractDisputed(contract.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def settle_dispute(tx: Tx, actor: Actor, contract_id: UUID) -> ContractView:
    """An operator records that a dispute is over and the contract goes on."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        await known_parties(db, actor, contract)
        require(actor, policy.SETTLE)
        contract.state = CONTRACT.move(contract.state, "settle")
        contract.reasons = None
        journal.record(db, ContractSettled(contract.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def perform(tx: Tx, actor: Actor, contract_id: UUID) -> ContractView:
    """A contract is performed when its term is over and everything due is paid; the seller says so on record."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.PERFORM, parties=[parties[PartyRole.PAYEE]])
        contract.state = CONTRACT.move(contract.state, "perform")
        now = await clock.market_now(db)
        rules.require_term_over(contract.term_until, shanghai_day(now))
        await settlement.require_paid(db, Ref("contract", contract.id), now)
        journal.record(db, ContractPerformed(contract.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def declare_default(tx: Tx, actor: Actor, contract_id: UUID, *, reasons: str) -> ContractView:
    """The seller ends an awarded contract whose price is overdue: the buyer loses the deposit, as it was announced.

    What the buyer had paid beyond it goes back; the licence ends today.
    """
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.DEFAULT, parties=[parties[PartyRole.PAYEE]])
        contract.state = CONTRACT.move(contract.state, "default")
        if contract.award_id is None:
            raise errors.NotFromAward()
        now = await clock.market_now(db)
        plan = await repository.plan_of(db, contract.id)
        line = next((one for one in plan if one.kind is LineKind.ENTRY_FEE and one.state is LineState.DUE), None)
        due = None if line is None or line.due_id is None else await settlement.get_due(db, line.due_id)
        if due is None or due.is_paid or shanghai_day(now) <= due.due_on:
            raise errors.NothingOverdue(due_on=None if due is None else due.due_on)
        freed = await settlement.cancel_due(db, due.id, actor)
        for one in plan:
            if PLAN_LINE.can(one.state, "cancel"):
                one.state = PLAN_LINE.move(one.state, "cancel")
        lost = (await trading.default_award(db, contract.award_id, now=now, actor=actor)).deposit_minor
        if freed > lost:
            await settlement.instruct_payout(
                db,
                org=parties[PartyRole.PAYER],
                minor=freed - lost,
                channel=settlement.Channel.ESCROW,
                why=Ref("contract", contract.id),
                actor=actor,
            )
        await achievements.end_licence(db, by=Ref("contract", contract.id), on=shanghai_day(now), actor=actor)
        contract.reasons = reasons
        journal.record(db, ContractDefaulted(contract.id, contract.award_id), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def terminate(tx: Tx, actor: Actor, contract_id: UUID, *, reasons: str) -> ContractView:
    """An operator records that a contract ended early, with the reasons; what was paid stays paid."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        await known_parties(db, actor, contract)
        require(actor, policy.TERMINATE)
        contract.state = CONTRACT.move(contract.state, "terminate")
        contract.reasons = reasons
        journal.record(db, ContractTerminated(contract.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)
