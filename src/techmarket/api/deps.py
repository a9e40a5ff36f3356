"""What every route may ask for: the actor, a transaction, the market's keys and files; and the keyed route.

Authentication is one async dependency. `MarketRoute` gives every POST its idempotency key: effect and answer are one
commit (`db/idempotency.py`); and every GET its tag (`conditional.py`).
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

from techmarket.api import observe, rates, retiring
from techmarket.api.conditional import unless_known
from techmarket.api.errors import BrokenOff
from techmarket.api.limits import JSON, STREAMED_KEY, media_of
from techmarket.api.refusals import problem
from techmarket.api.searches import KeptSearches
from techmarket.api.shapes import Uuid
from techmarket.api.turns import Doors, Turn, TurnedTx
from techmarket.api.uses import LastUses
from techmarket.db.files import Files
from techmarket.db.idempotency import (
    Answer,
    KeyedTx,
    KeyGuessable,
    KeyInFlight,
    KeyMalformed,
    KeyMissing,
    KeyReused,
    Replay,
    fingerprint,
)
from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.identity import service as identity
from techmarket.identity.actor import ANONYMOUS, Actor
from techmarket.identity.errors import BadKey, CrossSite, DeputyDoesNotBid, DeputyshipOver, ElevationOver, NotAgreed
from techmarket.identity.permissions import ElevationDoesNotReach, SignInNeeded
from techmarket.kernel.embedding import Embedder
from techmarket.kernel.refusals import Kind, Refusal

AS_DEPUTY, UNDER_ELEVATION, AGREED_ACT = "acting-as-deputy", "acting-under-elevation", "agreed-act"
REACHED_BY_ELEVATION = (
    *("/v1/organisations/", "/v1/people/", "/v1/invitations/", "/v1/keys/", "/v1/clients/", "/v1/webhooks"),
    *("/v1/webhook-deliveries/", "/v1/listings", "/v1/achievements", "/v1/contracts"),
)
"""Listed, so that what is added later is out of an elevation's reach until somebody decides otherwise."""
COOKIE = "__Host-techmarket"
ANONYMOUS_KEY_MIN = 16
KEY_FORM = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("content-type", "content-language", "etag", "location", "vary", "cache-control")
NOT_KEPT = frozenset({Kind.UNAUTHENTICATED, Kind.TOO_MANY, Kind.BUSY, Kind.TOO_SLOW})

_uuid: TypeAdapter[UUID] = TypeAdapter(Uuid)
_PLAIN_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
bearer = HTTPBearer(
    auto_error=False,
    scheme_name="apiKey",
    description="An API key: `Authorization: Bearer tmk_<prefix>_<secret>`, in a sandbox `tmk_test_…`. "
    "Beside it may stand for whom you act: `Acting-As-Deputy`, `Acting-Under-Elevation`, `Agreed-Act` with an id.",
)


class PreconditionRequired(Refusal):
    code, kind = "precondition.if_match_missing", Kind.PRECONDITION_REQUIRED
    zh = "修改此资源必须带 If-Match 请求头，其值为您上次读到的 ETag。"
    en = "Changing this needs an If-Match header with the ETag you last read."


def means_of(request: Request) -> Means:
    means = request.app.state.means
    assert isinstance(means, Means)
    return means


