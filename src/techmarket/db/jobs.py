"""Declarations of what the clock or an event starts; the runner in `jobs/` reads them.

A job is named `room.verb`, carries ids only, reloads and locks, and may run twice. Deadlines live in rows: a job only
looks for what is due, so a restart neither loses nor doubles anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Date, DateTime, Select, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute

from techmarket.db.means import Means
from techmarket.kernel.events import Event

PeriodicFn = Callable[[Means], Awaitable[Any]]
FollowerFn = Callable[[Means], Awaitable[int]]
E_ = TypeVar("E_", bound=Event)


@dataclass(frozen=True)
class Periodic:
    """Runs every `every`, on one worker at a time; one call handles a bounded amount of what is due."""

    name: str
    every: timedelta
    run: PeriodicFn


@dataclass(frozen=True)
class Reaction:
    """Follows the journal by its own cursor and handles each entry of one kind at least once, in order."""

    name: str
    event: type[Event]
    handle: Callable[[Means, Any], Awaitable[Any]]


@dataclass(frozen=True)
class Follower:
    """Works through the journal by a cursor of its own, many entries at a time, as soon as there are new ones.

    One call handles a bounded piece and returns how many entries it handled; 0 says that it has caught up.
    """

    name: str
    run: FollowerFn


@dataclass(frozen=True)
class Deadline:
    """When the next of what a job looks for is due, by the market's clock: for sandboxes, which jump there."""

    name: str
    next: Select[tuple[Any]]


DEADLINES: dict[str, Deadline] = {}
PERIODIC: dict[str, Periodic] = {}
REACTIONS: dict[str, Reaction] = {}
FOLLOWERS: dict[str, Follower] = {}


def periodic(name: str, *, every: timedelta) -> Callable[[PeriodicFn], PeriodicFn]:
    """Declare a job that looks for what is due."""

    def declare(run: PeriodicFn) -> PeriodicFn:
        _unused(name)
        PERIODIC[name] = Periodic(name, every, run)
        return run

    return declare


def deadline(name: str, column: InstrumentedAttribute[Any], *where: ColumnElement[bool]) -> None:
    """Declare where a deadline stands in rows. A day is over with its last hour in Shanghai."""
    at: ColumnElement[Any] = column.expression
    if isinstance(at.type, Date):
        at = func.timezone("Asia/Shanghai", cast(at + 1, DateTime(timezone=False)))
    if name in DEADLINES:
        raise ValueError(f"two deadlines are named {name}")
    DEADLINES[name] = Deadline(name, select(func.min(at)).where(*where, at > func.market_now()))


def reacts_to(
    name: str, event: type[E_]
) -> Callable[[Callable[[Means, E_], Awaitable[Any]]], Callable[[Means, E_], Awaitable[Any]]]:
    """Declare what a later room does after an event of this or an earlier room. It may come late; gates do not wait."""

    def declare(handle: Callable[[Means, E_], Awaitable[Any]]) -> Callable[[Means, E_], Awaitable[Any]]:
        _unused(name)
        REACTIONS[name] = Reaction(name, event, handle)
        return handle

    return declare


def follows_journal(name: str) -> Callable[[FollowerFn], FollowerFn]:
    """Declare what follows the journal in pieces, within moments: an index, say."""

    def declare(run: FollowerFn) -> FollowerFn:
        _unused(name)
        FOLLOWERS[name] = Follower(name, run)
        return run

    return declare


def _unused(name: str) -> None:
    if name in PERIODIC or name in REACTIONS or name in FOLLOWERS:
        raise ValueError(f"two jobs are named {name}")
