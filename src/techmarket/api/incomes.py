"""Income and costs over HTTP: what came in under a contract or from an achievement, and when its reward is due."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Code, Cursor, Day, Limit, MoneyOut, PositiveMoney, Sha256, ShortText, Uuid, Wire
from techmarket.notices import errors as notices
from techmarket.revenue import errors, service
from techmarket.revenue.case import Mode
from techmarket.revenue.incomes import Entered, EnteredIncome
from techmarket.revenue.views import BooksView, CostView, IncomeView

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)

Year = Annotated[int, Field(ge=1990, le=2200)]


class EnterIncome(Wire):
    """`amount` is money, but for EQUITY the contribution, as a part of the company's registered capital."""

    kind: Entered
    mode: Mode = Mode.EQUITY
    amount: PositiveMoney
    received_on: Day
    year: Year | None = Field(default=None, description="The year of a PROFIT")
    first_year: Year | None = Field(default=None, description="The year from which the years of profit are counted")
    registered_capital: PositiveMoney | None = None
    evidence_sha256: Sha256 = Field(description="A file that the unit keeps as evidence")

    def facts(self) -> dict[str, Any]:
        capital = None if self.registered_capital is None else self.registered_capital.minor
        income = EnteredIncome(self.kind, self.mode, self.amount.minor, self.year, self.first_year, capital)
        return {"income": income, "received_on": self.received_on, "evidence_sha256": self.evidence_sha256}


class AddCost(Wire):
    kind: Code
    amount: PositiveMoney
    evidence: ShortText = Field(description="The number of the invoice, receipt or return that shows it")
    evidence_sha256: Sha256 | None = None
    incurred_on: Day


class UnwindContract(Wire):
    evidence_sha256: Sha256 = Field(description="The decision that it was void, a file that the market keeps")


class UnwoundOut(Wire):
    income: int = Field(description="So many rows of income count no more")


class IncomeOut(Wire):
    id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    unit_id: UUID
    due_id: UUID | None
    mode: Mode
    purpose: str
    amount: MoneyOut
    received_on: date
    year: int | None
    registered_capital: MoneyOut | None
    evidence_sha256: str | None
    distribution_id: UUID | None
    withdrawn_at: datetime | None
    withdrawn_for: str | None


class CostOut(Wire):
    id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    unit_id: UUID
    kind: str
    amount: MoneyOut
    evidence: str
    evidence_sha256: str | None
    incurred_on: date
    due_id: UUID | None
    distribution_id: UUID | None
    withdrawn_at: datetime | None


class BooksOut(Wire):
    contract_id: UUID | None
    achievement_id: UUID | None
    income: list[IncomeOut]
    costs: list[CostOut]
    open_income: MoneyOut
    open_costs: MoneyOut


class TermOut(Wire):
    income_id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    unit_id: UUID
    name: str
    amount: MoneyOut
    received_on: date
    ends_on: date = Field(description="As the law counts it")
    moved_to: date = Field(description="Moved off a holiday, where that year's calendar is known")
    standing: str = Field(description="OPEN, DUE_SOON or OVERDUE")
    distribution_id: UUID | None


class TermPage(Wire):
    items: list[TermOut]
    next_cursor: str | None


_INCOME = (
    errors.IncomeMalformed,
    errors.ProfitEntered,
    errors.FirstYearDiffers,
    errors.NoSharesHeld,
    errors.SharesGivenOut,
    notices.EvidenceMissing,
)


@router.post(
    "/contracts/{contract_id}/income",
    status_code=201,
    response_model=IncomeOut,
    operation_id="enterContractIncome",
    responses=refusals(*_INCOME),
)
async def enter_of_contract(contract_id: Uuid, body: EnterIncome, actor: SignedIn, tx: TxDep) -> IncomeView:
    """Enter what a contract brought in beside the market: shares, dividends, the sale of shares."""
    return await service.enter_income(tx, actor, contract_id=contract_id, **body.facts())


@router.post(
    "/achievements/{achievement_id}/income",
    status_code=201,
    response_model=IncomeOut,
    operation_id="enterAchievementIncome",
    responses=refusals(*_INCOME),
)
async def enter_of_achievement(achievement_id: Uuid, body: EnterIncome, actor: SignedIn, tx: TxDep) -> IncomeView:
    """Enter what your unit got out of its own achievement: a year's profit of using it, shares, money of shares."""
    return await service.enter_income(tx, actor, achievement_id=achievement_id, **body.facts())


@router.post(
    "/incomes/{income_id}/withdrawal",
    response_model=IncomeOut,
    operation_id="withdrawIncome",
    responses=refusals(errors.IncomeCounted, errors.ReceiptIsAFact),
)
async def withdraw_income(income_id: Uuid, actor: SignedIn, tx: TxDep) -> IncomeView:
    """Income entered by mistake counts no more."""
    return await service.withdraw_income(tx, actor, income_id)


@router.get(
    "/contracts/{contract_id}/income", response_model=BooksOut, operation_id="getContractIncome", responses=refusals()
)
async def get_income(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> BooksView:
    """What the contract has brought in for your unit and cost."""
    return await service.get_books(tx, actor, contract_id)


@router.get(
    "/achievements/{achievement_id}/income",
    response_model=BooksOut,
    operation_id="getAchievementIncome",
    responses=refusals(),
)
async def get_of_achievement(achievement_id: Uuid, actor: SignedIn, tx: TxDep) -> BooksView:
    """What your unit got out of its own achievement without a contract."""
    return await service.get_books(tx, actor, achievement_id=achievement_id)


@router.post(
    "/contracts/{contract_id}/costs",
    status_code=201,
    response_model=CostOut,
    operation_id="addCost",
    responses=refusals(errors.CostUnknown),
)
async def add_cost(contract_id: Uuid, body: AddCost, actor: SignedIn, tx: TxDep) -> CostView:
    """Enter a cost with its evidence; the rulebook says whether it reduces net income."""
    return await service.add_cost(
        tx,
        actor,
        contract_id,
        kind=body.kind,
        minor=body.amount.minor,
        evidence=body.evidence,
        evidence_sha256=body.evidence_sha256,
        incurred_on=body.incurred_on,
    )


@router.post(
    "/costs/{cost_id}/withdrawal",
    response_model=CostOut,
    operation_id="withdrawCost",
    responses=refusals(errors.CostCounted, errors.FeeIsAFact),
)
async def withdraw_cost(cost_id: Uuid, actor: SignedIn, tx: TxDep) -> CostView:
    """A cost entered by mistake counts no more."""
    return await service.withdraw_cost(tx, actor, cost_id)


@router.get("/reward-terms", response_model=TermPage, operation_id="listRewardTerms", responses=refusals())
async def list_terms(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """By when rewards of your unit's income are due that are not paid yet, the nearest first."""
    page = await service.list_terms(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/reward-terms", limit=limit)


@router.post(
    "/contracts/{contract_id}/unwinding",
    response_model=UnwoundOut,
    operation_id="unwindContract",
    responses=refusals(notices.EvidenceMissing, errors.PayoutUnderway, errors.SharesRegistered),
)
async def unwind_contract(contract_id: Uuid, body: UnwindContract, actor: SignedIn, tx: TxDep) -> object:
    """The operator has a decision that the contract was void: what was shared of it is taken back, and owed back."""
    took = await service.unwind_contract(tx, actor, contract_id, evidence_sha256=body.evidence_sha256)
    return {"income": took}
