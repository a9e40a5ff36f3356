"""The shapes of contracts on the wire: terms that come in, and what goes out of every route about them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from techmarket.api.shapes import (
    Day,
    LongText,
    MoneyOut,
    NonNegativeMoney,
    PositiveMoney,
    RateIn,
    SafeText,
    ShortText,
    Wire,
)
from techmarket.contracts.borders import Category, ClearanceKind, Crossing, Direction
from techmarket.contracts.lifecycle import ContractState, LineState, RegistrationState
from techmarket.contracts.plans import PlanTerms, RoyaltyPlan, YearRate
from techmarket.contracts.rules import (
    AuthorityKind,
    ContractType,
    LineKind,
    Origin,
    PartyRole,
    Relief,
    RoyaltyBase,
    Tax,
    TitleMoves,
)
from techmarket.contracts.templates import Form
from techmarket.contracts.text import Clause
from techmarket.kernel.periods import Length, Unit

DueDays = Annotated[int, Field(strict=True, ge=1, le=365, description="days from the report to the payment")]
Territory = Annotated[str, Field(strict=True, pattern=r"^(WORLD|CN(-[1-9][0-9]([0-9]{2}){0,2})?)$")]
UseField = Annotated[str, Field(strict=True, pattern=r"^[A-Z0-9]{1,32}$", description="ANY, or a GB/T 4754 code")]
Manner = Annotated[str, SafeText(200)]
Years = Annotated[int, Field(strict=True, ge=1, le=100)]
Months = Annotated[int, Field(strict=True, ge=1, le=120)]
FactCode = Annotated[str, Field(strict=True, pattern=r"^[a-z_]{1,32}$")]
Facts = Annotated[dict[FactCode, LongText], Field(max_length=20)]


class ClauseIn(Wire):
    title: ShortText
    text: LongText

    def clause(self) -> Clause:
        return Clause(self.title, self.text)


Clauses = Annotated[list[ClauseIn], Field(max_length=50)]


class ScopeIn(Wire):
    territory: Territory = "WORLD"
    field: UseField = "ANY"
    manner: Manner = "ANY"
    term_years: Years | None = None


class RoyaltyIn(Wire):
    rate: RateIn
    base: RoyaltyBase
    due_days: DueDays


class MilestoneIn(Wire):
    title: ShortText
    amount: PositiveMoney


class LengthIn(Wire):
    n: Annotated[int, Field(strict=True, ge=1, le=1200)]
    unit: Literal["days", "working_days", "months"]

    def length(self) -> Length:
        return Length(self.n, Unit(self.unit))


class YearRateIn(Wire):
    from_year: Years
    rate: RateIn


class RoyaltyPlanIn(Wire):
    """A royalty: its base, its rate by contract year (one, rising or falling), and what bounds it."""

    base: RoyaltyBase
    rates: Annotated[list[YearRateIn], Field(min_length=1, max_length=100)]
    due_days: DueDays
    report_months: Annotated[int, Field(strict=True, ge=1, le=12)] | None = None
    minimum_year: NonNegativeMoney | None = Field(default=None, description="owed for each contract year in any case")
    cap_year: PositiveMoney | None = None
    cap_total: PositiveMoney | None = None
    advance: NonNegativeMoney | None = Field(
        default=None, description="Of the fixed parts, how much counts towards the royalty."
    )
    late_interest_daily: RateIn | None = None
    books_may_be_inspected: bool = Field(default=False, description="查账权, 民法典 art. 846")

    def plan(self) -> RoyaltyPlan:
        return RoyaltyPlan(
            base=self.base.value,
            rates=tuple(YearRate(one.from_year, one.rate) for one in self.rates),
            due_days=self.due_days,
            report_months=self.report_months,
            minimum_year_minor=self.minimum_year.minor if self.minimum_year else 0,
            cap_year_minor=self.cap_year.minor if self.cap_year else None,
            cap_total_minor=self.cap_total.minor if self.cap_total else None,
            advance_minor=self.advance.minor if self.advance else 0,
            late_daily_rate=self.late_interest_daily,
            audit=self.books_may_be_inspected,
        )


class PlanLineIn(Wire):
    """One part of the price. Without a period or a day, it is due within the market's period of payment."""

    kind: LineKind
    title: ShortText | None = Field(default=None, description="of a milestone, or the company of an equity line")
    amount: PositiveMoney | None = Field(default=None, description="of equity: the value of the contribution")
    within: LengthIn | None = None
    due_on: Day | None = None
    royalty: RoyaltyPlanIn | None = None
    share: RateIn | None = Field(default=None, description="of equity: the part of the company")
    secured_by: ShortText | None = Field(default=None, description="担保: guarantee, pledge, letter of credit")
    interest_daily: RateIn | None = None

    def terms(self) -> PlanTerms:
        return PlanTerms(
            kind=self.kind,
            minor=self.amount.minor if self.amount else None,
            title=self.title,
            within=self.within.length() if self.within else None,
            due_on=self.due_on,
            royalty=self.royalty.plan() if self.royalty else None,
            share=self.share,
            secured_by=self.secured_by,
            interest_daily_rate=self.interest_daily,
        )


Plan = Annotated[list[PlanLineIn], Field(max_length=60)]


class CrossingIn(Wire):
    """How the technology crosses the border (技术进出口)."""

    direction: Direction
    category: Category
    fiscal_project: ShortText | None = Field(default=None, description="the project the state paid for, if one was")

    def crossing(self) -> Crossing:
        return Crossing(self.direction, self.category, self.fiscal_project)


class Reasons(Wire):
    reasons: LongText


class PartyOut(Wire):
    role: PartyRole
    organisation_id: UUID
    name: str


