"""The rules of an announced procedure: when it is extended, and what moves with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from techmarket.kernel.periods import Length, Unit
from techmarket.trading import errors

PARTICIPANTS_MIN_MAX = 20


@dataclass(frozen=True, slots=True)
class ExtensionTerms:
    """What the announcement says about its extension (延期): one step, how many, and whether the clock does it.

    `look_before` is how long before the end the clock looks whether a lot still lacks participants.
    """

    length: Length
    at_most: int
    is_automatic: bool
    look_before: timedelta


def extension_of(terms: Mapping[str, Any]) -> ExtensionTerms | None:
    """The extension that was announced. Without one, a procedure is never extended."""
    said = terms.get("extension")
    if said is None:
        return None
    before = said["look_before"]
    return ExtensionTerms(
        Length(said["n"], Unit(said["unit"])),
        said["at_most"],
        said["automatic"],
        timedelta(**{before["unit"]: before["n"]}),
    )


def participants_min_of(terms: Mapping[str, Any]) -> int:
    """How many qualified participants a lot needs to be sold at all; one, if nothing else was announced."""
    return int(terms.get("participants_min", 1))


def check_extension(step: Length, at_most: int, *, unit: Unit, least: int, most: int | None) -> None:
    """A step counts in the days of the announcement, is at least as long as the rulebook says, and is not repeated
    more often than it allows."""
    if step.unit is not unit or step.n < least or not 1 <= at_most <= (most or at_most):
        raise errors.ExtensionOutOfRule(unit=unit, least=least, at_most=most, pointer="/body/extension")


def lacks_participants(qualified: Iterable[int], least: int) -> bool:
    """An announcement may be extended as long as some lot has fewer qualified participants than it needs."""
    return any(count < least for count in qualified)


def look_at(ends_at: datetime | None, extension: ExtensionTerms | None) -> datetime | None:
    """The clock looks once, shortly before the end: later than that nobody could register in time any more."""
    if ends_at is None or extension is None or not extension.is_automatic:
        return None
    return ends_at - extension.look_before


def moved_opening(opens_at: datetime, *, was: datetime, ends_at: datetime) -> datetime:
    """Bidding opens as much later as the announcement ends later, so that what lies between the two stays; it never
    opens earlier than was said."""
    return opens_at + max(ends_at - was, timedelta(0))
