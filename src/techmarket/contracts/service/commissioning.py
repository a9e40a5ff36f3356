"""A development (技术开发) that answers an open challenge: drafted from its award, accepted milestone by milestone.

The lister of the demand put the trade up and pays; whoever was selected does the work and is paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import errors, policy, repository, rules
from techmarket.contracts.events import MilestoneAccepted
from techmarket.contracts.lifecycle import PLAN_LINE, ContractState, LineState
from techmarket.contracts.plans import PlanTerms
from techmarket.contracts.rules import ContractType, LineKind, Milestone, PartyRole
from techmarket.contracts.service.reading import known_parties, view_of
from techmarket.contracts.service.watching import watch_payment
from techmarket.contracts.service.writing import Draft, write
from techmarket.contracts.templates import Form
from techmarket.contracts.text import Clause
from techmarket.contracts.views import ContractView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import Length, Unit, end_of_period
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import Purpose
from techmarket.trading.steps import AwardFacts

TASK = ("title_zh", "title_en", "problem_zh", "problem_en", "indicators", "deadline")
"""What of the demand the contract repeats; all of it stands under its hash."""


async def commission(
    db: AsyncSession, actor: Actor, award: AwardFacts, milestones: Sequence[Milestone], clauses: Sequence[Clause]
) -> ContractView:
    """The lister writes the contract of a selected proposal: its price in milestones, or as one."""
    demand = await listings.get_offer_facts(db, award.listing_id)
    terms = demand.terms
    title = str(terms.get("title_zh") or terms.get("title_en"))[:200]
    parts = tuple(milestones) or (Milestone(title, award.price_minor),)
    rules.check_milestones(parts, award.price_minor)
    task = {name: terms.get(name) for name in TASK}
    draft = Draft(
        seller_org=award.buyer_org_id,
        buyer_org=award.seller_org_id,
        type=ContractType.DEVELOPMENT,
        form=Form.COMMISSIONED,
        plan=tuple(PlanTerms(LineKind.MILESTONE, one.minor, one.title) for one in parts),
        facts=_facts_of_demand(terms),
        task={"demand_sha256": award.listing_sha256, "proposal_of_bidder": award.bidder, **task},
        clauses=tuple(clauses),
        award_id=award.award_id,
        trade_number=award.number,
        listing_id=award.listing_id,
        notice_id=award.notice_id,
        rule_date=award.rule_date,
        joint_orgs=award.member_org_ids,
    )
    return await view_of(db, await write(db, actor, draft))


def _facts_of_demand(terms: Mapping[str, Any]) -> dict[str, str]:
    """What the demand and the proposal say already: the contract points to them, word for word under their hashes."""
    asked = terms.get("problem_zh") or terms.get("problem_en") or terms.get("title_zh") or terms.get("title_en")
    return {
        "task": str(asked)[:20_000],
        "schedule": f"按里程碑，最迟 / by milestones, at the latest {terms.get('deadline') or '-'}",
        "acceptance": "逐个里程碑由委托人按需求所列指标验收 / by the principal, milestone by milestone, as demanded",
    }


async def accept_milestone(
    tx: Tx, actor: Actor, contract_id: UUID, n: int, *, evidence_sha256: str | None = None
) -> ContractView:
    """The payer accepts what was handed over; the milestone's payment falls due within the agreed period.

    The record of the acceptance (验收证明) may be kept with it, a file of the payer's own evidence.
    """
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.ACCEPT_MILESTONE, parties=[parties[PartyRole.PAYER]])
        if contract.state is not ContractState.IN_FORCE:
            raise errors.NotInForce(state=contract.state)
        plan = await repository.plan_of(db, contract.id)
        line = next((one for one in plan if one.n == n and one.kind is LineKind.MILESTONE), None)
        if line is None or line.state is not LineState.PLANNED or line.minor is None:
            raise errors.NoSuchMilestone(n=n)
        if evidence_sha256 is not None:
            await notices.require_evidence(db, actor.org, [evidence_sha256], pointer="/body/evidence_sha256")
            line.accepted_sha256 = evidence_sha256
        now = await clock.market_now(db)
        length, calendar = Length(line.due_n, Unit(line.due_unit)), await rulebook.work_calendar(db)
        end = end_of_period(now, length, calendar=calendar)
        assert end is not None
        due = await settlement.raise_due(
            db,
            payer=parties[PartyRole.PAYER],
            payee=parties[PartyRole.PAYEE],
            minor=line.minor,
            due_on=rules.last_day_before(end),
            subject=Ref("contract", contract.id),
            purpose=Purpose.PRICE,
            rule_date=contract.rule_date,
            actor=actor,
        )
        line.due_id, line.state = due.id, PLAN_LINE.move(line.state, "raise")
        watch_payment(db, contract, due)
        journal.record(db, MilestoneAccepted(contract.id, line.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)
