from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from techmarket.kernel.workdays import PUBLISHED_YEARS, CalendarYearMissing, WorkCalendar

CALENDAR = WorkCalendar()
UNKNOWN = PUBLISHED_YEARS[-1] + 1


@pytest.mark.parametrize(
    "day, works",
    [
        (date(2025, 9, 26), True),  # an ordinary Friday
        (date(2025, 9, 27), False),  # an ordinary Saturday
        (date(2025, 9, 28), True),  # a Sunday worked to make up for National Day
        (date(2025, 10, 1), False),
        (date(2025, 10, 8), False),  # Mid-Autumn and National Day together: eight days
        (date(2025, 10, 9), True),
        (date(2025, 10, 11), True),  # a make-up Saturday
        (date(2026, 1, 4), True),  # a make-up Sunday
        (date(2026, 2, 23), False),  # the ninth day of Spring Festival
        (date(2026, 9, 20), True),  # a make-up Sunday
        (date(2026, 10, 8), True),
        (date(2026, 12, 31), True),
    ],
)
def test_holidays_and_make_up_days_are_those_published(day: date, works: bool) -> None:
    assert CALENDAR.is_working_day(day) is works


def test_the_next_working_day_is_the_day_itself_or_a_later_one() -> None:
    assert CALENDAR.next_working_day_on_or_after(date(2025, 9, 26)) == date(2025, 9, 26)
    assert CALENDAR.next_working_day_on_or_after(date(2025, 9, 27)) == date(2025, 9, 28)
    assert CALENDAR.next_working_day_on_or_after(date(2025, 10, 1)) == date(2025, 10, 9)


def test_working_days_are_counted_after_the_day_itself() -> None:
    friday = date(2025, 9, 26)
    counted = [CALENDAR.add_working_days(friday, n) for n in range(8)]
    assert [f"{day:%m-%d}" for day in counted] == [
        "09-26",
        "09-28",
        "09-29",
        "09-30",
        "10-09",
        "10-10",
        "10-11",
        "10-13",
    ]
    with pytest.raises(ValueError, match="forward"):
        CALENDAR.add_working_days(friday, -1)


def test_a_year_without_published_holidays_is_refused_and_never_guessed() -> None:
    for ask in (
        lambda: CALENDAR.is_working_day(date(UNKNOWN, 6, 15)),
        lambda: CALENDAR.next_working_day_on_or_after(date(UNKNOWN, 1, 1)),
        lambda: CALENDAR.add_working_days(date(UNKNOWN - 1, 12, 30), 5),
    ):
        with pytest.raises(CalendarYearMissing) as refused:
            ask()
        assert refused.value.code == "calendar.year_missing"
        assert refused.value.facts == {
            "year": UNKNOWN,
            "first_year": 2004,
            "last_year": UNKNOWN - 1,
            "declared_years": [],
        }
    with pytest.raises(CalendarYearMissing):
        CALENDAR.is_working_day(date(2003, 12, 31))


def test_the_operator_settles_single_days() -> None:
    calendar = WorkCalendar({date(2025, 9, 26): False, date(2025, 10, 4): True, date(UNKNOWN, 1, 4): True})
    assert calendar.is_working_day(date(2025, 9, 26)) is False
    assert calendar.is_working_day(date(2025, 10, 4)) is True
    assert calendar.is_working_day(date(UNKNOWN, 1, 4)) is True
    with pytest.raises(CalendarYearMissing):
        calendar.is_working_day(date(UNKNOWN, 1, 5))


def test_in_a_year_the_operator_declared_the_other_days_follow_the_week() -> None:
    calendar = WorkCalendar({date(2031, 1, 1): False, date(2031, 1, 4): True}, declared_years=frozenset({2031}))
    worked = [calendar.is_working_day(date(2031, 1, day)) for day in range(1, 8)]
    # Wednesday 1 January is a holiday and Saturday the 4th makes up for it
    assert worked == [False, True, True, True, False, True, True]
    with pytest.raises(CalendarYearMissing) as refused:
        calendar.is_working_day(date(2032, 1, 1))
    assert refused.value.facts["declared_years"] == [2031]
    assert "2032" in refused.value.detail("zh-CN")
    assert "[2031]" in refused.value.detail("en")


def test_later_changes_to_the_given_overrides_do_not_reach_the_calendar() -> None:
    overrides = {date(2025, 9, 26): False}
    calendar = WorkCalendar(overrides)
    overrides.clear()
    assert calendar.is_working_day(date(2025, 9, 26)) is False


def test_an_instant_is_not_a_day() -> None:
    noon = datetime(2025, 9, 26, 12, tzinfo=UTC)
    with pytest.raises(TypeError):
        CALENDAR.is_working_day(noon)
    with pytest.raises(TypeError):
        WorkCalendar({noon: True})
