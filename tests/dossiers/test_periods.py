"""Periods counted from entries alone: what stops the clock, what does not start it again, what no calendar reaches."""

from __future__ import annotations

from typing import Any

from techmarket.cli import verify
from techmarket.dossiers import package, periods
from techmarket.kernel.workdays import WorkCalendar

CALENDAR = WorkCalendar({}, frozenset())


def row(kind: str, day: str, refs: tuple[str, ...] = (), **facts: Any) -> dict[str, Any]:
    return {"kind": f"notices.{kind}", "at": f"{day}T01:00:00+00:00", "refs": ["notice:n", *refs], "facts": facts}


def a_price_notice(started: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    opened = row(
        "opened",
        started,
        notice_kind="PRICE",
        subject="contract:c",
        document_sha256="00",
        length_n=15,
        length_unit="days",
    )
    began = row("started", started, started_at=f"{started}T01:00:00+00:00", ends_at=f"{started}T01:00:00+00:00")
    return [opened, began, *rows]


def test_the_end_of_a_suspension_does_not_end_an_objection_that_stands() -> None:
    rows = a_price_notice(
        "2026-03-02",
        row("objection_filed", "2026-03-05", ("objection:o",)),
        row("suspended", "2026-03-06"),
        row("resumed", "2026-03-09", added=0),
    )
    (told,) = periods.stated(rows, CALENDAR)
    assert told["stops"] == [
        ["2026-03-05T01:00:00+00:00", None],
        ["2026-03-06T01:00:00+00:00", "2026-03-09T01:00:00+00:00"],
    ]
    assert told["ends_at"] is None
    decided = row("objection_decided", "2026-03-10", ("objection:o",), upheld=False)
    (told,) = periods.stated([*rows, decided], CALENDAR)
    assert told["ends_at"] == "2026-03-23T16:00:00+00:00"


def test_a_corrected_notice_is_stated_with_the_text_that_stands() -> None:
    rows = a_price_notice("2026-03-02", row("corrected", "2026-03-03", document_sha256="11"))
    assert periods.stated(rows, CALENDAR)[0]["document_sha256"] == "11"


def test_what_no_calendar_reaches_is_told_and_not_said_to_have_been_counted() -> None:
    notices = ({"notice": "n", "not_counted": "rulebook.no_calendar"},)
    said = verify._package(package.Verdict(None, ("periods",), ("uncounted",), "contract:c", "now", notices, 3))
    assert "notice n: its period was not counted (rulebook.no_calendar)" in said.lines
    assert set(package.NEVER_CHECKED) | {"uncounted", "subject"} <= set(package.SENTENCES)
