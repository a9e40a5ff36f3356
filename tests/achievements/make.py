"""Makers of achievements."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

from techmarket.achievements import service
from techmarket.achievements.rules import AchievementDraft
from techmarket.achievements.views import AchievementView
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor

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


async def an_achievement_id(tx: Tx, actor: Actor, **changes: Any) -> UUID:
    return (await an_achievement(tx, actor, **changes)).id
