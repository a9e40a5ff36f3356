"""The data dictionary of the open data (数据字典), rendered from what writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from techmarket.hub.opendata import (
    AWARD_STATUS,
    COLUMNS,
    CONTRACT_STATUS,
    RATED,
    TENDER_STATUS,
    WITHHELD,
)
from techmarket.trading.lifecycle import Method


def dictionary_page() -> str:
    """Columns of the table, codes of the releases by our own states, and what is withheld for which reason."""
    return "\n".join(
        [
            "# Data dictionary",
            "",
            "Rendered from `hub/opendata.py` by `techmarket docs`; `docs/open-data.md` tells how the standard is used.",
            "",
            "## The table of trades (`GET /v1/open-data/trades.csv`)",
            "",
            *_table(("column", "名称", "meaning"), ((f"`{name}`", zh, en) for name, zh, en in COLUMNS)),
            "## Codes of the releases",
            "",
            *_codes("tender.status", TENDER_STATUS),
            *_codes("awards.status", AWARD_STATUS),
            *_codes("contracts.status", CONTRACT_STATUS),
            "`tender.procurementMethod` and `tender.awardCriteria`, by `procurementMethodDetails`:",
            "",
            *_table(
                ("here", "procurementMethod", "awardCriteria"),
                (
                    (
                        f"`{method}`",
                        "`limited`" if method is Method.NEGOTIATION else "`open`",
                        "`ratedCriteria`" if method in RATED else "`priceOnly`",
                    )
                    for method in Method
                ),
            ),
            "## What is withheld (`withheldInformation`)",
            "",
            *_table(("field", "原因", "reason"), ((f"`{field}`", *WITHHELD[field]) for field in sorted(WITHHELD))),
        ]
    )


def _codes(field: str, codes: Mapping[Any, str]) -> list[str]:
    rows = ((f"`{state}`", f"`{code}`") for state, code in codes.items())
    return [f"`{field}`, by our own state:", "", *_table(("here", "there"), rows)]


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    names = list(header)
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]
