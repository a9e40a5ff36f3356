"""The unit's own approvals over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.achievements import errors, service
from techmarket.achievements.approvals import ApprovalDraft, ApprovalKind, EvidenceFile, EvidenceLabel
from techmarket.achievements.lifecycle import ApprovalState
from techmarket.achievements.views import ApprovalView
from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Day, Limit, MoneyOut, PositiveMoney, Sha256, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings.rules import Mode
from techmarket.notices.errors import EvidenceMissing
from techmarket.signing.errors import NotASignatory, SignedAlready, SigningNotOpen, WrongDocument

router = APIRouter(prefix="/v1/approvals", tags=["achievements"], route_class=MarketRoute)


class EvidenceFileWire(Wire):
    label: EvidenceLabel
    sha256: Sha256


class DrawUpApproval(Wire):
    kind: ApprovalKind = ApprovalKind.COLLECTIVE_DECISION
    achievement_ids: Annotated[list[Uuid], Field(min_length=1, max_length=20)]
    modes: Annotated[list[Mode], Field(min_length=1, max_length=6)]
    floor: PositiveMoney | None = Field(default=None, description="Not below this price; shown to the unit alone.")
    decided_on: Day
    evidence: Annotated[list[EvidenceFileWire], Field(max_length=20, description="Files your unit has uploaded.")]
    signatories: Annotated[list[Uuid], Field(min_length=1, max_length=20, description="Members of your unit.")]


class SignApproval(Wire):
    document_sha256: Sha256


class ApprovalOut(Wire):
    id: UUID
    organisation_id: UUID
    kind: ApprovalKind
    state: ApprovalState
    achievement_ids: list[UUID]
    modes: list[str]
    floor: MoneyOut | None
    decided_on: Day
    evidence: list[EvidenceFileWire]
    document_sha256: str = Field(description="What is signed.")
    signing_id: UUID
    signed: int
    required: int
    drawn_up_at: datetime
    in_force_at: datetime | None
    revoked_at: datetime | None
    text: dict[str, object] | None = Field(description="The text behind the hash; lists leave it out.")


class ApprovalPage(Wire):
    items: list[ApprovalOut]
    next_cursor: str | None


@router.post(
    "",
    status_code=201,
    response_model=ApprovalOut,
    operation_id="drawUpApproval",
    responses=refusals(
        NotAllowed,
        errors.NotTheSellers,
        errors.DayInTheFuture,
        errors.SignatoriesTooFew,
        errors.SignatoryNotAMember,
        errors.ApprovalEvidenceMissing,
        EvidenceMissing,
    ),
)
async def draw_up_approval(body: DrawUpApproval, actor: SignedIn, tx: TxDep) -> ApprovalView:
    """Write down what your unit decided, on which evidence, and call the members named to sign it."""
    draft = ApprovalDraft(
        kind=body.kind,
        achievement_ids=tuple(body.achievement_ids),
        modes=tuple(mode.value for mode in body.modes),
        decided_on=body.decided_on,
        evidence=tuple(EvidenceFile(one.label, one.sha256) for one in body.evidence),
        signatories=tuple(body.signatories),
        floor_minor=None if body.floor is None else body.floor.minor,
    )
    return await service.draw_up_approval(tx, actor, draft)


@router.get("", response_model=ApprovalPage, operation_id="listApprovals", responses=refusals(NotAllowed, BadCursor))
async def list_approvals(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """The approvals of your unit, newest first."""
    page = await service.list_approvals(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/approvals", limit=limit)


@router.get("/{approval_id}", response_model=ApprovalOut, operation_id="getApproval", responses=refusals(NotFound))
async def get_approval(approval_id: Uuid, actor: SignedIn, tx: TxDep) -> ApprovalView:
    """One approval with the text that is signed."""
    return await service.get_approval(tx, actor, approval_id)


@router.post(
    "/{approval_id}/signature",
    status_code=201,
    response_model=ApprovalOut,
    operation_id="signApproval",
    responses=refusals(
        NotAllowed, NotFound, NotInThisState, WrongDocument, NotASignatory, SignedAlready, SigningNotOpen
    ),
)
async def sign_approval(approval_id: Uuid, body: SignApproval, actor: SignedIn, tx: TxDep) -> ApprovalView:
    """Sign as one of the members named; with the last signature the approval is in force."""
    return await service.sign_approval(tx, actor, approval_id, document_sha256=body.document_sha256)


@router.post(
    "/{approval_id}/revocation",
    response_model=ApprovalOut,
    operation_id="revokeApproval",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def revoke_approval(approval_id: Uuid, actor: SignedIn, tx: TxDep) -> ApprovalView:
    """Take it back: no award rests on it from now on; one that was made stands."""
    return await service.revoke_approval(tx, actor, approval_id)
