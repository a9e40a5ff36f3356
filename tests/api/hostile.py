"""Hostile requests made from an OpenAPI document: what strangers send to every operation, and what must come back.

`requests(document)` walks all operations. A request whose `code` is known is refused before any route or key is looked
at, so the answer is exact everywhere; the others must be refused (`refused`) or merely never end in a 5xx.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

Document = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
NIL = "00000000-0000-7000-8000-000000000000"

BAD_TEXTS = {
    "bidi override": "abc\u202egpj.exe",
    "bidi isolate": "\u2066abc\u2069",
    "zero width": "a\u200bb",
    "zero width joiner": "a\u200db",
    "byte order mark inside": "a\ufeffb",
    "C1 control": "a\u0085b",
    "escape character": "a\u001b[31mb",
    "delete character": "a\u007fb",
    "line separator": "a\u2028b",
    "noncharacter": "a\uffffb",
    "tag character": "a\U000e0041b",
}
ODD_TEXTS = {
    "empty": "",
    "blank": " \u3000 ",
    "CRLF and a header": "a\r\nSet-Cookie: x=1",
    "100 000 characters": "x" * 100_000,
    "combining pile": "a" + "\u0301" * 5_000,
    "path": "../../../../etc/passwd",
    "absolute path": "/etc/passwd",
    "device": "CON",
    "SQL": "'; DROP TABLE journal; --",
    "markup": "<script>alert(1)</script>",
    "format": "{0.__class__} %s %n ${7*7} {{7*7}}",
    "not a uuid": "not-a-uuid",
    "urn uuid": "urn:uuid:" + NIL,
    "full-width digits": "１２３４５６",
}
ODD_NUMBERS = {
    "minus one": -1,
    "minus zero": -0.0,
    "fraction": 0.1,
    "2^31": 2**31,
    "2^53 + 1": 2**53 + 1,
    "2^63": 2**63,
    "-2^63 - 1": -(2**63) - 1,
}
ODD_OTHERS = {"null": None, "true": True, "array": [], "array of arrays": [[[]]], "object": {}}
BAD_MONEY = {
    "number": 600000,
    "float": 0.1,
    "bare text": "600000.00",
    "three decimals": {"amount": "1.005", "currency": "CNY"},
    "no decimals": {"amount": "1", "currency": "CNY"},
    "exponent": {"amount": "1e5", "currency": "CNY"},
    "minus zero": {"amount": "-0.00", "currency": "CNY"},
    "NaN text": {"amount": "NaN", "currency": "CNY"},
    "Infinity text": {"amount": "Infinity", "currency": "CNY"},
    "full-width": {"amount": "１.００", "currency": "CNY"},
    "newline at the end": {"amount": "1.00\n", "currency": "CNY"},
    "thousands": {"amount": "1,000.00", "currency": "CNY"},
    "2^63 fen": {"amount": "92233720368547758.08", "currency": "CNY"},
    "amount as number": {"amount": 1.00, "currency": "CNY"},
    "other currency": {"amount": "1.00", "currency": "USD"},
    "small letters": {"amount": "1.00", "currency": "cny"},
    "no currency": {"amount": "1.00"},
    "unknown member": {"amount": "1.00", "currency": "CNY", "cents": 0},
}
BAD_TIMES = {
    "no offset": "2026-01-01T00:00:00",
    "number": 1767225600,
    "number as text": "1767225600",
    "year 0001": "0001-01-01T00:00:00Z",
    "year 9999": "9999-12-31T23:59:59-23:59",
    "30 February": "2026-02-30T00:00:00Z",
    "hour 25": "2026-01-01T25:00:00Z",
    "offset of a day": "2026-01-01T00:00:00+99:99",
}
BAD_DAYS = {"year 0001": "0001-01-01", "year 9999": "9999-12-31", "30 February": "2026-02-30", "number": 20260101}


@dataclass(frozen=True)
class Hostile:
    """One hostile request. `code` is exact when given; `refused` says that a 2xx would be a wrong accept."""

    method: str
    target: bytes
    why: str
    content: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    status: int | None = None
    code: str | None = None
    refused: bool = True


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    body: Mapping[str, Any] | None
    parameters: tuple[Mapping[str, Any], ...] = ()
    components: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def target(self, **replaced: str) -> str:
        """The address with harmless path values, but for those that are replaced."""

        def fill(found: re.Match[str]) -> str:
            return replaced.get(found[1], NIL)

        return re.sub(r"\{([^}:]+)(?::[^}]*)?\}", fill, self.path)


def operations(document: Document) -> Iterator[Operation]:
    """Every operation of the document."""
    components = document.get("components", {}).get("schemas", {})
    for path, item in document.get("paths", {}).items():
        shared = item.get("parameters", [])
        for method in METHODS:
            if method in item:
                operation = item[method]
                content = operation.get("requestBody", {}).get("content", {})
                body = content.get("application/json", {}).get("schema")
                parameters = (*shared, *operation.get("parameters", []))
                yield Operation(method.upper(), path, body, parameters, components)


def requests(document: Document) -> Iterator[Hostile]:
    """All hostile requests for all operations."""
    for operation in operations(document):
        yield from hostile_targets(operation)
        if operation.body is not None:
            example = example_of(operation.body, operation.components)
            yield from raw_bodies(operation, example)
            yield from field_bodies(operation, example)


# --- examples -------------------------------------------------------------------------------------------------------


def resolve(schema: Mapping[str, Any], components: Mapping[str, Any], *, pick: bool = False) -> Mapping[str, Any]:
    """The schema behind references and behind "or null"; of a real union its first branch, or nothing known."""
    for _ in range(20):
        if "$ref" in schema:
            schema = components[schema["$ref"].rsplit("/", 1)[-1]]
        elif len(schema.get("allOf", ())) == 1:
            schema = schema["allOf"][0]
        elif "anyOf" in schema or "oneOf" in schema:
            branches = schema.get("anyOf") or schema.get("oneOf") or []
            real = [branch for branch in branches if branch.get("type") != "null"]
            schema = real[0] if len(real) == 1 or (pick and real) else {}
        else:
            break
    return schema


def example_of(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int = 0) -> Any:
    """A value that fits the schema as far as the schema tells; only required members."""
    schema = resolve(schema, components, pick=True)
    if schema.get("examples"):
        return schema["examples"][0]
    for exact in ("const", "default"):
        if exact in schema:
            return schema[exact]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        members = schema.get("properties", {})
        wanted = schema.get("required", ()) if depth < 8 else ()
        return {name: example_of(members[name], components, depth + 1) for name in wanted if name in members}
    if kind == "array":
        least = schema.get("minItems", 0)
        return [example_of(schema.get("items", {}), components, depth + 1) for _ in range(least)]
    if kind == "integer":
        return max(1, schema.get("minimum", 1))
    if kind == "number":
        return 1
    if kind == "boolean":
        return True
    return _text_example(schema)


def _text_example(schema: Mapping[str, Any]) -> Any:
    kinds = {"uuid": NIL, "date": "2026-03-01", "date-time": "2026-03-01T09:00:00+08:00"}
    if schema.get("format") in kinds:
        return kinds[schema["format"]]
    pattern = schema.get("pattern")
    tries = ("a" * 64, "a", "0.5", "1.00", "330000", "A1", "abc", "91330000000000000A", "2026", "x@example.org")
    if pattern:
        return next((text for text in tries if re.search(pattern, text)), "a")
    return "样例 sample".ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", 1000)]


# --- whole bodies ---------------------------------------------------------------------------------------------------


def raw_bodies(operation: Operation, example: Any) -> Iterator[Hostile]:
    """Bodies that are refused for what they are, whoever sends them and wherever."""
    target = operation.target().encode()
    good = json.dumps(example).encode()
    inner = good.strip()[1:-1] if isinstance(example, dict) else b""
    more = b"," + inner if inner else b""
    cases: list[tuple[str, bytes, int, str]] = [
        ("NUL in a text", b'{"zz":"a\\u0000b"' + more + b"}", 400, "request.bad_text"),
        ("NUL in a key", b'{"z\\u0000z":1' + more + b"}", 400, "request.bad_text"),
        ("lone high surrogate", b'{"zz":"a\\ud800b"' + more + b"}", 400, "request.bad_text"),
        ("lone low surrogate", b'{"zz":"a\\udc00b"' + more + b"}", 400, "request.bad_text"),
        ("surrogates in the wrong order", b'{"zz":"\\udc00\\ud800"' + more + b"}", 400, "request.bad_text"),
        ("lone surrogate in a key", b'{"z\\uDFFFz":1' + more + b"}", 400, "request.bad_text"),
        ("raw NUL", b'{"zz":"a\x00b"' + more + b"}", 400, "request.malformed_json"),
        ("raw newline in a text", b'{"zz":"a\nb"' + more + b"}", 400, "request.malformed_json"),
        ("bad UTF-8", b'{"zz":"\xff\xfe"' + more + b"}", 400, "request.malformed_json"),
        ("overlong UTF-8", b'{"zz":"\xc0\x80"' + more + b"}", 400, "request.malformed_json"),
        ("surrogate in UTF-8", b'{"zz":"\xed\xa0\x80"' + more + b"}", 400, "request.malformed_json"),
        ("byte order mark", b"\xef\xbb\xbf" + good, 400, "request.malformed_json"),
        ("UTF-16", good.decode().encode("utf-16"), 400, "request.malformed_json"),
        ("cut short", b'{"zz": [1, 2', 400, "request.malformed_json"),
        ("two documents", good + b" " + good, 400, "request.malformed_json"),
        ("single quotes", b"{'zz': 1}", 400, "request.malformed_json"),
        ("trailing comma", b'{"zz": 1,}', 400, "request.malformed_json"),
        ("blank", b" ", 400, "request.malformed_json"),
        ("duplicate key", b'{"zz":1,"zz":2' + more + b"}", 400, "request.duplicate_key"),
        ("duplicate key deep inside", b'{"zz":[{"a":{"b":1,"b":1}}]' + more + b"}", 400, "request.duplicate_key"),
        ("duplicate key, one escaped", b'{"zz":1,"z\\u007a":2' + more + b"}", 400, "request.duplicate_key"),
        ("NaN", b'{"zz":NaN' + more + b"}", 400, "request.not_a_number"),
        ("Infinity", b'{"zz":Infinity' + more + b"}", 400, "request.not_a_number"),
        ("-Infinity", b'{"zz":-Infinity' + more + b"}", 400, "request.not_a_number"),
        ("1e999", b'{"zz":1e999' + more + b"}", 400, "request.not_a_number"),
        ("-1e999", b'{"zz":-1e999' + more + b"}", 400, "request.not_a_number"),
        ("2^70", b'{"zz":%d' % 2**70 + more + b"}", 400, "request.number_too_long"),
        ("a million digits", b'{"zz":' + b"9" * 1_000_000 + more + b"}", 400, "request.number_too_long"),
        ("depth 33", b"[" * 33 + b"]" * 33, 400, "request.too_deep"),
        ("depth 10 000", b"[" * 10_000 + b"]" * 10_000, 400, "request.too_deep"),
        ("depth 10 000 of objects", b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "request.too_deep"),
        ("depth 100 000", b"[" * 100_000 + b"]" * 100_000, 400, "request.too_many_parts"),
        ("100 000 empty arrays", b"[" + b"[]," * 100_000 + b"[]]", 400, "request.too_many_parts"),
        ("two mebibytes", b'{"zz":"' + b"x" * 2 * 1024 * 1024 + b'"}', 413, "request.too_large"),
    ]
    for why, content, status, code in cases:
        yield Hostile(operation.method, target, f"body: {why}", content, _JSON_HEADERS, status, code)
    for media in (
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/json; charset=gbk",
    ):
        headers = (("content-type", media),)
        code = "request.wrong_media_type"
        yield Hostile(operation.method, target, f"body as {media}", good, headers, 415, code)
    for why, value in {"array": [], "text": "x", "number": 1, "null": None, "true": True, "empty": {}}.items():
        fits = value == {} and example == {}
        content = json.dumps(value).encode()
        yield Hostile(operation.method, target, f"body is {why}", content, _JSON_HEADERS, refused=not fits)


_JSON_HEADERS = (("content-type", "application/json"),)


# --- single fields --------------------------------------------------------------------------------------------------


def field_bodies(operation: Operation, example: Any) -> Iterator[Hostile]:
    """The example body with one member made hostile, one at a time, and with a member nobody knows."""
    target = operation.target().encode()

    def made(why: str, body: Any, refused: bool) -> Hostile:
        content = json.dumps(body).encode()
        return Hostile(operation.method, target, why, content, _JSON_HEADERS, refused=refused)

    if isinstance(example, dict):
        yield made("unknown member", {**example, "zz_unknown": 1}, True)
        for name in example:
            yield made(f"{name} left out", {k: v for k, v in example.items() if k != name}, False)
    for place, schema in _members(operation.body or {}, operation.components):
        for why, value, refused in hostile_values(schema, operation.components):
            yield made(f"{'/'.join(place)}: {why}", _with(example, place, value), refused)


def _members(
    schema: Mapping[str, Any], components: Mapping[str, Any], place: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    schema = resolve(schema, components)
    if place:
        yield place, schema
    if schema.get("title") == "Money" or len(place) > 5:
        return
    if schema.get("type") == "object":
        for name, inner in schema.get("properties", {}).items():
            yield from _members(inner, components, (*place, name))
    elif schema.get("type") == "array":
        yield from _members(schema.get("items", {}), components, (*place, "0"))


def _with(example: Any, place: tuple[str, ...], value: Any) -> Any:
    if not place:
        return value
    head, rest = place[0], place[1:]
    if head == "0":
        return [_with(example[0] if isinstance(example, list) and example else {}, rest, value)]
    inner = example if isinstance(example, dict) else {}
    return {**inner, head: _with(inner.get(head, {}), rest, value)}


def hostile_values(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Hostile values for one place: why, value, and whether accepting it would be wrong."""
    schema = resolve(schema, components)
    kind = schema.get("type")
    if schema.get("title") == "Money":
        yield from ((why, value, True) for why, value in BAD_MONEY.items())
        return
    texts = kind == "string"
    numbers = kind in ("integer", "number")
    bounded = "maxLength" in schema or "pattern" in schema or "enum" in schema or "format" in schema
    for why, text in BAD_TEXTS.items():
        yield why, text, kind is not None and (bounded or not texts)
    for why, text in ODD_TEXTS.items():
        yield why, text, kind is not None and not texts
    for why, number in ODD_NUMBERS.items():
        beyond = numbers and not schema.get("minimum", number) <= number <= schema.get("maximum", number)
        wrong = not numbers or beyond or (kind == "integer" and isinstance(number, float))
        yield why, number, kind is not None and wrong
    for why, value in ODD_OTHERS.items():
        fits = {"array": isinstance(value, list), "object": isinstance(value, dict), "boolean": value is True}
        yield why, value, kind is not None and value is not None and not fits.get(kind, False)
    if schema.get("format") == "date-time":
        yield from ((why, value, True) for why, value in BAD_TIMES.items())
    if schema.get("format") == "date":
        yield from ((why, value, True) for why, value in BAD_DAYS.items())


