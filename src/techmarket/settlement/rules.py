"""What the bank's message is worth, which due it pays, and what the market's fee is: pure."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, Protocol

from techmarket.kernel.money import Money, Rounding, apply_rate
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import Refusal
from techmarket.settlement import errors

TOLERANCE_SECONDS = 300
MINOR_MAX = 10**14
_TIMESTAMP = re.compile(r"[0-9]{9,11}")
_MESSAGE_ID = re.compile(r"[!-~]{1,64}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_REFERENCE = re.compile(r"(?<![A-Za-z0-9])D[0-9]{10,18}(?![A-Za-z0-9])")
_FIELDS = ("message_id", "payer_account", "payer_name", "amount", "reference", "booked_at")


class Purpose(StrEnum):
    """What a due is for. A deposit has no payee: it stays the payer's until the room that asked for it holds it."""

    DEPOSIT = "DEPOSIT"
    PRICE = "PRICE"
    ENTRY_FEE = "ENTRY_FEE"
    ROYALTY = "ROYALTY"
    INTEREST = "INTEREST"
    FEE = "FEE"  # owed to the market itself
    REWARD = "REWARD"  # a unit's own money, out of which the market pays the rewards of one distribution
    REFUND = "REFUND"  # what a payee gives back when the deal does not stand


class Channel(StrEnum):
    """Who pays out: the market from its escrow, or the unit through its payroll."""

    ESCROW = "ESCROW"
    PAYROLL = "PAYROLL"


INSTRUCTED_ANEW_ELSEWHERE = frozenset({"distribution_line"})
"""Reasons whose failed payout the room that gave the reason instructs anew itself, if the reason still stands."""


class HoldCause(StrEnum):
    """Why paid money waits."""

    DISPUTE = "DISPUTE"
    OBJECTION = "OBJECTION"
    COURT_ORDER = "COURT_ORDER"


class Act(StrEnum):
    """What with money needs a second person: above the amount of `settlement.second_person.<act>_above`, or always."""

    ASSIGN_LINE = "ASSIGN_LINE"
    RELEASE_DUE = "RELEASE_DUE"
    SETTLE_PAYOUT = "SETTLE_PAYOUT"
    REFUND_DUE = "REFUND_DUE"
    DECLARE_ACCOUNT = "DECLARE_ACCOUNT"
    VOID_STATEMENT = "VOID_STATEMENT"
    EXPLAIN_CHARGE = "EXPLAIN_CHARGE"
    UPLOAD_STATEMENT = "UPLOAD_STATEMENT"


ALWAYS_TWO = frozenset({Act.REFUND_DUE, Act.DECLARE_ACCOUNT, Act.VOID_STATEMENT})
"""These change what others rely on, however small the amount."""


class InvoiceKind(StrEnum):
    """Who invoices whom: the market its fee, or the payee the price."""

    FEE = "FEE"
    DEAL = "DEAL"


class Outcome(StrEnum):
    """What a bank message came to when it arrived."""

    MATCHED = "MATCHED"
    UNKNOWN_REFERENCE = "UNKNOWN_REFERENCE"
    NOT_OPEN = "NOT_OPEN"
    SHORT = "SHORT"
    OVER = "OVER"
    PAYER_DIFFERS = "PAYER_DIFFERS"


class Finding(StrEnum):
    """What a booking of the bank's statement was found to be when the statement came."""

    TAKEN = "TAKEN"  # money nobody had told of: entered now
    KNOWN = "KNOWN"  # money a message had told of
    PAYOUT = "PAYOUT"  # a payout of ours that has left
    RETURNED = "RETURNED"  # a payout that left and came back (退汇): its debit, and its credit
    UNEXPLAINED = "UNEXPLAINED"  # money that left for no reason we know


@dataclass(frozen=True, slots=True)
class BankMessage:
    """Money that arrived at the market's bank, as the bank tells it.

    `message_id` is the bank's reference of the booking, the same on its statement: there the money is known again.
    """

    message_id: str
    payer_account: str
    payer_name: str
    minor: int
    reference: str
    booked_at: datetime


