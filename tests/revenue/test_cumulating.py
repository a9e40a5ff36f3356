"""Sharing over several events, scales by cumulative net income, and what may depend on what: properties."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.money import Money, largest_remainder
from techmarket.revenue import errors, norming, rules
from techmarket.revenue.case import Cost, Group, GroupShare, Mode, Receipt, Share, Table, case_from
from techmarket.revenue.cumulating import Tier, by_tiers, due_by_weight, share_out
from techmarket.revenue.golden import rules_of
from techmarket.rulebook.packs import carried_packs
from tests.revenue.make import TABLE, a_case, norms

D = Decimal
DAY = date(2026, 3, 20)
NORMS = norms()
SAMPLES = rules_of([pack for pack in carried_packs() if pack.is_sample])
weights = st.integers(1, 10_000).map(lambda n: D(n) / 100)
amounts = st.integers(10**6, 10**11)


def received(*minors):
    return tuple(Receipt(str(n), minor, DAY) for n, minor in enumerate(minors))


def a_scale(place="XA", on=date(2026, 3, 1)):
    return norming.choose_norms(SAMPLES, on=on, jurisdiction=place, mode=Mode.LICENCE, is_government=True, unit=None)


def in_events(case, minors):
    """The case's income, event after event, each counting those before it."""
    done, earlier = [], None
    for minor in minors:
        done.append(rules.compute(replace(case, receipts=received(minor), costs=(), earlier=earlier)))
        earlier = done[-1].so_far()
    return done


def tables(inventors):
    people = tuple(Share(str(n), weight) for n, weight in enumerate(inventors))
    return Table(
        (GroupShare(Group.MAIN, D(75), people), GroupShare(Group.STAFF, D(5)), GroupShare(Group.OTHERS, D(20)))
    )


# --- several events give what the rule says --------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.lists(weights, min_size=1, max_size=12), st.lists(amounts, min_size=1, max_size=6), st.booleans())
def test_income_in_several_events_gives_what_the_rule_says_of_all_of_it(inventors, minors, by_scale):
    case = a_case(table=tables(inventors), norms=a_scale() if by_scale else NORMS)
    whole = rules.compute(replace(case, receipts=received(sum(minors)), costs=()))
    events = in_events(case, minors)
    assert sum(event.reward_minor for event in events) == whole.reward_minor
    assert sum(event.unit_minor for event in events) == whole.unit_minor
    for event in events:
        assert event.reward_minor + event.unit_minor == event.base_minor
        assert sum(line.minor for line in event.lines) == event.reward_minor
        assert all(line.minor >= 0 for line in event.lines)
    for n, line in enumerate(whole.lines):
        assert abs(sum(event.lines[n].minor for event in events) - line.minor) <= 2
    so_far = events[-1].so_far()
    assert so_far.base_minor == sum(minors)
    if not by_scale:
        assert so_far.of(Group.MAIN) * 10 >= so_far.reward_minor * 7
        assert so_far.of(Group.STAFF) * 20 >= so_far.reward_minor


def test_rounding_up_at_every_event_alone_would_give_more_than_the_rule():
    minors = [10**6 + 1] * 5
    alone = [rules.compute(a_case(receipts=received(minor), costs=())).reward_minor for minor in minors]
    together = [event.reward_minor for event in in_events(a_case(), minors)]
    whole = rules.compute(a_case(receipts=received(sum(minors)), costs=())).reward_minor
    assert (sum(alone), sum(together), whole) == (3_500_005, 3_500_004, 3_500_004)
    assert together == [700_001, 700_001, 700_001, 700_000, 700_001]


@settings(max_examples=150, deadline=None)
@given(st.lists(weights, min_size=1, max_size=30), st.lists(st.integers(0, 10**7), min_size=1, max_size=8))
@example([D(1), D(1), D(1)], [1, 1, 1, 1])
def test_a_cent_goes_to_whoever_is_owed_most_and_nobody_is_ahead_by_a_cent(inventors, minors):
    had, whole = [0] * len(inventors), 0
    for minor in minors:
        whole += minor
        due = due_by_weight(whole, inventors)
        parts = share_out(minor, due, had)
        assert sum(parts) == minor
        assert min(parts) >= 0
        had = [one + part for one, part in zip(had, parts, strict=True)]
        assert all(one - exact < 1 for one, exact in zip(had, due, strict=True))
        assert all(exact - one < 2 for one, exact in zip(had, due, strict=True))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.lists(st.integers(0, 50), min_size=1, max_size=20).filter(any))
def test_one_event_is_the_method_of_the_largest_remainder(minor, given_weights):
    parts = [D(weight) for weight in given_weights]
    assert share_out(minor, due_by_weight(minor, parts), [0] * len(parts)) == largest_remainder(minor, parts)


def test_whoever_was_ahead_by_a_part_of_a_cent_waits_and_the_cents_that_lack_are_those_owed_least():
    half = Fraction(1, 2)
    assert share_out(1, [half, half], [0, 0]) == [1, 0]
    assert share_out(1, [Fraction(1), Fraction(1)], [1, 0]) == [0, 1]
    # Three are ahead by 0.5 each; the fourth is due 3.5 and the fifth 1, but only three cents are there.
    assert share_out(3, [half, half, half, Fraction(7, 2), Fraction(1)], [1, 1, 1, 0, 0]) == [0, 0, 0, 3, 0]
    with pytest.raises(ValueError, match="more is given"):
        share_out(5, [half, half], [0, 0])


# --- scales ---------------------------------------------------------------------------------------------------------


