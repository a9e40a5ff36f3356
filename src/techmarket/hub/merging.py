"""Releases of one process merged into what they come to, by the rules of OCDS 1.1 (compiled release): pure.

In order of their dates, later values take the place of earlier ones; null takes a value away; lists of things with ids
are merged by id, other lists are replaced whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

OMITTED = ("id", "date", "tag")
WHOLE = frozenset({"additionalIdentifiers", "additionalClassifications"})
"""Lists that the standard replaces whole though their members have ids."""


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
