"""The second eye: what a unit says of another's right on its achievement counts once somebody else has looked at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import errors, policy, repository
from techmarket.achievements.events import AttestationEnded, AttestationFiled, EncumbranceReleased, PledgeeConsented
from techmarket.achievements.licences import AttestedAct
from techmarket.achievements.lifecycle import ATTESTATION, BURDEN, AttestationState
from techmarket.achievements.tables import Achievement, Attestation, Encumbrance
from techmarket.achievements.views import AttestationView
from techmarket.db import clock, journal
from techmarket.db.files import Files
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import allows, require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.notices.views import EvidenceView


async def attest(
    db: AsyncSession,
    row: Achievement,
    burden: Encumbrance,
    act: AttestedAct,
    evidence_sha256: str,
    *,
    actor: Actor,
    released_on: date | None = None,
) -> None:
    """The unit says it, with its file; the achievement is locked, so that of each burden one thing waits at a time.

    The same said again is the same.
    """
    for open_one in await repository.pending_attestations(db, [burden.id]):
        if open_one.act is act:
            if (open_one.evidence_sha256, open_one.released_on) == (evidence_sha256, released_on):
                return
            raise errors.AttestationOpen()
    attestation = Attestation(
        id=new_id(),
        encumbrance_id=burden.id,
        act=act,
        state=ATTESTATION.initial,
        released_on=released_on,
        evidence_sha256=evidence_sha256,
        by_person_id=actor.person,
        at=await clock.market_now(db),
    )
    db.add(attestation)
    row.revision += 1
    event = AttestationFiled(attestation.id, burden.id, row.id, act.value, evidence_sha256)
    journal.record(db, event, actor=actor)


def end_burden(
    db: AsyncSession, row: Achievement, burden: Encumbrance, *, released_on: date, evidence_sha256: str, actor: Actor
) -> None:
    burden.state = BURDEN.move(burden.state, "release")
    burden.released_on, burden.release_sha256 = released_on, evidence_sha256
    row.revision += 1
    journal.record(db, EncumbranceReleased(burden.id, row.id, released_on), actor=actor)


async def confirm_attestation(tx: Tx, actor: Actor, attestation_id: UUID) -> AttestationView:
    """The market's operator, or of a pledge the pledgee's own organisation, has seen the file: now it counts."""
    async with tx.begin() as db:
        row, burden, attestation = await _locked(db, actor, attestation_id)
        await _require_second_eye(db, actor, row, burden)
        now = await clock.market_now(db)
        attestation.state = ATTESTATION.move(attestation.state, "confirm")
        _decided(attestation, actor, now)
        if attestation.act is AttestedAct.RELEASE:
            assert attestation.released_on is not None
            file = attestation.evidence_sha256
            end_burden(db, row, burden, released_on=attestation.released_on, evidence_sha256=file, actor=actor)
        else:
            BURDEN.move(burden.state, "release")  # only of a pledge that still runs
            burden.holder_consented_at, burden.consent_sha256 = now, attestation.evidence_sha256
            journal.record(db, PledgeeConsented(burden.id, row.id, attestation.evidence_sha256), actor=actor)
        return await _ended(db, row, burden, attestation, actor)


async def refuse_attestation(tx: Tx, actor: Actor, attestation_id: UUID, *, reasons: str) -> AttestationView:
    """Whoever may confirm it says why it does not hold; the burden goes on."""
    async with tx.begin() as db:
        row, burden, attestation = await _locked(db, actor, attestation_id)
        await _require_second_eye(db, actor, row, burden)
        now = await clock.market_now(db)
        attestation.state = ATTESTATION.move(attestation.state, "refuse")
        _decided(attestation, actor, now)
        attestation.reasons = reasons
        return await _ended(db, row, burden, attestation, actor)


async def withdraw_attestation(tx: Tx, actor: Actor, attestation_id: UUID) -> AttestationView:
    """The unit takes back what it said, as long as nobody has decided on it."""
    async with tx.begin() as db:
        row, burden, attestation = await _locked(db, actor, attestation_id)
        require(actor, policy.BURDEN, parties=[row.org_id])
        attestation.state = ATTESTATION.move(attestation.state, "withdraw")
        return await _ended(db, row, burden, attestation, actor)


async def get_attestation(tx: Tx, actor: Actor, attestation_id: UUID) -> AttestationView:
    require(actor, policy.SEE_ATTESTATIONS)
    async with tx.read() as db:
        return _view(*await _known(db, actor, attestation_id))


async def list_attestations(
    tx: Tx, actor: Actor, *, state: AttestationState | None = None, cursor: str | None = None, limit: int = 20
) -> Page[AttestationView]:
    """What was said of burdens on your unit's achievements, or of your pledges; the market sees all."""
    require(actor, policy.SEE_ATTESTATIONS)
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_attestations(
            db, of_org=None if actor.is_market else actor.org, state=state, before=before, limit=limit + 1
        )
        page = page_of(rows, limit, lambda row: (str(row[0].id),))
        return page.map(lambda row: _view(row[2], row[1], row[0]))


