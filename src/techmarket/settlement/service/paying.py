"""Payouts: instructed, sent, answered by the bank, renewed."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.settlement import errors, policy, repository, steps
from techmarket.settlement.events import (
    PayoutInstructed,
    PayoutSent,
)
from techmarket.settlement.lifecycle import PAYOUT, DueState, PayoutState
from techmarket.settlement.repository import statements as kept
from techmarket.settlement.rules import INSTRUCTED_ANEW_ELSEWHERE, Act, Channel, Purpose
from techmarket.settlement.service.acting import ask_second
from techmarket.settlement.service.showing import payout_view
from techmarket.settlement.steps.holding import require_not_held
from techmarket.settlement.tables import Payout
from techmarket.settlement.views import MoneyActView, PayoutView


async def list_payouts(
    tx: Tx, actor: Actor, *, state: PayoutState | None, cursor: str | None, limit: int
) -> Page[PayoutView]:
    """What was paid out to my organisation or by its payroll, the newest first; the market sees all."""
    require(actor, policy.SEE_PAYOUTS, parties=[actor.org_id])
    async with tx.read() as db:
        rows = await repository.list_payouts(
            db,
            org_id=None if actor.is_market else actor.org,
            state=state,
            after=last_id(cursor),
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(lambda row: payout_view(row, actor))


async def send_payout(tx: Tx, actor: Actor, payout_id: UUID) -> PayoutView:
    """The instruction has been given to the bank."""
    require(actor, policy.SETTLE_PAYOUT)
    async with tx.begin() as db:
        payout = await _lock_for_the_bank(db, payout_id)
        payout.state = PAYOUT.move(payout.state, "send")
        await _require_still_owed(db, payout)
        journal.record(db, PayoutSent(payout.id), actor=actor)
        return payout_view(payout, actor)


async def _require_still_owed(db: AsyncSession, payout: Payout) -> None:
    """What the bank has not been told of stays here once a dispute has arisen, or while it was paid already."""
    if await kept.is_missing(db, payout.why):
        raise errors.ReasonGone()
    why = Ref.parse(payout.why)
    if why.kind == "due":
        due = await repository.get_due(db, why.id)
        if due.purpose is not Purpose.REFUND:
            await require_not_held(db, due.subject)


async def settle_payout(
    tx: Tx, actor: Actor, payout_id: UUID, *, is_confirmed: bool, bank_reference: str
) -> PayoutView | MoneyActView:
    """The bank's answer: paid, or it could not be. Above the market's limit two people say that money has left, or
    that money the bank was told to pay has not: after that it may be paid anew.
    """
    require(actor, policy.SETTLE_PAYOUT)
    async with tx.begin() as db:
        payout = await _lock_for_the_bank(db, payout_id)
        PAYOUT.move(payout.state, "confirm" if is_confirmed else "fail")
        if is_confirmed and payout.state is PayoutState.INSTRUCTED:
            await _require_still_owed(db, payout)
        if is_confirmed or payout.state is PayoutState.SENT:
            waiting = await ask_second(
                db,
                actor,
                Act.SETTLE_PAYOUT,
                Ref("payout", payout.id),
                minor=payout.minor,
                content={"bank_reference": bank_reference} | ({} if is_confirmed else {"outcome": "FAILED"}),
            )
            if waiting is not None:
                return waiting
        step = steps.confirm_payout if is_confirmed else steps.fail_payout
        await step(db, payout_id, actor=actor, bank_reference=bank_reference)
        return payout_view(payout, actor)


async def renew_payout(tx: Tx, actor: Actor, payout_id: UUID) -> PayoutView:
    """What the bank could not pay is instructed anew, for the same reason and amount, while the reason stands."""
    require(actor, policy.SETTLE_PAYOUT)
    async with tx.begin() as db:
        stands = await _lock_reason(db, Ref.parse((await repository.get_payout(db, payout_id)).why))
        failed = await _lock_for_the_bank(db, payout_id)
        if failed.state is not PayoutState.FAILED or failed.org_id is None:
            raise errors.NothingToRenew()
        if not stands or await kept.is_missing(db, failed.why):
            raise errors.ReasonGone()
        if await repository.has_live_payout(db, why=failed.why, org_id=failed.org_id, channel=failed.channel):
            raise errors.NothingToRenew()
        order = steps.PayoutOrder(failed.org_id, failed.minor, failed.channel, Ref.parse(failed.why))
        [fresh] = await steps.instruct_payouts(db, [order])
        renewed = await repository.lock_payout(db, fresh)
        renewed.to_account, renewed.to_name = failed.to_account, failed.to_name
        journal.record(db, PayoutInstructed(fresh, failed.why, failed.channel), actor=actor)
        return payout_view(await repository.get_payout(db, fresh), actor)


async def _lock_reason(db: AsyncSession, why: Ref) -> bool:
    """Whether the money is still for whoever was to be paid; it stays so until the caller commits."""
    if why.kind != "due":
        return why.kind not in INSTRUCTED_ANEW_ELSEWHERE
    due = await repository.lock_due(db, why.id)
    return due.state is DueState.PAID and due.released_at is not None


async def _lock_for_the_bank(db: AsyncSession, payout_id: UUID) -> Payout:
    payout = await repository.lock_payout(db, payout_id)
    if payout.channel is Channel.PAYROLL:
        raise errors.PaidByTheUnit()
    return payout
