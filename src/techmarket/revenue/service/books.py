"""The books of a contract, or of an achievement that its unit uses itself: what came in, and what it cost, with
evidence. Each unit that owns a part has its own rows and sees no other's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import steps as contracts
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.revenue import errors, incomes, norming, policy, repository
from techmarket.revenue.case import MONEY_OF_SHARES
from techmarket.revenue.events import CostEntered, CostWithdrawn, IncomeReceived, IncomeWithdrawn
from techmarket.revenue.incomes import Entered, EnteredIncome, Subject
from techmarket.revenue.lifecycle import LineState
from techmarket.revenue.repository import booking
from techmarket.revenue.service.standing import mode_of, parts_of, subject_of
from techmarket.revenue.service.terming import set_terms
from techmarket.revenue.tables import Cost, Income
from techmarket.revenue.views import BooksView, CostView, IncomeView
from techmarket.settlement import steps as settlement
from techmarket.settlement.steps import DueState

EXCHANGE_FEE = "exchange_fee"
MISTAKE = "entered_by_mistake"


async def take_released(tx: Tx, due_id: UUID) -> bool:
    """Money released to a contract's payee is income, and the fee kept back a cost: each unit's part, once per due.

    Says whether it wrote anything: twice is harmless, and a due of no contract is nobody's income here. What was paid
    back before this came to it is no income; a fee that the market keeps all the same is a cost.
    """
    async with tx.begin() as db:
        contract_id = await contracts.contract_of_due(db, due_id)
        if contract_id is None:
            return False
        contract = await contracts.lock_contract(db, contract_id)
        due = await settlement.get_due(db, due_id)
        if due.released_at is None or due.payee_org != contract.payee_org:
            return False
        # Whoever undoes a refund waits for the contract: what is paid here is taken out after this, never before.
        stands = due.state is DueState.PAID
        if await repository.has_income(db, due_id) or await booking.costs_of_due(db, due_id):
            return False
        day = shanghai_day(due.released_at)
        parts = await parts_of(db, contract)
        fees = incomes.split_between(await settlement.fee_kept(db, due_id), parts)
        for unit_id, minor in incomes.split_between(due.minor, parts).items():
            if fees[unit_id]:
                await _write_fee(db, contract_id, unit_id, fees[unit_id], due.reference, day, due_id)
            if minor == 0 or not stands:
                continue
            income = await _write(
                db,
                Subject(contract_id, None, unit_id),
                None,
                mode=mode_of(contract),
                purpose=due.purpose.value,
                minor=minor,
                received_on=day,
                due_id=due_id,
            )
            await set_terms(db, income)
        return stands or any(fees.values())


async def enter_income(
    tx: Tx,
    actor: Actor,
    *,
    contract_id: UUID | None = None,
    achievement_id: UUID | None = None,
    income: EnteredIncome,
    received_on: date,
    evidence_sha256: str,
) -> IncomeView:
    """The unit enters what does not go through the market: shares, money of shares, the profit of a year."""
    incomes.check_entered(income, on_contract=contract_id is not None)
    async with tx.begin() as db:
        subject = await subject_of(db, actor, contract_id, achievement_id)
        require(actor, policy.ENTER_INCOME, parties=[subject.unit_id])
        await notices.require_kept(db, subject.unit_id, [evidence_sha256], pointer="/body/evidence_sha256")
        known = [row for row in await booking.lock_income(db, subject) if row.withdrawn_at is None]
        _check_against(income, known)
        if income.kind.value in MONEY_OF_SHARES:
            await _require_shares_held(db, known)
        row = await _write(
            db,
            subject,
            actor,
            mode=income.mode,
            purpose=income.kind.value,
            minor=income.minor,
            received_on=received_on,
            year=income.year,
            first_year=income.first_year,
            capital_minor=income.capital_minor,
            evidence_sha256=evidence_sha256,
        )
        await set_terms(db, row)
        return income_view(row)


async def withdraw_income(tx: Tx, actor: Actor, income_id: UUID) -> IncomeView:
    """Income entered by mistake stays on record and counts no more; one in a distribution is not taken out of it."""
    async with tx.begin() as db:
        row = await booking.lock_one(db, income_id)
        if not policy.sees_money_of(actor, row.unit_id):
            raise NotFound()
        require(actor, policy.WITHDRAW_INCOME, parties=[row.unit_id])
        if row.due_id is not None:
            raise errors.ReceiptIsAFact()
        if row.distribution_id is not None:
            raise errors.IncomeCounted()
        await take_out(db, row, MISTAKE, actor)
        return income_view(row)


async def take_out(db: AsyncSession, row: Income, cause: str, actor: Actor | None) -> None:
    """A locked row that no distribution counts any more counts never again."""
    if row.withdrawn_at is None:
        row.withdrawn_at, row.withdrawn_for = await clock.market_now(db), cause
        journal.record(db, IncomeWithdrawn(row.id, cause), actor=actor)
        await db.flush()


async def take_fee_back(db: AsyncSession, cost: Cost) -> None:
    """A fee that the market gave back is no cost any more; no distribution counts the locked row."""
    if cost.withdrawn_at is None:
        cost.withdrawn_at = await clock.market_now(db)
        journal.record(db, CostWithdrawn(cost.id, cost.contract_id, cost.achievement_id), actor=None)
        await db.flush()


async def add_cost(
    tx: Tx,
    actor: Actor,
    contract_id: UUID | None = None,
    *,
    achievement_id: UUID | None = None,
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
        subject = await subject_of(db, actor, contract_id, achievement_id)
        require(actor, policy.ENTER_COST, parties=[subject.unit_id])
        await notices.note_evidence(db, subject.unit_id, [evidence_sha256])
        cost = Cost(
            id=new_id(),
            contract_id=contract_id,
            achievement_id=achievement_id,
            unit_id=subject.unit_id,
            kind=kind,
            minor=minor,
            evidence=evidence,
            evidence_sha256=evidence_sha256,
            incurred_on=incurred_on,
            entered_by=actor.person,
            created_at=await clock.market_now(db),
        )
        db.add(cost)
        journal.record(db, CostEntered(cost.id, contract_id, kind, achievement_id), actor=actor)
        await db.flush()
        return cost_view(cost)


async def withdraw_cost(tx: Tx, actor: Actor, cost_id: UUID) -> CostView:
    """A cost entered by mistake stays on record and counts no more; one in a distribution is not taken out of it."""
    async with tx.begin() as db:
        cost = await repository.lock_cost(db, cost_id)
        if not policy.sees_money_of(actor, cost.unit_id):
            raise NotFound()
        require(actor, policy.WITHDRAW_COST, parties=[cost.unit_id])
        if cost.due_id is not None:
            raise errors.FeeIsAFact()
        if cost.distribution_id is not None:
            raise errors.CostCounted()
        if cost.withdrawn_at is None:
            cost.withdrawn_at = await clock.market_now(db)
            journal.record(db, CostWithdrawn(cost.id, cost.contract_id, cost.achievement_id), actor=actor)
            await db.flush()
        return cost_view(cost)


async def get_books(
    tx: Tx, actor: Actor, contract_id: UUID | None = None, *, achievement_id: UUID | None = None
) -> BooksView:
    """What a contract or an achievement has brought in and cost, for the unit's officers and the market."""
    async with tx.read() as db:
        subject = await subject_of(db, actor, contract_id, achievement_id)
        require(actor, policy.SEE_INCOME, parties=[subject.unit_id])
        only = None if actor.is_market else subject.unit_id
        income = await booking.list_income(db, subject, only)
        costs = await booking.list_costs(db, subject, only)
        is_open = [row for row in income if row.distribution_id is None and row.withdrawn_at is None]
        return BooksView(
            contract_id,
            achievement_id,
            tuple(income_view(row) for row in income),
            tuple(cost_view(row) for row in costs),
            Money(sum(row.minor for row in is_open if row.purpose != Entered.EQUITY)),
            Money(sum(row.minor for row in costs if row.distribution_id is None and row.withdrawn_at is None)),
        )


