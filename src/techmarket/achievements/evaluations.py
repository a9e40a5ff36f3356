"""What an achievement is worth (科技成果评价): five values, each by itself; no single forced number. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from techmarket.achievements import errors


class Value(StrEnum):
    """The five values: 科学, 技术, 经济, 社会, 文化."""

    SCIENTIFIC = "SCIENTIFIC"
    TECHNICAL = "TECHNICAL"
    ECONOMIC = "ECONOMIC"
    SOCIAL = "SOCIAL"
    CULTURAL = "CULTURAL"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one value: a score out of the most it could be, a statement, or both."""

    value: Value
    score: Decimal | None = None
    most: Decimal | None = None
    statement: str | None = None


@dataclass(frozen=True, slots=True)
class EvaluationDraft:
    evaluator: str
    method: str
    evaluated_on: date
    evidence_sha256: str
    findings: tuple[Finding, ...]


def check_evaluation(draft: EvaluationDraft, *, today: date) -> None:
    """An evaluation was made, speaks of each value once, and says something of each that it names."""
    if draft.evaluated_on > today:
        raise errors.DayInTheFuture(today=today, pointer="/body/evaluated_on")
    check_findings(draft.findings)


def check_findings(findings: Sequence[Finding]) -> None:
    for n, finding in enumerate(findings):
        pointer = f"/body/findings/{n}"
        if finding.value in {earlier.value for earlier in findings[:n]}:
            raise errors.ValueTwice(pointer=f"{pointer}/value")
        if (finding.score is None) != (finding.most is None) or (finding.score is None and finding.statement is None):
            raise errors.FindingEmpty(pointer=pointer)
        if finding.score is not None and finding.most is not None and finding.score > finding.most:
            raise errors.ScoreAboveMost(score=finding.score, most=finding.most, pointer=f"{pointer}/score")
