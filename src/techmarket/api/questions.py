"""Questions and answers over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.rooms import TierName
from techmarket.api.shapes import Cursor, Limit, LongText, Uuid, Wire
from techmarket.disclosure import errors, service
from techmarket.disclosure.lifecycle import QuestionState
from techmarket.disclosure.tiers import Tier
from techmarket.disclosure.views import QuestionView
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotFound

router = APIRouter(prefix="/v1", tags=["disclosure"], route_class=MarketRoute)


class Ask(Wire):
    subject_kind: Annotated[str, Field(strict=True, pattern=r"^[a-z_]{1,40}$")]
    subject_id: Uuid
    text: LongText


class AnswerIn(Wire):
    text: LongText
    tier: TierName = TierName.PUBLIC


class QuestionOut(Wire):
    id: UUID
    subject: str
    text: str
    asked_at: datetime
    state: QuestionState
    tier: TierName
    answer: str | None
    answered_at: datetime | None
    is_mine: bool


class QuestionPage(Wire):
    items: list[QuestionOut]
    next_cursor: str | None


def _question(view: QuestionView) -> dict[str, object]:
    return {name: getattr(view, name) for name in QuestionOut.model_fields} | {"tier": view.tier.name}


@router.post(
    "/questions",
    status_code=201,
    response_model=QuestionOut,
    operation_id="askQuestion",
    responses=refusals(errors.TooManyQuestions, errors.OwnRoom),
)
async def ask(body: Ask, actor: SignedIn, tx: TxDep) -> object:
    """Ask the owner of a subject. With the answer everyone sees the question; nobody sees who asked."""
    return _question(await service.ask(tx, actor, Ref(body.subject_kind, body.subject_id), text=body.text))


@router.post(
    "/questions/{question_id}/answer",
    response_model=QuestionOut,
    operation_id="answerQuestion",
    responses=refusals(NotInThisState),
)
async def answer(question_id: Uuid, body: AnswerIn, actor: SignedIn, tx: TxDep) -> object:
    """Answer a question about your subject, for everyone who reaches the tier at once."""
    return _question(await service.answer(tx, actor, question_id, text=body.text, tier=Tier[body.tier.name]))


@router.get(
    "/questions", response_model=QuestionPage, operation_id="listQuestions", responses=refusals(BadCursor, NotFound)
)
async def list_questions(
    subject: Annotated[str, Query(max_length=77, pattern=r"^[a-z_]{1,40}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")],
    actor: Reader,
    tx: TxDep,
    response: Response,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """Questions and answers about a subject, newest first."""
    page = await service.list_questions(tx, actor, Ref.parse(subject), cursor=cursor, limit=limit)
    return page_response(page.map(_question), response, "/v1/questions", subject=subject, limit=limit)
