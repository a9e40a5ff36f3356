"""What later rooms do with notices in their own transaction: open, ask the gate, extend, replace, withdraw, prove."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, texts
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.notices import counting, errors, opening, repository, rules, showing
from techmarket.notices.again import Deal
from techmarket.notices.evidence import note_named as note_evidence
from techmarket.notices.evidence import require_kept
from techmarket.notices.evidence import require_kept as require_evidence
from techmarket.notices.evidence import require_there as require_evidence_there
from techmarket.notices.extending import Extension, extend, resume, suspend
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.lifecycle import STANDING, LengtheningCause, NoticeState, ObjectionState
from techmarket.notices.opening import length_rule, open_notice, replace
from techmarket.notices.proving import NoticeEvidence, evidence
from techmarket.notices.tables import Notice, Objection
from techmarket.notices.views import EvidenceView, NoticeView, VersionView

__all__ = [
    "Deal",
    "Extension",
    "NoticeEvidence",
    "NoticeFacts",
    "Suspension",
    "current",
    "ends_at",
    "evidence",
    "extend",
    "extensions_left",
    "find_evidence",
    "first_started_at",
    "get_facts",
    "has_ended",
    "held_lines",
    "is_cleared",
    "length_rule",
    "note_evidence",
    "notice_of",
    "notices_about",
    "open_notice",
    "open_objections",
    "replace",
    "require_cleared",
    "require_evidence",
    "require_evidence_there",
    "require_kept",
    "resume",
    "suspend",
    "suspension_of",
    "upheld_lines",
    "withdraw",
]

PREDECESSORS_MAX = 50


async def find_evidence(db: AsyncSession, org: UUID, sha256: str) -> EvidenceView | None:
    """A file that this organisation keeps; who may read it is for whoever names it to say."""
    row = await repository.find_evidence(db, org, sha256)
    return None if row is None else EvidenceView(row.sha256, row.size, row.media_type, row.at)


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    id: UUID
    kind: NoticeKind
    subject: str
    owner_org_id: UUID
    document_sha256: str
    state: NoticeState
    started_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Suspension:
    """The suspension that lasts: why, since when, and until when it should be resumed."""

    reasons: str
    began_at: datetime
    resume_by: datetime | None


async def current(db: AsyncSession, notice_id: UUID) -> UUID:
    """The notice that stands in the place of this one: itself, until it is replaced. Gates ask about that one."""
    return (await repository.stands_for(db, notice_id) or [notice_id])[-1]


async def first_started_at(db: AsyncSession, notice_id: UUID) -> datetime | None:
    """Since when its subject has stood in public, whatever text has taken the place of another since."""
    last = await _current(db, notice_id)
    line = [last, *await repository.list_predecessors(db, last, PREDECESSORS_MAX)]
    return min((one.started_at for one in line if one.subject == last.subject and one.started_at), default=None)


async def _current(db: AsyncSession, notice_id: UUID) -> Notice:
    return await repository.get_notice(db, await current(db, notice_id))


async def _hold(db: AsyncSession, notice_id: UUID) -> Notice:
    """The one in its place, held. Whoever is just replacing it has his turn first."""
    notice = await repository.hold_notice(db, await current(db, notice_id))
    while notice.state is NoticeState.REPLACED:
        notice = await repository.hold_notice(db, await current(db, notice.id))
    return notice


async def require_cleared(db: AsyncSession, notice_id: UUID, now: datetime) -> None:
    """The gate: refuse until the period has ended without an open or upheld objection.

    Counted from clock and rows, so it is right before the job has run. The row is held until the caller commits, so
    that an objection filed in time is seen here, or waits and is told that the period has ended.
    """
    notice = await _hold(db, notice_id)
    rules.check_cleared(
        notice.state,
        ends_at=await counting.require_end(db, notice),
        now=now,
        missing_places=await counting.missing_places(db, notice),
        open_objections=(await repository.count_open_objections(db, [notice.id])).get(notice.id, 0),
    )


async def is_cleared(db: AsyncSession, notice_id: UUID, now: datetime) -> bool:
    """Whether the period has ended without an open or upheld objection; without a lock, for views."""
    notice = await _current(db, notice_id)
    return rules.state_at(notice.state, await counting.count_end(db, notice), now) is NoticeState.CLEARED


async def has_ended(db: AsyncSession, notice_id: UUID, now: datetime) -> bool:
    """As `is_cleared`, and the notice stays as it is until the caller commits: whoever stops it comes before or too
    late."""
    notice = await _hold(db, notice_id)
    return rules.state_at(notice.state, await counting.count_end(db, notice), now) is NoticeState.CLEARED


async def suspension_of(db: AsyncSession, notice_id: UUID) -> Suspension | None:
    """The suspension that lasts, if there is one."""
    pause = (await counting.course_of(db, await _current(db, notice_id))).suspension
    return None if pause is None else Suspension(pause.reasons or "", pause.began_at, pause.resume_by)


async def extensions_left(db: AsyncSession, notice_id: UUID) -> int:
    """How many of the announced extensions are left."""
    notice = await _current(db, notice_id)
    used = sum(more.cause is LengtheningCause.EXTENSION for more in (await counting.course_of(db, notice)).lengthenings)
    return (notice.extensions_at_most or 0) - used


async def ends_at(db: AsyncSession, notice_id: UUID) -> datetime | None:
    """The instant the period ends; None before it has started, while something stops it, and once it stands no more."""
    return await counting.count_end(db, await _current(db, notice_id))


async def held_lines(db: AsyncSession, notice_id: UUID) -> set[str]:
    """The lines that wait: those of open objections and, until the list is reworked, of upheld ones.

    The notice is held until the caller commits, so that no line is freed under an objection that comes in time.
    """
    await _hold(db, notice_id)
    waiting = (ObjectionState.FILED, ObjectionState.UPHELD)
    return {line for one in await _objections(db, notice_id) if one.state in waiting for line in one.lines or ()}


async def upheld_lines(db: AsyncSession, notice_id: UUID) -> set[str]:
    """The lines that were objected to with success."""
    known = await _objections(db, notice_id)
    return {line for one in known if one.state is ObjectionState.UPHELD for line in one.lines or ()}


async def _objections(db: AsyncSession, notice_id: UUID) -> list[Objection]:
    """Those to the notice, and to the ones in its place since."""
    return [
        one
        for notice in await repository.stands_for(db, notice_id)
        for one in await repository.list_objections(db, notice)
        if one.notice_id == notice
    ]


async def open_objections(db: AsyncSession, notice_id: UUID) -> int:
    """How many objections to this notice wait for a decision."""
    standing = await current(db, notice_id)
    return (await repository.count_open_objections(db, [standing])).get(standing, 0)


async def require_unobjected(db: AsyncSession, notice_id: UUID) -> None:
    """Refuse while an objection to it waits for its decision, or once one was upheld; it stays so until the commit."""
    notice = await _hold(db, notice_id)
    if notice.state is NoticeState.UPHELD:
        raise errors.Upheld()
    if waiting := await open_objections(db, notice_id):
        raise errors.Paused(open_objections=waiting)


async def withdraw(db: AsyncSession, notice_id: UUID, actor: Actor | None) -> bool:
    """Take a notice down; what no longer stands, cleared or upheld, stays as it is. Returns whether it stood.

    Open objections to it have nothing left to be about and lapse.
    """
    notice = await repository.lock_notice(db, await current(db, notice_id))
    while notice.state is NoticeState.REPLACED:
        notice = await repository.lock_notice(db, await current(db, notice.id))
    if await counting.state_now(db, notice) not in STANDING:
        return False
    await opening.end_standing(db, notice, "withdraw", actor)
    open_ones = await repository.list_open_objections(db, notice.id)
    await opening.lapse_objections(db, notice, open_ones, now=await clock.market_now(db), actor=actor)
    return True


async def notices_about(
    db: AsyncSession, actor: Actor, subjects: Iterable[Ref]
) -> list[tuple[NoticeView, tuple[VersionView, ...]]]:
    """What this reader may know of the notices about these subjects, with all their texts; the first one first."""
    now = await clock.market_now(db)
    readable = None if actor.is_market else repository.readable_by(actor.org_id)
    rows = await repository.list_about(db, [str(subject) for subject in subjects], readable)
    documents = await repository.list_versions(db, [row.id for row in rows])
    bodies = await texts.get_many(db, [one.document_sha256 for one in documents])
    return [
        (
            await showing.whole(db, actor, row, now),
            tuple(
                VersionView(row.id, one.n, one.document_sha256, one.change, one.at, bodies[one.document_sha256])
                for one in documents
                if one.notice_id == row.id
            ),
        )
        for row in rows
    ]


async def notice_of(db: AsyncSession, subject: Ref, kind: NoticeKind) -> NoticeFacts | None:
    """The latest notice of this kind about the subject, whatever became of it."""
    notice = await repository.find_latest(db, str(subject), kind)
    return None if notice is None else await _facts(db, notice)


async def get_facts(db: AsyncSession, notice_id: UUID) -> NoticeFacts:
    """As it stands: if it was replaced, those of the one in its place."""
    return await _facts(db, await _current(db, notice_id))


async def _facts(db: AsyncSession, notice: Notice) -> NoticeFacts:
    return NoticeFacts(
        notice.id,
        notice.kind,
        notice.subject,
        notice.owner_org_id,
        notice.document_sha256,
        notice.state,
        notice.started_at,
        await counting.count_end(db, notice),
    )
