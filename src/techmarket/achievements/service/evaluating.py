"""A unit records what others found about its achievement, and takes back what it recorded wrongly."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from techmarket.achievements import policy, repository
from techmarket.achievements.evaluations import EvaluationDraft, check_evaluation
from techmarket.achievements.events import AchievementEvaluated, EvaluationWithdrawn
from techmarket.achievements.lifecycle import EVALUATION
from techmarket.achievements.service.reading import known, lock_known
from techmarket.achievements.tables import Achievement, Evaluation
from techmarket.achievements.views import EvaluationView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import wire
from techmarket.notices import steps as notices


async def record_evaluation(tx: Tx, actor: Actor, achievement_id: UUID, draft: EvaluationDraft) -> EvaluationView:
    """Who found what, when, by which method, with the hash of the report."""
    async with tx.begin() as db:
        row = await lock_known(db, actor, achievement_id)
        require(actor, policy.EVALUATE, parties=[row.org_id])
        now = await clock.market_now(db)
        check_evaluation(draft, today=shanghai_day(now))
        evaluation = Evaluation(
            id=new_id(),
            achievement_id=row.id,
            evaluator=draft.evaluator,
            method=draft.method,
            evaluated_on=draft.evaluated_on,
            evidence_sha256=draft.evidence_sha256,
            findings=[wire(asdict(finding)) for finding in draft.findings],
            state=EVALUATION.initial,
            at=now,
            by_person_id=actor.person,
        )
        await notices.note_evidence(db, row.org_id, [draft.evidence_sha256])
        db.add(evaluation)
        journal.record(db, AchievementEvaluated(evaluation.id, row.id, draft.evidence_sha256), actor=actor)
        await db.flush()
        return _view(evaluation)


async def withdraw_evaluation(tx: Tx, actor: Actor, evaluation_id: UUID) -> EvaluationView:
    """A record that was wrong is withdrawn and stays readable as such."""
    async with tx.begin() as db:
        row = await lock_known(db, actor, evaluation_id, Evaluation)
        require(actor, policy.EVALUATE, parties=[row.org_id])
        evaluation = await repository.get_evaluation(db, evaluation_id)
        evaluation.state = EVALUATION.move(evaluation.state, "withdraw")
        journal.record(db, EvaluationWithdrawn(evaluation.id, row.id), actor=actor)
        await db.flush()
        return _view(evaluation)


async def list_evaluations(
    tx: Tx, actor: Actor, achievement_id: UUID, *, cursor: str | None, limit: int
) -> Page[EvaluationView]:
    """What was found about it, newest first, withdrawn records too."""
    require(actor, policy.LIST)
    before = last_id(cursor)
    async with tx.read() as db:
        await known(db, actor, Achievement, achievement_id)
        rows = await repository.list_evaluations(db, achievement_id, before=before, limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row.id),)).map(_view)


def _view(row: Evaluation) -> EvaluationView:
    return EvaluationView(
        row.id,
        row.achievement_id,
        row.evaluator,
        row.method,
        row.evaluated_on,
        row.evidence_sha256,
        tuple(row.findings),
        row.state,
        row.at,
    )
