"""Panels: free of interest, sworn, sealed until all marks are in, and a score anybody computes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.disclosure import service as disclosure
from techmarket.identity import service as identity
from techmarket.identity.actor import Actor, OrgKind
from techmarket.identity.tables import Membership
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.signing.errors import WrongDocument
from techmarket.trading import errors, service
from techmarket.trading.lifecycle import LotState, LotStep, Method, PanelSeatState, TerminationCause, TradeState
from techmarket.trading.panel.sheets import Mark
from techmarket.trading.service import LotDraft
from tests.door import Door
from tests.identity.make import an_organisation
from tests.listings.make import a_demand, an_offer
from tests.notices.make import move_to
from tests.trading.make import Market, a_market_at_work
from tests.trading.sealed_make import SealedLot, an_announced_scored_trade, taking_envelopes

PLAN = "technical plan"
SCORED = [
    {"name": "upfront", "measure": "UPFRONT", "weight": "0.6"},
    {"name": PLAN, "measure": "PANEL", "weight": "0.4"},
]
SELECTION = [
    {"name": "cost", "measure": "ASKED", "weight": "0.3"},
    {"name": PLAN, "measure": "PANEL", "weight": "0.7"},
]


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys, buyers=2)


async def an_expert(market: Market) -> Actor:
    org = (await an_organisation(market.tx, kind=OrgKind.INSTITUTE)).actor
    await identity.grant_qualification(market.tx, market.operator, org.person, kind="EXPERT", level="GENERAL")
    return org


async def appoint(market: Market, lot_id: UUID, expert: Actor) -> None:
    await service.appoint_expert(
        market.tx, market.operator, lot_id, person_id=expert.person, organisation_id=expert.org
    )


async def sworn(market: Market, lot_id: UUID, count: int = 3) -> list[Actor]:
    panel = [await an_expert(market) for _ in range(count)]
    for expert in panel:
        await appoint(market, lot_id, expert)
        await swear(market, lot_id, expert)
    return panel


async def swear(market: Market, lot_id: UUID, expert: Actor) -> None:
    shown = await service.get_panel(market.tx, expert, lot_id)
    await service.declare(market.tx, expert, lot_id, conflicted=False, document_sha256=shown.declaration_sha256)


def offer(yuan: str, *, field: str = "upfront", documents: Sequence[str] = ()) -> dict[str, Any]:
    said: dict[str, Any] = {"terms": {field: {"amount": yuan, "currency": "CNY"}}}
    return said | ({"documents": list(documents)} if documents else {})


async def a_scored_lot(market: Market, *amounts: str, **terms: Any) -> tuple[SealedLot, list[Actor]]:
    """Offers are in, the panel is sworn, the officers have opened them, and the panel has its time."""
    listing = await an_offer(market.tx, market.seller, market.operator)
    wanted = {"criteria": SCORED, "scoring_seconds": 86_400} | terms
    lot = await taking_envelopes(market, await an_announced_scored_trade(market, listing.id, Method.SCORED, **wanted))
    for buyer, amount in zip(market.buyers, amounts, strict=False):
        await lot.put(buyer, envelope=await lot.quote(buyer, None, content=offer(amount)))
    panel = await sworn(market, lot.id, terms.get("experts", 3))
    await lot.end()
    await lot.open()
    return lot, panel


async def numbers(lot: SealedLot) -> list[int]:
    return [one.number for one in await service.list_proposals(lot.market.tx, lot.market.operator, lot.id)]


async def mark(lot: SealedLot, expert: Actor, *points: str) -> None:
    """One mark for each buyer, in the order of the market's buyers."""
    own = [await lot.number_of(buyer) for buyer in lot.market.buyers]
    marks = [Mark(n, PLAN, Decimal(given)) for n, given in zip(own, points, strict=True)]
    await service.give_sheet(lot.market.tx, lot.market.keys, expert, lot.id, marks)


