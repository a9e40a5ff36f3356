"""The last look at each line of the log (日志脱敏): what looks like a person's number or a secret is masked.

Nothing of the kind is meant to be logged. But the message of an error is written by libraries, and may quote what it
could not read; so every line is searched once it is finished, by the form of things and not by the names of fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

FORMS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 [masked]"),
    # Keys, tokens and sessions of the market; the prefix of a key is no secret, and finds the key again.
    (re.compile(r"\b(tmk_[a-z0-9]{12})_[A-Za-z0-9_-]{20,}"), r"\1_[masked]"),
    (re.compile(r"\b(tm[a-z])_[A-Za-z0-9_-]{20,}"), r"\1_[masked]"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), "[token]"),
    (re.compile(r"(://[^:/@\s\"']*):[^@/\s\"']+@"), r"\1:[masked]@"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL), "[key]"),
    # 居民身份证号; 银行账号 and other long numbers; 手机号, with the country's code or without. Not parts of ids.
    (re.compile(r"(?<![\w.-])[1-9]\d{16}[\dXx](?![\w.-])"), "[identity number]"),
    (re.compile(r"(?<![\w.-])\d{16,19}(?![\w-]|\.\d)"), "[account]"),
    (re.compile(r"(?<![\w.-])(?:\+?86[ -]?)?1[3-9]\d(?:\d{8}|[ -]\d{4}[ -]\d{4})(?![\w-]|\.\d)"), "[phone]"),
    (re.compile(r"\b[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+\b"), "[address]"),
)


def redacted(line: str) -> str:
    """The line without what is a person's or secret by its form."""
    for form, mask in FORMS:
        line = form.sub(mask, line)
    return line


def redacting(render: Callable[..., Any]) -> Callable[[Any, str, Mapping[str, Any]], str]:
    """A renderer whose lines are looked at before they leave."""

    def rendered(logger: Any, method: str, event: Mapping[str, Any]) -> str:
        return redacted(str(render(logger, method, event)))

    return rendered
