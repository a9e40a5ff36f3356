"""Holds on one share: who left, died, cannot be reached, refuses or disputes keeps the others neither waiting nor paid
around. Two people see every step; a person's own will is decided by the market's operator, never by her unit alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import end_of_period, shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.revenue import errors, holds, policy, repository
from techmarket.revenue.case import plain
from techmarket.revenue.events import ShareHoldDecided, ShareHoldProposed
from techmarket.revenue.holds import Heir, HoldReason, ReleaseKind
from techmarket.revenue.lifecycle import SHARE_HOLD, TableState
from techmarket.revenue.repository import holding
from techmarket.revenue.service.tabling import complete_if_all, seen_table
from techmarket.revenue.tables import ShareHold, ShareTable
from techmarket.revenue.views import HoldView
from techmarket.rulebook import steps as rulebook
from techmarket.signing import steps as signing

ANSWER = "share_table.answer.length"
HOLDABLE = (TableState.SIGNING, TableState.SIGNED)


async def propose_hold(
    tx: Tx,
    actor: Actor,
    table_id: UUID,
    *,
    person_id: UUID,
    reason: HoldReason,
    grounds: str,
    evidence_sha256: str,
) -> HoldView:
    """The unit says, with evidence, why one person does not sign. Her share waits from now on; her signature is
    dispensed with only once somebody else has confirmed it, and where she could answer, after her time to do so."""
    async with tx.begin() as db:
        row = await seen_table(db, actor, await repository.lock_table(db, table_id))
        require(actor, policy.PROPOSE_HOLD, parties=[row.unit_id])
        if reason is HoldReason.DISPUTES:
            raise errors.SecondEyeNeeded(who="the person herself; she disputes her own share")
        await _require_holdable(db, row, person_id)
        await notices.require_kept(db, row.unit_id, [evidence_sha256], pointer="/body/evidence_sha256")
        if reason is HoldReason.LEFT and await _is_here(db, row.unit_id, person_id):
            raise errors.StillHere(pointer="/body/reason")
        if reason is HoldReason.REFUSES and await _has_signed(db, row, person_id):
            raise errors.SignedByHer()
        now = await clock.market_now(db)
        answer_by = await _answer_by(db, row, now) if reason in holds.HEARD_FIRST else None
        hold = _new(row, person_id, reason, grounds, actor, now, evidence_sha256, answer_by)
        db.add(hold)
        journal.record(db, ShareHoldProposed(hold.id, row.id), actor=actor)
        await db.flush()
        return await _view(db, hold)


async def dispute_share(tx: Tx, actor: Actor, table_id: UUID, *, grounds: str, evidence_sha256: str | None) -> HoldView:
    """Whoever is named in a table disputes her own share: it waits at once, and nobody else's does."""
    async with tx.begin() as db:
        row = await seen_table(db, actor, await repository.lock_table(db, table_id))
        require(actor, policy.DISPUTE_SHARE, parties=[p.person_id for p in await repository.list_people(db, row.id)])
        await _require_holdable(db, row, actor.person)
        if evidence_sha256 is not None:
            await notices.require_kept(db, actor.org, [evidence_sha256], pointer="/body/evidence_sha256")
        now = await clock.market_now(db)
        hold = _new(row, actor.person, HoldReason.DISPUTES, grounds, actor, now, evidence_sha256, None)
        hold.state, hold.confirmed_at = SHARE_HOLD.move(hold.state, "confirm"), now
        db.add(hold)
        journal.record(db, ShareHoldProposed(hold.id, row.id), actor=actor)
        await db.flush()
        return await _view(db, hold)


