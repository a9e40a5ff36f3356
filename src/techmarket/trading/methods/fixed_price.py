"""Fixed price (一口价): the first qualified acceptance at the price has the lot.

Where two or more are ready when registration closes, the price is not theirs to take in turn: the lot opens as online
bidding from that price (企业国有资产法 art. 54 asks for competition among several), by the terms announced for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from techmarket.trading import rules
from techmarket.trading.lifecycle import LotStep, Method
from techmarket.trading.methods.online_bidding import BOUNDS as BIDDING_BOUNDS
from techmarket.trading.methods.online_bidding import OnlineBidding, first_refusal_term, first_refusal_words
from techmarket.trading.methods.protocol import Candidate, Family, Standing, require_known, whole_number
from techmarket.trading.rules import NOT_THE_PRICE, Bid, Decision, LotState, Periods

ACCEPTANCE_SECONDS = (60, 30 * 86_400)
BOUNDS = {"acceptance_seconds": ACCEPTANCE_SECONDS, **BIDDING_BOUNDS}
COMPETITION_FROM = 2


def method_at_opening(ready: int) -> Method:
    """Two or more who are ready when registration closes compete; one alone may take the price."""
    return Method.ONLINE_BIDDING if ready >= COMPETITION_FROM else Method.FIXED_PRICE


def decide(lot: LotState, bid: Bid, *, now: datetime) -> Decision:
    """The first qualified acceptance of exactly the price wins and ends the lot."""
    price = lot.terms.start_price_minor
    no = rules.refused_by_time_or_standing(lot, bid, now)
    if no is None and bid.minor != price:
        no = NOT_THE_PRICE
    if no is not None:
        return rules.refuse(lot, bid, no, price, now)
    return rules.lead(lot, bid, price, price, now, end=now)


class FixedPrice:
    method = Method.FIXED_PRICE
    family = Family.BOOK
    lot_needs = ("start_price", "increment")
    defaults: Mapping[str, str] = {"acceptance_seconds": "trading.hard_stop", **OnlineBidding.defaults}
    steps: tuple[LotStep, ...] = ()
    decide = staticmethod(decide)
    charges_least = False

    def terms(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """How long the price stands, and the periods of the bidding it may turn into."""
        require_known(self.method, given, (*BOUNDS, "first_refusal"))
        return {
            name: whole_number(given, name, defaults.get(name), least=least, most=most)
            for name, (least, most) in BOUNDS.items()
        } | first_refusal_term(given)

    def published(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "method": self.method.value,
            "winner": "first_qualified_acceptance_of_the_price",
            "priority": ["time"],
            "tie": "earlier_acceptance",
            "bids_can_be_withdrawn": False,
            "charge": "the_price",
            "turns_into": {
                "method": Method.ONLINE_BIDDING.value,
                "when_ready_at_opening": COMPETITION_FROM,
                "from": "the_price",
            },
            **first_refusal_words(terms),
            **{name: terms[name] for name in BOUNDS},
        }

    def periods(self, opened_at: datetime, terms: Mapping[str, Any]) -> Periods:
        end = opened_at + timedelta(seconds=terms["acceptance_seconds"])
        return Periods(end, end, end)

    def least(self, lot: LotState, now: datetime) -> int | None:
        return lot.terms.start_price_minor if lot.leading_seq is None else None

    def reached_at(self, lot: LotState, minor: int) -> datetime | None:
        return None

    def rank(self, candidates: Sequence[Candidate], terms: Mapping[str, Any]) -> list[Standing]:
        """Whoever accepted; there is never a second."""
        taken = [Standing(one.number, one.minor, one.seq) for one in candidates if one.minor is not None]
        return sorted(taken, key=lambda standing: standing.seq or 0)
