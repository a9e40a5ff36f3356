"""The second eye over HTTP: what a unit says of a pledge or a seizure is confirmed or refused by somebody else."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from techmarket.achievements import service
from techmarket.achievements.licences import AttestedAct, BurdenKind
from techmarket.achievements.lifecycle import AttestationState
from techmarket.achievements.views import AttestationView
from techmarket.api.deps import FilesDep, MarketRoute, SignedIn, TxDep
from techmarket.api.evidence import BYTES, download
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, LongText, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound

router = APIRouter(prefix="/v1/attestations", tags=["achievements"], route_class=MarketRoute)


class AttestationOut(Wire):
    id: UUID
    encumbrance_id: UUID
    achievement_id: UUID
    organisation_id: UUID = Field(description="the unit that says it")
    burden_kind: BurdenKind
    holder: str | None
    holder_organisation_id: UUID | None
    registration_number: str | None
    act: AttestedAct
    state: AttestationState
    released_on: date | None
    evidence_sha256: str
    at: datetime
    decided_at: datetime | None
    decided_by_organisation_id: UUID | None
    reasons: str | None


class AttestationPage(Wire):
    items: list[AttestationOut]
    next_cursor: str | None


class RefuseAttestation(Wire):
    reasons: LongText


@router.get("", response_model=AttestationPage, operation_id="listAttestations", responses=refusals(BadCursor))
async def list_attestations(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: Annotated[AttestationState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """What was said of burdens on your unit's achievements, or of your pledges; the market's queue shows all."""
    page = await service.list_attestations(tx, actor, state=state, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/attestations", limit=limit, state=state)


@router.get(
    "/{attestation_id}", response_model=AttestationOut, operation_id="getAttestation", responses=refusals(NotFound)
)
async def get_attestation(attestation_id: Uuid, actor: SignedIn, tx: TxDep) -> AttestationView:
    """One of them: for the unit, the holder of the burden, and the market."""
    return await service.get_attestation(tx, actor, attestation_id)


@router.get(
    "/{attestation_id}/evidence",
    response_class=StreamingResponse,
    operation_id="readAttestationEvidence",
    responses={**refusals(NotFound), **BYTES},
)
async def read_evidence(attestation_id: Uuid, actor: SignedIn, tx: TxDep, files: FilesDep) -> StreamingResponse:
    """The file it rests on, for those who may read it."""
    return download(*await service.read_attestation_evidence(tx, files, actor, attestation_id))


@router.post(
    "/{attestation_id}/confirmation",
    response_model=AttestationOut,
    operation_id="confirmAttestation",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def confirm_attestation(attestation_id: Uuid, actor: SignedIn, tx: TxDep) -> AttestationView:
    """You have seen the file and it holds (operator, or the pledgee's own organisation): now it counts."""
    return await service.confirm_attestation(tx, actor, attestation_id)


@router.post(
    "/{attestation_id}/refusal",
    response_model=AttestationOut,
    operation_id="refuseAttestation",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def refuse_attestation(
    attestation_id: Uuid, body: RefuseAttestation, actor: SignedIn, tx: TxDep
) -> AttestationView:
    """It does not hold, and why; the burden goes on."""
    return await service.refuse_attestation(tx, actor, attestation_id, reasons=body.reasons)


@router.post(
    "/{attestation_id}/withdrawal",
    response_model=AttestationOut,
    operation_id="withdrawAttestation",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def withdraw_attestation(attestation_id: Uuid, actor: SignedIn, tx: TxDep) -> AttestationView:
    """Take back what your unit said, as long as nobody has decided on it."""
    return await service.withdraw_attestation(tx, actor, attestation_id)
