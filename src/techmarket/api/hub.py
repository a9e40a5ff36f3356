"""Bulk import over HTTP: JSON Lines, CSV or a spreadsheet in, a report per row out."""

from __future__ import annotations

import asyncio
import io
from itertools import islice
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep, means_of
from techmarket.api.limits import BodyRule
from techmarket.api.refusals import language_of, refusals
from techmarket.api.rows import read_row, rows_in
from techmarket.api.shapes import Aware, Uuid, Wire
from techmarket.db.media import CSV, NDJSON, XLSX
from techmarket.hub import errors, service
from techmarket.hub.rules import Row
from techmarket.hub.views import ImportView
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings.rules import ListingKind

router = APIRouter(prefix="/v1", tags=["hub"], route_class=MarketRoute)

BYTES_MAX = 16 * 1024 * 1024
BODIES = (BodyRule("/v1/imports", bytes_max=BYTES_MAX, media=(NDJSON, CSV, XLSX), seconds=60),)
ROWS_AT_ONCE = 25

Kind = Literal["offers", "demands"]
SourceName = Annotated[
    str, Query(pattern=r"^[A-Za-z0-9._:-]{1,64}$", description="Where the rows come from; ids are unique within it.")
]


class RowRefusalOut(Wire):
    code: str
    detail: str
    pointer: str | None = Field(description="RFC 6901 pointer into the row")


class RowOut(Wire):
    line: int
    external_id: str | None
    outcome: Literal["accepted", "refused", "unchanged"]
    listing_id: UUID | None
    refusal: RowRefusalOut | None
    organisation_id: UUID | None = Field(default=None, description="In an import of organisations.")


class ImportOut(Wire):
    id: UUID
    organisation_id: UUID
    kind: ListingKind
    source: str
    created_at: Aware
    total: int
    accepted: int
    refused: int
    unchanged: int
    rows: list[RowOut]


@router.post(
    "/imports",
    status_code=201,
    response_model=ImportOut,
    operation_id="importRows",
    responses=refusals(
        NotAllowed,
        errors.NoRows,
        errors.TooManyRows,
        errors.SheetUnreadable,
        errors.SheetTooLarge,
        errors.SheetTooLong,
        errors.SheetTooSlow,
        errors.SheetHeaderMissing,
        errors.SheetColumnTwice,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                NDJSON: {"schema": {"type": "string", "description": "One JSON object a line; at most 2000."}},
                CSV: {"schema": {"type": "string", "description": "A header of field names, one row a line."}},
                XLSX: {"schema": {"type": "string", "format": "binary", "description": "The first sheet is read."}},
            },
        }
    },
)
async def import_rows(
    request: Request,
    actor: SignedIn,
    tx: TxDep,
    kind: Kind,
    source: SourceName,
    submit: Annotated[bool, Query(description="Ask for review of what was accepted.")] = False,
) -> ImportView:
    """Import offers or demands as JSON Lines, CSV or xlsx. A bad row is refused alone, with its reason; sending the
    same file again changes nothing. Rows commit in batches of 200, so a broken import is simply sent again."""
    rows = await read_rows(await request.body(), kind, language_of(request), media=_media_of(request))
    listing_kind = ListingKind.OFFER if kind == "offers" else ListingKind.DEMAND
    return await service.import_rows(
        tx, means_of(request).tx, actor, kind=listing_kind, source=source, rows=rows, submit=submit
    )


@router.get("/imports/{import_id}", response_model=ImportOut, operation_id="getImport", responses=refusals(NotFound))
async def get_import(import_id: Uuid, actor: SignedIn, tx: TxDep) -> ImportView:
    """The report of an import."""
    return await service.get_import(tx, actor, import_id)


# --- reading --------------------------------------------------------------------------------------------------------


def _media_of(request: Request) -> str:
    return request.headers.get("content-type", NDJSON).partition(";")[0].strip().lower()


async def read_rows(body: bytes, kind: Kind, language: str, *, media: str = NDJSON) -> list[Row]:
    """Every line that is not blank, read by itself: what is wrong with one line is that line's problem."""
    rows: list[Row] = []
    found = rows_in(io.BytesIO(body), media=media, rows_max=service.ROWS_MAX + 1)
    read = (read_row(number, line, kind, language) for number, line in found)
    # In a thread, a few rows at a time: other requests of this process go on meanwhile. Of what a table holds beyond
    # the rows it makes, one line is in memory.
    while some := await asyncio.to_thread(lambda: list(islice(read, ROWS_AT_ONCE))):
        rows += some
    return rows
