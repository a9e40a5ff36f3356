"""When keys, clients and sessions were last used: noted in memory, written together about once a minute.

A request pays one entry in a dictionary for it. What was noted in the last minute before a crash is lost.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from uuid import UUID

import structlog

from techmarket.api.flushing import Flushing
from techmarket.db.session import Tx
from techmarket.identity import service as identity

FLUSH_SECONDS = 60.0
log = structlog.get_logger("techmarket.uses")


class LastUses(Flushing):
    """What this process has seen since it last wrote it down."""

    def __init__(self, tx: Tx, *, flush_seconds: float = FLUSH_SECONDS) -> None:
        super().__init__(flush_seconds=flush_seconds)
        self._tx = tx
        self._seen: dict[UUID, float] = {}

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
            self._not_written(type(error).__name__)

    def _not_written(self, error: str) -> None:
        log.warning("last_uses_not_written", error=error)
