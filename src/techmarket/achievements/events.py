"""What happened to achievements: ids and codes only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class AchievementDrafted(Event):
    kind: ClassVar[str] = "achievements.drafted"
    achievement_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class AchievementAmended(Event):
    kind: ClassVar[str] = "achievements.amended"
    achievement_id: UUID
    revision: int


@dataclass(frozen=True)
class AchievementRecorded(Event):
    kind: ClassVar[str] = "achievements.recorded"
    achievement_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class AchievementRetired(Event):
    kind: ClassVar[str] = "achievements.retired"
    achievement_id: UUID


@dataclass(frozen=True)
class CoOwnerConsented(Event):
    kind: ClassVar[str] = "achievements.co_owner_consented"
    achievement_id: UUID


@dataclass(frozen=True)
class LicenceEnded(Event):
    kind: ClassVar[str] = "achievements.licence_ended"
    encumbrance_id: UUID
    achievement_id: UUID


@dataclass(frozen=True)
class LicenceEntered(Event):
    kind: ClassVar[str] = "achievements.licence_entered"
    encumbrance_id: UUID
    achievement_id: UUID
    licence_kind: str
