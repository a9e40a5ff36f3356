"""The change feed over HTTP: what happened, in the one order of the journal, as the reader may know it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, Uuid, Wire
from techmarket.hub import errors, service
from techmarket.hub.views import ChangesView
from techmarket.kernel.paging import BadCursor

router = APIRouter(prefix="/v1", tags=["hub"], route_class=MarketRoute)

Types = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}$")]],
    Query(alias="type", max_length=50, description="Only changes of these types; the page of changes lists all."),
]


class ChangeOut(Wire):
    id: UUID = Field(description="The entry of the journal; the same for every reader, and in webhooks.")
    cursor: str = Field(description="Leads on from here, in either direction.")
    at: Aware
    type: str
    refs: list[str] = Field(description="What it is about, as `kind:id`, the thing itself first where it has one.")
    facts: dict[str, Any]


class ChangesOut(Wire):
    items: list[ChangeOut]
    next_cursor: str | None = Field(
        description="Forwards there always is one: keep it, and ask again with it. Backwards it ends with the first."
    )
    is_at_end: bool = Field(description="Nothing more to read this way now.")


@router.get(
    "/changes",
    response_model=ChangesOut,
    operation_id="listChanges",
    responses=refusals(BadCursor, errors.CursorOfAnotherLog, errors.UnknownChangeType),
)
async def list_changes(
    actor: Reader,
    tx: TxDep,
    response: Response,
    types: Types = [],  # noqa: B006
    node: Annotated[Uuid | None, Query(description="Only changes of listings of this node of the hub.")] = None,
    order: Annotated[Literal["forwards", "backwards"], Query()] = "forwards",
    cursor: Cursor = None,
    limit: Limit = 20,
) -> ChangesView:
    """Everything you may know that happened, each change once and in order: committed changes only, so nothing ever
    appears before a cursor you hold. Everyone is told what is public, an organisation also what concerns it; what a
    thing looks like now is read at its own address. After a restore of the database old cursors are refused."""
    changes = await service.list_changes(
        tx, actor, cursor=cursor, types=types, node=node, is_backwards=order == "backwards", limit=limit
    )
    if changes.next_cursor is not None:
        asked: list[tuple[str, str | int]] = [("type", one) for one in types]
        asked += [("node", str(node))] if node is not None else []
        asked += [("order", order), ("limit", limit), ("cursor", changes.next_cursor)]
        response.headers["Link"] = f'</v1/changes?{urlencode(asked)}>; rel="next"'
    return changes
