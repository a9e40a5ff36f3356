"""Data rooms over HTTP: documents, folders, and who has read what."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from techmarket.api.accesslog import csv_of, jsonl_of
from techmarket.api.deps import FilesDep, MarketRoute, Reader, SignedIn, TxDep, streamed_body
from techmarket.api.errors import BrokenOff
from techmarket.api.limits import BodyRule
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.rooms import FolderName, SubjectKind, TierName
from techmarket.api.shapes import Cursor, Limit, LongText, SafeText, Uuid, Wire
from techmarket.db.archives import ArchiveRefused
from techmarket.db.files import EmptyFile, FileTooLarge, WrongFileType
from techmarket.disclosure import errors, service
from techmarket.disclosure.rules import ReadOutcome, RoomLimits
from techmarket.disclosure.tiers import Tier
from techmarket.disclosure.views import DocumentView
from techmarket.kernel.ids import Ref
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound

router = APIRouter(prefix="/v1", tags=["disclosure"], route_class=MarketRoute)

MEDIA = service.UPLOADED


def bodies(limits: RoomLimits) -> tuple[BodyRule, ...]:
    """What an upload to a data room may weigh and how long it may take."""
    most, seconds = limits.upload_bytes_max, limits.upload_seconds
    return (BodyRule("/v1/data-rooms/{}/{}/documents", bytes_max=most, media=MEDIA, streamed=True, seconds=seconds),)


async def room_limits(request: Request) -> RoomLimits:
    limits = request.app.state.room_limits
    assert isinstance(limits, RoomLimits)
    return limits


DocumentName = Annotated[str, SafeText(200), Query(description="A plain file name without a path.")]
Folder = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class WithdrawalIn(Wire):
    reason: LongText


class FolderIn(Wire):
    tier: TierName


class FolderOut(Wire):
    folder: str
    tier: TierName


class DocumentOut(Wire):
    id: UUID
    subject: str
    folder: str
    name: str
    version: int
    tier: TierName
    sha256: str | None
    size: int
    media_type: str
    by_name: bool
    is_stamped: bool
    is_open: bool
    added_at: datetime
    withdrawn_at: datetime | None
    duplicate_of: UUID | None


class DocumentPage(Wire):
    items: list[DocumentOut]
    next_cursor: str | None


class AccessOut(Wire):
    id: UUID
    at: datetime
    outcome: ReadOutcome
    document_id: UUID
    folder: str
    name: str
    version: int
    organisation_id: UUID | None
    organisation: str | None
    person_id: UUID | None
    person: str | None
    is_stamped: bool
    entry_id: UUID | None


class AccessPage(Wire):
    items: list[AccessOut]
    next_cursor: str | None


def _document(view: DocumentView) -> dict[str, object]:
    return {name: getattr(view, name) for name in DocumentOut.model_fields} | {"tier": view.tier.name}


@router.post(
    "/data-rooms/{subject_kind}/{subject_id}/documents",
    status_code=201,
    response_model=DocumentOut,
    operation_id="addDocument",
    responses=refusals(
        errors.BadDocumentName,
        errors.BadFolder,
        errors.TooManyVersions,
        errors.TooManyBytes,
        WrongFileType,
        FileTooLarge,
        EmptyFile,
        ArchiveRefused,
        errors.SameDocument,
        errors.NotMarkable,
        errors.DocumentBroken,
        errors.DocumentEncrypted,
        errors.DocumentTooLong,
        errors.PictureTooLarge,
        BrokenOff,
    ),
    openapi_extra={
        "x-streamed": True,
        "requestBody": {
            "required": True,
            "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA},
        },
    },
)
async def add_document(
    subject_kind: SubjectKind,
    subject_id: Uuid,
    name: DocumentName,
    request: Request,
    actor: SignedIn,
    tx: TxDep,
    files: FilesDep,
    limits: Annotated[RoomLimits, Depends(room_limits)],
    folder: Folder = "general",
    tier: TierName = TierName.NDA,
    by_name: Annotated[bool, Query(description="Open only to whom it is granted by itself.")] = False,
    unmarked: Annotated[bool, Query(description="You agree that copies of it carry no stamp.")] = False,
) -> object:
    """Add a document, or its next version, to your data room: the body is the file itself."""
    view = await service.add_document(
        tx,
        files,
        actor,
        Ref(subject_kind, subject_id),
        folder=folder,
        name=name,
        tier=Tier[tier.name],
        media_type=request.headers.get("content-type", "").partition(";")[0].strip().lower(),
        chunks=streamed_body(request),
        by_name=by_name,
        unmarked=unmarked,
        limits=limits,
    )
    return _document(view)


@router.get(
    "/data-rooms/{subject_kind}/{subject_id}/documents",
    response_model=DocumentPage,
    operation_id="listDocuments",
    responses=refusals(BadCursor),
)
async def list_documents(
    subject_kind: SubjectKind,
    subject_id: Uuid,
    actor: Reader,
    tx: TxDep,
    response: Response,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The documents of the tiers you reach."""
    page = await service.list_documents(tx, actor, Ref(subject_kind, subject_id), cursor=cursor, limit=limit)
    path = f"/v1/data-rooms/{subject_kind}/{subject_id}/documents"
    return page_response(page.map(_document), response, path, limit=limit)


