"""What must hold between a demand and an offer before words decide, and how a match explains itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.kernel.money import Money
from techmarket.listings.lifecycle import ListingState
from techmarket.listings.rules import ListingKind
from techmarket.matching.index.columns import KINDS, NO_PRICE, Columns, Mask, modes_mask, org_number
from techmarket.matching.index.scoring import At, Test


class Fit(StrEnum):
    """Whether a constraint holds. What one side does not state, or the reader may not see, is unknown: no reason to
    leave a match out."""

    MET = "MET"
    MISSED = "MISSED"
    UNKNOWN = "UNKNOWN"


CONSTRAINED = ("mode", "modes", "price", "budget", "trl", "trl_min")
"""The terms that constraints are read from."""


def other_kind(kind: ListingKind) -> ListingKind:
    return ListingKind.OFFER if kind is ListingKind.DEMAND else ListingKind.DEMAND


def constraints(demand: Mapping[str, Any], offer: Mapping[str, Any]) -> dict[str, Fit]:
    """What a demand asks of an offer: a mode that would do, a price within the budget, enough maturity."""
    mode, modes = offer.get("mode"), demand.get("modes")
    trl, least = offer.get("trl"), demand.get("trl_min")
    return {
        "mode": _fit(mode in modes if mode and modes else None),
        "budget": _fit(within_budget(demand, offer)),
        "maturity": _fit(trl >= least if trl and least else None),
    }


def standing(state: ListingState) -> dict[str, Fit]:
    """What must hold of every match beside its terms: what was compared is open to the reader, and the listing is to be
    had. One that is being traded is shown as well, and misses that: the trade may come to nothing."""
    return {"tier": Fit.MET, "status": _fit(state is ListingState.PUBLISHED)}


def _fit(holds: bool | None) -> Fit:
    return Fit.UNKNOWN if holds is None else Fit.MET if holds else Fit.MISSED


def within_budget(demand: Mapping[str, Any], offer: Mapping[str, Any]) -> bool | None:
    """Whether the price is within the budget; None when either is not stated or not to be seen."""
    price, budget = offer.get("price"), demand.get("budget")
    if not price or not budget:
        return None
    return Money.parse(price["amount"]) <= Money.parse(budget["amount"])


def same_facts(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """Which facts two listings state alike, as far as the reader sees both."""
    same = [
        name
        for name in ("technology_field", "industry", "region")
        if one.get(name) and one.get(name) == other.get(name)
    ]
    if set(one.get("keywords") or []) & set(other.get("keywords") or []):
        same.append("keywords")
    return tuple(same)


def tests_between(kind: ListingKind, terms: Mapping[str, Any], org_id: UUID, *, is_strict: bool) -> dict[str, Test]:
    """What the other side must be, over the columns of the index: of the other kind, from another organisation, and,
    when strict, missing none of the constraints."""
    wanted = KINDS.index(other_kind(kind))
    own = org_number(org_id)
    tests: dict[str, Test] = {
        "kind": lambda held, at: held["kind"][at] == wanted,
        "organisation": lambda held, at: held["org"][at] != own,
    }
    if not is_strict:
        return tests
    is_demand = kind is ListingKind.DEMAND
    modes = modes_mask(terms.get("modes") or ([terms["mode"]] if terms.get("mode") else []))
    if modes:
        tests["mode"] = lambda held, at: (held["modes"][at] == 0) | ((held["modes"][at] & modes) != 0)
    money = terms.get("budget") if is_demand else terms.get("price")
    if money:
        tests["budget"] = _budget(Money.parse(money["amount"]).minor, is_demand=is_demand)
    trl = terms.get("trl_min") if is_demand else terms.get("trl")
    if trl:
        tests["maturity"] = _maturity(trl, is_demand=is_demand)
    return tests


def _budget(minor: int, *, is_demand: bool) -> Test:
    def test(held: Columns, at: At) -> Mask:
        other = held["price"][at]
        fits: Mask = (other == NO_PRICE) | (other <= minor if is_demand else other >= minor)
        return fits

    return test


def _maturity(level: int, *, is_demand: bool) -> Test:
    def test(held: Columns, at: At) -> Mask:
        other = held["trl"][at]
        fits: Mask = (other == 0) | (other >= level if is_demand else other <= level)
        return fits

    return test
