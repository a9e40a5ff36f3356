"""Lines written anew, and rewards owed back, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.distributions import PublishDistribution
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, MoneyOut, PositiveMoney, SafeText, Sha256, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.notices import errors as notices
from techmarket.revenue import errors, service
from techmarket.revenue.case import Group
from techmarket.revenue.lifecycle import ClaimState, ReworkState
from techmarket.revenue.reworking import NewLine
from techmarket.revenue.views import ClaimView, ReworkView
from techmarket.signing import errors as signing

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)

LineNumber = Annotated[int, Path(ge=1, le=100_000)]


class NewLineIn(Wire):
    group: Group
    person_id: Uuid | None = None
    amount: PositiveMoney


class DraftRework(Wire):
    lines: Annotated[list[NewLineIn], Field(min_length=1, max_length=50)]
    reasons: Annotated[str, SafeText(2_000, multiline=True)]


class SignRework(Wire):
    document_sha256: Sha256


class TakeRepayment(Wire):
    amount: PositiveMoney
    evidence_sha256: Sha256 = Field(description="The bank's receipt, a file that the unit keeps as evidence")


class GiveBack(Wire):
    amount: PositiveMoney
    evidence_sha256: Sha256 = Field(description="The bank's receipt, a file that the unit keeps as evidence")


class ReworkOut(Wire):
    id: UUID
    distribution_id: UUID
    n: int
    state: ReworkState
    document_sha256: str
    signed: int
    required: int
    notice_id: UUID | None
    created_at: datetime
    document: dict[str, Any]


class ClaimOut(Wire):
    id: UUID
    unit_id: UUID
    person_id: UUID | None
    group: Group
    distribution_line_id: UUID
    amount: MoneyOut
    settled: MoneyOut
    state: ClaimState
    cause: str
    created_at: datetime
    given_twice: MoneyOut = Field(
        description="What was repaid although the money came back by itself: the unit owes it"
    )
    given_back: MoneyOut


class ClaimPage(Wire):
    items: list[ClaimOut]
    next_cursor: str | None


@router.post(
    "/distributions/{distribution_id}/lines/{n}/rework",
    status_code=201,
    response_model=ReworkOut,
    operation_id="draftLineRework",
    responses=refusals(
        errors.NotReworkable,
        errors.TableMalformed,
        errors.ReworkTooLarge,
        errors.ReworkBelowFloor,
        errors.NobodyToSign,
        errors.PersonUnknown,
    ),
)
async def draft_rework(
    distribution_id: Uuid, n: LineNumber, body: DraftRework, actor: SignedIn, tx: TxDep
) -> ReworkView:
    """Write one line anew that an upheld objection named; the others stay. Those concerned are called to sign it."""
    lines = [NewLine(one.group, str(one.person_id) if one.person_id else None, one.amount.minor) for one in body.lines]
    return await service.draft_rework(tx, actor, distribution_id, n, lines=lines, reasons=body.reasons)


@router.get("/reworks/{rework_id}", response_model=ReworkOut, operation_id="getLineRework", responses=refusals())
async def get_rework(rework_id: Uuid, actor: SignedIn, tx: TxDep) -> ReworkView:
    """A line written anew with its text, for those who must sign it and the unit's officers."""
    return await service.get_rework(tx, actor, rework_id)


@router.post(
    "/reworks/{rework_id}/signatures",
    status_code=201,
    response_model=ReworkOut,
    operation_id="signLineRework",
    responses=refusals(NotInThisState, signing.WrongDocument, signing.SignedAlready),
)
async def sign_rework(rework_id: Uuid, body: SignRework, actor: SignedIn, tx: TxDep) -> ReworkView:
    """Sign the new lines with this hash."""
    return await service.sign_rework(tx, actor, rework_id, document_sha256=body.document_sha256)


@router.post(
    "/reworks/{rework_id}/publication",
    response_model=ReworkOut,
    operation_id="publishLineRework",
    responses=refusals(
        NotInThisState,
        errors.NotReworkable,
        errors.ReworkTooLarge,
        errors.ReworkBelowFloor,
        notices.EvidenceMissing,
    ),
)
async def publish_rework(rework_id: Uuid, body: PublishDistribution, actor: SignedIn, tx: TxDep) -> ReworkView:
    """Publish the new lines in the unit; they stand their own time, and are paid after it."""
    return await service.publish_rework(tx, actor, rework_id, posted_sha256=body.posted_sha256)


@router.get("/reward-claims", response_model=ClaimPage, operation_id="listRewardClaims", responses=refusals())
async def list_claims(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """What is owed back of rewards: to your unit, if you are one of its officers; else what you owe back yourself."""
    page = await service.list_claims(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/reward-claims", limit=limit)


@router.post(
    "/reward-claims/{claim_id}/repayments",
    status_code=201,
    response_model=ClaimOut,
    operation_id="takeRepayment",
    responses=refusals(NotInThisState, errors.NothingToRepay, notices.EvidenceMissing),
)
async def take_repayment(claim_id: Uuid, body: TakeRepayment, actor: SignedIn, tx: TxDep) -> ClaimView:
    """Somebody has paid back what he owed; the claim is less by that much."""
    return await service.take_repayment(
        tx, actor, claim_id, minor=body.amount.minor, evidence_sha256=body.evidence_sha256
    )


@router.post(
    "/reward-claims/{claim_id}/give-backs",
    status_code=201,
    response_model=ClaimOut,
    operation_id="giveRewardBack",
    responses=refusals(errors.NothingToGiveBack, notices.EvidenceMissing),
)
async def give_back(claim_id: Uuid, body: GiveBack, actor: SignedIn, tx: TxDep) -> ClaimView:
    """The unit has paid out again what somebody gave twice."""
    return await service.give_back(tx, actor, claim_id, minor=body.amount.minor, evidence_sha256=body.evidence_sha256)
