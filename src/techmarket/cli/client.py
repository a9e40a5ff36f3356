"""Writes the typed part of `techmarket.client` from the OpenAPI document: shapes, and a method for each operation."""

from __future__ import annotations

import keyword
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from techmarket.api.examples import METHODS

FOLDER = Path("src") / "techmarket" / "client"
WIDTH = 116
NO_METHOD = {"streamTrade": "follow"}
"""Operations that the client has by another name, since an answer of theirs has no end."""
FOR_BROWSERS = frozenset({"returnFromSignIn"})
"""Operations that no program calls: another house sends a browser there, with a cookie that it alone has."""
_HEADERS = {"idempotency-key", "if-match", "if-none-match"}
_MADE = "Made from the OpenAPI document by `techmarket openapi --write`; not edited by hand."


def write_client(document: Mapping[str, Any], project: Path) -> list[Path]:
    """Write what has changed; the files that were written."""
    written = []
    for name, text in client_files(document).items():
        place = project / FOLDER / name
        if not place.exists() or place.read_text() != text:
            place.write_text(text)
            written.append(place)
    return written


def client_files(document: Mapping[str, Any]) -> dict[str, str]:
    """The three files by their names."""
    calls = list(calls_of(document))
    return {
        "shapes.py": _shapes_file(document["components"]["schemas"]),
        "operations.py": _operations_file(calls, awaited=False),
        "awaited.py": _operations_file(calls, awaited=True),
    }


# --- shapes ---------------------------------------------------------------------------------------------------------


def class_name(name: str) -> str:
    """Two shapes of one name come as `techmarket__api__bank__StatementOut`: room or file tells them apart."""
    if name.startswith("techmarket__"):
        room, file, own = name.split("__")[1:]
        name = "".join(part.capitalize() for part in (file if room == "api" else room).split("_")) + own
    return re.sub(r"[^A-Za-z0-9]", "", name)


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def type_of(schema: Mapping[str, Any], prefix: str = "") -> str:
    """The Python type of a schema, as an annotation."""
    if "$ref" in schema:
        return prefix + class_name(schema["$ref"].rsplit("/", 1)[-1])
    for union in ("anyOf", "oneOf"):
        if union in schema:
            found = list(dict.fromkeys(type_of(one, prefix) for one in schema[union]))
            return "Any" if "Any" in found else " | ".join(found)
    if len(schema.get("allOf", ())) == 1:
        return type_of(schema["allOf"][0], prefix)
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return f"Literal[{', '.join(repr(one) for one in schema['enum'])}]"
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(type_of({**schema, "type": one}, prefix) for one in kind)
    if kind == "array":
        return f"list[{type_of(schema.get('items', {}), prefix)}]"
    if kind == "object":
        more = schema.get("additionalProperties")
        return f"dict[str, {type_of(more, prefix) if isinstance(more, dict) else 'Any'}]"
    return {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}.get(
        str(kind), "Any"
    )


def _shapes_file(schemas: Mapping[str, Any]) -> str:
    parts = [
        '"""The shapes that go over the wire, for type checkers and readers.',
        "",
        _MADE,
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Any, Literal, NotRequired, TypeAlias, TypedDict",
    ]
    assert len({class_name(name) for name in schemas}) == len(schemas), "two shapes would have one name"
    for name, schema in sorted(schemas.items()):
        parts += ["", "", *_shape(class_name(name), schema)]
    return "\n".join(parts) + "\n"


