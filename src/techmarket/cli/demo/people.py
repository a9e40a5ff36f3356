"""Who takes part in the demonstration: sample organisations and people, registered through the API like anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from techmarket.cli.demo.http import Caller


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    caller: Caller


@dataclass
class Party:
    """An organisation of the story, with its people by title."""

    id: str
    name: str
    people: dict[str, Person]

    def by(self, title: str) -> Caller:
        return self.people[title].caller


ALL_ENTERPRISE = ["LISTING_OFFICER", "TRADER", "SIGNATORY", "FINANCE"]


async def register(http: httpx.AsyncClient, operator: Caller, *, kind: str, name: str, **facts: Any) -> Party:
    """Registered by its administrator, verified by the operator."""
    body = {"kind": kind, "name": name, "administrator": f"Sample administrator of {name}", **facts}
    made = await Caller(http).post("/v1/organisations", body)
    org = made["organisation"]["id"]
    await operator.act(f"/v1/organisations/{org}/verification")
    administrator = Person(made["administrator"]["id"], made["administrator"]["name"], Caller(http, made["key"]["key"]))
    return Party(org, name, {"administrator": administrator})


async def add(party: Party, http: httpx.AsyncClient, title: str, roles: list[str], name: str | None = None) -> Person:
    """A further person of the party."""
    body = {"name": name or f"Sample {title} of {party.name}", "roles": roles}
    made = await party.by("administrator").post(f"/v1/organisations/{party.id}/people", body)
    person = Person(made["person"]["id"], made["person"]["name"], Caller(http, made["key"]["key"]))
    party.people[title] = person
    return person


async def enterprise(http: httpx.AsyncClient, operator: Caller, name: str) -> Party:
    party = await register(http, operator, kind="ENTERPRISE", name=name, region="330100")
    await add(party, http, "officer", ALL_ENTERPRISE)
    return party


async def university(http: httpx.AsyncClient, operator: Caller) -> Party:
    """A government-established university of the province: its office, three inventors, the others who share."""
    party = await register(
        http,
        operator,
        kind="UNIVERSITY",
        name="示例大学一 · Sample University 1",
        region="330100",
        government_established=True,
    )
    await add(party, http, "officer", ["LISTING_OFFICER", "TRADER", "SIGNATORY", "FINANCE"])
    for letter in "ABC":
        await add(party, http, letter, ["INVENTOR"], f"示例发明人{letter} · Sample inventor {letter}")
    await add(party, http, "staff", ["BROKER"], "示例转移人员 · Sample transfer staff")
    await add(party, http, "others", ["INVENTOR"], "示例其他人员 · Sample others")
    return party
