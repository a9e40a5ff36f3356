"""The market clock (市场时钟): database clock plus an offset only sandboxes have: one answer for SQL and Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Boolean, CheckConstraint, Interval, SmallInteger, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base
from techmarket.kernel.refusals import Kind, Refusal


class ClockStandsStill(Refusal):
    code, kind = "clock.not_a_sandbox", Kind.CONFLICT
    zh = "本市场不是沙箱，市场时钟不可调整。"
    en = "This market is not a sandbox; its clock cannot be moved."


class ClockOnlyForward(Refusal):
    code, kind = "clock.only_forward", Kind.CONFLICT
    zh = "市场时钟只能向前；当前为 {market_now}。"
    en = "The market clock only moves forward; it now reads {market_now}."


class MarketClock(Base):
    """One row. `offset` stays zero unless the row says that this market is a sandbox."""

    __tablename__ = "market_clock"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("sandbox OR ahead = interval '0'", name="offset_only_in_a_sandbox"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    sandbox: Mapped[bool] = mapped_column(Boolean, nullable=False)
    ahead: Mapped[timedelta] = mapped_column(Interval, nullable=False)


async def market_now(db: AsyncSession) -> datetime:
    """The market's time, read from the database at this statement; call it after the lock, never before."""
    now = (await db.execute(text("SELECT market_now()"))).scalar_one()
    assert isinstance(now, datetime)
    return now.astimezone(UTC)


async def is_sandbox(db: AsyncSession) -> bool:
    return bool((await db.execute(text("SELECT sandbox FROM market_clock WHERE id = 1"))).scalar_one())


async def move_to(db: AsyncSession, wanted: datetime) -> datetime:
    """A sandbox runs its clock ahead so that periods of law can pass in a demonstration; it never runs back."""
    row = (await db.execute(text("SELECT sandbox FROM market_clock WHERE id = 1 FOR UPDATE"))).one()
    if not row.sandbox:
        raise ClockStandsStill()
    now = await market_now(db)
    if wanted < now:
        raise ClockOnlyForward(market_now=now, pointer="/body/now")
    await db.execute(
        text("UPDATE market_clock SET ahead = cast(:wanted as timestamptz) - clock_timestamp() WHERE id = 1"),
        {"wanted": wanted},
    )
    return await market_now(db)


async def open_sandbox(db: AsyncSession, start_at: datetime | None) -> None:
    """Declare this market a sandbox; the starting time may lie in the past only while nothing has been recorded."""
    await db.execute(text("UPDATE market_clock SET sandbox = true WHERE id = 1"))
    if start_at is None:
        return
    recorded = (await db.execute(text("SELECT EXISTS (SELECT 1 FROM journal_entry)"))).scalar_one()
    if not recorded:
        await db.execute(
            text("UPDATE market_clock SET ahead = cast(:start as timestamptz) - clock_timestamp() WHERE id = 1"),
            {"start": start_at},
        )
