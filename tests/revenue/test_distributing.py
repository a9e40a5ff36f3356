"""Distribution and payment: once, under a table that all have signed, after the notice, also when many act at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from techmarket.contracts import service as contracts
from techmarket.identity.actor import Role
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.ledger import steps as ledger
from techmarket.notices import errors as notice_errors
from techmarket.notices.events import NoticeEnded
from techmarket.notices.lifecycle import NoticeState
from techmarket.notices.tables import Notice
from techmarket.revenue import errors, jobs, service
from techmarket.revenue.lifecycle import DistributionState, LineState, TableState
from tests.identity.make import a_member
from tests.notices.make import hang, move_to, put_in_its_place, shanghai
from tests.revenue.looking import after_the_notice, amounts, count, reload, states, together
from tests.revenue.make_licence import (
    POSTED,
    a_licence,
    a_published_distribution,
    a_signed_table,
    a_table,
    receive_entry_fee,
    sign,
)
from tests.settlement.make import sheet


async def test_one_income_is_in_one_distribution_also_when_many_are_drafted_at_once(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    await receive_entry_fee(licence)
    done = await together(tx, *[service.draft_distribution(tx, licence.unit.actor, licence.id) for _ in range(6)])
    assert sorted(type(one).__name__ for one in done) == ["DistributionView"] + ["NoIncome"] * 5
    assert (await count(tx, "distribution"), await count(tx, "distribution_line")) == (1, 5)


async def test_each_line_is_instructed_once_also_when_many_pay_at_once(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    await after_the_notice(licence)
    done = await together(tx, *[service.pay_distribution(tx, licence.unit.actor, published.id) for _ in range(5)])
    assert sorted(type(one).__name__ for one in done) == ["DistributionView"] + ["NothingPayable"] * 4
    assert await count(tx, "payout WHERE channel = 'PAYROLL'") == 5
    assert await sheet(tx, ledger.book_of_unit(licence.unit.actor.org)) == {
        "EXPENSE": -published.reward.minor,
        "PAYABLE": published.reward.minor,
    }


async def test_a_signature_and_a_new_table_at_once_leave_one_of_the_two_standing(tx, keys):
    licence = await a_licence(tx, keys)
    for _ in range(4):
        table = await sign(licence, await a_table(licence), 0, 1)
        signed, drafted = await together(tx, sign(licence, table, 2), a_table(licence))
        assert not isinstance(drafted, BaseException)
        now = (await service.get_share_table(tx, licence.unit.actor, table.id)).state
        if isinstance(signed, BaseException):
            assert (type(signed), now) == (NotInThisState, TableState.REPLACED)
        else:
            assert now is TableState.SIGNED
        assert await count(tx, "share_table WHERE state = 'SIGNED'") <= 1
        assert await count(tx, "share_table WHERE state IN ('DRAFT', 'SIGNING')") == 1


async def test_the_last_signature_waits_for_a_table_that_is_being_replaced_and_is_then_refused(tx, keys):
    licence = await a_licence(tx, keys)
    table = await sign(licence, await a_table(licence), 0, 1)
    async with tx.begin() as db:
        await db.execute(text("UPDATE share_table SET state = 'REPLACED' WHERE id = :id"), {"id": table.id})
        signing = asyncio.create_task(sign(licence, table, 2))
        await asyncio.sleep(0.5)
        assert not signing.done()
    with pytest.raises(NotInThisState):
        await signing
    assert (await service.get_share_table(tx, licence.unit.actor, table.id)).signed == 2


async def test_a_payment_waits_for_a_table_that_is_being_replaced_and_is_then_refused(tx, keys):
    licence = await a_licence(tx, keys)
    table = await a_signed_table(licence)
    published = await a_published_distribution(licence)
    await after_the_notice(licence)
    async with tx.begin() as db:
        await db.execute(text("UPDATE share_table SET state = 'REPLACED' WHERE id = :id"), {"id": table.id})
        paying = asyncio.create_task(service.pay_distribution(tx, licence.unit.actor, published.id))
        await asyncio.sleep(0.5)
        assert not paying.done()
    with pytest.raises(errors.TableReplaced):
        await paying
    assert await count(tx, "payout WHERE channel = 'PAYROLL'") == 0


async def test_a_payment_and_a_reversal_at_once_never_both_happen(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    await after_the_notice(licence)
    paid, back = await together(
        tx,
        service.pay_distribution(tx, licence.unit.actor, published.id),
        service.reverse_distribution(tx, licence.unit.actor, published.id),
    )
    instructed = await count(tx, "payout WHERE channel = 'PAYROLL'")
    if isinstance(back, errors.PaidAlready):
        assert (instructed, await count(tx, "income WHERE distribution_id IS NULL")) == (5, 0)
    else:
        assert isinstance(paid, NotInThisState)
        assert (instructed, await count(tx, "income WHERE distribution_id IS NULL")) == (0, 1)


async def test_payment_waits_for_the_end_of_the_reward_list(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    await receive_entry_fee(licence)
    drafted = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    with pytest.raises(NotInThisState):
        await service.pay_distribution(tx, licence.unit.actor, drafted.id)
    published = await service.publish_distribution(tx, licence.unit.actor, drafted.id)
    async with tx.read() as db:  # whoever gets something decides no objection to it
        favoured = (await db.get_one(Notice, published.notice_id)).favoured_ids
    assert favoured == sorted({line.person_id for line in published.lines if line.person_id is not None}) != []
    with pytest.raises(notice_errors.NotStarted):
        await service.pay_distribution(tx, licence.unit.actor, drafted.id)
    await hang(tx, licence.unit.actor, published.notice_id)
    officer = (await a_member(tx, licence.unit.actor, Role.LISTING_OFFICER)).actor
    again = (await put_in_its_place(tx, officer, published.notice_id, note_zh="示例说明")).line
    told = NoticeEnded(published.notice_id, again.subject, again.kind, NoticeState.REPLACED)
    await jobs.follow_notice(SimpleNamespace(tx=tx), told)
    assert (await reload(licence, drafted)).notice_id == again.id
    await hang(tx, licence.unit.actor, again.id)
    await move_to(tx, shanghai(2026, 4, 7, 23, 59, 30))
    with pytest.raises(notice_errors.StillRunning):
        await service.pay_distribution(tx, licence.unit.actor, drafted.id)
    assert set(states(await reload(licence, drafted))) == {LineState.OPEN}
    await after_the_notice(licence)
    await service.pay_distribution(tx, licence.unit.actor, drafted.id)


async def test_a_reward_list_that_has_stood_its_time_makes_the_distribution_payable_once(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    await after_the_notice(licence)
    assert await service.clear_distribution(tx, published.notice_id) is True
    assert await service.clear_distribution(tx, published.notice_id) is False
    assert (await reload(licence, published)).state is DistributionState.PAYABLE


async def test_a_distribution_is_taken_back_only_while_nothing_is_instructed(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    back = await service.reverse_distribution(tx, licence.unit.actor, published.id)
    assert (back.state, set(states(back))) == (DistributionState.REVERSED, {LineState.CANCELLED})
    again = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert amounts(again) == amounts(published)
    published = await service.publish_distribution(tx, licence.unit.actor, again.id, posted_sha256=POSTED)
    await after_the_notice(licence)
    await service.pay_distribution(tx, licence.unit.actor, published.id)
    with pytest.raises(errors.PaidAlready):
        await service.reverse_distribution(tx, licence.unit.actor, published.id)
    assert (await reload(licence, published)).state is DistributionState.PAYABLE


async def test_half_counts_as_wage_only_if_the_contract_is_registered_on_the_day_of_payment(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    assert [line.wage_base for line in published.lines] == [line.amount for line in published.lines]
    registration = await contracts.file_registration(
        tx,
        licence.unit.actor,
        licence.id,
        contract_class=licence.contract.type,
        whole_minor=600_000_00,
        technology_minor=600_000_00,
    )
    registrar = licence.market["registrar"].actor
    await contracts.decide_registration(tx, registrar, registration.id, number="20263301000001")
    await after_the_notice(licence)
    paid = await service.pay_distribution(tx, licence.unit.actor, published.id)
    assert amounts(paid) == amounts(published)
    assert [line.wage_base.minor for line in paid.lines] == [(line.amount.minor + 1) // 2 for line in paid.lines]
    statement = await service.get_statement(
        tx, licence.inventors[0].actor, published.id, licence.inventors[0].actor.person
    )
    assert {flag["tax"]: flag["value"] for flag in statement.flags}["iit"] == "HALF"


async def test_who_has_waived_her_part_gets_no_line(tx, keys):
    licence = await a_licence(tx, keys)
    whole = licence.table()
    people = (*whole.groups[0].people[:2], replace(whole.groups[0].people[2], weight=Decimal(0)))
    table = replace(whole, groups=(replace(whole.groups[0], people=people), *whole.groups[1:]))
    await a_signed_table(licence, table)
    await receive_entry_fee(licence)
    drafted = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert [line.n for line in drafted.lines] == [1, 2, 4, 5]
    assert sum(amounts(drafted)) == drafted.reward.minor
