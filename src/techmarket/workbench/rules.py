"""How urgent work is, and when somebody is reminded of it: pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum

from techmarket.kernel.periods import SHANGHAI, shanghai_day

SOON = timedelta(days=3)


class Urgency(StrEnum):
    """OVERDUE: its time is over. TODAY: it ends with this day in Shanghai. SOON: within three days. OPEN: no date."""

    OVERDUE = "OVERDUE"
    TODAY = "TODAY"
    SOON = "SOON"
    LATER = "LATER"
    OPEN = "OPEN"


def urgency(due: datetime | None, now: datetime) -> Urgency:
    """Work is overdue from its instant on; a deadline at midnight belongs to the day that ends with it."""
    if due is None:
        return Urgency.OPEN
    if due <= now:
        return Urgency.OVERDUE
    if shanghai_day(due - timedelta(microseconds=1)) == shanghai_day(now):
        return Urgency.TODAY
    return Urgency.SOON if due - now <= SOON else Urgency.LATER


def remind_until(now: datetime) -> datetime:
    """Whoever has something to do by the end of tomorrow, Shanghai, is reminded of it."""
    return datetime.combine(shanghai_day(now) + timedelta(days=2), time(), SHANGHAI)
