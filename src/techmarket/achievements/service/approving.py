"""The unit draws up its own approval, its people sign it, and it may be revoked."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import approvals, dating, errors, policy, repository
from techmarket.achievements.approvals import ApprovalDraft, EvidenceFile, EvidenceLabel
from techmarket.achievements.events import ApprovalDrawnUp, ApprovalInForce, ApprovalRevoked, ApprovalSigned
from techmarket.achievements.lifecycle import APPROVAL, ApprovalState
from techmarket.achievements.tables import Approval
from techmarket.achievements.views import ApprovalView
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound, wire
from techmarket.notices import steps as notices
from techmarket.rulebook import steps as rulebook
from techmarket.signing import steps as signing
from techmarket.signing.steps import Signatory

PURPOSE = "unit_approval"


async def draw_up_approval(tx: Tx, actor: Actor, draft: ApprovalDraft) -> ApprovalView:
    """The unit writes down what it decided, on which evidence, and calls the people named to sign exactly that."""
    require(actor, policy.DRAW_UP_APPROVAL)
    async with tx.begin() as db:
        known = await repository.get_many(db, draft.achievement_ids)
        if any(one not in known or known[one].org_id != actor.org for one in draft.achievement_ids):
            raise errors.NotTheSellers(pointer="/body/achievement_ids")
        now = await clock.market_now(db)
        await _check(db, actor.org, draft, shanghai_day(now))
        hashes = [one.sha256 for one in draft.evidence]
        await notices.require_kept(db, actor.org, hashes, pointer="/body/evidence")
        approval_id = new_id()
        document = {
            "format": approvals.FORMAT,
            "approval": approval_id,
            "unit": actor.org,
            "kind": draft.kind,
            "achievements": list(draft.achievement_ids),
            "modes": sorted(set(draft.modes)),
            "floor": None if draft.floor_minor is None else Money(draft.floor_minor),
            "decided_on": draft.decided_on,
            "evidence": [asdict(one) for one in draft.evidence],
            "signatories": list(draft.signatories),
            # Without it whoever knows the hash could try floors until one fits.
            "nonce": secrets.token_hex(16),
        }
        sha256 = await texts.put(db, wire(document))
        signing_id = await signing.open_signing(
            db,
            document_sha256=sha256,
            purpose=PURPOSE,
            subject=Ref("approval", approval_id),
            signatories=[Signatory(actor.org, person, role="UNIT") for person in draft.signatories],
            in_order=False,
            actor=actor,
        )
        row = Approval(
            id=approval_id,
            org_id=actor.org,
            kind=draft.kind,
            achievement_ids=list(dict.fromkeys(draft.achievement_ids)),
            modes=sorted(set(draft.modes)),
            floor_minor=draft.floor_minor,
            decided_on=draft.decided_on,
            evidence=wire([asdict(one) for one in draft.evidence]),
            document_sha256=sha256,
            signing_id=signing_id,
            state=APPROVAL.initial,
            drawn_up_at=now,
        )
        db.add(row)
        journal.record(db, ApprovalDrawnUp(row.id, row.org_id, row.kind, sha256), actor=actor)
        await db.flush()
        return await _view(db, row, with_text=True)


async def _check(db: AsyncSession, org_id: UUID, draft: ApprovalDraft, today: date) -> None:
    unit = await identity.get_organisation(db, org_id)
    kinds = dating.GOVERNMENT_UNIT if unit.government_established else ("enterprise", "any")
    place = dating.place_of(unit)
    least = await rulebook.find_rule(
        db, "approval.signatories.min", on=today, jurisdiction=place, applies_to=kinds, base=draft.kind.lower()
    )
    needed = await rulebook.find_rule(
        db, "approval.evidence", on=today, jurisdiction=place, applies_to=kinds, base=draft.kind.lower()
    )
    people = await identity.get_people(db, draft.signatories)
    approvals.check_approval(
        draft,
        today=today,
        members={one.id for one in people.values() if org_id in one.org_ids},
        least=1 if least is None else least.int,
        needed=() if needed is None else needed.value.split(","),
    )


async def sign_approval(tx: Tx, actor: Actor, approval_id: UUID, *, document_sha256: str) -> ApprovalView:
    """One of the people named signs; with the last signature the approval is in force."""
    async with tx.begin() as db:
        row = await _locked(db, actor, approval_id)
        require(actor, policy.SIGN_APPROVAL, parties=[row.org_id])
        row.state = APPROVAL.move(row.state, "sign")
        now = await clock.market_now(db)
        done = await signing.put(db, row.signing_id, actor, document_sha256=document_sha256, now=now)
        journal.record(db, ApprovalSigned(row.id, done.signed, done.required), actor=actor)
        if done.is_complete:
            row.state, row.in_force_at = APPROVAL.move(row.state, "complete"), now
            journal.record(db, ApprovalInForce(row.id, row.document_sha256), actor=actor)
        await db.flush()
        return await _view(db, row, with_text=True)


async def revoke_approval(tx: Tx, actor: Actor, approval_id: UUID) -> ApprovalView:
    """The unit takes its approval back: no award rests on it from now on; one that was made stands."""
    async with tx.begin() as db:
        row = await _locked(db, actor, approval_id)
        require(actor, policy.REVOKE_APPROVAL, parties=[row.org_id])
        was, row.state = row.state, APPROVAL.move(row.state, "revoke")
        row.revoked_at = await clock.market_now(db)
        if was is ApprovalState.SIGNING:
            await signing.void(db, row.signing_id, actor)
        journal.record(db, ApprovalRevoked(row.id), actor=actor)
        await db.flush()
        return await _view(db, row, with_text=True)


async def get_approval(tx: Tx, actor: Actor, approval_id: UUID) -> ApprovalView:
    """One approval with the text that is signed: for the unit and the market."""
    async with tx.read() as db:
        row = await repository.get_approval(db, approval_id)
        _require_seen(actor, row)
        require(actor, policy.SEE_APPROVALS)
        return await _view(db, row, with_text=True)


async def list_approvals(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[ApprovalView]:
    """Those of my unit, newest first; the market sees all."""
    require(actor, policy.SEE_APPROVALS)
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_approvals(
            db, org_id=actor.org, everything=actor.is_market, before=before, limit=limit + 1
        )
        page = page_of(rows, limit, lambda row: (str(row.id),))
        return Page([await _view(db, row, with_text=False) for row in page.items], page.next_cursor)


async def _locked(db: AsyncSession, actor: Actor, approval_id: UUID) -> Approval:
    row = await repository.get_approval(db, approval_id, lock=True)
    _require_seen(actor, row)
    return row


def _require_seen(actor: Actor, row: Approval) -> None:
    if not actor.is_market and actor.org_id != row.org_id:
        raise NotFound()


async def _view(db: AsyncSession, row: Approval, *, with_text: bool) -> ApprovalView:
    progress = await signing.state_of(db, row.signing_id)
    return ApprovalView(
        id=row.id,
        organisation_id=row.org_id,
        kind=row.kind,
        state=row.state,
        achievement_ids=tuple(row.achievement_ids),
        modes=tuple(row.modes),
        floor=None if row.floor_minor is None else Money(row.floor_minor),
        decided_on=row.decided_on,
        evidence=tuple(EvidenceFile(EvidenceLabel(one["label"]), one["sha256"]) for one in row.evidence),
        document_sha256=row.document_sha256,
        signing_id=row.signing_id,
        signed=progress.signed,
        required=progress.required,
        drawn_up_at=row.drawn_up_at,
        in_force_at=row.in_force_at,
        revoked_at=row.revoked_at,
        text=await texts.get(db, row.document_sha256) if with_text else None,
    )
