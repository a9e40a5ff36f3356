"""The published formula: exact, the same for everybody, and out of hand of nobody's order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techmarket.kernel.refusals import Refusal
from techmarket.trading import errors, formula
from techmarket.trading.formula import Criterion, Measure
from techmarket.trading.lifecycle import Method
from techmarket.trading.methods.protocol import Candidate
from techmarket.trading.methods.scored import Scored
from techmarket.trading.methods.selection import Selection

CRITERIA = [
    {"name": "upfront", "measure": "UPFRONT", "weight": "0.5"},
    {"name": "royalty", "measure": "ROYALTY_RATE", "weight": "0.2"},
    {"name": "minimum", "measure": "MINIMUM_ROYALTY", "weight": "0.1"},
    {"name": "plan", "measure": "PANEL", "weight": "0.2", "least": "60"},
]
GIVEN: dict[str, Any] = {"criteria": CRITERIA, "quoting_seconds": 86_400}


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def an_offer(upfront: str, royalty: str, minimum: str) -> dict[str, Any]:
    return {"terms": {"upfront": yuan(upfront), "royalty_rate": royalty, "minimum_royalty": yuan(minimum)}}


def a_candidate(number: int, offer: dict[str, Any], plan: str, seq: int) -> Candidate:
    minor = Scored().read(offer, TERMS)
    return Candidate(number, minor, seq, offer, points={"plan": Decimal(plan)})


TERMS = Scored().published(Scored().terms(GIVEN, {}))


def test_the_score_is_the_weighted_sum_of_the_parts_of_the_best() -> None:
    offers = [
        a_candidate(1, an_offer("600000.00", "0.03", "10000.00"), "80", 1),
        a_candidate(2, an_offer("450000.00", "0.05", "20000.00"), "90.5", 2),
        a_candidate(3, an_offer("900000.00", "0.10", "90000.00"), "59.9999", 3),
    ]
    found = Scored().scores(offers, TERMS)
    assert found[1].points == {
        "upfront": Decimal(100),
        "royalty": Decimal("60.0000"),
        "minimum": Decimal("50.0000"),
        "plan": Decimal(80),
    }
    assert (found[1].score, found[2].score) == (Decimal("83.00000"), Decimal("85.60000"))
    assert (found[3].out_by, found[3].score) == ("plan", Decimal(0))
    ranked = Scored().rank(offers, TERMS)
    assert [(one.number, one.price_minor, one.score) for one in ranked] == [
        (2, 45_000_000, Decimal("85.60000")),
        (1, 60_000_000, Decimal("83.00000")),
    ]


def test_equal_scores_go_to_the_better_price_and_then_to_the_draw() -> None:
    only = {"criteria": [{"name": "plan", "measure": "PANEL", "weight": "0.5"}, CRITERIA[0]]}
    terms = Scored().published(Scored().terms(GIVEN | only, {}))
    offer = {"terms": {"upfront": yuan("100.00")}}
    tied = [Candidate(n, 10_000, seq, offer, points={"plan": Decimal(70)}) for n, seq in ((1, 2), (2, 1))]
    assert [one.number for one in Scored().rank(tied, terms)] == [2, 1]
    dearer = Candidate(3, 20_000, 3, {"terms": {"upfront": yuan("200.00")}}, points={"plan": Decimal(20)})
    first = Scored().rank([*tied, dearer], terms)
    assert [one.number for one in first] == [3, 2, 1]


def test_in_a_selection_the_lowest_price_asked_has_the_full_points() -> None:
    criteria = [
        {"name": "cost", "measure": "ASKED", "weight": "0.4", "least": "900000.00"},
        {"name": "technical plan", "measure": "PANEL", "weight": "0.6"},
    ]
    terms = Selection().published(Selection().terms(GIVEN | {"criteria": criteria}, {}))
    asked = {1: ("400000.00", "70"), 2: ("800000.00", "95"), 3: ("900000.01", "100")}
    candidates = [
        Candidate(
            n,
            Selection().read({"terms": {"asked": yuan(price)}}, terms),
            n,
            {"terms": {"asked": yuan(price)}},
            points={"technical plan": Decimal(mark)},
        )
        for n, (price, mark) in asked.items()
    ]
    found = Selection().scores(candidates, terms)
    assert {n: (one.score, one.out_by) for n, one in found.items()} == {
        1: (Decimal("82.00000"), None),
        2: (Decimal("77.00000"), None),
        3: (Decimal(0), "cost"),
    }
    assert [(one.number, one.price_minor) for one in Selection().rank(candidates, terms)] == [
        (1, 40_000_000),
        (2, 80_000_000),
    ]


def test_from_five_experts_on_the_highest_and_the_lowest_mark_are_left_out() -> None:
    marks = [Decimal(n) for n in (100, 70, 0, 80, 75)]
    assert formula.panel_points(marks) == Decimal("75.0000")
    assert formula.panel_points(marks[:4]) == Decimal("62.5000")
    assert formula.panel_points([Decimal("70"), Decimal("70"), Decimal("71")]) == Decimal("70.3333")


@pytest.mark.parametrize(
    ("change", "refusal", "pointer"),
    [
        ({"criteria": []}, errors.TermMalformed, "/body/rules/criteria"),
        ({"criteria": None}, errors.TermMalformed, "/body/rules/criteria"),
        ({"criteria": CRITERIA[:3]}, errors.WeightsDoNotSum, "/body/rules/criteria"),
        ({"criteria": [CRITERIA[3] | {"weight": "1"}]}, errors.TermMalformed, "/body/rules/criteria"),
        ({"criteria": [CRITERIA[0], CRITERIA[0]]}, errors.TermMalformed, "/body/rules/criteria"),
        ({"criteria": [CRITERIA[0], CRITERIA[0] | {"name": "again"}]}, errors.TermMalformed, "/body/rules/criteria"),
        ({"criteria": [CRITERIA[0] | {"weight": 1.0}]}, errors.TermMalformed, "/body/rules/criteria/0/weight"),
        ({"criteria": [CRITERIA[0] | {"weight": "1e0"}]}, errors.TermMalformed, "/body/rules/criteria/0/weight"),
        ({"criteria": [CRITERIA[0] | {"weight": "NaN"}]}, errors.TermMalformed, "/body/rules/criteria/0/weight"),
        ({"criteria": [CRITERIA[0] | {"weight": "0.00001"}]}, errors.TermMalformed, "/body/rules/criteria/0/weight"),
        ({"criteria": [CRITERIA[0] | {"measure": "ASKED"}]}, errors.TermMalformed, "/body/rules/criteria/0/measure"),
        ({"criteria": [CRITERIA[0] | {"least": "-1"}]}, errors.TermMalformed, "/body/rules/criteria/0/least"),
        ({"criteria": [CRITERIA[0] | {"name": "\x00"}]}, errors.TermMalformed, "/body/rules/criteria/0/name"),
        ({"criteria": [CRITERIA[0] | {"more": 1}]}, errors.TermMalformed, "/body/rules/criteria/0"),
        ({"experts": 2}, errors.TermsOutOfRange, "/body/rules/experts"),
        ({"scoring_seconds": 60}, errors.TermsOutOfRange, "/body/rules/scoring_seconds"),
        ({"formula": "eval"}, errors.TermUnknown, "/body/rules/formula"),
    ],
)
def test_a_formula_that_cannot_be_computed_by_everybody_is_refused_at_its_place(
    change: dict[str, Any], refusal: type[Refusal], pointer: str
) -> None:
    with pytest.raises(refusal) as refused:
        Scored().terms(GIVEN | change, {})
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"terms": {}},
        {"amount": yuan("1.00")},
        an_offer("600000.00", "0.03", "1.00") | {"more": 1},
        {"terms": an_offer("600000.00", "0.03", "1.00")["terms"] | {"asked": yuan("1.00")}},
        an_offer("600000", "0.03", "1.00"),
        an_offer("-1.00", "0.03", "1.00"),
        an_offer("0.00", "0.03", "1.00"),
        an_offer("1000000000000.00", "0.03", "1.00"),  # thirteen digits: no amount on the wire has them
        an_offer("600000.00", "0.03", "1000000000000.00"),
        an_offer("600000.00", "1.01", "1.00"),
        an_offer("600000.00", "-0.1", "1.00"),
        an_offer("600000.00", "3e-2", "1.00"),
        {"terms": {"upfront": 6, "royalty_rate": "0.03", "minimum_royalty": yuan("1.00")}},
        {
            "terms": {
                "upfront": {"amount": 6, "currency": "CNY"},
                "royalty_rate": "0.03",
                "minimum_royalty": yuan("1.00"),
            }
        },
        {"terms": {"upfront": yuan("1.00"), "royalty_rate": "0.03", "minimum_royalty": yuan("1.00") | {"more": 1}}},
        an_offer("600000.00", "0.03", "1.00") | {"documents": ["x"]},
        an_offer("600000.00", "0.03", "1.00") | {"documents": ["0" * 64] * 21},
        an_offer("600000.00", "0.03", "1.00") | {"documents": "0" * 64},
    ],
)
def test_an_offer_that_is_not_what_the_formula_asks_for_is_none(content: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Scored().read(content, TERMS)


yuans = st.integers(1, 10**12).map(lambda minor: Decimal(minor) / 100)
marks = st.integers(0, 10_000).map(lambda hundredths: Decimal(hundredths) / 100)
LINES = [
    Criterion("upfront", Measure.UPFRONT, Decimal("0.35")),
    Criterion("asked", Measure.ASKED, Decimal("0.25")),
    Criterion("plan", Measure.PANEL, Decimal("0.4"), Decimal(20)),
]
proposals = st.dictionaries(
    st.integers(1, 50),
    st.fixed_dictionaries({"upfront": yuans, "asked": yuans, "plan": marks}),
    min_size=1,
    max_size=8,
)


@given(proposals, st.randoms())
def test_the_score_does_not_depend_on_the_order_and_agrees_with_fractions_to_the_last_rounded_digit(
    said: dict[int, dict[str, Decimal]], chance: Any
) -> None:
    found = formula.score(said, LINES)
    shuffled = list(said.items())
    chance.shuffle(shuffled)
    assert formula.score(dict(shuffled), LINES) == found
    standing = {n: one for n, one in said.items() if one["plan"] >= 20}
    assert {n for n, one in found.items() if one.out_by is None} == set(standing)
    for number, one in standing.items():
        best, lowest = max(o["upfront"] for o in standing.values()), min(o["asked"] for o in standing.values())
        exact = (
            Fraction(35, 100) * 100 * Fraction(one["upfront"]) / Fraction(best)
            + Fraction(25, 100) * 100 * Fraction(lowest) / Fraction(one["asked"])
            + Fraction(40, 100) * Fraction(one["plan"])
        )
        # Two points are rounded to four decimals, each by half a unit at most.
        assert abs(Fraction(found[number].score) - exact) <= Fraction(60, 100) * Fraction(1, 20_000)
        assert 0 <= found[number].score <= 100


@given(proposals)
def test_offering_more_or_asking_less_never_lowers_ones_own_score(said: dict[int, dict[str, Decimal]]) -> None:
    number = min(said)
    before = formula.score(said, LINES)[number]
    better = said | {
        number: said[number] | {"upfront": said[number]["upfront"] * 2, "asked": said[number]["asked"] / 2}
    }
    assert formula.score(better, LINES)[number].score >= before.score


def test_the_methods_say_which_they_are() -> None:
    assert (Scored().published(TERMS)["method"], TERMS["charge"]) == (Method.SCORED.value, "own_offer")
    assert Selection().method is Method.SELECTION


@pytest.mark.parametrize("said", ["1.00", [], [yuan("1.00")] * 21, [yuan("1.00"), yuan("x")], None])
def test_milestones_are_a_list_of_at_most_twenty_amounts_and_count_by_their_sum(said: Any) -> None:
    line = [Criterion("steps", Measure.MILESTONES, Decimal(1))]
    assert formula.values_in({"terms": {"milestones": [yuan("1.00"), yuan("2.50")]}}, line) == {"steps": Decimal("3.5")}
    with pytest.raises(ValueError, match="not"):
        formula.values_in({"terms": {"milestones": said}}, line)


def test_a_proposal_scored_by_the_panel_lasts_as_long_as_offers_are_taken() -> None:
    opened = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    found = Scored().periods(opened, TERMS)
    assert {found.free_ends_at, found.effective_end, found.hard_end} == {opened + timedelta(days=1)}
