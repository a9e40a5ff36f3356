"""What happened to notices: ids, codes and times; grounds and reasons stay in their rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event
from techmarket.notices.kinds import NoticeKind, Place
from techmarket.notices.lifecycle import NoticeState


@dataclass(frozen=True)
class NoticeOpened(Event):
    kind: ClassVar[str] = "notices.opened"
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    document_sha256: str
    length_n: int
    length_unit: str


@dataclass(frozen=True)
class NoticePosted(Event):
    kind: ClassVar[str] = "notices.posted"
    posting_id: UUID
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    place: Place
    version: int
    document_sha256: str
    evidence_sha256: str | None


@dataclass(frozen=True)
class NoticeStarted(Event):
    kind: ClassVar[str] = "notices.started"
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    started_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class ObjectionFiled(Event):
    kind: ClassVar[str] = "notices.objection_filed"
    objection_id: UUID
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind


@dataclass(frozen=True)
class ObjectionDecided(Event):
    kind: ClassVar[str] = "notices.objection_decided"
    objection_id: UUID
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    upheld: bool


@dataclass(frozen=True)
class ObjectionUpheld(Event):
    """For the room of the subject: what was announced does not hold; `lines` are the ones at fault, if it has lines."""

    kind: ClassVar[str] = "notices.objection_upheld"
    objection_id: UUID
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    lines: tuple[str, ...]


@dataclass(frozen=True)
class ObjectionWithdrawn(Event):
    kind: ClassVar[str] = "notices.objection_withdrawn"
    objection_id: UUID
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    stopped_from: datetime | None = None


@dataclass(frozen=True)
class NoticeExtended(Event):
    """One announced step longer: `step` is the how-manieth."""

    kind: ClassVar[str] = "notices.extended"
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    n: int
    unit: str
    step: int
    ends_at: datetime


@dataclass(frozen=True)
class NoticeSuspended(Event):
    kind: ClassVar[str] = "notices.suspended"
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    resume_by: datetime | None


@dataclass(frozen=True)
class NoticeResumed(Event):
    """`added` days were given to it because a rule asks for that much after a suspension."""

    kind: ClassVar[str] = "notices.resumed"
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    added: int
    ends_at: datetime | None


@dataclass(frozen=True)
class NoticeCorrected(Event):
    """The same disclosure, better written; its period goes on."""

    kind: ClassVar[str] = "notices.corrected"
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    version: int
    document_sha256: str


@dataclass(frozen=True)
class ObjectionAcknowledged(Event):
    kind: ClassVar[str] = "notices.objection_acknowledged"
    objection_id: UUID
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind


@dataclass(frozen=True)
class ObjectionEvidenceAdded(Event):
    kind: ClassVar[str] = "notices.objection_evidence_added"
    objection_id: UUID
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    sha256: str


@dataclass(frozen=True)
class ObjectionCarriedOver(Event):
    """The notice was replaced while the objection was open: it stands against the new text."""

    kind: ClassVar[str] = "notices.objection_carried_over"
    objection_id: UUID
    notice_id: UUID
    old_notice_id: UUID
    subject: str
    notice_kind: NoticeKind


@dataclass(frozen=True)
class NoticePriceAllowed(Event):
    """An objection to the price was upheld, and the operator lets it be published again, for public reasons."""

    kind: ClassVar[str] = "notices.price_allowed"
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind


@dataclass(frozen=True)
class ObjectionLapsed(Event):
    """What it was about stands no more."""

    kind: ClassVar[str] = "notices.objection_lapsed"
    objection_id: UUID
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    notice_state: NoticeState


@dataclass(frozen=True)
class NoticeCleared(Event):
    kind: ClassVar[str] = "notices.cleared"
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind


@dataclass(frozen=True)
class NoticeEnded(Event):
    """It no longer stands: withdrawn, or replaced by another text whose period starts afresh."""

    kind: ClassVar[str] = "notices.no_longer_stands"
    notice_id: UUID
    subject: str
    notice_kind: NoticeKind
    state: NoticeState
