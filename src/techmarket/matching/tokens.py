"""How text becomes terms: pairs of Chinese characters, stemmed words, numbers with their units.

One function for listings and for queries. `MODEL` names its version: when it changes, the index is built anew.
"""

from __future__ import annotations

import importlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

import opencc

MODEL = "bm25-bigrams-4"
TERM_MAX = 48
FOLDS_MAX = 20_000
HAN_SIGNS = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNITS = (
    "nm|um|μm|mm|cm|dm|km|m|mg|kg|g|t|ml|l|ms|us|ns|s|min|h|hz|khz|mhz|ghz|thz|w|kw|mw|gw|kwh|wh|mah|ah|v|kv|mv|a|ma"
    "|pa|kpa|mpa|gpa|bar|n|kn|j|kj|c|°c|k|db|rpm|dpi|ppm|ppb|gb|tb|mb|kb|gbps|mbps|°|%"
)
_HAN_UNITS = {
    "纳米": "nm",
    "微米": "um",
    "毫米": "mm",
    "厘米": "cm",
    "公里": "km",
    "千米": "km",
    "毫克": "mg",
    "千克": "kg",
    "公斤": "kg",
    "吨": "t",
    "毫升": "ml",
    "毫秒": "ms",
    "小时": "h",
    "赫兹": "hz",
    "兆赫": "mhz",
    "千瓦": "kw",
    "兆瓦": "mw",
    "伏": "v",
    "千伏": "kv",
    "安": "a",
    "兆帕": "mpa",
    "摄氏度": "c",
}
_RUNS = re.compile(
    f"(?P<han>[{HAN_SIGNS}]+)"
    rf"|(?<![^\W_{HAN_SIGNS}])(?P<number>(?:(?<![0-9],)[0-9]{{1,3}}(?:,[0-9]{{3}}){{1,3}}(?!,?[0-9])|[0-9]{{1,15}})"
    r"(?:\.[0-9]{1,12})?)"
    rf"(?:(?:\ ?(?P<unit>{_UNITS})|(?=(?P<han_unit>{'|'.join(sorted(_HAN_UNITS, key=len, reverse=True))})))"
    rf"(?![^\W{HAN_SIGNS}])|(?![^\W{HAN_SIGNS}]))"
    f"|(?P<word>[^\\W_{HAN_SIGNS}]+)"
)
# Characters that a C library would stop at or that no encoding carries; and the Chinese comma, which stands between two
# numbers, where the other one may part the thousands of one.
_UNSAID = re.compile("[\x00-\x08\x0e-\x1f\ud800-\udfff\uff0c]")
_HAS_HAN = re.compile(f"[{HAN_SIGNS}]")
_ONE_FOR_ONE = re.compile(
    "[\\t\\n\\r -~\u00b7\u2013\u2014\u2018\u2019\u201c\u201d\u3000-\u3011\u4e00-\u9fff\uff01-\uff5e]*"
)
"""Characters each of which is one character in every form: what Chinese and English are mostly written in."""
_UNIT_TERMS = frozenset(_UNITS.replace("μ", "u").replace("°c", "c").split("|")) | frozenset(_HAN_UNITS.values())
MOVED_MAX = 2
ALIGNED_MAX = 2_000
"""A longer text is folded sign by sign where its words are shown: to align what phrases became would take too long."""
_STOP_WORDS = """
a an and are as at be been but by can could do does for from had has have how if in into is it its may more most no not
of on or our so such than that the their them then there these they this those to was we were what when which while who
will with would you your
"""
_STOP = frozenset(_STOP_WORDS.split())


@lru_cache(maxsize=1)
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("tw2sp")


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    """Its package brings forty languages along, so it is loaded with the first text and not with the process."""
    return importlib.import_module("snowballstemmer").stemmer("english")


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word)) if word.isascii() else word


