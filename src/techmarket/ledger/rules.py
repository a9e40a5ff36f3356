"""What a posting may do, as pure functions over balances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.ledger import errors

MARKET_BOOK = "market"
MINOR_MAX = 10**15


class Purpose(StrEnum):
    """What an account is for."""

    BANK = "BANK"  # the book's money at its bank: an asset, so its balance is negative
    ESCROW = "ESCROW"  # money the market keeps for somebody
    DEPOSITS = "DEPOSITS"  # deposits that were taken
    FEES = "FEES"  # what the market has earned
    SUSPENSE = "SUSPENSE"  # money that came and belongs to nobody yet
    EXPENSE = "EXPENSE"
    PAYABLE = "PAYABLE"
    RECEIVABLE = "RECEIVABLE"


GUARDED = frozenset({Purpose.ESCROW, Purpose.DEPOSITS, Purpose.SUSPENSE})
"""Other people's money: such an account never goes below nought, held money counted as gone."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One transfer to be made: the debited account gives, the credited account gets."""

    debit: UUID
    credit: UUID
    minor: int
    why: Ref
    code: str


@dataclass(frozen=True, slots=True)
class Holding:
    """One hold to be made: the source's money is set aside for the target."""

    source: UUID
    target: UUID
    minor: int
    why: Ref


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account holds, read under its lock."""

    id: UUID
    book: str
    purpose: Purpose
    balance_minor: int
    pending_minor: int

    @property
    def available_minor(self) -> int:
        return self.balance_minor - self.pending_minor


def book_of_unit(org_id: UUID) -> str:
    """A unit's own book, in which its payroll stands; it never mixes with the market's."""
    return f"unit:{org_id}"


def require_amount(minor: int) -> None:
    """An amount that moves is a whole number of fen above nought."""
    if not isinstance(minor, int) or isinstance(minor, bool):
        raise TypeError("money moves in whole fen")
    if not 0 < minor <= MINOR_MAX:
        raise ValueError(f"an amount that moves lies between 1 and {MINOR_MAX} fen, not {minor}")


def judge(standings: Mapping[UUID, Standing], postings: Iterable[Posting]) -> dict[UUID, int]:
    """A transfer stays in one book, and other people's money never goes below nought.

    Returns what each account's balance changes by. The postings are judged in their order, each after the one before.
    """
    changes = dict.fromkeys(standings, 0)
    for posting in postings:
        require_amount(posting.minor)
        giver, taker = standings[posting.debit], standings[posting.credit]
        if giver.id == taker.id:
            raise ValueError("a transfer needs two accounts")
        if giver.book != taker.book:
            raise ValueError(f"a transfer stays in one book: {giver.book} is not {taker.book}")
        _require_enough(giver, changes[giver.id], posting.minor)
        changes[giver.id] -= posting.minor
        changes[taker.id] += posting.minor
    return changes


def judge_holds(standings: Mapping[UUID, Standing], holdings: Iterable[Holding]) -> None:
    """Money can be set aside only while it is there, and only for an account of the same book."""
    taken = dict.fromkeys(standings, 0)
    for holding in holdings:
        require_amount(holding.minor)
        source, target = standings[holding.source], standings[holding.target]
        if source.id == target.id:
            raise ValueError("a hold needs two accounts")
        if source.book != target.book:
            raise ValueError(f"a hold stays in one book: {source.book} is not {target.book}")
        _require_enough(source, -taken[source.id], holding.minor)
        taken[source.id] += holding.minor


def _require_enough(account: Standing, change: int, minor: int) -> None:
    available = account.available_minor + change
    if account.purpose in GUARDED and available < minor:
        raise errors.Insufficient(account=account.id, available=Money(available), needed=Money(minor))
