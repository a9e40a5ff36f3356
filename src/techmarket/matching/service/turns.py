"""Work over long texts in small turns: the process answers others in between."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from techmarket.matching import texts

One = TypeVar("One")
Made = TypeVar("Made")


TURN_SECONDS = 0.002
"""Shorter than anybody notices, and long enough that most answers are made in one turn."""


async def each(some: Iterable[One], make: Callable[[One], Made]) -> list[Made]:
    """What is made of each, one after the other; once a turn has lasted, others are answered before the next."""
    made = []
    ends = time.monotonic() + TURN_SECONDS
    for one in some:
        made.append(make(one))
        if time.monotonic() >= ends:
            await asyncio.sleep(0)
            ends = time.monotonic() + TURN_SECONDS
    return made


async def terms_of(fields: Mapping[str, Any]) -> Counter[str]:
    """The terms of a listing, counted field by field."""
    found: Counter[str] = Counter()
    for part in await each(texts.WEIGHTS, lambda name: texts.terms_of({name: fields.get(name)})):
        found.update(part)
    return found
