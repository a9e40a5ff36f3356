"""What comes by bulk into a measurement is what the one writer of the index would have made of the same listings."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import asyncpg
import numpy as np
from sqlalchemy import text

from bench import search_fill
from techmarket.disclosure.tiers import Tier
from techmarket.kernel.canonical import canonical_json
from techmarket.listings.rules import ListingKind
from techmarket.listings.steps import IndexText
from techmarket.matching.index import repository, writing
from techmarket.matching.index.columns import ROW
from techmarket.matching.service import following
from tests.identity.make import an_organisation

SIZE = 60


async def held(tx, space):
    """Postings by term, facts by document, phrases and totals of one space."""
    async with tx.read() as db:
        terms = (await db.execute(text("SELECT * FROM search_term WHERE space = :s"), {"s": space})).all()
        read = await repository.read_blocks(db, [row.id for row in terms])
        postings = {row.term: (row.df, row.tail_n, row.tail_size, *read[row.id]) for row in terms}
        chunks = [np.frombuffer(content, ROW) for _, _, content in await repository.changed_chunks(db, space, -1)]
        phrases = (await db.execute(text("SELECT phrase, df FROM search_phrase WHERE space = :s"), {"s": space})).all()
        query = text("SELECT id, document, length, phrases FROM search_document WHERE space = :s ORDER BY document")
        documents = (await db.execute(query, {"s": space})).all()
        state = next(one for one in await repository.list_states(db) if one.space == space)
    totals = (state.documents, state.next_document, state.length_sum, state.dead)
    return postings, np.concatenate(chunks).tolist(), sorted(map(tuple, phrases)), documents, totals


async def test_the_tables_by_bulk_are_those_of_the_writer(tx, database_url):
    owners = tuple((one.actor.org, one.actor.person) for one in [await an_organisation(tx) for _ in range(2)])
    pieces, now = search_fill.Pieces(), datetime(2026, 3, 2, tzinfo=UTC)
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        _, (batch,) = await search_fill.fill(connection, pieces, SIZE, owners, now)
    finally:
        await connection.close()
    bulk = {space: await held(tx, space) for space, _ in following.SPACES}
    spaces = {space: [] for space, _ in following.SPACES}
    for n in range(SIZE):
        body = search_fill.body(pieces, batch, n, 0)
        said = json.loads(body)
        assert canonical_json(said) == body.encode()
        kind, org = ListingKind(said["kind"]), owners[said["kind"] == "DEMAND"][0]
        following.counted(IndexText(batch.ids[n], kind, org, now, dict.fromkeys(Tier, said["fields"])), spaces, [])
    for space, entries in spaces.items():
        async with tx.begin() as db:
            terms = "SELECT id FROM search_term WHERE space = :space"
            for table, which in (
                ("search_block", f"term_id IN ({terms})"),
                *((f"search_{name}", "space = :space") for name in ("term", "column", "document", "number", "phrase")),
            ):
                await db.execute(text(f"DELETE FROM {table} WHERE {which}"), {"space": space})
            await repository.put_state(db, space, epoch=0, next_document=0, documents=0, length_sum=0)
            await writing.put(db, space, entries)
        assert await held(tx, space) == bulk[space]
