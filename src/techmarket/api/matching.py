"""Search and matches over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, TxDep
from techmarket.api.listings import ListingOut, shown
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, SafeText, Uuid, Wire
from techmarket.kernel.money import Money
from techmarket.kernel.paging import BadCursor, Page
from techmarket.kernel.refusals import NotFound
from techmarket.listings.rules import ListingKind, Mode
from techmarket.matching import service, tokens
from techmarket.matching.views import Filters, FoundView

router = APIRouter(prefix="/v1", tags=["matching"], route_class=MarketRoute)

QUERY_MAX = 2_000
Words = Annotated[
    str, Query(max_length=QUERY_MAX, description="Words in Chinese or English."), SafeText(QUERY_MAX, multiline=True)
]
Field_ = Annotated[str, Query(pattern=r"^(0[1-9]|1[01])$", description="technology field, 01 to 11")]
Region = Annotated[str, Query(pattern=r"^[1-9][0-9]{1,5}$", description="division code or its beginning: 33, 3301")]
Amount = Annotated[str, Query(pattern=r"^(0|[1-9][0-9]{0,11})\.[0-9]{2}$", description="in yuan: 600000.00")]


class FoundOut(Wire):
    listing: ListingOut
    score: str = Field(description="Comparable within one answer only.")
    terms: list[str] = Field(description="The terms that hit, strongest first: stems and pairs of characters.")


class MatchOut(FoundOut):
    shared: list[str] = Field(description="Facts that both listings state alike.")
    within_budget: bool | None = Field(description="Whether the price is within the budget, where both are stated.")


class FoundPage(Wire):
    items: list[FoundOut]
    next_cursor: str | None
    model: str = Field(description="The version of the ranking that made this answer.")


class MatchPage(Wire):
    items: list[MatchOut]
    next_cursor: str | None
    model: str


def _found(view: FoundView) -> dict[str, Any]:
    return {"listing": shown(view.listing), "score": view.score, "terms": list(view.terms)}


def _match(view: FoundView) -> dict[str, Any]:
    return {**_found(view), "shared": list(view.shared), "within_budget": view.within_budget}


def _answer(page: Page[Any], response: Response, path: str, **query: Any) -> dict[str, Any]:
    return {**page_response(page, response, path, **query), "model": tokens.MODEL}


@router.get(
    "/search",
    response_model=FoundPage,
    response_model_exclude_unset=True,
    operation_id="search",
    responses=refusals(BadCursor),
)
async def search(
    actor: Reader,
    tx: TxDep,
    response: Response,
    q: Words | None = None,
    kind: ListingKind | None = None,
    field: Field_ | None = None,
    region: Region | None = None,
    mode: Mode | None = None,
    price_max: Amount | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """Find offers and demands by words and filters, over what you may see. Each result names the terms that hit."""
    filters = Filters(kind, field, region, mode, Money.parse(price_max).minor if price_max else None)
    page = await service.search(tx, actor, query=q, filters=filters, cursor=cursor, limit=limit)
    query = {"q": q, "kind": kind, "field": field, "region": region, "mode": mode, "price_max": price_max}
    return _answer(page.map(_found), response, "/v1/search", limit=limit, **query)


@router.get(
    "/listings/{listing_id}/matches",
    response_model=MatchPage,
    response_model_exclude_unset=True,
    operation_id="listMatches",
    responses=refusals(NotFound, BadCursor),
)
async def list_matches(
    listing_id: Uuid, actor: Reader, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """Offers that fit a demand, or demands that fit an offer, best first, each with its explanation."""
    page = await service.list_matches(tx, actor, listing_id, cursor=cursor, limit=limit)
    return _answer(page.map(_match), response, f"/v1/listings/{listing_id}/matches", limit=limit)
