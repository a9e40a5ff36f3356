"""A look over everybody's shoulder: what the stories' people do stood in their queue, and is gone once it is done."""

from __future__ import annotations

import re
from collections import Counter

from techmarket.workbench.gathering import all_work
from tests.client import Api

BY_CHOICE = {
    "placeBid": "whoever has bid may bid again",
    "reportRoyalty": "where no period for reports was agreed, one is made whenever there is something to report",
    "refundDue": "two may undo what was paid at any time: only the second of them is waited for",
    "sendPayout": "the bank's answer may be entered at once",
    "settlePayout": "the bank's answer may be entered at once",
    "assignBankLine": "an unmatched line may be returned instead",
    "enableWebhook": "a webhook may be enabled at any time",
    "addRule": "a row may be added at any time: only the second of two people is waited for",
    "enterWorkDays": "days may be entered at any time",
    "declareSettlementAccount": "only the second of two people is waited for",
    "uploadBankStatement": "only the second of two people is waited for",
    "voidBankStatement": "only the second of two people is waited for",
    "makeOffer": "a counter-offer answers an offer that waited; only the first one is waited for by itself",
    "draftDistribution": "a split may be worked out before its table is signed",
}
seen: Counter[str] = Counter()
"""How often each operation was found in a queue before it was done, over all stories of a run."""


async def waiting(api: Api, key: str | None, path: str) -> tuple[str, int] | None:
    """The operation behind a path if it is one that people are told to do, and how often it stands in the queue."""
    kinds = [one for one in all_work().values() if re.fullmatch(_pattern(one.call), f"POST {path}")]
    if not kinds or key is None:
        return None
    asked = [("kind", one.kind) for one in kinds]
    found = await api.get("/v1/work", key=key, params=[*asked, ("limit", "100")])
    assert found.status_code == 200, found.text
    return kinds[0].operation, sum(one["path"] == path for one in found.json()["items"])


def _pattern(call: str) -> str:
    return re.sub(r"\\\{[a-z_]+\\\}", "[^/]+", re.escape(call))


def check(path: str, before: tuple[str, int], after: tuple[str, int]) -> None:
    operation, had = before
    if had == 0:
        assert operation in BY_CHOICE, f"{operation} was done and stood in no queue: {path}"
        return
    seen[operation] += 1
    # One act may do more than one thing: a distribution takes up all income that there is.
    assert after[1] < had, f"{operation} was done and still stands in the queue: {path}"
