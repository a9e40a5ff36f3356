"""What only the owner of the tables may do while the market runs, in a process that no caller reaches."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from techmarket.db.means import Means
from techmarket.jobs.runner import FAILURES
from techmarket.matching import service as matching

EVERY_SECONDS = 600.0
log = structlog.get_logger("techmarket.tending")


async def tend_on(means: Means, stop: asyncio.Event, *, once: bool = False, every: float = EVERY_SECONDS) -> None:
    """Look now, and again and again until asked to stop; what fails is told and tried at the next look."""
    while not stop.is_set():
        try:
            if await matching.is_outdated(means.tx):
                await matching.rebuild(means.tx)
            if means.embedders:
                await matching.tend_vectors(means.tx, means.embedders)
        except Exception as error:
            if once:
                raise
            FAILURES.labels("tend").inc()
            log.error("tending_failed", exc_info=error)
        if once:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)
