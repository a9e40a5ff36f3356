"""The book itself: loading, looking up, succeeding a row, and the work days."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from techmarket.db import clock
from techmarket.identity.actor import OrgKind, Role
from techmarket.identity.errors import OneHandBehindBoth
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.rulebook import errors, service, steps
from techmarket.rulebook.adding import put_rule
from techmarket.rulebook.lifecycle import ProposalState
from techmarket.rulebook.rules import Binding, Evidence, RuleUnit
from techmarket.rulebook.service import RuleDraft
from techmarket.rulebook.tables import RuleRow
from techmarket.rulebook.views import ProposalView
from tests.identity.make import a_market, a_member, an_organisation, vouch

ON = date(2026, 3, 2)


def draft(**changes: object) -> RuleDraft:
    plain: dict = {
        "key": "tariff.exchange_fee",
        "jurisdiction": "CN",
        "scope": "market",
        "mode": None,
        "applies_to": "any",
        "binding": Binding.DEFAULT,
        "base": "receipts",
        "value": "0.02",
        "unit": RuleUnit.RATIO,
        "source": "SAMPLE tariff",
        "evidence": Evidence.SAMPLE,
        "effective_from": date(2100, 1, 1),
        "effective_to": None,
    }
    return RuleDraft(**(plain | changes))


async def count_rows(tx) -> int:
    async with tx.read() as db:
        return (await db.execute(select(func.count()).select_from(RuleRow))).scalar_one()


async def today(tx) -> date:
    async with tx.read() as db:
        return shanghai_day(await clock.market_now(db))


async def test_the_carried_rows_are_in_every_market_and_loading_again_adds_nothing(tx):
    assert await count_rows(tx) == len(service.carried_rows())
    assert await asyncio.gather(*[service.load_rules(tx) for _ in range(3)]) == [0, 0, 0]
    assert await count_rows(tx) == len(service.carried_rows())


@pytest.mark.parametrize(
    ("key", "asked", "value"),
    [
        ("reward.floor", {"jurisdiction": "CN-33", "mode": "transfer", "applies_to": ("government_unit",)}, "0.70"),
        ("reward.floor", {"jurisdiction": "CN-3301", "mode": "licence", "applies_to": ("government_unit",)}, "0.70"),
        ("reward.floor", {"jurisdiction": "CN-32", "mode": "licence", "applies_to": ("government_unit",)}, "0.50"),
        ("tariff.exchange_fee", {}, "0.015"),
        ("notice.price.length", {"jurisdiction": "CN-33", "applies_to": ("government_unit",)}, "15"),
        ("notice.announcement.length", {"applies_to": ("non_soe",)}, "10"),
        ("notice.announcement.length", {"applies_to": ("soe",), "base": "floor_price_high"}, "20"),
    ],
)
async def test_a_lookup_gives_the_number_of_the_place_and_the_day(tx, key, asked, value):
    on = date(2024, 3, 2) if "soe" in asked.get("applies_to", ()) else ON
    async with tx.read() as db:
        assert (await steps.get_rule(db, key, on=on, **asked)).value == value


async def test_a_missing_rule_is_a_named_refusal_and_never_a_guess(tx):
    async with tx.read() as db:
        assert await steps.find_rule(db, "tariff.exchange_fee", on=date(2019, 12, 31)) is None
        with pytest.raises(errors.NoRuleInForce) as refused:
            await steps.get_rule(db, "tariff.exchange_fee", on=date(2019, 12, 31))
    assert refused.value.facts == {"key": "tariff.exchange_fee", "on": date(2019, 12, 31)}


async def test_all_rows_in_force_can_be_listed_so_that_the_highest_floor_is_found(tx):
    async with tx.read() as db:
        rows = await steps.list_rules(db, ["reward.floor"], on=ON, jurisdictions=["CN", "CN-33"])
    found = {r.jurisdiction: r.value for r in rows if r.mode == "transfer" and r.applies_to == "government_unit"}
    assert found == {"CN": "0.50", "CN-33": "0.70"}


async def by_two(tx, operator, row: RuleDraft):
    """What is charged two operators enter."""
    assert isinstance(await service.add_rule(tx, operator, row), ProposalView)
    return await service.add_rule(tx, (await a_member(tx, operator, Role.OPERATOR)).actor, row)


async def test_a_successor_ends_the_open_row_and_older_projects_keep_their_number(tx):
    operator = (await a_market(tx))["operator"].actor
    starts = await today(tx) + timedelta(days=30)
    added = await by_two(tx, operator, draft(effective_from=starts))
    async with tx.read() as db:
        before = await steps.get_rule(db, "tariff.exchange_fee", on=starts - timedelta(days=1))
        after = await steps.get_rule(db, "tariff.exchange_fee", on=starts)
    assert (before.value, before.effective_to) == ("0.015", starts)
    assert (after.value, after.id) == ("0.02", added.id)
    assert await service.load_rules(tx) == 0


async def test_a_successor_of_the_past_is_refused_and_nothing_changes(tx):
    operator = (await a_market(tx))["operator"].actor
    with pytest.raises(errors.SuccessorInThePast):
        await service.add_rule(tx, operator, draft(effective_from=await today(tx) - timedelta(days=1)))
    with pytest.raises(errors.RulesOverlap):
        await service.add_rule(tx, operator, draft(effective_from=date(2019, 1, 1)))
    assert await count_rows(tx) == len(service.carried_rows())
    async with tx.read() as db:
        assert (await steps.get_rule(db, "tariff.exchange_fee", on=date(2100, 1, 1))).effective_to is None


async def test_of_twenty_successors_for_one_day_one_is_entered(tx):
    operator = (await a_market(tx))["operator"].actor
    colleague = (await a_member(tx, operator, Role.OPERATOR)).actor
    await service.add_rule(tx, operator, draft(effective_from=date(2100, 1, 1)))
    tries = [service.add_rule(tx, colleague, draft(effective_from=date(2100, 1, 1))) for _ in range(20)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [getattr(o, "code", "added") for o in outcomes].count("added") == 1
    assert {o.code for o in outcomes if isinstance(o, Exception)} == {"rulebook.rules_overlap"}
    assert await count_rows(tx) == len(service.carried_rows()) + 1


async def test_a_units_own_rule_holds_for_the_unit_alone_and_is_not_known_to_others(tx):
    operator = (await a_market(tx))["operator"].actor
    unit = (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor
    stranger = (await an_organisation(tx)).actor
    scope = steps.unit_scope(unit.org)
    async with tx.begin() as db:
        own = await put_rule(
            db, operator, draft(scope=scope, evidence=Evidence.VERIFIED, effective_from=date(2026, 1, 1))
        )
    async with tx.read() as db:
        assert (await steps.get_rule(db, own.key, on=ON, scope=scope)).value == "0.02"
        assert (await steps.get_rule(db, own.key, on=ON)).value == "0.015"
    asked = {"key": own.key, "jurisdiction": None, "on": ON, "cursor": None, "limit": 50}
    assert own.id in {r.id for r in (await service.list_rules(tx, unit, **asked)).items}
    assert own.id not in {r.id for r in (await service.list_rules(tx, stranger, **asked)).items}
    with pytest.raises(NotFound):
        await service.get_rule(tx, stranger, own.id)
    with pytest.raises(NotFound):
        await service.add_rule(tx, operator, draft(scope=f"unit:{own.id}"))


async def test_only_the_markets_operator_enters_rules_and_work_days(tx):
    market = await a_market(tx)
    unit = (await an_organisation(tx)).actor
    for actor in (unit, market["finance"].actor):
        with pytest.raises(NotAllowed):
            await service.add_rule(tx, actor, draft())
        with pytest.raises(NotAllowed):
            await service.enter_work_days(tx, actor, days=[(date(2100, 1, 1), False)], source="x", declares_year=None)
    assert await count_rows(tx) == len(service.carried_rows())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rule SET value = '0.99' WHERE key = 'tariff.exchange_fee'",
        "UPDATE rule SET effective_to = '2030-01-01' WHERE effective_to IS NOT NULL",
        "DELETE FROM rule WHERE key = 'tariff.exchange_fee'",
    ],
)
async def test_the_database_refuses_to_change_a_row(tx, statement):
    with pytest.raises(DBAPIError, match="never changed"):
        async with tx.begin() as db:
            await db.execute(text(statement))


async def test_a_year_nobody_entered_is_refused_until_the_operator_declares_it(tx):
    operator = (await a_market(tx))["operator"].actor
    holiday, plain = date(2098, 1, 1), date(2098, 1, 3)  # a Wednesday and a Friday
    async with tx.read() as db:
        with pytest.raises(CalendarYearMissing):
            (await steps.work_calendar(db)).is_working_day(holiday)
    await service.enter_work_days(tx, operator, days=[(holiday, False)], source="sample", declares_year=2098)
    async with tx.read() as db:
        calendar = await steps.work_calendar(db)
    assert (calendar.is_working_day(holiday), calendar.is_working_day(plain)) == (False, True)
    await service.enter_work_days(tx, operator, days=[(holiday, True)], source="sample", declares_year=None)
    async with tx.read() as db:
        assert (await steps.work_calendar(db)).is_working_day(holiday) is True


async def test_a_day_that_has_passed_stays_what_it_was_and_no_day_is_given_twice(tx):
    operator = (await a_market(tx))["operator"].actor
    with pytest.raises(errors.WorkDayPassed):
        await service.enter_work_days(
            tx, operator, days=[(await today(tx) - timedelta(days=1), False)], source="x", declares_year=None
        )
    with pytest.raises(errors.WorkDayTwice):
        await service.enter_work_days(
            tx, operator, days=[(date(2098, 1, 1), False)] * 2, source="x", declares_year=2098
        )
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM work_day"))).scalar_one() == 0
        assert (await db.execute(text("SELECT count(*) FROM work_year"))).scalar_one() == 0


@pytest.mark.parametrize("key", ["tariff.exchange_fee", "settlement.matching.short_max"])
async def test_what_is_charged_and_when_two_people_are_needed_changes_tomorrow_at_the_earliest(tx, key):
    operator = (await a_market(tx))["operator"].actor
    [old] = [row for row in service.carried_rows() if row["key"] == key]
    same = {name: old[name] for name in ("key", "jurisdiction", "scope", "mode", "applies_to", "base", "value")}
    row = draft(**same, binding=Binding(old["binding"]), unit=RuleUnit(old["unit"]), evidence=Evidence(old["evidence"]))
    now = await today(tx)
    with pytest.raises(errors.BeginsTooSoon) as refused:
        await service.add_rule(tx, operator, replace(row, effective_from=now))
    assert refused.value.facts["earliest"] == now + timedelta(days=1)
    added = await by_two(tx, operator, replace(row, effective_from=now + timedelta(days=1)))
    assert (added.effective_from, added.value) == (now + timedelta(days=1), row.value)


async def test_a_limit_is_changed_by_two_operators_who_enter_the_same_row(tx):
    market = await a_market(tx)
    one, two = market["operator"].actor, (await a_member(tx, market["operator"].actor, Role.OPERATOR)).actor
    [old] = [row for row in service.carried_rows() if row["key"] == "settlement.second_person.release_due_above"]
    same = {name: old[name] for name in ("key", "jurisdiction", "scope", "mode", "applies_to", "base")}
    tomorrow = await today(tx) + timedelta(days=1)
    row = draft(
        **same,
        value="99999999999999",
        binding=Binding(old["binding"]),
        unit=RuleUnit(old["unit"]),
        evidence=Evidence(old["evidence"]),
        effective_from=tomorrow,
    )

    async def in_force() -> str:
        async with tx.read() as db:
            return (await steps.get_rule(db, row.key, on=tomorrow)).value

    with pytest.raises(errors.ValueMalformed):
        await service.add_rule(tx, one, replace(row, value="much"))
    asked = await service.add_rule(tx, one, row)
    assert (asked.state, asked.proposed_by, asked.row["value"]) == (ProposalState.WAITING, one.person, row.value)
    with pytest.raises(errors.SecondOperatorNeeded):
        await service.add_rule(tx, one, row)
    other = await service.add_rule(tx, two, replace(row, value="5"))  # another row is another proposal
    assert await in_force() == old["value"]
    await vouch(tx, two, by=one)
    with pytest.raises(OneHandBehindBoth):
        await service.add_rule(tx, two, row)
    three = (await a_member(tx, one, Role.OPERATOR)).actor
    outcomes = await asyncio.gather(*[service.add_rule(tx, three, row) for _ in range(4)], return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Rule"] + ["RulesOverlap"] * 3
    assert await in_force() == row.value
    back = await service.refuse_proposal(tx, one, other.id, reasons="Sample")
    assert (back.state, back.decided_by) == (ProposalState.REFUSED, one.person)
    with pytest.raises(NotInThisState):
        await service.refuse_proposal(tx, one, other.id, reasons="Sample")
    with pytest.raises(NotAllowed):
        await service.list_proposals(tx, market["finance"].actor, state=None, cursor=None, limit=5)
    told = await service.list_proposals(tx, one, state=None, cursor=None, limit=5)
    assert [(item.state, item.decided_by) for item in told.items if item.id == asked.id] == [
        (ProposalState.CONFIRMED, three.person)
    ]
    with pytest.raises(IntegrityError, match="two_people"):
        async with tx.begin() as db:
            await db.execute(text("UPDATE rule_proposal SET decided_by = proposed_by WHERE state = 'CONFIRMED'"))
