"""What partner markets and units do in bulk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.achievements.rules import Owner
from techmarket.db import journal, texts
from techmarket.db.session import Tx
from techmarket.hub import errors, policy, repository, rules
from techmarket.hub.events import ImportFinished
from techmarket.hub.rules import Outcome, Problem, Row, RowOutcome
from techmarket.hub.tables import ExternalId, ImportJob
from techmarket.hub.views import ImportView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import allows, require
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound, Refusal, wire
from techmarket.listings import steps as listings
from techmarket.listings.rules import ListingDraft, ListingKind

ROWS_MAX = 2_000
BATCH = 200


async def import_rows(
    tx: Tx, batches: Tx, actor: Actor, *, kind: ListingKind, source: str, rows: Sequence[Row], submit: bool
) -> ImportView:
    """Rows of a source become listings, in batches that commit by themselves; the report is written at the end.

    Repeating it is harmless: a row is recognised by its external id, and an unchanged one has no effect. So a broken
    import is simply sent again, and `tx`, which keeps the answer, need not hold a lock for its whole length.
    """
    require(actor, policy.IMPORT)
    if not rows:
        raise errors.NoRows(pointer="/body")
    if len(rows) > ROWS_MAX:
        raise errors.TooManyRows(rows_max=ROWS_MAX, pointer="/body")
    await tx.recall()
    checked = rules.first_of_each(rows)
    outcomes: list[RowOutcome] = []
    for start in range(0, len(checked), BATCH):
        part = checked[start : start + BATCH]
        outcomes += await _import_batch(batches, actor, kind, source, part, submit=submit)
        await asyncio.sleep(0)
    async with tx.begin() as db:
        return await _report(db, actor, kind, source, outcomes)


async def _import_batch(
    tx: Tx, actor: Actor, kind: ListingKind, source: str, rows: Sequence[Row], *, submit: bool
) -> list[RowOutcome]:
    async with tx.begin() as db:
        return await import_batch(db, actor, kind, source, rows, submit=submit)


async def import_batch(
    db: AsyncSession, actor: Actor, kind: ListingKind, source: str, rows: Sequence[Row], *, submit: bool
) -> list[RowOutcome]:
    """Rows of one source, each with its effect or its refusal, inside the caller's transaction."""
    await repository.lock_source(db, actor.org, source)
    today = await listings.today(db)
    owners = await _owners(db, actor, source, rows)
    judged = [
        rules.judged(row, kind=kind, org_id=owner, submit=submit, today=today)
        if isinstance(owner := owners[row.of], UUID)
        else replace(row, problem=row.problem or owner)
        for row in rows
    ]
    sound = [row for row in judged if row.problem is None]
    known = await repository.known_ids(db, actor.org, source, [row.external_id or "" for row in sound])
    stands = await listings.owners_of(db, [one.listing_id for one in known.values()]) if known else {}
    judged = [_still_whose(row, known, stands, owners) for row in judged]
    fresh = {row.external_id or "": row for row in reversed(sound) if row.external_id not in known}
    created: dict[str, tuple[int, UUID]] = {}
    for of in dict.fromkeys(row.of for row in fresh.values()):
        theirs = [row for row in fresh.values() if row.of == of]
        owner = owners[of]
        assert isinstance(owner, UUID)
        created |= await _create(db, actor, owner, kind, source, theirs, submit=submit)
    return [await _outcome(db, actor, row, known, created, submit=submit) for row in judged]


async def _owners(db: AsyncSession, actor: Actor, source: str, rows: Sequence[Row]) -> dict[str | None, UUID | Problem]:
    """Whose listing each row is: the importer's own, or that of an organisation which he may act for; else why not."""
    owners: dict[str | None, UUID | Problem] = {}
    named = {row.of for row in rows if row.of is not None}
    known = await repository.known_organisations(db, actor.org, source, named) if named else {}
    facts = await identity.get_organisations(db, [one.organisation_id for one in known.values()]) if known else {}
    for of in dict.fromkeys(row.of for row in rows):
        try:
            if of is None:
                require(actor, policy.IMPORT)
                owners[of] = actor.org
                continue
            stored = known.get(of)
            if stored is None:
                raise errors.OrganisationOfRowUnknown(theirs=of, pointer="/organisation")
            require(actor, policy.IMPORT_FOR_OTHERS, node=facts[stored.organisation_id].node_id)
            owners[of] = stored.organisation_id
        except Refusal as refusal:
            owners[of] = Problem.of(refusal)
    return owners


def _still_whose(
    row: Row,
    known: Mapping[str, ExternalId],
    stands: Mapping[UUID, UUID],
    owners: Mapping[str | None, UUID | Problem],
) -> Row:
    """A row that is known already is still the same organisation's."""
    stored = known.get(row.external_id or "")
    if row.problem is not None or stored is None or stands[stored.listing_id] == owners[row.of]:
        return row
    return replace(row, problem=Problem.of(errors.OrganisationOfRowChanged(pointer="/organisation")))


