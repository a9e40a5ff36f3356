"""Traces (链路追踪): what one request set off, through its transactions and statements to the jobs that react to it.

Without the setting nothing of OpenTelemetry is loaded, and a span costs one comparison. With it a share of the requests
is followed: finished spans wait in a bounded queue, a thread of its own hands them to the collector, and what it cannot
hand over is dropped, so that a collector that is away costs callers nothing.

A span says what was done and for how long, never about whom: routes as templates, statements without their values, the
class or the code of an error and never its words. Nobody outside chooses what is followed: a `traceparent` that comes
with a request is not read, and none is sent along with a call to an address that others named.
"""

from __future__ import annotations

import contextvars
import re
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from techmarket.kernel.refusals import Refusal

QUEUE_MAX = 8_192
"""Finished spans that wait for the collector; what comes beyond is dropped."""
SEND_SECONDS = 5.0
LEAVE_SECONDS = 1.0
STATEMENT_MAX = 1_000


class Span:
    """A span under way; what is told of it must be sayable to whoever watches over the market."""

    __slots__ = ("_span",)

    def __init__(self, span: Any) -> None:
        self._span = span

    def tell(self, name: str | None = None, **facts: str | int) -> None:
        if name is not None:
            self._span.update_name(name)
        for fact, value in facts.items():
            self._span.set_attribute(fact.replace("__", "."), value)

    def fail(self, kind: str) -> None:
        self._span.set_status(_must().status_code.ERROR)
        self._span.set_attribute("error.type", kind)


@dataclass(frozen=True)
class _On:
    """What was loaded: the tracer and the parts of the library that a span needs."""

    tracer: Any
    provider: Any
    api: Any
    context: Any
    status_code: Any
    kinds: Any
    propagator: Any


_on: _On | None = None
_NOTHING: AbstractContextManager[Span | None] = nullcontext()


def _must() -> _On:
    assert _on is not None
    return _on


def is_on() -> bool:
    return _on is not None


def begin(url: str, *, share: float, service: str, version: str, exporter: Any = None) -> None:
    """From now on this share of what begins here is followed and told to the collector at `url` (OTLP over HTTP)."""
    global _on
    from opentelemetry import context, trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if exporter is None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces", timeout=SEND_SECONDS)
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        resource=Resource.create(
            {"service.name": service, "service.version": version, "service.instance.id": secrets.token_hex(8)}
        ),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=QUEUE_MAX, schedule_delay_millis=1_000))
    _on = _On(
        provider.get_tracer("techmarket", version),
        provider,
        trace,
        context,
        trace.StatusCode,
        trace.SpanKind,
        TraceContextTextMapPropagator(),
    )


def end() -> None:
    """Hand over what waits, for a moment; a collector that does not answer holds up no end."""
    global _on
    if _on is None:
        return
    gone, _on = _on, None
    leaving = threading.Thread(target=gone.provider.shutdown, name="traces-leave", daemon=True)
    leaving.start()
    leaving.join(LEAVE_SECONDS)


def hand_over() -> None:
    """What is finished is at the collector when this returns: for tests."""
    _must().provider.force_flush()


def root(name: str, *, kind: str = "INTERNAL") -> AbstractContextManager[Span | None]:
    """A span that may begin a trace: a request, or what the clock starts."""
    return _NOTHING if _on is None else _begun(_on, name, kind, _on.context.Context(), ())


def span(name: str, *, kind: str = "INTERNAL") -> AbstractContextManager[Span | None]:
    """A span inside whatever is followed here; where nothing is, there is none."""
    if _on is None or not _on.api.get_current_span().get_span_context().trace_flags.sampled:
        return _NOTHING
    return _begun(_on, name, kind, None, ())


def going_on(name: str, marks: Sequence[str], *, kind: str = "CONSUMER") -> AbstractContextManager[Span | None]:
    """What is done because of others' acts: a span in the trace of the first of them, linked to the rest."""
    if _on is None or not marks:
        return _NOTHING
    first, *rest = [_on.propagator.extract({"traceparent": mark}, context=_on.context.Context()) for mark in marks]
    links = [_on.api.Link(_on.api.get_current_span(one).get_span_context()) for one in rest]
    return _begun(_on, name, kind, first, links)


