"""Answers to strangers, given again as long as the rows they were made of are the rows that are there now.

Nothing is taken on trust: before an answer is given again, the database is asked for its rows' signs (state, hours,
number of the version), which costs a fraction of making it. Texts are never changed, so the same signs are the same
answer, to the byte. The answers least used go first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

BYTES_MAX = 32 * 1024**2
OVERHEAD, OVERHEAD_EACH = 1_000, 600
"""What an answer takes besides its bytes, about, and what each listing in it adds."""
Signs = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer: what it was made of, the listings it was made of by id, its bytes, its tag and its link."""

    signs: Signs
    body: bytes
    tag: str
    link: str | None = None
    ids: tuple[UUID, ...] = ()


class KeptReplies:
    """What this process has answered lately to whoever came without a key."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._held: OrderedDict[bytes, Kept] = OrderedDict()

    def find(self, key: bytes) -> Kept | None:
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def keep(self, key: bytes, answer: Kept) -> Kept:
        self.forget(key)
        self._held[key] = answer
        self._bytes += _size(key, answer)
        while self._bytes > self._bytes_max:
            self.forget(next(iter(self._held)))
        return answer

    def forget(self, key: bytes) -> None:
        found = self._held.pop(key, None)
        if found is not None:
            self._bytes -= _size(key, found)


def _size(key: bytes, answer: Kept) -> int:
    return len(key) + len(answer.body) + OVERHEAD + OVERHEAD_EACH * max(len(answer.signs), len(answer.ids))