def folded(text: str) -> str:
    """One form for what is written in several: NFKC, lower case, traditional characters and phrases simplified."""
    return _simplified(_unfolded(text))


def _unfolded(text: str) -> str:
    return unicodedata.normalize("NFKC", _UNSAID.sub(" ", text)).lower()


def _simplified(plain: str) -> str:
    return _simplifier().convert(plain) if _HAS_HAN.search(plain) else plain


def is_one_han(term: str) -> bool:
    return len(term) == 1 and _HAS_HAN.match(term) is not None


def terms(text: str) -> Counter[str]:
    """The terms of a text and how often each stands in it; traditional and full-width count as plain.

    A number keeps its decimals (0.5, 1,200 as 1200). With a unit it gives three terms, 5 and kw and 5kw, however the
    unit is written: `5 kW`, `5kW`, `5千瓦`.
    """
    found: Counter[str] = Counter()
    for run in _RUNS.finditer(folded(text)):
        found.update(_terms_of(run))
    return found


def _terms_of(run: re.Match[str]) -> Iterator[str]:
    kind = run.lastgroup
    if kind == "han":
        han = run["han"]
        if len(han) == 1:
            yield han
        else:
            yield from (han[i : i + 2] for i in range(len(han) - 1))
    elif kind == "word":
        word = run["word"]
        if word not in _STOP:
            yield _stem(word[:TERM_MAX])
    else:
        number = run["number"].replace(",", "")
        yield number
        unit = run["unit"] or _HAN_UNITS.get(run["han_unit"] or "")
        if unit:
            unit = unit.replace("μ", "u").replace("°c", "c")
            yield from (unit, number + unit)


@dataclass(frozen=True, slots=True)
class Sought:
    """Terms that are looked for in a text: the pairs of Chinese characters among them, how words of the others begin,
    and whether there are figures, units or single characters, which only a look at every run finds."""

    terms: frozenset[str]
    pairs: tuple[str, ...]
    beginnings: tuple[str, ...]
    looks_everywhere: bool


@lru_cache(maxsize=500)
def sought(wanted: frozenset[str]) -> Sought:
    pairs = tuple(term for term in wanted if len(term) == 2 and _HAS_HAN.match(term))
    words = [term for term in wanted if not _HAS_HAN.match(term)]
    everywhere = any(is_one_han(term) for term in wanted) or any(
        term in _UNIT_TERMS or any(map(str.isdigit, term)) for term in words
    )
    # No stem begins otherwise than its word: not in the first letter, and the longer ones not in the second.
    begins = tuple(sorted({term[:2] if len(term) > 3 else term[:1] for term in words}))
    return Sought(wanted, pairs, begins, everywhere)


def spans(text: str, wanted: Sought, *, reach: int | None = None) -> list[tuple[int, int]]:
    """Where in the text as it was written the wanted terms stand: (start, end) of characters, in order, not touching.

    With `reach`, those alone that begin at most so many characters behind the first one.
    """
    plain, begins, ends = _folded_in_place(text)
    found: list[tuple[int, int]] = []
    most = len(plain)
    for first, last in _by_run(plain, wanted) if wanted.looks_everywhere else _by_term(plain, wanted, reach):
        if first > most:
            break
        if reach is not None and not found:
            most = first + reach
        start, end = begins[first], ends[last - 1]
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _by_run(plain: str, wanted: Sought) -> Iterator[tuple[int, int]]:
    """Where wanted terms stand, by a look at every run."""
    for run in _RUNS.finditer(plain):
        first = run.start()
        if run.lastgroup == "han":
            size = min(2, len(run["han"]))
            places = range(first, run.end() - size + 1)
            yield from ((at, at + size) for at in places if plain[at : at + size] in wanted.terms)
        elif any(term in wanted.terms for term in _terms_of(run)):
            yield first, run.end()


