"""Distributions taken back: every balance is restored, what was paid is owed back, and later lines are set off."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from techmarket.db.session import count_statements
from techmarket.kernel.ids import new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.ledger import steps as ledger
from techmarket.revenue import errors, service, statement
from techmarket.revenue.case import Group, GroupShare, Share
from techmarket.revenue.lifecycle import ClaimState, DistributionState, LineState
from techmarket.rulebook import service as rulebook
from techmarket.rulebook.rules import Binding, Evidence, RuleUnit
from techmarket.rulebook.service import RuleDraft
from techmarket.settlement import service as settlement
from techmarket.settlement import steps as settlement_steps
from tests.notices.make import an_evidence, move_to, shanghai
from tests.revenue.make_licence import (
    POSTED,
    a_licence,
    a_published_distribution,
    a_signed_table,
    receive_entry_fee,
    trusted,
)
from tests.settlement.make import a_message, from_the_bank, sheet

RECEIPT = "cd" * 32


async def paid_entry_fee(licence, confirmed=5):
    """The entry fee distributed and instructed, and so many lines confirmed: 351,645.00 main, 20,685.00, 41,370.00."""
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    if published.fund_due_id is not None:
        async with licence.tx.read() as db:
            due = await settlement_steps.get_due(db, published.fund_due_id)
        await from_the_bank(licence.tx, licence.keys, await a_message(licence.tx, due))
    await move_to(licence.tx, shanghai(2026, 4, 8))
    paid = await service.pay_distribution(licence.tx, licence.unit.actor, published.id)
    for line in paid.lines[:confirmed]:
        await service.confirm_payroll(licence.tx, licence.unit.actor, line.id)
    return paid


async def books(licence):
    return await sheet(licence.tx, ledger.book_of_unit(licence.unit.actor.org))


async def again(licence):
    """The income of the entry fee is split and published anew and instructed."""
    unit = licence.unit.actor
    drafted = await service.draft_distribution(licence.tx, unit, licence.id)
    await service.publish_distribution(licence.tx, unit, drafted.id, posted_sha256=POSTED)
    await move_to(licence.tx, shanghai(2026, 5, 6))
    return await service.pay_distribution(licence.tx, unit, drafted.id)


async def claims_of(licence):
    return (await service.list_claims(licence.tx, licence.unit.actor, cursor=None, limit=50)).items


async def test_taking_back_what_was_only_instructed_restores_every_balance(tx, keys):
    licence = await a_licence(tx, keys)
    paid = await paid_entry_fee(licence, confirmed=0)
    assert await books(licence) == {"EXPENSE": -413_700_00, "PAYABLE": 413_700_00}
    with pytest.raises(errors.PaidAlready):
        await service.reverse_distribution(tx, licence.unit.actor, paid.id)
    back = await service.reverse_distribution(tx, licence.unit.actor, paid.id, claw_back=True)
    assert {line.state for line in back.lines} == {LineState.CANCELLED}
    assert await books(licence) == {}
    assert await claims_of(licence) == []
    open_books = await service.get_books(tx, licence.unit.actor, licence.id)
    assert (open_books.open_income.minor, open_books.open_costs.minor) == (600_000_00, 9_000_00)
    async with tx.read() as db:
        assert await ledger.is_balanced(db, ledger.book_of_unit(licence.unit.actor.org))


async def test_what_was_paid_is_owed_back_and_kept_of_the_next_lines_until_all_is_as_it_was(tx, keys):
    licence = await a_licence(tx, keys)
    paid = await paid_entry_fee(licence, confirmed=2)
    back = await service.reverse_distribution(tx, licence.unit.actor, paid.id, claw_back=True)
    assert back.state is DistributionState.REVERSED
    assert [line.state for line in back.lines] == [LineState.RECLAIMED] * 2 + [LineState.CANCELLED] * 3
    gone = 175_822_50 + 105_493_50
    assert await books(licence) == {"BANK": gone, "RECEIVABLE": -gone}
    claims = await claims_of(licence)
    assert sorted((claim.amount.minor, claim.state) for claim in claims) == [
        (105_493_50, ClaimState.OPEN),
        (175_822_50, ClaimState.OPEN),
    ]
    anew = await again(licence)
    # The same lines again: A and B have theirs already, so nothing more is paid to them.
    assert [(line.amount.minor, line.offset.minor, line.state) for line in anew.lines] == [
        (175_822_50, 175_822_50, LineState.PAID),
        (105_493_50, 105_493_50, LineState.PAID),
        (70_329_00, 0, LineState.INSTRUCTED),
        (20_685_00, 0, LineState.INSTRUCTED),
        (41_370_00, 0, LineState.INSTRUCTED),
    ]
    assert {claim.state for claim in await claims_of(licence)} == {ClaimState.SETTLED}
    for line in anew.lines[2:]:
        await service.confirm_payroll(tx, licence.unit.actor, line.id)
    assert await books(licence) == {"EXPENSE": -413_700_00, "BANK": 413_700_00}
    assert (await service.get_distribution(tx, licence.unit.actor, anew.id)).state is DistributionState.PAID


async def test_a_claim_is_kept_of_later_income_only_as_far_as_the_line_goes_and_comes_back_with_it(tx, keys):
    licence = await a_licence(tx, keys)
    paid = await paid_entry_fee(licence, confirmed=1)
    await service.reverse_distribution(tx, licence.unit.actor, paid.id, claw_back=True)
    # Costs leave little of the entry fee, so that A's new line is smaller than what she owes.
    facts = {"evidence": "invoice", "evidence_sha256": None, "incurred_on": shanghai(2026, 4, 8).date()}
    await service.add_cost(tx, licence.unit.actor, licence.id, kind="tax", minor=581_000_00, **facts)
    anew = await again(licence)
    assert [(line.amount.minor, line.offset.minor) for line in anew.lines[:2]] == [(2_975_00, 2_975_00), (1_785_00, 0)]
    (claim,) = await claims_of(licence)
    assert (claim.settled.minor, claim.state) == (2_975_00, ClaimState.OPEN)
    back = await service.reverse_distribution(tx, licence.unit.actor, anew.id, claw_back=True)
    assert {line.state for line in back.lines} == {LineState.RECLAIMED, LineState.CANCELLED}
    (claim,) = await claims_of(licence)
    assert (claim.settled.minor, claim.state) == (0, ClaimState.OPEN)
    assert await books(licence) == {"BANK": 175_822_50, "RECEIVABLE": -175_822_50}


async def test_money_paid_back_settles_a_claim_and_no_more_than_is_owed_is_taken(tx, keys):
    licence = await a_licence(tx, keys)
    paid = await paid_entry_fee(licence, confirmed=1)
    await service.reverse_distribution(tx, licence.unit.actor, paid.id, claw_back=True)
    (claim,) = await claims_of(licence)
    unit = licence.unit.actor
    await an_evidence(tx, unit, RECEIPT)
    with pytest.raises(errors.NothingToRepay):
        await service.take_repayment(tx, unit, claim.id, minor=175_822_51, evidence_sha256=RECEIPT)
    await service.take_repayment(tx, unit, claim.id, minor=175_000_00, evidence_sha256=RECEIPT)
    done = await service.take_repayment(tx, unit, claim.id, minor=822_50, evidence_sha256=RECEIPT)
    assert (done.state, done.settled.minor) == (ClaimState.SETTLED, 175_822_50)
    assert await books(licence) == {}
    with pytest.raises(NotInThisState):
        await service.take_repayment(tx, unit, claim.id, minor=1, evidence_sha256=RECEIPT)


async def test_who_owes_back_reads_it_and_nobody_else_does(tx, keys):
    licence = await a_licence(tx, keys)
    paid = await paid_entry_fee(licence, confirmed=2)
    await service.reverse_distribution(tx, licence.unit.actor, paid.id, claw_back=True)
    anna, bert, carla = (inventor.actor for inventor in licence.inventors)
    for who, owed in ((anna, [175_822_50]), (bert, [105_493_50]), (carla, []), (licence.buyer.actor, [])):
        page = await service.list_claims(tx, who, cursor=None, limit=20)
        assert [claim.amount.minor for claim in page.items] == owed
    (claim,) = (await service.list_claims(tx, anna, cursor=None, limit=20)).items
    for who in (anna, licence.buyer.actor):
        with pytest.raises(NotFound):
            await service.take_repayment(tx, who, claim.id, minor=1, evidence_sha256=RECEIPT)


async def test_two_reversals_at_once_make_one_claim_per_line(tx, keys):
    licence = await a_licence(tx, keys)
    paid = await paid_entry_fee(licence)
    unit = licence.unit.actor
    done = await asyncio.gather(
        *[service.reverse_distribution(tx, unit, paid.id, claw_back=True) for _ in range(4)], return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["DistributionView"] + ["NotInThisState"] * 3
    assert len(await claims_of(licence)) == 5
    assert await books(licence) == {"BANK": 413_700_00, "RECEIVABLE": -413_700_00}


async def by_escrow(licence):
    """A row of the unit's own: the market pays its rewards out of its escrow."""
    await rulebook.add_rule(
        licence.tx,
        licence.market["operator"].actor,
        RuleDraft(
            key="reward.channel",
            jurisdiction="CN",
            scope=f"unit:{licence.unit.actor.org}",
            mode=None,
            applies_to="any",
            binding=Binding.DEFAULT,
            base=None,
            value="escrow",
            unit=RuleUnit.TEXT,
            source="Sample agreement with the market / 示例协议",
            evidence=Evidence.PRACTICE,
            effective_from=shanghai(2020, 1, 1).date(),
            effective_to=None,
        ),
    )


