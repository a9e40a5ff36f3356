"""Imports that go on by themselves: every row once, whoever is killed when, and a report of each."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import random
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import text

from techmarket.api.rows import FileReader, read_row
from techmarket.db.means import Means
from techmarket.db.media import CSV, NDJSON, XLSX
from techmarket.hub import rules, service
from techmarket.hub.service.running import run_next
from techmarket.identity import service as identity
from techmarket.identity import steps as identity_steps
from techmarket.identity.actor import OrgKind, Role
from techmarket.identity.errors import OneHandBehindBoth, UsccOfAnother
from techmarket.listings import service as listings
from tests.api.test_hub import lines, row
from tests.api.test_sheets import an_xlsx
from tests.identity.make import Keyed, a_market, a_member, an_organisation

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"


@pytest.fixture
def reading(means: Means) -> Means:
    return replace(means, reader=FileReader())


@pytest.fixture
async def unit(tx, keys) -> Keyed:
    return await an_organisation(tx, keys=keys, kind=OrgKind.UNIVERSITY)


async def send(
    api,
    key: str,
    body: bytes,
    *,
    kind: str = "offers",
    source: str = "sample",
    media: str = NDJSON,
    submit: str = "false",
    once: str | None = None,
) -> Response:
    answer: Response = await api.post(
        f"/v1/import-jobs?kind={kind}&source={source}&submit={submit}",
        content=body,
        headers={"Content-Type": media},
        key=key,
        once=once,
    )
    return answer


async def work(means: Means) -> None:
    assert means.reader is not None
    while await run_next(means.tx, means.files, means.reader):
        pass


async def job(api, key: str, sent: Response) -> dict[str, Any]:
    assert sent.status_code == 202, sent.text
    found: dict[str, Any] = (await api.get(f"/v1/import-jobs/{sent.json()['id']}", key=key)).json()
    return found


async def count(tx, table: str) -> int:
    async with tx.read() as db:
        found: int = (await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
        return found


async def test_a_file_becomes_a_job_with_progress_and_a_report_of_each_row(api, reading, tx, unit):
    body = lines(row(1), {"external_id": "X-2", "title_en": ""}, b"not json", row(3), row(1), row(4, trl=99))
    sent = await send(api, unit.key, body)
    waiting = sent.json()
    assert (waiting["state"], waiting["total"], waiting["percent"]) == ("WAITING", 0, 0)
    await work(reading)
    done = await job(api, unit.key, sent)
    assert (done["state"], done["total"], done["done"], done["percent"]) == ("DONE", 6, 6, 100)
    assert (done["accepted"], done["refused"], done["unchanged"]) == (2, 3, 1)
    path = f"/v1/import-jobs/{done['id']}"
    rows = (await api.get(f"{path}/rows?outcome=refused", key=unit.key)).json()["items"]
    assert [(one["line"], one["refusal"]["code"], one["refusal"]["pointer"]) for one in rows] == [
        (2, "text.blank", "/title_en"),
        (3, "request.malformed_json", None),
        (6, "out_of_range", "/trl"),
    ]
    table = (await api.get(f"{path}/report.csv", key=unit.key)).content.decode("utf-8-sig")
    outcomes = [(one["line"], one["external_id"], one["outcome"]) for one in csv.DictReader(io.StringIO(table))]
    assert outcomes == [
        ("1", "X-1", "accepted"),
        ("2", "X-2", "refused"),
        ("3", "", "refused"),
        ("4", "X-3", "accepted"),
        ("5", "X-1", "unchanged"),
        ("6", "X-4", "refused"),
    ]
    report = (await api.get(f"{path}/report.jsonl", key=unit.key)).text.splitlines()
    assert [json.loads(one)["outcome"] for one in report] == [one[2] for one in outcomes]
    assert await count(tx, "listing") == 2
    page = (await api.get(f"{path}/rows?limit=4", key=unit.key)).json()
    rest = (await api.get(f"{path}/rows?limit=4&cursor={page['next_cursor']}", key=unit.key)).json()
    assert [one["line"] for one in [*page["items"], *rest["items"]]] == [1, 2, 3, 4, 5, 6]


async def test_the_same_file_again_changes_nothing_and_a_changed_row_becomes_a_new_version(api, reading, tx, unit):
    await send(api, unit.key, lines(row(1), row(2)))
    await work(reading)
    again = await send(api, unit.key, lines(row(1), row(2, title_en="Sample, changed"), row(3)))
    await work(reading)
    done = await job(api, unit.key, again)
    assert (done["accepted"], done["unchanged"], done["refused"]) == (2, 1, 0)
    assert await count(tx, "listing") == 3
    report = (await api.get(f"/v1/import-jobs/{done['id']}/rows", key=unit.key)).json()["items"]
    versions = [len(await listings.list_versions(tx, unit.actor, UUID(one["listing_id"]))) for one in report]
    assert versions == [1, 2, 1]


async def test_a_mapping_reads_the_columns_of_a_source_in_every_form_of_file(api, reading, tx, unit):
    columns = {"成果号": "external_id", "名称": "title_zh", "简介": "abstract_zh", "备注": None}
    path = "/v1/import-mappings/school/offers"
    assert (await api.get(path, key=unit.key)).status_code == 404
    put = await api.put(path, json={"columns": columns}, key=unit.key)
    assert (put.status_code, put.json()["columns"]) == (200, columns)
    assert (await api.get(path, key=unit.key)).json() == put.json()
    header = ["成果号", "名称", "简介", "备注"]
    cells = [["A-1", "示例成果一", "示例数据", "x"], ["A-2", "示例成果二", "示例数据", ""]]
    table = "\r\n".join(",".join(one) for one in [header, *cells]).encode()
    members = lines(*[dict(zip(header, one, strict=True)) for one in cells])
    for body, media, expected in (
        (table, CSV, (2, 0)),
        (an_xlsx(header, *cells), XLSX, (0, 2)),
        (members, NDJSON, (0, 2)),
    ):
        sent = await send(api, unit.key, body, source="school", media=media)
        await work(reading)
        done = await job(api, unit.key, sent)
        assert (done["state"], done["accepted"], done["unchanged"]) == ("DONE", *expected), media
    twice = json.dumps({"成果号": "A-3", "external_id": "A-3", "名称": "示例"}).encode()
    sent = await send(api, unit.key, twice, source="school")
    await work(reading)
    (one,) = (await api.get(f"/v1/import-jobs/{sent.json()['id']}/rows", key=unit.key)).json()["items"]
    assert one["refusal"]["code"] == "hub.sheet_column_twice"
    titles = [one.terms["title_zh"] for one in (await listings.list_listings(tx, unit.actor, mine=True, limit=9)).items]
    assert sorted(titles) == ["示例成果一", "示例成果二"]


async def test_a_file_that_cannot_be_read_as_such_ends_with_its_reason(api, reading, unit, monkeypatch):
    monkeypatch.setattr("techmarket.hub.service.running.RUN_ROWS_MAX", 2)
    found = []
    for body, media in (
        (b"\n \n", NDJSON),
        (lines(row(1), row(2), row(3)), NDJSON),
        (b"title_en\nx", CSV),
        (an_xlsx(["title_en"], ["x"]), XLSX),
    ):
        sent = await send(api, unit.key, body, media=media)
        await work(reading)
        ended = await job(api, unit.key, sent)
        assert (ended["state"], ended["done"]) == ("FAILED", 0)
        found.append(ended["refusal"]["code"])
    assert found == ["hub.no_rows", "hub.too_many_rows", "hub.sheet_header_missing", "hub.sheet_header_missing"]
    assert (await send(api, unit.key, b"PK\x03\x04 no zip", media=XLSX)).status_code == 422
    assert (await send(api, unit.key, b"", media=NDJSON)).status_code == 422
    assert (await send(api, unit.key, b"{}", media="application/pdf")).status_code == 415


async def test_a_cancelled_import_does_nothing_more_and_what_it_did_stands(api, reading, tx, unit, monkeypatch):
    monkeypatch.setattr("techmarket.hub.service.running.BATCH", 2)
    sent = await send(api, unit.key, lines(*[row(n) for n in range(7)]))
    await run_next(tx, reading.files, reading.reader, seconds=0.0)
    half = await job(api, unit.key, sent)
    assert (half["state"], half["done"], half["total"], half["percent"]) == ("RUNNING", 2, 7, 28)
    path = f"/v1/import-jobs/{half['id']}/cancellation"
    stranger = await an_organisation(tx, keys=reading.keys)
    assert (await api.post(path, key=stranger.key)).status_code == 404
    assert (await api.post(path, key=unit.key)).json()["state"] == "CANCELLED"
    await work(reading)
    assert await count(tx, "listing") == 2
    assert (await api.post(path, key=unit.key)).status_code == 409
    assert (await api.get(f"/v1/import-jobs/{half['id']}", key=stranger.key)).status_code == 404
    assert (await api.get(f"/v1/import-jobs/{half['id']}/report.csv", key=stranger.key)).status_code == 404


async def test_several_workers_and_turns_do_each_row_once(api, reading, tx, unit, monkeypatch):
    monkeypatch.setattr("techmarket.hub.service.running.BATCH", 5)
    sent = [await send(api, unit.key, lines(*[row(100 * k + n) for n in range(23)])) for k in range(2)]

    async def worker() -> None:
        while await run_next(tx, reading.files, reading.reader, seconds=0.0):
            pass

    await asyncio.gather(*[worker() for _ in range(4)])
    for one in sent:
        done = await job(api, unit.key, one)
        assert (done["state"], done["accepted"], done["done"]) == ("DONE", 23, 23)
    assert await count(tx, "listing") == await count(tx, "import_line") == 46


async def test_an_id_that_stands_twice_is_found_out_also_across_batches_and_restarts(
    api, reading, tx, unit, monkeypatch
):
    monkeypatch.setattr("techmarket.hub.service.running.BATCH", 2)
    looked_into: list[int] = []

    def counted(number: int, *said: Any) -> Any:
        looked_into.append(number)
        return read_row(number, *said)

    monkeypatch.setattr("techmarket.api.rows.read_row", counted)
    await send(api, unit.key, lines(row(1), row(2), row(3), row(1, title_en="Another"), row(2), row(1)))
    while await run_next(tx, reading.files, reading.reader, seconds=0.0):
        pass
    assert looked_into == [1, 2, 3, 4, 5, 6]  # by three turns: what was done is not read again
    async with tx.read() as db:
        found = (await db.execute(text("SELECT line, outcome, code FROM import_line ORDER BY n"))).all()
    assert [tuple(one) for one in found] == [
        (1, "accepted", None),
        (2, "accepted", None),
        (3, "accepted", None),
        (4, "refused", "hub.external_id_twice"),
        (5, "unchanged", None),
        (6, "unchanged", None),  # as the first said, whatever stood between
    ]


async def test_whoever_may_import_no_more_ends_his_imports_and_too_many_at_once_are_refused(api, reading, tx, unit):
    officer = await a_member(tx, unit.actor, Role.LISTING_OFFICER, keys=reading.keys)
    sent = await send(api, officer.key, lines(row(1)))
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE membership SET ended_at = clock_timestamp() WHERE person_id = :p"), {"p": officer.actor.person}
        )
    await work(reading)
    ended = await job(api, unit.key, sent)
    assert (ended["state"], ended["refusal"]["code"]) == ("FAILED", "hub.importer_gone")
    assert await count(tx, "listing") == 0
    inventor = await a_member(tx, unit.actor, Role.INVENTOR, keys=reading.keys)
    assert (await send(api, inventor.key, lines(row(1)))).status_code == 403
    for n in range(5):
        assert (await send(api, unit.key, lines(row(n)))).status_code == 202
    key = {"once": "one-key-for-both"}
    refused = await send(api, unit.key, lines(row(9)), **key)
    assert (refused.status_code, refused.json()["code"]) == (409, "hub.imports_too_many")
    # Nothing of that file was read, so its key is free, also for another of the same length.
    async with tx.begin() as db:
        await db.execute(text("UPDATE import_run SET state = 'CANCELLED'"))
    taken = await send(api, unit.key, lines(row(8)), **key)
    assert taken.status_code == 202, taken.text
    assert (await send(api, unit.key, lines(row(8)), **key)).json() == taken.json()
    other = await send(api, unit.key, lines(row(7)), **key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")


# --- a node and its organisations -------------------------------------------------------------------------------------


@pytest.fixture
async def node(tx, keys) -> tuple[Keyed, Any]:
    """An operator of a node, with his key, and the market's operator."""
    market = (await a_market(tx, keys))["operator"].actor
    home = (await an_organisation(tx, keys=keys, kind=OrgKind.AGENCY)).actor
    await service.appoint_node(tx, market, home.org, code="CN-3302", regions=["330200"])
    keyed = await a_member(tx, replace(home, is_of_node=True), Role.OPERATOR, keys=keys)
    return Keyed(await identity.authenticate(tx, keys, keyed.key), keyed.key), market


