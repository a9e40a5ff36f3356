"""Holds on one share over HTTP: why one person's part waits, who saw it with his own eyes, and what lets it go."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import SafeText, Sha256, ShortText, Uuid, Wire
from techmarket.api.share_tables import Weight
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.notices import errors as notices
from techmarket.revenue import errors, service
from techmarket.revenue.holds import Heir, HoldReason, ReleaseKind
from techmarket.revenue.lifecycle import HoldState
from techmarket.revenue.views import HoldView

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)

Grounds = Annotated[str, SafeText(2_000, multiline=True)]
HEIRS_MAX = 50


class ProposeHold(Wire):
    person_id: Uuid
    reason: HoldReason
    grounds: Grounds
    evidence_sha256: Sha256 = Field(description="A file that the unit keeps as evidence")


class DisputeShare(Wire):
    grounds: Grounds
    evidence_sha256: Sha256 | None = None


class DecideHold(Wire):
    confirmed: bool


class HeirIn(Wire):
    name: ShortText
    weight: Weight
    evidence_sha256: Sha256


class ProposeRelease(Wire):
    kind: ReleaseKind
    evidence_sha256: Sha256
    heirs: Annotated[list[HeirIn], Field(max_length=HEIRS_MAX)] = Field(default_factory=list)


class HeirOut(Wire):
    name: str
    weight: Decimal
    evidence_sha256: str


class HoldOut(Wire):
    id: UUID
    share_table_id: UUID
    person_id: UUID
    reason: HoldReason
    grounds: str
    evidence_sha256: str | None
    state: HoldState
    opened_at: datetime
    answer_by: datetime | None
    confirmed_at: datetime | None
    release: ReleaseKind | None
    release_evidence_sha256: str | None
    released_at: datetime | None
    heirs: list[HeirOut]


class HoldList(Wire):
    items: list[HoldOut]


_HELD = (errors.TableNotSigned, errors.PersonNotInTable, errors.HoldExists, notices.EvidenceMissing)


@router.post(
    "/share-tables/{share_table_id}/holds",
    status_code=201,
    response_model=HoldOut,
    operation_id="proposeShareHold",
    responses=refusals(*_HELD, errors.SecondEyeNeeded, errors.SignedByHer, errors.StillHere),
)
async def propose_hold(share_table_id: Uuid, body: ProposeHold, actor: SignedIn, tx: TxDep) -> HoldView:
    """Say, with evidence, why one person does not sign: only her share waits, once somebody else has confirmed it."""
    return await service.propose_hold(
        tx,
        actor,
        share_table_id,
        person_id=body.person_id,
        reason=body.reason,
        grounds=body.grounds,
        evidence_sha256=body.evidence_sha256,
    )


@router.post(
    "/share-tables/{share_table_id}/disputes",
    status_code=201,
    response_model=HoldOut,
    operation_id="disputeShare",
    responses=refusals(*_HELD),
)
async def dispute_share(share_table_id: Uuid, body: DisputeShare, actor: SignedIn, tx: TxDep) -> HoldView:
    """Dispute your own share: it waits at once, and nobody else's does."""
    return await service.dispute_share(
        tx, actor, share_table_id, grounds=body.grounds, evidence_sha256=body.evidence_sha256
    )


@router.get(
    "/share-tables/{share_table_id}/holds",
    response_model=HoldList,
    operation_id="listShareHolds",
    responses=refusals(),
)
async def list_holds(share_table_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """The holds under a share table, for the unit's officers and the market; your own, if you are named in it."""
    return {"items": await service.list_holds(tx, actor, share_table_id)}


@router.post(
    "/share-holds/{hold_id}/decision",
    response_model=HoldOut,
    operation_id="decideShareHold",
    responses=refusals(NotInThisState, errors.SecondEyeNeeded, errors.AnswerPeriodRunning),
)
async def decide_hold(hold_id: Uuid, body: DecideHold, actor: SignedIn, tx: TxDep) -> HoldView:
    """Confirm or reject a hold that somebody else proposed."""
    return await service.decide_hold(tx, actor, hold_id, confirmed=body.confirmed)


@router.post(
    "/share-holds/{hold_id}/release",
    response_model=HoldOut,
    operation_id="proposeShareRelease",
    responses=refusals(NotInThisState, errors.ReleaseDoesNotFit, errors.HeirsMissing, notices.EvidenceMissing),
)
async def propose_release(hold_id: Uuid, body: ProposeRelease, actor: SignedIn, tx: TxDep) -> HoldView:
    """Show what ends the hold: consent on paper, who the heirs are, or a decision."""
    heirs = [Heir(one.name, Decimal(one.weight), one.evidence_sha256) for one in body.heirs]
    return await service.propose_release(
        tx, actor, hold_id, kind=body.kind, evidence_sha256=body.evidence_sha256, heirs=heirs
    )


@router.post(
    "/share-holds/{hold_id}/release/decision",
    response_model=HoldOut,
    operation_id="decideShareRelease",
    responses=refusals(NotInThisState, errors.SecondEyeNeeded),
)
async def decide_release(hold_id: Uuid, body: DecideHold, actor: SignedIn, tx: TxDep) -> HoldView:
    """Let the share go, or keep it held, on what somebody else has shown."""
    return await service.decide_release(tx, actor, hold_id, confirmed=body.confirmed)


@router.post(
    "/share-holds/{hold_id}/withdrawal",
    response_model=HoldOut,
    operation_id="takeBackDispute",
    responses=refusals(NotInThisState),
)
async def take_back_dispute(hold_id: Uuid, actor: SignedIn, tx: TxDep) -> HoldView:
    """Take your own dispute back."""
    return await service.take_back_dispute(tx, actor, hold_id)
