"""Unit rules and agreements, grants and elections, and leaders: what a table may say before anybody signs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from techmarket.identity.actor import OrgKind, Role
from techmarket.identity.permissions import NotAllowed
from techmarket.kernel.refusals import NotFound
from techmarket.notices import service as notices
from techmarket.notices.errors import EvidenceMissing
from techmarket.revenue import errors, service, titles, unit_rules
from techmarket.revenue.case import Basis, Group, GroupShare, Mode, Share, Table
from techmarket.revenue.cumulating import Tier
from techmarket.revenue.leaders import Post
from techmarket.revenue.lifecycle import UnitRuleState
from techmarket.revenue.service.tabling import TableTerms
from techmarket.revenue.unit_rules import Publication, Scale, UnitRuleDraft
from techmarket.rulebook import service as rulebook
from techmarket.rulebook.rules import Binding, Evidence, RuleUnit
from techmarket.rulebook.service import RuleDraft
from tests.identity.make import a_member
from tests.notices.make import an_evidence, move_to, shanghai
from tests.revenue.make import norms
from tests.revenue.make_licence import POSTED, a_licence, a_signed_table, receive_entry_fee, sign

SHOWN = "bc" * 32
FLOORS = {
    Mode.TRANSFER: Decimal("0.70"),
    Mode.LICENCE: Decimal("0.70"),
    Mode.EQUITY: Decimal("0.70"),
    Mode.SELF_IMPLEMENTATION: Decimal("0.05"),
    Mode.JOINT_IMPLEMENTATION: Decimal("0.05"),
}
GROUPS = {Group.MAIN: Decimal(85), Group.STAFF: Decimal(5), Group.OTHERS: Decimal(10)}
PUBLISHED = Publication(date(2026, 2, 1), "Sample notice board / 示例公告栏", SHOWN, date(2026, 1, 15), SHOWN)


def a_rule(**changes):
    facts = {
        "title": "Sample rule / 示例规定",
        "rates": {Mode.LICENCE: Decimal("0.80")},
        "groups": GROUPS,
        "effective_from": date(2026, 2, 1),
        "publication": PUBLISHED,
    }
    return UnitRuleDraft(**(facts | changes))


def check(draft, *, is_government=True):
    held = {mode: norms(mode, is_government=is_government) for mode in Mode}
    unit_rules.check_rule(draft, held, is_government=is_government)


def test_the_staff_is_heard_then_it_is_published_then_it_holds():
    check(a_rule())
    for late in (
        replace(PUBLISHED, heard_on=date(2026, 2, 2)),
        replace(PUBLISHED, published_on=date(2026, 2, 2)),
    ):
        with pytest.raises(errors.UnitRuleMalformed):
            check(a_rule(publication=late))


def test_a_government_unit_s_rule_stays_above_every_floor_and_an_enterprise_s_need_not():
    low = a_rule(rates={Mode.LICENCE: Decimal("0.69")})
    with pytest.raises(errors.BelowFloor):
        check(low)
    check(low, is_government=False)
    with pytest.raises(errors.BelowFloor) as refused:
        check(a_rule(groups={Group.MAIN: Decimal(96), Group.STAFF: Decimal(4)}))
    assert refused.value.facts["part"] is Group.STAFF
    check(a_rule(groups={}))


def test_a_rule_on_development_income_speaks_of_every_mode():
    with pytest.raises(errors.UnitRuleMalformed):
        check(a_rule(rates={Mode.OTHER: Decimal("0.60")}))
    check(a_rule(rates={**FLOORS, Mode.OTHER: Decimal("0.60")}))


TIERS = {
    "inventors": [Tier(0, Decimal("0.90")), Tier(100_000_00, Decimal("0.60"))],
    "department": [Tier(0, Decimal("0.05")), Tier(100_000_00, Decimal("0.20"))],
}
BOTH = (Mode.TRANSFER, Mode.LICENCE)


def scaled(tiers=TIERS, modes=BOTH, **changes):
    return a_rule(**({"rates": {}, "scale": Scale(modes, tiers)} | changes))


def test_a_scale_by_cumulative_net_income_stands_in_the_place_of_a_rate():
    check(scaled())
    check(scaled(rates={Mode.EQUITY: Decimal("0.70")}))
    inventors, department = TIERS["inventors"], TIERS["department"]
    for broken, reason in (
        (scaled(rates={Mode.LICENCE: Decimal("0.80")}), "rate_or_scale_not_both"),
        (scaled(modes=(Mode.EQUITY,)), "scale_is_for_transfer_and_licence"),
        (scaled(modes=()), "no_rate"),
        (scaled(modes=(Mode.LICENCE, Mode.LICENCE)), "scale_is_for_transfer_and_licence"),
        (scaled({"department": department}), "inventors_from_the_first_fen"),
        (scaled({"inventors": inventors[1:]}), "inventors_from_the_first_fen"),
        (scaled({"inventors": [*inventors, inventors[1]]}), "tier_twice"),
        (scaled(TIERS | {"laboratory": [Tier(200_000_00, Decimal("0.21"))]}), "more_than_the_whole"),
    ):
        with pytest.raises(errors.UnitRuleMalformed) as refused:
            check(broken)
        assert refused.value.facts["reason"] == reason
    check(scaled(TIERS | {"laboratory": [Tier(200_000_00, Decimal("0.20"))]}))


def test_the_first_tier_and_the_groups_of_a_scale_keep_the_floors():
    low = scaled({"inventors": [Tier(0, Decimal("0.69"))]})
    with pytest.raises(errors.BelowFloor):
        check(low)
    check(low, is_government=False)
    with pytest.raises(errors.BelowFloor):
        check(scaled(groups={Group.MAIN: Decimal(96), Group.STAFF: Decimal(4)}))


# --- grants ---------------------------------------------------------------------------------------------------------

HOLDERS = {"A": Decimal("0.45"), "B": Decimal("0.27"), "C": Decimal("0.18")}
PEOPLE = (Share("A", Decimal(50)), Share("B", Decimal(30)), Share("C", Decimal(20)))
BY_TITLE = Table(
    (GroupShare(Group.MAIN, Decimal(1), PEOPLE),),
    Basis.TITLE,
    title_share=Decimal("0.9"),
)
REWARD = Table((GroupShare(Group.MAIN, Decimal(1), PEOPLE),))


def check_title(table, holders=HOLDERS, *, elects_reward=False, unit=Decimal("0.1")):
    titles.check_title(table, holders=holders, unit_share=unit, elects_reward=elects_reward)


def test_after_a_grant_income_goes_by_title_or_the_completers_elect_the_reward_and_never_both():
    check_title(BY_TITLE)
    check_title(REWARD, elects_reward=True)
    check_title(REWARD, {})
    with pytest.raises(errors.GrantOrReward):
        check_title(REWARD)
    with pytest.raises(errors.TableMalformed):
        check_title(BY_TITLE, elects_reward=True)
    with pytest.raises(errors.TableMalformed):
        check_title(REWARD, {}, elects_reward=True)
    with pytest.raises(errors.NotTheTitle):
        check_title(BY_TITLE, {})


def test_by_title_each_gets_just_what_he_owns():
    other = replace(BY_TITLE, groups=(replace(BY_TITLE.groups[0], people=BY_TITLE.groups[0].people[:2]),))
    for table in (replace(BY_TITLE, title_share=Decimal("0.8")), other):
        with pytest.raises(errors.NotTheTitle):
            check_title(table)
    # Of what two units own, the people's part is a part of their own unit's.
    check_title(BY_TITLE, {who: share / 2 for who, share in HOLDERS.items()}, unit=Decimal("0.05"))


async def test_a_granted_achievement_is_shared_by_title_and_its_election_stands_in_the_text_all_sign(tx, keys):
    licence = await a_licence(tx, keys, granted=True)
    unit = licence.unit.actor
    where = {"contract_id": licence.id, "achievement_id": None}
    with pytest.raises(errors.GrantOrReward):
        await service.draft_share_table(tx, unit, **where, table=licence.table())
    main = replace(licence.table().groups[0], weight=Decimal(1))
    by_title = Table((main,), Basis.TITLE, title_share=Decimal("0.9"))
    table = await service.draft_share_table(tx, unit, **where, table=by_title)
    await service.open_signing(tx, unit, table.id)
    await sign(licence, table, 0, 1, 2)
    await receive_entry_fee(licence)
    drafted = await service.draft_distribution(tx, unit, licence.id)
    assert (drafted.net_income.minor, drafted.reward.minor) == (591_000_00, 531_900_00)
    assert [line.amount.minor for line in drafted.lines] == [265_950_00, 159_570_00, 106_380_00]
    assert {line.wage_base for line in drafted.lines} == {None}
    await service.reverse_distribution(tx, unit, drafted.id)
    elected = await service.draft_share_table(
        tx, unit, **where, table=licence.table(), terms=TableTerms(elects_reward=True)
    )
    assert elected.document["elects_reward"] is True
    await service.open_signing(tx, unit, elected.id)
    await sign(licence, elected, 0, 1, 2)
    assert (await service.draft_distribution(tx, unit, licence.id)).reward.minor == 413_700_00


async def test_a_grant_that_comes_after_the_signatures_stops_the_next_split_until_they_choose(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    await receive_entry_fee(licence)
    async with tx.begin() as db:
        ids = {"id": licence.achievement_id, "person": licence.inventors[0].actor.person}
        await db.execute(text("UPDATE owner_share SET share = 0.1 WHERE achievement_id = :id"), ids)
        await db.execute(
            text("INSERT INTO owner_share (achievement_id, position, person_id, share) VALUES (:id, 7, :person, 0.9)"),
            ids,
        )
    with pytest.raises(errors.GrantOrReward):
        await service.draft_distribution(tx, licence.unit.actor, licence.id)


# --- unit rules -----------------------------------------------------------------------------------------------------


async def adopt(licence, draft):
    unit = licence.unit.actor
    await an_evidence(licence.tx, unit, SHOWN)
    view = await service.draft_unit_rule(licence.tx, unit, draft)
    colleague = (await a_member(licence.tx, unit, Role.FINANCE)).actor
    return await service.adopt_unit_rule(licence.tx, colleague, view.id, document_sha256=view.document_sha256)


async def test_a_published_rule_adopted_by_a_second_officer_gives_its_rate_to_the_tables_that_follow_it(tx, keys):
    licence = await a_licence(tx, keys, kind=OrgKind.ENTERPRISE)
    unit = licence.unit.actor
    where = {"contract_id": licence.id, "achievement_id": None}
    follows = TableTerms(by_unit_rule=True)
    with pytest.raises(errors.NoUnitRule):
        await service.draft_share_table(tx, unit, **where, table=licence.table(), terms=follows)
    await an_evidence(tx, unit, SHOWN)
    drafted = await service.draft_unit_rule(tx, unit, a_rule())
    with pytest.raises(errors.SecondEyeNeeded):
        await service.adopt_unit_rule(tx, unit, drafted.id, document_sha256=drafted.document_sha256)
    for stranger in (licence.buyer.actor, licence.market["operator"].actor):
        with pytest.raises(NotFound):
            await service.adopt_unit_rule(tx, stranger, drafted.id, document_sha256=drafted.document_sha256)
    with pytest.raises(NotAllowed):
        await service.draft_unit_rule(tx, licence.inventors[0].actor, a_rule())
    rule = await adopt(licence, a_rule())
    assert (rule.n, rule.state) == (2, UnitRuleState.IN_FORCE)
    for table, part in (
        (licence.table(rate=Decimal("0.80")), "rate"),
        (replace(licence.table(), groups=licence.table().groups[:1]), "groups"),
    ):
        with pytest.raises(errors.NotTheUnitRule) as refused:
            await service.draft_share_table(tx, unit, **where, table=table, terms=follows)
        assert refused.value.facts["part"] == part
    table = await service.draft_share_table(tx, unit, **where, table=licence.table(), terms=follows)
    assert table.document["unit_rule_sha256"] == rule.document_sha256
    await receive_entry_fee(licence)
    assert (await service.draft_distribution(tx, unit, licence.id)).reward.minor == 472_800_00
    later = a_rule(rates={Mode.LICENCE: Decimal("0.60")}, effective_from=date(2026, 4, 1))
    await adopt(licence, later)
    shown = await service.list_unit_rules(tx, unit, unit.org)
    assert [(one.n, one.state, one.effective_to) for one in shown] == [
        (3, UnitRuleState.IN_FORCE, None),
        (2, UnitRuleState.ENDED, date(2026, 4, 1)),
        (1, UnitRuleState.WITHDRAWN, None),
    ]
    with pytest.raises(NotFound):
        await service.list_unit_rules(tx, licence.buyer.actor, unit.org)


async def test_a_unit_shares_by_its_own_scale_like_universities_elsewhere_until_a_later_rule_ends_it(tx, keys):
    licence = await a_licence(tx, keys)
    unit = licence.unit.actor
    rule = await adopt(licence, scaled())
    assert rule.document["scale"]["tiers"][1] == {"who": "inventors", "above": "100000.00", "ratio": "0.6"}
    await a_signed_table(licence)
    await receive_entry_fee(licence)
    # 90 percent of the first 100,000.00 and 60 of the other 491,000.00 would be 384,600.00: below 70 percent of all.
    with pytest.raises(errors.BelowFloor):
        await service.draft_distribution(tx, unit, licence.id)
    facts = {"evidence": "invoice", "evidence_sha256": None, "incurred_on": date(2026, 3, 18)}
    await service.add_cost(tx, unit, licence.id, kind="tax", minor=441_000_00, **facts)
    drafted = await service.draft_distribution(tx, unit, licence.id)
    assert (drafted.net_income.minor, drafted.reward.minor, drafted.unit_part.minor) == (
        150_000_00,
        120_000_00,
        30_000_00,
    )
    (given,) = [step["minor"] for step in drafted.steps if step["name"] == "unit_part.department"]
    assert given == 15_000_00
    await adopt(licence, a_rule(rates=dict.fromkeys(BOTH, Decimal("0.80")), effective_from=date(2026, 4, 1)))
    async with tx.read() as db:
        ended = text("SELECT DISTINCT effective_to FROM rule WHERE unit_id = :unit AND key LIKE 'reward.tier.%'")
        assert (await db.execute(ended, {"unit": unit.org})).scalars().all() == [date(2026, 4, 1)]


async def test_no_rule_begins_in_the_past_behind_the_back_of_those_who_signed(tx, keys):
    licence = await a_licence(tx, keys, kind=OrgKind.ENTERPRISE)
    await a_signed_table(licence)
    with pytest.raises(errors.SignedUnderAnother) as refused:
        await adopt(licence, a_rule(rates={Mode.LICENCE: Decimal("0.10")}))
    assert refused.value.facts["tables"] == 1
    await receive_entry_fee(licence)
    assert (await service.draft_distribution(tx, licence.unit.actor, licence.id)).reward.minor == 295_500_00
    await adopt(licence, a_rule(rates={Mode.LICENCE: Decimal("0.10")}, effective_from=date(2026, 3, 20)))


async def test_a_unit_that_its_province_named_a_pilot_has_the_pilots_floor_from_that_day_on(tx, keys):
    licence = await a_licence(tx, keys, region="420100")
    unit = licence.unit.actor

    async def reward():
        drafted = await service.draft_distribution(tx, unit, licence.id)
        await service.reverse_distribution(tx, unit, drafted.id)
        return drafted.reward.minor

    await a_signed_table(licence)
    await receive_entry_fee(licence)
    # The national floor; the fee of the market is its own rule there.
    assert await reward() == 300_000_00 - 4_500_00
    named = RuleDraft(
        "unit.pilot",
        "CN",
        f"unit:{unit.org}",
        None,
        "any",
        Binding.DEFAULT,
        None,
        "1",
        RuleUnit.FLAG,
        "Sample document of the province / 示例文件",
        Evidence.VERIFIED,
        date(2026, 3, 1),
        None,
    )
    with pytest.raises(NotAllowed):
        await rulebook.add_rule(tx, unit, named)
    await rulebook.add_rule(tx, licence.market["operator"].actor, named)
    assert await reward() == 413_700_00


async def test_a_rule_needs_the_files_that_show_it(tx, keys):
    licence = await a_licence(tx, keys)
    with pytest.raises(EvidenceMissing):
        await service.draft_unit_rule(tx, licence.unit.actor, a_rule())


# --- leaders --------------------------------------------------------------------------------------------------------


async def test_a_leader_is_a_reminder_to_confirm_never_a_refusal_and_stands_in_the_reward_list(tx, keys):
    licence = await a_licence(tx, keys, region="310100")
    unit, anna = licence.unit.actor, str(licence.inventors[0].actor.person)
    terms = TableTerms(leaders={anna: Post.TOP})
    where = {"contract_id": licence.id, "achievement_id": None, "table": licence.table()}
    with pytest.raises(errors.CautionsUnconfirmed) as asked:
        await service.draft_share_table(tx, unit, **where, terms=terms)
    assert asked.value.facts["codes"] == ["leader.reward.publicity"]
    seen = replace(terms, confirms=("leader.reward.publicity",))
    table = await service.draft_share_table(tx, unit, **where, terms=seen)
    assert [caution["code"] for caution in table.document["cautions"]] == ["leader.reward.publicity"]
    await receive_entry_fee(licence)
    drafted = await service.draft_distribution(tx, unit, licence.id)
    published = await service.publish_distribution(tx, unit, drafted.id, posted_sha256=POSTED)
    document = (await notices.get_notice(tx, unit, published.notice_id)).document
    assert document["leaders"] == [[anna, "TOP"]]
    await move_to(tx, shanghai(2026, 4, 8))
    # The achievement may one day be contributed to a company: then the reminder about shares comes, from memory only.
    of_achievement = {"contract_id": None, "achievement_id": licence.achievement_id, "table": licence.table()}
    with pytest.raises(errors.CautionsUnconfirmed) as asked:
        await service.draft_share_table(tx, unit, **of_achievement, terms=terms)
    assert asked.value.facts["codes"] == ["leader.equity.top_post", "leader.reward.publicity"]
