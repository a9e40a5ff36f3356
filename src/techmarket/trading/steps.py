"""What later rooms may do with an award inside their own transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.identity.actor import Actor
from techmarket.notices import steps as notices
from techmarket.trading import awards, deposits, errors, repository
from techmarket.trading.events import AwardConcluded, AwardDefaulted, BuyersTurn
from techmarket.trading.lifecycle import AWARD, LOT, AwardState, Method
from techmarket.trading.service.showing import act_view, bid_line, require_known, trade_view
from techmarket.trading.tables import Award, Trade
from techmarket.trading.views import ActView, BidLineView, TradeView


@dataclass(frozen=True, slots=True)
class AwardFacts:
    """An award as contracts need it. `achievement_ids` are the lot's part of the listing; None is all of it.

    `deposit_minor` is the deposit that backs the award; of a conclusion, what it freed for the price; of a default,
    what the buyer lost. The buyer is the party; where he took part by mandate, `agent_org_id` is who bid for him;
    `member_org_ids` buy jointly with him, as a consortium whose representative he is.
    """

    award_id: UUID
    trade_id: UUID
    lot_id: UUID
    number: str
    listing_id: UUID
    listing_n: int
    listing_sha256: str
    seller_org_id: UUID
    buyer_org_id: UUID
    price_minor: int
    deposit_minor: int
    notice_id: UUID | None
    sign_by: datetime | None
    state: AwardState
    rank: int
    related: bool
    rule_date: date
    method: Method
    bidder: int
    achievement_ids: tuple[UUID, ...] | None
    agent_org_id: UUID | None = None
    member_org_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class AwardLine:
    """How an award stands, without its buyer and its price: the notice tells those."""

    id: UUID
    lot_id: UUID
    rank: int
    state: AwardState
    notice_id: UUID | None
    offered_at: datetime | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose trade it is, on which listing, and what it is called."""

    seller_org_id: UUID
    listing_id: UUID
    number: str
    title_zh: str | None
    title_en: str | None


async def origin_of(db: AsyncSession, trade_id: UUID) -> Origin:
    trade = await repository.get_trade(db, trade_id)
    return Origin(trade.seller_org_id, trade.listing_id, trade.number, trade.title_zh, trade.title_en)


async def show_trade(db: AsyncSession, actor: Actor, trade_id: UUID) -> TradeView:
    """A trade as this reader sees it; who may not know of it does not find it."""
    trade = await repository.get_trade(db, trade_id)
    require_known(actor, trade)
    return await trade_view(db, trade, await repository.lots_of(db, trade.id), await clock.market_now(db))


async def acts_of(db: AsyncSession, trade_id: UUID) -> list[ActView]:
    """What was done to a procedure as a whole, in order; as public as the trade itself."""
    return [act_view(act) for act in await repository.list_acts(db, trade_id)]


async def awards_of(db: AsyncSession, trade_id: UUID) -> list[AwardLine]:
    """How the awards of a trade stand; the caller shows none whose notice his reader may not know."""
    return [
        AwardLine(one.id, one.lot_id, one.rank, one.state, one.notice_id, one.offered_at, one.decided_at)
        for one in await repository.list_awards(db, trade_id)
    ]


async def get_award(db: AsyncSession, award_id: UUID) -> AwardFacts:
    award = await repository.get_award(db, award_id)
    return await _facts(db, award, await repository.get_trade(db, award.trade_id))


async def conclude_award(db: AsyncSession, award_id: UUID, *, now: datetime, actor: Actor | None) -> AwardFacts:
    """The last signature concludes the award, if it comes within the time to sign and after the result notice.

    Locks the award first, as a lapse does: whichever comes first wins, the other is refused. The runner-up is released,
    the listing is closed, and the winner's deposit is freed for the price: in the same transaction the caller takes
    `deposit_minor` of it by `settlement.pay_from_escrow`.
    """
    award = await repository.lock_award(db, award_id)
    concluded = AWARD.move(award.state, "conclude")
    trade = await repository.lock_trade(db, award.trade_id)
    assert award.notice_id is not None
    await notices.require_cleared(db, award.notice_id, now)
    sign_by = await awards.signing_deadline(db, trade, award)
    if sign_by is not None and now >= sign_by:
        raise errors.SigningDatePassed(sign_by=sign_by)
    lot = await repository.lock_lot(db, award.lot_id)
    award.state, award.sign_by, award.decided_at = concluded, sign_by, now
    lot.state = LOT.move(lot.state, "conclude")
    participant = await repository.lock_participant(db, award.participant_id)
    # In a selection the winner is paid: his deposit is no price and goes back below, with what nothing stands behind.
    freed = 0
    if lot.method is not Method.SELECTION:
        freed = await deposits.pay_in(db, trade, participant, award, actor=actor)
    await awards.release_runner_up(db, trade, lot.id, actor=actor)
    await awards.settle(db, trade, actor=actor)
    journal.record(db, AwardConcluded(award.id, trade.id, trade.listing_id, award.price_minor), actor=actor)
    await db.flush()
    return replace(await _facts(db, award, trade), deposit_minor=freed)


