"""Listing again inside a draft's transaction: which procedure came before, and what follows from it for the new one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.identity.steps import OrganisationFacts
from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound, wire
from techmarket.listings.steps import OfferFacts
from techmarket.notices import steps as notices
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.steps import Rule
from techmarket.trading import errors, relisting, repository
from techmarket.trading.relisting import Change, Valuation
from techmarket.trading.tables import Trade


@dataclass(frozen=True, slots=True)
class PriceGround:
    """What the floor price rests on: a valuation with its report, and a consent to go below it; uploaded evidence."""

    valuation: Valuation | None = None
    report_sha256: str | None = None
    consent_sha256: str | None = None


async def find_previous(db: AsyncSession, offer: OfferFacts, named: UUID | None) -> Trade | None:
    """The procedure before: the listing's last one, or for what was left over of another listing's, the one named.

    Only one that ended without a sale is followed by another.
    """
    last = await repository.find_last_ended(db, offer.listing_id)
    if named is None or (last is not None and last.id == named):
        return last
    before = await repository.get_trade(db, named)
    if before.seller_org_id != offer.org_id:
        raise NotFound()
    listing = await texts.get(db, before.listing_sha256)
    lots = [
        (lot.state, frozenset(lot.achievement_ids or listing["achievements"]))
        for lot in await repository.lots_of(db, before.id)
    ]
    same_listing = before.listing_id == offer.listing_id
    if same_listing or not relisting.is_left_over({str(one) for one in offer.achievement_ids}, lots):
        raise errors.NotRelistable(state=before.state, pointer="/body/previous_trade_id")
    return before


async def judge(
    db: AsyncSession,
    before: Trade | None,
    terms: Mapping[str, Any],
    listing_sha256: str,
    ground: PriceGround,
    *,
    seller: OrganisationFacts,
    kinds: Collection[str],
    on: date,
) -> dict[str, Any]:
    """What the earlier procedure, the valuation and their rules say about the new terms; refuses what they forbid."""
    after = relisting.described(terms, await texts.get(db, listing_sha256))
    change, first_on, differs = Change.FIRST, None, []
    if before is not None:
        said = await texts.get(db, before.terms_sha256)
        then = relisting.described(said, await texts.get(db, before.listing_sha256))
        change, differs = relisting.change_of(then, after), relisting.changed(then, after)
        first_on = await _first_announced_on(db, before, said)
    files = [one for one in (ground.report_sha256, ground.consent_sha256) if one is not None]
    await notices.require_evidence(db, seller.id, files, pointer="/body/valuation")

    async def row(key: str) -> Rule | None:
        return await rulebook.find_rule(db, key, on=on, jurisdiction=seller.jurisdiction, applies_to=tuple(kinds))

    floor = sum(price or 0 for price in after.prices)
    first_ratio, consent_ratio = await row("trading.first_floor_ratio_min"), await row("trading.consent_below_ratio")
    age = await row("trading.no_buyer.revaluation_after")
    warnings = [
        *relisting.check_floor(
            floor,
            ground.valuation,
            change,
            first_ratio=first_ratio,
            consent_ratio=consent_ratio,
            has_consent=ground.consent_sha256 is not None,
        ),
        *relisting.check_valuation_age(
            ground.valuation,
            first_announced_on=first_on,
            today=on,
            months=age.int if age else 0,
            rule=age,
        ),
    ]
    rows = [await row(key) for key in relisting.REDISCLOSURE[change]]
    disclosed = next((one for one in rows if one is not None), None)
    found: dict[str, Any] = {"warnings": [*terms["warnings"], *warnings]}
    if ground.valuation is not None:
        found["valuation"] = {
            "amount": wire(Money(ground.valuation.minor)),
            "dated": ground.valuation.dated.isoformat(),
            "report_sha256": ground.report_sha256,
            "consent_sha256": ground.consent_sha256,
        }
    if before is not None:
        found["relisting"] = {
            "previous": {"id": str(before.id), "number": before.number},
            "change": change.value,
            "changed": differs,
            "first_announced_on": None if first_on is None else first_on.isoformat(),
        }
    if disclosed is not None:
        found["announcement"] = {"n": disclosed.length.n, "unit": disclosed.length.unit.value}
        found["rulebook"] = [*terms["rulebook"], row_in_terms(disclosed)]
    return found


def row_in_terms(rule: Rule) -> dict[str, str]:
    return {"key": rule.key, "value": rule.value, "unit": str(rule.unit), "evidence": str(rule.evidence)}


async def require_follows(db: AsyncSession, trade: Trade) -> None:
    """Since the draft another procedure on the listing may have ended: the draft knows nothing of it."""
    last = await repository.find_last_ended(db, trade.listing_id)
    if last is not None and last.id != trade.previous_id:
        raise errors.DraftedBefore(number=last.number)


async def _first_announced_on(db: AsyncSession, before: Trade, said: Mapping[str, Any]) -> date | None:
    first = (said.get("relisting") or {}).get("first_announced_on")
    if first is not None:
        return date.fromisoformat(first)
    if before.notice_id is None:
        return None
    started_at = (await notices.get_facts(db, before.notice_id)).started_at
    return None if started_at is None else shanghai_day(started_at)
