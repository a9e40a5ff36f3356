"""Refunds go back the way the money came, and the invoices follow; a party's whole account can be read."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from techmarket.identity.actor import Role
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.ledger import service as ledger
from techmarket.settlement import errors, rules, service, steps
from techmarket.settlement.lifecycle import DueState, PayoutState
from techmarket.settlement.rules import HoldCause, InvoiceKind, Purpose
from techmarket.settlement.statements import CSV
from techmarket.settlement.views import DueView, MoneyActView
from tests.identity.make import a_market, a_member, an_organisation
from tests.settlement.make import Row, a_csv, a_due, a_message, a_paid_due, declared, escrow, from_the_bank, sheet

PRICE, FEE = 60_000_000, 900_000
REASONS = "Sample: the contract was declared void"


@pytest.fixture
async def payer(tx):
    return (await an_organisation(tx)).actor


@pytest.fixture
async def payee(tx):
    return (await an_organisation(tx)).actor


@pytest.fixture
async def first(tx, keys):
    return (await a_market(tx, keys))["finance"].actor


@pytest.fixture
async def second(tx, first):
    return (await a_member(tx, first, Role.FINANCE)).actor


async def refunded(tx, first, second, due) -> DueView:
    asked = await service.refund_due(tx, first, due.id, reasons=REASONS)
    assert isinstance(asked, MoneyActView)
    view = await service.refund_due(tx, second, due.id, reasons="in other words")
    assert isinstance(view, DueView)
    return view


async def payouts(tx, actor) -> list:
    return list((await service.list_payouts(tx, actor, state=None, cursor=None, limit=9)).items)


async def invoices(tx, actor) -> list:
    return list((await service.list_invoices(tx, actor, is_issued=None, cursor=None, limit=9)).items)


async def test_money_that_was_not_released_goes_back_to_the_account_it_came_from(tx, keys, payer, payee, first, second):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=PRICE)
    view = await refunded(tx, first, second, due)
    assert (view.state, view.refund_due_id) == (DueState.REFUNDED, None)
    [back] = await payouts(tx, payer)
    assert (back.amount, back.to_account, back.why) == (Money(PRICE), "6222000000000000", f"refund:{due.id}")
    await service.settle_payout(tx, first, back.id, is_confirmed=True, bank_reference="B-1")
    assert await sheet(tx) == {}
    with pytest.raises(NotInThisState):
        await service.refund_due(tx, first, due.id, reasons=REASONS)


async def test_a_payout_that_the_bank_does_not_know_yet_is_caught_and_the_fee_given_back(
    tx, keys, payer, payee, first, second
):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=PRICE)
    await service.release_due(tx, first, due.id)
    await refunded(tx, first, second, due)
    assert [(one.state, one.amount) for one in await payouts(tx, payee)] == [(PayoutState.FAILED, Money(PRICE - FEE))]
    assert await sheet(tx) == {"BANK": -PRICE, "ESCROW": PRICE}
    assert await escrow(tx, payer.org) == (PRICE, 0)


async def test_what_the_payee_has_he_owes_back_and_the_payer_gets_all_of_it(tx, keys, payer, payee, first, second):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=PRICE)
    await service.release_due(tx, first, due.id)
    [out] = await payouts(tx, payee)
    await service.settle_payout(tx, first, out.id, is_confirmed=True, bank_reference="B-1")
    view = await refunded(tx, first, second, due)
    assert view.refund_due_id is not None
    async with tx.begin() as db:
        owed = await steps.get_due(db, view.refund_due_id)
        # Whoever holds the deal's money back because it is in dispute does not hold this back.
        await steps.hold_release(db, owed.subject, cause=HoldCause.DISPUTE, actor=None)
    assert (owed.payer_org, owed.payee_org, owed.purpose) == (payee.org, payer.org, Purpose.REFUND)
    assert (owed.minor, owed.outstanding_minor) == (PRICE, PRICE - FEE)
    await from_the_bank(tx, keys, await a_message(tx, owed, minor=PRICE - FEE))
    await service.release_due(tx, first, owed.id)
    [back] = await payouts(tx, payer)
    assert (back.amount, back.to_account) == (Money(PRICE), "6222000000000000")
    await service.settle_payout(tx, first, back.id, is_confirmed=True, bank_reference="B-2")
    assert await sheet(tx) == {}


async def test_a_payout_that_failed_is_not_renewed_once_its_due_was_refunded(tx, keys, payer, payee, first, second):
    subject = Ref("contract", new_id())
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=PRICE, subject=subject)
    await service.release_due(tx, first, due.id)
    await refunded(tx, first, second, due)
    await a_paid_due(tx, keys, payer=payee.org, minor=PRICE)  # other money that would pay it
    [caught] = await payouts(tx, payee)
    with pytest.raises(errors.ReasonGone):
        await service.renew_payout(tx, first, caught.id)
    assert await escrow(tx, payee.org) == (PRICE, PRICE)
    async with tx.read() as db:
        with pytest.raises(errors.DuesOpen) as refused:  # what went back is not paid any more
            await steps.require_paid(db, subject)
    assert refused.value.facts["references"] == [due.reference]


async def test_what_the_bank_could_not_pay_to_the_payee_goes_back_without_a_debt(tx, keys, payer, payee, first, second):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=PRICE)
    await service.release_due(tx, first, due.id)
    [out] = await payouts(tx, payee)
    await service.settle_payout(tx, first, out.id, is_confirmed=False, bank_reference="")
    view = await refunded(tx, first, second, due)
    assert view.refund_due_id is None
    assert (await escrow(tx, payer.org), await escrow(tx, payee.org)) == ((PRICE, 0), (0, 0))
    with pytest.raises(errors.ReasonGone):
        await service.renew_payout(tx, first, out.id)


async def test_what_the_room_itself_instructs_anew_is_not_renewed(tx, keys, payer, first):
    await a_paid_due(tx, keys, payer=payer.org, minor=PRICE)
    why = Ref("distribution_line", new_id())
    async with tx.begin() as db:
        payout_id = await steps.instruct_payout(
            db, org=payer.org, minor=100, channel=steps.Channel.ESCROW, why=why, actor=None
        )
        await steps.stop_payout(db, payout_id, actor=None)
    with pytest.raises(errors.ReasonGone):
        await service.renew_payout(tx, first, payout_id)
    async with tx.begin() as db:
        sent = await steps.instruct_payout(
            db, org=payer.org, minor=100, channel=steps.Channel.ESCROW, why=why, actor=None
        )
    await service.send_payout(tx, first, sent)
    with pytest.raises(NotInThisState):
        async with tx.begin() as db:
            await steps.stop_payout(db, sent, actor=None)


async def test_of_many_refunds_at_once_one_takes_place(tx, keys, payer, payee, first, second):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=PRICE)
    await service.refund_due(tx, first, due.id, reasons=REASONS)
    outcomes = await asyncio.gather(
        *[service.refund_due(tx, second, due.id, reasons=REASONS) for _ in range(5)], return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["DueView"] + ["NotInThisState"] * 4
    assert await escrow(tx, payer.org) == (PRICE, 0)


async def blocked(tx, count: int) -> None:
    """Until so many others wait for a lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(500):
        async with tx.read() as db:
            if (await db.execute(query)).scalar_one() >= count:
                return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_a_statement_and_a_refund_of_what_it_tells_of_are_one_after_the_other(
    tx, keys, payer, payee, first, second
):
    """The statement shows the payout of a due and a second payment of it, while the due is refunded: no deadlock."""
    due = await a_due(tx, payer=payer.org, payee=payee.org, minor=PRICE)
    message = await a_message(tx, due, message_id="B-1")
    await from_the_bank(tx, keys, message)
    await declared(tx, first)
    await service.release_due(tx, first, due.id)
    [payout] = await payouts(tx, payee)
    rows: list[Row] = [
        ("CREDIT", "B-1", Money(PRICE).amount, message.payer_account, message.payer_name, due.reference),
        ("DEBIT", "B-2", payout.amount.amount, "", "", str(payout.id)),
        ("CREDIT", "B-3", "1.00", message.payer_account, message.payer_name, due.reference),
    ]
    await service.refund_due(tx, first, due.id, reasons=REASONS)
    async with tx.begin() as db:  # somebody holds the payout until both have begun
        await db.execute(text("SELECT 1 FROM payout WHERE id = :id FOR UPDATE"), {"id": payout.id})
        statement = asyncio.create_task(service.upload_statement(tx, first, a_csv(rows), CSV))
        await blocked(tx, 1)
        refund = asyncio.create_task(service.refund_due(tx, second, due.id, reasons=REASONS))
        await blocked(tx, 2)
    view, undone = await asyncio.gather(statement, refund)
    # The payout had left by then, so the payee owes what he got; the second payment waits for a person.
    assert (view.payouts, view.taken, undone.state) == (1, 1, DueState.REFUNDED)
    assert [one.purpose for one in await dues_of(tx, payee)] == [Purpose.REFUND]
    assert (await sheet(tx))["SUSPENSE"] == 100


