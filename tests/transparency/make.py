"""Makers for the log: entries that nobody needs to understand, positioned and under a checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import text

from techmarket.db import journal
from techmarket.db.means import Means
from techmarket.identity.actor import Actor
from techmarket.jobs import runner
from techmarket.kernel.events import Event
from techmarket.transparency import service, steps


@dataclass(frozen=True)
class Wrote(Event):
    kind: ClassVar[str] = "test.wrote"
    thing_id: UUID
    n: int


async def write(means: Means, count: int, actor: Actor | None = None) -> list[UUID]:
    """So many use cases, each with one entry, all under a checkpoint at the end."""
    ids = []
    for n in range(count):
        async with means.tx.begin() as db:
            ids.append(journal.record(db, Wrote(uuid4(), n), actor=actor))
    await seal(means)
    return ids


async def write_at_once(means: Means, count: int) -> None:
    """As many entries in one statement, positioned and under checkpoints."""
    async with means.tx.begin() as db:
        await db.execute(
            text(
                "INSERT INTO journal_entry (id, kind, refs, facts, salt, actor, standing, standing_salt, actor_salt)"
                " SELECT uuidv7(), 'test.wrote', jsonb_build_array('thing:' || gen_random_uuid()),"
                " jsonb_build_object('n', n), substr(sha256(n::text::bytea), 1, 16), gen_random_uuid(),"
                " 'standing ' || n, substr(sha256((n || 'actor')::bytea), 1, 16),"
                " sha256(substr(sha256((n || 'actor')::bytea), 1, 16) || convert_to('standing ' || n, 'UTF8'))"
                " FROM generate_series(1, :count) n"
            ),
            {"count": count},
        )
    await seal(means)


async def seal(means: Means) -> None:
    """Everything that was committed gets its position and comes under a checkpoint."""
    while await runner.sequence_once(means):
        pass
    while await service.make_checkpoint(means.tx, means.keys):
        pass


async def proof_of(means: Means, entry_id: UUID) -> dict[str, Any]:
    async with means.tx.read() as db:
        proof = await steps.proof_for(db, entry_id)
    assert proof is not None
    return asdict(proof) | {"path": list(proof.path)}


async def as_superuser(means: Means, *statements: str) -> None:
    """What somebody can do who owns the database: triggers and foreign keys are switched off."""
    async with means.tx.begin() as db:
        await db.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await db.execute(text(statement))
