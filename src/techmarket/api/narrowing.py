"""Which router has an address, found by one pattern each: the framework would ask every route of every router in turn.

With hundreds of routes that asking is a quarter of what a small request costs, and the first one that comes to an
application would make ready the routes of all routers, not only those of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from fastapi import APIRouter
from starlette.routing import Match, Route
from starlette.types import Scope

_NAME = re.compile(r"\?P<\w+>")


def addresses_of(router: APIRouter) -> re.Pattern[str] | None:
    """What every address of this router fits, and no other does; None where a route is no plain one."""
    patterns = []
    for route in router.routes:
        if not isinstance(route, Route):
            return None
        patterns.append(_NAME.sub("?:", route.path_regex.pattern))
    return re.compile("|".join(patterns))


def narrow(routers: Iterable[APIRouter]) -> None:
    """Let each of these routers, whose routes are all there, say at once that an address is none of its own."""
    for router in routers:
        known = addresses_of(router)
        if known is not None:
            vars(router)["matches"] = _asked_less(router.matches, known)


def _asked_less(
    ask: Callable[[Scope], tuple[Match, Scope]], known: re.Pattern[str]
) -> Callable[[Scope], tuple[Match, Scope]]:
    def matches(scope: Scope) -> tuple[Match, Scope]:
        # Below a root path the address begins elsewhere: the framework knows where.
        if scope["type"] == "http" and not scope.get("root_path") and known.match(scope["path"]) is None:
            return Match.NONE, {}
        return ask(scope)

    return matches
