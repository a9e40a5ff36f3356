"""Codes that count once: by time (TOTP, RFC 6238: SHA-1, six digits, thirty seconds), and for the day it is lost.

Pure: the time is an argument, in seconds since 1970.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
RECOVERY_CODES = 10
_RECOVERY_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def code_of(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """The code of one step of time (RFC 4226 section 5.3)."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_of(secret: bytes, code: str, *, at: int, after: int) -> int | None:
    """The step a code belongs to: this one or a neighbour, and later than `after`, so that no code counts twice."""
    now = at // STEP_SECONDS
    found = None
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(code_of(secret, step), code) and step > after:
            found = step
    return found


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def spelled(secret: bytes) -> str:
    """A secret as people type it into their app."""
    return base64.b32encode(secret).decode()


def address_of(secret: bytes, *, market: str, name: str) -> str:
    """The `otpauth` address that apps read from a QR code."""
    label = quote(f"{market}:{name}", safe="")
    issuer = quote(market, safe="")
    return f"otpauth://totp/{label}?secret={spelled(secret)}&issuer={issuer}&digits={DIGITS}&period={STEP_SECONDS}"


def new_recovery_codes() -> tuple[str, ...]:
    """Codes for the day the app is lost: each counts once, and has about 59 bits."""
    return tuple(
        "-".join("".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(4)) for _ in range(3))
        for _ in range(RECOVERY_CODES)
    )


def plain(code: str) -> str:
    """A code as it is compared: without what people put between its signs."""
    return code.replace("-", "").replace(" ", "").upper()