async def decide_hold(tx: Tx, actor: Actor, hold_id: UUID, *, confirmed: bool) -> HoldView:
    """A second pair of eyes confirms the hold or rejects it. Confirmed, it may put the table in force."""
    async with tx.begin() as db:
        row, hold = await _locked(db, actor, hold_id)
        require(actor, policy.CONFIRM_HOLD, parties=[row.unit_id])
        _require_other(actor, hold, hold.opened_by, neutral=holds.is_neutral_needed(hold.reason))
        state = SHARE_HOLD.move(hold.state, "confirm" if confirmed else "reject")
        now = await clock.market_now(db)
        if confirmed and hold.answer_by is not None and now < hold.answer_by:
            raise errors.AnswerPeriodRunning(answer_by=hold.answer_by)
        hold.state, hold.confirmed_by, hold.confirmed_at = state, actor.person, now
        journal.record(db, ShareHoldDecided(hold.id, row.id, state), actor=actor)
        await db.flush()
        if confirmed:
            await complete_if_all(db, row, actor)
        return await _view(db, hold)


async def propose_release(
    tx: Tx,
    actor: Actor,
    hold_id: UUID,
    *,
    kind: ReleaseKind,
    evidence_sha256: str,
    heirs: Sequence[Heir] = (),
) -> HoldView:
    """The unit shows what ends the hold: consent on paper, who the heirs are, or a decision."""
    async with tx.begin() as db:
        row, hold = await _locked(db, actor, hold_id)
        require(actor, policy.PROPOSE_HOLD, parties=[row.unit_id])
        state = SHARE_HOLD.move(hold.state, "propose_release")
        holds.check_release(hold.reason, kind, heirs)
        shown = [evidence_sha256, *(heir.evidence_sha256 for heir in heirs)]
        await notices.require_kept(db, row.unit_id, shown, pointer="/body/evidence_sha256")
        hold.heirs_sha256 = await texts.put(db, _heirs_document(hold, heirs)) if heirs else None
        hold.state, hold.release, hold.release_evidence_sha256 = state, kind, evidence_sha256
        hold.release_proposed_by = actor.person
        journal.record(db, ShareHoldDecided(hold.id, row.id, state), actor=actor)
        await db.flush()
        return await _view(db, hold)


async def decide_release(tx: Tx, actor: Actor, hold_id: UUID, *, confirmed: bool) -> HoldView:
    """A second pair of eyes lets the share go, or keeps it held."""
    async with tx.begin() as db:
        row, hold = await _locked(db, actor, hold_id)
        require(actor, policy.CONFIRM_HOLD, parties=[row.unit_id])
        state = SHARE_HOLD.move(hold.state, "confirm_release" if confirmed else "refuse_release")
        neutral = holds.is_neutral_needed(hold.reason, hold.release)
        _require_other(actor, hold, hold.release_proposed_by, neutral=neutral)
        hold.state = state
        if confirmed:
            hold.released_by, hold.released_at = actor.person, await clock.market_now(db)
        else:
            hold.release = hold.release_evidence_sha256 = hold.heirs_sha256 = hold.release_proposed_by = None
        journal.record(db, ShareHoldDecided(hold.id, row.id, state), actor=actor)
        await db.flush()
        return await _view(db, hold)


async def take_back_dispute(tx: Tx, actor: Actor, hold_id: UUID) -> HoldView:
    """Whoever disputed her own share takes it back."""
    async with tx.begin() as db:
        row, hold = await _locked(db, actor, hold_id)
        if hold.reason is not HoldReason.DISPUTES:
            raise NotFound()
        require(actor, policy.DISPUTE_SHARE, parties=[hold.person_id])
        hold.state, hold.release = SHARE_HOLD.move(hold.state, "take_back"), ReleaseKind.TAKEN_BACK
        hold.release_evidence_sha256 = hold.heirs_sha256 = hold.release_proposed_by = None
        hold.released_at = await clock.market_now(db)
        journal.record(db, ShareHoldDecided(hold.id, row.id, hold.state), actor=actor)
        await db.flush()
        return await _view(db, hold)


