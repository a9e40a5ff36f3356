"""Public reads by the short way: one listing, and the newest of them, for whoever comes without a key.

Most reads of a market are these. They are answered as by `api/listings.py`, in the same words and with the same tags;
whatever is asked in an unusual way, or by somebody who may be known, goes there.
"""

from __future__ import annotations

import re

import msgspec

from techmarket.api import observe, rates
from techmarket.api.conditional import TAG_LENGTH, names
from techmarket.api.deps import uuid_of
from techmarket.api.hot import Asked, HotRoute, Reply
from techmarket.api.listings import in_order
from techmarket.api.paging import link_to
from techmarket.kernel.canonical import sha256_hex
from techmarket.kernel.paging import LIMIT_DEFAULT
from techmarket.listings import service
from techmarket.listings.rules import ListingKind

NO_QUERY = re.compile(b"")
PAGE_QUERY = re.compile(
    b"(?:(?:kind=(?:OFFER|DEMAND)|limit=(?:[1-9][0-9]?|100)|cursor=[A-Za-z0-9_-]{1,512})(?:&(?!$)|$))*"
)
_write = msgspec.json.Encoder().encode


async def get_listing(asked: Asked) -> Reply:
    """One listing, as anybody sees it."""
    await _count(asked)
    listing_id = uuid_of(asked.params["listing_id"], "listing_id")
    view = await service.get_public_listing(asked.app.state.means.tx, listing_id)
    return _reply(asked, _write(in_order(view)), tag=view.etag)


async def list_listings(asked: Asked) -> Reply:
    """What anybody finds, newest first."""
    await _count(asked)
    query = asked.scope["query_string"].decode()
    wanted = dict(pair.split("=") for pair in query.split("&")) if query else {}
    kind = ListingKind(wanted["kind"]) if "kind" in wanted else None
    limit, cursor = int(wanted.get("limit", LIMIT_DEFAULT)), wanted.get("cursor")
    page = await service.list_public_listings(asked.app.state.means.tx, kind=kind, cursor=cursor, limit=limit)
    body = _write({"items": [in_order(view) for view in page.items], "next_cursor": page.next_cursor})
    link = link_to(page, "/v1/listings", limit=limit, kind=kind)
    more = [(b"link", link.encode())] if link is not None else []
    return _reply(asked, body, *more, tag=sha256_hex(body)[:TAG_LENGTH])


async def _count(asked: Asked) -> None:
    client = asked.scope.get("client")
    await asked.app.state.rates.spend(rates.OPEN, client[0] if client else "unknown", asked.scope)


def _reply(asked: Asked, body: bytes, *more: tuple[bytes, bytes], tag: str) -> Reply:
    """The answer with its tag, or that nothing has changed to the reader who has it."""
    headers = [*more, (b"etag", f'"{tag}"'.encode())]
    known = asked.headers.get(b"if-none-match")
    if known is not None and names(known.decode("latin-1"), tag):
        return Reply(304, [*headers, *observe.SECURITY_HEADERS], b"")
    told = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
    return Reply(200, [*told, *headers, *observe.SECURITY_HEADERS], body)


def routes() -> tuple[HotRoute, ...]:
    return (
        HotRoute("/v1/listings/{listing_id}", get_listing, method="GET", name="getListing", query=NO_QUERY),
        HotRoute("/v1/listings", list_listings, method="GET", name="listListings", query=PAGE_QUERY),
    )
