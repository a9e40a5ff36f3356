"""How text becomes terms, and what of a listing becomes text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from techmarket.matching import texts, tokens
from techmarket.matching.highlighting import Reading, highlights

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "text, found",
    [
        ("激光焊接", {"激光": 1, "光焊": 1, "焊接": 1}),
        ("铝", {"铝": 1}),
        ("Welding of welded trays", {"weld": 2, "tray": 1}),
        ("軟體", {"软件": 1}),
        ("ＬＡＳＥＲ", {"laser": 1}),
        ("5G基站 B23K-26/04", {"5": 1, "g": 1, "5g": 1, "基站": 1, "b23k": 1, "26": 1, "04": 1}),
        ("5 kW", {"5": 1, "kw": 1, "5kw": 1}),
        ("5千瓦", {"5": 1, "kw": 1, "5kw": 1, "千瓦": 1}),
        ("精度0.02毫米以内", {"精度": 1, "0.02": 1, "mm": 1, "0.02mm": 1, "毫米": 1, "米以": 1, "以内": 1}),
        ("100，200 1,234,567.5", {"100": 1, "200": 1, "1234567.5": 1}),
        ("400,450,500,550,600 nm", {"400": 1, "450": 1, "500": 1, "550": 1, "600": 1, "nm": 1, "600nm": 1}),
        ("1,200 rpm, 1,2", {"1200": 1, "rpm": 1, "1200rpm": 1, "1": 1, "2": 1}),
        ("60 °C ２０℃ 99.9%", {"60": 1, "c": 2, "60c": 1, "20": 1, "20c": 1, "99.9": 1, "%": 1, "99.9%": 1}),
        ("10 MPas v2x 3μm", {"10": 1, "mpas": 1, "v2x": 1, "3": 1, "um": 1, "3um": 1}),
        ("the of and", {}),
        ("", {}),
        ("¿؟!…—👩‍🔬🇨🇳", {}),
        ("laser激光Лазер", {"laser": 1, "激光": 1, "лазер": 1}),
        ("ﷺ", {"صلى": 1, "الله": 1, "عليه": 1, "وسلم": 1}),
        ("über Größe", {"über": 1, "größe": 1}),
        ("\ud800好\x00人", {"好": 1, "人": 1}),
        ("𠮷野家々", {"𠮷野": 1, "野家": 1, "家々": 1}),
    ],
)
def test_chinese_becomes_pairs_and_everything_else_stemmed_words_and_numbers_with_units(text, found):
    assert dict(tokens.terms(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "好" * 100_000,
        "1," * 50_000,
        "400" + ",450" * 20_000,
        "400" + "，450" * 999,
        "1,200," * 999 + "1,200.5",
        "9" * 100_000,
        "\ud800",
        "\x00",
        "🇨🇳👩‍🔬" * 99,
        "ﷺ" * 5000,
        "a\u0301" * 999,
    ],
)
def test_no_text_breaks_it_and_no_term_is_longer_than_the_column(text):
    assert all(len(term) <= 64 for term in tokens.terms(text))


def test_a_title_counts_twice_and_every_stated_text_once():
    fields = {"title_en": "laser", "keywords": ["laser", "tray"], "indicators": [{"name": "flat", "requirement": "1"}]}
    assert texts.terms_of(fields) == {"laser": 3, "tray": 1, "flat": 1, "1": 1}
    assert texts.fields_of(["laser", "flat", "x"], fields) == {
        "laser": ["title_en", "keywords"],
        "flat": ["indicators"],
        "x": [],
    }


def test_a_code_of_an_industry_brings_its_name_along():
    assert {"c35", "设备", "制造"} <= texts.terms_of({"industry": "C35"}).keys()


def test_the_longest_query_is_cut_to_its_most_frequent_terms_always_alike():
    text = " ".join(f"w{n}" for n in range(25_000)) + " w7 w7"
    cut = texts.query_terms(tokens.terms(text))
    assert (len(cut), cut["w7"]) == (texts.QUERY_TERMS_MAX, 3)
    assert list(cut) == list(texts.query_terms(tokens.terms(text)))


@pytest.mark.parametrize(
    "said, script",
    [
        ("激光焊接", 1),
        ("laser welding", 2),
        ("激光焊接 laser welding", 1),
        ("Super Bowl 50 在哪个城市举行", 1),
        ("What is the 北斗 system good for in cities", 2),
        ("激光焊接变形控制方法 5kW", 1),
        ("1 2 3", 0),
        ("", 0),
    ],
)
def test_a_text_is_chinese_as_soon_as_one_in_four_of_its_signs_is(said, script):
    assert texts.script_of(said) == script


def test_a_listing_is_in_every_script_that_one_of_its_texts_is_written_in():
    said = {"title_zh": "激光", "problem_zh": "Laser MIG 焊接的变形", "problem_en": "laser weld", "keywords": ["x"]}
    assert texts.scripts_of(texts.prose_of(said)) == texts.HAN | texts.LATIN
    assert texts.scripts_of(texts.prose_of({"title_zh": "激光", "keywords": ["laser"], "region": "33"})) == texts.HAN


@pytest.mark.parametrize(
    "query, number",
    [
        ("ZL 2018 1 0123456.7", "2018101234567"),
        ("CN201810123456.7", "2018101234567"),
        ("ｚｌ２０１８１０１２３４５６７", "2018101234567"),
        ("2021SR0123456", "2021SR0123456"),
        ("laser 2018", None),
        ("5kW", None),
        ("激光20181012", None),
        ("CN 108123456 A", "108123456A"),
        ("KR 10-2018-0012345", "KR1020180012345"),
        ("aluminium 6061 T6 welding 10 kW", None),
        ("laser 20000 Hz pump", None),
        ("100000 W", None),
        ("10000 MPa 2018", None),
    ],
)
def test_a_query_that_is_a_number_of_a_right_is_known_in_every_spelling(query, number):
    assert texts.asked_number(query) == number


def shown(fields, wanted):
    return highlights(fields, wanted, Reading())


@pytest.mark.parametrize(
    ("said", "wanted", "marked"),
    [
        ("本軟體用滑鼠操作，程式如下", {"软件", "程序", "鼠标"}, ["軟體", "滑鼠", "程式"]),
        ("隨身碟與記憶體和埠", {"内存", "端口"}, ["記憶體", "埠"]),
        ("埠、隨身碟、激光", {"激光"}, ["激光"]),  # one phrase is longer, one shorter: together the text is as long
        ("…①㎏ 激光", {"激光", "kg"}, ["①㎏", "激光"]),
    ],
)
def test_a_phrase_that_is_written_otherwise_elsewhere_is_shown_as_it_stands(said, wanted, marked):
    (one,) = shown({"title_zh": said}, wanted)
    assert [one.text[a:b] for a, b in one.spans] == marked


def test_a_word_that_stands_far_inside_a_long_text_is_shown_as_long_as_there_is_time_for_it():
    far = "x" * 3_000 + " welding " + "y" * 3_000
    (one,) = shown({"description_en": far}, {"weld"})
    assert [one.text[a:b] for a, b in one.spans] == ["welding"]
    left = Reading(10_000)
    assert [len(highlights({"description_en": far}, {"weld"}, left)) for _ in range(2)] == [1, 0]


def test_terms_are_found_at_the_same_places_as_by_a_look_at_every_run():
    pages = [(ROOT / name).read_text()[:3_000] for name in ("README.zh-CN.md", "docs/matching.md")]
    for text in (
        *pages,
        "dying skies lying ugly, 铝合金（3kW）激光焊接5千瓦 café naïve _weld_ welds 1,200 mm mmwave 3d",
    ):
        found = sorted(tokens.terms(text))
        for n in range(0, len(found), 3):
            wanted = frozenset(found[n : n + 3])
            sought = tokens.sought(wanted)
            everywhere = replace(sought, looks_everywhere=True)
            for reach in (None, 20):
                assert tokens.spans(text, sought, reach=reach) == tokens.spans(text, everywhere, reach=reach), wanted


def test_words_are_shown_where_they_stand_in_the_text_as_it_was_written():
    fields = {"title_zh": "薄壁鋁合金雷射銲接，５ｋＷ", "summary_en": "x" * 200 + " Welding of trays"}
    zh, en = shown(fields, {"铝合", "合金", "5kw", "weld"})
    assert (zh.field, [zh.text[a:b] for a, b in zh.spans]) == ("title_zh", ["鋁合金", "５ｋＷ"])
    assert (en.field, [en.text[a:b] for a, b in en.spans]) == ("summary_en", ["Welding"])
    assert len(en.text) <= 160
    assert shown(fields, set()) == ()
