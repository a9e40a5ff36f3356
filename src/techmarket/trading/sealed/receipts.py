"""Receipts of envelopes (密封报价回执): the market's signed word which envelope stands in a slot since when.

A receipt is in no book and has no number, since either would tell how many envelopes came in. Of two receipts the later
one holds; an opening that shows another envelope than the last receipt is the market's fault, and provable.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import SealKey

_SIGNED = b"techmarket sealed receipt 1\n"


def receipt_bytes(lot_id: UUID, number: int, envelope_sha256: str, at: datetime) -> bytes:
    """The bytes under the market's signature."""
    instant = at.astimezone(UTC).isoformat(timespec="microseconds")
    return _SIGNED + canonical_json(
        {"at": instant, "bidder": number, "envelope_sha256": envelope_sha256, "lot": str(lot_id)}
    )


def verify_receipt(shown: Mapping[str, Any], key: SealKey) -> bool:
    """Whether a receipt, as the bidder keeps it, is the market's word; anything malformed is not."""
    try:
        body = receipt_bytes(
            UUID(shown["lot_id"]),
            shown["bidder"],
            shown["envelope_sha256"],
            datetime.fromisoformat(shown["at"]),
        )
        return shown["kid"] == key.kid and key.verify(bytes.fromhex(shown["signature"]), body)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
