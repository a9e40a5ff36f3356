"""Vectors of documents by model and space, how far each model has come, and the nearest to a query."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from techmarket.db.session import fetched

INDEX_ROWS = 20_000
"""From so many vectors on an approximate index is built; below it every vector is compared."""
EXACT_MAX = 5_000
"""Of so few that take part each one is compared, whatever the size of the space."""
STEP_COST = 2
"""What a step through the approximate index takes, in comparisons of a vector that was found by its number."""
WIDTH = 200
"""So many neighbours the index keeps in sight at a time (hnsw.ef_search)."""
BUILD_SECONDS = 6 * 3600.0
"""An index of a million vectors takes its time, longer than anybody waits for a statement."""
BUILD_BYTES_EACH = 1_200
"""What the graph of an index takes in memory for one vector besides its numbers, with room to spare."""
BUILD_BYTES_MAX = 2 * 1024**3
"""A graph that outgrows what it is given goes on from the disk, and many times slower."""
PARKED = -1
"""The number of a document whose text may have changed: its vector is kept for the case that the text is the same."""


class Among(Protocol):
    """The documents of a space that take part in one question."""

    @property
    def count(self) -> int: ...
    @property
    def size(self) -> int:
        """How many numbers of documents there are, whether they take part or not."""
        ...

    def documents(self) -> list[int]: ...
    def bits(self) -> bytes:
        """One bit for each number of a document, the lowest first in its byte."""
        ...


def spelled(vector: Sequence[float]) -> str:
    return "[" + ",".join(f"{x:.6g}" for x in vector) + "]"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a model has come in one space."""

    next_document: int
    is_ready: bool
    is_indexed: bool


async def progress(db: AsyncSession, models: Sequence[str], space: int) -> dict[str, Progress]:
    query = text("SELECT * FROM vector_model WHERE model = ANY(:models) AND space = :space")
    rows = await db.execute(query, {"models": list(models), "space": space})
    return {row.model: Progress(row.next_document, row.is_ready, row.is_indexed) for row in rows}


async def lock_progress(db: AsyncSession, model: str, dim: int, space: int) -> int | None:
    """Where a model stands in one space, or None while another worker is at it."""
    insert = text(
        "INSERT INTO vector_model (model, space, dim) VALUES (:m, :space, :dim) ON CONFLICT (model, space) DO NOTHING"
    )
    await db.execute(insert, {"m": model, "space": space, "dim": dim})
    query = text("SELECT next_document FROM vector_model WHERE model = :m AND space = :space FOR UPDATE SKIP LOCKED")
    return (await db.execute(query, {"m": model, "space": space})).scalar_one_or_none()


async def move_progress(db: AsyncSession, model: str, space: int, next_document: int, *, is_ready: bool) -> None:
    statement = text(
        "UPDATE vector_model SET next_document = greatest(next_document, :next), is_ready = is_ready OR :ready"
        " WHERE model = :m AND space = :space"
    )
    await db.execute(statement, {"m": model, "space": space, "next": next_document, "ready": is_ready})


async def note_index(db: AsyncSession, model: str, space: int) -> None:
    statement = text("UPDATE vector_model SET is_indexed = true WHERE model = :m AND space = :space")
    await db.execute(statement, {"m": model, "space": space})


async def waiting(db: AsyncSession, space: int, first: int, limit: int) -> list[Any]:
    """Documents from this number on that are still there."""
    query = text(
        "SELECT document, id FROM search_document WHERE space = :space AND document >= :first"
        " ORDER BY document LIMIT :limit"
    )
    return list((await db.execute(query, {"space": space, "first": first, "limit": limit})).all())


async def known(db: AsyncSession, model: str, hashes: Sequence[bytes]) -> dict[bytes, str]:
    """Vectors of texts that were embedded before, by the hash of the text."""
    query = text(
        "SELECT DISTINCT ON (text_hash) text_hash, vector::text AS vector FROM listing_vector"
        " WHERE model = :m AND text_hash = ANY(cast(:hashes as bytea[])) ORDER BY text_hash, space, id"
    )
    return {row.text_hash: row.vector for row in await db.execute(query, {"m": model, "hashes": list(hashes)})}


