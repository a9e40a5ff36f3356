"""Keys that are changed and logs that follow one another: what was signed stays signed, nothing is mixed up."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text

from techmarket.db import journal
from techmarket.db.keys import for_tests
from techmarket.db.means import Means
from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.seals import Seal
from techmarket.transparency import offline, rules, service, steps
from techmarket.transparency.keyset import key_set, retired_keys, trusted_keys
from techmarket.transparency.views import KeyView
from tests.client import Api
from tests.transparency.make import Wrote, proof_of, seal, write


async def kinds(means: Means) -> list[tuple[str, dict]]:
    async with means.tx.read() as db:
        rows = await db.execute(text("SELECT kind, facts FROM journal_entry ORDER BY seq"))
        return [(row.kind, row.facts) for row in rows]


async def test_a_market_that_starts_publishes_its_keys_in_the_log_once(means: Means) -> None:
    await asyncio.gather(*[service.publish_keys(means.tx, means.keys) for _ in range(4)])
    await service.publish_keys(means.tx, means.keys)
    assert [(kind, facts["use"]) for kind, facts in await kinds(means)] == [
        ("transparency.key_published", use) for use in ("issuer", "log", "receipts")
    ]
    shown = await service.list_keys(means.tx, means.keys, ANONYMOUS)
    assert {(key.use, key.kid, key.until) for key in shown} == {
        ("issuer", means.keys.issuer.kid, None),
        ("log", means.keys.log.kid, None),
        ("receipts", means.keys.receipts.kid, None),
    }
    assert all(key.since is not None for key in shown)


async def test_after_a_change_of_the_log_key_old_and_new_checkpoints_and_proofs_verify_with_what_is_published(
    means: Means, api: Api, tmp_path: Path
) -> None:
    await service.publish_keys(means.tx, means.keys)
    (entry,) = await write(means, 1)
    old_proof = await proof_of(means, entry)
    old = await service.get_checkpoint(means.tx, ANONYMOUS)

    changed = replace(means, keys=replace(means.keys, log=Seal.generate()))
    await service.publish_keys(changed.tx, changed.keys)
    await seal(changed)
    new = await service.get_checkpoint(means.tx, ANONYMOUS)
    assert (old.kid, new.kid) == (means.keys.log.kid, changed.keys.log.kid)
    assert [(kind, facts.get("kid")) for kind, facts in await kinds(means)][-2:] == [
        ("transparency.key_retired", old.kid),
        ("transparency.key_published", new.kid),
    ]

    published = key_set(await service.list_keys(changed.tx, changed.keys, ANONYMOUS))
    trusted, retired = trusted_keys(published), retired_keys(published)
    assert set(retired) == {old.kid}
    for view in (old, new):
        assert offline.open_checkpoint(view.note, trusted[view.kid]).size == view.size
    assert offline.proof_holds(old_proof, trusted[old_proof["kid"]])
    assert offline.proof_holds(await proof_of(means, entry), trusted[new.kid])
    proof = await service.get_consistency(means.tx, ANONYMOUS, from_size=old.size, to_size=new.size)
    path = [bytes.fromhex(step) for step in proof.path]
    assert rules.verify_consistency(old.size, new.size, path, bytes.fromhex(old.root), bytes.fromhex(new.root))
    assert await service.audit(changed.tx, changed.keys) == []
    # Over HTTP the history is one document, and the retired key says since when.
    served = (await api.get("/.well-known/techmarket-keys.json")).json()
    assert {key["kid"]: key["until"] is not None for key in served["keys"]}[old.kid] is True
    assert trusted_keys(served).keys() >= {old.kid, new.kid}
    # A key that comes back into use is in use again.
    await service.publish_keys(means.tx, means.keys)
    assert {key.kid for key in await service.list_keys(means.tx, means.keys, ANONYMOUS) if key.until} == {new.kid}


def test_the_published_key_set_gives_back_the_keys_it_was_made_of_by_the_names_their_bytes_give_them() -> None:
    keys = for_tests()
    views = [KeyView("wrong-name", use, getattr(keys, use).public.raw, None, None) for use in steps.USES]
    published = key_set(views)
    assert trusted_keys(published) == {getattr(keys, use).kid: getattr(keys, use).public for use in steps.USES}
    assert [one["use_here"] for one in published["keys"]] == ["issuer", "log", "receipts"]
    assert json.loads(json.dumps(published)) == published


async def test_after_a_restore_another_log_begins_and_cursors_of_the_lost_one_are_refused(
    means: Means, api: Api
) -> None:
    await write(means, 5)
    page = (await api.get("/v1/log/leaves", params={"limit": 2})).json()
    before = await service.get_checkpoint(means.tx, ANONYMOUS)
    opened = await service.open_new_log(means.tx)
    await seal(means)

    stale = await api.get("/v1/log/leaves", params={"limit": 2, "cursor": page["next_cursor"]})
    assert (stale.status_code, stale.json()["code"], stale.json()["log_id"]) == (
        409,
        "transparency.other_log",
        str(opened),
    )
    again = (await api.get("/v1/log/leaves", params={"limit": 2})).json()
    assert again["items"] == page["items"]
    assert (await api.get("/v1/log/leaves", params={"cursor": again["next_cursor"]})).status_code == 200

    logs = (await api.get("/v1/log")).json()["items"]
    assert [(one["log_id"], one["previous_log_id"], one["previous_size"]) for one in logs] == [
        (str(opened), str(before.log_id), 5),
        (str(before.log_id), None, None),
    ]
    after = await service.get_checkpoint(means.tx, ANONYMOUS)
    assert (after.log_id, after.size) == (opened, 6)
    assert after.note.split("\n")[0] == logs[0]["origin"] == f"techmarket/log/{opened}"
    # The old checkpoint stays what it was, and the new log is shown to begin with what was left of the old one.
    assert offline.open_checkpoint(before.note, means.keys.log.public).size == 5
    proof = await service.get_consistency(means.tx, ANONYMOUS, from_size=5, to_size=6)
    path = [bytes.fromhex(step) for step in proof.path]
    assert rules.verify_consistency(5, 6, path, bytes.fromhex(before.root), bytes.fromhex(after.root))
    assert await service.audit(means.tx, means.keys) == []
    kind, facts = (await kinds(means))[-1]
    assert (kind, facts) == ("transparency.log_opened", {"previous_size": 5})


async def test_all_checkpoints_ever_signed_are_listed_page_by_page(means: Means, api: Api) -> None:
    assert (await api.get("/v1/log/checkpoints")).json() == {"items": [], "next_cursor": None}
    for _ in range(5):
        await write(means, 2)
    first = (await api.get("/v1/log/checkpoints", params={"limit": 3})).json()
    rest = (await api.get("/v1/log/checkpoints", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [one["size"] for one in first["items"] + rest["items"]] == [10, 8, 6, 4, 2]
    assert rest["next_cursor"] is None
    for one in first["items"]:
        assert offline.open_checkpoint(one["note"], means.keys.log.public).root.hex() == one["root"]
    wrong = await api.get("/v1/log/checkpoints", params={"cursor": "bm90aGluZw"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "paging.bad_cursor")


async def test_the_tiles_are_served_as_monitors_of_any_make_expect_them(means: Means, api: Api) -> None:
    assert (await api.get("/tlog/checkpoint")).status_code == 409
    await write(means, 3)
    note = await api.get("/tlog/checkpoint")
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    assert offline.open_checkpoint(note.text, means.keys.log.public).size == 3
    tile = await api.get("/tlog/tile/0/000.p/3")
    assert (tile.status_code, tile.headers["content-type"], len(tile.content)) == (200, "application/octet-stream", 96)
    assert tile.headers["cache-control"] == "public, max-age=31536000, immutable"
    leaves = [tile.content[n : n + 32] for n in (0, 32, 64)]
    assert rules.root_of(leaves) == offline.open_checkpoint(note.text, means.keys.log.public).root
    for absent in ("/tlog/tile/0/000", "/tlog/tile/0/000.p/4", "/tlog/tile/1/000.p/1", "/tlog/tile/9/x001/000"):
        assert ((await api.get(absent)).status_code, (await api.get(absent)).json()["code"]) == (404, "not_found")
    entries = await api.get("/tlog/tile/entries/000.p/3")
    assert (entries.status_code, entries.json()["code"]) == (404, "transparency.no_entry_bundles")


async def test_the_same_event_twice_gives_leaves_that_nobody_can_tell_apart_from_any_others(means: Means) -> None:
    """Whoever guesses every word of an entry still cannot tell whether it is there: the salt is not his to guess."""
    thing = uuid4()
    for _ in range(2):
        async with means.tx.begin() as db:
            journal.record(db, Wrote(thing, 7), actor=None)
    await seal(means)
    async with means.tx.read() as db:
        rows = (await db.execute(text("SELECT id, at, salt FROM journal_entry ORDER BY seq"))).all()
    page = await service.list_leaves(means.tx, ANONYMOUS, cursor=None, limit=10)
    published = [leaf.leaf_hash for leaf in page.items]
    guessed = [
        journal.canonical_row(
            id=row.id, at=row.at, actor=None, org=None, kind="test.wrote", refs=[f"thing:{thing}"], facts={"n": 7}
        )
        for row in rows
    ]
    for row, entry, leaf in zip(rows, guessed, published, strict=True):
        assert journal.leaf_of(row.salt, entry).hex() == leaf  # every word of the guess is right
        without = [hashlib.sha256(prefix + entry).hexdigest() for prefix in (b"", b"\x00", b"\x00" + bytes(16))]
        assert leaf not in without
        assert len(row.salt) == 16
    assert rows[0].salt != rows[1].salt
