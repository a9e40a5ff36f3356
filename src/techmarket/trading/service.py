"""What people do in trading: draft, announce, register, qualify, bid; and what the clock does: open, close, lapse."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor, OrgKind
from techmarket.identity.permissions import require
from techmarket.identity.steps import OrganisationFacts
from techmarket.kernel.ids import Ref, human_number, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, decode_cursor, last_id, page_of
from techmarket.kernel.periods import SHANGHAI, Length, Unit, shanghai_day
from techmarket.kernel.refusals import NotFound, wire
from techmarket.ledger import steps as ledger
from techmarket.ledger.steps import Purpose as Account
from techmarket.listings import steps as listings
from techmarket.listings.steps import OfferFacts
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.steps import Rule
from techmarket.settlement import steps as settlement
from techmarket.trading import awards, errors, policy, repository, rules
from techmarket.trading.bidbook import Answer, BidBook
from techmarket.trading.events import (
    AwardAnnulled,
    AwardLapsed,
    BiddingOpened,
    DepositHeld,
    LotClosed,
    ParticipantAdmitted,
    ParticipantQualified,
    ParticipantRegistered,
    ParticipantRejected,
    TradeAnnounced,
    TradeDrafted,
    TradeReturned,
    TradeSubmitted,
)
from techmarket.trading.lifecycle import (
    AWARD,
    BOOK,
    PARTICIPANT,
    TRADE,
    AwardState,
    BookState,
    Method,
    ParticipantState,
    TradeState,
)
from techmarket.trading.tables import Award, BidRow, Lot, Participant, Trade
from techmarket.trading.views import AwardView, BidLineView, LotView, ParticipantView, TradeLineView, TradeView

FREE_SECONDS = (60, 30 * 86_400)
LIMITED_SECONDS = (10, 86_400)
HARD_STOP_SECONDS = (60, 30 * 86_400)
MONEY_MAX = 10**13

# --- the seller and the operator ------------------------------------------------------------------------------------


async def draft_trade(
    tx: Tx,
    actor: Actor,
    *,
    listing_id: UUID,
    increment_minor: int,
    deposit_minor: int,
    start_price_minor: int | None = None,
    free_seconds: int | None = None,
    limited_seconds: int | None = None,
    hard_stop_seconds: int | None = None,
    bidding_opens_at: datetime | None = None,
) -> TradeView:
    """The owner of a published offer drafts its trade. What is not said comes from the rulebook, by today's date."""
    async with tx.begin() as db:
        offer = await listings.get_offer_facts(db, listing_id)
        if actor.org_id != offer.org_id:
            raise NotFound()
        require(actor, policy.DRAFT, parties=[offer.org_id])
        now = await market_now(db)
        _require_published(offer)
        seller = await identity.require_verified(db, offer.org_id)
        start = start_price_minor if start_price_minor is not None else offer.price_minor
        if start is None or (offer.price_minor is not None and start < offer.price_minor):
            raise errors.StartBelowFloor(floor=Money(offer.price_minor or 1), pointer="/body/start_price")
        on = shanghai_day(now)
        given = {"free": free_seconds, "limited": limited_seconds, "hard_stop": hard_stop_seconds}
        seconds, used = await _periods(db, given, on=on)
        terms = await _terms(db, offer, seller, on=on, start=start, deposit=deposit_minor, used=used)
        terms |= {
            "start_price": wire(Money(start)),
            "increment": wire(Money(increment_minor)),
            "deposit": wire(Money(deposit_minor)),
            "free_seconds": seconds["free"],
            "limited_seconds": seconds["limited"],
            "hard_stop_seconds": seconds["hard_stop"],
            "bidding_opens_at": wire(bidding_opens_at),
        }
        year = now.astimezone(SHANGHAI).year
        trade = Trade(
            id=new_id(),
            number=human_number("JY", year, await repository.next_number(db, year)),
            listing_id=offer.listing_id,
            listing_n=offer.n,
            listing_sha256=offer.sha256,
            title_zh=str(offer.terms.get("title_zh") or offer.terms.get("title_en") or ""),
            title_en=str(offer.terms.get("title_en") or offer.terms.get("title_zh") or ""),
            seller_org_id=offer.org_id,
            method=Method.ONLINE_BIDDING,
            rule_date=on,
            state=TRADE.initial,
            terms_sha256=await texts.put(db, terms),
            start_price_minor=start,
            increment_minor=increment_minor,
            deposit_minor=deposit_minor,
            free_seconds=seconds["free"],
            limited_seconds=seconds["limited"],
            hard_stop_seconds=seconds["hard_stop"],
            signing_n=terms["signing"]["n"],
            signing_unit=terms["signing"]["unit"],
            bidding_opens_at=bidding_opens_at,
            created_at=now,
        )
        db.add(trade)
        await db.flush()
        lot_id = new_id()
        lot = Lot(
            id=lot_id,
            trade_id=trade.id,
            state=BOOK.initial,
            start_price_minor=start,
            increment_minor=increment_minor,
            limited_seconds=seconds["limited"],
            seq=0,
            chain=rules.first_chain(lot_id, trade.terms_sha256),
        )
        db.add(lot)
        journal.record(db, TradeDrafted(trade.id, trade.listing_id, trade.terms_sha256), actor=actor)
        await db.flush()
        return await _view(db, trade, lot, now)