async def test_by_escrow_the_unit_s_book_tells_what_left_and_a_payout_that_comes_back_opens_its_line(tx, keys):
    licence = await a_licence(tx, keys)
    await by_escrow(licence)
    paid = await paid_entry_fee(licence, confirmed=0)
    finance, unit = licence.market["finance"].actor, licence.unit.actor
    assert {line.state for line in paid.lines} == {LineState.INSTRUCTED}
    with pytest.raises(errors.ChannelConfirmsItself):
        await service.confirm_payroll(tx, unit, paid.lines[0].id)
    for line in paid.lines:
        await settlement.settle_payout(tx, finance, line.payout_id, is_confirmed=True, bank_reference=str(line.n))
        assert await service.settle_line(tx, line.payout_id) is True
        assert await service.settle_line(tx, line.payout_id) is False
    assert await books(licence) == {"EXPENSE": -413_700_00, "BANK": 413_700_00}
    assert (await service.get_distribution(tx, unit, paid.id)).state is DistributionState.PAID
    first = paid.lines[0]
    async with tx.begin() as db:
        await settlement_steps.return_payout(db, first.payout_id, actor=finance)
    assert await service.settle_line(tx, first.payout_id) is True
    after = await service.get_distribution(tx, unit, paid.id)
    assert (after.state, after.lines[0].state) == (DistributionState.PAYABLE, LineState.OPEN)
    assert await books(licence) == {"EXPENSE": -237_877_50, "BANK": 237_877_50}
    once_more = await service.pay_distribution(tx, unit, paid.id)
    assert once_more.lines[0].state is LineState.INSTRUCTED
    assert once_more.lines[0].payout_id != first.payout_id


