"""The unit's own approval (单位决策, ZJR art. 17, 19): what was decided together, on which evidence, for what. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from techmarket.achievements import errors
from techmarket.achievements.consents import MODES as SALE_MODES
from techmarket.achievements.lifecycle import ApprovalState

FORMAT = "techmarket.achievements.approval/1"
MODES = SALE_MODES | {"JOINT_DEVELOPMENT"}


class ApprovalKind(StrEnum):
    """Who decided: the unit's leaders together (集体决策), or an office to which they delegated it (授权决定)."""

    COLLECTIVE_DECISION = "COLLECTIVE_DECISION"
    DELEGATED_DECISION = "DELEGATED_DECISION"


class EvidenceLabel(StrEnum):
    MINUTES = "MINUTES"
    PRICING_BASIS = "PRICING_BASIS"
    DILIGENCE = "DILIGENCE"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    label: EvidenceLabel
    sha256: str


@dataclass(frozen=True, slots=True)
class ApprovalDraft:
    """What the unit decided. `floor_minor` is the price below which it decided not to go, if it named one."""

    kind: ApprovalKind
    achievement_ids: tuple[UUID, ...]
    modes: tuple[str, ...]
    decided_on: date
    evidence: tuple[EvidenceFile, ...]
    signatories: tuple[UUID, ...]
    floor_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval as a sale that points to it is measured by it."""

    id: UUID
    org_id: UUID
    kind: ApprovalKind
    state: ApprovalState
    achievement_ids: tuple[UUID, ...]
    modes: tuple[str, ...]
    floor_minor: int | None


def check_approval(
    draft: ApprovalDraft, *, today: date, members: Collection[UUID], least: int, needed: Iterable[str]
) -> None:
    """Enough people of the unit sign, each once; the evidence that a decision rests on is there; it has been taken."""
    if draft.decided_on > today:
        raise errors.DayInTheFuture(today=today, pointer="/body/decided_on")
    strangers = [one for one in draft.signatories if one not in members]
    if strangers:
        raise errors.SignatoryNotAMember(person=strangers[0], pointer="/body/signatories")
    if len(set(draft.signatories)) < max(least, len(draft.signatories)):
        raise errors.SignatoriesTooFew(least=least, pointer="/body/signatories")
    missing = sorted(set(needed) - {one.label.value for one in draft.evidence})
    if missing:
        raise errors.ApprovalEvidenceMissing(missing=", ".join(missing), pointer="/body/evidence")


def check_covers(
    approved: Approved | None,
    *,
    seller: UUID | None,
    achievement_ids: Iterable[UUID],
    mode: str | None,
    price_minor: int | None,
) -> None:
    """An approval that an offer points to is the seller's, in force, and covers all it sells, how, and for how much."""
    if approved is None or approved.org_id != seller:
        raise errors.ApprovalUnknown()
    if approved.state is not ApprovalState.IN_FORCE:
        raise errors.ApprovalNotInForce(state=approved.state)
    if not set(achievement_ids) <= set(approved.achievement_ids):
        raise errors.ApprovalOfOther(what="achievement_ids")
    if mode not in approved.modes:
        raise errors.ApprovalOfOther(what="mode")
    if price_minor is not None and approved.floor_minor is not None and price_minor < approved.floor_minor:
        # The floor itself is the unit's secret: whoever reads the refusal may be the buyer.
        raise errors.ApprovalOfOther(what="price")
