"""Names the changes of an OpenAPI document that break a program written against the one before: pure.

What a caller sends may only become wider, what he gets may only become narrower: every rule below is one of these two,
read over paths, parameters, bodies, answers and webhooks.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from techmarket.api.retiring import DAYS_MIN, SINCE, SUNSET

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_TEXTS = frozenset({"description", "summary", "title", "example", "examples", "tags", "externalDocs", "default"})
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")


class Side(Enum):
    """Who writes what a schema describes."""

    SENT = "sent"  # by the caller: it may only become wider
    GOT = "got"  # by us: it may only become narrower


@dataclass(frozen=True, slots=True)
class Break:
    """One breaking change: its kind, and where it is."""

    kind: str
    where: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}"


def breaking_changes(old: Mapping[str, Any], new: Mapping[str, Any], *, today: date) -> list[Break]:
    """Every change from `old` to `new` that breaks a caller; an operation past its announced day may be gone."""
    return list(dict.fromkeys(_Compared(old, new, today).all()))


def version_due(old: Mapping[str, Any], new: Mapping[str, Any], *, today: date) -> str | None:
    """What the number of a release must be above, or nothing: it moves with what the document promises.

    Additions move the second part; what breaks a caller moves the first, and the second while the first is 0.
    """
    before, after = (_numbers(one["info"]["version"]) for one in (old, new))
    apart = ({**skeleton(one), "info": None} for one in (old, new))
    breaks = breaking_changes(old, new, today=today)
    if not breaks and next(apart) == next(apart):
        return None
    parts = 1 if breaks and before[0] else 2
    return old["info"]["version"] if after[:parts] <= before[:parts] else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def skeleton(document: Any) -> Any:
    """A document without the texts that bind nobody, as it is kept for later comparison."""
    if isinstance(document, list):
        return [skeleton(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {name: _kept(name, value) for name, value in document.items() if not _is_text(name, value)}


def _kept(name: str, value: Any) -> Any:
    # The names of properties are data: one may be called `description`.
    if name in ("properties", "schemas", "patternProperties") and isinstance(value, dict):
        return {key: skeleton(inner) for key, inner in value.items()}
    return value if name in ("enum", "const", "required") else skeleton(value)


def _is_text(name: str, value: Any) -> bool:
    return name in _TEXTS and not (name == "tags" and isinstance(value, dict))


class _Compared:
    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any], today: date) -> None:
        self._old, self._new, self._today = old, new, today
        self._seen: set[tuple[str, str, Side]] = set()

    def all(self) -> Iterator[Break]:
        for path, item in self._old.get("paths", {}).items():
            for method in (one for one in METHODS if one in item):
                where = f"{method.upper()} {path}"
                present = self._new.get("paths", {}).get(path, {}).get(method)
                if present is None:
                    if not self._is_past(item[method]):
                        yield Break("operation removed", where)
                    continue
                yield from self._operation(item[method], present, where)
        for name in self._old.get("webhooks", {}):
            if name not in self._new.get("webhooks", {}):
                yield Break("webhook removed", name)
                continue
            before, after = (d["webhooks"][name]["post"] for d in (self._old, self._new))
            yield from self._contents(before, after, f"webhook {name}", Side.GOT)

    def _is_past(self, operation: Mapping[str, Any]) -> bool:
        sunset = operation.get(SUNSET)
        return isinstance(sunset, str) and date.fromisoformat(sunset) <= self._today

    def _announced(self, old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[Break]:
        """What is going says since when and until when, long enough, and the day does not come nearer."""
        if not new.get("deprecated"):
            return
        since, sunset = new.get(SINCE), new.get(SUNSET)
        if not (isinstance(since, str) and isinstance(sunset, str)):
            yield Break("going without a day", where)
        elif (date.fromisoformat(sunset) - date.fromisoformat(since)).days < DAYS_MIN:
            yield Break("going too soon", f"{where} {since} to {sunset}")
        elif isinstance(old.get(SUNSET), str) and sunset < old[SUNSET]:
            yield Break("announced day moved nearer", f"{where} {old[SUNSET]} to {sunset}")

    # --- operations -------------------------------------------------------------------------------------------------

    def _operation(self, old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[Break]:
        if old.get("operationId") != new.get("operationId"):
            yield Break("operation renamed", f"{where} {old.get('operationId')}")
        if _is_open(old) and not _is_open(new):
            yield Break("key asked for", where)
        yield from self._announced(old, new, where)
        yield from self._parameters(old, new, where)
        if "requestBody" in new:
            before, after = old.get("requestBody"), new["requestBody"]
            if after.get("required") and not (before or {}).get("required"):
                yield Break("body became required", where)
        if "requestBody" in old:
            if "requestBody" not in new:
                yield Break("body no longer taken", where)
            else:
                yield from self._contents(old, new, where, Side.SENT)
        yield from self._answers(old, new, where)

    def _parameters(self, old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[Break]:
        before, after = (self._named(one, document) for one, document in ((old, self._old), (new, self._new)))
        for key, parameter in before.items():
            at = f"{where} {key[0]} {key[1]}"
            if key not in after:
                yield Break("parameter removed", at)
                continue
            if after[key].get("required") and not parameter.get("required"):
                yield Break("parameter became required", at)
            yield from self._schemas(parameter.get("schema", {}), after[key].get("schema", {}), at, Side.SENT)
        for key, parameter in after.items():
            if key not in before and parameter.get("required"):
                yield Break("required parameter added", f"{where} {key[0]} {key[1]}")

    def _named(self, operation: Mapping[str, Any], document: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
        found = [_resolved(one, document) for one in operation.get("parameters", ())]
        return {(one["in"], one["name"].lower() if one["in"] == "header" else one["name"]): one for one in found}

    def _answers(self, old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[Break]:
        before, after = old.get("responses", {}), new.get("responses", {})
        for status, answer in before.items():
            at = f"{where} {status}"
            if not status.startswith("2"):
                continue
            if status not in after:
                yield Break("answer's status removed", at)
                continue
            pair = {"requestBody": answer}, {"requestBody": after[status]}
            yield from self._contents(*pair, at, Side.GOT)
        for status in after:
            if status.startswith("2") and status not in before:
                yield Break("answer's status added", f"{where} {status}")
        was, now = _codes(before), _codes(after)
        for code, status in was.items():
            if code in now and now[code] != status:
                yield Break("refusal's status changed", f"{where} {code} {status} to {now[code]}")

    def _contents(self, old: Mapping[str, Any], new: Mapping[str, Any], where: str, side: Side) -> Iterator[Break]:
        before, after = (one.get("requestBody", {}).get("content", {}) for one in (old, new))
        for media, content in before.items():
            if media not in after:
                yield Break("media type removed", f"{where} {media}")
                continue
            yield from self._schemas(content.get("schema", {}), after[media].get("schema", {}), where, side)

    # --- schemas ----------------------------------------------------------------------------------------------------

    def _schemas(self, old: Any, new: Any, where: str, side: Side) -> Iterator[Break]:
        key = json.dumps(old, sort_keys=True), json.dumps(new, sort_keys=True), side
        refers = '"$ref"' in key[0] or '"$ref"' in key[1]
        if key[0] == key[1] and not refers:
            return
        if refers:
            if key in self._seen:
                return
            self._seen.add(key)
        before, after = _flat(old, self._old), _flat(new, self._new)
        yield from self._types(before, after, where, side)
        yield from _values(before, after, where, side)
        yield from _bounds(before, after, where, side)
        yield from self._members(before, after, where, side)
        if "items" in before and "items" in after:
            yield from self._schemas(before["items"], after["items"], f"{where}[]", side)
        yield from self._variants(before, after, where, side)

    def _types(self, old: Mapping[str, Any], new: Mapping[str, Any], where: str, side: Side) -> Iterator[Break]:
        before, after = _types_of(old), _types_of(new)
        lost, gained = _lost(before, after), _lost(after, before)
        if side is Side.SENT and lost:
            yield Break("type narrowed", f"{where} takes no {' or '.join(sorted(lost))} any more")
        if side is Side.GOT and gained:
            yield Break("type widened", f"{where} may be {' or '.join(sorted(gained))} now")
        if old.get("format") != new.get("format") and (side is Side.GOT or new.get("format")):
            yield Break("format changed", f"{where} {old.get('format')} to {new.get('format')}")

    def _members(self, old: Mapping[str, Any], new: Mapping[str, Any], where: str, side: Side) -> Iterator[Break]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed = set(old.get("required", ())), set(new.get("required", ()))
        for name, schema in before.items():
            at = f"{where}.{name}"
            if name not in after:
                if self._is_past(_resolved(schema, self._old)):
                    continue
                is_refused = new.get("additionalProperties") is False
                if side is Side.GOT:
                    yield Break("answer's field removed", at)
                elif is_refused:
                    yield Break("field no longer taken", at)
                continue
            if side is Side.GOT and name in needed_before - needed:
                yield Break("answer's field may be missing", at)
            yield from self._announced(_resolved(schema, self._old), _resolved(after[name], self._new), at)
            yield from self._schemas(schema, after[name], at, side)
        if side is Side.SENT:
            for name in sorted(needed - needed_before):
                yield Break("field became required" if name in before else "required field added", f"{where}.{name}")
            if new.get("additionalProperties") is False and old.get("additionalProperties", True) is not False:
                yield Break("unknown fields refused", where)
        more = old.get("additionalProperties"), new.get("additionalProperties")
        if isinstance(more[0], dict) and isinstance(more[1], dict):
            yield from self._schemas(more[0], more[1], f"{where}.*", side)

    def _variants(self, old: Mapping[str, Any], new: Mapping[str, Any], where: str, side: Side) -> Iterator[Break]:
        """Of several forms each old one must still be taken, and each new one must be one that was known."""
        before, after = old.get("variants", []), new.get("variants", [])
        if not before and not after:
            return
        pairs = (before or [old], after or [new])
        wanted, known = pairs if side is Side.SENT else pairs[::-1]
        for one in wanted:
            if not any(self._fits(one, other, side) for other in known):
                yield Break("form removed" if side is Side.SENT else "form added", where)

    def _fits(self, wanted: Any, known: Any, side: Side) -> bool:
        old, new = (wanted, known) if side is Side.SENT else (known, wanted)
        inner = _Compared(self._old, self._new, self._today)
        inner._seen = set(self._seen)
        return next(inner._schemas(old, new, "", side), None) is None


def _is_open(operation: Mapping[str, Any]) -> bool:
    return not operation.get("security") or {} in operation["security"]


def _codes(responses: Mapping[str, Any]) -> dict[str, str]:
    return {code: status for status, answer in responses.items() for code in answer.get("x-codes", ())}


def _resolved(schema: Any, document: Mapping[str, Any]) -> Any:
    for _ in range(50):
        if not isinstance(schema, dict) or "$ref" not in schema:
            return schema
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        schema = found
    raise ValueError("references that lead to each other")


def _flat(schema: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with its reference followed, its `allOf` joined, `null` taken out of its forms, its forms apart."""
    found = _resolved(schema, document)
    if not isinstance(found, dict):
        return {}
    out = {name: value for name, value in found.items() if name not in ("allOf", "anyOf", "oneOf")}
    for part in found.get("allOf", ()):
        inner = _flat(part, document)
        out["properties"] = {**out.get("properties", {}), **inner.pop("properties", {})}
        out["required"] = [*out.get("required", ()), *inner.pop("required", ())]
        out |= inner
    forms = [_resolved(one, document) for one in (*found.get("anyOf", ()), *found.get("oneOf", ()))]
    shown = [one for one in forms if one.get("type") != "null"]
    if len(shown) == 1:
        out |= _flat(shown[0], document)
    elif shown:
        out["variants"] = shown
    if len(shown) < len(forms):
        out["nullable"] = True
    return out


