"""Makers for policy packs: the one of the documentation, and what becomes of it when a line is changed."""

from __future__ import annotations

from pathlib import Path

from techmarket.rulebook.packs import Document, read_pack

PAGE = Path(__file__).parents[2] / "docs" / "policy-packs.md"
EXAMPLE = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]


def a_pack(*changes: tuple[str, str], file: str = "example.yaml") -> Document:
    """The documented pack with the first occurrence of each text replaced."""
    text = EXAMPLE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return read_pack(text, file)


def line_of(pack_text: str, part: str) -> int:
    """On which line of the example a text stands first."""
    return next(n for n, line in enumerate(pack_text.splitlines(), start=1) if part in line)
