"""What the market tells about itself: request ids, access log, metrics, health; never a body, a query or a key."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from techmarket.api import errors
from techmarket.api.rates import standing_headers
from techmarket.api.redaction import redacting
from techmarket.api.refusals import CODE_KEY, REQUEST_ID_KEY, answer_error, problem
from techmarket.db import tracing
from techmarket.db.standby import public_read
from techmarket.kernel.ids import new_id

ACCESS = "techmarket.access"
access = structlog.get_logger(ACCESS)

REQUESTS = Counter("techmarket_http_requests_total", "Answered requests.", ("method", "route", "status"))
SECONDS = Histogram(
    "techmarket_http_request_seconds",
    "Time from the first byte of a request to the last byte of its answer.",
    ("method", "route"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
REFUSED = Counter("techmarket_refusals_total", "Requests that were refused, by the code of the refusal.", ("code",))
IN_PROGRESS = Gauge("techmarket_http_requests_in_progress", "Requests being answered now.")

UNTOLD = frozenset({"/v1/lots/{lot_id}/envelope"})
"""Requests that stand in no log line and no metric: a line for each sealed quote would count the bidders."""

HEAD_KEY = "techmarket.head"
"""Of a scope that was asked for by HEAD and is answered as a GET whose body nobody sends."""

READY_PATH, METRICS_PATH = "/readyz", "/metrics"
_NOT_FOLLOWED = re.compile(r"/(?:healthz|readyz|metrics|v1/lots/[^/]*/envelope)")
"""Addresses of which there are no traces: for the same reason, and because somebody asks for them every few seconds."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
KEYED_HEADERS = (*SECURITY_HEADERS, (b"cache-control", b"no-store"))
"""What was said to one reader is for nobody else, unless the route knows better."""
_request_id: ContextVar[str] = ContextVar("techmarket_request_id", default="")


def current_request_id() -> str:
    """The id of the request being answered, or an empty text outside of one."""
    return _request_id.get()


class Observe:
    """Pure ASGI, the outermost layer: gives each request an id, counts and times it, and answers what nobody caught."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = identify(scope)
        keyed = has_credentials(scope)
        public = is_for_all(scope)
        started = time.perf_counter()
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = with_headers(message.get("headers", ()), keyed=keyed)
                told = (b"x-request-id", request_id.encode("ascii")), *standing_headers(scope)
                message = {**message, "headers": [*headers, *told]}
            with leaving():
                await send(message)

        IN_PROGRESS.inc()
        with followed(scope) as span, named(request_id), public_read(public):
            try:
                try:
                    await self.app(scope, receive, send_observed)
                except Exception as error:
                    if status:
                        raise  # the answer has begun; only cutting the connection tells the truth now
                    response = answer_error(error, Request(scope))
                    await response(scope, receive, send_observed)
            finally:
                IN_PROGRESS.dec()
                record(scope, status, time.perf_counter() - started, span)


def followed(scope: Scope) -> AbstractContextManager[tracing.Span | None]:
    """The span of a request, if it may have one and is among those that are followed."""
    if not tracing.is_on() or _NOT_FOLLOWED.fullmatch(scope["path"]):
        return nullcontext()
    return tracing.root("request", kind="SERVER")


@contextmanager
def leaving() -> Iterator[None]:
    """What is written to a line whose caller has left goes nowhere, as with the server's own lines.

    Of several requests that were asked at once the server tells only the last that its line is lost; with another the
    loop raises.
    """
    try:
        yield
    except RuntimeError as error:
        if not str(error).endswith("the handler is closed"):
            raise


def is_for_all(scope: Scope) -> bool:
    """Whether somebody whom nobody knows only looks: then a standby may answer, but for readiness and figures."""
    if scope["method"] not in ("GET", "HEAD") or scope["path"] in (READY_PATH, METRICS_PATH):
        return False
    return not has_credentials(scope)


def has_credentials(scope: Scope) -> bool:
    """Whether a request names somebody: by a key, or by a cookie, whatever it holds."""
    return any(name in (b"authorization", b"cookie") for name, _ in scope["headers"])


def identify(scope: Scope) -> str:
    """Give a request the id it came with, or a new one."""
    request_id = _incoming_id(scope) or str(new_id())
    scope[REQUEST_ID_KEY] = request_id
    return request_id


@contextmanager
def named(request_id: str) -> Iterator[None]:
    """Whatever is logged meanwhile belongs to this request."""
    token = _request_id.set(request_id)
    bound = structlog.contextvars.bind_contextvars(request_id=request_id)
    try:
        yield
    finally:
        structlog.contextvars.reset_contextvars(**bound)
        _request_id.reset(token)


def _incoming_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return value.decode("ascii") if _REQUEST_ID.fullmatch(value) else None
    return None


def with_headers(headers: Any, *, keyed: bool) -> list[tuple[bytes, bytes]]:
    """These headers, and those that every answer has."""
    present = {name.lower() for name, _ in headers}
    return [*headers, *(pair for pair in (KEYED_HEADERS if keyed else SECURITY_HEADERS) if pair[0] not in present)]


def record(scope: Scope, status: int, seconds: float, span: tracing.Span | None = None) -> None:
    """Count and time an answered request, and write its line."""
    asked = "HEAD" if HEAD_KEY in scope else scope["method"]
    method = asked if asked in _METHODS else "OTHER"
    route = route_template(scope)
    if route in UNTOLD:
        return
    count, timing = _meters(method, route, status // 100)
    count.inc()
    timing.observe(seconds)
    facts: dict[str, Any] = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
    if span is not None:
        span.tell(f"{method} {route}", http__request__method=method, http__route=route)
        span.tell(http__response__status_code=status)
        if status >= 500 or not status:
            span.fail(scope.get(CODE_KEY) or "cut")
    if CODE_KEY in scope:
        facts["code"] = scope[CODE_KEY]
        _refused(scope[CODE_KEY]).inc()
    if (line := _access_line()) is not None:
        facts |= {"event": "request", "request_id": scope[REQUEST_ID_KEY], "level": "info"}
        if (trace := tracing.trace_id()) is not None:
            facts["trace_id"] = trace
        line.write(facts)
    else:
        access.info("request", **facts)


@lru_cache(maxsize=4096)
def _meters(method: str, route: str, hundreds: int) -> tuple[Counter, Histogram]:
    status = f"{hundreds}xx" if hundreds else "cut"
    return REQUESTS.labels(method, route, status), SECONDS.labels(method, route)


@lru_cache(maxsize=4096)
def _refused(code: str) -> Counter:
    return REFUSED.labels(code)


class NamedRoute(Route):
    """A plain Starlette route that says which one it is, so that logs and metrics can name it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return match, {**child, "route": self} if match is not Match.NONE else child


