"""A year of the work-day calendar as people read it: the days that are not what their weekday says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from techmarket.kernel.workdays import PUBLISHED_YEARS, WorkCalendar
from techmarket.rulebook.views import DayView, YearOrigin, YearView

_SATURDAY = 5


def calendar_of(year: int, calendar: WorkCalendar, sources: Mapping[date, str]) -> YearView:
    """Holidays on weekdays and make-up days on weekends, and all that the operator entered."""
    origin = YearOrigin.MISSING
    if year in PUBLISHED_YEARS:
        origin = YearOrigin.PUBLISHED
    elif year in calendar.declared_years:
        origin = YearOrigin.ENTERED
    first = date(year, 1, 1)
    every = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
    if origin is YearOrigin.MISSING:
        days = [day for day in every if day in calendar.overrides]
        return YearView(
            year, origin, None, tuple(DayView(day, calendar.overrides[day], sources.get(day)) for day in days)
        )
    working = {day: calendar.is_working_day(day) for day in every}
    odd = [day for day in every if day in sources or working[day] != (day.weekday() < _SATURDAY)]
    return YearView(
        year, origin, sum(working.values()), tuple(DayView(day, working[day], sources.get(day)) for day in odd)
    )
