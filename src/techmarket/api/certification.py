"""Certificates and their verification over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, Field

from techmarket.api.deps import KeysDep, MarketRoute, Reader, SignedIn, TxDep, means_of
from techmarket.api.limits import BodyRule
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, LongText, SafeText, Uuid, Wire
from techmarket.certification import errors, service
from techmarket.certification.lifecycle import CertificateState, Why
from techmarket.certification.paper import SIZE_MAX
from techmarket.certification.statuslist import StatusPurpose
from techmarket.certification.verify import SENTENCES, Answer
from techmarket.certification.views import CertificateView, VerificationView
from techmarket.contracts.errors import ClearancesOpen, NotInForce
from techmarket.identity.errors import OneHandBehindBoth
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices.errors import Paused, StillRunning, Suspended, Upheld
from techmarket.settlement.errors import DuesOpen

router = APIRouter(prefix="/v1", tags=["certification"], route_class=MarketRoute)
well_known = APIRouter(prefix="/.well-known", tags=["certification"], route_class=MarketRoute)

FILE_CHARACTERS_MAX = 500_000
PDF = "application/pdf"
BODIES = (BodyRule("/v1/verifications/files", bytes_max=SIZE_MAX, media=(PDF, "application/octet-stream"), seconds=60),)
NumberOrId = Annotated[
    str,
    Path(
        pattern=r"^(ZJ-[0-9]{4}-[0-9]{6,12}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$",
        description="ZJ-2026-000123, or the certificate's id",
    ),
]
_FILE_TEXT = SafeText(FILE_CHARACTERS_MAX, min_length=0, multiline=True)


def _unaltered(text: str) -> str:
    """No file of ours holds a hidden character; what is taken is not trimmed or normalised, for every byte counts."""
    _FILE_TEXT.clean(text)
    return text


FileText = Annotated[
    str,
    AfterValidator(_unaltered),
    Field(strict=True, max_length=FILE_CHARACTERS_MAX, description="the certificate file's text, unchanged"),
]


Hideable = Literal["price", "payments"]


class Reasons(Wire):
    reasons: LongText


class WhyAndReasons(Wire):
    why: Why
    reasons: LongText


class VerifyFile(Wire):
    file: FileText


class CertificateOut(Wire):
    id: UUID
    number: str | None
    state: CertificateState
    since: datetime
    why: Why | None
    issued_at: datetime | None
    credential_sha256: str | None = Field(description="SHA-256 of the credential's own characters, as the log names it")
    contract_id: UUID | None
    prepared_by: UUID | None
    approved_by: UUID | None
    facts_sha256: str | None
    facts: dict[str, Any] | None = Field(description="for the parties and the market")
    reasons: str | None
    replaces: UUID | None = Field(description="the certificate in whose place this one stands, or is to stand")
    replaced_by: str | None = Field(description="the number of the certificate that stands in its place")


class PreconditionOut(Wire):
    code: str
    holds: bool
    refusal: str | None = Field(description="the refusal that preparing would meet")
    facts: dict[str, Any]


class PreconditionsOut(Wire):
    all_hold: bool
    items: list[PreconditionOut]


class CertificatePage(Wire):
    items: list[CertificateOut]
    next_cursor: str | None


class CheckOut(Wire):
    code: str
    zh: str
    en: str


class VerificationOut(Wire):
    answer: Answer
    number: str | None
    since: datetime | None
    why: str | None
    as_of: datetime | None = Field(description="the moment this answer is about")
    fault: CheckOut | None = Field(description="the first check that failed")
    checked: list[CheckOut]
    not_checked: list[CheckOut]
    credential: dict[str, Any] | None
    hidden: list[str] = Field(description="which of the facts the holder has left out")
    replaced_by: str | None


class PublicKey(Wire):
    kty: str
    crv: str
    alg: str
    use: str
    kid: str
    x: str
    use_here: str = Field(description="issuer: certificates and their status; log: checkpoints; receipts: promises")
    since: datetime | None = Field(description="when the market began to sign with it")
    until: datetime | None = Field(description="since when it signs no longer; what it signed before stays signed")


class KeySet(Wire):
    keys: list[PublicKey]


@router.post(
    "/contracts/{contract_id}/certificates",
    status_code=201,
    response_model=CertificateOut,
    operation_id="prepareCertificate",
    responses=refusals(
        errors.CertificateExists,
        errors.CertifierBelongsToParty,
        ClearancesOpen,
        errors.MoneyHeld,
        NotInForce,
        DuesOpen,
        StillRunning,
        Paused,
        Suspended,
        Upheld,
        NotAllowed,
        NotFound,
    ),
)
async def prepare_certificate(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> CertificateView:
    """A certifier puts the facts of a transaction together; a second one must approve them."""
    return await service.prepare(tx, actor, contract_id)


@router.get(
    "/contracts/{contract_id}/certificate-preconditions",
    response_model=PreconditionsOut,
    operation_id="listCertificatePreconditions",
    responses=refusals(NotFound),
)
async def list_preconditions(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """Which conditions of a certificate hold for this contract and which do not; for the market's staff."""
    found = await service.list_preconditions(tx, actor, contract_id)
    return {"all_hold": all(one.holds for one in found), "items": found}


