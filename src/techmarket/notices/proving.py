"""What proves that a notice stood: its texts byte for byte, where and when it stood, what stopped it, who objected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.kernel.periods import Length
from techmarket.notices import counting, repository
from techmarket.notices.kinds import Change, NoticeKind, Place
from techmarket.notices.lifecycle import LengtheningCause, NoticeState, ObjectionState, PauseCause


@dataclass(frozen=True, slots=True)
class VersionEvidence:
    """A text that stood: `text` are the canonical bytes behind the hash."""

    n: int
    document_sha256: str
    text: bytes
    change: Change | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PostingEvidence:
    """`media_type` and `size` are of the evidence file under the hash in the file store; None where none was kept."""

    place: Place
    version_n: int
    at: datetime
    url: str | None
    evidence_sha256: str | None
    media_type: str | None
    size: int | None


@dataclass(frozen=True, slots=True)
class PauseEvidence:
    cause: PauseCause
    reasons: str | None
    objection_id: UUID | None
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class LengtheningEvidence:
    cause: LengtheningCause
    n: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ObjectionEvidence:
    """Who objected, why and the full reasons are not public: for the parties and whoever decides."""

    id: UUID
    notice_id: UUID
    state: ObjectionState
    by_org_id: UUID
    by_person_id: UUID
    grounds: str
    lines: tuple[str, ...] | None
    evidence: tuple[str, ...]
    filed_at: datetime
    acknowledged_at: datetime | None
    decided_at: datetime | None
    reasons: str | None
    published_reasons: str | None


@dataclass(frozen=True, slots=True)
class NoticeEvidence:
    """All of it. `entries` are the journal's entries about the notice, in order: (entry id, kind of event)."""

    id: UUID
    kind: NoticeKind
    subject: str
    owner_org_id: UUID
    state: NoticeState
    rule_date: date
    length: Length
    started_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    replaces_id: UUID | None
    replaced_by_id: UUID | None
    versions: tuple[VersionEvidence, ...]
    postings: tuple[PostingEvidence, ...]
    pauses: tuple[PauseEvidence, ...]
    lengthenings: tuple[LengtheningEvidence, ...]
    objections: tuple[ObjectionEvidence, ...]
    entries: tuple[tuple[UUID, str], ...]


async def evidence(db: AsyncSession, notice_id: UUID) -> NoticeEvidence:
    """Everything that proves a notice, also what only its parties may read: the caller cuts it to the reader."""
    notice = await repository.get_notice(db, notice_id)
    course = await counting.course_of(db, notice)
    objections = await repository.list_objections(db, notice.id)
    files = await repository.evidence_of(db, [one.id for one in objections])
    postings = []
    for posting in await repository.list_postings(db, notice.id):
        kept = None
        if posting.evidence_sha256 is not None:
            kept = await repository.find_evidence(db, notice.owner_org_id, posting.evidence_sha256)
        postings.append(
            PostingEvidence(
                posting.place,
                posting.version_n,
                posting.at,
                posting.url,
                posting.evidence_sha256,
                kept.media_type if kept else None,
                kept.size if kept else None,
            )
        )
    return NoticeEvidence(
        id=notice.id,
        kind=notice.kind,
        subject=notice.subject,
        owner_org_id=notice.owner_org_id,
        state=notice.state,
        rule_date=notice.rule_date,
        length=notice.length,
        started_at=notice.started_at,
        ends_at=await counting.count_end(db, notice),
        ended_at=notice.ended_at,
        replaces_id=notice.replaces_id,
        replaced_by_id=await repository.find_successor(db, notice.id),
        versions=tuple(
            [
                VersionEvidence(
                    one.n, one.document_sha256, await texts.get_bytes(db, one.document_sha256), one.change, one.at
                )
                for one in await repository.list_versions(db, [notice.id])
            ]
        ),
        postings=tuple(postings),
        pauses=tuple(PauseEvidence(p.cause, p.reasons, p.objection_id, p.began_at, p.ended_at) for p in course.pauses),
        lengthenings=tuple(LengtheningEvidence(more.cause, more.n, more.at) for more in course.lengthenings),
        objections=tuple(
            ObjectionEvidence(
                one.id,
                one.notice_id,
                one.state,
                one.by_org_id,
                one.by_person_id,
                one.grounds,
                tuple(one.lines) if one.lines is not None else None,
                tuple(files.get(one.id, ())),
                one.filed_at,
                one.acknowledged_at,
                one.decided_at,
                one.reasons,
                one.published_reasons,
            )
            for one in objections
        ),
        entries=tuple((entry.entry_id, entry.kind) for entry in await repository.list_entries(db, notice.id)),
    )