async def put(db: AsyncSession, model: str, space: int, rows: Sequence[tuple[UUID, int, bytes, str]]) -> None:
    """Store vectors (id, document, hash of the text, vector) of documents that still stand so in their space."""
    await db.execute(
        text(
            "INSERT INTO listing_vector (model, space, id, document, text_hash, vector)"
            " SELECT :m, :space, r.id, r.document, r.hash, r.vector::halfvec FROM unnest(cast(:ids as uuid[]),"
            " cast(:documents as int[]), cast(:hashes as bytea[]), cast(:vectors as text[]))"
            " AS r(id, document, hash, vector)"
            # Held, so that what leaves the space meanwhile takes its vector along; what is leaving now gets none.
            " JOIN search_document d ON d.space = :space AND d.id = r.id AND d.document = r.document"
            " FOR SHARE OF d SKIP LOCKED"
            " ON CONFLICT (model, space, id) DO UPDATE SET document = excluded.document,"
            " text_hash = excluded.text_hash, vector = excluded.vector"
        ),
        {
            "m": model,
            "space": space,
            "ids": [row[0] for row in rows],
            "documents": [row[1] for row in rows],
            "hashes": [row[2] for row in rows],
            "vectors": [row[3] for row in rows],
        },
    )


async def nearest(
    db: AsyncSession,
    model: str,
    dim: int,
    space: int,
    vector: Sequence[float],
    *,
    among: Among,
    count: int,
    is_indexed: bool,
) -> list[tuple[int, float]]:
    """The nearest documents of a space that take part, by number, with their likeness (cosine), nearest first.

    A large space is asked by its approximate index, which goes on until it has met enough that take part: a few of the
    very nearest may be missing. Where few take part, all of them are compared.
    """
    compared = _compared(dim, "$1")
    # The model and the space are written out: an index that holds just these is chosen for these alone.
    of_these = f"FROM listing_vector WHERE {_only(model, space)}"
    connection = await db.connection()
    if not is_indexed or compares_all(among.count, among.size, count):
        # OFFSET 0: the comparison stays inside, or the approximate index would be taken for the order, and lose most.
        query = (
            f"SELECT document, -away AS likeness FROM (SELECT document, {compared} AS away {of_these}"
            f" AND document = ANY($2::int[]) OFFSET 0) AS one ORDER BY away LIMIT {int(count)}"
        )
        rows = await fetched(connection, query, spelled(vector), among.documents())
        return _in_order(rows)[:count]
    await db.execute(text(f"SET LOCAL hnsw.ef_search = {WIDTH}"))
    await db.execute(text("SET LOCAL hnsw.iterative_scan = 'relaxed_order'"))
    takes_part = (
        f"CASE WHEN document BETWEEN 0 AND {among.size - 1} THEN get_bit($2::bytea, document) = 1 ELSE false END"
    )
    query = (
        f"SELECT document, -({compared}) AS likeness {of_these} AND {takes_part} ORDER BY {compared} LIMIT {int(count)}"
    )
    return _in_order(await fetched(connection, query, spelled(vector), among.bits()))


def compares_all(takes_part: int, size: int, count: int) -> bool:
    """Whether to compare all that take part is less work than to go through an index until `count` of them are met."""
    return takes_part <= EXACT_MAX or takes_part**2 <= STEP_COST * count * size


def _compared(dim: int, asked: str) -> str:
    """The distance to what is asked for, which is spelled out in text: read once, and not anew for each row."""
    size = int(dim)
    return f"CAST(vector AS halfvec({size})) <#> (SELECT CAST(CAST({asked} AS text) AS halfvec({size})))"


def _in_order(rows: Sequence[Any]) -> list[tuple[int, float]]:
    return sorted(((document, float(likeness)) for document, likeness in rows), key=lambda pair: (-pair[1], pair[0]))


async def likeness_of(
    db: AsyncSession, model: str, dim: int, space: int, vector: Sequence[float], ids: Sequence[UUID]
) -> dict[int, float]:
    """The likeness of these documents, by number; what has no vector is absent."""
    compared = _compared(dim, ":q")
    query = text(
        f"SELECT document, -({compared}) AS likeness FROM listing_vector WHERE {_escaped(model, space)}"
        " AND id IN (SELECT unnest(cast(:ids as uuid[]))) AND document >= 0"
    )
    rows = await db.execute(query, {"q": spelled(vector), "ids": list(ids)})
    return {row.document: float(row.likeness) for row in rows}


async def stored(db: AsyncSession, model: str, space: int, ids: Sequence[UUID]) -> dict[UUID, list[float]]:
    query = text(f"SELECT id, vector::text AS v FROM listing_vector WHERE {_escaped(model, space)} AND id = ANY(:ids)")
    rows = await db.execute(query, {"ids": list(ids)})
    return {row.id: [float(x) for x in row.v[1:-1].split(",")] for row in rows}


