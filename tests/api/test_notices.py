"""Notices and objections over HTTP."""

from __future__ import annotations

from uuid import uuid4

from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.paging import encode_cursor
from techmarket.notices.kinds import NoticeKind
from tests.identity.make import a_market, an_organisation
from tests.notices.make import EVIDENCE, PRICE_TEXT, a_notice


async def test_a_notice_is_posted_objected_to_and_decided(tx, keys, api):
    unit, other = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    market = await a_market(tx, keys)
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.PRICE)
    path = f"/v1/notices/{notice}"
    early = await api.post(f"{path}/objections", key=other.key, json={"grounds": "Sample grounds"})
    assert (early.status_code, early.json()["code"]) == (409, "notices.not_started")
    assert early.json()["missing_places"] == ["UNIT"]
    posted = await api.post(f"{path}/postings", key=unit.key, json={"evidence_sha256": EVIDENCE})
    assert posted.status_code == 201
    assert (posted.json()["state"], len(posted.json()["postings"])) == ("RUNNING", 2)
    again = await api.post(f"{path}/postings", key=unit.key, json={"evidence_sha256": EVIDENCE})
    assert (again.status_code, again.json()["code"]) == (409, "notices.posted_already")
    filed = await api.post(f"{path}/objections", key=other.key, json={"grounds": "Sample grounds"})
    assert (filed.status_code, filed.json()["state"]) == (201, "FILED")
    objection = filed.json()["id"]
    read = (await api.get(path)).json()
    assert (read["state"], read["ends_at"], read["open_objections"]) == ("PAUSED", None, 1)
    assert read["document"] == PRICE_TEXT
    assert (read["objections"][0]["state"], read["objections"][0]["grounds"]) == ("FILED", None)
    verdict = {"upheld": False, "reasons": "Sample reasons"}
    refused = await api.post(f"/v1/objections/{objection}/decision", key=other.key, json=verdict)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    decided = await api.post(f"/v1/objections/{objection}/decision", key=market["operator"].key, json=verdict)
    assert (decided.status_code, decided.json()["state"]) == (200, "DISMISSED")
    late = await api.post(f"/v1/objections/{objection}/withdrawal", key=other.key)
    assert (late.status_code, late.json()["code"]) == (409, "lifecycle.not_in_this_state")
    assert (await api.get(path)).json()["state"] == "RUNNING"


async def test_an_objection_sent_twice_with_one_key_is_one_objection(tx, keys, api):
    unit, other = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    notice = await a_notice(tx, unit.actor)
    answers = [
        await api.post(f"/v1/notices/{notice}/objections", key=other.key, once="o-1", json={"grounds": "Sample"})
        for _ in range(2)
    ]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len((await api.get(f"/v1/notices/{notice}")).json()["objections"]) == 1


async def test_the_public_list_pages_and_filters(tx, keys, api):
    unit = await an_organisation(tx, keys=keys)
    subject = Ref("trade", new_id())
    made = [await a_notice(tx, unit.actor) for _ in range(4)]
    made.append(await a_notice(tx, unit.actor, kind=NoticeKind.ANNOUNCEMENT, subject=subject))
    hidden = await a_notice(tx, unit.actor, kind=NoticeKind.REWARD_LIST, unit_evidence=EVIDENCE)
    first = await api.get("/v1/notices?limit=3")
    assert 'rel="next"' in first.headers["Link"]
    second = await api.get(f"/v1/notices?limit=3&cursor={first.json()['next_cursor']}")
    ids = [item["id"] for answer in (first, second) for item in answer.json()["items"]]
    assert ids == [str(notice) for notice in reversed(made)]
    one = (await api.get(f"/v1/notices?subject={subject}&state=RUNNING&kind=ANNOUNCEMENT")).json()["items"]
    assert [item["id"] for item in one] == [str(made[-1])]
    own = (await api.get("/v1/notices?kind=REWARD_LIST", key=unit.key)).json()["items"]
    assert [item["id"] for item in own] == [str(hidden)]
    assert (await api.get("/v1/notices?kind=REWARD_LIST")).json()["items"] == []
    unknown, secret = await api.get(f"/v1/notices/{uuid4()}"), await api.get(f"/v1/notices/{hidden}")
    assert (unknown.status_code, secret.status_code) == (404, 404)
    for bad in ("subject=nonsense", "state=GONE", "limit=0"):
        assert (await api.get(f"/v1/notices?{bad}")).status_code == 422


async def test_a_cursor_that_was_not_issued_here_is_refused(tx, api):
    for cursor in (encode_cursor("nonsense"), encode_cursor(1), "AAAA"):
        answer = await api.get(f"/v1/notices?cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (422, "paging.bad_cursor")