def _shape(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    if schema.get("type") != "object" or "properties" not in schema:
        yield f'{name}: TypeAlias = "{type_of(schema)}"'
        return
    required = set(schema.get("required", ()))
    members = {
        key: type_of(inner) if key in required else f"NotRequired[{type_of(inner)}]"
        for key, inner in schema["properties"].items()
    }
    if all(key.isidentifier() and not keyword.iskeyword(key) for key in members):
        yield f"class {name}(TypedDict):"
        yield from _doc(schema.get("description", ""), 4)
        yield from (f"    {key}: {kind}" for key, kind in members.items())
        if not members:
            yield "    pass"
    else:
        yield f"{name} = TypedDict("
        yield f'    "{name}",'
        yield "    {" + ", ".join(f'{key!r}: "{kind}"' for key, kind in members.items()) + "},"
        yield ")"


def _doc(text: str, indent: int) -> Iterator[str]:
    said = " ".join(text.replace("\\", "\\\\").replace('"""', "'''").split())
    if said:
        pad = " " * indent
        if said.endswith('"'):
            said += " "
        lines = textwrap.wrap(said, WIDTH - indent - 6) or [""]
        yield f'{pad}"""{lines[0]}' + ('"""' if len(lines) == 1 else "")
        yield from (f"{pad}{line}" for line in lines[1:])
        if len(lines) > 1:
            yield f'{pad}"""'


# --- operations -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """One operation as a method."""

    name: str
    method: str
    template: str
    said: str
    path: tuple[str, ...]
    query: Mapping[str, tuple[str, bool]]
    media: tuple[str, ...]
    body: str | None
    body_required: bool
    keyed: bool
    if_match: bool
    headers: tuple[str, ...]
    answer: str
    items: str | None


def calls_of(document: Mapping[str, Any]) -> Iterator[Call]:
    """Every operation that is answered in one piece."""
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and item[method]["operationId"] not in {*NO_METHOD, *FOR_BROWSERS}:
                yield _call(path, method, item[method], schemas)


def _call(path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Call:
    parameters = operation.get("parameters", ())
    contents = operation.get("requestBody", {}).get("content", {})
    match = next((one for one in parameters if one["name"].lower() == "if-match"), None)
    headers = tuple(one["name"] for one in parameters if one["in"] == "header" and one["name"].lower() not in _HEADERS)
    query = {
        one["name"]: (_asked(one.get("schema", {})), bool(one.get("required")))
        for one in parameters
        if one["in"] == "query"
    }
    answer = _answer(operation["responses"])
    return Call(
        name=operation["operationId"],
        method=method.upper(),
        template=path,
        said=operation.get("description", ""),
        path=tuple(re.findall(r"\{([^}]+)\}", path)),
        query=query,
        media=tuple(contents),
        body=_body(contents),
        body_required=bool(operation.get("requestBody", {}).get("required")),
        keyed=any(one["name"] == "Idempotency-Key" for one in parameters),
        if_match=match is not None,
        headers=headers,
        answer=answer,
        items=_items(answer, schemas) if "cursor" in query else None,
    )


def _asked(schema: Mapping[str, Any]) -> str:
    """The type of a value in an address: dates and ids as Python has them are spelled out."""
    kind = type_of(schema, "shapes.").replace(" | None", "")
    said = str(schema)
    if "uuid" in said:
        return kind.replace("str", "UUID | str")
    return kind.replace("str", "datetime | str") if "date" in said else kind


def _body(contents: Mapping[str, Any]) -> str | None:
    if not contents:
        return None
    only_json = list(contents) == ["application/json"]
    return type_of(contents["application/json"].get("schema", {}), "shapes.") if only_json else "bytes"


def _answer(responses: Mapping[str, Any]) -> str:
    found = []
    for status, answer in responses.items():
        if not status.startswith("2"):
            continue
        contents = answer.get("content", {})
        if not contents:
            found.append("None")
        for media, content in contents.items():
            json = media == "application/json" or media.endswith("+json")
            found.append(type_of(content.get("schema", {}), "shapes.") if json else "bytes")
    kinds = list(dict.fromkeys(found))
    return "Any" if "Any" in kinds else " | ".join(kinds)


def _items(answer: str, schemas: Mapping[str, Any]) -> str | None:
    page: Mapping[str, Any] = next((s for name, s in schemas.items() if f"shapes.{class_name(name)}" == answer), {})
    found = page.get("properties", {}).get("items")
    return type_of(found.get("items", {}), "shapes.") if found else None


def _operations_file(calls: Sequence[Call], *, awaited: bool) -> str:
    name = "AwaitedOperations" if awaited else "Operations"
    iterator = "AsyncIterator" if awaited else "Iterator"
    a = "async " if awaited else ""
    parts = [
        f'"""A method for each operation{", awaited" if awaited else ""}.',
        "",
        _MADE,
        '"""',
        "",
        "# mypy: disable-error-code=no-any-return",
        "from __future__ import annotations",
        "",
        "from abc import ABC, abstractmethod",
        "from typing import TYPE_CHECKING, Any",
        "",
        "if TYPE_CHECKING:",
        f"    from collections.abc import {iterator}, Mapping",
        "    from datetime import datetime",
        "    from typing import Literal",
        "    from uuid import UUID",
        "",
        "    from techmarket.client import shapes",
        "    from techmarket.client.course import Query, Value",
        "",
        "",
        f"class {name}(ABC):",
        "    @abstractmethod",
        f"    {a}def send(self, method: str, template: str, path: Mapping[str, Value], **more: Any) -> Any: ...",
        "",
        "    @abstractmethod",
        f"    def _each(self, template: str, path: Mapping[str, Value], query: Query) -> {iterator}[Any]: ...",
        "",
    ]
    for call in calls:
        parts += _method(call, awaited=awaited)
        if call.items is not None:
            parts += _pages(call, iterator)
    return "\n".join(parts).rstrip() + "\n"


def _method(call: Call, *, awaited: bool) -> Iterator[str]:
    first, named = _arguments(call)
    head = f"    {'async ' if awaited else ''}def {snake(call.name)}"
    yield from _signature(head, first, named, call.answer)
    yield from _doc(call.said, 8)
    sent = [f'"{call.method}"', f'"{call.template}"', _mapping(call.path)]
    if call.query:
        sent.append(f"query={_mapping(tuple(call.query))}")
    if call.body is not None:
        sent += ["body=body", f'media="{call.media[0]}"' if len(call.media) == 1 else "media=media"]
    if call.keyed:
        sent += ["keyed=True", "once=once"]
    if call.if_match:
        sent.append("if_match=if_match")
    if call.headers:
        sent.append(f"headers={_mapping(call.headers)}")
    yield from _wrapped(f"        return {'await ' if awaited else ''}self.send(", sent, ")")
    yield ""


def _pages(call: Call, iterator: str) -> Iterator[str]:
    first, named = _arguments(call)
    named = [one for one in named if not one.startswith("cursor:")]
    name = snake(call.name).removeprefix("list_")
    yield from _signature(f"    def each_{name}", first, named, f"{iterator}[{call.items}]")
    yield from _doc(f"Every entry of `{snake(call.name)}`, page after page.", 8)
    query = tuple(one for one in call.query if one != "cursor")
    yield from _wrapped("        return self._each(", [f'"{call.template}"', _mapping(call.path), _mapping(query)], ")")
    yield ""


def _arguments(call: Call) -> tuple[list[str], list[str]]:
    first = [f"{_plain(name)}: UUID | str" if _is_id(name) else f"{_plain(name)}: Value" for name in call.path]
    named: list[str] = []
    if call.body is not None and call.body_required:
        first.append(f"body: {call.body}")
    elif call.body is not None:
        named.append(f"body: {call.body} | None = None")
    if len(call.media) > 1:
        first.append("media: str")
    wanted = [f"{_plain(name)}: {kind}" for name, (kind, required) in call.query.items() if required]
    named = wanted + named
    if call.if_match:
        named.insert(0, "if_match: str")
    named = [*(f"{_plain(name)}: str" for name in call.headers), *named]
    named += [f"{_plain(name)}: {kind} | None = None" for name, (kind, required) in call.query.items() if not required]
    if call.keyed:
        named.append("once: str | None = None")
    return first, named


def _is_id(name: str) -> bool:
    return name.endswith("_id")


def _plain(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name.replace("-", "_")


def _mapping(names: Sequence[str]) -> str:
    return "{" + ", ".join(f'"{name}": {_plain(name)}' for name in names) + "}"


def _signature(head: str, first: list[str], named: list[str], answer: str) -> Iterator[str]:
    arguments = ["self", *first, *(["*", *named] if named else [])]
    yield from _wrapped(f"{head}(", arguments, f") -> {answer}:")


def _wrapped(head: str, parts: Sequence[str], tail: str) -> Iterator[str]:
    line = head + ", ".join(parts) + tail
    if len(line) <= WIDTH:
        yield line
        return
    pad = " " * (len(head) - len(head.lstrip()))
    yield head
    yield from (f"{pad}    {part}," if part != "*" else f"{pad}    *," for part in parts)
    yield pad + tail
