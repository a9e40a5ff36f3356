"""Server processes for measurements: started beside the measured database, ready when they answer, ended for sure."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil

from bench.harness import ROOT, Store
from techmarket.db import keys as market_keys
from techmarket.db.keys import Keys

MARKET = ("-c", "from techmarket.cli.entry import main; main()", "serve")
READY_S = 60.0


@dataclass(frozen=True)
class Served:
    port: int
    process: psutil.Process
    folder: Path

    def cpu_seconds(self) -> float:
        """What the process itself has used of the processors so far."""
        spent = self.process.cpu_times()
        return float(spent.user + spent.system)


def fresh_keys() -> Keys:
    """Keys that can be handed to a process as its settings, where every secret is text."""
    with tempfile.TemporaryDirectory(prefix="techmarket-bench-") as name:
        return market_keys.generated(Path(name))


def settings_of(store: Store, keys: Keys, folder: Path, port: int) -> dict[str, str]:
    """How the market is told where its database is and whose signature it has; its jobs run elsewhere."""
    return {
        "TECHMARKET_DATABASE_URL": store.app_url,
        "TECHMARKET_STATE_DIR": str(folder),
        "TECHMARKET_PORT": str(port),
        "TECHMARKET_JOBS_IN_PROCESS": "false",
        # Counted as always, and never reached.
        **{f"TECHMARKET_{what}_PER_MINUTE": "1000000000" for what in ("READS", "WRITES", "BIDS", "OPEN")},
        "TECHMARKET_LOG_KEY": keys.log.to_pem().decode(),
        "TECHMARKET_ISSUER_KEY": keys.issuer.to_pem().decode(),
        "TECHMARKET_RECEIPTS_KEY": keys.receipts.to_pem().decode(),
        "TECHMARKET_PEPPER": keys.pepper.decode(),
        "TECHMARKET_BANK_SECRET": keys.bank_secret.decode(),
        "TECHMARKET_PAPER_KEY": keys.paper.key_pem.decode(),
        "TECHMARKET_PAPER_CERTIFICATE": keys.paper.certificate_pem.decode(),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }


@contextlib.asynccontextmanager
async def serving(
    command: Sequence[str],
    store: Store,
    keys: Keys,
    *,
    ready_path: str = "/readyz",
    more: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Served]:
    """A Python process that serves HTTP on a free port, given as its last argument when it is not the market itself."""
    with tempfile.TemporaryDirectory(prefix="techmarket-bench-") as name:
        folder = Path(name)
        port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TECHMARKET_")}
        arguments = command if command is MARKET else (*command, str(port))
        with (folder / "log").open("wb") as output:
            process = subprocess.Popen(  # noqa: ASYNC220
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**kept, **settings_of(store, keys, folder, port), **more},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            await _until_ready(process, f"http://127.0.0.1:{port}{ready_path}", folder / "log")
            yield Served(port, psutil.Process(process.pid), folder)
        finally:
            process.terminate()
            try:
                await asyncio.to_thread(process.wait, 20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while not await asyncio.to_thread(_answers, url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no answer at {url}:\n{log.read_text(errors='replace')[-3000:]}")  # noqa: ASYNC240
        await asyncio.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
