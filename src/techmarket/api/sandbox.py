"""The market clock over HTTP; moving it is for sandboxes only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Wire
from techmarket.db.clock import ClockOnlyForward, ClockStandsStill, NothingDue
from techmarket.identity import service

router = APIRouter(prefix="/v1", tags=["sandbox"], route_class=MarketRoute)


class MoveClock(Wire):
    now: Aware


class RunClock(Wire):
    rate: Annotated[int, Field(strict=True, ge=1, le=100_000)] = Field(
        description="How many times as fast as the real clock: 1440 makes a day of a minute."
    )


class ClockOut(Wire):
    now: datetime
    sandbox: bool
    rate: int = Field(description="How many times as fast as the real clock it runs; 1 on a live market.")
    due: str | None = Field(default=None, description="What has become due, where the clock was taken to it.")


@router.get("/clock", response_model=ClockOut, operation_id="getClock", responses=refusals())
async def get_clock(tx: TxDep) -> object:
    """The market's time: the one every deadline is judged by."""
    return await service.see_clock(tx)


@router.post(
    "/clock",
    response_model=ClockOut,
    operation_id="moveClock",
    responses=refusals(ClockOnlyForward, ClockStandsStill),
)
async def move_clock(body: MoveClock, actor: SignedIn, tx: TxDep) -> object:
    """Run a sandbox's clock ahead, so that periods of law can pass; never back, and never on a live market."""
    return await service.move_clock(tx, actor, body.now)


@router.post(
    "/clock/next",
    response_model=ClockOut,
    operation_id="jumpToNext",
    responses=refusals(ClockStandsStill, NothingDue),
)
async def jump_to_next(actor: SignedIn, tx: TxDep) -> object:
    """Take a sandbox's clock to the next moment at which something is due: a notice or a lot ends, say."""
    return await service.jump_to_next(tx, actor)


@router.put("/clock/rate", response_model=ClockOut, operation_id="runClock", responses=refusals(ClockStandsStill))
async def run_clock(body: RunClock, actor: SignedIn, tx: TxDep) -> object:
    """Let a sandbox's clock run faster than the real one, or as fast again with 1."""
    return await service.run_clock(tx, actor, body.rate)
