"""Programs that act in their own name: registered, given tokens by the standard's own words, revoked at once."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

from sqlalchemy import text

from techmarket.cli.openapi import document
from techmarket.identity.actor import Role, Scope
from techmarket.identity.service.keys import issue
from tests.identity.make import a_market, a_member, an_organisation

BASIC = {"Content-Type": "application/x-www-form-urlencoded"}
CLIENT = {"name": "示例程序", "roles": ["TRADER"], "scopes": ["read", "bid"], "token_seconds": 600}


def basic(client_id: str, secret: str) -> dict[str, str]:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
    return {**BASIC, "Authorization": f"Basic {base64.b64encode(pair).decode()}"}


async def a_client(api: Any, org: Any, **changes: Any) -> dict[str, Any]:
    answer = await api.post(f"/v1/organisations/{org.actor.org}/clients", key=org.key, json=CLIENT | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def ask(client: Any, made: dict[str, Any], form: str = "grant_type=client_credentials", **changes: str) -> Any:
    headers = basic(changes.get("id", made["client"]["id"]), changes.get("secret", made["client_secret"]))
    return await client.post("/oauth/token", content=form, headers=headers)


async def test_a_program_gets_a_short_token_acts_by_it_and_is_gone_when_it_is_revoked(api, client, tx, keys):
    org = await an_organisation(tx, keys=keys)
    made = await a_client(api, org)
    answer = await ask(client, made)
    token = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert {name: token[name] for name in token if name != "access_token"} == {
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "bid read",
    }
    me = await api.get("/v1/me", key=token["access_token"])
    assert (me.status_code, me.json()["roles"], me.json()["scopes"]) == (200, ["TRADER"], ["bid", "read"])
    write = await api.post("/v1/listings", key=token["access_token"], json={})
    assert write.status_code in (403, 422)
    revoked = await api.post(f"/v1/clients/{made['client']['id']}/revocation", key=org.key)
    assert revoked.status_code == 204
    assert (await api.get("/v1/me", key=token["access_token"])).json()["code"] == "identity.bad_key"
    again = await ask(client, made)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    assert again.headers["www-authenticate"].startswith("Basic")


async def test_a_program_has_no_key_that_would_outlive_its_revocation(api, client, tx, keys):
    org = await an_organisation(tx, keys=keys)
    made = await a_client(api, org, scopes=["read", "write", "bid"])
    token = (await ask(client, made)).json()["access_token"]
    program = (await api.get("/v1/me", key=token)).json()["person_id"]
    body = {"person_id": program, "scopes": ["read"]}
    refused = await api.post(f"/v1/organisations/{org.actor.org}/keys", key=token, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "identity.session_only")
    # One that a program gave itself when that was possible counts no more, and goes with the program.
    async with tx.begin() as db:
        old = issue(db, keys, org.actor, UUID(program), org.actor.org, scopes=tuple(Scope), expires_at=None)
    assert (await api.get("/v1/me", key=old.key)).json()["code"] == "identity.bad_key"
    rotated = await api.post(f"/v1/keys/{old.id}/rotation", key=token, json={})
    assert (rotated.status_code, rotated.json()["code"]) == (403, "identity.session_only")
    await api.post(f"/v1/clients/{made['client']['id']}/revocation", key=org.key)
    listed = await api.get(f"/v1/organisations/{org.actor.org}/keys?person_id={program}", key=org.key)
    assert [one["standing"] for one in listed.json()["items"]] == ["REVOKED"]


async def test_no_token_is_wider_than_its_client_neither_when_given_nor_later(api, client, tx, keys):
    org = await an_organisation(tx, keys=keys)
    made = await a_client(api, org)
    for scope in ("write", "read+write", "read++bid", "all"):
        answer = await ask(client, made, f"grant_type=client_credentials&scope={scope}")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope"), scope
    narrow = (await ask(client, made, "grant_type=client_credentials&scope=read")).json()
    assert narrow["scope"] == "read"
    whole = (await ask(client, made)).json()
    async with tx.begin() as db:
        await db.execute(text("UPDATE machine_client SET scopes = '{read}'"))
    me = await api.get("/v1/me", key=whole["access_token"])
    assert me.json()["scopes"] == ["read"]


async def test_the_token_endpoint_says_no_in_the_words_of_the_standard(api, client, tx, keys):
    org = await an_organisation(tx, keys=keys)
    made = await a_client(api, org)
    good = "grant_type=client_credentials"
    for form, status, error in (
        ("", 400, "invalid_request"),
        ("grant_type=", 400, "invalid_request"),
        (f"{good}&{good}", 400, "invalid_request"),
        ("grant_type=%FF", 400, "invalid_request"),
        ("grant_type=password&username=a&password=b", 400, "unsupported_grant_type"),
        (f"{good}&resource=https%3A%2F%2Fother.example", 400, "invalid_target"),
    ):
        answer = await ask(client, made, form)
        assert (answer.status_code, answer.json()["error"]) == (status, error), form
    for changes in (
        {"secret": "tmc_wrong"},
        {"id": org.actor.org.hex},
        {"id": "nobody"},
        {"id": "\x00", "secret": "\x00"},
    ):
        answer = await ask(client, made, good, **changes)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    in_the_form = f"{good}&client_id={made['client']['id']}&client_secret={made['client_secret']}"
    answer = await client.post("/oauth/token", content=in_the_form, headers=BASIC)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    as_json = await client.post("/oauth/token", json={"grant_type": "client_credentials"})
    assert (as_json.status_code, as_json.json()["code"]) == (415, "request.wrong_media_type")


async def test_a_secret_is_rotated_with_overlap_and_only_two_are_in_force(api, client, tx, keys):
    org = await an_organisation(tx, keys=keys)
    first = await a_client(api, org)
    path = f"/v1/clients/{first['client']['id']}/secrets"
    second = (await api.post(path, key=org.key, json={"overlap_seconds": 60})).json()
    assert [(await ask(client, one)).status_code for one in (first, second)] == [200, 200]
    third = (await api.post(path, key=org.key, json={"overlap_seconds": 60})).json()
    assert [(await ask(client, one)).status_code for one in (first, second, third)] == [401, 200, 200]
    fourth = (await api.post(path, key=org.key, json={"overlap_seconds": 0})).json()
    assert [(await ask(client, one)).status_code for one in (second, third, fourth)] == [401, 401, 200]


async def test_a_program_neither_signs_nor_administers_and_only_administrators_register_one(api, tx, keys):
    org, stranger = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    trader = await a_member(tx, org.actor, Role.TRADER, keys=keys)
    path = f"/v1/organisations/{org.actor.org}/clients"
    for role in ("SIGNATORY", "ADMINISTRATOR", "CERTIFIER", "INVENTOR"):
        refused = await api.post(path, key=org.key, json=CLIENT | {"roles": [role]})
        assert (refused.status_code, refused.json()["code"]) == (422, "identity.role_not_for_machines")
    assert (await api.post(path, key=trader.key, json=CLIENT)).status_code == 403
    assert (await api.post(path, key=stranger.key, json=CLIENT)).status_code == 404
    made = await a_client(api, org)
    for refused in (
        await api.post(f"/v1/clients/{made['client']['id']}/revocation", key=stranger.key),
        await api.post(f"/v1/clients/{made['client']['id']}/secrets", key=stranger.key, json={}),
        await api.get(path, key=stranger.key),
    ):
        assert refused.status_code == 404
    market = await a_market(tx, keys)
    seen = await api.get(path, key=market["administrator"].key)
    assert [one["id"] for one in seen.json()["items"]] == [made["client"]["id"]]
    assert "secret" not in seen.text


async def test_the_metadata_names_the_token_endpoint_the_document_and_what_is_supported(client, means):
    answer = await client.get("/.well-known/oauth-authorization-server")
    assert answer.json() == {
        "issuer": means.public_url,
        "token_endpoint": f"{means.public_url}/oauth/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "scopes_supported": ["bid", "read", "write"],
        "service_documentation": f"{means.public_url}/docs",
    }
    described = document()
    flow = described["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert (flow["tokenUrl"], sorted(flow["scopes"])) == ("/oauth/token", ["bid", "read", "write"])
    assert described["paths"]["/v1/me"]["get"]["security"] == [{"apiKey": []}, {"oauth2": []}]


async def test_the_last_use_of_a_key_is_written_together_later_and_not_by_the_request(api, client, tx, keys):
    org = await an_organisation(tx, keys=keys)
    path = f"/v1/organisations/{org.actor.org}/keys"
    before = await api.get(path, key=org.key)
    assert before.json()["items"][0]["last_used_at"] is None
    await client._transport.app.state.last_uses.flush()
    after = await api.get(path, key=org.key)
    assert after.json()["items"][0]["last_used_at"] is not None
    rotated = await api.post(f"/v1/keys/{org.actor.key_id}/rotation", key=org.key, json={"overlap_seconds": 0})
    assert rotated.status_code == 201
    assert (await api.get("/v1/me", key=org.key)).status_code == 401
    assert (await api.get("/v1/me", key=rotated.json()["key"])).status_code == 200
