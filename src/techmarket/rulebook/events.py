"""What happened in the rulebook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class RuleAdded(Event):
    kind: ClassVar[str] = "rulebook.rule_added"
    rule_id: UUID
    key: str
    jurisdiction: str
    effective_from: date


@dataclass(frozen=True)
class RuleEnded(Event):
    """An open row was ended by its successor."""

    kind: ClassVar[str] = "rulebook.rule_ended"
    rule_id: UUID
    key: str
    effective_to: date


@dataclass(frozen=True)
class RuleProposed(Event):
    """A row waits for a second operator."""

    kind: ClassVar[str] = "rulebook.rule_proposed"
    proposal_id: UUID
    key: str


@dataclass(frozen=True)
class RuleProposalRefused(Event):
    kind: ClassVar[str] = "rulebook.rule_proposal_refused"
    proposal_id: UUID
    key: str


@dataclass(frozen=True)
class WorkDaysEntered(Event):
    kind: ClassVar[str] = "rulebook.work_days_entered"
    first: date
    last: date
    count: int
    declared_year: int | None
