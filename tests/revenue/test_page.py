"""The page on sharing: its commands are run as they stand there, and its example is what comes out."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from string import Template
from uuid import uuid4

from tests.notices.make import move_to, shanghai
from tests.revenue.make_licence import POSTED, a_licence, enter_costs, receive_entry_fee, receive_royalty

PAGE = (Path(__file__).parents[2] / "docs" / "revenue.md").read_text()


async def test_every_command_of_the_page_is_answered_and_its_example_is_right_to_the_cent(tx, keys, api) -> None:
    licence = await a_licence(tx, keys)
    await receive_entry_fee(licence)
    await receive_royalty(licence)
    await enter_costs(licence)
    names = {
        "MARKET": "http://market.test",
        "UNIT": licence.unit.key,
        "CONTRACT": str(licence.id),
        "POSTED": POSTED,
        **{letter: inventor.key for letter, inventor in zip("ABC", licence.inventors, strict=True)},
        **{f"{x}_ID": str(who.actor.person) for x, who in zip("ABC", licence.inventors, strict=True)},
    }
    statuses, split = [], {}
    for command in re.findall(r"^curl .*$", PAGE, flags=re.MULTILINE):
        if "/payment" in command:
            await move_to(tx, shanghai(2026, 7, 21))
        words = shlex.split(command)
        words = [Template(word).substitute(names, ONCE=str(uuid4())) for word in words]
        options = list(itertools.pairwise(words))
        (method,) = [value for option, value in options if option == "-X"]
        (url,) = [word for word in words if word.startswith(names["MARKET"])]
        headers = dict(value.split(": ", 1) for option, value in options if option == "-H")
        body = next((value.encode() for option, value in options if option == "-d"), None)
        answer = await api.http.request(method, url, headers=headers, content=body)
        statuses.append((method, answer.status_code))
        assert answer.status_code in (200, 201), (command, answer.text)
        said = answer.json()
        if url.endswith("/v1/share-tables"):
            names |= {"TABLE": said["id"], "TABLE_SHA": said["document_sha256"]}
        elif url.endswith("/v1/distributions"):
            names["DISTRIBUTION"], split = said["id"], said
        elif url.endswith("/payment"):
            names["LINE"] = said["lines"][0]["id"]
    assert statuses.count(("POST", 201)) == 5
    amounts = [split[name]["amount"] for name in ("receipts", "costs", "net_income", "reward", "unit_part")]
    amounts += [line["amount"]["amount"] for line in split["lines"]]
    assert len(amounts) == 10
    assert [amount for amount in amounts if amount not in PAGE] == []


async def test_an_inventor_reads_her_own_lines_and_nobody_elses_whatever_she_asks_for(tx, keys, api) -> None:
    """The rows of the page's table on who sees what, asked over HTTP."""
    licence = await a_licence(tx, keys)
    await receive_entry_fee(licence)
    table = await api.post("/v1/share-tables", json=the_table(licence), key=licence.unit.key)
    opened = table.json()["id"]
    drafted = await api.post("/v1/distributions", json={"contract_id": str(licence.id)}, key=licence.unit.key)
    split = drafted.json()
    await api.post(f"/v1/distributions/{split['id']}/publication", json={"posted_sha256": POSTED}, key=licence.unit.key)
    people = {"A": licence.inventors[0], "B": licence.inventors[1], "unit": licence.unit, "buyer": licence.buyer}
    people |= {"operator": licence.market["operator"], "finance": licence.market["finance"]}
    a, b = (str(licence.inventors[n].actor.person) for n in (0, 1))
    asked = {
        f"/v1/share-tables/{opened}": {"A", "B", "unit", "operator", "finance"},
        f"/v1/share-tables/{opened}/holds": {"A", "B", "unit", "operator", "finance"},
        f"/v1/distributions/{split['id']}": {"unit", "operator", "finance"},
        f"/v1/distributions/{split['id']}/statements/{a}": {"A"},
        f"/v1/distributions/{split['id']}/statements/{b}": {"B"},
        f"/v1/contracts/{licence.id}/income": {"unit", "operator", "finance"},
        f"/v1/achievements/{licence.achievement_id}/income": {"unit", "operator", "finance"},
        f"/v1/organisations/{licence.unit.actor.org}/unit-rules": {"A", "B", "unit", "operator", "finance"},
    }
    for path, readers in asked.items():
        answers = {who: (await api.get(path, key=person.key)).status_code for who, person in people.items()}
        assert answers == {who: 200 if who in readers else 404 for who in people}, path
        assert (await api.get(path)).status_code == 401
    for path, empty in (("/v1/statements", {"unit", "buyer"}), ("/v1/reward-terms", {"A", "B", "buyer"})):
        for who in empty:
            assert (await api.get(path, key=people[who].key)).json()["items"] == [], (path, who)
    hers = (await api.get(f"/v1/distributions/{split['id']}/statements/{a}", key=people["A"].key)).text
    assert b not in hers


def the_table(licence) -> dict[str, object]:
    people = [
        {"person_id": str(who.actor.person), "weight": w}
        for who, w in zip(licence.inventors, ("50", "30", "20"), strict=True)
    ]
    groups = [
        {"group": "MAIN", "weight": "85", "people": people},
        {"group": "STAFF", "weight": "5"},
        {"group": "OTHERS", "weight": "10"},
    ]
    return {"contract_id": str(licence.id), "table": {"groups": groups}}
