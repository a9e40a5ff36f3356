"""How text becomes terms: pairs of Chinese characters, stemmed words, numbers with their units.

One function for listings and for queries. `MODEL` names its version: when it changes, the index is built anew.
"""

from __future__ import annotations

import importlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
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
    """One form for what is written in several: NFKC, lower case, traditional characters simplified."""
    plain = unicodedata.normalize("NFKC", _UNSAID.sub(" ", text)).lower()
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


def spans(text: str, wanted: Collection[str], *, reach: int | None = None) -> list[tuple[int, int]]:
    """Where in the text as it was written the wanted terms stand: (start, end) of characters, in order, not touching.

    Every character is folded by itself, so that the places stay those of the original. With `reach`, those alone that
    begin at most so many characters behind the first one.
    """
    plain, starts = _folded_in_place(text)
    initials = {term[0] for term in wanted}
    found: list[tuple[int, int]] = []
    ends = len(plain)
    for run in _RUNS.finditer(plain):
        first = run.start()
        if first > ends:
            break
        if run.lastgroup == "han":
            han = run["han"]
            size = min(2, len(han))
            hits = [i for i in range(len(han) - size + 1) if han[i : i + size] in wanted]
            places = [(first + i, first + i + size) for i in hits]
        elif run.lastgroup == "word" and plain[first] not in initials:  # no stem begins otherwise than its word
            continue
        else:
            places = [(first, run.end())] if any(term in wanted for term in _terms_of(run)) else []
        for start, end in places:
            if start > ends:
                break
            if reach is not None and not found:
                ends = start + reach
            start, end = starts[start], starts[end - 1] + 1
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((start, end))
    return found


def _folded_in_place(text: str) -> tuple[str, Sequence[int]]:
    """The folded text, and for each of its characters the place of the one it came from."""
    if text.isascii() and not _UNSAID.search(text):
        return text.lower(), range(len(text))
    plain = text.translate(_FOLDS)
    if len(plain) == len(text):  # no character folds to nothing
        return plain, range(len(text))
    return plain, [place for place, character in enumerate(text) for _ in character.translate(_FOLDS)]


class _Folds(dict[int, str]):
    """Each character's folded form, looked up once."""

    def __missing__(self, code: int) -> str:
        if len(self) >= FOLDS_MAX:
            self.clear()
        plain = self[code] = folded(chr(code))
        return plain


_FOLDS = _Folds()
