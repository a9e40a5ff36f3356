"""The OpenAPI document: made from the routes, completed here with what every route has in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from techmarket.api.deps import MarketRoute, signed_in

KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Your own key for this act: 1 to 255 visible ASCII characters. The same key and body gives the "
    "first answer again for 24 hours; the same key with another body is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}


def describe(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Complete the document once the routes are in: keys on POSTs, and which operations may go without a key."""
    plain = app.openapi
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]

    def whole() -> dict[str, Any]:
        document = plain()
        for route in routes:
            for method in sorted(route.methods or ()):
                _complete(document["paths"][route.path_format][method.lower()], route, method)
        return document

    app.openapi = whole  # type: ignore[method-assign]


def _complete(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    ways = operation.get("security", [])
    if not _needs_sign_in(route) and any("apiKey" in way for way in ways):
        operation["security"] = [{}, *[way for way in ways if way]]
    extra = route.openapi_extra or {}
    keyed = method == "POST" and isinstance(route, MarketRoute) and not extra.get("x-changes-nothing")
    parameters = operation.setdefault("parameters", [])
    if keyed and not any(parameter["name"] == KEY_HEADER["name"] for parameter in parameters):
        parameters.append(KEY_HEADER)


def _needs_sign_in(route: APIRoute) -> bool:
    waiting = list(route.dependant.dependencies)
    while waiting:
        dependant = waiting.pop()
        if dependant.call is signed_in:
            return True
        waiting.extend(dependant.dependencies)
    return False
