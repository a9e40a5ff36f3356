"""What belongs to the market is not sent along: no body takes an id, a state, an owner, a role or a time of its own."""

from __future__ import annotations

from techmarket.cli.openapi import document
from techmarket.db.means import Means
from techmarket.identity.actor import OrgKind, Role
from tests.api import hostile
from tests.api.test_matrix import TAKES_ANYTHING, changes
from tests.identity.make import an_organisation

OWNED = {
    "id": hostile.NIL,
    "org_id": hostile.NIL,
    "owner_org": hostile.NIL,
    "state": "PUBLISHED",
    "is_verified": True,
    "approved_by": hostile.NIL,
    "version": 99,
    "created_at": "2026-03-01T09:00:00+08:00",
    "_sa_instance_state": {},
    "__class__": "Organisation",
}


async def test_every_body_refuses_by_name_each_member_that_is_the_markets(client, means: Means):
    """Asked by somebody with every role at the market, with a body that lacks nothing else."""
    key = (await an_organisation(means.tx, kind=OrgKind.MARKET, keys=means.keys, roles=tuple(Role))).key
    before, taken, walked = await changes(means), [], 0
    for one in hostile.operations(document()):
        example = hostile.example_of(one.body, one.components) if one.body is not None else None
        if not isinstance(example, dict):
            continue
        schema = hostile.resolve(one.body, one.components, pick=True)
        if schema.get("additionalProperties", False) is not False or one.path == "/v1/bank/messages":
            continue  # a table of names, one of the reviewed few (see test_matrix.py), or bytes that the bank signs
        planted = {name: value for name, value in OWNED.items() if name not in schema.get("properties", {})}
        answer = await client.request(
            one.method,
            one.target(),
            json={**example, **planted},
            headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "k", "If-Match": '"x"'},
        )
        named = {error["pointer"] for error in answer.json().get("errors", ())} if answer.status_code == 422 else set()
        walked += 1
        if not {f"/body/{name}" for name in planted} <= named:
            taken.append((one.method, one.path, answer.status_code, answer.text[:300]))
    assert taken == []
    assert walked > 200
    assert await changes(means) == before
    assert len(TAKES_ANYTHING) == 3
