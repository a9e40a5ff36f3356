"""Vectors of documents by model and space, how far each model has come, and the nearest to a query."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

INDEX_ROWS = 20_000
"""From so many vectors on an approximate index is built; below it every vector is compared."""
NEAREST_MAX = 1_000
NEAREST_INDEXED = 400


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
            " JOIN search_document d ON d.space = :space AND d.id = r.id AND d.document = r.document"
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
    db: AsyncSession, model: str, dim: int, space: int, vector: Sequence[float], *, is_indexed: bool
) -> list[tuple[int, float]]:
    """The nearest documents of a space by number, with their likeness (cosine), nearest first.

    A large space is asked by its approximate index, so a few of the very nearest may be missing.
    """
    if is_indexed:
        await db.execute(text("SET LOCAL hnsw.ef_search = 100"))
        await db.execute(text("SET LOCAL hnsw.iterative_scan = 'relaxed_order'"))
    compared = f"CAST(vector AS halfvec({int(dim)})) <#> cast(cast(:q as text) as halfvec({int(dim)}))"
    # The model and the space are written out: an index that holds just these is chosen for these alone.
    query = text(
        f"SELECT document, -({compared}) AS likeness FROM listing_vector WHERE {_only(model, space)}"
        f" ORDER BY {compared} LIMIT :limit"
    )
    bound = {"q": spelled(vector), "limit": NEAREST_INDEXED if is_indexed else NEAREST_MAX}
    found = [(row.document, float(row.likeness)) for row in await db.execute(query, bound)]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


async def likeness_of(
    db: AsyncSession, model: str, dim: int, space: int, vector: Sequence[float], ids: Sequence[UUID]
) -> dict[int, float]:
    """The likeness of these documents, by number; what has no vector is absent."""
    compared = f"CAST(vector AS halfvec({int(dim)})) <#> cast(cast(:q as text) as halfvec({int(dim)}))"
    query = text(
        f"SELECT document, -({compared}) AS likeness FROM listing_vector WHERE {_only(model, space)}"
        " AND id = ANY(cast(:ids as uuid[]))"
    )
    rows = await db.execute(query, {"q": spelled(vector), "ids": list(ids)})
    return {row.document: float(row.likeness) for row in rows}


async def stored(db: AsyncSession, model: str, space: int, ids: Sequence[UUID]) -> dict[UUID, list[float]]:
    query = text(f"SELECT id, vector::text AS v FROM listing_vector WHERE {_only(model, space)} AND id = ANY(:ids)")
    rows = await db.execute(query, {"ids": list(ids)})
    return {row.id: [float(x) for x in row.v[1:-1].split(",")] for row in rows}


def _only(model: str, space: int) -> str:
    quoted = model.replace("'", "''").replace(":", "\\:")
    return f"model = '{quoted}' AND space = {int(space)}"


async def forget_other_models(db: AsyncSession, kept: Sequence[str]) -> None:
    for table in ("listing_vector", "vector_model"):
        await db.execute(text(f"DELETE FROM {table} WHERE NOT model = ANY(:kept)"), {"kept": list(kept)})


async def unindexed(db: AsyncSession, models: Sequence[str]) -> list[tuple[str, int, int]]:
    """Models and spaces (with the dimension) that are large enough for an approximate index and have none."""
    query = text(
        "SELECT model, space, dim FROM vector_model WHERE model = ANY(:models) AND is_ready AND NOT is_indexed"
        " AND next_document >= :rows ORDER BY model, space"
    )
    rows = await db.execute(query, {"models": list(models), "rows": INDEX_ROWS})
    return [(row.model, row.space, row.dim) for row in rows]


async def build_index(engine: AsyncEngine, model: str, dim: int, space: int) -> None:
    """The approximate index of one model and space, built beside everything that reads and writes."""
    name = "ix_vector_" + hashlib.sha256(f"{model}:{space}".encode()).hexdigest()[:20]
    async with engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("SET statement_timeout = 0"))
        try:
            await alone.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
            await alone.execute(
                text(
                    f"CREATE INDEX CONCURRENTLY {name} ON listing_vector USING hnsw"
                    f" ((CAST(vector AS halfvec({int(dim)}))) halfvec_ip_ops) WITH (m = 16, ef_construction = 64)"
                    f" WHERE {_only(model, space)}"
                )
            )
        finally:
            await alone.execute(text("RESET statement_timeout"))
