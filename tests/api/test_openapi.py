"""The document that programs read: whole, honest about keys, and the same as the one in api_specs/."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from techmarket.cli.openapi import document, document_text

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
    assert sorted(without) == ["receiveBankMessage", "signIn"]


async def test_the_document_is_the_same_however_often_it_is_asked_for(api):
    first, second = [(await api.get("/openapi.json")).content for _ in range(2)]
    assert first == second
    assert json.loads(first) == json.loads((ROOT / "api_specs" / "openapi.json").read_text())
