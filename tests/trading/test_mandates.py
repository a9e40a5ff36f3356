"""Mandates: an agent bids, the principal signs before it is admitted, pays the deposit and is the buyer."""

from __future__ import annotations

import asyncio

import pytest

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.tables import Membership
from techmarket.kernel.ids import new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.notices import service as notices
from techmarket.notices.errors import EvidenceMissing
from techmarket.settlement import steps as settlement
from techmarket.signing import errors as signing_errors
from techmarket.trading import errors, service, steps
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import AwardState, ParticipantState, SeatState
from techmarket.trading.qualification import Ground, Kinship
from techmarket.trading.views import ParticipantView, TradeView
from tests.door import Door
from tests.identity.make import an_organisation
from tests.notices.make import move_to
from tests.settlement.make import escrow
from tests.trading.make import DEPOSIT, Market, a_market_at_work, an_announced_trade, pay_deposit


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys)


async def by_mandate(market: Market, trade: TradeView) -> ParticipantView:
    """The first buyer bids for the second."""
    return await service.register_intent(market.tx, market.buyers[0], trade.id, principal_org=market.buyers[1].org)


async def sign(market: Market, mine: ParticipantView) -> ParticipantView:
    assert mine.mandate is not None
    return await service.sign_mandate(
        market.tx, market.buyers[1], mine.id, document_sha256=mine.mandate.document_sha256
    )


async def test_the_principal_signs_before_the_agent_is_admitted_and_nobody_signs_for_it(
    market: Market, door: Door
) -> None:
    trade = await an_announced_trade(market)
    mine = await by_mandate(market, trade)
    assert mine.mandate is not None
    said = mine.mandate.document
    parties = [str(market.buyers[n].org) for n in (0, 1)]
    assert [said["agent"]["organisation"], said["principal"]["organisation"]] == parties
    with pytest.raises(errors.MandateNotSigned):
        await service.admit(market.tx, market.operator, mine.id)
    with pytest.raises(NotFound):
        await service.sign_mandate(market.tx, market.buyers[2], mine.id, document_sha256=mine.mandate.document_sha256)
    with pytest.raises(signing_errors.WrongDocument):
        await service.sign_mandate(market.tx, market.buyers[1], mine.id, document_sha256="a" * 64)
    (seen,) = await service.list_participants(market.tx, market.buyers[1], trade.id)
    assert (seen.id, seen.state, seen.mandate == mine.mandate) == (mine.id, ParticipantState.REGISTERED, True)
    read = {"document_sha256": mine.mandate.document_sha256}
    signed = await door.post(market.buyers[1], f"/v1/participants/{mine.id}/mandate/signature", read)
    assert signed["mandate"]["signed_at"] is not None
    assert (await service.admit(market.tx, market.operator, mine.id)).state is ParticipantState.ADMITTED


async def test_a_principal_is_another_verified_organisation_and_not_the_seller(market: Market) -> None:
    trade = await an_announced_trade(market)
    unverified = (await an_organisation(market.tx, verified=False)).actor.org
    for unfit in (market.buyers[0].org, market.seller.org, new_id(), unverified):
        with pytest.raises(errors.PrincipalUnfit):
            await service.register_intent(market.tx, market.buyers[0], trade.id, principal_org=unfit)
    assert list(await service.list_participants(market.tx, market.operator, trade.id)) == []


async def test_whoever_signed_a_mandate_does_not_also_take_part_itself(market: Market) -> None:
    trade = await an_announced_trade(market)
    mine = await by_mandate(market, trade)
    # To be named binds nobody: registration and signature race, and one of them holds.
    results = await asyncio.gather(
        sign(market, mine),
        service.register_intent(market.tx, market.buyers[1], trade.id),
        return_exceptions=True,
    )
    assert [type(one) for one in results if isinstance(one, Exception)] == [errors.StandsAlready]


