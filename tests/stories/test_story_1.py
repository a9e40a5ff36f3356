"""Story 1: a licence by online bidding, a winner who does not sign, and a share that is disputed. To the cent."""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from techmarket.certification.verify import Answer, verify_file
from techmarket.db.backups.fingerprints import fingerprint
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine
from techmarket.transparency import service as transparency
from techmarket.transparency.keyset import trusted_keys
from tests.client import Api
from tests.disclosure.make import a_pdf, words_of
from tests.pg import alembic_config
from tests.settlement.make import sheet
from tests.stories import way
from tests.stories.town import Json, Town, a_town, at, fen, moment, sha256, yuan
from tests.stories.way import Sale

DEPOSIT = 15_000_000
CURSORS = {"journal_reader", "search_state"}
"""What the way down over older migrations forgets on purpose: where a reader stood that is not there below."""
STEPS_BACK = 12 if os.environ.get("TECHMARKET_LONG") == "1" else 3
NET_SALES = "18456789.12"
COSTS = (
    ("stamp_tax", "346.11"),
    ("valuation_fee", "18888.88"),
    ("patent_fee", "2000.00"),
    ("fiscal_rd", "3000000.00"),
)
SHARES = {"A": "331761.03", "B": "199056.62", "C": "132704.41", "staff": "39030.71", "others": "78061.42"}
WAGE_BASES = {"A": "165880.52", "B": "99528.31", "C": "66352.21", "staff": "19515.36", "others": "39030.71"}


@pytest.mark.slow
async def test_the_winner_lapses_the_runner_up_signs_and_every_cent_reaches_whom_it_belongs_to(
    api: Api, means: Means, database_url: str
) -> None:
    town = await a_town(api, means, way.START)
    town.looks_at_queues = True
    sale = await way.a_published_offer(town)
    await offered_and_found(town, sale)
    await asked_and_read(town, sale)
    await announced_and_qualified(town, sale)
    await stands_at(town, sale, "DISCLOSING")
    await bid_and_closed(town, sale)
    await stands_at(town, sale, "RESULT_NOTICE")
    await lapsed_by_the_winner(town, sale)
    await stands_at(town, sale, "RESULT_NOTICE")
    contract = await signed_by_the_runner_up(town, sale)
    await stands_at(town, sale, "SETTLING")
    await fee_paid_and_released(town, sale, contract)
    await stands_at(town, sale, "SETTLED")
    await certified(town, sale, contract)
    await stands_at(town, sale, "CERTIFIED")
    await registered(town, sale, contract)
    await stands_at(town, sale, "REGISTERED")
    await royalty_paid(town, sale, contract)
    split = await split_and_published(town, sale, contract)
    await objected_and_paid(town, sale, split)
    await decided(town, sale, split)
    await nothing_is_left_over(town, sale)
    await the_newest_migrations_lose_nothing(database_url, means)


async def the_newest_migrations_lose_nothing(database_url: str, means: Means) -> None:
    """Over a filled market they go down and up again: what the way down does not take away is as it was, row by row."""
    config = alembic_config(database_url)
    newest = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    whole, columns = await fingerprint(means.tx), await columns_of(means.tx)
    assert sum(rows for rows, _ in whole.values()) > 1_000
    with ThreadPoolExecutor(1) as pool:
        for step in range(1, STEPS_BACK + 1):
            await asyncio.wrap_future(pool.submit(command.downgrade, config, newest[step]))
        owner = Tx(make_engine(database_url, pool_size=1))
        below = await columns_of(owner)
        await owner.dispose()
        await asyncio.wrap_future(pool.submit(command.upgrade, config, "head"))
    again = await fingerprint(means.tx)
    forgotten = set(whole) - set(below) | {"alembic_version"} | (CURSORS if STEPS_BACK > 3 else set())
    for table in set(whole) - forgotten:
        if below[table] == columns[table]:
            assert again[table] == whole[table], table
        else:  # a column went with what stood in it; no row did
            assert again[table][0] == whole[table][0], table
    assert set(again) == set(whole)