def sign_message(secret: bytes, timestamp: str | int, body: bytes) -> str:
    """The bank signs time and body together, so that neither can be exchanged: HMAC-SHA256 of `timestamp.body`."""
    return hmac.new(secret, str(timestamp).encode() + b"." + body, hashlib.sha256).hexdigest()


def require_genuine(secret: bytes, raw: bytes, *, signature: str, timestamp: str, real_now: datetime) -> None:
    """A message without the bank's signature, or older or newer than five minutes, is not the bank's message."""
    wanted = sign_message(secret, timestamp, raw).encode()
    if not hmac.compare_digest(wanted, signature.encode("utf-8", "replace")):
        raise errors.BadSignature()
    if not _TIMESTAMP.fullmatch(timestamp) or abs(real_now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise errors.MessageStale(seconds=TOLERANCE_SECONDS)


def write_message(message: BankMessage) -> bytes:
    """The bank's side of the door: the bytes to sign and send."""
    body = {
        "message_id": message.message_id,
        "payer_account": message.payer_account,
        "payer_name": message.payer_name,
        "amount": {"amount": Money(message.minor).amount, "currency": "CNY"},
        "reference": message.reference,
        "booked_at": message.booked_at.isoformat(),
    }
    return json.dumps(body, ensure_ascii=False).encode()


def read_message(raw: bytes) -> BankMessage:
    """A message has exactly its six fields; the one at fault is named."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise errors.MessageMalformed(pointer="/body") from None
    if not isinstance(body, dict):
        raise errors.MessageMalformed(pointer="/body")
    for name in (*_FIELDS, *body):
        if name not in body or name not in _FIELDS:
            raise errors.MessageMalformed(pointer=f"/body/{name[:64]}")
    message_id = _text(body, "message_id", 64)
    if not _MESSAGE_ID.fullmatch(message_id):
        raise errors.MessageMalformed(pointer="/body/message_id")
    return BankMessage(
        message_id,
        _text(body, "payer_account", 64),
        _text(body, "payer_name", 200),
        _minor(body["amount"]),
        _text(body, "reference", 100, may_be_empty=True),
        _time(body["booked_at"]),
    )


def _text(body: dict[str, Any], name: str, length: int, *, may_be_empty: bool = False) -> str:
    value = body[name]
    if not isinstance(value, str) or len(value) > length or _CONTROL.search(value):
        raise errors.MessageMalformed(pointer=f"/body/{name}")
    if not value.strip() and not may_be_empty:
        raise errors.MessageMalformed(pointer=f"/body/{name}")
    return value.strip()


def _minor(value: Any) -> int:
    if not isinstance(value, dict) or set(value) != {"amount", "currency"} or value["currency"] != "CNY":
        raise errors.MessageMalformed(pointer="/body/amount")
    try:
        minor = Money.parse(value["amount"]).minor
    except (Refusal, TypeError):
        raise errors.MessageMalformed(pointer="/body/amount") from None
    if not 0 < minor <= MINOR_MAX:
        raise errors.MessageMalformed(pointer="/body/amount")
    return minor


def _time(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or not 1990 <= moment.year <= 2200:
            raise ValueError
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise errors.MessageMalformed(pointer="/body/booked_at") from None


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far money may be from what is due and still pay it by itself, in fen; rows of the rulebook."""

    short_max_minor: int = 0
    over_max_minor: int = 0
    reference_in_text: bool = False


EXACT = Tolerance()


def reference_in(text: str, tolerance: Tolerance) -> str:
    """The due's reference in what the payer wrote: the whole text, or where tolerated the only one that stands in it.

    Two references in one text are no reference: a person has to say how the money is divided.
    """
    found = set(_REFERENCE.findall(text)) if tolerance.reference_in_text else set()
    return found.pop() if len(found) == 1 else text.strip()


def tax_within(minor: int, rate: Decimal) -> int:
    """The tax that an amount with tax included holds, half-up to the fen (价税合计中的税额)."""
    net = (Decimal(minor) / (1 + rate)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return minor - int(net)


def judge_line(
    message: BankMessage,
    *,
    outstanding_minor: int | None,
    is_open: bool,
    payer_names: Collection[str | None],
    payer_account: str | None = None,
    tolerance: Tolerance = EXACT,
) -> Outcome:
    """Money pays a due by itself only when reference, payer and amount are right; else a person looks at it.

    Right is the amount to the cent, or within what the market tolerates. Where the payer has named the account it will
    pay from, another account is another payer.
    """
    if outstanding_minor is None:
        return Outcome.UNKNOWN_REFERENCE
    if not is_open:
        return Outcome.NOT_OPEN
    if _plain(message.payer_name) not in {_plain(name) for name in payer_names if name}:
        return Outcome.PAYER_DIFFERS
    if payer_account is not None and _plain(message.payer_account) != _plain(payer_account):
        return Outcome.PAYER_DIFFERS
    if message.minor < outstanding_minor - tolerance.short_max_minor:
        return Outcome.SHORT
    if message.minor > outstanding_minor + tolerance.over_max_minor:
        return Outcome.OVER
    return Outcome.MATCHED


class MoneyLike(Protocol):
    @property
    def minor(self) -> int: ...
    @property
    def payer_account(self) -> str: ...
    @property
    def reference(self) -> str: ...
    @property
    def booked_at(self) -> datetime: ...


def is_same_money(known: MoneyLike, told: MoneyLike) -> bool:
    """A booking told again in other words, by the statement first and a message after: amount, reference, day, payer.

    A statement need not tell the payer's account; what it does not tell cannot differ.
    """
    accounts = {_plain(one.payer_account) for one in (known, told) if one.payer_account}
    return len(accounts) < 2 and (known.minor, known.reference.strip(), shanghai_day(known.booked_at)) == (
        told.minor,
        told.reference.strip(),
        shanghai_day(told.booked_at),
    )


@dataclass(frozen=True, slots=True)
class DayCheck:
    """The books against the bank at the end of a day, in fen.

    `bank` is what the books say lies at the bank; `incoming` of it the statement does not show yet, `outgoing` left the
    books and not yet the bank; `others` is other people's money, `own` the market's.
    """

    bank_minor: int
    incoming_minor: int
    outgoing_minor: int
    others_minor: int
    own_minor: int
    statement_minor: int
    open_entries: int
    unbalanced: tuple[str, ...]
    paid_though_failed: tuple[str, ...] = ()

    @property
    def difference_minor(self) -> int:
        """What the bank has more than the books explain."""
        return self.statement_minor - (self.bank_minor - self.incoming_minor + self.outgoing_minor)

    @property
    def reasons(self) -> list[str]:
        """Why the day cannot be closed; none, if it can."""
        found = [f"unbalanced {book}" for book in self.unbalanced]
        if self.open_entries:
            found.append(f"unexplained entries {self.open_entries}")
        found += [f"paid though entered as failed {reference}" for reference in self.paid_though_failed]
        if self.difference_minor:
            found.append(f"difference {Money(self.difference_minor).amount}")
        if self.own_minor < 0:  # then other people's money is not all there, however well the books balance
            found.append(f"own money {Money(self.own_minor).amount}")
        return found


def goes_back_by_itself(outcome: Outcome, purpose: Purpose, *, is_cancelled: bool) -> bool:
    """A deposit that comes after it was released is nobody's question: it goes back to the account it came from."""
    return outcome is Outcome.NOT_OPEN and purpose is Purpose.DEPOSIT and is_cancelled


def _plain(name: str) -> str:
    # Banks write brackets and blanks in their own width.
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def fee_of(minor: int, rate: Decimal, rounding: str) -> int:
    """The market's fee is its tariff's part of what the payee receives, rounded as the tariff says, never above it."""
    return min(minor, apply_rate(minor, rate, Rounding(rounding)))


def free_money(own_minor: int, owed_minor: Iterable[int], waiting_minor: int = 0) -> int:
    """The market may not spend what it owes to others out of its fees, nor a fee of which it may still owe parts.

    `own_minor`: what it has earned less what it spent, parts of fees that are owed and not paid yet included.
    `owed_minor`: what it owes each; whoever was paid too much owes it, and sets nothing free for the others' part.
    """
    return own_minor - sum(max(one, 0) for one in owed_minor) - waiting_minor


def part_at_most(minor: int, rate: Decimal) -> int:
    """A part of an amount, however the fen that is left over falls."""
    return int((Decimal(minor) * rate).to_integral_value(ROUND_CEILING))
