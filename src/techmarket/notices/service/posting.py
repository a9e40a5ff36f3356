"""Postings with their evidence: the unit confirms where its notice hangs, and with which proof."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from techmarket.db import clock, files
from techmarket.db.files import Files
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.notices import errors, evidence, opening, policy, repository
from techmarket.notices.kinds import Place
from techmarket.notices.showing import seen, whole
from techmarket.notices.views import EvidenceView, NoticeView
from techmarket.transparency import steps as transparency

A_DAY = timedelta(days=1)
SWEEP_BATCH = 500


async def upload_evidence(
    tx: Tx, kept: Files, actor: Actor, *, media_type: str, chunks: AsyncIterator[bytes]
) -> EvidenceView:
    """A photograph, an image of a page or a paper, kept under its hash for a posting or an objection to name.

    Who may is judged before the first byte is taken; the same bytes again are the same evidence.
    """
    require(actor, policy.UPLOAD_EVIDENCE)
    async with tx.read() as db:
        now = await clock.market_now(db)
        if await repository.count_evidence_since(db, actor.org, now - A_DAY) >= evidence.A_DAY_MAX:
            raise errors.TooMuchEvidence(at_most=evidence.A_DAY_MAX, retry_after=3600)
    sha256, size = await kept.receive(
        chunks,
        media_type=media_type,
        size_max=evidence.SIZE_MAX,
        accepted=evidence.MEDIA,
        inspect=partial(evidence.check_whole, media_type=media_type),
    )
    tx.bind(sha256.encode())
    async with tx.begin() as db:
        await files.keep(db, sha256=sha256, size=size, media_type=media_type)
        row = await repository.keep_evidence(
            db,
            org_id=actor.org,
            sha256=sha256,
            size=size,
            media_type=media_type,
            by_person_id=actor.person,
            at=await clock.market_now(db),
        )
        return EvidenceView(row.sha256, row.size, row.media_type, row.at)


async def sweep_evidence(tx: Tx) -> int:
    """Forget files that nothing has named for a week, some at a time; returns how many.

    A file that a document or another organisation's evidence holds, too, stays; bytes without a row are swept with the
    uploads that nobody finished.
    """
    async with tx.begin() as db:
        gone = await repository.forget_unnamed_evidence(db, after=evidence.SWEEP_AFTER, limit=SWEEP_BATCH)
        await files.forget_unheld(db, gone)
        return len(gone)


async def confirm_posting(
    tx: Tx,
    actor: Actor,
    notice_id: UUID,
    *,
    evidence_sha256: str,
    place: Place = Place.UNIT,
    url: str | None = None,
    keys: Keys | None = None,
) -> NoticeView:
    """The unit confirms that the notice hangs in its own place, or elsewhere outside the market.

    With the market's keys the answer holds a receipt: the signed promise that the log will tell of it.

    The period starts with the later of the places its kind requires. The posting counts from the confirmation on:
    nobody can say afterwards that it has been there for days.
    """
    async with tx.begin() as db:
        notice = seen(actor, await repository.lock_notice(db, notice_id))
        require(actor, policy.CONFIRM_POSTING, parties=[notice.owner_org_id])
        now = await clock.market_now(db)
        await evidence.require_kept(db, notice.owner_org_id, [evidence_sha256], pointer="/body/evidence_sha256")
        if place is Place.MARKET:
            raise errors.NotAPlaceOfThisNotice()
        entry_id = await opening.post(db, notice, place, evidence_sha256=evidence_sha256, url=url, actor=actor, now=now)
        view = await whole(db, actor, notice, now)
        return view if keys is None else replace(view, receipt=await transparency.promise(db, keys, entry_id))
