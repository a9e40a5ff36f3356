"""Consents of co-owners over HTTP: asked, read, signed, taken back."""

from __future__ import annotations

from typing import Any

from techmarket.identity.actor import OrgKind
from tests.identity.make import an_organisation

BODY: dict[str, Any] = {"title_en": "Sample", "abstract_en": "A sample method. 示例数据 / sample data"}


async def test_a_co_owner_is_asked_for_one_version_reads_its_terms_signs_and_takes_it_back(tx, keys, api):
    unit, partner, stranger = [await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys) for _ in range(3)]
    owners = [
        {"organisation_id": str(unit.actor.org), "share": "0.6"},
        {"organisation_id": str(partner.actor.org), "share": "0.4"},
    ]
    made = (await api.post("/v1/achievements", json=BODY | {"owners": owners}, key=unit.key)).json()
    address = f"/v1/achievements/{made['id']}"
    await api.post(f"{address}/record", key=unit.key)
    terms = {"title_en": "Sample", "summary_en": "Sample", "mode": "TRANSFER", "price_form": "NEGOTIABLE"}
    body = {"kind": "OFFER", "terms": terms, "achievement_ids": [made["id"]]}
    offer = (await api.post("/v1/listings", json=body, key=unit.key)).json()
    refused = await api.post(f"/v1/listings/{offer['id']}/submission", key=unit.key)
    assert (refused.status_code, refused.json()["code"]) == (409, "achievements.consent_missing")

    asked = await api.post(f"/v1/listings/{offer['id']}/consents", key=unit.key)
    assert asked.status_code == 201
    consent = f"/v1/consents/{asked.json()['consent_ids'][0]}"
    read = (await api.get(consent, key=partner.key)).json()
    assert (read["state"], read["terms_sha256"]) == ("ASKED", offer["dossier"]["sha256"])
    assert read["text"]["consents_to"]["terms"] == {name: terms[name] for name in ("mode", "price_form", "title_en")}
    assert (await api.get(consent, key=stranger.key)).status_code == 404
    wrong = await api.post(f"{consent}/signature", json={"document_sha256": "0" * 64}, key=partner.key)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "signing.wrong_document")
    signature = {"document_sha256": read["document_sha256"]}
    signed = await api.post(f"{consent}/signature", json=signature, key=partner.key)
    assert (signed.status_code, signed.json()["state"]) == (201, "GIVEN")
    assert (await api.post(f"/v1/listings/{offer['id']}/submission", key=unit.key)).status_code == 200

    listed = (await api.get(f"/v1/consents?achievement_id={made['id']}", key=unit.key)).json()["items"]
    assert [(one["id"], one["text"]) for one in listed] == [(read["id"], None)]
    taken_back = await api.post(f"{consent}/withdrawal", key=partner.key)
    assert taken_back.json()["state"] == "WITHDRAWN"
    scope = {"modes": ["LICENCE"], "licence_kinds": []}
    unclear = await api.post(f"{address}/consents", json=scope, key=unit.key)
    assert (unclear.status_code, unclear.json()["pointer"]) == (422, "/body/licence_kinds")
    standing = await api.post(f"{address}/consents", json=scope | {"licence_kinds": ["SOLE"]}, key=unit.key)
    assert [(one["state"], one["licence_kinds"]) for one in standing.json()["items"]] == [("ASKED", ["SOLE"])]
