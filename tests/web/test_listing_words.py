"""What a listing says is shown in words, in the language of the page."""

from __future__ import annotations

import pytest

from techmarket.achievements.licences import Manner
from techmarket.achievements.rights import RightKind
from techmarket.api.listing_shapes import (
    Challenge,
    Criterion,
    Indicator,
    Milestone,
    PricePart,
    RightTerm,
    ScopeWire,
    TermsOut,
)
from techmarket.disclosure.tiers import Tier
from techmarket.listings.lifecycle import ListingState
from techmarket.listings.rules import LicenceKind, Mode, PriceForm
from techmarket.trading import lifecycle as trading
from techmarket.web import listing_words as words
from techmarket.web.words import file_words_of

TERMS = {
    "title_en": "Sample",
    "summary_en": "In English.",
    "summary_zh": "中文摘要。",
    "keywords": ["laser", "weld"],
    "technology_field": "03",
    "industry": "C35",
    "region": "330108",
    "rights": [{"kind": "INVENTION_PATENT", "number": "202119900001.9"}, {"kind": "OTHER", "number": None}],
    "mode": "LICENCE",
    "licence_kind": "ORDINARY",
    "scope": {"territory": "CN-33", "field": "ANY", "term_years": 5, "manner": ["MAKE", "USE"], "sublicence": False},
    "price": {"amount": "600000.00", "currency": "CNY"},
    "royalty_rate": "0.035",
    "royalty_base": "net_sales",
    "challenge": {
        "proposals_by": "2026-05-01",
        "criteria": [{"name": "Sample", "weight": "0.6"}],
        "milestones": None,
        "funding": {"amount": "1000.00", "currency": "CNY"},
    },
    "open_challenge": True,
    "attribution": {"name": "Sample source", "sample": True},
}


def test_the_terms_of_a_listing_are_told_in_english():
    told = {line.label: line.texts for line in words.lines_of(TERMS, "en")}
    assert list(told)[:2] == ["Summary", "Summary (Chinese)"]
    assert told["Technology field"] == ("Advanced manufacturing (03)",)
    assert told["Industry"] == ("Manufacturing (C35)",)
    assert told["Region"] == ("Zhejiang (330108)",)
    assert told["Rights"] == ("Invention patent 202119900001.9", "Other")
    assert told["Kind of licence"] == ("Ordinary licence",)
    assert told["Scope of the licence"] == (
        "territory: Zhejiang; field of use: any; years: 5; manner of use: make, use; sub-licences: no",
    )
    assert (told["Price"], told["Royalty rate"]) == (("600,000.00 CNY",), ("3.5%",))
    assert told["Terms of the challenge"] == ("proposals by: 2026-05-01; criteria: Sample: 60%; funding: 1,000.00 CNY",)
    assert (told["Keywords"], told["Royalty on"]) == (("laser", "weld"), ("net sales",))
    assert [(one.label, one.texts) for one in words.attribution_of(TERMS, "en")] == [
        ("Source", ("Sample source",)),
        ("Sample data", ()),
    ]


def test_the_terms_of_a_listing_are_told_in_chinese():
    told = {line.label: line.texts for line in words.lines_of(TERMS, "zh-CN")}
    assert list(told)[:2] == ["摘要", "摘要（英文）"]
    assert (told["地区"], told["许可类型"], told["揭榜挂帅"]) == (("浙江省 (330108)",), ("普通许可",), ("是",))
    assert told["许可范围"] == ("地域：浙江省；使用领域：不限；年限：5；实施方式：制造、使用；可再许可：否",)


def test_every_field_and_every_code_of_a_listing_has_a_word_in_both_languages():
    fields = {name for shape in (TermsOut, ScopeWire, Challenge) for name in shape.model_fields} - words.NOT_SHOWN
    assert [name for name in fields if not {name, name[:-3]} & words.FIELDS.keys()] == []
    inside = {name for shape in (Indicator, Criterion, Milestone, PricePart, RightTerm) for name in shape.model_fields}
    assert inside == {"name", "requirement", "weight", "due_on", "achievement_id", "price", "kind", "number"}
    for name, codes in {
        "mode": Mode,
        "licence_kind": LicenceKind,
        "price_form": PriceForm,
        "manner": Manner,
        "kind": RightKind,
    }.items():
        assert {one.value for one in codes} <= words.VALUES[name].keys(), name
    assert {one.value for one in ListingState} == words.STATES.keys()
    assert {one.name for one in Tier} == words.TIERS.keys()
    assert {one.value for one in trading.TradeState} <= file_words_of("en").keys()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("CN", "China"),
        ("WORLD", "worldwide"),
        ("CN-33", "Zhejiang"),
        ("330000", "Zhejiang"),
        ("99", "99"),
        ("U", "U"),
    ],
)
def test_a_place_is_told_by_its_province(code, told):
    assert words.place_of(code, 1) == told


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a b/", None, 7])
def test_nobody_is_led_where_no_page_of_the_web_is(url):
    assert words.address_of({"origin": {"url": url}}) is None
    assert words.address_of({"origin": {"url": "https://market.example/v1/listings/1"}}) is not None
    assert words.address_of({}) is None
