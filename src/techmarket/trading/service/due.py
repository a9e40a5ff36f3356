"""What is due by the clock is worked off one by one, each in its own transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import structlog

from techmarket.db.session import Tx
from techmarket.trading.repository import Due

log = structlog.get_logger("techmarket.trading")


PAGES = 50
"""A run looks at so many pages at most; the next run, a second later, begins at the front again."""


async def work_off_all(
    tx: Tx,
    list_due: Callable[..., Awaitable[Sequence[Due]]],
    work: Callable[[UUID], Awaitable[bool]],
    *,
    limit: int = 100,
) -> int:
    """Page after page by what is due first, so that hundreds which cannot be decided now hide none behind them."""
    done, after = 0, None
    failed: Exception | None = None
    for _ in range(PAGES):
        async with tx.read() as db:
            page = await list_due(db, after=after, limit=limit)
        try:
            done += await work_off([one.id for one in page], work)
        except Exception as error:
            failed = failed or error
        if len(page) < limit:
            break
        after = page[-1]
    if failed is not None:
        raise failed
    return done


async def work_off(due: Sequence[UUID], work: Callable[[UUID], Awaitable[bool]]) -> int:
    """One that cannot be done, such as a result notice into a year without holidays, keeps no other waiting."""
    done = 0
    failed: Exception | None = None
    for one in due:
        try:
            done += await work(one)
        except Exception as error:
            log.warning("due_work_failed", of=str(one), error=type(error).__name__)
            failed = failed or error
    if failed is not None:
        raise failed
    return done
