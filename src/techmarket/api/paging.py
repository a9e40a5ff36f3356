"""A page as JSON with its `Link` header."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import urlencode

from fastapi import Response

from techmarket.kernel.paging import Page


class Paged(Protocol):
    """Any page that names its next."""

    @property
    def next_cursor(self) -> str | None: ...


def page_response(page: Page[Any], response: Response, path: str, **query: Any) -> dict[str, Any]:
    """The items and the next cursor; the same next page stands in the `Link` header."""
    link = link_to(page, path, **query)
    if link is not None:
        response.headers["Link"] = link
    return {"items": list(page.items), "next_cursor": page.next_cursor}


def link_to(page: Paged, path: str, **query: Any) -> str | None:
    """The next page as a link (RFC 8288), if there is one."""
    if page.next_cursor is None:
        return None
    wanted = {name: value for name, value in query.items() if value is not None}
    wanted["cursor"] = page.next_cursor
    return f'<{path}?{urlencode(wanted, doseq=True)}>; rel="next"'
