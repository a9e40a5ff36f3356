"""Evidence (证据): files that an organisation keeps here, and what refers to them by hash."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.notices import errors, repository

MEDIA = ("application/pdf", "image/png", "image/jpeg")
SIZE_MAX = 20 * 1024 * 1024
A_DAY_MAX = 200
SWEEP_AFTER = timedelta(days=7)
"""Whoever uploads a file names it within the week, or uploads it again."""


ENDS = {"application/pdf": b"%%EOF", "image/png": b"IEND\xaeB`\x82", "image/jpeg": b"\xff\xd9"}
END_WITHIN = 1024


def check_whole(file: BinaryIO, *, media_type: str) -> None:
    """A file ends as its kind ends: one that was cut off, or has but its first bytes, shows nobody anything."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - END_WITHIN))
    if ENDS[media_type] not in file.read():
        raise errors.EvidenceTorn(pointer="/body")


async def require_kept(db: AsyncSession, org: UUID, hashes: Collection[str], *, pointer: str) -> None:
    """Evidence is a file that this organisation has uploaded, not only a hash; of others' files nothing is told."""
    missing = sorted(set(hashes) - await repository.name_evidence(db, org, hashes))
    if missing:
        raise errors.EvidenceMissing(missing=missing, pointer=pointer)


async def require_there(db: AsyncSession, org: UUID, sha256: str, *, pointer: str) -> None:
    """The same in a look that comes before: the transaction that rests on the file asks `require_kept` again."""
    if await repository.find_evidence(db, org, sha256) is None:
        raise errors.EvidenceMissing(missing=[sha256], pointer=pointer)


async def note_named(db: AsyncSession, org: UUID, hashes: Collection[str | None]) -> None:
    """Where a hash alone may be given: if the file is kept here, something rests on it from now on."""
    await repository.name_evidence(db, org, [one for one in hashes if one is not None])
