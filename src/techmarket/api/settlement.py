"""Dues, the bank's door and payouts over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response, Security
from fastapi.security import APIKeyHeader
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep, means_of, spend_openly
from techmarket.api.errors import TooManyRequests
from techmarket.api.money_acts import WAITS, done_or_waiting
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Code, Cursor, Limit, LongText, MoneyOut, Uuid, Wire
from techmarket.identity.errors import OneHandBehindBoth
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.rulebook.errors import NoRuleInForce
from techmarket.settlement import errors, service
from techmarket.settlement.lifecycle import DueState, LineState, PayoutState
from techmarket.settlement.rules import Channel, Outcome, Purpose
from techmarket.settlement.views import BankLineView, DueView, PayoutView

router = APIRouter(prefix="/v1", tags=["settlement"], route_class=MarketRoute)
# The bank's messages carry their own id, which is their idempotency key for ever: this door is not a keyed route.
bank_door = APIRouter(prefix="/v1/bank", tags=["settlement"])

bank_signature = APIKeyHeader(
    name="X-Bank-Signature",
    scheme_name="bankSignature",
    auto_error=False,
    description="Hex HMAC-SHA256 over `<X-Bank-Timestamp>.<body>` under the secret shared with the bank.",
)
BANK_MESSAGE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "BankMessage",
    "required": ["message_id", "payer_account", "payer_name", "amount", "reference", "booked_at"],
    "additionalProperties": False,
    "properties": {
        "message_id": {"type": "string", "pattern": "^[!-~]{1,64}$"},
        "payer_account": {"type": "string", "minLength": 1, "maxLength": 64},
        "payer_name": {"type": "string", "minLength": 1, "maxLength": 200},
        "amount": {
            "type": "object",
            "required": ["amount", "currency"],
            "additionalProperties": False,
            "properties": {
                "amount": {"type": "string", "pattern": r"^(?:0|[1-9][0-9]{0,11})\.[0-9]{2}$"},
                "currency": {"type": "string", "const": "CNY"},
            },
        },
        "reference": {"type": "string", "maxLength": 100},
        "booked_at": {"type": "string", "format": "date-time"},
    },
}
Subject = Annotated[
    str, Field(strict=True, max_length=80, pattern=r"^[a-z_]{1,40}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
]


class DueOut(Wire):
    id: UUID
    reference: str = Field(description="What the payer writes on his bank transfer")
    payer_org: UUID
    payee_org: UUID | None
    amount: MoneyOut
    paid: MoneyOut
    outstanding: MoneyOut
    fee: MoneyOut | None
    due_on: date
    subject: str
    purpose: Purpose
    state: DueState
    paid_at: datetime | None
    released_at: datetime | None
    refund_due_id: UUID | None = Field(description="What the payee owes back, where he had the money already")


class DuePage(Wire):
    items: list[DueOut]
    next_cursor: str | None


class BankReceiptOut(Wire):
    id: UUID
    message_id: str
    outcome: Outcome
    received_at: datetime


class BankLineOut(Wire):
    id: UUID
    message_id: str
    payer_account: str
    payer_name: str
    amount: MoneyOut
    reference: str
    booked_at: datetime
    received_at: datetime
    outcome: Outcome
    state: LineState
    due_id: UUID | None
    payout_id: UUID | None


class BankLinePage(Wire):
    items: list[BankLineOut]
    next_cursor: str | None


class Assign(Wire):
    due_id: UUID


class Refund(Wire):
    reasons: LongText


class PayoutOut(Wire):
    id: UUID
    org_id: UUID | None
    amount: MoneyOut
    channel: Channel
    state: PayoutState
    why: str
    to_account: str | None = Field(description="For money that goes back: the account it came from")
    to_name: str | None
    bank_reference: str | None
    instructed_at: datetime
    settled_at: datetime | None


class PayoutPage(Wire):
    items: list[PayoutOut]
    next_cursor: str | None


class BankAnswer(Wire):
    outcome: Literal["CONFIRMED", "FAILED"]
    bank_reference: Code


@bank_door.post(
    "/messages",
    response_model=BankReceiptOut,
    operation_id="receiveBankMessage",
    responses=refusals(
        errors.BadSignature, errors.MessageStale, errors.MessageMalformed, errors.MessageDiffers, TooManyRequests
    ),
    dependencies=[Depends(spend_openly)],
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": BANK_MESSAGE_SCHEMA}}}},
)
async def receive_bank_message(
    request: Request,
    signature: Annotated[str | None, Security(bank_signature)],
    x_bank_timestamp: Annotated[str | None, Header(max_length=20, description="Unix time in seconds")] = None,
) -> dict[str, object]:
    """The bank tells of money that arrived. The same message again gives the first answer and has no second effect."""
    means = means_of(request)
    line = await service.receive_bank_message(
        means.tx, means.keys, await request.body(), signature or "", x_bank_timestamp or ""
    )
    return {
        "id": line.id,
        "message_id": line.message_id,
        "outcome": line.outcome,
        "received_at": line.received_at,
    }


@router.get(
    "/bank/lines", response_model=BankLinePage, operation_id="listBankLines", responses=refusals(NotAllowed, BadCursor)
)
async def list_lines(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: LineState | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """What the bank has told, oldest first: the desk of the market's finance."""
    page = await service.list_lines(tx, actor, state=state, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/bank/lines", state=state, limit=limit)


@router.post(
    "/bank/lines/{line_id}/assignment",
    response_model=BankLineOut,
    operation_id="assignBankLine",
    responses={
        **WAITS,
        **refusals(
            NotAllowed,
            NotFound,
            NotInThisState,
            errors.SecondPersonNeeded,
            OneHandBehindBoth,
            errors.ActDiffers,
            NoRuleInForce,
        ),
    },
)
async def assign_line(line_id: Uuid, body: Assign, actor: SignedIn, tx: TxDep) -> object:
    """Say which due unmatched money is for; too little counts as a part, what is over stays the payer's. Above the
    market's limit two people say it."""
    return done_or_waiting(await service.assign_line(tx, actor, line_id, due_id=body.due_id))


@router.post(
    "/bank/lines/{line_id}/return",
    response_model=BankLineOut,
    operation_id="returnBankLine",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def return_line(line_id: Uuid, actor: SignedIn, tx: TxDep) -> BankLineView:
    """Send unmatched money back to the account it came from."""
    return await service.return_line(tx, actor, line_id)


@router.get("/dues", response_model=DuePage, operation_id="listDues", responses=refusals(NotAllowed, BadCursor))
async def list_dues(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: DueState | None = None,
    subject: Annotated[Subject | None, Query(description="`kind:uuid` of what the due is for")] = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """What my organisation owes or is owed, the newest first; the market sees all."""
    page = await service.list_dues(
        tx, actor, state=state, subject=Ref.parse(subject) if subject else None, cursor=cursor, limit=limit
    )
    return page_response(page, response, "/v1/dues", state=state, subject=subject, limit=limit)


@router.get("/dues/{due_id}", response_model=DueOut, operation_id="getDue", responses=refusals(NotAllowed, NotFound))
async def get_due(due_id: Uuid, actor: SignedIn, tx: TxDep) -> DueView:
    """One due, for its payer, its payee and the market."""
    return await service.get_due(tx, actor, due_id)


@router.post(
    "/dues/{due_id}/release",
    response_model=DueOut,
    operation_id="releaseDue",
    responses={
        **WAITS,
        **refusals(
            NotAllowed,
            NotFound,
            errors.NotPaidYet,
            errors.ReleasedAlready,
            errors.NothingToRelease,
            errors.ReleaseOnHold,
            errors.FeePayerUnknown,
            errors.SecondPersonNeeded,
            OneHandBehindBoth,
            errors.ActDiffers,
            NoRuleInForce,
        ),
    },
)
async def release_due(due_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """Let paid money go to its payee, less the fee by tariff; the payout is instructed. Above the market's limit two
    people do it."""
    return done_or_waiting(await service.release_due(tx, actor, due_id))


@router.post(
    "/dues/{due_id}/refund",
    response_model=DueOut,
    operation_id="refundDue",
    responses={
        **WAITS,
        **refusals(
            NotAllowed,
            NotFound,
            NotInThisState,
            errors.NothingToRefund,
            errors.ChargeNotCovered,
            errors.SecondPersonNeeded,
            OneHandBehindBoth,
            errors.ActDiffers,
            NoRuleInForce,
        ),
    },
)
async def refund_due(due_id: Uuid, body: Refund, actor: SignedIn, tx: TxDep) -> object:
    """Undo a paid due, by two people: money the market has goes back to the account it came from; what the payee has
    he owes back, by a due of its own."""
    return done_or_waiting(await service.refund_due(tx, actor, due_id, reasons=body.reasons))


@router.get(
    "/payouts", response_model=PayoutPage, operation_id="listPayouts", responses=refusals(NotAllowed, BadCursor)
)
async def list_payouts(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: PayoutState | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """What was paid out to my organisation or by its payroll, the newest first; the market sees all."""
    page = await service.list_payouts(tx, actor, state=state, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/payouts", state=state, limit=limit)


@router.post(
    "/payouts/{payout_id}/sending",
    response_model=PayoutOut,
    operation_id="sendPayout",
    responses=refusals(
        NotAllowed, NotFound, NotInThisState, errors.PaidByTheUnit, errors.ReleaseOnHold, errors.ReasonGone
    ),
)
async def send_payout(payout_id: Uuid, actor: SignedIn, tx: TxDep) -> PayoutView:
    """Note that the instruction was given to the bank."""
    return await service.send_payout(tx, actor, payout_id)


@router.post(
    "/payouts/{payout_id}/confirmation",
    response_model=PayoutOut,
    operation_id="settlePayout",
    responses={
        **WAITS,
        **refusals(
            NotAllowed,
            NotFound,
            NotInThisState,
            errors.PaidByTheUnit,
            errors.ReleaseOnHold,
            errors.ReasonGone,
            errors.SecondPersonNeeded,
            OneHandBehindBoth,
            errors.ActDiffers,
            NoRuleInForce,
        ),
    },
)
async def settle_payout(payout_id: Uuid, body: BankAnswer, actor: SignedIn, tx: TxDep) -> object:
    """Enter the bank's answer: the money has left, or it could not. Above the market's limit two people say that it
    left, or that what was sent did not; a statement of the bank says it alone."""
    view = await service.settle_payout(
        tx, actor, payout_id, is_confirmed=body.outcome == "CONFIRMED", bank_reference=body.bank_reference
    )
    return done_or_waiting(view)


@router.post(
    "/payouts/{payout_id}/renewal",
    status_code=201,
    response_model=PayoutOut,
    operation_id="renewPayout",
    responses=refusals(NotAllowed, NotFound, errors.NothingToRenew, errors.ReasonGone, errors.PaidByTheUnit),
)
async def renew_payout(payout_id: Uuid, actor: SignedIn, tx: TxDep) -> PayoutView:
    """Instruct anew what the bank could not pay, for the same reason and amount, while the reason stands."""
    return await service.renew_payout(tx, actor, payout_id)
