"""The index built anew beside the one in use, which answers until the new one takes its place.

A filling only grows: a change gives a document a new number, a word that nobody says any more keeps its place. One that
is built anew is as small as what it holds. It is also how the market comes to another version of its terms.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, roles
from techmarket.db.session import Tx, make_engine
from techmarket.matching import profiles, repository, tokens
from techmarket.matching.index import beside, writing
from techmarket.matching.index import repository as index
from techmarket.matching.index.columns import Space
from techmarket.matching.meaning import vectors
from techmarket.matching.service.following import FOLLOWED, READER, follow
from techmarket.matching.service.people import reindex_people

NEXT_READER = READER + ".next"
ONE_AT_A_TIME = 0x5EA2C4
CHANGING_MAX = 1_000
ATTEMPTS = 200
PAUSE_SECONDS = 0.5
LOCK_NOT_AVAILABLE = "55P03"
log = structlog.get_logger("techmarket.matching")


async def is_outdated(tx: Tx) -> bool:
    """Whether what the index holds was counted by another version of the terms."""
    async with tx.read() as db:
        return any(one.next_document and one.model != tokens.MODEL for one in await index.list_states(db))


async def reread(tx: Tx) -> None:
    """Let every process read the index anew: after the database went back to an earlier state, say."""
    async with tx.begin() as db:
        await index.rename_generations(db)


async def rebuild(tx: Tx) -> bool:
    """Build the index anew and put it in place; False when somebody else is at it, or it was never left alone, or this
    role may not lay tables: then `techmarket tend` does it, as the owner.

    Searching and publishing go on meanwhile. Whatever stops it leaves the index in use as it was.
    """
    async with tx.read() as db:
        if not await roles.may_build(db):
            log.warning("index_waits_for_its_owner", command="techmarket tend")
            return False
    async with _alone(tx) as is_alone:
        if not is_alone:
            return False
        async with tx.begin() as db:
            await beside.make(db)
            await repository.forget_cursor(db, NEXT_READER)
        other = Tx(
            make_engine(
                tx.engine.url,
                pool_size=4,
                application="rebuild",
                schema=beside.SCHEMA,
                patience_s=vectors.BUILD_SECONDS,
            )
        )
        try:
            await _fill(other)
            await _bring_vectors(tx, other)
            has_changed = await _change_places(other)
        finally:
            await other.dispose()
            async with tx.begin() as db:  # what did not take its place goes
                await beside.forget(db)
                await repository.forget_cursor(db, NEXT_READER)
    await reindex_people(tx)  # of those who agreed in the last moment
    return has_changed


@asynccontextmanager
async def _alone(tx: Tx) -> AsyncIterator[bool]:
    async with tx.engine.connect() as plain:
        own = await plain.execution_options(isolation_level="AUTOCOMMIT")
        number = {"number": ONE_AT_A_TIME}
        has = (await own.execute(text("SELECT pg_try_advisory_lock(:number)"), number)).scalar_one()
        try:
            yield has
        finally:
            if has:
                await own.execute(text("SELECT pg_advisory_unlock(:number)"), number)


async def _fill(other: Tx) -> None:
    """Everything that ever happened to a listing brings its present state, and every profile its own."""
    while await follow(other, reader=NEXT_READER):
        pass
    await reindex_people(other)


async def _bring_vectors(tx: Tx, other: Tx) -> None:
    while True:
        async with other.begin() as db:
            here, there = [await repository.wait_for_cursor(db, name) for name in (READER, NEXT_READER)]
            between = await journal.read(db, after=min(here, there) - 1, kinds=FOLLOWED, limit=CHANGING_MAX)
            if len(between) < CHANGING_MAX:
                await beside.copy_vectors(db, {one.ref("listing") for one in between})
                break
        await _fill(other)
    async with tx.read() as db:
        indexed = await vectors.indexed(db)
    for model, space, dim in indexed:
        await vectors.build_index(other.engine, model, dim, space, schema=beside.SCHEMA)


async def _change_places(other: Tx) -> bool:
    """In one commit: whoever asks before it gets the old index, whoever asks after it the new one."""
    for _ in range(ATTEMPTS):
        await _fill(other)
        try:
            async with other.begin() as db:
                for name in (READER, NEXT_READER):
                    await repository.wait_for_cursor(db, name)
                await beside.lock(db)
                await _let_go(db)
                await beside.take_place(db)
                await repository.move_cursor(db, READER, await repository.position_of(db, NEXT_READER))
                await repository.forget_cursor(db, NEXT_READER)
            log.info("index_rebuilt", words=tokens.MODEL)
            return True
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
        await asyncio.sleep(PAUSE_SECONDS)
    log.warning("index_not_rebuilt", attempts=ATTEMPTS)
    return False


async def _let_go(db: AsyncSession) -> None:
    """Whoever no longer lets himself be found must not come back with what was filled before."""
    held: set[UUID] = set(await index.ids_in(db, Space.PEOPLE))
    gone = held - await profiles.listed_among(db, held)
    await writing.put(db, Space.PEOPLE, [], gone=gone)
