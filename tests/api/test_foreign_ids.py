"""Ids of others, and acts in hands that may not: every operation, tried where it could really be done.

`make test` shadows one way from the offer to the contract; `make matrix` shadows the tests of the API, the
stories, trading and the rooms behind them, so that nearly each operation is tried with a body that fits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.api.test_listings import OFFER, an_achievement
from tests.identity.make import a_market, an_organisation
from tests.shadow import Watch, rows, watching
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
