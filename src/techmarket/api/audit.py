"""Looking back over HTTP: what happened in an organisation or in all, page by page or as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TurnRoute, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, Uuid, Wire
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import wire
from techmarket.transparency import errors, service
from techmarket.transparency.views import AuditQuery, AuditView

router = APIRouter(prefix="/v1", tags=["audit"], route_class=MarketRoute)
files = APIRouter(prefix="/v1", tags=["audit"], route_class=TurnRoute)

JSONL, CSV = "application/x-ndjson", "text/csv; charset=utf-8"
COLUMNS = (
    *("position", "id", "at", "kind", "organisation_id", "person_id", "person_name", "via", "credential_id"),
    *("stands_in_for", "seconded_by", "elevation_id", "refs", "facts"),
)
Kinds = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,60}$")]], Query(alias="kind", max_length=50)
]
About = Annotated[
    str | None,
    Query(pattern=r"^[a-z_]{1,40}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="A thing, as `kind:id`."),
]


class AuditOut(Wire):
    position: int
    id: UUID
    at: datetime
    kind: str
    organisation_id: UUID | None
    person_id: UUID | None
    person_name: str | None
    via: str | None
    credential_id: UUID | None
    stands_in_for: UUID | None
    seconded_by: UUID | None
    elevation_id: UUID | None
    refs: list[str]
    facts: dict[str, Any]


class AuditPage(Wire):
    items: list[AuditOut]
    next_cursor: str | None


def narrowed(
    person_id: Annotated[Uuid | None, Query(description="Who did it.")] = None,
    about: About = None,
    kinds: Kinds = [],  # noqa: B006
    since: Annotated[Aware | None, Query(description="From then on, by the market's clock.")] = None,
    until: Annotated[Aware | None, Query(description="Before then.")] = None,
    elevation_id: Annotated[Uuid | None, Query(description="Done under this elevation.")] = None,
) -> AuditQuery:
    return AuditQuery(None, person_id, about, tuple(kinds), since, until, elevation_id)


Narrowed = Annotated[AuditQuery, Depends(narrowed)]


@router.get("/audit", response_model=AuditPage, operation_id="searchAudit", responses=refusals(BadCursor))
async def search_audit(
    query: Narrowed,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    organisation_id: Uuid | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """As an operator, look back over everything, newest first. Each look is an entry of the journal itself."""
    asked = _of(query, organisation_id)
    page = await service.search_audit(tx, actor, asked, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/audit", limit=limit, organisation_id=organisation_id, **_said(query))


@router.get(
    "/organisations/{organisation_id}/audit",
    response_model=AuditPage,
    operation_id="searchAuditOfOrganisation",
    responses=refusals(BadCursor),
)
async def search_audit_of(
    organisation_id: Uuid,
    query: Narrowed,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """What happened in an organisation, newest first: who, what, when, by which credential, on what. What others did
    that names it is told with their office alone."""
    page = await service.search_audit(tx, actor, _of(query, organisation_id), cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/organisations/{organisation_id}/audit", limit=limit, **_said(query))


def _file(media: str, description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {media.partition(";")[0]: {"schema": {"type": "string"}}}}}


_LINES = refusals(errors.AuditTooLong) | _file(JSONL, "One entry a line, as the pages have them.")
_TABLE = refusals(errors.AuditTooLong) | _file(CSV, "One entry a line; the first line names the columns.")


@files.get("/audit.jsonl", response_class=StreamingResponse, operation_id="downloadAudit", responses=_LINES)
async def download_audit(
    query: Narrowed, actor: SignedIn, tx: TxDep, organisation_id: Uuid | None = None
) -> StreamingResponse:
    """The same as JSON Lines, at most 100,000 entries."""
    return await _lines(tx, actor, _of(query, organisation_id))


@files.get("/audit.csv", response_class=StreamingResponse, operation_id="downloadAuditTable", responses=_TABLE)
async def download_audit_table(
    query: Narrowed, actor: SignedIn, tx: TxDep, organisation_id: Uuid | None = None
) -> StreamingResponse:
    """The same as a table, at most 100,000 entries."""
    return await _table(tx, actor, _of(query, organisation_id))


@files.get(
    "/organisations/{organisation_id}/audit.jsonl",
    response_class=StreamingResponse,
    operation_id="downloadAuditOfOrganisation",
    responses=_LINES,
)
async def download_audit_of(organisation_id: Uuid, query: Narrowed, actor: SignedIn, tx: TxDep) -> StreamingResponse:
    """What happened in an organisation, as JSON Lines, at most 100,000 entries."""
    return await _lines(tx, actor, _of(query, organisation_id))


@files.get(
    "/organisations/{organisation_id}/audit.csv",
    response_class=StreamingResponse,
    operation_id="downloadAuditTableOfOrganisation",
    responses=_TABLE,
)
async def download_audit_table_of(
    organisation_id: Uuid, query: Narrowed, actor: SignedIn, tx: TxDep
) -> StreamingResponse:
    """What happened in an organisation, as a table, at most 100,000 entries."""
    return await _table(tx, actor, _of(query, organisation_id))


async def _lines(tx: Tx, actor: Actor, query: AuditQuery) -> StreamingResponse:
    await service.require_audit_file(tx, actor, query)

    async def lines() -> AsyncIterator[bytes]:
        async for one in service.read_audit(tx, actor, query):
            told = {name: wire(getattr(one, name)) for name in COLUMNS}
            yield json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    return StreamingResponse(lines(), media_type=JSONL)


async def _table(tx: Tx, actor: Actor, query: AuditQuery) -> StreamingResponse:
    await service.require_audit_file(tx, actor, query)

    async def lines() -> AsyncIterator[bytes]:
        # A mark at the start lets spreadsheets read Chinese as UTF-8.
        yield b"\xef\xbb\xbf" + _line(COLUMNS)
        async for one in service.read_audit(tx, actor, query):
            yield _line(_cells(one))

    return StreamingResponse(lines(), media_type=CSV)


def _cells(one: AuditView) -> list[str]:
    facts = json.dumps(one.facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    values = [wire(getattr(one, name)) for name in COLUMNS[:-2]]
    return [_plain("" if value is None else str(value)) for value in (*values, " ".join(one.refs), facts)]


def _plain(cell: str) -> str:
    """A name that a spreadsheet would take for a formula is text."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _line(cells: list[str] | tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


def _of(query: AuditQuery, organisation_id: UUID | None) -> AuditQuery:
    return AuditQuery(
        organisation_id,
        query.person_id,
        query.about,
        query.kinds,
        query.since,
        query.until,
        query.elevation_id,
    )


def _said(query: AuditQuery) -> dict[str, Any]:
    return {
        "person_id": query.person_id,
        "about": query.about,
        "kind": list(query.kinds) or None,
        "since": wire(query.since),
        "until": wire(query.until),
        "elevation_id": query.elevation_id,
    }
