"""The dry run over HTTP: a split before anything is signed; nothing is kept."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import (
    Code,
    Day,
    PositiveMoney,
    RateIn,
    ShortText,
    Wire,
)
from techmarket.api.share_tables import PEOPLE_MAX, TABLE_REFUSALS, Weight
from techmarket.revenue import errors, service
from techmarket.revenue.case import Basis, Cost, Group, GroupShare, Mode, Receipt, Share, Table
from techmarket.revenue.service.calculating import Question

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)


class NamedWeight(Wire):
    """In a dry run people need no account: any name for them will do."""

    name: Code
    weight: Weight


class GroupAsked(Wire):
    group: Group
    weight: Weight
    people: Annotated[list[NamedWeight], Field(max_length=PEOPLE_MAX)] = Field(default_factory=list)


class TableAsked(Wire):
    basis: Basis = Basis.REWARD
    rate: RateIn | None = None
    title_share: RateIn | None = None
    groups: Annotated[list[GroupAsked], Field(min_length=1, max_length=len(Group))]

    def value(self) -> Table:
        return Table(
            tuple(
                GroupShare(
                    one.group,
                    Decimal(one.weight),
                    tuple(Share(person.name, Decimal(person.weight)) for person in one.people),
                )
                for one in self.groups
            ),
            self.basis,
            self.rate,
            self.title_share,
        )


class ReceiptAsked(Wire):
    amount: PositiveMoney
    received_on: Day
    purpose: Code = "PRICE"


class CostAsked(Wire):
    kind: Code
    amount: PositiveMoney
    evidence: ShortText | None = None


class Calculate(Wire):
    """In equity the receipt is the valued contribution; in self and joint implementation the year's profit."""

    mode: Mode
    rule_date: Day
    jurisdiction: Annotated[str, Field(strict=True, pattern=r"^CN(-[1-9][0-9]([0-9]{2}){0,2})?$")] = "CN-33"
    is_government_established: bool = True
    receipts: Annotated[list[ReceiptAsked], Field(min_length=1, max_length=200)]
    costs: Annotated[list[CostAsked], Field(max_length=200)] = Field(default_factory=list)
    table: TableAsked
    pay_on: Day
    is_registered: bool = False
    term_years: Annotated[int, Field(ge=1, le=100)] | None = None
    registered_capital: PositiveMoney | None = None


class CalculationOut(Wire):
    format: str
    inputs: dict[str, Any]
    steps: list[dict[str, Any]]
    outcome: dict[str, Any]


@router.post(
    "/revenue/calculations",
    response_model=CalculationOut,
    operation_id="calculateRevenue",
    responses=refusals(*TABLE_REFUSALS, errors.NothingToShare, errors.TooSmallToSplit),
    openapi_extra={"x-changes-nothing": True},
)
async def calculate(body: Calculate, actor: Reader, tx: TxDep) -> object:
    """Compute a split before anything is signed, by the rules of a day. Nothing is kept."""
    question = Question(
        mode=body.mode,
        rule_date=body.rule_date,
        jurisdiction=body.jurisdiction,
        is_government=body.is_government_established,
        receipts=[
            Receipt(str(n), one.amount.minor, one.received_on, one.purpose) for n, one in enumerate(body.receipts, 1)
        ],
        costs=[Cost(str(n), one.kind, one.amount.minor, one.evidence) for n, one in enumerate(body.costs, 1)],
        table=body.table.value(),
        pay_on=body.pay_on,
        is_registered=body.is_registered,
        term_years=body.term_years,
        capital=body.registered_capital,
    )
    return await service.calculate(tx, actor, question)
