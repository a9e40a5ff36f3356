"""What settlement shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from techmarket.kernel.money import Money
from techmarket.settlement.lifecycle import DueState, LineState, PayoutState
from techmarket.settlement.rules import Channel, Outcome, Purpose


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
    bank_reference: str | None
    instructed_at: datetime
    settled_at: datetime | None
