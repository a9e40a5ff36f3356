"""Work over long texts in small turns: the process answers others in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from techmarket.matching import texts

One = TypeVar("One")
Made = TypeVar("Made")


async def each(some: Iterable[One], make: Callable[[One], Made]) -> list[Made]:
    """What is made of each, one after the other."""
    made = []
    for one in some:
        made.append(make(one))
        await asyncio.sleep(0)
    return made


async def terms_of(fields: Mapping[str, Any]) -> Counter[str]:
    """The terms of a listing, counted field by field."""
    found: Counter[str] = Counter()
    for part in await each(texts.WEIGHTS, lambda name: texts.terms_of({name: fields.get(name)})):
        found.update(part)
    return found
