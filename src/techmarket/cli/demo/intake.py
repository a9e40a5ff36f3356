"""Bulk intake: offers and demands as JSON Lines, in parts that fit one request, then the operator's review."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from importlib import resources
from itertools import islice
from typing import Any

from techmarket.cli.demo.http import Caller

ROWS_AT_ONCE = 500
REVIEWS_AT_ONCE = 200


def sample(kind: str) -> list[dict[str, Any]]:
    """The project's own sample rows."""
    text = (resources.files("techmarket.samples") / f"{kind}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def parts(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    waiting = iter(rows)
    while part := list(islice(waiting, size)):
        yield part


async def bring_in(
    caller: Caller,
    operator: Caller,
    rows: Iterable[dict[str, Any]],
    *,
    kind: str,
    source: str,
    advance: Callable[[int], None],
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Import and review; returns the listing of each external id, and the refused rows with their reasons."""
    accepted: dict[str, str] = {}
    refused: list[dict[str, Any]] = []
    for part in parts(rows, ROWS_AT_ONCE):
        body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part).encode()
        report = await caller.call(
            "POST",
            "/v1/imports",
            params={"kind": kind, "source": source, "submit": "true"},
            content=body,
            headers={"Content-Type": "application/x-ndjson"},
        )
        new: list[str] = []
        for row in report["rows"]:
            if row["outcome"] == "refused":
                refused.append({"source": source, "external_id": row["external_id"], "refusal": row["refusal"]})
            else:
                accepted[row["external_id"]] = row["listing_id"]
            if row["outcome"] == "accepted":
                new.append(row["listing_id"])
        waiting = await _waiting(operator) if new else {}
        for listings in (new[at : at + REVIEWS_AT_ONCE] for at in range(0, len(new), REVIEWS_AT_ONCE)):
            read = {one: text for one, text in waiting.items() if one in listings}
            await operator.post("/v1/listing-reviews", {"listing_ids": listings, "read": read, "decision": "ACCEPT"})
        advance(len(part))
    return accepted, refused


async def _waiting(operator: Caller) -> dict[str, str]:
    """Which version of each listing that waits for review the operator reads now."""
    read: dict[str, str] = {}
    query: dict[str, Any] = {"limit": 100}
    while True:
        page = await operator.call("GET", "/v1/listing-reviews", params=query)
        read |= {line["listing"]["id"]: line["listing"]["dossier"]["sha256"] for line in page["items"]}
        if page["next_cursor"] is None:
            return read
        query["cursor"] = page["next_cursor"]
