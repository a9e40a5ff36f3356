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
