"""Whether the log is what was signed: streamed through, set by set, however long it has become."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.transparency import offline, repository, steps
from techmarket.transparency.examination import Examination

STRETCH = 10_000

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

    `witnessed` are roots by size that a witness remembers: with them a log that was rewritten and signed anew is
    found, and one whose end was cut off. The log may grow meanwhile; what stood at the start is examined.
    """
    async with tx.read() as db:
        head = await journal.head(db)
        newest = await repository.newest_checkpoint(db)
        known = await steps.known_keys(db, keys)
        origins = [offline.origin_of(str(log.log_id)) for log in await repository.list_logs(db)]
    covered = newest.size if newest else 0
    examined = Examination(tree_size=min(covered, head), keys=known, origins=origins, witnessed=witnessed)
    while examined.position < head:
        until = min(examined.position + stretch, head)
        async with tx.read() as db:
            await _take(db, examined, until)
        if progress is not None:
            progress(until, head)
    async with tx.read() as db:
        lost = await repository.count_never_positioned(db)
    return examined.end(checkpoint_size=covered, never_positioned=lost)


async def _take(db: AsyncSession, examined: Examination, until: int) -> None:
    start = examined.position
    examined.take(
        await repository.positioned_rows(db, start, until),
        until=until,
        nodes=await repository.nodes_completed(db, start, until),
        checkpoints=await repository.signed_within(db, start, until),
    )
