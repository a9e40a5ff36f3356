"""Rate limits: so many requests of a class in a minute for each key, and for each source without one.

A process draws a part of the minute's allowance from the database and spends it by counting in memory: a request pays
one look into a dictionary, and one in many pays a statement. What is left and when the next minute begins is told in
every answer (draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy`, `RateLimit`), and a no says when to come again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import structlog
from starlette.types import Scope

from techmarket.api.errors import TooManyRequests
from techmarket.db import allowances
from techmarket.db.session import Tx

SECONDS = 60
SHARES = 20
"""A process draws a twentieth of the allowance at a time."""
KNOWN_MAX = 50_000
STANDING_KEY = "techmarket.rate"
READ, WRITE, BID, OPEN = "read", "write", "bid", "open"
SEALED = "sealed"
"""Envelopes, counted as writes are but in memory alone: a row that counts them would tell who has quoted, and when."""
log = structlog.get_logger("techmarket.rates")


@dataclass(slots=True)
class _Lease:
    """What this process may still spend of a minute, and what the others have left."""

    minute: int
    left: int
    beyond: int


class Standing(NamedTuple):
    """Where a caller stands after this request."""

    policy: str
    quota: int
    left: int
    seconds: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        told = f'"{self.policy}";r={self.left};t={self.seconds}'
        return [_policy_header(self.policy, self.quota), (b"ratelimit", told.encode())]


@lru_cache(maxsize=64)
def _policy_header(policy: str, quota: int) -> tuple[bytes, bytes]:
    return b"ratelimit-policy", f'"{policy}";q={quota};w={SECONDS}'.encode()


class Rates:
    """The limits of this process. `quotas` names how many requests of a class a minute holds; what it lacks is free."""

    def __init__(self, tx: Tx, quotas: Mapping[str, int]) -> None:
        self._tx = tx
        self._quotas = {name: quota for name, quota in quotas.items() if quota > 0}
        if WRITE in self._quotas:
            self._quotas[SEALED] = self._quotas[WRITE]
        self._leases: dict[tuple[str, str], _Lease] = {}
        self._drawing: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def spend(self, policy: str, whose: str, scope: Scope) -> None:
        """Count this request, or refuse it; either way the answer will say where its sender stands."""
        quota = self._quotas.get(policy)
        if quota is None:
            return
        now = time.time()
        minute, key = int(now // SECONDS), (policy, whose)
        lease = self._leases.get(key)
        while lease is None or lease.minute != minute or (lease.left == 0 and lease.beyond > 0):
            await self._draw_once(key, quota, minute)
            lease = self._leases[key]
        reset = SECONDS - int(now % SECONDS)
        if lease.left == 0:
            scope[STANDING_KEY] = Standing(policy, quota, 0, reset)
            raise TooManyRequests(quota=quota, seconds=SECONDS, policy=policy, retry_after=reset)
        lease.left -= 1
        scope[STANDING_KEY] = Standing(policy, quota, lease.left + lease.beyond, reset)

    async def _draw_once(self, key: tuple[str, str], quota: int, minute: int) -> None:
        """Those who need the same part at the same time wait for one draw of it."""
        task = self._drawing.get(key)
        if task is None:
            task = self._drawing[key] = asyncio.create_task(self._draw(key, quota, minute))
            task.add_done_callback(lambda _: self._drawing.pop(key, None))
        await asyncio.shield(task)

    async def _draw(self, key: tuple[str, str], quota: int, minute: int) -> None:
        take = max(1, quota // SHARES) if key[0] != SEALED else quota
        if len(self._leases) >= KNOWN_MAX:
            self._leases = {one: lease for one, lease in self._leases.items() if lease.minute == minute}
        if key[0] == SEALED:
            self._leases[key] = _Lease(minute, take, 0)
            return
        try:
            async with self._tx.begin() as db:
                used = await allowances.draw(db, ":".join(key), minute=minute, take=take)
        except Exception as error:
            # A limit that cannot be looked up stops nobody: what hinders it will hinder the request itself.
            log.warning("rate_not_drawn", error=type(error).__name__)
            used = take
        granted = max(0, take - max(0, used - quota))
        self._leases[key] = _Lease(minute, granted, max(0, quota - used))


def standing_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """What an answer says about the limits; nothing where none was asked."""
    standing = scope.get(STANDING_KEY)
    return standing.headers() if isinstance(standing, Standing) else []
