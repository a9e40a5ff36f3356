"""The states of a share table, of a distribution and of its lines."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class TableState(StrEnum):
    DRAFT = "DRAFT"
    SIGNING = "SIGNING"
    SIGNED = "SIGNED"
    REPLACED = "REPLACED"


SHARE_TABLE = Lifecycle(
    "share_table",
    {
        (TableState.DRAFT, "open_signing"): TableState.SIGNING,
        (TableState.SIGNING, "sign"): TableState.SIGNING,
        (TableState.SIGNING, "complete"): TableState.SIGNED,
        (TableState.DRAFT, "replace"): TableState.REPLACED,
        (TableState.SIGNING, "replace"): TableState.REPLACED,
        (TableState.SIGNED, "replace"): TableState.REPLACED,
    },
    initial=TableState.DRAFT,
)


class DistributionState(StrEnum):
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    PAYABLE = "PAYABLE"
    PAID = "PAID"
    REVERSED = "REVERSED"


DISTRIBUTION = Lifecycle(
    "distribution",
    {
        (DistributionState.DRAFT, "publish"): DistributionState.PUBLISHED,
        (DistributionState.PUBLISHED, "clear"): DistributionState.PAYABLE,
        (DistributionState.PAYABLE, "pay"): DistributionState.PAYABLE,
        (DistributionState.PAYABLE, "complete"): DistributionState.PAID,
        (DistributionState.DRAFT, "reverse"): DistributionState.REVERSED,
        (DistributionState.PUBLISHED, "reverse"): DistributionState.REVERSED,
        (DistributionState.PAYABLE, "reverse"): DistributionState.REVERSED,
    },
    initial=DistributionState.DRAFT,
)


class LineState(StrEnum):
    OPEN = "OPEN"
    HELD = "HELD"
    INSTRUCTED = "INSTRUCTED"
    PAID = "PAID"
    CANCELLED = "CANCELLED"


DISTRIBUTION_LINE = Lifecycle(
    "distribution_line",
    {
        (LineState.OPEN, "hold"): LineState.HELD,
        (LineState.HELD, "free"): LineState.OPEN,
        (LineState.OPEN, "instruct"): LineState.INSTRUCTED,
        (LineState.INSTRUCTED, "confirm"): LineState.PAID,
        (LineState.INSTRUCTED, "fail"): LineState.OPEN,
        (LineState.OPEN, "cancel"): LineState.CANCELLED,
        (LineState.HELD, "cancel"): LineState.CANCELLED,
    },
    initial=LineState.OPEN,
)
