"""Engines over many small databases that compile each statement once a process, as a market does, not once a test."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import LRUCache

STATEMENTS_KEPT = 3_000
_first: list[AsyncEngine] = []


def compiling_once(engine: AsyncEngine) -> AsyncEngine:
    """The same engine, with the dialect and the compiled statements of the first one that found out what its server is.

    A statement's place among the compiled ones names the dialect, so the two are shared together.
    """
    own = engine.sync_engine
    if _first and getattr(_first[0].dialect, "server_version_info", None) is not None:
        known = _first[0].sync_engine
        own.dialect = own.pool._dialect = known.dialect
        own._compiled_cache = known._compiled_cache
        return engine
    own._compiled_cache = LRUCache(STATEMENTS_KEPT)
    _first[:] = [engine]
    return engine
