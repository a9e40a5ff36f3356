"""Opening officers over HTTP: the market's list of them, and how they came to the openings."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, Wire
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed
from techmarket.trading import service

router = APIRouter(prefix="/v1", tags=["sealed bids"], route_class=MarketRoute)


class DutiesOut(Wire):
    held: int
    given: int
    awaited: int = Field(description="Lots that wait for this officer's share now.")
    missed: int = Field(description="Lots that were opened, or ended unsold, without it.")


class OpeningOfficerOut(Wire):
    person_id: UUID
    name: str
    organisation_ids: list[UUID]
    is_listed: bool = Field(description="Qualified as OPENING_OFFICER today (`grantQualification`).")
    duties: DutiesOut


class OpeningOfficerPage(Wire):
    items: list[OpeningOfficerOut]
    next_cursor: str | None


@router.get(
    "/opening-officers",
    response_model=OpeningOfficerPage,
    operation_id="listOpeningOfficers",
    responses=refusals(NotAllowed, BadCursor),
)
async def list_opening_officers(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """Whom the market asks to hold shares of sealed lots, and how everybody who did came to the openings (operator)."""
    page = await service.list_opening_officers(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/opening-officers", limit=limit)