async def test_the_principals_kin_make_a_related_party_and_nobody_judges_for_his_own_principal(market: Market) -> None:
    trade = await an_announced_trade(market)
    async with market.tx.begin() as db:
        db.add(Membership(person_id=market.seller.person, org_id=market.buyers[1].org, roles=[], ended_at=None))
    mine = await by_mandate(market, trade)
    assert Kinship.SHARED_PERSON in mine.related_because
    await sign(market, mine)
    await service.admit(market.tx, market.operator, mine.id)
    with pytest.raises(errors.JudgeConflicted):
        await service.confirm(market.tx, market.seller, mine.id)


async def test_the_agent_bids_and_the_principal_pays_the_deposit_and_is_the_buyer(market: Market, keys: Keys) -> None:
    trade = await an_announced_trade(market)
    mine = await by_mandate(market, trade)
    await sign(market, mine)
    await service.admit(market.tx, market.operator, mine.id)
    asked = await service.confirm(market.tx, market.seller, mine.id)
    async with market.tx.read() as db:
        due = await settlement.get_due(db, asked.deposits[0].due_id)
    assert due.payer_org == market.buyers[1].org
    await pay_deposit(market, asked)
    assert await escrow(market.tx, market.buyers[1].org) == (DEPOSIT, 0)
    (ready,) = await service.list_participants(market.tx, market.buyers[0], trade.id)
    assert [seat.state for seat in ready.seats] == [SeatState.READY]
    assert trade.bidding_opens_at is not None
    await move_to(market.tx, trade.bidding_opens_at)
    await service.open_due(market.tx)
    async with BidBook(market.tx.engine, keys.receipts) as book:
        answer = await service.place_bid(book, market.buyers[0], trade.lot.id, minor=50_000_000, key="one")
    assert answer.is_accepted
    lot = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert lot.effective_end is not None
    await move_to(market.tx, lot.effective_end)
    await service.close_due(market.tx)
    for reader in market.buyers[:2]:
        (award,) = await service.list_awards(market.tx, reader, trade.id)
        assert (award.buyer_organisation_id, award.agent_organisation_id, award.state) == (
            market.buyers[1].org,
            market.buyers[0].org,
            AwardState.OFFERED,
        )
    async with market.tx.read() as db:
        facts = await steps.get_award(db, award.id)
    assert (facts.buyer_org_id, facts.agent_org_id) == (market.buyers[1].org, market.buyers[0].org)
    assert award.notice_id is not None
    told = (await notices.get_notice(market.tx, market.operator, award.notice_id)).document
    assert told["buyer"] != told["represented_by"]


async def test_a_mandate_is_signed_while_it_waits_alone_and_binds_no_longer_than_it_takes_part(market: Market) -> None:
    trade = await an_announced_trade(market)
    with pytest.raises(EvidenceMissing):
        await service.register_intent(
            market.tx,
            market.buyers[0],
            trade.id,
            principal_org=market.buyers[1].org,
            mandate_evidence_sha256="e" * 64,
        )
    mine = await by_mandate(market, trade)
    await sign(market, mine)
    with pytest.raises(signing_errors.SignedAlready):
        await sign(market, mine)
    await service.admit(market.tx, market.operator, mine.id, accepted=False, grounds=[Ground.CREDIT_RECORD])
    with pytest.raises(NotInThisState):
        await sign(market, mine)
    own = await service.register_intent(market.tx, market.buyers[1], trade.id)
    assert own.state is ParticipantState.REGISTERED


async def test_to_be_named_binds_nobody_and_whoever_takes_part_signs_no_mandate_nor_does_anybody_after_the_opening(
    market: Market,
) -> None:
    trade = await an_announced_trade(market)
    mine = await by_mandate(market, trade)
    await service.register_intent(market.tx, market.buyers[1], trade.id)
    with pytest.raises(errors.StandsAlready):
        await sign(market, mine)
    other = await an_announced_trade(market)
    late = await by_mandate(market, other)
    assert other.bidding_opens_at is not None
    await move_to(market.tx, other.bidding_opens_at)
    await service.open_due(market.tx)
    with pytest.raises(NotInThisState):
        await sign(market, late)
