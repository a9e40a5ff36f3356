"""What is due by the clock is worked off one by one, each in its own transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import structlog

log = structlog.get_logger("techmarket.trading")


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
