"""Invoices: their data for the seller's invoicing system, the number it gave, and correction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.identity.steps import OrganisationFacts
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.settlement import errors, policy, repository
from techmarket.settlement.events import InvoiceIssued
from techmarket.settlement.repository import invoices as kept
from techmarket.settlement.steps.invoicing import negate, repeat
from techmarket.settlement.tables import Due, Invoice
from techmarket.settlement.views import InvoiceParty, InvoiceView


async def list_invoices(
    tx: Tx, actor: Actor, *, is_issued: bool | None, cursor: str | None, limit: int
) -> Page[InvoiceView]:
    """The invoices my organisation issues or receives, the newest first; the market sees all."""
    require(actor, policy.SEE_INVOICES, parties=[actor.org_id])
    async with tx.read() as db:
        rows = await kept.list_invoices(
            db,
            org_id=None if actor.is_market else actor.org,
            is_issued=is_issued,
            after=last_id(cursor),
            limit=limit + 1,
        )
        page = page_of(rows, limit, lambda row: (str(row[0].id),))
        orgs = await identity.get_organisations(
            db, {org for invoice, _ in page.items for org in (invoice.seller_org, invoice.buyer_org)}
        )
        return page.map(lambda row: _view(row[0], row[1], orgs))


async def issue_invoice(tx: Tx, actor: Actor, invoice_id: UUID, *, number: str, issued_on: date) -> InvoiceView:
    """The seller's invoicing system has issued it under this number."""
    async with tx.begin() as db:
        invoice = await _lock_as_seller(db, actor, invoice_id)
        require(actor, policy.ISSUE_INVOICE, parties=[invoice.seller_org])
        if invoice.number is not None:
            raise errors.InvoiceIssuedAlready(number=invoice.number)
        if await kept.is_number_taken(db, number):
            raise errors.InvoiceNumberTaken(number=number)
        invoice.number, invoice.issued_on = number, issued_on
        journal.record(db, InvoiceIssued(invoice.id), actor=actor)
        await db.flush()
        return await _shown(db, invoice)


async def correct_invoice(tx: Tx, actor: Actor, invoice_id: UUID, *, reasons: str) -> InvoiceView:
    """An issued invoice is taken back (红冲) and drawn up anew, by the names of today. Returns the correction."""
    async with tx.begin() as db:
        invoice = await _lock_as_seller(db, actor, invoice_id)
        require(actor, policy.CORRECT_INVOICE, parties=[invoice.seller_org])
        if invoice.number is None or invoice.corrects is not None or await kept.is_corrected(db, invoice.id):
            raise errors.InvoiceNotIssued()
        red = negate(db, invoice, reasons=reasons)
        repeat(db, invoice)
        await db.flush()
        await db.refresh(red)
        return await _shown(db, red)


async def _lock_as_seller(db: AsyncSession, actor: Actor, invoice_id: UUID) -> Invoice:
    """Parties and the market know of an invoice; whoever else asks finds none."""
    invoice = await kept.lock_invoice(db, invoice_id)
    if not actor.is_market and actor.org_id not in (invoice.seller_org, invoice.buyer_org):
        raise NotFound()
    return invoice


async def _shown(db: AsyncSession, invoice: Invoice) -> InvoiceView:
    orgs = await identity.get_organisations(db, {invoice.seller_org, invoice.buyer_org})
    return _view(invoice, await repository.get_due(db, invoice.due_id), orgs)


def _view(row: Invoice, due: Due, orgs: Mapping[UUID, OrganisationFacts]) -> InvoiceView:
    seller, buyer = (orgs[org] for org in (row.seller_org, row.buyer_org))
    return InvoiceView(
        id=row.id,
        kind=row.kind,
        due_id=row.due_id,
        due_reference=due.reference,
        purpose=due.purpose,
        subject=due.subject,
        seller=InvoiceParty(seller.id, seller.name, seller.uscc),
        buyer=InvoiceParty(buyer.id, buyer.name, buyer.uscc),
        amount=Money(row.minor),
        tax_rate=None if row.tax_rate is None else f"{row.tax_rate.normalize():f}",
        tax=None if row.tax_minor is None else Money(row.tax_minor),
        net=None if row.tax_minor is None else Money(row.minor - row.tax_minor),
        corrects=row.corrects,
        reasons=row.reasons,
        drawn_up_at=row.drawn_up_at,
        number=row.number,
        issued_on=row.issued_on,
    )
