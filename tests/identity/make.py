"""Makers of organisations and people: rows as the services leave them, and the actors that act for them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from techmarket.db import keys as market_keys
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import service
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.identity.lifecycle import OrgState
from techmarket.identity.tables import Person

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Keyed:
    """An actor together with the API key that acts as him over HTTP."""

    actor: Actor
    key: str


async def an_organisation(
    tx: Tx,
    *,
    kind: OrgKind = OrgKind.ENTERPRISE,
    verified: bool = True,
    keys: Keys | None = None,
    region: str | None = "330100",
    government_established: bool | None = None,
    applies_local_rules: bool = True,
    roles: tuple[Role, ...] = tuple(set(Role) - {Role.OPERATOR, Role.CERTIFIER, Role.REGISTRAR, Role.REGULATOR}),
) -> Keyed:
    """An organisation with one member who holds every role an ordinary organisation can give."""
    number = next(_numbers)
    established = kind is OrgKind.UNIVERSITY if government_established is None else government_established
    async with tx.begin() as db:
        view = await service.found_organisation(
            db,
            keys or market_keys.for_tests(),
            kind=kind,
            name=f"Sample organisation {number}",
            name_en=None,
            uscc=None,
            region=region,
            government_established=established,
            applies_local_rules=applies_local_rules,
            administrator=f"Sample person {number}",
            roles=roles,
            state=OrgState.VERIFIED if verified else OrgState.REGISTERED,
        )
    actor = Actor(view.administrator.id, view.organisation.id, kind, verified, frozenset(roles), key_id=view.key.id)
    return Keyed(actor, view.key.key)


async def a_member(tx: Tx, of: Actor, *roles: Role, keys: Keys | None = None, name: str | None = None) -> Keyed:
    """A further person of the same organisation with just these roles."""
    async with tx.begin() as db:
        person, issued = await service.add_member(
            db, keys or market_keys.for_tests(), of, of.org, name=name or f"Sample person {next(_numbers)}", roles=roles
        )
    return Keyed(Actor(person.id, of.org_id, of.org_kind, of.org_verified, frozenset(roles)), issued.key)


async def vouch(tx: Tx, whom: Actor, *, by: Actor) -> None:
    """As after an invitation of `by` that `whom` accepted."""
    async with tx.begin() as db:
        (await db.get_one(Person, whom.person)).vouched_by = by.person


async def a_market(tx: Tx, keys: Keys | None = None) -> dict[str, Keyed]:
    """The market with its staff by title: administrator, operator, certifier_1, certifier_2, registrar, finance."""
    held = keys or market_keys.for_tests()
    shown = await service.found_market(tx, held, name="Sample market")
    return {title: Keyed(await service.authenticate(tx, held, key), key) for title, key in shown.items()}
