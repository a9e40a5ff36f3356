"""The bank's door, and the desk where a person looks at money that matched nothing."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.ledger import steps as ledger
from techmarket.settlement import errors, policy, repository, rules, steps
from techmarket.settlement.events import (
    BankLineAssigned,
)
from techmarket.settlement.lifecycle import BANK_LINE, DUE, LineState
from techmarket.settlement.rules import Act
from techmarket.settlement.service.acting import ask_second
from techmarket.settlement.service.entering import count_towards, enter, give_back, new_line, suspense_of, tolerance
from techmarket.settlement.service.showing import line_view
from techmarket.settlement.views import BankLineView, MoneyActView


async def receive_bank_message(tx: Tx, keys: Keys, raw: bytes, signature: str, timestamp: str) -> BankLineView:
    """Money has arrived at the bank. The same message has one effect and one answer, however often it comes.

    The signature's age is judged by real time: the market clock of a sandbox never revives an old message.
    """
    rules.require_genuine(keys.bank_secret, raw, signature=signature, timestamp=timestamp, real_now=datetime.now(UTC))
    message = rules.read_message(raw)
    digest = hashlib.sha256(raw).digest()
    async with tx.begin() as db:
        line = await new_line(db, message, digest)
        if line is None:
            known = await repository.line_by_message(db, message.message_id)
            if known.body_sha256 != digest and not rules.is_same_money(known, message):
                raise errors.MessageDiffers(message_id=message.message_id)
            return line_view(known)
        tolerated = await tolerance(db)
        due = await repository.lock_due_by_reference(db, rules.reference_in(message.reference, tolerated))
        await enter(db, line, message, due, None, tolerated=tolerated)
        return line_view(line)


async def assign_line(tx: Tx, actor: Actor, line_id: UUID, *, due_id: UUID) -> BankLineView | MoneyActView:
    """A person says which due unmatched money is for: too little counts as a part, what is over stays the payer's.

    Above the market's limit two people have to say the same.
    """
    require(actor, policy.ASSIGN_LINE)
    async with tx.begin() as db:
        line = await repository.lock_line(db, line_id)
        state = BANK_LINE.move(line.state, "assign")
        due = await repository.lock_due(db, due_id)
        DUE.move(due.state, "pay")
        waiting = await ask_second(
            db, actor, Act.ASSIGN_LINE, Ref("bank_line", line.id), minor=line.minor, content={"due_id": str(due.id)}
        )
        if waiting is not None:
            return waiting
        line.state, line.due_id = state, due.id
        suspense, escrow = await suspense_of(db, line), await steps.escrow_of(db, due.payer_org)
        accounts = {suspense, escrow, *([await steps.due_escrow(db, due)] if due.payee_org is not None else [])}
        await ledger.lock(db, accounts)
        await ledger.post(
            db, debit=suspense, credit=escrow, minor=line.minor, why=Ref("bank_line", line.id), code="bank.assigned"
        )
        await count_towards(db, line, due, actor)
        journal.record(db, BankLineAssigned(line.id, due.id), actor=actor)
        return line_view(line)


async def return_line(tx: Tx, actor: Actor, line_id: UUID) -> BankLineView:
    """Money that is for no due goes back to the account it came from, by a payout the bank has to confirm."""
    require(actor, policy.RETURN_LINE)
    async with tx.begin() as db:
        line = await repository.lock_line(db, line_id)
        await give_back(db, line, actor)
        return line_view(line)


async def list_lines(
    tx: Tx, actor: Actor, *, state: LineState | None, cursor: str | None, limit: int
) -> Page[BankLineView]:
    """What the bank has told, oldest first; the unmatched ones wait for a person."""
    require(actor, policy.SEE_BANK_LINES)
    async with tx.read() as db:
        rows = await repository.list_lines(db, state=state, after=last_id(cursor), limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row.id),)).map(line_view)
