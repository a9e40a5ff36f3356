"""The stream of a trade (实时行情) as Server-Sent Events: a plain route, whose line goes over to the fan-out.

A server that does not hand its lines over gets a short answer instead: what is known now. Its reader comes again with
the last id after a moment, as every reader of events does by himself, and misses nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from ipaddress import IPv6Address, ip_address
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from techmarket.api import errors, rates
from techmarket.api.bids import MoneyWire
from techmarket.api.deps import means_of, path_uuid, rates_of, spend_openly
from techmarket.api.feeds import RETRY_MS, Live, Watcher
from techmarket.api.observe import HEAD_KEY, NamedRoute
from techmarket.api.protocol import LINE
from techmarket.api.refusals import refusals
from techmarket.api.remembered import RememberedKeys
from techmarket.api.shapes import Wire
from techmarket.api.sse import place_of, retry
from techmarket.identity.actor import ANONYMOUS, Actor
from techmarket.identity.errors import BadKey, OrganisationSuspended
from techmarket.identity.permissions import SignInNeeded
from techmarket.kernel.refusals import NotFound
from techmarket.trading import service
from techmarket.trading.lifecycle import LotState, LotStep

PATH = "/v1/trades/{trade_id}/stream"
_DESCRIPTION = """Follow a trade as it happens, all of its lots, as Server-Sent Events. Bidders appear by
number; a sealed lot tells its state and nothing else.

- `state`: first where each lot stands (`what` is `now`), then each turn of its state, once: `opened`, `paused`,
  `resumed`, `closed`, `step`, `awarded`, `concluded`, `unsold`, `terminated`.
  A descending price is told with it (`falling`), and when it falls next.
- `price`: each bid that led, once, in order. `after` names the one before it.
- `end`: every lot has found its end. Close then; who comes again with the last id gets 204.

**Resuming.** Every event has an `id` that says how far each lot has been told. Send the last one as `Last-Event-ID`, to
any process, and you are told exactly what came after: every turn of state, and of each lot up to 512 newest prices, in
a trade of many lots up to 1,024 of all together. An id that this trade cannot have given is passed over, and you are
told where everything stands. `0.0` for each lot, as in `0.0-0.0`, asks for everything from the beginning.

**Keeping up.** When much happens at once, only the newest prices of a lot are told in one go, and `after` shows it. A
reader who does not read is cut after 15 seconds. Every 15 seconds a comment shows that the line lives. `retry` says
when to come again; a process that leaves ends the stream without `end`: come again. So does, each minute, the stream of
a trade that is not public, whose reader shows again that he may follow it."""
HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


async def stream_trade(request: Request) -> Response:
    """Follow a trade as it happens."""
    live: Live = request.app.state.live
    turn = live.turn
    actor = await _reader(request)
    trade_id = path_uuid(request, "trade_id")
    if HEAD_KEY in request.scope:
        await service.get_trade(means_of(request).tx, actor, trade_id)
        return Response(headers=HEADERS)
    watcher = live.admit(_who(request, actor), turn)
    try:
        feed = await live.feed_of(trade_id)
        if not feed.is_public:
            await service.get_trade(means_of(request).tx, actor, trade_id)
        last_id = request.headers.get("last-event-id")
        if feed.story.is_over and place_of(last_id, lots=len(feed.story.lots)) == feed.story.place:
            live.release(watcher)
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
        is_short = LINE not in request.scope.get("extensions", {})
        first = await live.join(watcher, feed, last_id, is_short=is_short)
        return Stream(live, watcher, first, is_short=is_short or feed.story.is_over)
    except BaseException:
        live.release(watcher)
        raise


class PauseWire(Wire):
    cause: str
    reason: str | None
    resumes_at: str | None = Field(description="When it is expected to go on, if that is known.")


class FallingWire(Wire):
    """A price that falls by the clock. Count on from here: nothing is told at the single steps."""

    price: MoneyWire = Field(description="What it is at `now`.")
    falls_by: MoneyWire
    every_seconds: int
    floor: MoneyWire
    falls_at: str | None = Field(description="When it falls next; null at the floor and in a pause.")


class PriceEvent(Wire):
    """`event: price`. A bid that led. `effective_end` and `state` are the lot's as it stands now."""

    lot_id: str
    n: int = Field(description="The number of the lot in its trade.")
    now: str = Field(description="The market's time when this was told.")
    seq: int = Field(description="The number of this bid in the lot's book.")
    after: int = Field(
        description="The number of the leading bid before it, 0 for none. If that is not the last one you were told, "
        "some were left out; they are in the public record at `/v1/lots/{lot_id}/bids`."
    )
    leading: MoneyWire
    leading_bidder: int
    at: str
    least_next_bid: MoneyWire | None
    effective_end: str | None
    state: LotState


