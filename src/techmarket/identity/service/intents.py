"""Four eyes inside an organisation (双人复核): for acts it names, a colleague agrees beforehand to the very request.

Who is going to act says so, word for word: method, address, body. Another person of the organisation who may do the
same reads that and agrees. Then exactly that request counts, once; the record shows both. What the market itself asks
two people for (money, certificates, rules) is judged where it happens and needs nothing of this.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.idempotency import KEPT_HOURS
from techmarket.db.session import Tx
from techmarket.identity import errors, policy
from techmarket.identity import repository_powers as repository
from techmarket.identity.actor import Actor, OrgKind
from techmarket.identity.events import ActAgreed, ActIntended, ActRefused, ByTwoSet
from techmarket.identity.lifecycle import INTENDED_ACT, IntentState
from techmarket.identity.permissions import PERMISSIONS, Standing, require
from techmarket.identity.repository import find_membership, lock_organisation, real_now
from techmarket.identity.repository_people import has_other_administrator, is_machine
from techmarket.identity.service.logins import require_fresh_session
from techmarket.identity.service.seeing import require_known_org
from techmarket.identity.tables import IntendedAct
from techmarket.identity.views import IntendedActView
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotAllowed, NotFound

OPEN_FOR = timedelta(days=3)
SENT_AGAIN_WITHIN = timedelta(hours=KEPT_HOURS - 1)
SECRETS = frozenset({"current", "password"})
ITSELF = "identity.set_by_two"
MAKES_COLLEAGUES = frozenset({policy.ADD_PERSON.operation, policy.INVITE.operation, policy.CHANGE_ROLES.operation})
"""Taken alone these would make the one who agrees, so where anything takes a colleague they do."""


def may_be_by_two(operation: str) -> bool:
    """Whether an organisation may ask for a colleague's agreement there: acts of its own with consequences."""
    wanted = PERMISSIONS.get(operation)
    own = wanted is not None and wanted.standing in (Standing.OWN, Standing.VERIFIED, Standing.MARKET_OR_OWN)
    return wanted is not None and own and wanted.consequential and operation != "identity.agree_to_act"


async def set_by_two(tx: Tx, actor: Actor, org_id: UUID, *, operations: Collection[str]) -> tuple[str, ...]:
    """An administrator says which acts need a colleague; to change that and to make a colleague are among them."""
    require_known_org(actor, org_id)
    require(actor, policy.SET_BY_TWO, parties=[org_id])
    wrong = sorted(one for one in set(operations) if not may_be_by_two(one))
    if wrong:
        raise errors.NotByTwo(operations=wrong, pointer="/body/operations")
    async with tx.begin() as db:
        org = await lock_organisation(db, org_id)
        if org.kind is OrgKind.MARKET:
            raise NotAllowed(needs="an organisation that is not the market's", operation=ITSELF)
        await require_fresh_session(db, actor)
        wanted = sorted({*operations, ITSELF, *MAKES_COLLEAGUES}) if operations else []
        if wanted and not await has_other_administrator(db, org_id, actor.person):
            raise errors.NobodyToAgree()
        org.by_two = wanted
        journal.record(db, ByTwoSet(org_id, tuple(wanted)), actor=actor)
        return tuple(wanted)


async def intend_act(
    tx: Tx, actor: Actor, org_id: UUID, *, operation: str, method: str, path: str, body: Mapping[str, Any] | None
) -> IntendedActView:
    """Say what I am going to do, word for word, for a colleague to agree."""
    require_known_org(actor, org_id)
    require(actor, policy.INTEND, parties=[org_id])
    if not may_be_by_two(operation):
        raise errors.NotByTwo(operations=[operation], pointer="/body/operation")
    if body is not None and not body.keys().isdisjoint(SECRETS):
        raise errors.SecretInIntent(pointer="/body/body")
    digest = digest_of(method, path, body)
    async with tx.begin() as db:
        if await is_machine(db, actor.person):
            raise errors.SessionOnly()
        now = await real_now(db)
        row = IntendedAct(
            id=new_id(),
            org_id=org_id,
            operation=operation,
            roles=sorted(PERMISSIONS[operation].roles),
            method=method,
            path=path,
            body=dict(body) if body is not None else None,
            digest=digest,
            state=INTENDED_ACT.initial,
            asked_by=actor.person,
            asked_at=now,
            expires_at=now + OPEN_FOR,
        )
        db.add(row)
        journal.record(db, ActIntended(row.id, org_id, operation, digest.hex()), actor=actor)
        return _view(row)


