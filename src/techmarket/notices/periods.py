"""How a notice's period ends when it was lengthened and paused: pure, over the kernel's one way of counting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from techmarket.kernel.periods import (
    Length,
    Pause,
    Unit,
    days_counted,
    end_of_day,
    end_of_period,
    remaining,
    shanghai_day,
)
from techmarket.kernel.workdays import CalendarYearMissing, WorkCalendar

A_DAY = timedelta(days=1)
AN_INSTANT = timedelta(microseconds=1)
BY_THE_CLOCK = (Unit.MINUTES, Unit.SECONDS)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of a period: the first is the period as published, each other one a lengthening of it."""

    start: datetime | None
    length: Length
    end: datetime | None


def stages_of(
    start: datetime, length: Length, added: Sequence[int], *, pauses: Sequence[Pause], calendar: WorkCalendar
) -> Iterator[Stage]:
    """A lengthening begins where the period before it ends; while that is not known it has not begun."""
    begun: datetime | None = start
    for part in (length, *(Length(n, length.unit) for n in added)):
        end = None if begun is None else end_of_period(begun, part, pauses=pauses, calendar=calendar)
        yield Stage(begun, part, end)
        # A period ends with the last instant of its day, and that day is the one the next does not count.
        begun = end if end is None or length.unit in BY_THE_CLOCK else end - AN_INSTANT


def end_of(
    start: datetime, length: Length, added: Sequence[int], *, pauses: Sequence[Pause], calendar: WorkCalendar
) -> datetime | None:
    """A notice ends with its last lengthening; while something stops its clock there is no end."""
    *_, last = stages_of(start, length, added, pauses=pauses, calendar=calendar)
    return last.end


def remaining_of(
    start: datetime,
    length: Length,
    added: Sequence[int],
    at: datetime,
    *,
    pauses: Sequence[Pause],
    calendar: WorkCalendar,
) -> int:
    """What has not run of the period and of its lengthenings, in days of its unit."""
    return sum(
        stage.length.n
        if stage.start is None
        else remaining(stage.start, stage.length, at, pauses=pauses, calendar=calendar)
        for stage in stages_of(start, length, added, pauses=pauses, calendar=calendar)
    )


def days_to_add(
    start: datetime,
    length: Length,
    added: Sequence[int],
    at: datetime,
    *,
    total_min: int,
    rest_min: int,
    pauses: Sequence[Pause],
    calendar: WorkCalendar,
) -> int:
    """After a suspension a disclosure stands in all, and from the resumption on, at least as long as the rule says."""
    whole = length.n + sum(added)
    rest = whole - days_counted(start, at, unit=length.unit, pauses=pauses, calendar=calendar)
    return max(0, total_min - whole, rest_min - rest)


def kept_of_taken_back(
    stop: Pause,
    now: datetime,
    start: datetime,
    length: Length,
    added: Sequence[int],
    *,
    others: Sequence[Pause],
    calendar: WorkCalendar,
) -> Pause | None:
    """An objection that is taken back gives its days back, but for those without which the notice would be over before
    others have had the whole next day: they relied on the clock that stood still. None keeps none.

    By the clock it keeps all of its time or none.
    """
    least = now + AN_INSTANT if length.unit in BY_THE_CLOCK else end_of_day(shanghai_day(now) + A_DAY)
    for kept in _shorter(stop, now, by_the_clock=length.unit in BY_THE_CLOCK):
        try:
            end = end_of(start, length, added, pauses=[*others, *([kept] if kept else [])], calendar=calendar)
        except CalendarYearMissing:  # it reaches into a year that nobody has entered, so there is time enough
            return kept
        if end is None or end >= least:
            return kept
    return Pause(stop.from_, now)


def _shorter(stop: Pause, now: datetime, *, by_the_clock: bool) -> Iterator[Pause | None]:
    """Nothing of it, then its last day, its last two, until all of it is there."""
    yield None
    begins = now
    while not by_the_clock and begins > stop.from_:
        yield Pause(begins, now)
        begins -= A_DAY
