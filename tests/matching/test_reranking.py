"""What is learnt from feedback, when it may be used, and that kept answers come out the same again. No database."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from techmarket.matching import replaying, reranking
from techmarket.matching.index.columns import Facts, row_of, rows_array
from techmarket.matching.index.scoring import MICRO, idf, part
from techmarket.matching.meaning.blending import IN_FRONT, Spread, blended
from techmarket.matching.reranking import FEATURES, Judged, Reranker, fit, is_held_out, ndcg, trial
from tests.matching.test_index import AT, held


def judgements(groups: int, *, tells: bool, seed: int = 1) -> list[Judged]:
    """Eight judged matches for each listing, each of another organisation; the blend is noise, the field of the offer
    tells or does not."""
    rng = random.Random(seed)
    out = []
    for group in range(groups):
        for _ in range(8):
            is_wanted = rng.random() < 0.4
            same_field = (1.0 if is_wanted else -1.0) if tells else rng.choice([1.0, -1.0])
            words = rng.gauss(0, 1)
            features = (words, 0.0, rng.random(), same_field, 0.0, 0.0, 0.0, 0.0, 0.0)
            out.append(Judged(UUID(int=group), UUID(int=1000 + group), features, words, is_wanted))
    return out


def test_what_tells_is_learnt_and_used_and_what_does_not_is_not():
    model, found = trial(judgements(60, tells=True))
    assert model is not None
    assert (found.is_better, found.reranked) == (True, 1.0)
    assert found.blend < 0.9
    assert max(range(len(FEATURES)), key=lambda n: model.weights[n]) == FEATURES.index("same_field")
    _, noise = trial(judgements(60, tells=False))
    assert noise.is_better is False


@pytest.mark.parametrize("groups, why", [(12, "too little feedback"), (20, "too few listings held out")])
def test_little_feedback_decides_nothing(groups, why):
    model, found = trial(judgements(groups, tells=True))
    assert (model, found.is_better) == (None, False), why


def test_one_organisation_trains_nobody_s_ranking_however_much_it_says():
    judged = judgements(60, tells=True)
    alone = [replace(one, org=UUID(int=1)) for one in judged]
    assert trial(alone)[0] is None
    assert len(reranking.bounded(alone)) == reranking.JUDGED_EACH_MAX
    few = [replace(one, org=UUID(int=one.org.int % 12)) for one in judged]  # too few to check it on
    assert trial(few)[0] is None


def test_training_is_the_same_each_time_and_never_sees_what_it_is_checked_on():
    judged = judgements(60, tells=True)
    model, _ = trial(judged)
    assert trial(judged)[0] == model
    assert model == fit([one for one in judged if not is_held_out(one.org)])
    assert 10 <= sum(is_held_out(UUID(int=n)) for n in range(60)) <= 26
    assert Reranker.read(model.said()) == model


def test_a_feature_that_never_varies_breaks_nothing():
    model = fit([Judged(UUID(int=n), UUID(int=n), (1.0,) * 9, 0.0, n % 2 == 0) for n in range(10)])
    assert model.score((1.0,) * 9) == pytest.approx(0.0, abs=1e-6)


def test_gain_is_discounted_by_place():
    assert ndcg([True, False]) == 1.0
    assert ndcg([False, True]) == pytest.approx(0.6309297)
    assert ndcg([False, False]) == 0.0


def test_facts_speak_for_or_against_a_match_and_silence_says_nothing():
    mine = Facts(technology_field="03", industry="C3521", region="330108", modes=("LICENCE",), price_minor=100, trl=5)
    own = rows_array([row_of(UUID(int=9), None, AT, 1, mine)])[0]
    fits = Facts(technology_field="03", industry="C3500", region="330200", modes=("LICENCE",), price_minor=100, trl=5)
    not_ = Facts(technology_field="04", industry="D44", region="310000", modes=("EQUITY",), price_minor=101, trl=4)
    columns = held(fits, not_, Facts())
    found = reranking.facts_features(columns, np.arange(3), own, is_demand=True)
    assert found.tolist() == [[1.0] * 6, [-1.0] * 6, [0.0] * 6]
    turned = reranking.facts_features(columns, np.arange(2), own, is_demand=False)
    assert turned[:, 4:].tolist() == [[1.0, 1.0], [1.0, 1.0]]


def an_answer(reranker=None):
    inputs = {
        "documents": 9,
        "average": "7.5",
        "terms": [["weld", 2, 3], ["laser", 1, 5]],
        "blend": [["1.5", "0.5"], ["0.3", "0.1"]],
        "reranker": reranker and reranker.said(),
    }
    results = []
    for n, (times, length, likeness) in enumerate([({"weld": 2, "laser": 1}, 9, 0.4), ({"laser": 3}, 4, None)]):
        words = round(
            sum(
                weight * idf(df, 9) * part(times[term], length, 7.5)
                for term, weight, df in inputs["terms"]
                if term in times
            )
            * MICRO
        )
        blend = blended(words / MICRO, likeness, 0.5, Spread(1.5, 0.5), Spread(0.3, 0.1))
        of_words, of_meaning = Spread(1.5, 0.5), Spread(0.3, 0.1)
        z_meaning = 0.0 if likeness is None else of_meaning.z(likeness)
        features = [of_words.z(words / MICRO), z_meaning] + [0.1 * n] * 7
        score = round((reranker.score(features) if reranker else blend) * MICRO)
        results.append(
            {
                "id": str(UUID(int=9 - n)),
                "key": IN_FRONT + score,
                "score": score,
                "words": words,
                "length": length,
                "times": times,
                "likeness": replaying.exact(likeness),
                "share": "0.5",
                "features": [repr(value) for value in features],
            }
        )
    results.sort(key=lambda one: (one["key"], one["id"]), reverse=True)
    return {"inputs": inputs, "results": results}


@pytest.mark.parametrize("reranker", [None, Reranker("m", (-1.0,) * 9, 0.2, (0.0,) * 9, (1.0,) * 9)])
def test_an_answer_comes_out_the_same_from_its_own_inputs_and_any_change_shows(reranker):
    answer = an_answer(reranker)
    assert replaying.replay(answer) == replaying.Replay(True, ())
    assert replaying.answer_id(answer) == replaying.answer_id(copy.deepcopy(answer))

    def changed(change):
        other = copy.deepcopy(answer)
        change(other)
        assert replaying.answer_id(other) != replaying.answer_id(answer)
        return replaying.replay(other).is_same

    assert not changed(lambda a: a["results"][0].update(score=a["results"][0]["score"] + 1))
    assert not changed(lambda a: a["results"][0].update(length=a["results"][0]["length"] + 1))
    assert not changed(lambda a: a["inputs"]["terms"][1].__setitem__(2, 4))
    assert not changed(lambda a: a["results"].reverse())
    assert not changed(lambda a: a["results"][0].update(key=a["results"][0]["key"] + 1))
    if reranker is not None:
        assert not changed(lambda a: a["results"][0]["features"].__setitem__(0, "9.0"))
    if reranker is None:
        assert not changed(lambda a: a["inputs"]["blend"].__setitem__(0, ["1.6", "0.5"]))
