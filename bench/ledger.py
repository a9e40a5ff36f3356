"""Transfers of the ledger against a bare insert of the same rows by pgbench, both durable, on the same server.

Ours is what rooms call: `ledger.post` in a transaction of its own, its two accounts locked and judged in Python before
the row is written, triggers and constraints as they stand. The reference is one prepared INSERT of the same row per
transaction, into the same table with the same triggers and constraints, by pgbench. Both move one fen between one of a
hundred pairs of accounts. After each round the book has to sum to nought, every kept balance has to be that of its
transfers, and the rows written have to be the successful answers; else the round is void.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any
from uuid import UUID

from bench.harness import Findings, Rounds, Store, commit_ms, median_ratio, own_store, say
from bench.hot_lot import run_pgbench
from techmarket.kernel.ids import Ref, new_id
from techmarket.ledger import steps

PAIRS = 100
CLIENTS = 16
MANY = 200
SCRIPT = r"""
\set pair random(0, :pairs - 1)
INSERT INTO transfer (id, book, debit_account, credit_account, minor, why, code)
SELECT uuidv7(), 'market', p.debit, p.credit, 1, 'sample:00000000-0000-0000-0000-000000000001', 'sample.moved'
FROM bench_pair p WHERE p.n = :pair;
"""
LIMITS = (
    "One durable commit per transfer on both sides, shared by those that commit together. Ours adds three round trips "
    "from one Python process: the accounts locked and read, the row, the commit; that process is the bound. Many "
    "transfers in one call share all of it."
)


async def measure(*, quick: bool) -> Findings:
    rounds, seconds = (1, 1.0) if quick else (7, 4.0)
    async with own_store() as store:
        pairs = await _open(store)
        connection = await store.connect()
        version = await connection.fetchval("SHOW server_version")
        await connection.close()
        cost = await commit_ms(store)
        found = Rounds()
        for turn in range(rounds):
            before = await _count(store)
            made = await _ours(store, pairs, seconds)
            many = await _many(store, pairs, seconds / 2)
            theirs = await asyncio.to_thread(_pgbench, store, seconds)
            wrong = await _wrong(store, before + made[0] + many[0] + theirs[0])
            if wrong:
                found.void.append(f"round {turn + 1}: {wrong}")
                continue
            for side, (count, took) in (("ours", made), ("ours_many", many), ("pgbench", theirs)):
                found.add(side, count / took)
            say(f"round {turn + 1}: {found.values['ours'][-1]:.0f} against {found.values['pgbench'][-1]:.0f} a second")
    if "ours" not in found.values:
        raise RuntimeError("; ".join(found.void))
    figures: dict[str, Any] = {
        "ours": {"transfers_per_s": found.median("ours")},
        f"ours_{MANY}_in_one_call": {"transfers_per_s": found.median("ours_many")},
        f"pgbench_{CLIENTS}": {"transfers_per_s": found.median("pgbench")},
        "clients": CLIENTS,
        "pairs_of_accounts": PAIRS,
        "rounds": rounds,
        "rounds_void": found.void,
        "seconds_per_side": seconds,
        "one_durable_commit_ms": cost,
        "server": f"PostgreSQL {version}, fsync on; pgbench of the same package, prepared statements",
        "quick": quick,
    }
    return Findings(figures, {"vs_pgbench": median_ratio(found.values["ours"], found.values["pgbench"])}, LIMITS)


async def _open(store: Store) -> list[tuple[UUID, UUID]]:
    async with store.tx.begin() as db:
        kinds = (steps.Purpose.BANK, steps.Purpose.ESCROW)
        named = [
            [await steps.account(db, purpose=kind, subject=Ref("sample", new_id())) for kind in kinds]
            for _ in range(PAIRS)
        ]
    pairs = [(debit, credit) for debit, credit in named]
    connection = await store.connect()
    await connection.execute("CREATE TABLE bench_pair (n int PRIMARY KEY, debit uuid, credit uuid)")
    await connection.executemany(
        "INSERT INTO bench_pair VALUES ($1, $2, $3)", [(n, *pair) for n, pair in enumerate(pairs)]
    )
    await connection.close()
    return pairs


async def _ours(store: Store, pairs: list[tuple[UUID, UUID]], seconds: float) -> tuple[int, float]:
    started = time.perf_counter()

    async def client(draw: random.Random) -> int:
        done = 0
        while time.perf_counter() - started < seconds:
            debit, credit = draw.choice(pairs)
            async with store.tx.begin() as db:
                await steps.post(db, debit=debit, credit=credit, minor=1, why=Ref("sample", debit), code="sample.moved")
            done += 1
        return done

    made = sum(await asyncio.gather(*[client(random.Random(n)) for n in range(CLIENTS)]))
    return made, time.perf_counter() - started


async def _many(store: Store, pairs: list[tuple[UUID, UUID]], seconds: float) -> tuple[int, float]:
    started, made, draw = time.perf_counter(), 0, random.Random(1)
    while time.perf_counter() - started < seconds:
        chosen = [draw.choice(pairs) for _ in range(MANY)]
        async with store.tx.begin() as db:
            await steps.post_many(
                db, [steps.Posting(debit, credit, 1, Ref("sample", debit), "sample.moved") for debit, credit in chosen]
            )
        made += MANY
    return made, time.perf_counter() - started


def _pgbench(store: Store, seconds: float) -> tuple[int, float]:
    made, rate = run_pgbench(store, SCRIPT, {"pairs": PAIRS}, CLIENTS, seconds)
    return made, made / rate


async def _count(store: Store) -> int:
    connection = await store.connect()
    try:
        return int(await connection.fetchval("SELECT count(*) FROM transfer"))
    finally:
        await connection.close()


async def _wrong(store: Store, wanted: int) -> str | None:
    written = await _count(store)
    async with store.tx.read() as db:
        books = await steps.check_books(db)
    if written != wanted:
        return f"{written} rows for {wanted} answers"
    return None if all(book.is_balanced for book in books) else "the book does not balance"
