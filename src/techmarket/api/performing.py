"""Contracts while they live, over HTTP: accepted, reported, corrected, tried out, disputed, ended."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from techmarket.achievements.errors import ConsentMissing, LicenceOverlaps, TitleNotTheGivers, UnderWay
from techmarket.api.contract_shapes import ContractOut, Reasons, RoyaltyReportOut
from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Day, LongText, NonNegativeMoney, SafeText, Sha256, ShortText, Uuid, Wire
from techmarket.contracts import errors, service
from techmarket.contracts.borders import ClearanceKind
from techmarket.contracts.views import ContractView, RoyaltyReportView
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.notices.errors import EvidenceMissing
from techmarket.settlement.errors import DuesOpen

router = APIRouter(prefix="/v1", tags=["contracts"], route_class=MarketRoute)


class AcceptMilestone(Wire):
    evidence_sha256: Sha256 | None = Field(default=None, description="the record of the acceptance (验收证明)")


class ReportRoyalty(Wire):
    period_from: Day
    period_to: Day
    base: NonNegativeMoney = Field(description="What the royalty is a part of, for the whole period")


class CorrectReport(Wire):
    base: NonNegativeMoney = Field(description="what the report should have said")
    reasons: LongText
    evidence_sha256: Sha256 | None = None


class RecordClearance(Wire):
    kind: ClearanceKind
    number: Annotated[str, SafeText(100)]
    issued_by: ShortText
    issued_on: Day
    evidence_sha256: Sha256


class HandOver(Wire):
    evidence_sha256: Sha256 = Field(description="the register's paper, such as the office's notice of the change")


@router.post(
    "/contracts/{contract_id}/milestones/{n}/acceptance",
    response_model=ContractOut,
    operation_id="acceptMilestone",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.NotInForce,
        errors.NoSuchMilestone,
        EvidenceMissing,
        NotInThisState,
        CalendarYearMissing,
    ),
)
async def accept_milestone(
    contract_id: Uuid,
    n: Annotated[int, Field(ge=1, le=1000)],
    actor: SignedIn,
    tx: TxDep,
    body: AcceptMilestone | None = None,
) -> ContractView:
    """Accept what was handed over for a milestone (payer), with the record of the acceptance: its payment falls due."""
    evidence = body.evidence_sha256 if body is not None else None
    return await service.accept_milestone(tx, actor, contract_id, n, evidence_sha256=evidence)


@router.post(
    "/contracts/{contract_id}/dispute",
    response_model=ContractOut,
    operation_id="disputeContract",
    responses=refusals(NotInThisState, NotAllowed, NotFound),
)
async def dispute(contract_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> ContractView:
    """Put a dispute on record; the contract is neither certified nor registered while it lasts."""
    return await service.dispute(tx, actor, contract_id, reasons=body.reasons)


@router.post(
    "/contracts/{contract_id}/settlement",
    response_model=ContractOut,
    operation_id="settleContractDispute",
    responses=refusals(NotInThisState, NotAllowed, NotFound),
)
async def settle_dispute(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> ContractView:
    """An operator records that a dispute is over."""
    return await service.settle_dispute(tx, actor, contract_id)


@router.post(
    "/contracts/{contract_id}/performance",
    response_model=ContractOut,
    operation_id="performContract",
    responses=refusals(errors.TermNotOver, NotInThisState, NotAllowed, NotFound),
)
async def perform(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> ContractView:
    """The term is over and everything due is paid: the contract is performed."""
    return await service.perform(tx, actor, contract_id)


@router.post(
    "/contracts/{contract_id}/default",
    response_model=ContractOut,
    operation_id="declareContractDefault",
    responses=refusals(
        errors.NotFromAward, errors.NothingOverdue, errors.DepositSpent, NotInThisState, NotAllowed, NotFound
    ),
)
async def declare_default(contract_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> ContractView:
    """The buyer of an awarded contract has not paid in time: it ends, and the deposit is lost as announced."""
    return await service.declare_default(tx, actor, contract_id, reasons=body.reasons)


@router.post(
    "/contracts/{contract_id}/termination",
    response_model=ContractOut,
    operation_id="terminateContract",
    responses=refusals(NotInThisState, NotAllowed, NotFound),
)
async def terminate(contract_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> ContractView:
    """An operator records that a contract ended early, with the reasons."""
    return await service.terminate(tx, actor, contract_id, reasons=body.reasons)


@router.post(
    "/contracts/{contract_id}/royalty-reports",
    status_code=201,
    response_model=RoyaltyReportOut,
    operation_id="reportRoyalty",
    responses=refusals(
        errors.NotInForce,
        errors.NoRoyalty,
        errors.PeriodBackwards,
        errors.PeriodNotOver,
        errors.PeriodOutsideTerm,
        errors.PeriodReported,
        errors.PeriodCrossesYear,
        NotAllowed,
        NotFound,
    ),
)
async def report_royalty(contract_id: Uuid, body: ReportRoyalty, actor: SignedIn, tx: TxDep) -> RoyaltyReportView:
    """Report the base of a period that is over; the royalty on it, half up to the cent, falls due."""
    return await service.report_royalty(
        tx, actor, contract_id, period_from=body.period_from, period_to=body.period_to, base_minor=body.base.minor
    )


@router.post(
    "/royalty-reports/{report_id}/corrections",
    status_code=201,
    response_model=RoyaltyReportOut,
    operation_id="correctRoyaltyReport",
    responses=refusals(errors.NotInForce, errors.NothingCorrected, EvidenceMissing, NotAllowed, NotFound),
)
async def correct_report(report_id: Uuid, body: CorrectReport, actor: SignedIn, tx: TxDep) -> RoyaltyReportView:
    """Correct a report (payer). The report stays as it was; the difference falls due, or is a credit."""
    return await service.correct_report(
        tx, actor, report_id, base_minor=body.base.minor, reasons=body.reasons, evidence_sha256=body.evidence_sha256
    )


@router.post(
    "/contracts/{contract_id}/clearances",
    status_code=201,
    response_model=ContractOut,
    operation_id="recordClearance",
    responses=refusals(
        errors.ClearanceNotNeeded,
        errors.NotYetIssued,
        EvidenceMissing,
        LicenceOverlaps,
        ConsentMissing,
        UnderWay,
        NotAllowed,
        NotFound,
    ),
)
async def record_clearance(contract_id: Uuid, body: RecordClearance, actor: SignedIn, tx: TxDep) -> ContractView:
    """Record what an authority gave for technology that crosses the border; with the licence the contract takes
    effect."""
    return await service.record_clearance(
        tx,
        actor,
        contract_id,
        kind=body.kind,
        number=body.number,
        issued_by=body.issued_by,
        issued_on=body.issued_on,
        evidence_sha256=body.evidence_sha256,
    )


@router.post(
    "/contracts/{contract_id}/trial/acceptance",
    response_model=ContractOut,
    operation_id="acceptTrial",
    responses=refusals(
        errors.TrialNotRunning, LicenceOverlaps, ConsentMissing, UnderWay, NotInThisState, NotAllowed, NotFound
    ),
)
async def accept_trial(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> ContractView:
    """Take what was tried out, on the terms signed before the trial (先用后转)."""
    return await service.accept_trial(tx, actor, contract_id)


@router.post(
    "/contracts/{contract_id}/trial/refusal",
    response_model=ContractOut,
    operation_id="declineTrial",
    responses=refusals(NotInThisState, NotAllowed, NotFound),
)
async def decline_trial(contract_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> ContractView:
    """Do not take what was tried out; nothing is owed."""
    return await service.decline_trial(tx, actor, contract_id, reasons=body.reasons)


@router.post(
    "/contracts/{contract_id}/title",
    response_model=ContractOut,
    operation_id="handOverTitle",
    responses=refusals(errors.NotInForce, errors.TitleNotMoving, DuesOpen, EvidenceMissing, NotAllowed, NotFound),
)
async def hand_over_title(contract_id: Uuid, body: HandOver, actor: SignedIn, tx: TxDep) -> ContractView:
    """Record that the title is the buyer's, with the register's paper (seller)."""
    return await service.hand_over_title(tx, actor, contract_id, evidence_sha256=body.evidence_sha256)


@router.post(
    "/contracts/{contract_id}/title-restoration",
    response_model=ContractOut,
    operation_id="restoreTitle",
    responses=refusals(errors.NoTitleToRestore, TitleNotTheGivers, EvidenceMissing, NotAllowed, NotFound),
)
async def restore_title(contract_id: Uuid, body: HandOver, actor: SignedIn, tx: TxDep) -> ContractView:
    """Record that the title is the seller's again, with the register's paper, once the contract was ended (buyer, or
    the market)."""
    return await service.restore_title(tx, actor, contract_id, evidence_sha256=body.evidence_sha256)
