"""What a person does with his notifications: read and mark them, say how he wants to be told, and where mail goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.keys import Keys
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import NotVerified, require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.workbench import errors, mails, policy
from techmarket.workbench import repository_notes as notes
from techmarket.workbench.gathering import all_work
from techmarket.workbench.mails import MAIL
from techmarket.workbench.tables import Mail, MailAddress, Notification
from techmarket.workbench.telling import DEFAULTS, WORDS, Delivery, is_known
from techmarket.workbench.views import (
    InboxView,
    MailAddressView,
    NotificationView,
    PreferencesView,
)

CODES_A_DAY = 5


class Mark(StrEnum):
    READ = "READ"
    UNREAD = "UNREAD"
    ARCHIVED = "ARCHIVED"


async def list_notifications(
    tx: Tx,
    actor: Actor,
    *,
    is_read: bool | None = None,
    is_archived: bool = False,
    kind: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> InboxView:
    """What the reader was told in the organisation he acts for, the newest first."""
    require(actor, policy.SEE_NOTIFICATIONS)
    if kind is not None and kind not in WORDS:
        raise errors.UnknownNotificationKind(name=kind, pointer="/query/kind")
    async with tx.read() as db:
        rows = await notes.list_notifications(
            db,
            actor.person,
            actor.org,
            is_read=is_read,
            is_archived=is_archived,
            kind=kind,
            before=last_id(cursor),
            limit=limit + 1,
        )
        unread = await notes.count_unread(db, actor.person, actor.org)
    page = page_of(rows, limit, lambda row: (str(row.id),)).map(_view)
    return InboxView(tuple(page.items), page.next_cursor, unread)


async def mark_notifications(
    tx: Tx, actor: Actor, *, mark: Mark, ids: Sequence[UUID] | None = None, until: UUID | None = None
) -> int:
    """Mark these, or all up to one of them, as read, unread or put away; again is harmless. Returns how many changed.

    An id that is another's, or nobody's, changes nothing and is told from neither.
    """
    require(actor, policy.MARK_NOTIFICATIONS)
    if (ids is None) == (until is None):
        raise errors.MarkUnclear(pointer="/body")
    async with tx.begin() as db:
        now = await notes.now(db)
        values, where = _marking(mark, now)
        return await notes.mark(db, actor.person, actor.org, ids=ids, until=until, values=values, where=where)


def _marking(mark: Mark, now: datetime) -> tuple[dict[str, Any], Any]:
    if mark is Mark.READ:
        return {"read_at": now}, Notification.read_at.is_(None)
    if mark is Mark.UNREAD:
        return {"read_at": None, "archived_at": None}, Notification.read_at.is_not(None)
    return {"archived_at": now}, Notification.archived_at.is_(None)


# --- preferences ------------------------------------------------------------------------------------------------------


async def get_preferences(tx: Tx, actor: Actor) -> PreferencesView:
    """What the reader said, what holds for the rest, and all kinds that there are."""
    require(actor, policy.SEE_NOTIFICATIONS)
    async with tx.read() as db:
        return await _preferences(db, actor)


async def put_preferences(tx: Tx, actor: Actor, said: Mapping[str, Delivery]) -> PreferencesView:
    """Say anew how to be told: of a kind, of a group of kinds, or (`*`) of everything else."""
    require(actor, policy.SET_PREFERENCES)
    for name in said:
        if not is_known(name):
            raise errors.UnknownNotificationKind(name=name, pointer="/body/preferences")
    async with tx.begin() as db:
        await notes.put_preferences(db, actor.person, actor.org, dict(said))
        return await _preferences(db, actor)


async def _preferences(db: AsyncSession, actor: Actor) -> PreferencesView:
    reader = (actor.person, actor.org)
    said = (await notes.preferences_of(db, [reader])).get(reader, {})
    return PreferencesView(dict(sorted(said.items())), dict(DEFAULTS), dict(WORDS))


async def unsubscribe(tx: Tx, keys: Keys, token: str) -> None:
    """End mail about one organisation to one person, by the link of a mail and without signing in. The inbox goes on.

    A token that the market did not write is told like none at all; it shows and opens nothing.
    """
    named = mails.read_token(keys.peppers, token)
    if named is None:
        raise NotFound()
    person_id, org_id = named
    async with tx.begin() as db:
        said = (await notes.preferences_of(db, [named])).get(named, {})
        quiet = {
            kind: Delivery.OFF if delivery is Delivery.OFF else Delivery.INBOX
            for kind, delivery in {**dict.fromkeys(DEFAULTS, Delivery.INBOX), **said}.items()
        }
        await notes.put_preferences(db, person_id, org_id, quiet)


# --- where mail goes --------------------------------------------------------------------------------------------------


async def get_address(tx: Tx, actor: Actor) -> MailAddressView:
    require(actor, policy.SEE_NOTIFICATIONS)
    async with tx.read() as db:
        row = await notes.find_address(db, actor.person)
        if row is None:
            raise NotFound()
        return _address(row)


async def put_address(
    tx: Tx, keys: Keys, actor: Actor, *, address: str, language: str, has_mail: bool
) -> MailAddressView:
    """Say where mail is to go. A code is sent there; nothing else is before it came back.

    The code stands in no row, only its keyed hash: he who asks could read it in the copy of his data otherwise, and
    confirm an address that is another's.
    """
    require(actor, policy.SET_PREFERENCES)
    if not has_mail:
        raise errors.NoMailHere()
    if not actor.org_verified:
        raise NotVerified()  # anybody makes himself an account; the market writes to nobody for that
    async with tx.begin() as db:
        mailbox = mails.mailbox_of(address)
        await lock_name(db, f"codes to {mailbox}")
        row = await notes.find_address(db, actor.person, lock=True)
        now = await notes.now(db)
        if row is not None and row.address == address and row.confirmed_at is not None and row.refused_at is None:
            row.language = language
            await db.flush()
            return _address(row)
        since = now - timedelta(days=1)
        asked = await notes.count_mails_since(db, actor.person, since)
        if max(asked, await notes.count_codes_to(db, mailbox, since)) >= CODES_A_DAY:
            raise errors.TooManyCodes(most=CODES_A_DAY, retry_after=86_400)
        if row is None:
            row = MailAddress(person_id=actor.person)
            db.add(row)
        mail_id = new_id()
        code = mails.code_of(keys.hash_secret(mails.code_text(mail_id)))
        row.address, row.language, row.confirmed_at, row.refused_at = address, language, None, None
        row.code_hash, row.code_until, row.code_tries = keys.hash_secret(_about(row, code)), now + mails.CODE_VALID, 0
        row.changed_at = now
        market = await identity.find_market(db)
        subject, body = mails.confirmation(language, "techmarket" if market is None else market.name[:60])
        db.add(
            Mail(
                id=mail_id,
                person_id=actor.person,
                org_id=None,
                address=address,
                language=language,
                subject=subject,
                body=body,
                state=MAIL.initial,
                next_at=now,
            )
        )
        await db.flush()
        return _address(row)


async def confirm_address(tx: Tx, keys: Keys, actor: Actor, *, code: str) -> MailAddressView:
    """The code came back from the address: from now on mail goes there. A wrong one leaves it unconfirmed, and counts:
    that is answered, not refused, so that the count stays."""
    require(actor, policy.SET_PREFERENCES)
    async with tx.begin() as db:
        row = await notes.find_address(db, actor.person, lock=True)
        if row is None:
            raise NotFound()
        now = await notes.now(db)
        is_open = row.code_until is not None and now < row.code_until and row.code_tries < mails.CODE_TRIES_MAX
        row.code_tries += 1
        if is_open and row.code_hash is not None and keys.fits(row.code_hash, _about(row, code)):
            row.confirmed_at, row.code_hash, row.code_until = now, None, None
        await db.flush()
        return _address(row)


async def drop_address(tx: Tx, actor: Actor) -> None:
    """No mail any more; the inbox goes on."""
    require(actor, policy.SET_PREFERENCES)
    async with tx.begin() as db:
        row = await notes.find_address(db, actor.person, lock=True)
        if row is not None:
            await db.delete(row)


def _about(row: MailAddress, code: str) -> str:
    return f"mail address {row.person_id} {row.address} {code}"


def _address(row: MailAddress) -> MailAddressView:
    return MailAddressView(row.address, row.language, row.confirmed_at is not None, row.refused_at is not None)


def _view(row: Notification) -> NotificationView:
    words = WORDS[row.kind]
    work = all_work().get(row.work) if row.work is not None else None
    return NotificationView(
        row.id,
        row.kind,
        words.zh if work is None else f"{words.zh}：{work.zh}",
        words.en if work is None else f"{words.en}: {work.en}",
        row.object,
        row.work,
        row.at,
        row.due,
        row.read_at,
        row.archived_at,
    )
