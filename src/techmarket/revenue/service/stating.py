"""Statements: each person reads her own part with every step, rule and number, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, texts
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.kernel.workdays import WorkCalendar
from techmarket.revenue import errors, paper, policy, proving, repository, statement
from techmarket.revenue.asking import rolled
from techmarket.revenue.case import Case, Group
from techmarket.revenue.repository import claiming
from techmarket.revenue.service.paying import case_of
from techmarket.revenue.service.showing import line_view
from techmarket.revenue.service.standing import standing_of_row
from techmarket.revenue.tables import Distribution, DistributionLine, DistributionProof, ShareTable
from techmarket.revenue.views import FileView, StatementCard, StatementView
from techmarket.rulebook import steps as rulebook
from techmarket.transparency import steps as transparency


@dataclass(frozen=True, slots=True)
class _Part:
    """One person's part of a distribution, as it is read from the rows."""

    row: Distribution
    lines: Sequence[DistributionLine]
    keys: Mapping[int, str]
    """Under which name the signed table has each line of the split: what was logged stays, whoever is paid."""
    title: str
    table: ShareTable
    case: Case
    steps: tuple[dict[str, Any], ...]
    paid_otherwise: tuple[dict[str, Any], ...]
    flags: tuple[dict[str, Any], ...]
    terms: tuple[dict[str, Any], ...]
    unit_name: str
    person_name: str
    as_of: datetime


async def get_statement(tx: Tx, actor: Actor, distribution_id: UUID, person_id: UUID) -> StatementView:
    """One's own statement, from the publication of the reward list on; anybody else's is not found."""
    async with tx.read() as db:
        part = await _part_of(db, actor, distribution_id, person_id)
    row = part.row
    return StatementView(
        row.id,
        row.contract_id,
        part.title,
        row.unit_id,
        part.unit_name,
        person_id,
        part.person_name,
        row.state,
        row.rule_date,
        part.table.id,
        part.table.sha256,
        row.notice_id,
        row.computation_sha256,
        Money(_amount_of(part)),
        tuple(line_view(line) for line in part.lines),
        part.case.document(),
        part.steps,
        part.flags,
        part.terms,
        part.paid_otherwise,
    )


async def get_statement_file(tx: Tx, keys: Keys, actor: Actor, distribution_id: UUID, person_id: UUID) -> FileView:
    """The statement as a file that proves and recomputes itself with no market: `techmarket verify`, `recompute`."""
    async with tx.read() as db:
        part = await _part_of(db, actor, distribution_id, person_id)
        return FileView(_name_of(part), await _file_of(db, keys, part))


async def get_statement_paper(tx: Tx, keys: Keys, actor: Actor, distribution_id: UUID, person_id: UUID) -> FileView:
    """The statement as a page to read in Chinese and English, with the file that proves it attached inside."""
    async with tx.read() as db:
        part = await _part_of(db, actor, distribution_id, person_id)
        body = await _file_of(db, keys, part)
    # Drawing takes tens of milliseconds of processor: never on the loop, never inside a transaction.
    return FileView(_name_of(part), await asyncio.to_thread(paper.draw_statement, body))


async def list_statements(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[StatementCard]:
    """The distributions one gets something from, newest first."""
    require(actor, policy.SEE_STATEMENTS)
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_own(db, actor.person, before=before, limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row[0].id),)).map(
            lambda row: StatementCard(row[0].id, row[0].contract_id, row[0].state, Money(row[1]), row[0].created_at)
        )


async def _part_of(db: AsyncSession, actor: Actor, distribution_id: UUID, person_id: UUID) -> _Part:
    """The door: her own lines, once the list is published. Whatever else was asked for is not there."""
    require(actor, policy.SEE_STATEMENTS)
    if actor.person_id != person_id:
        raise NotFound()
    row = await repository.get_distribution(db, distribution_id)
    lines = await repository.list_lines(db, row.id, person_id=person_id)
    # From the publication on, for good: whoever owes something back must be able to read of what.
    if not lines or row.notice_id is None:
        raise NotFound()
    title = (await standing_of_row(db, row)).title
    table = await repository.get_table(db, row.share_table_id)
    by_line = {line.n: line.computation_sha256 or row.computation_sha256 for line in lines}
    sha256, *others = dict.fromkeys(by_line.values())
    document = await texts.get(db, sha256)
    whole = await case_of(db, sha256, table.sha256)
    otherwise = [
        _otherwise(await texts.get(db, other), [n for n, of in by_line.items() if of == other]) for other in others
    ]
    keys = {line.n: _key_of(whole, line) for line in lines if line.rework_id is None}
    hers = {f"people.{line.group.value}" for line in lines if line.n in keys}
    calendar = await rulebook.work_calendar(db)
    return _Part(
        row,
        lines,
        keys,
        title,
        table,
        whole.cut_to(*keys.values()),
        tuple(s for s in document["steps"] if not s["name"].startswith("people.") or s["name"] in hers),
        tuple(otherwise),
        tuple(document["outcome"]["flags"]),
        tuple(_rolled(term, calendar) for term in document["outcome"]["terms"]),
        (await identity.get_organisation(db, row.unit_id)).name,
        (await identity.get_people(db, [person_id]))[person_id].name,
        await clock.market_now(db),
    )


