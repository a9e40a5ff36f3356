"""The rules of mail: what it says, when a failed one is tried again, and how a person ends it. Pure.

A mail says kinds and counts, and where to read on: no name, price or text of anybody stands in it, for mail is read by
whoever carries it. No link in its body holds a token. The one in its header (`List-Unsubscribe`, RFC 8058) ends mail
about this organisation to this person, and can do nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from uuid import UUID

from techmarket.kernel.lifecycle import Lifecycle
from techmarket.kernel.periods import SHANGHAI
from techmarket.workbench.telling import WORDS

LANGUAGES = ("zh-CN", "en")
LINES_MAX = 50
SCHEDULE = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 1440))
"""How long a mail waits after its first, second, … failure for the time being. After the eighth it is given up."""
LEASE = timedelta(minutes=2)
"""How long a mail is one worker's: longer than handing it over may take (`mailing.WHOLE_SECONDS`). After a crash
another one takes it."""
CODE_VALID = timedelta(hours=24)
CODE_TRIES_MAX = 10
CODE_HERE = "{code}"
"""Stands in the text of a mail, as it is kept, where the code goes that only the one who is sent it reads."""


class MailState(StrEnum):
    PENDING = "PENDING"
    SENT = "SENT"
    GIVEN_UP = "GIVEN_UP"


MAIL = Lifecycle(
    "mail",
    {
        (MailState.PENDING, "send"): MailState.SENT,
        (MailState.PENDING, "give up"): MailState.GIVEN_UP,
    },
    initial=MailState.PENDING,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One notification as a mail tells it."""

    kind: str
    work_zh: str | None
    work_en: str | None
    due: datetime | None


def after_failure(attempts: int, now: datetime) -> datetime | None:
    """When a mail that failed for the time being is tried again; None: it is given up. `attempts` counts this one."""
    return now + SCHEDULE[attempts - 1] if attempts <= len(SCHEDULE) else None


def subject_of(lines: Sequence[Line], language: str, market: str) -> str:
    """How many things there are to read, and nothing of what they are."""
    n = len(lines)
    if language.startswith("zh"):
        return f"[{market}] 您有 {n} 条新通知"
    return f"[{market}] {n} new {'notification' if n == 1 else 'notifications'}"


def body_of(lines: Sequence[Line], language: str, public_url: str) -> str:
    """Kinds with their number and deadlines, and where to read on after signing in."""
    chinese = language.startswith("zh")
    said = Counter(_said(line, chinese) for line in lines)
    told = [f"- {words}" + (f" × {n}" if n > 1 else "") for words, n in list(said.items())[:LINES_MAX]]
    if len(said) > LINES_MAX:
        told.append("- …")
    where, work = f"{public_url}/v1/notifications", f"{public_url}/v1/work"
    ways = f"{public_url}/v1/me/notification-preferences"
    if chinese:
        head, tail = "您在交易市场的新通知：", f"登录后查看：{where}\n您的待办：{work}\n更改通知方式：{ways}\n"
    else:
        head, tail = "New at the market:", f"Read on, signed in: {where}\nYour work: {work}\nHow you are told: {ways}\n"
    return "\n".join([head, "", *told, "", tail])


def _said(line: Line, chinese: bool) -> str:
    words = WORDS[line.kind]
    text, work = (words.zh, line.work_zh) if chinese else (words.en, line.work_en)
    if work is not None:
        text += ("：" if chinese else ": ") + work
    if line.due is not None:
        by = line.due.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        text += f"（截止 {by}，北京时间）" if chinese else f" (by {by}, Beijing time)"
    return text


def confirmation(language: str, market: str) -> tuple[str, str]:
    """Subject and body of the mail by which an address is confirmed; the body has `CODE_HERE` in it."""
    if language.startswith("zh"):
        return f"[{market}] 请确认您的邮箱", f"确认码：{CODE_HERE}\n24 小时内有效。如果不是您本人操作，请忽略此邮件。\n"
    return (
        f"[{market}] Confirm your address",
        f"Your code: {CODE_HERE}\nIt is valid for 24 hours. If you did not ask for it, ignore this mail.\n",
    )


def code_text(mail_id: UUID) -> str:
    """What the keyed hash is of that the code of a mail is made from."""
    return f"code of mail {mail_id}"


def mailbox_of(address: str) -> str:
    """The mailbox that an address leads to, as far as its spelling tells: letters alike, and no tag."""
    name, _, domain = address.lower().rpartition("@")
    return f"{name.partition('+')[0]}@{domain}"


def code_of(digest: bytes) -> str:
    """The eight digits of a keyed hash: made again for each attempt to send them, and kept nowhere."""
    return f"{int.from_bytes(digest) % 10**8:08d}"


def message_id(mail_id: UUID, domain: str) -> str:
    """The same for every attempt: a mail that went out twice is known again by it."""
    return f"<{mail_id.hex}@{domain}>"


def composed(
    mail_id: UUID,
    *,
    to: str,
    sender: str,
    domain: str,
    language: str,
    subject: str,
    body: str,
    created_at: datetime,
    unsubscribe_url: str | None,
) -> bytes:
    """The bytes of a mail, the same in every attempt."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"], message["Message-ID"] = format_datetime(created_at), message_id(mail_id, domain)
    message["Content-Language"], message["Auto-Submitted"] = language, "auto-generated"
    if unsubscribe_url is not None:
        message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(body, charset="utf-8", cte="base64")
    return message.as_bytes()


def unsubscribe_token(pepper: bytes, person_id: UUID, org_id: UUID) -> str:
    """Names whose mail about which organisation ends, and proves that the market wrote it."""
    named = person_id.hex + org_id.hex
    proof = hmac.new(pepper, b"end mail:" + named.encode(), hashlib.sha256).hexdigest()[:40]
    return named + proof


def read_token(peppers: Sequence[bytes], token: str) -> tuple[UUID, UUID] | None:
    """Person and organisation of a token that the market wrote under one of its peppers in force, or None."""
    try:
        person_id, org_id = UUID(token[:32]), UUID(token[32:64])
    except ValueError:
        return None
    made = [unsubscribe_token(one, person_id, org_id) for one in peppers]
    is_ours = any(hmac.compare_digest(one.encode(), token.encode()) for one in made)
    return (person_id, org_id) if is_ours else None
