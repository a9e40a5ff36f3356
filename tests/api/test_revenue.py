"""Share tables, distributions, statements and the dry run over HTTP."""

from __future__ import annotations

from copy import deepcopy

import pytest

from techmarket.revenue import paper, rules
from techmarket.rulebook import service as rulebook
from tests.notices.make import move_to, shanghai
from tests.revenue.make_licence import POSTED, a_licence, enter_costs, receive_entry_fee, receive_royalty
from tests.revenue.test_stating import rows_everywhere


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


QUESTION = {
    "mode": "licence",
    "rule_date": "2026-03-02",
    "jurisdiction": "CN-33",
    "receipts": [
        {"amount": yuan("600000.00"), "received_on": "2026-03-20", "purpose": "ENTRY_FEE"},
        {"amount": yuan("553703.67"), "received_on": "2026-06-30", "purpose": "ROYALTY"},
    ],
    "costs": [
        {"kind": "exchange_fee", "amount": yuan("17305.56"), "evidence": "tariff"},
        {"kind": "stamp_tax", "amount": yuan("346.11"), "evidence": "receipt 1"},
        {"kind": "valuation_fee", "amount": yuan("18888.88"), "evidence": "invoice 7"},
        {"kind": "patent_fee", "amount": yuan("2000.00"), "evidence": "invoice 8"},
        {"kind": "fiscal_rd", "amount": yuan("3000000.00"), "evidence": "project 9"},
    ],
    "table": {
        "groups": [
            {
                "group": "MAIN",
                "weight": "85",
                "people": [
                    {"name": "A", "weight": "50"},
                    {"name": "B", "weight": "30"},
                    {"name": "C", "weight": "20"},
                ],
            },
            {"group": "STAFF", "weight": "5"},
            {"group": "OTHERS", "weight": "10"},
        ]
    },
    "pay_on": "2026-08-03",
    "is_registered": True,
    "term_years": 6,
}


def table_of(licence) -> dict[str, object]:
    people = [
        {"person_id": str(who.actor.person), "weight": weight}
        for who, weight in zip(licence.inventors, ("50", "30", "20"), strict=True)
    ]
    table = deepcopy(QUESTION["table"])
    table["groups"][0]["people"] = people
    return {"contract_id": str(licence.id), "table": table}


async def a_signed_table(api, licence) -> dict[str, object]:
    table = (await api.post("/v1/share-tables", json=table_of(licence), key=licence.unit.key)).json()
    await api.post(f"/v1/share-tables/{table['id']}/signing", key=licence.unit.key)
    for inventor in licence.inventors:
        body = {"document_sha256": table["document_sha256"]}
        answer = await api.post(f"/v1/share-tables/{table['id']}/signatures", json=body, key=inventor.key)
        assert answer.status_code == 201, answer.text
    return answer.json()


# --- the dry run ----------------------------------------------------------------------------------------------------


async def test_anybody_computes_the_worked_example_to_the_cent_and_nothing_is_kept(tx, api):
    await rulebook.load_rules(tx)
    rows = await rows_everywhere(tx)
    answer = await api.post("/v1/revenue/calculations", json=QUESTION)
    assert await rows_everywhere(tx) == rows
    assert answer.status_code == 200, answer.text
    outcome = answer.json()["outcome"]
    assert (outcome["base_minor"], outcome["reward_minor"], outcome["unit_minor"]) == (
        1_115_163_12,
        780_614_19,
        334_548_93,
    )
    assert [line["minor"] for line in outcome["lines"]] == [331_761_03, 199_056_62, 132_704_41, 39_030_71, 78_061_42]
    assert [line["wage_base_minor"] for line in outcome["lines"]] == [
        165_880_52,
        99_528_31,
        66_352_21,
        19_515_36,
        39_030_71,
    ]
    assert [(t["name"], t["ends_on"], t["moved_to"]) for t in outcome["terms"]] == [
        ("reward_due", "2026-09-20", "2026-09-20"),
        ("iit_window", "2029-03-20", None),
    ]
    reward = next(step for step in answer.json()["steps"] if step["name"] == "reward")
    assert (reward["says"], reward["rule"]["source"]) == ("1115163.12 x 0.7", "ZJR art. 37(1)(1)")


