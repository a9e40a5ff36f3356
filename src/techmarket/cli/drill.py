"""The drill (恢复演练): the market is restored beside itself, the copy is ruined, and it comes back.

The market itself is only read: one base of it is taken, nothing in it is changed. The copy is written to, robbed of its
largest table by a DELETE that no trigger stops, written to again and killed; from its own base and archive it returns
twice, once to the moment before the DELETE, once to the end.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psutil
from rich.console import Console
from sqlalchemy import text

from techmarket.cli import backing
from techmarket.cli.backing import Restored
from techmarket.cli.state import OpenMarket, open_market
from techmarket.db import embedded
from techmarket.db.backups import archive
from techmarket.db.backups.fingerprints import fingerprint
from techmarket.db.session import Tx
from techmarket.settings import Settings

BEAT_SECONDS = 0.01
BEATS_BEFORE = 50
BEATS_AFTER = 50


@dataclass(frozen=True)
class Figures:
    """What a drill found, times in seconds. `lost` are acknowledged writes that did not come back after the kill."""

    rows: int
    robbed: str
    acknowledged: int
    lost: int
    rpo_seconds: float
    rto_seconds: float
    rto_whole_seconds: float
    is_equal: bool
    findings: list[str]

    @property
    def is_good(self) -> bool:
        return self.is_equal and not self.findings


@dataclass
class Beats:
    """Rows written one after another; each is noted once its commit was acknowledged."""

    tx: Tx
    at: list[float] = field(default_factory=list)

    async def write(self, count: int) -> None:
        for _ in range(count):
            async with self.tx.begin() as db:
                await db.execute(text("INSERT INTO drill_beat (n) VALUES (:n)"), {"n": len(self.at)})
            self.at.append(time.monotonic())
            await asyncio.sleep(BEAT_SECONDS)


@dataclass(frozen=True)
class Ruin:
    """What was there a moment before the DELETE, when that was, and what was written in all."""

    before: dict[str, tuple[int, str]]
    at: datetime
    robbed: str
    beats: list[float]


async def drill(settings: Settings, console: Console, *, scratch: Path | None = None) -> Figures:
    """Restore, ruin, restore again; everything that was made for it is removed at the end."""
    place = _a_place(scratch)
    states = [place / name for name in ("copy", "before", "end")]
    try:
        console.print("1. a base of the market, restored beside it")
        async with open_market(settings, application="drill", prepare=False, as_owner=True) as market:
            await backing.take(market, place / "first", console, keep=1, with_keys=settings.is_embedded)
        keys = place / "first" / backing.KEYS
        copy = settings.model_copy(update={"state_dir": states[0], "database_url": None, "read_url": None})
        copy = copy.model_copy(update={"object_store": None})
        whole = await backing.restore(copy, place / "first", console, keys=keys, new_log=False)
        console.print("2. the copy is archived, written to, robbed of its largest table, written to again, and killed")
        ruin = await _ruin(copy, place / "second", console)
        console.print("3. back to the moment before the DELETE")
        before = await _back(copy, states[1], place, console, ruin.at)
        console.print("4. back to the end of the archive")
        end = await _back(copy, states[2], place, console, None)
        return _figures(ruin, whole, before, end)
    finally:
        for state in states:
            if state.exists():
                await asyncio.to_thread(backing.remove_state, state)
        shutil.rmtree(place, ignore_errors=True)


def _a_place(scratch: Path | None) -> Path:
    place = Path(tempfile.mkdtemp(prefix="techmarket-drill-", dir=scratch))
    place.chmod(0o755)  # the server's own user must get in
    return place


async def _ruin(copy: Settings, folder: Path, console: Console) -> Ruin:
    server = await asyncio.to_thread(embedded.start, copy.state_dir)
    try:
        async with (
            open_market(copy, application="drill", prepare=False, as_owner=True) as market,
            _archived(market, folder),
        ):
            tx = market.means.tx
            await backing.take(market, folder, console, keep=1)
            async with tx.begin() as db:
                await db.execute(text("CREATE TABLE drill_beat (n bigint PRIMARY KEY)"))
            beats = Beats(tx)
            await beats.write(BEATS_BEFORE)
            before = await fingerprint(tx)
            async with tx.read() as db:
                at: datetime = (await db.execute(text("SELECT clock_timestamp()"))).scalar_one()
            await asyncio.sleep(0.05)
            robbed = max((table for table in before if table != "drill_beat"), key=lambda table: before[table][0])
            async with tx.begin() as db:
                # As a superuser's slip would do it: no trigger and no foreign key holds it up.
                await db.execute(text("SET LOCAL session_replication_role = replica"))
                await db.execute(text(f"DELETE FROM {robbed}"))
            console.print(f"  DELETE FROM {robbed}: {before[robbed][0]} rows")
            await beats.write(BEATS_AFTER)
            _kill(server.postmaster_pid())
            return Ruin(before, at, robbed, beats.at)
    finally:
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _archived(market: OpenMarket, folder: Path) -> AsyncIterator[None]:
    stop = asyncio.Event()
    wal = folder / backing.WAL
    await archive.prepare(market.url)
    receiving = asyncio.create_task(archive.receive(market.url, wal, stop, on_line=lambda _: None))
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(receiving, return_exceptions=True)


def _kill(postmaster: int | None) -> None:
    """The server and all its processes at once, as by a power cut."""
    if postmaster is None:
        raise RuntimeError("the copy's server is gone already")
    for process in (psutil.Process(postmaster), *psutil.Process(postmaster).children(recursive=True)):
        process.kill()


async def _back(copy: Settings, state: Path, place: Path, console: Console, until: datetime | None) -> Restored:
    here = copy.model_copy(update={"state_dir": state})
    keys = copy.state_dir / backing.KEYS
    return await backing.restore(here, place / "second", console, until=until, keys=keys, new_log=False)


def _figures(ruin: Ruin, whole: Restored, before: Restored, end: Restored) -> Figures:
    came_back = end.rows["drill_beat"][0]
    lost = ruin.beats[came_back:]
    return Figures(
        rows=sum(rows for rows, _ in ruin.before.values()),
        robbed=f"{ruin.robbed} ({ruin.before[ruin.robbed][0]} rows)",
        acknowledged=len(ruin.beats),
        lost=len(lost),
        rpo_seconds=round(ruin.beats[-1] - ruin.beats[came_back - 1], 3) if came_back else float("inf"),
        rto_seconds=round(before.seconds, 1),
        rto_whole_seconds=round(end.seconds, 1),
        is_equal=before.rows == ruin.before,
        findings=[*whole.findings, *before.findings],
    )


def tell(figures: Figures, console: Console) -> None:
    mark = "[green]✓[/]" if figures.is_good else "[red]✗[/]"
    same = "every row as it was" if figures.is_equal else "rows differ"
    console.print(f"{mark} before the DELETE from {figures.robbed}: {same}, of {figures.rows}")
    console.print(
        f"lost by the kill: {figures.lost} of {figures.acknowledged} acknowledged writes, RPO {figures.rpo_seconds} s;"
        f" RTO {figures.rto_seconds} s before the DELETE, {figures.rto_whole_seconds} s to the end",
        highlight=False,
        soft_wrap=True,
    )
