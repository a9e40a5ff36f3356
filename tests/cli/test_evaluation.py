"""The measures of an evaluation, its sets and its baselines. The whole command runs as the measurement `matching`."""

from __future__ import annotations

import json
import math

import pytest

from techmarket.cli.evaluation import baselines, metrics, sets
from techmarket.matching import tokens


def test_measures_are_what_the_field_means_by_them():
    ranked = ["x", "a", "y", "b"]
    assert metrics.ndcg(ranked, {"a", "b"}) == pytest.approx(
        (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))
    )
    assert metrics.recall(ranked, {"a", "b", "c", "d"}) == 0.5
    assert metrics.reciprocal_rank(ranked, {"b"}) == 0.25
    assert [of(["x"] * 10 + ["a"], {"a"}) for of in (metrics.ndcg, metrics.recall, metrics.reciprocal_rank)] == [
        0,
        0,
        0,
    ]


def test_a_query_without_an_answer_counts_and_the_interval_holds_the_mean():
    found = metrics.measure({"q1": ["a"]}, {"q1": {"a"}, "q2": {"b"}})
    assert found["ndcg_10"].mean == 0.5
    assert (found["ndcg_10"].low, found["ndcg_10"].high) == (0.0, 1.0)


def test_a_set_keeps_every_document_that_answers_and_fills_up_with_others_in_a_fixed_order(tmp_path):
    folder = tmp_path / "csl"
    folder.mkdir()
    rows = [{"id": f"d{n}", "abstract": f"激光{n}", "keywords": [f"焊接{n}"]} for n in range(9)]
    (folder / "csl_dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    trial = sets.csl(tmp_path, 5, 3)
    assert (len(trial.documents), len(trial.queries)) == (5, 3)
    assert set(trial.queries) <= set(trial.documents)
    assert trial == sets.csl(tmp_path, 5, 3)


def test_characters_that_nobody_sees_are_taken_out_of_a_set():
    assert sets.plain("a\u200bb\x00c\nd\u202e") == "a b c d "


def test_plain_bm25_finds_what_shares_words():
    trial = sets.Trial("t", ("zh", "zh"), {"a": "激光焊接", "b": "水泵"}, {"q": "焊接"}, {"q": frozenset({"a"})})
    assert baselines.best(baselines.plain_bm25(trial)["q"], 1) == ["a"]
    assert baselines.lexemes(tokens.terms("it's a weld")) == "'s':1 'weld':2"
