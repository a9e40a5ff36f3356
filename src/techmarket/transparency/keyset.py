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


class TrustedKeys(dict[str, SealKey]):
    """Keys by name, with what each signs and since when it signs no longer. What it signed before stays signed."""

    def __init__(self) -> None:
        super().__init__()
        self.uses: dict[str, str] = {}
        self.until: dict[str, datetime] = {}

    def put(self, key: SealKey, *, use: str | None, until: datetime | None) -> None:
        self[key.kid] = key
        if use is not None:
            self.uses[key.kid] = use
        if until is not None:
            self.until[key.kid] = until


def key_for(trusted: Mapping[str, SealKey], kid: object, use: str) -> SealKey | None:
    """The trusted key of this name, if it is one for this use; of keys without uses each may sign anything."""
    if not isinstance(kid, str):
        return None
    is_of_use = not isinstance(trusted, TrustedKeys) or trusted.uses.get(kid, use) == use
    return trusted.get(kid) if is_of_use else None


def had_expired(trusted: Mapping[str, SealKey], kid: str, at: datetime) -> bool:
    """Whether a key had been retired when it is said to have signed."""
    until = trusted.until.get(kid) if isinstance(trusted, TrustedKeys) else None
    return until is not None and at >= until


def trusted_keys(published: Mapping[str, Any]) -> TrustedKeys:
    """The keys of a published set, by the name their own bytes give them."""
    found = TrustedKeys()
    for key in published["keys"]:
        seal = SealKey.from_raw(decode_base64url(key["x"]))
        until = datetime.fromisoformat(key["until"]) if key.get("until") else None
        if until is not None and until.tzinfo is None:
            raise ValueError("a time without an offset")
        found.put(seal, use=key.get("use_here"), until=until)
    return found


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
