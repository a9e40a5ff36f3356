"""Listing again inside a draft's transaction: which procedure came before, and what follows from it for the new one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
from techmarket.trading.relisting import Change, Procedure, Valuation
from techmarket.trading.tables import Trade


@dataclass(frozen=True, slots=True)
class PriceGround:
    """What the floor price rests on: a valuation with its report, and a consent to go below it; uploaded evidence."""

    valuation: Valuation | None = None
    report_sha256: str | None = None
    consent_sha256: str | None = None


async def find_previous(db: AsyncSession, offer: OfferFacts, named: UUID | None) -> list[Trade]:
    """The procedures before, the one that is followed first: the newest, unless another of them was named."""
    came = [await repository.get_trade(db, one.id) for one in await _before(db, offer)]
    if named is None:
        return came
    first = [one for one in came if one.id == named]
    if not first:
        other = await repository.get_trade(db, named)
        if other.seller_org_id != offer.org_id:
            raise NotFound()
        raise errors.NotRelistable(state=other.state, pointer="/body/previous_trade_id")
    return [*first, *(one for one in came if one.id != named)]


async def _before(db: AsyncSession, offer: OfferFacts) -> tuple[Procedure, ...]:
    known = await repository.procedures_of(db, offer.org_id, offer.listing_id, offer.achievement_ids)
    return relisting.before(known, listing_id=offer.listing_id, achievement_ids=offer.achievement_ids)


async def judge(
    db: AsyncSession,
    came: Sequence[Trade],
    terms: Mapping[str, Any],
    listing_sha256: str,
    ground: PriceGround,
    *,
    seller: OrganisationFacts,
    kinds: Collection[str],
    on: date,
) -> dict[str, Any]:
    """What the earlier procedures, the valuation and their rules say about the new terms; refuses what they forbid."""
    after = relisting.described(terms, await texts.get(db, listing_sha256))
    change, differs = Change.FIRST, []
    before = came[0] if came else None
    if before is not None:
        said = await texts.get(db, before.terms_sha256)
        then = relisting.described(said, await texts.get(db, before.listing_sha256))
        change, differs = relisting.change_of(then, after), relisting.changed(then, after)
        if "listing.mode" not in differs:
            ground = _carried(ground, said)
    first_on = min([day for one in came if (day := await _first_announced_on(db, one))], default=None)
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


def _carried(ground: PriceGround, said: Mapping[str, Any]) -> PriceGround:
    """Whoever names no valuation lists again on the one he had: leaving it out frees nobody of it."""
    valued = relisting.carried(said)
    if ground.valuation is not None or valued is None:
        return ground
    return replace(ground, valuation=valued, report_sha256=said["valuation"]["report_sha256"])


async def require_follows(db: AsyncSession, trade: Trade, offer: OfferFacts) -> None:
    """Since the draft another procedure on the same may have ended: the draft knows nothing of it."""
    came = await _before(db, offer)
    if came and trade.previous_id not in {one.id for one in came}:
        raise errors.DraftedBefore(number=(await repository.get_trade(db, came[0].id)).number)


async def _first_announced_on(db: AsyncSession, before: Trade) -> date | None:
    said = await texts.get(db, before.terms_sha256)
    first = (said.get("relisting") or {}).get("first_announced_on")
    if first is not None:
        return date.fromisoformat(first)
    if before.notice_id is None:
        return None
    started_at = await notices.first_started_at(db, before.notice_id)
    return None if started_at is None else shanghai_day(started_at)
