"""Nodes of the hub over HTTP: who they are, what is of them, and their statements."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.paging import link_to
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, MoneyOut, Region, Uuid, Wire
from techmarket.hub import errors, service
from techmarket.hub.nodes import Side
from techmarket.hub.views import NodePayoutView, NodeView
from techmarket.identity.errors import OrganisationNotVerified
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.settlement.errors import ChargeNotCovered

router = APIRouter(prefix="/v1", tags=["hub"], route_class=MarketRoute)

Regions = Annotated[list[Region], Field(max_length=200, description="Each with all that lies in it (GB/T 2260).")]


class NodeIn(Wire):
    organisation_id: Uuid
    code: Annotated[str, Field(strict=True, pattern=r"^[A-Z0-9-]{2,16}$", examples=["CN-3302"])]
    regions: Regions = Field(default_factory=list)


class RegionsIn(Wire):
    regions: Regions


class NodeOut(Wire):
    id: UUID = Field(description="The node's own organisation.")
    code: str
    name: str
    name_en: str | None
    regions: list[str]
    created_at: Aware
    ended_at: Aware | None


class NodeList(Wire):
    items: list[NodeOut]


class ShareOut(Wire):
    id: UUID
    due_id: UUID
    side: Side = Field(description="Whether the organisation of the node received the price or paid it.")
    organisation_id: UUID
    fee: MoneyOut = Field(description="The market's whole fee of this payment.")
    rate: str = Field(description="The node's part of it, by the row `rule_id` of the rulebook.")
    rule_id: UUID
    amount: MoneyOut
    at: Aware
    returned_at: Aware | None = Field(description="When it went back, because the fee did.")


class NodeStatementOut(Wire):
    node_id: UUID
    owed: MoneyOut = Field(description="What the market owes the node now; below nought the node owes the market.")
    items: list[ShareOut]
    next_cursor: str | None


class NodePayoutOut(Wire):
    payout_id: UUID
    amount: MoneyOut


@router.post(
    "/nodes",
    status_code=201,
    response_model=NodeOut,
    operation_id="appointNode",
    responses=refusals(
        NotAllowed, NotFound, OrganisationNotVerified, errors.NodeCodeTaken, errors.RegionTaken, errors.CannotBeNode
    ),
)
async def appoint_node(body: NodeIn, actor: SignedIn, tx: TxDep) -> NodeView:
    """As an operator of the market, make a verified organisation a node. Its administrators give their own people the
    role OPERATOR; those act on what is of the node, and on nothing else."""
    return await service.appoint_node(tx, actor, body.organisation_id, code=body.code, regions=body.regions)


@router.get("/nodes", response_model=NodeList, operation_id="listNodes", responses=refusals())
async def list_nodes(actor: Reader, tx: TxDep) -> object:
    """All nodes by their codes, those that have ended too."""
    return {"items": await service.list_nodes(tx, actor)}


@router.get("/nodes/{node_id}", response_model=NodeOut, operation_id="getNode", responses=refusals(NotFound))
async def get_node(node_id: Uuid, actor: Reader, tx: TxDep) -> NodeView:
    """One node with the regions it looks after."""
    return await service.get_node(tx, actor, node_id)


@router.put(
    "/nodes/{node_id}/regions",
    response_model=NodeOut,
    operation_id="setNodeRegions",
    responses=refusals(NotAllowed, NotFound, errors.RegionTaken, errors.NodeEnded),
)
async def set_regions(node_id: Uuid, body: RegionsIn, actor: SignedIn, tx: TxDep) -> NodeView:
    """Set the regions of a node. Who registers in one of them from now on belongs to it; the most exact code counts."""
    return await service.set_regions(tx, actor, node_id, regions=body.regions)


@router.post(
    "/nodes/{node_id}/end",
    response_model=NodeOut,
    operation_id="endNode",
    responses=refusals(NotAllowed, NotFound, errors.NodeEnded),
)
async def end_node(node_id: Uuid, actor: SignedIn, tx: TxDep) -> NodeView:
    """End a node: its organisations and their listings are of none from now on. What it is owed stays owed."""
    return await service.end_node(tx, actor, node_id)


@router.put(
    "/nodes/{node_id}/organisations/{organisation_id}",
    status_code=204,
    operation_id="moveOrganisationToNode",
    responses=refusals(NotAllowed, NotFound, errors.NodeEnded, errors.CannotBeNode),
)
async def move_organisation(node_id: Uuid, organisation_id: Uuid, actor: SignedIn, tx: TxDep) -> Response:
    """Move an organisation to this node, with all its listings."""
    await service.move_organisation(tx, actor, node_id, organisation_id)
    return Response(status_code=204)


@router.delete(
    "/nodes/{node_id}/organisations/{organisation_id}",
    status_code=204,
    operation_id="takeOrganisationFromNode",
    responses=refusals(NotAllowed, NotFound, errors.CannotBeNode),
)
async def take_organisation(node_id: Uuid, organisation_id: Uuid, actor: SignedIn, tx: TxDep) -> Response:
    """Take an organisation out of this node; it belongs to none. Where that is so already, nothing happens."""
    await service.take_from_node(tx, actor, node_id, organisation_id)
    return Response(status_code=204)


@router.get(
    "/nodes/{node_id}/statement",
    response_model=NodeStatementOut,
    operation_id="getNodeStatement",
    responses=refusals(NotAllowed, NotFound, BadCursor),
)
async def get_statement(
    node_id: Uuid, actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """What a node got of each of the market's fees, the newest first, for its own people and the market."""
    statement = await service.get_statement(tx, actor, node_id, cursor=cursor, limit=limit)
    link = link_to(statement.lines, f"/v1/nodes/{node_id}/statement", limit=limit)
    if link is not None:
        response.headers["Link"] = link
    return {
        "node_id": statement.node_id,
        "owed": statement.owed,
        "items": statement.lines.items,
        "next_cursor": statement.lines.next_cursor,
    }


@router.post(
    "/nodes/{node_id}/payouts",
    status_code=201,
    response_model=NodePayoutOut,
    operation_id="payNode",
    responses=refusals(NotAllowed, NotFound, errors.NothingToPayOut, ChargeNotCovered),
)
async def pay_node(node_id: Uuid, actor: SignedIn, tx: TxDep) -> NodePayoutView:
    """As the market's finance, pay a node all that it is owed: one payout, which goes the way of all payouts."""
    return await service.pay_node(tx, actor, node_id)
