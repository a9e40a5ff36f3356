"""The states of an achievement."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class AchievementState(StrEnum):
    DRAFT = "DRAFT"
    RECORDED = "RECORDED"
    RETIRED = "RETIRED"


class BurdenState(StrEnum):
    RUNNING = "RUNNING"
    RELEASED = "RELEASED"


class AttestationState(StrEnum):
    """Of what a unit says about somebody else's burden (第三方权利): it counts once another has looked at it."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class ConsentState(StrEnum):
    ASKED = "ASKED"
    GIVEN = "GIVEN"
    WITHDRAWN = "WITHDRAWN"


class VestingState(StrEnum):
    APPLIED = "APPLIED"
    PUBLISHED = "PUBLISHED"
    SIGNING = "SIGNING"
    IN_FORCE = "IN_FORCE"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"


class ApprovalState(StrEnum):
    SIGNING = "SIGNING"
    IN_FORCE = "IN_FORCE"
    REVOKED = "REVOKED"


class EvaluationState(StrEnum):
    STANDING = "STANDING"
    WITHDRAWN = "WITHDRAWN"


BURDEN = Lifecycle(
    "encumbrance",
    {(BurdenState.RUNNING, "release"): BurdenState.RELEASED},
    initial=BurdenState.RUNNING,
)

ATTESTATION = Lifecycle(
    "attestation",
    {
        (AttestationState.PENDING, "confirm"): AttestationState.CONFIRMED,
        (AttestationState.PENDING, "refuse"): AttestationState.REFUSED,
        (AttestationState.PENDING, "withdraw"): AttestationState.WITHDRAWN,
    },
    initial=AttestationState.PENDING,
)

CONSENT = Lifecycle(
    "consent",
    {
        (ConsentState.ASKED, "sign"): ConsentState.GIVEN,
        (ConsentState.ASKED, "take back"): ConsentState.WITHDRAWN,
        (ConsentState.ASKED, "withdraw"): ConsentState.WITHDRAWN,
        (ConsentState.GIVEN, "withdraw"): ConsentState.WITHDRAWN,
    },
    initial=ConsentState.ASKED,
)

VESTING = Lifecycle(
    "vesting",
    {
        (VestingState.APPLIED, "approve"): VestingState.PUBLISHED,
        (VestingState.APPLIED, "refuse"): VestingState.REFUSED,
        (VestingState.APPLIED, "withdraw"): VestingState.WITHDRAWN,
        (VestingState.PUBLISHED, "open signing"): VestingState.SIGNING,
        (VestingState.PUBLISHED, "lapse"): VestingState.LAPSED,
        (VestingState.PUBLISHED, "withdraw"): VestingState.WITHDRAWN,
        (VestingState.SIGNING, "sign"): VestingState.SIGNING,
        (VestingState.SIGNING, "complete"): VestingState.IN_FORCE,
        (VestingState.SIGNING, "withdraw"): VestingState.WITHDRAWN,
    },
    initial=VestingState.APPLIED,
)

APPROVAL = Lifecycle(
    "approval",
    {
        (ApprovalState.SIGNING, "sign"): ApprovalState.SIGNING,
        (ApprovalState.SIGNING, "complete"): ApprovalState.IN_FORCE,
        (ApprovalState.SIGNING, "revoke"): ApprovalState.REVOKED,
        (ApprovalState.IN_FORCE, "revoke"): ApprovalState.REVOKED,
    },
    initial=ApprovalState.SIGNING,
)

EVALUATION = Lifecycle(
    "evaluation",
    {(EvaluationState.STANDING, "withdraw"): EvaluationState.WITHDRAWN},
    initial=EvaluationState.STANDING,
)

ACHIEVEMENT = Lifecycle(
    "achievement",
    {
        (AchievementState.DRAFT, "amend"): AchievementState.DRAFT,
        (AchievementState.DRAFT, "record"): AchievementState.RECORDED,
        (AchievementState.DRAFT, "retire"): AchievementState.RETIRED,
        (AchievementState.RECORDED, "amend"): AchievementState.RECORDED,
        (AchievementState.RECORDED, "retire"): AchievementState.RETIRED,
    },
    initial=AchievementState.DRAFT,
)
