"""Sends generated requests to the whole edge in process, and remembers the ids it hears, so as to go deeper."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi import checks as promised

from techmarket.cli.openapi import document

T = TypeVar("T")

ORIGIN = "http://market.test"
CHECKS = [
    schemathesis.checks.not_a_server_error,
    promised.status_code_conformance,
    promised.content_type_conformance,
    promised.response_headers_conformance,
    promised.response_schema_conformance,
]
KNOWN_IDS_SHARE = 0.85


@schemathesis.serializer("application/x-ndjson")
def as_lines(_context: Any, value: Any) -> bytes:
    rows = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(row).encode() + b"\n" if not isinstance(row, bytes) else row for row in rows)


class Loop:
    """An event loop in a thread: the generator of requests is synchronous, the market is not."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fuzz-loop", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], *, seconds: float = 30) -> T:
        waiting: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return waiting.result(timeout=seconds)

    @contextlib.contextmanager
    def living(self, app: FastAPI) -> Iterator[None]:
        """The app between its start and its end, both in one task as a server has them."""
        started, stop = threading.Event(), asyncio.Event()

        async def live() -> None:
            async with app.router.lifespan_context(app):
                started.set()
                await stop.wait()

        ended = asyncio.run_coroutine_threadsafe(live(), self._loop)
        assert started.wait(timeout=30)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(stop.set)
            ended.result(timeout=30)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


class Reader:
    """Somebody who asks, with a key that is made anew once the requests have spoiled it."""

    def __init__(self, make: Callable[[], str | None]) -> None:
        self._make = make
        self.key = make()

    def renew(self) -> None:
        self.key = self._make()


class Fuzzer:
    """A walk over all operations of a document, by several readers in turn."""

    def __init__(
        self,
        loop: Loop,
        app: FastAPI,
        readers: list[Reader],
        *,
        number: int,
        things: Mapping[str, list[str]],
    ) -> None:
        self._loop = loop
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._http = httpx.AsyncClient(transport=transport, base_url=ORIGIN)
        self._schema = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig(seed=number))
        self._readers = itertools.cycle(readers)
        self._count = len(readers)
        self._random = random.Random(number)
        self._number = number
        self._ids: list[str] = []
        self._things = things
        self.wrong: dict[tuple[str, str], str] = {}
        self.sent = 0
        self.accepted: set[str] = set()
        self.never_wrong: list[str] = []

    def operations(self) -> list[Any]:
        """Writers first: what they make is what the readers then show."""
        found = [result.ok() for result in self._schema.get_all_operations()]
        return sorted(found, key=lambda operation: ("post", "put", "patch", "get", "delete").index(operation.method))

    def walk(self, operation: Any, *, examples: int) -> None:
        """For each reader so many requests that fit the document, and as many that do not for one of them."""
        if self._things:
            self._try_example(operation)
        self._try_many(operation, GenerationMode.POSITIVE, examples * self._count)
        if operation.body or list(operation.iter_parameters()):
            self._try_many(operation, GenerationMode.NEGATIVE, examples)

    def _try_example(self, operation: Any) -> None:
        """What a test sent to it once, about things that are here, by each reader."""
        raw = operation.definition.raw
        parameters = {place: {} for place in ("path", "query", "header")}
        for one in raw.get("parameters", ()):
            if "example" in one and (one.get("required") or one["in"] == "path"):
                parameters[one["in"]][one["name"]] = one["example"]
        media, content = next(iter(raw.get("requestBody", {}).get("content", {}).items()), (None, {}))
        if media is not None and not media.endswith("json"):
            return  # bytes that a document cannot show
        values = [one["value"] for one in content.get("examples", {}).values()]
        for _ in range(self._count):
            case = operation.Case(
                path_parameters=dict(parameters["path"]),
                query=dict(parameters["query"]),
                headers={name: str(value) for name, value in parameters["header"].items()},
                **({"body": values[0], "media_type": media} if values else {}),
            )
            self._try_one(case, GenerationMode.POSITIVE, next(self._readers))

    def _try_many(self, operation: Any, mode: GenerationMode, examples: int) -> None:
        # Failures are collected, not raised: the market has moved on, so nothing could be replayed or made smaller.
        @seed(self._number)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Any) -> None:
            self._try_one(case, mode, next(self._readers))

        try:
            one()
        except Unsatisfiable:
            if mode is GenerationMode.POSITIVE:
                raise
            self.never_wrong.append(operation.label)

    def _try_one(self, case: Any, mode: GenerationMode, reader: Reader) -> None:
        if mode is GenerationMode.POSITIVE:
            self._fit_in(case)
        headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        case.headers = headers | ({"Authorization": f"Bearer {reader.key}"} if reader.key else {})
        response = self._send(case)
        self.sent += 1
        if response.is_success:
            self.accepted.add(case.operation.label)
            self._listen(response)
        elif response.status_code == 401 and reader.key:
            reader.renew()
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as failures:
            for failure in failures.exceptions:
                self.wrong.setdefault(
                    (case.operation.label, f"{response.status_code} {type(failure).__name__}"),
                    f"{failure} | sent {response.request.url} {response.request.content[:300]!r}"
                    f" | heard {response.text[:400]}",
                )

    def _fit_in(self, case: Any) -> None:
        """A key that was never used, and in most places ids of things that exist."""
        if "Idempotency-Key" in (case.headers or {}):
            case.headers = {**case.headers, "Idempotency-Key": str(uuid4())}
        if case.operation.label.endswith("/stream"):
            return  # one that is there would not end
        case.path_parameters = {name: self._known(value, name) for name, value in (case.path_parameters or {}).items()}
        if isinstance(case.body, dict | list):
            case.body = self._known(case.body, "")

    def _known(self, value: Any, name: str) -> Any:
        """Of what is asked for under this name something that is there, or anything that was heard of."""
        if isinstance(value, dict):
            return {inner: self._known(one, inner) for inner, one in value.items()}
        if isinstance(value, list):
            return [self._known(inner, name) for inner in value]
        if not is_uuid(value) or self._random.random() >= KNOWN_IDS_SHARE:
            return value
        fitting = self._things.get(name) or self._ids
        return self._random.choice(fitting) if fitting else value

    def _send(self, case: Any) -> httpx.Response:
        arguments = case.as_transport_kwargs(base_url=ORIGIN)
        known = ("method", "url", "headers", "params", "cookies", "data", "json", "files", "auth")
        prepared = requests.Request(**{name: arguments[name] for name in known if name in arguments}).prepare()
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
        target = prepared.path_url.encode("ascii", "backslashreplace")
        headers = [(as_bytes(name), as_bytes(value)) for name, value in prepared.headers.items()]
        url = httpx.URL(ORIGIN).copy_with(raw_path=target)
        return self._loop.run(self._http.request(prepared.method or "", url, headers=headers, content=body or None))

    def _listen(self, response: httpx.Response) -> None:
        media = response.headers.get("content-type", "").partition(";")[0]
        # Lines of JSON are not one document, and some answers have no body.
        if not media.endswith("json") or media.endswith("ndjson") or not response.content:
            return
        waiting: list[Any] = [response.json()]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                waiting += [inner for name, inner in node.items() if name not in ("key", "keys")]
                if is_uuid(node.get("id")) and len(self._ids) < 2_000:
                    self._ids.append(node["id"])
            elif isinstance(node, list):
                waiting += node

    def close(self) -> None:
        self._loop.run(self._http.aclose())


def as_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False
