"""The market's public keys as strangers take them along: a JWK set, with the time each was in use."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from techmarket.kernel.seals import SealKey
from techmarket.transparency.views import KeyView


def key_set(history: Iterable[KeyView]) -> dict[str, Any]:
    """The keys as a JWK set; `use_here` says what each one signs, `until` since when it signs no longer."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "Ed25519",
                "use": "sig",
                "kid": key.kid,
                "x": encode_base64url(key.raw),
                "use_here": key.use,
                "since": _written(key.since),
                "until": _written(key.until),
            }
            for key in sorted(history, key=lambda key: (key.use, key.until is not None, key.kid))
        ]
    }


def trusted_keys(published: Mapping[str, Any]) -> dict[str, SealKey]:
    """The keys of a published set, by the name their own bytes give them."""
    found = (SealKey.from_raw(decode_base64url(key["x"])) for key in published["keys"])
    return {key.kid: key for key in found}


def retired_keys(published: Mapping[str, Any]) -> dict[str, str]:
    """Those of a published set that sign no longer, with the time they were retired."""
    names = {key["kid"]: SealKey.from_raw(decode_base64url(key["x"])).kid for key in published["keys"]}
    return {names[key["kid"]]: str(key["until"]) for key in published["keys"] if key.get("until")}


def encode_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Strict: a text that is not the one spelling of its bytes is refused."""
    raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode_base64url(raw) != text:
        raise ValueError("not the canonical spelling")
    return raw


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None
