"""A bank statement enters what nobody told of, confirms what left, and closes the day when nothing differs."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from techmarket.db import journal
from techmarket.kernel.events import Event
from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import Refusal
from techmarket.ledger import steps as ledger
from techmarket.settlement import errors, rules, service, steps
from techmarket.settlement.events import DayClosed, DuePaid, StatementUploaded
from techmarket.settlement.lifecycle import DueState, EntryState, LineState, PayoutState
from techmarket.settlement.rules import Channel, Finding, Outcome
from techmarket.settlement.statements import CSV, XML
from tests.identity.make import a_market, an_organisation
from tests.settlement.make import Row, a_camt, a_csv, a_due, a_message, a_paid_due, declared, from_the_bank, sheet

DAY = date(2026, 3, 2)


@pytest.fixture
async def finance(tx, keys):
    person = (await a_market(tx, keys))["finance"].actor
    await declared(tx, person)
    return person


@pytest.fixture
async def payer(tx, keys):
    return (await an_organisation(tx, keys=keys)).actor


async def uploaded(tx, actor, rows: list[Row], **how):
    return await service.upload_statement(tx, actor, a_csv(rows, **how), CSV)


async def counted(tx) -> tuple[int, int, int, int]:
    """(statements, entries, bank lines, transfers): what a refused upload must not change."""
    async with tx.read() as db:
        return tuple(
            [
                (await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
                for table in ("bank_statement", "statement_entry", "bank_line", "transfer")
            ]
        )


async def a_row(tx, due, reference: str = "B-1", amount: str | None = None) -> Row:
    message = await a_message(tx, due)
    amount = amount or Money(due.minor).amount
    return ("CREDIT", reference, amount, message.payer_account, message.payer_name, due.reference)


async def a_payout(tx, org, minor: int = 4_000_000):
    async with tx.begin() as db:
        payout_id = await steps.instruct_payout(
            db, org=org, minor=minor, channel=Channel.ESCROW, why=Ref("sample", org), actor=None
        )
        return await steps.get_payout(db, payout_id)


async def earned(tx, minor: int) -> None:
    """So much of what waits apart became the market's own."""
    async with tx.begin() as db:
        fees = await ledger.account(db, purpose=ledger.Purpose.FEES)
        waiting = (await db.execute(text("SELECT id FROM account WHERE purpose = 'SUSPENSE' LIMIT 1"))).scalar_one()
        await ledger.post(db, debit=waiting, credit=fees, minor=minor, why=Ref("sample", fees), code="fee.taken")


async def told(tx, event: type[Event]) -> list[Event]:
    async with tx.begin() as db:
        await journal.sequence(db)
        return [journal.load(entry, event) for entry in await journal.read(db, kinds=[event.kind])]


@pytest.mark.parametrize("media", [CSV, XML])
async def test_money_that_no_message_told_of_pays_its_due(tx, finance, payer, media):
    due = await a_due(tx, payer=payer.org)
    make = a_csv if media == CSV else a_camt
    view = await service.upload_statement(tx, finance, make([await a_row(tx, due)]), media)
    assert (view.entries, view.taken, view.known, view.payouts, view.unexplained, view.open) == (1, 1, 0, 0, 0, 0)
    async with tx.read() as db:
        assert (await steps.get_due(db, due.id)).state is DueState.PAID
    assert [event.due_id for event in await told(tx, DuePaid)] == [due.id]
    assert await told(tx, StatementUploaded) == [StatementUploaded(view.id, 1)]
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}


async def test_money_that_a_message_told_of_is_known_again_and_not_counted_twice(tx, keys, finance, payer):
    due = await a_due(tx, payer=payer.org)
    message = await a_message(tx, due, message_id="B-1")
    await from_the_bank(tx, keys, message)
    view = await uploaded(tx, finance, [await a_row(tx, due)])
    assert (view.taken, view.known) == (0, 1)
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}


async def test_a_message_that_comes_after_the_statement_changes_nothing(tx, keys, finance, payer):
    due = await a_due(tx, payer=payer.org)
    await uploaded(tx, finance, [await a_row(tx, due)])
    line = await from_the_bank(tx, keys, await a_message(tx, due, message_id="B-1"))
    assert line.outcome is Outcome.MATCHED
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}
    for changed in ({"minor": 1}, {"reference": "D2026999999"}, {"booked_at": datetime(2026, 3, 3, 9, tzinfo=UTC)}):
        with pytest.raises(errors.MessageDiffers):
            await from_the_bank(tx, keys, await a_message(tx, due, message_id="B-1", **changed))


