"""When keys, clients and sessions were last used: noted in memory, written together about once a minute.

A request pays one entry in a dictionary for it. What was noted in the last minute before a crash is lost.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from types import TracebackType
from uuid import UUID

import structlog

from techmarket.db.session import Tx
from techmarket.identity import service as identity

FLUSH_SECONDS = 60.0
LEAVE_SECONDS = 2.0
log = structlog.get_logger("techmarket.uses")


class LastUses:
    """What this process has seen since it last wrote it down."""

    def __init__(self, tx: Tx, *, flush_seconds: float = FLUSH_SECONDS) -> None:
        self._tx = tx
        self._flush_seconds = flush_seconds
        self._seen: dict[UUID, float] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, credential_id: UUID | None) -> None:
        """This key, client or session was used now."""
        if credential_id is not None:
            self._seen[credential_id] = time.time()

    async def flush(self) -> None:
        """Write down what was noted; what cannot be written is kept for the next time."""
        seen, self._seen = self._seen, {}
        try:
            await identity.note_uses(self._tx, {one: datetime.fromtimestamp(at, UTC) for one, at in seen.items()})
        except Exception as error:
            self._seen = seen | self._seen
            log.warning("last_uses_not_written", error=type(error).__name__)

    async def __aenter__(self) -> LastUses:
        self._task = asyncio.create_task(self._keep_writing(), name="last-uses")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await self.flush()
        except TimeoutError:
            log.warning("last_uses_not_written", error="TimeoutError")

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(self._flush_seconds)
            await self.flush()
