"""Certificates: two people outside the deal, facts that stayed the same, numbers without gap, files that verify."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from techmarket.certification import errors, service, steps
from techmarket.certification.lifecycle import CERTIFICATE, CertificateState, Why
from techmarket.certification.verify import Answer, verify_file
from techmarket.contracts import service as contracts
from techmarket.contracts.errors import NotInForce
from techmarket.db import journal
from techmarket.db import keys as market_keys
from techmarket.db.session import Tx
from techmarket.identity.actor import ANONYMOUS, Role
from techmarket.identity.errors import OneHandBehindBoth
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.settlement.errors import DuesOpen
from techmarket.transparency import service as transparency
from techmarket.transparency.keyset import trusted_keys
from tests.certification.make import a_desk, issued
from tests.contracts.make import a_registration, awake, in_force, pay
from tests.identity.make import a_member, an_organisation, vouch
from tests.notices.make import move_to

S = CertificateState


async def count(tx: Tx, where: str = "true") -> int:
    async with tx.read() as db:
        return int((await db.execute(sql(f"SELECT count(*) FROM certificate WHERE {where}"))).scalar_one())


async def checkpoint(tx: Tx, keys) -> None:
    async with tx.begin() as db:
        await journal.sequence(db)
    await transparency.make_checkpoint(tx, keys)


EXPECTED = {
    S.PREPARED: {"approve", "reject"},
    S.REJECTED: set(),
    S.ISSUED: {"suspend", "revoke", "replace"},
    S.SUSPENDED: {"reinstate", "revoke", "replace"},
    S.REVOKED: set(),
    S.REPLACED: set(),
}


def test_what_is_not_in_the_table_of_moves_is_refused_in_every_state():
    for state in CERTIFICATE.states:
        for act in CERTIFICATE.acts:
            if act in EXPECTED[state]:
                assert CERTIFICATE.move(state, act) in CERTIFICATE.states
            else:
                with pytest.raises(NotInThisState):
                    CERTIFICATE.move(state, act)


async def test_one_certifier_prepares_and_a_second_issues_a_numbered_certificate_of_the_facts(tx, keys):
    desk = await a_desk(tx, keys)
    prepared = await service.prepare(tx, desk.first, desk.deal.id)
    assert (prepared.state, prepared.number, prepared.approved_by) == (S.PREPARED, None, None)
    view = await service.approve(tx, keys, desk.second, prepared.id)
    assert (view.state, view.number) == (S.ISSUED, "ZJ-2026-000001")
    assert (view.prepared_by, view.approved_by) == (desk.first.person_id, desk.second.person_id)
    assert view.facts is not None
    assert view.facts["contract"]["number"] == desk.deal.contract.number
    assert view.facts["price"]["entry_fee"] == {"amount": "600000.00", "currency": "CNY"}
    assert [due["state"] for due in view.facts["payments"]["dues"]] == ["PAID"]
    async with tx.read() as db:
        facts = await steps.certificate_of(db, desk.deal.id)
    assert facts is not None
    assert facts.number == "ZJ-2026-000001"


async def test_a_contract_that_is_not_in_force_or_owes_is_not_certified(tx, keys):
    desk = await a_desk(tx, keys, paid=False)
    await move_to(tx, datetime(2026, 4, 1, tzinfo=UTC))
    with pytest.raises(DuesOpen):
        await service.prepare(tx, desk.first, desk.deal.id)
    await pay(tx, keys, desk.deal.id)
    await contracts.dispute(tx, desk.deal.buyer.actor, desk.deal.id, reasons="Sample")
    with pytest.raises(NotInForce):
        await service.prepare(tx, desk.first, desk.deal.id)
    with pytest.raises(NotFound):
        await service.prepare(tx, desk.first, uuid4())
    assert await count(tx) == 0


async def test_the_person_who_prepared_neither_approves_nor_rejects_also_when_both_race(tx, keys):
    desk = await a_desk(tx, keys)
    prepared = await service.prepare(tx, desk.first, desk.deal.id)
    with pytest.raises(errors.SecondPersonNeeded):
        await service.reject(tx, desk.first, prepared.id, reasons="Sample")
    mine = [service.approve(tx, keys, desk.first, prepared.id) for _ in range(4)]
    theirs = [service.approve(tx, keys, desk.second, prepared.id) for _ in range(4)]
    await awake(tx)
    outcomes = await asyncio.gather(*mine, *theirs, return_exceptions=True)
    won = [one for one in outcomes if not isinstance(one, BaseException)]
    assert [(one.number, one.approved_by) for one in won] == [("ZJ-2026-000001", desk.second.person_id)]
    assert {type(one) for one in outcomes if isinstance(one, Exception)} <= {
        errors.SecondPersonNeeded,
        NotInThisState,
    }
    assert all(isinstance(one, errors.SecondPersonNeeded | NotInThisState) for one in outcomes[:4])


async def test_a_certifier_whom_the_preparer_gave_a_password_does_not_approve(tx, keys):
    desk = await a_desk(tx, keys)
    prepared = await service.prepare(tx, desk.first, desk.deal.id)
    await vouch(tx, desk.second, by=desk.first)
    with pytest.raises(OneHandBehindBoth):
        await service.approve(tx, keys, desk.second, prepared.id)
    assert (await service.reject(tx, desk.second, prepared.id, reasons="Sample")).number is None


async def test_two_certifiers_who_prepare_at_once_make_one_certificate(tx, keys):
    desk = await a_desk(tx, keys)
    await awake(tx)
    outcomes = await asyncio.gather(
        *[service.prepare(tx, one, desk.deal.id) for one in (desk.first, desk.second) for _ in range(5)],
        return_exceptions=True,
    )
    assert [type(one).__name__ for one in outcomes].count("CertificateView") == 1
    assert {type(one) for one in outcomes if isinstance(one, Exception)} == {errors.CertificateExists}
    assert await count(tx) == 1


async def test_a_person_of_a_party_certifies_nothing_of_its_deal(tx, keys):
    desk = await a_desk(tx, keys)
    prepared = await service.prepare(tx, desk.first, desk.deal.id)
    async with tx.begin() as db:
        await db.execute(
            sql("INSERT INTO membership (person_id, org_id, roles) VALUES (:p, :o, '{INVENTOR}')"),
            {"p": desk.second.person_id, "o": desk.deal.seller.actor.org_id},
        )
    for act in (
        service.approve(tx, keys, desk.second, prepared.id),
        service.reject(tx, desk.second, prepared.id, reasons="Sample"),
    ):
        with pytest.raises(errors.CertifierBelongsToParty):
            await act
    with pytest.raises(NotAllowed):
        await service.prepare(tx, desk.deal.buyer.actor, desk.deal.id)
    with pytest.raises(NotFound):
        await service.approve(tx, keys, desk.deal.buyer.actor, prepared.id)
    with pytest.raises(NotAllowed):
        await service.approve(tx, keys, desk.market["operator"].actor, prepared.id)
    assert await count(tx, "state = 'PREPARED'") == 1
    # Nor when others, who may, try at the same moment.
    third = (await a_member(tx, desk.first, Role.CERTIFIER)).actor
    await awake(tx)
    tries = [service.approve(tx, keys, one, prepared.id) for one in (desk.second, third) for _ in range(4)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [one.approved_by for one in outcomes if not isinstance(one, Exception)] == [third.person_id]
    assert {type(one) for one in outcomes[:4]} <= {errors.CertifierBelongsToParty, NotInThisState}


async def test_the_database_itself_refuses_one_person_and_a_partys_person(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    for person in (desk.first.person_id, desk.deal.buyer.actor.person_id):
        with pytest.raises(IntegrityError):
            async with tx.begin() as db:
                await db.execute(
                    sql("UPDATE certificate SET approved_by = :p WHERE id = :id"), {"p": person, "id": view.id}
                )
    assert (await service.get_certificate(tx, desk.first, str(view.id))).approved_by == desk.second.person_id


async def test_facts_that_changed_since_they_were_prepared_are_not_approved(tx, keys):
    desk = await a_desk(tx, keys)
    prepared = await service.prepare(tx, desk.first, desk.deal.id)
    filed = await a_registration(tx, desk.deal)
    await contracts.decide_registration(tx, desk.market["registrar"].actor, filed.id, number="26330106000123")
    with pytest.raises(errors.FactsChanged) as refused:
        await service.approve(tx, keys, desk.second, prepared.id)
    assert refused.value.facts["changed"] == ["registration"]
    assert await count(tx, "number IS NOT NULL") == 0
    rejected = await service.reject(tx, desk.second, prepared.id, reasons="Sample: the contract was registered")
    assert rejected.state is S.REJECTED
    assert (await issued(tx, keys, desk)).number == "ZJ-2026-000001"


async def test_a_royalty_that_fell_due_in_between_stops_the_approval(tx, keys):
    desk = await a_desk(tx, keys)
    await move_to(tx, datetime(2027, 1, 10, tzinfo=UTC))
    prepared = await service.prepare(tx, desk.first, desk.deal.id)
    await contracts.report_royalty(
        tx,
        desk.deal.buyer.actor,
        desk.deal.id,
        period_from=date(2026, 3, 2),
        period_to=date(2026, 12, 31),
        base_minor=10_000,
    )
    with pytest.raises(errors.FactsChanged):
        await service.approve(tx, keys, desk.second, prepared.id)


async def test_the_numbers_of_a_year_have_no_gap_when_ten_are_approved_at_once_and_others_fail(tx, keys):
    desk = await a_desk(tx, keys)
    deals = [desk.deal, *[await in_force(tx, keys) for _ in range(9)]]
    prepared = [await service.prepare(tx, desk.first, deal.id) for deal in deals]
    await awake(tx)
    outcomes = await asyncio.gather(
        *[service.approve(tx, keys, desk.second, one.id) for one in prepared],
        *[service.approve(tx, keys, desk.first, one.id) for one in prepared[:5]],
        return_exceptions=True,
    )
    made = sorted(one.number for one in outcomes if not isinstance(one, BaseException))
    assert made == [f"ZJ-2026-{n:06d}" for n in range(1, 11)]


async def test_an_issued_file_verifies_offline_by_promise_and_then_by_proof(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    trusted = trusted_keys(await service.published_keys(tx, keys))
    early = await service.get_file(tx, keys, desk.deal.buyer.actor, view.number or "")
    verdict = verify_file(early.body, trusted)
    assert (verdict.answer, verdict.checked[-1]) == (Answer.VALID, "promise")
    await checkpoint(tx, keys)
    later = await service.get_file(tx, keys, desk.deal.seller.actor, str(view.id))
    verdict = verify_file(later.body, trusted_keys(await service.published_keys(tx, keys)))
    assert (verdict.answer, verdict.number) == (Answer.VALID, "ZJ-2026-000001")
    assert verdict.checked == ("form", "signature", "disclosures", "status", "checkpoint", "inclusion")
    assert verdict.credential is not None
    assert verdict.credential["credentialSubject"]["transaction"] == view.facts
    assert verify_file(early.body, trusted).is_valid


async def test_a_real_file_with_one_byte_changed_is_not_ours(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    await checkpoint(tx, keys)
    raw = (await service.get_file(tx, keys, desk.deal.buyer.actor, view.number or "")).body
    trusted = trusted_keys(await service.published_keys(tx, keys))
    for place in range(len(raw)):
        bent = raw[:place] + bytes([raw[place] ^ 0x01]) + raw[place + 1 :]
        assert verify_file(bent, trusted).answer is Answer.NOT_OURS, raw[max(0, place - 30) : place + 30]


async def test_a_suspended_and_a_revoked_certificate_say_so_in_new_files_and_to_whoever_asks_the_market(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    old = (await service.get_file(tx, keys, desk.deal.buyer.actor, view.number or "")).body
    trusted = trusted_keys(await service.published_keys(tx, keys))
    await service.suspend(tx, desk.first, view.id, why=Why.DISPUTE, reasons="Sample")
    now = await service.verify_certificate(tx, keys, ANONYMOUS, old)
    assert (now.answer, now.why) == ("suspended", "DISPUTE")
    assert "status_since" in now.checked
    assert verify_file(old, trusted).answer is Answer.VALID  # what was true when the file was made, and it says so
    assert "status_since" in verify_file(old, trusted).not_checked
    new = (await service.get_file(tx, keys, desk.deal.buyer.actor, view.number or "")).body
    assert verify_file(new, trusted).answer is Answer.SUSPENDED
    stands = await service.reinstate(tx, desk.second, view.id, reasons="Sample: settled")
    assert (stands.state, stands.why) == (S.ISSUED, None)
    await service.revoke(tx, desk.second, view.id, why=Why.FACTS_WRONG, reasons="Sample")
    gone = await service.verify_certificate(tx, keys, ANONYMOUS, old)
    assert (gone.answer, gone.why, gone.number) == ("revoked", "FACTS_WRONG", "ZJ-2026-000001")
    with pytest.raises(NotInThisState):
        await service.reinstate(tx, desk.second, view.id, reasons="Sample")
    assert (await issued(tx, keys, desk)).number == "ZJ-2026-000002"


async def test_a_file_of_another_market_is_not_ours(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    raw = (await service.get_file(tx, keys, desk.deal.buyer.actor, view.number or "")).body
    stranger = market_keys.for_tests()
    verdict = await service.verify_certificate(tx, stranger, ANONYMOUS, raw)
    assert (verdict.answer, verdict.fault, verdict.credential) == ("not_ours", "signature", None)
    assert (await service.verify_certificate(tx, keys, ANONYMOUS, b"nonsense")).fault == "form"


async def test_a_stranger_with_the_number_sees_whether_it_stands_and_nothing_of_the_deal(tx, keys):
    desk = await a_desk(tx, keys)
    stranger = await an_organisation(tx, keys=keys)
    prepared = await service.prepare(tx, desk.first, desk.deal.id)
    for reader in (stranger.actor, desk.deal.buyer.actor, ANONYMOUS):
        with pytest.raises(NotFound):
            await service.get_certificate(tx, reader, str(prepared.id))
    view = await service.approve(tx, keys, desk.second, prepared.id)
    for reader in (stranger.actor, ANONYMOUS):
        card = await service.get_certificate(tx, reader, view.number or "")
        assert (card.state, card.credential_sha256) == (S.ISSUED, view.credential_sha256)
        assert (card.contract_id, card.facts, card.prepared_by, card.reasons) == (None, None, None, None)
        with pytest.raises(NotFound):
            await service.get_file(tx, keys, reader, view.number or "")
    assert (await service.get_certificate(tx, desk.deal.buyer.actor, view.number or "")).facts == view.facts
    for wrong in ("ZJ-2026-000099", "nonsense", str(uuid4())):
        with pytest.raises(NotFound):
            await service.get_certificate(tx, ANONYMOUS, wrong)


async def test_only_a_certifier_of_the_market_acts_and_reads_the_desk(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    operator, buyer = desk.market["operator"].actor, desk.deal.buyer.actor
    finance = await a_member(tx, operator, Role.FINANCE, keys=keys)
    for actor, refusal in ((operator, NotAllowed), (finance.actor, NotAllowed), (buyer, NotAllowed)):
        with pytest.raises(refusal):
            await service.suspend(tx, actor, view.id, why=Why.OTHER, reasons="x")
        with pytest.raises(refusal):
            await service.revoke(tx, actor, view.id, why=Why.OTHER, reasons="x")
    with pytest.raises(NotAllowed):
        await service.list_certificates(tx, buyer, state=None, cursor=None, limit=20)
    page = await service.list_certificates(tx, desk.first, state=S.ISSUED, cursor=None, limit=20)
    assert [one.number for one in page.items] == ["ZJ-2026-000001"]
    stranger = await an_organisation(tx, keys=keys)
    with pytest.raises(NotFound):
        await service.revoke(tx, stranger.actor, view.id, why=Why.OTHER, reasons="x")


async def test_the_log_holds_the_hash_of_the_credential_and_nothing_of_the_deal(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    async with tx.read() as db:
        row = (
            await db.execute(sql("SELECT facts FROM journal_entry WHERE kind = 'certification.certificate_issued'"))
        ).scalar_one()
    facts = json.loads(row) if isinstance(row, str) else row
    assert facts == {"number": view.number, "credential_sha256": view.credential_sha256}
