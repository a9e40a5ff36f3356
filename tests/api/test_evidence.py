"""Evidence over HTTP: streamed in, named by postings and objections, streamed out to whoever may read what names it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from techmarket.notices.kinds import NoticeKind
from tests.identity.make import an_organisation
from tests.notices.make import a_notice

PDF = b"%PDF-1.4\n% Sample photograph of a board\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n sample IEND\xaeB`\x82"
TYPE = {"Content-Type": "application/pdf"}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def test_evidence_goes_up_once_and_comes_down_to_the_readers_of_what_names_it(tx, keys, api):
    unit, other, stranger = [await an_organisation(tx, keys=keys) for _ in range(3)]
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.PRICE)
    up = await api.post("/v1/evidence", key=unit.key, content=PDF, headers=TYPE)
    assert (up.status_code, up.json()["sha256"], up.json()["size"]) == (201, sha(PDF), len(PDF))
    again = await api.post("/v1/evidence", key=unit.key, content=PDF, headers=TYPE)
    assert again.json() == up.json()
    path = f"/v1/notices/{notice}"
    down = f"{path}/evidence/{sha(PDF)}"
    assert (await api.get(down)).status_code == 404  # kept, and nothing of this notice names it
    posting = {"evidence_sha256": sha(PDF), "url": "https://www.example.org/board"}
    posted = await api.post(f"{path}/postings", key=unit.key, json=posting)
    assert posted.status_code == 201, posted.text
    assert posted.json()["postings"][1]["url"] == posting["url"]
    receipt = posted.json()["receipt"]
    assert sha(b"\x00" + bytes.fromhex(receipt["salt"]) + receipt["row"].encode()) == receipt["leaf_hash"]
    read = await api.get(down)
    assert (read.status_code, read.content, read.headers["content-type"]) == (200, PDF, "application/pdf")
    assert read.headers["content-disposition"] == f'attachment; filename="{sha(PDF)}"'
    assert read.headers["x-content-type-options"] == "nosniff"

    media = {"Content-Type": "image/png"}
    await api.post("/v1/evidence", key=other.key, content=PNG, headers=media)
    unknown = await api.post(f"{path}/objections", key=stranger.key, json={"grounds": "Sample", "evidence": [sha(PNG)]})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "notices.evidence_missing")
    filed = await api.post(f"{path}/objections", key=other.key, json={"grounds": "Sample", "evidence": [sha(PNG)]})
    assert (filed.status_code, filed.json()["evidence"]) == (201, [sha(PNG)])
    assert filed.json()["receipt"]["entry_id"]
    paper = f"/v1/objections/{filed.json()['id']}/evidence/{sha(PNG)}"
    for reader, status in ((other.key, 200), (unit.key, 200), (stranger.key, 404), (None, 401)):
        assert (await api.get(paper, key=reader)).status_code == status
    assert (await api.get(f"{path}/evidence/{sha(PNG)}", key=unit.key)).status_code == 404
    more = await api.post(f"{paper.rpartition('/')[0]}", key=other.key, json={"evidence_sha256": sha(PDF)})
    assert (more.status_code, more.json()["code"]) == (422, "notices.evidence_missing")


@pytest.mark.parametrize(
    "headers, content, status, code",
    [
        (TYPE, b"MZ not a pdf", 415, "files.wrong_type"),
        (TYPE, b"", 422, "files.empty"),
        (TYPE, b"%PDF-", 422, "notices.evidence_torn"),
        (TYPE, PDF + bytes(1024), 422, "notices.evidence_torn"),
        ({"Content-Type": "image/png"}, PNG[:-8], 422, "notices.evidence_torn"),
        ({"Content-Type": "image/jpeg"}, b"\xff\xd8\xff\xe0 sample", 422, "notices.evidence_torn"),
        ({"Content-Type": "image/png"}, PDF, 415, "files.wrong_type"),
        ({"Content-Type": "application/zip"}, b"PK\x03\x04", 415, "request.wrong_media_type"),
        ({"Content-Type": "text/html"}, b"<p>", 415, "request.wrong_media_type"),
        ({**TYPE, "Content-Length": str(20 * 1024 * 1024 + 1)}, PDF, 413, "request.too_large"),
    ],
)
async def test_hostile_evidence_is_named_and_refused_and_leaves_nothing(
    tx, keys, api, tmp_path: Path, headers, content, status, code
):
    unit = await an_organisation(tx, keys=keys)
    answer = await api.post("/v1/evidence", key=unit.key, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []


async def test_only_a_verified_organisation_keeps_evidence_and_only_so_much_a_day(tx, keys, api, monkeypatch):
    unit, fresh = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys, verified=False)
    for key, status in ((None, 401), (fresh.key, 403)):
        assert (await api.post("/v1/evidence", key=key, content=PDF, headers=TYPE)).status_code == status
    monkeypatch.setattr("techmarket.notices.evidence.A_DAY_MAX", 1)
    assert (await api.post("/v1/evidence", key=unit.key, content=PDF, headers=TYPE)).status_code == 201
    refused = await api.post("/v1/evidence", key=unit.key, content=PNG, headers={"Content-Type": "image/png"})
    assert (refused.status_code, refused.json()["code"]) == (429, "notices.too_much_evidence")


async def test_a_posting_shows_for_how_many_other_notices_the_same_file_is_evidence(tx, keys, api):
    unit, other = [await an_organisation(tx, keys=keys) for _ in range(2)]
    notices = [await a_notice(tx, one.actor, kind=NoticeKind.PRICE) for one in (unit, unit, unit, other)]
    told = []
    for one, notice in zip((unit, unit, unit, other), notices, strict=True):
        await api.post("/v1/evidence", key=one.key, content=PDF, headers=TYPE)
        await api.post(f"/v1/notices/{notice}/postings", key=one.key, json={"evidence_sha256": sha(PDF)})
    for notice in notices:
        shown = (await api.get(f"/v1/notices/{notice}")).json()["postings"]
        told.append([posting["shows_others"] for posting in shown])
    assert told == [[0, 2], [0, 2], [0, 2], [0, 0]]
