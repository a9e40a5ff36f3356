"""Nodes of the hub: who belongs to one, what its operators may do, and what it gets of the market's fees."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from techmarket.db import journal
from techmarket.hub import errors, nodes, service
from techmarket.hub.jobs import place_organisation
from techmarket.hub.nodes import Claim, Side
from techmarket.hub.service.nodes import share_fee, take_back_shares
from techmarket.identity import service as identity
from techmarket.identity import steps as identity_steps
from techmarket.identity.actor import ANONYMOUS, Actor, OrgKind, Role
from techmarket.identity.errors import RoleNotYours
from techmarket.identity.events import OrganisationRegistered
from techmarket.identity.permissions import SecondFactorNeeded
from techmarket.kernel.ids import new_id
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.ledger import steps as ledger
from techmarket.listings import service as listings
from techmarket.listings.lifecycle import ListingState
from techmarket.matching import service as matching
from techmarket.matching.index.scoring import Filters
from techmarket.matching.jobs import alert, index
from techmarket.matching.service import search
from techmarket.matching.views import Delivery
from techmarket.rulebook import errors as rulebook_errors
from techmarket.rulebook import service as rulebook
from techmarket.rulebook.adding import RuleDraft, put_rule
from techmarket.rulebook.rules import Binding, Evidence, RuleUnit
from techmarket.settlement import steps as settlement
from techmarket.settlement.errors import ChargeNotCovered
from techmarket.settlement.steps.own import require_own
from tests.hub.make import changes
from tests.identity.make import a_market, a_member, an_organisation
from tests.listings.make import a_demand
from tests.settlement.make import a_paid_due
from tests.workbench.make import kinds, tell

NINGBO, HANGZHOU = "330200", "330100"
HALF = Decimal("0.5")


# --- rules ------------------------------------------------------------------------------------------------------------


def claim(side: Side, rate: Decimal) -> Claim:
    return Claim(side, uuid4(), uuid4(), uuid4(), rate)


@pytest.mark.parametrize(
    ("fee", "seller", "buyer", "shares"),
    [
        (900_000, "0.30", "0.15", [270_000, 135_000]),
        (1, "0.30", "0.15", [0, 0]),  # the hub's remainder is the largest
        (101, "0.30", "0.15", [30, 15]),  # 30.30 and 15.15: the fen left over is the hub's, with 55.55
        (3, "0.5", "0.5", [2, 1]),  # a tie between the two goes to the seller's
        (0, "0.5", "0.5", [0, 0]),
    ],
)
def test_a_fee_is_split_to_the_fen_by_largest_remainder(fee, seller, buyer, shares):
    claims = [claim(Side.SELLER, Decimal(seller)), claim(Side.BUYER, Decimal(buyer))]
    assert nodes.split_fee(fee, claims) == shares


@given(st.integers(0, 10**12), st.decimals(0, HALF, places=4), st.decimals(0, HALF, places=4))
def test_the_hub_and_the_nodes_together_get_the_fee_and_each_within_a_fen_of_its_rate(fee, seller, buyer):
    shares = nodes.split_fee(fee, [claim(Side.SELLER, seller), claim(Side.BUYER, buyer)])
    assert 0 <= sum(shares) <= fee
    for share, rate in zip(shares, (seller, buyer), strict=True):
        assert abs(share - fee * rate) < 1


def test_a_place_is_its_own_nodes_or_its_citys_or_its_provinces():
    district, city, province = uuid4(), uuid4(), uuid4()
    looked_after = {"330203": district, "330200": city, "330000": province}
    found = [nodes.node_of_region(one, looked_after) for one in ("330203", "330205", "330109", "310101", None)]
    assert found == [district, city, province, None, None]


# --- a hub with two nodes ---------------------------------------------------------------------------------------------


class Hub:
    """A market with the nodes of Ningbo and Hangzhou, an operator of each, and an organisation of each."""

    market: Actor
    finance: Actor
    nodes: tuple[UUID, UUID]
    operators: tuple[Actor, Actor]
    orgs: tuple[Actor, Actor]


@pytest.fixture
async def hub(tx, keys) -> Hub:
    staff = await a_market(tx, keys)
    made = Hub()
    made.market, made.finance = staff["operator"].actor, staff["finance"].actor
    homes = [(await an_organisation(tx, keys=keys, kind=OrgKind.AGENCY)).actor for _ in range(2)]
    for home, code, region in zip(homes, ("CN-3302", "CN-3301"), (NINGBO, HANGZHOU), strict=True):
        await service.appoint_node(tx, made.market, home.org, code=code, regions=[region])
    keyed = [await a_member(tx, replace(home, is_of_node=True), Role.OPERATOR, keys=keys) for home in homes]
    operators = [await identity.authenticate(tx, keys, one.key) for one in keyed]
    orgs = [(await an_organisation(tx, keys=keys, region=region)).actor for region in ("330203", HANGZHOU)]
    for org in orgs:
        await service.nodes.place(tx, org.org)
    made.nodes = (homes[0].org, homes[1].org)
    made.operators, made.orgs = (operators[0], operators[1]), (orgs[0], orgs[1])
    return made


async def node_of(tx, org: UUID) -> UUID | None:
    async with tx.read() as db:
        return (await identity_steps.get_organisation(db, org)).node_id


async def test_whoever_registers_in_a_region_belongs_to_its_node_and_an_operator_moves_him_with_his_listings(
    tx, hub, means
):
    assert [await node_of(tx, one.org) for one in hub.orgs] == list(hub.nodes)
    elsewhere = (await an_organisation(tx, region="310101")).actor
    await place_organisation(means, OrganisationRegistered(elsewhere.org, OrgKind.ENTERPRISE))
    assert await node_of(tx, elsewhere.org) is None
    draft = await a_demand(tx, elsewhere)
    await service.move_organisation(tx, hub.market, hub.nodes[1], elsewhere.org)
    page = await listings.list_listings(tx, hub.operators[1], node=hub.nodes[1], limit=10)
    assert [one.id for one in page.items] == [draft.id]
    await service.take_from_node(tx, hub.market, hub.nodes[0], elsewhere.org)  # it is of the other: nothing happens
    assert await node_of(tx, elsewhere.org) == hub.nodes[1]
    await service.take_from_node(tx, hub.market, hub.nodes[1], elsewhere.org)
    assert await node_of(tx, elsewhere.org) is None
    for wrong in (hub.nodes[0], hub.market.org):
        with pytest.raises(errors.CannotBeNode):
            await service.move_organisation(tx, hub.market, hub.nodes[1], wrong)


async def test_an_operator_of_a_node_reviews_what_is_of_it_and_of_nothing_else_learns_that_it_waits(tx, hub):
    mine, other = [await a_demand(tx, org) for org in hub.orgs]
    for org, view in zip(hub.orgs, (mine, other), strict=True):
        await listings.submit(tx, org, view.id)
    queue = await listings.list_queue(tx, hub.operators[0], limit=10)
    assert [line.listing.id for line in queue.items] == [mine.id]
    assert len((await listings.list_queue(tx, hub.market, limit=10)).items) == 2

    with pytest.raises(NotFound):
        await listings.accept(tx, hub.operators[0], other.id)
    with pytest.raises(NotFound):
        await listings.get_listing(tx, hub.operators[0], other.id)
    read = {view.id: view.dossier.sha256 for view in (mine, other)}
    outcomes = await listings.review_many(tx, hub.operators[0], [mine.id, other.id], read=read)
    assert [(one.outcome, one.code) for one in outcomes] == [("accepted", None), ("refused", "not_found")]
    assert (await listings.get_listing(tx, hub.orgs[0], mine.id)).state is ListingState.PUBLISHED
    assert (await listings.get_listing(tx, hub.orgs[1], other.id)).state is ListingState.SUBMITTED

    await listings.accept(tx, hub.operators[1], other.id)
    with pytest.raises(NotAllowed):  # it is public now, and still not his to take down
        await listings.return_(tx, hub.operators[0], other.id, reason="Sample")
    assert len(await listings.list_reviews(tx, hub.operators[0], mine.id)) == 1
    with pytest.raises(NotFound):
        await listings.list_reviews(tx, hub.operators[0], other.id)
    colleague = replace(hub.operators[1], roles=frozenset({Role.LISTING_OFFICER}))
    with pytest.raises(NotAllowed):
        await listings.list_queue(tx, colleague, limit=10)


async def test_an_operator_of_a_node_verifies_who_belongs_to_it_and_sees_no_other_that_is_not_verified(tx, keys, hub):
    mine, other = [
        (await an_organisation(tx, keys=keys, verified=False, region=region)).actor for region in (NINGBO, HANGZHOU)
    ]
    for org in (mine, other):
        await service.nodes.place(tx, org.org)
    with pytest.raises(NotFound):
        await identity.verify_organisation(tx, hub.operators[0], other.org)
    assert (await identity.verify_organisation(tx, hub.operators[0], mine.org)).state == "VERIFIED"
    listed = await identity.list_organisations(tx, hub.operators[1], cursor=None, limit=50)
    assert {one.id for one in listed.items} == {hub.orgs[1].org, other.org}
    with pytest.raises(NotAllowed):
        await identity.list_organisations(tx, hub.operators[1], node=hub.nodes[0], cursor=None, limit=50)
    await identity.verify_organisation(tx, hub.market, other.org)


async def test_only_a_node_gives_its_people_the_operators_role_and_an_ended_one_acts_on_nothing_more(
    tx, keys, hub, door
):
    plain = (await an_organisation(tx, keys=keys)).actor
    with pytest.raises(RoleNotYours):
        await identity.add_person(tx, keys, plain, plain.org, name="Sample person", roles=[Role.OPERATOR])
    administrator = (await a_member(tx, replace(plain, org_id=hub.nodes[0]), Role.ADMINISTRATOR, keys=keys)).actor
    added, _ = await identity.add_person(
        tx, keys, administrator, hub.nodes[0], name="Sample person", roles=[Role.OPERATOR]
    )
    assert added.roles == (Role.OPERATOR,)
    with pytest.raises(RoleNotYours):
        await identity.add_person(tx, keys, administrator, hub.nodes[0], name="Sample person", roles=[Role.CERTIFIER])

    node = f"/v1/nodes/{hub.nodes[0]}"
    wider = await door.put(hub.market, f"{node}/regions", {"regions": [NINGBO, "330300"]})
    assert wider["regions"] == [NINGBO, "330300"]
    await door.ask("DELETE", hub.market, f"{node}/organisations/{hub.orgs[0].org}", 204)
    assert await node_of(tx, hub.orgs[0].org) is None
    ended = await door.post(hub.market, f"{node}/end")
    assert (ended["regions"], ended["ended_at"] is not None) == ([], True)
    assert await node_of(tx, hub.orgs[0].org) is None
    with pytest.raises(errors.NodeEnded):
        await service.set_regions(tx, hub.market, hub.nodes[0], regions=[NINGBO])
    with pytest.raises(RoleNotYours):
        await identity.add_person(tx, keys, administrator, hub.nodes[0], name="Sample person", roles=[Role.OPERATOR])


async def test_a_region_and_a_code_are_one_nodes_also_when_two_are_appointed_at_once(tx, keys, hub):
    with pytest.raises(errors.RegionTaken):
        await service.set_regions(tx, hub.market, hub.nodes[0], regions=[NINGBO, HANGZHOU])
    assert (await service.get_node(tx, ANONYMOUS, hub.nodes[0])).regions == (NINGBO,)
    homes = [(await an_organisation(tx, keys=keys)).actor.org for _ in range(2)]
    wanted = [service.appoint_node(tx, hub.market, one, code="CN-3303", regions=["330300"]) for one in homes]
    done = await asyncio.gather(*wanted, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["NodeCodeTaken", "NodeView"]
    assert [one.code for one in await service.list_nodes(tx, ANONYMOUS)] == ["CN-3301", "CN-3302", "CN-3303"]
    with pytest.raises(errors.CannotBeNode):
        await service.appoint_node(tx, hub.market, hub.market.org, code="CN-0000", regions=[])


async def test_lists_search_and_the_feed_can_be_narrowed_to_a_node(tx, hub, means):
    views = [await a_demand(tx, org, hub.market, title_en="Sample welding demand") for org in hub.orgs]
    free = await a_demand(tx, (await an_organisation(tx, region=None)).actor, hub.market)
    listed = await listings.list_listings(tx, ANONYMOUS, node=hub.nodes[0], limit=10)
    assert [one.id for one in listed.items] == [views[0].id]
    assert len((await listings.list_listings(tx, ANONYMOUS, limit=10)).items) == 3
    async with tx.begin() as db:
        await journal.sequence(db)
    await index(means)
    found = await search(tx, ANONYMOUS, query="welding", filters=Filters(node=str(hub.nodes[1])), cursor=None, limit=10)
    assert ([one.listing.id for one in found.items], found.total) == ([views[1].id], 1)
    nobody = await search(tx, ANONYMOUS, query="welding", filters=Filters(node=str(uuid4())), cursor=None, limit=10)
    assert nobody.total == 0

    await changes(tx, ANONYMOUS)
    for reader in (ANONYMOUS, hub.market):
        told = await service.list_changes(tx, reader, node=hub.nodes[0], limit=100)
        assert [(one.type, one.refs) for one in told.items] == [("listing.published", (f"listing:{views[0].id}",))]
    assert str(free.id) in str(await changes(tx, ANONYMOUS))

    # A listing that moves is gone for who follows the one node, has come for who follows the other, and is as it was.
    before = len(await changes(tx, ANONYMOUS))
    await service.move_organisation(tx, hub.market, hub.nodes[1], hub.orgs[0].org)
    assert len(await changes(tx, ANONYMOUS)) == before
    for node, type in zip(hub.nodes, ("listing.removed", "listing.published"), strict=True):
        last = (await service.list_changes(tx, ANONYMOUS, node=node, limit=100)).items[-1]
        assert (last.type, last.refs) == (type, (f"listing:{views[0].id}",))
    assert await node_of(tx, hub.orgs[0].org) == hub.nodes[1]


async def test_a_saved_search_can_be_narrowed_to_a_node(tx, keys, hub, means):
    reader = (await an_organisation(tx, keys=keys, region=None)).actor
    for node in (hub.nodes[0], hub.nodes[1]):
        saved = await matching.save_search(
            tx,
            keys,
            reader,
            name=str(node),
            query="welding",
            filters=Filters(node=str(node)),
            delivery=Delivery.IMMEDIATE,
        )
        assert saved.filters.node == str(node)
    views = [await a_demand(tx, org, hub.market, title_en="Sample welding demand") for org in hub.orgs]
    await a_demand(tx, (await an_organisation(tx, region=None)).actor, hub.market, title_en="Sample welding demand")
    async with tx.begin() as db:
        await journal.sequence(db)
    await index(means)
    await alert(means)
    told = await matching.list_alerts(tx, reader, cursor=None, limit=10)
    found = sorted((one.search_name, one.listing.id) for one in told.items)
    assert found == sorted((str(node), view.id) for node, view in zip(hub.nodes, views, strict=True))


# --- shares of fees ---------------------------------------------------------------------------------------------------

PRICE, FEE = 60_000_000, 900_000


async def released(tx, keys, hub) -> UUID:
    due = await a_paid_due(tx, keys, payer=hub.orgs[1].org, payee=hub.orgs[0].org, minor=PRICE)
    async with tx.begin() as db:
        facts = await settlement.release(db, due_id=due.id, actor=None)
        assert facts.fee_minor == FEE
    return due.id


async def statement(tx, reader: Actor, node: UUID) -> tuple[int, list[tuple[str, str, int, bool]]]:
    told = await service.get_statement(tx, reader, node, cursor=None, limit=10)
    lines = [(one.side, one.rate, one.amount.minor, one.returned_at is not None) for one in told.lines.items]
    return told.owed.minor, lines


async def fees(tx) -> int:
    async with tx.begin() as db:
        assert await ledger.is_balanced(db)
        return await ledger.balance(db, await ledger.account(db, purpose=ledger.Purpose.FEES))


async def test_the_fee_of_a_deal_is_shared_once_with_the_nodes_of_both_sides_and_paid_out(tx, keys, hub, door):
    due = await released(tx, keys, hub)
    await asyncio.gather(*[share_fee(tx, due) for _ in range(4)])
    seller, buyer = hub.nodes
    assert await statement(tx, hub.operators[0], seller) == (270_000, [("SELLER", "0.30", 270_000, False)])
    assert await statement(tx, hub.market, buyer) == (135_000, [("BUYER", "0.15", 135_000, False)])
    assert await fees(tx) == FEE - 270_000 - 135_000
    with pytest.raises(NotFound):
        await service.get_statement(tx, hub.operators[1], seller, cursor=None, limit=10)

    paid = await asyncio.gather(*[service.pay_node(tx, hub.finance, seller) for _ in range(3)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in paid) == ["NodePayoutView", "NothingToPayOut", "NothingToPayOut"]
    assert (await statement(tx, hub.market, seller))[0] == 0
    async with tx.read() as db:
        rows = (await db.execute(text("SELECT org_id, minor, state FROM payout WHERE why LIKE 'node_payout:%'"))).all()
    assert [tuple(row) for row in rows] == [(seller, 270_000, "INSTRUCTED")]
    told = await door.post(hub.finance, f"/v1/nodes/{buyer}/payouts", status=201)
    assert told["amount"] == {"amount": "1350.00", "currency": "CNY"}


async def test_a_fee_that_goes_back_takes_its_shares_along_also_those_that_were_paid(tx, keys, hub):
    due = await released(tx, keys, hub)
    await share_fee(tx, due)
    await service.pay_node(tx, hub.finance, hub.nodes[1])
    await released(tx, keys, hub)  # the market has earned enough to bear what was paid out
    async with tx.begin() as db:
        await settlement.refund_due(db, due, actor=None)
    await asyncio.gather(*[take_back_shares(tx, due) for _ in range(3)])
    assert await statement(tx, hub.market, hub.nodes[0]) == (0, [("SELLER", "0.30", 270_000, True)])
    assert await statement(tx, hub.market, hub.nodes[1]) == (-135_000, [("BUYER", "0.15", 135_000, True)])
    assert await fees(tx) == FEE
    await share_fee(tx, due)  # a late telling of the release finds nothing to share
    assert (await statement(tx, hub.market, hub.nodes[0]))[0] == 0


async def test_a_refund_of_a_fee_whose_shares_are_not_paid_needs_no_other_money(tx, keys, hub):
    due = await released(tx, keys, hub)
    await share_fee(tx, due)
    async with tx.begin() as db:
        assert (await settlement.refund_due(db, due, actor=None)).fee_minor == FEE
    await take_back_shares(tx, due)
    assert await fees(tx) == 0


async def test_a_part_follows_the_node_of_the_deals_day_whatever_is_moved_or_ended_afterwards(tx, keys, hub):
    seller, buyer = hub.nodes
    due = await released(tx, keys, hub)
    await service.move_organisation(tx, hub.market, buyer, hub.orgs[0].org)  # for the sake of the part
    await service.end_node(tx, hub.market, seller)
    await share_fee(tx, due)
    assert await statement(tx, hub.market, seller) == (270_000, [("SELLER", "0.30", 270_000, False)])
    assert (await service.pay_node(tx, hub.finance, seller)).amount.minor == 270_000
    # A deal of a day on which it was the other's already is shared with that one.
    async with tx.begin() as db:
        day = "interval '1 day'"
        await db.execute(text(f"UPDATE organisation SET created_at = created_at - 2 * {day}"))
        await db.execute(text(f"UPDATE node_tenure SET since = since - 2 * {day}, until = until - {day}"))
        await db.execute(text(f"UPDATE node_tenure SET since = since + {day} WHERE node_id = :node"), {"node": buyer})
    await share_fee(tx, await released(tx, keys, hub))
    assert (await statement(tx, hub.market, buyer))[0] == 270_000 + 135_000 + 135_000


async def test_an_organisation_is_told_that_it_was_moved_and_an_old_second_factor_does_not_move_it(tx, keys, hub):
    weak = replace(hub.market, lacks_second_factor=True)
    for act in (
        service.move_organisation(tx, weak, hub.nodes[1], hub.orgs[0].org),
        service.take_from_node(tx, weak, hub.nodes[0], hub.orgs[0].org),
        service.set_regions(tx, weak, hub.nodes[0], regions=[]),
    ):
        with pytest.raises(SecondFactorNeeded):
            await act
    assert await node_of(tx, hub.orgs[0].org) == hub.nodes[0]
    await service.move_organisation(tx, hub.market, hub.nodes[1], hub.orgs[0].org)
    await tell(tx)
    assert (await kinds(tx, hub.orgs[0]))[0] == "hub.organisation_moved"


async def test_the_market_spends_nothing_of_a_fee_that_nodes_have_a_part_in_before_or_after_it_is_shared(tx, keys, hub):
    due = await released(tx, keys, hub)
    for _ in range(2):
        async with tx.begin() as db:
            with pytest.raises(ChargeNotCovered) as refused:
                await require_own(db, FEE - 405_000 + 1)
            await require_own(db, FEE - 405_000)
        assert refused.value.facts["own"] == Money(FEE - 405_000)
        await share_fee(tx, due)
    await service.pay_node(tx, hub.finance, hub.nodes[0])
    async with tx.begin() as db:
        with pytest.raises(ChargeNotCovered):
            await require_own(db, FEE - 405_000 + 1)


async def test_a_node_that_has_ended_may_be_one_again_and_its_code_stays_its_own(tx, keys, hub):
    node, other = hub.nodes[0], (await an_organisation(tx, keys=keys)).actor.org
    with pytest.raises(errors.NodeCodeTaken):
        await service.appoint_node(tx, hub.market, node, code="CN-3302", regions=[NINGBO])
    await service.end_node(tx, hub.market, node)
    with pytest.raises(errors.NodeCodeTaken):
        await service.appoint_node(tx, hub.market, other, code="CN-3302", regions=[])
    again = await service.appoint_node(tx, hub.market, node, code="CN-3302", regions=[NINGBO])
    assert (again.code, again.regions, again.ended_at) == ("CN-3302", (NINGBO,), None)
    await service.move_organisation(tx, hub.market, node, hub.orgs[0].org)
    assert await node_of(tx, hub.orgs[0].org) == node


def share_row(node: UUID, value: str) -> RuleDraft:
    return RuleDraft(
        "tariff.node_share.seller",
        "CN",
        f"unit:{node}",
        None,
        "any",
        Binding.DEFAULT,
        "fee",
        value,
        RuleUnit.RATIO,
        "Sample agreement with a node",
        Evidence.DESIGN_CHOICE,
        date(2020, 1, 1),
        None,
    )


async def test_a_row_of_the_nodes_own_goes_before_the_markets_and_none_is_more_than_half(tx, keys, hub):
    due = await released(tx, keys, hub)
    with pytest.raises(rulebook_errors.ValueAboveMost):
        await rulebook.add_rule(tx, hub.market, share_row(hub.nodes[0], "0.51"))
    async with tx.begin() as db:
        await put_rule(db, hub.market, share_row(hub.nodes[0], "0.333"))
    await share_fee(tx, due)
    assert await statement(tx, hub.market, hub.nodes[0]) == (299_700, [("SELLER", "0.333", 299_700, False)])


async def test_nodes_are_open_to_read_over_http_and_narrow_what_is_listed(api, hub):
    listed = (await api.get("/v1/nodes")).json()["items"]
    assert [(one["code"], one["regions"]) for one in listed] == [("CN-3301", [HANGZHOU]), ("CN-3302", [NINGBO])]
    one = await api.get(f"/v1/nodes/{hub.nodes[0]}")
    assert (one.status_code, one.json()["id"]) == (200, str(hub.nodes[0]))
    assert (await api.get(f"/v1/nodes/{new_id()}")).status_code == 404
    assert (await api.get(f"/v1/listings?node={hub.nodes[0]}")).json()["items"] == []
    assert (await api.get(f"/v1/changes?node={hub.nodes[0]}")).json()["items"] == []
    assert (await api.get(f"/v1/search?q=welding&node={hub.nodes[0]}")).json()["total"] == 0
