"""The market's secret is changed with two in force: what rests on the former one works on, and rests on the new one
once it was used."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from techmarket.app import create_app
from techmarket.db.keys import Keys
from techmarket.identity import passwords
from techmarket.workbench import mails
from tests.api.test_oauth import a_client, ask
from tests.api.test_people import a_person, code_now, sign_in, with_second_factor
from tests.client import Api
from tests.identity.make import an_organisation

REGISTER = {"kind": "ENTERPRISE", "name": "Sample", "administrator": "Sample"}


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)


@asynccontextmanager
async def under(means: Any, keys: Keys) -> AsyncIterator[Api]:
    app = create_app(replace(means, keys=keys))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app=app), base_url="http://market.test") as http,
    ):
        yield Api(http)


async def test_what_was_made_before_works_on_while_two_are_in_force_and_afterwards_if_it_was_used(means, tx, keys):
    both = replace(keys, pepper=secrets.token_bytes(32), former_pepper=keys.pepper)
    new = replace(both, former_pepper=None)
    async with under(means, keys) as api:
        used, unused = [await an_organisation(tx, keys=keys) for _ in range(2)]
        await a_person(api, used, "lin", "TRADER")
        token, secret, recovery = await with_second_factor(api, "lin")
        client = await a_client(api, used)
        access = (await ask(api.http, client)).json()["access_token"]
        invited = await api.post(
            f"/v1/organisations/{used.actor.org}/invitations", key=used.key, json={"name": "x", "roles": ["TRADER"]}
        )
        made = await api.post("/v1/organisations", json=REGISTER, once="a-key-that-nobody-guesses")
    async with under(means, both) as api:
        for one in (used.key, token, access):
            assert (await api.get("/v1/me", key=one)).status_code == 200
        assert (await sign_in(api, "lin", code=recovery[0])).status_code == 201
        assert (await sign_in(api, "lin", code=code_now(secret))).status_code == 201
        assert (await ask(api.http, client)).status_code == 200
        body = {"token": invited.json()["token"], "name": "wu", "password": "another horse battery"}
        assert (await api.post("/v1/invitations/acceptance", json=body)).status_code == 201
        again = await api.post("/v1/organisations", json=REGISTER, once="a-key-that-nobody-guesses")
        assert (again.headers["idempotency-replayed"], again.json()) == ("true", made.json())
    async with under(means, new) as api:
        async with tx.begin() as db:
            await db.execute(text("UPDATE sign_in_tries SET failures = 0"))
        answers = [(await api.get("/v1/me", key=one)).status_code for one in (used.key, unused.key, token, access)]
        assert answers == [200, 401, 401, 401]
        assert (await ask(api.http, client)).status_code == 200
        assert (await sign_in(api, "lin", code=code_now(secret, ahead=1))).status_code == 201
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM organisation WHERE name = 'Sample'"))).scalar_one() == 1


def test_mail_is_ended_by_a_link_that_was_sent_under_the_former_pepper_while_both_are_in_force(keys):
    both = replace(keys, pepper=secrets.token_bytes(32), former_pepper=keys.pepper)
    person, org = uuid4(), uuid4()
    sent = mails.unsubscribe_token(keys.pepper, person, org)
    assert mails.read_token(both.peppers, sent) == (person, org)
    assert mails.read_token(both.peppers, mails.unsubscribe_token(both.pepper, person, org)) == (person, org)
    assert mails.read_token(replace(both, former_pepper=None).peppers, sent) is None
    assert mails.read_token(both.peppers, sent[:-1] + ("0" if sent[-1] != "0" else "1")) is None


def test_a_kept_secret_is_wrapped_anew_only_where_it_rests_on_the_former_pepper(keys):
    both = replace(keys, pepper=secrets.token_bytes(32), former_pepper=keys.pepper)
    new = replace(both, former_pepper=None)
    wrapped = keys.wrap(b"sample", about=b"me")
    assert both.unwrap(wrapped, about=b"me") == b"sample"
    again = both.rewrapped(wrapped, about=b"me")
    assert again is not None
    assert new.unwrap(again, about=b"me") == b"sample"
    assert both.rewrapped(again, about=b"me") is None
    for wrong in (keys, new):
        with pytest.raises(InvalidTag):
            wrong.unwrap(again if wrong is keys else wrapped, about=b"me")
    with pytest.raises(InvalidTag):
        both.unwrap(wrapped, about=b"you")
    assert base64.b64encode(keys.pepper).decode() not in repr(both)
