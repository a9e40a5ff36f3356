"""What happened to income: ids, hashes and counts; never an amount, for what people earn is not public."""

from __future__ import annotations

from dataclasses import dataclass
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
    contract_id: UUID
    due_id: UUID


@dataclass(frozen=True)
class CostEntered(Event):
    kind: ClassVar[str] = "revenue.cost_entered"
    cost_id: UUID
    contract_id: UUID
    cost_kind: str


@dataclass(frozen=True)
class CostWithdrawn(Event):
    kind: ClassVar[str] = "revenue.cost_withdrawn"
    cost_id: UUID
    contract_id: UUID


@dataclass(frozen=True)
class DistributionDrafted(Event):
    """`lines_root` is the root of the salted tree over its lines: each person proves her own line under it."""

    kind: ClassVar[str] = "revenue.distribution_drafted"
    distribution_id: UUID
    contract_id: UUID
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
