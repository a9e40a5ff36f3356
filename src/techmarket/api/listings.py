"""Offers and demands over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from techmarket.achievements import errors as achievements
from techmarket.api.deps import IfMatch, MarketRoute, PreconditionRequired, Reader, SignedIn, TxDep
from techmarket.api.listing_shapes import (
    ActionIn,
    ActionOut,
    ConsentsAsked,
    ListingIn,
    ListingOut,
    ListingPage,
    RenewIn,
    shown,
    tagged,
)
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, Uuid, Wire
from techmarket.db.texts import TextTooLarge
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings import errors, service
from techmarket.listings.lifecycle import ListingState
from techmarket.listings.rules import ListingKind

router = APIRouter(prefix="/v1", tags=["listings"], route_class=MarketRoute)


class VersionOut(Wire):
    n: int
    sha256: str
    created_at: Aware


class VersionList(Wire):
    items: list[VersionOut]


DRAFT_REFUSALS = (
    errors.TitleMissing,
    errors.PriceUnfit,
    errors.RoyaltyUnfit,
    errors.LicenceKindUnfit,
    errors.OpenLicenceIsOrdinary,
    errors.TierFixed,
    errors.TierLowered,
    errors.AchievementTwice,
    errors.AchievementUnknown,
    errors.MinimumAboveCap,
    errors.PartsUnfit,
    errors.PartsDoNotSum,
    errors.TermOfAnotherMode,
    errors.ChallengeUnfit,
    errors.WeightsDoNotSum,
    errors.ProposalsAfterDeadline,
    errors.NotHeld,
    errors.PublicationPast,
    TextTooLarge,
)
COMPLETENESS = (
    errors.SummaryMissing,
    errors.AchievementMissing,
    errors.TrialUnlimited,
    errors.OpenLicenceNamesItsFee,
)
GATE_REFUSALS = (
    errors.ExpiryPassed,
    achievements.NotTheSellers,
    achievements.NotRecorded,
    achievements.Pledged,
    achievements.Seized,
    achievements.LicenceOverlaps,
    achievements.ConsentMissing,
    achievements.ApprovalUnknown,
    achievements.ApprovalNotInForce,
    achievements.ApprovalOfOther,
)


@router.post(
    "/listings",
    status_code=201,
    response_model=ListingOut,
    response_model_exclude_unset=True,
    operation_id="createListing",
    responses=refusals(NotAllowed, *DRAFT_REFUSALS),
)
async def create_listing(body: ListingIn, actor: SignedIn, tx: TxDep, response: Response) -> object:
    """Draft an offer or a demand; nobody else sees it."""
    return tagged(await service.create_draft(tx, actor, ListingKind(body.kind), body.draft()), response)


@router.get(
    "/listings",
    response_model=ListingPage,
    response_model_exclude_unset=True,
    operation_id="listListings",
    responses=refusals(),
)
async def list_listings(
    actor: Reader,
    tx: TxDep,
    response: Response,
    kind: ListingKind | None = None,
    state: ListingState | None = None,
    mine: Annotated[bool, Query(description="All listings of your organisation, in every state.")] = False,
    node: Annotated[Uuid | None, Query(description="Only what is of this node of the hub.")] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """Offers and demands, newest first: those in public, or your own; the market sees every state."""
    page = await service.list_listings(
        tx, actor, kind=kind, state=state, mine=mine, node=node, cursor=cursor, limit=limit
    )
    query = {"kind": kind, "state": state, "mine": "true" if mine else None, "node": node}
    return page_response(page.map(shown), response, "/v1/listings", limit=limit, **query)


@router.get(
    "/listings/{listing_id}",
    response_model=ListingOut,
    response_model_exclude_unset=True,
    operation_id="getListing",
    responses=refusals(NotFound),
)
async def get_listing(listing_id: Uuid, actor: Reader, tx: TxDep, response: Response) -> object:
    """One listing, cut to your tier. The ETag is a hash of what you see."""
    return tagged(await service.get_listing(tx, actor, listing_id), response)


@router.put(
    "/listings/{listing_id}/terms",
    response_model=ListingOut,
    response_model_exclude_unset=True,
    operation_id="updateListingTerms",
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.Changed,
        errors.KindFixed,
        PreconditionRequired,
        *COMPLETENESS,
        *DRAFT_REFUSALS,
    ),
)
async def update_terms(
    listing_id: Uuid, body: ListingIn, if_match: IfMatch, actor: SignedIn, tx: TxDep, response: Response
) -> object:
    """Write a new version of all terms. A published listing whose public face changes goes back to review."""
    view = await service.update_draft(tx, actor, listing_id, ListingKind(body.kind), body.draft(), if_match=if_match)
    return tagged(view, response)


@router.post(
    "/listings/{listing_id}/consents",
    status_code=201,
    response_model=ConsentsAsked,
    operation_id="askListingConsents",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.NobodyToAsk, achievements.CoOwnerCannotSign),
)
async def ask_consents(listing_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """Ask the co-owners of what you offer to sign their consent to this version of its terms."""
    return {"consent_ids": await service.ask_consents(tx, actor, listing_id)}


@router.post(
    "/listings/{listing_id}/submission",
    response_model=ListingOut,
    response_model_exclude_unset=True,
    operation_id="submitListing",
    responses=refusals(NotAllowed, NotFound, NotInThisState, *COMPLETENESS, *GATE_REFUSALS),
)
async def submit_listing(listing_id: Uuid, actor: SignedIn, tx: TxDep, response: Response) -> object:
    """Ask for review. Submitting twice is harmless."""
    return tagged(await service.submit(tx, actor, listing_id), response)


@router.post(
    "/listings/{listing_id}/publication",
    response_model=ListingOut,
    response_model_exclude_unset=True,
    operation_id="publishListing",
    responses=refusals(NotAllowed, NotFound, NotInThisState, *GATE_REFUSALS),
)
async def publish_listing(listing_id: Uuid, actor: SignedIn, tx: TxDep, response: Response) -> object:
    """As its owner, publish what was accepted and held back."""
    return tagged(await service.publish(tx, actor, listing_id), response)


@router.post(
    "/listings/{listing_id}/withdrawal",
    response_model=ListingOut,
    response_model_exclude_unset=True,
    operation_id="withdrawListing",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def withdraw_listing(listing_id: Uuid, actor: SignedIn, tx: TxDep, response: Response) -> object:
    """Take it back for good."""
    return tagged(await service.withdraw(tx, actor, listing_id), response)


@router.post(
    "/listings/{listing_id}/renewal",
    response_model=ListingOut,
    response_model_exclude_unset=True,
    operation_id="renewListing",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.NotLater, *GATE_REFUSALS),
)
async def renew_listing(listing_id: Uuid, body: RenewIn, actor: SignedIn, tx: TxDep, response: Response) -> object:
    """Set a later last day; an expired listing is public again."""
    return tagged(await service.renew(tx, actor, listing_id, expires_on=body.expires_on), response)


@router.get(
    "/listings/{listing_id}/versions",
    response_model=VersionList,
    operation_id="listListingVersions",
    responses=refusals(NotAllowed, NotFound),
)
async def list_versions(listing_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """Every version of a listing by number, hash and hour; for its owner and the market."""
    return {"items": await service.list_versions(tx, actor, listing_id)}


@router.post(
    "/listing-actions",
    response_model=ActionOut,
    operation_id="actOnListings",
    responses=refusals(errors.LastDayNeeded),
)
async def act_on_listings(body: ActionIn, actor: SignedIn, tx: TxDep) -> object:
    """Submit, renew or withdraw at most 200 of your listings; each is decided by itself and answered."""
    outcomes = await service.act_on_many(tx, actor, body.action, body.listing_ids, expires_on=body.expires_on)
    return {"outcomes": outcomes}