def an_org(number: int, **changes: object) -> dict[str, object]:
    return {
        "external_id": f"O-{number}",
        "name": f"Sample firm {number}",
        "kind": "ENTERPRISE",
        "region": "330203",
    } | changes


async def test_an_import_lands_on_nobody_who_claims_a_code_and_on_the_one_that_is_verified_with_it(
    api, reading, tx, keys, node
):
    operator, market = node
    uscc = "91330100799655058B"
    body = {"kind": "ENTERPRISE", "name": "Sample firm", "uscc": uscc, "administrator": "Sample person"}
    registered = await api.post("/v1/organisations", json=body, once="sample-key-of-a-stranger")
    assert registered.status_code == 201, registered.text
    theirs = registered.json()["organisation"]["id"]

    async def brought(number: int) -> str:
        sent = await send(api, operator.key, lines(an_org(number, uscc=uscc)), kind="organisations")
        await work(reading)
        (one,) = (await api.get(f"/v1/import-jobs/{sent.json()['id']}/rows", key=operator.key)).json()["items"]
        assert one["refusal"] is None
        return one["organisation_id"]

    mine = await brought(1)
    assert mine != theirs
    assert await brought(2) == mine  # under another id of its own it is known again
    await identity.verify_organisation(tx, market, UUID(theirs))
    assert await brought(1) == theirs
    with pytest.raises(UsccOfAnother):
        await identity.verify_organisation(tx, market, UUID(mine))


