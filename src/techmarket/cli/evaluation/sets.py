"""Public sets with known answers, read as offers, demands and what belongs together."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEXT_MAX = 19_000
TITLES = {"zh": "—", "en": "—"}
"""Every text of a trial is listed under a title that says nothing, so that the text alone tells."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Documents and queries by id, and which documents answer each query."""

    name: str
    language: tuple[str, str]
    documents: Mapping[str, str]
    queries: Mapping[str, str]
    relevant: Mapping[str, frozenset[str]]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _order(id: str) -> bytes:
    """A fixed order that has nothing to do with the texts."""
    return hashlib.sha256(id.encode()).digest()


def plain(text: str) -> str:
    """The text as the market takes it: without characters that nobody sees, and cut to what a field holds."""
    return "".join(" " if unicodedata.category(one) in ("Cc", "Cf", "Co", "Cs") else one for one in text)[:TEXT_MAX]


def _cut(wanted: Mapping[str, frozenset[str]], most: int) -> dict[str, frozenset[str]]:
    return {id: wanted[id] for id in sorted(wanted, key=_order)[:most]}


def sbir(folder: Path, documents_max: int, queries_max: int) -> Trial:
    """Topic (a demand, without its title) against award (an offer, without its title); the award answered the topic."""
    with (folder / "sbir" / "qrels.csv").open(encoding="utf-8") as file:
        pairs = [(row["topic_id"], row["award_id"]) for row in csv.DictReader(file) if int(row["relevance"]) > 0]
    topics = {row["id"]: row["description"] for row in _lines(folder / "sbir" / "topics.jsonl.gz")}
    awards = {row["id"]: row["abstract"] for row in _lines(folder / "sbir" / "awards.jsonl.gz")}
    wanted: dict[str, frozenset[str]] = {}
    for topic, award in pairs:
        if topic in topics and award in awards:
            wanted[topic] = wanted.get(topic, frozenset()) | {award}
    wanted = _cut(wanted, queries_max)
    return _trial("sbir", ("en", "en"), awards, topics, wanted, documents_max)


def stard(folder: Path, documents_max: int, queries_max: int) -> Trial:
    """A lay question against the articles of law that experts say answer it."""
    articles = {row["id"]: row["text"] for row in _lines(folder / "stard" / "articles.jsonl.gz")}
    rows = list(_lines(folder / "stard" / "queries.jsonl"))
    wanted = _cut({str(row["id"]): frozenset(map(str, row["relevant"])) for row in rows}, queries_max)
    documents = {str(id): text for id, text in articles.items()}
    return _trial(
        "stard", ("zh", "zh"), documents, {str(row["id"]): row["query"] for row in rows}, wanted, documents_max
    )


def csl(folder: Path, documents_max: int, queries_max: int) -> Trial:
    """The authors' keywords against the abstract they were written for."""
    rows = list(_lines(folder / "csl" / "csl_dev.jsonl"))
    documents = {row["id"]: row["abstract"] for row in rows}
    queries = {row["id"]: " ".join(row["keywords"]) for row in rows}
    wanted = _cut({row["id"]: frozenset({row["id"]}) for row in rows}, queries_max)
    return _trial("csl_keywords", ("zh", "zh"), documents, queries, wanted, documents_max)


def xquad(asked: str, answered: str) -> Callable[[Path, int, int], Trial]:
    """A question in one language against the passages in the other."""

    def read(folder: Path, documents_max: int, queries_max: int) -> Trial:
        passages = {str(row["id"]): row[answered] for row in _lines(folder / "xquad_zh_en" / "passages.jsonl")}
        rows = list(_lines(folder / "xquad_zh_en" / "questions.jsonl"))
        wanted = _cut({str(row["id"]): frozenset({str(row["passage"])}) for row in rows}, queries_max)
        queries = {str(row["id"]): row[asked] for row in rows}
        return _trial(f"xquad_{asked}_{answered}", (asked, answered), passages, queries, wanted, documents_max)

    return read


SETS: Mapping[str, Callable[[Path, int, int], Trial]] = {
    "sbir": sbir,
    "stard": stard,
    "csl_keywords": csl,
    "xquad_zh_en": xquad("zh", "en"),
    "xquad_en_zh": xquad("en", "zh"),
}


def _trial(
    name: str,
    language: tuple[str, str],
    documents: Mapping[str, str],
    queries: Mapping[str, str],
    wanted: Mapping[str, frozenset[str]],
    documents_max: int,
) -> Trial:
    """Every document that answers something, filled up with others in a fixed order."""
    needed = {document for some in wanted.values() for document in some}
    others = [id for id in sorted(documents, key=_order) if id not in needed]
    kept = sorted(needed) + others[: max(0, documents_max - len(needed))]
    return Trial(
        name,
        language,
        {id: plain(documents[id]) for id in kept},
        {id: plain(queries[id]) for id in wanted},
        wanted,
    )
