"""The shapes of offers and demands on the wire, and how a view becomes one."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Response
from pydantic import Field

from techmarket.achievements.licences import Manner
from techmarket.api.achievements import Industry, IpcCodes, Keywords, TechnologyField, Trl
from techmarket.api.shapes import (
    Aware,
    Day,
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
from techmarket.listings import service
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
