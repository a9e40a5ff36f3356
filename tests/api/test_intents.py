"""Four eyes inside an organisation: for acts it names, a colleague agrees to the very request beforehand, once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from techmarket.api.errors import MarketBusy
from techmarket.api.turns import Turn
from techmarket.identity import passwords
from techmarket.identity.actor import Role
from techmarket.identity.permissions import PERMISSIONS
from techmarket.identity.service.intents import may_be_by_two
from tests.api.test_audit import look, positioned
from tests.api.test_people import PASSWORD, a_person, with_second_factor
from tests.identity.make import a_market, a_member, an_organisation

INVITE = {"name": "Sample", "roles": ["TRADER"]}


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)


@pytest.fixture
async def office(api, tx, keys) -> Any:
    """An organisation with two administrators, of whom one has signed in by two factors, that invites by two."""
    org = await an_organisation(tx, keys=keys)
    await a_person(api, org, "boss", "ADMINISTRATOR")
    token = (await with_second_factor(api, "boss"))[0]
    path = f"/v1/organisations/{org.actor.org}"
    here = SimpleNamespace(org=org, token=token, path=path, api=api, invitations=f"{path}/invitations")
    answer = await api.put(f"{path}/by-two", key=token, json={"operations": ["identity.invite_person"]})
    assert answer.json() == {
        "operations": [
            "identity.add_person",
            "identity.change_roles",
            "identity.invite_person",
            "identity.set_by_two",
        ]
    }
    return here


async def intend(office: Any, *, key: str | None = None, **changes: Any) -> Any:
    body = {
        "operation": "identity.invite_person",
        "method": "POST",
        "path": office.invitations,
        "body": INVITE,
        **changes,
    }
    return await office.api.post(f"{office.path}/intended-acts", key=key or office.token, json=body)


async def do(office: Any, act: str, *, key: str | None = None, body: Any = None, **more: Any) -> Any:
    headers = {"Agreed-Act": act}
    return await office.api.post(
        office.invitations, key=key or office.token, json=body or INVITE, headers=headers, **more
    )


async def agreed(office: Any) -> str:
    act = (await intend(office)).json()["id"]
    answer = await office.api.post(f"/v1/intended-acts/{act}/agreement", key=office.org.key)
    assert (answer.status_code, answer.json()["state"]) == (200, "AGREED"), answer.text
    return act


async def test_an_act_named_by_the_organisation_takes_a_colleagues_agreement_and_the_record_shows_both(
    api, means, office
):
    alone = await api.post(office.invitations, key=office.token, json=INVITE)
    assert (alone.status_code, alone.json()["code"]) == (403, "identity.colleague_needed")
    assert alone.json()["operation"] == "identity.invite_person"
    act = (await intend(office)).json()["id"]
    early = await do(office, act)
    assert (early.status_code, early.json()["code"]) == (403, "identity.not_agreed")
    (waiting,) = (await api.get(f"{office.path}/intended-acts?state=WAITING", key=office.org.key)).json()["items"]
    assert (waiting["id"], waiting["path"], waiting["body"]) == (act, office.invitations, INVITE)
    own = await api.post(f"/v1/intended-acts/{act}/agreement", key=office.token)
    assert (own.status_code, own.json()["code"]) == (403, "identity.own_act")
    assert (await api.post(f"/v1/intended-acts/{act}/agreement", key=office.org.key)).status_code == 200
    assert (await do(office, act)).status_code == 201
    await positioned(means)
    done = (await look(api, office.org, office.org.key, kind="identity.person_invited"))[0]
    assert done["seconded_by"] == str(office.org.actor.person)


async def test_nobody_makes_the_colleague_who_agrees_to_his_acts_by_himself(api, office):
    """Whatever the rule was set for: a person, an invitation and an office that one administrator gives out alone."""
    puppet = {"name": "Sample", "roles": ["ADMINISTRATOR"]}
    boss = (await api.get("/v1/me", key=office.token)).json()["person_id"]
    for method, path, body in (
        (api.post, f"{office.path}/people", puppet),
        (api.post, office.invitations, puppet),
        (api.put, f"{office.path}/people/{boss}/roles", {"roles": ["ADMINISTRATOR", "FINANCE"]}),
    ):
        alone = await method(path, key=office.token, json=body)
        assert (alone.status_code, alone.json()["code"]) == (403, "identity.colleague_needed"), path
    people = (await api.get(f"{office.path}/people", key=office.token)).json()["items"]
    assert len(people) == 2


async def test_an_agreement_counts_once_for_its_author_and_its_very_request(api, tx, keys, office):
    other = await a_member(tx, office.org.actor, Role.ADMINISTRATOR, keys=keys)
    act = await agreed(office)
    for refused in (
        await do(office, act, key=other.key),
        await do(office, act, key=office.org.key),
        await do(office, act, body={**INVITE, "roles": ["ADMINISTRATOR"]}),
        await api.post(f"{office.path}/people", key=office.token, json=INVITE, headers={"Agreed-Act": act}),
        await do(office, "x"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "identity.not_agreed")
    answers = await asyncio.gather(*[do(office, act) for _ in range(4)])
    assert sorted(one.status_code for one in answers) == [201, 403, 403, 403]
    again = await agreed(office)
    retried = [await do(office, again, once="the-same-key") for _ in range(2)]
    assert [one.status_code for one in retried] == [201, 201]
    assert retried[0].json() == retried[1].json()
    # Its answer is kept for a day, the agreement for three: what is sent again later would be done anew.
    async with tx.begin() as db:
        await db.execute(text("UPDATE idempotency_key SET at = at - interval '25 hours'"))
        await db.execute(text("UPDATE intended_act SET expires_at = expires_at - interval '25 hours'"))
    assert (await do(office, again, once="the-same-key")).json()["code"] == "identity.not_agreed"
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM invitation WHERE closed_at IS NULL"))).scalar_one() == 2


async def test_who_left_or_lost_the_office_after_agreeing_seconds_nothing(api, tx, office):
    act = await agreed(office)
    member = "person_id = :who AND org_id = :org"
    who = {"who": office.org.actor.person, "org": office.org.actor.org}
    for change, back in (
        ("ended_at = clock_timestamp()", "ended_at = NULL"),
        ("roles = ARRAY['FINANCE']", "roles = ARRAY['ADMINISTRATOR']"),
    ):
        async with tx.begin() as db:
            await db.execute(text(f"UPDATE membership SET {change} WHERE {member}"), who)
        answer = await do(office, act)
        assert (answer.status_code, answer.json()["code"]) == (403, "identity.not_agreed"), change
        async with tx.begin() as db:
            await db.execute(text(f"UPDATE membership SET {back} WHERE {member}"), who)
    assert (await do(office, act)).status_code == 201


async def test_an_upload_is_never_agreed_to_and_no_byte_of_it_is_read_for_that(api, office):
    read = 0

    async def upload():
        nonlocal read
        for _ in range(64):
            read += 1
            yield b"x" * 65_536

    headers = {"Agreed-Act": await agreed(office), "Content-Type": "application/x-ndjson"}
    path = "/v1/import-jobs?kind=offers&source=x"
    refused = await api.post(path, key=office.token, content=upload(), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "identity.not_agreed")
    assert read <= 1
    sent = await api.post(
        "/v1/imports?kind=offers&source=x",
        key=office.token,
        content=b"[" * 2_000_000 + b"]" * 2_000_000,
        headers=headers,
    )
    assert (sent.status_code, sent.json()["code"]) == (403, "identity.not_agreed")


@pytest.mark.parametrize("path", ["import-jobs/{}/cancellation", "evidence/{}", "data-rooms/LISTING/{}/documents/x"])
async def test_what_is_said_about_an_upload_is_no_upload(client, path):
    here = "/v1/" + path.format("00000000-0000-7000-8000-000000000000")
    more = {"Content-Type": "image/png" if "evidence" in path else "application/x-ndjson", "Idempotency-Key": "k"}
    refused = await client.post(here, content=b"x" * 2_000_000, headers=more)
    assert (refused.status_code, refused.json()["code"]) == (415, "request.wrong_media_type")


async def test_nobody_agrees_to_an_act_that_this_version_does_not_know(api, tx, office):
    act = (await intend(office)).json()["id"]
    async with tx.begin() as db:
        await db.execute(text("UPDATE intended_act SET operation = 'identity.of_another_version'"))
    refused = await api.post(f"/v1/intended-acts/{act}/agreement", key=office.org.key)
    assert (refused.status_code, refused.json()["code"]) == (403, "identity.not_agreed")


async def test_an_agreement_is_refused_taken_back_and_runs_out(api, tx, office):
    for by in (office.org.key, office.token):
        act = await agreed(office)
        assert (await api.post(f"/v1/intended-acts/{act}/refusal", key=by)).json()["state"] == "REFUSED"
        assert (await do(office, act)).json()["code"] == "identity.not_agreed"
        assert (await api.post(f"/v1/intended-acts/{act}/agreement", key=office.org.key)).status_code == 409
    act = await agreed(office)
    async with tx.begin() as db:
        await db.execute(text("UPDATE intended_act SET expires_at = clock_timestamp()"))
    assert (await do(office, act)).json()["code"] == "identity.not_agreed"


async def test_only_a_colleague_who_may_do_the_same_agrees_and_strangers_know_nothing_of_it(api, tx, keys, office):
    trader, stranger = (
        await a_member(tx, office.org.actor, Role.TRADER, keys=keys),
        await an_organisation(tx, keys=keys),
    )
    act = (await intend(office)).json()["id"]
    answers = [await api.post(f"/v1/intended-acts/{act}/agreement", key=one.key) for one in (trader, stranger)]
    assert [one.status_code for one in answers] == [403, 404]
    lists = [await api.get(f"{office.path}/intended-acts", key=one.key) for one in (trader, stranger)]
    assert (lists[0].json()["items"], lists[1].status_code) == ([], 404)


async def test_what_is_intended_holds_no_password(office):
    refused = await intend(office, body={**INVITE, "current": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (422, "identity.secret_in_intent")


async def test_taking_the_rule_away_needs_a_colleague_too(api, office, monkeypatch):
    path, nothing = f"{office.path}/by-two", {"operations": []}
    alone = await api.put(path, key=office.token, json=nothing)
    assert alone.json()["code"] == "identity.colleague_needed"
    act = await intend(office, operation="identity.set_by_two", method="PUT", path=path, body=nothing)
    await api.post(f"/v1/intended-acts/{act.json()['id']}/agreement", key=office.org.key)
    headers = {"Agreed-Act": act.json()["id"], "Idempotency-Key": "the-same-key"}

    async def busy(_turn: Turn, _whose: str) -> None:
        raise MarketBusy(retry_after=1)

    with monkeypatch.context() as patch:  # whoever is told to come again comes again with the agreement
        patch.setattr(Turn, "take", busy)
        assert (await api.put(path, key=office.token, json=nothing, headers=headers)).status_code == 503
    assert (await api.put(path, key=office.token, json=nothing, headers=headers)).json() == nothing
    again = await api.put(path, key=office.token, json=nothing, headers=headers)
    assert (again.status_code, again.json()["code"]) == (403, "identity.not_agreed")
    assert (await api.post(office.invitations, key=office.token, json=INVITE)).status_code == 201


async def test_the_rule_is_set_for_acts_with_consequences_where_somebody_could_agree(api, tx, keys):
    org = await an_organisation(tx, keys=keys)
    await a_person(api, org, "boss", "ADMINISTRATOR")
    token, path = (await with_second_factor(api, "boss"))[0], f"/v1/organisations/{org.actor.org}/by-two"
    assert may_be_by_two("identity.issue_key")
    for name in ("identity.get_self", "trading.place_bid", "nobody.knows"):
        refused = await api.put(path, key=token, json={"operations": [name]})
        assert (refused.status_code, refused.json()["code"]) == (422, "identity.not_by_two")
    by_key = await api.put(path, key=org.key, json={"operations": ["signing.sign"]})
    assert by_key.status_code in (403, 422)
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE membership SET roles = '{TRADER}' WHERE person_id = :id"), {"id": org.actor.person}
        )
    lonely = await api.put(path, key=token, json={"operations": ["identity.invite_person"]})
    assert (lonely.status_code, lonely.json()["code"]) == (409, "identity.nobody_to_agree")
    market = await a_market(tx, keys)
    own = f"/v1/organisations/{market['administrator'].actor.org}/by-two"
    assert (await api.put(own, key=market["administrator"].key, json={"operations": []})).status_code == 403


def test_what_may_be_named_has_consequences_and_is_the_organisations_own():
    named = {name for name in PERMISSIONS if may_be_by_two(name)}
    assert "identity.invite_person" in named
    assert all(PERMISSIONS[name].consequential for name in named)
    assert "settlement.release_due" not in named
