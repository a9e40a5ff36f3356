"""Imports that go on by themselves (异步导入): taken up by whichever worker is there, batch by batch.

A batch is one transaction: the effects of its rows, a line of the report for each, and how far the import is. A worker
that is killed leaves whole batches behind, and the next one goes on behind the last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, files, journal
from techmarket.db.files import Files
from techmarket.db.means import RowReader
from techmarket.db.media import CSV, NDJSON, XLSX
from techmarket.db.session import Tx
from techmarket.hub import errors, nodes, policy, repository, repository_nodes, rules
from techmarket.hub import repository_imports as runs
from techmarket.hub.events import ImportRunEnded, ImportRunQueued, MappingSet
from techmarket.hub.lifecycle import IMPORT, ImportState
from techmarket.hub.rules import ImportKind, Outcome, Problem, Row, RowOutcome
from techmarket.hub.service.importing import import_batch
from techmarket.hub.tables import ExternalOrganisation, ImportLine, ImportMapping, ImportRun
from techmarket.hub.views import ImportRunView, MappingView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import allows, require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, decode_cursor, last_id, page_of
from techmarket.kernel.refusals import NotFound, Refusal

log = structlog.get_logger("techmarket.hub")

MEDIA = (NDJSON, CSV, XLSX)
BYTES_MAX = {NDJSON: 64 * 2**20, CSV: 16 * 2**20, XLSX: 16 * 2**20}
RUN_ROWS_MAX = 100_000
OPEN_MAX = 5
"""Imports of one organisation that wait or run at a time."""
BATCH = 200
TURN_SECONDS = 20.0
"""After so long another import has its turn; the next one of this goes on where it stopped."""
FAILURES_MAX = 5
REPORT_PAGE = 1_000
DETAIL_MAX, POINTER_MAX = 200, 200


async def set_mapping(
    tx: Tx, actor: Actor, *, source: str, kind: ImportKind, columns: dict[str, str | None]
) -> MappingView:
    """How a source names its columns, for every import of it from now on."""
    _require_may_import(actor, kind)
    async with tx.begin() as db:
        row = await runs.put_mapping(db, org_id=actor.org, source=source, kind=kind, columns=columns, by=actor.person)
        journal.record(db, MappingSet(actor.org, kind), actor=actor)
        return _mapping(row)


async def get_mapping(tx: Tx, actor: Actor, *, source: str, kind: ImportKind) -> MappingView:
    _require_may_import(actor, kind)
    async with tx.read() as db:
        row = await runs.find_mapping(db, actor.org, source, kind)
    if row is None:
        raise NotFound()
    return _mapping(row)


def _mapping(row: ImportMapping) -> MappingView:
    return MappingView(row.source, row.kind, dict(row.columns), row.changed_at)


def _require_may_import(actor: Actor, kind: ImportKind) -> None:
    """Own rows by whoever lists for his organisation; organisations, and rows of others, by operators."""
    if kind is ImportKind.ORGANISATIONS or not allows(actor, policy.IMPORT):
        wanted = policy.IMPORT_FOR_OTHERS
        if kind is not ImportKind.ORGANISATIONS and not allows(actor, wanted, node=actor.node):
            wanted = policy.IMPORT
        require(actor, wanted, node=actor.node)


async def queue_import(
    tx: Tx,
    store: Files,
    actor: Actor,
    *,
    kind: ImportKind,
    source: str,
    submit: bool,
    language: str,
    media_type: str,
    chunks: AsyncIterator[bytes],
) -> ImportRunView:
    """A file is taken and will be imported; how far that is, and what became of each row, can be asked."""
    _require_may_import(actor, kind)
    async with tx.read() as db:
        if await runs.count_open(db, actor.org) >= OPEN_MAX:
            raise errors.ImportsTooMany(open_max=OPEN_MAX)
    size_max = BYTES_MAX.get(media_type, 0)
    sha, size = await store.receive(chunks, media_type=media_type, size_max=size_max, accepted=MEDIA)
    tx.bind(sha.encode())
    async with tx.begin() as db:
        await files.keep(db, sha256=sha, size=size, media_type=media_type)
        mapping = await runs.find_mapping(db, actor.org, source, kind)
        row = ImportRun(
            id=new_id(),
            org_id=actor.org,
            by=actor.person,
            kind=kind,
            source=source,
            submit=submit,
            language=language,
            media_type=media_type,
            file_sha256=sha,
            columns=dict(mapping.columns) if mapping is not None else {},
            state=IMPORT.initial,
        )
        db.add(row)
        journal.record(db, ImportRunQueued(row.id, actor.org), actor=actor)
        await db.flush()
        await db.refresh(row)
        return _view(row)


async def get_run(tx: Tx, actor: Actor, run_id: UUID) -> ImportRunView:
    """How far an import is, for whoever made it and for the market."""
    async with tx.read() as db:
        return _view(await _seen(db, actor, run_id))


async def list_runs(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[ImportRunView]:
    """The imports of my organisation, the newest first; the market sees all."""
    require(actor, policy.SEE, parties=[actor.org_id])
    async with tx.read() as db:
        org_id = None if actor.is_market else actor.org
        rows = await runs.list_runs(db, org_id=org_id, before=last_id(cursor), limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row.id),)).map(_view)


async def list_lines(
    tx: Tx, actor: Actor, run_id: UUID, *, outcome: Outcome | None, cursor: str | None, limit: int
) -> Page[RowOutcome]:
    """What became of the rows that are done, in the order of the file."""
    after = int(decode_cursor(cursor, int)[0]) if cursor is not None else 0
    async with tx.read() as db:
        await _seen(db, actor, run_id)
        rows = await runs.list_lines(db, run_id, outcome=outcome, after=after, limit=limit + 1)
        return page_of(rows, limit, lambda row: (row.n,)).map(_told)


async def read_report(tx: Tx, actor: Actor, run_id: UUID) -> AsyncIterator[RowOutcome]:
    """The whole report, a bounded look at a time; who may not see it is refused before the first line."""
    async with tx.read() as db:
        await _seen(db, actor, run_id)
    return _report(tx, run_id)


async def _report(tx: Tx, run_id: UUID) -> AsyncIterator[RowOutcome]:
    after = 0
    while True:
        async with tx.read() as db:
            rows = await runs.list_lines(db, run_id, outcome=None, after=after, limit=REPORT_PAGE)
        for row in rows:
            yield _told(row)
        if len(rows) < REPORT_PAGE:
            return
        after = rows[-1].n


async def cancel_run(tx: Tx, actor: Actor, run_id: UUID) -> ImportRunView:
    """Nothing more is done; what was done stands. The batch under way is either done or not begun."""
    async with tx.begin() as db:
        row = await runs.lock_run(db, run_id)
        if not allows(actor, policy.SEE, parties=[row.org_id]):
            raise NotFound()
        require(actor, policy.CANCEL_IMPORT, parties=[row.org_id])
        await _end(db, row, "cancel", actor=actor)
        return _view(row)


async def _seen(db: AsyncSession, actor: Actor, run_id: UUID) -> ImportRun:
    row = await runs.get_run(db, run_id)
    if not allows(actor, policy.SEE, parties=[row.org_id]):
        raise NotFound()
    return row


async def _end(
    db: AsyncSession, row: ImportRun, move: str, *, actor: Actor | None, problem: Problem | None = None
) -> None:
    row.state = IMPORT.move(row.state, move)
    row.ended_at = await clock.market_now(db)
    if problem is not None:
        row.refusal_code, row.refusal_detail = problem.code, problem.detail
    ended = ImportRunEnded(row.id, row.org_id, row.state, row.accepted, row.refused, row.unchanged)
    journal.record(db, ended, actor=actor)
    await db.flush()


# --- the worker's part ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Turn:
    """One import for one turn of a worker: everything it needs besides its row."""

    id: UUID
    org_id: UUID
    by: UUID
    kind: ImportKind
    source: str
    submit: bool
    language: str
    media: str
    sha256: str
    columns: dict[str, str | None]
    total: int
    done: int


async def run_next(tx: Tx, store: Files, reader: RowReader, *, seconds: float = TURN_SECONDS) -> bool:
    """Go on with one import for a while; False when none waits."""
    turn = await _take(tx)
    if turn is None:
        return False
    try:
        with await store.fetch(turn.sha256) as file:
            await _go_on(tx, reader, turn, file, seconds)
    except Refusal as refusal:
        await _fail(tx, turn.id, Problem.of(refusal))
    except Exception as error:
        log.error("import_broke_off", run=str(turn.id), exc_info=error)
        await _note_failure(tx, turn.id)
    return True


async def _take(tx: Tx) -> _Turn | None:
    async with tx.begin() as db:
        row = await runs.take_next(db)
        if row is None:
            return None
        row.state = IMPORT.move(row.state, "take")
        return _Turn(
            row.id,
            row.org_id,
            row.by,
            row.kind,
            row.source,
            row.submit,
            row.language,
            row.media_type,
            row.file_sha256,
            dict(row.columns),
            row.total,
            row.done,
        )


async def _go_on(tx: Tx, reader: RowReader, turn: _Turn, file: IO[bytes], seconds: float) -> None:
    total = turn.total or await _count(tx, reader, turn, file)
    rows: Iterator[Row] = reader.rows(
        file,
        media=turn.media,
        kind=turn.kind.value,
        language=turn.language,
        columns=turn.columns,
        behind=turn.done,
        rows_max=RUN_ROWS_MAX,
    )
    done = turn.done
    clock_now = asyncio.get_running_loop().time
    until = None
    while part := await asyncio.to_thread(lambda: list(islice(rows, BATCH))):
        # Going past what was done before is not of the turn: else a long file would get one batch a turn at its end.
        until = until if until is not None else clock_now() + seconds
        if not await _batch(tx, turn, done, part):
            return
        done += len(part)
        if clock_now() >= until and done < total:
            return
    await _finish(tx, turn.id)


async def _count(tx: Tx, reader: RowReader, turn: _Turn, file: IO[bytes]) -> int:
    total = await asyncio.to_thread(
        lambda: reader.count(file, media=turn.media, columns=turn.columns, rows_max=RUN_ROWS_MAX)
    )
    if total == 0:
        raise errors.NoRows(pointer="/body")
    if total > RUN_ROWS_MAX:
        raise errors.TooManyRows(rows_max=RUN_ROWS_MAX, pointer="/body")
    async with tx.begin() as db:
        (await runs.lock_run(db, turn.id)).total = total
    return total


async def _batch(tx: Tx, turn: _Turn, begun: int, rows: Sequence[Row]) -> bool:
    """The rows behind the first `begun`; False when they are not this worker's to do any more."""
    async with tx.begin() as db:
        run = await runs.lock_run(db, turn.id)
        if run.state is not ImportState.RUNNING or run.done != begun:
            return False
        actor = await identity.actor_of(db, turn.by, turn.org_id)
        if actor is None:
            raise errors.ImporterGone()
        _require_may_import(actor, turn.kind)
        named = [row.external_id for row in rows if row.external_id is not None]
        rows = rules.first_of_each(rows, await runs.fingerprints(db, turn.id, named))
        if turn.kind is ImportKind.ORGANISATIONS:
            outcomes = await _import_organisations(db, actor, turn.source, rows)
        else:
            outcomes = await import_batch(db, actor, turn.kind.listing_kind, turn.source, rows, submit=turn.submit)
        told = enumerate(zip(outcomes, rows, strict=True), start=begun + 1)
        lines = [_line(turn.id, n, one, row.fingerprint or None) for n, (one, row) in told]
        await runs.insert_lines(db, lines)
        run.done += len(outcomes)
        for one in outcomes:
            setattr(run, one.outcome.value, getattr(run, one.outcome.value) + 1)
        run.failures = 0
    return True


