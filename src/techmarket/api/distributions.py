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
    Cursor,
    Limit,
    MoneyOut,
    Sha256,
    Uuid,
    Wire,
)
from techmarket.api.share_tables import TABLE_REFUSALS
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.ledger import errors as ledger
from techmarket.notices import errors as notices
from techmarket.revenue import errors, service
from techmarket.revenue.case import Group, Mode
from techmarket.revenue.lifecycle import DistributionState, LineState
from techmarket.revenue.views import DistributionView, LineView

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)


class DraftDistribution(Wire):
    """One of a contract and an achievement; of an achievement the mode is named."""

    contract_id: Uuid | None = None
    achievement_id: Uuid | None = None
    mode: Mode | None = None
    in_shares: bool = Field(default=False, description="Split the shares that were obtained, not money")
    share_table_id: Uuid | None = None


class PublishDistribution(Wire):
    posted_sha256: Sha256 | None = Field(
        default=None, description="Evidence that the list hangs in the unit already; else the unit confirms later"
    )


class ReverseDistribution(Wire):
    claw_back: bool = Field(
        default=False, description="Also stop what is instructed and claim back what was paid, each line by itself"
    )


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
    contract_id: UUID | None
    achievement_id: UUID | None
    mode: Mode
    in_shares: bool
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
    contract_id: UUID | None
    achievement_id: UUID | None
    mode: Mode
    in_shares: bool
    unit_id: UUID
    state: DistributionState
    net_income: MoneyOut
    reward: MoneyOut
    created_at: datetime


class DistributionPage(Wire):
    items: list[DistributionCardOut]
    next_cursor: str | None


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
        errors.IncomeMalformed,
        errors.YearsOver,
        errors.GrantOrReward,
    ),
)
async def draft_distribution(body: DraftDistribution, actor: SignedIn, tx: TxDep) -> DistributionView:
    """Split all open income of a contract under its share table. Each income is split once."""
    return await service.draft_distribution(
        tx,
        actor,
        body.contract_id,
        achievement_id=body.achievement_id,
        mode=body.mode,
        in_shares=body.in_shares,
        share_table_id=body.share_table_id,
    )


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
    responses=refusals(NotInThisState, errors.PaidAlready, errors.PayoutUnderway, errors.SharesRegistered),
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
    responses=refusals(NotInThisState, errors.ChannelConfirmsItself, errors.PaidInShares),
)
async def confirm_payroll(line_id: Uuid, actor: SignedIn, tx: TxDep) -> LineView:
    """The unit has paid this line with its wages."""
    return await service.confirm_payroll(tx, actor, line_id)


class RegisterShares(Wire):
    proof_sha256: Sha256 = Field(description="The company's registration, a file that the unit keeps as evidence")


@router.post(
    "/lines/{line_id}/share-registration",
    response_model=LineOut,
    operation_id="registerShares",
    responses=refusals(NotInThisState, errors.PaidInMoney, notices.EvidenceMissing),
)
async def register_shares(line_id: Uuid, body: RegisterShares, actor: SignedIn, tx: TxDep) -> LineView:
    """The shares of this line stand in the person's name now."""
    return await service.register_shares(tx, actor, line_id, proof_sha256=body.proof_sha256)
