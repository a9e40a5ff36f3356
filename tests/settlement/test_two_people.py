"""Two pairs of eyes on money: above the market's limit, or always, one asks and another does."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from techmarket.db import clock
from techmarket.identity import service as identity
from techmarket.identity.actor import Role
from techmarket.identity.errors import OneHandBehindBoth
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.rulebook import service as rulebook
from techmarket.rulebook.adding import put_rule
from techmarket.rulebook.rules import Binding, Evidence, RuleUnit
from techmarket.settlement import errors, service, steps
from techmarket.settlement.lifecycle import ActState, DueState, EntryState, LineState, PayoutState
from techmarket.settlement.rules import Act, HoldCause, Outcome
from techmarket.settlement.statements import CSV
from techmarket.settlement.views import AccountView, BankLineView, DueView, EntryView, MoneyActView, PayoutView
from tests.identity.make import a_market, a_member, an_organisation
from tests.settlement.make import (
    ACCOUNT,
    Row,
    a_csv,
    a_due,
    a_message,
    a_paid_due,
    declared,
    escrow,
    from_the_bank,
    sheet,
)

BIG, LIMIT = 100_000_001, 100_000_000


@pytest.fixture
async def payer(tx):
    return (await an_organisation(tx)).actor


@pytest.fixture
async def payee(tx):
    return (await an_organisation(tx)).actor


@pytest.fixture
async def market(tx, keys):
    return await a_market(tx, keys)


@pytest.fixture
async def first(market):
    return market["finance"].actor


@pytest.fixture
async def second(tx, first):
    return (await a_member(tx, first, Role.FINANCE)).actor


async def waiting(tx, actor) -> list[MoneyActView]:
    return list((await service.list_acts(tx, actor, state=ActState.WAITING, cursor=None, limit=9)).items)


async def test_a_release_above_the_limit_waits_until_a_second_person_does_the_same(
    tx, keys, payer, payee, first, second
):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=BIG)
    before = await sheet(tx)
    asked = await service.release_due(tx, first, due.id)
    assert isinstance(asked, MoneyActView)
    assert (asked.act, asked.subject, asked.amount, asked.asked_by) == (
        Act.RELEASE_DUE,
        f"due:{due.id}",
        Money(BIG),
        first.person_id,
    )
    assert await sheet(tx) == before
    with pytest.raises(errors.SecondPersonNeeded):
        await service.release_due(tx, first, due.id)
    assert [act.id for act in await waiting(tx, second)] == [asked.id]
    done = await service.release_due(tx, second, due.id)
    assert isinstance(done, DueView)
    assert done.fee == Money(1_500_000)
    [act] = (await service.list_acts(tx, first, state=None, cursor=None, limit=9)).items
    assert (act.state, act.asked_by, act.decided_by) == (ActState.DONE, first.person_id, second.person_id)


async def test_at_the_limit_one_person_is_enough_and_the_limit_is_a_dated_row(tx, keys, payer, payee, market, first):
    due, small = [await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=minor) for minor in (LIMIT, 100)]
    assert isinstance(await service.release_due(tx, first, due.id), DueView)
    await set_rule(tx, market, "settlement.second_person.release_due_above", "99")
    assert isinstance(await service.release_due(tx, first, small.id), MoneyActView)


async def set_rule(tx, market, key: str, value: str) -> None:
    """A row of today, which ends the one before: as one that was entered yesterday holds today."""
    [old] = [row for row in rulebook.carried_rows() if row["key"] == key]
    async with tx.read() as db:
        today = shanghai_day(await clock.market_now(db))
    same = {name: old[name] for name in ("key", "jurisdiction", "scope", "mode", "applies_to", "base")}
    draft = rulebook.RuleDraft(
        **same,
        binding=Binding.DEFAULT,
        value=value,
        unit=RuleUnit(old["unit"]),
        source="sample of a stricter market",
        evidence=Evidence.SAMPLE,
        effective_from=today,
        effective_to=None,
    )
    async with tx.begin() as db:
        await put_rule(db, market["operator"].actor, draft)


async def test_two_colleagues_whom_the_administrator_added_are_not_two_people(tx, keys, payer, payee, market, first):
    administrator = market["administrator"].actor
    added = []
    for name in ("Sample colleague 1", "Sample colleague 2"):
        _, issued = await identity.add_person(
            tx, keys, administrator, administrator.org, name=name, roles=[Role.FINANCE]
        )
        added.append(await identity.authenticate(tx, keys, issued.key))
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=BIG)
    assert isinstance(await service.release_due(tx, added[0], due.id), MoneyActView)
    with pytest.raises(OneHandBehindBoth):
        await service.release_due(tx, added[1], due.id)
    assert isinstance(await service.release_due(tx, first, due.id), DueView)


async def test_of_two_people_who_release_at_once_one_asks_and_the_other_does_it_once(
    tx, keys, payer, payee, first, second
):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=BIG)
    outcomes = await asyncio.gather(
        *[service.release_due(tx, actor, due.id) for actor in (first, second) for _ in range(4)],
        return_exceptions=True,
    )
    kinds = sorted(type(one).__name__ for one in outcomes)
    assert kinds.count("MoneyActView") == 1
    assert kinds.count("DueView") == 1
    assert set(kinds) <= {"MoneyActView", "DueView", "SecondPersonNeeded", "ReleasedAlready"}
    [act] = (await service.list_acts(tx, first, state=None, cursor=None, limit=9)).items
    assert {act.asked_by, act.decided_by} == {first.person_id, second.person_id}


async def test_unmatched_money_above_the_limit_goes_where_two_people_say(tx, keys, payer, first, second):
    right, wrong = [await a_due(tx, payer=payer.org, minor=20_000_001) for _ in range(2)]
    line = await from_the_bank(tx, keys, await a_message(tx, right, reference="?"))
    asked = await service.assign_line(tx, first, line.id, due_id=wrong.id)
    assert isinstance(asked, MoneyActView)
    with pytest.raises(errors.ActDiffers):
        await service.assign_line(tx, second, line.id, due_id=right.id)
    refused = await service.refuse_act(tx, second, asked.id, reasons="Sample: it is the other")
    assert (refused.state, refused.reasons) == (ActState.REFUSED, "Sample: it is the other")
    with pytest.raises(NotInThisState):
        await service.refuse_act(tx, first, asked.id, reasons="again")
    assert isinstance(await service.assign_line(tx, second, line.id, due_id=right.id), MoneyActView)
    done = await service.assign_line(tx, first, line.id, due_id=right.id)
    assert isinstance(done, BankLineView)
    assert (done.state, done.due_id) == (LineState.MATCHED, right.id)
    assert await escrow(tx, payer.org) == (20_000_001, 20_000_001)


async def test_a_payout_above_the_limit_is_confirmed_by_two(tx, keys, payer, payee, first, second):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=200_000_000)
    await service.release_due(tx, first, due.id)
    await service.release_due(tx, second, due.id)
    [payout] = (await service.list_payouts(tx, payee, state=None, cursor=None, limit=5)).items
    asked = await service.settle_payout(tx, first, payout.id, is_confirmed=True, bank_reference="B-1")
    assert isinstance(asked, MoneyActView)
    with pytest.raises(errors.ActDiffers):
        await service.settle_payout(tx, second, payout.id, is_confirmed=True, bank_reference="B-2")
    done = await service.settle_payout(tx, second, payout.id, is_confirmed=True, bank_reference="B-1")
    assert isinstance(done, PayoutView)
    assert (done.state, done.bank_reference) == (PayoutState.CONFIRMED, "B-1")


async def test_that_a_payout_the_bank_was_told_of_has_failed_two_people_say(tx, keys, payer, payee, first, second):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=200_000_000)
    await service.release_due(tx, first, due.id)
    await service.release_due(tx, second, due.id)
    [payout] = (await service.list_payouts(tx, payee, state=None, cursor=None, limit=5)).items
    await service.send_payout(tx, first, payout.id)
    asked = await service.settle_payout(tx, first, payout.id, is_confirmed=False, bank_reference="B-1")
    assert isinstance(asked, MoneyActView)
    with pytest.raises(errors.SecondPersonNeeded):
        await service.settle_payout(tx, first, payout.id, is_confirmed=False, bank_reference="B-1")
    with pytest.raises(errors.ActDiffers):
        await service.settle_payout(tx, second, payout.id, is_confirmed=True, bank_reference="B-1")
    done = await service.settle_payout(tx, second, payout.id, is_confirmed=False, bank_reference="B-1")
    assert isinstance(done, PayoutView)
    assert done.state is PayoutState.FAILED


async def test_a_charge_above_the_limit_is_written_off_by_two_people(tx, keys, payer, payee, first):
    second = await declared(tx, first)
    earned = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=LIMIT)
    await service.release_due(tx, first, earned.id)
    async with tx.begin() as db:
        await db.execute(text("UPDATE bank_line SET message_id = 'B-0'"))
    rows = [("CREDIT", "B-0", "1000000.00", "", "", ""), ("DEBIT", "B-1", "10000.01", "", "", "")]
    view = await service.upload_statement(tx, first, a_csv(rows), CSV)
    before = await sheet(tx)
    assert isinstance(await service.explain_as_charge(tx, first, view.id, 2), MoneyActView)
    with pytest.raises(errors.SecondPersonNeeded):
        await service.explain_as_charge(tx, first, view.id, 2)
    assert await sheet(tx) == before
    entry = await service.explain_as_charge(tx, second, view.id, 2)
    assert isinstance(entry, EntryView)
    assert entry.state is EntryState.EXPLAINED
    assert (await sheet(tx))["EXPENSE"] == -1_000_001


async def test_a_statement_that_would_move_more_than_the_limit_is_uploaded_by_two(
    tx, keys, payer, payee, market, first, second
):
    await declared(tx, first)
    told, untold = [await a_due(tx, payer=payer.org, payee=payee.org, minor=BIG) for _ in range(2)]
    message = await a_message(tx, told, message_id="B-1")
    await from_the_bank(tx, keys, message)
    known: Row = ("CREDIT", "B-1", Money(BIG).amount, message.payer_account, message.payer_name, told.reference)
    # What the bank's own signed message told of moves nothing any more: one person is enough.
    one = await service.upload_statement(tx, first, a_csv([known]), CSV)
    assert (one.known, one.taken) == (1, 0)
    forged: Row = ("CREDIT", "B-2", Money(BIG).amount, message.payer_account, message.payer_name, untold.reference)
    raw = a_csv([forged], number="ST-2", day="2026-03-03", opening=Money(BIG).amount)
    before = await sheet(tx)
    asked = await service.upload_statement(tx, first, raw, CSV)
    assert isinstance(asked, MoneyActView)
    assert (asked.act, asked.content["number"], asked.amount) == (Act.UPLOAD_STATEMENT, "ST-2", Money(BIG))
    with pytest.raises(errors.SecondPersonNeeded):
        await service.upload_statement(tx, first, raw, CSV)
    other = a_csv([(*forged[:1], "B-3", *forged[2:])], number="ST-2", day="2026-03-03", opening=Money(BIG).amount)
    assert isinstance(await service.upload_statement(tx, second, other, CSV), MoneyActView)  # other bytes, another act
    assert (await sheet(tx), len((await service.list_statements(tx, first, cursor=None, limit=5)).items)) == (before, 1)
    assert (await service.get_due(tx, payer, untold.id)).state is DueState.OPEN
    done = await service.upload_statement(tx, second, raw, CSV)
    assert (done.taken, (await service.get_due(tx, payer, untold.id)).state) == (1, DueState.PAID)
    assert await service.upload_statement(tx, first, raw, CSV) == done
    # A payout that it would confirm counts, too.
    await service.release_due(tx, first, untold.id)
    await service.release_due(tx, second, untold.id)
    [payout] = [
        one
        for one in (await service.list_payouts(tx, first, state=None, cursor=None, limit=5)).items
        if one.state is PayoutState.INSTRUCTED
    ]
    left: Row = ("DEBIT", "B-4", payout.amount.amount, "", "", str(payout.id))
    more: Row = ("CREDIT", "B-5", "20000.00", "", "", "")
    leaves = a_csv([left, more], number="ST-3", day="2026-03-04", opening=Money(2 * BIG).amount)
    assert payout.amount.minor < LIMIT < payout.amount.minor + 2_000_000
    assert isinstance(await service.upload_statement(tx, first, leaves, CSV), MoneyActView)
    async with tx.read() as db:
        assert (await steps.get_payout(db, payout.id)).state is PayoutState.INSTRUCTED
    assert (await service.upload_statement(tx, second, leaves, CSV)).payouts == 1


async def test_only_finance_sees_what_waits_and_sends_it_back(tx, keys, payer, payee, market, first):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=BIG)
    asked = await service.release_due(tx, first, due.id)
    for actor in (payer, payee, market["operator"].actor):
        with pytest.raises(NotAllowed):
            await service.list_acts(tx, actor, state=None, cursor=None, limit=9)
        with pytest.raises(NotAllowed):
            await service.refuse_act(tx, actor, asked.id, reasons="x")
    with pytest.raises(NotFound):
        await service.refuse_act(tx, first, new_id(), reasons="x")
    assert (await service.refuse_act(tx, first, asked.id, reasons="taken back")).state is ActState.REFUSED


async def test_the_database_itself_refuses_one_person_twice(tx, keys, payer, payee, first):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=BIG)
    asked = await service.release_due(tx, first, due.id)
    with pytest.raises(IntegrityError, match="two_people"):
        async with tx.begin() as db:
            await db.execute(
                text("UPDATE money_act SET state = 'DONE', decided_by = asked_by, decided_at = now() WHERE id = :id"),
                {"id": asked.id},
            )


async def test_two_people_declare_the_settlement_account_once_and_payers_read_it(tx, payer, first, second):
    with pytest.raises(NotFound):
        await service.get_account(tx, payer)
    what = {"account": ACCOUNT, "bank_name": "Sample bank", "holder_name": "Sample market escrow"}
    assert isinstance(await service.declare_account(tx, first, **what), MoneyActView)
    with pytest.raises(errors.ActDiffers):
        await service.declare_account(tx, second, **(what | {"account": "999"}))
    assert isinstance(await service.declare_account(tx, second, **what), AccountView)
    assert (await service.get_account(tx, payer)).account == ACCOUNT
    with pytest.raises(errors.AccountInUse):
        await service.declare_account(tx, first, **(what | {"account": "999"}))


# --- holds ---


async def test_money_of_a_disputed_subject_is_not_released_until_every_cause_is_lifted(tx, keys, payer, payee, first):
    subject = Ref("contract", new_id())
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, subject=subject)
    async with tx.begin() as db:
        assert await steps.hold_release(db, subject, cause=HoldCause.DISPUTE, actor=None)
        assert not await steps.hold_release(db, subject, cause=HoldCause.DISPUTE, actor=None)
        assert await steps.hold_release(db, subject, cause=HoldCause.COURT_ORDER, actor=None)
    before = await sheet(tx)
    with pytest.raises(errors.ReleaseOnHold) as refused:
        await service.release_due(tx, first, due.id)
    assert refused.value.facts["causes"] == ["COURT_ORDER", "DISPUTE"]
    async with tx.begin() as db:
        assert await steps.lift_release(db, subject, cause=HoldCause.DISPUTE, actor=None)
        assert not await steps.lift_release(db, subject, cause=HoldCause.OBJECTION, actor=None)
    with pytest.raises(errors.ReleaseOnHold):
        await service.release_due(tx, first, due.id)
    assert await sheet(tx) == before
    async with tx.begin() as db:
        await steps.lift_release(db, subject, cause=HoldCause.COURT_ORDER, actor=None)
    assert isinstance(await service.release_due(tx, first, due.id), DueView)


async def test_a_payout_that_the_bank_was_not_told_of_stays_here_when_a_dispute_arises(tx, keys, payer, payee, first):
    subject = Ref("contract", new_id())
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, subject=subject)
    await service.release_due(tx, first, due.id)
    [payout] = (await service.list_payouts(tx, payee, state=None, cursor=None, limit=5)).items
    async with tx.begin() as db:
        await steps.hold_release(db, subject, cause=HoldCause.DISPUTE, actor=None)
    with pytest.raises(errors.ReleaseOnHold):
        await service.send_payout(tx, first, payout.id)
    with pytest.raises(errors.ReleaseOnHold):
        await service.settle_payout(tx, first, payout.id, is_confirmed=True, bank_reference="B-1")
    assert (await service.list_payouts(tx, payee, state=None, cursor=None, limit=5)).items[0].state == "INSTRUCTED"


async def test_a_release_and_a_hold_at_once_are_one_after_the_other(tx, keys, payer, payee, first):
    for _ in range(3):
        subject = Ref("contract", new_id())
        due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, subject=subject, minor=1_000)

        async def hold(subject=subject):
            async with tx.begin() as db:
                await steps.hold_release(db, subject, cause=HoldCause.DISPUTE, actor=None)

        released, _ = await asyncio.gather(service.release_due(tx, first, due.id), hold(), return_exceptions=True)
        async with tx.read() as db:
            order = (
                await db.execute(
                    text(
                        "SELECT kind FROM journal_entry WHERE kind IN ('settlement.released','settlement.release_held')"
                        " ORDER BY seq DESC LIMIT 2"
                    )
                )
            ).scalars()
        if isinstance(released, errors.ReleaseOnHold):
            assert next(order) == "settlement.release_held"
        else:
            assert list(order) == ["settlement.release_held", "settlement.released"]


# --- tolerance ---


async def test_a_shortage_that_is_tolerated_is_borne_by_the_markets_own_money(tx, keys, payer, payee, market, first):
    await set_rule(tx, market, "settlement.matching.short_max", "500")
    poor = await a_due(tx, payer=payer.org, payee=payee.org)
    line = await from_the_bank(tx, keys, await a_message(tx, poor, minor=14_999_500))
    assert line.outcome is Outcome.SHORT  # the market has earned nothing it could bear this with
    earned = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=60_000_000)
    await service.release_due(tx, first, earned.id)
    due = await a_due(tx, payer=payer.org, payee=payee.org)
    for minor, outcome in ((14_999_499, Outcome.SHORT), (14_999_500, Outcome.MATCHED)):
        assert (await from_the_bank(tx, keys, await a_message(tx, due, minor=minor))).outcome is outcome
    async with tx.read() as db:
        assert (await steps.get_due(db, due.id)).paid_minor == 15_000_000
    assert (await sheet(tx))["EXPENSE"] == -500


async def test_what_is_tolerated_above_a_price_stays_the_payers_and_above_a_deposit_goes_back(
    tx, keys, payer, payee, market, first
):
    await set_rule(tx, market, "settlement.matching.over_max", "100")
    price, deposit = await a_due(tx, payer=payer.org, payee=payee.org), await a_due(tx, payer=payer.org)
    assert (await from_the_bank(tx, keys, await a_message(tx, price, minor=15_000_101))).outcome is Outcome.OVER
    for due in (price, deposit):
        line = await from_the_bank(tx, keys, await a_message(tx, due, minor=15_000_100))
        assert line.outcome is Outcome.MATCHED
    assert await escrow(tx, payer.org) == (15_000_200, 15_000_100)
    [back] = (await service.list_payouts(tx, first, state=None, cursor=None, limit=5)).items
    assert (back.amount, back.to_account) == (Money(100), "6222000000000000")


@pytest.mark.parametrize(
    ("written", "outcome"),
    [
        ("{0} for the licence", Outcome.MATCHED),
        ("合同款{0}，谢谢", Outcome.MATCHED),
        ("{0} and D2026999998", Outcome.UNKNOWN_REFERENCE),
        ("X{0}", Outcome.UNKNOWN_REFERENCE),
        ("{0}0", Outcome.UNKNOWN_REFERENCE),
    ],
)
async def test_the_only_reference_in_a_longer_text_counts(tx, keys, payer, written, outcome):
    due = await a_due(tx, payer=payer.org)
    line = await from_the_bank(tx, keys, await a_message(tx, due, reference=written.format(due.reference)))
    assert line.outcome is outcome


async def test_rows_of_the_rulebook_carry_the_limits(tx):
    rows = {row["key"] for row in rulebook.carried_rows()}
    assert {f"settlement.second_person.{act}_above" for act in ("assign_line", "release_due", "settle_payout")} <= rows
