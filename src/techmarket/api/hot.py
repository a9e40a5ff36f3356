"""The short way: the few hot routes, answered in front of the framework with the same limits, headers, log and metrics.

The framework's way to a route costs more than what such a route does. It finds its route by a pattern, reads and checks
as `limits.Limits` does, and is observed as by `observe.Observe`; whatever it raises is answered as anywhere. Traces of
the framework do not see it; ours do.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from techmarket.api import limits, observe
from techmarket.api.limits import BodyRule
from techmarket.api.observe import NamedRoute
from techmarket.api.rates import standing_headers
from techmarket.api.refusals import answer_any
from techmarket.db.standby import public_read
from techmarket.kernel.refusals import Refusal

_RULE = BodyRule("/")
_CLOSE = (b"connection", b"close")
_NOT_PUBLIC = frozenset({b"authorization", b"cookie", b"content-length", b"transfer-encoding"})
"""A read with one of these is somebody's, or has a body: not for the short way."""


class Asked(NamedTuple):
    """What a hot route is asked: the parts of the address, the headers by their names in lower case, the body."""

    app: FastAPI
    scope: Scope
    params: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    body: bytes


class Reply(NamedTuple):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class HotRoute(NamedRoute):
    """A route of one method. One with a JSON body stands in the router too, so that an address knows its methods.

    `plain` is how nearly everybody spells the body: what fits it wholly is strict JSON, and is not read a second time.
    `query` is how a read may be asked for here: what does not fit it, or comes with a key or a cookie, goes the
    framework's way, to the same address and the same answer.
    """

    def __init__(
        self,
        path: str,
        answer: Callable[[Asked], Awaitable[Reply]],
        *,
        method: str,
        name: str,
        plain: re.Pattern[bytes] | None = None,
        query: re.Pattern[bytes] | None = None,
    ) -> None:
        super().__init__(path, _Endpoint(answer, plain, keyed=query is None), methods=[method], name=name)
        self.method = method
        self.query = query

    def takes(self, scope: Scope) -> Mapping[str, str] | None:
        """The parts of the address, if this is the way for the request."""
        if scope["method"] != self.method or (found := self.path_regex.fullmatch(scope["path"])) is None:
            return None
        if self.query is None:
            return found.groupdict()
        is_usual = self.query.fullmatch(scope["query_string"]) is not None
        if not is_usual or any(name in _NOT_PUBLIC for name, _ in scope["headers"]):
            return None
        return found.groupdict()


class _Endpoint:
    def __init__(
        self, answer: Callable[[Asked], Awaitable[Reply]], plain: re.Pattern[bytes] | None, *, keyed: bool
    ) -> None:
        self._answer = answer
        self._plain = plain
        self._keyed = keyed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), 0
        request_id = observe.identify(scope)
        observe.IN_PROGRESS.inc()
        with observe.followed(scope) as span:
            try:
                reply = await self._reply(scope, receive, request_id)
                if reply is None:
                    return
                status = reply.status
                headers = [*reply.headers, (b"x-request-id", request_id.encode("ascii")), *standing_headers(scope)]
                with observe.leaving():
                    await send({"type": "http.response.start", "status": status, "headers": headers})
                    await send({"type": "http.response.body", "body": reply.body})
            finally:
                observe.IN_PROGRESS.dec()
                observe.record(scope, status, time.perf_counter() - started, span)

    async def _reply(self, scope: Scope, receive: Receive, request_id: str) -> Reply | None:
        was_read = False
        try:
            limits.check_target(scope)
            asked = limits.check_headers(scope)
            body = b""
            if self._keyed:
                limits.check_body_headers(asked, _RULE)
                with limits.HELD.body(scope) as grown:
                    body = await limits.read_whole(_RULE, receive, grown=grown)
            if body and (self._plain is None or self._plain.fullmatch(body) is None):
                limits.strict_json(body)
            was_read = True
            # What comes without a key is for everybody, and may be read from a standby.
            with public_read(not self._keyed):
                return await self._answer(Asked(scope["app"], scope, scope["path_params"], asked, body))
        except limits.Gone:
            return None
        except Exception as error:
            with observe.named(request_id):
                response = await answer_any(error, Request(scope))
            # What was not read to its end may not be followed by another request.
            closing = [] if was_read or not isinstance(error, Refusal) else [_CLOSE]
            headers = observe.with_headers([*response.raw_headers, *closing], keyed=self._keyed)
            return Reply(response.status_code, headers, bytes(response.body))


def _headers_alone(send: Send) -> Send:
    is_over = False

    async def without_body(message: Message) -> None:
        nonlocal is_over
        if message["type"] != "http.response.body":
            await send(message)
        elif not is_over:
            is_over = True
            await send({"type": "http.response.body", "body": b""})

    return without_body


class Market(FastAPI):
    """The application, its hot routes in front."""

    hot: tuple[HotRoute, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            # Whatever can be read can be asked for by HEAD (RFC 9110, 9.1): it is read, and its body kept back.
            scope, send = {**scope, "method": "GET", observe.HEAD_KEY: True}, _headers_alone(send)
        if scope["type"] == "http":
            for route in self.hot:
                if (params := route.takes(scope)) is not None:
                    scope["app"], scope["route"], scope["path_params"] = self, route, params
                    await route.app(scope, receive, send)
                    return
        await super().__call__(scope, receive, send)


def json_reply(status: int, body: bytes, *more: tuple[bytes, bytes], media: bytes = b"application/json") -> Reply:
    """An answer of one piece that nobody keeps."""
    length = str(len(body)).encode()
    return Reply(status, [(b"content-type", media), (b"content-length", length), *observe.KEYED_HEADERS, *more], body)
