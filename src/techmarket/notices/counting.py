"""How long a notice still stands: its row, pauses and lengthenings, counted with today's work-day calendar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock
from techmarket.kernel.periods import Pause, Unit
from techmarket.kernel.workdays import CalendarYearMissing, WorkCalendar
from techmarket.notices import periods, repository, rules
from techmarket.notices.kinds import Place
from techmarket.notices.lifecycle import NoticeState, PauseCause
from techmarket.notices.tables import Notice, NoticeLengthening, NoticePause
from techmarket.rulebook import steps as rulebook


@dataclass(frozen=True, slots=True)
class Course:
    """What was taken out of a notice's period and what was added to it."""

    pauses: Sequence[NoticePause] = ()
    lengthenings: Sequence[NoticeLengthening] = ()

    @property
    def stops(self) -> list[Pause]:
        return [Pause(pause.began_at, pause.ended_at) for pause in self.pauses]

    @property
    def added(self) -> list[int]:
        return [more.n for more in self.lengthenings]

    @property
    def suspension(self) -> NoticePause | None:
        """The suspension that still lasts."""
        open_ones = (p for p in self.pauses if p.cause is PauseCause.SUSPENSION and p.ended_at is None)
        return next(open_ones, None)


async def courses(db: AsyncSession, notice_ids: Iterable[UUID]) -> dict[UUID, Course]:
    wanted = list(notice_ids)
    pauses = await repository.list_pauses(db, wanted)
    lengthenings = await repository.list_lengthenings(db, wanted)
    return {one: Course(pauses.get(one, ()), lengthenings.get(one, ())) for one in wanted}


async def course_of(db: AsyncSession, notice: Notice) -> Course:
    return (await courses(db, [notice.id]))[notice.id]


async def count_end(db: AsyncSession, notice: Notice) -> datetime | None:
    """The end of the period: counted while it runs, written down once it has cleared, none where it stands no more.

    Nor is there one while it reaches into a year whose holidays nobody has entered: it has not ended by then.
    """
    try:
        return await require_end(db, notice)
    except CalendarYearMissing:
        return None


async def require_end(db: AsyncSession, notice: Notice) -> datetime | None:
    """As `count_end`; a year without holidays is refused by name."""
    if notice.started_at is None:
        return None
    return _end(notice, await course_of(db, notice), await rulebook.work_calendar(db))


def end_with(notice: Notice, course: Course, calendar: WorkCalendar) -> datetime | None:
    try:
        return _end(notice, course, calendar)
    except CalendarYearMissing:
        return None


def _end(notice: Notice, course: Course, calendar: WorkCalendar) -> datetime | None:
    if notice.started_at is None or notice.state in (
        NoticeState.UPHELD,
        NoticeState.REPLACED,
        NoticeState.WITHDRAWN,
    ):
        return None
    if notice.state is NoticeState.CLEARED and notice.ended_at is not None:
        return notice.ended_at
    return periods.end_of(notice.started_at, notice.length, course.added, pauses=course.stops, calendar=calendar)


def remaining_with(notice: Notice, course: Course, calendar: WorkCalendar, now: datetime) -> int | None:
    """How many days of its unit are still to run; none for a period by the clock or one that has not started, nor while
    they cannot be counted."""
    if notice.started_at is None or notice.length_unit in (Unit.MINUTES, Unit.SECONDS):
        return None
    if notice.state not in (NoticeState.RUNNING, NoticeState.PAUSED):
        return 0
    try:
        return periods.remaining_of(
            notice.started_at, notice.length, course.added, now, pauses=course.stops, calendar=calendar
        )
    except CalendarYearMissing:
        return None


async def state_now(db: AsyncSession, notice: Notice) -> NoticeState:
    return rules.state_at(notice.state, await count_end(db, notice), await clock.market_now(db))


async def missing_places(db: AsyncSession, notice: Notice) -> list[Place]:
    posted = await repository.posted(db, notice.id)
    return [place for place in notice.required_places if place not in posted]
