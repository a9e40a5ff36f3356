"""Chooses the examples of the OpenAPI document from what the tests sent and heard (`tests/transcripts.py`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from techmarket.api.examples import METHODS, PLACE, REQUEST_ID

COMFORTABLE_BYTES = 2_500
"""Of what fits the longest example up to here tells most; above it the shortest."""
ITEMS_SHOWN = 2
_SECRET_NAMES = re.compile(
    r"^(key|secret|token|password|client_secret|access_token|refresh_token|totp_secret|code|recovery_codes|salt)$"
)
_SECRET_TEXTS = re.compile(r"\b(tmk|tms|whsec|tmu|tmc)_[A-Za-z0-9_+/=-]{8,}")
_CODE = re.compile(r"[a-z_]+(\.[a-z_]+)+")
Json = dict[str, Any]


class Shapes:
    """The shapes of a document, to check values against."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._components = document["components"]
        self._checkers: dict[str, Draft202012Validator] = {}

    def complaint(self, schema: Mapping[str, Any], value: Any) -> str | None:
        """The first thing that is wrong with a value, or nothing."""
        spelled = json.dumps(schema, sort_keys=True)
        checker = self._checkers.get(spelled)
        if checker is None:
            checker = Draft202012Validator({**schema, "components": self._components})
            self._checkers[spelled] = checker
        error = next(iter(checker.iter_errors(value)), None)
        return None if error is None else f"{error.json_path}: {error.message[:300]}"


def choose(transcripts: Iterable[Json], document: Mapping[str, Any]) -> Json:
    """One success of each operation and one refusal of each code, that fit their shapes."""
    shapes, finder = Shapes(document), _Finder(document)
    operations: dict[str, tuple[tuple[bool, int], Json]] = {}
    problems: dict[str, tuple[int, Json]] = {}
    for one in transcripts:
        if one["media"] == "application/problem+json" and isinstance(one["got"], dict):
            said = _masked(one["got"]) | {"request_id": REQUEST_ID}
            rank = len(json.dumps(said))
            if said["code"] not in problems or rank < problems[said["code"]][0]:
                problems[said["code"]] = rank, said
            continue
        found = finder.find(one["method"], one["path"])
        if found is None or not 200 <= one["status"] < 300:
            continue
        operation, path = found
        made = example_of(one, path)
        size = len(json.dumps(made, ensure_ascii=False))
        rank2 = size <= COMFORTABLE_BYTES, size if size <= COMFORTABLE_BYTES else -size
        name = operation["operationId"]
        if (name not in operations or rank2 > operations[name][0]) and not complaints(made, operation, shapes):
            operations[name] = rank2, made
    return {
        "operations": {name: made for name, (_, made) in sorted(operations.items())},
        "problems": {code: said for code, (_, said) in sorted(problems.items())},
    }


def example_of(one: Json, path: Json) -> Json:
    """What is kept of a transcript."""
    made: Json = {"status": one["status"], "path": path, "query": _masked(one["query"])}
    if one["sent"] is not None:
        made["request"] = {"media": one["asked_as"], "value": _masked(one["sent"])}
    if one["got"] is not None:
        made["response"] = {"media": one["media"], "value": _shortened(_masked(one["got"]))}
    return made


def complaints(made: Json, operation: Mapping[str, Any], shapes: Shapes) -> list[str]:
    """What of an example does not fit the operation as it is now."""
    found = []
    answer = operation["responses"].get(str(made["status"]))
    if answer is None:
        return [f"{made['status']} is no answer"]
    for side, contents in (
        ("request", operation.get("requestBody", {}).get("content", {})),
        ("response", answer.get("content", {})),
    ):
        if side not in made:
            if contents and (side == "response" or operation["requestBody"].get("required")):
                found.append(f"{side} is missing")
            continue
        content = contents.get(made[side]["media"])
        if content is None:
            found.append(f"{side} is {made[side]['media']}")
        elif wrong := shapes.complaint(content.get("schema", {}), made[side]["value"]):
            found.append(f"{side} {wrong}")
    return found


def refresh(document: Mapping[str, Any], place: Path = PLACE) -> list[str]:
    """Drop the examples that no longer fit; the names of their operations."""
    kept = json.loads(place.read_text())
    shapes = Shapes(document)
    now = {
        item[method]["operationId"]: item[method]
        for item in document["paths"].values()
        for method in METHODS
        if method in item
    }
    gone = [name for name, made in kept["operations"].items() if name not in now or complaints(made, now[name], shapes)]
    if gone:
        kept["operations"] = {name: made for name, made in kept["operations"].items() if name not in gone}
        place.write_text(written(kept))
    return gone


def written(examples: Mapping[str, Any]) -> str:
    """One example a line, so that a change of one is a change of one line."""
    parts = []
    for name, entries in examples.items():
        lines = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in entries.items()]
        parts.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def read(folder: Path) -> Iterator[Json]:
    """Every transcript of a folder."""
    for file in sorted(folder.glob("*.jsonl")):
        with file.open() as lines:
            yield from (json.loads(line) for line in lines)


class _Finder:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._templates = [
            (re.compile("".join(_piece(part) for part in re.split(r"(\{[^}]+\})", path))), item)
            for path, item in sorted(document["paths"].items(), key=lambda pair: pair[0].count("{"))
        ]

    def find(self, method: str, path: str) -> tuple[Mapping[str, Any], Json] | None:
        for pattern, item in self._templates:
            met = pattern.fullmatch(path)
            if met is not None and method.lower() in item:
                return item[method.lower()], met.groupdict()
        return None


def _piece(part: str) -> str:
    return f"(?P<{part[1:-1].split(':')[0]}>[^/]+)" if part.startswith("{") else re.escape(part)


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, name) for inner in value]
    if not isinstance(value, str):
        return value
    # A code that people decide by is no secret; a code that opens something is.
    if _SECRET_NAMES.match(name) and not _CODE.fullmatch(value):
        return "sample-" + "x" * max(0, len(value) - 7) if len(value) >= 16 else value
    return _SECRET_TEXTS.sub(lambda found: f"{found[1]}_sample", value)


def _shortened(value: Any) -> Any:
    """Pages of a list are shown with their first entries."""
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        return {**value, "items": value["items"][:ITEMS_SHOWN]}
    return value
