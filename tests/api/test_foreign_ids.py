"""Ids of others, and acts in hands that may not: every operation, tried where it could really be done.

`make test` shadows one way from the offer to the contract; `make matrix` shadows the tests of the API, the
stories, trading and the rooms behind them, so that nearly each operation is tried with a body that fits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest

from techmarket.cli.openapi import document
from techmarket.db.means import Means
from tests.api.test_listings import OFFER, an_achievement
from tests.client import Api
from tests.fuzz.things import things_of
from tests.identity.make import a_market, an_organisation
from tests.shadow import ABSENT, ORDINARY, Watch, rows, watching
from tests.stories import way
from tests.stories.town import a_town


@pytest.fixture
def watch() -> Iterator[Watch]:
    with watching(Watch(rows())) as one:
        yield one


@pytest.mark.slow
async def test_on_the_way_to_a_contract_nobody_does_or_learns_what_he_must_not(watch, api, means):
    town = await a_town(api, means, way.START)
    sale = await way.to_the_award(town)
    contract = await way.a_contract(sale, "X")
    for path in (f"/v1/contracts/{contract['id']}", f"/v1/trades/{sale.trade['id']}/participants"):
        await town.get(path, by=sale.university)
    assert watch.wrong == []
    assert len(watch.tried["a stranger"]) >= 15
    assert watch.count > 60
    tried, told = await reads_of_a_stranger(api, means)
    assert told == []
    assert tried >= 60, "reads and filters by ids of what is there"


async def reads_of_a_stranger(api: Api, means: Means) -> tuple[int, list[object]]:
    """Every read that takes an id, in its path or as a filter, with ids of what is there and with ids of nothing.

    With `If-None-Match: *` too, which would be answered 304 by whatever exists. Returns how many reads were tried and
    what was told of things that the rows call a secret.
    """
    things = await things_of(means)
    key = (await an_organisation(means.tx, keys=means.keys, roles=tuple(ORDINARY))).key
    tried, told = 0, []
    for path, item in document()["paths"].items():
        operation = item.get("get", {})
        if rows().get(operation.get("operationId"), {}).get("heard") != ABSENT:
            continue
        fixed = {one["name"]: str(one["example"]) for one in operation["parameters"] if one["in"] == "path"}
        named = [one["name"] for one in operation["parameters"] if things.get(one["name"])]
        for asked in filter(
            None, ([one for one in named if one in fixed], *([one] for one in named if one not in fixed))
        ):
            real = {one: things[one][0] for one in asked}
            nothing = {one: str(uuid4()) for one in asked}
            for headers in ({}, {"If-None-Match": "*"}):
                heard = []
                for ids in (real, nothing):
                    address = path.format_map(fixed | ids)
                    query = {name: value for name, value in ids.items() if name not in fixed}
                    answer = await api.get(address, params=query, key=key, headers=headers)
                    said = re.sub(r'"(request_id|instance)":"[^"]*"', "", answer.text)
                    for name, value in ids.items():
                        said = said.replace(value, name)
                    heard.append((answer.status_code, said, answer.headers.get("etag")))
                if heard[0] != heard[1]:
                    told.append((operation["operationId"], asked, headers, *heard))
            tried += 1
    return tried, told


async def test_the_tag_and_the_next_page_of_another_reader_tell_a_stranger_nothing(tx, keys, api):
    """ETag, If-None-Match, If-Match and cursors are no oracles: the answer is that of a thing that is not there."""
    await a_market(tx, keys)
    owner, stranger = [await an_organisation(tx, keys=keys) for _ in range(2)]
    made = [await an_achievement(api, owner.key) for _ in range(3)]
    body = OFFER | {"achievement_ids": [made[0]]}
    draft = (await api.post("/v1/listings", json=body, key=owner.key)).json()["id"]
    nothing = "0198c2a0-0000-7000-8000-000000000001"

    async def heard(method: str, path: str, of: str, **headers: str) -> tuple[int, bytes, str | None]:
        sent = {"json": body} if method == "PUT" else {}
        answer = await api.call(method, path.format(of), key=stranger.key, headers=headers, **sent)
        said = answer.json()
        plain = json.dumps({name: said[name] for name in said if name not in ("instance", "request_id")})
        return answer.status_code, plain.encode(), answer.headers.get("etag")

    for path, real in (("/v1/listings/{}", draft), ("/v1/achievements/{}", made[0])):
        tag = (await api.get(path.format(real), key=owner.key)).headers["ETag"]
        for header in (tag, "*", f'"x", {tag}', f"W/{tag}"):
            told = [await heard("GET", path, of, **{"If-None-Match": header}) for of in (real, nothing)]
            assert told[0] == told[1]
            assert (told[0][0], told[0][2]) == (404, None)
    tag = (await api.get(f"/v1/listings/{draft}", key=owner.key)).headers["ETag"]
    told = [await heard("PUT", "/v1/listings/{}/terms", of, **{"If-Match": tag}) for of in (draft, nothing)]
    assert told[0] == told[1]
    assert told[0][0] == 404
    page = (await api.get("/v1/achievements", key=owner.key, params={"limit": 1})).json()
    other = await api.get("/v1/achievements", key=stranger.key, params={"limit": 1, "cursor": page["next_cursor"]})
    assert (other.status_code, other.json()["items"]) in ((200, []), (422, None))
    assert made[1] not in other.text
