"""What other rules would have made of what is distributed already, over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, MoneyOut, SafeText, Wire
from techmarket.revenue import errors, service
from techmarket.revenue.lifecycle import DistributionState
from techmarket.revenue.views import EffectsView

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)

PackText = Annotated[str, SafeText(200_000, multiline=True)]


class WeighRules(Wire):
    pack: PackText | None = Field(default=None, description="a policy pack (YAML or JSON); left out, the book as it is")
    cursor: Cursor = None


class RuleOut(Wire):
    value: str
    unit: str
    binding: str
    evidence: str
    source: str
    effective_from: date


class RuleChangeOut(Wire):
    key: str
    jurisdiction: str
    was: RuleOut | None = Field(description="the row that the distribution was computed by")
    would_be: RuleOut | None


class EffectOut(Wire):
    distribution_id: UUID
    contract_id: UUID | None
    unit_id: UUID
    state: DistributionState
    rule_date: date
    reward: MoneyOut
    reward_would_be: MoneyOut | None
    unit_part: MoneyOut
    unit_part_would_be: MoneyOut | None
    refused: str | None = Field(description="the code by which the other rules would refuse such a split")
    lines_changed: int
    changes: list[RuleChangeOut]


class EffectsOut(Wire):
    items: list[EffectOut]
    looked_at: int = Field(description="how many distributions this page looked at; those not listed stay the same")
    next_cursor: str | None


@router.post(
    "/revenue/rule-effects",
    response_model=EffectsOut,
    operation_id="listRuleEffects",
    responses=refusals(errors.PackUnsound),
    openapi_extra={"x-changes-nothing": True},
)
async def list_effects(body: WeighRules, actor: SignedIn, tx: TxDep) -> EffectsView:
    """Which distributions a pack would have made otherwise, had it been in the book. Changes none of them."""
    return await service.list_effects(tx, actor, pack=body.pack, cursor=body.cursor)
