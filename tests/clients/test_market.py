"""What the client does when the market is busy, says no, or loses its answers."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook as TheirWebhook

from techmarket.client import (
    AsyncMarket,
    Busy,
    Conflict,
    Fault,
    Forged,
    Invalid,
    Market,
    NotFound,
    Problem,
    Stale,
    TooMany,
    Unreachable,
    etag_of,
    opened,
)
from techmarket.client import course as courses
from techmarket.client import lines as all_lines
from techmarket.client import market as markets
from techmarket.hub import webhooks as ours

NOON = 1_800_000_000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Outcome = httpx.Response | httpx.TransportError


class Told:
    """A market that answers from a list, a clock that moves only by waiting, and all that was sent and slept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[httpx.Request] = []
        self.slept: list[float] = []
        self.now = 0.0
        monkeypatch.setattr(markets.time, "sleep", self.sleep)
        monkeypatch.setattr(courses.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(all_lines.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(courses.random, "uniform", lambda low, _high: low)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, httpx.TransportError):
            raise outcome
        return outcome

    def market(self, **more: Any) -> Market:
        return Market("http://market.test", "tmk_x", transport=httpx.MockTransport(self.answer), **more)


def no(status: int, code: str, *, after: int | None = None, **facts: Any) -> httpx.Response:
    headers = {} if after is None else {"Retry-After": str(after)}
    document = {"code": code, "title": "T", "detail": "D", "status": status, "request_id": "r-1", **facts}
    return httpx.Response(status, json=document, headers=headers)


def yes(**said: Any) -> httpx.Response:
    return httpx.Response(200, json=said, headers={"ETag": '"7"'})


def test_a_keyed_call_is_repeated_with_its_key_as_late_as_it_is_told(monkeypatch):
    told = Told(
        monkeypatch,
        no(503, "market.busy", after=3),
        httpx.ReadError("cut"),
        no(409, "idempotency.in_flight"),
        no(429, "request.too_many", after=7),
        yes(id="x"),
    )
    with told.market() as market:
        assert market.submit_listing("0198c2a0-0000-7000-8000-000000000001") == {"id": "x"}
    assert told.slept == [3, 0.2, 0.4, 7]
    keys = {request.headers["idempotency-key"] for request in told.sent}
    assert (len(told.sent), len(keys)) == (5, 1)
    assert len(keys.pop()) == 36


def test_patience_has_an_end_and_the_last_answer_is_what_is_raised(monkeypatch):
    told = Told(monkeypatch, no(503, "market.busy", after=20))
    with pytest.raises(Busy) as busy:
        told.market(patience=50).get_clock()
    assert (busy.value.code, busy.value.retry_after, told.slept) == ("market.busy", 20, [20, 20])
    told = Told(monkeypatch, no(429, "request.too_many", after=61, quota=5))
    with pytest.raises(TooMany) as many:
        told.market().get_clock()
    assert (many.value.facts, told.slept) == ({"quota": 5}, [])


def test_a_change_without_a_key_is_repeated_only_where_nothing_was_done(monkeypatch):
    lost = Told(monkeypatch, httpx.ReadError("cut"))
    change = {"if_match": '"3"'}
    with pytest.raises(Unreachable) as gone:
        lost.market().update_listing_terms("x", {}, **change)  # type: ignore[typeddict-item]
    assert (len(lost.sent), gone.value.once) == (1, None)
    never_there = Told(monkeypatch, httpx.ConnectError("refused"), no(503, "market.busy", after=1), yes(id="x"))
    never_there.market().update_listing_terms("x", {}, **change)  # type: ignore[typeddict-item]
    assert len(never_there.sent) == 3
    assert {request.headers["if-match"] for request in never_there.sent} == {'"3"'}


def test_a_call_that_was_never_answered_tells_its_key(monkeypatch):
    told = Told(monkeypatch, httpx.ReadTimeout("silence"))
    with pytest.raises(Unreachable) as gone:
        told.market(patience=5).place_bid("x", {"amount": {"amount": "1.00", "currency": "CNY"}})
    assert gone.value.once == told.sent[0].headers["idempotency-key"]
    assert len(told.sent) > 3


@pytest.mark.parametrize(
    "status, kind", [(404, NotFound), (409, Conflict), (412, Stale), (422, Invalid), (500, Fault), (405, Problem)]
)
def test_a_no_is_an_exception_of_its_kind_and_is_not_asked_again(monkeypatch, status, kind):
    errors = [{"code": "missing", "pointer": "/body/x", "detail": "d"}]
    told = Told(monkeypatch, no(status, "some.code", pointer="/body/x", errors=errors, least="5.00"))
    with pytest.raises(kind) as said:
        told.market().submit_listing("x")
    assert type(said.value) is kind
    assert (said.value.code, said.value.pointer, said.value.errors) == ("some.code", "/body/x", errors)
    assert (said.value.facts, said.value.request_id, len(told.sent)) == ({"least": "5.00"}, "r-1", 1)


def test_a_no_that_is_no_problem_document_is_one_all_the_same(monkeypatch):
    told = Told(monkeypatch, httpx.Response(502, text="<html>"))
    with pytest.raises(Fault, match="502 unknown"):
        told.market().get_clock()


async def test_pages_are_gone_through_to_their_end_with_the_filter_kept(monkeypatch):
    def pages() -> list[Outcome]:
        return [yes(items=[1, 2], next_cursor="c/1"), yes(items=[], next_cursor="c2"), yes(items=[3], next_cursor=None)]

    asked = ["/v1/listings?kind=OFFER", "/v1/listings?kind=OFFER&cursor=c%2F1", "/v1/listings?kind=OFFER&cursor=c2"]
    told = Told(monkeypatch, *pages())
    assert list(told.market().each_listings(kind="OFFER")) == [1, 2, 3]
    assert [request.url.raw_path.decode() for request in told.sent] == asked
    told = Told(monkeypatch, *pages())
    async with AsyncMarket("http://market.test", transport=httpx.MockTransport(told.answer)) as market:
        assert [one async for one in market.each_listings(kind="OFFER")] == [1, 2, 3]
    assert [request.url.raw_path.decode() for request in told.sent] == asked


def test_a_thing_knows_the_version_it_was_read_in(monkeypatch):
    assert etag_of(Told(monkeypatch, yes(id="x")).market().get_listing("x")) == '"7"'


def test_what_is_no_json_comes_as_bytes_and_nothing_as_nothing(monkeypatch):
    pdf = httpx.Response(200, content=b"%PDF", headers={"Content-Type": "application/pdf"})
    assert Told(monkeypatch, pdf).market().get_certificate_pdf("x") == b"%PDF"
    assert Told(monkeypatch, httpx.Response(204)).market().get_clock() is None


def events(*lines: str) -> httpx.Response:
    return httpx.Response(200, text="\n".join(lines) + "\n", headers={"Content-Type": "text/event-stream"})


async def test_a_trade_is_followed_over_lines_that_break_and_each_event_is_told_once(monkeypatch):
    def line() -> list[Outcome]:
        return [
            events("retry: 500", "", "id: 1", "event: price", 'data: {"n": 1}', "", ": alive", "", "id: 2", "data: {"),
            no(503, "market.watchers_full", after=2),
            httpx.ConnectError("refused"),
            events("id: 2", "event: end", 'data: {"n":', "data: 2}", ""),
            httpx.Response(204),
        ]

    told = Told(monkeypatch, *line())
    assert list(told.market().follow("t")) == [("price", {"n": 1}), ("end", {"n": 2})]
    since = [request.headers.get("last-event-id") for request in told.sent]
    assert (since, told.slept) == ([None, "1", "1", "1", "2"], [0.5, 2, 2, 2])
    with pytest.raises(Busy):
        list(Told(monkeypatch, no(503, "market.watchers_full", after=9)).market(patience=20).follow("t"))
    with pytest.raises(NotFound):
        list(Told(monkeypatch, no(404, "not_found")).market().follow("t"))


def test_a_message_is_opened_if_one_of_the_secrets_signed_it_in_time():
    body = b'{"type": "listings.published", "data": {}}'
    theirs = TheirWebhook(SECRET).sign("msg_1", datetime.fromtimestamp(NOON, UTC), body.decode())
    mine = ours.sign(base64.b64decode(SECRET.removeprefix(ours.PREFIX)), "msg_1", NOON, body)
    other = "whsec_" + "A" * 32
    for signature in (theirs, mine, f"v1,nonsense {mine}", f"v2,x {theirs}"):
        headers = {"Webhook-Id": "msg_1", "webhook-timestamp": str(NOON), "webhook-signature": signature}
        assert opened(body, headers, [other, SECRET], now=NOON + 299)["type"] == "listings.published"
    for changed in (
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(NOON + 1)},
        {"webhook-timestamp": "-1"},
        {"webhook-signature": ""},
        {"webhook-signature": mine.replace("v1,", "v1a,")},
    ):
        with pytest.raises(Forged):
            opened(body, {k.lower(): v for k, v in headers.items()} | changed, SECRET, now=NOON)
    for wrong in ((body + b" ", SECRET, NOON), (body, other, NOON), (body, SECRET, NOON + 301)):
        with pytest.raises(Forged):
            opened(wrong[0], headers, wrong[1], now=wrong[2])
    with pytest.raises(Forged, match="missing"):
        opened(body, {}, SECRET, now=NOON)
