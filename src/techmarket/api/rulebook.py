"""Rules and work days over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BeforeValidator, Field

from techmarket.api.deps import MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Day, Limit, SafeText, ShortText, Uuid, Wire, plain_digits
from techmarket.identity.errors import OneHandBehindBoth
from techmarket.identity.permissions import SecondFactorNeeded
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.rulebook import errors, service
from techmarket.rulebook.lifecycle import ProposalState
from techmarket.rulebook.rules import AppliesTo, Binding, Evidence, Mode, Rule, RuleUnit
from techmarket.rulebook.views import ProposalView, YearOrigin, YearView

router = APIRouter(prefix="/v1", tags=["rulebook"], route_class=MarketRoute)

RuleKey = Annotated[str, Field(strict=True, max_length=80, pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]
KeyPrefix = Annotated[str, Field(strict=True, max_length=80, pattern=r"^[a-z][a-z0-9_.]*$")]
Jurisdiction = Annotated[str, Field(strict=True, pattern=r"^CN(-[1-9][0-9]([0-9]{2}){0,2})?$")]
YEAR_FIRST, YEAR_LAST = 2004, 2199


class AddRule(Wire):
    key: RuleKey
    jurisdiction: Jurisdiction = "CN"
    scope: Annotated[str, Field(strict=True, pattern=r"^(law|market|unit:[0-9a-f-]{36})$")] = Field(
        description="`law`, `market`, or `unit:` and the id of the organisation whose own rule it is"
    )
    mode: Mode | None = None
    applies_to: AppliesTo = AppliesTo.ANY
    binding: Binding
    base: Annotated[str, Field(strict=True, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")] | None = None
    value: ShortText = Field(description="A decimal, or a word where the unit is text; money in whole fen")
    unit: RuleUnit
    source: Annotated[str, SafeText(500)]
    evidence: Evidence
    effective_from: Day
    effective_to: Day | None = Field(default=None, description="The first day on which it no longer holds")


class RuleOut(Wire):
    id: UUID
    key: str
    jurisdiction: str
    scope: str
    mode: str | None
    applies_to: str
    binding: Binding
    base: str | None
    value: str
    unit: RuleUnit
    source: str
    evidence: Evidence
    effective_from: date
    effective_to: date | None


class RulePage(Wire):
    items: list[RuleOut]
    next_cursor: str | None


class RuleKeyOut(Wire):
    key: str
    rows: int
    in_force: int = Field(description="How many of its rows hold today.")
    next_from: date | None = Field(description="When the next row begins that does not hold yet.")
    needs_two: bool = Field(description="A new row is entered by two operators, and begins tomorrow at the earliest.")
    waiting: int = Field(description="Rows that wait for a second operator; for the market's staff.")


class RuleKeyPage(Wire):
    items: list[RuleKeyOut]
    next_cursor: str | None


class WorkYearDayOut(Wire):
    day: date
    is_working: bool
    source: str | None = Field(description="By whose word, where the operator entered it.")


class WorkYearOut(Wire):
    year: int
    origin: YearOrigin
    working_days: int | None
    days: list[WorkYearDayOut] = Field(description="The days that are not what their weekday says.")


class ProposalOut(Wire):
    id: UUID
    key: str
    row: dict[str, str | None] = Field(description="the row as it was proposed")
    state: ProposalState
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reasons: str | None


class ProposalPage(Wire):
    items: list[ProposalOut]
    next_cursor: str | None


class RefuseProposal(Wire):
    reasons: Annotated[str, SafeText(2000)]


class WorkDayIn(Wire):
    day: Day
    is_working: bool


class EnterWorkDays(Wire):
    days: Annotated[list[WorkDayIn], Field(min_length=1, max_length=400)]
    source: ShortText
    declares_year: Annotated[int, Field(strict=True, ge=YEAR_FIRST, le=YEAR_LAST)] | None = Field(
        default=None, description="Say that every holiday and make-up day of this year has been entered"
    )


class WorkDaysOut(Wire):
    entered: int


@router.get("/rules", response_model=RulePage, operation_id="listRules", responses=refusals(BadCursor))
async def list_rules(
    actor: Reader,
    tx: TxDep,
    response: Response,
    key: Annotated[RuleKey | None, Query()] = None,
    prefix: Annotated[KeyPrefix | None, Query(description="Only keys that begin so, as `tariff.`")] = None,
    jurisdiction: Annotated[Jurisdiction | None, Query()] = None,
    on: Annotated[Day | None, Query(description="Only rows in force on this day")] = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The dated rows of law and market; a unit's own rows are shown to the unit and the market."""
    page = await service.list_rules(
        tx, actor, key=key, prefix=prefix, jurisdiction=jurisdiction, on=on, cursor=cursor, limit=limit
    )
    return page_response(
        page, response, "/v1/rules", key=key, prefix=prefix, jurisdiction=jurisdiction, on=on, limit=limit
    )


