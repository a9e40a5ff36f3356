"""Every kind of change that breaks a caller is named, and none that does not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from techmarket.cli.breaking import breaking_changes, skeleton, version_due

TODAY = date(2026, 12, 1)
Doc = dict[str, Any]


def document() -> Doc:
    """A small market: one list with a filter, one thing to make, one message."""
    return {
        "openapi": "3.1.0",
        "paths": {
            "/things": {
                "get": {
                    "operationId": "listThings",
                    "parameters": [
                        {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
                        {"name": "state", "in": "query", "schema": {"type": "string", "enum": ["A", "B"]}},
                    ],
                    "responses": {
                        "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}},
                        "422": {"x-codes": ["paging.bad_cursor"]},
                    },
                },
                "post": {
                    "operationId": "makeThing",
                    "security": [{"apiKey": []}],
                    "requestBody": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ThingIn"}}}
                    },
                    "responses": {
                        "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
                    },
                },
            }
        },
        "webhooks": {
            "thing.made": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
                }
            }
        },
        "components": {
            "schemas": {
                "Page": {
                    "type": "object",
                    "properties": {
                        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                        "next": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    },
                    "required": ["items", "next"],
                },
                "Thing": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string", "format": "uuid"},
                        "state": {"type": "string", "enum": ["A", "B"]},
                        "parent": {"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]},
                        "price": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                    },
                    "required": ["id", "state"],
                },
                "ThingIn": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "name": {"type": "string", "maxLength": 100},
                        "kind": {"type": "string", "enum": ["X", "Y"]},
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                        "price": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                    },
                    "required": ["name"],
                },
            }
        },
    }


def schema(doc: Doc, name: str) -> Doc:
    found: Doc = doc["components"]["schemas"][name]
    return found


def get(doc: Doc) -> Doc:
    found: Doc = doc["paths"]["/things"]["get"]
    return found


def post(doc: Doc) -> Doc:
    found: Doc = doc["paths"]["/things"]["post"]
    return found


def put(where: Callable[[Doc], Doc], name: str, value: Any) -> Callable[[Doc], None]:
    return lambda doc: where(doc).__setitem__(name, value)


def drop(where: Callable[[Doc], Doc], name: str) -> Callable[[Doc], None]:
    return lambda doc: where(doc).__delitem__(name)


def taken(doc: Doc) -> Doc:
    found: Doc = schema(doc, "ThingIn")["properties"]
    return found


def told(doc: Doc) -> Doc:
    found: Doc = schema(doc, "Thing")["properties"]
    return found


def body(doc: Doc) -> Doc:
    found: Doc = post(doc)["requestBody"]
    return found


KEY = {"name": "Key", "in": "header", "required": True, "schema": {"type": "string"}}

BREAKS: list[tuple[str, Callable[[Doc], None]]] = [
    ("operation removed", drop(lambda d: d["paths"]["/things"], "post")),
    ("operation removed", lambda d: d["paths"].update({"/objects": d["paths"].pop("/things")})),
    ("operation renamed", put(get, "operationId", "getThings")),
    ("webhook removed", drop(lambda d: d["webhooks"], "thing.made")),
    ("key asked for", put(get, "security", [{"apiKey": []}])),
    ("required parameter added", lambda d: get(d)["parameters"].append(KEY)),
    ("parameter removed", lambda d: get(d)["parameters"].pop()),
    ("parameter became required", put(lambda d: get(d)["parameters"][0], "required", True)),
    ("bound tightened", put(lambda d: get(d)["parameters"][0]["schema"], "maximum", 50)),
    ("value removed", put(lambda d: get(d)["parameters"][1]["schema"], "enum", ["A"])),
    ("body became required", put(body, "required", True)),
    ("body no longer taken", drop(post, "requestBody")),
    ("media type removed", lambda d: body(d).update(content={"text/csv": {}})),
    ("required field added", lambda d: (taken(d).update(more={}), schema(d, "ThingIn")["required"].append("more"))[0]),
    ("field became required", lambda d: schema(d, "ThingIn")["required"].append("kind")),
    ("field no longer taken", drop(taken, "note")),
    ("type narrowed", put(taken, "note", {"type": "string"})),
    ("type narrowed", put(taken, "name", {"type": "integer", "maxLength": 100})),
    ("value removed", put(lambda d: taken(d)["kind"], "enum", ["X"])),
    ("values limited", put(lambda d: taken(d)["name"], "enum", ["X"])),
    ("bound tightened", put(lambda d: taken(d)["name"], "maxLength", 99)),
    ("bound tightened", put(lambda d: taken(d)["name"], "minLength", 1)),
    ("pattern changed", put(lambda d: taken(d)["name"], "pattern", "^a")),
    ("format changed", put(lambda d: taken(d)["name"], "format", "uuid")),
    ("type narrowed", put(taken, "price", {"type": "string"})),
    ("answer's field removed", drop(told, "state")),
    ("answer's field may be missing", put(lambda d: schema(d, "Thing"), "required", ["id"])),
    ("type widened", put(told, "id", {"type": "integer", "format": "uuid"})),
    ("type widened", put(told, "id", {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]})),
    ("values no longer limited", put(told, "state", {"type": "string"})),
    ("format changed", put(lambda d: told(d)["id"], "format", "uri")),
    ("form added", put(told, "price", {"anyOf": [{"type": "string"}, {"type": "boolean"}]})),
    ("answer's status removed", lambda d: post(d)["responses"].update({"200": post(d)["responses"].pop("201")})),
    ("answer's status added", put(lambda d: post(d)["responses"], "202", {})),
    ("refusal's status changed", lambda d: get(d)["responses"].update({"400": get(d)["responses"].pop("422")})),
]


@pytest.mark.parametrize("kind, change", BREAKS, ids=[f"{n} {kind}" for n, (kind, _) in enumerate(BREAKS)])
def test_a_change_that_breaks_a_caller_is_named(kind: str, change: Callable[[Doc], None]) -> None:
    after = document()
    change(after)
    assert kind in {one.kind for one in breaking_changes(document(), after, today=TODAY)}


HARMLESS: list[Callable[[Doc], None]] = [
    lambda d: None,
    put(lambda d: d["paths"], "/more", {"get": {"operationId": "more", "responses": {}}}),
    lambda d: get(d)["parameters"].append(KEY | {"required": False}),
    put(lambda d: get(d)["parameters"][0]["schema"], "maximum", 500),
    put(lambda d: get(d)["parameters"][1]["schema"], "enum", ["A", "B", "C"]),
    put(taken, "more", {"type": "string"}),
    put(lambda d: schema(d, "ThingIn"), "required", []),
    put(lambda d: taken(d)["kind"], "enum", ["X", "Y", "Z"]),
    put(taken, "kind", {"type": "string"}),
    put(lambda d: taken(d)["name"], "maxLength", 200),
    put(taken, "name", {"anyOf": [{"type": "string", "maxLength": 100}, {"type": "null"}]}),
    put(taken, "price", {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}]}),
    put(told, "more", {"type": "string"}),
    put(lambda d: told(d)["state"], "enum", ["A", "B", "C"]),
    put(lambda d: schema(d, "Thing"), "required", ["id", "state", "parent"]),
    put(told, "price", {"type": "string"}),
    put(lambda d: get(d)["responses"], "409", {"x-codes": ["things.busy"]}),
    drop(lambda d: get(d)["responses"], "422"),
    put(post, "security", [{}]),
    put(lambda d: d["webhooks"], "thing.lost", {"post": {}}),
]


@pytest.mark.parametrize("n", range(len(HARMLESS)))
def test_a_change_that_breaks_nobody_is_not_named(n: int) -> None:
    after = document()
    HARMLESS[n](after)
    assert breaking_changes(document(), after, today=TODAY) == []


def test_a_break_of_a_shape_is_named_where_it_is_first_met() -> None:
    after = document()
    taken(after)["kind"]["enum"] = ["X"]
    told(after).pop("state")
    assert sorted(str(one) for one in breaking_changes(document(), after, today=TODAY)) == [
        "answer's field removed: GET /things 200.items[].parent.state",
        "answer's field removed: GET /things 200.items[].state",
        "value removed: POST /things.kind Y",
    ]


def test_an_operation_may_go_once_its_announced_day_has_come() -> None:
    before = document()
    post(before)["x-sunset"] = "2026-12-01"
    after = copy.deepcopy(before)
    del after["paths"]["/things"]["post"]
    assert breaking_changes(before, after, today=TODAY) == []
    assert [one.kind for one in breaking_changes(before, after, today=date(2026, 11, 30))] == ["operation removed"]


def test_what_is_kept_at_a_release_says_the_same_as_the_whole_document() -> None:
    told_apart = document()
    schema(told_apart, "Thing")["properties"]["description"] = {"type": "string", "description": "a text"}
    schema(told_apart, "Thing")["description"] = "a text"
    kept = json.loads(json.dumps(skeleton(told_apart)))
    assert "a text" not in json.dumps(kept)
    assert kept["components"]["schemas"]["Thing"]["properties"]["description"] == {"type": "string"}
    assert breaking_changes(kept, told_apart, today=TODAY) == breaking_changes(told_apart, kept, today=TODAY) == []
    for kind, change in BREAKS:
        after = document()
        change(after)
        found = breaking_changes(skeleton(document()), after, today=TODAY)
        assert kind in {one.kind for one in found}


def test_what_is_going_says_until_when_long_enough_and_the_day_does_not_come_nearer() -> None:
    marks = {"deprecated": True, "x-deprecated-since": "2026-12-01", "x-sunset": "2027-06-01"}

    def found(before: Doc, after: Doc) -> list[str]:
        for change in (get, lambda doc: schema(doc, "Thing")["properties"]["id"]):
            old, new = document(), document()
            change(old).update(before)
            change(new).update(after)
            said = [one.kind for one in breaking_changes(old, new, today=TODAY)]
            yield from dict.fromkeys(said)

    assert list(found({}, marks)) == []
    assert list(found({}, {"deprecated": True})) == ["going without a day"] * 2
    assert list(found({}, marks | {"x-sunset": "2027-05-29"})) == ["going too soon"] * 2
    earlier = marks | {"x-deprecated-since": "2026-11-01", "x-sunset": "2027-05-31"}
    assert list(found(marks, earlier)) == ["announced day moved nearer"] * 2
    assert list(found(marks, marks | {"x-sunset": "2028-01-01"})) == []


def test_a_field_may_go_once_its_announced_day_has_come() -> None:
    for sunset, kinds in (("2026-12-01", []), ("2026-12-02", ["answer's field removed"])):
        old, new = document(), document()
        schema(old, "Thing")["properties"]["old"] = {"type": "string", "x-sunset": sunset}
        assert list(dict.fromkeys(one.kind for one in breaking_changes(old, new, today=TODAY))) == kinds


def test_the_version_moves_with_what_the_document_promises() -> None:
    def due(now: str, change: Callable[[Doc], None], before: str = "1.4.0") -> str | None:
        old, new = document() | {"info": {"version": before}}, document() | {"info": {"version": now}}
        change(new)
        return version_due(old, new, today=TODAY)

    def add(doc: Doc) -> None:
        doc["paths"]["/more"] = {"get": {"operationId": "more", "responses": {}}}

    def reword(doc: Doc) -> None:
        get(doc)["description"] = "Other words."

    def cut(doc: Doc) -> None:
        del doc["paths"]["/things"]["get"]

    assert due("1.4.0", reword) is None
    assert (due("1.4.0", add), due("1.4.9", add), due("1.5.0", add)) == ("1.4.0", "1.4.0", None)
    assert (due("1.5.0", cut), due("2.0.0", cut)) == ("1.4.0", None)
    assert (due("0.1.9", cut, "0.1.0"), due("0.2.0", cut, "0.1.0")) == ("0.1.0", None)
