"""What leaves the workbench."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from techmarket.workbench.rules import Urgency
from techmarket.workbench.telling import Delivery, Words


@dataclass(frozen=True, slots=True)
class WorkView:
    """One thing to do. `object` is None where nothing has an id yet; `needs` is what this key or session lacks."""

    kind: str
    title_zh: str
    title_en: str
    object: str | None
    organisation_id: UUID
    since: datetime
    due: datetime | None
    urgency: Urgency
    operation: str
    method: str
    path: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkPageView:
    items: tuple[WorkView, ...]
    next_cursor: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class WorkCountView:
    kind: str
    title_zh: str
    title_en: str
    count: int
    overdue: int
    next_due: datetime | None


@dataclass(frozen=True, slots=True)
class WorkCountsView:
    kinds: tuple[WorkCountView, ...]
    count: int
    overdue: int
    now: datetime


@dataclass(frozen=True, slots=True)
class NotificationView:
    """One thing the reader was told. `object` names what it is about; what it says is read at its own door."""

    id: UUID
    kind: str
    title_zh: str
    title_en: str
    object: str | None
    work: str | None
    at: datetime
    due: datetime | None
    read_at: datetime | None
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class InboxView:
    items: tuple[NotificationView, ...]
    next_cursor: str | None
    unread: int


@dataclass(frozen=True, slots=True)
class PreferencesView:
    """What was said, by kind or group; the defaults of the rest; all kinds with their words."""

    said: dict[str, Delivery]
    defaults: dict[str, Delivery]
    kinds: dict[str, Words]


@dataclass(frozen=True, slots=True)
class MailAddressView:
    address: str
    language: str
    is_confirmed: bool
    is_refused: bool
