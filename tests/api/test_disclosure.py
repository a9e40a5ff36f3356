"""Data rooms over HTTP: streamed uploads, downloads by tier, grants, questions."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from techmarket.disclosure.service import documents
from tests.disclosure.make import PDF, a_grant, a_pdf, a_room, words_of
from tests.identity.make import an_organisation
from tests.notices.make import market_now

TYPE = {"Content-Type": "application/pdf"}


def room_path(subject) -> str:
    return f"/v1/data-rooms/{subject.kind}/{subject.id}"


async def test_a_document_goes_up_and_comes_down_as_a_download(tx, keys, api):
    owner, guest, stranger = [await an_organisation(tx, keys=keys) for _ in range(3)]
    subject = await a_room(tx, owner.actor)
    path = f"{room_path(subject)}/documents"
    name = "技术说明书.pdf"
    added = await api.post(path, key=owner.key, params={"name": name, "tier": "NDA"}, content=PDF, headers=TYPE)
    assert added.status_code == 201
    document = added.json()
    assert (document["name"], document["version"], document["tier"], document["size"]) == (name, 1, "NDA", len(PDF))
    await a_grant(tx, guest.actor, subject)
    content = f"/v1/documents/{document['id']}/content"
    fetched = await api.get(content, key=guest.key)
    assert fetched.status_code == 200
    assert "Read only by" in words_of(fetched.content)
    assert "etag" not in fetched.headers
    # What is written down as read has been sent: nobody is told that nothing has changed.
    held = {"If-None-Match": f'*, "{document["sha256"]}"'}
    mine = await api.get(content, key=owner.key, headers=held)
    assert (mine.status_code, mine.content, "etag" in mine.headers) == (200, PDF, False)
    assert fetched.headers["content-type"] == "application/pdf"
    assert fetched.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E6%8A%80")
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert (await api.get(path, key=guest.key)).json()["items"] == [document]
    assert (await api.get(path, key=stranger.key)).json() == {"items": [], "next_cursor": None}
    for hidden in (content, f"/v1/documents/{uuid4()}/content"):
        answer = await api.get(hidden, key=stranger.key)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    reads = (await api.get(f"/v1/documents/{document['id']}/reads", key=owner.key)).json()["items"]
    assert [(r["outcome"], r["organisation_id"]) for r in reads] == [
        ("REFUSED", str(stranger.actor.org)),
        ("READ", str(owner.actor.org)),
        ("READ", str(guest.actor.org)),
    ]


async def test_an_upload_sent_twice_with_one_key_is_one_document_and_other_bytes_are_refused(tx, keys, api):
    owner = await an_organisation(tx, keys=keys)
    path = f"{room_path(await a_room(tx, owner.actor))}/documents?name=sample.pdf"
    sent = [await api.post(path, key=owner.key, once="u-1", content=PDF, headers=TYPE) for _ in range(2)]
    assert [a.status_code for a in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()
    other = await api.post(path, key=owner.key, once="u-1", content=a_pdf((300, 300)), headers=TYPE)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert len((await api.get(path.partition("?")[0], key=owner.key)).json()["items"]) == 1


@pytest.mark.parametrize(
    "query, headers, content, status, code",
    [
        ("name=..%2F..%2Fetc%2Fpasswd", TYPE, PDF, 422, "disclosure.bad_document_name"),
        ("name=sample.pdf&folder=a%2Fb", TYPE, PDF, 422, "request.invalid"),
        ("name=sample.pdf&tier=SECRET", TYPE, PDF, 422, "request.invalid"),
        ("folder=general", TYPE, PDF, 422, "request.invalid"),
        ("name=sample.pdf", TYPE, b"MZ not a pdf", 415, "files.wrong_type"),
        ("name=sample.pdf", TYPE, b"", 422, "files.empty"),
        ("name=sample.html", {"Content-Type": "text/html"}, b"<p>", 415, "request.wrong_media_type"),
        ("name=sample.pdf", {**TYPE, "Content-Length": str(10**10)}, PDF, 413, "request.too_large"),
    ],
)
async def test_a_hostile_upload_is_named_and_refused(tx, keys, api, query, headers, content, status, code):
    owner = await an_organisation(tx, keys=keys)
    path = f"{room_path(await a_room(tx, owner.actor))}/documents"
    answer = await api.post(f"{path}?{query}", key=owner.key, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await api.get(path, key=owner.key)).json()["items"] == []


async def test_nobody_uploads_without_a_key_or_into_what_he_may_not_know(tx, keys, api):
    owner, stranger = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    hidden = f"{room_path(await a_room(tx, owner.actor, is_public=False))}/documents?name=sample.pdf"
    nobody = await api.post(hidden, content=PDF, headers=TYPE)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "identity.sign_in_needed")
    other = await api.post(hidden, key=stranger.key, content=PDF, headers=TYPE)
    assert (other.status_code, other.json()["code"]) == (404, "not_found")


async def test_the_owner_grants_and_revokes(tx, keys, api):
    owner, guest = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    room = room_path(await a_room(tx, owner.actor))
    path = f"{room}/grants"
    until = (await market_now(tx) + timedelta(days=30)).isoformat()
    body = {"organisation_id": str(guest.actor.org), "tier": "NDA", "until": until}
    bare = await api.post(path, key=owner.key, json=body)
    assert (bare.status_code, bare.json()["code"]) == (409, "disclosure.paper_needed")
    query = {"name": "agreement.pdf", "tier": "DEAL"}
    scan = await api.post(f"{room}/documents", key=owner.key, params=query, content=PDF, headers=TYPE)
    body["paper"] = {"document_id": scan.json()["id"], "signed_on": "2025-01-06", "attested": True}
    granted = await api.post(path, key=owner.key, json=body)
    assert (granted.status_code, granted.json()["tier"], granted.json()["state"]) == (201, "NDA", "OPEN")
    deal = await api.post(path, key=owner.key, json=body | {"tier": "DEAL"})
    assert (deal.status_code, deal.json()["code"]) == (422, "disclosure.tier_not_granted_here")
    assert (await api.get(path, key=guest.key)).status_code == 404
    assert len((await api.get(path, key=owner.key)).json()["items"]) == 1
    revoked = await api.post(f"/v1/grants/{granted.json()['id']}/revocation", key=owner.key)
    assert (revoked.status_code, revoked.json()["state"]) == (200, "CLOSED")


async def test_a_question_and_its_answer_never_name_who_asked(tx, keys, api):
    owner, asker = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    subject = await a_room(tx, owner.actor)
    body = {"subject_kind": subject.kind, "subject_id": str(subject.id), "text": "Sample question"}
    asked = await api.post("/v1/questions", key=asker.key, json=body)
    assert (asked.status_code, asked.json()["is_mine"]) == (201, True)
    answered = await api.post(f"/v1/questions/{asked.json()['id']}/answer", key=owner.key, json={"text": "Yes"})
    assert (answered.status_code, answered.json()["answer"]) == (200, "Yes")
    public = await api.get(f"/v1/questions?subject={subject}")
    assert [(q["text"], q["answer"], q["is_mine"]) for q in public.json()["items"]] == [
        ("Sample question", "Yes", False)
    ]
    for party in (asker.actor.org_id, asker.actor.person_id):
        assert str(party) not in public.text + answered.text
    assert (await api.get("/v1/questions?subject=nonsense")).status_code == 422
    assert (await api.get("/v1/questions")).status_code == 422


async def test_an_upload_whose_sender_goes_away_leaves_nothing(tx, means, keys, client, api, tmp_path):
    owner = await an_organisation(tx, keys=keys)
    path = f"{room_path(await a_room(tx, owner.actor))}/documents"
    messages = iter(
        [
            {"type": "http.request", "body": PDF + b"x" * 6_000_000, "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    sent = []

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message)

    headers = {
        "host": "market.test",
        "authorization": f"Bearer {owner.key}",
        "idempotency-key": "gone",
        "content-type": "application/pdf",
        "transfer-encoding": "chunked",
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"name=sample.pdf",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("market.test", 80),
    }
    await client._transport.app(scope, receive, send)
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []
    assert all(message.get("status", 400) < 500 for message in sent)
    again = await api.post(f"{path}?name=sample.pdf", key=owner.key, once="gone", content=PDF, headers=TYPE)
    assert (again.status_code, again.json()["version"]) == (201, 1)


async def test_an_organisation_asks_for_access_and_the_owner_opens_one_document_until_a_day(tx, keys, api):
    owner, guest, stranger = [await an_organisation(tx, keys=keys) for _ in range(3)]
    room = room_path(await a_room(tx, owner.actor))
    query = {"name": "sample.pdf", "tier": "REGISTERED", "by_name": "true"}
    document = (await api.post(f"{room}/documents", key=owner.key, params=query, content=PDF, headers=TYPE)).json()
    until = (await market_now(tx) + timedelta(days=30)).isoformat()
    wanted = {"purpose": "Sample purpose", "until": until, "document_ids": [document["id"]]}
    nothing = await api.post(f"{room}/access-requests", key=guest.key, json=wanted | {"document_ids": []})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "disclosure.nothing_asked_for")
    asked = await api.post(f"{room}/access-requests", key=guest.key, json=wanted)
    assert (asked.status_code, asked.json()["state"], asked.json()["tier"]) == (201, "ASKED", None)
    path = f"/v1/access-requests/{asked.json()['id']}"
    for reader, status in ((guest, 200), (owner, 200), (stranger, 404)):
        assert (await api.get(path, key=reader.key)).status_code == status
    content = f"/v1/documents/{document['id']}/content"
    assert (await api.get(content, key=guest.key)).status_code == 404
    granted = await api.post(f"{path}/grant", key=owner.key, json={"until": until})
    assert (granted.status_code, granted.json()["state"]) == (200, "GRANTED")
    assert (await api.get(content, key=guest.key)).status_code == 200
    for side, reader in (("OWNER", owner), ("ASKER", guest)):
        listed = await api.get("/v1/access-requests", key=reader.key, params={"side": side})
        assert [one["state"] for one in listed.json()["items"]] == ["GRANTED"]
    for act, reader in (("refusal", owner), ("withdrawal", guest)):
        late = await api.post(f"{path}/{act}", key=reader.key, json={"reason": "Late"} if act == "refusal" else None)
        assert (late.status_code, late.json()["code"]) == (409, "lifecycle.not_in_this_state")
    folder = await api.put(f"{room}/folders/reports", key=owner.key, json={"tier": "REGISTERED"})
    assert folder.status_code == 200
    opening = {"organisation_id": str(guest.actor.org), "person_id": str(guest.actor.person), "until": until}
    opened = await api.post(f"{room}/folders/reports/grants", key=owner.key, json=opening)
    assert (opened.status_code, opened.json()["folder"], opened.json()["person_id"]) == (
        201,
        "reports",
        str(guest.actor.person),
    )
    none = await api.post(f"{room}/folders/none/grants", key=owner.key, json=opening)
    assert (none.status_code, none.json()["code"]) == (422, "disclosure.no_such_folder")


async def test_the_owner_takes_the_whole_access_log_away_and_no_name_in_it_calculates(tx, keys, api, monkeypatch):
    monkeypatch.setattr(documents, "PIECE", 2)
    owner, guest, stranger = [await an_organisation(tx, keys=keys) for _ in range(3)]
    room = room_path(await a_room(tx, owner.actor))
    query = {"name": "=HYPERLINK(1).pdf", "tier": "REGISTERED", "unmarked": "true"}
    document = (await api.post(f"{room}/documents", key=owner.key, params=query, content=PDF, headers=TYPE)).json()
    content = f"/v1/documents/{document['id']}/content"
    for _ in range(5):
        assert (await api.get(content, key=guest.key)).status_code == 200
    log = (await api.get(f"{room}/accesses", key=owner.key)).json()["items"]
    export = f"{room}/accesses/export"
    lines = await api.get(export, key=owner.key, params={"form": "jsonl"})
    assert [json.loads(line) for line in lines.text.splitlines()] == log[::-1]
    sheet = await api.get(export, key=owner.key, params={"form": "csv"})
    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    assert ([row["id"] for row in rows], {row["name"] for row in rows}) == (
        [line["id"] for line in log[::-1]],
        {"'=HYPERLINK(1).pdf"},
    )
    async with tx.read() as db:
        kept = await db.execute(text("SELECT id FROM journal_entry WHERE kind = 'disclosure.document_read'"))
        assert {str(id) for id in kept.scalars()} == {row["entry_id"] for row in rows}
    for reader in (guest, stranger):
        refused = await api.get(export, key=reader.key, params={"form": "csv"})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