async def columns_of(tx: Tx) -> dict[str, list[str]]:
    query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
    found: dict[str, list[str]] = {}
    async with tx.read() as db:
        for table, column in await db.execute(text(query)):
            found.setdefault(table, []).append(column)
    return found


async def stands_at(town: Town, sale: Sale, stage: str) -> None:
    """The public file of the project says so in a word, to anyone."""
    assert (await town.get(f"/v1/trades/{sale.trade['id']}/file"))["stage"] == stage


async def offered_and_found(town: Town, sale: Sale) -> None:
    """Accepted is found by its words, in Chinese and English; its technical details are not, nor are they shown."""
    await town.settle()
    for words in ("激光焊接 变形", "weld distortion"):
        (found,) = (await town.get("/v1/search", q=words, kind="OFFER"))["items"]
        line = found["listing"]
        assert (line["id"], line["state"], line["terms"]["price"]) == (sale.listing, "PUBLISHED", yuan("500000.00"))
        assert "technical_details" not in line["terms"]
    assert (await town.get("/v1/search", q="seam sensor"))["items"] == []
    await town.prove("listings.accepted", f"listing:{sale.listing}")


async def asked_and_read(town: Town, sale: Sale) -> None:
    """Y asks, everyone reads the answer, nobody sees who asked. X reads a document that Z may not know of."""
    x, y, z = (sale.buyers[letter] for letter in "XYZ")
    question = {"subject_kind": "listing", "subject_id": sale.listing, "text": "Which alloys? 示例数据"}
    asked = await town.post("/v1/questions", question, by=y)
    await town.post(f"/v1/questions/{asked['id']}/answer", {"text": "6061 and 6082."}, by=sale.university)
    (shown,) = (await town.get("/v1/questions", subject=f"listing:{sale.listing}"))["items"]
    assert (shown["answer"], shown["is_mine"]) == ("6061 and 6082.", False)
    assert y.id not in json.dumps(shown)
    room = f"/v1/data-rooms/listing/{sale.listing}"
    content = a_pdf()
    uploaded = await town.api.post(
        f"{room}/documents",
        params={"name": "measurements.pdf", "tier": "NDA"},
        content=content,
        headers={"Content-Type": "application/pdf"},
        key=sale.university.key,
    )
    assert uploaded.status_code == 201, uploaded.text
    document = uploaded.json()
    assert document["sha256"] == sha256(content)
    agreement = {"title": "Sample agreement", "body": "Sample data: keep it secret. 示例数据", "valid_days": 365}
    agreed = await town.post(f"{room}/nda-texts", agreement, by=sale.university)
    await town.post(f"{room}/ndas", {"document_sha256": agreed["text_sha256"]}, by=x)
    path = f"/v1/documents/{document['id']}/content"
    assert "Read only by" in words_of((await town.api.get(path, key=x.key)).content)
    assert (await town.api.get(path, key=sale.university.key)).content == content
    assert (await town.api.get(path, key=z.key)).status_code == 404
    await town.settle()
    await town.prove("disclosure.document_added", f"document:{document['id']}")
    read = await town.prove("disclosure.document_read", f"document:{document['id']}")
    assert read["org"] in (x.id, sale.university.id)


async def announced_and_qualified(town: Town, sale: Sale) -> None:
    """Ten working days in public, with the working Saturday of the holiday counted; three deposits held."""
    await way.announce(sale)
    assert moment(sale.trade["announcement_ends_at"]) == at(3, 10)
    assert sale.trade["state"] == "ANNOUNCED"
    await way.qualify(sale)
    assert await sale.deposits() == {"X": "HELD", "Y": "HELD", "Z": "HELD"}
    assert await town.money() == {"BANK": -3 * DEPOSIT, "ESCROW": 3 * DEPOSIT}
    for party in sale.buyers.values():
        assert await town.escrow(party) == ("150000.00", "0.00")
    await town.prove("trading.announced", f"trade:{sale.trade['id']}")
    await town.prove("notices.opened", f"notice:{sale.trade['notice_id']}")
    early = await town.refused(f"/v1/lots/{sale.lot}/bids", {"amount": yuan("500000.00")}, by=sale.buyers["Z"])
    assert early == (409, "trading.not_open")


