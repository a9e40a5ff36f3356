"""What all methods with sealed envelopes announce: how long offers are taken, who opens them, and how soon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techmarket.trading.methods.protocol import whole_number
from techmarket.trading.sealed.envelopes import ENVELOPE_BYTES, SUITE
from techmarket.trading.sealed.shares import NEEDED_LEAST, OFFICERS_MOST

QUOTING_SECONDS = (300, 90 * 86_400)
OPENING_SECONDS = (3600, 30 * 86_400)
USUAL = {"opening_seconds": 3 * 86_400, "needed": 3, "officers": 5}
ENVELOPE_TERMS = ("quoting_seconds", *USUAL)


def envelope_terms(given: Mapping[str, Any]) -> dict[str, Any]:
    """The seller says how long offers are taken; who opens them, and how soon, may stay as usual."""
    needed = whole_number(given, "needed", USUAL["needed"], least=NEEDED_LEAST, most=OFFICERS_MOST - 1)
    officers = whole_number(given, "officers", USUAL["officers"], least=needed + 1, most=OFFICERS_MOST)
    quoting = whole_number(given, "quoting_seconds", None, least=QUOTING_SECONDS[0], most=QUOTING_SECONDS[1])
    opening = whole_number(
        given, "opening_seconds", USUAL["opening_seconds"], least=OPENING_SECONDS[0], most=OPENING_SECONDS[1]
    )
    return {"quoting_seconds": quoting, "opening_seconds": opening, "needed": needed, "officers": officers}


def envelope_words(terms: Mapping[str, Any]) -> dict[str, Any]:
    """The same in the published rules."""
    return {
        "bids_can_be_withdrawn": True,
        "quotes": "one_a_bidder_replaceable_until_the_end",
        "late": "refused",
        "unreadable_or_malformed": "no_quote",
        "never_opened": "unsold_and_deposits_back",
        "suite": SUITE,
        "envelope_bytes": ENVELOPE_BYTES,
        **{name: terms[name] for name in ENVELOPE_TERMS},
    }
