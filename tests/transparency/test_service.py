"""The log as a stranger checks it: proofs hold offline, forks and changes are found."""

from __future__ import annotations

from uuid import uuid4

import pytest

from techmarket.db import journal
from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.refusals import NotFound
from techmarket.kernel.seals import Seal
from techmarket.transparency import errors, offline, rules, service, steps
from tests.identity.make import an_organisation
from tests.transparency.make import Wrote, proof_of, write


async def test_every_entry_proves_itself_offline_after_the_next_checkpoint(means):
    ids = [*await write(means, 5), *await write(means, 8), *await write(means, 1)]
    for entry_id in ids:
        assert offline.proof_holds(await proof_of(means, entry_id), means.keys.log.public)


@pytest.mark.parametrize("field", ["row", "salt", "path", "checkpoint", "position"])
async def test_a_proof_changed_anywhere_fails(means, field):
    ids = await write(means, 6)
    proof = await proof_of(means, ids[2])
    changed = {
        "row": proof["row"].replace("test.wrote", "test.wrotf"),
        "salt": "00" * 16,
        "path": proof["path"][::-1],
        "checkpoint": proof["checkpoint"].replace("\n6\n", "\n7\n"),
        "position": 3,
    }[field]
    assert not offline.proof_holds(proof | {field: changed}, means.keys.log.public)
    assert not offline.proof_holds(proof, Seal.generate().public)


async def test_a_later_checkpoint_is_proven_to_only_add_to_an_earlier_one(means):
    await write(means, 5)
    first = await service.get_checkpoint(means.tx, ANONYMOUS)
    await write(means, 9)
    second = await service.get_checkpoint(means.tx, ANONYMOUS)
    proof = await service.get_consistency(means.tx, ANONYMOUS, from_size=first.size, to_size=second.size)
    path = [bytes.fromhex(step) for step in proof.path]
    roots = bytes.fromhex(first.root), bytes.fromhex(second.root)
    assert rules.verify_consistency(first.size, second.size, path, *roots)
    assert not rules.verify_consistency(first.size, second.size, path, roots[1], roots[0])
    with pytest.raises(errors.NoSuchSize):
        await service.get_consistency(means.tx, ANONYMOUS, from_size=1, to_size=second.size + 1)


async def test_a_promise_made_at_once_is_kept_by_the_log(means):
    async with means.tx.begin() as db:
        entry_id = journal.record(db, Wrote(uuid4(), 1), actor=None)
        promise = await steps.promise(db, means.keys, entry_id)
    body = {name: promise[name] for name in ("entry_id", "leaf_hash", "log_id")}
    assert means.keys.receipts.public.verify(bytes.fromhex(promise["signature"]), canonical_json(body))
    await write(means, 1)
    page = await service.list_leaves(means.tx, ANONYMOUS, cursor=None, limit=10)
    assert promise["leaf_hash"] in [leaf.leaf_hash for leaf in page.items]


async def test_an_entry_is_shown_to_its_organisation_and_to_nobody_else(means, tx, keys, door):
    org, stranger = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    (entry_id,) = await write(means, 1, actor=org.actor)
    assert (await door.get(org.actor, f"/v1/log/entries/{entry_id}"))["kind"] == "test.wrote"
    for reader in (stranger.actor, ANONYMOUS):
        with pytest.raises(NotFound):
            await service.get_entry(tx, reader, entry_id)
        with pytest.raises(NotFound):
            await service.get_proof(tx, reader, entry_id)
