"""Statements over HTTP: each person her own."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import KeysDep, MarketRoute, SignedIn, TxDep
from techmarket.api.distributions import LineOut
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import (
    Cursor,
    Limit,
    MoneyOut,
    Uuid,
    Wire,
)
from techmarket.revenue import errors, service
from techmarket.revenue.lifecycle import DistributionState
from techmarket.revenue.views import FileView, StatementView

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)


class StatementCardOut(Wire):
    distribution_id: UUID
    contract_id: UUID | None
    state: DistributionState
    amount: MoneyOut
    created_at: datetime


class StatementPage(Wire):
    items: list[StatementCardOut]
    next_cursor: str | None


class StatementOut(Wire):
    distribution_id: UUID
    contract_id: UUID | None
    contract_number: str
    unit_id: UUID
    unit_name: str
    person_id: UUID
    person_name: str
    state: DistributionState
    rule_date: date
    share_table_id: UUID
    share_table_sha256: str
    notice_id: UUID | None
    computation_sha256: str = Field(description="As the journal entry of the distribution names it")
    amount: MoneyOut
    lines: list[LineOut]
    inputs: dict[str, Any] = Field(description="What the split was computed from, cut to the reader; recompute from it")
    steps: list[dict[str, Any]]
    flags: list[dict[str, Any]]
    terms: list[dict[str, Any]]
    paid_otherwise: list[dict[str, Any]] = Field(
        description="Lines that were paid when another part counted as wage: the day, the registration, the flags then"
    )


@router.get("/statements", response_model=StatementPage, operation_id="listStatements", responses=refusals())
async def list_statements(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """Your own statements, newest first."""
    page = await service.list_statements(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/statements", limit=limit)


@router.get(
    "/distributions/{distribution_id}/statements/{person_id}",
    response_model=StatementOut,
    operation_id="getStatement",
    responses=refusals(),
)
async def get_statement(distribution_id: Uuid, person_id: Uuid, actor: SignedIn, tx: TxDep) -> StatementView:
    """Your own statement: every step, rule, source and number, and what to recompute it from. Nobody else's."""
    return await service.get_statement(tx, actor, distribution_id, person_id)


@router.get(
    "/distributions/{distribution_id}/statements/{person_id}/file",
    operation_id="getStatementFile",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "the file"}, **refusals(errors.NotProven)},
)
async def get_statement_file(
    distribution_id: Uuid, person_id: Uuid, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> Response:
    """Your own statement as a file that proves and recomputes itself with no market; keep its bytes unchanged."""
    view = await service.get_statement_file(tx, keys, actor, distribution_id, person_id)
    return _download(view, "json", "application/json")


@router.get(
    "/distributions/{distribution_id}/statements/{person_id}/pdf",
    operation_id="getStatementPdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "the page"}, **refusals(errors.NotProven)},
)
async def get_statement_pdf(
    distribution_id: Uuid, person_id: Uuid, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> Response:
    """Your own statement as a page in Chinese and English; the file that proves it is attached inside."""
    view = await service.get_statement_paper(tx, keys, actor, distribution_id, person_id)
    return _download(view, "pdf", "application/pdf")


def _download(view: FileView, ending: str, media_type: str) -> Response:
    return Response(
        view.body,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{view.name}.{ending}"',
            "Cache-Control": "no-store",
        },
    )