async def test_money_without_a_due_waits_for_a_person(tx, finance, payer):
    due = await a_due(tx, payer=payer.org)
    rows = [await a_row(tx, due, "B-1", "149999.99"), ("CREDIT", "B-2", "3.00", "", "", "")]
    assert (await uploaded(tx, finance, rows)).taken == 2
    waiting = (await service.list_lines(tx, finance, state=LineState.UNMATCHED, cursor=None, limit=10)).items
    assert [(line.message_id, line.outcome) for line in waiting] == [
        ("B-1", Outcome.SHORT),
        ("B-2", Outcome.UNKNOWN_REFERENCE),
    ]
    assert await sheet(tx) == {"BANK": -15_000_299, "SUSPENSE": 15_000_299}


@pytest.mark.parametrize("told_by", ["id", "hex", "bank_reference"])
async def test_a_payout_on_the_statement_has_left(tx, keys, finance, payer, told_by):
    await a_paid_due(tx, keys, payer=payer.org)
    payout = await a_payout(tx, payer.org)
    if told_by == "bank_reference":
        await service.settle_payout(tx, finance, payout.id, is_confirmed=True, bank_reference="B-9")
    ours = {"id": str(payout.id), "hex": payout.id.hex, "bank_reference": ""}[told_by]
    rows: list[Row] = [("CREDIT", "B-0", "150000.00", "", "", ""), ("DEBIT", "B-9", "40000.00", "", "", ours)]
    view = await uploaded(tx, finance, rows)
    assert (view.payouts, view.open) == (1, 0)
    async with tx.read() as db:
        assert (await steps.get_payout(db, payout.id)).state is PayoutState.CONFIRMED


async def test_a_payout_stands_on_one_statement_only_once(tx, keys, finance, payer):
    await a_paid_due(tx, keys, payer=payer.org)
    payout = await a_payout(tx, payer.org)
    rows: list[Row] = [
        ("CREDIT", "B-0", "150000.00", "", "", ""),
        ("DEBIT", "B-1", "40000.00", "", "", payout.id.hex),
        ("DEBIT", "B-2", "40000.00", "", "", payout.id.hex),
    ]
    view = await uploaded(tx, finance, rows)
    assert (view.payouts, view.unexplained, view.open) == (1, 1, 1)


async def test_a_charge_of_the_bank_is_the_markets_own_expense(tx, finance):
    rows: list[Row] = [("CREDIT", "B-1", "10.00", "", "", ""), ("DEBIT", "B-2", "0.50", "", "", "")]
    view = await uploaded(tx, finance, rows)
    with pytest.raises(errors.ChargeNotCovered):
        await service.explain_as_charge(tx, finance, view.id, 2)
    await earned(tx, 49)
    with pytest.raises(errors.ChargeNotCovered) as refused:
        await service.explain_as_charge(tx, finance, view.id, 2)
    assert refused.value.facts == {"own": Money(49), "charge": Money(50)}
    await earned(tx, 11)
    assert (view.unexplained, view.open) == (1, 1)
    with pytest.raises(errors.DayDoesNotClose) as refused:
        await service.close_day(tx, finance, DAY)
    assert refused.value.facts["reasons"] == ["unexplained entries 1", "difference -0.50"]
    entry = await service.explain_as_charge(tx, finance, view.id, 2)
    assert (entry.finding, entry.state) == (Finding.UNEXPLAINED, "EXPLAINED")
    assert await sheet(tx) == {"BANK": -950, "SUSPENSE": 940, "FEES": 60, "EXPENSE": -50}
    for n in (1, 2):
        with pytest.raises(errors.NothingToExplain):
            await service.explain_as_charge(tx, finance, view.id, n)
    assert (await service.close_day(tx, finance, DAY)).own == Money(10)


async def test_the_same_file_again_gives_the_first_answer(tx, finance, payer):
    due = await a_due(tx, payer=payer.org)
    raw = a_csv([await a_row(tx, due)])
    first = await service.upload_statement(tx, finance, raw, CSV)
    before = await counted(tx)
    assert await service.upload_statement(tx, finance, raw, CSV) == first
    assert await counted(tx) == before
    with pytest.raises(errors.StatementDiffers):
        await service.upload_statement(tx, finance, a_csv([]), CSV)


