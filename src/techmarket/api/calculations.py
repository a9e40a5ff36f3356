"""The dry run over HTTP: a split before anything is signed; nothing is kept."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import (
    Code,
    Day,
    PositiveMoney,
    ShortText,
    Wire,
)
from techmarket.api.share_tables import PEOPLE_MAX, TABLE_REFUSALS, TableTerm, Weight
from techmarket.revenue import errors, service
from techmarket.revenue.asking import Question
from techmarket.revenue.case import Cost, Group, Mode, Receipt, Table

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)


class NamedWeight(Wire):
    """In a dry run people need no account: any name for them will do."""

    name: Code
    weight: Weight

    @property
    def key(self) -> str:
        return self.name


class GroupAsked(Wire):
    group: Group
    weight: Weight
    people: Annotated[list[NamedWeight], Field(max_length=PEOPLE_MAX)] = Field(default_factory=list)


class TableAsked(TableTerm):
    groups: Annotated[list[GroupAsked], Field(min_length=1, max_length=len(Group))]

    def value(self) -> Table:
        return self.of(self.groups)


class ReceiptAsked(Wire):
    amount: PositiveMoney
    received_on: Day
    purpose: Code = "PRICE"


class CostAsked(Wire):
    kind: Code
    amount: PositiveMoney
    evidence: ShortText | None = None


Jurisdiction = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^(CN(-[1-9][0-9]([0-9]{2}){0,2})?|X[A-Z])$",
        description="XA and XB are samples shaped like policies of universities elsewhere; they serve dry runs alone",
    ),
]
Receipts = Annotated[list[ReceiptAsked], Field(min_length=1, max_length=200)]
Costs = Annotated[list[CostAsked], Field(max_length=200)]
Years = Annotated[int, Field(ge=1, le=100)]
SCENARIOS_MAX = 12


class Scenario(Wire):
    """Another answer beside the first: what it does not say is as in the question."""

    name: ShortText
    mode: Mode | None = None
    rule_date: Day | None = None
    jurisdiction: Jurisdiction | None = None
    is_government_established: bool | None = None
    is_pilot_unit: bool | None = None
    receipts: Receipts | None = None
    costs: Costs | None = None
    table: TableAsked | None = None
    pay_on: Day | None = None
    is_registered: bool | None = None
    term_years: Years | None = None
    registered_capital: PositiveMoney | None = None


class Calculate(Wire):
    """In equity the receipt is the valued contribution; in self and joint implementation the year's profit."""

    mode: Mode
    rule_date: Day
    jurisdiction: Jurisdiction = "CN-33"
    is_government_established: bool = True
    is_pilot_unit: bool = False
    receipts: Receipts
    costs: Costs = Field(default_factory=list)
    table: TableAsked
    pay_on: Day
    is_registered: bool = False
    term_years: Years | None = None
    registered_capital: PositiveMoney | None = None
    scenarios: Annotated[list[Scenario], Field(max_length=SCENARIOS_MAX)] = Field(default_factory=list)

    def question(self) -> Question:
        return Question(
            mode=self.mode,
            rule_date=self.rule_date,
            jurisdiction=self.jurisdiction,
            is_government=self.is_government_established,
            receipts=[
                Receipt(str(n), one.amount.minor, one.received_on, one.purpose)
                for n, one in enumerate(self.receipts, 1)
            ],
            costs=[Cost(str(n), one.kind, one.amount.minor, one.evidence) for n, one in enumerate(self.costs, 1)],
            table=self.table.value(),
            pay_on=self.pay_on,
            is_registered=self.is_registered,
            term_years=self.term_years,
            capital=self.registered_capital,
            is_pilot=self.is_pilot_unit,
        )

    def others(self) -> dict[str, Question]:
        """The scenarios by name; of two with one name the second is told apart by its number."""
        found: dict[str, Question] = {}
        for n, one in enumerate(self.scenarios, start=1):
            said = {name: getattr(one, name) for name in one.model_fields_set - {"name"}}
            changed = self.model_copy(update={name: value for name, value in said.items() if value is not None})
            found[one.name if one.name not in found else f"{one.name} ({n})"] = changed.question()
        return found


class RefusedOut(Wire):
    code: str
    zh: str
    en: str


class ScenarioOut(Wire):
    name: str
    outcome: dict[str, Any] | None
    explanation: dict[str, Any] | None
    refused: RefusedOut | None = Field(description="why this scenario has no outcome, where it has none")


class CalculationOut(Wire):
    format: str
    inputs: dict[str, Any]
    steps: list[dict[str, Any]]
    outcome: dict[str, Any]
    explanation: dict[str, Any] = Field(description="a tree: each node with rule, source, inputs (`from`) and result")
    scenarios: list[ScenarioOut]


@router.post(
    "/revenue/calculations",
    response_model=CalculationOut,
    operation_id="calculateRevenue",
    responses=refusals(*TABLE_REFUSALS, errors.NothingToShare, errors.TooSmallToSplit, errors.TooManyAsked),
    openapi_extra={"x-changes-nothing": True},
)
async def calculate(body: Calculate, actor: Reader, tx: TxDep) -> object:
    """Compute a split before anything is signed, by the rules of a day, and other terms beside it. Nothing is kept."""
    return await service.calculate(tx, actor, body.question(), body.others())
