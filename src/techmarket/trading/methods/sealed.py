"""Sealed quotes (密封报价): one quote each, read by nobody before the officers open all of them together.

How a quote is sealed and what counts at the opening: `trading/sealed/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from techmarket.trading import errors
from techmarket.trading.lifecycle import LotStep, Method
from techmarket.trading.methods.enveloped import ENVELOPE_TERMS, envelope_terms, envelope_words
from techmarket.trading.methods.protocol import Candidate, Family, Standing, require_known
from techmarket.trading.rules import Periods
from techmarket.trading.sealed import rules
from techmarket.trading.sealed.rules import Charge, Quote

KNOWN = ("charge", *ENVELOPE_TERMS)


class Sealed:
    method = Method.SEALED
    family = Family.ENVELOPE
    lot_needs: tuple[str, ...] = ("start_price",)
    defaults: Mapping[str, str] = {}
    steps: tuple[LotStep, ...] = (LotStep.OPENING,)

    def terms(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """The seller says what is charged and how long quotes are taken; who opens, and how soon, may stay as usual."""
        require_known(self.method, given, KNOWN)
        charge = given.get("charge")
        if charge not in list(Charge):
            wanted = ", ".join(Charge)
            raise errors.TermMalformed(field="charge", wanted=wanted, wanted_zh=wanted, pointer="/body/rules/charge")
        return {"charge": str(charge), **envelope_terms(given)}

    def published(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "method": self.method.value,
            "priority": ["price", "draw"],
            "tie": "draw_from_key_and_slots",
            "equal_quotes_under_second_price": "own_quote",
            "single_quote_under_second_price": "start_price_or_higher_reserve",
            "charge": terms["charge"],
            **envelope_words(terms),
        }

    def periods(self, opened_at: datetime, terms: Mapping[str, Any]) -> Periods:
        end = opened_at + timedelta(seconds=terms["quoting_seconds"])
        return Periods(end, end, end)

    def read(self, content: Mapping[str, Any], terms: Mapping[str, Any]) -> int:
        """The amount in an opened envelope, in fen. Raises ValueError for anything that is not a quote."""
        return rules.amount_in(content)

    def rank(self, candidates: Sequence[Candidate], terms: Mapping[str, Any]) -> list[Standing]:
        """The highest quote wins, equal quotes as drawn; the winner pays his own or the next, as announced."""
        quotes = [
            Quote(one.number, one.minor, one.seq) for one in candidates if one.minor is not None and one.seq is not None
        ]
        ranked = rules.rank(quotes, charge=Charge(terms["charge"]), limit_minor=terms["limit_minor"])
        return [Standing(one.number, one.price_minor, one.drawn) for one in ranked]
