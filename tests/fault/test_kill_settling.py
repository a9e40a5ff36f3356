"""A process is really killed between the intent to pay and the bank's receipt: the bank pays once, the books balance.

The bank is another process's business: it listens on the loopback, keeps its own balance, and books an instruction once
by its id, however often it is told. Whoever is started after the kill goes through the same way again.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.kernel.money import Money
from techmarket.ledger import steps as ledger
from techmarket.settlement import service, steps
from techmarket.settlement.lifecycle import PayoutState
from techmarket.settlement.statements import CSV
from tests.identity.make import a_market, an_organisation
from tests.settlement.make import Row, a_csv, a_due, a_message, declared, escrow, from_the_bank, sheet

# Writes the intent down, asks the bank with no transaction open, writes the receipt down; says where it stands.
PAYER = """
import asyncio, json, sys
from uuid import UUID
from techmarket.db.session import Tx, make_engine
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.settlement import service
from techmarket.settlement.lifecycle import PayoutState

async def main(url, person, org, port, waits):
    tx = Tx(make_engine(url, application="payer"))
    actor = Actor(UUID(person), UUID(org), OrgKind.MARKET, True, frozenset({Role.FINANCE}))
    live = (PayoutState.INSTRUCTED, PayoutState.SENT)
    for payout in (await service.list_payouts(tx, actor, state=None, cursor=None, limit=50)).items:
        if payout.state not in live:
            continue
        if payout.state is PayoutState.INSTRUCTED:
            await service.send_payout(tx, actor, payout.id)
        print("intended", flush=True)
        if waits == "before the call":
            await asyncio.sleep(60)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        writer.write(json.dumps({"id": str(payout.id), "minor": payout.amount.minor}).encode() + b"\\n")
        receipt = json.loads(await reader.readline())
        writer.close()
        print("answered", flush=True)
        try:
            await service.settle_payout(tx, actor, payout.id, is_confirmed=True, bank_reference=receipt["reference"])
        except NotInThisState:
            pass
    print("done", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


WAITS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'techmarket-payer' AND wait_event_type = 'Lock'"


@dataclass
class Bank:
    """Somebody else's books, and what it was told, repeats too. It may book and keep its answer to itself."""

    balance: int = 0
    told: list[UUID] = field(default_factory=list)
    booked: dict[UUID, tuple[str, int]] = field(default_factory=dict)
    answers: bool = True
    has_booked: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(await reader.readline())
        payout, minor = UUID(asked["id"]), int(asked["minor"])
        self.told.append(payout)
        if payout not in self.booked:
            self.booked[payout] = (f"D-{len(self.booked)}", minor)
            self.balance -= minor
        self.has_booked.set()
        if self.answers:
            writer.write(json.dumps({"reference": self.booked[payout][0]}).encode() + b"\n")
            await writer.drain()
        else:
            await reader.read()  # until whoever asked is gone
        writer.close()


@dataclass
class Desk:
    url: str
    tx: Tx
    finance: Actor
    bank: Bank

    async def payer(self, waits: str = "") -> asyncio.subprocess.Process:
        told = [self.url, str(self.finance.person), str(self.finance.org), str(self.bank.port), waits]
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", PAYER, *told, stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
        )

    async def state(self, payout: UUID) -> PayoutState:
        async with self.tx.read() as db:
            return (await steps.get_payout(db, payout)).state


async def heard(process: asyncio.subprocess.Process, wanted: bytes) -> None:
    assert process.stdout is not None
    while (line := await asyncio.wait_for(process.stdout.readline(), timeout=60)).strip() != wanted:
        assert line, f"it ended before it was {wanted!r}"


async def killed(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL


async def before_the_call(desk: Desk) -> None:
    """The intent is committed, the bank knows nothing."""
    process = await desk.payer("before the call")
    await heard(process, b"intended")
    await killed(process)
    assert desk.bank.told == []


async def after_the_call(desk: Desk) -> None:
    """The bank has paid, nobody has heard it."""
    desk.bank.answers = False
    process = await desk.payer()
    await asyncio.wait_for(desk.bank.has_booked.wait(), timeout=60)
    await killed(process)
    desk.bank.answers = True


async def inside_the_receipt(desk: Desk) -> None:
    """The bank has paid and has said so; the transaction that writes it down is open and waits for a lock."""
    async with desk.tx.begin() as db:
        bank = await ledger.account(db, purpose=ledger.Purpose.BANK)
        await db.execute(text("SELECT 1 FROM account WHERE id = :id FOR UPDATE"), {"id": bank})
        process = await desk.payer()
        await heard(process, b"answered")
        for _ in range(3_000):
            if (await db.execute(text(WAITS))).scalar_one():
                break
            await asyncio.sleep(0.02)
        await killed(process)


@pytest.mark.parametrize("at", [before_the_call, after_the_call, inside_the_receipt])
async def test_who_pays_again_after_a_kill_between_intent_and_receipt_pays_once_and_the_books_balance(
    tx, keys, database_url, at
):
    finance = (await a_market(tx, keys))["finance"].actor
    await declared(tx, finance)
    payer, payee = [(await an_organisation(tx, keys=keys)).actor for _ in range(2)]
    bank = Bank()
    server = await asyncio.start_server(bank.hear, "127.0.0.1", 0)
    bank.port = server.sockets[0].getsockname()[1]
    desk = Desk(database_url, tx, finance, bank)

    due = await a_due(tx, payer=payer.org, payee=payee.org, minor=60_000_000)
    message = await a_message(tx, due, message_id="C-0")
    bank.balance += message.minor
    await from_the_bank(tx, keys, message)
    await service.release_due(tx, finance, due.id)
    [payout] = (await service.list_payouts(tx, finance, state=None, cursor=None, limit=5)).items

    await at(desk)
    # Killed: what left the books is nothing, the money is still held for the payee, and the intent is on record.
    assert await desk.state(payout.id) is PayoutState.SENT
    assert await escrow(tx, payee.org) == (payout.amount.minor, 0)
    assert sum((await sheet(tx)).values()) == 0

    again = await desk.payer()
    await heard(again, b"done")
    assert await again.wait() == 0
    server.close()
    assert await desk.state(payout.id) is PayoutState.CONFIRMED
    assert list(bank.booked) == [payout.id]
    assert Counter(bank.told)[payout.id] == (1 if at is before_the_call else 2)
    assert await escrow(tx, payee.org) == (0, 0)
    assert -(await sheet(tx))["BANK"] == bank.balance == message.minor - payout.amount.minor
    async with tx.read() as db:
        [left] = (await db.execute(text("SELECT minor FROM transfer WHERE code = 'payout.confirmed'"))).scalars()
    assert left == payout.amount.minor

    # And the bank's own statement of the day says the same to the cent.
    rows: list[Row] = [
        ("CREDIT", "C-0", Money(message.minor).amount, message.payer_account, message.payer_name, message.reference),
        ("DEBIT", bank.booked[payout.id][0], Money(bank.booked[payout.id][1]).amount, "", "", str(payout.id)),
    ]
    assert (await service.upload_statement(tx, finance, a_csv(rows), CSV)).open == 0
    closed = await service.close_day(tx, finance, date(2026, 3, 2))
    assert (closed.statement, closed.bank) == (Money(bank.balance), Money(bank.balance))
    assert (closed.incoming, closed.outgoing) == (Money(0), Money(0))
