"""The rules of names and numbers of organisations, and of how long what proves a caller holds."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_FORM = re.compile(f"[{USCC_ALPHABET}]{{18}}")
USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))


def uscc_form_is_right(code: str) -> bool:
    """A 统一社会信用代码 has 18 characters of the standard's alphabet (GB 32100-2015; no I O S V Z)."""
    return USCC_FORM.fullmatch(code) is not None


def uscc_checksum_is_right(code: str) -> bool:
    """Its last character checks the other seventeen. Early real codes fail this, so it warns and never refuses."""
    total = sum(USCC_ALPHABET.index(char) * weight for char, weight in zip(code[:17], USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[(31 - total % 31) % 31] == code[17]


def rotated_until(expires_at: datetime | None, *, now: datetime, overlap: timedelta) -> datetime:
    """A rotated key works on for the overlap, and never longer than it would have."""
    ends = now + overlap
    return ends if expires_at is None else min(expires_at, ends)
