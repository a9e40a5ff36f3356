"""The states of a hold."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class HoldState(StrEnum):
    PENDING = "PENDING"
    POSTED = "POSTED"
    VOIDED = "VOIDED"


HOLD = Lifecycle(
    "hold",
    {(HoldState.PENDING, "post"): HoldState.POSTED, (HoldState.PENDING, "void"): HoldState.VOIDED},
    initial=HoldState.PENDING,
)
