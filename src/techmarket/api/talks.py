"""The offers of a negotiation over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from techmarket.achievements.errors import ApprovalMissing, ApprovalNotInForce, ApprovalOfOther
from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, MoneyOut, PositiveMoney, SafeText, Sha256, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices.errors import PriceStandsAlready, PriceUpheldBefore
from techmarket.signing import errors as signing
from techmarket.trading import errors, service
from techmarket.trading.lifecycle import OfferState
from techmarket.trading.views import OfferView

router = APIRouter(prefix="/v1", tags=["trading"], route_class=MarketRoute)


class MakeOffer(Wire):
    """A price that binds you until `valid_until`, and no longer than the talks last."""

    price: PositiveMoney
    valid_until: Aware
    participant_id: Uuid | None = Field(default=None, description="For the seller: whom the offer goes to.")
    conditions: Annotated[str, SafeText(4000, multiline=True)] | None = None


class AcceptOffer(Wire):
    document_sha256: Sha256 = Field(description="The hash of the offer you sign.")


class OfferOut(Wire):
    id: UUID
    lot_id: UUID
    participant_id: UUID
    n: int
    organisation_id: UUID = Field(description="Who made it.")
    by_seller: bool
    price: MoneyOut
    document_sha256: str
    document: dict[str, Any] = Field(description="The words that are signed; `document_sha256` is their hash.")
    state: OfferState
    is_standing: bool = Field(description="Whether it can be accepted now.")
    made_at: datetime
    valid_until: datetime
    answered_at: datetime | None
    signing_id: UUID


class OfferList(Wire):
    items: list[OfferOut]


@router.post(
    "/lots/{lot_id}/offers",
    status_code=201,
    response_model=OfferOut,
    operation_id="makeOffer",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.NoTalksHere,
        errors.TalksNotOpen,
        errors.NotQualified,
        errors.CounterpartyNeeded,
        errors.OfferStands,
        errors.OfferBelowFloor,
        errors.OfferEndsTooLate,
    ),
)
async def make_offer(lot_id: Uuid, body: MakeOffer, actor: SignedIn, tx: TxDep) -> OfferView:
    """Offer a price and sign it; the other side's open offer is thereby countered."""
    return await service.make_offer(
        tx,
        actor,
        lot_id,
        minor=body.price.minor,
        valid_until=body.valid_until,
        participant_id=body.participant_id,
        conditions=body.conditions,
    )


@router.get(
    "/lots/{lot_id}/offers",
    response_model=OfferList,
    operation_id="listOffers",
    responses=refusals(NotAllowed, NotFound),
)
async def list_offers(lot_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """The offers about a lot: all for the seller and the market, one's own talk for a participant."""
    return {"items": await service.list_offers(tx, actor, lot_id)}


@router.get(
    "/offers/{offer_id}", response_model=OfferOut, operation_id="getOffer", responses=refusals(NotAllowed, NotFound)
)
async def get_offer(offer_id: Uuid, actor: SignedIn, tx: TxDep) -> OfferView:
    """One offer, for the two who talk and the market."""
    return await service.get_offer(tx, actor, offer_id)


@router.post(
    "/offers/{offer_id}/acceptance",
    response_model=OfferOut,
    operation_id="acceptOffer",
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.TalksNotOpen,
        errors.OfferOver,
        errors.OfferNotYours,
        errors.CompetitionNeeded,
        ApprovalMissing,
        ApprovalNotInForce,
        ApprovalOfOther,
        PriceStandsAlready,
        PriceUpheldBefore,
        signing.WrongDocument,
    ),
)
async def accept_offer(offer_id: Uuid, body: AcceptOffer, actor: SignedIn, tx: TxDep) -> OfferView:
    """Accept and sign the other side's offer: the award is made and its price is published in the same moment."""
    return await service.accept_offer(tx, actor, offer_id, document_sha256=body.document_sha256)


@router.post(
    "/offers/{offer_id}/decline",
    response_model=OfferOut,
    operation_id="declineOffer",
    responses=refusals(
        NotAllowed, NotFound, NotInThisState, errors.TalksNotOpen, errors.OfferOver, errors.OfferNotYours
    ),
)
async def decline_offer(offer_id: Uuid, actor: SignedIn, tx: TxDep) -> OfferView:
    """Decline the other side's offer."""
    return await service.decline_offer(tx, actor, offer_id)
