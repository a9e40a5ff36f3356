"""The sample set: invented, varied, well formed, and honest about being a sample."""

import json
import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parents[2] / "src" / "techmarket" / "samples"
SENTENCE = "示例数据 / sample data"
FIELDS = {f"{n:02d}" for n in range(1, 12)}
PATENT_DIGIT = {"INVENTION_PATENT": "1", "UTILITY_MODEL": "2", "DESIGN": "3"}


def rows_of(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


OFFERS, DEMANDS, MATCHES = rows_of("offers"), rows_of("demands"), rows_of("matches")
OFFER_KEYS = [
    "external_id",
    "title_zh",
    "title_en",
    "abstract_zh",
    "abstract_en",
    "keywords",
    "technology_field",
    "industry",
    "ipc",
    "trl",
    "mode",
    "licence_kind",
    "price_form",
    "price",
    "terms",
    "region",
    "rights",
    "expires_on",
    "sample",
]
DEMAND_KEYS = [
    "external_id",
    "title_zh",
    "title_en",
    "problem_zh",
    "problem_en",
    "indicators",
    "keywords",
    "technology_field",
    "industry",
    "budget",
    "deadline",
    "region",
    "sample",
]


def check_digit(twelve: str) -> str:
    """Weights 2 to 9 and again 2 to 5, sum modulo 11, ten is X."""
    rest = sum(int(d) * w for d, w in zip(twelve, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=True)) % 11
    return "X" if rest == 10 else str(rest)


def is_money(value: dict[str, str]) -> bool:
    return value.keys() == {"amount", "currency"} and bool(re.fullmatch(r"[1-9]\d*\.\d\d", value["amount"]))


def languages(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter("+".join(x for x in ("zh", "en") if row[f"title_{x}"]) for row in rows)


def test_there_are_sixty_offers_and_thirty_demands_numbered_in_order() -> None:
    assert [row["external_id"] for row in OFFERS] == [f"S-O-{n:03d}" for n in range(1, 61)]
    assert [row["external_id"] for row in DEMANDS] == [f"S-D-{n:03d}" for n in range(1, 31)]


def test_both_languages_are_used_alone_and_together() -> None:
    assert languages(OFFERS) == {"zh": 14, "en": 18, "zh+en": 28}
    assert languages(DEMANDS) == {"zh": 10, "en": 9, "zh+en": 11}


def test_all_eleven_technology_fields_are_offered_and_sought() -> None:
    assert {row["technology_field"] for row in OFFERS} == FIELDS
    assert {row["technology_field"] for row in DEMANDS} == FIELDS


@pytest.mark.parametrize("row", OFFERS, ids=lambda row: row["external_id"])
def test_an_offer_has_the_shape_of_an_offer(row: dict[str, Any]) -> None:
    assert list(row) == OFFER_KEYS
    assert bool(row["title_zh"]) == bool(row["abstract_zh"])
    assert bool(row["title_en"]) == bool(row["abstract_en"])
    assert len(row["keywords"]) >= 3
    assert all(row["keywords"])
    assert re.fullmatch(r"[A-T]\d{2}", row["industry"])
    assert row["ipc"]
    assert all(re.fullmatch(r"[A-H]\d{2}[A-Z]", code) for code in row["ipc"])
    assert row["trl"] in range(1, 10)
    assert row["mode"] in {"licence", "transfer", "equity", "joint_development", "open_licence", "try_before_buy"}
    licensed = row["mode"] in {"licence", "open_licence", "try_before_buy"}
    assert (row["licence_kind"] in {"ordinary", "exclusive", "sole"}) == licensed
    assert licensed or row["licence_kind"] is None
    assert row["price_form"] in {"fixed", "floor", "negotiable", "royalty", "mixed"}
    assert (row["price"] is not None) == (row["price_form"] in {"fixed", "floor", "mixed"})
    assert row["price"] is None or is_money(row["price"])
    terms = row["terms"] or {}
    assert ("royalty_rate" in terms) == (row["price_form"] in {"royalty", "mixed"})
    assert ("trial_days" in terms) == (row["mode"] == "try_before_buy")
    assert Decimal(0) < Decimal(terms.get("royalty_rate", "0.1")) < Decimal("0.2")
    assert re.fullmatch(r"33\d{4}", row["region"])
    assert date.fromisoformat(row["expires_on"]) == date(2028, 12, 31)


@pytest.mark.parametrize("row", DEMANDS, ids=lambda row: row["external_id"])
def test_a_demand_has_the_shape_of_a_demand(row: dict[str, Any]) -> None:
    assert list(row) == DEMAND_KEYS
    assert bool(row["title_zh"]) == bool(row["problem_zh"])
    assert bool(row["title_en"]) == bool(row["problem_en"])
    assert len(row["indicators"]) >= 2
    assert all(one.keys() == {"name", "requirement"} and all(one.values()) for one in row["indicators"])
    assert len(row["keywords"]) >= 3
    assert re.fullmatch(r"[A-T]\d{2}", row["industry"])
    assert row["budget"] is None or is_money(row["budget"])
    assert date(2027, 1, 1) <= date.fromisoformat(row["deadline"]) <= date(2027, 12, 31)
    assert re.fullmatch(r"33\d{4}", row["region"])


def test_every_row_says_in_each_of_its_texts_that_it_is_a_sample() -> None:
    for row in OFFERS + DEMANDS:
        texts = [text for name, text in row.items() if name.startswith(("abstract_", "problem_")) and text]
        assert row["sample"] is True
        assert texts
        assert all(SENTENCE in text for text in texts), row["external_id"]


def test_patent_numbers_carry_the_right_check_digit_and_a_serial_that_looks_like_a_sample() -> None:
    numbers = [(r["kind"], r["number"]) for row in OFFERS for r in row["rights"] if r["kind"] in PATENT_DIGIT]
    assert len(numbers) == 43
    for kind, number in numbers:
        parts = re.fullmatch(r"(20\d\d)(\d)(99000\d\d)\.([\dX])", number)
        assert parts, number
        assert parts[2] == PATENT_DIGIT[kind]
        assert check_digit(number[:12]) == parts[4]


@pytest.mark.parametrize("known", ["200310102344.5", "202310123456.6", "202420000003.4"])
def test_the_check_digit_of_the_test_agrees_with_published_examples(known: str) -> None:
    assert check_digit(known[:12]) == known[13:]


def test_other_rights_say_sample_in_their_number_and_no_right_is_offered_twice() -> None:
    rights = [right for row in OFFERS for right in row["rights"]]
    assert all(r["number"].startswith("SAMPLE-") for r in rights if r["kind"] not in PATENT_DIGIT)
    assert max(Counter(right["number"] for right in rights).values()) == 1


def test_the_achievement_of_the_demo_is_the_first_offer() -> None:
    first = OFFERS[0]
    assert (first["mode"], first["licence_kind"], first["price_form"]) == ("licence", "ordinary", "mixed")
    assert first["price"] == {"amount": "500000.00", "currency": "CNY"}
    assert first["terms"] == {"royalty_rate": "0.03", "royalty_base": "net_sales", "term_years": 6}
    assert first["rights"] == [{"kind": "INVENTION_PATENT", "number": "202119900001.9", "filed_on": "2021-09-06"}]
    assert first["region"] == "330100"
    assert "示例大学一" in first["abstract_zh"]
    assert "Sample University 1" in first["abstract_en"]


def test_most_demands_have_an_offer_written_for_them_some_in_the_other_language_only() -> None:
    offers, demands = ({row["external_id"]: row for row in rows} for rows in (OFFERS, DEMANDS))
    assert len({match["demand"] for match in MATCHES}) == len(MATCHES) == 29
    across = 0
    for match in MATCHES:
        offer, demand = offers[match["offer"]], demands[match["demand"]]
        shared = [x for x in ("zh", "en") if offer[f"title_{x}"] and demand[f"title_{x}"]]
        across += not shared
    assert across == 6
