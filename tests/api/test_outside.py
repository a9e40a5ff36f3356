"""People sign in by another house: sent out and back once, believed after every check, linked by their own act."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from techmarket.app import create_app
from techmarket.db.calling import Caller
from techmarket.identity import passwords
from techmarket.identity.oidc import Provider
from techmarket.identity.providers import AGAIN_SECONDS, House
from tests.api.test_people import PASSWORD, a_person, code_now, sign_in, with_second_factor
from tests.client import Api
from tests.identity.house import SmallHouse, a_house, rsa
from tests.identity.make import an_organisation

BROWSER, SESSION = "__Host-techmarket-signin", "__Host-techmarket"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)


@pytest.fixture
async def house() -> AsyncIterator[SmallHouse]:
    async with a_house() as one:
        yield one


@asynccontextmanager
async def serving(means: Any, *houses: House) -> AsyncIterator[Api]:
    app = create_app(means, houses=houses)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app=app), base_url="https://market.test") as http,
    ):
        yield Api(http)


@pytest.fixture
async def market(means, house, tx, keys) -> AsyncIterator[Any]:
    """The market with one house, an organisation, and Lin, who signs in by password."""
    async with serving(means, House.of(house.provider())) as api:
        org = await an_organisation(tx, keys=keys)
        person = await a_person(api, org, "lin", "TRADER")
        yield SimpleNamespace(api=api, org=org, person=person["id"], house=house)


def cookies_of(answer: Any) -> dict[str, str]:
    pairs = [one.split(";")[0].partition("=") for one in answer.headers.get_list("set-cookie")]
    return {name: value for name, _, value in pairs if value not in ("", '""')}


async def begin(api: Api, path: str = "/v1/sign-in/campus", **more: Any) -> tuple[str, str]:
    """Where the browser is sent, and the cookie it keeps."""
    begun = await api.post(path, json=more.pop("json", {}), **more)
    assert begun.status_code == 201, begun.text
    api.http.cookies.clear()
    return begun.json()["address"], cookies_of(begun)[BROWSER]


async def come_back(api: Api, brought: dict[str, str], browser: str | None, *, name: str = "campus") -> Any:
    headers = {"Cookie": f"{BROWSER}={browser}"} if browser else {}
    answer = await api.get(f"/v1/sign-in/{name}/return", params=brought, headers=headers)
    api.http.cookies.clear()
    return answer


async def link(market: Any, name: str = "lin", *, token: str | None = None, subject: str = "sample subject") -> Any:
    """Link the account of `subject` in a session of this person."""
    token = token or (await sign_in(market.api, name)).json()["token"]
    address, browser = await begin(
        market.api, "/v1/me/outside-identities/campus", key=token, json={"current": PASSWORD}
    )
    return await come_back(market.api, market.house.visit(address, subject=subject), browser)


async def enter(market: Any, *, subject: str = "sample subject", **more: str) -> Any:
    address, browser = await begin(market.api)
    return await come_back(market.api, market.house.visit(address, subject=subject, **more), browser)


async def test_who_linked_an_account_in_a_session_of_his_own_signs_in_by_it(market, tx):
    unknown = await enter(market)
    assert (unknown.status_code, unknown.json()["code"]) == (403, "identity.outside_identity_unknown")
    linked = await link(market)
    assert (linked.status_code, linked.headers["location"]) == (303, "/?linked=campus")
    came = await enter(market)
    assert (came.status_code, came.headers["location"]) == (303, "/")
    assert came.headers["cache-control"] == "no-store"
    session = cookies_of(came)[SESSION]
    (flags,) = [one for one in came.headers.get_list("set-cookie") if one.startswith(f"{SESSION}=")]
    assert {part.strip().lower() for part in flags.split(";")[1:]} == {
        "httponly",
        "secure",
        "samesite=strict",
        "path=/",
    }
    me = await market.api.get("/v1/me", headers={"Cookie": f"{SESSION}={session}"})
    assert (me.json()["person_id"], me.json()["roles"]) == (market.person, ["TRADER"])
    async with tx.read() as db:
        started = (
            await db.execute(
                text("SELECT refs FROM journal_entry WHERE kind = 'identity.session_started' ORDER BY seq DESC LIMIT 1")
            )
        ).scalar_one()
        identity_id = (await db.execute(text("SELECT id FROM outside_identity"))).scalar_one()
    assert f"identity:{identity_id}" in started


async def test_a_sign_in_comes_back_once_into_the_browser_it_left_from_and_not_too_late(market, tx):
    await link(market)
    address, browser = await begin(market.api)
    other_address, other_browser = await begin(market.api)
    brought, other = market.house.visit(address), market.house.visit(other_address)
    for wrong in (None, other_browser, "x" * 43):
        refused = await come_back(market.api, brought, wrong)
        assert (refused.status_code, refused.json()["code"]) == (403, "identity.outside_sign_in_over")
    for state in ("x" * 43, other["state"]):
        assert (await come_back(market.api, brought | {"state": state}, browser)).status_code == 403
    answers = await asyncio.gather(*[come_back(market.api, brought, browser) for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [303, 403, 403, 403]
    async with tx.begin() as db:
        await db.execute(text("UPDATE outside_sign_in SET expires_at = clock_timestamp() WHERE returned_at IS NULL"))
    late = await come_back(market.api, other, other_browser)
    assert (late.status_code, late.json()["code"]) == (403, "identity.outside_sign_in_over")


async def test_the_code_of_another_sign_in_is_worth_nothing_here(market):
    """An attacker's code in the victim's browser, and the other way round: verifier and nonce are the browser's own."""
    await link(market)
    (mine, browser), (theirs, _) = await begin(market.api), await begin(market.api)
    stolen = market.house.visit(theirs)["code"]
    refused = await come_back(market.api, market.house.visit(mine) | {"code": stolen}, browser)
    assert (refused.status_code, refused.json()["check"]) == (403, "code")
    assert cookies_of(refused) == {}


