"""Money at random: people, a bank that keeps its own count, and everything that may happen to a payment.

The bank knows nothing of the market. What the market believes to lie there is compared with the bank's own balance.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text

from techmarket.db import keys as market_keys
from techmarket.db.session import Tx, make_engine
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import Refusal
from techmarket.ledger import steps as ledger
from techmarket.settlement import errors, service, steps
from techmarket.settlement.rules import Channel, HoldCause, Purpose
from techmarket.settlement.statements import CSV
from techmarket.settlement.views import MoneyActView, StatementView
from tests.identity.make import a_market, an_organisation
from tests.settlement.make import Row, a_csv, a_due, a_message, declared, from_the_bank

T = TypeVar("T")
FIRST_DAY = date(2020, 1, 1)
CHARGE = 35


@dataclass
class Bank:
    """Somebody else's books: a balance, and the bookings that no statement has shown yet."""

    balance: int = 0
    unstated: list[Row] = field(default_factory=list)
    closing: int = 0
    paid: set[str] = field(default_factory=set)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def credit(self, minor: int, account: str, name: str, ours: str) -> str:
        reference = f"C-{next(self.numbers)}"
        self.balance += minor
        self.unstated.append(("CREDIT", reference, Money(minor).amount, account, name, ours))
        return reference

    def debit(self, minor: int, ours: str) -> str:
        """The bank pays one instruction once, however often it is told."""
        reference = f"D-{next(self.numbers)}"
        if not ours or ours not in self.paid:
            self.paid |= {ours} if ours else set()
            self.balance -= minor
            self.unstated.append(("DEBIT", reference, Money(minor).amount, "", "", ours))
        return reference


