"""How long a notice stood, counted from the log's entries alone, with the work-day calendar given along.

Whoever has the entries counts the same end: the first day is not counted, the days an objection or a suspension
stopped are taken out, lengthenings are put on, a last day on a holiday moves on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from techmarket.kernel.periods import Length, Pause, Unit, end_of_period
from techmarket.kernel.refusals import Refusal
from techmarket.kernel.workdays import WorkCalendar
from techmarket.notices.kinds import KINDS, Effect, NoticeKind

BEGINNINGS = {"notices.objection_filed", "notices.objection_carried_over"}
ENDINGS = {"notices.objection_decided", "notices.objection_withdrawn", "notices.objection_lapsed"}
SUSPENSION = "suspension "


@dataclass
class Course:
    """One notice as its entries tell it."""

    notice: str
    kind: str
    subject: str
    document_sha256: str
    length: Length
    started_at: datetime | None = None
    announced_end: datetime | None = None
    added: list[int] = field(default_factory=list)
    stops: dict[str, list[datetime | None]] = field(default_factory=dict)
    objections: int = 0
    upheld: int = 0
    cleared_at: datetime | None = None
    gone: str | None = None

    def end(self, calendar: WorkCalendar) -> datetime | None:
        """When it ends or ended; None before it has started, while something stops it, and where it stands no more."""
        if self.started_at is None or self.gone is not None:
            return None
        pauses = [Pause(began, ended) for began, ended in self.stops.values() if began is not None]
        begun: datetime | None = self.started_at
        for part in (self.length, *(Length(n, self.length.unit) for n in self.added)):
            if begun is None:
                return None
            end = end_of_period(begun, part, pauses=pauses, calendar=calendar)
            begun = end - timedelta(microseconds=1) if end is not None else None
        return end

    def shown(self, calendar: WorkCalendar) -> dict[str, Any]:
        """As the package states it."""
        return {
            "notice": self.notice,
            "kind": self.kind,
            "subject": self.subject,
            "document_sha256": self.document_sha256,
            "length": {"n": self.length.n, "unit": self.length.unit.value},
            "added": self.added,
            "started_at": _written(self.started_at),
            "stops": [[_written(began), _written(ended)] for began, ended in self.stops.values()],
            "objections": self.objections,
            "upheld": self.upheld,
            "ends_at": _written(self.end(calendar)),
            "cleared_at": _written(self.cleared_at),
            "gone": self.gone,
        }


def courses_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Course]:
    """Every notice that the rows open, by its id, in the order of the log."""
    found: dict[str, Course] = {}
    for row in rows:
        kind, facts, refs = row["kind"], row["facts"], dict(ref.split(":", 1) for ref in row["refs"])
        notice = refs.get("notice")
        if kind == "notices.opened" and notice is not None:
            found[notice] = Course(
                notice,
                facts["notice_kind"],
                facts["subject"],
                facts["document_sha256"],
                Length(facts["length_n"], Unit(facts["length_unit"])),
            )
        elif notice in found and kind.startswith("notices."):
            _take(found[notice], kind, facts, refs, datetime.fromisoformat(row["at"]))
    return found


def _take(course: Course, kind: str, facts: Mapping[str, Any], refs: Mapping[str, str], at: datetime) -> None:
    stops_clock = KINDS[NoticeKind(course.kind)].effect is Effect.PAUSES
    if kind == "notices.started":
        course.started_at = datetime.fromisoformat(facts["started_at"])
        course.announced_end = datetime.fromisoformat(facts["ends_at"])
    elif kind in BEGINNINGS:
        course.objections += 1
        if stops_clock:
            course.stops[refs["objection"]] = [at, None]
    elif kind in ENDINGS:
        course.upheld += bool(facts.get("upheld"))
        course.gone = "UPHELD" if stops_clock and facts.get("upheld") else course.gone
        if refs["objection"] in course.stops:
            course.stops[refs["objection"]][1] = at
        if "stopped_from" in facts:  # taken back, it gave its days back: what it still stops the market says
            course.stops.pop(refs["objection"], None)
        if facts.get("stopped_from"):
            course.stops[refs["objection"]] = [datetime.fromisoformat(facts["stopped_from"]), at]
    elif kind == "notices.extended":
        course.added.append(facts["n"])
    elif kind == "notices.suspended":
        course.stops[f"{SUSPENSION}{len(course.stops)}"] = [at, None]
    elif kind == "notices.resumed":
        for stop, span in course.stops.items():
            if stop.startswith(SUSPENSION):  # an objection that stands goes on stopping the clock
                span[1] = span[1] or at
        course.added += [facts["added"]] if facts["added"] else []
    elif kind == "notices.corrected":
        course.document_sha256 = facts["document_sha256"]
    elif kind == "notices.cleared":
        course.cleared_at = at
    elif kind == "notices.no_longer_stands":
        course.gone = facts["state"]


def calendar_shown(calendar: WorkCalendar) -> dict[str, Any]:
    """What the operator entered beside the published calendar."""
    return {
        "overrides": {day.isoformat(): is_working for day, is_working in sorted(calendar.overrides.items())},
        "declared_years": sorted(calendar.declared_years),
    }


def calendar_of(shown: Mapping[str, Any]) -> WorkCalendar:
    overrides = {date.fromisoformat(day): bool(is_working) for day, is_working in shown["overrides"].items()}
    return WorkCalendar(overrides, frozenset(int(year) for year in shown["declared_years"]))


def stated(rows: Iterable[Mapping[str, Any]], calendar: WorkCalendar) -> list[dict[str, Any]]:
    """All notices of these rows with their ends; one that no calendar reaches yet is left without."""
    found = []
    for course in courses_of(rows).values():
        try:
            found.append(course.shown(calendar))
        except Refusal as missing:
            found.append({"notice": course.notice, "not_counted": missing.code})
    return found


def happened(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What happened to each notice, in order: each posting with its place and evidence, each turn of its period."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        notice = dict(ref.split(":", 1) for ref in row["refs"]).get("notice")
        if notice is None or not row["kind"].startswith("notices."):
            continue
        told = {"at": row["at"], "kind": row["kind"]}
        told |= {name: row["facts"][name] for name in ("place", "evidence_sha256", "upheld") if name in row["facts"]}
        found.setdefault(notice, []).append(told)
    return found


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
