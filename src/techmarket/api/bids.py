"""The hot route: a bid over HTTP, by the short way and with msgspec; its refusals are everybody's.

What the fast reader does not accept is read again by the shape that explains itself, so that a malformed bid gets the
same problem document here as anywhere.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError

from techmarket.api.deps import AS_DEPUTY, UNDER_ELEVATION, key_from, uuid_of
from techmarket.api.errors import TooManyRequests
from techmarket.api.hot import Asked, HotRoute, Reply, json_reply
from techmarket.api.limits import strict_json
from techmarket.api.openapi import KEY_HEADER
from techmarket.api.rates import BID
from techmarket.api.refusals import (
    MEDIA_TYPE,
    body_after,
    document_of,
    opening_of,
    preferred_language,
    refusals,
)
from techmarket.api.remembered import RememberedKeys
from techmarket.api.shapes import AMOUNT_PATTERN, PositiveMoney, Wire
from techmarket.db.idempotency import KeyMalformed, KeyMissing
from techmarket.identity.errors import BadKey, DeputyDoesNotBid, OrganisationSuspended
from techmarket.identity.permissions import NotVerified, ScopeMissing, SignInNeeded
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.trading import errors, service
from techmarket.trading.bidbook import Answer, BidBook
from techmarket.trading.rules import instant

PATH = "/v1/lots/{lot_id}/bids"


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
    price: MoneyWire = Field(
        description="What the bidder pays if it stays at this: his bid, or the falling price, not what he named above."
    )
    verdict: str
    effective_end: str
    receipt: ReceiptOut


class _Money(msgspec.Struct, forbid_unknown_fields=True):
    amount: str
    currency: str


class _Bid(msgspec.Struct, forbid_unknown_fields=True):
    amount: _Money


_AGAIN = ((b"idempotency-replayed", b"true"),)
_VARIES = ((b"vary", b"Accept-Language"),)
_PROBLEM = MEDIA_TYPE.encode()
_read = msgspec.json.Decoder(_Bid).decode
_write = msgspec.json.Encoder().encode
_AMOUNT = re.compile(AMOUNT_PATTERN.removeprefix("-?"))
_PLAIN = re.compile(
    rb'\{"amount": ?\{"amount": ?"(%b)", ?"currency": ?"CNY"\}\}' % AMOUNT_PATTERN.removeprefix("-?").encode()
)
"""A bid as JSON libraries write it: nothing in it can be read in two ways."""


_AS_DEPUTY, _UNDER_ELEVATION = AS_DEPUTY.encode(), UNDER_ELEVATION.encode()


async def place_bid(asked: Asked) -> Reply:
    """Place a bid on a lot."""
    state, headers = asked.app.state, asked.headers
    remembered: RememberedKeys = state.remembered_keys
    book: BidBook = state.bid_book
    actor = await remembered.actor_of(state.means, headers.get(b"authorization", b"").decode("latin-1"))
    await state.rates.spend(BID, str(actor.key_id), asked.scope)
    if _AS_DEPUTY in headers or _UNDER_ELEVATION in headers:
        raise DeputyDoesNotBid()
    lot_id = uuid_of(asked.params["lot_id"], "lot_id")
    key = key_from(headers.get(b"idempotency-key"))
    minor = _minor_of(asked.body)
    answer = await service.place_bid(book, actor, lot_id, minor=minor, key=key)
    return _accepted(answer) if answer.is_accepted else _refused(answer, asked)


def _minor_of(body: bytes) -> int:
    plain = _PLAIN.fullmatch(body)
    if plain is not None and (minor := int(plain[1].replace(b".", b""))) > 0:
        return minor
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


def _accepted(answer: Answer) -> Reply:
    entry = answer.entry
    shown = answer.receipt.shown()
    body = _write(
        {
            "lot_id": str(entry.lot_id),
            "seq": entry.seq,
            "at": instant(entry.at),
            "amount": shown["amount"],
            "price": shown["amount"],
            "verdict": entry.verdict,
            "effective_end": instant(answer.effective_end),
            "receipt": shown,
        }
    )
    return json_reply(201, body, *(_AGAIN if answer.is_repeated else ()))


def _refused(answer: Answer, asked: Asked) -> Reply:
    """A refused bid is a recorded decision: a problem document with its receipt inside."""
    entry = answer.entry
    language = preferred_language(asked.headers.get(b"accept-language", b"").decode("latin-1"))
    status, code, opening = _no(
        entry.verdict, answer.least_minor, answer.increment_minor, answer.effective_end, answer.reached_at, language
    )
    body = body_after(opening, code, {"seq": entry.seq, "receipt": answer.receipt.shown()}, asked.scope)
    told = (*_VARIES, (b"content-language", language.encode()), *(_AGAIN if answer.is_repeated else ()))
    return json_reply(status, body, *told, media=_PROBLEM)


@lru_cache(maxsize=1024)
def _no(
    verdict: str,
    least_minor: int,
    increment_minor: int,
    effective_end: datetime,
    reached_at: datetime | None,
    language: str,
) -> tuple[int, str, bytes]:
    """What all who were refused alike in a batch are told alike, written once: status, code, the document's opening."""
    facts: dict[str, Any] = {
        "least": Money(least_minor),
        "increment": Money(increment_minor),
        "effective_end": effective_end,
    }
    if reached_at is not None:
        facts["reached_at"] = reached_at
    refusal = errors.VERDICTS[verdict](pointer="/body/amount", **facts)
    document = document_of(refusal, language)
    return document["status"], document["code"], opening_of(document)


def routes() -> tuple[HotRoute, ...]:
    return (HotRoute(PATH, place_bid, method="POST", name="placeBid", plain=_PLAIN),)


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
        errors.PriceNotReached,
        errors.BidBelowFloor,
        errors.NotThePrice,
        errors.BiddingOver,
        errors.BiddingNotOpen,
        errors.BiddingPaused,
        errors.NoBiddingHere,
        errors.NotQualified,
        errors.NotAParticipant,
        errors.BidKeyReused,
        errors.BookBusy,
        TooManyRequests,
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
