"""What the market does with its log: sign checkpoints, publish its keys, open another log, have itself watched."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func

from techmarket.db import clock, journal
from techmarket.db.journal import JournalLog
from techmarket.db.keys import Keys
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.kernel.ids import new_id
from techmarket.transparency import offline, repository, repository_audit, rules, steps
from techmarket.transparency.events import KeyPublished, KeyRetired, LogOpened
from techmarket.transparency.offline import Verifier
from techmarket.transparency.rules import Node
from techmarket.transparency.tables import CheckpointRow, PublishedKey
from techmarket.transparency.views import CheckpointView

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
        log_id = await repository.log_id(db)
        origin = offline.origin_of(str(log_id), sandbox=await clock.is_sandbox(db))
        note = offline.sign_checkpoint(offline.Checkpoint(origin, grown, root), keys.log)
        db.add(CheckpointRow(size=grown, root=root, note=note, kid=keys.log.kid))
        return len(rows)


async def note_spans(tx: Tx) -> int:
    """Note between which times the next whole stretches of positions were written; returns how many it noted."""
    async with tx.begin() as db:
        return await repository_audit.keep_spans(db)


async def publish_keys(tx: Tx, keys: Keys) -> None:
    """A market that starts with a new key says so in the log, and its former key is retired; both stay published."""
    async with tx.begin() as db:
        await lock_name(db, "transparency.keys")
        known = {row.kid: row for row in await repository.published_keys(db)}
        for use in steps.USES:
            key = getattr(keys, use).public
            if key.kid in known and known[key.kid].until is None:
                continue
            for row in known.values():
                if row.use == use and row.until is None:
                    row.until = func.clock_timestamp()  # keys live in real time, in a sandbox too
                    journal.record(db, KeyRetired(row.kid, use), actor=None)
            if key.kid in known:
                known[key.kid].until = None
            else:
                db.add(PublishedKey(kid=key.kid, use=use, raw=key.raw))
            journal.record(db, KeyPublished(key.kid, use, key.raw.hex()), actor=None)


async def open_new_log(tx: Tx) -> UUID:
    """After a restore: another log, which begins with what was left of the one before.

    Positions handed out since the backup may be given again to other entries. Under a new name no cursor, proof or
    witness takes the one for the other: who comes with a cursor of the former log is refused and starts again.
    """
    async with tx.begin() as db:
        await lock_name(db, "transparency.checkpoint")
        previous = await repository.log_id(db)
        size = await journal.head(db)
        log = JournalLog(log_id=new_id(), previous_id=previous, previous_size=size)
        db.add(log)
        journal.record(db, LogOpened(log.log_id, previous, size), actor=None)
        return log.log_id


async def uncosigned(tx: Tx, witness: Verifier) -> tuple[CheckpointView, int] | None:
    """The newest checkpoint, if this witness has not cosigned it, and the size he saw last in this log."""
    async with tx.read() as db:
        newest = await repository.newest_checkpoint(db)
        if newest is None:
            return None
        seen = await repository.newest_cosigned(db, str(witness))
        if seen is not None and seen.size == newest.size:
            return None
        old = seen.size if seen is not None and seen.log_id == newest.log_id else 0
        return await steps.checkpoint_view(db, newest), old


async def keep_cosignature(tx: Tx, size: int, witness: Verifier, line: str, at: datetime) -> None:
    """A witness has signed; a second answer to the same question changes nothing."""
    async with tx.begin() as db:
        await repository.keep_cosignature(db, size, str(witness), line, at)
