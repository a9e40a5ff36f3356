"""What happened in settlement. Amounts are not public: a reader loads them through `steps.get_due`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event
from techmarket.settlement.rules import Channel, Outcome, Purpose


@dataclass(frozen=True)
class DueRaised(Event):
    """`subject` is the `kind:uuid` of what the due is for."""

    kind: ClassVar[str] = "settlement.due_raised"
    due_id: UUID
    subject: str
    purpose: Purpose


@dataclass(frozen=True)
class DuePaid(Event):
    kind: ClassVar[str] = "settlement.due_paid"
    due_id: UUID
    subject: str
    purpose: Purpose


@dataclass(frozen=True)
class DueCancelled(Event):
    kind: ClassVar[str] = "settlement.due_cancelled"
    due_id: UUID
    subject: str
    purpose: Purpose


@dataclass(frozen=True)
class DueOverdue(Event):
    """The day has passed and the due is still open; told once."""

    kind: ClassVar[str] = "settlement.due_overdue"
    due_id: UUID
    subject: str
    purpose: Purpose
    due_on: date


@dataclass(frozen=True)
class Released(Event):
    """The money of a paid due went to the payee, less the fee; the payout is instructed."""

    kind: ClassVar[str] = "settlement.released"
    due_id: UUID
    subject: str
    purpose: Purpose
    payout_id: UUID | None


@dataclass(frozen=True)
class BankLineReceived(Event):
    kind: ClassVar[str] = "settlement.bank_line_received"
    line_id: UUID
    outcome: Outcome


@dataclass(frozen=True)
class BankLineAssigned(Event):
    kind: ClassVar[str] = "settlement.bank_line_assigned"
    line_id: UUID
    due_id: UUID


@dataclass(frozen=True)
class BankLineReturned(Event):
    kind: ClassVar[str] = "settlement.bank_line_returned"
    line_id: UUID
    payout_id: UUID


@dataclass(frozen=True)
class PayoutInstructed(Event):
    kind: ClassVar[str] = "settlement.payout_instructed"
    payout_id: UUID
    why: str
    channel: Channel


@dataclass(frozen=True)
class PayoutSent(Event):
    kind: ClassVar[str] = "settlement.payout_sent"
    payout_id: UUID


@dataclass(frozen=True)
class PayoutConfirmed(Event):
    kind: ClassVar[str] = "settlement.payout_confirmed"
    payout_id: UUID
    why: str
    channel: Channel


@dataclass(frozen=True)
class PayoutFailed(Event):
    """The bank could not pay; the money is free again where it was held."""

    kind: ClassVar[str] = "settlement.payout_failed"
    payout_id: UUID
    why: str
    channel: Channel


@dataclass(frozen=True)
class StatementUploaded(Event):
    kind: ClassVar[str] = "settlement.statement_uploaded"
    statement_id: UUID
    entries: int


@dataclass(frozen=True)
class EntryExplained(Event):
    """Money that left the bank for no payout of ours was its charge."""

    kind: ClassVar[str] = "settlement.entry_explained"
    statement_id: UUID
    n: int


@dataclass(frozen=True)
class DayClosed(Event):
    """Books and bank differ in nothing at the end of this day."""

    kind: ClassVar[str] = "settlement.day_closed"
    statement_id: UUID
    day: date