async def bid_and_closed(town: Town, sale: Sale) -> None:
    """Z, Y, X in turn; a bid too low is on record too. X is offered the lot, Y waits, Z has the deposit back."""
    await town.move_to(way.BIDDING_OPENS)
    assert (await town.get(f"/v1/lots/{sale.lot}"))["state"] == "OPEN"
    for letter in ("Z", "Y"):
        assert (await way.bid(sale, letter, way.BIDS[letter]))["verdict"] == "leading"
    low = {"amount": yuan("600000.00")}
    assert await town.refused(f"/v1/lots/{sale.lot}/bids", low, by=sale.buyers["Z"]) == (409, "trading.bid_too_low")
    assert (await way.bid(sale, "X", way.BIDS["X"]))["seq"] == 4
    await way.close(sale)
    lot = await town.get(f"/v1/lots/{sale.lot}")
    assert (lot["state"], lot["leading"], lot["leading_bidder"], lot["seq"]) == (
        "AWARDED",
        yuan("640000.00"),
        sale.numbers["X"],
        4,
    )
    record = (await town.get(f"/v1/lots/{sale.lot}/bids"))["items"]
    assert [(line["bidder"], line["amount"]["amount"], line["verdict"]) for line in record] == [
        (sale.numbers["Z"], "560000.00", "leading"),
        (sale.numbers["Y"], "600000.00", "leading"),
        (sale.numbers["Z"], "600000.00", "trading.bid_too_low"),
        (sale.numbers["X"], "640000.00", "leading"),
    ]
    closed = await town.prove("trading.lot_closed", f"lot:{sale.lot}")
    assert (closed["facts"]["seq"], closed["facts"]["chain"]) == (4, record[-1]["chain"])
    assert await sale.award_states() == {"X": "OFFERED", "Y": "WAITING"}
    assert await sale.deposits() == {"X": "HELD", "Y": "HELD", "Z": "RELEASED"}
    assert await town.confirm_payouts() == [(sale.buyers["Z"].id, "150000.00")]
    assert await town.money() == {"BANK": -2 * DEPOSIT, "ESCROW": 2 * DEPOSIT}


async def lapsed_by_the_winner(town: Town, sale: Sale) -> None:
    """X lets the date pass: the deposit goes to the seller, Y is offered the lot, a new notice stands; one commit."""
    won = (await sale.awards())["X"]
    assert (won["rank"], won["price"], moment(won["sign_by"])) == (1, yuan("640000.00"), at(4, 17))
    notice = await town.get(f"/v1/notices/{won['notice_id']}")
    assert (notice["kind"], moment(notice["ends_at"])) == ("RESULT", at(3, 18))
    assert notice["document"]["deal_price"] == yuan("640000.00")
    await town.prove("notices.opened", f"notice:{won['notice_id']}")
    contract = await way.a_contract(sale, "X")
    document = {"document_sha256": contract["document_sha256"]}
    path = f"/v1/contracts/{contract['id']}/signatures"
    assert await town.refused(path, document, by=sale.university) == (409, "notices.still_running")
    await town.move_to(at(3, 18, 9))
    await way.sign(sale, contract, sale.university)
    await town.move_to(at(4, 16, 23, 59))
    assert await sale.award_states() == {"X": "OFFERED", "Y": "WAITING"}
    await town.move_to(at(4, 17))
    assert await sale.award_states() == {"X": "LAPSED", "Y": "OFFERED"}
    assert await sale.deposits() == {"X": "FORFEITED", "Y": "HELD", "Z": "RELEASED"}
    await one_commit(town, sale)
    assert (await town.get(f"/v1/contracts/{contract['id']}", by=sale.university))["state"] == "CANCELLED"
    assert await town.refused(path, document, by=sale.buyers["X"]) == (409, "lifecycle.not_in_this_state")
    assert await town.escrow(sale.buyers["X"]) == ("0.00", "0.00")
    assert await town.escrow(sale.university) == ("150000.00", "0.00")
    assert await town.escrow(sale.buyers["Y"]) == ("150000.00", "0.00")
    await town.prove("trading.award_lapsed", f"award:{won['id']}")
    assert await town.confirm_payouts() == [(sale.university.id, "150000.00")]
    assert await town.money() == {"BANK": -DEPOSIT, "ESCROW": DEPOSIT}