async def test_the_answer_of_one_house_is_not_taken_for_that_of_another(means, tx, keys, house):
    async with a_house() as evil, serving(means, House.of(house.provider()), House.of(evil.provider("evil"))) as api:
        org = await an_organisation(tx, keys=keys)
        await a_person(api, org, "lin", "TRADER")
        await link(SimpleNamespace(api=api, house=house))
        address, browser = await begin(api)
        brought = house.visit(address)
        assert brought["iss"] == house.issuer
        named = await come_back(api, brought | {"iss": evil.issuer}, browser)
        assert (named.status_code, named.json()["code"], named.json()["check"]) == (
            403,
            "identity.outside_word_not_good",
            "iss",
        )
        address, browser = await begin(api)
        brought = {name: value for name, value in house.visit(address).items() if name != "iss"}
        unnamed = await come_back(api, brought, browser)
        assert unnamed.json()["check"] == "iss"
        address, browser = await begin(api, "/v1/sign-in/evil")
        mixed = await come_back(api, evil.visit(address), browser, name="evil")
        assert mixed.json()["code"] == "identity.outside_identity_unknown"
        address, browser = await begin(api)
        asked = evil.asked.count("/token")
        elsewhere = await come_back(api, house.visit(address), browser, name="evil")
        assert elsewhere.json()["check"] == "iss"
        assert evil.asked.count("/token") == asked
        assert house.redirect_uri == f"{means.public_url}/v1/sign-in/campus/return"


async def test_a_word_that_is_not_for_this_sign_in_signs_nobody_in(market, tx):
    await link(market)
    for claims, check in (
        ({"nonce": "another"}, "nonce"),
        ({"aud": "another"}, "aud"),
        ({"iss": "https://another.example"}, "iss"),
        ({"exp": 1_000_000_000}, "time"),
    ):
        market.house.claims = claims
        refused = await enter(market)
        assert (refused.status_code, refused.json()["check"]) == (403, check)
        assert cookies_of(refused) == {}
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM session WHERE identity_id IS NOT NULL"))).scalar_one() == 0


