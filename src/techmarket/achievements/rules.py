"""The rules of achievements: numbers that check, shares that sum to one, licences that exclude each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.achievements import errors
from techmarket.achievements.licences import BLOCKING, OPEN_LICENCE, TITLE_MODES, BurdenKind, Scope, blocking_licence
from techmarket.achievements.lifecycle import AchievementState
from techmarket.achievements.numbers import patent_number, says_granted
from techmarket.achievements.rights import PATENTS, PENDING, Right, RightStatus, with_sound_dates


class PlanSource(StrEnum):
    """Whose plan paid for it (计划来源), as contract registration asks."""

    NATIONAL = "NATIONAL"
    MINISTRY = "MINISTRY"
    PROVINCE = "PROVINCE"
    CITY_COUNTY = "CITY_COUNTY"
    OUTSIDE = "OUTSIDE"


PLAIN_FIELDS = (
    "title_zh",
    "title_en",
    "abstract_zh",
    "abstract_en",
    "keywords",
    "technology_field",
    "industry",
    "ipc",
    "trl",
    "trl_standard",
    "trl_year",
    "funding_source",
    "plan_source",
    "project_number",
)
"""What a unit says in plain fields, spelled alike in draft, row and view."""
SHARE_PLACES = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Owner:
    """An organisation or a person, and the share that is theirs."""

    share: Decimal
    org_id: UUID | None = None
    person_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AchievementDraft:
    """What its unit says about an achievement. No owners means that the unit owns it alone."""

    title_zh: str | None = None
    title_en: str | None = None
    abstract_zh: str | None = None
    abstract_en: str | None = None
    keywords: tuple[str, ...] = ()
    technology_field: str | None = None
    industry: str | None = None
    ipc: tuple[str, ...] = ()
    trl: int | None = None
    trl_standard: str | None = None
    trl_year: int | None = None
    funding_source: str | None = None
    plan_source: PlanSource | None = None
    project_number: str | None = None
    external: Mapping[str, Any] = field(default_factory=dict)
    rights: tuple[Right, ...] = ()
    owners: tuple[Owner, ...] = ()
    completers: tuple[UUID, ...] = ()


def checked_right(right: Right, *, pointer: str | None = None) -> Right:
    """A patent is named by its number, which tells its kind; other rights keep what their registry gave, if anything.

    The prefix ZL says that a patent is granted.
    """
    sound = with_sound_dates(right, pointer=pointer)
    if sound.kind not in PATENTS:
        return sound
    if sound.number is None:
        raise errors.PatentNumberMalformed(pointer=f"{pointer}/number")
    if says_granted(sound.number) and sound.status in PENDING:
        raise errors.GrantedAndPending(status=sound.status, pointer=f"{pointer}/status")
    granted = sound.status is None and says_granted(sound.number)
    number = patent_number(sound.kind, sound.number, pointer=f"{pointer}/number")
    return replace(sound, number=number, status=RightStatus.GRANTED if granted else sound.status)


def checked_draft(draft: AchievementDraft, *, own_org: UUID, pointer: str = "/body") -> AchievementDraft:
    """An achievement has a title, rights whose numbers check, and owners whose shares sum to one."""
    if not draft.title_zh and not draft.title_en:
        raise errors.TitleMissing(pointer=f"{pointer}/title_zh")
    rights = tuple(checked_right(right, pointer=f"{pointer}/rights/{n}") for n, right in enumerate(draft.rights))
    if len({(right.kind, right.number) for right in rights if right.number}) < sum(1 for r in rights if r.number):
        raise errors.RightTwice(pointer=f"{pointer}/rights")
    if len(set(draft.completers)) < len(draft.completers):
        raise errors.CompleterTwice(pointer=f"{pointer}/completers")
    owners = draft.owners or (Owner(Decimal(1), org_id=own_org),)
    check_owners(owners, own_org=own_org, pointer=f"{pointer}/owners")
    return replace(draft, rights=rights, owners=owners)


def check_owners(owners: Sequence[Owner], *, own_org: UUID, pointer: str | None = None) -> None:
    """The shares of the owners sum to exactly one; the recording unit is among them; nobody is named twice."""
    if any((owner.org_id is None) == (owner.person_id is None) for owner in owners):
        raise errors.OwnerUnclear(pointer=pointer)
    named = [(owner.org_id, owner.person_id) for owner in owners]
    if len(set(named)) < len(named):
        raise errors.OwnerTwice(pointer=pointer)
    if (own_org, None) not in named:
        raise errors.OwnUnitMissing(pointer=pointer)
    total = sum((owner.share for owner in owners), Decimal(0))
    if any(owner.share <= 0 or owner.share != owner.share.quantize(SHARE_PLACES) for owner in owners):
        raise errors.ShareMalformed(pointer=pointer)
    if total != 1:
        raise errors.SharesDoNotSum(pointer=pointer, total=total)


def check_co_owners_kept(before: Sequence[Owner], after: Sequence[Owner], *, own_org: UUID) -> None:
    """What is on record keeps its co-owners: the unit alone neither drops one nor lowers his share."""
    shares = {(owner.org_id, owner.person_id): owner.share for owner in after}
    losers = [
        owner.org_id or owner.person_id
        for owner in before
        if owner.org_id != own_org and shares.get((owner.org_id, owner.person_id), Decimal(0)) < owner.share
    ]
    if losers:
        raise errors.CoOwnerWouldLose(owners=losers, pointer="/body/owners")


def check_recordable(abstract_zh: str | None, abstract_en: str | None, *, pointer: str = "/body/abstract_zh") -> None:
    """What is on record has an abstract: a price notice must state it (ZJR art. 17)."""
    if not abstract_zh and not abstract_en:
        raise errors.AbstractMissing(pointer=pointer)


SHOWN_TO_BUYERS = ("title_zh", "title_en", "abstract_zh", "abstract_en", "owners", "completers")


def changed_of_sold(before: AchievementDraft, after: AchievementDraft) -> tuple[str, ...]:
    """What is under way is sold as it was shown (OR09 art. 19): title, abstract, rights, owners and completers stay.

    Returns the names of those that would change. What its office decides of a right later, and what is paid for it,
    is no change of what was shown; nor is a date that was left blank.
    """
    changed = [name for name in SHOWN_TO_BUYERS if getattr(before, name) != getattr(after, name)]
    if len(before.rights) != len(after.rights) or not all(map(_is_same_right, before.rights, after.rights)):
        changed.append("rights")
    return tuple(changed)


def _is_same_right(before: Right, after: Right) -> bool:
    dates = ("filed_on", "granted_on", "valid_until")
    kept = all(getattr(before, name) in (None, getattr(after, name)) for name in dates)
    return kept and (before.kind, before.number) == (after.kind, after.number)


@dataclass(frozen=True, slots=True)
class Burden:
    """What binds an achievement, within its scope; `holder_consents` where its holder lets a sale pass."""

    kind: BurdenKind
    scope: Scope
    holder_consents: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How one achievement stands when somebody wants to sell it."""

    achievement_id: UUID
    org_id: UUID
    state: AchievementState
    burdens: tuple[Burden, ...] = ()
    missing_consents: int = 0
    is_owner: bool = True


