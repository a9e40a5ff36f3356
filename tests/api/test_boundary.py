"""The edge refuses what is hostile, by name, in two languages, and turns trouble into an answer that can be retried."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

import asyncpg
import httpx
import pytest
import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import exc as database

from techmarket.api import docs, observe, refusals
from techmarket.api.limits import BodyRule, Limits, strict_json
from techmarket.api.protocol import PatientProtocol
from techmarket.api.shapes import (
    Aware,
    Code,
    Count,
    Cursor,
    Day,
    Int,
    Limit,
    LongText,
    MoneyOut,
    NonNegativeMoney,
    PositiveMoney,
    RateIn,
    Region,
    Sha256,
    ShortText,
    Title,
    Uuid,
    Wire,
)
from techmarket.kernel.refusals import Kind, Refusal
from tests.api import hostile

SECRET = "hunter2-in-the-database"


class Mode(StrEnum):
    ASSIGNMENT = "assignment"
    LICENCE = "licence"


class Owner(Wire):
    org_id: Uuid
    share: RateIn


class Thing(Wire):
    title: Title
    abstract: LongText
    price: PositiveMoney
    deposit: NonNegativeMoney
    mode: Mode
    owners: list[Owner]
    code: Code
    sha256: Sha256
    region: Region
    opens_at: Aware
    day: Day
    trl: Int
    pages: Count
    open: bool
    note: ShortText | None = None


class ThingOut(Wire):
    title: str
    price: MoneyOut
    opens_at: Aware


class NoticeStillRunning(Refusal):
    code, kind = "toy.notice_still_running", Kind.CONFLICT
    zh = "公示尚未结束，{ends_at} 之后才能签约。"
    en = "The notice has not ended; signing opens after {ends_at}."


class Throttled(Refusal):
    code, kind = "toy.throttled", Kind.TOO_MANY
    zh, en = "过于频繁。", "Too often."


GOOD: dict[str, Any] = {
    "title": "石墨烯散热膜 graphene film",
    "abstract": "一行\n两行",
    "price": {"amount": "600000.00", "currency": "CNY"},
    "deposit": {"amount": "0.00", "currency": "CNY"},
    "mode": "assignment",
    "owners": [{"org_id": hostile.NIL, "share": "0.70"}],
    "code": "ZJ-2026.1",
    "sha256": "a" * 64,
    "region": "330000",
    "opens_at": "2026-03-01T09:00:00+08:00",
    "day": "2026-03-01",
    "trl": 6,
    "pages": 0,
    "open": True,
}


def a_database_error(sqlstate: str) -> Exception:
    class Orig(Exception):
        pass

    orig = Orig(f"{SECRET} {sqlstate}")
    orig.sqlstate = sqlstate  # type: ignore[attr-defined]
    return database.DBAPIError("SELECT 1", {"password": SECRET}, orig)


def a_lost_connection() -> Exception:
    return database.DBAPIError("SELECT 1", {}, Exception("gone"), connection_invalidated=True)


def a_driver_refusal(cause: Exception) -> Exception:
    error = asyncpg.exceptions.DataError("invalid input for query argument $1")
    error.__cause__ = cause
    return database.DBAPIError("SELECT 1", {}, error)


def a_wrapped(cause: Exception) -> Exception:
    error = RuntimeError("while doing something")
    error.__cause__ = cause
    return error


TROUBLES: dict[str, tuple[Any, int, str]] = {
    **{
        state: (lambda state=state: a_database_error(state), 503, "market.busy")
        for state in (
            "08000", "08001", "08003", "08006", "53100", "53200", "53300", "57P01", "57P02", "57P03",
            "40001", "40P01", "55P03", "57014", "25006",
        )
    },
    **{
        state: (lambda state=state: a_database_error(state), 422, "request.unstorable")
        for state in ("22P02", "22021", "22003", "22P05")
    },
    "unique violation nobody named": (lambda: a_database_error("23505"), 409, "request.same_moment"),
    "syntax error": (lambda: a_database_error("42601"), 500, "market.fault"),
    "connection invalidated": (a_lost_connection, 503, "market.busy"),
    "pool timeout": (lambda: database.TimeoutError("QueuePool limit"), 503, "market.busy"),
    "refused": (ConnectionRefusedError, 503, "market.busy"),
    "reset": (ConnectionResetError, 503, "market.busy"),
    "many addresses": (lambda: OSError("Multiple exceptions: [Errno 111] ..."), 503, "market.busy"),
    "raw driver shutdown": (lambda: asyncpg.exceptions.AdminShutdownError("bye"), 503, "market.busy"),
    "raw driver closed": (lambda: asyncpg.InterfaceError("connection is closed"), 503, "market.busy"),
    "wrapped": (lambda: a_wrapped(a_database_error("40001")), 503, "market.busy"),
    "grouped": (lambda: ExceptionGroup("g", [a_database_error("57P01")]), 503, "market.busy"),
    "overflow in the driver": (lambda: a_driver_refusal(OverflowError()), 422, "request.unstorable"),
    "wrong type in the driver": (lambda: a_driver_refusal(TypeError()), 500, "market.fault"),
    "missing file": (lambda: FileNotFoundError(SECRET), 500, "market.fault"),
    "bug": (lambda: ZeroDivisionError(SECRET), 500, "market.fault"),
}  # fmt: skip


def toy_app(**limits: Any) -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    refusals.install(app)
    rules = (
        BodyRule("/v1/imports", bytes_max=16 * 1024 * 1024, media=("application/jsonl",)),
        BodyRule("/v1/things/{}/files", bytes_max=3_000_000, media=("*/*",), streamed=True, seconds=60),
    )
    app.add_middleware(Limits, rules=rules, **limits)
    app.add_middleware(observe.Observe)
    router = APIRouter(prefix="/v1")

    @router.post("/things", status_code=201, response_model=ThingOut, responses=refusals.refusals(NoticeStillRunning))
    async def post_thing(body: Thing) -> object:
        return body

    @router.get("/things")
    async def list_things(limit: Limit = 20, cursor: Cursor = None) -> dict[str, Any]:
        return {"limit": limit, "cursor": cursor}

    @router.get("/things/{thing_id}")
    async def get_thing(thing_id: Uuid) -> str:
        return str(thing_id)

    @router.put("/things/{thing_id}")
    async def put_thing(thing_id: Uuid, body: Owner) -> dict[str, Any]:
        return {"id": str(thing_id), "share": str(body.share)}

    @router.post("/things/{thing_id}/files")
    async def post_file(thing_id: Uuid, request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    @router.post("/imports")
    async def post_import(request: Request) -> int:
        return len(await request.body())

    @router.get("/signatures")
    async def sign() -> None:
        raise NoticeStillRunning(ends_at="2026-03-16", status="running", pointer="/body/at")

    @router.get("/throttled")
    async def throttled() -> None:
        raise Throttled(retry_after=7)

    @router.get("/trouble/{name}")
    async def trouble(name: str) -> None:
        raise TROUBLES[name][0]()

    app.include_router(router)

    async def ready() -> bool | str:
        if app.state.missing == "trouble":
            raise ConnectionRefusedError
        return app.state.missing or True

    app.state.missing = ""
    app.router.routes.extend(observe.routes(ready))
    app.router.routes.extend(docs.routes([]))
    return app


@pytest.fixture
def app() -> FastAPI:
    return toy_app()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://market.test") as opened:
        yield opened


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as records:
        yield records


async def send(client: httpx.AsyncClient, one: hostile.Hostile) -> httpx.Response:
    url = client.base_url.copy_with(raw_path=one.target)
    return await client.request(one.method, url, content=one.content, headers=list(one.headers))


def the_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    body: dict[str, Any] = response.json()
    assert body["code"] == code
    assert body["type"] == f"/refusals/{code}"
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "Accept-Language"
    return body


# --- the corpus -----------------------------------------------------------------------------------------------------


async def test_a_good_request_passes_and_money_and_time_come_back_in_one_form(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/things", json=GOOD)
    assert response.status_code == 201
    assert response.json() == {"title": GOOD["title"], "price": GOOD["price"], "opens_at": "2026-03-01T01:00:00Z"}


async def test_every_hostile_request_to_every_operation_gets_its_answer_and_never_a_5xx(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    walked = [one for one in hostile.requests(app.openapi()) if "/trouble/" not in one.target.decode()]
    wrong = []
    for one in walked:
        response = await send(client, one)
        exact = one.code is None or (response.status_code, response.json()["code"]) == (one.status, one.code)
        accepted = one.refused and response.status_code < 400
        if response.status_code >= 500 or not exact or accepted:
            wrong.append((one.method, one.target[:80], one.why, response.status_code, response.text[:300]))
    assert wrong == []
    assert len(walked) > 700


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"title": 5}, "/body/title", "wrong_type"),
        ({"title": " \u3000"}, "/body/title", "text.blank"),
        ({"title": "x" * 501}, "/body/title", "text.too_long"),
        ({"title": "a\nb"}, "/body/title", "text.control_character"),
        ({"title": "a\r\nSet-Cookie: x"}, "/body/title", "text.control_character"),
        ({"title": "a\u202egpj.exe"}, "/body/title", "text.invisible_character"),
        ({"title": "a\u200bb"}, "/body/title", "text.invisible_character"),
        ({"price": 600000}, "/body/price", "wrong_type"),
        ({"price": {"amount": 1.5, "currency": "CNY"}}, "/body/price/amount", "money.wrong_form"),
        ({"price": {"amount": "1.005", "currency": "CNY"}}, "/body/price/amount", "money.wrong_form"),
        ({"price": {"amount": "1e5", "currency": "CNY"}}, "/body/price/amount", "money.wrong_form"),
        ({"price": {"amount": "-0.00", "currency": "CNY"}}, "/body/price/amount", "money.wrong_form"),
        ({"price": {"amount": "1.00\n", "currency": "CNY"}}, "/body/price/amount", "money.wrong_form"),
        ({"price": {"amount": "1000000000000.00", "currency": "CNY"}}, "/body/price/amount", "money.wrong_form"),
        ({"price": {"amount": "0.00", "currency": "CNY"}}, "/body/price/amount", "money.not_positive"),
        ({"deposit": {"amount": "-0.01", "currency": "CNY"}}, "/body/deposit/amount", "money.negative"),
        ({"price": {"amount": "1.00", "currency": "USD"}}, "/body/price/currency", "money.wrong_currency"),
        ({"price": {"amount": "1.00", "currency": "CNY", "x": 1}}, "/body/price/x", "unknown_field"),
        ({"mode": "theft"}, "/body/mode", "not_one_of"),
        ({"owners": [{"org_id": "{" + hostile.NIL + "}", "share": "1"}]}, "/body/owners/0/org_id", "id.wrong_form"),
        ({"owners": [{"org_id": hostile.NIL, "share": "1.01"}]}, "/body/owners/0/share", "rate.wrong_form"),
        ({"owners": [{"org_id": hostile.NIL, "share": 0.5}]}, "/body/owners/0/share", "rate.wrong_form"),
        ({"owners": [{"org_id": hostile.NIL}]}, "/body/owners/0/share", "missing"),
        ({"code": "a b"}, "/body/code", "wrong_form"),
        ({"code": "abc\n"}, "/body/code", "wrong_form"),
        ({"sha256": "A" * 64}, "/body/sha256", "wrong_form"),
        ({"region": "033000"}, "/body/region", "wrong_form"),
        ({"opens_at": "2026-03-01T09:00:00"}, "/body/opens_at", "time.no_offset"),
        ({"opens_at": 1767225600}, "/body/opens_at", "time.wrong_form"),
        ({"opens_at": "9999-12-31T23:59:59-23:59"}, "/body/opens_at", "time.out_of_range"),
        ({"opens_at": "2026-02-30T00:00:00Z"}, "/body/opens_at", "time.wrong_form"),
        ({"day": "1989-12-31"}, "/body/day", "time.out_of_range"),
        ({"day": "20260301"}, "/body/day", "day.wrong_form"),
        ({"trl": "6"}, "/body/trl", "wrong_type"),
        ({"trl": True}, "/body/trl", "wrong_type"),
        ({"trl": 6.0}, "/body/trl", "wrong_type"),
        ({"trl": 2**31}, "/body/trl", "out_of_range"),
        ({"trl": 2**63}, "/body/trl", "out_of_range"),
        ({"pages": -1}, "/body/pages", "out_of_range"),
        ({"open": 1}, "/body/open", "wrong_type"),
        ({"open": "true"}, "/body/open", "wrong_type"),
        ({"a/b~c": 1}, "/body/a~1b~0c", "unknown_field"),
    ],
)
async def test_a_field_that_does_not_fit_is_named_by_pointer_and_code(
    client: httpx.AsyncClient, change: dict[str, Any], pointer: str, code: str
) -> None:
    body = the_problem(await client.post("/v1/things", json={**GOOD, **change}), 422, "request.invalid")
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [(pointer, code)]
    assert body["pointer"] == pointer


async def test_text_is_normalised_and_trimmed_before_it_enters(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/things", json={**GOOD, "title": "  Cafe\u0301 "})
    assert response.json()["title"] == "Café"


async def test_a_validation_problem_never_repeats_the_value(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/things", json={**GOOD, "title": 77123, "mode": SECRET, "code": f"{SECRET} x"})
    assert response.status_code == 422
    assert SECRET not in response.text
    assert "77123" not in response.text


async def test_a_body_that_is_missing_or_no_object_is_invalid(client: httpx.AsyncClient) -> None:
    body = the_problem(await client.post("/v1/things"), 422, "request.invalid")
    assert body["errors"][0]["code"] == "missing"
    body = the_problem(await client.post("/v1/things", json=[1]), 422, "request.invalid")
    assert (body["pointer"], body["errors"][0]["code"]) == ("/body", "wrong_type")


async def test_a_twenty_megabyte_body_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(20):
            taken += 1
            yield b" " * 1_000_000

    response = await client.post("/v1/things", content=endless(), headers={"content-type": "application/json"})
    assert the_problem(response, 413, "request.too_large")["bytes_max"] == 1024 * 1024
    assert taken <= 3
    declared = {"content-type": "application/json", "content-length": "20000000"}
    the_problem(await client.post("/v1/things", content=b"{}", headers=declared), 413, "request.too_large")


async def test_a_streamed_upload_is_counted_on_its_way(client: httpx.AsyncClient) -> None:
    async def body(megabytes: int) -> AsyncIterator[bytes]:
        for _ in range(megabytes):
            yield b"x" * 1_000_000

    path = f"/v1/things/{hostile.NIL}/files"
    headers = {"content-type": "application/pdf"}
    assert (await client.post(path, content=body(3), headers=headers)).json() == 3_000_000
    response = await client.post(path, content=body(4), headers=headers)
    assert the_problem(response, 413, "request.too_large")["bytes_max"] == 3_000_000
    assert response.headers["connection"] == "close"


async def test_an_address_may_take_more_and_another_type(client: httpx.AsyncClient) -> None:
    lines = b'{"a":1}\n' * 200_000
    headers = {"content-type": "application/jsonl"}
    assert (await client.post("/v1/imports", content=lines, headers=headers)).json() == 1_600_000
    response = await client.post("/v1/imports", json=GOOD)
    assert the_problem(response, 415, "request.wrong_media_type")["accepted"] == ["application/jsonl"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"a":1,"a":2}', "/body/a"),
        (b'{"x":[{"p":1},{"b/c":1,"b/c":2}]}', "/body/x/1/b~1c"),
        (b'{"a":{"q":1,"\\u0071":2}}', "/body/a/q"),
    ],
)
async def test_a_repeated_key_is_named_by_its_place(client: httpx.AsyncClient, body: bytes, pointer: str) -> None:
    response = await client.post("/v1/things", content=body, headers={"content-type": "application/json"})
    assert the_problem(response, 400, "request.duplicate_key")["pointer"] == pointer


@pytest.mark.parametrize(
    "good",
    [
        b'{"a":"\\\\u0000"}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"\\\\\\ud83d\\ude00"}',
        b'{"a":"\\\\ud800"}',
        b'{"a":-0}',
        b'{"a":9223372036854775807}',
        b'{"a":"99999999999999999999999999"}',
        b'{"a":"NaN [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}',
        b"[" * 32 + b"]" * 32,
        b'{"a":{"a":1},"b":{"a":1}}',
    ],
)
def test_what_only_looks_hostile_is_read_as_it_is(good: bytes) -> None:
    assert strict_json(good) == json.loads(good)


@pytest.mark.parametrize(
    "body",
    [b'{"a":"\\\\\\u0000"}', b'{"a":"\\\\ud83d\\ude00"}', b'{"a":"\\ud83d\\ud83d\\ude00"}', b'{"a":"\\ud83dx\\ude00"}'],
)
def test_an_escape_behind_escaped_backslashes_is_still_seen(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        strict_json(body)
    assert caught.value.code == "request.bad_text"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ([("authorization", "a"), ("authorization", "b")], 400, "request.bad_header"),
        ([("idempotency-key", "a"), ("idempotency-key", "b")], 400, "request.bad_header"),
        ([("x-note", "a\x01b")], 400, "request.bad_header"),
        ([("x-note", "a\r\nx-other: b")], 400, "request.bad_header"),
        ([("x-note", "y" * 33_000)], 431, "request.headers_too_large"),
    ],
)
async def test_headers_that_two_readers_could_read_differently_are_refused(
    client: httpx.AsyncClient, headers: list[tuple[str, str]], status: int, code: str
) -> None:
    the_problem(await client.get("/v1/things", headers=headers), status, code)


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999999999999", ""])
async def test_a_length_that_is_no_number_is_refused(client: httpx.AsyncClient, length: str) -> None:
    headers = {"content-type": "application/json", "content-length": length}
    assert (await client.post("/v1/things", content=b"{}", headers=headers)).status_code == 400


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
async def test_a_compressed_body_is_refused(client: httpx.AsyncClient, encoding: str) -> None:
    headers = {"content-encoding": encoding}
    the_problem(await client.post("/v1/things", json=GOOD, headers=headers), 415, "request.wrong_media_type")


@pytest.mark.parametrize(
    "limit", ["0", "101", "-1", "1_0", "+5", "%205", "1e1", "5.0", str(2**40), str(2**70), "", "x"]
)
async def test_a_page_has_one_to_a_hundred_lines(client: httpx.AsyncClient, limit: str) -> None:
    body = the_problem(await client.get(f"/v1/things?limit={limit}"), 422, "request.invalid")
    assert body["pointer"] == "/query/limit"


async def test_a_cursor_is_short_and_plain(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/things?cursor=abc-_9&limit=100")).json() == {"limit": 100, "cursor": "abc-_9"}
    for cursor in ("a" * 513, "a%20b", "", "a%0a", "%E4%B8%AD"):
        assert (await client.get(f"/v1/things?cursor={cursor}")).status_code in (400, 422)


# --- how no is said -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("en", "en"),
        ("en-GB, zh;q=0.9", "en"),
        ("en;q=0.3, zh-CN;q=0.8", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("de, en;q=0.5", "en"),
        ("de", "zh-CN"),
        ("*", "zh-CN"),
        ("zh;q=0, *", "en"),
        ("en;q=0, *", "zh-CN"),
        ("en;q=0", "zh-CN"),
        ("zh;q=0.5, *;q=0.9", "en"),
        ("en;q=nonsense", "zh-CN"),
        ("en;q=1.000, zh;q=0.999", "en"),
        ("," * 5000, "zh-CN"),
    ],
)
async def test_a_refusal_speaks_the_language_the_reader_wants_most(
    client: httpx.AsyncClient, header: str | None, language: str
) -> None:
    headers = {} if header is None else {"accept-language": header}
    response = await client.get("/v1/signatures", headers=headers)
    body = the_problem(response, 409, "toy.notice_still_running")
    said = {
        "zh-CN": "公示尚未结束，2026-03-16 之后才能签约。",
        "en": "The notice has not ended; signing opens after 2026-03-16.",
    }
    assert body["title"] == said[language]
    assert response.headers["content-language"] == language


async def test_a_refusal_carries_its_facts_and_none_of_them_covers_a_member(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/signatures", headers={"accept-language": "en"})
    body = the_problem(response, 409, "toy.notice_still_running")
    assert body["ends_at"] == "2026-03-16"
    assert (body["status"], body["fact_status"]) == (409, "running")
    assert (body["instance"], body["pointer"]) == ("/v1/signatures", "/body/at")
    assert body["detail"] == f"{body['title']} Read the present state, then decide."


async def test_a_refusal_that_time_cures_says_when(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/throttled")
    assert the_problem(response, 429, "toy.throttled")["retry_after"] == 7
    assert response.headers["retry-after"] == "7"


async def test_an_unknown_address_and_a_wrong_method_are_problems_too(client: httpx.AsyncClient) -> None:
    the_problem(await client.get("/v1/nothing"), 404, "not_found")
    response = await client.patch("/v1/things")
    assert the_problem(response, 405, "request.wrong_method")["allowed"] == ["GET", "HEAD", "POST"]
    assert response.headers["allow"] == "GET, HEAD, POST"
    assert (await client.request("TRACE", "/v1/things")).status_code == 405
    override = {"x-http-method-override": "DELETE"}
    assert (await client.get("/v1/things", headers=override)).status_code == 200


@pytest.mark.parametrize("name", list(TROUBLES))
async def test_trouble_of_the_database_is_busy_or_unstorable_and_a_bug_is_a_fault(
    client: httpx.AsyncClient, name: str
) -> None:
    _, status, code = TROUBLES[name]
    response = await client.get(f"/v1/trouble/{name}")
    the_problem(response, status, code)
    assert ("retry-after" in response.headers) == (status == 503)
    if status == 503:
        assert 1 <= int(response.headers["retry-after"]) <= 5
    for inside in (SECRET, "Traceback", "SELECT", "Error"):
        assert inside not in response.text


async def test_a_fault_is_on_record_with_its_trace_and_its_request_id(
    client: httpx.AsyncClient, logged: list[Any]
) -> None:
    response = await client.get("/v1/trouble/bug", headers={"x-request-id": "my-request-0001"})
    assert the_problem(response, 500, "market.fault")["request_id"] == "my-request-0001"
    (fault,) = [record for record in logged if record["event"] == "fault"]
    assert isinstance(fault["exc_info"], ZeroDivisionError)
    assert fault["request_id"] == "my-request-0001"


async def test_values_of_a_failed_statement_do_not_reach_the_log(client: httpx.AsyncClient, logged: list[Any]) -> None:
    await client.get("/v1/trouble/syntax error")
    (fault,) = [record for record in logged if record["event"] == "fault"]
    assert "hidden" in str(fault["exc_info"])


# --- what it tells about itself -------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["short", "x" * 65, "has space in it", "new\tline-here", "中文中文中文"])
async def test_a_request_id_that_is_not_well_formed_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/v1/things", headers=[(b"x-request-id", given.encode())])
    assert len(response.headers["x-request-id"]) == 36


async def test_the_access_log_names_the_route_and_never_the_address(
    client: httpx.AsyncClient, logged: list[Any]
) -> None:
    await client.get(f"/v1/things/{hostile.NIL}?secret={SECRET}", headers={"x-request-id": "abcdefgh"})
    await client.get(f"/nowhere/{SECRET}")
    first, second = [record for record in logged if record["event"] == "request"]
    assert first.pop("ms") >= 0
    assert first == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "route": "/v1/things/{thing_id}",
        "status": 200,
        "request_id": "abcdefgh",
    }
    assert (second["route"], second["status"], second["code"]) == ("unmatched", 404, "not_found")
    assert SECRET not in str(logged)


async def test_metrics_count_by_route_template_and_status_class(client: httpx.AsyncClient) -> None:
    def count(text: str) -> float:
        line = 'techmarket_http_requests_total{method="GET",route="/v1/things/{thing_id}",status="4xx"} '
        return sum(float(row.removeprefix(line)) for row in text.splitlines() if row.startswith(line))

    before = count((await client.get("/metrics")).text)
    await client.get("/v1/things/not-an-id")
    after = (await client.get("/metrics")).text
    assert count(after) == before + 1
    assert "not-an-id" not in after
    assert "techmarket_http_requests_in_progress 1.0" in after


async def test_a_process_that_lacks_something_is_alive_but_not_ready(app: FastAPI, client: httpx.AsyncClient) -> None:
    assert (await client.get("/readyz")).json() == {"ready": True}
    app.state.missing = "migrations"
    response = await client.get("/readyz")
    assert the_problem(response, 503, "market.not_ready")["missing"] == "migrations"
    assert response.headers["retry-after"] == "2"
    app.state.missing = "trouble"
    assert the_problem(await client.get("/readyz"), 503, "market.not_ready")["missing"] == "database"
    assert (await client.get("/healthz")).json() == {"alive": True}


async def test_every_answer_carries_the_protective_headers_and_allows_no_other_origin(
    client: httpx.AsyncClient,
) -> None:
    for path in ("/v1/things", "/nothing", "/v1/trouble/bug", "/v1/things?q=%00"):
        headers = (await client.get(path, headers={"origin": "https://other.example"})).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert not [name for name in headers if name.startswith("access-control")]


async def test_a_command_that_asked_for_quiet_writes_no_line_of_a_request(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = logging.getLogger().handlers[:], logging.getLogger().level
    before = structlog.get_config()
    try:
        observe.configure_logging(json=True, level=logging.WARNING)
        await client.get(f"/v1/things/{hostile.NIL}")
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers[:], level = kept
        logging.getLogger().setLevel(level)
    assert observe.ACCESS not in capsys.readouterr().err


async def test_the_line_of_a_request_is_one_json_object_on_the_stream(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = logging.getLogger().handlers[:], logging.getLogger().level
    before = structlog.get_config()
    try:
        observe.configure_logging(json=True)
        await client.get(f"/v1/things/{hostile.NIL}?secret={SECRET}", headers={"x-request-id": "abcdefgh"})
        await asyncio.sleep(0)  # the lines of one turn of the loop are written after it
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers[:], level = kept
        logging.getLogger().setLevel(level)
    (said,) = [json.loads(line) for line in capsys.readouterr().err.splitlines() if observe.ACCESS in line]
    assert said.pop("ms") >= 0
    assert datetime.fromisoformat(said.pop("timestamp")).tzinfo is not None
    assert said == {
        "event": "request",
        "level": "info",
        "logger": "techmarket.access",
        "method": "GET",
        "route": "/v1/things/{thing_id}",
        "status": 200,
        "request_id": "abcdefgh",
    }


def test_a_field_named_like_a_secret_is_masked_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    kept = logging.getLogger().handlers[:], logging.getLogger().level
    before = structlog.get_config()
    try:
        observe.configure_logging(json=True)
        log = structlog.get_logger("test")
        log.info("told", api_key=SECRET, nested={"Password": SECRET, "list": [{"token": SECRET}]}, plain="shown")
        try:
            local = SECRET
            raise ZeroDivisionError(len(local))
        except ZeroDivisionError:
            log.exception("broke")
        logging.getLogger("library").warning("theirs")
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers[:], level = kept
        logging.getLogger().setLevel(level)
    told, broke, theirs = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (told["plain"], told["api_key"], told["nested"]["Password"]) == ("shown", "[masked]", "[masked]")
    assert broke["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert theirs["event"] == "theirs"
    assert SECRET not in json.dumps([told, broke, theirs])


# --- the pages and the document -------------------------------------------------------------------------------------


async def test_the_type_of_a_problem_leads_to_a_page_in_both_languages(client: httpx.AsyncClient) -> None:
    page = (await client.get("/refusals/toy.notice_still_running")).json()
    assert page == {
        "code": "toy.notice_still_running",
        "status": 409,
        "zh-CN": NoticeStillRunning.zh,
        "en": NoticeStillRunning.en,
        "facts": ["ends_at"],
    }
    text = (await client.get("/refusals/market.fault", headers={"accept": "text/markdown"})).text
    assert text.startswith("## market.fault\n\nHTTP 500\n")
    the_problem(await client.get("/refusals/no.such.code"), 404, "not_found")


def test_every_refusal_has_a_page() -> None:
    pages = docs.refusal_pages()
    assert [code for code in Refusal.registry if f"## {code}\n" not in pages] == []


def test_every_operation_tells_its_refusals_under_one_schema(app: FastAPI) -> None:
    document = app.openapi()
    responses = document["paths"]["/v1/things"]["post"]["responses"]
    assert list(responses) == ["201", "400", "408", "409", "413", "415", "422", "431", "500", "503"]
    assert responses["409"]["x-codes"] == ["toy.notice_still_running", "request.same_moment"]
    assert responses["409"]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
    assert NoticeStillRunning.zh in responses["409"]["description"]
    assert list(document["paths"]["/v1/things"]["get"]["responses"]) == ["200", "400", "422", "431", "500", "503"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


# --- over a real connection -----------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def served(app: FastAPI, *, head_seconds: float = 15.0, idle_seconds: int = 5, **more: int) -> AsyncIterator[int]:
    protocol = type("Quick", (PatientProtocol,), {"head_seconds": head_seconds, **more})
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        lifespan="off",
        log_config=None,
        access_log=False,
        http=protocol,
        timeout_keep_alive=idle_seconds,
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    running = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        async with asyncio.timeout(10):
            await running


async def _all_that_comes(reader: asyncio.StreamReader) -> bytes:
    """Also when the other side resets the connection after its answer, because we were still sending."""
    got = b""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            got += chunk
    return got


async def talk(port: int, *sent: bytes, pause: float = 0.0) -> tuple[bytes, float]:
    """What the market answers until it closes the connection, and after how long."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.monotonic()
    reading = asyncio.create_task(_all_that_comes(reader))
    try:
        async with asyncio.timeout(30):
            with contextlib.suppress(ConnectionError):
                for part in sent:
                    if reading.done():
                        break
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(pause)
            answer = await reading
    finally:
        reading.cancel()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return answer, time.monotonic() - started


