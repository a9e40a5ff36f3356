"""The jobs of mail: gather what is to go out into mails, hand each to the server with no transaction open, note what
came of it.

A mail is written down before it is sent. If the worker dies in between, it goes out again when its lease is over, under
the same Message-ID: a person may get it twice and his program knows it again; none is lost. More cannot be had of mail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock
from techmarket.db.keys import Keys
from techmarket.db.means import OutsideMailer
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.kernel.ids import new_id
from techmarket.workbench import mails
from techmarket.workbench import repository_notes as notes
from techmarket.workbench.gathering import all_work
from techmarket.workbench.mailing import MailFailed
from techmarket.workbench.mails import LEASE, MAIL, Line, MailState
from techmarket.workbench.tables import Mail, Notification
from techmarket.workbench.telling import Delivery

GATHER = 500
AT_ONCE = 8
"""How many one turn of the job hands over, one after the other."""
UNSUBSCRIPTIONS = "/v1/mail-unsubscriptions"


@dataclass(frozen=True, slots=True)
class Order:
    """One mail that is written down and not handed over yet."""

    mail_id: UUID
    to: str
    message: bytes


async def write_mails(tx: Tx, *, public_url: str) -> int:
    """Write the mails that are due: one for each person and organisation; returns how many notifications went in."""
    async with tx.begin() as db:
        due = await notes.take_due_notifications(db, await clock.market_now(db), GATHER)
        by_reader: dict[tuple[UUID, UUID, Delivery], list[Notification]] = defaultdict(list)
        for one in due:
            assert one.mail is not None
            by_reader[one.person_id, one.org_id, one.mail].append(one)
        market = await identity.find_market(db)
        readers = await identity.memberships_of(db, {person_id for person_id, _, _ in by_reader})
        members = {(one.person_id, one.org_id) for one in readers}
        for (person_id, org_id, _), told in by_reader.items():
            if (person_id, org_id) not in members:  # he has left meanwhile: nothing of theirs goes out to him
                for one in told:
                    one.mail = None
                continue
            await _write_mail(db, person_id, org_id, told, "" if market is None else market.name, public_url)
        return len(due)


async def _write_mail(
    db: AsyncSession, person_id: UUID, org_id: UUID, told: Sequence[Notification], market: str, public_url: str
) -> None:
    address = await notes.find_address(db, person_id)
    if address is None or address.confirmed_at is None or address.refused_at is not None:
        for one in told:  # the address was taken away meanwhile: it stays in the inbox
            one.mail = None
        return
    lines = [_line(one) for one in told if one.read_at is None and one.archived_at is None]
    if not lines:  # read before it went out
        for one in told:
            one.mail = None
        return
    mail = Mail(
        id=new_id(),
        person_id=person_id,
        org_id=org_id,
        address=address.address,
        language=address.language,
        subject=mails.subject_of(lines, address.language, _short(market)),
        body=mails.body_of(lines, address.language, public_url),
        state=MAIL.initial,
        next_at=await notes.now(db),
    )
    db.add(mail)
    await db.flush()
    for one in told:
        one.mail_id = mail.id


def _line(one: Notification) -> Line:
    work = all_work().get(one.work) if one.work is not None else None
    return Line(one.kind, None if work is None else work.zh, None if work is None else work.en, one.due)


def _short(market: str) -> str:
    """The market's name as it fits into a subject."""
    return " ".join(market.split())[:60] or "techmarket"


async def send_due(tx: Tx, keys: Keys, mailer: OutsideMailer, *, public_url: str, now: datetime | None = None) -> int:
    """Hand over what is due; returns how many mails were tried. `now` is for tests of the schedule."""
    for tried in range(AT_ONCE):  # one by one: each is this worker's for as long as its own sending may take
        order = await _take(tx, keys, mailer, public_url, now)
        if order is None:
            return tried
        failed = None
        try:
            await mailer.send(order.to, order.message)
        except MailFailed as error:
            failed = error
        async with tx.begin() as db:
            await _note(db, order.mail_id, failed, now or await notes.now(db))
    return AT_ONCE


async def _take(tx: Tx, keys: Keys, mailer: OutsideMailer, public_url: str, now: datetime | None) -> Order | None:
    """The intent: the mail is leased, and its attempt is counted before it is made."""
    async with tx.begin() as db:
        at = now or await notes.now(db)
        mail = await notes.claim_due_mail(db, at)
        if mail is None:
            return None
        mail.attempts += 1
        mail.next_at = at + LEASE
        await db.flush()
        await db.refresh(mail)
        message = mails.composed(
            mail.id,
            to=mail.address,
            sender=mailer.sender,
            domain=mailer.domain,
            language=mail.language,
            subject=mail.subject,
            body=_body(keys, mail),
            created_at=mail.created_at,
            unsubscribe_url=_unsubscribe_url(keys, mail, public_url),
        )
        return Order(mail.id, mail.address, message)


def _body(keys: Keys, mail: Mail) -> str:
    """The text as it goes out. The code of a mail that confirms an address is put in here alone."""
    if mail.org_id is not None:
        return mail.body
    return mail.body.replace(mails.CODE_HERE, mails.code_of(keys.hash_secret(mails.code_text(mail.id))))


def _unsubscribe_url(keys: Keys, mail: Mail, public_url: str) -> str | None:
    if mail.org_id is None:
        return None
    token = mails.unsubscribe_token(keys.pepper, mail.person_id, mail.org_id)
    return f"{public_url}{UNSUBSCRIPTIONS}?token={token}"


async def _note(db: AsyncSession, mail_id: UUID, failed: MailFailed | None, now: datetime) -> None:
    """The receipt: what came of the attempt, and what becomes of the mail and of its address."""
    mail = await notes.lock_mail(db, mail_id)
    if mail is None:
        return  # whoever it was for has been erased meanwhile
    if mail.state is not MailState.PENDING:
        return  # another attempt, after this one's lease had run out, was answered first
    if failed is None:
        mail.state, mail.sent_at, mail.error = MAIL.move(mail.state, "send"), now, None
        return
    again = None if failed.is_final else mails.after_failure(mail.attempts, now)
    mail.error = failed.why[:64]
    if again is None:
        mail.state = MAIL.move(mail.state, "give up")
    else:
        mail.next_at = again
    if failed.is_address:
        address = await notes.find_address(db, mail.person_id, lock=True)
        if address is not None and address.address == mail.address:
            address.refused_at = now
