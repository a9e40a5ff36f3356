"""The document that programs read: whole, honest about keys, and the same as the one in api_specs/."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from pathlib import Path

import pytest

from techmarket.api.document import Document
from techmarket.api.examples import PLACE as EXAMPLES
from techmarket.cli.examples import Shapes
from techmarket.cli.openapi import document, document_text
from techmarket.hub.telling import PUBLIC_TYPES
from techmarket.hub.webhooks import PING
from techmarket.kernel.events import Event

ROOT = Path(__file__).parents[2]
UNSAFE = ("post", "put", "patch", "delete")
OPEN = {
    line.split("|")[1].strip().strip("`")
    for line in (ROOT / "docs" / "open-operations.md").read_text().splitlines()
    if line.startswith("| `")
}


@pytest.fixture(scope="module")
def operations() -> dict[str, tuple[str, str, dict]]:
    paths = document()["paths"]
    return {
        operation["operationId"]: (method, path, operation)
        for path, item in paths.items()
        for method, operation in item.items()
        if method in ("get", *UNSAFE)
    }


def test_the_document_in_api_specs_is_the_one_that_is_served():
    assert (ROOT / "api_specs" / "openapi.json").read_text() == document_text(), "run `make openapi`"


def test_each_operation_has_a_name_a_description_and_refusals(operations):
    bare = [name for name, (_, _, operation) in operations.items() if not operation.get("description")]
    assert bare == []
    unsaid = [
        name
        for name, (_, _, operation) in operations.items()
        if not any(status.startswith("4") for status in operation["responses"])
    ]
    assert unsaid == []


def test_each_operation_has_a_name_an_example_of_each_part_its_limits_and_its_ways_in(operations):
    """Whatever is added to the market and lacks one of these is named here."""
    lacks = []
    for name, (method, path, operation) in operations.items():
        parts = [
            *(("parameter " + one["name"], "example" in one and one.get("schema")) for one in operation["parameters"]),
            *((f"body {kind}", one.get("examples")) for kind, one in _contents(operation.get("requestBody", {}))),
            *(
                (f"{status} {kind}", one.get("examples"))
                for status, answer in operation["responses"].items()
                for kind, one in _contents(answer)
                if kind != "text/event-stream"
            ),
            *((status, answer.get("description")) for status, answer in operation["responses"].items()),
            ("summary", operation.get("summary")),
            ("tags", operation.get("tags")),
            ("security", "security" in operation or name in OPEN),
            ("rate class", operation["x-limits"]["rate_classes"]),
            ("bound of its body", "requestBody" not in operation or operation["x-limits"]["body_bytes_max"]),
            ("500", "500" in operation["responses"]),
            ("503", "Retry-After" in operation["responses"]["503"]["headers"]),
            ("2xx, or where it leads on to", any(status.startswith(("2", "303")) for status in operation["responses"])),
        ]
        lacks += [f"{method} {path}: {part}" for part, is_there in parts if not is_there]
    assert lacks == []
    assert len(set(operations)) == sum(len(item) for item in document()["paths"].values()), "a name is used twice"


def test_each_example_fits_its_shape(operations):
    described = document()
    shapes, known = Shapes(described), described["components"]["examples"]
    wrong, recorded = [], 0
    for name, (_, _, operation) in operations.items():
        told = [(one["name"], one.get("schema", {}), one["example"]) for one in operation["parameters"]]
        for kind, content in [*_contents(operation.get("requestBody", {})), *_answers(operation)]:
            for title, example in content.get("examples", {}).items():
                value = known[title]["value"] if "$ref" in example else example["value"]
                told.append((kind, content.get("schema", {}), value))
                recorded += title == "recorded"
        wrong += [(name, at, why) for at, schema, value in told if (why := shapes.complaint(schema, value))]
    assert wrong == []
    assert recorded > 300, "most bodies and answers are what a test sent and heard"


def test_no_example_shows_a_secret():
    kept = EXAMPLES.read_text()
    found = re.findall(r"\b(?:tmk|whsec|tms)_(?!sample)[A-Za-z0-9_+/=-]{8,}", kept)
    assert found == []


def test_each_event_that_is_told_outside_is_a_message_of_the_document():
    described = document()
    kinds = {kind for kind, event in Event.registry.items() if event.__module__.startswith("techmarket.")}
    assert set(described["webhooks"]) == {*kinds, *PUBLIC_TYPES, PING}
    bare = [
        name
        for name, item in described["webhooks"].items()
        if not item["post"]["description"] or not _contents(item["post"]["requestBody"])[0][1].get("examples")
    ]
    assert bare == []


def _contents(part):
    return list(part.get("content", {}).items())


def _answers(operation):
    return [one for answer in operation["responses"].values() for one in _contents(answer)]


def test_operations_that_need_no_key_are_the_ones_people_reviewed(operations):
    open_now = {
        name
        for name, (_, _, operation) in operations.items()
        if not operation.get("security") or {} in operation["security"]
    }
    assert open_now == OPEN
    assert len(open_now) < len(operations)


def test_every_changing_post_asks_for_an_idempotency_key(operations):
    without = [
        name
        for name, (method, _, operation) in operations.items()
        if method == "post"
        and not operation.get("x-changes-nothing")
        and "Idempotency-Key" not in {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
    ]
    secret_in_the_answer = ["beginSignIn", "giveSignInCode", "linkOutsideIdentity", "signIn"]
    assert sorted(without) == sorted(["receiveBankMessage", *secret_in_the_answer])


async def test_the_document_is_the_same_however_often_it_is_asked_for(api):
    first, second = [(await api.get("/openapi.json")).content for _ in range(2)]
    assert first == second
    assert json.loads(first) == json.loads((ROOT / "api_specs" / "openapi.json").read_text())


async def test_while_the_document_is_made_others_are_answered_and_it_is_made_once():
    began, release, made = threading.Event(), threading.Event(), []

    def make():
        began.set()
        assert release.wait(20)
        made.append(1)
        return {"openapi": "3.1.0"}

    document = Document(make)
    leaver, *asking = [asyncio.create_task(document.get()) for _ in range(4)]
    assert await asyncio.to_thread(began.wait, 20)  # here already another would be answered
    leaver.cancel()
    release.set()
    answers = await asyncio.gather(*asking)
    assert (made, {one.raw for one in answers}) == ([1], {b'{"openapi":"3.1.0"}'})
    assert (await document.get()).said == {"openapi": "3.1.0"}


async def test_a_document_that_could_not_be_made_is_made_by_whoever_asks_next():
    tries = [{"openapi": "3.1.0"}, MemoryError()]

    def make():
        made = tries.pop()
        if isinstance(made, MemoryError):
            raise made
        return made

    document = Document(make)
    with pytest.raises(MemoryError):
        await document.get()
    assert (await document.get()).said == {"openapi": "3.1.0"}


async def test_no_address_of_the_market_has_the_document_made_on_the_loop(client, monkeypatch):
    threads = []

    def make():
        threads.append(threading.current_thread() is threading.main_thread())
        return {"paths": {}, "components": {"schemas": {}}, "tags": []}

    for path in ("/openapi.json", "/docs", "/docs/placeBid"):
        monkeypatch.setattr(client._transport.app, "openapi", make)
        client._transport.app.state.document = Document(lambda: client._transport.app.openapi())
        await client.get(path)
    assert threads == [False] * 3
