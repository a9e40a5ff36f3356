"""Scenario lists over HTTP."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.api.deps import IfMatch, MarketRoute, PreconditionRequired, Reader, SignedIn, TxDep
from techmarket.api.listing_shapes import ListingOut, shown
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Day, Limit, LongText, Region, Title, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings import errors, service
from techmarket.listings.lifecycle import ScenarioListState
from techmarket.listings.rules import ScenarioDraft
from techmarket.listings.views import ScenarioListView

router = APIRouter(prefix="/v1/scenario-lists", tags=["listings"], route_class=MarketRoute)


class ScenarioListIn(Wire):
    title_zh: Title | None = None
    title_en: Title | None = None
    description_zh: LongText | None = None
    description_en: LongText | None = None
    region: Region | None = None
    open_until: Day | None = None
    listing_ids: Annotated[list[Uuid], Field(max_length=service.DEMANDS_MAX)] = Field(
        default_factory=list, description="Published demands, in the order they are shown."
    )

    def draft(self) -> ScenarioDraft:
        said = {name: getattr(self, name) for name in type(self).model_fields if name != "listing_ids"}
        return ScenarioDraft(**said, listing_ids=tuple(self.listing_ids))


class ScenarioListOut(Wire):
    id: UUID
    organisation_id: UUID
    state: ScenarioListState
    title_zh: str | None
    title_en: str | None
    description_zh: str | None
    description_en: str | None
    region: str | None
    open_until: Day | None
    is_open: bool
    published_at: Aware | None
    demands: list[ListingOut] = Field(description="Those of its demands that you may know of, cut to your tier.")


class ScenarioListPage(Wire):
    items: list[ScenarioListOut]
    next_cursor: str | None


WRITING = (
    errors.TitleMissing,
    errors.DemandTwice,
    errors.NotAPublishedDemand,
)


def _shown(view: ScenarioListView) -> dict[str, Any]:
    body = {name: getattr(view, name) for name in ScenarioListOut.model_fields if name not in ("id", "demands")}
    return {"id": view.id, **body, "demands": [shown(one) for one in view.demands]}


def _tagged(view: ScenarioListView, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = f'"{view.etag}"'
    return _shown(view)


@router.post(
    "",
    status_code=201,
    response_model=ScenarioListOut,
    response_model_exclude_unset=True,
    operation_id="createScenarioList",
    responses=refusals(NotAllowed, *WRITING),
)
async def create_list(body: ScenarioListIn, actor: SignedIn, tx: TxDep, response: Response) -> object:
    """Begin a scenario list of published demands; nobody else sees it."""
    return _tagged(await service.create_list(tx, actor, body.draft()), response)


@router.get(
    "",
    response_model=ScenarioListPage,
    response_model_exclude_unset=True,
    operation_id="listScenarioLists",
    responses=refusals(),
)
async def list_lists(
    actor: Reader,
    tx: TxDep,
    response: Response,
    mine: Annotated[bool, Query(description="All lists of your organisation, in every state.")] = False,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """Scenario lists in public, newest first, or your own."""
    page = await service.list_lists(tx, actor, mine=mine, cursor=cursor, limit=limit)
    return page_response(page.map(_shown), response, "/v1/scenario-lists", limit=limit, mine="true" if mine else None)


@router.get(
    "/{list_id}",
    response_model=ScenarioListOut,
    response_model_exclude_unset=True,
    operation_id="getScenarioList",
    responses=refusals(NotFound),
)
async def get_list(list_id: Uuid, actor: Reader, tx: TxDep, response: Response) -> object:
    """One scenario list with its demands. The ETag is a hash of what you see."""
    return _tagged(await service.get_list(tx, actor, list_id), response)


@router.put(
    "/{list_id}",
    response_model=ScenarioListOut,
    response_model_exclude_unset=True,
    operation_id="updateScenarioList",
    responses=refusals(
        NotAllowed, NotFound, NotInThisState, PreconditionRequired, errors.ScenarioListChanged, *WRITING
    ),
)
async def update_list(
    list_id: Uuid, body: ScenarioListIn, if_match: IfMatch, actor: SignedIn, tx: TxDep, response: Response
) -> object:
    """Change a scenario list. One in public leaves it until an operator has read its new words."""
    return _tagged(await service.update_list(tx, actor, list_id, body.draft(), if_match=if_match), response)


@router.post(
    "/{list_id}/publication",
    response_model=ScenarioListOut,
    response_model_exclude_unset=True,
    operation_id="publishScenarioList",
    responses=refusals(
        NotAllowed, NotFound, NotInThisState, PreconditionRequired, errors.ScenarioListChanged, errors.ScenarioListEmpty
    ),
)
async def publish_list(list_id: Uuid, if_match: IfMatch, actor: SignedIn, tx: TxDep, response: Response) -> object:
    """As an operator, let the public see the scenario list that you have read."""
    return _tagged(await service.publish_list(tx, actor, list_id, if_match=if_match), response)


@router.post(
    "/{list_id}/closing",
    response_model=ScenarioListOut,
    response_model_exclude_unset=True,
    operation_id="closeScenarioList",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def close_list(list_id: Uuid, actor: SignedIn, tx: TxDep, response: Response) -> object:
    """End a scenario list; its demands stay as they are."""
    return _tagged(await service.close_list(tx, actor, list_id), response)
