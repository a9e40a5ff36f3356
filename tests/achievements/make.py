"""Makers of achievements."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from techmarket.achievements import service
from techmarket.achievements.approvals import ApprovalDraft, ApprovalKind, EvidenceFile, EvidenceLabel
from techmarket.achievements.rules import AchievementDraft
from techmarket.achievements.views import AchievementView, ApprovalView
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor, Role
from tests.identity.make import a_member
from tests.notices.make import an_evidence

_numbers = itertools.count(1)


def a_draft(**changes: Any) -> AchievementDraft:
    number = next(_numbers)
    facts: dict[str, Any] = {
        "title_en": f"Sample achievement {number}",
        "abstract_en": "A sample method that measures and corrects. 示例数据 / sample data",
        "technology_field": "03",
        "trl": 7,
    }
    return AchievementDraft(**(facts | changes))


async def an_achievement(tx: Tx, actor: Actor, *, recorded: bool = True, **changes: Any) -> AchievementView:
    """One achievement of the actor's unit, on record unless told otherwise."""
    view = await service.create_achievement(tx, actor, a_draft(**changes))
    return await service.record_achievement(tx, actor, view.id) if recorded else view


MINUTES, DILIGENCE = "c1" * 32, "c2" * 32


async def an_approval(
    tx: Tx, unit: Actor, achievement_ids: Sequence[UUID], *, mode: str = "LICENCE", signed: bool = True, **changes: Any
) -> ApprovalView:
    """The unit's own approval of a sale, with minutes and diligence report, signed by the actor and a colleague."""
    colleague = (await a_member(tx, unit, Role.INVENTOR)).actor
    draft = an_approval_draft(achievement_ids, (unit.person, colleague.person), modes=(mode,), **changes)
    for one in draft.evidence:
        await an_evidence(tx, unit, one.sha256)
    view = await service.draw_up_approval(tx, unit, draft)
    for person in (unit, colleague) if signed else ():
        view = await service.sign_approval(tx, person, view.id, document_sha256=view.document_sha256)
    return view


def an_approval_draft(achievement_ids: Sequence[UUID], signatories: Sequence[UUID], **changes: Any) -> ApprovalDraft:
    facts: dict[str, Any] = {
        "kind": ApprovalKind.COLLECTIVE_DECISION,
        "modes": ("LICENCE",),
        "decided_on": date(2025, 12, 1),
        "evidence": (
            EvidenceFile(EvidenceLabel.MINUTES, MINUTES),
            EvidenceFile(EvidenceLabel.DILIGENCE, DILIGENCE),
        ),
    }
    return ApprovalDraft(achievement_ids=tuple(achievement_ids), signatories=tuple(signatories), **(facts | changes))


async def an_achievement_id(tx: Tx, actor: Actor, **changes: Any) -> UUID:
    return (await an_achievement(tx, actor, **changes)).id
