"""What a split rests on: the contract's facts, the unit's standing and the rows of its rule date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.contracts import steps as contracts
from techmarket.contracts.lifecycle import RegistrationState
from techmarket.contracts.rules import ContractType
from techmarket.contracts.steps import ContractFacts
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.refusals import NotFound
from techmarket.revenue import errors, incomes, norming, policy
from techmarket.revenue.case import Mode, Norm
from techmarket.revenue.incomes import Holder, Subject
from techmarket.revenue.repository import booking
from techmarket.revenue.tables import Distribution
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.rules import Rule, jurisdictions_of, unit_scope
from techmarket.settlement.rules import Channel

CHANNEL = "reward.channel"
PILOT = "unit.pilot"
CHANNELS = {"payroll": Channel.PAYROLL, "escrow": Channel.ESCROW}
MODES = {ContractType.LICENCE: Mode.LICENCE, ContractType.TRANSFER: Mode.TRANSFER}
"""The other kinds of contract follow agreement and unit rule; no statute names a floor (ZJR art. 41)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One unit's income of one mode, from a contract or an achievement, as the rules of sharing see it."""

    subject: Subject
    contract: ContractFacts | None
    achievement_ids: tuple[UUID, ...]
    rule_date: date
    mode: Mode
    jurisdiction: str
    is_government: bool
    is_pilot: bool
    norms: tuple[Norm, ...]

    @property
    def unit_id(self) -> UUID:
        return self.subject.unit_id

    @property
    def sellers(self) -> tuple[str, ...]:
        return ("government_unit", "any") if self.is_government else ("enterprise", "any")

    @property
    def subjects(self) -> list[str]:
        """Where its share table may hang: on the contract or the achievement itself, or on the contract's only one."""
        if self.contract is not None and len(self.achievement_ids) == 1:
            return [self.subject.key, f"achievement:{self.achievement_ids[0]}"]
        return [self.subject.key]

    @property
    def title(self) -> str:
        """What a reward list calls it: the contract's number, or the achievement."""
        return self.contract.number if self.contract is not None else self.subject.key


async def contract_of(db: AsyncSession, actor: Actor, contract_id: UUID) -> ContractFacts:
    """The contract, for the units whose income it is and for the market; to the payer its split is none of his."""
    facts = await contracts.get_contract(db, contract_id)
    if policy.sees_money_of(actor, facts.payee_org):
        return facts
    if actor.org_id is None or not policy.sees_money_of(actor, actor.org_id):
        raise NotFound()
    if actor.org_id not in await parts_of(db, facts) and not await booking.has_income(db, facts.id, actor.org_id):
        raise NotFound()
    return facts


async def subject_of(db: AsyncSession, actor: Actor, contract_id: UUID | None, achievement_id: UUID | None) -> Subject:
    """The door: the acting unit's part of a contract or of an achievement it owns; to the market the first unit's."""
    if (contract_id is None) == (achievement_id is None):
        raise errors.TableMalformed(reason="contract_or_achievement_not_both", pointer="/body/contract_id")
    if contract_id is not None:
        facts = await contract_of(db, actor, contract_id)
        owner = facts.payee_org if actor.is_market or actor.org_id is None else actor.org_id
        return Subject(contract_id, None, owner)
    assert achievement_id is not None
    found = (await achievements.get_facts(db, [achievement_id])).get(achievement_id)
    if found is None:
        raise NotFound()
    units = {found.org_id, *(owner.org_id for owner in found.owners if owner.org_id is not None)}
    unit = actor.org_id if actor.org_id in units else found.org_id
    if not policy.sees_money_of(actor, unit):
        raise NotFound()
    return Subject(None, achievement_id, unit)


async def parts_of(db: AsyncSession, contract: ContractFacts) -> dict[UUID, Decimal]:
    """Which unit has which part of a contract's income, by title; all of it the payee's where title says nothing."""
    known = await achievements.get_facts(db, contract.achievement_ids)
    titles = [
        incomes.units_of_title(one.org_id, [Holder(owner.org_id, owner.share) for owner in one.owners])
        for one in known.values()
    ]
    return incomes.parts_of_units(contract.payee_org, titles)


