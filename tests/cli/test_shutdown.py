"""A server that is asked to stop says so, answers what it accepted, and ends well and soon."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from techmarket.db import embedded
from tests.pg import ROOT

REQUESTS = 50
EXIT_SECONDS = 10.0
REGISTRATION = {"kind": "ENTERPRISE", "name": "示例企业", "administrator": "示例人员"}


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state folder whose database server we hold, so that the end of the API is not the end of the database."""
    folder = Path(tempfile.mkdtemp(prefix="techmarket-shutdown-"))
    folder.chmod(0o755)
    server = embedded.start(folder, durable=False)
    yield folder
    server.stop()
    embedded.remove(folder)
    shutil.rmtree(folder)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def process(state_dir: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TECHMARKET_")}
    settings = {"TECHMARKET_STATE_DIR": str(state_dir), "TECHMARKET_PORT": str(port), "PYTHONPATH": str(ROOT / "src")}
    started = subprocess.Popen(
        [sys.executable, "-c", "from techmarket.cli.entry import main; main()", "serve"],
        cwd=ROOT,
        env=kept | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield started
    if started.poll() is None:
        started.kill()
        started.wait(timeout=10)


async def ready(http: httpx.AsyncClient, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended before it was ready"
        try:
            if (await http.get("/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError("the server is not ready after 90 seconds")


async def register(http: httpx.AsyncClient, n: int) -> httpx.Response:
    once = {"Idempotency-Key": f"the-last-to-be-answered-{n}"}
    return await http.post("/v1/organisations", json=REGISTRATION, headers=once)


@pytest.mark.slow
async def test_a_server_asked_to_stop_under_load_leaves_first_answers_all_and_ends_with_zero(
    process: subprocess.Popen[bytes], port: int
):
    limits = httpx.Limits(max_connections=REQUESTS)
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, limits=limits) as http,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as watcher,
    ):
        await ready(http, process)
        under_way = [asyncio.create_task(register(http, n)) for n in range(REQUESTS)]
        await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        leaving = await watcher.get("/readyz")
        while leaving.status_code == 200:  # the signal is on its way
            leaving = await watcher.get("/readyz")
        assert leaving.json()["code"] == "market.not_ready"
        assert process.poll() is None
        answers = await asyncio.gather(*under_way)
    assert [answer.status_code for answer in answers] == [201] * REQUESTS
    code = await asyncio.to_thread(process.wait, EXIT_SECONDS)
    assert (code, time.monotonic() - asked < EXIT_SECONDS) == (0, True)
