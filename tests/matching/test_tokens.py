"""How text becomes terms."""

from __future__ import annotations

import pytest

from techmarket.matching import rules, tokens


@pytest.mark.parametrize(
    "text, found",
    [
        ("激光焊接", {"激光": 1, "光焊": 1, "焊接": 1}),
        ("铝", {"铝": 1}),
        ("Welding of welded trays", {"weld": 2, "tray": 1}),
        ("軟體", {"软件": 1}),
        ("ＬＡＳＥＲ", {"laser": 1}),
        ("5G基站 B23K-26/04", {"5g": 1, "基站": 1, "b23k": 1, "26": 1, "04": 1}),
        ("the of and", {}),
        ("", {}),
        ("¿؟!…—", {}),
        ("ﷺ", {"صلى": 1, "الله": 1, "عليه": 1, "وسلم": 1}),
        ("über Größe", {"über": 1, "größe": 1}),
    ],
)
def test_chinese_becomes_pairs_and_everything_else_stemmed_words(text, found):
    assert dict(tokens.terms(text)) == found


@pytest.mark.parametrize(
    "text", ["x" * 100_000, "好" * 100_000, "\ud800", "\x00", "🇨🇳👩‍🔬" * 99, "ﷺ" * 5000, "a\u0301" * 999]
)
def test_no_text_breaks_it_and_no_term_is_longer_than_the_column(text):
    assert all(len(term) <= 64 for term in tokens.terms(text))


def test_a_title_counts_twice_and_every_stated_text_once():
    fields = {"title_en": "laser", "keywords": ["laser", "tray"], "indicators": [{"name": "flat", "requirement": "1"}]}
    assert rules.terms_of(fields) == {"laser": 3, "tray": 1, "flat": 1, "1": 1}


def test_the_longest_query_is_cut_to_its_most_frequent_terms_always_alike():
    text = " ".join(f"w{n}" for n in range(5000)) + " w7 w7"
    cut = rules.query_terms(tokens.terms(text))
    assert (len(cut), cut["w7"]) == (rules.QUERY_TERMS_MAX, 3)
    assert list(cut) == list(rules.query_terms(tokens.terms(text)))


def test_a_match_says_what_both_share_and_whether_the_price_fits():
    offer = {"industry": "C35", "region": "330100", "price": {"amount": "5.00", "currency": "CNY"}, "keywords": ["a"]}
    demand = {"industry": "C35", "region": "330200", "budget": {"amount": "5.00", "currency": "CNY"}, "keywords": ["a"]}
    assert rules.shared(demand, offer) == ("industry", "keywords")
    assert rules.within_budget(demand, offer) is True
    assert rules.within_budget(offer, demand) is True
    assert rules.within_budget(demand, {**offer, "price": {"amount": "5.01", "currency": "CNY"}}) is False
    assert rules.within_budget(demand, {}) is None
