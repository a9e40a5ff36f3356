"""Non-disclosure agreements over HTTP: texts, signatures, and what each side has."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from techmarket.api.deps import KeysDep, MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, LongText, Title, Uuid, Wire
from techmarket.disclosure import errors, service
from techmarket.disclosure.lifecycle import NdaState
from techmarket.disclosure.views import NdaTextView, NdaView
from techmarket.identity.errors import OrganisationNotVerified
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.signing.errors import NotASignatory, WrongDocument

router = APIRouter(prefix="/v1", tags=["disclosure"], route_class=MarketRoute)

SubjectKind = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$", examples=["listing"])]
Sha256 = Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{64}$")]


class NdaTextIn(Wire):
    """What others sign; it may be in Chinese, in English or in both."""

    title: Title
    body: LongText
    valid_days: Annotated[int, Field(strict=True, ge=1, le=3650)]
    counter_signature: bool = False
    binds_from: Aware | None = None


class BindingIn(Wire):
    binds_from: Aware


class SignatureIn(Wire):
    document_sha256: Sha256


class ReasonIn(Wire):
    reason: LongText


class NdaTextOut(Wire):
    id: UUID
    organisation_id: UUID
    subject: str | None = Field(description="null: for all rooms of the organisation that have none of their own")
    version: int
    text_sha256: str
    text: dict[str, str]
    valid_days: int
    counter_signature: bool
    published_at: datetime
    binds_from: datetime | None


class NdaTextList(Wire):
    items: list[NdaTextOut]


class NdaOut(Wire):
    """`promise` is the market's sealed word, given at the signature, that the log will hold it."""

    id: UUID
    nda_text_id: UUID
    text_sha256: str
    version: int
    subject: str
    owner_organisation_id: UUID
    organisation_id: UUID
    signing_id: UUID
    state: NdaState
    is_running: bool
    signed_at: datetime
    in_force_at: datetime | None
    until: datetime | None
    ended_at: datetime | None
    reason: str | None
    promise: dict[str, str] | None


class NdaPage(Wire):
    items: list[NdaOut]
    next_cursor: str | None


class NdaTerms(Wire):
    """What there is to sign, and what your organisation signed last."""

    text: NdaTextOut | None
    mine: NdaOut | None


class Side(StrEnum):
    OWNER = "OWNER"
    RECEIVER = "RECEIVER"


@router.post(
    "/data-rooms/{subject_kind}/{subject_id}/nda-texts",
    status_code=201,
    response_model=NdaTextOut,
    operation_id="publishNdaText",
    responses=refusals(NotAllowed, NotFound, errors.NdaTextUnchanged, errors.GrantInThePast),
)
async def publish_text(
    subject_kind: SubjectKind, subject_id: Uuid, body: NdaTextIn, actor: SignedIn, tx: TxDep
) -> NdaTextView:
    """Publish the next version of what others sign; with `binds_from`, earlier signatures open nothing from then."""
    return await service.publish_text(
        tx,
        actor,
        Ref(subject_kind, subject_id),
        text={"title": body.title, "body": body.body},
        valid_days=body.valid_days,
        counter_signature=body.counter_signature,
        binds_from=body.binds_from,
    )


@router.post(
    "/nda-texts",
    status_code=201,
    response_model=NdaTextOut,
    operation_id="publishNdaTextForAll",
    responses=refusals(NotAllowed, errors.NdaTextUnchanged, errors.GrantInThePast),
)
async def publish_text_for_all(body: NdaTextIn, actor: SignedIn, tx: TxDep) -> NdaTextView:
    """Publish the next version of one text for all rooms of your organisation that have no text of their own."""
    return await service.publish_text(
        tx,
        actor,
        None,
        text={"title": body.title, "body": body.body},
        valid_days=body.valid_days,
        counter_signature=body.counter_signature,
        binds_from=body.binds_from,
    )


