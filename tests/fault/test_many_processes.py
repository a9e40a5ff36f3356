"""Two and four API processes over one database are killed amid a crowd's bids, and so is PostgreSQL: the public record
replays, holds every acknowledgement once, and each lot has one winner. Only `TECHMARKET_LONG=1` has a test here: twenty
rounds of each, or as many as `TECHMARKET_ROUNDS` says. The short form, with one process, is in `test_kill_bidding.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from typing import Any

import httpx
import pytest

from techmarket.kernel.seals import SealKey
from techmarket.trading.receipts import verify_receipt
from techmarket.trading.record.replay import Findings, Replay
from tests.fault.fleet import PATIENCE_SECONDS, Bidder, Crowd, Fleet, Heard, a_crowd, fleet_of, grow

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
ROUNDS = int(os.environ.get("TECHMARKET_ROUNDS", "20"))
BIDS_BETWEEN_KILLS = 200
CROWDS = [(2, 64), (4, 256)]


if IS_LONG:

    @pytest.mark.slow
    @pytest.mark.parametrize("processes, bidders", CROWDS)
    async def test_kills_of_processes_and_database_lose_no_bid_break_no_rule_and_leave_one_winner_a_lot(
        processes: int, bidders: int
    ) -> None:
        dice = random.Random(20260302 + processes)
        with fleet_of(processes, dice) as fleet:
            crowd = await a_crowd(fleet, bidders)
            await fleet.start()
            heard = Heard(fleet.folder / "heard.jsonl")
            began = time.monotonic()
            limits = httpx.Limits(max_connections=3 * bidders, max_keepalive_connections=3 * bidders)
            async with httpx.AsyncClient(timeout=15, limits=limits, trust_env=False) as http:
                await rounds(fleet, crowd, heard, http)
                bidding_s = time.monotonic() - began
                record = await the_record(http, fleet, crowd)
            told = judge(record, heard, crowd)
            if IS_LONG:
                say(
                    processes=processes,
                    bidders=bidders,
                    rounds=ROUNDS,
                    bids_acknowledged=heard.acknowledged,
                    bidding_s=round(bidding_s, 1),
                    lines_cut=heard.broken,
                    answered_after_a_retry=heard.retried,
                    sent_to_two_at_once=heard.twice,
                    longest_wait_s=round(heard.worst_s, 1),
                    **told,
                )
        assert told == {"acknowledged_lost": 0, "sequence_gaps": 0, "rule_violations": 0, "winners_per_lot": [1, 1]}


async def rounds(fleet: Fleet, crowd: Crowd, heard: Heard, http: httpx.AsyncClient) -> None:
    """Each round one API process and the database are killed amid the bidding."""
    stop = asyncio.Event()
    crowding = [
        asyncio.create_task(Bidder(n, one.key, fleet, crowd, heard).bid(http, stop)) for n, one in crowd.bidders.items()
    ]
    try:
        for n in range(ROUNDS):
            await grow(heard, BIDS_BETWEEN_KILLS)
            await fleet.kill_one()
            await grow(heard, BIDS_BETWEEN_KILLS)
            await fleet.kill_database()
            if IS_LONG:
                say(round=n + 1, bids_acknowledged=heard.acknowledged, lines_cut=heard.broken, odd=heard.odd[:3])
        await grow(heard, BIDS_BETWEEN_KILLS)
    finally:
        stop.set()
        done = await asyncio.gather(*crowding, return_exceptions=True)
    assert done == [None] * len(crowding)
    assert heard.odd == []
    assert heard.broken > 0, "nothing was ever cut off: the kills did not hit the bidding"
    assert heard.retried > 0
    assert heard.twice > 0


async def the_record(http: httpx.AsyncClient, fleet: Fleet, crowd: Crowd) -> bytes:
    """The lots close by the clock; then anybody takes the record, from any process."""
    operator = {"Authorization": f"Bearer {crowd.operator.key}"}
    base = fleet.apis[0].base
    lots = [(await http.get(f"{base}/v1/lots/{lot}")).json() for lot in crowd.lots]
    assert [lot["state"] for lot in lots] == ["OPEN", "OPEN"]
    latest = max(lot["effective_end"] for lot in lots)
    moved = await http.post(
        f"{base}/v1/clock", json={"now": latest}, headers={**operator, "Idempotency-Key": "the-end"}
    )
    assert moved.status_code == 200, moved.text
    deadline = time.monotonic() + PATIENCE_SECONDS
    for lot in crowd.lots:
        while (await http.get(f"{base}/v1/lots/{lot}")).json()["state"] != "AWARDED":
            assert time.monotonic() < deadline, "a lot did not close"
            await asyncio.sleep(0.1)
    answer = await http.get(f"{fleet.apis[-1].base}/v1/trades/{crowd.trade_id}/record", timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.content


def judge(record: bytes, heard: Heard, crowd: Crowd) -> dict[str, Any]:
    """What the record says, replayed by the rules, against what the crowd was told."""
    trusted: dict[str, SealKey] = {key.kid: key for key in (crowd.keys.log.public, crowd.keys.receipts.public)}
    replay, entered = Replay(trusted), dict[tuple[str, int], dict[str, Any]]()
    lot, winners = "", list[int]()
    for raw in record.splitlines():
        replay.feed(raw)
        line = json.loads(raw)
        if line["line"] == "lot":
            lot = line["lot"]
        elif line["line"] == "bid":
            entered[lot, line["seq"]] = line
        elif line["line"] == "result":
            winners.append(sum(one["state"] in ("OFFERED", "CONCLUDED") for one in line["awards"]))
    found: Findings = replay.finish()
    told = heard.lines()
    lost = sum(not in_the_book(one["receipt"], entered) for one in told)
    assert len({one["key"] for one in told}) == len(told)
    # Each bidder asked until it was told, so nothing may stand in the book that nobody was told of.
    assert len(entered) == len(told), (len(entered), len(told))
    assert all(verify_receipt(one["receipt"], crowd.keys.receipts.public) for one in told)
    gaps = sum(max(seq for of, seq in entered if of == lot) - count for lot, count in counted(entered).items())
    assert found.fault is None, (found.fault, found.fault_line)
    assert all(lot.is_decided_again for lot in found.lots)
    return {
        "acknowledged_lost": lost,
        "sequence_gaps": gaps,
        "rule_violations": int(not found.fits),
        "winners_per_lot": winners,
    }


def in_the_book(receipt: dict[str, Any], entered: dict[tuple[str, int], dict[str, Any]]) -> bool:
    """The entry of a receipt stands in the record word for word."""
    entry = entered.get((receipt["lot"], receipt["seq"]), {})
    minor = int(receipt["amount"]["amount"].replace(".", ""))
    wanted = (receipt["bidder"], minor, receipt["verdict"], receipt["chain"], receipt["at"])
    return tuple(entry.get(name) for name in ("bidder", "amount_minor", "verdict", "chain", "at")) == wanted


def counted(entered: dict[tuple[str, int], dict[str, Any]]) -> dict[str, int]:
    lots: dict[str, int] = {}
    for lot, _ in entered:
        lots[lot] = lots.get(lot, 0) + 1
    return lots


def say(**found: Any) -> None:
    print(json.dumps(found), file=sys.stderr)
