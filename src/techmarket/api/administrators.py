"""Who administers an organisation that cannot see to it itself, over HTTP: the first one, or one after all are lost."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from techmarket.api.deps import FilesDep, KeysDep, MarketRoute, SignedIn, TxDep, means_of
from techmarket.api.evidence import BYTES, SHA256_SAMPLE, download
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, SafeText, ShortText, Uuid, Wire
from techmarket.hub import errors, service
from techmarket.hub.lifecycle import RecoveryState
from techmarket.identity.errors import HasPeople, OneHandBehindBoth
from techmarket.identity.permissions import InPersonOnly, SecondFactorNeeded
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices.errors import EvidenceMissing

router = APIRouter(prefix="/v1", tags=["hub"], route_class=MarketRoute)

Reasons = Annotated[str, SafeText(2_000, multiline=True)]
Sha256 = Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{64}$", examples=[SHA256_SAMPLE])]


class FirstAdministratorIn(Wire):
    name: ShortText


class FirstAdministratorOut(Wire):
    id: UUID
    organisation_id: UUID
    name: str
    expires_at: datetime
    token: str = Field(description="Shown once. Hand it to the invited person alone.")
    link: str


class ProposeAdministrator(Wire):
    name: ShortText = Field(description="Who shall be invited.")
    reasons: Reasons
    evidence_sha256: Sha256 = Field(description="A paper of the organisation, kept before by `POST /v1/evidence`.")


class ObjectToAdministrator(Wire):
    reasons: Reasons


class RecoveryOut(Wire):
    id: UUID
    organisation_id: UUID
    name: str
    reasons: str
    evidence_sha256: str
    state: RecoveryState
    proposed_by: UUID
    proposed_at: datetime
    agreed_by: UUID | None
    agreed_at: datetime | None
    objection_until: datetime | None = Field(description="Until then an administrator or the contact may object.")
    objected_by: UUID | None
    objected_at: datetime | None
    objection: str | None
    invitation_id: UUID | None


class RecoveryPage(Wire):
    items: list[RecoveryOut]
    next_cursor: str | None


class InvitationPartOut(Wire):
    invitation_id: UUID
    part: int = Field(description="1 for whoever proposed it, 2 for whoever agreed.")
    token_part: str = Field(description="Shown once. The token is part 1 followed by part 2.")


@router.post(
    "/organisations/{organisation_id}/first-administrator",
    status_code=201,
    response_model=FirstAdministratorOut,
    operation_id="inviteFirstAdministrator",
    responses=refusals(
        NotAllowed,
        NotFound,
        HasPeople,
        OneHandBehindBoth,
        errors.NotForMarket,
        SecondFactorNeeded,
        InPersonOnly,
    ),
)
async def invite_first(
    organisation_id: Uuid, body: FirstAdministratorIn, request: Request, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> object:
    """As an operator of the market, or of its node, invite the first administrator of an organisation that was imported
    and has nobody yet. It is verified by another operator; an invitation given before is worth nothing any more."""
    return await service.invite_first_administrator(
        tx, keys, actor, organisation_id, name=body.name, public_url=means_of(request).public_url
    )


@router.post(
    "/organisations/{organisation_id}/administrator-recoveries",
    status_code=201,
    response_model=RecoveryOut,
    operation_id="proposeAdministrator",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.RecoveryOpen,
        errors.NotForMarket,
        EvidenceMissing,
        SecondFactorNeeded,
        InPersonOnly,
    ),
)
async def propose(organisation_id: Uuid, body: ProposeAdministrator, actor: SignedIn, tx: TxDep) -> object:
    """As an operator, propose who shall administer an organisation that has lost its administrators (恢复管理员). Its
    people are told at once."""
    return await service.propose_administrator(
        tx, actor, organisation_id, name=body.name, reasons=body.reasons, evidence_sha256=body.evidence_sha256
    )


@router.get(
    "/organisations/{organisation_id}/administrator-recoveries",
    response_model=RecoveryPage,
    operation_id="listRecoveriesOfOrganisation",
    responses=refusals(BadCursor, NotFound),
)
async def list_of(
    organisation_id: Uuid, actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """Whom operators wanted to administer your organisation, why, and what became of it; the newest first."""
    page = await service.list_recoveries(tx, actor, org_id=organisation_id, state=None, cursor=cursor, limit=limit)
    path = f"/v1/organisations/{organisation_id}/administrator-recoveries"
    return page_response(page, response, path, limit=limit)


@router.get(
    "/administrator-recoveries",
    response_model=RecoveryPage,
    operation_id="listAdministratorRecoveries",
    responses=refusals(BadCursor, NotAllowed),
)
async def list_all(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: Annotated[RecoveryState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """All recoveries for the market's staff, the newest first."""
    page = await service.list_recoveries(tx, actor, org_id=None, state=state, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/administrator-recoveries", limit=limit, state=state)


@router.get(
    "/administrator-recoveries/{recovery_id}",
    response_model=RecoveryOut,
    operation_id="getAdministratorRecovery",
    responses=refusals(NotFound),
)
async def get_one(recovery_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """One of them, for the organisation and the market."""
    return await service.get_recovery(tx, actor, recovery_id)


@router.get(
    "/administrator-recoveries/{recovery_id}/evidence",
    response_class=StreamingResponse,
    operation_id="readRecoveryEvidence",
    responses={**refusals(NotAllowed, NotFound), **BYTES},
)
async def read_evidence(recovery_id: Uuid, actor: SignedIn, tx: TxDep, files: FilesDep) -> StreamingResponse:
    """The paper it rests on, for the market's operators and administrators."""
    return download(*await service.read_recovery_evidence(tx, files, actor, recovery_id))


@router.post(
    "/administrator-recoveries/{recovery_id}/agreement",
    response_model=RecoveryOut,
    operation_id="agreeToAdministrator",
    responses=refusals(NotAllowed, NotFound, NotInThisState, OneHandBehindBoth, SecondFactorNeeded, InPersonOnly),
)
async def agree(recovery_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """As another operator, whose credentials come from another hand, agree. From now on the organisation has the time
    of the rulebook (`organisation.administrator.objection_length`) to object."""
    return await service.agree_to_administrator(tx, actor, recovery_id)


@router.post(
    "/administrator-recoveries/{recovery_id}/objection",
    response_model=RecoveryOut,
    operation_id="objectToAdministrator",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.NoVoiceInRecovery, InPersonOnly),
)
async def object_to(recovery_id: Uuid, body: ObjectToAdministrator, actor: SignedIn, tx: TxDep) -> object:
    """As a living administrator of the organisation or its contact (where it has neither: as anybody of it), object:
    the invitation does not go out."""
    return await service.object_to_administrator(tx, actor, recovery_id, reasons=body.reasons)


@router.post(
    "/administrator-recoveries/{recovery_id}/withdrawal",
    response_model=RecoveryOut,
    operation_id="withdrawAdministrator",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def withdraw(recovery_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """As an operator, stop it, as long as the invitation is not out."""
    return await service.withdraw_administrator(tx, actor, recovery_id)


@router.post(
    "/administrator-recoveries/{recovery_id}/invitation",
    status_code=201,
    response_model=InvitationPartOut,
    operation_id="takeInvitationPart",
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.RecoveryStillWaits,
        errors.RecoveryNotYours,
        SecondFactorNeeded,
        InPersonOnly,
    ),
)
async def take_part(recovery_id: Uuid, actor: SignedIn, tx: TxDep, keys: KeysDep) -> object:
    """When the time to object is over and nobody did, take your part of the invitation, once, and hand it to the new
    administrator. The other operator has the other part; both together are the token of `acceptInvitation`."""
    return await service.take_invitation_part(tx, keys, actor, recovery_id)
