"""What binds an achievement, and what others found about it, over HTTP."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.achievements import errors, service
from techmarket.achievements.evaluations import EvaluationDraft, Finding, Value
from techmarket.achievements.licences import ANY_FIELD, ANY_MANNER, EVERYWHERE, BurdenKind, Scope
from techmarket.achievements.lifecycle import EvaluationState
from techmarket.achievements.open_licences import OpenLicenceDraft
from techmarket.achievements.views import AchievementView, EvaluationView
from techmarket.api.achievements import AchievementOut, tagged
from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import (
    Cursor,
    Day,
    Limit,
    PositiveMoney,
    SafeText,
    Sha256,
    ShortText,
    Uuid,
    Wire,
)
from techmarket.identity.errors import OrganisationNotVerified
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices.errors import EvidenceMissing

router = APIRouter(prefix="/v1", tags=["achievements"], route_class=MarketRoute)

Territory = Annotated[str, Field(strict=True, pattern=r"^(WORLD|[A-Z]{2}(-[0-9]{2}([0-9]{2}){0,2})?)$")]
UseField = Annotated[str, Field(strict=True, pattern=r"^(ANY|[A-T]([0-9]{2,4})?)$", description="ANY or GB/T 4754")]
Manner = Annotated[str, SafeText(200)]
Number = Annotated[str, SafeText(64)]
Score = Annotated[str, Field(strict=True, pattern=r"^(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?$", examples=["87.5"])]
RecordedKind = Literal["LICENCE_EXCLUSIVE", "LICENCE_SOLE", "LICENCE_ORDINARY", "PLEDGE", "SEIZURE"]


class RecordBurden(Wire):
    kind: RecordedKind
    holder: ShortText = Field(description="Licensee, pledgee or court.")
    territory: Territory = EVERYWHERE
    field: UseField = ANY_FIELD
    manner: Manner = ANY_MANNER
    valid_from: Day
    valid_until: Day | None = None
    registration_number: Number | None = None
    evidence_sha256: Sha256 | None = None
    holder_organisation_id: Uuid | None = Field(
        default=None, description="Of a pledge, its holder where it is registered here: it may then confirm its end."
    )


class ReleaseBurden(Wire):
    released_on: Day
    evidence_sha256: Sha256 = Field(description="A file that your unit uploaded as evidence.")


class PledgeeConsent(Wire):
    evidence_sha256: Sha256 = Field(description="The pledgee's written consent, uploaded as evidence.")


class DeclareOpenLicence(Wire):
    number: Number = Field(description="The patent, as the achievement spells it.")
    fee: PositiveMoney
    way: ShortText = Field(description="How the fee is paid, and how it is counted.")
    valid_until: Day
    registration_number: Number | None = None
    report_sha256: Sha256 | None = Field(default=None, description="The evaluation report: utility models and designs.")


class FindingIn(Wire):
    value: Value
    score: Score | None = None
    most: Score | None = None
    statement: Annotated[str, SafeText(2000, multiline=True)] | None = None


class RecordEvaluation(Wire):
    evaluator: ShortText
    method: ShortText
    evaluated_on: Day
    evidence_sha256: Sha256
    findings: Annotated[list[FindingIn], Field(min_length=1, max_length=5)]


class FindingOut(Wire):
    value: Value
    score: str | None
    most: str | None
    statement: str | None


class EvaluationOut(Wire):
    id: UUID
    achievement_id: UUID
    evaluator: str
    method: str
    evaluated_on: Day
    evidence_sha256: str
    findings: list[FindingOut]
    state: EvaluationState
    at: datetime


class EvaluationPage(Wire):
    items: list[EvaluationOut]
    next_cursor: str | None


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@router.post(
    "/achievements/{achievement_id}/encumbrances",
    status_code=201,
    response_model=AchievementOut,
    operation_id="recordEncumbrance",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.EndsBeforeItBegins,
        errors.LicenceOverlaps,
        errors.HolderIsTheUnit,
        errors.HolderOnlyOfPledge,
        OrganisationNotVerified,
    ),
)
async def record_burden(
    achievement_id: Uuid, body: RecordBurden, actor: SignedIn, tx: TxDep, response: Response
) -> AchievementView:
    """Record what binds your achievement from outside the market: a licence, a pledge, a seizure."""
    scope = Scope(body.territory, body.field, body.valid_from, body.valid_until, body.manner)
    draft = service.BurdenDraft(
        BurdenKind(body.kind),
        scope,
        body.holder,
        body.registration_number,
        body.evidence_sha256,
        body.holder_organisation_id,
    )
    return tagged(await service.record_burden(tx, actor, achievement_id, draft), response)


@router.post(
    "/achievements/{achievement_id}/open-licences",
    status_code=201,
    response_model=AchievementOut,
    operation_id="declareOpenLicence",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.NotRecorded,
        errors.NotAGrantedPatent,
        errors.ReportMissing,
        errors.AnnualFeeUnpaid,
        errors.OutsideTheTerm,
        errors.Pledged,
        errors.Seized,
        errors.LicenceOverlaps,
        errors.UnderWay,
        errors.ConsentMissing,
    ),
)
async def declare_open_licence(
    achievement_id: Uuid, body: DeclareOpenLicence, actor: SignedIn, tx: TxDep, response: Response
) -> AchievementView:
    """Offer one of its patents to everybody at a published fee; release the burden to withdraw the statement."""
    draft = OpenLicenceDraft(
        body.number, body.fee.minor, body.way, body.valid_until, body.registration_number, body.report_sha256
    )
    return tagged(await service.declare_open_licence(tx, actor, achievement_id, draft), response)


@router.post(
    "/encumbrances/{encumbrance_id}/release",
    response_model=AchievementOut,
    operation_id="releaseEncumbrance",
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.RecordedByContract,
        errors.DayInTheFuture,
        errors.AttestationOpen,
        EvidenceMissing,
    ),
)
async def release_burden(
    encumbrance_id: Uuid, body: ReleaseBurden, actor: SignedIn, tx: TxDep, response: Response
) -> AchievementView:
    """Show that what you recorded no longer binds. A pledge or a seizure binds until that is confirmed."""
    view = await service.release_burden(
        tx, actor, encumbrance_id, released_on=body.released_on, evidence_sha256=body.evidence_sha256
    )
    return tagged(view, response)


@router.post(
    "/encumbrances/{encumbrance_id}/consent",
    response_model=AchievementOut,
    operation_id="recordPledgeeConsent",
    responses=refusals(
        NotAllowed, NotFound, NotInThisState, errors.NotAPledge, errors.AttestationOpen, EvidenceMissing
    ),
)
async def record_pledgee_consent(
    encumbrance_id: Uuid, body: PledgeeConsent, actor: SignedIn, tx: TxDep, response: Response
) -> AchievementView:
    """Show that the pledgee agrees, in writing, to a sale or a licence. It counts once that is confirmed."""
    view = await service.record_pledgee_consent(tx, actor, encumbrance_id, evidence_sha256=body.evidence_sha256)
    return tagged(view, response)


@router.post(
    "/achievements/{achievement_id}/evaluations",
    status_code=201,
    response_model=EvaluationOut,
    operation_id="recordEvaluation",
    responses=refusals(
        NotAllowed, NotFound, errors.DayInTheFuture, errors.ValueTwice, errors.FindingEmpty, errors.ScoreAboveMost
    ),
)
async def record_evaluation(achievement_id: Uuid, body: RecordEvaluation, actor: SignedIn, tx: TxDep) -> EvaluationView:
    """Record what somebody found about it: five values, each by itself, with the hash of the report."""
    findings = tuple(Finding(f.value, _number(f.score), _number(f.most), f.statement) for f in body.findings)
    draft = EvaluationDraft(body.evaluator, body.method, body.evaluated_on, body.evidence_sha256, findings)
    return await service.record_evaluation(tx, actor, achievement_id, draft)


@router.get(
    "/achievements/{achievement_id}/evaluations",
    response_model=EvaluationPage,
    operation_id="listEvaluations",
    responses=refusals(NotFound, BadCursor),
)
async def list_evaluations(
    achievement_id: Uuid, actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """What was found about it, newest first."""
    page = await service.list_evaluations(tx, actor, achievement_id, cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/achievements/{achievement_id}/evaluations", limit=limit)


@router.post(
    "/evaluations/{evaluation_id}/withdrawal",
    response_model=EvaluationOut,
    operation_id="withdrawEvaluation",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def withdraw_evaluation(evaluation_id: Uuid, actor: SignedIn, tx: TxDep) -> EvaluationView:
    """Take back what you recorded wrongly; it stays readable as withdrawn."""
    return await service.withdraw_evaluation(tx, actor, evaluation_id)
