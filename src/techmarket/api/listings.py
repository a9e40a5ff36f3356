"""Offers and demands over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.achievements import errors as achievements
from techmarket.achievements.licences import Manner
from techmarket.api.achievements import Industry, IpcCodes, Keywords, TechnologyField, Trl
from techmarket.api.deps import IfMatch, MarketRoute, PreconditionRequired, Reader, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import (
    Aware,
    Cursor,
    Day,
    Limit,
    LongText,
    MoneyIn,
    PositiveMoney,
    RateIn,
    Region,
    SafeText,
    ShortText,
    Title,
    Uuid,
    Wire,
)
from techmarket.db.texts import TextTooLarge
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings import errors, service
from techmarket.listings.lifecycle import ListingState
from techmarket.listings.rules import (
    Action,
    LicenceKind,
    ListingDraft,
    ListingKind,
    Mode,
    PriceForm,
)
from techmarket.listings.views import ListingView

router = APIRouter(prefix="/v1", tags=["listings"], route_class=MarketRoute)

TierName = Literal["PUBLIC", "REGISTERED", "NDA", "DEAL"]
Territory = Annotated[
    str, Field(strict=True, pattern=r"^(WORLD|[A-Z]{2}(-[0-9]{2,6})?)$", description="WORLD, CN, CN-33 or CN-330108")
]
UseField = Annotated[str, Field(strict=True, pattern=r"^(ANY|[A-T]([0-9]{2,4})?)$", description="ANY or GB/T 4754")]


class ScopeWire(Wire):
    """What is granted: where, for what use, how, how long."""

    territory: Territory = "WORLD"
    field: UseField = "ANY"
    term_years: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None
    manner: (
        Annotated[
            list[Manner | Literal["OFFER"]],
            Field(max_length=8, description="None named: every manner of use. OFFER is read as OFFER_FOR_SALE."),
        ]
        | None
    ) = None
    sublicence: bool | None = None


class PricePart(Wire):
    """What one achievement of a bundle is worth in its price."""

    achievement_id: Uuid
    price: PositiveMoney


class Criterion(Wire):
    name: ShortText
    weight: RateIn


class Milestone(Wire):
    name: ShortText
    due_on: Day | None = None


class Challenge(Wire):
    """What an open challenge (揭榜挂帅) fixes before anybody proposes. The weights sum to 1."""

    proposals_by: Day
    criteria: Annotated[list[Criterion], Field(min_length=1, max_length=20)]
    milestones: Annotated[list[Milestone], Field(max_length=20)] | None = None
    funding: PositiveMoney | None = None


class Indicator(Wire):
    name: ShortText
    requirement: ShortText


class CommonTerms(Wire):
    title_zh: Title | None = None
    title_en: Title | None = None
    summary_zh: LongText | None = None
    summary_en: LongText | None = None
    description_zh: LongText | None = None
    description_en: LongText | None = None
    keywords: Keywords = Field(default_factory=list)
    technology_field: TechnologyField | None = None
    industry: Industry | None = None
    region: Region | None = None
    contact: ShortText | None = None
    technical_details: LongText | None = None
    deal_terms: LongText | None = None


class OfferTerms(CommonTerms):
    ipc: IpcCodes = Field(default_factory=list)
    trl: Trl | None = None
    mode: Mode | None = None
    licence_kind: LicenceKind | None = None
    scope: ScopeWire | None = None
    price_form: PriceForm | None = None
    price: PositiveMoney | None = None
    royalty_rate: RateIn | None = None
    royalty_base: Annotated[str, SafeText(100)] | None = None
    royalty_minimum: PositiveMoney | None = None
    royalty_cap: PositiveMoney | None = None
    price_parts: Annotated[list[PricePart], Field(max_length=20)] | None = None
    equity_share: RateIn | None = Field(default=None, description="EQUITY: the part of the company asked for.")
    trial_days: Annotated[int, Field(strict=True, ge=1, le=1095)] | None = Field(
        default=None, description="TRY_BEFORE_BUY: how long the trial lasts; price and royalty are the conversion's."
    )
    approval_ids: Annotated[list[Uuid], Field(max_length=5)] = Field(
        default_factory=list, description="Approvals of your unit, each in force and covering all that is offered."
    )


class DemandTerms(CommonTerms):
    problem_zh: LongText | None = None
    problem_en: LongText | None = None
    indicators: Annotated[list[Indicator], Field(max_length=50)] = Field(default_factory=list)
    budget: PositiveMoney | None = None
    deadline: Day | None = None
    open_challenge: bool | None = None
    challenge: Challenge | None = None
    scenario_zh: LongText | None = None
    scenario_en: LongText | None = None
    trl_min: Trl | None = None
    modes: Annotated[list[Mode], Field(max_length=6)] | None = None


class _ListingIn(Wire):
    terms: CommonTerms
    tiers: Annotated[dict[Annotated[str, SafeText(40)], TierName], Field(max_length=40)] = Field(
        default_factory=dict, description="Fields whose tier is raised above its default."
    )
    expires_on: Day | None = Field(default=None, description="The last day; left out: until it is withdrawn.")

    hold: bool = Field(default=False, description="Once accepted, wait until you publish it or `publish_at` comes.")
    publish_at: Aware | None = None

    def draft(self) -> ListingDraft:
        terms = terms_of(self.terms)
        return ListingDraft(terms, dict(self.tiers), self.items(), self.expires_on, self.hold, self.publish_at)

    def items(self) -> tuple[UUID, ...]:
        return ()


class OfferIn(_ListingIn):
    kind: Literal["OFFER"]
    terms: OfferTerms
    achievement_ids: Annotated[list[Uuid], Field(max_length=20)] = Field(default_factory=list)

    def items(self) -> tuple[UUID, ...]:
        return tuple(self.achievement_ids)


class DemandIn(_ListingIn):
    kind: Literal["DEMAND"]
    terms: DemandTerms


ListingIn = Annotated[OfferIn | DemandIn, Field(discriminator="kind")]


def terms_of(terms: CommonTerms) -> dict[str, Any]:
    """The stated terms as the JSON values that a version is made of."""
    return terms.model_dump(mode="json", exclude_none=True)


class RightTerm(Wire):
    kind: str
    number: str | None


class TermsOut(Wire):
    """The terms this reader may see; a term above his tier is absent, just like one that is not stated."""

    title_zh: str | None = None
    title_en: str | None = None
    summary_zh: str | None = None
    summary_en: str | None = None
    description_zh: str | None = None
    description_en: str | None = None
    problem_zh: str | None = None
    problem_en: str | None = None
    indicators: list[Indicator] | None = None
    keywords: list[str] | None = None
    technology_field: str | None = None
    industry: str | None = None
    ipc: list[str] | None = None
    trl: int | None = None
    region: str | None = None
    rights: list[RightTerm] | None = None
    mode: Mode | None = None
    licence_kind: LicenceKind | None = None
    scope: ScopeWire | None = None
    price_form: PriceForm | None = None
    price: MoneyIn | None = None
    royalty_rate: str | None = None
    royalty_base: str | None = None
    budget: MoneyIn | None = None
    deadline: Day | None = None
    royalty_minimum: MoneyIn | None = None
    royalty_cap: MoneyIn | None = None
    price_parts: list[PricePart] | None = None
    equity_share: str | None = None
    trial_days: int | None = None
    approval_ids: list[UUID] | None = None
    open_challenge: bool | None = None
    challenge: Challenge | None = None
    scenario_zh: str | None = None
    scenario_en: str | None = None
    trl_min: int | None = None
    modes: list[Mode] | None = None
    contact: str | None = None
    technical_details: str | None = None
    deal_terms: str | None = None
    origin: dict[str, object] | None = Field(
        default=None,
        description="Of a listing that another market has published: which one, whose it is, and where it is traded.",
    )
    attribution: dict[str, object] | None = Field(
        default=None, description="What the source of an import said of itself: name, licence, address."
    )


class DossierOut(Wire):
    """For the owner and the market: the version and its hash, what was raised, why it was returned."""

    n: int
    sha256: str
    revision: int
    tiers: dict[str, TierName]
    returned_because: str | None
    engaged_by: str | None
    is_held: bool
    publish_at: Aware | None


class ListingOut(Wire):
    id: UUID
    kind: ListingKind
    state: ListingState
    organisation_id: UUID
    published_at: Aware | None
    expires_on: Day | None
    reach: TierName = Field(description="The tier you reach on this listing.")
    terms: TermsOut
    achievement_ids: list[UUID]
    dossier: DossierOut | None


class ListingPage(Wire):
    items: list[ListingOut]
    next_cursor: str | None


class RenewIn(Wire):
    expires_on: Day


class ActionIn(Wire):
    action: Action
    listing_ids: Annotated[list[Uuid], Field(min_length=1, max_length=service.ACTIONS_MAX)]
    expires_on: Day | None = Field(default=None, description="For RENEW: the new last day.")


class ActionOutcomeOut(Wire):
    listing_id: UUID
    outcome: Literal["submitted", "renewed", "withdrawn", "refused"]
    code: str | None
    detail: str | None


class ActionOut(Wire):
    outcomes: list[ActionOutcomeOut]


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


class ConsentsAsked(Wire):
    consent_ids: list[UUID] = Field(description="One for each co-owner; each is signed under /v1/consents.")


def shown(view: ListingView) -> dict[str, Any]:
    """A view as JSON values; `terms` holds just what this reader may see."""
    return {
        "id": view.id,
        "kind": view.kind,
        "state": view.state,
        "organisation_id": view.organisation_id,
        "published_at": view.published_at,
        "expires_on": view.expires_on,
        "reach": view.reach.name,
        "terms": view.terms,
        "achievement_ids": list(view.achievement_ids),
        "dossier": _dossier(view),
    }


_PLACES = {name: place for place, name in enumerate(TermsOut.model_fields)}


def in_order(view: ListingView) -> dict[str, Any]:
    """The same with its terms in the order of the shape, for answers that are written without it."""
    terms = view.terms
    return shown(view) | {
        "terms": {name: terms[name] for name in sorted(terms.keys() & _PLACES, key=_PLACES.__getitem__)}
    }


def _dossier(view: ListingView) -> dict[str, Any] | None:
    if view.dossier is None:
        return None
    return {name: getattr(view.dossier, name) for name in DossierOut.model_fields}


def tagged(view: ListingView, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = f'"{view.etag}"'
    return shown(view)


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
