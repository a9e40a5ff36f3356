"""A unit's yearly report on its conversions over HTTP: as data, as a page and as a spreadsheet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import date, datetime
from typing import IO, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import MoneyOut, Uuid, Wire
from techmarket.contracts.rules import ContractType
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.revenue import service
from techmarket.revenue.case import Group
from techmarket.revenue.reporting import Report, Row, Totals

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)

Year = Annotated[int, Path(ge=2000, le=2199)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHUNK = 64 * 1024


class TotalsOut(Wire):
    contracts: int
    new_contracts: int
    new_fixed_price: MoneyOut
    registered: int
    registered_amount: MoneyOut
    technology_amount: MoneyOut
    received: MoneyOut
    costs: MoneyOut
    net_income: MoneyOut
    reward: MoneyOut
    unit_part: MoneyOut
    shares: int


class ReportedContractOut(Wire):
    contract_id: UUID
    number: str
    type: ContractType
    licence_kind: str | None
    in_force_at: datetime | None
    is_new: bool
    fixed_price: MoneyOut | None
    registration_number: str | None
    registered_amount: MoneyOut | None
    technology_amount: MoneyOut | None
    received: MoneyOut
    costs: MoneyOut
    net_income: MoneyOut
    reward: MoneyOut
    unit_part: MoneyOut
    shares: int


class ConversionReportOut(Wire):
    unit_id: UUID
    unit_name: str
    unit_uscc: str | None
    year: int
    due_on: date | None
    due_source: str | None
    as_of: datetime
    totals: TotalsOut
    by_type: dict[ContractType, TotalsOut]
    rewards_by_group: dict[Group, MoneyOut]
    contracts: list[ReportedContractOut]
    left_out: int


@router.get(
    "/organisations/{unit_id}/conversion-reports/{year}",
    response_model=ConversionReportOut,
    operation_id="getConversionReport",
    responses=refusals(NotFound),
)
async def get_report(unit_id: Uuid, year: Year, actor: SignedIn, tx: TxDep) -> object:
    """What a unit's conversions brought in and gave in a year (ZJR art. 28), for the unit, market and authority."""
    return _shown(unit_id, await service.get_report(tx, actor, unit_id, year))


@router.get(
    "/organisations/{unit_id}/conversion-reports/{year}/pdf",
    operation_id="getConversionReportPdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "the page"}, **refusals(NotFound)},
)
async def get_report_pdf(unit_id: Uuid, year: Year, actor: SignedIn, tx: TxDep) -> Response:
    """The same as a page to hand in."""
    view = await service.get_report_paper(tx, actor, unit_id, year)
    return Response(view.body, media_type="application/pdf", headers=_headers(f"{view.name}.pdf"))


@router.get(
    "/organisations/{unit_id}/conversion-reports/{year}/xlsx",
    operation_id="getConversionReportSheet",
    response_class=StreamingResponse,
    responses={200: {"content": {XLSX: {}}, "description": "the spreadsheet"}, **refusals(NotFound)},
)
async def get_report_sheet(unit_id: Uuid, year: Year, actor: SignedIn, tx: TxDep) -> StreamingResponse:
    """The same as a spreadsheet with every contract."""
    file = await service.get_report_sheet(tx, actor, unit_id, year)
    name = f"conversion-report-{year}.xlsx"
    return StreamingResponse(_chunks(file), media_type=XLSX, headers=_headers(name))


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await run_in_threadpool(file.read, CHUNK):
            yield piece


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


def _shown(unit_id: UUID, report: Report) -> dict[str, Any]:
    return {
        "unit_id": unit_id,
        "unit_name": report.unit_name,
        "unit_uscc": report.unit_uscc,
        "year": report.year,
        "due_on": report.due_on,
        "due_source": report.due_source,
        "as_of": report.as_of,
        "totals": _totals(report.totals),
        "by_type": {kind: _totals(totals) for kind, totals in report.by_type.items()},
        "rewards_by_group": {group: Money(minor) for group, minor in report.groups.items()},
        "contracts": [_contract(row) for row in report.contracts],
        "left_out": report.left_out,
    }


def _totals(totals: Totals) -> dict[str, Any]:
    counted = ("contracts", "new_contracts", "registered", "shares")
    return {name: value if name in counted else Money(value) for name, value in vars(totals).items()}


def _contract(row: Row) -> dict[str, Any]:
    one, year = row.contract, asdict(row.year)
    shares = year.pop("shares")
    return {
        "contract_id": one.id,
        "number": one.number,
        "type": one.type,
        "licence_kind": one.licence_kind,
        "in_force_at": one.in_force_at,
        "is_new": row.is_new,
        "fixed_price": _money(one.fixed_price_minor),
        "registration_number": one.registration_number,
        "registered_amount": _money(one.registered_minor),
        "technology_amount": _money(one.technology_minor),
        **{name: Money(minor) for name, minor in year.items()},
        "shares": shares,
    }


def _money(minor: int | None) -> Money | None:
    return None if minor is None else Money(minor)
