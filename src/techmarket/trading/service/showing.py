"""Rows as the views that leave this room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.identity.actor import Actor
from techmarket.kernel.masking import Place, shown
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.notices.lifecycle import NoticeState
from techmarket.settlement import steps as settlement
from techmarket.settlement.steps import DueFacts
from techmarket.trading import repository, rules
from techmarket.trading.lifecycle import (
    UNDECIDED,
    DepositState,
    LotState,
    Method,
    ParticipantState,
    TradeState,
    WaitsFor,
)
from techmarket.trading.methods import BOOKED, rules_of
from techmarket.trading.methods.descending import falls_at
from techmarket.trading.qualification import Ground, Kinship, OpinionBy
from techmarket.trading.tables import Award, BidRow, Deposit, Lot, Participant, ParticipantOpinion, Trade, TradeAct
from techmarket.trading.views import (
    ActView,
    AwardView,
    BidLineView,
    ClaimView,
    ConsortiumView,
    DepositView,
    FloorLineView,
    LotView,
    MandateView,
    MemberView,
    OpinionView,
    ParticipantView,
    PauseView,
    SeatView,
    TradeLineView,
    TradeView,
)

WAITS_FOR = {ParticipantState.REGISTERED: OpinionBy.OPERATOR, ParticipantState.ADMITTED: OpinionBy.SELLER}


def require_known(actor: Actor, trade: Trade) -> None:
    """Before its announcement a trade is known to its seller and the market only."""
    if trade.state in repository.HIDDEN and not actor.is_market and actor.org_id != trade.seller_org_id:
        raise NotFound()


async def trade_view(db: AsyncSession, trade: Trade, lots: Sequence[Lot], now: datetime) -> TradeView:
    terms = await texts.get(db, trade.terms_sha256)
    ends_at, waits_for = await _course(db, trade)
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
        terms,
        rules_of(terms),
        Money(trade.deposit_minor),
        trade.deposit_scope,
        trade.previous_id,
        trade.notice_id,
        ends_at,
        trade.bidding_opens_at,
        trade.suspended_at,
        trade.resume_by,
        waits_for,
        tuple(lot_view(lot, now) for lot in lots),
    )


async def _course(db: AsyncSession, trade: Trade) -> tuple[datetime | None, WaitsFor | None]:
    """When the announcement ends, or what it waits for meanwhile."""
    if trade.notice_id is None:
        return None, None
    notice = await notices.get_facts(db, trade.notice_id)
    if notice.ends_at is not None or trade.state is not TradeState.ANNOUNCED:
        return notice.ends_at, None
    if trade.suspended_at is not None:
        return None, WaitsFor.RESUMPTION
    return None, WaitsFor.OBJECTION if notice.state is NoticeState.PAUSED else WaitsFor.CALENDAR_MISSING


def act_view(act: TradeAct) -> ActView:
    """An act as everyone reads it; what was announced or recorded of it stands there word for word."""
    return ActView(
        act.trade_id,
        act.n,
        act.act,
        act.cause,
        shown(Place.TRADE_REASONS, act.reasons),
        act.by_person_id is None,
        act.at,
        act.announcement_ends_at,
        act.bidding_opens_at,
    )


def trade_line(trade: Trade, lots: Sequence[Lot]) -> TradeLineView:
    lot = lots[0]
    return TradeLineView(
        trade.id,
        trade.number,
        trade.state,
        trade.method,
        trade.listing_id,
        lot.id,
        len(lots),
        trade.title_zh,
        trade.title_en,
        money_of(lot.start_price_minor),
        money_of(lot.increment_minor),
        Money(trade.deposit_minor),
        money_of(lot.leading_minor),
        trade.bidding_opens_at,
        lot.effective_end,
    )


def lot_view(lot: Lot, now: datetime) -> LotView:
    return LotView(
        lot.id,
        lot.trade_id,
        lot.n,
        lot.title_zh,
        lot.title_en,
        None if lot.achievement_ids is None else tuple(UUID(one) for one in lot.achievement_ids),
        lot.method,
        lot.state,
        money_of(lot.start_price_minor),
        money_of(lot.increment_minor),
        money_of(lot.floor_minor),
        lot.step_seconds,
        money_of(lot.leading_minor),
        lot.leading_bidder,
        _least_next_bid(lot, now),
        _falls_at(lot, now),
        lot.seq,
        lot.chain.hex(),
        lot.opened_at,
        lot.free_ends_at,
        lot.effective_end,
        lot.hard_end,
        _pause(lot),
        lot.closed_at,
        lot.step,
        lot.step_due_at,
        lot.reserve_digest,
        money_of(lot.reserve_minor),
        lot.reserve_salt,
        now,
    )


def _pause(lot: Lot) -> PauseView | None:
    if lot.paused_at is None or lot.pause_cause is None:
        return None
    return PauseView(lot.pause_cause, lot.pause_reason or "", lot.paused_at, lot.resumes_at)


def floor_line(row: repository.FloorRow, now: datetime) -> FloorLineView:
    lot = row.lot
    return FloorLineView(
        row.trade.id,
        row.trade.number,
        lot.id,
        lot.n,
        lot.title_zh,
        lot.title_en,
        lot.method,
        lot.state,
        lot.step,
        None if row.due == repository.NEVER else row.due,
        lot.effective_end,
        lot.hard_end,
        _pause(lot),
        money_of(lot.leading_minor),
        lot.leading_bidder,
        lot.seq,
        row.ready,
        now,
    )


def _least_next_bid(lot: Lot, now: datetime) -> Money | None:
    """What a bid must reach now, while the book is not closed."""
    known = BOOKED.get(lot.method.value)
    if known is None or lot.state not in UNDECIDED - {LotState.EVALUATING} or lot.start_price_minor is None:
        return None
    if lot.opened_at is None:
        return Money(lot.start_price_minor)
    least = known.least(state_of(lot), lot.paused_at or now)
    return None if least is None else Money(least)


def _falls_at(lot: Lot, now: datetime) -> datetime | None:
    """When a falling price falls next, while it does: it stands still in a pause, and once somebody has taken it."""
    if lot.method is not Method.DESCENDING or lot.state is not LotState.OPEN or lot.leading_seq is not None:
        return None
    return falls_at(state_of(lot).terms, now)


def state_of(lot: Lot) -> rules.LotState:
    """A lot that was opened, as its method's rule sees it."""
    assert lot.free_ends_at is not None
    assert lot.hard_end is not None
    assert lot.effective_end is not None
    terms = rules.LotTerms(
        lot.id,
        lot.start_price_minor or 0,
        lot.increment_minor or 0,
        timedelta(seconds=lot.limited_seconds or 0),
        lot.free_ends_at,
        lot.hard_end,
        lot.floor_minor or 0,
        timedelta(seconds=lot.step_seconds or 0),
    )
    return rules.LotState(
        terms, lot.effective_end, lot.seq, lot.chain, lot.leading_seq, lot.leading_bidder, lot.leading_minor
    )


