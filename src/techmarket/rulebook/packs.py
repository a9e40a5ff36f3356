"""Policy packs (政策包): what a place says about sharing income, in a file a lawyer can read, with cases that prove it.

A pack expands into dated rows of the book. A change of the law is a further entry with its own first day, and an end
for the one before; no entry is ever rewritten. Every scalar in a pack is read as text, so no number becomes a float.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml

SIZE_MAX = 1_000_000
DEPTH_MAX = 12
LOCAL_SWITCH = "needs_local_rules_switch"
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_ROW = ("applies_to", "binding", "value", "unit", "source", "evidence")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a pack: where, by a stable code, and in words."""

    file: str
    line: int
    code: str
    says: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.code}: {self.says}"


class Unreadable(Exception):
    """The file is no pack at all; nothing in it could be looked at."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Document:
    """A pack as it was written: plain text values, and on which line each stands."""

    file: str
    content: Mapping[str, Any]
    lines: Mapping[tuple[str | int, ...], int] = field(repr=False)

    def line(self, path: Sequence[str | int]) -> int:
        """The line of the value, or of the nearest thing around it."""
        at = tuple(path)
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    @property
    def name(self) -> str:
        return str(self.content.get("pack", ""))

    @property
    def jurisdiction(self) -> str:
        return str(self.content["jurisdiction"])

    @property
    def is_sample(self) -> bool:
        """A sample shows the form; it never enters a market's book by itself."""
        return self.content.get("scope") == "sample"

    def entries(self) -> list[Mapping[str, Any]]:
        return list(self.content.get("rules") or ())

    def cases(self) -> list[Mapping[str, Any]]:
        return list(self.content.get("golden") or ())

    def rows(self) -> list[dict[str, Any]]:
        """The dated rows that the pack stands for, in the shape of the book: one for each key and mode of an entry."""
        return [row for n in range(len(self.entries())) for row in self.rows_of(n)]

    def rows_of(self, n: int) -> list[dict[str, Any]]:
        entry = self.entries()[n]
        return [
            {
                "key": key,
                "jurisdiction": self.jurisdiction,
                "scope": "market" if self.is_sample else self.content["scope"],
                "mode": mode,
                "base": entry.get("base"),
                **{name: entry.get(name) for name in _ROW},
                "effective_from": entry["from"],
                "effective_to": entry.get("to"),
            }
            for key in listed(entry["key"])
            for mode in listed(entry.get("mode"))
        ]


def listed(value: Any) -> list[Any]:
    """One or several: `licence` and `[transfer, licence]` are both allowed."""
    return list(value) if isinstance(value, list) else [value]


def read_pack(text: str, file: str) -> Document:
    """A pack is a mapping of text; a key given twice, a reference or a second document is refused with its line."""
    if len(text) > SIZE_MAX:
        raise Unreadable(Finding(file, 1, "too_large", f"a pack has at most {SIZE_MAX} characters"))
    try:
        _look_over(text, file)
        # The base loader makes text of every scalar and builds no objects; the nodes keep their lines.
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        why = getattr(error, "problem", None) or "no YAML"
        raise Unreadable(Finding(file, line, "not_yaml", str(why))) from None
    lines: dict[tuple[str | int, ...], int] = {}
    content = _plain(root, (), lines, file)
    if not isinstance(content, dict):
        raise Unreadable(Finding(file, 1, "not_a_pack", "a pack is a mapping that begins with `pack:`"))
    return Document(file, content, lines)


def _look_over(text: str, file: str) -> None:
    """Before anything is built: no reference, and no nesting that would exhaust whoever walks it."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable(Finding(file, line, "reference", "a pack repeats what it means; `&` and `*` are not read"))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            raise Unreadable(Finding(file, line, "too_deep", f"a pack is nested at most {DEPTH_MAX} deep"))


def _plain(node: Any, at: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], file: str) -> Any:
    if node is None:
        return None
    line = node.start_mark.line + 1
    lines.setdefault(at, line)
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, (*at, n), lines, file) for n, one in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
        where = key.start_mark.line + 1
        if not name or name in found:
            raise Unreadable(Finding(file, where, "key_twice", f"`{name}` is given twice here, or is no name"))
        lines[(*at, name)] = where
        found[name] = _plain(value, (*at, name), lines, file)
    return found


def carried_packs() -> list[Document]:
    """The packs that come with the house, samples included."""
    folder = resources.files("techmarket.rulebook") / "packs"
    return [read_pack(file.read_text(encoding="utf-8"), label) for label, file in _files(folder, "packs")]


def _files(folder: Traversable, label: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for one in sorted(folder.iterdir(), key=lambda each: each.name):
        if one.is_dir():
            found += _files(one, f"{label}/{one.name}")
        elif one.name.endswith(".yaml"):
            found.append((f"{label}/{one.name}", one))
    return found
