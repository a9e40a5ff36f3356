"""Dues: raised, cancelled, counted as paid, released to the payee."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.ledger import steps as ledger
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import errors, repository, rules
from techmarket.settlement.events import DueCancelled, DuePaid, DueRaised, Released
from techmarket.settlement.lifecycle import DUE, DueState
from techmarket.settlement.rules import Channel, Purpose
from techmarket.settlement.steps.holding import require_not_held
from techmarket.settlement.steps.invoicing import draw_up_invoices
from techmarket.settlement.steps.paying import escrow_of, instruct_payout
from techmarket.settlement.tables import Due

UNSHARED = frozenset({Purpose.FEE, Purpose.REFUND})
"""What is owed to the market itself, or given back, bears no fee that anybody has a part in."""
EXCHANGE_FEE = "tariff.exchange_fee"
NODE_SHARE_SELLER, NODE_SHARE_BUYER = "tariff.node_share.seller", "tariff.node_share.buyer"


@dataclass(frozen=True, slots=True)
class DueFacts:
    id: UUID
    reference: str
    payer_org: UUID
    payee_org: UUID | None
    minor: int
    paid_minor: int
    fee_minor: int | None
    due_on: date
    rule_date: date
    subject: Ref
    purpose: Purpose
    state: DueState
    paid_at: datetime | None
    released_at: datetime | None

    @property
    def outstanding_minor(self) -> int:
        return self.minor - self.paid_minor

    @property
    def is_paid(self) -> bool:
        return self.state is DueState.PAID


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    due_id: UUID
    minor: int
    fee_minor: int
    payout_id: UUID | None


async def raise_due(
    db: AsyncSession,
    *,
    payer: UUID,
    payee: UUID | None,
    minor: int,
    due_on: date,
    subject: Ref,
    purpose: Purpose,
    actor: Actor | None,
    rule_date: date | None = None,
    payer_account: str | None = None,
) -> DueFacts:
    """Somebody owes an amount by a day; the reference is what he puts on his bank transfer.

    Without a payee the money stays the payer's own (a deposit). `rule_date` chooses the tariff at release; it is the
    project's own date, or today. With `payer_account` only money from that account pays it by itself.
    """
    ledger_amount(minor)
    today = shanghai_day(await clock.market_now(db))
    due = Due(
        id=new_id(),
        reference=await repository.next_reference(db, today.year),
        payer_org=payer,
        payee_org=payee,
        minor=minor,
        paid_minor=0,
        due_on=due_on,
        rule_date=rule_date or today,
        subject=str(subject),
        purpose=purpose,
        payer_account=payer_account,
        state=DUE.initial,
    )
    db.add(due)
    await db.flush()
    journal.record(db, DueRaised(due.id, due.subject, purpose), actor=actor)
    return facts_of(due)


def ledger_amount(minor: int) -> None:
    """A due is whole fen above nought, within what a bank message can carry."""
    if isinstance(minor, bool) or not isinstance(minor, int):
        raise TypeError("a due is whole fen")
    if not 0 < minor <= rules.MINOR_MAX:
        raise ValueError(f"a due lies between 1 and {rules.MINOR_MAX} fen, not {minor}")


async def cancel_due(db: AsyncSession, due_id: UUID, actor: Actor | None) -> int:
    """An open due is dropped; what was paid towards it is the payer's again. Returns how much that is."""
    due = await repository.lock_due(db, due_id)
    due.state = DUE.move(due.state, "cancel")
    freed = due.paid_minor
    if due.paid_minor and due.payee_org is not None:
        await ledger.post(
            db,
            debit=await due_escrow(db, due),
            credit=await escrow_of(db, due.payer_org),
            minor=due.paid_minor,
            why=Ref("due", due.id),
            code="due.cancelled",
        )
    due.paid_minor = 0
    await db.flush()
    journal.record(db, DueCancelled(due.id, due.subject, due.purpose), actor=actor)
    return freed


