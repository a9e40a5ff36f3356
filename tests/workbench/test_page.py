"""What the page of work and notifications tells a reader to call is what is served, and answers as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from techmarket.identity.actor import OrgKind
from tests.client import Api
from tests.identity.make import a_market, an_organisation
from tests.listings.make import a_demand
from tests.workbench.make import tell

PAGE = (Path(__file__).parents[2] / "docs" / "work-and-notifications.md").read_text()


def calls() -> list[tuple[str, str, Any]]:
    """Every call in a block or a table of the page, with its body."""
    lines = [re.fullmatch(r"(GET|POST|PUT)\s+(/v1/\S+)\s*(\{.*\})?", line) for line in PAGE.splitlines()]
    found = [(one[1], one[2], json.loads(one[3]) if one[3] else None) for one in lines if one]
    return [*found, *[("GET", path, None) for path in re.findall(r"`GET (/v1/[^`{]+)`", PAGE)]]


async def test_every_call_of_the_page_is_answered_as_it_says(tx, keys, api: Api):
    staff = await a_market(tx, keys)
    unit = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
    listing = await a_demand(tx, unit.actor)
    await api.post(f"/v1/listings/{listing.id}/submission", key=unit.key)
    await tell(tx)
    operator = staff["operator"].key
    said = calls()
    assert len(said) >= 11
    for method, path, body in said:
        if body is not None and "ids" in body:
            unread = (await api.get("/v1/notifications", key=operator)).json()
            body = {**body, "ids": [unread["items"][0]["id"]]}
        answer = await api.call(method, path, key=operator, **({"json": body} if body is not None else {}))
        # The market of the tests has no mail server, and says so.
        expected = {"/v1/me/mail-address": 409, "/v1/me/mail-address/confirmation": 404}.get(path, 200)
        assert answer.status_code == expected, (method, path, answer.text)
    example = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])  # type: ignore[index]
    (item,) = (await api.get("/v1/work", key=operator, params={"kind": "listings.review"})).json()["items"]
    assert set(item) == set(example) | {"organisation_id"}
    assert {name: item[name] for name in ("kind", "title_zh", "operation", "method", "urgency", "needs")} == {
        name: example[name] for name in ("kind", "title_zh", "operation", "method", "urgency", "needs")
    }
    assert item["path"] == f"/v1/listings/{listing.id}/acceptance"
    done = await api.accept(str(listing.id), key=operator)
    assert done.status_code == 200
    assert (await api.get("/v1/work", key=operator, params={"kind": "listings.review"})).json()["items"] == []
