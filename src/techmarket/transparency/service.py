"""What the market and a stranger do with the log: sign checkpoints, read, prove."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import allows, require
from techmarket.kernel.paging import BadCursor, Page, decode_cursor, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.transparency import errors, offline, policy, repository, rules, steps
from techmarket.transparency.rules import Node
from techmarket.transparency.tables import CheckpointRow
from techmarket.transparency.views import CheckpointView, ConsistencyView, EntryView, LeafView, ProofView

LEAVES_AT_ONCE = 5_000


async def make_checkpoint(tx: Tx, keys: Keys) -> int:
    """Grow the tree over the positions that came since the last checkpoint and sign the new root.

    Returns how many entries it newly covers. One process at a time; a big backlog is taken in several checkpoints.
    """
    async with tx.begin() as db:
        await lock_name(db, "transparency.checkpoint")
        last = await repository.newest_checkpoint(db)
        size = last.size if last else 0
        rows = await repository.leaves(db, size, LEAVES_AT_ONCE)
        if not rows:
            return 0
        stored: dict[Node, bytes] = await repository.nodes(db, rules.nodes_of_root(size))
        new = rules.nodes_of_append(size, [leaf for _, leaf in rows], stored)
        await repository.keep_nodes(db, new)
        grown = size + len(rows)
        root = rules.root_from_nodes(grown, stored | new)
        origin = offline.origin_of(str(await repository.log_id(db)))
        note = offline.sign_checkpoint(offline.Checkpoint(origin, grown, root), keys.log)
        db.add(CheckpointRow(size=grown, root=root, note=note, kid=keys.log.kid))
        return len(rows)


async def get_checkpoint(tx: Tx, actor: Actor) -> CheckpointView:
    """The newest signed checkpoint."""
    require(actor, policy.READ_LOG)
    async with tx.read() as db:
        row = await _checkpoint(db)
        return CheckpointView(await repository.log_id(db), row.size, row.root.hex(), row.note, row.kid, row.at)


async def list_leaves(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[LeafView]:
    """The leaf hashes in order. A cursor of another log is refused, never silently moved."""
    require(actor, policy.READ_LOG)
    async with tx.read() as db:
        log_id = str(await repository.log_id(db))
        start = 0
        if cursor is not None:
            of_log, last = decode_cursor(cursor, str, int)
            if of_log != log_id:
                raise errors.WrongLog(log_id=log_id, pointer="/query/cursor")
            if last < 0 or last >= 2**62:
                raise BadCursor(pointer="/query/cursor")
            start = last + 1
        rows = await repository.leaves(db, start, limit + 1)
        page = page_of(rows, limit, lambda row: (log_id, row[0]))
        return page.map(lambda row: LeafView(row[0], row[1].hex()))


async def get_entry(tx: Tx, actor: Actor, entry_id: UUID) -> EntryView:
    """An entry with its salt, for the organisation that made it and for the market."""
    async with tx.read() as db:
        found = await repository.find_entry(db, entry_id)
        if found is None or not allows(actor, policy.READ_ENTRY, parties=[found[0].org, found[0].actor]):
            raise NotFound()
        entry, position = found
        leaf = journal.leaf_of(entry.salt, steps.row_of(entry)).hex()
        return EntryView(
            entry.id,
            entry.at,
            entry.kind,
            tuple(entry.refs),
            entry.facts,
            entry.salt.hex(),
            leaf,
            position.n if position else None,
        )


async def get_proof(tx: Tx, actor: Actor, entry_id: UUID) -> ProofView:
    """The inclusion proof of an entry that the reader may see."""
    async with tx.read() as db:
        found = await repository.find_entry(db, entry_id)
        if found is None or not allows(actor, policy.READ_ENTRY, parties=[found[0].org, found[0].actor]):
            raise NotFound()
        proof = await steps.proof_for(db, entry_id)
        if proof is None:
            raise errors.NotUnderACheckpoint(retry_after=2)
        return proof


async def get_consistency(tx: Tx, actor: Actor, *, from_size: int, to_size: int) -> ConsistencyView:
    """The proof that the log of `to_size` entries only added to that of `from_size`."""
    require(actor, policy.READ_LOG)
    async with tx.read() as db:
        row = await _checkpoint(db)
        if not 0 < from_size <= to_size <= row.size:
            raise errors.NoSuchSize(size=row.size, pointer="/query/from")
        nodes = await repository.nodes(db, rules.nodes_of_consistency(from_size, to_size))
        path = rules.consistency_from_nodes(from_size, to_size, nodes)
        return ConsistencyView(from_size, to_size, tuple(step.hex() for step in path))


async def audit(tx: Tx, *, batch: int = 10_000) -> list[str]:
    """Recompute every leaf from its row and the newest root from the leaves; returns what does not agree."""
    findings: list[str] = []
    position = 0
    leaves: list[bytes] = []
    async with tx.read() as db:
        while rows := await repository.whole_rows(db, position, batch):
            for n, leaf, entry in rows:
                if n != position:
                    findings.append(f"position {position} is missing")
                    return findings
                if leaf != journal.leaf_of(entry.salt, steps.row_of(entry)):
                    findings.append(f"the entry at position {n} is not what was logged")
                leaves.append(leaf)
                position += 1
        checkpoint = await repository.newest_checkpoint(db)
        if checkpoint is not None and checkpoint.size > len(leaves):
            findings.append(f"the checkpoint covers {checkpoint.size} entries, the journal holds {len(leaves)}")
        elif checkpoint is not None and rules.root_of(leaves[: checkpoint.size]) != checkpoint.root:
            findings.append(f"the root of the first {checkpoint.size} entries is not the one that was signed")
    return findings


async def _checkpoint(db: AsyncSession) -> CheckpointRow:
    row = await repository.newest_checkpoint(db)
    if row is None:
        raise errors.NotUnderACheckpoint(retry_after=2)
    return row
