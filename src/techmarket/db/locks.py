"""A lock on a name that has no row yet: for uniqueness that must be judged before the row exists."""

from __future__ import annotations

import hashlib

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def lock_name(db: AsyncSession, name: str) -> None:
    """Hold `name` until this transaction ends; whoever else wants it waits. Rows that exist are locked FOR UPDATE."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    await db.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
