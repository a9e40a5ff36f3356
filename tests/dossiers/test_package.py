"""Evidence packages of real trades: what is in them for whom, and that whatever is changed in one shows."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.disclosure import steps as disclosure
from techmarket.dossiers import package
from techmarket.dossiers.packing import Packing
from techmarket.dossiers.service import taking
from techmarket.kernel.canonical import canonical_json, sha256_hex
from techmarket.kernel.seals import SealKey
from techmarket.transparency import service as transparency
from techmarket.transparency.keyset import trusted_keys
from techmarket.transparency.offline import Checkpoint
from tests.client import Api
from tests.stories import way
from tests.stories.test_story_1 import asked_and_read
from tests.stories.town import Json, a_town

Files = dict[str, bytes]


def files_of(raw: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sealed_again(raw: bytes, keys: Keys, change: Callable[[Files], None]) -> bytes:
    """The package with something changed inside, and a good seal over it: as if the market itself had lied."""
    files = files_of(raw)
    manifest = json.loads(files.pop(package.MANIFEST))
    files.pop(package.SEAL)
    change(files)
    out = io.BytesIO()
    packing = Packing(out)
    for name, body in files.items():
        packing.add(name, body)
    packing.seal(keys.receipts, **{name: manifest[name] for name in ("subject", "reader", "made_at")})
    return out.getvalue()


def packed_as(files: list[tuple[str, bytes]]) -> bytes:
    """The archive in its one spelling, whatever is in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, body in files:
            package.put(archive, name, body)
    return out.getvalue()


def inside(name: str, change: Callable[[Json], Any]) -> Callable[[Files], None]:
    def bend(files: Files) -> None:
        document = json.loads(files[name])
        change(document)
        files[name] = canonical_json(document)

    return bend


def put(document: Json, value: Any, *path: Any) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value


def add_a_text(files: Files) -> None:
    body = b'{"said":"never"}'
    files[f"texts/{sha256_hex(body)}.json"] = body


def change_a_text(files: Files) -> None:
    """Other words under a name that the log knows."""
    name = next(name for name in files if name.startswith("texts/"))
    files[name] = b'{"said":"never"}'


LIES: list[tuple[str, str, Callable[[Files], None]]] = [
    ("the way from an earlier checkpoint", "growth", inside("log.json", lambda d: d["grew_from"][0]["path"].reverse())),
    (
        "an earlier checkpoint nobody signed",
        "growth",
        inside("log.json", lambda d: put(d, "none", "grew_from", 0, "kid")),
    ),
    (
        "the size of an earlier checkpoint",
        "growth",
        inside("log.json", lambda d: put(d, d["checkpoint"], "grew_from", 0, "checkpoint")),
    ),
    ("no word of growth", "growth", inside("log.json", lambda d: d.pop("grew_from"))),
    ("the checkpoint", "checkpoint", inside("log.json", lambda d: put(d, "none", "kid"))),
    (
        "a row",
        "inclusion",
        inside("entries/000001.json", lambda d: put(d, d["entries"][1]["row"], "entries", 0, "row")),
    ),
    (
        "an entry told twice",
        "inclusion",
        inside("entries/000002.json", lambda d: d["entries"].append(d["entries"][-1])),
    ),
    ("the order of the entries", "inclusion", inside("entries/000001.json", lambda d: d["entries"].reverse())),
    ("a text nobody logged", "texts", add_a_text),
    ("a text that is not the one of its name", "texts", change_a_text),
    ("the end of a period", "periods", inside("notices.json", lambda d: put(d, "2026-01-01", "notices", 0, "ends_at"))),
    ("a notice left out", "periods", inside("notices.json", lambda d: d["notices"].pop())),
    (
        "a holiday that is none",
        "periods",
        inside("notices.json", lambda d: put(d, {"2026-03-05": False}, "calendar", "overrides")),
    ),
]


