"""The review of listings over HTTP: one by one, a pile at once, the queue, and what was decided before."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.listing_shapes import ListingOut, shown, tagged
from techmarket.api.listings import GATE_REFUSALS
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, SafeText, Sha256, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings import errors, service
from techmarket.listings.rules import Decision, ListingKind, ReturnReason
from techmarket.listings.views import QueueLine

router = APIRouter(prefix="/v1", tags=["listings"], route_class=MarketRoute)

READ = "The version that you have read (`dossier.sha256`): if it says something else by now, nothing is decided."
Reasons = Annotated[list[ReturnReason], Field(max_length=8)]


class AcceptIn(Wire):
    sha256: Sha256 = Field(description=READ)


class ReturnIn(Wire):
    sha256: Sha256 = Field(description=READ)
    reason: Annotated[str, SafeText(2000, multiline=True)] = Field(description="What the owner must change.")
    reasons: Reasons = Field(default_factory=list)


class ReviewIn(Wire):
    listing_ids: Annotated[list[Uuid], Field(min_length=1, max_length=service.REVIEWS_MAX)]
    decision: Literal["ACCEPT", "RETURN"] = "ACCEPT"
    reason: Annotated[str, SafeText(2000, multiline=True)] | None = Field(
        default=None, description="For RETURN: what the owner must change."
    )
    reasons: Reasons = Field(default_factory=list)
    read: dict[Uuid, Sha256] = Field(
        max_length=service.REVIEWS_MAX,
        description="Of each listing the version you have read; without it, no decision.",
    )


class ReviewOutcomeOut(Wire):
    listing_id: UUID
    outcome: Literal["accepted", "returned", "refused"]
    code: str | None
    detail: str | None


class ReviewOut(Wire):
    outcomes: list[ReviewOutcomeOut]


class QueueLineOut(Wire):
    listing: ListingOut
    submitted_at: Aware
    changed: list[str] = Field(description="The terms that are new since the version accepted last.")
    returned_times: int


class QueuePage(Wire):
    items: list[QueueLineOut]
    next_cursor: str | None


class PastReviewOut(Wire):
    n: int
    decision: Decision
    reasons: list[ReturnReason]
    reason: str | None
    at: Aware


class PastReviews(Wire):
    items: list[PastReviewOut]


@router.post(
    "/listings/{listing_id}/acceptance",
    response_model=ListingOut,
    response_model_exclude_unset=True,
    operation_id="acceptListing",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.Changed, *GATE_REFUSALS),
)
async def accept_listing(listing_id: Uuid, body: AcceptIn, actor: SignedIn, tx: TxDep, response: Response) -> object:
    """As an operator, accept it: it is published, or waits for its owner where he holds that back."""
    return tagged(await service.accept(tx, actor, listing_id, read=body.sha256), response)


@router.post(
    "/listings/{listing_id}/return",
    response_model=ListingOut,
    response_model_exclude_unset=True,
    operation_id="returnListing",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.Changed),
)
async def return_listing(listing_id: Uuid, body: ReturnIn, actor: SignedIn, tx: TxDep, response: Response) -> object:
    """As an operator, return it with a reason, or take a published one down."""
    view = await service.return_(tx, actor, listing_id, reason=body.reason, reasons=body.reasons, read=body.sha256)
    return tagged(view, response)


@router.post(
    "/listing-reviews",
    response_model=ReviewOut,
    operation_id="reviewListings",
    responses=refusals(NotAllowed, errors.ReasonMissing),
)
async def review_listings(body: ReviewIn, actor: SignedIn, tx: TxDep) -> object:
    """As an operator, decide a pile of at most 500; each listing is decided by itself and answered."""
    reason = body.reason if body.decision == "RETURN" else None
    outcomes = await service.review_many(
        tx,
        actor,
        body.listing_ids,
        returns=body.decision == "RETURN",
        reason=reason,
        reasons=body.reasons,
        read=body.read,
    )
    return {"outcomes": outcomes}


@router.get(
    "/listing-reviews",
    response_model=QueuePage,
    response_model_exclude_unset=True,
    operation_id="listReviewQueue",
    responses=refusals(NotAllowed),
)
async def list_queue(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    kind: ListingKind | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """As an operator, what waits for review, the longest waiting first, with what is new in it."""
    page = await service.list_queue(tx, actor, kind=kind, cursor=cursor, limit=limit)
    return page_response(page.map(_queued), response, "/v1/listing-reviews", limit=limit, kind=kind)


def _queued(line: QueueLine) -> dict[str, Any]:
    return {
        "listing": shown(line.listing),
        "submitted_at": line.submitted_at,
        "changed": list(line.changed),
        "returned_times": line.returned_times,
    }


@router.get(
    "/listings/{listing_id}/reviews",
    response_model=PastReviews,
    operation_id="listListingReviews",
    responses=refusals(NotAllowed, NotFound),
)
async def list_reviews(listing_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """What operators decided about a listing and why, newest first; for its owner and the market."""
    return {"items": await service.list_reviews(tx, actor, listing_id)}
