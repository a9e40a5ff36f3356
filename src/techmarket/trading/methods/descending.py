"""Descending price (降价竞价): the price falls by the clock, and the first who accepts it has the lot.

The price starts high and falls by the step every so many seconds, never below the floor, where it stays until the lot
ends. The clock of the market alone says which price it is; a pause stops it. Whoever names the price of the moment or
more pays the price of the moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from techmarket.trading import rules
from techmarket.trading.lifecycle import LotStep, Method
from techmarket.trading.methods.protocol import Candidate, Family, Standing, require_known, whole_number
from techmarket.trading.rules import BELOW_FLOOR, NOT_REACHED, Bid, Decision, LotState, LotTerms, Periods

STEP_SECONDS = (1, 86_400)
HARD_STOP_SECONDS = (60, 30 * 86_400)
BOUNDS = {"step_seconds": STEP_SECONDS, "hard_stop_seconds": HARD_STOP_SECONDS}
_INSTANT = timedelta(microseconds=1)


def price_at(terms: LotTerms, now: datetime) -> int:
    """The start price less one step for each whole pace since the opening, and never less than the floor."""
    steps = max((now - terms.free_ends_at) // terms.pace, 0)
    return max(terms.start_price_minor - terms.increment_minor * steps, terms.floor_minor)


def falls_at(terms: LotTerms, now: datetime) -> datetime | None:
    """When the price falls next, or None if it falls no more before the lot ends."""
    at = terms.free_ends_at + terms.pace * (max((now - terms.free_ends_at) // terms.pace, 0) + 1)
    return at if at < terms.hard_end and price_at(terms, now) > terms.floor_minor else None


def lowest(terms: LotTerms) -> int:
    """The least the price comes to: the floor, unless the lot ends before it is reached."""
    return price_at(terms, terms.hard_end - _INSTANT)


def reached_at(terms: LotTerms, minor: int) -> datetime | None:
    """When the price will have fallen to this amount, or None if it never will."""
    if minor < terms.floor_minor:
        return None
    steps = -(-(terms.start_price_minor - minor) // terms.increment_minor)
    at = terms.free_ends_at + terms.pace * max(steps, 0)
    return at if at < terms.hard_end else None


def decide(lot: LotState, bid: Bid, *, now: datetime) -> Decision:
    """The first acceptance at or above the price of the moment wins at the price of the moment, and ends the lot."""
    price = price_at(lot.terms, now)
    no = rules.refused_by_time_or_standing(lot, bid, now)
    if no is None and bid.minor < price:
        no = BELOW_FLOOR if reached_at(lot.terms, bid.minor) is None else NOT_REACHED
    if no is not None:
        least = lowest(lot.terms) if no == BELOW_FLOOR else price
        told = rules.told_minor(bid.minor, least, no, charges_least=True)
        return rules.refuse(lot, bid._replace(minor=told), no, least, now)
    # The book tells the price he pays, not how much more he would have paid.
    return rules.lead(lot, bid._replace(minor=price), price, price, now, end=now)


class Descending:
    method = Method.DESCENDING
    family = Family.BOOK
    lot_needs = ("start_price", "increment", "floor")
    defaults: Mapping[str, str] = {"hard_stop_seconds": "trading.hard_stop"}
    steps: tuple[LotStep, ...] = ()
    decide = staticmethod(decide)
    charges_least = True

    def terms(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """The seller says how fast the price falls; how long the lot stays open at most may come from the rulebook."""
        require_known(self.method, given, BOUNDS)
        return {
            name: whole_number(given, name, defaults.get(name), least=least, most=most)
            for name, (least, most) in BOUNDS.items()
        }

    def published(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "method": self.method.value,
            "price": "start_minus_increment_each_step_not_below_floor",
            "winner": "first_acceptance_at_or_above_price",
            "priority": ["time"],
            "tie": "earlier_acceptance",
            "bids_can_be_withdrawn": False,
            "floor_stays_until": "hard_stop_counted_from_opening",
            "charge": "price_of_the_moment",
            **{name: terms[name] for name in BOUNDS},
        }

    def periods(self, opened_at: datetime, terms: Mapping[str, Any]) -> Periods:
        """The price falls from the opening on."""
        end = opened_at + timedelta(seconds=terms["hard_stop_seconds"])
        return Periods(opened_at, end, end)

    def least(self, lot: LotState, now: datetime) -> int | None:
        return price_at(lot.terms, now) if lot.leading_seq is None else None

    def reached_at(self, lot: LotState, minor: int) -> datetime | None:
        return reached_at(lot.terms, minor)

    def rank(self, candidates: Sequence[Candidate], terms: Mapping[str, Any]) -> list[Standing]:
        """Whoever accepted; there is never a second."""
        taken = [Standing(one.number, one.minor, one.seq) for one in candidates if one.minor is not None]
        return sorted(taken, key=lambda standing: standing.seq or 0)
