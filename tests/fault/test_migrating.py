"""The newest migrations, applied while fifty write: no write fails, and nobody waits longer than a migration may."""

from __future__ import annotations

import asyncio
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from techmarket.db import journal
from techmarket.db.session import Tx, make_engine
from techmarket.kernel.events import Event
from tests.pg import alembic_config

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
WRITERS = 50
STEPS, TIMES = (12, 3) if IS_LONG else (2, 1)
STALL_SECONDS = 1.5


@dataclass(frozen=True)
class Happened(Event):
    kind: ClassVar[str] = "sample.happened"
    n: int


@dataclass
class Writing:
    """What fifty writers met: how long each transaction took, and what failed."""

    tx: Tx
    tables: list[str]
    took: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    is_over: bool = False

    async def go_on(self, seed: int) -> None:
        """Small transactions, each of which also holds some table or other for a moment, as any read does."""
        dice, n = random.Random(seed), 0
        while not self.is_over:
            began, n = time.perf_counter(), n + 1
            try:
                async with self.tx.begin() as db:
                    await db.execute(text(f'SELECT 1 FROM "{dice.choice(self.tables)}" LIMIT 1'))
                    journal.record(db, Happened(n), actor=None)
                    await db.flush()
                    await asyncio.sleep(dice.random() * 0.05)
            except Exception as error:
                self.failed.append(f"{type(error).__name__}: {error}")
            self.took.append(time.perf_counter() - began)


async def migrate_to(pool: ThreadPoolExecutor, url: str, way: Any, revision: str) -> None:
    await asyncio.get_running_loop().run_in_executor(pool, way, alembic_config(url), revision)


async def test_fifty_writers_lose_no_write_while_the_newest_migrations_come_and_go(database_url: str) -> None:
    newest = [one.revision for one in ScriptDirectory.from_config(alembic_config("unused://")).walk_revisions()]
    tx = Tx(make_engine(database_url, pool_size=WRITERS, application="writers"))
    with ThreadPoolExecutor(1) as pool:
        await migrate_to(pool, database_url, command.downgrade, newest[STEPS])
        async with tx.read() as db:
            left = await db.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
            writing = Writing(tx, sorted(left.scalars()))
        writers = [asyncio.create_task(writing.go_on(seed)) for seed in range(WRITERS)]
        try:
            await asyncio.sleep(0.3)
            usual = max(writing.took, default=0.0)
            for _ in range(TIMES):
                await migrate_to(pool, database_url, command.upgrade, "head")
                if TIMES > 1:
                    await migrate_to(pool, database_url, command.downgrade, newest[STEPS])
            await migrate_to(pool, database_url, command.upgrade, "head")
        finally:
            writing.is_over = True
            await asyncio.gather(*writers)
            async with tx.read() as db:
                entries = (await db.execute(text("SELECT count(*) FROM journal_entry"))).scalar_one()
            await tx.dispose()
    stall = max(writing.took)
    print(
        f"{STEPS} migrations {TIMES} times under {WRITERS} writers: {len(writing.took)} transactions, failed"
        f" {len(writing.failed)}; the longest {stall:.2f} s, before the migrations {usual:.2f} s"
    )
    assert writing.failed == []
    assert entries == len(writing.took) > WRITERS
    if IS_LONG:
        assert stall <= STALL_SECONDS
