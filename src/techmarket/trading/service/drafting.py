"""The owner of an offer drafts its trade: a method with its terms, and one lot or several."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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
from techmarket.kernel.ids import human_number, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.periods import SHANGHAI, Length, Unit, shanghai_day
from techmarket.kernel.refusals import NotFound, wire
from techmarket.listings import steps as listings
from techmarket.listings.rules import ListingKind
from techmarket.listings.steps import OfferFacts
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.steps import Rule
from techmarket.trading import announcement, deposits, errors, final_bids, first_refusal, policy, repository, rules
from techmarket.trading import consortium as consortia
from techmarket.trading.consortium import DepositFrom
from techmarket.trading.events import TradeDrafted
from techmarket.trading.lifecycle import LOT, TRADE, DepositScope, ForfeitCause, Method
from techmarket.trading.methods import MethodRules, method_rules
from techmarket.trading.qualification import COUNTS_AS_CONFIRMATION, SAYS_NOTHING
from techmarket.trading.service.relisting import PriceGround, find_previous, judge, row_in_terms
from techmarket.trading.service.showing import trade_view
from techmarket.trading.tables import Lot, Trade
from techmarket.trading.views import TradeView

OPENS_WITHIN = timedelta(days=180)
"""Deposits wait for the opening, and nobody can leave with his before: it is not put off for years."""
LOTS_MAX = 100
FORFEITED_WHEN = frozenset(ForfeitCause) - {ForfeitCause.NOBODY_BIDS}
"""What costs a deposit where the seller announces nothing else. That silence does is for him to say."""


@dataclass(frozen=True, slots=True)
class ExtensionDraft:
    """The seller announces that the announcement may be extended; length and number come from the rulebook, if left
    out. Automatic: the clock does it while a lot lacks participants."""

    n: int | None = None
    at_most: int | None = None
    is_automatic: bool = False


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What the seller announces for after the session: a best final bid of so many leaders, and how long holders of a
    first refusal are asked. Left out: neither."""

    final_bid_hours: int | None = None
    final_bid_leaders: int = 2
    first_refusal_hours: int | None = None


@dataclass(frozen=True, slots=True)
class ConsortiumTerms:
    """The seller announces that several may buy as one: how many, and who of them pays the deposit."""

    members_max: int
    deposit_from: DepositFrom = DepositFrom.REPRESENTATIVE


@dataclass(frozen=True, slots=True)
class LotDraft:
    """One lot as the seller words it. Without a title it has the listing's, without a price the listing's own."""

    title_zh: str | None = None
    title_en: str | None = None
    achievement_ids: tuple[UUID, ...] | None = None
    start_price_minor: int | None = None
    increment_minor: int | None = None
    reserve_digest: str | None = None
    floor_minor: int | None = None


