"""The carried rows of the rulebook: shape, dates, sources, and that none of the facts was lost."""

import json
from collections import Counter
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from techmarket.rulebook.packs import carried_packs
from techmarket.rulebook.service import carried_rows

DATA = Path(__file__).parents[2] / "src" / "techmarket" / "rulebook" / "data"
SCHEMA = json.loads((DATA / "rule_rows.schema.json").read_text(encoding="utf-8"))
FILES = {path.stem: path for path in sorted(DATA.glob("*.json")) if not path.name.endswith(".schema.json")}
ROWS: dict[str, list[dict[str, Any]]] = {n: json.loads(p.read_text(encoding="utf-8")) for n, p in FILES.items()}
PACKED = [row for pack in carried_packs() if not pack.is_sample for row in pack.rows()]
ROWS["packs"] = PACKED
ALL = [row for rows in ROWS.values() for row in rows]


def rows_of(key: str, **wanted: Any) -> list[dict[str, Any]]:
    return [row for row in ALL if row["key"] == key and all(row[name] == value for name, value in wanted.items())]


def only(key: str, **wanted: Any) -> dict[str, Any]:
    (row,) = rows_of(key, **wanted)
    return row


def test_the_files_are_one_per_subject() -> None:
    assert {name for name, rows in ROWS.items() if rows} == {
        "certification",
        "contracts",
        "notice_periods",
        "organisations",
        "packs",
        "payment",
        "sharing",
        "settlement",
        "talent_and_terms",
        "tariff_sample",
        "trading",
    }


def test_the_book_carries_what_the_files_and_the_packs_say_and_no_sample() -> None:
    assert Counter(map(str, carried_rows())) == Counter(map(str, ALL))
    assert not [row for row in ALL if row["jurisdiction"].startswith("X")]


def test_the_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", ROWS)
def test_every_row_fits_the_schema(name: str) -> None:
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(ROWS[name])] == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"value": "1.01", "unit": "ratio"}, "a ratio above one"),
        ({"value": "-0.5", "unit": "ratio"}, "a ratio below nought"),
        ({"value": 15}, "a number that is not a string"),
        ({"unit": "flag", "value": "yes"}, "a flag that is a word"),
        ({"source": ""}, "no source"),
        ({"key": "Notice Result"}, "a key that is not dotted lower case"),
        ({"evidence": "recalled", "binding": "mandatory"}, "a recalled row that rejects"),
        ({"note": "x"}, "a field nobody knows"),
    ],
)
def test_the_schema_refuses_a_wrong_row(change: dict[str, Any], why: str) -> None:
    row = only("notice.result.length", applies_to="soe") | change
    assert list(Draft202012Validator(SCHEMA).iter_errors([row])), why


def test_every_day_is_a_day_and_no_row_ends_before_it_begins() -> None:
    for row in ALL:
        begins = date.fromisoformat(row["effective_from"])
        assert row["effective_to"] is None or begins < date.fromisoformat(row["effective_to"]), row


def test_no_two_rows_for_the_same_thing_overlap_in_time() -> None:
    same: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in ALL:
        thing = tuple(row[name] for name in ("key", "jurisdiction", "scope", "mode", "applies_to", "base"))
        same.setdefault(thing, []).append(row)
    for rows in same.values():
        for one, other in combinations(sorted(rows, key=lambda row: row["effective_from"]), 2):
            assert one["effective_to"] is not None, one
            assert one["effective_to"] <= other["effective_from"], (one, other)


def test_only_the_bands_of_the_floor_price_need_a_lookup_by_base() -> None:
    bases: dict[tuple[Any, ...], set[str | None]] = {}
    for row in ALL:
        thing = tuple(row[name] for name in ("key", "jurisdiction", "scope", "mode", "applies_to"))
        bases.setdefault(thing, set()).add(row["base"])
    several = {thing: found for thing, found in bases.items() if len(found) > 1}
    assert several == {
        ("notice.announcement.length", "CN", "law", None, "soe"): {"floor_price_middle", "floor_price_high"}
    }


def test_a_key_lives_in_one_file_only() -> None:
    home: dict[str, str] = {}
    for name, rows in ROWS.items():
        for row in rows:
            assert home.setdefault(row["key"], name) == name