async def read_attestation_evidence(
    tx: Tx, kept: Files, actor: Actor, attestation_id: UUID
) -> tuple[EvidenceView, AsyncIterator[bytes]]:
    """The file it rests on, for those who may decide on it and for the unit."""
    require(actor, policy.SEE_ATTESTATIONS)
    async with tx.read() as db:
        unit, _, attestation = await _known(db, actor, attestation_id)
        view = await notices.find_evidence(db, unit, attestation.evidence_sha256)
        if view is None:
            raise NotFound()
    return view, kept.open(view.sha256)


async def _require_second_eye(db: AsyncSession, actor: Actor, row: Achievement, burden: Encumbrance) -> None:
    """Not the unit nor anybody who belongs to it, whoever else he may be; a court is heard through the market."""
    wanted = policy.CONFIRM_AS_HOLDER
    if burden.holder_org_id is None or not allows(actor, wanted, parties=[burden.holder_org_id]):
        wanted = policy.CONFIRM_ATTESTATION
        require(actor, wanted, parties=[row.org_id])
    await identity.require_outside(db, actor.person, [row.org_id], operation=wanted.operation)


def _decided(attestation: Attestation, actor: Actor, now: datetime) -> None:
    attestation.decided_by_id, attestation.decided_org_id, attestation.decided_at = actor.person, actor.org, now


async def _ended(
    db: AsyncSession, row: Achievement, burden: Encumbrance, attestation: Attestation, actor: Actor
) -> AttestationView:
    row.revision += 1
    journal.record(db, AttestationEnded(attestation.id, burden.id, row.id, attestation.state.value), actor=actor)
    await db.flush()
    return _view(row.org_id, burden, attestation)


async def _known(db: AsyncSession, actor: Actor, attestation_id: UUID) -> tuple[UUID, Encumbrance, Attestation]:
    """For the unit, for the holder of the burden and for the market; to others it does not exist."""
    found = await repository.find_attestation(db, attestation_id)
    if found is None:
        raise NotFound()
    unit, burden, _ = found
    if not actor.is_market and actor.org_id not in (unit, burden.holder_org_id):
        raise NotFound()
    return found


async def _locked(db: AsyncSession, actor: Actor, attestation_id: UUID) -> tuple[Achievement, Encumbrance, Attestation]:
    """The achievement is locked, then all else is read: everything that binds it waits for the same row."""
    _, seen, _ = await _known(db, actor, attestation_id)
    row = await repository.lock(db, seen.achievement_id)
    _, burden, attestation = await _known(db, actor, attestation_id)
    return row, burden, attestation


def _view(unit: UUID, burden: Encumbrance, attestation: Attestation) -> AttestationView:
    return AttestationView(
        attestation.id,
        burden.id,
        burden.achievement_id,
        unit,
        burden.kind,
        burden.holder,
        burden.holder_org_id,
        burden.registration_number,
        attestation.act,
        attestation.state,
        attestation.released_on,
        attestation.evidence_sha256,
        attestation.at,
        attestation.decided_at,
        attestation.decided_org_id,
        attestation.reasons,
    )