class World:
    """One database for all lives, so that each begins where the last ended."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.tx = Tx(make_engine(url, pool_size=5, application="life"))
        self.keys = market_keys.for_tests()
        self.bank, self.day, self.statements = Bank(), FIRST_DAY, 0
        self.entered = self.left = self.charges = 0
        self.told: set[str] = set()
        self.steps = 0
        self.run(self._open())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _open(self) -> None:
        self.first: Actor = (await a_market(self.tx, self.keys))["finance"].actor
        self.second = await declared(self.tx, self.first)
        self.orgs = [(await an_organisation(self.tx)).actor for _ in range(3)]

    def close(self) -> None:
        self.run(self.tx.dispose())
        self.loop.close()

    def ids(self, query: str) -> list[UUID]:
        async def found() -> list[UUID]:
            async with self.tx.read() as db:
                return list((await db.execute(text(query))).scalars())

        return self.run(found())

    def by_two(self, act: Any, *args: Any, **how: Any) -> object:
        """What one person asks for a second does."""
        try:
            done = self.run(act(self.tx, self.first, *args, **how))
            return self.run(act(self.tx, self.second, *args, **how)) if isinstance(done, MoneyActView) else done
        except Refusal as refusal:
            return refusal

    def figures(self) -> dict[str, int]:
        async def read() -> dict[str, int]:
            async with self.tx.read() as db:
                found: dict[str, int] = {}
                for one in await ledger.balance_sheet(db):
                    found[one.purpose.value] = found.get(one.purpose.value, 0) + one.balance.minor
                    if one.purpose.value in ("ESCROW", "DEPOSITS", "SUSPENSE"):
                        assert one.available.minor >= 0, one
                assert all(book.is_balanced for book in await ledger.check_books(db))
                return found

        return self.run(read())


class Life(RuleBasedStateMachine):
    """Anything a payer, a payee, finance or the bank may do, in any order."""

    world: World

    @initialize(minor=st.sampled_from([12_345, 60_000_000]))
    def begin(self, minor: int) -> None:
        """Every life begins with a price that is paid and a deposit that is owed."""
        self.owe(0, minor, Purpose.PRICE)
        self.pay(0, 0, "", 1)
        self.owe(1, minor, Purpose.DEPOSIT)

    def _one(self, query: str, n: int) -> UUID | None:
        found = self.world.ids(query)
        return found[n % len(found)] if found else None

    @rule(
        n=st.integers(0, 2),
        minor=st.sampled_from([1, 99, 12_345, 60_000_000, 100_000_001]),
        purpose=st.sampled_from([Purpose.DEPOSIT, Purpose.PRICE, Purpose.ROYALTY]),
    )
    def owe(self, n: int, minor: int, purpose: Purpose) -> None:
        orgs = self.world.orgs
        payee = None if purpose is Purpose.DEPOSIT else orgs[(n + 1) % 3].org
        self.world.run(a_due(self.world.tx, payer=orgs[n].org, payee=payee, minor=minor, purpose=purpose))

    @rule(
        n=st.integers(0, 99),
        off=st.sampled_from([0, 0, 0, -1, 1, 5_000]),
        wrong=st.sampled_from(["", "", "", "name", "reference"]),
        times=st.sampled_from([0, 1, 1, 2]),
    )
    def pay(self, n: int, off: int, wrong: str, times: int) -> None:
        """Exactly, short, over, in a wrong name, without reference; told by no message, by one, by the same twice."""
        due_id = self._one("SELECT id FROM due WHERE state = 'OPEN' ORDER BY id", n)
        if due_id is None:
            return
        world = self.world

        async def message() -> Any:
            async with world.tx.read() as db:
                due = await steps.get_due(db, due_id)
            minor = max(1, due.outstanding_minor + off)
            changes = {"name": {"payer_name": "Somebody"}, "reference": {"reference": "thanks"}}.get(wrong, {})
            return await a_message(world.tx, due, minor=minor, **changes)

        told = world.run(message())
        reference = world.bank.credit(told.minor, told.payer_account, told.payer_name, told.reference)
        for nth in range(times):
            world.run(from_the_bank(world.tx, world.keys, replace(told, message_id=reference)))
            world.entered += told.minor if nth == 0 else 0
        if times:
            world.told.add(reference)

    @rule(n=st.integers(0, 99), m=st.integers(0, 99))
    def assign(self, n: int, m: int) -> None:
        line = self._one("SELECT id FROM bank_line WHERE state = 'UNMATCHED' ORDER BY id", n)
        due = self._one("SELECT id FROM due WHERE state = 'OPEN' ORDER BY id", m)
        if line and due:
            self.world.by_two(service.assign_line, line, due_id=due)

    @rule(n=st.integers(0, 99))
    def give_back(self, n: int) -> None:
        line = self._one("SELECT id FROM bank_line WHERE state = 'UNMATCHED' ORDER BY id", n)
        if line:
            self.world.run(service.return_line(self.world.tx, self.world.first, line))

    @rule(n=st.integers(0, 99))
    def release(self, n: int) -> None:
        due = self._one("SELECT id FROM due WHERE state = 'PAID' AND released_at IS NULL ORDER BY id", n)
        if due:
            self.world.by_two(service.release_due, due)

    @rule(n=st.integers(0, 99))
    def refund(self, n: int) -> None:
        due = self._one("SELECT id FROM due WHERE state = 'PAID' AND payee_org IS NOT NULL ORDER BY id", n)
        if due:
            self.world.by_two(service.refund_due, due, reasons="Sample")

    @rule(n=st.integers(0, 99))
    def correct(self, n: int) -> None:
        """A royalty that was reported wrongly: its due is dropped and another raised."""
        due_id = self._one("SELECT id FROM due WHERE state = 'OPEN' AND purpose = 'ROYALTY' ORDER BY id", n)
        if due_id is None:
            return

        async def again() -> None:
            async with self.world.tx.begin() as db:
                due = await steps.get_due(db, due_id)
                await steps.cancel_due(db, due_id, None)
                await steps.raise_due(
                    db,
                    payer=due.payer_org,
                    payee=due.payee_org,
                    minor=due.minor + 7,
                    due_on=due.due_on,
                    subject=due.subject,
                    purpose=due.purpose,
                    actor=None,
                )

        self.world.run(again())

    @rule(n=st.integers(0, 2), m=st.integers(0, 99), forfeits=st.booleans())
    def use_deposit(self, n: int, m: int, forfeits: bool) -> None:
        """What lies free in a payer's escrow pays a price of his, or is forfeited to another and paid out."""
        payer, other = self.world.orgs[n].org, self.world.orgs[(n + 1) % 3].org
        mine = f"payer_org = '{payer}' AND payee_org IS NOT NULL"
        due_id = self._one(f"SELECT id FROM due WHERE state = 'OPEN' AND {mine} ORDER BY id", m)

        async def move() -> None:
            async with self.world.tx.begin() as db:
                escrow = await steps.escrow_of(db, payer)
                free = await ledger.available(db, escrow)
                if free == 0:
                    return
                if forfeits:
                    why = Ref("sample", new_id())
                    target = await steps.escrow_of(db, other)
                    await ledger.post(db, debit=escrow, credit=target, minor=free, why=why, code="deposit.forfeited")
                    await steps.instruct_payout(db, org=other, minor=free, channel=Channel.ESCROW, why=why, actor=None)
                elif due_id is not None:
                    due = await steps.get_due(db, due_id)
                    await steps.pay_from_escrow(db, due_id, minor=min(free, due.outstanding_minor), actor=None)

        self.world.run(move())

    @rule(n=st.integers(0, 99), lifts=st.booleans())
    def hold(self, n: int, lifts: bool) -> None:
        due_id = self._one("SELECT id FROM due WHERE state = 'PAID' ORDER BY id", n)
        if due_id is None:
            return

        async def held() -> None:
            async with self.world.tx.begin() as db:
                due = await steps.get_due(db, due_id)
                act = steps.lift_release if lifts else steps.hold_release
                await act(db, due.subject, cause=HoldCause.DISPUTE, actor=None)

        self.world.run(held())

    @rule(n=st.integers(0, 99), how=st.sampled_from(["confirm", "confirm", "fail", "die", "die after telling twice"]))
    def bank_answers(self, n: int, how: str) -> None:
        """The bank pays or cannot; or it pays and whoever waited for the answer was killed."""
        payout = self._one("SELECT id FROM payout WHERE state IN ('INSTRUCTED', 'SENT') ORDER BY id", n)
        if payout is None:
            return
        world = self.world
        try:
            world.run(service.send_payout(world.tx, world.first, payout))
        except errors.ReleaseOnHold:
            return
        except NotInThisState:
            pass  # it was told before, by somebody who did not live to hear the answer
        minor = world.run(self._minor(payout))
        if how == "fail" and str(payout) not in world.bank.paid:
            world.by_two(service.settle_payout, payout, is_confirmed=False, bank_reference="F")
            return
        reference = world.bank.debit(minor, str(payout))
        if how == "die after telling twice":
            world.bank.debit(minor, str(payout))
        if how in ("confirm", "fail"):
            world.by_two(service.settle_payout, payout, is_confirmed=True, bank_reference=reference)
            world.left += minor

    async def _minor(self, payout: UUID) -> int:
        async with self.world.tx.read() as db:
            return (await steps.get_payout(db, payout)).minor

    @precondition(lambda self: self.world.bank.unstated)
    @rule(charges=st.booleans())
    def end_of_day(self, charges: bool) -> None:
        """The bank's statement of the day: what nobody told of is entered, what left is confirmed, the day closes."""
        self.world.day += timedelta(days=1)
        if charges and self.world.figures().get("FEES", 0) + self.world.figures().get("EXPENSE", 0) >= CHARGE:
            self.world.bank.debit(CHARGE, "")
        state_and_close(self.world)

    @invariant()
    def nothing_is_created_or_lost(self) -> None:
        world, found = self.world, self.world.figures()
        world.steps += 1
        assert -found.get("BANK", 0) == world.entered - world.left - world.charges
        assert sum(found.values()) == 0


