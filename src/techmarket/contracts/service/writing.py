"""Writing: whatever a contract comes from, its terms are checked, composed and kept in one way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.achievements.rights import OVER, PATENTS, PENDING
from techmarket.contracts import borders, errors, plans, repository, rules, screening, templates, text
from techmarket.contracts.borders import Crossing
from techmarket.contracts.events import ContractDrafted
from techmarket.contracts.lifecycle import CONTRACT, PLAN_LINE
from techmarket.contracts.plans import InstalmentRule, PlanTerms, RoyaltyPlan, YearRate
from techmarket.contracts.rules import ContractType, LineKind, Milestone, Origin, PartyRole, TitleMoves
from techmarket.contracts.tables import Contract, ContractAchievement, ContractParty, ContractVersion, PlanLine
from techmarket.contracts.templates import ABOUT_RIGHTS, Form, PatentFacts
from techmarket.contracts.text import Clause, ObjectText, PartyText, PriceTerms, RightText, RoyaltyTerms, ScopeTerms
from techmarket.db import clock, journal, texts
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.steps import OrganisationFacts
from techmarket.kernel.ids import human_number, new_id
from techmarket.kernel.periods import Length, Unit, shanghai_day
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.rules import Binding

LICENCE_MODE = "LICENCE"
TRIAL_MODE = "TRY_BEFORE_BUY"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a contract is made of, wherever it came from. The seller is whoever is paid, the buyer whoever pays."""

    seller_org: UUID
    buyer_org: UUID
    plan: tuple[PlanTerms, ...]
    type: ContractType = ContractType.LICENCE
    form: Form | None = None
    achievement_ids: tuple[UUID, ...] = ()
    licence_kind: str | None = None
    scope: ScopeTerms = ScopeTerms("WORLD", "ANY", "ANY", None)  # noqa: RUF009
    facts: Mapping[str, str] = field(default_factory=dict)
    clauses: tuple[Clause, ...] = ()
    task: Mapping[str, Any] | None = None
    crossing: Crossing | None = None
    trial_months: int | None = None
    title_moves: TitleMoves | None = None
    state_asset: bool = False
    origin: Origin = Origin.MARKET
    outside: Mapping[str, Any] | None = None
    """Of a contract made elsewhere: the day it was signed, its scan, the proof of what was paid there."""
    approval_ids: tuple[UUID, ...] = ()
    award_id: UUID | None = None
    trade_number: str | None = None
    listing_id: UUID | None = None
    notice_id: UUID | None = None
    rule_date: date | None = None
    terms_sha256: str | None = None
    agent_org: UUID | None = None
    joint_orgs: tuple[UUID, ...] = ()
    """Who stands beside the one that was selected: buyers of a right, or developers of a commissioned work."""

    @property
    def sale_mode(self) -> str:
        return sale_mode(self.type, self.trial_months, any(one.kind is LineKind.EQUITY for one in self.plan))


def sale_mode(contract_type: ContractType, trial_months: int | None, is_equity: bool) -> str:
    """The way of conversion a contract is, as achievements and listings spell it."""
    if contract_type is ContractType.TRANSFER:
        return "EQUITY" if is_equity else "TRANSFER"
    return TRIAL_MODE if trial_months is not None else LICENCE_MODE


def fixed_minor(lines: Sequence[PlanTerms | PlanLine]) -> int | None:
    """What is paid whatever happens; None where there are royalties alone, which no floor can be held against."""
    fixed = [line.minor for line in lines if line.minor is not None and line.kind in plans.ON_EFFECT]
    return sum(fixed) if fixed else None


def held_against_floor(lines: Sequence[PlanTerms | PlanLine]) -> int:
    """All amounts that a plan states, milestones too, and shares at their value; royalties alone reach no floor."""
    return sum(line.minor or 0 for line in lines if line.kind in plans.FIXED or line.kind is LineKind.EQUITY)


def licence_plan(entry_fee_minor: int | None, royalty: RoyaltyTerms | None) -> tuple[PlanTerms, ...]:
    """An entry fee, a royalty of one rate, or both."""
    rules.require_plan(
        entry_fee_minor,
        royalty.rate if royalty else None,
        royalty.base if royalty else None,
        royalty.due_days if royalty else None,
    )
    lines = [PlanTerms(LineKind.ENTRY_FEE, entry_fee_minor)] if entry_fee_minor else []
    if royalty is not None:
        plan = RoyaltyPlan(royalty.base, (YearRate(1, royalty.rate),), royalty.due_days)
        lines.append(PlanTerms(LineKind.ROYALTY, royalty=plan))
    return tuple(lines)


