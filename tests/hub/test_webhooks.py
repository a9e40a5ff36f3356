"""Webhooks: signed as the standard says, tried again by its schedule, and theirs alone whose changes they carry."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook as Reference
from standardwebhooks import WebhookVerificationError

from techmarket.db import journal
from techmarket.db.calling import Caller
from techmarket.db.files import Files
from techmarket.db.means import Means
from techmarket.hub import errors, webhooks
from techmarket.hub.service import add_webhook, change_webhook, ping_webhook, sending
from techmarket.hub.webhooks import ATTEMPTS_MAX, DeliveryState, after
from techmarket.identity.actor import Role
from techmarket.kernel.ids import new_id
from techmarket.matching.events import AlertsTold, BlindMatchFound
from tests.follow import eventually
from tests.hub.make import tell_all
from tests.hub.receiver import receiving
from tests.identity.make import a_member, an_organisation
from tests.listings.make import a_demand

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def means(tx, keys, tmp_path) -> Means:
    caller = Caller(may_reach_inside=True, patience_seconds=0.5)
    return Means(tx=tx, keys=keys, files=Files.at(tmp_path / "objects"), caller=caller)


@pytest.fixture
async def unit(tx, keys):
    return await an_organisation(tx, keys=keys)


async def subscribe(api, unit, url, *types) -> dict:
    answer = await api.post("/v1/webhooks", key=unit.key, json={"url": url, "types": list(types)})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def write(tx) -> None:
    await tell_all(tx)
    while await sending.write_messages(tx):
        pass


async def send(means, at=None) -> int:
    return await sending.send_due(means.tx, means.keys, means.caller, now=at)


# --- rules ------------------------------------------------------------------------------------------------------------


def test_the_reference_library_accepts_what_we_sign_and_refuses_it_altered_or_five_minutes_late():
    secret, body = webhooks.new_secret(), webhooks.body_of(type="webhook.ping", at=NOON, data={"名": "值"})
    id, now = webhooks.message_id(new_id()), int(datetime.now(UTC).timestamp())
    reference = Reference(webhooks.spelled(secret))
    good = webhooks.headers_of([secret], id, now, body)
    assert reference.verify(body, good) == {
        "type": "webhook.ping",
        "timestamp": "2026-03-02T12:00:00Z",
        "data": {"名": "值"},
    }
    late = webhooks.headers_of([secret], id, now - 301, body)
    for said, headers in ((body + b" ", good), (body, good | {"webhook-id": "msg_2"}), (body, late)):
        with pytest.raises(WebhookVerificationError):
            reference.verify(said, headers)
    both = webhooks.headers_of([webhooks.new_secret(), secret], id, now, body)
    assert len(both["webhook-signature"].split(" ")) == 2
    assert reference.verify(body, both)["type"] == "webhook.ping"


def test_the_example_of_the_specification_gives_its_signature():
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = webhooks.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_is_tried_ten_times_over_three_days_and_as_late_as_its_receiver_asks():
    at, waits = NOON, []
    for attempts in range(1, ATTEMPTS_MAX + 1):
        step = after(attempts=attempts, status=500, retry_after=None, now=at, failing_since=NOON)
        if step.at is None:
            break
        waits.append(step.at - at)
        at = step.at
    assert [int(wait.total_seconds()) for wait in waits] == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert (attempts, step.state, step.disables) == (10, DeliveryState.GIVEN_UP, None)
    dead = after(attempts=10, status=None, retry_after=None, now=NOON + timedelta(days=5), failing_since=NOON)
    assert dead.disables == "failing"
    asked = after(attempts=1, status=429, retry_after=600, now=NOON, failing_since=None)
    soon = after(attempts=2, status=503, retry_after=1, now=NOON, failing_since=None)
    unasked = after(attempts=1, status=500, retry_after=600, now=NOON, failing_since=None)
    assert [step.at - NOON for step in (asked, soon, unasked) if step.at] == [
        timedelta(seconds=600),
        timedelta(seconds=300),
        timedelta(seconds=5),
    ]
    forever = after(attempts=1, status=429, retry_after=999_999, now=NOON, failing_since=None)
    assert forever.at == NOON + timedelta(days=1)


# --- delivered --------------------------------------------------------------------------------------------------------


async def test_a_change_arrives_once_signed_with_the_same_id_in_every_attempt_until_it_is_taken(tx, means, api, unit):
    answers = iter(["500", "cut", "hang", "200"])
    async with receiving(lambda _: next(answers)) as receiver:
        hook = await subscribe(api, unit, receiver.url, "listings.drafted")
        view = await a_demand(tx, unit.actor)
        await write(tx)
        await write(tx)
        async with tx.read() as db:
            at = (await db.execute(text("SELECT clock_timestamp()"))).scalar_one()
        made = []
        for wait in (0, 4, 1, 300, 1800, 7200):
            at += timedelta(seconds=wait)
            made.append(await send(means, at))
    assert made == [1, 0, 1, 1, 1, 0]
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 1
    assert len({one.body for one in receiver.got}) == 1
    for one in receiver.got:
        told = Reference(hook["secret"]).verify(one.body, one.headers)
        assert (told["type"], told["data"]["refs"][0]) == ("listings.drafted", f"listing:{view.id}")
    (line,) = (await api.get(f"/v1/webhooks/{hook['id']}/deliveries", key=unit.key)).json()["items"]
    whole = (await api.get(f"/v1/webhook-deliveries/{line['id']}", key=unit.key)).json()
    assert (whole["state"], whole["attempts"], whole["message_id"]) == ("DELIVERED", 4, one.headers["webhook-id"])
    assert [(one["status"], one["error"]) for one in whole["log"]] == [
        (500, None),
        (None, "connection"),
        (None, "timeout"),
        (200, None),
    ]
    assert json.loads(whole["body"])["data"]["id"] in {
        item["id"] for item in (await api.get("/v1/changes", key=unit.key)).json()["items"]
    }
    shown = (await api.get(f"/v1/webhooks/{hook['id']}", key=unit.key)).json()
    assert (shown["secret"], shown["waiting"], shown["failing_since"]) == (None, 0, None)


async def test_alerts_and_matches_in_hidden_text_reach_the_feed_and_the_receiver_of_whom_they_are_told_alone(
    tx, means, api, keys, unit
):
    other = await an_organisation(tx, keys=keys)
    told = [AlertsTold(new_id(), unit.actor.org, 2), BlindMatchFound(new_id(), new_id(), unit.actor.org)]
    async with receiving(lambda _: "200") as receiver:
        await subscribe(api, unit, receiver.url, *(one.kind for one in told))
        await subscribe(api, other, receiver.url, *(one.kind for one in told))
        async with tx.begin() as db:
            for one in told:
                journal.record(db, one, actor=None)
        await write(tx)
        while await send(means):
            pass
    assert sorted(json.loads(one.body)["type"] for one in receiver.got) == sorted(one.kind for one in told)
    for key, expected in ((unit.key, {one.kind for one in told}), (other.key, set())):
        items = (await api.get("/v1/changes?limit=100", key=key)).json()["items"]
        assert {item["type"] for item in items if item["type"].startswith("matching.")} == expected


async def test_a_receiver_that_is_gone_is_left_alone_at_once_and_gets_everything_when_it_is_enabled_again(
    tx, means, api, unit
):
    answers = iter(["410", *["200"] * 9])
    async with receiving(lambda _: next(answers)) as receiver:
        hook = await subscribe(api, unit, receiver.url, "listings.drafted", "hub.webhook_disabled")
        await a_demand(tx, unit.actor)
        await write(tx)
        assert [await send(means), await send(means)] == [1, 0]
        await a_demand(tx, unit.actor)
        await write(tx)
        assert await send(means) == 0
        shown = (await api.get(f"/v1/webhooks/{hook['id']}", key=unit.key)).json()
        assert (shown["state"], shown["disabled_because"]) == ("DISABLED", "gone")
        told = (await api.get("/v1/changes", key=unit.key, params={"type": "hub.webhook_disabled"})).json()["items"]
        assert [one["facts"] for one in told] == [{"cause": "gone"}]
        again = await api.post(f"/v1/webhooks/{hook['id']}/enablement", key=unit.key)
        assert (again.status_code, again.json()["state"]) == (200, "ACTIVE")
        await write(tx)
        assert await send(means) == 3
    types = [json.loads(one.body)["type"] for one in receiver.got]
    assert sorted(types) == ["hub.webhook_disabled", *["listings.drafted"] * 3]
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 3


async def test_a_worker_that_dies_between_intent_and_receipt_sends_again_under_the_same_id(tx, means, api, unit):
    async with receiving() as receiver:
        hook = await subscribe(api, unit, receiver.url)
        await api.post(f"/v1/webhooks/{hook['id']}/ping", key=unit.key)
        async with tx.read() as db:
            at = (await db.execute(text("SELECT clock_timestamp()"))).scalar_one()
        orders = await sending._take(tx, means.keys, at, sending._room([], is_closing=False))
        assert len(orders) == 1  # and here it dies
        assert await send(means, at + timedelta(seconds=59)) == 0
        assert await send(means, at + timedelta(seconds=61)) == 1
        (got,) = receiver.got
        assert got.headers["webhook-id"] == orders[0].headers["webhook-id"]
        (line,) = (await api.get(f"/v1/webhooks/{hook['id']}/deliveries", key=unit.key)).json()["items"]
        log = (await api.get(f"/v1/webhook-deliveries/{line['id']}", key=unit.key)).json()["log"]
        assert [(one["status"], one["error"]) for one in log] == [(None, None), (200, None)]
        # What comes back late from an attempt whose lease had run out changes nothing any more.
        late = await means.caller.post("http://127.0.0.1:9/", b"", {})
        async with tx.begin() as db:
            await sending._note(db, orders[0], late, at)
        shown = (await api.get(f"/v1/webhooks/{hook['id']}", key=unit.key)).json()
        assert (shown["waiting"], shown["failing_since"]) == (0, None)


async def test_a_rotated_secret_signs_beside_the_old_one_until_the_overlap_is_over(tx, means, api, unit):
    async with receiving() as receiver:
        hook = await subscribe(api, unit, receiver.url)
        fresh = await api.post(f"/v1/webhooks/{hook['id']}/secret", key=unit.key, json={"overlap_hours": 1})
        assert fresh.status_code == 200, fresh.text
        await api.post(f"/v1/webhooks/{hook['id']}/ping", key=unit.key)
        await send(means)
        async with tx.begin() as db:
            await db.execute(text("UPDATE webhook_secret SET ends_at = clock_timestamp() WHERE ends_at IS NOT NULL"))
        await api.post(f"/v1/webhooks/{hook['id']}/ping", key=unit.key)
        await send(means)
        for _ in range(3):
            await api.post(f"/v1/webhooks/{hook['id']}/secret", key=unit.key, json={"overlap_hours": 168})
        await api.post(f"/v1/webhooks/{hook['id']}/ping", key=unit.key)
        await send(means)
    overlapping, alone, often = receiver.got
    assert len(often.headers["webhook-signature"].split()) == 2  # however often it is rotated
    for secret in (hook["secret"], fresh.json()["secret"]):
        assert Reference(secret).verify(overlapping.body, overlapping.headers)["type"] == "webhook.ping"
    assert Reference(fresh.json()["secret"]).verify(alone.body, alone.headers)
    with pytest.raises(WebhookVerificationError):
        Reference(hook["secret"]).verify(alone.body, alone.headers)
    async with tx.read() as db:
        kept = (await db.execute(text("SELECT wrapped FROM webhook_secret"))).scalars().all()
    assert all(hook["secret"].encode() not in one and len(one) == 60 for one in kept)


async def test_one_message_or_a_span_of_time_is_sent_again_under_the_ids_they_had(tx, means, api, unit):
    async with receiving() as receiver:
        hook = await subscribe(api, unit, receiver.url, "listings.drafted")
        for _ in range(3):
            await a_demand(tx, unit.actor)
        await write(tx)
        assert await send(means) == 3
        first = {one.headers["webhook-id"] for one in receiver.got}
        line = (await api.get(f"/v1/webhooks/{hook['id']}/deliveries?limit=1", key=unit.key)).json()["items"][0]
        again = await api.post(f"/v1/webhook-deliveries/{line['id']}/replay", key=unit.key)
        assert (again.status_code, again.json()["state"]) == (200, "PENDING")
        assert await send(means) == 1
        assert receiver.got[-1].headers["webhook-id"] == line["message_id"]
        now = datetime.now(UTC)
        span = {"since": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(hours=1)).isoformat()}
        path = f"/v1/webhooks/{hook['id']}/replays"
        assert (await api.post(path, key=unit.key, json=span)).json() == {"count": 3}
        assert await send(means) == 3
        assert {one.headers["webhook-id"] for one in receiver.got[-3:]} == first
        wide = span | {"since": (now - timedelta(days=40)).isoformat()}
        refused = await api.post(path, key=unit.key, json=wide)
        assert (refused.status_code, refused.json()["code"]) == (422, "hub.replay_too_long")


# --- whose ------------------------------------------------------------------------------------------------------------


async def test_a_webhook_is_its_organisations_administrators_and_carries_what_they_may_know(tx, means, api, keys, unit):
    stranger = await an_organisation(tx, keys=keys)
    trader = await a_member(tx, unit.actor, Role.TRADER, keys=keys)
    async with receiving() as receiver:
        hook = await subscribe(api, unit, receiver.url)
        ping = (await api.post(f"/v1/webhooks/{hook['id']}/ping", key=unit.key)).json()
        span = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
        at = f"/v1/webhooks/{hook['id']}"
        tried = [
            ("GET", at, {}),
            ("PATCH", at, {"json": {"url": "https://hooks.example.com"}}),
            ("DELETE", at, {}),
            ("POST", f"{at}/enablement", {}),
            ("POST", f"{at}/secret", {"json": {}}),
            ("POST", f"{at}/ping", {}),
            ("POST", f"{at}/replays", {"json": span}),
            ("GET", f"{at}/deliveries", {}),
            ("GET", f"/v1/webhook-deliveries/{ping['id']}", {}),
            ("POST", f"/v1/webhook-deliveries/{ping['id']}/replay", {}),
        ]
        for key, code in ((stranger.key, "not_found"), (trader.key, "not_allowed")):
            answers = [await api.call(method, path, key=key, **more) for method, path, more in tried]
            assert [answer.json()["code"] for answer in answers] == [code] * len(tried)
        assert (await api.get("/v1/webhooks", key=stranger.key)).json() == {"items": []}
        changed = await api.patch(at, key=unit.key, json={"types": hook["types"]})
        assert (changed.status_code, changed.json()["url"]) == (200, receiver.url)
        await a_demand(tx, stranger.actor)
        mine = await a_demand(tx, unit.actor)
        await write(tx)
        while await send(means):
            pass
    assert f"listing:{mine.id}" in str([one.body for one in receiver.got])
    drafted = [one for one in receiver.got if json.loads(one.body)["type"] == "listings.drafted"]
    assert len(drafted) == 1
    ended = await api.call("DELETE", at, key=unit.key)
    assert ended.status_code == 204
    assert (await api.get("/v1/webhooks", key=unit.key)).json() == {"items": []}


async def test_an_address_inside_is_refused_when_it_is_named_unless_a_setting_allows_it(tx, keys, tmp_path):
    unit = (await an_organisation(tx, keys=keys)).actor
    for url in ("http://127.0.0.1/a", "https://10.0.0.1/", "https://hooks.example.com/#x", "https://localhost/"):
        with pytest.raises(errors.UrlNotAllowed):
            await add_webhook(tx, keys, unit, url=url, types=[])
    made = await add_webhook(tx, keys, unit, url="https://hooks.example.com/a", types=[])
    with pytest.raises(errors.UrlNotAllowed):
        await change_webhook(tx, unit, made.id, url="https://192.168.0.1/")
    with pytest.raises(errors.UnknownChangeType):
        await change_webhook(tx, unit, made.id, types=["listings.imagined"])
    for _ in range(webhooks.MAX_EACH - 1):
        await add_webhook(tx, keys, unit, url="https://hooks.example.com/a", types=[])
    with pytest.raises(errors.WebhooksTooMany):
        await add_webhook(tx, keys, unit, url="https://hooks.example.com/a", types=[])


async def ping(tx, actor, webhook, times: int) -> None:
    for _ in range(times):
        await ping_webhook(tx, actor, UUID(webhook["id"]))


async def test_an_organisation_with_many_slow_receivers_keeps_no_other_waiting(tx, api, keys, unit):
    other = await an_organisation(tx, keys=keys)
    patient = Caller(may_reach_inside=True, patience_seconds=60)
    async with receiving(lambda _: "hang") as slow, receiving() as quick:
        for _ in range(4):
            await ping(tx, unit.actor, await subscribe(api, unit, slow.url), 4)
        its = await subscribe(api, other, quick.url)
        await ping(tx, other.actor, its, 3)
        sender = asyncio.create_task(sending.send_due(tx, keys, patient))
        await eventually(lambda: len(quick.got) == 3 and len(slow.got) == sending.ORG_AT_ONCE)
        await ping(tx, other.actor, its, 1)
        await eventually(lambda: len(quick.got) == 4)  # all the slow ones hang meanwhile
        assert (len(slow.got), sender.done()) == (sending.ORG_AT_ONCE, False)
        sender.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sender


async def test_a_receiver_that_failed_last_is_tried_by_one_call_and_all_of_them_take_half_of_the_room(
    tx, means, api, unit, monkeypatch
):
    async with receiving(lambda _: "500") as bad, receiving() as good:
        hooks = [await subscribe(api, unit, bad.url) for _ in range(3)]
        for hook in (*hooks, await subscribe(api, unit, good.url)):
            await ping(tx, unit.actor, hook, 2)
        async with tx.begin() as db:
            await db.execute(text("UPDATE webhook SET failing_since = now() WHERE url = :url"), {"url": bad.url})
        monkeypatch.setattr(sending, "FAILING_AT_ONCE", 2)
        assert await sending.send_due(means.tx, means.keys, means.caller, seconds=0) == 4
        assert (len(bad.got), len(good.got)) == (2, 2)
        monkeypatch.setattr(sending, "FAILING_AT_ONCE", 32)
        assert await sending.send_due(means.tx, means.keys, means.caller, seconds=0) == 3
        with pytest.raises(errors.PingsWaiting):
            await ping(tx, unit.actor, hooks[0], 4)
