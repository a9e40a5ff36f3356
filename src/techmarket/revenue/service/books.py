"""The books of a contract: what was released to the unit, once per due, and what it cost, with evidence."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from techmarket.contracts import steps as contracts
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.notices import steps as notices
from techmarket.revenue import errors, norming, policy, repository
from techmarket.revenue.events import CostEntered, CostWithdrawn, IncomeReceived
from techmarket.revenue.service.standing import contract_of
from techmarket.revenue.tables import Cost, Income
from techmarket.revenue.views import BooksView, CostView, IncomeView
from techmarket.settlement import steps as settlement

EXCHANGE_FEE = "exchange_fee"


async def take_released(tx: Tx, due_id: UUID) -> bool:
    """Money released to a contract's payee is its income, and the fee kept back its cost: one row each, once per due.

    Says whether it wrote anything: twice is harmless, and a due of no contract is nobody's income here.
    """
    async with tx.begin() as db:
        contract_id = await contracts.contract_of_due(db, due_id)
        if contract_id is None:
            return False
        contract = await contracts.lock_contract(db, contract_id)
        due = await settlement.get_due(db, due_id)
        if due.released_at is None or due.payee_org != contract.payee_org or await repository.has_income(db, due_id):
            return False
        now = await clock.market_now(db)
        day = shanghai_day(due.released_at)
        income = Income(
            id=new_id(),
            due_id=due_id,
            contract_id=contract_id,
            purpose=due.purpose.value,
            minor=due.minor,
            received_on=day,
            created_at=now,
        )
        db.add(income)
        if due.fee_minor:
            fee = Cost(
                id=new_id(),
                contract_id=contract_id,
                kind=EXCHANGE_FEE,
                minor=due.fee_minor,
                evidence=due.reference,
                incurred_on=day,
                due_id=due_id,
                created_at=now,
            )
            db.add(fee)
            journal.record(db, CostEntered(fee.id, contract_id, EXCHANGE_FEE), actor=None)
        journal.record(db, IncomeReceived(income.id, contract_id, due_id), actor=None)
        return True


async def add_cost(
    tx: Tx,
    actor: Actor,
    contract_id: UUID,
    *,
    kind: str,
    minor: int,
    evidence: str,
    evidence_sha256: str | None,
    incurred_on: date,
) -> CostView:
    """The unit enters a cost with its evidence. Whether it reduces net income is the rulebook's word."""
    if kind not in norming.COST_KINDS or kind == EXCHANGE_FEE:
        raise errors.CostUnknown(
            given=kind, known=[known for known in norming.COST_KINDS if known != EXCHANGE_FEE], pointer="/body/kind"
        )
    async with tx.begin() as db:
        contract = await contract_of(db, actor, contract_id)
        require(actor, policy.ENTER_COST, parties=[contract.payee_org])
        await notices.note_evidence(db, contract.payee_org, [evidence_sha256])
        cost = Cost(
            id=new_id(),
            contract_id=contract_id,
            kind=kind,
            minor=minor,
            evidence=evidence,
            evidence_sha256=evidence_sha256,
            incurred_on=incurred_on,
            entered_by=actor.person,
            created_at=await clock.market_now(db),
        )
        db.add(cost)
        journal.record(db, CostEntered(cost.id, contract_id, kind), actor=actor)
        await db.flush()
        return cost_view(cost)


async def withdraw_cost(tx: Tx, actor: Actor, cost_id: UUID) -> CostView:
    """A cost entered by mistake stays on record and counts no more; one in a distribution is not taken out of it."""
    async with tx.begin() as db:
        cost = await repository.lock_cost(db, cost_id)
        contract = await contract_of(db, actor, cost.contract_id)
        require(actor, policy.WITHDRAW_COST, parties=[contract.payee_org])
        if cost.due_id is not None:
            raise errors.FeeIsAFact()
        if cost.distribution_id is not None:
            raise errors.CostCounted()
        if cost.withdrawn_at is None:
            cost.withdrawn_at = await clock.market_now(db)
            journal.record(db, CostWithdrawn(cost.id, cost.contract_id), actor=actor)
            await db.flush()
        return cost_view(cost)


async def get_books(tx: Tx, actor: Actor, contract_id: UUID) -> BooksView:
    """What a contract has brought in and cost, for the unit's officers and the market."""
    async with tx.read() as db:
        contract = await contract_of(db, actor, contract_id)
        require(actor, policy.SEE_INCOME, parties=[contract.payee_org])
        income = await repository.list_income(db, contract_id)
        costs = await repository.list_costs(db, contract_id)
        return BooksView(
            contract_id,
            tuple(income_view(row) for row in income),
            tuple(cost_view(row) for row in costs),
            Money(sum(row.minor for row in income if row.distribution_id is None)),
            Money(sum(row.minor for row in costs if row.distribution_id is None and row.withdrawn_at is None)),
        )


def income_view(row: Income) -> IncomeView:
    return IncomeView(row.id, row.due_id, row.purpose, Money(row.minor), row.received_on, row.distribution_id)


def cost_view(row: Cost) -> CostView:
    return CostView(
        row.id,
        row.contract_id,
        row.kind,
        Money(row.minor),
        row.evidence,
        row.evidence_sha256,
        row.incurred_on,
        row.due_id,
        row.distribution_id,
        row.withdrawn_at,
    )
