from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.kernel.periods import (
    SHANGHAI,
    Length,
    Pause,
    Unit,
    days_counted,
    end_of_day,
    end_of_period,
    remaining,
    shanghai_day,
    term_date,
)
from techmarket.kernel.workdays import PUBLISHED_YEARS, CalendarYearMissing, WorkCalendar

CALENDAR = WorkCalendar()
LAST_KNOWN = PUBLISHED_YEARS[-1]
FIFTEEN_DAYS = Length(15, Unit.DAYS)


def at(day: str, clock: str = "10:00") -> datetime:
    """An instant by Shanghai's clock."""
    return datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=SHANGHAI)


def last_day(start: datetime, length: Length, *pauses: Pause, calendar: WorkCalendar = CALENDAR) -> str | None:
    end = end_of_period(start, length, pauses=pauses, calendar=calendar)
    if end is None:
        return None
    assert end.tzinfo is UTC
    assert (end.hour, end.minute, end.second, end.microsecond) == (16, 0, 0, 0)  # 24:00 in Shanghai
    return str(shanghai_day(end - timedelta(microseconds=1)))


@pytest.mark.parametrize(
    "start, n, unit, expected",
    [
        # calendar days
        ("2026-03-02", 15, Unit.DAYS, "2026-03-17"),  # Tuesday: nothing moves
        ("2025-09-16", 15, Unit.DAYS, "2025-10-09"),  # 1 October: the first day after eight days of holiday
        ("2025-09-20", 7, Unit.DAYS, "2025-09-28"),  # Saturday: moves to the make-up Sunday
        ("2025-09-13", 15, Unit.DAYS, "2025-09-28"),  # a make-up Sunday does not move
        ("2025-01-13", 15, Unit.DAYS, "2025-02-05"),  # first day of Spring Festival
        ("2025-01-11", 15, Unit.DAYS, "2025-01-26"),  # a make-up Sunday before it
        ("2025-04-30", 1, Unit.DAYS, "2025-05-06"),  # Labour Day, five days
        ("2026-02-01", 15, Unit.DAYS, "2026-02-24"),  # inside the nine days of Spring Festival
        ("2026-09-10", 15, Unit.DAYS, "2026-09-28"),  # Mid-Autumn Friday and its weekend
        # working days
        ("2025-09-26", 1, Unit.WORKING_DAYS, "2025-09-28"),
        ("2025-09-26", 5, Unit.WORKING_DAYS, "2025-10-10"),
        ("2025-09-26", 6, Unit.WORKING_DAYS, "2025-10-11"),
        ("2025-09-26", 15, Unit.WORKING_DAYS, "2025-10-23"),
        ("2025-12-22", 10, Unit.WORKING_DAYS, "2026-01-06"),  # over New Year, 4 January made up
        ("2026-02-13", 3, Unit.WORKING_DAYS, "2026-02-25"),  # the 14th made up, then nine days off
        ("2025-10-04", 1, Unit.WORKING_DAYS, "2025-10-09"),  # begun on a holiday
        # months and years: the corresponding day, else the month's last
        ("2026-03-20", 6, Unit.MONTHS, "2026-09-20"),  # a Sunday that is worked does not move
        ("2026-01-31", 1, Unit.MONTHS, "2026-02-28"),  # a Saturday that is worked
        ("2025-08-31", 6, Unit.MONTHS, "2026-02-28"),
        ("2025-05-31", 1, Unit.MONTHS, "2025-06-30"),
        ("2025-12-01", 1, Unit.MONTHS, "2026-01-04"),  # New Year's Day moves to the make-up Sunday
        ("2024-02-29", 1, Unit.YEARS, "2025-02-28"),
        ("2020-02-29", 4, Unit.YEARS, "2024-02-29"),
        ("2024-10-01", 1, Unit.YEARS, "2025-10-09"),
    ],
)
def test_the_first_day_is_not_counted_and_a_last_day_on_a_holiday_moves_on(
    start: str, n: int, unit: Unit, expected: str
) -> None:
    assert last_day(at(start), Length(n, unit)) == expected


