"""One income event to ten thousand people, all that their statements need included, against a bulk insert of its rows.

Ours is the use case itself: locks, rules of the day, the split with every step, the salted tree over all lines, the
journal entry, one durable commit. The reference is COPY of exactly the rows that it wrote, read back before, in one
transaction of the same server: lines, distribution, computation, proof and journal entry, with all constraints on.
"""

from __future__ import annotations

import hashlib
import time
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import psutil

from bench.harness import Findings, Rounds, Store, commit_ms, median_ratio, own_store, rounded, say
from techmarket.cli.serve import spare_the_collector
from techmarket.db import keys as market_keys
from techmarket.kernel.ids import new_id
from techmarket.revenue import service
from techmarket.revenue.case import Group, GroupShare, Share, Table
from tests.revenue.make_licence import POSTED, Licence, a_licence, receive_entry_fee

PEOPLE = 10_000
STAFF = 1_000
COPIED = ("text", "distribution", "distribution_line", "distribution_proof", "journal_entry")

LIMITS = (
    "The processor of one Python process: reading the table's text, exact division of cents among all and the list of "
    "rows come before the one round trip that writes all lines; the salted leaves and what is shown of each line are "
    "made while the server takes them, so a second processor that is busy with something else costs. The reference "
    "computes nothing."
)


async def measure(*, quick: bool) -> Findings:
    rounds, people = (3, 1_000) if quick else (15, PEOPLE)
    keys = market_keys.for_tests()
    async with own_store() as store:
        licence = await a_licence(store.tx, keys)
        await receive_entry_fee(licence)
        table_id = await _table(store, licence, people)
        connection = await store.connect()
        cost = await commit_ms(store)
        spare_the_collector()  # as the API process does at its start
        found, memory = Rounds(), []
        for turn in range(rounds + 1):
            started = time.perf_counter()
            drafted = await service.draft_distribution(
                store.tx, licence.unit.actor, licence.id, share_table_id=table_id
            )
            took = (time.perf_counter() - started) * 1000
            assert len(drafted.lines) == people
            assert sum(line.amount.minor for line in drafted.lines) == drafted.reward.minor
            copied = await _copied(connection, drafted.id, drafted.computation_sha256, people)
            memory.append(psutil.Process().memory_info().rss / 2**20)
            if turn:  # the first warms both
                found.add("ours", took)
                found.add("bulk_insert", copied)
                say(f"round {turn}: {took:.0f} ms, and {copied:.0f} ms to copy the rows in")
            if turn < rounds:
                await service.reverse_distribution(store.tx, licence.unit.actor, drafted.id)
        statement_ms = await _statement_ms(licence, drafted.id)
        await connection.close()
    figures: dict[str, Any] = {
        "ours": {"ms": found.median("ours"), "ms_by_round": found.all_of("ours")},
        "bulk_insert": {"ms": found.median("bulk_insert"), "ms_by_round": found.all_of("bulk_insert")},
        "people": people,
        "us_per_person": rounded(found.median("ours") * 1000 / people),
        "one_statement_file_ms": statement_ms,
        "memory_mb_after_the_first": rounded(memory[1]),
        "memory_mb_after_the_last": rounded(memory[-1]),
        "one_durable_commit_ms": cost,
        "rounds": rounds,
        "quick": quick,
    }
    ratios = {"vs_bulk_insert": median_ratio(found.values["ours"], found.values["bulk_insert"])}
    return Findings(figures, ratios, LIMITS)


async def _table(store: Store, licence: Licence, people: int) -> UUID:
    """A table with the three inventors and so many helpers; a split may be worked out before all have signed."""
    connection = await store.connect()
    helpers = [new_id() for _ in range(people - len(licence.inventors))]
    await connection.executemany(
        "INSERT INTO person (id, name) VALUES ($1, $2)", [(one, f"Sample helper {n}") for n, one in enumerate(helpers)]
    )
    await connection.close()
    shares = [Share(str(one), Decimal(n % 7 + 1)) for n, one in enumerate(helpers)]
    staff = STAFF * people // PEOPLE
    main = licence.table().groups[0]
    groups = (
        main,
        GroupShare(Group.STAFF, Decimal(5), tuple(shares[:staff])),
        GroupShare(Group.OTHERS, Decimal(10), tuple(shares[staff:])),
    )
    drafted = await service.draft_share_table(
        store.tx, licence.unit.actor, contract_id=licence.id, achievement_id=None, table=Table(groups)
    )
    return drafted.id


async def _copied(connection: asyncpg.Connection, drafted: UUID, sha256: str, people: int) -> float:
    """How many milliseconds it takes to put the same rows in again under other ids, by COPY and one commit."""
    rows = {
        "text": await connection.fetch("SELECT * FROM text WHERE sha256 = $1", sha256),
        "distribution": await connection.fetch("SELECT * FROM distribution WHERE id = $1", drafted),
        "distribution_line": await connection.fetch(
            "SELECT * FROM distribution_line WHERE distribution_id = $1 ORDER BY n", drafted
        ),
        "distribution_proof": await connection.fetch(
            "SELECT * FROM distribution_proof WHERE distribution_id = $1", drafted
        ),
        "journal_entry": await connection.fetch(
            "SELECT id, actor, org, kind, refs, facts, salt FROM journal_entry WHERE kind ="
            " 'revenue.distribution_drafted' ORDER BY seq DESC LIMIT 1"
        ),
    }
    assert len(rows["distribution_line"]) == people
    fresh = new_id()
    given: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {}
    for table in COPIED:
        columns = list(rows[table][0].keys())
        values = [_renamed(table, dict(row), drafted, fresh) for row in rows[table]]
        given[table] = (columns, [tuple(value[column] for column in columns) for value in values])
    started = time.perf_counter()
    async with connection.transaction():
        for table, (columns, values) in given.items():
            await connection.copy_records_to_table(table, records=values, columns=columns)
    took = (time.perf_counter() - started) * 1000
    await connection.execute("UPDATE distribution SET state = 'REVERSED' WHERE id = $1", fresh)
    return took


def _renamed(table: str, row: dict[str, Any], was: UUID, fresh: UUID) -> dict[str, Any]:
    """The row as another one of the same size: other ids, all else as it is."""
    if table == "text":
        body = row["body"][:-1] + f',"copy":"{fresh}"}}'.encode()
        return row | {"sha256": hashlib.sha256(body).hexdigest(), "body": body}
    if table == "distribution":
        return row | {"id": fresh, "state": "DRAFT"}
    if table == "distribution_proof":
        return row | {"distribution_id": fresh}
    if table == "distribution_line":
        return row | {"id": new_id(), "distribution_id": fresh}
    return row | {"id": new_id()}


async def _statement_ms(licence: Licence, drafted: UUID) -> float:
    """One person's file with its proof and all that she recomputes it from, the list being published."""
    await service.publish_distribution(licence.tx, licence.unit.actor, drafted, posted_sha256=POSTED)
    me, taken = licence.inventors[0].actor, []
    for _ in range(5):
        started = time.perf_counter()
        await service.get_statement_file(licence.tx, licence.keys, me, drafted, me.person)
        taken.append((time.perf_counter() - started) * 1000)
    return rounded(sorted(taken)[2])