async def submit_trade(tx: Tx, actor: Actor, trade_id: UUID) -> TradeView:
    """The seller hands the draft in; the listing must still be the version it was drafted on."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        _require_known(actor, trade)
        require(actor, policy.SUBMIT, parties=[trade.seller_org_id])
        trade.state = TRADE.move(trade.state, "submit")
        offer = await listings.get_offer_facts(db, trade.listing_id)
        _require_published(offer)
        _require_same_version(trade, offer)
        journal.record(db, TradeSubmitted(trade.id), actor=actor)
        await db.flush()
        return await _view(db, trade, await repository.lot_of(db, trade.id), await market_now(db))


async def return_trade(tx: Tx, actor: Actor, trade_id: UUID) -> TradeView:
    """The operator hands a submitted trade back."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        _require_known(actor, trade)
        require(actor, policy.ANNOUNCE)
        trade.state = TRADE.move(trade.state, "return")
        journal.record(db, TradeReturned(trade.id), actor=actor)
        await db.flush()
        return await _view(db, trade, await repository.lot_of(db, trade.id), await market_now(db))


async def announce(tx: Tx, actor: Actor, trade_id: UUID) -> TradeView:
    """The operator announces a trade: its notice stands, its listing is engaged, participants may register."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        _require_known(actor, trade)
        require(actor, policy.ANNOUNCE)
        trade.state = TRADE.move(trade.state, "announce")
        offer = await listings.engage(db, trade.listing_id, by=Ref("trade", trade.id), actor=actor)
        _require_same_version(trade, offer)
        terms = await texts.get(db, trade.terms_sha256)
        now = await market_now(db)
        lot = await repository.lot_of(db, trade.id)
        trade.notice_id = await notices.open_notice(
            db,
            kind=NoticeKind.ANNOUNCEMENT,
            subject=Ref("trade", trade.id),
            owner_org=trade.seller_org_id,
            document={
                "trade": trade.number,
                "lot": str(lot.id),
                "title_zh": trade.title_zh,
                "title_en": trade.title_en,
                "terms_sha256": trade.terms_sha256,
                "terms": terms,
            },
            rule_date=trade.rule_date,
            length=Length(terms["announcement"]["n"], Unit(terms["announcement"]["unit"])),
            actor=actor,
            now=now,
        )
        ends_at = await notices.ends_at(db, trade.notice_id)
        assert ends_at is not None
        if trade.bidding_opens_at is None:
            trade.bidding_opens_at = ends_at
        if trade.bidding_opens_at < ends_at:
            raise errors.OpensTooEarly(announcement_ends_at=ends_at)
        journal.record(
            db,
            TradeAnnounced(
                trade.id,
                trade.listing_id,
                lot.id,
                trade.notice_id,
                trade.number,
                trade.terms_sha256,
                trade.start_price_minor,
                trade.increment_minor,
            ),
            actor=actor,
        )
        await db.flush()
        return await _view(db, trade, lot, now)


# --- participants ---------------------------------------------------------------------------------------------------


async def register_intent(tx: Tx, actor: Actor, trade_id: UUID, *, related: bool = False) -> ParticipantView:
    """A verified organisation registers while the announcement runs. The related-party flag is computed once, here."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        _require_known(actor, trade)
        require(actor, policy.REGISTER)
        await identity.require_verified(db, actor.org)
        if actor.org_id == trade.seller_org_id:
            raise errors.SellerCannotBuy()
        now = await market_now(db)
        if trade.state is not TradeState.ANNOUNCED or trade.notice_id is None:
            raise errors.RegistrationClosed()
        if await notices.is_cleared(db, trade.notice_id, now):
            raise errors.RegistrationClosed()
        known = await repository.list_participants(db, trade_id)
        if any(participant.org_id == actor.org_id for participant in known):
            raise errors.RegisteredAlready()
        participant = Participant(
            id=new_id(),
            trade_id=trade.id,
            org_id=actor.org,
            person_id=actor.person,
            number=_a_free_number({participant.number for participant in known}),
            related=related or await _is_related(db, trade, actor.org),
            state=PARTICIPANT.initial,
            registered_at=now,
        )
        db.add(participant)
        journal.record(db, ParticipantRegistered(participant.id, trade.id), actor=actor)
        await db.flush()
        return await _participant_view(db, trade, participant)


