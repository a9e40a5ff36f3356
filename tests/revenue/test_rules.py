"""The rules of sharing income, against the worked example to the cent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.money import Money, Rounding, apply_rate
from techmarket.revenue import errors, norming, reliefs, rules, schemes, splitting
from techmarket.revenue.case import Basis, Cost, Group, GroupShare, Mode, Receipt, Share, Table, case_from
from techmarket.rulebook.rules import Binding, Evidence, Rule, RuleUnit
from tests.revenue.make import COSTS, ENTRY_FEE, INVENTORS, ROYALTY, TABLE, a_case, norms

D = Decimal


def minors(computation, group):
    return [line.minor for line in computation.lines if line.group is group]


def step(computation, name):
    return next(step for step in computation.steps if step.name == name)


# --- the worked example, step by step -------------------------------------------------------------------------------


def test_step_1_to_4_receipts_less_deductible_costs_are_the_net_income():
    assert apply_rate(18_456_789_12, D("0.03")) == ROYALTY
    done = rules.compute(a_case())
    assert done.receipts_minor == 1_153_703_67
    assert apply_rate(1_153_703_67, D("0.015")) == COSTS[0].minor
    assert apply_rate(1_153_703_67, D("0.0003")) == COSTS[1].minor
    assert {v.cost.kind: (v.deducted_minor, v.reason) for v in done.verdicts} == {
        "exchange_fee": (17_305_56, "deducted"),
        "stamp_tax": (346_11, "deducted"),
        "valuation_fee": (18_888_88, "deducted"),
        "patent_fee": (2_000_00, "deducted"),
        "fiscal_rd": (0, "not_deductible"),
    }
    assert done.costs_minor == 38_540_55
    assert done.base_minor == 1_115_163_12


def test_step_5_the_zhejiang_floor_is_the_reward_rounded_up():
    done = rules.compute(a_case())
    assert (done.rate, done.rate_norm.jurisdiction, done.rate_norm.source) == (D("0.70"), "CN-33", "ZJR art. 37(1)(1)")
    assert (done.reward_minor, done.unit_minor) == (780_614_19, 334_548_93)
    floors = {s.norm.jurisdiction: s.minor for s in done.steps if s.name == "floor"}
    assert floors == {"CN": 557_581_56, "CN-33": 780_614_19}


def test_step_5_a_rate_of_60_percent_passes_the_nation_and_fails_zhejiang():
    table = replace(TABLE, rate=D("0.60"))
    nation = norms(jurisdiction="CN")
    assert rules.compute(a_case(table=table, norms=nation)).reward_minor == 669_097_88
    with pytest.raises(errors.BelowFloor) as refused:
        rules.compute(a_case(table=table))
    assert refused.value.facts["least"] == D("0.70")
    assert refused.value.facts["given"] == D("0.60")


def test_step_6_the_sub_floors_round_up():
    done = rules.compute(a_case())
    found = [(s.name, s.norm.jurisdiction, s.minor) for s in done.steps if s.name.startswith("sub_floor")]
    assert found == [
        ("sub_floor.MAIN", "CN", 390_307_10),
        ("sub_floor.MAIN", "CN-33", 546_429_94),
        ("sub_floor.STAFF", "CN-33", 39_030_71),
    ]


def test_step_7_groups_share_by_largest_remainder():
    done = rules.compute(a_case())
    assert done.groups == {Group.MAIN: 663_522_06, Group.STAFF: 39_030_71, Group.OTHERS: 78_061_42}


def test_step_8_people_share_by_largest_remainder():
    assert minors(rules.compute(a_case()), Group.MAIN) == [331_761_03, 199_056_62, 132_704_41]


def test_step_9_half_counts_as_wage_where_the_relief_holds_else_all():
    half = [165_880_52, 99_528_31, 66_352_21, 19_515_36, 39_030_71]
    full = [331_761_03, 199_056_62, 132_704_41, 39_030_71, 78_061_42]
    bases = lambda done: [line.wage_base_minor for line in done.lines]  # noqa: E731
    assert bases(rules.compute(a_case())) == half
    assert bases(rules.compute(a_case(is_registered=False, norms=norms()))) == full
    assert bases(rules.compute(a_case(pay_on=date(2029, 3, 20)))) == half
    assert bases(rules.compute(a_case(pay_on=date(2029, 3, 21)))) == full
    # Development is neither transfer nor licence, registered or not.
    assert bases(rules.compute(a_case(mode=Mode.OTHER, table=replace(TABLE, rate=D("0.70"))))) == full


def test_step_10_flags_say_what_a_person_must_think_of():
    flags = {flag.tax: (flag.value, flag.needs_confirmation) for flag in rules.compute(a_case()).flags}
    assert flags == {
        "vat": ("EXEMPT", True),
        "cit": ("EXEMPT_BAND", False),
        "iit": ("HALF", False),
        "stamp": ("DUE", False),
    }
    early = (Receipt("entry", ENTRY_FEE, date(2025, 12, 31)),)
    assert rules.compute(a_case(receipts=early)).flag("vat").needs_confirmation is False
    unregistered = rules.compute(a_case(is_registered=False))
    assert (unregistered.flag("vat").value, unregistered.flag("iit").value) == ("NOT_EXEMPT", "FULL")
    assert rules.compute(a_case(term_years=4)).flag("cit").value == "LICENCE_TOO_SHORT"
    large = (Receipt("entry", 6_000_000_00, date(2026, 3, 20)),)
    assert rules.compute(a_case(receipts=large)).flag("cit").value == "HALF_ABOVE_BAND"


def test_step_11_the_reward_is_due_six_months_after_the_receipt_and_the_window_is_36_months():
    terms = {term.name: term.ends_on for term in rules.compute(a_case()).terms}
    assert terms == {"reward_due": date(2026, 9, 20), "iit_window": date(2029, 3, 20)}
    clamped = rules.compute(a_case(receipts=(Receipt("entry", ENTRY_FEE, date(2026, 8, 31)),)))
    assert clamped.terms[0].ends_on == date(2027, 2, 28)


def test_step_12_not_registered_the_taxes_come_as_evidence_and_the_fee_stays_on_the_gross():
    costs = (
        COSTS[0],
        Cost("vat", "tax", 65_303_98, "VAT return"),
        Cost("stamp", "stamp_tax", 326_52, "receipt 2"),
        COSTS[2],
        COSTS[3],
    )
    done = rules.compute(a_case(costs=costs, is_registered=False))
    assert 1_153_703_67 - 65_303_98 == 1_088_399_69
    assert (done.base_minor, done.reward_minor) == (1_049_878_73, 734_915_12)


def test_step_13_equity_is_a_part_of_the_company():
    contribution, capital = 3_000_000_00, 10_000_000_00
    done = rules.compute(
        a_case(
            mode=Mode.EQUITY,
            norms=norms(Mode.EQUITY),
            receipts=(Receipt("shares", contribution, date(2026, 3, 20)),),
            costs=(),
            capital_minor=capital,
        )
    )
    part = lambda minor: rules.of_the_company(minor, capital)  # noqa: E731
    assert part(done.base_minor) == D("0.3")
    assert part(done.reward_minor) == D("0.21")
    least = [s.minor for s in done.steps if s.name == "sub_floor.MAIN" and s.norm.jurisdiction == "CN-33"]
    assert part(least[0]) == D("0.147")
    assert part(done.unit_minor) == D("0.09")
    assert [line.wage_base_minor for line in done.lines] == [None] * 5
    assert [(f.tax, f.value) for f in done.flags] == [("iit", "DEFERRABLE")]
    assert done.terms == ()  # due at share registration, not a term of months


def test_step_14_own_use_shares_the_years_operating_profit():
    year = (Receipt("2026", 2_345_678_91, date(2027, 3, 1), "operating_profit"),)
    rows = norms(Mode.SELF_IMPLEMENTATION)
    case = a_case(mode=Mode.SELF_IMPLEMENTATION, norms=rows, receipts=year, costs=())
    agreed = rules.compute(replace(case, table=replace(TABLE, rate=D("0.10"))))
    silent = rules.compute(case)
    assert (agreed.reward_minor, silent.reward_minor) == (234_567_90, 117_283_95)
    assert (silent.rate_norm.jurisdiction, silent.rate_norm.binding) == ("CN", "mandatory")
    permissive = next(s for s in silent.steps if s.name == "floor" and s.norm.jurisdiction == "CN-33")
    assert (permissive.minor, permissive.note) == (234_567_90, "permissive")
    with pytest.raises(errors.BelowFloor):
        rules.compute(replace(case, table=replace(TABLE, rate=D("0.04"))))


def test_step_15_after_a_grant_of_ownership_the_income_goes_by_title():
    title = Table((GroupShare(Group.MAIN, D(1), INVENTORS),), basis=Basis.TITLE, title_share=D("0.90"))
    done = rules.compute(a_case(table=title))
    assert (done.reward_minor, done.unit_minor) == (1_003_646_81, 111_516_31)
    assert done.reward_minor + done.unit_minor == 1_115_163_12
    assert not [s for s in done.steps if s.name in ("floor", "reward")]
    assert sum(minors(done, Group.MAIN)) == 1_003_646_81
    assert [line.wage_base_minor for line in done.lines] == [None, None, None]
    assert done.flag("iit").value == "NOT_A_REWARD"


def test_step_15_completers_who_elected_the_reward_get_the_reward():
    assert rules.compute(a_case()).reward_minor == 780_614_19


# --- which terms win ------------------------------------------------------------------------------------------------


def test_an_enterprise_may_agree_on_less_and_the_national_ratio_fills_the_gap():
    rows = norms(is_government=False)
    case = a_case(is_government=False, norms=rows)
    silent = rules.compute(case)
    assert (silent.rate, silent.rate_norm.binding) == (D("0.50"), "gap_filling")
    assert rules.compute(replace(case, table=replace(TABLE, rate=D("0.10")))).reward_minor == 111_516_32
    assert rules.compute(case).flag("iit").value == "FULL"


def test_a_unit_that_does_not_apply_local_rules_is_held_to_the_national_floor():
    assert rules.compute(a_case(norms=norms(jurisdiction="CN"))).rate == D("0.50")


def test_the_rules_of_the_contracts_own_date_apply():
    before = norms(on=date(2017, 9, 30))
    after = norms(on=date(2017, 10, 1))
    assert rules.compute(a_case(norms=before)).rate == D("0.50")
    assert rules.compute(a_case(norms=after)).rate == D("0.70")


def test_a_units_own_rate_applies_where_the_table_is_silent_and_is_held_to_the_floor():
    unit = uuid4()
    own = lambda value: Rule(  # noqa: E731
        uuid4(), "reward.floor", "CN", f"unit:{unit}", "licence", "any", Binding.DEFAULT, "net_income", value,
        RuleUnit.RATIO, "unit rule 2020", Evidence.PRACTICE, date(2020, 1, 1),
    )  # fmt: skip
    done = rules.compute(a_case(norms=norms(unit=unit, more=(own("0.80"),))))
    assert (done.rate, done.rate_norm.source) == (D("0.80"), "unit rule 2020")
    with pytest.raises(errors.BelowFloor):
        rules.compute(a_case(norms=norms(unit=unit, more=(own("0.65"),))))
    agreed = rules.compute(a_case(table=replace(TABLE, rate=D("0.75")), norms=norms(unit=unit, more=(own("0.80"),))))
    assert (agreed.rate, agreed.rate_norm) == (D("0.75"), None)


def test_development_and_service_have_no_floor_and_need_an_agreed_rate():
    rows = norms(Mode.OTHER)
    case = a_case(mode=Mode.OTHER, norms=rows)
    with pytest.raises(errors.RateNeeded):
        rules.compute(case)
    assert rules.compute(replace(case, table=replace(TABLE, rate=D("0.10")))).reward_minor == 111_516_32


def test_a_cost_without_evidence_or_rule_reduces_nothing():
    costs = (Cost("1", "travel", 100_00, None), Cost("2", "banquet", 100_00, "bill"))
    done = rules.compute(a_case(costs=costs))
    assert [(v.deducted_minor, v.reason) for v in done.verdicts] == [(0, "no_evidence"), (0, "no_rule")]
    assert done.base_minor == done.receipts_minor


def test_a_unit_may_not_deduct_fiscal_money_by_a_rule_of_its_own():
    unit = uuid4()
    own = Rule(
        uuid4(), "net_income.deductible.fiscal_rd", "CN", f"unit:{unit}", None, "any", Binding.DEFAULT, None, "1",
        RuleUnit.FLAG, "unit rule", Evidence.PRACTICE, date(2020, 1, 1),
    )  # fmt: skip
    assert rules.compute(a_case(norms=norms(unit=unit, more=(own,)))).base_minor == 1_115_163_12


# --- tables that do not hold ----------------------------------------------------------------------------------------


def shares(main, staff, others):
    named = ((Group.MAIN, main), (Group.STAFF, staff), (Group.OTHERS, others))
    return Table(tuple(GroupShare(group, D(weight)) for group, weight in named if weight))


@pytest.mark.parametrize(
    ("table", "part", "least"),
    [
        (shares(69, 5, 26), Group.MAIN, D("0.70")),
        (shares(90, 4, 6), Group.STAFF, D("0.05")),
        (shares(90, 0, 10), Group.STAFF, D("0.05")),
    ],
)
def test_a_group_below_its_sub_floor_is_refused_with_the_least_that_would_work(table, part, least):
    with pytest.raises(errors.BelowFloor) as refused:
        rules.compute(a_case(table=table))
    assert (refused.value.facts["part"], refused.value.facts["least"]) == (part, least)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (Table(()), "groups_once_each"),
        (Table((GroupShare(Group.MAIN, D(1)), GroupShare(Group.MAIN, D(1)))), "groups_once_each"),
        (Table((GroupShare(Group.MAIN, D(0)),)), "group_weight_above_zero"),
        (Table((GroupShare(Group.MAIN, D(1), (Share("A", D(1)), Share("A", D(1)))),)), "person_twice_in_a_group"),
        (Table((GroupShare(Group.MAIN, D(1), (Share("A", D(0)),)),)), "no_weight_in_the_group"),
        (Table((GroupShare(Group.MAIN, D(1), (Share("A", D(-1)),)),)), "weight_below_zero"),
        (replace(TABLE, rate=D("1.01")), "rate_between_0_and_1"),
        (replace(TABLE, title_share=D("0.9")), "reward_or_title_not_both"),
        (replace(TABLE, basis=Basis.TITLE), "title_share_between_0_and_1"),
        (replace(TABLE, basis=Basis.TITLE, title_share=D("0.9")), "title_belongs_to_the_completers"),
        (replace(TABLE, basis=Basis.TITLE, title_share=D("0.9"), rate=D("0.7")), "reward_or_title_not_both"),
    ],
)
def test_a_table_that_does_not_hold_together_is_refused_by_name(table, reason):
    with pytest.raises(errors.TableMalformed) as refused:
        schemes.check_table(table)
    assert refused.value.facts["reason"] == reason


def test_nothing_is_split_while_costs_eat_the_income():
    costs = (Cost("1", "valuation_fee", 1_153_703_67, "invoice"),)
    with pytest.raises(errors.NothingToShare) as refused:
        rules.compute(a_case(costs=costs))
    assert refused.value.facts == {"receipts": Money(1_153_703_67), "costs": Money(1_153_703_67)}


def test_a_sum_too_small_for_every_part_is_refused_and_not_split_unfairly():
    tiny = (Receipt("1", 3, date(2026, 3, 20)),)
    with pytest.raises(errors.TooSmallToSplit):
        rules.compute(a_case(receipts=tiny, costs=()))
    with pytest.raises(errors.TooSmallToSplit):
        splitting.split_people(2, INVENTORS)
    waived = (*INVENTORS[:2], Share("C", D(0)))
    assert splitting.split_people(2, waived) == [1, 1, 0]


# --- sums -----------------------------------------------------------------------------------------------------------


def test_a_floor_broken_by_rounding_is_mended_from_the_largest_part():
    assert splitting.split_with_floors(1_001, [D(90), D(5), D(5)], [0, 51, 0]) == [900, 51, 50]
    # The largest part stands on its own floor, so the next largest gives.
    assert splitting.split_with_floors(1_001, [D(70), D(5), D(25)], [701, 51, 0]) == [701, 51, 249]


weights = st.integers(1, 10_000).map(lambda n: D(n) / 100)
tables = st.builds(
    lambda main, staff, inventors: Table(
        (
            GroupShare(
                Group.MAIN, 70 + main, tuple(Share(str(n), weight) for n, weight in enumerate(inventors, start=1))
            ),
            GroupShare(Group.STAFF, 5 + staff),
            GroupShare(Group.OTHERS, 25 - main - staff),
        )
    ),
    st.integers(0, 1_200).map(lambda n: D(n) / 100),
    st.integers(0, 1_200).map(lambda n: D(n) / 100),
    st.lists(weights, min_size=1, max_size=40),
)
NORMS = norms()


@settings(max_examples=150, deadline=None)
@given(tables, st.integers(1, 10**13))
def test_parts_sum_exactly_and_rounding_breaks_no_floor(table, minor):
    case = a_case(table=table, receipts=(Receipt("1", minor, date(2026, 3, 20)),), costs=(), norms=NORMS)
    try:
        done = rules.compute(case)
    except errors.TooSmallToSplit:
        assert minor < 10**8
        return
    assert done.reward_minor + done.unit_minor == minor
    assert sum(line.minor for line in done.lines) == done.reward_minor
    assert done.reward_minor * 10 >= minor * 7
    assert sum(minors(done, Group.MAIN)) * 10 >= done.reward_minor * 7
    assert minors(done, Group.STAFF)[0] * 20 >= done.reward_minor
    for share in table.groups:
        whole = sum(s.weight for s in table.groups)
        exact = done.reward_minor * share.weight / whole
        assert abs(done.groups[share.group] - exact) <= 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_receipts_and_costs_changes_no_amount(amounts, random):
    receipts = [Receipt(str(n), minor + 10**6, date(2026, 3, 20)) for n, minor in enumerate(amounts)]
    costs = [Cost(str(n), "travel", minor % 1_000, "bill") for n, minor in enumerate(amounts)]
    shuffled = random.sample(receipts, len(receipts)), random.sample(costs, len(costs))
    one = rules.compute(a_case(receipts=tuple(receipts), costs=tuple(costs), norms=NORMS))
    other = rules.compute(a_case(receipts=tuple(shuffled[0]), costs=tuple(shuffled[1]), norms=NORMS))
    assert one.outcome() == other.outcome()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**12), st.lists(weights, min_size=1, max_size=30))
def test_half_a_reward_is_half_up_of_each_line(minor, inventors):
    half = next(norm for norm in NORMS if norm.key == norming.IIT_RATIO)
    assert reliefs.wage_base(minor, half) == (minor + 1) // 2
    assert reliefs.wage_base(minor, None) == minor
    assert apply_rate(minor, D("0.5"), Rounding.HALF_UP) == (minor + 1) // 2


# --- what a person can recompute ------------------------------------------------------------------------------------


def test_a_computation_survives_its_canonical_form_and_recomputes_to_the_same_outcome():
    done = rules.compute(a_case())
    document = json.loads(canonical_json(done.document()))
    assert case_from(document["inputs"]) == done.case
    assert rules.recompute(document) == document["outcome"]
    assert document["outcome"]["reward_minor"] == 780_614_19


def test_the_case_cut_to_one_person_recomputes_to_her_line_and_names_nobody_else():
    done = rules.compute(a_case())
    cut = done.case.cut_to("B")
    assert cut.table.people() == ["1", "B", "3"]
    again = rules.compute(cut)
    assert [line for line in again.lines if line.key == "B"] == [line for line in done.lines if line.key == "B"]
    assert again.groups == done.groups


def test_every_step_that_rests_on_law_names_its_row_and_source():
    done = rules.compute(a_case())
    assert step(done, "net_income").says == "1153703.67 - 38540.55"
    assert step(done, "cost.fiscal_rd").norm.source == "ZJR art. 37(4)"
    assert step(done, "reward").says == "1115163.12 x 0.7"
    assert step(done, "people.MAIN").says == "663522.06 in 50 / 30 / 20 of 100"
    assert all(s.norm.source for s in done.steps if s.name in ("floor", "sub_floor.MAIN", "sub_floor.STAFF"))
