"""Access to data rooms over HTTP: what an owner opens by hand, and what others ask him to open."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.rooms import FolderInBody, FolderName, SubjectKind, TierName
from techmarket.api.shapes import Aware, Cursor, Day, Limit, LongText, Uuid, Wire
from techmarket.disclosure import errors, service
from techmarket.disclosure.lifecycle import GrantState, RequestState
from techmarket.disclosure.service import Guest, Paper, Wanted
from techmarket.disclosure.tiers import Tier
from techmarket.disclosure.views import GrantView, RequestView
from techmarket.identity.errors import NotAMember, OrganisationNotVerified
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound

router = APIRouter(prefix="/v1", tags=["disclosure"], route_class=MarketRoute)

FOLDERS_MAX = 20
DOCUMENTS_MAX = 50


class PaperIn(Wire):
    """An agreement on paper: its scan in this room. You attest by your act that it is genuine."""

    document_id: Uuid
    signed_on: Day
    attested: Literal[True]

    def paper(self) -> Paper:
        return Paper(self.document_id, self.signed_on)


class _OpeningIn(Wire):
    organisation_id: Uuid
    person_id: Uuid | None = Field(default=None, description="Only this person of it; left out: everyone of it.")
    until: Aware
    paper: PaperIn | None = Field(default=None, description="Needed for what is under an agreement, if none runs here.")

    def guest(self) -> Guest:
        return Guest(self.organisation_id, self.person_id)


class GrantIn(_OpeningIn):
    tier: TierName = TierName.NDA


class FolderGrantIn(_OpeningIn):
    pass


class DocumentGrantIn(_OpeningIn):
    pass


class _WantedIn(Wire):
    tier: TierName | None = None
    folders: Annotated[list[FolderInBody], Field(max_length=FOLDERS_MAX)] = Field(default_factory=list)
    document_ids: Annotated[list[Uuid], Field(max_length=DOCUMENTS_MAX)] = Field(default_factory=list)

    def wanted(self) -> Wanted:
        return Wanted(Tier[self.tier.name] if self.tier else None, tuple(self.folders), tuple(self.document_ids))


class RequestIn(_WantedIn):
    purpose: LongText
    until: Aware


class RequestGrantIn(_WantedIn):
    """Without tier, folders and documents all that was asked for is opened."""

    until: Aware
    only_asker: bool = Field(default=False, description="Open it to the person who asked, not to his organisation.")
    paper: PaperIn | None = None


class RequestRefusalIn(Wire):
    reason: LongText


class GrantOut(Wire):
    id: UUID
    subject: str
    folder: str | None
    document_id: UUID | None
    organisation_id: UUID
    person_id: UUID | None
    tier: TierName
    basis: str
    until: datetime | None
    granted_at: datetime
    closed_at: datetime | None
    state: GrantState


class GrantPage(Wire):
    items: list[GrantOut]
    next_cursor: str | None


class RequestOut(Wire):
    id: UUID
    subject: str
    organisation_id: UUID
    organisation: str
    person_id: UUID
    person: str
    purpose: str
    tier: TierName | None
    folders: list[str]
    document_ids: list[UUID]
    until: datetime
    asked_at: datetime
    state: RequestState
    decided_at: datetime | None
    reason: str | None
    granted_until: datetime | None


class RequestPage(Wire):
    items: list[RequestOut]
    next_cursor: str | None


class Side(StrEnum):
    OWNER = "OWNER"
    ASKER = "ASKER"


OPENING = (
    NotAllowed,
    NotFound,
    errors.GrantInThePast,
    errors.OwnRoom,
    errors.PaperNeeded,
    errors.PaperUnfit,
    errors.TierNotGranted,
    OrganisationNotVerified,
    NotAMember,
)


def _grant(view: GrantView) -> dict[str, object]:
    return {name: getattr(view, name) for name in GrantOut.model_fields} | {"tier": view.tier.name}


def _request(view: RequestView) -> dict[str, object]:
    tier = view.tier.name if view.tier is not None else None
    return {name: getattr(view, name) for name in RequestOut.model_fields} | {"tier": tier}


def _paper(body: PaperIn | None) -> Paper | None:
    return body.paper() if body is not None else None


# --- what an owner opens --------------------------------------------------------------------------------------------


@router.post(
    "/documents/{document_id}/grants",
    status_code=201,
    response_model=GrantOut,
    operation_id="grantDocument",
    responses=refusals(*OPENING),
)
async def grant_document(document_id: Uuid, body: DocumentGrantIn, actor: SignedIn, tx: TxDep) -> object:
    """Open just this document to a verified organisation, or one person of it, until a time."""
    view = await service.grant_document(
        tx, actor, document_id, body.guest(), until=body.until, paper=_paper(body.paper)
    )
    return _grant(view)


@router.post(
    "/data-rooms/{subject_kind}/{subject_id}/folders/{folder}/grants",
    status_code=201,
    response_model=GrantOut,
    operation_id="grantFolder",
    responses=refusals(*OPENING, errors.NoSuchFolder),
)
async def grant_folder(
    subject_kind: SubjectKind, subject_id: Uuid, folder: FolderName, body: FolderGrantIn, actor: SignedIn, tx: TxDep
) -> object:
    """Open just this folder, with what is added to it later, until a time."""
    subject = Ref(subject_kind, subject_id)
    view = await service.grant_folder(
        tx, actor, subject, body.guest(), folder=folder, until=body.until, paper=_paper(body.paper)
    )
    return _grant(view)


@router.post(
    "/data-rooms/{subject_kind}/{subject_id}/grants",
    status_code=201,
    response_model=GrantOut,
    operation_id="grantAccess",
    responses=refusals(*OPENING),
)
async def grant_access(
    subject_kind: SubjectKind, subject_id: Uuid, body: GrantIn, actor: SignedIn, tx: TxDep
) -> object:
    """Open a tier of your data room until a time; the tier under an agreement only on an agreement on paper."""
    view = await service.grant_access(
        tx,
        actor,
        Ref(subject_kind, subject_id),
        body.guest(),
        tier=Tier[body.tier.name],
        until=body.until,
        paper=_paper(body.paper),
    )
    return _grant(view)


@router.get(
    "/data-rooms/{subject_kind}/{subject_id}/grants",
    response_model=GrantPage,
    operation_id="listGrants",
    responses=refusals(BadCursor),
)
async def list_grants(
    subject_kind: SubjectKind,
    subject_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """Whom your data room is open to, newest first."""
    page = await service.list_grants(tx, actor, Ref(subject_kind, subject_id), cursor=cursor, limit=limit)
    path = f"/v1/data-rooms/{subject_kind}/{subject_id}/grants"
    return page_response(page.map(_grant), response, path, limit=limit)


@router.post(
    "/grants/{grant_id}/revocation",
    response_model=GrantOut,
    operation_id="revokeGrant",
    responses=refusals(NotInThisState, errors.NotYoursToClose),
)
async def revoke_grant(grant_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """Take a grant back; it ends with the next request."""
    return _grant(await service.revoke_grant(tx, actor, grant_id))


# --- what others ask for --------------------------------------------------------------------------------------------


@router.post(
    "/data-rooms/{subject_kind}/{subject_id}/access-requests",
    status_code=201,
    response_model=RequestOut,
    operation_id="askAccess",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.OwnRoom,
        errors.GrantInThePast,
        errors.NothingAskedFor,
        errors.TierNotGranted,
        errors.AccessOpen,
        errors.NdaNeeded,
        errors.RequestWaits,
    ),
)
async def ask_access(
    subject_kind: SubjectKind, subject_id: Uuid, body: RequestIn, actor: SignedIn, tx: TxDep
) -> object:
    """Ask the owner to open a tier, folders or documents: what for, and until when."""
    subject = Ref(subject_kind, subject_id)
    view = await service.ask_access(tx, actor, subject, body.wanted(), purpose=body.purpose, until=body.until)
    return _request(view)


@router.get(
    "/access-requests",
    response_model=RequestPage,
    operation_id="listAccessRequests",
    responses=refusals(NotAllowed, BadCursor),
)
async def list_requests(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    side: Annotated[Side, Query(description="Those for your rooms, or those your organisation made.")],
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """Requests of your side, newest first."""
    page = await service.list_requests(tx, actor, as_owner=side is Side.OWNER, cursor=cursor, limit=limit)
    return page_response(page.map(_request), response, "/v1/access-requests", side=side.value, limit=limit)


@router.get(
    "/access-requests/{request_id}",
    response_model=RequestOut,
    operation_id="getAccessRequest",
    responses=refusals(NotAllowed, NotFound),
)
async def get_request(request_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """One request with what became of it, for its two sides."""
    return _request(await service.get_request(tx, actor, request_id))


@router.post(
    "/access-requests/{request_id}/grant",
    response_model=RequestOut,
    operation_id="grantAccessRequest",
    responses=refusals(*OPENING, errors.NoSuchFolder, errors.NothingAskedFor, errors.RequestLapsed, NotInThisState),
)
async def grant_request(request_id: Uuid, body: RequestGrantIn, actor: SignedIn, tx: TxDep) -> object:
    """Open what was asked for, or what you name instead, until a time of your choice; it ends by itself."""
    wanted = body.wanted()
    view = await service.grant_request(
        tx,
        actor,
        request_id,
        until=body.until,
        wanted=None if wanted.is_nothing() else wanted,
        only_asker=body.only_asker,
        paper=_paper(body.paper),
    )
    return _request(view)


@router.post(
    "/access-requests/{request_id}/refusal",
    response_model=RequestOut,
    operation_id="refuseAccessRequest",
    responses=refusals(NotAllowed, NotFound, errors.RequestLapsed, NotInThisState),
)
async def refuse_request(request_id: Uuid, body: RequestRefusalIn, actor: SignedIn, tx: TxDep) -> object:
    """Open nothing, and say why; whoever asked reads it."""
    return _request(await service.refuse_request(tx, actor, request_id, reason=body.reason))


@router.post(
    "/access-requests/{request_id}/withdrawal",
    response_model=RequestOut,
    operation_id="withdrawAccessRequest",
    responses=refusals(NotAllowed, NotFound, errors.RequestLapsed, NotInThisState),
)
async def withdraw_request(request_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """Take your organisation's request back."""
    return _request(await service.withdraw_request(tx, actor, request_id))