async def admit(tx: Tx, actor: Actor, participant_id: UUID, *, accepted: bool = True) -> ParticipantView:
    """The operator gives the view on a participant's qualification."""
    async with tx.begin() as db:
        trade, participant = await _lock_participant(db, actor, participant_id)
        require(actor, policy.ADMIT)
        participant.state = PARTICIPANT.move(participant.state, "admit" if accepted else "reject")
        event = ParticipantAdmitted if accepted else ParticipantRejected
        journal.record(db, event(participant.id, trade.id), actor=actor)
        await db.flush()
        return await _participant_view(db, trade, participant)


async def confirm(tx: Tx, actor: Actor, participant_id: UUID, *, accepted: bool = True) -> ParticipantView:
    """The seller confirms an admitted participant; from then on the deposit is due."""
    async with tx.begin() as db:
        trade, participant = await _lock_participant(db, actor, participant_id)
        require(actor, policy.CONFIRM, parties=[trade.seller_org_id])
        participant.state = PARTICIPANT.move(participant.state, "confirm" if accepted else "reject")
        if not accepted:
            journal.record(db, ParticipantRejected(participant.id, trade.id), actor=actor)
            await db.flush()
            return await _participant_view(db, trade, participant)
        assert trade.bidding_opens_at is not None
        due = await settlement.raise_due(
            db,
            payer=participant.org_id,
            payee=None,
            minor=trade.deposit_minor,
            due_on=shanghai_day(trade.bidding_opens_at),
            subject=Ref("participant", participant.id),
            purpose=settlement.Purpose.DEPOSIT,
            actor=actor,
        )
        participant.due_id = due.id
        journal.record(db, ParticipantQualified(participant.id, trade.id, due.id), actor=actor)
        await db.flush()
        return await _participant_view(db, trade, participant)


async def hold_deposit(tx: Tx, participant_id: UUID) -> bool:
    """A paid deposit is held for the lot, and its payer may bid. Silent when that is done, or no longer needed."""
    async with tx.begin() as db:
        trade = await repository.hold_trade(db, (await repository.get_participant(db, participant_id)).trade_id)
        participant = await repository.lock_participant(db, participant_id)
        # Whoever was released in the meantime was paid back by that release.
        if participant.state is not ParticipantState.QUALIFIED:
            return False
        source = await ledger.account(db, purpose=Account.ESCROW, owner=participant.org_id)
        target = await ledger.account(db, purpose=Account.DEPOSITS, subject=Ref("trade", trade.id))
        participant.hold_id = await ledger.hold(
            db, source=source, target=target, minor=trade.deposit_minor, why=Ref("participant", participant.id)
        )
        participant.state = PARTICIPANT.move(participant.state, "hold_deposit")
        journal.record(db, DepositHeld(participant.id, trade.id, participant.hold_id), actor=None)
        return True