async def _import_organisations(db: AsyncSession, actor: Actor, source: str, rows: Sequence[Row]) -> list[RowOutcome]:
    """Organisations of a node, or of the market's operator: registered once each, corrected until they are verified."""
    await repository.lock_source(db, actor.org, source)
    judged = [rules.judged_organisation(row) for row in rows]
    sound = [row.external_id or "" for row in judged if row.problem is None]
    known = await repository.known_organisations(db, actor.org, source, sound)
    codes = [row.organisation.uscc for row in judged if row.organisation is not None and row.organisation.uscc]
    verified = await identity.verified_by_code(db, codes)
    outcomes = []
    for row in judged:
        if row.problem is not None:
            outcomes.append(rules.refused(row, row.problem))
            continue
        try:
            async with db.begin_nested():
                outcomes.append(await _import_organisation(db, actor, source, row, known, verified))
        except Refusal as refusal:
            outcomes.append(rules.refused(row, Problem.of(refusal)))
    return outcomes


async def _import_organisation(
    db: AsyncSession,
    actor: Actor,
    source: str,
    row: Row,
    known: dict[str, ExternalOrganisation],
    verified: Mapping[str, identity.OrganisationFacts],
) -> RowOutcome:
    assert row.organisation is not None
    assert row.external_id is not None
    draft = row.organisation
    said = identity.Registered(
        draft.kind,
        draft.name,
        draft.name_en,
        draft.uscc,
        draft.region,
        draft.government_established,
        draft.applies_local_rules,
    )
    stored = known.get(row.external_id)
    holder = verified.get(said.uscc or "")
    outcome = Outcome.ACCEPTED
    if stored is None:
        if holder is not None:
            org_id = holder.id
        else:
            org_id = await _brought_before(db, actor, said.uscc) or await _register(db, actor, said)
        stored = ExternalOrganisation(
            org_id=actor.org,
            source=source,
            theirs=row.external_id,
            organisation_id=org_id,
            fingerprint=row.fingerprint,
        )
        db.add(stored)
        await db.flush()
        known[row.external_id] = stored
    elif holder is not None and holder.id != stored.organisation_id and await _is_claimed(db, stored, said.uscc):
        # What was brought under this code was somebody's claim; it is the one that was verified.
        stored.organisation_id, stored.fingerprint = holder.id, row.fingerprint
    elif stored.fingerprint == row.fingerprint:
        outcome = Outcome.UNCHANGED
    else:
        facts = await identity.get_organisation(db, stored.organisation_id)
        require(actor, policy.IMPORT_FOR_OTHERS, node=facts.node_id)
        if not facts.is_verified:
            await _require_place(db, actor, said.region)
        if not await identity.correct(db, stored.organisation_id, said, actor=actor):
            raise errors.OrganisationVerifiedAlready(pointer="/external_id")
        stored.fingerprint = row.fingerprint
    return RowOutcome(row.line, row.external_id, outcome, organisation_id=stored.organisation_id)


