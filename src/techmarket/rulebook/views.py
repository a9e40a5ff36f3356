"""What leaves the rulebook beside its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.rulebook.lifecycle import ProposalState


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A row that one operator proposed; it holds nowhere while it waits for another."""

    id: UUID
    key: str
    row: dict[str, Any]
    state: ProposalState
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reasons: str | None


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key of the rulebook: how many rows it has, how many hold today, when the next begins, and what waits."""

    key: str
    rows: int
    in_force: int
    next_from: date | None
    needs_two: bool
    waiting: int


class YearOrigin(StrEnum):
    """PUBLISHED came with the house, ENTERED by the operator; MISSING: periods that reach into it are refused."""

    PUBLISHED = "PUBLISHED"
    ENTERED = "ENTERED"
    MISSING = "MISSING"


@dataclass(frozen=True, slots=True)
class DayView:
    """A day that is not what its weekday says. `source` is the operator's; None: the published calendar's."""

    day: date
    is_working: bool
    source: str | None


@dataclass(frozen=True, slots=True)
class YearView:
    """A year as periods are counted over it. Of a missing one the days that were entered so far."""

    year: int
    origin: YearOrigin
    working_days: int | None
    days: tuple[DayView, ...]
