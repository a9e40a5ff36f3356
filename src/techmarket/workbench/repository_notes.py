"""Every query of notifications and mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.ids import new_id
from techmarket.workbench.mails import MailState
from techmarket.workbench.tables import (
    AlertCursor,
    Mail,
    MailAddress,
    Notification,
    NotificationPreference,
    Reminder,
)
from techmarket.workbench.telling import Delivery

READER = "workbench.tell"
"""Where the notifications stand in the journal."""


async def now(db: AsyncSession) -> datetime:
    """Real time: no server of mail is moved by the clock of a sandbox."""
    moment: datetime = (await db.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return moment


# --- telling ----------------------------------------------------------------------------------------------------------


async def lock_reader(db: AsyncSession) -> int | None:
    """The next position to tell of, or None while another worker does."""
    await db.execute(
        text("INSERT INTO journal_reader (name, position) VALUES (:name, 0) ON CONFLICT DO NOTHING"), {"name": READER}
    )
    query = text("SELECT position FROM journal_reader WHERE name = :name FOR UPDATE SKIP LOCKED")
    return (await db.execute(query, {"name": READER})).scalar_one_or_none()


async def move_reader(db: AsyncSession, position: int) -> None:
    query = text("UPDATE journal_reader SET position = :position WHERE name = :name")
    await db.execute(query, {"name": READER, "position": position})


async def alert_cursors(db: AsyncSession, people: Collection[UUID]) -> dict[UUID, int]:
    """How far each person's alerts were told; whoever holds the reader of the journal is the only one who moves it."""
    rows = await db.execute(
        select(AlertCursor.person_id, AlertCursor.position).where(AlertCursor.person_id.in_(people))
    )
    return {row[0]: row[1] for row in rows}


async def move_alert_cursors(db: AsyncSession, positions: Mapping[UUID, int]) -> None:
    if positions:
        put = insert(AlertCursor).values([{"person_id": one, "position": n} for one, n in sorted(positions.items())])
        await db.execute(
            put.on_conflict_do_update(index_elements=["person_id"], set_={"position": put.excluded.position})
        )


async def put_notifications(db: AsyncSession, rows: Sequence[dict[str, Any]]) -> int:
    """Write what was not told yet; what was told stays as it is."""
    if not rows:
        return 0
    statement = insert(Notification).values([{"id": new_id(), **row} for row in rows]).on_conflict_do_nothing()
    return len((await db.execute(statement.returning(Notification.id))).all())


async def preferences_of(
    db: AsyncSession, people: Collection[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], dict[str, Delivery]]:
    """What each person said, by person and organisation."""
    query = select(NotificationPreference).where(NotificationPreference.person_id.in_({one for one, _ in people}))
    found: dict[tuple[UUID, UUID], dict[str, Delivery]] = {}
    for row in (await db.execute(query)).scalars():
        found.setdefault((row.person_id, row.org_id), {})[row.kind] = row.delivery
    return found


async def with_mail(db: AsyncSession, people: Collection[UUID]) -> set[UUID]:
    """Those who have a confirmed address that takes mail."""
    query = select(MailAddress.person_id).where(
        MailAddress.person_id.in_(set(people)), MailAddress.confirmed_at.is_not(None), MailAddress.refused_at.is_(None)
    )
    return set((await db.execute(query)).scalars())


async def put_reminders(db: AsyncSession, names: Collection[str]) -> set[str]:
    """The reminders of these that nobody was given yet; from now on they were."""
    if not names:
        return set()
    statement = insert(Reminder).values([{"once": one} for one in sorted(names)]).on_conflict_do_nothing()
    return set((await db.execute(statement.returning(Reminder.once))).scalars())


# --- the inbox --------------------------------------------------------------------------------------------------------


def _mine(person_id: UUID, org_id: UUID) -> Any:
    return (Notification.person_id == person_id) & (Notification.org_id == org_id)


async def list_notifications(
    db: AsyncSession,
    person_id: UUID,
    org_id: UUID,
    *,
    is_read: bool | None,
    is_archived: bool,
    kind: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Notification]:
    query = select(Notification).where(_mine(person_id, org_id))
    query = query.where(Notification.archived_at.is_not(None) if is_archived else Notification.archived_at.is_(None))
    if is_read is not None:
        query = query.where(Notification.read_at.is_not(None) if is_read else Notification.read_at.is_(None))
    if kind is not None:
        query = query.where(Notification.kind == kind)
    if before is not None:
        query = query.where(Notification.id < before)
    return (await db.execute(query.order_by(Notification.id.desc()).limit(limit))).scalars().all()


async def count_unread(db: AsyncSession, person_id: UUID, org_id: UUID) -> int:
    query = select(func.count()).where(
        _mine(person_id, org_id), Notification.read_at.is_(None), Notification.archived_at.is_(None)
    )
    return int((await db.execute(query)).scalar_one())


