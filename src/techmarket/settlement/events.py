"""What happened in settlement. Amounts are not public: a reader loads them through `steps.get_due`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event
from techmarket.settlement.rules import Act, Channel, HoldCause, InvoiceKind, Outcome, Purpose


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
class DueRefunded(Event):
    """A paid due is undone. With `refund_due_id` the payee has the money and owes it back."""

    kind: ClassVar[str] = "settlement.due_refunded"
    due_id: UUID
    subject: str
    purpose: Purpose
    refund_due_id: UUID | None = None


@dataclass(frozen=True)
class ReleaseHeld(Event):
    kind: ClassVar[str] = "settlement.release_held"
    subject: str
    cause: HoldCause


@dataclass(frozen=True)
class ReleaseLifted(Event):
    kind: ClassVar[str] = "settlement.release_lifted"
    subject: str
    cause: HoldCause


@dataclass(frozen=True)
class MoneyActAsked(Event):
    """One person wants it done; a second has to."""

    kind: ClassVar[str] = "settlement.money_act_asked"
    money_act_id: UUID
    act: Act
    subject: str


@dataclass(frozen=True)
class MoneyActDone(Event):
    kind: ClassVar[str] = "settlement.money_act_done"
    money_act_id: UUID
    act: Act
    subject: str


@dataclass(frozen=True)
class MoneyActRefused(Event):
    kind: ClassVar[str] = "settlement.money_act_refused"
    money_act_id: UUID
    act: Act
    subject: str


@dataclass(frozen=True)
class AccountDeclared(Event):
    """The market's settlement account is known; its number stands in no journal."""

    kind: ClassVar[str] = "settlement.account_declared"
    settlement_account_id: UUID


@dataclass(frozen=True)
class StatementVoided(Event):
    kind: ClassVar[str] = "settlement.statement_voided"
    statement_id: UUID


@dataclass(frozen=True)
class InvoiceDrawnUp(Event):
    """The data of an invoice are there, or of the correction of one."""

    kind: ClassVar[str] = "settlement.invoice_drawn_up"
    invoice_id: UUID
    due_id: UUID
    invoice_kind: InvoiceKind
    is_correction: bool


@dataclass(frozen=True)
class InvoiceIssued(Event):
    """The seller's invoicing system gave it a number."""

    kind: ClassVar[str] = "settlement.invoice_issued"
    invoice_id: UUID


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
