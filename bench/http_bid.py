"""The bid through HTTP: the whole route of the market against a bare ASGI app over the same bid book and signer.

The whole route has the API key and its scopes, the idempotency key, the limits on target, headers and body, the strict
reading of the amount, the receipt with its path, the refusal as a problem document in the reader's language, the
request's id, its metrics and its line in the access log. The bare app has none of it. Both are one process of the same
server software over one database, and hear the same bidders in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.bidding_clients import INCREMENT, START, bid_over_http
from bench.harness import Findings, Rounds, Store, commit_ms, median_ratio, own_store, quantile, say
from bench.hot_lot import Void, _require_right_book
from bench.served import MARKET, Served, fresh_keys, serving
from tests.identity.make import Keyed, an_organisation
from tests.trading.make import an_open_lot

BIDDERS = 64
SIDES = ("bare", "whole")

LIMITS = (
    "The processor of the one serving process. Under both sides lie the same batches of the book, whose share of the "
    "work is told in hot_lot; the rest of the whole route is parsing, checking, the receipt's text and one line of "
    "access log per request. Most answers are refusals, which cost more than acceptances: a sentence and its facts. "
    "Clients, server and database share the processors."
)


async def measure(*, quick: bool) -> Findings:
    rounds, seconds = (1, 1.0) if quick else (7, 4.0)
    keys = fresh_keys()
    async with own_store() as store:
        say(f"making {BIDDERS} bidders")
        who = [await an_organisation(store.tx, keys=keys) for _ in range(BIDDERS)]
        cost = await commit_ms(store)
        async with serving(MARKET, store, keys) as whole, serving(("-m", "bench.bare_bids"), store, keys) as bare:
            servers = {"whole": whole, "bare": bare}
            for side in SIDES:  # the first requests open connections and fill caches
                await _round(store, servers[side], side, who, 0.5)
            found = await _rounds(store, servers, who, rounds, seconds)
    if "whole" not in found.values:
        raise Void("; ".join(found.void))
    figures: dict[str, Any] = {
        side: {
            "bids_per_s": found.median(side),
            "p50_ms": found.median(f"{side}_p50"),
            "p99_ms": found.median(f"{side}_p99"),
            "processor_us_per_bid": found.median(f"{side}_work"),
            "accepted_share": found.median(f"{side}_accepted"),
        }
        for side in SIDES
    }
    figures |= {
        "bids_per_s_by_round": {side: found.all_of(side) for side in SIDES},
        "bidders": BIDDERS,
        "rounds": len(found.values["whole"]),
        "rounds_void": found.void,
        "seconds_per_side": seconds,
        "one_durable_commit_ms": cost,
        "quick": quick,
    }
    ratio = median_ratio(found.values["whole"], found.values["bare"])
    return Findings(figures, {"vs_bare_asgi": ratio}, LIMITS)


async def _rounds(
    store: Store, servers: dict[str, Served], who: Sequence[Keyed], rounds: int, seconds: float
) -> Rounds:
    found = Rounds()
    for turn in range(rounds):
        done: dict[str, dict[str, float]] = {}
        try:
            for side in SIDES if turn % 2 else SIDES[::-1]:
                done[side] = await _round(store, servers[side], side, who, seconds)
        except Void as error:
            found.void.append(f"round {turn + 1}: {error}")
            continue
        for side, values in done.items():
            for name, value in values.items():
                found.add(f"{side}_{name}" if name else side, value)
        say(f"round {turn + 1}: " + ", ".join(f"{side} {values['']:.0f}/s" for side, values in sorted(done.items())))
    return found


async def _round(store: Store, server: Served, side: str, who: Sequence[Keyed], seconds: float) -> dict[str, float]:
    """One lot, all bidders at it for so long; the book read back must hold exactly what they were told."""
    lot = await an_open_lot(store.tx, [one.actor for one in who], start_price_minor=START, increment_minor=INCREMENT)
    said = {
        "whole": lambda one: f"Authorization: Bearer {one.key}\r\n",
        "bare": lambda one: f"X-Organisation: {one.actor.org}\r\n",
    }
    spent = server.cpu_seconds()
    heard, taken = await bid_over_http(server.port, lot.id, [said[side](one) for one in who], seconds)
    spent = server.cpu_seconds() - spent
    if heard.odd:
        raise Void(f"{side}: {heard.odd[0]}")
    accepted = await _require_right_book(store, lot.id, len(heard.waits), journal_rows=None)
    return {
        "": len(heard.waits) / taken,
        "p50": quantile(heard.waits, 0.5) * 1e3,
        "p99": quantile(heard.waits, 0.99) * 1e3,
        "work": spent / len(heard.waits) * 1e6,
        "accepted": accepted,
    }
