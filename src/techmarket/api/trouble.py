"""What an error of the database or the network means to whoever asked: time cures it, it cannot be stored, or a bug."""

from __future__ import annotations

import errno
import random
import re
import socket
from collections.abc import Iterator

from sqlalchemy import exc as database

from techmarket.api import errors
from techmarket.kernel.refusals import Refusal

# Time alone cures these: connection trouble (08), out of resources (53), shutdown and start (57P0x),
# serialization failure, deadlock, lock not available, statement timeout, a standby that was asked to write.
_BUSY_CLASSES = ("08", "53")
_BUSY_STATES = frozenset({"57P01", "57P02", "57P03", "57P05", "40001", "40P01", "55P03", "57014", "25006", "25P03"})
_UNIQUE_VIOLATION = "23505"  # the last word of a race that two looks before the write could not see
_UNSTORABLE_STATES = frozenset({"22P02", "22021", "22003", "22P05"})
_NETWORK_ERRNOS = frozenset(
    {errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT, errno.EPIPE}
)
_DRIVER_LOST = re.compile(r"connection (?:is|was) closed|connection has been released|closed in the middle")


def trouble(error: BaseException) -> Refusal | None:
    """What an error of the database or the network means to the caller: busy, unstorable, or None when it is a bug."""
    for link in chain(error):
        state = getattr(link, "sqlstate", None)
        if isinstance(state, str) and len(state) == 5:
            if state.startswith(_BUSY_CLASSES) or state in _BUSY_STATES:
                return _busy()
            if state in _UNSTORABLE_STATES:
                return errors.Unstorable()
            if state == _UNIQUE_VIOLATION:
                return errors.SameMoment()
        if isinstance(link, database.TimeoutError | ConnectionError | socket.gaierror | TimeoutError):
            return _busy()
        if isinstance(link, database.DBAPIError) and link.connection_invalidated:
            return _busy()
        if isinstance(link, OSError) and (link.errno in _NETWORK_ERRNOS or _many_addresses_failed(link)):
            return _busy()
        driver = type(link).__module__.startswith("asyncpg")
        if driver and (type(link).__name__ == "TargetServerAttributeNotMatched" or _DRIVER_LOST.search(str(link))):
            return _busy()
        if driver and type(link).__name__ == "DataError" and _too_big_or_not_utf8(link):
            return errors.Unstorable()
    return None


def _many_addresses_failed(error: OSError) -> bool:
    return error.errno is None and str(error).startswith("Multiple exceptions")


def _too_big_or_not_utf8(error: BaseException) -> bool:
    # The driver refuses before PostgreSQL sees the value; any other complaint of the driver is a bug of ours.
    return any(isinstance(link, OverflowError | UnicodeEncodeError) for link in chain(error))


def _busy() -> Refusal:
    # Spread the retries, so that those who were refused together do not come back together.
    return errors.MarketBusy(retry_after=random.randint(1, 5))  # noqa: S311


def chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting and len(seen) < 50:
        link = waiting.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [getattr(link, "orig", None), link.__cause__]
        if isinstance(link, BaseExceptionGroup):
            waiting += list(link.exceptions)