class StateEvent(Wire):
    """`event: state`. A turn of a lot's state, or first of all where it stands now."""

    lot_id: str
    n: int
    now: str
    what: Literal[
        "now", "opened", "paused", "resumed", "closed", "step", "awarded", "concluded", "unsold", "terminated"
    ]
    at: str
    state: LotState
    step: LotStep | None
    free_ends_at: str | None
    effective_end: str | None
    hard_end: str | None
    step_due_at: str | None
    pause: PauseWire | None
    falling: FallingWire | None = Field(description="Of a descending price, while nobody has taken it.")


class EndEvent(Wire):
    """`event: end`. Every lot has found its end; nothing more will be told."""

    trade_id: str


class Stream(Response):
    """The beginning of a stream. When it is sent, the line goes over to the fan-out, and this request is done."""

    def __init__(self, live: Live, watcher: Watcher, first: bytes, *, is_short: bool) -> None:
        super().__init__(headers=HEADERS)
        self._live = live
        self._watcher = watcher
        self._first = retry(RETRY_MS) + first
        self._is_short = is_short

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        live, watcher = self._live, self._watcher
        line = None
        try:
            headers = [pair for pair in self.raw_headers if pair[0] != b"content-length"]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self._first, "more_body": not self._is_short})
            if not self._is_short:
                line = scope["extensions"][LINE](lambda: live.go_on(watcher), lambda: live.release(watcher))
                if line is None:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if line is None:
                live.release(watcher)
        if line is not None:
            live.attach(watcher, line)


async def _reader(request: Request) -> Actor:
    """Whoever asks; each new stream counts as a request, since its first text is made for it."""
    authorization = request.headers.get("authorization")
    if not authorization:
        await spend_openly(request)
        return ANONYMOUS
    remembered: RememberedKeys = request.app.state.remembered_keys
    actor = await remembered.actor_of(means_of(request), authorization)
    await rates_of(request).spend(rates.READ, str(actor.key_id), request.scope)
    return actor


def _who(request: Request, actor: Actor) -> Hashable:
    """On whose account somebody watches: his organisation's, or his address's; of IPv6 the network's."""
    if not actor.is_anonymous:
        return actor.org
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return int(address) >> 64 if isinstance(address, IPv6Address) else host


def routes() -> list[Route]:
    return [NamedRoute(PATH, stream_trade, methods=["GET"], name="streamTrade")]


# --- the OpenAPI document -------------------------------------------------------------------------------------------


def describe(app: FastAPI) -> None:
    """Put the stream into the OpenAPI document, where the framework does not see it."""
    plain = app.openapi

    def whole() -> dict[str, Any]:
        document = plain()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for shape in (PriceEvent, StateEvent, EndEvent):
            schema = shape.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
            schemas |= schema.pop("$defs", {})
            schemas[shape.__name__] = schema
        document.setdefault("paths", {}).setdefault(PATH, {})["get"] = _operation()
        return document

    app.openapi = whole  # type: ignore[method-assign]


def _operation() -> dict[str, Any]:
    said = refusals(
        errors.WatchersFull,
        errors.TooManyStreams,
        errors.NotReady,
        SignInNeeded,
        BadKey,
        OrganisationSuspended,
        NotFound,
    )
    return {
        "tags": ["trading"],
        "summary": "Stream Trade",
        "description": _DESCRIPTION,
        "operationId": "streamTrade",
        "security": [{}, {"apiKey": []}],
        "parameters": [
            {"name": "trade_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "description": "The `id` of the last event you have taken in.",
                "schema": {"type": "string", "maxLength": 4096},
            },
        ],
        "responses": {
            "200": {
                "description": "The stream. It goes on until the trade is over, this process leaves, or you do.",
                "content": {
                    "text/event-stream": {
                        "schema": {"type": "string"},
                        "x-events": {
                            "price": {"$ref": "#/components/schemas/PriceEvent"},
                            "state": {"$ref": "#/components/schemas/StateEvent"},
                            "end": {"$ref": "#/components/schemas/EndEvent"},
                        },
                    }
                },
            },
            "204": {"description": "The trade is over and you have been told all of it: do not come again."},
            **{str(status): response for status, response in said.items()},
        },
    }
