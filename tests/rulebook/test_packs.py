"""Policy packs: how they are read, and that a bad one is refused with its line and reason."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from importlib import resources

import pytest

from techmarket.rulebook.linting import lint, measures_of, threshold_of
from techmarket.rulebook.packs import Unreadable, carried_packs, read_pack
from tests.rulebook.make_packs import EXAMPLE, a_pack, line_of

SUB = "  - {key: reward.floor.%s, applies_to: government_unit, binding: default, base: %s, value: %s, unit: ratio, "
SUB += "from: 2018-01-01, source: example, evidence: recalled}\n"


FIELDS = {
    "ratio_over_1": {"value"},
    "value": {"value"},
    "unknown_unit": {"unit", "applies_to"},
    "unknown_jurisdiction": {"jurisdiction"},
    "missing_source": {"source", "key"},
    "dates_reversed": {"to"},
    "no_day": {"from"},
    "recalled_never_refuses": {"binding"},
    "not_law": {"evidence"},
    "not_a_sample": {"evidence"},
    "unknown_key": {"key"},
    "unknown_word": {"binding"},
    "unknown_field": {"pack"},
    "local_switch": {"needs_local_rules_switch"},
    "case_twice": {"name"},
}
"""On which line of the pack a finding of this code stands."""


def found(*changes, beside=()):
    return [(finding.code, finding.line) for finding in lint(a_pack(*changes), beside)]


def test_the_documented_pack_holds_together():
    assert lint(a_pack(), carried_packs()) == []


def test_every_pack_that_comes_along_holds_together_beside_the_others():
    packs = carried_packs()
    assert {pack.jurisdiction for pack in packs if not pack.is_sample} == {
        "CN", "CN-11", "CN-31", "CN-33", "CN-37", "CN-42", "CN-44", "CN-4403",
    }  # fmt: skip
    assert [finding for pack in packs for finding in lint(pack, [one for one in packs if one is not pack])] == []


def test_an_entry_stands_for_a_row_of_each_of_its_modes_and_every_value_stays_text():
    rows = a_pack().rows()
    assert [(row["mode"], row["value"], row["effective_from"], row["effective_to"]) for row in rows] == [
        ("transfer", "0.60", "2018-01-01", "2024-07-01"),
        ("licence", "0.60", "2018-01-01", "2024-07-01"),
        ("transfer", "0.65", "2024-07-01", None),
        ("licence", "0.65", "2024-07-01", None),
    ]
    assert Decimal(rows[0]["value"]) == Decimal("0.6")
    assert date.fromisoformat(rows[0]["effective_from"]) == date(2018, 1, 1)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("value: 0.65", "value: 1.01", "ratio_over_1"),
        ("value: 0.65", "value: 65", "ratio_over_1"),
        ("value: 0.65", "value: many", "value"),
        ("value: 0.65", "value: .65", "value"),
        ("    unit: ratio\n    from: 2024", "    unit: percent\n    from: 2024", "unknown_unit"),
        ("    unit: ratio\n    from: 2024", "    unit: months\n    from: 2024", "unknown_unit"),
        ("applies_to: government_unit", "applies_to: goverment_unit", "unknown_unit"),
        ("jurisdiction: CN-34", "jurisdiction: CN-99", "unknown_jurisdiction"),
        ("jurisdiction: CN-34", "jurisdiction: Anhui", "unknown_jurisdiction"),
        ("    source: example, no text was read\n    evidence: recalled\ngolden", "    evidence: recalled\ngolden",
         "missing_source"),
        ("source: example, no text was read", 'source: ""', "missing_source"),
        ("to: 2024-07-01", "to: 2017-12-31", "dates_reversed"),
        ("to: 2024-07-01", "to: 2018-01-01", "dates_reversed"),
        ("from: 2018-01-01", "from: 2018-02-30", "no_day"),
        ("binding: permissive", "binding: mandatory", "recalled_never_refuses"),
        ("evidence: recalled", "evidence: design_choice", "not_law"),
        ("scope: law", "scope: sample", "not_a_sample"),
        ("key: reward.floor", "key: reward.flor", "unknown_key"),
        ("binding: permissive", "binding: optional", "unknown_word"),
        ("version: 1", "version: 1\nauthor: nobody", "unknown_field"),
        ("needs_local_rules_switch: true", "needs_local_rules_switch: false", "local_switch"),
        ("name: from the day of the change on", "name: what may be given is shown, and the national floor decides",
         "case_twice"),
    ],
)  # fmt: skip
def test_a_bad_pack_is_refused_with_the_line_and_the_reason(old, new, code):
    findings = lint(a_pack((old, new)))
    finding = next(one for one in findings if one.code == code)
    shown = EXAMPLE.replace(old, new, 1).splitlines()[finding.line - 1].strip().removeprefix("- ")
    assert shown.split(":")[0] in FIELDS[code]
    assert finding.says
    assert str(finding) == f"example.yaml:{finding.line}: {code}: {finding.says}"


def test_a_pack_promises_no_rounding_and_no_word_that_the_rules_do_not_follow():
    packs = {pack.file: pack for pack in carried_packs()}
    market = (resources.files("techmarket.rulebook") / "packs/CN/market.yaml").read_text("utf-8")
    assert lint(packs["packs/CN/market.yaml"]) == []
    for word, other in (("ceiling", "floor"), ("half_up", "half_even"), ("payroll", "cash")):
        [finding] = lint(read_pack(market.replace(f"value: {word}", f"value: {other}", 1), "x"))
        assert (finding.code, word in finding.says) == ("unknown_word", True)


def test_a_pack_may_be_written_as_json_and_says_the_same():
    pack = a_pack()
    again = read_pack(json.dumps(pack.content, ensure_ascii=False, indent=1), "example.json")
    assert (lint(again), again.rows()) == ([], pack.rows())
    bad = json.dumps(pack.content, indent=1).replace('"0.60"', '"60"', 1)
    assert [finding.code for finding in lint(read_pack(bad, "example.json"))] == ["ratio_over_1"]


def test_a_pack_without_golden_cases_is_refused():
    assert [finding.code for finding in lint(read_pack(EXAMPLE.split("golden:")[0], "x"))] == ["missing_golden"]


def test_two_numbers_for_one_thing_on_one_day_are_an_overlap():
    assert found(("    to: 2024-07-01\n", "")) == [("overlap", line_of(EXAMPLE, "from: 2024-07-01") - 1)]
    assert found(("to: 2024-07-01", "to: 2024-07-02")) == [("overlap", line_of(EXAMPLE, "from: 2024-07-01"))]


def test_two_packs_do_not_say_the_same_thing_twice():
    other = a_pack(("pack: anhui-example", "pack: another"), file="other.yaml")
    findings = lint(a_pack(), [other])
    assert [(finding.code, finding.line) for finding in findings] == [
        ("overlap", line_of(EXAMPLE, "from: 2018-01-01")),
        ("overlap", line_of(EXAMPLE, "from: 2024-07-01")),
    ]
    assert "other.yaml:8" in findings[0].says


def test_days_without_a_number_between_two_rows_are_a_gap():
    assert found(("to: 2024-07-01", "to: 2024-06-30")) == [("gap", line_of(EXAMPLE, "from: 2024-07-01"))]


def test_sub_floors_fit_into_the_reward_and_none_is_above_its_floor():
    two = SUB % ("main_contributors", "reward", "0.97") + SUB % ("transfer_staff", "reward", "0.05")
    at = line_of(EXAMPLE, "golden:") + 1
    assert found(("golden:", f"{two}golden:")) == [("sub_floors_over_1", at)]
    assert found(("golden:", f"{two.replace('0.97', '0.95')}golden:")) == []
    high = SUB % ("main_contributors", "net_income", "0.61")
    assert found(("golden:", f"{high}golden:")) == [("sub_floor_above_floor", at - 1)]
    assert found(("golden:", f"{high.replace('0.61', '0.60')}golden:")) == []


TIER = (
    "  - {key: reward.tier.%s, applies_to: any, binding: default, base: net_income_above_%s, value: %s, unit: ratio, "
)
TIER += "from: 2018-01-01, source: example, evidence: recalled}\n"


def test_tiers_begin_at_nought_and_their_parts_fit_into_the_whole():
    at = line_of(EXAMPLE, "golden:")
    good = TIER % ("inventors", "0", "0.6") + TIER % ("inventors", "100", "0.3") + TIER % ("lab", "0", "0.4")
    assert found(("golden:", f"{good}golden:")) == []
    assert found(("golden:", f"{good.replace('above_0, value: 0.6', 'above_7, value: 0.6')}golden:")) == [("gap", at)]
    assert found(("golden:", f"{good.replace('0.3', '0.61')}golden:")) == [("ratio_over_1", at + 1)]
    assert found(("golden:", f"{good.replace('net_income_above_100', 'net_income')}golden:")) == [("tier", at + 1)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("pack: a\npack: b\n", "key_twice", 2),
        ("pack: [1, 2\n", "not_yaml", 2),
        ("- a\n", "not_a_pack", 1),
        ("", "not_a_pack", 1),
        ("a: &x [1]\nb: *x\n", "reference", 2),
        ("a: " + "[" * 30 + "]" * 30, "too_deep", 1),
        ("a: " + "[" * 100_000, "too_deep", 1),
        ("a: " + "x" * 1_000_001, "too_large", 1),
        ("a: 1\n---\nb: 2\n", "not_yaml", 2),
        ("a: \x00", "not_yaml", 1),
        ("a: !!python/object/apply:os.system [ls]\n", None, 0),
    ],
)
def test_what_is_no_pack_is_told_with_its_line_and_nothing_in_it_is_run(text, code, line):
    if code is None:
        assert [finding.code for finding in lint(read_pack(text, "x"))][:1] == ["unknown_field"]
        return
    with pytest.raises(Unreadable) as refused:
        read_pack(text, "x")
    assert (refused.value.finding.code, refused.value.finding.line) == (code, line)


def test_a_key_has_its_measures_and_a_tier_its_threshold():
    assert measures_of("reward.floor.main_contributors") == {"ratio"}
    assert measures_of("notice.reward_list.length") == {"days", "working_days", "months", "years"}
    assert measures_of("tariff.exchange_fee") is None
    assert [threshold_of(base) for base in ("net_income_above_0", "net_income_above_x", "net_income", None)] == [
        0, None, None, None,
    ]  # fmt: skip
