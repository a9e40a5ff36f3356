"""What a person may ask about himself (个人信息权利): a copy, a correction, erasure as far as the law lets the market.

Erased is whatever ties the account to the human being: his name, his login, what he said of himself. What he signed,
decided or was paid stays under an id that then leads to nobody: it is the proof of others, and the law keeps it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, personal
from techmarket.db.session import Tx
from techmarket.identity import errors, policy, repository
from techmarket.identity import repository_people as people
from techmarket.identity.actor import Actor, Role
from techmarket.identity.events import InvitationWithdrawn, MembershipEnded, PersonCorrected, PersonErased
from techmarket.identity.permissions import require
from techmarket.identity.service.logins import require_fresh_session
from techmarket.identity.service.sessions import session_of
from techmarket.identity.tables import Person
from techmarket.identity.views import PersonalDataView
from techmarket.kernel.refusals import NotFound

ERASED = "已注销"


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays, and why; the laws are named from memory and confirmed by the market's own counsel."""

    what: str
    zh: str
    en: str


KEPT = (
    Kept(
        "signatures",
        "签署记录是合同各方的凭证，不因一方注销而失效（个人信息保护法第四十七条第二款；电子签名法）。",
        "What was signed proves the agreement of others too (PIPL art. 47(2); Electronic Signature Law).",
    ),
    Kept(
        "money",
        "账簿与支付记录须依会计法规保存期限保存。",
        "Books and payments are kept as long as the law on accounting says.",
    ),
    Kept(
        "log",
        "审计日志只含岗位与编码，不含姓名，且不可更改（网络安全法）。",
        "The log names offices and codes, no names, and cannot be changed (Cybersecurity Law).",
    ),
    Kept(
        "public record",
        "公示、证书与份额表已依法公开或交付，更改会使其失效。",
        "Notices, certificates and share tables were published or handed out; a change would make them void.",
    ),
)


async def get_personal_data(tx: Tx, actor: Actor) -> PersonalDataView:
    """A copy of what the market holds about me."""
    require(actor, policy.SEE_PERSONAL_DATA)
    async with tx.read() as db:
        person = await db.get(Person, actor.person)
        if person is None:
            raise NotFound()
        held = await personal.rows_about(db, actor.person)
        return PersonalDataView(person.id, person.name, person.created_at, held)


async def correct_name(tx: Tx, actor: Actor, *, name: str) -> None:
    """My name is written otherwise; what was signed before keeps the name it was signed with."""
    require(actor, policy.CORRECT_PERSONAL_DATA)
    async with tx.begin() as db:
        person = await _myself(db, actor)
        person.name = name
        journal.record(db, PersonCorrected(person.id), actor=actor)


async def erase_person(tx: Tx, actor: Actor) -> tuple[Kept, ...]:
    """I leave the market: what ties the account to me goes at once; told is what stays and why.

    An organisation's only administrator names another first, or nobody could act for it any more.
    """
    require(actor, policy.ERASE_PERSONAL_DATA)
    async with tx.begin() as db:
        person = await _myself(db, actor)
        for _, org in await people.memberships_of(db, person.id):
            await repository.lock_organisation(db, org.id)
        # Anew: his roles, and who else administers, may have changed while the organisations were waited for.
        for membership, org in await people.memberships_of(db, person.id, anew=True):
            is_administrator = Role.ADMINISTRATOR in membership.roles
            if is_administrator and not await people.has_other_administrator(db, org.id, person.id):
                raise errors.LastAdministrator()
        await _erase(db, person, actor)
        return KEPT


async def _erase(db: AsyncSession, person: Person, actor: Actor | None) -> None:
    for membership, org in await people.memberships_of(db, person.id):
        membership.ended_at = await repository.real_now(db)
        for invitation_id in await people.close_invitations_of(db, person.id, org.id):
            journal.record(db, InvitationWithdrawn(invitation_id), actor=actor)
        journal.record(db, MembershipEnded(person.id, org.id), actor=actor)
    await people.end_sessions(db, person.id)
    await people.revoke_keys_of(db, person.id)
    await people.forget_person(db, person.id)
    # Drawn by lot: nothing of the person is in it, and two of his accounts do not look alike.
    person.name = f"{ERASED} {secrets.token_hex(4)}"
    journal.record(db, PersonErased(person.id), actor=actor)


async def list_erased(tx: Tx, *, after: int = -1) -> tuple[set[UUID], int]:
    """Who was erased, by the entries of the journal behind a position and by those that have none yet; and up to which
    position that was looked at."""
    async with tx.read(snapshot=True) as db:
        return await people.erased_since(db, PersonErased.kind, after)


async def erase_again(tx: Tx, ids: Iterable[UUID]) -> int:
    """Erase those whom a market that was brought back from a backup knows again; returns how many.

    Each of them asked for it once, and an organisation whose only administrator was one named another then: whoever
    that was, this market may have him no more, and its operator lets a new one in (recovery of an administrator).
    """
    known, _ = await list_erased(tx)
    erased = 0
    for person_id in sorted(set(ids) - known):
        async with tx.begin() as db:
            person = await people.lock_person(db, person_id)
            if person is not None:
                await _erase(db, person, None)
                erased += 1
    return erased


async def _myself(db: AsyncSession, actor: Actor) -> Person:
    """The person himself, signed in, with a second factor of the last minutes where he has one.

    A key may be lent, stolen or kept by whoever gave it: it ends nobody's account and renames nobody.
    """
    session_of(actor)
    person = await people.lock_person(db, actor.person)
    if person is None:
        raise NotFound()
    login = await people.get_login_of(db, person.id)
    if login is not None and login.totp_secret is not None:
        await require_fresh_session(db, actor)
    return person
