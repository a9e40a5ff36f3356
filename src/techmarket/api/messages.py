"""What webhooks carry, in the `webhooks` section of the OpenAPI document: one entry for each type of change."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from techmarket.hub.telling import OUTWARD, PUBLIC_TYPES
from techmarket.hub.webhooks import ATTEMPTS_MAX, PING
from techmarket.kernel.events import Event

HEADERS = [
    {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }
    for name, description in (
        ("webhook-id", "One for each change, the same in every attempt and replay: what was handled once is done."),
        ("webhook-timestamp", "Seconds since 1970 of this attempt; refuse what is more than five minutes off."),
        ("webhook-signature", "`v1,` and HMAC-SHA256 in base64 over `id.timestamp.body`; two while secrets overlap."),
    )
]
RESPONSES = {
    "2XX": {"description": "Taken. Anything else, or nothing within 15 seconds, is sent again."},
    "410": {"description": "Nothing is sent there any more."},
}
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
}


def describe_messages(document: dict[str, Any]) -> None:
    """Add one webhook for each type of change, and the shape that all messages share."""
    schemas = document["components"]["schemas"]
    assert "MarketChange" not in schemas, "another shape has the name of the messages"
    schemas["MarketChange"] = {
        "title": "MarketChange",
        "type": "object",
        "description": "A change as messages and the feed tell it; how the thing looks is read at its own address.",
        "properties": {
            "id": {"type": "string", "format": "uuid", "description": "as in `GET /v1/changes`"},
            "refs": {"type": "array", "items": {"type": "string"}, "description": "`kind:id` of what it is about"},
            "facts": {"type": "object"},
            "cursor": {"type": "string", "description": "`GET /v1/changes` goes on from here"},
        },
        "required": ["id", "refs", "facts", "cursor"],
    }
    document["components"]["parameters"] = {one["name"]: one for one in HEADERS}
    document["components"]["responses"] = {f"Message{status}": said for status, said in RESPONSES.items()}
    kinds = [kind for kind, event in Event.registry.items() if event.__module__.startswith("techmarket.")]
    document["webhooks"] = {type: _message(type, *_said(type)) for type in sorted([*PUBLIC_TYPES, *kinds])}
    ping = {"type": "object", "properties": {"webhook_id": {"type": "string", "format": "uuid"}}}
    document["webhooks"][PING] = _message(PING, "A test message, sent when you ask for one.", ping)


def _said(type: str) -> tuple[str, dict[str, Any]]:
    if type in PUBLIC_TYPES:
        kinds = [kind for kind, outward in OUTWARD.items() if outward.type == type]
        facts: dict[str, Any] = {}
        for kind in kinds:
            shapes = _facts(Event.registry[kind])
            facts |= {name: shapes[name] for name in OUTWARD[kind].facts if name in shapes}
        return f"Everyone is told of it. Behind it: {', '.join(f'`{kind}`' for kind in kinds)}.", _data(facts)
    event = Event.registry[type]
    doc = event.__doc__ or ""
    # A dataclass without a docstring gets its signature as one.
    said = "" if doc.startswith(f"{event.__name__}(") else " ".join(doc.split())
    return said or "The organisations it concerns are told of it.", _data(_facts(event))


def _data(facts: dict[str, Any]) -> dict[str, Any]:
    told = {"type": "object", "properties": {"facts": {"type": "object", "properties": facts}}}
    return {"allOf": [{"$ref": "#/components/schemas/MarketChange"}, told]}


def _message(type: str, description: str, data: dict[str, Any]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {
            "type": {"const": type},
            "timestamp": {"type": "string", "format": "date-time", "description": "when it happened"},
            "data": data,
        },
        "required": ["type", "timestamp", "data"],
    }
    return {
        "post": {
            "operationId": f"on:{type}",
            "description": description,
            "tags": ["webhooks"],
            "parameters": [{"$ref": f"#/components/parameters/{one['name']}"} for one in HEADERS],
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
            "responses": {status: {"$ref": f"#/components/responses/Message{status}"} for status in RESPONSES},
            "x-attempts-max": ATTEMPTS_MAX,
        }
    }


def _facts(event: type[Event]) -> dict[str, Any]:
    """The facts of an event as JSON: fields that are no ids, as `Event.facts` gives them."""
    hints = get_type_hints(event)
    fields = [field.name for field in dataclasses.fields(event)]
    return {name: _shape(hints[name]) for name in fields if not _is_id(hints[name])}


def _is_id(hint: Any) -> bool:
    return hint is UUID or UUID in get_args(hint)


def _shape(hint: Any) -> dict[str, Any]:
    if get_origin(hint) in (Union, UnionType):
        return _shape(next(one for one in get_args(hint) if one is not type(None)))
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _shape(get_args(hint)[0])}
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"type": "string", "enum": [one.value for one in hint]}
    return {"type": "object"} if get_origin(hint) is dict or hint is dict else {}
