"""Vesting (赋权): completers get a share of the title, or a long-term right to use, of what they made. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from techmarket.achievements import errors
from techmarket.achievements.licences import BLOCKING, BurdenKind
from techmarket.achievements.rules import SHARE_PLACES, Owner

FORMAT = "techmarket.achievements.vesting/1"


class VestingKind(StrEnum):
    """A share of the title (所有权), or a long-term right to use (长期使用权)."""

    OWNERSHIP = "OWNERSHIP"
    USE_RIGHT = "USE_RIGHT"


@dataclass(frozen=True, slots=True)
class Grantee:
    """A completer, and the share of the title that becomes his, or of the use right."""

    person_id: UUID
    share: Decimal


@dataclass(frozen=True, slots=True)
class VestingDraft:
    kind: VestingKind
    grantees: tuple[Grantee, ...]
    years: int | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What unit and completers agree on in writing: income, who decides, costs, and who keeps the rights alive."""

    income_split: str
    decision_making: str
    cost_sharing: str
    upkeep: str


def check_application(
    draft: VestingDraft, *, completers: Collection[UUID], unit_share: Decimal, years_min: int | None
) -> None:
    """Only completers are vested, each once. Shares of the title leave the unit one of its own; those of a use right
    sum to one, and it is as long as the rule asks (10 years)."""
    if any(one.share <= 0 or one.share != one.share.quantize(SHARE_PLACES) for one in draft.grantees):
        raise errors.ShareMalformed(pointer="/body/grantees")
    people = [one.person_id for one in draft.grantees]
    if not people or len(set(people)) < len(people) or not set(people) <= set(completers):
        raise errors.GranteesNotCompleters(pointer="/body/grantees")
    total = sum((one.share for one in draft.grantees), Decimal(0))
    if (draft.years is not None) != (draft.kind is VestingKind.USE_RIGHT):
        raise errors.UseRightUnclear(pointer="/body/years")
    if draft.kind is VestingKind.OWNERSHIP:
        if total >= unit_share:
            raise errors.UnitKeepsAShare(unit_share=unit_share, total=total, pointer="/body/grantees")
        return
    if total != 1:
        raise errors.SharesDoNotSum(total=total, pointer="/body/grantees")
    if years_min is not None and (draft.years or 0) < years_min:
        raise errors.UseRightTooShort(least=years_min, pointer="/body/years")


def check_exclusions(cleared: Collection[str], listed: Collection[str]) -> None:
    """What touches one of the listed interests is not vested: the unit says of each that it does not."""
    missing = sorted(set(listed) - set(cleared))
    if missing:
        raise errors.ExclusionNotCleared(missing=missing, pointer="/body/cleared")


def check_unencumbered(achievement_id: UUID, kinds: Collection[BurdenKind]) -> None:
    """What is licensed exclusively or solely, or vested already, is not vested."""
    if any(kind in BLOCKING or kind is BurdenKind.USE_RIGHT for kind in kinds):
        raise errors.LicenceOverlaps(achievement=achievement_id)


def moved_title(
    owners: Sequence[Owner], *, giver: UUID, takers: Mapping[UUID, Decimal], takers_are_people: bool
) -> tuple[Owner, ...]:
    """Shares of the title pass from one organisation to others; what all hold still sums to one. Who has nothing left
    is no owner any more."""
    given = sum(takers.values(), Decimal(0))
    held = next((one.share for one in owners if one.org_id == giver), Decimal(0))
    if given > held or any(share <= 0 for share in takers.values()):
        raise errors.TitleNotTheGivers(held=held, given=given)
    after = [replace(one, share=one.share - given) if one.org_id == giver else one for one in owners]
    for taker, share in takers.items():
        new = Owner(share, person_id=taker) if takers_are_people else Owner(share, org_id=taker)
        place = next((n for n, o in enumerate(after) if (o.org_id, o.person_id) == (new.org_id, new.person_id)), None)
        if place is None:
            after.append(new)
        else:
            after[place] = replace(new, share=after[place].share + share)
    return tuple(one for one in after if one.share > 0)


def last_day(start: date, years: int) -> date:
    """A right of whole years ends on the day before the same day of its last year (民法典 202-203)."""
    year = start.year + years
    return date(year, start.month, min(start.day, calendar.monthrange(year, start.month)[1])) - timedelta(days=1)


def use_ends_on(start: date, years: int, expiries: Sequence[date | None]) -> date:
    """A use right does not outlive the rights it uses: the last of them caps it, if all have a last day."""
    end = last_day(start, years)
    known = [one for one in expiries if one is not None]
    return min(end, max(known)) if known and len(known) == len(expiries) else end
