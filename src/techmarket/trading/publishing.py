"""What is published of an award before anybody signs: its result, or a price that was agreed and not bid for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.steps import OrganisationFacts
from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.kernel.periods import Length, Unit, end_of_period
from techmarket.kernel.refusals import wire
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.rulebook import steps as rulebook
from techmarket.trading import errors
from techmarket.trading.lifecycle import Method
from techmarket.trading.tables import Award, Lot, Participant, Trade

ABSTRACT = ("summary_zh", "summary_en")
BESIDE_PRICE = ("royalty_rate", "royalty_base", "royalty_minimum", "royalty_cap", "equity_share")
PUBLISHED_WITH_PRICE = (*ABSTRACT, "mode", "licence_kind", "scope", *BESIDE_PRICE)


async def publish_award(
    db: AsyncSession,
    trade: Trade,
    lot: Lot,
    award: Award,
    participant: Participant,
    terms: Mapping[str, Any],
    *,
    now: datetime,
    actor: Actor | None,
) -> UUID:
    """Open the notice of an offered award: of its price where a government-established unit sold by agreement (ZJR
    art. 17), of its result otherwise. Nobody signs before it has ended."""
    parties = await identity.get_organisations(db, [trade.seller_org_id, *participant.sides])
    seller, buyer = parties[trade.seller_org_id], parties[participant.buyer_org_id]
    deal = None
    if trade.method is Method.NEGOTIATION and seller.government_established:
        deal = await _deal(db, trade, lot, award, participant)
        kind, document = NoticeKind.PRICE, await _price(db, trade, lot, award, participant)
        length = await _price_length(db, trade, seller)
    else:
        kind, document = NoticeKind.RESULT, _result(trade, lot, award, participant, seller.name, buyer.name)
        if participant.principal_org_id is not None:
            document["represented_by"] = parties[participant.org_id].name
        if participant.members:
            document["consortium"] = [parties[one.org_id].name for one in participant.members]
        length = Length(terms["result_notice"]["n"], Unit(terms["result_notice"]["unit"]))
    return await notices.open_notice(
        db,
        kind=kind,
        subject=Ref("award", award.id),
        owner_org=trade.seller_org_id,
        document=document,
        rule_date=trade.rule_date,
        length=length,
        reader_orgs=sorted(participant.sides),
        deal=deal,
        actor=actor,
        now=now,
    )


async def require_countable(db: AsyncSession, trade: Trade, terms: Mapping[str, Any], now: datetime) -> None:
    """The end of the notice can be counted; a year without holidays is refused by name."""
    seller = (await identity.get_organisations(db, [trade.seller_org_id]))[trade.seller_org_id]
    length = Length(terms["result_notice"]["n"], Unit(terms["result_notice"]["unit"]))
    if trade.method is Method.NEGOTIATION and seller.government_established:
        length = await _price_length(db, trade, seller)
    end_of_period(now, length, calendar=await rulebook.work_calendar(db))


def _result(trade: Trade, lot: Lot, award: Award, participant: Participant, seller: str, buyer: str) -> dict[str, Any]:
    return {
        "trade": trade.number,
        "lot": lot.n,
        "method": lot.method.value,
        "listing": str(trade.listing_id),
        "title_zh": lot.title_zh,
        "title_en": lot.title_en,
        "seller": seller,
        "buyer": buyer,
        "related_party": participant.related,
        "related_because": participant.related_because,
        "start_price": None if lot.start_price_minor is None else wire(Money(lot.start_price_minor)),
        "deal_price": wire(Money(award.price_minor)),
        "rank": award.rank,
        "book": {"entries": lot.seq, "chain": lot.chain.hex()},
    }


async def _price(db: AsyncSession, trade: Trade, lot: Lot, award: Award, participant: Participant) -> dict[str, Any]:
    """Name, abstract, mode of conversion, all that is paid, and whether the buyer is an interested party.

    What the lister keeps for fewer readers is not published here either; the announcement has asked for what must be.
    """
    said = await listings.public_terms(db, trade.listing_sha256)
    beside = {part: said[part] for part in BESIDE_PRICE if part in said}
    name = {"zh": lot.title_zh, "en": lot.title_en}
    return {
        "name": name,
        "abstract": {"zh": said.get("summary_zh"), "en": said.get("summary_en")},
        "mode": {part: said[part] for part in ("mode", "licence_kind", "scope") if part in said},
        "intended_price": wire(Money(award.price_minor)),
        **({"beside_it": beside} if beside else {}),
        "related_party": participant.related,
        "related_because": participant.related_because,
        "trade": trade.number,
        "lot": lot.n,
        "listing": str(trade.listing_id),
    }


async def require_publishable(db: AsyncSession, trade: Trade) -> None:
    """A price that a government-established unit agrees is published with abstract, mode and all that is paid beside
    it (ZJR art. 17): who means to keep these for fewer readers sells in another way."""
    seller = (await identity.get_organisations(db, [trade.seller_org_id]))[trade.seller_org_id]
    if trade.method is not Method.NEGOTIATION or not seller.government_established:
        return
    stated = (await texts.get(db, trade.listing_sha256))["fields"]
    public = await listings.public_terms(db, trade.listing_sha256)
    hidden = [name for name in PUBLISHED_WITH_PRICE if name in stated and name not in public]
    hidden = hidden or [*ABSTRACT] * (not any(name in public for name in ABSTRACT))
    if hidden:
        raise errors.PublicityHidden(fields=hidden)


async def _deal(db: AsyncSession, trade: Trade, lot: Lot, award: Award, participant: Participant) -> notices.Deal:
    """What is sold to whom for how much, as another price notice about it is found by."""
    sold = lot.achievement_ids or (await listings.get_offer_facts(db, trade.listing_id)).achievement_ids
    about = tuple(Ref("achievement", UUID(str(one))) for one in sold)
    return notices.Deal(about, tuple(sorted(participant.sides)), award.price_minor)


async def _price_length(db: AsyncSession, trade: Trade, seller: OrganisationFacts) -> Length:
    rule = await rulebook.get_rule(
        db,
        "notice.price.length",
        on=trade.rule_date,
        jurisdiction=seller.jurisdiction if seller.applies_local_rules else "CN",
        applies_to=("government_unit", "any"),
    )
    return rule.length