def test_the_readme_lists_every_key_and_no_other() -> None:
    lines = (DATA / "README.md").read_text(encoding="utf-8").splitlines()
    listed = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert Counter(listed) == Counter({row["key"] for row in ALL})


def test_a_row_that_is_not_verified_never_rejects() -> None:
    assert [r for r in ALL if r["binding"] == "mandatory" and not r["evidence"].startswith("verified")] == []


def test_a_design_choice_or_a_sample_is_never_called_law() -> None:
    assert [row for row in ALL if row["evidence"] in {"design_choice", "sample"} and row["scope"] == "law"] == []


def test_every_rule_of_the_facts_is_carried_over_per_mode() -> None:
    # The five national floors bind twice: mandatory for government units, gap-filling for the others.
    floors = Counter(
        (row["key"], row["mode"])
        for row in PACKED
        if row["key"].split(".")[0] in ("reward", "grant") and row["unit"] == "ratio"
    )
    assert floors == {
        ("reward.floor", "transfer"): 7 + 1,
        ("reward.floor", "licence"): 7 + 1,
        ("reward.floor", "equity"): 7 + 1,
        ("reward.floor", "self_implementation"): 5 + 1,
        ("reward.floor", "joint_implementation"): 5 + 1,
        ("reward.floor.main_contributors", None): 2,
        ("reward.floor.transfer_staff", None): 1,
        ("reward.transfer_office_bonus", None): 1,
        ("grant.ownership_share", None): 2,
    }
    assert sum(floors.values()) == 37 + 5
    years = Counter(row["key"] for row in PACKED if row["key"].startswith("reward.years_"))
    assert years == {"reward.years_min": 8, "reward.years_max": 12, "reward.years_start": 12}


@pytest.mark.parametrize(
    ("jurisdiction", "money", "profit", "binding"),
    [
        ("CN", "0.50", "0.05", {"mandatory"}),
        ("CN-33", "0.70", "0.10", {"mandatory", "permissive"}),
        ("CN-31", "0.70", "0.05", {"permissive"}),
        ("CN-11", "0.70", "0.05", {"permissive"}),
        ("CN-37", "0.70", "0.10", {"mandatory"}),
        ("CN-44", "0.60", None, {"permissive"}),
    ],
)
def test_the_floors_of_a_place_are_those_of_its_law(
    jurisdiction: str, money: str, profit: str | None, binding: set[str]
) -> None:
    place = {"jurisdiction": jurisdiction, "applies_to": "government_unit"}
    rows = rows_of("reward.floor", **place)
    assert {row["binding"] for row in rows} == binding
    for mode, base in (("transfer", "net_income"), ("licence", "net_income"), ("equity", "shares_obtained")):
        assert only("reward.floor", mode=mode, base=base, **place)["value"] == money
    for mode in ("self_implementation", "joint_implementation"):
        found = [row["value"] for row in rows if row["mode"] == mode and row["base"] == "operating_profit"]
        assert found == ([] if profit is None else [profit])


def test_in_zhejiang_the_ten_percent_of_profit_is_a_may_and_the_rest_a_must() -> None:
    bindings = {row["mode"]: row["binding"] for row in rows_of("reward.floor", jurisdiction="CN-33")}
    assert bindings == {
        "transfer": "mandatory",
        "licence": "mandatory",
        "equity": "mandatory",
        "self_implementation": "permissive",
        "joint_implementation": "permissive",
    }


def test_hubei_binds_pilot_units_only() -> None:
    assert {row["applies_to"] for row in ALL if row["jurisdiction"] == "CN-42"} == {"pilot_unit"}


