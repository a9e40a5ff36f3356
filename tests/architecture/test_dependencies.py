"""Each dependency has a reason in docs/dependencies.md and a hashed place in the locks, and the locks name no host."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCUMENT = (ROOT / "docs" / "dependencies.md").read_text()


def named(requirements: list[str]) -> set[str]:
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements)
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


RUNTIME = named(PROJECT["project"]["dependencies"])
DEV = named(PROJECT["project"]["optional-dependencies"]["dev"])
EXTRA = named([name for extra in ("embed", "hsm") for name in PROJECT["project"]["optional-dependencies"][extra]])
BUILD = named(PROJECT["build-system"]["requires"])


def section(title: str) -> list[list[str]]:
    body = DOCUMENT.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line.startswith("|")]
    return rows[2:]


def locked(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text().splitlines() if re.match(r"[A-Za-z0-9]", line)]


@pytest.mark.parametrize(
    "title, wanted",
    [("At run time", RUNTIME), ("On request", EXTRA), ("For development", DEV - EXTRA), ("To build", BUILD)],
)
def test_each_dependency_has_its_line_and_no_line_is_left_over(title: str, wanted: set[str]) -> None:
    rows = section(title)
    assert named([row[0] for row in rows]) == wanted
    assert [row for row in rows if len(row) != 4 or not all(row)] == []


def test_no_dependency_has_a_licence_that_binds_our_users() -> None:
    shipped = [row for title in ("At run time", "On request", "To build") for row in section(title)]
    assert [row[0] for row in shipped if re.search(r"GPL", row[3])] == []
    # An outside checker: a test calls it, nothing of the market imports it, and it is not in what we ship.
    assert [row[0] for row in section("For development") if re.search(r"GPL", row[3])] == ["beancount"]


def test_the_locks_hold_every_dependency() -> None:
    assert named(locked("requirements.lock")) >= RUNTIME | BUILD
    assert named(locked("requirements-dev.lock")) >= RUNTIME | BUILD | DEV


def test_what_is_tested_is_what_runs() -> None:
    assert set(locked("requirements.lock")) <= set(locked("requirements-dev.lock"))


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_and_hashes_everything_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert re.findall(r"://|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []
    pins = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert [pin.split()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []
