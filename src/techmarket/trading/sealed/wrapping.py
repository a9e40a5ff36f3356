"""Slots at rest: every envelope stands in the database under one more cipher, renewed whenever any slot is written.

The key is derived from the market's secret, which is not in the database. Two looks at a slot, the dead rows between
them, or an archive of what was written show two different texts, whether the envelope in it was replaced or not.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from techmarket.trading.sealed.envelopes import ENVELOPE_BYTES

WRAPPED_BYTES = 12 + ENVELOPE_BYTES + 16
_DERIVED = b"techmarket sealed slots 1\n"


class SlotWrapping:
    """The wrapping of one lot's slots."""

    def __init__(self, secret: bytes, lot_id: UUID) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=_DERIVED + lot_id.bytes).derive(secret))

    def wrap(self, envelope: bytes, number: int) -> bytes:
        nonce = secrets.token_bytes(12)
        return nonce + self._cipher.encrypt(nonce, envelope, str(number).encode())

    def unwrap(self, stored: bytes, number: int) -> bytes | None:
        """The envelope in a slot, or None from bytes that were not wrapped by this secret for this bidder."""
        try:
            return self._cipher.decrypt(stored[:12], stored[12:], str(number).encode())
        except (InvalidTag, ValueError):
            return None
