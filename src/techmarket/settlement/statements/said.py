"""What a statement says, whatever form its file has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from techmarket.kernel.money import Money
from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.refusals import Refusal
from techmarket.settlement.errors import StatementUnreadable

ENTRIES_MAX = 2_000
MINOR_MAX = 10**15
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:$|[TZ+-])")
REFERENCE = re.compile(r"[!-~]{1,64}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking. `reference` is the bank's own, unique at the bank; `ours` what the payer or we wrote on it."""

    n: int
    is_credit: bool
    minor: int
    booked_on: date
    reference: str
    account: str
    name: str
    ours: str


@dataclass(frozen=True, slots=True)
class Said:
    """A statement of one account over whole days, balances in fen."""

    account: str
    number: str
    first_day: date
    last_day: date
    opening_minor: int
    closing_minor: int
    entries: tuple[Entry, ...]


def unreadable(where: str, what: str) -> StatementUnreadable:
    return StatementUnreadable(where=where, what=what, pointer="/body")


def words(value: str | None, where: str, *, length: int, may_be_empty: bool = False) -> str:
    """A text of the bank without control characters, cut of blanks."""
    plain = (value or "").strip()
    if _CONTROL.search(plain) or len(plain) > length or (not plain and not may_be_empty):
        raise unreadable(where, "text")
    return plain


def amount(value: str | None, where: str) -> int:
    """An amount in fen; 1200, 1200.5 and 1200.50 are the same, and there is no third decimal."""
    whole, dot, cents = (value or "").strip().partition(".")
    if not whole.isascii() or not whole.isdigit() or (dot and not (cents.isascii() and cents.isdigit())):
        raise unreadable(where, "amount")
    try:
        # Banks pad: 1200.50000 is an amount in fen, 1200.505 is not.
        minor = Money.parse(f"{int(whole)}.{cents.rstrip('0') if len(cents) > 2 else cents:0<2}").minor
    except (Refusal, ValueError):
        raise unreadable(where, "amount") from None
    if minor > MINOR_MAX:
        raise unreadable(where, "amount")
    return minor


def day(value: str | None, where: str) -> date:
    """A day as ISO 8601 writes it; of a moment, its day in Shanghai, where the bank is.

    A moment without an offset is the bank's own time; one with an offset (`Z` too) may lie in another day here.
    """
    text = (value or "").strip()
    try:
        if not _DAY.match(text):
            raise ValueError
        if len(text) == 10 or "T" not in text:
            found = date.fromisoformat(text[:10])
        else:
            moment = datetime.fromisoformat(text)
            found = (moment.astimezone(SHANGHAI) if moment.tzinfo is not None else moment).date()
    except (ValueError, OverflowError):
        raise unreadable(where, "day") from None
    if not 1990 <= found.year <= 2200:
        raise unreadable(where, "day")
    return found


def reference(value: str | None, where: str) -> str:
    """The bank's own reference: without it nobody could tell a booking that comes twice from two bookings."""
    plain = (value or "").strip()
    if not REFERENCE.fullmatch(plain):
        raise unreadable(where, "bank_reference")
    return plain


def entries_of(found: Iterable[Entry], first: date, last: date) -> tuple[Entry, ...]:
    """All entries, each reference once, each booked within the days of the statement."""
    entries = tuple(found)
    if len(entries) > ENTRIES_MAX:
        raise unreadable("entries", f"at most {ENTRIES_MAX}")
    seen: set[str] = set()
    for entry in entries:
        if entry.minor == 0:
            raise unreadable(f"entry {entry.n}", "amount")
        if entry.reference in seen:
            raise unreadable(f"entry {entry.n}", "bank_reference twice")
        if not first <= entry.booked_on <= last:
            raise unreadable(f"entry {entry.n}", "day outside the statement")
        seen.add(entry.reference)
    return entries
