"""Whether the log is what was signed: streamed through, set by set, however long it has become."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.transparency import offline, repository, steps
from techmarket.transparency.examination import Examination, Stretch

STRETCH = 1 << 14

Progress = Callable[[int, int], None]


async def audit(
    tx: Tx,
    keys: Keys,
    *,
    witnessed: Mapping[int, bytes] | None = None,
    progress: Progress | None = None,
    stretch: int = STRETCH,
) -> list[str]:
    """Recompute every leaf, every node and every signed root from the rows; returns what does not agree.

    While one stretch is computed the database already gathers the next; no more than the two are held.

    `witnessed` are roots by size that a witness remembers: with them a log that was rewritten and signed anew is
    found, and one whose end was cut off. The log may grow meanwhile; what stood at the start is examined.
    """
    async with tx.read() as db:
        head = await journal.head(db)
        newest = await repository.newest_checkpoint(db)
        known = await steps.known_keys(db, keys)
        sandbox = await clock.is_sandbox(db)
        origins = [offline.origin_of(str(log.log_id), sandbox=sandbox) for log in await repository.list_logs(db)]
    covered = newest.size if newest else 0
    examined = Examination(tree_size=min(covered, head), keys=known, origins=origins, witnessed=witnessed)
    spans = [(start, min(start + stretch, head)) for start in range(0, head, stretch)]
    coming = asyncio.create_task(_fetch(tx, *spans[0])) if spans else None
    try:
        for turn, (_, until) in enumerate(spans, start=1):
            assert coming is not None
            found = await coming
            coming = asyncio.create_task(_fetch(tx, *spans[turn])) if turn < len(spans) else None
            if not await asyncio.to_thread(examined.take_whole, found):
                async with tx.read() as db:
                    await _take(db, examined, until)
            if progress is not None:
                progress(until, head)
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
    async with tx.read() as db:
        lost = await repository.count_never_positioned(db)
    return examined.end(checkpoint_size=covered, never_positioned=lost)


async def _fetch(tx: Tx, start: int, end: int) -> Stretch:
    async with tx.read() as db:
        return await repository.stretch(db, start, end)


async def _take(db: AsyncSession, examined: Examination, until: int) -> None:
    start = examined.position
    examined.take(
        await repository.positioned_rows(db, start, until),
        until=until,
        nodes=await repository.nodes_completed(db, start, until),
        checkpoints=await repository.signed_within(db, start, until),
    )