def check_draft(draft: Draft) -> None:
    """What can be said of a draft without asking anybody."""
    if draft.seller_org == draft.buyer_org:
        raise errors.SameParty(pointer="/body/buyer_id")
    plans.check_plan(draft.plan)
    templates.require_form(draft.type, draft.form)
    borders.require_may_cross(draft.crossing)
    if (draft.type is ContractType.LICENCE) != (draft.licence_kind is not None):
        raise errors.LicenceKindMissing(pointer="/body/licence_kind")
    if (draft.type in ABOUT_RIGHTS) != bool(draft.achievement_ids):
        raise errors.AchievementsUnfit(pointer="/body/achievement_ids")
    if draft.title_moves is not None and draft.type is not ContractType.TRANSFER:
        raise errors.TitleNotMoving(pointer="/body/title_moves")
    if draft.trial_months is not None and (
        draft.type is not ContractType.LICENCE
        or borders.before_effect(borders.needed(draft.crossing, draft.type, draft.licence_kind))
    ):
        raise errors.TrialUnfit(pointer="/body/trial_months")


async def write(db: AsyncSession, actor: Actor, draft: Draft) -> Contract:
    """Number, text, parties, objects and plan of a contract, in one go."""
    if draft.type is ContractType.TRANSFER and draft.title_moves is None:
        draft = replace(draft, title_moves=TitleMoves.ON_PAYMENT)
    check_draft(draft)
    stated = templates.filled(draft.type, draft.form, draft.facts)
    joined = [await identity.require_verified(db, org) for org in draft.joint_orgs]
    works = draft.type is ContractType.DEVELOPMENT
    sellers = [await identity.require_verified(db, draft.seller_org), *(joined if works else [])]
    buyers = [await identity.require_verified(db, draft.buyer_org), *([] if works else joined)]
    agent = None if draft.agent_org is None else await identity.get_organisation(db, draft.agent_org)
    now = await clock.market_now(db)
    today = shanghai_day(now)
    if draft.achievement_ids:
        await _require_sellable(db, draft, today)
    rule_date = draft.rule_date or today
    within = (await rulebook.get_rule(db, "payment.length", on=rule_date, applies_to=("non_soe", "any"))).length
    plan = tuple(_with_period(line, within) for line in draft.plan)
    number = human_number("HT", today.year, await repository.next_serial(db, today.year))
    document = text.compose(
        number=number,
        contract_type=draft.type,
        form=draft.form,
        award_id=draft.award_id,
        trade_number=draft.trade_number,
        licence_kind=draft.licence_kind,
        parties=[*side_text(sellers, PartyRole.PAYEE), *side_text(buyers, PartyRole.PAYER, agent)],
        objects=await objects_of(db, draft.achievement_ids),
        scope=draft.scope,
        price=_summary(plan, within),
        plan=[line.as_text(n) for n, line in enumerate(plan, start=1)],
        facts=stated,
        clauses=draft.clauses,
        more=_more(draft),
    )
    contract = _row(draft, number, rule_date, now)
    contract.findings = await findings_of(db, draft, plan, stated, now)
    db.add(contract)
    await db.flush()
    db.add(ContractVersion(contract_id=contract.id, n=1, sha256=await texts.put(db, document), at=now))
    db.add_all(side_rows(contract.id, PartyRole.PAYEE, sellers))
    db.add_all(side_rows(contract.id, PartyRole.PAYER, buyers))
    db.add_all(
        ContractAchievement(contract_id=contract.id, position=n, achievement_id=achievement_id)
        for n, achievement_id in enumerate(draft.achievement_ids, start=1)
    )
    db.add_all(plan_row(contract.id, n, line) for n, line in enumerate(plan, start=1))
    journal.record(db, ContractDrafted(contract.id, number, draft.award_id), actor=actor)
    await db.flush()
    return contract


