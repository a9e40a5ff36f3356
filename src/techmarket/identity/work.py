"""What waits for a person (待办): every room declares its kinds of due work, one query each. Nothing is stored.

A kind names the operation that does it and the permission that operation asks, so that nobody is shown work that he
would be refused. Its query says, in `rows`, which things wait; the other words are SQL over those rows:

    id, n       what goes into the operation's path
    org         whose organisation has to act; without one (and without `person`) it is for the market's staff
    person      who of it has to act, where it is one person; NULL for anybody who may
    barred      people who may not, though others of their organisation may (an array)
    apart       organisations none of whose people may, through whichever organisation they act (an array)
    second_to   who acted first, where two people are needed, neither of whom gave the other his credentials
    since, due  from when on it waits, and by when it is to be done, in the time of the market
    roles       of those whom the permission lets, only these (where the thing itself is not shown to the others)

A query may ask `:org`, `:person`, `:orgs` (all organisations of the person) and `:signatory` (he signs for his). It is
asked for one reader, and sees only what the operation itself would let him do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from techmarket.identity.actor import Actor, Role, Scope
from techmarket.identity.permissions import Permission, Standing, allows


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of due work. `call` is the method and the path of the operation, with `{id}` and `{n}` to fill in.

    `everyone_sql` asks what of it is due between `:from` and `:until`, for nobody in particular: whom it may concern is
    found from its organisation and person, and then asked for each of them. It is None where nothing has a deadline.
    """

    kind: str
    permission: Permission
    operation: str
    call: str
    thing: str
    sql: str
    everyone_sql: str | None
    covers: tuple[str, ...]
    zh: str
    en: str
    is_for_staff: bool
    roles: frozenset[Role] = frozenset()
    comes_once: bool = False
    """Whether `sql` cannot give a thing twice: it reads one table, by its own id."""

    def is_for(self, actor: Actor) -> bool:
        """Whether the operation would let him, if the thing is his; a key of less scope keeps no work from its person.

        What he lacks for the moment (`needs`) is told with each item.
        """
        if self.is_for_staff and not (actor.is_market or self.permission.standing is Standing.OUTSIDER):
            return False
        if self.roles and not self.roles & actor.roles:
            return False
        whole = replace(actor, scopes=frozenset(Scope), lacks_second_factor=False, by_two=frozenset())
        is_outsider = self.permission.standing is Standing.OUTSIDER
        return allows(whole, self.permission, parties=() if is_outsider else (actor.org_id, actor.person_id))

    @property
    def has_deadline(self) -> bool:
        return self.everyone_sql is not None

    def needs(self, actor: Actor) -> tuple[str, ...]:
        """What the caller lacks to do it now: a scope, a recent second factor, or a colleague's agreement."""
        lacks = [] if self.permission.scope in actor.scopes else [f"scope:{self.permission.scope}"]
        if self.permission.consequential and actor.lacks_second_factor:
            lacks.append("second_factor")
        if self.permission.operation in actor.by_two:
            lacks.append("colleague")
        return tuple(lacks)


WORK: dict[str, Work] = {}


def due_work(
    kind: str,
    permission: Permission,
    operation: str,
    call: str,
    *,
    thing: str,
    rows: str,
    since: str,
    zh: str,
    en: str,
    covers: str | tuple[str, ...] = (),
    id: str = "x.id",
    n: str = "NULL",
    org: str | None = None,
    person: str | None = None,
    barred: str | None = None,
    apart: str | None = None,
    second_to: str | None = None,
    due: str = "NULL",
    roles: frozenset[Role] = frozenset(),
) -> Work:
    """Declare a kind of due work, once, at import of a room's `work.py`. `covers` names the states that wait so, as
    `listing SUBMITTED`: a test knows of every state with a next act whether somebody is told."""
    if kind in WORK:
        raise ValueError(f"two kinds of work are named {kind}")
    conditions = ["true"]
    if org is not None:
        conditions.append(f"{org} = :org")
    if person is not None:
        conditions.append(f"({person} IS NULL OR {person} = :person)")
    if barred is not None:
        conditions.append(f"NOT coalesce(:person = ANY({barred}), false)")
    if apart is not None:
        conditions.append(f"NOT ({apart} && cast(:orgs as uuid[]))")
    if second_to is not None:
        conditions.append(_ANOTHER_HAND.format(first=second_to))
    sql = (
        f"SELECT '{kind}' AS kind, {id} AS id, cast({n} as text) AS n, {since} AS since,"
        f" cast({due} as timestamptz) AS due FROM {rows} AND {' AND '.join(conditions)}"
    )
    everyone = (
        f"SELECT '{kind}' AS kind, {id} AS id, cast({n} as text) AS n, cast({org or 'NULL'} as uuid) AS org_id,"
        f" cast({person or 'NULL'} as uuid) AS person_id, cast({due} as timestamptz) AS due"
        f" FROM {rows} AND cast({due} as timestamptz) > :from AND cast({due} as timestamptz) <= :until"
    )
    covered = (covers,) if isinstance(covers, str) else covers
    staff = org is None and person is None
    WORK[kind] = Work(
        kind,
        permission,
        operation,
        call,
        thing,
        sql,
        None if due == "NULL" else everyone,
        covered,
        zh,
        en,
        staff,
        roles,
        comes_once=id == "x.id" and re.match(r"\w+ x WHERE ", rows) is not None,
    )
    return WORK[kind]


_ANOTHER_HAND = (
    "NOT EXISTS (WITH RECURSIVE hand(id) AS (SELECT cast({first} as uuid) UNION"
    " SELECT p.vouched_by FROM person p JOIN hand ON p.id = hand.id WHERE p.vouched_by IS NOT NULL)"
    " SELECT 1 FROM hand WHERE hand.id = ANY(cast(:hands as uuid[])))"
)


def is_signatory(actor: Actor) -> bool:
    """Whether he may sign where only his organisation is named."""
    return Role.SIGNATORY in actor.roles
