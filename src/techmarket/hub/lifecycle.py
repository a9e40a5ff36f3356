"""The states of what goes on by itself in hub, and what moves it."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class ImportState(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


IMPORT = Lifecycle(
    "import",
    {
        (ImportState.WAITING, "take"): ImportState.RUNNING,
        (ImportState.WAITING, "cancel"): ImportState.CANCELLED,
        (ImportState.RUNNING, "take"): ImportState.RUNNING,
        (ImportState.RUNNING, "cancel"): ImportState.CANCELLED,
        (ImportState.RUNNING, "finish"): ImportState.DONE,
        (ImportState.RUNNING, "fail"): ImportState.FAILED,
    },
    initial=ImportState.WAITING,
)


class SourceState(StrEnum):
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DISTRUSTED = "DISTRUSTED"  # what it said could not be checked; an operator looks
    REMOVED = "REMOVED"


SOURCE = Lifecycle(
    "syndication source",
    {
        (SourceState.ACTIVE, "pause"): SourceState.PAUSED,
        (SourceState.ACTIVE, "distrust"): SourceState.DISTRUSTED,
        (SourceState.ACTIVE, "remove"): SourceState.REMOVED,
        (SourceState.PAUSED, "resume"): SourceState.ACTIVE,
        (SourceState.PAUSED, "remove"): SourceState.REMOVED,
        (SourceState.DISTRUSTED, "trust"): SourceState.ACTIVE,
        (SourceState.DISTRUSTED, "remove"): SourceState.REMOVED,
    },
    initial=SourceState.ACTIVE,
)


class RecoveryState(StrEnum):
    """How far it is that somebody new administers an organisation which has lost its administrators."""

    PROPOSED = "PROPOSED"
    WAITING = "WAITING"  # two operators want it; the organisation may object until its time is over
    OBJECTED = "OBJECTED"
    WITHDRAWN = "WITHDRAWN"
    INVITED = "INVITED"


RECOVERY = Lifecycle(
    "administrator recovery",
    {
        (RecoveryState.PROPOSED, "agree"): RecoveryState.WAITING,
        (RecoveryState.PROPOSED, "object"): RecoveryState.OBJECTED,
        (RecoveryState.PROPOSED, "withdraw"): RecoveryState.WITHDRAWN,
        (RecoveryState.WAITING, "object"): RecoveryState.OBJECTED,
        (RecoveryState.WAITING, "withdraw"): RecoveryState.WITHDRAWN,
        (RecoveryState.WAITING, "invite"): RecoveryState.INVITED,
    },
    initial=RecoveryState.PROPOSED,
)
