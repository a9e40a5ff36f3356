"""The states of a notice and of an objection."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class NoticeState(StrEnum):
    PREPARED = "PREPARED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CLEARED = "CLEARED"
    UPHELD = "UPHELD"
    REPLACED = "REPLACED"
    WITHDRAWN = "WITHDRAWN"


class ObjectionState(StrEnum):
    FILED = "FILED"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"


class PauseCause(StrEnum):
    """Why a period stands still: an objection waits for its decision, or the market has suspended the procedure."""

    OBJECTION = "OBJECTION"
    SUSPENSION = "SUSPENSION"


class LengtheningCause(StrEnum):
    """EXTENSION: one announced step longer. RESUMPTION: what the rule asks for after a suspension."""

    EXTENSION = "EXTENSION"
    RESUMPTION = "RESUMPTION"


STANDING = (NoticeState.PREPARED, NoticeState.RUNNING, NoticeState.PAUSED)
"""States in which a notice still stands; a subject has at most one standing notice of a kind."""

NOTICE = Lifecycle(
    "notice",
    {
        (NoticeState.PREPARED, "start"): NoticeState.RUNNING,
        (NoticeState.RUNNING, "pause"): NoticeState.PAUSED,
        (NoticeState.PAUSED, "resume"): NoticeState.RUNNING,
        (NoticeState.RUNNING, "clear"): NoticeState.CLEARED,
        **{(state, "uphold"): NoticeState.UPHELD for state in STANDING},
        **{(state, "correct"): state for state in STANDING},
        **{(state, "replace"): NoticeState.REPLACED for state in STANDING},
        **{(state, "withdraw"): NoticeState.WITHDRAWN for state in STANDING},
    },
    initial=NoticeState.PREPARED,
)

OBJECTION = Lifecycle(
    "objection",
    {
        (ObjectionState.FILED, "acknowledge"): ObjectionState.FILED,
        (ObjectionState.FILED, "add_evidence"): ObjectionState.FILED,
        (ObjectionState.FILED, "uphold"): ObjectionState.UPHELD,
        (ObjectionState.FILED, "dismiss"): ObjectionState.DISMISSED,
        (ObjectionState.FILED, "withdraw"): ObjectionState.WITHDRAWN,
        (ObjectionState.FILED, "lapse"): ObjectionState.LAPSED,
        (ObjectionState.LAPSED, "carry"): ObjectionState.FILED,
    },
    initial=ObjectionState.FILED,
)
