"""The rules of webhooks (推送订阅), after the Standard Webhooks specification 1.0: pure.

A message has one id, whatever becomes of it; it is signed with every secret that is valid now; a receiver that fails
is tried again ten times over three days, and one that says it is gone (410) is left alone at once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.kernel.lifecycle import Lifecycle

PREFIX = "whsec_"
SECRET_BYTES = 32
MAX_EACH = 20
TYPES_MAX = 100
GONE = 410
SCHEDULE = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""How long a failed message waits after its first, second, … attempt. After the tenth it is given up."""
ATTEMPTS_MAX = len(SCHEDULE) + 1
FAILING_MAX = timedelta(days=5)
"""A subscription that has failed at everything for so long is disabled when another message is given up."""
LEASE = timedelta(seconds=60)
"""How long a message is one worker's: longer than a call may last. After a crash another one takes it."""
OVERLAP_DEFAULT, OVERLAP_MAX = timedelta(hours=24), timedelta(days=7)
PING = "webhook.ping"


class WebhookState(StrEnum):
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
    ENDED = "ENDED"


class DeliveryState(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    GIVEN_UP = "GIVEN_UP"


WEBHOOK = Lifecycle(
    "webhook",
    {
        (WebhookState.ACTIVE, "disable"): WebhookState.DISABLED,
        (WebhookState.DISABLED, "enable"): WebhookState.ACTIVE,
        (WebhookState.ACTIVE, "enable"): WebhookState.ACTIVE,
        (WebhookState.DISABLED, "disable"): WebhookState.DISABLED,
        (WebhookState.ACTIVE, "end"): WebhookState.ENDED,
        (WebhookState.DISABLED, "end"): WebhookState.ENDED,
    },
    initial=WebhookState.ACTIVE,
)
DELIVERY = Lifecycle(
    "delivery",
    {
        (DeliveryState.PENDING, "deliver"): DeliveryState.DELIVERED,
        (DeliveryState.PENDING, "give up"): DeliveryState.GIVEN_UP,
        (DeliveryState.PENDING, "replay"): DeliveryState.PENDING,
        (DeliveryState.DELIVERED, "replay"): DeliveryState.PENDING,
        (DeliveryState.GIVEN_UP, "replay"): DeliveryState.PENDING,
    },
    initial=DeliveryState.PENDING,
)


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def spelled(secret: bytes) -> str:
    """A secret as its owner keeps it: shown once."""
    return PREFIX + base64.b64encode(secret).decode()


def message_id(entry_id: UUID) -> str:
    """The id by which a receiver knows a message again: one for each change, in every attempt and replay."""
    return f"msg_{entry_id.hex}"


def body_of(*, type: str, at: datetime, data: dict[str, Any]) -> bytes:
    """The bytes of a message; the same in every attempt."""
    said = {"type": type, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def sign(secret: bytes, id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and HMAC-SHA256 over `id.timestamp.body`, in base64."""
    said = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, said, hashlib.sha256).digest()).decode()


def headers_of(valid: Iterable[bytes], id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What goes with a message: a signature by each valid secret, so that a receiver changes over when it suits him."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "techmarket-webhooks/1",
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, id, timestamp, body) for secret in valid),
    }


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a message after an attempt."""

    state: DeliveryState
    at: datetime | None = None
    disables: str | None = None


def after(
    *, attempts: int, status: int | None, retry_after: int | None, now: datetime, failing_since: datetime | None
) -> Next:
    """A 2xx is the only yes; 410 ends it; all else is tried again by the schedule, or as late as the receiver asks.

    `attempts` counts this one too; `failing_since` is when the subscription last began to fail at everything.
    """
    if status is not None and 200 <= status < 300:
        return Next(DeliveryState.DELIVERED)
    if status == GONE:
        return Next(DeliveryState.PENDING, now, disables="gone")
    if attempts >= ATTEMPTS_MAX:
        is_dead = failing_since is not None and now - failing_since >= FAILING_MAX
        return Next(DeliveryState.GIVEN_UP, disables="failing" if is_dead else None)
    wait = SCHEDULE[attempts - 1]
    if retry_after is not None and status in (429, 503):
        wait = max(wait, min(timedelta(seconds=retry_after), SCHEDULE[-1]))
    return Next(DeliveryState.PENDING, now + wait)
