"""A statement of the market's bank (银行对账单) as its file tells it: read and added up, pure.

Two forms are read: camt.053 of ISO 20022, and a plain CSV for banks that have nothing better.
"""

from __future__ import annotations

from techmarket.settlement.errors import StatementDoesNotAdd
from techmarket.settlement.statements.camt import read_camt
from techmarket.settlement.statements.plain import read_csv
from techmarket.settlement.statements.said import Entry, Said

__all__ = ["CSV", "XML", "Entry", "Said", "read_statement"]

CSV, XML = "text/csv", "application/xml"


def read_statement(raw: bytes, media: str) -> Said:
    """What the file says, if it adds up: opening balance and entries make the closing balance, to the cent."""
    said = read_csv(raw) if media == CSV else read_camt(raw)
    moved = sum(entry.minor if entry.is_credit else -entry.minor for entry in said.entries)
    if said.opening_minor + moved != said.closing_minor:
        raise StatementDoesNotAdd(opening=said.opening_minor, moved=moved, closing=said.closing_minor, pointer="/body")
    return said
