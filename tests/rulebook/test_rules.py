"""Which row holds: the most specific one in force on the day, and none by guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import Length, Unit
from techmarket.rulebook import errors, rules
from techmarket.rulebook.rules import Binding, Evidence, Rule, RuleUnit, choose

DAY = date(2026, 3, 2)
UNIT = UUID("018f0000-0000-7000-8000-000000000001")


def row(**changes: object) -> Rule:
    plain = Rule(
        id=new_id(),
        key="reward.floor",
        jurisdiction="CN",
        scope="law",
        mode=None,
        applies_to="any",
        binding=Binding.MANDATORY,
        base="net_income",
        value="0.50",
        unit=RuleUnit.RATIO,
        source="sample",
        evidence=Evidence.VERIFIED,
        effective_from=date(2015, 10, 1),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


NATIONAL = row()
PROVINCE = row(jurisdiction="CN-33", value="0.70")
CITY = row(jurisdiction="CN-3301", value="0.75")
MODE = row(mode="transfer", value="0.51")
GOVERNMENT = row(applies_to="government_unit", value="0.52")
MARKET = row(scope="market", value="0.53", binding=Binding.DEFAULT)
OWN = row(scope=f"unit:{UNIT}", value="0.80", binding=Binding.DEFAULT)


@pytest.mark.parametrize(
    ("rows", "asked", "wanted"),
    [
        ([NATIONAL, PROVINCE], {}, NATIONAL),
        ([NATIONAL, PROVINCE], {"jurisdiction": "CN-33"}, PROVINCE),
        ([NATIONAL, PROVINCE, CITY], {"jurisdiction": "CN-330106"}, CITY),
        ([NATIONAL, CITY], {"jurisdiction": "CN-3302"}, NATIONAL),
        ([PROVINCE], {"jurisdiction": "CN-31"}, None),
        ([NATIONAL, MODE], {"mode": "transfer"}, MODE),
        ([NATIONAL, MODE], {"mode": "equity"}, NATIONAL),
        ([MODE], {}, None),
        ([NATIONAL, GOVERNMENT], {"applies_to": ("government_unit",)}, GOVERNMENT),
        ([NATIONAL, GOVERNMENT], {"applies_to": ("any", "government_unit")}, NATIONAL),
        ([GOVERNMENT], {"applies_to": ("enterprise",)}, None),
        ([GOVERNMENT, MODE], {"applies_to": ("government_unit",), "mode": "transfer"}, GOVERNMENT),
        ([NATIONAL, MARKET], {}, MARKET),
        ([NATIONAL, MARKET], {"scope": "law"}, NATIONAL),
        ([PROVINCE, MARKET], {"jurisdiction": "CN-33"}, PROVINCE),
        ([PROVINCE, MARKET, OWN], {"jurisdiction": "CN-33", "scope": f"unit:{UNIT}"}, OWN),
        ([PROVINCE, OWN], {"jurisdiction": "CN-33"}, PROVINCE),
        ([MARKET, NATIONAL], {"bindings": (Binding.MANDATORY,)}, NATIONAL),
        ([row(base="low", value="1"), row(base="high", value="0")], {"base": "missing"}, None),
        ([], {}, None),
    ],
)
def test_the_most_specific_row_in_force_is_chosen(rows: list[Rule], asked: dict, wanted: Rule | None) -> None:
    for order in (rows, rows[::-1]):
        assert choose(order, on=DAY, **asked) is wanted


def test_a_named_base_comes_before_a_row_without_one_and_two_bases_are_never_guessed() -> None:
    low, high, plain = row(base="low"), row(base="high"), row(base=None)
    assert choose([low, high, plain], on=DAY, base="high") is high
    assert choose([low, plain], on=DAY, base="high") is plain
    with pytest.raises(errors.BaseNeeded) as refused:
        choose([low, high], on=DAY)
    assert refused.value.facts == {"key": "reward.floor", "bases": ["high", "low"]}


@pytest.mark.parametrize(
    ("day", "holds"),
    [(date(2026, 2, 28), False), (date(2026, 3, 1), True), (date(2026, 3, 31), True), (date(2026, 4, 1), False)],
)
def test_a_row_holds_from_its_first_day_up_to_but_not_on_the_day_that_ends_it(day: date, holds: bool) -> None:
    dated = row(effective_from=date(2026, 3, 1), effective_to=date(2026, 4, 1))
    assert dated.holds_on(day) is holds
    assert (choose([dated], on=day) is dated) is holds


@pytest.mark.parametrize("wrong", ["", "CN-", "CN-3", "cn-33", "CN-330", "US", "CN-33010601"])
def test_a_jurisdiction_of_the_wrong_form_is_a_mistake_of_the_caller(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a jurisdiction"):
        rules.jurisdictions_of(wrong)


@pytest.mark.parametrize(
    ("unit", "right", "wrong"),
    [
        (RuleUnit.RATIO, ["0", "1", "0.015", "1.00"], ["1.01", "-0.1", "", "NaN", ".5", "0,5", "1e-1", "00.5"]),
        (RuleUnit.FLAG, ["0", "1"], ["2", "true", ""]),
        (RuleUnit.DAYS, ["1", "15", "36525"], ["0", "-1", "1.5", "36526", "x", "９"]),
        (RuleUnit.YEARS, ["5", "100"], ["101", "0"]),
        (RuleUnit.FEN, ["0", "500000000"], ["-1", "1.00", "9999999999999999"]),
        (RuleUnit.COUNT, ["0", "2"], ["-1", "2.0", "9999999999"]),
        (RuleUnit.TEXT, ["half_up"], ["", "x" * 201]),
    ],
)
def test_a_value_has_the_form_of_its_unit(unit: RuleUnit, right: list[str], wrong: list[str]) -> None:
    assert [value for value in right if not rules.value_is_right(unit, value)] == []
    assert [value for value in wrong if rules.value_is_right(unit, value)] == []


def test_a_row_reads_as_the_value_its_unit_says() -> None:
    length = row(unit=RuleUnit.WORKING_DAYS, value="10")
    assert (length.length, length.int) == (Length(10, Unit.WORKING_DAYS), 10)
    assert str(NATIONAL.decimal) == "0.50"
    assert (row(unit=RuleUnit.FLAG, value="1").is_set, row(unit=RuleUnit.FLAG, value="0").is_set) == (True, False)


@pytest.mark.parametrize("evidence", Evidence)
def test_only_a_row_that_was_read_may_reject(evidence: Evidence) -> None:
    assert row(evidence=evidence).is_enforceable is (evidence in (Evidence.VERIFIED, Evidence.VERIFIED_SECONDARY))


NEW = {
    "key": "trading.deposit_ratio_max",
    "jurisdiction": "CN",
    "scope": "market",
    "binding": Binding.DEFAULT,
    "evidence": Evidence.DESIGN_CHOICE,
    "unit": RuleUnit.RATIO,
    "value": "0.20",
    "effective_from": DAY,
    "effective_to": None,
    "known_units": [RuleUnit.RATIO],
}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"known_units": []}, "rulebook.unknown_key"),
        ({"key": "No Key"}, "rulebook.unknown_key"),
        ({"jurisdiction": "CN-3"}, "rulebook.jurisdiction_malformed"),
        ({"unit": RuleUnit.FEN, "value": "20"}, "rulebook.wrong_unit"),
        ({"value": "20"}, "rulebook.value_malformed"),
        ({"binding": Binding.MANDATORY}, "rulebook.not_enforceable"),
        ({"scope": "law"}, "rulebook.not_law"),
        ({"effective_to": DAY}, "rulebook.ends_before_it_begins"),
    ],
)
def test_a_wrong_row_is_refused_by_name(change: dict, code: str) -> None:
    rules.check_new_row(**NEW)
    with pytest.raises(errors.Refusal) as refused:
        rules.check_new_row(**(NEW | change))
    assert refused.value.code == code


def test_a_length_may_come_in_another_unit_of_time() -> None:
    rules.check_new_row(**(NEW | {"known_units": [RuleUnit.DAYS], "unit": RuleUnit.WORKING_DAYS, "value": "3"}))
