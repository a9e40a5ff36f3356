"""The rules of names and numbers of organisations, and of how long what proves a caller holds."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

INVITATION_OPEN_FOR = timedelta(days=7)
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


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """For how long a session holds: without being used, and in all."""

    idle_seconds: int = 1_800
    absolute_seconds: int = 43_200


PASSWORD_MIN, PASSWORD_MAX = 12, 128
WAIT_MAX_SECONDS = 900


def password_is_fit(password: str, name: str) -> bool:
    """Long enough, without the name, and more than a few signs repeated (NIST SP 800-63B: length, no composition)."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        return False
    return name.casefold() not in password.casefold() and len(set(password)) > 4


def login_name_of(text: str) -> str:
    """Names are compared without regard to case and to ways of writing the same sign."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def wait_after(failures: int, *, free: int) -> int:
    """How many seconds a further try waits: none for the first few, then twice as long each, a quarter hour at most.

    Never for ever: whoever fails on purpose in another's name must not be able to keep him out.
    """
    if failures < free:
        return 0
    return int(min(2 ** min(failures - free, 20), WAIT_MAX_SECONDS))


def rotated_until(expires_at: datetime | None, *, now: datetime, overlap: timedelta) -> datetime:
    """A rotated key works on for the overlap, and never longer than it would have."""
    ends = now + overlap
    return ends if expires_at is None else min(expires_at, ends)