class PlanLineOut(Wire):
    id: UUID
    n: int
    kind: LineKind
    title: str | None = Field(description="of a milestone: what is handed over")
    state: LineState
    amount: MoneyOut | None
    credited: MoneyOut = Field(description="the winner's deposit that became part of this line")
    rate: Decimal | None
    base: str | None
    due_id: UUID | None
    due_on: date | None
    terms: dict[str, Any] | None = Field(description="the line as the text states it")
    version: int = Field(description="the version of the text that brought it")
    valid_from: date | None
    valid_until: date | None
    accepted_sha256: str | None = Field(description="of a milestone: the record of its acceptance")


class CorrectionOut(Wire):
    n: int
    was: MoneyOut
    base: MoneyOut
    charged: MoneyOut = Field(description="the difference that fell due")
    due_id: UUID | None
    reasons: str
    evidence_sha256: str | None
    corrected_at: datetime


class RoyaltyReportOut(Wire):
    id: UUID
    contract_id: UUID
    period_from: date
    period_to: date
    base: MoneyOut
    royalty: MoneyOut
    due_id: UUID | None
    paid_at: datetime | None
    charged: MoneyOut = Field(description="what fell due with it, after minimum, caps, advance and credit")
    corrections: list[CorrectionOut]
    credit: MoneyOut | None = Field(description="after a correction: what waits for the reports to come")


class ClearanceOut(Wire):
    kind: ClearanceKind
    number: str
    issued_by: str
    issued_on: date
    recorded_at: datetime


class ReliefOut(Wire):
    tax: Tax
    relief: Relief
    needs_confirmation: bool


class ItemOut(Wire):
    title: str
    amount: MoneyOut


class AmountsOut(Wire):
    n: int
    was_whole: MoneyOut
    was_technology: MoneyOut
    whole: MoneyOut
    technology: MoneyOut
    reasons: str
    at: datetime


class RegistrationOut(Wire):
    id: UUID
    contract_id: UUID
    state: RegistrationState
    contract_class: ContractType
    whole_amount: MoneyOut
    technology_amount: MoneyOut
    number: str | None
    filed_at: datetime
    decide_by: datetime | None = Field(description="null where no rule gives the registrar a period")
    decided_at: datetime | None
    reasons: str | None
    reliefs: list[ReliefOut]
    warnings: list[str]
    is_estimate: bool
    non_technical: list[ItemOut]
    seller_code: str | None = Field(description="当事人类别, as the registration form has it")
    buyer_code: str | None
    seller_place: str | None = Field(description="GB/T 2260, or a country of the customs list")
    buyer_place: str | None
    corrections: list[AmountsOut]


class VersionOut(Wire):
    n: int
    sha256: str
    signing_id: UUID | None
    effective_on: date | None = Field(description="null: from the contract's effect")


class AttestationOut(Wire):
    person_id: UUID
    organisation_id: UUID
    at: datetime
    document_sha256: str
    entry_id: UUID


class ContractPromiseOut(Wire):
    """The market's signed word that its log will hold this entry; the proof follows with the next checkpoint."""

    entry_id: UUID
    leaf_hash: str
    log_id: UUID
    row: str
    salt: str
    kid: str
    signature: str


class SignedOut(Wire):
    signing_id: UUID
    position: int
    organisation_id: UUID
    person_id: UUID
    method: str = Field(description="api_key; pades: on the file, by a certificate; provider: by a signing service")
    at: datetime
    entry_id: UUID = Field(description="its entry in the log")
    authority: AuthorityKind | None = Field(description="null: by the role the organisation gave")
    is_authority_confirmed: bool
    paper_sha256: str | None
    certificate: dict[str, Any] | None
    identity: dict[str, Any] | None = Field(description="who vouched for the person, and under which name")


class ContractOut(Wire):
    id: UUID
    number: str
    type: ContractType
    state: ContractState
    award_id: UUID | None
    listing_id: UUID | None
    notice_id: UUID | None
    licence_kind: str | None = Field(description="null: a development is no licence")
    scope: dict[str, Any]
    parties: list[PartyOut]
    achievement_ids: list[UUID]
    approval_ids: list[UUID] = Field(description="the seller's own approvals that a contract without a trade points to")
    document_sha256: str
    signing_id: UUID | None
    plan: list[PlanLineOut]
    royalty_reports: list[RoyaltyReportOut]
    registration: RegistrationOut | None
    in_force_at: datetime | None
    term_from: date | None
    term_until: date | None
    reasons: str | None = Field(description="why it is in dispute or was ended")
    form: Form | None
    origin: Origin = Field(description="MARKET, or made elsewhere: on PAPER with seals, or ELSEWHERE electronically")
    findings: dict[str, Any] = Field(description="clauses and parts of the price to look at twice; none forbids")
    crossing: dict[str, Any] | None
    clearances: list[ClearanceOut]
    trial_until: date | None
    title_moves: TitleMoves | None
    title_moved_at: datetime | None
    title_restored_at: datetime | None
    versions: list[VersionOut]
    signatures: list[SignedOut]
    attestations: list[AttestationOut] = Field(description="of a contract made elsewhere: who saw the original")
    confirmations: list[AttestationOut] = Field(description="of a contract made elsewhere: which parties confirmed it")
    signed_on: date | None
    scan_sha256: str | None
    receipt: ContractPromiseOut | None = Field(description="of a signature just put: the market's signed promise")


class ContractCardOut(Wire):
    id: UUID
    number: str
    type: ContractType
    state: ContractState
    award_id: UUID | None
    seller_id: UUID
    buyer_id: UUID
    created_at: datetime
    origin: Origin


class ContractPage(Wire):
    items: list[ContractCardOut]
    next_cursor: str | None


class DocumentOut(Wire):
    sha256: str
    document: dict[str, Any]