async def test_the_last_sheet_opens_all_marks_and_the_formula_awards_the_lot(market: Market) -> None:
    lot, panel = await a_scored_lot(market, "600000.00", "500000.00")
    for expert in panel[:2]:
        await mark(lot, expert, "60", "90")
        with pytest.raises(errors.ScoresSealed):
            await service.get_scores(market.tx, market.operator, lot.id)
    waiting = await service.get_lot(market.tx, market.operator, lot.id)
    assert (waiting.state, waiting.step) == (LotState.EVALUATING, LotStep.SCORES)
    await mark(lot, panel[2], "63", "90")
    first, second = [await lot.number_of(buyer) for buyer in market.buyers]
    found = await service.get_scores(market.tx, market.seller, lot.id)
    assert [(one.number, one.score, one.points) for one in found.scores] == [
        (second, "85.99998", {"upfront": "83.3333", PLAN: "90.0000"}),
        (first, "84.40000", {"upfront": "100.0000", PLAN: "61.0000"}),
    ]
    awards = await service.list_awards(market.tx, market.operator, lot.trade.id)
    assert [(one.rank, one.buyer_organisation_id, one.price.minor) for one in awards] == [
        (1, market.buyers[1].org, 50_000_000),
        (2, market.buyers[0].org, 60_000_000),
    ]
    with pytest.raises(errors.NothingToMark):
        await mark(lot, panel[0], "1", "1")


async def test_nobody_reads_a_mark_before_all_are_in_not_even_from_the_database(market: Market) -> None:
    lot, panel = await a_scored_lot(market, "600000.00", "500000.00")
    await mark(lot, panel[0], "61.37", "90")
    async with market.tx.read() as db:
        hidden, sha256 = (await db.execute(text("SELECT hidden, sha256 FROM score_sheet"))).one()
        told = (await db.execute(text("SELECT string_agg(facts::text, ' ') FROM journal_entry"))).scalar_one()
    assert b"61.37" not in hidden
    assert sha256 in told
    assert "61.37" not in told
    for reader in (market.operator, market.seller, *panel, *market.buyers):
        with pytest.raises(errors.ScoresSealed):
            await service.get_scores(market.tx, reader, lot.id)
    with pytest.raises(DBAPIError, match="never changed or removed"):
        async with market.tx.begin() as db:
            await db.execute(text("UPDATE score_sheet SET hidden = 'x'"))


