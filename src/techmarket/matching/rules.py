"""The rules of matching: what of a listing is indexed, which facts filter it, how a match explains itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from techmarket.kernel.money import Money
from techmarket.matching import tokens

QUERY_TERMS_MAX = 600
"""Of a long query the most frequent of its terms are looked up; then the rarest in the index are scored."""
_TWICE = ("title_zh", "title_en")
_ONCE = (
    "summary_zh",
    "summary_en",
    "problem_zh",
    "problem_en",
    "description_zh",
    "description_en",
    "technical_details",
    "industry",
)
_LISTS = ("keywords", "ipc")
_ATTRIBUTION = ("holder", "categories")


@dataclass(frozen=True, slots=True)
class Facts:
    """What filters ask of a listing, as far as a reader of one index may see it."""

    technology_field: str | None
    region: str | None
    mode: str | None
    price_minor: int | None


def text_of(fields: Mapping[str, Any]) -> list[str]:
    """The text of a listing for search: its title twice, then summary or problem, keywords, codes, indicators."""
    parts = [fields[name] for name in _TWICE if fields.get(name)] * 2
    parts += [fields[name] for name in _ONCE if fields.get(name)]
    for name in _LISTS:
        parts += fields.get(name) or []
    for indicator in fields.get("indicators") or []:
        parts += [indicator["name"], indicator["requirement"]]
    parts += [right["number"] for right in fields.get("rights") or [] if right.get("number")]
    attribution = fields.get("attribution") or {}
    for name in _ATTRIBUTION:
        said = attribution.get(name) or []
        parts += [said] if isinstance(said, str) else said
    return [str(part) for part in parts]


def terms_of(fields: Mapping[str, Any]) -> Counter[str]:
    return count(text_of(fields))


def count(texts: Iterable[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for text in texts:
        found.update(tokens.terms(text))
    return found


def query_terms(found: Counter[str]) -> Counter[str]:
    """At most so many terms of a query; which ones is fixed by the query alone."""
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return Counter(dict(ranked[:QUERY_TERMS_MAX]))


def facts_of(fields: Mapping[str, Any]) -> Facts:
    """An offer's price and a demand's budget are one filter: what it is about in money."""
    money = fields.get("price") or fields.get("budget")
    minor = Money.parse(money["amount"]).minor if money else None
    return Facts(fields.get("technology_field"), fields.get("region"), fields.get("mode"), minor)


def shared(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """Which facts two listings have in common, as far as the reader sees both."""
    same = [
        name
        for name in ("technology_field", "industry", "region")
        if one.get(name) and one.get(name) == other.get(name)
    ]
    if set(one.get("keywords") or []) & set(other.get("keywords") or []):
        same.append("keywords")
    return tuple(same)


def within_budget(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool | None:
    """Whether the price is within the budget; None when either is not stated or not to be seen."""
    price = one.get("price") or other.get("price")
    budget = one.get("budget") or other.get("budget")
    if not price or not budget:
        return None
    return Money.parse(price["amount"]) <= Money.parse(budget["amount"])