@router.get("/nda-texts", response_model=NdaTextList, operation_id="listNdaTexts", responses=refusals(NotAllowed))
async def list_texts(actor: SignedIn, tx: TxDep) -> object:
    """The texts that others sign for your organisation's rooms, newest first; the latest two hundred."""
    return {"items": await service.list_texts(tx, actor)}


@router.post(
    "/nda-texts/{nda_text_id}/binding",
    response_model=NdaTextOut,
    operation_id="bindNdaText",
    responses=refusals(NotAllowed, NotFound, errors.NdaTextBound, errors.NdaTextPassed, errors.GrantInThePast),
)
async def bind_text(nda_text_id: Uuid, body: BindingIn, actor: SignedIn, tx: TxDep) -> NdaTextView:
    """Say, once, from when only this text opens anything."""
    return await service.bind_text(tx, actor, nda_text_id, binds_from=body.binds_from)


@router.get(
    "/data-rooms/{subject_kind}/{subject_id}/nda",
    response_model=NdaTerms,
    operation_id="getNdaTerms",
    responses=refusals(NotFound),
)
async def find_terms(subject_kind: SubjectKind, subject_id: Uuid, actor: Reader, tx: TxDep) -> object:
    """The text to sign for this subject, and what your organisation signed last."""
    text, mine = await service.find_terms(tx, actor, Ref(subject_kind, subject_id))
    return {"text": text, "mine": mine}


@router.post(
    "/data-rooms/{subject_kind}/{subject_id}/ndas",
    status_code=201,
    response_model=NdaOut,
    operation_id="signNda",
    responses=refusals(
        NotAllowed, NotFound, errors.OwnRoom, errors.NoNdaText, errors.NdaRuns, WrongDocument, NotASignatory
    ),
)
async def sign(
    subject_kind: SubjectKind, subject_id: Uuid, body: SignatureIn, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> NdaView:
    """Sign the text as a SIGNATORY of your organisation; without a counter-signature its tier opens at once."""
    subject = Ref(subject_kind, subject_id)
    return await service.sign(tx, keys, actor, subject, document_sha256=body.document_sha256)


@router.post(
    "/ndas/{nda_id}/counter-signature",
    response_model=NdaOut,
    operation_id="counterSignNda",
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.NdaTextOutdated,
        WrongDocument,
        NotASignatory,
        OrganisationNotVerified,
    ),
)
async def counter_sign(nda_id: Uuid, body: SignatureIn, actor: SignedIn, tx: TxDep, keys: KeysDep) -> NdaView:
    """Sign it as the owner's SIGNATORY; the tier opens."""
    return await service.counter_sign(tx, keys, actor, nda_id, document_sha256=body.document_sha256)


@router.post(
    "/ndas/{nda_id}/refusal",
    response_model=NdaOut,
    operation_id="declineNda",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def decline(nda_id: Uuid, body: ReasonIn, actor: SignedIn, tx: TxDep) -> NdaView:
    """As the owner, do not counter-sign, and say why."""
    return await service.decline(tx, actor, nda_id, reason=body.reason)


@router.post(
    "/ndas/{nda_id}/revocation",
    response_model=NdaOut,
    operation_id="revokeNda",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def revoke(nda_id: Uuid, body: ReasonIn, actor: SignedIn, tx: TxDep) -> NdaView:
    """As the owner, end what it opened, and say why; the next request finds nothing."""
    return await service.revoke_nda(tx, actor, nda_id, reason=body.reason)


@router.get("/ndas", response_model=NdaPage, operation_id="listNdas", responses=refusals(NotAllowed, BadCursor))
async def list_ndas(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    side: Annotated[Side, Query(description="Those signed for your subjects, or by your organisation.")],
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The agreements of your side, newest first."""
    page = await service.list_ndas(tx, actor, as_owner=side is Side.OWNER, subject=None, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/ndas", side=side.value, limit=limit)
