"""What changes between two statements of one act: a stranger's search, a vector that is stored."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.ids import new_id
from techmarket.matching import service
from techmarket.matching.index import repository
from techmarket.matching.meaning import vectors
from techmarket.matching.service import searching
from techmarket.matching.views import Filters
from tests.identity.make import a_market, an_organisation
from tests.listings.make import a_demand
from tests.matching.test_meaning import catch_up

PUBLIC = 0


@pytest.mark.parametrize("query", ["铝", "zhejang"], ids=["a single character", "a word that is corrected"])
async def test_where_the_index_changes_between_its_statements_a_stranger_s_search_goes_the_long_way(
    tx, means, monkeypatch, query
):
    operator = (await a_market(tx))["operator"].actor
    buyer = (await an_organisation(tx)).actor
    await a_demand(tx, buyer, operator, title_zh="铝合金激光", title_en="zhejiang alloy")
    await catch_up(means)
    assert await searching._read_in_public(tx, query) is not None
    name = "pairs_from" if query == "铝" else "similar_terms"
    plain = getattr(repository, name)

    async def changed_meanwhile(fetch, *given):
        if fetch == tx.fetch:  # the short way, which has no transaction around it
            async with tx.begin() as db:
                await db.execute(text("UPDATE search_state SET generation = gen_random_uuid() WHERE space = 0"))
        return await plain(fetch, *given)

    monkeypatch.setattr(repository, name, changed_meanwhile)
    assert await searching._read_in_public(tx, query) is None
    told = {"query": query, "filters": Filters(), "cursor": None, "limit": 9}
    short = await service.search_in_public(tx, **told)
    assert len(short.items) == 1
    assert short.signs == (await service.search(tx, ANONYMOUS, with_signs=True, **told)).signs


async def test_a_vector_is_stored_for_what_stands_and_waits_for_nothing_that_is_leaving(tx):
    stays, leaves, _renumbered = ids = [new_id() for _ in range(3)]
    async with tx.begin() as db:
        await db.execute(
            text(
                "INSERT INTO search_document (space, id, document, length, digest, forward, phrases)"
                " SELECT 0, id, n, 1, '', '', '{}' FROM unnest(cast(:ids as uuid[])) WITH ORDINALITY AS t (id, n)"
            ),
            {"ids": ids},
        )
    rows = [(id, n, bytes(32), "[1,0]") for id, n in zip(ids, (1, 2, 9), strict=True)]
    gone = text("DELETE FROM search_document WHERE id = :id")
    async with tx.begin() as leaving:
        await leaving.execute(gone, {"id": leaves})
        async with asyncio.timeout(5), tx.begin() as db:
            await vectors.put(db, "sample", PUBLIC, rows)
    kept = text("SELECT id FROM listing_vector")
    async with tx.read() as db:
        assert list((await db.execute(kept)).scalars()) == [stays]

    # The other way round: what is to leave waits for the vector that is being stored, and takes it along.
    async def leave() -> None:
        async with tx.begin() as db:
            await db.execute(gone, {"id": stays})
            await db.execute(text("DELETE FROM listing_vector WHERE id = :id"), {"id": stays})

    async with tx.begin() as db:
        await vectors.put(db, "another", PUBLIC, rows)
        going = asyncio.create_task(leave())
        await asyncio.sleep(0.2)
    await going
    async with tx.read() as db:
        assert list((await db.execute(kept)).scalars()) == []