def bid_line(lot: Lot, bid: BidRow, *, is_void: bool) -> BidLineView:
    is_falling = lot.method is Method.DESCENDING and lot.leading_seq is None and lot.closed_at is None
    amount = None if is_falling else Money(public_minor(lot, bid))
    return BidLineView(bid.seq, bid.bidder, amount, bid.verdict, bid.at, bid.chain.hex(), is_void)


def public_minor(lot: Lot, bid: BidRow) -> int:
    """The amount of an entry as anybody may know it; the row keeps what was named."""
    rules_of_book = BOOKED[lot.method.value]
    return rules.told_minor(bid.minor, bid.least_minor, bid.verdict, charges_least=rules_of_book.charges_least)


async def participant_view(db: AsyncSession, trade: Trade, participant: Participant) -> ParticipantView:
    return (await participant_views(db, [participant]))[0]


async def participant_views(db: AsyncSession, participants: Sequence[Participant]) -> list[ParticipantView]:
    ids = [participant.id for participant in participants]
    seats = await repository.seats_of_participants(db, ids)
    deposits = await repository.deposits_of(db, ids)
    claims = await repository.claims_of(db, ids)
    signed = {sha256 for one in participants for sha256 in (one.mandate_sha256, one.agreement_sha256) if sha256}
    documents = await texts.get_many(db, signed)
    opinions = await repository.opinions_on(db, ids)
    words = await texts.get_many(db, {one.document_sha256 for one in opinions})
    asked = await repository.asked_now(db, ids)
    dues = {one.due_id: await settlement.get_due(db, one.due_id) for one in deposits}
    return [
        ParticipantView(
            participant.id,
            participant.trade_id,
            participant.org_id,
            participant.number,
            _mandate(participant, documents),
            _consortium(participant, documents),
            participant.related,
            tuple(Kinship(one) for one in participant.related_because),
            participant.state,
            WAITS_FOR.get(participant.state) if participant.id in asked else None,
            participant.due_at,
            tuple(_opinion(one, words) for one in opinions if one.participant_id == participant.id),
            participant.payer_account,
            tuple(
                SeatView(seat.lot_id, seat.state, seat.first_refusal)
                for seat in seats
                if seat.participant_id == participant.id
            ),
            tuple(_deposit_view(one, dues[one.due_id]) for one in deposits if one.participant_id == participant.id),
            tuple(
                ClaimView(one.lot_id, one.basis, one.share, one.evidence_sha256, one.state)
                for one in claims
                if one.participant_id == participant.id
            ),
        )
        for participant in participants
    ]


