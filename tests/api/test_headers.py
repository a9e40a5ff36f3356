"""What stands around every answer: nothing that helps an attacker, and nothing a cache may keep of a keyed reader."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any

import pytest
import structlog
from httpx import AsyncClient, Response
from starlette.responses import JSONResponse
from starlette.types import Message

from techmarket.api import observe
from techmarket.cli import openapi
from techmarket.db.means import Means
from techmarket.identity.actor import OrgKind, Role
from tests.api import hostile
from tests.identity.make import an_organisation

LEAKS = re.compile(
    r"Traceback|File \"|\.py\b|sqlalchemy|asyncpg|psycopg|pydantic|starlette|fastapi|SELECT |INSERT |UPDATE .* SET"
    r"|DETAIL:|relation \"|syntax error|constraint|/src/|site-packages|127\.0\.0\.1:|password=|password authentication",
    re.IGNORECASE,
)
SECURITY = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY"}


@pytest.fixture(scope="module")
def operations() -> list[hostile.Operation]:
    return list(hostile.operations(openapi.document()))


@pytest.fixture
async def key(means: Means) -> str:
    """Of one who has every role at the market, so that requests get as far as they can."""
    made = await an_organisation(means.tx, kind=OrgKind.MARKET, keys=means.keys, roles=tuple(Role))
    return made.key


async def call(http: AsyncClient, operation: hostile.Operation, method: str = "", **headers: str) -> Response:
    request: dict[str, Any] = {"headers": {"Idempotency-Key": "k", **headers}}
    if operation.body is not None and not method:
        request["json"] = hostile.example_of(operation.body, operation.components)
    return await http.request(method or operation.method, operation.target(), **request)


def test_there_are_operations_to_walk(operations: list[hostile.Operation]):
    assert len(operations) > 30


async def test_every_answer_carries_the_security_headers_and_none_allows_another_origin(
    client: AsyncClient, key: str, operations: list[hostile.Operation]
):
    wrong = []
    for operation in operations:
        origin = {"Origin": "https://elsewhere.test", "Authorization": f"Bearer {key}"}
        for method in ("", "OPTIONS"):
            asked = {"Access-Control-Request-Method": operation.method} if method else {}
            answer = await call(client, operation, method, **origin, **asked)
            kept = {name: answer.headers.get(name) for name in SECURITY} == SECURITY
            crossing = [name for name in answer.headers if name.startswith("access-control-")]
            if not kept or crossing or "set-cookie" in answer.headers or "server" in answer.headers:
                wrong.append((operation.method, operation.path, method, dict(answer.headers)))
    assert wrong == []


async def test_what_a_keyed_reader_hears_is_kept_by_no_cache(
    client: AsyncClient, key: str, operations: list[hostile.Operation]
):
    said = {
        (operation.method, operation.path): answer.headers.get("cache-control", "")
        for operation in operations
        for answer in [await call(client, operation, Authorization=f"Bearer {key}")]
    }
    shared = {at: rule for at, rule in said.items() if "no-store" not in rule and "private" not in rule}
    assert shared == {}


async def test_a_page_is_kept_for_those_alone_who_would_be_shown_the_same(client: AsyncClient):
    page = await client.get("/")
    assert "cache-control" not in page.headers
    assert page.headers["vary"] == "Accept-Language, Authorization, Cookie"
    told = await client.get("/openapi.json", headers={"Cookie": "whatever=x"})
    assert told.headers.get_list("cache-control") == ["no-store"]


async def test_a_route_that_says_itself_what_a_cache_may_do_is_not_corrected(client: AsyncClient, key: str):
    answer = await client.get("/refusals/not_found", headers={"Authorization": f"Bearer {key}"})
    assert answer.headers.get_list("cache-control") == ["public, max-age=300"]


async def test_no_refusal_shows_a_trace_a_statement_or_a_library(
    client: AsyncClient, key: str, operations: list[hostile.Operation]
):
    shown = []
    for operation in operations:
        for headers in ({}, {"Authorization": f"Bearer {key}"}, {"Authorization": "Bearer tmk_'; DROP TABLE x"}):
            answer = await call(client, operation, **headers)
            if answer.status_code >= 400 and LEAKS.search(answer.text):
                shown.append((operation.method, operation.path, answer.text[:300]))
            assert answer.status_code < 500
    assert shown == []


@pytest.mark.parametrize("host", ["evil.test", "evil.test:1", "localhost@evil.test", "[::1]"])
async def test_the_host_header_changes_no_answer(client: AsyncClient, host: str):
    for path in ("/v1/rules", "/v1/clock", "/v1/nothing", "/healthz"):
        plain = await client.get(path)
        other = await client.get(path, headers={"Host": host, "X-Forwarded-Host": host, "X-Forwarded-Proto": "https"})
        assert other.status_code == plain.status_code
        assert "evil" not in other.text + str(other.headers)


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
async def test_a_header_does_not_turn_one_method_into_another(client: AsyncClient, header: str):
    for method in ("DELETE", "POST", "PATCH"):
        answer = await client.get("/v1/clock", headers={header: method})
        assert (answer.status_code, set(answer.json()) >= {"now"}) == (200, True)
    answer = await client.post("/v1/clock?_method=GET", headers={header: "GET"}, json={})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.key_missing")


METHODS = ("TRACE", "CONNECT", "PROPFIND", "DELETE", "JEFF")


async def test_a_method_that_an_address_does_not_take_is_refused_by_name(
    client: AsyncClient, key: str, operations: list[hostile.Operation]
):
    """The answer names the methods that would work, whoever asks, and repeats nothing of the request. Each address is
    asked by one method after another, each method at a fifth of them."""
    taken: dict[str, set[str]] = {}
    for operation in operations:
        taken.setdefault(operation.path, set()).add(operation.method)
    wrong, asked = [], Counter[str]()
    for n, operation in enumerate(operations):
        method = METHODS[n % len(METHODS)]
        if method in taken[operation.path]:
            continue
        answer = await call(client, operation, method, Authorization=f"Bearer {key}", **{"X-Echo": "echo-me"})
        asked[method] += 1
        allowed = set(answer.headers.get("allow", "").split(", "))
        kind = answer.headers.get("content-type")
        problem = kind == "application/problem+json" and answer.json()["code"] == "request.wrong_method"
        if answer.status_code != 405 or not problem or not taken[operation.path] <= allowed or "echo-me" in answer.text:
            wrong.append((method, operation.path, answer.status_code, kind, sorted(allowed)))
    assert wrong == []
    assert min(asked[method] for method in METHODS) > 50


async def test_a_plain_route_is_named_in_the_metrics_too(client):
    await client.get("/healthz")
    await client.post("/v1/lots/0198c2a0-0000-7000-8000-000000000000/bids", json={})
    metrics = (await client.get("/metrics")).text
    assert 'route="/healthz"' in metrics
    assert 'route="/v1/lots/{lot_id}/bids"' in metrics


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/v1/trades", "/v1/listings", "/v1/search?q=membrane", "/v1/trades/x", "/v1/me", "/healthz"]
)
async def test_what_can_be_read_can_be_asked_for_by_head_with_the_same_headers_and_no_body(client, path):
    def said(answer: Response) -> tuple[int, dict[str, str]]:
        headers = {n: v for n, v in answer.headers.items() if n != "x-request-id" and not n.startswith("ratelimit")}
        return answer.status_code, headers

    read, head = await client.get(path), await client.head(path)
    assert said(head) == said(read)
    assert (head.content, len(read.content) > 0) == (b"", True)


async def test_head_is_named_where_get_is_and_nowhere_else_and_counted_as_what_it_is(client):
    assert (await client.request("PROPFIND", "/v1/trades")).headers["allow"].split(", ")[:2] == ["GET", "HEAD"]
    refused = await client.head("/v1/revenue/calculations")
    assert (refused.status_code, refused.headers["allow"], refused.content) == (405, "POST", b"")
    await client.head("/v1/listings")
    metrics = (await client.get("/metrics")).text
    assert re.search(r'requests_total{method="HEAD",route="/v1/listings",status="2xx"}', metrics)
    assert all("head" not in item for item in openapi.document()["paths"].values())


class Line(asyncio.Protocol):
    def __init__(self) -> None:
        self.is_lost = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost.set()


async def test_a_caller_who_hung_up_between_two_of_his_requests_is_no_fault():
    """The error is the loop's own: of several requests at once the server tells only the last that the line is lost."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Line, "127.0.0.1", 0)
    transport, line = await loop.create_connection(Line, *server.sockets[0].getsockname())
    transport.abort()
    await line.is_lost.wait()

    async def send(message: Message) -> None:
        transport.write(b"x")

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    asked = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    with pytest.raises(RuntimeError, match="the handler is closed"):
        await send({})
    with structlog.testing.capture_logs() as logs:
        await observe.Observe(JSONResponse({}))(dict(asked), receive, send)
        with pytest.raises(RuntimeError, match="of our own"):
            await observe.Observe(JSONResponse({}))(dict(asked), receive, _broken)
    assert [line["event"] for line in logs if line["log_level"] != "info"] == []
    server.close()


async def _broken(message: Message) -> None:
    raise RuntimeError("of our own")
