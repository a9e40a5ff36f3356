"""What people do with achievements: one function, one intention, one transaction."""

from techmarket.achievements.service.approving import (
    draw_up_approval,
    get_approval,
    list_approvals,
    revoke_approval,
    sign_approval,
)
from techmarket.achievements.service.attesting import (
    confirm_attestation,
    get_attestation,
    list_attestations,
    read_attestation_evidence,
    refuse_attestation,
    withdraw_attestation,
)
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
from techmarket.achievements.service.vesting import (
    apply_for_vesting,
    approve_vesting,
    follow_vesting_notice,
    get_vesting,
    lapse_vesting,
    list_vestings,
    open_vesting_signing,
    refuse_vesting,
    sign_vesting,
    withdraw_vesting,
)

__all__ = [
    "BurdenDraft",
    "amend_achievement",
    "apply_for_vesting",
    "approve_vesting",
    "ask_consents",
    "confirm_attestation",
    "confirm_completer",
    "create_achievement",
    "declare_open_licence",
    "draw_up_approval",
    "flag_idle",
    "follow_vesting_notice",
    "get_achievement",
    "get_approval",
    "get_attestation",
    "get_consent",
    "get_vesting",
    "lapse_vesting",
    "list_achievements",
    "list_approvals",
    "list_attestations",
    "list_consents",
    "list_evaluations",
    "list_versions",
    "list_vestings",
    "open_vesting_signing",
    "read_attestation_evidence",
    "record_achievement",
    "record_burden",
    "record_evaluation",
    "record_pledgee_consent",
    "refuse_attestation",
    "refuse_vesting",
    "release_burden",
    "retire_achievement",
    "revoke_approval",
    "sign_approval",
    "sign_consent",
    "sign_vesting",
    "withdraw_attestation",
    "withdraw_consent",
    "withdraw_evaluation",
    "withdraw_vesting",
]