async def test_two_who_upload_one_statement_at_once_enter_it_once(tx, finance, payer):
    due = await a_due(tx, payer=payer.org)
    raw = a_csv([await a_row(tx, due)])
    views = await asyncio.gather(*(service.upload_statement(tx, finance, raw, CSV) for _ in range(4)))
    assert len({view.id for view in views}) == 1
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}


async def test_a_statement_and_the_messages_it_tells_again_race_without_a_loss_or_a_deadlock(tx, keys, finance, payer):
    dues = [await a_due(tx, payer=payer.org, minor=1_000 + n) for n in range(12)]
    rows = [await a_row(tx, due, f"B-{n}") for n, due in enumerate(dues)]
    messages = [await a_message(tx, due, message_id=f"B-{n}") for n, due in enumerate(dues)]
    await asyncio.gather(
        uploaded(tx, finance, rows), *(from_the_bank(tx, keys, message) for message in reversed(messages))
    )
    total = sum(due.minor for due in dues)
    assert await sheet(tx) == {"BANK": -total, "ESCROW": total}
    assert (await service.close_day(tx, finance, DAY)).bank == Money(total)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"number": "ST-2", "day": "2026-03-04", "opening": "9.00"}, errors.StatementGap),
        ({"number": "ST-2", "day": "2026-03-02", "opening": "10.00"}, errors.StatementGap),
        ({"number": "ST-2", "day": "2026-03-03", "opening": "10.00", "account": "1"}, errors.AccountUnknown),
    ],
)
async def test_a_statement_follows_the_one_before(tx, finance, wrong, refusal):
    await uploaded(tx, finance, [("CREDIT", "B-1", "10.00", "", "", "")])
    before = await counted(tx)
    with pytest.raises(refusal):
        await uploaded(tx, finance, [("CREDIT", "B-2", "1.00", "", "", "")], **wrong)
    assert await counted(tx) == before


async def test_the_first_statement_opens_with_an_empty_account(tx, finance):
    with pytest.raises(errors.FirstStatementNotEmpty):
        await uploaded(tx, finance, [], opening="1.00")


async def test_a_booking_stands_on_one_statement(tx, finance):
    await uploaded(tx, finance, [("DEBIT", "B-1", "10.00", "", "", ""), ("CREDIT", "B-2", "10.00", "", "", "")])
    before = await counted(tx)
    for row in (("DEBIT", "B-1", "10.00", "", "", ""), ("CREDIT", "B-2", "10.00", "", "", "")):
        with pytest.raises(errors.EntryStatedBefore) as refused:
            await uploaded(tx, finance, [row], number="ST-2", day="2026-03-03")
        assert refused.value.facts == {"n": 1, "bank_reference": row[1]}
    assert await counted(tx) == before


async def test_a_statement_that_contradicts_the_records_changes_nothing(tx, keys, finance, payer):
    due = await a_paid_due(tx, keys, payer=payer.org)
    await from_the_bank(tx, keys, await a_message(tx, due, message_id="B-1", reference="", minor=700))
    payout = await a_payout(tx, payer.org)
    before = await counted(tx)
    new: Row = ("CREDIT", "B-0", "150000.00", "", "", "")
    for row in (("CREDIT", "B-1", "7.01", "", "", ""), ("DEBIT", "B-2", "39999.99", "", "", payout.id.hex)):
        with pytest.raises(errors.StatementContradicts) as refused:
            await uploaded(tx, finance, [new, row])
        assert refused.value.facts["n"] == 2
    assert await counted(tx) == before


