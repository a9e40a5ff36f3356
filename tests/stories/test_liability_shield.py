"""The liability shield: a negotiated price that stood in both places for its period, with an objection decided in
between; signing refused before, allowed after; and a package that shows it to a stranger without us."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

from techmarket.cli.verify import verify_path
from techmarket.db.means import Means
from techmarket.dossiers import package
from techmarket.transparency.keyset import trusted_keys
from tests.client import Api
from tests.stories.test_story_2 import START, a_negotiated_licence
from tests.stories.town import Json, Party, Town, a_town, at


async def a_shielded_contract(town: Town) -> tuple[str, Party, Party, Party]:
    """Published 27 February, on the unit's board 2 March, objected to on day 14, dismissed, signed on 24 March."""
    university = await town.a_university()
    buyer = await town.a_party("ENTERPRISE", "Sample enterprise P")
    rival = await town.a_party("ENTERPRISE", "Sample enterprise Q")
    contract = await a_negotiated_licence(town, university, buyer, await town.an_achievement(university))
    path, document = f"/v1/contracts/{contract['id']}", {"document_sha256": contract["document_sha256"]}
    notice = (await town.post(f"{path}/signing", {**document, "related_party": False}, by=university))["notice_id"]
    await town.move_to(at(3, 2, 10))
    await town.hang(notice, university)
    await town.move_to(at(3, 16, 15))
    objection: Json = {"grounds": "The buyer belongs to a completer's family. Sample data."}
    # An inventor may object to what his own employer publishes.
    inventor = university.people["A"]
    filed = (await town.api.post(f"/v1/notices/{notice}/objections", json=objection, key=inventor.key)).json()
    await town.move_to(at(3, 20, 11))
    decision: Json = {"upheld": False, "reasons": "Published with the price. Sample data."}
    await town.post(f"/v1/objections/{filed['id']}/decision", decision, by="operator")
    await town.move_to(at(3, 23, 23, 59))
    assert await town.refused(f"{path}/signatures", document, by=university) == (409, "notices.still_running")
    await town.move_to(at(3, 24))
    await town.post(f"{path}/signatures", document, by=university)
    await town.post(f"{path}/signatures", document, by=buyer)
    await town.settle()
    return contract["id"], university, buyer, rival


async def test_the_package_of_the_contract_shows_the_whole_disclosure_to_a_stranger_with_no_network(
    api: Api, means: Means, tmp_path: Path
) -> None:
    town = await a_town(api, means, START)
    contract, university, buyer, rival = await a_shielded_contract(town)
    address = f"/v1/contracts/{contract}/evidence"
    taken = await api.get(address, key=university.key)
    assert (taken.status_code, taken.headers["content-type"]) == (200, "application/zip")
    raw = taken.content
    served = await town.get("/.well-known/techmarket-keys.json")
    trusted = trusted_keys(served)

    verdict = package.verify(raw, trusted)
    assert (verdict.fault, verdict.subject) == (None, f"contract:{contract}")
    assert verdict.checked == (
        "archive",
        "seal",
        "files",
        "checkpoint",
        "growth",
        "inclusion",
        "subject",
        "texts",
        "grounds",
        "periods",
    )
    assert verdict.not_checked == ("facts", "completeness", "time", "readings", "witnesses", "keys")
    (notice,) = verdict.notices
    assert (notice["kind"], notice["length"], notice["objections"], notice["upheld"]) == (
        "PRICE",
        {"n": 15, "unit": "days"},
        1,
        0,
    )
    assert notice["ends_at"] == "2026-03-23T16:00:00+00:00"  # 24:00 of 23 March in Shanghai
    assert notice["cleared_at"] >= notice["ends_at"]

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = archive.namelist()
        rows = [json.loads(one["row"]) for one in json.loads(archive.read("entries/000001.json"))["entries"]]
        assert archive.read("summary.pdf").startswith(b"%PDF-")
    kinds = [row["kind"] for row in rows]
    for wanted in (
        "notices.opened",
        "notices.started",
        "notices.objection_filed",
        "notices.objection_decided",
        "notices.cleared",
        "signing.signature_put",
        "contracts.contract_in_force",
    ):
        assert wanted in kinds
    assert kinds.count("notices.posted") == 2  # in both places
    assert f"texts/{notice['document_sha256']}.json" in names
    assert kinds.index("notices.cleared") < kinds.index("signing.signature_put")

    # The command says the same, from the file and the published keys alone.
    (tmp_path / "evidence.zip").write_bytes(raw)
    (tmp_path / "keys.json").write_text(json.dumps(served))
    said = io.StringIO()
    console = Console(file=said, width=200)
    assert verify_path(tmp_path / "evidence.zip", tmp_path / "keys.json", console) == 0
    assert "every period was counted again" in said.getvalue()
    (tmp_path / "bent.zip").write_bytes(raw.replace(b"PRICE", b"PRICF", 1))
    assert verify_path(tmp_path / "bent.zip", tmp_path / "keys.json", console) == 2

    # Bytes bent all over the archive, in files, names, headers and the directory at its end.
    for place in [*range(0, len(raw), max(1, len(raw) // 150)), *range(len(raw) - 60, len(raw))]:
        bent = raw[:place] + bytes([raw[place] ^ 0x01]) + raw[place + 1 :]
        assert not package.verify(bent, trusted).is_valid, place

    # Whoever is not concerned does not learn that there is such a contract; the buyer is not shown who objected.
    for stranger in (rival, buyer):
        refused = await api.get(address, key=stranger.key)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await api.get(address)).status_code == 401
    whole = (await api.get(address, key=town.staff["operator"])).content
    assert package.verify(whole, trusted).is_valid
    # Who objected is told to the market, and not to the objector's own employer.
    inventor = university.people["A"].id.encode()
    assert (inventor in entries_of(raw), inventor in entries_of(whole)) == (False, True)


def entries_of(raw: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist() if name.startswith("entries/"))


@pytest.mark.parametrize("kind", ["listings", "trades", "contracts"])
async def test_of_what_does_not_exist_there_is_no_package(api: Api, means: Means, kind: str) -> None:
    town = await a_town(api, means, START)
    nothing = await api.get(f"/v1/{kind}/00000000-0000-7000-8000-000000000000/evidence", key=town.staff["operator"])
    assert (nothing.status_code, nothing.json()["code"]) == (404, "not_found")