@pytest.mark.parametrize(
    ("key", "wanted", "value", "unit"),
    [
        ("reward.floor.main_contributors", {"jurisdiction": "CN-33"}, "0.70", "ratio"),
        ("reward.floor.main_contributors", {"jurisdiction": "CN"}, "0.50", "ratio"),
        ("reward.floor.transfer_staff", {}, "0.05", "ratio"),
        ("reward.deadline", {"jurisdiction": "CN-33", "mode": None}, "6", "months"),
        ("net_income.deductible.exchange_fee", {"scope": "market"}, "1", "flag"),
        ("net_income.deductible.patent_fee", {"scope": "market"}, "1", "flag"),
        ("net_income.deductible.fiscal_rd", {"jurisdiction": "CN-33"}, "0", "flag"),
        ("notice.announcement.length", {"applies_to": "non_soe"}, "10", "working_days"),
        ("notice.announcement.length", {"applies_to": "soe", "base": "floor_price_middle"}, "10", "working_days"),
        ("notice.announcement.length", {"applies_to": "soe", "base": "floor_price_high"}, "20", "working_days"),
        ("notice.result.length", {"applies_to": "non_soe"}, "5", "working_days"),
        ("notice.price.length", {"jurisdiction": "CN-33"}, "15", "days"),
        ("notice.reward_list.length", {"jurisdiction": "CN-33"}, "15", "days"),
        ("notice.grant.length", {"scope": "market"}, "15", "days"),
        ("trading.deposit_ratio_max", {}, "0.30", "ratio"),
        ("trading.free_period", {}, "60", "minutes"),
        ("trading.limited_period", {}, "180", "seconds"),
        ("trading.hard_stop", {}, "1440", "minutes"),
        ("trading.extension.length", {"applies_to": "non_soe"}, "5", "working_days"),
        ("trading.extension.count_max", {}, "2", "count"),
        ("trading.suspension.length_max", {"applies_to": "non_soe"}, "1", "months"),
        ("trading.deposit_return.length", {"mode": None}, "3", "working_days"),
        ("award.signing.length", {"mode": None}, "30", "days"),
        ("payment.length", {"applies_to": "non_soe"}, "5", "working_days"),
        ("payment.first_part_ratio_min", {"applies_to": "non_soe"}, "0.30", "ratio"),
        ("payment.rest.length_max", {"applies_to": "non_soe"}, "1", "years"),
        ("iit.cash_half.ratio", {}, "0.50", "ratio"),
        ("iit.cash_half.window", {}, "36", "months"),
        ("iit.publicity.length", {}, "15", "working_days"),
        ("cit.transfer.exempt_band", {}, "500000000", "fen"),
        ("cit.licence.years_min", {}, "5", "years"),
        ("stamp.technology_contract.ratio", {}, "0.0003", "ratio"),
        ("vat.rate", {"effective_to": None}, "0.06", "ratio"),
        ("vat.needs_confirmation.from", {}, "2026-01-01", "text"),
        ("registration.decision.length", {"jurisdiction": "CN-33"}, "10", "days"),
        ("patent.term", {"mode": "invention_patent", "effective_to": None}, "20", "years"),
        ("patent.term", {"mode": "utility_model", "effective_to": None}, "10", "years"),
        ("patent.term", {"mode": "design", "effective_to": None}, "15", "years"),
        ("patent.award.min", {"mode": "invention_patent"}, "400000", "fen"),
        ("patent.award.min", {"mode": "design"}, "150000", "fen"),
        ("patent.award.deadline", {}, "3", "months"),
        ("achievement.idle.length", {}, "1", "years"),
        ("vesting.use_right.years_min", {"jurisdiction": "CN-33"}, "10", "years"),
        ("vesting.use_right.years_min", {"jurisdiction": "CN"}, "10", "years"),
        ("grant.ownership_share", {"jurisdiction": "CN-33"}, "0.90", "ratio"),
        ("file_keeping.length", {"mode": None}, "5", "years"),
        ("mountain_counties.growth_min", {}, "0.12", "ratio"),
    ],
)
def test_the_number_of_the_rule_is_carried_over(key: str, wanted: dict[str, Any], value: str, unit: str) -> None:
    row = only(key, **wanted)
    assert (row["value"], row["unit"]) == (value, unit)


def test_the_tariff_says_that_it_is_a_sample() -> None:
    assert only("tariff.exchange_fee")["value"] == "0.015"
    assert only("tariff.exchange_fee.rounding")["value"] == "half_up"
    assert {(r["scope"], r["evidence"], "SAMPLE" in r["source"]) for r in ROWS["tariff_sample"]} == {
        ("market", "sample", True)
    }
