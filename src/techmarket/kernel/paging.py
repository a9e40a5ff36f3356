"""Keyset paging: an opaque cursor names the last row seen; no offset, so a page never skips or repeats."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from techmarket.kernel.refusals import Kind, Refusal

T = TypeVar("T")

LIMIT_DEFAULT = 20
LIMIT_MAX = 100


class BadCursor(Refusal):
    code, kind = "paging.bad_cursor", Kind.INVALID
    zh = "分页游标无效；请从第一页重新开始，或使用 Link 头给出的地址。"
    en = "This cursor was not issued here; start at the first page or follow the Link header."


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of views and the cursor of the next; `next_cursor` is None on the last page."""

    items: Sequence[T]
    next_cursor: str | None = None

    def map(self, fn: Callable[[T], Any]) -> Page[Any]:
        return Page([fn(item) for item in self.items], self.next_cursor)


def encode_cursor(*key: str | int) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(key), separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *shape: type) -> tuple[Any, ...]:
    """The key inside a cursor; every part must have the type in `shape`, integers within a bigint.

    Ids, days and times travel as text: `UUID`, `date` and an aware `datetime` in `shape` are read from it.
    """
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = json.loads(raw)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise BadCursor(pointer="/query/cursor") from error
    fits = isinstance(key, list) and len(key) == len(shape)
    if not fits or any(type(part) is not _READ.get(wanted, wanted) for part, wanted in zip(key, shape, strict=True)):
        raise BadCursor(pointer="/query/cursor")
    if any(isinstance(part, int) and not -(2**63) <= part < 2**63 for part in key):
        raise BadCursor(pointer="/query/cursor")
    if any(isinstance(part, str) and not part.isprintable() for part in key):
        raise BadCursor(pointer="/query/cursor")
    try:
        return tuple(_read(part, wanted) for part, wanted in zip(key, shape, strict=True))
    except ValueError as error:
        raise BadCursor(pointer="/query/cursor") from error


_READ: dict[type, type] = {UUID: str, date: str, datetime: str}


def _read(part: Any, wanted: type) -> Any:
    if wanted is UUID:
        return UUID(part)
    if wanted is date:
        return date.fromisoformat(part)
    if wanted is datetime:
        moment = datetime.fromisoformat(part)
        if moment.tzinfo is None or not 1 < moment.year < 9999:
            raise ValueError("a time of a cursor is aware, and stays one in every zone")
        return moment
    return part


def last_id(cursor: str | None) -> UUID | None:
    """The id in a cursor of a list that is ordered by it; None at the first page."""
    return decode_cursor(cursor, UUID)[0] if cursor is not None else None


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], tuple[str | int, ...]]) -> Page[T]:
    """A page out of `limit + 1` fetched rows: the extra row only says that there is a next page."""
    if len(rows) <= limit:
        return Page(list(rows))
    return Page(list(rows[:limit]), encode_cursor(*key(rows[limit - 1])))
