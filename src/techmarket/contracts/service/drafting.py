"""Drafting: a contract is written from an award, or directly between a named buyer and the seller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.achievements.licences import manner_text
from techmarket.contracts import errors, policy, repository
from techmarket.contracts.events import ContractCancelled
from techmarket.contracts.lifecycle import CONTRACT, PLAN_LINE, ContractState
from techmarket.contracts.plans import PlanTerms
from techmarket.contracts.rules import ContractType, LineKind, Milestone, PartyRole
from techmarket.contracts.service.commissioning import commission
from techmarket.contracts.service.reading import known_parties, leads, view_of
from techmarket.contracts.service.watching import drop_deadlines
from techmarket.contracts.service.writing import LICENCE_MODE, TRIAL_MODE, Draft, licence_plan, write
from techmarket.contracts.tables import Contract
from techmarket.contracts.text import Clause, RoyaltyTerms, ScopeTerms
from techmarket.contracts.views import ContractView
from techmarket.db import clock, journal
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.settlement import steps as settlement
from techmarket.signing import steps as signing
from techmarket.trading import steps as trading
from techmarket.trading.lifecycle import AwardState, Method
from techmarket.trading.steps import AwardFacts

MODES = {
    LICENCE_MODE: ContractType.LICENCE,
    TRIAL_MODE: ContractType.LICENCE,
    "TRANSFER": ContractType.TRANSFER,
}
"""What an award of an offer in each mode becomes; the others are negotiated, and drafted directly."""


async def draft_from_award(
    tx: Tx,
    actor: Actor,
    award_id: UUID,
    *,
    royalty_due_days: int | None = None,
    milestones: Sequence[Milestone] = (),
    plan: Sequence[PlanTerms] = (),
    trial_months: int | None = None,
    facts: Mapping[str, str] | None = None,
    clauses: Sequence[Clause] = (),
) -> ContractView:
    """The seller, or the market, writes the contract of an award: its price and the offer's terms, nothing else.

    A `plan` may lay the price out in instalments; what it asks for in all is the price of the award.
    """
    async with tx.begin() as db:
        # The award has no row here yet whose lock would keep a second contract away.
        await lock_name(db, f"contract of award {award_id}")
        award = await trading.get_award(db, award_id)
        knowing = (award.seller_org_id, award.buyer_org_id, *award.member_org_ids)
        if not actor.is_market and actor.org_id not in knowing:
            raise NotFound()
        require(actor, policy.DRAFT, parties=[award.seller_org_id])
        known = await repository.find_by_award(db, award_id)
        if known is not None:
            raise errors.AwardHasContract(number=known.number)
        if award.state is not AwardState.OFFERED:
            raise errors.AwardNotOffered(state=award.state)
        if award.method is Method.SELECTION:
            return await commission(db, actor, award, milestones, clauses)
        if milestones:
            raise errors.MilestonesUnfit(pointer="/body/milestones")
        draft = await _draft_of(db, award, royalty_due_days=royalty_due_days, plan=plan, trial_months=trial_months)
        draft = replace(draft, facts=facts or {}, clauses=tuple(clauses))
        return await view_of(db, await write(db, actor, draft))


async def draft_directly(
    tx: Tx,
    actor: Actor,
    *,
    buyer_org: UUID,
    achievement_ids: Sequence[UUID] = (),
    licence_kind: str | None = None,
    scope: ScopeTerms | None = None,
    entry_fee_minor: int | None = None,
    royalty: RoyaltyTerms | None = None,
    clauses: Sequence[Clause] = (),
    plan: Sequence[PlanTerms] = (),
    **terms: Any,
) -> ContractView:
    """A seller writes a contract it negotiated with a named buyer, without a trade on the market. What it points to as
    its own approval (`approval_ids`) must cover it, as in an offer.

    The price is an entry fee and a royalty of one rate, or a whole `plan`. `terms` are the further fields of a `Draft`:
    type, form, facts, crossing, trial_months, title_moves, state_asset.
    """
    require(actor, policy.DRAFT, parties=[actor.org_id])
    if buyer_org == actor.org:
        raise errors.SameParty(pointer="/body/buyer_id")
    if plan and (entry_fee_minor or royalty):
        raise errors.PlanUnfit(why="both a plan and a fee or royalty", pointer="/body/plan")
    async with tx.begin() as db:
        draft = Draft(
            seller_org=actor.org,
            buyer_org=buyer_org,
            plan=tuple(plan) or licence_plan(entry_fee_minor, royalty),
            achievement_ids=tuple(dict.fromkeys(achievement_ids)),
            licence_kind=licence_kind,
            scope=scope or ScopeTerms("WORLD", "ANY", "ANY", None),
            clauses=tuple(clauses),
            approval_ids=tuple(dict.fromkeys(terms.pop("approval_ids", ()))),
            **terms,
        )
        return await view_of(db, await write(db, actor, draft))


async def cancel(tx: Tx, actor: Actor, contract_id: UUID) -> ContractView:
    """The seller takes back a contract that is not in force; what an award began only its lapse ends."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.CANCEL, parties=[parties[leads(contract)]])
        if contract.award_id is not None:
            raise errors.BoundByAward()
        await cancel_locked(db, contract, cause="taken_back", actor=actor)
        return await view_of(db, contract)