def check_sellable(
    standing: Standing, *, seller: UUID | None, mode: str | None, licence: BurdenKind | None, scope: Scope
) -> None:
    """Only a recorded achievement of the seller is sold, free of what forbids it, with the consent of every co-owner.

    A seizure, and a pledge whose holder did not agree (民法典 444), forbid moving the title and granting licences; a
    running exclusive or sole licence forbids any licence in its scope; each co-owner may grant ordinary licences
    alone, everything else needs all of them (专利法 art. 14), an open licence too (细则 art. 85).
    """
    moves_title = mode in TITLE_MODES
    if seller is not None and (standing.org_id != seller or not standing.is_owner):
        raise errors.NotTheSellers(achievement=standing.achievement_id)
    if standing.state is not AchievementState.RECORDED:
        raise errors.NotRecorded(achievement=standing.achievement_id, state=standing.state)
    if moves_title or licence is not None:
        check_disposable(standing.achievement_id, standing.burdens)
    held = [(burden.kind, burden.scope) for burden in standing.burdens]
    if licence is not None and blocking_licence(licence, scope, held) is not None:
        raise errors.LicenceOverlaps(achievement=standing.achievement_id)
    needs_all = moves_title or licence in BLOCKING or mode == OPEN_LICENCE
    if needs_all and standing.missing_consents:
        raise errors.ConsentMissing(achievement=standing.achievement_id, missing=standing.missing_consents)


def check_disposable(achievement_id: UUID, burdens: Sequence[Burden]) -> None:
    """What a court has seized is neither sold nor licensed; what is pledged only as its holder agrees (民法典 444)."""
    if any(burden.kind is BurdenKind.SEIZURE for burden in burdens):
        raise errors.Seized(achievement=achievement_id)
    if any(burden.kind is BurdenKind.PLEDGE and not burden.holder_consents for burden in burdens):
        raise errors.Pledged(achievement=achievement_id)
