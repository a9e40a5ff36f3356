"""Reading notices: lists, one whole, its texts, its proof, its objections. Who may not know of one does not find it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, texts
from techmarket.db.files import Files
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound, wire
from techmarket.notices import policy, repository
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.lifecycle import NoticeState, ObjectionState
from techmarket.notices.showing import is_party, lines_of, objections_of, seen, told, whole
from techmarket.notices.views import (
    EntryProofView,
    EvidenceView,
    NoticeLine,
    NoticeProofView,
    NoticeView,
    ObjectionView,
    VersionView,
)
from techmarket.transparency import steps as transparency

PREDECESSORS_MAX = 50
TELLS_WHO_OBJECTED = frozenset(
    {"notices.objection_filed", "notices.objection_evidence_added", "notices.objection_withdrawn"}
)
"""Entries whose actor is the objector: in the proof only for the parties."""


async def list_notices(
    tx: Tx,
    actor: Actor,
    *,
    kind: NoticeKind | None = None,
    state: NoticeState | None = None,
    subject: str | None = None,
    organisation_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[NoticeLine]:
    """The notices the reader may know of, newest first."""
    require(actor, policy.READ)
    before = last_id(cursor)
    async with tx.read() as db:
        now = await clock.market_now(db)
        rows = await repository.list_notices(
            db,
            readable=None if actor.is_market else repository.readable_by(actor.org_id),
            kind=kind,
            state=state,
            subject=subject,
            owner=organisation_id,
            now=now,
            before=before,
            limit=limit + 1,
        )
        page = page_of(rows, limit, lambda notice: (str(notice.id),))
        return Page(await lines_of(db, page.items, now), page.next_cursor)


async def get_notice(tx: Tx, actor: Actor, notice_id: UUID) -> NoticeView:
    """A notice with its text, where it stands, when it ends, what stopped it, and how the objections to it ended."""
    require(actor, policy.READ)
    async with tx.read() as db:
        notice = seen(actor, await repository.get_notice(db, notice_id))
        return await whole(db, actor, notice, await clock.market_now(db))


async def list_versions(tx: Tx, actor: Actor, notice_id: UUID) -> list[VersionView]:
    """Every text that stood: of this notice and of those it replaced, the first one first."""
    require(actor, policy.READ)
    async with tx.read() as db:
        notice = seen(actor, await repository.get_notice(db, notice_id))
        line = [notice, *await repository.list_predecessors(db, notice, PREDECESSORS_MAX)]
        rows = await repository.list_versions(db, [one.id for one in line])
        documents = await texts.get_many(db, [row.document_sha256 for row in rows])
        states = {one.id: one.state for one in await lines_of(db, line, await clock.market_now(db))}
        by_id = {one.id: one for one in line}
        return [
            VersionView(
                row.notice_id,
                row.n,
                row.document_sha256,
                row.change,
                row.at,
                told(actor, by_id[row.notice_id], documents[row.document_sha256], states[row.notice_id]),
            )
            for row in rows
        ]


async def get_proof(tx: Tx, keys: Keys, actor: Actor, notice_id: UUID) -> NoticeProofView:
    """What proves offline that these very texts stood, since when, and what happened to the notice."""
    require(actor, policy.READ)
    async with tx.read() as db:
        notice = seen(actor, await repository.get_notice(db, notice_id))
        told = [
            entry
            for entry in await repository.list_entries(db, notice.id)
            if entry.kind not in TELLS_WHO_OBJECTED or is_party(actor, notice)
        ]
        entries = []
        for entry in told:
            proof = await transparency.proof_for(db, entry.entry_id)
            promise = None if proof is not None else await transparency.promise(db, keys, entry.entry_id)
            plain = None if proof is None else {name: wire(value) for name, value in asdict(proof).items()}
            entries.append(EntryProofView(entry.entry_id, entry.kind, plain, promise))
        versions = await repository.list_versions(db, [notice.id])
        bodies = [(v.n, v.document_sha256, (await texts.get_bytes(db, v.document_sha256)).decode()) for v in versions]
        return NoticeProofView(notice.id, tuple(bodies), tuple(entries))


async def read_posting_evidence(
    tx: Tx, kept: Files, actor: Actor, notice_id: UUID, sha256: str
) -> tuple[EvidenceView, AsyncIterator[bytes]]:
    """The proof of a posting, for every reader of the notice."""
    require(actor, policy.READ)
    async with tx.read() as db:
        notice = seen(actor, await repository.get_notice(db, notice_id))
        named = {posting.evidence_sha256 for posting in await repository.list_postings(db, notice.id)}
        view = await _evidence(db, notice.owner_org_id, sha256) if sha256 in named else None
        if view is None:
            raise NotFound()
    return view, kept.open(view.sha256)


async def read_objection_evidence(
    tx: Tx, kept: Files, actor: Actor, objection_id: UUID, sha256: str
) -> tuple[EvidenceView, AsyncIterator[bytes]]:
    """What an objection rests on, for those concerned: its objector, the parties of the notice, the market."""
    require(actor, policy.READ)
    async with tx.read() as db:
        objection = await repository.get_objection(db, objection_id)
        notice = await repository.get_notice(db, objection.notice_id)
        if not (is_party(actor, notice) or actor.org_id == objection.by_org_id):
            raise NotFound()
        named = (await repository.evidence_of(db, [objection.id])).get(objection.id, [])
        view = await _evidence(db, objection.by_org_id, sha256) if sha256 in named else None
        if view is None:
            raise NotFound()
    return view, kept.open(view.sha256)


async def list_objections(
    tx: Tx,
    actor: Actor,
    *,
    notice_id: UUID | None = None,
    state: ObjectionState | None = None,
    overdue: bool = False,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[ObjectionView]:
    """Objections you filed, or that were filed against your notices; the market sees all, and which are overdue."""
    require(actor, policy.LIST_OBJECTIONS)
    before = last_id(cursor)
    async with tx.read() as db:
        now = await clock.market_now(db)
        rows = await repository.search_objections(
            db,
            of_org=None if actor.is_market else actor.org,
            notice_id=notice_id,
            state=state,
            overdue_at=now if overdue else None,
            before=before,
            limit=limit + 1,
        )
        page = page_of(rows, limit, lambda one: (str(one.id),))
        return Page(await objections_of(db, actor, page.items, now), page.next_cursor)


async def get_objection(tx: Tx, actor: Actor, objection_id: UUID) -> ObjectionView:
    """One objection, for those concerned."""
    require(actor, policy.LIST_OBJECTIONS)
    async with tx.read() as db:
        objection = await repository.get_objection(db, objection_id)
        notice = await repository.get_notice(db, objection.notice_id)
        if not (is_party(actor, notice) or actor.org_id == objection.by_org_id):
            raise NotFound()
        return (await objections_of(db, actor, [objection], await clock.market_now(db)))[0]


async def _evidence(db: AsyncSession, org_id: UUID, sha256: str) -> EvidenceView | None:
    row = await repository.find_evidence(db, org_id, sha256)
    return None if row is None else EvidenceView(row.sha256, row.size, row.media_type, row.at)
