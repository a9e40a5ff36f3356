"""Income of every kind: shares, money of shares, profit by year, several units; and when its reward is due."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.revenue import errors, incomes, service
from techmarket.revenue.case import Group, GroupShare, Mode, Share
from techmarket.revenue.incomes import Entered, EnteredIncome, Holder
from techmarket.revenue.lifecycle import DistributionState, LineState
from tests.notices.make import an_evidence, move_to, shanghai
from tests.revenue.make_licence import (
    POSTED,
    a_licence,
    a_signed_table,
    receive_entry_fee,
)

STAKE = EnteredIncome(Entered.EQUITY, Mode.EQUITY, 3_000_000_00, capital_minor=10_000_000_00)
PROOF = "fa" * 32


def a_profit(year, minor=2_345_678_91, first=2026, mode=Mode.SELF_IMPLEMENTATION):
    return EnteredIncome(Entered.PROFIT, mode, minor, year, first)


@pytest.mark.parametrize(
    ("one", "on_contract"),
    [
        (a_profit(2026), True),
        (replace(a_profit(2026), mode=Mode.EQUITY), False),
        (replace(a_profit(2026), year=None), False),
        (a_profit(2025), False),
        (replace(STAKE, capital_minor=None), True),
        (replace(STAKE, capital_minor=2_999_999_99), True),
        (replace(STAKE, mode=Mode.LICENCE), True),
        (replace(STAKE, year=2026), True),
    ],
)
def test_income_that_does_not_hold_together_is_refused(one, on_contract):
    with pytest.raises(errors.IncomeMalformed):
        incomes.check_entered(one, on_contract=on_contract)


def test_each_unit_has_its_part_by_title_and_what_people_hold_comes_out_of_their_unit_s():
    titled = incomes.units_of_title(
        1, [Holder(1, Decimal("0.06")), Holder(None, Decimal("0.54")), Holder(2, Decimal("0.4"))]
    )
    assert titled == {1: Decimal("0.60"), 2: Decimal("0.4")}
    assert incomes.split_between(600_000_01, incomes.parts_of_units(2, [titled])) == {2: 240_000_00, 1: 360_000_01}
    # Owned differently, or the payee owns nothing: all of it is the payee's.
    assert incomes.parts_of_units(1, [titled, {1: Decimal(1)}]) == {1: Decimal(1)}
    assert incomes.parts_of_units(3, [titled]) == {3: Decimal(1)}


@given(st.integers(0, 10**13), st.lists(st.integers(1, 10**8), min_size=1, max_size=6))
def test_the_parts_of_the_units_sum_to_what_came_in(minor, shares):
    parts = {unit: Decimal(share) for unit, share in enumerate(shares)}
    assert sum(incomes.split_between(minor, parts).values()) == minor


def test_the_first_year_of_profit_counts():
    assert incomes.last_year(2026, 5) == 2030


async def enter(licence, income, *, on=date(2026, 3, 20), by=None, contract=True):
    await an_evidence(licence.tx, (by or licence.unit).actor, PROOF)
    where = {"contract_id": licence.id} if contract else {"achievement_id": licence.achievement_id}
    return await service.enter_income(
        licence.tx, (by or licence.unit).actor, **where, income=income, received_on=on, evidence_sha256=PROOF
    )


async def publish_and_pay(licence, drafted, *, day):
    unit = licence.unit.actor
    await service.publish_distribution(licence.tx, unit, drafted.id, posted_sha256=POSTED)
    await move_to(licence.tx, day)
    return await service.pay_distribution(licence.tx, unit, drafted.id)


async def a_signed_table_of_the_achievement(licence, table=None):
    drafted = await service.draft_share_table(
        licence.tx,
        licence.unit.actor,
        contract_id=None,
        achievement_id=licence.achievement_id,
        table=table or licence.table(),
    )
    await service.open_signing(licence.tx, licence.unit.actor, drafted.id)
    for inventor in licence.inventors:
        signed = await service.sign_share_table(
            licence.tx, inventor.actor, drafted.id, document_sha256=drafted.document_sha256
        )
    return signed


async def test_shares_are_split_as_parts_of_the_capital_and_given_by_registration_not_by_payroll(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    await enter(licence, STAKE)
    unit = licence.unit.actor
    drafted = await service.draft_distribution(tx, unit, licence.id, in_shares=True)
    # 30 % of the company; 70 % of that is 21 %, of which 85 % is 17.85 % for the inventors.
    assert (drafted.reward.minor, drafted.unit_part.minor) == (2_100_000_00, 900_000_00)
    assert [line.amount.minor for line in drafted.lines] == [892_500_00, 535_500_00, 357_000_00, 105_000_00, 210_000_00]
    assert {line.wage_base for line in drafted.lines} == {None}
    paid = await publish_and_pay(licence, drafted, day=shanghai(2026, 4, 8))
    assert ({line.state for line in paid.lines}, {line.payout_id for line in paid.lines}) == (
        {LineState.INSTRUCTED},
        {None},
    )
    with pytest.raises(errors.PaidInShares):
        await service.confirm_payroll(tx, unit, paid.lines[0].id)
    # While the unit holds the shares for all, a dividend is shared like them; it is money, and no wage.
    dividend = await enter(licence, EnteredIncome(Entered.DIVIDEND, Mode.EQUITY, 100_000_00))
    shared = await service.draft_distribution(tx, unit, licence.id, mode=Mode.EQUITY)
    assert (shared.in_shares, shared.reward.minor) == (False, 70_000_00)
    assert [flag["value"] for flag in shared.flags] == ["AS_SHAREHOLDER"]
    await service.reverse_distribution(tx, unit, shared.id)
    await service.withdraw_income(tx, unit, dividend.id)
    for line in paid.lines:
        await service.register_shares(tx, unit, line.id, proof_sha256=PROOF)
    assert (await service.get_distribution(tx, unit, paid.id)).state is DistributionState.PAID
    with pytest.raises(errors.SharesGivenOut):
        await enter(licence, EnteredIncome(Entered.DIVIDEND, Mode.EQUITY, 1_00))
    with pytest.raises(errors.SharesRegistered):
        await service.reverse_distribution(tx, unit, paid.id, claw_back=True)
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM payout WHERE channel = 'PAYROLL'"))).scalar_one() == 0


async def test_shares_that_were_sold_are_shared_after_the_cost_of_selling_them(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    with pytest.raises(errors.NoSharesHeld):
        await enter(licence, EnteredIncome(Entered.SHARE_DISPOSAL, Mode.EQUITY, 500_000_00))
    await enter(licence, STAKE)
    await enter(licence, EnteredIncome(Entered.SHARE_DISPOSAL, Mode.EQUITY, 500_000_00))
    facts = {"evidence": "invoice", "evidence_sha256": None, "incurred_on": date(2026, 3, 20)}
    await service.add_cost(tx, licence.unit.actor, licence.id, kind="intermediary_fee", minor=10_000_00, **facts)
    sold = await service.draft_distribution(tx, licence.unit.actor, licence.id, mode=Mode.EQUITY)
    assert (sold.net_income.minor, sold.reward.minor) == (490_000_00, 343_000_00)


async def test_profit_of_own_use_is_shared_year_by_year_for_as_long_as_the_rule_says(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table_of_the_achievement(licence)
    unit = licence.unit.actor
    await enter(licence, a_profit(2026), contract=False)
    with pytest.raises(errors.ProfitEntered):
        await enter(licence, a_profit(2026), contract=False)
    with pytest.raises(errors.FirstYearDiffers):
        await enter(licence, a_profit(2027, first=2027), contract=False)
    drafted = await service.draft_distribution(
        tx, unit, achievement_id=licence.achievement_id, mode=Mode.SELF_IMPLEMENTATION
    )
    # 5 % of 2,345,678.91, up to the cent: the 10 % of Zhejiang are permissive.
    assert (drafted.reward.minor, drafted.contract_id, drafted.mode) == (117_283_95, None, Mode.SELF_IMPLEMENTATION)
    paid = await publish_and_pay(licence, drafted, day=shanghai(2026, 4, 8))
    me = licence.inventors[0].actor
    statement = await service.get_statement(tx, me, paid.id, me.person)
    assert statement.amount == paid.lines[0].amount
    # The sixth year is after the last; only a table that names a rate itself gives more.
    await enter(licence, a_profit(2031), contract=False)
    own = {"achievement_id": licence.achievement_id, "mode": Mode.SELF_IMPLEMENTATION}
    with pytest.raises(errors.YearsOver) as refused:
        await service.draft_distribution(tx, unit, **own)
    assert (refused.value.facts["year"], refused.value.facts["last_year"]) == (2031, 2030)
    await a_signed_table_of_the_achievement(licence, licence.table(rate=Decimal("0.05")))
    assert (await service.draft_distribution(tx, unit, **own)).reward.minor == 117_283_95
    books = await service.get_books(tx, unit, achievement_id=licence.achievement_id)
    assert [(row.year, row.distribution_id is None) for row in books.income] == [(2026, False), (2031, False)]


async def test_income_of_a_contract_in_money_and_in_shares_never_meet_in_one_split(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    await receive_entry_fee(licence)
    await enter(licence, STAKE)
    unit = licence.unit.actor
    assert (await service.get_books(tx, unit, licence.id)).open_income.minor == 600_000_00
    money = await service.draft_distribution(tx, unit, licence.id)
    assert money.net_income.minor == 591_000_00
    with pytest.raises(errors.NoIncome):
        await service.draft_distribution(tx, unit, licence.id)
    shares = await service.draft_distribution(tx, unit, licence.id, in_shares=True)
    assert (shares.net_income.minor, shares.costs.minor) == (3_000_000_00, 0)


async def test_units_that_own_together_split_each_its_own_part_by_a_table_of_its_own_people(tx, keys):
    licence = await a_licence(tx, keys, co_owned=Decimal("0.4"))
    partner, dora = licence.partner.unit, licence.partner.inventor
    await receive_entry_fee(licence)
    lead, other = licence.unit.actor, partner.actor
    mine = await service.get_books(tx, lead, licence.id)
    theirs = await service.get_books(tx, other, licence.id)
    assert [(row.amount.minor, row.unit_id) for row in mine.income] == [(360_000_00, lead.org)]
    assert [(row.amount.minor, row.unit_id) for row in theirs.income] == [(240_000_00, other.org)]
    assert (mine.open_costs.minor, theirs.open_costs.minor) == (5_400_00, 3_600_00)
    await a_signed_table(licence)
    main = GroupShare(Group.MAIN, Decimal(85), (Share(str(dora.actor.person), Decimal(1)),))
    table = await service.draft_share_table(
        tx,
        other,
        contract_id=licence.id,
        achievement_id=None,
        table=replace(licence.table(), groups=(main, *licence.table().groups[1:])),
    )
    assert (table.unit_id, table.required) == (other.org, 1)
    await service.open_signing(tx, other, table.id)
    await service.sign_share_table(tx, dora.actor, table.id, document_sha256=table.document_sha256)
    ours = await service.draft_distribution(tx, lead, licence.id)
    hers = await service.draft_distribution(tx, other, licence.id)
    assert (ours.net_income.minor, ours.unit_id) == (354_600_00, lead.org)
    assert (hers.net_income.minor, hers.unit_id, hers.share_table_id) == (236_400_00, other.org, table.id)
    for reader, row in ((lead, hers), (other, ours)):
        with pytest.raises(NotFound):
            await service.get_distribution(tx, reader, row.id)
    with pytest.raises(NotFound):
        await service.get_books(tx, licence.buyer.actor, licence.id)


# --- deadlines ------------------------------------------------------------------------------------------------------


async def told(tx):
    async with tx.read() as db:
        rows = await db.execute(text("SELECT kind FROM journal_entry WHERE kind LIKE 'revenue.reward_%' ORDER BY id"))
        return [row[0] for row in rows]


async def terms(licence, by=None):
    page = await service.list_terms(licence.tx, by or licence.unit.actor, cursor=None, limit=10)
    return [(term.name, term.moved_to.isoformat(), term.standing) for term in page.items]


async def test_a_reward_is_told_to_be_due_before_its_day_and_once_after_it_and_never_when_it_is_paid(tx, keys):
    licence = await a_licence(tx, keys)
    await receive_entry_fee(licence)
    # Six months from 20 March end on a Sunday that is a make-up working day.
    assert await terms(licence) == [("reward_due", "2026-09-20", "OPEN"), ("iit_window", "2029-03-20", "OPEN")]
    assert await service.watch_terms(tx) == 0
    await move_to(tx, shanghai(2026, 8, 21))
    assert (await terms(licence))[0] == ("reward_due", "2026-09-20", "DUE_SOON")
    assert sorted(await asyncio.gather(service.watch_terms(tx), service.watch_terms(tx))) == [0, 1]
    assert await told(tx) == ["revenue.reward_due_soon"]
    await move_to(tx, shanghai(2026, 9, 20, 23, 59))
    assert await service.watch_terms(tx) == 0
    await move_to(tx, shanghai(2026, 9, 21))
    assert (await service.watch_terms(tx), await service.watch_terms(tx)) == (1, 0)
    assert await told(tx) == ["revenue.reward_due_soon", "revenue.reward_overdue"]
    assert (await terms(licence))[0] == ("reward_due", "2026-09-20", "OVERDUE")
    assert await terms(licence, licence.market["operator"].actor) == await terms(licence)
    for stranger in (licence.inventors[0].actor, licence.buyer.actor):
        assert await terms(licence, stranger) == []


async def test_what_is_paid_has_no_term_any_more(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    await receive_entry_fee(licence)
    drafted = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    paid = await publish_and_pay(licence, drafted, day=shanghai(2026, 4, 8))
    assert len(await terms(licence)) == 2
    for line in paid.lines:
        await service.confirm_payroll(tx, licence.unit.actor, line.id)
    assert await terms(licence) == []
    await move_to(tx, shanghai(2026, 9, 21))
    assert await service.watch_terms(tx) == 0
    with pytest.raises(NotInThisState):
        await service.confirm_payroll(tx, licence.unit.actor, paid.lines[0].id)