async def draft_trade(
    tx: Tx,
    actor: Actor,
    *,
    listing_id: UUID,
    deposit_minor: int,
    lots: Sequence[LotDraft],
    method: Method = Method.ONLINE_BIDDING,
    terms: Mapping[str, Any] | None = None,
    deposit_scope: DepositScope = DepositScope.TRADE,
    forfeited_when: Collection[ForfeitCause] | None = None,
    bidding_opens_at: datetime | None = None,
    extension: ExtensionDraft | None = None,
    participants_min: int = 1,
    previous_id: UUID | None = None,
    ground: PriceGround | None = None,
    afterwards: Afterwards | None = None,
    consortium: ConsortiumTerms | None = None,
) -> TradeView:
    """The owner of a published offer drafts its trade. What is not said comes from the rulebook, by today's date."""
    async with tx.begin() as db:
        offer = await listings.get_offer_facts(db, listing_id)
        if actor.org_id != offer.org_id:
            raise NotFound()
        require(actor, policy.DRAFT, parties=[offer.org_id])
        now = await market_now(db)
        require_published(offer)
        seller = await identity.require_verified(db, offer.org_id)
        way = method_rules(method)
        if (offer.kind is ListingKind.DEMAND) is not (method is Method.SELECTION):
            raise errors.DemandNeeded(pointer="/body/method")
        _require_clear_lots(offer, lots)
        _require_whole_lots(way, lots)
        starts = _start_prices(offer, lots, way)
        # A falling price may end at its floor: that reaches the listing's price, and deposits are a part of it.
        floors = [
            start if lot.floor_minor is None else lot.floor_minor for lot, start in zip(lots, starts, strict=True)
        ]
        if bidding_opens_at is not None and not now <= bidding_opens_at <= now + OPENS_WITHIN:
            field, most = "bidding_opens_at", now + OPENS_WITHIN
            raise errors.TermsOutOfRange(field=field, least=now, most=most, pointer=f"/body/{field}")
        if not 1 <= participants_min <= announcement.PARTICIPANTS_MIN_MAX:
            field, top = "participants_min", announcement.PARTICIPANTS_MIN_MAX
            raise errors.TermsOutOfRange(field=field, least=1, most=top, pointer=f"/body/{field}")
        on = shanghai_day(now)
        given = dict(terms or {})
        defaults, used = await _defaults(db, way, given, on=on)
        published = way.published(way.terms(given, defaults))
        whole = await _terms(
            db,
            offer,
            seller,
            on=on,
            floor=sum(one or 0 for one in floors),
            backed=(min if deposit_scope is DepositScope.LOT else sum)(one or 0 for one in floors),
            deposit=deposit_minor,
            used=used,
        )
        whole |= {
            "method": method.value,
            "rules": published,
            "lots": [_lot_terms(n, lot, start) for n, (lot, start) in enumerate(zip(lots, starts, strict=True), 1)],
            "deposit": wire(Money(deposit_minor)),
            "deposit_scope": deposit_scope.value,
            "deposit_applied": deposits.BY_LOT if deposit_scope is DepositScope.TRADE else "own_contract",
            "deposit_forfeited_when": sorted(FORFEITED_WHEN if forfeited_when is None else set(forfeited_when)),
            "bidding_opens_at": wire(bidding_opens_at),
            "participants_min": participants_min,
            "extension": await _extension(db, seller, extension, Unit(whole["announcement"]["unit"]), on=on),
        }
        whole |= _afterwards(afterwards or Afterwards(), way, published)
        if consortium is not None:
            _require_within("consortium/members_max", consortium.members_max, *consortia.MEMBERS)
            whole["consortium"] = consortia.published(consortium.members_max, consortium.deposit_from)
        came = await find_previous(db, offer, previous_id)
        whole |= await judge(
            db, came, whole, offer.sha256, ground or PriceGround(), seller=seller, kinds=seller_kinds(seller), on=on
        )
        if any(lot.reserve_digest is not None for lot in lots):
            reveal = await rulebook.get_rule(db, "trading.reserve_reveal.length", on=on)
            whole["reserve"] = {"reveal": _length(reveal), "not_revealed_in_time": "does_not_bind"}
        year = now.astimezone(SHANGHAI).year
        trade = Trade(
            id=new_id(),
            number=human_number("JY", year, await repository.next_number(db, year)),
            listing_id=offer.listing_id,
            listing_n=offer.n,
            listing_sha256=offer.sha256,
            achievement_ids=list(offer.achievement_ids),
            title_zh=str(offer.terms.get("title_zh") or offer.terms.get("title_en") or ""),
            title_en=str(offer.terms.get("title_en") or offer.terms.get("title_zh") or ""),
            seller_org_id=offer.org_id,
            method=method,
            rule_date=on,
            state=TRADE.initial,
            terms_sha256=await texts.put(db, whole),
            deposit_minor=deposit_minor,
            deposit_scope=deposit_scope,
            previous_id=came[0].id if came else None,
            signing_n=whole["signing"]["n"],
            signing_unit=whole["signing"]["unit"],
            bidding_opens_at=bidding_opens_at,
            created_at=now,
        )
        db.add(trade)
        await db.flush()
        made = [
            _lot(trade, n, lot, start, published) for n, (lot, start) in enumerate(zip(lots, starts, strict=True), 1)
        ]
        db.add_all(made)
        journal.record(db, TradeDrafted(trade.id, trade.listing_id, trade.terms_sha256), actor=actor)
        await db.flush()
        return await trade_view(db, trade, made, now)