def _mandate(participant: Participant, documents: Mapping[str, dict[str, Any]]) -> MandateView | None:
    if participant.principal_org_id is None or participant.mandate_sha256 is None:
        return None
    said = documents[participant.mandate_sha256]
    return MandateView(participant.principal_org_id, participant.mandate_sha256, said, participant.mandated_at)


def _consortium(participant: Participant, documents: Mapping[str, dict[str, Any]]) -> ConsortiumView | None:
    if participant.agreement_sha256 is None:
        return None
    return ConsortiumView(
        tuple(
            MemberView(one.org_id, tuple(Kinship(ground) for ground in one.related_because), one.signed_at)
            for one in participant.members
        ),
        participant.deposit_payer_id,
        participant.agreement_sha256,
        documents[participant.agreement_sha256],
        participant.agreed_at,
    )


def _opinion(row: ParticipantOpinion, words: Mapping[str, Mapping[str, Any]]) -> OpinionView:
    return OpinionView(
        row.by,
        row.accepted,
        tuple(Ground(one) for one in row.grounds),
        words[row.document_sha256]["words"],
        row.document_sha256,
        row.person_id is None,
        row.at,
    )


def _deposit_view(deposit: Deposit, due: DueFacts) -> DepositView:
    return DepositView(
        deposit.id,
        deposit.lot_id,
        Money(deposit.minor),
        Money(due.outstanding_minor if deposit.state is DepositState.DUE else 0),
        deposit.state,
        deposit.due_id,
        due.reference,
        deposit.return_by,
        deposit.cause,
        deposit.reasons,
    )


async def award_view(db: AsyncSession, award: Award, trade: Trade, participant: Participant) -> AwardView:
    deposit = await repository.find_backing(db, participant.id, award.lot_id, lock=False)
    return AwardView(
        award.id,
        trade.id,
        award.lot_id,
        award.rank,
        award.state,
        trade.seller_org_id,
        participant.buyer_org_id,
        None if participant.principal_org_id is None else participant.org_id,
        participant.member_org_ids,
        Money(award.price_minor),
        Money(0 if deposit is None else deposit.minor),
        award.notice_id,
        award.sign_by,
        award.buyers_turn_at,
    )


def money_of(minor: int | None) -> Money | None:
    return None if minor is None else Money(minor)
