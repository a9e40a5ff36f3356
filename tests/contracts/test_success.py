"""What becomes of a contract, as its parties and the market ask for it over HTTP."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from techmarket.contracts import service
from techmarket.contracts.borders import Category, Crossing, Direction
from techmarket.contracts.plans import PlanTerms
from techmarket.contracts.rules import ContractType, LineKind
from techmarket.contracts.text import Clause, ScopeTerms
from techmarket.db.files import Files
from techmarket.db.means import Means
from techmarket.kernel.ids import Ref
from techmarket.kernel.seals import PaperSeal
from techmarket.settlement import steps as settlement
from tests.achievements.make import an_achievement_id
from tests.contracts.make import a_draft, a_signing, in_force, pay
from tests.contracts.test_changes import a_deal, propose
from tests.contracts.test_kinds import LUMP, PATENT, START, STEPPED, WORK, signed
from tests.contracts.test_papers import FakeProvider, read, signed_file, upload
from tests.contracts.test_registering import filed
from tests.door import yuan
from tests.identity.make import a_market, an_organisation
from tests.notices.make import a_sandbox, an_evidence, move_to

DAY = date(2026, 3, 2)


@pytest.fixture
def means(tx, keys, tmp_path: Path) -> Means:
    """With a service that signs, as `means.provider`."""
    return Means(tx=tx, keys=keys, files=Files.at(tmp_path / "objects"), provider=FakeProvider())


async def test_a_change_is_refused_withdrawn_and_signed_and_ends_the_contract(tx, keys, door):
    deal = await a_deal(tx, keys)
    clauses: dict[str, Any] = {"clauses": (Clause("a", "b"),)}
    at = "/v1/contract-changes"
    first = await propose(tx, deal, deal.seller.actor, DAY, **clauses)
    assert (await door.post(deal.buyer, f"{at}/{first.id}/refusal"))["state"] == "REJECTED"
    second = await propose(tx, deal, deal.seller.actor, DAY, **clauses)
    assert (await door.post(deal.seller, f"{at}/{second.id}/withdrawal"))["state"] == "WITHDRAWN"
    third = await propose(tx, deal, deal.seller.actor, DAY, **clauses)
    for who, state in ((deal.seller, "PROPOSED"), (deal.buyer, "AGREED")):
        body = {"document_sha256": third.document_sha256}
        assert (await door.post(who, f"{at}/{third.id}/signatures", body, status=201))["state"] == state


async def test_a_demand_to_cure_is_withdrawn_met_or_ends_the_contract(tx, keys, door):
    deal, proof = await a_deal(tx, keys), "5c" * 32
    await an_evidence(tx, deal.seller.actor, proof)
    path = f"/v1/contracts/{deal.id}/breaches"

    async def demanded(**about: str) -> str:
        made = await door.post(deal.seller, path, {"grounds": "Sample", **about}, status=201)
        return f"/v1/breaches/{made['id']}"

    closing = {"closing": "Sample"}
    gone = await door.post(deal.seller, f"{await demanded(evidence_sha256=proof)}/withdrawal", closing)
    met = await door.post(deal.seller, f"{await demanded(evidence_sha256=proof)}/cure", closing)
    assert (gone["state"], met["state"]) == ("WITHDRAWN", "CURED")
    async with tx.read() as db:
        due, _ = await settlement.dues_of(db, Ref("contract", deal.id))
    await move_to(tx, datetime.fromisoformat("2026-03-10T02:00:00+00:00"))
    late = await demanded(due_id=str(due.id))
    listed = (await door.get(deal.buyer, path))["items"]
    assert {one["state"] for one in listed} == {"WITHDRAWN", "CURED", "DEMANDED"}
    await move_to(tx, datetime.fromisoformat(next(one["cure_ends_at"] for one in listed if one["state"] == "DEMANDED")))
    assert (await door.post(deal.seller, f"{late}/termination", closing))["state"] == "ENDED_CONTRACT"
    assert (await service.get_contract(tx, deal.seller.actor, deal.id)).state == "TERMINATED"


async def test_the_title_goes_over_and_comes_back_after_the_contract_was_declared_void(tx, keys, door):
    await a_sandbox(tx, START)
    operator = (await a_market(tx, keys))["operator"]
    deal = await a_draft(tx, keys, type=ContractType.TRANSFER, **WORK, plan=LUMP)
    await signed(tx, deal)
    await pay(tx, keys, deal.id)
    at = f"/v1/contracts/{deal.id}"
    proofs = [{"evidence_sha256": await an_evidence(tx, who.actor)} for who in (deal.seller, deal.buyer, operator)]
    assert (await door.post(deal.seller, f"{at}/title", proofs[0]))["title_moved_at"] is not None
    await service.terminate(tx, operator.actor, deal.id, reasons="Sample: void")
    assert (await door.post(deal.buyer, f"{at}/title-restoration", proofs[1]))["title_moved_at"] is not None
    await door.post(operator, f"{at}/unwinding", proofs[2])


async def test_a_trial_is_accepted_or_declined_and_a_contract_cancelled_cleared_filed_or_performed(tx, keys, door):
    await a_sandbox(tx, START)
    seller = await an_organisation(tx, keys=keys)
    trials = [await a_draft(tx, keys, seller=seller, trial_months=3) for _ in range(2)]
    for deal in trials:
        await signed(tx, deal)
    accepted = await door.post(trials[0].buyer, f"/v1/contracts/{trials[0].id}/trial/acceptance")
    declined = await door.post(trials[1].buyer, f"/v1/contracts/{trials[1].id}/trial/refusal", {"reasons": "Sample"})
    assert (accepted["state"], declined["state"]) == ("IN_FORCE", "CANCELLED")
    called = await a_signing(tx, keys, seller=seller)
    assert (await door.post(seller, f"/v1/contracts/{called.id}/cancellation"))["state"] == "CANCELLED"
    abroad = await a_draft(tx, keys, seller=seller, crossing=Crossing(Direction.EXPORT, Category.RESTRICTED))
    await signed(tx, abroad)
    proof = {"evidence_sha256": await an_evidence(tx, seller.actor)}
    paper = {"kind": "LICENCE", "number": "SAMPLE-1", "issued_by": "示例主管部门", "issued_on": "2026-03-01", **proof}
    cleared = await door.post(seller, f"/v1/contracts/{abroad.id}/clearances", paper, status=201)
    assert cleared["state"] == "IN_FORCE"
    patented = await an_achievement_id(tx, seller.actor, rights=(PATENT,))
    licensed = await in_force(tx, keys, seller=seller, achievement_id=patented)
    filed = await door.post(seller, f"/v1/contracts/{licensed.id}/licence-filing", {"number": "SAMPLE-2026", **proof})
    assert filed["state"] == "IN_FORCE"
    licence = await in_force(tx, keys, seller=seller, scope=ScopeTerms("CN", "ANY", "ANY", 1), royalty=None)
    await move_to(tx, START + timedelta(days=366))
    await pay(tx, keys, licence.id)
    assert (await door.post(seller, f"/v1/contracts/{licence.id}/performance"))["state"] == "PERFORMED"


async def test_a_wrong_report_of_royalty_is_corrected_beside_it(tx, keys, door):
    await a_sandbox(tx, START)
    plan = (PlanTerms(LineKind.ROYALTY, royalty=STEPPED),)
    deal = await in_force(tx, keys, entry_fee_minor=None, royalty=None, plan=plan)
    await move_to(tx, datetime.fromisoformat("2026-10-01T02:00:00+00:00"))
    report = await service.report_royalty(
        tx, deal.buyer.actor, deal.id, period_from=DAY, period_to=date(2026, 9, 1), base_minor=10_000_000
    )
    body = {"base": yuan("120000.00"), "reasons": "示例：漏报"}
    right = await door.post(deal.buyer, f"/v1/royalty-reports/{report.id}/corrections", body, status=201)
    assert [(one["was"], one["base"]) for one in right["corrections"]] == [(yuan("100000.00"), yuan("120000.00"))]


async def test_an_estimated_registration_is_corrected(tx, keys, door):
    market, deal = await a_market(tx, keys), await in_force(tx, keys)
    view = await filed(tx, deal, is_estimate=True)
    await service.decide_registration(tx, market["registrar"].actor, view.id, number="26330106000123")
    body = {
        "whole_amount": yuan("700000.00"),
        "technology_amount": yuan("600000.00"),
        "non_technical": [{"title": "示例试验装置", "amount": yuan("100000.00")}],
        "reasons": "示例：提成实收",
    }
    right = await door.post(market["registrar"], f"/v1/registrations/{view.id}/corrections", body, status=201)
    assert right["whole_amount"] == yuan("700000.00")


async def test_a_contract_on_paper_is_recorded_attested_and_confirmed(tx, keys, door):
    await a_sandbox(tx, START)
    seller, buyer = [await an_organisation(tx, keys=keys) for _ in range(2)]
    market = await a_market(tx, keys)
    body = {
        "buyer_id": str(buyer.actor.org),
        "achievement_ids": [str(await an_achievement_id(tx, seller.actor))],
        "licence_kind": "ORDINARY",
        "plan": [{"kind": "LUMP", "amount": yuan("600000.00")}],
        "origin": "PAPER",
        "signed_on": "2025-11-20",
        "scan_sha256": await an_evidence(tx, seller.actor, "5c" * 32),
    }
    made = await door.post(seller, "/v1/contracts-made-elsewhere", body, status=201)
    text, at = {"document_sha256": made["document_sha256"]}, f"/v1/contracts/{made['id']}"
    await door.post(market["operator"], f"{at}/attestations", text, status=201)
    confirmed = await door.post(buyer, f"{at}/confirmations", text, status=201)
    assert (confirmed["state"], len(confirmed["confirmations"])) == ("DRAFT", 1)
    attested = await door.post(market["certifier_1"], f"{at}/attestations", text, status=201)
    assert (attested["state"], attested["signed_on"]) == ("IN_FORCE", "2025-11-20")


async def test_a_paper_is_signed_outside_and_the_other_signature_ordered_from_a_service(tx, keys, means, door):
    deal = await a_signing(tx, keys)
    at = f"/v1/contracts/{deal.id}"
    base = await read(tx, means.files, deal.seller.actor, deal)
    file = await signed_file(base, "Party1", PaperSeal.generate("Sample University CA"))
    body = {"paper_sha256": await upload(tx, means.files, deal.seller.actor, file)}
    put = await door.post(deal.seller, f"{at}/signed-papers", body, status=201)
    assert [one["method"] for one in put["signatures"]] == ["pades"]
    order = await door.post(deal.buyer, f"{at}/signature-orders", status=201)
    assert (await door.get(deal.seller, f"/v1/signature-orders/{order['id']}"))["state"] == "INTENDED"


async def test_an_authority_to_sign_is_recorded_confirmed_and_revoked(tx, keys, door):
    market, unit = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    body = {
        "person_id": str(unit.actor.person),
        "kind": "LEGAL_REPRESENTATIVE",
        "evidence_sha256": await an_evidence(tx, unit.actor),
        "valid_from": "2026-01-01",
    }
    made = await door.post(unit, "/v1/signing-authorities", body, status=201)
    at = f"/v1/signing-authorities/{made['id']}"
    confirmed = await door.post(market["operator"], f"{at}/decision", {"confirm": True})
    revoked = await door.post(unit, f"{at}/revocation")
    assert [one["state"] for one in (made, confirmed, revoked)] == ["RECORDED", "CONFIRMED", "REVOKED"]
