"""How the market says no (RFC 9457), as exceptions: decide by `code`, read `detail`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

_MEMBERS = frozenset({"type", "title", "status", "code", "detail", "instance", "request_id", "pointer", "errors"})


class Unreachable(Exception):
    """No answer came, however often it was asked. A keyed call may have been carried out: ask again with its key."""

    def __init__(self, message: str, *, once: str | None) -> None:
        super().__init__(message)
        self.once = once


class Problem(Exception):
    """A refusal. `code` is stable, `facts` are what stands beside it: what would be enough, since when, until when."""

    def __init__(self, status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.status = status
        self.document = dict(document)
        self.headers = dict(headers)
        self.code = str(document.get("code", "unknown"))
        self.title = str(document.get("title", ""))
        self.detail = str(document.get("detail", ""))
        self.pointer: str | None = document.get("pointer")
        self.errors: list[dict[str, str]] = list(document.get("errors", ()))
        self.request_id = str(document.get("request_id", "") or headers.get("x-request-id", ""))
        self.retry_after = seconds_of(headers.get("retry-after"))
        self.facts = {name: value for name, value in document.items() if name not in _MEMBERS}
        super().__init__(f"{status} {self.code}: {self.detail}")


class BadRequest(Problem):
    """400"""


class Unauthenticated(Problem):
    """401"""


class NotAllowed(Problem):
    """403"""


class NotFound(Problem):
    """404: it is not there, or not for you."""


class Conflict(Problem):
    """409"""


class Stale(Problem):
    """412: somebody changed it since you read it."""


class TooLarge(Problem):
    """413"""


class Invalid(Problem):
    """422; `errors` names each field."""


class PreconditionRequired(Problem):
    """428"""


class TooMany(Problem):
    """429, after all tries that `patience` allowed."""


class Busy(Problem):
    """503, after all tries that `patience` allowed."""


class Fault(Problem):
    """Any other 5xx: quote `request_id`."""


_BY_STATUS: Mapping[int, type[Problem]] = {
    400: BadRequest,
    401: Unauthenticated,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    412: Stale,
    413: TooLarge,
    422: Invalid,
    428: PreconditionRequired,
    429: TooMany,
    503: Busy,
}


def problem_of(response: httpx.Response) -> Problem:
    """The exception for an answer of 4xx or 5xx whose body has been read."""
    kind = _BY_STATUS.get(response.status_code, Fault if response.status_code >= 500 else Problem)
    try:
        document = response.json()
    except ValueError:
        document = {}
    said = document if isinstance(document, dict) else {}
    return kind(response.status_code, said, {name.lower(): value for name, value in response.headers.items()})


def seconds_of(retry_after: str | None) -> float | None:
    """`Retry-After` as the market writes it: whole seconds."""
    return float(retry_after) if retry_after is not None and retry_after.isascii() and retry_after.isdigit() else None
