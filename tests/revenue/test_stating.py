"""Statements as files out of the house, income in several events, and what other rules would have made of it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib import resources

import pytest
from openpyxl import load_workbook
from rich.console import Console
from sqlalchemy import text

from techmarket.cli.packs import tell_effects
from techmarket.contracts import service as contracts
from techmarket.contracts import steps as contract_steps
from techmarket.contracts.service.drafting import ScopeTerms
from techmarket.db.base import Base
from techmarket.db.journal import sequence
from techmarket.identity.actor import OrgKind, Role
from techmarket.kernel.refusals import NotFound
from techmarket.notices import service as notices
from techmarket.revenue import errors, norming, paper, service, statement
from techmarket.revenue.case import Share
from techmarket.revenue.service.standing import standing_of
from techmarket.rulebook import service as rulebook
from techmarket.rulebook.rules import Binding, Evidence, RuleUnit
from techmarket.rulebook.service import RuleDraft
from techmarket.transparency import service as transparency
from tests.achievements.make import an_achievement_id
from tests.identity.make import a_market, a_member, an_organisation
from tests.notices.make import a_sandbox, move_to, shanghai
from tests.revenue.make_licence import (
    POSTED,
    a_licence,
    a_published_distribution,
    a_signed_table,
    enter_costs,
    receive_royalty,
    trusted,
)

ZHEJIANG = (resources.files("techmarket.rulebook") / "packs/CN-33/zhejiang.yaml").read_text(encoding="utf-8")


async def rows_everywhere(tx) -> dict[str, int]:
    """How many rows every table has."""
    names = sorted(Base.metadata.tables)
    counted = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in names)
    async with tx.read() as db:
        return {row[0]: row[1] for row in await db.execute(text(counted))}


async def file_of(licence, distribution, who=0):
    me = licence.inventors[who].actor
    view = await service.get_statement_file(licence.tx, licence.keys, me, distribution.id, me.person)
    return view.body


async def test_a_contributor_takes_along_a_file_that_proves_and_recomputes_hers_and_nobody_elses(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    for number in range(3):
        seen = statement.check_file(await file_of(licence, published, number), trusted(keys))
        assert seen.checked == ("form", "promise", "line", "cents")
        assert seen.statement["amount_minor"] == published.lines[number].amount.minor
    async with tx.begin() as db:
        await sequence(db)
    await transparency.make_checkpoint(tx, keys)
    body = await file_of(licence, published)
    assert statement.check_file(body, trusted(keys)).checked == ("form", "checkpoint", "inclusion", "line", "cents")
    me = licence.inventors[0].actor
    page = await service.get_statement_paper(tx, keys, me, published.id, me.person)
    assert json.loads(paper.attached(page.body))["statement"]["lines"] == json.loads(body)["statement"]["lines"]
    others = [licence.inventors[1].actor, licence.unit.actor, licence.buyer.actor, licence.market["operator"].actor]
    for reader in others:
        for read in (service.get_statement_file, service.get_statement_paper):
            with pytest.raises(NotFound):
                await read(tx, keys, reader, published.id, me.person)
    async with tx.begin() as db:
        await db.execute(text("DELETE FROM distribution_proof"))
    with pytest.raises(errors.NotProven):
        await file_of(licence, published)


async def test_a_line_paid_when_another_part_counted_as_wage_is_computed_as_it_was_paid(tx, keys):
    """A's second line is held; meanwhile the contract is registered, and half of the line counts as wage."""
    licence = await a_licence(tx, keys)
    unit, anna = licence.unit.actor, licence.inventors[0].actor
    table = licence.table()
    staff = replace(table.groups[1], people=(Share(str(anna.person), Decimal(1)),))
    await a_signed_table(licence, replace(table, groups=(table.groups[0], staff, table.groups[2])))
    published = await a_published_distribution(licence)
    objection = await notices.file_objection(tx, anna, published.notice_id, grounds="Sample", lines=["4"])
    await move_to(tx, shanghai(2026, 4, 8))
    await service.pay_distribution(tx, unit, published.id)
    whole = {"contract_class": licence.contract.type, "whole_minor": 600_000_00, "technology_minor": 600_000_00}
    filed = await contracts.file_registration(tx, unit, licence.id, **whole)
    registrar, operator = licence.market["registrar"].actor, licence.market["operator"].actor
    await contracts.decide_registration(tx, registrar, filed.id, number="20263301000001")
    await notices.decide_objection(tx, operator, objection.id, upheld=False, reasons="Sample")
    paid = await service.pay_distribution(tx, unit, published.id)
    assert [line.wage_base.minor for line in (paid.lines[0], paid.lines[3])] == [175_822_50, 10_342_50]
    seen = statement.check_file(await file_of(licence, published), trusted(keys))
    assert seen.checked[-1] == "cents"
    (otherwise,) = seen.statement["paid_otherwise"]
    assert (otherwise["lines"], otherwise["is_registered"]) == ([4], True)
    (view,) = (await service.get_statement(tx, anna, published.id, anna.person)).paid_otherwise
    assert {flag["tax"]: flag["value"] for flag in view["flags"]}["iit"] == "HALF"


