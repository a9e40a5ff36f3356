"""Signings over HTTP."""

from __future__ import annotations

from uuid import uuid4

from techmarket.signing.steps import Signatory
from tests.identity.make import a_market, an_organisation
from tests.signing.make import DOCUMENT, a_signing, sign


async def test_parties_and_the_market_read_how_far_a_signing_has_come(tx, keys, api):
    seller, buyer = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    market = await a_market(tx, keys)
    signing = await a_signing(tx, Signatory(seller.actor.org, role="SELLER"), Signatory(buyer.actor.org))
    await sign(tx, signing, seller.actor)
    for key in (seller.key, buyer.key, market["certifier_1"].key):
        answer = await api.get(f"/v1/signings/{signing}", key=key)
        assert answer.status_code == 200
        body = answer.json()
        assert (body["state"], body["document_sha256"], body["in_order"]) == ("OPEN", DOCUMENT, True)
        assert [(s["position"], s["role"], s["signature"] is not None) for s in body["signatories"]] == [
            (1, "SELLER", True),
            (2, "PARTY", False),
        ]
        assert body["signatories"][0]["signature"]["person_id"] == str(seller.actor.person_id)


async def test_a_stranger_an_anonymous_reader_and_a_wrong_id_learn_nothing(tx, keys, api):
    seller, stranger = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    signing = await a_signing(tx, Signatory(seller.actor.org))
    unknown = await api.get(f"/v1/signings/{uuid4()}", key=stranger.key)
    hidden = await api.get(f"/v1/signings/{signing}", key=stranger.key)
    assert (unknown.status_code, hidden.status_code) == (404, 404)
    assert unknown.json()["code"] == hidden.json()["code"] == "not_found"
    nobody = await api.get(f"/v1/signings/{signing}")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "identity.sign_in_needed")
    assert (await api.get("/v1/signings/nonsense", key=seller.key)).status_code == 422