async def test_nobody_is_linked_by_an_address_or_a_name_that_the_house_tells(market, tx):
    market.house.claims = {"email": "lin", "email_verified": True, "preferred_username": "lin", "name": "Sample person"}
    refused = await enter(market, subject="somebody else")
    assert (refused.status_code, refused.json()["code"]) == (403, "identity.outside_identity_unknown")
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM outside_identity"))).scalar_one() == 0


async def test_an_account_belongs_to_one_person_and_a_person_links_one_account_of_a_house(market, tx):
    await a_person(market.api, market.org, "wu", "TRADER")
    tokens = [(await sign_in(market.api, name)).json()["token"] for name in ("lin", "wu")]
    path, given = "/v1/me/outside-identities/campus", {"current": PASSWORD}
    begun = [await begin(market.api, path, key=token, json=given) for token in tokens]
    answers = await asyncio.gather(
        *[come_back(market.api, market.house.visit(address), browser) for address, browser in begun]
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    async with tx.read() as db:
        (owner,) = (await db.execute(text("SELECT person_id FROM outside_identity"))).scalars().all()
    name = "lin" if str(owner) == market.person else "wu"
    assert (await link(market, name)).status_code == 303
    second = await link(market, name, subject="another account")
    assert (second.status_code, second.json()["code"]) == (409, "identity.outside_identity_taken")


async def test_linking_takes_a_session_that_still_holds_and_a_fresh_second_factor_where_there_is_one(market, tx):
    path = "/v1/me/outside-identities/campus"
    by_key = await market.api.post(path, key=market.org.key, json={})
    assert (by_key.status_code, by_key.json()["code"]) == (403, "identity.session_only")
    signed = (await sign_in(market.api, "lin")).json()
    address, browser = await begin(market.api, path, key=signed["token"], json={"current": PASSWORD})
    await market.api.post(f"/v1/sessions/{signed['session']['id']}/end", key=signed["token"])
    gone = await come_back(market.api, market.house.visit(address), browser)
    assert (gone.status_code, gone.json()["code"]) == (403, "identity.outside_sign_in_over")
    token, secret, _ = await with_second_factor(market.api, "lin")
    async with tx.begin() as db:
        await db.execute(text("UPDATE session SET second_factor_at = second_factor_at - interval '11 minutes'"))
    stale = await market.api.post(path, key=token, json={"current": PASSWORD})
    assert (stale.status_code, stale.json()["code"]) == (403, "identity.second_factor_needed")
    fresh = await market.api.put("/v1/me/session/second-factor", key=token, json={"code": code_now(secret)})
    assert (await link(market, token=fresh.json()["token"])).status_code == 303


async def test_a_session_alone_links_nothing_where_a_password_is_all_the_proof_there_is(market, tx):
    path = "/v1/me/outside-identities/campus"
    token = (await sign_in(market.api, "lin")).json()["token"]
    for body in ({}, {"current": "wrong horse battery"}):
        refused = await market.api.post(path, key=token, json=body)
        assert (refused.status_code, refused.json()["code"]) == (401, "identity.sign_in_failed")
        assert refused.json()["pointer"] == "/body/current"
        assert cookies_of(refused) == {}
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM outside_sign_in"))).scalar_one() == 0
    assert (await link(market, token=token)).status_code == 303
    guesses = [await market.api.post(path, key=token, json={"current": f"guess {n}"}) for n in range(12)]
    assert guesses[-1].json()["code"] == "identity.sign_in_too_often"


async def test_a_session_that_rests_on_a_linked_account_links_no_other_without_a_second_factor(means, tx, keys, house):
    async with (
        a_house() as other,
        serving(means, House.of(house.provider()), House.of(other.provider("second"))) as api,
    ):
        market = SimpleNamespace(api=api, house=house)
        await a_person(api, await an_organisation(tx, keys=keys), "lin", "TRADER")
        await link(market)
        session = cookies_of(await enter(market))[SESSION]
        sent = {"Cookie": f"{SESSION}={session}", "Origin": means.public_url}
        refused = await api.post("/v1/me/outside-identities/second", json={"current": PASSWORD}, headers=sent)
        assert (refused.status_code, refused.json()["code"]) == (403, "identity.second_factor_needed")


async def test_who_has_a_second_factor_here_gives_it_unless_the_settings_trust_the_houses_own(
    means, tx, keys, house, market
):
    token, _, recovery = await with_second_factor(market.api, "lin")
    await link(market, token=token)
    house.claims = {"amr": ["mfa"]}
    address, browser = await begin(market.api, json={"return_to": "/trades"})
    came = await come_back(market.api, house.visit(address), browser)
    assert (came.status_code, came.headers["location"]) == (303, "/trades?sign_in=code")
    assert SESSION not in cookies_of(came)
    path, sent = "/v1/sign-in/campus/code", {"Cookie": f"{BROWSER}={browser}"}
    for given, cookie in (("000000", sent), (recovery[0], {})):
        wrong = await market.api.post(path, json={"code": given}, headers=cookie)
        assert wrong.status_code in (401, 403)
    answers = await asyncio.gather(*[market.api.post(path, json={"code": recovery[1]}, headers=sent) for _ in range(3)])
    market.api.http.cookies.clear()
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403]
    (good,) = [answer for answer in answers if answer.status_code == 201]
    assert good.json()["session"]["second_factor_at"] is not None
    assert good.json()["token"] is None
    trusting = House.of(house.provider(second_factor_amr=frozenset({"mfa"})))
    async with serving(means, trusting) as api:
        straight = await enter(SimpleNamespace(api=api, house=house))
        assert (straight.status_code, straight.headers["location"]) == (303, "/")
    async with tx.read() as db:
        query = "SELECT second_factor_at IS NOT NULL FROM session ORDER BY id DESC LIMIT 1"
        assert (await db.execute(text(query))).scalar_one()


