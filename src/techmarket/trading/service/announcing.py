"""The seller drafts a trade and hands it in; the operator announces it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor, OrgKind
from techmarket.identity.permissions import require
from techmarket.identity.steps import OrganisationFacts
from techmarket.kernel.ids import Ref, human_number, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.periods import SHANGHAI, Length, Unit, shanghai_day
from techmarket.kernel.refusals import NotFound, wire
from techmarket.listings import steps as listings
from techmarket.listings.steps import OfferFacts
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.steps import Rule
from techmarket.trading import errors, policy, repository, rules
from techmarket.trading.events import (
    TradeAnnounced,
    TradeDrafted,
    TradeReturned,
    TradeSubmitted,
)
from techmarket.trading.lifecycle import (
    BOOK,
    TRADE,
    Method,
)
from techmarket.trading.service.showing import require_known, trade_view
from techmarket.trading.tables import Lot, Trade
from techmarket.trading.views import TradeView

FREE_SECONDS = (60, 30 * 86_400)
LIMITED_SECONDS = (10, 86_400)
HARD_STOP_SECONDS = (60, 30 * 86_400)
OPENS_WITHIN = timedelta(days=180)
"""Deposits wait for the opening, and nobody can leave with his before: it is not put off for years."""


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
        if bidding_opens_at is not None and not now <= bidding_opens_at <= now + OPENS_WITHIN:
            field, most = "bidding_opens_at", now + OPENS_WITHIN
            raise errors.TermsOutOfRange(field=field, least=now, most=most, pointer=f"/body/{field}")
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
        return await trade_view(db, trade, lot, now)


async def submit_trade(tx: Tx, actor: Actor, trade_id: UUID) -> TradeView:
    """The seller hands the draft in; the listing must still be the version it was drafted on."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        require_known(actor, trade)
        require(actor, policy.SUBMIT, parties=[trade.seller_org_id])
        trade.state = TRADE.move(trade.state, "submit")
        offer = await listings.get_offer_facts(db, trade.listing_id)
        _require_published(offer)
        _require_same_version(trade, offer)
        journal.record(db, TradeSubmitted(trade.id), actor=actor)
        await db.flush()
        return await trade_view(db, trade, await repository.lot_of(db, trade.id), await market_now(db))


async def return_trade(tx: Tx, actor: Actor, trade_id: UUID) -> TradeView:
    """The operator hands a submitted trade back."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        require_known(actor, trade)
        require(actor, policy.ANNOUNCE)
        trade.state = TRADE.move(trade.state, "return")
        journal.record(db, TradeReturned(trade.id), actor=actor)
        await db.flush()
        return await trade_view(db, trade, await repository.lot_of(db, trade.id), await market_now(db))


async def announce(tx: Tx, actor: Actor, trade_id: UUID) -> TradeView:
    """The operator announces a trade: its notice stands, its listing is engaged, participants may register."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        require_known(actor, trade)
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
        return await trade_view(db, trade, lot, now)


def _require_published(offer: OfferFacts) -> None:
    if offer.state != "PUBLISHED":
        raise errors.ListingNotTradable()


def _require_same_version(trade: Trade, offer: OfferFacts) -> None:
    """A trade is about one version of its listing."""
    if (trade.listing_n, trade.listing_sha256) != (offer.n, offer.sha256):
        raise errors.ListingChanged(n=offer.n)


def seller_kinds(seller: OrganisationFacts) -> tuple[str, ...]:
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
    kinds, place = seller_kinds(seller), seller.jurisdiction
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
