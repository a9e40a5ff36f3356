"""The methods of trading (交易方式), one small pure module each; `METHODS` is the register that everything asks.

A method checks and publishes its terms and ranks what was offered. Methods of the family BOOK also decide single bids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techmarket.trading import errors
from techmarket.trading.lifecycle import Method
from techmarket.trading.methods.descending import Descending
from techmarket.trading.methods.fixed_price import FixedPrice
from techmarket.trading.methods.negotiation import Negotiation
from techmarket.trading.methods.online_bidding import BOUNDS, OnlineBidding
from techmarket.trading.methods.protocol import BookRules, Candidate, Family, MethodRules, Standing
from techmarket.trading.methods.scored import Scored
from techmarket.trading.methods.sealed import Sealed
from techmarket.trading.methods.selection import Selection

__all__ = [
    "BOOKED",
    "METHODS",
    "BookRules",
    "Candidate",
    "Family",
    "MethodRules",
    "Standing",
    "method_rules",
    "rules_of",
]

_BOOKED: tuple[BookRules, ...] = (OnlineBidding(), Descending(), FixedPrice())
_OFFERED: tuple[MethodRules, ...] = (*_BOOKED, Negotiation(), Sealed(), Scored(), Selection())
METHODS: Mapping[Method, MethodRules] = {one.method: one for one in _OFFERED}


BOOKED: Mapping[str, BookRules] = {one.method.value: one for one in _BOOKED}
"""Methods whose prices come from the bid book, by the names their rows have."""


def method_rules(method: Method) -> MethodRules:
    """The rules of a method that this market offers."""
    known = METHODS.get(method)
    if known is None:
        raise errors.MethodNotOffered(method=method.value, offered=sorted(METHODS), pointer="/body/method")
    return known


def rules_of(terms: Mapping[str, Any]) -> dict[str, Any]:
    """The method's part of a trade's published terms. The first trades said theirs beside all the others."""
    said = terms.get("rules")
    if isinstance(said, Mapping):
        return dict(said)
    return OnlineBidding().published({name: terms[name] for name in BOUNDS})
