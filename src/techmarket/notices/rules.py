"""When a notice starts, how it stands at an instant, and which lines an objection must name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from techmarket.notices import errors
from techmarket.notices.kinds import Effect, KindRow, Place
from techmarket.notices.lifecycle import NoticeState


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
            raise errors.Paused(open_objections=open_objections)
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
