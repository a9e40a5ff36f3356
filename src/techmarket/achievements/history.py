"""The versions of an achievement (成果沿革): everything it said, by hash, each time it changed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import repository
from techmarket.achievements.lifecycle import AchievementState
from techmarket.achievements.repository import Parts
from techmarket.achievements.rights import Right
from techmarket.achievements.rules import PLAIN_FIELDS, SHARE_PLACES, AchievementDraft, Owner
from techmarket.achievements.tables import Achievement, AchievementVersion, VersionAct
from techmarket.db import clock, texts
from techmarket.identity.actor import Actor
from techmarket.kernel.refusals import wire

_NOT_CONTENT = frozenset({"nonce"})


async def stated(db: AsyncSession, rows: Iterable[Achievement]) -> dict[UUID, AchievementDraft]:
    """What each achievement says today, as a draft that would say the same."""
    listed = {row.id: row for row in rows}
    parts = await repository.parts_of(db, listed)
    return {row.id: draft_of(row, parts) for row in listed.values()}


def draft_of(row: Achievement, parts: Parts) -> AchievementDraft:
    return AchievementDraft(
        **{name: getattr(row, name) for name in PLAIN_FIELDS if name not in ("keywords", "ipc")},
        keywords=tuple(row.keywords),
        ipc=tuple(row.ipc),
        external=row.external,
        rights=tuple(
            Right(r.kind, r.number, r.valid_until, r.status, r.filed_on, r.granted_on, r.fees_paid_until)
            for r in parts.rights.get(row.id, [])
        ),
        owners=tuple(Owner(o.share, o.org_id, o.person_id) for o in parts.owners.get(row.id, [])),
        completers=tuple(c.person_id for c in parts.completers.get(row.id, [])),
    )


def document_of(draft: AchievementDraft, *, org_id: UUID, state: AchievementState) -> dict[str, Any]:
    """All that is kept of a version. Without the nonce a reader of its hash could test guesses about what it says."""
    owners = tuple(replace(owner, share=owner.share.quantize(SHARE_PLACES)) for owner in draft.owners)
    said: dict[str, Any] = wire(asdict(replace(draft, owners=owners)))
    return said | {"organisation_id": str(org_id), "state": state.value, "nonce": secrets.token_hex(16)}


async def keep(
    db: AsyncSession, documents: Mapping[UUID, Mapping[str, Any]], *, n: int, act: VersionAct, actor: Actor | None
) -> dict[UUID, str]:
    """Keep a version of each achievement under the same number; returns the hashes."""
    hashes = dict(zip(documents, await texts.put_many(db, documents.values()), strict=True))
    now = await clock.market_now(db)
    by = actor.person_id if actor else None
    rows = [
        {"achievement_id": id, "n": n, "act": act, "sha256": sha, "at": now, "by_person_id": by}
        for id, sha in hashes.items()
    ]
    await repository.insert_many(db, AchievementVersion, rows)
    return hashes


async def carry(db: AsyncSession, row: Achievement) -> None:
    """An achievement from before versions were kept is kept as it stands, before its first change."""
    if await repository.last_version(db, row.id) is None:
        document = document_of((await stated(db, [row]))[row.id], org_id=row.org_id, state=row.state)
        await keep(db, {row.id: document}, n=row.revision, act=VersionAct.CARRIED, actor=None)


async def turn(db: AsyncSession, row: Achievement, act: VersionAct, actor: Actor | None) -> str:
    """The change is made: count the revision up and keep what the achievement says now. `carry` came before it."""
    row.revision += 1
    await db.flush()
    document = document_of((await stated(db, [row]))[row.id], org_id=row.org_id, state=row.state)
    return (await keep(db, {row.id: document}, n=row.revision, act=act, actor=actor))[row.id]


def changed_fields(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of what differs between two versions; of the first one everything that it says."""
    if before is None:
        return tuple(name for name in sorted(after) if name not in _NOT_CONTENT and after[name] not in (None, [], {}))
    names: Sequence[str] = sorted({*before, *after} - _NOT_CONTENT)
    return tuple(name for name in names if before.get(name) != after.get(name))
