"""Golden cases: every pack computes what it promises, and one that does not is found by its line."""

from __future__ import annotations

import re

import pytest

from techmarket.revenue.golden import check_cases, rules_of
from techmarket.rulebook.packs import carried_packs
from tests.rulebook.make_packs import EXAMPLE, a_pack

CARRIED = [pack for pack in carried_packs() if not pack.is_sample]


def found(*changes):
    return [(finding.code, finding.line) for finding in check_cases(a_pack(*changes), CARRIED)]


@pytest.mark.parametrize("pack", carried_packs(), ids=lambda pack: pack.name)
def test_every_golden_case_of_the_packs_computes_to_the_cent(pack):
    assert check_cases(pack, [one for one in carried_packs() if one.name != pack.name]) == []


def test_the_cases_of_zhejiang_go_through_the_worked_example_and_its_branches():
    (pack,) = [one for one in CARRIED if one.name == "zhejiang"]
    names = [case["name"] for case in pack.cases()]
    assert len(names) == 22
    (example,) = [case for case in pack.cases() if case["name"] == "worked example"]
    assert example["expect"]["lines"] == {
        "A": "331761.03", "B": "199056.62", "C": "132704.41", "STAFF": "39030.71", "OTHERS": "78061.42",
    }  # fmt: skip


def test_the_documented_pack_computes_what_it_promises():
    assert found() == []


@pytest.mark.parametrize("amount", re.findall(r"\d+\.\d\d(?=[,}\s])", EXAMPLE.split("expect:")[1]))
def test_a_cent_more_in_any_expected_amount_is_found_on_its_line(amount):
    after = EXAMPLE.index("expect:")
    at = EXAMPLE.index(amount, after)
    old = EXAMPLE[at - 12 : at + len(amount)]
    new = old[:-1] + str((int(old[-1]) + 1) % 10)
    assert found((old, new)) == [("golden_differs", EXAMPLE[: at + 1].count("\n") + 1)]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("{floors: {CN: 50000.01, CN-34: 65000.01}}", "{refused: revenue.below_floor}", "golden_differs"),
        ("value: 0.65", "value: 0.66", "golden_differs"),
        ("table: {groups: {MAIN: {weight: 80", "table: {rate: 0.40, groups: {MAIN: {weight: 80", "golden_differs"),
        ("like: what may", "like: nothing that may", "golden_broken"),
        ("{amount: 100000.01,", "{of: 1000000.01, rate: 0.1, is: 100000.01,", "golden_broken"),
        ("    mode: licence\n    receipts", "    receipts", "golden_broken"),
        ("on: 2024-06-30", "on: 2014-06-30", "golden_differs"),
    ],
)
def test_a_case_that_does_not_come_out_is_told_by_name(old, new, code):
    codes = {code for code, _ in found((old, new))}
    assert codes == {code}


def test_the_same_packs_give_the_same_rows_and_ids():
    assert rules_of(CARRIED) == rules_of([one for one in carried_packs() if not one.is_sample])
    assert len({rule.id for rule in rules_of(CARRIED)}) == len(rules_of(CARRIED))
