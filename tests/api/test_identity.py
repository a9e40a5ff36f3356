"""Identity over HTTP, and with it what every keyed route promises."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from sqlalchemy import text
from starlette.requests import Request

from techmarket.api.deps import neighbourhood_of
from tests.identity.make import a_market, an_organisation

REGISTRATION = {"kind": "ENTERPRISE", "name": "示例企业", "uscc": "91330100799655058B", "administrator": "示例人员"}


async def count(tx, table: str) -> int:
    async with tx.read() as db:
        return (await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()


async def test_a_stranger_registers_is_verified_adds_a_person_and_the_person_signs_in(api, tx, keys):
    market = await a_market(tx, keys)
    registered = await api.post("/v1/organisations", json=REGISTRATION)
    assert registered.status_code == 201
    body = registered.json()
    org, key = body["organisation"]["id"], body["key"]["key"]
    assert body["organisation"]["state"] == "REGISTERED"
    verified = await api.post(f"/v1/organisations/{org}/verification", key=market["operator"].key)
    assert (verified.status_code, verified.json()["state"]) == (200, "VERIFIED")
    added = await api.post(
        f"/v1/organisations/{org}/people", key=key, json={"name": "Sample trader", "roles": ["TRADER"]}
    )
    assert added.status_code == 201
    me = await api.get("/v1/me", key=added.json()["key"]["key"])
    assert (me.status_code, me.json()["roles"], me.json()["organisation"]["id"]) == (200, ["TRADER"], org)


async def test_the_same_key_and_body_gives_the_first_answer_again_and_one_effect(api, tx):
    first = await api.post("/v1/organisations", json=REGISTRATION, once="k1-0123456789abcdef")
    again = await api.post("/v1/organisations", json=REGISTRATION, once="k1-0123456789abcdef")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(tx, "organisation") == 1


async def test_fifty_at_once_with_one_key_have_one_effect_and_one_answer(api, tx):
    answers = await asyncio.gather(
        *[api.post("/v1/organisations", json=REGISTRATION, once="k1-0123456789abcdef") for _ in range(50)]
    )
    assert {a.status_code for a in answers} <= {201, 409}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"idempotency.in_flight"}
    later = [await api.post("/v1/organisations", json=REGISTRATION, once="k1-0123456789abcdef") for _ in range(10)]
    assert len({a.content for a in [*answers, *later] if a.status_code == 201}) == 1
    assert await count(tx, "organisation") == 1


async def test_the_same_key_with_another_body_is_refused_and_changes_nothing(api, tx):
    await api.post("/v1/organisations", json=REGISTRATION, once="k1-0123456789abcdef")
    other = await api.post("/v1/organisations", json=REGISTRATION | {"name": "Another"}, once="k1-0123456789abcdef")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert await count(tx, "organisation") == 1


async def test_an_address_registers_so_many_a_day_and_its_neighbours_of_one_line_count_as_one(api, client, tx):
    app = client._transport.app
    app.state.organisations_per_day = 1
    made = await api.post("/v1/organisations", json=REGISTRATION)
    full = await api.post("/v1/organisations", json=REGISTRATION)
    assert (made.status_code, full.status_code, full.json()["code"]) == (201, 429, "identity.too_many_founded")
    assert int(full.headers["retry-after"]) > 80_000
    for source, counted in {
        "192.0.2.7": "192.0.2.7",
        "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
        "::ffff:192.0.2.7": "::ffff:192.0.2.7",
        "testclient": "testclient",
    }.items():
        assert neighbourhood_of(Request({"type": "http", "client": (source, 1), "headers": []})) == counted


async def test_a_refusal_is_answered_again_as_it_was(api, tx, keys):
    operator = (await a_market(tx, keys))["operator"]
    made = (await api.post("/v1/organisations", json=REGISTRATION)).json()["organisation"]["id"]
    assert (await api.post(f"/v1/organisations/{made}/verification", key=operator.key)).status_code == 200
    first = await api.post("/v1/organisations", json=REGISTRATION, once="k2-0123456789abcdef")
    again = await api.post("/v1/organisations", json=REGISTRATION, once="k2-0123456789abcdef")
    assert (first.status_code, first.json()["code"]) == (409, "identity.uscc_taken")
    assert again.content == first.content


async def test_a_changing_post_without_a_key_is_refused(api, client, tx):
    bare = await client.post("/v1/organisations", json=REGISTRATION)
    assert (bare.status_code, bare.json()["code"]) == (400, "idempotency.key_missing")
    for bad in ("x" * 256, "a b", "ключ".encode()):
        answer = await client.post("/v1/organisations", json=REGISTRATION, headers={"Idempotency-Key": bad})
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.key_malformed")
    assert await count(tx, "organisation") == 0


async def test_keys_of_two_principals_do_not_meet(api, tx, keys):
    one, two = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    body = {"name": "Sample trader", "roles": ["TRADER"]}
    for org in (one, two):
        path = f"/v1/organisations/{org.actor.org}/people"
        assert (await api.post(path, key=org.key, json=body, once="shared")).status_code == 201


async def test_the_answer_that_held_a_key_cannot_be_read_from_the_database(api, tx):
    shown = (await api.post("/v1/organisations", json=REGISTRATION, once="k1-0123456789abcdef")).json()["key"]["key"]
    async with tx.read() as db:
        answers = (await db.execute(text("SELECT answer FROM idempotency_key"))).scalars().all()
        hashes = (await db.execute(text("SELECT secret_hash FROM api_key"))).scalars().all()
    assert len(answers) == 1
    assert all(shown.encode() not in answer and shown.encode().hex().encode() not in answer for answer in answers)
    assert all(shown.encode() not in digest for digest in hashes)


async def test_no_key_a_wrong_key_and_a_revoked_key_are_told_apart_only_as_missing_or_bad(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    assert (await api.get("/v1/me")).json()["code"] == "identity.sign_in_needed"
    assert (await api.get("/v1/me", key="tmk_wrong")).json()["code"] == "identity.bad_key"
    revoked = await api.post(f"/v1/keys/{org.actor.key_id}/revocation", key=org.key)
    assert revoked.status_code == 204
    answer = await api.get("/v1/me", key=org.key)
    assert (answer.status_code, answer.json()["code"]) == (401, "identity.bad_key")


async def test_an_unverified_organisation_is_unknown_to_strangers_and_known_to_itself(api, tx, keys):
    hidden = await an_organisation(tx, keys=keys, verified=False)
    path = f"/v1/organisations/{hidden.actor.org}"
    absent = await api.get(f"/v1/organisations/{uuid4()}")
    seen = await api.get(path)
    assert (seen.status_code, seen.json()["code"]) == (absent.status_code, absent.json()["code"]) == (404, "not_found")
    assert (await api.get(path, key=hidden.key)).status_code == 200


async def test_the_operators_list_pages_by_cursor_without_gap_or_repeat(api, tx, keys):
    market = await a_market(tx, keys)
    for _ in range(7):
        await an_organisation(tx, keys=keys)
    seen, cursor = [], None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = await api.get("/v1/organisations", key=market["operator"].key, params=query)
        seen += [item["id"] for item in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        assert ("next" in page.headers.get("link", "")) == (cursor is not None)
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 8
    bad = await api.get("/v1/organisations", key=market["operator"].key, params={"cursor": "abc"})
    assert (bad.status_code, bad.json()["code"]) == (422, "paging.bad_cursor")


async def test_without_an_api_key_a_guessable_idempotency_key_is_refused(api, tx):
    answer = await api.post("/v1/organisations", json=REGISTRATION, once="register")
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.key_guessable")
    assert await count(tx, "organisation") == 0