async def test_a_payout_that_failed_and_shows_as_debit_and_credit_moved_nothing(tx, keys, finance, payer):
    """The payee's bank sent it back on another day than it left: between the two it is missing at the bank."""
    await a_paid_due(tx, keys, payer=payer.org)
    payout = await a_payout(tx, payer.org)
    await service.settle_payout(tx, finance, payout.id, is_confirmed=False, bank_reference="")
    out: list[Row] = [("CREDIT", "B-0", "150000.00", "", "", ""), ("DEBIT", "B-1", "40000.00", "", "", payout.id.hex)]
    async with tx.begin() as db:  # the statement tells of the money the message told of
        await db.execute(text("UPDATE bank_line SET message_id = 'B-0'"))
    first = await uploaded(tx, finance, out)
    assert first.open == 1
    with pytest.raises(errors.DayDoesNotClose) as refused:
        await service.close_day(tx, finance, DAY)
    assert refused.value.facts["reasons"] == [
        "unexplained entries 1",
        "paid though entered as failed B-1",
        "difference -40000.00",
    ]
    with pytest.raises(errors.ReasonGone):  # the payee has that money, as far as anybody knows
        await service.renew_payout(tx, finance, payout.id)
    back: Row = ("CREDIT", "B-2", "40000.00", "", "", payout.id.hex)
    second = await uploaded(tx, finance, [back], number="ST-2", day="2026-03-03", opening="110000.00")
    assert (second.taken, second.open) == (0, 0)
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}
    [entry] = (await service.list_entries(tx, finance, first.id, state=None, cursor=None, limit=9)).items[1:]
    assert (entry.finding, entry.state) == (Finding.RETURNED, EntryState.KNOWN)
    assert (await service.close_day(tx, finance, DAY)).incoming == Money(4_000_000)
    assert (await service.close_day(tx, finance, date(2026, 3, 3))).incoming == Money(0)
    again: list[Row] = [("CREDIT", "B-3", "40000.00", "", "", payout.id.hex)]
    third = await uploaded(tx, finance, again, number="ST-3", day="2026-03-04", opening="150000.00")
    assert (third.taken, third.open) == (1, 0)  # it comes back once; more is money that waits for a person


async def test_a_payout_entered_as_failed_and_paid_anew_shows_as_paid_twice(tx, keys, finance, payer):
    due = await a_paid_due(tx, keys, payer=payer.org)
    async with tx.begin() as db:
        await db.execute(text("UPDATE bank_line SET message_id = 'B-0'"))
    first = await a_payout(tx, payer.org)
    await service.send_payout(tx, finance, first.id)
    await service.settle_payout(tx, finance, first.id, is_confirmed=False, bank_reference="")
    second = await service.renew_payout(tx, finance, first.id)
    rows: list[Row] = [
        ("CREDIT", "B-0", "150000.00", "", "", due.reference),
        ("DEBIT", "B-1", "40000.00", "", "", first.id.hex),
        ("DEBIT", "B-2", "40000.00", "", "", second.id.hex),
    ]
    view = await uploaded(tx, finance, rows)
    assert (view.payouts, view.open) == (1, 1)
    with pytest.raises(errors.DayDoesNotClose) as refused:
        await service.close_day(tx, finance, DAY)
    assert "paid though entered as failed B-1" in refused.value.facts["reasons"]
    with pytest.raises(errors.ChargeNotCovered):  # nobody else's money makes the mistake good
        await service.explain_as_charge(tx, finance, view.id, 2)


async def test_a_payout_that_left_and_came_back_is_paid_anew(tx, keys, finance, payer):
    await a_paid_due(tx, keys, payer=payer.org)
    payout = await a_payout(tx, payer.org)
    async with tx.begin() as db:
        await db.execute(text("UPDATE bank_line SET message_id = 'B-0'"))
    rows: list[Row] = [
        ("CREDIT", "B-0", "150000.00", "", "", ""),
        ("DEBIT", "B-1", "40000.00", "", "", payout.id.hex),
    ]
    await uploaded(tx, finance, rows)
    back: Row = ("CREDIT", "B-2", "40000.00", "", "", payout.id.hex)
    await uploaded(tx, finance, [back], number="ST-2", day="2026-03-03", opening="110000.00")
    async with tx.read() as db:
        assert (await steps.get_payout(db, payout.id)).state is PayoutState.FAILED
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}
    for day in (DAY, date(2026, 3, 3)):
        assert (await service.close_day(tx, finance, day)).own == Money(0)
    fresh = await service.renew_payout(tx, finance, payout.id)
    assert (fresh.state, fresh.amount) == (PayoutState.INSTRUCTED, Money(4_000_000))