async def reader(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Actor:
    """Whoever asks: anonymous without an Authorization header; a wrong key is refused, never taken as anonymous."""
    raw = credentials.credentials if credentials is not None else None
    if raw is None:
        if request.headers.get("authorization"):
            raise SignInNeeded()
        raw = cookie_of(request)
        if raw is None:
            await spend_openly(request)
            await _take_turn(request, f"address {source_of(request)}")
            return ANONYMOUS
        require_same_site(request)
    means = means_of(request)
    try:
        async with _at_the_door(request, raw):
            actor = await identity.authenticate(means.tx, means.keys, raw, issuer=means.public_url)
    except BadKey:
        await spend_openly(request)
        raise
    if observe.route_template(request.scope) in observe.UNTOLD:
        if AS_DEPUTY in request.headers or UNDER_ELEVATION in request.headers:
            raise DeputyDoesNotBid()
        # Neither the last use of a key nor a count of requests may say that an envelope was put.
        await rates_of(request).spend(rates.SEALED, str(actor.key_id), request.scope)
        await _take_turn(request, str(actor.org_id))
        return actor
    uses: LastUses = request.app.state.last_uses
    uses.note(actor.key_id)
    policy = rates.READ if request.method in ("GET", "HEAD") else rates.WRITE
    await rates_of(request).spend(policy, str(actor.key_id), request.scope)
    await _take_turn(request, str(actor.org_id))
    # In the turn: an agreement that was given to a request is not used up by one that is told to come again.
    return await acting_for(request, means, actor)


def _at_the_door(request: Request, raw: str) -> AbstractAsyncContextManager[None]:
    doors: Doors | None = getattr(request.app.state, "doors", None)
    return nullcontext() if doors is None else doors.passing(raw)


async def _take_turn(request: Request, whose: str) -> None:
    turn: Turn | None = getattr(request.state, "turn", None)
    if turn is not None:
        await turn.take(whose)


async def acting_for(request: Request, means: Means, actor: Actor) -> Actor:
    """The actor for whom he says he acts: a colleague whose deputy he is, or an organisation under an elevation."""
    deputyship, elevation = request.headers.get(AS_DEPUTY), request.headers.get(UNDER_ELEVATION)
    if deputyship is not None:
        if elevation is not None or _PLAIN_UUID.fullmatch(deputyship) is None:
            raise DeputyshipOver()
        actor = await identity.as_deputy(means.tx, actor, UUID(deputyship))
    if elevation is not None:
        if _PLAIN_UUID.fullmatch(elevation) is None:
            raise ElevationOver()
        looks_at = _address_of(request) if request.method in ("GET", "HEAD") else None
        actor = await identity.under_elevation(means.tx, actor, UUID(elevation), looks_at=looks_at)
        if not request.url.path.startswith(REACHED_BY_ELEVATION):
            raise ElevationDoesNotReach()
    agreed = request.headers.get(AGREED_ACT)
    if agreed is not None:
        if _PLAIN_UUID.fullmatch(agreed) is None:
            raise NotAgreed()
        actor = await identity.as_agreed(
            means.tx,
            actor,
            UUID(agreed),
            method=request.method,
            path=request.url.path,
            body=await _object_of(request),
            key=request.headers.get("idempotency-key", ""),
        )
    return actor


def _address_of(request: Request) -> str:
    """The address of a route with the ids in it; whatever else stands in it is left out."""

    def said(part: re.Match[str]) -> str:
        given = str(request.path_params.get(part[1], ""))
        return given if _PLAIN_UUID.fullmatch(given) else part[0]

    return re.sub(r"\{(\w+)[^}]*\}", said, observe.route_template(request.scope))


async def _object_of(request: Request) -> dict[str, Any] | None:
    """The body of a request that a colleague agreed to: a JSON object, or nothing.

    Uploads are never agreed to: their bodies come in unbounded by memory, and are neither kept nor parsed for this.
    """
    if STREAMED_KEY in request.scope:
        raise NotAgreed()
    raw = await request.body()
    if not raw:
        return None
    if media_of(request.headers.get("content-type", "")) != JSON:
        raise NotAgreed()
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise NotAgreed() from None
    if not isinstance(body, dict):
        raise NotAgreed()
    return body


def rates_of(request: Request) -> rates.Rates:
    limits = request.app.state.rates
    assert isinstance(limits, rates.Rates)
    return limits


def source_of(request: Request) -> str:
    """Where a request comes from, as far as the proxy in front tells."""
    return request.client.host if request.client else "unknown"


def neighbourhood_of(request: Request) -> str:
    """Where a request comes from, for what is counted over a day: the 64 bits that a line of IPv6 is given are one."""
    source = source_of(request)
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return source


async def spend_openly(request: Request) -> None:
    """Whoever is not known yet is counted by where he comes from."""
    await rates_of(request).spend(rates.OPEN, source_of(request), request.scope)


def cookie_of(request: Request) -> str | None:
    """The session of a page of the portal."""
    return request.cookies.get(COOKIE)


def require_same_site(request: Request) -> None:
    """A browser sends its cookie along with whatever page asks: a change counts only from a page of ours."""
    if request.method in ("GET", "HEAD"):
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = site == "same-origin" if site is not None else origin == means_of(request).public_url
    if not ours:
        raise CrossSite()


async def signed_in(actor: Annotated[Actor, Depends(reader)]) -> Actor:
    if actor.is_anonymous:
        raise SignInNeeded()
    return actor


async def transactions(request: Request, actor: Annotated[Actor, Depends(reader)]) -> Tx:
    means = means_of(request)
    once: Once | None = getattr(request.state, "once", None)
    if once is None:
        turn: Turn | None = getattr(request.state, "turn", None)
        return TurnedTx(means.tx, turn) if turn is not None and turn.goes_on else means.tx
    if actor.is_anonymous and len(once.key) < ANONYMOUS_KEY_MIN:
        raise KeyGuessable(length_min=ANONYMOUS_KEY_MIN, pointer="/header/Idempotency-Key")
    once.tx = KeyedTx(
        means.tx,
        principal=actor.principal,
        key=once.key,
        fingerprint=once.fingerprint,
        peppers=means.keys.peppers,
    )
    return once.tx


async def market_keys(request: Request) -> Keys:
    return means_of(request).keys


async def market_files(request: Request) -> Files:
    return means_of(request).files


async def market_embedders(request: Request) -> tuple[Embedder, ...]:
    return means_of(request).embedders


async def kept_searches(request: Request) -> KeptSearches:
    searches = request.app.state.kept_searches
    assert isinstance(searches, KeptSearches)
    return searches


async def streamed_body(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes in; a sender who goes away is refused like one who is too slow."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise BrokenOff() from None


async def if_match(if_match: Annotated[str | None, Header(max_length=200)] = None) -> str:
    """The ETag the writer last read, as the service compares it."""
    if if_match is None:
        raise PreconditionRequired()
    return if_match.strip().removeprefix("W/").strip('"')


Reader = Annotated[Actor, Depends(reader)]
SignedIn = Annotated[Actor, Depends(signed_in)]
TxDep = Annotated[Tx, Depends(transactions)]
MeansDep = Annotated[Means, Depends(means_of)]
KeysDep = Annotated[Keys, Depends(market_keys)]
EmbeddersDep = Annotated[tuple[Embedder, ...], Depends(market_embedders)]
SearchesDep = Annotated[KeptSearches, Depends(kept_searches)]
FilesDep = Annotated[Files, Depends(market_files)]
IfMatch = Annotated[str, Depends(if_match)]


class Once:
    """What one keyed request knows about itself."""

    def __init__(self, key: str, fingerprint: bytes, *, streamed: bool = False) -> None:
        self.key = key
        self.fingerprint = fingerprint
        self.streamed = streamed
        self.tx: KeyedTx | None = None


class TurnRoute(APIRoute):
    """A route whose request takes its turn at the database (`turns.py`)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return self._in_turn(super().get_route_handler())

    def _in_turn(
        self, handle: Callable[[Request], Coroutine[Any, Any, Response]]
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        if (self.openapi_extra or {}).get("x-streamed"):
            return handle  # a body that takes minutes must not hold a turn meanwhile
        goes_on = self.response_class is StreamingResponse

        async def in_turn(request: Request) -> Response:
            turns = getattr(request.app.state, "turns", None)
            if turns is None:
                return await handle(request)
            turn = request.state.turn = Turn(turns, goes_on=goes_on)
            try:
                return await handle(request)
            finally:
                turn.leave()

        return in_turn


class MarketRoute(TurnRoute):
    """A route whose POST is keyed, whose GET is conditional, and whose request takes its turn.

    Mark a POST that only computes with `openapi_extra={"x-changes-nothing": True}`, one that streams its body with
    `openapi_extra={"x-streamed": True}`.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = self._in_turn(self._handler())
        fields = retiring.fields_going(*retiring.shapes_of(self))
        marks = retiring.headers_of(self.openapi_extra or {}, fields)
        if not marks:
            return handle

        async def marked(request: Request) -> Response:
            request.state.retiring = marks  # a refusal carries them, too
            response = await handle(request)
            for name, value in marks.items():
                response.headers.append(name, value)
            return response

        return marked

    def _handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = APIRoute.get_route_handler(self)
        extra = self.openapi_extra or {}
        if "GET" in (self.methods or ()):

            async def conditional(request: Request) -> Response:
                return await unless_known(request, await handle(request))

            return conditional
        if "POST" not in (self.methods or ()) or extra.get("x-changes-nothing"):
            return handle
        streamed = bool(extra.get("x-streamed"))

        async def keyed(request: Request) -> Response:
            key = key_of(request)
            body = request.headers.get("content-length", "").encode() if streamed else await request.body()
            query = request.scope["query_string"]
            once = Once(key, fingerprint(request.method, request.url.path, query, body), streamed=streamed)
            request.state.once = once
            try:
                response = await handle(request)
                if once.tx is not None:
                    await once.tx.settle(_answer_of(response))
                return response
            except Replay as replay:
                return _replayed(replay.answer)
            except Refusal as refusal:
                return await _refused(refusal, once, request)
            finally:
                if once.tx is not None:
                    await once.tx.abandon()

        return keyed


def path_uuid(request: Request, name: str) -> UUID:
    """The id in the address of a plain route, refused as in any other."""
    return uuid_of(request.path_params[name], name)


def uuid_of(text: str, name: str) -> UUID:
    if _PLAIN_UUID.fullmatch(text):
        return UUID(text)
    try:
        return _uuid.validate_python(text)
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("path", name)} for one in error.errors()]) from None


