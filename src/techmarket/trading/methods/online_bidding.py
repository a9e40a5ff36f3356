"""Online bidding (网络竞价): a free period, then a limited period that every accepted leading bid restarts.

The rule of a single bid is `rules.decide`: a bid must beat the highest by the increment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from techmarket.trading import rules
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

    def terms(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """The periods as the seller says within sane bounds, else the rulebook's."""
        require_known(self.method, given, BOUNDS)
        return {
            name: whole_number(given, name, defaults.get(name), least=least, most=most)
            for name, (least, most) in BOUNDS.items()
        }

    def published(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "method": self.method.value,
            "steps": "whole_multiples_of_increment_above_best",
            "priority": ["price", "time"],
            "tie": "earlier_bid",
            "bids_can_be_withdrawn": False,
            "limited_period_restarted_by": "accepted_leading_bid",
            "charge": "own_bid",
            **{name: terms[name] for name in BOUNDS},
        }

    def periods(self, opened_at: datetime, terms: Mapping[str, Any]) -> rules.Periods:
        return rules.periods_from(opened_at, **{name: terms[name] for name in BOUNDS})

    def rank(self, candidates: Sequence[Candidate], terms: Mapping[str, Any]) -> list[Standing]:
        """The highest price wins, and of equal prices the earlier; each bidder counts once, with his best bid."""
        best: dict[int, Standing] = {}
        for one in candidates:
            if one.minor is None or one.seq is None:
                continue
            known = best.get(one.number)
            if known is None or (one.minor, -one.seq) > (known.price_minor, -(known.seq or 0)):
                best[one.number] = Standing(one.number, one.minor, one.seq)
        return sorted(best.values(), key=lambda standing: (-standing.price_minor, standing.seq or 0))
