"""The contract as a file, signed on the file itself; and by what authority people sign."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from techmarket.achievements.errors import ConsentMissing, LicenceOverlaps, UnderWay
from techmarket.api.contract_shapes import ContractOut
from techmarket.api.deps import FilesDep, KeysDep, MarketRoute, MeansDep, SignedIn, TxDep
from techmarket.api.evidence import BYTES, Sha256InPath, download
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Day, Limit, SafeText, Sha256, Uuid, Wire
from techmarket.contracts import errors, service
from techmarket.contracts.lifecycle import AuthorityState, OrderedState
from techmarket.contracts.rules import AuthorityKind
from techmarket.contracts.views import AuthorityView, ContractView, SignatureOrderView
from techmarket.identity.errors import NotAMember
from techmarket.identity.permissions import SecondFactorNeeded
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices.errors import EvidenceMissing, NotStarted, Paused, StillRunning, Suspended, Upheld
from techmarket.signing.errors import NoProvider, NotASignatory, NotYourTurn, SignedAlready

router = APIRouter(prefix="/v1", tags=["contracts"], route_class=MarketRoute)


class SignedPaper(Wire):
    paper_sha256: Sha256 = Field(description="the signed file, uploaded as evidence (POST /v1/evidence)")


class RefuseRecord(Wire):
    reasons: Annotated[str, SafeText(2000)]


class RecordAuthority(Wire):
    person_id: Uuid
    kind: AuthorityKind
    evidence_sha256: Sha256 = Field(description="the power of attorney, or the licence that names the representative")
    valid_from: Day
    valid_until: Day | None = None


class DecideAuthority(Wire):
    confirm: bool


class AuthorityOut(Wire):
    id: UUID
    organisation_id: UUID
    person_id: UUID
    kind: AuthorityKind
    evidence_sha256: str
    valid_from: date
    valid_until: date | None
    state: AuthorityState
    recorded_at: datetime
    decided_at: datetime | None


class SignatureOrderOut(Wire):
    id: UUID
    contract_id: UUID
    position: int
    provider: str
    state: OrderedState
    url: str | None = Field(description="where the person signs, once the service has answered")
    ordered_at: datetime
    ended_at: datetime | None
    why: str | None = Field(description="why it came to nothing")


class AuthorityPage(Wire):
    items: list[AuthorityOut]
    next_cursor: str | None


@router.get(
    "/contracts/{contract_id}/paper",
    operation_id="getContractPaper",
    responses=refusals(NotFound) | {200: {"content": {"application/pdf": {}}}},
    response_class=StreamingResponse,
)
async def get_paper(contract_id: Uuid, actor: SignedIn, tx: TxDep, files: FilesDep) -> StreamingResponse:
    """The contract as a PDF with a field for each party's signature; after a party signed the file, the signed one."""
    view, chunks = await service.get_paper(tx, files, actor, contract_id)
    return StreamingResponse(
        chunks,
        media_type="application/pdf",
        headers={
            "Content-Length": str(view.size),
            "Content-Disposition": f'attachment; filename="{view.sha256[:16]}.pdf"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "ETag": f'"{view.sha256}"',
        },
    )


@router.get(
    "/contracts/{contract_id}/record-files/{sha256}",
    operation_id="readRecordFile",
    responses=refusals(NotFound) | BYTES,
    response_class=StreamingResponse,
)
async def read_record_file(
    contract_id: Uuid, sha256: Sha256InPath, actor: SignedIn, tx: TxDep, files: FilesDep
) -> StreamingResponse:
    """The scan of a contract made elsewhere, or the proof that it was paid, for its parties and the market."""
    return download(*await service.read_record_file(tx, files, actor, contract_id, sha256))


@router.post(
    "/contracts/{contract_id}/record-refusal",
    response_model=ContractOut,
    operation_id="refuseContractRecord",
    responses=refusals(
        errors.OriginUnfit, errors.ConfirmedAlready, NotInThisState, NotAllowed, NotFound, SecondFactorNeeded
    ),
)
async def refuse_record(contract_id: Uuid, body: RefuseRecord, actor: SignedIn, tx: TxDep) -> ContractView:
    """Say that your side signed no such contract elsewhere: the record falls (each party but the one recording)."""
    return await service.refuse_record(tx, actor, contract_id, reasons=body.reasons)