async def _register(db: AsyncSession, actor: Actor, said: identity.Registered) -> UUID:
    await _require_place(db, actor, said.region)
    return await identity.register(db, said, node_id=actor.node, actor=actor)


async def _brought_before(db: AsyncSession, actor: Actor, uscc: str | None) -> UUID | None:
    """Of those who claim a code and are not verified only what this importer brought himself is the same one: whoever
    else claims it may be anybody, and he learns nothing of him."""
    claimants = await identity.claimants_of(db, uscc) if uscc is not None else []
    return await repository.brought_before(db, actor.org, claimants) if claimants else None


async def _is_claimed(db: AsyncSession, stored: ExternalOrganisation, uscc: str | None) -> bool:
    return uscc is not None and stored.organisation_id in await identity.claimants_of(db, uscc)


async def _require_place(db: AsyncSession, actor: Actor, region: str | None) -> None:
    """A node brings what lies in its regions, or in nobody's; so its share of a fee is no question of who was first."""
    if actor.node is None:
        return
    if region is None:
        raise errors.RegionMissing(pointer="/region")
    known = await repository_nodes.nodes_of_regions(db, nodes.places_above(region))
    if nodes.node_of_region(region, known) not in (None, actor.node):
        raise errors.RegionOfAnotherNode(region=region, pointer="/region")


