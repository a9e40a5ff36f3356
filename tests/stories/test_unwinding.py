"""A deal that does not stand is undone after its certificate: suspended, refunded, revoked, each shown to strangers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.achievements import steps as achievements
from techmarket.certification import service as certification
from techmarket.certification.lifecycle import CertificateState, Why
from techmarket.certification.verify import Answer, Beside, verify_file
from techmarket.contracts import service as contracts
from techmarket.contracts.errors import NotInForce
from techmarket.contracts.plans import PlanTerms
from techmarket.contracts.rules import ContractType, LineKind, TitleMoves
from techmarket.identity.actor import ANONYMOUS, Role
from techmarket.jobs import runner
from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.revenue import service as revenue
from techmarket.revenue.lifecycle import DistributionState
from techmarket.settlement import service as settlement
from techmarket.settlement import steps as settled
from techmarket.settlement.lifecycle import DueState, PayoutState
from techmarket.settlement.rules import InvoiceKind, Purpose
from tests.certification.make import Desk, a_desk, issued
from tests.certification.test_standing import file_of, lists_of, trusted
from tests.contracts.make import Deal
from tests.identity.make import a_member
from tests.notices.make import an_evidence
from tests.revenue.make_licence import a_licence
from tests.revenue.test_reversing import paid_entry_fee
from tests.settlement.make import a_message, from_the_bank, sheet

PRICE, FEE = 60_000_000, 900_000


async def test_a_certified_deal_that_is_void_is_undone_to_the_last_cent(tx, keys, means):
    desk = await a_desk(tx, keys)
    first = desk.market["finance"].actor
    second = (await a_member(tx, first, Role.FINANCE, keys=keys)).actor
    buyer, seller = desk.deal.buyer.actor, desk.deal.seller.actor
    view = await issued(tx, keys, desk)
    old = await file_of(tx, keys, desk, view)

    # The seller has his money, the market its fee.
    async with tx.read() as db:
        [due] = [one for one in await settled.dues_of(db, Ref("contract", desk.deal.id)) if one.minor == PRICE]
    await settlement.release_due(tx, first, due.id)
    [out] = (await settlement.list_payouts(tx, seller, state=None, cursor=None, limit=9)).items
    await settlement.settle_payout(tx, first, out.id, is_confirmed=True, bank_reference="B-1")
    assert await sheet(tx) == {"BANK": -FEE, "FEES": FEE}

    # The contract is void: its certificate does not stand from then on, before anybody has looked.
    operator = desk.market["operator"].actor
    await contracts.terminate(tx, operator, desk.deal.id, reasons="Sample: declared void by a court")
    await runner.settle_down(means)
    card = await certification.get_certificate(tx, ANONYMOUS, view.number or "")
    assert (card.state, card.why) == (CertificateState.SUSPENDED, Why.CONTRACT_ENDED)
    held = verify_file(old, await trusted(tx, keys), Beside(status_lists=await lists_of(tx, keys)))
    assert held.answer is Answer.SUSPENDED

    # Two of finance refund: the fee comes back at once, the rest the seller owes and pays, and the buyer has it all.
    for actor in (first, second):
        await settlement.refund_due(tx, actor, due.id, reasons="Sample: void")
    async with tx.read() as db:
        [owed] = [
            one for one in await settled.dues_of(db, Ref("contract", desk.deal.id)) if one.purpose is Purpose.REFUND
        ]
        undone = await settled.get_due(db, due.id)
    assert (undone.state, owed.outstanding_minor) == (DueState.REFUNDED, PRICE - FEE)
    await from_the_bank(tx, keys, await a_message(tx, owed, minor=PRICE - FEE))
    await settlement.release_due(tx, first, owed.id)
    [back] = [
        one
        for one in (await settlement.list_payouts(tx, buyer, state=None, cursor=None, limit=9)).items
        if one.why == f"due:{owed.id}"
    ]
    assert (back.amount, back.to_account) == (Money(PRICE), "6222000000000000")
    await settlement.settle_payout(tx, first, back.id, is_confirmed=True, bank_reference="B-2")
    assert await sheet(tx) == {}
    found = (await settlement.list_invoices(tx, first, is_issued=None, cursor=None, limit=20)).items
    assert {kind: sum(one.amount.minor for one in found if one.kind is kind) for kind in InvoiceKind} == dict.fromkeys(
        InvoiceKind, 0
    )

    # A certifier has looked: revoked, and every later room hears of it.
    await certification.revoke(tx, desk.first, view.id, why=Why.CONTRACT_ENDED, reasons="Sample: void")
    await runner.settle_down(means)
    now = await certification.verify_certificate(tx, keys, ANONYMOUS, old)
    assert (now.answer, now.why) == ("revoked", "CONTRACT_ENDED")
    gone = verify_file(old, await trusted(tx, keys), Beside(status_lists=await lists_of(tx, keys)))
    assert gone.answer is Answer.REVOKED
    async with tx.read() as db:
        kinds = (
            await db.execute(
                text(
                    "SELECT kind FROM journal_entry WHERE kind IN ('contracts.contract_terminated',"
                    " 'certification.certificate_suspended', 'settlement.due_refunded',"
                    " 'certification.certificate_revoked') ORDER BY seq"
                )
            )
        ).scalars()
        assert list(kinds) == [
            "contracts.contract_terminated",
            "certification.certificate_suspended",
            "settlement.due_refunded",
            "certification.certificate_revoked",
        ]


TRANSFER: dict[str, Any] = {
    "type": ContractType.TRANSFER,
    "licence_kind": None,
    "scope": None,
    "entry_fee_minor": None,
    "royalty": None,
    "plan": (PlanTerms(LineKind.LUMP, PRICE),),
    "title_moves": TitleMoves.ON_PAYMENT,
}


async def owners_of(tx, achievement_id) -> list[tuple[UUID | None, Decimal]]:
    async with tx.read() as db:
        facts = await achievements.get_facts(db, [achievement_id])
    return [(one.org_id, one.share) for one in facts[achievement_id].owners]


async def test_after_a_void_transfer_shares_are_owed_back_and_the_title_is_the_units_again(tx, keys, means):
    sale = await a_licence(tx, keys, terms=TRANSFER)
    first = sale.market["finance"].actor
    second = (await a_member(tx, first, Role.FINANCE, keys=keys)).actor
    unit, buyer = sale.unit.actor, sale.buyer.actor

    # Sold, paid, shared among the inventors, handed over, certified.
    paid = await paid_entry_fee(sale, confirmed=5)
    shared = sum(line.amount.minor for line in paid.lines)
    [out] = (await settlement.list_payouts(tx, first, state=PayoutState.INSTRUCTED, cursor=None, limit=9)).items
    await settlement.settle_payout(tx, first, out.id, is_confirmed=True, bank_reference="B-1")
    await contracts.hand_over_title(tx, unit, sale.id, evidence_sha256=await an_evidence(tx, unit, "ab" * 32))
    assert await owners_of(tx, sale.achievement_id) == [(buyer.org, Decimal(1))]
    desk = Desk(sale.market, Deal(sale.unit, sale.buyer, sale.achievement_id, sale.contract))
    view = await issued(tx, keys, desk)

    # Void: suspended at once; refunded by two; what was shared is owed back without anybody's further act.
    await contracts.terminate(tx, sale.market["operator"].actor, sale.id, reasons="Sample: declared void by a court")
    async with tx.read() as db:
        [due] = [one for one in await settled.dues_of(db, Ref("contract", sale.id)) if one.minor == PRICE]
    for actor in (first, second):
        await settlement.refund_due(tx, actor, due.id, reasons="Sample: void")
    await runner.settle_down(means)
    card = await certification.get_certificate(tx, ANONYMOUS, view.number or "")
    assert card.state is CertificateState.SUSPENDED
    assert (await revenue.get_distribution(tx, unit, paid.id)).state is DistributionState.REVERSED
    claims = (await revenue.list_claims(tx, unit, cursor=None, limit=50)).items
    assert (len(claims), sum(claim.amount.minor for claim in claims)) == (5, shared)
    with pytest.raises(NotInForce):  # nobody lifts the suspension over it
        await certification.reinstate(tx, desk.second, view.id, reasons="Sample")

    # The register says so, and the title is the unit's again; the certificate is taken back for good.
    await contracts.restore_title(tx, buyer, sale.id, evidence_sha256=await an_evidence(tx, buyer, "ba" * 32))
    assert await owners_of(tx, sale.achievement_id) == [(unit.org, Decimal(1))]
    gone = await certification.revoke(tx, desk.first, view.id, why=Why.CONTRACT_ENDED, reasons="Sample: void")
    assert gone.state is CertificateState.REVOKED