def route_template(scope: Scope) -> str:
    """`/v1/lots/{lot_id}/bids`, never the address itself: labels and logs must neither grow nor tell ids."""
    inner = scope.get("fastapi")
    context = inner.get("effective_route_context") if isinstance(inner, Mapping) else None
    for found in (context, scope.get("route")):
        template = getattr(found, "path_format", None) or getattr(found, "path", None)
        if isinstance(template, str) and template:
            return template
    return "unmatched"


# --- logging --------------------------------------------------------------------------------------------------------


def name_trace(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A line that is written while something is followed names the trace."""
    if (trace := tracing.trace_id()) is not None:
        event["trace_id"] = trace
    return event


_SECRET_NAMES = re.compile(r"key|secret|token|password|passwd|authorization|cookie|otp|credential", re.IGNORECASE)
MASK = "[masked]"


def mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A field named like a secret is written as a mask, at any depth."""
    for name in event:
        if name != "event":
            event[name] = MASK if _SECRET_NAMES.search(name) else _masked(event[name])
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: MASK if _SECRET_NAMES.search(str(name)) else _masked(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value] if not _is_exc_info(value) else value
    return value


def _is_exc_info(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 3 and isinstance(value[1], BaseException)


class AccessLine:
    """The first of our processors: the line of a request is written here and goes no further.

    By the long way it would be a fourth of what a fast route costs. Its facts are ours alone, counted and named:
    nothing in them needs a mask, and no trace hangs on them.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._encode = stream, msgspec.json.Encoder().encode
        self._lines: list[str] = []

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return event

    def write(self, facts: dict[str, Any]) -> None:
        """The facts are given away."""
        facts["logger"], facts["timestamp"] = ACCESS, datetime.now(UTC).isoformat().replace("+00:00", "Z")
        self._lines.append(self._encode(facts).decode() + "\n")
        if len(self._lines) == 1:
            # Those who are answered in one turn of the loop, a batch of bidders say, are written down in one go.
            try:
                asyncio.get_running_loop().call_soon(self._write)
            except RuntimeError:
                self._write()

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        self._stream.write("".join(lines))
        self._stream.flush()


def _access_line() -> AccessLine | None:
    """Ours, as long as it is what the log goes through; whoever captures the log gets the line by the long way."""
    processors = structlog.get_config()["processors"]
    first = processors[0] if processors else None
    return first if isinstance(first, AccessLine) else None


def configure_logging(json: bool = True, level: int = logging.INFO) -> None:
    """One stream of records on stderr, ours and the libraries' alike: JSON for machines, plain lines for people."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        name_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]
    structlog.configure(
        processors=[
            # A command that asked for quiet does not get a line for every request.
            *([AccessLine(sys.stderr)] if json and level <= logging.INFO else []),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    # Both renderers would show the local variables of every frame, and those hold bodies and keys.
    if json:
        trace = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        last += [
            structlog.processors.ExceptionRenderer(trace),
            redacting(structlog.processors.JSONRenderer(ensure_ascii=False)),
        ]
    else:
        plain = structlog.dev.plain_traceback
        last += [redacting(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain))]
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would write whole addresses of those we call
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = name != "uvicorn.access"  # it would write query strings; ours does not


# --- health ---------------------------------------------------------------------------------------------------------

Ready = Callable[[], Awaitable[bool | str]]
READY_SECONDS = 3.0


async def _no_figures() -> None:
    return None


def routes(ready: Ready, figures: Callable[[], Awaitable[None]] = _no_figures) -> list[Route]:
    """`/healthz`, `/readyz`, `/metrics`. `ready` answers True, or False, or in a word what is missing.

    `figures` looks up what is not counted as it happens.
    """

    async def healthz(request: Request) -> Response:
        return JSONResponse({"alive": True}, headers={"Cache-Control": "no-store"})

    async def readyz(request: Request) -> Response:
        try:
            answer = await asyncio.wait_for(ready(), READY_SECONDS)
        except Exception as error:
            access.warning("not_ready", error=type(error).__name__)
            answer = "database"
        if answer is not True:
            return problem(errors.NotReady(missing=answer or "database", retry_after=2), request)
        return JSONResponse({"ready": True}, headers={"Cache-Control": "no-store"})

    async def metrics(request: Request) -> Response:
        await figures()
        return Response(generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [NamedRoute("/healthz", healthz), NamedRoute(READY_PATH, readyz), NamedRoute(METRICS_PATH, metrics)]