async def dues_of(tx, payer) -> list[DueView]:
    found = (await service.list_dues(tx, payer, state=None, subject=None, cursor=None, limit=9)).items
    return [one for one in found if one.payer_org == payer.org]


async def test_what_has_no_payee_or_is_itself_a_refund_is_not_refunded(tx, keys, payer, payee, first, second):
    deposit = await a_paid_due(tx, keys, payer=payer.org)
    await service.refund_due(tx, first, deposit.id, reasons=REASONS)
    with pytest.raises(errors.NothingToRefund):
        await service.refund_due(tx, second, deposit.id, reasons=REASONS)
    assert await escrow(tx, payer.org) == (15_000_000, 15_000_000)


async def test_a_deposit_that_is_paid_back_takes_the_way_it_came_unless_it_came_by_two(tx, keys, payer, first):
    one, two = await a_paid_due(tx, keys, payer=payer.org, minor=100), await a_due(tx, payer=payer.org, minor=100)
    for account in ("1", "2"):
        part = await from_the_bank(tx, keys, await a_message(tx, two, minor=50, payer_account=account))
        if part.due_id is None:
            await service.assign_line(tx, first, part.id, due_id=two.id)
    async with tx.begin() as db:
        for due in (one, two):
            await steps.instruct_payout(
                db,
                org=payer.org,
                minor=100,
                channel=steps.Channel.ESCROW,
                why=Ref("sample", new_id()),
                actor=None,
                back_of=due.id,
            )
    assert [payout.to_account for payout in await payouts(tx, payer)] == [None, "6222000000000000"]


