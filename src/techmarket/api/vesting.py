"""Vesting of completers over HTTP."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.achievements import errors, service
from techmarket.achievements.lifecycle import VestingState
from techmarket.achievements.vesting import Agreement, Grantee, VestingDraft, VestingKind
from techmarket.achievements.views import VestingView
from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Day, Limit, LongText, RateIn, SafeText, Sha256, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices.errors import EvidenceMissing, NotStarted, Paused, StillRunning, Upheld
from techmarket.signing.errors import NotASignatory, SignedAlready, WrongDocument

router = APIRouter(prefix="/v1", tags=["achievements"], route_class=MarketRoute)

FREE = (
    errors.NotRecorded,
    errors.Pledged,
    errors.Seized,
    errors.LicenceOverlaps,
    errors.ConsentMissing,
)


class GranteeWire(Wire):
    person_id: Uuid
    share: RateIn = Field(description="Of the title, or of the use right.")


class ApplyForVesting(Wire):
    kind: VestingKind
    years: Annotated[int, Field(strict=True, ge=1, le=100)] | None = Field(default=None, description="Of a use right.")
    grantees: Annotated[list[GranteeWire], Field(min_length=1, max_length=50)]


class ApproveVesting(Wire):
    cleared: Annotated[list[Annotated[str, SafeText(64)]], Field(max_length=30)] = Field(
        description="The interests of the rulebook's list (`vesting.excluded`) that it does not touch."
    )
    decision_sha256: Sha256 = Field(description="Your unit's decision, uploaded as evidence before.")


class RefuseVesting(Wire):
    reason: Annotated[str, SafeText(2000, multiline=True)]


class OpenVestingSigning(Wire):
    income_split: LongText
    decision_making: LongText
    cost_sharing: LongText
    upkeep: LongText


class SignVesting(Wire):
    document_sha256: Sha256


class GranteeOut(Wire):
    person_id: UUID
    share: Decimal


class VestingOut(Wire):
    id: UUID
    achievement_id: UUID
    organisation_id: UUID
    kind: VestingKind
    years: int | None
    grantees: list[GranteeOut]
    state: VestingState
    decision_sha256: str | None
    notice_id: UUID | None
    document_sha256: str | None
    signing_id: UUID | None
    reason: str | None
    applied_at: datetime
    in_force_on: Day | None
    ends_on: Day | None = Field(description="Of a use right: its years, but not beyond the rights it uses.")
    text: dict[str, object] | None = Field(description="The agreement that is signed.")


class VestingPage(Wire):
    items: list[VestingOut]
    next_cursor: str | None


@router.post(
    "/achievements/{achievement_id}/vestings",
    status_code=201,
    response_model=VestingOut,
    operation_id="applyForVesting",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.ShareMalformed,
        errors.GranteesNotCompleters,
        errors.UseRightUnclear,
        errors.UnitKeepsAShare,
        errors.SharesDoNotSum,
        errors.UseRightTooShort,
        *FREE,
    ),
)
async def apply_for_vesting(achievement_id: Uuid, body: ApplyForVesting, actor: SignedIn, tx: TxDep) -> VestingView:
    """As a completer, apply for a share of the title or a long-term use right of what you made."""
    grantees = tuple(Grantee(one.person_id, one.share) for one in body.grantees)
    return await service.apply_for_vesting(tx, actor, achievement_id, VestingDraft(body.kind, grantees, body.years))


@router.get(
    "/achievements/{achievement_id}/vestings",
    response_model=VestingPage,
    operation_id="listVestings",
    responses=refusals(NotFound, BadCursor),
)
async def list_vestings(
    achievement_id: Uuid, actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """Every application for this achievement, newest first."""
    page = await service.list_vestings(tx, actor, achievement_id, cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/achievements/{achievement_id}/vestings", limit=limit)


@router.get(
    "/vestings/{vesting_id}", response_model=VestingOut, operation_id="getVesting", responses=refusals(NotFound)
)
async def get_vesting(vesting_id: Uuid, actor: SignedIn, tx: TxDep) -> VestingView:
    """One vesting with the agreement that is signed."""
    return await service.get_vesting(tx, actor, vesting_id)


@router.post(
    "/vestings/{vesting_id}/approval",
    response_model=VestingOut,
    operation_id="approveVesting",
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.ExclusionNotCleared,
        EvidenceMissing,
        errors.UnderWay,
        *FREE,
    ),
)
async def approve_vesting(vesting_id: Uuid, body: ApproveVesting, actor: SignedIn, tx: TxDep) -> VestingView:
    """As the unit, approve it: nothing excludes it, and its publicity among your people begins with its posting."""
    return await service.approve_vesting(
        tx, actor, vesting_id, cleared=tuple(body.cleared), decision_sha256=body.decision_sha256
    )


@router.post(
    "/vestings/{vesting_id}/refusal",
    response_model=VestingOut,
    operation_id="refuseVesting",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def refuse_vesting(vesting_id: Uuid, body: RefuseVesting, actor: SignedIn, tx: TxDep) -> VestingView:
    """As the unit, do not grant it, with the reason."""
    return await service.refuse_vesting(tx, actor, vesting_id, reason=body.reason)


@router.post(
    "/vestings/{vesting_id}/signing",
    response_model=VestingOut,
    operation_id="openVestingSigning",
    responses=refusals(
        NotAllowed, NotFound, NotInThisState, NotStarted, StillRunning, Paused, Upheld, errors.CoOwnerCannotSign
    ),
)
async def open_signing(vesting_id: Uuid, body: OpenVestingSigning, actor: SignedIn, tx: TxDep) -> VestingView:
    """After the publicity, call unit and completers to sign what they agreed on."""
    agreement = Agreement(body.income_split, body.decision_making, body.cost_sharing, body.upkeep)
    return await service.open_vesting_signing(tx, actor, vesting_id, agreement)


@router.post(
    "/vestings/{vesting_id}/signatures",
    status_code=201,
    response_model=VestingOut,
    operation_id="signVesting",
    responses=refusals(NotAllowed, NotFound, NotInThisState, WrongDocument, NotASignatory, SignedAlready, *FREE),
)
async def sign_vesting(vesting_id: Uuid, body: SignVesting, actor: SignedIn, tx: TxDep) -> VestingView:
    """Sign. With the last signature the title changes, or the use right is on record, in one commit."""
    return await service.sign_vesting(tx, actor, vesting_id, document_sha256=body.document_sha256)


@router.post(
    "/vestings/{vesting_id}/withdrawal",
    response_model=VestingOut,
    operation_id="withdrawVesting",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def withdraw_vesting(vesting_id: Uuid, actor: SignedIn, tx: TxDep) -> VestingView:
    """Take it back before all have signed, as the applicant or the unit."""
    return await service.withdraw_vesting(tx, actor, vesting_id)
