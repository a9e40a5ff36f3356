"""Whether a message is the market's (Standard Webhooks): its signature, its age, its content."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"


class Forged(Exception):
    """Do nothing with it, and answer 400."""


def opened(
    body: bytes,
    headers: Mapping[str, str],
    secrets: str | Sequence[str],
    *,
    now: float | None = None,
    tolerance: float = TOLERANCE_SECONDS,
) -> dict[str, Any]:
    """The message `{type, timestamp, data}` in a body that one of these secrets signed; raises `Forged`.

    Give both secrets while one takes the other's place. The same `webhook-id` may come twice: what was done is done.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, stamp, signatures = (given[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as missing:
        raise Forged(f"the header {missing} is missing") from None
    if not (stamp.isascii() and stamp.isdigit()):
        raise Forged("webhook-timestamp is no number of seconds")
    if abs((time.time() if now is None else now) - int(stamp)) > tolerance:
        raise Forged("it was signed too long ago, or ahead of time")
    signed = f"{message_id}.{stamp}.".encode() + body
    wanted = [_signature(secret, signed) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    offered = [part[3:] for part in signatures.split(" ") if part.startswith("v1,")]
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in offered for other in wanted]
    if not any(matches):
        raise Forged("no signature of it is by a secret of yours")
    message = json.loads(body)
    if not isinstance(message, dict):
        raise Forged("it is no message")
    return message


def _signature(secret: str, signed: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a secret is whsec_ and base64") from None
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
