"""The end of a day: the books are set against the bank's own statement, and closed when nothing differs."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.ledger import steps as ledger
from techmarket.settlement import errors, policy
from techmarket.settlement.events import DayClosed
from techmarket.settlement.repository import statements as kept
from techmarket.settlement.rules import DayCheck
from techmarket.settlement.service.stating import STATEMENTS
from techmarket.settlement.tables import BankDay, BankStatement
from techmarket.settlement.views import DayView

_OTHERS = (ledger.Purpose.ESCROW, ledger.Purpose.DEPOSITS, ledger.Purpose.SUSPENSE)


async def close_day(tx: Tx, actor: Actor, day: date) -> DayView:
    """Close a day (日终结账): every book sums to nought, the bank has what the books say, and that covers
    all that belongs to others. The last holds while the market's own money, fees less charges, is not below nought.
    """
    require(actor, policy.CLOSE_DAY)
    async with tx.begin() as db:
        await lock_name(db, STATEMENTS)
        if (last := await kept.last_closed_day(db)) is not None and day <= last:
            raise errors.DayClosedAlready(day=day)
        statement = await kept.statement_ending(db, day)
        if statement is None:
            raise errors.NoStatementOfDay(day=day)
        check = await _check(db, statement)
        if check.reasons:
            raise errors.DayDoesNotClose(day=day, reasons=check.reasons)
        closed = BankDay(
            day=day,
            statement_id=statement.id,
            bank_minor=check.bank_minor,
            others_minor=check.others_minor,
            own_minor=check.own_minor,
            incoming_minor=check.incoming_minor,
            outgoing_minor=check.outgoing_minor,
            statement_minor=check.statement_minor,
            closed_by=actor.person,
        )
        db.add(closed)
        journal.record(db, DayClosed(statement.id, day), actor=actor)
        await db.flush()
        await db.refresh(closed)
        return _view(closed)


async def _check(db: AsyncSession, statement: BankStatement) -> DayCheck:
    held = await _held(db)
    # Locked first: nothing is posted to the bank's account between reading it and reading what lies behind it.
    return DayCheck(
        bank_minor=-held.get(ledger.Purpose.BANK, 0),
        incoming_minor=await kept.incoming_after(db, statement.last_day),
        outgoing_minor=await kept.outgoing_after(db, statement.last_day),
        others_minor=sum(held.get(purpose, 0) for purpose in _OTHERS),
        own_minor=sum(minor for purpose, minor in held.items() if purpose not in (*_OTHERS, ledger.Purpose.BANK)),
        statement_minor=statement.closing_minor,
        open_entries=await kept.count_open(db, statement.last_day),
        paid_though_failed=tuple(await kept.paid_though_failed(db, statement.last_day)),
        unbalanced=tuple(book.book for book in await ledger.check_books(db) if not book.is_balanced),
    )


async def _held(db: AsyncSession) -> dict[ledger.Purpose, int]:
    await ledger.lock(db, [await ledger.account(db, purpose=ledger.Purpose.BANK)])
    held: dict[ledger.Purpose, int] = {}
    for account in await ledger.balance_sheet(db):
        held[account.purpose] = held.get(account.purpose, 0) + account.balance.minor
    return held


async def list_days(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[DayView]:
    """The closed days, the newest first."""
    require(actor, policy.SEE_STATEMENTS)
    before = decode_cursor(cursor, date)[0] if cursor is not None else None
    async with tx.read() as db:
        rows = await kept.list_days(db, before=before, limit=limit + 1)
        return page_of(rows, limit, lambda row: (row.day.isoformat(),)).map(_view)


def _view(row: BankDay) -> DayView:
    return DayView(
        row.day,
        row.statement_id,
        Money(row.bank_minor),
        Money(row.incoming_minor),
        Money(row.outgoing_minor),
        Money(row.statement_minor),
        Money(row.others_minor),
        Money(row.own_minor),
        row.closed_at,
    )