@router.post(
    "/contracts/{contract_id}/signed-papers",
    status_code=201,
    response_model=ContractOut,
    operation_id="signContractPaper",
    responses=refusals(
        errors.PaperNotValid,
        errors.NotSignedYet,
        errors.AuthorityMissing,
        EvidenceMissing,
        NotStarted,
        StillRunning,
        Paused,
        Suspended,
        Upheld,
        NotYourTurn,
        NotASignatory,
        SignedAlready,
        LicenceOverlaps,
        ConsentMissing,
        UnderWay,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def sign_paper(
    contract_id: Uuid, body: SignedPaper, actor: SignedIn, tx: TxDep, files: FilesDep, keys: KeysDep
) -> ContractView:
    """Give the file back with your own electronic signature on it (PAdES): it counts as your organisation's."""
    return await service.sign_paper(tx, files, keys, actor, contract_id, paper_sha256=body.paper_sha256)


@router.post(
    "/contracts/{contract_id}/signature-orders",
    status_code=201,
    response_model=SignatureOrderOut,
    operation_id="orderContractSignature",
    responses=refusals(
        NoProvider,
        errors.NotSignedYet,
        errors.PaperNotValid,
        NotYourTurn,
        NotStarted,
        StillRunning,
        Paused,
        Suspended,
        Upheld,
        NotAllowed,
        NotFound,
    ),
)
async def order_signature(contract_id: Uuid, actor: SignedIn, tx: TxDep, means: MeansDep) -> SignatureOrderView:
    """Order your organisation's signature from the service the market is connected to; its answer comes soon after.

    The file has to be drawn before (GET …/paper).
    """
    return await service.order_signature(tx, means.provider, actor, contract_id)


@router.get(
    "/signature-orders/{order_id}",
    response_model=SignatureOrderOut,
    operation_id="getSignatureOrder",
    responses=refusals(NotFound),
)
async def get_order(order_id: Uuid, actor: SignedIn, tx: TxDep) -> SignatureOrderView:
    """How far an order has come, and where the person signs."""
    return await service.get_order(tx, actor, order_id)


@router.post(
    "/signing-authorities",
    status_code=201,
    response_model=AuthorityOut,
    operation_id="recordSigningAuthority",
    responses=refusals(NotAMember, errors.PeriodBackwards, EvidenceMissing, NotAllowed, NotFound),
)
async def record_authority(body: RecordAuthority, actor: SignedIn, tx: TxDep) -> AuthorityView:
    """Record by what one of your people signs: as legal representative, or by a power of attorney."""
    return await service.record_authority(
        tx,
        actor,
        person_id=body.person_id,
        kind=body.kind,
        evidence_sha256=body.evidence_sha256,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
    )


@router.get(
    "/signing-authorities",
    response_model=AuthorityPage,
    operation_id="listSigningAuthorities",
    responses=refusals(),
)
async def list_authorities(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """Who may sign for my organisation, the newest first; the market's staff see all."""
    page = await service.list_authorities(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/signing-authorities", limit=limit)


@router.post(
    "/signing-authorities/{authority_id}/decision",
    response_model=AuthorityOut,
    operation_id="decideSigningAuthority",
    responses=refusals(NotInThisState, NotAllowed, NotFound),
)
async def decide_authority(authority_id: Uuid, body: DecideAuthority, actor: SignedIn, tx: TxDep) -> AuthorityView:
    """An operator has looked at the paper: it stands, or it does not."""
    return await service.decide_authority(tx, actor, authority_id, confirm=body.confirm)


@router.post(
    "/signing-authorities/{authority_id}/revocation",
    response_model=AuthorityOut,
    operation_id="revokeSigningAuthority",
    responses=refusals(NotInThisState, NotAllowed, NotFound),
)
async def revoke_authority(authority_id: Uuid, actor: SignedIn, tx: TxDep) -> AuthorityView:
    """Take an authority back; what was signed under it stays signed."""
    return await service.revoke_authority(tx, actor, authority_id)
