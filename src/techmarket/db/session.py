"""Transactions: `Tx.begin()` is one use case, `Tx.read()` is one consistent look. Nothing else commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool

STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_MS = 15_000
READERS_MAX = 4
READERS_WAIT_S = 5.0


def make_engine(url: str, *, pool_size: int = 16, pool_timeout_s: float = 5.0, application: str = "api") -> AsyncEngine:
    """An engine whose every connection gives up by itself: a hang becomes an error, and the edge makes it a 503.

    `url` may name several hosts (`host=a,b` with `target_session_attrs=read-write` in the query).
    """
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+asyncpg")
    return create_async_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout_s,
        pool_pre_ping=False,
        connect_args={
            "timeout": 5,
            "command_timeout": 30,
            "server_settings": {
                "application_name": f"techmarket-{application}",
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
                "timezone": "UTC",
                "jit": "off",
            },
        },
    )


def pool_places(engine: AsyncEngine) -> int:
    """How many connections this engine opens at most."""
    pool = engine.pool
    return pool.size() if isinstance(pool, QueuePool) else 16


class _Readers:
    """A few connections beside the pool, for single statements that read: nothing to begin, end or reset around one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._places = asyncio.Semaphore(READERS_MAX)
        self._idle: list[tuple[AsyncConnection, Any]] = []

    async def fetch(self, statement: str, values: Sequence[Any]) -> Sequence[Any]:
        if self._places.locked():
            async with asyncio.timeout(READERS_WAIT_S):
                await self._places.acquire()
        else:
            await self._places.acquire()
        try:
            own, driver = self._idle.pop() if self._idle else await self._connect()
            if driver.is_closed():
                own, driver = await self._connect()
            try:
                rows: Sequence[Any] = await driver.fetch(statement, *values)
            except BaseException:
                driver.terminate()  # broken off in the middle, or worse: nobody may read on where this ended
                raise
            self._idle.append((own, driver))
            return rows
        finally:
            self._places.release()

    async def _connect(self) -> tuple[AsyncConnection, Any]:
        own = await self._engine.connect()
        raw = await own.get_raw_connection()
        driver = raw.driver_connection
        raw.detach()  # it takes no place in the pool
        return own, driver

    async def close(self) -> None:
        idle, self._idle = self._idle, []
        for own, _ in idle:
            await own.close()


class Tx:
    """The right to open transactions: a service takes `tx` and opens exactly one; a step takes `db` and runs inside."""

    def __init__(self, engine: AsyncEngine, read_engine: AsyncEngine | None = None) -> None:
        self.engine = engine
        self.read_engine = read_engine or engine
        self._maker = async_sessionmaker(engine, expire_on_commit=False, autoflush=True)
        self._reader = async_sessionmaker(self.read_engine, expire_on_commit=False, autoflush=False)
        self._readers = _Readers(self.read_engine)

    def begin(self) -> Any:
        """One transaction that commits when its block ends well: `async with tx.begin() as db`."""
        return self._begin()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncSession]:
        async with self._maker.begin() as db:
            yield db

    @asynccontextmanager
    async def read(self, *, snapshot: bool = False) -> AsyncIterator[AsyncSession]:
        """One look that writes nothing. A write inside it is a bug and fails in the database.

        With `snapshot` all its statements see the same rows, whatever others commit meanwhile.
        """
        options: dict[str, Any] = {"postgresql_readonly": True}
        if snapshot:
            options["isolation_level"] = "REPEATABLE READ"
        async with self._reader() as db:
            await db.connection(execution_options=options)
            yield db

    async def fetch(self, statement: str, *values: Any) -> Sequence[Any]:
        """The rows of one statement that reads, asked of the driver itself.

        One statement is a snapshot by itself, so no transaction is opened around it. For the few reads that are asked
        so often that the way through pool and ORM would cost more than the statement.
        """
        return await self._readers.fetch(statement, values)

    def bind(self, content: bytes) -> None:
        """What a streamed request turned out to hold: part of what makes a retry the same request, when it is keyed."""

    async def recall(self) -> None:
        """Before long work that is harmless to repeat: a keyed request that has its answer already ends here."""

    async def dispose(self) -> None:
        await self._readers.close()
        await self.engine.dispose()
        if self.read_engine is not self.engine:
            await self.read_engine.dispose()


async def fetched(connection: AsyncConnection, statement: str, *values: Any) -> Sequence[Any]:
    """The rows of one statement by the driver, inside whatever transaction the connection is in."""
    driver = (await connection.get_raw_connection()).driver_connection
    rows: Sequence[Any] = await driver.fetch(statement, *values)  # type: ignore[union-attr]
    return rows


def count_statements(engine: AsyncEngine) -> list[str]:
    """Statements sent from now on, appended to the returned list: for tests that bound a use case's round trips."""
    seen: list[str] = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def _note(_c: Any, _cur: Any, statement: str, _p: Any, _ctx: Any, _many: bool) -> None:
        seen.append(statement)

    return seen
