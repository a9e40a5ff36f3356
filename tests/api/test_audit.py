"""Looking back: an organisation reads what its people did and what names it, the market everything, on record."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from sqlalchemy import text

from techmarket.identity.actor import Role
from techmarket.jobs import runner
from techmarket.transparency import service
from techmarket.transparency.service import searching
from tests.identity.make import a_market, a_member, an_organisation


async def positioned(means: Any) -> None:
    while await runner.sequence_once(means):
        pass


async def look(api: Any, org: Any, key: str, **query: Any) -> list[dict[str, Any]]:
    answer = await api.get(f"/v1/organisations/{org.actor.org}/audit", key=key, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_an_administrator_reads_who_did_what_when_by_which_credential_on_what(api, means, tx, keys):
    org = await an_organisation(tx, keys=keys)
    made = await api.post(
        f"/v1/organisations/{org.actor.org}/people", key=org.key, json={"name": "Sample", "roles": ["TRADER"]}
    )
    await positioned(means)
    key_issued, added, *_ = await look(api, org, org.key)
    assert (added["kind"], added["person_id"]) == ("identity.person_added", str(org.actor.person))
    assert (added["via"], added["credential_id"]) == ("KEY", str(org.actor.key_id))
    assert added["person_name"].startswith("Sample person")
    assert added["refs"] == [f"person:{made.json()['person']['id']}", f"organisation:{org.actor.org}"]
    assert added["facts"] == {"roles": ["TRADER"]}
    assert (key_issued["kind"], key_issued["position"]) == ("identity.key_issued", added["position"] + 1)


async def test_what_others_did_to_an_organisation_is_told_by_their_office_alone(api, means, tx, keys):
    market, org = await a_market(tx, keys), await an_organisation(tx, keys=keys, verified=False)
    operator = market["operator"]
    await api.post(f"/v1/organisations/{org.actor.org}/verification", key=operator.key)
    await positioned(means)
    verified = (await look(api, org, org.key))[0]
    assert (verified["kind"], verified["organisation_id"]) == (
        "identity.organisation_verified",
        str(operator.actor.org),
    )
    assert [verified[name] for name in ("person_id", "person_name", "via", "credential_id")] == [None] * 4
    guessed = await look(api, org, org.key, person_id=str(operator.actor.person))
    assert guessed == []
    whole = (await api.get("/v1/audit", key=operator.key, params={"kind": verified["kind"]})).json()["items"]
    assert whole[0]["person_id"] == str(operator.actor.person)
    assert whole[0]["credential_id"] == str(operator.actor.key_id)


async def test_nobody_else_looks_back_at_an_organisation(api, means, tx, keys):
    org, stranger = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    trader = await a_member(tx, org.actor, Role.TRADER, keys=keys)
    market = await a_market(tx, keys)
    for ending in ("", ".jsonl", ".csv"):
        path = f"/v1/organisations/{org.actor.org}/audit{ending}"
        answers = [await api.get(path, key=one.key) for one in (stranger, trader, market["finance"])]
        assert [one.status_code for one in answers] == [404, 403, 403]
        assert (await api.get(path)).status_code == 401
        assert (await api.get(f"/v1/audit{ending}", key=org.key)).status_code == 403


async def test_entries_are_found_by_person_thing_kind_and_time_and_paged_without_gap_or_repeat(api, means, tx, keys):
    org = await an_organisation(tx, keys=keys)
    other = await an_organisation(tx, keys=keys)
    administrator = await a_member(tx, org.actor, Role.ADMINISTRATOR, keys=keys)
    people = f"/v1/organisations/{org.actor.org}/people"
    added = []
    for n in range(7):
        by = administrator if n % 2 else org
        one = await api.post(people, key=by.key, json={"name": f"Sample {n}", "roles": ["TRADER"]})
        added.append(one.json()["person"]["id"])
    await api.post(
        f"/v1/organisations/{other.actor.org}/people", key=other.key, json={"name": "x", "roles": ["TRADER"]}
    )
    await positioned(means)
    everything = await look(api, org, org.key, limit=100)
    assert [one["position"] for one in everything] == sorted((one["position"] for one in everything), reverse=True)
    walked: list[dict[str, Any]] = []
    path: str | None = f"/v1/organisations/{org.actor.org}/audit?limit=3"
    while path:
        page = await api.get(path, key=org.key)
        walked += page.json()["items"]
        path = page.links["next"]["url"] if "next" in page.links else None
    assert walked == everything
    theirs = await look(api, org, org.key, person_id=str(administrator.actor.person), kind="identity.person_added")
    assert [one["refs"][0] for one in theirs] == [f"person:{one}" for one in (added[5], added[3], added[1])]
    about = await look(api, org, org.key, about=f"person:{added[2]}")
    assert {one["kind"] for one in about} == {"identity.person_added", "identity.key_issued"}
    since = theirs[0]["at"]
    later = await look(api, org, org.key, since=since, kind="identity.person_added")
    earlier = await look(api, org, org.key, until=since, kind="identity.person_added")
    assert [one["refs"][0] for one in later] == [f"person:{added[6]}", f"person:{added[5]}"]
    assert len(earlier) == 6
    for wrong in ({"about": "person:x"}, {"kind": "KIND"}, {"person_id": "x"}, {"since": "yesterday"}):
        assert (await api.get(f"{people.removesuffix('people')}audit", key=org.key, params=wrong)).status_code == 422


async def test_each_look_of_an_operator_is_on_record_and_told_to_whom_it_was_at(api, means, tx, keys):
    market, org = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    operator = market["operator"]
    await positioned(means)
    path = f"/v1/organisations/{org.actor.org}/audit"
    assert (await api.get(path, key=operator.key, params={"kind": "identity.key_issued"})).status_code == 200
    assert (await api.get(f"{path}.csv", key=operator.key)).status_code == 200
    assert (await api.get("/v1/audit", key=operator.key)).status_code == 200
    await look(api, org, org.key)
    await positioned(means)
    told = await look(api, org, org.key, kind="transparency.audit_read")
    assert [one["facts"] for one in told] == [
        {"as_file": True, "kinds": []},
        {"as_file": False, "kinds": ["identity.key_issued"]},
    ]
    assert [one["person_id"] for one in told] == [None, None]
    reads = (await api.get("/v1/audit", key=operator.key, params={"kind": "transparency.audit_read"})).json()["items"]
    assert [one["person_id"] for one in reads] == [str(operator.actor.person)] * 3


async def test_the_files_hold_what_the_pages_hold_and_no_cell_is_a_formula(api, means, tx, keys, monkeypatch):
    monkeypatch.setattr(searching, "FILE_BATCH", 2)
    org = await an_organisation(tx, keys=keys)
    path = f"/v1/organisations/{org.actor.org}"
    await api.post(f"{path}/people", key=org.key, json={"name": "Sample", "roles": ["TRADER"]})
    async with tx.begin() as db:
        await db.execute(text("UPDATE person SET name = '=1+1' WHERE id = :id"), {"id": org.actor.person})
    await positioned(means)
    pages = await look(api, org, org.key, limit=100)
    lines = await api.get(f"{path}/audit.jsonl", key=org.key)
    read = [json.loads(line) for line in lines.text.splitlines()]
    assert [(one["id"], one["facts"], one["person_name"]) for one in read] == [
        (one["id"], one["facts"], one["person_name"]) for one in pages
    ]
    table = await api.get(f"{path}/audit.csv", key=org.key)
    rows = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert [row["id"] for row in rows] == [one["id"] for one in pages]
    assert {row["person_name"] for row in rows} == {"'=1+1"}


async def test_a_file_that_would_be_too_long_is_refused_before_it_begins(api, means, tx, keys, monkeypatch):
    monkeypatch.setattr(searching, "FILE_ROWS_MAX", 1)
    org = await an_organisation(tx, keys=keys)
    await positioned(means)
    refused = await api.get(f"/v1/organisations/{org.actor.org}/audit.csv", key=org.key)
    assert (refused.status_code, refused.json()["code"]) == (413, "transparency.audit_too_long")


@pytest.mark.parametrize(
    "change", ["standing = replace(standing, 'KEY', 'SESSION')", "standing = NULL, standing_salt = NULL"]
)
async def test_the_log_commits_to_the_credential_though_no_row_tells_it(means, tx, keys, change):
    org = await an_organisation(tx, keys=keys)
    await service.publish_keys(tx, keys)
    await a_member(tx, org.actor, Role.TRADER, keys=keys)
    await positioned(means)
    await service.make_checkpoint(tx, keys)
    assert await service.audit(tx, keys) == []
    async with tx.begin() as db:
        await db.execute(text("SET LOCAL session_replication_role = replica"))
        await db.execute(
            text(f"UPDATE journal_entry SET {change} WHERE kind = 'identity.person_added' AND standing IS NOT NULL")
        )
    entry, root = await service.audit(tx, keys)
    assert "is not what was logged" in entry
    assert "is not the one that was signed" in root
