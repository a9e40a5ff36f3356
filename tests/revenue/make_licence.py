"""Makers that walk through the house: a licence in force, its money released, its share table signed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from techmarket.achievements.rules import Owner
from techmarket.contracts import service as contracts
from techmarket.contracts.rules import RoyaltyBase
from techmarket.contracts.service.drafting import RoyaltyTerms, ScopeTerms
from techmarket.contracts.views import ContractView
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import OrgKind, Role
from techmarket.kernel.ids import Ref
from techmarket.kernel.seals import SealKey
from techmarket.revenue import service
from techmarket.revenue.case import Group, GroupShare, Share, Table
from techmarket.revenue.views import DistributionView, ShareTableView
from techmarket.rulebook import service as rulebook
from techmarket.settlement import service as settlement
from techmarket.settlement import steps as settlement_steps
from tests.achievements.make import an_achievement_id
from tests.identity.make import Keyed, a_market, a_member, an_organisation
from tests.notices.make import a_sandbox, an_evidence, hang, move_to, shanghai
from tests.revenue.make import COSTS, TABLE
from tests.settlement.make import a_message, from_the_bank

POSTED = "ee" * 32


@dataclass(frozen=True)
class Partner:
    """Another unit that owns a part of the achievement, and its one inventor."""

    unit: Keyed
    inventor: Keyed


@dataclass(frozen=True)
class Licence:
    """A licence in force between a unit and a buyer, made by three inventors A, B and C."""

    tx: Tx
    keys: Keys
    market: dict[str, Keyed]
    unit: Keyed
    buyer: Keyed
    inventors: tuple[Keyed, ...]
    achievement_id: UUID
    contract: ContractView
    partner: Partner | None = None

    @property
    def id(self) -> UUID:
        return self.contract.id

    def table(self, **changes: object) -> Table:
        """The worked example's table, with this licence's people."""
        main = TABLE.groups[0]
        people = tuple(
            Share(str(who.actor.person), share.weight) for who, share in zip(self.inventors, main.people, strict=True)
        )
        groups = (GroupShare(Group.MAIN, main.weight, people), *TABLE.groups[1:])
        return replace(TABLE, groups=groups, **changes)


async def a_licence(
    tx: Tx,
    keys: Keys,
    *,
    kind: OrgKind = OrgKind.UNIVERSITY,
    applies_local_rules: bool = True,
    entry_fee_minor: int = 600_000_00,
    co_owned: Decimal | None = None,
    granted: bool = False,
    region: str = "330100",
    terms: dict[str, Any] | None = None,
) -> Licence:
    """In force on 18 March 2026; a university has published its price for 15 days before. Other `terms` make it
    another contract than a licence."""
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    market = await a_market(tx, keys)
    await rulebook.load_rules(tx)
    unit = await an_organisation(tx, kind=kind, keys=keys, applies_local_rules=applies_local_rules, region=region)
    buyer = await an_organisation(tx, keys=keys)
    inventors = tuple([await a_member(tx, unit.actor, Role.INVENTOR, keys=keys) for _ in range(3)])
    partner = None
    stated: dict[str, Any] = {"completers": tuple(inventor.actor.person for inventor in inventors)}
    if co_owned is not None:
        other = await an_organisation(tx, kind=kind, keys=keys)
        partner = Partner(other, await a_member(tx, other.actor, Role.INVENTOR, keys=keys))
        stated["completers"] = (*stated["completers"], partner.inventor.actor.person)
        stated["owners"] = (Owner(1 - co_owned, org_id=unit.actor.org), Owner(co_owned, org_id=other.actor.org))
    if granted:
        shares = zip(inventors, map(Decimal, ("0.45", "0.27", "0.18")), strict=True)
        owners = (Owner(share, person_id=inventor.actor.person) for inventor, share in shares)
        stated["owners"] = (Owner(Decimal("0.1"), org_id=unit.actor.org), *owners)
    achievement_id = await an_achievement_id(tx, unit.actor, **stated)
    contract = await contracts.draft_directly(
        tx,
        unit.actor,
        buyer_org=buyer.actor.org,
        achievement_ids=[achievement_id],
        **terms
        or {
            "licence_kind": "ORDINARY",
            "scope": ScopeTerms("CN", "ANY", "ANY", 6),
            "entry_fee_minor": entry_fee_minor,
            "royalty": RoyaltyTerms(Decimal("0.03"), RoyaltyBase.NET_SALES, 30),
        },
    )
    sha256 = contract.document_sha256
    contract = await contracts.open_signing(tx, unit.actor, contract.id, document_sha256=sha256)
    if contract.notice_id is not None:
        await hang(tx, unit.actor, contract.notice_id)
    await an_evidence(tx, unit.actor, POSTED)
    await move_to(tx, shanghai(2026, 3, 18, 9))
    await contracts.sign(tx, unit.actor, contract.id, document_sha256=sha256)
    contract = await contracts.sign(tx, buyer.actor, contract.id, document_sha256=sha256)
    return Licence(tx, keys, market, unit, buyer, inventors, achievement_id, contract, partner)


async def pay_and_release(licence: Licence) -> list[UUID]:
    """The bank reports every open due of the contract as paid, and the market releases the money; returns the dues."""
    async with licence.tx.read() as db:
        dues = await settlement_steps.dues_of(db, Ref("contract", licence.id))
    released = [due for due in dues if due.state.value == "OPEN"]
    for due in released:
        await from_the_bank(licence.tx, licence.keys, await a_message(licence.tx, due))
        await settlement.release_due(licence.tx, licence.market["finance"].actor, due.id)
    return [due.id for due in released]


async def receive_entry_fee(licence: Licence) -> UUID:
    """600,000.00 released on 20 March 2026 and entered as income."""
    await move_to(licence.tx, shanghai(2026, 3, 20, 10))
    (due_id,) = await pay_and_release(licence)
    assert await service.take_released(licence.tx, due_id) is True
    return due_id


async def receive_royalty(licence: Licence) -> UUID:
    """553,703.67 on net sales of 18,456,789.12, released on 2 July 2026 and entered as income."""
    await move_to(licence.tx, shanghai(2026, 7, 2, 10))
    period = {"period_from": licence.contract.term_from, "period_to": shanghai(2026, 6, 30, 12).date()}
    await contracts.report_royalty(licence.tx, licence.buyer.actor, licence.id, base_minor=18_456_789_12, **period)
    (due_id,) = await pay_and_release(licence)
    assert await service.take_released(licence.tx, due_id) is True
    return due_id


async def enter_costs(licence: Licence) -> None:
    """The costs of the worked example that the unit itself has; the fee comes from the releases."""
    for cost in COSTS[1:]:
        await service.add_cost(
            licence.tx,
            licence.unit.actor,
            licence.id,
            kind=cost.kind,
            minor=cost.minor,
            evidence=cost.evidence or "",
            evidence_sha256=None,
            incurred_on=shanghai(2026, 4, 1).date(),
        )


async def a_table(licence: Licence, table: Table | None = None) -> ShareTableView:
    """A table of the contract that is open for signing."""
    drafted = await service.draft_share_table(
        licence.tx, licence.unit.actor, contract_id=licence.id, achievement_id=None, table=table or licence.table()
    )
    return await service.open_signing(licence.tx, licence.unit.actor, drafted.id)


async def sign(licence: Licence, table: ShareTableView, *who: int) -> ShareTableView:
    for number in who:
        table = await service.sign_share_table(
            licence.tx, licence.inventors[number].actor, table.id, document_sha256=table.document_sha256
        )
    return table


async def a_signed_table(licence: Licence, table: Table | None = None) -> ShareTableView:
    return await sign(licence, await a_table(licence, table), 0, 1, 2)


async def a_published_distribution(licence: Licence) -> DistributionView:
    """The entry fee split and its reward list standing in the unit."""
    await receive_entry_fee(licence)
    drafted = await service.draft_distribution(licence.tx, licence.unit.actor, licence.id)
    return await service.publish_distribution(licence.tx, licence.unit.actor, drafted.id, posted_sha256=POSTED)


def trusted(keys: Keys) -> dict[str, SealKey]:
    """The public keys that a reader of this market's files has."""
    return {seal.kid: seal.public for seal in (keys.log, keys.receipts)}
