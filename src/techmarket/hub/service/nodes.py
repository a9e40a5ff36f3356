"""Nodes (节点): who is one, which regions and organisations are of it, and what it gets of the market's fees."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.hub import errors, events, nodes, policy
from techmarket.hub import repository_nodes as repository
from techmarket.hub.nodes import Claim, Side
from techmarket.hub.tables import FeeShare, Node
from techmarket.hub.views import NodePayoutView, NodeStatementView, NodeView, ShareView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor, OrgKind
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.paging import last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import steps as settlement

SHARE_KEYS = {Side.SELLER: settlement.NODE_SHARE_SELLER, Side.BUYER: settlement.NODE_SHARE_BUYER}


async def appoint_node(tx: Tx, actor: Actor, org_id: UUID, *, code: str, regions: Sequence[str]) -> NodeView:
    """A verified organisation becomes a node, or one again: its operators act from now on on what is of it."""
    require(actor, policy.APPOINT_NODE)
    async with tx.begin() as db:
        facts = await identity.make_node(db, org_id, is_node=True)
        if facts.kind is OrgKind.MARKET:
            raise errors.CannotBeNode(pointer="/body/organisation_id")
        await lock_name(db, f"hub.node_code:{code}")
        if not await repository.put_node(db, org_id=org_id, code=code, by=actor.person):
            raise errors.NodeCodeTaken(node_code=code, pointer="/body/code")
        journal.record(db, events.NodeAppointed(org_id), actor=actor)
        await listings.move_to_node(db, org_id, None, actor=actor)
        await _set_regions(db, actor, org_id, regions)
        return await _view(db, await repository.get_node(db, org_id))


async def set_regions(tx: Tx, actor: Actor, node_id: UUID, *, regions: Sequence[str]) -> NodeView:
    """The regions that a node looks after; who registers in one of them belongs to it. Others stay where they are."""
    require(actor, policy.SET_REGIONS)
    async with tx.begin() as db:
        node = await _lock_standing(db, node_id)
        await _set_regions(db, actor, node_id, regions)
        return await _view(db, node)


async def _set_regions(db: AsyncSession, actor: Actor, node_id: UUID, regions: Sequence[str]) -> None:
    wanted = tuple(sorted(set(regions)))
    taken = await repository.replace_regions(db, node_id, wanted)
    if taken is not None:
        raise errors.RegionTaken(region=taken, pointer="/body/regions")
    journal.record(db, events.NodeRegionsSet(node_id, wanted), actor=actor)


async def end_node(tx: Tx, actor: Actor, node_id: UUID) -> NodeView:
    """It is a node no more: its organisations and their listings are of none, and what it is owed stays owed."""
    require(actor, policy.END_NODE)
    async with tx.begin() as db:
        node = await _lock_standing(db, node_id)
        for org_id in await identity.organisations_of_node(db, node_id):
            await _move(db, actor, org_id, None)
        await identity.make_node(db, node_id, is_node=False)
        await repository.end_node(db, node)
        journal.record(db, events.NodeEnded(node_id), actor=actor)
        return await _view(db, node)


async def move_organisation(tx: Tx, actor: Actor, node_id: UUID, org_id: UUID) -> None:
    """An organisation belongs to this node from now on, with all its listings."""
    require(actor, policy.MOVE_ORGANISATION)
    async with tx.begin() as db:
        await _lock_standing(db, node_id)
        await _move(db, actor, org_id, node_id)


async def take_from_node(tx: Tx, actor: Actor, node_id: UUID, org_id: UUID) -> None:
    """An organisation of this node belongs to none from now on; where that is so already, nothing happens."""
    require(actor, policy.MOVE_ORGANISATION)
    async with tx.begin() as db:
        await repository.lock_node(db, node_id)
        if (await identity.get_organisation(db, org_id)).node_id == node_id:
            await _move(db, actor, org_id, None)


async def _move(db: AsyncSession, actor: Actor | None, org_id: UUID, node_id: UUID | None) -> None:
    facts = await identity.get_organisation(db, org_id)
    if facts.is_node or facts.kind is OrgKind.MARKET:
        raise errors.CannotBeNode(pointer="/path/organisation_id")
    if facts.node_id != node_id:
        await identity.move_to_node(db, org_id, node_id)
        await listings.move_to_node(db, org_id, node_id, actor=actor)
        journal.record(db, events.OrganisationMovedToNode(org_id, node_id), actor=actor)


async def place(tx: Tx, org_id: UUID) -> None:
    """Who registers in a region that a node looks after belongs to it, unless somebody said otherwise before."""
    async with tx.begin() as db:
        facts = await identity.get_organisation(db, org_id)
        if facts.node_id is not None or facts.is_node or facts.kind is OrgKind.MARKET or facts.region is None:
            return
        known = await repository.nodes_of_regions(db, nodes.places_above(facts.region))
        node_id = nodes.node_of_region(facts.region, known)
        if node_id is not None and (await repository.lock_node(db, node_id)).ended_at is None:
            await _move(db, None, org_id, node_id)


async def list_nodes(tx: Tx, actor: Actor) -> list[NodeView]:
    """All nodes by their codes, those that have ended too."""
    require(actor, policy.SEE_NODES)
    async with tx.read() as db:
        rows = await repository.list_nodes(db)
        regions = await repository.regions_of(db, [row.org_id for row in rows])
        names = await identity.get_organisations(db, [row.org_id for row in rows])
        return [_shown(row, names[row.org_id], regions.get(row.org_id, ())) for row in rows]


async def get_node(tx: Tx, actor: Actor, node_id: UUID) -> NodeView:
    require(actor, policy.SEE_NODES)
    async with tx.read() as db:
        return await _view(db, await repository.get_node(db, node_id))


async def _lock_standing(db: AsyncSession, node_id: UUID) -> Node:
    node = await repository.lock_node(db, node_id)
    if node.ended_at is not None:
        raise errors.NodeEnded()
    return node


async def _view(db: AsyncSession, node: Node) -> NodeView:
    await db.refresh(node)
    regions = await repository.regions_of(db, [node.org_id])
    return _shown(node, await identity.get_organisation(db, node.org_id), regions.get(node.org_id, ()))


def _shown(node: Node, org: identity.OrganisationFacts, regions: tuple[str, ...]) -> NodeView:
    return NodeView(node.org_id, node.code, org.name, org.name_en, regions, node.created_at, node.ended_at)


# --- shares of fees ---------------------------------------------------------------------------------------------------


async def share_fee(tx: Tx, due_id: UUID) -> None:
    """The market's fee of a released payment is split with the nodes of both sides, once.

    The due's own rule date says which nodes, and how much by the rows of that day: a node's own before the market's.
    So nothing that is moved or ended afterwards gives a part or takes one away. Without a row, without a node, or once
    the fee was given back, nothing is shared.
    """
    async with tx.begin() as db:
        fee = await settlement.lock_fee(db, due_id)
        if fee.fee_minor == 0 or fee.payee_org is None or await repository.shares_of_due(db, due_id):
            return
        sides = {Side.SELLER: fee.payee_org, Side.BUYER: fee.payer_org}
        claims = [one for side, org in sides.items() if (one := await _claim(db, side, org, fee)) is not None]
        shares = nodes.split_fee(fee.fee_minor, claims)
        owed: dict[UUID, int] = {}
        for claim, minor in zip(claims, shares, strict=True):
            if any(shares):
                owed[claim.node_id] = owed.get(claim.node_id, 0) + minor
                db.add(_share(due_id, claim, fee.fee_minor, minor))
        await settlement.share_fee(db, due_id, owed)
        if any(shares):
            journal.record(db, events.FeeShared(due_id, tuple(sorted(owed))), actor=None)


async def _claim(db: AsyncSession, side: Side, org_id: UUID, fee: settlement.FeeFacts) -> Claim | None:
    node_id = await identity.node_on(db, org_id, fee.rule_date)
    if node_id is None:
        return None
    scope = rulebook.unit_scope(node_id)
    row = await rulebook.find_rule(db, SHARE_KEYS[side], on=fee.rule_date, base="fee", scope=scope)
    return None if row is None else Claim(side, node_id, org_id, row.id, row.decimal)


def _share(due_id: UUID, claim: Claim, fee_minor: int, minor: int) -> FeeShare:
    return FeeShare(
        id=new_id(),
        due_id=due_id,
        side=claim.side,
        node_id=claim.node_id,
        org_id=claim.org_id,
        fee_minor=fee_minor,
        rate=str(claim.rate),
        rule_id=claim.rule_id,
        minor=minor,
    )


async def take_back_shares(tx: Tx, due_id: UUID) -> None:
    """A payment was refunded: where the market gave its fee back, the nodes give back their parts, once."""
    async with tx.begin() as db:
        fee = await settlement.lock_fee(db, due_id)
        shared = [one for one in await repository.shares_of_due(db, due_id) if one.returned_at is None]
        if fee.fee_minor > 0 or not shared:
            return
        owed: dict[UUID, int] = {}
        for one in shared:
            owed[one.node_id] = owed.get(one.node_id, 0) + one.minor
        await repository.mark_returned(db, due_id)
        await settlement.take_back_shares(db, due_id, owed)
        journal.record(db, events.FeeSharesTakenBack(due_id), actor=None)


async def get_statement(tx: Tx, actor: Actor, node_id: UUID, *, cursor: str | None, limit: int) -> NodeStatementView:
    """What a node got of each fee, the newest first, for its own people and the market."""
    async with tx.read(snapshot=True) as db:
        await repository.get_node(db, node_id)
        if not actor.is_market and actor.org_id != node_id:
            raise NotFound()
        require(actor, policy.SEE_SHARES, parties=[node_id])
        rows = await repository.list_shares(db, node_id, before=last_id(cursor), limit=limit + 1)
        page = page_of(rows, limit, lambda row: (str(row.id),)).map(_line)
        return NodeStatementView(node_id, Money(await settlement.shares_owed(db, node_id)), page)


def _line(row: FeeShare) -> ShareView:
    return ShareView(
        row.id,
        row.due_id,
        row.side,
        row.org_id,
        Money(row.fee_minor),
        row.rate,
        row.rule_id,
        Money(row.minor),
        row.at,
        row.returned_at,
    )


async def pay_node(tx: Tx, actor: Actor, node_id: UUID) -> NodePayoutView:
    """All that the market owes a node of its fees is instructed as one payout."""
    require(actor, policy.PAY_NODE)
    async with tx.begin() as db:
        await repository.lock_node(db, node_id)
        paid = await settlement.pay_shares(db, node_id, why=Ref("node_payout", new_id()), actor=actor)
        if paid is None:
            raise errors.NothingToPayOut()
        minor, payout_id = paid
        journal.record(db, events.NodePaid(node_id, payout_id), actor=actor)
        return NodePayoutView(payout_id, Money(minor))