def test_a_period_begins_on_the_day_it_is_in_shanghai() -> None:
    assert last_day(datetime(2026, 3, 2, 15, 59, tzinfo=UTC), FIFTEEN_DAYS) == "2026-03-17"
    assert last_day(datetime(2026, 3, 2, 16, 0, tzinfo=UTC), FIFTEEN_DAYS) == "2026-03-18"
    assert end_of_day(date(2026, 3, 23)) == datetime(2026, 3, 23, 16, tzinfo=UTC)


def test_an_objection_on_day_fourteen_leaves_two_days_and_the_sunday_moves_to_monday() -> None:
    published = at("2026-03-02", "09:30")
    filed, dismissed = at("2026-03-16", "15:00"), at("2026-03-20", "11:00")
    open_pause, pause = Pause(filed, None), Pause(filed, dismissed)

    counted = [days_counted(published, at(f"2026-03-{day:02d}")) for day in range(2, 17)]
    assert counted == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]  # day 14 is the 16th, not yet over
    assert last_day(published, FIFTEEN_DAYS) == "2026-03-17"

    for day in range(16, 31):  # while it is undecided nothing runs
        assert days_counted(published, at(f"2026-03-{day}"), pauses=[open_pause]) == 13
        assert remaining(published, FIFTEEN_DAYS, at(f"2026-03-{day}"), pauses=[open_pause]) == 2
    assert last_day(published, FIFTEEN_DAYS, open_pause) is None

    after = {day: days_counted(published, at(f"2026-03-{day}"), pauses=[pause]) for day in range(20, 24)}
    assert after == {20: 13, 21: 13, 22: 14, 23: 15}  # the 21st and the 22nd are the two that were left
    assert [remaining(published, FIFTEEN_DAYS, at(f"2026-03-{d}"), pauses=[pause]) for d in (20, 22, 23)] == [2, 1, 0]
    assert end_of_period(published, FIFTEEN_DAYS, pauses=[pause], calendar=CALENDAR) == at("2026-03-24", "00:00")


def test_a_pause_on_the_day_the_period_moved_to_still_holds_it() -> None:
    published = at("2026-03-07")  # day 15 is Sunday 22 March, so the notice stands until Monday
    assert last_day(published, FIFTEEN_DAYS) == "2026-03-23"
    assert last_day(published, FIFTEEN_DAYS, Pause(at("2026-03-23"), None)) is None
    assert last_day(published, FIFTEEN_DAYS, Pause(at("2026-03-23"), at("2026-03-25"))) == "2026-03-26"


def test_a_pause_after_the_end_changes_nothing() -> None:
    assert last_day(at("2026-03-02"), FIFTEEN_DAYS, Pause(at("2026-03-18", "00:00"), None)) == "2026-03-17"
    assert last_day(at("2026-03-02"), FIFTEEN_DAYS, Pause(at("2026-03-17", "23:59"), None)) is None


def test_an_open_pause_after_the_end_does_not_hide_the_end_a_closed_one_moved() -> None:
    closed = Pause(at("2026-03-16"), at("2026-03-18"))  # the two days left are the 19th and the 20th
    assert last_day(at("2026-03-02"), FIFTEEN_DAYS, closed, Pause(at("2026-03-21"), None)) == "2026-03-20"
    assert last_day(at("2026-03-02"), FIFTEEN_DAYS, closed, Pause(at("2026-03-20"), None)) is None


def test_a_pause_within_one_day_takes_out_that_day() -> None:
    assert last_day(at("2026-03-02"), FIFTEEN_DAYS, Pause(at("2026-03-05", "09:00"), at("2026-03-05", "17:00"))) == (
        "2026-03-18"
    )


