"""What later rooms may ask of the log inside their own transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.journal import JournalEntry, canonical_row, leaf_of
from techmarket.db.keys import Keys
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import SealKey
from techmarket.transparency import repository, rules
from techmarket.transparency.keyset import TrustedKeys
from techmarket.transparency.tables import CheckpointRow
from techmarket.transparency.views import (
    Acted,
    CheckpointView,
    ConsistencyView,
    CosignatureView,
    GrowthView,
    KeyView,
    LoggedEntry,
    ManyProofs,
    ProofView,
)

USES = ("issuer", "log", "receipts")


async def proof_for(db: AsyncSession, entry_id: UUID) -> ProofView | None:
    """The proof that an entry is under the newest checkpoint; None while no checkpoint covers it."""
    proofs = await proofs_for(db, [entry_id])
    if proofs is None or not proofs.entries:
        return None
    (entry,) = proofs.entries
    newest = proofs.checkpoint
    return ProofView(
        newest.log_id, entry.entry_id, entry.position, entry.row, entry.salt, entry.path, newest.note, newest.kid
    )


async def proofs_for(db: AsyncSession, entry_ids: Collection[UUID]) -> ManyProofs | None:
    """The proofs of many entries under the newest checkpoint, in a handful of queries; None while there is none."""
    row = await repository.newest_checkpoint(db)
    if row is None:
        return None
    found = await repository.find_entries(db, entry_ids)
    covered = [(entry, place.n) for entry, place in found if place is not None and place.n < row.size]
    nodes = await repository.nodes(db, {node for _, n in covered for node in rules.nodes_of_inclusion(n, row.size)})
    entries = tuple(
        LoggedEntry(
            entry.id,
            n,
            row_of(entry).decode(),
            entry.salt.hex(),
            tuple(step.hex() for step in rules.inclusion_from_nodes(n, row.size, nodes)),
        )
        for entry, n in covered
    )
    proven = {entry.entry_id for entry in entries}
    waiting = tuple(entry.id for entry, _ in found if entry.id not in proven)
    return ManyProofs(await checkpoint_view(db, row), entries, waiting)


async def leaves_of(db: AsyncSession, entry_ids: Collection[UUID]) -> dict[UUID, str]:
    """The leaf hashes of entries, in hex: what the log holds of them, and nothing that tells what they say."""
    found = await repository.find_entries(db, entry_ids)
    return {entry.id: leaf_of(entry.salt, row_of(entry)).hex() for entry, _ in found}


async def present_log(db: AsyncSession) -> UUID:
    return await repository.log_id(db)


async def actors_of(db: AsyncSession, entry_ids: Collection[UUID], *, org: UUID | None = None) -> dict[UUID, Acted]:
    """Who wrote these entries, with what opens the code that their rows name him by; of one organisation, if given."""
    return {
        entry.id: Acted(entry.actor, entry.actor_salt.hex())
        for entry, _ in await repository.find_entries(db, entry_ids)
        if entry.actor is not None and entry.actor_salt is not None and org in (None, entry.org)
    }


async def newest_size(db: AsyncSession) -> int | None:
    """How many entries the newest checkpoint covers; None while there is none."""
    row = await repository.newest_checkpoint(db)
    return None if row is None else row.size


async def newest(db: AsyncSession) -> CheckpointView | None:
    """The newest checkpoint with the lines of its witnesses; None while there is none."""
    row = await repository.newest_checkpoint(db)
    return None if row is None else await checkpoint_view(db, row)


async def growth_since(db: AsyncSession, n: int) -> list[GrowthView]:
    """Proofs that the log under the newest checkpoint only added to earlier ones.

    Earlier: the first one over the entry at this position, and the last that a witness has signed.
    """
    newest = await repository.newest_checkpoint(db)
    if newest is None:
        return []
    wanted = [await repository.first_checkpoint_over(db, n), await repository.newest_cosigned(db)]
    earlier = {row.size: row for row in wanted if row is not None and row.size < newest.size}
    return [
        GrowthView(await checkpoint_view(db, row), (await consistency(db, size, newest.size)).path)
        for size, row in sorted(earlier.items())
    ]


async def openings(db: AsyncSession) -> ManyProofs | None:
    """The entries by which one log went on from another, with their proofs: what ties an earlier checkpoint of a
    former log to the newest of the present one. None while there is no checkpoint or was never another log."""
    entries = await repository.opening_entries(db)
    return await proofs_for(db, entries) if entries else None


async def restores(db: AsyncSession) -> list[tuple[UUID, UUID, int]]:
    """How the present log came to be: (log, the one it went on from, how many entries of that were left), the newest
    first."""
    return [
        (row.log_id, row.previous_id, row.previous_size)
        for row in await repository.list_logs(db)
        if row.previous_id is not None and row.previous_size is not None
    ]


async def consistency(db: AsyncSession, from_size: int, to_size: int) -> ConsistencyView:
    nodes = await repository.nodes(db, rules.nodes_of_consistency(from_size, to_size))
    path = rules.consistency_from_nodes(from_size, to_size, nodes)
    return ConsistencyView(from_size, to_size, tuple(step.hex() for step in path))


async def checkpoint_view(db: AsyncSession, row: CheckpointRow) -> CheckpointView:
    return (await checkpoint_views(db, [row]))[0]


async def checkpoint_views(db: AsyncSession, rows: Sequence[CheckpointRow]) -> list[CheckpointView]:
    """Checkpoints with the lines of their witnesses."""
    lines = await repository.cosignatures_of(db, [row.size for row in rows])
    return [
        CheckpointView(
            row.log_id,
            row.size,
            row.root.hex(),
            row.note,
            row.kid,
            row.at,
            tuple(CosignatureView(one.witness, one.line, one.at) for one in lines.get(row.size, [])),
        )
        for row in rows
    ]


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


async def key_history(db: AsyncSession, keys: Keys) -> list[KeyView]:
    """Every public key this market signed with, those in use among them, the oldest first."""
    found = [KeyView(row.kid, row.use, row.raw, row.since, row.until) for row in await repository.published_keys(db)]
    published = {key.kid for key in found}
    present = [(use, getattr(keys, use).public) for use in USES]
    return [*found, *(KeyView(key.kid, use, key.raw, None, None) for use, key in present if key.kid not in published)]


async def known_keys(db: AsyncSession, keys: Keys) -> TrustedKeys:
    """The same by name: what was signed with a retired key stays signed."""
    found = TrustedKeys()
    for view in await key_history(db, keys):
        found.put(SealKey.from_raw(view.raw), use=view.use, until=view.until)
    return found


async def holds_entry(db: AsyncSession, entry_id: UUID, leaf: bytes) -> bool:
    """Whether the journal still has this entry, with this leaf: whoever took it out or changed it is found here."""
    found = await repository.find_entry(db, entry_id)
    return found is not None and leaf_of(found[0].salt, row_of(found[0])) == leaf


async def root_at(db: AsyncSession, size: int) -> bytes | None:
    """The root that the log's own checkpoint of this size states; None where none was made."""
    row = await repository.checkpoint_of(db, size)
    return None if row is None else row.root


def row_of(entry: JournalEntry) -> bytes:
    return canonical_row(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        org=entry.org,
        kind=entry.kind,
        refs=entry.refs,
        facts=entry.facts,
        actor_salt=entry.actor_salt,
    )
