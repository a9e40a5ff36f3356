"""The two views on a participant: their grounds, their deadlines, silence, and who may not give one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Role
from techmarket.identity.tables import Membership
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.trading import errors, qualification, service
from techmarket.trading.lifecycle import DepositState, ParticipantState, PauseCause
from techmarket.trading.qualification import Ground, Kinship, OpinionBy
from techmarket.trading.views import ParticipantView
from tests.identity.make import a_member, an_organisation
from tests.notices.make import move_to, shanghai
from tests.trading.make import Market, a_market_at_work, an_announced_trade

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys, buyers=2)


async def joins(market: Market, person_id: object, org_id: object) -> None:
    async with market.tx.begin() as db:
        db.add(Membership(person_id=person_id, org_id=org_id, roles=["TRADER"], ended_at=None))


async def seen(market: Market, one: ParticipantView) -> ParticipantView:
    rows = await service.list_participants(market.tx, market.operator, one.trade_id)
    return next(row for row in rows if row.id == one.id)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_seller_answers_in_its_time_and_leaves_the_participant_half_of_what_is_left(period: int, left: int) -> None:
    opens_at = NOON + timedelta(seconds=left)
    due = qualification.answer_due_at(NOON, NOON + timedelta(seconds=period), opens_at)
    assert due == min(NOON + timedelta(seconds=period), NOON + (opens_at - NOON) / 2)
    assert opens_at - due >= due - NOON
    assert qualification.answer_due_at(NOON, None, opens_at) == NOON + (opens_at - NOON) / 2


async def test_each_view_has_its_deadline_and_is_kept_with_its_words(market: Market) -> None:
    trade = await an_announced_trade(market)
    mine = await service.register_intent(market.tx, market.buyers[0], trade.id)
    # Registered on Monday 2 March 2026: three working days on is Thursday.
    assert (mine.waits_for, mine.due_at) == (OpinionBy.OPERATOR, shanghai(2026, 3, 6))
    admitted = await service.admit(market.tx, market.operator, mine.id, words="Sample: papers are in order.")
    assert (admitted.waits_for, admitted.due_at) == (OpinionBy.SELLER, shanghai(2026, 3, 6))
    done = await service.confirm(market.tx, market.seller, mine.id)
    assert (done.waits_for, done.due_at, done.state) == (None, None, ParticipantState.QUALIFIED)
    assert [(one.by, one.accepted, one.words, one.by_the_clock) for one in done.opinions] == [
        (OpinionBy.OPERATOR, True, "Sample: papers are in order.", False),
        (OpinionBy.SELLER, True, None, False),
    ]
    with pytest.raises(DBAPIError):
        async with market.tx.begin() as db:
            await db.execute(text("UPDATE participant_opinion SET accepted = false"))


async def test_who_does_not_accept_says_why_and_the_participant_reads_it(market: Market) -> None:
    trade = await an_announced_trade(market)
    first, second = [await service.register_intent(market.tx, buyer, trade.id) for buyer in market.buyers]
    with pytest.raises(errors.GroundsNeeded) as no:
        await service.admit(market.tx, market.operator, first.id, accepted=False)
    assert no.value.pointer == "/body/grounds"
    assert (await seen(market, first)).state is ParticipantState.REGISTERED
    grounds = [Ground.PAPERS_INCOMPLETE, Ground.OTHER]
    out = await service.admit(
        market.tx, market.operator, first.id, accepted=False, grounds=grounds, words="Sample: no licence."
    )
    assert (out.state, out.due_at) == (ParticipantState.REJECTED, None)
    (read,) = await service.list_participants(market.tx, market.buyers[0], trade.id)
    assert [(one.grounds, one.words) for one in read.opinions] == [
        ((Ground.OTHER, Ground.PAPERS_INCOMPLETE), "Sample: no licence.")
    ]
    await service.admit(market.tx, market.operator, second.id)
    refused = await service.confirm(
        market.tx, market.seller, second.id, accepted=False, grounds=[Ground.CONDITIONS_NOT_MET]
    )
    assert refused.state is ParticipantState.REJECTED
    async with market.tx.read() as db:
        facts = (
            await db.execute(
                text("SELECT facts::text FROM journal_entry WHERE kind = 'trading.participant_rejected' ORDER BY id")
            )
        ).scalars()
        assert not any("Sample" in one for one in facts)


async def test_a_seller_who_is_silent_has_confirmed_whom_the_market_admitted_exactly_once(market: Market) -> None:
    trade = await an_announced_trade(market)
    first, second = [await service.register_intent(market.tx, buyer, trade.id) for buyer in market.buyers]
    due = (await service.admit(market.tx, market.operator, first.id)).due_at
    assert due is not None
    await move_to(market.tx, due - timedelta(seconds=1))
    assert await service.silence_due(market.tx) == 0
    await move_to(market.tx, due)
    done = await asyncio.gather(*[service.silence_due(market.tx) for _ in range(4)])
    assert sum(done) == 1
    after = await seen(market, first)
    assert (after.state, [one.state for one in after.deposits]) == (ParticipantState.QUALIFIED, [DepositState.DUE])
    assert [(one.by, one.by_the_clock) for one in after.opinions][1:] == [(OpinionBy.SELLER, True)]
    # The market's own silence admits nobody.
    assert (await seen(market, second)).state is ParticipantState.REGISTERED


async def test_a_late_answer_and_the_clock_at_the_same_moment_make_one_view(market: Market) -> None:
    trade = await an_announced_trade(market)
    mine = await service.register_intent(market.tx, market.buyers[0], trade.id)
    due = (await service.admit(market.tx, market.operator, mine.id)).due_at
    assert due is not None
    await move_to(market.tx, due)
    results = await asyncio.gather(
        service.confirm(market.tx, market.seller, mine.id, accepted=False, grounds=[Ground.CREDIT_RECORD]),
        service.silence_if_due(market.tx, mine.id),
        return_exceptions=True,
    )
    after = await seen(market, mine)
    assert len(after.opinions) == 2
    if after.state is ParticipantState.QUALIFIED:
        assert (isinstance(results[0], NotInThisState), results[1]) == (True, True)
    else:
        assert (after.state, results[1], after.deposits) == (ParticipantState.REJECTED, False, ())


async def test_two_officers_who_judge_one_participant_at_once_give_one_view(market: Market) -> None:
    trade = await an_announced_trade(market)
    mine = await service.register_intent(market.tx, market.buyers[0], trade.id)
    results = await asyncio.gather(
        *[
            service.admit(market.tx, market.operator, mine.id, accepted=n % 2 == 0, grounds=[Ground.OTHER])
            for n in range(6)
        ],
        return_exceptions=True,
    )
    assert [type(one) for one in results if isinstance(one, Exception)] == [NotInThisState] * 5
    assert len((await seen(market, mine)).opinions) == 1


async def test_a_suspension_takes_no_time_from_the_seller(market: Market) -> None:
    trade = await an_announced_trade(market)
    mine = await service.register_intent(market.tx, market.buyers[0], trade.id)
    due = (await service.admit(market.tx, market.operator, mine.id)).due_at
    assert due is not None
    await move_to(market.tx, due - timedelta(hours=1))
    await service.suspend_trade(
        market.tx, market.operator, trade.id, cause=PauseCause.FORCE_MAJEURE, reasons="Sample reasons."
    )
    await move_to(market.tx, due + timedelta(hours=5))
    assert await service.silence_due(market.tx) == 0
    assert await service.silence_if_due(market.tx, mine.id) is False
    await service.resume_trade(market.tx, market.operator, trade.id, reasons="Sample reasons.")
    later = (await seen(market, mine)).due_at
    assert later is not None
    assert timedelta(hours=6) <= later - due < timedelta(hours=6, minutes=1)


async def test_the_market_and_the_seller_each_see_who_waits_for_their_view(market: Market) -> None:
    trade = await an_announced_trade(market)
    first, second = [await service.register_intent(market.tx, buyer, trade.id) for buyer in market.buyers]
    await service.admit(market.tx, market.operator, second.id)

    async def queue(who: object) -> list[object]:
        page = await service.list_due_opinions(market.tx, who, cursor=None, limit=20)  # type: ignore[arg-type]
        return [line.participant.id for line in page.items]

    assert await queue(market.operator) == [first.id]
    assert await queue(market.seller) == [second.id]
    assert await queue(market.buyers[0]) == []
    one = await service.list_due_opinions(market.tx, market.operator, cursor=None, limit=1)
    assert (one.items[0].trade_number, one.next_cursor) == (trade.number, None)
    await service.register_intent(market.tx, (await an_organisation(market.tx)).actor, trade.id)
    page = await service.list_due_opinions(market.tx, market.operator, cursor=None, limit=1)
    rest = await service.list_due_opinions(market.tx, market.operator, cursor=page.next_cursor, limit=1)
    assert (page.items[0].participant.id, rest.items[0].participant.id != first.id) == (first.id, True)


async def test_nobody_judges_a_participant_he_belongs_to(market: Market) -> None:
    trade = await an_announced_trade(market)
    mine = await service.register_intent(market.tx, market.buyers[0], trade.id)
    await joins(market, market.operator.person, market.buyers[0].org)
    with pytest.raises(errors.JudgeConflicted):
        await service.admit(market.tx, market.operator, mine.id)
    assert (await seen(market, mine)).opinions == ()
    other = await service.register_intent(market.tx, market.buyers[1], trade.id)
    with pytest.raises(errors.JudgeConflicted):  # a rival of whom he belongs to
        await service.admit(market.tx, market.operator, other.id)
    colleague = (await a_member(market.tx, market.operator, Role.OPERATOR)).actor
    await service.admit(market.tx, colleague, other.id)
    await joins(market, market.seller.person, market.buyers[1].org)
    with pytest.raises(errors.JudgeConflicted):
        await service.confirm(market.tx, market.seller, other.id)
    assert (await seen(market, other)).state is ParticipantState.ADMITTED
    stranger = (await an_organisation(market.tx)).actor
    with pytest.raises(NotFound):
        await service.confirm(market.tx, stranger, other.id)


async def test_each_ground_of_kinship_is_found_once_at_registration(market: Market) -> None:
    trade = await an_announced_trade(market)
    await joins(market, market.seller.person, market.buyers[1].org)
    declared = await service.register_intent(market.tx, market.buyers[0], trade.id, related=True)
    shared = await service.register_intent(market.tx, market.buyers[1], trade.id)
    assert declared.related_because == (Kinship.DECLARED,)
    # The seller's one person is also the completer of its sample result.
    assert Kinship.SHARED_PERSON in shared.related_because
    assert (declared.related, shared.related) == (True, True)
    await joins(market, market.seller.person, market.buyers[0].org)
    assert (await seen(market, declared)).related_because == (Kinship.DECLARED,)
