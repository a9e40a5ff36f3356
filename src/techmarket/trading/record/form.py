"""The form of the record: JSON Lines, each line canonical JSON (RFC 8785), the last one under the market's seal."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import Seal, SealKey

FORM = "techmarket-trade-record/1"
SEALED = b"techmarket trade record 1\n"
LINE_MAX = 2 * 1024 * 1024

ABOUT_TRADE = frozenset(
    {
        "trading.announced",
        "trading.extended",
        "trading.suspended",
        "trading.resumed",
        "trading.opening_moved",
        "trading.unsold",
        "trading.terminated",
    }
)
ABOUT_LOT = frozenset(
    {
        "trading.lot_announced",
        "trading.lot_sealed",
        "trading.bidding_opened",
        "trading.lot_paused",
        "trading.lot_resumed",
        "trading.lot_closed",
        "trading.lot_awaits",
        "trading.slots_closed",
        "trading.share_given",
        "trading.lot_unsealed",
        "trading.scores_opened",
        "trading.reserve_revealed",
        "trading.reserve_not_revealed",
        "trading.bidder_shut_out",
        "trading.lot_unsold",
        "trading.lot_terminated",
        "trading.award_offered",
        "trading.award_lapsed",
        "trading.award_annulled",
        "trading.award_concluded",
        "trading.award_defaulted",
    }
)
SAID_AFTERWARDS = frozenset(
    {
        "trading.final_bid_put",
        "trading.final_bids_opened",
        "trading.first_refusal_asked",
        "trading.first_refusal_exercised",
        "trading.first_refusal_waived",
    }
)
"""What is told of a lot only once it is decided."""
DECIDED = "trading.bids_decided"
"""One entry of the log for each batch of the bid book: it stands right behind the last bid it is about."""


class Writing:
    """Spells lines and keeps what the last one is sealed over."""

    def __init__(self) -> None:
        self.lines = 0
        self._hash = hashlib.sha256()

    def line(self, kind: str, said: Mapping[str, Any]) -> bytes:
        spelled = canonical_json({"line": kind, **said}) + b"\n"
        self.lines += 1
        self._hash.update(spelled)
        return spelled

    def end(self, seal: Seal) -> bytes:
        """How many lines stand above and their SHA-256, signed: a record that was cut off has no such line."""
        digest = self._hash.digest()
        said = {
            "lines": self.lines,
            "sha256": digest.hex(),
            "kid": seal.kid,
            "signature": seal.sign(SEALED + digest).hex(),
        }
        return self.line("end", said)


def is_sealed(digest: bytes, signature: bytes, key: SealKey) -> bool:
    return key.verify(signature, SEALED + digest)


def written(moment: datetime | None) -> str | None:
    """UTC with microseconds, as in the bid book."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def read(moment: str | None) -> datetime | None:
    return None if moment is None else datetime.fromisoformat(moment)
