"""The one door through which notices and objections leave: views cut to the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor, Role
from techmarket.kernel.masking import Place, shown
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.kernel.workdays import WorkCalendar
from techmarket.notices import counting, repository, rules
from techmarket.notices.counting import Course
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.lifecycle import STANDING, LengtheningCause, NoticeState, ObjectionState
from techmarket.notices.tables import Notice, Objection
from techmarket.notices.views import (
    AllowanceView,
    LengtheningView,
    NoticeLine,
    NoticeView,
    ObjectionView,
    PauseView,
    PostingView,
)
from techmarket.rulebook import steps as rulebook


def seen(actor: Actor, notice: Notice) -> Notice:
    """The loading door: who may not know of a notice does not find it."""
    if notice.public_since is None and not is_party(actor, notice):
        raise NotFound()
    return notice


def is_party(actor: Actor, notice: Notice) -> bool:
    """The market, the owner, and whom the notice names: they read what is not public about its objections."""
    own = actor.org_id is not None and actor.org_id in (notice.owner_org_id, *notice.reader_org_ids)
    return own or actor.is_market


async def whole(db: AsyncSession, actor: Actor, notice: Notice, now: datetime) -> NoticeView:
    course = await counting.course_of(db, notice)
    (line,) = await lines_of(db, [notice], now)
    knows = is_party(actor, notice)
    pauses = [(p, shown(Place.NOTICE_REASONS, p.reasons, is_inside=knows)) for p in course.pauses]
    return NoticeView(
        line,
        told(actor, notice, await texts.get(db, notice.document_sha256), line.state),
        await repository.find_successor(db, notice.id),
        await _postings(db, notice),
        tuple(PauseView(p.cause, reasons, p.began_at, p.resume_by, p.ended_at) for p, reasons in pauses),
        tuple(LengtheningView(more.cause, more.n, more.at) for more in course.lengthenings),
        tuple(await objections_of(db, actor, await repository.list_objections(db, notice.id), now)),
        allowance=_allowance(notice),
    )


def told(actor: Actor, notice: Notice, document: dict[str, Any], state: NoticeState) -> dict[str, Any]:
    """The text of a notice. Whom a vesting (赋权公示) names stands in it whole while it stands; afterwards his
    colleagues read the names masked, and whoever answers for it, the market and the proof have them whole."""
    if notice.kind is not NoticeKind.GRANT:
        return dict(shown(Place.NOTICE_DOCUMENT, document))
    is_over = state not in STANDING
    answers = actor.is_market or bool(actor.roles & {Role.ADMINISTRATOR, Role.LISTING_OFFICER})
    place = Place.VESTING_NAMES_AFTERWARDS if is_over else Place.VESTING_NAMES
    named = [
        {**one, "name": shown(place, one["name"], is_inside=answers)}
        if isinstance(one, Mapping)
        else shown(place, one, is_inside=answers)
        for one in document["completers"]
    ]
    return document | {"completers": named}


async def _postings(db: AsyncSession, notice: Notice) -> tuple[PostingView, ...]:
    """Each posting, and how many other notices the very file is shown for: one photograph proves little of many."""
    rows = await repository.list_postings(db, notice.id)
    others = await repository.count_shown_for(db, notice, {p.evidence_sha256 for p in rows if p.evidence_sha256})
    return tuple(
        PostingView(p.place, p.version_n, p.at, p.url, p.evidence_sha256, others.get(p.evidence_sha256 or "", 0))
        for p in rows
    )


def _allowance(notice: Notice) -> AllowanceView | None:
    if notice.allowed_minor is None or notice.allowed_at is None:
        return None
    return AllowanceView(Money(notice.allowed_minor), notice.allowed_reasons or "", notice.allowed_at)


async def lines_of(db: AsyncSession, notices: Sequence[Notice], now: datetime) -> list[NoticeLine]:
    ids = [notice.id for notice in notices]
    courses = await counting.courses(db, ids)
    objections = await repository.count_open_objections(db, ids)
    calendar = await rulebook.work_calendar(db)
    return [_line(n, courses[n.id], objections.get(n.id, 0), calendar, now) for n in notices]


async def objections_of(
    db: AsyncSession, actor: Actor, objections: Sequence[Objection], now: datetime
) -> list[ObjectionView]:
    """Each objection as far as the reader is concerned by it: its objector, a party of its notice, the market."""
    notices = await repository.get_notices(db, {one.notice_id for one in objections})
    told = {one.id for one in objections if is_party(actor, notices[one.notice_id]) or actor.org_id == one.by_org_id}
    files = await repository.evidence_of(db, told)
    names = await identity.get_organisations(db, {one.by_org_id for one in objections if one.id in told})
    return [
        _shown(one, files.get(one.id, []), names[one.by_org_id].name if one.id in told else None, now)
        for one in objections
    ]


def _shown(objection: Objection, files: Sequence[str], told_name: str | None, now: datetime) -> ObjectionView:
    told = told_name is not None
    return ObjectionView(
        id=objection.id,
        notice_id=objection.notice_id,
        carried_from_id=objection.carried_from_id,
        state=objection.state,
        filed_at=objection.filed_at,
        acknowledge_by=objection.acknowledge_by,
        acknowledged_at=objection.acknowledged_at,
        decide_by=objection.decide_by,
        is_overdue=_is_overdue(objection, now),
        decided_at=objection.decided_at,
        published_reasons=shown(Place.NOTICE_REASONS, objection.published_reasons, is_inside=told),
        lines=tuple(objection.lines) if told and objection.lines is not None else None,
        by_organisation_id=objection.by_org_id if told else None,
        by_organisation=told_name,
        grounds=objection.grounds if told else None,
        evidence=tuple(files) if told else None,
        reasons=objection.reasons if told else None,
    )


def _is_overdue(objection: Objection, now: datetime) -> bool:
    if objection.state is not ObjectionState.FILED:
        return False
    return rules.is_overdue(
        now,
        acknowledge_by=objection.acknowledge_by if objection.acknowledged_at is None else None,
        decide_by=objection.decide_by,
    )


def _line(notice: Notice, course: Course, open_objections: int, calendar: WorkCalendar, now: datetime) -> NoticeLine:
    end = counting.end_with(notice, course, calendar)
    return NoticeLine(
        id=notice.id,
        kind=notice.kind,
        subject=notice.subject,
        organisation_id=notice.owner_org_id,
        version=notice.version_n,
        document_sha256=notice.document_sha256,
        places=notice.required_places,
        effect=notice.effect,
        state=rules.state_at(notice.state, end, now),
        rule_date=notice.rule_date,
        length_n=notice.length_n,
        length_unit=notice.length_unit,
        extension_n=notice.extension_n,
        extensions_at_most=notice.extensions_at_most,
        extensions_used=sum(more.cause is LengtheningCause.EXTENSION for more in course.lengthenings),
        created_at=notice.created_at,
        started_at=notice.started_at,
        ends_at=end,
        ended_at=notice.ended_at,
        remaining_days=counting.remaining_with(notice, course, calendar, now),
        open_objections=open_objections,
        is_suspended=course.suspension is not None,
        replaces_id=notice.replaces_id,
    )
