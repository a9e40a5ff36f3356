"""Days that the rulebook gives: when a patent's term ends, and from when an achievement counts as idle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import rights
from techmarket.achievements.rights import PATENTS, STANDING, Right
from techmarket.achievements.rules import AchievementDraft
from techmarket.identity import steps as identity
from techmarket.identity.steps import OrganisationFacts
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.steps import Rule

K = TypeVar("K")
GOVERNMENT_UNIT = ("government_unit", "any")


async def terms(db: AsyncSession, stated: Mapping[K, Right]) -> dict[K, date]:
    """The last day of each patent whose filing is known, by the row that held when it was filed."""
    known: dict[str, list[Rule]] = {}
    found: dict[K, date] = {}
    for key, right in stated.items():
        if right.kind not in PATENTS or right.filed_on is None:
            continue
        mode = right.kind.value.lower()
        rule = next((row for row in known.get(mode, ()) if row.holds_on(right.filed_on)), None)
        if rule is None:
            rule = await rulebook.find_rule(db, "patent.term", on=right.filed_on, mode=mode)
            if rule is None:
                continue
            known.setdefault(mode, []).append(rule)
        found[key] = rights.last_day(right.filed_on, rule.length)
    return found


async def idle_days(
    db: AsyncSession, org_id: UUID, stated: Mapping[UUID, AchievementDraft], today: date
) -> dict[UUID, date]:
    """From when each achievement counts as idle, where a rule binds its unit: a year after its first grant (ZJR 38)."""
    first = {id: granted for id, draft in stated.items() if (granted := _first_grant(draft.rights)) is not None}
    if not first:
        return {}
    unit = await identity.get_organisation(db, org_id)
    if not unit.government_established:
        return {}
    rule = await rulebook.find_rule(
        db, "achievement.idle.length", on=today, jurisdiction=place_of(unit), applies_to=GOVERNMENT_UNIT
    )
    if rule is None:
        return {}
    return {id: rights.idle_from(granted, rule.length) for id, granted in first.items()}


def _first_grant(stated: tuple[Right, ...]) -> date | None:
    return min((r.granted_on for r in stated if r.granted_on and r.status in STANDING), default=None)


def place_of(unit: OrganisationFacts) -> str:
    """Whose local rules bind a unit: those of its province, unless it follows the country's alone."""
    return unit.jurisdiction if unit.applies_local_rules else "CN"
