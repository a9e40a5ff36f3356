"""Share tables, income, distributions and statements over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import (
    Code,
    Cursor,
    Day,
    Limit,
    MoneyOut,
    PositiveMoney,
    RateIn,
    Sha256,
    ShortText,
    Uuid,
    Wire,
)
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.notices import errors as notices
from techmarket.revenue import errors, service
from techmarket.revenue.computation import Basis, Cost, Group, GroupShare, Mode, Receipt, Share, Table
from techmarket.revenue.lifecycle import DistributionState, LineState, TableState
from techmarket.revenue.service.calculating import Question
from techmarket.revenue.views import BooksView, CostView, DistributionView, LineView, ShareTableView, StatementView
from techmarket.signing import errors as signing

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)

Weight = Annotated[
    str,
    Field(strict=True, pattern=r"^(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?$", examples=["50"]),
]
PEOPLE_MAX = 5_000


class PersonWeight(Wire):
    person_id: Uuid
    weight: Weight


class NamedWeight(Wire):
    """In a dry run people need no account: any name for them will do."""

    name: Code
    weight: Weight


class GroupIn(Wire):
    group: Group
    weight: Weight
    people: Annotated[list[PersonWeight], Field(max_length=PEOPLE_MAX)] = Field(default_factory=list)


class GroupAsked(Wire):
    group: Group
    weight: Weight
    people: Annotated[list[NamedWeight], Field(max_length=PEOPLE_MAX)] = Field(default_factory=list)


class TableIn(Wire):
    basis: Basis = Basis.REWARD
    rate: RateIn | None = Field(default=None, description="The agreed part; left out, the rule that fills the gap")
    title_share: RateIn | None = Field(default=None, description="The completers' part of the ownership, for TITLE")
    groups: Annotated[list[GroupIn], Field(min_length=1, max_length=len(Group))]

    def value(self) -> Table:
        return Table(
            tuple(
                GroupShare(
                    one.group,
                    Decimal(one.weight),
                    tuple(Share(str(person.person_id), Decimal(person.weight)) for person in one.people),
                )
                for one in self.groups
            ),
            self.basis,
            self.rate,
            self.title_share,
        )


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


class DraftTable(Wire):
    contract_id: Uuid | None = None
    achievement_id: Uuid | None = None
    table: TableIn


class SignTable(Wire):
    document_sha256: Sha256


class AddCost(Wire):
    kind: Code
    amount: PositiveMoney
    evidence: ShortText = Field(description="The number of the invoice, receipt or return that shows it")
    evidence_sha256: Sha256 | None = None
    incurred_on: Day


class DraftDistribution(Wire):
    contract_id: Uuid
    share_table_id: Uuid | None = None


class PublishDistribution(Wire):
    posted_sha256: Sha256 | None = Field(
        default=None, description="Evidence that the list hangs in the unit already; else the unit confirms later"
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


class ShareTableOut(Wire):
    id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    unit_id: UUID
    n: int
    state: TableState
    document_sha256: str
    signing_id: UUID | None
    signed: int
    required: int
    created_at: datetime
    document: dict[str, Any]


class ShareTableCardOut(Wire):
    id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    unit_id: UUID
    n: int
    state: TableState
    document_sha256: str
    created_at: datetime


class ShareTablePage(Wire):
    items: list[ShareTableCardOut]
    next_cursor: str | None


class IncomeOut(Wire):
    id: UUID
    due_id: UUID
    purpose: str
    amount: MoneyOut
    received_on: date
    distribution_id: UUID | None


class CostOut(Wire):
    id: UUID
    contract_id: UUID
    kind: str
    amount: MoneyOut
    evidence: str
    evidence_sha256: str | None
    incurred_on: date
    due_id: UUID | None
    distribution_id: UUID | None
    withdrawn_at: datetime | None


class BooksOut(Wire):
    contract_id: UUID
    income: list[IncomeOut]
    costs: list[CostOut]
    open_income: MoneyOut
    open_costs: MoneyOut


class LineOut(Wire):
    id: UUID
    n: int
    group: Group
    position: int
    person_id: UUID | None
    amount: MoneyOut
    wage_base: MoneyOut | None
    state: LineState
    payout_id: UUID | None


class DistributionOut(Wire):
    id: UUID
    contract_id: UUID
    share_table_id: UUID
    unit_id: UUID
    state: DistributionState
    rule_date: date
    receipts: MoneyOut
    costs: MoneyOut
    net_income: MoneyOut
    reward: MoneyOut
    unit_part: MoneyOut
    notice_id: UUID | None
    computation_sha256: str
    created_at: datetime
    steps: list[dict[str, Any]]
    flags: list[dict[str, Any]]
    terms: list[dict[str, Any]]
    lines: list[LineOut]


class DistributionCardOut(Wire):
    id: UUID
    contract_id: UUID
    unit_id: UUID
    state: DistributionState
    net_income: MoneyOut
    reward: MoneyOut
    created_at: datetime


class DistributionPage(Wire):
    items: list[DistributionCardOut]
    next_cursor: str | None


class StatementCardOut(Wire):
    distribution_id: UUID
    contract_id: UUID
    state: DistributionState
    amount: MoneyOut
    created_at: datetime


class StatementPage(Wire):
    items: list[StatementCardOut]
    next_cursor: str | None


class StatementOut(Wire):
    distribution_id: UUID
    contract_id: UUID
    contract_number: str
    unit_id: UUID
    person_id: UUID
    state: DistributionState
    rule_date: date
    share_table_id: UUID
    share_table_sha256: str
    notice_id: UUID | None
    amount: MoneyOut
    lines: list[LineOut]
    inputs: dict[str, Any] = Field(description="What the split was computed from, cut to the reader; recompute from it")
    steps: list[dict[str, Any]]
    flags: list[dict[str, Any]]
    terms: list[dict[str, Any]]


class CalculationOut(Wire):
    format: str
    inputs: dict[str, Any]
    steps: list[dict[str, Any]]
    outcome: dict[str, Any]


_TABLE = (errors.TableMalformed, errors.BelowFloor, errors.RateNeeded)


@router.post(
    "/share-tables",
    status_code=201,
    response_model=ShareTableOut,
    operation_id="draftShareTable",
    responses=refusals(*_TABLE, errors.PersonUnknown, errors.NobodyToSign),
)
async def draft_share_table(body: DraftTable, actor: SignedIn, tx: TxDep) -> ShareTableView:
    """Draft who shares how, for a contract or an achievement. It is held to the floors before anybody signs."""
    return await service.draft_share_table(
        tx, actor, contract_id=body.contract_id, achievement_id=body.achievement_id, table=body.table.value()
    )


@router.get("/share-tables", response_model=ShareTablePage, operation_id="listShareTables", responses=refusals())
async def list_share_tables(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    contract_id: Uuid | None = None,
    achievement_id: Uuid | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """The share tables that name you, and those of your unit if you are one of its officers; newest first."""
    page = await service.list_share_tables(
        tx, actor, contract_id=contract_id, achievement_id=achievement_id, cursor=cursor, limit=limit
    )
    return page_response(
        page, response, "/v1/share-tables", limit=limit, contract_id=contract_id, achievement_id=achievement_id
    )


@router.get(
    "/share-tables/{share_table_id}",
    response_model=ShareTableOut,
    operation_id="getShareTable",
    responses=refusals(),
)
async def get_share_table(share_table_id: Uuid, actor: SignedIn, tx: TxDep) -> ShareTableView:
    """A share table with its text, for those named in it."""
    return await service.get_share_table(tx, actor, share_table_id)


@router.post(
    "/share-tables/{share_table_id}/signing",
    response_model=ShareTableOut,
    operation_id="openShareTableSigning",
    responses=refusals(NotInThisState, errors.SignerUnknown),
)
async def open_signing(share_table_id: Uuid, actor: SignedIn, tx: TxDep) -> ShareTableView:
    """Call on every completer to sign exactly this table."""
    return await service.open_signing(tx, actor, share_table_id)


@router.post(
    "/share-tables/{share_table_id}/signatures",
    status_code=201,
    response_model=ShareTableOut,
    operation_id="signShareTable",
    responses=refusals(NotInThisState, signing.WrongDocument, signing.SignedAlready),
)
async def sign_share_table(share_table_id: Uuid, body: SignTable, actor: SignedIn, tx: TxDep) -> ShareTableView:
    """Sign the table with this hash; the last signature puts it in force."""
    return await service.sign_share_table(tx, actor, share_table_id, document_sha256=body.document_sha256)


@router.post(
    "/contracts/{contract_id}/costs",
    status_code=201,
    response_model=CostOut,
    operation_id="addCost",
    responses=refusals(errors.CostUnknown),
)
async def add_cost(contract_id: Uuid, body: AddCost, actor: SignedIn, tx: TxDep) -> CostView:
    """Enter a cost with its evidence; the rulebook says whether it reduces net income."""
    return await service.add_cost(
        tx,
        actor,
        contract_id,
        kind=body.kind,
        minor=body.amount.minor,
        evidence=body.evidence,
        evidence_sha256=body.evidence_sha256,
        incurred_on=body.incurred_on,
    )


@router.post(
    "/costs/{cost_id}/withdrawal",
    response_model=CostOut,
    operation_id="withdrawCost",
    responses=refusals(errors.CostCounted, errors.FeeIsAFact),
)
async def withdraw_cost(cost_id: Uuid, actor: SignedIn, tx: TxDep) -> CostView:
    """A cost entered by mistake counts no more."""
    return await service.withdraw_cost(tx, actor, cost_id)


@router.get(
    "/contracts/{contract_id}/income", response_model=BooksOut, operation_id="getContractIncome", responses=refusals()
)
async def get_income(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> BooksView:
    """What the contract has brought in and cost."""
    return await service.get_books(tx, actor, contract_id)


@router.post(
    "/distributions",
    status_code=201,
    response_model=DistributionOut,
    operation_id="draftDistribution",
    responses=refusals(
        *_TABLE,
        errors.NoIncome,
        errors.NoShareTable,
        errors.NothingToShare,
        errors.TooSmallToSplit,
        errors.TableOfAnotherSubject,
        errors.TableReplaced,
    ),
)
async def draft_distribution(body: DraftDistribution, actor: SignedIn, tx: TxDep) -> DistributionView:
    """Split all open income of a contract under its share table. Each income is split once."""
    return await service.draft_distribution(tx, actor, body.contract_id, share_table_id=body.share_table_id)


@router.get("/distributions", response_model=DistributionPage, operation_id="listDistributions", responses=refusals())
async def list_distributions(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    contract_id: Uuid | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """The distributions of your unit, newest first."""
    page = await service.list_distributions(tx, actor, contract_id=contract_id, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/distributions", limit=limit, contract_id=contract_id)


@router.get(
    "/distributions/{distribution_id}",
    response_model=DistributionOut,
    operation_id="getDistribution",
    responses=refusals(),
)
async def get_distribution(distribution_id: Uuid, actor: SignedIn, tx: TxDep) -> DistributionView:
    """A whole split with every step and line, for the unit's officers and the market."""
    return await service.get_distribution(tx, actor, distribution_id)


