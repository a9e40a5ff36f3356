"""A unit's own rule on sharing over HTTP: entered as it was published, adopted by a second officer."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Day, NonNegativeMoney, RateIn, Sha256, ShortText, Uuid, Wire
from techmarket.api.share_tables import Weight
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.notices import errors as notices
from techmarket.revenue import errors, service
from techmarket.revenue.case import Group, Mode
from techmarket.revenue.cumulating import Tier
from techmarket.revenue.lifecycle import UnitRuleState
from techmarket.revenue.unit_rules import Publication, Scale, UnitRuleDraft
from techmarket.revenue.views import UnitRuleView
from techmarket.rulebook import errors as rulebook

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)


class RateOfMode(Wire):
    mode: Mode
    rate: RateIn


class WeightOfGroup(Wire):
    group: Group
    weight: Weight


class Receiver(StrEnum):
    INVENTORS = "inventors"
    DEPARTMENT = "department"
    LABORATORY = "laboratory"


class TierIn(Wire):
    who: Receiver
    above: NonNegativeMoney = Field(description="The cumulative net income above which this part holds")
    ratio: RateIn


class ScaleIn(Wire):
    """Parts by cumulative net income, instead of one rate."""

    modes: Annotated[list[Mode], Field(min_length=1, max_length=2)]
    tiers: Annotated[list[TierIn], Field(min_length=1, max_length=60)]

    def value(self) -> Scale:
        parts: dict[str, list[Tier]] = {}
        for one in self.tiers:
            parts.setdefault(one.who.value, []).append(Tier(one.above.minor, one.ratio))
        return Scale(tuple(self.modes), parts)


class DraftUnitRule(Wire):
    title: ShortText
    rates: Annotated[list[RateOfMode], Field(max_length=len(Mode))] = Field(default_factory=list)
    scale: ScaleIn | None = None
    groups: Annotated[list[WeightOfGroup], Field(max_length=len(Group))] = Field(default_factory=list)
    effective_from: Day
    published_on: Day
    place: ShortText = Field(description="Where it was made public in the unit")
    publication_sha256: Sha256
    heard_on: Day = Field(description="When the staff was heard")
    hearing_sha256: Sha256

    def value(self) -> UnitRuleDraft:
        if len({one.mode for one in self.rates}) != len(self.rates):
            raise errors.UnitRuleMalformed(reason="mode_twice", pointer="/body/rates")
        if len({one.group for one in self.groups}) != len(self.groups):
            raise errors.UnitRuleMalformed(reason="group_twice", pointer="/body/groups")
        shown = Publication(self.published_on, self.place, self.publication_sha256, self.heard_on, self.hearing_sha256)
        return UnitRuleDraft(
            self.title,
            {one.mode: one.rate for one in self.rates},
            {one.group: Decimal(one.weight) for one in self.groups},
            self.effective_from,
            shown,
            None if self.scale is None else self.scale.value(),
        )


class AdoptUnitRule(Wire):
    document_sha256: Sha256


class UnitRuleOut(Wire):
    id: UUID
    unit_id: UUID
    n: int
    state: UnitRuleState
    document_sha256: str
    effective_from: date
    effective_to: date | None
    adopted_at: datetime | None
    document: dict[str, Any]


class UnitRuleList(Wire):
    items: list[UnitRuleOut]


@router.post(
    "/unit-rules",
    status_code=201,
    response_model=UnitRuleOut,
    operation_id="draftUnitRule",
    responses=refusals(errors.UnitRuleMalformed, errors.BelowFloor, errors.TableMalformed, notices.EvidenceMissing),
)
async def draft_unit_rule(body: DraftUnitRule, actor: SignedIn, tx: TxDep) -> UnitRuleView:
    """Enter your unit's rule on sharing, with the files that show its publication and that the staff was heard."""
    return await service.draft_unit_rule(tx, actor, body.value())


@router.post(
    "/unit-rules/{unit_rule_id}/adoption",
    response_model=UnitRuleOut,
    operation_id="adoptUnitRule",
    responses=refusals(
        NotInThisState,
        errors.SecondEyeNeeded,
        errors.UnitRuleMalformed,
        errors.SignedUnderAnother,
        rulebook.RulesOverlap,
        rulebook.SuccessorInThePast,
    ),
)
async def adopt_unit_rule(unit_rule_id: Uuid, body: AdoptUnitRule, actor: SignedIn, tx: TxDep) -> UnitRuleView:
    """Put a rule in force that another officer entered: contracts from its first day on are shared by it."""
    return await service.adopt_unit_rule(tx, actor, unit_rule_id, document_sha256=body.document_sha256)


@router.get(
    "/organisations/{organisation_id}/unit-rules",
    response_model=UnitRuleList,
    operation_id="listUnitRules",
    responses=refusals(),
)
async def list_unit_rules(organisation_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """The rules of your own unit, newest first."""
    return {"items": await service.list_unit_rules(tx, actor, organisation_id)}