def plan_row(
    contract_id: UUID, n: int, line: PlanTerms, *, version_n: int = 1, valid_from: date | None = None
) -> PlanLine:
    """A line of the plan as a row; the text of the line goes along, for what the columns do not hold."""
    royalty = line.royalty
    period = line.within or Length(1, Unit.DAYS)
    return PlanLine(
        contract_id=contract_id,
        n=n,
        kind=line.kind,
        title=line.title,
        minor=line.minor,
        rate=None if royalty is None else royalty.rates[0].rate,
        base=None if royalty is None else royalty.base,
        due_n=period.n if royalty is None else royalty.due_days,
        due_unit=period.unit.value if royalty is None else "days",
        due_on=line.due_on,
        terms=line.as_text(n),
        version_n=version_n,
        valid_from=valid_from,
        credited_minor=0,
        state=PLAN_LINE.initial,
    )


def terms_of(line: PlanLine) -> PlanTerms:
    """The line as it was agreed; lines written before their text was kept have a fixed rate and nothing more."""
    if line.terms is not None:
        return plans.terms_from_text(line.terms)
    if line.rate is not None:
        royalty = RoyaltyPlan(line.base or "", (YearRate(1, line.rate.normalize()),), line.due_n)
        return PlanTerms(line.kind, royalty=royalty)
    return PlanTerms(line.kind, line.minor, line.title, plans.length_of(line.due_n, line.due_unit))


async def findings_of(
    db: AsyncSession, draft: Draft, plan: Sequence[PlanTerms], stated: Sequence[Mapping[str, str]], now: datetime
) -> dict[str, Any]:
    """What a reader of the draft should look at twice: clauses SPC-T art. 10 may touch, and parts of the price.

    A row that was read in the law's own text, and that binds, refuses; what is custom or recalled is only pointed out.
    """
    words = [(clause.title, clause.text) for clause in draft.clauses]
    words += [(fact["title_zh"], fact["text"]) for fact in stated if "text" in fact]
    return {
        "clauses": screening.stated(words),
        "plan": await _plan_findings(db, plan, state_asset=draft.state_asset, now=now),
    }


async def _plan_findings(db: AsyncSession, plan: Sequence[PlanTerms], *, state_asset: bool, now: datetime) -> list[str]:
    """O32 art. 28 binds state-owned enterprises; for others its numbers are a custom."""
    on, who = shanghai_day(now), ("soe" if state_asset else "non_soe", "any")
    keys = ("payment.first_part_ratio_min", "payment.length", "payment.rest.length_max")
    flags = ("payment.rest.security", "payment.rest.bank_rate_interest")
    rows = {key: await rulebook.find_rule(db, key, on=on, applies_to=who) for key in (*keys, *flags)}
    ratio, first, rest = (rows[key] for key in keys)
    if ratio is None or first is None or rest is None:
        return []
    asked = [row is not None and row.is_set for row in (rows[key] for key in flags)]
    calendar = await rulebook.work_calendar(db)
    rule = InstalmentRule(ratio.decimal, first.length, rest.length, *asked)
    faults = plans.instalment_faults(plan, rule, now, calendar=calendar)
    hard = {
        plans.InstalmentFault.FIRST_PART_TOO_SMALL: ratio,
        plans.InstalmentFault.REST_TOO_LATE: rest,
        plans.InstalmentFault.REST_NOT_SECURED: rows[flags[0]],
        plans.InstalmentFault.REST_WITHOUT_INTEREST: rows[flags[1]],
    }
    refused = [
        fault for fault in faults if (row := hard[fault]) and row.is_enforceable and row.binding is Binding.MANDATORY
    ]
    if refused:
        raise errors.InstalmentsUnfit(
            faults=refused, source=ratio.source, first_ratio_min=ratio.decimal, pointer="/body/plan"
        )
    return [fault.value for fault in faults]


async def _require_sellable(db: AsyncSession, draft: Draft, today: date) -> None:
    await achievements.require_sellable(
        db,
        draft.achievement_ids,
        mode=draft.sale_mode,
        approval_ids=draft.approval_ids,
        price_minor=held_against_floor(draft.plan),
        licence_kind=draft.licence_kind,
        seller=draft.seller_org,
        territory=draft.scope.territory,
        field=draft.scope.field,
        manner=draft.scope.manner,
        valid_until=rules.term_until(today, draft.scope.term_years),
        terms_sha256=draft.terms_sha256,
    )