async def one_commit(town: Town, sale: Sale) -> None:
    """Both awards, the forfeited money and the new notice were written by one transaction."""
    offered = (await sale.awards())["Y"]
    async with town.means.tx.read() as db:
        query = text(
            "SELECT DISTINCT xmin::text FROM award WHERE trade_id = :trade"
            " UNION SELECT xmin::text FROM transfer WHERE code = 'deposit.forfeited'"
            " UNION SELECT xmin::text FROM notice_posting WHERE notice_id = :notice"
        )
        found = await db.execute(query, {"trade": sale.trade["id"], "notice": offered["notice_id"]})
        assert len(found.all()) == 1


async def signed_by_the_runner_up(town: Town, sale: Sale) -> Json:
    """After the new notice both sign: in force, award concluded, the listing closed, the deposit part of the price."""
    award = (await sale.awards())["Y"]
    assert (award["rank"], award["price"], moment(award["sign_by"])) == (2, yuan("600000.00"), at(5, 26))
    assert moment((await town.get(f"/v1/notices/{award['notice_id']}"))["ends_at"]) == at(4, 25)
    contract = await way.a_contract(sale, "Y")
    await town.move_to(at(4, 27, 10))
    await way.sign(sale, contract, sale.university)
    signed = await way.sign(sale, contract, sale.buyers["Y"])
    assert (signed["state"], signed["term_from"], signed["term_until"]) == ("IN_FORCE", "2026-04-27", "2032-04-27")
    await town.settle()
    assert await sale.award_states() == {"X": "LAPSED", "Y": "CONCLUDED"}
    assert await sale.deposits() == {"X": "FORFEITED", "Y": "PAID_IN", "Z": "RELEASED"}
    assert (await town.get(f"/v1/trades/{sale.trade['id']}"))["state"] == "CONCLUDED"
    assert (await town.get(f"/v1/listings/{sale.listing}", by=sale.university))["state"] == "CLOSED"
    (fee, royalty) = signed["plan"]
    assert (fee["kind"], fee["amount"], fee["credited"]) == ("ENTRY_FEE", yuan("600000.00"), yuan("150000.00"))
    assert (royalty["kind"], royalty["rate"], royalty["base"]) == ("ROYALTY", "0.03", "net_sales")
    await town.prove("contracts.contract_in_force", f"contract:{contract['id']}")
    await town.prove("trading.award_concluded", f"award:{award['id']}")
    async with town.means.tx.read() as db:
        query = text("SELECT person_id FROM signature WHERE signing_id = :id")
        assert len((await db.execute(query, {"id": signed["signing_id"]})).all()) == 2
    await town.prove("signing.completed", f"signing:{signed['signing_id']}")
    return signed