async def test_what_the_bank_was_told_to_pay_is_not_taken_back_before_its_answer(tx, keys):
    licence = await a_licence(tx, keys)
    await by_escrow(licence)
    paid = await paid_entry_fee(licence, confirmed=0)
    await settlement.send_payout(tx, licence.market["finance"].actor, paid.lines[0].payout_id)
    with pytest.raises(errors.PayoutUnderway):
        await service.reverse_distribution(tx, licence.unit.actor, paid.id, claw_back=True)
    async with tx.read() as db:
        count = (await db.execute(text("SELECT count(*) FROM payout WHERE state = 'FAILED'"))).scalar_one()
    assert count == 0


async def test_what_was_paid_in_for_lines_that_are_set_off_goes_back_to_the_unit_with_the_last_line(tx, keys):
    licence = await a_licence(tx, keys)
    await by_escrow(licence)
    paid = await paid_entry_fee(licence, confirmed=0)
    finance, unit = licence.market["finance"].actor, licence.unit.actor

    async def settle(lines):
        for line in lines:
            await settlement.settle_payout(tx, finance, line.payout_id, is_confirmed=True, bank_reference=str(line.id))
            await service.settle_line(tx, line.payout_id)

    await settle(paid.lines[:2])
    await service.reverse_distribution(tx, unit, paid.id, claw_back=True)
    drafted = await service.draft_distribution(tx, unit, licence.id)
    anew = await service.publish_distribution(tx, unit, drafted.id, posted_sha256=POSTED)
    async with tx.read() as db:
        due = await settlement_steps.get_due(db, anew.fund_due_id)
    await from_the_bank(tx, keys, await a_message(tx, due))
    await move_to(tx, shanghai(2026, 5, 6))
    anew = await service.pay_distribution(tx, unit, anew.id)
    back = text("SELECT minor FROM payout WHERE why = :why AND org_id = :org AND state = 'INSTRUCTED'")
    about = {"why": f"distribution:{anew.id}", "org": unit.org}
    async with tx.read() as db:
        assert (await db.execute(back, about)).scalars().all() == []
    await settle(anew.lines[2:])
    # A's 175,822.50 and B's 105,493.50 were set off.
    async with tx.read() as db:
        assert (await db.execute(back, about)).scalars().all() == [281_316_00]
    assert (await service.get_distribution(tx, unit, anew.id)).state is DistributionState.PAID


