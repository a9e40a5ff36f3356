"""Grants of a tier and of single documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Select, String, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure import rules
from techmarket.disclosure.lifecycle import GrantState
from techmarket.disclosure.repository.rooms import in_force, is_for
from techmarket.disclosure.tables import DataRoom, Grant
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import Actor

END_OF_TIME = datetime.max.replace(tzinfo=UTC)  # without a grant there is nothing to compare it with


@dataclass(frozen=True, slots=True)
class Granted:
    """What is open to one reader now, and the time that was asked for.

    Documents, and folders by subject and name, each up to a tier.
    """

    tiers: Sequence[Grant] = ()
    documents: Mapping[UUID, Tier] = field(default_factory=dict)
    folders: Mapping[tuple[str, str], Tier] = field(default_factory=dict)
    now: datetime = END_OF_TIME


async def list_granted(db: AsyncSession, actor: Actor, subjects: Iterable[str], *, hold: bool = False) -> Granted:
    """The grants in force, read with the clock in one query. `hold` keeps them as they are until this is committed."""
    query = select(Grant, func.market_now()).where(is_for(actor), Grant.subject.in_(sorted(set(subjects))), in_force())
    if hold:
        query = query.order_by(Grant.id).with_for_update(of=Grant, read=True)
    rows = (await db.execute(query.execution_options(populate_existing=True))).all()
    if not rows:
        return Granted()
    documents: dict[UUID, Tier] = {}
    folders: dict[tuple[str, str], Tier] = {}
    for grant, _ in rows:
        opened = rules.ceiling(grant.basis)
        if grant.document_id is not None:
            documents[grant.document_id] = max(opened, documents.get(grant.document_id, Tier.PUBLIC))
        elif grant.folder is not None:
            at = grant.subject, grant.folder
            folders[at] = max(opened, folders.get(at, Tier.PUBLIC))
    tiers = [grant for grant, _ in rows if grant.document_id is None and grant.folder is None]
    return Granted(tiers, documents, folders, rows[0][1])


async def subjects_granted(db: AsyncSession, actor: Actor, kind: str, limit: int) -> Sequence[str]:
    """The subjects of one kind of which a tier is open to this reader, the newest grant first."""
    newest = func.max(Grant.id.cast(String)).label("newest")
    query = (
        select(Grant.subject, newest)
        .where(is_for(actor), in_force(), Grant.document_id.is_(None), Grant.folder.is_(None))
        .where(Grant.subject.startswith(f"{kind}:", autoescape=True))
        .group_by(Grant.subject)
        .order_by(newest.desc())
        .limit(limit)
    )
    return [row.subject for row in await db.execute(query)]


async def lock_open_grants(
    db: AsyncSession, org_id: UUID, subject: str, *, basis: str | None = None
) -> Sequence[Grant]:
    """Everything of a subject that is open to an organisation, or what one reason opened; no single documents."""
    query = _open(org_id, subject).where(Grant.document_id.is_(None))
    if basis is not None:
        query = query.where(Grant.basis == basis)
    return (await db.execute(query)).scalars().all()


async def lock_grants_of_basis(db: AsyncSession, subjects: Sequence[str], basis: str) -> Sequence[Grant]:
    """Everything that one reason opened of these subjects, to whomever."""
    query = (
        select(Grant)
        .where(Grant.subject.in_(subjects), Grant.basis == basis, Grant.state == GrantState.OPEN)
        .order_by(Grant.id)
        .with_for_update()
    )
    return (await db.execute(query.execution_options(populate_existing=True))).scalars().all()


async def lock_replaced(db: AsyncSession, wanted: Grant) -> Sequence[Grant]:
    """The open grants that a new one takes the place of: for the same reader the same document, or the same tier or
    folder for the same reason."""
    query = _open(wanted.org_id, wanted.subject).where(Grant.person_id.is_not_distinct_from(wanted.person_id))
    if wanted.document_id is not None:
        query = query.where(Grant.document_id == wanted.document_id)
    else:
        query = query.where(
            Grant.document_id.is_(None),
            Grant.folder.is_not_distinct_from(wanted.folder),
            Grant.basis == wanted.basis,
        )
    return (await db.execute(query)).scalars().all()


def _open(org_id: UUID, subject: str) -> Select[Grant]:
    query = select(Grant).where(Grant.org_id == org_id, Grant.subject == subject, Grant.state == GrantState.OPEN)
    return query.order_by(Grant.id).with_for_update().execution_options(populate_existing=True)


async def lock_grant(db: AsyncSession, grant_id: UUID) -> tuple[Grant, DataRoom] | None:
    query = select(Grant, DataRoom).join(DataRoom, DataRoom.subject == Grant.subject).where(Grant.id == grant_id)
    query = query.with_for_update(of=Grant).execution_options(populate_existing=True)
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1]) if row is not None else None


async def list_grants(db: AsyncSession, subject: str, *, before: UUID | None, limit: int) -> Sequence[Grant]:
    query = select(Grant).where(Grant.subject == subject).order_by(Grant.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Grant.id < before)
    return (await db.execute(query)).scalars().all()


async def open_to_organisations(db: AsyncSession, subject: str) -> Sequence[Grant]:
    """The grants in force that open a whole tier of a subject to everyone of an organisation."""
    query = select(Grant).where(Grant.subject == subject, in_force(), Grant.person_id.is_(None))
    query = query.where(Grant.document_id.is_(None), Grant.folder.is_(None))
    return (await db.execute(query)).scalars().all()