async def drop_due(db: AsyncSession, due_id: UUID, actor: Actor | None) -> int:
    """What a due without a payee asked for is not needed any more: it is cancelled, unless the money has come already.

    Returns how much came in, which is the payer's own either way.
    """
    due = await repository.lock_due(db, due_id)
    if due.payee_org is not None:
        raise ValueError("money with a payee is not the payer's own")
    return due.paid_minor if due.state is DueState.PAID else await cancel_due(db, due_id, actor)


async def is_paid_by_now(db: AsyncSession, due_id: UUID) -> bool:
    """Whether all of a due has come. It stays so until the caller commits: the bank's next message waits."""
    return (await repository.lock_due(db, due_id)).state is DueState.PAID


async def put_off(db: AsyncSession, due_id: UUID, due_on: date) -> None:
    """An open due is owed by a later day; it is not overdue before that."""
    due = await repository.lock_due(db, due_id)
    if due.state is DueState.OPEN and due.due_on < due_on:
        due.due_on, due.overdue_at = due_on, None
        await db.flush()


async def get_due(db: AsyncSession, due_id: UUID) -> DueFacts:
    return facts_of(await repository.get_due(db, due_id))


async def dues_of(db: AsyncSession, subject: Ref) -> list[DueFacts]:
    """Every due of a subject in the order raised, the cancelled ones too."""
    return [facts_of(due) for due in await repository.dues_of(db, str(subject))]


async def require_paid(db: AsyncSession, subject: Ref, now: datetime | None = None) -> None:
    """Gate: every due of the subject is paid, and none paid back. With `now`, of those that are open only the ones
    whose day has come by then are asked for.
    """
    today = shanghai_day(now) if now is not None else date.max
    waiting = [
        due.reference
        for due in await repository.dues_of(db, str(subject))
        if due.state is DueState.REFUNDED or (due.state is DueState.OPEN and due.due_on <= today)
    ]
    if waiting:
        raise errors.DuesOpen(references=waiting)


async def pay_from_escrow(db: AsyncSession, due_id: UUID, *, minor: int, actor: Actor | None) -> DueFacts:
    """Money the payer has in the market already, such as a captured deposit, pays a due or a part of it."""
    due = await repository.lock_due(db, due_id)
    DUE.move(due.state, "pay")
    outstanding = due.minor - due.paid_minor
    if minor > outstanding:
        raise errors.MoreThanDue(reference=due.reference, outstanding=Money(outstanding))
    await take_payment(db, due, minor, actor=actor)
    return facts_of(due)


async def take_payment(db: AsyncSession, due: Due, minor: int, *, actor: Actor | None) -> None:
    """Count money that stands in the payer's escrow towards a locked, open due; the last fen makes it paid."""
    if due.payee_org is not None:
        await ledger.post(
            db,
            debit=await escrow_of(db, due.payer_org),
            credit=await due_escrow(db, due),
            minor=minor,
            why=Ref("due", due.id),
            code="due.paid",
        )
    now = await clock.market_now(db)
    due.paid_minor += minor
    if due.paid_minor == due.minor:
        due.state, due.paid_at = DUE.move(due.state, "pay"), now
        journal.record(db, DuePaid(due.id, due.subject, due.purpose), actor=actor)
    await db.flush()


async def require_releasable(db: AsyncSession, due: Due) -> None:
    """Gate: the money of a locked due is all there, has somewhere to go, has not gone, and nobody holds it back."""
    if due.payee_org is None:
        raise errors.NothingToRelease(reference=due.reference)
    if due.released_at is not None:
        raise errors.ReleasedAlready(reference=due.reference)
    if due.state is not DueState.PAID:
        raise errors.NotPaidYet(reference=due.reference)
    if due.purpose is not Purpose.REFUND:  # who holds money back wants it to go back
        await require_not_held(db, due.subject)


