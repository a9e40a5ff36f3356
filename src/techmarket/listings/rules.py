"""The rules of listings: which terms belong together, and which change asks for a new review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.disclosure.tiers import Tier, as_far_as
from techmarket.kernel.money import Money
from techmarket.listings import errors
from techmarket.listings.lifecycle import ListingState
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


class Action(StrEnum):
    """What an owner does to many listings at once."""

    SUBMIT = "SUBMIT"
    RENEW = "RENEW"
    WITHDRAW = "WITHDRAW"


class Decision(StrEnum):
    ACCEPTED = "ACCEPTED"
    RETURNED = "RETURNED"


class ReturnReason(StrEnum):
    """Why an operator returns a listing; the text beside it says what would do."""

    INCOMPLETE = "INCOMPLETE"
    UNCLEAR = "UNCLEAR"
    RIGHTS_UNPROVEN = "RIGHTS_UNPROVEN"
    PRICE_UNFIT = "PRICE_UNFIT"
    DUPLICATE = "DUPLICATE"
    CLASSIFIED = "CLASSIFIED"
    UNLAWFUL = "UNLAWFUL"
    OTHER = "OTHER"


LICENSING = frozenset({Mode.LICENCE, Mode.OPEN_LICENCE, Mode.TRY_BEFORE_BUY})
PRICED = frozenset({PriceForm.FIXED, PriceForm.FLOOR, PriceForm.MIXED})
WITH_ROYALTY = frozenset({PriceForm.ROYALTY, PriceForm.MIXED})
OF_ONE_MODE: Mapping[str, Mode] = {"equity_share": Mode.EQUITY, "trial_days": Mode.TRY_BEFORE_BUY}
"""Terms that only one mode has."""


@dataclass(frozen=True, slots=True)
class ListingDraft:
    """What somebody wants to list. `fields` are JSON values by name; what is not stated is absent, never guessed."""

    fields: Mapping[str, Any]
    raised: Mapping[str, str] = field(default_factory=dict)
    achievement_ids: tuple[UUID, ...] = ()
    expires_on: date | None = None
    is_held: bool = False
    publish_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScenarioDraft:
    """What an organisation puts together as a scenario list (场景清单)."""

    title_zh: str | None
    title_en: str | None
    description_zh: str | None = None
    description_en: str | None = None
    region: str | None = None
    open_until: date | None = None
    listing_ids: tuple[UUID, ...] = ()


def check_scenario(draft: ScenarioDraft) -> None:
    """A scenario list has a title and names each demand once."""
    if not draft.title_zh and not draft.title_en:
        raise errors.TitleMissing(pointer="/body/title_zh")
    if len(set(draft.listing_ids)) < len(draft.listing_ids):
        raise errors.DemandTwice(pointer="/body/listing_ids")


def check_draft(kind: ListingKind, draft: ListingDraft, *, pointer: str = "/body/terms") -> None:
    """A listing has a title; its terms of price, royalty and licence belong together; tiers are only raised."""
    fields = draft.fields
    if not fields.get("title_zh") and not fields.get("title_en"):
        raise errors.TitleMissing(pointer=f"{pointer}/title_zh")
    check_raised(kind, draft.raised)
    if len(set(draft.achievement_ids)) < len(draft.achievement_ids):
        raise errors.AchievementTwice(pointer="/body/achievement_ids")
    if draft.publish_at is not None and not draft.is_held:
        raise errors.NotHeld(pointer="/body/publish_at")
    if kind is ListingKind.DEMAND:
        if draft.achievement_ids:
            raise errors.DemandSellsNothing(pointer="/body/achievement_ids")
        _check_challenge(fields, pointer)
        return
    _check_price(fields, pointer)
    _check_parts(fields, draft.achievement_ids, pointer)
    mode, licence_kind = fields.get("mode"), fields.get("licence_kind")
    for name, needed in OF_ONE_MODE.items():
        if fields.get(name) is not None and mode != needed:
            raise errors.TermOfAnotherMode(field=name, mode=needed, pointer=f"{pointer}/{name}")
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
    least, most = _minor(fields.get("royalty_minimum")), _minor(fields.get("royalty_cap"))
    for name, said in (("royalty_minimum", least), ("royalty_cap", most)):
        if said is not None and not has_royalty:
            raise errors.RoyaltyUnfit(price_form=form or "-", pointer=f"{pointer}/{name}")
    if least is not None and most is not None and least > most:
        raise errors.MinimumAboveCap(pointer=f"{pointer}/royalty_minimum")


def _check_parts(fields: Mapping[str, Any], achievement_ids: tuple[UUID, ...], pointer: str) -> None:
    """The parts of a bundle's price name each of its achievements once and sum to the price, to the cent."""
    parts = fields.get("price_parts")
    if not parts:
        return
    price, at = _minor(fields.get("price")), f"{pointer}/price_parts"
    named = [str(part["achievement_id"]) for part in parts]
    if sorted(named) != sorted(str(one) for one in achievement_ids):
        raise errors.PartsUnfit(pointer=at)
    total = sum(_minor(part["price"]) or 0 for part in parts)
    if total != price:
        raise errors.PartsDoNotSum(sum=Money(total), price=Money(price or 0), pointer=at)