@router.post(
    "/certificates/{certificate_id}/replacement",
    status_code=201,
    response_model=CertificateOut,
    operation_id="prepareReplacement",
    responses=refusals(
        errors.NothingToReplace,
        errors.CertificateExists,
        errors.CertifierBelongsToParty,
        ClearancesOpen,
        errors.MoneyHeld,
        NotInForce,
        DuesOpen,
        StillRunning,
        Paused,
        Suspended,
        Upheld,
        NotAllowed,
        NotFound,
    ),
)
async def prepare_replacement(certificate_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> CertificateView:
    """Prepare a certificate that corrects or re-issues another: approved by a second certifier, it takes its place."""
    return await service.prepare_replacement(tx, actor, certificate_id, reasons=body.reasons)


@router.get("/certificates", response_model=CertificatePage, operation_id="listCertificates", responses=refusals())
async def list_certificates(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: CertificateState | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The certifiers' desk: every certificate, the newest first."""
    page = await service.list_certificates(tx, actor, state=state, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/certificates", limit=limit, state=state.value if state else None)


@router.post(
    "/certificates/{certificate_id}/approval",
    response_model=CertificateOut,
    operation_id="approveCertificate",
    responses=refusals(
        errors.SecondPersonNeeded,
        OneHandBehindBoth,
        errors.CertifierBelongsToParty,
        errors.FactsChanged,
        NotInForce,
        DuesOpen,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def approve_certificate(
    request: Request, certificate_id: Uuid, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> CertificateView:
    """A second certifier finds the same facts: the certificate is numbered, signed and logged."""
    return await service.approve(tx, keys, actor, certificate_id, public_url=means_of(request).public_url)


@router.post(
    "/certificates/{certificate_id}/rejection",
    response_model=CertificateOut,
    operation_id="rejectCertificate",
    responses=refusals(
        errors.SecondPersonNeeded,
        errors.CertifierBelongsToParty,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def reject_certificate(certificate_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> CertificateView:
    """A second certifier sends it back with reasons."""
    return await service.reject(tx, actor, certificate_id, reasons=body.reasons)


@router.post(
    "/certificates/{certificate_id}/suspension",
    response_model=CertificateOut,
    operation_id="suspendCertificate",
    responses=refusals(errors.CertifierBelongsToParty, NotInThisState, NotAllowed, NotFound),
)
async def suspend_certificate(certificate_id: Uuid, body: WhyAndReasons, actor: SignedIn, tx: TxDep) -> CertificateView:
    """Take a certificate out of force for a time."""
    return await service.suspend(tx, actor, certificate_id, why=body.why, reasons=body.reasons)


@router.post(
    "/certificates/{certificate_id}/reinstatement",
    response_model=CertificateOut,
    operation_id="reinstateCertificate",
    responses=refusals(errors.CertifierBelongsToParty, NotInThisState, NotAllowed, NotFound),
)
async def reinstate_certificate(certificate_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> CertificateView:
    """End a suspension: the certificate stands again."""
    return await service.reinstate(tx, actor, certificate_id, reasons=body.reasons)


@router.post(
    "/certificates/{certificate_id}/revocation",
    response_model=CertificateOut,
    operation_id="revokeCertificate",
    responses=refusals(errors.CertifierBelongsToParty, NotInThisState, NotAllowed, NotFound),
)
async def revoke_certificate(certificate_id: Uuid, body: WhyAndReasons, actor: SignedIn, tx: TxDep) -> CertificateView:
    """Take a certificate back for good."""
    return await service.revoke(tx, actor, certificate_id, why=body.why, reasons=body.reasons)


@router.get(
    "/certificates/{number_or_id}",
    response_model=CertificateOut,
    operation_id="getCertificate",
    responses=refusals(NotFound),
)
async def get_certificate(number_or_id: NumberOrId, actor: Reader, tx: TxDep) -> CertificateView:
    """A certificate by number or id: whole for parties and the market, for others whether it stands and its hash."""
    return await service.get_certificate(tx, actor, number_or_id)


@router.get(
    "/certificates/{number_or_id}/file",
    operation_id="getCertificateFile",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "the file"}, **refusals(NotFound)},
)
async def get_file(
    number_or_id: NumberOrId,
    actor: SignedIn,
    tx: TxDep,
    keys: KeysDep,
    hide: Annotated[list[Hideable] | None, Query(max_length=8, description="What the file is not to tell")] = None,
) -> Response:
    """The certificate as a file that verifies without the market, whole or less the price: keep its bytes unchanged."""
    view = await service.get_file(tx, keys, actor, number_or_id, hide=hide or ())
    return Response(
        view.body,
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{view.number}.json"',
            "Cache-Control": "no-store",
        },
    )


@router.get(
    "/certificates/{number_or_id}/pdf",
    operation_id="getCertificatePdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "the document"}, **refusals(NotFound)},
)
async def get_paper(
    request: Request,
    number_or_id: NumberOrId,
    actor: SignedIn,
    tx: TxDep,
    keys: KeysDep,
    hide: Annotated[list[Hideable] | None, Query(max_length=8, description="What the document is not to tell")] = None,
) -> Response:
    """The certificate as a sealed PDF with a QR code to its standing; the file that verifies is attached inside."""
    view = await service.get_paper(
        tx, keys, actor, number_or_id, hide=hide or (), public_url=means_of(request).public_url
    )
    return Response(
        view.body,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{view.number}.pdf"',
            "Cache-Control": "no-store",
        },
    )


@router.post(
    "/verifications",
    response_model=VerificationOut,
    operation_id="verifyCertificate",
    responses=refusals(),
    openapi_extra={"x-changes-nothing": True},
)
async def verify_certificate(body: VerifyFile, actor: Reader, tx: TxDep, keys: KeysDep) -> object:
    """What a certificate file is worth now: valid, suspended or revoked since when and why, or not ours."""
    view = await service.verify_certificate(tx, keys, actor, body.file.encode("utf-8", "replace"))
    return _shown(view)


@router.post(
    "/verifications/files",
    response_model=VerificationOut,
    operation_id="verifyCertificateFile",
    responses=refusals(errors.PaperUnreadable),
    openapi_extra={
        "x-changes-nothing": True,
        "requestBody": {
            "required": True,
            "content": {
                PDF: {"schema": {"type": "string", "format": "binary", "description": "The sealed PDF, unchanged."}},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        },
    },
)
async def verify_certificate_file(request: Request, actor: Reader, tx: TxDep, keys: KeysDep) -> object:
    """What an uploaded file is worth now, the PDF or the JSON file: its bytes as they are, up to 8 MiB."""
    return _shown(await service.verify_upload(tx, keys, actor, await request.body()))


@router.get(
    "/status-lists/{purpose}/{n}",
    operation_id="getStatusList",
    response_class=Response,
    responses={200: {"content": {"application/vc+jwt": {}}, "description": "the list"}, **refusals(NotFound)},
)
async def get_status_list(
    request: Request,
    purpose: StatusPurpose,
    n: Annotated[int, Path(ge=0, le=100_000)],
    actor: Reader,
    tx: TxDep,
    keys: KeysDep,
) -> Response:
    """How all certificates stand, as a signed list of bits (W3C Bitstring Status List); each names its place in it."""
    token = await service.get_status_list(tx, keys, actor, purpose, n, public_url=means_of(request).public_url)
    return Response(token, media_type="application/vc+jwt", headers={"Cache-Control": "public, max-age=60"})


@well_known.get("/techmarket-keys.json", response_model=KeySet, operation_id="getPublicKeys", responses=refusals())
async def get_public_keys(tx: TxDep, keys: KeysDep) -> object:
    """The market's public keys (JWK set), past ones too: all that `techmarket verify` needs besides the file."""
    return await service.published_keys(tx, keys)


def _shown(view: VerificationView) -> dict[str, Any]:
    return {
        "answer": view.answer,
        "number": view.number,
        "since": view.since,
        "why": view.why,
        "as_of": view.as_of,
        "fault": _check(view.fault) if view.fault else None,
        "checked": [_check(code) for code in view.checked],
        "not_checked": [_check(code) for code in view.not_checked],
        "credential": view.credential,
        "hidden": list(view.hidden),
        "replaced_by": view.replaced_by,
    }


def _check(code: str) -> dict[str, str]:
    zh, en = SENTENCES[code]
    return {"code": code, "zh": zh, "en": en}
