"""What notices show: already cut to the reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from techmarket.kernel.money import Money
from techmarket.kernel.periods import Unit
from techmarket.notices.kinds import Change, Effect, NoticeKind, Place
from techmarket.notices.lifecycle import LengtheningCause, NoticeState, ObjectionState, PauseCause


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A file kept as evidence."""

    sha256: str
    size: int
    media_type: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PostingView:
    place: Place
    version: int
    at: datetime
    url: str | None
    evidence_sha256: str | None
    shows_others: int = 0


@dataclass(frozen=True, slots=True)
class PauseView:
    """The reasons of a suspension are public; those of an objection are for those concerned."""

    cause: PauseCause
    reasons: str | None
    began_at: datetime
    resume_by: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class LengtheningView:
    cause: LengtheningCause
    n: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """Everyone who reads the notice sees that it was filed, how it ended and what was published of the reasons; who
    objected and why are for those concerned."""

    id: UUID
    notice_id: UUID
    carried_from_id: UUID | None
    state: ObjectionState
    filed_at: datetime
    acknowledge_by: datetime | None
    acknowledged_at: datetime | None
    decide_by: datetime | None
    is_overdue: bool
    decided_at: datetime | None
    published_reasons: str | None
    lines: tuple[str, ...] | None
    by_organisation_id: UUID | None
    by_organisation: str | None
    grounds: str | None
    evidence: tuple[str, ...] | None
    reasons: str | None
    receipt: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice in a list. `state` and `ends_at` are counted from rows and clock at the time of reading."""

    id: UUID
    kind: NoticeKind
    subject: str
    organisation_id: UUID
    version: int
    document_sha256: str
    places: tuple[Place, ...]
    effect: Effect
    state: NoticeState
    rule_date: date
    length_n: int
    length_unit: Unit
    extension_n: int | None
    extensions_at_most: int | None
    extensions_used: int
    created_at: datetime
    started_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    remaining_days: int | None
    open_objections: int
    is_suspended: bool
    replaces_id: UUID | None


@dataclass(frozen=True, slots=True)
class AllowanceView:
    """The operator's word that the price may be published again, from this price on."""

    price: Money
    reasons: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NoticeView:
    line: NoticeLine
    document: dict[str, Any]
    replaced_by_id: UUID | None
    postings: tuple[PostingView, ...]
    pauses: tuple[PauseView, ...]
    lengthenings: tuple[LengtheningView, ...]
    objections: tuple[ObjectionView, ...]
    receipt: dict[str, str] | None = None
    allowance: AllowanceView | None = None


@dataclass(frozen=True, slots=True)
class VersionView:
    """A text that stood, of this notice or of one that it replaced."""

    notice_id: UUID
    n: int
    document_sha256: str
    change: Change | None
    at: datetime
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EntryProofView:
    """An entry of the log about the notice: its proof, or the market's promise while no checkpoint covers it."""

    entry_id: UUID
    kind: str
    proof: dict[str, Any] | None
    promise: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class NoticeProofView:
    """What a stranger checks offline: the texts byte for byte, and the entries that name their hashes."""

    notice_id: UUID
    texts: tuple[tuple[int, str, str], ...]
    entries: tuple[EntryProofView, ...]
