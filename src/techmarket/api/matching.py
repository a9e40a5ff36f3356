"""Search, suggestions and matches over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BeforeValidator, Field

from techmarket.achievements.rights import RightKind
from techmarket.api.deps import EmbeddersDep, MarketRoute, Reader, SearchesDep, TxDep
from techmarket.api.listing_shapes import ListingOut, in_order
from techmarket.api.paging import link_to
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, SafeText, Uuid, Wire, plain_digits
from techmarket.kernel.embedding import Trouble
from techmarket.kernel.money import Money
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotFound
from techmarket.listings.rules import ListingKind, Mode
from techmarket.matching import service, texts
from techmarket.matching.fitting import Fit
from techmarket.matching.views import Filters, FoundView, MatchView, SearchPage, Sort, TermPart

router = APIRouter(prefix="/v1", tags=["matching"], route_class=MarketRoute)

QUERY_MAX = 2_000
_write = msgspec.json.Encoder().encode
WORDS = SafeText(QUERY_MAX, multiline=True)
Words = Annotated[str, Query(max_length=QUERY_MAX, description="Words in Chinese or English."), WORDS]
Start = Annotated[str, Query(max_length=100, description="How it begins."), SafeText(100)]
FieldCode = Annotated[str, Query(pattern=r"^(0[1-9]|1[01])$", description="technology field, 01 to 11")]
Region = Annotated[str, Query(pattern=r"^[1-9][0-9]{1,5}$", description="division code or its beginning: 33, 3301")]
Industry = Annotated[str, Query(pattern=r"^[A-T][0-9]{0,4}$", description="GB/T 4754 code or its beginning: C, C35")]
Amount = Annotated[str, Query(pattern=r"^(0|[1-9][0-9]{0,11})\.[0-9]{2}$", description="in yuan: 600000.00")]
Maturity = Annotated[
    int,
    Query(strict=False, ge=1, le=9, description="technology readiness level, at least"),
    BeforeValidator(plain_digits),
]


GRANTS_LEFT_OUT = Field(description="Whether you hold more grants than take part in one answer: the newest 500 do.")


class MeaningOut(Wire):
    state: Literal["NONE", "USED", "FILLING"] | Trouble = Field(
        description="USED beside the words; NONE without an embedder; else what kept it: then words alone answer."
    )
    model: str | None = Field(description="The embedder's name.")


class HighlightOut(Wire):
    field: str
    text: str = Field(description="A piece of the field.")
    spans: list[tuple[int, int]] = Field(description="Where in the piece the words stand: first character, end.")


class FoundOut(Wire):
    listing: ListingOut
    score: str = Field(description="Comparable within one answer only.")
    terms: list[str] = Field(description="The terms that hit, strongest first: stems and pairs of characters.")
    highlights: list[HighlightOut]


class TermOut(Wire):
    term: str
    times: int = Field(description="How often it stands there; a title counts twice.")
    gave: str = Field(description="What it gave to the score of words.")
    fields: list[str]


class MatchOut(Wire):
    listing: ListingOut
    score: str = Field(description="What orders the matches; comparable within one answer only.")
    words: str = Field(description="The part of the words: BM25.")
    meaning: str | None = Field(description="The part of the meaning: likeness of embeddings, where there are any.")
    terms: list[TermOut] = Field(description="The terms that hit, strongest first.")
    constraints: dict[str, Fit] = Field(
        description="Mode, budget, maturity; tier: all that was compared is open to you; status: met once published, "
        "missed while it is traded; and region and right_kind where they were asked for: met, missed or not stated."
    )
    shared: list[str] = Field(description="Facts that both listings state alike.")


class FoundPage(Wire):
    items: list[FoundOut]
    next_cursor: str | None
    total: int = Field(description="All that hold one of the words and fit the filters.")
    facets: dict[str, dict[str, int]] | None = Field(
        description="How many results each value would leave, were it chosen; on request."
    )
    corrected: dict[str, str] = Field(description="Words that nobody uses, and what was taken in their place.")
    left_out: list[str] = Field(description="Words too common to take part in this query.")
    meaning: MeaningOut
    number: str | None = Field(description="The number of a right that was looked up, where the query is one.")
    answer: str | None = Field(
        description="The kept answer: `GET /v1/match-answers/{answer}`, from a second later on. None for strangers."
    )
    grants_left_out: bool = GRANTS_LEFT_OUT
    model: str = Field(description="The version of the ranking that made this answer.")


class MatchPage(Wire):
    items: list[MatchOut]
    next_cursor: str | None
    total: int
    meaning: MeaningOut
    reranker: str | None = Field(description="The learnt ranking in use, if one is.")
    answer: str | None = Field(description="The kept answer: `GET /v1/match-answers/{answer}`. None for strangers.")
    grants_left_out: bool = GRANTS_LEFT_OUT
    model: str


class Suggestions(Wire):
    items: list[str]


def _found(view: FoundView) -> dict[str, Any]:
    return {
        "listing": in_order(view.listing),
        "score": view.score,
        "terms": list(view.terms),
        "highlights": [{"field": h.field, "text": h.text, "spans": list(h.spans)} for h in view.highlights],
    }


def term_out(part: TermPart) -> dict[str, Any]:
    return {"term": part.term, "times": part.times, "gave": part.gave, "fields": list(part.fields)}


def _match(view: MatchView) -> dict[str, Any]:
    return {
        "listing": in_order(view.listing),
        "score": view.score,
        "words": view.words,
        "meaning": view.meaning,
        "terms": [term_out(part) for part in view.terms],
        "constraints": dict(view.constraints),
        "shared": list(view.shared),
    }


def written(said: dict[str, Any], link: str | None) -> Response:
    """A long answer as it is: what made it has made it in the shape of the route, and a test holds it against it."""
    headers = {"Link": link} if link is not None else None
    return Response(_write(said), media_type="application/json", headers=headers)


def minor_of(amount: str | None) -> int | None:
    return Money.parse(amount).minor if amount else None


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
    embedders: EmbeddersDep,
    searches: SearchesDep,
    q: Words | None = None,
    kind: ListingKind | None = None,
    field: FieldCode | None = None,
    industry: Industry | None = None,
    region: Region | None = None,
    mode: Mode | None = None,
    price_min: Amount | None = None,
    price_max: Amount | None = None,
    trl_min: Maturity | None = None,
    right_kind: RightKind | None = None,
    node: Annotated[Uuid | None, Query(description="Only what is of this node of the hub.")] = None,
    sort: Sort | None = None,
    facets: bool = False,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """Find offers and demands by words and filters, over what you may see. Each result names the terms that hit.

    The number of a patent or another right, as the whole query, is looked up exactly, and nearly where nobody has it.
    """
    filters = Filters(
        kind,
        field,
        region,
        mode,
        minor_of(price_max),
        minor_of(price_min),
        industry,
        trl_min,
        texts.rights_mask([right_kind]) if right_kind else None,
        str(node) if node is not None else None,
    )
    page = await service.search(
        tx,
        actor,
        query=q,
        filters=filters,
        cursor=cursor,
        limit=limit,
        sort=sort,
        with_facets=facets,
        embedders=embedders,
    )
    link = link_of(
        page,
        q=q,
        kind=kind,
        field=field,
        industry=industry,
        region=region,
        mode=mode,
        price_min=price_min,
        price_max=price_max,
        trl_min=trl_min,
        right_kind=right_kind,
        node=node,
        sort=sort,
        facets=facets,
        limit=limit,
    )
    return written(said_of(page, searches.keep(page.kept)), link)


def link_of(page: SearchPage, *, facets: bool, limit: int, **asked: Any) -> str | None:
    """The next page of the same search."""
    return link_to(page, "/v1/search", **asked, facets="true" if facets else None, limit=limit)


def said_of(page: SearchPage, answer: str | None) -> dict[str, Any]:
    return {
        "items": [_found(one) for one in page.items],
        "next_cursor": page.next_cursor,
        "total": page.total,
        "facets": page.facets or None,
        "corrected": dict(page.corrected),
        "left_out": list(page.left_out),
        "number": page.number,
        "meaning": {"state": page.meaning, "model": page.embedder},
        "answer": answer,
        "grants_left_out": page.grants_left_out,
        "model": page.model,
    }


@router.get("/search/suggestions", response_model=Suggestions, operation_id="suggestSearch")
async def suggest(actor: Reader, tx: TxDep, q: Start) -> object:
    """How titles, keywords and holders of listings go on from what was typed; the most frequent first."""
    return {"items": await service.suggest(tx, actor, start=q)}


@router.get(
    "/listings/{listing_id}/matches",
    response_model=MatchPage,
    response_model_exclude_unset=True,
    operation_id="listMatches",
    responses=refusals(NotFound, BadCursor),
)
async def list_matches(
    listing_id: Uuid,
    actor: Reader,
    tx: TxDep,
    embedders: EmbeddersDep,
    region: Region | None = None,
    right_kind: RightKind | None = None,
    missed: Annotated[bool, Query(description="Also show what misses a constraint that both sides state.")] = False,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """Offers that fit a demand, or demands that fit an offer, best first, each with its explanation.

    A match comes from another organisation and misses neither mode nor budget nor maturity where both sides state it.
    """
    wishes = Filters(region=region, right_kind=texts.rights_mask([right_kind]) if right_kind else None)
    page = await service.list_matches(
        tx, actor, listing_id, cursor=cursor, limit=limit, filters=wishes, is_strict=not missed, embedders=embedders
    )
    asked = {"region": region, "right_kind": right_kind, "missed": "true" if missed else None, "limit": limit}
    said = {
        "items": [_match(one) for one in page.items],
        "next_cursor": page.next_cursor,
        "total": page.total,
        "meaning": {"state": page.meaning, "model": page.embedder},
        "reranker": page.reranker,
        "answer": page.answer,
        "grants_left_out": page.grants_left_out,
        "model": page.model,
    }
    return written(said, link_to(page, f"/v1/listings/{listing_id}/matches", **asked))