async def test_two_events_give_to_the_cent_what_the_rule_says_of_both_and_a_reversal_gives_it_back(tx, keys):
    """The worked example in two parts, a fen of tax in the first: each rounded up alone, they would give a fen more."""
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    fen = {"evidence": "receipt", "evidence_sha256": None, "incurred_on": date(2026, 3, 18)}
    await service.add_cost(tx, licence.unit.actor, licence.id, kind="tax", minor=1, **fen)
    first = await a_published_distribution(licence)
    await receive_royalty(licence)
    await enter_costs(licence)
    second = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert (first.reward.minor, first.reward.minor + second.reward.minor) == (413_700_00, 780_614_18)
    both = [one.amount.minor + two.amount.minor for one, two in zip(first.lines, second.lines, strict=True)]
    assert sum(both) == 780_614_18
    of_all = [331_761_02, 199_056_61, 132_704_41, 39_030_71, 78_061_42]
    assert all(0 <= had - due <= 1 for had, due in zip(both, of_all, strict=True))
    await service.publish_distribution(tx, licence.unit.actor, second.id, posted_sha256=POSTED)
    assert statement.check_file(await file_of(licence, second), trusted(keys)).checked[-1] == "cents"
    await _the_report_of_the_year_says_so(licence, both)
    before = await service.get_books(tx, licence.unit.actor, licence.id)
    back = await service.reverse_distribution(tx, licence.unit.actor, second.id)
    assert sum(line.amount.minor for line in back.lines) == second.reward.minor
    books = await service.get_books(tx, licence.unit.actor, licence.id)
    assert (before.open_income.minor, books.open_income.minor) == (0, 553_703_67)
    again = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert [line.amount for line in again.lines] == [line.amount for line in second.lines]


async def _the_report_of_the_year_says_so(licence, both):
    unit, tx = licence.unit.actor, licence.tx
    report = await service.get_report(tx, unit, unit.org, 2026)
    totals = report.totals
    assert (totals.contracts, totals.new_contracts, totals.new_fixed_price) == (1, 1, 600_000_00)
    assert (totals.received, totals.costs, totals.net_income) == (1_153_703_67, 38_540_56, 1_115_163_11)
    assert (totals.reward, totals.unit_part, totals.shares) == (780_614_18, 334_548_93, 10)
    assert report.groups == {"MAIN": sum(both[:3]), "OTHERS": both[4], "STAFF": both[3]}
    assert (report.due_on, report.due_source) == (date(2027, 3, 30), "ZJR art. 28")
    with await service.get_report_sheet(tx, unit, unit.org, 2026) as file:
        book = load_workbook(file)
    row = [cell.value for cell in book["合同 contracts"][3]]
    assert (row[0], row[7:13]) == (
        licence.contract.number,
        [1153703.67, 38540.56, 1115163.11, 780614.18, 334548.93, 10],
    )
    page = await service.get_report_paper(tx, unit, unit.org, 2026)
    assert page.body.startswith(b"%PDF-")
    assert (await service.get_report(tx, unit, unit.org, 2025)).totals.contracts == 0
    regulator = await an_organisation(tx, kind=OrgKind.AUTHORITY, keys=licence.keys, roles=(Role.REGULATOR,))
    for reader in (licence.market["finance"].actor, regulator.actor):
        assert (await service.get_report(tx, reader, unit.org, 2026)).totals == totals
    stranger = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=licence.keys)
    readers = [(one, unit.org) for one in (stranger.actor, licence.buyer.actor, licence.inventors[0].actor)]
    for reader, of in [*readers, (licence.market["finance"].actor, licence.id)]:
        for read in (service.get_report, service.get_report_paper, service.get_report_sheet):
            with pytest.raises(NotFound):
                await read(tx, reader, of, 2026)


