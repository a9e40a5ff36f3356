"""Vesting over HTTP: applied for, approved, withdrawn, listed."""

from __future__ import annotations

from techmarket.identity.actor import OrgKind, Role
from tests.identity.make import a_member, an_organisation
from tests.notices.make import an_evidence

BODY = {"title_en": "Sample", "abstract_en": "A sample method. 示例数据 / sample data"}


async def test_a_use_right_is_applied_for_approved_published_and_taken_back(tx, keys, api):
    unit = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
    officer = await a_member(tx, unit.actor, Role.LISTING_OFFICER, Role.ADMINISTRATOR, keys=keys)
    stranger = await an_organisation(tx, keys=keys)
    me = str(unit.actor.person)
    made = (await api.post("/v1/achievements", json=BODY | {"completers": [me]}, key=unit.key)).json()
    address = f"/v1/achievements/{made['id']}"
    body = {"kind": "USE_RIGHT", "years": 10, "grantees": [{"person_id": me, "share": "1"}]}
    early = await api.post(f"{address}/vestings", json=body, key=unit.key)
    assert (early.status_code, early.json()["code"]) == (409, "achievements.not_recorded")
    await api.post(f"{address}/record", key=unit.key)
    short = await api.post(f"{address}/vestings", json=body | {"years": 9}, key=unit.key)
    assert (short.status_code, short.json()["code"]) == (422, "achievements.use_right_too_short")
    row = await api.post(f"{address}/vestings", json=body, key=unit.key)
    assert (row.status_code, row.json()["state"]) == (201, "APPLIED")
    vesting = f"/v1/vestings/{row.json()['id']}"
    assert (await api.get(vesting, key=stranger.key)).status_code == 404
    decided = {"cleared": [], "decision_sha256": await an_evidence(tx, unit.actor)}
    own = await api.post(f"{vesting}/approval", json=decided, key=unit.key)
    assert own.status_code == 403  # nobody decides what he is to be granted
    unclear = await api.post(f"{vesting}/approval", json=decided, key=officer.key)
    assert (unclear.status_code, unclear.json()["pointer"]) == (422, "/body/cleared")
    listed = "national_security defence public_security economic_security social_stability public_interest"
    approved = await api.post(f"{vesting}/approval", json=decided | {"cleared": listed.split()}, key=officer.key)
    assert (approved.status_code, approved.json()["state"]) == (200, "PUBLISHED")
    agreed = dict.fromkeys(("income_split", "decision_making", "cost_sharing", "upkeep"), "as agreed")
    waiting = await api.post(f"{vesting}/signing", json=agreed, key=unit.key)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "notices.not_started")
    signed = await api.post(f"{vesting}/signatures", json={"document_sha256": "0" * 64}, key=unit.key)
    assert signed.status_code == 409
    assert (await api.post(f"{vesting}/withdrawal", key=unit.key)).json()["state"] == "WITHDRAWN"
    refused = await api.post(f"{vesting}/refusal", json={"reason": "Sample"}, key=unit.key)
    assert refused.status_code == 409
    items = (await api.get(f"{address}/vestings", key=unit.key)).json()["items"]
    assert [(one["state"], one["grantees"]) for one in items] == [
        ("WITHDRAWN", [{"person_id": me, "share": "1.00000000"}])
    ]
