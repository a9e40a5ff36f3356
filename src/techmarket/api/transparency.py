"""The log over HTTP: checkpoints, leaves, proofs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from techmarket.api.deps import MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import BIGINT_MAX, Cursor, Limit, Uuid, Wire
from techmarket.kernel.paging import BadCursor
from techmarket.transparency import errors, service
from techmarket.transparency.views import CheckpointView, ConsistencyView, EntryView, ProofView

router = APIRouter(prefix="/v1/log", tags=["transparency"], route_class=MarketRoute)

Size = Annotated[int, Query(ge=1, le=BIGINT_MAX)]


class CheckpointOut(Wire):
    log_id: UUID
    size: int
    root: str
    note: str
    kid: str
    at: datetime


class LeafOut(Wire):
    position: int
    leaf_hash: str


class LeafPage(Wire):
    items: list[LeafOut]
    next_cursor: str | None


class EntryOut(Wire):
    id: UUID
    at: datetime
    kind: str
    refs: list[str]
    facts: dict[str, Any]
    salt: str
    leaf_hash: str
    position: int | None


class ProofOut(Wire):
    log_id: UUID
    entry_id: UUID
    position: int
    row: str
    salt: str
    path: list[str]
    checkpoint: str
    kid: str


class ConsistencyOut(Wire):
    from_size: int
    to_size: int
    path: list[str]


@router.get(
    "/checkpoint",
    response_model=CheckpointOut,
    operation_id="getCheckpoint",
    responses=refusals(errors.NotUnderACheckpoint),
)
async def get_checkpoint(actor: Reader, tx: TxDep) -> CheckpointView:
    """The newest signed checkpoint of the log, as a C2SP signed note."""
    return await service.get_checkpoint(tx, actor)


@router.get(
    "/leaves", response_model=LeafPage, operation_id="listLeaves", responses=refusals(BadCursor, errors.WrongLog)
)
async def list_leaves(
    actor: Reader, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """The leaf hashes of the log in order: enough to recompute every root, and nothing that tells what happened."""
    page = await service.list_leaves(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/log/leaves", limit=limit)


@router.get("/entries/{entry_id}", response_model=EntryOut, operation_id="getLogEntry", responses=refusals())
async def get_entry(entry_id: Uuid, actor: SignedIn, tx: TxDep) -> EntryView:
    """An entry with its salt, for the organisation that made it and for the market."""
    return await service.get_entry(tx, actor, entry_id)


@router.get(
    "/entries/{entry_id}/proof",
    response_model=ProofOut,
    operation_id="getLogProof",
    responses=refusals(errors.NotUnderACheckpoint),
)
async def get_proof(entry_id: Uuid, actor: SignedIn, tx: TxDep) -> ProofView:
    """The inclusion proof of an entry under the newest checkpoint."""
    return await service.get_proof(tx, actor, entry_id)


@router.get(
    "/consistency",
    response_model=ConsistencyOut,
    operation_id="getLogConsistency",
    responses=refusals(errors.NoSuchSize, errors.NotUnderACheckpoint),
)
async def get_consistency(
    actor: Reader, tx: TxDep, from_size: Annotated[int, Query(alias="from", ge=1, le=BIGINT_MAX)], to: Size
) -> ConsistencyView:
    """The proof that a later log only added to an earlier one."""
    return await service.get_consistency(tx, actor, from_size=from_size, to_size=to)
