"""How achievements are written down: for the unit's own use cases and for imports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import dating, errors, history, repository, rules
from techmarket.achievements.events import AchievementAmended, AchievementDrafted, AchievementRecorded
from techmarket.achievements.lifecycle import ACHIEVEMENT, AchievementState
from techmarket.achievements.rules import PLAIN_FIELDS, AchievementDraft
from techmarket.achievements.tables import Achievement, Completer, IntellectualRight, OwnerShare, VersionAct
from techmarket.db import clock, journal
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import shanghai_day


async def create_many(
    db: AsyncSession,
    org_id: UUID,
    drafts: Sequence[AchievementDraft],
    actor: Actor,
    *,
    state: AchievementState = AchievementState.RECORDED,
) -> list[UUID]:
    """Many achievements of one unit in a handful of statements; in the order given. An import puts them on record."""
    checked = {new_id(): rules.checked_draft(draft, own_org=org_id) for draft in drafts}
    await check_names(db, checked.values())
    today = shanghai_day(await clock.market_now(db))
    idle = await dating.idle_days(db, org_id, checked, today)
    rows = [_row(id, org_id, draft, state) | {"idle_from": idle.get(id)} for id, draft in checked.items()]
    await repository.insert_many(db, Achievement, rows)
    await insert_parts(db, checked)
    recorded = state is AchievementState.RECORDED
    documents = {id: history.document_of(draft, org_id=org_id, state=state) for id, draft in checked.items()}
    act = VersionAct.RECORDED if recorded else VersionAct.DRAFTED
    hashes = await history.keep(db, documents, n=1, act=act, actor=actor)
    event = AchievementRecorded if recorded else AchievementDrafted
    for achievement_id in checked:
        journal.record(db, event(achievement_id, org_id, hashes[achievement_id]), actor=actor)
    return list(checked)


def _row(achievement_id: UUID, org_id: UUID, draft: AchievementDraft, state: AchievementState) -> dict[str, Any]:
    plain = {name: getattr(draft, name) for name in PLAIN_FIELDS}
    lists = {"keywords": list(draft.keywords), "ipc": list(draft.ipc), "external": dict(draft.external)}
    return {"id": achievement_id, "org_id": org_id, **plain, **lists, "state": state, "revision": 1}


async def insert_parts(
    db: AsyncSession,
    drafts: Mapping[UUID, AchievementDraft],
    *,
    confirmed: Mapping[UUID, datetime] | None = None,
) -> None:
    """Rights, owners and completers of checked drafts."""
    terms = await dating.terms(db, {(id, n): r for id, draft in drafts.items() for n, r in enumerate(draft.rights)})
    rights = [
        {
            "achievement_id": id,
            "position": n,
            "kind": r.kind,
            "number": r.number,
            "valid_until": r.valid_until,
            "status": r.status,
            "filed_on": r.filed_on,
            "granted_on": r.granted_on,
            "fees_paid_until": r.fees_paid_until,
            "term_ends_on": terms.get((id, n)),
        }
        for id, draft in drafts.items()
        for n, r in enumerate(draft.rights)
    ]
    owners = [
        {
            "achievement_id": id,
            "position": n,
            "org_id": o.org_id,
            "person_id": o.person_id,
            "share": o.share,
        }
        for id, draft in drafts.items()
        for n, o in enumerate(draft.owners)
    ]
    completers = [
        {"achievement_id": id, "position": n, "person_id": person, "confirmed_at": (confirmed or {}).get(person)}
        for id, draft in drafts.items()
        for n, person in enumerate(draft.completers)
    ]
    await repository.insert_many(db, IntellectualRight, rights)
    await repository.insert_many(db, OwnerShare, owners)
    await repository.insert_many(db, Completer, completers)


async def replace(db: AsyncSession, achievement_id: UUID, draft: AchievementDraft, actor: Actor) -> Achievement:
    """Everything the unit says about an achievement, said anew; while it is under way, what buyers were shown stays.

    A confirmation stays while the completers and their order stay.
    """
    row = await repository.lock(db, achievement_id)
    row.state = ACHIEVEMENT.move(row.state, "amend")
    checked = rules.checked_draft(draft, own_org=row.org_id)
    if await repository.claims_on(db, [row.id]):
        changed = rules.changed_of_sold((await history.stated(db, [row]))[row.id], checked)
        if changed:
            raise errors.SoldAsItStands(fields=changed, achievement=row.id, pointer=f"/body/{changed[0]}")
    await check_names(db, [checked])
    await history.carry(db, row)
    today = shanghai_day(await clock.market_now(db))
    row.idle_from = (await dating.idle_days(db, row.org_id, {row.id: checked}, today)).get(row.id)
    for name in PLAIN_FIELDS:
        value = getattr(checked, name)
        setattr(row, name, list(value) if isinstance(value, tuple) else value)
    row.external = dict(checked.external)
    confirmed = await _confirmations(db, checked, achievement_id)
    await repository.forget_parts(db, achievement_id)
    await insert_parts(db, {achievement_id: checked}, confirmed=confirmed)
    sha256 = await history.turn(db, row, VersionAct.AMENDED, actor)
    journal.record(db, AchievementAmended(row.id, row.revision, sha256), actor=actor)
    await db.flush()
    return row


async def _confirmations(db: AsyncSession, checked: AchievementDraft, achievement_id: UUID) -> dict[UUID, datetime]:
    """Who confirmed, confirmed his place among these people: another order is confirmed anew."""
    stood = (await repository.completers_of(db, [achievement_id])).get(achievement_id, [])
    if tuple(one.person_id for one in stood) != checked.completers:
        return {}
    return {one.person_id: one.confirmed_at for one in stood if one.confirmed_at is not None}


async def check_names(db: AsyncSession, drafts: Iterable[AchievementDraft]) -> None:
    """Owners and completers are people and organisations that the market knows."""
    listed = list(drafts)
    people = {p for d in listed for p in d.completers} | {o.person_id for d in listed for o in d.owners if o.person_id}
    orgs = {o.org_id for d in listed for o in d.owners if o.org_id}
    if people:
        unknown = people - set(await identity.get_people(db, people))
        if unknown:
            raise errors.PersonUnknown(person=min(unknown), pointer="/body/completers")
    if orgs:
        missing = orgs - set(await identity.get_organisations(db, orgs))
        if missing:
            raise errors.OrganisationUnknown(organisation=min(missing), pointer="/body/owners")
