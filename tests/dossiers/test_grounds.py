"""What a sale rests on, its unit's approval and co-owners' consents: in the file, its proof and the package."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from rich.console import Console
from sqlalchemy import text

from techmarket.cli.verify import verify_path
from techmarket.db.means import Means
from techmarket.dossiers import package, rules
from techmarket.transparency.keyset import trusted_keys
from tests.client import Api
from tests.dossiers.test_package import files_of, inside, put, sealed_again
from tests.stories import way
from tests.stories.town import Json, Party, Town, a_town

FLOOR = "412345.67"
LIES: list[tuple[str, Callable[[Json], Any]]] = [
    ("a hash that no entry names", lambda d: put(d, "00" * 32, "approvals", 0, "document_sha256")),
    ("another approval", lambda d: put(d, d["consents"][0]["id"], "approvals", 0, "id")),
    ("a consent nobody gave", lambda d: d["consents"].append({**d["consents"][0], "id": "x"})),
    ("no list at all", lambda d: d.pop("consents")),
]


async def an_approval(town: Town, unit: Party, achievement: str, **more: object) -> Json:
    """The unit's collective decision with minutes and diligence, signed by two of its people."""
    people = [unit.people[title] for title in ("officer", "administrator")]
    body = {
        "achievement_ids": [achievement],
        "modes": ["LICENCE"],
        "floor": {"amount": FLOOR, "currency": "CNY"},
        "decided_on": "2026-02-02",
        "evidence": [
            {"label": label, "sha256": await town.evidence(unit, f"Sample {label}")}
            for label in ("MINUTES", "DILIGENCE")
        ],
        "signatories": [person.id for person in people],
    }
    drawn = await town.post("/v1/approvals", body | more, by=unit)
    for person in people:
        signature = {"document_sha256": drawn["document_sha256"]}
        await town.post(f"/v1/approvals/{drawn['id']}/signature", signature, by=person)
    return drawn


async def an_owned_achievement(town: Town, unit: Party, partner: Party) -> str:
    """Half of it is the unit's, the rest belongs to another university and to one of the inventors himself."""
    inventor = unit.people["B"].id
    owners = [
        {"organisation_id": unit.id, "share": "0.5"},
        {"organisation_id": partner.id, "share": "0.3"},
        {"person_id": inventor, "share": "0.2"},
    ]
    body = {"title_en": "Sample", "abstract_en": "Sample data", "owners": owners, "completers": [inventor]}
    made = await town.post("/v1/achievements", body, by=unit)
    await town.post(f"/v1/achievements/{made['id']}/record", by=unit)
    scope = {"modes": ["LICENCE"], "licence_kinds": ["SOLE"]}
    asked = await town.post(f"/v1/achievements/{made['id']}/consents", scope, by=unit)
    for one in asked["items"]:
        signer = partner if one["organisation_id"] == partner.id else unit.people["B"]
        read = await town.get(f"/v1/consents/{one['id']}", by=signer)
        await town.post(f"/v1/consents/{one['id']}/signature", {"document_sha256": read["document_sha256"]}, by=signer)
    return str(made["id"])


async def an_announced_sale(town: Town, *, hidden: bool = False) -> tuple[way.Sale, Party, Json]:
    unit, partner = await town.a_university(), await town.a_party("UNIVERSITY", "Sample University 2 / 示例大学二")
    achievement = await an_owned_achievement(town, unit, partner)
    approval = await an_approval(town, unit, achievement)
    terms = {
        "title_en": "Sample",
        "summary_en": "Sample data",
        "mode": "LICENCE",
        "licence_kind": "SOLE",
        "price_form": "FIXED",
        "price": {"amount": "500000.00", "currency": "CNY"},
        "approval_ids": [approval["id"]],
    }
    body: Json = {"kind": "OFFER", "terms": terms, "achievement_ids": [achievement]}
    body |= {"tiers": {"approval_ids": "NDA"}} if hidden else {}
    offer = await town.post("/v1/listings", body, by=unit)
    await town.post(f"/v1/listings/{offer['id']}/submission", by=unit)
    await town.accept(offer["id"])
    sale = way.Sale(town, unit, {}, achievement, offer["id"])
    await way.announce(sale)
    await town.settle()
    return sale, partner, approval


