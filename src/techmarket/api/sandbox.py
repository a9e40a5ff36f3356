"""The market clock over HTTP; moving it is for sandboxes only."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Wire
from techmarket.db.clock import ClockOnlyForward, ClockStandsStill
from techmarket.identity import service

router = APIRouter(prefix="/v1", tags=["sandbox"], route_class=MarketRoute)


class MoveClock(Wire):
    now: Aware


class ClockOut(Wire):
    now: datetime
    sandbox: bool


@router.get("/clock", response_model=ClockOut, operation_id="getClock", responses=refusals())
async def get_clock(tx: TxDep) -> object:
    """The market's time: the one every deadline is judged by."""
    now, sandbox = await service.read_clock(tx)
    return {"now": now, "sandbox": sandbox}


@router.post(
    "/clock",
    response_model=ClockOut,
    operation_id="moveClock",
    responses=refusals(ClockOnlyForward, ClockStandsStill),
)
async def move_clock(body: MoveClock, actor: SignedIn, tx: TxDep) -> object:
    """Run a sandbox's clock ahead, so that periods of law can pass; never back, and never on a live market."""
    return {"now": await service.move_clock(tx, actor, body.now), "sandbox": True}
