"""Money that goes back, is voided or stated, as its people ask for it over HTTP."""

from __future__ import annotations

from datetime import date

from techmarket.identity.actor import Role
from techmarket.settlement import service
from techmarket.settlement.statements import CSV
from tests.door import yuan
from tests.identity.make import a_market, a_member, an_organisation
from tests.settlement.make import a_csv, a_due, a_message, a_paid_due, declared, from_the_bank

WHY = {"reasons": "Sample: the contract was declared void"}


async def test_a_wrong_statement_is_voided_by_two_who_declared_the_account(tx, keys, door):
    first = (await a_market(tx, keys))["finance"].actor
    second = await declared(tx, first)
    payer = (await an_organisation(tx, keys=keys)).actor
    due = await a_due(tx, payer=payer.org)
    await from_the_bank(tx, keys, await a_message(tx, due, message_id="B-1"))
    rows = [("CREDIT", "B-1", "150000.00", "", "", due.reference)]
    wrong = await service.upload_statement(tx, first, a_csv(rows), CSV)
    path = f"/v1/bank/statements/{wrong.id}/voiding"
    await door.post(first, path, WHY, status=202)
    assert (await door.post(second, path, WHY))["voided_at"] is not None
    assert (await door.get(payer, "/v1/bank/account"))["bank_name"] == "Sample bank"


async def test_a_due_is_refunded_by_two_its_invoice_corrected_and_the_account_stated(tx, keys, door):
    first = (await a_market(tx, keys))["finance"].actor
    second = (await a_member(tx, first, Role.FINANCE, keys=keys)).actor
    payer, payee = [(await an_organisation(tx, keys=keys)).actor for _ in range(2)]
    due = await a_paid_due(tx, keys, payer=payer.org, payee=payee.org, minor=10_000_000)
    await service.release_due(tx, first, due.id)
    _, deal = (await service.list_invoices(tx, first, is_issued=None, cursor=None, limit=9)).items
    issued = {"number": "26332000000000000001", "issued_on": "2026-03-03"}
    assert (await door.post(payee, f"/v1/invoices/{deal.id}/issue", issued))["number"] == issued["number"]
    red = await door.post(payee, f"/v1/invoices/{deal.id}/correction", WHY, status=201)
    assert (red["corrects"], red["reasons"]) == (str(deal.id), WHY["reasons"])
    (payout,) = (await service.list_payouts(tx, payee, state=None, cursor=None, limit=5)).items
    await service.settle_payout(tx, first, payout.id, is_confirmed=False, bank_reference="B1")
    renewed = await door.post(first, f"/v1/payouts/{payout.id}/renewal", status=201)
    assert (renewed["state"], renewed["amount"]) == ("INSTRUCTED", payout_amount(payout))
    path = f"/v1/dues/{due.id}/refund"
    waits = await door.post(first, path, WHY, status=202)
    assert (await door.post(second, f"/v1/bank/acts/{waits['id']}/refusal", WHY))["state"] == "REFUSED"
    await door.post(first, path, WHY, status=202)
    assert (await door.post(second, path, WHY))["state"] == "REFUNDED"
    span = {"from": date(2020, 1, 1).isoformat(), "to": date(2099, 1, 1).isoformat()}
    stated = await door.get(payer, f"/v1/ledger/organisations/{payer.org}/statement", **span)
    assert stated["came_in"] == yuan("200000.00")


def payout_amount(payout) -> dict[str, str]:
    return yuan(f"{payout.amount.minor // 100}.{payout.amount.minor % 100:02d}")
