"""Negotiation (协议定价): signed offers and counter-offers; the one that is accepted becomes the award and its price is
published in the unit and on the market before anybody signs the contract.

Sources: PSTA art. 18 and ZJR art. 17 for the price notice, 企业国有资产法 art. 54 for open competition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from techmarket.trading.lifecycle import LotStep, Method
from techmarket.trading.methods.protocol import Candidate, Family, Standing, require_known, whole_number
from techmarket.trading.rules import Periods

TALK_DAYS = (1, 180)


class Negotiation:
    method = Method.NEGOTIATION
    family = Family.TALKS
    lot_needs = ()
    defaults: Mapping[str, str] = {"talk_days": "trading.talks.length"}
    steps: tuple[LotStep, ...] = ()

    def terms(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """How many days the talks may last, as the seller says within bounds, else the rulebook's default."""
        require_known(self.method, given, ("talk_days",))
        least, most = TALK_DAYS
        return {"talk_days": whole_number(given, "talk_days", defaults.get("talk_days"), least=least, most=most)}

    def published(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "method": self.method.value,
            "offers": "signed_and_binding_until_they_end",
            "counter_offer": "ends_the_offer_it_answers",
            "accepted": "first_acceptance_of_a_standing_offer",
            "offers_can_be_withdrawn": False,
            "pause": "moves_the_end_of_talks_not_the_hour_an_offer_was_signed_with",
            "charge": "accepted_offer",
            "price_notice": ["MARKET", "UNIT"],
            "talk_days": terms["talk_days"],
        }

    def periods(self, opened_at: datetime, terms: Mapping[str, Any]) -> Periods:
        end = opened_at + timedelta(days=terms["talk_days"])
        return Periods(end, end, end)

    def rank(self, candidates: Sequence[Candidate], terms: Mapping[str, Any]) -> list[Standing]:
        """Whose offer was accepted, at its price; nobody waits behind."""
        return [Standing(one.number, one.minor) for one in candidates if one.minor is not None][:1]


def stands_until(*, valid_until: datetime, talks_end: datetime) -> datetime:
    """An offer binds whoever made it until the hour it names (民法典 art. 476), and no longer than the talks last."""
    return min(valid_until, talks_end)
