"""The reference of the API for people (接口参考), read from its OpenAPI document: without a script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Shape:
    """A body: its media type, its schema as JSON and an example, where there is one."""

    media: str
    schema: str
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    said: str
    inputs: tuple[Mapping[str, Any], ...]
    bodies: tuple[Shape, ...]
    answers: tuple[tuple[str, str, tuple[Shape, ...]], ...]
    """Each with its status, what it means, and its bodies."""


def groups(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, str, str]]]:
    """Method, path, id and first sentence of every operation, by what it is about."""
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for path, method, said in _operations(document):
        short = str(said.get("description", "")).partition(". ")[0].rstrip(".")
        found.setdefault(said["tags"][0], []).append((method.upper(), path, said["operationId"], short))
    return dict(sorted(found.items()))


def operation(document: Mapping[str, Any], id: str) -> Operation | None:
    for path, method, said in _operations(document):
        if said["operationId"] == id:
            return Operation(
                id,
                method.upper(),
                path,
                said.get("description", ""),
                tuple(said.get("parameters", ())),
                _shapes(document, said.get("requestBody", {})),
                tuple(
                    (status, str(answer.get("description", "")), _shapes(document, answer))
                    for status, answer in said["responses"].items()
                ),
            )
    return None


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _shapes(document: Mapping[str, Any], holder: Mapping[str, Any]) -> tuple[Shape, ...]:
    """Refusals have one shape, which is told once for all."""
    return tuple(
        Shape(media, _shown(_named(document, said.get("schema"))), _shown(_example(said)))
        for media, said in holder.get("content", {}).items()
        if media != "application/problem+json"
    )


def _named(document: Mapping[str, Any], schema: Any) -> Any:
    """What a name stands for; names inside are left, as links would be."""
    name = schema.get("$ref", "").rpartition("/")[2] if isinstance(schema, dict) else ""
    return document["components"]["schemas"].get(name, schema)


def _example(said: Mapping[str, Any]) -> Any:
    return next((one["value"] for one in said.get("examples", {}).values() if "value" in one), None)


def _shown(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=1)
