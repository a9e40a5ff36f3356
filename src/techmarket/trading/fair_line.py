"""A line in which nobody can stand in everybody else's way: each waits behind his own, and turns go round.

While all that wait fit into one turn, they are taken in the order they came. When more wait, each organisation gives
one after the other, so that who sends ten thousand waits for himself alone. What is taken together is always handed on
in the order it came.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class FairLine(Generic[T]):
    def __init__(self, *, each_max: int) -> None:
        self._each_max = each_max
        self._lines: dict[Hashable, deque[tuple[int, T]]] = {}
        self._came = 0
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    def join(self, whose: Hashable, one: T) -> bool:
        """Stand in line; False, and nothing happens, when too many of the same wait already."""
        line = self._lines.get(whose)
        if line is None:
            line = self._lines[whose] = deque()
        elif len(line) >= self._each_max:
            return False
        self._came += 1
        self._waiting += 1
        line.append((self._came, one))
        return True

    def take(self, most: int) -> list[T]:
        """The next ones, at most so many, in the order they came."""
        taken: list[tuple[int, T]] = []
        if self._waiting <= most:
            for line in self._lines.values():
                taken += line
            self._lines.clear()
        else:
            while len(taken) < most:
                whose, line = next(iter(self._lines.items()))
                taken.append(line.popleft())
                del self._lines[whose]
                if line:
                    self._lines[whose] = line  # behind the others now
        self._waiting -= len(taken)
        taken.sort(key=lambda pair: pair[0])
        return [one for _, one in taken]
