"""The unit's own approvals over HTTP: drawn up, read, signed by two, revoked."""

from __future__ import annotations

from techmarket.identity.actor import OrgKind, Role
from tests.achievements.make import DILIGENCE, MINUTES
from tests.identity.make import a_member, an_organisation
from tests.notices.make import an_evidence


async def test_a_unit_draws_up_its_approval_two_of_its_people_sign_it_and_nobody_else_reads_it(tx, keys, api):
    unit, stranger = [await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys) for _ in range(2)]
    colleague = await a_member(tx, unit.actor, Role.INVENTOR, keys=keys)
    made = await api.post("/v1/achievements", json={"title_en": "Sample", "abstract_en": "Sample"}, key=unit.key)
    people = [str(unit.actor.person), str(colleague.actor.person)]
    body = {
        "achievement_ids": [made.json()["id"]],
        "modes": ["LICENCE"],
        "floor": {"amount": "400000.00", "currency": "CNY"},
        "decided_on": "2025-12-01",
        "evidence": [{"label": "MINUTES", "sha256": MINUTES}, {"label": "DILIGENCE", "sha256": DILIGENCE}],
        "signatories": people,
    }
    unkept = await api.post("/v1/approvals", json=body, key=unit.key)
    assert (unkept.status_code, unkept.json()["code"]) == (422, "notices.evidence_missing")
    for sha256 in (MINUTES, DILIGENCE):
        await an_evidence(tx, unit.actor, sha256)
    drawn = await api.post("/v1/approvals", json=body, key=unit.key)
    assert (drawn.status_code, drawn.json()["state"], drawn.json()["floor"]) == (201, "SIGNING", body["floor"])
    assert drawn.json()["text"]["signatories"] == people
    address = f"/v1/approvals/{drawn.json()['id']}"
    assert (await api.get(address, key=stranger.key)).status_code == 404
    signature = {"document_sha256": drawn.json()["document_sha256"]}
    states = []
    for key in (colleague.key, unit.key):
        signed = await api.post(f"{address}/signature", json=signature, key=key)
        states.append((signed.status_code, signed.json()["state"], signed.json()["signed"]))
    assert states == [(201, "SIGNING", 1), (201, "IN_FORCE", 2)]
    (listed,) = (await api.get("/v1/approvals", key=colleague.key)).json()["items"]
    assert (listed["state"], listed["text"]) == ("IN_FORCE", None)
    assert (await api.post(f"{address}/revocation", key=unit.key)).json()["state"] == "REVOKED"
