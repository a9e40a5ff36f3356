"""Contracts, royalties and registration over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.achievements.errors import (
    ApprovalMissing,
    ApprovalNotInForce,
    ApprovalOfOther,
    ApprovalUnknown,
    ConsentMissing,
    LicenceOverlaps,
    NotRecorded,
    UnderWay,
)
from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import (
    Cursor,
    Day,
    Limit,
    LongText,
    MoneyOut,
    NonNegativeMoney,
    PositiveMoney,
    RateIn,
    SafeText,
    Sha256,
    ShortText,
    Uuid,
    Wire,
)
from techmarket.contracts import errors, service
from techmarket.contracts.lifecycle import ContractState, LineState, RegistrationState
from techmarket.contracts.rules import ContractType, LineKind, Milestone, PartyRole, Relief, RoyaltyBase, Tax
from techmarket.contracts.text import Clause, RoyaltyTerms, ScopeTerms
from techmarket.contracts.views import ContractView, DocumentView, RegistrationView, RoyaltyReportView
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.listings.rules import LicenceKind
from techmarket.notices.errors import NotStarted, Paused, StillRunning, Suspended, Upheld
from techmarket.signing.errors import NotASignatory, NotYourTurn, SignedAlready, WrongDocument

router = APIRouter(prefix="/v1", tags=["contracts"], route_class=MarketRoute)

DueDays = Annotated[int, Field(strict=True, ge=1, le=365, description="days from the report to the payment")]
Territory = Annotated[str, Field(strict=True, pattern=r"^(WORLD|CN(-[1-9][0-9]([0-9]{2}){0,2})?)$")]
UseField = Annotated[str, Field(strict=True, pattern=r"^[A-Z0-9]{1,32}$", description="ANY, or a GB/T 4754 code")]
Manner = Annotated[str, SafeText(200)]
Years = Annotated[int, Field(strict=True, ge=1, le=100)]
RegistrationNumber = Annotated[str, SafeText(64)]


class ClauseIn(Wire):
    title: ShortText
    text: LongText


Clauses = Annotated[list[ClauseIn], Field(max_length=50)]


class ScopeIn(Wire):
    territory: Territory = "WORLD"
    field: UseField = "ANY"
    manner: Manner = "ANY"
    term_years: Years | None = None


class RoyaltyIn(Wire):
    rate: RateIn
    base: RoyaltyBase
    due_days: DueDays


class MilestoneIn(Wire):
    title: ShortText
    amount: PositiveMoney


class DraftFromAward(Wire):
    award_id: Uuid
    royalty_due_days: DueDays | None = Field(
        default=None, description="Needed where the offer asks a royalty: days from each report to its payment."
    )
    milestones: Annotated[list[MilestoneIn], Field(max_length=50)] = Field(
        default_factory=list,
        description="Of an open challenge, in the order of the work; they sum to the price. Left out: one of all.",
    )
    clauses: Clauses = Field(default_factory=list)


class DraftDirectly(Wire):
    buyer_id: Uuid
    achievement_ids: Annotated[list[Uuid], Field(min_length=1, max_length=50)]
    licence_kind: LicenceKind
    scope: ScopeIn
    entry_fee: PositiveMoney | None = None
    royalty: RoyaltyIn | None = None
    clauses: Clauses = Field(default_factory=list)
    approval_ids: Annotated[list[Uuid], Field(max_length=5)] = Field(
        default_factory=list, description="Approvals of your unit, each in force and covering all that is licensed."
    )


class OpenSigning(Wire):
    document_sha256: Sha256
    related_party: bool = Field(default=False, description="Whether buyer and completers are related; it is published.")


class SignContract(Wire):
    document_sha256: Sha256


class Reasons(Wire):
    reasons: LongText


class ReportRoyalty(Wire):
    period_from: Day
    period_to: Day
    base: NonNegativeMoney = Field(description="What the royalty is a part of, for the whole period")


class FileRegistration(Wire):
    contract_class: ContractType
    whole_amount: NonNegativeMoney = Field(description="合同成交额")
    technology_amount: NonNegativeMoney = Field(description="技术交易额: the whole without its non-technical part")


class DecideRegistration(Wire):
    number: RegistrationNumber | None = Field(default=None, description="Registers under this number; null refuses.")
    contract_class: ContractType | None = None
    whole_amount: NonNegativeMoney | None = None
    technology_amount: NonNegativeMoney | None = None
    reasons: LongText | None = None


class PartyOut(Wire):
    role: PartyRole
    organisation_id: UUID
    name: str


class PlanLineOut(Wire):
    id: UUID
    n: int
    kind: LineKind
    title: str | None = Field(description="of a milestone: what is handed over")
    state: LineState
    amount: MoneyOut | None
    credited: MoneyOut = Field(description="the winner's deposit that became part of this line")
    rate: Decimal | None
    base: str | None
    due_id: UUID | None


class RoyaltyReportOut(Wire):
    id: UUID
    contract_id: UUID
    period_from: date
    period_to: date
    base: MoneyOut
    royalty: MoneyOut
    due_id: UUID | None
    paid_at: datetime | None


class ReliefOut(Wire):
    tax: Tax
    relief: Relief
    needs_confirmation: bool


class RegistrationOut(Wire):
    id: UUID
    contract_id: UUID
    state: RegistrationState
    contract_class: ContractType
    whole_amount: MoneyOut
    technology_amount: MoneyOut
    number: str | None
    filed_at: datetime
    decide_by: datetime | None = Field(description="null where no rule gives the registrar a period")
    decided_at: datetime | None
    reasons: str | None
    reliefs: list[ReliefOut]
    warnings: list[str]


class ContractOut(Wire):
    id: UUID
    number: str
    type: ContractType
    state: ContractState
    award_id: UUID | None
    listing_id: UUID | None
    notice_id: UUID | None
    approval_ids: list[UUID] = Field(description="the seller's own approvals that a contract without a trade points to")
    licence_kind: str | None = Field(description="null: a development is no licence")
    scope: dict[str, Any]
    parties: list[PartyOut]
    achievement_ids: list[UUID]
    document_sha256: str
    signing_id: UUID | None
    plan: list[PlanLineOut]
    royalty_reports: list[RoyaltyReportOut]
    registration: RegistrationOut | None
    in_force_at: datetime | None
    term_from: date | None
    term_until: date | None
    reasons: str | None = Field(description="why it is in dispute or was ended")


class ContractCardOut(Wire):
    id: UUID
    number: str
    type: ContractType
    state: ContractState
    award_id: UUID | None
    seller_id: UUID
    buyer_id: UUID
    created_at: datetime


class ContractPage(Wire):
    items: list[ContractCardOut]
    next_cursor: str | None


class DocumentOut(Wire):
    sha256: str
    document: dict[str, Any]


@router.post(
    "/contracts",
    status_code=201,
    response_model=ContractOut,
    operation_id="draftContract",
    responses=refusals(
        errors.AwardHasContract,
        errors.AwardNotOffered,
        errors.ModeNotOpen,
        errors.RoyaltyIncomplete,
        errors.NothingToPay,
        errors.MilestonesDoNotSum,
        errors.MilestonesUnfit,
        LicenceOverlaps,
        NotAllowed,
        NotFound,
    ),
)
async def draft_contract(body: DraftFromAward, actor: SignedIn, tx: TxDep) -> ContractView:
    """Draft the contract of an award: its price and the offer's terms, by the seller or the market."""
    return await service.draft_from_award(
        tx,
        actor,
        body.award_id,
        royalty_due_days=body.royalty_due_days,
        milestones=[Milestone(one.title, one.amount.minor) for one in body.milestones],
        clauses=_clauses(body.clauses),
    )