def test_a_pause_on_the_first_day_alone_takes_out_nothing() -> None:
    assert last_day(at("2026-03-02"), FIFTEEN_DAYS, Pause(at("2026-03-02", "11:00"), at("2026-03-02", "17:00"))) == (
        "2026-03-17"
    )


def test_overlapping_pauses_take_out_each_day_once() -> None:
    first, second = Pause(at("2026-03-05"), at("2026-03-09")), Pause(at("2026-03-07"), at("2026-03-12"))
    assert last_day(at("2026-03-02"), FIFTEEN_DAYS, first, second) == "2026-03-25"
    assert last_day(at("2026-03-02"), FIFTEEN_DAYS, second, first) == "2026-03-25"


def test_a_second_pause_in_the_days_gained_by_the_first_counts_too() -> None:
    first, second = Pause(at("2026-03-16"), at("2026-03-17")), Pause(at("2026-03-18"), at("2026-03-19"))
    # days 14 and 15 remain after the 13th: the 20th, and the 21st, a Saturday
    assert last_day(at("2026-03-02"), FIFTEEN_DAYS, first, second) == "2026-03-23"


def test_paused_working_days_do_not_count() -> None:
    pause = Pause(at("2025-09-29"), at("2025-10-09"))
    assert last_day(at("2025-09-26"), Length(5, Unit.WORKING_DAYS), pause) == "2025-10-14"
    assert last_day(at("2025-09-26"), Length(5, Unit.WORKING_DAYS), Pause(at("2025-09-29"), None)) is None
    assert remaining(at("2025-09-26"), Length(5, Unit.WORKING_DAYS), at("2025-10-13"), calendar=CALENDAR) == 0
    assert (
        remaining(at("2025-09-26"), Length(5, Unit.WORKING_DAYS), at("2025-10-13"), pauses=[pause], calendar=CALENDAR)
        == 2
    )


def test_months_are_lengthened_by_the_days_that_did_not_count() -> None:
    pause = Pause(at("2026-02-02"), at("2026-02-05"))
    assert last_day(at("2026-01-10"), Length(2, Unit.MONTHS)) == "2026-03-10"
    assert last_day(at("2026-01-10"), Length(2, Unit.MONTHS), pause) == "2026-03-16"  # the 14th is a Saturday
    assert remaining(at("2026-01-10"), Length(2, Unit.MONTHS), at("2026-02-02"), pauses=[pause]) == 59 - 22


def test_a_period_by_the_clock_runs_from_the_instant_and_stops_for_the_pause_itself() -> None:
    start = at("2025-10-01", "23:50")  # a holiday, and over midnight: the clock does not care

    def end(length: Length, *pauses: Pause) -> datetime | None:
        return end_of_period(start, length, pauses=pauses, calendar=CALENDAR)

    half_hour = Length(30, Unit.MINUTES)
    assert end(half_hour) == at("2025-10-02", "00:20")
    assert end(Length(90, Unit.SECONDS)) == start + timedelta(seconds=90)
    assert end(half_hour, Pause(at("2025-10-02", "00:00"), at("2025-10-02", "00:15"))) == at("2025-10-02", "00:35")
    assert end(half_hour, Pause(at("2025-10-01", "22:00"), at("2025-10-01", "23:55"))) == at("2025-10-02", "00:25")
    overlapping = (
        Pause(at("2025-10-02", "00:05"), at("2025-10-02", "00:15")),
        Pause(at("2025-10-02", "00:00"), at("2025-10-02", "00:10")),
    )
    assert end(half_hour, *overlapping) == at("2025-10-02", "00:35")
    assert end(half_hour, Pause(at("2025-10-02", "00:19"), None)) is None
    assert end(half_hour, Pause(at("2025-10-02", "00:20"), None)) == at("2025-10-02", "00:20")


