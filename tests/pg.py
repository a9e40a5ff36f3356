"""The tests' own PostgreSQL: one server a run, one migrated template, and a clone of it for each test that asks."""

import asyncio
import contextlib
import fcntl
import itertools
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from alembic import command
from alembic.config import Config

from techmarket.db import embedded
from techmarket.db.session import Tx, make_engine
from techmarket.rulebook import service as rulebook

T = TypeVar("T")

ROOT = Path(__file__).parents[1]
STATE_VARIABLE = "TECHMARKET_TEST_STATE"
PREFIX = "techmarket-tests-"
TEMPLATE = "template_techmarket"
MEMORY = Path("/dev/shm")
MEMORY_FREE_MIN = 4 * 2**30  # the run's databases and its share of the log, with room to spare
FIRST_MOMENTS = 60.0  # seconds in which a folder without a lock may still be one whose run is just beginning


class TestRun:
    """The state folder of one pytest run, made by the process that the user started and known to all its workers."""

    __test__ = False

    def __init__(self) -> None:
        remove_abandoned_runs()
        # Not pytest's own temporary folder: that one is closed to the user who runs the server for root.
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=quick_folder()))
        self.folder.chmod(0o755)
        self._lock = os.open(self.folder / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.environ[STATE_VARIABLE] = str(self.folder)

    def end(self) -> None:
        os.environ.pop(STATE_VARIABLE, None)
        _remove(self.folder)
        os.close(self._lock)


def quick_folder() -> Path:
    """Where a server that keeps nothing works fastest: in memory, if there is enough of it.

    Copying the template is most of what a small test costs. On a disk that others use it takes up to a second; here it
    takes 40 ms, whoever else is busy.
    """
    with contextlib.suppress(OSError):
        if os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_FREE_MIN:
            return MEMORY
    return Path(tempfile.gettempdir())


def remove_abandoned_runs() -> None:
    """A run that was killed could not stop its server; the next one does."""
    for folder in [found for place in {MEMORY, Path(tempfile.gettempdir())} for found in place.glob(f"{PREFIX}*")]:
        with contextlib.suppress(OSError):  # somebody else's, or gone in this moment
            if time.time() - folder.stat().st_mtime < FIRST_MOMENTS:
                continue
            handle = os.open(folder / "run.lock", os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
            finally:
                os.close(handle)


def _remove(folder: Path) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            embedded.remove(folder)
            break
        except embedded.EmbeddedServerError:
            if time.monotonic() > deadline:  # a worker that does not die is worth a message, not silence
                raise
            time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)


class TestServer:
    """One worker's share of the server of this run."""

    __test__ = False

    def __init__(self) -> None:
        self.folder = Path(os.environ[STATE_VARIABLE])
        self._server = embedded.start(self.folder, durable=False)
        # A loop in a thread of our own: those of the tests come and go, and may be running when we are asked.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tests-pg", daemon=True)
        self._thread.start()
        self._admin = self._wait_for(asyncpg.connect(self.plain_url("postgres")))
        self._numbers = itertools.count(1)
        self._worker = os.environ.get("PYTEST_XDIST_WORKER", "main")

    def url(self, database: str) -> str:
        return self._server.url(database)

    def app_url(self, database: str) -> str:
        return self._server.app_url(database)

    def plain_url(self, database: str) -> str:
        return self._server.url(database).replace("+asyncpg", "")

    def execute(self, statement: str) -> None:
        self._wait_for(self._admin.execute(statement))

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def migrated_template(self) -> str:
        """The first worker that needs it migrates; the others wait and find it done."""
        done = self.folder / "template.done"
        with (self.folder / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                self.execute(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
                self._server.create_database(TEMPLATE)
                migrate(self.url(TEMPLATE))
                load_rules(self.url(TEMPLATE))
                done.touch()
        return TEMPLATE

    @contextlib.contextmanager
    def cloned(self, template: str) -> Iterator[str]:
        name = f"test_{self._worker}_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        self._wait_for(self._admin.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()
        self._server.stop()


def alembic_config(url: str) -> Config:
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    with ThreadPoolExecutor(1) as pool:  # env.py runs a loop, and the caller may be inside one
        pool.submit(command.upgrade, alembic_config(url), "head").result(timeout=300)


def load_rules(url: str) -> None:
    """The carried rules are part of every market, as `techmarket migrate` puts them in."""

    async def load() -> None:
        tx = Tx(make_engine(url, pool_size=1, application="test"))
        try:
            await rulebook.load_rules(tx)
        finally:
            await tx.dispose()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, load()).result(timeout=60)
