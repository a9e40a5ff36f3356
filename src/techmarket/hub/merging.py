"""Releases of one process merged into what they come to, by the rules of OCDS 1.1 (compiled release): pure.

In order of their dates, later values take the place of earlier ones; null takes a value away; lists of things with ids
are merged by id, other lists are replaced whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

OMITTED = ("id", "date", "tag")
WHOLE = frozenset({"additionalIdentifiers", "additionalClassifications"})
"""Lists that the standard replaces whole though their members have ids."""
VERSION = {"releaseID", "releaseDate", "releaseTag", "value"}
"""What one version of a value is made of."""


def compile_releases(releases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The compiled release of a process; its id is made of the ocid and the last date."""
    ordered = sorted(releases, key=lambda one: str(one["date"]))
    merged: dict[str, Any] = {}
    for release in ordered:
        merged = _merged(merged, {name: value for name, value in release.items() if name not in OMITTED})
    last = ordered[-1]
    return {"tag": ["compiled"], "id": f"{last['ocid']}-{last['date']}", "date": last["date"]} | merged


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(old)
    for name, value in new.items():
        if value is None:
            out.pop(name, None)
        elif isinstance(value, dict):
            before = out.get(name)
            out[name] = _merged(before if isinstance(before, dict) else {}, value)
        elif isinstance(value, list) and name not in WHOLE and _have_ids(value) and _have_ids(out.get(name, [])):
            out[name] = _by_id(out.get(name, []), value)
        else:
            out[name] = value
    return out


def _have_ids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and "id" in one for one in value)


def _by_id(old: list[Any], new: list[Any]) -> list[Any]:
    found: dict[str, Any] = {str(one["id"]): one for one in old}
    for one in new:
        key = str(one["id"])
        found[key] = _merged(found.get(key, {}), one)
    return list(found.values())


TRANSLATED = re.compile(r"(?:title|description|rationale|name|legalName)_[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*")
"""Texts in another language. The schema of versioned releases takes these as plain text, without versions: the
last one stands there, and each as it was in its release."""


def version_releases(releases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Every value that a process ever had, each with the release that brought it (versioned release)."""
    ordered = sorted(releases, key=lambda one: str(one["date"]))
    versioned: dict[str, Any] = {}
    for release in ordered:
        source = {"releaseID": release["id"], "releaseDate": release["date"], "releaseTag": release["tag"]}
        said = {name: value for name, value in release.items() if name not in (*OMITTED, "ocid")}
        _note(versioned, said, source, named=False)
    return {"ocid": ordered[-1]["ocid"]} | versioned


def _note(known: dict[str, Any], said: Mapping[str, Any], source: Mapping[str, Any], *, named: bool) -> None:
    """What one release says of one thing; the id of a member of a list is its name and has no versions."""
    for name, value in said.items():
        held: Any = known.get(name)
        if (name == "id" and named) or TRANSLATED.fullmatch(name):
            known[name] = value
        elif isinstance(value, dict) and (held is None or isinstance(held, dict)):
            _note(known.setdefault(name, {}), value, source, named=False)
        elif value and name not in WHOLE and _have_ids(value) and (held is None or not _are_versions(held)):
            _note_members(known.setdefault(name, []) if not isinstance(held, dict) else [], value, source)
        elif not _are_versions(held):
            # Another kind of value than before: what it was has no place beside it.
            if value is not None:
                known[name] = [{**source, "value": value}]
        elif held[-1].get("value") != value:
            held.append({**source, "value": value})


def _are_versions(held: Any) -> bool:
    return isinstance(held, list) and bool(held) and isinstance(held[0], dict) and held[0].keys() >= VERSION


def _note_members(known: list[Any], said: list[Any], source: Mapping[str, Any]) -> None:
    by_id = {str(one["id"]): one for one in known}
    for one in said:
        key = str(one["id"])
        if key not in by_id:
            by_id[key] = {}
            known.append(by_id[key])
        _note(by_id[key], one, source, named=True)