@router.post(
    "/distributions/{distribution_id}/publication",
    response_model=DistributionOut,
    operation_id="publishDistribution",
    responses=refusals(NotInThisState, notices.EvidenceMissing),
)
async def publish_distribution(
    distribution_id: Uuid, body: PublishDistribution, actor: SignedIn, tx: TxDep
) -> DistributionView:
    """Publish the reward list in the unit; an objection holds only the lines it names."""
    return await service.publish_distribution(tx, actor, distribution_id, posted_sha256=body.posted_sha256)


@router.post(
    "/distributions/{distribution_id}/payment",
    response_model=DistributionOut,
    operation_id="payDistribution",
    responses=refusals(
        NotInThisState,
        errors.TableNotSigned,
        errors.TableReplaced,
        errors.NothingPayable,
        notices.NotStarted,
        notices.StillRunning,
    ),
)
async def pay_distribution(distribution_id: Uuid, actor: SignedIn, tx: TxDep) -> DistributionView:
    """Instruct every line that no objection holds, after the notice and under a table that all have signed."""
    return await service.pay_distribution(tx, actor, distribution_id)


@router.post(
    "/distributions/{distribution_id}/reversal",
    response_model=DistributionOut,
    operation_id="reverseDistribution",
    responses=refusals(NotInThisState, errors.PaidAlready),
)
async def reverse_distribution(distribution_id: Uuid, actor: SignedIn, tx: TxDep) -> DistributionView:
    """Take back a distribution of which nothing was instructed yet; its income is open again."""
    return await service.reverse_distribution(tx, actor, distribution_id)


