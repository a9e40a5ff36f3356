"""Traces: a request is followed to its statements, the jobs that react and the calls they make; nobody is in them."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
import structlog
from httpx import AsyncClient
from opentelemetry.sdk.trace.export import SpanExportResult
from sqlalchemy import text

from techmarket.api import observe
from techmarket.db import tracing
from techmarket.db.calling import Caller
from techmarket.db.files import Files
from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine
from techmarket.hub.jobs import send, tell, write_messages
from techmarket.jobs.runner import sequence_once
from tests.client import Api
from tests.collector import Collector, collecting, facts
from tests.hub.receiver import receiving
from tests.identity.make import an_organisation
from tests.trading.make import an_open_lot

CANARY = "canaryseventeen"
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        tracing.begin(collector.url, share=1.0, service="techmarket-test", version="0")
        yield collector
        tracing.end()


@pytest.fixture
async def tx(collector: Collector, database_url: str) -> AsyncIterator[Tx]:
    opened = Tx(make_engine(database_url, pool_size=10, application="test"))
    yield opened
    await opened.dispose()


@pytest.fixture
def means(tx: Tx, keys: Keys, tmp_path) -> Means:
    caller = Caller(may_reach_inside=True, patience_seconds=2)
    return Means(tx=tx, keys=keys, files=Files.at(tmp_path / "objects"), caller=caller)


async def told(collector: Collector) -> None:
    await asyncio.to_thread(tracing.hand_over)
    assert collector.bodies


async def react(means: Means) -> None:
    while await sequence_once(means):
        pass
    await tell(means)
    await write_messages(means)
    await send(means)


async def test_a_bid_is_followed_from_its_request_through_the_statements_to_the_job(
    collector: Collector, means: Means, tx: Tx, keys: Keys, api: Api
) -> None:
    one, two = [await an_organisation(tx, keys=keys) for _ in range(2)]
    lot = await an_open_lot(tx, [one.actor, two.actor])
    bid = {"amount": {"amount": "500000.00", "currency": "CNY"}}
    answer = await api.post(f"/v1/lots/{lot.id}/bids", json=bid, key=one.key)
    assert answer.status_code == 201
    await react(means)
    await told(collector)
    spans = collector.trace("POST /v1/lots/{lot_id}/bids")
    by_name = {span.name: span for span in spans}
    request, together, job = (
        by_name[name] for name in ("POST /v1/lots/{lot_id}/bids", "bids decided together", "job hub.tell")
    )
    assert request.parent_span_id == b""
    assert facts(request) == {
        "http.request.method": "POST",
        "http.route": "/v1/lots/{lot_id}/bids",
        "http.response.status_code": 201,
    }
    assert (together.parent_span_id, job.parent_span_id) == (request.span_id, together.span_id)
    inside = [span.name for span in spans if span.parent_span_id == together.span_id and span is not job]
    assert [name.split()[0] for name in inside if name.split()[0] in ("BEGIN", "COMMIT")] == ["BEGIN", "COMMIT"]
    assert "INSERT journal_mark" in inside
    assert {"UPDATE journal_reader"} <= {span.name for span in spans if span.parent_span_id == job.span_id}


async def test_what_an_act_sets_off_is_followed_to_the_call_and_the_receiver_is_told_nothing_of_it(
    collector: Collector, means: Means, tx: Tx, keys: Keys, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    unit = await an_organisation(tx, keys=keys)
    async with receiving() as receiver:
        hook = {"url": f"{receiver.url}/{CANARY}", "types": ["listings.drafted"]}
        assert (await api.post("/v1/webhooks", key=unit.key, json=hook)).status_code == 201
        await react(means)  # what is told together is one span, in the trace of the first
        terms = {"title_en": CANARY, "problem_en": f"Sample data: {CANARY}"}
        answer = await api.post(
            "/v1/listings",
            key=unit.key,
            json={"kind": "DEMAND", "terms": terms},
            headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "X-Canary": CANARY},
        )
        assert (await api.get(f"/v1/search?q={CANARY}")).status_code == 200
        assert answer.status_code == 201, answer.text
        await react(means)
        # A statement that fails quotes its values in the error's words.
        with pytest.raises(Exception, match=CANARY), tracing.root("failing"):
            async with tx.begin() as db:
                await db.execute(text(f"SELECT '{CANARY}'::integer"))
        await told(collector)
    (got,) = receiver.got
    assert "traceparent" not in got.headers
    spans = collector.trace("POST /v1/listings")
    assert bytes.fromhex("a" * 32) not in {span.trace_id for span in spans}
    call = next(span for span in spans if span.name == "call POST")
    assert facts(call) == {"http.response.status_code": 200}
    names = {span.name for span in spans}
    assert {"transaction", "job hub.tell", "job hub.write_messages", "job hub.send", "COMMIT"} <= names
    everything = b"".join(collector.bodies)
    canaries = (CANARY, unit.key, receiver.url, str(receiver.port) + "/")
    assert [canary for canary in canaries if canary.encode() in everything] == []
    assert UUID.findall(everything) == []
    (failed,) = [span for span in collector.spans if span.name == "failing"]
    assert facts(failed) == {"error.type": "DBAPIError"}


@pytest.mark.parametrize(
    "query, name, said",
    [
        ("SELECT 1  FROM lot\nWHERE id = $1::UUID", "SELECT lot", "SELECT ? FROM lot WHERE id = $1::UUID"),
        ("INSERT INTO bid (a) VALUES ('it''s', 12.5)", "INSERT bid", "INSERT INTO bid (a) VALUES (?, ?)"),
        ("COMMIT;", "COMMIT", "COMMIT;"),
    ],
)
def test_a_statement_is_told_without_its_values(query: str, name: str, said: str) -> None:
    assert tracing.told(query) == (name, said)


@contextmanager
def logged() -> Iterator[None]:
    """The log as a served market writes it, while the test lasts."""
    before, kept = structlog.get_config(), (logging.getLogger().handlers[:], logging.getLogger().level)
    observe.configure_logging(json=True)
    try:
        yield
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers[:], level = kept
        logging.getLogger().setLevel(level)


async def test_a_line_of_the_log_names_the_trace_and_no_sealed_quote_leaves_one(
    collector: Collector, client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    with logged():
        assert (await client.get("/v1/listings")).status_code == 200
        await client.put(f"/v1/lots/{uuid4()}/envelope", content=b"{}")
        await client.get("/readyz")
        await told(collector)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    (line,) = [one for one in lines if one.get("route") == "/v1/listings"]
    (request,) = [span for span in collector.spans if span.name == "GET /v1/listings"]
    assert line["trace_id"] == request.trace_id.hex()
    assert {span.name for span in collector.spans if span.parent_span_id == b""} == {"GET /v1/listings"}


async def test_only_the_share_that_is_set_is_followed(database_url: str, keys: Keys) -> None:
    with collecting() as collector:
        tracing.begin(collector.url, share=0.0, service="techmarket-test", version="0")
        tx = Tx(make_engine(database_url, pool_size=1))
        with tracing.root("request"):
            assert (tracing.mark(), tracing.trace_id()) == (None, None)
            async with tx.read() as db:
                await db.execute(text("SELECT 1"))
        await tx.dispose()
        await asyncio.to_thread(tracing.hand_over)
        tracing.end()
        assert collector.bodies == []


class Silent:
    """An exporter to a collector that takes the line and never answers."""

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()
        self.threads: set[int] = set()

    def export(self, _spans: object) -> SpanExportResult:
        self.threads.add(threading.get_ident())
        self.asked.set()
        self.let_go.wait(30)
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        pass


async def test_a_collector_that_is_silent_costs_callers_nothing_and_holds_up_no_end() -> None:
    """What cannot be handed over waits in a bounded queue and is dropped; nobody waits for it, not even the end."""
    silent = Silent()
    tracing.begin("http://unused", share=1.0, service="techmarket-test", version="0", exporter=silent)
    try:
        for _ in range(2 * tracing.QUEUE_MAX):
            with tracing.root("request"):
                pass
        assert silent.asked.wait(5)
        assert threading.get_ident() not in silent.threads
        await asyncio.wait_for(asyncio.to_thread(tracing.end), 10)
        assert not silent.let_go.is_set()
    finally:
        silent.let_go.set()
    assert not tracing.is_on()