def state_and_close(world: World) -> None:
    """Upload what the bank has booked, explain its charges, close the day: the bank's balance is the market's."""
    rows, world.bank.unstated = world.bank.unstated, []
    world.statements += 1
    opening, world.bank.closing = world.bank.closing, world.bank.balance
    raw = a_csv(rows, number=f"ST-{world.statements}", day=world.day.isoformat(), opening=Money(opening).amount)
    view = world.by_two(service.upload_statement, raw, CSV)
    assert isinstance(view, StatementView)
    for n, (kind, *_, ours) in enumerate(rows, start=1):
        if kind == "DEBIT" and not ours:
            world.run(service.explain_as_charge(world.tx, world.first, view.id, n))
            world.charges += CHARGE
    untold = [row for row in rows if row[0] == "CREDIT" and row[1] not in world.told]
    credits = sum(Money.parse(row[2]).minor for row in untold)
    debits = {row[5]: row for row in rows if row[0] == "DEBIT" and row[5]}
    world.entered += credits
    world.told |= {row[1] for row in rows}
    confirmed = set(world.ids("SELECT id FROM payout WHERE state = 'CONFIRMED'"))
    assert {UUID(one) for one in debits} <= confirmed
    world.left = world.run(_left(world))
    closed = world.run(service.close_day(world.tx, world.first, world.day))
    assert closed.statement == closed.bank == Money(world.bank.balance)
    assert (closed.incoming.minor, closed.outgoing.minor) == (0, 0)


async def _left(world: World) -> int:
    """What the bank itself paid out on instructions: by its own list, not by the market's."""
    async with world.tx.read() as db:
        query = text("SELECT coalesce(sum(minor), 0) FROM payout WHERE id = ANY(:ids)")
        return int((await db.execute(query, {"ids": [UUID(one) for one in world.bank.paid]})).scalar_one())
