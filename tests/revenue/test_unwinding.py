"""When money goes back, a contract is void or a registration is revoked: what was shared is taken back by itself."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from techmarket.contracts import service as contracts
from techmarket.contracts.rules import ContractType
from techmarket.identity.permissions import NotAllowed
from techmarket.kernel.refusals import NotFound
from techmarket.revenue import errors, service
from techmarket.revenue.lifecycle import ClaimState, DistributionState, LineState
from techmarket.settlement import service as settlement
from techmarket.settlement import steps as settlement_steps
from tests.door import yuan
from tests.notices.make import an_evidence, move_to, shanghai
from tests.revenue.make_licence import (
    a_licence,
    a_published_distribution,
    a_signed_table,
    pay_and_release,
    receive_entry_fee,
    receive_royalty,
)
from tests.revenue.test_reversing import books, by_escrow, paid_entry_fee

DECISION = "de" * 32


async def paid(licence, *, confirmed):
    published = await a_published_distribution(licence)
    await move_to(licence.tx, shanghai(2026, 4, 8))
    instructed = await service.pay_distribution(licence.tx, licence.unit.actor, published.id)
    for line in instructed.lines[:confirmed]:
        await service.confirm_payroll(licence.tx, licence.unit.actor, line.id)
    return instructed


async def test_a_refunded_due_is_no_income_and_what_was_paid_of_it_is_owed_back(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    done = await paid(licence, confirmed=1)
    await receive_royalty(licence)
    books = await service.get_books(tx, licence.unit.actor, licence.id)
    due_id = books.income[0].due_id
    took = await asyncio.gather(*[service.take_refund(tx, due_id) for _ in range(3)])
    assert sorted(took) == [0, 0, 1]
    after = await service.get_distribution(tx, licence.unit.actor, done.id)
    assert (after.state, after.lines[0].state, after.lines[1].state) == (
        DistributionState.REVERSED,
        LineState.RECLAIMED,
        LineState.CANCELLED,
    )
    books = await service.get_books(tx, licence.unit.actor, licence.id)
    assert [(row.withdrawn_for, row.distribution_id) for row in books.income] == [("refunded", None), (None, None)]
    (claim,) = (await service.list_claims(tx, licence.unit.actor, cursor=None, limit=5)).items
    assert (claim.amount.minor, claim.cause) == (175_822_50, "refunded")
    # The royalty still counts, and A's part of it is kept for what she owes.
    again = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert again.receipts.minor == 553_703_67


async def test_of_a_void_contract_nothing_counts(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    done = await paid(licence, confirmed=2)
    operator = licence.market["operator"].actor
    shown = {"evidence_sha256": await an_evidence(tx, operator, DECISION)}
    with pytest.raises(NotAllowed):
        await service.unwind_contract(tx, licence.unit.actor, licence.id, **shown)
    took = [await service.unwind_contract(tx, operator, licence.id, **shown) for _ in range(2)]
    assert took == [1, 0]
    assert (await service.get_distribution(tx, licence.unit.actor, done.id)).state is DistributionState.REVERSED
    claims = (await service.list_claims(tx, licence.unit.actor, cursor=None, limit=5)).items
    assert sorted((one.amount.minor, one.cause) for one in claims) == [
        (105_493_50, "contract_void"),
        (175_822_50, "contract_void"),
    ]
    assert (await service.list_terms(tx, licence.unit.actor, cursor=None, limit=5)).items == []


async def test_with_a_revoked_registration_all_counts_as_wage_again_and_the_statement_says_so(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    unit, registrar = licence.unit.actor, licence.market["registrar"].actor
    filed = await contracts.file_registration(
        tx,
        unit,
        licence.id,
        contract_class=ContractType.LICENCE,
        whole_minor=600_000_00,
        technology_minor=600_000_00,
    )
    await contracts.decide_registration(tx, registrar, filed.id, number="20260000000001")
    done = await paid(licence, confirmed=5)
    assert done.lines[0].wage_base.minor == 87_911_25
    assert await service.revise_flags(tx, licence.id) == 0
    await contracts.revoke_registration(tx, registrar, filed.id, reasons="Sample reasons / 示例理由")
    assert (await service.revise_flags(tx, licence.id), await service.revise_flags(tx, licence.id)) == (1, 0)
    after = await service.get_distribution(tx, unit, done.id)
    assert [line.wage_base for line in after.lines] == [line.amount for line in after.lines]
    assert [line.amount for line in after.lines] == [line.amount for line in done.lines]
    me = licence.inventors[0].actor
    flags = (await service.get_statement(tx, me, done.id, me.person)).flags
    assert {flag["tax"]: flag["value"] for flag in flags}["iit"] == "FULL"


async def given_back(licence, distribution):
    """What the market was told to pay back to the unit of what it had paid in for this distribution."""
    lines = [line for line in distribution.lines if line.payout_id]
    about = {
        "whys": [f"due:{distribution.fund_due_id}", *(f"distribution_line:{line.id}" for line in lines)],
        "lines": [line.payout_id for line in lines],
    }
    told = text("SELECT minor FROM payout WHERE why = ANY(:whys) AND id <> ALL(:lines) AND state <> 'FAILED'")
    async with licence.tx.read() as db:
        return (await db.execute(told, about)).scalars().all()


async def refund(licence, due_id):
    """The market undoes the due; nobody has heard of it yet."""
    async with licence.tx.begin() as db:
        await settlement_steps.refund_due(db, due_id, actor=licence.market["operator"].actor)


async def test_a_payout_on_its_way_holds_up_no_refund_and_its_answer_finishes_the_line(tx, keys, door):
    licence = await a_licence(tx, keys)
    await by_escrow(licence)
    done = await paid_entry_fee(licence, confirmed=0)
    finance, unit = licence.market["finance"].actor, licence.unit.actor
    first, second = done.lines[:2]
    for line in (first, second):
        await settlement.send_payout(tx, finance, line.payout_id)
    (income,) = (await service.get_books(tx, unit, licence.id)).income
    assert await service.take_refund(tx, income.due_id) == 1
    after = await service.get_distribution(tx, unit, done.id)
    assert after.state is DistributionState.REVERSED
    assert [line.state for line in after.lines] == [LineState.INSTRUCTED] * 2 + [LineState.CANCELLED] * 3
    assert (await service.get_books(tx, unit, licence.id)).open_income.minor == 0
    assert await given_back(licence, done) == [413_700_00 - 175_822_50 - 105_493_50]
    await settlement.settle_payout(tx, finance, first.payout_id, is_confirmed=True, bank_reference="1")
    await settlement.settle_payout(tx, finance, second.payout_id, is_confirmed=False, bank_reference="2")
    for line in (first, second):
        assert [await service.settle_line(tx, line.payout_id) for _ in range(2)] == [True, False]
    after = await service.get_distribution(tx, unit, done.id)
    assert [line.state for line in after.lines] == [LineState.RECLAIMED] + [LineState.CANCELLED] * 4
    (claim,) = (await service.list_claims(tx, unit, cursor=None, limit=5)).items
    assert (claim.amount.minor, claim.cause) == (175_822_50, "refunded")
    assert await books(licence) == {"BANK": 175_822_50, "RECEIVABLE": -175_822_50}
    # And then the money comes back by itself, when part of it was repaid already: nothing is owed any more, and what
    # was given twice the unit owes.
    await an_evidence(tx, unit, DECISION)
    await service.take_repayment(tx, unit, claim.id, minor=822_50, evidence_sha256=DECISION)
    async with tx.begin() as db:
        await settlement_steps.return_payout(db, first.payout_id, actor=finance)
    assert [await service.settle_line(tx, first.payout_id) for _ in range(2)] == [True, False]
    (claim,) = (await service.list_claims(tx, unit, cursor=None, limit=5)).items
    assert (claim.state, claim.settled.minor) == (ClaimState.SETTLED, 175_822_50)
    assert await books(licence) == {"BANK": -822_50, "PAYABLE": 822_50}
    assert (claim.given_twice.minor, claim.given_back.minor) == (822_50, 0)
    give = {"evidence_sha256": DECISION}
    for stranger in (licence.inventors[0].actor, licence.buyer.actor):
        with pytest.raises(NotFound):
            await service.give_back(tx, stranger, claim.id, minor=1, **give)
    with pytest.raises(errors.NothingToGiveBack):
        await service.give_back(tx, unit, claim.id, minor=822_51, **give)
    path, some = f"/v1/reward-claims/{claim.id}/give-backs", {"amount": yuan("800.00"), **give}
    assert (await door.post(unit, path, some, status=201))["given_back"] == yuan("800.00")
    given = await asyncio.gather(
        *[service.give_back(tx, unit, claim.id, minor=22_50, **give) for _ in range(3)], return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in given) == ["ClaimView"] + ["NothingToGiveBack"] * 2
    assert await books(licence) == {}
    # And all that the unit had paid in for its rewards is on its way back to it.
    assert sum(await given_back(licence, done)) == 413_700_00


async def test_what_was_refunded_before_it_was_taken_as_income_is_none_and_its_returned_fee_no_cost(tx, keys):
    licence = await a_licence(tx, keys)
    await move_to(tx, shanghai(2026, 3, 20, 10))
    (due_id,) = await pay_and_release(licence)
    await refund(licence, due_id)
    assert await service.take_refund(tx, due_id) == 0
    assert [await service.take_released(tx, due_id) for _ in range(2)] == [False, False]
    seen = await service.get_books(tx, licence.unit.actor, licence.id)
    assert (seen.income, seen.costs) == ((), ())


async def test_a_fee_that_was_given_back_is_no_cost_any_more(tx, keys):
    licence = await a_licence(tx, keys)
    due_id = await receive_entry_fee(licence)
    assert (await service.get_books(tx, licence.unit.actor, licence.id)).open_costs.minor == 9_000_00
    await refund(licence, due_id)
    assert await service.take_refund(tx, due_id) == 1
    seen = await service.get_books(tx, licence.unit.actor, licence.id)
    assert (seen.open_costs.minor, [cost.withdrawn_at is None for cost in seen.costs]) == (0, [False])
