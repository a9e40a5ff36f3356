"""What people say of matches and of themselves, searches that go on, and blind matching, over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, Field

from techmarket.achievements.rights import RightKind
from techmarket.api.deps import EmbeddersDep, KeysDep, MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.listing_shapes import ListingOut, shown
from techmarket.api.matching import Amount, FieldCode, Industry, MeaningOut, Region, TermOut, minor_of, term_out
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, SafeText, Uuid, Wire
from techmarket.identity.permissions import NotVerified
from techmarket.kernel.money import Money
from techmarket.kernel.paging import BadCursor, Page
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings.rules import ListingKind, Mode
from techmarket.matching import errors, service, texts
from techmarket.matching.profiles import Profile
from techmarket.matching.views import Delivery, FeedbackView, Filters, ProfileView, Reason, SavedSearchView, Verdict

router = APIRouter(prefix="/v1", tags=["matching"], route_class=MarketRoute)

Statement = Annotated[str, SafeText(2_000, multiline=True)]
Keyword = Annotated[str, SafeText(40)]
SixDigits = Annotated[str, Field(strict=True, pattern=r"^[1-9][0-9]{5}$", description="GB/T 2260, six digits")]
AnswerId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class AnswerOut(Wire):
    id: str
    kind: str
    listing_id: UUID | None = Field(description="None for an answer to a search.")
    at: AwareDatetime
    inputs: dict[str, Any] = Field(description="Everything the scores rest on: terms with rarity, model, spreads.")
    results: list[dict[str, Any]] = Field(description="Each result with what was known of it, and its score.")
    is_same: bool = Field(description="Whether every score and the order come out the same when computed again.")
    differs: list[str]


@router.get(
    "/match-answers/{answer_id}", response_model=AnswerOut, operation_id="getMatchAnswer", responses=refusals(NotFound)
)
async def get_answer(answer_id: AnswerId, actor: Reader, tx: TxDep) -> object:
    """An answer as it was given to you, with everything that went in, computed again."""
    view = await service.get_answer(tx, actor, answer_id)
    return {
        "id": view.id,
        "kind": view.kind,
        "listing_id": view.listing_id,
        "at": view.at,
        "inputs": view.document["inputs"],
        "results": view.document["results"],
        "is_same": view.is_same,
        "differs": list(view.differs),
    }


class FeedbackIn(Wire):
    verdict: Verdict
    reason: Reason | None = Field(default=None, description="Why it is not relevant; only then.")
    note: Annotated[str, SafeText(500)] | None = None


class FeedbackOut(Wire):
    listing_id: UUID
    other_id: UUID
    verdict: Verdict
    reason: Reason | None
    note: str | None
    answer_id: str
    at: AwareDatetime


class FeedbackList(Wire):
    items: list[FeedbackOut]


def _feedback(view: FeedbackView) -> dict[str, Any]:
    return {name: getattr(view, name) for name in FeedbackOut.model_fields}


@router.put(
    "/listings/{listing_id}/matches/{other_id}/feedback",
    response_model=FeedbackOut,
    operation_id="giveMatchFeedback",
    responses=refusals(NotFound, NotAllowed, errors.ReasonUnfit, errors.MatchNotShown),
)
async def give_feedback(listing_id: Uuid, other_id: Uuid, body: FeedbackIn, actor: SignedIn, tx: TxDep) -> object:
    """As the owner of a listing, say whether a match that you were shown is of interest; again to change it."""
    return _feedback(
        await service.give_feedback(
            tx, actor, listing_id, other_id, verdict=body.verdict, reason=body.reason, note=body.note
        )
    )


@router.get(
    "/listings/{listing_id}/match-feedback",
    response_model=FeedbackList,
    operation_id="listMatchFeedback",
    responses=refusals(NotFound, NotAllowed),
)
async def list_feedback(listing_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """What your organisation has said of the matches of its listing."""
    return {"items": [_feedback(one) for one in await service.list_feedback(tx, actor, listing_id)]}


# --- people ---------------------------------------------------------------------------------------------------------


class ProfileIn(Wire):
    is_listed: bool = Field(
        description="Your consent to be found by verified organisations, by name. Statements and keywords, without "
        "your name, are read by the market's embedder, if it has one."
    )
    statement_zh: Statement | None = None
    statement_en: Statement | None = None
    keywords: Annotated[list[Keyword], Field(max_length=30)] = Field(default_factory=list)
    region: SixDigits | None = None


class ProfileOut(Wire):
    person_id: UUID
    is_listed: bool
    statement_zh: str | None
    statement_en: str | None
    keywords: list[str]
    region: str | None


class QualifiedAs(Wire):
    kind: str
    level: str
    valid_until: str | None


class PersonMatchOut(Wire):
    profile: ProfileOut
    name: str
    qualifications: list[QualifiedAs] = Field(description="What is valid today.")
    score: str = Field(description="What orders the people; comparable within one answer only.")
    words: str = Field(description="The part of the words: BM25.")
    meaning: str | None = Field(description="The part of the meaning: likeness of embeddings, where there are any.")
    terms: list[TermOut]


class PeoplePageOut(Wire):
    items: list[PersonMatchOut]
    next_cursor: str | None
    total: int
    meaning: MeaningOut
    model: str
    answer: str | None = Field(description="The kept answer: `GET /v1/match-answers/{answer}`.")


def _profile(view: ProfileView) -> dict[str, Any]:
    return {
        "person_id": view.person_id,
        "is_listed": view.is_listed,
        "statement_zh": view.statement_zh,
        "statement_en": view.statement_en,
        "keywords": list(view.keywords),
        "region": view.region,
    }


@router.get("/me/profile", response_model=ProfileOut, operation_id="getMyProfile", responses=refusals())
async def get_profile(actor: SignedIn, tx: TxDep) -> object:
    """What you say of yourself so that you can be found."""
    return _profile(await service.get_profile(tx, actor))


@router.put(
    "/me/profile",
    response_model=ProfileOut,
    operation_id="putMyProfile",
    responses=refusals(errors.StatementMissing),
)
async def put_profile(body: ProfileIn, actor: SignedIn, tx: TxDep) -> object:
    """Say what you are good at, and whether you want to be found; only the qualified are."""
    profile = Profile(body.is_listed, body.statement_zh, body.statement_en, tuple(body.keywords), body.region)
    return _profile(await service.put_profile(tx, actor, profile))


@router.get(
    "/listings/{listing_id}/people",
    response_model=PeoplePageOut,
    operation_id="listMatchingPeople",
    responses=refusals(NotFound, BadCursor, NotVerified),
)
async def list_people(
    listing_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    embedders: EmbeddersDep,
    response: Response,
    kind: Annotated[Literal["TECHNOLOGY_MANAGER", "EXPERT"], Query()] = "TECHNOLOGY_MANAGER",
    region: Region | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """Technology managers or experts for a listing: qualified today and willing to be found, best first, with why."""
    page = await service.list_people(
        tx, actor, listing_id, kind=kind, region=region, cursor=cursor, limit=limit, embedders=embedders
    )
    items = [
        {
            "profile": _profile(one.profile),
            "name": one.name,
            "qualifications": [
                {"kind": q.kind, "level": q.level, "valid_until": q.valid_until.isoformat() if q.valid_until else None}
                for q in one.qualifications
            ],
            "score": one.score,
            "words": one.words,
            "meaning": one.meaning,
            "terms": [term_out(term) for term in one.terms],
        }
        for one in page.items
    ]
    path = f"/v1/listings/{listing_id}/people"
    answer = page_response(Page(items, page.next_cursor), response, path, kind=kind, region=region, limit=limit)
    meaning = {"state": page.meaning, "model": page.embedder}
    return {**answer, "total": page.total, "meaning": meaning, "model": page.model, "answer": page.answer}


# --- searches that go on --------------------------------------------------------------------------------------------


class FiltersIn(Wire):
    kind: ListingKind | None = None
    field: FieldCode | None = None
    industry: Industry | None = None
    region: Region | None = None
    mode: Mode | None = None
    price_min: Amount | None = None
    price_max: Amount | None = None
    trl_min: int | None = Field(default=None, ge=1, le=9, description="technology readiness level, at least")
    right_kind: RightKind | None = None
    node: Uuid | None = Field(default=None, description="Only what is of this node of the hub when it is published.")

    def filters(self) -> Filters:
        return Filters(
            self.kind,
            self.field,
            self.region,
            self.mode,
            minor_of(self.price_max),
            minor_of(self.price_min),
            self.industry,
            self.trl_min,
            texts.rights_mask([self.right_kind]) if self.right_kind else None,
            str(self.node) if self.node is not None else None,
        )


class SavedSearchIn(Wire):
    name: Annotated[str, SafeText(100)]
    query: Annotated[str, SafeText(500)] | None = None
    filters: FiltersIn = Field(default_factory=FiltersIn)
    delivery: Delivery = Field(description="At once, or once a day at eight in the morning, Shanghai.")


class SavedSearchOut(Wire):
    id: UUID
    name: str
    query: str | None
    filters: dict[str, Any]
    delivery: Delivery
    created_at: AwareDatetime
    token: str = Field(description="Ends the search without signing in: `POST /v1/unsubscriptions`.")


class SavedSearchPage(Wire):
    items: list[SavedSearchOut]
    next_cursor: str | None


class AlertOut(Wire):
    number: int = Field(description="Grows by one with everything that you are told; never given twice.")
    search_id: UUID
    search: str
    found_at: AwareDatetime
    listing: ListingOut


class AlertPage(Wire):
    items: list[AlertOut]
    next_cursor: str | None = Field(description="Keep it: what is told later stands behind it.")


def _filters(filters: Filters) -> dict[str, Any]:
    rights = [kind.value for kind in RightKind if filters.right_kind and filters.right_kind & texts.rights_mask([kind])]
    low, high = filters.price_minor_min, filters.price_minor_max
    said = {
        "kind": filters.kind,
        "field": filters.technology_field,
        "industry": filters.industry,
        "region": filters.region,
        "mode": filters.mode,
        "price_min": Money(low).amount if low is not None else None,
        "price_max": Money(high).amount if high is not None else None,
        "trl_min": filters.trl_min,
        "right_kind": rights[0] if rights else None,
        "node": filters.node,
    }
    return {name: value for name, value in said.items() if value is not None}


def _search(view: SavedSearchView) -> dict[str, Any]:
    return {
        "id": view.id,
        "name": view.name,
        "query": view.query,
        "filters": _filters(view.filters),
        "delivery": view.delivery,
        "created_at": view.created_at,
        "token": view.token,
    }


@router.post(
    "/saved-searches",
    status_code=201,
    response_model=SavedSearchOut,
    operation_id="saveSearch",
    responses=refusals(errors.SearchEmpty, errors.SearchesTooMany),
)
async def save_search(body: SavedSearchIn, actor: SignedIn, tx: TxDep, keys: KeysDep) -> object:
    """Save a search: what is published from now on and fits is told you, once each."""
    return _search(
        await service.save_search(
            tx, keys, actor, name=body.name, query=body.query, filters=body.filters.filters(), delivery=body.delivery
        )
    )


@router.get(
    "/saved-searches",
    response_model=SavedSearchPage,
    operation_id="listSavedSearches",
    responses=refusals(BadCursor),
)
async def list_searches(
    actor: SignedIn, tx: TxDep, keys: KeysDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """Your running searches, newest first."""
    page = await service.list_searches(tx, keys, actor, cursor=cursor, limit=limit)
    return page_response(page.map(_search), response, "/v1/saved-searches", limit=limit)


@router.delete(
    "/saved-searches/{search_id}", status_code=204, operation_id="endSavedSearch", responses=refusals(NotFound)
)
async def end_search(search_id: Uuid, actor: SignedIn, tx: TxDep) -> None:
    """Be told nothing more of it."""
    await service.end_search(tx, actor, search_id)


class Unsubscription(Wire):
    search_id: Uuid
    token: Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{40}$")]


@router.post("/unsubscriptions", status_code=204, operation_id="unsubscribe", responses=refusals(NotFound))
async def unsubscribe(body: Unsubscription, actor: Reader, tx: TxDep, keys: KeysDep) -> None:
    """End a search by the token that came with it, without signing in."""
    await service.unsubscribe(tx, keys, actor, body.search_id, body.token)


@router.get(
    "/alerts",
    response_model=AlertPage,
    operation_id="listAlerts",
    responses=refusals(BadCursor, errors.AlertsLost),
)
async def list_alerts(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """What your searches found, oldest first. Keep the last cursor: nothing comes twice, and nothing is missed."""
    page = await service.list_alerts(tx, actor, cursor=cursor, limit=limit)
    items = [
        {
            "number": one.told,
            "search_id": one.search_id,
            "search": one.search_name,
            "found_at": one.found_at,
            "listing": shown(one.listing),
        }
        for one in page.items
    ]
    return page_response(Page(items, page.next_cursor), response, "/v1/alerts", limit=limit)


# --- blind matching -------------------------------------------------------------------------------------------------


class BlindIn(Wire):
    agrees: bool = Field(description="Whether undisclosed text may be compared with that of others who agree.")


class BlindOut(Wire):
    agrees: bool
    items: list[ListingOut] = Field(description="Listings that meet yours inside undisclosed text; not where.")


@router.put(
    "/listings/{listing_id}/blind-matching",
    response_model=BlindOut,
    operation_id="setBlindMatching",
    responses=refusals(NotFound, NotAllowed),
)
async def set_blind(listing_id: Uuid, body: BlindIn, actor: SignedIn, tx: TxDep) -> object:
    """As the owner, agree that undisclosed text is compared blindly, or take it back: then what was found goes."""
    await service.set_consent(tx, actor, listing_id, agrees=body.agrees)
    return await get_blind(listing_id, actor, tx)


@router.get(
    "/listings/{listing_id}/blind-matching",
    response_model=BlindOut,
    response_model_exclude_unset=True,
    operation_id="getBlindMatching",
    responses=refusals(NotFound, NotAllowed),
)
async def get_blind(listing_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """As the owner, see which listings meet yours inside undisclosed text, as far as you may see them."""
    agrees, found = await service.list_blind_matches(tx, actor, listing_id)
    return {"agrees": agrees, "items": [shown(one) for one in found]}