# --- invoices ---


async def test_a_release_draws_up_the_invoice_of_the_fee_with_its_tax_and_tells_that_of_the_price(
    tx, keys, payer, payee, first
):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=PRICE)
    await service.release_due(tx, first, due.id)
    fee, deal = await invoices(tx, first)
    assert (fee.kind, fee.seller.org_id, fee.buyer.org_id) == (InvoiceKind.FEE, first.org, payee.org)
    assert (fee.amount, fee.tax_rate, fee.tax, fee.net) == (Money(FEE), "0.06", Money(50_943), Money(849_057))
    assert (deal.kind, deal.seller.org_id, deal.buyer.org_id) == (InvoiceKind.DEAL, payee.org, payer.org)
    assert (deal.amount, deal.tax_rate, deal.tax, deal.net) == (Money(PRICE), None, None, None)
    assert (deal.due_reference, deal.subject, deal.purpose) == (due.reference, str(due.subject), Purpose.PRICE)
    assert [one.kind for one in await invoices(tx, payer)] == [InvoiceKind.DEAL]
    assert await invoices(tx, (await an_organisation(tx)).actor) == []


async def test_the_seller_notes_the_number_once_and_corrects_what_was_issued_once(tx, keys, payer, payee, first):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=PRICE)
    await service.release_due(tx, first, due.id)
    fee, deal = await invoices(tx, first)
    on = date(2026, 3, 3)
    with pytest.raises(errors.InvoiceNotIssued):
        await service.correct_invoice(tx, first, fee.id, reasons="Sample")
    issued = await service.issue_invoice(tx, first, fee.id, number="26332000000000000001", issued_on=on)
    assert (issued.number, issued.issued_on) == ("26332000000000000001", on)
    with pytest.raises(errors.InvoiceIssuedAlready):
        await service.issue_invoice(tx, first, fee.id, number="26332000000000000002", issued_on=on)
    with pytest.raises(errors.InvoiceNumberTaken):
        await service.issue_invoice(tx, payee, deal.id, number="26332000000000000001", issued_on=on)
    red = await service.correct_invoice(tx, first, fee.id, reasons="Sample: the buyer's name")
    assert (red.corrects, red.amount, red.tax, red.reasons) == (
        fee.id,
        Money(-FEE),
        Money(-50_943),
        "Sample: the buyer's name",
    )
    with pytest.raises(errors.InvoiceNotIssued):
        await service.correct_invoice(tx, first, fee.id, reasons="Sample")
    assert sum(one.amount.minor for one in await invoices(tx, first) if one.kind is InvoiceKind.FEE) == FEE


