"""What later rooms do with notices inside their own transaction: open, ask the gate, replace, withdraw."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal, texts
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import Length
from techmarket.notices import counting, errors, extending, repository, rules
from techmarket.notices.events import NoticeEnded, NoticeOpened, NoticePosted, NoticeStarted
from techmarket.notices.extending import Extension, extend, resume, suspend
from techmarket.notices.kinds import KINDS, NoticeKind, Place, Readers
from techmarket.notices.lifecycle import NOTICE, STANDING, NoticeState, ObjectionState
from techmarket.notices.tables import Notice, Posting

__all__ = [
    "Extension",
    "NoticeFacts",
    "ends_at",
    "extend",
    "get_facts",
    "held_lines",
    "is_cleared",
    "notice_of",
    "open_notice",
    "open_objections",
    "replace",
    "require_cleared",
    "resume",
    "suspend",
    "withdraw",
]


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


async def open_notice(
    db: AsyncSession,
    *,
    kind: NoticeKind,
    subject: Ref,
    owner_org: UUID,
    document: dict[str, Any],
    rule_date: date,
    length: Length,
    actor: Actor | None,
    now: datetime,
    post_market: bool = True,
    unit_evidence_sha256: str | None = None,
    lines: Collection[str] | None = None,
    reader_orgs: Collection[UUID] = (),
    extension: Extension | None = None,
) -> UUID:
    """Open a notice: it stands on the market at once, and starts when it stands in every place its kind requires.

    It can be extended only as its opening says: `extension`. `unit_evidence_sha256` confirms the posting in the unit
    in the same act. `lines` are the ids of what an objection may name. `reader_orgs` read a notice that is not for
    everyone, beside its owner and the market.
    """
    row = KINDS[kind]
    rules.check_fields(row, document)
    if await repository.find_standing(db, str(subject), kind) is not None:
        raise errors.AlreadyStands()
    owner = await identity.get_organisation(db, owner_org)
    notice = Notice(
        id=new_id(),
        kind=kind,
        subject=str(subject),
        document_sha256=await texts.put(db, document),
        owner_org_id=owner_org,
        reader_org_ids=sorted(set(reader_orgs)),
        rule_date=rule_date,
        length_n=length.n,
        length_unit=length.unit,
        extension_n=extension.length.n if extension else None,
        extensions_at_most=extension.at_most if extension else None,
        owner_kinds=list(rules.owner_kinds(owner.kind, government_established=owner.government_established)),
        jurisdiction=owner.jurisdiction if owner.applies_local_rules else "CN",
        places=[place.value for place in row.places],
        effect=row.effect,
        lines=None if lines is None else sorted(set(lines)),
        state=NOTICE.initial,
        created_at=now,
    )
    if extension is not None:
        await extending.check_announced(db, notice, extension)
    db.add(notice)
    event = NoticeOpened(notice.id, notice.subject, kind, notice.document_sha256, length.n, length.unit.value)
    journal.record(db, event, actor=actor)
    await db.flush()
    if post_market and Place.MARKET in row.places:
        await post(db, notice, Place.MARKET, evidence_sha256=None, actor=actor, now=now)
    if unit_evidence_sha256 is not None:
        await post(db, notice, Place.UNIT, evidence_sha256=unit_evidence_sha256, actor=actor, now=now)
    return notice.id


async def post(
    db: AsyncSession,
    notice: Notice,
    place: Place,
    *,
    evidence_sha256: str | None,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Write down that a notice stands in a place; with the last required place it starts. The row is locked or new."""
    if place not in notice.required_places:
        raise errors.NotAPlaceOfThisNotice()
    if notice.state is not NoticeState.PREPARED or place in await repository.posted(db, notice.id):
        raise errors.PostedAlready()
    db.add(
        Posting(
            notice_id=notice.id,
            place=place,
            at=now,
            evidence_sha256=evidence_sha256,
            by_person_id=actor.person_id if actor else None,
        )
    )
    journal.record(db, NoticePosted(notice.id, notice.subject, notice.kind, place, evidence_sha256), actor=actor)
    if place is Place.MARKET and KINDS[notice.kind].readers is Readers.EVERYONE:
        notice.public_since = now
    await db.flush()
    start = rules.start_of(notice.required_places, await repository.posted(db, notice.id))
    if start is None:
        return
    notice.state = NOTICE.move(notice.state, "start")
    notice.started_at = start
    end = await counting.count_end(db, notice)
    assert end is not None  # a period without a pause has an end
    notice.look_at = end
    journal.record(db, NoticeStarted(notice.id, notice.subject, notice.kind, start, end), actor=actor)
    await db.flush()


