"""Evidence (证据): files that an organisation keeps here, and what refers to them by hash."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.notices import errors, repository

MEDIA = ("application/pdf", "image/png", "image/jpeg")
SIZE_MAX = 20 * 1024 * 1024
A_DAY_MAX = 200
SWEEP_AFTER = timedelta(days=7)
"""Whoever uploads a file names it within the week, or uploads it again."""


async def require_kept(db: AsyncSession, org: UUID, hashes: Collection[str], *, pointer: str) -> None:
    """Evidence is a file that this organisation has uploaded, not only a hash; of others' files nothing is told."""
    missing = sorted(set(hashes) - await repository.name_evidence(db, org, hashes))
    if missing:
        raise errors.EvidenceMissing(missing=missing, pointer=pointer)


async def note_named(db: AsyncSession, org: UUID, hashes: Collection[str | None]) -> None:
    """Where a hash alone may be given: if the file is kept here, something rests on it from now on."""
    await repository.name_evidence(db, org, [one for one in hashes if one is not None])
