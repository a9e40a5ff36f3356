"""Vesting from the application of the completers to the agreement that all have signed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import dating, errors, policy, repository, vesting
from techmarket.achievements.events import (
    EncumbranceRecorded,
    VestingApplied,
    VestingApproved,
    VestingEnded,
    VestingInForce,
    VestingSigned,
    VestingSigningOpened,
)
from techmarket.achievements.licences import ANY_FIELD, ANY_MANNER, EVERYWHERE, BurdenKind
from techmarket.achievements.lifecycle import BURDEN, VESTING
from techmarket.achievements.service.reading import known, lock_known, view_of
from techmarket.achievements.steps.claiming import claim, release
from techmarket.achievements.steps.selling import Sale, burden_of, unsellable
from techmarket.achievements.steps.titling import change_title
from techmarket.achievements.tables import Achievement, Encumbrance, Vesting, VestingGrantee
from techmarket.achievements.vesting import Agreement, VestingDraft, VestingKind
from techmarket.achievements.views import GranteeView, VestingView
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.identity.steps import OrganisationFacts
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotAllowed, wire
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.rulebook import steps as rulebook
from techmarket.signing import steps as signing
from techmarket.signing.steps import Signatory

PURPOSE = "vesting"


async def apply_for_vesting(tx: Tx, actor: Actor, achievement_id: UUID, draft: VestingDraft) -> VestingView:
    """A completer applies, for himself and others who made it, for a share of the title or a long-term use right."""
    async with tx.begin() as db:
        row = await lock_known(db, actor, achievement_id)
        seen = await view_of(db, row.id)
        require(actor, policy.APPLY_VESTING, parties=seen.completers)
        today = shanghai_day(await clock.market_now(db))
        unit = await identity.get_organisation(db, row.org_id)
        years = await _rule(db, "vesting.use_right.years_min", unit, today)
        held = {owner.organisation_id: owner.share for owner in seen.owners}
        vesting.check_application(
            draft,
            completers=seen.completers,
            unit_share=held.get(row.org_id, Decimal(0)),
            years_min=None if years is None else years.int,
        )
        await _check_free(db, row, today)
        made = Vesting(
            id=new_id(),
            achievement_id=row.id,
            org_id=row.org_id,
            kind=draft.kind,
            years=draft.years,
            state=VESTING.initial,
            rule_date=today,
            applied_at=await clock.market_now(db),
            applied_by=actor.person,
        )
        db.add(made)
        await db.flush()
        db.add_all(
            VestingGrantee(vesting_id=made.id, position=n, person_id=one.person_id, share=one.share)
            for n, one in enumerate(draft.grantees)
        )
        journal.record(db, VestingApplied(made.id, row.id, draft.kind), actor=actor)
        await db.flush()
        return await _view(db, made)


async def approve_vesting(
    tx: Tx, actor: Actor, vesting_id: UUID, *, cleared: tuple[str, ...], decision_sha256: str
) -> VestingView:
    """The unit decides together (集体决策) that nothing excludes it, and publishes it among its people. Whoever applied
    or is granted a part does not decide for it.

    From now on it is under way: nothing else is sold, licensed exclusively or vested of this achievement.
    """
    async with tx.begin() as db:
        achievement, row = await _locked(db, actor, vesting_id)
        require(actor, policy.APPROVE_VESTING, parties=[row.org_id])
        grantees = await repository.grantees_of(db, row.id)
        if actor.person_id in {row.applied_by, *(one.person_id for one in grantees)}:
            raise NotAllowed(needs="somebody whom it does not favour", operation=policy.APPROVE_VESTING.operation)
        row.state = VESTING.move(row.state, "approve")
        unit = await identity.get_organisation(db, row.org_id)
        listed = await _rule(db, "vesting.excluded", unit, row.rule_date)
        vesting.check_exclusions(cleared, [] if listed is None else listed.value.split(","))
        await notices.require_kept(db, row.org_id, [decision_sha256], pointer="/body/decision_sha256")
        now = await clock.market_now(db)
        await _check_free(db, achievement, shanghai_day(now))
        await claim(db, _sale(achievement), by=_ref(row), actor=actor)
        row.decision_sha256, row.approved_at = decision_sha256, now
        people = await identity.get_people(db, [one.person_id for one in grantees])
        right = {"kind": row.kind, "years": row.years}
        row.notice_id = await notices.open_notice(
            db,
            kind=NoticeKind.GRANT,
            subject=_ref(row),
            owner_org=row.org_id,
            document=wire(
                {
                    "name": achievement.title_zh or achievement.title_en,
                    "completers": [
                        {"name": people[one.person_id].name, "share": _share(one.share)} for one in grantees
                    ],
                    "right": right,
                }
            ),
            rule_date=row.rule_date,
            actor=actor,
            now=now,
            favours=[one.person_id for one in grantees],
        )
        journal.record(db, VestingApproved(row.id, achievement.id, row.notice_id, decision_sha256), actor=actor)
        await db.flush()
        return await _view(db, row)


async def open_vesting_signing(tx: Tx, actor: Actor, vesting_id: UUID, agreement: Agreement) -> VestingView:
    """After the publicity unit and completers are called to sign what they agreed on."""
    async with tx.begin() as db:
        achievement, row = await _locked(db, actor, vesting_id)
        require(actor, policy.APPROVE_VESTING, parties=[row.org_id])
        row.state = VESTING.move(row.state, "open signing")
        assert row.notice_id is not None
        await notices.require_cleared(db, row.notice_id, await clock.market_now(db))
        grantees = await repository.grantees_of(db, row.id)
        document = {
            "format": vesting.FORMAT,
            "vesting": row.id,
            "achievement": {"id": achievement.id, "revision": achievement.revision},
            "unit": row.org_id,
            "kind": row.kind,
            "years": row.years,
            "grantees": [{"person": one.person_id, "share": _share(one.share)} for one in grantees],
            "agreement": asdict(agreement),
        }
        row.document_sha256 = await texts.put(db, wire(document))
        people = await identity.get_people(db, [one.person_id for one in grantees])
        signatories = [Signatory(row.org_id, role="UNIT")]
        for one in grantees:
            orgs = people[one.person_id].org_ids
            if not orgs:
                raise errors.CoOwnerCannotSign(person=one.person_id)
            signatories.append(Signatory(row.org_id if row.org_id in orgs else orgs[0], one.person_id, "COMPLETER"))
        row.signing_id = await signing.open_signing(
            db,
            document_sha256=row.document_sha256,
            purpose=PURPOSE,
            subject=_ref(row),
            signatories=signatories,
            in_order=False,
            actor=actor,
        )
        event = VestingSigningOpened(row.id, achievement.id, row.signing_id, row.document_sha256)
        journal.record(db, event, actor=actor)
        await db.flush()
        return await _view(db, row)


async def sign_vesting(tx: Tx, actor: Actor, vesting_id: UUID, *, document_sha256: str) -> VestingView:
    """Unit and completers sign exactly this agreement; with the last signature the right is theirs, in one commit."""
    async with tx.begin() as db:
        achievement, row = await _locked(db, actor, vesting_id)
        grantees = await repository.grantees_of(db, row.id)
        require(actor, policy.SIGN_VESTING, parties=[row.org_id, *(one.person_id for one in grantees)])
        row.state = VESTING.move(row.state, "sign")
        assert row.signing_id is not None
        now = await clock.market_now(db)
        done = await signing.put(db, row.signing_id, actor, document_sha256=document_sha256, now=now)
        journal.record(db, VestingSigned(row.id, done.signed, done.required), actor=actor)
        if done.is_complete:
            await _enter_into_force(db, achievement, row, grantees, today=shanghai_day(now), actor=actor)
        await db.flush()
        return await _view(db, row)


async def _enter_into_force(
    db: AsyncSession,
    achievement: Achievement,
    row: Vesting,
    grantees: list[VestingGrantee],
    *,
    today: date,
    actor: Actor,
) -> None:
    await _check_free(db, achievement, today)
    row.state, row.in_force_on = VESTING.move(row.state, "complete"), today
    if row.kind is VestingKind.OWNERSHIP:
        await change_title(
            db,
            achievement.id,
            giver=row.org_id,
            takers={one.person_id: one.share for one in grantees},
            takers_are_people=True,
            by=_ref(row),
            actor=actor,
        )
    else:
        rights = (await repository.rights_of(db, [achievement.id])).get(achievement.id, [])
        row.ends_on = vesting.use_ends_on(today, row.years or 0, [right.expires_on for right in rights])
        burden = Encumbrance(
            id=new_id(),
            achievement_id=achievement.id,
            kind=BurdenKind.USE_RIGHT,
            territory=EVERYWHERE,
            field=ANY_FIELD,
            manner=ANY_MANNER,
            valid_from=today,
            valid_until=row.ends_on,
            state=BURDEN.initial,
            evidence_sha256=row.document_sha256,
            by=str(_ref(row)),
        )
        db.add(burden)
        achievement.revision += 1
        journal.record(db, EncumbranceRecorded(burden.id, achievement.id, burden.kind), actor=actor)
    achievement.first_agreement_on = achievement.first_agreement_on or today
    await release(db, by=_ref(row), actor=actor)
    journal.record(db, VestingInForce(row.id, achievement.id, row.kind), actor=actor)


async def refuse_vesting(tx: Tx, actor: Actor, vesting_id: UUID, *, reason: str) -> VestingView:
    """The unit does not grant it, and says why."""
    async with tx.begin() as db:
        _, row = await _locked(db, actor, vesting_id)
        require(actor, policy.APPROVE_VESTING, parties=[row.org_id])
        row.state, row.reason = VESTING.move(row.state, "refuse"), reason
        await _end(db, row, actor)
        return await _view(db, row)


async def withdraw_vesting(tx: Tx, actor: Actor, vesting_id: UUID) -> VestingView:
    """Whoever applied, or the unit, takes it back before all have signed."""
    async with tx.begin() as db:
        _, row = await _locked(db, actor, vesting_id)
        if actor.person_id == row.applied_by:
            require(actor, policy.WITHDRAW_VESTING, parties=[row.applied_by])
        else:
            require(actor, policy.APPROVE_VESTING, parties=[row.org_id])
        row.state = VESTING.move(row.state, "withdraw")
        await _end(db, row, actor)
        return await _view(db, row)


async def lapse_vesting(tx: Tx, vesting_id: UUID) -> bool:
    """An objection to its publicity was upheld: it lapses. Twice is harmless; says whether it changed anything."""
    async with tx.begin() as db:
        row = await repository.get_vesting(db, vesting_id)
        await repository.lock(db, row.achievement_id)
        row = await repository.get_vesting(db, vesting_id)
        if not VESTING.can(row.state, "lapse"):
            return False
        row.state = VESTING.move(row.state, "lapse")
        await _end(db, row, None)
        return True


async def follow_vesting_notice(tx: Tx, vesting_id: UUID) -> None:
    """Another notice stands in the place of its publicity. Twice is harmless."""
    async with tx.begin() as db:
        row = await repository.get_vesting(db, vesting_id)
        await repository.lock(db, row.achievement_id)
        if row.notice_id is not None:
            row.notice_id = await notices.current(db, row.notice_id)


async def _end(db: AsyncSession, row: Vesting, actor: Actor | None) -> None:
    """It comes to nothing: its signatures and its notice fall away, the achievement is free again."""
    if row.signing_id is not None:
        await signing.void(db, row.signing_id, actor)
    if row.notice_id is not None:
        await notices.withdraw(db, row.notice_id, actor)
    await release(db, by=_ref(row), actor=actor)
    journal.record(db, VestingEnded(row.id, row.achievement_id, row.state), actor=actor)
    await db.flush()


async def get_vesting(tx: Tx, actor: Actor, vesting_id: UUID) -> VestingView:
    """For those whom the achievement concerns, and the market."""
    async with tx.read() as db:
        await known(db, actor, Vesting, vesting_id)
        row = await repository.get_vesting(db, vesting_id)
        require(actor, policy.SEE_VESTINGS)
        return await _view(db, row)


async def list_vestings(
    tx: Tx, actor: Actor, achievement_id: UUID, *, cursor: str | None, limit: int
) -> Page[VestingView]:
    """Every application for one achievement, newest first."""
    require(actor, policy.SEE_VESTINGS)
    before = last_id(cursor)
    async with tx.read() as db:
        await known(db, actor, Achievement, achievement_id)
        rows = await repository.list_vestings(db, achievement_id, before=before, limit=limit + 1)
        page = page_of(rows, limit, lambda row: (str(row.id),))
        return Page([await _view(db, row) for row in page.items], page.next_cursor)


async def _check_free(db: AsyncSession, achievement: Achievement, today: date) -> None:
    """On record, neither seized nor pledged, licensed exclusively or vested; and every co-owner agrees."""
    (refusal,) = await unsellable(db, [_sale(achievement)])
    if refusal is not None:
        raise refusal
    held = (await repository.burdens_of(db, [achievement.id], running_on=today)).get(achievement.id, [])
    vesting.check_unencumbered(achievement.id, [burden_of(one).kind for one in held])


def _sale(achievement: Achievement) -> Sale:
    """To vest is to dispose of the title, as co-owners and claims see it."""
    return Sale((achievement.id,), "TRANSFER", None, achievement.org_id)


async def _rule(db: AsyncSession, key: str, unit: OrganisationFacts, on: date) -> rulebook.Rule | None:
    kinds = dating.GOVERNMENT_UNIT if unit.government_established else ("enterprise", "any")
    return await rulebook.find_rule(db, key, on=on, jurisdiction=dating.place_of(unit), applies_to=kinds)


async def _locked(db: AsyncSession, actor: Actor, vesting_id: UUID) -> tuple[Achievement, Vesting]:
    """The achievement is locked, then its vesting is read: two grants of one achievement wait for the same row."""
    achievement = await lock_known(db, actor, vesting_id, Vesting)
    return achievement, await repository.get_vesting(db, vesting_id)


def _ref(row: Vesting) -> Ref:
    return Ref("vesting", row.id)


def _share(share: Decimal) -> str:
    return format(share.normalize(), "f")


async def _view(db: AsyncSession, row: Vesting) -> VestingView:
    grantees = await repository.grantees_of(db, row.id)
    return VestingView(
        id=row.id,
        achievement_id=row.achievement_id,
        organisation_id=row.org_id,
        kind=row.kind,
        years=row.years,
        grantees=tuple(GranteeView(one.person_id, one.share) for one in grantees),
        state=row.state,
        decision_sha256=row.decision_sha256,
        notice_id=row.notice_id,
        document_sha256=row.document_sha256,
        signing_id=row.signing_id,
        reason=row.reason,
        applied_at=row.applied_at,
        in_force_on=row.in_force_on,
        ends_on=row.ends_on,
        text=None if row.document_sha256 is None else await texts.get(db, row.document_sha256),
    )
