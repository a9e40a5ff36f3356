"""The tables of a second filling of the index, beside the one in use: every statement that changes the schema.

They have the same names in a schema of their own, so whoever looks there first writes into them by the same code. Then
they take the place of the first ones, in one commit.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import cast
from uuid import UUID

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import roles
from techmarket.db.base import Base
from techmarket.matching import tables
from techmarket.matching.index.columns import Space

SCHEMA = "search_next"
MOVED = tuple(
    cast(Table, one.__table__)
    for one in (
        tables.SearchState,  # locked first: whoever reads the index begins with it
        tables.SearchTerm,
        tables.SearchBlock,
        tables.SearchColumn,
        tables.SearchDocument,
        tables.SearchNumber,
        tables.SearchPhrase,
        tables.SearchGranted,
        tables.SearchSetAside,
        tables.ListingVector,
    )
)
LOCK_PATIENCE = "300ms"
"""Shorter than the database waits before it looks for a deadlock: then it is the change of places that gives way."""


async def make(db: AsyncSession) -> None:
    """Empty tables; what an earlier attempt left goes."""
    await forget(db)
    await db.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    await db.execute(text(f"SET LOCAL search_path = {SCHEMA}, public"))
    connection = await db.connection()
    await connection.run_sync(lambda plain: Base.metadata.create_all(plain, tables=MOVED, checkfirst=False))
    for space in Space:
        await db.execute(text("INSERT INTO search_state (space) VALUES (:space)"), {"space": space})
    for table in MOVED:  # they keep their grants when they take the place of the first ones
        held = ", ".join(roles.wanted(table.name))
        await db.execute(text(f"GRANT {held} ON {SCHEMA}.{table.name} TO {roles.APP_ROLE}"))


async def forget(db: AsyncSession) -> None:
    await db.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))


async def copy_vectors(db: AsyncSession, changing: Collection[UUID]) -> None:
    """The vectors of the documents that stand in both fillings, under their new numbers.

    Those of listings that are `changing`, or whose text may have changed, are kept for the case that it is the same.
    """
    await db.execute(text("SET LOCAL statement_timeout = 0"))
    await db.execute(
        text(
            f"INSERT INTO {SCHEMA}.listing_vector (model, space, id, document, text_hash, vector)"
            " SELECT v.model, v.space, v.id, CASE WHEN d.document = v.document"
            " AND v.id <> ALL(cast(:changing as uuid[])) THEN n.document ELSE -1 END, v.text_hash, v.vector"
            f" FROM public.listing_vector v JOIN {SCHEMA}.search_document n ON n.space = v.space AND n.id = v.id"
            " LEFT JOIN public.search_document d ON d.space = v.space AND d.id = v.id"
        ),
        {"changing": list(changing)},
    )


async def lock(db: AsyncSession) -> None:
    """Nobody reads or writes the index in use from here to the commit; gives up soon where somebody holds it."""
    await db.execute(text(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE}'"))
    names = ", ".join(f"public.{table.name}" for table in MOVED)
    await db.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))


async def take_place(db: AsyncSession) -> None:
    """The second filling becomes the one in use; embedders go on at the first document without a vector."""
    await db.execute(
        text(
            f"UPDATE {SCHEMA}.search_set_aside n SET since = o.since, tries = n.tries + o.tries"
            " FROM public.search_set_aside o WHERE o.listing_id = n.listing_id"
        )
    )
    for table in MOVED:
        await db.execute(text(f"DROP TABLE public.{table.name}"))
        await db.execute(text(f"ALTER TABLE {SCHEMA}.{table.name} SET SCHEMA public"))
    await db.execute(
        text(
            "UPDATE public.vector_model m SET next_document = coalesce("
            "(SELECT min(d.document) FROM public.search_document d WHERE d.space = m.space AND NOT EXISTS"
            " (SELECT 1 FROM public.listing_vector v WHERE v.model = m.model AND v.space = d.space AND v.id = d.id"
            " AND v.document = d.document)),"
            " (SELECT s.next_document FROM public.search_state s WHERE s.space = m.space))"
        )
    )
    await db.execute(text(f"DROP SCHEMA {SCHEMA}"))
