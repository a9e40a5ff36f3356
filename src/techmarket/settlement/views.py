"""What settlement shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from techmarket.kernel.money import Money
from techmarket.settlement.lifecycle import ActState, DueState, EntryState, LineState, PayoutState
from techmarket.settlement.rules import Act, Channel, Finding, InvoiceKind, Outcome, Purpose


@dataclass(frozen=True, slots=True)
class DueView:
    id: UUID
    reference: str
    payer_org: UUID
    payee_org: UUID | None
    amount: Money
    paid: Money
    outstanding: Money
    fee: Money | None
    due_on: date
    subject: str
    purpose: Purpose
    state: DueState
    paid_at: datetime | None
    released_at: datetime | None
    refund_due_id: UUID | None


@dataclass(frozen=True, slots=True)
class BankLineView:
    id: UUID
    message_id: str
    payer_account: str
    payer_name: str
    amount: Money
    reference: str
    booked_at: datetime
    received_at: datetime
    outcome: Outcome
    state: LineState
    due_id: UUID | None
    payout_id: UUID | None


@dataclass(frozen=True, slots=True)
class PayoutView:
    id: UUID
    org_id: UUID | None
    amount: Money
    channel: Channel
    state: PayoutState
    why: str
    to_account: str | None
    to_name: str | None
    bank_reference: str | None
    instructed_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class StatementView:
    """A bank statement, and how many of its bookings were found to be what."""

    id: UUID
    number: str
    account: str
    first_day: date
    last_day: date
    opening: Money
    closing: Money
    entries: int
    taken: int
    known: int
    payouts: int
    unexplained: int
    open: int
    at: datetime
    voided_at: datetime | None


@dataclass(frozen=True, slots=True)
class EntryView:
    n: int
    direction: str
    amount: Money
    booked_on: date
    bank_reference: str
    finding: Finding
    state: EntryState
    bank_line_id: UUID | None
    payout_id: UUID | None


@dataclass(frozen=True, slots=True)
class DayView:
    """A closed day: `bank` less `incoming` plus `outgoing` is the statement; `others` plus `own` is `bank`."""

    day: date
    statement_id: UUID
    bank: Money
    incoming: Money
    outgoing: Money
    statement: Money
    others: Money
    own: Money
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class MoneyActView:
    """An act with money that one person asked for; nothing has moved while it waits for a second."""

    id: UUID
    act: Act
    subject: str
    content: dict[str, Any]
    amount: Money
    state: ActState
    asked_by: UUID
    asked_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reasons: str | None


@dataclass(frozen=True, slots=True)
class AccountView:
    """Where payers send their money."""

    account: str
    bank_name: str
    holder_name: str
    declared_at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceParty:
    org_id: UUID
    name: str
    uscc: str | None


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """What an invoicing system needs. `net` and `tax` make `amount`; None where the tax is not ours to say."""

    id: UUID
    kind: InvoiceKind
    due_id: UUID
    due_reference: str
    purpose: Purpose
    subject: str
    seller: InvoiceParty
    buyer: InvoiceParty
    amount: Money
    tax_rate: str | None
    tax: Money | None
    net: Money | None
    corrects: UUID | None
    reasons: str | None
    drawn_up_at: datetime
    number: str | None
    issued_on: date | None
