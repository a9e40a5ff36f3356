"""Contract registration (技术合同认定登记) over HTTP: filed by the seller's side, decided by a registrar."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from techmarket.api.contract_shapes import Reasons, RegistrationOut
from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import LongText, NonNegativeMoney, PositiveMoney, SafeText, ShortText, Uuid, Wire
from techmarket.contracts import errors, service
from techmarket.contracts.rules import ContractType
from techmarket.contracts.service.registering import PartyCodes
from techmarket.contracts.views import RegistrationView
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound

router = APIRouter(prefix="/v1", tags=["contracts"], route_class=MarketRoute)

RegistrationNumber = Annotated[str, SafeText(64)]


class NonTechnicalItem(Wire):
    title: ShortText
    amount: PositiveMoney


Items = Annotated[list[NonTechnicalItem], Field(max_length=200)]
PartyCode = Annotated[str, Field(strict=True, pattern=r"^[0-9]{3}$", description="当事人类别代码")]
Place = Annotated[str, Field(strict=True, pattern=r"^([1-9][0-9]{5}|[0-9]{3})$")]


class FileRegistration(Wire):
    contract_class: ContractType
    whole_amount: NonNegativeMoney = Field(description="合同成交额")
    technology_amount: NonNegativeMoney = Field(description="技术交易额: the whole without its non-technical part")
    non_technical: Items = Field(default_factory=list, description="equipment, instruments, parts, raw material")
    is_estimate: bool = Field(default=False, description="sums such as royalties are not known yet")
    seller_code: PartyCode | None = None
    buyer_code: PartyCode | None = None
    seller_place: Place | None = None
    buyer_place: Place | None = None


class DecideRegistration(Wire):
    number: RegistrationNumber | None = Field(default=None, description="Registers under this number; null refuses.")
    contract_class: ContractType | None = None
    whole_amount: NonNegativeMoney | None = None
    technology_amount: NonNegativeMoney | None = None
    non_technical: Items | None = None
    reasons: LongText | None = None


class CorrectRegistration(Wire):
    whole_amount: NonNegativeMoney
    technology_amount: NonNegativeMoney
    non_technical: Items = Field(default_factory=list)
    reasons: LongText


@router.post(
    "/contracts/{contract_id}/registrations",
    status_code=201,
    response_model=RegistrationOut,
    operation_id="fileRegistration",
    responses=refusals(
        errors.NotInForce,
        errors.RegistrationExists,
        errors.TechnologyAboveWhole,
        errors.NonTechnicalNotItemised,
        errors.PartyCodeUnknown,
        errors.ClearancesOpen,
        NotAllowed,
        NotFound,
    ),
)
async def file_registration(contract_id: Uuid, body: FileRegistration, actor: SignedIn, tx: TxDep) -> RegistrationView:
    """The seller's side files the contract for registration (认定登记)."""
    return await service.file_registration(
        tx,
        actor,
        contract_id,
        contract_class=body.contract_class,
        whole_minor=body.whole_amount.minor,
        technology_minor=body.technology_amount.minor,
        non_technical=_items(body.non_technical),
        is_estimate=body.is_estimate,
        codes=PartyCodes(body.seller_code, body.buyer_code, body.seller_place, body.buyer_place),
    )


@router.post(
    "/registrations/{registration_id}/decision",
    response_model=RegistrationOut,
    operation_id="decideRegistration",
    responses=refusals(
        errors.RegistrarBelongsToParty,
        errors.ReasonsMissing,
        errors.NotInForce,
        errors.TechnologyAboveWhole,
        errors.NonTechnicalNotItemised,
        errors.NumberIsACertificates,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def decide_registration(
    registration_id: Uuid, body: DecideRegistration, actor: SignedIn, tx: TxDep
) -> RegistrationView:
    """A registrar who is no party registers the contract under a number, or refuses it with reasons."""
    return await service.decide_registration(
        tx,
        actor,
        registration_id,
        number=body.number,
        contract_class=body.contract_class,
        whole_minor=body.whole_amount.minor if body.whole_amount else None,
        technology_minor=body.technology_amount.minor if body.technology_amount else None,
        non_technical=None if body.non_technical is None else _items(body.non_technical),
        reasons=body.reasons,
    )


@router.post(
    "/registrations/{registration_id}/revocation",
    response_model=RegistrationOut,
    operation_id="revokeRegistration",
    responses=refusals(errors.RegistrarBelongsToParty, NotInThisState, NotAllowed, NotFound),
)
async def revoke_registration(registration_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> RegistrationView:
    """A registrar takes a registration back, with reasons; relief that stood on it falls."""
    return await service.revoke_registration(tx, actor, registration_id, reasons=body.reasons)


@router.post(
    "/registrations/{registration_id}/corrections",
    status_code=201,
    response_model=RegistrationOut,
    operation_id="correctRegistration",
    responses=refusals(
        errors.RegistrarBelongsToParty,
        errors.NothingEstimated,
        errors.TechnologyAboveWhole,
        errors.NonTechnicalNotItemised,
        NotAllowed,
        NotFound,
    ),
)
async def correct_registration(
    registration_id: Uuid, body: CorrectRegistration, actor: SignedIn, tx: TxDep
) -> RegistrationView:
    """A registrar puts right amounts that were registered as an estimate; what stood before stays on record."""
    return await service.correct_registration(
        tx,
        actor,
        registration_id,
        whole_minor=body.whole_amount.minor,
        technology_minor=body.technology_amount.minor,
        non_technical=_items(body.non_technical),
        reasons=body.reasons,
    )


def _items(given: list[NonTechnicalItem]) -> list[tuple[str, int]]:
    return [(one.title, one.amount.minor) for one in given]
