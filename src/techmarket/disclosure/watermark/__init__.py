"""Stamping (水印): each copy of a PDF or a picture says on every page who fetched it, when, and under which log entry.

A stamp names its reader to whoever finds the copy; it does not keep anyone from removing it. Work is bounded in pages,
pixels and time, and runs in threads of its own, so that no document holds up the market.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from tempfile import TemporaryFile
from types import ModuleType
from typing import BinaryIO, TypeVar

from techmarket.db import media
from techmarket.disclosure import errors
from techmarket.disclosure.watermark.stamp import Bounds as Bounds
from techmarket.disclosure.watermark.stamp import Reader as Reader

THREADS = 2
WAITING_MAX = 32
MARKED = frozenset({media.PDF, media.PNG, media.JPEG})
"""The types that can be stamped; the others leave as they are, and only where their owner has agreed to that."""

T = TypeVar("T")


def check(file: BinaryIO, media_type: str, bounds: Bounds) -> None:
    """Refuse a file that cannot be opened, and one that could not be stamped within the bounds. For a thread."""
    _tool(media_type).check(file, bounds)


def mark(file: BinaryIO, media_type: str, reader: Reader, bounds: Bounds) -> BinaryIO:
    """A stamped copy as a temporary file, standing at its beginning. For a thread."""
    deadline = time.monotonic() + bounds.seconds
    out = TemporaryFile()  # noqa: SIM115
    try:
        if media_type == media.PDF:
            _tool(media_type).mark(file, out, reader, deadline)
        else:
            _tool(media_type).mark(file, out, reader, media_type)
        out.seek(0)
    except BaseException:
        out.close()
        raise
    return out


def _tool(media_type: str) -> ModuleType:
    """What opens this kind of file, loaded when the first of its kind comes: qpdf and the picture library are large."""
    if media_type == media.PDF:
        from techmarket.disclosure.watermark import pdf

        return pdf
    from techmarket.disclosure.watermark import pictures

    return pictures


@dataclass(slots=True)
class _Desk:
    """The few threads that stamp, and how many wait for them."""

    pool: ThreadPoolExecutor
    waiting: int = 0


@lru_cache(maxsize=1)
def _desk() -> _Desk:
    return _Desk(ThreadPoolExecutor(THREADS, thread_name_prefix="stamp"))


def require_time() -> None:
    """Refuse, before anything is written down, while too many copies wait to be stamped."""
    if _desk().waiting >= WAITING_MAX:
        raise errors.StampingBusy(retry_after=2)


async def at_the_desk(work: Callable[[], T]) -> T:
    """Run it in one of the threads that stamp."""
    desk = _desk()
    desk.waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(desk.pool, work)
    finally:
        desk.waiting -= 1
