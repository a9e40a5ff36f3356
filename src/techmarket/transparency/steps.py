"""What later rooms may ask of the log inside their own transaction."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.journal import JournalEntry, canonical_row, leaf_of
from techmarket.db.keys import Keys
from techmarket.kernel.canonical import canonical_json
from techmarket.transparency import repository, rules
from techmarket.transparency.views import ProofView


async def proof_for(db: AsyncSession, entry_id: UUID) -> ProofView | None:
    """The proof that an entry is under the newest checkpoint; None while no checkpoint covers it."""
    found = await repository.find_entry(db, entry_id)
    checkpoint = await repository.newest_checkpoint(db)
    if found is None or checkpoint is None:
        return None
    entry, position = found
    if position is None or position.n >= checkpoint.size:
        return None
    nodes = await repository.nodes(db, rules.nodes_of_inclusion(position.n, checkpoint.size))
    path = rules.inclusion_from_nodes(position.n, checkpoint.size, nodes)
    return ProofView(
        log_id=await repository.log_id(db),
        entry_id=entry.id,
        position=position.n,
        row=row_of(entry).decode(),
        salt=entry.salt.hex(),
        path=tuple(step.hex() for step in path),
        checkpoint=checkpoint.note,
        kid=checkpoint.kid,
    )


async def promise(db: AsyncSession, keys: Keys, entry_id: UUID) -> dict[str, str]:
    """A signed promise for an entry of this very transaction: the log will hold this leaf.

    The proof follows after the next checkpoint; a market that breaks the promise is convicted by its own signature.
    """
    await db.flush()
    found = await repository.find_entry(db, entry_id)
    assert found is not None
    row = row_of(found[0])
    leaf = leaf_of(found[0].salt, row).hex()
    body = {"entry_id": str(entry_id), "leaf_hash": leaf, "log_id": str(await repository.log_id(db))}
    return {
        **body,
        "row": row.decode(),
        "salt": found[0].salt.hex(),
        "kid": keys.receipts.kid,
        "signature": keys.receipts.sign(canonical_json(body)).hex(),
    }


def row_of(entry: JournalEntry) -> bytes:
    return canonical_row(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        org=entry.org,
        kind=entry.kind,
        refs=entry.refs,
        facts=entry.facts,
    )
