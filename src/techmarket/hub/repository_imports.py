"""Every query about imports that go on by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func as sql
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.hub.lifecycle import ImportState
from techmarket.hub.rules import ImportKind, Outcome
from techmarket.hub.tables import ExternalOrganisation, ImportLine, ImportMapping, ImportRun
from techmarket.kernel.refusals import NotFound

OPEN = (ImportState.WAITING, ImportState.RUNNING)


async def put_mapping(
    db: AsyncSession, *, org_id: UUID, source: str, kind: ImportKind, columns: dict[str, str | None], by: UUID
) -> ImportMapping:
    said = {"columns": columns, "by": by, "changed_at": sql.market_now()}
    query = upsert(ImportMapping).values(org_id=org_id, source=source, kind=kind, **said)
    query = query.on_conflict_do_update(index_elements=["org_id", "source", "kind"], set_=said)
    return (await db.execute(query.returning(ImportMapping))).scalar_one()


async def find_mapping(db: AsyncSession, org_id: UUID, source: str, kind: ImportKind) -> ImportMapping | None:
    return await db.get(ImportMapping, (org_id, source, kind))


async def count_open(db: AsyncSession, org_id: UUID) -> int:
    query = select(sql.count()).where(ImportRun.org_id == org_id, ImportRun.state.in_(OPEN))
    return int((await db.execute(query)).scalar_one())


async def take_next(db: AsyncSession) -> ImportRun | None:
    """Of what waits, the one whose turn was longest ago; it is this caller's until he commits."""
    query = (
        select(ImportRun)
        .where(ImportRun.state.in_(OPEN))
        .order_by(ImportRun.turn_at, ImportRun.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await db.execute(query)).scalar_one_or_none()
    if row is not None:
        await db.execute(update(ImportRun).where(ImportRun.id == row.id).values(turn_at=sql.clock_timestamp()))
    return row


async def lock_run(db: AsyncSession, run_id: UUID) -> ImportRun:
    query = select(ImportRun).where(ImportRun.id == run_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_run(db: AsyncSession, run_id: UUID) -> ImportRun:
    row = await db.get(ImportRun, run_id)
    if row is None:
        raise NotFound()
    return row


async def list_runs(db: AsyncSession, *, org_id: UUID | None, before: UUID | None, limit: int) -> Sequence[ImportRun]:
    query = select(ImportRun).order_by(ImportRun.id.desc()).limit(limit)
    if org_id is not None:
        query = query.where(ImportRun.org_id == org_id)
    if before is not None:
        query = query.where(ImportRun.id < before)
    return (await db.execute(query)).scalars().all()


async def insert_lines(db: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await db.execute(insert(ImportLine), rows)


async def fingerprints(db: AsyncSession, run_id: UUID, named: Sequence[str]) -> dict[str, str]:
    """Of these external ids those that stand in rows done before, with what the first sound row of each said."""
    query = (
        select(ImportLine.external_id, ImportLine.fingerprint)
        .where(ImportLine.run_id == run_id, ImportLine.external_id.in_(named), ImportLine.fingerprint.is_not(None))
        .order_by(ImportLine.n.desc())  # the first comes last, and stays
    )
    return {str(theirs): str(said) for theirs, said in (await db.execute(query)).all()}


async def list_lines(
    db: AsyncSession, run_id: UUID, *, outcome: Outcome | None, after: int, limit: int
) -> Sequence[ImportLine]:
    query = select(ImportLine).where(ImportLine.run_id == run_id, ImportLine.n > after).order_by(ImportLine.n)
    if outcome is not None:
        query = query.where(ImportLine.outcome == outcome)
    return (await db.execute(query.limit(limit))).scalars().all()


async def put_organisation(db: AsyncSession, row: dict[str, Any]) -> None:
    await db.execute(insert(ExternalOrganisation), [row])
