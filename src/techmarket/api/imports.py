"""Imports that go on by themselves, over HTTP: a file in, its progress, a report per row out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from techmarket.api.deps import FilesDep, MarketRoute, SignedIn, TurnRoute, TxDep, streamed_body
from techmarket.api.hub import RowOut, RowRefusalOut, SourceName
from techmarket.api.limits import BodyRule
from techmarket.api.opendata import spreadsheet_line
from techmarket.api.paging import page_response
from techmarket.api.refusals import language_of, refusals
from techmarket.api.shapes import Aware, Cursor, Limit, SafeText, Uuid, Wire
from techmarket.db.files import EmptyFile, FileTooLarge, WrongFileType
from techmarket.db.media import CSV, NDJSON, XLSX
from techmarket.hub import errors, service
from techmarket.hub.lifecycle import ImportState
from techmarket.hub.rules import ImportKind, Outcome, RowOutcome
from techmarket.hub.service.running import BYTES_MAX, MEDIA
from techmarket.hub.views import ImportRunView, MappingView
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound

router = APIRouter(prefix="/v1", tags=["hub"], route_class=MarketRoute)
reports = APIRouter(prefix="/v1", tags=["hub"], route_class=TurnRoute)

BODIES = (BodyRule("/v1/import-jobs", bytes_max=max(BYTES_MAX.values()), media=MEDIA, streamed=True, seconds=300),)
Columns = Annotated[
    dict[Annotated[str, SafeText(200)], Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")] | None],
    Field(max_length=80, description="Each name that the source uses, with the field it is; null leaves it out."),
]


class MappingIn(Wire):
    columns: Columns


class MappingOut(Wire):
    source: str
    kind: ImportKind
    columns: dict[str, str | None]
    changed_at: Aware


class ImportJobOut(Wire):
    id: UUID
    organisation_id: UUID
    kind: ImportKind
    source: str
    state: ImportState
    total: int = Field(description="Rows of the file; 0 until they are counted.")
    done: int = Field(description="Rows read so far, each with its outcome.")
    percent: int
    accepted: int
    refused: int
    unchanged: int
    refusal: RowRefusalOut | None = Field(description="Why the file as such could not be imported.")
    created_at: Aware
    ended_at: Aware | None


class ImportJobPage(Wire):
    items: list[ImportJobOut]
    next_cursor: str | None


class RowPage(Wire):
    items: list[RowOut]
    next_cursor: str | None


@router.put(
    "/import-mappings/{source}/{kind}",
    response_model=MappingOut,
    operation_id="setImportMapping",
    responses=refusals(NotAllowed),
)
async def set_mapping(
    source: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")],
    kind: ImportKind,
    body: MappingIn,
    actor: SignedIn,
    tx: TxDep,
) -> MappingView:
    """Say how a source names its columns or members. Imports that are sent from now on are read by it."""
    return await service.set_mapping(tx, actor, source=source, kind=kind, columns=dict(body.columns))


@router.get(
    "/import-mappings/{source}/{kind}",
    response_model=MappingOut,
    operation_id="getImportMapping",
    responses=refusals(NotAllowed, NotFound),
)
async def get_mapping(
    source: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")], kind: ImportKind, actor: SignedIn, tx: TxDep
) -> MappingView:
    """How a source of your organisation names its columns."""
    return await service.get_mapping(tx, actor, source=source, kind=kind)


@router.post(
    "/import-jobs",
    status_code=202,
    response_model=ImportJobOut,
    operation_id="queueImport",
    responses=refusals(NotAllowed, errors.ImportsTooMany, FileTooLarge, WrongFileType, EmptyFile),
    openapi_extra={
        "x-streamed": True,
        "requestBody": {
            "required": True,
            "content": {
                NDJSON: {"schema": {"type": "string", "description": "One JSON object a line; at most 64 MiB."}},
                CSV: {"schema": {"type": "string", "description": "A header, one row a line; at most 16 MiB."}},
                XLSX: {
                    "schema": {"type": "string", "format": "binary", "description": "The first sheet, to line 20,000."}
                },
            },
        },
    },
)
async def queue_import(
    request: Request,
    actor: SignedIn,
    tx: TxDep,
    files: FilesDep,
    kind: ImportKind,
    source: SourceName,
    submit: Annotated[bool, Query(description="Ask for review of what was accepted.")] = False,
) -> ImportRunView:
    """Send a file of at most 100,000 offers, demands or organisations. A worker imports it row by row: a bad row is
    refused alone, a row that is here unchanged has no effect, one that changed becomes a new version. Organisations,
    and rows with `organisation`, are for the operators of a node (of its own organisations) and of the market."""
    return await service.queue_import(
        tx,
        files,
        actor,
        kind=kind,
        source=source,
        submit=submit,
        language=language_of(request),
        media_type=request.headers.get("content-type", NDJSON).partition(";")[0].strip().lower(),
        chunks=streamed_body(request),
    )


@router.get("/import-jobs", response_model=ImportJobPage, operation_id="listImportJobs", responses=refusals(BadCursor))
async def list_runs(actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20) -> object:
    """The imports of your organisation, the newest first."""
    page = await service.list_runs(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/import-jobs", limit=limit)


@router.get(
    "/import-jobs/{import_id}", response_model=ImportJobOut, operation_id="getImportJob", responses=refusals(NotFound)
)
async def get_run(import_id: Uuid, actor: SignedIn, tx: TxDep) -> ImportRunView:
    """How far an import is."""
    return await service.get_run(tx, actor, import_id)


@router.post(
    "/import-jobs/{import_id}/cancellation",
    response_model=ImportJobOut,
    operation_id="cancelImportJob",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def cancel_run(import_id: Uuid, actor: SignedIn, tx: TxDep) -> ImportRunView:
    """Stop an import. What was done until then stands."""
    return await service.cancel_run(tx, actor, import_id)


@router.get(
    "/import-jobs/{import_id}/rows",
    response_model=RowPage,
    operation_id="listImportRows",
    responses=refusals(NotFound, BadCursor),
)
async def list_rows(
    import_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    outcome: Outcome | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """What became of the rows that are done, in the order of the file."""
    page = await service.list_lines(tx, actor, import_id, outcome=outcome, cursor=cursor, limit=limit)
    path = f"/v1/import-jobs/{import_id}/rows"
    return page_response(page.map(_row), response, path, limit=limit, outcome=outcome)


def _row(one: RowOutcome) -> dict[str, Any]:
    refusal = one.refusal
    return {
        "line": one.line,
        "external_id": one.external_id,
        "outcome": one.outcome.value,
        "listing_id": one.listing_id,
        "organisation_id": one.organisation_id,
        "refusal": None
        if refusal is None
        else {"code": refusal.code, "detail": refusal.detail, "pointer": refusal.pointer},
    }


REPORT_COLUMNS = ("line", "external_id", "outcome", "listing_id", "organisation_id", "code", "detail", "pointer")


def _file(media: str, description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {media: {"schema": {"type": "string"}}}}}


@reports.get(
    "/import-jobs/{import_id}/report.jsonl",
    response_class=StreamingResponse,
    operation_id="downloadImportReport",
    responses={**refusals(NotFound), **_file(NDJSON, "One row a line.")},
)
async def download_report(import_id: Uuid, actor: SignedIn, tx: TxDep) -> StreamingResponse:
    """The report of an import as JSON Lines: what became of each row that is done."""
    rows = await service.read_report(tx, actor, import_id)

    async def lines() -> AsyncIterator[bytes]:
        async for one in rows:
            yield json.dumps(_row(one), ensure_ascii=False, default=str).encode() + b"\n"

    return StreamingResponse(lines(), media_type=NDJSON)


@reports.get(
    "/import-jobs/{import_id}/report.csv",
    response_class=StreamingResponse,
    operation_id="downloadImportTable",
    responses={**refusals(NotFound), **_file(CSV, "One row a line; the first line names the columns.")},
)
async def download_table(import_id: Uuid, actor: SignedIn, tx: TxDep) -> StreamingResponse:
    """The report of an import as a table."""
    rows = await service.read_report(tx, actor, import_id)

    async def lines() -> AsyncIterator[bytes]:
        yield b"\xef\xbb\xbf" + spreadsheet_line(list(REPORT_COLUMNS))
        async for one in rows:
            said = _row(one) | (_row(one)["refusal"] or {})
            yield spreadsheet_line(["" if said.get(name) is None else str(said[name]) for name in REPORT_COLUMNS])

    return StreamingResponse(lines(), media_type=f"{CSV}; charset=utf-8")
