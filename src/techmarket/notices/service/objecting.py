"""Objections: filed while the notice runs, acknowledged, decided with reasons or taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import Permission, require
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import Pause
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices import (
    counting,
    deadlines,
    errors,
    evidence,
    extending,
    opening,
    periods,
    policy,
    repository,
    rules,
    telling,
)
from techmarket.notices.events import (
    ObjectionAcknowledged,
    ObjectionDecided,
    ObjectionEvidenceAdded,
    ObjectionFiled,
    ObjectionUpheld,
    ObjectionWithdrawn,
)
from techmarket.notices.kinds import KINDS, Decider, Effect
from techmarket.notices.lifecycle import NOTICE, OBJECTION
from techmarket.notices.showing import is_party, objections_of, seen
from techmarket.notices.tables import Notice, Objection, ObjectionEvidence
from techmarket.notices.views import ObjectionView
from techmarket.rulebook import steps as rulebook
from techmarket.transparency import steps as transparency

EVIDENCE_MAX = 20


async def file_objection(
    tx: Tx,
    actor: Actor,
    notice_id: UUID,
    *,
    grounds: str,
    lines: Sequence[str] | None = None,
    evidence_sha256: Collection[str] = (),
    keys: Keys | None = None,
) -> ObjectionView:
    """Object while the notice runs: it pauses, or the lines named wait, as its kind says.

    With the market's keys the answer holds a receipt: the signed promise that the log will tell of it.
    """
    async with tx.begin() as db:
        notice = seen(actor, await repository.lock_notice(db, notice_id))
        require(actor, policy.OBJECT)
        rules.check_standing(
            notice.kind,
            actor,
            owner_org=notice.owner_org_id,
            party_orgs=notice.reader_org_ids,
            opened_by=notice.opened_by_id,
        )
        now = await clock.market_now(db)
        rules.check_objection_in_time(
            notice.state,
            ends_at=await counting.count_end(db, notice),
            now=now,
            missing_places=await counting.missing_places(db, notice),
        )
        rules.check_lines(notice.effect, notice.lines, lines)
        files = sorted(set(evidence_sha256))
        await evidence.require_kept(db, actor.org, files, pointer="/body/evidence")
        key = rules.grounds_key(grounds, lines)
        await _check_first_time(db, notice, actor, key, files)
        objection = Objection(
            id=new_id(),
            notice_id=notice.id,
            by_org_id=actor.org,
            by_person_id=actor.person,
            grounds=grounds,
            grounds_sha256=key,
            lines=sorted(set(lines)) if lines else None,
            state=OBJECTION.initial,
            filed_at=now,
        )
        await deadlines.set_deadlines(db, notice, objection)
        db.add(objection)
        event = ObjectionFiled(objection.id, notice.id, notice.subject, notice.kind)
        entry_id = telling.record(db, notice.id, event, actor=actor)
        await db.flush()
        db.add_all([ObjectionEvidence(objection_id=objection.id, sha256=one, at=now) for one in files])
        if notice.effect is Effect.PAUSES:
            await opening.pause_for(db, notice, objection, now=now)
        await db.flush()
        view = await _view(db, actor, objection, now)
        return view if keys is None else replace(view, receipt=await transparency.promise(db, keys, entry_id))


async def add_evidence(tx: Tx, actor: Actor, objection_id: UUID, *, sha256: str) -> ObjectionView:
    """Whoever objected brings more evidence while the objection is open."""
    async with tx.begin() as db:
        notice, objection = await _lock_objection(db, actor, objection_id)
        require(actor, policy.ADD_EVIDENCE, parties=[objection.by_org_id])
        objection.state = OBJECTION.move(objection.state, "add_evidence")
        await evidence.require_kept(db, actor.org, [sha256], pointer="/body/evidence_sha256")
        known = (await repository.evidence_of(db, [objection.id])).get(objection.id, [])
        now = await clock.market_now(db)
        if sha256 not in known:
            if len(known) >= EVIDENCE_MAX:
                raise errors.TooMuchEvidenceHere(at_most=EVIDENCE_MAX)
            db.add(ObjectionEvidence(objection_id=objection.id, sha256=sha256, at=now))
            event = ObjectionEvidenceAdded(objection.id, notice.id, notice.subject, notice.kind, sha256)
            telling.record(db, notice.id, event, actor=actor)
            await db.flush()
        return await _view(db, actor, objection, now)


async def acknowledge_objection(tx: Tx, actor: Actor, objection_id: UUID) -> ObjectionView:
    """Who is to decide says that the objection has arrived and is being looked into."""
    async with tx.begin() as db:
        notice, objection = await _lock_objection(db, actor, objection_id)
        await _require_decider(db, actor, notice, objection, policy.ACKNOWLEDGE, policy.ACKNOWLEDGE_OWN)
        now = await clock.market_now(db)
        objection.state = OBJECTION.move(objection.state, "acknowledge")
        if objection.acknowledged_at is not None:
            raise errors.AcknowledgedAlready(acknowledged_at=objection.acknowledged_at)
        _acknowledge(db, notice, objection, now=now, actor=actor)
        await db.flush()
        return await _view(db, actor, objection, now)


async def decide_objection(
    tx: Tx, actor: Actor, objection_id: UUID, *, upheld: bool, reasons: str, published_reasons: str | None = None
) -> ObjectionView:
    """Who the kind names decides with reasons: dismissed, the rest of the period runs on; upheld, the notice ends.

    The result is public, with what of the reasons is published; the reasons in full are for those concerned.
    """
    async with tx.begin() as db:
        notice, objection = await _lock_objection(db, actor, objection_id)
        await _require_decider(db, actor, notice, objection, policy.DECIDE, policy.DECIDE_OWN)
        now = await clock.market_now(db)
        objection.state = OBJECTION.move(objection.state, "uphold" if upheld else "dismiss")
        if objection.acknowledged_at is None:
            _acknowledge(db, notice, objection, now=now, actor=actor)
        objection.decided_at, objection.decided_by_id = now, actor.person
        objection.reasons, objection.published_reasons = reasons, published_reasons
        facts = (objection.id, notice.id, notice.subject, notice.kind)
        telling.record(db, notice.id, ObjectionDecided(*facts, upheld), actor=actor)
        if upheld:
            event = ObjectionUpheld(*facts, tuple(objection.lines or ()))
            telling.record(db, notice.id, event, actor=actor)
        await db.flush()
        if upheld and KINDS[notice.kind].effect is Effect.PAUSES:
            await _end_for_good(db, notice, now=now, actor=actor)
        else:
            await _end_pause(db, notice, objection, now)
        return await _view(db, actor, objection, now)


async def withdraw_objection(tx: Tx, actor: Actor, objection_id: UUID) -> ObjectionView:
    """Whoever objected takes it back; the rest of the period runs on, with the days that it stopped."""
    async with tx.begin() as db:
        notice, objection = await _lock_objection(db, actor, objection_id)
        require(actor, policy.WITHDRAW_OBJECTION, parties=[objection.by_org_id])
        now = await clock.market_now(db)
        objection.state = OBJECTION.move(objection.state, "withdraw")
        objection.decided_at = now
        stopped_from = await _give_back(db, notice, objection, now)
        event = ObjectionWithdrawn(objection.id, notice.id, notice.subject, notice.kind, stopped_from)
        telling.record(db, notice.id, event, actor=actor)
        await db.flush()
        return await _view(db, actor, objection, now)


async def _require_decider(
    db: AsyncSession, actor: Actor, notice: Notice, objection: Objection, market: Permission, owner: Permission
) -> None:
    """The operator, or where the kind says so the owner; never whoever objected, whom the notice favours, nor who
    published it for the owner. An operator belongs to no side, whichever organisation he acts for."""
    is_owner = actor.org_id == notice.owner_org_id and not actor.is_market
    wanted = owner if is_owner and Decider.OWNER in KINDS[notice.kind].deciders else market
    require(actor, wanted, parties=[notice.owner_org_id])
    objected = actor.person_id == objection.by_person_id or (actor.org_id == objection.by_org_id and not is_owner)
    if objected or (is_owner and actor.person_id == notice.opened_by_id):
        raise NotAllowed(needs="somebody who neither objected nor published the notice", operation=wanted.operation)
    if actor.person_id in notice.favoured_ids:
        raise NotAllowed(needs="somebody whom the notice does not favour", operation=wanted.operation)
    if wanted is market:
        sides = {*notice.sides, objection.by_org_id}
        await identity.require_outside(db, actor.person, sides, operation=wanted.operation)


async def _check_first_time(db: AsyncSession, notice: Notice, actor: Actor, key: str, files: Sequence[str]) -> None:
    party = repository.of_party(actor.org, actor.person, notice.owner_org_id)
    if await repository.has_open_objection(db, notice.id, party):
        raise errors.ObjectionOpen()
    rules.check_not_too_many(
        await repository.count_filed_by(db, notice.id, party), at_most=await deadlines.per_party_max(db, notice)
    )
    before = await repository.list_ended_on(db, notice.id, party, key)
    rested_on = await repository.evidence_of(db, [one.id for one in before])
    ended = [
        rules.Ended(one.decided_at, frozenset(rested_on.get(one.id, ())))
        for one in before
        if one.decided_at is not None
    ]
    rules.check_grounds(ended, files, at_most=await deadlines.same_grounds_max(db, notice))


def _acknowledge(db: AsyncSession, notice: Notice, objection: Objection, *, now: datetime, actor: Actor) -> None:
    objection.acknowledged_at, objection.acknowledged_by_id = now, actor.person
    event = ObjectionAcknowledged(objection.id, notice.id, notice.subject, notice.kind)
    telling.record(db, notice.id, event, actor=actor)


async def _lock_objection(db: AsyncSession, actor: Actor, objection_id: UUID) -> tuple[Notice, Objection]:
    """The notice locked, then its objection read: the notice's row is the one lock of both.

    A replacement may have carried the objection to another notice while we waited for the lock.
    """
    objection = await repository.get_objection(db, objection_id)
    notice = await repository.lock_notice(db, objection.notice_id)
    objection = await repository.get_objection(db, objection_id)
    while objection.notice_id != notice.id:
        notice = await repository.lock_notice(db, objection.notice_id)
        objection = await repository.get_objection(db, objection_id)
    if not (is_party(actor, notice) or actor.org_id == objection.by_org_id):
        raise NotFound()
    return notice, objection


async def _end_for_good(db: AsyncSession, notice: Notice, *, now: datetime, actor: Actor) -> None:
    """One upheld objection ends the notice; the others have nothing left to be about."""
    notice.state = NOTICE.move(notice.state, "uphold")
    notice.ended_at = now
    for pause in (await counting.course_of(db, notice)).pauses:
        if pause.ended_at is None:
            pause.ended_at = max(now, pause.began_at)
    others = await repository.list_open_objections(db, notice.id)
    await opening.lapse_objections(db, notice, others, now=now, actor=actor)


async def _end_pause(db: AsyncSession, notice: Notice, objection: Objection, now: datetime) -> None:
    pause = await repository.find_pause(db, notice.id, objection.id)
    if pause is None:
        return
    pause.ended_at = now
    await db.flush()
    await extending.run_on(db, notice)
    await db.flush()


async def _give_back(db: AsyncSession, notice: Notice, objection: Objection, now: datetime) -> datetime | None:
    """What it stopped runs after all; since when it still counts as stopped, if it does at all."""
    pause = await repository.find_pause(db, notice.id, objection.id)
    if pause is None or notice.started_at is None:
        return None
    course = await counting.course_of(db, notice)
    kept = periods.kept_of_taken_back(
        Pause(pause.began_at, None),
        now,
        notice.started_at,
        notice.length,
        course.added,
        others=[Pause(one.began_at, one.ended_at) for one in course.pauses if one.id != pause.id],
        calendar=await rulebook.work_calendar(db),
    )
    if kept is None:
        await db.delete(pause)
    else:
        pause.began_at, pause.ended_at = kept.from_, now
    await db.flush()
    await extending.run_on(db, notice)
    await db.flush()
    return None if kept is None else kept.from_


async def _view(db: AsyncSession, actor: Actor, objection: Objection, now: datetime) -> ObjectionView:
    return (await objections_of(db, actor, [objection], now))[0]
