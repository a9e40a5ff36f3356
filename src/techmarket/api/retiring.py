"""How an operation or a field goes: marked where it stands, told in every answer, and only gone after its day.

`Deprecation` is RFC 9745, `Sunset` RFC 8594; `Link` names what to use instead and the list of all that is going, which
`/deprecations` shows. The policy: docs/versions.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, NamedTuple, get_args

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel

SINCE, SUNSET, INSTEAD = "x-deprecated-since", "x-sunset", "x-instead"
DAYS_MIN = 180
"""How long an operation goes on answering after it was marked."""


PAGE = "/deprecations"
_fields_are_going = False


class Going(NamedTuple):
    """A mark: since when, until when, and what instead."""

    since: date
    sunset: date
    instead: str


class FieldGoing(NamedTuple):
    shape: str
    field: str
    going: Going


def retiring(*, since: date, sunset: date, instead: str) -> dict[str, Any]:
    """Arguments of a route that is going: `@router.get(…, **retiring(since=…, sunset=…, instead="/v1/…"))`."""
    return {"deprecated": True, "openapi_extra": _marks(since, sunset, instead)}


def retiring_field(*, since: date, sunset: date, instead: str) -> dict[str, Any]:
    """Arguments of a field that is going: `Field(…, **retiring_field(since=…, sunset=…, instead="other_field"))`."""
    global _fields_are_going
    _fields_are_going = True
    return {"deprecated": True, "json_schema_extra": _marks(since, sunset, instead)}


def _marks(since: date, sunset: date, instead: str) -> dict[str, str]:
    if (sunset - since).days < DAYS_MIN:
        raise ValueError(f"an operation goes on for {DAYS_MIN} days after it was marked")
    return {SINCE: since.isoformat(), SUNSET: sunset.isoformat(), INSTEAD: instead}


def _going(marks: Mapping[str, Any]) -> Going:
    return Going(date.fromisoformat(marks[SINCE]), date.fromisoformat(marks[SUNSET]), marks[INSTEAD])


def fields_going(*kinds: Any) -> Iterator[FieldGoing]:
    """The fields that are going in these shapes and in what they hold; looked for only once there is one."""
    waiting, seen = list(kinds) if _fields_are_going else [], set[Any]()
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)) or kind in seen:
            continue
        seen.add(kind)
        for name, field in kind.model_fields.items():
            waiting.append(field.annotation)
            if isinstance(field.json_schema_extra, dict) and SINCE in field.json_schema_extra:
                yield FieldGoing(kind.__name__, field.alias or name, _going(field.json_schema_extra))


def shapes_of(route: APIRoute) -> list[Any]:
    """What a route takes and answers."""
    return [route.response_model, *(param.field_info.annotation for param in route.dependant.body_params)]


def headers_of(extra: Mapping[str, Any], fields: Iterable[FieldGoing] = ()) -> dict[str, str]:
    """What the answers of a route carry that is going or has fields that are; nothing for one that stays."""
    operation = [_going(extra)] if SINCE in extra else []
    going = [*operation, *(one.going for one in fields)]
    if not going:
        return {}
    links = [f'<{one.instead}>; rel="successor-version"' for one in operation]
    links.append(f'<{PAGE}>; rel="deprecation"; type="application/json"')
    return {
        "Deprecation": f"@{int(_midnight(min(one.since for one in going)).timestamp())}",
        "Sunset": format_datetime(_midnight(min(one.sunset for one in going)), usegmt=True),
        "Link": ", ".join(links),
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def listed(routers: Iterable[APIRouter]) -> list[dict[str, str]]:
    """All that is going, as `/deprecations` tells it."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    found = []
    for route in routes:
        where = {"operation": f"{'/'.join(sorted(route.methods or ()))} {route.path_format}"}
        extra = route.openapi_extra or {}
        if SINCE in extra:
            found.append({**where, **_told(_going(extra))})
        fields = fields_going(*shapes_of(route))
        found += [{**where, "field": f"{one.shape}.{one.field}", **_told(one.going)} for one in fields]
    return found


def _told(going: Going) -> dict[str, str]:
    return {"since": going.since.isoformat(), "sunset": going.sunset.isoformat(), "instead": going.instead}