async def test_an_unlinked_account_signs_nobody_in_and_its_sessions_end(market):
    await link(market)
    session = cookies_of(await enter(market))[SESSION]
    token = (await sign_in(market.api, "lin")).json()["token"]
    (mine,) = (await market.api.get("/v1/me/outside-identities", key=token)).json()["items"]
    assert (mine["provider"], mine["issuer"]) == ("campus", market.house.issuer)
    end = f"/v1/me/outside-identities/{mine['id']}/end"
    assert (await market.api.post(end, key=market.org.key)).status_code == 404
    assert [(await market.api.post(end, key=token)).status_code for _ in range(2)] == [204, 204]
    assert (await market.api.get("/v1/me", headers={"Cookie": f"{SESSION}={session}"})).status_code == 401
    assert (await market.api.get("/v1/me", key=token)).status_code == 200
    assert (await enter(market)).json()["code"] == "identity.outside_identity_unknown"
    assert (await link(market)).status_code == 303


async def test_who_is_invited_anew_begins_without_the_accounts_another_may_have_linked(market):
    await link(market)
    path = f"/v1/organisations/{market.org.actor.org}/people/{market.person}/invitations"
    invited = (await market.api.post(path, key=market.org.key)).json()
    body = {"token": invited["token"], "name": "lin", "password": "another horse battery"}
    assert (await market.api.post("/v1/invitations/acceptance", json=body)).status_code == 201
    assert (await enter(market)).json()["code"] == "identity.outside_identity_unknown"