async def test_the_dry_run_speaks_of_equity_own_use_and_grants_too(tx, api):
    await rulebook.load_rules(tx)
    contribution = [{"amount": yuan("3000000.00"), "received_on": "2026-03-20"}]
    equity = QUESTION | {"mode": "equity", "receipts": contribution, "costs": []}
    outcome = (await api.post("/v1/revenue/calculations", json=equity)).json()["outcome"]
    assert (outcome["reward_minor"], outcome["unit_minor"]) == (2_100_000_00, 900_000_00)
    profit = [{"amount": yuan("2345678.91"), "received_on": "2027-03-01"}]
    own = QUESTION | {"mode": "self_implementation", "receipts": profit, "costs": []}
    assert (await api.post("/v1/revenue/calculations", json=own)).json()["outcome"]["reward_minor"] == 117_283_95
    title = {"basis": "TITLE", "title_share": "0.90", "groups": QUESTION["table"]["groups"][:1]}
    outcome = (await api.post("/v1/revenue/calculations", json=QUESTION | {"table": title})).json()["outcome"]
    assert (outcome["reward_minor"], outcome["unit_minor"]) == (1_003_646_81, 111_516_31)


async def test_terms_places_and_days_are_answered_side_by_side_each_with_its_reasons(tx, api):
    await rulebook.load_rules(tx)
    groups = [{"group": "MAIN", "weight": "85"}, {"group": "STAFF", "weight": "5"}, {"group": "OTHERS", "weight": "10"}]
    scenarios = [
        {"name": "the nation", "jurisdiction": "CN"},
        {"name": "the day before", "rule_date": "2017-09-30"},
        {"name": "the day", "rule_date": "2017-10-01"},
        {"name": "less", "table": {"rate": "0.60", "groups": groups}},
        {"name": "an enterprise", "is_government_established": False, "table": {"rate": "0.10", "groups": groups}},
        {"name": "like a university elsewhere", "jurisdiction": "XA"},
    ]
    rows = await rows_everywhere(tx)
    answer = (await api.post("/v1/revenue/calculations", json=QUESTION | {"scenarios": scenarios})).json()
    assert await rows_everywhere(tx) == rows
    rewards = [one["outcome"] and one["outcome"]["reward_minor"] for one in answer["scenarios"]]
    # Before the province's rule no cost had a rule; the market's own rows on fee and upkeep came later still.
    # Elsewhere: 90 percent of the first 100,000.00, 60 of the next, 34 of the other 932,814.79, rounded up.
    assert rewards == [557_581_56, 576_851_84, 794_128_08, None, 111_516_32, 467_157_03]
    assert answer["scenarios"][3]["refused"]["code"] == "revenue.below_floor"
    net_income, reward, unit, main, *_ = answer["explanation"]["from"]
    assert [node["minor"] for node in (net_income, reward, unit, main)] == [
        1_115_163_12,
        780_614_19,
        334_548_93,
        663_522_06,
    ]
    assert [node["rule"]["source"] for node in reward["from"]] == ["PSTA art. 45(1)(1)", "ZJR art. 37(1)(1)"]
    assert [node["minor"] for node in net_income["from"][0]["from"]] == [600_000_00, 553_703_67]
    people = main["from"][-1]["from"]
    assert [(node["en"], node["minor"]) for node in people] == [
        ("A", 331_761_03),
        ("B", 199_056_62),
        ("C", 132_704_41),
    ]


async def test_a_rate_below_the_floor_is_refused_with_the_least_that_would_work(tx, api):
    await rulebook.load_rules(tx)
    table = QUESTION["table"] | {"rate": "0.60"}
    answer = await api.post("/v1/revenue/calculations", json=QUESTION | {"table": table})
    assert answer.status_code == 422
    body = answer.json()
    assert (body["code"], body["given"], body["least"], body["jurisdiction"], body["pointer"]) == (
        "revenue.below_floor",
        "0.60",
        "0.70",
        "CN-33",
        "/body/table/rate",
    )
    nation = QUESTION | {"table": table, "jurisdiction": "CN"}
    assert (await api.post("/v1/revenue/calculations", json=nation)).json()["outcome"]["reward_minor"] == 669_097_88