# --- bidding --------------------------------------------------------------------------------------------------------


async def place_bid(book: BidBook, actor: Actor, lot_id: UUID, *, minor: int, key: str) -> Answer:
    """A bid goes to the book. The decision is returned, refusals included: each has a number and a receipt."""
    require(actor, policy.BID)
    return await book.place(lot_id, org_id=actor.org, minor=minor, key=key)


async def open_due(tx: Tx, *, limit: int = 100) -> int:
    """Open every book whose hour has come and whose announcement has ended; returns how many."""
    async with tx.read() as db:
        due = await repository.list_due_to_open(db, limit)
    return sum([await open_if_due(tx, trade_id) for trade_id in due])


async def open_if_due(tx: Tx, trade_id: UUID) -> bool:
    """Bidding opens after the announcement. Its periods run from the real opening, so nobody's time is cut."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        now = await market_now(db)
        if trade.state is not TradeState.ANNOUNCED or trade.notice_id is None or trade.bidding_opens_at is None:
            return False
        if now < trade.bidding_opens_at or not await notices.is_cleared(db, trade.notice_id, now):
            return False
        lot = await repository.lock_lot_of(db, trade.id)
        if await repository.count_who_may_bid(db, trade.id) == 0:
            lot.state, lot.closed_at = BOOK.move(lot.state, "close"), now
            await awards.end_unsold(db, trade, actor=None)
            return True
        trade.state = TRADE.move(trade.state, "open")
        lot.state = BOOK.move(lot.state, "open")
        periods = rules.periods_from(
            now,
            free_seconds=trade.free_seconds,
            limited_seconds=trade.limited_seconds,
            hard_stop_seconds=trade.hard_stop_seconds,
        )
        lot.opened_at, lot.free_ends_at = now, periods.free_ends_at
        lot.effective_end, lot.hard_end = periods.effective_end, periods.hard_end
        event = BiddingOpened(lot.id, trade.id, periods.free_ends_at, periods.hard_end, lot.chain.hex())
        journal.record(db, event, actor=None)
        return True


async def close_due(tx: Tx, *, limit: int = 100) -> int:
    """Close every book whose time has run out; returns how many."""
    async with tx.read() as db:
        due = await repository.list_due_to_close(db, limit)
    return sum([await close_if_due(tx, lot_id) for lot_id in due])


async def close_if_due(tx: Tx, lot_id: UUID) -> bool:
    """Seal a book exactly once: the highest is offered the lot, the runner-up waits, the others are released.

    Locks and looks again, and is silent if a bid has moved the end or another worker was first.
    """
    async with tx.begin() as db:
        _, seen = await repository.find_lot(db, lot_id)
        trade = await repository.lock_trade(db, seen.id)
        lot = await repository.lock_lot_of(db, trade.id)
        now = await market_now(db)
        if lot.state is not BookState.OPEN or lot.effective_end is None or now < lot.effective_end:
            return False
        lot.state, lot.closed_at = BOOK.move(lot.state, "close"), now
        journal.record(db, LotClosed(lot.id, trade.id, lot.seq, lot.chain.hex(), lot.leading_minor), actor=None)
        ranked = rules.rank(await repository.best_bids(db, lot.id))[:2]
        if not ranked:
            await awards.end_unsold(db, trade, actor=None)
            return True
        trade.state = TRADE.move(trade.state, "award")
        by_number = {p.number: p for p in await repository.lock_participants(db, trade.id)}
        kept = frozenset(by_number[best.bidder].id for best in ranked)
        await awards.release_all(db, trade, actor=None, keep=kept)
        made = [
            Award(
                id=new_id(),
                lot_id=lot.id,
                trade_id=trade.id,
                rank=rank,
                participant_id=by_number[best.bidder].id,
                price_minor=best.minor,
                state=AWARD.initial,
            )
            for rank, best in enumerate(ranked, start=1)
        ]
        db.add_all(made)
        await db.flush()
        await awards.offer(db, trade, lot, made[0], now=now, actor=None)
        return True


# --- after the award ------------------------------------------------------------------------------------------------


async def lapse_due(tx: Tx, *, limit: int = 100) -> int:
    """Lapse every offered award whose time to sign has passed; returns how many."""
    async with tx.read() as db:
        due = await repository.list_due_to_lapse(db, limit)
    return sum([await lapse_award(tx, award_id) for award_id in due])


async def lapse_award(tx: Tx, award_id: UUID) -> bool:
    """A winner who lets the signing date pass loses the award and the deposit; the runner-up is offered the lot.

    All in one commit. The award is locked first, as by the last signature: whichever comes first wins. While the
    result notice is paused, or its end was put off by a pause, the time to sign is put off with it.
    """
    async with tx.begin() as db:
        award = await repository.lock_award(db, award_id)
        if award.state is not AwardState.OFFERED:
            return False
        trade = await repository.lock_trade(db, award.trade_id)
        deadline = await awards.signing_deadline(db, trade, award)
        now = await market_now(db)
        if deadline is None:
            return False
        award.sign_by = deadline
        if now < deadline:
            return False
        award.state, award.decided_at = AWARD.move(award.state, "lapse"), now
        participant = await repository.lock_participant(db, award.participant_id)
        await awards.forfeit(db, trade, participant, actor=None)
        await awards.close_disclosure(db, trade, participant, award, None)
        journal.record(db, AwardLapsed(award.id, trade.id), actor=None)
        await db.flush()
        runner_up = await repository.lock_waiting_award(db, trade.id)
        if runner_up is None:
            await awards.end_unsold(db, trade, actor=None)
        else:
            await awards.offer(db, trade, await repository.lot_of(db, trade.id), runner_up, now=now, actor=None)
        return True


async def leave_as_runner_up(tx: Tx, actor: Actor, award_id: UUID) -> AwardView:
    """A runner-up may leave with the deposit at any time while waiting."""
    async with tx.begin() as db:
        award = await repository.lock_award(db, award_id)
        trade = await repository.lock_trade(db, award.trade_id)
        participant = await repository.lock_participant(db, award.participant_id)
        if actor.org_id != participant.org_id:
            raise NotFound()
        require(actor, policy.LEAVE, parties=[participant.org_id])
        AWARD.move(award.state, "release")
        await awards.release_runner_up(db, trade, actor=actor)
        await db.flush()
        return _award_view(award, trade, participant)


async def terminate_trade(tx: Tx, trade_id: UUID) -> bool:
    """An upheld objection to the announcement ends the procedure. Silent if it has ended already."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        if not TRADE.can(trade.state, "terminate"):
            return False
        await awards.terminate(db, trade, cause="objection_upheld", now=await market_now(db), actor=None)
        return True


