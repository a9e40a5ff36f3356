"""The work queue over HTTP: what is due for the reader, and by which operation it is done."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import link_to
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, Uuid, Wire
from techmarket.kernel.paging import BadCursor
from techmarket.workbench import errors, service
from techmarket.workbench.rules import Urgency
from techmarket.workbench.views import WorkCountsView, WorkPageView

router = APIRouter(prefix="/v1", tags=["workbench"], route_class=MarketRoute)

Kinds = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z_]{1,40}(\.[a-z_]{1,40}){1,2}$")]],
    Query(alias="kind", max_length=50, description="Only work of these kinds; docs/work-kinds.md lists all."),
]


class WorkOut(Wire):
    kind: str
    title_zh: str
    title_en: str
    object: str | None = Field(description="What it is about, as `kind:id`; null where nothing has an id yet.")
    organisation_id: UUID = Field(description="In whose name you would do it: the organisation you act for.")
    since: Aware = Field(description="From when on it waits.")
    due: Aware | None = Field(description="By when it is to be done, by the clock of the market; null without a date.")
    urgency: Urgency
    operation: str = Field(description="The operationId of what does it.")
    method: str
    path: str = Field(description="Where to send it. What its body holds is said at the operation.")
    needs: list[str] = Field(
        description="What you lack for it now: `scope:…`, `second_factor`, or `colleague`. Empty: nothing."
    )


class WorkPageOut(Wire):
    items: list[WorkOut]
    next_cursor: str | None
    now: Aware = Field(description="The market's time, by which urgency was told.")


class WorkCountOut(Wire):
    kind: str
    title_zh: str
    title_en: str
    count: int
    overdue: int
    next_due: Aware | None = Field(description="The next deadline that has not passed.")


class WorkCountsOut(Wire):
    kinds: list[WorkCountOut]
    count: int
    overdue: int
    now: Aware


@router.get(
    "/work", response_model=WorkPageOut, operation_id="listWork", responses=refusals(BadCursor, errors.UnknownWorkKind)
)
async def list_work(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    kinds: Kinds = [],  # noqa: B006
    object_id: Annotated[Uuid | None, Query(description="Only work on this thing.")] = None,
    due_before: Annotated[Aware | None, Query(description="Only work that is due before this moment.")] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> WorkPageView:
    """What waits for you, the most urgent first: only what you may do, with the operation that does it. Nothing of it
    is stored, so what was done is gone at the next look, whoever did it."""
    page = await service.list_work(
        tx, actor, kinds=kinds, object_id=object_id, due_before=due_before, cursor=cursor, limit=limit
    )
    due = None if due_before is None else due_before.isoformat()
    link = link_to(page, "/v1/work", kind=kinds or None, object_id=object_id, due_before=due, limit=limit)
    if link is not None:
        response.headers["Link"] = link
    return page


@router.get("/work/counts", response_model=WorkCountsOut, operation_id="countWork", responses=refusals())
async def count_work(actor: SignedIn, tx: TxDep) -> WorkCountsView:
    """How much of each kind waits for you, how much of it is late, and when the next is due. Kinds without work are
    left out."""
    return await service.count_work(tx, actor)