HEAD = b"POST /v1/things HTTP/1.1\r\nHost: market.test\r\nContent-Type: application/json\r\n"


async def test_a_body_that_stops_coming_is_answered_and_the_connection_closed() -> None:
    async with served(toy_app(idle_seconds=0.3)) as port:
        answer, _ = await talk(port, HEAD + b'Content-Length: 100\r\n\r\n{"title":')
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request.too_slow"' in answer


async def test_a_body_that_drips_is_cut_off_by_the_total_time() -> None:
    async with served(toy_app(idle_seconds=5, read_seconds=0.5)) as port:
        answer, _ = await talk(port, HEAD + b"Content-Length: 100\r\n\r\n", *[b"x"] * 10, pause=0.1)
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_many_slow_bodies_do_not_hold_up_the_others() -> None:
    async with served(toy_app(idle_seconds=1.0)) as port:
        slow = [asyncio.create_task(talk(port, HEAD + b"Content-Length: 100\r\n\r\n{")) for _ in range(50)]
        await asyncio.sleep(0.2)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert (await client.post("/v1/things", json=GOOD)).status_code == 201
        answers = [answer for answer, _ in await asyncio.gather(*slow)]
    assert [answer[:13] for answer in answers] == [b"HTTP/1.1 408 "] * 50


