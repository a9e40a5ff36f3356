"""Online bidding (网络竞价): a free period, then a limited period that every accepted leading bid restarts.

The rule of a single bid is `rules.decide`: a bid must beat the highest by the increment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from techmarket.trading import errors, rules
from techmarket.trading.lifecycle import LotStep, Method
from techmarket.trading.methods.protocol import Candidate, Family, Standing, require_known, whole_number

FREE_SECONDS = (60, 30 * 86_400)
LIMITED_SECONDS = (10, 86_400)
HARD_STOP_SECONDS = (60, 30 * 86_400)
BOUNDS = {
    "free_seconds": FREE_SECONDS,
    "limited_seconds": LIMITED_SECONDS,
    "hard_stop_seconds": HARD_STOP_SECONDS,
}
KNOWN = (*BOUNDS, "first_refusal")
IN_SESSION = "in_session"


def first_refusal_term(given: Mapping[str, Any]) -> dict[str, Any]:
    """A first refusal (优先受让权) is exercised inside the session, by an equal bid, only where that was announced."""
    said = given.get("first_refusal")
    if said not in (None, IN_SESSION):
        pointer = "/body/rules/first_refusal"
        raise errors.TermMalformed(field="first_refusal", wanted=IN_SESSION, wanted_zh=IN_SESSION, pointer=pointer)
    return {} if said is None else {"first_refusal": IN_SESSION}


def first_refusal_words(terms: Mapping[str, Any]) -> dict[str, Any]:
    if terms.get("first_refusal") != IN_SESSION:
        return {}
    return {"first_refusal": IN_SESSION, "holders_equal_bid": "leads_until_beaten"}


class OnlineBidding:
    method = Method.ONLINE_BIDDING
    family = Family.BOOK
    lot_needs = ("start_price", "increment")
    defaults: Mapping[str, str] = {
        "free_seconds": "trading.free_period",
        "limited_seconds": "trading.limited_period",
        "hard_stop_seconds": "trading.hard_stop",
    }
    steps: tuple[LotStep, ...] = ()
    decide = staticmethod(rules.decide)
    charges_least = False

    def terms(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """The periods as the seller says within sane bounds, else the rulebook's; and whether holders of a first
        refusal exercise it by bidding."""
        require_known(self.method, given, KNOWN)
        return {
            name: whole_number(given, name, defaults.get(name), least=least, most=most)
            for name, (least, most) in BOUNDS.items()
        } | first_refusal_term(given)

    def published(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "method": self.method.value,
            "steps": "whole_multiples_of_increment_above_best",
            "priority": ["price", "time"],
            "tie": "earlier_bid",
            "bids_can_be_withdrawn": False,
            "limited_period_restarted_by": "accepted_leading_bid",
            "charge": "own_bid",
            **first_refusal_words(terms),
            **{name: terms[name] for name in BOUNDS},
        }

    def periods(self, opened_at: datetime, terms: Mapping[str, Any]) -> rules.Periods:
        return rules.periods_from(opened_at, **{name: terms[name] for name in BOUNDS})

    def least(self, lot: rules.LotState, now: datetime) -> int | None:
        return lot.least_next_bid()

    def reached_at(self, lot: rules.LotState, minor: int) -> datetime | None:
        return None

    def rank(self, candidates: Sequence[Candidate], terms: Mapping[str, Any]) -> list[Standing]:
        """The highest price wins, and of equal prices a first refusal, then the earlier; each bidder counts once."""
        best: dict[int, Standing] = {}
        holders = {one.number for one in candidates if one.first_refusal}
        for one in candidates:
            if one.minor is None or one.seq is None:
                continue
            known = best.get(one.number)
            if known is None or (one.minor, -one.seq) > (known.price_minor, -(known.seq or 0)):
                best[one.number] = Standing(one.number, one.minor, one.seq)
        return sorted(best.values(), key=lambda one: (-one.price_minor, one.number not in holders, one.seq or 0))