@router.post(
    "/direct-contracts",
    status_code=201,
    response_model=ContractOut,
    operation_id="draftDirectContract",
    responses=refusals(
        errors.SameParty,
        errors.NothingToPay,
        errors.AchievementsMissing,
        ApprovalUnknown,
        ApprovalNotInForce,
        ApprovalOfOther,
        LicenceOverlaps,
        NotRecorded,
        NotAllowed,
        NotFound,
    ),
)
async def draft_direct_contract(body: DraftDirectly, actor: SignedIn, tx: TxDep) -> ContractView:
    """Draft a licence negotiated with a named buyer. A unit set up by the government publishes the price first."""
    return await service.draft_directly(
        tx,
        actor,
        buyer_org=body.buyer_id,
        achievement_ids=body.achievement_ids,
        licence_kind=body.licence_kind.value,
        scope=ScopeTerms(body.scope.territory, body.scope.field, body.scope.manner, body.scope.term_years),
        entry_fee_minor=body.entry_fee.minor if body.entry_fee else None,
        royalty=RoyaltyTerms(body.royalty.rate, body.royalty.base.value, body.royalty.due_days)
        if body.royalty
        else None,
        clauses=_clauses(body.clauses),
        approval_ids=body.approval_ids,
    )


@router.post(
    "/contracts/{contract_id}/milestones/{n}/acceptance",
    response_model=ContractOut,
    operation_id="acceptMilestone",
    responses=refusals(
        NotAllowed, NotFound, errors.NotInForce, errors.NoSuchMilestone, NotInThisState, CalendarYearMissing
    ),
)
async def accept_milestone(
    contract_id: Uuid, n: Annotated[int, Field(ge=1, le=1000)], actor: SignedIn, tx: TxDep
) -> ContractView:
    """Accept what was handed over for a milestone (payer): its payment falls due."""
    return await service.accept_milestone(tx, actor, contract_id, n)


