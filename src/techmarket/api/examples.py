"""Examples of every operation: what the tests really sent and heard where they did, else a sketch from the shapes.

`examples.json` beside this file is chosen from transcripts by `techmarket examples` (`make examples`) and holds secrets
of nobody: whatever is shown once in the market is masked in it. `techmarket openapi --write` drops what no longer fits
its shape, and a sketch stands there until the next recording.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from techmarket.api.refusals import FAULT_CODE, FAULT_EN, FAULT_ZH, MEDIA_TYPE
from techmarket.api.sketches import sketch
from techmarket.kernel.refusals import Refusal

PLACE = Path(__file__).with_name("examples.json")
RECORDED, SKETCHED = "recorded", "sketched"
REQUEST_ID = "0198c2a0-0000-7000-8000-00000000000e"
METHODS = ("get", "post", "put", "patch", "delete")


def recorded() -> dict[str, Any]:
    """`{"operations": {operationId: {path, query, request, response}}, "problems": {code: problem}}`."""
    found: dict[str, Any] = json.loads(PLACE.read_text())
    return found


def add_examples(document: dict[str, Any]) -> None:
    """Give every parameter, body and answer of every operation an example."""
    known = recorded()
    schemas = document["components"]["schemas"]
    used: set[str] = set()
    for operation in operations_of(document):
        heard = known["operations"].get(operation["operationId"], {})
        operation["parameters"] = [
            _with_example(one, heard.get(one["in"], {}), schemas) for one in operation.get("parameters", ())
        ]
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            _put(content, heard.get("request"), media, schemas)
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                said = heard.get("response") if heard.get("status") == int(status) else None
                for media, content in answer.get("content", {}).items():
                    _put(content, said, media, schemas)
            elif MEDIA_TYPE in answer.get("content", {}) and answer.get("x-codes"):
                # Of the codes of a status the last is the most telling: the general ones come first.
                code = next((one for one in reversed(answer["x-codes"]) if one in known["problems"]), None)
                code = code or answer["x-codes"][-1]
                used.add(code)
                content = answer["content"][MEDIA_TYPE]
                content["examples"] = {code: {"$ref": f"#/components/examples/{code}"}}
    for item in document.get("webhooks", {}).values():
        for content in item["post"]["requestBody"]["content"].values():
            _put(content, None, "application/json", schemas)
    problems = {code: {"value": known["problems"].get(code) or problem_of(code)} for code in sorted(used)}
    document["components"]["examples"] = problems


def operations_of(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from (item[method] for method in METHODS if method in item)


def _with_example(parameter: Mapping[str, Any], heard: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """A copy: parameters that many operations share would else get one another's examples."""
    if "example" in parameter or "$ref" in parameter:
        return dict(parameter)
    name = parameter["name"]
    if name in heard:
        return {**parameter, "example": _typed(heard[name], parameter.get("schema", {}))}
    fixed = {"idempotency-key": "order-2026-0001", "if-match": '"3"', "if-none-match": '"3"'}
    value = fixed.get(name.lower())
    return {**parameter, "example": sketch(parameter.get("schema", {}), schemas) if value is None else value}


def _typed(spelled: Any, schema: Mapping[str, Any]) -> Any:
    """A value as it stood in an address, as what it says."""
    kinds = {one.get("type") for one in (schema, *schema.get("anyOf", ()))}
    if not isinstance(spelled, str):
        return spelled
    if "integer" in kinds and spelled.isdigit():
        return int(spelled)
    if "boolean" in kinds:
        return spelled == "true"
    return [spelled] if "array" in kinds else spelled


def _put(content: dict[str, Any], heard: Mapping[str, Any] | None, media: str, schemas: Mapping[str, Any]) -> None:
    if content.get("examples"):
        return
    if heard is not None and heard["media"] == media:
        content["examples"] = {RECORDED: {"value": heard["value"]}}
    else:
        content["examples"] = {SKETCHED: {"value": _sketch_of(content, media, schemas)}}


def _sketch_of(content: Mapping[str, Any], media: str, schemas: Mapping[str, Any]) -> Any:
    if content.get("schema"):
        return sketch(content["schema"], schemas)
    return {} if media.endswith("json") else "sample"


def problem_of(code: str) -> dict[str, Any]:
    """A problem document of this code; a fact that only a request could tell is shown as `?`."""
    known = Refusal.registry.get(code)
    text = FAULT_ZH if known is None else known.zh
    sentence = text.format_map(_Unknown()) if "{" in text else text
    status = 500 if known is None else known.kind.value
    assert known is not None or code == FAULT_CODE, FAULT_EN
    return {
        "type": f"/refusals/{code}",
        "title": sentence,
        "status": status,
        "code": code,
        "detail": sentence,
        "instance": "/v1",
        "request_id": REQUEST_ID,
    }


class _Unknown(dict[str, Any]):
    def __missing__(self, key: str) -> _Fact:
        return _Fact()


class _Fact:
    """Stands for any fact, also where a sentence asks for a part of it."""

    def __getattr__(self, name: str) -> _Fact:
        return self

    def __getitem__(self, name: object) -> _Fact:
        return self

    def __format__(self, spec: str) -> str:
        return "?"
