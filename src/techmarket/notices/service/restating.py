"""A notice in better words: corrected, it goes on; replaced, another one stands in its place from its start on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, texts
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import Permission, require
from techmarket.kernel.refusals import NotAllowed
from techmarket.notices import deadlines, errors, opening, policy, repository, rules
from techmarket.notices.kinds import KINDS, Change, Decider
from techmarket.notices.lifecycle import NoticeState
from techmarket.notices.showing import seen, whole
from techmarket.notices.tables import Notice
from techmarket.notices.views import NoticeView

Words = Mapping[str, Any]


async def correct_notice(
    tx: Tx, actor: Actor, notice_id: UUID, *, document_sha256: str, changes: Words, because: str
) -> NoticeView:
    """Its owner or the operator writes the same disclosure better, for public reasons; the period goes on.

    `document_sha256` is the text that the person has read.
    """
    async with tx.begin() as db:
        notice = await _readable(db, actor, notice_id)
        await _require_restater(db, actor, notice, policy.RESTATE_OWN if _is_owner(actor, notice) else policy.RESTATE)
        document = await _restated(db, notice, document_sha256, changes, because)
        now = await clock.market_now(db)
        await opening.replace(db, notice.id, document, change=Change.CORRECTION, actor=actor, now=now)
        return await whole(db, actor, notice, now)


async def replace_notice(
    tx: Tx,
    actor: Actor,
    notice_id: UUID,
    *,
    document_sha256: str,
    changes: Words,
    because: str,
    evidence_sha256: str | None = None,
) -> NoticeView:
    """Another notice stands in its place, and its period starts afresh; open objections go with it.

    Whoever waits for the former waits for this one. `evidence_sha256` shows that it hangs in the unit already.
    """
    async with tx.begin() as db:
        notice = await _readable(db, actor, notice_id)
        by_owner = _is_owner(actor, notice) and Decider.OWNER in KINDS[notice.kind].replaced_by
        await _require_restater(db, actor, notice, policy.RESTATE_OWN if by_owner else policy.RESTATE)
        if by_owner:
            await _check_not_too_often(db, notice)
        document = await _restated(db, notice, document_sha256, changes, because)
        now = await clock.market_now(db)
        new_id = await opening.replace(
            db, notice.id, document, actor=actor, now=now, unit_evidence_sha256=evidence_sha256
        )
        return await whole(db, actor, await repository.get_notice(db, new_id), now)


async def _readable(db: AsyncSession, actor: Actor, notice_id: UUID) -> Notice:
    """The deal before its notice, as whoever publishes a price; then the notice, locked."""
    known = seen(actor, await repository.get_notice(db, notice_id))
    await opening.lock_deal(db, known)
    return await repository.lock_notice(db, notice_id)


def _is_owner(actor: Actor, notice: Notice) -> bool:
    return actor.org_id == notice.owner_org_id and not actor.is_market


async def _require_restater(db: AsyncSession, actor: Actor, notice: Notice, wanted: Permission) -> None:
    """The owner's own people whom it does not favour, or an operator who belongs to none of its parties."""
    require(actor, wanted, parties=[notice.owner_org_id])
    if actor.person_id in notice.favoured_ids:
        raise NotAllowed(needs="somebody whom the notice does not favour", operation=wanted.operation)
    if wanted is policy.RESTATE:
        await identity.require_outside(db, actor.person, notice.sides, operation=wanted.operation)


async def _check_not_too_often(db: AsyncSession, notice: Notice) -> None:
    """Each replacement starts the period afresh, and others wait for its end."""
    at_most = await deadlines.by_owner_max(db, notice)
    before = await repository.list_predecessors(db, notice, at_most or 0)
    if at_most is not None and sum(one.state is NoticeState.REPLACED for one in before) >= at_most:
        raise errors.TooManyReplacements(at_most=at_most)


async def _restated(
    db: AsyncSession, notice: Notice, document_sha256: str, changes: Words, because: str
) -> dict[str, Any]:
    if document_sha256 != notice.document_sha256:
        raise errors.TextChanged(document_sha256=notice.document_sha256)
    document = rules.restated(notice.kind, await texts.get(db, notice.document_sha256), changes)
    return document | {rules.INSTEAD_OF: {"document_sha256": notice.document_sha256, "because": because}}