def _check_challenge(fields: Mapping[str, Any], pointer: str) -> None:
    """An open challenge (揭榜挂帅) says until when proposals are taken and by which weights; nothing else does."""
    challenge = fields.get("challenge")
    if (challenge is not None) != bool(fields.get("open_challenge")):
        raise errors.ChallengeUnfit(pointer=f"{pointer}/challenge")
    if challenge is None:
        return
    total = sum((Decimal(one["weight"]) for one in challenge["criteria"]), Decimal(0))
    if total != 1:
        raise errors.WeightsDoNotSum(sum=str(total), pointer=f"{pointer}/challenge/criteria")
    deadline = fields.get("deadline")
    if deadline is not None and challenge["proposals_by"] > deadline:
        raise errors.ProposalsAfterDeadline(deadline=deadline, pointer=f"{pointer}/challenge/proposals_by")


def _minor(money: Mapping[str, Any] | None) -> int | None:
    return None if money is None else Money.parse(money["amount"]).minor


def check_complete(kind: ListingKind, fields: Mapping[str, Any], achievement_ids: tuple[UUID, ...]) -> None:
    """What goes to review says what it is about: a summary or a problem, and an offer names an achievement."""
    names = ("summary_zh", "summary_en", "problem_zh", "problem_en")
    if not any(fields.get(name) for name in names):
        raise errors.SummaryMissing(pointer="/body/terms")
    if kind is ListingKind.OFFER and not achievement_ids:
        raise errors.AchievementMissing(pointer="/body/achievement_ids")
    # Try-before-buy (先用后转) fixes the terms of the conversion before the trial begins, and how long that lasts.
    if fields.get("mode") == Mode.TRY_BEFORE_BUY and fields.get("trial_days") is None:
        raise errors.TrialUnlimited(pointer="/body/terms/trial_days")
    if fields.get("mode") == Mode.OPEN_LICENCE and fields.get("price_form") in (None, PriceForm.NEGOTIABLE):
        raise errors.OpenLicenceNamesItsFee(pointer="/body/terms/price_form")


def stands_as(state: ListingState, expires_on: date | None, today: date) -> ListingState:
    """A published listing past its last day has expired, also before anybody wrote it down."""
    is_over = state is ListingState.PUBLISHED and expires_on is not None and expires_on < today
    return ListingState.EXPIRED if is_over else state


def check_expiry(expires_on: date | None, today: date) -> None:
    """The last day of a listing is not over when it is published or renewed."""
    if expires_on is not None and expires_on < today:
        raise errors.ExpiryPassed(expires_on=expires_on, today=today, pointer="/body/expires_on")


def check_later(expires_on: date, until: date | None) -> None:
    """Renewing sets a later last day; an earlier one takes something back, and is a change of the terms."""
    if until is not None and expires_on < until:
        raise errors.NotLater(until=until, pointer="/body/expires_on")


def check_publication(publish_at: datetime | None, now: datetime) -> None:
    """The hour of a held-back publication is still to come when it is set."""
    if publish_at is not None and publish_at <= now:
        raise errors.PublicationPast(publish_at=publish_at, now=now, pointer="/body/publish_at")


def changed_fields(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[str]:
    """What a reviewer must look at: the terms whose value or tier is not what was accepted last."""
    known = before or {"fields": {}, "raised": {}, "achievements": []}
    names = set(known["fields"]) | set(after["fields"]) | set(known["raised"]) | set(after["raised"])
    changed = [
        name
        for name in sorted(names)
        if known["fields"].get(name) != after["fields"].get(name)
        or known["raised"].get(name) != after["raised"].get(name)
    ]
    return changed if known["achievements"] == after["achievements"] else ["achievements", *changed]


def needs_review(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """A published listing is reviewed again when a change shows to anyone but those who were granted more.

    What is sold stands beside the terms in every reader's view.
    """
    return before["achievements"] != after["achievements"] or any(
        cut(before, reach) != cut(after, reach) for reach in (as_far_as(Tier.PUBLIC), as_far_as(Tier.REGISTERED))
    )
