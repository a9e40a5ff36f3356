"""What later rooms may do with achievements inside their own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import errors, repository, rules
from techmarket.achievements.events import (
    AchievementAmended,
    AchievementDrafted,
    AchievementRecorded,
    LicenceEntered,
)
from techmarket.achievements.lifecycle import ACHIEVEMENT, AchievementState
from techmarket.achievements.rules import AchievementDraft, BurdenKind, RightKind, Scope, Standing
from techmarket.achievements.tables import Achievement, Completer, Encumbrance, IntellectualRight, OwnerShare
from techmarket.db import clock, journal
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.refusals import NotFound, Refusal

SHANGHAI = ZoneInfo("Asia/Shanghai")
PLAIN_FIELDS = (
    "title_zh",
    "title_en",
    "abstract_zh",
    "abstract_en",
    "keywords",
    "technology_field",
    "industry",
    "ipc",
    "trl",
    "trl_standard",
    "trl_year",
    "funding_source",
)


@dataclass(frozen=True, slots=True)
class RightFacts:
    kind: RightKind
    number: str | None
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class OwnerFacts:
    org_id: UUID | None
    person_id: UUID | None
    share: Decimal


@dataclass(frozen=True, slots=True)
class AchievementFacts:
    """What later rooms may know of an achievement. `completers` are person ids in their order."""

    id: UUID
    org_id: UUID
    state: AchievementState
    title_zh: str | None
    title_en: str | None
    abstract_zh: str | None
    abstract_en: str | None
    keywords: tuple[str, ...]
    technology_field: str | None
    industry: str | None
    ipc: tuple[str, ...]
    trl: int | None
    funding_source: str | None
    rights: tuple[RightFacts, ...]
    owners: tuple[OwnerFacts, ...]
    completers: tuple[UUID, ...]


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
    await repository.insert_many(db, Achievement, [_row(id, org_id, draft, state) for id, draft in checked.items()])
    now = await clock.market_now(db)
    await insert_parts(db, checked, consents={org_id: now, actor.person: now})
    event = AchievementRecorded if state is AchievementState.RECORDED else AchievementDrafted
    for achievement_id in checked:
        journal.record(db, event(achievement_id, org_id), actor=actor)
    return list(checked)


def _row(achievement_id: UUID, org_id: UUID, draft: AchievementDraft, state: AchievementState) -> dict[str, Any]:
    plain = {name: getattr(draft, name) for name in PLAIN_FIELDS}
    lists = {"keywords": list(draft.keywords), "ipc": list(draft.ipc), "external": dict(draft.external)}
    return {"id": achievement_id, "org_id": org_id, **plain, **lists, "state": state, "revision": 1}


async def insert_parts(
    db: AsyncSession, drafts: Mapping[UUID, AchievementDraft], *, consents: Mapping[UUID, datetime]
) -> None:
    """Rights, owners and completers of checked drafts. A single owner needs nobody's consent but his own."""
    rights = [
        {
            "achievement_id": id,
            "position": n,
            "kind": r.kind,
            "number": r.number,
            "valid_until": r.valid_until,
            "status": r.status,
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
            "consented_at": consents.get(o.org_id or o.person_id),  # type: ignore[arg-type]
        }
        for id, draft in drafts.items()
        for n, o in enumerate(draft.owners)
    ]
    completers = [
        {"achievement_id": id, "position": n, "person_id": person}
        for id, draft in drafts.items()
        for n, person in enumerate(draft.completers)
    ]
    await repository.insert_many(db, IntellectualRight, rights)
    await repository.insert_many(db, OwnerShare, owners)
    await repository.insert_many(db, Completer, completers)


async def replace(db: AsyncSession, achievement_id: UUID, draft: AchievementDraft, actor: Actor) -> Achievement:
    """Everything the unit says about an achievement, said anew. A consent stays while its owner's share stays."""
    row = await repository.lock(db, achievement_id)
    row.state = ACHIEVEMENT.move(row.state, "amend")
    checked = rules.checked_draft(draft, own_org=row.org_id)
    await check_names(db, [checked])
    for name in PLAIN_FIELDS:
        value = getattr(checked, name)
        setattr(row, name, list(value) if isinstance(value, tuple) else value)
    row.external = dict(checked.external)
    row.revision += 1
    agreed = await _consents(db, checked, achievement_id)
    await repository.forget_parts(db, achievement_id)
    await insert_parts(db, {achievement_id: checked}, consents=agreed)
    journal.record(db, AchievementAmended(row.id, row.revision), actor=actor)
    await db.flush()
    return row


async def _consents(db: AsyncSession, checked: AchievementDraft, achievement_id: UUID) -> dict[UUID, datetime]:
    """Who consented, consented to his own share: the consent stays while that share stays."""
    kept = {(owner.org_id or owner.person_id, owner.share) for owner in checked.owners}
    owners = (await repository.owners_of(db, [achievement_id])).get(achievement_id, [])
    found: dict[UUID, datetime] = {}
    for owner in owners:
        name = owner.org_id or owner.person_id
        if name is not None and owner.consented_at is not None and (name, owner.share) in kept:
            found[name] = owner.consented_at
    return found


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