async def test_a_rotated_key_is_fetched_and_forged_names_make_no_further_calls(means, tx, keys, house, monkeypatch):
    clock = SimpleNamespace(now=1_000.0)
    one = House(house.provider(), Caller(may_reach_inside=True, answer_bytes_max=131_072), clock=lambda: clock.now)
    async with serving(means, one) as api:
        market = SimpleNamespace(api=api, house=house)
        await a_person(api, await an_organisation(tx, keys=keys), "lin", "TRADER")
        await link(market)
        assert house.asked.count("/keys") == 1
        house.keys, house.signs_by = [rsa("first"), rsa("second")], rsa("second")
        clock.now += AGAIN_SECONDS
        assert (await enter(market)).status_code == 303
        assert house.asked.count("/keys") == 2
        house.signs_by = rsa("forger")
        for _ in range(3):
            assert (await enter(market)).json()["check"] == "kid"
        assert house.asked.count("/keys") == 2
        house.keys, house.signs_by = [rsa("second")], rsa("first")
        clock.now += 3_600
        assert (await enter(market)).json()["check"] == "kid"
        assert house.asked.count("/keys") == 3
        # What it published is held for a while when it falls silent; a key that is not known is another matter.
        house.signs_by, house.is_mute = rsa("second"), True
        clock.now += 3_600
        assert (await enter(market)).status_code == 303
        house.signs_by = rsa("third")
        assert (await enter(market)).json()["code"] == "identity.provider_silent"
        house.signs_by = rsa("second")
        clock.now += 5 * 3_600
        assert (await api.post("/v1/sign-in/campus", json={})).json()["code"] == "identity.provider_silent"


async def test_of_what_the_house_gives_nothing_is_kept(market, tx):
    await link(market)
    await enter(market)
    async with tx.read() as db:
        tables = (await db.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars()
        for table in tables.all():
            query = f"SELECT coalesce(string_agg(t::text, ' '), '') FROM \"{table}\" t"
            rows = (await db.execute(text(query))).scalar_one()
            for given in market.house.given:
                assert not [name for name, value in given.items() if name != "token_type" and value in rows], table
            assert "sample subject" not in rows, table


async def test_a_house_that_is_silent_unclear_or_unknown_is_told_as_such(means, market, house):
    unknown = await market.api.post("/v1/sign-in/nowhere", json={})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "identity.provider_unknown")
    house.is_down = True
    async with serving(means, House.of(house.provider())) as api:
        silent = await api.post("/v1/sign-in/campus", json={})
        assert (silent.status_code, silent.json()["code"]) == (503, "identity.provider_silent")
        assert silent.headers["retry-after"] == "30"
        asked = len(house.asked)
        answers = await asyncio.gather(*[api.post("/v1/sign-in/campus", json={}) for _ in range(5)])
        assert [one.status_code for one in answers] == [503] * 5
        assert len(house.asked) == asked  # nobody waits behind a house that just failed
    house.is_down, house.metadata = False, {"issuer": "https://another.example"}
    async with serving(means, House.of(house.provider())) as api:
        unclear = await api.post("/v1/sign-in/campus", json={})
        assert (unclear.status_code, unclear.json()["code"]) == (503, "identity.provider_unclear")
    house.metadata = {}
    address, browser = await begin(market.api)
    declined = {"state": house.visit(address)["state"], "error": "access_denied", "iss": house.issuer}
    answer = await come_back(market.api, declined, browser)
    assert (answer.json()["code"], answer.json()["reason"]) == ("identity.outside_declined", "access_denied")


async def test_a_house_inside_the_network_is_called_only_where_the_settings_say_so(house):
    closed = House.of(Provider("campus", "Campus", house.issuer.replace("http:", "https:"), "c"))
    with pytest.raises(Exception, match="does not answer"):
        await closed.metadata()
    assert house.asked == []


async def test_the_browser_is_led_on_only_within_the_portal(market):
    for path in ("//evil.example", "https://evil.example", "/\\evil.example", "/?x=1"):
        refused = await market.api.post("/v1/sign-in/campus", json={"return_to": path})
        assert refused.status_code == 422
    shown = await market.api.get("/v1/sign-in/providers")
    assert shown.json() == {"items": [{"name": "campus", "title": "Campus"}]}
