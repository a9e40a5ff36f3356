"""Allowances of a minute that several processes draw from: one row for each, and a draw is one statement."""

from __future__ import annotations

from sqlalchemy import String, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base
from techmarket.db.session import Tx

_DRAW = text(
    "INSERT INTO rate_allowance AS a (name, minute, used) VALUES (:name, :minute, :take)"
    " ON CONFLICT (name) DO UPDATE SET minute = greatest(a.minute, excluded.minute),"
    " used = CASE WHEN a.minute >= excluded.minute THEN a.used ELSE 0 END + excluded.used"
    " RETURNING used"
)


class RateAllowance(Base):
    """How much of a minute (counted from 1970) was drawn."""

    __tablename__ = "rate_allowance"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    minute: Mapped[int]
    used: Mapped[int]


async def draw(db: AsyncSession, name: str, *, minute: int, take: int) -> int:
    """Draw a part of this minute's allowance; returns how much of it is drawn by now, this part included."""
    return int((await db.execute(_DRAW, {"name": name, "minute": minute, "take": take})).scalar_one())


async def forget_old(tx: Tx) -> None:
    """Drop the rows of minutes that are long over."""
    async with tx.begin() as db:
        query = "DELETE FROM rate_allowance WHERE minute < extract(epoch FROM clock_timestamp()) / 60 - 10"
        await db.execute(text(query))
