"""Releases of one process merged into what they come to, by the rules of OCDS 1.1 (compiled release): pure.

In order of their dates, later values take the place of earlier ones; null takes a value away; lists of things with ids
are merged by id, other lists are replaced whole.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

OMITTED = ("id", "date", "tag")
WHOLE = frozenset({"additionalIdentifiers", "additionalClassifications"})
"""Lists that the standard replaces whole though their members have ids."""
SOURCES_MAX = 8 * 1024 * 1024
"""Bytes of names of releases in the versions of one that others made."""


class TooManyVersions(Exception):
    """The versions of a process would be far larger than its releases."""


@dataclass
class _Members:
    """A list of things with ids while it is merged: each is found by its id, however many there are."""

    by_id: dict[str, dict[str, Any]] = field(default_factory=dict)

    def named(self, id: object) -> dict[str, Any]:
        return self.by_id.setdefault(str(id), {})


def _finished(value: Any) -> Any:
    """What was merged, its lists as lists."""
    if isinstance(value, _Members):
        return [_finished(one) for one in value.by_id.values()]
    if isinstance(value, dict):
        return {name: _finished(one) for name, one in value.items()}
    return value


def compile_releases(releases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The compiled release of a process; its id is made of the ocid and the last date."""
    ordered = sorted(releases, key=lambda one: str(one["date"]))
    merged: dict[str, Any] = {}
    for release in ordered:
        _merge(merged, {name: value for name, value in release.items() if name not in OMITTED})
    last = ordered[-1]
    named: dict[str, Any] = {"tag": ["compiled"], "id": f"{last['ocid']}-{last['date']}", "date": last["date"]}
    return named | {name: _finished(value) for name, value in merged.items()}


def _merge(held: dict[str, Any], new: Mapping[str, Any]) -> None:
    for name, value in new.items():
        if value is None:
            held.pop(name, None)
        elif isinstance(value, dict):
            if not isinstance(held.get(name), dict):
                held[name] = {}
            _merge(held[name], value)
        elif name not in WHOLE and _have_ids(value):
            if not isinstance(held.get(name), _Members):
                held[name] = _Members()
            for one in value:
                _merge(held[name].named(one["id"]), one)
        else:
            held[name] = value


def _have_ids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and "id" in one for one in value)


TRANSLATED = re.compile(r"(?:title|description|rationale|name|legalName)_[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*")
"""Texts in another language. The schema of versioned releases takes these as plain text, without versions: the
last one stands there, and each as it was in its release."""


def version_releases(releases: Iterable[Mapping[str, Any]], *, sources_max: float = math.inf) -> dict[str, Any]:
    """Every value that a process ever had, each with the release that brought it (versioned release).

    Raises `TooManyVersions` when the names of releases beside the values would be more than `sources_max` bytes.
    """
    ordered = sorted(releases, key=lambda one: str(one["date"]))
    versioned: dict[str, Any] = {}
    left = sources_max
    for release in ordered:
        source = {"releaseID": release["id"], "releaseDate": release["date"], "releaseTag": release["tag"]}
        said = {name: value for name, value in release.items() if name not in (*OMITTED, "ocid")}
        noting = _Noting(source, len(json.dumps(source)), left)
        noting.note(versioned, said, named=False)
        left = noting.left
    return {"ocid": ordered[-1]["ocid"]} | {name: _finished(value) for name, value in versioned.items()}


@dataclass
class _Noting:
    """What one release says. A list held is one of versions; the members of a list are `_Members`."""

    source: Mapping[str, Any]
    size: int
    left: float

    def note(self, known: dict[str, Any], said: Mapping[str, Any], *, named: bool) -> None:
        """Of one thing; the id of a member of a list is its name and has no versions."""
        for name, value in said.items():
            held: Any = known.get(name)
            if (name == "id" and named) or TRANSLATED.fullmatch(name):
                known[name] = value
            elif isinstance(value, dict) and (held is None or isinstance(held, dict)):
                self.note(known.setdefault(name, {}), value, named=False)
            elif value and name not in WHOLE and _have_ids(value) and not isinstance(held, list):
                members = known.setdefault(name, _Members()) if not isinstance(held, dict) else _Members()
                for one in value:
                    self.note(members.named(one["id"]), one, named=True)
            elif not isinstance(held, list):
                # Another kind of value than before: what it was has no place beside it.
                if value is not None:
                    known[name] = [self._version(value)]
            elif held[-1]["value"] != value:
                held.append(self._version(value))

    def _version(self, value: Any) -> dict[str, Any]:
        self.left -= self.size
        if self.left < 0:
            raise TooManyVersions()
        return {**self.source, "value": value}
