"""Drafting: a contract is written from an award, or directly between a named buyer and the seller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.contracts import errors, policy, repository, rules, text
from techmarket.contracts.events import ContractCancelled, ContractDrafted
from techmarket.contracts.lifecycle import CONTRACT, PLAN_LINE, ContractState
from techmarket.contracts.rules import ContractType, LineKind, Milestone, PartyRole
from techmarket.contracts.service.commissioning import commission, side_rows, side_text
from techmarket.contracts.service.reading import known_parties, view_of
from techmarket.contracts.tables import Contract, ContractAchievement, ContractVersion, PlanLine
from techmarket.contracts.text import Clause, ObjectText, PriceTerms, RightText, RoyaltyTerms, ScopeTerms
from techmarket.contracts.views import ContractView
from techmarket.db import clock, journal, texts
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, human_number, new_id
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.rulebook import steps as rulebook
from techmarket.signing import steps as signing
from techmarket.trading import steps as trading
from techmarket.trading.lifecycle import AwardState, Method

LICENCE_MODE = "LICENCE"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a contract is made of, wherever it came from."""

    seller_org: UUID
    buyer_org: UUID
    achievement_ids: tuple[UUID, ...]
    licence_kind: str
    scope: ScopeTerms
    entry_fee_minor: int | None
    royalty: RoyaltyTerms | None
    clauses: tuple[Clause, ...] = ()
    award_id: UUID | None = None
    trade_number: str | None = None
    listing_id: UUID | None = None
    notice_id: UUID | None = None
    rule_date: date | None = None
    terms_sha256: str | None = None
    agent_org: UUID | None = None
    joint_orgs: tuple[UUID, ...] = ()
    approval_ids: tuple[UUID, ...] = ()


async def draft_from_award(
    tx: Tx,
    actor: Actor,
    award_id: UUID,
    *,
    royalty_due_days: int | None = None,
    milestones: Sequence[Milestone] = (),
    clauses: Sequence[Clause] = (),
) -> ContractView:
    """The seller, or the market, writes the contract of an award: its price and the offer's terms, nothing else."""
    async with tx.begin() as db:
        # The award has no row here yet whose lock would keep a second contract away.
        await lock_name(db, f"contract of award {award_id}")
        award = await trading.get_award(db, award_id)
        if not actor.is_market and actor.org_id not in (
            award.seller_org_id,
            award.buyer_org_id,
            *award.member_org_ids,
        ):
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
        offer = await listings.get_offer_facts(db, award.listing_id)
        if offer.mode != LICENCE_MODE:
            raise errors.ModeNotOpen(mode=offer.mode)
        draft = Draft(
            seller_org=award.seller_org_id,
            buyer_org=award.buyer_org_id,
            achievement_ids=award.achievement_ids or tuple(offer.achievement_ids),
            licence_kind=offer.licence_kind or "ORDINARY",
            scope=_scope_of(offer.terms),
            entry_fee_minor=award.price_minor,
            royalty=_royalty_of(offer.terms, royalty_due_days),
            clauses=tuple(clauses),
            award_id=award_id,
            trade_number=award.number,
            listing_id=award.listing_id,
            notice_id=award.notice_id,
            rule_date=award.rule_date,
            terms_sha256=award.listing_sha256,
            agent_org=award.agent_org_id,
            joint_orgs=award.member_org_ids,
        )
        return await _write(db, actor, draft)


