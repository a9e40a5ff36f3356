"""A value that fits a JSON schema, for examples where nobody has been heard yet: pure, and always the same.

It fills in what is required and takes what a shape says of itself (`examples`, `const`, `enum`, `default`) before it
thinks of something. Texts with a pattern are tried from a short list; what none of them fits stays a letter, and the
test of the document tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Schemas = Mapping[str, Any]
UUID = "0198c2a0-0000-7000-8000-000000000001"
FORMATS: Mapping[str, str] = {
    "uuid": UUID,
    "date": "2026-03-02",
    "date-time": "2026-03-02T01:00:00Z",
    "uri": "https://buyer.example/hooks",
    "email": "sample@buyer.example",
    "binary": "sample",
}
TEXTS = (
    "sample",
    "示例数据 / sample data",
    "a" * 64,
    "1.00",
    "0.5",
    "1",
    "330100",
    "2026",
    "2026-03",
    "A1",
    "AA",
    "CNY",
    "91330000000000000A",
    "123456",
    "https://buyer.example/hooks",
    "2026-03-02",
    "tmk_sample",
    "AAAA",
    "A" * 43,
    "a" * 32,
    "09:00",
    "sample@buyer.example",
    "a" * 40,
    "03",
    "CN",
    "market",
    "sample.rule",
    f"trade:{UUID}",
    "ZJ-2026-000123",
)
DEPTH_MAX = 12


def sketch(schema: Mapping[str, Any], schemas: Schemas, *, depth: int = 0) -> Any:
    """A value that fits, with what is required and nothing else."""
    if "$ref" in schema:
        return sketch(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas, depth=depth)
    if schema.get("examples"):
        return schema["examples"][0]
    for exact in ("const", "default"):
        if exact in schema:
            return schema[exact]
    if "enum" in schema:
        return schema["enum"][0]
    if "allOf" in schema:
        parts = [sketch(part, schemas, depth=depth) for part in schema["allOf"]]
        return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}
    for union in ("oneOf", "anyOf"):
        if union in schema:
            return _branch(schema, schema[union], schemas, depth)
    return _plain(schema, schemas, depth)


def _branch(schema: Mapping[str, Any], branches: Sequence[Mapping[str, Any]], schemas: Schemas, depth: int) -> Any:
    real = [branch for branch in branches if branch.get("type") != "null"]
    if depth >= DEPTH_MAX and len(real) < len(branches):
        return None
    value = sketch(real[0], schemas, depth=depth)
    told = schema.get("discriminator", {})
    if told and isinstance(value, dict):
        names = [name for name, at in told.get("mapping", {}).items() if at == real[0].get("$ref")]
        value = {**value, **({told["propertyName"]: names[0]} if names else {})}
    return value


def _plain(schema: Mapping[str, Any], schemas: Schemas, depth: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next(one for one in kind if one != "null")
    if kind == "object" or (kind is None and "properties" in schema):
        members = schema.get("properties", {})
        return {
            name: sketch(members.get(name, {}), schemas, depth=depth + 1)
            for name in (schema.get("required", ()) if depth < DEPTH_MAX else ())
        }
    if kind == "array":
        if "prefixItems" in schema:
            return [sketch(one, schemas, depth=depth + 1) for one in schema["prefixItems"]]
        least = schema.get("minItems", 0 if depth >= DEPTH_MAX else min(1, schema.get("maxItems", 1)))
        return [sketch(schema.get("items", {}), schemas, depth=depth + 1) for _ in range(least)]
    if kind in ("integer", "number"):
        return _number(schema)
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    return _text(schema) if kind == "string" else {}


def _number(schema: Mapping[str, Any]) -> int:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    return int(min(max(1, least), schema.get("maximum", 2**53)))


def _text(schema: Mapping[str, Any]) -> str:
    tries = (FORMATS[schema["format"]],) if schema.get("format") in FORMATS else TEXTS
    least, most, pattern = schema.get("minLength", 0), schema.get("maxLength", 10_000), schema.get("pattern")
    for text in tries:
        if least <= len(text) <= most and (pattern is None or re.search(pattern, text)):
            return text
    return "a".ljust(least, "a")[:most]
