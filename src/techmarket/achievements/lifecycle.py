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


class ConsentState(StrEnum):
    ASKED = "ASKED"
    GIVEN = "GIVEN"
    WITHDRAWN = "WITHDRAWN"


class EvaluationState(StrEnum):
    STANDING = "STANDING"
    WITHDRAWN = "WITHDRAWN"


BURDEN = Lifecycle(
    "encumbrance",
    {(BurdenState.RUNNING, "release"): BurdenState.RELEASED},
    initial=BurdenState.RUNNING,
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
