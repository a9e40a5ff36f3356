"""What an invoicing system needs (开票数据): drawn up when money is released, corrected when it goes back.

The market invoices its own fee, with the tax its tariff names. Of the price it only tells what the payee has to
invoice: no tax is computed, since relief hangs on the contract's registration.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.identity import steps as identity
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import shanghai_day
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import rules
from techmarket.settlement.events import InvoiceDrawnUp
from techmarket.settlement.repository import invoices as kept
from techmarket.settlement.rules import InvoiceKind, Purpose
from techmarket.settlement.tables import Due, Invoice

FEE_TAX = "tariff.exchange_fee.vat_rate"


async def draw_up_invoices(db: AsyncSession, due: Due) -> None:
    """Of a due that was just released: the payee's invoice of the price, and the market's of its fee."""
    assert due.payee_org is not None
    if due.purpose is Purpose.REFUND:  # the correction was drawn up when the refund was decided
        return
    if due.purpose is not Purpose.FEE:
        _add(db, due, InvoiceKind.DEAL, seller=due.payee_org, buyer=due.payer_org, minor=due.minor, rate=None)
    market = await identity.find_market(db)
    if due.fee_minor and market is not None:
        today = shanghai_day(await clock.market_now(db))
        rate = (await rulebook.get_rule(db, FEE_TAX, on=today)).decimal
        buyer = due.payer_org if due.purpose is Purpose.FEE else due.payee_org
        _add(db, due, InvoiceKind.FEE, seller=market.id, buyer=buyer, minor=due.fee_minor, rate=rate)
    await db.flush()


def _add(
    db: AsyncSession, due: Due, kind: InvoiceKind, *, seller: UUID, buyer: UUID, minor: int, rate: Decimal | None
) -> None:
    invoice = Invoice(
        id=new_id(),
        kind=kind,
        due_id=due.id,
        seller_org=seller,
        buyer_org=buyer,
        minor=minor,
        tax_rate=rate,
        tax_minor=None if rate is None else rules.tax_within(minor, rate),
    )
    db.add(invoice)
    journal.record(db, InvoiceDrawnUp(invoice.id, due.id, kind, False), actor=None)


async def correct_invoices(db: AsyncSession, due_id: UUID, *, fee_returned: bool) -> None:
    """Of a due that is refunded: what was invoiced is taken back (红字), the fee only if it was given back."""
    for invoice in await kept.standing_of(db, due_id):
        if invoice.kind is InvoiceKind.DEAL or fee_returned:
            negate(db, invoice, reasons="refund")
    await db.flush()


def negate(db: AsyncSession, invoice: Invoice, *, reasons: str) -> Invoice:
    """The correction of an invoice: the same with its amounts below nought."""
    red = Invoice(
        id=new_id(),
        kind=invoice.kind,
        due_id=invoice.due_id,
        seller_org=invoice.seller_org,
        buyer_org=invoice.buyer_org,
        minor=-invoice.minor,
        tax_rate=invoice.tax_rate,
        tax_minor=None if invoice.tax_minor is None else -invoice.tax_minor,
        corrects=invoice.id,
        reasons=reasons,
    )
    db.add(red)
    journal.record(db, InvoiceDrawnUp(red.id, invoice.due_id, invoice.kind, True), actor=None)
    return red


def repeat(db: AsyncSession, invoice: Invoice) -> Invoice:
    """The invoice drawn up anew after its correction, by the data of today."""
    fresh = Invoice(
        id=new_id(),
        kind=invoice.kind,
        due_id=invoice.due_id,
        seller_org=invoice.seller_org,
        buyer_org=invoice.buyer_org,
        minor=invoice.minor,
        tax_rate=invoice.tax_rate,
        tax_minor=invoice.tax_minor,
    )
    db.add(fresh)
    journal.record(db, InvoiceDrawnUp(fresh.id, invoice.due_id, invoice.kind, False), actor=None)
    return fresh
