"""How the market's signed statements spell a moment."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(at: datetime) -> str:
    """In UTC, to the microsecond, with `Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
