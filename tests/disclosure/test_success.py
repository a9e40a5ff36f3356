"""Agreements, requests and single documents of a data room, as both sides ask for them over HTTP."""

from __future__ import annotations

from datetime import timedelta

from techmarket.disclosure import service
from tests.disclosure.make import a_document, a_paper, a_room
from tests.disclosure.test_ndas import a_text
from tests.disclosure.test_requests import asked
from tests.identity.make import an_organisation
from tests.notices.make import market_now

WHY = {"reason": "Sample reason"}


async def test_an_agreement_is_declined_counter_signed_revoked_and_its_text_bound_later(tx, keys, door):
    owner, guest = [await an_organisation(tx, keys=keys) for _ in range(2)]
    subject = await a_room(tx, owner.actor)
    text = await a_text(tx, owner.actor, subject, counter=True)
    read = {"document_sha256": text.text_sha256}
    first = (await service.sign(tx, keys, guest.actor, subject, **read)).id
    assert (await door.post(owner, f"/v1/ndas/{first}/refusal", WHY))["state"] == "DECLINED"
    second = (await service.sign(tx, keys, guest.actor, subject, **read)).id
    assert (await door.post(owner, f"/v1/ndas/{second}/counter-signature", read))["state"] == "IN_FORCE"
    assert (await door.post(owner, f"/v1/ndas/{second}/revocation", WHY))["state"] == "REVOKED"
    later = await a_text(tx, owner.actor, subject, "Keep it more secret.")
    day = (await market_now(tx) + timedelta(days=9)).date().isoformat()
    bound = await door.post(owner, f"/v1/nda-texts/{later.id}/binding", {"binds_from": f"{day}T00:00:00Z"})
    assert bound["binds_from"] == f"{day}T00:00:00Z"


async def test_a_request_is_refused_or_withdrawn_and_a_document_granted_and_withdrawn(tx, keys, means, door):
    owner, guest = [await an_organisation(tx, keys=keys) for _ in range(2)]
    subject = await a_room(tx, owner.actor)
    first = await asked(tx, guest, subject)
    assert (await door.post(owner, f"/v1/access-requests/{first.id}/refusal", WHY))["state"] == "REFUSED"
    second = await asked(tx, guest, subject)
    assert (await door.post(guest, f"/v1/access-requests/{second.id}/withdrawal"))["state"] == "WITHDRAWN"
    document = await a_document(means, owner.actor, subject)
    paper = await a_paper(means, owner.actor, subject)
    body = {
        "organisation_id": str(guest.actor.org),
        "until": (await market_now(tx) + timedelta(days=1)).isoformat(),
        "paper": {"document_id": str(paper.document_id), "signed_on": "2025-01-06", "attested": True},
    }
    granted = await door.post(owner, f"/v1/documents/{document.id}/grants", body, status=201)
    assert (granted["document_id"], granted["state"]) == (str(document.id), "OPEN")
    assert (await door.post(owner, f"/v1/documents/{document.id}/withdrawal", WHY))["id"] == str(document.id)
