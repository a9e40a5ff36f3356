"""A page as JSON with its `Link` header."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from techmarket.kernel.paging import Page


def page_response(page: Page[Any], response: Response, path: str, **query: Any) -> dict[str, Any]:
    """The items and the next cursor; the same next page stands in the `Link` header (RFC 8288)."""
    if page.next_cursor is not None:
        wanted = {name: value for name, value in query.items() if value is not None}
        wanted["cursor"] = page.next_cursor
        response.headers["Link"] = f'<{path}?{urlencode(wanted, doseq=True)}>; rel="next"'
    return {"items": list(page.items), "next_cursor": page.next_cursor}