@pytest.mark.parametrize(
    "change",
    [
        {"receipts": []},
        {"mode": "gift"},
        {"rule_date": "2026-02-30"},
        {"jurisdiction": "CN-3"},
        {"table": {"groups": [{"group": "MAIN", "weight": "1e3"}]}},
        {"table": {"groups": [{"group": "MAIN", "weight": "-1"}]}},
        {"table": {"groups": [{"group": "MAIN", "weight": "0"}]}},
        {"table": {"groups": [{"group": "MAIN", "weight": 1}]}},
        {"table": {"groups": []}},
        {"table": {"rate": "1.01", "groups": [{"group": "MAIN", "weight": "1"}]}},
        {"receipts": [{"amount": yuan("0.00"), "received_on": "2026-03-20"}]},
        {"nope": 1},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_by_name(api, change):
    answer = await api.post("/v1/revenue/calculations", json=QUESTION | change)
    assert (answer.status_code, answer.json()["code"] in ("request.invalid", "revenue.table_malformed")) == (422, True)


# --- the way of the money -------------------------------------------------------------------------------------------


async def test_from_the_signed_table_to_the_confirmed_wage(tx, keys, api):
    licence = await a_licence(tx, keys)
    await receive_entry_fee(licence)
    await receive_royalty(licence)
    await enter_costs(licence)
    unit = licence.unit.key
    table = await a_signed_table(api, licence)
    assert (table["state"], table["signed"], table["required"]) == ("SIGNED", 3, 3)
    books = (await api.get(f"/v1/contracts/{licence.id}/income", key=unit)).json()
    assert (books["open_income"], books["open_costs"]) == (yuan("1153703.67"), yuan("3038540.55"))
    drafted = await api.post("/v1/distributions", json={"contract_id": str(licence.id)}, key=unit)
    assert drafted.status_code == 201, drafted.text
    address = f"/v1/distributions/{drafted.json()['id']}"
    assert drafted.json()["reward"] == yuan("780614.19")
    published = await api.post(f"{address}/publication", json={"posted_sha256": POSTED}, key=unit)
    assert (published.status_code, published.json()["state"]) == (200, "PUBLISHED")
    early = await api.post(f"{address}/payment", key=unit)
    assert (early.status_code, early.json()["code"]) == (409, "notices.still_running")
    await move_to(tx, shanghai(2026, 7, 21))
    paid = await api.post(f"{address}/payment", key=unit, once="pay-once")
    again = await api.post(f"{address}/payment", key=unit, once="pay-once")
    assert (paid.status_code, again.status_code, again.json()) == (200, 200, paid.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await api.post(f"{address}/payment", key=unit)
    assert (other.status_code, other.json()["code"]) == (409, "revenue.nothing_payable")
    line = paid.json()["lines"][0]
    confirmed = await api.post(f"/v1/lines/{line['id']}/payroll-confirmation", key=unit)
    assert (confirmed.status_code, confirmed.json()["state"], confirmed.json()["amount"]) == (
        200,
        "PAID",
        yuan("331761.03"),
    )
    twice = await api.post(f"/v1/lines/{line['id']}/payroll-confirmation", key=unit)
    assert (twice.status_code, twice.json()["code"]) == (409, "lifecycle.not_in_this_state")
    page = (await api.get(f"/v1/distributions?contract_id={licence.id}", key=unit)).json()
    assert [(item["id"], item["state"]) for item in page["items"]] == [(drafted.json()["id"], "PAYABLE")]


async def test_a_contributor_reads_her_own_statement_and_nobody_elses(tx, keys, api):
    licence = await a_licence(tx, keys)
    await receive_entry_fee(licence)
    await a_signed_table(api, licence)
    drafted = await api.post("/v1/distributions", json={"contract_id": str(licence.id)}, key=licence.unit.key)
    address = f"/v1/distributions/{drafted.json()['id']}"
    anna, bert, _ = licence.inventors
    hers = f"{address}/statements/{anna.actor.person}"
    assert (await api.get(hers, key=anna.key)).status_code == 404
    await api.post(f"{address}/publication", json={}, key=licence.unit.key)
    answer = await api.get(hers, key=anna.key)
    assert answer.status_code == 200
    statement = answer.json()
    assert statement["amount"] == drafted.json()["lines"][0]["amount"]
    again = rules.recompute({"inputs": statement["inputs"]})
    assert [line["minor"] for line in again["lines"] if line["key"] == str(anna.actor.person)] == [
        int(statement["amount"]["amount"].replace(".", ""))
    ]
    for stranger in (bert, licence.unit, licence.buyer, licence.market["operator"], licence.market["finance"]):
        refused = await api.get(hers, key=stranger.key)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        for kind in ("file", "pdf"):
            assert (await api.get(f"{hers}/{kind}", key=stranger.key)).status_code == 404
    file, page = [await api.get(f"{hers}/{kind}", key=anna.key) for kind in ("file", "pdf")]
    assert (file.status_code, page.status_code) == (200, 200)
    assert statement["amount"]["amount"] == f"{file.json()['statement']['amount_minor'] / 100:.2f}"
    assert (page.headers["content-type"], paper.attached(page.content) is not None) == ("application/pdf", True)
    assert (await api.get(hers)).status_code == 401
    for path in (address, f"/v1/contracts/{licence.id}/income"):
        assert (await api.get(path, key=anna.key)).status_code == 404
        assert (await api.get(path, key=licence.buyer.key)).status_code == 404
    mine = (await api.get("/v1/statements", key=anna.key)).json()["items"]
    assert [(card["distribution_id"], card["amount"]) for card in mine] == [(drafted.json()["id"], statement["amount"])]
    assert (await api.get("/v1/statements", key=licence.buyer.key)).json()["items"] == []


async def test_a_completer_finds_the_table_that_waits_for_her_and_signs_only_what_she_read(tx, keys, api):
    licence = await a_licence(tx, keys)
    table = (await api.post("/v1/share-tables", json=table_of(licence), key=licence.unit.key)).json()
    anna = licence.inventors[0]
    early = await api.post(
        f"/v1/share-tables/{table['id']}/signatures",
        json={"document_sha256": table["document_sha256"]},
        key=anna.key,
    )
    assert (early.status_code, early.json()["code"]) == (409, "lifecycle.not_in_this_state")
    await api.post(f"/v1/share-tables/{table['id']}/signing", key=licence.unit.key)
    found = (await api.get("/v1/share-tables", key=anna.key)).json()["items"]
    assert [(item["id"], item["state"]) for item in found] == [(table["id"], "SIGNING")]
    read = (await api.get(f"/v1/share-tables/{table['id']}", key=anna.key)).json()
    assert read["document"]["table"]["groups"][0]["people"][0] == {"key": str(anna.actor.person), "weight": "50"}
    wrong = await api.post(
        f"/v1/share-tables/{table['id']}/signatures", json={"document_sha256": "0" * 64}, key=anna.key
    )
    assert (wrong.status_code, wrong.json()["code"]) == (409, "signing.wrong_document")
    assert (await api.get(f"/v1/share-tables/{table['id']}", key=licence.buyer.key)).status_code == 404


async def test_a_cost_needs_evidence_a_known_kind_and_an_officer_of_the_unit(tx, keys, api):
    licence = await a_licence(tx, keys)
    address = f"/v1/contracts/{licence.id}/costs"
    cost = {"kind": "travel", "amount": yuan("100.00"), "evidence": "ticket 1", "incurred_on": "2026-03-19"}
    assert (await api.post(address, json=cost, key=licence.unit.key)).status_code == 201
    for change, status, code in (
        ({"kind": "banquet"}, 422, "revenue.cost_kind_unknown"),
        ({"evidence": " "}, 422, "request.invalid"),
        ({"amount": yuan("0.00")}, 422, "request.invalid"),
    ):
        answer = await api.post(address, json=cost | change, key=licence.unit.key)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await api.post(address, json=cost, key=licence.buyer.key)).status_code == 404
    books = (await api.get(f"/v1/contracts/{licence.id}/income", key=licence.unit.key)).json()
    assert [row["kind"] for row in books["costs"]] == ["travel"]
