"""What of a listing is searched: its words with their weights, its facts, its names, its numbers. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from techmarket.achievements import codes
from techmarket.achievements.rights import RightKind
from techmarket.kernel.money import Money
from techmarket.listings.rules import ListingKind
from techmarket.matching import tokens
from techmarket.matching.index.columns import Facts

QUERY_TERMS_MAX = 20_000
"""So many terms of a query are looked up, more than a whole listing holds; then the rarest in the index are scored."""
SCANNED_MAX = 2_000
WEIGHTS: Mapping[str, int] = {
    "title_zh": 2,
    "title_en": 2,
    "summary_zh": 1,
    "summary_en": 1,
    "problem_zh": 1,
    "problem_en": 1,
    "scenario_zh": 1,
    "scenario_en": 1,
    "description_zh": 1,
    "description_en": 1,
    "technical_details": 1,
    "deal_terms": 1,
    "keywords": 1,
    "ipc": 1,
    "industry": 1,
    "indicators": 1,
    "rights": 1,
    "attribution": 1,
}
"""How often each field's words count."""
_ATTRIBUTION = ("holder", "categories")
PHRASE_MAX = 100
NUMBER_MAX = 64
HAN, LATIN = 1, 2
SCRIPT_SHARE = 4
_HAN_RUNS = re.compile(f"[{tokens.HAN_SIGNS}]+")
_LATIN_WORDS = re.compile(rf"[^\W\d_{tokens.HAN_SIGNS}]+")
_LANGUAGES = ("_zh", "_en")
RIGHT_KINDS = tuple(RightKind)
_NUMBER = re.compile(
    r"(?=[A-Z0-9]{7,})(?:[A-Z]{0,3}(?:[0-9]{8,20}X?(?:[A-Z][0-9]?)?|[0-9]{5,7})|[0-9]{4}SR[0-9]{5,10})"
    r"|国药准字[A-Z]{1,2}[0-9]{8}"
)
"""A short office, digits, a check letter, a kind of document: more letters are words and figures, not a number."""
_OFFICE = re.compile(r"^(?:ZL|CN)(?=[0-9])")


def said_in(name: str, fields: Mapping[str, Any]) -> list[str]:
    """The text of one field. A code of an industry brings its name along."""
    value = fields.get(name)
    if not value:
        return []
    if name == "industry":
        return [value, codes.industries().get(value, "")]
    if name == "indicators":
        return [text for one in value for text in (one["name"], one["requirement"])]
    if name == "rights":
        return [right["number"] for right in value if right.get("number")]
    if name == "attribution":
        said = [value.get(part) or [] for part in _ATTRIBUTION]
        return [str(text) for part in said for text in ([part] if isinstance(part, str) else part)]
    return [str(text) for text in value] if isinstance(value, list) else [str(value)]


def terms_of(fields: Mapping[str, Any]) -> Counter[str]:
    """The terms of a listing, each as often as the weights of the fields it stands in say."""
    found: Counter[str] = Counter()
    for name, weight in WEIGHTS.items():
        for text in said_in(name, fields):
            for term, times in tokens.terms(text).items():
                found[term] += times * weight
    return found


def fields_of(wanted: Collection[str], fields: Mapping[str, Any]) -> dict[str, list[str]]:
    """For each wanted term the fields of a listing in whose first two thousand characters it stands."""
    found: dict[str, list[str]] = {term: [] for term in wanted}
    for name in WEIGHTS:
        inside = {term for text in said_in(name, fields) for term in tokens.terms(text[:SCANNED_MAX])}
        for term in found.keys() & inside:
            found[term].append(name)
    return found


def query_terms(found: Mapping[str, int]) -> Counter[str]:
    """At most so many terms of a query; which ones is fixed by the query alone."""
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return Counter(dict(ranked[:QUERY_TERMS_MAX]))


