"""Public reads by the short way: one listing, the newest of them, and search, for whoever comes without a key.

Most reads of a market are these. They are answered as by `api/listings.py` and `api/matching.py`, in the same words and
with the same tags; whatever is asked in an unusual way, or by somebody who may be known, goes there. An answer that was
given before is given again while its rows are the same (`api/kept.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Scope

from techmarket.api import matching, observe, rates
from techmarket.api.conditional import TAG_LENGTH, names
from techmarket.api.deps import uuid_of
from techmarket.api.hot import Asked, HotRoute, Reply
from techmarket.api.kept import Kept
from techmarket.api.listing_shapes import in_order
from techmarket.api.paging import link_to
from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.canonical import sha256_hex
from techmarket.kernel.paging import LIMIT_DEFAULT
from techmarket.listings import service
from techmarket.listings.rules import ListingKind
from techmarket.matching import service as matching_service
from techmarket.matching.views import Filters, Sort

NO_QUERY = re.compile(b"")
_PAGED = b"kind=(?:OFFER|DEMAND)|limit=(?:[1-9][0-9]?|100)|cursor=[A-Za-z0-9_-]{1,512}"
PAGE_QUERY = re.compile(b"(?:(?:" + _PAGED + b")(?:&(?!$)|$))*")
SEARCH_QUERY = re.compile(
    b"(?=(?:.*&)?q=)(?:(?:q=[A-Za-z0-9._~%+'(),:/-]{1,600}|facets=true|sort=(?:RELEVANCE|NEWEST|PRICE_UP|PRICE_DOWN)|"
    + _PAGED
    + b")(?:&(?!$)|$))*"
)
_write = msgspec.json.Encoder().encode


async def get_listing(asked: Asked) -> Reply:
    """One listing, as anybody sees it."""
    await _count(asked)
    tx, kept = asked.app.state.means.tx, asked.app.state.kept_replies
    listing_id = uuid_of(asked.params["listing_id"], "listing_id")
    key = b"listing:" + listing_id.bytes
    found = kept.find(key)
    if found is None or await service.public_signs(tx, [listing_id]) != found.signs:
        view, signs = await service.get_public_listing(tx, listing_id)
        found = kept.keep(key, Kept(signs, _write(in_order(view)), view.etag))
    return _reply(asked, found)


async def list_listings(asked: Asked) -> Reply:
    """What anybody finds, newest first."""
    await _count(asked)
    tx, kept = asked.app.state.means.tx, asked.app.state.kept_replies
    query = asked.scope["query_string"].decode()
    wanted = dict(pair.split("=") for pair in query.split("&")) if query else {}
    kind = ListingKind(wanted["kind"]) if "kind" in wanted else None
    limit, cursor = int(wanted.get("limit", LIMIT_DEFAULT)), wanted.get("cursor")
    key = f"listings?{query}".encode()
    found = kept.find(key)
    if found is None or found.signs != await service.public_page_signs(tx, kind=kind, cursor=cursor, limit=limit):
        page, signs = await service.list_public_listings(tx, kind=kind, cursor=cursor, limit=limit)
        body = _write({"items": [in_order(view) for view in page.items], "next_cursor": page.next_cursor})
        link = link_to(page, "/v1/listings", limit=limit, kind=kind)
        found = kept.keep(key, Kept(signs, body, sha256_hex(body)[:TAG_LENGTH], link))
    return _reply(asked, found)


async def search(asked: Asked) -> Reply:
    """What anybody finds by words. With an embedder an answer may change while no row of it does: it is not kept."""
    await _count(asked)
    means, kept = asked.app.state.means, asked.app.state.kept_replies
    key = b"search?" + asked.scope["query_string"]
    found = kept.find(key)
    if found is not None and await matching_service.public_signs(means.tx, found.ids) == found.signs:
        return _reply(asked, found)
    wanted = asked.params
    kind = ListingKind(wanted["kind"]) if "kind" in wanted else None
    sort = Sort(wanted["sort"]) if "sort" in wanted else None
    limit, with_facets = int(wanted.get("limit", LIMIT_DEFAULT)), "facets" in wanted
    told: dict[str, Any] = {
        "query": wanted["q"],
        "filters": Filters(kind),
        "cursor": wanted.get("cursor"),
        "limit": limit,
        "sort": sort,
        "with_facets": with_facets,
    }
    if means.embedders:
        page = await matching_service.search(means.tx, ANONYMOUS, embedders=means.embedders, **told)
    else:
        page = await matching_service.search_in_public(means.tx, **told)
    body = _write(matching.said_of(page, None))
    link = matching.link_of(page, q=wanted["q"], kind=kind, sort=sort, facets=with_facets, limit=limit)
    answer = Kept(page.signs or (), body, sha256_hex(body)[:TAG_LENGTH], link, page.ids)
    return _reply(asked, answer if page.signs is None else kept.keep(key, answer))


class SearchRoute(HotRoute):
    """A search whose words are taken as they are; others are read, and refused, the framework's way."""

    def takes(self, scope: Scope) -> Mapping[str, str] | None:
        if super().takes(scope) is None:
            return None
        try:
            wanted = dict(parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True, errors="strict"))
            return wanted | {"q": matching.WORDS.clean(wanted["q"])}
        except ValueError:
            return None


async def _count(asked: Asked) -> None:
    client = asked.scope.get("client")
    await asked.app.state.rates.spend(rates.OPEN, client[0] if client else "unknown", asked.scope)


def _reply(asked: Asked, answer: Kept) -> Reply:
    """The answer with its tag, or that nothing has changed to the reader who has it."""
    headers = [(b"etag", f'"{answer.tag}"'.encode())]
    if answer.link is not None:
        headers.insert(0, (b"link", answer.link.encode()))
    known = asked.headers.get(b"if-none-match")
    if known is not None and names(known.decode("latin-1"), answer.tag):
        return Reply(304, [*headers, *observe.SECURITY_HEADERS], b"")
    told = [(b"content-length", str(len(answer.body)).encode()), (b"content-type", b"application/json")]
    return Reply(200, [*told, *headers, *observe.SECURITY_HEADERS], answer.body)


def routes() -> tuple[HotRoute, ...]:
    return (
        HotRoute("/v1/listings/{listing_id}", get_listing, method="GET", name="getListing", query=NO_QUERY),
        HotRoute("/v1/listings", list_listings, method="GET", name="listListings", query=PAGE_QUERY),
        SearchRoute("/v1/search", search, method="GET", name="search", query=SEARCH_QUERY),
    )
