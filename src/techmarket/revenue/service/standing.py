"""What a split rests on: the contract's facts, the unit's standing and the rows of its rule date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import steps as contracts
from techmarket.contracts.lifecycle import RegistrationState
from techmarket.contracts.rules import ContractType
from techmarket.contracts.steps import ContractFacts
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.refusals import NotFound
from techmarket.revenue import norming, policy
from techmarket.revenue.case import Mode, Norm
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.rules import Rule, jurisdictions_of, unit_scope
from techmarket.settlement.rules import Channel

CHANNEL = "reward.channel"
CHANNELS = {"payroll": Channel.PAYROLL, "escrow": Channel.ESCROW}
MODES = {ContractType.LICENCE: Mode.LICENCE, ContractType.TRANSFER: Mode.TRANSFER}
"""The other kinds of contract follow agreement and unit rule; no statute names a floor (ZJR art. 41)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One contract as the rules of sharing see it."""

    contract: ContractFacts
    mode: Mode
    jurisdiction: str
    is_government: bool
    norms: tuple[Norm, ...]

    @property
    def unit_id(self) -> UUID:
        return self.contract.payee_org

    @property
    def sellers(self) -> tuple[str, ...]:
        return ("government_unit", "any") if self.is_government else ("enterprise", "any")

    @property
    def subjects(self) -> list[str]:
        """Where its share table may hang: on the contract itself, or on its one achievement."""
        achievements = self.contract.achievement_ids
        own = [f"contract:{self.contract.id}"]
        return [*own, f"achievement:{achievements[0]}"] if len(achievements) == 1 else own


async def contract_of(db: AsyncSession, actor: Actor, contract_id: UUID) -> ContractFacts:
    """The contract, for the unit whose income it is and for the market; to the payer its split is none of his."""
    facts = await contracts.get_contract(db, contract_id)
    if not policy.sees_money_of(actor, facts.payee_org):
        raise NotFound()
    return facts


async def standing_of(db: AsyncSession, contract: ContractFacts) -> Standing:
    unit = await identity.get_organisation(db, contract.payee_org)
    mode = MODES.get(contract.type, Mode.OTHER)
    jurisdiction = unit.jurisdiction if unit.applies_local_rules else "CN"
    norms = await norms_of(
        db,
        on=contract.rule_date,
        jurisdiction=jurisdiction,
        mode=mode,
        is_government=unit.government_established,
        unit=unit.id,
    )
    return Standing(contract, mode, jurisdiction, unit.government_established, norms)


async def norms_of(
    db: AsyncSession, *, on: date, jurisdiction: str, mode: Mode, is_government: bool, unit: UUID | None
) -> tuple[Norm, ...]:
    """The rows that held on the day, for this kind of unit in this place."""
    rows = await rows_of(db, on=on, jurisdiction=jurisdiction)
    return norming.choose_norms(
        rows, on=on, jurisdiction=jurisdiction, mode=mode, is_government=is_government, unit=unit
    )


async def channel_of(db: AsyncSession, standing: Standing) -> Channel:
    """Who pays the people: the unit with its wages, or, where a row of the unit says so, the market from escrow."""
    rule = await rulebook.get_rule(
        db,
        CHANNEL,
        on=standing.contract.rule_date,
        jurisdiction=standing.jurisdiction,
        applies_to=standing.sellers,
        scope=unit_scope(standing.unit_id),
    )
    return CHANNELS[rule.value]


async def rows_of(db: AsyncSession, *, on: date, jurisdiction: str) -> list[Rule]:
    """All that the book says about sharing on that day in that place, for every kind of unit."""
    return await rulebook.list_rules(db, norming.NORM_KEYS, on=on, jurisdictions=jurisdictions_of(jurisdiction))


async def is_registered(db: AsyncSession, contract_id: UUID) -> bool:
    """The relief hangs on a registration that stands (技术合同认定登记), not on the market's certificate."""
    registration = await contracts.registration_of(db, contract_id)
    return registration is not None and registration.state is RegistrationState.REGISTERED