def facts_of(kind: ListingKind, fields: Mapping[str, Any]) -> Facts:
    money = fields.get("price") or fields.get("budget")
    modes = fields.get("modes") or ([fields["mode"]] if fields.get("mode") else [])
    return Facts(
        kind=kind,
        technology_field=fields.get("technology_field"),
        industry=fields.get("industry"),
        region=fields.get("region"),
        modes=tuple(modes),
        price_minor=Money.parse(money["amount"]).minor if money else None,
        trl=fields.get("trl") or fields.get("trl_min"),
        rights=rights_mask(right["kind"] for right in fields.get("rights") or []),
        scripts=scripts_of(prose_of(fields)),
    )


def rights_mask(kinds: Iterable[str]) -> int:
    return sum(1 << RIGHT_KINDS.index(RightKind(kind)) for kind in set(kinds))


def script_of(text: str) -> int:
    """The script a text is written in: 0 where it has none.

    Chinese takes foreign names, formulas and units into its sentences, English takes no Chinese: so a text is Chinese
    as soon as one in four of its signs is, a Latin word counting as one.
    """
    han, latin = signs_of(text)
    return 0 if not han + latin else HAN if han * SCRIPT_SHARE >= han + latin else LATIN


def signs_of(text: str) -> tuple[int, int]:
    """How many Chinese characters, and how many words of other letters."""
    return sum(map(len, _HAN_RUNS.findall(text))), len(_LATIN_WORDS.findall(text))


def scripts_of(said: Iterable[str]) -> int:
    """The scripts of several texts together: a listing that says all in both languages has both."""
    scripts = 0
    for text in said:
        scripts |= script_of(text)
    return scripts


def prose_of(fields: Mapping[str, Any]) -> list[str]:
    """What of a listing is written to be read, in each language that it names as one text."""
    prose = [name for group in MEANT for name in group]
    return [
        " ".join(text for name in prose if name.endswith(language) for text in said_in(name, fields))
        for language in _LANGUAGES
    ]


def phrases_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """What a suggestion may offer of this listing: titles, keywords and who holds it, in their folded form."""
    holder = (fields.get("attribution") or {}).get("holder")
    said = [fields.get("title_zh"), fields.get("title_en"), *(fields.get("keywords") or []), holder]
    plain = [" ".join(tokens.folded(str(one)).split()) for one in said if one]
    return tuple(dict.fromkeys(one[:PHRASE_MAX] for one in plain if one))


def numbers_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    given = [number_key(right["number"]) for right in fields.get("rights") or [] if right.get("number")]
    return tuple(dict.fromkeys(one for one in given if one))


def number_key(given: str) -> str:
    """A number of a right in one spelling: capitals and digits, without blanks, points and the office's letters."""
    plain = unicodedata.normalize("NFKC", given).upper()
    return _OFFICE.sub("", "".join(one for one in plain if one.isalnum()))[:NUMBER_MAX]


def asked_number(query: str) -> str | None:
    """The number that a query as a whole is, if it is one."""
    key = number_key(query)
    return key if len(query) <= 2 * NUMBER_MAX and _NUMBER.fullmatch(key) else None


def words_to_check(unknown: Iterable[str]) -> list[str]:
    """Of the terms that nobody uses those that may be mistyped: words of four letters or more."""
    return [term for term in unknown if term.isascii() and term[0].isalpha() and 4 <= len(term) <= 40]


MEANT = (
    ("title_zh", "title_en"),
    ("summary_zh", "problem_zh", "summary_en", "problem_en"),
    ("keywords", "indicators"),
    ("description_zh", "description_en", "technical_details"),
)
"""What is embedded, the most telling first: an embedder reads only so far."""


def meaning_of(fields: Mapping[str, Any], chars_max: int) -> str:
    """The text of a listing that an embedder reads. What holds no letter and no digit, such as a dash, says nothing."""
    said = [text for group in MEANT for name in group for text in said_in(name, fields)]
    return "\n".join(text for text in said if any(map(str.isalnum, text)))[:chars_max]
