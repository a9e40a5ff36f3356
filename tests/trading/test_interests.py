"""Nobody acts on a trade in which he has a side: the market's people, opening officers, experts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.disclosure import service as disclosure
from techmarket.disclosure.errors import TierNotGranted
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.identity.tables import Membership
from techmarket.kernel.ids import Ref
from techmarket.kernel.refusals import NotFound
from techmarket.notices import service as notices
from techmarket.notices.errors import NoLongerStands
from techmarket.trading import errors, service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import (
    DepositState,
    ForfeitCause,
    LotState,
    Method,
    PanelSeatState,
    PauseCause,
    TerminationCause,
    TradeState,
)
from techmarket.trading.service import LotDraft
from tests.identity.make import a_member, an_organisation
from tests.listings.make import a_demand, an_offer
from tests.notices.make import move_to, shanghai
from tests.trading.make import (
    Market,
    a_market_at_work,
    an_announced_trade,
    an_awarded_trade,
    an_open_trade,
    the_seller_signs,
)
from tests.trading.sealed_make import (
    a_sealed_lot,
    an_announced_scored_trade,
    an_announced_sealed_trade,
    dealt,
    taking_envelopes,
)
from tests.trading.test_panel import SCORED, SELECTION, a_scored_lot, an_expert, appoint, mark, offer, sworn


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys, buyers=2)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def joins(tx: Tx, person: Actor, org: Actor) -> None:
    async with tx.begin() as db:
        db.add(Membership(person_id=person.person, org_id=org.org, roles=["TRADER"], ended_at=None))


async def test_an_operator_who_belongs_to_one_bidder_does_nothing_to_the_trade_of_all(market: Market, tx: Tx) -> None:
    running = await an_open_trade(market)
    waiting = await an_announced_trade(market)
    mine = await service.register_intent(tx, market.buyers[0], waiting.id)
    rival = await service.register_intent(tx, market.buyers[1], waiting.id)
    await joins(tx, market.operator, market.buyers[0])
    of_rival = (await service.list_participants(tx, market.buyers[1], running.id))[0].deposits[0].id
    operator, why = market.operator, "Sample"
    acts: dict[str, Callable[[], Awaitable[object]]] = {
        "admit": lambda: service.admit(tx, operator, rival.id),
        "extend": lambda: service.extend_announcement(tx, operator, waiting.id, reasons=why),
        "suspend": lambda: service.suspend_trade(tx, operator, waiting.id, cause=PauseCause.OTHER, reasons=why),
        "resume": lambda: service.resume_trade(tx, operator, waiting.id, reasons=why),
        "terminate": lambda: service.terminate(tx, operator, running.id, cause=TerminationCause.OTHER, reasons=why),
        "decline": lambda: service.decline_termination(tx, operator, waiting.id, reasons=why),
        "pause": lambda: service.pause_lot(tx, operator, running.lot.id, cause=PauseCause.OTHER, reason=why),
        "go on": lambda: service.resume_lot(tx, operator, running.lot.id),
        "shut out": lambda: service.forfeit_deposit(
            tx, operator, of_rival, cause=ForfeitCause.BREACH_OF_RULES, reasons=why
        ),
        "seal": lambda: service.seal_lot(tx, operator, waiting.lot.id, public_key=b"", needed=3, officers=[]),
    }
    for name, act in acts.items():
        with pytest.raises(errors.JudgeConflicted):
            await act()
        assert name
    colleague = (await a_member(tx, operator, Role.OPERATOR)).actor
    await service.admit(tx, colleague, rival.id)
    await service.pause_lot(tx, colleague, running.lot.id, cause=PauseCause.OTHER, reason=why)
    await service.withdraw(tx, market.buyers[0], mine.id)
    await service.suspend_trade(tx, operator, waiting.id, cause=PauseCause.OTHER, reasons=why)  # no side of it any more


async def test_who_holds_a_share_of_a_key_takes_no_part_and_who_takes_part_holds_none(
    market: Market, tx: Tx, keys: Keys
) -> None:
    trade = await an_announced_sealed_trade(market)
    made = await dealt(tx, market.operator, keys)
    agency = await an_organisation(tx, kind=OrgKind.AGENCY, keys=keys)
    agent = await service.register_intent(tx, market.buyers[0], trade.id, principal_org=agency.actor.org)
    signed = made.named(trade.lot.id)

    async def seal() -> None:
        await service.seal_lot(tx, market.operator, trade.lot.id, public_key=made.public_key, needed=3, officers=signed)

    await seal()
    notary = made.officers[4].actor
    with pytest.raises(errors.OfficerCannotBuy):
        await service.register_intent(tx, notary, trade.id)
    with pytest.raises(errors.OfficerCannotBuy):
        await service.register_intent(tx, market.buyers[1], trade.id, principal_org=notary.org)
    await joins(tx, notary, market.buyers[1])
    with pytest.raises(errors.OfficerCannotBuy):
        await service.register_intent(tx, market.buyers[1], trade.id)
    made.officers[4] = agency
    signed = made.named(trade.lot.id)
    await seal()  # named as a principal it is bound by nothing yet
    assert agent.mandate is not None
    with pytest.raises(errors.OfficerCannotBuy):
        await service.sign_mandate(tx, agency.actor, agent.id, document_sha256=agent.mandate.document_sha256)
    made.officers[4] = await an_organisation(tx, kind=OrgKind.AGENCY, keys=keys)
    signed = made.named(trade.lot.id)
    await seal()
    await service.sign_mandate(tx, agency.actor, agent.id, document_sha256=agent.mandate.document_sha256)
    made.officers[4] = agency
    signed = made.named(trade.lot.id)
    with pytest.raises(errors.OfficersUnfit):
        await seal()


async def test_an_expert_whose_side_came_into_the_trade_after_he_swore_is_off_the_panel_when_proposals_are_read(
    market: Market, tx: Tx, keys: Keys
) -> None:
    listing = await an_offer(tx, market.seller, market.operator)
    trade = await an_announced_scored_trade(market, listing.id, Method.SCORED, criteria=SCORED)
    panel = await sworn(market, trade.lot.id)
    rival = panel[0]
    town = Market(tx, keys, market.operator, market.seller, (*market.buyers, rival))
    lot = await taking_envelopes(town, trade)
    for buyer in town.buyers:
        await lot.put(buyer, envelope=await lot.quote(buyer, None, content=offer("600000.00")))
    shown = await service.get_panel(tx, market.operator, lot.id)
    assert [seat.state for seat in shown.seats] == [
        PanelSeatState.RECUSED,
        PanelSeatState.SEATED,
        PanelSeatState.SEATED,
    ]
    (other,) = await sworn(market, lot.id, 1)
    await lot.end()
    await lot.open()
    with pytest.raises(errors.DeclarationMissing):
        await mark(lot, rival, "0", "0", "100")
    with pytest.raises(errors.DeclarationMissing):
        await service.list_proposals(tx, rival, lot.id)
    for expert in (*panel[1:], other):
        await mark(lot, expert, "60", "70", "50")
    first, *_ = await service.list_awards(tx, market.operator, trade.id)
    assert first.buyer_organisation_id == market.buyers[1].org


async def test_a_panel_is_as_large_as_announced_and_nobody_is_knocked_off_it_by_a_name(market: Market, tx: Tx) -> None:
    lot, panel = await a_scored_lot(market, "600000.00", "600000.00")
    with pytest.raises(errors.PanelFull) as full:
        await appoint(market, lot.id, await an_expert(market))
    assert full.value.facts == {"experts": 3}
    await service.recuse_expert(tx, market.keys, market.operator, lot.id, 1)
    await sworn(market, lot.id, 1)
    assert len(panel) == 3
    listing = await an_offer(tx, market.seller, market.operator)
    trade = await an_announced_scored_trade(market, listing.id, Method.SCORED, criteria=SCORED)
    expert = await an_expert(market)
    named = await service.register_intent(tx, market.buyers[0], trade.id, principal_org=expert.org)
    await appoint(market, trade.lot.id, expert)
    assert named.mandate is not None
    await service.sign_mandate(tx, expert, named.id, document_sha256=named.mandate.document_sha256)
    shown = await service.get_panel(tx, market.operator, trade.lot.id)
    assert [seat.state for seat in shown.seats] == [PanelSeatState.RECUSED]


async def test_documents_of_proposals_are_closed_to_who_is_recused_and_to_all_when_nobody_bought(
    market: Market, tx: Tx, keys: Keys
) -> None:
    demand = await a_demand(tx, market.seller, market.operator)
    terms = {"criteria": SELECTION, "scoring_seconds": 86_400}
    trade = await an_announced_scored_trade(market, demand.id, Method.SELECTION, **terms)
    panel = await sworn(market, trade.lot.id)
    lot = await taking_envelopes(market, trade)
    for buyer, asked in zip(market.buyers, ("300000.00", "200000.00"), strict=True):
        content = offer(asked, field="asked", documents=["ab" * 32])
        await lot.put(buyer, envelope=await lot.quote(buyer, None, content=content))
    await lot.end()
    await lot.open()
    room = Ref.parse((await service.list_proposals(tx, panel[0], lot.id))[0].data_room)

    async def reads(who: Actor) -> bool:
        try:
            await disclosure.list_documents(tx, who, room, limit=5)
        except (NotFound, TierNotGranted):
            return False
        return True

    assert [await reads(one) for one in (*panel, market.seller)] == [True, True, True, True]
    await service.declare(tx, panel[1], lot.id, conflicted=True, document_sha256=None)
    assert [await reads(one) for one in (*panel, market.seller)] == [True, False, True, True]
    due = (await service.get_lot(tx, market.operator, lot.id)).step_due_at
    assert due is not None
    await move_to(tx, due)
    await service.scores_due(tx, keys)
    assert (await service.get_lot(tx, market.operator, lot.id)).state is LotState.UNSOLD
    assert [await reads(one) for one in (*panel, market.seller)] == [False, False, False, False]


async def test_an_open_challenge_takes_no_price_from_below(market: Market, tx: Tx) -> None:
    demand = await a_demand(tx, market.seller, market.operator)
    cost = [{"name": "cost", "measure": "ASKED", "weight": "1"}]
    for field, lot in (
        ("start_price", LotDraft(start_price_minor=1)),
        ("increment", LotDraft(increment_minor=1)),
        ("reserve_digest", LotDraft(reserve_digest="ab" * 32)),
    ):
        with pytest.raises(errors.TermUnknown) as refused:
            await service.draft_trade(
                tx,
                market.seller,
                listing_id=demand.id,
                method=Method.SELECTION,
                terms={"quoting_seconds": 3600, "criteria": cost},
                lots=[lot],
                deposit_minor=0,
            )
        assert (refused.value.facts["field"], refused.value.pointer) == (field, f"/body/lots/0/{field}")


async def test_a_lapsed_winner_whose_deposit_was_not_at_stake_gets_it_back_while_the_runner_up_signs(
    market: Market, tx: Tx, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000, forfeited_when=[])
    first = next(one for one in await service.list_awards(tx, market.operator, trade.id) if one.rank == 1)
    await the_seller_signs(market, first.id)
    await move_to(tx, shanghai(2026, 4, 24))
    assert await service.lapse_due(tx) == 1
    (lapsed,) = await service.list_participants(tx, market.buyers[1], trade.id)
    (waits,) = await service.list_participants(tx, market.buyers[0], trade.id)
    assert (lapsed.deposits[0].state, lapsed.deposits[0].return_by is not None) == (DepositState.RELEASED, True)
    assert waits.deposits[0].state is DepositState.HELD
    assert (await service.get_trade(tx, market.operator, trade.id)).state is TradeState.AWARDED


async def test_of_the_seller_its_officers_alone_read_who_buys_and_at_which_price(
    market: Market, tx: Tx, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    inventor = (await a_member(tx, market.seller, Role.INVENTOR)).actor
    signatory = (await a_member(tx, market.seller, Role.SIGNATORY)).actor
    assert await service.list_awards(tx, inventor, trade.id) == []
    first, _ = await service.list_awards(tx, signatory, trade.id)
    assert (await service.get_award(tx, signatory, first.id)).price.minor == 60_000_000
    with pytest.raises(NotFound):
        await service.get_award(tx, inventor, first.id)


async def test_whoever_bids_for_others_in_talks_is_empowered_to_bind_them(market: Market, tx: Tx) -> None:
    listing = await an_offer(tx, market.seller, market.operator, price_form="NEGOTIABLE", price=None)
    terms = {"method": Method.NEGOTIATION, "deposit_minor": 0, "increment_minor": None, "terms": {}}
    trade = await an_announced_trade(market, listing_id=listing.id, **terms)
    agent = await service.register_intent(tx, market.buyers[0], trade.id, principal_org=market.buyers[1].org)
    assert agent.mandate is not None
    assert {"make_offers", "accept_offers"} <= set(agent.mandate.document["powers"])
    bidding = await an_announced_trade(market)
    other = await service.register_intent(tx, market.buyers[0], bidding.id, principal_org=market.buyers[1].org)
    assert other.mandate is not None
    assert not {"make_offers", "accept_offers"} & set(other.mandate.document["powers"])


async def test_an_officer_who_joined_a_bidder_gives_no_share_and_the_others_open_the_lot(tx: Tx, keys: Keys) -> None:
    lot = await a_sealed_lot(tx, keys, buyers=2)
    await lot.put(lot.market.buyers[0], "600000.00")
    await lot.end()
    async with tx.begin() as db:
        officer, bidder = lot.dealt.officers[0].actor, lot.market.buyers[1]
        db.add(Membership(person_id=officer.person, org_id=bidder.org, roles=["TRADER"], ended_at=None))
    with pytest.raises(errors.JudgeConflicted):
        await lot.give(1)
    await lot.open(2, 3, 5)
    (award,) = await service.list_awards(tx, lot.market.operator, lot.trade.id)
    assert award.buyer_organisation_id == lot.market.buyers[0].org


async def test_the_result_of_a_winner_who_was_shut_out_is_taken_down_and_objected_to_no_more(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    (winner, _) = await service.list_awards(market.tx, market.operator, trade.id)
    assert winner.notice_id is not None
    (mine,) = await service.list_participants(market.tx, market.buyers[1], trade.id)
    await service.forfeit_deposit(
        market.tx, market.operator, mine.deposits[0].id, cause=ForfeitCause.BREACH_OF_RULES, reasons="Sample / 示例"
    )
    objector = (await an_organisation(market.tx)).actor
    with pytest.raises(NoLongerStands):
        await notices.file_objection(market.tx, objector, winner.notice_id, grounds="Sample / 示例")