async def objects_of(db: AsyncSession, achievement_ids: Sequence[UUID]) -> list[ObjectText]:
    """What the contract is about, as the record holds it today."""
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
            tuple(
                RightText(
                    right.kind.value,
                    right.number,
                    right.valid_until,
                    right.filed_on,
                    templates.application_number_of(right.number) if right.kind in PATENTS else None,
                )
                for right in one.rights
            ),
        )
        for one in (facts[wanted] for wanted in achievement_ids)
    ]


async def patents_of(db: AsyncSession, achievement_ids: Sequence[UUID]) -> list[PatentFacts]:
    """The patents and applications among what is sold, with all that art. 845 asks for, as far as the record goes."""
    facts = await achievements.get_facts(db, achievement_ids)
    orgs = {owner.org_id for one in facts.values() for owner in one.owners if owner.org_id}
    named = await identity.get_organisations(db, orgs)
    return [
        PatentFacts(
            name=one.title_zh or one.title_en,
            owners=tuple(named[owner.org_id].name if owner.org_id else "-" for owner in one.owners),
            number=right.number,
            application_number=templates.application_number_of(right.number),
            filed_on=right.filed_on,
            expires_on=right.valid_until,
            is_pending=right.status in PENDING,
            is_over=right.status in OVER,
        )
        for one in facts.values()
        for right in one.rights
        if right.kind in PATENTS
    ]


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


def crossing_of(contract: Contract) -> Crossing | None:
    said = contract.crossing
    if said is None:
        return None
    return Crossing(borders.Direction(said["direction"]), borders.Category(said["category"]), said["fiscal_project"])


def _with_period(line: PlanTerms, within: Length) -> PlanTerms:
    if line.kind not in plans.FIXED or line.within is not None or line.due_on is not None:
        return line
    return replace(line, within=within)


def _summary(plan: Sequence[PlanTerms], within: Length) -> PriceTerms:
    fee = sum(line.minor or 0 for line in plan if line.kind in plans.ON_EFFECT)
    first = next((line for line in plan if line.kind in plans.ON_EFFECT), None)
    royalty = next((line.royalty for line in plan if line.royalty is not None), None)
    length = None if first is None or first.within is None else first.within
    return PriceTerms(
        fee or None,
        {"n": (length or within).n, "unit": (length or within).unit.value},
        None if royalty is None else RoyaltyTerms(royalty.rates[0].rate, royalty.base, royalty.due_days),
        tuple(Milestone(line.title or "", line.minor or 0) for line in plan if line.kind is LineKind.MILESTONE),
        {"n": within.n, "unit": within.unit.value},
    )


def _more(draft: Draft) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if draft.task is not None:
        said["task"] = dict(draft.task)
    if draft.crossing is not None:
        said["crossing"] = _crossing_text(draft.crossing)
    if draft.trial_months is not None:
        said["trial"] = {"months": draft.trial_months, "fee": None, "unless_accepted": "lapses"}
    if draft.title_moves is not None:
        said["title_moves"] = draft.title_moves.value
    if draft.origin is not Origin.MARKET:
        said["origin"] = draft.origin.value
        said["made_elsewhere"] = dict(draft.outside or {})
    return said


def _crossing_text(crossing: Crossing) -> dict[str, Any]:
    return {
        "direction": crossing.direction.value,
        "category": crossing.category.value,
        "fiscal_project": crossing.fiscal_project,
    }


def _row(draft: Draft, number: str, rule_date: date, now: datetime) -> Contract:
    about_rights, made = draft.type in ABOUT_RIGHTS, draft.outside
    return Contract(
        id=new_id(),
        number=number,
        award_id=draft.award_id,
        listing_id=draft.listing_id,
        type=draft.type,
        form=draft.form,
        licence_kind=draft.licence_kind,
        origin=draft.origin,
        state=CONTRACT.initial,
        rule_date=rule_date,
        scope={"territory": draft.scope.territory, "field": draft.scope.field, "manner": draft.scope.manner}
        if about_rights
        else {},
        term_years=draft.scope.term_years,
        current_n=1,
        notice_id=draft.notice_id,
        approval_ids=list(draft.approval_ids),
        crossing=None if draft.crossing is None else _crossing_text(draft.crossing),
        trial_months=draft.trial_months,
        title_moves=draft.title_moves,
        deposit_minor=0,
        signed_on=None if made is None else date.fromisoformat(made["signed_on"]),
        scan_sha256=None if made is None else made["scan_sha256"],
        paid_sha256=None if made is None else made["paid_sha256"],
        created_at=now,
    )