async def annul_award(tx: Tx, award_id: UUID) -> bool:
    """An upheld objection to the result annuls the award and ends the procedure; nobody loses a deposit by it."""
    async with tx.begin() as db:
        award = await repository.lock_award(db, award_id)
        if not AWARD.can(award.state, "annul"):
            return False
        trade = await repository.lock_trade(db, award.trade_id)
        now = await market_now(db)
        award.state, award.decided_at = AWARD.move(award.state, "annul"), now
        participant = await repository.lock_participant(db, award.participant_id)
        await awards.close_disclosure(db, trade, participant, award, None)
        journal.record(db, AwardAnnulled(award.id, trade.id), actor=None)
        await awards.release_runner_up(db, trade, actor=None)
        await awards.terminate(db, trade, cause="objection_upheld", now=now, actor=None)
        return True


# --- reading --------------------------------------------------------------------------------------------------------


async def get_trade(tx: Tx, actor: Actor, trade_id: UUID) -> TradeView:
    """A trade with its rules in machine form; public once announced."""
    async with tx.read() as db:
        trade = await repository.get_trade(db, trade_id)
        _require_known(actor, trade)
        return await _view(db, trade, await repository.lot_of(db, trade.id), await market_now(db))


async def list_trades(
    tx: Tx, actor: Actor, *, state: TradeState | None = None, mine: bool = False, cursor: str | None = None, limit: int
) -> Page[TradeLineView]:
    """Trades, newest first: the public ones, and one's own in every state."""
    after = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_trades(
            db,
            reader_org=actor.org_id,
            sees_all=actor.is_market,
            mine=mine,
            state=state,
            after=after,
            limit=limit + 1,
        )
        page = page_of(rows, limit, lambda row: (str(row[0].id),))
        return page.map(lambda row: _line(*row))


