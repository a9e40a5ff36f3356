"""Several servers in one address (主备地址): the one that may be written to is found at each new connection.

The driver alone waits for a server that is silent, a machine without power say, until its whole time is over, and then
gives up without having asked the next one. Here each has its own short time, and the one that was right last is first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from asyncpg.exceptions import InternalClientError as NotTheOne
from sqlalchemy.engine import URL

HOST_SECONDS = 1.5


class Hosts:
    def __init__(self, connect: Callable[..., Awaitable[Any]] = asyncpg.connect) -> None:
        self._connect = connect
        self._right: tuple[str, int] | None = None

    async def connect(self, *, host: list[str], port: list[int], timeout: float = 0, **more: Any) -> Any:
        """A connection to the first of them that fits `target_session_attrs`."""
        last: BaseException | None = None
        for one in sorted(zip(host, port, strict=True), key=lambda pair: pair != self._right):
            try:
                connection = await self._connect(host=one[0], port=one[1], timeout=HOST_SECONDS, **more)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, NotTheOne) as error:
                last = error
                continue
            self._right = one
            return connection
        assert last is not None
        raise last


def connect_args_for(url: URL) -> dict[str, Any]:
    """What an engine for this address needs beside the address."""
    named = url.query.get("host", ())
    return {"async_creator_fn": Hosts().connect} if not isinstance(named, str) and len(named) > 1 else {}


async def connect_to(url: URL, *, application: str) -> asyncpg.Connection:
    """A connection for one thing alone, found as an engine finds its own."""
    _, told = url.get_dialect()().create_connect_args(url)
    connect = Hosts().connect if isinstance(told.get("host"), list) else asyncpg.connect
    return await connect(**told, timeout=5, server_settings={"application_name": application})