async def agree_to_act(tx: Tx, actor: Actor, act_id: UUID) -> IntendedActView:
    """A colleague who may do the same agrees to exactly this request."""
    async with tx.begin() as db:
        row = await _known(db, actor, act_id)
        require(actor, policy.AGREE, parties=[row.org_id])
        wanted = PERMISSIONS.get(row.operation)
        if wanted is None:  # a version before this one knew it; nobody can do it any more
            raise errors.NotAgreed()
        if wanted.roles and not wanted.roles & actor.roles:
            raise NotAllowed(needs=wanted.sentence(), operation=row.operation)
        if row.asked_by == actor.person:
            raise errors.OwnAct()
        now = await real_now(db)
        if row.expires_at <= now or await is_machine(db, actor.person):
            raise errors.NotAgreed()
        row.state = INTENDED_ACT.move(row.state, "agree")
        row.decided_by, row.decided_at = actor.person, now
        journal.record(db, ActAgreed(row.id, row.org_id), actor=actor)
        return _view(row)


async def refuse_act(tx: Tx, actor: Actor, act_id: UUID) -> IntendedActView:
    """Whoever asked takes it back, or a colleague refuses; also after somebody agreed, as long as it was not done."""
    async with tx.begin() as db:
        row = await _known(db, actor, act_id)
        require(actor, policy.INTEND, parties=[row.org_id])
        row.state = INTENDED_ACT.move(row.state, "refuse")
        journal.record(db, ActRefused(row.id, row.org_id), actor=actor)
        return _view(row)


async def list_intended_acts(
    tx: Tx, actor: Actor, org_id: UUID, *, state: IntentState | None, cursor: str | None, limit: int
) -> Page[IntendedActView]:
    """What the people of an organisation intend, newest first: one's own, and what one might agree to."""
    if not actor.is_anonymous and actor.org_id != org_id:
        raise NotFound()
    require(actor, policy.SEE_INTENDED, parties=[org_id])
    readable = [name for name, one in PERMISSIONS.items() if not one.roles or one.roles & actor.roles]
    async with tx.read() as db:
        rows = await repository.list_intended_acts(
            db,
            org_id,
            state=state,
            person_id=actor.person,
            operations=readable,
            before=last_id(cursor),
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(_view)


async def as_agreed(
    tx: Tx, actor: Actor, act_id: UUID, *, method: str, path: str, body: Mapping[str, Any] | None, key: str
) -> Actor:
    """The actor with a colleague's agreement to this request, taken here, once.

    A POST may be sent again under its idempotency key, as long as its first answer is surely kept: nothing is done
    anew then. Of other methods no answer is kept, so a second time would be another act.
    """
    if actor.person_id is None or actor.stands_in_for is not None:
        raise errors.NotAgreed()
    digest = digest_of(method, path, body)
    async with tx.begin() as db:
        row = await repository.lock_intended_act(db, act_id)
        now = await real_now(db)
        if (
            row is None
            or (row.asked_by, row.org_id, row.digest) != (actor.person_id, actor.org_id, digest)
            or row.expires_at <= now
        ):
            raise errors.NotAgreed()
        if row.state is IntentState.AGREED:
            if not await _may_agree_still(db, row):
                raise errors.NotAgreed()
            row.state, row.done_with_key = INTENDED_ACT.move(row.state, "do"), key
            row.expires_at = min(row.expires_at, now + SENT_AGAIN_WITHIN)
        elif row.state is not IntentState.DONE or method != "POST" or not key or row.done_with_key != key:
            raise errors.NotAgreed()
        return replace(actor, by_two=actor.by_two - {row.operation}, seconded_by=row.decided_by)


async def _may_agree_still(db: AsyncSession, row: IntendedAct) -> bool:
    """Whoever agreed is still of the organisation, with a role that may do it: one who left seconds nothing."""
    wanted = PERMISSIONS.get(row.operation)
    found = None if row.decided_by is None else await find_membership(db, row.decided_by, row.org_id)
    return wanted is not None and found is not None and (not wanted.roles or bool(wanted.roles & set(found[1].roles)))


def digest_of(method: str, path: str, body: Mapping[str, Any] | None) -> bytes:
    """One request word for word, however its JSON is spelled."""
    return sha256(b"\n".join([method.encode(), path.encode(), b"" if body is None else canonical_json(body)])).digest()


async def _known(db: AsyncSession, actor: Actor, act_id: UUID) -> IntendedAct:
    row = await repository.lock_intended_act(db, act_id)
    if row is None or actor.org_id != row.org_id:
        raise NotFound()
    return row


def _view(row: IntendedAct) -> IntendedActView:
    return IntendedActView(
        row.id,
        row.org_id,
        row.operation,
        row.method,
        row.path,
        row.body,
        row.state,
        row.asked_by,
        row.asked_at,
        row.expires_at,
        row.decided_by,
        row.decided_at,
    )
