"""A unit records what binds its achievement from outside the market: licences, pledges, seizures; and their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import errors, history, policy, repository
from techmarket.achievements.claims import Claim
from techmarket.achievements.events import EncumbranceRecorded
from techmarket.achievements.licences import (
    ANY_FIELD,
    ANY_MANNER,
    LICENCES,
    OF_OTHERS,
    OPEN_LICENCE,
    AttestedAct,
    BurdenKind,
    Scope,
    blocking_licence,
)
from techmarket.achievements.lifecycle import BURDEN, AchievementState
from techmarket.achievements.open_licences import OpenLicenceDraft, check_open_licence
from techmarket.achievements.service.attesting import attest, end_burden
from techmarket.achievements.service.reading import lock_known, view_of
from techmarket.achievements.steps.claiming import check_unclaimed
from techmarket.achievements.steps.selling import Sale, burden_of, missing_consents
from techmarket.achievements.tables import Achievement, Encumbrance
from techmarket.achievements.views import AchievementView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import wire
from techmarket.notices import steps as notices

RECORD = "record"


@dataclass(frozen=True, slots=True)
class BurdenDraft:
    kind: BurdenKind
    scope: Scope
    holder: str
    registration_number: str | None = None
    evidence_sha256: str | None = None
    holder_org: UUID | None = None


async def record_burden(tx: Tx, actor: Actor, achievement_id: UUID, draft: BurdenDraft) -> AchievementView:
    """What binds the achievement already is written down; a licence that another one excludes cannot be."""
    async with tx.begin() as db:
        row = await lock_known(db, actor, achievement_id)
        require(actor, policy.BURDEN, parties=[row.org_id])
        scope = draft.scope
        if scope.valid_until is not None and scope.valid_until < scope.valid_from:
            raise errors.EndsBeforeItBegins(valid_from=scope.valid_from, pointer="/body/valid_until")
        await _require_holder(db, draft, row.org_id)
        await notices.note_evidence(db, row.org_id, [draft.evidence_sha256])
        if draft.kind in LICENCES:
            held = (await repository.burdens_of(db, [row.id])).get(row.id, [])
            standing = [(burden.kind, burden.scope) for burden in map(burden_of, held)]
            if blocking_licence(draft.kind, scope, standing) is not None:
                raise errors.LicenceOverlaps(achievement=row.id)
            today = shanghai_day(await clock.market_now(db))
            row.first_agreement_on = row.first_agreement_on or min(scope.valid_from, today)
        burden_id = new_id()
        burden = Encumbrance(
            id=burden_id,
            achievement_id=row.id,
            kind=draft.kind,
            territory=scope.territory,
            field=scope.field,
            manner=scope.manner,
            valid_from=scope.valid_from,
            valid_until=scope.valid_until,
            state=BURDEN.initial,
            holder=draft.holder,
            holder_org_id=draft.holder_org,
            registration_number=draft.registration_number,
            evidence_sha256=draft.evidence_sha256,
            by=str(Ref(RECORD, burden_id)),
        )
        db.add(burden)
        row.revision += 1
        journal.record(db, EncumbranceRecorded(burden.id, row.id, burden.kind), actor=actor)
        await db.flush()
        return await view_of(db, row.id)


async def declare_open_licence(tx: Tx, actor: Actor, achievement_id: UUID, draft: OpenLicenceDraft) -> AchievementView:
    """The unit offers one of its patents to everybody at a published fee; only ordinary licences are granted meanwhile.

    Withdrawing the statement (`release_burden`) takes nothing from those who were licensed before.
    """
    async with tx.begin() as db:
        row = await lock_known(db, actor, achievement_id)
        require(actor, policy.BURDEN, parties=[row.org_id])
        if row.state is not AchievementState.RECORDED:
            raise errors.NotRecorded(achievement=row.id, state=row.state)
        await notices.note_evidence(db, row.org_id, [draft.report_sha256])
        today = shanghai_day(await clock.market_now(db))
        parts = await repository.parts_of(db, [row.id])
        stated = history.draft_of(row, parts).rights
        place = next((n for n, right in enumerate(stated) if right.number == draft.number), None)
        held = (await repository.burdens_of(db, [row.id], running_on=today)).get(row.id, [])
        given = (await repository.consents_of(db, [row.id])).get(row.id, [])
        sale = Sale((row.id,), OPEN_LICENCE, None, row.org_id, "CN", valid_until=draft.valid_until)
        missing = missing_consents(parts.owners[row.id], given, row.org_id, sale, today)
        check_open_licence(
            stated[place] if place is not None else None,
            draft,
            achievement_id=row.id,
            expires_on=parts.rights[row.id][place].expires_on if place is not None else None,
            burdens=[burden_of(burden) for burden in held],
            missing_consents=len(missing),
            today=today,
        )
        burden_id = new_id()
        by = str(Ref(RECORD, burden_id))
        wanted = Claim(by, BurdenKind.LICENCE_ORDINARY, Scope("CN", ANY_FIELD, today, draft.valid_until))
        check_unclaimed(row.id, wanted, (await repository.claims_on(db, [row.id])).get(row.id, []))
        burden = Encumbrance(
            id=burden_id,
            achievement_id=row.id,
            kind=BurdenKind.OPEN_LICENCE,
            territory="CN",
            field=ANY_FIELD,
            manner=ANY_MANNER,
            valid_from=today,
            valid_until=draft.valid_until,
            state=BURDEN.initial,
            registration_number=draft.registration_number,
            evidence_sha256=draft.report_sha256,
            terms={"number": draft.number, "fee": wire(Money(draft.fee_minor)), "way": draft.way},
            by=by,
        )
        db.add(burden)
        row.revision += 1
        journal.record(db, EncumbranceRecorded(burden.id, row.id, burden.kind), actor=actor)
        await db.flush()
        return await view_of(db, row.id)


async def release_burden(
    tx: Tx, actor: Actor, burden_id: UUID, *, released_on: date, evidence_sha256: str
) -> AchievementView:
    """What was recorded has ended, with the proof of it. What a contract brought ends with the contract.

    A pledge or a seizure is somebody else's right: it ends once a second eye has confirmed what the unit shows.
    """
    async with tx.begin() as db:
        row, burden = await _locked(db, actor, burden_id)
        if burden.by != str(Ref(RECORD, burden.id)):
            raise errors.RecordedByContract(by=burden.by)
        BURDEN.move(burden.state, "release")  # only of what still runs
        today = shanghai_day(await clock.market_now(db))
        if released_on > today:
            raise errors.DayInTheFuture(today=today, pointer="/body/released_on")
        await notices.require_evidence(db, row.org_id, [evidence_sha256], pointer="/body/evidence_sha256")
        if burden.kind in OF_OTHERS:
            await attest(db, row, burden, AttestedAct.RELEASE, evidence_sha256, released_on=released_on, actor=actor)
        else:
            end_burden(db, row, burden, released_on=released_on, evidence_sha256=evidence_sha256, actor=actor)
        await db.flush()
        return await view_of(db, row.id)


async def record_pledgee_consent(tx: Tx, actor: Actor, burden_id: UUID, *, evidence_sha256: str) -> AchievementView:
    """The pledgee agreed, in writing, that the achievement may be sold or licensed (民法典 444); to be confirmed."""
    async with tx.begin() as db:
        row, burden = await _locked(db, actor, burden_id)
        if burden.kind is not BurdenKind.PLEDGE:
            raise errors.NotAPledge()
        BURDEN.move(burden.state, "release")  # only of a pledge that still runs
        if burden.holder_consented_at is None:
            await notices.require_evidence(db, row.org_id, [evidence_sha256], pointer="/body/evidence_sha256")
            await attest(db, row, burden, AttestedAct.CONSENT, evidence_sha256, actor=actor)
        await db.flush()
        return await view_of(db, row.id)


async def _require_holder(db: AsyncSession, draft: BurdenDraft, unit: UUID) -> None:
    """A pledgee that is registered here may itself confirm what is said of its pledge; so it is a verified stranger."""
    if draft.holder_org is None:
        return
    if draft.kind is not BurdenKind.PLEDGE:
        raise errors.HolderOnlyOfPledge(pointer="/body/holder_organisation_id")
    if draft.holder_org == unit:
        raise errors.HolderIsTheUnit(pointer="/body/holder_organisation_id")
    await identity.require_verified(db, draft.holder_org)


async def _locked(db: AsyncSession, actor: Actor, burden_id: UUID) -> tuple[Achievement, Encumbrance]:
    """The achievement is locked, then its burden is read: everything that binds it waits for the same row."""
    row = await lock_known(db, actor, burden_id, Encumbrance)
    require(actor, policy.BURDEN, parties=[row.org_id])
    return row, await repository.get_burden(db, burden_id)
