"""One hot lot: our bid book in this process against one transaction per bid, both durable, both writing the same rows.

The reference is a function in the database that does what one bid needs in a single call: lock the lot, look up the
participant and the key, decide, chain, write the entry, the lot, the journal row and the notification. pgbench calls
it, prepared, with several numbers of clients. Bidders on both sides behave alike: each waits for its answer and then
offers what would have been enough, or up to two increments more. Beside this stampede, where most bids come too late,
runs a stream where every bid leads, on both sides.

After every round the book of the lot is read back and decided again from its start by the pure rule: a round whose
rows are not exactly its successful answers, or whose chain does not hold, is void.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.harness import Findings, Rounds, Store, commit_ms, median_ratio, own_store, quantile, rounded, say
from techmarket.cli.serve import spare_the_collector
from techmarket.db import embedded
from techmarket.db import keys as market_keys
from techmarket.identity.actor import Actor
from techmarket.trading import rules
from techmarket.trading.bidbook import Answer, BidBook
from tests.trading.make import an_open_lot, bidders

BIDDERS = (64, 256)
CLIENTS = (2, 4, 16, 64)
COMPARED = (16, 64)
LED = ("ours_64", *(f"pgbench_{n}" for n in COMPARED))
"""The sides of the stream in which every bid is accepted."""
INCREMENT = 1_000_000
START = 50_000_000

REFERENCE = r"""
CREATE FUNCTION bench_bid(the_lot uuid, the_number bigint, amount bigint, the_key text, steps bigint DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  l lot%ROWTYPE; told record; known record; t timestamptz; enough bigint; said text; body bytea; link bytea;
  ends timestamptz; leads boolean;
BEGIN
  SELECT * INTO l FROM lot WHERE id = the_lot FOR UPDATE;
  SELECT market_now() AS now, s.participant_id AS id, s.state INTO told
    FROM seat s WHERE s.lot_id = the_lot AND s.number = the_number;
  t := told.now;
  SELECT b.least_minor INTO known FROM bid b WHERE b.participant_id = told.id AND b.key = the_key;
  IF FOUND THEN RETURN known.least_minor; END IF;
  enough := coalesce(l.leading_minor + l.increment_minor, l.start_price_minor);
  amount := coalesce(amount, enough + steps * l.increment_minor);
  said := CASE WHEN t >= l.effective_end THEN 'trading.bidding_over'
               WHEN told.state <> 'READY' THEN 'trading.not_qualified'
               WHEN amount < enough THEN 'trading.bid_too_low'
               WHEN (amount - enough) % l.increment_minor <> 0 THEN 'trading.bid_off_step'
               ELSE 'leading' END;
  leads := said = 'leading';
  body := convert_to(format('{"amount_minor":%s,"at":"%s","bidder":%s,"lot":"%s","seq":%s,"verdict":"%s"}', amount,
    to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00', the_number, the_lot, l.seq + 1, said),
    'UTF8');
  link := sha256(l.chain || body);
  ends := CASE WHEN leads THEN greatest(l.effective_end, least(greatest(t, l.free_ends_at)
    + make_interval(secs => l.limited_seconds), l.hard_end)) ELSE l.effective_end END;
  INSERT INTO bid (lot_id, seq, participant_id, bidder, minor, key, verdict, least_minor, at, chain)
    VALUES (the_lot, l.seq + 1, told.id, the_number, amount, the_key, said, enough, t, link);
  UPDATE lot SET seq = l.seq + 1, chain = link, effective_end = ends,
    leading_seq = CASE WHEN leads THEN l.seq + 1 ELSE l.leading_seq END,
    leading_bidder = CASE WHEN leads THEN the_number ELSE l.leading_bidder END,
    leading_minor = CASE WHEN leads THEN amount ELSE l.leading_minor END WHERE id = the_lot;
  INSERT INTO journal_entry (id, kind, refs, facts, salt)
    VALUES (uuidv7(), 'trading.bids_decided', jsonb_build_array('lot:' || the_lot),
      jsonb_build_object('seq_from', l.seq + 1, 'seq_to', l.seq + 1, 'chain', encode(link, 'hex'), 'root',
        encode(sha256('\x00'::bytea || body || '\x0a'::bytea || link), 'hex')),
      decode(replace(gen_random_uuid()::text, '-', ''), 'hex'));
  PERFORM pg_notify('trading_lots', json_build_object('lot', the_lot, 'seq', l.seq + 1, 'leading_minor',
    CASE WHEN leads THEN amount ELSE l.leading_minor END, 'effective_end', ends)::text);
  RETURN CASE WHEN leads THEN amount + l.increment_minor ELSE enough END;
END $$
"""

SCRIPT = r"""
\set n :n + 1
\set bidder 1001 + random(0, :bidders - 1)
\set minor :enough + :increment * random(0, 2)
SELECT bench_bid(:lot, :bidder, :minor, :client_id || '-' || :n) AS enough \gset
"""

ACCEPTED_SCRIPT = r"""
\set n :n + 1
\set bidder 1001 + random(0, :bidders - 1)
SELECT bench_bid(:lot, :bidder, NULL, :client_id || '-' || :n, 0) AS enough \gset
"""
"""Every bid is accepted: it offers what is enough when its turn has come."""

LIMITS = (
    "Ours: the processor. One Python process decides, chains twice over the canonical bytes, builds the receipts' tree "
    "and runs the bidders' own loop; processor_us_per_bid_bidders_included bounds it at one processor, which it has to "
    "share with the server. Beside it stands one durable commit and five round trips per batch. The reference is held "
    "back by one durable commit per bid and by the queue on the lot's row lock; it signs no receipts, which favours it."
)


@dataclass(frozen=True)
class Side:
    """One side's round: bids answered in how many seconds, the share accepted; of ours, waits in ms and work in us."""

    answered: int
    seconds: float
    accepted: float
    p50: float = 0.0
    p99: float = 0.0
    work: float = 0.0

    @property
    def rate(self) -> float:
        return self.answered / self.seconds


class Void(Exception):
    """The rows are not the answers."""


async def measure(*, quick: bool) -> Findings:
    rounds, seconds = (1, 1.0) if quick else (5, 4.0)
    clients = COMPARED if quick else CLIENTS
    async with own_store() as store:
        connection = await store.connect()
        await connection.execute(REFERENCE)
        version = await connection.fetchval("SHOW server_version")
        await connection.close()
        say(f"making {max(BIDDERS)} bidders")
        who = [one for some in await asyncio.gather(*[bidders(store.tx, 16) for _ in range(16)]) for one in some]
        cost = await commit_ms(store)
        spare_the_collector()  # as the server does
        found = await _rounds(store, who, rounds, seconds, clients)
    if "ours_64" not in found.values:
        raise Void("; ".join(found.void))
    reference = [max(pair) for pair in zip(*(found.values[f"pgbench_{n}"] for n in COMPARED), strict=True)]
    medians = {n: found.median(f"pgbench_{n}") for n in clients}
    best = max(medians, key=lambda n: medians[n])
    figures: dict[str, Any] = {}
    for n in BIDDERS:
        figures[f"ours_{n}"] = {
            "bids_per_s": found.median(f"ours_{n}"),
            "p50_ms": found.median(f"ours_{n}_p50"),
            "p99_ms": found.median(f"ours_{n}_p99"),
            "p99_ms_by_round": found.all_of(f"ours_{n}_p99"),
            "processor_us_per_bid_bidders_included": found.median(f"ours_{n}_work"),
            "accepted_share": found.median(f"ours_{n}_accepted"),
            "vs_best_pgbench": rounded(found.median(f"ours_{n}") / medians[best]),
        }
    for n in clients:
        figures[f"pgbench_{n}"] = {
            "bids_per_s": medians[n],
            "accepted_share": found.median(f"pgbench_{n}_accepted"),
        }
    figures["every_bid_accepted"] = {
        **{f"{side}_bids_per_s": found.median(f"{side}_led") for side in LED},
        "ours_64_p99_ms": found.median("ours_64_led_p99"),
        "accepted_share": found.median("ours_64_led_accepted"),
        "vs_pgbench": median_ratio(
            found.values["ours_64_led"],
            [max(pair) for pair in zip(*(found.values[f"pgbench_{n}_led"] for n in COMPARED), strict=True)],
        ),
    }
    figures |= {
        "pgbench_best_clients": best,
        "rounds": len(reference),
        "rounds_void": found.void,
        "seconds_per_side": seconds,
        "one_durable_commit_ms": cost,
        "server": f"PostgreSQL {version}, fsync on; pgbench of the same package, prepared statements",
        "quick": quick,
    }
    return Findings(
        figures, {f"vs_pgbench_{n}": median_ratio(found.values[f"ours_{n}"], reference) for n in BIDDERS}, LIMITS
    )


async def _rounds(store: Store, who: Sequence[Actor], rounds: int, seconds: float, clients: Sequence[int]) -> Rounds:
    """All sides in turn, each round beginning with another one; a round with a void side counts for nobody."""
    found = Rounds()
    sides = [f"ours_{n}" for n in BIDDERS] + [f"pgbench_{n}" for n in clients] + [f"{one}_led" for one in LED]
    for turn in range(rounds):
        done: dict[str, Side] = {}
        shift = turn % len(sides)
        try:
            for side in sides[shift:] + sides[:shift]:
                kind, number, *led = side.split("_")
                run = _ours if kind == "ours" else _pgbench
                done[side] = await run(store, who, int(number), seconds, all_lead=bool(led))
        except Void as error:
            found.void.append(f"round {turn + 1}: {error}")
            continue
        for side, result in done.items():
            found.add(side, result.rate)
            found.add(f"{side}_accepted", result.accepted)
            if side.startswith("ours"):
                found.add(f"{side}_p50", result.p50)
                found.add(f"{side}_p99", result.p99)
                found.add(f"{side}_work", result.work)
        say(f"round {turn + 1}: " + ", ".join(f"{side} {result.rate:.0f}/s" for side, result in sorted(done.items())))
    return found


async def _ours(store: Store, who: Sequence[Actor], count: int, seconds: float, *, all_lead: bool = False) -> Side:
    """Closed-loop bidders over the book of this process, receipts included."""
    lot = await an_open_lot(store.tx, who[:count], start_price_minor=START, increment_minor=INCREMENT)
    waits: list[float] = []
    async with BidBook(store.tx.engine, market_keys.for_tests().receipts) as book:
        await book.place(lot.id, org_id=who[0].org, minor=START, key="first")  # opens the book's own connection
        began, spent = time.perf_counter(), time.process_time()
        stop_at = began + seconds

        next_led = itertools.count(START + INCREMENT, INCREMENT)

        async def bid_again(n: int) -> None:
            chance, enough, turn = random.Random(n).random, START, 0
            while (asked := time.perf_counter()) < stop_at:
                minor = next(next_led) if all_lead else enough + INCREMENT * int(3 * chance())
                answer: Answer = await book.place(lot.id, org_id=who[n].org, minor=minor, key=f"{n}-{turn}")
                waits.append(time.perf_counter() - asked)
                enough = answer.entry.minor + INCREMENT if answer.is_accepted else answer.least_minor
                turn += 1

        await asyncio.gather(*[bid_again(n) for n in range(count)])
        taken, spent = time.perf_counter() - began, time.process_time() - spent
        batches = book.batches
    accepted = await _require_right_book(store, lot.id, len(waits) + 1, journal_rows=batches)
    return Side(
        len(waits),
        taken,
        accepted,
        quantile(waits, 0.5) * 1e3,
        quantile(waits, 0.99) * 1e3,
        spent / len(waits) * 1e6,
    )


async def _pgbench(store: Store, who: Sequence[Actor], clients: int, seconds: float, *, all_lead: bool = False) -> Side:
    """One transaction per bid: as many bidders as on the smaller of our sides, over `clients` connections."""
    lot = await an_open_lot(store.tx, who[: BIDDERS[0]], start_price_minor=START, increment_minor=INCREMENT)
    script = ACCEPTED_SCRIPT if all_lead else SCRIPT
    values = {"lot": lot.id, "n": 0, "bidders": BIDDERS[0], "enough": START, "increment": INCREMENT}
    answered, rate = await asyncio.to_thread(run_pgbench, store, script, values, clients, seconds)
    accepted = await _require_right_book(store, lot.id, answered, journal_rows=answered)
    return Side(answered, answered / rate, accepted)


def run_pgbench(
    store: Store, script: str, values: Mapping[str, Any], clients: int, seconds: float
) -> tuple[int, float]:
    """How many transactions pgbench made, and how many a second."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bid.sql"
        file.write_text(script)
        done = subprocess.run(
            [
                str(embedded.binary("pgbench")),
                *("-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2))),
                # The clock of -T runs while the clients connect, which is no part of the rate: they get time for it.
                *("-T", str(round(seconds + clients / 32)), "-f", str(file)),
                *(part for name, value in values.items() for part in ("-D", f"{name}={value}")),
                store.url.replace("+asyncpg", ""),
            ],
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
    said = done.stdout
    answered = int(_one(r"number of transactions actually processed: (\d+)", said))
    if answered == 0:
        raise Void(f"pgbench {clients}: no transaction in its time")
    if int(_one(r"number of failed transactions: (\d+)", said)):
        raise Void(f"pgbench {clients}: failed transactions")
    return answered, float(_one(r"tps = ([\d.]+)", said))


def _one(pattern: str, said: str) -> str:
    found = re.search(pattern, said)
    if found is None:
        raise RuntimeError(f"pgbench did not say {pattern!r}:\n{said}")
    return found.group(1)


async def _require_right_book(store: Store, lot_id: UUID, answered: int, *, journal_rows: int | None) -> float:
    """Read the book back and decide it again. Returns the share of accepted bids."""
    connection = await store.connect()
    try:
        lot = await connection.fetchrow(
            "SELECT l.*, t.terms_sha256 FROM lot l JOIN trade t ON t.id = l.trade_id WHERE l.id = $1", lot_id
        )
        rows = await connection.fetch(
            "SELECT seq, bidder, minor, verdict, at, chain FROM bid WHERE lot_id = $1 ORDER BY seq", lot_id
        )
        noted = await connection.fetchval(
            "SELECT count(*) FROM journal_entry WHERE kind = 'trading.bids_decided' AND refs ->> 0 = $1",
            f"lot:{lot_id}",
        )
    finally:
        await connection.close()
    if len(rows) != answered:
        raise Void(f"{answered} answers, {len(rows)} rows")
    if journal_rows is not None and noted != journal_rows:
        raise Void(f"{journal_rows} transactions, {noted} journal rows")
    return await asyncio.to_thread(_decide_again, lot, rows)


def _decide_again(lot: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> float:
    limited = timedelta(seconds=lot["limited_seconds"])
    terms = rules.LotTerms(
        lot["id"], lot["start_price_minor"], lot["increment_minor"], limited, lot["free_ends_at"], lot["hard_end"]
    )
    fresh = rules.LotState(
        terms,
        min(lot["free_ends_at"] + limited, lot["hard_end"]),
        0,
        rules.first_chain(lot["id"], lot["terms_sha256"]),
    )
    after = rules.replay(fresh, [rules.BookLine(**row) for row in rows])
    if after is None:
        raise Void("the book does not decide again to what it says")
    if (after.seq, after.chain, after.leading_minor) != (lot["seq"], lot["chain"], lot["leading_minor"]):
        raise Void("the lot does not say what its book says")
    return sum(row["verdict"] == rules.LEADING for row in rows) / len(rows)