@router.post(
    "/lines/{line_id}/payroll-confirmation",
    response_model=LineOut,
    operation_id="confirmPayroll",
    responses=refusals(NotInThisState, errors.ChannelConfirmsItself),
)
async def confirm_payroll(line_id: Uuid, actor: SignedIn, tx: TxDep) -> LineView:
    """The unit has paid this line with its wages."""
    return await service.confirm_payroll(tx, actor, line_id)


@router.get("/statements", response_model=StatementPage, operation_id="listStatements", responses=refusals())
async def list_statements(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor = None, limit: Limit = 20
) -> object:
    """Your own statements, newest first."""
    page = await service.list_statements(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/statements", limit=limit)


@router.get(
    "/distributions/{distribution_id}/statements/{person_id}",
    response_model=StatementOut,
    operation_id="getStatement",
    responses=refusals(),
)
async def get_statement(distribution_id: Uuid, person_id: Uuid, actor: SignedIn, tx: TxDep) -> StatementView:
    """Your own statement: every step, rule, source and number, and what to recompute it from. Nobody else's."""
    return await service.get_statement(tx, actor, distribution_id, person_id)


@router.post(
    "/revenue/calculations",
    response_model=CalculationOut,
    operation_id="calculateRevenue",
    responses=refusals(*_TABLE, errors.NothingToShare, errors.TooSmallToSplit),
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
