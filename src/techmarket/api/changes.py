"""Changes, breaches and deadlines of contracts over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.achievements.errors import ApprovalMissing
from techmarket.api.contract_shapes import Clauses, ContractOut, Facts, Plan
from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Day, Limit, LongText, SafeText, Sha256, Uuid, Wire
from techmarket.contracts import errors, service
from techmarket.contracts.lifecycle import BreachState, ChangeState
from techmarket.contracts.rules import ChangeKind, DeadlineKind
from techmarket.contracts.service.changing import NewTerms
from techmarket.contracts.views import BreachView, ChangeView, ContractView
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices.errors import EvidenceMissing
from techmarket.signing.errors import NotASignatory, SignedAlready, WrongDocument

router = APIRouter(prefix="/v1", tags=["contracts"], route_class=MarketRoute)


class ProposeChange(Wire):
    """Other terms, or the end by agreement. What is left out stays as it is."""

    kind: ChangeKind
    effective_on: Day
    reasons: LongText
    clauses: Clauses | None = None
    plan: Plan | None = Field(default=None, description="replaces every part of the price that is not due yet")
    facts: Facts = Field(default_factory=dict)


class SignChange(Wire):
    document_sha256: Sha256


class DemandCure(Wire):
    grounds: LongText
    due_id: Uuid | None = Field(default=None, description="the money that is late, if it is about money")
    evidence_sha256: Sha256 | None = None


class CloseBreach(Wire):
    closing: LongText


class FileLicence(Wire):
    number: Annotated[str, SafeText(100)]
    evidence_sha256: Sha256


class ChangeOut(Wire):
    id: UUID
    contract_id: UUID
    n: int
    kind: ChangeKind
    state: ChangeState
    effective_on: date
    reasons: str
    proposed_by: UUID
    proposed_at: datetime
    decided_at: datetime | None
    document_sha256: str
    signing_id: UUID
    version: int | None = Field(description="the version of the text it became")
    document: dict[str, Any]


class ChangeList(Wire):
    items: list[ChangeOut]


class BreachOut(Wire):
    id: UUID
    contract_id: UUID
    by: UUID
    grounds: str
    due_id: UUID | None
    evidence_sha256: str | None
    state: BreachState
    demanded_at: datetime
    cure_ends_at: datetime
    closed_at: datetime | None
    closing: str | None


class BreachList(Wire):
    items: list[BreachOut]


class DeadlineOut(Wire):
    id: UUID
    contract_id: UUID
    kind: DeadlineKind
    about: UUID | None = Field(description="the due, line, breach or registration it is for")
    organisation_id: UUID | None = Field(description="who has to do it")
    due_at: datetime
    last_day: date
    rule_key: str | None = Field(description="the row of the rulebook that set it; null where the parties did")
    done_at: datetime | None
    passed_at: datetime | None
    number: str | None


class DeadlinePage(Wire):
    items: list[DeadlineOut]
    next_cursor: str | None


_CHANGE = (NotInThisState, NotAllowed, NotFound)


@router.post(
    "/contracts/{contract_id}/changes",
    status_code=201,
    response_model=ChangeOut,
    operation_id="proposeContractChange",
    responses=refusals(
        errors.ChangePending,
        errors.ChangeChangesNothing,
        errors.ChangeTooEarly,
        errors.ChangeWithinYear,
        errors.PlanUnfit,
        errors.NothingToPay,
        errors.FactsUnknown,
        errors.FactsMissing,
        errors.PriceBound,
        ApprovalMissing,
        *_CHANGE,
    ),
)
async def propose_change(contract_id: Uuid, body: ProposeChange, actor: SignedIn, tx: TxDep) -> ChangeView:
    """Propose other terms, or the end by agreement (either party); all parties then sign the new text."""
    terms = NewTerms(
        clauses=None if body.clauses is None else tuple(one.clause() for one in body.clauses),
        plan=None if body.plan is None else tuple(one.terms() for one in body.plan),
        facts=body.facts,
    )
    return await service.propose_change(
        tx, actor, contract_id, kind=body.kind, effective_on=body.effective_on, reasons=body.reasons, terms=terms
    )


@router.get(
    "/contracts/{contract_id}/changes",
    response_model=ChangeList,
    operation_id="listContractChanges",
    responses=refusals(NotFound),
)
async def list_changes(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """Every change that was proposed, with the text it would give the contract."""
    return {"items": await service.list_changes(tx, actor, contract_id)}


@router.post(
    "/contract-changes/{change_id}/signatures",
    status_code=201,
    response_model=ChangeOut,
    operation_id="signContractChange",
    responses=refusals(
        errors.ChangeTooEarly,
        errors.AuthorityMissing,
        WrongDocument,
        NotASignatory,
        SignedAlready,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def sign_change(change_id: Uuid, body: SignChange, actor: SignedIn, tx: TxDep) -> ChangeView:
    """Sign a change. The last signature makes it the next version of the contract, or its end."""
    return await service.sign_change(tx, actor, change_id, document_sha256=body.document_sha256)


@router.post(
    "/contract-changes/{change_id}/refusal",
    response_model=ChangeOut,
    operation_id="refuseContractChange",
    responses=refusals(errors.NotYourChange, *_CHANGE),
)
async def refuse_change(change_id: Uuid, actor: SignedIn, tx: TxDep) -> ChangeView:
    """Turn a change down (the side that did not propose it)."""
    return await service.refuse_change(tx, actor, change_id)


@router.post(
    "/contract-changes/{change_id}/withdrawal",
    response_model=ChangeOut,
    operation_id="withdrawContractChange",
    responses=refusals(errors.NotYourChange, *_CHANGE),
)
async def withdraw_change(change_id: Uuid, actor: SignedIn, tx: TxDep) -> ChangeView:
    """Take a change back (whoever proposed it)."""
    return await service.withdraw_change(tx, actor, change_id)


@router.post(
    "/contracts/{contract_id}/breaches",
    status_code=201,
    response_model=BreachOut,
    operation_id="demandCure",
    responses=refusals(
        errors.NotInForce, errors.NothingLate, errors.BreachUnproven, EvidenceMissing, NotAllowed, NotFound
    ),
)
async def demand_cure(contract_id: Uuid, body: DemandCure, actor: SignedIn, tx: TxDep) -> BreachView:
    """Demand that the other side perform (催告); it has the days the rulebook gives."""
    return await service.demand_cure(
        tx, actor, contract_id, grounds=body.grounds, due_id=body.due_id, evidence_sha256=body.evidence_sha256
    )


@router.get(
    "/contracts/{contract_id}/breaches",
    response_model=BreachList,
    operation_id="listBreaches",
    responses=refusals(NotFound),
)
async def list_breaches(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """What was demanded of whom, until when, and what became of it."""
    return {"items": await service.list_breaches(tx, actor, contract_id)}


@router.post(
    "/breaches/{breach_id}/cure",
    response_model=BreachOut,
    operation_id="confirmCure",
    responses=refusals(*_CHANGE),
)
async def confirm_cure(breach_id: Uuid, body: CloseBreach, actor: SignedIn, tx: TxDep) -> BreachView:
    """Say that the breach was cured (whoever demanded it)."""
    return await service.close_breach(tx, actor, breach_id, cured=True, closing=body.closing)


@router.post(
    "/breaches/{breach_id}/withdrawal",
    response_model=BreachOut,
    operation_id="withdrawDemand",
    responses=refusals(*_CHANGE),
)
async def withdraw_demand(breach_id: Uuid, body: CloseBreach, actor: SignedIn, tx: TxDep) -> BreachView:
    """Take a demand back (whoever demanded it)."""
    return await service.close_breach(tx, actor, breach_id, cured=False, closing=body.closing)


@router.post(
    "/breaches/{breach_id}/termination",
    response_model=BreachOut,
    operation_id="terminateForBreach",
    responses=refusals(errors.NotInForce, errors.CureRunning, errors.BreachCured, *_CHANGE),
)
async def end_for_breach(breach_id: Uuid, body: CloseBreach, actor: SignedIn, tx: TxDep) -> BreachView:
    """End the contract for a breach that was not cured in time (whoever demanded it)."""
    return await service.end_for_breach(tx, actor, breach_id, closing=body.closing)


@router.post(
    "/contracts/{contract_id}/licence-filing",
    response_model=ContractOut,
    operation_id="fileLicence",
    responses=refusals(errors.NothingToFile, EvidenceMissing, NotAllowed, NotFound),
)
async def file_licence(contract_id: Uuid, body: FileLicence, actor: SignedIn, tx: TxDep) -> ContractView:
    """Record that the licence of a patent was filed with the office (许可备案)."""
    return await service.file_licence(tx, actor, contract_id, number=body.number, evidence_sha256=body.evidence_sha256)


@router.get(
    "/contract-deadlines",
    response_model=DeadlinePage,
    operation_id="listContractDeadlines",
    responses=refusals(),
)
async def list_deadlines(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    contract_id: Uuid | None = None,
    open_only: bool = True,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """What my organisation's contracts wait for, the earliest first: payments, reports, filings, decisions, cures."""
    page = await service.list_deadlines(
        tx, actor, contract_id=contract_id, open_only=open_only, cursor=cursor, limit=limit
    )
    return page_response(page, response, "/v1/contract-deadlines", limit=limit)
