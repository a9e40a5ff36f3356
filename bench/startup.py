"""How soon the API process answers after its start, how much memory it holds then, and how it ends.

The process is `techmarket serve`, as an operator starts it, on a state folder that an earlier start prepared: its own
PostgreSQL comes up with it, and the schema is found to be the newest. Ready is the first 200 of `/readyz`. Memory is
that of the API process alone, jobs included, once when it is ready and once after some hundred requests.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.harness import ROOT, Findings, rounded, say
from techmarket.db import embedded

COMMAND = (sys.executable, "-c", "from techmarket.cli.entry import main; main()", "serve")
START_LIMIT_S = 60.0
REQUESTS = 300
PATHS = ("/readyz", "/healthz", "/openapi.json")

LIMITS = (
    "Most of the time is Python importing its packages and building the routes with their schemas, on one processor; "
    "the rest is the start of PostgreSQL and the look whether the schema is the newest. Memory is mostly imported code."
)


@dataclass(frozen=True)
class Start:
    """One start: seconds and processor seconds to readiness, memory then and after requests, seconds to a clean end."""

    ready_s: float
    cpu_s: float
    rss_mb: float
    rss_after_requests_mb: float
    own_mb: float
    threads: int
    end_s: float


async def measure(*, quick: bool) -> Findings:
    return await asyncio.to_thread(_measure, 1 if quick else 9, quick)


def _measure(times: int, quick: bool) -> Findings:
    with tempfile.TemporaryDirectory(prefix="techmarket-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            first = _start(folder)
            say(f"first start, with an empty folder: {first.ready_s:.2f} s")
            starts = [_start(folder) for _ in range(times)]
        finally:
            embedded.remove(folder)
    ready = statistics.median(one.ready_s for one in starts)
    rss = statistics.median(one.rss_mb for one in starts)
    figures = {
        "ready_s": rounded(ready),
        "ready_s_by_start": [rounded(one.ready_s) for one in starts],
        "processor_s_until_ready": rounded(statistics.median(one.cpu_s for one in starts)),
        "first_ready_s": rounded(first.ready_s),
        "rss_mb": rounded(rss),
        "rss_mb_after_requests": rounded(statistics.median(one.rss_after_requests_mb for one in starts)),
        "memory_of_its_own_mb": rounded(statistics.median(one.own_mb for one in starts)),
        "requests": REQUESTS,
        "threads": max(one.threads for one in starts),
        "end_s": rounded(statistics.median(one.end_s for one in starts)),
        "import_s": rounded(_import_seconds(1 if quick else 5)),
        "quick": quick,
    }
    return Findings(figures, {"ready_s": rounded(ready), "rss_mb": rounded(rss)}, LIMITS)


def _start(folder: Path) -> Start:
    port = _free_port()
    began = time.monotonic()
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            COMMAND, cwd=ROOT, env=_environment(folder, port), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        base = f"http://127.0.0.1:{port}"
        while not _is_ready(base):
            if process.poll() is not None or time.monotonic() - began > START_LIMIT_S:
                said = (folder / "serve.log").read_text(errors="replace")[-3000:]
                raise RuntimeError(f"the API process did not become ready:\n{said}")
            time.sleep(0.01)
        ready_s = time.monotonic() - began
        watched = psutil.Process(process.pid)
        spent = watched.cpu_times()
        rss, own = watched.memory_info().rss, watched.memory_full_info().uss
        with httpx.Client(base_url=base, timeout=START_LIMIT_S) as client:
            for n in range(REQUESTS):
                if (answer := client.get(PATHS[n % len(PATHS)])).status_code != 200:
                    said = (folder / "serve.log").read_text(errors="replace")[-3000:]
                    raise RuntimeError(f"{PATHS[n % len(PATHS)]} answered {answer.status_code}:\n{said}")
        later, threads = watched.memory_info().rss, watched.num_threads()
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        return Start(
            ready_s,
            spent.user + spent.system,
            rss / 2**20,
            later / 2**20,
            own / 2**20,
            threads,
            time.monotonic() - asked,
        )
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=10)


def _is_ready(base: str) -> bool:
    # The plainest client there is: the one that asks must not take the processor from the one that starts.
    connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _environment(folder: Path, port: int) -> Mapping[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("TECHMARKET_")}
    return {
        **others,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "TECHMARKET_STATE_DIR": str(folder),
        "TECHMARKET_PORT": str(port),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _import_seconds(times: int) -> float:
    """What the imports alone take in a fresh process, the best of a few."""
    command: Sequence[str] = (sys.executable, "-c", "import gc; gc.disable(); import techmarket.cli.serve")
    taken = []
    for _ in range(times):
        began = time.monotonic()
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, check=True, timeout=60)
        taken.append(time.monotonic() - began)
    return min(taken)