async def require_cleared(db: AsyncSession, notice_id: UUID, now: datetime) -> None:
    """The gate: refuse until the period has ended without an open or upheld objection.

    Counted from clock and rows, so it is right before the job has run. The row is held until the caller commits, so
    that an objection filed in time is seen here, or waits and is told that the period has ended.
    """
    notice = await repository.hold_notice(db, notice_id)
    rules.check_cleared(
        notice.state,
        ends_at=await counting.count_end(db, notice),
        now=now,
        missing_places=await counting.missing_places(db, notice),
        open_objections=(await repository.count_open_objections(db, [notice_id])).get(notice_id, 0),
    )


async def is_cleared(db: AsyncSession, notice_id: UUID, now: datetime) -> bool:
    """Whether the period has ended without an open or upheld objection; without a lock, for views."""
    notice = await repository.get_notice(db, notice_id)
    return rules.state_at(notice.state, await counting.count_end(db, notice), now) is NoticeState.CLEARED


async def ends_at(db: AsyncSession, notice_id: UUID) -> datetime | None:
    """The instant the period ends; None before it has started and while an objection pauses it."""
    return await counting.count_end(db, await repository.get_notice(db, notice_id))


async def held_lines(db: AsyncSession, notice_id: UUID) -> set[str]:
    """The lines that wait: those of open objections and, until the list is reworked, of upheld ones.

    The notice is held until the caller commits, so that no line is freed under an objection that comes in time.
    """
    await repository.hold_notice(db, notice_id)
    waiting = (ObjectionState.FILED, ObjectionState.UPHELD)
    objections = [o for o in await repository.list_objections(db, notice_id) if o.state in waiting]
    return {line for objection in objections for line in objection.lines or ()}


async def open_objections(db: AsyncSession, notice_id: UUID) -> int:
    """How many objections to this notice wait for a decision."""
    return (await repository.count_open_objections(db, [notice_id])).get(notice_id, 0)


async def withdraw(db: AsyncSession, notice_id: UUID, actor: Actor | None) -> bool:
    """Take a notice down; what no longer stands, cleared or upheld, stays as it is. Returns whether it stood."""
    notice = await repository.lock_notice(db, notice_id)
    if await counting.state_now(db, notice) not in STANDING:
        return False
    await _end_standing(db, notice, "withdraw", actor)
    return True


async def replace(
    db: AsyncSession,
    notice_id: UUID,
    document: dict[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
    length: Length | None = None,
    lines: Collection[str] | None = None,
    unit_evidence_sha256: str | None = None,
) -> UUID:
    """What was disclosed has changed: the new text stands in its place, and its period starts afresh.

    A notice whose period has ended is not replaced: what it announced is in force.
    """
    old = await repository.lock_notice(db, notice_id)
    await _end_standing(db, old, "replace", actor)
    new = await open_notice(
        db,
        kind=old.kind,
        subject=Ref.parse(old.subject),
        owner_org=old.owner_org_id,
        document=document,
        rule_date=old.rule_date,
        length=length or old.length,
        actor=actor,
        now=now,
        post_market=old.public_since is not None,
        unit_evidence_sha256=unit_evidence_sha256,
        lines=lines if lines is not None else old.lines,
        reader_orgs=old.reader_org_ids,
        extension=announced(old),
    )
    (await repository.get_notice(db, new)).replaces_id = old.id
    await db.flush()
    return new


def announced(notice: Notice) -> Extension | None:
    if notice.extension_n is None or notice.extensions_at_most is None:
        return None
    return Extension(Length(notice.extension_n, notice.length_unit), notice.extensions_at_most)


async def notice_of(db: AsyncSession, subject: Ref, kind: NoticeKind) -> NoticeFacts | None:
    """The latest notice of this kind about the subject, whatever became of it."""
    notice = await repository.find_latest(db, str(subject), kind)
    return None if notice is None else await _facts(db, notice)


async def get_facts(db: AsyncSession, notice_id: UUID) -> NoticeFacts:
    return await _facts(db, await repository.get_notice(db, notice_id))


async def _end_standing(db: AsyncSession, notice: Notice, act: str, actor: Actor | None) -> None:
    notice.state = NOTICE.move(await counting.state_now(db, notice), act)
    notice.look_at, notice.ended_at = None, await clock.market_now(db)
    journal.record(db, NoticeEnded(notice.id, notice.subject, notice.kind, notice.state), actor=actor)
    await db.flush()


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
