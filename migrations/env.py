"""Runs migrations over asyncpg: one at a time by advisory lock, and never waiting long for a table lock."""

from __future__ import annotations

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from techmarket.db.base import Base
from techmarket.db.hosts import connect_args_for
from techmarket.db.metadata import load_all_tables

load_all_tables()
target_metadata = Base.metadata
MIGRATION_LOCK = 0x7E01_0000
LOCK_TIMEOUT = "1s"
"""Who waits for a table holds up all who come after: a migration waits no longer than this, and comes again."""
LOCK_NOT_AVAILABLE = "55P03"
TRIES = 20
PAUSE_SECONDS = 0.5


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=target_metadata,
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=True,
        include_object=_ours,
    )
    with context.begin_transaction():
        # Of the session, not LOCAL: each migration is a transaction of its own, and each must give up soon.
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        context.run_migrations()


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _to: object) -> bool:
    """Tables of the queue library are made by its own installer; its names start with pgqueuer."""
    return not (kind == "table" and name is not None and name.startswith("pgqueuer"))


async def go(connection: AsyncConnection) -> None:
    """Each migration is a transaction of its own, so a further try goes on with the one that found its table held."""
    for left in range(context.config.attributes.get("tries", TRIES), 0, -1):
        try:
            await connection.run_sync(run)
            await connection.commit()
            return
        except DBAPIError as error:
            await connection.rollback()
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or left == 1:
                raise
            await asyncio.sleep(PAUSE_SECONDS)


async def wait_for_turn(connection: AsyncConnection) -> None:
    """Asked again and again: whoever waits inside a statement keeps a view of the data, and an index that is laid
    beside the writers waits until nobody has an older one."""
    mine = text("SELECT pg_try_advisory_lock(:k)")
    while not (await connection.execute(mine, {"k": MIGRATION_LOCK})).scalar_one():
        await connection.commit()
        await asyncio.sleep(PAUSE_SECONDS)
    await connection.commit()


async def run_online(url: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool, connect_args=connect_args_for(make_url(url)))
    async with engine.connect() as connection:
        await wait_for_turn(connection)
        try:
            await go(connection)
        finally:
            await connection.rollback()
            await connection.execute(text("SELECT pg_advisory_unlock(:k)"), {"k": MIGRATION_LOCK})
            await connection.commit()
    await engine.dispose()


def print_sql() -> None:
    """For review: the statements, with nothing sent anywhere (`alembic upgrade FROM:TO --sql`)."""
    context.configure(dialect_name="postgresql", target_metadata=target_metadata, literal_binds=True)
    with context.begin_transaction():
        context.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        context.run_migrations()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    print_sql()
elif given is not None:
    run(given)
else:
    url = context.config.attributes.get("url") or os.environ["TECHMARKET_DATABASE_URL"]
    asyncio.run(run_online(url.replace("postgresql://", "postgresql+asyncpg://")))