async def list_holds(tx: Tx, actor: Actor, table_id: UUID) -> list[HoldView]:
    """The holds under a table, for the unit's officers and the market; a person named in it sees her own only."""
    require(actor, policy.SEE_HOLDS)
    async with tx.read() as db:
        row = await seen_table(db, actor, await repository.get_table(db, table_id))
        only = None if policy.sees_money_of(actor, row.unit_id) else actor.person
        return [await _view(db, hold) for hold in await holding.list_of_table(db, row.id, person_id=only)]


def _heirs_document(hold: ShareHold, heirs: Sequence[Heir]) -> dict[str, Any]:
    return {
        "format": holds.HEIRS_FORMAT,
        "share_hold": str(hold.id),
        "heirs": [
            {"name": heir.name, "weight": plain(heir.weight), "evidence_sha256": heir.evidence_sha256} for heir in heirs
        ],
    }


def _new(
    row: ShareTable,
    person_id: UUID,
    reason: HoldReason,
    grounds: str,
    actor: Actor,
    now: datetime,
    evidence_sha256: str | None,
    answer_by: datetime | None,
) -> ShareHold:
    return ShareHold(
        id=new_id(),
        share_table_id=row.id,
        person_id=person_id,
        reason=reason,
        grounds=grounds,
        evidence_sha256=evidence_sha256,
        state=SHARE_HOLD.initial,
        opened_by=actor.person,
        opened_at=now,
        answer_by=answer_by,
    )


async def _require_holdable(db: AsyncSession, row: ShareTable, person_id: UUID) -> None:
    if row.state not in HOLDABLE:
        raise errors.TableNotSigned(n=row.n, state=row.state)
    if await repository.find_person(db, row.id, person_id) is None:
        raise errors.PersonNotInTable(person=person_id, pointer="/body/person_id")
    if await holding.find_live(db, row.id, person_id) is not None:
        raise errors.HoldExists()


async def _is_here(db: AsyncSession, unit_id: UUID, person_id: UUID) -> bool:
    known = await identity.get_people(db, [person_id])
    return person_id in known and unit_id in known[person_id].org_ids


async def _has_signed(db: AsyncSession, row: ShareTable, person_id: UUID) -> bool:
    assert row.signing_id is not None
    return any(one.person_id == person_id for one in await signing.signatures_of(db, row.signing_id))


async def _answer_by(db: AsyncSession, row: ShareTable, now: datetime) -> datetime | None:
    unit = await identity.get_organisation(db, row.unit_id)
    rule = await rulebook.get_rule(db, ANSWER, on=shanghai_day(now), jurisdiction=unit.jurisdiction)
    return end_of_period(now, rule.length, calendar=await rulebook.work_calendar(db))


def _require_other(actor: Actor, hold: ShareHold, first: UUID | None, *, neutral: bool) -> None:
    """Never the one who proposed it, nor the person it is about."""
    if neutral and not actor.is_market:
        raise errors.SecondEyeNeeded(who="the market's operator")
    if actor.person in (first, hold.person_id):
        raise errors.SecondEyeNeeded(who="another officer of the unit, or the market's operator")


async def _locked(db: AsyncSession, actor: Actor, hold_id: UUID) -> tuple[ShareTable, ShareHold]:
    """The table's row is the one lock of the table and of its holds."""
    known = await holding.get(db, hold_id)
    row = await repository.lock_table(db, known.share_table_id)
    hold = await holding.get(db, hold_id)
    if not policy.sees_money_of(actor, row.unit_id) and actor.person_id != hold.person_id:
        raise NotFound()
    return row, hold


async def _view(db: AsyncSession, hold: ShareHold) -> HoldView:
    heirs = holds.heirs_in(await texts.get(db, hold.heirs_sha256)) if hold.heirs_sha256 else ()
    view = HoldView(
        hold.id,
        hold.share_table_id,
        hold.person_id,
        hold.reason,
        hold.grounds,
        hold.evidence_sha256,
        hold.state,
        hold.opened_at,
        hold.answer_by,
        hold.confirmed_at,
        hold.release,
        hold.release_evidence_sha256,
        hold.released_at,
    )
    return replace(view, heirs=heirs) if heirs else view