async def test_a_pack_for_a_past_date_changes_nothing_distributed_and_lists_what_it_would_have_changed(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    pack = ZHEJIANG.replace("value: 0.70", "value: 0.80", 1)
    stranger = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
    rows, unit = await rows_everywhere(tx), licence.unit.actor
    page = await service.list_effects(tx, unit, pack=pack, cursor=None)
    [effect] = page.items
    assert (effect.distribution_id, effect.reward.minor, effect.reward_would_be.minor) == (
        published.id,
        413_700_00,
        472_800_00,
    )
    assert (effect.unit_part_would_be.minor, effect.lines_changed, effect.refused) == (118_200_00, 5, None)
    assert [(c.key, c.was.value, c.would_be.value) for c in effect.changes] == [("reward.floor", "0.70", "0.80")]
    # The row that is no longer mandatory decides nothing; the national floor of 50 percent would have.
    milder = ZHEJIANG.replace("binding: mandatory", "binding: permissive", 1)
    [effect] = (await service.list_effects(tx, licence.market["finance"].actor, pack=milder, cursor=None)).items
    assert effect.reward_would_be.minor == 295_500_00
    # A stricter sub-floor would have refused the table that all had signed.
    stricter = ZHEJIANG.replace("value: 0.05", "value: 0.06", 1)
    [effect] = (await service.list_effects(tx, unit, pack=stricter, cursor=None)).items
    assert (effect.refused, effect.reward_would_be) == ("revenue.below_floor", None)
    unchanged = await service.list_effects(tx, unit, pack=None, cursor=None)
    assert (unchanged.items, unchanged.looked_at) == ((), 1)
    assert (await service.list_effects(tx, stranger.actor, pack=pack, cursor=None)).looked_at == 0
    outsider = licence.inventors[0].actor
    assert (await service.list_effects(tx, outsider, pack=pack, cursor=None)).looked_at == 0
    out = io.StringIO()
    assert await tell_effects(tx, service.rows_of_pack(pack), Console(file=out, width=200)) == 1
    assert "reward 413700.00, would be 472800.00; 5 lines differ" in out.getvalue()
    assert "reward.floor CN-33: 0.70 (ZJR art. 37(1)(1)) -> 0.80" in out.getvalue()
    assert await rows_everywhere(tx) == rows
    now = await service.get_distribution(tx, unit, published.id)
    assert (now.reward, now.computation_sha256) == (published.reward, published.computation_sha256)


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("value: 0.70", "value: 70", "pack.yaml:13: ratio_over_1:"),
        ("unit: ratio", "unit: percent", "pack.yaml:14: unknown_unit:"),
        ("    source: ZJR art. 37(1)(1)\n", "", "missing_source:"),
        ("pack: zhejiang", "pack: another", "overlap:"),
        ("from: 2017-10-01", "from: 2017-10-01\n    to: 2016-01-01", "dates_reversed:"),
        ("pack: zhejiang", "pack: &a zhejiang\nx: *a", "reference:"),
    ],
)
def test_a_pack_that_does_not_hold_together_is_refused_with_line_and_reason(old, new, finding):
    with pytest.raises(errors.PackUnsound) as refused:
        service.rows_of_pack(ZHEJIANG.replace(old, new, 1))
    assert any(finding in said for said in refused.value.facts["findings"])


async def test_a_deal_of_the_day_before_keeps_the_old_row_and_one_of_the_day_in_shanghai_has_the_new(tx, keys):
    """A minute before midnight here it is afternoon in London; the day that counts is the one in Shanghai."""
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    market = await a_market(tx, keys)
    await rulebook.load_rules(tx)
    law = RuleDraft(
        norming.FLOOR,
        "CN-33",
        "law",
        "licence",
        "government_unit",
        Binding.MANDATORY,
        "net_income",
        "0.75",
        RuleUnit.RATIO,
        "sample: a law of the day",
        Evidence.VERIFIED,
        date(2026, 3, 10),
        None,
    )
    await rulebook.add_rule(tx, market["operator"].actor, law)
    unit = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
    buyer = await an_organisation(tx, keys=keys)
    inventor = await a_member(tx, unit.actor, Role.INVENTOR, keys=keys)
    made = await an_achievement_id(tx, unit.actor, completers=(inventor.actor.person,))

    async def draft():
        contract = await contracts.draft_directly(
            tx,
            unit.actor,
            buyer_org=buyer.actor.org,
            achievement_ids=[made],
            licence_kind="ORDINARY",
            scope=ScopeTerms("CN", "ANY", "ANY", 6),
            entry_fee_minor=100_00,
            royalty=None,
        )
        return contract.id

    async def floors(contract_id):
        async with tx.read() as db:
            standing = await standing_of(db, await contract_steps.get_contract(db, contract_id))
        return [(norm.jurisdiction, norm.value) for norm in standing.norms if norm.key == norming.FLOOR]

    await move_to(tx, shanghai(2026, 3, 9, 23, 59))
    before = await draft()
    await move_to(tx, shanghai(2026, 3, 10))
    on_the_day = await draft()
    assert await floors(before) == [("CN", "0.50"), ("CN-33", "0.70")]
    assert await floors(on_the_day) == [("CN", "0.50"), ("CN-33", "0.75")]
