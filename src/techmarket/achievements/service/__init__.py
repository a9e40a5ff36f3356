"""What people do with achievements: one function, one intention, one transaction."""

from techmarket.achievements.service.consenting import confirm_completer, consent, withdraw_consent
from techmarket.achievements.service.idling import flag_idle
from techmarket.achievements.service.reading import get_achievement, list_achievements, list_versions
from techmarket.achievements.service.recording import (
    amend_achievement,
    create_achievement,
    record_achievement,
    retire_achievement,
)

__all__ = [
    "amend_achievement",
    "confirm_completer",
    "consent",
    "create_achievement",
    "flag_idle",
    "get_achievement",
    "list_achievements",
    "list_versions",
    "record_achievement",
    "retire_achievement",
    "withdraw_consent",
]
