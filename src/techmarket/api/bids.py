"""The hot route: a bid over HTTP. A Starlette route with msgspec, first in line; its refusals are everybody's.

What the fast reader does not accept is read again by the shape that explains itself, so that a malformed bid gets the
same problem document here as anywhere. Whom a key acts for is remembered for a few seconds: a revoked key may bid that
long, and no request pays for looking it up again.
"""

from __future__ import annotations

import hashlib
import re
import time
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from techmarket.api.deps import key_of, means_of, path_uuid
from techmarket.api.limits import strict_json
from techmarket.api.observe import NamedRoute
from techmarket.api.openapi import KEY_HEADER
from techmarket.api.refusals import problem, refusals
from techmarket.api.shapes import AMOUNT_PATTERN, PositiveMoney, Wire
from techmarket.db.idempotency import KeyMalformed, KeyMissing
from techmarket.identity import service as identity
from techmarket.identity.actor import Actor
from techmarket.identity.errors import BadKey, OrganisationSuspended
from techmarket.identity.permissions import NotVerified, ScopeMissing, SignInNeeded
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.trading import errors, service
from techmarket.trading.bidbook import Answer, BidBook
from techmarket.trading.rules import instant

PATH = "/v1/lots/{lot_id}/bids"
REMEMBERED_SECONDS = 3.0
REMEMBERED_MAX = 10_000


class PlaceBid(Wire):
    """A bid names its amount and nothing else."""

    amount: PositiveMoney


class BatchOut(Wire):
    root: str
    index: int
    size: int
    path: list[str] = Field(description="The inclusion proof of RFC 9162 from the entry's leaf to the root.")


class MoneyWire(Wire):
    amount: str
    currency: str


class ReceiptOut(Wire):
    lot: str
    seq: int
    at: str
    bidder: int
    amount: MoneyWire
    verdict: str
    chain: str
    batch: BatchOut
    kid: str
    signature: str = Field(description="Ed25519 under the batch's root, by the key `kid`.")


class BidOut(Wire):
    lot_id: str
    seq: int
    at: str
    amount: MoneyWire
    verdict: str
    effective_end: str
    receipt: ReceiptOut


class _Money(msgspec.Struct, forbid_unknown_fields=True):
    amount: str
    currency: str


class _Bid(msgspec.Struct, forbid_unknown_fields=True):
    amount: _Money


_read = msgspec.json.Decoder(_Bid).decode
_write = msgspec.json.Encoder().encode
_AMOUNT = re.compile(AMOUNT_PATTERN.removeprefix("-?"))


class RememberedKeys:
    """Whom a key acts for, for a few seconds; by the hash of the key, so that none lies about in memory."""

    def __init__(self, *, seconds: float = REMEMBERED_SECONDS) -> None:
        self._seconds = seconds
        self._known: dict[bytes, tuple[float, Actor]] = {}

    async def actor_of(self, request: Request) -> Actor:
        scheme, _, raw = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not raw:
            raise SignInNeeded()
        digest = hashlib.sha256(raw.encode()).digest()
        now = time.monotonic()
        known = self._known.get(digest)
        if known is not None and now < known[0]:
            return known[1]
        means = means_of(request)
        actor = await identity.authenticate(means.tx, means.keys, raw.strip())
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[digest] = (now + self._seconds, actor)
        return actor


async def place_bid(request: Request) -> Response:
    """Place a bid on a lot."""
    remembered: RememberedKeys = request.app.state.remembered_keys
    book: BidBook = request.app.state.bid_book
    actor = await remembered.actor_of(request)
    lot_id = path_uuid(request, "lot_id")
    key = key_of(request)
    minor = _minor_of(await request.body())
    answer = await service.place_bid(book, actor, lot_id, minor=minor, key=key)
    return _accepted(answer) if answer.is_accepted else _refused(answer, request)


def _minor_of(body: bytes) -> int:
    try:
        money = _read(body).amount
        if money.currency == "CNY" and _AMOUNT.fullmatch(money.amount):
            minor = int(money.amount.replace(".", ""))
            if minor > 0:
                return minor
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    return _explained(body)


def _explained(body: bytes) -> int:
    """What is wrong with this body, field by field, as the shape of the route says it."""
    if not body:
        missing = {"type": "missing", "loc": ("body",), "msg": "", "input": None}
        raise RequestValidationError([missing], body=None)
    value = strict_json(body)
    try:
        return PlaceBid.model_validate(value).amount.minor
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(found, body=value) from None


def _accepted(answer: Answer) -> Response:
    entry = answer.entry
    shown = answer.receipt.shown()
    body = _write(
        {
            "lot_id": str(entry.lot_id),
            "seq": entry.seq,
            "at": instant(entry.at),
            "amount": shown["amount"],
            "verdict": entry.verdict,
            "effective_end": instant(answer.effective_end),
            "receipt": shown,
        }
    )
    return Response(body, status_code=201, media_type="application/json", headers=_headers(answer))


def _refused(answer: Answer, request: Request) -> Response:
    """A refused bid is a recorded decision: a problem document with its receipt inside."""
    facts: dict[str, Any] = {
        "least": Money(answer.least_minor),
        "increment": Money(answer.increment_minor),
        "effective_end": answer.effective_end,
        "seq": answer.entry.seq,
        "receipt": answer.receipt.shown(),
    }
    refusal = errors.VERDICTS[answer.entry.verdict](pointer="/body/amount", **facts)
    return problem(refusal, request, headers=_headers(answer))


def _headers(answer: Answer) -> dict[str, str]:
    return {"Cache-Control": "no-store", **({"Idempotency-Replayed": "true"} if answer.is_repeated else {})}


def routes() -> list[Route]:
    return [NamedRoute(PATH, place_bid, methods=["POST"], name="placeBid")]


def describe(app: FastAPI) -> None:
    """Put the hot route into the OpenAPI document, where the framework does not see it."""
    plain = app.openapi

    def whole() -> dict[str, Any]:
        document = plain()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for shape in (PlaceBid, BidOut):
            schema = shape.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[shape.__name__] = schema
        document.setdefault("paths", {}).setdefault(PATH, {})["post"] = _operation()
        return document

    app.openapi = whole  # type: ignore[method-assign]


def _operation() -> dict[str, Any]:
    said = refusals(
        errors.BidTooLow,
        errors.BidOffStep,
        errors.BiddingOver,
        errors.BiddingNotOpen,
        errors.BiddingPaused,
        errors.NotQualified,
        errors.NotAParticipant,
        errors.BidKeyReused,
        errors.BookBusy,
        KeyMissing,
        KeyMalformed,
        SignInNeeded,
        BadKey,
        OrganisationSuspended,
        NotVerified,
        ScopeMissing,
        NotAllowed,
        NotFound,
    )
    return {
        "tags": ["trading"],
        "summary": "Place Bid",
        "description": "Place a bid on a lot. A bid cannot be withdrawn. Every decision, refusals too, has a number in "
        "the lot's book and comes back with a signed receipt. The same key with the same amount gets the first "
        "decision again, for ever.",
        "operationId": "placeBid",
        "security": [{"apiKey": []}],
        "parameters": [
            {"name": "lot_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
            {
                **KEY_HEADER,
                "description": "Your own key for this bid: 1 to 255 visible ASCII characters, kept for ever.",
            },
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/PlaceBid"}}},
        },
        "responses": {
            "201": {
                "description": "The bid leads.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BidOut"}}},
            },
            **{str(status): response for status, response in said.items()},
        },
    }