async def test_what_the_unit_paid_in_for_a_distribution_that_is_taken_back_goes_back_to_it(tx, keys):
    licence = await a_licence(tx, keys)
    await by_escrow(licence)
    paid = await paid_entry_fee(licence, confirmed=0)
    finance, unit = licence.market["finance"].actor, licence.unit.actor
    first = paid.lines[0]
    await settlement.settle_payout(tx, finance, first.payout_id, is_confirmed=True, bank_reference="1")
    await service.settle_line(tx, first.payout_id)
    await service.reverse_distribution(tx, unit, paid.id, claw_back=True)
    back = text("SELECT minor FROM payout WHERE why = :why AND state = 'INSTRUCTED'")
    async with tx.read() as db:
        told = (await db.execute(back, {"why": f"due:{paid.fund_due_id}"})).scalars().all()
    assert told == [413_700_00 - 175_822_50]


async def test_what_was_not_paid_in_is_asked_for_no_more_and_what_was_goes_back_whole(tx, keys):
    licence = await a_licence(tx, keys)
    await by_escrow(licence)
    await a_signed_table(licence)
    unit, back = licence.unit.actor, text("SELECT minor FROM payout WHERE why = :why AND state = 'INSTRUCTED'")
    first = await a_published_distribution(licence)
    await service.reverse_distribution(tx, unit, first.id)
    drafted = await service.draft_distribution(tx, unit, licence.id)
    second = await service.publish_distribution(tx, unit, drafted.id, posted_sha256=POSTED)
    async with tx.read() as db:
        assert (await settlement_steps.get_due(db, first.fund_due_id)).state is settlement_steps.DueState.CANCELLED
        due = await settlement_steps.get_due(db, second.fund_due_id)
    await from_the_bank(tx, keys, await a_message(tx, due))
    await service.reverse_distribution(tx, unit, second.id)
    async with tx.read() as db:
        told = [(await db.execute(back, {"why": f"due:{one.fund_due_id}"})).scalars().all() for one in (first, second)]
    assert told == [[], [413_700_00]]


async def test_a_statement_stays_readable_when_its_distribution_was_taken_back(tx, keys):
    licence = await a_licence(tx, keys)
    paid = await paid_entry_fee(licence, confirmed=1)
    await service.reverse_distribution(tx, licence.unit.actor, paid.id, claw_back=True)
    for number, state in ((0, LineState.RECLAIMED), (1, LineState.CANCELLED)):
        me = licence.inventors[number].actor
        shown = await service.get_statement(tx, me, paid.id, me.person)
        assert (shown.state, shown.amount.minor) == (DistributionState.REVERSED, 0)
        assert [line.state for line in shown.lines] == [state]
        file = await service.get_statement_file(tx, keys, me, paid.id, me.person)
        assert statement.check_file(file.body, trusted(keys)).checked[-2:] == ("line", "cents")
        listed = (await service.list_statements(tx, me, cursor=None, limit=5)).items
        assert [(card.distribution_id, card.amount.minor) for card in listed] == [(paid.id, 0)]
    # One that was taken back before it was published was never anybody's to read.
    drafted = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    await service.reverse_distribution(tx, licence.unit.actor, drafted.id)
    me = licence.inventors[0].actor
    with pytest.raises(NotFound):
        await service.get_statement(tx, me, drafted.id, me.person)
    assert len((await service.list_statements(tx, me, cursor=None, limit=5)).items) == 1


