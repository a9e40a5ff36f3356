"""The access log as a file: for a spreadsheet, which must not take a name for a formula, and line by line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, fields
from typing import Any

from techmarket.disclosure.views import AccessView
from techmarket.kernel.refusals import wire

COLUMNS = [one.name for one in fields(AccessView)]
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With one of these a spreadsheet begins to calculate."""


async def jsonl_of(pieces: AsyncIterator[list[AccessView]]) -> AsyncIterator[str]:
    async for piece in pieces:
        yield "".join(json.dumps(wire(asdict(one)), ensure_ascii=False) + "\n" for one in piece)


async def csv_of(pieces: AsyncIterator[list[AccessView]]) -> AsyncIterator[str]:
    yield _rows([COLUMNS])
    async for piece in pieces:
        yield _rows([[_cell(value) for value in wire(asdict(one)).values()] for one in piece])


def _rows(rows: list[list[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    """A text that a spreadsheet would calculate is shown with an apostrophe before it."""
    said = "" if value is None else str(value)
    return f"'{said}" if said.startswith(FORMULA) else said
