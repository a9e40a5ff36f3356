"""How the database stands (库况), in figures for whoever watches over it: one cheap look, none of it about anybody."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.backups.archive import SLOT

_LOOK = text(
    """
SELECT (SELECT count(*) FROM (SELECT 1 FROM journal_waiting LIMIT :most) w) AS waiting,
  (SELECT extract(epoch FROM clock_timestamp() - e.at)::float8 FROM journal_waiting w JOIN journal_entry e USING (seq)
   ORDER BY w.seq LIMIT 1) AS waits_for,
  (SELECT coalesce(max(n) + 1, 0) FROM journal_position) AS head,
  standbys_waited_for() AS waited_for,
  (SELECT (pg_current_wal_lsn() - restart_lsn)::bigint FROM pg_replication_slots WHERE slot_name = :slot) AS unarchived
"""
)
_READERS = text("SELECT name, position FROM journal_reader")
COUNTED_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Standing:
    """`waiting` entries without a position, the first for `waits_for` seconds; how many each reader is behind the head;
    standbys that commits wait for; bytes of the log that the archive lacks, None where there is no archive."""

    waiting: int
    waits_for: float
    behind: dict[str, int]
    standbys: int
    unarchived: int | None


async def look(db: AsyncSession) -> Standing:
    row = (await db.execute(_LOOK, {"slot": SLOT, "most": COUNTED_MAX})).one()
    behind = {name: max(0, row.head - position) for name, position in await db.execute(_READERS)}
    return Standing(row.waiting, row.waits_for or 0.0, behind, row.waited_for, row.unarchived)
