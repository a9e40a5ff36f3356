"""What settlement shows of its rows."""

from __future__ import annotations

from techmarket.identity.actor import Actor
from techmarket.kernel.money import Money
from techmarket.settlement.lifecycle import DueState
from techmarket.settlement.tables import BankLine, Due, Payout
from techmarket.settlement.views import BankLineView, DueView, PayoutView


def due_view(due: Due, actor: Actor) -> DueView:
    # The fee is between the market and the payee; the payer has no part in it.
    sees_fee = due.fee_minor is not None and (actor.is_market or actor.org_id == due.payee_org)
    return DueView(
        due.id,
        due.reference,
        due.payer_org,
        due.payee_org,
        Money(due.minor),
        Money(due.paid_minor),
        Money(0 if due.state is DueState.CANCELLED else due.minor - due.paid_minor),
        Money(due.fee_minor) if sees_fee and due.fee_minor is not None else None,
        due.due_on,
        due.subject,
        due.purpose,
        due.state,
        due.paid_at,
        due.released_at,
        due.refund_due_id,
    )


def line_view(line: BankLine) -> BankLineView:
    assert line.outcome is not None
    return BankLineView(
        line.id,
        line.message_id,
        line.payer_account,
        line.payer_name,
        Money(line.minor),
        line.reference,
        line.booked_at,
        line.received_at,
        line.outcome,
        line.state,
        line.due_id,
        line.payout_id,
    )


def payout_view(payout: Payout, actor: Actor) -> PayoutView:
    # Where money goes is for whoever pays it and whoever gets it; a unit's list holds its own payouts only.
    knows = actor.is_market or actor.org_id == payout.org_id
    return PayoutView(
        payout.id,
        payout.org_id,
        Money(payout.minor),
        payout.channel,
        payout.state,
        payout.why,
        payout.to_account if knows else None,
        payout.to_name if knows else None,
        payout.bank_reference,
        payout.instructed_at,
        payout.settled_at,
    )
