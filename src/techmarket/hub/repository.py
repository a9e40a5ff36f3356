"""Every query of hub."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.hub.tables import ExternalId, ImportJob
from techmarket.kernel.refusals import NotFound


async def lock_source(db: AsyncSession, org_id: UUID, source: str) -> None:
    """One batch of a source at a time: the rows to lock may not exist yet, so the name of the source is locked."""
    digest = hashlib.sha256(f"import {org_id} {source}".encode()).digest()
    await db.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": int.from_bytes(digest[:8], "big", signed=True)})


async def known_ids(db: AsyncSession, org_id: UUID, source: str, theirs: Iterable[str]) -> dict[str, ExternalId]:
    query = select(ExternalId).where(
        ExternalId.org_id == org_id, ExternalId.source == source, ExternalId.theirs.in_(set(theirs))
    )
    return {row.theirs: row for row in (await db.execute(query)).scalars()}


async def insert_ids(db: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await db.execute(insert(ExternalId), rows)


async def get_import(db: AsyncSession, import_id: UUID) -> ImportJob:
    row = await db.get(ImportJob, import_id)
    if row is None:
        raise NotFound()
    return row
