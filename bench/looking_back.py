"""Looking back and looking ahead at size: audit search over 10,000 and 1,000,000 entries of the journal, and the work
queue over 1,000 and 100,000 open things, the same questions to both.

Two databases of one server, filled by bulk with rows as the services leave them: entries of three years by the people
of two hundred organisations, some kinds in every second entry and one in one of twenty thousand; listings to review and
to finish, and dues to pay. Questions go through the services, as the API asks them, and alternate between both sides
within each round. Of each the plan of its statements over the large side is told: the indexes, or what is read whole.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event

from bench.harness import Findings, Rounds, Store, opened, own_store, quantile, rounded, say
from techmarket.db import keys as market_keys
from techmarket.db.keys import Keys
from techmarket.db.session import fetched
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import new_id
from techmarket.transparency import service as transparency
from techmarket.transparency.views import AuditQuery
from techmarket.workbench import service as workbench
from tests.identity.make import Keyed, a_market, an_organisation

SMALL, SMALL_QUICK = 10_000, 1_000
LARGE, LARGE_QUICK = 1_000_000, 10_000
WORK_SMALL, WORK_SMALL_QUICK = 1_000, 100
WORK_LARGE, WORK_LARGE_QUICK = 100_000, 1_000
ROUNDS, ROUNDS_QUICK = 200, 3
ORGANISATIONS = 200
LIMITS = (
    "One statement of the database for each question, and a few lookups by key beside it. An entry that is asked for "
    "by what is common is near the end of its index and costs the same at any size; one asked for by what is rare is "
    "found by an index of that. The work of a market's staff is gathered from all rooms anew at each look: what waits "
    "is read and put in order, so that look grows with what waits for him who asks, not with what the market holds."
)
LARGE_TABLES = ("journal_entry", "journal_position", "listing", "due")


@dataclass(frozen=True)
class Side:
    """One filled database, and who asks of it."""

    store: Store
    operator: Actor
    member: Actor
    orgs: list[UUID]
    people: list[UUID]
    things: list[str]


Question = Callable[[Side, random.Random], Awaitable[object]]


async def measure(*, quick: bool) -> Findings:
    sizes = (
        ((SMALL_QUICK, WORK_SMALL_QUICK), (LARGE_QUICK, WORK_LARGE_QUICK))
        if quick
        else ((SMALL, WORK_SMALL), (LARGE, WORK_LARGE))
    )
    keys, found = market_keys.for_tests(), Rounds()
    async with own_store() as small:
        connection = await small.connect("postgres")
        await small.tx.dispose()  # a template must have no one connected
        await connection.execute("CREATE DATABASE bench_large TEMPLATE bench")
        await connection.close()
        async with opened(small.server, "bench_large") as large:
            sides = {
                name: await filled(store, keys, *size)
                for (name, store), size in zip((("small", small), ("large", large)), sizes, strict=True)
            }
            plans = {name: await plan_of(sides["large"], asked) for name, asked in QUESTIONS.items()}
            for turn in range(ROUNDS_QUICK if quick else ROUNDS):
                for name, asked in QUESTIONS.items():
                    for side in ("small", "large") if turn % 2 else ("large", "small"):
                        began = time.perf_counter()
                        await asked(sides[side], random.Random(turn))
                        found.add(f"{name} {side}", (time.perf_counter() - began) * 1000)
    figures: dict[str, Any] = {
        name: {
            **{
                f"{side}_{title}_ms": rounded(quantile(found.values[f"{name} {side}"], share))
                for side in ("small", "large")
                for title, share in (("p50", 0.5), ("p99", 0.99))
            },
            "reads_by": plans[name],
        }
        for name in QUESTIONS
    }
    figures |= {"entries": [size[0] for size in sizes], "open_things": [size[1] for size in sizes], "quick": quick}
    ratios = {
        "audit_p99": rounded(max(grown(found, name) for name in QUESTIONS if name.startswith("audit"))),
        "work_of_a_member_p99": rounded(grown(found, "work of a member")),
        "work_of_an_operator_p99_ms": rounded(quantile(found.values["work of an operator large"], 0.99)),
    }
    return Findings(figures, ratios, LIMITS)


def grown(found: Rounds, name: str) -> float:
    return quantile(found.values[f"{name} large"], 0.99) / quantile(found.values[f"{name} small"], 0.99)


# --- what is asked --------------------------------------------------------------------------------------------------


def _audit(of: str, **narrowed: Callable[[Side, random.Random], Any]) -> Question:
    async def ask(side: Side, chance: random.Random) -> object:
        values = {name: value(side, chance) for name, value in narrowed.items()}
        org = side.member.org if of == "member" else None
        asked = AuditQuery(values.pop("organisation_id", org), **values)
        actor = side.member if of == "member" else side.operator
        return await transparency.search_audit(side.store.tx, actor, asked, cursor=None, limit=20)

    return ask


async def _second_page(side: Side, chance: random.Random) -> object:
    asked = AuditQuery(side.member.org)
    page = await transparency.search_audit(side.store.tx, side.member, asked, cursor=None, limit=100)
    return await transparency.search_audit(side.store.tx, side.member, asked, cursor=page.next_cursor, limit=20)


async def _work(side: Side, actor: Actor, **more: Any) -> object:
    return await workbench.list_work(side.store.tx, actor, limit=20, **more)


QUESTIONS: Mapping[str, Question] = {
    "audit of an organisation": _audit("member"),
    "audit of an organisation, second page": _second_page,
    "audit of an organisation by kind": _audit("member", kinds=lambda *_: ("bench.rare",)),
    "audit of an organisation by time": _audit("member", until=lambda *_: BEGAN + timedelta(days=200)),
    "audit of all": _audit("operator"),
    "audit of all by a rare kind": _audit("operator", kinds=lambda *_: ("bench.rare",)),
    "audit of all by a kind that never was": _audit("operator", kinds=lambda *_: ("bench.never",)),
    "audit of all by person": _audit("operator", person_id=lambda side, chance: chance.choice(side.people)),
    "audit of all by thing": _audit("operator", about=lambda side, chance: chance.choice(side.things)),
    "audit of all by time": _audit("operator", until=lambda *_: BEGAN + timedelta(days=200)),
    "audit of all of one day": _audit(
        "operator",
        since=lambda *_: BEGAN + timedelta(days=300),
        until=lambda *_: BEGAN + timedelta(days=301),
    ),
    "audit of all by elevation": _audit("operator", elevation_id=lambda *_: ELEVATION),
    "audit of another organisation": _audit(
        "operator", organisation_id=lambda side, chance: chance.choice(side.orgs[:20])
    ),
    "work of a member": lambda side, _: _work(side, side.member),
    "work of an operator": lambda side, _: _work(side, side.operator),
    "work of an operator by kind": lambda side, _: _work(side, side.operator, kinds=("listings.review",)),
    "counts of an operator": lambda side, _: workbench.count_work(side.store.tx, side.operator),
}
BEGAN = datetime(2023, 3, 1, tzinfo=UTC)
ELEVATION = UUID("0198c2a0-0000-7000-8000-0000000000e1")


async def plan_of(side: Side, asked: Question) -> str:
    """By which indexes the large tables are read, of the slowest statement that a question sends."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cur: Any, statement: str, values: Any, _ctx: Any, _many: bool) -> None:
        sent.append((statement, values))

    engine = side.store.tx.engine
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        await asked(side, random.Random(0))
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    seen: list[str] = []
    async with engine.connect() as connection:
        for statement, values in sent:
            if statement.lstrip().startswith("SELECT") and any(table in statement for table in LARGE_TABLES):
                rows = await fetched(connection, f"EXPLAIN (FORMAT JSON) {statement}", *values)
                plan = rows[0][0]
                seen += _read_by((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    return "; ".join(sorted(set(seen)))


def _read_by(node: Mapping[str, Any]) -> list[str]:
    told = []
    if "Index Name" in node:
        told.append(str(node["Index Name"]))
    elif node["Node Type"] == "Seq Scan" and node.get("Relation Name") in LARGE_TABLES:
        told.append(f"all of {node['Relation Name']}")
    return told + [one for inner in node.get("Plans", ()) for one in _read_by(inner)]


# --- filling --------------------------------------------------------------------------------------------------------


async def filled(store: Store, keys: Keys, entries: int, work: int) -> Side:
    market = await a_market(store.tx, keys)
    made: list[Keyed] = [await an_organisation(store.tx, keys=keys) for _ in range(ORGANISATIONS)]
    orgs, people = [one.actor.org for one in made], [one.actor.person for one in made]
    things = [f"listing:{new_id()}" for _ in range(2_000)]
    connection = await store.connect()
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(ENTRIES, orgs, people, things, entries, BEGAN, str(ELEVATION))
        await connection.execute(POSITIONS)
        await connection.execute(LISTINGS, orgs, work)
        await connection.execute(DUES, orgs, work)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    while await transparency.note_spans(store.tx):
        pass
    say(f"{entries} entries and {work} open things are there")
    return Side(store, market["operator"].actor, made[0].actor, orgs, people, things)


# Of the organisations the first has a tenth of everything, as a large university would.
ENTRIES = """
INSERT INTO journal_entry (id, at, actor, org, kind, refs, facts, salt, standing)
SELECT uuidv7(), $5::timestamptz + n * interval '3 years' / $4::int,
       ($2::uuid[])[one], ($1::uuid[])[one],
       CASE WHEN n % 20000 = 7 THEN 'bench.rare' WHEN n % 2 = 0 THEN 'bench.common' ELSE 'bench.kind_' || n % 40 END,
       jsonb_build_array(($3::text[])[1 + n % 2000]) ||
       CASE WHEN n % 50 = 0 THEN jsonb_build_array('organisation:' || ($1::uuid[])[1 + n / 50 % 200]) ELSE '[]' END,
       jsonb_build_object('n', n), substr(sha256(n::text::bytea), 1, 16),
       '{"' || CASE WHEN n % 100000 = 11 THEN 'elevation":"' || $6::text
                    ELSE 'credential":"' || gen_random_uuid() END || '"}'
  FROM (SELECT n, CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + n % 200 END AS one FROM generate_series(0, $4::int - 1) n) drawn
"""
POSITIONS = """
INSERT INTO journal_position (n, seq, leaf_hash)
SELECT row_number() OVER (ORDER BY seq) - 1 + coalesce((SELECT max(n) + 1 FROM journal_position), 0),
       seq, sha256(seq::text::bytea)
  FROM journal_entry e WHERE NOT EXISTS (SELECT 1 FROM journal_position p WHERE p.seq = e.seq)
"""
LISTINGS = """
INSERT INTO listing (id, kind, org_id, state, current_n, revision, created_at, submitted_at)
SELECT uuidv7(), 'OFFER', ($1::uuid[])[1 + n % 200], CASE WHEN n % 2 = 0 THEN 'SUBMITTED' ELSE 'DRAFT' END, 1, 1,
       now() - n * interval '1 second', now() - n * interval '1 second'
  FROM generate_series(1, $2::int / 2) n
"""
DUES = """
INSERT INTO due (id, reference, payer_org, payee_org, minor, paid_minor, due_on, rule_date, subject, purpose, state)
SELECT uuidv7(), 'B' || n, ($1::uuid[])[1 + n % 200], ($1::uuid[])[1 + (n + 1) % 200], 100, 0, current_date + n % 60,
       current_date, 'sample:' || gen_random_uuid(), 'PRICE', 'OPEN'
  FROM generate_series(1, $2::int / 2) n
"""
