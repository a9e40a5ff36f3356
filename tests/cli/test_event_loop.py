"""The commands choose the event loop before a server starts inside it: uvicorn cannot change a loop that runs."""

from __future__ import annotations

import asyncio

import uvloop

from techmarket.cli import running


def test_what_the_commands_run_runs_on_uvloop() -> None:
    seen: list[asyncio.AbstractEventLoop] = []

    async def work() -> None:
        seen.append(asyncio.get_running_loop())

    running.settle(work())
    assert [type(loop) for loop in seen] == [uvloop.Loop]
