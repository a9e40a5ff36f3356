"""Reading again what has not changed: 304 for whoever has it, and nothing learned by whoever has not."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from techmarket.api.conditional import names, unless_known
from techmarket.cli.openapi import document
from techmarket.notices.kinds import NoticeKind
from tests.api.test_evidence import PDF, TYPE
from tests.api.test_listings import OFFER, an_achievement
from tests.identity.make import a_market, an_organisation
from tests.notices.make import a_notice


@pytest.mark.parametrize(
    "field, is_named",
    [
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", "abc" , W/"y"', True),
        ("*", True),
        ("abc", False),
        ('"ab"', False),
        ('"abcd"', False),
        ('"x*"', False),
        ("", False),
    ],
)
def test_a_tag_is_known_by_itself_in_a_list_weakly_or_by_the_star(field, is_named):
    assert names(field, "abc") is is_named


async def test_only_a_whole_answer_has_a_tag_and_one_that_is_left_unread_is_closed():
    asked = Request({"type": "http", "method": "GET", "headers": [(b"if-none-match", b"*")]})
    for status in (202, 204, 404, 503):
        answer = await unless_known(asked, Response("something else", status_code=status))
        assert (answer.status_code, "etag" in answer.headers) == (status, False)
    closed = []

    async def parts() -> AsyncIterator[bytes]:
        try:
            yield b"first"
            yield b"second"
        finally:
            closed.append(True)

    stream = parts()
    await anext(stream)
    answer = await unless_known(asked, StreamingResponse(stream, headers={"ETag": '"abc"'}))
    assert (answer.status_code, answer.headers["ETag"], closed) == (304, '"abc"', [True])
    untagged = StreamingResponse(parts())
    assert await unless_known(asked, untagged) is untagged


def test_every_read_of_the_market_says_that_it_can_be_asked_again():
    reads = {
        operation["operationId"]: operation
        for path in document()["paths"].values()
        for method, operation in path.items()
        if method == "get"
    }
    unsaid = {name for name, operation in reads.items() if "304" not in operation["responses"]}
    assert len(reads) > 80
    # What is made while it is read has no tag before its end, and a sign-in's return is a turn of its own each time.
    assert unsaid == {
        "downloadAudit",
        "downloadAuditOfOrganisation",
        "downloadAuditTable",
        "downloadAuditTableOfOrganisation",
        "downloadImportReport",
        "downloadImportTable",
        "downloadRecords",
        "downloadReleases",
        "downloadTrades",
        "returnFromSignIn",
        "streamTrade",
    }


async def test_a_reader_hears_304_until_something_he_may_see_has_changed(tx, keys, api):
    market, seller = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    body = OFFER | {"achievement_ids": [await an_achievement(api, seller.key)]}
    address = f"/v1/listings/{(await api.post('/v1/listings', json=body, key=seller.key)).json()['id']}"
    draft = (await api.get(address, key=seller.key)).headers["ETag"]
    secret = await api.get(address, headers={"If-None-Match": draft})
    assert (secret.status_code, secret.json()["code"]) == (404, "not_found")  # absent and forbidden alike
    assert (await api.get(address, headers={"If-None-Match": "*"})).status_code == 404
    await api.post(f"{address}/submission", key=seller.key)
    await api.accept(address.removeprefix("/v1/listings/"), key=market["operator"].key)
    public, own = await api.get(address), await api.get(address, key=seller.key)

    async def asked(at: str, tag: str, key: str | None = None) -> tuple[int, bytes, str]:
        answer = await api.get(at, key=key, headers={"If-None-Match": tag})
        return answer.status_code, answer.content, answer.headers.get("ETag", "")

    assert await asked(address, public.headers["ETag"]) == (304, b"", public.headers["ETag"])
    assert await asked(address, own.headers["ETag"], seller.key) == (304, b"", own.headers["ETag"])
    assert (await asked(address, own.headers["ETag"]))[0] == 200  # another view is another thing
    catalogue = await api.get("/v1/listings")
    tag = catalogue.headers["ETag"]
    assert (await asked("/v1/listings", tag))[:2] == (304, b"")

    async def change(**terms: str) -> None:
        seen = (await api.get(address, key=seller.key)).headers["ETag"]
        edited = body | {"terms": OFFER["terms"] | terms}
        answer = await api.put(f"{address}/terms", json=edited, key=seller.key, headers={"If-Match": seen})
        assert answer.status_code == 200, answer.text

    await change(technical_details="另一细节")
    assert (await asked(address, own.headers["ETag"], seller.key))[0] == 200
    assert (await asked(address, public.headers["ETag"]))[0] == 304
    assert (await asked("/v1/listings", tag))[0] == 304  # a hidden edit shows in no list either
    await change(title_zh="另一供给")
    # A new title is looked at first: till then nobody outside finds it, whatever he once read.
    assert (await asked(address, public.headers["ETag"]))[0] == 404
    await api.post(f"{address}/submission", key=seller.key)
    await api.accept(address.removeprefix("/v1/listings/"), key=market["operator"].key)
    assert (await asked(address, public.headers["ETag"]))[0] == 200
    assert (await asked("/v1/listings", tag))[:2] == (200, (await api.get("/v1/listings")).content)


async def test_a_notice_its_list_and_its_evidence_are_unchanged_until_they_change(tx, keys, api):
    unit, other = [await an_organisation(tx, keys=keys) for _ in range(2)]
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.PRICE)
    path, lists = f"/v1/notices/{notice}", "/v1/notices"
    await api.post("/v1/evidence", key=unit.key, content=PDF, headers=TYPE)
    digest = hashlib.sha256(PDF).hexdigest()
    await api.post(f"{path}/postings", key=unit.key, json={"evidence_sha256": digest})
    tags = {at: (await api.get(at)).headers["ETag"] for at in (path, lists, f"{path}/evidence/{digest}")}
    for at, tag in tags.items():
        again = await api.get(at, headers={"If-None-Match": f'"other", W/{tag}'})
        assert (again.status_code, again.content) == (304, b""), at
    await api.post(f"{path}/objections", key=other.key, json={"grounds": "Sample grounds"})
    now = {at: (await api.get(at, headers={"If-None-Match": tag})).status_code for at, tag in tags.items()}
    assert now == {path: 200, lists: 200, f"{path}/evidence/{digest}": 304}
    wrong = await api.get(path, headers={"If-None-Match": tags[path], "Authorization": "Bearer tmk_no_no"})
    assert wrong.status_code == 401
