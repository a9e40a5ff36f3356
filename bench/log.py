"""The journal as it grows: what an entry costs to record, position and prove after 10,000 others and after 1,000,000.

Two databases of one server, filled through the real sequencer and the real checkpoints, one small and one large. Each
round adds the same entries to both, in turn: recorded by concurrent use cases, positioned by the sequencer, put under
a signed checkpoint, and some of them proven; every proof is verified as a stranger would. At the end both logs are
examined whole, as `techmarket doctor` does it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import text

from bench.harness import Findings, Rounds, Store, commit_ms, median_ratio, opened, own_store, rounded, say
from bench.plot import shares
from techmarket.db import journal
from techmarket.db import keys as market_keys
from techmarket.db.keys import Keys
from techmarket.kernel.events import Event
from techmarket.kernel.ids import new_id
from techmarket.transparency import offline, repository, service, steps

SMALL = 10_000
LARGE, LARGE_QUICK = 1_000_000, 200_000
WRITERS = 16
CHUNK = 20_000

LIMITS = (
    "Recording is one durable commit per use case, shared by those that commit together, plus the round trips of one "
    "transaction in one Python process; positioning is the canonical form and the SHA-256 of each entry in Python and "
    "one set-wise insert; a checkpoint is the hashing of the new nodes in Python. All of it is bound by the processor "
    "of one process and by the disk, not by the length of the log."
)


@dataclass(frozen=True)
class Happened(Event):
    """An entry of the measurement."""

    kind: ClassVar[str] = "bench.happened"
    thing_id: UUID
    n: int


class Void(Exception):
    """The log is not what was recorded."""


async def measure(*, quick: bool) -> Findings:
    large = LARGE_QUICK if quick else LARGE
    rounds, entries, proofs = (3, 480, 20) if quick else (15, 800, 40)
    keys = market_keys.for_tests()
    async with own_store() as small:
        connection = await small.connect("postgres")
        await small.tx.dispose()  # a template must have no one connected
        await connection.execute("CREATE DATABASE bench_large TEMPLATE bench")
        await connection.close()
        async with opened(small.server, "bench_large") as big:
            fill_s = {}
            for store, size in ((small, SMALL), (big, large)):
                fill_s[size] = await timed(fill(store, keys, size))
                say(f"{size} entries are there, {size / fill_s[size]:.0f} a second")
            cost = await commit_ms(small)
            found = Rounds()
            for turn in range(rounds):
                sides = [("small", small), ("large", big)]
                for side, store in sides if turn % 2 else reversed(sides):
                    await _round(found, side, store, keys, entries, proofs, turn)
                say(
                    f"round {turn + 1}: {found.values['small'][-1]:.0f} and {found.values['large'][-1]:.0f} us an entry"
                )
            doctor = {side: await examine(store, keys) for side, store in (("small", small), ("large", big))}
            say(f"the whole log examined in {doctor['large'][1]:.1f} s")
    names = ("", "_record", "_position", "_checkpoint")
    figures: dict[str, Any] = {
        side: {
            "entries_before": size,
            **{f"us_per_entry{name}": found.median(side + name) for name in names},
            "ms_per_promise": found.median(f"{side}_promise"),
            "ms_per_proof": found.median(f"{side}_proof"),
            "ms_per_consistency_proof": found.median(f"{side}_consistency"),
            "us_per_verification": found.median(f"{side}_verification"),
            "entries_examined": doctor[side][0],
            "examined_in_s": rounded(doctor[side][1]),
            "us_per_entry_examined": rounded(doctor[side][1] / doctor[side][0] * 1e6),
        }
        for side, size in (("small", SMALL), ("large", large))
    }
    figures |= {
        "positioning_and_checkpoint_large_vs_small": median_ratio(
            [a + b for a, b in zip(found.values["large_position"], found.values["large_checkpoint"], strict=True)],
            [a + b for a, b in zip(found.values["small_position"], found.values["small_checkpoint"], strict=True)],
        ),
        "proof_large_vs_small": median_ratio(found.values["large_proof"], found.values["small_proof"]),
        "filled_per_s": rounded(large / fill_s[large]),
        "rounds": rounds,
        "entries_per_round": entries,
        "writers": WRITERS,
        "one_durable_commit_ms": cost,
        "quick": quick,
    }
    drawn = shares(
        "Journal: cost of an entry, recorded, positioned and provable",
        "microseconds",
        {
            f"after {size:,}": [(cost, 1) for cost in found.values[side]]
            for side, size in (("small", SMALL), ("large", large))
        },
    )
    limits = LIMITS if large == LARGE else f"{LIMITS} The short form compares {large} entries, not 1,000,000."
    ratios = {
        "cost_1m_vs_10k": median_ratio(found.values["large"], found.values["small"]),
        "doctor_s": rounded(doctor["large"][1]),
    }
    return Findings(figures, ratios, limits, plots={"log": drawn})


async def fill(store: Store, keys: Keys, size: int) -> None:
    """Entries as use cases leave them, then positions and checkpoints from the real code."""
    connection = await store.connect()
    try:
        for first in range(0, size, CHUNK):
            await connection.execute(
                "INSERT INTO journal_entry (id, kind, refs, facts, salt)"
                " SELECT uuidv7(), 'bench.happened', jsonb_build_array('thing:' || gen_random_uuid()),"
                " jsonb_build_object('n', n), substr(sha256(n::text::bytea), 1, 16)"
                " FROM generate_series($1::int, $2::int) n",
                first,
                min(first + CHUNK, size) - 1,
            )
            while await sequence(store):
                pass
            while await service.make_checkpoint(store.tx, keys):
                pass
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def sequence(store: Store) -> int:
    async with store.tx.begin() as db:
        return await journal.sequence(db)


async def _round(found: Rounds, side: str, store: Store, keys: Keys, entries: int, proofs: int, turn: int) -> None:
    async with store.tx.read() as db:
        before = await journal.head(db)
    recorded: list[UUID] = []

    async def write(count: int) -> None:
        for n in range(count):
            async with store.tx.begin() as db:
                recorded.append(journal.record(db, Happened(new_id(), n), actor=None))

    async def record() -> None:
        await asyncio.gather(*[write(entries // WRITERS) for _ in range(WRITERS)])

    async def position() -> None:
        while await sequence(store):
            pass

    async def checkpoint() -> None:
        while await service.make_checkpoint(store.tx, keys):
            pass

    taken = {
        "record": await timed(record()),
        "position": await timed(position()),
        "checkpoint": await timed(checkpoint()),
    }
    async with store.tx.read() as db:
        after = await journal.head(db)
        newest = await repository.newest_checkpoint(db)
        covered = newest.size if newest else 0
        somewhere = random.Random(turn).sample(range(after), proofs)
        query = text("SELECT e.id FROM journal_entry e JOIN journal_position p USING (seq) WHERE p.n = ANY(:n)")
        chosen = list((await db.execute(query, {"n": somewhere})).scalars())
    proofs_made: list[dict[str, Any]] = []
    taken["promise"] = await timed(promise(store, keys, chosen))
    taken["proof"] = await timed(prove(store, chosen, proofs_made))
    taken["verification"] = verified(proofs_made, keys)
    taken["consistency"] = await timed(prove_growth(store, turn, covered, proofs))
    if after - before != len(recorded) or covered != after:
        raise Void(f"{len(recorded)} recorded, {after - before} positioned, {covered} of {after} under a checkpoint")
    for name in ("record", "position", "checkpoint"):
        found.add(f"{side}_{name}", taken[name] / len(recorded) * 1e6)
    found.add(side, (taken["record"] + taken["position"] + taken["checkpoint"]) / len(recorded) * 1e6)
    found.add(f"{side}_promise", taken["promise"] / proofs * 1e3)
    found.add(f"{side}_proof", taken["proof"] / proofs * 1e3)
    found.add(f"{side}_consistency", taken["consistency"] / proofs * 1e3)
    found.add(f"{side}_verification", taken["verification"] / proofs * 1e6)


async def promise(store: Store, keys: Keys, entries: list[UUID]) -> None:
    """What whoever acts gets at once: the signed word that the log will hold the entry."""
    async with store.tx.read() as db:
        for entry in entries:
            await steps.promise(db, keys, entry)


async def prove(store: Store, entries: list[UUID], made: list[dict[str, Any]]) -> None:
    async with store.tx.read() as db:
        for entry in entries:
            proof = await steps.proof_for(db, entry)
            if proof is None:
                raise Void("an entry has no proof")
            made.append(asdict(proof))


def verified(proofs: list[dict[str, Any]], keys: Keys) -> float:
    """Signature of the checkpoint and way up to its root, for each proof by itself."""
    started = time.perf_counter()
    if not all(offline.proof_holds(proof, keys.log.public) for proof in proofs):
        raise Void("a proof does not hold")
    return time.perf_counter() - started


async def prove_growth(store: Store, turn: int, size: int, times: int) -> None:
    """Consistency proofs from anywhere in the log to its end."""
    async with store.tx.read() as db:
        for earlier in random.Random(turn).sample(range(1, size), times):
            await steps.consistency(db, earlier, size)


async def examine(store: Store, keys: Keys) -> tuple[int, float]:
    async with store.tx.read() as db:
        entries = await journal.head(db)
    started = time.perf_counter()
    findings = await service.audit(store.tx, keys)
    taken = time.perf_counter() - started
    if findings:
        raise Void(f"an untouched log was found wrong: {findings[:3]}")
    return entries, taken


async def timed(work: Awaitable[None]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started
