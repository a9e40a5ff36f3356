"""What happened to income: ids, hashes and counts; never an amount, for what people earn is not public."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class ShareTableDrafted(Event):
    kind: ClassVar[str] = "revenue.share_table_drafted"
    share_table_id: UUID
    n: int
    document_sha256: str
    contract_id: UUID | None = None
    achievement_id: UUID | None = None


@dataclass(frozen=True)
class ShareTableSigningOpened(Event):
    kind: ClassVar[str] = "revenue.share_table_signing_opened"
    share_table_id: UUID
    signing_id: UUID
    required: int


@dataclass(frozen=True)
class ShareTableSigned(Event):
    """One more completer has signed; with `signed == required` the table is in force."""

    kind: ClassVar[str] = "revenue.share_table_signed"
    share_table_id: UUID
    signed: int
    required: int


@dataclass(frozen=True)
class ShareTableReplaced(Event):
    kind: ClassVar[str] = "revenue.share_table_replaced"
    share_table_id: UUID


@dataclass(frozen=True)
class IncomeReceived(Event):
    kind: ClassVar[str] = "revenue.income_received"
    income_id: UUID
    contract_id: UUID | None
    due_id: UUID | None
    achievement_id: UUID | None = None


@dataclass(frozen=True)
class IncomeWithdrawn(Event):
    """It counts no more: entered by mistake, refunded, or the contract was void."""

    kind: ClassVar[str] = "revenue.income_withdrawn"
    income_id: UUID
    cause: str


@dataclass(frozen=True)
class CostEntered(Event):
    kind: ClassVar[str] = "revenue.cost_entered"
    cost_id: UUID
    contract_id: UUID | None
    cost_kind: str
    achievement_id: UUID | None = None


@dataclass(frozen=True)
class CostWithdrawn(Event):
    kind: ClassVar[str] = "revenue.cost_withdrawn"
    cost_id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None = None


@dataclass(frozen=True)
class DistributionDrafted(Event):
    """`lines_root` is the root of the salted tree over its lines: each person proves her own line under it."""

    kind: ClassVar[str] = "revenue.distribution_drafted"
    distribution_id: UUID
    contract_id: UUID | None
    share_table_id: UUID
    computation_sha256: str
    lines: int | None = None
    lines_root: str | None = None


@dataclass(frozen=True)
class DistributionPublished(Event):
    kind: ClassVar[str] = "revenue.distribution_published"
    distribution_id: UUID
    notice_id: UUID


@dataclass(frozen=True)
class DistributionPayable(Event):
    kind: ClassVar[str] = "revenue.distribution_payable"
    distribution_id: UUID


@dataclass(frozen=True)
class LinesInstructed(Event):
    kind: ClassVar[str] = "revenue.lines_instructed"
    distribution_id: UUID
    instructed: int
    held: int


@dataclass(frozen=True)
class LinePaid(Event):
    kind: ClassVar[str] = "revenue.line_paid"
    distribution_line_id: UUID
    distribution_id: UUID


@dataclass(frozen=True)
class DistributionPaid(Event):
    kind: ClassVar[str] = "revenue.distribution_paid"
    distribution_id: UUID


@dataclass(frozen=True)
class DistributionReversed(Event):
    """Its income is open again; what was paid is claimed back in so many claims."""

    kind: ClassVar[str] = "revenue.distribution_reversed"
    distribution_id: UUID
    claims: int = 0
    cause: str = "unit"


@dataclass(frozen=True)
class ShareHoldProposed(Event):
    """One person's share waits from now on. Why is told to those concerned, not here."""

    kind: ClassVar[str] = "revenue.share_hold_proposed"
    share_hold_id: UUID
    share_table_id: UUID


@dataclass(frozen=True)
class ShareHoldDecided(Event):
    kind: ClassVar[str] = "revenue.share_hold_decided"
    share_hold_id: UUID
    share_table_id: UUID
    state: str


@dataclass(frozen=True)
class LineReworkDrafted(Event):
    kind: ClassVar[str] = "revenue.line_rework_drafted"
    line_rework_id: UUID
    distribution_id: UUID
    document_sha256: str


@dataclass(frozen=True)
class LineReworkSigned(Event):
    kind: ClassVar[str] = "revenue.line_rework_signed"
    line_rework_id: UUID
    signed: int
    required: int


@dataclass(frozen=True)
class LineReworkPublished(Event):
    kind: ClassVar[str] = "revenue.line_rework_published"
    line_rework_id: UUID
    distribution_id: UUID
    notice_id: UUID
    lines: int = 0
    lines_root: str = ""


@dataclass(frozen=True)
class LineReworkWithdrawn(Event):
    kind: ClassVar[str] = "revenue.line_rework_withdrawn"
    line_rework_id: UUID
    distribution_id: UUID


@dataclass(frozen=True)
class RewardRepaid(Event):
    """Part of a claim was paid back or set off against a later line."""

    kind: ClassVar[str] = "revenue.reward_repaid"
    reward_claim_id: UUID
    is_settled: bool


@dataclass(frozen=True)
class RewardGivenTwice(Event):
    """Money that was owed back came back by itself after part of it had been repaid: the unit owes that part."""

    kind: ClassVar[str] = "revenue.reward_given_twice"
    reward_claim_id: UUID


@dataclass(frozen=True)
class RewardGivenBack(Event):
    """The unit has given back of what somebody gave twice."""

    kind: ClassVar[str] = "revenue.reward_given_back"
    reward_claim_id: UUID
    evidence_sha256: str
    is_whole: bool


@dataclass(frozen=True)
class RewardDueSoon(Event):
    """The day by which a reward must be paid is near, and it is not paid."""

    kind: ClassVar[str] = "revenue.reward_due_soon"
    income_id: UUID
    name: str
    ends_on: date


@dataclass(frozen=True)
class RewardOverdue(Event):
    """The day has passed, and the reward is not paid; told once."""

    kind: ClassVar[str] = "revenue.reward_overdue"
    income_id: UUID
    name: str
    ends_on: date


@dataclass(frozen=True)
class TaxFlagsChanged(Event):
    """What counts as wage is another part now: the registration it rested on is gone."""

    kind: ClassVar[str] = "revenue.tax_flags_changed"
    distribution_id: UUID
    lines: int
    cause: str


@dataclass(frozen=True)
class UnitRuleDrafted(Event):
    kind: ClassVar[str] = "revenue.unit_rule_drafted"
    unit_rule_id: UUID
    document_sha256: str


@dataclass(frozen=True)
class UnitRuleAdopted(Event):
    """A unit's own rule on sharing holds from this day on; the one before it ends with it."""

    kind: ClassVar[str] = "revenue.unit_rule_adopted"
    unit_rule_id: UUID
    effective_from: date


@dataclass(frozen=True)
class ContractUnwound(Event):
    """A contract was void from the beginning: so many rows of income count no more."""

    kind: ClassVar[str] = "revenue.contract_unwound"
    contract_id: UUID
    evidence_sha256: str
    income: int