async def _outcome(
    db: AsyncSession,
    actor: Actor,
    row: Row,
    known: dict[str, ExternalId],
    created: dict[str, tuple[int, UUID]],
    *,
    submit: bool,
) -> RowOutcome:
    if row.problem is not None:
        return rules.refused(row, row.problem)
    stored = known.get(row.external_id or "")
    if stored is None:
        line, listing_id = created[row.external_id or ""]
        outcome = Outcome.ACCEPTED if line == row.line else Outcome.UNCHANGED  # the same row again in this batch
        return RowOutcome(row.line, row.external_id, outcome, listing_id)
    if stored.fingerprint == row.fingerprint:
        return RowOutcome(row.line, row.external_id, Outcome.UNCHANGED, stored.listing_id)
    try:
        async with db.begin_nested():
            await _revise(db, actor, row, stored, submit=submit)
    except Refusal as refusal:
        return rules.refused(row, Problem.of(refusal))
    return RowOutcome(row.line, row.external_id, Outcome.ACCEPTED, stored.listing_id)


async def _create(
    db: AsyncSession,
    actor: Actor,
    owner: UUID,
    kind: ListingKind,
    source: str,
    rows: Sequence[Row],
    *,
    submit: bool,
) -> dict[str, tuple[int, UUID]]:
    """Achievements and listings of sound new rows, set-wise; by external id, with the line they stood in."""
    if not rows:
        return {}
    drafts = [row.achievement for row in rows if row.achievement is not None]
    made = iter(await achievements.create_many(db, owner, drafts, actor)) if drafts else iter(())
    items = [next(made) if row.achievement is not None else None for row in rows]
    wanted = [_with_item(row.listing, item) for row, item in zip(rows, items, strict=True) if row.listing is not None]
    ids = await listings.create_many(db, owner, kind, wanted, submit=submit, actor=actor)
    named = [
        {
            "org_id": actor.org,
            "source": source,
            "theirs": row.external_id,
            "listing_id": listing_id,
            "achievement_id": item,
            "fingerprint": row.fingerprint,
        }
        for row, item, listing_id in zip(rows, items, ids, strict=True)
    ]
    await repository.insert_ids(db, named)
    return {row.external_id or "": (row.line, listing_id) for row, listing_id in zip(rows, ids, strict=True)}


def _with_item(draft: ListingDraft, achievement_id: UUID | None) -> ListingDraft:
    items = (achievement_id,) if achievement_id is not None else ()
    return ListingDraft(draft.fields, draft.raised, items, draft.expires_on)


async def _revise(db: AsyncSession, actor: Actor, row: Row, stored: ExternalId, *, submit: bool) -> None:
    """A row that changed at its source becomes a new version, if its listing still takes one."""
    assert row.listing is not None
    if row.achievement is not None and stored.achievement_id is not None:
        # A source says nothing of owners and completers: those whom the unit named since stay.
        known = (await achievements.get_facts(db, [stored.achievement_id]))[stored.achievement_id]
        owners = tuple(Owner(owner.share, owner.org_id, owner.person_id) for owner in known.owners)
        said = replace(row.achievement, owners=owners, completers=known.completers)
        await achievements.replace(db, stored.achievement_id, said, actor)
    await listings.revise(db, stored.listing_id, _with_item(row.listing, stored.achievement_id), actor)
    if submit:
        await listings.submit(db, stored.listing_id, actor)
    stored.fingerprint = row.fingerprint
    await db.flush()


async def _report(
    db: AsyncSession, actor: Actor, kind: ListingKind, source: str, outcomes: Sequence[RowOutcome]
) -> ImportView:
    count = {one: sum(1 for outcome in outcomes if outcome.outcome is one) for one in Outcome}
    report: dict[str, Any] = {"rows": [wire(asdict(outcome)) for outcome in outcomes]}
    job = ImportJob(
        id=new_id(),
        org_id=actor.org,
        by=actor.person,
        kind=kind,
        source=source,
        total=len(outcomes),
        accepted=count[Outcome.ACCEPTED],
        refused=count[Outcome.REFUSED],
        unchanged=count[Outcome.UNCHANGED],
        report_sha256=await texts.put(db, report),
    )
    db.add(job)
    finished = ImportFinished(job.id, actor.org, job.accepted, job.refused, job.unchanged)
    journal.record(db, finished, actor=actor)
    await db.flush()
    await db.refresh(job)
    return _view(job, report)


async def get_import(tx: Tx, actor: Actor, import_id: UUID) -> ImportView:
    """The report of an import, for whoever made it and for the market."""
    async with tx.read() as db:
        job = await repository.get_import(db, import_id)
        if not allows(actor, policy.SEE, parties=[job.org_id]):
            raise NotFound()
        return _view(job, await texts.get(db, job.report_sha256))


def _view(job: ImportJob, report: dict[str, Any]) -> ImportView:
    return ImportView(
        job.id,
        job.org_id,
        job.kind,
        job.source,
        job.created_at,
        job.total,
        job.accepted,
        job.refused,
        job.unchanged,
        report["rows"],
    )
