"""Rounds of signatures over HTTP. Signing itself is done where the signature has its effect."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Uuid, Wire
from techmarket.signing import service
from techmarket.signing.lifecycle import SigningState
from techmarket.signing.views import SigningView

router = APIRouter(prefix="/v1", tags=["signing"], route_class=MarketRoute)


class SignatureOut(Wire):
    position: int
    person_id: UUID
    organisation_id: UUID
    method: str
    at: datetime
    document_sha256: str
    entry_id: UUID


class SignatoryOut(Wire):
    position: int
    organisation_id: UUID
    person_id: UUID | None
    role: str
    signature: SignatureOut | None


class SigningOut(Wire):
    id: UUID
    document_sha256: str
    purpose: str
    subject: str
    in_order: bool
    state: SigningState
    signatories: list[SignatoryOut]


@router.get("/signings/{signing_id}", response_model=SigningOut, operation_id="getSigning", responses=refusals())
async def get_signing(signing_id: Uuid, actor: SignedIn, tx: TxDep) -> SigningView:
    """Who must sign which document, who has, and who is next: for its parties and the market."""
    return await service.get_signing(tx, actor, signing_id)
