"""A hundred lots at once: one bid book in this process for all of them against one transaction per bid, same server.

The reference is that of the hot lot, called by pgbench on a lot drawn at random. On both sides a bidder draws a lot and
offers what is enough there, one increment less or one more; on ours he goes by what he and the others last heard of
it, in the database by what holds when his turn has come. After each round every row is counted, and at the end every
book is decided again from its start by the pure rule.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from bench.harness import Findings, Rounds, Store, commit_ms, median_ratio, own_store, quantile, say
from bench.hot_lot import COMPARED, INCREMENT, REFERENCE, START, Side, Void, _require_right_book, run_pgbench
from techmarket.cli.serve import spare_the_collector
from techmarket.db import keys as market_keys
from techmarket.identity.actor import Actor
from techmarket.trading.bidbook import BidBook
from tests.trading.make import an_open_lot, bidders

LOTS = 100
BIDDERS = 64
FREE_SECONDS = 6 * 3600
SIDES = ("ours", *(f"pgbench_{n}" for n in COMPARED))

TABLE = "CREATE TABLE bench_lot (side text, n int, id uuid, PRIMARY KEY (side, n))"
SCRIPT = r"""
\set n :n + 1
\set bidder 1001 + random(0, :bidders - 1)
\set k random(0, :lots - 1)
\set steps random(-1, 1)
SELECT bench_bid((SELECT id FROM bench_lot WHERE side = :side AND n = :k), :bidder, NULL,
  :tag || '-' || :client_id || '-' || :n, :steps) AS enough \gset
