"""A book as text, to the letter: what other people's checkers are given (`test_export` runs one of them)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from techmarket.ledger import plaintext
from techmarket.ledger.rules import Purpose

BANK, ESCROW, OWNER, TRANSFER = (UUID(int=n) for n in (0xA, 0xB, 0xC, 0xD))


@dataclass(frozen=True)
class Account:
    id: UUID
    purpose: Purpose
    owner: UUID | None = None
    subject: str | None = None
    balance_minor: int = 0


@dataclass(frozen=True)
class Transfer:
    id: UUID = TRANSFER
    at: datetime = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # already the third in Shanghai
    debit_account: UUID = BANK
    credit_account: UUID = ESCROW
    minor: int = 15_000_050
    why: str = "due:1"
    code: str = "paid"


def test_a_book_is_written_as_a_checker_reads_it() -> None:
    bank, escrow = Account(BANK, Purpose.BANK), Account(ESCROW, Purpose.ESCROW, OWNER, "lot:7", 15_000_050)
    names = {one.id: plaintext.name_of(one) for one in (bank, escrow)}
    assert plaintext.heading("market") == 'option "title" "market"\noption "operating_currency" "CNY"\n\n'
    day = date(2026, 3, 3)
    assert plaintext.opening(bank, day) == "2026-03-03 open Assets:Bank:00000000-0000-0000-0000-00000000000A CNY\n"
    assert plaintext.opening(escrow, day) == (
        f'2026-03-03 open Liabilities:Escrow:{str(ESCROW).upper()} CNY\n  owner: "{OWNER}"\n  subject: "lot:7"\n'
    )
    assert plaintext.entry(Transfer(), names) == (
        f'\n2026-03-03 * "paid" "due:1"\n  transfer: "{TRANSFER}"\n'
        f"  Assets:Bank:{str(BANK).upper()}  150000.50 CNY\n"
        f"  Liabilities:Escrow:{str(ESCROW).upper()}  -150000.50 CNY\n"
    )
    assert plaintext.closing(escrow, day) == (
        f"2026-03-04 balance Liabilities:Escrow:{str(ESCROW).upper()}  -150000.50 ~ 0.00 CNY\n"
    )