@router.get(
    "/documents/{document_id}/content",
    operation_id="readDocument",
    response_class=StreamingResponse,
    responses={
        200: {"content": {one: {} for one in ("application/octet-stream", *MEDIA)}},
        **refusals(errors.StampingBusy),
    },
)
async def read_document(document_id: Uuid, actor: Reader, tx: TxDep, files: FilesDep) -> StreamingResponse:
    """The document itself, for whoever reaches its tier; above the public tier a PDF or picture is stamped with who
    read it and when. The reading is recorded, and its owner can see it."""
    view, size, _, chunks = await service.read_document(tx, files, actor, document_id)
    return StreamingResponse(
        chunks,
        media_type=view.media_type,
        headers={
            "Content-Length": str(size),
            # Always a download: nothing a stranger uploaded is shown as a page of the market.
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(view.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            # No ETag: the log says that this was read, so whoever asks gets the bytes and no "unchanged".
        },
    )


@router.get(
    "/documents/{document_id}/reads",
    response_model=AccessPage,
    operation_id="listDocumentReads",
    responses=refusals(BadCursor),
)
async def list_reads(
    document_id: Uuid, actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """Who fetched your document, or was refused it, newest first."""
    page = await service.list_reads(tx, actor, document_id, cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/documents/{document_id}/reads", limit=limit)


@router.get(
    "/data-rooms/{subject_kind}/{subject_id}/accesses",
    response_model=AccessPage,
    operation_id="listAccesses",
    responses=refusals(BadCursor),
)
async def list_accesses(
    subject_kind: SubjectKind,
    subject_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The access log of your data room: who fetched what, or was refused it, newest first."""
    page = await service.list_accesses(tx, actor, Ref(subject_kind, subject_id), cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/data-rooms/{subject_kind}/{subject_id}/accesses", limit=limit)


class ExportForm(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


EXPORTED = {ExportForm.CSV: "text/csv; charset=utf-8", ExportForm.JSONL: "application/jsonl"}


@router.get(
    "/data-rooms/{subject_kind}/{subject_id}/accesses/export",
    operation_id="exportAccesses",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}, "application/jsonl": {}}}, **refusals(NotAllowed, NotFound)},
)
async def export_accesses(
    subject_kind: SubjectKind,
    subject_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    form: Annotated[ExportForm, Query(description="`entry_id` names the journal entry that proves a reading.")],
) -> StreamingResponse:
    """The whole access log of your data room as a file, oldest first."""
    pieces = await service.export_accesses(tx, actor, Ref(subject_kind, subject_id))
    name = f"accesses-{subject_id}.{form.value}"
    return StreamingResponse(
        csv_of(pieces) if form is ExportForm.CSV else jsonl_of(pieces),
        media_type=EXPORTED[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


@router.post(
    "/documents/{document_id}/withdrawal",
    response_model=DocumentOut,
    operation_id="withdrawDocument",
    responses=refusals(NotAllowed, NotFound),
)
async def withdraw_document(document_id: Uuid, body: WithdrawalIn, actor: SignedIn, tx: TxDep) -> object:
    """Take a document out of your data room; who read it stays on record."""
    return _document(await service.withdraw_document(tx, actor, document_id, reason=body.reason))


@router.put(
    "/data-rooms/{subject_kind}/{subject_id}/folders/{folder}",
    response_model=FolderOut,
    operation_id="setFolder",
    responses=refusals(NotAllowed, NotFound, errors.BadFolder, errors.TooManyFolders),
)
async def set_folder(
    subject_kind: SubjectKind, subject_id: Uuid, folder: FolderName, body: FolderIn, actor: SignedIn, tx: TxDep
) -> object:
    """Give a folder a tier: nothing in it is open below that."""
    subject = Ref(subject_kind, subject_id)
    tier = await service.set_folder(tx, actor, subject, folder=folder, tier=Tier[body.tier.name])
    return {"folder": folder, "tier": tier.name}
