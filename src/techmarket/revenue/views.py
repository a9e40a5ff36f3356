"""What revenue shows: frozen, already cut to the reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from techmarket.kernel.money import Money
from techmarket.revenue.case import Group, Mode
from techmarket.revenue.holds import Heir, HoldReason, ReleaseKind
from techmarket.revenue.lifecycle import (
    ClaimState,
    DistributionState,
    HoldState,
    LineState,
    ReworkState,
    TableState,
    UnitRuleState,
)


@dataclass(frozen=True, slots=True)
class ShareTableCard:
    """A share table in a list."""

    id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    unit_id: UUID
    n: int
    state: TableState
    document_sha256: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ShareTableView(ShareTableCard):
    """A share table with its text, and how many have signed it."""

    signing_id: UUID | None
    signed: int
    required: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HoldView:
    """Why one person's share waits, and how it was let go."""

    id: UUID
    share_table_id: UUID
    person_id: UUID
    reason: HoldReason
    grounds: str
    evidence_sha256: str | None
    state: HoldState
    opened_at: datetime
    answer_by: datetime | None
    confirmed_at: datetime | None
    release: ReleaseKind | None
    release_evidence_sha256: str | None
    released_at: datetime | None
    heirs: tuple[Heir, ...] = ()


@dataclass(frozen=True, slots=True)
class ReworkView:
    """One line written anew: its text, and how many of those concerned have signed it."""

    id: UUID
    distribution_id: UUID
    n: int
    state: ReworkState
    document_sha256: str
    signed: int
    required: int
    notice_id: UUID | None
    created_at: datetime
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """What is owed back of a reward, and how much of it is settled."""

    id: UUID
    unit_id: UUID
    person_id: UUID | None
    group: Group
    distribution_line_id: UUID
    amount: Money
    settled: Money
    state: ClaimState
    cause: str
    created_at: datetime
    given_twice: Money
    given_back: Money


@dataclass(frozen=True, slots=True)
class IncomeView:
    """`amount` is money, but for equity the contribution, as a part of `registered_capital`."""

    id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    unit_id: UUID
    due_id: UUID | None
    mode: Mode
    purpose: str
    amount: Money
    received_on: date
    year: int | None
    registered_capital: Money | None
    evidence_sha256: str | None
    distribution_id: UUID | None
    withdrawn_at: datetime | None
    withdrawn_for: str | None


@dataclass(frozen=True, slots=True)
class CostView:
    id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    unit_id: UUID
    kind: str
    amount: Money
    evidence: str
    evidence_sha256: str | None
    incurred_on: date
    due_id: UUID | None
    distribution_id: UUID | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class BooksView:
    """What a contract or an achievement has brought in and cost; open is money that no standing distribution has."""

    contract_id: UUID | None
    achievement_id: UUID | None
    income: tuple[IncomeView, ...]
    costs: tuple[CostView, ...]
    open_income: Money
    open_costs: Money


@dataclass(frozen=True, slots=True)
class HeirPart:
    """What of a line goes to one heir of the person it names."""

    name: str
    amount: Money


@dataclass(frozen=True, slots=True)
class LineView:
    id: UUID
    n: int
    group: Group
    position: int
    person_id: UUID | None
    amount: Money
    wage_base: Money | None
    state: LineState
    payout_id: UUID | None
    offset: Money
    rework_id: UUID | None
    hold_id: UUID | None = None
    heirs: tuple[HeirPart, ...] = ()


@dataclass(frozen=True, slots=True)
class DistributionView:
    """`in_shares`: the amounts are parts of a company's registered capital, not money."""

    id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    mode: Mode
    in_shares: bool
    share_table_id: UUID
    unit_id: UUID
    state: DistributionState
    rule_date: date
    receipts: Money
    costs: Money
    net_income: Money
    reward: Money
    unit_part: Money
    notice_id: UUID | None
    fund_due_id: UUID | None
    computation_sha256: str
    created_at: datetime
    steps: tuple[dict[str, Any], ...]
    flags: tuple[dict[str, Any], ...]
    terms: tuple[dict[str, Any], ...]
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class DistributionCard:
    """A distribution in a list."""

    id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    mode: Mode
    in_shares: bool
    unit_id: UUID
    state: DistributionState
    net_income: Money
    reward: Money
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StatementCard:
    """One's own statement in a list."""

    distribution_id: UUID
    contract_id: UUID | None
    state: DistributionState
    amount: Money
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StatementView:
    """One person's part: her lines, and inputs and steps from which she can compute them again alone."""

    distribution_id: UUID
    contract_id: UUID | None
    contract_number: str
    unit_id: UUID
    unit_name: str
    person_id: UUID
    person_name: str
    state: DistributionState
    rule_date: date
    share_table_id: UUID
    share_table_sha256: str
    notice_id: UUID | None
    computation_sha256: str
    amount: Money
    lines: tuple[LineView, ...]
    inputs: dict[str, Any]
    steps: tuple[dict[str, Any], ...]
    flags: tuple[dict[str, Any], ...]
    terms: tuple[dict[str, Any], ...]
    paid_otherwise: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class FileView:
    """A file to take along, and what to call it."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class RuleView:
    """A row of the rules as it would be used."""

    value: str
    unit: str
    binding: str
    evidence: str
    source: str
    effective_from: str


@dataclass(frozen=True, slots=True)
class RuleChangeView:
    key: str
    jurisdiction: str
    was: RuleView | None
    would_be: RuleView | None


@dataclass(frozen=True, slots=True)
class EffectView:
    """A distribution that other rules would have made otherwise; it stays as it is."""

    distribution_id: UUID
    contract_id: UUID | None
    unit_id: UUID
    state: DistributionState
    rule_date: date
    reward: Money
    reward_would_be: Money | None
    unit_part: Money
    unit_part_would_be: Money | None
    refused: str | None
    lines_changed: int
    changes: tuple[RuleChangeView, ...]


@dataclass(frozen=True, slots=True)
class EffectsView:
    items: tuple[EffectView, ...]
    looked_at: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class TermView:
    """A day by which something must have happened with an income: OPEN, DUE_SOON or OVERDUE."""

    income_id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    unit_id: UUID
    name: str
    amount: Money
    received_on: date
    ends_on: date
    moved_to: date
    standing: str
    distribution_id: UUID | None


@dataclass(frozen=True, slots=True)
class UnitRuleView:
    """A unit's own rule on sharing, with its text."""

    id: UUID
    unit_id: UUID
    n: int
    state: UnitRuleState
    document_sha256: str
    effective_from: date
    effective_to: date | None
    adopted_at: datetime | None
    document: dict[str, Any]