async def test_the_file_names_approvals_and_consents_with_their_places_and_neither_people_nor_floor(
    api: Api, means: Means, tmp_path: Path
) -> None:
    town = await a_town(api, means, way.START)
    sale, partner, approval = await an_announced_sale(town)
    address = f"/v1/trades/{sale.trade['id']}/file"
    file, proof = await town.get(address), await town.get(f"{address}/proof")
    (shown,) = file["approvals"]
    assert (shown["id"], shown["kind"], shown["state"]) == (approval["id"], "COLLECTIVE_DECISION", "IN_FORCE")
    assert shown["document_sha256"] == approval["document_sha256"]
    assert [one["label"] for one in shown["evidence"]] == ["MINUTES", "DILIGENCE"]
    org, person = sorted(file["consents"], key=lambda one: one["organisation_id"] is None)
    assert (org["organisation_id"], org["organisation"], org["state"]) == (partner.id, partner.name, "GIVEN")
    assert (person["organisation_id"], person["organisation"], person["is_standing"]) == (None, None, True)
    places = {entry["position"]: entry for entry in file["entries"]}
    assert places[shown["position"]]["kind"] == "achievements.approval_in_force"
    assert places[shown["position"]]["entry_id"] is not None  # its row names the office alone
    for one in (org, person):
        entry = places[one["position"]]
        assert (entry["kind"], entry["entry_id"]) == ("achievements.co_owner_consented", None)

    page = (await api.get(f"/trades/{sale.trade['id']}/file")).text
    async with means.tx.read() as db:
        people = [str(one) for one in (await db.execute(text("SELECT id FROM person"))).scalars()]
    assert len(people) > 10
    for where in (json.dumps(file), json.dumps(proof), page):
        assert [one for one in people if one in where] == []
        assert FLOOR not in where
    assert approval["document_sha256"] in page
    assert partner.name in page

    (tmp_path / "keys.json").write_text(json.dumps(await town.get("/.well-known/techmarket-keys.json")))
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    said = io.StringIO()
    assert verify_path(tmp_path / "proof.json", tmp_path / "keys.json", Console(file=said, width=400)) == 0
    kinds = [entry["kind"] for entry in proof["entries"]]
    assert kinds.count("trading.rests_on") == 3
    assert kinds.count("achievements.approval_in_force") == 1
    # The file tells of a revocation, and that the approval stood when the trade was announced.
    await town.post(f"/v1/approvals/{approval['id']}/revocation", by=sale.university)
    await town.settle()
    (revoked,) = (await town.get(address))["approvals"]
    assert (revoked["state"], revoked["position"]) == ("REVOKED", shown["position"])


async def test_an_approval_whose_pointer_is_not_public_is_told_of_nowhere_and_stands_in_the_owners_package(
    api: Api, means: Means
) -> None:
    town = await a_town(api, means, way.START)
    sale, _, approval = await an_announced_sale(town, hidden=True)
    address = f"/v1/trades/{sale.trade['id']}"
    file, proof = await town.get(f"{address}/file"), await town.get(f"{address}/file/proof")
    assert file["approvals"] == []
    for where in (json.dumps(file), json.dumps(proof)):
        assert approval["id"] not in where
    assert [e["kind"] for e in file["entries"] if "approval" in e["kind"]] == []
    raw = (await api.get(f"{address}/evidence", key=sale.university.key)).content
    assert [one["id"] for one in json.loads(files_of(raw)["grounds.json"])["approvals"]] == [approval["id"]]


