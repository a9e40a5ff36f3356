"""Open data over HTTP: OCDS releases, records and packages, everything as JSON Lines, and a table for people."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, SignedIn, TurnRoute, TxDep, means_of
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, Wire
from techmarket.hub import errors, opendata, service
from techmarket.hub.views import ForeignImportView
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound

router = APIRouter(prefix="/v1/open-data", tags=["open data"], route_class=MarketRoute)
bulk = APIRouter(prefix="/v1/open-data", tags=["open data"], route_class=TurnRoute)

JSONL, CSV = "application/x-ndjson", "text/csv; charset=utf-8"
Ocid = Annotated[str, Path(pattern=r"^ocds-[a-z0-9]{6}-[A-Z0-9-]{1,40}$", examples=["ocds-000000-ZJ-2026-000123"])]
Package = dict[str, Any]


def _addresses(request: Request) -> dict[str, Any]:
    return {"public_url": means_of(request).public_url, "ocid_prefix": request.app.state.ocid_prefix}


@router.get(
    "/ocds/releases",
    response_model=Package,
    operation_id="listReleases",
    responses=refusals(BadCursor, NotFound),
)
async def list_releases(
    request: Request, actor: Reader, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> Package:
    """A release package (OCDS 1.1) of public trades, the newest first; `limit` counts trades. A package holds at
    least one release, so a market without a public trade has none."""
    where = _addresses(request)
    page = await service.list_releases(tx, actor, **where, cursor=cursor, limit=limit)
    told = await service.publisher(tx, actor)
    path = "/v1/open-data/ocds/releases"
    package = opendata.package(
        "releases",
        [release for one in page.items for release in one],
        uri=f"{where['public_url']}{path}?limit={limit}" + (f"&cursor={cursor}" if cursor else ""),
        publisher=told.name,
        public_url=where["public_url"],
        at=told.at,
    )
    if page.next_cursor is not None:
        response.headers["Link"] = f'<{path}?limit={limit}&cursor={page.next_cursor}>; rel="next"'
        package["links"] = {"next": f"{where['public_url']}{path}?limit={limit}&cursor={page.next_cursor}"}
    return package


@router.get(
    "/ocds/records",
    response_model=Package,
    operation_id="listRecords",
    responses=refusals(BadCursor, NotFound),
)
async def list_records(
    request: Request, actor: Reader, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> Package:
    """A record package (OCDS 1.1) of public trades, the newest first: of each its releases, what they come to, and
    every value that it had."""
    where = _addresses(request)
    page = await service.list_records(tx, actor, **where, cursor=cursor, limit=limit)
    told = await service.publisher(tx, actor)
    path = "/v1/open-data/ocds/records"
    package = opendata.package(
        "records",
        page.items,
        uri=f"{where['public_url']}{path}?limit={limit}" + (f"&cursor={cursor}" if cursor else ""),
        publisher=told.name,
        public_url=where["public_url"],
        at=told.at,
    )
    if page.next_cursor is not None:
        response.headers["Link"] = f'<{path}?limit={limit}&cursor={page.next_cursor}>; rel="next"'
        package["links"] = {"next": f"{where['public_url']}{path}?limit={limit}&cursor={page.next_cursor}"}
    return package


@router.get(
    "/ocds/records/{ocid}",
    response_model=Package,
    operation_id="getRecord",
    responses=refusals(NotFound),
)
async def get_record(ocid: Ocid, request: Request, actor: Reader, tx: TxDep) -> Package:
    """A record package (OCDS 1.1) of one trade: the releases that led there, and what they come to."""
    where = _addresses(request)
    record = await service.get_record(tx, actor, ocid, **where)
    told = await service.publisher(tx, actor)
    uri = f"{where['public_url']}/v1/open-data/ocds/records/{ocid}"
    return opendata.package(
        "records", [record], uri=uri, publisher=told.name, public_url=where["public_url"], at=told.at
    )


@router.get(
    "/withheld-information/extension.json",
    response_model=Package,
    operation_id="getWithheldExtension",
    responses=refusals(),
)
async def get_extension(actor: Reader) -> Package:
    """The OCDS extension by which a release says what is not published, and why."""
    return dict(opendata.EXTENSION)


@router.get(
    "/withheld-information/release-schema.json",
    response_model=Package,
    operation_id="getWithheldExtensionSchema",
    responses=refusals(),
)
async def get_extension_schema(actor: Reader) -> Package:
    """The schema of that extension, to be merged into the release schema."""
    return dict(opendata.EXTENSION_SCHEMA)


def _file(media: str, description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {media.partition(";")[0]: {"schema": {"type": "string"}}}}}


@bulk.get(
    "/ocds/releases.jsonl",
    response_class=StreamingResponse,
    operation_id="downloadReleases",
    responses={**refusals(), **_file(JSONL, "One compiled release a line.")},
)
async def download_releases(request: Request, actor: Reader, tx: TxDep) -> StreamingResponse:
    """Every public trade as one compiled OCDS release a line."""

    async def lines() -> AsyncIterator[bytes]:
        async for release in service.read_all(tx, actor, **_addresses(request)):
            yield json.dumps(release, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    return StreamingResponse(lines(), media_type=JSONL)


@bulk.get(
    "/ocds/records.jsonl",
    response_class=StreamingResponse,
    operation_id="downloadRecords",
    responses={**refusals(), **_file(JSONL, "One record a line.")},
)
async def download_records(request: Request, actor: Reader, tx: TxDep) -> StreamingResponse:
    """Every public trade as one OCDS record a line: releases, what they come to, and all versions."""

    async def lines() -> AsyncIterator[bytes]:
        async for record in service.read_all(tx, actor, **_addresses(request), as_records=True):
            yield json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    return StreamingResponse(lines(), media_type=JSONL)


@bulk.get(
    "/trades.csv",
    response_class=StreamingResponse,
    operation_id="downloadTrades",
    responses={**refusals(), **_file(CSV, "One trade a line; the first line names the columns.")},
)
async def download_trades(request: Request, actor: Reader, tx: TxDep) -> StreamingResponse:
    """Every public trade as a table; `GET /v1/open-data/dictionary.csv` tells what the columns mean."""

    async def lines() -> AsyncIterator[bytes]:
        # A mark at the start lets spreadsheets read Chinese as UTF-8.
        yield b"\xef\xbb\xbf" + spreadsheet_line([name for name, _, _ in opendata.COLUMNS])
        async for release in service.read_all(tx, actor, **_addresses(request)):
            yield spreadsheet_line(opendata.row_of(release))

    return StreamingResponse(lines(), media_type=CSV)


@router.get(
    "/dictionary.csv",
    operation_id="getDictionary",
    response_class=Response,
    responses={**refusals(), **_file(CSV, "One column a line, with its meaning in Chinese and English.")},
)
async def get_dictionary(actor: Reader) -> Response:
    """What the columns of the table mean (数据字典)."""
    body = (
        b"\xef\xbb\xbf"
        + spreadsheet_line(["column", "zh", "en"])
        + b"".join(spreadsheet_line(list(one)) for one in opendata.COLUMNS)
    )
    return Response(body, media_type=CSV)


def spreadsheet_line(cells: list[str]) -> bytes:
    """One line of a table in which no cell is taken for a formula."""
    out = io.StringIO()
    csv.writer(out).writerow([opendata.cell(one) for one in cells])
    return out.getvalue().encode()


# --- from elsewhere ---------------------------------------------------------------------------------------------------


class ForeignImportOut(Wire):
    accepted: int
    unchanged: int = Field(description="releases that were here already, byte for byte in meaning")
    ocids: list[str]


ForeignOcid = Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


@router.post(
    "/ocds/foreign-releases",
    status_code=201,
    response_model=ForeignImportOut,
    operation_id="importReleases",
    responses=refusals(NotAllowed, errors.NotAReleasePackage, errors.ReleaseChanged, errors.ProcessTooLarge),
)
async def import_releases(
    body: Annotated[dict[str, Any], Body(description="An OCDS 1.1 release package of another publisher.")],
    actor: SignedIn,
    tx: TxDep,
) -> ForeignImportView:
    """Keep the releases of another publisher's package as they are. Sending it again changes nothing."""
    return await service.import_package(tx, actor, body)


@router.get(
    "/ocds/foreign-records",
    response_model=Package,
    operation_id="getForeignRecord",
    responses=refusals(NotFound),
)
async def get_foreign_record(ocid: ForeignOcid, request: Request, actor: SignedIn, tx: TxDep) -> Response:
    """What your organisation brought of a process, as a record package: every release as it came, and what they come
    to by the standard's rules of merging. `versionedRelease` is left out where it would be far larger than they are."""
    record = await service.get_foreign_record(tx, actor, ocid)
    told, where = await service.publisher(tx, actor), _addresses(request)["public_url"]
    uri = f"{where}/v1/open-data/ocds/foreign-records?{urlencode({'ocid': ocid})}"
    package = opendata.package("records", [record], uri=uri, publisher=told.name, public_url=where, at=told.at)
    # Megabytes of a stranger's making: spelled in a thread, not on the loop.
    return Response(await asyncio.to_thread(_spelled, package), media_type="application/json")


def _spelled(package: Package) -> bytes:
    return json.dumps(package, ensure_ascii=False, separators=(",", ":")).encode()
