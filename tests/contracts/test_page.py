"""The commands of the page on contracts, run one after the other as they stand there."""

from __future__ import annotations

import itertools
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from uuid import uuid4

from tests.identity.make import an_organisation
from tests.notices.make import a_sandbox

PAGE = Path(__file__).parents[2] / "docs" / "contracts.md"
START = datetime(2026, 4, 20, 2, 0, tzinfo=UTC)


async def test_every_command_of_the_page_is_answered_as_done(tx, keys, api) -> None:
    await a_sandbox(tx, START)
    seller, buyer = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    names = {
        "MARKET": "http://market.test",
        "SELLER": seller.key,
        "BUYER": buyer.key,
        "BUYER_ID": str(buyer.actor.org),
        "TODAY": "2026-04-20",
    }
    commands = re.findall(r"^curl .*$", PAGE.read_text(), flags=re.MULTILINE)
    said = []
    for command in commands:
        words = shlex.split(Template(command).substitute(names, ONCE=str(uuid4())))
        options = list(itertools.pairwise(words))
        (method,) = [value for option, value in options if option == "-X"]
        (url,) = [word for word in words if word.startswith(names["MARKET"])]
        headers = dict(value.split(": ", 1) for option, value in options if option == "-H")
        body = next((value.encode() for option, value in options if option == "-d"), None)
        answer = await api.http.request(method, url, headers=headers, content=body)
        said.append((command.split('"')[1], answer.status_code))
        if "CONTRACT" not in names:
            drafted = answer.json()
            assert [flag["code"] for flag in drafted["findings"]["clauses"]] == ["TIE_IN"]
            names |= {"CONTRACT": drafted["id"], "TEXT": drafted["document_sha256"]}
        if command.split('"')[1].endswith("/signatures"):
            assert answer.json()["receipt"]["leaf_hash"]
    assert [(path, status) for path, status in said if status not in (200, 201)] == []
    assert len(said) == 11
