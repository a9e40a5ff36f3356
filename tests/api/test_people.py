"""People: invited by a link, signed in by two factors, and asked again where an act has consequences."""

from __future__ import annotations

import asyncio
import base64
import time
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from techmarket.identity import errors, one_time, passwords, service, steps
from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import ScopeMissing
from tests.identity.make import a_market, a_member, an_organisation, vouch
from tests.workbench.make import tell

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch):
    """The cost of a hash is another test's business."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)


def code_now(secret: str, *, ahead: int = 0) -> str:
    return one_time.code_of(base64.b32decode(secret), int(time.time()) // 30 + ahead)


async def sign_in(api: Any, name: str, password: str = PASSWORD, **more: Any) -> Any:
    return await api.post("/v1/sessions", json={"name": name, "password": password, **more})


async def a_person(api: Any, org: Any, name: str, *roles: str) -> dict[str, Any]:
    """Somebody who joined by invitation: the id of the person."""
    invited = await api.post(
        f"/v1/organisations/{org.actor.org}/invitations",
        key=org.key,
        json={"name": "Sample person", "roles": list(roles)},
    )
    assert invited.status_code == 201, invited.text
    body = {"token": invited.json()["token"], "name": name, "password": PASSWORD}
    joined = await api.post("/v1/invitations/acceptance", json=body)
    assert joined.status_code == 201, joined.text
    return joined.json()


async def with_second_factor(api: Any, name: str) -> tuple[str, str, list[str]]:
    """A session that has a second factor, the secret and the recovery codes."""
    token = (await sign_in(api, name)).json()["token"]
    secret = (await api.post("/v1/me/second-factor", key=token, json={"current": PASSWORD})).json()["secret"]
    done = await api.post("/v1/me/second-factor/confirmation", key=token, json={"code": code_now(secret, ahead=-1)})
    assert done.status_code == 201, done.text
    return token, secret, done.json()["recovery_codes"]


async def test_an_invitation_counts_once_and_the_one_who_joins_signs_in(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    invited = await api.post(
        f"/v1/organisations/{org.actor.org}/invitations", key=org.key, json={"name": "示例人员", "roles": ["TRADER"]}
    )
    token = invited.json()["token"]
    assert invited.json()["link"].endswith(f"/join#{token}")
    body = {"token": token, "name": "Lin.Sample", "password": PASSWORD}
    weak = await api.post("/v1/invitations/acceptance", json=body | {"password": "lin.sample 12"})
    assert (weak.status_code, weak.json()["code"]) == (422, "identity.password_too_weak")
    answers = await asyncio.gather(
        *[api.post("/v1/invitations/acceptance", json=body | {"name": f"lin.{n}"}) for n in range(4)]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403]
    async with tx.read() as db:
        (name,) = (await db.execute(text("SELECT name FROM person_login"))).scalars().all()
    signed = await sign_in(api, name.upper())
    assert signed.status_code == 201
    assert signed.headers["cache-control"] == "no-store"
    me = await api.get("/v1/me", key=signed.json()["token"])
    assert (me.json()["roles"], me.json()["organisation"]["id"]) == (["TRADER"], str(org.actor.org))


async def test_a_withdrawn_an_expired_and_an_invented_invitation_fail_alike(api, tx, keys):
    org, stranger = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    path, wanted = f"/v1/organisations/{org.actor.org}/invitations", {"name": "Sample", "roles": ["TRADER"]}
    one, two = [(await api.post(path, key=org.key, json=wanted)).json() for _ in range(2)]
    assert (await api.post(f"/v1/invitations/{one['id']}/withdrawal", key=stranger.key)).status_code == 404
    assert (await api.post(f"/v1/invitations/{one['id']}/withdrawal", key=org.key)).status_code == 204
    async with tx.begin() as db:
        await db.execute(text("UPDATE invitation SET expires_at = clock_timestamp() WHERE closed_at IS NULL"))
    for token in (one["token"], two["token"], "tmi_invented"):
        body = {"token": token, "name": "lin", "password": PASSWORD}
        answer = await api.post("/v1/invitations/acceptance", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "identity.invitation_over")
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM person_login"))).scalar_one() == 0


async def test_an_unknown_name_and_a_wrong_password_get_one_answer_and_wait_alike(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    await a_person(api, org, "lin", "TRADER")
    told = {}
    for name in ("lin", "nobody"):
        answers = [await sign_in(api, name, "wrong password, sorry") for _ in range(7)]
        told[name] = [(a.status_code, a.json()["code"], a.headers.get("retry-after")) for a in answers]
        kept = {k: v for k, v in answers[0].json().items() if k not in ("request_id", "instance")}
        told[f"{name} says"] = kept
    assert told["lin"] == told["nobody"]
    assert told["lin says"] == told["nobody says"]
    assert told["lin"][:5] == [(401, "identity.sign_in_failed", None)] * 5
    assert told["lin"][5][:2] == (429, "identity.sign_in_too_often")
    assert (await sign_in(api, "lin")).status_code == 429


@pytest.mark.parametrize(
    "meanwhile",
    ["DELETE FROM person_login WHERE name = :name", "UPDATE person_login SET password_phc = 'x' WHERE name = :name"],
    ids=["erased", "another password"],
)
async def test_a_login_that_goes_or_changes_while_its_password_is_checked_opens_nothing(
    api, tx, keys, monkeypatch, meanwhile
):
    org = await an_organisation(tx, keys=keys)
    await a_person(api, org, "yan.sample", "TRADER")
    check = passwords.password_fits

    async def slowly(password: str, phc: str | None) -> bool:
        fits = await check(password, phc)
        async with tx.begin() as db:
            await db.execute(text(meanwhile), {"name": "yan.sample"})
        return fits

    monkeypatch.setattr(passwords, "password_fits", slowly)
    refused = await sign_in(api, "yan.sample")
    assert (refused.status_code, refused.json()["code"]) == (401, "identity.sign_in_failed")
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM session"))).scalar_one() == 0


async def test_a_key_that_only_reads_confirms_no_session(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    path, wanted = f"/v1/organisations/{org.actor.org}/keys", {"person_id": str(org.actor.person), "scopes": ["read"]}
    reading = (await api.post(path, key=org.key, json=wanted)).json()["key"]
    said = [
        (await api.call("PUT", "/v1/me/session/second-factor", key=key, json={"code": "123456"})).json()["code"]
        for key in (reading, org.key)
    ]
    assert said == ["identity.scope_missing", "identity.session_only"]


async def test_tries_at_once_are_counted_each_and_the_right_person_is_not_kept_out_by_another_source(
    api, client, tx, keys
):
    org = await an_organisation(tx, keys=keys)
    await a_person(api, org, "lin", "TRADER")
    assert (await sign_in(api, "lin")).status_code == 201
    client._transport.client = ("203.0.113.9", 1)
    answers = await asyncio.gather(*[sign_in(api, "lin", "wrong password, sorry") for _ in range(12)])
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7
    async with tx.begin() as db:
        await db.execute(text("UPDATE sign_in_tries SET failures = 1000 WHERE good_at IS NULL"))
    assert (await sign_in(api, "lin")).status_code == 429
    client._transport.client = ("127.0.0.1", 123)
    assert (await sign_in(api, "lin")).status_code == 201


async def test_a_code_and_a_recovery_code_count_once_also_when_many_try_at_once(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    await a_person(api, org, "lin", "TRADER")
    _, secret, recovery = await with_second_factor(api, "lin")
    assert len(set(recovery)) == 10
    bare = await sign_in(api, "lin")
    assert (bare.status_code, bare.json()["code"]) == (401, "identity.second_factor_missing")
    for code in (code_now(secret), recovery[0].lower().replace("-", " ")):
        answers = await asyncio.gather(*[sign_in(api, "lin", code=code) for _ in range(4)])
        assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]
        async with tx.begin() as db:
            await db.execute(text("UPDATE sign_in_tries SET failures = 0"))
    async with tx.read() as db:
        kept = (await db.execute(text("SELECT totp_secret FROM person_login"))).scalar_one()
    assert base64.b32decode(secret) not in kept


async def test_a_session_ends_by_idleness_by_age_by_its_owner_and_by_a_new_password(api, client, tx, keys):
    org = await an_organisation(tx, keys=keys)
    await a_person(api, org, "lin", "TRADER")
    tokens = [(await sign_in(api, "lin")).json() for _ in range(5)]
    idle, old, ended, other, kept = [one["token"] for one in tokens]
    ids = [one["session"]["id"] for one in tokens]
    async with tx.begin() as db:
        query = "UPDATE session SET {} WHERE id = :id"
        await db.execute(text(query.format("started_at = started_at - interval '31 minutes'")), {"id": ids[0]})
        await db.execute(text(query.format("ends_at = clock_timestamp()")), {"id": ids[1]})
    assert (await api.post(f"/v1/sessions/{ids[2]}/end", key=kept)).status_code == 204
    codes = [(await api.get("/v1/me", key=token)).status_code for token in (idle, old, ended, other, kept)]
    assert codes == [401, 401, 401, 200, 200]
    body = {"name": "lin", "password": "another horse battery", "current": PASSWORD}
    async with tx.begin() as db:
        await db.execute(text("UPDATE sign_in_tries SET failures = 0"))
    wrong = await api.put("/v1/me/login", key=kept, json=body | {"current": "not the password"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "identity.sign_in_failed")
    assert (await api.put("/v1/me/login", key=kept, json=body)).status_code == 204
    assert [(await api.get("/v1/me", key=token)).status_code for token in (other, kept)] == [401, 200]
    assert (await sign_in(api, "lin")).status_code == 401


async def test_the_portals_cookie_is_kept_from_scripts_and_other_sites_and_another_one_after_each_sign_in(
    api, client, tx, keys, means
):
    org = await an_organisation(tx, keys=keys)
    await a_person(api, org, "lin", "TRADER")
    signed = await sign_in(api, "lin", as_cookie=True)
    assert signed.json()["token"] is None
    cookie = signed.headers["set-cookie"]
    value, *flags = [part.strip() for part in cookie.split(";")]
    assert value.startswith("__Host-techmarket=tms_")
    assert {flag.lower() for flag in flags} == {"httponly", "secure", "samesite=strict", "path=/"}
    client.cookies.clear()
    sent = {"Cookie": value}
    for path in ("/v1/me", f"/v1/organisations/{org.actor.org}/keys", "/"):
        told = await api.get(path, headers=sent)
        assert (told.status_code, told.headers.get("cache-control")) == (200, "no-store"), path
    end = f"/v1/sessions/{signed.json()['session']['id']}/end"
    for site in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://x.example"},
        {},
    ):
        refused = await api.post(end, headers=sent | site)
        assert (refused.status_code, refused.json()["code"]) == (403, "identity.cross_site")
    again = await api.post("/v1/sessions", json={"name": "lin", "password": PASSWORD, "as_cookie": True}, headers=sent)
    client.cookies.clear()
    assert again.status_code == 201
    assert again.headers["set-cookie"].split(";")[0] != value
    assert (await api.get("/v1/me", headers=sent)).status_code == 401
    sent = {"Cookie": again.headers["set-cookie"].split(";")[0], "Origin": means.public_url}
    end = f"/v1/sessions/{again.json()['session']['id']}/end"
    assert (await api.post(end, headers=sent)).status_code == 204


async def test_where_the_organisation_asks_for_a_second_factor_no_key_gives_power_and_an_old_one_is_asked_again(
    api, tx, keys
):
    org = await an_organisation(tx, keys=keys)
    asks, invites = [f"/v1/organisations/{org.actor.org}/{what}" for what in ("second-factor", "invitations")]
    await a_person(api, org, "boss", "ADMINISTRATOR")
    by_key = await api.put(asks, key=org.key, json={"seconds": 300})
    assert (by_key.status_code, by_key.json()["code"]) == (403, "identity.session_only")
    bare = (await sign_in(api, "boss")).json()["token"]
    without = await api.put(asks, key=bare, json={"seconds": 300})
    assert (without.status_code, without.json()["code"]) == (403, "identity.second_factor_needed")
    token, secret, _ = await with_second_factor(api, "boss")
    assert (await api.put(asks, key=token, json={"seconds": 300})).json() == {"seconds": 300}
    wanted = {"name": "Sample", "roles": ["TRADER"]}
    for key, status in ((org.key, 403), (token, 201)):
        assert (await api.post(invites, key=key, json=wanted)).status_code == status
    first_login = await api.put("/v1/me/login", key=org.key, json={"name": "thief", "password": PASSWORD})
    assert (first_login.status_code, first_login.json()["code"]) == (403, "identity.second_factor_needed")
    assert (await api.get("/v1/me", key=org.key)).status_code == 200
    async with tx.begin() as db:
        await db.execute(text("UPDATE session SET second_factor_at = second_factor_at - interval '301 seconds'"))
        await db.execute(text("UPDATE sign_in_tries SET failures = 0"))
    assert (await api.post(invites, key=token, json=wanted)).json()["code"] == "identity.second_factor_needed"
    again = await api.put("/v1/me/session/second-factor", key=token, json={"code": code_now(secret)})
    assert again.status_code == 200, again.text
    assert (await api.get("/v1/me", key=token)).status_code == 401
    assert (await api.post(invites, key=again.json()["token"], json=wanted)).status_code == 201


async def test_roles_are_given_and_taken_at_once_and_an_organisation_keeps_an_administrator(api, tx, keys):
    org, stranger = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    member = await a_member(tx, org.actor, Role.TRADER, keys=keys)
    people = f"/v1/organisations/{org.actor.org}/people"
    path = f"{people}/{member.actor.person}"
    for key, status in ((stranger.key, 404), (member.key, 403), (org.key, 200)):
        given = await api.put(f"{path}/roles", key=key, json={"roles": ["FINANCE", "BROKER"]})
        assert given.status_code == status
    assert (await api.get("/v1/me", key=member.key)).json()["roles"] == ["BROKER", "FINANCE"]
    refused = await api.put(f"{path}/roles", key=org.key, json={"roles": ["CERTIFIER"]})
    assert refused.json()["code"] == "identity.role_not_yours_to_give"
    own = f"{people}/{org.actor.person}"
    for answer in (
        await api.put(f"{own}/roles", key=org.key, json={"roles": ["TRADER"]}),
        await api.post(f"{own}/end", key=org.key),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "identity.last_administrator")
    assert (await api.post(f"{path}/end", key=org.key)).status_code == 204
    assert (await api.get("/v1/me", key=member.key)).status_code == 401
    listed = (await api.get(people, key=org.key)).json()["items"]
    assert [(one["person_id"], one["ended_at"] is None) for one in listed] == [
        (str(org.actor.person_id), True),
        (str(member.actor.person_id), False),
    ]
    assert (await api.get(people, key=stranger.key)).status_code == 404


async def test_a_member_who_lost_everything_is_invited_again_and_begins_anew(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    person = await a_person(api, org, "lin", "TRADER")
    token, _, recovery = await with_second_factor(api, "lin")
    path = f"/v1/organisations/{org.actor.org}/people/{person['id']}/invitations"
    invited = (await api.post(path, key=org.key)).json()
    body = {"token": invited["token"], "name": "lin", "password": "another horse battery"}
    joined = await api.post("/v1/invitations/acceptance", json=body)
    assert (joined.status_code, joined.json()["id"], joined.json()["roles"]) == (201, person["id"], ["TRADER"])
    assert (await api.get("/v1/me", key=token)).status_code == 401
    assert (await sign_in(api, "lin", code=recovery[0])).status_code == 401
    assert (await sign_in(api, "lin", "another horse battery")).status_code == 201


async def test_a_person_stands_apart_only_from_people_whose_credentials_come_from_another_hand(tx, keys):
    market = await a_market(tx, keys)
    one, two, three, four = [market[title].actor for title in ("administrator", "operator", "certifier_1", "finance")]

    async def apart(first, second):
        async with tx.read() as db:
            try:
                await steps.require_two_people(db, first.person, second.person)
            except errors.OneHandBehindBoth:
                return False
        return True

    assert await apart(one, two)
    await vouch(tx, two, by=one)
    await vouch(tx, three, by=two)
    assert [await apart(*pair) for pair in ((one, two), (two, one), (one, three), (three, four))] == [
        False,
        False,
        False,
        True,
    ]
    await vouch(tx, one, by=three)  # a ring: everybody reset somebody
    assert [await apart(*pair) for pair in ((one, two), (two, three), (one, four))] == [False, False, True]


async def test_who_is_invited_anew_by_another_loses_the_key_the_first_may_have_kept(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    at = f"/v1/organisations/{org.actor.org}"
    added = (await api.post(f"{at}/people", key=org.key, json={"name": "Sample", "roles": ["ADMINISTRATOR"]})).json()
    third = (await api.post(f"{at}/people", key=org.key, json={"name": "Sample 3", "roles": ["FINANCE"]})).json()
    kept, person = third["key"]["key"], third["person"]["id"]
    for inviter, name, status in ((org.key, "lin", 200), (added["key"]["key"], "wang", 401)):
        again = await api.post(f"{at}/people/{person}/invitations", key=inviter)
        body = {"token": again.json()["token"], "name": name, "password": PASSWORD}
        assert (await api.post("/v1/invitations/acceptance", json=body)).status_code == 201
        assert (await api.get("/v1/me", key=kept)).status_code == status
    joined = await a_person(api, org, "zhao", "FINANCE")
    program = {"name": "Sample", "roles": ["FINANCE"], "scopes": ["read"]}
    client = (await api.post(f"{at}/clients", key=added["key"]["key"], json=program)).json()["client"]
    assert client["created_by"] == added["person"]["id"]
    async with tx.read() as db:
        query = text("SELECT id, is_machine, vouched_by FROM person WHERE vouched_by IS NOT NULL")
        found = {
            str(row.id) if not row.is_machine else "program": str(row.vouched_by) for row in await db.execute(query)
        }
    mine, theirs = str(org.actor.person), added["person"]["id"]
    assert found == {theirs: mine, person: theirs, joined["id"]: mine, "program": theirs}


async def test_a_session_alone_gives_nothing_that_outlives_it_and_what_is_given_is_told_to_the_person(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    person = (await a_person(api, org, "lin", "TRADER"))["id"]
    token, at = (await sign_in(api, "lin")).json()["token"], f"/v1/organisations/{org.actor.org}/keys"
    wanted, proof = {"person_id": person, "scopes": ["read"]}, {"current": PASSWORD}
    silence = {"preferences": {"*": "OFF"}}
    assert (await api.put("/v1/me/notification-preferences", key=token, json=silence)).status_code == 200
    first = (await api.post(at, key=token, json=wanted | proof)).json()
    asks = (("/v1/me/second-factor", {}), (at, wanted), (f"/v1/keys/{first['id']}/rotation", {}))
    for path, body in asks:
        for given in ({}, {"current": "wrong horse battery"}):
            refused = await api.post(path, key=token, json=body | given)
            told = refused.json()
            assert (refused.status_code, told["code"], told["pointer"]) == (
                401,
                "identity.sign_in_failed",
                "/body/current",
            ), path
    assert [(await api.post(path, key=token, json=body | proof)).status_code for path, body in asks] == [201] * 3
    token = (await with_second_factor(api, "lin"))[0]
    assert (await api.post(at, key=token, json=wanted)).status_code == 201
    async with tx.begin() as db:
        await db.execute(text("UPDATE session SET second_factor_at = second_factor_at - interval '11 minutes'"))
    for path, body in asks:
        stale = await api.post(path, key=token, json=body | proof)
        assert (stale.status_code, stale.json()["code"]) == (403, "identity.second_factor_needed"), path
    await tell(tx)
    inbox = (await api.get("/v1/notifications", key=token)).json()["items"]
    assert sorted(one["kind"] for one in inbox) == ["identity.key_issued"] * 4 + ["identity.second_factor_set"]


async def test_a_founder_who_is_invited_anew_leaves_the_keys_of_the_founding_dead_behind_him(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    at = f"/v1/organisations/{org.actor.org}"
    added = (await api.post(f"{at}/people", key=org.key, json={"name": "Sample", "roles": ["ADMINISTRATOR"]})).json()
    fresh = (
        await api.post(f"{at}/keys", key=org.key, json={"person_id": str(org.actor.person), "scopes": ["read"]})
    ).json()["key"]
    again = await api.post(f"{at}/people/{org.actor.person}/invitations", key=added["key"]["key"])
    assert (await api.get("/v1/me", key=org.key)).status_code == 200  # nothing ends before it was taken up
    body = {"token": again.json()["token"], "name": "lin", "password": PASSWORD}
    assert (await api.post("/v1/invitations/acceptance", json=body)).status_code == 201
    for key in (org.key, fresh):
        assert (await api.get("/v1/me", key=key)).status_code == 401


async def test_an_invitation_that_was_given_while_its_giver_lost_his_office_is_worth_nothing(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    wanted = {"name": "Sample", "roles": ["TRADER"]}
    invited = (await api.post(f"/v1/organisations/{org.actor.org}/invitations", key=org.key, json=wanted)).json()
    async with tx.begin() as db:
        await db.execute(text("UPDATE membership SET roles = array_remove(roles, 'ADMINISTRATOR')"))
    body = {"token": invited["token"], "name": "lin", "password": PASSWORD}
    answer = await api.post("/v1/invitations/acceptance", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "identity.invitation_over")


@pytest.mark.parametrize("way", ["end", "roles"])
async def test_the_invitations_of_an_administrator_end_with_his_office(api, tx, keys, way):
    org = await an_organisation(tx, keys=keys)
    at = f"/v1/organisations/{org.actor.org}"
    other = await a_member(tx, org.actor, Role.ADMINISTRATOR, keys=keys)
    wanted = {"name": "Sample", "roles": ["ADMINISTRATOR"]}
    invited = (await api.post(f"{at}/invitations", key=other.key, json=wanted)).json()
    mine = (await api.post(f"{at}/invitations", key=org.key, json=wanted)).json()
    gone = f"{at}/people/{other.actor.person}/{way}"
    if way == "end":
        assert (await api.post(gone, key=org.key)).status_code == 204
    else:
        assert (await api.put(gone, key=org.key, json={"roles": ["TRADER"]})).status_code == 200
    async with tx.read() as db:
        query = text("SELECT id FROM invitation WHERE closed_at IS NOT NULL")
        assert [str(one) for one in (await db.execute(query)).scalars()] == [invited["id"]]
    for token, status in ((invited["token"], 403), (mine["token"], 201)):
        body = {"token": token, "name": "lin", "password": PASSWORD}
        assert (await api.post("/v1/invitations/acceptance", json=body)).status_code == status


async def test_who_has_no_second_factor_confirms_none_and_guesses_at_one_are_made_to_wait(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    await a_person(api, org, "yan.sample", "TRADER")
    token = (await sign_in(api, "yan.sample")).json()["token"]

    async def confirm() -> str:
        answer = await api.call("PUT", "/v1/me/session/second-factor", key=token, json={"code": "123456"})
        return answer.json()["code"]

    assert await confirm() == "identity.second_factor_not_begun"
    said = [await confirm() for _ in range(20)]
    assert said[-1] == "identity.sign_in_too_often"
    async with tx.begin() as db:
        await db.execute(text("DELETE FROM sign_in_tries"))
        await db.execute(text("DELETE FROM person_login"))
    assert await confirm() == "identity.second_factor_not_begun"


async def test_one_signs_in_for_an_organisation_of_ones_own_that_is_not_suspended(api, tx, keys):
    org, other = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    await a_person(api, org, "yan.sample", "TRADER")
    foreign = await sign_in(api, "yan.sample", organisation_id=str(other.actor.org))
    assert (foreign.status_code, foreign.json()["code"]) == (401, "identity.sign_in_failed")
    assert (await sign_in(api, "yan.sample", organisation_id=str(org.actor.org))).status_code == 201
    async with tx.begin() as db:
        await db.execute(text("UPDATE organisation SET state = 'SUSPENDED' WHERE id = :id"), {"id": org.actor.org})
    suspended = await sign_in(api, "yan.sample")
    assert (suspended.status_code, suspended.json()["code"]) == (403, "identity.organisation_suspended")


async def test_sessions_are_seen_and_ended_within_ones_scopes(tx, keys):
    org = await an_organisation(tx, keys=keys)
    blind, reading = (replace(org.actor, scopes=frozenset(some)) for some in ((), (Scope.READ,)))
    with pytest.raises(ScopeMissing):
        await service.list_sessions(tx, blind)
    with pytest.raises(ScopeMissing):
        await service.end_session(tx, reading, org.actor.org)