async def test_an_expert_gives_one_whole_sheet_and_it_stays(market: Market) -> None:
    lot, (expert, *_) = await a_scored_lot(market, "600000.00", "500000.00")
    first, second = [await lot.number_of(buyer) for buyer in market.buyers]
    for wrong in (
        [Mark(first, PLAN, Decimal(60))],
        [Mark(first, PLAN, Decimal(60)), Mark(first, PLAN, Decimal(60))],
        [Mark(first, PLAN, Decimal(60)), Mark(second, "other", Decimal(60))],
        [Mark(first, PLAN, Decimal(60)), Mark(second, PLAN, Decimal("100.01"))],
        [Mark(first, PLAN, Decimal(60)), Mark(second, PLAN, Decimal(60)), Mark(1, PLAN, Decimal(60))],
    ):
        with pytest.raises(errors.SheetIncomplete):
            await service.give_sheet(market.tx, market.keys, expert, lot.id, wrong)
    done = await asyncio.gather(*[mark(lot, expert, "60", "70") for _ in range(8)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["NoneType"] + ["SheetGiven"] * 7
    shown = await service.get_panel(market.tx, market.operator, lot.id)
    assert [seat.sheet_given for seat in shown.seats] == [True, False, False]


async def test_two_last_sheets_at_once_open_the_marks_once_and_award_once(market: Market) -> None:
    lot, panel = await a_scored_lot(market, "600000.00", "500000.00")
    await asyncio.gather(*[mark(lot, expert, "60", "70") for expert in panel])
    async with market.tx.read() as db:
        opened = "SELECT count(*) FROM journal_entry WHERE kind = 'trading.scores_opened'"
        assert (await db.execute(text(opened))).scalar_one() == 1
        assert (await db.execute(text("SELECT count(*) FROM award"))).scalar_one() == 2


async def test_whoever_has_an_interest_does_not_sit(market: Market) -> None:
    listing = await an_offer(market.tx, market.seller, market.operator)
    wanted: dict[str, Any] = {"criteria": SCORED}
    trade = await an_announced_scored_trade(market, listing.id, Method.SCORED, **wanted)
    buyer = market.buyers[0]
    await service.register_intent(market.tx, buyer, trade.id)
    lay = (await an_organisation(market.tx)).actor
    with pytest.raises(errors.NotAnExpert):
        await appoint(market, trade.lot.id, lay)
    for who, because in ((market.seller, "member_of_the_lister"), (buyer, "member_of_a_participant")):
        await identity.grant_qualification(market.tx, market.operator, who.person, kind="EXPERT", level="GENERAL")
        with pytest.raises(errors.ExpertConflicted) as refused:
            await appoint(market, trade.lot.id, who)
        assert refused.value.facts["because"] == [because]
    expert = await an_expert(market)
    await appoint(market, trade.lot.id, expert)
    with pytest.raises(errors.ExpertAlready):
        await appoint(market, trade.lot.id, expert)
    left = await service.declare(market.tx, expert, trade.lot.id, conflicted=True, document_sha256=None)
    assert [seat.state for seat in left.seats] == [PanelSeatState.RECUSED]
    with pytest.raises(NotInThisState):
        await swear(market, trade.lot.id, expert)
    # An expert whose organisation takes part later is found out when he is to swear.
    late = await an_expert(market)
    await appoint(market, trade.lot.id, late)
    await service.register_intent(market.tx, late, trade.id)
    with pytest.raises(errors.ExpertConflicted):
        await swear(market, trade.lot.id, late)


async def test_an_expert_swears_by_the_hash_before_he_reads_and_strangers_find_no_panel(
    market: Market, door: Door
) -> None:
    lot, _ = await a_scored_lot(market, "600000.00", "500000.00")
    recused = await door.post(market.operator, f"/v1/lots/{lot.id}/panel/1/recusal")
    assert [seat["state"] for seat in recused["seats"]] == ["RECUSED", "SEATED", "SEATED"]
    expert = await an_expert(market)
    await appoint(market, lot.id, expert)
    with pytest.raises(errors.DeclarationMissing):
        await service.list_proposals(market.tx, expert, lot.id)
    with pytest.raises(errors.DeclarationMissing):
        await mark(lot, expert, "60", "70")
    with pytest.raises(WrongDocument):
        await service.declare(market.tx, expert, lot.id, conflicted=False, document_sha256="0" * 64)
    await swear(market, lot.id, expert)
    read = await service.list_proposals(market.tx, expert, lot.id)
    assert [one.number for one in read] == sorted(await numbers(lot))
    for stranger in (market.buyers[0], (await an_organisation(market.tx)).actor):
        for ask in (service.get_panel, service.list_proposals):
            with pytest.raises(NotFound):
                await ask(market.tx, stranger, lot.id)
    shown = await service.get_panel(market.tx, market.seller, lot.id)
    assert [(seat.n, seat.person_id) for seat in shown.seats] == [(n, None) for n in (1, 2, 3, 4)]


async def test_when_the_panels_time_is_over_three_sheets_decide_and_two_leave_the_lot_unsold(market: Market) -> None:
    lot, panel = await a_scored_lot(market, "600000.00", "500000.00", experts=4)
    for expert in panel[:2]:
        await mark(lot, expert, "60", "90")
    shown = await service.get_lot(market.tx, market.operator, lot.id)
    assert shown.step_due_at is not None
    third, others = await a_scored_lot(market, "600000.00", "500000.00", experts=4)
    for expert in others[:3]:
        await mark(third, expert, "60", "90")
    later = await service.get_lot(market.tx, market.operator, third.id)
    assert later.step_due_at is not None
    await move_to(market.tx, max(shown.step_due_at, later.step_due_at))
    assert await service.step_due(market.tx) == 0
    assert await service.scores_due(market.tx, market.keys) == 2
    assert (await service.get_trade(market.tx, market.operator, lot.trade.id)).state is TradeState.UNSOLD
    assert (await service.get_trade(market.tx, market.operator, third.trade.id)).state is TradeState.AWARDED
    assert len((await service.get_scores(market.tx, market.operator, third.id)).document["sheets"]) == 3


async def test_another_expert_takes_the_place_of_one_who_leaves_and_nobody_sits_beside_the_announced(
    market: Market,
) -> None:
    lot, panel = await a_scored_lot(market, "600000.00", "500000.00")
    for expert in panel[:2]:
        await mark(lot, expert, "60", "90")
    late = await an_expert(market)
    with pytest.raises(errors.PanelFull) as full:
        await appoint(market, lot.id, late)
    assert full.value.facts == {"experts": 3}
    # An expert who has not sworn holds his place, too.
    await service.recuse_expert(market.tx, market.keys, market.operator, lot.id, 3)
    await appoint(market, lot.id, late)
    with pytest.raises(errors.PanelFull):
        await appoint(market, lot.id, await an_expert(market))
    await swear(market, lot.id, late)
    await mark(lot, late, "60", "90")
    assert (await service.get_trade(market.tx, market.operator, lot.trade.id)).state is TradeState.AWARDED
    assert [len(one["marks"]) for one in (await service.get_scores(market.tx, late, lot.id)).document["sheets"]] == [
        2,
        2,
        2,
    ]
    with pytest.raises(errors.PanelClosed):
        await service.recuse_expert(market.tx, market.keys, market.operator, lot.id, 1)


async def test_no_proposal_is_opened_before_the_whole_panel_has_sworn(market: Market) -> None:
    listing = await an_offer(market.tx, market.seller, market.operator)
    trade = await an_announced_scored_trade(market, listing.id, Method.SCORED, criteria=SCORED)
    lot = await taking_envelopes(market, trade)
    await lot.put(market.buyers[0], envelope=await lot.quote(market.buyers[0], None, content=offer("600000.00")))
    await sworn(market, lot.id, 2)
    third = await an_expert(market)
    await appoint(market, lot.id, third)
    await lot.end()
    with pytest.raises(errors.PanelIncomplete) as refused:
        await lot.open()
    due_at = (await service.get_lot(market.tx, market.operator, lot.id)).step_due_at
    assert refused.value.facts == {"seated": 2, "experts": 3, "due_at": due_at}
    await swear(market, lot.id, third)
    await lot.open()
    assert (await service.get_lot(market.tx, market.operator, lot.id)).step is LotStep.SCORES


async def test_an_expert_leaves_when_his_organisation_takes_part_and_only_then(market: Market) -> None:
    """Registering, or signing a mandate, takes him off the panel; being named by another does not."""
    listing = await an_offer(market.tx, market.seller, market.operator)
    trade = await an_announced_scored_trade(market, listing.id, Method.SCORED, criteria=SCORED)
    named = await an_expert(market)
    by_mandate = await service.register_intent(market.tx, market.buyers[0], trade.id, principal_org=named.org)
    await appoint(market, trade.lot.id, named)
    await swear(market, trade.lot.id, named)
    panel = [named, *await sworn(market, trade.lot.id, 2)]

    async def states() -> list[PanelSeatState]:
        return [one.state for one in (await service.get_panel(market.tx, market.operator, trade.lot.id)).seats]

    assert await states() == [PanelSeatState.SEATED] * 3
    await service.register_intent(market.tx, panel[1], trade.id)
    assert await states() == [PanelSeatState.SEATED, PanelSeatState.RECUSED, PanelSeatState.SEATED]
    (mine,) = await service.list_participants(market.tx, named, trade.id)
    assert mine.mandate is not None
    await service.sign_mandate(market.tx, named, by_mandate.id, document_sha256=mine.mandate.document_sha256)
    assert await states() == [PanelSeatState.RECUSED, PanelSeatState.RECUSED, PanelSeatState.SEATED]


async def test_an_expert_who_joins_a_bidder_marks_no_more_and_what_he_gave_does_not_count(market: Market) -> None:
    lot, panel = await a_scored_lot(market, "600000.00", "600000.00")
    await mark(lot, panel[0], "0", "100")
    await joins(market, panel[0], market.buyers[1])
    await joins(market, panel[1], market.buyers[1])
    with pytest.raises(errors.ExpertConflicted) as refused:
        await mark(lot, panel[1], "0", "100")
    assert refused.value.facts["because"] == ["member_of_a_participant"]
    await mark(lot, panel[2], "90", "60")
    shown = await service.get_panel(market.tx, market.operator, lot.id)
    assert [one.state for one in shown.seats] == [
        PanelSeatState.RECUSED,
        PanelSeatState.RECUSED,
        PanelSeatState.SEATED,
    ]
    more = [await an_expert(market), await an_expert(market)]
    for expert in more:
        await appoint(market, lot.id, expert)
        await swear(market, lot.id, expert)
        await mark(lot, expert, "90", "60")
    document = (await service.get_scores(market.tx, market.operator, lot.id)).document
    assert [one["expert"] for one in document["sheets"]] == [3, 4, 5]
    (award, *_) = await service.list_awards(market.tx, market.operator, lot.trade.id)
    assert award.buyer_organisation_id == market.buyers[0].org


async def joins(market: Market, person: Actor, org: Actor) -> None:
    async with market.tx.begin() as db:
        db.add(Membership(person_id=person.person, org_id=org.org, roles=["TRADER"], ended_at=None))


async def test_an_open_challenge_is_decided_over_proposals_whose_documents_only_the_panel_reads(
    market: Market,
) -> None:
    demand = await a_demand(market.tx, market.seller, market.operator)
    trade = await an_announced_scored_trade(market, demand.id, Method.SELECTION, criteria=SELECTION)
    panel = await sworn(market, trade.lot.id)
    lot = await taking_envelopes(market, trade)
    plan = "ab" * 32
    for buyer, asked, documents in ((market.buyers[0], "300000.00", [plan]), (market.buyers[1], "200000.00", [])):
        content = offer(asked, field="asked", documents=documents)
        await lot.put(buyer, envelope=await lot.quote(buyer, None, content=content))
    await lot.end()
    await lot.open()
    read = await service.list_proposals(market.tx, panel[0], lot.id)
    first = await lot.number_of(market.buyers[0])
    mine = next(one for one in read if one.number == first)
    assert mine.documents == (plan,)
    room = Ref.parse(mine.data_room)
    assert list((await disclosure.list_documents(market.tx, panel[0], room, limit=5)).items) == []
    with pytest.raises(NotFound):
        await disclosure.list_documents(market.tx, market.buyers[1], room, limit=5)
    for expert in panel:
        await mark(lot, expert, "95", "60")
    with pytest.raises(NotFound):
        await disclosure.list_documents(market.tx, panel[0], room, limit=5)
    assert (await disclosure.list_documents(market.tx, market.buyers[0], room, limit=5)).items == []
    (award, _) = await service.list_awards(market.tx, market.operator, trade.id)
    assert (award.buyer_organisation_id, award.price.minor) == (market.buyers[0].org, 30_000_000)
    opening = await service.get_opening(market.tx, market.buyers[1], lot.id)
    assert all(one.content is None for one in opening.envelopes)


async def test_documents_are_closed_to_who_leaves_the_panel_and_to_all_when_nobody_gets_the_lot(market: Market) -> None:
    lot, panel, room = await a_challenge(market)

    async def readers() -> list[bool]:
        return [await reads(market, who, room) for who in (*panel, market.seller, market.buyers[0])]

    assert await readers() == [True, True, True, True, True]
    await service.declare(market.tx, panel[1], lot.id, conflicted=True, document_sha256=None)
    assert await readers() == [True, False, True, True, True]
    due_at = (await service.get_lot(market.tx, market.operator, lot.id)).step_due_at
    assert due_at is not None
    await move_to(market.tx, due_at)
    assert await service.scores_due(market.tx, market.keys) == 1
    assert (await service.get_lot(market.tx, market.operator, lot.id)).state is LotState.UNSOLD
    assert await readers() == [False, False, False, False, True]


async def test_documents_are_closed_when_the_trade_is_terminated(market: Market) -> None:
    lot, panel, room = await a_challenge(market)
    await service.terminate(
        market.tx, market.operator, lot.trade.id, cause=TerminationCause.OTHER, reasons="Sample / 示例"
    )
    assert [await reads(market, who, room) for who in (*panel, market.seller)] == [False] * 4


async def test_the_lister_keeps_the_documents_of_those_who_may_still_get_the_lot(tx: Tx, keys: Keys) -> None:
    market = await a_market_at_work(tx, keys, buyers=3)
    lot, panel, _ = await a_challenge(market)
    by_number = {one.number: one.data_room for one in await service.list_proposals(tx, market.operator, lot.id)}
    rooms = [Ref.parse(by_number[await lot.number_of(buyer)]) for buyer in market.buyers]
    for expert in panel:
        await mark(lot, expert, "95", "60", "20")
    assert [await reads(market, market.seller, room) for room in rooms] == [True, True, False]
    (_, second) = await service.list_awards(tx, market.operator, lot.trade.id)
    await service.leave_as_runner_up(tx, market.buyers[1], second.id)
    assert [await reads(market, market.seller, room) for room in rooms] == [True, False, False]


async def a_challenge(market: Market) -> tuple[SealedLot, list[Actor], Ref]:
    """Each proposal names a document; the panel has its time. With the room of the first bidder."""
    demand = await a_demand(market.tx, market.seller, market.operator)
    trade = await an_announced_scored_trade(
        market, demand.id, Method.SELECTION, criteria=SELECTION, scoring_seconds=86_400
    )
    panel = await sworn(market, trade.lot.id)
    lot = await taking_envelopes(market, trade)
    for n, buyer in enumerate(market.buyers):
        content = offer("300000.00", field="asked", documents=[f"{n:02x}" * 32])
        await lot.put(buyer, envelope=await lot.quote(buyer, None, content=content))
    await lot.end()
    await lot.open()
    first = await lot.number_of(market.buyers[0])
    read = await service.list_proposals(market.tx, panel[0], lot.id)
    return lot, panel, Ref.parse(next(one.data_room for one in read if one.number == first))


async def reads(market: Market, who: Actor, room: Ref) -> bool:
    try:
        await disclosure.list_documents(market.tx, who, room, limit=5)
    except NotFound:
        return False
    return True


async def test_a_selection_is_made_on_a_demand_and_nothing_else_is(market: Market) -> None:
    demand = await a_demand(market.tx, market.seller, market.operator)
    sale = await an_offer(market.tx, market.seller, market.operator)
    for listing, method, criteria in ((demand.id, Method.SCORED, SCORED), (sale.id, Method.SELECTION, SELECTION)):
        with pytest.raises(errors.DemandNeeded):
            await service.draft_trade(
                market.tx,
                market.seller,
                listing_id=listing,
                method=method,
                terms={"criteria": criteria, "quoting_seconds": 3600},
                lots=[LotDraft(start_price_minor=50_000_000)],
                deposit_minor=0,
            )