def _types_of(schema: Mapping[str, Any]) -> set[str]:
    said = schema.get("type")
    types = {said} if isinstance(said, str) else set(said or ())
    if not types and "const" in schema:
        types = {_type_name(schema["const"])}
    if types and schema.get("nullable"):
        types.add("null")
    return types


def _type_name(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _lost(before: set[str], after: set[str]) -> set[str]:
    """Types of the one that the other does not take; no type at all takes everything, and a number an integer."""
    if not after:
        return set()
    lost = before - after
    return lost - {"integer"} if "number" in after else lost if before else {"anything else"}


def _values_of(schema: Mapping[str, Any]) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found = schema.get("enum")
    return list(found) if isinstance(found, list) else None


def _values(old: Mapping[str, Any], new: Mapping[str, Any], where: str, side: Side) -> Iterator[Break]:
    """New values in answers may come (docs/versions.md); a value that a caller sends may not be refused."""
    before, after = _values_of(old), _values_of(new)
    if side is Side.SENT and after is not None:
        if before is None:
            yield Break("values limited", where)
        else:
            for value in before:
                if value not in after:
                    yield Break("value removed", f"{where} {value}")
    if side is Side.GOT and before is not None and after is None:
        yield Break("values no longer limited", where)


def _bounds(old: Mapping[str, Any], new: Mapping[str, Any], where: str, side: Side) -> Iterator[Break]:
    if side is not Side.SENT:
        return
    for names, is_tighter in ((_UPPER, operator.lt), (_LOWER, operator.gt)):
        for name in names:
            if name in new and (name not in old or is_tighter(new[name], old[name])):
                if name in ("minLength", "minItems", "minProperties") and new[name] == 0:
                    continue
                yield Break("bound tightened", f"{where} {name} {old.get(name)} to {new[name]}")
    if new.get("pattern") not in (None, old.get("pattern")):
        yield Break("pattern changed", where)