def _lot(trade: Trade, n: int, lot: LotDraft, start: int | None, published: Mapping[str, Any]) -> Lot:
    lot_id = new_id()
    return Lot(
        id=lot_id,
        trade_id=trade.id,
        n=n,
        title_zh=lot.title_zh or lot.title_en or trade.title_zh,
        title_en=lot.title_en or lot.title_zh or trade.title_en,
        achievement_ids=None if lot.achievement_ids is None else [str(one) for one in lot.achievement_ids],
        method=trade.method,
        state=LOT.initial,
        start_price_minor=start,
        increment_minor=lot.increment_minor,
        limited_seconds=published.get("limited_seconds"),
        floor_minor=lot.floor_minor,
        step_seconds=published.get("step_seconds"),
        seq=0,
        chain=rules.first_chain(lot_id, trade.terms_sha256),
        reserve_digest=lot.reserve_digest,
    )


def _afterwards(wanted: Afterwards, way: MethodRules, published: Mapping[str, Any]) -> dict[str, Any]:
    """Final bids follow a session of online bidding; a first refusal is about something that is sold."""
    said: dict[str, Any] = {}
    if wanted.final_bid_hours is not None:
        _require_within("final_bid/hours", wanted.final_bid_hours, *final_bids.HOURS)
        _require_within("final_bid/leaders", wanted.final_bid_leaders, *final_bids.LEADERS)
        if way.method is not Method.ONLINE_BIDDING:
            raise errors.TermUnknown(method=way.method.value, field="final_bid", known=[], pointer="/body/final_bid")
        said["final_bid"] = final_bids.published(hours=wanted.final_bid_hours, leaders=wanted.final_bid_leaders)
    if wanted.first_refusal_hours is not None:
        field = "first_refusal_hours"
        _require_within(field, wanted.first_refusal_hours, *first_refusal.HOURS)
        if way.method is Method.SELECTION:
            raise errors.TermUnknown(method=way.method.value, field=field, known=[], pointer=f"/body/{field}")
        if "first_refusal" in published:
            raise errors.TermsSaidTwice(pointer=f"/body/{field}")
        said["first_refusal"] = first_refusal.published(wanted.first_refusal_hours)
    return said


