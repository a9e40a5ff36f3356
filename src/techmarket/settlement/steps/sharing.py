"""Shares of the market's fee (分润): what others get of it, booked when it was taken and given back when it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.ledger import steps as ledger
from techmarket.settlement import repository
from techmarket.settlement.rules import Channel
from techmarket.settlement.steps.owing import UNSHARED
from techmarket.settlement.steps.own import require_own_for_share
from techmarket.settlement.steps.paying import escrow_of, instruct_payout
from techmarket.settlement.steps.refunding import fee_kept


@dataclass(frozen=True, slots=True)
class FeeFacts:
    """What the market has kept of a payment as its fee, of whom and for whom."""

    payer_org: UUID
    payee_org: UUID | None
    fee_minor: int
    rule_date: date


async def lock_fee(db: AsyncSession, due_id: UUID) -> FeeFacts:
    """The fee that the market keeps of a due, which stays so until the caller commits; nought once it was refunded."""
    due = await repository.lock_due(db, due_id)
    fee = 0 if due.purpose in UNSHARED else await fee_kept(db, due_id)
    return FeeFacts(due.payer_org, due.payee_org, fee, due.rule_date)


async def share_fee(db: AsyncSession, due_id: UUID, shares: Mapping[UUID, int]) -> None:
    """Parts of a fee that was taken are owed to others from now on, the rest is the market's; lock the fee first."""
    await repository.mark_shared(db, due_id)
    await _move(db, due_id, shares, is_back=False)


async def take_back_shares(db: AsyncSession, due_id: UUID, shares: Mapping[UUID, int]) -> None:
    """The fee went back to the payee, and so do its parts: whoever was paid already owes them out of his next ones."""
    await _move(db, due_id, shares, is_back=True)


async def shares_owed(db: AsyncSession, org_id: UUID) -> int:
    """What the market owes an organisation of its fees; below nought when it was paid what then went back."""
    accounts = await ledger.balance_sheet(db, purpose=ledger.Purpose.PAYABLE)
    return sum(account.balance.minor for account in accounts if account.owner == org_id)


async def pay_shares(db: AsyncSession, org_id: UUID, *, why: Ref, actor: Actor | None) -> tuple[int, UUID] | None:
    """All that is owed is paid out, if it is above nought: the amount and the payout."""
    owed, escrow = await _owed_to(db, org_id), await escrow_of(db, org_id)
    purposes = (ledger.Purpose.BANK, ledger.Purpose.FEES, ledger.Purpose.EXPENSE)
    # Every account of this act in the one order for all, before the first move.
    await ledger.lock(db, [owed, escrow, *[await ledger.account(db, purpose=purpose) for purpose in purposes]])
    minor = await ledger.balance(db, owed)
    if minor <= 0:
        return None
    await require_own_for_share(db, owed, minor)
    await ledger.post(db, debit=owed, credit=escrow, minor=minor, why=why, code="fee.share_paid")
    payout = await instruct_payout(db, org=org_id, minor=minor, channel=Channel.ESCROW, why=why, actor=actor)
    return minor, payout


async def _move(db: AsyncSession, due_id: UUID, shares: Mapping[UUID, int], *, is_back: bool) -> None:
    fees = await ledger.account(db, purpose=ledger.Purpose.FEES)
    why, code = Ref("due", due_id), "fee.share_returned" if is_back else "fee.shared"
    postings = []
    for org_id, minor in sorted(shares.items()):
        if minor > 0:
            owed = await _owed_to(db, org_id)
            giver, taker = (owed, fees) if is_back else (fees, owed)
            postings.append(ledger.Posting(giver, taker, minor, why, code))
    await ledger.post_many(db, postings)


async def _owed_to(db: AsyncSession, org_id: UUID) -> UUID:
    return await ledger.account(db, purpose=ledger.Purpose.PAYABLE, owner=org_id)
