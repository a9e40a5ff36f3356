"""What an inventor does for the proof that he was first: log a blinded digest, reveal it, take the proof along."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.transparency import errors, policy, repository, steps
from techmarket.transparency.commitments import digest_of, file_bytes
from techmarket.transparency.events import CommitmentLogged, CommitmentRevealed
from techmarket.transparency.lifecycle import COMMITMENT, CommitmentState
from techmarket.transparency.tables import Commitment
from techmarket.transparency.views import CommitmentView


async def log_commitment(tx: Tx, keys: Keys, actor: Actor, *, digest: str) -> CommitmentView:
    """An inventor logs a blinded digest: the signed promise comes at once, the proof after the next checkpoint.

    What he knows and since when can be shown later; until then nobody, the market included, learns what it is.
    """
    async with tx.begin() as db:
        require(actor, policy.COMMIT)
        commitment = Commitment(
            id=new_id(),
            org_id=actor.org,
            person_id=actor.person,
            digest=digest,
            at=await clock.market_now(db),
            state=COMMITMENT.initial,
        )
        db.add(commitment)
        commitment.entry_id = journal.record(db, CommitmentLogged(commitment.id, actor.person, digest), actor=actor)
        return _view(commitment, promise=await steps.promise(db, keys, commitment.entry_id))


async def reveal(tx: Tx, actor: Actor, commitment_id: UUID, *, salt: bytes, document_sha256: str) -> CommitmentView:
    """Its owner opens a commitment: from now on anyone sees that he has known this document since it was logged."""
    async with tx.begin() as db:
        commitment = _seen(actor, await repository.lock_commitment(db, commitment_id))
        require(actor, policy.REVEAL_COMMITMENT, parties=[commitment.org_id])
        state = COMMITMENT.move(commitment.state, "reveal")
        if digest_of(salt, document_sha256) != commitment.digest:
            raise errors.OpeningDoesNotFit(digest=commitment.digest, pointer="/body/salt")
        commitment.state, commitment.revealed_at = state, await clock.market_now(db)
        commitment.salt, commitment.document_sha256 = salt, document_sha256
        event = CommitmentRevealed(commitment.id, commitment.digest, document_sha256)
        commitment.revealed_entry_id = journal.record(db, event, actor=actor)
        return _view(commitment)


async def get_commitment(tx: Tx, actor: Actor, commitment_id: UUID) -> CommitmentView:
    """A commitment: for its owner, and for anyone once it was revealed."""
    require(actor, policy.READ_COMMITMENT)
    async with tx.read() as db:
        return _view(_seen(actor, await repository.get_commitment(db, commitment_id)))


async def list_commitments(tx: Tx, actor: Actor, *, cursor: str | None = None, limit: int = 20) -> Page[CommitmentView]:
    """The commitments of the reader's own organisation, the newest first."""
    require(actor, policy.LIST_COMMITMENTS)
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_commitments(db, actor.org, before=before, limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row.id),)).map(_view)


async def commitment_file(tx: Tx, keys: Keys, actor: Actor, commitment_id: UUID) -> bytes:
    """The proof to take along: the entry in the log, or the promise of it, and the opening once it was revealed."""
    require(actor, policy.READ_COMMITMENT)
    async with tx.read() as db:
        commitment = _seen(actor, await repository.get_commitment(db, commitment_id))
        opening = None
        if commitment.document_sha256 is not None and commitment.salt is not None:
            opening = commitment.document_sha256, commitment.salt.hex()
        log = await _log_part(db, keys, commitment.entry_id)
        return file_bytes(digest=commitment.digest, opening=opening, log=log)


async def _log_part(db: AsyncSession, keys: Keys, entry_id: UUID) -> dict[str, Any]:
    proof = await steps.proof_for(db, entry_id)
    if proof is None:
        return {"promise": await steps.promise(db, keys, entry_id)}
    return {"proof": proof.as_json()}


def _seen(actor: Actor, commitment: Commitment) -> Commitment:
    """The loading door: of what is not revealed only its owner knows."""
    is_own = actor.org_id is not None and actor.org_id == commitment.org_id
    if not is_own and commitment.state is not CommitmentState.REVEALED:
        raise NotFound()
    return commitment


def _view(row: Commitment, promise: dict[str, str] | None = None) -> CommitmentView:
    return CommitmentView(
        row.id,
        row.org_id,
        row.digest,
        row.state,
        row.at,
        row.entry_id,
        row.revealed_at,
        row.document_sha256,
        row.salt.hex() if row.salt is not None else None,
        promise,
    )