def key_of(request: Request) -> str:
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        raise KeyMissing(pointer="/header/Idempotency-Key")
    if len(keys) > 1:
        raise KeyMalformed(pointer="/header/Idempotency-Key")
    return key_from(keys[0].encode("latin-1"))


def key_from(header: bytes | None) -> str:
    """The caller's own key of a request, which is to have one."""
    if header is None:
        raise KeyMissing(pointer="/header/Idempotency-Key")
    key = header.decode("latin-1")
    if KEY_FORM.fullmatch(key) is None:
        raise KeyMalformed(pointer="/header/Idempotency-Key")
    return key


async def _refused(refusal: Refusal, once: Once, request: Request) -> Response:
    response = problem(refusal, request)
    unkept = refusal.kind in NOT_KEPT or isinstance(refusal, KeyInFlight | KeyReused)
    # Of a file that was not read to its end nobody knows whether a second one is the same: nothing was done, so the key
    # is free for whichever comes.
    if once.tx is None or unkept or (once.streamed and not once.tx.is_bound):
        return response
    try:
        await once.tx.settle_refusal(_answer_of(response))
    except Replay as replay:
        return _replayed(replay.answer)
    except KeyInFlight as in_flight:
        return problem(in_flight, request)
    return response


def _answer_of(response: Response) -> Answer:
    headers = {name: value for name, value in response.headers.items() if name.lower() in KEPT_HEADERS}
    return Answer(response.status_code, headers, bytes(response.body))


def _replayed(answer: Answer) -> Response:
    return Response(answer.body, status_code=answer.status, headers={**answer.headers, "Idempotency-Replayed": "true"})
