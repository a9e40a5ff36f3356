"""Bulk import over HTTP."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from techmarket.achievements import steps as achievements
from techmarket.achievements.steps import Sale
from techmarket.identity.actor import OrgKind
from techmarket.kernel.ids import Ref
from tests.identity.make import a_market, an_organisation

SAMPLES = Path(__file__).parents[2] / "src" / "techmarket" / "samples"


def row(number: int, **changes: object) -> dict[str, object]:
    return {
        "external_id": f"X-{number}",
        "title_en": f"Sample {number}",
        "abstract_en": "示例数据 / sample data",
        "keywords": ["sample"],
        "rights": [{"kind": "INVENTION_PATENT", "number": "202310123456.6"}],
        "mode": "licence",
        "licence_kind": "ordinary",
        "price_form": "mixed",
        "price": {"amount": "500000.00", "currency": "CNY"},
        "terms": {"royalty_rate": "0.03", "royalty_base": "net_sales", "term_years": 6},
        "sample": True,
    } | changes


def lines(*rows: object) -> bytes:
    return b"\n".join(r if isinstance(r, bytes) else json.dumps(r).encode() for r in rows)


async def send(api, key, body, *, kind="offers", source="sample", submit="false", once=None):
    return await api.post(
        f"/v1/imports?kind={kind}&source={source}&submit={submit}",
        content=body,
        headers={"Content-Type": "application/x-ndjson"},
        key=key,
        once=once,
    )


@pytest.fixture
async def unit(tx, keys):
    return await an_organisation(tx, keys=keys, kind=OrgKind.UNIVERSITY)


async def count(tx, table):
    async with tx.read() as db:
        return (await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()


async def test_rows_become_recorded_achievements_and_listings_with_a_report_per_row(tx, api, unit):
    answer = await send(api, unit.key, lines(row(1), row(2)), submit="true")
    assert answer.status_code == 201, answer.text
    report = answer.json()
    assert (report["total"], report["accepted"], report["refused"], report["unchanged"]) == (2, 2, 0, 0)
    assert [(r["line"], r["external_id"], r["outcome"]) for r in report["rows"]] == [
        (1, "X-1", "accepted"),
        (2, "X-2", "accepted"),
    ]
    listing = (await api.get(f"/v1/listings/{report['rows'][0]['listing_id']}", key=unit.key)).json()
    assert (listing["state"], listing["terms"]["mode"], listing["terms"]["royalty_rate"]) == (
        "SUBMITTED",
        "LICENCE",
        "0.03",
    )
    assert listing["terms"]["scope"] == {"term_years": 6}
    assert listing["terms"]["attribution"] == {"sample": True}
    achievement = (await api.get(f"/v1/achievements/{listing['achievement_ids'][0]}", key=unit.key)).json()
    assert (achievement["state"], achievement["rights"][0]["number"]) == ("RECORDED", "202310123456.6")
    again = await api.get(f"/v1/imports/{report['id']}", key=unit.key)
    assert again.json() == report


BAD = {
    b"nonsense": "request.malformed_json",
    b"[1]": "hub.not_an_object",
    b'{"external_id": "a", "external_id": "b"}': "request.duplicate_key",
    b'{"external_id": "a", "title_en": "\\u0000"}': "request.bad_text",
    b'{"external_id": "a", "title_en": "\\ud800"}': "request.bad_text",
    b'{"external_id": "a", "trl": NaN}': "request.not_a_number",
    b"\xff\xfe": "request.malformed_json",
    b'{"a": ' * 200 + b"1" + b"}" * 200: "request.too_deep",
    json.dumps(row(11, title_en="a\u202eb")).encode(): "text.invisible_character",
    json.dumps(row(12, title_en="x" * 501)).encode(): "text.too_long",
    json.dumps(row(13, title_en=None)).encode(): "achievements.title_missing",
    json.dumps(row(14, price=1.5)).encode(): "wrong_type",
    json.dumps(row(15, price=None)).encode(): "listings.price_unfit",
    json.dumps(row(16, trl=10)).encode(): "out_of_range",
    json.dumps(row(17, surprise=1)).encode(): "unknown_field",
    json.dumps(row(18, external_id=None)).encode(): "wrong_type",
    json.dumps(row(19, unreadable="x")).encode(): "hub.row_unreadable",
    json.dumps(row(20, expires_on="2020-01-01")).encode(): "listings.expiry_passed",
    json.dumps(row(21, abstract_en=None)).encode(): "listings.summary_missing",
    json.dumps(row(22, rights=[{"kind": "DESIGN", "number": "1"}])).encode(): "achievements.patent_number_malformed",
    json.dumps(row(1, title_en="Sample 1 with another title")).encode(): "hub.external_id_twice",
    b'{"x": "' + b"y" * 600_000 + b'"}': "hub.line_too_long",
}


async def test_each_bad_row_is_refused_alone_with_its_reason(tx, api, unit):
    answer = await send(api, unit.key, lines(row(1), *BAD, row(2)), submit="true")
    assert answer.status_code == 201, answer.text
    rows = answer.json()["rows"]
    assert [r["refusal"]["code"] if r["refusal"] else "" for r in rows] == ["", *BAD.values(), ""]
    assert [rows[0]["outcome"], rows[-1]["outcome"]] == ["accepted", "accepted"]
    assert answer.json()["refused"] == len(BAD)
    assert (await count(tx, "listing"), await count(tx, "achievement")) == (2, 2)
    pointers = {r["refusal"]["code"]: r["refusal"]["pointer"] for r in rows if r["refusal"]}
    # A draft may be completed later, but what an import brings is on record.
    unsent = (await send(api, unit.key, lines(row(23, abstract_en=None)))).json()["rows"][0]["refusal"]
    assert (unsent["code"], unsent["pointer"]) == ("achievements.abstract_missing", "/abstract_zh")
    assert pointers["achievements.patent_number_malformed"] == "/rights/0/number"
    assert pointers["out_of_range"] == "/trl"


async def test_the_same_file_again_changes_nothing_and_a_changed_row_is_a_new_version(tx, api, unit):
    body = lines(row(1), row(2), row(1))
    first = (await send(api, unit.key, body)).json()
    assert [r["outcome"] for r in first["rows"]] == ["accepted", "accepted", "unchanged"]
    before = {table: await count(tx, table) for table in ("listing", "listing_version", "achievement")}
    second = (await send(api, unit.key, body)).json()
    assert [r["outcome"] for r in second["rows"]] == ["unchanged"] * 3
    assert [r["listing_id"] for r in second["rows"]] == [r["listing_id"] for r in first["rows"]]
    assert {table: await count(tx, table) for table in before} == before
    third = (await send(api, unit.key, lines(row(1, title_en="Another"), row(2)))).json()
    assert [r["outcome"] for r in third["rows"]] == ["accepted", "unchanged"]
    listing = (await api.get(f"/v1/listings/{first['rows'][0]['listing_id']}", key=unit.key)).json()
    assert (listing["terms"]["title_en"], listing["dossier"]["n"]) == ("Another", 2)
    achievement = (await api.get(f"/v1/achievements/{listing['achievement_ids'][0]}", key=unit.key)).json()
    assert achievement["title_en"] == "Another"
    assert await count(tx, "listing") == before["listing"]


async def test_a_changed_row_leaves_the_owners_and_completers_that_the_unit_named_since(tx, keys, api, unit):
    partner = await an_organisation(tx, keys=keys)
    await send(api, unit.key, lines(row(1)))
    [before] = (await api.get("/v1/achievements", key=unit.key)).json()["items"]
    address = f"/v1/achievements/{before['id']}"
    named = {
        "owners": [
            {"organisation_id": str(unit.actor.org), "share": "0.6"},
            {"organisation_id": str(partner.actor.org), "share": "0.4"},
        ],
        "completers": [str(unit.actor.person)],
    }
    tag = (await api.get(address, key=unit.key)).headers["ETag"]
    amended = await api.patch(address, json=named, key=unit.key, headers={"If-Match": tag})
    assert amended.status_code == 200, amended.text
    again = (await send(api, unit.key, lines(row(1, title_en="Sample, renamed")))).json()
    assert again["accepted"] == 1
    after = (await api.get(address, key=partner.key)).json()
    assert after["title_en"] == "Sample, renamed"
    assert (after["owners"], after["completers"]) == (amended.json()["owners"], named["completers"])


async def test_a_change_that_the_listing_does_not_take_any_more_is_refused_alone(tx, api, unit):
    made = (await send(api, unit.key, lines(row(1), row(2)))).json()["rows"]
    await api.post(f"/v1/listings/{made[0]['listing_id']}/withdrawal", key=unit.key)
    answer = (await send(api, unit.key, lines(row(1, title_en="Late"), row(2, title_en="In time")))).json()
    assert [r["outcome"] for r in answer["rows"]] == ["refused", "accepted"]
    assert answer["rows"][0]["refusal"]["code"] == "lifecycle.not_in_this_state"
    listing = (await api.get(f"/v1/listings/{made[0]['listing_id']}", key=unit.key)).json()
    assert listing["terms"]["title_en"] == "Sample 1"
    achievement = (await api.get(f"/v1/achievements/{listing['achievement_ids'][0]}", key=unit.key)).json()
    assert achievement["title_en"] == "Sample 1"


async def test_a_row_that_would_change_what_is_being_sold_is_refused_alone(tx, api, unit):
    made = (await send(api, unit.key, lines(row(1), row(2)))).json()["rows"]
    listing = (await api.get(f"/v1/listings/{made[0]['listing_id']}", key=unit.key)).json()
    address = f"/v1/achievements/{listing['achievement_ids'][0]}"
    before = (await api.get(address, key=unit.key)).json()
    async with tx.begin() as db:
        sale = Sale((UUID(listing["achievement_ids"][0]),), "LICENCE", "ORDINARY", unit.actor.org)
        await achievements.claim(db, sale, by=Ref("contract", uuid4()), actor=unit.actor)
    answer = (await send(api, unit.key, lines(row(1, rights=[]), row(2, rights=[])))).json()
    assert [r["outcome"] for r in answer["rows"]] == ["refused", "accepted"]
    assert answer["rows"][0]["refusal"]["code"] == "achievements.sold_as_it_stands"
    assert (await api.get(address, key=unit.key)).json() == before
    answer = (await send(api, unit.key, lines(row(1, keywords=["another"])))).json()
    assert [r["outcome"] for r in answer["rows"]] == ["accepted"]


async def test_the_same_file_sent_eight_times_at_once_has_one_effect(tx, api, unit):
    body = lines(*[row(n) for n in range(250)])
    answers = await asyncio.gather(*[send(api, unit.key, body) for _ in range(8)])
    assert [a.status_code for a in answers] == [201] * 8
    outcomes = [r["outcome"] for a in answers for r in a.json()["rows"]]
    assert (outcomes.count("accepted"), outcomes.count("unchanged")) == (250, 250 * 7)
    assert (await count(tx, "listing"), await count(tx, "external_id"), await count(tx, "import_job")) == (250, 250, 8)


async def test_a_retry_with_the_same_key_gets_the_first_report(tx, api, unit):
    first = await send(api, unit.key, lines(row(1)), once="again")
    second = await send(api, unit.key, lines(row(1)), once="again")
    assert (first.json(), second.headers["Idempotency-Replayed"]) == (second.json(), "true")
    other = await send(api, unit.key, lines(row(2)), once="again")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert (await count(tx, "listing"), await count(tx, "import_job")) == (1, 1)


async def test_two_organisations_may_use_the_same_ids(tx, keys, api, unit):
    other = await an_organisation(tx, keys=keys)
    for key in (unit.key, other.key):
        assert (await send(api, key, lines(row(1)))).json()["accepted"] == 1
    assert (await send(api, unit.key, lines(row(1)), source="elsewhere")).json()["accepted"] == 1


async def test_a_report_is_for_its_maker_and_the_market(tx, keys, api, unit):
    stranger, market = await an_organisation(tx, keys=keys), await a_market(tx, keys)
    made = (await send(api, unit.key, lines(row(1)))).json()["id"]
    assert (await api.get(f"/v1/imports/{made}", key=market["operator"].key)).status_code == 200
    assert (await api.get(f"/v1/imports/{made}", key=stranger.key)).status_code == 404
    newcomer = await an_organisation(tx, keys=keys, verified=False)
    refused = await send(api, newcomer.key, lines(row(1)))
    assert (refused.status_code, refused.json()["code"]) == (403, "identity.organisation_not_verified")


async def test_what_is_no_import_at_all_is_refused_as_a_whole(tx, api, unit):
    assert (await send(api, unit.key, b"\n\n")).json()["code"] == "hub.no_rows"
    many = await send(api, unit.key, b"{}\n" * 2001)
    assert (many.status_code, many.json()["code"]) == (413, "hub.too_many_rows")
    wrong = await api.post("/v1/imports?kind=offers&source=x", json=row(1), key=unit.key)
    assert (wrong.status_code, wrong.json()["code"]) == (415, "request.wrong_media_type")
    assert (await send(api, unit.key, lines(row(1)), kind="gifts")).status_code == 422
    assert (await send(api, unit.key, lines(row(1)), source="a/b")).status_code == 422
    assert await count(tx, "import_job") == 0


async def test_every_sample_row_is_imported(tx, keys, api, unit):
    market = await a_market(tx, keys)
    for kind, rows in (("offers", 60), ("demands", 30)):
        answer = await send(api, unit.key, (SAMPLES / f"{kind}.jsonl").read_bytes(), kind=kind, submit="true")
        assert (answer.json()["accepted"], answer.json()["refused"]) == (rows, 0), answer.text[:2000]
        ids = [r["listing_id"] for r in answer.json()["rows"]]
        pile = {"listing_ids": ids, "read": await api.read(ids, key=market["operator"].key)}
        done = await api.post("/v1/listing-reviews", json=pile, key=market["operator"].key)
        assert {o["outcome"] for o in done.json()["outcomes"]} == {"accepted"}
