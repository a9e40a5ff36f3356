"""Who may do what, walked over every operation there is: no route can leave itself out.

`foreign_ids.json` has a row for each operation that somebody must be known for: the permission it asks for, and what a
stranger hears of things of others. `test_foreign_ids.py` shows the rows true; `docs/permissions.md` has the cells of
each permission, walked by `tests/architecture/test_permissions.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi.routing import APIRoute
from httpx import AsyncClient
from sqlalchemy import text
from starlette.routing import Route

from techmarket.api.deps import reader, spend_openly
from techmarket.app import ROUTERS, create_app
from techmarket.cli.openapi import document
from techmarket.db.means import Means
from techmarket.identity import service as identity
from techmarket.identity.actor import OrgKind, Role, Scope
from techmarket.identity.permissions import PERMISSIONS
from techmarket.web import pages
from tests.api import hostile
from tests.api.test_headers import call
from tests.api.test_openapi import OPEN
from tests.identity.make import a_market, an_organisation
from tests.shadow import rows

OUTSIDE = {
    "/healthz": "the process lives",
    "/readyz": "the process is ready",
    "/metrics": "figures for Prometheus; the proxy of the documented deployment lets nobody outside read them",
    "/refusals/{code}": "where the type of a problem leads",
    "/deprecations": "what is going",
    "/openapi.json": "the document itself",
    "/oauth/token": "client credentials, in the securitySchemes of the document",
    "/v1/mail-unsubscriptions": "one click in a mail program (RFC 8058), by the token of the message",
    "/.well-known/oauth-authorization-server": "where they are had (RFC 8414)",
}
"""Addresses of programs that are no operations, each with its reason; a page of the portal is in `web/`."""
KNOWN_OTHERWISE = {"receiveBankMessage": "the bank's signature over the bytes is what it is known by"}


@pytest.fixture(scope="module")
def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, item in document()["paths"].items()
        for method, operation in item.items()
    }


def test_routes_in_the_code_are_the_operations_of_the_document_a_reviewed_few_and_pages(means, operations):
    app = create_app(means)
    included = [route for route in app.router.routes if not isinstance(route, Route)]
    assert len(included) == len(ROUTERS) + 1, "a router that is in neither list"
    plain = {
        (method, route.path) for route in app.router.routes if isinstance(route, Route) for method in route.methods
    }
    routed = {
        (method, route.path_format)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    served = {(method, path) for method, path in plain | routed if method != "HEAD"}
    described = {(method, path) for method, path, _ in operations.values()}
    assert described <= served
    assert {path for _, path in served - described} == set(OUTSIDE)
    assert all(route.methods == {"GET"} for route in pages.router.routes if isinstance(route, APIRoute))
    assert len(described) > 400


def test_each_operation_that_somebody_must_be_known_for_has_a_row_and_no_row_is_left_over(operations):
    """A new route is tried in other hands (`tests/shadow.py`) and gets its row: see the head of this file."""
    known = operations.keys() - OPEN - KNOWN_OTHERWISE.keys()
    lacks = known - rows().keys()
    assert lacks == set(), "run `make matrix`, read what it found, and add these rows to tests/api/foreign_ids.json"
    assert rows().keys() <= operations.keys()
    unknown = {row["needs"] for row in rows().values() if row.get("needs")} - PERMISSIONS.keys()
    assert unknown == set()
    silent = [name for name, row in rows().items() if row["heard"] != "as absent" and not row.get("why")]
    assert silent == []


def test_no_body_takes_a_member_that_nobody_declared(operations):
    """Mass assignment: what belongs to the market (state, owner, roles, verdicts) cannot be sent along."""
    schemas = document()["components"]["schemas"]
    taking = sorted(
        {
            f"{name} {where}"
            for name, (_, _, operation) in operations.items()
            for media, content in operation.get("requestBody", {}).get("content", {}).items()
            if media == "application/json"
            for where in open_objects(content.get("schema", {}), schemas)
        }
    )
    assert taking == sorted(TAKES_ANYTHING)


TAKES_ANYTHING = {
    "draftTrade DraftTrade.rules": "terms of the announcement; the method refuses what it does not know",
    "importReleases body": "a foreign OCDS file, kept as it is",
    "intendAct Intend.body": "the body of another request, read by its own operation when it is done",
}


def open_objects(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], where: str = "", seen: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Objects in a body that take members they do not name; a table of names with values of one shape is none."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name not in seen:
            yield from open_objects(schemas[name], schemas, where or name, seen | {name})
        return
    for union in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(union, ()):
            yield from open_objects(one, schemas, where, seen)
    if schema.get("type") == "object":
        more = schema.get("additionalProperties")
        names = schema.get("patternProperties", {})
        if more is not False and not isinstance(more, dict) and not names:
            yield where or "body"
        for one in names.values():
            yield from open_objects(one, schemas, where, seen)
        if isinstance(more, dict):
            yield from open_objects(more, schemas, where, seen)
    for name, inner in schema.get("properties", {}).items():
        yield from open_objects(inner, schemas, f"{where}.{name}", seen)
    if isinstance(schema.get("items"), dict):
        yield from open_objects(schema["items"], schemas, f"{where}[]", seen)


SET_WHOLE = {
    "setFolder": "one tier, set whole",
    "setBlindMatching": "one switch, by its owner",
    "giveMatchFeedback": "one's own opinion",
    "putEnvelope": "one's own quote; the last one counts by the rules of the trade",
    "setLogin": "one's own password",
    "runClock": "a sandbox's clock, set whole",
    "setByTwo": "one list, by administrators, under the lock of the organisation",
    "putMyProfile": "one's own",
    "confirmSession": "a code that is used once",
    "changeRoles": "the whole list of one person, under the lock of the membership",
    "askSecondFactor": "one number, by administrators",
    "changeWebhook": "only what is sent",
    "putNotificationPreferences": "one's own, set whole",
    "putMailAddress": "one's own",
    "dropMailAddress": "one's own, ends",
    "correctName": "one's own name",
    "setContact": "one person, by administrators, under the lock of the organisation",
    "endSavedSearch": "ends",
    "endWebhook": "ends",
    "setNodeRegions": "one list, by the market's operators, under the lock of the node",
    "moveOrganisationToNode": "where it belongs, under the lock of the node",
    "takeOrganisationFromNode": "ends",
    "setImportMapping": "one table of names, set whole",
    "removeSource": "ends",
    "setSourceQuota": "one number, by the market's operators",
}
"""Changes that are sent whole or end something: there is no version that could be lost."""


async def test_a_change_of_what_has_versions_names_the_one_that_was_read(client: AsyncClient, means: Means, operations):
    """Lost update: without If-Match 428, with a stale one 412; whoever asks, and whatever for."""
    key = (await an_organisation(means.tx, kind=OrgKind.MARKET, keys=means.keys, roles=tuple(Role))).key
    versioned = {
        name
        for name, (_, _, operation) in operations.items()
        if "if-match" in {one["name"].lower() for one in operation.get("parameters", [])}
    }
    changing = {name for name, (method, _, _) in operations.items() if method in ("PUT", "PATCH", "DELETE")}
    assert changing - versioned == SET_WHOLE.keys()
    for one in hostile.operations(document()):
        name = next(name for name, (method, path, _) in operations.items() if (method, path) == (one.method, one.path))
        if name in versioned:
            assert {"412", "428"} <= operations[name][2]["responses"].keys()
            answer = await call(client, one, Authorization=f"Bearer {key}")
            assert (answer.status_code, answer.json()["code"]) == (428, "precondition.if_match_missing"), name


async def test_nobody_a_wrong_key_and_a_suspended_organisation_are_refused_by_every_operation_that_is_not_open(
    means: Means, client: AsyncClient
):
    market = await a_market(means.tx, means.keys)
    suspended = await an_organisation(means.tx, kind=OrgKind.UNIVERSITY, keys=means.keys)
    await identity.suspend_organisation(means.tx, market["operator"].actor, suspended.actor.org)
    reading = await an_organisation(means.tx, keys=means.keys, roles=tuple(Role))
    actor = reading.actor
    only = await identity.issue_key(
        means.tx, means.keys, actor, actor.org, actor.person, scopes=[Scope.READ], expires_at=None
    )
    before = await changes(means)
    wrong = []
    names = {
        (method.upper(), path): operation
        for path, item in document()["paths"].items()
        for method, operation in item.items()
    }
    for one in hostile.operations(document()):
        operation = names[one.method, one.path]
        name = operation["operationId"]
        if name in KNOWN_OTHERWISE:
            continue
        tries = [
            ({"Authorization": "Bearer tmk_00000000_wrong"}, (401, "identity.bad_key")),
            ({"Authorization": f"Bearer {suspended.key}"}, (403, "identity.organisation_suspended")),
        ]
        if name in OPEN and not operation.get("security"):
            tries = []  # asks for no key and reads none
        if name not in OPEN:
            tries.append(({}, (401, "identity.sign_in_needed")))
        for headers, wanted in tries:
            answer = await call(client, one, **{"If-Match": '"x"'}, **headers)
            if (answer.status_code, answer.json().get("code")) != wanted:
                wrong.append((name, headers, answer.status_code, answer.text[:160]))
        if one.method != "GET" and name not in OPEN and not operation.get("x-changes-nothing"):
            answer = await call(client, one, Authorization=f"Bearer {only.key}")
            if answer.status_code < 400:
                wrong.append((name, "a key that only reads", answer.status_code, answer.text[:160]))
    assert wrong == []
    assert await changes(means) == before


async def changes(means: Means) -> int:
    async with means.tx.read() as db:
        return int((await db.execute(text("SELECT coalesce(max(seq), 0) FROM journal_entry"))).scalar_one())


COUNT_IN_THEIR_BODY = {"signIn", "beginSignIn", "returnFromSignIn", "giveSignInCode", "listSignInProviders"}


def test_every_operation_counts_those_who_ask():
    """Rate limits have no gap: what no key is asked for is counted by where it comes from."""
    uncounted = [
        route.operation_id
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and not any(asks(route, way) for way in (reader, spend_openly))
    ]
    assert set(uncounted) == COUNT_IN_THEIR_BODY


def asks(route: APIRoute, wanted: object) -> bool:
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if dependant.call is wanted:
            return True
        waiting.extend(dependant.dependencies)
    return False
