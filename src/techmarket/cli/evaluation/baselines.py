"""What the market's answers are compared with: plain BM25 in memory, and ts_rank of PostgreSQL on the same terms."""

from __future__ import annotations

import math
from collections import Counter

import asyncpg

from techmarket.cli.evaluation.metrics import DEPTH
from techmarket.cli.evaluation.sets import Trial
from techmarket.matching import tokens

K1, B = 1.2, 0.75
LEXEME_POSITIONS_MAX = 255


def plain_bm25(trial: Trial) -> dict[str, list[str]]:
    """BM25 over the whole texts, written down without any of the market's machinery but its terms."""
    counted = {id: tokens.terms(text) for id, text in trial.documents.items()}
    lengths = {id: counts.total() for id, counts in counted.items()}
    average = sum(lengths.values()) / len(lengths)
    holders: dict[str, list[str]] = {}
    for id, counts in counted.items():
        for term in counts:
            holders.setdefault(term, []).append(id)
    answers = {}
    for query, text in trial.queries.items():
        scores: Counter[str] = Counter()
        for term, weight in tokens.terms(text).items():
            some = holders.get(term, [])
            idf = math.log(1 + (len(counted) - len(some) + 0.5) / (len(some) + 0.5))
            for id in some:
                times = counted[id][term]
                norm = times + K1 * (1 - B + B * lengths[id] / average)
                scores[id] += weight * idf * times * (K1 + 1) / norm  # type: ignore[assignment]
        answers[query] = [id for id, _ in sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:DEPTH]]
    return answers


async def ts_rank(trial: Trial, url: str) -> dict[str, list[str]]:
    """PostgreSQL's own ranking (ts_rank, length normalised) of any of the terms, over the same terms as lexemes."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), command_timeout=300)
    try:
        await connection.execute("CREATE TEMP TABLE evaluated (id text, words tsvector)")
        rows = [(id, _lexemes(text)) for id, text in trial.documents.items()]
        await connection.executemany("INSERT INTO evaluated VALUES ($1, $2::text::tsvector)", rows)
        await connection.execute("CREATE INDEX ON evaluated USING gin (words)")
        answers = {}
        for query, text in trial.queries.items():
            wanted = " | ".join(_quoted(term) for term in sorted(tokens.terms(text)))
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


def _lexemes(text: str) -> str:
    parts, place = [], 0
    for term, times in tokens.terms(text).items():
        places = []
        for _ in range(min(times, LEXEME_POSITIONS_MAX)):
            place = min(place + 1, 16_000)
            places.append(str(place))
        parts.append(f"{_quoted(term)}:{','.join(dict.fromkeys(places))}")
    return " ".join(parts)


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
