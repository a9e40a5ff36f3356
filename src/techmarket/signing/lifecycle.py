"""The states of a round of signatures."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class SigningState(StrEnum):
    OPEN = "OPEN"
    COMPLETE = "COMPLETE"
    VOID = "VOID"


SIGNING = Lifecycle(
    "signing",
    {
        (SigningState.OPEN, "complete"): SigningState.COMPLETE,
        (SigningState.OPEN, "void"): SigningState.VOID,
    },
    initial=SigningState.OPEN,
)
