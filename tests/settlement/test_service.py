"""Settlement: a message has one effect, money goes where its due says, and the books balance after every act."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from techmarket.db import clock, journal
from techmarket.identity.actor import Role
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.ledger import service as ledger_service
from techmarket.ledger import steps as ledger
from techmarket.ledger.errors import Insufficient
from techmarket.settlement import errors, rules, service, steps
from techmarket.settlement.events import DueOverdue, DuePaid, PayoutConfirmed, Released
from techmarket.settlement.lifecycle import DueState, LineState, PayoutState
from techmarket.settlement.rules import Channel, Outcome, Purpose
from tests.identity.make import a_market, a_member, an_organisation
from tests.settlement.make import a_due, a_message, a_paid_due, escrow, from_the_bank, sheet


@pytest.fixture
async def payer(tx):
    return (await an_organisation(tx)).actor


@pytest.fixture
async def payee(tx):
    return (await an_organisation(tx)).actor


@pytest.fixture
async def finance(tx, keys):
    return (await a_market(tx, keys))["finance"].actor


async def facts(tx, due):
    async with tx.read() as db:
        return await steps.get_due(db, due.id)


async def told(tx, event) -> int:
    query = text("SELECT count(*) FROM journal_entry WHERE kind = :kind")
    async with tx.read() as db:
        return (await db.execute(query, {"kind": event.kind})).scalar_one()


async def today(tx) -> date:
    async with tx.read() as db:
        return shanghai_day(await clock.market_now(db))


# --- the bank's door ------------------------------------------------------------------------------------------------


async def test_an_exact_payment_of_a_deposit_pays_the_due_and_stays_the_payers(tx, keys, payer):
    due = await a_due(tx, payer=payer.org)
    line = await from_the_bank(tx, keys, await a_message(tx, due))
    assert (line.outcome, line.state, line.due_id) == (Outcome.MATCHED, LineState.MATCHED, due.id)
    paid = await facts(tx, due)
    assert (paid.state, paid.is_paid, paid.paid_minor, paid.paid_at is not None) == (
        DueState.PAID,
        True,
        15_000_000,
        True,
    )
    assert await escrow(tx, payer.org) == (15_000_000, 15_000_000)
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}
    assert await told(tx, DuePaid) == 1


async def test_the_price_of_a_due_with_a_payee_stands_apart_from_the_payers_other_money(tx, keys, payer, payee):
    await a_paid_due(tx, keys, payer=payer.org, payee=payee.org)
    assert await escrow(tx, payer.org) == (0, 0)
    assert await escrow(tx, payee.org) == (0, 0)
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}


async def test_the_same_message_ten_times_at_once_has_one_effect_and_one_answer(tx, keys, payer):
    due = await a_due(tx, payer=payer.org)
    message = await a_message(tx, due)
    lines = await asyncio.gather(*[from_the_bank(tx, keys, message) for _ in range(10)])
    assert len(set(lines)) == 1
    assert await from_the_bank(tx, keys, message) == lines[0]
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}
    assert await told(tx, DuePaid) == 1


async def test_the_same_message_id_with_another_body_is_refused_and_nothing_changes(tx, keys, payer):
    due = await a_due(tx, payer=payer.org)
    message = await a_message(tx, due)
    await from_the_bank(tx, keys, message)
    with pytest.raises(errors.MessageDiffers):
        await from_the_bank(tx, keys, replace(message, minor=1))
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}


async def test_ten_payments_of_one_due_at_once_pay_it_once_and_the_rest_waits_for_a_person(tx, keys, payer):
    due = await a_due(tx, payer=payer.org)
    messages = [await a_message(tx, due) for _ in range(10)]
    lines = await asyncio.gather(*[from_the_bank(tx, keys, message) for message in messages])
    assert Counter(line.outcome for line in lines) == {Outcome.MATCHED: 1, Outcome.NOT_OPEN: 9}
    assert await escrow(tx, payer.org) == (15_000_000, 15_000_000)
    assert await sheet(tx) == {"BANK": -150_000_000, "ESCROW": 15_000_000, "SUSPENSE": 135_000_000}
    assert await told(tx, DuePaid) == 1


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"minor": 14_999_999}, Outcome.SHORT),
        ({"minor": 15_000_001}, Outcome.OVER),
        ({"reference": "D2026999999"}, Outcome.UNKNOWN_REFERENCE),
        ({"reference": ""}, Outcome.UNKNOWN_REFERENCE),
        ({"payer_name": "Another sample"}, Outcome.PAYER_DIFFERS),
    ],
)
async def test_money_that_is_not_exactly_right_waits_in_suspense(tx, keys, payer, change, outcome):
    due = await a_due(tx, payer=payer.org)
    message = await a_message(tx, due, **change)
    line = await from_the_bank(tx, keys, message)
    assert (line.outcome, line.state, line.due_id) == (outcome, LineState.UNMATCHED, None)
    assert (await facts(tx, due)).state is DueState.OPEN
    assert await sheet(tx) == {"BANK": -message.minor, "SUSPENSE": message.minor}
    assert await told(tx, DuePaid) == 0


async def test_messages_may_come_in_any_order(tx, keys, payer):
    first, second = await a_due(tx, payer=payer.org), await a_due(tx, payer=payer.org, minor=500)
    late = await a_message(tx, first)
    early = await a_message(tx, second, booked_at=late.booked_at - timedelta(days=3))
    short = await a_message(tx, first, minor=1, booked_at=late.booked_at - timedelta(days=9))
    for message in (late, short, early):
        await from_the_bank(tx, keys, message)
    assert {(await facts(tx, due)).state for due in (first, second)} == {DueState.PAID}
    assert await sheet(tx) == {"BANK": -15_000_501, "ESCROW": 15_000_500, "SUSPENSE": 1}


async def test_an_unsigned_stale_or_replayed_message_has_no_effect(tx, keys, payer):
    due = await a_due(tx, payer=payer.org)
    raw, now = rules.write_message(await a_message(tx, due)), int(time.time())
    old = rules.sign_message(keys.bank_secret, now - 301, raw)
    for signature, timestamp, refusal in (
        ("", str(now), errors.BadSignature),
        (rules.sign_message(b"guess" * 8, now, raw), str(now), errors.BadSignature),
        (old, str(now), errors.BadSignature),
        (old, str(now - 301), errors.MessageStale),
        (rules.sign_message(keys.bank_secret, now + 400, raw), str(now + 400), errors.MessageStale),
    ):
        with pytest.raises(refusal):
            await service.receive_bank_message(tx, keys, raw, signature, timestamp)
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM bank_line"))).scalar_one() == 0
    assert await sheet(tx) == {}


# --- what a person does ---------------------------------------------------------------------------------------------


async def test_short_money_counts_as_a_part_and_the_rest_then_matches_by_itself(tx, keys, payer, payee, finance):
    due = await a_due(tx, payer=payer.org, payee=payee.org)
    short = await from_the_bank(tx, keys, await a_message(tx, due, minor=5_000_000))
    assigned = await service.assign_line(tx, finance, short.id, due_id=due.id)
    assert (assigned.state, assigned.outcome, assigned.due_id) == (LineState.MATCHED, Outcome.SHORT, due.id)
    assert ((await facts(tx, due)).state, (await facts(tx, due)).outstanding_minor) == (DueState.OPEN, 10_000_000)
    rest = await from_the_bank(tx, keys, await a_message(tx, due, minor=10_000_000))
    assert rest.outcome is Outcome.MATCHED
    assert (await facts(tx, due)).state is DueState.PAID
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}


async def test_what_is_over_stays_the_payers(tx, keys, payer, payee, finance):
    due = await a_due(tx, payer=payer.org, payee=payee.org)
    over = await from_the_bank(tx, keys, await a_message(tx, due, minor=15_000_700))
    await service.assign_line(tx, finance, over.id, due_id=due.id)
    assert (await facts(tx, due)).state is DueState.PAID
    assert await escrow(tx, payer.org) == (700, 700)


async def test_a_line_is_assigned_once_also_when_ten_try_at_once(tx, keys, payer, finance):
    due = await a_due(tx, payer=payer.org)
    line = await from_the_bank(tx, keys, await a_message(tx, due, reference="?"))
    tries = [service.assign_line(tx, finance, line.id, due_id=due.id) for _ in range(10)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert Counter(type(o).__name__ for o in outcomes) == {"BankLineView": 1, "NotInThisState": 9}
    assert await escrow(tx, payer.org) == (15_000_000, 15_000_000)


async def test_money_for_nothing_goes_back_and_a_failed_return_waits_again(tx, keys, payer, finance):
    due = await a_due(tx, payer=payer.org)
    line = await from_the_bank(tx, keys, await a_message(tx, due, reference="?"))
    returned = await service.return_line(tx, finance, line.id)
    assert returned.state is LineState.RETURNED
    with pytest.raises(NotInThisState):
        await service.assign_line(tx, finance, line.id, due_id=due.id)
    await service.settle_payout(tx, finance, returned.payout_id, is_confirmed=False, bank_reference="B1")
    with pytest.raises(errors.NothingToRenew):
        await service.renew_payout(tx, finance, returned.payout_id)
    again = await service.return_line(tx, finance, line.id)
    await service.settle_payout(tx, finance, again.payout_id, is_confirmed=True, bank_reference="B2")
    assert await sheet(tx) == {}


async def test_only_the_markets_finance_touches_bank_lines_releases_and_payouts(tx, keys, payer, payee, finance):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org)
    line = await from_the_bank(tx, keys, await a_message(tx, due))
    operator = (await a_member(tx, finance, Role.OPERATOR)).actor
    before = await sheet(tx)
    for actor in (payer, operator):
        for attempt in (
            service.assign_line(tx, actor, line.id, due_id=due.id),
            service.return_line(tx, actor, line.id),
            service.release_due(tx, actor, due.id),
            service.list_lines(tx, actor, state=None, cursor=None, limit=5),
            service.settle_payout(tx, actor, line.id, is_confirmed=True, bank_reference="B"),
        ):
            with pytest.raises(NotAllowed):
                await attempt
    assert await sheet(tx) == before


# --- dues -----------------------------------------------------------------------------------------------------------


async def test_a_due_is_known_to_its_parties_and_the_market_only(tx, payer, payee, finance):
    due = await a_due(tx, payer=payer.org, payee=payee.org)
    stranger = (await an_organisation(tx)).actor
    for actor in (payer, payee, finance):
        assert (await service.get_due(tx, actor, due.id)).reference == due.reference
        listed = await service.list_dues(tx, actor, state=None, subject=due.subject, cursor=None, limit=5)
        assert [row.id for row in listed.items] == [due.id]
    with pytest.raises(NotFound):
        await service.get_due(tx, stranger, due.id)
    nothing = await service.list_dues(tx, stranger, state=None, subject=due.subject, cursor=None, limit=5)
    assert nothing.items == []


async def test_the_gate_names_the_dues_that_are_open(tx, keys, payer, payee):
    subject, now = Ref("contract", new_id()), await today(tx)
    soon = await a_due(tx, payer=payer.org, payee=payee.org, subject=subject, due_on=now)
    later = await a_due(tx, payer=payer.org, payee=payee.org, subject=subject, due_on=now + timedelta(days=90))
    async with tx.read() as db:
        at = await clock.market_now(db)
        with pytest.raises(errors.DuesOpen) as refused:
            await steps.require_paid(db, subject, at)
        assert refused.value.facts == {"references": [soon.reference]}
    await from_the_bank(tx, keys, await a_message(tx, soon))
    async with tx.read() as db:
        await steps.require_paid(db, subject, at)
        with pytest.raises(errors.DuesOpen) as refused:
            await steps.require_paid(db, subject)
        assert refused.value.facts == {"references": [later.reference]}
        assert [due.id for due in await steps.dues_of(db, subject)] == [soon.id, later.id]


async def test_a_cancelled_due_gives_back_what_was_paid_towards_it(tx, keys, payer, payee, finance):
    due = await a_due(tx, payer=payer.org, payee=payee.org)
    short = await from_the_bank(tx, keys, await a_message(tx, due, minor=400))
    await service.assign_line(tx, finance, short.id, due_id=due.id)
    async with tx.begin() as db:
        await steps.cancel_due(db, due.id, None)
    assert await escrow(tx, payer.org) == (400, 400)
    assert (await facts(tx, due)).state is DueState.CANCELLED
    late = await from_the_bank(tx, keys, await a_message(tx, due))
    assert late.outcome is Outcome.NOT_OPEN
    with pytest.raises(NotInThisState):
        async with tx.begin() as db:
            await steps.cancel_due(db, due.id, None)


async def test_a_captured_deposit_pays_a_part_of_the_price(tx, keys, payer, payee):
    await a_paid_due(tx, keys, payer=payer.org)
    price = await a_due(tx, payer=payer.org, payee=payee.org, minor=60_000_000)
    async with tx.begin() as db:
        part = await steps.pay_from_escrow(db, price.id, minor=15_000_000, actor=None)
    assert (part.state, part.outstanding_minor) == (DueState.OPEN, 45_000_000)
    with pytest.raises(Insufficient):
        async with tx.begin() as db:
            await steps.pay_from_escrow(db, price.id, minor=1, actor=None)
    with pytest.raises(errors.MoreThanDue):
        async with tx.begin() as db:
            await steps.pay_from_escrow(db, price.id, minor=45_000_001, actor=None)
    await from_the_bank(tx, keys, await a_message(tx, price, minor=45_000_000))
    assert (await facts(tx, price)).state is DueState.PAID


async def test_an_overdue_due_is_told_once_also_by_many_workers(tx, payer):
    yesterday = await today(tx) - timedelta(days=1)
    for due_on in (yesterday, yesterday, await today(tx)):
        await a_due(tx, payer=payer.org, due_on=due_on)
    told_by = await asyncio.gather(*[service.announce_overdue(tx) for _ in range(5)])
    assert sum(told_by) == 2
    assert await service.announce_overdue(tx) == 0
    assert await told(tx, DueOverdue) == 2


# --- release and payouts --------------------------------------------------------------------------------------------


async def test_a_release_takes_the_fee_by_tariff_and_pays_the_rest_out_when_the_bank_confirms(
    tx, keys, payer, payee, finance
):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=55_370_367, purpose=Purpose.ROYALTY)
    released = await service.release_due(tx, finance, due.id)
    assert released.fee == Money(830_556)
    assert (await service.get_due(tx, payer, due.id)).fee is None
    assert await escrow(tx, payee.org) == (54_539_811, 0)
    [payout] = (await service.list_payouts(tx, payee, state=None, cursor=None, limit=5)).items
    assert (payout.amount, payout.state, payout.why) == (Money(54_539_811), PayoutState.INSTRUCTED, f"due:{due.id}")
    await service.send_payout(tx, finance, payout.id)
    await service.settle_payout(tx, finance, payout.id, is_confirmed=True, bank_reference="B1")
    assert await sheet(tx) == {"BANK": -830_556, "FEES": 830_556}
    assert (await told(tx, Released), await told(tx, PayoutConfirmed)) == (1, 1)


async def test_of_ten_releases_at_once_one_takes_place(tx, keys, payer, payee, finance):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=60_000_000)
    outcomes = await asyncio.gather(
        *[service.release_due(tx, finance, due.id) for _ in range(10)], return_exceptions=True
    )
    assert Counter(type(o).__name__ for o in outcomes) == {"DueView": 1, "ReleasedAlready": 9}
    assert await sheet(tx) == {"BANK": -60_000_000, "ESCROW": 59_100_000, "FEES": 900_000}


async def test_what_is_not_paid_or_has_no_payee_is_not_released(tx, keys, payer, payee, finance):
    open_due = await a_due(tx, payer=payer.org, payee=payee.org)
    with pytest.raises(errors.NotPaidYet):
        await service.release_due(tx, finance, open_due.id)
    deposit = await a_paid_due(tx, keys, payer=payer.org)
    with pytest.raises(errors.NothingToRelease):
        await service.release_due(tx, finance, deposit.id)
    assert await sheet(tx) == {"BANK": -15_000_000, "ESCROW": 15_000_000}


async def test_what_is_owed_to_the_market_itself_becomes_its_fee_whole(tx, keys, payer, finance):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=finance.org, purpose=Purpose.FEE)
    await service.release_due(tx, finance, due.id)
    assert await sheet(tx) == {"BANK": -15_000_000, "FEES": 15_000_000}


async def test_a_failed_payout_frees_the_money_and_is_renewed_once(tx, keys, payer, payee, finance):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org)
    await service.release_due(tx, finance, due.id)
    [payout] = (await service.list_payouts(tx, payee, state=None, cursor=None, limit=5)).items
    with pytest.raises(errors.NothingToRenew):
        await service.renew_payout(tx, finance, payout.id)
    await service.settle_payout(tx, finance, payout.id, is_confirmed=False, bank_reference="B1")
    assert await escrow(tx, payee.org) == (14_775_000, 14_775_000)
    outcomes = await asyncio.gather(
        *[service.renew_payout(tx, finance, payout.id) for _ in range(5)], return_exceptions=True
    )
    assert Counter(type(o).__name__ for o in outcomes) == {"PayoutView": 1, "NothingToRenew": 4}
    assert await escrow(tx, payee.org) == (14_775_000, 0)


async def test_a_payout_beyond_the_escrow_is_refused(tx, keys, payer):
    await a_paid_due(tx, keys, payer=payer.org)
    with pytest.raises(Insufficient):
        async with tx.begin() as db:
            await steps.instruct_payout(
                db, org=payer.org, minor=15_000_001, channel=Channel.ESCROW, why=Ref("sample", new_id()), actor=None
            )
    assert await escrow(tx, payer.org) == (15_000_000, 15_000_000)


async def test_a_payroll_payout_stands_in_the_units_own_book_and_the_unit_confirms_it(tx, payee, finance):
    book = ledger.book_of_unit(payee.org)
    orders = [
        steps.PayoutOrder(payee.org, minor, Channel.PAYROLL, Ref("distribution_line", new_id()))
        for minor in (33_176_103, 19_905_662, 13_270_441)
    ]
    async with tx.begin() as db:
        one, two, three = await steps.instruct_payouts(db, orders)
    assert await sheet(tx, book) == {"EXPENSE": -66_352_206, "PAYABLE": 66_352_206}
    with pytest.raises(errors.PaidByTheUnit):
        await service.settle_payout(tx, finance, one, is_confirmed=True, bank_reference="B1")
    async with tx.begin() as db:
        confirmed = await steps.confirm_payout(db, one, actor=payee)
        await steps.fail_payout(db, two, actor=payee)
    assert (confirmed.state, confirmed.minor) == (PayoutState.CONFIRMED, 33_176_103)
    assert await sheet(tx, book) == {"EXPENSE": -46_446_544, "PAYABLE": 13_270_441, "BANK": 33_176_103}
    assert await sheet(tx) == {}
    async with tx.begin() as db:
        assert (await steps.get_payout(db, three)).why == orders[2].why
        [again] = await steps.instruct_payouts(db, [orders[1]])
    assert again != two


async def test_the_journal_tells_no_amount(tx, keys, payer, payee, finance):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org)
    await service.release_due(tx, finance, due.id)
    async with tx.begin() as db:
        await journal.sequence(db)
        entries = [entry for entry in await journal.read(db) if entry.kind.startswith("settlement.")]
    assert [entry.kind for entry in entries] == [
        "settlement.due_raised",
        "settlement.bank_line_received",
        "settlement.due_paid",
        "settlement.payout_instructed",
        "settlement.invoice_drawn_up",
        "settlement.invoice_drawn_up",
        "settlement.released",
    ]
    assert not any("minor" in name or type(v) is int for entry in entries for name, v in entry.facts.items())
    assert journal.load(entries[2], DuePaid) == DuePaid(due.id, str(due.subject), Purpose.PRICE)


async def test_the_payer_does_not_read_the_fee_out_of_the_ledger(tx, keys, payer, payee, finance):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=60_000_000)
    await service.release_due(tx, finance, due.id)
    seen = {payer.org: set(), payee.org: set()}
    for actor in (payer, payee):
        for account in (
            await ledger_service.list_accounts(tx, actor, book=None, purpose=None, cursor=None, limit=9)
        ).items:
            moves = await ledger_service.list_transfers(tx, actor, account.id, cursor=None, limit=9)
            seen[actor.org] |= {(move.code, move.amount.minor) for move in moves.items}
    assert ("due.released", -60_000_000) in seen[payer.org]
    assert not {code for code, _ in seen[payer.org]} & {"fee.taken"}
    assert {("due.released", 60_000_000), ("fee.taken", -900_000)} <= seen[payee.org]
