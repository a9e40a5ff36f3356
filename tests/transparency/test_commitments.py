"""A priority proof: logged blind, opened later, checked by anyone without us."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from techmarket.cli.commit import commit_file
from techmarket.db.means import Means
from techmarket.identity.actor import ANONYMOUS
from techmarket.identity.permissions import NotVerified, SignInNeeded
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.kernel.seals import Seal
from techmarket.transparency import commitments, errors, service, steps
from techmarket.transparency.commitments import check_file, digest_of, with_opening
from techmarket.transparency.evidence import Unproven
from techmarket.transparency.lifecycle import CommitmentState
from tests.client import Api
from tests.identity.make import an_organisation
from tests.transparency.make import seal

DOCUMENT = hashlib.sha256(b"sample: how the seam is tracked").hexdigest()
SALT = bytes(range(32))
DIGEST = digest_of(SALT, DOCUMENT)


def test_the_digest_is_the_hash_of_domain_salt_and_document_hash() -> None:
    by_hand = hashlib.sha256(b"techmarket commitment 1\n" + SALT + bytes.fromhex(DOCUMENT)).hexdigest()
    assert by_hand == DIGEST
    for salt, document in ((SALT[:31], DOCUMENT), (SALT, DOCUMENT.upper()), (SALT, DOCUMENT[:-1]), (SALT, "")):
        with pytest.raises(ValueError):
            digest_of(salt, document)


def test_who_guesses_the_document_rightly_cannot_tell_without_the_salt() -> None:
    again = [digest_of(secrets.token_bytes(32), DOCUMENT) for _ in range(50)]
    assert len({*again, DIGEST}) == 51


async def keys_of(means: Means) -> dict:
    async with means.tx.read() as db:
        return await steps.known_keys(db, means.keys)


async def test_a_commitment_is_promised_at_once_proven_after_the_next_checkpoint_and_opened_later(means: Means) -> None:
    inventor = (await an_organisation(means.tx)).actor
    made = await service.log_commitment(means.tx, means.keys, inventor, digest=DIGEST)
    trusted = await keys_of(means)
    early = await service.commitment_file(means.tx, means.keys, inventor, made.id)
    await seal(means)
    proven = await service.commitment_file(means.tx, means.keys, inventor, made.id)
    for file, checks in ((early, ("form", "promise")), (proven, ("form", "checkpoint", "inclusion"))):
        seen = check_file(file, trusted)
        assert (seen.digest, seen.document_sha256, seen.checked) == (DIGEST, None, checks)
        assert (seen.organisation, seen.person) == (str(inventor.org), str(inventor.person))
        assert seen.at.startswith(made.at.isoformat()[:16])
        # The inventor alone can open it, without asking the market.
        opened = check_file(with_opening(file, document_sha256=DOCUMENT, salt=SALT.hex()), trusted)
        assert (opened.document_sha256, opened.checked) == (DOCUMENT, (*checks, "opening"))
    assert made.promise is not None
    assert json.loads(early)["log"]["promise"] == made.promise

    shown = await service.reveal(means.tx, inventor, made.id, salt=SALT, document_sha256=DOCUMENT)
    assert (shown.state, shown.document_sha256, shown.salt) == (CommitmentState.REVEALED, DOCUMENT, SALT.hex())
    public = await service.commitment_file(means.tx, means.keys, ANONYMOUS, made.id)
    assert check_file(public, trusted).document_sha256 == DOCUMENT
    with pytest.raises(NotInThisState):
        await service.reveal(means.tx, inventor, made.id, salt=SALT, document_sha256=DOCUMENT)


async def test_every_changed_byte_of_its_file_is_noticed_and_another_markets_key_is_not_ours(means: Means) -> None:
    inventor = (await an_organisation(means.tx)).actor
    made = await service.log_commitment(means.tx, means.keys, inventor, digest=DIGEST)
    await seal(means)
    await service.reveal(means.tx, inventor, made.id, salt=SALT, document_sha256=DOCUMENT)
    raw = await service.commitment_file(means.tx, means.keys, inventor, made.id)
    trusted = await keys_of(means)
    check_file(raw, trusted)
    for place in range(len(raw)):
        bent = raw[:place] + bytes([raw[place] ^ 0x01]) + raw[place + 1 :]
        with pytest.raises(Unproven):
            check_file(bent, trusted)
    stranger = Seal.generate().public
    with pytest.raises(Unproven):
        check_file(raw, {stranger.kid: stranger})
    with pytest.raises(Unproven):
        check_file(with_opening(raw, document_sha256=DOCUMENT, salt="00" * 32), trusted)


async def test_an_opening_that_does_not_fit_is_refused_and_nothing_is_shown(means: Means) -> None:
    inventor = (await an_organisation(means.tx)).actor
    made = await service.log_commitment(means.tx, means.keys, inventor, digest=DIGEST)
    for salt, document in ((bytes(32), DOCUMENT), (SALT, "0" * 64)):
        with pytest.raises(errors.OpeningDoesNotFit) as refused:
            await service.reveal(means.tx, inventor, made.id, salt=salt, document_sha256=document)
        assert (refused.value.facts["digest"], refused.value.pointer) == (DIGEST, "/body/salt")
    seen = await service.get_commitment(means.tx, inventor, made.id)
    assert (seen.state, seen.document_sha256, seen.salt) == (CommitmentState.LOGGED, None, None)


async def test_of_what_is_not_revealed_nobody_else_learns_and_only_its_owner_reveals_it(means: Means) -> None:
    inventor, stranger = (await an_organisation(means.tx)).actor, (await an_organisation(means.tx)).actor
    made = await service.log_commitment(means.tx, means.keys, inventor, digest=DIGEST)
    for reader in (stranger, ANONYMOUS):
        with pytest.raises(NotFound):
            await service.get_commitment(means.tx, reader, made.id)
        with pytest.raises(NotFound):
            await service.commitment_file(means.tx, means.keys, reader, made.id)
        with pytest.raises(NotFound):
            await service.reveal(means.tx, reader, made.id, salt=SALT, document_sha256=DOCUMENT)
    assert (await service.list_commitments(means.tx, stranger)).items == []
    assert [one.id for one in (await service.list_commitments(means.tx, inventor)).items] == [made.id]
    async with means.tx.read() as db:
        query = text("SELECT facts FROM journal_entry WHERE kind = 'transparency.commitment_logged'")
        assert (await db.execute(query)).scalars().all() == [{"digest": DIGEST}]
    with pytest.raises(SignInNeeded):
        await service.log_commitment(means.tx, means.keys, ANONYMOUS, digest=DIGEST)
    unverified = (await an_organisation(means.tx, verified=False)).actor
    with pytest.raises(NotVerified):
        await service.log_commitment(means.tx, means.keys, unverified, digest=DIGEST)


async def test_two_people_who_reveal_at_once_reveal_once(means: Means) -> None:
    inventor = (await an_organisation(means.tx)).actor
    made = await service.log_commitment(means.tx, means.keys, inventor, digest=DIGEST)
    done = await asyncio.gather(
        *[service.reveal(means.tx, inventor, made.id, salt=SALT, document_sha256=DOCUMENT) for _ in range(6)],
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) == ["CommitmentView", *["NotInThisState"] * 5]
    async with means.tx.read() as db:
        query = text("SELECT count(*) FROM journal_entry WHERE kind = 'transparency.commitment_revealed'")
        assert (await db.execute(query)).scalar_one() == 1


def test_the_opening_is_kept_beside_the_file_for_its_owner_only_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "seam.pdf"
    file.write_bytes(b"sample: how the seam is tracked")
    digest, kept = commit_file(file)
    opening = json.loads(kept.read_text())
    assert opening["document_sha256"] == DOCUMENT
    assert digest == opening["digest"] == digest_of(bytes.fromhex(opening["salt"]), DOCUMENT)
    assert kept.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        commit_file(file)
    assert json.loads(kept.read_text()) == opening


async def test_the_way_of_a_commitment_over_http(api: Api, means: Means) -> None:
    inventor = await an_organisation(means.tx, keys=means.keys)
    made = await api.post("/v1/commitments", json={"digest": DIGEST}, key=inventor.key)
    assert (made.status_code, made.json()["state"], made.json()["promise"]["kid"]) == (
        201,
        "LOGGED",
        means.keys.receipts.kid,
    )
    path = f"/v1/commitments/{made.json()['id']}"
    assert (await api.get(path)).status_code == 404
    listed = (await api.get("/v1/commitments", key=inventor.key)).json()["items"]
    assert [one["digest"] for one in listed] == [DIGEST]
    wrong = await api.post(
        f"{path}/revelation", json={"salt": "00" * 32, "document_sha256": DOCUMENT}, key=inventor.key
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "transparency.opening_does_not_fit")
    right = {"salt": SALT.hex(), "document_sha256": DOCUMENT}
    assert (await api.post(f"{path}/revelation", json=right, key=inventor.key)).json()["state"] == "REVEALED"
    assert (await api.get(path)).json()["document_sha256"] == DOCUMENT
    file = await api.get(f"{path}/proof")
    assert file.headers["content-disposition"] == f'attachment; filename="commitment-{made.json()["id"]}.json"'
    assert commitments.check_file(file.content, await keys_of(means)).document_sha256 == DOCUMENT
    assert (await api.get(f"/v1/commitments/{uuid4()}/proof")).status_code == 404