async def get_lot(tx: Tx, actor: Actor, lot_id: UUID) -> LotView:
    """Where a lot stands: price, end, number of entries."""
    async with tx.read() as db:
        lot, trade = await repository.find_lot(db, lot_id)
        _require_known(actor, trade)
        return _lot_view(lot, await market_now(db))


async def list_bids(tx: Tx, actor: Actor, lot_id: UUID, *, cursor: str | None, limit: int) -> Page[BidLineView]:
    """The public record of a lot, in the order of its book; bidders by number."""
    after = decode_cursor(cursor, int)[0] if cursor is not None else 0
    async with tx.read() as db:
        _, trade = await repository.find_lot(db, lot_id)
        _require_known(actor, trade)
        rows = await repository.list_bids(db, lot_id, after=after, limit=limit + 1)
        return page_of(rows, limit, lambda bid: (bid.seq,)).map(_bid_line)


async def list_participants(tx: Tx, actor: Actor, trade_id: UUID) -> Sequence[ParticipantView]:
    """All participants for the seller and the market; a participant sees itself."""
    async with tx.read() as db:
        trade = await repository.get_trade(db, trade_id)
        _require_known(actor, trade)
        require(actor, policy.SEE_PARTICIPANTS)
        sees_all = actor.is_market or actor.org_id == trade.seller_org_id
        rows = [p for p in await repository.list_participants(db, trade_id) if sees_all or p.org_id == actor.org_id]
        return [await _participant_view(db, trade, row) for row in rows]


async def get_award(tx: Tx, actor: Actor, award_id: UUID) -> AwardView:
    """An award, for its two sides and the market."""
    async with tx.read() as db:
        award = await repository.get_award(db, award_id)
        trade = await repository.get_trade(db, award.trade_id)
        participant = await repository.get_participant(db, award.participant_id)
        parties = [trade.seller_org_id, participant.org_id]
        if not actor.is_market and actor.org_id not in parties:
            raise NotFound()
        require(actor, policy.SEE_AWARD, parties=parties)
        return _award_view(award, trade, participant)


async def list_awards(tx: Tx, actor: Actor, trade_id: UUID) -> Sequence[AwardView]:
    """The awards of a trade: all for the seller and the market, one's own for a bidder."""
    async with tx.read() as db:
        trade = await repository.get_trade(db, trade_id)
        _require_known(actor, trade)
        require(actor, policy.SEE_PARTICIPANTS)
        views = [
            _award_view(award, trade, await repository.get_participant(db, award.participant_id))
            for award in await repository.list_awards(db, trade_id)
        ]
        sees_all = actor.is_market or actor.org_id == trade.seller_org_id
        return [view for view in views if sees_all or view.buyer_organisation_id == actor.org_id]


# --- what stands behind them ----------------------------------------------------------------------------------------


def _require_known(actor: Actor, trade: Trade) -> None:
    """Before its announcement a trade is known to its seller and the market only."""
    if trade.state in repository.HIDDEN and not actor.is_market and actor.org_id != trade.seller_org_id:
        raise NotFound()


def _require_published(offer: OfferFacts) -> None:
    if offer.state != "PUBLISHED":
        raise errors.ListingNotTradable()


def _require_same_version(trade: Trade, offer: OfferFacts) -> None:
    """A trade is about one version of its listing."""
    if (trade.listing_n, trade.listing_sha256) != (offer.n, offer.sha256):
        raise errors.ListingChanged(n=offer.n)


