"""Income, costs and distributions over HTTP: what came in, split once, published, paid."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import (
    Code,
    Cursor,
    Day,
    Limit,
    MoneyOut,
    PositiveMoney,
    Sha256,
    ShortText,
    Uuid,
    Wire,
)
from techmarket.api.share_tables import TABLE_REFUSALS
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.ledger import errors as ledger
from techmarket.notices import errors as notices
from techmarket.revenue import errors, service
from techmarket.revenue.case import Group
from techmarket.revenue.lifecycle import DistributionState, LineState
from techmarket.revenue.views import BooksView, CostView, DistributionView, LineView

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)


class AddCost(Wire):
    kind: Code
    amount: PositiveMoney
    evidence: ShortText = Field(description="The number of the invoice, receipt or return that shows it")
    evidence_sha256: Sha256 | None = None
    incurred_on: Day


class DraftDistribution(Wire):
    contract_id: Uuid
    share_table_id: Uuid | None = None


class PublishDistribution(Wire):
    posted_sha256: Sha256 | None = Field(
        default=None, description="Evidence that the list hangs in the unit already; else the unit confirms later"
    )


class ReverseDistribution(Wire):
    claw_back: bool = Field(
        default=False, description="Also stop what is instructed and claim back what was paid, each line by itself"
    )


class IncomeOut(Wire):
    id: UUID
    due_id: UUID
    purpose: str
    amount: MoneyOut
    received_on: date
    distribution_id: UUID | None


class CostOut(Wire):
    id: UUID
    contract_id: UUID
    kind: str
    amount: MoneyOut
    evidence: str
    evidence_sha256: str | None
    incurred_on: date
    due_id: UUID | None
    distribution_id: UUID | None
    withdrawn_at: datetime | None


class BooksOut(Wire):
    contract_id: UUID
    income: list[IncomeOut]
    costs: list[CostOut]
    open_income: MoneyOut
    open_costs: MoneyOut


class HeirPartOut(Wire):
    name: str
    amount: MoneyOut


class LineOut(Wire):
    id: UUID
    n: int
    group: Group
    position: int
    person_id: UUID | None
    amount: MoneyOut
    wage_base: MoneyOut | None
    state: LineState
    payout_id: UUID | None
    offset: MoneyOut
    rework_id: UUID | None
    hold_id: UUID | None
    heirs: list[HeirPartOut]


class DistributionOut(Wire):
    id: UUID
    contract_id: UUID
    share_table_id: UUID
    unit_id: UUID
    state: DistributionState
    rule_date: date
    receipts: MoneyOut
    costs: MoneyOut
    net_income: MoneyOut
    reward: MoneyOut
    unit_part: MoneyOut
    notice_id: UUID | None
    fund_due_id: UUID | None
    computation_sha256: str
    created_at: datetime
    steps: list[dict[str, Any]]
    flags: list[dict[str, Any]]
    terms: list[dict[str, Any]]
    lines: list[LineOut]


class DistributionCardOut(Wire):
    id: UUID
    contract_id: UUID
    unit_id: UUID
    state: DistributionState
    net_income: MoneyOut
    reward: MoneyOut
    created_at: datetime


class DistributionPage(Wire):
    items: list[DistributionCardOut]
    next_cursor: str | None


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


@router.get(
    "/contracts/{contract_id}/income", response_model=BooksOut, operation_id="getContractIncome", responses=refusals()
)
async def get_income(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> BooksView:
    """What the contract has brought in and cost."""
    return await service.get_books(tx, actor, contract_id)


@router.post(
    "/distributions",
    status_code=201,
    response_model=DistributionOut,
    operation_id="draftDistribution",
    responses=refusals(
        *TABLE_REFUSALS,
        errors.NoIncome,
        errors.NoShareTable,
        errors.NothingToShare,
        errors.TooSmallToSplit,
        errors.TableOfAnotherSubject,
        errors.TableReplaced,
    ),
)
async def draft_distribution(body: DraftDistribution, actor: SignedIn, tx: TxDep) -> DistributionView:
    """Split all open income of a contract under its share table. Each income is split once."""
    return await service.draft_distribution(tx, actor, body.contract_id, share_table_id=body.share_table_id)


@router.get("/distributions", response_model=DistributionPage, operation_id="listDistributions", responses=refusals())
async def list_distributions(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    contract_id: Uuid | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """The distributions of your unit, newest first."""
    page = await service.list_distributions(tx, actor, contract_id=contract_id, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/distributions", limit=limit, contract_id=contract_id)


@router.get(
    "/distributions/{distribution_id}",
    response_model=DistributionOut,
    operation_id="getDistribution",
    responses=refusals(),
)
async def get_distribution(distribution_id: Uuid, actor: SignedIn, tx: TxDep) -> DistributionView:
    """A whole split with every step and line, for the unit's officers and the market."""
    return await service.get_distribution(tx, actor, distribution_id)


@router.post(
    "/distributions/{distribution_id}/publication",
    response_model=DistributionOut,
    operation_id="publishDistribution",
    responses=refusals(NotInThisState, notices.EvidenceMissing),
)
async def publish_distribution(
    distribution_id: Uuid, body: PublishDistribution, actor: SignedIn, tx: TxDep
) -> DistributionView:
    """Publish the reward list in the unit; an objection holds only the lines it names."""
    return await service.publish_distribution(tx, actor, distribution_id, posted_sha256=body.posted_sha256)


@router.post(
    "/distributions/{distribution_id}/payment",
    response_model=DistributionOut,
    operation_id="payDistribution",
    responses=refusals(
        NotInThisState,
        errors.TableNotSigned,
        errors.TableReplaced,
        errors.NothingPayable,
        ledger.Insufficient,
        notices.NotStarted,
        notices.StillRunning,
    ),
)
async def pay_distribution(distribution_id: Uuid, actor: SignedIn, tx: TxDep) -> DistributionView:
    """Instruct every line that no objection holds, after the notice and under a table that all have signed."""
    return await service.pay_distribution(tx, actor, distribution_id)


@router.post(
    "/distributions/{distribution_id}/reversal",
    response_model=DistributionOut,
    operation_id="reverseDistribution",
    responses=refusals(NotInThisState, errors.PaidAlready, errors.PayoutUnderway),
)
async def reverse_distribution(
    distribution_id: Uuid, body: ReverseDistribution, actor: SignedIn, tx: TxDep
) -> DistributionView:
    """Take back a distribution; its income is open again. Of what was paid, `claw_back` makes claims."""
    return await service.reverse_distribution(tx, actor, distribution_id, claw_back=body.claw_back)


@router.post(
    "/lines/{line_id}/payroll-confirmation",
    response_model=LineOut,
    operation_id="confirmPayroll",
    responses=refusals(NotInThisState, errors.ChannelConfirmsItself),
)
async def confirm_payroll(line_id: Uuid, actor: SignedIn, tx: TxDep) -> LineView:
    """The unit has paid this line with its wages."""
    return await service.confirm_payroll(tx, actor, line_id)