@router.get("/rule-keys", response_model=RuleKeyPage, operation_id="listRuleKeys", responses=refusals(BadCursor))
async def list_keys(
    actor: Reader,
    tx: TxDep,
    response: Response,
    prefix: Annotated[KeyPrefix | None, Query(description="Only keys that begin so, as `tariff.`")] = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """What can be set in law and market, by key: how many rows each has, what holds, and what is to come."""
    page = await service.list_keys(tx, actor, prefix=prefix, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/rule-keys", prefix=prefix, limit=limit)


@router.get("/rules/{rule_id}", response_model=RuleOut, operation_id="getRule", responses=refusals(NotFound))
async def get_rule(rule_id: Uuid, actor: Reader, tx: TxDep) -> Rule:
    """One row with its source and the strength of its evidence."""
    return await service.get_rule(tx, actor, rule_id)


@router.post(
    "/rules",
    status_code=201,
    response_model=RuleOut,
    operation_id="addRule",
    responses=refusals(
        NotFound,
        errors.UnknownKey,
        errors.JurisdictionMalformed,
        errors.ScopeMalformed,
        errors.WrongUnit,
        errors.ValueMalformed,
        errors.NotEnforceable,
        errors.NotLaw,
        errors.EndsBeforeItBegins,
        errors.RulesOverlap,
        errors.SuccessorInThePast,
        errors.BeginsTooSoon,
        errors.SecondOperatorNeeded,
        OneHandBehindBoth,
        SecondFactorNeeded,
    )
    | {202: {"model": ProposalOut, "description": "Nothing holds yet: another operator has to enter the same row."}},
)
async def add_rule(body: AddRule, actor: SignedIn, tx: TxDep) -> object:
    """Add a dated row. It ends the open row it succeeds; running projects keep the row of their own rule date. What is
    charged, and when two people are needed, two operators enter: the first is answered 202."""
    added = await service.add_rule(
        tx,
        actor,
        service.RuleDraft(
            key=body.key,
            jurisdiction=body.jurisdiction,
            scope=body.scope,
            mode=body.mode,
            applies_to=body.applies_to,
            binding=body.binding,
            base=body.base,
            value=body.value,
            unit=body.unit,
            source=body.source,
            evidence=body.evidence,
            effective_from=body.effective_from,
            effective_to=body.effective_to,
        ),
    )
    if isinstance(added, Rule):
        return added
    shown = ProposalOut.model_validate(added, from_attributes=True)
    return JSONResponse(shown.model_dump(mode="json"), status_code=202)


@router.get(
    "/rule-proposals",
    response_model=ProposalPage,
    operation_id="listRuleProposals",
    responses=refusals(NotAllowed, BadCursor),
)
async def list_proposals(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: ProposalState | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The rows that wait for a second operator, and what came of the rest, the newest first."""
    page = await service.list_proposals(tx, actor, state=state, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/rule-proposals", state=state, limit=limit)


@router.post(
    "/rule-proposals/{proposal_id}/refusal",
    response_model=ProposalOut,
    operation_id="refuseRuleProposal",
    responses=refusals(NotAllowed, NotFound, NotInThisState, SecondFactorNeeded),
)
async def refuse_proposal(proposal_id: Uuid, body: RefuseProposal, actor: SignedIn, tx: TxDep) -> ProposalView:
    """Send a proposed row back, or take back your own."""
    return await service.refuse_proposal(tx, actor, proposal_id, reasons=body.reasons)


@router.post(
    "/work-days",
    status_code=201,
    response_model=WorkDaysOut,
    operation_id="enterWorkDays",
    responses=refusals(errors.WorkDayTwice, errors.WorkDayPassed),
)
async def enter_work_days(body: EnterWorkDays, actor: SignedIn, tx: TxDep) -> object:
    """Enter holidays and make-up working days, and say so when a year is complete."""
    entered = await service.enter_work_days(
        tx,
        actor,
        days=[(line.day, line.is_working) for line in body.days],
        source=body.source,
        declares_year=body.declares_year,
    )
    return {"entered": entered}


@router.get("/work-days/{year}", response_model=WorkYearOut, operation_id="getWorkYear", responses=refusals())
async def get_work_year(
    year: Annotated[int, Path(ge=YEAR_FIRST, le=YEAR_LAST), BeforeValidator(plain_digits)], actor: Reader, tx: TxDep
) -> YearView:
    """The holidays and make-up days of a year, as periods are counted over them. Of a year that is missing: what the
    operator has entered so far; a period that reaches into it is refused until he has said that it is complete."""
    return await service.get_work_year(tx, actor, year)
