"""When a notice starts, how it stands at an instant, and which lines an objection must name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from techmarket.identity.actor import OrgKind
from techmarket.kernel.periods import Length, Pause, Unit, days_counted, end_of_period, remaining
from techmarket.kernel.workdays import WorkCalendar
from techmarket.notices import errors
from techmarket.notices.kinds import Effect, KindRow, Place
from techmarket.notices.lifecycle import NoticeState
from techmarket.rulebook.rules import AppliesTo

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


def check_extension(
    length: Length, at_most: int, *, unit: Unit, least: Length | None, at_most_allowed: int | None
) -> None:
    """A step counts in the unit of its notice, is no shorter than the rule says, and there are no more than it says."""
    if length.unit is not unit or unit not in (Unit.DAYS, Unit.WORKING_DAYS):
        raise errors.ExtensionInAnotherUnit(unit=unit, pointer="/body/extension/unit")
    if least is not None and (least.unit is not unit or length.n < least.n):
        raise errors.ExtensionTooShort(least=least.n, unit=least.unit, pointer="/body/extension/n")
    if at_most < 1 or (at_most_allowed is not None and at_most > at_most_allowed):
        raise errors.TooManyExtensions(at_most=at_most_allowed, pointer="/body/extension/at_most")


def check_runs(
    state: NoticeState,
    *,
    ends_at: datetime | None,
    now: datetime,
    missing_places: Sequence[Place] = (),
    open_objections: int = 0,
) -> None:
    """Only a period that has started, has not ended and is not stopped can be extended or suspended."""
    match state_at(state, ends_at, now):
        case NoticeState.RUNNING:
            return
        case NoticeState.PREPARED:
            raise errors.NotStarted(missing_places=list(missing_places))
        case NoticeState.PAUSED:
            raise _stopped(open_objections)
        case NoticeState.CLEARED:
            raise errors.PeriodOver(ended_at=ends_at)
        case gone:
            raise errors.NoLongerStands(state=gone)


def _stopped(open_objections: int) -> errors.Paused | errors.Suspended:
    return errors.Paused(open_objections=open_objections) if open_objections else errors.Suspended()


def owner_kinds(kind: OrgKind, *, government_established: bool) -> tuple[str, ...]:
    """A company of the state is bound by the rules for state assets, its university or institute by its own rules."""
    if not government_established:
        return (AppliesTo.ENTERPRISE, AppliesTo.NON_SOE, AppliesTo.ANY)
    if kind is OrgKind.ENTERPRISE:
        return (AppliesTo.SOE, AppliesTo.ENTERPRISE, AppliesTo.ANY)
    return (AppliesTo.GOVERNMENT_UNIT, AppliesTo.NON_SOE, AppliesTo.ANY)


def start_of(places: Collection[Place], posted: Mapping[Place, datetime]) -> datetime | None:
    """A notice starts when it stands in all its places: with the later of the postings."""
    if any(place not in posted for place in places):
        return None
    return max(posted[place] for place in places)


def state_at(state: NoticeState, ends_at: datetime | None, now: datetime) -> NoticeState:
    """A running notice whose period has ended without an objection has cleared, also before anybody wrote it down."""
    if state is NoticeState.RUNNING and ends_at is not None and ends_at <= now:
        return NoticeState.CLEARED
    return state


def check_cleared(
    state: NoticeState,
    *,
    ends_at: datetime | None,
    now: datetime,
    missing_places: Sequence[Place] = (),
    open_objections: int = 0,
) -> None:
    """What waits for a notice waits until its period has ended without an open or upheld objection."""
    match state_at(state, ends_at, now):
        case NoticeState.CLEARED:
            return
        case NoticeState.PREPARED:
            raise errors.NotStarted(missing_places=list(missing_places))
        case NoticeState.RUNNING:
            raise errors.StillRunning(ends_at=ends_at)
        case NoticeState.PAUSED:
            raise _stopped(open_objections)
        case NoticeState.UPHELD:
            raise errors.Upheld()
        case gone:
            raise errors.NoLongerStands(state=gone)


def check_objection_in_time(
    state: NoticeState, *, ends_at: datetime | None, now: datetime, missing_places: Sequence[Place] = ()
) -> None:
    """An objection is taken from the start of the notice to its last instant, also while another one is open."""
    match state:
        case NoticeState.PREPARED:
            raise errors.NotStarted(missing_places=list(missing_places))
        case NoticeState.RUNNING if ends_at is None or now < ends_at:
            return
        case NoticeState.PAUSED:
            return
        case NoticeState.RUNNING | NoticeState.CLEARED:
            raise errors.Ended(ended_at=ends_at)
        case gone:
            raise errors.NoLongerStands(state=gone)


def check_lines(effect: Effect, known: Collection[str] | None, named: Sequence[str] | None) -> None:
    """An objection to a list names its lines; an objection to anything else is about the whole."""
    pointer = "/body/lines"
    if effect is Effect.PAUSES:
        if named:
            raise errors.LinesNotTaken(pointer=pointer)
        return
    if not named:
        raise errors.LinesNeeded(pointer=pointer)
    unknown = [] if known is None else sorted(set(named) - set(known))
    if unknown:
        raise errors.UnknownLines(lines=unknown, pointer=pointer)


def check_fields(kind: KindRow, document: Mapping[str, Any]) -> None:
    """A notice states what its kind must state."""
    missing = [name for name in kind.fields if document.get(name) is None]
    if missing:
        raise errors.FieldsMissing(fields=missing)
