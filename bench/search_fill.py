"""Listings by the million: rows as the service writes them, and the index as its one writer would leave it.

The texts are made of whole pieces, a title and three sentences, and no term reaches over the border of two. So each
piece is counted once, by the function that the service counts with, and a listing's postings are the sum of those of
its pieces: arithmetic on arrays, then COPY. A test holds the tables against those that the writer makes of the same
listings.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from techmarket.kernel.ids import new_id
from techmarket.listings.rules import ListingKind
from techmarket.matching import texts, tokens
from techmarket.matching.index.blocks import BLOCK
from techmarket.matching.index.columns import CHUNK, KINDS, ROW, Space, org_number, region_number
from techmarket.matching.service.following import SPACES

BATCH = 50_000
REGIONS = ("330100", "330200", "310000", "320500", "440300")
LANGUAGES = ("zh", "en")
CHINESE = 0.66
SENTENCES = 3
NUMBERS = 10_000
JOINS = {"zh": "。", "en": ". "}
Ints = npt.NDArray[np.int64]


def source() -> str:
    return "public sets" if os.environ.get("TECHMARKET_BENCH_DATA") else "samples"


def sentences() -> dict[str, tuple[list[str], list[str]]]:
    """Titles and sentences by language."""
    texts_by: dict[str, list[tuple[str, str]]] = {"zh": [], "en": []}
    folder = os.environ.get("TECHMARKET_BENCH_DATA")
    if folder:
        with gzip.open(Path(folder) / "sbir" / "awards.jsonl.gz", "rt") as lines:
            texts_by["en"] = [(row["title"], row["abstract"]) for row in map(json.loads, lines)]
        with (Path(folder) / "csl" / "csl_dev.jsonl").open() as lines:
            texts_by["zh"] = [(row["title"], row["abstract"]) for row in map(json.loads, lines)]
    else:
        sample = resources.files("techmarket.samples") / "offers.jsonl"
        for row in map(json.loads, sample.read_text(encoding="utf-8").splitlines()):
            for language, some in texts_by.items():
                if row[f"title_{language}"] and row[f"abstract_{language}"]:
                    some.append((row[f"title_{language}"], row[f"abstract_{language}"]))
    out = {}
    for language, some in texts_by.items():
        cut = re.compile(r"[。；;.]\s*" if language == "en" else r"[。；;，,.]")
        parts = [part.strip() for _, text in some for part in cut.split(text) if 8 < len(part) < 300]
        out[language] = ([title[:150].strip() for title, _ in some], parts)
    return out


class Pieces:
    """Every title and sentence there is, counted once: terms by number, in one flat array with borders."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.escaped: list[str] = []
        self.folded: list[str] = []
        self.of: dict[tuple[str, str], tuple[int, int]] = {}
        counted: list[Counter[str]] = []
        for language, (titles, parts) in sentences().items():
            for what, some, weight in (("title", titles, 2), ("part", parts, 1)):
                first = len(self.text)
                for text in some:
                    self.text.append(text)
                    self.escaped.append(json.dumps(text, ensure_ascii=False)[1:-1])
                    self.folded.append(" ".join(tokens.folded(text).split()) if what == "title" else "")
                    counted.append(Counter({term: n * weight for term, n in tokens.terms(text).items()}))
                self.of[language, what] = (first, len(self.text))
        self.numbers = len(counted)
        counted += [Counter({term: 2 * n for term, n in tokens.terms(str(n_)).items()}) for n_ in range(NUMBERS)]
        self.signs = np.array([texts.signs_of(text) for text in self.text] + [(0, 0)] * NUMBERS)
        self.terms = sorted({term for one in counted for term in one})
        ids = {term: id for id, term in enumerate(self.terms)}
        self.starts = np.concatenate(([0], np.cumsum([len(one) for one in counted])))
        self.flat = np.fromiter((ids[term] for one in counted for term in one), np.int64)
        self.times = np.fromiter((n for one in counted for n in one.values()), np.int64)


