"""Accounts and transfers over HTTP, to look at only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Day, Limit, MoneyOut, Uuid, Wire
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.ledger import errors, service
from techmarket.ledger.rules import Purpose
from techmarket.ledger.views import StatedPeriod

router = APIRouter(prefix="/v1/ledger", tags=["ledger"], route_class=MarketRoute)

Book = Annotated[str, Field(strict=True, pattern=r"^(market|unit:[0-9a-f-]{36})$")]


class AccountOut(Wire):
    id: UUID
    book: str
    owner: UUID | None
    purpose: Purpose
    subject: str | None
    balance: MoneyOut
    held: MoneyOut
    available: MoneyOut


class AccountPage(Wire):
    items: list[AccountOut]
    next_cursor: str | None


class TransferOut(Wire):
    id: UUID
    seq: int
    at: datetime
    amount: MoneyOut
    other_account: UUID
    why: str
    code: str
    hold_id: UUID | None
    reverses: UUID | None


class TransferPage(Wire):
    items: list[TransferOut]
    next_cursor: str | None


class StatementLineOut(Wire):
    seq: int
    at: datetime
    amount: MoneyOut
    balance: MoneyOut
    why: str
    code: str


class AccountStatementOut(Wire):
    account: AccountOut
    first_day: date
    last_day: date
    opening: MoneyOut
    came_in: MoneyOut
    went_out: MoneyOut
    closing: MoneyOut
    items: list[StatementLineOut]
    next_cursor: str | None


class PartyStatementOut(Wire):
    org_id: UUID
    accounts: int = Field(description="How many accounts the market keeps for it")
    first_day: date
    last_day: date
    opening: MoneyOut
    came_in: MoneyOut
    went_out: MoneyOut
    closing: MoneyOut
    items: list[StatementLineOut]
    next_cursor: str | None


class BookOut(Wire):
    book: str
    accounts: int
    sum: MoneyOut
    wrong_accounts: list[UUID]
    is_balanced: bool


class BalanceCheckOut(Wire):
    is_balanced: bool
    books: list[BookOut]


@router.get(
    "/accounts",
    response_model=AccountPage,
    operation_id="listLedgerAccounts",
    responses=refusals(NotAllowed, BadCursor),
)
async def list_accounts(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    book: Annotated[Book | None, Query()] = None,
    purpose: Purpose | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The accounts kept for my organisation and those of its own book; the market's finance sees all."""
    page = await service.list_accounts(tx, actor, book=book, purpose=purpose, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/ledger/accounts", book=book, purpose=purpose, limit=limit)


@router.get(
    "/accounts/{account_id}/transfers",
    response_model=TransferPage,
    operation_id="listLedgerTransfers",
    responses=refusals(NotAllowed, NotFound, BadCursor),
)
async def list_transfers(
    account_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """What moved on one account, the newest first; what went out is negative."""
    page = await service.list_transfers(tx, actor, account_id, cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/ledger/accounts/{account_id}/transfers", limit=limit)


@router.get(
    "/accounts/{account_id}/statement",
    response_model=AccountStatementOut,
    operation_id="stateLedgerAccount",
    responses=refusals(NotAllowed, NotFound, BadCursor, errors.PeriodReversed),
)
async def state_account(
    account_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    first: Annotated[Day, Query(alias="from", description="The first day, in Shanghai")],
    last: Annotated[Day, Query(alias="to", description="The last day, itself included")],
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """A statement of account over whole days: opening balance, every movement with the balance after it, closing."""
    view = await service.state_account(tx, actor, account_id, first=first, last=last, cursor=cursor, limit=limit)
    path = f"/v1/ledger/accounts/{account_id}/statement"
    return {"account": view.account} | _period(view.period, response, path, limit)


@router.get(
    "/organisations/{org_id}/statement",
    response_model=PartyStatementOut,
    operation_id="stateLedgerParty",
    responses=refusals(NotAllowed, NotFound, BadCursor, errors.PeriodReversed),
)
async def state_party(
    org_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    first: Annotated[Day, Query(alias="from", description="The first day, in Shanghai")],
    last: Annotated[Day, Query(alias="to", description="The last day, itself included")],
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """A statement of everything the market keeps for an organisation: escrow, dues paid, deposits, as one account."""
    view = await service.state_party(tx, actor, org_id, first=first, last=last, cursor=cursor, limit=limit)
    path = f"/v1/ledger/organisations/{org_id}/statement"
    return {"org_id": view.org_id, "accounts": view.accounts} | _period(view.period, response, path, limit)


def _period(period: StatedPeriod, response: Response, path: str, limit: int) -> dict[str, object]:
    query = {"from": period.first_day, "to": period.last_day, "limit": limit}
    page = page_response(period.lines, response, path, **query)
    own = ("first_day", "last_day", "opening", "came_in", "went_out", "closing")
    return {name: getattr(period, name) for name in own} | page


@router.get(
    "/books/{book}/journal",
    operation_id="exportLedgerBook",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **refusals(NotAllowed, NotFound)},
)
async def export_book(book: Annotated[Book, Path()], actor: SignedIn, tx: TxDep) -> StreamingResponse:
    """A whole book as plain-text accounting, to be added up by a program that others wrote (beancount).

    My organisation's own book; the market's finance may take any. Every kept balance is asserted at the end.
    """
    aside = await service.export_book(tx, actor, book)
    return StreamingResponse(
        _pieces(aside),
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="book.beancount"', "Cache-Control": "private, no-store"},
    )


def _pieces(aside: IO[bytes]) -> Iterator[bytes]:
    with aside:
        while piece := aside.read(2**18):
            yield piece


@router.get(
    "/balance-check",
    response_model=BalanceCheckOut,
    operation_id="checkLedgerBalance",
    responses=refusals(NotAllowed),
)
async def check_balance(actor: SignedIn, tx: TxDep) -> object:
    """Recompute every book from its transfers: each sums to nought and every account agrees."""
    books = await service.check_balance(tx, actor)
    return {"is_balanced": all(book.is_balanced for book in books), "books": books}
