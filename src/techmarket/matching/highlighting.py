"""Where the words of a query stand in what the reader sees of a result. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from techmarket.matching import tokens

FIELDS = (
    "title_zh",
    "title_en",
    "summary_zh",
    "summary_en",
    "problem_zh",
    "problem_en",
    "description_zh",
    "description_en",
    "technical_details",
    "deal_terms",
)
FIELDS_SHOWN_MAX = 4
SNIPPET = 160
LEAD = 40
SCANNED_MAX = 2_000
"""So much of every field is looked through in any case."""
BEYOND_MAX = 200_000
"""So many characters behind that are looked through for all results of one answer together, the first results first."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """A piece of one field, and where in the piece the words stand: (start, end) in characters."""

    field: str
    text: str
    spans: tuple[tuple[int, int], ...]


class Reading:
    """What of long texts may still be looked through for one answer, in characters."""

    def __init__(self, left: int = BEYOND_MAX) -> None:
        self.left = left


def highlights(fields: Mapping[str, Any], wanted: Collection[str], reading: Reading) -> tuple[Highlight, ...]:
    """The fields in which a wanted term stands, each as the piece around the first one."""
    shown = []
    sought = tokens.sought(frozenset(wanted))
    for name in FIELDS:
        whole = fields.get(name)
        if not whole:
            continue
        text = str(whole)[:SCANNED_MAX]
        spans = tokens.spans(text, sought, reach=SNIPPET)
        if not spans and len(text) < len(whole) <= reading.left:
            reading.left -= len(whole)
            text = str(whole)
            spans = tokens.spans(text, sought, reach=SNIPPET)
        if spans:
            start = max(0, spans[0][0] - LEAD)
            end = min(len(text), start + SNIPPET)
            inside = tuple((a - start, b - start) for a, b in spans if a >= start and b <= end)
            shown.append(Highlight(name, text[start:end], inside))
        if len(shown) == FIELDS_SHOWN_MAX:
            break
    return tuple(shown)
