"""The states of a commitment."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class CommitmentState(StrEnum):
    LOGGED = "LOGGED"
    REVEALED = "REVEALED"


COMMITMENT = Lifecycle(
    "commitment",
    {(CommitmentState.LOGGED, "reveal"): CommitmentState.REVEALED},
    initial=CommitmentState.LOGGED,
)