async def test_a_node_brings_no_organisation_of_a_region_that_another_node_looks_after(api, reading, tx, keys, node):
    operator, market = node
    other = (await an_organisation(tx, keys=keys, kind=OrgKind.AGENCY)).actor
    await service.appoint_node(tx, market, other.org, code="CN-3301", regions=["330100", "330206"])
    rows = [
        an_org(1, region="330106"),  # in a city of the other's
        an_org(2, region="330206"),  # a district of the other's in this one's city
        an_org(3, region=None),
        an_org(4, region="310000"),  # nobody's
        an_org(5),
    ]
    sent = await send(api, operator.key, lines(*rows), kind="organisations")
    await work(reading)
    told = (await api.get(f"/v1/import-jobs/{sent.json()['id']}/rows", key=operator.key)).json()["items"]
    elsewhere = "hub.region_of_another_node"
    assert [one["refusal"] and one["refusal"]["code"] for one in told] == [
        elsewhere,
        elsewhere,
        "hub.region_missing",
        None,
        None,
    ]
    # Nor by a correction of what it brought from elsewhere.
    again = await send(api, operator.key, lines(an_org(5, region="330106")), kind="organisations")
    await work(reading)
    (one,) = (await api.get(f"/v1/import-jobs/{again.json()['id']}/rows", key=operator.key)).json()["items"]
    assert one["refusal"]["code"] == elsewhere