async def _lock_participant(db: AsyncSession, actor: Actor, participant_id: UUID) -> tuple[Trade, Participant]:
    """A participant to be judged, for the market, the seller and itself; the trade stays announced meanwhile."""
    trade = await repository.hold_trade(db, (await repository.get_participant(db, participant_id)).trade_id)
    participant = await repository.lock_participant(db, participant_id)
    if not actor.is_market and actor.org_id not in (trade.seller_org_id, participant.org_id):
        raise NotFound()
    if trade.state is not TradeState.ANNOUNCED:
        raise NotInThisState(thing=TRADE.thing, state=trade.state, act="qualify", possible=TRADE.possible(trade.state))
    return trade, participant


def _a_free_number(taken: set[int]) -> int:
    """A number that tells neither who nor when: drawn, not counted."""
    while (number := 1000 + secrets.randbelow(9000)) in taken:
        pass
    return number


async def _is_related(db: AsyncSession, trade: Trade, org_id: UUID) -> bool:
    """A buyer is a related party when one of the people who made the achievement belongs to it."""
    offer = await listings.get_offer_facts(db, trade.listing_id)
    people: set[UUID] = set()
    for achievement_id in offer.achievement_ids:
        people |= set(await achievements.completers(db, achievement_id))
    return any(org_id in person.org_ids for person in (await identity.get_people(db, people)).values())


def _seller_kinds(seller: OrganisationFacts) -> tuple[str, ...]:
    """A company of the state is bound by the rules for state assets, a university is not."""
    is_soe = seller.kind is OrgKind.ENTERPRISE and seller.government_established
    return ("soe", "any") if is_soe else ("non_soe", "any")


async def _periods(db: AsyncSession, given: dict[str, int | None], *, on: date) -> tuple[dict[str, int], list[Rule]]:
    """The lot's periods: as the seller says within sane bounds, else the rulebook's default."""
    bounds = {"free": FREE_SECONDS, "limited": LIMITED_SECONDS, "hard_stop": HARD_STOP_SECONDS}
    keys = {"free": "trading.free_period", "limited": "trading.limited_period", "hard_stop": "trading.hard_stop"}
    seconds: dict[str, int] = {}
    used = []
    for name, wanted in given.items():
        if wanted is None:
            rule = await rulebook.get_rule(db, keys[name], on=on)
            length = rule.length
            wanted = length.n * (60 if length.unit is Unit.MINUTES else 1)
            used.append(rule)
        least, most = bounds[name]
        if not least <= wanted <= most:
            field = f"{name}_seconds"
            raise errors.TermsOutOfRange(field=field, least=least, most=most, pointer=f"/body/{field}")
        seconds[name] = wanted
    return seconds, used


async def _terms(
    db: AsyncSession,
    offer: OfferFacts,
    seller: OrganisationFacts,
    *,
    on: date,
    start: int,
    deposit: int,
    used: list[Rule],
) -> dict[str, Any]:
    """What the rulebook says for this trade on its date, with the rows it was read from."""
    kinds, place = _seller_kinds(seller), seller.jurisdiction
    band = None
    if kinds[0] == "soe":
        low = await rulebook.get_rule(db, "notice.announcement.floor_price_low.max", on=on, applies_to=kinds)
        high = await rulebook.get_rule(db, "notice.announcement.floor_price_high.min", on=on, applies_to=kinds)
        band = rules.floor_price_band(start, low_max_minor=low.int, high_min_minor=high.int)
    announcement = await rulebook.get_rule(
        db, "notice.announcement.length", on=on, jurisdiction=place, applies_to=kinds, base=band
    )
    result = await rulebook.get_rule(db, "notice.result.length", on=on, jurisdiction=place, applies_to=kinds)
    signing = await rulebook.get_rule(db, "award.signing.length", on=on, jurisdiction=place, applies_to=kinds)
    ratio = await rulebook.get_rule(db, "trading.deposit_ratio_max", on=on, jurisdiction=place, applies_to=kinds)
    warnings = []
    if rules.deposit_is_above_custom(deposit, floor_minor=start, ratio_max=ratio.decimal):
        if ratio.is_enforceable:
            raise errors.DepositAboveRule(ratio_max=ratio.decimal, pointer="/body/deposit")
        warnings.append("trading.deposit_above_custom")
    used = [*used, announcement, result, signing, ratio]
    return {
        "method": Method.ONLINE_BIDDING.value,
        "listing": {"id": str(offer.listing_id), "n": offer.n, "sha256": offer.sha256},
        "seller_organisation_id": str(offer.org_id),
        "rule_date": on.isoformat(),
        "steps": "whole_multiples_of_increment_above_best",
        "priority": ["price", "time"],
        "bids_can_be_withdrawn": False,
        "limited_period_restarted_by": "accepted_leading_bid",
        "announcement": _length(announcement),
        "result_notice": _length(result),
        "signing": _length(signing),
        "deposit_forfeited_when": ["winner_does_not_sign_in_time", "winner_does_not_pay"],
        "rules": [
            {"key": rule.key, "value": rule.value, "unit": str(rule.unit), "evidence": str(rule.evidence)}
            for rule in used
        ],
        "warnings": warnings,
    }


