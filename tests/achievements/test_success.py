"""What a unit and its completers do with an achievement, as they ask for it over HTTP."""

from __future__ import annotations

from datetime import date, timedelta

from techmarket.achievements import service
from techmarket.achievements.licences import BurdenKind, Scope
from techmarket.achievements.lifecycle import AttestationState
from techmarket.achievements.service import BurdenDraft
from techmarket.identity.actor import OrgKind, Role
from tests.achievements.make import an_achievement, an_approval
from tests.achievements.test_attestations import ENDED, OTHER, PROOF
from tests.achievements.test_vesting import START, a_team, published, wanted
from tests.identity.make import an_organisation
from tests.notices.make import an_evidence, hang, move_to

AGREEMENT = dict.fromkeys(("cost_sharing", "decision_making", "income_split", "upkeep"), "Sample: by share")


async def test_a_vesting_is_refused_or_called_to_sign_and_signed(tx, door):
    unit, first, second, view = await a_team(tx)
    asked = await service.apply_for_vesting(tx, first, view.id, wanted(first, second))
    refused = await door.post(unit, f"/v1/vestings/{asked.id}/refusal", {"reason": "Sample reason"})
    assert refused["state"] == "REFUSED"
    row = await published(tx, unit, first, view, wanted(first, second))
    at = f"/v1/vestings/{row.id}"
    await hang(tx, unit, row.notice_id)
    await move_to(tx, START + timedelta(days=16))
    called = await door.post(unit, f"{at}/signing", AGREEMENT)
    read = {"document_sha256": called["document_sha256"]}
    states = [(await door.post(who, f"{at}/signatures", read, status=201))["state"] for who in (first, second, unit)]
    assert states == ["SIGNING", "SIGNING", "IN_FORCE"]
    assert (await door.get(second, at))["state"] == "IN_FORCE"


async def test_the_end_of_a_burden_is_withdrawn_and_refused_an_approval_read_an_achievement_retired(tx, keys, door):
    unit = (await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)).actor
    operator = (await an_organisation(tx, kind=OrgKind.MARKET, roles=(Role.OPERATOR,), keys=keys)).actor
    for proof in (PROOF, OTHER):
        await an_evidence(tx, unit, proof)
    achievement = await an_achievement(tx, unit)
    seizure = BurdenDraft(BurdenKind.SEIZURE, Scope("WORLD", "ANY", date(2024, 1, 1)), "Sample holder", "Y2024-1")
    burden = (await service.record_burden(tx, unit, achievement.id, seizure)).encumbrances[0]
    for proof, who, end, body, state in (
        (PROOF, unit, "withdrawal", None, "WITHDRAWN"),
        (OTHER, operator, "refusal", {"reasons": "The order names another patent."}, "REFUSED"),
    ):
        await service.release_burden(tx, unit, burden.id, released_on=ENDED, evidence_sha256=proof)
        (said,) = (await service.list_attestations(tx, unit, state=AttestationState.PENDING)).items
        assert (await door.get(unit, f"/v1/attestations/{said.id}"))["state"] == "PENDING"
        assert (await door.post(who, f"/v1/attestations/{said.id}/{end}", body))["state"] == state
    free = await an_achievement(tx, unit)
    approval = await an_approval(tx, unit, [free.id])
    assert (await door.get(unit, f"/v1/approvals/{approval.id}"))["id"] == str(approval.id)
    assert (await door.post(unit, f"/v1/achievements/{free.id}/retirement"))["state"] == "RETIRED"
