"""Who acts for whom over HTTP: deputies of colleagues, and elevations of the market's operators.

Both are named in each request, beside the caller's own credential: `Acting-As-Deputy` or `Acting-Under-Elevation` with
the id. So nobody acts for another without saying so, and the record shows both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, SafeText, Uuid, Wire
from techmarket.identity import errors, service
from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import InPersonOnly, SecondFactorNeeded
from techmarket.kernel.paging import BadCursor

router = APIRouter(prefix="/v1", tags=["people"], route_class=MarketRoute)

Reasons = Annotated[str, SafeText(2_000, multiline=True)]


class AppointDeputy(Wire):
    deputy_id: UUID
    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
    scopes: list[Scope] = Field(
        default=[Scope.READ, Scope.WRITE],
        min_length=1,
        max_length=2,
        description="`read`, or `read` and `write`; a deputy places no bids.",
    )
    begins_at: Aware | None = Field(default=None, description="Now, when left out. Real time, not the market's.")
    ends_at: Aware


class DeputyshipOut(Wire):
    id: UUID = Field(description="Name it in `Acting-As-Deputy`.")
    organisation_id: UUID
    principal_id: UUID
    deputy_id: UUID
    roles: list[Role]
    scopes: list[Scope]
    begins_at: datetime
    ends_at: datetime
    appointed_by: UUID
    revoked_at: datetime | None


class DeputyshipPage(Wire):
    items: list[DeputyshipOut]
    next_cursor: str | None


class TakeElevation(Wire):
    organisation_id: UUID
    reasons: Reasons
    minutes: Annotated[int, Field(strict=True, ge=1, le=60)]


class ReviewElevation(Wire):
    was_justified: bool
    finding: Reasons


class ElevationOut(Wire):
    id: UUID = Field(description="Name it in `Acting-Under-Elevation`.")
    organisation_id: UUID
    person_id: UUID
    person_name: str
    reasons: str
    taken_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    was_justified: bool | None
    finding: str | None


class ElevationPage(Wire):
    items: list[ElevationOut]
    next_cursor: str | None


@router.post(
    "/organisations/{organisation_id}/people/{person_id}/deputies",
    status_code=201,
    response_model=DeputyshipOut,
    operation_id="appointDeputy",
    responses=refusals(errors.DeputyUnfit, SecondFactorNeeded, InPersonOnly),
)
async def appoint_deputy(
    organisation_id: Uuid, person_id: Uuid, body: AppointDeputy, actor: SignedIn, tx: TxDep
) -> object:
    """Appoint somebody to act for a person of your organisation, or for you, with some of the roles, for a time."""
    return await service.appoint_deputy(
        tx,
        actor,
        organisation_id,
        person_id,
        deputy_id=body.deputy_id,
        roles=body.roles,
        scopes=body.scopes,
        begins_at=body.begins_at,
        ends_at=body.ends_at,
    )


@router.get(
    "/organisations/{organisation_id}/deputies",
    response_model=DeputyshipPage,
    operation_id="listDeputies",
    responses=refusals(BadCursor),
)
async def list_deputies(
    organisation_id: Uuid, actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """Who may act for whom: all of it for administrators, for others what they are part of."""
    page = await service.list_deputies(tx, actor, organisation_id, cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/organisations/{organisation_id}/deputies", limit=limit)


@router.post(
    "/deputyships/{deputyship_id}/revocation", status_code=204, operation_id="revokeDeputy", responses=refusals()
)
async def revoke_deputy(deputyship_id: Uuid, actor: SignedIn, tx: TxDep) -> None:
    """End a deputyship, as the one who appointed, the deputy or an administrator; from the next request on."""
    await service.revoke_deputy(tx, actor, deputyship_id)


@router.post(
    "/elevations",
    status_code=201,
    response_model=ElevationOut,
    operation_id="takeElevation",
    responses=refusals(
        errors.SessionOnly, errors.ElevationNeedless, errors.ElevationUnreviewed, SecondFactorNeeded, InPersonOnly
    ),
)
async def take_elevation(body: TakeElevation, actor: SignedIn, tx: TxDep) -> object:
    """As an operator, take an elevation for an organisation (break-glass): told to it and to your colleagues at once,
    on record in every act, reviewed afterwards. It never reaches bids, seals, money, signatures or certificates."""
    return await service.take_elevation(tx, actor, body.organisation_id, reasons=body.reasons, minutes=body.minutes)


@router.get("/elevations", response_model=ElevationPage, operation_id="listElevations", responses=refusals(BadCursor))
async def list_elevations(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    unreviewed: Annotated[bool, Query(strict=False)] = False,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """All elevations, newest first, or those that wait for their review."""
    page = await service.list_elevations(tx, actor, org_id=None, unreviewed=unreviewed, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/elevations", limit=limit, unreviewed=str(unreviewed).lower())


@router.get(
    "/organisations/{organisation_id}/elevations",
    response_model=ElevationPage,
    operation_id="listElevationsOfOrganisation",
    responses=refusals(BadCursor),
)
async def list_elevations_of(
    organisation_id: Uuid, actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """The elevations that were taken for your organisation: who, why, when, and what the review found."""
    page = await service.list_elevations(
        tx, actor, org_id=organisation_id, unreviewed=False, cursor=cursor, limit=limit
    )
    return page_response(page, response, f"/v1/organisations/{organisation_id}/elevations", limit=limit)


@router.post("/elevations/{elevation_id}/end", status_code=204, operation_id="endElevation", responses=refusals())
async def end_elevation(elevation_id: Uuid, actor: SignedIn, tx: TxDep) -> None:
    """End an elevation, yours or a colleague's."""
    await service.end_elevation(tx, actor, elevation_id)


@router.post(
    "/elevations/{elevation_id}/review",
    response_model=ElevationOut,
    operation_id="reviewElevation",
    responses=refusals(
        errors.ElevationStillRuns,
        errors.ElevationReviewed,
        errors.ElevationOwnReview,
        errors.OneHandBehindBoth,
        SecondFactorNeeded,
        InPersonOnly,
    ),
)
async def review_elevation(elevation_id: Uuid, body: ReviewElevation, actor: SignedIn, tx: TxDep) -> object:
    """Say, as another person, whether an elevation was justified by what was done under it."""
    return await service.review_elevation(
        tx, actor, elevation_id, was_justified=body.was_justified, finding=body.finding
    )