async def fee_paid_and_released(town: Town, sale: Sale, contract: Json) -> None:
    """450,000.00 are outstanding; once paid, 600,000.00 go to the university less 1.5 %."""
    due = await town.the_open_due(sale.buyers["Y"])
    assert (due["amount"], due["paid"], due["outstanding"], due["due_on"]) == (
        yuan("600000.00"),
        yuan("150000.00"),
        yuan("450000.00"),
        "2026-05-07",
    )
    path = f"/v1/dues/{due['id']}/release"
    assert await town.refused(path, by="finance") == (409, "settlement.not_paid_yet")
    await town.move_to(at(4, 28, 15))
    await town.bank_pays(sale.buyers["Y"], due)
    await town.settle()
    released = await town.post(path, by="finance")
    assert (released["state"], released["fee"]) == ("PAID", yuan("9000.00"))
    assert await town.refused(path, by="finance") == (409, "settlement.released_already")
    await town.settle()
    assert await town.confirm_payouts() == [(sale.university.id, "591000.00")]
    assert await town.money() == {"BANK": -900_000, "FEES": 900_000}
    (fee, _) = (await town.get(f"/v1/contracts/{contract['id']}", by=sale.university))["plan"]
    assert fee["state"] == "PAID"


async def certified(town: Town, sale: Sale, contract: Json) -> None:
    """Two officers, one certificate, which a stranger checks with the published keys and nothing else."""
    prepared = await town.post(f"/v1/contracts/{contract['id']}/certificates", by="certifier_1")
    path = f"/v1/certificates/{prepared['id']}/approval"
    assert await town.refused(path, by="certifier_1") == (403, "certification.second_person_needed")
    issued = await town.post(path, by="certifier_2")
    assert (issued["number"], issued["state"]) == ("ZJ-2026-000001", "ISSUED")
    await town.settle()
    await town.prove("certification.certificate_issued", f"certificate:{prepared['id']}")
    file = await town.api.get(f"/v1/certificates/{issued['number']}/file", key=sale.buyers["Y"].key)
    trusted = trusted_keys(await town.get("/.well-known/techmarket-keys.json"))
    verdict = verify_file(file.content, trusted)
    assert verdict.answer is Answer.VALID
    spoilt = file.content.replace(b'"credential":"', b'"credential":"A', 1)
    assert verify_file(spoilt, trusted).answer is Answer.NOT_OURS


async def registered(town: Town, sale: Sale, contract: Json) -> None:
    """认定登记: filed by the seller, decided by the registrar under a number."""
    body: Json = {
        "contract_class": "LICENCE",
        "whole_amount": yuan("600000.00"),
        "technology_amount": yuan("600000.00"),
    }
    filed = await town.post(f"/v1/contracts/{contract['id']}/registrations", body, by=sale.university)
    decided = await town.post(f"/v1/registrations/{filed['id']}/decision", {"number": "20263301000001"}, by="registrar")
    assert (decided["state"], decided["number"]) == ("REGISTERED", "20263301000001")
    await town.settle()
    await town.prove("contracts.contract_registered", f"registration:{filed['id']}")


async def royalty_paid(town: Town, sale: Sale, contract: Json) -> None:
    """3 % of 18,456,789.12, half up: 553,703.67, paid and released less 8,305.56."""
    await town.move_to(at(7, 10, 9))
    body: Json = {"period_from": "2026-04-27", "period_to": "2026-06-30", "base": yuan(NET_SALES)}
    path = f"/v1/contracts/{contract['id']}/royalty-reports"
    report = await town.post(path, body, by=sale.buyers["Y"])
    assert report["royalty"] == yuan("553703.67")
    assert (await town.refused(path, body, by=sale.buyers["Y"]))[1] == "contracts.period_reported"
    due = await town.the_open_due(sale.buyers["Y"])
    assert due["outstanding"] == yuan("553703.67")
    await town.bank_pays(sale.buyers["Y"], due)
    await town.settle()
    assert (await town.post(f"/v1/dues/{due['id']}/release", by="finance"))["fee"] == yuan("8305.56")
    await town.settle()
    assert await town.confirm_payouts() == [(sale.university.id, "545398.11")]
    assert await town.money() == {"BANK": -1_730_556, "FEES": 1_730_556}


