"""The bank's statements and the end of a day over HTTP: the desk of the market's finance."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.limits import BodyRule
from techmarket.api.money_acts import WAITS, done_or_waiting
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Day, Limit, LongText, MoneyOut, ShortText, Uuid, Wire
from techmarket.identity.errors import OneHandBehindBoth
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.rulebook.errors import NoRuleInForce
from techmarket.settlement import errors, service
from techmarket.settlement.lifecycle import EntryState
from techmarket.settlement.rules import Finding
from techmarket.settlement.statements import CSV, XML
from techmarket.settlement.views import DayView

router = APIRouter(prefix="/v1/bank", tags=["settlement"], route_class=MarketRoute)

BYTES_MAX = 8 * 2**20
BODIES = (
    BodyRule("/v1/bank/statements/{}"),  # what is said about a statement is JSON; the first rule that fits holds
    BodyRule("/v1/bank/statements", bytes_max=BYTES_MAX, media=(XML, CSV), seconds=60),
)


class StatementOut(Wire):
    id: UUID
    number: str
    account: str
    first_day: date
    last_day: date
    opening: MoneyOut
    closing: MoneyOut
    entries: int
    taken: int
    known: int
    payouts: int
    unexplained: int
    open: int
    at: datetime
    voided_at: datetime | None


class VoidStatement(Wire):
    reasons: LongText


class DeclareAccount(Wire):
    account: Annotated[str, Field(strict=True, pattern=r"^[A-Z0-9]{5,34}$", description="without blanks")]
    bank_name: ShortText
    holder_name: ShortText


class AccountOut(Wire):
    account: str
    bank_name: str
    holder_name: str
    declared_at: datetime


class StatementPage(Wire):
    items: list[StatementOut]
    next_cursor: str | None


class EntryOut(Wire):
    n: int
    direction: Literal["CREDIT", "DEBIT"]
    amount: MoneyOut
    booked_on: date
    bank_reference: str
    finding: Finding
    state: EntryState
    bank_line_id: UUID | None
    payout_id: UUID | None


class EntryPage(Wire):
    items: list[EntryOut]
    next_cursor: str | None


class DayOut(Wire):
    day: date
    statement_id: UUID
    bank: MoneyOut
    incoming: MoneyOut
    outgoing: MoneyOut
    statement: MoneyOut
    others: MoneyOut
    own: MoneyOut
    closed_at: datetime


class DayPage(Wire):
    items: list[DayOut]
    next_cursor: str | None


@router.post(
    "/statements",
    status_code=201,
    response_model=StatementOut,
    operation_id="uploadBankStatement",
    responses=WAITS
    | refusals(
        NotAllowed,
        errors.StatementUnreadable,
        errors.StatementDoesNotAdd,
        errors.StatementDiffers,
        errors.AccountUnknown,
        errors.StatementGap,
        errors.FirstStatementNotEmpty,
        errors.StatementContradicts,
        errors.EntryStatedBefore,
        errors.StatementFromTheFuture,
        errors.SecondPersonNeeded,
        OneHandBehindBoth,
        errors.ActDiffers,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                XML: {"schema": {"type": "string", "description": "One camt.053 statement in CNY."}},
                CSV: {"schema": {"type": "string", "description": "OPENING, CREDIT and DEBIT, CLOSING rows."}},
            },
        }
    },
)
async def upload_statement(request: Request, actor: SignedIn, tx: TxDep) -> object:
    """Upload a statement of the market's account (camt.053 or CSV): money nobody told of is entered, payouts that left
    are confirmed, the rest waits for a person. All of it or nothing; the same file again has no second effect. What
    would move more than the market's limit waits (202) until a second person uploads the same bytes."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return done_or_waiting(await service.upload_statement(tx, actor, await request.body(), media))


@router.post(
    "/statements/{statement_id}/voiding",
    response_model=StatementOut,
    operation_id="voidBankStatement",
    responses={
        **WAITS,
        **refusals(
            NotAllowed,
            NotFound,
            errors.NotTheLastStatement,
            errors.StatementUsed,
            errors.SecondPersonNeeded,
            OneHandBehindBoth,
            errors.ActDiffers,
        ),
    },
)
async def void_statement(statement_id: Uuid, body: VoidStatement, actor: SignedIn, tx: TxDep) -> object:
    """Take back the last statement if it was a wrong one, by two people: what it entered is reversed, and the right
    one takes its place."""
    return done_or_waiting(await service.void_statement(tx, actor, statement_id, reasons=body.reasons))


@router.post(
    "/account",
    response_model=AccountOut,
    operation_id="declareSettlementAccount",
    responses={
        **WAITS,
        **refusals(NotAllowed, errors.AccountInUse, errors.SecondPersonNeeded, OneHandBehindBoth, errors.ActDiffers),
    },
)
async def declare_account(body: DeclareAccount, actor: SignedIn, tx: TxDep) -> object:
    """Say, by two people, which account is the market's settlement account; only statements of it are taken."""
    view = await service.declare_account(
        tx, actor, account=body.account, bank_name=body.bank_name, holder_name=body.holder_name
    )
    return done_or_waiting(view)


@router.get(
    "/account",
    response_model=AccountOut,
    operation_id="getSettlementAccount",
    responses=refusals(NotFound),
)
async def get_account(actor: SignedIn, tx: TxDep) -> object:
    """Where payers send their money."""
    return await service.get_account(tx, actor)


@router.get(
    "/statements",
    response_model=StatementPage,
    operation_id="listBankStatements",
    responses=refusals(NotAllowed, BadCursor),
)
async def list_statements(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """The statements of the market's account, the newest first."""
    page = await service.list_statements(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/bank/statements", limit=limit)


@router.get(
    "/statements/{statement_id}/entries",
    response_model=EntryPage,
    operation_id="listBankStatementEntries",
    responses=refusals(NotAllowed, NotFound, BadCursor),
)
async def list_entries(
    statement_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: EntryState | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The bookings of a statement in its order; the open ones wait for a person."""
    page = await service.list_entries(tx, actor, statement_id, state=state, cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/bank/statements/{statement_id}/entries", state=state, limit=limit)


@router.post(
    "/statements/{statement_id}/entries/{n}/charge",
    response_model=EntryOut,
    operation_id="explainBankCharge",
    responses={
        **WAITS,
        **refusals(
            NotAllowed,
            NotFound,
            errors.NothingToExplain,
            errors.ChargeNotCovered,
            errors.SecondPersonNeeded,
            errors.ActDiffers,
            NoRuleInForce,
        ),
    },
)
async def explain_as_charge(
    statement_id: Uuid, n: Annotated[int, Path(ge=1, le=10_000)], actor: SignedIn, tx: TxDep
) -> object:
    """Say that money which left for no payout was a charge of the bank: it becomes the market's own expense. Above the
    market's limit two people say it."""
    return done_or_waiting(await service.explain_as_charge(tx, actor, statement_id, n))


@router.post(
    "/days/{day}/closing",
    status_code=201,
    response_model=DayOut,
    operation_id="closeBankDay",
    responses=refusals(NotAllowed, errors.DayClosedAlready, errors.NoStatementOfDay, errors.DayDoesNotClose),
)
async def close_day(day: Day, actor: SignedIn, tx: TxDep) -> DayView:
    """Close a day: every book sums to nought, and escrow and own money are what the bank says it holds."""
    return await service.close_day(tx, actor, day)


@router.get("/days", response_model=DayPage, operation_id="listBankDays", responses=refusals(NotAllowed, BadCursor))
async def list_days(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """The closed days with their figures, the newest first."""
    page = await service.list_days(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/bank/days", limit=limit)