async def test_many_lines_are_taken_back_by_as_many_statements_as_few(tx, keys):
    licence = await a_licence(tx, keys)
    sent = {}
    for people in (2, 40):
        helpers = [new_id() for _ in range(people)]
        async with tx.begin() as db:
            await db.execute(
                text("INSERT INTO person (id, name) SELECT unnest(cast(:ids AS uuid[])), 'Sample helper'"),
                {"ids": helpers},
            )
        others = GroupShare(Group.OTHERS, Decimal(10), tuple(Share(str(one), Decimal(1)) for one in helpers))
        table = licence.table()
        await a_signed_table(licence, replace(table, groups=(*table.groups[:2], others)))
        if people == 2:
            published = await a_published_distribution(licence)
        else:
            drafted = await service.draft_distribution(tx, licence.unit.actor, licence.id)
            published = await service.publish_distribution(tx, licence.unit.actor, drafted.id, posted_sha256=POSTED)
        await move_to(tx, shanghai(2026, 4 if people == 2 else 5, 8))
        paid = await service.pay_distribution(tx, licence.unit.actor, published.id)
        for line in paid.lines[4:6]:
            await service.confirm_payroll(tx, licence.unit.actor, line.id)
        counted = count_statements(tx.engine)
        back = await service.reverse_distribution(tx, licence.unit.actor, published.id, claw_back=True)
        sent[people] = len(counted)
        states = [line.state for line in back.lines]
        assert (states.count(LineState.RECLAIMED), states.count(LineState.CANCELLED)) == (2, people + 2)
    assert set(await books(licence)) == {"BANK", "RECEIVABLE"}
    assert sent[40] <= sent[2] + 3


async def test_whatever_was_done_before_taking_all_back_restores_every_balance(tx, keys):
    """Four walks by chance over a licence: costs, splits, payments, confirmations, set-offs, repayments, reversals."""
    licence = await a_licence(tx, keys)
    unit, chance = licence.unit.actor, random.Random(20261130)
    await an_evidence(tx, unit, RECEIPT)
    await a_signed_table(licence)
    await receive_entry_fee(licence)
    day = shanghai(2026, 3, 20, 10)
    for walk in range(4):
        facts = {"evidence": f"invoice {walk}", "evidence_sha256": None, "incurred_on": day.date()}
        cost = await service.add_cost(tx, unit, licence.id, kind="tax", minor=chance.randrange(1, 590_000_00), **facts)
        owed = sum(claim.amount.minor - claim.settled.minor for claim in await claims_of(licence))
        before = await books(licence)
        drafted = await service.draft_distribution(tx, unit, licence.id)
        await service.publish_distribution(tx, unit, drafted.id, posted_sha256=POSTED)
        day += timedelta(days=40)
        await move_to(tx, day)
        paid = await service.pay_distribution(tx, unit, drafted.id)
        instructed = [line for line in paid.lines if line.state is LineState.INSTRUCTED]
        gone = chance.sample(instructed, chance.randrange(len(instructed) + 1))
        for line in gone:
            await service.confirm_payroll(tx, unit, line.id)
        await service.reverse_distribution(tx, unit, drafted.id, claw_back=True)
        left = sum(line.amount.minor - line.offset.minor for line in gone)
        after = await books(licence)
        # What has left the bank is owed back, and nothing else has changed.
        moved = {name: after.get(name, 0) - before.get(name, 0) for name in {*after, *before}}
        assert {name: minor for name, minor in moved.items() if minor} == (
            {"BANK": left, "RECEIVABLE": -left} if left else {}
        )
        claims = await claims_of(licence)
        assert sum(claim.amount.minor - claim.settled.minor for claim in claims) == owed + left
        for claim in chance.sample(claims, len(claims) // 3):
            open_minor = claim.amount.minor - claim.settled.minor
            if open_minor:
                await service.take_repayment(tx, unit, claim.id, minor=open_minor, evidence_sha256=RECEIPT)
        await service.withdraw_cost(tx, unit, cost.id)
        open_books = await service.get_books(tx, unit, licence.id)
        assert (open_books.open_income.minor, open_books.open_costs.minor) == (600_000_00, 9_000_00)
    async with tx.read() as db:
        assert await ledger.is_balanced(db, ledger.book_of_unit(unit.org))