async def default_award(db: AsyncSession, award_id: UUID, *, now: datetime, actor: Actor | None) -> AwardFacts:
    """A buyer who signed and then does not pay loses an amount as high as the deposit to the seller, as announced.

    The caller has cancelled the dues of the price before, so that the money is in the buyer's escrow again.
    """
    award = await repository.lock_award(db, award_id)
    award.state, award.decided_at = AWARD.move(award.state, "default"), now
    trade = await repository.lock_trade(db, award.trade_id)
    lot = await repository.lock_lot(db, award.lot_id)
    lot.state = LOT.move(lot.state, "default")
    participant = await repository.get_participant(db, award.participant_id)
    deposit = await repository.find_backing(db, participant.id, award.lot_id)
    lost = 0
    if deposit is not None and await deposits.forfeit_paid_in(db, trade, participant, deposit, award, actor=actor):
        lost = award.captured_minor
    await awards.settle_default(db, trade, actor=actor)
    journal.record(db, AwardDefaulted(award.id, trade.id), actor=actor)
    await db.flush()
    return replace(await _facts(db, award, trade), deposit_minor=lost)


async def note_buyers_turn(db: AsyncSession, award_id: UUID, *, now: datetime, actor: Actor | None) -> None:
    """The seller has signed: from now on it is the buyer who is waited for, and who is in default when he does not.

    He has his announced time from here, however near the date to sign is. Said twice is said once.
    """
    award = await repository.lock_award(db, award_id)
    if award.state is not AwardState.OFFERED or award.buyers_turn_at is not None:
        return
    trade = await repository.get_trade(db, award.trade_id)
    award.buyers_turn_at = now
    award.sign_by = await awards.signing_deadline(db, trade, award)
    journal.record(db, BuyersTurn(award.id, trade.id), actor=actor)
    await db.flush()


async def _facts(db: AsyncSession, award: Award, trade: Trade) -> AwardFacts:
    participant = await repository.get_participant(db, award.participant_id)
    lot = await repository.get_lot(db, award.lot_id)
    deposit = await repository.find_backing(db, participant.id, lot.id, lock=False)
    return AwardFacts(
        award.id,
        trade.id,
        award.lot_id,
        trade.number,
        trade.listing_id,
        trade.listing_n,
        trade.listing_sha256,
        trade.seller_org_id,
        participant.buyer_org_id,
        award.price_minor,
        0 if deposit is None else deposit.minor,
        award.notice_id,
        award.sign_by,
        award.state,
        award.rank,
        participant.related,
        trade.rule_date,
        lot.method,
        participant.number,
        None if lot.achievement_ids is None else tuple(UUID(one) for one in lot.achievement_ids),
        None if participant.principal_org_id is None else participant.org_id,
        participant.member_org_ids,
    )


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whom things of this room concern, by the id of the thing."""

    sellers: Mapping[UUID, UUID]
    participants: Mapping[UUID, frozenset[UUID]]
    awards: Mapping[UUID, frozenset[UUID]]


async def concerned_by(
    db: AsyncSession,
    *,
    trades: Collection[UUID],
    lots: Collection[UUID],
    participants: Collection[UUID],
    awards: Collection[UUID],
) -> Concerned:
    """Who sells in these trades and lots, who stands behind these participants, between whom these awards are."""
    return Concerned(
        await repository.sellers_of(db, trades, lots) if trades or lots else {},
        await repository.sides_of(db, participants) if participants else {},
        await repository.sides_of_awards(db, awards) if awards else {},
    )


async def public_trades(db: AsyncSession, *, after: UUID | None, limit: int) -> list[UUID]:
    """The trades that everyone may know of, the newest first, beyond one of them."""
    rows = await repository.list_trades(
        db, reader_org=None, sees_all=False, mine=False, state=None, after=after, limit=limit
    )
    return [trade.id for trade, _ in rows]


async def trade_numbered(db: AsyncSession, number: str) -> UUID | None:
    """The public trade of this number; what is not announced yet has none for strangers."""
    trade = await repository.find_by_number(db, number)
    return None if trade is None or trade.state in repository.HIDDEN else trade.id


async def public_book(db: AsyncSession, lot_id: UUID, *, limit: int) -> list[BidLineView]:
    """The entries of a lot's public record, in order, bidders by number."""
    lot, _ = await repository.find_lot(db, lot_id)
    void = await repository.numbers_shut_out(db, lot_id)
    rows = await repository.list_bids(db, lot_id, after=0, limit=limit)
    return [bid_line(lot, bid, is_void=bid.bidder in void) for bid in rows]


async def experts_of(db: AsyncSession, lot_ids: Collection[UUID]) -> dict[tuple[UUID, int], tuple[UUID, UUID]]:
    """The experts of these lots by lot and number: the organisation and the person."""
    return await repository.experts_of(db, lot_ids)