def _only(model: str, space: int) -> str:
    quoted = model.replace("'", "''")
    return f"model = '{quoted}' AND space = {int(space)}"


def _escaped(model: str, space: int) -> str:
    """The same where a colon would begin the name of a parameter."""
    return _only(model, space).replace(":", "\\:")


async def forget_unused_models(db: AsyncSession, used: Sequence[str]) -> None:
    """These are in use; what nobody has named for a day goes. While workers are changed over, both settings are at
    work, and neither takes away what the other needs."""
    note = text("UPDATE vector_model SET used_at = clock_timestamp() WHERE model = ANY(:used)")
    await db.execute(note, {"used": list(used)})
    unused = "used_at < clock_timestamp() - interval '1 day'"
    await db.execute(text(f"DELETE FROM listing_vector WHERE model IN (SELECT model FROM vector_model WHERE {unused})"))
    await db.execute(text(f"DELETE FROM vector_model WHERE {unused}"))


async def without(db: AsyncSession, model: str, space: int, limit: int) -> list[Any]:
    """Documents that a model has passed by and that have no vector of it, any of them."""
    query = text(
        "SELECT d.document, d.id FROM search_document d JOIN vector_model m ON m.model = :m AND m.space = d.space"
        " WHERE d.space = :space AND m.is_ready AND d.document < m.next_document AND NOT EXISTS (SELECT 1"
        " FROM listing_vector v WHERE v.model = :m AND v.space = d.space AND v.id = d.id AND v.document = d.document)"
        " ORDER BY random() LIMIT :limit"
    )
    return list((await db.execute(query, {"m": model, "space": space, "limit": limit})).all())


async def unindexed(db: AsyncSession, models: Sequence[str]) -> list[tuple[str, int, int]]:
    """Models and spaces (with the dimension) that are large enough for an approximate index and have none."""
    query = text(
        "SELECT model, space, dim FROM vector_model WHERE model = ANY(:models) AND is_ready AND NOT is_indexed"
        " AND next_document >= :rows ORDER BY model, space"
    )
    rows = await db.execute(query, {"models": list(models), "rows": INDEX_ROWS})
    return [(row.model, row.space, row.dim) for row in rows]


async def indexed(db: AsyncSession) -> list[tuple[str, int, int]]:
    """Models and spaces (with the dimension) that have an approximate index."""
    rows = await db.execute(text("SELECT model, space, dim FROM vector_model WHERE is_indexed ORDER BY model, space"))
    return [(row.model, row.space, row.dim) for row in rows]


async def build_index(engine: AsyncEngine, model: str, dim: int, space: int, *, schema: str = "public") -> None:
    """The approximate index of one model and space, built beside everything that reads and writes.

    By one process in memory of its own: several would share theirs, for which a container has little room, and leave
    no processor to those who ask.
    """
    name = "ix_vector_" + hashlib.sha256(f"{model}:{space}".encode()).hexdigest()[:20]
    async with engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        driver: Any = (await alone.get_raw_connection()).driver_connection
        try:
            await driver.execute("SET statement_timeout = 0")
            count = f"SELECT count(*) FROM {schema}.listing_vector WHERE model = $1 AND space = $2"
            vectors = await driver.fetchval(count, model, space, timeout=BUILD_SECONDS)
            memory = min(vectors * (2 * int(dim) + BUILD_BYTES_EACH), BUILD_BYTES_MAX)
            await driver.execute(f"SET maintenance_work_mem = {max(64 * 1024**2, memory) // 1024}")
            await driver.execute("SET max_parallel_maintenance_workers = 0")
            for statement in (
                f"DROP INDEX CONCURRENTLY IF EXISTS {schema}.{name}",
                f"CREATE INDEX CONCURRENTLY {name} ON {schema}.listing_vector USING hnsw"
                f" ((CAST(vector AS halfvec({int(dim)}))) halfvec_ip_ops) WITH (m = 16, ef_construction = 64)"
                f" WHERE {_only(model, space)}",
            ):
                await driver.execute(statement, timeout=BUILD_SECONDS)
        finally:
            for name_of in ("statement_timeout", "maintenance_work_mem", "max_parallel_maintenance_workers"):
                await driver.execute(f"RESET {name_of}")
