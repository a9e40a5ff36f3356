"""The states of a share table and a hold on one share, of a distribution, its lines, their rework and claims."""

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
        (TableState.SIGNED, "sign"): TableState.SIGNED,
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
        (DistributionState.PAID, "reverse"): DistributionState.REVERSED,
        (DistributionState.PAID, "reopen"): DistributionState.PAYABLE,
    },
    initial=DistributionState.DRAFT,
)


class LineState(StrEnum):
    OPEN = "OPEN"
    HELD = "HELD"
    INSTRUCTED = "INSTRUCTED"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    RECLAIMED = "RECLAIMED"


DISTRIBUTION_LINE = Lifecycle(
    "distribution_line",
    {
        (LineState.OPEN, "hold"): LineState.HELD,
        (LineState.HELD, "free"): LineState.OPEN,
        (LineState.OPEN, "instruct"): LineState.INSTRUCTED,
        (LineState.INSTRUCTED, "confirm"): LineState.PAID,
        (LineState.INSTRUCTED, "fail"): LineState.OPEN,
        (LineState.OPEN, "set_off"): LineState.PAID,
        (LineState.OPEN, "cancel"): LineState.CANCELLED,
        (LineState.HELD, "cancel"): LineState.CANCELLED,
        (LineState.INSTRUCTED, "cancel"): LineState.CANCELLED,
        (LineState.HELD, "rework"): LineState.CANCELLED,
        (LineState.PAID, "reclaim"): LineState.RECLAIMED,
        (LineState.PAID, "bounce"): LineState.OPEN,
    },
    initial=LineState.OPEN,
)


class HoldState(StrEnum):
    """A hold on one person's share: HOLDING once a second pair of eyes has confirmed it, until it is released."""

    PROPOSED = "PROPOSED"
    HOLDING = "HOLDING"
    RELEASING = "RELEASING"
    RELEASED = "RELEASED"
    REJECTED = "REJECTED"


LIVE_HOLDS = (HoldState.PROPOSED, HoldState.HOLDING, HoldState.RELEASING)
"""While a hold is in one of these, nothing of this person's share is paid."""

SHARE_HOLD = Lifecycle(
    "share_hold",
    {
        (HoldState.PROPOSED, "confirm"): HoldState.HOLDING,
        (HoldState.PROPOSED, "reject"): HoldState.REJECTED,
        (HoldState.HOLDING, "propose_release"): HoldState.RELEASING,
        (HoldState.RELEASING, "confirm_release"): HoldState.RELEASED,
        (HoldState.RELEASING, "refuse_release"): HoldState.HOLDING,
        (HoldState.HOLDING, "take_back"): HoldState.RELEASED,
        (HoldState.RELEASING, "take_back"): HoldState.RELEASED,
        # Whoever signs after all needs no path around her signature.
        **{(state, "sign"): HoldState.RELEASED for state in LIVE_HOLDS},
    },
    initial=HoldState.PROPOSED,
)


class ReworkState(StrEnum):
    SIGNING = "SIGNING"
    SIGNED = "SIGNED"
    PUBLISHED = "PUBLISHED"
    WITHDRAWN = "WITHDRAWN"


LINE_REWORK = Lifecycle(
    "line_rework",
    {
        (ReworkState.SIGNING, "sign"): ReworkState.SIGNING,
        (ReworkState.SIGNING, "complete"): ReworkState.SIGNED,
        (ReworkState.SIGNED, "publish"): ReworkState.PUBLISHED,
        **{
            (state, "withdraw"): ReworkState.WITHDRAWN
            for state in (ReworkState.SIGNING, ReworkState.SIGNED, ReworkState.PUBLISHED)
        },
    },
    initial=ReworkState.SIGNING,
)


class ClaimState(StrEnum):
    OPEN = "OPEN"
    SETTLED = "SETTLED"


REWARD_CLAIM = Lifecycle(
    "reward_claim",
    {
        (ClaimState.OPEN, "take"): ClaimState.OPEN,
        (ClaimState.OPEN, "settle"): ClaimState.SETTLED,
        (ClaimState.OPEN, "give_back"): ClaimState.OPEN,
        (ClaimState.SETTLED, "give_back"): ClaimState.OPEN,
    },
    initial=ClaimState.OPEN,
)


class UnitRuleState(StrEnum):
    DRAFT = "DRAFT"
    IN_FORCE = "IN_FORCE"
    ENDED = "ENDED"
    WITHDRAWN = "WITHDRAWN"


UNIT_RULE = Lifecycle(
    "unit_rule",
    {
        (UnitRuleState.DRAFT, "adopt"): UnitRuleState.IN_FORCE,
        (UnitRuleState.DRAFT, "withdraw"): UnitRuleState.WITHDRAWN,
        (UnitRuleState.IN_FORCE, "succeed"): UnitRuleState.ENDED,
    },
    initial=UnitRuleState.DRAFT,
)
