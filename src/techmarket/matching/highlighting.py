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


@dataclass(frozen=True, slots=True)
class Highlight:
    """A piece of one field, and where in the piece the words stand: (start, end) in characters."""

    field: str
    text: str
    spans: tuple[tuple[int, int], ...]


def highlights(fields: Mapping[str, Any], wanted: Collection[str]) -> tuple[Highlight, ...]:
    """The fields in which a wanted term stands, each as the piece around the first one."""
    shown = []
    for name in FIELDS:
        text = str(fields.get(name) or "")[:SCANNED_MAX]
        spans = tokens.spans(text, wanted, reach=SNIPPET) if text else []
        if spans:
            start = max(0, spans[0][0] - LEAD)
            end = min(len(text), start + SNIPPET)
            inside = tuple((a - start, b - start) for a, b in spans if a >= start and b <= end)
            shown.append(Highlight(name, text[start:end], inside))
        if len(shown) == FIELDS_SHOWN_MAX:
            break
    return tuple(shown)
