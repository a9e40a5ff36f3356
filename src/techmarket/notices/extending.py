"""Extending a notice by the steps it announced (延期), suspending and resuming it (中止, 恢复)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import Length, end_of_period
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.notices import counting, errors, periods, repository, rules, telling
from techmarket.notices.events import NoticeExtended, NoticeResumed, NoticeSuspended
from techmarket.notices.kinds import KINDS
from techmarket.notices.lifecycle import NOTICE, LengtheningCause, NoticeState, PauseCause
from techmarket.notices.tables import Notice, NoticeLengthening, NoticePause
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.rules import AppliesTo
from techmarket.rulebook.steps import Rule

STEP = "trading.extension.length"
STEPS_MAX = "trading.extension.count_max"
SUSPENSION_MAX = "trading.suspension.length_max"
TOTAL_MIN = "trading.suspension.total_min"
REST_MIN = "trading.suspension.rest_min"


@dataclass(frozen=True, slots=True)
class Extension:
    """What a notice says at its opening about its extension: how long a step is, and how many there may be."""

    length: Length
    at_most: int


async def check_announced(db: AsyncSession, notice: Notice, extension: Extension) -> None:
    """An extension is announced with the notice, within what the rulebook allows this kind of owner on its date."""
    if not KINDS[notice.kind].can_be_extended:
        raise errors.NotExtendable(notice_kind=notice.kind)
    least = await _rule(db, notice, STEP)
    most = await _rule(db, notice, STEPS_MAX, needed=False)
    if least is None:
        return
    rules.check_extension(
        extension.length,
        extension.at_most,
        unit=notice.length_unit,
        least=least.length if least.binding is rulebook.Binding.MANDATORY else None,
        at_most_allowed=most.int if most is not None else None,
    )


async def extend(db: AsyncSession, notice_id: UUID, *, actor: Actor | None, now: datetime) -> datetime:
    """One announced step longer, up to the last instant of the period. Returns when it now ends."""
    notice = await repository.lock_notice(db, notice_id)
    if notice.extension_n is None or notice.extensions_at_most is None:
        raise errors.ExtensionNotAnnounced()
    course = await counting.course_of(db, notice)
    await _check_runs(db, notice, course, now)
    used = sum(more.cause is LengtheningCause.EXTENSION for more in course.lengthenings)
    if used >= notice.extensions_at_most:
        raise errors.ExtensionsUsedUp(at_most=notice.extensions_at_most)
    _lengthen(db, notice, LengtheningCause.EXTENSION, notice.extension_n, now=now, actor=actor)
    await db.flush()
    end = await counting.require_end(db, notice)
    assert end is not None  # it runs, and nothing pauses it
    notice.look_at = end
    event = NoticeExtended(
        notice.id, notice.subject, notice.kind, notice.extension_n, notice.length_unit.value, used + 1, end
    )
    telling.record(db, notice.id, event, actor=actor)
    await db.flush()
    return end


async def suspend(
    db: AsyncSession, notice_id: UUID, *, cause: str, actor: Actor | None, now: datetime
) -> datetime | None:
    """The market stops the clock for a cause told to every reader, also while an objection stops it already.

    Returns until when it should be resumed: normally within the rulebook's longest suspension. None where the
    rulebook has no row for this kind of owner on the notice's date.
    """
    notice = await repository.lock_notice(db, notice_id)
    if not KINDS[notice.kind].can_be_suspended:
        raise errors.NotSuspendable(notice_kind=notice.kind)
    course = await counting.course_of(db, notice)
    if course.suspension is not None:
        raise errors.Suspended()
    if notice.state is not NoticeState.PAUSED:
        await _check_runs(db, notice, course, now)
    longest = await _rule(db, notice, SUSPENSION_MAX, needed=False)
    resume_by = None if longest is None else await _longest_until(db, longest, now)
    pause = NoticePause(
        id=new_id(),
        notice_id=notice.id,
        cause=PauseCause.SUSPENSION,
        reasons=cause,
        began_at=now,
        resume_by=resume_by,
    )
    db.add(pause)
    if notice.state is NoticeState.RUNNING:
        notice.state = NOTICE.move(notice.state, "pause")
        notice.look_at = None
    telling.record(db, notice.id, NoticeSuspended(notice.id, notice.subject, notice.kind, resume_by), actor=actor)
    await db.flush()
    return resume_by


async def _longest_until(db: AsyncSession, longest: Rule, now: datetime) -> datetime | None:
    """Stopping the clock waits for no calendar; until when it stands still is then for a person to watch."""
    try:
        return end_of_period(now, longest.length, calendar=await rulebook.work_calendar(db))
    except CalendarYearMissing:
        return None


async def resume(db: AsyncSession, notice_id: UUID, *, actor: Actor | None, now: datetime) -> datetime | None:
    """The rest of the period runs on; where a rule says so, at least so much is left, and so much stands in all.

    Returns when it now ends; None while an objection still stops the clock.
    """
    notice = await repository.lock_notice(db, notice_id)
    course = await counting.course_of(db, notice)
    pause = course.suspension
    if pause is None or notice.state is not NoticeState.PAUSED:
        raise errors.NotSuspended()
    pause.ended_at = max(now, pause.began_at)
    added = await _add_rest(db, notice, course, now=pause.ended_at, actor=actor)
    await db.flush()
    await run_on(db, notice)
    end = await counting.count_end(db, notice)
    telling.record(db, notice.id, NoticeResumed(notice.id, notice.subject, notice.kind, added, end), actor=actor)
    await db.flush()
    return end


async def run_on(db: AsyncSession, notice: Notice) -> None:
    """The clock runs again once nothing stops it any more: neither an open objection nor a suspension."""
    if notice.state is not NoticeState.PAUSED:
        return
    if any(pause.ended_at is None for pause in (await counting.course_of(db, notice)).pauses):
        return
    notice.state = NOTICE.move(notice.state, "resume")
    notice.look_at = await counting.count_end(db, notice)


async def _add_rest(
    db: AsyncSession, notice: Notice, course: counting.Course, *, now: datetime, actor: Actor | None
) -> int:
    assert notice.started_at is not None
    if not KINDS[notice.kind].rest_after_suspension:
        return 0
    bound = AppliesTo.SOE in notice.owner_kinds
    total, rest = await _rule(db, notice, TOTAL_MIN, needed=bound), await _rule(db, notice, REST_MIN, needed=bound)
    for rule in (total, rest):
        if rule is not None and rule.length.unit is not notice.length_unit:
            raise errors.RuleInAnotherUnit(key=rule.key, unit=rule.unit, wanted=notice.length_unit)
    added = periods.days_to_add(
        notice.started_at,
        notice.length,
        course.added,
        now,
        total_min=total.length.n if total else 0,
        rest_min=rest.length.n if rest else 0,
        pauses=course.stops,
        calendar=await rulebook.work_calendar(db),
    )
    if added:
        _lengthen(db, notice, LengtheningCause.RESUMPTION, added, now=now, actor=actor)
    return added


def _lengthen(
    db: AsyncSession, notice: Notice, cause: LengtheningCause, n: int, *, now: datetime, actor: Actor | None
) -> None:
    by = actor.person_id if actor else None
    db.add(NoticeLengthening(id=new_id(), notice_id=notice.id, cause=cause, n=n, at=now, by_person_id=by))


async def _check_runs(db: AsyncSession, notice: Notice, course: counting.Course, now: datetime) -> None:
    """The clock is read again after the lock: whoever waited for it must not bring back what ended meanwhile."""
    rules.check_runs(
        notice.state,
        ends_at=counting.end_with(notice, course, await rulebook.work_calendar(db)),
        now=max(now, await clock.market_now(db)),
        missing_places=await counting.missing_places(db, notice),
        open_objections=(await repository.count_open_objections(db, [notice.id])).get(notice.id, 0),
    )


async def _rule(db: AsyncSession, notice: Notice, key: str, *, needed: bool = True) -> Rule | None:
    ask = rulebook.get_rule if needed else rulebook.find_rule
    return await ask(
        db, key, on=notice.rule_date, jurisdiction=notice.jurisdiction, applies_to=tuple(notice.owner_kinds)
    )
