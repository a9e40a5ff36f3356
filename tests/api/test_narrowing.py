"""The router of an address: each answers for its own addresses and keeps silent about all others."""

from __future__ import annotations

import re

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.routing import Match, Mount

from techmarket.api.narrowing import addresses_of, narrow
from techmarket.app import ROUTERS
from techmarket.web import pages


def test_every_router_knows_exactly_the_addresses_of_its_own_routes():
    routers = (*ROUTERS, pages.router)
    paths = sorted({re.sub(r"\{[^}]+\}", "one", route.path) for router in routers for route in router.routes})
    assert len(paths) > 300
    for router in routers:
        known = addresses_of(router)
        assert known is not None
        for path in (*paths, *(f"{path}/" for path in paths), *(f"/v0{path}" for path in paths)):
            own = [r for r in router.routes if isinstance(r, APIRoute) and r.path_regex.match(path)]
            assert (known.match(path) is not None) == bool(own), path


def test_an_address_of_nobody_is_not_looked_for_and_one_below_a_root_path_is():
    asked = []
    router = APIRouter()
    router.add_api_route("/things/{thing}", lambda thing: thing)
    router.matches = lambda scope: (asked.append(scope["path"]), (Match.FULL, {}))[1]
    narrow([router])
    assert router.matches({"type": "http", "path": "/things/1"}) == (Match.FULL, {})
    for path in ("/things", "/things/1/", "/things/1/2", "/other/1", ""):
        assert router.matches({"type": "http", "path": path}) == (Match.NONE, {})
    router.matches({"type": "http", "path": "/market/things/1", "root_path": "/market"})
    assert asked == ["/things/1", "/market/things/1"]


def test_a_router_with_something_mounted_in_it_is_left_as_it_is():
    router = APIRouter(routes=[Mount("/static", app=Starlette())])
    narrow([router])
    assert addresses_of(router) is None
    assert "matches" not in vars(router)