async def test_only_the_seller_issues_and_corrects_and_strangers_find_nothing(tx, keys, payer, payee, first):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=PRICE)
    await service.release_due(tx, first, due.id)
    _, deal = await invoices(tx, first)
    for actor, refusal in ((payer, NotAllowed), (first, NotAllowed), ((await an_organisation(tx)).actor, NotFound)):
        with pytest.raises(refusal):
            await service.issue_invoice(tx, actor, deal.id, number="26332000000000000001", issued_on=date(2026, 3, 3))
        with pytest.raises(refusal):
            await service.correct_invoice(tx, actor, deal.id, reasons="Sample")


async def test_a_refund_takes_back_what_was_invoiced(tx, keys, payer, payee, first, second):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=PRICE)
    await service.release_due(tx, first, due.id)
    await refunded(tx, first, second, due)
    found = await invoices(tx, first)
    assert len(found) == 4
    for kind in InvoiceKind:
        assert sum(one.amount.minor for one in found if one.kind is kind) == 0


@given(minor=st.integers(1, 10**12), rate=st.sampled_from(["0.06", "0.01", "0.13", "0"]))
def test_net_and_tax_make_the_amount_and_the_tax_is_the_rate_of_the_net(minor, rate):
    tax = rules.tax_within(minor, Decimal(rate))
    net = minor - tax
    assert 0 <= tax <= minor
    assert abs(net * Decimal(rate) - tax) <= 1


# --- the statement of a party ---


async def test_a_partys_statement_is_all_its_accounts_as_one_and_adds_up(tx, keys, payer, payee, first):
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=PRICE)
    await a_paid_due(tx, keys, payer=payer.org, minor=500)
    await service.release_due(tx, first, due.id)
    span = {"first": date(2020, 1, 1), "last": date(2099, 1, 1), "cursor": None, "limit": 9}
    said = (await ledger.state_party(tx, payer, payer.org, **span)).period
    moved = [(line.code, line.amount.minor, line.balance.minor) for line in said.lines.items]
    assert moved == [
        ("bank.received", PRICE, PRICE),
        ("bank.received", 500, PRICE + 500),
        ("due.released", -PRICE, 500),
    ]
    assert (said.opening.minor, said.came_in.minor, said.went_out.minor, said.closing.minor) == (
        0,
        PRICE + 500,
        PRICE,
        500,
    )
    theirs = (await ledger.state_party(tx, first, payee.org, **span)).period
    assert [line.code for line in theirs.lines.items] == ["due.released", "fee.taken"]
    assert theirs.closing.minor == PRICE - FEE
    with pytest.raises(NotFound):
        await ledger.state_party(tx, payee, payer.org, **span)