"""

LIMITS = (
    "Ours: the processor of one Python process, as with the hot lot, and batches that touch dozens of lots: each is "
    "locked, moved and journalled, so a bid costs more than on one hot lot. The reference has no queue at a row "
    "lock any more and is bound by one durable commit per bid, which neighbours in the server share: that is why "
    "the ratio is smaller than on one lot. It signs no receipts."
)


async def measure(*, quick: bool) -> Findings:
    rounds, seconds, lots = (1, 1.0, 10) if quick else (5, 4.0, LOTS)
    async with own_store() as store:
        connection = await store.connect()
        await connection.execute(REFERENCE)
        await connection.execute(TABLE)
        version = await connection.fetchval("SHOW server_version")
        await connection.close()
        say(f"making {BIDDERS} bidders and {lots} lots for each side")
        who = [
            one for some in await asyncio.gather(*[bidders(store.tx, 16) for _ in range(BIDDERS // 16)]) for one in some
        ]
        own = {side: await _lots(store, side, who, lots) for side in SIDES}
        cost = await commit_ms(store)
        spare_the_collector()
        found = await _rounds(store, who, own, rounds, seconds)
        accepted = {side: await _decide_again(store, own[side]) for side in SIDES}
    if "ours" not in found.values:
        raise Void("; ".join(found.void))
    reference = [max(pair) for pair in zip(*(found.values[f"pgbench_{n}"] for n in COMPARED), strict=True)]
    figures: dict[str, Any] = {
        "ours": {
            "bids_per_s": found.median("ours"),
            "p50_ms": found.median("ours_p50"),
            "p99_ms": found.median("ours_p99"),
            "processor_us_per_bid_bidders_included": found.median("ours_work"),
            "accepted_share": accepted["ours"],
        },
        **{side: {"bids_per_s": found.median(side), "accepted_share": accepted[side]} for side in SIDES[1:]},
        "lots": lots,
        "bidders": BIDDERS,
        "rounds": len(reference),
        "rounds_void": found.void,
        "seconds_per_side": seconds,
        "one_durable_commit_ms": cost,
        "server": f"PostgreSQL {version}, fsync on; pgbench of the same package, prepared statements",
        "quick": quick,
    }
    return Findings(figures, {"vs_pgbench": median_ratio(found.values["ours"], reference)}, LIMITS)


async def _lots(store: Store, side: str, who: Sequence[Actor], count: int) -> list[UUID]:
    made = []
    seller = None
    for _ in range(count):
        lot = await an_open_lot(
            store.tx, who, start_price_minor=START, increment_minor=INCREMENT, free_seconds=FREE_SECONDS, seller=seller
        )
        seller = lot.seller
        made.append(lot.id)
    connection = await store.connect()
    await connection.executemany(
        "INSERT INTO bench_lot VALUES ($1, $2, $3)", [(side, n, lot) for n, lot in enumerate(made)]
    )
    await connection.close()
    return made


async def _rounds(
    store: Store, who: Sequence[Actor], own: dict[str, list[UUID]], rounds: int, seconds: float
) -> Rounds:
    found = Rounds()
    for turn in range(rounds):
        done: dict[str, Side] = {}
        shift = turn % len(SIDES)
        try:
            for side in SIDES[shift:] + SIDES[:shift]:
                before = await _rows(store, own[side])
                if side == "ours":
                    done[side] = await _ours(store, who, own[side], seconds, turn)
                else:
                    done[side] = await _pgbench(store, side, int(side.partition("_")[2]), len(own[side]), seconds, turn)
                written = await _rows(store, own[side]) - before
                if written != done[side].answered:
                    raise Void(f"{side}: {done[side].answered} answers, {written} rows")
        except Void as error:
            found.void.append(f"round {turn + 1}: {error}")
            continue
        for side, result in done.items():
            found.add(side, result.rate)
        found.add("ours_p50", done["ours"].p50)
        found.add("ours_p99", done["ours"].p99)
        found.add("ours_work", done["ours"].work)
        say(f"round {turn + 1}: " + ", ".join(f"{side} {result.rate:.0f}/s" for side, result in sorted(done.items())))
    return found


async def _ours(store: Store, who: Sequence[Actor], lots: Sequence[UUID], seconds: float, turn: int) -> Side:
    """Closed-loop bidders, each at any lot each time, over the one book of this process."""
    enough = {row["id"]: row["enough"] for row in await _standing(store, lots)}
    waits: list[float] = []
    async with BidBook(store.tx.engine, market_keys.for_tests().receipts) as book:
        first, _ = enough.copy().popitem()
        await book.place(first, org_id=who[0].org, minor=1, key=f"{turn} first")  # opens the book's own connection
        began, spent = time.perf_counter(), time.process_time()
        stop_at = began + seconds

        async def bid_again(n: int) -> None:
            dice, count = random.Random(turn * 1_000 + n), 0
            while (asked := time.perf_counter()) < stop_at:
                lot = dice.choice(lots)
                minor = enough[lot] + INCREMENT * dice.randint(-1, 1)
                answer = await book.place(lot, org_id=who[n].org, minor=max(minor, 1), key=f"{turn}-{n}-{count}")
                waits.append(time.perf_counter() - asked)
                heard = answer.entry.minor + INCREMENT if answer.is_accepted else answer.least_minor
                enough[lot] = max(enough[lot], heard)
                count += 1

        await asyncio.gather(*[bid_again(n) for n in range(len(who))])
        taken, spent = time.perf_counter() - began, time.process_time() - spent
    # The bid that opened the connection was answered, too.
    return Side(
        len(waits) + 1,
        taken,
        0.0,
        quantile(waits, 0.5) * 1e3,
        quantile(waits, 0.99) * 1e3,
        spent / len(waits) * 1e6,
    )


async def _pgbench(store: Store, side: str, clients: int, lots: int, seconds: float, turn: int) -> Side:
    values = {"n": 0, "bidders": BIDDERS, "lots": lots, "side": side, "tag": f"r{turn}"}
    answered, rate = await asyncio.to_thread(run_pgbench, store, SCRIPT, values, clients, seconds)
    return Side(answered, answered / rate, 0.0)


async def _rows(store: Store, lots: Sequence[UUID]) -> int:
    connection = await store.connect()
    try:
        return int(await connection.fetchval("SELECT count(*) FROM bid WHERE lot_id = ANY($1)", lots))
    finally:
        await connection.close()


async def _standing(store: Store, lots: Sequence[UUID]) -> list[Any]:
    connection = await store.connect()
    try:
        query = "SELECT id, coalesce(leading_minor + increment_minor, start_price_minor) AS enough FROM lot"
        return list(await connection.fetch(f"{query} WHERE id = ANY($1)", lots))
    finally:
        await connection.close()


async def _decide_again(store: Store, lots: Sequence[UUID]) -> float:
    """Every book of a side, read back and decided again; the share of accepted bids."""
    shares = []
    for lot in lots:
        rows = await _rows(store, [lot])
        if rows:
            shares.append((await _require_right_book(store, lot, rows, journal_rows=None), rows))
    return round(sum(share * rows for share, rows in shares) / sum(rows for _, rows in shares), 3)