def test_a_year_without_a_calendar_is_refused_for_working_days_and_for_the_last_day() -> None:
    december = at(f"{LAST_KNOWN}-12-28")
    for length in (Length(10, Unit.WORKING_DAYS), FIFTEEN_DAYS, Length(1, Unit.MONTHS), Length(1, Unit.YEARS)):
        with pytest.raises(CalendarYearMissing) as refused:
            end_of_period(december, length, calendar=CALENDAR)
        assert refused.value.facts["year"] == LAST_KNOWN + 1
    assert end_of_period(december, Length(10_000, Unit.MINUTES), calendar=CALENDAR) == december + timedelta(
        minutes=10_000
    )
    declared = WorkCalendar({date(LAST_KNOWN + 1, 1, 12): False}, declared_years=frozenset({LAST_KNOWN + 1}))
    weekday = last_day(december, FIFTEEN_DAYS, calendar=declared)
    assert weekday is not None
    assert weekday > f"{LAST_KNOWN + 1}-01-12"


@pytest.mark.parametrize(
    "start, months, expected",
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 3, 20), 6, date(2026, 9, 20)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2025, 1, 15), 0, date(2025, 1, 15)),
        (date(2024, 2, 29), 120, date(2034, 2, 28)),
        (date(2026, 9, 1), 1, date(2026, 10, 1)),
    ],
)
def test_a_term_ends_on_the_corresponding_day_and_moves_for_no_holiday(
    start: date, months: int, expected: date
) -> None:
    assert term_date(start, months) == expected


@pytest.mark.parametrize("unit", list(Unit))
def test_a_length_is_at_least_one_and_at_most_a_century(unit: Unit) -> None:
    for wrong in (0, -1, 10**10):
        with pytest.raises(ValueError, match="between"):
            Length(wrong, unit)
    for not_whole in (1.5, True):
        with pytest.raises(TypeError):
            Length(not_whole, unit)  # type: ignore[arg-type]


def test_times_without_a_zone_and_pauses_that_run_backwards_are_errors() -> None:
    naive = datetime(2026, 3, 2, 9)  # noqa: DTZ001
    for wrong in (
        lambda: end_of_period(naive, FIFTEEN_DAYS, calendar=CALENDAR),
        lambda: Pause(naive, None),
        lambda: shanghai_day(naive),
        lambda: Pause(at("2026-03-05"), at("2026-03-04")),
        lambda: days_counted(at("2026-03-02"), at("2026-03-05"), unit=Unit.MINUTES),
        lambda: days_counted(at("2026-03-02"), at("2026-03-05"), unit=Unit.WORKING_DAYS),
    ):
        with pytest.raises(ValueError):
            wrong()


@given(
    start=st.integers(0, 365),
    n=st.integers(1, 60),
    unit=st.sampled_from([Unit.DAYS, Unit.WORKING_DAYS]),
    spans=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 10)), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_a_period_ends_on_an_unpaused_working_day_by_which_all_its_days_have_run(
    start: int, n: int, unit: Unit, spans: list[tuple[int, int]]
) -> None:
    begun = at("2024-06-01") + timedelta(days=start)
    pauses = [
        Pause(begun + timedelta(days=offset), begun + timedelta(days=offset + length)) for offset, length in spans
    ]
    end = end_of_period(begun, Length(n, unit), pauses=pauses, calendar=CALENDAR)
    assert end is not None
    last = shanghai_day(end) - timedelta(days=1)
    assert CALENDAR.is_working_day(last)
    assert not any(shanghai_day(p.from_) <= last <= shanghai_day(p.to) for p in pauses if p.to)
    assert days_counted(begun, end, unit=unit, pauses=pauses, calendar=CALENDAR) >= n
    assert remaining(begun, Length(n, unit), end, pauses=pauses, calendar=CALENDAR) == 0
    unpaused = end_of_period(begun, Length(n, unit), calendar=CALENDAR)
    assert unpaused is not None
    assert unpaused <= end