def _require_within(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise errors.TermsOutOfRange(field=field, least=least, most=most, pointer=f"/body/{field}")


def _lot_terms(n: int, lot: LotDraft, start: int | None) -> dict[str, Any]:
    """A lot as the published terms tell it."""
    return {
        "n": n,
        "title_zh": lot.title_zh,
        "title_en": lot.title_en,
        "achievement_ids": None if lot.achievement_ids is None else [str(one) for one in lot.achievement_ids],
        "start_price": None if start is None else wire(Money(start)),
        "increment": None if lot.increment_minor is None else wire(Money(lot.increment_minor)),
        **({} if lot.floor_minor is None else {"floor": wire(Money(lot.floor_minor))}),
        "reserve_digest": lot.reserve_digest,
    }


def _require_clear_lots(offer: OfferFacts, lots: Sequence[LotDraft]) -> None:
    """Several lots share the listing's achievements out between them; ordinary licences of one may be sold apart."""
    if not 1 <= len(lots) <= LOTS_MAX:
        raise errors.TermsOutOfRange(field="lots", least=1, most=LOTS_MAX, pointer="/body/lots")
    named: set[UUID] = set()
    for n, lot in enumerate(lots):
        mine = set(lot.achievement_ids or ())
        unknown = not mine <= set(offer.achievement_ids)
        unnamed = len(lots) > 1 and not mine
        shared = bool(named & mine) and offer.licence_kind != "ORDINARY"
        if unknown or unnamed or shared or lot.achievement_ids == ():
            raise errors.LotsUnclear(pointer=f"/body/lots/{n}/achievement_ids")
        named |= mine


def _require_whole_lots(way: MethodRules, lots: Sequence[LotDraft]) -> None:
    """Each lot says what its method needs; the listing's price stands in for a start price left out."""
    for n, lot in enumerate(lots):
        # What is asked for falls: a price from below would throw the best proposals out.
        priced = {
            "start_price": lot.start_price_minor,
            "increment": lot.increment_minor,
            "reserve_digest": lot.reserve_digest,
        }
        for field in [one for one, said in priced.items() if said is not None and way.method is Method.SELECTION]:
            at = f"/body/lots/{n}/{field}"
            raise errors.TermUnknown(method=way.method.value, field=field, known=sorted(way.lot_needs), pointer=at)
        if "increment" in way.lot_needs and lot.increment_minor is None:
            raise errors.TermMissing(method=way.method.value, field="increment", pointer=f"/body/lots/{n}/increment")
        if "floor" in way.lot_needs and lot.floor_minor is None:
            raise errors.TermMissing(method=way.method.value, field="floor", pointer=f"/body/lots/{n}/floor")
        if "floor" not in way.lot_needs and lot.floor_minor is not None:
            raise errors.TermUnknown(
                method=way.method.value, field="floor", known=sorted(way.lot_needs), pointer=f"/body/lots/{n}/floor"
            )


def _start_prices(offer: OfferFacts, lots: Sequence[LotDraft], way: MethodRules) -> list[int | None]:
    """The start prices reach the listing's floor price together; a single lot may leave its own out.

    A method that needs none takes lots without a price, if the listing has none either.
    """
    starts = [lot.start_price_minor for lot in lots]
    if len(lots) == 1 and starts[0] is None:
        starts[0] = offer.price_minor
    priced = [start for start in starts if start is not None]
    if not priced and offer.price_minor is None and "start_price" not in way.lot_needs:
        return starts
    if len(priced) < len(starts) or (offer.price_minor is not None and sum(priced) < offer.price_minor):
        pointer = f"/body/lots/{starts.index(None) if None in starts else 0}/start_price"
        raise errors.StartBelowFloor(floor=Money(offer.price_minor or 1), pointer=pointer)
    if "floor" in way.lot_needs:
        _require_floors(offer, lots, priced)
    return starts


def _require_floors(offer: OfferFacts, lots: Sequence[LotDraft], starts: Sequence[int]) -> None:
    """A price falls to a floor below its start, and the floors together not below the listing's floor price."""
    floors = [lot.floor_minor or 0 for lot in lots]
    for n, (floor, start) in enumerate(zip(floors, starts, strict=True)):
        if floor >= start:
            raise errors.FloorNotBelowStart(start_price=Money(start), pointer=f"/body/lots/{n}/floor")
    if offer.price_minor is not None and sum(floors) < offer.price_minor:
        raise errors.FallsBelowFloor(floor=Money(offer.price_minor), pointer="/body/lots/0/floor")


def require_published(offer: OfferFacts) -> None:
    if offer.state != "PUBLISHED":
        raise errors.ListingNotTradable()


def require_same_version(trade: Trade, offer: OfferFacts) -> None:
    """A trade is about one version of its listing."""
    if (trade.listing_n, trade.listing_sha256) != (offer.n, offer.sha256):
        raise errors.ListingChanged(n=offer.n)


def seller_kinds(seller: OrganisationFacts) -> tuple[str, ...]:
    """A company of the state is bound by the rules for state assets, a university is not."""
    is_soe = seller.kind is OrgKind.ENTERPRISE and seller.government_established
    return ("soe", "any") if is_soe else ("non_soe", "any")


async def _defaults(
    db: AsyncSession, way: MethodRules, given: Mapping[str, Any], *, on: date
) -> tuple[dict[str, int], list[Rule]]:
    """What the rulebook says on this date where the seller said nothing, with the rows it was read from."""
    defaults: dict[str, int] = {}
    used = []
    for name, key in way.defaults.items():
        if given.get(name) is None:
            rule = await rulebook.get_rule(db, key, on=on)
            in_minutes = name.endswith("_seconds") and rule.length.unit is Unit.MINUTES
            defaults[name] = rule.length.n * (60 if in_minutes else 1)
            used.append(rule)
    return defaults, used


async def _terms(
    db: AsyncSession,
    offer: OfferFacts,
    seller: OrganisationFacts,
    *,
    on: date,
    floor: int,
    backed: int,
    deposit: int,
    used: list[Rule],
) -> dict[str, Any]:
    """What the rulebook says for this trade on its date, with the rows it was read from."""
    kinds, place = seller_kinds(seller), seller.jurisdiction
    band = None
    if kinds[0] == "soe":
        low = await rulebook.get_rule(db, "notice.announcement.floor_price_low.max", on=on, applies_to=kinds)
        high = await rulebook.get_rule(db, "notice.announcement.floor_price_high.min", on=on, applies_to=kinds)
        band = rules.floor_price_band(floor, low_max_minor=low.int, high_min_minor=high.int)
    disclosed = await rulebook.get_rule(
        db, "notice.announcement.length", on=on, jurisdiction=place, applies_to=kinds, base=band
    )
    result = await rulebook.get_rule(db, "notice.result.length", on=on, jurisdiction=place, applies_to=kinds)
    signing = await rulebook.get_rule(db, "award.signing.length", on=on, jurisdiction=place, applies_to=kinds)
    turn = await rulebook.get_rule(db, "award.buyer_turn.length", on=on, jurisdiction=place, applies_to=kinds)
    back = await rulebook.get_rule(db, "trading.deposit_return.length", on=on, jurisdiction=place, applies_to=kinds)
    ratio = await rulebook.get_rule(db, "trading.deposit_ratio_max", on=on, jurisdiction=place, applies_to=kinds)
    warnings = []
    if backed and rules.deposit_is_above_custom(deposit, floor_minor=backed, ratio_max=ratio.decimal):
        if ratio.is_enforceable:
            most = Money(int(backed * ratio.decimal))
            raise errors.DepositAboveRule(ratio_max=ratio.decimal, most=most, pointer="/body/deposit")
        warnings.append("trading.deposit_above_custom")
    view = await rulebook.get_rule(db, "trading.operator_view.length", on=on, jurisdiction=place, applies_to=kinds)
    answer = await rulebook.get_rule(db, "trading.seller_answer.length", on=on, jurisdiction=place, applies_to=kinds)
    silence = await rulebook.get_rule(db, "trading.seller_silence", on=on, jurisdiction=place, applies_to=kinds)
    used = [*used, disclosed, result, signing, turn, back, ratio, view, answer, silence]
    return {
        "listing": {"id": str(offer.listing_id), "n": offer.n, "sha256": offer.sha256},
        "seller_organisation_id": str(offer.org_id),
        "rule_date": on.isoformat(),
        "announcement": _length(disclosed),
        "result_notice": _length(result),
        "signing": _length(signing),
        "buyer_turn": _length(turn),
        "deposit_return": _length(back),
        "qualification": {
            "operator_view": _length(view),
            "seller_answer": _length(answer),
            "seller_silence": COUNTS_AS_CONFIRMATION if silence.int else SAYS_NOTHING,
        },
        "rulebook": [row_in_terms(rule) for rule in used],
        "warnings": warnings,
    }


async def _extension(
    db: AsyncSession, seller: OrganisationFacts, wanted: ExtensionDraft | None, unit: Unit, *, on: date
) -> dict[str, Any] | None:
    """What will be announced about an extension; nothing of it is possible that was not announced."""
    if wanted is None:
        return None
    kinds, place = seller_kinds(seller), seller.jurisdiction
    step = await rulebook.get_rule(db, "trading.extension.length", on=on, jurisdiction=place, applies_to=kinds)
    most = await rulebook.find_rule(db, "trading.extension.count_max", on=on, jurisdiction=place, applies_to=kinds)
    before = await rulebook.get_rule(db, "trading.extension.look_before", on=on, applies_to=kinds)
    length = Length(step.length.n if wanted.n is None else wanted.n, step.length.unit)
    at_most = wanted.at_most if wanted.at_most is not None else (most.int if most else 1)
    least = step.length.n if step.binding is rulebook.Binding.MANDATORY else 1
    announcement.check_extension(length, at_most, unit=unit, least=least, most=most.int if most else None)
    return {
        "n": length.n,
        "unit": length.unit.value,
        "at_most": at_most,
        "automatic": wanted.is_automatic,
        "look_before": _length(before),
        "when": "a_lot_has_fewer_qualified_participants_than_participants_min",
    }


def _length(rule: Rule) -> dict[str, Any]:
    return {"n": rule.length.n, "unit": rule.length.unit.value}
