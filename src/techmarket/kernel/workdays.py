"""Which days are working days (工作日): the published calendar with make-up days, and what the operator adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType

import chinese_calendar
from chinese_calendar.constants import holidays as _published_holidays

from techmarket.kernel.refusals import Kind, Refusal

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5
PUBLISHED_YEARS = range(min(_published_holidays).year, max(_published_holidays).year + 1)
"""The years whose holiday arrangement came with the calendar library."""


class CalendarYearMissing(Refusal):
    code, kind = "calendar.year_missing", Kind.CONFLICT
    zh = (
        "工作日历没有 {year} 年的放假安排（已公布 {first_year} 至 {last_year} 年；运营方录入：[{declared_years}]），"
        "请运营方先录入该年的放假安排。"
    )
    en = (
        "The work-day calendar has no holidays for {year} (published: {first_year} to {last_year}, "
        "entered by the operator: [{declared_years}]); the operator must enter that year's holidays first."
    )


@dataclass(frozen=True)
class WorkCalendar:
    """A missing year is a refusal, never a guess: its holidays are not known before the State Council announces them.

    `overrides` settles single days (True: working day). In a year of `declared_years` the operator has entered every
    holiday and make-up day as an override; all its other days follow the week.
    """

    overrides: Mapping[date, bool] = field(default_factory=dict)
    declared_years: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if any(isinstance(day, datetime) for day in self.overrides):
            raise TypeError("an override is for a date, not for an instant")
        object.__setattr__(self, "overrides", MappingProxyType(dict(self.overrides)))
        object.__setattr__(self, "declared_years", frozenset(self.declared_years))

    def is_working_day(self, day: date) -> bool:
        """A day is a working day if the operator says so, else as the published calendar of its year says."""
        if isinstance(day, datetime):
            raise TypeError("an instant has no day of its own: take its day in Shanghai first")
        if day in self.overrides:
            return self.overrides[day]
        if day.year in PUBLISHED_YEARS:
            return bool(chinese_calendar.is_workday(day))
        if day.year in self.declared_years:
            return day.weekday() < _SATURDAY
        raise CalendarYearMissing(
            year=day.year,
            first_year=PUBLISHED_YEARS[0],
            last_year=PUBLISHED_YEARS[-1],
            declared_years=sorted(self.declared_years),
        )

    def next_working_day_on_or_after(self, day: date) -> date:
        while not self.is_working_day(day):
            day += _ONE_DAY
        return day

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th working day after the day; the day itself is not counted."""
        if n < 0:
            raise ValueError("working days are counted forward")
        while n > 0:
            day += _ONE_DAY
            if self.is_working_day(day):
                n -= 1
        return day