@dataclass(frozen=True)
class Batch:
    """Some listings: by number the pieces of each, and what else they say."""

    ids: list[UUID]
    is_chinese: npt.NDArray[np.bool_]
    is_demand: npt.NDArray[np.bool_]
    pieces: Ints
    yuan: Ints
    fields: Ints
    regions: Ints


def batches(pieces: Pieces, size: int, *, first: int = 0) -> Iterator[Batch]:
    """`size` listings from number `first` on; the same number is always the same listing but for its id."""
    for start in range(first, first + size, BATCH):
        rng = np.random.default_rng(7 + start)
        count = min(BATCH, first + size - start)
        chinese = rng.random(count) < CHINESE
        chosen = np.empty((count, SENTENCES + 2), np.int64)
        for language, mask in (("zh", chinese), ("en", ~chinese)):
            low, high = pieces.of[language, "title"]
            chosen[mask, 0] = rng.integers(low, high, mask.sum())
            low, high = pieces.of[language, "part"]
            at = rng.integers(0, high - low, mask.sum())
            for place in range(SENTENCES):
                chosen[mask, place + 1] = low + at
                at = (at + rng.integers(1, max(2, (high - low) // SENTENCES), mask.sum())) % (high - low)
        chosen[:, -1] = pieces.numbers + rng.integers(1, NUMBERS, count)
        yield Batch(
            [new_id() for _ in range(count)],
            chinese,
            np.arange(start, start + count) % 5 == 4,
            chosen,
            rng.integers(1, 501, count) * 10_000,
            rng.integers(1, 12, count),
            rng.integers(0, len(REGIONS), count),
        )


def title_of(pieces: Pieces, chosen: Any, said: list[str]) -> str:
    return f"{said[chosen[0]]} {chosen[-1] - pieces.numbers}"


def document(pieces: Pieces, batch: Batch, n: int, salt: int) -> dict[str, Any]:
    """One of these listings as the service writes its terms down."""
    said: dict[str, Any] = json.loads(body(pieces, batch, n, salt))
    return said


def body(pieces: Pieces, batch: Batch, n: int, salt: int) -> str:
    """The same as canonical JSON (RFC 8785), written out: its keys are few and known."""
    language = "zh" if batch.is_chinese[n] else "en"
    chosen = batch.pieces[n].tolist()
    money = f'{{"amount":"{batch.yuan[n]}.00","currency":"CNY"}}'
    prose = JOINS[language].join(pieces.escaped[piece] for piece in chosen[1:-1])
    region, field = REGIONS[batch.regions[n]], f"{batch.fields[n]:02d}"
    if batch.is_demand[n]:
        first = f'"budget":{money},"problem_{language}":"{prose}","region":"{region}"'
    else:
        first = f'"price":{money},"region":"{region}","summary_{language}":"{prose}"'
    kind = "DEMAND" if batch.is_demand[n] else "OFFER"
    title = title_of(pieces, chosen, pieces.escaped)
    return (
        f'{{"achievements":[],"fields":{{{first},"technology_field":"{field}","title_{language}":"{title}"}},'
        f'"kind":"{kind}","nonce":"{salt:08x}{n:024x}","raised":{{}}}}'
    )


Owners = tuple[tuple[UUID, UUID], tuple[UUID, UUID]]


async def copy_rows(connection: Any, pieces: Pieces, batch: Batch, owners: Owners, now: datetime, salt: int) -> None:
    """Texts, listings and versions, published; `owners` are (organisation, person) of the offers and of the demands."""
    said = [body(pieces, batch, n, salt).encode() for n in range(len(batch.ids))]
    hashes = [hashlib.sha256(one).hexdigest() for one in said]
    whose = [owners[bool(demand)] for demand in batch.is_demand.tolist()]
    kinds = ["DEMAND" if demand else "OFFER" for demand in batch.is_demand.tolist()]
    await connection.copy_records_to_table("text", columns=["sha256", "body"], records=zip(hashes, said, strict=True))
    await connection.copy_records_to_table(
        "listing",
        columns=["id", "kind", "org_id", "state", "current_n", "revision", "published_at", "accepted_n"],
        records=[
            (id, kind, org, "PUBLISHED", 1, 1, now, 1)
            for id, kind, (org, _) in zip(batch.ids, kinds, whose, strict=True)
        ],
    )
    await connection.copy_records_to_table(
        "listing_version",
        columns=["listing_id", "n", "sha256", "by"],
        records=[(id, 1, sha, by) for id, sha, (_, by) in zip(batch.ids, hashes, whose, strict=True)],
    )


# --- the index ------------------------------------------------------------------------------------------------------


class Gathered:
    """Postings and facts of all batches of one filling, on their way into the tables."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._by_term: list[tuple[Ints, npt.NDArray[np.int32], npt.NDArray[np.uint16]]] = []
        self._rows: list[npt.NDArray[np.void]] = []
        self._df = np.zeros(len(pieces.terms), np.int64)
        self._phrases: Counter[str] = Counter()
        self.documents = 0

    async def take(self, connection: Any, batch: Batch, owners: Owners, now: datetime) -> None:
        """Count one batch, and write what stands by document."""
        first = self.documents
        document, term, times = self._counted(batch.pieces)
        self._df += np.bincount(term, minlength=len(self._df))
        order = np.argsort(term, kind="stable")
        self._by_term.append((term[order], (document[order] + first).astype(np.int32), times[order].astype(np.uint16)))
        lengths = np.bincount(document, weights=times).astype(np.int64)
        self._rows.append(self._facts(batch, lengths, owners, now))
        self.documents += len(batch.ids)
        phrases = [title_of(self._pieces, chosen, self._pieces.folded) for chosen in batch.pieces.tolist()]
        phrases = [phrase[: texts.PHRASE_MAX] for phrase in phrases]
        self._phrases.update(phrases)
        borders = np.searchsorted(document, np.arange(len(batch.ids) + 1)).tolist()
        counts = times.astype(np.uint16).tobytes()
        for space, offset in self._spaces():
            ids = (term + offset).astype(np.int32).tobytes()
            await connection.copy_records_to_table(
                "search_document",
                columns=["space", "id", "document", "length", "digest", "forward", "phrases"],
                records=(
                    (int(space), id, first + n, length, id.bytes, ids[4 * a : 4 * b] + counts[2 * a : 2 * b], [phrase])
                    for n, (id, length, a, b, phrase) in enumerate(
                        zip(batch.ids, lengths.tolist(), borders, borders[1:], phrases, strict=False)
                    )
                ),
            )

    def _counted(self, chosen: Ints) -> tuple[Ints, Ints, Ints]:
        """Document (from 0), term and times, in the order of documents and terms; each pair stands once."""
        starts, ends = self._pieces.starts[chosen.ravel()], self._pieces.starts[chosen.ravel() + 1]
        sizes = ends - starts
        places = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(starts, sizes)
        document = np.repeat(np.repeat(np.arange(len(chosen)), chosen.shape[1]), sizes)
        key = document * len(self._pieces.terms) + self._pieces.flat[places]
        order = np.argsort(key)
        key, times = key[order], self._pieces.times[places][order]
        heads = np.flatnonzero(np.concatenate(([True], np.diff(key) != 0)))
        return *np.divmod(key[heads], len(self._pieces.terms)), np.add.reduceat(times, heads)

    def _facts(self, batch: Batch, lengths: Ints, owners: Owners, now: datetime) -> npt.NDArray[np.void]:
        rows = np.zeros(len(batch.ids), ROW)
        whole = [id.int for id in batch.ids]
        rows["high"] = np.array([one >> 64 for one in whole], np.uint64)
        rows["low"] = np.array([one & (2**64 - 1) for one in whole], np.uint64)
        rows["org"] = np.where(batch.is_demand, *(np.uint64(org_number(owners[n][0])) for n in (1, 0)))
        rows["price"] = batch.yuan * 100
        rows["published"] = int(now.timestamp())
        rows["length"] = lengths
        rows["region"] = np.array([region_number(one) for one in REGIONS])[batch.regions]
        kinds = KINDS.index(ListingKind.DEMAND), KINDS.index(ListingKind.OFFER)
        rows["kind"] = np.where(batch.is_demand, *kinds)
        rows["field"] = batch.fields
        han, latin = self._pieces.signs[batch.pieces].sum(axis=1).T
        rows["scripts"] = np.where(han * texts.SCRIPT_SHARE >= han + latin, texts.HAN, texts.LATIN)
        rows["alive"] = 1
        return rows

    def _spaces(self) -> list[tuple[Space, int]]:
        """Each space, and what its numbers of terms are ahead of ours."""
        return [(space, 1 + place * len(self._pieces.terms)) for place, (space, _) in enumerate(SPACES)]

    async def finish(self, connection: Any) -> None:
        """Write what stands by term, the facts, the phrases and the state of every space."""
        documents, times = self._merged()
        rows = np.concatenate(self._rows)
        ends = np.cumsum(self._df)
        for space, offset in self._spaces():
            used = np.flatnonzero(self._df).tolist()
            await connection.copy_records_to_table(
                "search_term",
                columns=["id", "space", "term", "df", "tail_n", "tail_size"],
                records=[
                    (id + offset, int(space), self._pieces.terms[id], df, (df - 1) // BLOCK, (df - 1) % BLOCK + 1)
                    for id, df in ((id, int(self._df[id])) for id in used)
                ],
            )
            await connection.copy_records_to_table(
                "search_block",
                columns=["term_id", "n", "documents", "times"],
                records=(
                    (id + offset, n, documents[4 * a : 4 * b], times[2 * a : 2 * b])
                    for id in used
                    for n, (a, b) in enumerate(_cut(int(ends[id] - self._df[id]), int(ends[id])))
                ),
            )
            await connection.copy_records_to_table(
                "search_column",
                columns=["space", "chunk", "epoch", "content"],
                records=[
                    (int(space), chunk, 1, rows[chunk * CHUNK : (chunk + 1) * CHUNK].tobytes())
                    for chunk in range(-(-len(rows) // CHUNK))
                ],
            )
            await connection.copy_records_to_table(
                "search_phrase",
                columns=["space", "phrase", "df"],
                records=[(int(space), phrase, df) for phrase, df in sorted(self._phrases.items())],
            )
            await connection.execute(
                "UPDATE search_state SET epoch = 1, model = $4, next_document = $2, documents = $2, length_sum = $3"
                " WHERE space = $1",
                int(space),
                len(rows),
                int(rows["length"].sum(dtype=np.int64)),
                tokens.MODEL,
            )
        await connection.execute(
            "SELECT setval(pg_get_serial_sequence('search_term', 'id'), $1)", 1 + len(SPACES) * len(self._pieces.terms)
        )

    def _merged(self) -> tuple[bytes, bytes]:
        """All postings by term, documents in ascending order, as the bytes of blocks."""
        total = int(self._df.sum())
        documents, times = np.empty(total, np.int32), np.empty(total, np.uint16)
        filled = np.cumsum(self._df) - self._df
        for term, some, counts in self._by_term:
            sizes = np.bincount(term, minlength=len(self._df))
            within = np.arange(len(term)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            places = filled[term] + within
            documents[places], times[places] = some, counts
            filled += sizes
        self._by_term.clear()
        return documents.tobytes(), times.tobytes()


def _cut(start: int, end: int) -> Iterator[tuple[int, int]]:
    for at in range(start, end, BLOCK):
        yield at, min(end, at + BLOCK)


async def fill(connection: Any, pieces: Pieces, size: int, owners: Owners, now: datetime) -> tuple[float, list[Batch]]:
    """`size` listings with their index; returns the seconds that the index took, and the batches."""
    gathered, spent, kept = Gathered(pieces), 0.0, []
    await connection.execute("SET session_replication_role = replica")  # no checks of keys while copying
    for salt, batch in enumerate(batches(pieces, size)):
        await copy_rows(connection, pieces, batch, owners, now, salt)
        began = time.perf_counter()
        await gathered.take(connection, batch, owners, now)
        spent += time.perf_counter() - began
        kept.append(batch)
    began = time.perf_counter()
    await gathered.finish(connection)
    return spent + time.perf_counter() - began, kept
