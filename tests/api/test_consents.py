"""Consents of co-owners over HTTP: asked, read, signed, given out whole with their proof, taken back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from techmarket.certification.verify import Answer
from techmarket.cli.verify import examine
from techmarket.db import journal
from techmarket.dossiers import proofs
from techmarket.identity.actor import OrgKind
from techmarket.signing.events import SignaturePut
from techmarket.transparency.keyset import TrustedKeys, trusted_keys
from tests.dossiers.test_package import put
from tests.identity.make import a_market, an_organisation
from tests.transparency.make import seal

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


Bend = tuple[str, str, Callable[[dict[str, Any]], Any]]


def lies(other: dict[str, Any]) -> list[Bend]:
    """(what was changed, the check that fails, how); `other` is the proof of another consent."""

    def at(kind: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        return lambda proof: next(one for one in proof["entries"] if one["kind"] == kind)

    given, signed = at("achievements.co_owner_consented"), at("signing.signature_put")
    return [
        (
            "a word of the text",
            "stood",
            lambda d: put(d, d["texts"][0]["text"].replace("0.4", "0.3"), "texts", 0, "text"),
        ),
        ("another consent's number", "about", lambda d: put(d, other["consent_id"], "consent_id")),
        ("an entry of another consent", "about", lambda d: d["entries"].append(given(other))),
        ("an entry bent", "entries", lambda d: put(given(d)["proof"], "00" * 16, "salt")),
        ("no signature", "signed", lambda d: d["entries"].remove(signed(d))),
        ("not asked", "signed", lambda d: d["entries"].remove(at("achievements.consent_asked")(d))),
        ("no text", "signed", lambda d: d["texts"].clear()),
        ("given twice", "signed", lambda d: d["entries"].append(given(d))),
    ]


async def test_a_consent_is_given_out_whole_to_those_concerned_and_checked_offline(means, api):
    tx, keys = means.tx, means.keys
    unit, partner, stranger = [await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys) for _ in range(3)]
    operator = (await a_market(tx, keys))["operator"]
    owners = [
        {"organisation_id": str(unit.actor.org), "share": "0.6"},
        {"organisation_id": str(partner.actor.org), "share": "0.4"},
    ]
    made = (await api.post("/v1/achievements", json=BODY | {"owners": owners}, key=unit.key)).json()
    asking = f"/v1/achievements/{made['id']}/consents"
    addresses = []
    for kinds in (["SOLE"], ["EXCLUSIVE"]):
        body = {"modes": ["LICENCE"], "licence_kinds": kinds}
        (asked,) = (await api.post(asking, json=body, key=unit.key)).json()["items"]
        assert asked["signatures"] == []
        addresses.append(f"/v1/consents/{asked['id']}")
        signature = {"document_sha256": asked["document_sha256"]}
        await api.post(f"{addresses[-1]}/signature", json=signature, key=partner.key)
    consent = addresses[0]
    read = (await api.get(consent, key=unit.key)).json()
    (name,) = read["signatures"]
    assert (name["organisation_id"], name["person_id"], name["method"], name["document_sha256"]) == (
        str(partner.actor.org),
        str(partner.actor.person),
        "api_key",
        read["document_sha256"],
    )

    promised = (await api.get(f"{consent}/proof", key=partner.key)).json()
    assert {one["proof"] for one in promised["entries"]} == {None}
    await seal(means)
    proof, other = [(await api.get(f"{one}/proof", key=unit.key)).json() for one in addresses]
    assert (await api.get(f"{consent}/proof", key=operator.key)).json() == proof
    for nobody in (None, stranger.key):
        assert (await api.get(f"{consent}/proof", key=nobody)).status_code in (401, 404)
    assert [one["kind"] for one in proof["entries"]] == [
        "signing.opened",
        "achievements.consent_asked",
        "signing.signature_put",
        "signing.completed",
        "achievements.co_owner_consented",
    ]
    (signed,) = proof["texts"]
    assert hashlib.sha256(signed["text"].encode()).hexdigest() == signed["sha256"] == read["document_sha256"]
    assert json.loads(signed["text"]) == read["text"]

    trusted = trusted_keys((await api.get("/.well-known/techmarket-keys.json")).json())
    for one, more in ((promised, ("promised",)), (proof, ())):
        verdict = proofs.verify(json.dumps(one).encode(), trusted)
        assert (verdict.fault, verdict.checked) == (None, ("form", "entries", "about", "stood", "signed"))
        assert verdict.not_checked[: len(more)] == more
    told = verify_consent(proof, trusted)
    assert f"consent of organisation {partner.actor.org}, who owns 0.4, to every sale within" in told[1]
    assert f"by person {partner.actor.person} for organisation {partner.actor.org}" in told[3]
    assert told[-1] == "  not taken back, as far as these entries go"
    for what, fault, bend in lies(other):
        bent = json.loads(json.dumps(proof))
        bend(bent)
        assert (what, proofs.verify(json.dumps(bent).encode(), trusted).fault) == (what, fault)
    # Of the one that was signed, the words and signature; of the other, that it was given: two consents are not one.
    swapped = json.loads(json.dumps(other))
    swapped["texts"] = proof["texts"]
    assert proofs.verify(json.dumps(swapped).encode(), trusted).fault == "stood"

    await api.post(f"{consent}/withdrawal", key=partner.key)
    await seal(means)
    ended = (await api.get(f"{consent}/proof", key=unit.key)).json()
    assert verify_consent(ended, trusted)[-1].startswith("  taken back 20")
    # Whoever leaves that entry out is found by nobody but the log: the command says that it knows these entries only.
    assert verify_consent(proof, trusted)[-1] == "  not taken back, as far as these entries go"

    # A market that logs a signature under another text than the one it shows is caught by its own log.
    (signing,) = {ref for one in verdict.entries for ref in one.row["refs"] if ref.startswith("signing:")}
    async with tx.begin() as db:
        id = UUID(signing.removeprefix("signing:"))
        lie = SignaturePut(id, partner.actor.person, partner.actor.org, 1, other["texts"][0]["sha256"])
        journal.record(db, lie, actor=partner.actor)
    await seal(means)
    lied = (await api.get(f"{consent}/proof", key=unit.key)).json()
    verdict = proofs.verify(json.dumps(lied).encode(), trusted)
    assert (verdict.fault, verdict.where) == ("signed", "another text")


def verify_consent(proof: dict[str, Any], trusted: TrustedKeys) -> list[str]:
    """The lines that the command says of a consent, without those about the log."""
    said = examine(json.dumps(proof).encode(), trusted)
    assert said.answer is Answer.VALID
    return said.lines


async def test_a_consent_from_before_consents_were_signed_has_no_text_to_prove(tx, keys, api):
    unit, partner = [await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys) for _ in range(2)]
    owners = [
        {"organisation_id": str(one.actor.org), "share": share} for one, share in ((unit, "0.6"), (partner, "0.4"))
    ]
    made = (await api.post("/v1/achievements", json=BODY | {"owners": owners}, key=unit.key)).json()
    body = {"modes": ["TRANSFER"]}
    (asked,) = (await api.post(f"/v1/achievements/{made['id']}/consents", json=body, key=unit.key)).json()["items"]
    async with tx.begin() as db:
        await db.execute(text("UPDATE sale_consent SET document_sha256 = NULL, signing_id = NULL, state = 'GIVEN'"))
    read = await api.get(f"/v1/consents/{asked['id']}", key=partner.key)
    assert (read.json()["text"], read.json()["signatures"]) == (None, [])
    refused = await api.get(f"/v1/consents/{asked['id']}/proof", key=partner.key)
    assert (refused.status_code, refused.json()["code"]) == (409, "dossiers.given_without_text")