async def test_money_that_came_back_is_booked_whichever_way_the_file_is_ordered(tx, keys, finance, payer):
    await a_paid_due(tx, keys, payer=payer.org)
    payout = await a_payout(tx, payer.org)
    async with tx.begin() as db:
        await db.execute(text("UPDATE bank_line SET message_id = 'B-0'"))
    rows: list[Row] = [
        ("CREDIT", "B-0", "150000.00", "", "", ""),
        ("CREDIT", "B-2", "40000.00", "", "", payout.id.hex),
        ("DEBIT", "B-1", "40000.00", "", "", payout.id.hex),
    ]
    assert (await uploaded(tx, finance, rows)).open == 0
    async with tx.read() as db:
        assert (await steps.get_payout(db, payout.id)).state is PayoutState.FAILED
    assert (await service.close_day(tx, finance, DAY)).incoming == Money(0)


async def test_a_reference_that_was_typed_twice_names_the_payout_of_that_amount(tx, keys, finance, payer):
    await a_paid_due(tx, keys, payer=payer.org)
    other = (await an_organisation(tx)).actor
    await a_paid_due(tx, keys, payer=other.org)
    first, second = await a_payout(tx, payer.org, 100), await a_payout(tx, other.org, 200)
    for payout in (first, second):
        await service.settle_payout(tx, finance, payout.id, is_confirmed=True, bank_reference="B-9")
    rows: list[Row] = [("CREDIT", "B-0", "10.00", "", "", ""), ("DEBIT", "B-9", "2.00", "", "", "")]
    view = await uploaded(tx, finance, rows)
    assert (view.payouts, view.open) == (1, 0)


async def test_a_statement_of_days_that_have_not_been_is_refused(tx, finance):
    before = await counted(tx)
    with pytest.raises(errors.StatementFromTheFuture):
        await uploaded(tx, finance, [], day="2199-12-31")
    assert await counted(tx) == before


async def test_a_statement_beside_another_act_on_two_accounts_never_deadlocks(tx, keys, finance):
    """The file names the accounts in the one order, the other act locks them in the other."""
    payers = [(await an_organisation(tx, keys=keys)).actor for _ in range(2)]
    dues = [await a_due(tx, payer=one.org, minor=100) for one in payers]
    async with tx.begin() as db:
        escrows = [await steps.escrow_of(db, one.org) for one in payers]
        bank = await ledger.account(db, purpose=ledger.Purpose.BANK)
    order = sorted(range(2), key=lambda n: escrows[n], reverse=True)
    rows = [await a_row(tx, dues[n], f"B-{n}") for n in order]

    async def another() -> None:
        for _ in range(5):
            async with tx.begin() as db:
                await ledger.lock(db, [*escrows, bank])
                await asyncio.sleep(0.01)

    await asyncio.gather(another(), uploaded(tx, finance, rows), another())
    assert await sheet(tx) == {"BANK": -200, "ESCROW": 200}


# --- the end of a day -------------------------------------------------------------------------------------------------


async def test_a_day_closes_when_escrow_and_own_money_are_what_the_bank_says(tx, keys, finance, payer):
    due = await a_due(tx, payer=payer.org)
    await uploaded(tx, finance, [await a_row(tx, due)])
    closed = await service.close_day(tx, finance, DAY)
    assert (closed.bank, closed.others, closed.own) == (Money(15_000_000), Money(15_000_000), Money(0))
    assert (closed.incoming, closed.outgoing, closed.statement) == (Money(0), Money(0), Money(15_000_000))
    assert await told(tx, DayClosed) == [DayClosed(closed.statement_id, DAY)]
    with pytest.raises(errors.DayClosedAlready):
        await service.close_day(tx, finance, DAY)
    with pytest.raises(errors.DayClosedAlready):
        await service.close_day(tx, finance, date(2026, 3, 1))
    with pytest.raises(errors.NoStatementOfDay):
        await service.close_day(tx, finance, date(2026, 3, 3))


