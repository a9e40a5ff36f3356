"""The states of a due, a bank line and a payout. Overdue is a date, released a fact beside the state."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class DueState(StrEnum):
    OPEN = "OPEN"
    PAID = "PAID"
    REFUNDED = "REFUNDED"
    CANCELLED = "CANCELLED"


class LineState(StrEnum):
    UNMATCHED = "UNMATCHED"
    MATCHED = "MATCHED"
    RETURNED = "RETURNED"
    VOIDED = "VOIDED"


class PayoutState(StrEnum):
    INSTRUCTED = "INSTRUCTED"
    SENT = "SENT"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"


class ActState(StrEnum):
    """Where an act with money stands that needs two people."""

    WAITING = "WAITING"
    DONE = "DONE"
    REFUSED = "REFUSED"


class EntryState(StrEnum):
    """Where a booking of the bank's statement stands against what the market knows."""

    KNOWN = "KNOWN"
    OPEN = "OPEN"
    EXPLAINED = "EXPLAINED"


MONEY_ACT = Lifecycle(
    "money_act",
    {(ActState.WAITING, "do"): ActState.DONE, (ActState.WAITING, "refuse"): ActState.REFUSED},
    initial=ActState.WAITING,
)

DUE = Lifecycle(
    "due",
    {
        (DueState.OPEN, "pay"): DueState.PAID,
        (DueState.OPEN, "cancel"): DueState.CANCELLED,
        (DueState.PAID, "refund"): DueState.REFUNDED,
    },
    initial=DueState.OPEN,
)

BANK_LINE = Lifecycle(
    "bank_line",
    {
        (LineState.UNMATCHED, "match"): LineState.MATCHED,
        (LineState.UNMATCHED, "assign"): LineState.MATCHED,
        (LineState.UNMATCHED, "return"): LineState.RETURNED,
        (LineState.RETURNED, "reopen"): LineState.UNMATCHED,
        (LineState.UNMATCHED, "void"): LineState.VOIDED,
        (LineState.VOIDED, "reopen"): LineState.UNMATCHED,
    },
    initial=LineState.UNMATCHED,
)

PAYOUT = Lifecycle(
    "payout",
    {
        (PayoutState.INSTRUCTED, "send"): PayoutState.SENT,
        (PayoutState.INSTRUCTED, "confirm"): PayoutState.CONFIRMED,
        (PayoutState.SENT, "confirm"): PayoutState.CONFIRMED,
        (PayoutState.INSTRUCTED, "fail"): PayoutState.FAILED,
        (PayoutState.INSTRUCTED, "stop"): PayoutState.FAILED,
        (PayoutState.SENT, "fail"): PayoutState.FAILED,
        (PayoutState.CONFIRMED, "bounce"): PayoutState.FAILED,
    },
    initial=PayoutState.INSTRUCTED,
)

STATEMENT_ENTRY = Lifecycle(
    "statement_entry",
    {(EntryState.OPEN, "know"): EntryState.KNOWN, (EntryState.OPEN, "explain"): EntryState.EXPLAINED},
    initial=EntryState.OPEN,
)