async def release(
    db: AsyncSession, *, due_id: UUID, actor: Actor | None, fee_code: str | None = EXCHANGE_FEE
) -> ReleaseFacts:
    """Paid money goes to the payee less the fee by tariff, and the payout is instructed; once per due.

    The tariff is the row of the due's rule date. A due of purpose FEE is the market's own and goes to its fees whole;
    money given back (REFUND) bears none.
    """
    due = await repository.lock_due(db, due_id)
    await require_releasable(db, due)
    assert due.payee_org is not None
    fee = due.minor if due.purpose is Purpose.FEE else await _fee(db, due, fee_code)
    why = Ref("due", due.id)
    source, payee = await due_escrow(db, due), await escrow_of(db, due.payee_org)
    fees = await ledger.account(db, purpose=ledger.Purpose.FEES)
    # The fee leaves the payee's account, not the due's: the payer sees the due's transfers and has no part in the fee.
    moves = [(source, payee, due.minor, "due.released"), (payee, fees, fee, "fee.taken")]
    await ledger.post_many(
        db, [ledger.Posting(giver, taker, minor, why, code) for giver, taker, minor, code in moves if minor > 0]
    )
    payout_id = None
    if due.minor > fee:
        payout_id = await instruct_payout(
            db,
            org=due.payee_org,
            minor=due.minor - fee,
            channel=Channel.ESCROW,
            why=why,
            actor=actor,
            back_of=await repository.due_refunded_by(db, due.id) if due.purpose is Purpose.REFUND else None,
        )
    due.fee_minor = fee
    due.unshared_minor = 0 if due.purpose in UNSHARED else await _shared_at_most(db, due, fee)
    due.released_at = await clock.market_now(db)
    await db.flush()
    await draw_up_invoices(db, due)
    journal.record(db, Released(due.id, due.subject, due.purpose, payout_id), actor=actor)
    return ReleaseFacts(due.id, due.minor, fee, payout_id)


async def _shared_at_most(db: AsyncSession, due: Due, fee_minor: int) -> int:
    """What the nodes of both sides can get of the fee: as in `hub.nodes.split_fee`, each part rounded up."""
    most = 0
    for org_id, key in ((due.payee_org, NODE_SHARE_SELLER), (due.payer_org, NODE_SHARE_BUYER)):
        node = None if org_id is None else await identity.node_on(db, org_id, due.rule_date)
        if node is not None and fee_minor > 0:
            scope = rulebook.unit_scope(node)
            row = await rulebook.find_rule(db, key, on=due.rule_date, base="fee", scope=scope)
            most += 0 if row is None else rules.part_at_most(fee_minor, row.decimal)
    return min(most, fee_minor)


async def _fee(db: AsyncSession, due: Due, fee_code: str | None) -> int:
    if fee_code is None or due.purpose is Purpose.REFUND:
        return 0
    rate = await rulebook.get_rule(db, fee_code, on=due.rule_date)
    payer = await rulebook.get_rule(db, f"{fee_code}.payer", on=due.rule_date)
    if payer.value != "payee":
        raise errors.FeePayerUnknown(payer=payer.value)
    rounding = await rulebook.get_rule(db, f"{fee_code}.rounding", on=due.rule_date)
    return rules.fee_of(due.minor, rate.decimal, rounding.value)


async def due_escrow(db: AsyncSession, due: Due) -> UUID:
    """Where the money of a paid due waits for its release: apart from all other money of the payer."""
    return await ledger.account(db, purpose=ledger.Purpose.ESCROW, owner=due.payer_org, subject=Ref("due", due.id))


def facts_of(due: Due) -> DueFacts:
    return DueFacts(
        due.id,
        due.reference,
        due.payer_org,
        due.payee_org,
        due.minor,
        due.paid_minor,
        due.fee_minor,
        due.due_on,
        due.rule_date,
        Ref.parse(due.subject),
        due.purpose,
        due.state,
        due.paid_at,
        due.released_at,
    )


async def sides_of_dues(db: AsyncSession, due_ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """Who pays each due, and who gets it where that is said."""
    rows = await repository.dues_by_ids(db, due_ids) if due_ids else []
    return {row.id: frozenset({row.payer_org, row.payee_org or row.payer_org}) for row in rows}
