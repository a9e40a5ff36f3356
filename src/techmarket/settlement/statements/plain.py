"""The plain CSV form: a line for the opening balance, one for each booking, one for the closing balance.

kind,bank_reference,booked_on,amount,account,name,reference
OPENING,ST-2026-061,2026-03-02,0.00,330016000000000000,,
CREDIT,B-1,2026-03-02,150000.00,622200000000,Sample Enterprise,D2026000001
CLOSING,ST-2026-061,2026-03-02,150000.00,330016000000000000,,
"""

from __future__ import annotations

import csv
import io

from techmarket.settlement.statements.said import Entry, Said, amount, day, entries_of, reference, unreadable, words

COLUMNS = ("kind", "bank_reference", "booked_on", "amount", "account", "name", "reference")


def read_csv(raw: bytes) -> Said:
    """The first row opens, the last closes, both with the account and the number of the statement."""
    try:
        text = raw.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise unreadable("file", "CSV in UTF-8") from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise unreadable("line 1", ",".join(COLUMNS))
    for n, row in enumerate(rows, start=2):
        if any(value is None for value in row.values()) or None in row:
            raise unreadable(f"line {n}", f"{len(COLUMNS)} columns")
    opening, *bookings, closing = (rows * 2)[:2] if len(rows) == 1 else rows
    last = len(rows) + 1
    if opening["kind"] != "OPENING":
        raise unreadable("line 2", "OPENING")
    if closing["kind"] != "CLOSING":
        raise unreadable(f"line {last}", "CLOSING")
    if (opening["account"], opening["bank_reference"]) != (closing["account"], closing["bank_reference"]):
        raise unreadable(f"line {last}", "account and number of the opening")
    first_day, last_day = day(opening["booked_on"], "line 2"), day(closing["booked_on"], f"line {last}")
    if first_day > last_day:
        raise unreadable(f"line {last}", "day")
    return Said(
        account=words(opening["account"], "line 2", length=64),
        number=words(opening["bank_reference"], "line 2", length=64),
        first_day=first_day,
        last_day=last_day,
        opening_minor=_signed(opening["amount"], "line 2"),
        closing_minor=_signed(closing["amount"], f"line {last}"),
        entries=entries_of((_entry(n, row) for n, row in enumerate(bookings, start=1)), first_day, last_day),
    )


def _signed(value: str, where: str) -> int:
    """A balance may be below nought."""
    return -amount(value[1:], where) if value.startswith("-") else amount(value, where)


def _entry(n: int, row: dict[str, str]) -> Entry:
    where = f"line {n + 2}"
    if row["kind"] not in ("CREDIT", "DEBIT"):
        raise unreadable(where, "CREDIT or DEBIT")
    return Entry(
        n=n,
        is_credit=row["kind"] == "CREDIT",
        minor=amount(row["amount"], where),
        booked_on=day(row["booked_on"], where),
        reference=reference(row["bank_reference"], where),
        account=words(row["account"], where, length=64, may_be_empty=True),
        name=words(row["name"], where, length=200, may_be_empty=True),
        ours=words(row["reference"], where, length=500, may_be_empty=True),
    )
