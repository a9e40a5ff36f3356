"""What people do in a data room: add documents, read them, grant a tier, ask, answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, files, journal
from techmarket.db.files import Files
from techmarket.db.session import Tx
from techmarket.disclosure import errors, policy, repository, rules, steps
from techmarket.disclosure.events import DocumentAdded, DocumentRead, QuestionAnswered, QuestionAsked
from techmarket.disclosure.lifecycle import QUESTION
from techmarket.disclosure.tables import DataRoom, Document, DocumentReadRow, Grant, Question
from techmarket.disclosure.tiers import Tier
from techmarket.disclosure.views import DocumentReadView, DocumentView, GrantView, QuestionView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound

DOCUMENTS_MAX = 2_000
OPEN_QUESTIONS_MAX = 20
NDA = "nda"


async def add_document(
    tx: Tx,
    kept: Files,
    actor: Actor,
    subject: Ref,
    *,
    folder: str,
    name: str,
    tier: Tier,
    media_type: str,
    chunks: AsyncIterator[bytes],
) -> DocumentView:
    """The owner adds a document, or its next version; what was there stays.

    Who may, and what it may be called, is judged before the first byte is taken; the bytes are stored before the
    transaction begins, and become a fact only inside it.
    """
    rules.check_document_name(name)
    rules.check_folder(folder)
    async with tx.read() as db:
        room = await _seen(db, actor, await repository.get_room(db, str(subject)))
        require(actor, policy.ADD_DOCUMENT, parties=[room.owner_org_id])
    sha256, size = await kept.receive(chunks, media_type=media_type)
    tx.bind(sha256.encode())
    async with tx.begin() as db:
        room = await repository.lock_room(db, str(subject))
        if await repository.count_documents(db, room.subject) >= DOCUMENTS_MAX:
            raise errors.TooManyVersions(documents_max=DOCUMENTS_MAX)
        await files.keep(db, sha256=sha256, size=size, media_type=media_type)
        document = Document(
            id=new_id(),
            subject=room.subject,
            folder=folder,
            name=name,
            version=await repository.last_version(db, room.subject, folder, name) + 1,
            tier=int(tier),
            sha256=sha256,
            size=size,
            media_type=media_type,
            added_at=await clock.market_now(db),
            added_by_id=actor.person,
        )
        db.add(document)
        event = DocumentAdded(document.id, document.subject, document.tier, document.version)
        journal.record(db, event, actor=actor)
        return document_view(document)


async def list_documents(
    tx: Tx, actor: Actor, subject: Ref, *, cursor: str | None = None, limit: int = 20
) -> Page[DocumentView]:
    """The documents of the tiers the reader reaches; of the others neither names nor number."""
    require(actor, policy.READ)
    after = last_id(cursor)
    async with tx.read() as db:
        room = await _seen(db, actor, await repository.get_room(db, str(subject)))
        reach = await steps.reach(db, actor, subject, room.owner_org_id)
        rows = await repository.list_documents(db, room.subject, reach, after=after, limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row.id),)).map(document_view)


async def read_document(
    tx: Tx, kept: Files, actor: Actor, document_id: UUID
) -> tuple[DocumentView, AsyncIterator[bytes]]:
    """A document's bytes, for whoever reaches its tier; the reading is written down before the first byte leaves."""
    require(actor, policy.READ)
    async with tx.begin() as db:
        document = await repository.get_document(db, document_id)
        room = await _seen(db, actor, await repository.get_room(db, document.subject))
        reach = await steps.reach(db, actor, Ref.parse(document.subject), room.owner_org_id)
        if document.tier > reach:
            raise NotFound()
        db.add(
            DocumentReadRow(
                id=new_id(),
                document_id=document.id,
                org_id=actor.org_id,
                person_id=actor.person_id,
                at=await clock.market_now(db),
            )
        )
        journal.record(db, DocumentRead(document.id, document.subject), actor=actor)
        view = document_view(document)
    return view, kept.open(view.sha256)


async def list_reads(
    tx: Tx, actor: Actor, document_id: UUID, *, cursor: str | None = None, limit: int = 20
) -> Page[DocumentReadView]:
    """Who fetched a document, newest first: for its owner and the market."""
    before = last_id(cursor)
    async with tx.read() as db:
        document = await repository.get_document(db, document_id)
        room = await repository.get_room(db, document.subject)
        _for_owner(actor, room)
        require(actor, policy.SEE_READS, parties=[room.owner_org_id])
        rows = await repository.list_reads(db, document_id, before=before, limit=limit + 1)
        page = page_of(rows, limit, lambda row: (str(row.id),))
        return page.map(lambda row: DocumentReadView(row.document_id, row.org_id, row.person_id, row.at))


async def grant_access(
    tx: Tx, actor: Actor, subject: Ref, *, organisation_id: UUID, tier: Tier, until: datetime
) -> GrantView:
    """The owner opens a tier to a verified organisation for a time; a new grant takes the place of the former."""
    async with tx.begin() as db:
        room = await _seen(db, actor, await repository.lock_room(db, str(subject)))
        require(actor, policy.GRANT, parties=[room.owner_org_id])
        if tier not in (Tier.REGISTERED, Tier.NDA):
            raise errors.TierNotGranted(allowed=[Tier.REGISTERED.name, Tier.NDA.name], pointer="/body/tier")
        if organisation_id == room.owner_org_id:
            raise errors.OwnRoom(pointer="/body/organisation_id")
        await identity.require_verified(db, organisation_id)
        now = await clock.market_now(db)
        if until <= now:
            raise errors.GrantInThePast(market_now=now, pointer="/body/until")
        grant_id = await steps.open_tier(
            db, org=organisation_id, subject=subject, tier=tier, basis=NDA, until=until, actor=actor
        )
        return _grant_view(await repository.lock_grant(db, grant_id))


