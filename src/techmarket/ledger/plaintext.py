"""A book of the ledger as plain-text accounting (复式记账文本), for programs that others wrote to check.

The dialect is that of beancount: accounts are opened, every transfer is a transaction of two legs, and at the end each
balance the market keeps is asserted, so that a checker which adds up for itself says whether the market did.
The signs are turned: a checker counts what the bank holds as positive, the ledger as negative.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.ledger.rules import Purpose

_KINDS = {
    Purpose.BANK: "Assets:Bank",
    Purpose.RECEIVABLE: "Assets:Receivable",
    Purpose.ESCROW: "Liabilities:Escrow",
    Purpose.DEPOSITS: "Liabilities:Deposits",
    Purpose.SUSPENSE: "Liabilities:Suspense",
    Purpose.PAYABLE: "Liabilities:Payable",
    Purpose.FEES: "Income:Fees",
    Purpose.EXPENSE: "Expenses:Paid",
}


class AccountLike(Protocol):
    """An account with the balance that is kept for it, in fen: credits minus debits."""

    @property
    def id(self) -> UUID: ...
    @property
    def purpose(self) -> Purpose: ...
    @property
    def owner(self) -> UUID | None: ...
    @property
    def subject(self) -> str | None: ...
    @property
    def balance_minor(self) -> int: ...


class TransferLike(Protocol):
    """One movement inside a book, in fen."""

    @property
    def id(self) -> UUID: ...
    @property
    def at(self) -> datetime: ...
    @property
    def debit_account(self) -> UUID: ...
    @property
    def credit_account(self) -> UUID: ...
    @property
    def minor(self) -> int: ...
    @property
    def why(self) -> str: ...
    @property
    def code(self) -> str: ...


def name_of(account: AccountLike) -> str:
    """What a checker calls an account: its kind, and its id, which nobody else has."""
    return f"{_KINDS[account.purpose]}:{str(account.id).upper()}"


def heading(book: str) -> str:
    return f'option "title" "{book}"\noption "operating_currency" "CNY"\n\n'


def opening(account: AccountLike, day: date) -> str:
    """An account is opened on the day of the book's first transfer; whose it is and what for are its metadata."""
    lines = [f"{day} open {name_of(account)} CNY"]
    if account.owner is not None:
        lines.append(f'  owner: "{account.owner}"')
    if account.subject is not None:
        lines.append(f'  subject: "{account.subject}"')
    return "\n".join(lines) + "\n"


def entry(transfer: TransferLike, names: dict[UUID, str]) -> str:
    """One transfer: the debited account gives, the credited one gets."""
    amount = Money(transfer.minor).amount
    return (
        f'\n{shanghai_day(transfer.at)} * "{transfer.code}" "{transfer.why}"\n'
        f'  transfer: "{transfer.id}"\n'
        f"  {names[transfer.debit_account]}  {amount} CNY\n"
        f"  {names[transfer.credit_account]}  -{amount} CNY\n"
    )


def closing(account: AccountLike, last: date) -> str:
    """What the market says the account holds, asserted to the cent at the beginning of the day after the last."""
    return f"{last + timedelta(days=1)} balance {name_of(account)}  {Money(-account.balance_minor).amount} ~ 0.00 CNY\n"
