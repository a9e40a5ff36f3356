"""What every measurement needs: a server of its own with durable commits, fair rounds, and an honest label."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from alembic import command
from alembic.config import Config

from techmarket.db import embedded
from techmarket.db.session import Tx, make_engine

ROOT = Path(__file__).parents[1]
BUSY_LOAD = 0.5  # of one processor; a machine left alone stays well below


@dataclass(frozen=True)
class Findings:
    """What one measurement found; `limits` says in words what holds the figures back."""

    figures: dict[str, Any]
    ratios: dict[str, float]
    limits: str
    plots: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Store:
    """A migrated database on the measurement's own server, where every commit waits for the disk."""

    server: embedded.RunningServer
    database: str
    tx: Tx

    @property
    def url(self) -> str:
        return self.server.url(self.database)

    @property
    def app_url(self) -> str:
        """As the market itself gets there."""
        return self.server.app_url(self.database)

    async def connect(self, database: str | None = None) -> asyncpg.Connection:
        return await asyncpg.connect(self.server.url(database or self.database).replace("+asyncpg", ""))


@dataclass
class Rounds:
    """The figures of each side, one value a round; a void round is left out and counted."""

    values: dict[str, list[float]] = field(default_factory=dict)
    void: list[str] = field(default_factory=list)

    def add(self, side: str, value: float) -> None:
        self.values.setdefault(side, []).append(value)

    def median(self, side: str) -> float:
        return rounded(statistics.median(self.values[side]))

    def all_of(self, side: str) -> list[float]:
        return [rounded(value) for value in self.values[side]]


@contextlib.asynccontextmanager
async def own_store(*, pool_size: int = 20, memory: str | None = None) -> AsyncIterator[Store]:
    """Starts a durable server in a folder of its own, with so much memory, and removes both afterwards."""
    with tempfile.TemporaryDirectory(prefix="techmarket-bench-") as name:
        folder = Path(name)
        os.chmod(name, 0o755)  # the server may run as a user of its own
        server = await asyncio.to_thread(embedded.start, folder, database="bench", durable=True, memory=memory)
        try:
            await asyncio.to_thread(migrate, server.url("bench"))
            async with opened(server, "bench", pool_size=pool_size) as store:
                await require_durable(store)
                yield store
        finally:
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(embedded.remove, folder)


@contextlib.asynccontextmanager
async def opened(server: embedded.RunningServer, database: str, *, pool_size: int = 20) -> AsyncIterator[Store]:
    tx = Tx(make_engine(server.url(database), pool_size=pool_size, application="bench"))
    try:
        yield Store(server, database, tx)
    finally:
        await tx.dispose()


def migrate(url: str) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.upgrade(config, "head")


async def require_durable(store: Store) -> None:
    connection = await store.connect()
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            if await connection.fetchval(f"SHOW {setting}") != "on":
                raise RuntimeError(f"the server of a measurement runs with {setting} off")
    finally:
        await connection.close()


async def commit_ms(store: Store, times: int = 100) -> float:
    """What one small durable commit costs here, the median: the unit in which everything durable is counted."""
    connection = await store.connect()
    try:
        await connection.execute("CREATE TABLE bench_commit (n int)")
        taken = []
        for n in range(times):
            started = time.perf_counter()
            await connection.execute("INSERT INTO bench_commit VALUES ($1)", n)
            taken.append(time.perf_counter() - started)
        return rounded(statistics.median(taken) * 1000)
    finally:
        await connection.close()


def raise_files() -> None:
    """As many open files as the system allows: thousands of connections are thousands of them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of each round: both sides of a round ran within seconds of one another."""
    return rounded(statistics.median(a / b for a, b in zip(above, below, strict=True)))


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def rounded(value: float) -> float:
    """Three digits that mean something; more would only look exact."""
    return float(f"{value:.3g}") if abs(value) < 1000 else float(round(value))


def describe_machine() -> dict[str, Any]:
    """The machine without its name or any path, and whether it had anything else to do."""
    load = os.getloadavg()[0]
    return {
        "processors": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_before": round(load, 2),
        "state": "busy machine: other work ran beside" if load > BUSY_LOAD else "quiet machine",
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write_result(name: str, machine: dict[str, Any], findings: Findings, folder: Path) -> str:
    """Keeps the result beside the others and returns it as the one line that ends the output."""
    result = {
        "name": name,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "figures": findings.figures,
        "ratios": findings.ratios,
        "limits": findings.limits,
    }
    folder.mkdir(parents=True, exist_ok=True)
    plots = folder.parent / "plots"
    for plot, drawn in findings.plots.items():
        plots.mkdir(exist_ok=True)
        (plots / f"{plot}.svg").write_text(drawn)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return json.dumps(result, ensure_ascii=False)


def say(words: str) -> None:
    """Progress for whoever watches; the result is the last line of the other stream."""
    print(words, file=sys.stderr, flush=True)
