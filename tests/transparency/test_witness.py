"""A witness signs what follows from all he saw, remembers it before he answers, and refuses a fork."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from techmarket.cli.doctor import examine, witnessed
from techmarket.cli.witness import app_of, log_keys, look
from techmarket.db.means import Means, WitnessAddress
from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.seals import Seal
from techmarket.transparency import cosigning, offline, rules, service
from techmarket.transparency.keyset import key_set
from techmarket.transparency.offline import Checkpoint
from techmarket.transparency.witness import Witness, request_of
from tests.client import Api
from tests.transparency.make import as_superuser, write

LOG, ORIGIN, NAME = Seal.generate(), "techmarket/log/sample", "witness.example/w1"
LEAVES = [rules.leaf_hash(b"sample entry %d" % n) for n in range(40)]


def note_of(leaves: list[bytes], seal: Seal = LOG, origin: str = ORIGIN) -> str:
    return offline.sign_checkpoint(Checkpoint(origin, len(leaves), rules.root_of(leaves)), seal)


def step(old: int, leaves: list[bytes]) -> str:
    path = rules.consistency_proof(old, leaves) if old else []
    return request_of(old, path, note_of(leaves))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path / "elsewhere", NAME, [LOG.public])


def test_he_signs_a_log_that_only_grows_and_remembers_the_last_of_it(witness: Witness, tmp_path: Path) -> None:
    now = datetime(2026, 3, 2, 2, tzinfo=UTC)
    for old, size in ((0, 5), (5, 5), (5, 13), (13, 40)):
        answer = witness.add_checkpoint(step(old, LEAVES[:size]), now=now)
        assert (answer.status, offline.cosigned_at(note_of(LEAVES[:size]) + answer.body, witness.verifier)) == (
            200,
            now,
        )
        seen = Witness(tmp_path / "elsewhere", NAME, [LOG.public]).seen()[ORIGIN]  # another process reads the same
        assert (seen.size, seen.root) == (size, rules.root_of(LEAVES[:size]))
        assert offline.cosigned_at(seen.note, witness.verifier) == now
    assert (tmp_path / "elsewhere" / "witness.pem").stat().st_mode & 0o777 == 0o600


def test_a_fork_a_rewritten_a_shortened_and_an_unproven_log_are_refused_and_nothing_is_forgotten(
    witness: Witness,
) -> None:
    assert witness.add_checkpoint(step(0, LEAVES[:13])).is_signed
    forked = [*LEAVES[:12], rules.leaf_hash(b"another entry"), *LEAVES[13:30]]
    before = witness.seen()
    for why, request, status in (
        ("forked, with the proof of the fork", step(13, forked), 422),
        ("rewritten at the same size", step(13, forked[:13]), 409),
        ("shortened, as if that had been seen", step(9, LEAVES[:9]), 409),
        ("shortened, with the right size", request_of(13, [], note_of(LEAVES[:9])), 400),
        ("unproven", request_of(13, [], note_of(LEAVES[:30])), 422),
        ("from the beginning again", step(0, forked), 409),
        ("with a proof where none belongs", request_of(13, [LEAVES[0]], note_of(LEAVES[:13])), 422),
        ("signed by somebody else", request_of(13, [], note_of(LEAVES[:30], Seal.generate())), 403),
        ("under another name", request_of(0, [], note_of(LEAVES[:30], LOG, "techmarket/log/another")), 404),
        ("not a request", "old thirteen\n\n", 400),
        ("size in another spelling", step(13, LEAVES).replace("old 13", "old 013"), 400),
        ("no checkpoint", "old 13\n\n\n", 400),
        ("a proof too long", request_of(13, LEAVES[:1] * 64, note_of(LEAVES[:30])), 400),
    ):
        answer = witness.add_checkpoint(request)
        assert (why, answer.status) == (why, status)
        assert "—" not in answer.body
    assert witness.seen() == before
    assert witness.add_checkpoint(step(0, LEAVES[:13])).body == "13\n"  # he tells where he stands
    assert witness.add_checkpoint(step(13, LEAVES[:30])).is_signed


def test_another_log_is_taken_up_only_when_a_person_names_it(witness: Witness) -> None:
    assert witness.add_checkpoint(step(0, LEAVES[:13])).is_signed
    other = request_of(0, [], note_of(LEAVES[:9], LOG, "techmarket/log/after-a-restore"))
    assert witness.add_checkpoint(other).status == 404
    witness.accept_log("techmarket/log/after-a-restore")
    witness.accept_log(ORIGIN)  # what is watched already stays as it is
    assert witness.add_checkpoint(other).is_signed
    assert {origin: seen.size for origin, seen in witness.seen().items()} == {
        ORIGIN: 13,
        "techmarket/log/after-a-restore": 9,
    }


def test_of_two_forks_offered_at_once_only_one_is_ever_signed(witness: Witness, tmp_path: Path) -> None:
    assert witness.add_checkpoint(step(0, LEAVES[:3])).is_signed
    forks = [[*LEAVES[:3], rules.leaf_hash(b"fork %d" % n)] for n in range(8)]
    start = threading.Barrier(8)

    def offer(fork: list[bytes]) -> int:
        own = Witness(tmp_path / "elsewhere", NAME, [LOG.public])  # as another process would
        start.wait()
        return own.add_checkpoint(step(3, fork)).status

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(offer, forks)) == [200, *[409] * 7]


# --- the market's side ----------------------------------------------------------------------------------------------


def watched(means: Means, witness: Witness) -> Means:
    return replace(means, witnesses=(WitnessAddress(str(witness.verifier), "http://witness.test"),))


async def test_the_market_has_its_checkpoints_signed_and_shows_the_signatures(
    means: Means, tmp_path: Path, api: Api
) -> None:
    witness = Witness(tmp_path / "elsewhere", NAME, [means.keys.log.public])
    asked: list[str] = []

    async def send(url: str, request: str) -> tuple[int, str]:
        asked.append(request.partition("\n")[0])
        transport = httpx.ASGITransport(app_of(witness))
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            answer = await client.post("/add-checkpoint", content=request.encode())
            too_long = await client.post("/add-checkpoint", content=b"x" * 50_000)
            assert (too_long.status_code, (await client.post("/add-checkpoint", content=b"\xff")).status_code) == (
                413,
                400,
            )
            return answer.status_code, answer.text

    market = watched(means, witness)
    assert await cosigning.ask_all(market, send) == 0  # nothing to sign yet
    await write(means, 3)
    assert await cosigning.ask_all(market, send) == 1
    assert await cosigning.ask_all(market, send) == 0  # nothing new
    await write(means, 4)
    assert (await service.get_checkpoint(means.tx, ANONYMOUS)).cosignatures == ()
    assert await cosigning.ask_all(market, send) == 1
    assert asked == ["old 0", "old 3"]
    view = await service.get_checkpoint(means.tx, ANONYMOUS)
    (seen,) = view.cosignatures
    assert offline.cosigned_at(view.whole_note, witness.verifier) == seen.at
    assert (await api.get("/tlog/checkpoint")).text == view.whole_note
    listed = (await api.get("/v1/log/checkpoints", params={"cosigned": True})).json()
    assert [(one["size"], len(one["cosignatures"])) for one in listed["items"]] == [(7, 1), (3, 1)]


async def test_a_witness_who_remembers_more_than_the_market_does_is_asked_from_there(
    means: Means, tmp_path: Path
) -> None:
    witness = Witness(tmp_path / "elsewhere", NAME, [means.keys.log.public])

    async def send(url: str, request: str) -> tuple[int, str]:
        answer = witness.add_checkpoint(request)
        return answer.status, answer.body

    async def lost(url: str, request: str) -> tuple[int, str]:
        await send(url, request)
        raise httpx.ReadTimeout("the answer was lost")

    market = watched(means, witness)
    await write(means, 3)
    assert await cosigning.ask_all(market, lost) == 0
    await write(means, 2)
    assert await cosigning.ask_all(market, send) == 1
    assert [seen.size for seen in witness.seen().values()] == [5]


async def test_a_log_rewritten_by_the_owner_of_database_and_key_is_refused_by_the_witness_and_told_by_the_doctor(
    means: Means, tmp_path: Path, api: Api
) -> None:
    trust = tmp_path / "keys.json"
    trust.write_text(json.dumps(key_set(await service.list_keys(means.tx, means.keys, ANONYMOUS))))
    witness = Witness(tmp_path / "elsewhere", NAME, log_keys(trust))
    await write(means, 6)
    portal = await pages_of(api)
    assert look(witness, portal).is_signed
    await write(means, 3)
    assert look(witness, await pages_of(api)).is_signed
    memory = tmp_path / "elsewhere" / "seen.json"
    assert await examine(means, seen=witnessed(memory)) == []
    # He changes an entry, takes back everything that was computed and signed, and has it done again.
    await as_superuser(
        means,
        "UPDATE journal_entry SET kind = 'another' WHERE seq = 2",
        "INSERT INTO journal_waiting SELECT seq FROM journal_entry ON CONFLICT DO NOTHING",
        "DELETE FROM checkpoint",
        "DELETE FROM tree_node",
        "DELETE FROM journal_position",
    )
    await write(means, 2)
    assert await examine(means) == []
    (size,) = witnessed(memory)
    assert await examine(means, seen=witnessed(memory)) == [
        f"the witness saw another log: its root of the first {size} entries is not this one"
    ]
    refused = look(witness, await pages_of(api))
    assert (refused.status, witness.seen()[next(iter(witness.seen()))].size) == (422, 9)


async def pages_of(api: Api):
    """What a witness fetches, fetched beforehand: he works without a loop of his own."""
    got: dict[str, httpx.Response] = {"/tlog/checkpoint": await api.get("/tlog/checkpoint")}
    size = got["/tlog/checkpoint"].text.split("\n")[1]
    for old in range(1, int(size)):
        path = f"/v1/log/consistency?from={old}&to={size}"
        got[path] = await api.get(path)
    return got.__getitem__


def test_witnesses_are_named_by_verifier_key_and_address_and_a_wrong_setting_is_refused(witness: Witness) -> None:
    pair = WitnessAddress(str(witness.verifier), "https://witness.example")
    assert cosigning.parse_witnesses(f"{witness.verifier} https://witness.example/") == (pair,)
    assert cosigning.parse_witnesses("") == ()
    log = offline.Verifier("x", LOG.public, offline.ED25519)
    for wrong in ("one-word", f"{log} https://x", f"{witness.verifier} ftp://x", "a+b+c https://x"):
        with pytest.raises(ValueError):
            cosigning.parse_witnesses(wrong)