@pytest.mark.slow
async def test_the_packages_of_a_trade_and_its_listing_hold_what_was_read_and_refused_and_verify_offline(
    api: Api, means: Means, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "CHUNK", 9)
    monkeypatch.setattr(disclosure, "PIECE", 2)
    town = await a_town(api, means, way.START)
    sale = await way.a_published_offer(town)
    await asked_and_read(town, sale)
    await way.announce(sale)
    await way.qualify(sale)
    await town.move_to(way.BIDDING_OPENS)
    for letter, amount in way.BIDS.items():
        await way.bid(sale, letter, amount)
    await way.close(sale)
    await town.settle()
    trusted: dict[str, SealKey] = {
        seal.kid: seal.public for seal in (means.keys.log, means.keys.issuer, means.keys.receipts)
    }
    counts = {}
    for subject in (f"trades/{sale.trade['id']}", f"listings/{sale.listing}"):
        for by in (sale.university, "operator"):
            taken = await api.get(f"/v1/{subject}/evidence", key=town.key_of(by))
            assert (taken.status_code, len(taken.content)) == (200, int(taken.headers["content-length"]))
            verdict = package.verify(taken.content, trusted)
            assert (verdict.fault, verdict.subject) == (None, subject.replace("s/", ":"))
            assert sorted(one["kind"] for one in verdict.notices) == ["ANNOUNCEMENT", "RESULT"]
            files = files_of(taken.content)
            assert len([name for name in files if name.startswith("entries/")]) > 1
            assert list(files)[-2:] == ["manifest.json", "manifest.sig.json"]
            assert files["summary.pdf"].startswith(b"%PDF-")
            for name in ("summary.pdf", "manifest.json", "log.json", "entries/", "texts/", "notices.json", "keys.json"):
                assert f"`{name}" in files["README.md"].decode()
            (earlier, *_) = json.loads(files["log.json"])["grew_from"]
            assert earlier["path"] != []
            parts = [json.loads(files[f"access-log/00000{n}.json"]) for n in (1, 2)]
            assert [part["room"] for part in parts] == [f"listing:{sale.listing}"] * 2
            readings = [line for part in parts for line in part["readings"]]
            assert [(line["outcome"], line["organisation_id"]) for line in readings] == [
                ("READ", sale.buyers["X"].id),
                ("READ", sale.university.id),
                ("REFUSED", sale.buyers["Z"].id),
            ]
            counts[subject, by if isinstance(by, str) else "owner"] = verdict.entries
        for stranger in sale.buyers.values():
            refused = await api.get(f"/v1/{subject}/evidence", key=stranger.key)
            assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    # The market holds more than the owner: who asked a question.
    listing, trade = f"listings/{sale.listing}", f"trades/{sale.trade['id']}"
    assert counts[listing, "operator"] > counts[listing, "owner"] > counts[trade, "owner"]

    raw = (await api.get(f"/v1/{trade}/evidence", key=sale.university.key)).content
    assert package.verify(sealed_again(raw, means.keys, lambda files: None), trusted).fault is None
    for what, fault, change in LIES:
        assert package.verify(sealed_again(raw, means.keys, change), trusted).fault == fault, what
    # Under the seal that was given: a file more, a file less, two in another order.
    files = list(files_of(raw).items())
    extra = [("notes.txt", b"{}"), *files]
    for others in (extra, files[1:], [files[1], files[0], *files[2:]]):
        assert package.verify(packed_as(others), trusted).fault == "files"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in files_of(raw).items():
            packed.writestr(name, body)
    assert package.verify(out.getvalue(), trusted).fault == "archive"

    other = json.loads(files_of(raw)["manifest.json"]) | {"subject": f"trade:{sale.listing}"}
    assert package.verify(under(raw, means.keys, other), trusted).fault == "subject"


def under(raw: bytes, keys: Keys, manifest: Json) -> bytes:
    """The package under another manifest with a good seal."""
    files = files_of(raw)
    files["manifest.json"] = body = canonical_json(manifest)
    signature = keys.receipts.sign(package.SEALED + body).hex()
    files["manifest.sig.json"] = canonical_json({"kid": keys.receipts.kid, "signature": signature})
    return packed_as(list(files.items()))


