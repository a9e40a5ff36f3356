"""Questions from whom nobody sees, answered for a whole tier at once."""

from __future__ import annotations

from uuid import UUID

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.disclosure import doors, errors, policy, repository
from techmarket.disclosure.events import QuestionAnswered, QuestionAsked
from techmarket.disclosure.lifecycle import QUESTION
from techmarket.disclosure.tables import Question
from techmarket.disclosure.tiers import ALL, Reach, Tier
from techmarket.disclosure.views import QuestionView
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.masking import Place, shown
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound

OPEN_QUESTIONS_MAX = 20


async def ask(tx: Tx, actor: Actor, subject: Ref, *, text: str) -> QuestionView:
    """A verified organisation asks; with its answer the question is for a whole tier, without the asker's name."""
    async with tx.begin() as db:
        room = (await doors.room_for(db, actor, str(subject), lock=True)).room
        require(actor, policy.ASK)
        if doors.owns(actor, room):
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
            tier=int(Tier.PUBLIC),
        )
        db.add(question)
        journal.record(db, QuestionAsked(question.id, question.subject), actor=actor)
        return _view(actor, question, ALL)


async def answer(tx: Tx, actor: Actor, question_id: UUID, *, text: str, tier: Tier = Tier.PUBLIC) -> QuestionView:
    """The owner answers once, for everyone who reaches the tier at the same time."""
    async with tx.begin() as db:
        found = await repository.lock_question(db, question_id, actor)
        if found is None:
            raise NotFound()
        question, room, is_invited = found
        if not doors.may_enter(actor, room, is_invited):
            raise NotFound()
        if not (doors.is_inside(actor, room) or actor.org_id == question.asker_org_id):
            raise NotFound()
        require(actor, policy.ANSWER, parties=[room.owner_org_id])
        question.state = QUESTION.move(question.state, "answer")
        question.answer, question.tier = text, int(tier)
        question.answered_at, question.answered_by_id = await clock.market_now(db), actor.person
        journal.record(db, QuestionAnswered(question.id, question.subject, question.tier), actor=actor)
        return _view(actor, question, ALL)


async def list_questions(
    tx: Tx, actor: Actor, subject: Ref, *, cursor: str | None = None, limit: int = 20
) -> Page[QuestionView]:
    """Answered questions for whoever reaches their tier; the others for whoever asked, the owner and the market."""
    require(actor, policy.READ)
    before = last_id(cursor)
    async with tx.read() as db:
        found = await doors.room_for(db, actor, str(subject))
        reach = (await doors.sight_of(db, actor, found)).reach
        assert reach is not None  # whoever is in a room reaches a tier there
        rows = await repository.list_questions(
            db,
            found.room.subject,
            reach=reach,
            asked_by=actor.org_id,
            sees_all=doors.is_inside(actor, found.room),
            before=before,
            limit=limit + 1,
        )
        is_inside = doors.is_inside(actor, found.room)
        page = page_of(rows, limit, lambda row: (str(row.id),))
        return page.map(lambda row: _view(actor, row, reach, is_inside=is_inside))


def _view(actor: Actor, row: Question, reach: Reach, *, is_inside: bool = True) -> QuestionView:
    """Whoever asked sees that it was answered; the answer itself is for its tier."""
    is_mine = actor.org_id is not None and actor.org_id == row.asker_org_id
    knows = is_inside or is_mine
    return QuestionView(
        row.id,
        row.subject,
        shown(Place.QUESTION_TEXT, row.text, is_inside=knows),
        row.asked_at,
        row.state,
        Tier(row.tier),
        shown(Place.QUESTION_TEXT, row.answer, is_inside=knows) if reach.opens(Tier(row.tier)) else None,
        row.answered_at,
        is_mine,
    )
