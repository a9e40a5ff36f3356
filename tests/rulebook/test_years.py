"""A year of the calendar as people read it, the keys of the rulebook, and what is known of officers."""

from __future__ import annotations

from datetime import date

from techmarket.identity import service as identity
from techmarket.kernel.workdays import PUBLISHED_YEARS, WorkCalendar
from techmarket.rulebook.views import DayView, YearOrigin
from techmarket.rulebook.years import calendar_of
from tests.client import Api
from tests.identity.make import a_market, a_member


def test_a_published_year_shows_its_holidays_on_weekdays_and_its_make_up_days():
    year = calendar_of(2025, WorkCalendar(), {})
    assert year.origin is YearOrigin.PUBLISHED
    # State Council notice for 2025: New Year on a Wednesday; Sunday 26 January is worked before the Spring Festival.
    assert DayView(date(2025, 1, 1), False, None) in year.days
    assert DayView(date(2025, 1, 26), True, None) in year.days
    assert all(one.day.weekday() < 5 or one.is_working for one in year.days)


def test_a_missing_year_shows_what_was_entered_and_counts_nothing_until_it_is_complete():
    year = PUBLISHED_YEARS[-1] + 1
    entered = {date(year, 1, 1): False}
    missing = calendar_of(year, WorkCalendar(entered), {date(year, 1, 1): "SAMPLE notice"})
    assert (missing.origin, missing.working_days) == (YearOrigin.MISSING, None)
    assert missing.days == (DayView(date(year, 1, 1), False, "SAMPLE notice"),)
    complete = calendar_of(year, WorkCalendar(entered, frozenset({year})), {date(year, 1, 1): "SAMPLE notice"})
    weekdays = sum(date.fromordinal(n).weekday() < 5 for n in _days_of(year))
    assert complete.origin is YearOrigin.ENTERED
    assert complete.working_days == weekdays - (date(year, 1, 1).weekday() < 5)


def _days_of(year: int) -> range:
    return range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())


async def test_an_operator_finds_tariffs_the_calendar_and_the_officers(tx, keys, api: Api):
    staff = await a_market(tx, keys)
    officer = (await a_member(tx, staff["operator"].actor, keys=keys)).actor
    key = staff["operator"].key
    await identity.grant_qualification(
        tx, staff["operator"].actor, officer.person, kind="OPENING_OFFICER", level="GENERAL"
    )
    tariffs = (await api.get("/v1/rule-keys", key=key, params={"prefix": "tariff."})).json()["items"]
    assert "tariff.exchange_fee" in [one["key"] for one in tariffs]
    assert all(one["key"].startswith("tariff.") and one["needs_two"] and one["rows"] for one in tariffs)
    rows = (await api.get("/v1/rules", key=key, params={"prefix": "tariff.", "limit": 100})).json()["items"]
    assert {one["key"] for one in rows} == {one["key"] for one in tariffs}
    assert (await api.get("/v1/rules", params={"prefix": "tariff%"})).status_code == 422
    year = PUBLISHED_YEARS[-1] + 1
    assert (await api.get(f"/v1/work-days/{year}")).json()["origin"] == "MISSING"
    days = {"days": [{"day": f"{year}-10-01", "is_working": False}], "source": "SAMPLE", "declares_year": year}
    assert (await api.post("/v1/work-days", key=key, json=days)).status_code == 201
    shown = (await api.get(f"/v1/work-days/{year}")).json()
    assert (shown["origin"], shown["days"][0]["source"]) == ("ENTERED", "SAMPLE")
    assert (await api.get("/v1/work-days/20260")).status_code == 422
    (listed,) = (await api.get("/v1/opening-officers", key=key)).json()["items"]
    assert (listed["person_id"], listed["is_listed"]) == (str(officer.person), True)
    assert listed["duties"] == {"held": 0, "given": 0, "awaited": 0, "missed": 0}
    assert (await api.get("/v1/opening-officers", key=staff["finance"].key)).status_code == 403