async def test_before_a_checkpoint_covers_it_there_is_no_package_and_nothing_is_left_open(
    api: Api, means: Means
) -> None:
    town = await a_town(api, means, way.START)
    sale = await way.a_published_offer(town)
    early = await api.get(f"/v1/listings/{sale.listing}/evidence", key=sale.university.key)
    assert (early.status_code, early.json()["code"]) == (409, "dossiers.nothing_provable_yet")


async def test_after_a_restore_what_was_logged_before_is_still_proven_to_be_in_the_log_that_went_on(
    api: Api, means: Means
) -> None:
    town = await a_town(api, means, way.START)
    sale = await way.a_published_offer(town)
    await town.settle()
    path = f"/v1/listings/{sale.listing}/evidence"
    trusted = {seal.kid: seal.public for seal in (means.keys.log, means.keys.issuer, means.keys.receipts)}
    await transparency.open_new_log(means.tx)
    await transparency.open_new_log(means.tx)
    await town.settle()
    raw = (await api.get(path, key=sale.university.key)).content
    log = json.loads(files_of(raw)["log.json"])
    assert {one["log_id"] for one in log["grew_from"]}.isdisjoint({log["log_id"]})
    assert len(log["opened"]) == 2
    assert package.verify(raw, trusted).fault is None
    for what, change in (
        ("no word of the restore", lambda d: d["opened"].clear()),
        ("one of two restores", lambda d: d["opened"].pop()),
        ("an entry that is no restore", lambda d: put(d, first_entry(raw), "opened", 0)),
        ("a row nobody logged", lambda d: put(d, d["opened"][1]["row"], "opened", 0, "row")),
        ("a former checkpoint under the present name", lambda d: put(d, d["log_id"], "grew_from", 0, "log_id")),
        ("a restore without its parts", lambda d: put(d, {}, "opened", 0)),
    ):
        assert package.verify(sealed_again(raw, means.keys, inside("log.json", change)), trusted).fault == "growth", (
            what
        )


def first_entry(raw: bytes) -> Json:
    entry: Json = json.loads(files_of(raw)["entries/000001.json"])["entries"][0]
    entry.pop("actor", None)
    return entry


def test_of_a_former_log_counts_only_what_was_left_of_it() -> None:
    now = Checkpoint("techmarket/log/c", 9, b"")
    said = {"log_id": "c", "opened": [{"row": ("c", "b", 7)}, {"row": ("b", "a", 8)}, {"row": ("x", "y", 5)}]}

    def shown(entry: Json, _: object) -> Json:
        log_id, before, size = entry["row"]
        named = [f"log:{log_id}", f"previous_log:{before}"]
        return {"kind": "transparency.log_opened", "refs": named, "facts": {"previous_size": size}}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(package, "_entry", lambda one: one)
        patch.setattr(package.evidence, "check_included", shown)
        assert package._left_of_logs(said, now) == {"c": 9, "b": 7, "a": 7}


async def test_a_package_counts_under_a_key_for_such_seals_and_while_that_key_was_in_use(
    api: Api, means: Means
) -> None:
    town = await a_town(api, means, way.START)
    sale = await way.a_published_offer(town)
    await town.settle()
    raw = (await api.get(f"/v1/listings/{sale.listing}/evidence", key=sale.university.key)).content
    made_at = datetime.fromisoformat(json.loads(files_of(raw)["manifest.json"])["made_at"])
    published = await api.get("/.well-known/techmarket-keys.json")
    trusted = trusted_keys(published.json())
    assert package.verify(raw, trusted).fault is None
    keys = means.keys
    for other in (keys.issuer, keys.log):
        forged = sealed_again(raw, replace(keys, receipts=other), lambda files: None)
        assert package.verify(forged, trusted).fault == "seal"
    retired = trusted_keys(published.json())
    retired.until[keys.receipts.kid] = made_at
    assert package.verify(raw, retired).fault == "seal"
    retired.until[keys.receipts.kid] = made_at + timedelta(seconds=1)
    assert package.verify(raw, retired).fault is None
    retired.uses[keys.log.kid] = "receipts"
    assert package.verify(raw, retired).fault == "checkpoint"
