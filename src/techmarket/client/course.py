"""The course of one call, without a network: what is sent, and whether it is sent again.

A call may be repeated when it changes nothing, or when an Idempotency-Key makes the repetition harmless: the same key
goes out with every try. Any other call is repeated only where the market says that it did nothing (429, 503), or when
no connection was made.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx

from techmarket.client.problems import seconds_of

FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
COME_AGAIN = (429, 503)
IN_FLIGHT = "idempotency.in_flight"
JSON = "application/json"
Value = str | int | bool | UUID | date | datetime
Query = Mapping[str, Value | Sequence[Value] | None]


@dataclass
class Course:
    """One call. `wait_after` says how long to wait before the next try, or nothing when there is none."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes | None
    patience: float
    is_harmless: bool
    once: str | None
    _waits: float = FIRST_WAIT
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        self._until = time.monotonic() + self.patience

    def wait_after(self, outcome: httpx.Response | httpx.TransportError) -> float | None:
        if isinstance(outcome, httpx.Response):
            if not self._is_worth_another(outcome):
                return None
            told = seconds_of(outcome.headers.get("retry-after"))
        else:
            if not (self.is_harmless or isinstance(outcome, httpx.ConnectError | httpx.ConnectTimeout)):
                return None
            told = None
        waits = (self._next() if told is None else told) * random.uniform(1, 1.2)  # noqa: S311
        return None if time.monotonic() + waits > self._until else waits

    def _is_worth_another(self, response: httpx.Response) -> bool:
        if response.status_code in COME_AGAIN:
            return True
        return response.status_code == 409 and self.once is not None and code_of(response) == IN_FLIGHT

    def _next(self) -> float:
        waits, self._waits = self._waits, min(2 * self._waits, LONGEST_WAIT)
        return waits


def course(
    method: str,
    template: str,
    path: Mapping[str, Value],
    *,
    query: Query | None = None,
    body: Any = None,
    media: str | None = None,
    keyed: bool = False,
    once: str | None = None,
    if_match: str | None = None,
    headers: Mapping[str, str] | None = None,
    patience: float,
) -> Course:
    """How a call begins: its address, its headers, its bytes, its key."""
    sent = dict(headers or {})
    content = None
    if media is not None and body is not None:
        sent["Content-Type"] = media
        content = json.dumps(body, default=spelled).encode() if media == JSON else body
    key = (once or str(uuid4())) if keyed else None
    if key is not None:
        sent["Idempotency-Key"] = key
    if if_match is not None:
        sent["If-Match"] = if_match if if_match.startswith('"') else f'"{if_match}"'
    return Course(
        method,
        address(template, path, query or {}),
        sent,
        content,
        patience,
        method == "GET" or keyed,
        key,
    )


def address(template: str, path: Mapping[str, Value], query: Query) -> str:
    """The path with its ids, and the query with what is given."""
    filled = template
    for name, value in path.items():
        filled = filled.replace("{" + name + "}", quote(spelled(value), safe=""))
    pairs = [
        f"{quote(name)}={quote(spelled(one), safe='')}"
        for name, value in query.items()
        if value is not None
        for one in ([value] if isinstance(value, str | int | UUID | date) else value)
    ]
    return filled + ("?" + "&".join(pairs) if pairs else "")


def spelled(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is nothing the market reads")


def code_of(response: httpx.Response) -> str:
    try:
        said = response.json()
    except ValueError:
        return ""
    return str(said.get("code", "")) if isinstance(said, dict) else ""


class Answer(dict[str, Any]):
    """What the market said, as it said it; `etag_of` finds the version it spoke of."""

    etag: str | None = None


def answer_of(response: httpx.Response) -> Any:
    """JSON as Python has it, other bodies as bytes, an empty one as None."""
    if response.status_code == 204 or not response.content:
        return None
    media = response.headers.get("content-type", "").partition(";")[0]
    if media != JSON and not media.endswith("+json"):
        return response.content
    said = response.json()
    if not isinstance(said, dict):
        return said
    answer = Answer(said)
    answer.etag = response.headers.get("etag")
    return answer