@contextmanager
def _begun(on: _On, name: str, kind: str, context: Any, links: Sequence[Any]) -> Iterator[Span | None]:
    begun = on.tracer.start_span(name, context=context, kind=on.kinds[kind], links=links)
    token = on.context.attach(on.api.set_span_in_context(begun, context if context is not None else None))
    try:
        yield Span(begun)
    except BaseException as error:
        # Its class, or its code where it is one of ours: the words of an error may quote what it could not read.
        begun.set_status(on.status_code.ERROR)
        begun.set_attribute("error.type", error.code if isinstance(error, Refusal) else type(error).__name__)
        raise
    finally:
        on.context.detach(token)
        begun.end()


def mark() -> str | None:
    """What others go on from (a W3C traceparent), where this is followed."""
    if _on is None or not _on.api.get_current_span().get_span_context().trace_flags.sampled:
        return None
    carrier: dict[str, str] = {}
    _on.propagator.inject(carrier)
    return carrier.get("traceparent")


def trace_id() -> str | None:
    """The trace that this belongs to, as the log names it, where it is followed."""
    if _on is None:
        return None
    here = _on.api.get_current_span().get_span_context()
    return format(here.trace_id, "032x") if here.trace_flags.sampled else None


def apart() -> contextvars.Context:
    """For a task that outlives the request that happened to start it: nothing it does is that request's."""
    return contextvars.Context()


# --- statements -----------------------------------------------------------------------------------------------------

_BEGAN = "techmarket_began"
_SPACE = re.compile(r"\s+")
_VALUE = re.compile(r"'(?:[^']|'')*'|(?<![\w$])\d+(?:\.\d+)?\b")
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+(?:ONLY\s+)?([a-z_][a-z0-9_.]*)", re.IGNORECASE)


def watch(engine: AsyncEngine) -> None:
    """Every statement of this engine is a span in whatever is followed when it is sent.

    Those of sessions are heard of from the engine, those that are put to the driver itself (BEGIN and COMMIT, the bid
    book, the short reads) from the driver.
    """
    if _on is None:
        return
    sync = engine.sync_engine

    @event.listens_for(sync, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.driver_connection.add_query_logger(_heard)

    @event.listens_for(sync, "before_cursor_execute")
    def _before(connection: Any, _cursor: Any, _statement: str, _values: Any, _context: Any, _many: bool) -> None:
        connection.info[_BEGAN] = time.time_ns()

    @event.listens_for(sync, "after_cursor_execute")
    def _after(connection: Any, _cursor: Any, statement: str, _values: Any, _context: Any, _many: bool) -> None:
        _note(statement, connection.info.pop(_BEGAN, None), None)

    @event.listens_for(sync, "handle_error")
    def _failed(failure: Any) -> None:
        if failure.connection is not None and failure.statement is not None:
            _note(failure.statement, failure.connection.info.pop(_BEGAN, None), failure.original_exception)


def _heard(said: Any) -> None:
    if isinstance(said.args, tuple):  # a list is of many rows at once, which the engine has told of
        _note(said.query, time.time_ns() - int(said.elapsed * 1e9), said.exception)


def _note(query: str, began: int | None, error: BaseException | None) -> None:
    on = _on
    if on is None or began is None or not on.api.get_current_span().get_span_context().trace_flags.sampled:
        return
    name, statement = told(query)
    one = on.tracer.start_span(name, kind=on.kinds.CLIENT, start_time=began)
    one.set_attribute("db.system.name", "postgresql")
    one.set_attribute("db.query.text", statement)
    if error is not None:
        one.set_status(on.status_code.ERROR)
        one.set_attribute("error.type", getattr(error, "sqlstate", None) or type(error).__name__)
    one.end()


@lru_cache(maxsize=2_048)
def told(query: str) -> tuple[str, str]:
    """What a statement is called, and how it reads without any value: `SELECT lot`, `SELECT … WHERE id = $1`."""
    bare = _VALUE.sub("?", _SPACE.sub(" ", query).strip())
    verb = bare.split(" ", 1)[0].strip(";").upper()[:20]
    table = _TABLE.search(bare)
    return (f"{verb} {table[1]}" if table else verb), bare[:STATEMENT_MAX]
