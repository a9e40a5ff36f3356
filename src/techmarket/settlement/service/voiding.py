"""A wrong statement is taken back by two people, by entries that mirror its own; then the right one is uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.ledger import steps as ledger
from techmarket.settlement import errors, policy, repository
from techmarket.settlement.events import StatementVoided
from techmarket.settlement.lifecycle import BANK_LINE, EntryState, LineState
from techmarket.settlement.repository import statements as kept
from techmarket.settlement.rules import Act, Finding
from techmarket.settlement.service.acting import ask_second
from techmarket.settlement.service.entering import suspense_of
from techmarket.settlement.service.stating import STATEMENTS, statement_view
from techmarket.settlement.tables import BankLine, BankStatement, StatementEntry
from techmarket.settlement.views import MoneyActView, StatementView


async def void_statement(tx: Tx, actor: Actor, statement_id: UUID, *, reasons: str) -> StatementView | MoneyActView:
    """Two of finance void the last statement, while no day was closed by it and none of its money has gone on.

    Money it entered leaves the books again, charges it explained are given back, and what a message of the bank had
    told stays. Everything is reversed, nothing deleted.
    """
    require(actor, policy.VOID_STATEMENT)
    async with tx.begin() as db:
        await lock_name(db, STATEMENTS)
        statement = await kept.get_statement(db, statement_id)
        last = await kept.last_statement(db)
        if last is None or last.id != statement.id or await kept.is_closed_by(db, statement.id):
            raise errors.NotTheLastStatement()
        entries = await kept.lock_entries(db, statement.id)
        lines = {
            entry.n: await repository.lock_line(db, entry.bank_line_id)
            for entry in entries
            if entry.finding is Finding.TAKEN and entry.bank_line_id is not None
        }
        _require_unused(entries, lines)
        waiting = await ask_second(
            db,
            actor,
            Act.VOID_STATEMENT,
            Ref("bank_statement", statement.id),
            minor=sum(entry.minor for entry in entries),
            content={"reasons": reasons},
        )
        if waiting is not None:
            return waiting
        await _reverse(db, statement, entries, lines)
        statement.voided_at, statement.voided_why = await clock.market_now(db), reasons
        journal.record(db, StatementVoided(statement.id), actor=actor)
        await db.flush()
        return await statement_view(db, statement)


def _require_unused(entries: Sequence[StatementEntry], lines: dict[int, BankLine]) -> None:
    """Rooms further on have acted on a due that was paid and on a payout that left: that is not undone by mirror."""
    used = [
        entry.n
        for entry in entries
        if entry.finding in (Finding.PAYOUT, Finding.RETURNED)
        or (entry.n in lines and not BANK_LINE.can(lines[entry.n].state, "void"))
    ]
    if used:
        raise errors.StatementUsed(entries=used)


async def _reverse(
    db: AsyncSession, statement: BankStatement, entries: Sequence[StatementEntry], lines: dict[int, BankLine]
) -> None:
    bank = await ledger.account(db, purpose=ledger.Purpose.BANK)
    expense = await ledger.account(db, purpose=ledger.Purpose.EXPENSE)
    await ledger.lock(db, [bank, expense])
    why = Ref("bank_statement", statement.id)
    for entry in entries:
        if entry.n in lines:
            line = lines[entry.n]
            suspense = await suspense_of(db, line)
            await ledger.post(db, debit=suspense, credit=bank, minor=line.minor, why=why, code="bank.voided")
            line.state = BANK_LINE.move(line.state, "void")
            assert line.state is LineState.VOIDED
        elif entry.state is EntryState.EXPLAINED:
            await ledger.post(db, debit=bank, credit=expense, minor=entry.minor, why=why, code="bank.charge_voided")
        entry.is_void = True
