"""The rules of achievements: numbers that check, shares that sum to one, licences that exclude each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.achievements import errors
from techmarket.achievements.licences import BLOCKING, TITLE_MODES, BurdenKind, Scope, blocking_licence
from techmarket.achievements.lifecycle import AchievementState


class RightKind(StrEnum):
    INVENTION_PATENT = "INVENTION_PATENT"
    UTILITY_MODEL = "UTILITY_MODEL"
    DESIGN = "DESIGN"
    SOFTWARE_COPYRIGHT = "SOFTWARE_COPYRIGHT"
    TECHNICAL_SECRET = "TECHNICAL_SECRET"  # noqa: S105
    LAYOUT_DESIGN = "LAYOUT_DESIGN"
    PLANT_VARIETY = "PLANT_VARIETY"
    BIOMEDICAL_VARIETY = "BIOMEDICAL_VARIETY"
    OTHER = "OTHER"


class RightStatus(StrEnum):
    APPLIED = "APPLIED"
    PUBLISHED = "PUBLISHED"
    GRANTED = "GRANTED"
    LAPSED = "LAPSED"


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
)
"""What a unit says in plain fields, spelled alike in draft, row and view."""


@dataclass(frozen=True, slots=True)
class Right:
    kind: RightKind
    number: str | None = None
    valid_until: date | None = None
    status: RightStatus | None = None


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
    external: Mapping[str, Any] = field(default_factory=dict)
    rights: tuple[Right, ...] = ()
    owners: tuple[Owner, ...] = ()
    completers: tuple[UUID, ...] = ()


_PATENT = re.compile(r"(?:ZL|CN)?(?P<year>[0-9]{4})(?P<kind>[12389])(?P<serial>[0-9]{7})\.?(?P<check>[0-9X])")
_OLD_PATENT = re.compile(r"(?:ZL|CN)?(?P<year>[0-9]{2})(?P<kind>[12389])(?P<serial>[0-9]{5})(?:\.?(?P<check>[0-9X]))?")
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_KIND_DIGITS = {
    RightKind.INVENTION_PATENT: "18",
    RightKind.UTILITY_MODEL: "29",
    RightKind.DESIGN: "3",
}


def patent_check_digit(twelve: str) -> str:
    """The last digit of a patent number: weights 2 to 9, then 2 to 5, sum modulo 11, ten is X (CNIPA, since 2003)."""
    rest = sum(int(digit) * weight for digit, weight in zip(twelve, _WEIGHTS, strict=True)) % 11
    return "X" if rest == 10 else str(rest)


def patent_number(kind: RightKind, given: str, *, pointer: str | None = None) -> str:
    """A patent number has its form, says its own kind and carries the right check digit; its one spelling is returned.

    Numbers of the form before October 2003 are taken without judging the digit: the first years had none.
    """
    plain = given.replace(" ", "").upper()
    new = _PATENT.fullmatch(plain)
    form = new or _OLD_PATENT.fullmatch(plain)
    if form is None:
        raise errors.PatentNumberMalformed(pointer=pointer)
    if form["kind"] not in _KIND_DIGITS[kind]:
        raise errors.PatentNumberOfOtherKind(pointer=pointer, right_kind=kind)
    body = form["year"] + form["kind"] + form["serial"]
    if new is not None and patent_check_digit(body) != form["check"]:
        raise errors.PatentCheckDigitWrong(pointer=pointer)
    return f"{body}.{form['check']}" if form["check"] else body


def checked_right(right: Right, *, pointer: str | None = None) -> Right:
    """A patent is named by its number; other rights keep the number their registry gave, if they have one."""
    if right.kind not in _KIND_DIGITS:
        return right
    if right.number is None:
        raise errors.PatentNumberMalformed(pointer=pointer)
    return Right(right.kind, patent_number(right.kind, right.number, pointer=pointer), right.valid_until, right.status)


def checked_draft(draft: AchievementDraft, *, own_org: UUID, pointer: str = "/body") -> AchievementDraft:
    """An achievement has a title, rights whose numbers check, and owners whose shares sum to one."""
    if not draft.title_zh and not draft.title_en:
        raise errors.TitleMissing(pointer=f"{pointer}/title_zh")
    rights = tuple(checked_right(right, pointer=f"{pointer}/rights/{n}/number") for n, right in enumerate(draft.rights))
    if len({(right.kind, right.number) for right in rights if right.number}) < sum(1 for r in rights if r.number):
        raise errors.RightTwice(pointer=f"{pointer}/rights")
    if len(set(draft.completers)) < len(draft.completers):
        raise errors.CompleterTwice(pointer=f"{pointer}/completers")
    owners = draft.owners or (Owner(Decimal(1), org_id=own_org),)
    check_owners(owners, own_org=own_org, pointer=f"{pointer}/owners")
    return _with(draft, rights=rights, owners=owners)


def _with(draft: AchievementDraft, **changes: Any) -> AchievementDraft:
    names = AchievementDraft.__dataclass_fields__
    return AchievementDraft(**{name: changes.get(name, getattr(draft, name)) for name in names})


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
    if any(owner.share <= 0 or owner.share != owner.share.quantize(Decimal("1e-8")) for owner in owners):
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


@dataclass(frozen=True, slots=True)
class Burden:
    """What binds an achievement, within its scope."""

    kind: BurdenKind
    scope: Scope


@dataclass(frozen=True, slots=True)
class Standing:
    """How one achievement stands when somebody wants to sell it."""

    achievement_id: UUID
    org_id: UUID
    state: AchievementState
    burdens: tuple[Burden, ...] = ()
    missing_consents: int = 0


def check_sellable(
    standing: Standing, *, seller: UUID | None, mode: str | None, licence: BurdenKind | None, scope: Scope
) -> None:
    """Only a recorded achievement of the seller is sold, free of what forbids it, with the consent of every co-owner.

    A pledge forbids moving the title; a running exclusive or sole licence forbids any licence in its scope; each
    co-owner may grant ordinary licences alone, everything else needs all of them (专利法 art. 14).
    """
    moves_title = mode in TITLE_MODES
    if seller is not None and standing.org_id != seller:
        raise errors.NotTheSellers(achievement=standing.achievement_id)
    if standing.state is not AchievementState.RECORDED:
        raise errors.NotRecorded(achievement=standing.achievement_id, state=standing.state)
    if moves_title and any(burden.kind is BurdenKind.PLEDGE for burden in standing.burdens):
        raise errors.Pledged(achievement=standing.achievement_id)
    held = [(burden.kind, burden.scope) for burden in standing.burdens]
    if licence is not None and blocking_licence(licence, scope, held) is not None:
        raise errors.LicenceOverlaps(achievement=standing.achievement_id)
    if (moves_title or licence in BLOCKING) and standing.missing_consents:
        raise errors.ConsentMissing(achievement=standing.achievement_id, missing=standing.missing_consents)
