"""What the ledger shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page
from techmarket.ledger.rules import Purpose


@dataclass(frozen=True, slots=True)
class AccountView:
    id: UUID
    book: str
    owner: UUID | None
    purpose: Purpose
    subject: str | None
    balance: Money
    held: Money
    available: Money


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer as the account sees it: what came in is positive, what went out negative."""

    id: UUID
    seq: int
    at: datetime
    amount: Money
    other_account: UUID
    why: str
    code: str
    hold_id: UUID | None
    reverses: UUID | None


@dataclass(frozen=True, slots=True)
class BookCheck:
    """A book balances when its accounts sum to nought and each agrees with its transfers and holds."""

    book: str
    accounts: int
    sum: Money
    wrong_accounts: tuple[UUID, ...]

    @property
    def is_balanced(self) -> bool:
        return self.sum.minor == 0 and not self.wrong_accounts


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement, and what the account held after it."""

    seq: int
    at: datetime
    amount: Money
    balance: Money
    why: str
    code: str


@dataclass(frozen=True, slots=True)
class StatedPeriod:
    """Whole days in Shanghai: opening plus what came in less what went out is the closing balance."""

    first_day: date
    last_day: date
    opening: Money
    came_in: Money
    went_out: Money
    closing: Money
    lines: Page[StatementLine]


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """One account over a period."""

    account: AccountView
    period: StatedPeriod


@dataclass(frozen=True, slots=True)
class PartyStatement:
    """Everything the market keeps for an organisation over a period, as if it were one account."""

    org_id: UUID
    accounts: int
    period: StatedPeriod
