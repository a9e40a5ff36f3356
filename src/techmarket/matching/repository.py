"""Where matching's readers of the journal stand."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def lock_cursor(db: AsyncSession, name: str) -> int | None:
    """The next position to read, or None while another worker reads."""
    await db.execute(
        text("INSERT INTO journal_reader (name, position) VALUES (:name, 0) ON CONFLICT DO NOTHING"), {"name": name}
    )
    query = text("SELECT position FROM journal_reader WHERE name = :name FOR UPDATE SKIP LOCKED")
    return (await db.execute(query, {"name": name})).scalar_one_or_none()


async def wait_for_cursor(db: AsyncSession, name: str) -> int:
    """The next position to read, held until the commit; waits while another worker reads."""
    query = text("SELECT position FROM journal_reader WHERE name = :name FOR UPDATE")
    return (await db.execute(query, {"name": name})).scalar_one_or_none() or 0


async def forget_cursor(db: AsyncSession, name: str) -> None:
    await db.execute(text("DELETE FROM journal_reader WHERE name = :name"), {"name": name})


async def position_of(db: AsyncSession, name: str) -> int:
    """How far a reader has come; 0 where it never read."""
    query = text("SELECT position FROM journal_reader WHERE name = :name")
    return (await db.execute(query, {"name": name})).scalar_one_or_none() or 0


async def move_cursor(db: AsyncSession, name: str, position: int) -> None:
    statement = text("UPDATE journal_reader SET position = :position WHERE name = :name")
    await db.execute(statement, {"name": name, "position": position})
