"""Certificates over HTTP: two certifiers, a file, and a stranger who checks it."""

from __future__ import annotations

import asyncio
import json
import zlib

import pytest
from sqlalchemy import text

from techmarket.certification import verify
from techmarket.db import journal
from techmarket.transparency import service as transparency
from techmarket.transparency.keyset import decode_base64url, trusted_keys
from tests.certification.make import a_desk
from tests.certification.test_verify import Sample
from tests.identity.make import an_organisation


async def an_issued(tx, keys, api):
    desk = await a_desk(tx, keys)
    prepared = await api.post(f"/v1/contracts/{desk.deal.id}/certificates", key=desk.market["certifier_1"].key)
    assert prepared.status_code == 201, prepared.text
    path = f"/v1/certificates/{prepared.json()['id']}"
    mine = await api.post(f"{path}/approval", key=desk.market["certifier_1"].key)
    assert (mine.status_code, mine.json()["code"]) == (403, "certification.second_person_needed")
    issued = await api.post(f"{path}/approval", key=desk.market["certifier_2"].key)
    assert (issued.status_code, issued.json()["number"]) == (200, "ZJ-2026-000001")
    return desk, issued.json()


async def test_two_certifiers_issue_and_a_stranger_verifies_the_file_with_the_published_keys(tx, keys, api):
    desk, certificate = await an_issued(tx, keys, api)
    file = await api.get(f"/v1/certificates/{certificate['number']}/file", key=desk.deal.buyer.key)
    assert file.status_code == 200
    assert file.headers["content-disposition"] == 'attachment; filename="ZJ-2026-000001.json"'
    published = await api.get("/.well-known/techmarket-keys.json")
    assert {one["use_here"] for one in published.json()["keys"]} == {"issuer", "log", "receipts"}
    verdict = verify.verify_file(file.content, trusted_keys(published.json()))
    assert (verdict.answer, verdict.number) == (verify.Answer.VALID, "ZJ-2026-000001")
    online = await api.http.post("/v1/verifications", json={"file": file.text})
    assert online.status_code == 200, online.text
    body = online.json()
    assert (body["answer"], body["number"], body["fault"]) == ("valid", "ZJ-2026-000001", None)
    named = ["form", "signature", "disclosures", "status", "promise", "status_since"]
    assert [one["code"] for one in body["checked"]] == named
    assert body["checked"][0]["zh"] == verify.SENTENCES["form"][0]


async def test_a_party_takes_the_file_without_the_price_and_a_stranger_learns_no_amount(tx, keys, api):
    desk, certificate = await an_issued(tx, keys, api)
    path, key = f"/v1/certificates/{certificate['number']}/file", desk.deal.buyer.key
    whole, shown = await api.get(path, key=key), await api.get(f"{path}?hide=price", key=key)
    amount = certificate["facts"]["price"]["entry_fee"]["amount"]
    assert f'"amount":"{amount}"' in json.dumps(json.loads(whole_credential(whole)), separators=(",", ":"))
    online = (await api.http.post("/v1/verifications", json={"file": shown.text})).json()
    assert (online["answer"], online["hidden"]) == ("valid", ["price", "payments", "notices"])
    assert amount not in json.dumps(online)
    assert certificate["facts"]["parties"] == online["credential"]["credentialSubject"]["transaction"]["parties"]
    assert (await api.get(f"{path}?hide=buyer", key=key)).status_code == 422
    assert (await api.get(f"{path}?hide=price")).status_code == 401


async def test_a_party_takes_the_certificate_as_a_sealed_pdf(tx, keys, api):
    desk, certificate = await an_issued(tx, keys, api)
    path, key = f"/v1/certificates/{certificate['number']}/pdf", desk.deal.buyer.key
    answer = await api.get(f"{path}?hide=price", key=key)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == 'attachment; filename="ZJ-2026-000001.pdf"'
    published = trusted_keys((await api.get("/.well-known/techmarket-keys.json")).json())
    verdict = await asyncio.to_thread(verify.verify_paper, answer.content, published)
    assert (verdict.answer, verdict.hidden) == (verify.Answer.VALID, ("price", "payments", "notices"))
    assert (await api.get(path)).status_code == 401
    stranger = await an_organisation(tx, keys=keys)
    assert (await api.get(path, key=stranger.key)).status_code == 404


def whole_credential(answer) -> str:
    """What the file tells, with every disclosure opened."""
    token, *given = json.loads(answer.content)["credential"].split("~")[:-1]
    return json.dumps([json.loads(decode_base64url(part)) for part in (token.split(".")[1], *given)])


@pytest.mark.parametrize("file", ["", "{}", "nonsense", "[" * 5000, '{"form":"techmarket-certificate/1"}'])
async def test_what_is_not_ours_is_an_answer_and_not_an_error(api, file):
    answer = await api.http.post("/v1/verifications", json={"file": file})
    assert (answer.status_code, answer.json()["answer"], answer.json()["fault"]["code"]) == (200, "not_ours", "form")


