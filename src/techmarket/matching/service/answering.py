"""Answers that are kept so that they can be replayed, what people say of them, and what is learnt from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings
from techmarket.matching import answers, errors, policy, ranking, replaying, tokens
from techmarket.matching.events import MatchJudged, RerankerTrained
from techmarket.matching.grants import GRANTS_MAX
from techmarket.matching.index.columns import Space
from techmarket.matching.index.reading import Asked
from techmarket.matching.ranking import Hit, Ranked
from techmarket.matching.replaying import Keepable, exact
from techmarket.matching.reranking import FEATURES, Judged, Reranker, trial
from techmarket.matching.tables import MatchModel
from techmarket.matching.views import AnswerView, FeedbackView, Reason, Verdict

KEPT_DAYS = 180
KEPT_DAYS_SEARCH = 30
"""Matches are what feedback and disputes are about; of searches there are many more."""
KEPT_A_DAY = 1_000
"""So many answers of one organisation are kept within a day; behind them answers go on and have no name."""
FORGET_TURN = 1_000
NOTHING_ASKED = Asked((), (), ())


def inputs_of(ranked: Ranked, *, embedder: str | None, reranker: Reranker | None, wishes: Any) -> dict[str, Any]:
    """Everything that the scores of an answer rest on. Where no words were asked for, all score `alike`."""
    about, judged = ranked.look.about, ranked.judged
    asked = ranked.asked or NOTHING_ASKED
    decides = judged is not None and judged.decides
    spreads = [judged.words, judged.meaning] if judged is not None and decides else None
    return {
        "words": tokens.MODEL,
        "space": ranked.look.space.name,
        "documents": about.documents,
        "average": exact(about.average),
        "terms": [[one.term, one.weight, one.df] for one in asked.postings]
        + [[term, ranked.wanted.get(term, 0), 0] for term in asked.unknown],
        "left_out": list(asked.left_out),
        "alike": ranked.alike,
        "wishes": wishes,
        "embedder": embedder,
        "blend": None if spreads is None else [[exact(one.mean), exact(one.deviation)] for one in spreads],
        "reranker": reranker.said() if reranker is not None else None,
    }


def result_of(hit: Hit) -> dict[str, Any]:
    judged = hit.judged
    return {
        "id": str(hit.id),
        "granted": hit.is_granted,
        "key": hit.key,
        "score": hit.score,
        "words": hit.words,
        "length": hit.length,
        "times": {term: times for term, times, _ in hit.terms},
        "likeness": exact(judged.likeness) if judged is not None else None,
        "share": exact(judged.share) if judged is not None and hit.decides else None,
        "features": [exact(value) for value in judged.features] if judged is not None else None,
        "blend": exact(judged.blend) if judged is not None else None,
    }


def keepable(
    actor: Actor, *, kind: str, listing_id: UUID | None, inputs: Mapping[str, Any], results: Sequence[dict[str, Any]]
) -> Keepable | None:
    """The answer, if it is one to keep: what somebody heard who can come back for it.

    Nobody can ask for what an anonymous reader heard as his own, and a door that stands open to all must not fill the
    disk: nothing of it is written. The same answer to the same organisation has the same name and is written once.
    """
    if actor.org_id is None:
        return None
    document = {
        "kind": kind,
        "listing": str(listing_id) if listing_id else None,
        "reader": str(actor.org_id),
        "inputs": inputs,
        "results": results,
    }
    return Keepable(replaying.answer_id(document), kind, listing_id, actor.org_id, document)


async def keep(tx: Tx, answer: Keepable | None) -> str | None:
    """Keep an answer that feedback may be given on: it is there before it is heard."""
    if answer is None:
        return None
    async with tx.begin() as db:
        kept = await answers.count_since_yesterday(db, answer.org_id, KEPT_A_DAY)
        if kept >= KEPT_A_DAY and await answers.find_answer(db, answer.id) is None:
            return None
        await answers.keep_answers(db, [answer.row()])
    return answer.id


async def keep_searches(tx: Tx, kept: Sequence[Keepable]) -> None:
    """Keep answers to searches, many in one statement, soon after they were heard."""
    rows = {one.id: one.row() for one in kept}
    if rows:
        async with tx.begin() as db:
            await answers.keep_answers(db, [rows[id] for id in sorted(rows)])


async def get_answer(tx: Tx, actor: Actor, id: str) -> AnswerView:
    """An answer as it was given, and whether it comes out the same when it is computed again.

    It is there for the organisation that heard it, as long as it may still search what was searched, and for the
    market. What a grant opened is in it only for whom that grant stands now.
    """
    require(actor, policy.READ_ANSWER)
    async with tx.read() as db:
        row = await answers.find_answer(db, id)
        if row is None or not (actor.is_market or (row.org_id == actor.org_id and _may_search(actor, row.document))):
            raise NotFound()
        results = row.document["results"]
        opened = {one["id"] for one in results if one.get("granted")}
        if opened and not actor.is_market:
            opened -= {str(id) for id in (await listings.granted_to(db, actor, limit=GRANTS_MAX)).tiers}
    outcome = replaying.replay(row.document)
    results = [one for one in results if actor.is_market or one["id"] not in opened]
    shown = {one["id"] for one in results}
    differs = tuple(id for id in outcome.differs if id in shown)
    document = {**row.document, "results": results}
    return AnswerView(row.id, row.kind, row.listing_id, row.at, document, not differs, differs)


def _may_search(actor: Actor, document: Mapping[str, Any]) -> bool:
    """Whether the reader still has the standing under which the answer was given."""
    return ranking.space_of(actor) is Space.REGISTERED or document["inputs"].get("space") == Space.PUBLIC.name


async def give_feedback(
    tx: Tx,
    actor: Actor,
    listing_id: UUID,
    other_id: UUID,
    *,
    verdict: Verdict,
    reason: Reason | None,
    note: str | None,
) -> FeedbackView:
    """Say of a match that one was shown whether it is of interest; saying it again replaces what was said.

    How the match looked is taken from the answer that showed it, never from whoever says it.
    """
    async with tx.begin() as db:
        owner = await listings.known_owner_of(db, actor, listing_id)
        require(actor, policy.GIVE_FEEDBACK, parties=[owner])
        if (verdict is Verdict.NOT_RELEVANT) != (reason is not None):
            raise errors.ReasonUnfit(pointer="/body/reason")
        answer = await answers.find_latest_showing(db, actor.org, listing_id, other_id)
        if answer is None:
            raise errors.MatchNotShown(pointer="/path/other_id")
        result = next(one for one in answer.document["results"] if one["id"] == str(other_id))
        now = await clock.market_now(db)
        # What a grant opened, on either side, teaches nothing to those who may not read it; what stood far behind was
        # not compared.
        is_open = not result.get("granted", True) and not answer.document["inputs"].get("hides", True)
        teaches = result["features"] is not None and is_open
        await answers.put_feedback(
            db,
            listing_id=listing_id,
            other_id=other_id,
            org_id=actor.org,
            person_id=actor.person,
            verdict=verdict,
            reason=reason,
            note=note,
            answer_id=answer.id,
            features=result["features"] if teaches else [],
            blend=result["blend"] if teaches else "0.0",
            at=now,
        )
        journal.record(db, MatchJudged(listing_id, actor.org), actor=actor)
        return FeedbackView(listing_id, other_id, verdict, reason, note, answer.id, now)


async def list_feedback(tx: Tx, actor: Actor, listing_id: UUID) -> list[FeedbackView]:
    """What one's own organisation has said of the matches of a listing of its own."""
    async with tx.read() as db:
        owner = await listings.known_owner_of(db, actor, listing_id)
        require(actor, policy.READ_FEEDBACK, parties=[owner])
        rows = await answers.list_feedback(db, listing_id=listing_id, org_id=actor.org)
    return [
        FeedbackView(
            r.listing_id,
            r.other_id,
            Verdict(r.verdict),
            Reason(r.reason) if r.reason else None,
            r.note,
            r.answer_id,
            r.at,
        )
        for r in rows
    ]