async def _finish(tx: Tx, run_id: UUID) -> None:
    async with tx.begin() as db:
        run = await runs.lock_run(db, run_id)
        if run.state is ImportState.RUNNING and run.done == run.total:
            await _end(db, run, "finish", actor=None)


async def _fail(tx: Tx, run_id: UUID, problem: Problem) -> None:
    async with tx.begin() as db:
        run = await runs.lock_run(db, run_id)
        if run.state is ImportState.RUNNING:
            await _end(db, run, "fail", actor=None, problem=problem)


async def _note_failure(tx: Tx, run_id: UUID) -> None:
    """What fails for no named reason is tried again, and given up after a few times at the same place."""
    async with tx.begin() as db:
        run = await runs.lock_run(db, run_id)
        run.failures += 1
        if run.failures >= FAILURES_MAX and run.state is ImportState.RUNNING:
            await _end(db, run, "fail", actor=None, problem=Problem.of(errors.ImportBroken()))


def _line(run_id: UUID, n: int, one: RowOutcome, fingerprint: str | None) -> dict[str, object]:
    refusal = one.refusal
    return {
        "run_id": run_id,
        "n": n,
        "line": one.line,
        "external_id": one.external_id,
        "fingerprint": fingerprint,
        "outcome": one.outcome,
        "listing_id": one.listing_id,
        "organisation_id": one.organisation_id,
        "code": refusal.code if refusal else None,
        "detail": refusal.detail[:DETAIL_MAX] if refusal else None,
        "pointer": (refusal.pointer or "")[:POINTER_MAX] or None if refusal else None,
    }


def _told(row: ImportLine) -> RowOutcome:
    refusal = Problem(row.code, row.detail or "", row.pointer) if row.code is not None else None
    return RowOutcome(row.line, row.external_id, row.outcome, row.listing_id, refusal, row.organisation_id)


def _view(row: ImportRun) -> ImportRunView:
    refusal = Problem(row.refusal_code, row.refusal_detail or "") if row.refusal_code is not None else None
    return ImportRunView(
        row.id,
        row.org_id,
        row.kind,
        row.source,
        row.state,
        row.total,
        row.done,
        rules.percent(row.done, row.total),
        row.accepted,
        row.refused,
        row.unchanged,
        refusal,
        row.created_at,
        row.ended_at,
    )