def _length(rule: Rule) -> dict[str, Any]:
    return {"n": rule.length.n, "unit": rule.length.unit.value}


async def _view(db: AsyncSession, trade: Trade, lot: Lot, now: datetime) -> TradeView:
    return TradeView(
        trade.id,
        trade.number,
        trade.state,
        trade.method,
        trade.seller_org_id,
        trade.listing_id,
        trade.listing_n,
        trade.listing_sha256,
        trade.title_zh,
        trade.title_en,
        trade.rule_date,
        trade.terms_sha256,
        await texts.get(db, trade.terms_sha256),
        Money(trade.deposit_minor),
        trade.notice_id,
        await notices.ends_at(db, trade.notice_id) if trade.notice_id is not None else None,
        trade.bidding_opens_at,
        _lot_view(lot, now),
    )


def _line(trade: Trade, lot: Lot) -> TradeLineView:
    return TradeLineView(
        trade.id,
        trade.number,
        trade.state,
        trade.method,
        trade.listing_id,
        lot.id,
        trade.title_zh,
        trade.title_en,
        Money(trade.start_price_minor),
        Money(trade.increment_minor),
        Money(trade.deposit_minor),
        _money(lot.leading_minor),
        trade.bidding_opens_at,
        lot.effective_end,
    )


def _lot_view(lot: Lot, now: datetime) -> LotView:
    least = rules.minimum_next_bid(
        lot.leading_minor, start_price_minor=lot.start_price_minor, increment_minor=lot.increment_minor
    )
    return LotView(
        lot.id,
        lot.trade_id,
        lot.state,
        Money(lot.start_price_minor),
        Money(lot.increment_minor),
        _money(lot.leading_minor),
        lot.leading_bidder,
        None if lot.state is BookState.CLOSED else Money(least),
        lot.seq,
        lot.chain.hex(),
        lot.opened_at,
        lot.free_ends_at,
        lot.effective_end,
        lot.hard_end,
        lot.closed_at,
        now,
    )


def _bid_line(bid: BidRow) -> BidLineView:
    return BidLineView(bid.seq, bid.bidder, Money(bid.minor), bid.verdict, bid.at, bid.chain.hex())


async def _participant_view(db: AsyncSession, trade: Trade, participant: Participant) -> ParticipantView:
    reference = None
    if participant.due_id is not None:
        dues = await settlement.dues_of(db, Ref("participant", participant.id))
        reference = next(due.reference for due in dues if due.id == participant.due_id)
    return ParticipantView(
        participant.id,
        trade.id,
        participant.org_id,
        participant.number,
        participant.related,
        participant.state,
        Money(trade.deposit_minor),
        participant.due_id,
        reference,
    )


def _award_view(award: Award, trade: Trade, participant: Participant) -> AwardView:
    return AwardView(
        award.id,
        trade.id,
        award.lot_id,
        award.rank,
        award.state,
        trade.seller_org_id,
        participant.org_id,
        Money(award.price_minor),
        Money(trade.deposit_minor),
        award.notice_id,
        award.sign_by,
    )


def _money(minor: int | None) -> Money | None:
    return None if minor is None else Money(minor)
