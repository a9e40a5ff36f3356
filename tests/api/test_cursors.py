"""Every list: a cursor that was not issued here is refused, whoever sends it, and is never a fault."""

from __future__ import annotations

import re

from techmarket.cli.openapi import document
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import encode_cursor
from tests.identity.make import a_market, an_organisation

NAMED = re.compile(r"\{\w+\}")
NEEDED = {"subject": f"listing:{new_id()}", "q": "sample", "side": "OWNER", "from": "2026-01-01", "to": "2026-01-31"}
ID = str(new_id())
FORGED = (
    ("x",),
    ("x", "y"),
    (1, "y"),
    ("x", 1),
    ("x", ID),
    (ID, "x"),
    (2**62, ID),
    (True, ID),
    ("2026-02-30", ID),
    ("2026-03-01T09:00:00", ID),
    ("0001-01-01T00:00:00Z", "y"),
)


async def test_a_forged_cursor_is_never_a_fault(api, tx, keys):
    """Whoever is let in reads it first, so each list is asked by readers until one of them is told about the cursor."""
    market = await a_market(tx, keys)
    enterprise = (await an_organisation(tx, keys=keys)).key
    readers = [market["operator"].key, market["finance"].key, market["certifier_1"].key, enterprise]
    lists = {
        path: {p["name"] for p in operation["get"].get("parameters", [])}
        for path, operation in document()["paths"].items()
        if "get" in operation
    }
    refused = set()
    for path, names in lists.items():
        if "cursor" not in names:
            continue
        for forged in FORGED:
            query = {name: NEEDED[name] for name in names & set(NEEDED)} | {"cursor": encode_cursor(*forged)}
            for key in readers:
                answer = await api.get(NAMED.sub(ID, path), key=key, params=query)
                assert answer.status_code < 500, (path, forged, answer.text)
                if answer.status_code == 422 and "{" not in path:
                    assert answer.json()["code"] in ("paging.bad_cursor", "transparency.wrong_log"), (path, answer.text)
                    refused.add(path)
                if answer.status_code not in (403, 404):
                    break
    assert {"/v1/listings", "/v1/achievements"} <= refused
