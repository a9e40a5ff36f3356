"""What notices show: already cut to the reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from techmarket.kernel.periods import Unit
from techmarket.notices.kinds import Effect, NoticeKind, Place
from techmarket.notices.lifecycle import NoticeState, ObjectionState


@dataclass(frozen=True, slots=True)
class PostingView:
    place: Place
    at: datetime
    evidence_sha256: str | None


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """Everyone who reads the notice sees that it was filed and how it ended; who and why are for those concerned."""

    id: UUID
    notice_id: UUID
    state: ObjectionState
    filed_at: datetime
    decided_at: datetime | None
    lines: tuple[str, ...] | None
    by_organisation_id: UUID | None
    grounds: str | None
    evidence_sha256: str | None
    reasons: str | None


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice in a list. `state` and `ends_at` are counted from rows and clock at the time of reading."""

    id: UUID
    kind: NoticeKind
    subject: str
    organisation_id: UUID
    document_sha256: str
    places: tuple[Place, ...]
    effect: Effect
    state: NoticeState
    rule_date: date
    length_n: int
    length_unit: Unit
    created_at: datetime
    started_at: datetime | None
    ends_at: datetime | None
    remaining_days: int | None
    open_objections: int


@dataclass(frozen=True, slots=True)
class NoticeView:
    line: NoticeLine
    document: dict[str, Any]
    postings: tuple[PostingView, ...]
    objections: tuple[ObjectionView, ...]
