"""What the market's answers are compared with, written down without any of its machinery but its terms: plain BM25 in
memory, the blend of that with likeness, and ts_rank of PostgreSQL.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import asyncpg
import numpy as np
import numpy.typing as npt

from techmarket.cli.evaluation.metrics import DEPTH
from techmarket.cli.evaluation.sets import TITLES, Trial
from techmarket.matching import tokens

K1, B = 1.2, 0.75
LEXEME_POSITIONS_MAX = 255
Vector = Sequence[float]


CANDIDATES = 100
SAME_LANGUAGE, OTHER_LANGUAGE = 0.5, 0.9
Scored = Mapping[str, float]


def counted(text: str, language: str) -> Counter[str]:
    """The terms of a text under its title, which counts twice, as the market lists it."""
    found = tokens.terms(text)
    for term, times in tokens.terms(TITLES[language]).items():
        found[term] += 2 * times
    return found


def best(scores: Scored, count: int = DEPTH) -> list[str]:
    return [id for id, _ in sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:count]]


def plain_bm25(trial: Trial) -> dict[str, Scored]:
    """BM25 over the whole texts: for each query the score of every document that holds one of its terms."""
    asked, answering = trial.language
    found = {id: counted(text, answering) for id, text in trial.documents.items()}
    lengths = {id: counts.total() for id, counts in found.items()}
    average = sum(lengths.values()) / len(lengths)
    holders: dict[str, list[str]] = {}
    for id, counts in found.items():
        for term in counts:
            holders.setdefault(term, []).append(id)
    answers: dict[str, Scored] = {}
    for query, text in trial.queries.items():
        scores: Counter[str] = Counter()
        for term, weight in counted(text, asked).items():
            some = holders.get(term, [])
            idf = math.log(1 + (len(found) - len(some) + 0.5) / (len(some) + 0.5))
            for id in some:
                times = found[id][term]
                norm = times + K1 * (1 - B + B * lengths[id] / average)
                scores[id] += weight * idf * times * (K1 + 1) / norm  # type: ignore[assignment]
        answers[query] = scores
    return answers


def blended(
    trial: Trial, words: Mapping[str, Scored], documents: Mapping[str, Vector], queries: Mapping[str, Vector]
) -> dict[str, list[str]]:
    """z-scores of BM25 and of likeness over the hundred best by each, half and half within a language, else 1 to 9."""
    share = SAME_LANGUAGE if trial.language[0] == trial.language[1] else OTHER_LANGUAGE
    ids = sorted(documents)
    matrix = np.array([documents[id] for id in ids])
    answers = {}
    for query, scores in words.items():
        likeness = dict(zip(ids, (matrix @ np.array(queries[query])).tolist(), strict=True))
        chosen = sorted({*best(scores, CANDIDATES), *best(likeness, CANDIDATES)})
        by_words = _deviations([scores.get(id, 0.0) for id in chosen])
        by_meaning = _deviations([likeness[id] for id in chosen])
        blend = (1 - share) * by_words + share * by_meaning
        answers[query] = best(dict(zip(chosen, blend.tolist(), strict=True)))
    return answers


def _deviations(values: Sequence[float]) -> npt.NDArray[np.float64]:
    held = np.array(values)
    deviation = float(held.std())
    return (held - held.mean()) / deviation if deviation else np.zeros(len(held))


async def ts_rank(trial: Trial, url: str) -> dict[str, list[str]]:
    """PostgreSQL's own ranking (ts_rank, length normalised) of any of the terms, over the same terms as lexemes."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), command_timeout=300)
    try:
        await connection.execute("CREATE TEMP TABLE evaluated (id text, words tsvector)")
        rows = [(id, lexemes(counted(text, trial.language[1]))) for id, text in trial.documents.items()]
        await connection.executemany("INSERT INTO evaluated VALUES ($1, $2::text::tsvector)", rows)
        await connection.execute("CREATE INDEX ON evaluated USING gin (words)")
        answers = {}
        for query, text in trial.queries.items():
            wanted = " | ".join(quoted(term) for term in sorted(counted(text, trial.language[0])))
            found = await connection.fetch(
                "SELECT id FROM evaluated, (SELECT $1::text::tsquery AS q) a WHERE words @@ q"
                " ORDER BY ts_rank(words, q, 1) DESC, id LIMIT $2",
                wanted,
                DEPTH,
            )
            answers[query] = [row["id"] for row in found]
        return answers
    finally:
        await connection.close()


def lexemes(counted: Mapping[str, int]) -> str:
    """Counted terms as a tsvector is written."""
    parts, place = [], 0
    for term, times in counted.items():
        places = []
        for _ in range(min(times, LEXEME_POSITIONS_MAX)):
            place = min(place + 1, 16_000)
            places.append(str(place))
        parts.append(f"{quoted(term)}:{','.join(dict.fromkeys(places))}")
    return " ".join(parts)


def quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
