"""The log over HTTP: checkpoints, leaves, proofs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.api.deps import KeysDep, MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import BIGINT_MAX, Cursor, Limit, Sha256, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.transparency import errors, service
from techmarket.transparency.lifecycle import CommitmentState
from techmarket.transparency.views import CheckpointView, CommitmentView, ConsistencyView, EntryView, ProofView

router = APIRouter(prefix="/v1/log", tags=["transparency"], route_class=MarketRoute)
commitments = APIRouter(prefix="/v1/commitments", tags=["transparency"], route_class=MarketRoute)

Size = Annotated[int, Query(ge=1, le=BIGINT_MAX)]


class LogOut(Wire):
    log_id: UUID
    origin: str = Field(description="the first line of its checkpoints")
    opened_at: datetime
    previous_log_id: UUID | None = Field(description="the log it followed, after a restore")
    previous_size: int | None = Field(description="how many entries were left of that one")


class LogList(Wire):
    items: list[LogOut]


class CosignatureOut(Wire):
    witness: str = Field(description="the witness's C2SP verifier key")
    line: str
    at: datetime


class CheckpointOut(Wire):
    log_id: UUID
    size: int
    root: str
    note: str
    kid: str
    at: datetime
    cosignatures: list[CosignatureOut]


class CheckpointPage(Wire):
    items: list[CheckpointOut]
    next_cursor: str | None


class Commit(Wire):
    digest: Sha256 = Field(description="SHA-256 over a salt and the document's SHA-256: `techmarket commit FILE`")


class Reveal(Wire):
    document_sha256: Sha256
    salt: Sha256 = Field(description="the 32 bytes of the salt in hex")


class CommitmentOut(Wire):
    id: UUID
    organisation_id: UUID
    digest: str
    state: CommitmentState
    at: datetime
    entry_id: UUID
    revealed_at: datetime | None
    document_sha256: str | None
    salt: str | None
    promise: dict[str, str] | None = Field(
        default=None, description="right after the commitment: the market's signed promise to log this very leaf"
    )


class CommitmentPage(Wire):
    items: list[CommitmentOut]
    next_cursor: str | None


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


@router.get("", response_model=LogList, operation_id="listLogs", responses=refusals())
async def list_logs(actor: Reader, tx: TxDep) -> object:
    """The present log, and those it followed: a restore opens another one, so that no cursor mixes them up."""
    return {"items": await service.list_logs(tx, actor)}


@router.get(
    "/checkpoints", response_model=CheckpointPage, operation_id="listCheckpoints", responses=refusals(BadCursor)
)
async def list_checkpoints(
    actor: Reader,
    tx: TxDep,
    response: Response,
    cosigned: bool = False,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """Every checkpoint that was signed, the newest first; with `cosigned`, those that a witness has signed too."""
    page = await service.list_checkpoints(tx, actor, cosigned=cosigned, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/log/checkpoints", cosigned=cosigned, limit=limit)


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


@commitments.post(
    "", status_code=201, response_model=CommitmentOut, operation_id="createCommitment", responses=refusals()
)
async def commit(body: Commit, actor: SignedIn, tx: TxDep, keys: KeysDep) -> CommitmentView:
    """Log a blinded digest: proof, later, that you knew the document now; until then nobody learns what it is."""
    return await service.log_commitment(tx, keys, actor, digest=body.digest)


@commitments.get("", response_model=CommitmentPage, operation_id="listCommitments", responses=refusals(BadCursor))
async def list_commitments(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """Your organisation's commitments, the newest first."""
    page = await service.list_commitments(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/commitments", limit=limit)


@commitments.get("/{commitment_id}", response_model=CommitmentOut, operation_id="getCommitment", responses=refusals())
async def get_commitment(commitment_id: Uuid, actor: Reader, tx: TxDep) -> CommitmentView:
    """A commitment: your own, or any that was revealed."""
    return await service.get_commitment(tx, actor, commitment_id)


@commitments.post(
    "/{commitment_id}/revelation",
    response_model=CommitmentOut,
    operation_id="revealCommitment",
    responses=refusals(errors.OpeningDoesNotFit, NotInThisState),
)
async def reveal(commitment_id: Uuid, body: Reveal, actor: SignedIn, tx: TxDep) -> CommitmentView:
    """Open a commitment: salt and document hash become public, and anyone can check them against the digest."""
    salt = bytes.fromhex(body.salt)
    return await service.reveal(tx, actor, commitment_id, salt=salt, document_sha256=body.document_sha256)


@commitments.get(
    "/{commitment_id}/proof",
    response_class=Response,
    operation_id="getCommitmentProof",
    responses={200: {"content": {"application/json": {}}, "description": "the file"}, **refusals()},
)
async def get_commitment_proof(commitment_id: Uuid, actor: Reader, tx: TxDep, keys: KeysDep) -> Response:
    """The commitment as a file that `techmarket verify` checks with no network."""
    file = await service.commitment_file(tx, keys, actor, commitment_id)
    name = f'attachment; filename="commitment-{commitment_id}.json"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return Response(file, media_type="application/json", headers=headers)