async def test_a_certificate_by_number_is_a_card_for_strangers_and_whole_for_parties(tx, keys, api):
    desk, certificate = await an_issued(tx, keys, api)
    card = await api.get(f"/v1/certificates/{certificate['number']}")
    assert (card.status_code, card.json()["state"], card.json()["facts"]) == (200, "ISSUED", None)
    whole = await api.get(f"/v1/certificates/{certificate['id']}", key=desk.deal.seller.key)
    assert whole.json()["facts"]["contract"]["number"] == desk.deal.contract.number
    assert (await api.get("/v1/certificates/ZJ-2026-000009")).status_code == 404
    assert (await api.get("/v1/certificates/nonsense")).status_code == 422
    assert (await api.get(f"/v1/certificates/{certificate['number']}/file")).status_code == 401


async def test_a_certificate_is_suspended_reinstated_and_revoked_over_http(tx, keys, api):
    desk, certificate = await an_issued(tx, keys, api)
    path, key = f"/v1/certificates/{certificate['id']}", desk.market["certifier_1"].key
    party = await api.post(f"{path}/revocation", key=desk.deal.buyer.key, json={"why": "OTHER", "reasons": "x"})
    assert (party.status_code, party.json()["code"]) == (403, "not_allowed")
    suspended = await api.post(f"{path}/suspension", key=key, json={"why": "DISPUTE", "reasons": "Sample"})
    assert (suspended.json()["state"], suspended.json()["why"]) == ("SUSPENDED", "DISPUTE")
    back = await api.post(f"{path}/reinstatement", key=key, json={"reasons": "Sample"})
    assert (back.json()["state"], back.json()["why"]) == ("ISSUED", None)
    gone = await api.post(f"{path}/revocation", key=key, json={"why": "FACTS_WRONG", "reasons": "Sample"})
    assert gone.json()["state"] == "REVOKED"
    card = (await api.get(f"/v1/certificates/{certificate['number']}")).json()
    assert (card["state"], card["why"], card["reasons"]) == ("REVOKED", "FACTS_WRONG", None)
    desk_list = await api.get("/v1/certificates?state=REVOKED", key=key)
    assert [one["number"] for one in desk_list.json()["items"]] == ["ZJ-2026-000001"]


async def test_a_rejected_certificate_never_gets_a_number(tx, keys, api):
    desk = await a_desk(tx, keys)
    prepared = await api.post(f"/v1/contracts/{desk.deal.id}/certificates", key=desk.market["certifier_1"].key)
    twice = await api.post(f"/v1/contracts/{desk.deal.id}/certificates", key=desk.market["certifier_2"].key)
    assert (twice.status_code, twice.json()["code"]) == (409, "certification.certificate_exists")
    path = f"/v1/certificates/{prepared.json()['id']}/rejection"
    rejected = await api.post(path, key=desk.market["certifier_2"].key, json={"reasons": "Sample"})
    assert (rejected.json()["state"], rejected.json()["number"]) == ("REJECTED", None)


async def test_each_trouble_of_a_file_is_its_own_answer_to_whoever_asks_the_market(tx, keys, api):
    desk, certificate = await an_issued(tx, keys, api)
    await transparency.publish_keys(tx, keys)
    async with tx.begin() as db:
        await journal.sequence(db)
    await transparency.make_checkpoint(tx, keys)
    at, certifier = f"/v1/certificates/{certificate['id']}", desk.market["certifier_1"].key
    path = f"/v1/certificates/{certificate['number']}/file"

    async def file(hide: str = "") -> str:
        return (await api.get(path + hide, key=desk.deal.buyer.key)).text

    async def asked(raw: str) -> tuple[str, str | None, str | None]:
        said = (await api.http.post("/v1/verifications", json={"file": raw})).json()
        return said["answer"], said["fault"] and said["fault"]["code"], said["why"]

    async def changed(statement: str) -> None:
        async with tx.begin() as db:  # as only an owner of the server can
            await db.execute(text("SET LOCAL session_replication_role = replica"))
            await db.execute(text(statement))

    whole, hidden = await file(), await file("?hide=price")
    assert await asked(whole) == ("valid", None, None)
    assert await asked(hidden) == ("valid", None, None)
    assert (await api.http.post("/v1/verifications", json={"file": hidden})).json()["hidden"] != []
    token = json.loads(whole)["credential"].partition("~")[0]
    bent = token[:-9] + ("A" if token[-9] != "A" else "B") + token[-8:]
    assert await asked(whole.replace(token, bent)) == ("not_ours", "signature", None)
    assert await asked(whole + " ") == ("not_ours", "form", None)
    assert await asked(Sample().file().decode()) == ("not_ours", "signature", None)  # another market's
    why = {"why": "DISPUTE", "reasons": "Sample"}
    await api.post(f"{at}/suspension", key=certifier, json=why)
    assert await asked(whole) == ("suspended", None, "DISPUTE")
    await api.post(f"{at}/reinstatement", key=certifier, json={"reasons": "Sample"})
    assert await asked(whole) == ("valid", None, None)
    await api.post(f"{at}/revocation", key=certifier, json=why | {"why": "FACTS_WRONG"})
    assert await asked(whole) == ("revoked", None, "FACTS_WRONG")
    await changed("UPDATE checkpoint SET root = decode(repeat('00', 32), 'hex')")
    assert await asked(whole) == ("not_ours", "fork", None)
    await changed("DELETE FROM journal_entry WHERE kind = 'certification.certificate_issued'")
    assert await asked(whole) == ("not_ours", "entry_missing", None)
    await changed("UPDATE published_key SET until = '2020-01-01' WHERE use = 'issuer'")
    assert await asked(whole) == ("not_ours", "key_expired", None)


