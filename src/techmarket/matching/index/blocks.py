"""Postings as blocks: which documents hold a term, and how often, as plain numbers in bytes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BLOCK = 640
"""Postings in one stored block: two of them fill a page of the database."""
TF_MAX = 65_535
DOCUMENT = np.dtype("<i4")
TIMES = np.dtype("<u2")


@dataclass(frozen=True, slots=True)
class Posting:
    """A term of one space: in how many living documents it stands, in which ones, and how often in each."""

    term: str
    weight: int
    df: int
    documents: npt.NDArray[np.int32]
    times: npt.NDArray[np.uint16]


def posting(term: str, weight: int, df: int, documents: bytes, times: bytes) -> Posting:
    return Posting(term, weight, df, np.frombuffer(documents, DOCUMENT), np.frombuffer(times, TIMES))


@dataclass(frozen=True, slots=True)
class Piece:
    """Postings of one term that go into its block `n`; `is_new` when that block does not exist yet."""

    term_id: int
    n: int
    is_new: bool
    documents: bytes
    times: bytes


@dataclass(frozen=True, slots=True)
class Tail:
    """The last block of a term and how full it is."""

    n: int = 0
    size: int = 0


def pieces(term_id: int, tail: Tail, documents: npt.NDArray[np.int32], times: npt.NDArray[np.uint16]) -> list[Piece]:
    """New postings of a term, cut at the borders of its blocks."""
    cut, at, n, size = [], 0, tail.n, tail.size
    while at < len(documents):
        if size >= BLOCK:
            n, size = n + 1, 0
        end = min(len(documents), at + BLOCK - size)
        cut.append(Piece(term_id, n, size == 0, documents[at:end].tobytes(), times[at:end].tobytes()))
        size += end - at
        at = end
    return cut


def tail_after(tail: Tail, added: int) -> Tail:
    if not added:
        return tail
    total = tail.size + added
    full = (total - 1) // BLOCK
    return Tail(tail.n + full, total - full * BLOCK)


def by_term(
    counted: Sequence[tuple[int, Mapping[str, int]]], ids: Mapping[str, int]
) -> Iterator[tuple[int, npt.NDArray[np.int32], npt.NDArray[np.uint16]]]:
    """The postings of many documents (number, its terms), term by term; documents in ascending order."""
    terms = np.fromiter((ids[term] for _, found in counted for term in found), np.int64)
    times = np.fromiter((min(n, TF_MAX) for _, found in counted for n in found.values()), TIMES)
    documents = np.repeat(np.array([number for number, _ in counted], DOCUMENT), [len(found) for _, found in counted])
    order = np.lexsort((documents, terms))
    terms, times, documents = terms[order], times[order], documents[order]
    borders = np.flatnonzero(np.diff(terms)) + 1
    starts = np.concatenate(([0], borders)) if len(terms) else borders
    ends = np.concatenate((borders, [len(terms)])) if len(terms) else borders
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield int(terms[start]), documents[start:end], times[start:end]


def forward(ids: Sequence[int], times: Sequence[int]) -> bytes:
    """One document's terms by number, for the day it leaves the index."""
    return np.array(ids, "<i4").tobytes() + np.array([min(n, TF_MAX) for n in times], TIMES).tobytes()


def forward_terms(content: bytes) -> npt.NDArray[np.int32]:
    count = len(content) // (DOCUMENT.itemsize + TIMES.itemsize)
    return np.frombuffer(content, DOCUMENT, count)
