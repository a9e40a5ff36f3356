"""Every operation of the market, as it is served, against the hostile corpus.

`make test` sends each operation every tenth request of the corpus, another tenth for each reader; `make fuzz` all,
or a part of them: `make fuzz PART=2/4`.
"""

from __future__ import annotations

import os
from collections import Counter
from uuid import uuid4

import httpx
import pytest

from techmarket.app import create_app
from techmarket.cli.openapi import document
from techmarket.db.means import Means
from techmarket.identity.actor import OrgKind, Role
from tests.api import hostile
from tests.identity.make import an_organisation

EVERY = 1 if os.environ.get("TECHMARKET_LONG") else 10
PART, PARTS = (int(one) for one in os.environ.get("TECHMARKET_FUZZ_PART", "1/1").split("/"))


@pytest.mark.slow
@pytest.mark.parametrize("signed_in", [False, True], ids=["anonymous", "with a key"])
async def test_no_hostile_request_to_any_operation_ends_in_a_5xx_or_is_accepted(means: Means, signed_in: bool) -> None:
    app = create_app(means)
    edge = httpx.ASGITransport(app)
    wrong = []
    seen: Counter[str] = Counter()
    async with httpx.AsyncClient(transport=edge, base_url="http://market.test") as client:
        authorization = {}
        if signed_in:
            # Every role at once, so that policy stands in the way of as little as possible.
            operator = await an_organisation(means.tx, kind=OrgKind.MARKET, keys=means.keys, roles=tuple(Role))
            authorization = {"Authorization": f"Bearer {operator.key}"}
        for n, one in enumerate(hostile.requests(document())):
            if n % EVERY != int(signed_in) % EVERY or n // EVERY % PARTS != PART % PARTS:
                continue
            if EVERY > 1 and signed_in and one.code is not None:
                continue  # refused before any key is looked at: asked without one, it is answered the same
            seen[one.target.decode().partition("?")[0]] += 1
            headers = {**dict(one.headers), **authorization, "Idempotency-Key": str(uuid4())}
            url = client.base_url.copy_with(raw_path=one.target)
            response = await client.request(one.method, url, content=one.content, headers=headers)
            exact = one.code is None or (response.status_code, response.json().get("code")) == (one.status, one.code)
            accepted = one.refused and response.status_code < 400
            problem = response.status_code < 400 or response.headers["content-type"] == "application/problem+json"
            if response.status_code >= 500 or not exact or accepted or not problem:
                wrong.append((one.method, one.target[:80], one.why, response.status_code, response.text[:300]))
    assert wrong == []
    assert len(seen) > 5
