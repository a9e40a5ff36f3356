"""The commands of the page on data rooms, run one after the other as they stand there."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from string import Template
from uuid import uuid4

from tests.disclosure.make import PDF, a_room
from tests.identity.make import an_organisation

PAGE = Path(__file__).parents[2] / "docs" / "disclosure.md"


async def test_every_command_of_the_page_is_answered_as_done(tx, keys, api) -> None:
    owner, reader = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    room = await a_room(tx, owner.actor)
    names = {"MARKET": "http://market.test", "LISTING": str(room.id), "OWNER": owner.key, "READER": reader.key}
    commands = re.findall(r"^curl .*$", PAGE.read_text(), flags=re.MULTILINE)
    said = []
    for command in commands:
        words = shlex.split(Template(command).substitute(names, ONCE=str(uuid4())))
        options = list(itertools.pairwise(words))
        (method,) = [value for option, value in options if option == "-X"]
        (url,) = [word for word in words if word.startswith(names["MARKET"])]
        headers = dict(value.split(": ", 1) for option, value in options if option == "-H")
        body = next((value.encode() for option, value in options if option == "-d"), None)
        if "--data-binary" in words:
            body = PDF
        answer = await api.http.request(method, url, headers=headers, content=body)
        said.append((command.split('"')[1], answer.status_code))
    assert [(path, status) for path, status in said if status not in (200, 201)] == []
    assert len(said) == 10