async def test_money_on_its_way_is_told_apart_and_closes_with_the_statement_that_shows_it(tx, keys, finance, payer):
    """A message of the evening and a payout confirmed by hand: in the books already, at the bank the next day."""
    due = await a_due(tx, payer=payer.org)
    await uploaded(tx, finance, [await a_row(tx, due)])
    await from_the_bank(tx, keys, await a_message(tx, due, message_id="B-2", reference="", minor=700))
    payout = await a_payout(tx, payer.org)
    await service.settle_payout(tx, finance, payout.id, is_confirmed=True, bank_reference="B-3")
    rows: list[Row] = [
        ("CREDIT", "B-2", "7.00", "", "", ""),
        ("DEBIT", "B-3", "40000.00", "", "", ""),
        ("DEBIT", "B-4", "0.50", "", "", ""),
    ]
    second = await uploaded(tx, finance, rows, number="ST-2", day="2026-03-03", opening="150000.00")
    await earned(tx, 700)
    await service.explain_as_charge(tx, finance, second.id, 3)
    first_day = await service.close_day(tx, finance, DAY)
    assert first_day.bank == Money(15_000_000 + 700 - 4_000_000 - 50)
    assert (first_day.incoming, first_day.outgoing) == (Money(700), Money(4_000_050))
    next_day = await service.close_day(tx, finance, date(2026, 3, 3))
    assert (next_day.incoming, next_day.outgoing, next_day.statement) == (Money(0), Money(0), Money(11_000_650))
    assert [day.day.day for day in (await service.list_days(tx, finance, cursor=None, limit=10)).items] == [3, 2]


async def test_money_the_bank_has_and_the_books_have_not_keeps_the_day_open(tx, keys, finance, payer):
    due = await a_due(tx, payer=payer.org)
    await uploaded(tx, finance, [await a_row(tx, due)])
    payout = await a_payout(tx, payer.org)
    await service.settle_payout(tx, finance, payout.id, is_confirmed=True, bank_reference="B-3")
    assert (await service.close_day(tx, finance, DAY)).outgoing == Money(4_000_000)
    async with tx.begin() as db:
        await db.execute(text("UPDATE payout SET state = 'FAILED'"))
        await db.execute(text("DELETE FROM bank_day"))
    with pytest.raises(errors.DayDoesNotClose) as refused:
        await service.close_day(tx, finance, DAY)
    assert refused.value.facts["reasons"] == ["difference 40000.00"]


async def test_a_book_that_does_not_balance_keeps_the_day_open(tx, finance):
    await uploaded(tx, finance, [("CREDIT", "B-1", "10.00", "", "", "")])
    async with tx.begin() as db:
        await db.execute(text("SET LOCAL session_replication_role = replica"))
        await db.execute(text("UPDATE account SET balance_minor = balance_minor + 1 WHERE purpose = 'SUSPENSE'"))
    with pytest.raises(errors.DayDoesNotClose) as refused:
        await service.close_day(tx, finance, DAY)
    assert refused.value.facts["reasons"] == ["unbalanced market"]


async def test_a_day_stays_open_while_other_peoples_money_is_not_all_there(tx, keys, finance, payer):
    due = await a_due(tx, payer=payer.org)
    await uploaded(tx, finance, [await a_row(tx, due), ("DEBIT", "B-2", "140000.00", "", "", "")])
    async with tx.begin() as db:
        expense = await ledger.account(db, purpose=ledger.Purpose.EXPENSE)
        bank = await ledger.account(db, purpose=ledger.Purpose.BANK)
        await ledger.post(db, debit=expense, credit=bank, minor=14_000_000, why=Ref("sample", bank), code="bank.charge")
        await db.execute(text("UPDATE statement_entry SET state = 'EXPLAINED' WHERE NOT is_credit"))
    with pytest.raises(errors.DayDoesNotClose) as refused:
        await service.close_day(tx, finance, DAY)
    assert refused.value.facts["reasons"] == ["own money -140000.00"]


async def test_two_who_close_one_day_close_it_once(tx, finance):
    await uploaded(tx, finance, [("CREDIT", "B-1", "10.00", "", "", "")])
    answers = await asyncio.gather(*(service.close_day(tx, finance, DAY) for _ in range(4)), return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert {type(answer) for answer in answers if isinstance(answer, Refusal)} == {errors.DayClosedAlready}


async def test_the_figures_of_a_day_explain_the_banks_balance() -> None:
    check = rules.DayCheck(1_000, 300, 50, 900, 100, 750, 0, ())
    assert (check.difference_minor, check.reasons) == (0, [])
    assert rules.DayCheck(1_000, 300, 50, 900, -1, 751, 2, ("market",)).reasons == [
        "unbalanced market",
        "unexplained entries 2",
        "difference 0.01",
        "own money -0.01",
    ]
