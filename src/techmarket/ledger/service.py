"""What people do with the ledger: they look. Money moves only by acts of other rooms."""

from __future__ import annotations

from uuid import UUID

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, decode_cursor, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.ledger import policy, repository, steps
from techmarket.ledger.rules import Purpose
from techmarket.ledger.tables import Account, Transfer
from techmarket.ledger.views import AccountView, BookCheck, TransferView


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
