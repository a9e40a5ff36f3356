"""The seller hands a drafted trade in; the operator announces it."""

from __future__ import annotations

from uuid import UUID

from techmarket.achievements import steps as achievements
from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import Length, Unit
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.trading import errors, policy, publishing, repository
from techmarket.trading.announcement import extension_of, look_at
from techmarket.trading.events import LotAnnounced, RestsOn, TradeAnnounced, TradeReturned, TradeSubmitted
from techmarket.trading.lifecycle import TRADE
from techmarket.trading.service.drafting import require_published, require_same_version
from techmarket.trading.service.relisting import require_follows
from techmarket.trading.service.showing import require_known, trade_view
from techmarket.trading.views import TradeView


async def submit_trade(tx: Tx, actor: Actor, trade_id: UUID) -> TradeView:
    """The seller hands the draft in; the listing must still be the version it was drafted on."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        require_known(actor, trade)
        require(actor, policy.SUBMIT, parties=[trade.seller_org_id])
        trade.state = TRADE.move(trade.state, "submit")
        offer = await listings.get_offer_facts(db, trade.listing_id)
        require_published(offer)
        require_same_version(trade, offer)
        journal.record(db, TradeSubmitted(trade.id), actor=actor)
        await db.flush()
        return await trade_view(db, trade, await repository.lots_of(db, trade.id), await market_now(db))


async def return_trade(tx: Tx, actor: Actor, trade_id: UUID) -> TradeView:
    """The operator hands a submitted trade back."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        require_known(actor, trade)
        require(actor, policy.ANNOUNCE)
        trade.state = TRADE.move(trade.state, "return")
        journal.record(db, TradeReturned(trade.id), actor=actor)
        await db.flush()
        return await trade_view(db, trade, await repository.lots_of(db, trade.id), await market_now(db))


async def announce(tx: Tx, actor: Actor, trade_id: UUID) -> TradeView:
    """The operator announces a trade: its notice stands, its listing is engaged, participants may register."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        require_known(actor, trade)
        require(actor, policy.ANNOUNCE)
        trade.state = TRADE.move(trade.state, "announce")
        offer = await listings.engage(db, trade.listing_id, by=Ref("trade", trade.id), actor=actor)
        require_same_version(trade, offer)
        await require_follows(db, trade, offer)
        await publishing.require_publishable(db, trade)
        terms = await texts.get(db, trade.terms_sha256)
        extension = extension_of(terms)
        now = await market_now(db)
        lots = await repository.lots_of(db, trade.id)
        trade.notice_id = await notices.open_notice(
            db,
            kind=NoticeKind.ANNOUNCEMENT,
            subject=Ref("trade", trade.id),
            owner_org=trade.seller_org_id,
            document={
                "trade": trade.number,
                "lots": [{"id": str(lot.id), "n": lot.n} for lot in lots],
                "title_zh": trade.title_zh,
                "title_en": trade.title_en,
                "terms_sha256": trade.terms_sha256,
                "terms": terms,
            },
            rule_date=trade.rule_date,
            length=Length(terms["announcement"]["n"], Unit(terms["announcement"]["unit"])),
            extension=None if extension is None else notices.Extension(extension.length, extension.at_most),
            actor=actor,
            now=now,
        )
        ends_at = await notices.ends_at(db, trade.notice_id)
        assert ends_at is not None
        if trade.bidding_opens_at is None:
            trade.bidding_opens_at = ends_at
        if trade.bidding_opens_at < ends_at:
            raise errors.OpensTooEarly(announcement_ends_at=ends_at)
        trade.announcement_ends_at, trade.extension_look_at = ends_at, look_at(ends_at, extension)
        journal.record(
            db,
            TradeAnnounced(
                trade.id,
                trade.listing_id,
                trade.notice_id,
                trade.number,
                trade.terms_sha256,
                trade.method.value,
            ),
            actor=actor,
        )
        for ground in await achievements.grounds_of(db, listings.sale_of(offer)):
            journal.record(db, RestsOn(trade.id, ground.approval_id, ground.consent_id), actor=actor)
        for lot in lots:
            event = LotAnnounced(
                lot.id,
                trade.id,
                lot.n,
                lot.start_price_minor,
                lot.increment_minor,
                lot.reserve_digest,
                lot.floor_minor,
                lot.step_seconds,
            )
            journal.record(db, event, actor=actor)
        await db.flush()
        return await trade_view(db, trade, lots, now)
