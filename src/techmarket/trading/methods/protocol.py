"""What every method of trading answers, and the values its questions are asked in: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from techmarket.trading import errors
from techmarket.trading.lifecycle import LotStep, Method
from techmarket.trading.rules import Bid, Decision, LotState, Periods


class Family(StrEnum):
    """Where the prices come from: the bid book (报价簿), sealed envelopes, or talks."""

    BOOK = "BOOK"
    ENVELOPE = "ENVELOPE"
    TALKS = "TALKS"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one participant has to say about one lot: a price from the book, or the contents of an opened envelope."""

    number: int
    minor: int | None
    seq: int | None = None
    offer: Mapping[str, Any] | None = None
    score: Decimal | None = None
    first_refusal: bool = False
    points: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who would get the lot, at which price. The first of a ranking wins, the next waits."""

    number: int
    price_minor: int
    seq: int | None = None
    score: Decimal | None = None


class MethodRules(Protocol):
    """One method. Its terms are checked and completed once, at drafting, and published with the trade."""

    @property
    def method(self) -> Method: ...

    @property
    def family(self) -> Family: ...

    @property
    def lot_needs(self) -> Collection[str]:
        """What each lot must say for itself: `start_price`, `increment`, `floor`."""

    @property
    def defaults(self) -> Mapping[str, str]:
        """Terms that come from the rulebook when the seller does not say them: the key of each rule."""

    @property
    def steps(self) -> Collection[LotStep]:
        """What an evaluating lot waits for under this method, beside what was announced for the lot."""

    def terms(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """The terms as they will hold: what the seller gave within bounds, else the rulebook's. Refuses the rest."""

    def published(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        """The rules in machine form, as they stand in the terms' text and at `rules` of the trade."""

    def periods(self, opened_at: datetime, terms: Mapping[str, Any]) -> Periods:
        """The clock of a lot that opens now."""

    def rank(self, candidates: Sequence[Candidate], terms: Mapping[str, Any]) -> list[Standing]:
        """Who gets the lot and at which price, the runner-up next."""


class BookRules(MethodRules, Protocol):
    """A method of the family BOOK: it decides single bids, each by the lot's state and the market's time alone."""

    charges_least: bool
    """An accepted bid leads at what would have been enough, and not at its own amount."""

    def decide(self, lot: LotState, bid: Bid, *, now: datetime) -> Decision: ...

    def least(self, lot: LotState, now: datetime) -> int | None:
        """What an acceptable bid must reach now; None where somebody has taken the lot."""

    def reached_at(self, lot: LotState, minor: int) -> datetime | None:
        """When this amount will be enough, where waiting makes it so."""


def require_known(method: Method, given: Mapping[str, Any], known: Collection[str]) -> None:
    """A term that the method does not know would be announced and mean nothing."""
    for name in given:
        if name not in known:
            raise errors.TermUnknown(
                method=method.value, field=name[:64], known=sorted(known), pointer=f"/body/rules/{name[:64]}"
            )


def whole_number(given: Mapping[str, Any], field: str, default: Any, *, least: int, most: int) -> int:
    """A term in whole numbers within bounds, or the default where nothing was said."""
    pointer = f"/body/rules/{field}"
    value = given.get(field)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int):
        raise errors.TermMalformed(field=field, wanted="a whole number", wanted_zh="整数", pointer=pointer)
    if not least <= value <= most:
        raise errors.TermsOutOfRange(field=field, least=least, most=most, pointer=pointer)
    return value
