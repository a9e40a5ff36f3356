"""How a notice comes to stand: opened, posted in its places, corrected, replaced, taken down."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, texts
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import Length
from techmarket.notices import again, counting, errors, evidence, extending, repository, rules, telling
from techmarket.notices.again import Deal
from techmarket.notices.events import (
    NoticeCorrected,
    NoticeEnded,
    NoticeOpened,
    NoticePosted,
    NoticeStarted,
    ObjectionCarriedOver,
    ObjectionLapsed,
)
from techmarket.notices.extending import Extension
from techmarket.notices.kinds import KINDS, Change, Effect, NoticeKind, Place, Readers
from techmarket.notices.lifecycle import NOTICE, OBJECTION, STANDING, NoticeState, PauseCause
from techmarket.notices.tables import Notice, NoticePause, NoticeVersion, Objection, Posting
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.steps import Rule

ELSEWHERE_MAX = 20


async def length_rule(
    db: AsyncSession,
    kind: NoticeKind,
    *,
    owner_org: UUID,
    rule_date: date,
    mode: str | None = None,
    base: str | None = None,
) -> Rule:
    """The rulebook's row on how long a notice of this kind stands, for this owner on the subject's date."""
    owner = await identity.get_organisation(db, owner_org)
    kinds = rules.owner_kinds(owner.kind, government_established=owner.government_established)
    return await rulebook.get_rule(
        db,
        KINDS[kind].length,
        on=rule_date,
        jurisdiction=rules.jurisdiction_of(owner.jurisdiction, applies_local_rules=owner.applies_local_rules),
        mode=mode,
        applies_to=kinds,
        base=base,
    )


async def open_notice(
    db: AsyncSession,
    *,
    kind: NoticeKind,
    subject: Ref,
    owner_org: UUID,
    document: dict[str, Any],
    rule_date: date,
    length: Length | None = None,
    actor: Actor | None,
    now: datetime,
    post_market: bool = True,
    unit_evidence_sha256: str | None = None,
    unit_evidence_pointer: str = "/body/evidence_sha256",
    lines: Collection[str] | None = None,
    reader_orgs: Collection[UUID] = (),
    extension: Extension | None = None,
    deal: Deal | None = None,
    favours: Collection[UUID] = (),
    change: Change | None = None,
) -> UUID:
    """Open a notice: it stands on the market at once, and starts when it stands in every place its kind requires.

    Without a `length` the rulebook says it. It can be extended only as its opening says: `extension`.
    `unit_evidence_sha256` confirms the posting in the unit in the same act. `lines` are the ids of what an objection
    may name. `reader_orgs` are its parties: they read a notice that is not for everyone, and who objected to it.
    `favours` are the people to whom it gives something: they decide no objection to it.
    With a `deal` it goes on from the notices before it: what was open against those stands against it.
    """
    row = KINDS[kind]
    rules.check_fields(row, document)
    if await repository.find_standing(db, str(subject), kind) is not None:
        raise errors.AlreadyStands()
    before = [] if deal is None else await again.former(db, kind, owner_org, deal)
    if deal is not None:
        again.check_former(before, deal.price_minor)
    owner = await identity.get_organisation(db, owner_org)
    kinds = rules.owner_kinds(owner.kind, government_established=owner.government_established)
    place = rules.jurisdiction_of(owner.jurisdiction, applies_local_rules=owner.applies_local_rules)
    length = await _lawful_length(db, kind, length, rule_date=rule_date, jurisdiction=place, kinds=kinds)
    notice = Notice(
        id=new_id(),
        kind=kind,
        subject=str(subject),
        version_n=1,
        document_sha256=await texts.put(db, document),
        opened_by_id=actor.person_id if actor else None,
        owner_org_id=owner_org,
        reader_org_ids=sorted(set(reader_orgs)),
        rule_date=rule_date,
        length_n=length.n,
        length_unit=length.unit,
        extension_n=extension.length.n if extension else None,
        extensions_at_most=extension.at_most if extension else None,
        owner_kinds=list(kinds),
        jurisdiction=place,
        places=[place.value for place in row.places],
        effect=row.effect,
        lines=None if lines is None else sorted(set(lines)),
        state=NOTICE.initial,
        created_at=now,
        favoured_ids=sorted(set(favours)),
        about=[] if deal is None else [str(one) for one in deal.about],
        buyer_org_ids=[] if deal is None else sorted(set(deal.buyers)),
        price_minor=None if deal is None else deal.price_minor,
    )
    if extension is not None:
        await extending.check_announced(db, notice, extension)
    db.add(notice)
    await db.flush()
    _keep_version(db, notice, change, now=now, actor=actor)
    event = NoticeOpened(notice.id, notice.subject, kind, notice.document_sha256, length.n, length.unit.value)
    telling.record(db, notice.id, event, actor=actor)
    await db.flush()
    await again.go_on(db, before, notice, now=now, actor=actor)
    if post_market and Place.MARKET in row.places:
        await post(db, notice, Place.MARKET, actor=actor, now=now)
    if unit_evidence_sha256 is not None:
        await evidence.require_kept(db, owner_org, [unit_evidence_sha256], pointer=unit_evidence_pointer)
        await post(db, notice, Place.UNIT, evidence_sha256=unit_evidence_sha256, actor=actor, now=now)
    return notice.id


async def post(
    db: AsyncSession,
    notice: Notice,
    place: Place,
    *,
    evidence_sha256: str | None = None,
    url: str | None = None,
    actor: Actor | None,
    now: datetime,
) -> UUID:
    """Write down that the text stands in a place; with the last required place the notice starts.

    The row is locked or new. Returns the journal's entry.
    """
    if notice.state not in STANDING:
        raise errors.NoLongerStands(state=notice.state)
    postings = await repository.list_postings(db, notice.id)
    if place is Place.ELSEWHERE:
        if sum(one.place is place for one in postings) >= ELSEWHERE_MAX:
            raise errors.TooManyPostings(at_most=ELSEWHERE_MAX)
    elif place not in notice.required_places:
        raise errors.NotAPlaceOfThisNotice()
    elif any((one.place, one.version_n) == (place, notice.version_n) for one in postings):
        raise errors.PostedAlready()
    posting = Posting(
        id=new_id(),
        notice_id=notice.id,
        version_n=notice.version_n,
        place=place,
        at=now,
        url=url,
        evidence_sha256=evidence_sha256,
        by_person_id=actor.person_id if actor else None,
    )
    db.add(posting)
    event = NoticePosted(
        posting.id,
        notice.id,
        notice.subject,
        notice.kind,
        place,
        notice.version_n,
        notice.document_sha256,
        evidence_sha256,
    )
    entry_id = telling.record(db, notice.id, event, actor=actor)
    if place is Place.MARKET and KINDS[notice.kind].readers is Readers.EVERYONE and notice.public_since is None:
        notice.public_since = now
    await db.flush()
    if notice.state is NoticeState.PREPARED:
        await _start(db, notice, now=now, actor=actor)
    return entry_id


async def replace(
    db: AsyncSession,
    notice_id: UUID,
    document: dict[str, Any],
    *,
    change: Change = Change.CONTENT,
    actor: Actor | None,
    now: datetime,
    length: Length | None = None,
    lines: Collection[str] | None = None,
    unit_evidence_sha256: str | None = None,
) -> UUID:
    """Another text stands in its place. What was disclosed has changed: a new notice, whose period starts afresh, and
    open objections go with it. A correction, where the kind takes one: the next version of the same notice goes on.

    A notice whose period has ended is not replaced: what it announced is in force. Returns the notice that stands.
    """
    await lock_deal(db, await repository.get_notice(db, notice_id))
    old = await repository.lock_notice(db, notice_id)
    if change is Change.CORRECTION:
        await _correct(db, old, document, now=now, actor=actor)
        return old.id
    # Another notice in its place would run, though the market has stopped the clock.
    if (await counting.course_of(db, old)).suspension is not None:
        raise errors.Suspended()
    await end_standing(db, old, "replace", actor)
    new_notice_id = await open_notice(
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
        favours=old.favoured_ids,
        change=change,
    )
    new = await repository.lock_notice(db, new_notice_id)
    new.replaces_id = old.id
    new.about, new.buyer_org_ids, new.price_minor = old.about, old.buyer_org_ids, old.price_minor
    await _carry_over(db, old, new, now=now, actor=actor)
    await db.flush()
    return new.id


async def lock_deal(db: AsyncSession, notice: Notice) -> None:
    """Before the notice itself: whoever opens the next one about the same things waits, or is waited for."""
    if notice.about:
        await again.lock_deals(db, notice.kind, notice.owner_org_id)


async def end_standing(db: AsyncSession, notice: Notice, act: str, actor: Actor | None) -> None:
    """The notice stands no more, and nothing waits for it any longer."""
    now = await clock.market_now(db)
    notice.state = NOTICE.move(await counting.state_now(db, notice), act)
    notice.look_at, notice.ended_at = None, now
    for pause in (await counting.course_of(db, notice)).pauses:
        if pause.ended_at is None:
            pause.ended_at = max(now, pause.began_at)
    event = NoticeEnded(notice.id, notice.subject, notice.kind, notice.state)
    telling.record(db, notice.id, event, actor=actor)
    await db.flush()


async def lapse_objections(
    db: AsyncSession, notice: Notice, objections: Collection[Objection], *, now: datetime, actor: Actor | None
) -> None:
    """What an objection was about stands no more: it ends by rule, on record, and is never left open for ever."""
    for objection in objections:
        objection.state = OBJECTION.move(objection.state, "lapse")
        objection.decided_at = now
        event = ObjectionLapsed(objection.id, notice.id, notice.subject, notice.kind, notice.state)
        telling.record(db, notice.id, event, actor=actor)
    await db.flush()


async def pause_for(db: AsyncSession, notice: Notice, objection: Objection, *, now: datetime) -> None:
    """The clock stands still for an objection from its filing, or from the start of the notice it was carried to."""
    cause = PauseCause.OBJECTION
    db.add(NoticePause(id=new_id(), notice_id=notice.id, cause=cause, objection_id=objection.id, began_at=now))
    if notice.state is NoticeState.RUNNING:
        notice.state = NOTICE.move(notice.state, "pause")
        notice.look_at = None
    await db.flush()


def announced(notice: Notice) -> Extension | None:
    if notice.extension_n is None or notice.extensions_at_most is None:
        return None
    return Extension(Length(notice.extension_n, notice.length_unit), notice.extensions_at_most)


async def _lawful_length(
    db: AsyncSession,
    kind: NoticeKind,
    length: Length | None,
    *,
    rule_date: date,
    jurisdiction: str,
    kinds: tuple[str, ...],
) -> Length:
    """The given length, if the law lets it; else the rulebook's. How long a trade is announced hangs on its floor
    price, which only the trade knows."""
    key = KINDS[kind].length
    if length is None:
        return (await rulebook.get_rule(db, key, on=rule_date, jurisdiction=jurisdiction, applies_to=kinds)).length
    if kind is not NoticeKind.ANNOUNCEMENT:
        rule = await rulebook.find_rule(db, key, on=rule_date, jurisdiction=jurisdiction, applies_to=kinds)
        rules.check_length(length, rule)
    return length


async def _start(db: AsyncSession, notice: Notice, *, now: datetime, actor: Actor | None) -> None:
    start = rules.start_of(notice.required_places, await repository.posted(db, notice.id))
    if start is None:
        return
    notice.state = NOTICE.move(notice.state, "start")
    notice.started_at = start
    end = await counting.require_end(db, notice)
    assert end is not None  # a period without a pause has an end
    notice.look_at = end
    telling.record(db, notice.id, NoticeStarted(notice.id, notice.subject, notice.kind, start, end), actor=actor)
    await db.flush()
    for objection in await repository.list_open_objections(db, notice.id):  # carried over before it stood everywhere
        await pause_for(db, notice, objection, now=start)


async def _correct(
    db: AsyncSession, notice: Notice, document: dict[str, Any], *, now: datetime, actor: Actor | None
) -> None:
    NOTICE.move(await counting.state_now(db, notice), "correct")
    rules.check_fields(KINDS[notice.kind], document)
    rules.check_correction(notice.kind, await texts.get(db, notice.document_sha256), document)
    notice.document_sha256 = await texts.put(db, document)
    notice.version_n += 1
    _keep_version(db, notice, Change.CORRECTION, now=now, actor=actor)
    event = NoticeCorrected(notice.id, notice.subject, notice.kind, notice.version_n, notice.document_sha256)
    telling.record(db, notice.id, event, actor=actor)
    await db.flush()
    if Place.MARKET in notice.required_places and notice.public_since is not None:
        await post(db, notice, Place.MARKET, actor=actor, now=now)


def _keep_version(
    db: AsyncSession, notice: Notice, change: Change | None, *, now: datetime, actor: Actor | None
) -> None:
    version = NoticeVersion(
        notice_id=notice.id,
        n=notice.version_n,
        document_sha256=notice.document_sha256,
        change=change,
        at=now,
        by_person_id=actor.person_id if actor else None,
    )
    db.add(version)


async def _carry_over(db: AsyncSession, old: Notice, new: Notice, *, now: datetime, actor: Actor | None) -> None:
    """Open objections stand against the new text; one whose every line is gone has nothing left to be about."""
    open_ones = await repository.list_open_objections(db, old.id)
    gone = [
        one for one in open_ones if new.effect is Effect.HOLDS_LINES and not set(one.lines or ()) & set(new.lines or ())
    ]
    await lapse_objections(db, old, gone, now=now, actor=actor)
    for objection in open_ones:
        if objection in gone:
            continue
        objection.notice_id, objection.carried_from_id = new.id, old.id
        event = ObjectionCarriedOver(objection.id, new.id, old.id, new.subject, new.kind)
        telling.record(db, new.id, event, actor=actor)
        await db.flush()
        if new.effect is Effect.PAUSES and new.started_at is not None:
            await pause_for(db, new, objection, now=new.started_at)