async def split_and_published(town: Town, sale: Sale, contract: Json) -> Json:
    """All three sign the table; income less costs is split; the list stands in the unit for fifteen days."""
    people = {title: person.id for title, person in sale.university.people.items()}
    inventors = [{"person_id": people[n], "weight": w} for n, w in (("A", "50"), ("B", "30"), ("C", "20"))]
    groups: list[Json] = [
        {"group": "MAIN", "weight": "85", "people": inventors},
        {"group": "STAFF", "weight": "5", "people": [{"person_id": people["staff"], "weight": "1"}]},
        {"group": "OTHERS", "weight": "10", "people": [{"person_id": people["others"], "weight": "1"}]},
    ]
    body: Json = {"achievement_id": sale.achievement, "table": {"groups": groups}}
    table = await town.post("/v1/share-tables", body, by=sale.university)
    opened = await town.post(f"/v1/share-tables/{table['id']}/signing", by=sale.university)
    for letter in "ABC":
        answer = await town.api.post(
            f"/v1/share-tables/{table['id']}/signatures",
            json={"document_sha256": opened["document_sha256"]},
            key=sale.university.people[letter].key,
        )
        assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "SIGNED"
    for kind, amount in COSTS:
        cost = {"kind": kind, "amount": yuan(amount), "evidence": f"SAMPLE-{kind}", "incurred_on": "2026-07-01"}
        await town.post(f"/v1/contracts/{contract['id']}/costs", cost, by=sale.university)
    books = await town.get(f"/v1/contracts/{contract['id']}/income", by=sale.university)
    assert books["open_income"] == yuan("1153703.67")
    assert sorted(c["amount"]["amount"] for c in books["costs"] if c["kind"] == "exchange_fee") == [
        "8305.56",
        "9000.00",
    ]
    draft = await town.post("/v1/distributions", {"contract_id": contract["id"]}, by=sale.university)
    assert (draft["net_income"], draft["reward"], draft["unit_part"]) == (
        yuan("1115163.12"),
        yuan("780614.19"),
        yuan("334548.93"),
    )
    again = await town.refused("/v1/distributions", {"contract_id": contract["id"]}, by=sale.university)
    assert again == (409, "revenue.no_income")
    await town.move_to(at(7, 15, 9))
    path = f"/v1/distributions/{draft['id']}"
    split = await town.post(
        f"{path}/publication", {"posted_sha256": await town.evidence(sale.university, "photograph")}, by=sale.university
    )
    assert split["state"] == "PUBLISHED"
    await town.settle()
    await town.prove("revenue.distribution_published", f"distribution:{draft['id']}")
    assert lines_of(sale, split) == {title: (amount, "OPEN") for title, amount in SHARES.items()}
    return split


def lines_of(sale: Sale, split: Json) -> dict[str, tuple[str, str]]:
    titles = {person.id: title for title, person in sale.university.people.items()}
    return {titles[line["person_id"]]: (line["amount"]["amount"], line["state"]) for line in split["lines"]}


def number_of(sale: Sale, split: Json, title: str) -> str:
    wanted = sale.university.people[title].id
    return str(next(line["n"] for line in split["lines"] if line["person_id"] == wanted))