# --- addresses and headers ------------------------------------------------------------------------------------------

_BAD_ENCODINGS = {"NUL": "%00", "bad UTF-8": "%ff%fe", "overlong": "%c0%80", "CRLF": "%0d%0aX-A:1", "escape": "%1b"}


def hostile_targets(operation: Operation) -> Iterator[Hostile]:
    """Addresses no proxy and no log should have to carry, and path and query values that fit no type."""
    method, plain = operation.method, operation.target()
    content = b"{}" if operation.body is not None else None
    headers = _JSON_HEADERS if operation.body is not None else ()
    for why, raw in _BAD_ENCODINGS.items():
        target = f"{plain}?q={raw}".encode()
        yield Hostile(method, target, f"query: {why}", content, headers, 400, "request.bad_target")
    long = f"{plain}?q={'x' * 9000}".encode()
    yield Hostile(method, long, "query of 9000 bytes", content, headers, 400, "request.bad_target")
    for parameter in operation.parameters:
        name, place = parameter["name"], parameter["in"]
        schema = resolve(parameter.get("schema", {}), operation.components)
        for why, text in _parameter_texts(schema):
            if place == "path" and text in ("", ".", ".."):
                continue
            shown = quote(text, safe="")
            if place == "path":
                target = operation.target(**{name: shown})
            elif place == "query":
                target = f"{plain}?{quote(name)}={shown}"
            else:
                continue
            refused = schema.get("type") == "integer" or schema.get("format") is not None
            yield Hostile(method, target.encode(), f"{place} {name}: {why}", content, headers, refused=refused)
        if place == "path":
            for why, raw in _BAD_ENCODINGS.items():
                target = operation.target(**{name: f"a{raw}"}).encode()
                yield Hostile(method, target, f"path {name}: {why}", content, headers, 400, "request.bad_target")


def _parameter_texts(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kept = {why: text for why, text in ODD_TEXTS.items() if len(text) < 1000 and "\n" not in text}
    yield from kept.items()
    if schema.get("type") == "string" and schema.get("format") is None:
        yield from (pair for pair in BAD_TEXTS.items() if min(pair[1]) >= " " and "\x7f" not in pair[1])
    if schema.get("type") == "integer":
        numbers = ("-1", "0", "101", "1_0", "+1", " 1", "1.0", "1e3", "true", str(2**31), str(2**70), "9" * 4000)
        yield from ((text[:20], text) for text in numbers)
