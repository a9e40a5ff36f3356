"""Intellectual rights (知识产权): kinds, states and the dates that belong together. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from techmarket.achievements import errors
from techmarket.kernel.periods import Length, Unit, term_date


class RightKind(StrEnum):
    """An application (申请) is a patent that is not granted yet: its status tells."""

    INVENTION_PATENT = "INVENTION_PATENT"
    UTILITY_MODEL = "UTILITY_MODEL"
    DESIGN = "DESIGN"
    SOFTWARE_COPYRIGHT = "SOFTWARE_COPYRIGHT"
    TECHNICAL_SECRET = "TECHNICAL_SECRET"  # noqa: S105
    LAYOUT_DESIGN = "LAYOUT_DESIGN"
    PLANT_VARIETY = "PLANT_VARIETY"
    BIOMEDICAL_VARIETY = "BIOMEDICAL_VARIETY"
    OTHER = "OTHER"


class RightStatus(StrEnum):
    APPLIED = "APPLIED"
    PUBLISHED = "PUBLISHED"
    GRANTED = "GRANTED"
    REGISTERED = "REGISTERED"
    LAPSED = "LAPSED"
    INVALIDATED = "INVALIDATED"
    WITHDRAWN = "WITHDRAWN"


PATENT_DIGITS = {
    RightKind.INVENTION_PATENT: "18",
    RightKind.UTILITY_MODEL: "29",
    RightKind.DESIGN: "3",
}
"""The digit in its number by which a patent tells its kind; 8 and 9 came by way of the PCT."""
PATENTS = frozenset(PATENT_DIGITS)
PENDING = frozenset({RightStatus.APPLIED, RightStatus.PUBLISHED})
OVER = frozenset({RightStatus.LAPSED, RightStatus.INVALIDATED, RightStatus.WITHDRAWN})
STANDING = frozenset({RightStatus.GRANTED, RightStatus.REGISTERED})


@dataclass(frozen=True, slots=True)
class Right:
    """One right as its owner states it. `valid_until` is its last day, `fees_paid_until` that of its annual fee."""

    kind: RightKind
    number: str | None = None
    valid_until: date | None = None
    status: RightStatus | None = None
    filed_on: date | None = None
    granted_on: date | None = None
    fees_paid_until: date | None = None


def with_sound_dates(right: Right, *, pointer: str | None = None) -> Right:
    """A right is filed, then granted, then over; one with a day of grant is granted where nothing else is said."""
    if right.filed_on and right.granted_on and right.granted_on < right.filed_on:
        raise errors.GrantedBeforeFiled(pointer=f"{pointer}/granted_on")
    begins = right.granted_on or right.filed_on
    if begins and right.valid_until and right.valid_until < begins:
        raise errors.OverBeforeItBegan(pointer=f"{pointer}/valid_until")
    if right.granted_on is None:
        return right
    if right.status in PENDING:
        raise errors.GrantedAndPending(status=right.status, pointer=f"{pointer}/status")
    if right.status is None:
        return replace(right, status=RightStatus.GRANTED if right.kind in PATENTS else RightStatus.REGISTERED)
    return right


def last_day(filed_on: date, term: Length) -> date:
    """A patent lives for its term from its filing (专利法 art. 42): its last day is the one before the same day."""
    if term.unit is not Unit.YEARS:
        raise ValueError("a patent's term is counted in years")
    return term_date(filed_on, 12 * term.n) - timedelta(days=1)


def is_in_force(status: RightStatus | None, expires_on: date | None, on: date) -> bool:
    """A right stands from its grant or registration until its last day."""
    return status in STANDING and (expires_on is None or on <= expires_on)


def idle_from(granted_on: date, length: Length) -> date:
    """Unused for a whole year after grant or registration: idle from the day after that year (ZJR art. 38)."""
    months = length.n * (12 if length.unit is Unit.YEARS else 1)
    if length.unit not in (Unit.YEARS, Unit.MONTHS):
        return granted_on + timedelta(days=length.n + 1)
    return term_date(granted_on, months) + timedelta(days=1)