# --- files as strangers send them ---

FILES, PDF = "/v1/verifications/files", {"Content-Type": "application/pdf"}


async def test_a_stranger_uploads_the_pdf_or_the_json_and_hears_how_it_stands_now(tx, keys, api):
    desk, certificate = await an_issued(tx, keys, api)
    path, key = f"/v1/certificates/{certificate['number']}", desk.deal.buyer.key
    pdf, file = (await api.get(f"{path}/pdf", key=key)).content, (await api.get(f"{path}/file", key=key)).content
    answer = await api.http.post(FILES, content=pdf, headers=PDF)
    assert (answer.status_code, answer.json()["answer"], answer.json()["number"]) == (
        200,
        "valid",
        certificate["number"],
    )
    assert [one["code"] for one in answer.json()["checked"]][:2] == ["paper", "form"]
    assert "page" in [one["code"] for one in answer.json()["not_checked"]]
    plain = await api.http.post(FILES, content=file, headers={"Content-Type": "application/octet-stream"})
    assert (plain.status_code, plain.json()["answer"]) == (200, "valid")
    bent = pdf[:5_000] + bytes([pdf[5_000] ^ 1]) + pdf[5_001:]
    wrong = (await api.http.post(FILES, content=bent, headers=PDF)).json()
    assert (wrong["answer"], wrong["fault"]["code"]) == ("not_ours", "paper")
    certifier = desk.market["certifier_1"].key
    await api.post(
        f"/v1/certificates/{certificate['id']}/revocation", key=certifier, json={"why": "OTHER", "reasons": "Sample"}
    )
    assert (await api.http.post(FILES, content=pdf, headers=PDF)).json()["answer"] == "revoked"


def a_bomb() -> bytes:
    """A small PDF whose object stream unpacks to two gigabytes, under a hundred kilobytes packed twice."""
    packed = zlib.compressobj(9)
    once = b"".join([packed.compress(bytes(2**20)) for _ in range(2_048)] + [packed.flush()])
    twice = zlib.compress(once, 9)
    head = b"%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 2/W[1 2 1]/Root 1 0 R/Filter[/FlateDecode/FlateDecode]/Length "
    body = head + str(len(twice)).encode() + b">>\nstream\n" + twice + b"\nendstream\nendobj\n"
    return body + b"startxref\n9\n%%EOF"


async def test_a_hostile_file_is_an_answer_or_a_refusal_and_never_takes_the_market_down(api):
    for content in (b"%PDF-", b"%PDF-1.7\n" + b"<<" * 5_000, b"%PDF-1.7\n%%EOF", b"PK\x03\x04", b"\x00" * 100):
        answer = await api.http.post(FILES, content=content, headers=PDF)
        assert (answer.status_code, answer.json()["answer"]) == (200, "not_ours"), content[:20]
    bomb = await api.http.post(FILES, content=a_bomb(), headers=PDF)
    assert (bomb.status_code, bomb.json().get("code"), bomb.json().get("answer")) in (
        (422, "certification.paper_unreadable", None),
        (200, None, "not_ours"),
    )
    large = await api.http.post(FILES, content=b"%PDF-" + bytes(8 * 2**20), headers=PDF)
    assert (large.status_code, large.json()["code"]) == (413, "request.too_large")
    other = await api.http.post(FILES, content=b"x", headers={"Content-Type": "text/html"})
    assert other.status_code == 415


async def test_the_lists_and_the_preconditions_are_read_over_http(tx, keys, api):
    desk, certificate = await an_issued(tx, keys, api)
    answer = await api.http.get("/v1/status-lists/revocation/0")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vc+jwt")
    said = json.loads(decode_base64url(answer.text.split(".")[1]))
    assert said["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
    assert said["credentialSubject"]["statusPurpose"] == "revocation"
    for path, status in (("revocation/1", 404), ("refresh/0", 422), ("revocation/-1", 422), ("revocation/x", 422)):
        assert (await api.http.get(f"/v1/status-lists/{path}")).status_code == status
    where = f"/v1/contracts/{desk.deal.id}/certificate-preconditions"
    found = (await api.get(where, key=desk.market["certifier_1"].key)).json()
    assert (found["all_hold"], [one["code"] for one in found["items"] if not one["holds"]]) == (
        False,
        ["no_certificate_yet"],
    )
    assert (await api.get(where, key=desk.deal.buyer.key)).status_code == 404
    again = await api.post(
        f"/v1/certificates/{certificate['id']}/replacement",
        key=desk.market["certifier_1"].key,
        json={"reasons": "Sample"},
    )
    assert (again.status_code, again.json()["replaces"]) == (201, certificate["id"])