async def test_the_package_lists_them_proves_each_and_gives_their_texts_to_the_owner_alone(
    api: Api, means: Means
) -> None:
    town = await a_town(api, means, way.START)
    sale, partner, approval = await an_announced_sale(town)
    other = await another_sale_on(town, sale)
    trusted = trusted_keys(await town.get("/.well-known/techmarket-keys.json"))
    address = f"/v1/trades/{sale.trade['id']}/evidence"
    own = (await api.get(address, key=sale.university.key)).content
    market = (await api.get(address, key=town.staff["operator"])).content
    for raw, texts in ((own, True), (market, False)):
        verdict = package.verify(raw, trusted)
        assert (verdict.fault, "grounds" in verdict.checked) == (None, True)
        files = files_of(raw)
        grounds = json.loads(files["grounds.json"])
        assert [one["id"] for one in grounds["approvals"]] == [approval["id"]]
        assert {one["organisation_id"] for one in grounds["consents"]} == {partner.id, None}
        whole = b"".join(body for name, body in files.items() if name != "summary.pdf")
        assert (f"texts/{approval['document_sha256']}.json" in files) is texts
        assert (FLOOR.encode() in whole) is texts
        # What rests on the same approval elsewhere is another file.
        assert other.encode() not in whole
        for person in (sale.university.people["officer"].id, sale.university.people["B"].id):
            named = person.encode() in files["grounds.json"]
            assert not named

    # Rows name the office; the owner's package opens the codes of his own people, and no others.
    operator = await the_person_of(means, town)
    opened = [entry.get("actor") for entry in entries_of(own)]
    assert {one["person"] for one in opened if one} <= {p.id for p in sale.university.people.values()}
    assert sale.university.people["officer"].id in {one["person"] for one in opened if one}
    assert operator in {one["actor"]["person"] for one in entries_of(market) if one.get("actor")}
    assert operator not in b"".join(files_of(own).values()).decode("utf-8", "replace")

    for what, change in LIES:
        assert (
            package.verify(sealed_again(own, means.keys, inside("grounds.json", change)), trusted).fault == "grounds"
        ), what
    first = next(n for n, one in enumerate(entries_of(own)) if one.get("actor"))
    for lie in ({"person": operator, "salt": "00" * 16}, {"person": "nobody", "salt": "00"}, {"person": operator}, 7):
        bent = sealed_again(
            own, means.keys, inside("entries/000001.json", lambda d, lie=lie: put(d, lie, "entries", first, "actor"))
        )
        assert package.verify(bent, trusted).fault == "inclusion", lie
    without = sealed_again(own, means.keys, lambda files: files.pop("grounds.json") and None)
    assert package.verify(without, trusted).fault is None  # the first packages had no such list


def entries_of(raw: bytes) -> list[Json]:
    """The entries of the first part, which holds them all here."""
    return list(json.loads(files_of(raw)["entries/000001.json"])["entries"])


async def the_person_of(means: Means, town: Town) -> str:
    async with means.tx.read() as db:
        query = "SELECT actor FROM journal_entry WHERE kind = 'trading.announced' LIMIT 1"
        return str((await db.execute(text(query))).scalar_one())


async def another_sale_on(town: Town, sale: way.Sale) -> str:
    """A second trade of the same unit that rests on the same approval; its id."""
    why = {"cause": "OTHER", "reasons": "Sample"}
    await town.post(f"/v1/trades/{sale.trade['id']}/termination", why, by="operator")
    again = way.Sale(town, sale.university, {}, sale.achievement, sale.listing)
    await way.announce(again)
    await town.settle()
    return str(again.trade["id"])


@pytest.mark.parametrize("kind", sorted(rules.OF_A_UNIT))
def test_rows_from_before_people_had_codes_tell_nothing_of_who_decided_in_a_unit(kind: str) -> None:
    unit = uuid4()
    assert rules.is_shown_whole(kind, unit, {unit})
    assert not rules.is_shown_whole(kind, unit, {unit}, names_a_person=True)
