"""What every keyed POST of the market promises, walked from the OpenAPI document: no route can leave itself out."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import APIRoute
from httpx import AsyncClient, Response
from sqlalchemy import text

from techmarket.api.deps import MarketRoute
from techmarket.app import ROUTERS
from techmarket.cli import openapi
from techmarket.db.means import Means
from techmarket.identity.actor import OrgKind, Role
from tests.api import hostile
from tests.identity.make import an_organisation

EVERY = 1 if os.environ.get("TECHMARKET_LONG") else 10
HEADER = "Idempotency-Key"
KEPT_BY_THEIR_ROOM = {"placeBid"}  # a bid's key is part of the bid, and is known for ever
BAD_KEYS = {
    "nothing in it": b"",
    "256 characters": b"x" * 256,
    "10 000 characters": b"x" * 10_000,
    "a blank inside": b"a b",
    "a letter beyond ASCII": "键".encode(),
    "a Latin letter": b"caf\xe9",
    "a tab": b"a\tb",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


@dataclass(frozen=True)
class KeyedPost:
    name: str
    address: str
    media: str | None
    content: bytes | None

    async def send(self, http: AsyncClient, *keys: bytes, more: bytes = b"", signed_in: str = "") -> Response:
        headers: list[tuple[str, Any]] = [(HEADER, key) for key in keys]
        if self.media:
            headers.append(("Content-Type", self.media))
        if signed_in:
            headers.append(("Authorization", f"Bearer {signed_in}"))
        content = None if self.content is None else self.content + more
        return await http.post(self.address, headers=headers, content=content)


def keyed_posts(document: dict[str, Any]) -> Iterator[KeyedPost]:
    """Requests that fit as far as the document tells; what they name need not exist."""
    components = document["components"]["schemas"]
    for path, item in document["paths"].items():
        operation = item.get("post", {})
        parameters = operation.get("parameters", [])
        if HEADER not in {parameter["name"] for parameter in parameters}:
            continue
        query = []
        for parameter in parameters:
            example = str(parameter.get("example") or hostile.example_of(parameter["schema"], components))
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", quote(example))
            elif parameter["in"] == "query" and parameter.get("required"):
                query.append((parameter["name"], example))
        media = next(iter(operation.get("requestBody", {}).get("content", {})), None)
        content = None if media is None else b"sample"
        if media == "application/json":
            schema = operation["requestBody"]["content"][media]["schema"]
            content = json.dumps(hostile.example_of(schema, components)).encode()
        media = "text/plain" if media and "*" in media else media
        address = path + ("?" + urlencode(query) if query else "")
        yield KeyedPost(operation["operationId"], address, media, content)


def told(response: Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json", response.text
    return response.status_code, response.json()["code"]


def test_every_post_is_keyed_or_says_why_it_is_not(document: dict[str, Any]):
    """A POST without a key changes nothing, or stands here because its repetition is known by a name of its own."""
    # A session begun twice is two sessions, and its secret is kept nowhere.
    known_otherwise = {"receiveBankMessage", "signIn", "beginSignIn", "giveSignInCode", "linkOutsideIdentity"}
    keyed = {post.name for post in keyed_posts(document)}
    others = {
        item["post"]["operationId"]
        for item in document["paths"].values()
        if "post" in item and not item["post"].get("x-changes-nothing")
    } - keyed
    assert others <= known_otherwise
    assert len(keyed) > 10


def test_every_keyed_operation_of_the_document_is_served_by_the_keyed_route(document: dict[str, Any]):
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    served = {
        route.operation_id
        for route in routes
        if isinstance(route, MarketRoute)
        and "POST" in route.methods
        and not (route.openapi_extra or {}).get("x-changes-nothing")
    }
    assert {post.name for post in keyed_posts(document)} - KEPT_BY_THEIR_ROOM == served


async def test_a_changing_post_without_a_key_is_refused_everywhere_and_leaves_no_trace(
    client: AsyncClient, means: Means, document: dict[str, Any]
):
    market = await the_market(means)
    before = await rows(means, "journal_entry")
    answers = {post.name: told(await post.send(client, signed_in=market)) for post in keyed_posts(document)}
    assert answers == dict.fromkeys(answers, (400, "idempotency.key_missing"))
    assert (await rows(means, "idempotency_key"), await rows(means, "journal_entry")) == (0, before)


async def test_a_key_that_is_not_1_to_255_visible_characters_is_refused_everywhere(
    client: AsyncClient, means: Means, document: dict[str, Any]
):
    market = await the_market(means)
    before = await rows(means, "journal_entry")
    answers = {
        (post.name, why): told(await post.send(client, key, signed_in=market))
        for post in keyed_posts(document)
        for why, key in BAD_KEYS.items()
    }
    assert answers == dict.fromkeys(answers, (400, "idempotency.key_malformed"))
    assert (await rows(means, "idempotency_key"), await rows(means, "journal_entry")) == (0, before)


async def test_two_keys_at_once_are_refused_everywhere(client: AsyncClient, document: dict[str, Any]):
    answers = {post.name: told(await post.send(client, b"one", b"two")) for post in keyed_posts(document)}
    assert answers == dict.fromkeys(answers, (400, "request.bad_header"))


async def test_a_key_belongs_to_the_first_request_that_used_it_wherever_that_was_answered_for_good(
    client: AsyncClient, means: Means, document: dict[str, Any]
):
    """The same key and request hear the first answer again; the same key with another body hears 422."""
    market = await the_market(means)
    bound = []
    for post in keyed_posts(document):
        key = post.name.encode()
        before = await rows(means, "idempotency_key")
        first = await post.send(client, key, signed_in=market)
        kept = await rows(means, "idempotency_key") - before
        if not kept:
            # Refused before a use case began: nothing happened, so there is nothing to repeat.
            assert first.status_code in (401, 403, 404, 413, 415, 422, 428), (post.name, first.text)
            continue
        bound.append(post.name)
        journal = await rows(means, "journal_entry")
        again = await post.send(client, key, signed_in=market)
        assert (again.status_code, again.content) == (first.status_code, first.content), post.name
        assert again.headers.get("idempotency-replayed") == "true", post.name
        if post.media == "application/json":
            other = await post.send(client, key, more=b" ", signed_in=market)
            assert told(other) == (422, "idempotency.key_reused"), post.name
        assert await rows(means, "journal_entry") == journal, post.name
    assert len(bound) >= 10


@pytest.mark.slow
async def test_fifty_at_once_with_one_key_and_ten_after_them_are_one_act_with_one_answer(
    client: AsyncClient, means: Means, document: dict[str, Any]
):
    """Every tenth operation in each run of the tests, all of them in `make fuzz`."""
    market = await the_market(means)
    for post in list(keyed_posts(document))[3::EVERY]:
        key, before = f"many {post.name}".replace(" ", "-").encode(), await rows(means, "journal_entry")
        answers = await asyncio.gather(*[post.send(client, key, signed_in=market) for _ in range(50)])
        acts = await rows(means, "journal_entry") - before
        answers += [await post.send(client, key, signed_in=market) for _ in range(10)]
        # Still under way (409), or no connection free for so many at once (503): neither is an answer to the act.
        waiting = [one for one in answers if one.status_code == 503 or (one.status_code == 409 and FLIGHT in one.text)]
        told = {plain(answer) for answer in answers if answer not in waiting}
        assert len(told) == 1, (post.name, told)
        assert all(answer not in waiting for answer in answers[50:]), post.name
        alone = await post.send(client, key + b"-alone", signed_in=market)
        once = await rows(means, "journal_entry") - before - acts
        # A second act of its own leaves as many entries as the fifty did together, or is refused and leaves none.
        assert acts == once or (alone.status_code >= 400 and acts <= MOST_ENTRIES), (post.name, acts, once)


FLIGHT = "idempotency.in_flight"
MOST_ENTRIES = 5
"""What one act leaves in the journal at most, where a second one cannot be compared with it."""


def plain(answer: Response) -> tuple[int, str]:
    """Without the id of the single request, which a refusal that is not kept has anew."""
    return answer.status_code, re.sub(r'"request_id":"[^"]*"', "", answer.text)


async def the_market(means: Means) -> str:
    """The key of one who has every role at the market, so that as little as possible stands in the way."""
    return (await an_organisation(means.tx, kind=OrgKind.MARKET, keys=means.keys, roles=tuple(Role))).key


async def rows(means: Means, table: str) -> int:
    async with means.tx.read() as db:
        return int((await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())
