"""A wrong last statement is voided by two people; its entries are mirrored, and the right one takes its place."""

from __future__ import annotations

from datetime import date

import pytest

from techmarket.identity.actor import Role
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.settlement import errors, service
from techmarket.settlement.lifecycle import EntryState, LineState
from techmarket.settlement.rules import Outcome
from techmarket.settlement.statements import CSV, XML
from techmarket.settlement.views import MoneyActView, StatementView
from tests.identity.make import a_market, a_member, an_organisation
from tests.settlement.make import a_camt, a_csv, a_due, a_message, a_paid_due, declared, from_the_bank, sheet

DAY = date(2026, 3, 2)
WHY = "Sample: the bank sent another customer's file"


@pytest.fixture
async def market(tx, keys):
    return await a_market(tx, keys)


@pytest.fixture
async def first(market):
    return market["finance"].actor


@pytest.fixture
async def second(tx, first):
    return await declared(tx, first)


@pytest.fixture
async def payer(tx, keys):
    return (await an_organisation(tx, keys=keys)).actor


async def uploaded(tx, actor, rows, **how) -> StatementView:
    return await service.upload_statement(tx, actor, a_csv(rows, **how), CSV)


async def voided(tx, first, second, statement) -> StatementView:
    assert isinstance(await service.void_statement(tx, first, statement.id, reasons=WHY), MoneyActView)
    view = await service.void_statement(tx, second, statement.id, reasons=WHY)
    assert isinstance(view, StatementView)
    return view


async def test_what_a_voided_statement_entered_leaves_the_books_and_the_right_one_is_taken(
    tx, keys, first, second, payer
):
    due = await a_due(tx, payer=payer.org)
    await from_the_bank(tx, keys, await a_message(tx, due, message_id="B-1"))
    before = await sheet(tx)
    known = ("CREDIT", "B-1", "150000.00", "", "", due.reference)
    wrong = await uploaded(tx, first, [known, ("CREDIT", "B-2", "7.00", "", "", "")])
    assert (wrong.known, wrong.taken) == (1, 1)
    assert await sheet(tx) == before | {"BANK": before["BANK"] - 700, "SUSPENSE": 700}
    view = await voided(tx, first, second, wrong)
    assert view.voided_at is not None
    assert await sheet(tx) == before
    [line] = (await service.list_lines(tx, first, state=LineState.VOIDED, cursor=None, limit=9)).items
    assert line.message_id == "B-2"
    # The same bank reference may stand on the right statement, with the amount it really had.
    right = await uploaded(tx, first, [known, ("CREDIT", "B-2", "70.00", "", "", "")])
    assert (right.known, right.taken) == (1, 1)
    assert await sheet(tx) == before | {"BANK": before["BANK"] - 7_000, "SUSPENSE": 7_000}
    closed = await service.close_day(tx, first, DAY)
    assert closed.statement == Money(15_007_000)
    with pytest.raises(errors.NotTheLastStatement):
        await service.void_statement(tx, first, right.id, reasons=WHY)


async def test_a_message_that_comes_after_the_voiding_brings_the_money_back_once(tx, keys, first, second, payer):
    due = await a_due(tx, payer=payer.org)
    message = await a_message(tx, due, message_id="B-2")
    await voided(tx, first, second, await uploaded(tx, first, [("CREDIT", "B-2", "7.00", "", "", "")]))
    for _ in range(2):
        assert (await from_the_bank(tx, keys, message)).outcome is Outcome.MATCHED
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}


async def test_a_charge_that_was_explained_is_given_back_with_its_statement(tx, keys, first, second, payer):
    payee = (await an_organisation(tx)).actor
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=60_000_000)
    await service.release_due(tx, first, due.id)
    before = await sheet(tx)
    wrong = await uploaded(tx, first, [("DEBIT", "B-9", "0.50", "", "", "")])
    await service.explain_as_charge(tx, first, wrong.id, 1)
    assert (await sheet(tx))["EXPENSE"] == -50
    await voided(tx, first, second, wrong)
    assert await sheet(tx) == before
    [entry] = (await service.list_entries(tx, first, wrong.id, state=None, cursor=None, limit=9)).items
    assert entry.state is EntryState.EXPLAINED
    with pytest.raises(errors.NothingToExplain):
        await service.explain_as_charge(tx, first, wrong.id, 1)


async def test_a_statement_whose_money_has_paid_a_due_or_confirmed_a_payout_is_not_voided(
    tx, keys, first, second, payer
):
    due = await a_due(tx, payer=payer.org)
    message = await a_message(tx, due)
    row = ("CREDIT", "B-1", "150000.00", message.payer_account, message.payer_name, due.reference)
    paid = await uploaded(tx, first, [row])
    before = await sheet(tx)
    with pytest.raises(errors.StatementUsed) as refused:
        await service.void_statement(tx, first, paid.id, reasons=WHY)
    assert refused.value.facts["entries"] == [1]
    assert await sheet(tx) == before
    more = await uploaded(tx, first, [], number="ST-2", day="2026-03-03", opening="150000.00")
    with pytest.raises(errors.NotTheLastStatement):
        await service.void_statement(tx, first, paid.id, reasons=WHY)
    assert isinstance(await service.void_statement(tx, first, more.id, reasons=WHY), MoneyActView)


async def test_only_finance_voids(tx, keys, market, first, second, payer):
    statement = await uploaded(tx, first, [])
    for actor in (payer, market["operator"].actor, (await a_member(tx, first, Role.OPERATOR)).actor):
        with pytest.raises(NotAllowed):
            await service.void_statement(tx, actor, statement.id, reasons=WHY)
    with pytest.raises(NotFound):
        await service.void_statement(tx, first, payer.org, reasons=WHY)


async def test_no_statement_is_taken_before_the_account_is_declared(tx, first):
    with pytest.raises(errors.AccountUnknown):
        await uploaded(tx, first, [])
    await declared(tx, first)
    assert (await uploaded(tx, first, [])).entries == 0


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-02T23:30:00", date(2026, 3, 2)),
        ("2026-03-02T16:30:00Z", date(2026, 3, 3)),
        ("2026-03-02T15:59:59Z", date(2026, 3, 2)),
        ("2026-03-02T23:30:00+08:00", date(2026, 3, 2)),
        ("2026-03-03T00:30:00+09:00", date(2026, 3, 2)),
    ],
)
async def test_a_moment_of_a_statement_lies_in_its_day_of_shanghai(tx, first, second, written, day):
    raw = a_camt([("CREDIT", "B-1", "1.00", "", "", "")]).decode()
    wanted = f"<BookgDt><DtTm>{written}</DtTm></BookgDt>"
    raw = raw.replace("<BookgDt><Dt>2026-03-02</Dt></BookgDt>", wanted)
    raw = raw.replace("<Dt>2026-03-02</Dt>", f"<Dt>{day}</Dt>")
    view = await service.upload_statement(tx, first, raw.encode(), XML)
    [entry] = (await service.list_entries(tx, first, view.id, state=None, cursor=None, limit=9)).items
    assert entry.booked_on == day