def mode_of(contract: ContractFacts) -> Mode:
    return MODES.get(contract.type, Mode.OTHER)


async def standing_of(
    db: AsyncSession, contract: ContractFacts, *, unit_id: UUID | None = None, mode: Mode | None = None
) -> Standing:
    """A contract as one of its units sees it; the payee, and the contract's own mode, unless another is named."""
    subject = Subject(contract.id, None, unit_id or contract.payee_org)
    return await _standing(
        db, subject, contract, contract.achievement_ids, contract.rule_date, mode or mode_of(contract)
    )


async def standing_of_subject(db: AsyncSession, subject: Subject, *, mode: Mode | None, on: date) -> Standing:
    """As `standing_of`; where no contract gives a rule date, the day given does."""
    if subject.contract_id is not None:
        contract = await contracts.get_contract(db, subject.contract_id)
        return await standing_of(db, contract, unit_id=subject.unit_id, mode=mode)
    assert subject.achievement_id is not None
    return await _standing(db, subject, None, (subject.achievement_id,), on, mode or Mode.OTHER)


async def standing_of_row(db: AsyncSession, row: Distribution) -> Standing:
    """What a distribution rested on."""
    subject = Subject(row.contract_id, row.achievement_id, row.unit_id)
    return await standing_of_subject(db, subject, mode=row.mode, on=row.rule_date)


async def _standing(
    db: AsyncSession,
    subject: Subject,
    contract: ContractFacts | None,
    achievement_ids: tuple[UUID, ...],
    rule_date: date,
    mode: Mode,
) -> Standing:
    unit = await identity.get_organisation(db, subject.unit_id)
    jurisdiction = unit.jurisdiction if unit.applies_local_rules else "CN"
    is_pilot = await is_pilot_unit(db, unit.id, rule_date)
    norms = await norms_of(
        db,
        on=rule_date,
        jurisdiction=jurisdiction,
        mode=mode,
        is_government=unit.government_established,
        unit=unit.id,
        is_pilot=is_pilot,
    )
    return Standing(
        subject,
        contract,
        tuple(achievement_ids),
        rule_date,
        mode,
        jurisdiction,
        unit.government_established,
        is_pilot,
        norms,
    )


async def is_pilot_unit(db: AsyncSession, unit_id: UUID, day: date) -> bool:
    """Its province has named it a pilot unit (试点单位): a dated row of the unit's own that names the document."""
    rule = await rulebook.find_rule(db, PILOT, on=day, scope=unit_scope(unit_id))
    return rule is not None and rule.is_set


async def norms_of(
    db: AsyncSession, *, on: date, jurisdiction: str, mode: Mode, is_government: bool, unit: UUID | None, is_pilot: bool
) -> tuple[Norm, ...]:
    """The rows that held on the day, for this kind of unit in this place."""
    rows = await rows_of(db, on=on, jurisdiction=jurisdiction)
    return norming.choose_norms(
        rows, on=on, jurisdiction=jurisdiction, mode=mode, is_government=is_government, unit=unit, is_pilot=is_pilot
    )


async def channel_of(db: AsyncSession, standing: Standing) -> Channel:
    """Who pays the people: the unit with its wages, or, where a row of the unit says so, the market from escrow."""
    rule = await rulebook.get_rule(
        db,
        CHANNEL,
        on=standing.rule_date,
        jurisdiction=standing.jurisdiction,
        applies_to=standing.sellers,
        scope=unit_scope(standing.unit_id),
    )
    return CHANNELS[rule.value]


async def rows_of(db: AsyncSession, *, on: date, jurisdiction: str) -> list[Rule]:
    """All that the book says about sharing on that day in that place, for every kind of unit."""
    return await rulebook.list_rules(db, norming.NORM_KEYS, on=on, jurisdictions=jurisdictions_of(jurisdiction))


async def is_registered(db: AsyncSession, contract_id: UUID | None) -> bool:
    """The relief hangs on a registration that stands (技术合同认定登记), not on the market's certificate."""
    if contract_id is None:
        return False
    registration = await contracts.registration_of(db, contract_id)
    return registration is not None and registration.state is RegistrationState.REGISTERED
