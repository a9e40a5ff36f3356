"""One value has one sequence of bytes (RFC 8785), so that a hash or a signature means the same to every reader."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


class NotCanonical(ValueError):
    """The value has no canonical bytes: an integer beyond 2^53, NaN, an infinity, a lone surrogate, or no JSON type."""


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of a JSON value; what other JSON readers would round or reject is not written at all."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise NotCanonical(str(error)) from error


def sha256_hex(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