async def test_a_body_beyond_the_cap_is_refused_by_count_and_the_connection_closed() -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    async with served(toy_app()) as port:
        answer, _ = await talk(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 17)
        declared, _ = await talk(port, HEAD + b"Content-Length: 20000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert declared.startswith(b"HTTP/1.1 413 ")


async def test_a_client_that_leaves_in_the_middle_does_no_harm() -> None:
    async with served(toy_app()) as port:
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD + b"Content-Length: 100\r\n\r\n{")
            await writer.drain()
            writer.close()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert (await client.post("/v1/things", json=GOOD)).status_code == 201


async def test_raw_bytes_in_the_request_line_and_twin_headers_never_end_in_a_5xx() -> None:
    lines = (
        b"GET /v1/things?q=\xff\xfe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /v1/things/%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /v1/things HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{}",
    )
    async with served(toy_app()) as port:
        for line in lines:
            answer, _ = await talk(port, line)
            assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")), (line, answer[:200])


@pytest.mark.parametrize(
    "sent",
    [(), (b"",), (b"\r\n",), (b"GET /v1/thi",), (b"GET /v1/things HTTP/1.1\r\nHost: a\r\nX-Slow: ",)],
    ids=["silence", "nothing", "blank line", "half a line", "half a header"],
)
async def test_a_request_head_that_does_not_come_is_cut_off(sent: tuple[bytes, ...]) -> None:
    async with served(toy_app(), head_seconds=0.4) as port:
        answer, seconds = await talk(port, *sent)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert seconds > 0.2


