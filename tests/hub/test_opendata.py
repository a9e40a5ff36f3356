"""Open data: what is published of a trade holds against the official schema, and tells nothing that is not public."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4
from sqlalchemy import text

from techmarket.cli.dictionary_page import dictionary_page
from techmarket.hub import merging, opendata
from techmarket.hub.merging import TooManyVersions, compile_releases, version_releases
from techmarket.hub.service import opening
from tests.identity.make import an_organisation
from tests.stories import way
from tests.stories.town import a_town, moment, yuan

FOLDER = Path(__file__).parent / "ocds"
ROOT = Path(__file__).parents[2]
RELEASE = "https://standard.open-contracting.org/1.1/en/release-schema.json"


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / name).read_text())
    return loaded


def merged(target: Any, patch: Any) -> Any:
    """JSON Merge Patch (RFC 7396), by which the standard applies an extension."""
    if not isinstance(patch, dict):
        return patch
    out = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merged(out.get(name), value)
    return out


def _release_schema() -> dict[str, Any]:
    found = merged(merged(schema("release-schema.json"), schema("bids-extension.json")), opendata.EXTENSION_SCHEMA)
    assert isinstance(found, dict)
    return found


RELEASE_SCHEMA = _release_schema()


def errors(document: Any, kind: str) -> list[str]:
    """What the official package schema, with both extensions, has against it. Its schemas are of draft 4."""
    package = schema(f"{kind}-package-schema.json")
    resource = Resource(RELEASE_SCHEMA, DRAFT4)
    known = [(uri, resource) for uri in (RELEASE, RELEASE.replace("/1.1/en/", "/schema/1__1__5/"))]
    # Whatever form the package names the release schema by, it is the one above.
    named = {part for part in json.dumps(package).split('"') if "release-schema.json" in part}
    known += [(uri.partition("#")[0], resource) for uri in named if "versioned" not in uri]
    versioned = Resource(schema("versioned-release-validation-schema.json"), DRAFT4)
    known += [(part.partition("#")[0], versioned) for part in json.dumps(package).split('"') if "versioned" in part]
    validator = Draft4Validator(package, registry=Registry().with_resources(known), format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def codelist(name: str) -> set[str]:
    with (FOLDER / "codelists" / f"{name}.csv").open() as file:
        return {row["Code"] for row in csv.DictReader(file)}


def of_no_codelist(release: dict[str, Any]) -> list[str]:
    """Codes of a release that the standard's and the extension's lists do not name, open lists included."""
    tender, found = release["tender"], []
    told = {
        "releaseTag": release["tag"],
        "initiationType": [release["initiationType"]],
        "partyRole": [role for party in release["parties"] for role in party["roles"]],
        "tenderStatus": [tender["status"]],
        "method": [tender["procurementMethod"]],
        "procurementCategory": [tender["mainProcurementCategory"]],
        "awardCriteria": [tender["awardCriteria"]],
        "submissionMethod": tender["submissionMethod"],
        "awardStatus": [one["status"] for one in release.get("awards", ())],
        "contractStatus": [one["status"] for one in release.get("contracts", ())],
        "documentType": [
            document["documentType"]
            for part in (tender, *release.get("awards", ()), *release.get("contracts", ()))
            for document in part.get("documents", ())
        ],
        "bidStatus": [one["status"] for one in release.get("bids", {}).get("details", ())],
        "submissionType": [one["submissionType"] for one in release.get("bids", {}).get("details", ())],
        "statistic": [one["measure"] for one in release.get("bids", {}).get("statistics", ())],
    }
    for name, codes in told.items():
        found += [f"{name}: {code}" for code in set(codes) - codelist(name)]
    return sorted(found)


OUR_ROLES = {"partyRole: seller"}
"""A sale has a seller, and the standard, which is about buying, has no word for one."""


@pytest.mark.parametrize("example", ["ocds-213czf-000-00001-04-award.json"])
def test_the_validator_takes_an_official_example_and_finds_what_is_wrong_with_it(example: str) -> None:
    document = json.loads((FOLDER / example).read_text())
    assert errors(document, "release") == []
    document["releases"][0]["tag"] = ["sold"]
    document["releases"][0]["awards"][0].pop("id")
    document["releases"][0]["bids"] = {"details": [{"status": "winning"}]}
    found = errors(document, "release")
    assert len(found) == 4, found


async def read(api: Any, path: str) -> Response:
    answer: Response = await api.get(path)
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_trade_that_is_not_announced_is_in_no_open_data(api, means):
    town = await a_town(api, means, way.START)
    sale = await way.a_published_offer(town)
    body = {"listing_id": sale.listing, "deposit": yuan("0.00"), "start_price": yuan("500000.00")}
    hidden = await town.post("/v1/trades", body | {"increment": yuan("10000.00")}, by=sale.university)
    numbered = f"/v1/open-data/ocds/records/ocds-000000-{hidden['number']}"
    assert [(await api.get(path)).status_code for path in ("/v1/open-data/ocds/releases", numbered)] == [404, 404]
    assert (await read(api, "/v1/open-data/ocds/releases.jsonl")).text == ""


async def test_a_sale_is_valid_open_data_at_every_stage_and_names_no_losing_bidder(api, means):
    town = await a_town(api, means, way.START)
    sale = await way.a_published_offer(town)
    await way.announce(sale)
    ocid = f"ocds-000000-{sale.trade['number']}"
    address = f"/v1/open-data/ocds/records/{ocid}"
    announced = (await read(api, address)).json()
    assert errors(announced, "record") == []
    (tender,) = announced["records"][0]["releases"]
    assert (tender["tag"], tender["tender"]["status"], tender["tender"]["procurementMethod"]) == (
        ["tender"],
        "active",
        "open",
    )
    assert tender["tender"]["minValue"] == {"amount": 500000, "currency": "CNY"}
    await way.qualify(sale)
    await town.move_to(way.BIDDING_OPENS)
    for letter, amount in way.BIDS.items():
        await way.bid(sale, letter, amount)
    running = (await read(api, address)).json()["records"][0]["compiledRelease"]
    assert "bids" not in running
    await way.close(sale)

    record = (await read(api, address)).json()
    assert errors(record, "record") == []
    whole = record["records"][0]["compiledRelease"]
    assert whole["ocid"] == ocid
    assert next(one["value"]["amount"] for one in whole["awards"] if one["status"] == "pending") == 640000
    winner = {"id": whole["awards"][0]["suppliers"][0]["id"], "name": sale.buyers["X"].name}
    assert whole["awards"][0]["suppliers"] == [winner]
    measures = {one["measure"]: one["value"] for one in whole["bids"]["statistics"]}
    assert measures == {
        "bids": 3,
        "validBids": 3,
        "disqualifiedBids": 0,
        "bidders": 3,
        "lowestValidBidValue": 560000,
        "highestValidBidValue": 640000,
    }
    assert [one["field"] for one in whole["withheldInformation"]] == ["bids/details/tenderers"]
    for loser in ("Y", "Z"):
        assert sale.buyers[loser].name not in json.dumps(record, ensure_ascii=False)
        assert sale.buyers[loser].id not in json.dumps(record)
    tags = [one["tag"] for one in record["records"][0]["releases"]]
    assert tags == [["tender"], ["award"]]

    notice = await town.get(f"/v1/notices/{(await sale.awards())['X']['notice_id']}")
    await town.move_to(moment(notice["ends_at"]) + timedelta(seconds=1))
    contract = await way.a_contract(sale, "X")
    await way.sign(sale, contract, sale.university)
    await way.sign(sale, contract, sale.buyers["X"])
    signed = (await read(api, address)).json()
    assert errors(signed, "record") == []
    last = signed["records"][0]["compiledRelease"]
    assert [(one["status"], one["value"]["amount"]) for one in last["contracts"]] == [("active", 640000)]
    assert [one["field"] for one in last["withheldInformation"]] == ["bids/details/tenderers", "contracts/documents"]
    assert [one["tag"] for one in signed["records"][0]["releases"]] == [["tender"], ["award"], ["contract"]]
    again = (await read(api, address)).json()["records"]
    assert again == signed["records"]
    assert set(of_no_codelist(last)) <= OUR_ROLES
    versions = signed["records"][0]["versionedRelease"]["tender"]["status"]
    assert [(one["releaseTag"], one["value"]) for one in versions] == [(["tender"], "active"), (["award"], "complete")]
    listed = (await read(api, "/v1/open-data/ocds/records?limit=1")).json()
    assert errors(listed, "record") == []
    bulk = (await read(api, "/v1/open-data/ocds/records.jsonl")).text.splitlines()
    assert [json.loads(line) for line in bulk] == listed["records"] == signed["records"]

    package = (await read(api, "/v1/open-data/ocds/releases?limit=1")).json()
    assert errors(package, "release") == []
    assert [one["id"] for one in package["releases"]] == [one["id"] for one in signed["records"][0]["releases"]]
    lines = (await read(api, "/v1/open-data/ocds/releases.jsonl")).text.splitlines()
    assert [json.loads(line) for line in lines] == [last]
    table = (await read(api, "/v1/open-data/trades.csv")).content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["ocid"], row["winner"], row["price_cny"], row["contract_status"]) == (
        ocid,
        sale.buyers["X"].name,
        "640000.00",
        "active",
    )
    assert row["start_price_cny"] == "500000.00"
    dictionary = (await read(api, "/v1/open-data/dictionary.csv")).content.decode("utf-8-sig")
    assert [one["column"] for one in csv.DictReader(io.StringIO(dictionary))] == list(row)
    assert (await api.get("/v1/open-data/ocds/records/ocds-000000-ZJ-2026-999999")).status_code == 404


def test_the_data_dictionary_in_the_docs_is_the_one_that_the_code_makes():
    assert (ROOT / "docs" / "data-dictionary.md").read_text() == dictionary_page(), "run `make docs`"


def test_a_cell_of_the_table_is_never_a_formula():
    said = opendata.cell("=1+1"), opendata.cell("甲研究院"), opendata.cell("@x")
    assert said == ("'=1+1", "甲研究院", "'@x")


EXAMPLES = json.loads((FOLDER / "ocds-213czf-000-00001.json").read_text())
RECORD = json.loads((FOLDER / "record-ocds-213czf-000-00001.json").read_text())["records"][0]


def test_releases_come_to_what_the_standards_own_example_says_in_whatever_order_they_are_given():
    assert compile_releases(EXAMPLES["releases"]) == RECORD["compiledRelease"]
    assert compile_releases(EXAMPLES["releases"][::-1]) == RECORD["compiledRelease"]
    versioned = json.loads((FOLDER / "record-withversions.json").read_text())["records"][0]["versionedRelease"]
    assert version_releases(EXAMPLES["releases"]) == versioned
    gone = [{"ocid": "a", "date": "1", "x": 1, "y": {"z": 1}}, {"ocid": "a", "date": "2", "x": None, "y": {"z": None}}]
    assert compile_releases(gone) == {"tag": ["compiled"], "id": "a-2", "date": "2", "ocid": "a", "y": {}}


def test_values_that_change_their_kind_or_go_are_noted_without_a_fault():
    releases = [
        {"ocid": "a", "id": str(n), "date": str(n), "tag": ["planning"], "x": value}
        for n, value in enumerate([{"a": 1}, None, 7, [{"id": 1, "b": 2}], {"c": 3}, None, [{"id": 1}], "y", "y", None])
    ]
    versions = version_releases(releases)["x"]
    assert [one["value"] for one in versions][-2:] == ["y", None]
    with_nulls = [
        {"ocid": "a", "id": "1", "date": "1", "tag": [], "y": None},
        {"ocid": "a", "id": "2", "date": "2", "tag": [], "y": 1},
    ]
    assert [one["value"] for one in version_releases(with_nulls)["y"]] == [1]


def test_members_of_a_list_are_merged_each_by_its_id_whatever_stood_there_before():
    said = [
        5,
        [{"id": 1, "a": 1}, {"id": 2}],
        [{"id": 2, "b": None}, {"id": 1, "c": {"d": 2}}],
        [],
        [{"id": 1, "a": None}],
    ]
    releases = [{"ocid": "a", "date": str(n), "x": value} for n, value in enumerate(said)]
    assert compile_releases(releases)["x"] == [{"id": 1, "c": {"d": 2}}, {"id": 2}]
    assert compile_releases([*releases, {"ocid": "a", "date": "9", "x": ["y"]}])["x"] == ["y"]


def test_a_long_list_is_not_gone_through_again_for_each_release():
    """Ten thousand members and two hundred releases of one each: one look at each member, however many releases."""
    looks = 0

    class Id(str):
        def __str__(self) -> str:
            nonlocal looks
            looks += 1
            return super().__str__()

    def release(n: int, members: int) -> dict[str, Any]:
        return {
            "ocid": "a",
            "id": "a",
            "date": f"{n:03}",
            "tag": [],
            "x": [{"id": Id(m), "v": n} for m in range(members)],
        }

    releases = [release(n, 1 if n else 10_000) for n in range(200)]
    merged, versions = compile_releases(releases), version_releases(releases)
    assert (len(merged["x"]), merged["x"][0]["v"]) == (10_000, 199)
    assert (len(versions["x"]), len(versions["x"][0]["v"])) == (10_000, 200)
    assert looks == 2 * (10_000 + 199)


def test_versions_that_would_be_far_more_than_the_releases_are_not_made():
    release = {"ocid": "a", "id": "b" * 90, "date": "1", "tag": [], "x": [{"id": n, "v": 1} for n in range(100)]}
    assert len(version_releases([release], sources_max=15_000)["x"]) == 100
    with pytest.raises(TooManyVersions):
        version_releases([release], sources_max=10_000)


async def test_of_one_foreign_process_so_much_is_kept_as_can_be_merged_whenever_it_is_read(tx, keys, api, monkeypatch):
    unit = await an_organisation(tx, keys=keys)
    path = "/v1/open-data/ocds/foreign-releases"

    async def send(*names: str, ocid: str = "ocds-213czf-1", **more: Any) -> Any:
        said = {"ocid": ocid, "date": "2026-01-01T00:00:00Z", "tag": ["tender"], "initiationType": "tender", **more}
        return await api.post(path, key=unit.key, json={"releases": [{**said, "id": name} for name in names]})

    monkeypatch.setattr(opening, "RELEASES_EACH_MAX", 3)
    monkeypatch.setattr(opening, "BYTES_EACH_MAX", 2_000)
    assert (await send("a", "b", "c")).json()["accepted"] == 3
    for refused in (await send("d"), await send("a", ocid="ocds-213czf-2", title="x" * 2_000)):
        assert (refused.status_code, refused.json()["code"]) == (413, "hub.process_too_large")
    assert (await send("a", "c")).json()["unchanged"] == 2
    assert [(await send("d", ocid="ocds-213czf-2")).status_code, (await send("x", tag=["y" * 300])).status_code] == [
        201,
        422,
    ]
    monkeypatch.setattr(merging, "SOURCES_MAX", 10)
    (record,) = (
        await api.get("/v1/open-data/ocds/foreign-records", key=unit.key, params={"ocid": "ocds-213czf-1"})
    ).json()["records"]
    assert (len(record["releases"]), sorted(record)) == (3, ["compiledRelease", "ocid", "releases"])


async def test_a_foreign_file_is_kept_and_given_back_equal_in_meaning(tx, keys, api):
    unit, stranger = [await an_organisation(tx, keys=keys) for _ in range(2)]
    path = "/v1/open-data/ocds/foreign-releases"
    first = await api.post(path, key=unit.key, json=EXAMPLES)
    ocid = EXAMPLES["releases"][0]["ocid"]
    assert (first.status_code, first.json()) == (201, {"accepted": 6, "unchanged": 0, "ocids": [ocid]}), first.text
    assert (await api.post(path, key=unit.key, json=EXAMPLES)).json()["unchanged"] == 6
    back = await api.get("/v1/open-data/ocds/foreign-records", key=unit.key, params={"ocid": ocid})
    (record,) = back.json()["records"]
    assert record["releases"] == sorted(EXAMPLES["releases"], key=lambda one: str(one["date"]))
    assert record["compiledRelease"] == RECORD["compiledRelease"]
    assert (
        await api.get("/v1/open-data/ocds/foreign-records", key=stranger.key, params={"ocid": ocid})
    ).status_code == 404
    changed = json.loads(json.dumps(EXAMPLES))
    changed["releases"][0]["language"] = "fr"
    changed["releases"].append(changed["releases"][1] | {"id": "another"})
    refused = await api.post(path, key=unit.key, json=changed)
    assert (refused.status_code, refused.json()["code"]) == (409, "hub.release_changed")
    bad = ({}, {"releases": []}, {"releases": [1]}, {"releases": [{"ocid": "a"}]}, {"releases": "x"})
    codes = [(await api.post(path, key=unit.key, json=one)).json()["code"] for one in bad]
    assert codes == ["hub.not_a_release_package"] * 5
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM foreign_release"))).scalar_one() == 6