async def revoke_grant(tx: Tx, actor: Actor, grant_id: UUID) -> GrantView:
    """The owner takes back what he granted; what a deal opened, only the deal closes."""
    async with tx.begin() as db:
        grant = await repository.lock_grant(db, grant_id)
        room = await repository.get_room(db, grant.subject)
        _for_owner(actor, room)
        require(actor, policy.GRANT, parties=[room.owner_org_id])
        if grant.basis != NDA:
            raise errors.TierNotGranted(allowed=[Tier.REGISTERED.name, Tier.NDA.name])
        await steps.close_grant(db, grant, actor)
        return _grant_view(grant)


async def list_grants(
    tx: Tx, actor: Actor, subject: Ref, *, cursor: str | None = None, limit: int = 20
) -> Page[GrantView]:
    """Whom the data room is open to, newest first: for its owner and the market."""
    before = last_id(cursor)
    async with tx.read() as db:
        room = await repository.get_room(db, str(subject))
        _for_owner(actor, room)
        require(actor, policy.SEE_GRANTS, parties=[room.owner_org_id])
        rows = await repository.list_grants(db, room.subject, before=before, limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row.id),)).map(_grant_view)


async def ask(tx: Tx, actor: Actor, subject: Ref, *, text: str) -> QuestionView:
    """A verified organisation asks; with its answer the question is for everyone, without the asker's name."""
    async with tx.begin() as db:
        room = await _seen(db, actor, await repository.lock_room(db, str(subject)))
        require(actor, policy.ASK)
        if actor.org_id == room.owner_org_id:
            raise errors.OwnRoom()
        waiting = await repository.count_open_questions(db, room.subject, actor.org)
        if waiting >= OPEN_QUESTIONS_MAX:
            raise errors.TooManyQuestions(open_questions=waiting)
        question = Question(
            id=new_id(),
            subject=room.subject,
            asker_org_id=actor.org,
            asker_person_id=actor.person,
            text=text,
            asked_at=await clock.market_now(db),
            state=QUESTION.initial,
        )
        db.add(question)
        journal.record(db, QuestionAsked(question.id, question.subject), actor=actor)
        return _question_view(actor, question)


async def answer(tx: Tx, actor: Actor, question_id: UUID, *, text: str) -> QuestionView:
    """The owner answers once, for everyone at the same time."""
    async with tx.begin() as db:
        question = await repository.lock_question(db, question_id)
        room = await _seen(db, actor, await repository.get_room(db, question.subject))
        if not (actor.is_market or actor.org_id in (room.owner_org_id, question.asker_org_id)):
            raise NotFound()
        require(actor, policy.ANSWER, parties=[room.owner_org_id])
        question.state = QUESTION.move(question.state, "answer")
        question.answer = text
        question.answered_at, question.answered_by_id = await clock.market_now(db), actor.person
        journal.record(db, QuestionAnswered(question.id, question.subject), actor=actor)
        return _question_view(actor, question)


async def list_questions(
    tx: Tx, actor: Actor, subject: Ref, *, cursor: str | None = None, limit: int = 20
) -> Page[QuestionView]:
    """Answered questions for everyone; unanswered ones for whoever asked, the owner and the market."""
    require(actor, policy.READ)
    before = last_id(cursor)
    async with tx.read() as db:
        room = await _seen(db, actor, await repository.get_room(db, str(subject)))
        rows = await repository.list_questions(
            db,
            room.subject,
            unanswered_of=actor.org_id,
            all_unanswered=actor.is_market or actor.org_id == room.owner_org_id,
            before=before,
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(lambda row: _question_view(actor, row))


async def _seen(db: AsyncSession, actor: Actor, room: DataRoom) -> DataRoom:
    """The loading door: a room that is not public is there for its owner, the market and those with a grant."""
    if room.is_public or actor.is_market or (actor.org_id is not None and actor.org_id == room.owner_org_id):
        return room
    if actor.org_id is not None:
        now = await clock.market_now(db)
        for grant in await repository.list_open_grants(db, actor.org_id, [room.subject]):
            if grant.until is None or now < grant.until:
                return room
    raise NotFound()


def _for_owner(actor: Actor, room: DataRoom) -> None:
    if not actor.is_market and (actor.org_id is None or actor.org_id != room.owner_org_id):
        raise NotFound()


def document_view(row: Document) -> DocumentView:
    return DocumentView(
        row.id,
        row.subject,
        row.folder,
        row.name,
        row.version,
        Tier(row.tier),
        row.sha256,
        row.size,
        row.media_type,
        row.added_at,
    )


def _grant_view(row: Grant) -> GrantView:
    return GrantView(
        row.id,
        row.subject,
        row.org_id,
        Tier(row.tier),
        row.basis,
        row.until,
        row.granted_at,
        row.closed_at,
        row.state,
    )


def _question_view(actor: Actor, row: Question) -> QuestionView:
    return QuestionView(
        row.id,
        row.subject,
        row.text,
        row.asked_at,
        row.state,
        row.answer,
        row.answered_at,
        actor.org_id is not None and actor.org_id == row.asker_org_id,
    )
