"""The rules of listings: which terms belong together, and which change asks for a new review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.disclosure.tiers import Tier
from techmarket.listings import errors
from techmarket.listings.tiers import check_raised, cut


class ListingKind(StrEnum):
    OFFER = "OFFER"
    DEMAND = "DEMAND"


class Mode(StrEnum):
    TRANSFER = "TRANSFER"
    LICENCE = "LICENCE"
    OPEN_LICENCE = "OPEN_LICENCE"
    EQUITY = "EQUITY"
    JOINT_DEVELOPMENT = "JOINT_DEVELOPMENT"
    TRY_BEFORE_BUY = "TRY_BEFORE_BUY"


class LicenceKind(StrEnum):
    EXCLUSIVE = "EXCLUSIVE"
    SOLE = "SOLE"
    ORDINARY = "ORDINARY"


class PriceForm(StrEnum):
    FIXED = "FIXED"
    FLOOR = "FLOOR"
    NEGOTIABLE = "NEGOTIABLE"
    ROYALTY = "ROYALTY"
    MIXED = "MIXED"


LICENSING = frozenset({Mode.LICENCE, Mode.OPEN_LICENCE, Mode.TRY_BEFORE_BUY})
PRICED = frozenset({PriceForm.FIXED, PriceForm.FLOOR, PriceForm.MIXED})
WITH_ROYALTY = frozenset({PriceForm.ROYALTY, PriceForm.MIXED})


@dataclass(frozen=True, slots=True)
class ListingDraft:
    """What somebody wants to list. `fields` are JSON values by name; what is not stated is absent, never guessed."""

    fields: Mapping[str, Any]
    raised: Mapping[str, str] = field(default_factory=dict)
    achievement_ids: tuple[UUID, ...] = ()
    expires_on: date | None = None


def check_draft(kind: ListingKind, draft: ListingDraft, *, pointer: str = "/body/terms") -> None:
    """A listing has a title; its terms of price, royalty and licence belong together; tiers are only raised."""
    fields = draft.fields
    if not fields.get("title_zh") and not fields.get("title_en"):
        raise errors.TitleMissing(pointer=f"{pointer}/title_zh")
    check_raised(kind, draft.raised)
    if len(set(draft.achievement_ids)) < len(draft.achievement_ids):
        raise errors.AchievementTwice(pointer="/body/achievement_ids")
    if kind is ListingKind.DEMAND:
        if draft.achievement_ids:
            raise errors.DemandSellsNothing(pointer="/body/achievement_ids")
        return
    _check_price(fields, pointer)
    mode, licence_kind = fields.get("mode"), fields.get("licence_kind")
    if licence_kind is not None and mode not in LICENSING:
        raise errors.LicenceKindUnfit(pointer=f"{pointer}/licence_kind")
    if mode == Mode.OPEN_LICENCE and licence_kind not in (None, LicenceKind.ORDINARY):
        raise errors.OpenLicenceIsOrdinary(pointer=f"{pointer}/licence_kind")


def _check_price(fields: Mapping[str, Any], pointer: str) -> None:
    """A fixed, floor or mixed price names its amount, a royalty or mixed one its rate and base; no other has them."""
    form = fields.get("price_form")
    if (fields.get("price") is not None) != (form in PRICED):
        raise errors.PriceUnfit(price_form=form or "-", pointer=f"{pointer}/price")
    has_royalty = fields.get("royalty_rate") is not None
    if has_royalty != (form in WITH_ROYALTY) or has_royalty != (fields.get("royalty_base") is not None):
        raise errors.RoyaltyUnfit(price_form=form or "-", pointer=f"{pointer}/royalty_rate")


def check_complete(kind: ListingKind, fields: Mapping[str, Any], achievement_ids: tuple[UUID, ...]) -> None:
    """What goes to review says what it is about: a summary or a problem, and an offer names an achievement."""
    names = ("summary_zh", "summary_en", "problem_zh", "problem_en")
    if not any(fields.get(name) for name in names):
        raise errors.SummaryMissing(pointer="/body/terms")
    if kind is ListingKind.OFFER and not achievement_ids:
        raise errors.AchievementMissing(pointer="/body/achievement_ids")


def check_expiry(expires_on: date | None, today: date) -> None:
    """The last day of a listing is not over when it is published or renewed."""
    if expires_on is not None and expires_on < today:
        raise errors.ExpiryPassed(expires_on=expires_on, today=today, pointer="/body/expires_on")


def needs_review(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """A published listing is reviewed again when a change shows to anyone but those who were granted more.

    What is sold stands beside the terms in every reader's view.
    """
    return before["achievements"] != after["achievements"] or any(
        cut(before, reach) != cut(after, reach) for reach in (Tier.PUBLIC, Tier.REGISTERED)
    )