async def test_a_second_request_on_the_same_connection_may_not_dawdle_either() -> None:
    whole = b"GET /v1/things HTTP/1.1\r\nHost: a\r\n\r\n"
    async with served(toy_app(), head_seconds=0.4) as port:
        answer, _ = await talk(port, whole, b"GET /v1/", pause=0.2)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answer


async def test_half_a_head_that_came_amid_an_answer_is_told_to_be_late_and_not_taken_for_an_idle_line() -> None:
    app, release = toy_app(), asyncio.Event()

    @app.get("/held")
    async def held() -> str:
        await release.wait()
        return "done"

    first = HELD.replace(b"Connection: close\r\n", b"")
    async with served(app, head_seconds=0.6, idle_seconds=0) as port:  # whoever is idle is let go at once
        talking = asyncio.create_task(talk(port, first + b"GET /v1/thi"))
        await asyncio.sleep(0.1)
        release.set()
        answer, _ = await talking
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answer


async def test_idle_lines_keep_nobody_out_and_the_longest_idle_goes_first() -> None:
    whole = b"GET /v1/things HTTP/1.1\r\nHost: a\r\n\r\n"
    async with served(toy_app(), lines_max=5) as port:
        lines = []
        for _ in range(20):
            lines.append(await asyncio.open_connection("127.0.0.1", port))
            await asyncio.sleep(0.005)
        answer, _ = await talk(port, whole.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert answer.startswith(b"HTTP/1.1 200 ")
        ended = [await asyncio.wait_for(reader.read(1), 5) for reader, _ in lines[:16]]
        assert ended == [b""] * 16, "the longest idle were not let go"
        reader, writer = lines[-1]
        writer.write(whole)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 "), "a line that is asked on is served"
        for _, one in lines:
            one.close()


async def test_no_line_is_let_go_while_a_request_of_it_is_answered_or_coming_in() -> None:
    app, held, release = toy_app(), asyncio.Event(), asyncio.Event()

    @app.get("/held")
    async def wait_here() -> str:
        held.set()
        await release.wait()
        return "done"

    whole = b"GET /v1/things HTTP/1.1\r\nHost: a\r\n\r\n"
    async with served(app, lines_max=4) as port:
        lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        (piped, pipe), (half, begun), (late, amid) = lines
        pipe.write(whole + HELD)  # the second is answered when the first one is done
        begun.write(HELD[:20])
        assert (await piped.readline()).startswith(b"HTTP/1.1 200 ")
        await held.wait()
        amid.write(whole + HELD[:20])  # part of a head comes in one go with a whole request
        assert (await late.readline()).startswith(b"HTTP/1.1 200 ")
        others = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        assert await asyncio.wait_for(others[0][0].read(), 5) == b""
        release.set()
        for writer in (begun, amid):
            writer.write(HELD[20:])
        for reader in (piped, half, late):
            assert (await asyncio.wait_for(reader.read(), 5)).endswith(b'"done"')
        # Where nothing is idle, whoever has been sending his head for longest is told so, and not cut off in silence.
        for _, writer in others:
            writer.close()
        slow = []
        for _ in range(5):
            slow.append(await asyncio.open_connection("127.0.0.1", port))
            slow[-1][1].write(HELD[:20])
            await asyncio.sleep(0.02)
        answer, _ = await talk(port, whole.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert (await asyncio.wait_for(slow[0][0].read(), 5)).startswith(b"HTTP/1.1 408 ")
        for _, writer in (*lines, *slow):
            writer.close()


async def test_beyond_what_is_answered_at_once_callers_hear_when_to_come_again() -> None:
    app, release = toy_app(), asyncio.Event()

    @app.get("/held")
    async def held() -> str:
        await release.wait()
        return "done"

    async with served(app, busy_max=2) as port:
        first = [asyncio.create_task(talk(port, HELD)) for _ in range(2)]
        await asyncio.sleep(0.2)
        answer, _ = await talk(port, HELD)
        release.set()
        assert [said[:13] for said, _ in await asyncio.gather(*first)] == [b"HTTP/1.1 200 "] * 2
        again, _ = await talk(port, HELD)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert re.search(rb"retry-after: [1-5]\r\n", answer)
    assert b'"code":"market.busy"' in answer
    assert again.startswith(b"HTTP/1.1 200 ")


HELD = b"GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def test_a_request_that_is_being_answered_is_not_cut_off() -> None:
    app = toy_app()

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.6)
        return "done"

    async with served(app, head_seconds=0.2) as port:
        answer, _ = await talk(port, b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_header_that_never_ends_is_cut_off() -> None:
    async with served(toy_app()) as port:
        answer, _ = await talk(port, b"GET / HTTP/1.1\r\nX-Long: ", *[b"x" * 10_000] * 8, pause=0.02)
    assert answer.startswith(b"HTTP/1.1 431 ")
