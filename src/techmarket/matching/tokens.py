"""How text becomes terms: pairs of Chinese characters and stemmed words, the same for listings and for queries."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

import opencc
import snowballstemmer

MODEL = "bm25-bigrams-1"
"""Changes when terms change; then the index is built anew."""
TERM_MAX = 48
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUNS = re.compile(f"(?P<han>[{_HAN}]+)|(?P<word>[^\\W_{_HAN}]+)")
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
def _stemmer() -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word)) if word.isascii() else word


def terms(text: str) -> Counter[str]:
    """The terms of a text and how often each stands in it; traditional and full-width count as plain."""
    plain = unicodedata.normalize("NFKC", text).lower()
    if re.search(f"[{_HAN}]", plain):
        plain = _simplifier().convert(plain)
    found: Counter[str] = Counter()
    for run in _RUNS.finditer(plain):
        han = run["han"]
        if han is None:
            word = run["word"]
            if word not in _STOP:
                found[_stem(word[:TERM_MAX])] += 1
        elif len(han) == 1:
            found[han] += 1
        else:
            found.update(han[i : i + 2] for i in range(len(han) - 1))
    return found
