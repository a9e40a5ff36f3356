"""Who sees which term: a default tier for every field, which a listing may only raise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techmarket.disclosure.tiers import Reach, Tier, visible
from techmarket.kernel.masking import Place, shown
from techmarket.listings import errors

_COMMON = {
    "title_zh": Tier.PUBLIC,
    "title_en": Tier.PUBLIC,
    "summary_zh": Tier.PUBLIC,
    "summary_en": Tier.PUBLIC,
    "keywords": Tier.PUBLIC,
    "technology_field": Tier.PUBLIC,
    "industry": Tier.PUBLIC,
    "region": Tier.PUBLIC,
    "attribution": Tier.PUBLIC,
    "origin": Tier.PUBLIC,
    "description_zh": Tier.REGISTERED,
    "description_en": Tier.REGISTERED,
    "contact": Tier.REGISTERED,
    "technical_details": Tier.NDA,
    "deal_terms": Tier.DEAL,
}
OFFER_TIERS: Mapping[str, Tier] = {
    **_COMMON,
    "ipc": Tier.PUBLIC,
    "trl": Tier.PUBLIC,
    "rights": Tier.PUBLIC,
    "mode": Tier.PUBLIC,
    "licence_kind": Tier.PUBLIC,
    "scope": Tier.PUBLIC,
    "price_form": Tier.PUBLIC,
    "price": Tier.PUBLIC,
    "royalty_rate": Tier.PUBLIC,
    "royalty_base": Tier.PUBLIC,
    "royalty_minimum": Tier.PUBLIC,
    "royalty_cap": Tier.PUBLIC,
    "price_parts": Tier.PUBLIC,
    "equity_share": Tier.PUBLIC,
    "trial_days": Tier.PUBLIC,
    "approval_ids": Tier.PUBLIC,
}
DEMAND_TIERS: Mapping[str, Tier] = {
    **_COMMON,
    "problem_zh": Tier.PUBLIC,
    "problem_en": Tier.PUBLIC,
    "indicators": Tier.PUBLIC,
    "budget": Tier.PUBLIC,
    "deadline": Tier.PUBLIC,
    "open_challenge": Tier.PUBLIC,
    "challenge": Tier.PUBLIC,
    "scenario_zh": Tier.PUBLIC,
    "scenario_en": Tier.PUBLIC,
    "trl_min": Tier.PUBLIC,
    "modes": Tier.PUBLIC,
}
DEFAULTS: Mapping[str, Mapping[str, Tier]] = {"OFFER": OFFER_TIERS, "DEMAND": DEMAND_TIERS}
ALWAYS_PUBLIC = frozenset({"title_zh", "title_en"})
"""A listing that nobody can name cannot be listed."""


def check_raised(kind: str, raised: Mapping[str, str]) -> None:
    """A listing may only raise the tier of a field; its title stays public."""
    defaults = DEFAULTS[kind]
    for name, tier in raised.items():
        if name not in defaults or name in ALWAYS_PUBLIC:
            raise errors.TierFixed(field=name, pointer=f"/body/tiers/{name}")
        if Tier[tier] < defaults[name]:
            raise errors.TierLowered(field=name, lowest=defaults[name].name, pointer=f"/body/tiers/{name}")


TOLD_BY: Mapping[str, str] = {"price_parts": "price", "challenge": "budget"}
"""What tells of another field: the parts of a bundle sum to its price, the funding of a challenge is in its budget."""


def field_tiers(kind: str, raised: Mapping[str, str]) -> Mapping[str, Tier]:
    """The tier of every field of one listing: the default, or higher where it, or what it tells of, was raised."""
    if not raised:
        return DEFAULTS[kind]
    found = {name: max(tier, Tier[raised[name]]) if name in raised else tier for name, tier in DEFAULTS[kind].items()}
    return {name: max(tier, found.get(TOLD_BY.get(name, name), tier)) for name, tier in found.items()}


_IN_BOTH = ("title", "summary", "description", "problem", "scenario")
FREE_WORDS = frozenset(
    [*(f"{name}_{language}" for name in _IN_BOTH for language in ("zh", "en")), "keywords", "attribution", "indicators"]
)
"""What is written for everyone, or for every verified organisation. What an agreement or a deal opens is for whom it
was opened, and `contact` is the field for how somebody is reached; both are shown as they are."""


def told(fields: Mapping[str, Any], *, is_inside: bool) -> dict[str, Any]:
    """The terms as they are shown: numbers and addresses of people in free words are for its owner and the market."""
    return {
        name: shown(place_of(name), value, is_inside=is_inside) if name in FREE_WORDS or name == "contact" else value
        for name, value in fields.items()
    }


def place_of(name: str) -> Place:
    return Place.LISTING_CONTACT if name == "contact" else Place.LISTING_TEXT


def cut(document: Mapping[str, Any], reach: Reach) -> dict[str, Any]:
    """The fields of a version that a reader of this reach sees."""
    return visible(document["fields"], field_tiers(document["kind"], document["raised"]), reach)
