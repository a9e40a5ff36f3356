"""The arithmetic of the index: blocks, scores, filters, order, counts. No database."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from techmarket.listings.rules import ListingKind, Mode
from techmarket.matching.index import blocks, repository, scoring, writing
from techmarket.matching.index.blocks import BLOCK, Posting, Tail
from techmarket.matching.index.columns import CHUNK, Columns, Facts, row_of, rows_array
from techmarket.matching.index.scoring import Collected, Filters, Known, Sort

AT = datetime(2026, 3, 2, tzinfo=UTC)


def held(*facts: Facts, lengths: list[int] | None = None, dead: tuple[int, ...] = ()) -> Columns:
    columns = Columns()
    rows = rows_array(
        [
            row_of(UUID(int=n + 1), UUID(int=7), AT, (lengths or [10] * len(facts))[n], one)
            for n, one in enumerate(facts)
        ]
    )
    for n in dead:
        rows["alive"][n] = 0
    for chunk in range(0, len(rows), CHUNK):
        columns.put(chunk // CHUNK, rows[chunk : chunk + CHUNK].tobytes())
    return columns


def a_posting(term: str, found: dict[int, int], df: int | None = None, weight: int = 1) -> Posting:
    documents = np.array(sorted(found), "<i4")
    return Posting(term, weight, df or len(found), documents, np.array([found[n] for n in sorted(found)], "<u2"))


@pytest.mark.parametrize("sizes", [[1], [BLOCK], [BLOCK + 1], [BLOCK - 1, 1, 1], [3, 2 * BLOCK, 5], [BLOCK, BLOCK]])
def test_postings_are_cut_at_the_borders_of_blocks_and_read_back_whole(sizes):
    stored: dict[int, tuple[bytes, bytes]] = {}
    tail, first = Tail(), 0
    for size in sizes:
        documents = np.arange(first, first + size, dtype="<i4")
        for piece in blocks.pieces(9, tail, documents, np.full(size, 2, "<u2")):
            assert piece.is_new == (piece.n not in stored)
            before = stored.get(piece.n, (b"", b""))
            stored[piece.n] = (before[0] + piece.documents, before[1] + piece.times)
        tail, first = blocks.tail_after(tail, size), first + size
    assert [len(stored[n][0]) // 4 for n in sorted(stored)][:-1] == [BLOCK] * (len(stored) - 1)
    assert tail == Tail(max(stored), len(stored[max(stored)][0]) // 4)
    whole = blocks.posting("t", 1, 1, b"".join(stored[n][0] for n in sorted(stored)), b"")
    assert whole.documents.tolist() == list(range(first))


def test_the_postings_of_many_documents_come_term_by_term_in_order():
    counted = [(5, {"b": 1, "a": 70_000}), (6, {"b": 3})]
    got = [(id, d.tolist(), t.tolist()) for id, d, t in blocks.by_term(counted, {"a": 2, "b": 1})]
    assert got == [(1, [5, 6], [1, 3]), (2, [5], [65_535])]
    assert blocks.forward_terms(blocks.forward([4, 9], [1, 70_000])).tolist() == [4, 9]


@pytest.mark.parametrize("size", [40, 4000])
def test_both_ways_of_summing_give_the_bm25_that_is_written_down_to_the_bit(size, monkeypatch):
    rng = random.Random(3)
    lengths = [rng.randint(1, 90) for _ in range(size)]
    columns = held(*[Facts()] * size, lengths=lengths, dead=(1,))
    postings = [a_posting(f"t{n}", {d: rng.randint(1, 9) for d in rng.sample(range(size), 30)}) for n in range(6)]
    about = Collected(size, sum(lengths) / size)
    at, scores = scoring.bm25(postings, columns, about)
    wanted = {}
    for document in range(size):
        total = 0.0
        for one in postings:
            times = dict(zip(one.documents.tolist(), one.times.tolist(), strict=True)).get(document)
            if times and document != 1:
                idf = math.log(1 + (size - one.df + 0.5) / (one.df + 0.5))
                total += idf * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * lengths[document] / about.average))
        if total:
            wanted[document] = total * 1e6
    assert at.tolist() == sorted(wanted)
    assert scores.tolist() == pytest.approx([wanted[n] for n in sorted(wanted)], abs=1)
    monkeypatch.setattr(scoring, "PIECE", 7)
    for few in (0.01, size):  # by a pass over all documents never, and always
        monkeypatch.setattr(scoring, "FEW", few)
        again_at, again = scoring.bm25(postings, columns, about)
        assert (again_at.tolist(), again.tobytes()) == (at.tolist(), scores.tobytes())


def test_what_every_document_holds_tells_nothing_and_is_not_found_by_it():
    columns = held(*[Facts()] * 3, lengths=[10, 10, 10])
    about = Collected(2_000_000, 10)
    at, scores = scoring.bm25([a_posting("t", {0: 1, 1: 1}, df=2_000_000)], columns, about)
    assert (at.tolist(), scores.tolist()) == ([], [])


def test_a_document_that_a_later_look_wrote_is_not_seen():
    at, _ = scoring.bm25([a_posting("t", {0: 1, 9: 1})], held(Facts(), Facts()), Collected(2, 10))
    assert at.tolist() == [0]


def test_the_rarest_terms_take_part_as_long_as_their_postings_can_be_afforded():
    known = [Known(1, "c", 1, 50), Known(2, "b", 1, 900), Known(3, "a", 1, 50), Known(4, "d", 1, 60)]
    taken, left = scoring.affordable(known, most=160)
    assert ([one.term for one in taken], [one.term for one in left]) == (["a", "c", "d"], ["b"])
    assert [one.term for one in scoring.affordable(known[1:2], most=1)[0]] == ["b"]


ONE = Facts(ListingKind.OFFER, "03", "C35", "330108", (Mode.LICENCE,), 100, 6, 0b1, 1)
TWO = Facts(ListingKind.DEMAND, None, "C3521", "310000", (Mode.TRANSFER, Mode.LICENCE), None, None, 0, 2)
NONE = Facts(ListingKind.OFFER)


@pytest.mark.parametrize(
    "filters, fits",
    [
        (Filters(), [0, 1, 2]),
        (Filters(kind=ListingKind.OFFER), [0, 2]),
        (Filters(technology_field="03"), [0]),
        (Filters(industry="C35"), [0, 1]),
        (Filters(industry="C3521"), [1]),
        (Filters(industry="C"), [0, 1]),
        (Filters(industry="D"), []),
        (Filters(region="33"), [0]),
        (Filters(region="3301"), [0]),
        (Filters(region="330108"), [0]),
        (Filters(region="31"), [1]),
        (Filters(mode=Mode.LICENCE), [0, 1]),
        (Filters(mode=Mode.TRANSFER), [1]),
        (Filters(price_minor_max=100), [0]),
        (Filters(price_minor_max=99), []),
        (Filters(price_minor_min=100), [0]),
        (Filters(price_minor_min=101), []),
        (Filters(trl_min=6), [0]),
        (Filters(trl_min=7), []),
        (Filters(right_kind=1), [0]),
        (Filters(right_kind=2), []),
    ],
)
def test_a_filter_keeps_what_states_it_and_nothing_else(filters, fits):
    columns, at = held(ONE, TWO, NONE), np.arange(3, dtype=np.int32)
    assert at[scoring.fitting(columns, at, scoring.tests_of(filters, organisations=()))].tolist() == fits


def test_counts_of_a_facet_are_not_narrowed_by_its_own_filter():
    columns, at = held(ONE, TWO, NONE), np.arange(3, dtype=np.int32)
    counted = scoring.facets(columns, at, scoring.tests_of(Filters(kind=ListingKind.OFFER), organisations=()))
    assert counted == {
        "kind": {"OFFER": 2, "DEMAND": 1},
        "technology_field": {"03": 1},
        "mode": {"LICENCE": 1},
        "region": {"33": 1},
        "industry": {"C": 1},
        "trl": {"6": 1},
    }


def test_pages_in_any_order_neither_skip_nor_repeat_among_ties():
    prices = [5, None, 5, 7, 5, None, 5]
    columns = held(*[Facts(price_minor=price) for price in prices])
    at, scores = np.arange(7, dtype=np.int32), np.array([3, 3, 9, 3, 3, 1, 3], np.int64)
    wanted = {
        Sort.RELEVANCE: [2, 6, 4, 3, 1, 0, 5],
        Sort.NEWEST: [6, 5, 4, 3, 2, 1, 0],
        Sort.PRICE_UP: [6, 4, 2, 0, 3, 5, 1],
        Sort.PRICE_DOWN: [3, 6, 4, 2, 0, 5, 1],
    }
    for sort, order in wanted.items():
        seen, after = [], None
        while True:
            keys = scoring.sort_keys(columns, at, scores, sort)
            some = scoring.first(columns, at, keys, scores, after=after, limit=2)
            if not some:
                break
            seen += [one.document for one in some]
            after = (some[-1].key, some[-1].id)
        assert seen == order, sort


def test_a_chunk_of_an_earlier_epoch_never_takes_the_place_of_a_later_one():
    columns = Columns()
    now, before = held(ONE, TWO), held(ONE)
    later = rows_array([row_of(UUID(int=1), None, AT, 1, ONE), row_of(UUID(int=2), None, AT, 1, TWO)])
    columns.put(0, later.tobytes(), epoch=5)
    columns.put(0, rows_array([row_of(UUID(int=8), None, AT, 1, ONE)]).tobytes(), epoch=4)
    assert (columns.size, now.size, before.size) == (2, 2, 1)
    assert columns.ids([0, 1]) == [UUID(int=1), UUID(int=2)]


def test_who_takes_part_is_counted_anew_after_each_change():
    columns = held(NONE)
    assert columns.taking_part(ListingKind.OFFER).documents == 1
    columns.put(0, rows_array([row_of(UUID(int=n + 1), None, AT, 1, NONE) for n in range(3)]).tobytes(), epoch=1)
    assert columns.taking_part(ListingKind.OFFER).documents == 3


async def test_columns_are_read_piece_by_piece_and_none_is_missed(monkeypatch):
    stored, asked = [(n, 1, b"x") for n in (0, 1, 3, 4, 9)], []

    async def some(_db, _space, _after, behind):
        asked.append(behind)
        return [one for one in stored if one[0] > behind][:2]

    monkeypatch.setattr(repository, "changed_chunks", some)
    monkeypatch.setattr(repository, "CHUNKS_READ", 2)
    assert [one async for one in repository.chunks_after(None, 0, -1)] == stored
    assert asked == [-1, 1, 4]


def test_what_came_after_the_look_is_not_swept():
    alive = np.array([True, False, True, False])
    documents = np.array([0, 1, 2, 3, 4, 9], np.int32)
    assert writing._stay(alive, documents).tolist() == [True, False, True, False, True, True]