async def train_reranker(tx: Tx) -> MatchModel | None:
    """Learn from all feedback; the model is used only if it beats the blend on listings it has not seen.

    Nothing is written while nothing new was said since the last training.
    """
    async with tx.begin() as db:
        rows = await answers.all_feedback(db)
        last = await answers.latest_model(db)
        newest = max((row.at for row in rows), default=None)
        if newest is None or (last is not None and last.feedback_count == len(rows) and last.newest_at == newest):
            return None
        judged = [
            Judged(
                row.org_id,
                row.listing_id,
                tuple(float(value) for value in row.features),
                float(row.blend),
                row.verdict == Verdict.INTERESTED,
            )
            for row in rows
            if len(row.features) == len(FEATURES)
        ]
        model, found = trial(judged)
        made = MatchModel(
            id=new_id(),
            trained_at=await clock.market_now(db),
            newest_at=newest,
            feedback_count=len(rows),
            held_out=found.groups,
            blend_ndcg=exact(found.blend) or "0.0",
            reranked_ndcg=exact(found.reranked) or "0.0",
            gain_least=exact(found.gain_least) or "0.0",
            model=model.said() if model is not None else None,
            is_active=model is not None and found.is_better,
        )
        await answers.put_model(db, made)
        journal.record(db, RerankerTrained(made.id, made.is_active, len(rows), found.groups), actor=None)
        return made


async def forget_answers(tx: Tx) -> int:
    async with tx.begin() as db:
        return await answers.forget_answers(db, days=KEPT_DAYS, days_of_searches=KEPT_DAYS_SEARCH, limit=FORGET_TURN)


async def active_reranker(tx: Tx, space: Space) -> Reranker | None:
    """The learnt ranking, for verified organisations: it was learnt from what they see, and strangers' answers may not
    move by text above theirs. One that was learnt over other features is none."""
    if space is not Space.REGISTERED:
        return None
    async with tx.read() as db:
        row = await answers.active_model(db)
    if row is None or row.model is None or row.model.get("features") != list(FEATURES):
        return None
    return Reranker.read(row.model)
