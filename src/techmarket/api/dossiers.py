"""Evidence packages over HTTP."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from techmarket.api.deps import KeysDep, MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Uuid
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.dossiers import errors, service
from techmarket.dossiers.rules import SubjectKind
from techmarket.identity.actor import Actor
from techmarket.kernel.refusals import NotFound

router = APIRouter(prefix="/v1", tags=["dossiers"], route_class=MarketRoute)

RESPONSES = {
    200: {"content": {"application/zip": {}}, "description": "the package"},
    **refusals(NotFound, errors.NothingProvableYet),
}


@router.get(
    "/listings/{listing_id}/evidence",
    response_class=StreamingResponse,
    operation_id="getListingEvidence",
    responses=RESPONSES,
)
async def get_listing_evidence(listing_id: Uuid, actor: SignedIn, tx: TxDep, keys: KeysDep) -> StreamingResponse:
    """The evidence package of a listing and all that grew out of it: for its owner, the market and the regulator."""
    return await _package(tx, keys, actor, SubjectKind.LISTING, listing_id)


@router.get(
    "/trades/{trade_id}/evidence",
    response_class=StreamingResponse,
    operation_id="getTradeEvidence",
    responses=RESPONSES,
)
async def get_trade_evidence(trade_id: Uuid, actor: SignedIn, tx: TxDep, keys: KeysDep) -> StreamingResponse:
    """The evidence package of a trade: for its seller, the market and the regulator."""
    return await _package(tx, keys, actor, SubjectKind.TRADE, trade_id)


@router.get(
    "/contracts/{contract_id}/evidence",
    response_class=StreamingResponse,
    operation_id="getContractEvidence",
    responses=RESPONSES,
)
async def get_contract_evidence(contract_id: Uuid, actor: SignedIn, tx: TxDep, keys: KeysDep) -> StreamingResponse:
    """The evidence package of a contract with its price notice: for the seller, the market and the regulator."""
    return await _package(tx, keys, actor, SubjectKind.CONTRACT, contract_id)


async def _package(tx: Tx, keys: Keys, actor: Actor, kind: SubjectKind, subject_id: UUID) -> StreamingResponse:
    taken = await service.take_evidence(tx, keys, actor, kind, subject_id)
    headers = {
        "Content-Length": str(taken.size),
        "Content-Disposition": f'attachment; filename="evidence-{kind.value}-{subject_id}.zip"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(taken.blocks(), media_type="application/zip", headers=headers)
