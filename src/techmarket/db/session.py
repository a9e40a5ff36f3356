"""Transactions: `Tx.begin()` is one use case, `Tx.read()` is one consistent look. Nothing else commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool

from techmarket.db import tracing
from techmarket.db.hosts import connect_args_for
from techmarket.db.standby import BEHIND_SECONDS, Standby, is_public_read

STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_MS = 15_000
READERS_MAX = 4
READERS_WAIT_S = 5.0


def make_engine(
    url: str | URL,
    *,
    pool_size: int = 16,
    pool_timeout_s: float = 5.0,
    application: str = "api",
    ask_first: bool = False,
    schema: str | None = None,
    patience_s: float = 30.0,
) -> AsyncEngine:
    """An engine whose every connection gives up by itself: a hang becomes an error, and the edge makes it a 503.

    `url` may name several hosts (`?host=a:5432&host=b:5432&target_session_attrs=read-write`): the one that may be
    written to is found at each new connection. `ask_first` finds a pooled connection that has died before it is used.
    Tables are looked for in `schema` first, where one is named. No statement is waited for longer than `patience_s`.
    """
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+asyncpg")
    engine = create_async_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout_s,
        pool_pre_ping=ask_first,
        connect_args={
            **connect_args_for(parsed),
            "timeout": 5,
            "command_timeout": patience_s,
            "server_settings": {
                "application_name": f"techmarket-{application}",
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
                "timezone": "UTC",
                "jit": "off",
                **({"search_path": f"{schema}, public"} if schema else {}),
            },
        },
    )
    tracing.watch(engine)
    return engine


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

    def __init__(
        self, engine: AsyncEngine, read_engine: AsyncEngine | None = None, *, behind_max: float = BEHIND_SECONDS
    ) -> None:
        self.engine = engine
        self.standby = Standby(read_engine, engine, behind_max=behind_max) if read_engine is not None else None
        self._maker = async_sessionmaker(engine, expire_on_commit=False, autoflush=True)
        self._reader = async_sessionmaker(engine, expire_on_commit=False, autoflush=False)
        self._readers = _Readers(engine)
        self._far_reader = async_sessionmaker(read_engine, expire_on_commit=False, autoflush=False)
        self._far_readers = _Readers(read_engine) if read_engine is not None else None

    def begin(self) -> Any:
        """One transaction that commits when its block ends well: `async with tx.begin() as db`."""
        return self._begin()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncSession]:
        with tracing.span("transaction"):
            async with self._maker.begin() as db:
                yield db

    @asynccontextmanager
    async def read(self, *, snapshot: bool = False) -> AsyncIterator[AsyncSession]:
        """One look that writes nothing. A write inside it is a bug and fails in the database.

        With `snapshot` all its statements see the same rows, whatever others commit meanwhile. What is read in public
        (`standby.public_read`) may come from a standby.
        """
        options: dict[str, Any] = {"postgresql_readonly": True}
        if snapshot:
            options["isolation_level"] = "REPEATABLE READ"
        with tracing.span("look"):
            db = await self._far_session(options)
            if db is None:
                db = self._reader()
                try:
                    await db.connection(execution_options=options)
                except BaseException:
                    await db.close()
                    raise
            async with db:
                yield db

    async def _far_session(self, options: dict[str, Any]) -> AsyncSession | None:
        """A session at the standby, if this read may be answered there and it is close; else the primary answers."""
        standby = self.standby
        if standby is None or not is_public_read() or not standby.is_close():
            return None
        db = self._far_reader()
        try:
            await db.connection(execution_options=options)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            await db.close()
            standby.lost(error)
            return None
        except BaseException:
            await db.close()
            raise
        return db

    def watching_standby(self) -> Any:
        """While this block runs the distance of the standby is known; without one there is nothing to watch."""
        return self.standby.looking() if self.standby is not None else nullcontext()

    async def fetch(self, statement: str, *values: Any) -> Sequence[Any]:
        """The rows of one statement that reads, asked of the driver itself.

        One statement is a snapshot by itself, so no transaction is opened around it. For the few reads that are asked
        so often that the way through pool and ORM would cost more than the statement.
        """
        if self.standby is not None and self._far_readers is not None and is_public_read() and self.standby.is_close():
            try:
                return await self._far_readers.fetch(statement, values)
            except (SQLAlchemyError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                self.standby.lost(error)
        return await self._readers.fetch(statement, values)

    async def look(self, statement: str, *values: Any) -> Sequence[Any]:
        """The rows of one statement that reads, always from the primary, through the pool and in one round trip."""
        async with self.engine.connect() as connection:
            try:
                return await fetched(connection, statement, *values)
            except BaseException:
                await connection.invalidate()  # broken off in the middle, or dead: nobody may use it again
                raise

    def bind(self, content: bytes) -> None:
        """What a streamed request turned out to hold: part of what makes a retry the same request, when it is keyed."""

    async def recall(self) -> None:
        """Before long work that is harmless to repeat: a keyed request that has its answer already ends here."""

    async def dispose(self) -> None:
        await self._readers.close()
        await self.engine.dispose()
        if self._far_readers is not None and self.standby is not None:
            await self._far_readers.close()
            await self.standby.engine.dispose()


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
