#!/usr/bin/env python3
"""A bidding robot for one lot of online bidding, in plain httpx. It knows its limit and its step, and nothing else.

    python examples/bidding_robot.py --trade ID --limit 600000.00 --step 2 --key-file one.key

It follows the trade's stream and bids when somebody else leads: what would be enough, raised by its step, never above
its limit. A busy market or a broken line is asked again with the same Idempotency-Key, as late as Retry-After says, so
that no bid is ever placed twice. Every receipt is checked offline with the published key before it is kept.

It ends when its limit is passed or bidding is over, and prints what came of it as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from receipts import is_genuine

Json = dict[str, Any]
PATIENCE_SECONDS = 120.0
SILENCE_SECONDS = 40.0  # the stream shows a sign of life every 15
OVER = {"EVALUATING", "AWARDED", "CONCLUDED", "UNSOLD", "TERMINATED"}


class Market:
    """The market over HTTP, as one who bids sees it."""

    def __init__(self, base: str, key: str) -> None:
        self.http = httpx.Client(base_url=base, timeout=10, headers={"Authorization": f"Bearer {key}"})

    def get(self, path: str) -> Json:
        answer = self.send("GET", path)
        answer.raise_for_status()
        return answer.json()

    def send(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        """The first answer that is one. A request that may have been carried out is repeated with the same key."""
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        deadline, waits = time.monotonic() + PATIENCE_SECONDS, 0.2
        while True:
            try:
                answer = self.http.request(method, path, json=body, headers=headers)
                if answer.status_code not in (429, 503):
                    return answer
                waits = float(answer.headers.get("Retry-After", waits))
            except httpx.TransportError as error:
                answer, waits = error, min(2 * waits, 5.0)
            if time.monotonic() + waits > deadline:
                raise SystemExit(f"no answer to {method} {path} within {PATIENCE_SECONDS:.0f} s: {answer!r}")
            time.sleep(waits * random.uniform(1, 1.2))

    def follow(self, trade: str) -> Iterator[tuple[str, Json]]:
        """The events of a trade, each once, over as many lines as it takes."""
        last_id, waits, deadline = "", 1.0, time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            headers = {"Last-Event-ID": last_id} if last_id else {}
            try:
                path, timeout = f"/v1/trades/{trade}/stream", httpx.Timeout(10, read=SILENCE_SECONDS)
                with self.http.stream("GET", path, headers=headers, timeout=timeout) as answer:
                    if answer.status_code == 204:
                        return
                    if answer.status_code in (429, 503):
                        waits = float(answer.headers.get("Retry-After", waits))
                    else:
                        answer.raise_for_status()
                        event: dict[str, str] = {}
                        for line in answer.iter_lines():
                            deadline = time.monotonic() + PATIENCE_SECONDS
                            name, _, value = line.partition(": ")
                            if name == "retry":
                                waits = int(value) / 1000
                            elif line:
                                event[name] = value
                            elif "data" in event:
                                # Taken in before anything is done with it: it never comes again.
                                last_id = event["id"]
                                yield event["event"], json.loads(event["data"])
                                event = {}
                            else:
                                event = {}
            except httpx.TransportError:
                pass  # the line is gone; what was told meanwhile comes with the next one
            time.sleep(waits)
        raise SystemExit(f"no line to the stream within {PATIENCE_SECONDS:.0f} s")


class Robot:
    def __init__(self, market: Market, trade: str, *, lot: int, limit: Decimal, step: int, keys: Json) -> None:
        self.market, self.trade, self.limit, self.step, self.keys = market, trade, limit, step, keys
        self.lot: Json = next(one for one in market.get(f"/v1/trades/{trade}")["lots"] if one["n"] == lot)
        mine = market.get(f"/v1/trades/{trade}/participants")["items"]
        if len(mine) != 1:
            raise SystemExit("register for this trade first, and bid with a key of your own organisation")
        self.number = mine[0]["number"]
        self.increment = Decimal(self.lot["increment"]["amount"])
        self.receipts: list[Json] = []
        self.accepted = 0

    def compete(self) -> str:
        """Bid until the limit is passed or bidding is over: "outbid", "won" or "over"."""
        for kind, told in self.market.follow(self.trade):
            if kind == "end":
                break
            if told["lot_id"] != self.lot["id"]:
                continue
            if kind == "state" or told["seq"] >= self.lot["seq"]:  # of what is older we know more already
                self.lot |= told
            while self.lot["state"] == "OPEN" and self.lot["leading_bidder"] != self.number:
                amount = self.next_bid()
                if amount is None:
                    return "outbid"
                self.bid(amount)
            if self.lot["state"] in OVER:
                break
        return "won" if self.lot["leading_bidder"] == self.number else "over"

    def next_bid(self) -> Decimal | None:
        """What is enough, raised by our step, in whole increments and never above the limit; None when it is passed."""
        least = Decimal(self.lot["least_next_bid"]["amount"])
        if least > self.limit:
            return None
        return least + min(self.step - 1, (self.limit - least) // self.increment) * self.increment

    def bid(self, amount: Decimal) -> None:
        """Place one bid and learn from the answer, also from a no."""
        body = {"amount": {"amount": f"{amount:.2f}", "currency": "CNY"}}
        answer = self.market.send("POST", f"/v1/lots/{self.lot['id']}/bids", body)
        said = answer.json()
        if "receipt" in said:
            self.keep(said["receipt"])
        if answer.status_code == 201:
            self.accepted += 1
            following = {"amount": f"{amount + self.increment:.2f}", "currency": "CNY"}
            self.lot |= {"leading_bidder": self.number, "seq": said["seq"], "least_next_bid": following}
        elif said["code"] in ("trading.bid_too_low", "trading.bid_off_step"):
            self.lot |= {"least_next_bid": said["least"], "seq": said["seq"], "leading_bidder": None}
        elif said["code"] == "trading.bidding_paused":
            self.lot["state"] = "PAUSED"  # the stream tells when it goes on
        elif said["code"] in ("trading.bidding_over", "trading.not_open"):
            self.lot["state"] = "EVALUATING" if said["code"] == "trading.bidding_over" else "WAITING"
        else:
            raise SystemExit(f"{answer.status_code} {said['code']}: {said['detail']}")

    def keep(self, receipt: Json) -> None:
        if not is_genuine(receipt, self.keys):
            raise SystemExit(f"entry {receipt['seq']} has a receipt that the market's published key did not sign")
        self.receipts.append(receipt)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="http://127.0.0.1:8000")
    parser.add_argument("--trade", required=True, help="the id of the trade")
    parser.add_argument("--lot", type=int, default=1, help="the number of the lot in it")
    parser.add_argument("--limit", type=Decimal, required=True, help="never bid more than this, in yuan")
    parser.add_argument("--step", type=int, default=1, help="raise by so many increments at a time")
    parser.add_argument("--key-file", type=Path, required=True, help="a file with your API key")
    parser.add_argument("--trust", type=Path, help="the market's published keys, if you have kept them")
    parser.add_argument("--receipts", type=Path, help="append every receipt to this file, one a line")
    given = parser.parse_args()
    if given.step < 1:
        parser.error("--step is at least 1")
    market = Market(given.base, given.key_file.read_text().strip())
    keys = json.loads(given.trust.read_text()) if given.trust else market.get("/.well-known/techmarket-keys.json")
    robot = Robot(market, given.trade, lot=given.lot, limit=given.limit, step=given.step, keys=keys)
    try:
        outcome = robot.compete()
    finally:
        if given.receipts:
            with given.receipts.open("a") as file:
                file.writelines(json.dumps(receipt) + "\n" for receipt in robot.receipts)
    told = {"bidder": robot.number, "bids": len(robot.receipts), "accepted": robot.accepted}
    leading = robot.lot["leading"]
    print(json.dumps({"outcome": outcome, **told, "leading": leading["amount"] if leading else None}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
