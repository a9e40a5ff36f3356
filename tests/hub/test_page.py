"""Every command of the page about the hub works as it stands there."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from httpx import ASGITransport, AsyncClient

from techmarket.api.rows import FileReader
from techmarket.app import create_app
from techmarket.db.calling import Caller
from techmarket.hub.service.running import run_next
from techmarket.identity.actor import OrgKind, Role
from tests.follow import served
from tests.identity.make import a_market, a_member, an_organisation

PAGE = Path(__file__).parents[2] / "docs" / "hub.md"


def commands(block: str) -> list[tuple[str, str]]:
    """A block of shell as files to write (name and text) and lines to run."""
    found: list[tuple[str, str]] = []
    lines = iter(block.replace("\\\n", " ").splitlines())
    for line in lines:
        if start := re.fullmatch(r"cat > (\S+) <<'END'", line):
            text = []
            for inner in lines:
                if inner == "END":
                    break
                text.append(inner)
            found.append((start[1], "\n".join(text) + "\n"))
        elif line.strip():
            found.append(("", line))
    return found


def request_of(line: str, known: dict[str, str], files: dict[str, str]) -> dict[str, Any]:
    """A curl line as httpx takes it."""
    for name, value in known.items():
        line = line.replace(f"'\"${name}\"'", value).replace(f"${name}", value)
    command, *words = shlex.split(line)
    assert (command, "$" in line) == ("curl", False), line
    asked: dict[str, Any] = {"method": "GET", "headers": {}}
    while words:
        word = words.pop(0)
        if word == "-X":
            asked["method"] = words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            asked["headers"][name] = value
        elif word in ("-d", "--data-binary"):
            text = words.pop(0)
            asked["content"] = (files[text[1:]] if text.startswith("@") else text).encode()
        else:
            asked["url"] = word
    return asked


async def test_every_command_of_the_page_does_what_it_says(tx, keys, means):
    means = replace(means, reader=FileReader(), caller=Caller(may_reach_inside=True))
    staff = await a_market(tx, keys)
    home = await an_organisation(tx, keys=keys, kind=OrgKind.AGENCY)
    firm, unit = [await an_organisation(tx, keys=keys) for _ in range(2)]
    member = await a_member(tx, replace(home.actor, is_of_node=True), Role.OPERATOR, keys=keys)
    app = create_app(means)
    statuses = []
    async with served(create_app(means)) as (other, _), app.router.lifespan_context(app):
        known = {
            "MARKET": "http://market.test",
            "OTHER": other,
            "OPERATOR": staff["operator"].key,
            "NODE_KEY": member.key,
            "KEY": unit.key,
            "HOME_ID": str(home.actor.org),
            "FIRM_ID": str(firm.actor.org),
        }
        async with AsyncClient(transport=ASGITransport(app=app), base_url="http://market.test") as http:
            files: dict[str, str] = {}
            last: Any = None
            for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), flags=re.DOTALL):
                for name, line in commands(block):
                    if name:
                        files[name] = line
                    elif line.endswith("=the-id-in-the-answer"):
                        known[line.partition("=")[0]] = last.json()["id"]
                        while await run_next(means.tx, means.files, means.reader):
                            pass
                    else:
                        last = await http.request(**request_of(line, known, files))
                        statuses.append(last.status_code)
                        assert last.is_success, (line, last.text)
            while await run_next(means.tx, means.files, means.reader):
                pass
            jobs = (await http.get("/v1/import-jobs", headers={"Authorization": f"Bearer {unit.key}"})).json()["items"]
            theirs = (await http.get("/v1/import-jobs", headers={"Authorization": f"Bearer {member.key}"})).json()
    assert len(statuses) >= 22
    assert [(one["state"], one["accepted"], one["refused"]) for one in jobs] == [("DONE", 1, 0), ("DONE", 1, 1)]
    assert [(one["state"], one["accepted"]) for one in theirs["items"]] == [("DONE", 1), ("DONE", 1)]
