"""When a period of law ends (期间, 民法典 201-204): counted in Shanghai days, the first day never counted."""

from __future__ import annotations

import calendar as months_of_a_year
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum

from techmarket.kernel.workdays import WorkCalendar

# China has kept one offset since 1991, so a fixed one needs no time zone files on the machine.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_ONE_DAY = timedelta(days=1)


class Unit(StrEnum):
    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"
    YEARS = "years"
    MINUTES = "minutes"
    SECONDS = "seconds"


# A century in each unit: nothing real is longer, and a slip of the pen must not count for ever.
_LONGEST = {
    Unit.DAYS: 36_525,
    Unit.WORKING_DAYS: 25_000,
    Unit.MONTHS: 1_200,
    Unit.YEARS: 100,
    Unit.MINUTES: 36_525 * 24 * 60,
    Unit.SECONDS: 36_525 * 24 * 60 * 60,
}


@dataclass(frozen=True, slots=True)
class Length:
    """How long a period is, in the unit the rule names."""

    n: int
    unit: Unit

    def __post_init__(self) -> None:
        if not isinstance(self.n, int) or isinstance(self.n, bool):
            raise TypeError("a length is a whole number of its unit")
        if not 1 <= self.n <= _LONGEST[self.unit]:
            raise ValueError(f"a length in {self.unit.value} lies between 1 and {_LONGEST[self.unit]}")


@dataclass(frozen=True, slots=True)
class Pause:
    """A time that does not count; without `to` it still lasts."""

    from_: datetime
    to: datetime | None

    def __post_init__(self) -> None:
        _require_aware(self.from_)
        if self.to is not None:
            _require_aware(self.to)
            if self.to < self.from_:
                raise ValueError("a pause ends before it begins")


def shanghai_day(instant: datetime) -> date:
    """The calendar day of an instant is its day in Shanghai."""
    _require_aware(instant)
    return instant.astimezone(SHANGHAI).date()


def end_of_day(day: date) -> datetime:
    """A day ends at 24:00 in Shanghai; the instant is the first that no longer belongs to it."""
    return datetime.combine(day + _ONE_DAY, time(), SHANGHAI).astimezone(UTC)


def end_of_period(
    start: datetime, length: Length, *, pauses: Sequence[Pause] = (), calendar: WorkCalendar
) -> datetime | None:
    """The first day is not counted; a last day on a holiday moves to the next working day and ends at 24:00.

    The day a pause begins does not count, nor does any day up to and including the one it ends on. Months and years
    are lengthened by the days that did not count. Minutes and seconds run from the instant and stop for the pause
    itself. While a pause that began in time is open there is no end: None.
    """
    _require_aware(start)
    if length.unit in (Unit.MINUTES, Unit.SECONDS):
        return _end_by_the_clock(start, length, pauses)
    stopped = _StoppedDays(pauses)
    last: date | None
    if length.unit is Unit.WORKING_DAYS:
        last = _last_working_day(shanghai_day(start), length.n, stopped, calendar)
    else:
        last = _last_calendar_day(shanghai_day(start), length, stopped)
        while last is not None and not calendar.is_working_day(last):
            last = stopped.next_day(last)
    return None if last is None else end_of_day(last)


def days_counted(
    start: datetime,
    at: datetime,
    *,
    unit: Unit = Unit.DAYS,
    pauses: Sequence[Pause] = (),
    calendar: WorkCalendar | None = None,
) -> int:
    """How many days have run by `at`: whole days after the first, without those a pause took out."""
    stopped = _StoppedDays(pauses)
    day, today, counted = shanghai_day(start) + _ONE_DAY, shanghai_day(at), 0
    if unit in (Unit.MINUTES, Unit.SECONDS):
        raise ValueError("a period by the clock has no days to count")
    if unit is Unit.WORKING_DAYS and calendar is None:
        raise ValueError("working days are counted with a calendar")
    while day < today:
        if day not in stopped and (unit is not Unit.WORKING_DAYS or (calendar and calendar.is_working_day(day))):
            counted += 1
        day += _ONE_DAY
    return counted


def remaining(
    start: datetime,
    length: Length,
    at: datetime,
    *,
    pauses: Sequence[Pause] = (),
    calendar: WorkCalendar | None = None,
) -> int:
    """How many days are still to run; a month or year counts with the days it has from this start."""
    counted = days_counted(start, at, unit=length.unit, pauses=pauses, calendar=calendar)
    first = shanghai_day(start)
    whole = length.n if length.unit is Unit.WORKING_DAYS else (_nominal_last_day(first, length) - first).days
    return max(0, whole - counted)


def term_date(start_day: date, months: int) -> date:
    """A term ends on the corresponding day, or on the month's last day where there is none; it moves for no holiday."""
    year, month = divmod(start_day.year * 12 + start_day.month - 1 + months, 12)
    return date(year, month + 1, min(start_day.day, months_of_a_year.monthrange(year, month + 1)[1]))


class _StoppedDays:
    """The Shanghai days that pauses take out of a period: first and last day of each pause included."""

    def __init__(self, pauses: Sequence[Pause]) -> None:
        self._spans = [(shanghai_day(p.from_), None if p.to is None else shanghai_day(p.to)) for p in pauses]
        self._open_from = min((first for first, last in self._spans if last is None), default=None)

    def __contains__(self, day: date) -> bool:
        return any(first <= day and (last is None or day <= last) for first, last in self._spans)

    def next_day(self, day: date) -> date | None:
        """The next day that counts, or None when an open pause leaves none."""
        day += _ONE_DAY
        while day in self:
            if self._open_from is not None and day >= self._open_from:
                return None
            day += _ONE_DAY
        return day


def _nominal_last_day(first: date, length: Length) -> date:
    if length.unit is Unit.MONTHS:
        return term_date(first, length.n)
    if length.unit is Unit.YEARS:
        return term_date(first, 12 * length.n)
    return first + timedelta(days=length.n)


def _last_calendar_day(first: date, length: Length, stopped: _StoppedDays) -> date | None:
    nominal = _nominal_last_day(first, length)
    owed = sum(first + timedelta(days=n) in stopped for n in range(1, (nominal - first).days + 1))
    last: date | None = nominal
    while last is not None and owed > 0:
        last = stopped.next_day(last)
        owed -= 1
    return last


def _last_working_day(first: date, n: int, stopped: _StoppedDays, calendar: WorkCalendar) -> date | None:
    day: date | None = first
    while n > 0:
        day = stopped.next_day(day) if day is not None else None
        if day is None:
            return None
        if calendar.is_working_day(day):
            n -= 1
    return day


def _end_by_the_clock(start: datetime, length: Length, pauses: Sequence[Pause]) -> datetime | None:
    end = start.astimezone(UTC) + timedelta(**{length.unit.value: length.n})
    running_from = start
    for pause in sorted(pauses, key=lambda pause: pause.from_):
        stop = max(pause.from_, running_from)
        if stop >= end:
            break
        if pause.to is None:
            return None
        if pause.to > stop:
            end += pause.to - stop
            running_from = pause.to
    return end


def _require_aware(instant: datetime) -> None:
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise ValueError("an instant without a time zone is not an instant")


def next_hour(now: datetime, hour: int) -> datetime:
    """The next time that clocks in Shanghai show this full hour."""
    here = now.astimezone(SHANGHAI)
    today = here.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if here < today else today + _ONE_DAY