def _otherwise(document: Mapping[str, Any], lines: list[int]) -> dict[str, Any]:
    """Lines that were paid on the other side of the relief: only the day, the registration and what hangs on them."""
    return {
        "lines": lines,
        "pay_on": document["inputs"]["pay_on"],
        "is_registered": document["inputs"]["is_registered"],
        "steps": [step for step in document["steps"] if step["name"] == statement.WAGE_STEP],
        "flags": document["outcome"]["flags"],
    }


def _key_of(case: Case, line: DistributionLine) -> str:
    people = next(share.people for share in case.table.groups if share.group is Group(line.group))
    return people[line.position - 1].key


async def _file_of(db: AsyncSession, keys: Keys, part: _Part) -> bytes:
    proof = await repository.find_proof(db, part.row.id)
    reworks = await _reworks(db, keys, part)
    if proof is None or not (part.keys or reworks):
        raise errors.NotProven()
    return statement.file_bytes(
        statement=_said(part),
        lines=_proofs(part, proof) | ({"reworks": reworks} if reworks else {}),
        log=await _log_part(db, keys, proof.entry_id),
    )


def _said(part: _Part) -> dict[str, Any]:
    row = part.row
    return {
        "distribution_id": str(row.id),
        "distributed_at": row.created_at.isoformat(),
        "contract": {"id": None if row.contract_id is None else str(row.contract_id), "number": part.title},
        "unit": {"id": str(row.unit_id), "name": part.unit_name},
        "person": {"id": str(part.lines[0].person_id), "name": part.person_name},
        "rule_date": row.rule_date.isoformat(),
        "share_table": {"id": str(part.table.id), "n": part.table.n, "sha256": part.table.sha256},
        "notice_id": None if row.notice_id is None else str(row.notice_id),
        "computation_sha256": row.computation_sha256,
        "state": row.state.value,
        "as_of": part.as_of.isoformat(),
        "amount_minor": _amount_of(part),
        "lines": [{**_line_of(line), "key": part.keys[line.n]} for line in part.lines if line.n in part.keys],
        "reworked": [
            {**_line_of(line), "rework_id": str(line.rework_id)} for line in part.lines if line.n not in part.keys
        ],
        **({"paid_otherwise": list(part.paid_otherwise)} if part.paid_otherwise else {}),
        "inputs": part.case.document(),
        "steps": list(part.steps),
        "flags": list(part.flags),
        "terms": list(part.terms),
    }


def _line_of(line: DistributionLine) -> dict[str, Any]:
    return {
        "n": line.n,
        "group": line.group.value,
        "position": line.position,
        "minor": line.minor,
        "wage_base_minor": line.wage_base_minor,
        "state": line.state.value,
    }


def _amount_of(part: _Part) -> int:
    """What is hers in the end: a line that was written anew counts in its new form alone."""
    return sum(line.minor for line in part.lines if line.state not in repository.GONE)


def _proofs(part: _Part, proof: DistributionProof) -> dict[str, Any]:
    leaves = proving.parted(proof.leaves)
    proofs = [
        {"n": line.n, "salt": proving.salt_of(proof.secret, line.n).hex(), "path": proving.path_of(leaves, line.n)}
        for line in part.lines
        if line.n in part.keys
    ]
    return {"size": len(leaves), "root": proving.root(leaves), "proofs": proofs}


async def _reworks(db: AsyncSession, keys: Keys, part: _Part) -> list[dict[str, Any]]:
    """For each line that was written anew, its place under the root that the entry of its publication names."""
    found = []
    for rework_id in dict.fromkeys(line.rework_id for line in part.lines if line.rework_id is not None):
        proof = await claiming.find_rework_proof(db, rework_id)
        if proof is None:
            continue
        leaves = proving.parted(proof.leaves)
        places = {line.n: line.n - proof.first + 1 for line in part.lines if line.rework_id == rework_id}
        found.append(
            {
                "rework_id": str(rework_id),
                "size": len(leaves),
                "root": proving.root(leaves),
                "proofs": [
                    {
                        "n": n,
                        "place": place,
                        "salt": proving.salt_of(proof.secret, n).hex(),
                        "path": proving.path_of(leaves, place),
                    }
                    for n, place in places.items()
                ],
                "log": await _log_part(db, keys, proof.entry_id),
            }
        )
    return found


async def _log_part(db: AsyncSession, keys: Keys, entry_id: UUID) -> dict[str, Any]:
    """The proof once a checkpoint covers the distribution; before that the market's signed promise."""
    proof = await transparency.proof_for(db, entry_id)
    if proof is None:
        return {"promise": await transparency.promise(db, keys, entry_id)}
    return {"proof": proof.as_json()}


def _name_of(part: _Part) -> str:
    return f"statement-{part.title.replace(':', '-')}-{part.row.id}"


def _rolled(term: dict[str, Any], calendar: WorkCalendar) -> dict[str, Any]:
    return {**term, "moved_to": rolled(date.fromisoformat(term["ends_on"]), calendar)}
