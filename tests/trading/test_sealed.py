"""A sealed lot by its use cases: nobody opens it early, everybody's envelope counts by rule, and it is decided once."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import OrgKind
from techmarket.identity.errors import NotAMember
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound, Refusal
from techmarket.trading import errors, service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import DepositState, LotState, LotStep, Method, PauseCause, SeatState, TradeState
from techmarket.trading.methods import METHODS
from techmarket.trading.reserve import reserve_digest
from techmarket.trading.sealed import rules
from techmarket.trading.sealed.envelopes import Binding, cover, new_key, open_envelope, public_half
from techmarket.trading.sealed.receipts import verify_receipt
from techmarket.trading.sealed.rules import Slot, Verdict
from techmarket.trading.service import Officer
from techmarket.trading.views import AwardView, OpeningView
from tests.identity.make import an_organisation
from tests.notices.make import move_to
from tests.trading.make import DEPOSIT, Market, a_draft, a_market_at_work, a_qualified, an_open_trade
from tests.trading.sealed_make import SealedLot, a_sealed_lot, an_announced_sealed_trade, dealt, seal_lot


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys, buyers=3)


@pytest.fixture
async def lot(market: Market) -> SealedLot:
    return await a_sealed_lot(market.tx, market.keys, market=market)


async def rows(tx: Tx, query: str, **given: Any) -> Sequence[Any]:
    async with tx.read() as db:
        return (await db.execute(text(query), given)).all()


async def opening(lot: SealedLot) -> OpeningView:
    return await service.get_opening(lot.market.tx, lot.market.buyers[0], lot.id)


async def awards(lot: SealedLot) -> list[AwardView]:
    return sorted(
        await service.list_awards(lot.market.tx, lot.market.operator, lot.trade.id), key=lambda award: award.rank
    )


async def state(lot: SealedLot) -> tuple[LotState, LotStep | None]:
    now = await service.get_lot(lot.market.tx, lot.market.operator, lot.id)
    return now.state, now.step


async def kinds(tx: Tx) -> Counter[str]:
    return Counter(row[0] for row in await rows(tx, "SELECT kind FROM journal_entry"))


# --- the key and its officers ---------------------------------------------------------------------------------------


async def test_a_lot_has_a_key_its_officers_and_only_the_hashes_of_their_shares(market: Market) -> None:
    trade = await an_announced_sealed_trade(market)
    made = await seal_lot(market, trade)
    shown = await service.get_sealing(market.tx, market.buyers[0], trade.lot.id)
    assert (shown.public_key, shown.needed, len(shown.officers)) == (made.public_key.hex(), 3, 5)
    assert [one.share_sha256 for one in shown.officers] == [s.digest(trade.lot.id).hex() for s in made.shares]
    assert [one.given_at for one in shown.officers] == [None] * 5
    assert (shown.terms_sha256, shown.opened_at, shown.bidder) == (trade.terms_sha256, None, None)
    assert await rows(market.tx, "SELECT * FROM opening_officer WHERE share IS NOT NULL") == []
    assert (await kinds(market.tx))["trading.lot_sealed"] == 1


async def test_until_quotes_open_a_key_may_be_replaced_and_then_it_stays(market: Market, tx: Tx) -> None:
    trade = await an_announced_sealed_trade(market)
    await seal_lot(market, trade)
    second = await seal_lot(market, trade)
    shown = await service.get_sealing(tx, market.operator, trade.lot.id)
    assert shown.public_key == second.public_key.hex()
    assert len(await rows(tx, "SELECT * FROM opening_officer")) == 5


async def test_a_key_cannot_be_changed_once_quotes_are_taken(lot: SealedLot) -> None:
    with pytest.raises(errors.SealingFixed):
        await seal_lot(lot.market, lot.trade)
    shown = await service.get_sealing(lot.market.tx, lot.market.operator, lot.id)
    assert shown.public_key == lot.dealt.public_key.hex()


async def test_one_key_is_for_one_lot(market: Market) -> None:
    one, other = await an_announced_sealed_trade(market), await an_announced_sealed_trade(market)
    made = await seal_lot(market, one)
    for key in (made.public_key, bytes(32)):
        with pytest.raises(errors.KeyUnfit):
            await service.seal_lot(
                market.tx, market.operator, other.lot.id, public_key=key, needed=3, officers=made.named(other.lot.id)
            )
    with pytest.raises(NotFound):
        await service.get_sealing(market.tx, market.operator, other.lot.id)


async def test_officers_are_independent_different_and_as_many_as_announced(market: Market, tx: Tx, keys: Keys) -> None:
    trade = await an_announced_sealed_trade(market)
    made = await dealt(tx, market.operator, keys)
    good = made.named(trade.lot.id)
    university = await an_organisation(tx, kind=OrgKind.UNIVERSITY)
    agency = await an_organisation(tx, kind=OrgKind.AGENCY, verified=False)
    bidding = await an_organisation(tx, kind=OrgKind.AGENCY)
    await service.register_intent(tx, bidding.actor, trade.id)
    share = good[4].share_sha256
    refused: list[tuple[list[Officer], int, type[Refusal]]] = [
        (good[:4], 3, errors.SealingNotAnnounced),
        (good, 2, errors.SealingNotAnnounced),
        ([*good[:4], Officer(market.seller.person, market.seller.org, share)], 3, errors.OfficersUnfit),
        ([*good[:4], Officer(university.actor.person, university.actor.org, share)], 3, errors.OfficersUnfit),
        ([*good[:4], Officer(agency.actor.person, agency.actor.org, share)], 3, errors.OfficersUnfit),
        ([*good[:4], Officer(bidding.actor.person, bidding.actor.org, share)], 3, errors.OfficersUnfit),
        ([*good[:4], good[3]], 3, errors.OfficersUnfit),
        (
            [*good[:4], Officer(good[4].person_id, good[4].organisation_id, good[3].share_sha256)],
            3,
            errors.OfficersUnfit,
        ),
        ([*good[:4], Officer(good[4].person_id, good[0].organisation_id, share)], 3, NotAMember),
        ([*good[:4], Officer(market.operator.person, market.operator.org, share)], 3, errors.OfficersOfOneHand),
    ]
    for officers, needed, refusal in refused:
        with pytest.raises(refusal):
            await service.seal_lot(
                tx, market.operator, trade.lot.id, public_key=made.public_key, needed=needed, officers=officers
            )
    assert await rows(tx, "SELECT * FROM lot_sealing") == []
    assert (await kinds(tx))["trading.lot_sealed"] == 0


async def test_only_the_operator_registers_a_key_and_only_for_a_sealed_lot(market: Market, tx: Tx, keys: Keys) -> None:
    trade, made = await an_announced_sealed_trade(market), await dealt(tx, market.operator, keys)
    with pytest.raises(NotAllowed):
        await service.seal_lot(
            tx,
            market.seller,
            trade.lot.id,
            public_key=made.public_key,
            needed=3,
            officers=made.named(trade.lot.id),
        )
    online = await a_draft(market)
    with pytest.raises(errors.NoEnvelopesHere):
        await service.seal_lot(
            tx, market.operator, online.lot.id, public_key=made.public_key, needed=3, officers=made.named(online.lot.id)
        )
    with pytest.raises(NotFound):
        await service.get_sealing(tx, market.buyers[0], online.lot.id)


async def test_a_sealed_lot_without_a_key_does_not_open_and_loses_no_time(market: Market, tx: Tx) -> None:
    trade = await an_announced_sealed_trade(market)
    await a_qualified(market, trade, market.buyers[0])
    assert trade.bidding_opens_at is not None
    await move_to(tx, trade.bidding_opens_at)
    assert await service.open_due(tx) == 0
    late = trade.bidding_opens_at + timedelta(hours=5)
    await move_to(tx, late)
    await seal_lot(market, trade)
    assert await service.open_due(tx) == 1
    opened = await service.get_lot(tx, market.operator, trade.lot.id)
    assert opened.opened_at is not None
    assert opened.opened_at >= late
    assert opened.effective_end == opened.hard_end == opened.opened_at + timedelta(seconds=3600)


# --- envelopes ------------------------------------------------------------------------------------------------------


async def test_a_ready_bidder_gets_a_receipt_anyone_can_check_and_it_has_no_number(lot: SealedLot) -> None:
    buyer = lot.market.buyers[0]
    envelope = await lot.quote(buyer, "640000.00")
    receipt = await lot.put(buyer, envelope=envelope)
    assert receipt.envelope_sha256 == Slot(1, envelope).sha256
    shown = {
        "lot_id": str(receipt.lot_id),
        "bidder": receipt.bidder,
        "envelope_sha256": receipt.envelope_sha256,
        "at": receipt.at.isoformat(),
        "kid": receipt.kid,
        "signature": receipt.signature,
    }
    assert verify_receipt(shown, lot.market.keys.receipts.public)
    for name, other in [("bidder", receipt.bidder + 1), ("envelope_sha256", "0" * 64), ("signature", "00"), ("at", 5)]:
        assert not verify_receipt({**shown, name: other}, lot.market.keys.receipts.public)
    assert not hasattr(receipt, "seq")
    mine = await service.get_slot(lot.market.tx, buyer, lot.market.keys, lot.id)
    assert mine.envelope_sha256 == receipt.envelope_sha256


async def test_sending_an_envelope_again_changes_nothing_and_another_replaces_it(lot: SealedLot) -> None:
    buyer, other = lot.market.buyers[:2]
    first = await lot.quote(buyer, "640000.00")
    await lot.put(other, "610000.00")
    one, two = await lot.put(buyer, envelope=first), await lot.put(buyer, envelope=first)
    assert one.envelope_sha256 == two.envelope_sha256
    await lot.put(buyer, "650000.00")
    await lot.end()
    await lot.open()
    assert [award.price.amount for award in await awards(lot)] == ["650000.00", "610000.00"]


async def test_an_old_envelope_of_ones_own_is_a_replacement_and_of_two_receipts_the_later_holds(lot: SealedLot) -> None:
    buyer = lot.market.buyers[0]
    old = await lot.quote(buyer, "600000.00")
    await lot.put(buyer, envelope=old)
    newer = await lot.put(buyer, "700000.00")
    again = await lot.put(buyer, envelope=old)
    assert again.at > newer.at
    await lot.end()
    await lot.open()
    assert [award.price.amount for award in await awards(lot)] == ["600000.00"]


async def test_a_cover_takes_a_quote_back(lot: SealedLot) -> None:
    buyer, other = lot.market.buyers[:2]
    await lot.put(buyer, "640000.00")
    await lot.put(other, "610000.00")
    binding = Binding(lot.id, await lot.number_of(buyer), lot.trade.terms_sha256)
    await lot.put(buyer, envelope=cover(binding, lot.dealt.public_key))
    await lot.end()
    await lot.open()
    assert [award.buyer_organisation_id for award in await awards(lot)] == [other.org]


async def test_every_envelope_that_cannot_be_taken_is_refused_by_name_and_nothing_changes(
    lot: SealedLot, tx: Tx, keys: Keys
) -> None:
    buyer = lot.market.buyers[0]
    stranger = (await an_organisation(tx)).actor
    good = await lot.quote(buyer, "640000.00")
    await lot.put(buyer, envelope=good)
    before = await rows(tx, "SELECT * FROM envelope ORDER BY org_id")
    unready = await rows(tx, "SELECT org_id FROM seat WHERE org_id = :o", o=lot.market.buyers[2].org)
    assert len(unready) == 1
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE seat SET state = :s WHERE org_id = :o"),
            {"s": SeatState.WAITING, "o": lot.market.buyers[2].org},
        )
    for body in (good[:-1], good + b"\0", b""):
        with pytest.raises(errors.EnvelopeMalformed):
            await lot.put(buyer, envelope=body)
    with pytest.raises(errors.NotAParticipant):
        await lot.put(stranger, envelope=good)
    with pytest.raises(NotAllowed):
        await lot.put(lot.market.operator, envelope=good)
    with pytest.raises(errors.NotQualified):
        await lot.put(lot.market.buyers[2], envelope=good)
    with pytest.raises(NotFound):
        await service.get_slot(tx, stranger, keys, lot.id)
    assert await rows(tx, "SELECT * FROM envelope ORDER BY org_id") == before


async def test_before_quotes_open_and_after_they_close_no_envelope_is_taken(market: Market, tx: Tx) -> None:
    trade = await an_announced_sealed_trade(market)
    await a_qualified(market, trade, market.buyers[0])
    made = await seal_lot(market, trade)
    lot = SealedLot(market, made, trade)
    with pytest.raises(errors.BiddingNotOpen):
        await lot.put(market.buyers[0], "640000.00")
    assert trade.bidding_opens_at is not None
    await move_to(tx, trade.bidding_opens_at)
    await service.open_due(tx)
    ends = (await service.get_lot(tx, market.operator, lot.id)).effective_end
    assert ends is not None
    await move_to(tx, ends)
    with pytest.raises(errors.BiddingOver) as late:
        await lot.put(market.buyers[0], "640000.00")
    assert late.value.facts["effective_end"] == ends
    assert await rows(tx, "SELECT * FROM envelope") == []
    assert await service.close_due(tx) == 1
    with pytest.raises(errors.BiddingOver):
        await lot.put(market.buyers[0], "640000.00")


async def test_an_open_bid_on_a_sealed_lot_is_refused_before_anyone_could_read_it(lot: SealedLot, tx: Tx) -> None:
    async with BidBook(tx.engine, lot.market.keys.receipts) as book:
        with pytest.raises(errors.NoBiddingHere):
            await service.place_bid(book, lot.market.buyers[0], lot.id, minor=60_000_000, key="open")
    assert await rows(tx, "SELECT * FROM bid") == []
    assert (await service.get_lot(tx, lot.market.operator, lot.id)).seq == 0


async def test_a_paused_lot_takes_no_envelope_and_goes_on_with_those_it_has(lot: SealedLot, tx: Tx) -> None:
    buyer, operator = lot.market.buyers[0], lot.market.operator
    await lot.put(buyer, "600000.00")
    ends = (await service.get_lot(tx, operator, lot.id)).effective_end
    await service.pause_lot(tx, operator, lot.id, cause=PauseCause.SYSTEM_FAULT, reason="sample")
    with pytest.raises(errors.BiddingPaused):
        await lot.put(buyer, "700000.00")
    resumed = await service.resume_lot(tx, operator, lot.id)
    assert resumed.effective_end is not None
    assert ends is not None
    assert resumed.effective_end > ends
    await lot.put(buyer, "650000.00")
    await lot.end()
    await lot.open()
    assert [award.price.amount for award in await awards(lot)] == ["650000.00"]


async def test_a_lot_by_open_bids_takes_no_envelope(market: Market) -> None:
    trade = await an_open_trade(market)
    with pytest.raises(errors.NoEnvelopesHere):
        await service.put_envelope(market.tx, market.buyers[0], market.keys, trade.lot.id, envelope=bytes(4144))


async def test_an_envelope_racing_the_deadline_is_either_refused_or_counted(market: Market, tx: Tx) -> None:
    lot = await a_sealed_lot(tx, market.keys, market=market)
    for buyer in market.buyers:
        await lot.put(buyer, "600000.00")
    ends = (await service.get_lot(tx, market.operator, lot.id)).effective_end
    assert ends is not None
    envelopes = [await lot.quote(buyer, "650000.00") for buyer in market.buyers]
    await move_to(tx, ends - timedelta(milliseconds=40))
    outcomes = await asyncio.gather(
        *(lot.put(buyer, envelope=body) for buyer, body in zip(market.buyers, envelopes, strict=True)),
        *(_close_when_due(lot) for _ in range(3)),
        return_exceptions=True,
    )
    taken = [not isinstance(one, BaseException) for one in outcomes[:3]]
    assert all(isinstance(one, errors.BiddingOver) for one in outcomes[:3] if isinstance(one, BaseException))
    assert sum(outcomes[3:]) == 1
    await service.close_slots_due(tx, market.keys)
    await lot.open()
    amounts = {one.bidder: one.amount for one in (await opening(lot)).envelopes}
    for buyer, was_taken in zip(market.buyers, taken, strict=True):
        amount = amounts[await lot.number_of(buyer)]
        assert amount is not None
        assert amount.amount == ("650000.00" if was_taken else "600000.00")


async def test_an_envelope_waits_for_a_close_under_way_and_is_then_too_late(lot: SealedLot, tx: Tx) -> None:
    buyer = lot.market.buyers[0]
    envelope = await lot.quote(buyer, "640000.00")
    async with tx.begin() as db:
        await db.execute(text("SELECT 1 FROM lot WHERE id = :id FOR UPDATE"), {"id": lot.id})
        putting = asyncio.create_task(lot.put(buyer, envelope=envelope))
        while not putting.done() and not await rows(tx, "SELECT 1 FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        assert not putting.done()
        await db.execute(
            text("UPDATE lot SET free_ends_at = opened_at, effective_end = market_now() WHERE id = :id"),
            {"id": lot.id},
        )
    with pytest.raises(errors.BiddingOver):
        await putting
    assert await rows(tx, "SELECT * FROM envelope") == []


async def test_envelopes_put_at_the_same_moment_all_stand(lot: SealedLot) -> None:
    amounts = ("610000.00", "620000.00", "630000.00")
    await asyncio.gather(*(lot.put(buyer, yuan) for buyer, yuan in zip(lot.market.buyers, amounts, strict=True)))
    await lot.end()
    await lot.open()
    shown = [line.amount.amount for line in (await opening(lot)).envelopes if line.amount is not None]
    assert sorted(shown) == list(amounts)


async def _close_when_due(lot: SealedLot) -> bool:
    for _ in range(200):
        if await service.close_if_due(lot.market.tx, lot.id):
            return True
        if (await state(lot))[0] is not LotState.OPEN:
            return False
        await asyncio.sleep(0.005)
    raise AssertionError("the lot did not close")


# --- the opening ----------------------------------------------------------------------------------------------------


async def test_three_of_five_officers_open_all_envelopes_and_the_highest_is_offered_the_lot(lot: SealedLot) -> None:
    one, two, three = lot.market.buyers
    await lot.put(one, "560000.00")
    await lot.put(two, "640000.00")
    await lot.end()
    assert await state(lot) == (LotState.EVALUATING, LotStep.OPENING)
    for n in (1, 3):
        shown = await lot.give(n)
        assert (shown.opened_at, sum(o.given_at is not None for o in shown.officers)) == (None, 1 if n == 1 else 2)
        with pytest.raises(errors.NotOpenedYet):
            await opening(lot)
    opened = await lot.give(5)
    assert opened.opened_at is not None
    assert await state(lot) == (LotState.AWARDED, None)
    assert [(a.buyer_organisation_id, a.price.amount, a.rank) for a in await awards(lot)] == [
        (two.org, "640000.00", 1),
        (one.org, "560000.00", 2),
    ]
    told = {line.bidder: line.verdict for line in (await opening(lot)).envelopes}
    assert told == {
        await lot.number_of(one): Verdict.COUNTED,
        await lot.number_of(two): Verdict.COUNTED,
        await lot.number_of(three): Verdict.NO_QUOTE,
    }
    logged = await kinds(lot.market.tx)
    assert [logged[f"trading.{kind}"] for kind in ("slots_closed", "share_given", "lot_unsealed")] == [1, 3, 1]


async def test_anyone_opens_the_published_record_again_to_the_same_result(lot: SealedLot) -> None:
    buyers = lot.market.buyers
    receipts = [await lot.put(buyer, yuan) for buyer, yuan in zip(buyers, ("600000.00",) * 3, strict=True)]
    await lot.end()
    await lot.open(2, 4, 5)
    record = await opening(lot)
    assert record.private_key is not None
    key = bytes.fromhex(record.private_key)
    assert public_half(key).hex() == record.public_key == lot.dealt.public_key.hex()
    slots = [Slot(line.bidder, base64.b64decode(line.envelope or "")) for line in record.envelopes]
    assert rules.slots_digest(lot.id, slots).hex() == record.slots_sha256
    logged = await rows(lot.market.tx, "SELECT facts FROM journal_entry WHERE kind = 'trading.slots_closed'")
    assert [row[0]["slots_sha256"] for row in logged] == [record.slots_sha256]
    for line in record.envelopes:
        letter = open_envelope(
            base64.b64decode(line.envelope or ""), Binding(lot.id, line.bidder, record.terms_sha256), key
        )
        assert letter is not None
        assert (letter.content, letter.nonce.hex(), letter.commitment.hex()) == (
            line.content,
            line.nonce,
            line.commitment,
        )
    drawn = rules.draw(key, bytes.fromhex(record.slots_sha256), [line.bidder for line in record.envelopes])
    assert [line.bidder for line in record.envelopes] == drawn
    assert {line.envelope_sha256 for line in record.envelopes} == {receipt.envelope_sha256 for receipt in receipts}
    first, second = await awards(lot)
    by_number = {await lot.number_of(buyer): buyer.org for buyer in buyers}
    assert [first.buyer_organisation_id, second.buyer_organisation_id] == [by_number[n] for n in drawn[:2]]


async def test_any_needed_officers_open_the_lot_when_all_others_are_lost(lot: SealedLot) -> None:
    await lot.put(lot.market.buyers[0], "600000.00")
    await lot.end()
    await lot.open(3, 4, 5)
    assert [award.price.amount for award in await awards(lot)] == ["600000.00"]


async def test_no_share_is_taken_before_the_deadline_and_none_is_kept(lot: SealedLot) -> None:
    with pytest.raises(errors.SharesTooEarly) as early:
        await lot.give(1)
    ends = (await service.get_lot(lot.market.tx, lot.market.operator, lot.id)).effective_end
    assert early.value.facts == {"opens_at": None, "effective_end": ends}
    assert ends is not None
    await move_to(lot.market.tx, ends)
    with pytest.raises(errors.SharesTooEarly):  # the clock has not closed the lot yet
        await lot.give(1)
    assert await rows(lot.market.tx, "SELECT * FROM opening_officer WHERE share IS NOT NULL") == []


async def test_a_wrong_share_another_officers_and_a_strangers_are_refused(lot: SealedLot) -> None:
    await lot.put(lot.market.buyers[0], "600000.00")
    await lot.end()
    dealt, keys, tx = lot.dealt, lot.market.keys, lot.market.tx
    first = dealt.officers[0].actor
    for n, share in ((1, bytes(32)), (2, dealt.shares[1].body), (1, dealt.shares[1].body), (9, dealt.shares[0].body)):
        with pytest.raises(errors.WrongShare):
            await service.give_share(tx, first, keys, lot.id, n=n, share=share)
    for stranger in (lot.market.buyers[0], lot.market.seller, lot.market.operator):
        with pytest.raises(NotAllowed):
            await service.give_share(tx, stranger, keys, lot.id, n=1, share=dealt.shares[0].body)
    assert await rows(tx, "SELECT * FROM opening_officer WHERE share IS NOT NULL") == []
    assert (await kinds(tx))["trading.share_given"] == 0
    await lot.give(1)
    await lot.give(1)
    assert (await kinds(tx))["trading.share_given"] == 1
    assert await state(lot) == (LotState.EVALUATING, LotStep.OPENING)


async def test_two_last_shares_at_once_open_the_lot_once(lot: SealedLot) -> None:
    await lot.put(lot.market.buyers[0], "600000.00")
    await lot.end()
    await lot.open(1, 3)
    shown = await asyncio.gather(lot.give(2), lot.give(4), lot.give(5))
    assert {view.opened_at is not None for view in shown} == {True}
    logged = await kinds(lot.market.tx)
    assert (logged["trading.lot_unsealed"], logged["trading.share_given"], logged["trading.award_offered"]) == (1, 5, 1)
    assert len(await rows(lot.market.tx, "SELECT * FROM opened_envelope")) == 3


async def test_shares_given_before_the_slots_were_logged_log_them_first(lot: SealedLot, tx: Tx) -> None:
    await lot.put(lot.market.buyers[0], "600000.00")
    ends = (await service.get_lot(tx, lot.market.operator, lot.id)).effective_end
    assert ends is not None
    await move_to(tx, ends)
    assert await service.close_due(tx) == 1
    await lot.give(1)
    logged = await rows(tx, "SELECT slots_sha256 FROM lot_sealing")
    assert logged[0][0] is not None
    assert await service.close_slots_due(tx, lot.market.keys) == 0
    assert (await kinds(tx))["trading.slots_closed"] == 1


async def test_broken_envelopes_are_no_quotes_and_disturb_nobody(tx: Tx, keys: Keys) -> None:
    lot = await a_sealed_lot(tx, keys, buyers=7)
    good, damaged, foreign, copycat, low, free, gone = lot.market.buyers
    best = await lot.quote(good, "600000.00")
    await lot.put(good, envelope=best)
    await lot.put(damaged, envelope=(await lot.quote(damaged, "990000.00"))[:-1] + b"\0")
    await lot.put(foreign, envelope=await lot.quote(foreign, "980000.00", public_key=public_half(new_key())))
    await lot.put(copycat, envelope=best)
    await lot.put(low, "499999.99")
    await lot.put(free, envelope=await lot.quote(free, None, content={"amount": "\0", "deep": {"a": [1, {}]}}))
    await lot.end()
    await lot.open()
    told = {line.bidder: line for line in (await opening(lot)).envelopes}
    verdicts = {buyer: told[await lot.number_of(buyer)].verdict for buyer in lot.market.buyers}
    assert verdicts == {
        good: Verdict.COUNTED,
        damaged: Verdict.WILL_NOT_OPEN,
        foreign: Verdict.WILL_NOT_OPEN,
        copycat: Verdict.COPIED,
        low: Verdict.OUT_OF_BOUNDS,
        free: Verdict.MALFORMED,
        gone: Verdict.NO_QUOTE,
    }
    assert told[await lot.number_of(copycat)].copied_from == await lot.number_of(good)
    assert told[await lot.number_of(free)].content is None
    assert [award.buyer_organisation_id for award in await awards(lot)] == [good.org]


async def test_second_price_charges_the_next_quote_and_a_tie_ones_own(tx: Tx, keys: Keys) -> None:
    lot = await a_sealed_lot(tx, keys, buyers=4, charge="SECOND_PRICE")
    for buyer, yuan in zip(lot.market.buyers, ("700000.00", "640000.00", "640000.00", "510000.00"), strict=True):
        await lot.put(buyer, yuan)
    await lot.end()
    await lot.open()
    first, second = await awards(lot)
    assert (first.buyer_organisation_id, first.price.amount) == (lot.market.buyers[0].org, "640000.00")
    assert (second.buyer_organisation_id in {b.org for b in lot.market.buyers[1:3]}, second.price.amount) == (
        True,
        "640000.00",
    )


async def test_a_single_bidder_under_second_price_pays_the_start_price(tx: Tx, keys: Keys) -> None:
    lot = await a_sealed_lot(tx, keys, buyers=2, charge="SECOND_PRICE")
    await lot.put(lot.market.buyers[0], "900000.00")
    await lot.end()
    await lot.open()
    assert [award.price.amount for award in await awards(lot)] == ["500000.00"]


async def test_without_a_quote_the_lot_ends_unsold_at_its_opening(tx: Tx, keys: Keys) -> None:
    lot = await a_sealed_lot(tx, keys, buyers=2, deposit_minor=DEPOSIT)
    await lot.end()
    await lot.open()
    assert await state(lot) == (LotState.UNSOLD, None)
    assert {line.verdict for line in (await opening(lot)).envelopes} == {Verdict.NO_QUOTE}
    (shown,) = await service.list_participants(tx, lot.market.buyers[0], lot.trade.id)
    assert [one.state for one in shown.deposits] == [DepositState.RELEASED]


async def test_a_lot_never_opened_ends_unsold_on_the_announced_day_and_all_deposits_go_back(tx: Tx, keys: Keys) -> None:
    lot = await a_sealed_lot(tx, keys, buyers=2, deposit_minor=DEPOSIT)
    await lot.put(lot.market.buyers[0], "640000.00")
    await lot.end()
    await lot.open(1, 2)
    closed = await service.get_lot(tx, lot.market.operator, lot.id)
    assert closed.step_due_at is not None
    assert closed.closed_at is not None
    assert closed.step_due_at == closed.closed_at + timedelta(seconds=86_400)
    await move_to(tx, closed.step_due_at - timedelta(seconds=60))
    assert await service.step_due(tx) == 0
    await move_to(tx, closed.step_due_at)
    assert await service.step_due(tx) == 1
    assert await state(lot) == (LotState.UNSOLD, None)
    trade = await service.get_trade(tx, lot.market.operator, lot.trade.id)
    assert trade.state is TradeState.UNSOLD
    for buyer in lot.market.buyers:
        (shown,) = await service.list_participants(tx, buyer, lot.trade.id)
        assert [one.state for one in shown.deposits] == [DepositState.RELEASED]
    unsold = await rows(tx, "SELECT facts FROM journal_entry WHERE kind = 'trading.lot_unsold'")
    assert [row[0]["cause"] for row in unsold] == ["never_opened"]
    with pytest.raises(NotInThisState):
        await lot.give(3)
    with pytest.raises(errors.NotOpenedYet):
        await opening(lot)


async def test_slots_changed_in_the_database_after_the_deadline_decide_for_nobody(lot: SealedLot, tx: Tx) -> None:
    first, second, _ = lot.market.buyers
    await lot.put(first, "640000.00")
    await lot.put(second, "630000.00")
    kept = (await rows(tx, "SELECT wrapped FROM envelope WHERE org_id = :o", o=second.org))[0][0]
    await lot.put(second, "650000.00")
    await lot.end()
    async with tx.begin() as db:
        await db.execute(text("UPDATE envelope SET wrapped = :w WHERE org_id = :o"), {"w": kept, "o": second.org})
    await lot.open()
    assert await state(lot) == (LotState.UNSOLD, None)
    unsold = await rows(tx, "SELECT facts FROM journal_entry WHERE kind = 'trading.lot_unsold'")
    assert [row[0]["cause"] for row in unsold] == ["slots_changed"]
    assert await rows(tx, "SELECT * FROM lot_sealing WHERE private_key IS NOT NULL") == []


async def test_a_dealer_who_cheated_one_officer_does_not_keep_the_others_from_opening(market: Market, tx: Tx) -> None:
    trade = await an_announced_sealed_trade(market)
    await a_qualified(market, trade, market.buyers[0])
    made = await dealt(tx, market.operator, market.keys)
    made.shares[0] = type(made.shares[0])(1, bytes(32))
    await service.seal_lot(
        tx, market.operator, trade.lot.id, public_key=made.public_key, needed=3, officers=made.named(trade.lot.id)
    )
    assert trade.bidding_opens_at is not None
    await move_to(tx, trade.bidding_opens_at)
    assert await service.open_due(tx) == 1
    lot = SealedLot(market, made, trade)
    await lot.put(market.buyers[0], "600000.00")
    await lot.end()
    await lot.open(1, 2, 3)
    assert await state(lot) == (LotState.EVALUATING, LotStep.OPENING)
    await lot.give(4)
    assert [award.price.amount for award in await awards(lot)] == ["600000.00"]


async def test_what_an_opening_found_stays_as_it_is(lot: SealedLot, tx: Tx) -> None:
    await lot.put(lot.market.buyers[0], "600000.00")
    await lot.end()
    await lot.open()
    with pytest.raises(Exception, match="opened_envelope"):
        async with tx.begin() as db:
            await db.execute(text("UPDATE opened_envelope SET minor = 1"))
    assert await rows(tx, "SELECT * FROM envelope") == []


async def test_a_bidder_who_becomes_ready_late_has_a_slot_and_one_who_left_has_none(lot: SealedLot, tx: Tx) -> None:
    late, left, stays = lot.market.buyers
    await set_seat(tx, late.org, SeatState.WAITING)
    await lot.put(stays, "600000.00")
    await lot.put(left, "700000.00")
    assert len(await rows(tx, "SELECT * FROM envelope")) == 2
    await set_seat(tx, late.org, SeatState.READY)
    await set_seat(tx, left.org, SeatState.GONE)
    await lot.end()
    await lot.open()
    told = {line.bidder: line.verdict for line in (await opening(lot)).envelopes}
    assert told == {await lot.number_of(late): Verdict.NO_QUOTE, await lot.number_of(stays): Verdict.COUNTED}


async def set_seat(tx: Tx, org_id: UUID, seat: SeatState) -> None:
    async with tx.begin() as db:
        await db.execute(text("UPDATE seat SET state = :s WHERE org_id = :o"), {"s": seat, "o": org_id})


def test_sealed_terms_say_who_pays_what_and_who_opens() -> None:
    way = METHODS[Method.SEALED]
    terms = way.terms({"charge": "SECOND_PRICE", "quoting_seconds": 3600}, {})
    assert terms == {
        "charge": "SECOND_PRICE",
        "quoting_seconds": 3600,
        "opening_seconds": 259_200,
        "needed": 3,
        "officers": 5,
    }
    told = way.published(terms)
    assert told | terms == told
    for given, field in [
        ({"quoting_seconds": 3600}, "charge"),
        ({"charge": "THIRD_PRICE", "quoting_seconds": 3600}, "charge"),
        ({"charge": ["FIRST_PRICE"], "quoting_seconds": 3600}, "charge"),
        ({"charge": "FIRST_PRICE"}, "quoting_seconds"),
    ]:
        with pytest.raises(errors.TermMalformed) as refused:
            way.terms(given, {})
        assert refused.value.pointer == f"/body/rules/{field}"
    for more in ({"needed": 1}, {"needed": 5}, {"officers": 10}, {"quoting_seconds": 1}, {"opening_seconds": 1}):
        with pytest.raises(errors.TermsOutOfRange):
            way.terms({"charge": "FIRST_PRICE", "quoting_seconds": 3600} | more, {})
    with pytest.raises(errors.TermUnknown):
        way.terms({"charge": "FIRST_PRICE", "quoting_seconds": 3600, "increment": 1}, {})


async def test_a_reserve_revealed_after_the_opening_is_what_a_single_bidder_pays_under_second_price(
    market: Market, tx: Tx
) -> None:
    digest = reserve_digest(60_000_000, "00" * 32)
    lot = await a_sealed_lot(tx, market.keys, market=market, charge="SECOND_PRICE", reserve_digest=digest)
    await lot.put(market.buyers[0], "700000.00")
    await lot.put(market.buyers[1], "590000.00")
    await lot.end()
    await lot.open()
    assert await state(lot) == (LotState.EVALUATING, LotStep.RESERVE)
    await service.reveal_reserve(tx, market.seller, lot.id, minor=60_000_000, salt="00" * 32)
    assert [(one.buyer_organisation_id, one.price.amount) for one in await awards(lot)] == [
        (market.buyers[0].org, "600000.00")
    ]
