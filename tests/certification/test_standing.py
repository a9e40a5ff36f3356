"""How a certificate stands: replaced, suspended by events, listed for strangers, checked against the log."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from techmarket.certification import errors, service, statuslist, verify
from techmarket.certification import jobs as started
from techmarket.certification.lifecycle import CertificateState, Why
from techmarket.certification.statuslist import StatusPurpose
from techmarket.certification.verify import Answer, Beside, verify_file
from techmarket.contracts import service as contracts
from techmarket.contracts.errors import NotInForce
from techmarket.contracts.events import ContractChanged, ContractTerminated, PaymentUndone, RegistrationRevoked
from techmarket.db import texts
from techmarket.db.means import PUBLIC_URL
from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.settlement import steps as settlement
from techmarket.settlement.errors import DuesOpen
from techmarket.transparency.keyset import trusted_keys
from tests.certification.make import Desk, a_desk, issued
from tests.certification.test_paper import words
from tests.certification.test_service import checkpoint
from tests.contracts.make import a_registration, awake, in_force, pay
from tests.contracts.test_registering import recorded
from tests.identity.make import a_market, an_organisation

S = CertificateState


async def file_of(tx, keys, desk, view) -> bytes:
    return (await service.get_file(tx, keys, desk.deal.buyer.actor, view.number or "")).body


async def lists_of(tx, keys) -> tuple[str, ...]:
    return tuple(
        [await service.get_status_list(tx, keys, ANONYMOUS, one, 0, public_url=PUBLIC_URL) for one in StatusPurpose]
    )


# --- preconditions ---


async def test_every_precondition_is_listed_with_whether_it_holds(tx, keys):
    desk = await a_desk(tx, keys)
    found = await service.list_preconditions(tx, desk.first, desk.deal.id)
    assert {one.code: one.holds for one in found} == dict.fromkeys(
        (
            "contract_in_force",
            "dues_paid",
            "money_not_held",
            "notice_ended",
            "no_certificate_yet",
            "you_belong_to_no_party",
        ),
        True,
    )
    await service.prepare(tx, desk.first, desk.deal.id)
    async with tx.begin() as db:
        await settlement.hold_release(
            db, Ref("contract", desk.deal.id), cause=settlement.HoldCause.COURT_ORDER, actor=None
        )
        await db.execute(
            sql("INSERT INTO membership (person_id, org_id, roles) VALUES (:p, :o, '{INVENTOR}')"),
            {"p": desk.first.person_id, "o": desk.deal.seller.actor.org_id},
        )
    await contracts.dispute(tx, desk.deal.buyer.actor, desk.deal.id, reasons="Sample")
    found = await service.list_preconditions(tx, desk.first, desk.deal.id)
    assert {one.code: one.refusal for one in found if not one.holds} == {
        "contract_in_force": "contracts.not_in_force",
        "money_not_held": "certification.money_held",
        "no_certificate_yet": "certification.certificate_exists",
        "you_belong_to_no_party": "certification.certifier_belongs_to_party",
    }
    for stranger in (desk.deal.buyer.actor, (await an_organisation(tx, keys=keys)).actor):
        with pytest.raises(NotFound):
            await service.list_preconditions(tx, stranger, desk.deal.id)


async def test_what_is_not_paid_is_named_among_the_preconditions_and_held_money_is_not_certified(tx, keys):
    desk = await a_desk(tx, keys, paid=False)
    async with tx.begin() as db:
        await db.execute(sql("UPDATE due SET due_on = '2026-01-01'"))
    [open_due] = [one for one in await service.list_preconditions(tx, desk.first, desk.deal.id) if not one.holds]
    assert (open_due.code, open_due.refusal, len(open_due.facts["references"])) == (
        "dues_paid",
        "settlement.dues_open",
        1,
    )
    other = await a_desk_of(tx, keys, desk)
    async with tx.begin() as db:
        await settlement.hold_release(
            db, Ref("contract", other.deal.id), cause=settlement.HoldCause.DISPUTE, actor=None
        )
    with pytest.raises(errors.MoneyHeld):
        await service.prepare(tx, other.first, other.deal.id)


async def a_desk_of(tx, keys, desk):
    """Another paid deal before the same certifiers."""
    deal = await in_force(tx, keys)
    await pay(tx, keys, deal.id)
    return replace(desk, deal=deal)


# --- correction and re-issue ---


async def test_a_correction_takes_the_place_of_the_first_in_one_commit_and_each_names_the_other(tx, keys):
    desk = await a_desk(tx, keys)
    first = await issued(tx, keys, desk)
    old = await file_of(tx, keys, desk, first)
    filed = await a_registration(tx, desk.deal)
    await contracts.decide_registration(tx, desk.market["registrar"].actor, filed.id, number="26330106000123")
    prepared = await service.prepare_replacement(tx, desk.first, first.id, reasons="Sample: registered since")
    assert (prepared.state, prepared.replaces) == (S.PREPARED, first.id)
    assert verify_file(await file_of(tx, keys, desk, first), await trusted(tx, keys)).is_valid  # until then
    second = await service.approve(tx, keys, desk.second, prepared.id)
    assert (second.number, second.facts["registration"]["number"]) == ("ZJ-2026-000002", "26330106000123")
    card = await service.get_certificate(tx, ANONYMOUS, first.number or "")
    assert (card.state, card.why, card.replaced_by) == (S.REPLACED, Why.REPLACED, "ZJ-2026-000002")
    now = await service.verify_certificate(tx, keys, ANONYMOUS, old)
    assert (now.answer, now.why, now.replaced_by) == ("revoked", "REPLACED", "ZJ-2026-000002")
    verdict = verify_file(await file_of(tx, keys, desk, second), await trusted(tx, keys))
    assert verdict.credential["credentialSubject"]["replaces"] == {
        "number": "ZJ-2026-000001",
        "credential_sha256": first.credential_sha256,
    }
    listed = verify_file(old, await trusted(tx, keys), Beside(status_lists=await lists_of(tx, keys)))
    assert (listed.answer, listed.why) == (Answer.REVOKED, verify.LISTED_WHY)
    third = await service.prepare_replacement(tx, desk.second, second.id, reasons="Sample: again")
    assert (await service.approve(tx, keys, desk.first, third.id)).number == "ZJ-2026-000003"


async def trusted(tx, keys):
    return trusted_keys(await service.published_keys(tx, keys))


async def test_a_replacement_needs_two_certifiers_a_standing_certificate_and_is_one(tx, keys):
    desk = await a_desk(tx, keys)
    first = await issued(tx, keys, desk)
    await awake(tx)
    tries = [
        service.prepare_replacement(tx, actor, first.id, reasons="Sample")
        for actor in (desk.first, desk.second)
        for _ in range(3)
    ]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    [prepared] = [one for one in outcomes if not isinstance(one, BaseException)]
    assert {type(one) for one in outcomes if isinstance(one, BaseException)} == {errors.CertificateExists}
    mine = desk.first if prepared.prepared_by == desk.first.person_id else desk.second
    with pytest.raises(errors.SecondPersonNeeded):
        await service.approve(tx, keys, mine, prepared.id)
    with pytest.raises(NotAllowed):
        await service.prepare_replacement(tx, desk.deal.buyer.actor, first.id, reasons="Sample")
    await service.revoke(tx, desk.first, first.id, why=Why.FACTS_WRONG, reasons="Sample")
    other = desk.second if mine is desk.first else desk.first
    with pytest.raises(NotInThisState):
        await service.approve(tx, keys, other, prepared.id)  # there is no place to take any more
    await service.reject(tx, other, prepared.id, reasons="Sample")
    with pytest.raises(errors.NothingToReplace):
        await service.prepare_replacement(tx, desk.first, first.id, reasons="Sample")


async def test_the_database_lets_one_certificate_stand_and_one_replace_it(tx, keys):
    desk = await a_desk(tx, keys)
    first = await issued(tx, keys, desk)
    copy = (
        "INSERT INTO certificate (id, number, contract_id, state, facts_sha256, credential_sha256, jwt_sha256,"
        " entry_id,"
        " prepared_by, prepared_at, approved_by, issued_at, since, replaces)"
        " SELECT :id, :number, contract_id, 'ISSUED', facts_sha256, credential_sha256, :number, entry_id, prepared_by,"
        " prepared_at, approved_by, issued_at, since, NULL FROM certificate WHERE id = :of"
    )
    with pytest.raises(IntegrityError, match="uq_certificate_standing"):
        async with tx.begin() as db:
            await db.execute(sql(copy), {"id": new_id(), "number": "ZJ-2026-000009", "of": first.id})


async def test_the_certificate_of_a_contract_made_on_paper_says_so_and_its_registration_is_one_of_the_market(tx, keys):
    deal, market = await recorded(tx, keys), await a_market(tx, keys)
    await contracts.confirm(tx, deal.buyer.actor, deal.id, document_sha256=deal.sha256)
    for title in ("operator", "certifier_1"):
        await contracts.attest(tx, market[title].actor, deal.id, document_sha256=deal.sha256)
    filed = await a_registration(tx, deal)
    await contracts.decide_registration(tx, market["registrar"].actor, filed.id, number="26330106000123")
    view = await issued(tx, keys, Desk(market, deal))
    assert view.facts is not None
    assert (view.facts["contract"]["made"], view.facts["trade"]) == ("PAPER", None)
    assert view.facts["registration"] == {"number": "26330106000123", "class": "LICENCE"}
    told = await service.get_paper(tx, keys, deal.buyer.actor, view.number or "", public_url=PUBLIC_URL)
    assert "市场外纸质订立 made elsewhere, on paper" in words(told.body)
    made_here = await issued(tx, keys, await a_desk_of(tx, keys, Desk(market, deal)))
    assert "made" not in (made_here.facts or {})["contract"]


# --- what ends elsewhere ---


async def test_an_end_a_change_a_refund_and_a_revoked_registration_each_suspend_the_certificate_once(tx, keys, means):
    means = replace(means, tx=tx, keys=keys)
    first = await a_desk(tx, keys)
    revoked = partial(RegistrationRevoked, registration_id=new_id())
    for n, (event, handle, why) in enumerate(
        (
            (ContractTerminated, started.suspend_terminated, Why.CONTRACT_ENDED),
            (
                revoked,
                started.suspend_unregistered,
                Why.REGISTRATION_REVOKED,
            ),
            (partial(ContractChanged, change_id=new_id()), started.suspend_changed, Why.CONTRACT_CHANGED),
            (partial(PaymentUndone, due_id=new_id()), started.suspend_refunded, Why.PAYMENT_REFUNDED),
        ),
        start=1,
    ):
        desk = first if n == 1 else await a_desk_of(tx, keys, first)
        view = await issued(tx, keys, desk)
        for _ in range(2):
            await handle(means, event(contract_id=desk.deal.id))
        card = await service.get_certificate(tx, ANONYMOUS, view.number or "")
        assert (card.state, card.why) == (S.SUSPENDED, why)
        async with tx.read() as db:
            told = await db.execute(
                sql("SELECT count(*) FROM journal_entry WHERE kind = 'certification.certificate_suspended'")
            )
            assert told.scalar_one() == n
    assert not await service.suspend_ended(tx, new_id(), why=Why.CONTRACT_ENDED)


async def test_a_suspension_is_lifted_only_while_all_the_certificate_rests_on_stands(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    await service.suspend(tx, desk.first, view.id, why=Why.DISPUTE, reasons="Sample")
    await contracts.dispute(tx, desk.deal.buyer.actor, desk.deal.id, reasons="Sample")
    with pytest.raises(NotInForce):
        await service.reinstate(tx, desk.second, view.id, reasons="Sample")
    await contracts.settle_dispute(tx, desk.market["operator"].actor, desk.deal.id)
    assert (await service.reinstate(tx, desk.second, view.id, reasons="Sample")).state is S.ISSUED
    await service.suspend_ended(tx, desk.deal.id, why=Why.CONTRACT_CHANGED)
    async with tx.begin() as db:  # what a change agreed by all leaves behind: another text in force
        await db.execute(sql("SET LOCAL session_replication_role = replica"))
        await db.execute(
            sql("UPDATE contract_version SET sha256 = :sha WHERE contract_id = :id"),
            {"sha": await texts.put(db, {"form": "sample"}), "id": desk.deal.id},
        )
    with pytest.raises(errors.FactsChanged) as refused:
        await service.reinstate(tx, desk.second, view.id, reasons="Sample")
    assert refused.value.facts["changed"] == ["contract"]
    assert (await service.get_certificate(tx, ANONYMOUS, view.number or "")).state is S.SUSPENDED


async def test_money_that_went_back_keeps_a_certificate_suspended(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    async with tx.begin() as db:
        [due] = await settlement.dues_of(db, Ref("contract", desk.deal.id))
        await settlement.refund_due(db, due.id, actor=None)
    await service.suspend_ended(tx, desk.deal.id, why=Why.PAYMENT_REFUNDED)
    with pytest.raises(DuesOpen):
        await service.reinstate(tx, desk.second, view.id, reasons="Sample")


# --- lists and the market's own log ---


async def test_anyone_takes_the_lists_and_finds_how_a_certificate_stands_with_no_more_questions(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    raw, known = await file_of(tx, keys, desk, view), await trusted(tx, keys)
    stands = verify_file(raw, known, Beside(status_lists=await lists_of(tx, keys)))
    assert (stands.answer, "status_since" in stands.not_checked, stands.warnings) == (Answer.VALID, False, ())
    await service.suspend(tx, desk.first, view.id, why=Why.DISPUTE, reasons="Sample")
    held = await lists_of(tx, keys)
    assert verify_file(raw, known, Beside(status_lists=held)).answer is Answer.SUSPENDED
    await service.reinstate(tx, desk.second, view.id, reasons="Sample")
    assert verify_file(raw, known, Beside(status_lists=await lists_of(tx, keys))).answer is Answer.VALID
    late = datetime.now(UTC) + timedelta(hours=25)
    assert verify_file(raw, known, Beside(status_lists=held, now=late)).warnings == ("status_list_stale",)
    await service.revoke(tx, desk.second, view.id, why=Why.OTHER, reasons="Sample")
    assert verify_file(raw, known, Beside(status_lists=await lists_of(tx, keys))).answer is Answer.REVOKED
    with pytest.raises(NotFound):
        await service.get_status_list(tx, keys, ANONYMOUS, StatusPurpose.REVOCATION, 1, public_url=PUBLIC_URL)


async def test_ten_certificates_have_ten_places_that_tell_no_order(tx, keys):
    desk = await a_desk(tx, keys)
    await issued(tx, keys, desk)
    for _ in range(2):
        await issued(tx, keys, await a_desk_of(tx, keys, desk))
    async with tx.read() as db:
        places = (await db.execute(sql("SELECT status_list, status_index FROM certificate ORDER BY number"))).all()
    assert len(set(places)) == 3
    assert {n for n, _ in places} == {0}
    assert max(index for _, index in places) > 3
    assert all(0 <= index < statuslist.BITS for _, index in places)


async def test_an_issue_that_was_taken_out_of_the_log_or_changed_in_it_shows_to_whoever_asks(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    raw = await file_of(tx, keys, desk, view)
    assert (await service.verify_certificate(tx, keys, ANONYMOUS, raw)).answer == "valid"
    async with tx.begin() as db:
        await db.execute(sql("SET LOCAL session_replication_role = replica"))  # as only an owner of the server can
        await db.execute(
            sql("UPDATE journal_entry SET salt = decode(repeat('00', 16), 'hex') WHERE kind LIKE '%certificate_issued'")
        )
    changed = await service.verify_certificate(tx, keys, ANONYMOUS, raw)
    assert (changed.answer, changed.fault, changed.credential) == ("not_ours", "entry_missing", None)


async def test_a_file_under_a_root_that_is_not_the_logs_own_is_a_fork(tx, keys):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    await checkpoint(tx, keys)
    raw = await file_of(tx, keys, desk, view)
    whole = await service.verify_certificate(tx, keys, ANONYMOUS, raw)
    assert (whole.answer, "log_consistency" in whole.checked) == ("valid", True)
    async with tx.begin() as db:
        await db.execute(sql("SET LOCAL session_replication_role = replica"))
        await db.execute(sql("UPDATE checkpoint SET root = decode(repeat('00', 32), 'hex')"))
    forked = await service.verify_certificate(tx, keys, ANONYMOUS, raw)
    assert (forked.answer, forked.fault) == ("not_ours", "fork")
