"""What is looked up when somebody asks for the metrics: the pool, the journal's readers, the standby, the archive and
the index of search.

`deploy/grafana/techmarket.json` draws them, `deploy/prometheus/alerts.yml` says when to wake somebody.
"""

from __future__ import annotations

import asyncio

import structlog
from prometheus_client import Gauge

from techmarket.db import standing
from techmarket.db.session import Tx
from techmarket.matching import service as matching

log = structlog.get_logger("techmarket.figures")

LOOK_SECONDS = 1.0

DATABASE = Gauge("techmarket_database_up", "Whether the database answered just now (1) or not (0).")
POOL = Gauge("techmarket_pool_connections", "Connections of this process's pool: in use, and at most.", ("state",))
WAITING = Gauge("techmarket_journal_waiting", "Committed entries that have no position in the log yet.")
WAITS_FOR = Gauge("techmarket_journal_waiting_seconds", "For how long the first of them has waited.")
BEHIND = Gauge("techmarket_reader_behind", "Entries that a reader of the journal has still to handle.", ("reader",))
STANDBYS = Gauge("techmarket_standbys_waited_for", "Standbys that each commit waits for.")
UNARCHIVED = Gauge("techmarket_archive_behind_bytes", "Bytes of the write-ahead log that the archive has not received.")
NOT_INDEXED = Gauge("techmarket_listings_not_indexed", "Listings that search does not find: they cannot be indexed.")
DISTANCE = Gauge("techmarket_standby_behind_seconds", "How old public reads from the standby are at most; -1: unknown.")


async def take(tx: Tx) -> None:
    """Look once. What cannot be asked keeps its last value, and the database counts as gone."""
    pool = tx.engine.pool
    POOL.labels("used").set(pool.checkedout())  # type: ignore[attr-defined]
    POOL.labels("most").set(pool.size())  # type: ignore[attr-defined]
    if tx.standby is not None:
        behind = tx.standby.behind()
        DISTANCE.set(-1 if behind is None else behind)
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            async with tx.read() as db:
                found = await standing.look(db)
            not_indexed = await matching.count_set_aside(tx)
    except Exception as error:
        log.warning("figures_without_database", error=type(error).__name__)
        DATABASE.set(0)
        return
    DATABASE.set(1)
    WAITING.set(found.waiting)
    WAITS_FOR.set(found.waits_for)
    STANDBYS.set(found.standbys)
    NOT_INDEXED.set(not_indexed)
    if found.unarchived is not None:
        UNARCHIVED.set(found.unarchived)
    for reader, entries in found.behind.items():
        BEHIND.labels(reader).set(entries)
