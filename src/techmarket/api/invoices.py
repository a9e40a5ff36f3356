"""Invoices over HTTP: the data for an invoicing system, the number it gave, and correction."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Day, Limit, LongText, MoneyOut, Uuid, Wire
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.settlement import errors, service
from techmarket.settlement.rules import InvoiceKind, Purpose
from techmarket.settlement.views import InvoiceView

router = APIRouter(prefix="/v1/invoices", tags=["settlement"], route_class=MarketRoute)

InvoiceNumber = Annotated[str, Field(strict=True, pattern=r"^[0-9A-Z]{8,32}$", description="as on the invoice")]


class InvoicePartyOut(Wire):
    org_id: UUID
    name: str
    uscc: str | None


class InvoiceOut(Wire):
    id: UUID
    kind: InvoiceKind = Field(description="FEE: the market invoices its fee; DEAL: the payee invoices the price")
    due_id: UUID
    due_reference: str
    purpose: Purpose
    subject: str
    seller: InvoicePartyOut
    buyer: InvoicePartyOut
    amount: MoneyOut = Field(description="tax included; below nought for a correction")
    tax_rate: str | None = Field(description="null: the market does not say; relief hangs on the registration")
    tax: MoneyOut | None
    net: MoneyOut | None
    corrects: UUID | None
    reasons: str | None
    drawn_up_at: datetime
    number: str | None
    issued_on: date | None


class InvoicePage(Wire):
    items: list[InvoiceOut]
    next_cursor: str | None


class IssueInvoice(Wire):
    number: InvoiceNumber
    issued_on: Day


class CorrectInvoice(Wire):
    reasons: LongText


@router.get("", response_model=InvoicePage, operation_id="listInvoices", responses=refusals(NotAllowed, BadCursor))
async def list_invoices(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    issued: Annotated[bool | None, Query(description="Only those that have a number, or that have none")] = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """What my organisation has to invoice or is invoiced, the newest first; the market sees all."""
    page = await service.list_invoices(tx, actor, is_issued=issued, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/invoices", issued=issued, limit=limit)


@router.post(
    "/{invoice_id}/issue",
    response_model=InvoiceOut,
    operation_id="issueInvoice",
    responses=refusals(NotAllowed, NotFound, errors.InvoiceIssuedAlready, errors.InvoiceNumberTaken),
)
async def issue_invoice(invoice_id: Uuid, body: IssueInvoice, actor: SignedIn, tx: TxDep) -> InvoiceView:
    """The seller's invoicing system has issued it under this number."""
    return await service.issue_invoice(tx, actor, invoice_id, number=body.number, issued_on=body.issued_on)


@router.post(
    "/{invoice_id}/correction",
    status_code=201,
    response_model=InvoiceOut,
    operation_id="correctInvoice",
    responses=refusals(NotAllowed, NotFound, errors.InvoiceNotIssued),
)
async def correct_invoice(invoice_id: Uuid, body: CorrectInvoice, actor: SignedIn, tx: TxDep) -> InvoiceView:
    """Take an issued invoice back and draw it up anew; the answer is the correction, its amounts below nought."""
    return await service.correct_invoice(tx, actor, invoice_id, reasons=body.reasons)