async def test_a_node_brings_its_organisations_and_then_their_listings_under_its_own_ids(api, reading, tx, node):
    operator, market = node
    uscc = "91330100799655058B"
    sent = await send(
        api, operator.key, lines(an_org(1, uscc=uscc), an_org(2), an_org(3, uscc="x")), kind="organisations"
    )
    await work(reading)
    done = await job(api, operator.key, sent)
    assert (done["accepted"], done["refused"]) == (2, 1)
    rows = (await api.get(f"/v1/import-jobs/{done['id']}/rows", key=operator.key)).json()["items"]
    first, second = [UUID(one["organisation_id"]) for one in rows[:2]]
    assert rows[2]["refusal"]["code"] == "identity.uscc_malformed"
    async with tx.read() as db:
        facts = await identity_steps.get_organisations(db, [first, second])
    assert {(one.node_id, one.is_verified, one.region) for one in facts.values()} == {
        (operator.actor.node, False, "330203")
    }
    # Corrected until it is verified; known again by its code, whoever registers it.
    again = await send(
        api,
        operator.key,
        lines(an_org(1, uscc=uscc), an_org(2, name="Sample firm, renamed"), an_org(9, uscc=uscc)),
        kind="organisations",
    )
    await work(reading)
    done = await job(api, operator.key, again)
    assert (done["unchanged"], done["accepted"]) == (1, 2)
    async with tx.read() as db:
        assert (await identity_steps.get_organisation(db, second)).name == "Sample firm, renamed"
    ninth = (await api.get(f"/v1/import-jobs/{done['id']}/rows", key=operator.key)).json()["items"][2]
    assert ninth["organisation_id"] == str(first)
    with pytest.raises(OneHandBehindBoth):  # what he entered himself another one verifies
        await identity.verify_organisation(tx, operator.actor, second)
    colleague = (await a_member(tx, operator.actor, Role.OPERATOR)).actor
    await identity.verify_organisation(tx, replace(colleague, is_of_node=True), second)
    late = await send(api, operator.key, lines(an_org(2, name="Sample firm, again")), kind="organisations")
    await work(reading)
    (one,) = (await api.get(f"/v1/import-jobs/{late.json()['id']}/rows", key=operator.key)).json()["items"]
    assert one["refusal"]["code"] == "hub.organisation_verified_already"

    sent = await send(
        api,
        operator.key,
        lines(row(1, organisation="O-1"), row(2, organisation="O-2"), row(3, organisation="O-7"), row(4)),
        submit="true",
    )
    await work(reading)
    rows = (await api.get(f"/v1/import-jobs/{sent.json()['id']}/rows", key=operator.key)).json()["items"]
    assert [one["refusal"] and one["refusal"]["code"] for one in rows] == [
        None,
        None,
        "hub.organisation_of_row_unknown",
        "not_allowed",
    ]
    waiting = await listings.list_queue(tx, operator.actor, limit=10)
    assert {line.listing.organisation_id for line in waiting.items} == {first, second}
    theirs = waiting.items[0].listing
    with pytest.raises(OneHandBehindBoth):
        await listings.accept(tx, operator.actor, theirs.id)
    accepted = await listings.accept(tx, replace(colleague, is_of_node=True), theirs.id)
    assert accepted.state == "PUBLISHED"
    moved = await send(api, operator.key, lines(row(1, organisation="O-2", title_en="Sample, moved")))
    await work(reading)
    (one,) = (await api.get(f"/v1/import-jobs/{moved.json()['id']}/rows", key=operator.key)).json()["items"]
    assert one["refusal"]["code"] == "hub.organisation_of_row_changed"

    # Once an organisation has left the node, the node brings nothing of it any more.
    assert operator.actor.node is not None
    await service.take_from_node(tx, market, operator.actor.node, first)
    sent = await send(api, operator.key, lines(row(5, organisation="O-1")))
    await work(reading)
    (one,) = (await api.get(f"/v1/import-jobs/{sent.json()['id']}/rows", key=operator.key)).json()["items"]
    assert one["refusal"]["code"] == "not_allowed"


