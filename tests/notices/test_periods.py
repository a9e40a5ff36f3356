"""Periods of notices against dates computed by hand, across the holidays and make-up days of 2025 and 2026.

2025: 1 January; 28 January to 4 February, made up on 26 January and 8 February; 4-6 April; 1-5 May, made up on 27
April; 31 May to 2 June; 1-8 October, made up on 28 September and 11 October. 2026: 1-3 January, made up on the 4th;
15-23 February, made up on the 14th and the 28th; 4-6 April; 1-5 May, made up on the 9th; 19-21 June; 25-27 September;
1-7 October, made up on 20 September and 10 October.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.kernel.periods import Length, Pause, Unit, shanghai_day
from techmarket.kernel.workdays import PUBLISHED_YEARS, CalendarYearMissing, WorkCalendar
from techmarket.notices import periods
from tests.notices.make import shanghai

CALENDAR = WorkCalendar()
A_DAY = timedelta(days=1)
D, W, M = Unit.DAYS, Unit.WORKING_DAYS, Unit.MONTHS
OVERLAPPING = [("2026-03-05", "2026-03-11"), ("2026-03-06", "2026-03-07"), ("2026-03-11", "2026-03-12")]


def on(day: str) -> datetime:
    """Mid-morning of a day; with a time behind it, that time."""
    parts = day.split(" ")
    hour, minute = (int(part) for part in parts[1].split(":")) if len(parts) > 1 else (10, 0)
    return shanghai(*date.fromisoformat(parts[0]).timetuple()[:3], hour, minute)


def last_day(start: str, n: int, unit: Unit, added: Sequence[int] = (), stops: Sequence[tuple[str, str]] = ()) -> str:
    pauses = [Pause(on(one), on(other)) for one, other in stops]
    end = periods.end_of(on(start), Length(n, unit), added, pauses=pauses, calendar=CALENDAR)
    assert end is not None
    return str(shanghai_day(end - timedelta(microseconds=1)))


@pytest.mark.parametrize(
    "start, n, unit, added, stops, expected",
    [
        # Tue 1, 2, 3 April; Qingming 4-6; 7 and 8 April.
        ("2025-03-31", 5, W, (), (), "2025-04-08"),
        # Sun 27 April is worked, 28-30; Labour Day 1-5 May; 6 May.
        ("2025-04-25", 5, W, (), (), "2025-05-06"),
        # Day 15 is Sat 31 May, the first day of Dragon Boat; 3 June is the first day after it.
        ("2025-05-16", 15, D, (), (), "2025-06-03"),
        # Begun inside Spring Festival on the last of a month: February has no 31st, its last day is Friday the 28th.
        ("2025-01-31", 1, M, (), (), "2025-02-28"),
        # 7-10, 13-17, 20-24 January, Sun 26 (worked), 27; 28 January to 4 February; 5-7 and Sat 8 February (worked).
        ("2025-01-06", 20, W, (), (), "2025-02-08"),
        # Over the turn of the year: day 15 is 1 January; Sun 4 January is worked.
        ("2025-12-17", 15, D, (), (), "2026-01-04"),
        # 24-26, 29-31 December; 1-3 January; Sun 4 (worked), 5, 6 and 7 January.
        ("2025-12-23", 10, W, (), (), "2026-01-07"),
        # Day 15 is Sat 14 February, which is worked before Spring Festival.
        ("2026-01-30", 15, D, (), (), "2026-02-14"),
        # 11-13, Sat 14 (worked); 15-23 February; 24-27, Sat 28 (worked); 2 March.
        ("2026-02-10", 10, W, (), (), "2026-03-02"),
        # 27-30 April; 1-5 May; 6-8, Sat 9 (worked), 11 and 12 May.
        ("2026-04-24", 10, W, (), (), "2026-05-12"),
        # Day 15 is Fri 19 June, Dragon Boat to the 21st; Monday the 22nd.
        ("2026-06-04", 15, D, (), (), "2026-06-22"),
        # 31 August and a month: September has no 31st, and the 30th is a Wednesday.
        ("2026-08-31", 1, M, (), (), "2026-09-30"),
        # Extended: 15-18, Sun 20 (worked), 21-24, 28 September; then 29, 30, 8, 9, Sat 10 October (worked); then 12-16.
        ("2026-09-14", 10, W, (), (), "2026-09-28"),
        ("2026-09-14", 10, W, (5,), (), "2026-10-10"),
        ("2026-09-14", 10, W, (5, 5), (), "2026-10-16"),
        # Day 15 is 1 October and moves to the 8th; five more days from there are the 13th, a Tuesday. Twenty days at
        # once would end with the 8th too: the extension would have been worth nothing.
        ("2026-09-16", 15, D, (), (), "2026-10-08"),
        ("2026-09-16", 15, D, (5,), (), "2026-10-13"),
        ("2026-09-16", 20, D, (), (), "2026-10-08"),
        # Suspended over National Day: 22, 23 September had run; 10 (worked), 12-16, 19, 20 October are the other eight.
        ("2026-09-21", 10, W, (), [("2026-09-24", "2026-10-09")], "2026-10-20"),
        # Suspended over Spring Festival: seven had run by 15 January; 6-8 (8 worked), 10-14, 17-21 February.
        ("2025-01-06", 20, W, (), [("2025-01-16", "2025-02-05")], "2025-02-21"),
        # Day 14 is 16 March; 13 had run; 21 and 22 March are the two left, the 22nd is a Sunday.
        ("2026-03-02", 15, D, (), [("2026-03-16", "2026-03-20")], "2026-03-23"),
        # In the last minute of the last day, 9 March: that day does not count, so one is left, the 12th.
        ("2026-03-02", 5, W, (), [("2026-03-09 23:59", "2026-03-11 09:00")], "2026-03-12"),
        # Day 15 was 17 February, the end moved to the 24th; stopped meanwhile, it ends with the first day after it.
        ("2026-02-02", 15, D, (), [("2026-02-20", "2026-02-25")], "2026-02-26"),
        # Stopped in the extension: 3-6, 9-13, 16 March; 17; out 18-20; 23-26 March.
        ("2026-03-02", 10, W, (5,), [("2026-03-18", "2026-03-20")], "2026-03-26"),
        # Two stops of which one lies in the other, and a third on the day the second ended: 3, 4 run; out 5-12; 13-20.
        ("2026-03-02", 10, D, (), OVERLAPPING, "2026-03-20"),
    ],
)
def test_a_notice_ends_on_the_day_computed_by_hand(
    start: str, n: int, unit: Unit, added: Sequence[int], stops: Sequence[tuple[str, str]], expected: str
) -> None:
    assert last_day(start, n, unit, added, stops) == expected


def test_a_period_into_a_year_without_a_calendar_is_refused_wherever_it_begins() -> None:
    december = shanghai(PUBLISHED_YEARS[-1], 12, 28, 9)
    for length, added in ((Length(10, W), ()), (Length(15, D), ()), (Length(1, D), (15,)), (Length(2, W), (5,))):
        with pytest.raises(CalendarYearMissing) as missing:
            periods.end_of(december, length, added, pauses=[], calendar=CALENDAR)
        assert missing.value.facts["year"] == PUBLISHED_YEARS[-1] + 1


def test_while_something_stops_the_clock_there_is_no_end_and_the_rest_stays_as_it_is() -> None:
    start, length = on("2026-03-02"), Length(10, W)
    stopped = [Pause(on("2026-03-18"), None)]
    assert periods.end_of(start, length, [5], pauses=stopped, calendar=CALENDAR) is None
    for day in ("2026-03-18", "2026-03-31", "2026-06-01"):
        # Ten and one of the extension had run.
        assert periods.remaining_of(start, length, [5], on(day), pauses=stopped, calendar=CALENDAR) == 4


def stage_by_stage(
    start: datetime, unit: Unit, parts: Sequence[int], pauses: Sequence[Pause]
) -> tuple[date, list[date]]:
    """The same, told day by day: the last day, and every day that counted."""
    stopped = {
        shanghai_day(pause.from_) + n * A_DAY
        for pause in pauses
        if pause.to is not None
        for n in range((shanghai_day(pause.to) - shanghai_day(pause.from_)).days + 1)
    }
    day, counted = shanghai_day(start), []
    for part in parts:
        left = part
        while left:
            day += A_DAY
            if day not in stopped and (unit is D or CALENDAR.is_working_day(day)):
                counted.append(day)
                left -= 1
        while day in stopped or not CALENDAR.is_working_day(day):
            day += A_DAY
    return day, counted


COURSES = st.tuples(
    st.integers(0, 480).map(lambda n: shanghai(2025, 1, 1, 9) + n * A_DAY),
    st.sampled_from([D, W]),
    st.lists(st.integers(1, 12), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12), st.integers(0, 23)), max_size=4),
)


@given(COURSES, st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_what_has_run_and_what_remains_are_the_whole_period_on_every_day(
    course: tuple[datetime, Unit, list[int], list[tuple[int, int, int]]], later: int
) -> None:
    start, unit, parts, spans = course
    pauses = [
        Pause(start + offset * A_DAY + timedelta(hours=hour), start + (offset + long) * A_DAY + timedelta(hours=hour))
        for offset, long, hour in spans
    ]
    last, counted = stage_by_stage(start, unit, parts, pauses)
    length, added = Length(parts[0], unit), parts[1:]
    end = periods.end_of(start, length, added, pauses=pauses, calendar=CALENDAR)
    assert end is not None
    assert shanghai_day(end) == last + A_DAY
    at = start + later * A_DAY
    have_run = sum(day < shanghai_day(at) for day in counted)
    left = periods.remaining_of(start, length, added, at, pauses=pauses, calendar=CALENDAR)
    assert have_run + left == sum(parts)


@given(COURSES)
@settings(max_examples=100, deadline=None)
def test_pauses_lengthen_a_period_by_no_more_than_they_last_and_the_roll_to_a_working_day(
    course: tuple[datetime, Unit, list[int], list[tuple[int, int, int]]],
) -> None:
    start, unit, (n, *_), spans = course
    pauses = [Pause(start + offset * A_DAY, start + (offset + long) * A_DAY) for offset, long, _ in spans]
    stopped = {shanghai_day(start) + (offset + k) * A_DAY for offset, long, _ in spans for k in range(long + 1)}
    length = Length(n, unit)
    with_pauses = periods.end_of(start, length, [], pauses=pauses, calendar=CALENDAR)
    without = periods.end_of(start, length, [], pauses=[], calendar=CALENDAR)
    assert with_pauses is not None
    assert without is not None
    assert without <= with_pauses
    if unit is W:
        latest = CALENDAR.add_working_days(shanghai_day(without) - A_DAY, len(stopped))
    else:
        latest = shanghai_day(start) + (n + len(stopped)) * A_DAY
    while latest in stopped or not CALENDAR.is_working_day(latest):
        latest += A_DAY
    assert shanghai_day(with_pauses) - A_DAY <= latest


@given(COURSES, st.integers(0, 40), st.integers(1, 60), st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_after_a_suspension_there_is_enough_left_and_enough_in_all_and_not_a_day_more_than_needed(
    course: tuple[datetime, Unit, list[int], list[tuple[int, int, int]]], later: int, total_min: int, rest_min: int
) -> None:
    start, unit, (n, *added), _ = course
    at = start + later * A_DAY
    length = Length(n, unit)
    pauses = [Pause(start + later * A_DAY, at)]
    asked = {"total_min": total_min, "rest_min": rest_min, "pauses": pauses, "calendar": CALENDAR}
    more = periods.days_to_add(start, length, added, at, **asked)
    whole = n + sum(added)
    rest = whole - sum(day < shanghai_day(at) for day in stage_by_stage(start, unit, [n + sum(added) + 100], pauses)[1])
    assert whole + more >= total_min
    assert rest + more >= rest_min
    assert more == 0 or whole + more == total_min or rest + more == rest_min


@pytest.mark.parametrize(
    "stop, now, others, kept, expected",
    [
        # Filed on the morning of day 3 and taken back in the same minute: the 15th day is 17 March as ever.
        ("2026-03-05 9:00", "2026-03-05 9:01", (), None, "2026-03-17"),
        # Four days later there is time enough, too.
        ("2026-03-05", "2026-03-09", (), None, "2026-03-17"),
        # On the last day the next day is left: that day alone does not count.
        ("2026-03-17", "2026-03-17 12:00", (), "2026-03-17 12:00", "2026-03-18"),
        # Day 15 has passed by five days under an objection since day 14: 17-22 March ran not, but the 23rd does.
        ("2026-03-16", "2026-03-22", (), "2026-03-17", "2026-03-23"),
        # Another one has stopped days of its own, and those stay out.
        ("2026-03-05", "2026-03-09", [("2026-03-10", "2026-03-11")], None, "2026-03-19"),
    ],
)
def test_what_was_taken_back_gives_its_days_back_but_for_those_that_leave_others_the_next_one(
    stop: str, now: str, others: Sequence[tuple[str, str]], kept: str | None, expected: str
) -> None:
    rest = [Pause(on(one), on(other)) for one, other in others]
    start, length = on("2026-03-02"), Length(15, D)
    stays = periods.kept_of_taken_back(
        Pause(on(stop), None), on(now), start, length, (), others=rest, calendar=CALENDAR
    )
    assert stays == (None if kept is None else Pause(on(kept), on(now)))
    end = periods.end_of(start, length, (), pauses=[*rest, *([stays] if stays else [])], calendar=CALENDAR)
    assert end is not None
    assert str(shanghai_day(end - timedelta(microseconds=1))) == expected


def test_a_period_by_the_clock_is_given_all_its_time_back_or_none() -> None:
    start, length, stop = on("2026-03-02 9:00"), Length(10, Unit.MINUTES), Pause(on("2026-03-02 9:02"), None)
    for now, kept in (("9:05", None), ("9:20", Pause(on("2026-03-02 9:02"), on("2026-03-02 9:20")))):
        at = on(f"2026-03-02 {now}")
        assert periods.kept_of_taken_back(stop, at, start, length, (), others=(), calendar=CALENDAR) == kept


def test_into_a_year_without_a_calendar_there_is_time_enough() -> None:
    start, stop, now = (on(f"{max(PUBLISHED_YEARS)}-12-{day}") for day in (20, 21, 22))
    kept = periods.kept_of_taken_back(Pause(stop, None), now, start, Length(15, D), (), others=(), calendar=CALENDAR)
    assert kept is None