async def statement(town: Town, sale: Sale, split: Json, title: str) -> Json:
    person = sale.university.people[title]
    answer = await town.api.get(f"/v1/distributions/{split['id']}/statements/{person.id}", key=person.key)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def objected_and_paid(town: Town, sale: Sale, split: Json) -> None:
    """C objects to her own line on the fifth day. The notice runs on; after it everyone else is instructed."""
    notice = await town.get(f"/v1/notices/{split['notice_id']}", by=sale.university)
    assert (notice["kind"], notice["effect"], moment(notice["ends_at"])) == ("REWARD_LIST", "HOLDS_LINES", at(7, 31))
    await town.move_to(at(7, 20, 9))
    objection: Json = {"grounds": "My part is 25 %. Sample data.", "lines": [number_of(sale, split, "C")]}
    path = f"/v1/notices/{split['notice_id']}/objections"
    filed = await town.api.post(path, json=objection, key=sale.university.people["C"].key)
    assert filed.status_code == 201, filed.text
    split["objection"] = filed.json()["id"]
    pay = f"/v1/distributions/{split['id']}/payment"
    assert await town.refused(pay, by=sale.university) == (409, "notices.still_running")
    await town.move_to(at(7, 31))
    paid = await town.post(pay, by=sale.university)
    states = {title: "HELD" if title == "C" else "INSTRUCTED" for title in SHARES}
    assert lines_of(sale, paid) == {title: (amount, states[title]) for title, amount in SHARES.items()}
    assert await town.refused(pay, by=sale.university) == (409, "revenue.nothing_payable")
    await town.settle()
    held = fen(SHARES["C"])
    assert await unit_book(town, sale) == {"EXPENSE": held - 78_061_419, "PAYABLE": 78_061_419 - held}
    await confirm_by_payroll(town, sale, paid)
    for title in ("A", "B"):
        shown = await statement(town, sale, split, title)
        (line,) = shown["lines"]
        assert (shown["amount"]["amount"], line["wage_base"]["amount"]) == (SHARES[title], WAGE_BASES[title])
        assert line["state"] == "PAID"
    a = sale.university.people["A"]
    hers = f"/v1/distributions/{split['id']}/statements/{sale.university.people['B'].id}"
    assert (await town.api.get(hers, key=a.key)).status_code == 404


async def confirm_by_payroll(town: Town, sale: Sale, split: Json) -> None:
    for line in split["lines"]:
        if line["state"] == "INSTRUCTED":
            await town.post(f"/v1/lines/{line['id']}/payroll-confirmation", by=sale.university)
    await town.settle()


async def unit_book(town: Town, sale: Sale) -> dict[str, int]:
    return await sheet(town.means.tx, f"unit:{sale.university.id}")


async def decided(town: Town, sale: Sale, split: Json) -> None:
    """The operator dismisses the objection with reasons; C's 132,704.41 are instructed, and the split is paid."""
    await town.move_to(at(8, 10, 9))
    decision: dict[str, Any] = {"upheld": False, "reasons": "The signed table says 20 %. Sample data."}
    await town.post(f"/v1/objections/{split['objection']}/decision", decision, by="operator")
    await town.settle()
    paid = await town.post(f"/v1/distributions/{split['id']}/payment", by=sale.university)
    assert lines_of(sale, paid)["C"] == ("132704.41", "INSTRUCTED")
    await confirm_by_payroll(town, sale, paid)
    done = await town.get(f"/v1/distributions/{split['id']}", by=sale.university)
    assert done["state"] == "PAID"
    assert lines_of(sale, done) == {title: (amount, "PAID") for title, amount in SHARES.items()}
    bases = {line["person_id"]: line["wage_base"]["amount"] for line in done["lines"]}
    assert bases == {sale.university.people[title].id: base for title, base in WAGE_BASES.items()}
    assert sum(fen(amount) for amount in SHARES.values()) + 33_454_893 == 111_516_312
    await town.prove("revenue.distribution_paid", f"distribution:{split['id']}")


async def nothing_is_left_over(town: Town, sale: Sale) -> None:
    """The market holds its fees and not a cent more; the unit has paid its rewards; the log is what was signed."""
    assert await town.money() == {"BANK": -1_730_556, "FEES": 1_730_556}
    assert await unit_book(town, sale) == {"EXPENSE": -78_061_419, "BANK": 78_061_419}
    assert (await town.get("/v1/dues", by="finance", state="OPEN"))["items"] == []
    assert (await town.get("/v1/payouts", by="finance", state="INSTRUCTED"))["items"] == []
    assert await transparency.audit(town.means.tx, town.means.keys) == []
