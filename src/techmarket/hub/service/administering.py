"""Who administers an organisation that cannot see to it itself: imported without people, or left by those it had.

The first one of an organisation that was registered for others is invited by one operator, and it is verified by
another. Where administrators are lost (离职, 失联) two independent operators want a new one, for reasons and on
evidence; the organisation is told at once and may object for the time that the rulebook gives; then each of the two
holds one part of the invitation, so that neither can use it.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.files import Files
from techmarket.db.keys import Keys
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.hub import errors, events, policy
from techmarket.hub import repository_recoveries as repository
from techmarket.hub.lifecycle import RECOVERY, RecoveryState
from techmarket.hub.tables import AdministratorRecovery
from techmarket.hub.views import FirstInvitationView, InvitationPartView, RecoveryView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor, OrgKind
from techmarket.identity.lifecycle import Ground
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import end_of_period, shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.notices.views import EvidenceView
from techmarket.rulebook import steps as rulebook

WAITING = "organisation.administrator.objection_length"
PART_BYTES = 24


async def invite_first_administrator(
    tx: Tx, keys: Keys, actor: Actor, org_id: UUID, *, name: str, public_url: str
) -> FirstInvitationView:
    """An operator of the market, or of its node, invites who shall administer an organisation that has nobody yet."""
    require(actor, policy.INVITE_FIRST, node=actor.node)
    async with tx.begin() as db:
        facts = await identity.get_organisation(db, org_id)
        if not (actor.is_market or facts.is_verified or (actor.node is not None and actor.node == facts.node_id)):
            raise NotFound()
        require(actor, policy.INVITE_FIRST, node=facts.node_id)
        if facts.kind is OrgKind.MARKET:
            raise errors.NotForMarket()
        token = f"tmi_{secrets.token_urlsafe(32)}"
        made = await identity.invite_administrator(db, keys, actor, org_id, name=name, ground=Ground.FIRST, token=token)
        journal.record(db, events.FirstAdministratorInvited(org_id, made.invitation_id), actor=actor)
        return FirstInvitationView(
            made.invitation_id, org_id, name, made.expires_at, token, f"{public_url}/join#{token}"
        )


async def propose_administrator(
    tx: Tx, actor: Actor, org_id: UUID, *, name: str, reasons: str, evidence_sha256: str
) -> RecoveryView:
    """An operator wants somebody new to administer an organisation that has lost its administrators."""
    require(actor, policy.PROPOSE_ADMINISTRATOR)
    async with tx.begin() as db:
        if (await identity.get_organisation(db, org_id)).kind is OrgKind.MARKET:
            raise errors.NotForMarket()
        await lock_name(db, f"hub.administrator_recovery:{org_id}")
        known = await repository.find_open(db, org_id)
        if known is not None:
            raise errors.RecoveryOpen(recovery_id=known)
        await notices.require_evidence(db, actor.org, [evidence_sha256], pointer="/body/evidence_sha256")
        row = AdministratorRecovery(
            id=new_id(),
            org_id=org_id,
            name=name,
            reasons=reasons,
            evidence_sha256=evidence_sha256,
            state=RECOVERY.initial,
            proposed_by=actor.person,
        )
        db.add(row)
        await db.flush()
        await db.refresh(row)
        journal.record(db, events.AdministratorProposed(row.id, org_id, evidence_sha256), actor=actor)
        return _view(row)


async def agree_to_administrator(tx: Tx, actor: Actor, recovery_id: UUID) -> RecoveryView:
    """Another operator, whose credentials come from another hand, has seen the evidence and wants it, too."""
    require(actor, policy.AGREE_TO_ADMINISTRATOR)
    async with tx.begin() as db:
        row = await repository.lock_recovery(db, recovery_id)
        await identity.require_two_people(db, row.proposed_by, actor.person)
        state = RECOVERY.move(row.state, "agree")
        now = await clock.market_now(db)
        length = (await rulebook.get_rule(db, WAITING, on=shanghai_day(now))).length
        until = end_of_period(now, length, calendar=await rulebook.work_calendar(db))
        assert until is not None, "nothing pauses it"
        row.state, row.agreed_by, row.agreed_at, row.objection_until = state, actor.person, now, until
        journal.record(db, events.AdministratorAgreed(row.id, row.org_id, until), actor=actor)
        await db.flush()
        return _view(row)


async def object_to_administrator(tx: Tx, actor: Actor, recovery_id: UUID, *, reasons: str) -> RecoveryView:
    """The organisation does not want it: a living administrator or its contact says so, and it is over."""
    async with tx.begin() as db:
        row = await repository.lock_recovery(db, recovery_id)
        _require_known(actor, row)
        require(actor, policy.OBJECT_TO_ADMINISTRATOR, parties=[row.org_id])
        if actor.org_id != row.org_id or not await identity.may_object_for(db, actor.person, row.org_id):
            raise errors.NoVoiceInRecovery()
        state, now = RECOVERY.move(row.state, "object"), await clock.market_now(db)
        row.state, row.objected_by, row.objection, row.objected_at = state, actor.person, reasons, now
        journal.record(db, events.AdministratorObjected(row.id, row.org_id), actor=actor)
        await db.flush()
        return _view(row)


async def withdraw_administrator(tx: Tx, actor: Actor, recovery_id: UUID) -> RecoveryView:
    """Any operator stops it, as long as the invitation is not out."""
    require(actor, policy.WITHDRAW_ADMINISTRATOR)
    async with tx.begin() as db:
        row = await repository.lock_recovery(db, recovery_id)
        row.state = RECOVERY.move(row.state, "withdraw")
        journal.record(db, events.AdministratorWithdrawn(row.id, row.org_id), actor=actor)
        await db.flush()
        return _view(row)


async def take_invitation_part(tx: Tx, keys: Keys, actor: Actor, recovery_id: UUID) -> InvitationPartView:
    """When nobody objected in time the invitation is made, and each of the two operators is shown his part, once."""
    require(actor, policy.TAKE_INVITATION_PART)
    async with tx.begin() as db:
        row = await repository.lock_recovery(db, recovery_id)
        if actor.person not in (row.proposed_by, row.agreed_by):
            raise errors.RecoveryNotYours()
        if row.state is not RecoveryState.INVITED:
            await _invite(db, keys, actor, row)
        part, wrapped = (1, row.first_part) if actor.person == row.proposed_by else (2, row.second_part)
        if wrapped is None:
            raise errors.RecoveryNotYours()
        if part == 1:
            row.first_part = None
        else:
            row.second_part = None
        journal.record(db, events.InvitationPartTaken(row.id, row.org_id, part), actor=actor)
        assert row.invitation_id is not None
        return InvitationPartView(row.invitation_id, part, keys.unwrap(wrapped, about=row.id.bytes).decode())


async def _invite(db: AsyncSession, keys: Keys, actor: Actor, row: AdministratorRecovery) -> None:
    state = RECOVERY.move(row.state, "invite")
    # After the lock: whoever objects and whoever invites wait for one another, and the clock is read in turn.
    assert row.objection_until is not None
    if await clock.market_now(db) < row.objection_until:
        raise errors.RecoveryStillWaits(until=row.objection_until)
    first, second = f"tmi_{secrets.token_urlsafe(PART_BYTES)}", secrets.token_urlsafe(PART_BYTES)
    made = await identity.invite_administrator(
        db, keys, actor, row.org_id, name=row.name, ground=Ground.RECOVERY, token=first + second
    )
    row.state, row.invitation_id = state, made.invitation_id
    row.first_part = keys.wrap(first.encode(), about=row.id.bytes)
    row.second_part = keys.wrap(second.encode(), about=row.id.bytes)
    await db.flush()
    journal.record(db, events.AdministratorInvited(row.id, row.org_id, made.invitation_id), actor=actor)


async def get_recovery(tx: Tx, actor: Actor, recovery_id: UUID) -> RecoveryView:
    """For the people of the organisation and for the market."""
    async with tx.read() as db:
        row = await repository.get_recovery(db, recovery_id)
        _require_known(actor, row)
        require(actor, policy.SEE_RECOVERIES, parties=[row.org_id])
        return _view(row)


async def list_recoveries(
    tx: Tx, actor: Actor, *, org_id: UUID | None, state: RecoveryState | None, cursor: str | None, limit: int
) -> Page[RecoveryView]:
    """All of them for the market, those of an organisation for its people; the newest first."""
    if org_id is not None and not actor.is_anonymous and not actor.is_market and actor.org_id != org_id:
        raise NotFound()
    require(actor, policy.SEE_RECOVERIES, parties=[] if org_id is None else [org_id])
    async with tx.read() as db:
        rows = await repository.list_recoveries(db, org_id=org_id, state=state, before=last_id(cursor), limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row.id),)).map(_view)


async def read_recovery_evidence(
    tx: Tx, kept: Files, actor: Actor, recovery_id: UUID
) -> tuple[EvidenceView, AsyncIterator[bytes]]:
    """The paper it rests on, for the market alone: it may say of people what is nobody else's business."""
    require(actor, policy.READ_RECOVERY_EVIDENCE)
    async with tx.read() as db:
        row = await repository.get_recovery(db, recovery_id)
        view = await notices.find_evidence(db, actor.org, row.evidence_sha256)
        if view is None:
            raise NotFound()
    return view, kept.open(view.sha256)


async def forget_person(tx: Tx, person_id: UUID) -> None:
    """Whoever joined by such an invitation was erased: his name goes from the record of it, too."""
    async with tx.begin() as db:
        await repository.forget_names(db, await identity.invitations_of(db, person_id))


def _require_known(actor: Actor, row: AdministratorRecovery) -> None:
    if not actor.is_market and actor.org_id != row.org_id:
        raise NotFound()


def _view(row: AdministratorRecovery) -> RecoveryView:
    return RecoveryView(
        row.id,
        row.org_id,
        row.name,
        row.reasons,
        row.evidence_sha256,
        row.state,
        row.proposed_by,
        row.proposed_at,
        row.agreed_by,
        row.agreed_at,
        row.objection_until,
        row.objected_by,
        row.objected_at,
        row.objection,
        row.invitation_id,
    )
