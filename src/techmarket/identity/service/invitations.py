"""Invitations (邀请): an administrator asks somebody to join, or a member to set his password anew.

The token of the link is shown once, to the administrator, and counts once. So nobody hands over a key, and the one who
joins chooses a password that nobody else has seen.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import errors, passwords, policy
from techmarket.identity import repository_people as repository
from techmarket.identity.actor import Actor, Role
from techmarket.identity.events import InvitationAccepted, InvitationWithdrawn, KeyRevoked, PersonAdded, PersonInvited
from techmarket.identity.lifecycle import Ground
from techmarket.identity.permissions import require
from techmarket.identity.repository import find_membership, lock_organisation
from techmarket.identity.rules import INVITATION_OPEN_FOR
from techmarket.identity.service.logins import put_login, require_fit
from techmarket.identity.service.members import check_roles
from techmarket.identity.service.outside import end_identity
from techmarket.identity.service.seeing import require_known_org
from techmarket.identity.tables import Invitation, Membership, Organisation, Person
from techmarket.identity.views import InvitationView, PersonView
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound


async def invite_person(
    tx: Tx, keys: Keys, actor: Actor, org_id: UUID, *, name: str, roles: Sequence[Role], public_url: str
) -> InvitationView:
    """An administrator invites somebody to join with these roles."""
    require_known_org(actor, org_id)
    require(actor, policy.INVITE, parties=[org_id])
    async with tx.begin() as db:
        org = await lock_organisation(db, org_id)
        check_roles(org, roles)
        invitation, token = _new(keys, actor, org_id, name=name, roles=tuple(sorted(set(roles))), person_id=None)
        invitation.expires_at = await repository.real_now(db) + INVITATION_OPEN_FOR
        db.add(invitation)
        journal.record(db, PersonInvited(invitation.id, org_id, tuple(invitation.roles)), actor=actor)
        return _view(invitation, token, public_url)


async def invite_again(
    tx: Tx, keys: Keys, actor: Actor, org_id: UUID, person_id: UUID, *, public_url: str
) -> InvitationView:
    """A member who has no password yet, or lost it or his second factor, is asked to set it anew."""
    require_known_org(actor, org_id)
    require(actor, policy.INVITE, parties=[org_id])
    async with tx.begin() as db:
        found = await find_membership(db, person_id, org_id)
        if found is None or found[0].is_machine:
            raise NotFound()
        invitation, token = _new(keys, actor, org_id, name=found[0].name, roles=(), person_id=person_id)
        invitation.expires_at = await repository.real_now(db) + INVITATION_OPEN_FOR
        db.add(invitation)
        journal.record(db, PersonInvited(invitation.id, org_id, (), person_id), actor=actor)
        return _view(invitation, token, public_url)


async def withdraw_invitation(tx: Tx, actor: Actor, invitation_id: UUID) -> None:
    """An invitation that was not used is worth nothing any more. Twice is harmless."""
    async with tx.begin() as db:
        invitation = await repository.lock_invitation(db, by_id=invitation_id)
        if invitation is None:
            raise NotFound()
        require_known_org(actor, invitation.org_id)
        require(actor, policy.WITHDRAW_INVITATION, parties=[invitation.org_id])
        if invitation.closed_at is None:
            invitation.closed_at = await repository.real_now(db)
            journal.record(db, InvitationWithdrawn(invitation.id), actor=actor)


async def accept_invitation(tx: Tx, keys: Keys, actor: Actor, *, token: str, name: str, password: str) -> PersonView:
    """Whoever holds the link joins with a name and a password of his own, once.

    A member who was invited again begins anew: his second factor, recovery codes, sessions and linked accounts are
    gone, and, where somebody else vouched for him until now, or the founding gave him his, his keys: another may have
    kept one.
    """
    require(actor, policy.ACCEPT_INVITATION)
    hashes = keys.hashes_of(token)
    async with tx.read() as db:
        found_open = await repository.find_ground(db, hashes)
        if found_open is None:
            raise errors.InvitationOver()
    require_fit(name, password)
    phc = await passwords.hash_password(password)
    async with tx.begin() as db:
        # Whoever invites an administrator locks the organisation first, and so does whoever joins so.
        org = None if found_open[1] is Ground.MEMBER else await lock_organisation(db, found_open[0])
        invitation = await repository.lock_invitation(db, token_hashes=hashes)
        now = await repository.real_now(db)
        if invitation is None or invitation.closed_at is not None or invitation.expires_at <= now:
            raise errors.InvitationOver()
        if not await _still_invites(db, invitation, org):
            raise errors.InvitationOver()
        invitation.closed_at, called = now, invitation.name
        person_id, roles = invitation.person_id, tuple(Role(role) for role in invitation.roles)
        if person_id is None:
            person = Person(id=new_id(), name=called, vouched_by=invitation.invited_by)
            db.add(person)
            await db.flush()
            db.add(Membership(person_id=person.id, org_id=invitation.org_id, roles=list(roles)))
            await db.flush()
            person_id = person.id
            journal.record(db, PersonAdded(person.id, invitation.org_id, roles), actor=None)
        else:
            found = await find_membership(db, person_id, invitation.org_id)
            if found is None:
                raise errors.InvitationOver()
            roles = tuple(Role(role) for role in found[1].roles)
            await _vouch_anew(db, found[0], invitation.invited_by)
            for linked in await repository.list_identities(db, person_id):
                await end_identity(db, linked, actor=None)
        # From now on the name stands with the person alone, where it is corrected and erased.
        invitation.person_id, invitation.name = person_id, ""
        held = await repository.lock_login(db, person_id)
        login = await put_login(db, person_id, name=name, phc=phc, held=held, actor=None)
        login.totp_secret = login.totp_waiting = login.totp_confirmed_at = None
        await repository.replace_recovery_codes(db, person_id, ())
        await repository.end_sessions(db, person_id)
        journal.record(db, InvitationAccepted(invitation.id, person_id, invitation.org_id), actor=None)
        return PersonView(person_id, called, invitation.org_id, roles)


async def _still_invites(db: AsyncSession, invitation: Invitation, org: Organisation | None) -> bool:
    """Nobody joins by the word of one who has lost the office by which he invited."""
    if org is None:
        inviter = await find_membership(db, invitation.invited_by, invitation.org_id)
        return inviter is not None and Role.ADMINISTRATOR in inviter[1].roles
    if invitation.ground is Ground.FIRST and await repository.had_people(db, org.id):
        return False
    return await repository.is_operator_for(db, invitation.invited_by, org)


async def _vouch_anew(db: AsyncSession, person: Person, inviter: UUID) -> None:
    if inviter not in (person.vouched_by, person.id):
        for key_id in await repository.revoke_keys_of(db, person.id):
            journal.record(db, KeyRevoked(key_id), actor=None)
    if inviter != person.id:
        person.vouched_by = inviter


def _new(
    keys: Keys, actor: Actor, org_id: UUID, *, name: str, roles: tuple[Role, ...], person_id: UUID | None
) -> tuple[Invitation, str]:
    token = f"tmi_{secrets.token_urlsafe(32)}"
    invitation = Invitation(
        id=new_id(),
        org_id=org_id,
        person_id=person_id,
        name=name,
        roles=list(roles),
        token_hash=keys.hash_secret(token),
        invited_by=actor.person,
        elevation_id=actor.elevation_id,
    )
    return invitation, token


def _view(invitation: Invitation, token: str, public_url: str) -> InvitationView:
    return InvitationView(
        invitation.id,
        invitation.org_id,
        invitation.person_id,
        invitation.name,
        tuple(Role(role) for role in invitation.roles),
        invitation.expires_at,
        token,
        f"{public_url}/join#{token}",
    )
