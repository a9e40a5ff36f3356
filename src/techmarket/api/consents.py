"""Consents of co-owners over HTTP."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.achievements import errors, service
from techmarket.achievements.consents import ConsentScope
from techmarket.achievements.licences import ANY_FIELD, EVERYWHERE
from techmarket.achievements.lifecycle import ConsentState
from techmarket.achievements.views import ConsentView
from techmarket.api.burdens import Territory, UseField
from techmarket.api.deps import KeysDep, MarketRoute, SignedIn, TxDep
from techmarket.api.notices import EntryProofOut
from techmarket.api.paging import page_response
from techmarket.api.projects import FileTextOut
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Day, Limit, Sha256, Uuid, Wire
from techmarket.api.signing import SignatureOut
from techmarket.dossiers import service as dossiers
from techmarket.dossiers.errors import GivenWithoutText
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.signing.errors import NotASignatory, SigningNotOpen, WrongDocument

router = APIRouter(prefix="/v1", tags=["achievements"], route_class=MarketRoute)

SaleMode = Literal["TRANSFER", "EQUITY", "LICENCE", "OPEN_LICENCE", "TRY_BEFORE_BUY"]
SaleLicence = Literal["EXCLUSIVE", "SOLE", "ORDINARY"]


class AskConsents(Wire):
    modes: Annotated[list[SaleMode], Field(min_length=1, max_length=5)]
    licence_kinds: Annotated[list[SaleLicence], Field(max_length=3)] = Field(
        default_factory=list, description="Where a mode is a licence."
    )
    territory: Territory = EVERYWHERE
    field: UseField = ANY_FIELD
    valid_until: Day | None = Field(default=None, description="The last day on which a sale may rest on it.")


class SignConsent(Wire):
    document_sha256: Sha256


class ConsentOut(Wire):
    id: UUID
    achievement_id: UUID
    organisation_id: UUID | None
    person_id: UUID | None
    share: Decimal
    listing_id: UUID | None
    terms_sha256: str | None = Field(description="The one version of an offer that it is about; null if standing.")
    modes: list[str]
    licence_kinds: list[str]
    territory: str
    field: str
    valid_until: Day | None
    document_sha256: str | None = Field(description="What is signed; null if given before consents were signed.")
    signing_id: UUID | None
    state: ConsentState
    asked_at: datetime
    given_at: datetime | None
    withdrawn_at: datetime | None
    text: dict[str, object] | None = Field(description="The text behind the hash; lists leave it out.")
    signatures: list[SignatureOut] | None = Field(description="Who signed it when; lists leave it out.")


class ConsentProofOut(Wire):
    consent_id: UUID
    texts: list[FileTextOut]
    entries: list[EntryProofOut]


class ConsentList(Wire):
    items: list[ConsentOut]


class ConsentPage(Wire):
    items: list[ConsentOut]
    next_cursor: str | None


@router.post(
    "/achievements/{achievement_id}/consents",
    status_code=201,
    response_model=ConsentList,
    operation_id="askConsents",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.ConsentScopeUnclear,
        errors.ConsentOverAlready,
        errors.NoCoOwners,
        errors.CoOwnerCannotSign,
    ),
)
async def ask_consents(achievement_id: Uuid, body: AskConsents, actor: SignedIn, tx: TxDep) -> object:
    """Ask the co-owners of your achievement to sign a standing consent to every sale within a scope."""
    scope = ConsentScope(tuple(body.modes), tuple(body.licence_kinds), body.territory, body.field, body.valid_until)
    return {"items": await service.ask_consents(tx, actor, achievement_id, scope)}


@router.get(
    "/consents",
    response_model=ConsentPage,
    operation_id="listConsents",
    responses=refusals(NotAllowed, BadCursor),
)
async def list_consents(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    achievement_id: Annotated[Uuid | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """What you are asked for or gave, and what the co-owners of your unit's achievements said; newest first."""
    page = await service.list_consents(tx, actor, achievement_id=achievement_id, cursor=cursor, limit=limit)
    only = None if achievement_id is None else str(achievement_id)
    return page_response(page, response, "/v1/consents", achievement_id=only, limit=limit)


@router.get(
    "/consents/{consent_id}", response_model=ConsentOut, operation_id="getConsent", responses=refusals(NotFound)
)
async def get_consent(consent_id: Uuid, actor: SignedIn, tx: TxDep) -> ConsentView:
    """One consent with the text that is signed."""
    return await service.get_consent(tx, actor, consent_id)


@router.get(
    "/consents/{consent_id}/proof",
    response_model=ConsentProofOut,
    operation_id="getConsentProof",
    responses=refusals(NotFound, GivenWithoutText),
)
async def get_consent_proof(consent_id: Uuid, actor: SignedIn, tx: TxDep, keys: KeysDep) -> object:
    """What `techmarket verify` checks offline: the text byte for byte, who was asked, who signed it and when."""
    view = await dossiers.get_consent_proof(tx, keys, actor, consent_id)
    texts = [{"sha256": sha256, "text": text} for sha256, text in view.texts]
    return {"consent_id": view.consent_id, "texts": texts, "entries": view.entries}


@router.post(
    "/consents/{consent_id}/signature",
    status_code=201,
    response_model=ConsentOut,
    operation_id="signConsent",
    responses=refusals(NotAllowed, NotFound, NotInThisState, WrongDocument, NotASignatory, SigningNotOpen),
)
async def sign_consent(consent_id: Uuid, body: SignConsent, actor: SignedIn, tx: TxDep) -> ConsentView:
    """Sign the text that was written for you or your organisation; from now on your consent counts."""
    return await service.sign_consent(tx, actor, consent_id, document_sha256=body.document_sha256)


@router.post(
    "/consents/{consent_id}/withdrawal",
    response_model=ConsentOut,
    operation_id="withdrawConsent",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.ConsentReliedOn),
)
async def withdraw_consent(consent_id: Uuid, actor: SignedIn, tx: TxDep) -> ConsentView:
    """Decline, or take your consent back, until a sale that needs it is announced."""
    return await service.withdraw_consent(tx, actor, consent_id)
