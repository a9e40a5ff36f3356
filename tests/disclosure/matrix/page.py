"""The page people read (docs/disclosure-matrix.md) as the expectation the market is held to."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "disclosure-matrix.md"
NOTHING = "·"
Table = dict[str, dict[str, str]]


def tables(text: str) -> dict[str, Table]:
    """Each door that a heading names in backquotes, with the table below it: reader by column."""
    found: dict[str, Table] = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        rows = [_cells(line) for line in body.splitlines() if line.startswith("|")]
        if not rows:
            continue
        columns = rows[0][1:]
        table = {
            reader: dict(zip(columns, cells, strict=True)) for names, *cells in rows[2:] for reader in names.split(", ")
        }
        found |= dict.fromkeys(re.findall(r"`([a-z-]+)`", heading), table)
    return found


def _cells(line: str) -> list[str]:
    return ["" if cell.strip() == NOTHING else cell.strip() for cell in line.strip().strip("|").split("|")]
