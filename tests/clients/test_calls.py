"""Every operation of the document is a call of the client, sent as the document says."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from techmarket.api.examples import operations_of
from techmarket.cli.client import FOLDER, FOR_BROWSERS, NO_METHOD, client_files, snake
from techmarket.cli.openapi import document
from techmarket.client import AsyncMarket, Market, market

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]


@pytest.fixture(scope="module")
def described() -> Json:
    return document()


def test_the_client_is_the_one_that_the_document_makes(described: Json):
    kept = {name: (ROOT / FOLDER / name).read_text() for name in client_files(described)}
    assert kept == client_files(described), "run `make openapi`"


def example_of(content: Mapping[str, Any]) -> Any:
    return next(iter(content["examples"].values()))["value"]


def asked(operation: Json) -> tuple[list[Any], Json]:
    """The arguments that a program would give, from the examples of the document."""
    positional = [one["example"] for one in operation["parameters"] if one["in"] == "path"]
    named: Json = {
        snake(one["name"].replace("-", "_")): one["example"]
        for one in operation["parameters"]
        if one["in"] == "query" or (one["in"] == "header" and one["name"].startswith("x-"))
    }
    contents = operation.get("requestBody", {}).get("content", {})
    if contents:
        media = next(iter(contents))
        value = example_of(contents[media])
        body = value if list(contents) == ["application/json"] else json.dumps(value).encode()
        if operation["requestBody"].get("required"):
            positional.append(body)
        else:
            named["body"] = body
        if len(contents) > 1:
            positional.append(media)
    for name, argument, value in (("if-match", "if_match", "3"), ("idempotency-key", "once", "my-own-key")):
        if name in {one["name"].lower() for one in operation["parameters"]}:
            named[argument] = value
    return positional, {f"{name}_" if name in ("from", "class") else name: value for name, value in named.items()}


def expected(path: str, method: str, operation: Json) -> tuple[str, str, Json, Any]:
    """What must arrive: method, address, the headers that count, the body."""
    query = []
    for one in operation["parameters"]:
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", quote(str(one["example"]), safe=""))
        elif one["in"] == "query":
            values = one["example"] if isinstance(one["example"], list) else [one["example"]]
            spelled = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
            query += [(one["name"], value) for value in spelled if one["example"] is not None]
    headers = {one["name"].lower() for one in operation["parameters"] if one["in"] == "header"} - {"if-none-match"}
    contents = operation.get("requestBody", {}).get("content", {})
    media = next(iter(contents), None)
    told = dict.fromkeys(headers)
    address = path + ("?" + urlencode(query, quote_via=quote, safe="") if query else "")
    return method.upper(), address, told, (media, example_of(contents[media])) if media else None


async def test_each_operation_is_sent_as_the_document_says_waited_for_and_awaited(described: Json):
    heard: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(200, json={"items": [], "next_cursor": None})

    here = "http://market.test"
    waiting = Market(here, "tmk_sample", transport=httpx.MockTransport(answer))
    awaiting = AsyncMarket(here, "tmk_sample", transport=httpx.MockTransport(answer))
    checked = 0
    for path, item in described["paths"].items():
        for method, operation in item.items():
            if operation["operationId"] in NO_METHOD:
                assert hasattr(Market, NO_METHOD[operation["operationId"]])
                continue
            if operation["operationId"] in FOR_BROWSERS:
                assert not hasattr(Market, snake(operation["operationId"]))
                continue
            positional, named = asked(operation)
            call, other = (getattr(one, snake(operation["operationId"])) for one in (waiting, awaiting))
            assert inspect.signature(call).parameters.keys() == inspect.signature(other).parameters.keys()
            call(*positional, **named)
            await other(*positional, **named)
            for request in heard:
                wanted = expected(path, method, operation)
                assert (request.method, request.url.raw_path.decode()) == wanted[:2]
                assert set(wanted[2]) <= set(request.headers), operation["operationId"]
                assert request.headers["authorization"] == "Bearer tmk_sample"
                if "idempotency-key" in wanted[2]:
                    assert request.headers["idempotency-key"] == "my-own-key"
                if wanted[3] is not None:
                    assert request.headers["content-type"] == wanted[3][0]
                    assert json.loads(request.content) == wanted[3][1]
            assert len(heard) == 2
            heard.clear()
            checked += 1
    waiting.close()
    await awaiting.close()
    assert checked + len(NO_METHOD) + len(FOR_BROWSERS) == len(list(operations_of(described)))


def test_every_list_of_pages_can_be_gone_through_entry_by_entry(described: Json):
    paged = {
        snake(operation["operationId"])
        for operation in operations_of(described)
        if "cursor" in {one["name"] for one in operation["parameters"]}
    }
    without = {name for name in paged if not hasattr(Market, f"each_{name.removeprefix('list_')}")}
    assert without == {"list_records", "list_releases"}  # packages of a foreign form, with their own links
    assert len(paged) > 50


def test_the_client_loads_nothing_of_the_server():
    program = (
        "import sys, techmarket.client\n"
        "heavy = {'fastapi', 'starlette', 'sqlalchemy', 'asyncpg', 'pydantic', 'cryptography', 'structlog', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)), sorted(n for n in sys.modules if n.startswith('techmarket.')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    loaded = {f"techmarket.client.{place.stem}" for place in (ROOT / FOLDER).glob("*.py")} - {
        "techmarket.client.__init__",
        "techmarket.client.shapes",  # for type checkers
    }
    assert done.stdout == f"[] {sorted({'techmarket.client', *loaded})}\n"


def test_an_answer_that_the_market_did_not_give_has_no_version():
    with pytest.raises(ValueError, match="no version"):
        market.etag_of({"id": "x"})