async def mark(
    db: AsyncSession,
    person_id: UUID,
    org_id: UUID,
    *,
    ids: Collection[UUID] | None,
    until: UUID | None,
    values: dict[str, Any],
    where: Any,
) -> int:
    """Mark these, or everything up to one of them; another's are not touched. Returns how many changed."""
    statement = update(Notification).where(_mine(person_id, org_id), where)
    if ids is not None:
        statement = statement.where(Notification.id.in_(set(ids)))
    if until is not None:
        statement = statement.where(Notification.id <= until)
    done = await db.execute(
        statement.values(**values).returning(Notification.id).execution_options(synchronize_session=False)
    )
    return len(done.all())


async def put_preferences(db: AsyncSession, person_id: UUID, org_id: UUID, said: dict[str, Delivery]) -> None:
    await db.execute(
        delete(NotificationPreference).where(
            NotificationPreference.person_id == person_id, NotificationPreference.org_id == org_id
        )
    )
    db.add_all(
        NotificationPreference(person_id=person_id, org_id=org_id, kind=kind, delivery=delivery)
        for kind, delivery in sorted(said.items())
    )
    await db.flush()


# --- addresses and mail -----------------------------------------------------------------------------------------------


async def find_address(db: AsyncSession, person_id: UUID, *, lock: bool = False) -> MailAddress | None:
    query = select(MailAddress).where(MailAddress.person_id == person_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await db.execute(query)).scalar_one_or_none()


async def count_mails_since(db: AsyncSession, person_id: UUID, since: datetime) -> int:
    query = select(func.count()).where(Mail.person_id == person_id, Mail.org_id.is_(None), Mail.created_at >= since)
    return int((await db.execute(query)).scalar_one())


async def count_codes_to(db: AsyncSession, mailbox: str, since: datetime) -> int:
    """Codes to one mailbox, whoever asked for them; `mailbox` as `mails.mailbox_of` spells it."""
    spelled = func.lower(func.regexp_replace(Mail.address, r"\+[^@]*@", "@"))
    query = select(func.count()).where(spelled == mailbox, Mail.org_id.is_(None), Mail.created_at >= since)
    return int((await db.execute(query)).scalar_one())


async def take_due_notifications(db: AsyncSession, market_now: datetime, limit: int) -> Sequence[Notification]:
    """What is to go by mail by now and is in none yet, one worker's; whole people, the longest waiting first."""
    query = (
        select(Notification)
        .where(Notification.mail.is_not(None), Notification.mail_id.is_(None), Notification.mail_due_at <= market_now)
        .order_by(Notification.mail_due_at, Notification.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await db.execute(query)).scalars().all()


async def claim_due_mail(db: AsyncSession, at: datetime) -> Mail | None:
    query = (
        select(Mail)
        .where(Mail.state == MailState.PENDING, Mail.next_at <= at)
        .order_by(Mail.next_at, Mail.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def lock_mail(db: AsyncSession, mail_id: UUID) -> Mail | None:
    query = select(Mail).where(Mail.id == mail_id).with_for_update().execution_options(populate_existing=True)
    return (await db.execute(query)).scalar_one_or_none()


# --- what is kept for a time ------------------------------------------------------------------------------------------


async def forget_old(db: AsyncSession, *, kept: timedelta, unread_kept: timedelta, limit: int) -> int:
    """Notifications that were read or put away long ago, and unread ones much longer; and mails that are done."""
    gone = 0
    for sql in (
        "DELETE FROM notification WHERE id IN (SELECT id FROM notification"
        " WHERE told_at < clock_timestamp() - cast(:unread as interval)"
        " OR (told_at < clock_timestamp() - cast(:kept as interval)"
        " AND greatest(read_at, archived_at) < clock_timestamp() - cast(:kept as interval))"
        " ORDER BY id LIMIT :limit) RETURNING id",
        "DELETE FROM mail WHERE id IN (SELECT id FROM mail WHERE state <> 'PENDING'"
        " AND created_at < clock_timestamp() - cast(:kept as interval) ORDER BY id LIMIT :limit) RETURNING id",
        "DELETE FROM reminder WHERE once IN (SELECT once FROM reminder"
        " WHERE at < market_now() - cast(:unread as interval) ORDER BY once LIMIT :limit) RETURNING once",
    ):
        gone += len((await db.execute(text(sql), {"kept": kept, "unread": unread_kept, "limit": limit})).all())
    return gone


async def forget_person(db: AsyncSession, person_id: UUID) -> None:
    for table in (Notification, Mail, MailAddress, NotificationPreference, AlertCursor):
        await db.execute(delete(table).where(table.person_id == person_id))
