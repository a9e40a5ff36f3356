"""What requests leave in memory and a task writes down together, every so often and once more at the end."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

LEAVE_SECONDS = 2.0


class Flushing:
    """Entered for as long as the process serves. Who derives from it says how to `flush`, and what a late end means."""

    def __init__(self, *, flush_seconds: float) -> None:
        self._flush_seconds = flush_seconds
        self._task: asyncio.Task[None] | None = None

    async def flush(self) -> None:
        """Write down what waits."""
        raise NotImplementedError

    def _not_written(self, error: str) -> None:
        """Tell that it was not, by the name of the error."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_writing(), name=type(self).__name__)
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
            self._not_written("TimeoutError")

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(self._flush_seconds)
            await self.flush()