@router.get("/contracts", response_model=ContractPage, operation_id="listContracts", responses=refusals())
async def list_contracts(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """My organisation's contracts, the newest first; staff and registrars see all."""
    page = await service.list_contracts(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/contracts", limit=limit)


@router.get(
    "/contracts/{contract_id}", response_model=ContractOut, operation_id="getContract", responses=refusals(NotFound)
)
async def get_contract(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> ContractView:
    """A contract with its plan, reports and registration, for its parties, the market and registrars."""
    return await service.get_contract(tx, actor, contract_id)


@router.get(
    "/contracts/{contract_id}/document",
    response_model=DocumentOut,
    operation_id="getContractDocument",
    responses=refusals(NotFound),
)
async def get_document(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> DocumentView:
    """The text that is signed; its SHA-256 is that of the document's canonical JSON (RFC 8785)."""
    return await service.get_document(tx, actor, contract_id)


@router.post(
    "/contracts/{contract_id}/signing",
    response_model=ContractOut,
    operation_id="openContractSigning",
    responses=refusals(
        errors.WrongText,
        ApprovalMissing,
        ApprovalUnknown,
        ApprovalNotInForce,
        ApprovalOfOther,
        UnderWay,
        LicenceOverlaps,
        ConsentMissing,
        NotRecorded,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def open_signing(contract_id: Uuid, body: OpenSigning, actor: SignedIn, tx: TxDep) -> ContractView:
    """Call the parties to sign exactly this text: seller first, then buyer."""
    return await service.open_signing(
        tx, actor, contract_id, document_sha256=body.document_sha256, related_party=body.related_party
    )


@router.post(
    "/contracts/{contract_id}/signatures",
    status_code=201,
    response_model=ContractOut,
    operation_id="signContract",
    responses=refusals(
        NotStarted,
        StillRunning,
        Paused,
        Suspended,
        Upheld,
        WrongDocument,
        NotYourTurn,
        NotASignatory,
        SignedAlready,
        LicenceOverlaps,
        ConsentMissing,
        UnderWay,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def sign(contract_id: Uuid, body: SignContract, actor: SignedIn, tx: TxDep) -> ContractView:
    """Sign. The last signature concludes the award, enters the licence and makes the entry fee due, in one commit."""
    return await service.sign(tx, actor, contract_id, document_sha256=body.document_sha256)


@router.post(
    "/contracts/{contract_id}/cancellation",
    response_model=ContractOut,
    operation_id="cancelContract",
    responses=refusals(errors.BoundByAward, NotInThisState, NotAllowed, NotFound),
)
async def cancel(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> ContractView:
    """Take back a directly negotiated contract that is not in force yet."""
    return await service.cancel(tx, actor, contract_id)


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
    responses=refusals(errors.NotFromAward, errors.NothingOverdue, NotInThisState, NotAllowed, NotFound),
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
    "/contracts/{contract_id}/registrations",
    status_code=201,
    response_model=RegistrationOut,
    operation_id="fileRegistration",
    responses=refusals(errors.NotInForce, errors.RegistrationExists, errors.TechnologyAboveWhole, NotAllowed, NotFound),
)
async def file_registration(contract_id: Uuid, body: FileRegistration, actor: SignedIn, tx: TxDep) -> RegistrationView:
    """The seller's side files the contract for registration (认定登记)."""
    return await service.file_registration(
        tx,
        actor,
        contract_id,
        contract_class=body.contract_class,
        whole_minor=body.whole_amount.minor,
        technology_minor=body.technology_amount.minor,
    )


@router.post(
    "/registrations/{registration_id}/decision",
    response_model=RegistrationOut,
    operation_id="decideRegistration",
    responses=refusals(
        errors.RegistrarBelongsToParty,
        errors.ReasonsMissing,
        errors.NotInForce,
        errors.TechnologyAboveWhole,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def decide_registration(
    registration_id: Uuid, body: DecideRegistration, actor: SignedIn, tx: TxDep
) -> RegistrationView:
    """A registrar who is no party registers the contract under a number, or refuses it with reasons."""
    return await service.decide_registration(
        tx,
        actor,
        registration_id,
        number=body.number,
        contract_class=body.contract_class,
        whole_minor=body.whole_amount.minor if body.whole_amount else None,
        technology_minor=body.technology_amount.minor if body.technology_amount else None,
        reasons=body.reasons,
    )


@router.post(
    "/registrations/{registration_id}/revocation",
    response_model=RegistrationOut,
    operation_id="revokeRegistration",
    responses=refusals(errors.RegistrarBelongsToParty, NotInThisState, NotAllowed, NotFound),
)
async def revoke_registration(registration_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> RegistrationView:
    """A registrar takes a registration back, with reasons; relief that stood on it falls."""
    return await service.revoke_registration(tx, actor, registration_id, reasons=body.reasons)


def _clauses(given: list[ClauseIn]) -> list[Clause]:
    return [Clause(clause.title, clause.text) for clause in given]
