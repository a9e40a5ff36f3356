"""Objections over HTTP: filed, acknowledged, decided, taken back, and what they rest on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from techmarket.api.deps import FilesDep, KeysDep, MarketRoute, SignedIn, TxDep
from techmarket.api.evidence import BYTES, Sha256InPath, download
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Code, Cursor, Limit, LongText, Sha256, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.notices import errors, service
from techmarket.notices.lifecycle import ObjectionState
from techmarket.notices.views import ObjectionView

router = APIRouter(prefix="/v1", tags=["notices"], route_class=MarketRoute)


class FileObjection(Wire):
    grounds: LongText
    lines: Annotated[list[Code], Field(min_length=1, max_length=1000)] | None = None
    evidence: Annotated[list[Sha256], Field(max_length=20)] = Field(
        default_factory=list, description="the hashes of evidence that your organisation has uploaded"
    )


class AddEvidence(Wire):
    evidence_sha256: Sha256


class DecideObjection(Wire):
    upheld: bool
    reasons: LongText = Field(description="in full, for those concerned")
    published_reasons: LongText | None = Field(default=None, description="what everyone reads of the reasons")


class PromiseOut(Wire):
    """The market's signed word that its log will hold this entry; the proof follows with the next checkpoint."""

    entry_id: UUID
    leaf_hash: str
    log_id: UUID
    row: str
    salt: str
    kid: str
    signature: str


class ObjectionOut(Wire):
    id: UUID
    notice_id: UUID
    carried_from_id: UUID | None = Field(description="the notice it was filed against, when that was replaced")
    state: ObjectionState
    filed_at: datetime
    acknowledge_by: datetime | None
    acknowledged_at: datetime | None
    decide_by: datetime | None
    is_overdue: bool
    decided_at: datetime | None
    published_reasons: str | None
    lines: list[str] | None
    by_organisation_id: UUID | None = Field(description="shown to the objector, the parties and the market")
    by_organisation: str | None
    grounds: str | None
    evidence: list[str] | None
    reasons: str | None


class FiledObjectionOut(ObjectionOut):
    receipt: PromiseOut


class ObjectionPage(Wire):
    items: list[ObjectionOut]
    next_cursor: str | None


@router.post(
    "/notices/{notice_id}/objections",
    status_code=201,
    response_model=FiledObjectionOut,
    operation_id="fileObjection",
    responses=refusals(
        errors.OwnNotice,
        errors.NoStanding,
        errors.NotStarted,
        errors.Ended,
        errors.NoLongerStands,
        errors.LinesNeeded,
        errors.LinesNotTaken,
        errors.UnknownLines,
        errors.EvidenceMissing,
        errors.ObjectionOpen,
        errors.SameGroundsAgain,
        errors.TooManyObjections,
    ),
)
async def file_objection(
    notice_id: Uuid, body: FileObjection, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> ObjectionView:
    """Object to a notice while it runs: it pauses, or the lines named wait, until the objection is decided."""
    return await service.file_objection(
        tx, actor, notice_id, grounds=body.grounds, lines=body.lines, evidence_sha256=body.evidence, keys=keys
    )


@router.get("/objections", response_model=ObjectionPage, operation_id="listObjections", responses=refusals(BadCursor))
async def list_objections(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    notice_id: Uuid | None = None,
    state: ObjectionState | None = None,
    overdue: bool = False,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The objections you filed or that were filed against your notices, newest first; the market sees all of them.

    `overdue` leaves the open ones whose acknowledgement or decision is late.
    """
    page = await service.list_objections(
        tx, actor, notice_id=notice_id, state=state, overdue=overdue, cursor=cursor, limit=limit
    )
    more = {"notice_id": notice_id, "state": state, "overdue": overdue or None, "limit": limit}
    return page_response(page.map(_plain), response, "/v1/objections", **more)


@router.get(
    "/objections/{objection_id}", response_model=ObjectionOut, operation_id="getObjection", responses=refusals()
)
async def get_objection(objection_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """One objection, for its objector, the parties of the notice and the market."""
    return _plain(await service.get_objection(tx, actor, objection_id))


@router.post(
    "/objections/{objection_id}/evidence",
    status_code=201,
    response_model=ObjectionOut,
    operation_id="addObjectionEvidence",
    responses=refusals(NotInThisState, errors.EvidenceMissing, errors.TooMuchEvidenceHere),
)
async def add_evidence(objection_id: Uuid, body: AddEvidence, actor: SignedIn, tx: TxDep) -> object:
    """Whoever objected brings more evidence while the objection is open."""
    return _plain(await service.add_evidence(tx, actor, objection_id, sha256=body.evidence_sha256))


@router.get(
    "/objections/{objection_id}/evidence/{sha256}",
    operation_id="readObjectionEvidence",
    response_class=StreamingResponse,
    responses={**BYTES, **refusals()},
)
async def read_evidence(
    objection_id: Uuid, sha256: Sha256InPath, actor: SignedIn, tx: TxDep, files: FilesDep
) -> StreamingResponse:
    """A file that an objection rests on, for those concerned by it."""
    return download(*await service.read_objection_evidence(tx, files, actor, objection_id, sha256))


@router.post(
    "/objections/{objection_id}/acknowledgement",
    response_model=ObjectionOut,
    operation_id="acknowledgeObjection",
    responses=refusals(NotInThisState, errors.AcknowledgedAlready),
)
async def acknowledge_objection(objection_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """Who is to decide says that the objection has arrived and is being looked into."""
    return _plain(await service.acknowledge_objection(tx, actor, objection_id))


@router.post(
    "/objections/{objection_id}/decision",
    response_model=ObjectionOut,
    operation_id="decideObjection",
    responses=refusals(NotInThisState),
)
async def decide_objection(objection_id: Uuid, body: DecideObjection, actor: SignedIn, tx: TxDep) -> object:
    """The operator, or the unit where the kind says so, decides an objection with reasons; the result is public."""
    return _plain(
        await service.decide_objection(
            tx,
            actor,
            objection_id,
            upheld=body.upheld,
            reasons=body.reasons,
            published_reasons=body.published_reasons,
        )
    )


@router.post(
    "/objections/{objection_id}/withdrawal",
    response_model=ObjectionOut,
    operation_id="withdrawObjection",
    responses=refusals(NotInThisState),
)
async def withdraw_objection(objection_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """Whoever objected takes it back."""
    return _plain(await service.withdraw_objection(tx, actor, objection_id))


def _plain(view: ObjectionView) -> dict[str, object]:
    return {name: getattr(view, name) for name in ObjectionOut.model_fields}
