"""Sealed quotes (密封报价): one quote each, read by nobody before the officers open all of them together.

How a quote is sealed and what counts at the opening: `trading/sealed/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from techmarket.trading import errors
from techmarket.trading.lifecycle import LotStep, Method
from techmarket.trading.methods.protocol import Candidate, Family, Standing, require_known, whole_number
from techmarket.trading.rules import Periods
from techmarket.trading.sealed import rules
from techmarket.trading.sealed.envelopes import ENVELOPE_BYTES, SUITE
from techmarket.trading.sealed.rules import Charge, Quote
from techmarket.trading.sealed.shares import NEEDED_LEAST, OFFICERS_MOST

QUOTING_SECONDS = (300, 30 * 86_400)
OPENING_SECONDS = (3600, 30 * 86_400)
USUAL = {"opening_seconds": 3 * 86_400, "needed": 3, "officers": 5}
KNOWN = ("charge", "quoting_seconds", *USUAL)


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
        needed = whole_number(given, "needed", USUAL["needed"], least=NEEDED_LEAST, most=OFFICERS_MOST - 1)
        officers = whole_number(given, "officers", USUAL["officers"], least=needed + 1, most=OFFICERS_MOST)
        quoting = whole_number(given, "quoting_seconds", None, least=QUOTING_SECONDS[0], most=QUOTING_SECONDS[1])
        opening = whole_number(
            given, "opening_seconds", USUAL["opening_seconds"], least=OPENING_SECONDS[0], most=OPENING_SECONDS[1]
        )
        return {
            "charge": str(charge),
            "quoting_seconds": quoting,
            "opening_seconds": opening,
            "needed": needed,
            "officers": officers,
        }

    def published(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "method": self.method.value,
            "priority": ["price", "draw"],
            "tie": "draw_from_key_and_slots",
            "equal_quotes_under_second_price": "own_quote",
            "single_quote_under_second_price": "start_price_or_higher_reserve",
            "quotes": "one_a_bidder_replaceable_until_the_end",
            "bids_can_be_withdrawn": True,
            "late": "refused",
            "unreadable_or_malformed": "no_quote",
            "never_opened": "unsold_and_deposits_back",
            "suite": SUITE,
            "envelope_bytes": ENVELOPE_BYTES,
            **{name: terms[name] for name in KNOWN},
        }

    def periods(self, opened_at: datetime, terms: Mapping[str, Any]) -> Periods:
        end = opened_at + timedelta(seconds=terms["quoting_seconds"])
        return Periods(end, end, end)

    read = staticmethod(rules.amount_in)

    def rank(self, candidates: Sequence[Candidate], terms: Mapping[str, Any]) -> list[Standing]:
        """The highest quote wins, equal quotes as drawn; the winner pays his own or the next, as announced."""
        quotes = [
            Quote(one.number, one.minor, one.seq) for one in candidates if one.minor is not None and one.seq is not None
        ]
        ranked = rules.rank(quotes, charge=Charge(terms["charge"]), limit_minor=terms["limit_minor"])
        return [Standing(one.number, one.price_minor, one.drawn) for one in ranked]