async def cancel_locked(
    db: AsyncSession, contract: Contract, *, cause: str, actor: Actor | None, act: str = "cancel"
) -> None:
    """The draft falls away with its signatures and its notice; its number stays used."""
    was = contract.state
    contract.state = CONTRACT.move(contract.state, act)
    version = await repository.get_version(db, contract.id, contract.current_n)
    if contract.deposit_minor:
        await _give_back_deposit(db, contract, actor)
    if was is ContractState.SIGNING and version.signing_id is not None:
        await signing.void(db, version.signing_id, actor)
    await achievements.release(db, by=Ref("contract", contract.id), actor=actor)
    if contract.award_id is None and contract.notice_id is not None:
        now = await clock.market_now(db)
        if not await notices.is_cleared(db, contract.notice_id, now):
            await notices.withdraw(db, contract.notice_id, actor)
    for line in await repository.plan_of(db, contract.id):
        line.state = PLAN_LINE.move(line.state, "cancel")
    await drop_deadlines(db, contract)
    journal.record(db, ContractCancelled(contract.id, cause), actor=actor)


async def _give_back_deposit(db: AsyncSession, contract: Contract, actor: Actor | None) -> None:
    """The deposit that waited to become the price is the buyer's again."""
    parties = (await repository.parties_of(db, [contract.id]))[contract.id]
    payer = next(row.org_id for row in parties if row.role is PartyRole.PAYER)
    await settlement.instruct_payout(
        db,
        org=payer,
        minor=contract.deposit_minor,
        channel=settlement.Channel.ESCROW,
        why=Ref("contract", contract.id),
        actor=actor,
    )
    contract.deposit_minor = 0


async def _draft_of(
    db: AsyncSession,
    award: AwardFacts,
    *,
    royalty_due_days: int | None,
    plan: Sequence[PlanTerms],
    trial_months: int | None,
) -> Draft:
    offer = await listings.get_offer_facts(db, award.listing_id)
    contract_type = MODES.get(str(offer.mode))
    if contract_type is None:
        raise errors.ModeNotOpen(mode=offer.mode)
    royalty = _royalty_of(offer.terms, royalty_due_days)
    fixed = sum(line.minor or 0 for line in plan if line.minor)
    if plan and (fixed != award.price_minor or any(line.kind is LineKind.MILESTONE for line in plan)):
        raise errors.MilestonesDoNotSum(sum=Money(fixed), price=Money(award.price_minor), pointer="/body/plan")
    if contract_type is ContractType.TRANSFER:
        kind, laid_out = None, tuple(plan) or (PlanTerms(LineKind.LUMP, award.price_minor),)
    else:
        kind, laid_out = offer.licence_kind or "ORDINARY", licence_plan(award.price_minor, royalty)
        if plan:
            laid_out = (*plan, *(line for line in laid_out if line.kind is LineKind.ROYALTY))
    if offer.mode == TRIAL_MODE and trial_months is None:
        raise errors.FactsMissing(missing=["trial_months"], pointer="/body/trial_months")
    return Draft(
        seller_org=award.seller_org_id,
        buyer_org=award.buyer_org_id,
        plan=laid_out,
        type=contract_type,
        achievement_ids=award.achievement_ids or tuple(offer.achievement_ids),
        licence_kind=kind,
        scope=_scope_of(offer.terms),
        trial_months=trial_months,
        award_id=award.award_id,
        trade_number=award.number,
        listing_id=award.listing_id,
        notice_id=award.notice_id,
        rule_date=award.rule_date,
        terms_sha256=award.listing_sha256,
        agent_org=award.agent_org_id,
        joint_orgs=award.member_org_ids,
    )


def _scope_of(terms: dict[str, Any]) -> ScopeTerms:
    scope = terms.get("scope") or {}
    return ScopeTerms(
        territory=scope.get("territory") or "WORLD",
        field=scope.get("field") or "ANY",
        manner=manner_text(scope.get("manner")),
        term_years=scope.get("term_years"),
    )


def _royalty_of(terms: dict[str, Any], due_days: int | None) -> RoyaltyTerms | None:
    rate, base = terms.get("royalty_rate"), terms.get("royalty_base")
    if rate is None:
        return None
    if base is None or due_days is None:
        raise errors.RoyaltyIncomplete(pointer="/body/royalty_due_days")
    return RoyaltyTerms(Decimal(rate), str(base), due_days)
