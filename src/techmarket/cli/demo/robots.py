"""Bidding robots: each knows its limit and nothing else; all compete at once over HTTP."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

from techmarket.cli.demo.http import Caller, money

GIVES_UP_AFTER = 400


@dataclass
class Robot:
    """Raises by the least step that works, until its limit. A robot that `answers_with_limit` bids its whole limit
    once as soon as a rival leads."""

    name: str
    caller: Caller
    limit: Decimal
    answers_with_limit: bool = False
    bids: int = 0
    accepted: int = 0

    async def compete(self, lot_id: str, number: int, dice: random.Random) -> None:
        """Bid until leading with nobody answering, or until the next step lies above the limit."""
        for _ in range(GIVES_UP_AFTER):
            lot = await self.caller.get(f"/v1/lots/{lot_id}")
            if lot["state"] != "OPEN":
                return
            if lot["leading_bidder"] == number:
                if await self._nobody_answers(lot_id, lot["seq"]):
                    return
                continue
            wanted = self._next_bid(lot)
            if wanted is None:
                return
            if wanted and await self._is_time(lot_id, lot["seq"]):
                await self._bid(lot_id, wanted)
            await asyncio.sleep(dice.uniform(0.0, 0.02))

    def _next_bid(self, lot: dict[str, Any]) -> Decimal | None:
        """The amount to bid now; nought to wait for a rival, None to give up."""
        least = Decimal(lot["least_next_bid"]["amount"])
        if least > self.limit:
            return None
        if not self.answers_with_limit:
            return least
        return self.limit if lot["leading_bidder"] is not None else Decimal(0)

    async def _is_time(self, lot_id: str, seq: int) -> bool:
        """A robot with a whole limit to say waits until the others have no more to say to each other."""
        return not self.answers_with_limit or await self._nobody_answers(lot_id, seq)

    async def _bid(self, lot_id: str, amount: Decimal) -> None:
        self.bids += 1
        response = await self.caller.send(
            "POST", f"/v1/lots/{lot_id}/bids", json={"amount": money(f"{amount:.2f}")}, once=str(uuid4())
        )
        self.accepted += response.status_code == 201

    async def _nobody_answers(self, lot_id: str, seq: int) -> bool:
        for _ in range(10):
            await asyncio.sleep(0.03)
            lot = await self.caller.get(f"/v1/lots/{lot_id}")
            if lot["seq"] != seq:
                return False
        return True


async def contest(robots: list[tuple[Robot, int]], lot_id: str, seed: int = 1) -> None:
    """All at once; the dice only vary how long each pauses."""
    dice = random.Random(seed)  # noqa: S311 - pauses of a demonstration, not secrets
    await asyncio.gather(*[robot.compete(lot_id, number, dice) for robot, number in robots])
