"""The shape of the house: rooms, doors, directions. Each alarm names the file that broke it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import techmarket
from techmarket.db.base import Base
from techmarket.db.metadata import load_all_tables

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "techmarket"
ORDER = {room: place for place, room in enumerate(techmarket.ROOMS)}
EDGES = {"api", "web", "cli", "jobs"}
ROOMS = [room for room in techmarket.ROOMS if room not in EDGES and room not in {"kernel", "db"}]
CLOSED = {"tables", "repository", "service"}
PURE = ("rules", "lifecycle", "policy", "errors", "events", "views")


@cache
def imports_of(path: Path) -> set[str]:
    """Every techmarket module that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("techmarket"):
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("techmarket")}
    return found


FILES = sorted(path for path in SRC.rglob("*.py") if path.parent != SRC)


def room_of(path: Path) -> str:
    return path.relative_to(SRC).parts[0]


def test_the_map_in_the_package_docstring_names_exactly_the_folders_that_exist():
    folders = {path.parent.name for path in SRC.glob("*/__init__.py")} - {"samples"}
    assert folders == set(techmarket.ROOMS) & folders
    listed = re.findall(r"^    ([a-z]+)  ", techmarket.__doc__ or "", flags=re.MULTILINE)
    assert [*listed, "api", "web", "cli", "jobs"] == list(techmarket.ROOMS)
    assert set(techmarket.ROOMS) == folders


def imports_between_rooms() -> Iterator[tuple[Path, str, list[str]]]:
    """Each import of another room: the file, its room, and the parts of what it imports."""
    for path in FILES:
        here = room_of(path)
        for module in sorted(imports_of(path)):
            parts = module.split(".")
            if here != "samples" and len(parts) > 1 and parts[1] != here:
                yield path, here, parts


def test_imports_point_left():
    wrong = [
        f"{path.relative_to(SRC)} of {here} imports {'.'.join(parts)}, which lies to its right"
        for path, here, parts in imports_between_rooms()
        if parts[1] in ORDER and here not in EDGES and ORDER[parts[1]] >= ORDER[here]
    ]
    assert wrong == []


def test_a_room_is_entered_by_its_steps_and_pure_values_only():
    wrong = [
        f"{path.relative_to(SRC)} of {here} goes through the wall into {'.'.join(parts)}"
        for path, here, parts in imports_between_rooms()
        if here not in {*EDGES, "db"}
        and len(parts) > 2
        and parts[1] in ROOMS
        and parts[2] in CLOSED
        # The import door: bulk import runs other rooms' use cases row by row, as an edge would.
        and (here, parts[2]) != ("hub", "service")
    ]
    assert wrong == []


def test_edges_never_touch_tables_or_queries():
    wrong = [
        f"{path.relative_to(SRC)} reads {'.'.join(parts)}"
        for path, here, parts in imports_between_rooms()
        if here in EDGES and len(parts) > 2 and parts[1] in ROOMS and parts[2] in {"tables", "repository"}
    ]
    assert wrong == []


def test_pure_files_load_without_sqlalchemy_and_fastapi():
    modules = [
        f"techmarket.{room}.{name}" for room in ROOMS for name in PURE if (SRC / room / f"{name}.py").exists()
    ] + [f"techmarket.kernel.{path.stem}" for path in (SRC / "kernel").glob("*.py") if path.stem != "__init__"]
    program = (
        "import sys, importlib\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        "    heavy = {'sqlalchemy', 'fastapi', 'starlette', 'asyncpg'} & set(sys.modules)\n"
        "    assert not heavy, (name, heavy)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_foreign_keys_point_left():
    load_all_tables()
    owner = {}
    for mapper in Base.registry.mappers:
        owner[mapper.local_table.name] = mapper.class_.__module__.split(".")[1]
    for table in Base.metadata.tables.values():
        for key in table.foreign_keys:
            there, here = owner[key.column.table.name], owner[table.name]
            assert ORDER[there] <= ORDER[here], f"{table.name} of {here} points right to {key.column.table.name}"


def test_only_the_database_layer_commits():
    offenders = [
        str(path.relative_to(SRC))
        for path in FILES
        if room_of(path) != "db" and re.search(r"\.(commit|rollback)\(", path.read_text())
    ]
    assert offenders == []


def test_no_room_reads_the_settings_object():
    offenders = [
        str(path.relative_to(SRC))
        for path in FILES
        if room_of(path) in ROOMS and "techmarket.settings" in imports_of(path)
    ]
    assert offenders == []


def test_money_paths_hold_no_float():
    offenders = [
        f"{path.relative_to(SRC)}:{number}"
        for path in FILES
        if room_of(path) in {"kernel", "ledger", "settlement", "trading", "contracts", "revenue", "rulebook"}
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\bfloat\(|: float\b|Float\(|REAL\b", line) and "never" not in line
    ]
    assert offenders == []
