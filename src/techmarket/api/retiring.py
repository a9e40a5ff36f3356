"""How an operation goes: marked on its route, told in every answer, and only gone after its day (docs/versions.md).

`Deprecation` is RFC 9745, `Sunset` RFC 8594; `Link` names what to use instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

SINCE, SUNSET, INSTEAD = "x-deprecated-since", "x-sunset", "x-instead"
DAYS_MIN = 180
"""How long an operation goes on answering after it was marked."""


def retiring(*, since: date, sunset: date, instead: str) -> dict[str, Any]:
    """Arguments of a route that is going: `@router.get(…, **retiring(since=…, sunset=…, instead="/v1/…"))`."""
    if (sunset - since).days < DAYS_MIN:
        raise ValueError(f"an operation goes on for {DAYS_MIN} days after it was marked")
    marks = {SINCE: since.isoformat(), SUNSET: sunset.isoformat(), INSTEAD: instead}
    return {"deprecated": True, "openapi_extra": marks}


def headers_of(extra: Mapping[str, Any]) -> dict[str, str]:
    """What the answers of a route with these marks carry; nothing for one that stays."""
    if SINCE not in extra:
        return {}
    since, sunset = (datetime.combine(date.fromisoformat(extra[one]), time(), UTC) for one in (SINCE, SUNSET))
    return {
        "Deprecation": f"@{int(since.timestamp())}",
        "Sunset": format_datetime(sunset, usegmt=True),
        "Link": f'<{extra[INSTEAD]}>; rel="successor-version"',
    }