async def get_facts(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, AchievementFacts]:
    """The facts of many achievements; ids that do not exist are left out."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await repository.get_many(db, wanted)
    rights = await repository.rights_of(db, rows)
    owners = await repository.owners_of(db, rows)
    completers = await repository.completers_of(db, rows)
    return {
        row.id: AchievementFacts(
            id=row.id,
            org_id=row.org_id,
            state=row.state,
            title_zh=row.title_zh,
            title_en=row.title_en,
            abstract_zh=row.abstract_zh,
            abstract_en=row.abstract_en,
            keywords=tuple(row.keywords),
            technology_field=row.technology_field,
            industry=row.industry,
            ipc=tuple(row.ipc),
            trl=row.trl,
            funding_source=row.funding_source,
            rights=tuple(RightFacts(r.kind, r.number, r.valid_until) for r in rights.get(row.id, [])),
            owners=tuple(OwnerFacts(o.org_id, o.person_id, o.share) for o in owners.get(row.id, [])),
            completers=tuple(c.person_id for c in completers.get(row.id, [])),
        )
        for row in rows.values()
    }


async def completers(db: AsyncSession, achievement_id: UUID) -> tuple[UUID, ...]:
    """Who made it, in order."""
    rows = (await repository.completers_of(db, [achievement_id])).get(achievement_id, [])
    return tuple(row.person_id for row in rows)


@dataclass(frozen=True, slots=True)
class Sale:
    """What somebody wants to sell, and how. `mode` and `licence_kind` are spelled as listings spells them
    (TRANSFER, LICENCE, …; EXCLUSIVE, SOLE, ORDINARY); an unstated kind is an ordinary licence (SPC-T art. 25)."""

    achievement_ids: tuple[UUID, ...]
    mode: str | None
    licence_kind: str | None = None
    seller: UUID | None = None
    territory: str | None = None
    field: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None


async def require_sellable(
    db: AsyncSession,
    ids: Iterable[UUID],
    *,
    mode: str | None,
    licence_kind: str | None = None,
    seller: UUID | None = None,
    territory: str | None = None,
    field: str | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> None:
    """A gate: every one of them is on record, the seller's, and free of what forbids this mode in this scope."""
    sale = Sale(tuple(ids), mode, licence_kind, seller, territory, field, valid_from, valid_until)
    (refusal,) = await unsellable(db, [sale])
    if refusal is not None:
        raise refusal


async def unsellable(db: AsyncSession, sales: Sequence[Sale]) -> list[Refusal | None]:
    """The same gate for many sales in three queries: for each, what forbids it, or None."""
    wanted = {achievement_id for sale in sales for achievement_id in sale.achievement_ids}
    if not wanted:
        return [None] * len(sales)
    today = (await clock.market_now(db)).astimezone(SHANGHAI).date()
    rows = await repository.get_many(db, wanted)
    burdens = await repository.burdens_of(db, wanted, running_on=today)
    owners = await repository.owners_of(db, wanted)

    def refusal_of(sale: Sale) -> Refusal | None:
        scope = Scope(
            sale.territory or rules.EVERYWHERE,
            sale.field or rules.ANY_FIELD,
            sale.valid_from or today,
            sale.valid_until,
        )
        for achievement_id in sorted(set(sale.achievement_ids)):
            row = rows.get(achievement_id)
            if row is None:
                return NotFound()
            held = tuple((b.kind, _scope(b)) for b in burdens.get(achievement_id, []))
            missing = sum(1 for owner in owners.get(achievement_id, []) if owner.consented_at is None)
            try:
                rules.check_sellable(
                    Standing(achievement_id, row.org_id, row.state, held, missing),
                    seller=sale.seller,
                    moves_title=sale.mode in ("TRANSFER", "EQUITY"),
                    licence=_licence(sale.mode, sale.licence_kind),
                    scope=scope,
                )
            except Refusal as refusal:
                return refusal
        return None

    return [refusal_of(sale) for sale in sales]


def _licence(mode: str | None, licence_kind: str | None) -> BurdenKind | None:
    if mode not in ("LICENCE", "OPEN_LICENCE", "TRY_BEFORE_BUY"):
        return None
    return BurdenKind(f"LICENCE_{licence_kind or 'ORDINARY'}")


def _scope(row: Encumbrance) -> Scope:
    return Scope(row.territory, row.field, row.valid_from, row.valid_until)


async def enter_licence(
    db: AsyncSession,
    achievement_ids: Iterable[UUID],
    *,
    kind: str,
    territory: str = rules.EVERYWHERE,
    field: str = rules.ANY_FIELD,
    valid_from: date,
    valid_until: date | None,
    by: Ref,
    actor: Actor,
) -> list[UUID]:
    """A licence in force binds the achievement: locks it, refuses an overlap, and is written once per cause.

    `kind` is EXCLUSIVE, SOLE or ORDINARY, or the same with `LICENCE_` before it.
    """
    wanted = sorted(set(achievement_ids))
    rows = await repository.lock_many(db, wanted)
    if len(rows) < len(wanted):
        raise NotFound()
    licence = BurdenKind(kind if kind.startswith("LICENCE_") else f"LICENCE_{kind}")
    scope = Scope(territory, field, valid_from, valid_until)
    held = await repository.burdens_of(db, wanted)
    entered: list[UUID] = []
    for row in rows:
        known = await repository.burden_by(db, row.id, str(by))
        if known is not None:
            entered.append(known.id)
            continue
        if rules.blocking_licence(licence, scope, [(b.kind, _scope(b)) for b in held.get(row.id, [])]) is not None:
            raise errors.LicenceOverlaps(achievement=row.id)
        burden = Encumbrance(
            id=new_id(),
            achievement_id=row.id,
            kind=licence,
            territory=territory,
            field=field,
            valid_from=valid_from,
            valid_until=valid_until,
            by=str(by),
        )
        db.add(burden)
        row.revision += 1
        journal.record(db, LicenceEntered(burden.id, row.id, licence), actor=actor)
        entered.append(burden.id)
    await db.flush()
    return entered
