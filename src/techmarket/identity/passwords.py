"""Passwords (口令): hashed by argon2id in threads of their own, a few at a time; who comes when all are taken is told.

RFC 9106 and OWASP: 19 MiB, two passes, one lane, or more. A hash says its own cost, so the cost can be raised later.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from techmarket.identity.errors import SignInBusy

MEMORY_KIB = 19 * 1024
PASSES = 2
AT_ONCE = 2
WAITING_MAX = 32
T = TypeVar("T")

_threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="argon2")
_waiting = 0


def hash_now(password: str) -> str:
    """The PHC string of a password, with a salt of its own."""
    kdf = Argon2id(salt=os.urandom(16), length=32, iterations=PASSES, lanes=1, memory_cost=MEMORY_KIB)
    return kdf.derive_phc_encoded(password.encode())


@cache
def nobodys() -> str:
    """What a name that nobody has is checked against, so that it takes as long as one that somebody has."""
    return hash_now("nobody has this password")


def fits_now(password: str, phc: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode(), phc)
    except InvalidKey:
        return False
    return True


async def hash_password(password: str) -> str:
    return await _beside(lambda: hash_now(password))


async def password_fits(password: str, phc: str | None) -> bool:
    """Whether it is the password; without a hash the same work is done for nothing."""
    fits = await _beside(lambda: fits_now(password, phc or nobodys()))
    return fits and phc is not None


async def _beside(work: Callable[[], T]) -> T:
    global _waiting
    if _waiting >= AT_ONCE + WAITING_MAX:
        raise SignInBusy(retry_after=2)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _waiting -= 1