def _by_term(plain: str, wanted: Sought, reach: int | None) -> list[tuple[int, int]]:
    """The same, by looking for each term: first the one that stands first, then what is within reach of it."""
    end = len(plain)
    first = min([place for place in map(plain.find, wanted.pairs) if place >= 0], default=end)
    for begin in wanted.beginnings:
        first = next((start for start, _ in _words(plain, begin, wanted, 0, first)), first)
    if reach is not None:
        end = min(end, first + reach + 1)
    found = [place for pair in wanted.pairs for place in _pairs(plain, pair, first, end)]
    for begin in wanted.beginnings:
        found += _words(plain, begin, wanted, first, end)
    return sorted(found)


def _pairs(plain: str, pair: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    place = plain.find(pair, start, end + 1)
    while place >= 0:
        yield place, place + 2
        place = plain.find(pair, place + 1, end + 1)


def _words(plain: str, begin: str, wanted: Sought, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The words that begin so, between two places, and are wanted."""
    bound = end + len(begin) - 1
    place = plain.find(begin, start, bound)
    while place >= 0:
        run = _RUNS.match(plain, place) if not place or _parts(plain[place - 1]) else None
        if run is not None and any(term in wanted.terms for term in _terms_of(run)):
            yield place, run.end()
        place = plain.find(begin, place + 1, bound)


def _parts(sign: str) -> bool:
    """Whether a word may begin behind it."""
    return not sign.isalnum() or _HAS_HAN.match(sign) is not None


Places = Sequence[int]


def _folded_in_place(text: str) -> tuple[str, Places, Places]:
    """The folded text, and for each of its characters where what it came from begins and ends."""
    if text.isascii() and not _UNSAID.search(text):
        return text.lower(), range(len(text)), range(1, len(text) + 1)
    unfolded = _unfolded(text)
    plain = _simplified(unfolded)
    if plain == unfolded and _ONE_FOR_ONE.fullmatch(text):
        return plain, range(len(text)), range(1, len(text) + 1)
    each = [(sign, place) for place, character in enumerate(text) for sign in character.translate(_FOLDS)]
    by_sign, begins = "".join(sign for sign, _ in each), [place for _, place in each]
    if plain == by_sign or len(text) > ALIGNED_MAX:
        return by_sign, begins, [place + 1 for place in begins]
    return plain, *_aligned(by_sign, begins, plain)


def _aligned(by_sign: str, begins: Places, plain: str) -> tuple[Places, Places]:
    """Where each character of a text came from that was folded phrase by phrase, by what it is sign by sign: a phrase
    that has another length comes from all of its signs."""
    firsts: list[int] = []
    ends: list[int] = []
    for a, b, c, d in _changes(by_sign, plain):
        if b - a == d - c:
            firsts += begins[a:b]
            ends += [place + 1 for place in begins[a:b]]
        else:
            place = min(a, len(begins) - 1)
            firsts += [begins[place]] * (d - c)
            ends += [begins[max(b - 1, place)] + 1] * (d - c)
    return firsts, ends


def _changes(before: str, after: str) -> list[tuple[int, int, int, int]]:
    """Which piece of the one became which of the other. A sign that moved over the next one is a phrase of the same
    length: 滑鼠 is 鼠标."""
    pieces: list[tuple[int, int, int, int]] = []
    for _, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if len(pieces) > 1:
            (e, f, g, h), (_, same, _, _) = pieces[-2:]
            came_and_went = (f - e, h - g) == (d - c, b - a) and 0 in (b - a, d - c)
            if came_and_went and same - f <= MOVED_MAX:
                pieces[-2:] = [(e, b, g, d)]
                continue
        pieces.append((a, b, c, d))
    return pieces


class _Folds(dict[int, str]):
    """Each character's folded form, looked up once."""

    def __missing__(self, code: int) -> str:
        if len(self) >= FOLDS_MAX:
            self.clear()
        plain = self[code] = folded(chr(code))
        return plain


_FOLDS = _Folds()
