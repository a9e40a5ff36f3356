"""Achievements over HTTP."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.achievements import errors, service
from techmarket.achievements.licences import AttestedAct, BurdenKind
from techmarket.achievements.lifecycle import AchievementState
from techmarket.achievements.rights import Right, RightKind, RightStatus
from techmarket.achievements.rules import AchievementDraft, Owner, PlanSource
from techmarket.achievements.views import AchievementView
from techmarket.api.deps import IfMatch, MarketRoute, PreconditionRequired, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Day, Limit, LongText, RateIn, SafeText, ShortText, Title, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound

router = APIRouter(prefix="/v1", tags=["achievements"], route_class=MarketRoute)

Keyword = Annotated[str, SafeText(100)]
Keywords = Annotated[list[Keyword], Field(max_length=50)]
TechnologyField = Annotated[
    str, Field(strict=True, pattern=r"^(0[1-9]|1[01])$", description="01 to 11, the fields of contract registration")
]
Industry = Annotated[str, Field(strict=True, pattern=r"^[A-T]([0-9]{2,4})?$", description="GB/T 4754, such as C35")]
Ipc = Annotated[
    str, Field(strict=True, pattern=r"^[A-H][0-9]{2}[A-Z]( ?[0-9]{1,4}(/[0-9]{2,6})?)?$", description="IPC, B23K 26/04")
]
IpcCodes = Annotated[list[Ipc], Field(max_length=20)]
Trl = Annotated[int, Field(strict=True, ge=1, le=9, description="technology readiness level")]
RightNumber = Annotated[str, SafeText(64)]


class RightIn(Wire):
    kind: RightKind
    number: RightNumber | None = None
    valid_until: Day | None = Field(default=None, description="Its last day; left out, the law's term from the filing.")
    status: RightStatus | None = None
    filed_on: Day | None = None
    granted_on: Day | None = Field(default=None, description="The day of grant or registration.")
    fees_paid_until: Day | None = Field(default=None, description="The last day for which the annual fee is paid.")

    def right(self) -> Right:
        return Right(**{name: getattr(self, name) for name in type(self).model_fields})


class OwnerIn(Wire):
    organisation_id: Uuid | None = None
    person_id: Uuid | None = None
    share: RateIn = Field(description="All shares of an achievement sum to exactly 1; at most eight decimals.")


class AchievementIn(Wire):
    title_zh: Title | None = None
    title_en: Title | None = None
    abstract_zh: LongText | None = None
    abstract_en: LongText | None = None
    keywords: Keywords = Field(default_factory=list)
    technology_field: TechnologyField | None = None
    industry: Industry | None = None
    ipc: IpcCodes = Field(default_factory=list)
    trl: Trl | None = None
    trl_standard: Annotated[str, SafeText(64)] | None = None
    trl_year: Annotated[int, Field(strict=True, ge=1990, le=2200)] | None = None
    funding_source: ShortText | None = None
    plan_source: PlanSource | None = None
    project_number: Annotated[str, SafeText(100)] | None = None
    rights: Annotated[list[RightIn], Field(max_length=100)] = Field(default_factory=list)
    owners: Annotated[list[OwnerIn], Field(max_length=50)] = Field(
        default_factory=list, description="Left out: the recording unit owns it alone."
    )
    completers: Annotated[list[Uuid], Field(max_length=200)] = Field(
        default_factory=list, description="The people who made it, in their order."
    )

    def draft(self) -> AchievementDraft:
        return AchievementDraft(
            title_zh=self.title_zh,
            title_en=self.title_en,
            abstract_zh=self.abstract_zh,
            abstract_en=self.abstract_en,
            keywords=tuple(self.keywords),
            technology_field=self.technology_field,
            industry=self.industry,
            ipc=tuple(self.ipc),
            trl=self.trl,
            trl_standard=self.trl_standard,
            trl_year=self.trl_year,
            funding_source=self.funding_source,
            plan_source=self.plan_source,
            project_number=self.project_number,
            rights=tuple(r.right() for r in self.rights),
            owners=tuple(Owner(o.share, o.organisation_id, o.person_id) for o in self.owners),
            completers=tuple(self.completers),
        )


class RightOut(Wire):
    kind: RightKind
    number: str | None
    valid_until: Day | None
    status: RightStatus | None
    filed_on: Day | None
    granted_on: Day | None
    fees_paid_until: Day | None
    term_ends_on: Day | None = Field(description="The last day that the law's term gives, if the filing is known.")
    is_in_force: bool


class OwnerOut(Wire):
    organisation_id: UUID | None
    person_id: UUID | None
    share: Decimal
    has_consented: bool


class BurdenOut(Wire):
    id: UUID
    kind: BurdenKind
    territory: str
    field: str
    manner: str
    valid_from: Day
    valid_until: Day | None
    holder: str | None
    registration_number: str | None
    evidence_sha256: str | None
    terms: dict[str, object] | None = Field(description="Of an open licence: patent, fee and way.")
    holder_consents: bool = Field(description="A pledgee lets it be sold or licensed.")
    by: str = Field(description="What caused it: a contract, or your unit's own record.")
    holder_organisation_id: UUID | None = Field(description="The pledgee, where it is registered here.")
    awaiting: list[AttestedAct] = Field(description="What was said of it and is not confirmed yet.")


class CautionOut(Wire):
    code: str
    pointer: str


class AchievementOut(Wire):
    id: UUID
    organisation_id: UUID
    state: AchievementState
    revision: int
    title_zh: str | None
    title_en: str | None
    abstract_zh: str | None
    abstract_en: str | None
    keywords: list[str]
    technology_field: str | None
    industry: str | None
    ipc: list[str]
    trl: int | None
    trl_standard: str | None
    trl_year: int | None
    funding_source: str | None
    plan_source: PlanSource | None
    project_number: str | None
    external: dict[str, object] = Field(description="What the source of an import said beyond these fields.")
    rights: list[RightOut]
    owners: list[OwnerOut]
    completers: list[UUID]
    confirmed_by: list[UUID] = Field(description="The completers who confirmed this order of these people.")
    encumbrances: list[BurdenOut]
    idle_since: Day | None = Field(description="Nothing was agreed on within the year after its grant (ZJR art. 38).")
    warnings: list[CautionOut] = Field(description="What was taken but looks odd.")


class ConfirmCompleters(Wire):
    completers: Annotated[list[Uuid], Field(min_length=1, max_length=200, description="As you read them, in order.")]


class VersionOut(Wire):
    n: int
    act: str
    at: datetime
    sha256: str
    changed: list[str] = Field(description="The fields that differ from the version before.")


class VersionPage(Wire):
    items: list[VersionOut]
    next_cursor: str | None


class AchievementPage(Wire):
    items: list[AchievementOut]
    next_cursor: str | None


DRAFT_REFUSALS = (
    errors.TitleMissing,
    errors.PatentNumberMalformed,
    errors.PatentCheckDigitWrong,
    errors.PatentNumberOfOtherKind,
    errors.GrantedBeforeFiled,
    errors.OverBeforeItBegan,
    errors.GrantedAndPending,
    errors.RightTwice,
    errors.CompleterTwice,
    errors.OwnerUnclear,
    errors.OwnerTwice,
    errors.OwnUnitMissing,
    errors.ShareMalformed,
    errors.SharesDoNotSum,
    errors.PersonUnknown,
    errors.OrganisationUnknown,
)


def tagged(view: AchievementView, response: Response) -> AchievementView:
    response.headers["ETag"] = f'"{view.etag}"'
    return view


@router.post(
    "/achievements",
    status_code=201,
    response_model=AchievementOut,
    operation_id="createAchievement",
    responses=refusals(NotAllowed, *DRAFT_REFUSALS),
)
async def create_achievement(body: AchievementIn, actor: SignedIn, tx: TxDep, response: Response) -> AchievementView:
    """Write down an achievement, as a draft of your unit."""
    return tagged(await service.create_achievement(tx, actor, body.draft()), response)


@router.get(
    "/achievements", response_model=AchievementPage, operation_id="listAchievements", responses=refusals(NotAllowed)
)
async def list_achievements(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    idle: Annotated[bool, Query(description="Only those unused for the year that the law gives.")] = False,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """What concerns you, newest first: your unit's achievements, those it co-owns, those you completed."""
    page = await service.list_achievements(tx, actor, idle=idle, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/achievements", idle="true" if idle else None, limit=limit)


@router.get(
    "/achievements/{achievement_id}",
    response_model=AchievementOut,
    operation_id="getAchievement",
    responses=refusals(NotFound),
)
async def get_achievement(achievement_id: Uuid, actor: SignedIn, tx: TxDep, response: Response) -> AchievementView:
    """One achievement with its rights, owners, completers and burdens; the ETag is for changing it."""
    return tagged(await service.get_achievement(tx, actor, achievement_id), response)


@router.patch(
    "/achievements/{achievement_id}",
    response_model=AchievementOut,
    operation_id="amendAchievement",
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.Changed,
        errors.AbstractMissing,
        errors.CoOwnerWouldLose,
        errors.SoldAsItStands,
        PreconditionRequired,
        *DRAFT_REFUSALS,
    ),
)
async def amend_achievement(
    achievement_id: Uuid, body: AchievementIn, if_match: IfMatch, actor: SignedIn, tx: TxDep, response: Response
) -> AchievementView:
    """Correct an achievement: fields that you send replace the present ones, fields left out stay as they are."""
    changes = body.draft(), frozenset(body.model_fields_set)
    return tagged(
        await service.amend_achievement(tx, actor, achievement_id, changes[0], sent=changes[1], if_match=if_match),
        response,
    )


