#!/usr/bin/env python3
"""A bidding robot for one lot of online bidding, over `techmarket.client`. It knows its limit and step, nothing else.

    python examples/bidding_robot.py --trade ID --limit 600000.00 --step 2 --key-file one.key

It follows the trade's stream and bids when somebody else leads: what would be enough, raised by its step, never above
its limit. The client asks a busy market or a broken line again with the same Idempotency-Key, as late as Retry-After
says, so that no bid is ever placed twice. Every receipt is checked offline with the published key before it is kept.

It ends when its limit is passed or bidding is over, and prints what came of it as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from techmarket.client import Market, Problem, Unreachable, is_genuine

Json = dict[str, Any]
PATIENCE_SECONDS = 120.0
OVER = {"EVALUATING", "AWARDED", "CONCLUDED", "UNSOLD", "TERMINATED"}


class Robot:
    def __init__(self, market: Market, trade: str, *, lot: int, limit: Decimal, step: int, keys: Json) -> None:
        self.market, self.trade, self.limit, self.step, self.keys = market, trade, limit, step, keys
        self.lot: Json = next(one for one in market.get_trade(trade)["lots"] if one["n"] == lot)
        mine = market.list_participants(trade)["items"]
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
        try:
            said: Json = self.market.place_bid(self.lot["id"], body)
        except Problem as no:
            self.learn(no)
            return
        self.keep(said["receipt"])
        self.accepted += 1
        following = {"amount": f"{amount + self.increment:.2f}", "currency": "CNY"}
        self.lot |= {"leading_bidder": self.number, "seq": said["seq"], "least_next_bid": following}

    def learn(self, no: Problem) -> None:
        """A refused bid is a decision, too: it has a receipt, and says what would be enough or how the lot stands."""
        said = no.document
        if "receipt" in said:
            self.keep(said["receipt"])
        if said["code"] in ("trading.bid_too_low", "trading.bid_off_step"):
            self.lot |= {"least_next_bid": said["least"], "seq": said["seq"], "leading_bidder": None}
        elif said["code"] == "trading.bidding_paused":
            self.lot["state"] = "PAUSED"  # the stream tells when it goes on
        elif said["code"] in ("trading.bidding_over", "trading.not_open"):
            self.lot["state"] = "EVALUATING" if said["code"] == "trading.bidding_over" else "WAITING"
        else:
            raise SystemExit(str(no))

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
    market = Market(given.base, given.key_file.read_text().strip(), patience=PATIENCE_SECONDS)
    keys = json.loads(given.trust.read_text()) if given.trust else market.get_public_keys()
    robot = Robot(market, given.trade, lot=given.lot, limit=given.limit, step=given.step, keys=keys)
    try:
        outcome = robot.compete()
    except Unreachable as gone:
        raise SystemExit(f"no answer within {PATIENCE_SECONDS:.0f} s: {gone}") from gone
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