def income_view(row: Income) -> IncomeView:
    return IncomeView(
        row.id,
        row.contract_id,
        row.achievement_id,
        row.unit_id,
        row.due_id,
        row.mode,
        row.purpose,
        Money(row.minor),
        row.received_on,
        row.year,
        None if row.capital_minor is None else Money(row.capital_minor),
        row.evidence_sha256,
        row.distribution_id,
        row.withdrawn_at,
        row.withdrawn_for,
    )


def cost_view(row: Cost) -> CostView:
    return CostView(
        row.id,
        row.contract_id,
        row.achievement_id,
        row.unit_id,
        row.kind,
        Money(row.minor),
        row.evidence,
        row.evidence_sha256,
        row.incurred_on,
        row.due_id,
        row.distribution_id,
        row.withdrawn_at,
    )


def _check_against(income: EnteredIncome, known: Sequence[Income]) -> None:
    """A year's profit is entered once, and the years are counted from one first year."""
    if income.kind is not Entered.PROFIT:
        return
    profits = [row for row in known if row.purpose == Entered.PROFIT]
    if any(row.year == income.year for row in profits):
        raise errors.ProfitEntered(year=income.year)
    first = next((row.first_year for row in profits), income.first_year)
    if first != income.first_year:
        raise errors.FirstYearDiffers(first_year=first, pointer="/body/first_year")


async def _require_shares_held(db: AsyncSession, known: Sequence[Income]) -> None:
    """Dividends are shared while the unit holds the shares for all; in their own names people get them themselves."""
    stakes = [row for row in known if row.purpose == Entered.EQUITY]
    if not stakes:
        raise errors.NoSharesHeld()
    for stake in stakes:
        if stake.distribution_id is not None:
            lines = await repository.list_lines(db, stake.distribution_id)
            if any(line.state is LineState.PAID for line in lines):
                raise errors.SharesGivenOut()


async def _write(db: AsyncSession, subject: Subject, actor: Actor | None, **facts: object) -> Income:
    row = Income(
        id=new_id(),
        contract_id=subject.contract_id,
        achievement_id=subject.achievement_id,
        unit_id=subject.unit_id,
        entered_by=actor.person if actor else None,
        created_at=await clock.market_now(db),
        **facts,
    )
    db.add(row)
    event = IncomeReceived(row.id, row.contract_id, row.due_id, row.achievement_id)
    journal.record(db, event, actor=actor)
    await db.flush()
    return row


async def _write_fee(
    db: AsyncSession, contract_id: UUID, unit_id: UUID, minor: int, reference: str, day: date, due_id: UUID
) -> None:
    fee = Cost(
        id=new_id(),
        contract_id=contract_id,
        unit_id=unit_id,
        kind=EXCHANGE_FEE,
        minor=minor,
        evidence=reference,
        incurred_on=day,
        due_id=due_id,
        created_at=await clock.market_now(db),
    )
    db.add(fee)
    journal.record(db, CostEntered(fee.id, contract_id, EXCHANGE_FEE), actor=None)
    await db.flush()