async def draft_directly(
    tx: Tx,
    actor: Actor,
    *,
    buyer_org: UUID,
    achievement_ids: Sequence[UUID],
    licence_kind: str,
    scope: ScopeTerms,
    entry_fee_minor: int | None,
    royalty: RoyaltyTerms | None,
    clauses: Sequence[Clause] = (),
    approval_ids: Sequence[UUID] = (),
) -> ContractView:
    """A seller writes a contract it negotiated with a named buyer, without a trade on the market.

    What it points to as its own approval must cover it, as in an offer.
    """
    require(actor, policy.DRAFT, parties=[actor.org_id])
    if buyer_org == actor.org:
        raise errors.SameParty(pointer="/body/buyer_id")
    async with tx.begin() as db:
        draft = Draft(
            seller_org=actor.org,
            buyer_org=buyer_org,
            achievement_ids=tuple(dict.fromkeys(achievement_ids)),
            licence_kind=licence_kind,
            scope=scope,
            entry_fee_minor=entry_fee_minor,
            royalty=royalty,
            clauses=tuple(clauses),
            approval_ids=tuple(dict.fromkeys(approval_ids)),
        )
        return await _write(db, actor, draft)


async def cancel(tx: Tx, actor: Actor, contract_id: UUID) -> ContractView:
    """The seller takes back a contract that is not in force; what an award began only its lapse ends."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.CANCEL, parties=[parties[rules.calls_first(contract.type)]])
        if contract.award_id is not None:
            raise errors.BoundByAward()
        await cancel_locked(db, contract, cause="taken_back", actor=actor)
        return await view_of(db, contract)


async def cancel_locked(db: AsyncSession, contract: Contract, *, cause: str, actor: Actor | None) -> None:
    """The draft falls away with its signatures and its notice; its number stays used."""
    was = contract.state
    contract.state = CONTRACT.move(contract.state, "cancel")
    version = await repository.get_version(db, contract.id, contract.current_n)
    if was is ContractState.SIGNING and version.signing_id is not None:
        await signing.void(db, version.signing_id, actor)
    await achievements.release(db, by=Ref("contract", contract.id), actor=actor)
    if contract.award_id is None and contract.notice_id is not None:
        now = await clock.market_now(db)
        if not await notices.is_cleared(db, contract.notice_id, now):
            await notices.withdraw(db, contract.notice_id, actor)
    for line in await repository.plan_of(db, contract.id):
        line.state = PLAN_LINE.move(line.state, "cancel")
    journal.record(db, ContractCancelled(contract.id, cause), actor=actor)


async def _write(db: AsyncSession, actor: Actor, draft: Draft) -> ContractView:
    royalty = draft.royalty
    rules.require_plan(
        draft.entry_fee_minor,
        royalty.rate if royalty else None,
        royalty.base if royalty else None,
        royalty.due_days if royalty else None,
    )
    seller = await identity.require_verified(db, draft.seller_org)
    buyers = [await identity.require_verified(db, org) for org in (draft.buyer_org, *draft.joint_orgs)]
    agent = None if draft.agent_org is None else await identity.get_organisation(db, draft.agent_org)
    now = await clock.market_now(db)
    today = shanghai_day(now)
    await achievements.require_sellable(
        db,
        draft.achievement_ids,
        mode=LICENCE_MODE,
        licence_kind=draft.licence_kind,
        seller=draft.seller_org,
        territory=draft.scope.territory,
        field=draft.scope.field,
        manner=draft.scope.manner,
        valid_until=rules.term_until(today, draft.scope.term_years),
        terms_sha256=draft.terms_sha256,
        approval_ids=draft.approval_ids,
        price_minor=draft.entry_fee_minor,
    )
    rule_date = draft.rule_date or today
    within = (await rulebook.get_rule(db, "payment.length", on=rule_date, applies_to=("non_soe", "any"))).length
    number = human_number("HT", today.year, await repository.next_serial(db, today.year))
    document = text.compose(
        number=number,
        contract_type=ContractType.LICENCE,
        award_id=draft.award_id,
        trade_number=draft.trade_number,
        licence_kind=draft.licence_kind,
        parties=[*side_text([seller], PartyRole.PAYEE), *side_text(buyers, PartyRole.PAYER, agent)],
        objects=await _objects(db, draft.achievement_ids),
        scope=draft.scope,
        price=PriceTerms(draft.entry_fee_minor, {"n": within.n, "unit": within.unit.value}, royalty),
        clauses=draft.clauses,
    )
    contract = Contract(
        id=new_id(),
        number=number,
        award_id=draft.award_id,
        listing_id=draft.listing_id,
        type=ContractType.LICENCE,
        licence_kind=draft.licence_kind,
        state=CONTRACT.initial,
        rule_date=rule_date,
        scope={"territory": draft.scope.territory, "field": draft.scope.field, "manner": draft.scope.manner},
        term_years=draft.scope.term_years,
        current_n=1,
        notice_id=draft.notice_id,
        approval_ids=list(draft.approval_ids),
        created_at=now,
    )
    db.add(contract)
    await db.flush()
    sha256 = await texts.put(db, document)
    db.add(ContractVersion(contract_id=contract.id, n=1, sha256=sha256, at=now))
    db.add_all(side_rows(contract.id, PartyRole.PAYEE, [seller]))
    db.add_all(side_rows(contract.id, PartyRole.PAYER, buyers))
    db.add_all(
        ContractAchievement(contract_id=contract.id, position=n, achievement_id=achievement_id)
        for n, achievement_id in enumerate(draft.achievement_ids, start=1)
    )
    db.add_all(_plan(contract.id, draft, within.n, within.unit.value))
    journal.record(db, ContractDrafted(contract.id, number, draft.award_id), actor=actor)
    await db.flush()
    return await view_of(db, contract)


def _plan(contract_id: UUID, draft: Draft, fee_n: int, fee_unit: str) -> list[PlanLine]:
    lines: list[PlanLine] = []
    if draft.entry_fee_minor:
        lines.append(
            PlanLine(
                contract_id=contract_id,
                n=1,
                kind=LineKind.ENTRY_FEE,
                minor=draft.entry_fee_minor,
                due_n=fee_n,
                due_unit=fee_unit,
                credited_minor=0,
                state=PLAN_LINE.initial,
            )
        )
    if draft.royalty is not None:
        lines.append(
            PlanLine(
                contract_id=contract_id,
                n=len(lines) + 1,
                kind=LineKind.ROYALTY,
                rate=draft.royalty.rate,
                base=draft.royalty.base,
                due_n=draft.royalty.due_days,
                due_unit="days",
                credited_minor=0,
                state=PLAN_LINE.initial,
            )
        )
    return lines


async def _objects(db: AsyncSession, achievement_ids: Sequence[UUID]) -> list[ObjectText]:
    facts = await achievements.get_facts(db, achievement_ids)
    missing = [str(wanted) for wanted in achievement_ids if wanted not in facts]
    if missing:
        raise errors.AchievementsMissing(missing=missing, pointer="/body/achievement_ids")
    orgs = {owner.org_id for one in facts.values() for owner in one.owners if owner.org_id}
    named = await identity.get_organisations(db, orgs)
    return [
        ObjectText(
            one.id,
            one.title_zh,
            one.title_en,
            # A natural person who owns a part signs nowhere by name: the text says that there is one.
            tuple(named[owner.org_id].name if owner.org_id else "个人共有人 / an individual" for owner in one.owners),
            tuple(RightText(right.kind.value, right.number, right.valid_until) for right in one.rights),
        )
        for one in (facts[wanted] for wanted in achievement_ids)
    ]


def _scope_of(terms: dict[str, Any]) -> ScopeTerms:
    scope = terms.get("scope") or {}
    return ScopeTerms(
        territory=scope.get("territory") or "WORLD",
        field=scope.get("field") or "ANY",
        manner=scope.get("manner") or "ANY",
        term_years=scope.get("term_years"),
    )


def _royalty_of(terms: dict[str, Any], due_days: int | None) -> RoyaltyTerms | None:
    rate, base = terms.get("royalty_rate"), terms.get("royalty_base")
    if rate is None:
        return None
    if base is None or due_days is None:
        raise errors.RoyaltyIncomplete(pointer="/body/royalty_due_days")
    return RoyaltyTerms(Decimal(rate), str(base), due_days)