@router.post(
    "/achievements/{achievement_id}/record",
    response_model=AchievementOut,
    operation_id="recordAchievement",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.AbstractMissing),
)
async def record_achievement(achievement_id: Uuid, actor: SignedIn, tx: TxDep, response: Response) -> AchievementView:
    """Put a draft on record, so that it may be offered."""
    return tagged(await service.record_achievement(tx, actor, achievement_id), response)


@router.post(
    "/achievements/{achievement_id}/retirement",
    response_model=AchievementOut,
    operation_id="retireAchievement",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.UnderWay),
)
async def retire_achievement(achievement_id: Uuid, actor: SignedIn, tx: TxDep, response: Response) -> AchievementView:
    """Take an achievement out of use: nothing new is sold of it."""
    return tagged(await service.retire_achievement(tx, actor, achievement_id), response)


@router.post(
    "/achievements/{achievement_id}/confirmation",
    response_model=AchievementOut,
    operation_id="confirmCompleters",
    responses=refusals(NotAllowed, NotFound, errors.OtherCompleters),
)
async def confirm_completers(
    achievement_id: Uuid, body: ConfirmCompleters, actor: SignedIn, tx: TxDep, response: Response
) -> AchievementView:
    """As a completer, confirm that these people made it, in this order."""
    view = await service.confirm_completer(tx, actor, achievement_id, completers=body.completers)
    return tagged(view, response)


@router.get(
    "/achievements/{achievement_id}/versions",
    response_model=VersionPage,
    operation_id="listAchievementVersions",
    responses=refusals(NotFound, BadCursor),
)
async def list_versions(
    achievement_id: Uuid, actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """What was changed when, newest first."""
    page = await service.list_versions(tx, actor, achievement_id, cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/achievements/{achievement_id}/versions", limit=limit)
