"""The page of reliability names tests and commands that there are, for each of its thirty-two lines."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| T\d\d ", line)
]
TEST = re.compile(r"`(tests/[\w/]+(?:\.py)?)(?:::(\w+))?`")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
MET = {"met", "in part", "not met", "not measured"}


def test_every_line_is_there_once_with_what_is_run_a_figure_a_bar_and_an_honest_word() -> None:
    assert [row[0] for row in ROWS] == [f"T{n:02}" for n in range(1, 33)]
    assert [row[0] for row in ROWS if len(row) != 7 or not all(row)] == []
    assert [row[0] for row in ROWS if row[6].split(":")[0] not in MET] == []


def test_every_test_that_is_named_exists() -> None:
    named = {found for row in ROWS for found in TEST.findall(row[2])}
    assert len(named) >= 60
    missing = []
    for path, name in sorted(named):
        file = ROOT / path
        if not file.exists() or (
            name and not re.search(rf"^\s*(?:async )?def {name}\b", file.read_text(), re.MULTILINE)
        ):
            missing.append(f"{path}::{name}")
    assert missing == []


def test_every_line_has_a_short_form_among_the_tests() -> None:
    assert [row[0] for row in ROWS if not TEST.search(row[2])] == []


def test_every_command_of_a_long_form_exists() -> None:
    commands = {command for row in ROWS for command in re.findall(r"`make ([a-z-]+)", row[3])}
    assert commands - TARGETS == set()
    assert {"fault", "fuzz"} <= commands
