"""What people do with achievements: one function, one intention, one transaction."""

from techmarket.achievements.service.burdening import (
    BurdenDraft,
    declare_open_licence,
    record_burden,
    record_pledgee_consent,
    release_burden,
)
from techmarket.achievements.service.confirming import confirm_completer
from techmarket.achievements.service.consenting import (
    ask_consents,
    get_consent,
    list_consents,
    sign_consent,
    withdraw_consent,
)
from techmarket.achievements.service.evaluating import list_evaluations, record_evaluation, withdraw_evaluation
from techmarket.achievements.service.idling import flag_idle
from techmarket.achievements.service.reading import get_achievement, list_achievements, list_versions
from techmarket.achievements.service.recording import (
    amend_achievement,
    create_achievement,
    record_achievement,
    retire_achievement,
)

__all__ = [
    "BurdenDraft",
    "amend_achievement",
    "ask_consents",
    "confirm_completer",
    "create_achievement",
    "declare_open_licence",
    "flag_idle",
    "get_achievement",
    "get_consent",
    "list_achievements",
    "list_consents",
    "list_evaluations",
    "list_versions",
    "record_achievement",
    "record_burden",
    "record_evaluation",
    "record_pledgee_consent",
    "release_burden",
    "retire_achievement",
    "sign_consent",
    "withdraw_consent",
    "withdraw_evaluation",
]
