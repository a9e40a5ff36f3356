"""The OpenAPI document: made from the routes, completed here with what every route has in common."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from techmarket.api import oauth
from techmarket.api.conditional import HEADER as KNOWN_HEADER
from techmarket.api.conditional import UNCHANGED
from techmarket.api.deps import MarketRoute, PreconditionRequired, if_match, signed_in
from techmarket.api.errors import TooManyRequests
from techmarket.api.examples import add_examples
from techmarket.api.limits import BodyRule
from techmarket.api.limits_said import describe_limits
from techmarket.api.messages import describe_messages
from techmarket.api.refusals import name_refusals
from techmarket.db.idempotency import KeyInFlight, KeyMalformed, KeyMissing, KeyReused
from techmarket.identity.errors import (
    BadKey,
    DeputyshipOver,
    ElevationOver,
    LiveKeyInSandbox,
    NotAgreed,
    OrganisationSuspended,
    TestKeyOnLiveMarket,
)
from techmarket.identity.permissions import (
    ColleagueNeeded,
    ElevationDoesNotReach,
    InPersonOnly,
    NotVerified,
    ScopeMissing,
    SignInNeeded,
)
from techmarket.kernel.refusals import NotAllowed, NotFound

KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Your own key for this act: 1 to 255 visible ASCII characters. The same key and body gives the "
    "first answer again for 24 hours; the same key with another body is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    "example": "order-2026-0001",
}


ABOUT = (
    "Money is `{amount, currency}` with two decimals, never a float; instants are UTC, days are of Asia/Shanghai. "
    "Every no is an RFC 9457 problem: decide by its `code`, whose page is `/refusals/{code}`. Every POST that changes "
    "something takes an `Idempotency-Key`. Lists have an opaque `cursor` and a `Link` header. `x-limits` of an "
    "operation names the rate class that counts it and what body it takes. What is going says so by `Deprecation`, "
    "`Sunset` and `Link`, in the document by `x-deprecated-since`, `x-sunset`, `x-instead`; `/deprecations` lists it."
)


def describe(app: FastAPI, routers: Iterable[APIRouter], bodies: Sequence[BodyRule] = ()) -> None:
    """Complete the document once the routes are in: keys on POSTs, which operations may go without a key, limits,
    examples.
    """
    plain = app.openapi
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]

    @cache  # what is completed twice is said twice
    def whole() -> dict[str, Any]:
        document = plain()
        for route in routes:
            for method in sorted(route.methods or ()):
                operation = document["paths"][route.path_format][method.lower()]
                _complete(operation, route, method)
                if _names_things(operation, document["components"]["schemas"]):
                    name_refusals(operation, NotFound)
        describe_messages(document)
        document["components"]["securitySchemes"]["oauth2"] = oauth.SECURITY_SCHEME
        for operation in (each for item in document["paths"].values() for each in item.values()):
            if {"apiKey": []} in operation.get("security", ()):
                operation["security"] = [*operation["security"], {"oauth2": []}]
        _say_what_it_is(document)
        describe_limits(document, bodies)
        add_examples(document)
        return document

    app.openapi = whole  # type: ignore[method-assign]


def _say_what_it_is(document: dict[str, Any]) -> None:
    document["info"] |= {
        "summary": "The open backend of a hub technology market (枢纽型技术交易市场).",
        "description": ABOUT,
        "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    }
    document["jsonSchemaDialect"] = "https://spec.openapis.org/oas/3.1/dialect/base"


def _complete(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    ways = operation.get("security", [])
    by_key = any("apiKey" in way for way in ways)
    if by_key and not _asks(route, signed_in):
        operation["security"] = [{}, *[way for way in ways if way]]
    extra = route.openapi_extra or {}
    keyed = method == "POST" and isinstance(route, MarketRoute) and not extra.get("x-changes-nothing")
    parameters = operation.setdefault("parameters", [])
    if keyed and not any(parameter["name"] == KEY_HEADER["name"] for parameter in parameters):
        parameters.append(KEY_HEADER)
    if method == "GET" and isinstance(route, MarketRoute):
        if not any(parameter["name"] == KNOWN_HEADER["name"] for parameter in parameters):
            parameters.append(KNOWN_HEADER)
        operation["responses"]["304"] = UNCHANGED
    # What the shared parts of a route refuse is named here, so that no route can forget it.
    if by_key:
        name_refusals(operation, SignInNeeded, BadKey, OrganisationSuspended, TooManyRequests)
        name_refusals(operation, TestKeyOnLiveMarket, LiveKeyInSandbox)
        name_refusals(operation, DeputyshipOver, ElevationOver, ElevationDoesNotReach, NotAgreed)
    if _asks(route, signed_in):
        name_refusals(operation, NotAllowed, ScopeMissing, NotVerified, InPersonOnly, ColleagueNeeded)
    if keyed:
        name_refusals(operation, KeyMissing, KeyMalformed, KeyInFlight, KeyReused)
    if _asks(route, if_match):
        name_refusals(operation, PreconditionRequired)


def _names_things(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> bool:
    """Whether a request may hold the id of something, in its path, its query or its body."""
    seen: set[str] = set()
    waiting = [operation.get("parameters", []), operation.get("requestBody", {})]
    while waiting:
        said = json.dumps(waiting.pop())
        if '"format": "uuid"' in said or '"in": "path"' in said:
            return True
        named = set(re.findall(r'"#/components/schemas/([^"]+)"', said)) - seen
        seen |= named
        waiting += [schemas[name] for name in named]
    return False


def _asks(route: APIRoute, dependency: Callable[..., Any]) -> bool:
    waiting = list(route.dependant.dependencies)
    while waiting:
        dependant = waiting.pop()
        if dependant.call is dependency:
            return True
        waiting.extend(dependant.dependencies)
    return False
