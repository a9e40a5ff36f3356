"""What anyone reads of the log, and what those concerned read of its entries."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import allows, require
from techmarket.kernel.paging import BadCursor, Page, decode_cursor, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.transparency import errors, offline, policy, repository, steps, tiles
from techmarket.transparency.tables import CheckpointRow
from techmarket.transparency.tiles import Tile
from techmarket.transparency.views import (
    CheckpointView,
    ConsistencyView,
    EntryView,
    KeyView,
    LeafView,
    LogView,
    ProofView,
)


async def list_logs(tx: Tx, actor: Actor) -> list[LogView]:
    """The present log and those it followed, the newest first."""
    require(actor, policy.READ_LOG)
    async with tx.read() as db:
        sandbox = await clock.is_sandbox(db)
        return [
            LogView(
                row.log_id,
                offline.origin_of(str(row.log_id), sandbox=sandbox),
                row.opened_at,
                row.previous_id,
                row.previous_size,
            )
            for row in await repository.list_logs(db)
        ]


async def list_keys(tx: Tx, keys: Keys, actor: Actor) -> list[KeyView]:
    """Every key the market signed with: those in use, and the retired ones, whose signatures stay."""
    require(actor, policy.READ_LOG)
    async with tx.read() as db:
        return await steps.key_history(db, keys)


async def get_checkpoint(tx: Tx, actor: Actor) -> CheckpointView:
    """The newest signed checkpoint."""
    require(actor, policy.READ_LOG)
    async with tx.read() as db:
        return await steps.checkpoint_view(db, await _newest(db))


async def list_checkpoints(
    tx: Tx, actor: Actor, *, cosigned: bool = False, cursor: str | None = None, limit: int = 20
) -> Page[CheckpointView]:
    """All checkpoints that were ever signed, the newest first; `cosigned` those that a witness has signed too."""
    require(actor, policy.READ_LOG)
    below = decode_cursor(cursor, int)[0] if cursor is not None else None
    async with tx.read() as db:
        rows = await repository.list_checkpoints(db, below=below, cosigned=cosigned, limit=limit + 1)
        page = page_of(rows, limit, lambda row: (row.size,))
        return Page(await steps.checkpoint_views(db, page.items), page.next_cursor)


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


async def get_tile(tx: Tx, actor: Actor, tile: Tile) -> bytes:
    """The hashes of a tile that the newest checkpoint has; of any other there is none."""
    require(actor, policy.READ_LOG)
    async with tx.read() as db:
        newest = await repository.newest_checkpoint(db)
        if newest is None or not tile.is_within(newest.size):
            raise NotFound()
        hashes = await repository.tile_hashes(db, tile.level * tiles.HEIGHT, tile.first, tile.width)
        return b"".join(hashes)


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
        row = await _newest(db)
        if not 0 < from_size <= to_size <= row.size:
            raise errors.NoSuchSize(size=row.size, pointer="/query/from")
        return await steps.consistency(db, from_size, to_size)


async def _newest(db: AsyncSession) -> CheckpointRow:
    row = await repository.newest_checkpoint(db)
    if row is None:
        raise errors.NotUnderACheckpoint(retry_after=2)
    return row