def test_each_part_of_the_income_is_shared_by_the_tier_it_lies_in():
    scale = (Tier(0, D("0.9")), Tier(100, D("0.6")), Tier(200, D("0.34")))
    assert [by_tiers(whole, scale) for whole in (0, 100, 101, 200, 300)] == [
        0, 90, Fraction(906, 10), 150, 184,
    ]  # fmt: skip
    assert by_tiers(300, tuple(reversed(scale))) == 184


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(10**4, 3 * 10**7), min_size=1, max_size=6), st.sampled_from(["XA", "XB"]))
def test_department_and_laboratory_and_unit_share_what_the_inventors_leave(minors, place):
    table = Table((GroupShare(Group.MAIN, D(1)),))
    events = in_events(a_case(table=table, norms=a_scale(place)), minors)
    for event in events:
        assert all(part >= 0 for part in event.parts.values())
        assert sum(event.parts.values()) <= event.unit_minor
    for who in events[0].parts:
        exact = by_tiers(sum(minors), norming.tiers_of(events[0].case.norms, who))
        assert abs(sum(event.parts[who] for event in events) - exact) < 2


def test_a_state_universitys_own_scale_is_held_to_the_mandatory_floor_on_all_income_so_far():
    floors = tuple(norm for norm in NORMS if norm.key == norming.FLOOR)
    case = a_case(norms=(*a_scale(), *floors), costs=())
    assert rules.compute(replace(case, receipts=received(10_000_000))).reward_minor == 9_000_000
    with pytest.raises(errors.BelowFloor) as refused:
        rules.compute(replace(case, receipts=received(30_000_000)))
    assert (refused.value.facts["given"], refused.value.facts["least"]) == ("0.613333", D("0.70"))
    first = rules.compute(replace(case, receipts=received(20_000_000)))
    with pytest.raises(errors.BelowFloor):
        rules.compute(replace(case, receipts=received(10_000_000), earlier=first.so_far()))


def test_an_event_with_earlier_ones_survives_its_canonical_form_and_recomputes_for_one_person_too():
    done = in_events(a_case(), [10_000_001, 20_000_002])[-1]
    document = json.loads(canonical_json(done.document()))
    assert case_from(document["inputs"]) == done.case
    assert rules.recompute(document) == document["outcome"]
    again = rules.compute(done.case.cut_to("B"))
    assert [one for one in again.lines if one.key == "B"] == [one for one in done.lines if one.key == "B"]
    assert "earlier" not in rules.compute(a_case()).document()["inputs"]


# --- what may depend on what ----------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.lists(weights, min_size=1, max_size=12), amounts, st.integers(1, 10**6), st.booleans())
def test_one_more_cost_never_raises_a_share_by_more_than_a_cent(inventors, minor, cost, by_scale):
    assume(cost < minor // 2)
    case = a_case(table=tables(inventors), norms=a_scale() if by_scale else NORMS, receipts=received(minor), costs=())
    kind = "patent_fee"
    before, after = rules.compute(case), rules.compute(replace(case, costs=(Cost("1", kind, cost, "bill"),)))
    assert after.base_minor == minor - cost
    assert after.reward_minor <= before.reward_minor
    for one, other in zip(before.lines, after.lines, strict=True):
        assert other.minor - one.minor <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(weights, min_size=2, max_size=12), amounts, st.randoms(use_true_random=False))
def test_ties_go_by_position_in_the_table_and_names_or_order_move_at_most_that_cent(inventors, minor, random):
    case = a_case(table=tables(inventors), receipts=received(minor), costs=(), norms=NORMS)
    done = rules.compute(case)
    renamed = tuple(Share(f"someone {n}", weight) for n, weight in enumerate(inventors))
    groups = (replace(case.table.groups[0], people=renamed), *case.table.groups[1:])
    again = rules.compute(replace(case, table=replace(case.table, groups=groups)))
    assert [line.minor for line in again.lines] == [line.minor for line in done.lines]
    order = random.sample(range(len(inventors)), len(inventors))
    mixed = tuple(case.table.groups[0].people[n] for n in order)
    groups = (replace(case.table.groups[0], people=mixed), *case.table.groups[1:])
    other = rules.compute(replace(case, table=replace(case.table, groups=groups)))
    mine = {line.key: line.minor for line in done.lines if line.key}
    theirs = {line.key: line.minor for line in other.lines if line.key}
    assert all(abs(mine[key] - theirs[key]) <= 1 for key in mine)
    # Equal weights are the only tie: among them the earlier place never has less.
    for one in range(len(inventors)):
        for later in range(one + 1, len(inventors)):
            if inventors[one] == inventors[later]:
                assert mine[str(one)] >= mine[str(later)]


@pytest.mark.parametrize(("minor", "amount"), [(1, 1), (4, 3), (8, 6)])
def test_a_sum_too_small_to_be_split_is_named_and_carried_to_the_next_event(minor, amount):
    case = a_case(receipts=received(minor), costs=())
    with pytest.raises(errors.TooSmallToSplit) as refused:
        rules.compute(case)
    assert refused.value.facts["amount"] <= Money(amount)
    later = rules.compute(replace(case, receipts=received(minor, 1_000_00)))
    assert later.reward_minor == -(-(minor + 1_000_00) * 7 // 10)
    assert min(line.minor for line in later.lines) >= 1


def test_the_same_deal_the_day_before_and_on_the_day_of_a_change():
    before, on = a_scale(on=date(2012, 7, 31)), a_scale(on=date(2012, 8, 1))
    table = Table((GroupShare(Group.MAIN, D(1)),))
    rewards = [
        rules.compute(a_case(table=table, norms=scale, receipts=received(30_000_000), costs=())).reward_minor
        for scale in (before, on)
    ]
    assert rewards == [16_750_000, 18_400_000]
    assert TABLE.rate is None
