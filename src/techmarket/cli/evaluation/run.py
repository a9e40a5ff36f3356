"""Runs the trials, one market each, and shows how good every way of matching is."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from techmarket.cli.evaluation import baselines
from techmarket.cli.evaluation.market import loaded, stored_vectors
from techmarket.cli.evaluation.metrics import measure
from techmarket.cli.evaluation.sets import SETS
from techmarket.kernel.embedding import Embedder
from techmarket.matching import tokens
from techmarket.matching.meaning.choosing import UnknownEmbedder, chosen_embedders

PATIENCE_SECONDS = 60.0
"""What is measured here is how good the answers are: a busy machine is no reason to leave meaning out."""
PLAIN, BLEND = "plain BM25", "plain blend"
WORDS, MEANING = "market, words", "market, words and meaning"


async def evaluate(
    data: Path,
    console: Console,
    *,
    names: Sequence[str],
    embedder: str,
    token: str | None,
    documents_max: int,
    queries_max: int,
    out: Path | None,
) -> None:
    """Every set through the public API, beside plain BM25 and ts_rank; with an embedder also without it, and beside
    the plain blend of the same vectors."""
    try:
        chosen = chosen_embedders([embedder], token, query_seconds=PATIENCE_SECONDS)
    except UnknownEmbedder as error:
        raise SystemExit(f"techmarket: {error}") from error
    unknown = [name for name in names if name not in SETS]
    if unknown:
        raise SystemExit(f"techmarket: no such set: {', '.join(unknown)}; there are {', '.join(SETS)}")
    said: dict[str, Any] = {"words": tokens.MODEL, "embedder": chosen[0].name if chosen else None, "sets": {}}
    for name in names or SETS:
        said["sets"][name] = await _one(name, data, console, chosen[0] if chosen else None, documents_max, queries_max)
        if out is not None:
            _write(out, said)


def _write(out: Path, said: dict[str, Any]) -> None:
    out.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n")


async def _one(
    name: str, data: Path, console: Console, embedder: Embedder | None, documents_max: int, queries_max: int
) -> dict[str, Any]:
    try:
        trial = await asyncio.to_thread(SETS[name], data, documents_max, queries_max)
    except FileNotFoundError as error:
        raise SystemExit(f"techmarket: the data folder has no {name}: {error}") from error
    began = time.monotonic()
    async with loaded(trial, embedder, lambda text: console.print(f"[dim]{text}[/dim]")) as market:
        words = await asyncio.to_thread(baselines.plain_bm25, trial)
        answers = {
            PLAIN: {query: baselines.best(scores) for query, scores in words.items()},
            "ts_rank": await baselines.ts_rank(trial, market.url),
            WORDS: await market.rankings(None),
        }
        if embedder is not None:
            documents = await stored_vectors(market, embedder)
            said = await embedder.embed(list(trial.queries.values()), "query")
            queries = dict(zip(trial.queries, said, strict=True))
            answers[BLEND] = await asyncio.to_thread(baselines.blended, trial, words, documents, queries)
            answers[MEANING] = await market.rankings(embedder)
    table = Table(title=f"{name}: {len(trial.documents)} documents, {len(trial.queries)} queries")
    for heading in ("", "nDCG@10", "recall@10", "MRR@10"):
        table.add_column(heading)
    figures: dict[str, Any] = {}
    for method, ranking in answers.items():
        found = measure(ranking, trial.relevant)
        table.add_row(method, *(one.said() for one in found.values()))
        figures[method] = {
            key: [round(one.mean, 4), round(one.low, 4), round(one.high, 4)] for key, one in found.items()
        }
    console.print(table)
    return {
        "documents": len(trial.documents),
        "queries": len(trial.queries),
        "seconds": round(time.monotonic() - began, 1),
        "methods": figures,
    }
