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


class NothingDue(Refusal):
    code, kind = "clock.nothing_due", Kind.CONFLICT
    zh = "沙箱中没有待到期的事项。"
    en = "Nothing in this sandbox waits for its time."


class MarketClock(Base):
    """One row. It runs with the database's clock unless the row says that this market is a sandbox: there it may be
    `ahead`, and since `since` it runs `rate` times as fast."""

    __tablename__ = "market_clock"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("sandbox OR ahead = interval '0' AND rate = 1", name="offset_only_in_a_sandbox"),
        CheckConstraint("rate BETWEEN 1 AND 100000", name="runs_forward"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    sandbox: Mapped[bool] = mapped_column(Boolean, nullable=False)
    ahead: Mapped[timedelta] = mapped_column(Interval, nullable=False)
    rate: Mapped[int] = mapped_column(server_default=text("1"))
    since: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


async def market_now(db: AsyncSession) -> datetime:
    """The market's time, read from the database at this statement; call it after the lock, never before."""
    now = (await db.execute(text("SELECT market_now()"))).scalar_one()
    assert isinstance(now, datetime)
    return now.astimezone(UTC)


async def is_sandbox(db: AsyncSession) -> bool:
    return bool((await db.execute(text("SELECT sandbox FROM market_clock WHERE id = 1"))).scalar_one())


async def move_to(db: AsyncSession, wanted: datetime) -> datetime:
    """A sandbox runs its clock ahead so that periods of law can pass in a demonstration; it never runs back."""
    await _lock_sandbox(db)
    now = await market_now(db)
    if wanted < now:
        raise ClockOnlyForward(market_now=now, pointer="/body/now")
    await db.execute(text(f"{_SET} ahead = cast(:wanted as timestamptz) - clock.now{_NOW}"), {"wanted": wanted})
    return await market_now(db)


async def run_at(db: AsyncSession, rate: int) -> datetime:
    """From now on a sandbox's clock runs so many times as fast; it neither jumps nor goes back."""
    await _lock_sandbox(db)
    await db.execute(
        text(f"{_SET} ahead = ahead + (clock.now - since) * (market_clock.rate - 1), rate = :rate{_NOW}"),
        {"rate": rate},
    )
    return await market_now(db)


async def look(db: AsyncSession) -> tuple[datetime, bool, int]:
    """The market's time, whether this is a sandbox, and how many times as fast it runs."""
    row = (await db.execute(text("SELECT market_now() AS now, sandbox, rate FROM market_clock WHERE id = 1"))).one()
    return row.now.astimezone(UTC), row.sandbox, row.rate


async def rate_of(db: AsyncSession) -> int:
    return int((await db.execute(text("SELECT rate FROM market_clock WHERE id = 1"))).scalar_one())


_SET = "UPDATE market_clock SET since = clock.now,"
_NOW = " FROM (SELECT clock_timestamp() AS now OFFSET 0) AS clock WHERE id = 1"


async def _lock_sandbox(db: AsyncSession) -> None:
    row = (await db.execute(text("SELECT sandbox FROM market_clock WHERE id = 1 FOR UPDATE"))).one()
    if not row.sandbox:
        raise ClockStandsStill()


async def open_sandbox(db: AsyncSession, start_at: datetime | None) -> None:
    """Declare this market a sandbox; the starting time may lie in the past only while nothing has been recorded."""
    if not await is_sandbox(db):
        await db.execute(text("UPDATE market_clock SET sandbox = true WHERE id = 1"))
    if start_at is None:
        return
    recorded = (await db.execute(text("SELECT EXISTS (SELECT 1 FROM journal_entry)"))).scalar_one()
    if not recorded:
        await db.execute(text(f"{_SET} ahead = cast(:start as timestamptz) - clock.now{_NOW}"), {"start": start_at})
