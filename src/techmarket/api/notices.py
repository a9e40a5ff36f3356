"""Notices and objections over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Code, Cursor, Limit, LongText, Sha256, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.periods import Unit
from techmarket.notices import errors, service
from techmarket.notices.kinds import Effect, NoticeKind, Place
from techmarket.notices.lifecycle import NoticeState, ObjectionState
from techmarket.notices.views import NoticeView, ObjectionView

router = APIRouter(prefix="/v1", tags=["notices"], route_class=MarketRoute)

Subject = Annotated[str, Query(max_length=100, pattern=r"^[a-z_]{1,40}:[0-9a-f-]{36}$", examples=["trade:…"])]


class ConfirmPosting(Wire):
    evidence_sha256: Sha256 = Field(description="SHA-256 of the proof that it hangs in the unit, such as a photograph")


class FileObjection(Wire):
    grounds: LongText
    lines: Annotated[list[Code], Field(min_length=1, max_length=1000)] | None = None
    evidence_sha256: Sha256 | None = None


class DecideObjection(Wire):
    upheld: bool
    reasons: LongText


class PostingOut(Wire):
    place: Place
    at: datetime
    evidence_sha256: str | None


class ObjectionOut(Wire):
    id: UUID
    notice_id: UUID
    state: ObjectionState
    filed_at: datetime
    decided_at: datetime | None
    lines: list[str] | None
    by_organisation_id: UUID | None = Field(description="shown to the objector, the owner and the market")
    grounds: str | None
    evidence_sha256: str | None
    reasons: str | None


class NoticeLineOut(Wire):
    id: UUID
    kind: NoticeKind
    subject: str
    organisation_id: UUID
    document_sha256: str
    places: list[Place]
    effect: Effect
    state: NoticeState
    rule_date: date
    length_n: int
    length_unit: Unit
    created_at: datetime
    started_at: datetime | None
    ends_at: datetime | None
    remaining_days: int | None
    open_objections: int


class NoticeOut(NoticeLineOut):
    document: dict[str, Any]
    postings: list[PostingOut]
    objections: list[ObjectionOut]


class NoticePage(Wire):
    items: list[NoticeLineOut]
    next_cursor: str | None


@router.get("/notices", response_model=NoticePage, operation_id="listNotices", responses=refusals(BadCursor))
async def list_notices(
    actor: Reader,
    tx: TxDep,
    response: Response,
    kind: NoticeKind | None = None,
    state: NoticeState | None = None,
    subject: Subject | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """What stands in public, newest first; beside it what is only for your own organisation."""
    page = await service.list_notices(tx, actor, kind=kind, state=state, subject=subject, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/notices", kind=kind, state=state, subject=subject, limit=limit)


@router.get("/notices/{notice_id}", response_model=NoticeOut, operation_id="getNotice", responses=refusals())
async def get_notice(notice_id: Uuid, actor: Reader, tx: TxDep) -> object:
    """A notice: its text, where it stands since when, when it ends, and what became of the objections to it."""
    return _shown(await service.get_notice(tx, actor, notice_id))


@router.post(
    "/notices/{notice_id}/postings",
    status_code=201,
    response_model=NoticeOut,
    operation_id="confirmUnitPosting",
    responses=refusals(errors.PostedAlready, errors.NotAPlaceOfThisNotice, errors.NoLongerStands),
)
async def confirm_unit_posting(notice_id: Uuid, body: ConfirmPosting, actor: SignedIn, tx: TxDep) -> object:
    """The unit confirms, with evidence, that the notice hangs in its own place from now on."""
    view = await service.confirm_unit_posting(tx, actor, notice_id, evidence_sha256=body.evidence_sha256)
    return _shown(view)


@router.post(
    "/notices/{notice_id}/objections",
    status_code=201,
    response_model=ObjectionOut,
    operation_id="fileObjection",
    responses=refusals(
        errors.NotStarted,
        errors.Ended,
        errors.NoLongerStands,
        errors.Upheld,
        errors.LinesNeeded,
        errors.LinesNotTaken,
        errors.UnknownLines,
        errors.ObjectionOpen,
    ),
)
async def file_objection(notice_id: Uuid, body: FileObjection, actor: SignedIn, tx: TxDep) -> ObjectionView:
    """Object to a notice while it runs: it pauses, or the lines named wait, until the objection is decided."""
    return await service.file_objection(
        tx, actor, notice_id, grounds=body.grounds, lines=body.lines, evidence_sha256=body.evidence_sha256
    )


@router.post(
    "/objections/{objection_id}/decision",
    response_model=ObjectionOut,
    operation_id="decideObjection",
    responses=refusals(NotInThisState),
)
async def decide_objection(objection_id: Uuid, body: DecideObjection, actor: SignedIn, tx: TxDep) -> ObjectionView:
    """The market's operator decides an objection, with reasons."""
    return await service.decide_objection(tx, actor, objection_id, upheld=body.upheld, reasons=body.reasons)


@router.post(
    "/objections/{objection_id}/withdrawal",
    response_model=ObjectionOut,
    operation_id="withdrawObjection",
    responses=refusals(NotInThisState),
)
async def withdraw_objection(objection_id: Uuid, actor: SignedIn, tx: TxDep) -> ObjectionView:
    """Whoever objected takes it back."""
    return await service.withdraw_objection(tx, actor, objection_id)


def _shown(view: NoticeView) -> dict[str, Any]:
    line = {name: getattr(view.line, name) for name in NoticeLineOut.model_fields}
    return {**line, "document": view.document, "postings": view.postings, "objections": view.objections}
