"""What people do with the ledger: they look. Money moves only by acts of other rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.kernel.paging import BadCursor, Page, decode_cursor, last_id, page_of
from techmarket.kernel.periods import end_of_day, shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.ledger import errors, plaintext, policy, repository, steps
from techmarket.ledger.rules import MARKET_BOOK, Purpose, book_of_unit
from techmarket.ledger.tables import Account, Transfer
from techmarket.ledger.views import (
    AccountStatement,
    AccountView,
    BookCheck,
    PartyStatement,
    StatedPeriod,
    StatementLine,
    TransferView,
)

EXPORTED_AT_ONCE = 2_000


async def list_accounts(
    tx: Tx, actor: Actor, *, book: str | None, purpose: Purpose | None, cursor: str | None, limit: int
) -> Page[AccountView]:
    """An organisation's accounts; the market's finance sees all."""
    require(actor, policy.LIST_ACCOUNTS, parties=[actor.org_id])
    after = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_accounts(
            db,
            book=book,
            purpose=purpose,
            org_id=None if actor.is_market else actor.org,
            after=after,
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(view_of)


async def list_transfers(
    tx: Tx, actor: Actor, account_id: UUID, *, cursor: str | None, limit: int
) -> Page[TransferView]:
    """What moved on one account, the newest first."""
    before = decode_cursor(cursor, int)[0] if cursor is not None else None
    async with tx.read() as db:
        account = await repository.get_account(db, account_id)
        if not actor.is_market and not policy.owns(actor, book=account.book, owner=account.owner):
            raise NotFound()
        require(actor, policy.LIST_TRANSFERS, parties=[actor.org_id])
        rows = await repository.list_transfers(db, account_id, before=before, limit=limit + 1)
        return page_of(rows, limit, lambda row: (row.seq,)).map(lambda row: _transfer_view(row, account_id))


async def state_account(
    tx: Tx, actor: Actor, account_id: UUID, *, first: date, last: date, cursor: str | None, limit: int
) -> AccountStatement:
    """A statement of account (对账单) over whole days: what it held before, what moved, what it holds after."""
    span = _span(first, last)
    async with tx.read(snapshot=True) as db:
        account = await repository.get_account(db, account_id)
        if not actor.is_market and not policy.owns(actor, book=account.book, owner=account.owner):
            raise NotFound()
        require(actor, policy.LIST_TRANSFERS, parties=[actor.org_id])
        return AccountStatement(view_of(account), await _state(db, [account_id], span, cursor, limit))


async def state_party(
    tx: Tx, actor: Actor, org_id: UUID, *, first: date, last: date, cursor: str | None, limit: int
) -> PartyStatement:
    """All that the market keeps for an organisation as one statement: what moves within it is no movement."""
    span = _span(first, last)
    if not actor.is_market and actor.org_id != org_id:
        raise NotFound()
    require(actor, policy.LIST_TRANSFERS, parties=[actor.org_id])
    async with tx.read(snapshot=True) as db:
        accounts = await repository.accounts_of(db, MARKET_BOOK, org_id)
        return PartyStatement(org_id, len(accounts), await _state(db, accounts, span, cursor, limit))


def _span(first: date, last: date) -> Span:
    if first > last:
        raise errors.PeriodReversed(first=first, last=last, pointer="/query/from")
    return Span(first, last, end_of_day(first - timedelta(days=1)), end_of_day(last))


async def _state(
    db: AsyncSession, accounts: Sequence[UUID], span: Span, cursor: str | None, limit: int
) -> StatedPeriod:
    after = decode_cursor(cursor, str, int) if cursor is not None else None
    before, came, went = await repository.sums_of_period(db, accounts, span.begin, span.end)
    rows = await repository.lines_of_period(
        db, accounts, span.begin, span.end, after=(_instant(after[0]), after[1]) if after else None, limit=limit + 1
    )
    lines = page_of(rows, limit, lambda row: (row.at.isoformat(), row.seq))
    return StatedPeriod(
        span.first,
        span.last,
        Money(before),
        Money(came),
        Money(went),
        Money(before + came - went),
        lines.map(
            lambda row: StatementLine(
                row.seq, row.at, Money(int(row.minor)), Money(before + int(row.so_far)), row.why, row.code
            )
        ),
    )


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days in Shanghai, and the two instants between which they lie."""

    first: date
    last: date
    begin: datetime
    end: datetime


def _instant(written: str) -> datetime:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise BadCursor() from None
    if found.tzinfo is None:
        raise BadCursor()
    return found


async def export_book(tx: Tx, actor: Actor, book: str) -> IO[bytes]:
    """A whole book as plain-text accounting, in an unnamed file that is gone when it is closed.

    An organisation has its own book, the market's finance any. Written aside first: a slow reader holds no snapshot.
    """
    if not actor.is_market and book != book_of_unit(actor.org):
        raise NotFound()
    require(actor, policy.EXPORT_BOOK, parties=[actor.org_id])
    aside = TemporaryFile()  # noqa: SIM115
    try:
        async with tx.read(snapshot=True) as db:
            await _write_book(db, book, aside)
        aside.seek(0)
    except BaseException:
        aside.close()
        raise
    return aside


async def _write_book(db: AsyncSession, book: str, out: IO[bytes]) -> None:
    out.write(plaintext.heading(book).encode())
    days = await repository.days_of_book(db, book)
    if days is None:
        return
    first, last = (shanghai_day(at) for at in days)
    accounts = await repository.list_accounts(db, book=book, purpose=None, org_id=None, after=None, limit=None)
    names = {account.id: plaintext.name_of(account) for account in accounts}
    out.write("".join(plaintext.opening(account, first) for account in accounts).encode())
    after = 0
    while page := await repository.list_book(db, book, after=after, limit=EXPORTED_AT_ONCE):
        out.write("".join(plaintext.entry(transfer, names) for transfer in page).encode())
        after = page[-1].seq
    out.write(b"\n")
    out.write("".join(plaintext.closing(account, last) for account in accounts).encode())


async def check_balance(tx: Tx, actor: Actor) -> list[BookCheck]:
    """Whether every book balances, recomputed from the transfers."""
    require(actor, policy.CHECK_BALANCE)
    async with tx.read() as db:
        return await steps.check_books(db)


def view_of(row: Account) -> AccountView:
    return AccountView(
        row.id,
        row.book,
        row.owner,
        row.purpose,
        row.subject,
        Money(row.balance_minor),
        Money(row.pending_minor),
        Money(row.balance_minor - row.pending_minor),
    )


def _transfer_view(row: Transfer, account_id: UUID) -> TransferView:
    came_in = row.credit_account == account_id
    return TransferView(
        row.id,
        row.seq,
        row.at,
        Money(row.minor if came_in else -row.minor),
        row.debit_account if came_in else row.credit_account,
        row.why,
        row.code,
        row.hold_id,
        row.reverses,
    )


async def audit(tx: Tx) -> list[str]:
    """Every book that does not balance, as a sentence; for the operator's command on the machine itself."""
    async with tx.read() as db:
        books = await steps.check_books(db)
    return [
        f"the book {book.book} sums to {book.sum.amount} and has {len(book.wrong_accounts)} accounts that disagree"
        for book in books
        if not book.is_balanced
    ]
