"""Rows that two operators enter (双人录入): one proposes, another enters the very same row, and only then it holds.

So it is with what is charged, how exactly money has to fit and when two people are needed: nobody lowers a guard by
himself.
"""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.canonical import canonical_json, sha256_hex
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import wire
from techmarket.rulebook import errors, policy, repository
from techmarket.rulebook.adding import RuleDraft
from techmarket.rulebook.events import RuleProposalRefused, RuleProposed
from techmarket.rulebook.lifecycle import RULE_PROPOSAL, ProposalState
from techmarket.rulebook.tables import RuleProposal
from techmarket.rulebook.views import ProposalView

BY_TWO = ("settlement.", "tariff.")
"""Keys that begin so change what is charged, what the market bears itself, or when two people are needed."""


async def ask_second(db: AsyncSession, actor: Actor, draft: RuleDraft) -> ProposalView | None:
    """None: another operator proposed this very row, go on. Else what now waits for another. The row was checked, and
    its key is held."""
    row = {name: wire(value) for name, value in asdict(draft).items()}
    digest = sha256_hex(canonical_json(row))
    waiting = await repository.find_proposal(db, digest)
    if waiting is None:
        proposal = RuleProposal(
            id=new_id(),
            key=draft.key,
            row=row,
            row_sha256=digest,
            state=RULE_PROPOSAL.initial,
            proposed_by=actor.person,
        )
        db.add(proposal)
        await db.flush()
        await db.refresh(proposal)
        journal.record(db, RuleProposed(proposal.id, draft.key), actor=actor)
        return view_of(proposal)
    if waiting.proposed_by == actor.person:
        raise errors.SecondOperatorNeeded(proposal_id=waiting.id)
    await identity.require_two_people(db, waiting.proposed_by, actor.person)
    await _decide(db, waiting, "confirm", actor)
    return None


async def refuse_proposal(tx: Tx, actor: Actor, proposal_id: UUID, *, reasons: str) -> ProposalView:
    """What waits for a second operator is not entered: a colleague sends it back, or whoever proposed takes it back."""
    require(actor, policy.ADD_RULE)
    async with tx.begin() as db:
        proposal = await repository.lock_proposal(db, proposal_id)
        await _decide(db, proposal, "refuse", actor)
        proposal.reasons = reasons
        journal.record(db, RuleProposalRefused(proposal.id, proposal.key), actor=actor)
        await db.flush()
        return view_of(proposal)


async def list_proposals(
    tx: Tx, actor: Actor, *, state: ProposalState | None, cursor: str | None, limit: int
) -> Page[ProposalView]:
    """The rows that wait for a second operator, and what came of the rest, the newest first."""
    require(actor, policy.SEE_PROPOSALS)
    async with tx.read() as db:
        rows = await repository.list_proposals(db, state=state, before=last_id(cursor), limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row.id),)).map(view_of)


async def _decide(db: AsyncSession, proposal: RuleProposal, how: str, actor: Actor) -> None:
    now = await clock.market_now(db)
    proposal.state = RULE_PROPOSAL.move(proposal.state, how)
    proposal.decided_by, proposal.decided_at = actor.person, now
    await db.flush()


def view_of(row: RuleProposal) -> ProposalView:
    return ProposalView(
        row.id,
        row.key,
        row.row,
        row.state,
        row.proposed_by,
        row.proposed_at,
        row.decided_by,
        row.decided_at,
        row.reasons,
    )
