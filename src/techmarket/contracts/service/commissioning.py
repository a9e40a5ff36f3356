"""A development (技术开发) that answers an open challenge: drafted from its award, accepted milestone by milestone.

The lister of the demand put the trade up and pays; whoever was selected does the work and is paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import errors, policy, repository, rules, text
from techmarket.contracts.events import ContractDrafted, MilestoneAccepted
from techmarket.contracts.lifecycle import CONTRACT, PLAN_LINE, ContractState, LineState
from techmarket.contracts.rules import ContractType, LineKind, Milestone, PartyRole
from techmarket.contracts.service.reading import known_parties, view_of
from techmarket.contracts.tables import Contract, ContractParty, ContractVersion, PlanLine
from techmarket.contracts.text import Clause, PartyText
from techmarket.contracts.views import ContractView
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.identity.steps import OrganisationFacts
from techmarket.kernel.ids import Ref, human_number, new_id
from techmarket.kernel.periods import Length, Unit, end_of_period, shanghai_day
from techmarket.listings import steps as listings
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
    lister = await identity.require_verified(db, award.seller_org_id)
    selected = await identity.require_verified(db, award.buyer_org_id)
    joined = [await identity.require_verified(db, org) for org in award.member_org_ids]
    now = await clock.market_now(db)
    today = shanghai_day(now)
    title = str(demand.terms.get("title_zh") or demand.terms.get("title_en"))[:200]
    parts = tuple(milestones) or (Milestone(title, award.price_minor),)
    rules.check_milestones(parts, award.price_minor)
    within = (await rulebook.get_rule(db, "payment.length", on=award.rule_date, applies_to=("non_soe", "any"))).length
    number = human_number("HT", today.year, await repository.next_serial(db, today.year))
    document = text.compose_development(
        number=number,
        award_id=award.award_id,
        trade_number=award.number,
        listing_sha256=award.listing_sha256,
        proposal_number=award.bidder,
        task={name: demand.terms.get(name) for name in TASK},
        parties=[*side_text([selected, *joined], PartyRole.PAYEE), *side_text([lister], PartyRole.PAYER)],
        milestones=parts,
        payment_length={"n": within.n, "unit": within.unit.value},
        clauses=clauses,
    )
    contract = Contract(
        id=new_id(),
        number=number,
        award_id=award.award_id,
        listing_id=award.listing_id,
        type=ContractType.DEVELOPMENT,
        licence_kind=None,
        state=CONTRACT.initial,
        rule_date=award.rule_date,
        scope={},
        term_years=None,
        current_n=1,
        notice_id=award.notice_id,
        created_at=now,
    )
    db.add(contract)
    await db.flush()
    db.add(ContractVersion(contract_id=contract.id, n=1, sha256=await texts.put(db, document), at=now))
    db.add_all(side_rows(contract.id, PartyRole.PAYEE, [selected, *joined]))
    db.add_all(side_rows(contract.id, PartyRole.PAYER, [lister]))
    db.add_all(
        PlanLine(
            contract_id=contract.id,
            n=n,
            kind=LineKind.MILESTONE,
            title=one.title,
            minor=one.minor,
            due_n=within.n,
            due_unit=within.unit.value,
            credited_minor=0,
            state=PLAN_LINE.initial,
        )
        for n, one in enumerate(parts, start=1)
    )
    journal.record(db, ContractDrafted(contract.id, number, award.award_id), actor=actor)
    await db.flush()
    return await view_of(db, contract)


async def accept_milestone(tx: Tx, actor: Actor, contract_id: UUID, n: int) -> ContractView:
    """The payer accepts what was handed over; the milestone's payment falls due within the agreed period."""
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
        journal.record(db, MilestoneAccepted(contract.id, line.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)


def side_text(
    orgs: Sequence[OrganisationFacts], role: PartyRole, agent: OrganisationFacts | None = None
) -> list[PartyText]:
    """A side as the text names it; of a consortium each organisation, the representative first."""
    by, is_joint = None if agent is None else agent.name, len(orgs) > 1
    words = ["representative" if n == 0 else "member" for n in range(len(orgs))]
    return [
        PartyText(org.id, role.value, org.name, org.uscc, by, word if is_joint else None)
        for org, word in zip(orgs, words, strict=True)
    ]


def side_rows(contract_id: UUID, role: PartyRole, orgs: Sequence[OrganisationFacts]) -> list[ContractParty]:
    return [
        ContractParty(contract_id=contract_id, role=role, position=n, org_id=org.id) for n, org in enumerate(orgs, 1)
    ]
