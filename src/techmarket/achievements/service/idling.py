"""A year without use: the completers may act (ZJR art. 38)."""

from __future__ import annotations

from techmarket.achievements import dating, history, repository
from techmarket.achievements.events import AchievementIdle
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.kernel.periods import shanghai_day


async def flag_idle(tx: Tx, *, limit: int = 100) -> int:
    """Write down once that an achievement has become idle, by the rule in force today; returns how many were looked at.

    Where the rule gives another day by now, or none, that day is kept instead.
    """
    async with tx.begin() as db:
        now = await clock.market_now(db)
        today = shanghai_day(now)
        rows = await repository.lock_idle(db, today, limit)
        said = await history.stated(db, rows)
        for row in rows:
            day = (await dating.idle_days(db, row.org_id, {row.id: said[row.id]}, today)).get(row.id)
            row.idle_from = day
            if day is not None and day <= today:
                row.idle_flagged_at = now
                journal.record(db, AchievementIdle(row.id, row.org_id, day), actor=None)
        return len(rows)