async def test_organisations_are_brought_by_operators_alone(api, reading, unit):
    assert (await send(api, unit.key, lines(an_org(1)), kind="organisations")).status_code == 403


@pytest.mark.parametrize(("done", "total", "expected"), [(0, 0, 0), (0, 7, 0), (2, 7, 28), (6, 7, 85), (7, 7, 100)])
def test_an_import_is_a_hundred_percent_only_when_everything_is_done(done, total, expected):
    assert rules.percent(done, total) == expected


# --- workers that are killed ------------------------------------------------------------------------------------------

WORKER = """
import asyncio, sys
from pathlib import Path
from time import monotonic
from techmarket.api.rows import FileReader
from techmarket.db.files import Files
from techmarket.db.session import Tx, make_engine
from techmarket.hub.service import running

async def main(url, folder):
    running.BATCH = 20
    tx, files, reader = Tx(make_engine(url)), Files.at(Path(folder)), FileReader()
    print("ready", flush=True)
    while True:
        if not await running.run_next(tx, files, reader, seconds=0.5):
            await asyncio.sleep(0.02)

asyncio.run(main(*sys.argv[1:]))
"""
ROWS = 20_000 if IS_LONG else 300
KILLS = 25 if IS_LONG else 3


@pytest.mark.slow
async def test_workers_killed_amid_an_import_leave_no_row_out_and_do_none_twice(
    api, reading, tx, unit, database_url, tmp_path: Path
):
    dice = random.Random(7)
    body = lines(*[row(n) if n % 7 else {"external_id": f"X-{n}"} for n in range(ROWS)])
    sent = await send(api, unit.key, body)
    kills, begun, before = 0, 0.0, 0
    while (await job(api, unit.key, sent))["state"] in ("WAITING", "RUNNING"):
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            WORKER,
            database_url,
            str(tmp_path / "objects"),
            env=dict(os.environ),
            stdout=asyncio.subprocess.PIPE,
        )
        assert worker.stdout is not None
        await worker.stdout.readline()
        if kills < KILLS:
            await asyncio.sleep(dice.uniform(0.0, 0.6 if IS_LONG else 0.12))
            kills += 1
        else:
            begun, before = monotonic(), (await job(api, unit.key, sent))["done"]
            async with asyncio.timeout(300):
                while (await job(api, unit.key, sent))["state"] in ("WAITING", "RUNNING"):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        worker.kill()
        await worker.wait()
    done = await job(api, unit.key, sent)
    bad = len(range(0, ROWS, 7))
    assert (done["state"], done["done"], done["accepted"], done["refused"]) == ("DONE", ROWS, ROWS - bad, bad)
    async with tx.read() as db:
        found = (await db.execute(text("SELECT n, line, outcome FROM import_line ORDER BY n"))).all()
        theirs = (await db.execute(text("SELECT theirs FROM external_id"))).scalars().all()
    assert [one.n for one in found] == [one.line for one in found] == list(range(1, ROWS + 1))
    assert Counter(one.outcome for one in found) == {"accepted": ROWS - bad, "refused": bad}
    assert len(set(theirs)) == len(theirs) == await count(tx, "listing") == ROWS - bad
    pace = f", then {(ROWS - before) / (monotonic() - begun):.0f} rows a second" if begun else ""
    print(f"imports: {ROWS} rows, {kills} workers killed, 0 rows lost, 0 twice{pace}")
