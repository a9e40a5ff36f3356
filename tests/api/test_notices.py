"""Notices and objections over HTTP."""

from __future__ import annotations

from uuid import uuid4

from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.paging import encode_cursor
from techmarket.notices.kinds import NoticeKind
from tests.identity.make import a_market, an_organisation
from tests.notices.make import EVIDENCE, PRICE_TEXT, a_notice, an_evidence


async def test_a_notice_is_posted_objected_to_and_decided(tx, keys, api):
    unit, other = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    market = await a_market(tx, keys)
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.PRICE)
    path = f"/v1/notices/{notice}"
    early = await api.post(f"{path}/objections", key=other.key, json={"grounds": "Sample grounds"})
    assert (early.status_code, early.json()["code"]) == (409, "notices.not_started")
    assert early.json()["missing_places"] == ["UNIT"]
    await an_evidence(tx, unit.actor)
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


async def test_the_operator_suspends_and_resumes_and_everyone_reads_why(tx, keys, api):
    unit = await an_organisation(tx, keys=keys)
    operator = (await a_market(tx, keys))["operator"].key
    path = f"/v1/notices/{await a_notice(tx, unit.actor)}"
    refused = await api.post(f"{path}/suspension", key=unit.key, json={"reasons": "Sample dispute"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    stopped = await api.post(f"{path}/suspension", key=operator, json={"reasons": "Sample dispute"})
    assert (stopped.status_code, stopped.json()["state"], stopped.json()["ends_at"]) == (200, "PAUSED", None)
    read = (await api.get(path)).json()
    assert (read["is_suspended"], read["pauses"][0]["cause"]) == (True, "SUSPENSION")
    assert read["pauses"][0]["reasons"] == "Sample dispute"
    twice = await api.post(f"{path}/suspension", key=operator, json={"reasons": "Again"})
    assert (twice.status_code, twice.json()["code"]) == (409, "notices.suspended")
    resumed = await api.post(f"{path}/resumption", key=operator)
    assert (resumed.status_code, resumed.json()["state"]) == (200, "RUNNING")
    again = await api.post(f"{path}/resumption", key=operator)
    assert (again.status_code, again.json()["code"]) == (409, "notices.not_suspended")


async def test_texts_and_proof_of_a_notice_are_public_and_those_of_a_unit_are_not(tx, keys, api):
    unit = await an_organisation(tx, keys=keys)
    public = await a_notice(tx, unit.actor, kind=NoticeKind.PRICE)
    hidden = await a_notice(tx, unit.actor, kind=NoticeKind.REWARD_LIST, unit_evidence=EVIDENCE)
    (version,) = (await api.get(f"/v1/notices/{public}/versions")).json()["items"]
    assert (version["n"], version["document"]) == (1, PRICE_TEXT)
    proof = (await api.get(f"/v1/notices/{public}/proof")).json()
    assert [entry["kind"] for entry in proof["entries"]] == ["notices.opened", "notices.posted"]
    assert proof["texts"][0]["sha256"] == version["document_sha256"]
    for part in ("versions", "proof", f"evidence/{EVIDENCE}"):
        assert (await api.get(f"/v1/notices/{hidden}/{part}")).status_code == 404
        if not part.startswith("evidence"):
            assert (await api.get(f"/v1/notices/{hidden}/{part}", key=unit.key)).status_code == 200


async def test_objections_are_listed_for_those_concerned(tx, keys, api):
    unit, other, stranger = [await an_organisation(tx, keys=keys) for _ in range(3)]
    operator = (await a_market(tx, keys))["operator"].key
    notice = await a_notice(tx, unit.actor)
    own = await api.post(f"/v1/notices/{notice}/objections", key=unit.key, json={"grounds": "Sample"})
    assert (own.status_code, own.json()["code"]) == (403, "notices.own_notice")
    filed = (await api.post(f"/v1/notices/{notice}/objections", key=other.key, json={"grounds": "Sample"})).json()
    for key, known in ((unit.key, True), (other.key, True), (operator, True), (stranger.key, False)):
        items = (await api.get(f"/v1/objections?notice_id={notice}&state=FILED", key=key)).json()["items"]
        assert [item["id"] for item in items] == ([filed["id"]] if known else [])
        one = await api.get(f"/v1/objections/{filed['id']}", key=key)
        assert one.status_code == (200 if known else 404)
    assert (await api.get("/v1/objections?overdue=true", key=operator)).json()["items"] == []
    acknowledged = await api.post(f"/v1/objections/{filed['id']}/acknowledgement", key=operator)
    assert acknowledged.json()["acknowledged_at"] is not None


async def test_a_notice_is_corrected_by_who_has_read_it_and_replaced_by_whom_its_kind_names(tx, keys, api):
    unit, other = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    operator = (await a_market(tx, keys))["operator"].key
    path = f"/v1/notices/{await a_notice(tx, unit.actor)}"
    read = (await api.get(path)).json()["document_sha256"]
    body = {"document_sha256": read, "changes": {"title_en": "Better words"}, "because": "Sample reasons"}
    for key, change, wanted in (
        (other.key, {}, (403, "not_allowed")),
        (unit.key, {"document_sha256": "0" * 64}, (412, "notices.text_changed")),
        (unit.key, {"changes": {"name": "Another thing"}}, (422, "notices.not_restatable")),
        (unit.key, {"changes": {"note_zh": "示例说明"}}, (200, None)),
        (unit.key, {"changes": {}}, (412, "notices.text_changed")),
    ):
        answer = await api.post(f"{path}/corrections", key=key, json=body | change)
        assert (answer.status_code, answer.json().get("code")) == wanted, answer.text
    shown = (await api.get(path)).json()
    assert (shown["version"], shown["document"]["instead_of"]["because"]) == (2, "Sample reasons")
    body |= {"document_sha256": shown["document_sha256"]}
    refused = await api.post(f"{path}/replacement", key=unit.key, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    fresh = await api.post(f"{path}/replacement", key=operator, json=body)
    assert (fresh.status_code, fresh.json()["version"], fresh.json()["state"]) == (201, 1, "RUNNING")
    assert (await api.get(path)).json()["replaced_by_id"] == fresh.json()["id"]
    assert fresh.json()["document"]["title_en"] == "Better words"
