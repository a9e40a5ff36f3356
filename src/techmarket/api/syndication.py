"""Syndication over HTTP: what other markets may show of ours, and whose listings we show."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from techmarket.api.deps import KeysDep, MarketRoute, Reader, SignedIn, TxDep, means_of
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, SafeText, ShortText, Uuid, Wire
from techmarket.db.calling import Caller
from techmarket.db.means import OutsideCaller
from techmarket.hub import errors, service
from techmarket.hub.lifecycle import SourceState
from techmarket.hub.syndication import ItemState
from techmarket.hub.views import OriginView, SourceView, SyndicatedItemView
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound

router = APIRouter(prefix="/v1", tags=["hub"], route_class=MarketRoute)


class ItemProofOut(Wire):
    leaf_hash: str = Field(description="What the log holds at this position.")
    path: list[str] | None = Field(description="The inclusion proof under `checkpoint`; null until one covers it.")
    kid: str
    signature: str = Field(description="Ed25519 over the statement of the item, see docs/hub.md.")


class ItemOut(Wire):
    listing_id: UUID
    entry_id: UUID
    position: int
    at: Aware
    state: ItemState
    content: dict[str, Any] | None = Field(description="As it is now, the terms by tier; null once it is GONE.")
    url: str = Field(description="Where it is read, and traded.")
    proof: ItemProofOut


class CheckpointPart(Wire):
    size: int
    root: str
    note: str
    kid: str


class OpeningPart(Wire):
    log_id: UUID
    previous_log_id: UUID
    previous_size: int = Field(description="How many entries of the one before are certain to be in this log.")
    kid: str
    signature: str = Field(description="Ed25519 over the canonical JSON of the first three.")


class SyndicationPage(Wire):
    log_id: UUID
    items: list[ItemOut]
    next_cursor: str
    is_at_end: bool
    checkpoint: CheckpointPart | None
    openings: list[OpeningPart] = Field(
        description="How this log came to be after restores, the newest first: each went on from the one before."
    )


ShownMax = Annotated[int, Field(ge=0, le=1_000_000)]


class QuotaIn(Wire):
    shown_max: ShownMax


class SourceIn(Wire):
    name: ShortText
    url: Annotated[str, SafeText(400)] = Field(description="The market's address, before `/v1`.")
    key: Annotated[str, SafeText(400)] | None = Field(default=None, description="A read key that it gave us, if any.")
    node: Uuid | None = Field(default=None, description="Only what is of this node there.")
    shown_max: ShownMax | None = Field(default=None, description="How many of its listings are shown at most.")


class SourceOut(Wire):
    id: UUID
    name: str
    url: str
    node: str | None
    organisation_id: UUID = Field(description="The organisation that stands here for that market.")
    state: SourceState
    has_key: bool
    kids: list[str] = Field(description="The keys by which it is trusted.")
    shown: int
    shown_max: int = Field(description="How many are shown at most; `problem` says `quota` where there are more.")
    refused: int = Field(description="How often something could not be shown as it was told.")
    failures: int
    problem: str | None
    caught_up_at: Aware | None
    behind_seconds: int | None = Field(description="How long ago it was read to its end: the lag at most.")
    created_at: Aware


class SourceList(Wire):
    items: list[SourceOut]


class OriginOut(Wire):
    source_id: UUID
    source: str
    listing_id: UUID = Field(description="Its id there.")
    proof: dict[str, Any] = Field(description="What the other market signed, with the name of its key.")


@router.get(
    "/syndication/listings",
    response_model=SyndicationPage,
    operation_id="listSyndicated",
    responses=refusals(BadCursor, errors.CursorOfAnotherLog),
)
async def list_syndicated(
    request: Request,
    actor: Reader,
    tx: TxDep,
    keys: KeysDep,
    node: Annotated[Uuid | None, Query(description="Only what is of this node of the hub.")] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """Listings of this market that changed for everyone, each once and as it is now, signed, for another market to
    show. Keep `next_cursor` and ask again with it. A verified organisation's key opens the terms for registered
    readers, too."""
    page = await service.list_syndicated(
        tx, keys, actor, public_url=means_of(request).public_url, node=node, cursor=cursor, limit=limit
    )
    newest = page.checkpoint
    return {
        "log_id": page.log_id,
        "items": [_item(one) for one in page.items],
        "next_cursor": page.next_cursor,
        "is_at_end": page.is_at_end,
        "checkpoint": None
        if newest is None
        else {"size": newest.size, "root": newest.root, "note": newest.note, "kid": newest.kid},
        "openings": page.openings,
    }


def _item(one: SyndicatedItemView) -> dict[str, Any]:
    return {
        "listing_id": one.listing_id,
        "entry_id": one.entry_id,
        "position": one.position,
        "at": one.at,
        "state": one.state,
        "content": one.content,
        "url": one.url,
        "proof": {
            "leaf_hash": one.leaf_hash,
            "path": list(one.path) if one.path is not None else None,
            "kid": one.kid,
            "signature": one.signature,
        },
    }


@router.get(
    "/listings/{listing_id}/origin", response_model=OriginOut, operation_id="getOrigin", responses=refusals(NotFound)
)
async def get_origin(listing_id: Uuid, actor: Reader, tx: TxDep) -> OriginView:
    """Where a listing comes from that another market has published, with what that market signed of it."""
    return await service.get_origin(tx, actor, listing_id)


# --- whose listings we show -------------------------------------------------------------------------------------------


def _caller(request: Request) -> OutsideCaller:
    return means_of(request).caller or Caller()


@router.post(
    "/syndication/sources",
    status_code=201,
    response_model=SourceOut,
    operation_id="addSource",
    responses=refusals(NotAllowed, errors.SourceNotAllowed, errors.SourceNotReached, errors.SourceFollowed),
)
async def add_source(body: SourceIn, request: Request, actor: SignedIn, tx: TxDep, keys: KeysDep) -> SourceView:
    """As an operator of the market, show another market's listings here. Its public keys as they are now are what it
    is trusted by: compare `kids` with what that market says of itself."""
    node = str(body.node) if body.node is not None else None
    return await service.add_source(
        tx,
        keys,
        _caller(request),
        actor,
        name=body.name,
        url=body.url,
        key=body.key,
        node=node,
        shown_max=body.shown_max,
    )


@router.get(
    "/syndication/sources", response_model=SourceList, operation_id="listSources", responses=refusals(NotAllowed)
)
async def list_sources(actor: SignedIn, tx: TxDep) -> object:
    """The markets whose listings are shown here, how far each was read, and what is wrong."""
    return {"items": await service.list_sources(tx, actor)}


@router.get(
    "/syndication/sources/{source_id}",
    response_model=SourceOut,
    operation_id="getSource",
    responses=refusals(NotAllowed, NotFound),
)
async def get_source(source_id: Uuid, actor: SignedIn, tx: TxDep) -> SourceView:
    """One of them."""
    return await service.get_source(tx, actor, source_id)


@router.put(
    "/syndication/sources/{source_id}/quota",
    response_model=SourceOut,
    operation_id="setSourceQuota",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def set_source_quota(source_id: Uuid, body: QuotaIn, actor: SignedIn, tx: TxDep) -> SourceView:
    """How many of its listings are shown here at most. What is shown stays; room for more has it read once more."""
    return await service.set_quota(tx, actor, source_id, shown_max=body.shown_max)


@router.post(
    "/syndication/sources/{source_id}/pause",
    response_model=SourceOut,
    operation_id="pauseSource",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def pause_source(source_id: Uuid, actor: SignedIn, tx: TxDep) -> SourceView:
    """Read nothing more for now; what is shown stays."""
    return await service.pause_source(tx, actor, source_id)


@router.post(
    "/syndication/sources/{source_id}/resumption",
    response_model=SourceOut,
    operation_id="resumeSource",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def resume_source(source_id: Uuid, actor: SignedIn, tx: TxDep) -> SourceView:
    """Read on from where it was left."""
    return await service.resume_source(tx, actor, source_id)


@router.post(
    "/syndication/sources/{source_id}/trust",
    response_model=SourceOut,
    operation_id="trustSource",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.SourceNotReached),
)
async def trust_source(source_id: Uuid, request: Request, actor: SignedIn, tx: TxDep) -> SourceView:
    """After a look at why it is distrusted, trust the keys that it shows now. Everything is read and compared anew."""
    return await service.trust_source(tx, _caller(request), actor, source_id)


@router.delete(
    "/syndication/sources/{source_id}",
    status_code=204,
    operation_id="removeSource",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def remove_source(source_id: Uuid, actor: SignedIn, tx: TxDep) -> Response:
    """Follow it no more, and take everything of it down here."""
    await service.remove_source(tx, actor, source_id)
    return Response(status_code=204)
