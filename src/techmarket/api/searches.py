"""Answers to searches on their way to be kept: gathered in memory, written together about once a second.

A search pays one entry in a list for it. What was answered in the last second before a crash is not kept; what comes
faster than it can be written is not either, and its answer says so.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import structlog

from techmarket.api.flushing import Flushing
from techmarket.db.session import Tx
from techmarket.matching import service
from techmarket.matching.replaying import Keepable

FLUSH_SECONDS = 1.0
WAITING_MAX = 500
KEPT_A_DAY = 2_000
"""So many searches of one organisation a process keeps within a day."""
DAY_SECONDS = 86_400.0
log = structlog.get_logger("techmarket.searches")


class KeptSearches(Flushing):
    """What this process has answered since it last wrote it down."""

    def __init__(
        self,
        tx: Tx,
        *,
        flush_seconds: float = FLUSH_SECONDS,
        waiting_max: int = WAITING_MAX,
        kept_a_day: int = KEPT_A_DAY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(flush_seconds=flush_seconds)
        self._kept_a_day = kept_a_day
        self._clock = clock
        self._counted: Counter[UUID] = Counter()
        self._counted_until = 0.0
        self._tx = tx
        self._waiting_max = waiting_max
        self._waiting: dict[str, Keepable] = {}

    def keep(self, answer: Keepable | None) -> str | None:
        """The name under which this answer will be found, or None where it is not kept."""
        if answer is None or len(self._waiting) >= self._waiting_max or not self._counts(answer):
            return None
        self._waiting[answer.id] = answer
        return answer.id

    def _counts(self, answer: Keepable) -> bool:
        """Whether one more of this organisation is kept today: who searches without an end must not fill the disk."""
        now = self._clock()
        if now >= self._counted_until:
            self._counted.clear()
            self._counted_until = now + DAY_SECONDS
        if answer.id not in self._waiting:
            self._counted[answer.org_id] += 1
        return self._counted[answer.org_id] <= self._kept_a_day

    async def flush(self) -> None:
        """Write down what waits; what cannot be written is tried again, as far as there is room."""
        waiting, self._waiting = self._waiting, {}
        try:
            await service.keep_searches(self._tx, list(waiting.values()))
        except Exception as error:
            self._waiting = waiting | self._waiting
            self._not_written(type(error).__name__)

    def _not_written(self, error: str) -> None:
        log.warning("searches_not_kept", error=error, waiting=len(self._waiting))
